//! The step `bless --propose`: golden values that the stored history speaks for. It writes nothing.

use super::blessing::no_goldens;
use super::golden_files::{GoldenFiles, diff};
use super::judging::folder_of_suite;
use super::rejudging::rejudge_any;
use super::{StepError, Workspace};
use crate::check::golden::{BlessSelection, PlannedPoint, Propose, Proposed, planned_points, propose};
use crate::outside::history::RunFilter;
use crate::record::RunSummary;
use crate::value::RunId;
use std::path::PathBuf;

/// What to propose.
#[derive(Debug, Clone)]
pub struct ProposeRequest {
    /// Patterns of points; with no patterns and no metrics all rows may change.
    pub cases: Vec<String>,
    /// Metrics.
    pub metrics: Vec<String>,
    /// How many runs count, the newest.
    pub runs: u32,
    /// How many runs in a row must be better than a golden before it follows them.
    pub ratchet: u32,
}

/// What is proposed, and out of what.
pub struct ProposeOutcome {
    /// The runs, the oldest first.
    pub runs: Vec<RunId>,
    /// Runs of a work tree with changes that were passed over: `bless` takes nothing from them.
    pub dirty: usize,
    /// The kind of machine that they are of.
    pub fingerprint: String,
    /// The golden table, or the folder of IREE's files; absolute.
    pub table: PathBuf,
    /// The rows.
    pub proposed: Proposed,
    /// The change as a unified diff, with paths from the project folder.
    pub diff: String,
}

/// Returns the newest runs of clean work trees, and how many of others were passed over on the way.
fn clean(runs: Vec<RunSummary>, most: usize) -> (Vec<RunSummary>, usize) {
    let (mut clean, mut dirty) = (Vec::new(), 0);
    for run in runs {
        if clean.len() == most {
            break;
        }
        if run.source.dirty == Some(true) {
            dirty += 1;
        } else {
            clean.push(run);
        }
    }
    (clean, dirty)
}

/// Proposes golden values from the last complete runs on the kind of machine of a run, with its profile.
pub fn propose_goldens(
    workspace: &Workspace,
    wanted: &str,
    request: &ProposeRequest,
) -> Result<ProposeOutcome, StepError> {
    let rejudged = rejudge_any(workspace, wanted)?;
    let (suite, head) = (&rejudged.suite, &rejudged.recorded.record.run);
    if suite.goldens.is_none() {
        return Err(no_goldens(&rejudged));
    }
    let selection = BlessSelection::new(suite, &request.cases, &request.metrics).map_err(super::blessing::told)?;
    let filter = RunFilter {
        suite: Some(head.suite.clone()),
        fingerprint: Some(head.fingerprint.clone()),
        profile: head.profile.clone(),
        complete_only: true,
        whole_only: true,
        ..RunFilter::default()
    };
    let history = workspace.history()?;
    let mut runs = history.runs(&filter).map_err(StepError::History)?;
    // A fork's values are in quarantine, and a profile that nobody asked for is another set of cases.
    runs.retain(|run| run.source.fork != Some(true) && run.profile == head.profile);
    let (runs, dirty) = clean(runs, request.runs as usize);
    let mut records = Vec::new();
    for run in runs.iter().rev() {
        records.extend(history.load(&run.id).map_err(StepError::History)?);
    }
    if records.is_empty() {
        let but = if dirty > 0 { format!(" but {dirty} of a work tree with changes") } else { String::new() };
        return Err(StepError::Nothing {
            message: format!("the history has no complete run of suite `{}` on this kind of machine{but}", head.suite),
            hint: Some("`shmoo history list` shows what there is".to_owned()),
        });
    }
    // The points are those of the last run.
    let planned = records.last().map(|record| planned_points(suite, record)).unwrap_or_default();
    let suite_folder = folder_of_suite(workspace, &head.suite_file);
    let files = GoldenFiles::open(suite, &suite_folder, &planned)?.ok_or_else(|| no_goldens(&rejudged))?;
    // The loader lets a tolerance's `where` name parameters only.
    let lets = |_: &PlannedPoint, _: &str| None;
    let proposed = propose(&Propose {
        file: files.holder(),
        suite,
        records: &records,
        selection: &selection,
        in_a_row: request.ratchet as usize,
        lets: &lets,
    });
    let diff = diff(&files.edit(&proposed.edits), &workspace.folder);
    let runs = records.into_iter().map(|record| record.run.id).collect();
    Ok(ProposeOutcome { runs, dirty, fingerprint: head.fingerprint.clone(), table: files.place, proposed, diff })
}
