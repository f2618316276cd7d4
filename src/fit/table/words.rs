//! A column of texts: each different text once, and a number for each row.

use super::number::is_missing;

/// A column of texts: `words[codes[row]]`; the empty text stands for no value.
#[derive(Debug, Default)]
pub(in crate::fit) struct Texts {
    pub(in crate::fit) codes: Vec<u32>,
    pub(in crate::fit) words: Vec<String>,
    /// The bytes of all words, one after the other, and where each ends.
    bytes: Vec<u8>,
    ends: Vec<usize>,
    /// Codes by fingerprint, open addressing; `FREE` where there is none.
    places: Vec<u32>,
}

/// A place without a code.
const FREE: u32 = u32::MAX;

impl Texts {
    /// Adds the cell of the next row.
    pub(super) fn push(&mut self, cell: &[u8]) {
        let code = match self.codes.last() {
            Some(&last) if self.word(last) == cell => last,
            Some(_) | None => self.code(cell),
        };
        self.codes.push(code);
    }

    fn word(&self, code: u32) -> &[u8] {
        let code = code as usize;
        let start = if code == 0 { 0 } else { self.ends[code - 1] };
        &self.bytes[start..self.ends[code]]
    }

    /// Returns the code of a text, a new one if it was not there.
    fn code(&mut self, cell: &[u8]) -> u32 {
        // At most half full, so that few places are looked at.
        if self.words.len() * 2 >= self.places.len() {
            self.grow();
        }
        let mut place = self.first_place(cell);
        loop {
            match self.places[place] {
                FREE => break,
                code if self.word(code) == cell => return code,
                _ => place = (place + 1) & (self.places.len() - 1),
            }
        }
        let code = self.words.len() as u32;
        let word = if is_missing(cell) { String::new() } else { String::from_utf8_lossy(cell).into_owned() };
        self.words.push(word);
        self.bytes.extend_from_slice(cell);
        self.ends.push(self.bytes.len());
        self.places[place] = code;
        code
    }

    fn grow(&mut self) {
        let size = (self.places.len() * 2).max(64);
        self.places = vec![FREE; size];
        for code in 0..self.words.len() as u32 {
            let mut place = self.first_place(self.word(code));
            while self.places[place] != FREE {
                place = (place + 1) & (size - 1);
            }
            self.places[place] = code;
        }
    }

    fn first_place(&self, cell: &[u8]) -> usize {
        // The upper bits are the best mixed.
        (fingerprint(cell) >> 32) as usize & (self.places.len() - 1)
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
            assert_eq!(texts.words[code as usize], cell);
        }
        assert_eq!((texts.words.len(), known.len()), (700, 700));
        for (cell, expected) in [("", ""), ("N/A", ""), ("", ""), ("a", "a")] {
            texts.push(cell.as_bytes());
            assert_eq!(texts.words[*texts.codes.last().unwrap() as usize], expected);
        }
        // What is no value may be written in several ways.
        assert_eq!(texts.words.len(), 703);
    }
}
