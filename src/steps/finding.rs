//! Which run is meant: by name, by a unique part of it, or `last`, on this machine, in the history, in
//! the store.

use super::archiving::{archive_key, find_archive, read_archived};
use super::judging::find_run;
use super::recording::RecordedRun;
use super::run_folder::{RunFolder, rebuild};
use super::{StepError, Workspace};
use crate::compare::{RecordedSuiteError, recorded_suite};
use crate::outside::history::{History, RunFilter, RunSummary};
use crate::outside::store::{ObjectKey, Store};
use crate::plan::{self, Plan};
use crate::record::RunRecord;
use crate::suite::Suite;
use crate::value::{RunId, SuiteName};
use std::collections::BTreeMap;
use std::sync::Arc;

/// A run, wherever it was found.
pub struct AnyRun {
    /// The plan.
    pub plan: Plan,
    /// The record.
    pub recorded: RecordedRun,
    /// The folder, if the run is on this machine.
    pub folder: Option<RunFolder>,
}

/// Finds a run in the history: by name, by a unique part of it, or `last`.
pub fn find_recorded(history: &dyn History, wanted: &str, suite: Option<&SuiteName>) -> Result<RunSummary, StepError> {
    let filter = RunFilter { suite: suite.cloned(), ..RunFilter::default() };
    let hint = || Some("`shmoo history list` shows what there is".to_owned());
    if wanted == "last" {
        let last = history.latest(&filter).map_err(StepError::History)?;
        return last.ok_or_else(|| nothing_recorded(suite));
    }
    let mut runs = history.runs(&filter).map_err(StepError::History)?;
    if let Some(exact) = runs.iter().position(|run| run.id.as_str() == wanted) {
        return Ok(runs.swap_remove(exact));
    }
    runs.retain(|run| run.id.as_str().contains(wanted));
    match runs.len() {
        1 => Ok(runs.swap_remove(0)),
        0 => Err(StepError::usage(format!("the history has no run `{wanted}`"), hint())),
        several => {
            let mut names: Vec<&str> = runs.iter().take(8).map(|run| run.id.as_str()).collect();
            if several > names.len() {
                names.push("...");
            }
            Err(StepError::usage(format!("`{wanted}` is not one run: {}", names.join(", ")), hint()))
        }
    }
}

/// Runs that are looked through for those of a commit, the newest.
const RECENT: u64 = 10_000;

/// Returns the last run of each suite and profile of a commit, by suite. The commit may be cut short, to seven
/// digits at least.
pub fn runs_of_commit(workspace: &Workspace, commit: &str) -> Result<Vec<RunId>, StepError> {
    if commit.len() < 7 || !commit.bytes().all(|digit| digit.is_ascii_hexdigit()) {
        let hint = Some("seven or more hexadecimal digits, as in GITHUB_SHA".to_owned());
        return Err(StepError::usage(format!("`{commit}` is no name of a commit"), hint));
    }
    let wanted = commit.to_ascii_lowercase();
    let filter = RunFilter { limit: Some(RECENT), ..RunFilter::default() };
    let history = workspace.existing_history()?;
    let runs = history.map(|history| history.runs(&filter)).transpose().map_err(StepError::History)?;
    let mut last = BTreeMap::<(SuiteName, Option<String>), RunSummary>::new();
    let of_commit = |run: &RunSummary| run.source.commit.as_ref().is_some_and(|own| own.starts_with(&wanted));
    for run in runs.into_iter().flatten().filter(of_commit) {
        let name = (run.suite.clone(), run.profile.clone());
        match last.get(&name) {
            Some(other) if other.started >= run.started => {}
            _ => drop(last.insert(name, run)),
        }
    }
    if last.is_empty() {
        let hint = Some("`shmoo history list` shows what there is".to_owned());
        return Err(StepError::Nothing { message: format!("the history has no run of commit {commit}"), hint });
    }
    Ok(last.into_values().map(|run| run.id).collect())
}

/// Returns what to say where no run was recorded yet.
pub fn nothing_recorded(suite: Option<&SuiteName>) -> StepError {
    let of = suite.map_or(String::new(), |suite| format!(" of suite `{suite}`"));
    StepError::Nothing {
        message: format!("there is no run{of} in the history yet"),
        hint: Some("`shmoo sweep SUITE` makes one".to_owned()),
    }
}

/// A run that can be compared.
pub enum AnyRecord {
    /// There is a folder or an archive. The folder is still to get the record.
    Run(Box<AnyRun>),
    /// Only the history knows the run.
    Alone {
        /// The record.
        record: Box<RunRecord>,
        /// The suite, as far as the record tells it.
        suite: Arc<Suite>,
    },
}

impl AnyRecord {
    /// Returns the record.
    pub fn record(&self) -> &RunRecord {
        match self {
            AnyRecord::Run(run) => &run.recorded.record,
            AnyRecord::Alone { record, .. } => record,
        }
    }

    /// Returns the suite of then.
    pub fn suite(&self) -> &Arc<Suite> {
        match self {
            AnyRecord::Run(run) => &run.plan.suite,
            AnyRecord::Alone { suite, .. } => suite,
        }
    }
}

/// Finds a run: on this machine, else in the history, with or without an archive.
pub fn find_any_record(workspace: &Workspace, wanted: &str) -> Result<AnyRecord, StepError> {
    let bare = match find_unkept_run(workspace, wanted) {
        Ok(run) => return Ok(AnyRecord::Run(Box::new(run))),
        Err(error @ StepError::Usage { .. }) => error,
        Err(error) => return Err(error),
    };
    let Some(history) = workspace.existing_history()? else { return Err(bare) };
    let summary = find_recorded(&*history, wanted, None)?;
    let record = history.load(&summary.id).map_err(StepError::History)?.ok_or(bare)?;
    let told = |error: RecordedSuiteError| {
        StepError::usage(format!("the record of run {} does not tell its suite: {error}", summary.id), None)
    };
    let suite = recorded_suite(&record).map_err(told)?;
    Ok(AnyRecord::Alone { record: Box::new(record), suite: Arc::new(suite) })
}

/// Finds a run: on this machine, else in the history, with its plan out of the store. Its folder gets the record.
pub fn find_any_run(workspace: &Workspace, wanted: &str) -> Result<AnyRun, StepError> {
    let mut run = find_unkept_run(workspace, wanted)?;
    if let Some(folder) = &run.folder {
        run.recorded.keep(folder)?;
    }
    Ok(run)
}

fn find_unkept_run(workspace: &Workspace, wanted: &str) -> Result<AnyRun, StepError> {
    let local = match RunFolder::find(workspace, wanted, None) {
        Ok(folder) => {
            let found = find_run(workspace, folder.facts.id.as_str())?;
            return Ok(AnyRun { plan: found.plan, recorded: found.recorded, folder: Some(found.folder) });
        }
        Err(error @ StepError::Usage { .. }) => error,
        Err(error) => return Err(error),
    };
    let Some(history) = workspace.existing_history()? else { return Err(local) };
    let summary = find_recorded(&*history, wanted, None)?;
    let gone = || {
        StepError::usage(
            format!("run {} is in the history, but neither its folder nor its archive is there", summary.id),
            Some("`shmoo history show` tells what is known of it".to_owned()),
        )
    };
    let record = history.load(&summary.id).map_err(StepError::History)?.ok_or_else(gone)?;
    let plan = archived_plan(workspace, &summary)?.ok_or_else(gone)?;
    Ok(AnyRun { plan, recorded: RecordedRun { record, known: Vec::new(), unkept: false }, folder: None })
}

/// Returns the plan of a recorded run out of its archive, if that is there.
pub fn archived_plan(workspace: &Workspace, run: &RunSummary) -> Result<Option<Plan>, StepError> {
    let store = workspace.store()?;
    let Some(key) = archive_of(&*store, run)? else { return Ok(None) };
    plan_in(&*store, &key).map(Some)
}

/// Returns the plan in an archive.
pub fn plan_in(store: &dyn Store, key: &ObjectKey) -> Result<Plan, StepError> {
    let bytes = read_archived(store, key, "plan.json")?;
    let file = plan::read_plan_file(&bytes).map_err(StepError::PlanFile)?;
    rebuild(&file).map(|(plan, _)| plan)
}

/// Returns the name of the run whose archive has this key.
pub fn run_in(key: &ObjectKey) -> &str {
    let last = key.parts().next_back().unwrap_or_default();
    last.strip_suffix(".tar.gz").unwrap_or(last)
}

/// Returns where the archive of a recorded run is, if it is there.
pub fn archive_of(store: &dyn Store, run: &RunSummary) -> Result<Option<ObjectKey>, StepError> {
    let key = run.archive.as_ref().and_then(|key| key.parse().ok()).unwrap_or_else(|| archive_key(&run.suite, &run.id));
    Ok(store.head(&key).map_err(StepError::Store)?.map(|_| key))
}

/// Finds the archive of a run: by the history, else by the names in the store, which a machine without
/// a history has, too.
pub fn find_archived(workspace: &Workspace, store: &dyn Store, wanted: &str) -> Result<ObjectKey, StepError> {
    if let Some(history) = workspace.existing_history()? {
        let found = match wanted {
            // The last that is there: one may have been run without an archive.
            "last" => {
                let runs = history.runs(&RunFilter::default()).map_err(StepError::History)?;
                runs.into_iter().find(|run| run.archive.is_some())
            }
            wanted => match find_recorded(&*history, wanted, None) {
                Ok(run) => Some(run),
                Err(StepError::Usage { .. } | StepError::Nothing { .. }) => None,
                Err(error) => return Err(error),
            },
        };
        if let Some(run) = found {
            if let Some(key) = archive_of(store, &run)? {
                return Ok(key);
            }
            return Err(StepError::usage(
                format!("run {} has no archive in {}", run.id, store.location()),
                Some(format!("`shmoo archive {}` makes one, where its folder is", run.id)),
            ));
        }
    }
    find_archive(store, wanted)
}
