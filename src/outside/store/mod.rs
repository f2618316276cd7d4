//! Archives and events of runs, by key.
//!
//! A store is a flat set of objects with names such as `runs/RUN/shard-1.tar.gz`. An object is there
//! whole or not at all. [`FolderStore`] is the embedded default, [`MemoryStore`] is for tests; both
//! pass the same tests.

mod folder;
mod key;
mod memory;
mod open;

pub use folder::FolderStore;
pub use key::{ObjectKey, ParseKeyError};
pub use memory::MemoryStore;
pub use open::{OpenStoreError, open_store};

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
        match source.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
                Some("make room, for example with `shmoo prune`; nothing was half-stored".to_owned())
            }
            io::ErrorKind::PermissionDenied => Some("the user that runs shmoo may not do this there".to_owned()),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;
    use std::sync::atomic::{AtomicUsize, Ordering};

    fn key(text: &str) -> ObjectKey {
        text.parse().unwrap()
    }

    fn keys(store: &dyn Store, prefix: &str) -> Vec<String> {
        store.list(prefix).unwrap().into_iter().map(|listed| format!("{} {}", listed.key, listed.bytes)).collect()
    }

    /// What every store promises.
    fn contract(store: &dyn Store) {
        // An empty store.
        assert_eq!(keys(store, ""), [""; 0]);
        assert_eq!(store.head(&key("a/b")).unwrap(), None);
        assert!(!store.delete(&key("a/b")).unwrap());
        let file = tempfile::tempdir().unwrap();
        let (from, to) = (file.path().join("from"), file.path().join("to"));
        for error in [
            store.get(&key("a/b")).unwrap_err(),
            store.read_at(&key("a/b"), 0, 1).unwrap_err(),
            store.get_to_file(&key("a/b"), &to).unwrap_err(),
        ] {
            assert!(matches!(&error, StoreError::Absent { .. }), "{error}");
            assert!(error.to_string().starts_with("there is no object `a/b` in "), "{error}");
        }
        assert!(!to.exists());

        // Bytes come back, also empty ones; the second put replaces the first.
        for bytes in [b"hello".as_slice(), b"", &[0, 255, 10]] {
            store.put(&key("a/b"), bytes).unwrap();
            assert_eq!(store.get(&key("a/b")).unwrap(), bytes);
            assert_eq!(store.head(&key("a/b")).unwrap().unwrap().bytes, bytes.len() as u64);
        }
        if let Some(checksum) = store.head(&key("a/b")).unwrap().unwrap().crc32c {
            assert_eq!(checksum, crc32c::crc32c(&[0, 255, 10]));
        }

        // Only the first of these.
        assert!(store.put_if_absent(&key("leases/1"), b"first").unwrap());
        assert!(!store.put_if_absent(&key("leases/1"), b"second").unwrap());
        assert!(!store.put_if_absent(&key("a/b"), b"second").unwrap());
        assert_eq!(store.get(&key("leases/1")).unwrap(), b"first");

        // Files.
        let large: Vec<u8> = (0..3_000_000u32).flat_map(u32::to_le_bytes).collect();
        fs::write(&from, &large).unwrap();
        let info = ObjectInfo { bytes: large.len() as u64, crc32c: Some(crc32c::crc32c(&large)) };
        assert_eq!(store.put_file(&key("a/large"), &from).unwrap(), info);
        fs::write(&to, "old").unwrap();
        assert_eq!(store.get_to_file(&key("a/large"), &to).unwrap(), info);
        assert!(fs::read(&to).unwrap() == large);
        assert_eq!(fs::read_dir(file.path()).unwrap().count(), 2, "drafts are left");
        let error = store.put_file(&key("a/x"), &file.path().join("none")).unwrap_err();
        assert!(matches!(&error, StoreError::File { verb: "read", .. }), "{error}");
        let error = store.get_to_file(&key("a/large"), &file.path().join("none/x")).unwrap_err();
        assert!(matches!(&error, StoreError::File { verb: "write", .. }), "{error}");

        // Parts.
        let part = |offset, length| store.read_at(&key("leases/1"), offset, length).unwrap();
        assert_eq!(part(0, 5), b"first");
        assert_eq!(part(1, 2), b"ir");
        assert_eq!(part(3, 1000), b"st");
        assert_eq!(part(2, 0), b"");
        assert_eq!(part(5, 1), b"");
        assert_eq!(part(500, 1), b"");
        assert_eq!(part(1, u64::MAX), b"irst");

        // Listings: sorted by key as bytes, prefixes are text.
        store.put(&key("a-c"), b"1").unwrap();
        store.put(&key("a/b2/deep/er"), b"22").unwrap();
        store.put(&key("z"), b"").unwrap();
        assert_eq!(keys(store, ""), ["a-c 1", "a/b 3", "a/b2/deep/er 2", "a/large 12000000", "leases/1 5", "z 0"]);
        assert_eq!(keys(store, "a/b"), ["a/b 3", "a/b2/deep/er 2"]);
        assert_eq!(keys(store, "a/"), ["a/b 3", "a/b2/deep/er 2", "a/large 12000000"]);
        assert_eq!(keys(store, "a/b2/"), ["a/b2/deep/er 2"]);
        assert_eq!(keys(store, "a/b2/deep/er"), ["a/b2/deep/er 2"]);
        assert_eq!(keys(store, "a/b2/deep/er/x"), [""; 0]);
        assert_eq!(keys(store, "none/at/all"), [""; 0]);
        assert_eq!(keys(store, "../"), [""; 0]);
        assert_eq!(keys(store, "/"), [""; 0]);

        // A key is an object or a folder.
        for conflict in ["a", "a/b/c", "z/x", "a/b2/deep"] {
            let error = store.put(&key(conflict), b"x").unwrap_err();
            assert!(matches!(&error, StoreError::Folder { .. }), "{conflict}: {error}");
            let error = store.put_if_absent(&key(conflict), b"x").unwrap_err();
            assert!(matches!(&error, StoreError::Folder { .. }), "{conflict}: {error}");
            assert!(matches!(store.put_file(&key(conflict), &from), Err(StoreError::Folder { .. })), "{conflict}");
            assert_eq!(store.head(&key(conflict)).unwrap(), None);
            assert!(matches!(store.get(&key(conflict)), Err(StoreError::Absent { .. })), "{conflict}");
            assert!(!store.delete(&key(conflict)).unwrap(), "{conflict}");
        }

        // Deleted objects are gone, and so is the folder they were in.
        assert!(store.delete(&key("a/b2/deep/er")).unwrap());
        assert!(!store.delete(&key("a/b2/deep/er")).unwrap());
        assert_eq!(keys(store, "a/"), ["a/b 3", "a/large 12000000"]);
        store.put(&key("a/b2"), b"now an object").unwrap();

        // Several writers at once: one wins, no reader sees a part.
        let won = AtomicUsize::new(0);
        std::thread::scope(|scope| {
            for writer in 0..8u8 {
                let won = &won;
                scope.spawn(move || {
                    for round in 0..20 {
                        let bytes = vec![writer; 10_000];
                        let lease = key(&format!("race/{round}/lease"));
                        won.fetch_add(usize::from(store.put_if_absent(&lease, &bytes).unwrap()), Ordering::Relaxed);
                        store.put(&key("race/shared"), &bytes).unwrap();
                        let read = store.get(&key("race/shared")).unwrap();
                        assert!(read.len() == 10_000 && read.iter().all(|byte| *byte == read[0]));
                        // Deleting the last object of a folder while others put into it loses nothing.
                        let own = key(&format!("race/together/{writer}"));
                        store.put(&own, b"x").unwrap();
                        assert!(store.delete(&own).unwrap());
                    }
                });
            }
        });
        assert_eq!(won.load(Ordering::Relaxed), 20);
    }

    #[test]
    fn the_folder_store_keeps_the_contract() {
        let folder = tempfile::tempdir().unwrap();
        contract(&FolderStore::new(folder.path().join("below/store")));
    }

    #[test]
    fn the_memory_store_keeps_the_contract() {
        contract(&MemoryStore::default());
    }
}
