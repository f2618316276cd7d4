//! Outputs of an earlier run, for `run: baseline` sources.

use super::run_folder::RunFolder;
use super::{StepError, Workspace};
use crate::ledger::Finished;
use crate::outside::files::hash_outputs;
use crate::plan::Plan;
use crate::run::Baseline;
use crate::value::TaskKey;
use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::Arc;

/// A run on this machine whose folder is still there.
struct LocalBaseline {
    folder: PathBuf,
    finished: HashMap<TaskKey, Arc<Finished>>,
}

impl Baseline for LocalBaseline {
    fn output(&self, task: &TaskKey, path: &str) -> Result<Option<PathBuf>, String> {
        let Some(finished) = self.finished.get(task).filter(|finished| finished.verdict.ran()) else { return Ok(None) };
        let Some(folder) = finished.folder.as_ref().map(|folder| self.folder.join(folder)) else { return Ok(None) };
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
        let found = hash_outputs(&folder, &[path.to_owned()]).map_err(|error| error.to_string())?;
        if found.files != wanted {
            return Err(format!("`{path}` of {task} is no longer what that run left"));
        }
        Ok(Some(folder.join(path)))
    }
}

/// Opens the baseline run of a plan.
pub(super) fn open(workspace: &Workspace, plan: &Plan) -> Result<Option<Arc<dyn Baseline>>, StepError> {
    let Some(run) = &plan.baseline else { return Ok(None) };
    let folder = RunFolder::find(workspace, run.as_str(), None)?;
    let (folded, _) = folder.fold()?;
    let finished = folded.tasks.into_iter().filter_map(|(task, history)| Some((task, history.finished?))).collect();
    Ok(Some(Arc::new(LocalBaseline { folder: folder.path, finished })))
}
