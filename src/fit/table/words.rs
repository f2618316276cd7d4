//! A column of texts: each different text once, and a number for each row.

use super::number::is_missing;
use std::borrow::Cow;

/// Different texts, each with a number in the order in which they came.
#[derive(Debug, Clone, Default)]
pub(in crate::fit) struct Dictionary {
    /// The bytes of all texts, one after the other, and where each ends.
    bytes: Vec<u8>,
    ends: Vec<usize>,
    /// Codes by fingerprint, open addressing; `FREE` where there is none.
    places: Vec<u32>,
}

/// A place without a code.
const FREE: u32 = u32::MAX;

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
        // At most half full, so that few places are looked at.
        if self.ends.len() * 2 >= self.places.len() {
            self.grow();
        }
        match self.search(text) {
            Ok(code) => code,
            Err(place) => {
                let code = self.ends.len() as u32;
                self.bytes.extend_from_slice(text);
                self.ends.push(self.bytes.len());
                self.places[place] = code;
                code
            }
        }
    }

    /// Returns the code of a text, if it is there.
    pub(in crate::fit) fn find(&self, text: &[u8]) -> Option<u32> {
        if self.places.is_empty() { None } else { self.search(text).ok() }
    }

    /// Finds a text, or the place where it belongs.
    fn search(&self, text: &[u8]) -> Result<u32, usize> {
        let mut place = self.first_place(text);
        loop {
            match self.places[place] {
                FREE => return Err(place),
                code if self.text(code) == text => return Ok(code),
                _ => place = (place + 1) & (self.places.len() - 1),
            }
        }
    }

    fn grow(&mut self) {
        let size = (self.places.len() * 2).max(64);
        self.places = vec![FREE; size];
        for code in 0..self.ends.len() as u32 {
            let mut place = self.first_place(self.text(code));
            while self.places[place] != FREE {
                place = (place + 1) & (size - 1);
            }
            self.places[place] = code;
        }
    }

    fn first_place(&self, text: &[u8]) -> usize {
        // The upper bits are the best mixed.
        (fingerprint(text) >> 32) as usize & (self.places.len() - 1)
    }

    /// Forgets all texts, and keeps their memory.
    fn clear(&mut self) {
        self.bytes.clear();
        self.ends.clear();
        self.places.fill(FREE);
    }
}

/// A column of texts; the empty text stands for no value.
#[derive(Debug, Default)]
pub(in crate::fit) struct Texts {
    /// The code of each row.
    pub(in crate::fit) codes: Vec<u32>,
    cells: Dictionary,
}

impl Texts {
    /// Adds the cell of the next row.
    pub(super) fn push(&mut self, cell: &[u8]) {
        let code = match self.codes.last() {
            Some(&last) if self.cells.text(last) == cell => last,
            Some(_) | None => self.cells.code(cell),
        };
        self.codes.push(code);
    }

    /// Forgets all rows and texts.
    pub(super) fn clear(&mut self) {
        self.codes.clear();
        self.cells.clear();
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
        for (cell, expected) in [("", ""), ("N/A", ""), ("", ""), ("a", "a")] {
            texts.push(cell.as_bytes());
            assert_eq!(texts.text(*texts.codes.last().unwrap()), expected);
        }
        assert_eq!((texts.cells.find(b"a"), texts.cells.find(b"b")), (Some(702), None));
        // What is no value may be written in several ways.
        assert_eq!(texts.len(), 703);
    }
}
