//! Everything that can go wrong with a folder.

use crate::archive::ArchiveError;
use std::io;
use std::path::PathBuf;

/// Reading, making or replacing something on disk failed.
#[derive(Debug, thiserror::Error)]
pub enum FolderError {
    /// A folder could not be read.
    #[error("cannot read folder {}", .path.display())]
    ReadFolder {
        /// The folder.
        path: PathBuf,
        /// Why.
        #[source]
        err: io::Error,
    },
    /// Something could not be written next to its final place.
    #[error("cannot write {}", .path.display())]
    Write {
        /// What was to be written.
        path: PathBuf,
        /// Why.
        #[source]
        err: io::Error,
    },
    /// The place to unpack to is taken.
    #[error("cannot unpack into {}: something is there already", .path.display())]
    Taken {
        /// The folder.
        path: PathBuf,
    },
    /// Packing or unpacking failed.
    #[error(transparent)]
    Archive(#[from] ArchiveError),
}

impl FolderError {
    /// Returns what a person can do about it.
    pub fn hint(&self) -> Option<String> {
        match self {
            FolderError::Taken { .. } => Some("name a folder that does not exist yet, or is empty".to_owned()),
            FolderError::Archive(err) => err.hint(),
            FolderError::ReadFolder { .. } | FolderError::Write { .. } => None,
        }
    }
}
