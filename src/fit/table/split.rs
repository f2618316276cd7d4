//! The records of a chunk, one after the other: places of cells where there are no quotes or where they can be left
//! away, else cells by `csv-core`.
//!
//! Records end with line feeds, and empty lines are none, as `csv` has it. A `\r` belongs to its cell.

mod bare;

use super::breaks::Breaks;
use super::chunks::Chunk;
use super::marks::Marks;
use super::number::digits;
use super::records::Records;
use bare::Bare;
use std::ops::Range;

const QUOTE: u8 = b'"';

/// The records of a chunk.
pub(crate) struct Split<'c> {
    bytes: &'c [u8],
    commas: &'c [u32],
    /// The comma that comes next.
    next: usize,
    /// How many commas the record before had.
    usual: usize,
    at: usize,
    line: u64,
    /// Where the next quote is; behind the last byte if there is none.
    quote: usize,
    bare: Bare,
    records: Option<Records<'c>>,
}

/// A record.
pub(crate) enum Record<'r, 'c> {
    /// One line.
    Plain(PlainRecord<'r>),
    /// What has a quote.
    Quoted(Quoted<'r, 'c>),
}

/// A record with a quote.
pub(crate) struct Quoted<'r, 'c> {
    /// The record without the quotes that it does not need. None = it has spaces beside quotes, or
    /// quotes where they do not belong.
    pub(crate) bare: Option<PlainRecord<'r>>,
    /// Which cells of that have quotes still.
    pub(crate) kept: &'r [usize],
    /// Whether its last cell has a quote that is never closed.
    pub(crate) open: bool,
    records: &'r mut Option<Records<'c>>,
    bytes: &'c [u8],
    start: usize,
}

/// A record without quotes.
#[derive(Debug, Clone, Copy)]
pub(crate) struct PlainRecord<'r> {
    chunk: &'r [u8],
    /// Where it is, and its commas, in the chunk.
    start: usize,
    end: usize,
    commas: &'r [u32],
}

impl<'c> Split<'c> {
    /// Starts at the first record; `marks` is memory to work with.
    pub(crate) fn new(chunk: &'c Chunk, marks: &'c mut Marks) -> Split<'c> {
        let bytes = chunk.bytes();
        marks.find_commas(bytes);
        let quote = if chunk.quoted { find(QUOTE, bytes, 0) } else { bytes.len() };
        let (commas, line, bare) = (marks.places(), chunk.line, Bare::default());
        Split { bytes, commas, next: 0, usual: 0, at: 0, line, quote, bare, records: None }
    }

    /// Returns the next record and its line.
    pub(crate) fn next(&mut self) -> Option<(u64, Record<'_, 'c>)> {
        while self.bytes.get(self.at) == Some(&b'\n') {
            (self.at, self.line) = (self.at + 1, self.line + 1);
        }
        if self.at >= self.bytes.len() {
            return None;
        }
        let end = find(b'\n', self.bytes, self.at);
        if self.quote < end { self.quoted() } else { Some(self.plain(end)) }
    }

    /// Takes the line that ends at a place.
    #[inline]
    fn plain(&mut self, end: usize) -> (u64, Record<'_, 'c>) {
        let (start, line) = (self.at, self.line);
        let count = self.commas_until(end);
        let commas = &self.commas[self.next..self.next + count];
        (self.next, self.usual) = (self.next + count, count);
        (self.at, self.line) = (end + 1, line + 1);
        (line, Record::Plain(PlainRecord { chunk: self.bytes, start, end, commas }))
    }

    /// Counts the commas before a place; the end of the chunk stands behind the last.
    #[inline]
    fn commas_until(&self, end: usize) -> usize {
        let commas = &self.commas[self.next..];
        let is_before = |index: usize| commas.get(index).is_some_and(|comma| (*comma as usize) < end);
        if !is_before(self.usual) && (self.usual == 0 || is_before(self.usual - 1)) {
            return self.usual;
        }
        (0..commas.len()).take_while(|index| is_before(*index)).count()
    }

    /// Takes a record with a quote.
    fn quoted(&mut self) -> Option<(u64, Record<'_, 'c>)> {
        let (bytes, start, line) = (self.bytes, self.at, self.line);
        let end = self.bare.take(bytes, start);
        let mut open = false;
        if let Some(end) = end {
            self.at = (end + 1).min(bytes.len());
        } else {
            self.at = read(&mut self.records, bytes, start)?.end();
            open = self.at >= bytes.len() && ends_open(&bytes[start..]);
        }
        let is_line = end.is_some() && self.bare.kept().is_empty();
        self.line += if is_line { 1 } else { memchr::memchr_iter(b'\n', &bytes[start..self.at]).count() as u64 };
        self.quote = find(QUOTE, bytes, self.at);
        let count = self.commas_until(self.at);
        (self.next, self.usual) = (self.next + count, count);
        let bare = end.map(|_| self.bare.record());
        Some((
            line,
            Record::Quoted(Quoted { bare, kept: self.bare.kept(), open, records: &mut self.records, bytes, start }),
        ))
    }
}

impl Quoted<'_, '_> {
    /// Returns the cells without their quotes.
    pub(crate) fn cells(&mut self) -> impl Iterator<Item = &[u8]> {
        let records = match self.bare {
            Some(_) => read(self.records, self.bytes, self.start),
            None => self.records.as_mut(),
        };
        records.into_iter().flat_map(|records| records.cells())
    }
}

/// Reads the record at a place of a chunk.
fn read<'r, 'c>(records: &'r mut Option<Records<'c>>, bytes: &'c [u8], start: usize) -> Option<&'r mut Records<'c>> {
    // Its lines are counted elsewhere.
    let records = records.get_or_insert_with(|| Records::new(bytes, 0, Breaks::LineFeed));
    records.go_to(start, 0);
    records.next()?;
    Some(records)
}

/// Tells whether a quote that opens a cell of a record is never closed.
pub(super) fn ends_open(record: &[u8]) -> bool {
    let (mut open, mut next) = (false, 0);
    for quote in memchr::memchr_iter(QUOTE, record) {
        // The second of two that stand for one is passed over.
        if quote < next {
            continue;
        }
        next = quote + 1;
        if open && record.get(next) == Some(&QUOTE) {
            next += 1;
        } else {
            open = !open && (quote == 0 || record[quote - 1] == b',');
        }
    }
    open
}

/// Finds a byte from a place on; what stands behind the last byte is found where there is none.
fn find(byte: u8, bytes: &[u8], from: usize) -> usize {
    memchr::memchr(byte, &bytes[from..]).map_or(bytes.len(), |place| from + place)
}

impl<'r> PlainRecord<'r> {
    /// Returns how many cells there are.
    pub(crate) fn count(&self) -> usize {
        self.commas.len() + 1
    }

    /// Returns the bytes without the line's end.
    pub(crate) fn bytes(&self) -> &'r [u8] {
        &self.chunk[self.start..self.end]
    }

    /// Returns where a cell is among the bytes.
    #[inline]
    pub(crate) fn place(&self, index: usize) -> Range<usize> {
        let start = if index == 0 { 0 } else { self.end_of(index - 1) + 1 };
        start..self.end_of(index)
    }

    /// Returns where a cell ends among the bytes.
    #[inline]
    pub(crate) fn end_of(&self, index: usize) -> usize {
        self.commas.get(index).map_or(self.end, |comma| *comma as usize) - self.start
    }

    /// Returns the number at a place among the bytes. None = these are not one to eight digits; at the start of a chunk,
    /// they may be.
    #[inline]
    pub(crate) fn number(&self, place: Range<usize>) -> Option<u32> {
        digits(self.chunk, self.start + place.start, self.start + place.end)
    }

    /// Returns the cells.
    pub(crate) fn cells(&self) -> impl Iterator<Item = &'r [u8]> {
        let record = *self;
        (0..record.count()).map(move |index| &record.bytes()[record.place(index)])
    }

    /// Takes a `\r` off the end.
    pub(crate) fn without_return(self) -> PlainRecord<'r> {
        PlainRecord { end: self.end - usize::from(self.bytes().ends_with(b"\r")), ..self }
    }
}

#[cfg(test)]
mod tests {
    use super::super::chunks::Chunks;
    use super::*;
    use proptest::prelude::*;

    /// A line and the cells of its record.
    type Row = (u64, Vec<Vec<u8>>);

    /// Returns the records of a stream, read in chunks of some size.
    fn split(bytes: &[u8], size: usize) -> Vec<Row> {
        let mut chunks = Chunks::of(bytes, Breaks::LineFeed, size);
        let (mut chunk, mut marks, mut found) = (Chunk::default(), Marks::default(), Vec::new());
        while chunks.next(&mut chunk).unwrap() {
            let mut split = Split::new(&chunk, &mut marks);
            while let Some((line, record)) = split.next() {
                found.push(match record {
                    Record::Plain(record) => (line, record.cells().map(<[u8]>::to_vec).collect()),
                    Record::Quoted(mut quoted) => (line, quoted.cells().map(<[u8]>::to_vec).collect()),
                });
            }
        }
        found
    }

    /// Returns the records as `csv` reads them.
    fn by_csv(bytes: &[u8]) -> Vec<Row> {
        let mut reader = csv::ReaderBuilder::new()
            .has_headers(false)
            .flexible(true)
            .terminator(csv::Terminator::Any(b'\n'))
            .from_reader(bytes);
        let mut found = Vec::new();
        for record in reader.byte_records() {
            let record = record.unwrap();
            let position = record.position().unwrap();
            // Empty lines before a record are taken for its own.
            let empty = bytes[position.byte() as usize..].iter().take_while(|byte| **byte == b'\n').count();
            found.push((position.line() + empty as u64, record.iter().map(<[u8]>::to_vec).collect()));
        }
        found
    }

    #[test]
    fn records() {
        let check = |text: &str, expected: &[(u64, &[&str])]| {
            let expected: Vec<Row> = expected
                .iter()
                .map(|(line, cells)| (*line, cells.iter().map(|cell| cell.as_bytes().to_vec()).collect()))
                .collect();
            assert_eq!(split(text.as_bytes(), 1 << 10), expected, "{text:?}");
            assert_eq!(by_csv(text.as_bytes()), expected, "{text:?} by csv");
        };
        check("", &[]);
        check("a,b\n\n,\n", &[(1, &["a", "b"]), (3, &["", ""])]);
        check("a,\"b,\nc\"\nd\n", &[(1, &["a", "b,\nc"]), (3, &["d"])]);
        check("a\r\n\r\nb", &[(1, &["a\r"]), (2, &["\r"]), (3, &["b"])]);
        check("\n\n\"a\"\"b\",c\"d\n1,2,3", &[(3, &["a\"b", "c\"d"]), (4, &["1", "2", "3"])]);
    }

    #[test]
    fn quotes_that_are_not_needed() {
        let check = |line: &str, expected: Option<(&str, &[usize])>| {
            let (mut chunk, mut marks) = (Chunk::default(), Marks::default());
            assert!(Chunks::of(line.as_bytes(), Breaks::LineFeed, 1 << 10).next(&mut chunk).unwrap());
            let mut split = Split::new(&chunk, &mut marks);
            let Some((1, Record::Quoted(quoted))) = split.next() else { panic!("{line:?}") };
            let found = quoted.bare.map(|bare| {
                assert_eq!(bare.cells().collect::<Vec<_>>().join(b",".as_slice()), bare.bytes());
                (std::str::from_utf8(bare.bytes()).unwrap(), quoted.kept)
            });
            assert_eq!(found, expected, "{line:?}");
        };
        check("\"a\",\"b c\"\n", Some(("a,b c", &[])));
        check("\"a\",,\"\",d\r\n", Some(("a,,,d\r", &[])));
        check("\"\"", Some(("", &[])));
        check("a,\"b\"\r", Some(("a,b", &[])));
        check("\" a\",\"longer than what is copied at once\"", Some((" a,longer than what is copied at once", &[])));
        check("1,\"2,3,\",4,\",\"", Some(("1,\"2,3,\",4,\",\"", &[1, 3])));
        for other in ["\"", "\",", "a\"", " \"a\"", "\"a\" ", "\"a\"b,\"c\"", "\"a,b\"c\"", "\"a,b \"", "\"a\",\"b"] {
            check(other, None);
        }
        check("\"a\nb\",\"\"\"c\"\"\"\nd", Some(("\"a\nb\",\"\"\"c\"\"\"", &[0, 1])));
    }

    #[test]
    fn quotes_that_are_never_closed() {
        let check = |text: &str, expected: bool| assert_eq!(ends_open(text.as_bytes()), expected, "{text:?}");
        for closed in ["", "a\"", "a,\"\"", "\"a\"\"\"", "\"a\"\"\",\"\n\"", "a\",b\"", "\"a\"b\",c"] {
            check(closed, false);
        }
        for open in ["\"", "\"\"\"", "a,\"b\nc,d", "\"a\",\"", "\"a\"b,\"c\"\"", "a\",\"b"] {
            check(open, true);
        }
    }

    proptest! {
        #[test]
        fn as_csv_reads_them(
            text in "[a-c,\"\r\n \u{feff}]{0,60}",
            size in 1usize..40,
        ) {
            let bytes = [b"h", text.as_bytes()].concat();
            prop_assert_eq!(split(&bytes, size), by_csv(&bytes));
        }

        #[test]
        fn with_many_quotes(
            cells in prop::collection::vec(("\"[ab,]{0,3}\"|[a\"\r\n]{0,3}", "[,\n]|,|\r\n"), 0..20),
            size in 1usize..40,
        ) {
            let text: String = cells.into_iter().flat_map(|(cell, end)| [cell, end]).collect();
            prop_assert_eq!(split(text.as_bytes(), size), by_csv(text.as_bytes()));
        }
    }
}
