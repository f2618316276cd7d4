//! What tasks leave for tasks of other machines: files by digest, in the store.

use super::patience::Patience;
use super::place::Place;
use super::share::{REQUESTS, each};
use crate::ledger::{Finished, OutputFile};
use crate::outside::store::{Store, StoreError};
use crate::steps::StepError;
use crate::value::Digest;
use std::collections::HashSet;
use std::fs::{self, File};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

/// Returns the digests of all outputs of a run that are in the store.
pub(super) fn stored(store: &dyn Store, place: &Place, patience: Patience) -> Result<HashSet<Digest>, StepError> {
    let listed = patience.ask(|| store.list(&place.outputs_prefix())).map_err(StepError::Store)?;
    Ok(listed.iter().filter_map(|object| object.key.parts().next_back()?.parse().ok()).collect())
}

/// Puts the outputs of a task into the store, but for those in `known`, which grows. A file that is not
/// any more what the ledger says is left out: who takes it would be told so here, too.
pub(super) fn upload(
    store: &dyn Store,
    place: &Place,
    run_folder: &Path,
    finished: &Finished,
    known: &mut HashSet<Digest>,
) -> Result<(), StoreError> {
    let Some(folder) = finished.folder.as_ref().map(|folder| run_folder.join(folder)) else { return Ok(()) };
    for OutputFile { path, sha256, .. } in &finished.outputs {
        if known.contains(sha256) {
            continue;
        }
        let file = folder.join(path);
        let key = place.output(sha256);
        let found = File::open(&file).and_then(|mut file| Digest::of_reader(&mut file));
        if found.is_ok_and(|(found, _)| found == *sha256) {
            if store.head(&key)?.is_none() {
                store.put_file(&key, &file)?;
            }
            known.insert(*sha256);
        }
    }
    Ok(())
}

/// Takes the outputs of tasks out of the store, to where the ledger says they were. Returns how many
/// files those were.
pub(super) fn restore(
    store: &dyn Store,
    place: &Place,
    run_folder: &Path,
    finished: &[&Finished],
    patience: Patience,
) -> Result<usize, StepError> {
    let mut wanted: Vec<(String, &OutputFile)> = Vec::new();
    for task in finished {
        let Some(folder) = &task.folder else { continue };
        fs::create_dir_all(run_folder.join(folder)).map_err(StepError::disk("make", run_folder))?;
        wanted.extend(task.outputs.iter().map(|output| (format!("{folder}/{}", output.path), output)));
    }
    each(&wanted, REQUESTS, |(path, output)| take(store, place, &run_folder.join(path), output, patience))?;
    Ok(wanted.len())
}

/// Takes those outputs of tasks that the store has, to where the ledger says they were. Returns for each task
/// which they are.
pub(super) fn restore_found<'a>(
    store: &dyn Store,
    place: &Place,
    run_folder: &Path,
    finished: &[&'a Finished],
    patience: Patience,
) -> Result<Vec<Vec<&'a OutputFile>>, StepError> {
    let mut wanted: Vec<(usize, PathBuf, &'a OutputFile)> = Vec::new();
    for (number, task) in finished.iter().enumerate() {
        let Some(folder) = &task.folder else { continue };
        let folder = run_folder.join(folder);
        wanted.extend(task.outputs.iter().map(|output| (number, folder.join(&output.path), output)));
    }
    let taken = each(&wanted, REQUESTS, |(_, path, output)| match take(store, place, path, output, patience) {
        Ok(()) => Ok(true),
        Err(StepError::Store(StoreError::Absent { .. })) => Ok(false),
        Err(error) => Err(error),
    })?;
    let mut found = vec![Vec::new(); finished.len()];
    for ((number, _, output), taken) in wanted.into_iter().zip(taken) {
        if taken {
            found[number].push(output);
        }
    }
    Ok(found)
}

/// Takes an output out of the store.
fn take(
    store: &dyn Store,
    place: &Place,
    target: &Path,
    output: &OutputFile,
    patience: Patience,
) -> Result<(), StepError> {
    let parent = target.parent().unwrap_or(target);
    fs::create_dir_all(parent).map_err(StepError::disk("make", parent))?;
    let taken = patience.ask(|| store.get_to_file(&place.output(&output.sha256), target));
    taken.map_err(StepError::Store)?;
    let mode = if output.executable { 0o755 } else { 0o644 };
    fs::set_permissions(target, fs::Permissions::from_mode(mode)).map_err(StepError::disk("write", target))
}
