//! The golden table: CSV `metric,point,value,unit`, one row for each metric at each point.
//!
//! Reading takes rows and columns in any order, a byte order mark and both kinds of line ends.
//! Writing sorts and quotes only what needs it, so that a change of one value is a change of one
//! line. `parse(write(table)) == table`.

use super::file::{Edits, Layout};
use crate::ledger::MeasuredValue;
use crate::record::MetricRow;
use crate::suite::Tolerance;
use crate::value::{Decimal, PointName, Problem, Problems, Sources, Span, did_you_mean};
use csv::{ByteRecord, ReaderBuilder, Terminator, WriterBuilder};
use std::collections::HashMap;

/// The columns, in the order of writing.
pub(super) const COLUMNS: [&str; 4] = ["metric", "point", "value", "unit"];

/// A golden table; no two rows have the same metric and point.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Table {
    rows: Vec<GoldenRow>,
    /// What is said of metrics at points that have no row, by `STAGE.METRIC` and point.
    gaps: HashMap<(String, PointName), String>,
}

/// A golden value.
#[derive(Debug, Clone, PartialEq)]
pub struct GoldenRow {
    /// `STAGE.METRIC`, or a short name that is unique in the suite.
    pub metric: String,
    /// The point.
    pub point: PointName,
    /// The value as it is written: what it is depends on what is measured.
    pub value: String,
    /// The unit, if one is given.
    pub unit: Option<String>,
    /// The line in the file; `None` if the row was not read from one.
    pub line: Option<usize>,
    /// The tolerance that stands beside it, which holds where the suite has no rule.
    pub tolerance: Option<Tolerance>,
}

/// A table cannot be made of what was measured.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TableError {
    /// A value that no golden can be.
    #[error("{metric} at `{point}` is not a finite number")]
    NotFinite {
        /// `STAGE.METRIC`.
        metric: String,
        /// The point.
        point: PointName,
    },
    /// A text that no cell shows.
    #[error("{metric} at `{point}` is an empty text")]
    Empty {
        /// `STAGE.METRIC`.
        metric: String,
        /// The point.
        point: PointName,
    },
    /// Two values for one place.
    #[error("{metric} at `{point}` is there twice")]
    Twice {
        /// `STAGE.METRIC`.
        metric: String,
        /// The point.
        point: PointName,
    },
}

impl Table {
    /// Reads a table; `name` is the file's, for people.
    ///
    /// # Errors
    /// All that is wrong, with lines and hints.
    pub fn parse(name: &str, text: &str) -> Result<Table, Problems> {
        Table::parse_with_layout(name, text).map(|(table, _)| table)
    }

    /// Reads a table, and where its rows stand.
    pub(super) fn parse_with_layout(name: &str, text: &str) -> Result<(Table, Layout), Problems> {
        let mut sources = Sources::default();
        let file = sources.add(name, text);
        let mut reading = Reading { file, text, problems: Vec::new(), layout: Layout::default() };
        let table = reading.table();
        let Reading { problems, layout, .. } = reading;
        if problems.is_empty() { Ok((table, layout)) } else { Err(Problems { list: problems, sources }) }
    }

    /// Makes a table of measured rows: each value becomes its own golden.
    ///
    /// # Errors
    /// When a value is not finite, or two rows have the same metric and point.
    pub fn from_rows<'a>(rows: impl IntoIterator<Item = &'a MetricRow>) -> Result<Table, TableError> {
        let mut table = Table::default();
        for row in rows {
            let (metric, point) = (row.reference(), row.point.clone());
            let value = match &row.value {
                MeasuredValue::Text(text) if text.trim().is_empty() => return Err(TableError::Empty { metric, point }),
                MeasuredValue::Text(text) => text.clone(),
                MeasuredValue::Number(number) => match Decimal::from_f64(*number) {
                    Some(exact) => exact.to_string(),
                    None => return Err(TableError::NotFinite { metric, point }),
                },
            };
            table.rows.push(GoldenRow { metric, point, value, unit: row.unit.clone(), line: None, tolerance: None });
        }
        table.sort();
        match table.rows.windows(2).find(|pair| pair[0].key() == pair[1].key()) {
            Some([row, _]) => Err(TableError::Twice { metric: row.metric.clone(), point: row.point.clone() }),
            _ => Ok(table),
        }
    }

    /// Returns the rows in the order of the file.
    pub fn rows(&self) -> &[GoldenRow] {
        &self.rows
    }

    /// Returns a table of rows of different metrics and points, and what is said of those without one.
    pub(super) fn of(rows: Vec<GoldenRow>, gaps: HashMap<(String, PointName), String>) -> Table {
        Table { rows, gaps }
    }

    /// Says that a metric at a point has no row.
    pub(super) fn gap(&self, metric: &str, point: &PointName) -> String {
        let told = self.gaps.get(&(metric.to_owned(), point.clone()));
        told.cloned().unwrap_or_else(|| "the golden table has no row for it".to_owned())
    }

    /// Returns the table with changes.
    pub(super) fn after(&self, edits: &Edits) -> Table {
        let mut rows: Vec<GoldenRow> = Vec::with_capacity(self.rows.len());
        for (index, row) in self.rows.iter().enumerate() {
            match edits.replaced.get(&index) {
                Some(new) => rows.push(new.clone()),
                None if edits.removed.contains(&index) => {}
                None => rows.push(row.clone()),
            }
        }
        rows.extend(edits.added.iter().cloned());
        Table { rows, gaps: self.gaps.clone() }
    }

    /// Puts rows in, each in the place of the one with its metric and point, if there is one.
    pub fn replace(&mut self, rows: impl IntoIterator<Item = GoldenRow>) {
        let place = |(index, row): (usize, &GoldenRow)| ((row.metric.clone(), row.point.clone()), index);
        let mut places: HashMap<(String, PointName), usize> = self.rows.iter().enumerate().map(place).collect();
        for row in rows {
            match places.get(&(row.metric.clone(), row.point.clone())) {
                Some(&index) => self.rows[index] = row,
                None => {
                    places.insert((row.metric.clone(), row.point.clone()), self.rows.len());
                    self.rows.push(row);
                }
            }
        }
    }

    /// Writes the table, sorted by metric and point.
    pub fn write(&self) -> String {
        let mut sorted = self.clone();
        sorted.sort();
        let mut writer = WriterBuilder::new().terminator(Terminator::Any(b'\n')).from_writer(Vec::new());
        let mut put = |cells: [&str; 4]| writer.write_record(cells).expect("memory takes every record of four cells");
        put(COLUMNS);
        for GoldenRow { metric, point, value, unit, line: _, tolerance: _ } in &sorted.rows {
            put([metric, point.as_str(), value, unit.as_deref().unwrap_or_default()]);
        }
        let bytes = writer.into_inner().expect("memory can be flushed");
        String::from_utf8(bytes).expect("texts and commas are UTF-8")
    }

    fn sort(&mut self) {
        self.rows.sort_by(|one, other| one.key().cmp(&other.key()));
    }
}

impl GoldenRow {
    pub(super) fn key(&self) -> (&str, &str) {
        (&self.metric, self.point.as_str())
    }
}

struct Reading<'a> {
    file: u32,
    text: &'a str,
    problems: Vec<Problem>,
    layout: Layout,
}

impl Reading<'_> {
    fn table(&mut self) -> Table {
        let mut table = Table::default();
        let bom = if self.text.starts_with('\u{feff}') { '\u{feff}'.len_utf8() } else { 0 };
        let bytes = &self.text.as_bytes()[bom..];
        let mut reader = ReaderBuilder::new().has_headers(false).flexible(true).from_reader(bytes);
        let mut record = ByteRecord::new();
        let mut columns: Option<[Option<usize>; 4]> = None;
        let mut seen: HashMap<(String, PointName), usize> = HashMap::new();
        loop {
            let (start, line) = (bom + reader.position().byte() as usize, reader.position().line() as usize);
            match reader.read_byte_record(&mut record) {
                Ok(true) => {}
                Ok(false) => break,
                Err(err) => {
                    self.problem(start, start, format!("cannot read the table: {err}"), None);
                    return table;
                }
            }
            let end = bom + reader.position().byte() as usize;
            let cells: Vec<&str> = record.iter().map(|cell| std::str::from_utf8(cell).unwrap_or_default()).collect();
            // Empty lines before the record belong to none.
            let skipped = self.text[start..end].find(|c| !matches!(c, '\r' | '\n')).unwrap_or(0);
            let line = line + self.text[start..start + skipped].matches('\n').count();
            let start = start + skipped;
            match columns {
                None => match self.header(&cells, start, end) {
                    Some(found) => {
                        columns = Some(found);
                        self.layout.columns = found;
                        self.layout.header = end;
                    }
                    None => return table,
                },
                Some(columns) => {
                    let Some(row) = self.row(&cells, columns, line, (start, end)) else { continue };
                    match seen.insert((row.metric.clone(), row.point.clone()), line) {
                        None => {
                            table.rows.push(row);
                            self.layout.rows.push((start, end));
                        }
                        Some(first) => {
                            let message = format!("{} at `{}` has a golden already", row.metric, row.point);
                            self.problem(start, end, message, Some(format!("delete this line or line {first}")));
                        }
                    }
                }
            }
        }
        if columns.is_none() {
            self.problem(
                bom,
                bom,
                "the table is empty".to_owned(),
                Some(format!("the first line is `{}`", COLUMNS.join(","))),
            );
        }
        table
    }

    fn header(&mut self, cells: &[&str], start: usize, end: usize) -> Option<[Option<usize>; 4]> {
        let before = self.problems.len();
        let first_line = format!("the first line is `{}`", COLUMNS.join(","));
        if !cells.iter().any(|cell| COLUMNS.contains(&cell.trim())) {
            self.problem(start, end, "this is not the header of a golden table".to_owned(), Some(first_line));
            return None;
        }
        let mut found = [None; 4];
        for (index, cell) in cells.iter().enumerate() {
            match COLUMNS.iter().position(|column| *column == cell.trim()) {
                Some(column) if found[column].is_none() => found[column] = Some(index),
                Some(column) => {
                    self.problem(start, end, format!("the column `{}` is there twice", COLUMNS[column]), None);
                }
                None => {
                    let hint = did_you_mean(cell.trim(), COLUMNS);
                    self.problem(start, end, format!("there is no column `{}`", cell.trim()), hint);
                }
            }
        }
        for (column, index) in COLUMNS.iter().zip(found).take(3) {
            if index.is_none() && self.problems.len() == before {
                self.problem(start, end, format!("the column `{column}` is missing"), Some(first_line.clone()));
            }
        }
        (self.problems.len() == before).then_some(found)
    }

    fn row(
        &mut self,
        cells: &[&str],
        columns: [Option<usize>; 4],
        line: usize,
        (start, end): (usize, usize),
    ) -> Option<GoldenRow> {
        let wanted = columns.iter().flatten().count();
        if cells.len() != wanted {
            let message = format!("this row has {} cells, the header has {wanted}", cells.len());
            self.problem(start, end, message, Some("a text with a comma stands in double quotes".to_owned()));
            return None;
        }
        let cell = |column: usize| columns[column].and_then(|index| cells.get(index)).copied().unwrap_or_default();
        let (metric, point, value, unit) = (cell(0).trim(), cell(1).trim(), cell(2), cell(3).trim());
        for (name, cell) in COLUMNS.iter().zip([metric, point, value.trim()]) {
            if cell.is_empty() {
                self.problem(start, end, format!("this row has no {name}"), None);
                return None;
            }
        }
        if value.trim().parse::<f64>().is_ok_and(|number| !number.is_finite()) {
            let hint = "delete the line: a metric without a golden is reported as such".to_owned();
            self.problem(start, end, format!("`{value}` is no golden value"), Some(hint));
            return None;
        }
        Some(GoldenRow {
            metric: metric.to_owned(),
            point: PointName::new(point),
            value: value.to_owned(),
            unit: (!unit.is_empty()).then(|| unit.to_owned()),
            line: Some(line),
            tolerance: None,
        })
    }

    fn problem(&mut self, start: usize, end: usize, message: String, hint: Option<String>) {
        let end = start + self.text[start..end].trim_end().len();
        let at = |offset: usize| u32::try_from(offset).unwrap_or(u32::MAX);
        let span = Span { file: self.file, start: at(start), end: at(end) };
        self.problems.push(Problem::at(span, message).maybe_hint(hint));
    }
}
