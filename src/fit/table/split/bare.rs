//! Records with quotes that need none: `"a","b c"` is the plain record `a,b c`. Cells that need theirs keep them.

use super::{PlainRecord, QUOTE};

/// A record without the quotes that it does not need; the memory is used again for the next.
#[derive(Debug, Default)]
pub(super) struct Bare {
    /// `BEFORE` bytes, the record, and room for more.
    bytes: Vec<u8>,
    end: usize,
    commas: Vec<u32>,
    kept: Vec<usize>,
}

/// Bytes before the record, so that its first number can be read as a word.
const BEFORE: usize = 8;
/// Bytes that are copied together; most cells are no longer.
const PIECE: usize = 16;

impl Bare {
    /// Takes the record at a place; returns the place of its line feed. None = a cell is of an unusual writing.
    pub(super) fn take(&mut self, chunk: &[u8], start: usize) -> Option<usize> {
        self.end = BEFORE;
        self.commas.clear();
        self.kept.clear();
        let mut at = start;
        loop {
            let end = if chunk.get(at) == Some(&QUOTE) { self.quoted(chunk, at)? } else { self.plain(chunk, at)? };
            match chunk.get(end) {
                Some(b',') => {
                    self.commas.push(self.end as u32);
                    // There is room behind every cell.
                    self.bytes[self.end] = b',';
                    self.end += 1;
                    at = end + 1;
                }
                // Such a `\r` belongs to the last cell, behind its quotes.
                Some(b'\r') if matches!(chunk.get(end + 1), None | Some(b'\n')) => return Some(end + 1),
                None | Some(b'\n') => return Some(end),
                Some(_) => return None,
            }
        }
    }

    /// Returns what was taken last.
    pub(super) fn record(&self) -> PlainRecord<'_> {
        PlainRecord { chunk: &self.bytes, start: BEFORE, end: self.end, commas: &self.commas }
    }

    /// Returns which of its cells have quotes.
    pub(super) fn kept(&self) -> &[usize] {
        &self.kept
    }

    /// Takes the cell at a place, which has no quotes; returns where it ends.
    #[inline]
    fn plain(&mut self, chunk: &[u8], start: usize) -> Option<usize> {
        let mut end = start;
        while let Some(word) = word(chunk, end) {
            let marks = marks(word, b',') | marks(word, b'\n') | marks(word, QUOTE);
            end += first(marks);
            if marks != 0 {
                break;
            }
        }
        let end = end.min(chunk.len());
        self.put(chunk, start, end);
        (chunk.get(end) != Some(&QUOTE)).then_some(end)
    }

    /// Takes the cell whose quote is at a place; returns the place behind its last quote.
    #[inline]
    fn quoted(&mut self, chunk: &[u8], quote: usize) -> Option<usize> {
        let (mut end, mut needed) = (quote + 1, false);
        loop {
            let word = word(chunk, end)?;
            let quotes = marks(word, QUOTE);
            // The bits below the lowest; all, if there is none.
            let before = quotes.wrapping_sub(1) & !quotes;
            needed |= (marks(word, b',') | marks(word, b'\n')) & before != 0;
            end += first(quotes);
            match chunk.get(end + 1) {
                _ if quotes == 0 => {}
                // Two stand for one.
                Some(&QUOTE) => (end, needed) = (end + 2, true),
                _ => break,
            }
        }
        match needed {
            false => self.put(chunk, quote + 1, end),
            true if has_bare_ends(&chunk[quote + 1..end]) => {
                self.kept.push(self.commas.len());
                self.put(chunk, quote, end + 1);
            }
            true => return None,
        }
        Some(end + 1)
    }

    /// Appends bytes of a chunk.
    #[inline]
    fn put(&mut self, chunk: &[u8], start: usize, end: usize) {
        let length = end - start;
        if self.bytes.len() < self.end + length + PIECE {
            self.bytes.resize((self.end + length + PIECE) * 2, 0);
        }
        match (chunk.get(start..start + PIECE), self.bytes.get_mut(self.end..self.end + PIECE)) {
            // What stands behind the cell is written over.
            (Some(from), Some(to)) if length <= PIECE => to.copy_from_slice(from),
            _ => self.bytes[self.end..self.end + length].copy_from_slice(&chunk[start..end]),
        }
        self.end += length;
    }
}

/// Tells whether what is in quotes has no spaces at its ends.
fn has_bare_ends(cell: &[u8]) -> bool {
    let is_space = |byte: Option<&u8>| byte.is_some_and(|byte| *byte <= b' ');
    !is_space(cell.first()) && !is_space(cell.last())
}

/// One for each byte of a word.
const EACH: u64 = 0x0101_0101_0101_0101;

/// Returns the eight bytes at a place, with zeros behind the last. None = there is not one.
#[inline]
fn word(chunk: &[u8], at: usize) -> Option<u64> {
    let rest = chunk.get(at..)?;
    match rest.first_chunk() {
        Some(word) => Some(u64::from_le_bytes(*word)),
        None if rest.is_empty() => None,
        None => Some(rest.iter().rev().fold(0, |word, byte| (word << 8) | u64::from(*byte))),
    }
}

/// Returns the upper bit of each byte of a word that is this one; those of bytes behind the first may be set, too.
#[inline]
fn marks(word: u64, byte: u8) -> u64 {
    let others = word ^ (EACH * u64::from(byte));
    others.wrapping_sub(EACH) & !others & (EACH << 7)
}

/// Returns how many bytes stand before the first that has a mark; eight if none has.
#[inline]
fn first(marks: u64) -> usize {
    marks.trailing_zeros() as usize / 8
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn the_first_of_a_kind(bytes in prop::collection::vec(prop_oneof![Just(QUOTE), 0x20u8..0x25, any::<u8>()], 0..12)) {
            let found = word(&bytes, 0).map(|word| first(marks(word, QUOTE)));
            let place = bytes.iter().take(8).position(|byte| *byte == QUOTE);
            prop_assert_eq!(found, (!bytes.is_empty()).then(|| place.unwrap_or(8)));
        }
    }
}
