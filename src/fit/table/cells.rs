//! The cells of some records: bytes -> columns of numbers and of texts.
//!
//! Records without quotes are taken apart in one pass over their bytes; those with quotes by `csv-core`.
//! The columns are used again for the next records, so that their memory stays in the cache.

use super::breaks::Breaks;
use super::chunks::Chunk;
use super::lines::Lines;
use super::marks::Marks;
use super::number::{is_missing, number};
use super::plain::read_plain;
use super::records::Records;
use super::split::ends_open;
use super::words::{Texts, fingerprint};
use std::ops::Range;

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

/// The cells of some records.
#[derive(Debug, Default)]
pub(in crate::fit) struct Cells {
    /// Rows with as many cells as the header.
    pub(in crate::fit) rows: usize,
    /// The line of each row.
    pub(in crate::fit) lines: Lines,
    /// A fingerprint of each row's bytes, if they are wanted.
    pub(in crate::fit) hashes: Vec<u64>,
    /// The slots of numbers, one behind the other, each with room for all rows.
    values: Vec<f64>,
    room: usize,
    /// Rows without a number in each slot, ascending.
    missing: Vec<Vec<(u32, Missing)>>,
    /// The slots of texts.
    pub(in crate::fit) texts: Vec<Texts>,
    /// Changes when the codes of texts begin anew; else they are those of earlier records.
    pub(in crate::fit) round: u64,
    /// Lines of records with more or fewer cells, and how many.
    pub(in crate::fit) broken: Vec<(u64, usize)>,
    /// The line of a record with a quote that is never closed, and how many lines are in it.
    pub(in crate::fit) open: Option<(u64, u64)>,
    hashed: bool,
}

/// Texts for each row that are remembered from earlier records, at most.
const MOST_TEXTS: usize = 4;

impl Cells {
    pub(super) fn new(wants: &[Want]) -> Cells {
        let slots = |slot: fn(&Want) -> Option<usize>| wants.iter().filter_map(slot).max().map_or(0, |last| last + 1);
        Cells {
            missing: vec![Vec::new(); slots(|want| want.number)],
            texts: (0..slots(|want| want.text)).map(|_| Texts::default()).collect(),
            ..Cells::default()
        }
    }

    /// Returns a column of numbers; those that are missing are not numbers.
    pub(in crate::fit) fn numbers(&self, slot: usize) -> &[f64] {
        &self.values[slot * self.room..][..self.rows]
    }

    /// Returns the rows without a number, ascending.
    pub(in crate::fit) fn missing(&self, slot: usize) -> &[(u32, Missing)] {
        &self.missing[slot]
    }

    /// Forgets all rows, and makes room for others.
    fn start(&mut self, most_rows: usize, hashed: bool) {
        if self.room < most_rows {
            self.room = most_rows;
            self.values.resize(most_rows * self.missing.len(), 0.0);
        }
        self.missing.iter_mut().for_each(Vec::clear);
        self.rows = 0;
        self.lines.clear();
        self.hashes.clear();
        self.texts.iter_mut().for_each(|texts| texts.codes.clear());
        // What is done for each text must not cost more than what is done for rows.
        if self.texts.iter().any(|texts| texts.len() > MOST_TEXTS * most_rows) {
            self.texts.iter_mut().for_each(Texts::clear);
            self.round += 1;
        }
        self.broken.clear();
        self.open = None;
        self.hashed = hashed;
    }

    /// Takes a number into its slot.
    #[inline]
    pub(super) fn put(&mut self, slot: usize, value: f64) {
        self.values[slot * self.room + self.rows] = value;
    }

    /// Takes a cell into its slots.
    pub(super) fn take(&mut self, want: Want, cell: &[u8]) {
        let cell = cell.trim_ascii();
        if let Some(slot) = want.number {
            let value = number(cell);
            if value.is_none() {
                let shown = || String::from_utf8_lossy(&cell[..cell.len().min(40)]).into_owned();
                let why = if is_missing(cell) { Missing::NoValue } else { Missing::NotNumber(shown()) };
                self.missing[slot].push((self.rows as u32, why));
            }
            self.put(slot, value.unwrap_or(f64::NAN));
        }
        if let Some(slot) = want.text {
            self.texts[slot].push(cell);
        }
    }

    /// Takes the cell at a place of some bytes, of which only the text is wanted.
    #[inline]
    pub(super) fn take_text(&mut self, slot: usize, bytes: &[u8], cell: Range<usize>) {
        self.texts[slot].push_at(bytes, cell);
    }

    /// Ends a record that has all its cells.
    #[inline]
    pub(super) fn keep(&mut self, line: u64, record: &[u8]) {
        self.lines.push(line);
        if self.hashed {
            self.hashes.push(fingerprint(record));
        }
        self.rows += 1;
    }

    /// Drops a record with too many or too few cells.
    pub(super) fn drop_record(&mut self, line: u64, cells: usize) {
        self.take_back();
        self.broken.push((line, cells));
    }

    /// Drops a record that has all that follows it in a quote.
    fn drop_open(&mut self, line: u64, record: &[u8]) {
        self.take_back();
        self.open = Some((line, 1 + memchr::memchr_iter(b'\n', record).count() as u64));
    }

    /// Takes back what a record has left that is not kept.
    fn take_back(&mut self) {
        for missing in &mut self.missing {
            while missing.last().is_some_and(|(row, _)| *row as usize >= self.rows) {
                missing.pop();
            }
        }
        self.texts.iter_mut().for_each(|column| column.codes.truncate(self.rows));
    }
}

/// Reads the cells of a chunk in place of those that were there; `hashed` asks for fingerprints.
pub(super) fn read_cells(chunk: &Chunk, wants: &[Want], hashed: bool, marks: &mut Marks, cells: &mut Cells) {
    let bytes = chunk.bytes();
    // Lines may end with `\r` alone, and the last may have no end.
    let by_quotes = chunk.quoted || chunk.lines == 0;
    let most_rows = if by_quotes { memchr::memchr2_iter(b'\n', b'\r', bytes).count() } else { chunk.lines };
    cells.start(most_rows + 1, hashed);
    if by_quotes {
        read_quoted(bytes, chunk.line, wants, cells);
    } else {
        read_plain(bytes, chunk.line, wants, marks, cells);
    }
    cells.texts.iter_mut().for_each(Texts::look);
}

/// Reads records that may have quotes, and those whose lines end otherwise.
fn read_quoted(bytes: &[u8], first_line: u64, wants: &[Want], cells: &mut Cells) {
    let mut records = Records::new(bytes, first_line, Breaks::Any);
    while let Some(line) = records.next() {
        let count = records.count();
        for (index, want) in wants.iter().enumerate().take(count) {
            if *want != Want::default() {
                cells.take(*want, records.cell(index));
            }
        }
        if records.end() >= bytes.len() && ends_open(records.raw()) {
            cells.drop_open(line, records.raw());
        } else if count == wants.len() {
            cells.keep(line, records.raw());
        } else {
            cells.drop_record(line, count);
        }
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
        cells.start(text.len() + 1, true);
        match plain {
            true => read_plain(text.as_bytes(), 2, &WANTS, &mut Marks::default(), &mut cells),
            false => read_quoted(text.as_bytes(), 2, &WANTS, &mut cells),
        }
        cells
    }

    /// Shows rows as `line: number text number`.
    fn show(cells: &Cells) -> String {
        let number =
            |slot: usize, row: usize| match cells.missing(slot).iter().find(|(missing, _)| *missing as usize == row) {
                Some((_, Missing::NoValue)) => "-".to_owned(),
                Some((_, Missing::NotNumber(text))) => format!("?{text}"),
                None => cells.numbers(slot)[row].to_string(),
            };
        let text = |row: usize| cells.texts[0].text(cells.texts[0].codes[row]);
        let rows = (0..cells.rows)
            .map(|row| format!("{}: {} {} {}", cells.lines.at(row), number(0, row), text(row), number(1, row)));
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
        check(
            "12345678,a,1234567.12\r\n123456789,b,0.12345678\r\n",
            "2: 12345678 a 1234567.12; 3: 123456789 b 0.12345678",
        );
        check("1.5,12,3.\n.5,1-2,-3\n", "2: 1.5 12 3; 3: 0.5 1-2 -3");
        check("1.2.3,a,4x\n1,a,2,3,4", "2: ?1.2.3 a ?4x; 3: 5 cells");
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
