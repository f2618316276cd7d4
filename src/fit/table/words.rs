//! A column of texts: each different text once, and a number for each row.

use super::number::is_missing;
use std::borrow::Cow;
use std::ops::Range;

/// Different texts, each with a number in the order in which they came.
#[derive(Debug, Clone, Default)]
pub(in crate::fit) struct Dictionary {
    /// The bytes of all texts, one after the other, and where each ends.
    bytes: Vec<u8>,
    ends: Vec<usize>,
    /// Codes by print, open addressing.
    places: Vec<Place>,
}

/// A text's print and code.
#[derive(Debug, Clone, Copy)]
struct Place {
    print: u64,
    code: u32,
}

/// The code of a place without one.
const FREE: Place = Place { print: 0, code: u32::MAX };

impl Dictionary {
    /// Returns how many texts there are.
    pub(in crate::fit) fn len(&self) -> usize {
        self.ends.len()
    }

    /// Returns a text.
    pub(in crate::fit) fn text(&self, code: u32) -> &[u8] {
        let code = code as usize;
        let start = if code == 0 { 0 } else { self.ends[code - 1] };
        &self.bytes[start..self.ends[code]]
    }

    /// Returns the code of a text, a new one if it was not there.
    pub(in crate::fit) fn code(&mut self, text: &[u8]) -> u32 {
        self.code_of(text, print(text))
    }

    fn code_of(&mut self, text: &[u8], print: u64) -> u32 {
        // Some places stay free, so that few are looked at.
        if self.ends.len() * 3 >= self.places.len() * 2 {
            self.grow();
        }
        match self.search(text, print) {
            Ok(code) => code,
            Err(place) => {
                let code = self.ends.len() as u32;
                self.bytes.extend_from_slice(text);
                self.ends.push(self.bytes.len());
                self.places[place] = Place { print, code };
                code
            }
        }
    }

    /// Returns the code of a text, if it is there.
    pub(in crate::fit) fn find(&self, text: &[u8]) -> Option<u32> {
        if self.places.is_empty() { None } else { self.search(text, print(text)).ok() }
    }

    /// Finds a text, or the place where it belongs.
    #[inline]
    fn search(&self, text: &[u8], print: u64) -> Result<u32, usize> {
        let mut at = first_place(print, self.places.len());
        loop {
            let place = self.places[at];
            if place.code == FREE.code {
                return Err(at);
            }
            if place.print == print && (text.len() <= SHORT || self.text(place.code) == text) {
                return Ok(place.code);
            }
            at = (at + 1) & (self.places.len() - 1);
        }
    }

    fn grow(&mut self) {
        let size = (self.places.len() * 2).max(64);
        let old = std::mem::replace(&mut self.places, vec![FREE; size]);
        for place in old.into_iter().filter(|place| place.code != FREE.code) {
            let mut at = first_place(place.print, size);
            while self.places[at].code != FREE.code {
                at = (at + 1) & (size - 1);
            }
            self.places[at] = place;
        }
    }

    /// Forgets all texts, and keeps their memory.
    fn clear(&mut self) {
        self.bytes.clear();
        self.ends.clear();
        self.places.fill(FREE);
    }
}

/// Returns where a print is looked for first.
fn first_place(print: u64, places: usize) -> usize {
    // The upper bits are the best mixed.
    (print.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 32) as usize & (places - 1)
}

/// Bytes of texts that their prints tell from all others, at most.
const SHORT: usize = 7;

/// Returns the bytes of a short text and its length, in the upper byte; for others a fingerprint with an upper byte
/// that no length has.
#[inline]
fn print(text: &[u8]) -> u64 {
    let length = text.len();
    let word = |bytes: Option<&[u8; 4]>| bytes.map_or(0, |bytes| u64::from(u32::from_le_bytes(*bytes)));
    let bytes = match length {
        4..=SHORT => word(text.first_chunk()) | word(text.last_chunk()) << (8 * (length - 4)),
        0..4 => text.iter().rev().fold(0, |all, byte| all << 8 | u64::from(*byte)),
        _ => return fingerprint(text) | 0xff << 56,
    };
    bytes | (length as u64) << 56
}

/// Returns the print of a short text at a place of some bytes, without a branch for each length. None = it is not
/// short, has spaces at its ends, or too few bytes follow it.
#[inline]
fn short_print(bytes: &[u8], text: &Range<usize>) -> Option<u64> {
    let length = text.len();
    let word = u64::from_le_bytes(*bytes.get(text.start..)?.first_chunk()?);
    if length == 0 || length > SHORT {
        return None;
    }
    let word = word & ((1 << (8 * length)) - 1);
    let (first, last) = (word as u8, (word >> (8 * (length - 1))) as u8);
    (first > b' ' && last > b' ').then_some(word | (length as u64) << 56)
}

/// A column of texts; the empty text stands for no value.
#[derive(Debug, Default)]
pub(in crate::fit) struct Texts {
    /// The code of each row.
    pub(in crate::fit) codes: Vec<u32>,
    cells: Dictionary,
    /// The print of the last short text, and its code.
    last: Option<(u64, u32)>,
    /// How many texts were looked at, and whether one of them stands for no value.
    looked_at: usize,
    lacks_some: bool,
}

impl Texts {
    /// Adds the cell at a place of some bytes, without spaces at its ends.
    #[inline]
    pub(super) fn push_at(&mut self, bytes: &[u8], cell: Range<usize>) {
        match short_print(bytes, &cell) {
            Some(print) => self.push_print(&bytes[cell], print),
            None => self.push(bytes[cell].trim_ascii()),
        }
    }

    /// Adds a cell.
    #[inline]
    pub(super) fn push(&mut self, cell: &[u8]) {
        self.push_print(cell, print(cell));
    }

    #[inline]
    fn push_print(&mut self, cell: &[u8], print: u64) {
        let code = match self.last {
            Some((last, code)) if last == print => code,
            Some(_) | None => self.cells.code_of(cell, print),
        };
        self.last = (cell.len() <= SHORT).then_some((print, code));
        self.codes.push(code);
    }

    /// Forgets all rows and texts.
    pub(super) fn clear(&mut self) {
        self.codes.clear();
        self.cells.clear();
        self.last = None;
        (self.looked_at, self.lacks_some) = (0, false);
    }

    /// Looks at the texts that are new.
    pub(super) fn look(&mut self) {
        let new = self.looked_at..self.cells.len();
        self.lacks_some |= new.clone().any(|code| is_missing(self.cells.text(code as u32)));
        self.looked_at = new.end;
    }

    /// Tells whether some text stands for no value.
    pub(in crate::fit) fn lacks_some(&self) -> bool {
        self.lacks_some
    }

    /// Returns how many codes there are.
    pub(in crate::fit) fn len(&self) -> usize {
        self.cells.len()
    }

    /// Returns the text of a code.
    pub(in crate::fit) fn text(&self, code: u32) -> Cow<'_, str> {
        match self.cells.text(code) {
            cell if is_missing(cell) => Cow::Borrowed(""),
            cell => String::from_utf8_lossy(cell),
        }
    }

    /// Returns the texts of all codes.
    pub(in crate::fit) fn texts(&self) -> impl Iterator<Item = Cow<'_, str>> {
        (0..self.cells.len() as u32).map(|code| self.text(code))
    }

    /// Returns the texts of all codes, each with memory of its own.
    pub(in crate::fit) fn owned(&self) -> Vec<String> {
        self.texts().map(Cow::into_owned).collect()
    }
}

/// Returns a fingerprint of bytes; good enough to find what is equal among some hundred thousand rows.
pub(super) fn fingerprint(bytes: &[u8]) -> u64 {
    const FACTOR: u64 = 0x9e37_79b9_7f4a_7c15;
    let mix = |hash: u64, word: u64| {
        let mixed = (hash ^ word).wrapping_mul(FACTOR);
        mixed ^ (mixed >> 29)
    };
    let (words, rest) = bytes.as_chunks::<8>();
    let mut hash = words.iter().fold(bytes.len() as u64, |hash, word| mix(hash, u64::from_le_bytes(*word)));
    let mut tail = [0; 8];
    tail[..rest.len()].copy_from_slice(rest);
    hash = mix(hash, u64::from_le_bytes(tail));
    mix(hash, hash >> 32)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashMap;

    #[test]
    fn prints_of_short_texts() {
        let bytes = b"12345678,a b,x,\xff\x0b, y,z ,1234567,\n9";
        let mut found = Vec::new();
        for start in 0..bytes.len() {
            for end in start..=bytes.len() {
                let text = &bytes[start..end];
                let expected = !text.is_empty()
                    && text.len() <= SHORT
                    && text[0] > b' '
                    && text[text.len() - 1] > b' '
                    && start + 8 <= bytes.len();
                assert_eq!(short_print(bytes, &(start..end)), expected.then(|| print(text)), "{text:?}");
                let (mut one, mut other) = (Texts::default(), Texts::default());
                one.push_at(bytes, start..end);
                other.push(text.trim_ascii());
                assert_eq!(one.text(0), other.text(0));
                found.push(expected);
            }
        }
        assert!(found.iter().filter(|is_short| **is_short).count() > 100);
    }

    #[test]
    fn every_text_has_one_code() {
        let mut texts = Texts::default();
        let mut known: HashMap<String, u32> = HashMap::new();
        for row in 0..5000u32 {
            let cell = format!("g{}", row.wrapping_mul(2_654_435_761) % 700);
            texts.push(cell.as_bytes());
            let code = texts.codes[row as usize];
            assert_eq!(*known.entry(cell.clone()).or_insert(code), code);
            assert_eq!(texts.text(code), cell);
        }
        assert_eq!((texts.len(), known.len()), (700, 700));
        // Texts of all lengths, and bytes that a length could be taken for.
        let others: Vec<Vec<u8>> =
            (0..12).flat_map(|length| [vec![0; length], vec![length as u8 + 1; length + 1]]).collect();
        let mut lengths = Texts::default();
        others.iter().for_each(|text| lengths.push(text));
        assert_eq!(lengths.len(), others.len());
        for (code, text) in others.iter().enumerate() {
            assert_eq!(
                (lengths.cells.find(text), lengths.cells.text(code as u32)),
                (Some(code as u32), text.as_slice())
            );
        }
        for (cell, expected) in [("", ""), ("N/A", ""), ("", ""), ("a", "a")] {
            texts.push(cell.as_bytes());
            assert_eq!(texts.text(*texts.codes.last().unwrap()), expected);
        }
        assert_eq!((texts.cells.find(b"a"), texts.cells.find(b"b")), (Some(702), None));
        // What is no value may be written in several ways.
        assert_eq!(texts.len(), 703);
    }
}
