//! Results of `cache: true` stages, kept in the store: `results/HH/KEY.tar.gz`.
//!
//! Each is an archive with `result.json`, `stdout`, `stderr` and the files of the task below `files/`.

use crate::archive::{Archive, Content, Entry, EntryKind, EntryPath, ItemKind, Limits, PackOptions, pack};
use crate::outside::store::{ObjectKey, Store};
use crate::run::{KeptResult, ResultCache, ResultFiles};
use crate::value::Digest;
use std::fs::{self, File};
use std::io::{self, Read};
use std::num::NonZeroUsize;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::sync::Arc;

/// Results in a store.
pub(super) struct StoredResults {
    store: Arc<dyn Store>,
}

impl StoredResults {
    pub(super) fn new(store: Arc<dyn Store>) -> StoredResults {
        StoredResults { store }
    }
}

fn key_of(key: &Digest) -> ObjectKey {
    let text = key.to_string();
    format!("results/{}/{text}.tar.gz", &text[..2]).parse().expect("hex digits are safe in keys")
}

/// What goes into the archive of a result.
struct Parts {
    result: Vec<u8>,
    files: Vec<(EntryPath, PathBuf)>,
}

impl Content for Parts {
    fn open(&self, path: &EntryPath) -> io::Result<Box<dyn Read + Send + '_>> {
        if path.as_bytes() == b"result.json" {
            return Ok(Box::new(self.result.as_slice()));
        }
        let found = self.files.iter().find(|(entry, _)| entry == path);
        let (_, path) = found.ok_or_else(|| io::Error::from(io::ErrorKind::NotFound))?;
        Ok(Box::new(File::open(path)?))
    }
}

fn text(error: impl std::error::Error) -> String {
    error.source().map_or_else(|| error.to_string(), |source| format!("{error}: {source}"))
}

fn entry_path(text: &str) -> Result<EntryPath, String> {
    EntryPath::new(text.as_bytes()).map_err(|error| error.to_string())
}

impl ResultCache for StoredResults {
    fn restore(&self, key: &Digest, into: &ResultFiles<'_>) -> Result<Option<KeptResult>, String> {
        let key = key_of(key);
        if self.store.head(&key).map_err(text)?.is_none() {
            return Ok(None);
        }
        let bytes = self.store.get(&key).map_err(text)?;
        let archive = Archive::open(&bytes, Limits::default()).map_err(text)?;
        let mut result = Vec::new();
        archive.restore_file(&entry_path("result.json")?, &mut result).map_err(text)?;
        let kept: KeptResult = serde_json::from_slice(&result).map_err(|error| error.to_string())?;
        for item in archive.list().map_err(text)? {
            let path = String::from_utf8_lossy(item.path.as_bytes()).into_owned();
            let ItemKind::File { executable, .. } = item.kind else { continue };
            let target = match path.as_str() {
                "result.json" => continue,
                "stdout" => into.streams[0].clone(),
                "stderr" => into.streams[1].clone(),
                other => match other.strip_prefix("files/") {
                    Some(local) => into.folder.join(local),
                    None => continue,
                },
            };
            if let Some(parent) = target.parent() {
                fs::create_dir_all(parent).map_err(|error| error.to_string())?;
            }
            let mut file = File::create(&target).map_err(|error| error.to_string())?;
            archive.restore_file(&item.path, &mut file).map_err(text)?;
            if executable {
                fs::set_permissions(&target, fs::Permissions::from_mode(0o755)).map_err(|error| error.to_string())?;
            }
        }
        Ok(Some(kept))
    }

    fn keep(&self, key: &Digest, result: &KeptResult, files: &ResultFiles<'_>) -> Result<(), String> {
        let key = key_of(key);
        if self.store.head(&key).map_err(text)?.is_some() {
            return Ok(());
        }
        let result = serde_json::to_vec(result).map_err(|error| error.to_string())?;
        let mut parts = Parts { result, files: Vec::new() };
        for (name, path) in [("stdout", &files.streams[0]), ("stderr", &files.streams[1])] {
            parts.files.push((entry_path(name)?, path.clone()));
        }
        for file in &files.files {
            parts.files.push((entry_path(&format!("files/{file}"))?, files.folder.join(file)));
        }
        let mut entries = vec![Entry {
            path: entry_path("result.json")?,
            kind: EntryKind::File { size: parts.result.len() as u64, executable: false },
        }];
        for (path, source) in &parts.files {
            let metadata = fs::metadata(source).map_err(|error| format!("`{}`: {error}", source.display()))?;
            let executable = metadata.permissions().mode() & 0o111 != 0;
            entries.push(Entry { path: path.clone(), kind: EntryKind::File { size: metadata.len(), executable } });
        }
        let mut bytes = Vec::new();
        let options = PackOptions::new(NonZeroUsize::MIN, serde_json::json!({ "result": key.as_str() }));
        pack(entries, &parts, &mut bytes, &options).map_err(text)?;
        // Whoever was first has the same result.
        self.store.put_if_absent(&key, &bytes).map_err(text)?;
        Ok(())
    }
}
