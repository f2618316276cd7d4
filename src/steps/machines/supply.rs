//! What tasks of a published run took, out of the store: for who looks at them again on another machine.

use super::fetch;
use super::outputs;
use super::patience::Patience;
use super::place::{PartName, Place};
use crate::archive::EntryPath;
use crate::ledger::Finished;
use crate::outside::store::{Store, StoreError};
use crate::steps::StepError;
use crate::steps::baseline::Taken;
use crate::steps::run_folder::{RunFolder, write_json};
use crate::value::TaskKey;
use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

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
    for task in tasks.iter().filter(|task| is_inside(task)) {
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

/// What became of tasks whose folders no part had archived before its machine was lost.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Lost {
    /// Of these the outputs are there, and nothing else.
    pub outputs_only: Vec<TaskKey>,
    /// Of these not even all outputs are there.
    pub gone: Vec<TaskKey>,
    /// Files that came out of the store.
    pub files: u64,
    /// Their bytes.
    pub bytes: u64,
}

/// Brings the outputs of tasks whose folders are missing in a restored run, as far as they were published for
/// others. No task means all; a run of one machine has lost none.
pub fn bring_lost(store: &dyn Store, target: &Path, tasks: &[TaskKey]) -> Result<Lost, StepError> {
    let run = RunFolder::open(target)?;
    if !is_of_parts(&run) {
        return Ok(Lost::default());
    }
    let wanted: BTreeSet<&TaskKey> = tasks.iter().collect();
    let (folded, _) = run.fold()?;
    let missing = |task: &&Finished| {
        let folder = task.folder.as_ref().map(|folder| run.path.join(folder));
        is_inside(task) && folder.is_some_and(|folder| !folder.exists())
    };
    let lost: Vec<&Finished> = folded
        .tasks
        .iter()
        .filter(|(task, _)| wanted.is_empty() || wanted.contains(task))
        .filter_map(|(_, history)| history.finished.as_deref())
        .filter(missing)
        .collect();
    let place = Place::new(&run.facts.suite, &run.facts.id);
    let found = outputs::restore_found(store, &place, &run.path, &lost, Patience::LONG)?;
    let mut became = Lost::default();
    for (task, found) in lost.into_iter().zip(found) {
        became.files += found.len() as u64;
        became.bytes += found.iter().map(|output| output.bytes).sum::<u64>();
        let whole = !found.is_empty() && found.len() == task.outputs.len();
        if found.is_empty() {
            remove_empty(&run, task);
        }
        let list = if whole { &mut became.outputs_only } else { &mut became.gone };
        list.push(task.task.clone());
    }
    became.outputs_only.sort();
    became.gone.sort();
    Ok(became)
}

/// Removes the folders that were made for outputs of a task of which none came.
fn remove_empty(run: &RunFolder, task: &Finished) {
    let Some(folder) = &task.folder else { return };
    for output in &task.outputs {
        let path = Path::new(folder).join(&output.path);
        // One that has something in it stays, and so do those above it.
        let _ = path
            .ancestors()
            .skip(1)
            .take_while(|above| above.starts_with("work/"))
            .try_for_each(|above| fs::remove_dir(run.path.join(above)));
    }
}

/// Tells whether what a ledger says of a task stays below the work of its run: somebody else wrote it.
fn is_inside(task: &Finished) -> bool {
    let is_plain = |path: &str| EntryPath::new(path).is_ok();
    let folder = task.folder.as_deref().is_some_and(|folder| folder.starts_with("work/") && is_plain(folder));
    folder && task.outputs.iter().all(|output| is_plain(&output.path))
}

#[cfg(test)]
mod tests {
    use super::super::tests::finished;
    use super::*;

    #[test]
    fn what_leaves_the_work_of_a_run_is_not_taken() {
        let check = |folder: &str, path: &str, expected: bool| {
            let mut task = finished("a/b", &[(path, "")]);
            task.folder = Some(folder.to_owned());
            assert_eq!(is_inside(&task), expected, "{folder} {path}");
        };
        check("work/a/b/1-1-1.1", "tree/leaf", true);
        check("work/../../a", "leaf", false);
        check("/work/a", "leaf", false);
        check("ledger", "leaf", false);
        check("work/a", "../leaf", false);
        check("work/a", "/leaf", false);
    }
}
