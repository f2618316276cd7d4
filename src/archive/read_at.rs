//! Reading ranges of something that lies elsewhere: a file, memory, an object in a bucket.

use super::error::ArchiveError;
use crate::value::DigestWriter;
use std::io::{self, Read};

/// A file that can be read from any place in it.
pub trait ReadAt {
    /// Returns its length in bytes.
    fn size(&self) -> io::Result<u64>;

    /// Reads into `buffer` from `offset`; may read less, and 0 bytes only at the end.
    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<usize>;
}

impl ReadAt for [u8] {
    fn size(&self) -> io::Result<u64> {
        Ok(self.len() as u64)
    }

    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
        let rest = usize::try_from(offset).ok().and_then(|offset| self.get(offset..)).unwrap_or_default();
        let length = rest.len().min(buffer.len());
        buffer[..length].copy_from_slice(&rest[..length]);
        Ok(length)
    }
}

impl ReadAt for Vec<u8> {
    fn size(&self) -> io::Result<u64> {
        self.as_slice().size()
    }

    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
        self.as_slice().read_at(offset, buffer)
    }
}

/// Reads a range from its start to its end, and digests what it reads.
pub(super) struct RangeReader<'a> {
    source: &'a dyn ReadAt,
    at: u64,
    end: u64,
    read: u64,
    digest: Option<DigestWriter>,
}

impl<'a> RangeReader<'a> {
    pub(super) fn new(source: &'a dyn ReadAt, at: u64, end: u64) -> RangeReader<'a> {
        RangeReader { source, at, end, read: 0, digest: None }
    }

    pub(super) fn digesting(self) -> RangeReader<'a> {
        RangeReader { digest: Some(DigestWriter::default()), ..self }
    }

    /// Returns where the next byte comes from.
    pub(super) fn at(&self) -> u64 {
        self.at
    }

    /// Returns how many bytes were read.
    pub(super) fn count(&self) -> u64 {
        self.read
    }

    pub(super) fn digest(&self) -> Option<&DigestWriter> {
        self.digest.as_ref()
    }
}

impl Read for RangeReader<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let left = usize::try_from(self.end.saturating_sub(self.at)).unwrap_or(usize::MAX);
        let length = left.min(buffer.len());
        if length == 0 {
            return Ok(0);
        }
        let read = read_once(self.source, self.at, &mut buffer[..length]).map_err(ArchiveError::into_stream)?;
        if let Some(digest) = &mut self.digest {
            digest.update(&buffer[..read]);
        }
        self.at += read as u64;
        self.read += read as u64;
        Ok(read)
    }
}

/// Reads something, however often it is interrupted.
pub(super) fn read_once(source: &dyn ReadAt, at: u64, buffer: &mut [u8]) -> Result<usize, ArchiveError> {
    loop {
        match source.read_at(at, buffer) {
            Err(err) if err.kind() == io::ErrorKind::Interrupted => {}
            result => return result.map_err(ArchiveError::Read),
        }
    }
}
