//! An archive -> a folder that is there whole or not at all.

use super::beneath::{make_file, make_folder, open_folder, open_root};
use super::error::FolderError;
use super::save::{beside, save_with_mode};
use crate::archive::{Archive, ArchiveError, EntryPath, Item, ItemKind, Sink, Tally};
use rustix::fs::AtFlags;
use std::collections::HashSet;
use std::ffi::OsStr;
use std::fs;
use std::io::{self, BufWriter, Read, Write as _};
use std::os::fd::{AsFd as _, OwnedFd};
use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;

/// Unpacks an archive into a folder, which must not exist yet, or be empty.
///
/// Everything is unpacked into `.NAME.partial-RANDOM` beside it, which nobody else may enter, and
/// gets its name at the end. On an error nothing is left.
pub fn unpack(archive: &Archive<'_>, target: &Path) -> Result<Tally, FolderError> {
    unpack_with(target, |sink| archive.restore_all(sink))
}

/// The same with those items only that `keep` chooses.
pub fn unpack_some(
    archive: &Archive<'_>,
    target: &Path,
    keep: &mut dyn FnMut(&Item) -> bool,
) -> Result<Tally, FolderError> {
    unpack_with(target, |sink| archive.restore_some(keep, sink))
}

/// Unpacks several archives into one folder: of each, the items that `keep` chooses by the number of the archive,
/// and that no earlier one had.
pub fn unpack_together(
    archives: &[Archive<'_>],
    target: &Path,
    keep: &mut dyn FnMut(usize, &Item) -> bool,
) -> Result<Tally, FolderError> {
    unpack_with(target, |sink| {
        let (mut all, mut seen) = (Tally::default(), HashSet::new());
        for (number, archive) in archives.iter().enumerate() {
            let mut new = |item: &Item| keep(number, item) && seen.insert(item.path.clone());
            let Tally { entries, files, bytes } = archive.restore_some(&mut new, sink)?;
            all = Tally { entries: all.entries + entries, files: all.files + files, bytes: all.bytes + bytes };
        }
        Ok(all)
    })
}

/// Restores one file to any place, where it replaces an older one when it is complete.
pub fn restore_file_to(archive: &Archive<'_>, path: &EntryPath, target: &Path) -> Result<Item, FolderError> {
    save_with_mode(target, |out| {
        let item = archive.restore_file(path, out)?;
        let executable = matches!(item.kind, ItemKind::File { executable: true, .. });
        Ok((item, executable))
    })
}

fn unpack_with(
    target: &Path,
    restore: impl FnOnce(&mut dyn Sink) -> Result<Tally, ArchiveError>,
) -> Result<Tally, FolderError> {
    let failed = |err| FolderError::Write { path: target.to_owned(), err };
    match fs::read_dir(target).map(|mut found| found.next().is_none()) {
        Ok(true) => {}
        Err(err) if err.kind() == io::ErrorKind::NotFound => {}
        _ => return Err(FolderError::Taken { path: target.to_owned() }),
    }
    let (beside, prefix) = beside(target).map_err(failed)?;
    fs::create_dir_all(beside).map_err(failed)?;
    let partial = tempfile::Builder::new().prefix(&prefix).tempdir_in(beside).map_err(failed)?;
    // Inside, because the outer folder is for its owner only and the result is not.
    let content = partial.path().join("content");
    fs::create_dir(&content).map_err(failed)?;
    let mut sink = DiskSink { root: open_root(&content).map_err(failed)?, last: None };
    let tally = restore(&mut sink)?;
    fs::rename(&content, target).map_err(failed)?;
    Ok(tally)
}

/// Makes items below a folder that nobody else has.
struct DiskSink {
    root: OwnedFd,
    /// The folder of the item before, where the next one usually lies, too.
    last: Option<(Option<EntryPath>, OwnedFd)>,
}

impl DiskSink {
    fn folder_of(&mut self, path: &EntryPath) -> io::Result<&OwnedFd> {
        let parent = path.parent();
        let (_, folder) = match self.last.take() {
            Some((last, folder)) if last == parent => self.last.insert((last, folder)),
            _ => {
                let folder = make_folder(&self.root, parent.as_ref())?;
                self.last.insert((parent, folder))
            }
        };
        Ok(folder)
    }
}

impl Sink for DiskSink {
    fn directory(&mut self, path: &EntryPath) -> io::Result<()> {
        make_folder(&self.root, Some(path)).map(drop)
    }

    fn file(&mut self, path: &EntryPath, executable: bool, content: &mut dyn Read) -> io::Result<()> {
        let file = make_file(self.folder_of(path)?.as_fd(), path.name(), executable)?;
        let mut writer = BufWriter::with_capacity(1 << 18, file);
        io::copy(content, &mut writer)?;
        writer.flush()
    }

    fn symlink(&mut self, path: &EntryPath, target: &[u8]) -> io::Result<()> {
        let folder = self.folder_of(path)?;
        Ok(rustix::fs::symlinkat(OsStr::from_bytes(target), folder, OsStr::from_bytes(path.name()))?)
    }

    fn hard_link(&mut self, path: &EntryPath, existing: &EntryPath) -> io::Result<()> {
        let from = open_folder(&self.root, existing.parent().as_ref())?;
        let (old, new) = (OsStr::from_bytes(existing.name()), OsStr::from_bytes(path.name()));
        Ok(rustix::fs::linkat(from, old, self.folder_of(path)?, new, AtFlags::empty())?)
    }
}
