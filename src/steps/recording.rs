//! The step `record`: plan and ledger of a run -> its record, in the folder and in the history.

use super::record_file::{write_and_pack, write_record};
use super::run_folder::RunFolder;
use super::{StepError, Workspace, modelling};
use crate::check::known::{self, Outcome};
use crate::ledger::{Folded, last_time};
use crate::outside::history::{DatabaseError, History, Recorded};
use crate::plan::{Plan, TaskId, stage_scope_value};
use crate::record::{self, Artifact, ArtifactKind, RunRecord};
use crate::value::{Scalar, TaskKey, Timestamp, Value};
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};
use std::thread::{self, JoinHandle};

/// The page for people, in the run's folder.
const REPORT_FILE: &str = "report.html";
/// The record, in the run's folder.
const RECORD_FILE: &str = "record.json";

/// The record of a run, and what its known failures came to.
pub struct RecordedRun {
    /// The record.
    pub record: RunRecord,
    /// Known failures that did not come out as expected, or that are over.
    pub known: Vec<known::KnownFinding>,
    /// Whether the folder of the run is still to get it.
    pub unkept: bool,
}

/// Whether the models of the suite are fitted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Models {
    /// They are, where the suite has some.
    Fit,
    /// They are not.
    Skip,
    /// As when the run was recorded before; they are, if it was not.
    AsBefore,
}

/// Makes the record of a run and keeps it in its folder.
pub fn make(workspace: &Workspace, folder: &RunFolder, plan: &Plan) -> Result<RecordedRun, StepError> {
    let mut recorded = make_unkept(workspace, folder, plan, ledgers(folder)?)?;
    recorded.keep(folder)?;
    Ok(recorded)
}

/// Makes the record of a run out of its ledgers; its folder does not get it yet.
pub(super) fn make_unkept(
    workspace: &Workspace,
    folder: &RunFolder,
    plan: &Plan,
    ledgers: (Folded, Option<Timestamp>),
) -> Result<RecordedRun, StepError> {
    let recorded = build(workspace, folder, plan, ledgers, Models::AsBefore)?;
    Ok(RecordedRun { unkept: true, ..recorded })
}

impl RecordedRun {
    /// Keeps the record in the folder of its run, if that has not been done.
    pub fn keep(&mut self, folder: &RunFolder) -> Result<(), StepError> {
        if self.unkept {
            keep(folder, &self.record)?;
            self.unkept = false;
        }
        Ok(())
    }
}

/// Makes the record of a run that will have a page for people; returns where the page will be too. It is still to
/// be kept: by [`keep_and_store`], or by archiving it.
pub fn make_with_page(
    workspace: &Workspace,
    folder: &RunFolder,
    plan: &Plan,
    models: Models,
) -> Result<(RecordedRun, PathBuf), StepError> {
    make_with_page_of(workspace, folder, plan, ledgers(folder)?, models)
}

/// Reads the ledgers of a run: its tasks, and the time of the last event.
fn ledgers(folder: &RunFolder) -> Result<(Folded, Option<Timestamp>), StepError> {
    let (folded, files) = folder.fold()?;
    Ok((folded, last_time(&files)))
}

/// Does the same by ledgers that were read before: their tasks, and the time of the last event.
pub fn make_with_page_of(
    workspace: &Workspace,
    folder: &RunFolder,
    plan: &Plan,
    ledgers: (Folded, Option<Timestamp>),
    models: Models,
) -> Result<(RecordedRun, PathBuf), StepError> {
    let mut recorded = build(workspace, folder, plan, ledgers, models)?;
    let kind = ArtifactKind::Report;
    recorded.record.run.set_artifact(Artifact { kind, place: REPORT_FILE.to_owned(), bytes: None, sha256: None });
    Ok((recorded, folder.path.join(REPORT_FILE)))
}

/// Keeps a record in the folder of its run.
pub(super) fn keep(folder: &RunFolder, record: &RunRecord) -> Result<(), StepError> {
    write_record(&folder.path.join(RECORD_FILE), record)
}

fn build(
    workspace: &Workspace,
    folder: &RunFolder,
    plan: &Plan,
    (folded, last): (Folded, Option<Timestamp>),
    models: Models,
) -> Result<RecordedRun, StepError> {
    // The file is large, and little of it is wanted.
    let (mut record, stored) = thread::scope(|scope| {
        let stored = scope.spawn(|| folder.stored_run());
        let record = record::build(plan, folded, folder.record_facts(last, workspace.project.prices.as_ref()));
        (record, stored.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)))
    });
    record.run.files = folder.plan_file()?.files;
    let mut skipped_before = false;
    if let Some(stored) = stored? {
        (record.run.archive, record.run.artifacts) = (stored.archive, stored.artifacts);
        skipped_before = stored.models_skipped;
    }
    record.run.models_skipped = match models {
        Models::Fit => false,
        Models::Skip => !plan.suite.models.is_empty(),
        Models::AsBefore => skipped_before,
    };
    let partial = plan.selection.is_filtered() || plan.selection.profile.is_some();
    if !record.run.models_skipped {
        modelling::fit_into(plan, &mut record, &folder.path)?;
    }
    let known = mark_known(workspace, plan, &mut record, partial, &|_| true);
    Ok(RecordedRun { record, known, unkept: false })
}

/// Marks known failures in the record of all tasks of a plan; those that `counts` does not name are
/// passed over. With `partial`, a rule without a task means nothing.
pub(super) fn mark_known(
    workspace: &Workspace,
    plan: &Plan,
    record: &mut RunRecord,
    partial: bool,
    counts: &dyn Fn(&TaskKey) -> bool,
) -> Vec<known::KnownFinding> {
    if plan.suite.known_failures.is_empty() {
        return Vec::new();
    }
    let counted: Vec<usize> = (0..record.tasks.len()).filter(|&task| counts(&record.tasks[task].task)).collect();
    let outcomes: Vec<Outcome<'_>> = counted
        .iter()
        .map(|&task| &record.tasks[task])
        .map(|task| Outcome { task: &task.task, params: &task.params, verdict: task.verdict })
        .collect();
    let lets = |outcome: usize, name: &str| let_of(plan, TaskId(counted[outcome] as u32), name);
    let known = known::apply(&plan.suite, &outcomes, &lets, workspace.clock.now(), partial);
    let marks: BTreeMap<TaskKey, String> = counted
        .iter()
        .zip(known.marks)
        .filter_map(|(&task, mark)| Some((record.tasks[task].task.clone(), mark?)))
        .collect();
    record::mark_known(record, plan, &|task| marks.get(&task.task).cloned());
    known.findings
}

/// Keeps a record in the folder of its run and writes it into the history, both at a time.
///
/// # Errors
/// That of the folder, if both fail.
pub fn keep_and_store(workspace: &Workspace, folder: &RunFolder, record: &RunRecord) -> Result<Closing, StepError> {
    let path = folder.path.join(RECORD_FILE);
    let kept = Mutex::new(None);
    let pack = || {
        let (written, packed) = write_and_pack(&path, record);
        *kept.lock().unwrap_or_else(PoisonError::into_inner) = Some(written);
        packed.map_err(DatabaseError::from)
    };
    let stored = workspace.history().and_then(|history| {
        history.record_packed(record, &pack).map_err(StepError::History)?;
        Ok(Closing::start(history))
    });
    let kept = kept.into_inner().unwrap_or_else(PoisonError::into_inner);
    // The history may not have got so far as to have it packed.
    kept.unwrap_or_else(|| keep(folder, record)).and(stored)
}

/// A history that is being closed beside other work: what it was given is on the disk, and it tidies up. To drop this
/// waits for that.
#[derive(Debug)]
pub struct Closing(Option<JoinHandle<()>>);

impl Closing {
    fn start(history: Box<dyn History>) -> Closing {
        Closing(Some(thread::spawn(move || drop(history))))
    }
}

impl Drop for Closing {
    fn drop(&mut self) {
        // What goes wrong with tidying up is for the next who opens it.
        let _ = self.0.take().map(JoinHandle::join);
    }
}

/// Returns the value of a `let` at a task, if it has one there.
pub(super) fn let_of(plan: &Plan, task: TaskId, name: &str) -> Option<Value> {
    let missing = Value::Scalar(Scalar::Bool(false));
    let mut found = false;
    let value = stage_scope_value(plan, task, &BTreeMap::new(), &mut |scope| {
        let value = scope.lookup(name)?;
        found = value.is_some();
        Ok(value.unwrap_or_else(|| missing.clone()))
    });
    value.ok().filter(|_| found)
}

/// Writes a record into the history.
pub fn store(workspace: &Workspace, record: &RunRecord) -> Result<Recorded, StepError> {
    workspace.history()?.record(record).map_err(StepError::History)
}

/// Does the same, and leaves the history to be closed beside other work.
pub fn store_on_the_way(workspace: &Workspace, record: &RunRecord) -> Result<Closing, StepError> {
    let history = workspace.history()?;
    history.record(record).map_err(StepError::History)?;
    Ok(Closing::start(history))
}
