//! Records that may have quotes, one after the other, by `csv-core`.

use super::breaks::Breaks;
use csv_core::{ReadRecordResult, Reader};

/// The records of some bytes, by `csv-core`.
pub(crate) struct Records<'a> {
    bytes: &'a [u8],
    breaks: Breaks,
    reader: Reader,
    line: u64,
    at: usize,
    start: usize,
    output: Vec<u8>,
    ends: Vec<usize>,
    count: usize,
}

impl<'a> Records<'a> {
    pub(super) fn new(bytes: &'a [u8], first_line: u64, breaks: Breaks) -> Records<'a> {
        Records {
            bytes,
            breaks,
            reader: breaks.reader_within(),
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
        while let Some(byte) = self.bytes.get(self.at).filter(|byte| self.breaks.has(**byte)) {
            self.line += u64::from(*byte == b'\n');
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

    /// Goes to the start of a record, on a line.
    pub(super) fn go_to(&mut self, start: usize, line: u64) {
        (self.start, self.at, self.line) = (start, start, line);
    }

    /// Returns how many cells the record has.
    pub(super) fn count(&self) -> usize {
        self.count
    }

    /// Returns the cells without their quotes.
    pub(crate) fn cells(&self) -> impl Iterator<Item = &[u8]> {
        (0..self.count).map(|index| self.cell(index))
    }

    /// Returns a cell without its quotes.
    pub(super) fn cell(&self, index: usize) -> &[u8] {
        let start = if index == 0 { 0 } else { self.ends[index - 1] };
        &self.output[start..self.ends[index]]
    }

    /// Returns the bytes of the record without its line's end.
    pub(super) fn raw(&self) -> &[u8] {
        self.bytes[self.start..self.at].trim_ascii_end()
    }

    /// Returns where the next record starts.
    pub(super) fn end(&self) -> usize {
        self.at
    }
}
