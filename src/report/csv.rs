//! The report as CSV: one row a task, its parameters and metrics as columns.
//!
//! Columns: `stage point case repeat verdict known`, one for each parameter, one `STAGE.METRIC` for each
//! metric, then `attempts wall_s cpu_s max_rss_bytes exit cause message`. A parameter with the name of
//! one of these columns is `param.NAME`. A task that reports cases (`rows`) is followed by one row for
//! each of them, with the case's name in `case`. A text that a spreadsheet could take for a formula gets
//! an apostrophe in front; numbers never do.

use super::Report;
use super::inert::line;
use crate::ledger::{Exit, Measured, MeasuredValue, Verdict};
use crate::record::CaseRecord;
use crate::value::{Repeat, Scalar};
use std::borrow::Cow;
use std::collections::{BTreeSet, HashMap};
use std::io::{self, Write};

/// Columns before the parameters.
const HEAD: [&str; 6] = ["stage", "point", "case", "repeat", "verdict", "known"];
/// Columns after the metrics.
const TAIL: [&str; 7] = ["attempts", "wall_s", "cpu_s", "max_rss_bytes", "exit", "cause", "message"];

/// Writes the report as CSV (RFC 4180 with plain line feeds).
pub fn csv(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    let table = Table::of(report);
    let mut writer = ::csv::WriterBuilder::new().from_writer(out);
    writer.write_record(table.header().iter().map(|name| safe(name).into_owned()))?;
    let cases: HashMap<&str, &CaseRecord> = report.cases.iter().map(|case| (case.name.as_str(), case)).collect();
    for task in &report.tasks {
        let repeat = match task.task.repeat {
            None => String::new(),
            Some(Repeat::Measured(round)) => round.to_string(),
            Some(Repeat::Warmup(round)) => format!("w{round}"),
        };
        let stage = task.task.stage.as_str();
        let point = task.task.point.as_str();
        let attempts = task.tries.len() + usize::from(task.started.is_some() && task.verdict != Verdict::Skipped);
        let exit = match task.exit {
            None => String::new(),
            Some(Exit::Code(code)) => code.to_string(),
            Some(Exit::Signal(signal)) => format!("signal {signal}"),
        };
        let known = task.known.as_deref().unwrap_or("");
        let head = [stage, point, "", &repeat, task.verdict.word(), known];
        let tail = [
            attempts.to_string(),
            task.usage.wall.to_string(),
            task.usage.cpu.to_string(),
            task.usage.max_rss.to_string(),
            exit,
            task.cause.as_ref().map(ToString::to_string).unwrap_or_default(),
            task.message.clone().unwrap_or_default(),
        ];
        writer.write_record(table.row(head, &task.params, stage, &task.metrics, tail))?;
        for row in &task.rows {
            let case = row.case.as_str();
            let params = cases.get(case).map_or(&[][..], |case| case.params.as_slice());
            let head = [stage, point, case, repeat.as_str(), row.verdict.word(), ""];
            let mut tail = TAIL.map(|_| String::new());
            tail[TAIL.len() - 1] = row.message.clone().unwrap_or_default();
            writer.write_record(table.row(head, params, stage, &row.metrics, tail))?;
        }
    }
    writer.flush()
}

/// The columns that vary from suite to suite.
struct Table<'a> {
    params: Vec<&'a str>,
    metrics: Vec<(&'a str, &'a str)>,
}

impl<'a> Table<'a> {
    fn of(report: &'a Report) -> Table<'a> {
        let mut params = BTreeSet::new();
        let mut metrics = Vec::new();
        let mut seen = BTreeSet::new();
        params.extend(report.cases.iter().flat_map(|case| &case.params).map(|(name, _)| name.as_str()));
        for task in &report.tasks {
            params.extend(task.params.iter().map(|(name, _)| name.as_str()));
            for metric in task.metrics.iter().chain(task.rows.iter().flat_map(|row| &row.metrics)) {
                let column = (task.task.stage.as_str(), metric.name.as_str());
                if seen.insert(column) {
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

    fn row(
        &self,
        head: [&str; HEAD.len()],
        params: &[(String, Scalar)],
        stage: &str,
        metrics: &[Measured],
        tail: [String; TAIL.len()],
    ) -> Vec<String> {
        let mut row = Vec::with_capacity(HEAD.len() + self.params.len() + self.metrics.len() + TAIL.len());
        row.extend(head.map(|text| safe(text).into_owned()));
        row.extend(self.params.iter().map(|name| match params.iter().find(|(param, _)| param == name) {
            None => String::new(),
            Some((_, Scalar::Text(text))) => safe(text).into_owned(),
            Some((_, value)) => value.to_string(),
        }));
        row.extend(self.metrics.iter().map(|(of, name)| {
            let own = metrics.iter().find(|metric| *of == stage && metric.name.as_str() == *name);
            match own.map(|metric| &metric.value) {
                None => String::new(),
                Some(MeasuredValue::Number(value)) => value.to_string(),
                Some(MeasuredValue::Text(text)) => safe(text).into_owned(),
            }
        }));
        row.extend(tail.map(|text| if text.parse::<f64>().is_ok() { text } else { safe(&text).into_owned() }));
        row
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
