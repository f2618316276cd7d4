//! The rows that `estimate` reads: the header of a CSV file and the cells of its records.

use super::StepError;
use crate::report::count;
use crate::value::did_you_mean;
use csv::{ByteRecord, Reader, ReaderBuilder};
use std::fs::File;
use std::io::{BufReader, Read};
use std::path::Path;

/// Starts to read rows.
pub(super) fn reader<R: Read>(stream: R) -> Reader<R> {
    ReaderBuilder::new()
        // With `\r\n` as an end, lines would be counted one too low; the `\r` goes when cells are trimmed.
        .terminator(csv::Terminator::Any(b'\n'))
        // A row of another length is an error of that row.
        .flexible(true)
        .from_reader(stream)
}

/// A CSV file of rows to estimate.
pub(super) struct Input {
    pub(super) reader: Reader<BufReader<File>>,
    pub(super) header: Header,
}

impl Input {
    pub(super) fn open(path: &Path) -> Result<Input, StepError> {
        let file = File::open(path).map_err(|source| StepError::Read { path: path.to_owned(), source })?;
        let mut reader = reader(BufReader::with_capacity(1 << 18, file));
        let header = Header::read(&mut reader, path)?;
        Ok(Input { reader, header })
    }
}

/// The names of the columns.
pub(super) struct Header {
    pub(super) names: Vec<String>,
}

impl Header {
    /// Takes the first record.
    pub(super) fn read(reader: &mut Reader<impl Read>, path: &Path) -> Result<Header, StepError> {
        let header = reader.headers().map_err(|error| broken(path, &error))?;
        let name = |name: &str| name.trim_start_matches('\u{feff}').trim().to_owned();
        Ok(Header { names: header.iter().map(name).collect() })
    }

    /// Returns the place of the first of some columns that is there.
    pub(super) fn column(&self, names: &[&str]) -> Option<usize> {
        names.iter().find_map(|name| self.names.iter().position(|known| known == name))
    }

    /// Returns the place of the first of some columns; one must be there.
    pub(super) fn needed(&self, names: &[&str], path: &Path) -> Result<usize, StepError> {
        self.column(names).ok_or_else(|| {
            let hint = did_you_mean(names[0], self.names.iter().map(String::as_str));
            StepError::usage(format!("{}: there is no column `{}`", path.display(), names.join("` or `")), hint)
        })
    }
}

pub(super) fn broken(path: &Path, error: &csv::Error) -> StepError {
    StepError::usage(format!("{}: {error}", path.display()), None)
}

/// Takes spaces off the ends of cells; what has none stays where it is.
pub(super) fn trim(record: &mut ByteRecord) {
    if record.iter().any(|cell| cell.trim_ascii().len() < cell.len()) {
        record.trim();
    }
}

/// Returns the text of a cell; empty where there is none.
pub(super) fn cell(record: &ByteRecord, column: Option<usize>) -> Result<&str, String> {
    let bytes = column.and_then(|column| record.get(column)).unwrap_or_default();
    std::str::from_utf8(bytes).map(str::trim).map_err(|_| "a cell is not in UTF-8".to_owned())
}

/// Gives a row as many cells as the header has, so that what is written behind them stands in its columns; says so if
/// it had others.
pub(super) fn level(record: &mut ByteRecord, width: usize) -> Result<(), String> {
    let found = record.len();
    if found == width {
        return Ok(());
    }
    record.truncate(width);
    (found..width).for_each(|_| record.push_field(b""));
    Err(format!("the row has {}, the header {width}", count(found as u64, "cell")))
}
