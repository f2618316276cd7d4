//! The report as CSV: one row a task, its parameters and metrics as columns.
//!
//! Columns: `stage point case repeat verdict known`, one for each parameter, one `STAGE.METRIC` for each
//! metric, then `attempts wall_s cpu_s max_rss_bytes exit cause message`. A parameter with the name of
//! one of these columns is `param.NAME`. A task that reports cases (`rows`) is followed by one row for
//! each of them, with the case's name in `case`. A text that a spreadsheet could take for a formula gets
//! an apostrophe in front; numbers never do.

use super::Report;
use super::inert::line;
use super::join::names;
use crate::ledger::{Exit, Measured, MeasuredValue, Usage, Verdict};
use crate::record::CaseRecord;
use crate::value::{QuickMap, Repeat, Scalar};
use ::csv::Writer;
use std::borrow::Cow;
use std::collections::HashMap;
use std::fmt::{self, Display};
use std::io::{self, Write};

/// Columns before the parameters.
const HEAD: [&str; 6] = ["stage", "point", "case", "repeat", "verdict", "known"];
/// Columns after the metrics.
const TAIL: [&str; 7] = ["attempts", "wall_s", "cpu_s", "max_rss_bytes", "exit", "cause", "message"];

/// Writes the report as CSV (RFC 4180 with plain line feeds).
pub fn csv(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    let table = Table::of(report);
    let mut writer = ::csv::WriterBuilder::new().buffer_capacity(1 << 16).from_writer(out);
    writer.write_record(table.header().iter().map(|name| safe(name).into_owned()))?;
    let with_rows = report.tasks.iter().any(|task| !task.rows.is_empty());
    let cases: HashMap<&str, &CaseRecord> = match with_rows {
        true => report.cases.iter().map(|case| (case.name.as_str(), case)).collect(),
        false => HashMap::new(),
    };
    let mut cell = String::new();
    for task in &report.tasks {
        let repeat = match task.task.repeat {
            None => String::new(),
            Some(Repeat::Measured(round)) => round.to_string(),
            Some(Repeat::Warmup(round)) => format!("w{round}"),
        };
        let stage = task.task.stage.as_str();
        let point = task.task.point.as_str();
        let attempts = task.tries.len() + usize::from(task.started.is_some() && task.verdict != Verdict::Skipped);
        let known = task.known.as_deref().unwrap_or("");
        let head = [stage, point, "", &repeat, task.verdict.word(), known];
        table.start(&mut writer, &mut cell, head, &task.params, stage, &task.metrics)?;
        let Usage { wall, cpu, max_rss } = task.usage;
        for number in [&attempts as &dyn Display, &wall, &cpu, &max_rss] {
            write_shown(&mut writer, &mut cell, number)?;
        }
        match task.exit {
            None => writer.write_field("")?,
            Some(Exit::Code(code)) => write_shown(&mut writer, &mut cell, &code)?,
            Some(Exit::Signal(signal)) => write_shown(&mut writer, &mut cell, &format_args!("signal {signal}"))?,
        }
        writer.write_field(task.cause.as_ref().map_or_else(String::new, |cause| number_or_safe(&cause.to_string())))?;
        writer.write_field(task.message.as_deref().map_or_else(String::new, number_or_safe))?;
        writer.write_record(None::<&[u8]>)?;
        for row in &task.rows {
            let case = row.case.as_str();
            let params = cases.get(case).map_or(&[][..], |case| case.params.as_slice());
            let head = [stage, point, case, repeat.as_str(), row.verdict.word(), ""];
            table.start(&mut writer, &mut cell, head, params, stage, &row.metrics)?;
            for _ in 1..TAIL.len() {
                writer.write_field("")?;
            }
            writer.write_field(row.message.as_deref().map_or_else(String::new, number_or_safe))?;
            writer.write_record(None::<&[u8]>)?;
        }
    }
    writer.flush()
}

/// Writes a field that shows something which no spreadsheet takes for a formula.
fn write_shown<W: Write>(writer: &mut Writer<W>, cell: &mut String, shown: &dyn Display) -> io::Result<()> {
    cell.clear();
    // To write into a text does not fail.
    let _ = fmt::Write::write_fmt(cell, format_args!("{shown}"));
    Ok(writer.write_field(&*cell)?)
}

/// Returns a number as it is, and another text so that no spreadsheet takes it for a formula.
fn number_or_safe(text: &str) -> String {
    if text.parse::<f64>().is_ok() { text.to_owned() } else { safe(text).into_owned() }
}

/// The columns that vary from suite to suite.
struct Table<'a> {
    params: Vec<&'a str>,
    metrics: Vec<(&'a str, &'a str)>,
}

impl<'a> Table<'a> {
    fn of(report: &'a Report) -> Table<'a> {
        let of_cases = report.cases.iter().map(|case| case.params.as_slice());
        let params = names(of_cases.chain(report.tasks.iter().map(|task| task.params.as_slice())));
        let mut metrics = Vec::new();
        let mut seen = QuickMap::default();
        for task in &report.tasks {
            for metric in task.metrics.iter().chain(task.rows.iter().flat_map(|row| &row.metrics)) {
                let column = (task.task.stage.as_str(), metric.name.as_str());
                if seen.insert(column, ()).is_none() {
                    metrics.push(column);
                }
            }
        }
        Table { params: params.into_iter().collect(), metrics }
    }

    fn header(&self) -> Vec<String> {
        let taken = |name: &str| HEAD.contains(&name) || TAIL.contains(&name);
        let param = |name: &&str| if taken(name) { format!("param.{name}") } else { (*name).to_owned() };
        let head = HEAD.into_iter().map(str::to_owned);
        let metrics = self.metrics.iter().map(|(stage, metric)| format!("{stage}.{metric}"));
        head.chain(self.params.iter().map(param)).chain(metrics).chain(TAIL.map(str::to_owned)).collect()
    }

    /// Writes the fields of a row up to its metrics.
    fn start<W: Write>(
        &self,
        writer: &mut Writer<W>,
        cell: &mut String,
        head: [&str; HEAD.len()],
        params: &[(String, Scalar)],
        stage: &str,
        metrics: &[Measured],
    ) -> io::Result<()> {
        for text in head {
            writer.write_field(&*safe(text))?;
        }
        for name in &self.params {
            match params.iter().find(|(param, _)| param == name) {
                None => writer.write_field("")?,
                Some((_, Scalar::Text(text))) => writer.write_field(&*safe(text))?,
                Some((_, value)) => write_shown(writer, cell, value)?,
            }
        }
        for (of, name) in &self.metrics {
            let own = metrics.iter().find(|metric| *of == stage && metric.name.as_str() == *name);
            match own.map(|metric| &metric.value) {
                None => writer.write_field("")?,
                Some(MeasuredValue::Number(value)) => write_shown(writer, cell, value)?,
                Some(MeasuredValue::Text(text)) => writer.write_field(&*safe(text))?,
            }
        }
        Ok(())
    }
}

/// Returns a text as one line that no spreadsheet takes for a formula.
fn safe(text: &str) -> Cow<'_, str> {
    let text = line(text);
    // Spreadsheets skip blanks before they look for a formula.
    if text.trim_start().starts_with(['=', '+', '-', '@', '|', '%']) {
        return Cow::Owned(format!("'{text}"));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::sample;

    fn written(report: &Report) -> String {
        let mut out = Vec::new();
        csv(report, &mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn a_report() {
        insta::assert_snapshot!("report.csv", written(&sample::red()));
    }

    #[test]
    fn formulas() {
        let check = |text: &str, expected: &str| assert_eq!(safe(text), expected, "{text:?}");
        check("=1+1", "'=1+1");
        check("@x", "'@x");
        check("-40", "'-40");
        check("\t=1", "' =1");
        check("a=1", "a=1");
        check("a\nb", "a b");
        check("", "");
    }

    #[test]
    fn a_parameter_may_have_a_columns_name() {
        let mut report = sample::green();
        for case in &mut report.cases {
            case.params[0].0 = "verdict".into();
        }
        let text = written(&report);
        assert!(text.starts_with("stage,point,case,repeat,verdict,known,inverters,vdd,param.verdict,"), "{text}");
    }

    #[test]
    fn every_row_has_every_column() {
        for text in sample::HOSTILE {
            let written = written(&sample::hostile(text));
            let mut reader = ::csv::Reader::from_reader(written.as_bytes());
            let rows: Vec<_> = reader.records().map(Result::unwrap).collect();
            assert_eq!(rows.len(), 21, "{written}");
            for cell in rows.iter().flatten() {
                assert!(
                    !cell.starts_with(['=', '@']) && !cell.contains(['\0', '\u{1b}', '\u{202e}', '\n']),
                    "{cell:?}"
                );
            }
        }
    }
}
