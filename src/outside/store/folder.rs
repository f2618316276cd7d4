//! A store in a folder: the embedded default.
//!
//! The object `a/b` is the file `a/b` below the folder. Objects are written as drafts in `.drafts`
//! and named in one step, so that a kill at any instant leaves at most a draft, which no listing
//! shows and which the next store opened on the folder sweeps. Files whose names are no keys, and
//! symbolic links, are not the store's: it neither lists nor deletes them.

use super::{Listed, ObjectInfo, ObjectKey, Store, StoreError};
use crate::outside::durable::{self, Draft};
use crate::value::Timestamp;
use std::fs::{self, File};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Objects as files below a folder.
#[derive(Debug)]
pub struct FolderStore {
    root: PathBuf,
}

/// Keys have no part that starts with a dot.
const DRAFTS: &str = ".drafts";

/// How often a folder may vanish between its creation and its use: another process deletes the last
/// object in it.
const ATTEMPTS: u32 = 100;

impl FolderStore {
    /// Opens the store in `root`, which is made when the first object is stored, and sweeps drafts
    /// of killed processes.
    pub fn new(root: impl Into<PathBuf>) -> FolderStore {
        let root = root.into();
        // A store may be read-only for us, or not be there yet.
        let _ = durable::sweep_drafts(&root.join(DRAFTS));
        FolderStore { root }
    }

    fn path(&self, key: &ObjectKey) -> PathBuf {
        self.root.join(key.as_str())
    }

    fn draft(&self) -> io::Result<Draft> {
        let drafts = self.root.join(DRAFTS);
        durable::create_folder(&drafts)?;
        Draft::create(&drafts, 0o666)
    }

    /// Makes the folder of `key` and gives the object its name.
    fn publish(&self, key: &ObjectKey, overwrite: bool, write: Fill<'_>) -> Result<bool, StoreError> {
        let path = self.path(key);
        let failed = |source| StoreError::Write { key: key.clone(), store: self.location(), source };
        if !overwrite && self.head(key)?.is_some() {
            return Ok(false);
        }
        // Before the copy of what may be gigabytes.
        if self.is_folder_or_below_object(key) {
            return Err(StoreError::Folder { key: key.clone(), store: self.location() });
        }
        for attempt in 1.. {
            let mut draft = self.draft().map_err(failed)?;
            write(draft.file()).map_err(|error| error.into_store_error(&failed))?;
            let folder = path.parent().map_or(Ok(()), durable::create_folder);
            let result = folder.and_then(|()| match overwrite {
                true => draft.publish(&path).map(|()| true),
                false => draft.publish_new(&path),
            });
            match result {
                // `publish_new` also says so for a folder of this name.
                Ok(false) if path.is_dir() => break,
                Ok(stored) => return Ok(stored),
                Err(_) if self.is_folder_or_below_object(key) => break,
                Err(error) if error.kind() == io::ErrorKind::NotFound && attempt < ATTEMPTS => {}
                Err(error) => return Err(failed(error)),
            }
        }
        Err(StoreError::Folder { key: key.clone(), store: self.location() })
    }

    fn is_folder_or_below_object(&self, key: &ObjectKey) -> bool {
        let path = self.path(key);
        let objects = path.ancestors().skip(1).take(key.parts().count() - 1).any(Path::is_file);
        if path.is_dir() {
            // A folder that deletions left empty is none.
            let _ = fs::remove_dir(&path);
        }
        objects || path.is_dir()
    }

    fn open(&self, key: &ObjectKey) -> Result<File, StoreError> {
        let absent = || StoreError::Absent { key: key.clone(), store: self.location() };
        let failed = |source| StoreError::Read { key: key.clone(), store: self.location(), source };
        match File::open(self.path(key)) {
            Ok(file) if file.metadata().map_err(failed)?.is_file() => Ok(file),
            Ok(_) => Err(absent()),
            Err(error) if is_absent(&error) => Err(absent()),
            Err(error) => Err(failed(error)),
        }
    }

    fn collect(&self, folder: &Path, base: &str, prefix: &str, found: &mut Vec<Listed>) -> io::Result<()> {
        let entries = match fs::read_dir(folder) {
            Ok(entries) => entries,
            // Deleted meanwhile, or never there.
            Err(error) if is_absent(&error) => return Ok(()),
            Err(error) => return Err(error),
        };
        for entry in entries {
            let entry = entry?;
            let Ok(name) = entry.file_name().into_string() else { continue };
            let Ok(key) = format!("{base}{name}").parse::<ObjectKey>() else { continue };
            let kind = entry.file_type()?;
            if kind.is_dir() {
                let base = format!("{key}/");
                if base.starts_with(prefix) || prefix.starts_with(&base) {
                    self.collect(&entry.path(), &base, prefix, found)?;
                }
            } else if kind.is_file() && key.as_str().starts_with(prefix) {
                match entry.metadata() {
                    Ok(metadata) => {
                        let stored = metadata.modified().map(timestamp)?;
                        found.push(Listed { key, bytes: metadata.len(), stored });
                    }
                    Err(error) if is_absent(&error) => {}
                    Err(error) => return Err(error),
                }
            }
        }
        Ok(())
    }
}

fn timestamp(time: SystemTime) -> Timestamp {
    let milliseconds = |span: Duration| i64::try_from(span.as_millis()).unwrap_or(i64::MAX);
    let since = time.duration_since(UNIX_EPOCH);
    Timestamp::from_milliseconds(since.map_or_else(|error| -milliseconds(error.duration()), milliseconds))
}

fn is_absent(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory)
}

/// Fills a draft; called again if the draft's place vanished.
type Fill<'a> = &'a mut dyn FnMut(&mut File) -> Result<(), FillError>;

enum FillError {
    Draft(io::Error),
    Source(StoreError),
}

impl FillError {
    fn into_store_error(self, failed: &dyn Fn(io::Error) -> StoreError) -> StoreError {
        match self {
            FillError::Draft(error) => failed(error),
            FillError::Source(error) => error,
        }
    }
}

/// Copies `from` to its end, telling errors of both sides apart, and returns length and checksum.
fn copy(from: &mut File, to: &mut File) -> Result<ObjectInfo, (Side, io::Error)> {
    let mut buffer = vec![0; 1 << 20];
    let (mut bytes, mut checksum) = (0, 0);
    loop {
        let length = match from.read(&mut buffer) {
            Ok(0) => return Ok(ObjectInfo { bytes, crc32c: Some(checksum) }),
            Ok(length) => length,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err((Side::From, error)),
        };
        checksum = crc32c::crc32c_append(checksum, &buffer[..length]);
        bytes += length as u64;
        to.write_all(&buffer[..length]).map_err(|error| (Side::To, error))?;
    }
}

enum Side {
    From,
    To,
}

impl Store for FolderStore {
    fn put(&self, key: &ObjectKey, bytes: &[u8]) -> Result<(), StoreError> {
        self.publish(key, true, &mut |file| file.write_all(bytes).map_err(FillError::Draft)).map(|_| ())
    }

    fn put_if_absent(&self, key: &ObjectKey, bytes: &[u8]) -> Result<bool, StoreError> {
        self.publish(key, false, &mut |file| file.write_all(bytes).map_err(FillError::Draft))
    }

    fn put_file(&self, key: &ObjectKey, path: &Path) -> Result<ObjectInfo, StoreError> {
        let unreadable = |source| StoreError::File { verb: "read", path: path.to_owned(), source };
        let mut from = File::open(path).map_err(unreadable)?;
        let mut info = ObjectInfo { bytes: 0, crc32c: None };
        self.publish(key, true, &mut |to| {
            from.rewind().map_err(|error| FillError::Source(unreadable(error)))?;
            info = copy(&mut from, to).map_err(|(side, error)| match side {
                Side::From => FillError::Source(unreadable(error)),
                Side::To => FillError::Draft(error),
            })?;
            Ok(())
        })?;
        Ok(info)
    }

    fn get(&self, key: &ObjectKey) -> Result<Vec<u8>, StoreError> {
        let mut bytes = Vec::new();
        let failed = |source| StoreError::Read { key: key.clone(), store: self.location(), source };
        self.open(key)?.read_to_end(&mut bytes).map_err(failed)?;
        Ok(bytes)
    }

    fn get_to_file(&self, key: &ObjectKey, path: &Path) -> Result<ObjectInfo, StoreError> {
        let mut from = self.open(key)?;
        let unwritable = |source| StoreError::File { verb: "write", path: path.to_owned(), source };
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let mut draft = Draft::create(folder, 0o666).map_err(unwritable)?;
        let info = copy(&mut from, draft.file()).map_err(|(side, source)| match side {
            Side::From => StoreError::Read { key: key.clone(), store: self.location(), source },
            Side::To => unwritable(source),
        })?;
        draft.publish(path).map_err(unwritable)?;
        Ok(info)
    }

    fn read_at(&self, key: &ObjectKey, offset: u64, length: u64) -> Result<Vec<u8>, StoreError> {
        let mut file = self.open(key)?;
        let mut bytes = Vec::new();
        let mut read = || {
            let left = file.metadata()?.len().saturating_sub(offset);
            if left > 0 {
                file.seek(SeekFrom::Start(offset))?;
                (&mut file).take(length.min(left)).read_to_end(&mut bytes)?;
            }
            Ok(())
        };
        read().map_err(|source| StoreError::Read { key: key.clone(), store: self.location(), source })?;
        Ok(bytes)
    }

    fn head(&self, key: &ObjectKey) -> Result<Option<ObjectInfo>, StoreError> {
        match fs::metadata(self.path(key)) {
            Ok(metadata) if metadata.is_file() => Ok(Some(ObjectInfo { bytes: metadata.len(), crc32c: None })),
            Ok(_) => Ok(None),
            Err(error) if is_absent(&error) => Ok(None),
            Err(source) => Err(StoreError::Read { key: key.clone(), store: self.location(), source }),
        }
    }

    fn list(&self, prefix: &str) -> Result<Vec<Listed>, StoreError> {
        let mut found = Vec::new();
        self.collect(&self.root, "", prefix, &mut found).map_err(|source| StoreError::List {
            prefix: prefix.to_owned(),
            store: self.location(),
            source,
        })?;
        found.sort();
        Ok(found)
    }

    fn delete(&self, key: &ObjectKey) -> Result<bool, StoreError> {
        if self.head(key)?.is_none() {
            return Ok(false);
        }
        let path = self.path(key);
        match fs::remove_file(&path) {
            Ok(()) => {}
            Err(error) if is_absent(&error) => return Ok(false),
            Err(source) => return Err(StoreError::Delete { key: key.clone(), store: self.location(), source }),
        }
        // Folders that have become empty, up to the store's own.
        for folder in path.ancestors().skip(1).take(key.parts().count() - 1) {
            if fs::remove_dir(folder).is_err() {
                break;
            }
        }
        Ok(true)
    }

    fn location(&self) -> String {
        format!("`file:{}`", self.root.display())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_killed_process_left_is_neither_listed_nor_kept() {
        let folder = tempfile::tempdir().unwrap();
        let store = FolderStore::new(folder.path());
        let key: ObjectKey = "runs/a".parse().unwrap();
        store.put(&key, b"x").unwrap();
        let draft = folder.path().join(".drafts/.draft-killed");
        fs::write(&draft, "half of").unwrap();
        let names = |store: &FolderStore| -> Vec<String> {
            store.list("").unwrap().into_iter().map(|listed| listed.key.to_string()).collect()
        };
        assert_eq!(names(&store), ["runs/a"]);
        let store = FolderStore::new(folder.path());
        assert!(!draft.exists());
        assert_eq!(names(&store), ["runs/a"]);
    }

    #[test]
    fn what_is_not_ours_stays() {
        let folder = tempfile::tempdir().unwrap();
        let store = FolderStore::new(folder.path());
        fs::write(folder.path().join("notes of mine.txt"), "x").unwrap();
        fs::write(folder.path().join(".hidden"), "x").unwrap();
        std::os::unix::fs::symlink("/", folder.path().join("root")).unwrap();
        assert_eq!(store.list("").unwrap(), []);
        store.put(&"a/b".parse().unwrap(), b"x").unwrap();
        assert!(store.delete(&"a/b".parse().unwrap()).unwrap());
        assert!(folder.path().join("notes of mine.txt").exists() && !folder.path().join("a").exists());
    }

    #[test]
    fn errors_name_object_and_store() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("file");
        fs::write(&file, "x").unwrap();
        let store = FolderStore::new(&file);
        let error = store.put(&"a".parse().unwrap(), b"x").unwrap_err();
        assert_eq!(error.to_string(), format!("cannot store `a` in `file:{}`", file.display()));
        assert!(std::error::Error::source(&error).is_some());
        assert_eq!(store.list("").unwrap(), []);
    }
}
