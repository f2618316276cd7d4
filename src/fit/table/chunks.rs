//! A CSV stream in chunks of whole records, so that each can be read on its own.

use csv_core::{ReadRecordResult, Reader};
use std::io::{self, Read};

/// Bytes of a chunk; a record that is longer makes a longer one.
const CHUNK: usize = 1 << 18;
/// The longest record.
const LONGEST: usize = 64 << 20;

/// Some whole records.
pub(super) struct Chunk {
    /// Their number in the stream, from 0.
    pub(super) index: usize,
    /// Their bytes.
    pub(super) bytes: Vec<u8>,
    /// The line of the first, from 1.
    pub(super) line: u64,
    /// Whether there is a quote in them.
    pub(super) quoted: bool,
}

/// Cuts a stream into chunks.
pub(super) struct Chunks<R> {
    reader: R,
    rest: Vec<u8>,
    index: usize,
    line: u64,
    ended: bool,
}

impl<R: Read> Chunks<R> {
    pub(super) fn new(reader: R) -> Chunks<R> {
        Chunks { reader, rest: Vec::new(), index: 0, line: 1, ended: false }
    }

    /// Returns the next chunk.
    pub(super) fn next(&mut self) -> io::Result<Option<Chunk>> {
        let mut bytes = Vec::with_capacity(CHUNK + self.rest.len());
        bytes.append(&mut self.rest);
        let mut wanted = CHUNK;
        let (end, quoted) = loop {
            self.fill(&mut bytes, wanted)?;
            if bytes.is_empty() {
                return Ok(None);
            }
            let quoted = memchr::memchr(b'"', &bytes).is_some();
            if self.ended {
                break (bytes.len(), quoted);
            }
            let end = if quoted { last_record_end(&bytes) } else { last_line_end(&bytes) };
            if let Some(end) = end {
                break (end, quoted);
            }
            if bytes.len() >= LONGEST {
                let message =
                    format!("line {}: a record of more than {LONGEST} bytes; is a quote never closed?", self.line);
                return Err(io::Error::new(io::ErrorKind::InvalidData, message));
            }
            wanted = bytes.len() * 2;
        };
        self.rest.extend_from_slice(&bytes[end..]);
        bytes.truncate(end);
        let chunk = Chunk { index: self.index, line: self.line, quoted, bytes };
        self.index += 1;
        self.line += memchr::memchr_iter(b'\n', &chunk.bytes).count() as u64;
        Ok(Some(chunk))
    }

    /// Reads until there are so many bytes, or no more.
    fn fill(&mut self, bytes: &mut Vec<u8>, wanted: usize) -> io::Result<()> {
        let missing = wanted.saturating_sub(bytes.len());
        if missing == 0 || self.ended {
            return Ok(());
        }
        let read = (&mut self.reader).take(missing as u64).read_to_end(bytes)?;
        self.ended = read < missing;
        Ok(())
    }
}

fn last_line_end(bytes: &[u8]) -> Option<usize> {
    memchr::memrchr(b'\n', bytes).map(|at| at + 1)
}

/// Finds where the last whole record ends; a line break in quotes ends none.
fn last_record_end(bytes: &[u8]) -> Option<usize> {
    let mut reader = Reader::new();
    let (mut output, mut ends) = (vec![0; 1 << 12], vec![0; 1 << 8]);
    let (mut at, mut last) = (0, None);
    while at < bytes.len() {
        let (result, read, ..) = reader.read_record(&bytes[at..], &mut output, &mut ends);
        at += read;
        if let (ReadRecordResult::Record, Some(b'\n')) = (&result, bytes.get(at))
            && bytes[at - 1] == b'\r'
        {
            at += 1;
        }
        match result {
            // The line break after `\r` may be in the next piece.
            ReadRecordResult::Record if at < bytes.len() || bytes.ends_with(b"\n") => last = Some(at),
            ReadRecordResult::Record | ReadRecordResult::OutputFull | ReadRecordResult::OutputEndsFull => {}
            ReadRecordResult::InputEmpty | ReadRecordResult::End => break,
        }
    }
    last
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Returns the chunks of a stream as lengths, first lines and whether there are quotes.
    fn chunks(bytes: &[u8]) -> Vec<(usize, u64, bool)> {
        let mut chunks = Chunks::new(bytes);
        let mut found = Vec::new();
        let mut all = Vec::new();
        while let Some(chunk) = chunks.next().unwrap() {
            assert_eq!(chunk.index, found.len());
            found.push((chunk.bytes.len(), chunk.line, chunk.quoted));
            all.extend(chunk.bytes);
        }
        assert!(all == bytes, "bytes are lost");
        found
    }

    #[test]
    fn a_small_stream_is_one_chunk() {
        assert_eq!(chunks(b""), []);
        assert_eq!(chunks(b"a,b\n1,2"), [(7, 1, false)]);
        assert_eq!(chunks(b"a,\"b\nc\"\r\n"), [(9, 1, true)]);
    }

    #[test]
    fn chunks_end_with_records() {
        let plain = b"1,2,3\n".repeat(CHUNK / 4);
        let found = chunks(&plain);
        assert!(found.len() > 1 && found.iter().all(|(length, ..)| length % 6 == 0), "{found:?}");
        assert_eq!(found[1].1, found[0].0 as u64 / 6 + 1);
        // Records of two lines: each chunk starts at an odd one.
        let quoted = b"1,\"2\n\n3\"\r\n".repeat(CHUNK / 7);
        let found = chunks(&quoted);
        assert!(
            found.len() > 1 && found.iter().all(|(length, line, _)| length % 10 == 0 && line % 3 == 1),
            "{found:?}"
        );
    }

    #[test]
    fn a_quote_that_is_never_closed_is_an_error() {
        let endless = [b"\"".as_slice(), &b"bbbbbbb\n".repeat(LONGEST / 8 + 1)].concat();
        let error = Chunks::new(endless.as_slice()).next().err().unwrap().to_string();
        assert!(error.starts_with("line 1: a record of more than"), "{error}");
    }
}
