//! What goes into an archive and what comes out of it, apart from any disk.

use super::path::EntryPath;
use crate::value::Digest;
use std::io::{self, Read};

/// One thing to pack.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Where it lies in the archive.
    pub path: EntryPath,
    /// What it is.
    pub kind: EntryKind,
}

/// What an entry to pack is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EntryKind {
    /// A regular file.
    File {
        /// Its length in bytes; packing fails if the content turns out longer or shorter.
        size: u64,
        /// Whether its owner may execute it; nothing else of its mode is kept.
        executable: bool,
    },
    /// A folder. Only empty ones need an entry: the others follow from their files.
    Directory,
    /// A symbolic link.
    Symlink {
        /// Where it leads, relative to its folder; it must stay inside the archive.
        target: Vec<u8>,
    },
}

/// Where the content of the files to pack comes from.
pub trait Content: Sync {
    /// Opens a file. Called once per file, from any thread.
    fn open(&self, path: &EntryPath) -> io::Result<Box<dyn Read + Send + '_>>;
}

/// One thing found in an archive.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Item {
    /// Where it lies in the archive.
    pub path: EntryPath,
    /// What it is.
    pub kind: ItemKind,
}

/// What an item of an archive is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ItemKind {
    /// A regular file.
    File {
        /// Its length in bytes.
        size: u64,
        /// Whether it is to be executable.
        executable: bool,
        /// The digest of its content; `None` in archives without a manifest.
        sha256: Option<Digest>,
    },
    /// A folder.
    Directory,
    /// A symbolic link that stays inside the archive.
    Symlink {
        /// Where it leads.
        target: Vec<u8>,
    },
    /// A further name of a file that came earlier; only in archives of other programs.
    HardLink {
        /// The earlier name.
        existing: EntryPath,
    },
}

/// Where restored items go.
///
/// The reader has checked every path, and that no item lies below a file or a link. Folders that
/// have no item of their own are the sink's to make.
pub trait Sink {
    /// Makes a folder.
    fn directory(&mut self, path: &EntryPath) -> io::Result<()>;

    /// Makes a file of all that `content` gives. It must read up to the end: only there is the
    /// digest checked, and a content that ends with an error must not get its final name. Errors
    /// of `content` are to be returned as they are.
    fn file(&mut self, path: &EntryPath, executable: bool, content: &mut dyn Read) -> io::Result<()>;

    /// Makes a symbolic link.
    fn symlink(&mut self, path: &EntryPath, target: &[u8]) -> io::Result<()>;

    /// Makes a further name for a file that was made before.
    fn hard_link(&mut self, path: &EntryPath, existing: &EntryPath) -> io::Result<()>;
}
