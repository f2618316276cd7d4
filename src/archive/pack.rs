//! Entries -> tar.gz.

use super::entry::{Content, Entry};
use super::error::ArchiveError;
use super::header::{BLOCK, padding, write_header};
use super::layout::{Layout, MEMBER, content_size};
use super::manifest::{MANIFEST_PATH, write_manifest};
use super::member::{Compressor, Level, PackedMember, Workers};
use super::path::EntryPath;
use super::trailer::Trailer;
use super::{EntryKind, PathError};
use crate::value::{Digest, DigestWriter};
use std::io::Write;
use std::num::NonZeroUsize;

/// How to pack. Of all this, only `level`, `modified` and `provenance` change the bytes.
pub struct PackOptions<'a> {
    /// Threads that read, digest and compress; each needs about 4 MiB.
    pub threads: NonZeroUsize,
    /// How hard to compress.
    pub level: Level,
    /// The time of every entry, in seconds since 1970. Not the real ones: they differ each time.
    pub modified: u64,
    /// What to remember of where the files came from; kept as it is in the manifest.
    pub provenance: serde_json::Value,
    /// Called with the number of bytes of content packed so far, on the calling thread.
    pub progress: &'a dyn Fn(u64),
}

impl PackOptions<'_> {
    /// Returns options with the usual level and time, and no progress.
    pub fn new(threads: NonZeroUsize, provenance: serde_json::Value) -> PackOptions<'static> {
        PackOptions { threads, level: Level::default(), modified: 0, provenance, progress: &|_| {} }
    }
}

/// What was packed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Packed {
    /// Length of the archive in bytes.
    pub bytes: u64,
    /// SHA-256 of the archive.
    pub sha256: Digest,
    /// CRC32C of the archive, as bucket services want it.
    pub crc32c: u32,
    /// Number of regular files.
    pub files: u64,
    /// Sum of the lengths of the files.
    pub input_bytes: u64,
}

/// Packs entries into a `.tar.gz` that any tar reads, with a manifest and an index for ours.
///
/// The same entries, in whatever order, with the same options give the same bytes, for any number
/// of threads. The archive is complete only if this returns `Ok`.
pub fn pack(
    entries: Vec<Entry>,
    content: &dyn Content,
    out: &mut dyn Write,
    options: &PackOptions<'_>,
) -> Result<Packed, ArchiveError> {
    pack_in_members(entries, content, out, options, MEMBER)
}

pub(super) fn pack_in_members(
    entries: Vec<Entry>,
    content: &dyn Content,
    out: &mut dyn Write,
    options: &PackOptions<'_>,
    member: u64,
) -> Result<Packed, ArchiveError> {
    let layout = Layout::new(entries, member)?;
    let mut output = Output { out, digest: DigestWriter::default(), crc32c: 0, bytes: 0 };
    let mut lengths = Vec::with_capacity(layout.members.len());
    let mut digests = vec![None; layout.entries.len()];
    let mut input_bytes = 0;
    let workers = Workers { layout: &layout, content, level: options.level, modified: options.modified };
    workers.run(options.threads, &mut |packed: PackedMember| {
        output.write(&packed.bytes)?;
        lengths.push((packed.bytes.len() as u64, packed.unpacked));
        for (entry, digest) in packed.digests {
            digests[entry] = Some(digest);
        }
        input_bytes += packed.content;
        (options.progress)(input_bytes);
        Ok(())
    })?;
    let manifest_at = output.bytes;
    let manifest = write_manifest(&layout, &lengths, &digests, &options.provenance);
    let mut compressor = Compressor::new(options.level);
    for part in manifest_entry(&manifest, options.modified)?.chunks(MEMBER as usize) {
        output.write(compressor.compress(part))?;
    }
    output.write(&Trailer { manifest_at, sha256: output.digest.finish() }.encode())?;
    output.out.flush().map_err(ArchiveError::Write)?;
    let files = layout.entries.iter().filter(|entry| matches!(entry.kind, EntryKind::File { .. })).count() as u64;
    debug_assert_eq!(input_bytes, layout.entries.iter().map(content_size).sum::<u64>());
    Ok(Packed { bytes: output.bytes, sha256: output.digest.finish(), crc32c: output.crc32c, files, input_bytes })
}

/// Returns the manifest's tar entry and the end of the tar.
fn manifest_entry(manifest: &[u8], modified: u64) -> Result<Vec<u8>, ArchiveError> {
    let size = manifest.len() as u64;
    let path = EntryPath::new(MANIFEST_PATH)
        .map_err(|err: PathError| ArchiveError::BadPath { path: MANIFEST_PATH.into(), err })?;
    let entry = Entry { path, kind: EntryKind::File { size, executable: false } };
    let mut tar = Vec::with_capacity(manifest.len() + 4 * BLOCK);
    write_header(&entry, modified, &mut tar);
    tar.extend_from_slice(manifest);
    tar.resize(tar.len() + padding(size) as usize + 2 * BLOCK, 0);
    Ok(tar)
}

/// The archive as it grows.
struct Output<'a> {
    out: &'a mut dyn Write,
    digest: DigestWriter,
    crc32c: u32,
    bytes: u64,
}

impl Output<'_> {
    fn write(&mut self, bytes: &[u8]) -> Result<(), ArchiveError> {
        self.out.write_all(bytes).map_err(ArchiveError::Write)?;
        self.digest.update(bytes);
        self.crc32c = crc32c::crc32c_append(self.crc32c, bytes);
        self.bytes += bytes.len() as u64;
        Ok(())
    }
}
