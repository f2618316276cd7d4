//! One entry at a time: compared with the manifest, its content with its digest, and handed on.

use super::entry::{Item, ItemKind, Sink};
use super::error::ArchiveError;
use super::manifest::Manifest;
use super::path::EntryPath;
use super::tar_stream::{Head, TarStream};
use super::tree::{Node, Tree};
use crate::value::{Digest, DigestWriter};
use std::io::{self, Read};

/// Is called with every entry and its content; it need not read the content.
pub(super) type Visit<'v> = dyn FnMut(&Item, &mut dyn Read) -> Result<(), ArchiveError> + 'v;

pub(super) fn node(kind: &ItemKind) -> Node {
    match kind {
        ItemKind::File { .. } | ItemKind::HardLink { .. } => Node::File,
        ItemKind::Directory => Node::Directory,
        ItemKind::Symlink { .. } => Node::Symlink,
    }
}

/// A hard link may only name a file of this archive that is already there: a link's target or a
/// file of the reader's disk would otherwise get the content of a later entry.
pub(super) fn check_hard_link(item: &Item, tree: &Tree) -> Result<(), ArchiveError> {
    match &item.kind {
        ItemKind::HardLink { existing } if !tree.has_file(existing) => {
            let what = format!("a hard link to `{existing}`, which is no file before it");
            Err(ArchiveError::Unsupported { path: item.path.clone(), what })
        }
        _ => Ok(()),
    }
}

/// Reads on to an entry of the manifest and compares the two.
pub(super) fn read_head(manifest: &Manifest, index: usize, stream: &mut TarStream<'_>) -> Result<(), ArchiveError> {
    let stored = &manifest.items[index];
    let expected = &stored.item;
    let disagrees = |what| Err(ArchiveError::Disagrees { path: expected.path.clone(), what });
    let Some(Head { path, kind, starts_at }) = stream.next_head()? else {
        return disagrees("it is not in the tar");
    };
    if path != expected.path {
        return disagrees("another entry is in its place");
    }
    if starts_at != stored.unpacked_at {
        return disagrees("it is in another place");
    }
    match (&kind, &expected.kind) {
        (
            ItemKind::File { size, executable, sha256: _ },
            ItemKind::File { size: expected_size, executable: expected_executable, sha256: _ },
        ) => {
            if size != expected_size {
                return disagrees("it has another size");
            }
            if executable != expected_executable {
                return disagrees("it has another mode");
            }
        }
        _ if kind != expected.kind => return disagrees("it is something else"),
        _ => {}
    }
    Ok(())
}

pub(super) fn read_stored(
    manifest: &Manifest,
    index: usize,
    stream: &mut TarStream<'_>,
    visit: &mut Visit<'_>,
) -> Result<(), ArchiveError> {
    stream.skip_to(manifest.items[index].unpacked_at)?;
    read_head(manifest, index, stream)?;
    visit_content(&manifest.items[index].item, stream, visit)
}

/// Gives an entry's content to `visit`, and checks what `visit` leaves unread.
pub(super) fn visit_content(
    item: &Item,
    stream: &mut TarStream<'_>,
    visit: &mut Visit<'_>,
) -> Result<(), ArchiveError> {
    let check = match item.kind {
        ItemKind::File { sha256: Some(expected), .. } => Some((&item.path, expected, DigestWriter::default())),
        _ => None,
    };
    let mut content = FileContent { stream, check };
    visit(item, &mut content)?;
    match io::copy(&mut content, &mut io::sink()) {
        Ok(_) => Ok(()),
        Err(err) => Err(ArchiveError::from_stream(err, content.stream.input().at())),
    }
}

/// The content of one file; its end is an error if the digest is wrong.
pub(super) struct FileContent<'s, 'a> {
    pub(super) stream: &'s mut TarStream<'a>,
    pub(super) check: Option<(&'s EntryPath, Digest, DigestWriter)>,
}

impl Read for FileContent<'_, '_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let length = self.stream.read_content(buffer).map_err(ArchiveError::into_stream)?;
        if let Some((path, expected, digest)) = &mut self.check {
            digest.update(&buffer[..length]);
            if length == 0 && !buffer.is_empty() {
                let found = digest.finish();
                if found != *expected {
                    let path = (*path).clone();
                    return Err(ArchiveError::Changed { path, expected: *expected, found }.into_stream());
                }
            }
        }
        Ok(length)
    }
}

pub(super) fn deliver(item: &Item, content: &mut dyn Read, sink: &mut dyn Sink) -> Result<(), ArchiveError> {
    let Item { path, kind } = item;
    let done = match kind {
        ItemKind::File { executable, .. } => sink.file(path, *executable, content),
        ItemKind::Directory => sink.directory(path),
        ItemKind::Symlink { target } => sink.symlink(path, target),
        ItemKind::HardLink { existing } => sink.hard_link(path, existing),
    };
    done.map_err(|err| restore_error(item, err))
}

/// An error met while restoring: of the archive, or of where the content goes.
pub(super) fn restore_error(item: &Item, err: io::Error) -> ArchiveError {
    match err.downcast::<ArchiveError>() {
        Ok(ours) => ours,
        Err(err) => ArchiveError::Restore { path: item.path.clone(), err },
    }
}

pub(super) fn no_such_file<'i>(path: &EntryPath, items: impl Iterator<Item = &'i Item>) -> ArchiveError {
    let files = items.filter(|item| matches!(item.kind, ItemKind::File { .. } | ItemKind::HardLink { .. }));
    let named: Vec<(String, &EntryPath)> = files.map(|item| (item.path.to_string(), &item.path)).collect();
    let nearest = crate::value::nearest(&path.to_string(), named.iter().map(|(text, _)| text.as_str()))
        .and_then(|text| named.iter().find(|(name, _)| name == text))
        .map(|(_, path)| (*path).clone());
    ArchiveError::NoSuchFile { path: path.clone(), nearest }
}
