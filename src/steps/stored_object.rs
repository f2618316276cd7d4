//! An object of the store, read by ranges: as few requests as possible, and few bytes that nobody wants.

use crate::archive::ReadAt;
use crate::outside::store::{ObjectKey, Store};
use std::cell::RefCell;
use std::io;

/// What is fetched beyond what was asked for: so much at first, twice as much each time that somebody reads on.
const FIRST: u64 = 64 << 10;
const MOST: u64 = 8 << 20;

/// Reads an object by ranges.
pub(super) struct StoredObject<'a> {
    store: &'a dyn Store,
    key: &'a ObjectKey,
    bytes: u64,
    window: RefCell<Window>,
}

/// What was fetched last.
#[derive(Default)]
struct Window {
    offset: u64,
    bytes: Vec<u8>,
}

impl Window {
    fn end(&self) -> u64 {
        self.offset + self.bytes.len() as u64
    }

    /// Returns how much to fetch at an offset that is not in the window.
    fn next(&self, offset: u64, wanted: u64) -> u64 {
        let goes_on = offset == self.end() && !self.bytes.is_empty();
        let ahead = if goes_on { (self.bytes.len() as u64 * 2).min(MOST) } else { FIRST };
        ahead.max(wanted)
    }
}

impl<'a> StoredObject<'a> {
    /// Names an object of so many bytes.
    pub(super) fn new(store: &'a dyn Store, key: &'a ObjectKey, bytes: u64) -> StoredObject<'a> {
        StoredObject { store, key, bytes, window: RefCell::default() }
    }
}

impl ReadAt for StoredObject<'_> {
    fn size(&self) -> io::Result<u64> {
        Ok(self.bytes)
    }

    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
        let wanted = (buffer.len() as u64).min(self.bytes.saturating_sub(offset));
        if wanted == 0 {
            return Ok(0);
        }
        let mut window = self.window.borrow_mut();
        if !(window.offset..window.end()).contains(&offset) {
            let length = window.next(offset, wanted).min(self.bytes - offset);
            let bytes = self.store.read_at(self.key, offset, length).map_err(io::Error::other)?;
            *window = Window { offset, bytes };
        }
        let from = usize::try_from(offset - window.offset).expect("a window is in memory");
        let found = &window.bytes[from.min(window.bytes.len())..];
        let length = found.len().min(buffer.len());
        buffer[..length].copy_from_slice(&found[..length]);
        Ok(length)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::outside::store::MemoryStore;

    #[test]
    fn whoever_reads_on_gets_larger_parts() {
        let store = MemoryStore::default();
        let key: ObjectKey = "a".parse().unwrap();
        let content: Vec<u8> = (0..1_000_000u32).map(|number| (number % 251) as u8).collect();
        store.put(&key, &content).unwrap();
        let object = StoredObject::new(&store, &key, content.len() as u64);
        let mut buffer = [0; 5000];
        let mut windows = Vec::new();
        let mut at = 0;
        while at < content.len() {
            let length = object.read_at(at as u64, &mut buffer).unwrap();
            assert!(length > 0 && buffer[..length] == content[at..at + length]);
            at += length;
            windows.push(object.window.borrow().bytes.len());
        }
        windows.dedup();
        assert_eq!(windows, [65_536, 131_072, 262_144, 524_288, 16_960]);
        assert_eq!(object.read_at(at as u64, &mut buffer).unwrap(), 0);
        // A jump begins small again.
        assert_eq!(object.read_at(10, &mut buffer).unwrap(), 5000);
        assert_eq!(object.window.borrow().bytes.len(), 65_536);
        assert_eq!(buffer[..], content[10..5010]);
    }
}
