//! Records without quotes: cells between the places of bytes that are no digits.

use super::cells::{Cells, Want};
use super::marks::Marks;
use super::number::{decimal, whole};

/// What is done with the cells of a column.
#[derive(Clone, Copy)]
enum Taken {
    /// Nothing.
    Not,
    /// They are the numbers of this slot, and nothing else.
    Number(usize),
    /// They are the texts of this slot, and nothing else.
    Text(usize),
    /// Whatever is wanted.
    As(Want),
}

/// Reads records; `marks` is memory to work with.
pub(super) fn read_plain(bytes: &[u8], first_line: u64, wants: &[Want], marks: &mut Marks, cells: &mut Cells) {
    let taken = wants.iter().map(|want| match *want {
        Want { number: None, text: None } => Taken::Not,
        Want { number: Some(slot), text: None } => Taken::Number(slot),
        Want { number: None, text: Some(slot) } => Taken::Text(slot),
        want => Taken::As(want),
    });
    let columns: Vec<Taken> = taken.collect();
    marks.find(bytes);
    let mut reader = Reader { bytes, marks: marks.places(), next: 0 };
    let (mut start, mut line) = (0, first_line);
    while start < bytes.len() {
        start = reader.record(start, line, &columns, cells) + 1;
        line += 1;
    }
}

/// Goes from mark to mark; behind the last byte is a line feed.
struct Reader<'c> {
    bytes: &'c [u8],
    marks: &'c [u32],
    /// The mark that comes next.
    next: usize,
}

impl Reader<'_> {
    /// Reads the record at a place; returns the place of its line feed.
    #[inline]
    fn record(&mut self, start: usize, line: u64, columns: &[Taken], cells: &mut Cells) -> usize {
        if let Some((end, marks)) = self.end_at(start).filter(|_| self.byte(start) != b',') {
            self.next += marks;
            return end;
        }
        let mut at = start;
        for (index, taken) in columns.iter().enumerate() {
            let end = self.cell(at, *taken, cells);
            if self.byte(end) == b'\n' {
                match index + 1 == columns.len() {
                    true => cells.keep(line, self.bytes[start..end].trim_ascii_end()),
                    false => cells.drop_record(line, index + 1),
                }
                return end;
            }
            at = end + 1;
        }
        let mut count = columns.len();
        loop {
            let end = self.cell_end();
            count += 1;
            if self.byte(end) == b'\n' {
                cells.drop_record(line, count);
                return end;
            }
        }
    }

    /// Reads the cell at a place; returns the place of the comma or the line feed behind it.
    #[inline]
    fn cell(&mut self, start: usize, taken: Taken, cells: &mut Cells) -> usize {
        let want = match taken {
            Taken::Not => return self.cell_end(),
            Taken::Number(slot) => {
                if let Some((value, end)) = self.number(start) {
                    cells.put(slot, value);
                    return end;
                }
                Want { number: Some(slot), text: None }
            }
            Taken::Text(slot) => {
                let end = self.cell_end();
                cells.take_text(slot, self.bytes, start..end);
                return end;
            }
            Taken::As(want) => want,
        };
        let end = self.cell_end();
        cells.take(want, &self.bytes[start..end]);
        end
    }

    /// Reads a cell of few digits, with a point or without. None = another writing.
    #[inline]
    fn number(&mut self, start: usize) -> Option<(f64, usize)> {
        let mark = self.marks[self.next] as usize;
        let digits = whole(self.bytes, start, mark)?;
        if self.byte(mark) != b'.' {
            let (end, marks) = self.end_at(mark)?;
            self.next += marks;
            return Some((digits as f64, end));
        }
        let behind = *self.marks.get(self.next + 1)? as usize;
        let value = decimal(digits, whole(self.bytes, mark + 1, behind)?, behind - mark - 1)?;
        let (end, marks) = self.end_at(behind)?;
        self.next += 1 + marks;
        Some((value, end))
    }

    /// Goes to the end of a cell.
    fn cell_end(&mut self) -> usize {
        loop {
            let mark = self.marks[self.next] as usize;
            self.next += 1;
            if matches!(self.byte(mark), b',' | b'\n') {
                return mark;
            }
        }
    }

    /// Returns the place of the comma or the line feed, if a cell ends at a place, and the number of marks.
    #[inline]
    fn end_at(&self, place: usize) -> Option<(usize, usize)> {
        // No `match`, which becomes a table of jumps: they are hard to foresee.
        let byte = self.byte(place);
        if byte == b',' || byte == b'\n' {
            return Some((place, 1));
        }
        (byte == b'\r' && self.byte(place + 1) == b'\n').then_some((place + 1, 2))
    }

    #[inline]
    fn byte(&self, place: usize) -> u8 {
        self.bytes.get(place).copied().unwrap_or(b'\n')
    }
}
