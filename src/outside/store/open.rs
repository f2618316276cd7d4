//! From the text in the project file to a store.

use super::{FolderStore, Store};
use std::path::{Path, PathBuf};

/// Why a text names no store that can be opened.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum OpenStoreError {
    /// A kind of store whose place is kept.
    #[error("the store `{0}` is in a bucket, which this version cannot use: it is not built yet")]
    NotBuilt(String),
    /// It starts with no known scheme.
    #[error("`{0}` names no store")]
    Scheme(String),
    /// Nothing follows the scheme.
    #[error("the store `{0}` has no path")]
    NoPath(String),
    /// `file://HOST/PATH`.
    #[error("the store `{0}` is on another host")]
    Host(String),
}

impl OpenStoreError {
    /// Returns what to do about it.
    pub fn hint(&self) -> Option<String> {
        Some(match self {
            OpenStoreError::NotBuilt(_) => "use a folder: `file:.shmoo/store`".to_owned(),
            OpenStoreError::Scheme(text) if !text.is_empty() && !text.contains(':') => {
                format!("a folder is written `file:{text}`")
            }
            OpenStoreError::Scheme(_) | OpenStoreError::NoPath(_) => {
                "write `file:PATH`, such as `file:.shmoo/store`".to_owned()
            }
            OpenStoreError::Host(_) => "write `file:PATH` for a relative path, `file:///PATH` else".to_owned(),
        })
    }
}

/// Opens the store that `location` names; relative paths are relative to `base`, the folder of the
/// project file.
pub fn open_store(location: &str, base: &Path) -> Result<Box<dyn Store>, OpenStoreError> {
    if location.starts_with("gs://") {
        return Err(OpenStoreError::NotBuilt(location.to_owned()));
    }
    let path = file_path(location)?;
    Ok(Box::new(FolderStore::new(base.join(path))))
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
            let found = match open_store(text, Path::new("/project")) {
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
        check("file:", "the store `file:` has no path; write `file:PATH`, such as `file:.shmoo/store`");
        check(
            "gs://bucket/x",
            "the store `gs://bucket/x` is in a bucket, which this version cannot use: it is not built yet; use a folder: `file:.shmoo/store`",
        );
        check("s3://bucket", "`s3://bucket` names no store; write `file:PATH`, such as `file:.shmoo/store`");
        check("store", "`store` names no store; a folder is written `file:store`");
        check("", "`` names no store; write `file:PATH`, such as `file:.shmoo/store`");
    }
}
