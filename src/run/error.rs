//! Why a run cannot go on, and which errors of the system are the machine's and not a task's.

use crate::outside::files::FilesError;
use crate::outside::ledger_file::LedgerFileError;
use rustix::io::Errno;
use std::io;
use std::path::PathBuf;

/// Why a run cannot go on at all.
///
/// Whatever is the machine's fault ends here and not in a verdict: a verdict is final, and
/// `--continue` would not try such a task again.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// Its events cannot be written.
    #[error("cannot write the ledger")]
    Ledger(#[source] LedgerFileError),
    /// A folder of the run cannot be made.
    #[error("cannot make the folder `{}`", path.display())]
    Folder {
        /// Which.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// The machine does not give a task what it needs: room on the disk, processes, open files.
    #[error("cannot {doing}")]
    Machine {
        /// What was tried.
        doing: String,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// Signals cannot be received.
    #[error("cannot wait for signals")]
    Signals(#[source] io::Error),
}

impl RunError {
    /// Returns what to do about it.
    pub fn hint(&self) -> Option<String> {
        match self {
            RunError::Ledger(error) => error.hint(),
            RunError::Folder { source, .. } | RunError::Machine { source, .. } => machine_hint(source),
            RunError::Signals(_) => None,
        }
    }
}

fn machine_hint(error: &io::Error) -> Option<String> {
    let first = match Errno::from_io_error(error)? {
        Errno::NOSPC | Errno::DQUOT => "make room on the disk",
        Errno::FBIG => "raise the limit of file sizes (`ulimit -f`)",
        Errno::MFILE | Errno::NFILE => "raise the limit of open files (`ulimit -n`), or run less at a time (`--jobs`)",
        Errno::AGAIN | Errno::NOMEM => "run less at a time (`--jobs`)",
        _ => return None,
    };
    Some(format!("{first}, then go on with `--continue`: what is finished stays"))
}

/// Tells whether an error says that the machine has no more to give, whatever the task.
pub(super) fn is_machines(error: &io::Error) -> bool {
    let machines = [
        Errno::NOSPC,
        Errno::DQUOT,
        Errno::FBIG,
        Errno::ROFS,
        Errno::IO,
        Errno::MFILE,
        Errno::NFILE,
        Errno::AGAIN,
        Errno::NOMEM,
    ];
    Errno::from_io_error(error).is_some_and(|errno| machines.contains(&errno))
}

/// Returns the cause of an error of files if it is the machine's.
pub(super) fn machines_fault(error: FilesError) -> Result<io::Error, FilesError> {
    match error {
        FilesError::Read { source, .. } | FilesError::Write { source, .. } if is_machines(&source) => Ok(source),
        other => Err(other),
    }
}
