//! What lies beside the folders of runs and goes with them: their parts, what confirmed comparisons of them, and what
//! `repro` made of them.

use super::run_folder::RunFolder;
use super::{StepError, Workspace};
use crate::outside::disk::folder_bytes;
use crate::outside::lock::{LockError, RunLock};
use crate::record::CONFIRM_MARK;
use crate::value::RunId;
use std::collections::BTreeMap;
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

/// The sides of a confirmation, each like the folder of a run.
const SIDES: [&str; 2] = ["base", "head"];

/// The folders beside those of runs, by run.
pub(super) struct Beside {
    folders: BTreeMap<RunId, Vec<PathBuf>>,
}

impl Beside {
    /// Finds the folders. One that does not say which run it belongs to is passed over.
    pub(super) fn of(workspace: &Workspace) -> Result<Beside, StepError> {
        let own = workspace.folder.join(".shmoo");
        let mut folders: BTreeMap<RunId, Vec<PathBuf>> = BTreeMap::new();
        for kind in ["repro", "parts"] {
            for folder in folders_in(&own.join(kind))? {
                if let Some(name) = folder.file_name().and_then(|name| name.to_str()) {
                    folders.entry(RunId::new(name)).or_default().push(folder);
                }
            }
        }
        for folder in folders_in(&own.join("confirm"))? {
            for side in SIDES.map(|side| folder.join(side)).iter().filter(|side| side.join("run.json").is_file()) {
                let info = RunFolder::open(side)?.stored_run()?;
                if let Some([mark, run]) = info.as_ref().map(|info| info.filter.as_slice())
                    && mark == CONFIRM_MARK
                {
                    folders.entry(RunId::new(run)).or_default().push(folder.clone());
                    break;
                }
            }
        }
        Ok(Beside { folders })
    }

    fn folders(&self, run: &RunId) -> &[PathBuf] {
        self.folders.get(run).map_or(&[], Vec::as_slice)
    }

    /// Returns what they take on disk.
    pub(super) fn bytes(&self, run: &RunId) -> Result<u64, StepError> {
        let bytes = |folder: &PathBuf| folder_bytes(folder).map_err(StepError::disk("read", folder));
        self.folders(run).iter().map(bytes).sum()
    }

    /// Tells whether a process works on one of them.
    pub(super) fn is_locked(&self, workspace: &Workspace, run: &RunId) -> Result<bool, StepError> {
        for folder in self.folders(run) {
            for inner in folders_in(folder)?.iter().filter(|inner| inner.join("run.json").is_file()) {
                match RunLock::acquire(inner, &*workspace.clock) {
                    Ok(_) => {}
                    Err(LockError::Held { .. }) => return Ok(true),
                    Err(error) => return Err(StepError::Lock(error)),
                }
            }
        }
        Ok(false)
    }

    /// Removes them.
    pub(super) fn remove(&self, run: &RunId) -> Result<(), StepError> {
        self.folders(run).iter().try_for_each(|folder| match fs::remove_dir_all(folder) {
            Err(error) if error.kind() != ErrorKind::NotFound => Err(StepError::disk("remove", folder)(error)),
            _ => Ok(()),
        })
    }
}

/// Returns the folders in a folder, none if it is not there.
fn folders_in(folder: &Path) -> Result<Vec<PathBuf>, StepError> {
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(StepError::disk("read", folder)(error)),
    };
    let mut found = Vec::new();
    for entry in entries {
        let entry = entry.map_err(StepError::disk("read", folder))?;
        if entry.file_type().map_err(StepError::disk("read", &entry.path()))?.is_dir() {
            found.push(entry.path());
        }
    }
    found.sort();
    Ok(found)
}
