//! tar.gz -> entries.

use super::checked::{
    FileContent, Visit, check_hard_link, deliver, no_such_file, node, read_head, read_stored, restore_error,
    visit_content,
};
use super::entry::{Item, ItemKind, Sink};
use super::error::{ArchiveError, Excess, Fault, Place};
use super::gunzip::Gunzip;
use super::limits::Limits;
use super::manifest::{MANIFEST_PATH, Manifest};
use super::path::EntryPath;
use super::read_at::{RangeReader, ReadAt, read_once};
use super::tar_stream::{Head, TarStream};
use super::trailer::{TRAILER, Trailer};
use super::tree::Tree;
use crate::value::DigestWriter;
use std::io::{self, Read as _, Write};

/// Packed bytes asked for at a time when a whole archive is read.
const WHOLE: usize = 256 << 10;

/// The same for a part of it: a member of usual length comes with one request.
const PART: u64 = 1 << 20;

/// An archive to read: one of ours, with a manifest, or any other `.tar.gz`.
pub struct Archive<'a> {
    source: &'a dyn ReadAt,
    size: u64,
    index: Option<(Trailer, Manifest)>,
    limits: Limits,
}

/// What was read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Tally {
    /// Entries of any kind.
    pub entries: u64,
    /// Regular files.
    pub files: u64,
    /// Bytes of content.
    pub bytes: u64,
}

impl Tally {
    fn count(&mut self, item: &Item) {
        self.entries += 1;
        if let ItemKind::File { size, .. } = item.kind {
            self.files += 1;
            self.bytes += size;
        }
    }
}

impl<'a> Archive<'a> {
    /// Opens an archive. Of ours, the manifest is read and compared with the limits; of others,
    /// nothing is read yet.
    pub fn open(source: &'a dyn ReadAt, limits: Limits) -> Result<Archive<'a>, ArchiveError> {
        let size = source.size().map_err(ArchiveError::Read)?;
        let mut archive = Archive { source, size, index: None, limits };
        if let Some(trailer) = archive.read_trailer()? {
            let manifest = archive.read_manifest(trailer)?;
            archive.check_promise(&manifest)?;
            archive.index = Some((trailer, manifest));
        }
        Ok(archive)
    }

    /// Returns the manifest, which archives of other programs do not have.
    pub fn manifest(&self) -> Option<&Manifest> {
        self.index.as_ref().map(|(_, manifest)| manifest)
    }

    /// Returns what is in it: from the manifest, or by reading everything.
    pub fn list(&self) -> Result<Vec<Item>, ArchiveError> {
        match &self.index {
            Some((_, manifest)) => Ok(manifest.items().cloned().collect()),
            None => {
                let mut items = Vec::new();
                self.each(&mut |item, _| {
                    items.push(item.clone());
                    Ok(())
                })?;
                Ok(items)
            }
        }
    }

    /// Reads everything and checks all there is to check: of ours, every byte, every digest, the
    /// index and that manifest and tar agree; of others, checksums and structure.
    pub fn verify(&self) -> Result<Tally, ArchiveError> {
        let mut tally = Tally::default();
        self.each(&mut |item, _| {
            tally.count(item);
            Ok(())
        })?;
        Ok(tally)
    }

    /// Restores everything. What was given to `sink` is to be trusted only if this returns `Ok`.
    pub fn restore_all(&self, sink: &mut dyn Sink) -> Result<Tally, ArchiveError> {
        let mut tally = Tally::default();
        self.each(&mut |item, content| {
            tally.count(item);
            deliver(item, content, sink)
        })?;
        Ok(tally)
    }

    /// Restores the items that `keep` chooses. Of ours, only the members they lie in are read.
    pub fn restore_some(
        &self,
        keep: &mut dyn FnMut(&Item) -> bool,
        sink: &mut dyn Sink,
    ) -> Result<Tally, ArchiveError> {
        let mut tally = Tally::default();
        let Some((trailer, manifest)) = &self.index else {
            let mut kept = Tree::new(self.limits.entries);
            self.each(&mut |item, content| {
                if keep(item) {
                    check_hard_link(item, &kept)?;
                    kept.add(&item.path, node(&item.kind))?;
                    tally.count(item);
                    deliver(item, content, sink)?;
                }
                Ok(())
            })?;
            return Ok(tally);
        };
        let mut tree = Tree::new(self.limits.entries);
        let mut stream: Option<TarStream<'_>> = None;
        for (index, stored) in manifest.items.iter().enumerate() {
            // Those left out are in the tree, too: whether something lies below a link does not
            // depend on what is chosen.
            tree.add(&stored.item.path, node(&stored.item.kind))?;
            if !keep(&stored.item) {
                continue;
            }
            let ahead = |stream: &TarStream<'_>| {
                let at = stream.input().at();
                manifest.members[stored.member].unpacked_at <= at && at <= stored.unpacked_at
            };
            let mut stream_here = match stream.take() {
                Some(stream) if ahead(&stream) => stream,
                _ => self.open_member(manifest, stored.member, trailer.manifest_at, WHOLE),
            };
            tally.count(&stored.item);
            read_stored(manifest, index, &mut stream_here, &mut |item, content| deliver(item, content, sink))?;
            stream = Some(stream_here);
        }
        Ok(tally)
    }

    /// Writes the content of one file to `out` and returns what it is. On an error, what was
    /// written is not to be used. Of ours, only the members are read that it lies in.
    pub fn restore_file(&self, path: &EntryPath, out: &mut dyn Write) -> Result<Item, ArchiveError> {
        let Some((_, manifest)) = &self.index else { return self.find_file(path, out) };
        let Some(index) = manifest.find(path) else { return Err(no_such_file(path, manifest.items())) };
        let stored = &manifest.items[index];
        if !matches!(stored.item.kind, ItemKind::File { .. }) {
            return Err(no_such_file(path, manifest.items()));
        }
        // Up to where the next entry starts, which may be in this member.
        let end = match manifest.items.get(index + 1) {
            Some(next) => manifest.members[next.member],
            None => *manifest.members.last().ok_or(ArchiveError::manifest("it has no members"))?,
        };
        let range_end = match manifest.items.get(index + 1) {
            Some(next) if next.unpacked_at == end.unpacked_at => end.packed_at,
            _ => end.packed_at + end.packed,
        };
        let range = range_end - manifest.members[stored.member].packed_at;
        let mut stream = self.open_member(manifest, stored.member, range_end, range.clamp(1, PART) as usize);
        read_stored(manifest, index, &mut stream, &mut |item, content| {
            io::copy(content, out).map(drop).map_err(|err| restore_error(item, err))
        })?;
        Ok(stored.item.clone())
    }

    /// Finds a file by reading everything: a later entry might be a second one of that name.
    fn find_file(&self, path: &EntryPath, out: &mut dyn Write) -> Result<Item, ArchiveError> {
        let mut found = None;
        let mut paths = Vec::new();
        self.each(&mut |item, content| {
            if item.path == *path && !matches!(item.kind, ItemKind::Directory | ItemKind::Symlink { .. }) {
                found = Some(item.clone());
                io::copy(content, out).map_err(|err| restore_error(item, err))?;
            }
            paths.push(item.clone());
            Ok(())
        })?;
        match found {
            Some(Item { kind: ItemKind::HardLink { existing }, .. }) => {
                let Item { kind, .. } = self.find_file(&existing, out)?;
                Ok(Item { path: path.clone(), kind })
            }
            Some(item) => Ok(item),
            None => Err(no_such_file(path, paths.iter())),
        }
    }

    /// Reads the whole file, entry by entry, and checks all that can be checked.
    fn each(&self, visit: &mut Visit<'_>) -> Result<(), ArchiveError> {
        let mut tree = Tree::new(self.limits.entries);
        let Some((trailer, manifest)) = &self.index else {
            let range = RangeReader::new(self.source, 0, self.size);
            let mut stream = TarStream::new(Gunzip::new(range, WHOLE, 0, self.limits));
            while let Some(Head { path, kind, starts_at }) = stream.next_head()? {
                if path.as_bytes() == MANIFEST_PATH.as_bytes() {
                    return Err(ArchiveError::malformed(starts_at, Fault::NoTrailer));
                }
                let item = Item { path, kind };
                self.check_file_size(&item)?;
                check_hard_link(&item, &tree)?;
                tree.add(&item.path, node(&item.kind))?;
                visit_content(&item, &mut stream, visit)?;
            }
            return Ok(());
        };
        let range = RangeReader::new(self.source, 0, self.size - TRAILER as u64).digesting();
        let input = Gunzip::new(range, WHOLE, 0, self.limits).expecting(&manifest.members);
        let mut stream = TarStream::new(input);
        for (index, stored) in manifest.items.iter().enumerate() {
            tree.add(&stored.item.path, node(&stored.item.kind))?;
            read_head(manifest, index, &mut stream)?;
            visit_content(&stored.item, &mut stream, visit)?;
        }
        let end = manifest.members.last().map_or(0, |last| last.unpacked_at + last.unpacked);
        match stream.next_head()? {
            Some(head) if head.path.as_bytes() != MANIFEST_PATH.as_bytes() => {
                return Err(ArchiveError::Disagrees { path: head.path, what: "it is not in the manifest" });
            }
            Some(head) if head.starts_at != end => {
                return Err(ArchiveError::Disagrees { path: head.path, what: "it is in another place" });
            }
            Some(_) => {}
            None => return Err(ArchiveError::manifest("it is not in the tar")),
        }
        if let Some(head) = stream.next_head()? {
            return Err(ArchiveError::Disagrees { path: head.path, what: "it comes after the manifest" });
        }
        let digest = stream.input().packed().and_then(RangeReader::digest).map(DigestWriter::finish);
        match digest {
            Some(found) if found != trailer.sha256 => {
                Err(ArchiveError::ArchiveChanged { expected: trailer.sha256, found })
            }
            _ => Ok(()),
        }
    }

    fn open_member<'m>(&self, manifest: &'m Manifest, member: usize, end: u64, buffer: usize) -> TarStream<'m>
    where
        'a: 'm,
    {
        let members = &manifest.members[member..];
        let range = RangeReader::new(self.source, members[0].packed_at, end);
        TarStream::new(Gunzip::new(range, buffer, members[0].unpacked_at, self.limits).expecting(members))
    }

    fn read_trailer(&self) -> Result<Option<Trailer>, ArchiveError> {
        let Some(at) = self.size.checked_sub(TRAILER as u64) else { return Ok(None) };
        let mut bytes = [0; TRAILER];
        let mut filled = 0;
        while filled < TRAILER {
            match read_once(self.source, at + filled as u64, &mut bytes[filled..])? {
                0 => return Err(ArchiveError::Read(io::ErrorKind::UnexpectedEof.into())),
                length => filled += length,
            }
        }
        Ok(Trailer::decode(&bytes))
    }

    fn read_manifest(&self, trailer: Trailer) -> Result<Manifest, ArchiveError> {
        let no_manifest = |what| ArchiveError::Malformed { place: Place::Trailer, fault: Fault::Manifest(what) };
        let end = self.size - TRAILER as u64;
        if trailer.manifest_at >= end {
            return Err(no_manifest("the manifest would lie beyond the end"));
        }
        let range = RangeReader::new(self.source, trailer.manifest_at, end);
        let mut stream = TarStream::new(Gunzip::new(range, WHOLE, 0, self.limits));
        let size = match stream.next_head()? {
            Some(Head { path, kind: ItemKind::File { size, .. }, starts_at: 0 })
                if path.as_bytes() == MANIFEST_PATH.as_bytes() =>
            {
                size
            }
            _ => return Err(no_manifest("there is no manifest where it should be")),
        };
        if size > self.limits.manifest {
            return Err(ArchiveError::Bomb(Excess::Manifest(self.limits.manifest)));
        }
        let mut text = Vec::new();
        let mut reader = FileContent { stream: &mut stream, check: None };
        reader.read_to_end(&mut text).map_err(|err| ArchiveError::from_stream(err, 0))?;
        let manifest = Manifest::parse(&text)?;
        if manifest.members.last().map_or(0, |last| last.packed_at + last.packed) != trailer.manifest_at {
            return Err(ArchiveError::manifest("its members do not end where it starts"));
        }
        Ok(manifest)
    }

    /// Compares what the manifest promises with the limits, before anything is unpacked.
    fn check_promise(&self, manifest: &Manifest) -> Result<(), ArchiveError> {
        let excess = if manifest.items.len() as u64 > self.limits.entries {
            Excess::Entries(self.limits.entries)
        } else if manifest.members.last().is_some_and(|last| last.unpacked_at + last.unpacked > self.limits.total) {
            Excess::Total(self.limits.total)
        } else {
            return manifest.items().try_for_each(|item| self.check_file_size(item));
        };
        Err(ArchiveError::Bomb(excess))
    }

    fn check_file_size(&self, item: &Item) -> Result<(), ArchiveError> {
        match item.kind {
            ItemKind::File { size, .. } if size > self.limits.file => {
                Err(ArchiveError::Bomb(Excess::File(item.path.clone(), self.limits.file)))
            }
            _ => Ok(()),
        }
    }
}
