//! What ends a record.

use csv_core::{Reader, ReaderBuilder, Terminator};

/// The breaks that end records, outside of quotes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Breaks {
    /// `\n`, `\r\n` and `\r`.
    Any,
    /// `\n`; a `\r` belongs to its cell.
    LineFeed,
}

impl Breaks {
    /// Returns a reader for the start of a stream, where a mark of UTF-8 is passed over.
    pub(super) fn reader(self) -> Reader {
        let terminator = match self {
            Breaks::Any => Terminator::CRLF,
            Breaks::LineFeed => Terminator::Any(b'\n'),
        };
        ReaderBuilder::new().terminator(terminator).build()
    }

    /// Returns a reader for records within a stream.
    pub(super) fn reader_within(self) -> Reader {
        let mut reader = self.reader();
        // Once it has read something, even an empty line, no bytes are a mark to it.
        reader.read_record(b"\n", &mut [0], &mut [0]);
        reader
    }

    /// Tells whether a byte ends a record.
    pub(super) fn has(self, byte: u8) -> bool {
        byte == b'\n' || (byte == b'\r' && self == Breaks::Any)
    }
}
