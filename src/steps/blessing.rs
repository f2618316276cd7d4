//! The step `bless`: what a run has measured goes into the golden table of its suite.

use super::golden_files::{GoldenFiles, diff};
use super::judging::folder_of_suite;
use super::rejudging::{Rejudged, rejudge_any};
use super::{StepError, Workspace};
use crate::check::golden::{Bless, BlessSelection, BlessTerms, Blessed, SelectionError, bless, planned_points};
use crate::outside::lock::WaitedLock;
use crate::suite::Suite;
use crate::value::RunId;
use std::path::PathBuf;

/// What to bless, and on which terms.
#[derive(Debug, Clone)]
pub struct BlessRequest {
    /// Patterns of points.
    pub cases: Vec<String>,
    /// Metrics.
    pub metrics: Vec<String>,
    /// All rows; without it and the two before, none.
    pub all: bool,
    /// Whether rows without a planned task are removed.
    pub prune_orphans: bool,
    /// Why.
    pub reason: String,
    /// Where worse values were accepted.
    pub accept_regression: Option<String>,
    /// Whether values of a work tree with changes are taken.
    pub dirty_ok: bool,
    /// Whether nothing is written.
    pub dry_run: bool,
}

/// What a bless did.
pub struct BlessOutcome {
    /// The run.
    pub run: RunId,
    /// Whether only the history knows the run.
    pub only_record: bool,
    /// The golden table, or the folder of IREE's files; absolute.
    pub table: PathBuf,
    /// Its twin.
    pub provenance: PathBuf,
    /// What was decided.
    pub blessed: Blessed,
    /// The change as a unified diff, with paths from the project folder.
    pub diff: String,
    /// Whether the files were written.
    pub written: bool,
}

/// Writes selected values of a run into the golden table of its suite, with their provenance; nothing
/// while there are refusals. Of a run whose folder is gone the history has the values.
pub fn bless_run(workspace: &Workspace, wanted: &str, request: &BlessRequest) -> Result<BlessOutcome, StepError> {
    if !request.dry_run {
        refuse_in_ci(workspace)?;
    }
    let rejudged = rejudge_any(workspace, wanted)?;
    let suite = &rejudged.suite;
    // What another bless writes meanwhile is not lost.
    let _lock = match request.dry_run {
        true => None,
        false => Some(lock(workspace)?),
    };
    let record = &rejudged.recorded.record;
    let suite_folder = folder_of_suite(workspace, &record.run.suite_file);
    let files = GoldenFiles::open(suite, &suite_folder, &planned_points(suite, record))?;
    let files = files.ok_or_else(|| no_goldens(&rejudged))?;
    let selection = selection(suite, request)?;
    let terms = BlessTerms {
        reason: request.reason.clone(),
        accept_regression: request.accept_regression.clone(),
        dirty_ok: request.dirty_ok,
        date: workspace.clock.now(),
    };
    let blessed = bless(&Bless {
        file: files.holder(),
        suite,
        record,
        // A run that lacks tasks of today says nothing of their goldens.
        partial: rejudged.partial || rejudged.new_tasks > 0,
        selection: selection.as_ref(),
        prune_orphans: request.prune_orphans,
        terms: &terms,
    });
    let changed = files.edit(&blessed.edits);
    let diff = diff(&changed, &workspace.folder);
    let write = !request.dry_run && blessed.refusals.is_empty() && !blessed.changes.is_empty();
    if write {
        files.write(&changed, &blessed.changes)?;
    }
    let run = record.run.id.clone();
    let GoldenFiles { place: table, provenance, .. } = files;
    let only_record = rejudged.only_record;
    Ok(BlessOutcome { run, only_record, table, provenance, blessed, diff, written: write })
}

/// Returns what to say of a suite without goldens.
pub(super) fn no_goldens(rejudged: &Rejudged) -> StepError {
    if rejudged.only_record && rejudged.suite_file.is_none() {
        let suite_file = &rejudged.recorded.record.run.suite_file;
        let hint = "it says where the goldens are; a run's record does not".to_owned();
        return StepError::usage(format!("there is no suite file `{suite_file}` any more"), Some(hint));
    }
    StepError::usage("the suite has no goldens", Some("say `goldens: { file: TABLE.csv }`".to_owned()))
}

fn lock(workspace: &Workspace) -> Result<WaitedLock, StepError> {
    workspace.make_own_folder()?;
    let path = workspace.folder.join(".shmoo/bless.lock");
    WaitedLock::acquire(&path).map_err(StepError::disk("lock", &path))
}

/// A golden table changes by a person who says why.
fn refuse_in_ci(workspace: &Workspace) -> Result<(), StepError> {
    match workspace.environment.get("CI") {
        None => Ok(()),
        Some(_) => Err(StepError::usage(
            "goldens are not written in CI: the variable `CI` is set",
            Some("`--dry-run` prints the diff; bless where you can commit it".to_owned()),
        )),
    }
}

fn selection(suite: &Suite, request: &BlessRequest) -> Result<Option<BlessSelection>, StepError> {
    if !request.all && request.cases.is_empty() && request.metrics.is_empty() {
        return Ok(None);
    }
    BlessSelection::new(suite, &request.cases, &request.metrics).map(Some).map_err(told)
}

/// Returns what is wrong with a selection.
pub(super) fn told(error: SelectionError) -> StepError {
    match &error {
        SelectionError::Metric { .. } => StepError::usage(error.to_string(), None),
        SelectionError::Pattern { source, .. } => {
            let hint = "`*` stands for any text, `?` for one character, `[0-9]` for one of these, `{a,b}` for either";
            StepError::usage(format!("{error}: {}", source.kind()), Some(hint.to_owned()))
        }
    }
}
