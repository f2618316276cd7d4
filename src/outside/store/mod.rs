//! Archives and events of runs, by key.
//!
//! A store is a flat set of objects with names such as `runs/RUN/shard-1.tar.gz`. An object is there
//! whole or not at all. [`FolderStore`] is the embedded default, [`BucketStore`] what machines share,
//! [`MemoryStore`] is for tests; all pass the same tests.

mod folder;
mod gcs;
mod key;
mod memory;
mod open;

pub use folder::FolderStore;
pub use gcs::{BucketError, BucketPlace, BucketSettings, BucketStore, Endpoint, Patience};
pub use key::{ObjectKey, ParseKeyError};
pub use memory::MemoryStore;
pub use open::{OpenStoreError, open_store};

use crate::value::Timestamp;
use std::io;
use std::path::{Path, PathBuf};

/// What is known of an object without reading it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ObjectInfo {
    /// Its length.
    pub bytes: u64,
    /// Its CRC32C checksum, where it is known without reading the object.
    pub crc32c: Option<u32>,
}

/// An object of a listing.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Listed {
    /// Its key.
    pub key: ObjectKey,
    /// Its length.
    pub bytes: u64,
    /// When it was stored.
    pub stored: Timestamp,
}

/// Objects by key.
///
/// A key cannot be both an object and the folder of other objects (`a` and `a/b`): the second one is
/// refused. Prefixes of [`Store::list`] are plain text: `runs/2026` covers `runs/2026-a/x`.
pub trait Store: Send + Sync {
    /// Stores an object, in place of another one with this key.
    fn put(&self, key: &ObjectKey, bytes: &[u8]) -> Result<(), StoreError>;

    /// Stores an object if there is none with this key, and returns whether it did. Of several
    /// writers at once exactly one does.
    fn put_if_absent(&self, key: &ObjectKey, bytes: &[u8]) -> Result<bool, StoreError>;

    /// Stores a file, and returns length and checksum of what was stored.
    fn put_file(&self, key: &ObjectKey, path: &Path) -> Result<ObjectInfo, StoreError>;

    /// Returns an object.
    fn get(&self, key: &ObjectKey) -> Result<Vec<u8>, StoreError>;

    /// Writes an object to a file, whole or not at all, and returns its length and checksum.
    fn get_to_file(&self, key: &ObjectKey, path: &Path) -> Result<ObjectInfo, StoreError>;

    /// Returns `length` bytes from `offset`; fewer, or none, where the object ends before.
    fn read_at(&self, key: &ObjectKey, offset: u64, length: u64) -> Result<Vec<u8>, StoreError>;

    /// Returns what is known of an object, none if there is none.
    fn head(&self, key: &ObjectKey) -> Result<Option<ObjectInfo>, StoreError>;

    /// Returns the objects whose key starts with `prefix`, sorted by key.
    fn list(&self, prefix: &str) -> Result<Vec<Listed>, StoreError>;

    /// Deletes an object, and returns whether there was one.
    fn delete(&self, key: &ObjectKey) -> Result<bool, StoreError>;

    /// Names the store as in the project file, for messages.
    fn location(&self) -> String;
}

/// Why a store did not do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// There is no such object.
    #[error("there is no object `{key}` in {store}")]
    Absent {
        /// The object.
        key: ObjectKey,
        /// The store.
        store: String,
    },
    /// The key is a folder of other keys, or below another key.
    #[error("cannot store `{key}` in {store}: it is the folder of other objects, or below an object")]
    Folder {
        /// The object.
        key: ObjectKey,
        /// The store.
        store: String,
    },
    /// It cannot be written.
    #[error("cannot store `{key}` in {store}")]
    Write {
        /// The object.
        key: ObjectKey,
        /// The store.
        store: String,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// It cannot be read.
    #[error("cannot read `{key}` from {store}")]
    Read {
        /// The object.
        key: ObjectKey,
        /// The store.
        store: String,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// The objects cannot be listed.
    #[error("cannot list `{prefix}` in {store}")]
    List {
        /// The prefix.
        prefix: String,
        /// The store.
        store: String,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// It cannot be deleted.
    #[error("cannot delete `{key}` from {store}")]
    Delete {
        /// The object.
        key: ObjectKey,
        /// The store.
        store: String,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// The file beside the store cannot be read or written.
    #[error("cannot {verb} the file `{}`", path.display())]
    File {
        /// `read` or `write`.
        verb: &'static str,
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
}

impl StoreError {
    /// Returns what to do about it.
    pub fn hint(&self) -> Option<String> {
        let source = match self {
            StoreError::Absent { .. } => {
                return Some("it was pruned, or the run was archived in another store".to_owned());
            }
            StoreError::Folder { .. } => return None,
            StoreError::Write { source, .. }
            | StoreError::Read { source, .. }
            | StoreError::List { source, .. }
            | StoreError::Delete { source, .. }
            | StoreError::File { source, .. } => source,
        };
        if let Some(error) = source.get_ref().and_then(|inner| inner.downcast_ref::<BucketError>()) {
            return error.hint();
        }
        match source.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
                Some("make room, for example with `shmoo prune`; nothing was half-stored".to_owned())
            }
            io::ErrorKind::PermissionDenied => Some("the user that runs shmoo may not do this there".to_owned()),
            _ => None,
        }
    }
}
