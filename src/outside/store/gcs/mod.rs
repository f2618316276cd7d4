//! A store in a bucket of Google Cloud Storage, over its JSON interface.
//!
//! The object `a/b` of the store `gs://BUCKET/PREFIX` is the object `PREFIX/a/b` of the bucket. What
//! is stored under other names, or under names that are no keys, is not the store's: it neither lists
//! nor deletes it.
//!
//! Invariants: an object is there whole and with the checksum that was made while its source was read,
//! or the caller hears of it. A request that is sent twice, by us or by the network, stores once. Every
//! call ends, by [`Patience`]. No message has a token or the address of an upload in it.
//!
//! A bucket has no folders, so that it is by a question before each upload that no key is both object
//! and folder; two writers at once may get past it.

mod chunks;
mod connection;
mod download;
mod error;
mod place;
mod resource;
mod tokens;
mod tries;
mod upload;

pub use error::BucketError;
pub use place::{BucketPlace, Endpoint};
pub use tries::Patience;

use super::{Listed, ObjectInfo, ObjectKey, OpenStoreError, Store, StoreError};
use crate::outside::durable::Draft;
use crate::outside::environment::Environment;
use crate::outside::http::{Connecting, HttpClient};
use chunks::QUANTUM;
use connection::{Call, Connection};
use download::{DownloadError, Target, download, read_at};
use place::escape;
use reqwest::{Method, StatusCode};
use resource::{Page, Resource, describe, object_url};
use std::collections::HashSet;
use std::fs::File;
use std::io::{self, Cursor};
use std::path::Path;
use std::sync::{Mutex, PoisonError};
use tokens::Tokens;
use tries::Tries;
use upload::{Source, Upload, UploadError, Uploaded};

/// How a bucket is used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BucketSettings {
    /// How long to wait.
    pub patience: Patience,
    /// Bytes for each request of an upload; rounded up to a multiple of 256 KiB.
    pub chunk: usize,
}

impl Default for BucketSettings {
    fn default() -> BucketSettings {
        BucketSettings { patience: Patience::default(), chunk: 8 << 20 }
    }
}

/// Objects in a bucket.
pub struct BucketStore {
    connection: Connection,
    place: BucketPlace,
    chunk: usize,
    /// Upper parts of keys that were no objects when we looked.
    folders: Mutex<HashSet<ObjectKey>>,
}

impl BucketStore {
    /// Opens the store at a place; nothing is asked yet. An emulator is not told who we are.
    pub fn open(
        place: BucketPlace,
        endpoint: Endpoint,
        environment: &Environment,
        settings: BucketSettings,
    ) -> Result<BucketStore, OpenStoreError> {
        let BucketSettings { patience, chunk } = settings;
        let proxies = !endpoint.is_emulator;
        let connecting = Connecting { within: patience.connect, silence: patience.silence, proxies };
        let agent = concat!("shmoo/", env!("CARGO_PKG_VERSION"));
        let http = HttpClient::new(agent, connecting).map_err(OpenStoreError::Http)?;
        let tokens = (!endpoint.is_emulator).then(|| Tokens::of(environment));
        let bucket = place.bucket.clone();
        let connection = Connection { http, endpoint, bucket, tokens, patience };
        let chunk = chunk.max(1).next_multiple_of(QUANTUM as usize);
        Ok(BucketStore { connection, place, chunk, folders: Mutex::default() })
    }

    fn name(&self, key: &ObjectKey) -> String {
        self.place.name(key.as_str())
    }

    /// Refuses a key that is a folder of others, or below an object.
    fn check_folders(&self, key: &ObjectKey) -> Result<(), StoreError> {
        let failed = |error: BucketError| self.unwritten(key, error);
        let taken = || StoreError::Folder { key: key.clone(), store: self.location() };
        let upper = key.as_str().match_indices('/').map(|(end, _)| &key.as_str()[..end]);
        for upper in upper {
            let upper: ObjectKey = upper.parse().expect("the upper parts of a key are one");
            if self.folders.lock().unwrap_or_else(PoisonError::into_inner).contains(&upper) {
                continue;
            }
            if describe(&self.connection, &self.name(&upper)).map_err(failed)?.is_some() {
                return Err(taken());
            }
            self.folders.lock().unwrap_or_else(PoisonError::into_inner).insert(upper);
        }
        let below = format!("{}/", self.name(key));
        let page = self.page(&below, Some(1), None).map_err(failed)?;
        if page.items.is_empty() { Ok(()) } else { Err(taken()) }
    }

    fn upload(
        &self,
        key: &ObjectKey,
        source: &mut dyn Source,
        bytes: u64,
        only_new: bool,
    ) -> Result<Result<Uploaded, io::Error>, StoreError> {
        self.check_folders(key)?;
        let name = self.name(key);
        let upload = Upload { connection: &self.connection, name: &name, bytes, only_new, chunk: self.chunk };
        match upload.run(source) {
            Ok(uploaded) => Ok(Ok(uploaded)),
            Err(UploadError::Source(error)) => Ok(Err(error)),
            Err(UploadError::Bucket(error)) => Err(self.unwritten(key, error)),
        }
    }

    fn put_bytes(&self, key: &ObjectKey, bytes: &[u8], only_new: bool) -> Result<bool, StoreError> {
        let uploaded = self.upload(key, &mut Cursor::new(bytes), bytes.len() as u64, only_new)?;
        Ok(matches!(uploaded.expect("bytes in memory can be read"), Uploaded::Stored(_)))
    }

    fn fetch(&self, key: &ObjectKey, target: &mut dyn Target) -> Result<Result<ObjectInfo, io::Error>, StoreError> {
        match download(&self.connection, &self.name(key), target) {
            Ok(Some(info)) => Ok(Ok(info)),
            Ok(None) => Err(self.absent(key)),
            Err(DownloadError::Target(error)) => Ok(Err(error)),
            Err(DownloadError::Bucket(error)) => Err(self.unread(key, error)),
        }
    }

    /// Fetches a page of a listing of names.
    fn page(&self, prefix: &str, most: Option<u32>, token: Option<&str>) -> Result<Page, BucketError> {
        let fields = escape("nextPageToken,items(name,size,updated)");
        let mut query = format!("prefix={}&fields={fields}", escape(prefix));
        query.extend(most.map(|most| format!("&maxResults={most}")));
        query.extend(token.map(|token| format!("&pageToken={}", escape(token))));
        let path = format!("/storage/v1/b/{}/o", escape(&self.place.bucket));
        let reply = self.connection.send(&Call::new(Method::GET, self.connection.url(&path, &query)))?;
        if reply.status.is_success() { resource::read(&reply.body) } else { Err(self.connection.refused(&reply)) }
    }

    fn listed(&self, prefix: &str) -> Result<Vec<Listed>, BucketError> {
        let prefix = self.place.name(prefix);
        let (mut found, mut token) = (Vec::new(), None::<String>);
        loop {
            let Page { items, next_page_token } = self.page(&prefix, None, token.as_deref())?;
            for item in items {
                let Some(key) = self.place.key(&item.name) else { continue };
                let stored = item.updated.as_deref().and_then(|text| text.parse().ok());
                let stored = stored.ok_or_else(|| BucketError::Strange("with an object of no time".to_owned()))?;
                found.push(Listed { key, bytes: item.info()?.bytes, stored });
            }
            if next_page_token.is_some() && next_page_token == token {
                return Err(BucketError::Strange("with the same page again".to_owned()));
            }
            token = next_page_token;
            if token.is_none() {
                found.sort();
                return Ok(found);
            }
        }
    }

    /// Deletes the version of an object that is there, so that a request which the network keeps back and
    /// delivers late deletes no other one.
    fn remove(&self, name: &str) -> Result<bool, BucketError> {
        let mut tries = Tries::new(&self.connection.patience);
        while let Some(Resource { generation, .. }) = describe(&self.connection, name)? {
            let query = format!("ifGenerationMatch={}", escape(&generation));
            let call = Call::new(Method::DELETE, object_url(&self.connection, name, &query));
            let reply = self.connection.send(&call)?;
            match reply.status {
                status if status.is_success() => return Ok(true),
                // It was there, and the request may have been carried out twice.
                StatusCode::NOT_FOUND => return Ok(true),
                StatusCode::PRECONDITION_FAILED => {
                    tries.again(None, BucketError::Strange("that an object was replaced".to_owned()))?;
                }
                _ => return Err(self.connection.refused(&reply)),
            }
        }
        Ok(false)
    }

    fn absent(&self, key: &ObjectKey) -> StoreError {
        StoreError::Absent { key: key.clone(), store: self.location() }
    }

    fn unread(&self, key: &ObjectKey, error: BucketError) -> StoreError {
        StoreError::Read { key: key.clone(), store: self.location(), source: error.into_io() }
    }

    fn unwritten(&self, key: &ObjectKey, error: BucketError) -> StoreError {
        StoreError::Write { key: key.clone(), store: self.location(), source: error.into_io() }
    }
}

impl Store for BucketStore {
    fn put(&self, key: &ObjectKey, bytes: &[u8]) -> Result<(), StoreError> {
        self.put_bytes(key, bytes, false).map(|_| ())
    }

    fn put_if_absent(&self, key: &ObjectKey, bytes: &[u8]) -> Result<bool, StoreError> {
        self.put_bytes(key, bytes, true)
    }

    fn put_file(&self, key: &ObjectKey, path: &Path) -> Result<ObjectInfo, StoreError> {
        let unreadable = |source| StoreError::File { verb: "read", path: path.to_owned(), source };
        let mut file = File::open(path).map_err(unreadable)?;
        let bytes = file.metadata().map_err(unreadable)?.len();
        match self.upload(key, &mut file, bytes, false)?.map_err(unreadable)? {
            Uploaded::Stored(resource) => resource.info().map_err(|error| self.unwritten(key, error)),
            Uploaded::Present => unreachable!("only uploads of new objects find one"),
        }
    }

    fn get(&self, key: &ObjectKey) -> Result<Vec<u8>, StoreError> {
        let mut bytes = Vec::new();
        self.fetch(key, &mut bytes)?.expect("memory can be written");
        Ok(bytes)
    }

    fn get_to_file(&self, key: &ObjectKey, path: &Path) -> Result<ObjectInfo, StoreError> {
        let unwritable = |source| StoreError::File { verb: "write", path: path.to_owned(), source };
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let mut draft = Draft::create(folder, 0o666).map_err(unwritable)?;
        let info = self.fetch(key, draft.file())?.map_err(unwritable)?;
        draft.publish(path).map_err(unwritable)?;
        Ok(info)
    }

    fn read_at(&self, key: &ObjectKey, offset: u64, length: u64) -> Result<Vec<u8>, StoreError> {
        let read = read_at(&self.connection, &self.name(key), offset, length);
        read.map_err(|error| self.unread(key, error))?.ok_or_else(|| self.absent(key))
    }

    fn head(&self, key: &ObjectKey) -> Result<Option<ObjectInfo>, StoreError> {
        let found = describe(&self.connection, &self.name(key));
        let info = found.and_then(|resource| resource.map(|resource| resource.info()).transpose());
        info.map_err(|error| self.unread(key, error))
    }

    fn list(&self, prefix: &str) -> Result<Vec<Listed>, StoreError> {
        self.listed(prefix).map_err(|error| StoreError::List {
            prefix: prefix.to_owned(),
            store: self.location(),
            source: error.into_io(),
        })
    }

    fn delete(&self, key: &ObjectKey) -> Result<bool, StoreError> {
        self.remove(&self.name(key)).map_err(|error| StoreError::Delete {
            key: key.clone(),
            store: self.location(),
            source: error.into_io(),
        })
    }

    fn location(&self) -> String {
        format!("`{}`", self.place)
    }
}
