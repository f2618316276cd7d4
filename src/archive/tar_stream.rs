//! A tar, entry by entry, read strictly.
//!
//! The `tar` crate's own reader is made to get as much as possible out of any file: it ends
//! quietly where a file is cut at a block, and keeps names of any length in memory. Here the crate
//! decodes headers, and what follows from them is ours.

use super::entry::ItemKind;
use super::error::{ArchiveError, Fault};
use super::gunzip::Gunzip;
use super::header::{BLOCK, padding};
use super::path::{EntryPath, link_stays_inside};
use std::io::{self, Read as _};
use tar::Header;

/// The longest name or PAX record that is read, in bytes.
const LONGEST_RECORD: u64 = 64 << 10;

/// An entry without its content.
#[derive(Debug)]
pub(super) struct Head {
    pub(super) path: EntryPath,
    pub(super) kind: ItemKind,
    /// Where its first header starts, unpacked.
    pub(super) starts_at: u64,
}

/// Reads a tar to its very end.
pub(super) struct TarStream<'a> {
    input: Gunzip<'a>,
    /// Bytes of the current content not read yet.
    left: u64,
    /// Bytes between it and the next header.
    padding: u64,
}

/// What records before a header say of it.
#[derive(Default)]
struct Records {
    path: Option<Vec<u8>>,
    link: Option<Vec<u8>>,
    size: Option<u64>,
    sparse: bool,
    any: bool,
}

impl<'a> TarStream<'a> {
    pub(super) fn new(input: Gunzip<'a>) -> TarStream<'a> {
        TarStream { input, left: 0, padding: 0 }
    }

    pub(super) fn input(&self) -> &Gunzip<'a> {
        &self.input
    }

    /// Reads on to the header of the next entry; `None` after the last one, where everything up to
    /// the end of the file has been read and checked.
    pub(super) fn next_head(&mut self) -> Result<Option<Head>, ArchiveError> {
        self.skip(self.left + self.padding)?;
        (self.left, self.padding) = (0, 0);
        let mut starts_at = self.input.at();
        let mut records = Records::default();
        loop {
            let at = self.input.at();
            let block = self.block()?;
            if block == [0; BLOCK] {
                if records.any {
                    return Err(ArchiveError::malformed(at, Fault::Dangling));
                }
                self.end()?;
                return Ok(None);
            }
            let header = Header::from_byte_slice(&block);
            check_checksum(header, at)?;
            let size = header.entry_size().map_err(|_| ArchiveError::malformed(at, Fault::Number("size")))?;
            match header.entry_type().as_byte() {
                b'L' => records.path = Some(trim(self.record(size)?)),
                b'K' => records.link = Some(trim(self.record(size)?)),
                b'x' => self.pax_record(size, &mut records)?,
                // Defaults for all entries that follow: `git archive` puts the commit there.
                b'g' => {
                    let mut defaults = Records::default();
                    self.pax_record(size, &mut defaults)?;
                    if defaults.path.is_some() || defaults.link.is_some() || defaults.size.is_some() {
                        return Err(ArchiveError::malformed(at, Fault::Pax));
                    }
                    starts_at = self.input.at();
                    continue;
                }
                _ => match self.head(header, size, std::mem::take(&mut records), starts_at)? {
                    Some(head) => return Ok(Some(head)),
                    None => {
                        starts_at = self.input.at();
                        continue;
                    }
                },
            }
            records.any = true;
        }
    }

    /// Reads content of the current entry; 0 bytes at its end.
    pub(super) fn read_content(&mut self, buffer: &mut [u8]) -> Result<usize, ArchiveError> {
        let most = usize::try_from(self.left).unwrap_or(usize::MAX).min(buffer.len());
        if most == 0 {
            return Ok(0);
        }
        let length = self.fill_some(&mut buffer[..most])?;
        if length == 0 {
            return Err(ArchiveError::Truncated { at: self.input.at() });
        }
        self.left -= length as u64;
        Ok(length)
    }

    /// Reads and drops everything before `place`, counted in unpacked bytes.
    pub(super) fn skip_to(&mut self, place: u64) -> Result<(), ArchiveError> {
        (self.left, self.padding) = (0, 0);
        self.skip(place.saturating_sub(self.input.at()))
    }

    /// Turns a header into an entry; `None` for the root itself, which some programs store.
    fn head(
        &mut self,
        header: &Header,
        size: u64,
        records: Records,
        starts_at: u64,
    ) -> Result<Option<Head>, ArchiveError> {
        let at = self.input.at();
        let size = records.size.unwrap_or(size);
        let stored = records.path.unwrap_or_else(|| header.path_bytes().into_owned());
        let bad_path = |err| ArchiveError::BadPath { path: stored.clone(), err };
        let kind = header.entry_type().as_byte();
        // Tars of the seventies mark folders by a slash only.
        let is_folder = kind == b'5' || (matches!(kind, 0 | b'0') && stored.ends_with(b"/"));
        let path = match EntryPath::lenient(&stored).map_err(bad_path)? {
            Some(path) => path,
            None if is_folder && size == 0 => return Ok(None),
            None => return Err(bad_path(super::PathError::Empty)),
        };
        let unsupported = |what: String| Err(ArchiveError::Unsupported { path: path.clone(), what });
        if records.sparse {
            return unsupported("a sparse file".to_owned());
        }
        let link = records.link.or_else(|| header.link_name_bytes().map(|name| name.into_owned())).unwrap_or_default();
        let kind = match kind {
            _ if is_folder => ItemKind::Directory,
            0 | b'0' | b'7' => {
                let mode = header.mode().map_err(|_| ArchiveError::malformed(at, Fault::Number("mode")))?;
                ItemKind::File { size, executable: mode & 0o100 != 0, sha256: None }
            }
            b'1' => match EntryPath::lenient(&link) {
                Ok(Some(existing)) => ItemKind::HardLink { existing },
                _ => return Err(ArchiveError::LinkLeaves { path, target: link }),
            },
            b'2' if link_stays_inside(&path, &link) => ItemKind::Symlink { target: link },
            b'2' => return Err(ArchiveError::LinkLeaves { path, target: link }),
            b'3' => return unsupported("a character device".to_owned()),
            b'4' => return unsupported("a block device".to_owned()),
            b'6' => return unsupported("a named pipe".to_owned()),
            b'S' => return unsupported("a sparse file".to_owned()),
            other => return unsupported(format!("an entry of type `{}`", char::from(other).escape_default())),
        };
        if size > 0 && !matches!(kind, ItemKind::File { .. }) {
            return Err(ArchiveError::malformed(at, Fault::Content));
        }
        (self.left, self.padding) = (size, padding_of(size, at)?);
        Ok(Some(Head { path, kind, starts_at }))
    }

    /// Reads the content of a record that describes the next entry.
    fn record(&mut self, size: u64) -> Result<Vec<u8>, ArchiveError> {
        if size > LONGEST_RECORD {
            return Err(ArchiveError::malformed(self.input.at(), Fault::LongRecord(size)));
        }
        let mut record = vec![0; (size + padding(size)) as usize];
        self.fill(&mut record)?;
        record.truncate(size as usize);
        Ok(record)
    }

    fn pax_record(&mut self, size: u64, records: &mut Records) -> Result<(), ArchiveError> {
        let at = self.input.at();
        let record = self.record(size)?;
        let malformed = || ArchiveError::malformed(at, Fault::Pax);
        let mut rest = record.as_slice();
        while !rest.is_empty() {
            let (key, value, after) = split_pax(rest).ok_or_else(malformed)?;
            rest = after;
            match key {
                b"path" => records.path = Some(value.to_vec()),
                b"linkpath" => records.link = Some(value.to_vec()),
                b"size" => {
                    let size = std::str::from_utf8(value).ok().and_then(|text| text.parse().ok());
                    records.size = Some(size.ok_or_else(|| ArchiveError::malformed(at, Fault::Number("size")))?);
                }
                key if key.starts_with(b"GNU.sparse.") => records.sparse = true,
                // Times, owners and attributes, which are not kept.
                _ => {}
            }
        }
        Ok(())
    }

    fn block(&mut self) -> Result<[u8; BLOCK], ArchiveError> {
        let mut block = [0; BLOCK];
        self.fill(&mut block)?;
        Ok(block)
    }

    /// Reads the rest after the first block of zeros: at least another one, and nothing but zeros.
    fn end(&mut self) -> Result<(), ArchiveError> {
        if self.block()? != [0; BLOCK] {
            return Err(ArchiveError::malformed(self.input.at(), Fault::AfterEnd));
        }
        let mut buffer = [0; 8192];
        loop {
            let at = self.input.at();
            match self.fill_some(&mut buffer)? {
                0 => return Ok(()),
                length if buffer[..length].iter().all(|&byte| byte == 0) => {}
                _ => return Err(ArchiveError::malformed(at, Fault::AfterEnd)),
            }
        }
    }

    fn skip(&mut self, mut length: u64) -> Result<(), ArchiveError> {
        let mut buffer = [0; 8192];
        while length > 0 {
            let most = usize::try_from(length).unwrap_or(usize::MAX).min(buffer.len());
            let skipped = self.fill_some(&mut buffer[..most])?;
            if skipped == 0 {
                return Err(ArchiveError::Truncated { at: self.input.at() });
            }
            length -= skipped as u64;
        }
        Ok(())
    }

    fn fill(&mut self, mut buffer: &mut [u8]) -> Result<(), ArchiveError> {
        while !buffer.is_empty() {
            let length = self.fill_some(buffer)?;
            if length == 0 {
                return Err(ArchiveError::Truncated { at: self.input.at() });
            }
            buffer = &mut buffer[length..];
        }
        Ok(())
    }

    fn fill_some(&mut self, buffer: &mut [u8]) -> Result<usize, ArchiveError> {
        loop {
            match self.input.read(buffer) {
                Err(err) if err.kind() == io::ErrorKind::Interrupted => {}
                result => return result.map_err(|err| ArchiveError::from_stream(err, self.input.at())),
            }
        }
    }
}

fn padding_of(size: u64, at: u64) -> Result<u64, ArchiveError> {
    match size.checked_next_multiple_of(BLOCK as u64) {
        Some(padded) => Ok(padded - size),
        None => Err(ArchiveError::malformed(at, Fault::Number("size"))),
    }
}

fn check_checksum(header: &Header, at: u64) -> Result<(), ArchiveError> {
    let bytes = header.as_bytes();
    // The sum is made with blanks in its own field.
    let sum: u32 = bytes[..148].iter().chain(&[b' '; 8]).chain(&bytes[156..]).map(|&byte| u32::from(byte)).sum();
    if header.cksum().is_ok_and(|stored| stored == sum) {
        Ok(())
    } else {
        Err(ArchiveError::malformed(at, Fault::HeaderChecksum))
    }
}

/// Splits the first `LENGTH KEY=VALUE\n` off; by its length, since values may hold line ends.
fn split_pax(bytes: &[u8]) -> Option<(&[u8], &[u8], &[u8])> {
    let blank = bytes.iter().position(|&byte| byte == b' ')?;
    let length: usize = std::str::from_utf8(&bytes[..blank]).ok()?.parse().ok()?;
    let (record, rest) = bytes.split_at_checked(length)?;
    let pair = record.get(blank + 1..)?.strip_suffix(b"\n")?;
    let equals = pair.iter().position(|&byte| byte == b'=')?;
    Some((&pair[..equals], &pair[equals + 1..], rest))
}

fn trim(mut name: Vec<u8>) -> Vec<u8> {
    while name.last() == Some(&0) {
        name.pop();
    }
    name
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pax_records() {
        let check = |input: &[u8], expected: Option<(&[u8], &[u8], &[u8])>| assert_eq!(split_pax(input), expected);
        check(b"8 a=b c\n", Some((b"a", b"b c", b"")));
        check(b"8 a=b\nc\n6 x=y\n", Some((b"a", b"b\nc", b"6 x=y\n")));
        check(b"6 a=b\n\0", Some((b"a", b"b", b"\0")));
        check(b"7 a=b\n", None);
        check(b"5 a=b\n", None);
        check(b"a=b\n", None);
        check(b"4 a\n", None);
        check(b"2 a=b\n", None);
        check(b"", None);
    }
}
