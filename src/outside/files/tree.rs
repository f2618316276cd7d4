//! What is in a folder.

use super::{FilesError, read_error};
use crate::value::{Digest, DigestWriter};
use serde::{Deserialize, Serialize};
use std::fs::{self, Metadata};
use std::os::unix::fs::PermissionsExt;
use std::path::{Component, Path, PathBuf};

/// Something below a folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Found {
    /// Path from the folder.
    pub(super) path: String,
    pub(super) kind: FoundKind,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum FoundKind {
    Folder,
    File {
        executable: bool,
        bytes: u64,
    },
    /// To `target`, which is inside the folder.
    Link {
        target: String,
    },
}

/// An entry of a folder whose files are in the content store.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Entry {
    pub(super) path: String,
    #[serde(flatten)]
    pub(super) node: Node,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
pub(super) enum Node {
    Folder,
    File { sha256: Digest, bytes: u64, executable: bool },
    Link { target: String },
}

/// Returns the digest of a folder: names, kinds, executable bits and contents; no times, no owners.
pub(super) fn digest(entries: &[Entry]) -> Digest {
    let mut writer = DigestWriter::default();
    writer.field("shmoo-tree-1", b"");
    for Entry { path, node } in entries {
        let (tag, content): (_, &[u8]) = match node {
            Node::Folder => ("folder", b""),
            Node::File { sha256, bytes: _, executable: false } => ("file", sha256.bytes()),
            Node::File { sha256, bytes: _, executable: true } => ("executable", sha256.bytes()),
            Node::Link { target } => ("link", target.as_bytes()),
        };
        writer.field(tag, path.as_bytes());
        writer.field("content", content);
    }
    writer.finish()
}

pub(super) fn is_executable(metadata: &Metadata) -> bool {
    metadata.permissions().mode() & 0o111 != 0
}

/// Returns all that is below `root`, folders before what is in them, names in the order of their bytes.
pub(super) fn walk(root: &Path) -> Result<Vec<Found>, FilesError> {
    let real = root.canonicalize().map_err(read_error(root))?;
    let mut found = Vec::new();
    walk_below(root, &real, "", &mut found)?;
    Ok(found)
}

fn walk_below(root: &Path, real: &Path, base: &str, found: &mut Vec<Found>) -> Result<(), FilesError> {
    let folder = root.join(base);
    let mut names = Vec::new();
    for entry in fs::read_dir(&folder).map_err(read_error(&folder))? {
        let name = entry.map_err(read_error(&folder))?.file_name();
        names.push(name.into_string().map_err(|name| FilesError::Name { path: folder.join(name) })?);
    }
    names.sort();
    for name in names {
        let path = if base.is_empty() { name } else { format!("{base}/{name}") };
        let full = root.join(&path);
        let metadata = fs::symlink_metadata(&full).map_err(read_error(&full))?;
        let kind = if metadata.is_dir() {
            FoundKind::Folder
        } else if metadata.is_file() {
            FoundKind::File { executable: is_executable(&metadata), bytes: metadata.len() }
        } else if metadata.is_symlink() {
            FoundKind::Link { target: link_target(&full, real, &path)? }
        } else {
            return Err(FilesError::Special { path: full });
        };
        let is_folder = kind == FoundKind::Folder;
        found.push(Found { path: path.clone(), kind });
        if is_folder {
            walk_below(root, real, &path, found)?;
        }
    }
    Ok(())
}

/// Returns where a link leads, if that is inside the folder `real` both as it is written and as the
/// system follows it, which differ where it leads through other links.
fn link_target(link: &Path, real: &Path, path: &str) -> Result<String, FilesError> {
    let target = fs::read_link(link).map_err(read_error(link))?;
    let outside = || FilesError::Link { path: link.to_owned(), target: target.clone() };
    let mut depth = path.split('/').count() - 1;
    for component in target.components() {
        match component {
            Component::CurDir => {}
            Component::Normal(_) => depth += 1,
            Component::ParentDir => depth = depth.checked_sub(1).ok_or_else(outside)?,
            Component::RootDir | Component::Prefix(_) => return Err(outside()),
        }
    }
    match link.canonicalize() {
        Ok(end) if !end.starts_with(real) => return Err(outside()),
        // One that leads nowhere, or in a circle, is as harmless as it is useless.
        _ => {}
    }
    target.to_str().map(str::to_owned).ok_or_else(|| FilesError::Name { path: link.to_owned() })
}

/// Returns `root/path` unless a link on the way leads out of `root`.
pub(super) fn resolve_inside(root: &Path, path: &str) -> Result<Option<PathBuf>, FilesError> {
    let full = root.join(path);
    let real = match full.canonicalize() {
        Ok(real) => real,
        Err(error) if matches!(error.kind(), std::io::ErrorKind::NotFound | std::io::ErrorKind::NotADirectory) => {
            return Ok(None);
        }
        Err(error) => return Err(read_error(&full)(error)),
    };
    let root = root.canonicalize().map_err(read_error(root))?;
    if real.starts_with(&root) { Ok(Some(real)) } else { Err(FilesError::Link { path: full, target: real }) }
}
