//! What tasks of a published run took, out of the store: for who looks at them again on another machine.

use super::fetch;
use super::outputs;
use super::patience::Patience;
use super::place::{PartName, Place};
use crate::ledger::Finished;
use crate::outside::store::{Store, StoreError};
use crate::steps::StepError;
use crate::steps::baseline::Taken;
use crate::steps::run_folder::{RunFolder, write_json};
use std::fs;

/// Tells whether parts of other machines have written the ledger of a run.
pub(in crate::steps) fn is_of_parts(run: &RunFolder) -> bool {
    let Ok(entries) = fs::read_dir(run.ledger()) else { return false };
    let mut names = entries.flatten().filter_map(|entry| entry.file_name().into_string().ok());
    names.any(|name| name.split('.').next().is_some_and(|part| part.parse::<PartName>().is_ok()))
}

/// Puts the repository files of a published run into its folder, and outputs of tasks that are not there: their
/// machine may be lost, and with it the archive of its part. What the store has not stays away.
pub(in crate::steps) fn supply(store: &dyn Store, run: &RunFolder, tasks: &[&Finished]) -> Result<(), StepError> {
    let (place, patience) = (Place::new(&run.facts.suite, &run.facts.id), Patience::LONG);
    let files = run.path.join("files");
    let list = files.join("contents.json");
    if !list.exists() {
        // What was taken of an earlier run comes from there.
        match fetch::contents(store, &place, &files, &Taken::new(), patience) {
            Ok(contents) => write_json(&list, &contents.roots)?,
            Err(StepError::Store(StoreError::Absent { .. })) => {}
            Err(error) => return Err(error),
        }
    }
    for task in tasks {
        let Some(folder) = task.folder.as_ref().map(|folder| run.path.join(folder)) else { continue };
        if task.outputs.iter().all(|output| folder.join(&output.path).exists()) {
            continue;
        }
        match outputs::restore(store, &place, &run.path, &[task], patience) {
            Ok(_) | Err(StepError::Store(StoreError::Absent { .. })) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}
