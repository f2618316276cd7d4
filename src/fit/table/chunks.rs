//! A CSV stream in chunks of whole records, so that each can be read on its own.

use super::breaks::Breaks;
use csv_core::ReadRecordResult;
use std::io::{self, Read};
use std::ops::Range;

/// Bytes of a chunk, which with its columns stays in the second-level cache; a record that is longer makes
/// a longer one.
pub(crate) const CHUNK: usize = 1 << 17;
/// The longest record.
const LONGEST: usize = 64 << 20;

/// Some whole records; the memory is used again for the next.
#[derive(Debug, Default)]
pub(crate) struct Chunk {
    buffer: Vec<u8>,
    filled: Range<usize>,
    /// The line of the first, from 1.
    pub(crate) line: u64,
    /// How many line feeds they have.
    pub(super) lines: usize,
    /// Whether there is a quote in them.
    pub(super) quoted: bool,
}

impl Chunk {
    pub(crate) fn bytes(&self) -> &[u8] {
        &self.buffer[self.filled.clone()]
    }

    /// Takes bytes off the start, which have some line feeds.
    pub(crate) fn skip(&mut self, bytes: usize, lines: usize) {
        self.filled.start += bytes;
        self.line += lines as u64;
        self.lines -= lines;
    }

    /// Leaves only the first bytes.
    pub(super) fn cut(&mut self, bytes: usize) {
        self.filled.end = self.filled.start + bytes;
        self.lines = line_feeds(self.bytes());
    }
}

/// Cuts a stream into chunks.
pub(crate) struct Chunks<R> {
    reader: R,
    breaks: Breaks,
    size: usize,
    rest: Vec<u8>,
    line: u64,
    ended: bool,
}

impl<R: Read> Chunks<R> {
    /// Cuts a table that may have any line breaks.
    pub(super) fn new(reader: R) -> Chunks<R> {
        Chunks::of(reader, Breaks::Any, CHUNK)
    }

    /// Cuts a stream whose records end with some breaks into chunks of so many bytes, unless a record is longer.
    pub(crate) fn of(reader: R, breaks: Breaks, size: usize) -> Chunks<R> {
        Chunks { reader, breaks, size: size.max(1), rest: Vec::new(), line: 1, ended: false }
    }

    /// Tells whether nothing is left.
    pub(crate) fn is_done(&self) -> bool {
        self.ended && self.rest.is_empty()
    }

    /// Takes the next chunk; false if there is none.
    pub(crate) fn next(&mut self, chunk: &mut Chunk) -> io::Result<bool> {
        let buffer = &mut chunk.buffer;
        let room = self.size.max(self.rest.len());
        if buffer.len() < room {
            buffer.resize(room, 0);
        }
        let mut length = self.rest.len();
        buffer[..length].copy_from_slice(&self.rest);
        let (end, quoted) = loop {
            length = self.fill(buffer, length)?;
            let bytes = &buffer[..length];
            if bytes.is_empty() {
                return Ok(false);
            }
            let quoted = memchr::memchr(b'"', bytes).is_some();
            if self.ended {
                break (length, quoted);
            }
            let end = match self.breaks {
                _ if !quoted => last_line_end(bytes),
                Breaks::Any => last_record_end(bytes, self.line == 1),
                Breaks::LineFeed => last_feed_outside(bytes, self.line == 1),
            };
            if let Some(end) = end {
                break (end, quoted);
            }
            if length >= LONGEST {
                let message =
                    format!("line {}: a record of more than {LONGEST} bytes; is a quote never closed?", self.line);
                return Err(io::Error::new(io::ErrorKind::InvalidData, message));
            }
            buffer.resize(length * 2, 0);
        };
        self.rest.clear();
        self.rest.extend_from_slice(&buffer[end..length]);
        let lines = line_feeds(&buffer[..end]);
        (chunk.filled, chunk.line) = (0..end, self.line);
        (chunk.lines, chunk.quoted) = (lines, quoted);
        self.line += lines as u64;
        Ok(true)
    }

    /// Reads until a buffer is full or nothing is left; returns how many bytes it has.
    fn fill(&mut self, buffer: &mut [u8], mut length: usize) -> io::Result<usize> {
        while length < buffer.len() && !self.ended {
            match self.reader.read(&mut buffer[length..]) {
                Ok(0) => self.ended = true,
                Ok(read) => length += read,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(length)
    }
}

fn line_feeds(bytes: &[u8]) -> usize {
    memchr::memchr_iter(b'\n', bytes).count()
}

fn last_line_end(bytes: &[u8]) -> Option<usize> {
    memchr::memrchr(b'\n', bytes).map(|at| at + 1)
}

/// Finds where the last whole record ends; a line break in quotes ends none. `first` says that the stream starts here.
fn last_record_end(bytes: &[u8], first: bool) -> Option<usize> {
    let mut reader = if first { Breaks::Any.reader() } else { Breaks::Any.reader_within() };
    let (mut output, mut ends) = (vec![0; 1 << 12], vec![0; 1 << 8]);
    let (mut at, mut last) = (0, None);
    let (mut starts, mut quote) = (true, 0);
    while at < bytes.len() {
        // Lines up to the next quote are records.
        if starts && at > quote {
            let next = memchr::memchr(b'"', &bytes[at..]);
            quote = next.map_or(bytes.len(), |next| at + next);
            if let Some(end) = last_line_end(&bytes[at..quote]) {
                at += end;
                last = Some(at);
            }
            if next.is_none() {
                break;
            }
        }
        let (result, read, ..) = reader.read_record(&bytes[at..], &mut output, &mut ends);
        at += read;
        starts = matches!(result, ReadRecordResult::Record);
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

/// Finds the end of the last record where only line feeds end records, from quote to quote: one at the start of a cell
/// opens it, the next that is not doubled closes it, and others are letters.
fn last_feed_outside(bytes: &[u8], first: bool) -> Option<usize> {
    let mark = if first && bytes.starts_with(b"\xef\xbb\xbf") { 3 } else { 0 };
    let (mut last, mut open) = (None, false);
    // Where what stands outside of quotes begins, and the first quote that is not looked at.
    let (mut outside, mut next) = (0, 0);
    for quote in memchr::memchr_iter(b'"', bytes) {
        if quote < next {
            continue;
        }
        next = quote + 1;
        if open && bytes.get(next) == Some(&b'"') {
            next += 1;
        } else if open {
            (open, outside) = (false, next);
        } else if quote == mark || matches!(bytes[..quote].last(), Some(b',' | b'\n')) {
            last = match &bytes[outside..quote] {
                // Nearly always there is only what divides cells.
                b"," | b"" => last,
                b"\n" => Some(quote),
                between => last_line_end(between).map(|end| outside + end).or(last),
            };
            open = true;
        }
    }
    let tail = if open { None } else { last_line_end(&bytes[outside..]) };
    tail.map(|end| outside + end).or(last)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Returns the chunks of a stream as lengths, first lines and whether there are quotes.
    fn chunks(bytes: &[u8]) -> Vec<(usize, u64, bool)> {
        chunks_of(Chunks::new(bytes), bytes)
    }

    fn chunks_of(mut chunks: Chunks<&[u8]>, bytes: &[u8]) -> Vec<(usize, u64, bool)> {
        let mut found = Vec::new();
        let mut all = Vec::new();
        let mut chunk = Chunk::default();
        while chunks.next(&mut chunk).unwrap() {
            assert_eq!(chunk.lines, line_feeds(chunk.bytes()));
            found.push((chunk.bytes().len(), chunk.line, chunk.quoted));
            all.extend_from_slice(chunk.bytes());
        }
        assert!(chunks.is_done());
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
    fn small_chunks_end_with_records_too() {
        let check = |text: &str, breaks: Breaks, expected: &[usize]| {
            let found = chunks_of(Chunks::of(text.as_bytes(), breaks, 4), text.as_bytes());
            let lengths: Vec<usize> = found.iter().map(|(length, ..)| *length).collect();
            assert_eq!(lengths, expected, "{text:?} {breaks:?}");
        };
        check("a\nb\ncd\nefghi\nj", Breaks::LineFeed, &[4, 3, 7]);
        check("\"a\nb\"\nc\n", Breaks::LineFeed, &[8]);
        check("\"\"\"\n\"\nc\nd", Breaks::LineFeed, &[8, 1]);
        // A quote within a cell is a letter.
        check("a\"\nb\"\nc\nd", Breaks::LineFeed, &[3, 3, 3]);
        check("a\r\"\n\"\n", Breaks::LineFeed, &[4, 2]);
        check("a\r\"\n\"\n", Breaks::Any, &[2, 4]);
        // Only at the start of a file are these bytes a mark.
        check("\u{feff}\"\n\"\nb\n", Breaks::LineFeed, &[7, 2]);
        check("abc\n\u{feff}\"\n\"\nxyz\n", Breaks::LineFeed, &[4, 5, 6]);
    }

    #[test]
    fn a_quote_that_is_never_closed_is_an_error() {
        let endless = [b"\"".as_slice(), &b"bbbbbbb\n".repeat(LONGEST / 8 + 1)].concat();
        let error = Chunks::new(endless.as_slice()).next(&mut Chunk::default()).err().unwrap().to_string();
        assert!(error.starts_with("line 1: a record of more than"), "{error}");
    }
}
