//! The rows of a chunk -> what is written, and what is said of them.

use super::columns::{Cells, Columns};
use super::{Estimated, disk};
use crate::fit::estimate::{Batch, Descriptor, Estimator, Formula, Predicted};
use crate::fit::{Chunk, Marks, PlainRecord, Quoted, Record, Split};
use crate::steps::StepError;
use crate::steps::estimating_input::{fill, trim};
use csv::{ByteRecord, WriterBuilder};
use std::io;

/// What came of some rows.
#[derive(Default)]
pub(super) struct Part {
    pub(super) estimated: Estimated,
    pub(super) written: Vec<u8>,
}

/// Estimates rows, chunk by chunk.
pub(super) struct Rows<'e> {
    marks: Marks,
    row: Row<'e>,
}

/// What is needed for one row after the other.
struct Row<'e> {
    columns: &'e Columns,
    estimator: &'e Estimator,
    batch: Batch<'e>,
    intervals: bool,
    record: ByteRecord,
    /// The features that leave their ranges.
    outside: String,
}

impl<'e> Rows<'e> {
    pub(super) fn new(columns: &'e Columns, estimator: &'e Estimator, formula: Formula, intervals: bool) -> Rows<'e> {
        let batch = Batch::new(estimator, formula);
        let (record, outside) = (ByteRecord::new(), String::new());
        Rows { marks: Marks::default(), row: Row { columns, estimator, batch, intervals, record, outside } }
    }

    /// Estimates the rows of a chunk.
    pub(super) fn estimate(&mut self, chunk: &Chunk) -> Result<Part, StepError> {
        let Rows { marks, row } = self;
        let mut part = Part::default();
        part.written.reserve(chunk.bytes().len() * 5 / 4);
        let mut split = Split::new(chunk, marks);
        while let Some((line, record)) = split.next() {
            part.estimated.rows += 1;
            match record {
                Record::Plain(record) => match Tight::of(record, row.columns.width) {
                    Some(tight) => row.copy(line, &tight, &mut part)?,
                    None => row.write(line, record.cells(), false, &mut part)?,
                },
                Record::Quoted(mut quoted) => match Tight::of_quoted(&quoted, row.columns) {
                    Some(tight) => row.copy(line, &tight, &mut part)?,
                    None => {
                        let open = quoted.open;
                        row.write(line, quoted.cells(), open, &mut part)?;
                    }
                },
            }
        }
        part.estimated.stand_ins = row.batch.take_stand_ins();
        Ok(part)
    }
}

impl Row<'_> {
    /// Estimates a row that is written as it stands.
    fn copy(&mut self, line: u64, row: &Tight<'_>, part: &mut Part) -> Result<(), StepError> {
        let predicted = predict(row, self.columns, self.estimator, &mut self.batch, &mut part.estimated);
        part.written.extend_from_slice(row.text.as_bytes());
        match predicted {
            Ok(predicted) => put_estimate(line, &predicted, self.intervals, &mut self.outside, part),
            Err(why) => put_refusal(line, why, self.intervals, part)?,
        }
        Ok(())
    }

    /// Estimates a row that may be written otherwise than it stands; the last cell of an open one never ends.
    fn write<'c>(
        &mut self,
        line: u64,
        cells: impl Iterator<Item = &'c [u8]>,
        open: bool,
        part: &mut Part,
    ) -> Result<(), StepError> {
        let record = &mut self.record;
        let predicted = fill(record, cells, self.columns.width, open)
            .and_then(|()| predict(record, self.columns, self.estimator, &mut self.batch, &mut part.estimated));
        trim(record);
        write_record(record, &mut part.written)?;
        part.written.pop();
        match predicted {
            Ok(predicted) => put_estimate(line, &predicted, self.intervals, &mut self.outside, part),
            Err(why) => put_refusal(line, why, self.intervals, part)?,
        }
        Ok(())
    }
}

/// Returns the estimate of a row, or why it has none.
fn predict<'b>(
    row: &impl Cells,
    columns: &Columns,
    estimator: &Estimator,
    batch: &'b mut Batch<'_>,
    estimated: &mut Estimated,
) -> Result<Predicted<'b>, String> {
    let descriptor = row.usual(columns).map_or_else(|| columns.descriptor(row), Ok)?;
    if columns.lacks_version(row) {
        estimated.note_unversioned(estimator, descriptor.architecture);
    }
    batch.predict(&descriptor).map_err(|error| columns.explain(row, &error))
}

/// Puts an estimate behind the cells of its row, and notes what there is to say of it.
fn put_estimate(line: u64, predicted: &Predicted<'_>, intervals: bool, outside: &mut String, part: &mut Part) {
    let Part { estimated, written } = part;
    estimated.note_trust(line, predicted, outside);
    estimated.note_size(predicted.cycles);
    written.push(b',');
    written.extend_from_slice(itoa::Buffer::new().format(predicted.cycles).as_bytes());
    written.push(b',');
    if intervals {
        let ends = predicted.interval().map(|(low, high)| [low.floor(), high.ceil()]);
        for side in 0..2 {
            written.push(b',');
            ends.iter().for_each(|ends| put_whole(ends[side], written));
        }
        written.push(b',');
        // Names of parameters need no quotes.
        written.extend_from_slice(outside.as_bytes());
    }
    written.push(b'\n');
}

/// Puts behind the cells of a row why it has no estimate, and notes it.
fn put_refusal(line: u64, why: String, intervals: bool, part: &mut Part) -> Result<(), StepError> {
    let more: &[&str] = if intervals { &["", "", ""] } else { &[] };
    part.written.push(b',');
    let cells = ["", &why].into_iter().chain(more.iter().copied());
    write_record(&cells.collect(), &mut part.written)?;
    part.estimated.refuse(line, why);
    Ok(())
}

/// Doubles from here on need not be whole numbers that are told from their neighbours.
const EXACT: f64 = (1u64 << 53) as f64;

/// Appends a whole number as doubles are shown.
fn put_whole(value: f64, written: &mut Vec<u8>) {
    if value.is_sign_positive() && value < EXACT {
        written.extend_from_slice(itoa::Buffer::new().format(value as u64).as_bytes());
    } else {
        written.extend_from_slice(value.to_string().as_bytes());
    }
}

/// Bytes that most records have, at most.
const BUFFER: usize = 256;

/// Appends a record as `csv` writes it.
pub(super) fn write_record(record: &ByteRecord, written: &mut Vec<u8>) -> Result<(), StepError> {
    // The writer's own buffer is filled with zeros for each record.
    let mut writer = WriterBuilder::new().buffer_capacity(BUFFER).from_writer(written);
    let result = writer.write_byte_record(record).and_then(|()| writer.flush().map_err(csv::Error::from));
    result.map_err(|error| {
        disk(match error.into_kind() {
            csv::ErrorKind::Io(source) => source,
            other => io::Error::other(format!("{other:?}")),
        })
    })
}

/// A row that is written as it stands: no cell has spaces at its ends, only what needs quotes has some, and all is text.
struct Tight<'r> {
    text: &'r str,
    cells: PlainRecord<'r>,
}

impl<'r> Tight<'r> {
    /// Looks whether a record is such a row; a `\r` at the end of its line is left away.
    #[inline]
    fn of(record: PlainRecord<'r>, width: usize) -> Option<Tight<'r>> {
        let record = record.without_return();
        let low = record.bytes().iter().fold(false, |low, byte| low | is_low(*byte));
        if record.count() != width || (low && !is_tight(&record)) {
            return None;
        }
        Some(Tight { text: std::str::from_utf8(record.bytes()).ok()?, cells: record })
    }

    /// Looks whether a record is such a row without the quotes that it does not need; what has some still is not read.
    fn of_quoted(quoted: &Quoted<'r, '_>, columns: &Columns) -> Option<Tight<'r>> {
        let record = quoted.bare.filter(|_| !quoted.kept.iter().any(|column| columns.reads(*column)))?;
        Tight::of(record, columns.width)
    }
}

/// Tells whether a byte may be a space or the end of a line.
fn is_low(byte: u8) -> bool {
    byte <= b' '
}

/// Tells whether what is low stands within cells, and ends no line.
fn is_tight(record: &PlainRecord<'_>) -> bool {
    let mut ends = record.cells().flat_map(|cell| cell.first().into_iter().chain(cell.last()));
    !record.bytes().contains(&b'\r') && !ends.any(|byte| is_low(*byte))
}

impl Cells for Tight<'_> {
    #[inline]
    fn usual(&self, columns: &Columns) -> Option<Descriptor<'_>> {
        if self.text.is_ascii() { columns.usual(&self.cells, self.text) } else { None }
    }

    #[inline]
    fn bytes(&self, column: usize) -> &[u8] {
        &self.cells.bytes()[self.cells.place(column)]
    }

    #[inline]
    fn text(&self, column: usize) -> Result<&str, String> {
        let cell = self.text.get(self.cells.place(column)).unwrap_or_default();
        // Only what is no ASCII may be a space still.
        let wide = [cell.as_bytes().first(), cell.as_bytes().last()].iter().flatten().any(|byte| !byte.is_ascii());
        Ok(if wide { cell.trim() } else { cell })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fit::{Breaks, CHUNK, Chunks};

    #[test]
    fn rows_that_are_written_as_they_stand() {
        let check = |line: &[u8], expected: Option<&str>| {
            let (mut chunk, mut marks) = (Chunk::default(), Marks::default());
            assert!(Chunks::of(line, Breaks::LineFeed, CHUNK).next(&mut chunk).unwrap());
            let mut split = Split::new(&chunk, &mut marks);
            let Some((1, Record::Plain(record))) = split.next() else { panic!("{line:?}") };
            assert_eq!(Tight::of(record, 3).map(|tight| tight.text), expected, "{line:?}");
        };
        check(b"a,b,c\n", Some("a,b,c"));
        check(b"a,b,c\r\n", Some("a,b,c"));
        check(b",,\r", Some(",,"));
        check(b"a,b c,d", Some("a,b c,d"));
        check("ä,\u{a0},c".as_bytes(), Some("ä,\u{a0},c"));
        for other in ["a,b,c \n", "a, b,c", "a,b\t,c", "a,b,\u{b}c", "a,b\rb,c", "a,b,c\r\r", "a,b", "a,b,c,d", "a, ,c"]
        {
            check(other.as_bytes(), None);
        }
        check(b"a,\xff,c", None);
    }

    #[test]
    fn whole_numbers_are_shown_as_doubles_are() {
        for value in [0.0, -0.0, 7.0, 1e15, EXACT - 1.0, EXACT, 1e300, f64::INFINITY, f64::NAN, -3.0] {
            let mut written = Vec::new();
            put_whole(value, &mut written);
            assert_eq!(String::from_utf8(written).unwrap(), value.to_string());
        }
    }
}
