//! Why a step could not do its work, and whose fault that is.

use crate::archive::ArchiveError;
use crate::ledger::LedgerError;
use crate::outside::files::FilesError;
use crate::outside::folder::FolderError;
use crate::outside::git::GitError;
use crate::outside::github::{GitHubError, ParsePlaceError};
use crate::outside::history::HistoryError;
use crate::outside::ledger_file::LedgerFileError;
use crate::outside::lock::LockError;
use crate::outside::store::{OpenStoreError, StoreError};
use crate::plan::{PlanError, PlanFileError, ShardError};
use crate::run::RunError;
use crate::value::Problems;
use std::path::PathBuf;

/// Whose fault an error is: it decides the exit code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// What the user said or wrote.
    Usage,
    /// A service or the machine: a disk, a database, a store.
    Service,
    /// Nobody's: there is nothing to do.
    Nothing,
    /// The user's, who wants no more.
    Stopped,
}

/// Why a step could not do its work.
#[derive(Debug, thiserror::Error)]
pub enum StepError {
    /// Files of the user are wrong.
    #[error("{0}")]
    Problems(Problems),
    /// The plan is empty.
    #[error("{message}")]
    Nothing {
        /// What selects nothing.
        message: String,
        /// What to do about it.
        hint: Option<String>,
    },
    /// The user asked for something that is not there.
    #[error("{message}")]
    Usage {
        /// What was asked for.
        message: String,
        /// What to do about it.
        hint: Option<String>,
    },
    /// A signal came before there was a result.
    #[error("stopped by {signal}, {before}")]
    Stopped {
        /// The signal.
        signal: String,
        /// What was still to be done.
        before: &'static str,
    },
    /// A file of the user cannot be read.
    #[error("cannot read `{}`", path.display())]
    Read {
        /// Which.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// A file of ours cannot be read or written.
    #[error("cannot {what} `{}`", path.display())]
    Disk {
        /// `read`, `write`, `make`, `remove`.
        what: &'static str,
        /// Which.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// A stored file of ours has another form.
    #[error("`{}` is damaged", path.display())]
    Damaged {
        /// Which.
        path: PathBuf,
        /// Why.
        #[source]
        source: serde_json::Error,
    },
    /// The plan file cannot be used.
    #[error("cannot use the plan")]
    PlanFile(#[source] PlanFileError),
    /// The plan cannot be divided.
    #[error("cannot divide the plan over machines")]
    Shards(#[source] ShardError),
    /// Another process has the run.
    #[error(transparent)]
    Lock(LockError),
    /// The repository's files cannot be kept.
    #[error("cannot copy the repository files of the run")]
    Files(#[source] FilesError),
    /// The run cannot go on.
    #[error("the run cannot go on")]
    Run(#[source] RunError),
    /// The ledger cannot be written or read.
    #[error("cannot use the ledger of the run")]
    Ledger(#[source] LedgerFileError),
    /// A ledger file is broken.
    #[error("cannot read the ledger of the run")]
    LedgerFormat(#[source] LedgerError),
    /// The store cannot be opened.
    #[error("cannot open the store")]
    OpenStore(#[source] OpenStoreError),
    /// The store cannot be used.
    #[error("cannot use the store")]
    Store(#[source] StoreError),
    /// The history cannot be used.
    #[error("cannot use the history")]
    History(#[source] HistoryError),
    /// An archive cannot be made or read.
    #[error("cannot use the archive")]
    Archive(#[source] ArchiveError),
    /// A folder cannot be packed or unpacked.
    #[error("cannot use the folder")]
    Folder(#[source] FolderError),
    /// Git does not do what it is asked for.
    #[error("cannot use git")]
    Git(#[source] GitError),
    /// There is no telling where GitHub is.
    #[error("cannot find GitHub")]
    GitHubPlace(#[source] ParsePlaceError),
    /// GitHub does not do what it is asked for.
    #[error(transparent)]
    GitHub(GitHubError),
}

impl StepError {
    /// Returns a usage error.
    pub fn usage(message: impl Into<String>, hint: Option<String>) -> StepError {
        StepError::Usage { message: message.into(), hint }
    }

    /// Returns a function that wraps an error of the disk.
    pub(super) fn disk(what: &'static str, path: &std::path::Path) -> impl FnOnce(std::io::Error) -> StepError + use<> {
        let path = path.to_owned();
        move |source| StepError::Disk { what, path, source }
    }

    /// Returns whose fault it is.
    pub fn fault(&self) -> Fault {
        match self {
            StepError::Problems(_)
            | StepError::Usage { .. }
            | StepError::Read { .. }
            | StepError::PlanFile(_)
            | StepError::Shards(_)
            | StepError::GitHubPlace(_)
            | StepError::Lock(_) => Fault::Usage,
            // What was asked for is not in it, or where it was to go is taken.
            StepError::Archive(ArchiveError::NoSuchFile { .. })
            | StepError::Folder(FolderError::Archive(ArchiveError::NoSuchFile { .. }) | FolderError::Taken { .. }) => {
                Fault::Usage
            }
            StepError::History(error) if error.is_usage() => Fault::Usage,
            StepError::Nothing { .. } => Fault::Nothing,
            StepError::Stopped { .. } => Fault::Stopped,
            StepError::Disk { .. }
            | StepError::Damaged { .. }
            | StepError::Files(_)
            | StepError::Run(_)
            | StepError::Ledger(_)
            | StepError::LedgerFormat(_)
            | StepError::OpenStore(_)
            | StepError::Store(_)
            | StepError::History(_)
            | StepError::Archive(_)
            | StepError::Folder(_)
            | StepError::Git(_)
            | StepError::GitHub(_) => Fault::Service,
        }
    }

    /// Returns what to do about it.
    pub fn hint(&self) -> Option<String> {
        match self {
            StepError::Problems(_) | StepError::Read { .. } | StepError::Damaged { .. } | StepError::Stopped { .. } => {
                None
            }
            StepError::Nothing { hint, .. } | StepError::Usage { hint, .. } => hint.clone(),
            StepError::Disk { source, .. } => {
                matches!(source.kind(), std::io::ErrorKind::StorageFull | std::io::ErrorKind::QuotaExceeded)
                    .then(|| "make room on the disk; what is finished stays, `--continue` goes on".to_owned())
            }
            StepError::PlanFile(error) => Some(error.hint().to_owned()),
            StepError::Shards(error) => Some(error.hint().to_owned()),
            StepError::Lock(error) => error.hint(),
            StepError::Files(error) => error.hint(),
            StepError::Run(error) => error.hint(),
            StepError::Ledger(error) => error.hint(),
            StepError::LedgerFormat(error) => error.hint(),
            StepError::OpenStore(error) => error.hint(),
            StepError::Store(error) => error.hint(),
            StepError::History(error) => error.hint(),
            StepError::Archive(error) => error.hint(),
            StepError::Folder(error) => error.hint(),
            StepError::Git(error) => error.hint(),
            StepError::GitHubPlace(error) => Some(error.hint().to_owned()),
            StepError::GitHub(error) => error.hint(),
        }
    }
}

impl From<PlanError> for StepError {
    fn from(error: PlanError) -> StepError {
        match error {
            PlanError::Wrong(problems) => StepError::Problems(problems),
            PlanError::Empty { message, hint } => StepError::Nothing { message, hint },
        }
    }
}
