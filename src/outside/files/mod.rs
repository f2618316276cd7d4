//! Files of a run: what goes into a task's folder, and what comes out of it.
//!
//! - [`ContentStore`]: repository files and folders, copied once for each run, by digest, so that
//!   later edits do not leak into it.
//! - [`place`]: a file or folder as an input in a task's folder: copied up to [`COPY_LIMIT`], above
//!   that a reflink, else a hard link, else a copy after all.
//! - [`check_inputs`]: which inputs a task has written to.
//! - [`hash_outputs`]: what a task leaves, with digests.
//!
//! A folder is a real folder of such files. Symbolic links in it are kept if they are relative and
//! stay inside; others, and special files, are errors that name them.

mod content;
mod outputs;
mod place;
#[cfg(test)]
mod tests;
mod tree;

pub use content::{Content, ContentKind, ContentStore};
pub use outputs::{Outputs, hash_outputs};
pub use place::{COPY_LIMIT, ChangedInput, PlacedInput, Witness, check_inputs, place};

use crate::value::Digest;
use std::io;
use std::path::{Path, PathBuf};

/// Why files cannot be brought in or out.
#[derive(Debug, thiserror::Error)]
pub enum FilesError {
    /// A file or folder cannot be read.
    #[error("cannot read `{}`", path.display())]
    Read {
        /// Which.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// A file or folder cannot be written.
    #[error("cannot write `{}`", path.display())]
    Write {
        /// Which.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// A symbolic link leads out of the folder that is brought in or out.
    #[error("the symbolic link `{}` leads out of its folder, to `{}`", path.display(), target.display())]
    Link {
        /// The link.
        path: PathBuf,
        /// Where it leads.
        target: PathBuf,
    },
    /// It is neither a file, a folder nor a symbolic link.
    #[error("`{}` is neither a file nor a folder", path.display())]
    Special {
        /// Which.
        path: PathBuf,
    },
    /// Its name is no Unicode text.
    #[error("the name of `{}` is not UTF-8", path.display())]
    Name {
        /// Which.
        path: PathBuf,
    },
    /// The name of an input or output leads out of the task's folder.
    #[error("`{name}` is not a path below the task's folder")]
    Outside {
        /// The name.
        name: String,
    },
    /// Two inputs have the same place.
    #[error("there are two inputs at `{}`", path.display())]
    Twice {
        /// The place.
        path: PathBuf,
    },
    /// The content store does not hold what it should.
    #[error("`{}` is missing or damaged, and `{}` has changed since", stored.display(), origin.display())]
    Lost {
        /// The file in the store.
        stored: PathBuf,
        /// Where it came from.
        origin: PathBuf,
    },
    /// The content store never held it, or its list of a folder's files is damaged.
    #[error("the content store has no {digest}")]
    Unknown {
        /// What was wanted.
        digest: Digest,
    },
}

impl FilesError {
    /// Returns what to do about it.
    pub fn hint(&self) -> Option<String> {
        Some(match self {
            FilesError::Read { source, .. } | FilesError::Write { source, .. } => match source.kind() {
                io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => "make room on the disk".to_owned(),
                _ => return None,
            },
            FilesError::Link { .. } => "make it a relative link inside the folder, or a file".to_owned(),
            FilesError::Special { .. } => "only files, folders and symbolic links can be kept".to_owned(),
            FilesError::Name { .. } => "give it a name in UTF-8".to_owned(),
            FilesError::Outside { .. } => "use a relative path without `..`".to_owned(),
            FilesError::Twice { .. } => "give one of them another local name".to_owned(),
            FilesError::Lost { .. } | FilesError::Unknown { .. } => {
                "start a new run: this one can no longer be continued with the same inputs".to_owned()
            }
        })
    }
}

fn read_error(path: &Path) -> impl FnOnce(io::Error) -> FilesError + use<> {
    let path = path.to_owned();
    move |source| FilesError::Read { path, source }
}

fn write_error(path: &Path) -> impl FnOnce(io::Error) -> FilesError + use<> {
    let path = path.to_owned();
    move |source| FilesError::Write { path, source }
}

/// Tells whether a name is a path below a folder, written plainly.
fn is_below(name: &str) -> bool {
    !name.is_empty()
        && !name.contains('\0')
        && name.split('/').all(|part| !part.is_empty() && part != "." && part != "..")
}
