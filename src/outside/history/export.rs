//! Rows as CSV or as one JSON object a line.

use super::HistoryError;
use rusqlite::types::ValueRef;
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
    /// One row for each case of each run.
    Cases,
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
pub(super) enum Kind {
    /// As the database has it.
    Plain,
    /// 0 and 1 as `false` and `true`.
    Truth,
    /// JSON text, as what it stands for.
    Json,
}

/// A column: its name in the export, what is selected (`t` is the table, `r` the run), its kind.
pub(super) type Column = (&'static str, &'static str, Kind);

impl ExportTable {
    /// Returns the name of the table and the columns of the export.
    pub(super) fn columns(self) -> (&'static str, &'static [Column]) {
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
                    ("fingerprint", "t.fingerprint", Plain),
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
                    ("params", "t.params", Json),
                    ("origin", "t.origin", Plain),
                ],
            ),
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
            ExportTable::Runs => "t.run DESC",
            ExportTable::Tasks => "t.run DESC, t.stage, t.point, t.round",
            ExportTable::Metrics => "t.run DESC, t.stage, t.point, t.metric",
            ExportTable::Cases => "t.run DESC, t.name",
        }
    }
}

/// Writes rows one by one.
pub(super) enum Sink<'a> {
    Csv(Box<csv::Writer<&'a mut dyn Write>>),
    JsonLines(&'a mut dyn Write),
}

impl<'a> Sink<'a> {
    pub(super) fn start(
        format: ExportFormat,
        columns: &[Column],
        out: &'a mut dyn Write,
    ) -> Result<Sink<'a>, HistoryError> {
        Ok(match format {
            ExportFormat::JsonLines => Sink::JsonLines(out),
            ExportFormat::Csv => {
                let mut writer = csv::Writer::from_writer(out);
                writer.write_record(columns.iter().map(|(name, ..)| name)).map_err(output)?;
                Sink::Csv(Box::new(writer))
            }
        })
    }

    pub(super) fn row(&mut self, columns: &[Column], values: &[ValueRef<'_>]) -> Result<(), HistoryError> {
        match self {
            Sink::Csv(writer) => {
                for ((_, _, kind), value) in columns.iter().zip(values) {
                    writer.write_field(csv_text(*kind, *value)).map_err(output)?;
                }
                writer.write_record(None::<&[u8]>).map_err(output)
            }
            Sink::JsonLines(out) => {
                let object: Map<String, Value> = columns
                    .iter()
                    .zip(values)
                    .map(|((name, _, kind), value)| ((*name).to_owned(), json_value(*kind, *value)))
                    .collect();
                writeln!(out, "{}", Value::Object(object)).map_err(HistoryError::Output)
            }
        }
    }

    pub(super) fn finish(self) -> Result<(), HistoryError> {
        match self {
            Sink::Csv(mut writer) => writer.flush(),
            Sink::JsonLines(out) => out.flush(),
        }
        .map_err(HistoryError::Output)
    }
}

fn output(error: csv::Error) -> HistoryError {
    HistoryError::Output(match error.into_kind() {
        csv::ErrorKind::Io(error) => error,
        other => io::Error::other(format!("{other:?}")),
    })
}

fn csv_text(kind: Kind, value: ValueRef<'_>) -> String {
    match (kind, value) {
        (_, ValueRef::Null) => String::new(),
        (Kind::Truth, ValueRef::Integer(number)) => (number != 0).to_string(),
        (_, ValueRef::Integer(number)) => number.to_string(),
        // The shortest text that reads back as the same number, as in JSON.
        (_, ValueRef::Real(number)) => Value::from(number).to_string(),
        (_, ValueRef::Text(text) | ValueRef::Blob(text)) => String::from_utf8_lossy(text).into_owned(),
    }
}

fn json_value(kind: Kind, value: ValueRef<'_>) -> Value {
    match (kind, value) {
        (_, ValueRef::Null) => Value::Null,
        (Kind::Truth, ValueRef::Integer(number)) => (number != 0).into(),
        (_, ValueRef::Integer(number)) => number.into(),
        (_, ValueRef::Real(number)) => number.into(),
        (kind, ValueRef::Text(text) | ValueRef::Blob(text)) => {
            let parsed = (kind == Kind::Json).then(|| serde_json::from_slice(text).ok()).flatten();
            parsed.unwrap_or_else(|| String::from_utf8_lossy(text).into())
        }
    }
}
