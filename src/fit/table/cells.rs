//! The cells of some records: bytes -> columns of numbers and of texts.
//!
//! Records without quotes are taken apart in one pass over their bytes; those with quotes by `csv-core`.

use super::chunks::Chunk;
use super::number::{is_missing, number, short_decimal};
use super::words::{Texts, fingerprint};
use csv_core::{ReadRecordResult, Reader};

/// What is wanted of a column of the file.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(in crate::fit) struct Want {
    /// As the numbers of this slot.
    pub(in crate::fit) number: Option<usize>,
    /// As the texts of this slot.
    pub(in crate::fit) text: Option<usize>,
}

/// Why a cell is no value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::fit) enum Missing {
    /// It is empty, `N/A` and the like.
    NoValue,
    /// It is not a number.
    NotNumber(String),
}

/// A column of numbers.
#[derive(Debug, Default)]
pub(in crate::fit) struct Numbers {
    pub(in crate::fit) values: Vec<f64>,
    /// Rows without one, ascending.
    pub(in crate::fit) missing: Vec<(u32, Missing)>,
}

/// The cells of some records.
#[derive(Debug, Default)]
pub(in crate::fit) struct Cells {
    /// Rows with as many cells as the header.
    pub(in crate::fit) rows: usize,
    /// The line of each row.
    pub(in crate::fit) lines: Vec<u64>,
    /// A fingerprint of each row's bytes.
    pub(in crate::fit) hashes: Vec<u64>,
    /// The slots of numbers.
    pub(in crate::fit) numbers: Vec<Numbers>,
    /// The slots of texts.
    pub(in crate::fit) texts: Vec<Texts>,
    /// Lines of records with more or fewer cells, and how many.
    pub(in crate::fit) broken: Vec<(u64, usize)>,
}

impl Cells {
    fn new(wants: &[Want]) -> Cells {
        let slots = |slot: fn(&Want) -> Option<usize>| wants.iter().filter_map(slot).max().map_or(0, |last| last + 1);
        Cells {
            numbers: (0..slots(|want| want.number)).map(|_| Numbers::default()).collect(),
            texts: (0..slots(|want| want.text)).map(|_| Texts::default()).collect(),
            ..Cells::default()
        }
    }

    /// Takes a cell into its slots.
    fn take(&mut self, want: Want, cell: &[u8]) {
        let cell = cell.trim_ascii();
        if let Some(slot) = want.number {
            let column = &mut self.numbers[slot];
            let value = number(cell);
            if value.is_none() {
                let shown = || String::from_utf8_lossy(&cell[..cell.len().min(40)]).into_owned();
                let why = if is_missing(cell) { Missing::NoValue } else { Missing::NotNumber(shown()) };
                column.missing.push((self.rows as u32, why));
            }
            column.values.push(value.unwrap_or(f64::NAN));
        }
        if let Some(slot) = want.text {
            self.texts[slot].push(cell);
        }
    }

    /// Ends a record that has all its cells.
    fn keep(&mut self, line: u64, record: &[u8]) {
        self.lines.push(line);
        self.hashes.push(fingerprint(record));
        self.rows += 1;
    }

    /// Takes back what a record with too many or too few cells has left.
    fn drop_record(&mut self, line: u64, cells: usize) {
        for column in &mut self.numbers {
            column.values.truncate(self.rows);
            while column.missing.last().is_some_and(|(row, _)| *row as usize >= self.rows) {
                column.missing.pop();
            }
        }
        self.texts.iter_mut().for_each(|column| column.codes.truncate(self.rows));
        self.broken.push((line, cells));
    }
}

/// Reads the cells of a chunk.
pub(super) fn read_cells(chunk: &Chunk, wants: &[Want]) -> Cells {
    let mut cells = Cells::new(wants);
    if chunk.quoted || memchr::memchr(b'\n', &chunk.bytes).is_none() {
        read_quoted(&chunk.bytes, chunk.line, wants, &mut cells);
    } else {
        read_plain(&chunk.bytes, chunk.line, wants, &mut cells);
    }
    cells
}

/// Reads records without quotes.
fn read_plain(bytes: &[u8], first_line: u64, wants: &[Want], cells: &mut Cells) {
    let mut at = 0;
    let mut line = first_line;
    while at < bytes.len() {
        let start = at;
        if let Some(length) = blank_line(&bytes[at..]) {
            at += length;
            line += 1;
            continue;
        }
        let mut count = 0;
        for want in wants {
            at = plain_cell(bytes, at, *want, cells);
            count += 1;
            if bytes.get(at) != Some(&b',') {
                break;
            }
            at += usize::from(count < wants.len());
        }
        if count == wants.len() && bytes.get(at) != Some(&b',') {
            cells.keep(line, &bytes[start..at]);
        } else {
            let end = memchr::memchr(b'\n', &bytes[at..]).map_or(bytes.len(), |end| at + end);
            let all = memchr::memchr_iter(b',', &bytes[start..end]).count() + 1;
            at = end;
            cells.drop_record(line, all);
        }
        at += usize::from(bytes.get(at) == Some(&b'\r'));
        at += usize::from(bytes.get(at) == Some(&b'\n'));
        line += 1;
    }
}

fn blank_line(bytes: &[u8]) -> Option<usize> {
    match bytes {
        [b'\n', ..] => Some(1),
        [b'\r', b'\n', ..] => Some(2),
        _ => None,
    }
}

/// Reads the cell at a place and returns where it ends: at a comma, the line's end or the last byte's.
#[inline]
fn plain_cell(bytes: &[u8], at: usize, want: Want, cells: &mut Cells) -> usize {
    if let Want { number: Some(slot), text: None } = want
        && let Some((value, end)) = short_decimal(bytes, at)
        && ends_cell(bytes, end)
    {
        cells.numbers[slot].values.push(value);
        return end;
    }
    let mut end = at;
    while bytes.get(end).is_some_and(|byte| !matches!(byte, b',' | b'\n')) {
        end += 1;
    }
    if end > at && bytes[end - 1] == b'\r' && bytes.get(end) == Some(&b'\n') {
        end -= 1;
    }
    if want != Want::default() {
        cells.take(want, &bytes[at..end]);
    }
    end
}

#[inline]
fn ends_cell(bytes: &[u8], at: usize) -> bool {
    match bytes.get(at) {
        Some(b',' | b'\n') | None => true,
        Some(b'\r') => matches!(bytes.get(at + 1), Some(b'\n') | None),
        Some(_) => false,
    }
}

/// Reads records that may have quotes, and those whose lines end otherwise.
fn read_quoted(bytes: &[u8], first_line: u64, wants: &[Want], cells: &mut Cells) {
    let mut records = Records::new(bytes, first_line);
    while let Some(line) = records.next() {
        let count = records.count();
        for (index, want) in wants.iter().enumerate().take(count) {
            if *want != Want::default() {
                cells.take(*want, records.cell(index));
            }
        }
        if count == wants.len() {
            cells.keep(line, records.raw());
        } else {
            cells.drop_record(line, count);
        }
    }
}

/// The records of some bytes, by `csv-core`.
pub(super) struct Records<'a> {
    bytes: &'a [u8],
    reader: Reader,
    line: u64,
    at: usize,
    start: usize,
    output: Vec<u8>,
    ends: Vec<usize>,
    count: usize,
}

impl<'a> Records<'a> {
    pub(super) fn new(bytes: &'a [u8], first_line: u64) -> Records<'a> {
        let reader = Reader::new();
        Records {
            bytes,
            reader,
            line: first_line,
            at: 0,
            start: 0,
            output: vec![0; 1 << 12],
            ends: vec![0; 64],
            count: 0,
        }
    }

    /// Goes to the next record, and returns its line.
    pub(super) fn next(&mut self) -> Option<u64> {
        // The reader leaves the `\n` of `\r\n`, and passes over blank lines.
        self.line += self.bytes[self.start..self.at].iter().filter(|byte| **byte == b'\n').count() as u64;
        while let Some(b'\r' | b'\n') = self.bytes.get(self.at) {
            self.line += u64::from(self.bytes[self.at] == b'\n');
            self.at += 1;
        }
        let line = self.line;
        self.start = self.at;
        let (mut written, mut ended) = (0, 0);
        loop {
            let (result, read, wrote, ends) =
                self.reader.read_record(&self.bytes[self.at..], &mut self.output[written..], &mut self.ends[ended..]);
            self.at += read;
            written += wrote;
            ended += ends;
            match result {
                ReadRecordResult::Record => {
                    self.count = ended;
                    return Some(line);
                }
                ReadRecordResult::OutputFull => self.output.resize(self.output.len() * 2, 0),
                ReadRecordResult::OutputEndsFull => self.ends.resize(self.ends.len() * 2, 0),
                // Empty input tells the reader that this was all.
                ReadRecordResult::InputEmpty => {}
                ReadRecordResult::End => return None,
            }
        }
    }

    /// Returns how many cells the record has.
    pub(super) fn count(&self) -> usize {
        self.count
    }

    /// Returns a cell without its quotes.
    pub(super) fn cell(&self, index: usize) -> &[u8] {
        let start = if index == 0 { 0 } else { self.ends[index - 1] };
        &self.output[start..self.ends[index]]
    }

    /// Returns the bytes of the record without its line's end.
    fn raw(&self) -> &[u8] {
        self.bytes[self.start..self.at].trim_ascii_end()
    }

    /// Returns where the next record starts.
    pub(super) fn end(&self) -> usize {
        self.at
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const WANTS: [Want; 3] = [
        Want { number: Some(0), text: None },
        Want { number: None, text: Some(0) },
        Want { number: Some(1), text: None },
    ];

    fn cells(text: &str, plain: bool) -> Cells {
        let mut cells = Cells::new(&WANTS);
        let read = if plain { read_plain } else { read_quoted };
        read(text.as_bytes(), 2, &WANTS, &mut cells);
        cells
    }

    /// Shows rows as `line: number text number`.
    fn show(cells: &Cells) -> String {
        let number = |slot: usize, row: usize| {
            let column = &cells.numbers[slot];
            match column.missing.iter().find(|(missing, _)| *missing as usize == row) {
                Some((_, Missing::NoValue)) => "-".to_owned(),
                Some((_, Missing::NotNumber(text))) => format!("?{text}"),
                None => column.values[row].to_string(),
            }
        };
        let text = |row: usize| &cells.texts[0].words[cells.texts[0].codes[row] as usize];
        let rows = (0..cells.rows)
            .map(|row| format!("{}: {} {} {}", cells.lines[row], number(0, row), text(row), number(1, row)));
        let broken = cells.broken.iter().map(|(line, count)| format!("{line}: {count} cells"));
        rows.chain(broken).collect::<Vec<_>>().join("; ")
    }

    #[test]
    fn records() {
        let check = |text: &str, expected: &str| {
            assert_eq!(show(&cells(text, true)), expected, "{text:?}");
            assert_eq!(show(&cells(text, false)), expected, "{text:?} by csv-core");
        };
        check("1,a,2\n3,b,4\n", "2: 1 a 2; 3: 3 b 4");
        check("1,a,2\r\n-3.5,b,4e2\r\n", "2: 1 a 2; 3: -3.5 b 400");
        check("1,a,2", "2: 1 a 2");
        check(" 1 , a b , 2 \n", "2: 1 a b 2");
        check("N/A,N/A,\n", "2: -  -");
        check("x,a,1e999\n", "2: ?x a ?1e999");
        check("1,a\n1,a,2,3\n5,c,6\n", "4: 5 c 6; 2: 2 cells; 3: 4 cells");
        check("1,a,2,\n7,,8\n", "3: 7  8; 2: 4 cells");
        check("x,a\n1,a,y\n", "3: 1 a ?y; 2: 2 cells");
    }

    #[test]
    fn quotes_and_other_line_ends() {
        assert_eq!(
            show(&cells("1,\"a,\"\"b\"\"\",\"2\"\r\n3,\"c\nd\",4\n5,e,6", false)),
            "2: 1 a,\"b\" 2; 3: 3 c\nd 4; 5: 5 e 6"
        );
        assert_eq!(show(&cells("1,a,2\r3,b,4\r", false)), "2: 1 a 2; 2: 3 b 4");
    }

    #[test]
    fn equal_rows_have_equal_fingerprints() {
        let hashes = cells("1,a,2\n1,a,2\n1,a,3\n10,a,2\n", true).hashes;
        assert_eq!(hashes[0], hashes[1]);
        assert!(hashes[0] != hashes[2] && hashes[0] != hashes[3] && hashes[2] != hashes[3]);
    }

    proptest! {
        #[test]
        fn both_ways_read_the_same(text in "[0-9a-c.,N/A\\-\n ]{0,80}", crlf in any::<bool>()) {
            let text = if crlf { text.replace('\n', "\r\n") } else { text };
            let (plain, quoted) = (cells(&text, true), cells(&text, false));
            prop_assert_eq!(show(&plain), show(&quoted));
        }
    }
}
