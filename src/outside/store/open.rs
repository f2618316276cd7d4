//! From the text in the project file to a store.

use super::{BucketPlace, BucketSettings, BucketStore, Endpoint, FolderStore, Store};
use crate::outside::environment::Environment;
use crate::outside::http::HttpError;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Why a text names no store that can be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenStoreError {
    /// It starts with no known scheme.
    #[error("`{0}` names no store")]
    Scheme(String),
    /// Nothing follows the scheme.
    #[error("the store `{0}` has no path")]
    NoPath(String),
    /// `file://HOST/PATH`.
    #[error("the store `{0}` is on another host")]
    Host(String),
    /// `gs://` is followed by something else than a bucket and a prefix.
    #[error("the store `{location}` is no part of a bucket: {problem}")]
    Bucket {
        /// The text.
        location: String,
        /// What is wrong with it.
        problem: String,
    },
    /// The environment names an emulator that cannot be asked.
    #[error("`STORAGE_EMULATOR_HOST` is `{0}`, which is no address of a server")]
    Emulator(String),
    /// Requests cannot be made.
    #[error("cannot use buckets")]
    Http(#[source] HttpError),
}

impl OpenStoreError {
    /// Returns what to do about it.
    pub fn hint(&self) -> Option<String> {
        Some(match self {
            OpenStoreError::Scheme(text) if !text.is_empty() && !text.contains(':') => {
                format!("a folder is written `file:{text}`")
            }
            OpenStoreError::Scheme(_) | OpenStoreError::NoPath(_) => {
                "write `file:PATH`, such as `file:.shmoo/store`, or `gs://BUCKET/PREFIX`".to_owned()
            }
            OpenStoreError::Host(_) => "write `file:PATH` for a relative path, `file:///PATH` else".to_owned(),
            OpenStoreError::Bucket { .. } => "write `gs://BUCKET/PREFIX`, such as `gs://lab-archive/chip`".to_owned(),
            OpenStoreError::Emulator(_) => "it is set for tests, such as `127.0.0.1:9023`; else unset it".to_owned(),
            OpenStoreError::Http(_) => return None,
        })
    }
}

/// Opens the store that `location` names; relative paths are relative to `base`, the folder of the
/// project file. The environment says who we are to a bucket.
pub fn open_store(location: &str, base: &Path, environment: &Environment) -> Result<Arc<dyn Store>, OpenStoreError> {
    if location.starts_with("gs://") {
        let place = BucketPlace::parse(location)?;
        let endpoint = Endpoint::of(environment)?;
        return Ok(Arc::new(BucketStore::open(place, endpoint, environment, BucketSettings::default())?));
    }
    let path = file_path(location)?;
    Ok(Arc::new(FolderStore::new(base.join(path))))
}

fn file_path(location: &str) -> Result<PathBuf, OpenStoreError> {
    let rest = location.strip_prefix("file:").ok_or_else(|| OpenStoreError::Scheme(location.to_owned()))?;
    let path = match rest.strip_prefix("//") {
        Some(rest) if rest.starts_with('/') || rest.is_empty() => rest,
        Some(_) => return Err(OpenStoreError::Host(location.to_owned())),
        None => rest,
    };
    if path.is_empty() {
        return Err(OpenStoreError::NoPath(location.to_owned()));
    }
    Ok(PathBuf::from(path))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn locations() {
        let check = |text: &str, expected: &str| {
            let found = match open_store(text, Path::new("/project"), &Environment::default()) {
                Ok(store) => store.location(),
                Err(error) => format!("{error}; {}", error.hint().unwrap()),
            };
            assert_eq!(found, expected, "{text}");
        };
        check("file:.shmoo/store", "`file:/project/.shmoo/store`");
        check("file:/a", "`file:/a`");
        check("file:///a", "`file:/a`");
        check(
            "file://a/b",
            "the store `file://a/b` is on another host; write `file:PATH` for a relative path, `file:///PATH` else",
        );
        let write = "write `file:PATH`, such as `file:.shmoo/store`, or `gs://BUCKET/PREFIX`";
        check("file:", &format!("the store `file:` has no path; {write}"));
        check("gs://bucket/x", "`gs://bucket/x`");
        check("gs://bucket", "`gs://bucket`");
        check(
            "gs://bu",
            "the store `gs://bu` is no part of a bucket: the name of a bucket has 3 to 222 characters; write `gs://BUCKET/PREFIX`, such as `gs://lab-archive/chip`",
        );
        check("s3://bucket", &format!("`s3://bucket` names no store; {write}"));
        check("store", "`store` names no store; a folder is written `file:store`");
        check("", &format!("`` names no store; {write}"));
    }
}
