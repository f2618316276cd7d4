//! Outputs of an earlier run, for `run: baseline` sources: which run that is (`choice`), and what it left, on this
//! machine or in the store.

mod choice;

pub use choice::{BaselineRequest, ChosenBaseline, choose_baseline};

use super::archiving::{RestoreRequest, restore};
use super::finding::find_archived;
use super::run_folder::RunFolder;
use super::{StepError, Workspace};
use crate::ledger::Finished;
use crate::outside::files::hash_outputs;
use crate::plan::{Plan, ResolvedSource, TaskId, resolve};
use crate::run::{Baseline, EarlierOutput};
use crate::value::{RunId, TaskKey};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::PathBuf;
use std::sync::Arc;
use tempfile::TempDir;

/// What a plan takes of its baseline run: an output of a task, by its path in the folder of that task.
pub(super) type Taken = BTreeSet<(TaskKey, String)>;

/// A run that left its outputs in folders of this machine.
struct EarlierRun {
    /// Where its tasks have their folders: the run's own, then what came out of the store.
    roots: Vec<PathBuf>,
    finished: HashMap<TaskKey, Arc<Finished>>,
    _restored: Option<TempDir>,
}

impl EarlierRun {
    fn folder_of(&self, finished: &Finished) -> Option<PathBuf> {
        let folder = finished.folder.as_deref()?;
        self.roots.iter().map(|root| root.join(folder)).find(|path| path.is_dir())
    }
}

impl Baseline for EarlierRun {
    fn output(&self, task: &TaskKey, path: &str) -> Result<Option<EarlierOutput>, String> {
        let Some(finished) = self.finished.get(task).filter(|finished| finished.verdict.ran()) else { return Ok(None) };
        let path = path.trim_end_matches('/');
        // What the ledger says and what is there must agree: the folder may have been tidied up.
        let wanted: Vec<_> = finished
            .outputs
            .iter()
            .filter(|output| output.path == path || output.path.starts_with(&format!("{path}/")))
            .cloned()
            .collect();
        if wanted.is_empty() {
            return Ok(None);
        }
        let Some(folder) = self.folder_of(finished) else {
            return Err(format!("the folder of {task} is neither on this machine nor in the store"));
        };
        let found = hash_outputs(&folder, &[path.to_owned()]).map_err(|error| error.to_string())?;
        if found.files != wanted {
            return Err(format!("`{path}` of {task} is no longer what that run left"));
        }
        Ok(Some(EarlierOutput::Path(folder.join(path))))
    }
}

/// Opens the baseline run of a plan: what it left on this machine, and what is gone there out of its archive.
pub(super) fn open(workspace: &Workspace, plan: &Plan) -> Result<Option<Arc<dyn Baseline>>, StepError> {
    let Some(run) = &plan.baseline else { return Ok(None) };
    let tasks: BTreeSet<TaskKey> = taken(plan, &|_| true).into_iter().map(|(task, _)| task).collect();
    if tasks.is_empty() {
        return Ok(None);
    }
    let local = match RunFolder::find(workspace, run.as_str(), None) {
        Ok(folder) => Ok(folder),
        Err(error @ StepError::Usage { .. }) => Err(error),
        Err(error) => return Err(error),
    };
    let Ok(folder) = local else {
        let (scratch, folder) = restored(workspace, run, &tasks)?;
        return Ok(Some(Arc::new(EarlierRun {
            finished: finished_of(&folder)?,
            roots: vec![folder.path],
            _restored: Some(scratch),
        })));
    };
    let mut earlier = EarlierRun { finished: finished_of(&folder)?, roots: vec![folder.path], _restored: None };
    // A run of many machines has the folders of its tasks in the archives of its parts.
    let is_away = |task: &TaskKey| {
        let finished = earlier.finished.get(task).filter(|finished| finished.verdict.ran());
        finished.is_some_and(|finished| earlier.folder_of(finished).is_none())
    };
    let away: BTreeSet<TaskKey> = tasks.into_iter().filter(is_away).collect();
    if !away.is_empty() {
        match restored(workspace, run, &away) {
            Ok((scratch, folder)) => {
                earlier.roots.push(folder.path);
                earlier._restored = Some(scratch);
            }
            // Each task that takes from it says so by itself.
            Err(StepError::Usage { .. }) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(Some(Arc::new(earlier)))
}

fn finished_of(folder: &RunFolder) -> Result<HashMap<TaskKey, Arc<Finished>>, StepError> {
    let (folded, _) = folder.fold()?;
    Ok(folded.tasks.into_iter().filter_map(|(task, history)| Some((task, history.finished?))).collect())
}

/// Takes some tasks of a run out of the store, into a folder that goes when nobody needs it any more.
fn restored(workspace: &Workspace, run: &RunId, tasks: &BTreeSet<TaskKey>) -> Result<(TempDir, RunFolder), StepError> {
    let store = workspace.store()?;
    let key = find_archived(workspace, &*store, run.as_str())?;
    workspace.make_own_folder()?;
    let own = workspace.folder.join(".shmoo");
    let scratch =
        tempfile::Builder::new().prefix("baseline-").tempdir_in(&own).map_err(StepError::disk("make", &own))?;
    let target = scratch.path().join("run");
    restore(&*store, &key, &target, &RestoreRequest { tasks: tasks.iter().cloned().collect(), file: None })?;
    let folder = RunFolder::open(&target)?;
    Ok((scratch, folder))
}

/// Returns what some tasks of a plan take of the baseline run.
pub(super) fn taken(plan: &Plan, is_wanted: &dyn Fn(TaskId) -> bool) -> Taken {
    let mut taken = Taken::new();
    for (index, stage) in plan.suite.stages.iter().enumerate() {
        if !stage.takes_baseline() {
            continue;
        }
        let tasks = plan.stage_tasks(index);
        for point in 0..tasks.points() {
            // All rounds take the same.
            let Some(task) = tasks.tasks(point).find(|&task| is_wanted(task)) else { continue };
            // A task that cannot be resolved says so when it is its turn.
            let Ok(task) = resolve(plan, task, &BTreeMap::new()) else { continue };
            taken.extend(task.inputs.into_iter().filter_map(|input| match input.source {
                ResolvedSource::Baseline { task, path } => Some((task, path)),
                _ => None,
            }));
        }
    }
    taken
}
