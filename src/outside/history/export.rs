//! Rows as CSV or as one JSON object a line.

use super::database::{Datum, Fields};
use super::{DatabaseError, HistoryError, blob};
use serde_json::{Map, Value};
use std::io::{self, Write};

/// What is exported.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ExportTable {
    /// One row for each run.
    Runs,
    /// One row for each task of each run.
    Tasks,
    /// One row for each metric at each (stage, point) of each run.
    Metrics,
    /// One row for each sample of each metric, warm-ups included.
    Samples,
    /// One row for each file that a run left elsewhere.
    Artifacts,
    /// One row for each case of each run.
    Cases,
    /// Whole records, as they were recorded: what an import takes.
    Records,
}

/// How it is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ExportFormat {
    /// A header, then a row a line; lists and maps are JSON text, nothing is an empty field.
    Csv,
    /// A JSON object a line.
    JsonLines,
}

/// How a column is written in JSON.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// As the database has it.
    Plain,
    /// 0 and 1 as `false` and `true`.
    Truth,
    /// JSON text, as what it stands for.
    Json,
}

/// A column: its name in the export, what is selected (`t` is the table, `r` the run), its kind.
type Column = (&'static str, &'static str, Kind);

impl ExportTable {
    /// Returns the name of the table, and what is selected of it.
    pub(super) fn source(self) -> (&'static str, Vec<&'static str>) {
        let (name, columns) = self.columns();
        let own = columns.iter().map(|(_, sql, _)| *sql).filter(|sql| !sql.is_empty());
        let unrolled: &[&str] = if self == ExportTable::Samples { &["t.warmups", "t.samples"] } else { &[] };
        (name, own.chain(unrolled.iter().copied()).collect())
    }

    /// Returns the name of the table and the columns of the export; those that select nothing are made.
    fn columns(self) -> (&'static str, &'static [Column]) {
        use Kind::{Json, Plain, Truth};
        match self {
            ExportTable::Runs => (
                "runs",
                &[
                    ("run", "t.run", Plain),
                    ("suite", "t.suite", Plain),
                    ("started", "t.started", Plain),
                    ("finished", "t.finished", Plain),
                    ("complete", "t.complete", Truth),
                    ("filter", "t.filter", Json),
                    ("profile", "t.profile", Plain),
                    ("commit", "t.revision", Plain),
                    ("branch", "t.branch", Plain),
                    ("dirty", "t.dirty", Truth),
                    ("merge_base", "t.merge_base", Plain),
                    ("base_branch", "t.base_branch", Plain),
                    ("pull_request", "t.pull_request", Plain),
                    ("attempt", "t.attempt", Plain),
                    ("fork", "t.fork", Truth),
                    ("stopped", "t.stopped", Json),
                    ("fingerprint", "t.fingerprint", Plain),
                    ("cpu", "t.cpu", Plain),
                    ("cores", "t.cores", Plain),
                    ("memory", "t.memory", Plain),
                    ("kernel", "t.kernel", Plain),
                    ("governor", "t.governor", Plain),
                    ("virtualisation", "t.virtualisation", Plain),
                    ("label", "t.label", Plain),
                    ("core_seconds", "t.core_seconds", Plain),
                    ("gibibyte_seconds", "t.gibibyte_seconds", Plain),
                    ("machine", "t.machine", Json),
                    ("tools", "t.tools", Json),
                    ("shmoo", "t.shmoo", Plain),
                    ("plan", "t.plan", Plain),
                    ("suite_digest", "t.suite_digest", Plain),
                    ("archive", "t.archive", Plain),
                    ("tasks", "t.task_counts", Json),
                    ("cases", "t.case_counts", Json),
                ],
            ),
            ExportTable::Tasks => (
                "tasks",
                &[
                    ("run", "t.run", Plain),
                    ("run_started", "r.started", Plain),
                    ("suite", "r.suite", Plain),
                    ("commit", "r.revision", Plain),
                    ("fingerprint", "r.fingerprint", Plain),
                    ("stage", "t.stage", Plain),
                    ("point", "t.point", Plain),
                    ("repeat", "t.round", Plain),
                    ("params", "t.params", Json),
                    ("verdict", "t.verdict", Plain),
                    ("known", "t.known", Plain),
                    ("message", "t.message", Plain),
                    ("cause", "t.cause", Plain),
                    ("started", "t.started", Plain),
                    ("wall", "t.wall", Plain),
                    ("cpu", "t.cpu", Plain),
                    ("max_rss", "t.max_rss", Plain),
                    ("attempts", "t.attempts", Plain),
                    ("elapsed", "t.elapsed", Plain),
                    ("origin", "t.origin", Plain),
                    ("cases", "t.cases", Plain),
                ],
            ),
            ExportTable::Metrics => (
                "metrics",
                &[
                    ("run", "t.run", Plain),
                    ("run_started", "r.started", Plain),
                    ("suite", "r.suite", Plain),
                    ("commit", "r.revision", Plain),
                    ("fingerprint", "r.fingerprint", Plain),
                    ("stage", "t.stage", Plain),
                    ("point", "t.point", Plain),
                    ("metric", "t.metric", Plain),
                    ("value", "t.value", Plain),
                    ("text", "t.text", Plain),
                    ("unit", "t.unit", Plain),
                    ("samples", "t.samples", Json),
                    ("warmups", "t.warmups", Json),
                    ("params", "t.params", Json),
                    ("origin", "t.origin", Plain),
                ],
            ),
            ExportTable::Samples => (
                "metrics",
                &[
                    ("run", "t.run", Plain),
                    ("run_started", "r.started", Plain),
                    ("suite", "r.suite", Plain),
                    ("commit", "r.revision", Plain),
                    ("fingerprint", "r.fingerprint", Plain),
                    ("stage", "t.stage", Plain),
                    ("point", "t.point", Plain),
                    ("metric", "t.metric", Plain),
                    ("unit", "t.unit", Plain),
                    ("params", "t.params", Json),
                    ("origin", "t.origin", Plain),
                    ("warmup", "", Truth),
                    ("number", "", Plain),
                    ("value", "", Plain),
                ],
            ),
            ExportTable::Artifacts => (
                "artifacts",
                &[
                    ("run", "t.run", Plain),
                    ("run_started", "r.started", Plain),
                    ("suite", "r.suite", Plain),
                    ("kind", "t.kind", Plain),
                    ("place", "t.place", Plain),
                    ("bytes", "t.bytes", Plain),
                    ("sha256", "t.sha256", Plain),
                ],
            ),
            ExportTable::Records => ("runs", &[("record", "t.record", Plain)]),
            ExportTable::Cases => (
                "cases",
                &[
                    ("run", "t.run", Plain),
                    ("run_started", "r.started", Plain),
                    ("suite", "r.suite", Plain),
                    ("commit", "r.revision", Plain),
                    ("fingerprint", "r.fingerprint", Plain),
                    ("name", "t.name", Plain),
                    ("params", "t.params", Json),
                    ("verdict", "t.verdict", Plain),
                    ("known", "t.known", Truth),
                    ("worst", "t.worst", Plain),
                ],
            ),
        }
    }

    /// Returns the columns that order the rows of a run.
    pub(super) fn order(self) -> &'static str {
        match self {
            ExportTable::Runs | ExportTable::Records => "t.run DESC",
            ExportTable::Tasks => "t.run DESC, t.stage, t.point, t.round",
            ExportTable::Metrics | ExportTable::Samples => "t.run DESC, t.stage, t.point, t.metric",
            ExportTable::Artifacts => "t.run DESC, t.kind, t.place",
            ExportTable::Cases => "t.run DESC, t.name",
        }
    }
}

/// Writes rows one by one.
pub(super) struct Sink<'a> {
    table: ExportTable,
    columns: &'static [Column],
    format: SinkFormat<'a>,
    rows: u64,
}

enum SinkFormat<'a> {
    Csv(Box<csv::Writer<&'a mut dyn Write>>),
    JsonLines(&'a mut dyn Write),
}

impl<'a> Sink<'a> {
    pub(super) fn start(
        table: ExportTable,
        format: ExportFormat,
        out: &'a mut dyn Write,
    ) -> Result<Sink<'a>, HistoryError> {
        let (_, columns) = table.columns();
        let format = match format {
            ExportFormat::JsonLines => SinkFormat::JsonLines(out),
            ExportFormat::Csv if table == ExportTable::Records => return Err(HistoryError::RecordsAreJson),
            ExportFormat::Csv => {
                let mut writer = csv::Writer::from_writer(out);
                writer.write_record(columns.iter().map(|(name, ..)| name)).map_err(output)?;
                SinkFormat::Csv(Box::new(writer))
            }
        };
        Ok(Sink { table, columns, format, rows: 0 })
    }

    /// Takes a row of what [`ExportTable::source`] selects.
    pub(super) fn row(&mut self, values: &[Datum]) -> Result<(), DatabaseError> {
        match (self.table, &mut self.format) {
            (ExportTable::Records, SinkFormat::JsonLines(out)) => {
                self.rows += 1;
                let text = blob::unpack(Fields::of(values).blob()?)?;
                out.write_all(&text).and_then(|()| out.write_all(b"\n")).map_err(HistoryError::Output)?;
            }
            (ExportTable::Samples, _) => {
                let [own @ .., Datum::Text(warmups), Datum::Text(samples)] = values else {
                    return Err("the samples of a metric are no text".into());
                };
                for (warmup, text) in [(true, warmups), (false, samples)] {
                    let list: Vec<f64> = serde_json::from_str(text)?;
                    for (number, value) in (1..).zip(list) {
                        let made = [Datum::truth(warmup), Datum::Integer(number), Datum::Real(value)];
                        self.write(&[own, &made].concat())?;
                    }
                }
            }
            _ => self.write(values)?,
        }
        Ok(())
    }

    fn write(&mut self, values: &[Datum]) -> Result<(), HistoryError> {
        self.rows += 1;
        match &mut self.format {
            SinkFormat::Csv(writer) => {
                for ((_, _, kind), value) in self.columns.iter().zip(values) {
                    writer.write_field(csv_text(*kind, value)).map_err(output)?;
                }
                writer.write_record(None::<&[u8]>).map_err(output)
            }
            SinkFormat::JsonLines(out) => {
                let object: Map<String, Value> = self
                    .columns
                    .iter()
                    .zip(values)
                    .map(|((name, _, kind), value)| ((*name).to_owned(), json_value(*kind, value)))
                    .collect();
                writeln!(out, "{}", Value::Object(object)).map_err(HistoryError::Output)
            }
        }
    }

    /// Returns how many rows there were.
    pub(super) fn finish(self) -> Result<u64, HistoryError> {
        match self.format {
            SinkFormat::Csv(mut writer) => writer.flush(),
            SinkFormat::JsonLines(out) => out.flush(),
        }
        .map_err(HistoryError::Output)?;
        Ok(self.rows)
    }
}

fn output(error: csv::Error) -> HistoryError {
    HistoryError::Output(match error.into_kind() {
        csv::ErrorKind::Io(error) => error,
        other => io::Error::other(format!("{other:?}")),
    })
}

fn csv_text(kind: Kind, value: &Datum) -> String {
    match (kind, value) {
        (_, Datum::Null) => String::new(),
        (Kind::Truth, Datum::Integer(number)) => (*number != 0).to_string(),
        (_, Datum::Integer(number)) => number.to_string(),
        // The shortest text that reads back as the same number, as in JSON.
        (_, Datum::Real(number)) => Value::from(*number).to_string(),
        (_, Datum::Text(text)) => text.clone(),
        (_, Datum::Blob(bytes)) => String::from_utf8_lossy(bytes).into_owned(),
    }
}

fn json_value(kind: Kind, value: &Datum) -> Value {
    match (kind, value) {
        (_, Datum::Null) => Value::Null,
        (Kind::Truth, Datum::Integer(number)) => (*number != 0).into(),
        (_, Datum::Integer(number)) => (*number).into(),
        (_, Datum::Real(number)) => (*number).into(),
        (Kind::Json, Datum::Text(text)) => serde_json::from_str(text).unwrap_or_else(|_| text.as_str().into()),
        (_, Datum::Text(text)) => text.as_str().into(),
        (_, Datum::Blob(bytes)) => String::from_utf8_lossy(bytes).into(),
    }
}
