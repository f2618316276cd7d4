//! A store that lives as long as the process.

use super::{Listed, ObjectInfo, ObjectKey, Store, StoreError};
use crate::outside::clock::{Clock, SystemClock};
use crate::outside::durable;
use crate::value::Timestamp;
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Objects in memory.
#[derive(Debug, Default)]
pub struct MemoryStore {
    objects: Mutex<BTreeMap<ObjectKey, (Vec<u8>, Timestamp)>>,
}

impl MemoryStore {
    fn objects(&self) -> MutexGuard<'_, BTreeMap<ObjectKey, (Vec<u8>, Timestamp)>> {
        self.objects.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn read<T>(&self, key: &ObjectKey, read: impl FnOnce(&[u8]) -> T) -> Result<T, StoreError> {
        let objects = self.objects();
        let absent = || StoreError::Absent { key: key.clone(), store: self.location() };
        objects.get(key).map(|(bytes, _)| read(bytes)).ok_or_else(absent)
    }

    fn insert(&self, key: &ObjectKey, bytes: &[u8], overwrite: bool) -> Result<bool, StoreError> {
        let mut objects = self.objects();
        let below = |upper: &ObjectKey, lower: &ObjectKey| {
            lower.as_str().strip_prefix(upper.as_str()).is_some_and(|rest| rest.starts_with('/'))
        };
        if objects.keys().any(|other| below(other, key) || below(key, other)) {
            return Err(StoreError::Folder { key: key.clone(), store: self.location() });
        }
        if !overwrite && objects.contains_key(key) {
            return Ok(false);
        }
        objects.insert(key.clone(), (bytes.to_vec(), SystemClock::default().now()));
        Ok(true)
    }
}

fn info(bytes: &[u8]) -> ObjectInfo {
    ObjectInfo { bytes: bytes.len() as u64, crc32c: Some(crc32c::crc32c(bytes)) }
}

impl Store for MemoryStore {
    fn put(&self, key: &ObjectKey, bytes: &[u8]) -> Result<(), StoreError> {
        self.insert(key, bytes, true).map(|_| ())
    }

    fn put_if_absent(&self, key: &ObjectKey, bytes: &[u8]) -> Result<bool, StoreError> {
        self.insert(key, bytes, false)
    }

    fn put_file(&self, key: &ObjectKey, path: &Path) -> Result<ObjectInfo, StoreError> {
        let bytes =
            std::fs::read(path).map_err(|source| StoreError::File { verb: "read", path: path.to_owned(), source })?;
        self.put(key, &bytes)?;
        Ok(info(&bytes))
    }

    fn get(&self, key: &ObjectKey) -> Result<Vec<u8>, StoreError> {
        self.read(key, <[u8]>::to_vec)
    }

    fn get_to_file(&self, key: &ObjectKey, path: &Path) -> Result<ObjectInfo, StoreError> {
        let bytes = self.get(key)?;
        durable::write_file(path, &bytes).map_err(|source| StoreError::File {
            verb: "write",
            path: path.to_owned(),
            source,
        })?;
        Ok(info(&bytes))
    }

    fn read_at(&self, key: &ObjectKey, offset: u64, length: u64) -> Result<Vec<u8>, StoreError> {
        self.read(key, |bytes| {
            let clamp = |position: u64| usize::try_from(position).unwrap_or(usize::MAX).min(bytes.len());
            bytes[clamp(offset)..clamp(offset.saturating_add(length))].to_vec()
        })
    }

    fn head(&self, key: &ObjectKey) -> Result<Option<ObjectInfo>, StoreError> {
        Ok(self.objects().get(key).map(|(bytes, _)| info(bytes)))
    }

    fn list(&self, prefix: &str) -> Result<Vec<Listed>, StoreError> {
        let objects = self.objects();
        let found = objects.iter().filter(|(key, _)| key.as_str().starts_with(prefix));
        Ok(found
            .map(|(key, (bytes, stored))| Listed { key: key.clone(), bytes: bytes.len() as u64, stored: *stored })
            .collect())
    }

    fn delete(&self, key: &ObjectKey) -> Result<bool, StoreError> {
        Ok(self.objects().remove(key).is_some())
    }

    fn location(&self) -> String {
        "memory".to_owned()
    }
}
