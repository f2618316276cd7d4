//! One shmoo for each run folder, and one after the other where files of the project change.
//!
//! The lock is the kernel's (`flock`), so that it ends with its owner however that ends; the text in
//! the file only tells a second process who the owner is. The file is never removed: a process that
//! opened it before would lock a file that has no name.

use super::clock::Clock;
use crate::value::Timestamp;
use rustix::fs::{FlockOperation, flock};
use serde::{Deserialize, Serialize};
use std::fs::File;
use std::io::{self, Read, Seek, Write};
use std::path::{Path, PathBuf};

/// The file in the run's folder.
pub const LOCK_FILE: &str = "lock";

/// Who holds a lock.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Owner {
    /// Its process.
    pub pid: u32,
    /// The name of its machine: the folder may be shared.
    pub host: String,
    /// When it took the lock.
    pub since: Timestamp,
}

/// The right to change a run's folder, until it is dropped or the process ends.
#[derive(Debug)]
pub struct RunLock {
    _file: File,
}

/// Why a run's folder is not ours.
#[derive(Debug, thiserror::Error)]
pub enum LockError {
    /// Another process works there.
    #[error("another shmoo works on the run in `{}`{}", folder.display(), describe(owner.as_ref()))]
    Held {
        /// The run's folder.
        folder: PathBuf,
        /// Who it is, if it has written so already.
        owner: Option<Owner>,
    },
    /// The lock cannot be taken.
    #[error("cannot lock the run in `{}`", folder.display())]
    Lock {
        /// The run's folder.
        folder: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
}

fn describe(owner: Option<&Owner>) -> String {
    owner.map_or_else(String::new, |Owner { pid, host, since }| format!(": process {pid} on {host}, since {since}"))
}

impl LockError {
    /// Returns what to do about it.
    pub fn hint(&self) -> Option<String> {
        match self {
            LockError::Held { owner: Some(owner), .. } => {
                Some(format!("wait for it, or stop it with `kill {}`; then `--continue`", owner.pid))
            }
            LockError::Held { owner: None, .. } => Some("wait for it, then `--continue`".to_owned()),
            LockError::Lock { .. } => None,
        }
    }
}

impl RunLock {
    /// Takes the lock of a run's folder, or fails at once.
    pub fn acquire(folder: &Path, clock: &dyn Clock) -> Result<RunLock, LockError> {
        let failed = |source| LockError::Lock { folder: folder.to_owned(), source };
        // Not truncated: it may be another process's.
        let mut file = File::options()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(folder.join(LOCK_FILE))
            .map_err(failed)?;
        match flock(&file, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => {}
            Err(rustix::io::Errno::WOULDBLOCK) => {
                let mut text = String::new();
                let owner = file.read_to_string(&mut text).ok().and_then(|_| serde_json::from_str(&text).ok());
                return Err(LockError::Held { folder: folder.to_owned(), owner });
            }
            Err(error) => return Err(failed(error.into())),
        }
        let host = rustix::system::uname().nodename().to_string_lossy().into_owned();
        let owner = Owner { pid: std::process::id(), host, since: clock.now() };
        let text = serde_json::to_string(&owner).map_err(|error| failed(error.into()))?;
        let written = file.set_len(0).and_then(|()| file.rewind()).and_then(|()| file.write_all(text.as_bytes()));
        match written {
            // The lock holds without the text, and a full disk must not keep a run from being finished.
            Err(error) if error.kind() != io::ErrorKind::StorageFull => Err(failed(error)),
            _ => Ok(RunLock { _file: file }),
        }
    }
}

/// The right to change what a file stands for, until it is dropped or the process ends.
#[derive(Debug)]
pub struct WaitedLock {
    _file: File,
}

impl WaitedLock {
    /// Takes the lock of a file, which is made if it is not there; waits for whoever has it.
    pub fn acquire(path: &Path) -> io::Result<WaitedLock> {
        let file = File::options().read(true).write(true).create(true).truncate(false).open(path)?;
        loop {
            match flock(&file, FlockOperation::LockExclusive) {
                Ok(()) => return Ok(WaitedLock { _file: file }),
                Err(rustix::io::Errno::INTR) => {}
                Err(error) => return Err(error.into()),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::clock::FakeClock;
    use super::*;
    use std::process::{Command, Stdio};

    fn clock() -> FakeClock {
        FakeClock::new("2026-01-31T14:22:33Z".parse().unwrap())
    }

    #[test]
    fn the_second_is_refused_and_told_who_is_first() {
        let folder = tempfile::tempdir().unwrap();
        let first = RunLock::acquire(folder.path(), &clock()).unwrap();
        let error = RunLock::acquire(folder.path(), &clock()).unwrap_err();
        let pid = std::process::id();
        let text = error.to_string();
        assert!(text.contains(&format!(": process {pid} on ")) && text.ends_with("2026-01-31T14:22:33.000Z"), "{text}");
        assert_eq!(error.hint().unwrap(), format!("wait for it, or stop it with `kill {pid}`; then `--continue`"));
        drop(first);
        drop(RunLock::acquire(folder.path(), &clock()).unwrap());
    }

    #[test]
    fn a_dead_owners_lock_is_free_whatever_the_file_says() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join(LOCK_FILE);
        std::fs::write(&file, "{\"pid\":1,\"host\":\"h\",\"since\":\"2026-01-01T00:00:00Z\"} and more, not even JSON")
            .unwrap();
        drop(RunLock::acquire(folder.path(), &clock()).unwrap());
        let owner: Owner = serde_json::from_str(&std::fs::read_to_string(&file).unwrap()).unwrap();
        assert_eq!(owner.pid, std::process::id());
    }

    #[test]
    fn a_killed_process_leaves_no_lock() {
        let folder = tempfile::tempdir().unwrap();
        // Holds the lock as another program would, says so, and waits for its input to end.
        let script = "exec 9>\"$1\"; flock 9 && echo held && read line";
        let mut child = Command::new("bash")
            .args(["-c", script, "bash"])
            .arg(folder.path().join(LOCK_FILE))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut said = [0; 5];
        child.stdout.take().unwrap().read_exact(&mut said).unwrap();
        let error = RunLock::acquire(folder.path(), &clock()).unwrap_err();
        assert!(matches!(&error, LockError::Held { owner: None, .. }), "{error}");
        child.kill().unwrap();
        child.wait().unwrap();
        RunLock::acquire(folder.path(), &clock()).unwrap();
    }

    #[test]
    fn a_folder_that_is_not_there() {
        let error = RunLock::acquire(Path::new("/nonexistent/run"), &clock()).unwrap_err();
        assert_eq!(error.to_string(), "cannot lock the run in `/nonexistent/run`");
    }
}
