//! The steps `check` and `compare`: a record against its goldens, and against an earlier run.

use super::noise::earlier_runs;
use super::recording::RecordedRun;
use super::run_folder::{RunFolder, rebuild};
use super::workspace::LoadedFile;
use super::{StepError, Workspace};
use crate::check::golden::{GoldenCheck, GoldenFinding, PlannedPoint, Table, check};
use crate::compare::{Comparison, EarlierRuns, choose, compare, recorded_suite};
use crate::outside::history::{History, RunFilter};
use crate::plan::Plan;
use crate::record::{RECORD_FORMAT, RunInfo, RunRecord};
use crate::suite::GoldenSource;
use crate::value::RunId;
use std::fs;
use std::path::{Path, PathBuf};

/// How many earlier runs are looked at for one to compare with.
const CANDIDATES: u64 = 50;

/// Checks a record against the golden table of its suite; nothing if the suite has none.
///
/// `suite_folder` is the folder of the suite file, where the table is.
pub fn check_goldens(plan: &Plan, suite_folder: &Path, record: &RunRecord) -> Result<Vec<GoldenFinding>, StepError> {
    let Some(goldens) = &plan.suite.goldens else { return Ok(Vec::new()) };
    let GoldenSource::Csv(file) = &goldens.source else {
        return Err(StepError::usage(
            "goldens in IREE's JSON files are not read yet",
            Some("use `goldens: { file: TABLE.csv }`".to_owned()),
        ));
    };
    let path = suite_folder.join(file);
    let table = match fs::read_to_string(&path) {
        Ok(text) => Table::parse(&path.display().to_string(), &text).map_err(StepError::Problems)?,
        // Every gated metric is then a missing golden, which says what to do.
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Table::default(),
        Err(source) => return Err(StepError::Read { path, source }),
    };
    let partial = plan.selection.is_filtered() || plan.selection.profile.is_some();
    // The loader lets a tolerance's `where` name parameters only.
    let lets = |_: &PlannedPoint, _: &str| None;
    Ok(check(&GoldenCheck { table: &table, suite: &plan.suite, record, partial, lets: &lets }))
}

/// Finds the folder of the suite file of a run: as it was named, from the project or the current
/// folder.
pub fn suite_folder(workspace: &Workspace, folder: &RunFolder) -> PathBuf {
    let named = Path::new(&folder.facts.suite_file);
    let candidates = [workspace.folder.join(named), named.to_owned()];
    let found = candidates.into_iter().find(|path| path.is_file()).unwrap_or_else(|| workspace.folder.join(named));
    fs::canonicalize(&found).ok().as_deref().unwrap_or(&found).parent().map_or_else(PathBuf::new, Path::to_owned)
}

/// Compares a record with an earlier run: the named one, or the previous complete run of the suite on
/// such a machine.
pub fn compare_with_earlier(
    workspace: &Workspace,
    plan: &Plan,
    record: &RunRecord,
    base: Option<&RunId>,
) -> Result<Comparison, StepError> {
    let history = workspace.history()?;
    let (base, why) = match base {
        Some(run) => {
            let Some(base) = history.load(run).map_err(StepError::History)? else {
                return Err(StepError::usage(
                    format!("the history has no run `{run}`"),
                    Some("`shmoo history list` shows what there is".to_owned()),
                ));
            };
            (Some(base), vec!["it was named".to_owned()])
        }
        None => previous(&*history, &record.run)?,
    };
    compare_in_history(&*history, plan, record, base.as_ref(), why)
}

/// Compares a record with another, which may be no recorded one, with the runs before it in the history.
pub fn compare_with_record(
    workspace: &Workspace,
    plan: &Plan,
    record: &RunRecord,
    base: &RunRecord,
) -> Result<Comparison, StepError> {
    compare_in_history(&*workspace.history()?, plan, record, Some(base), vec!["it was named as a file".to_owned()])
}

fn compare_in_history(
    history: &dyn History,
    plan: &Plan,
    record: &RunRecord,
    base: Option<&RunRecord>,
    why: Vec<String>,
) -> Result<Comparison, StepError> {
    let earlier = match base {
        Some(base) => earlier_runs(history, record, base)?,
        None => EarlierRuns::default(),
    };
    Ok(compare(record, base, why, &plan.suite, &earlier))
}

/// Compares two records that are files: the suite is what the later one tells of it, and no earlier runs
/// are known.
pub fn compare_files(head: &RunRecord, base: &RunRecord) -> Result<Comparison, StepError> {
    let suite = recorded_suite(head).map_err(|error| StepError::usage(told(&error), None))?;
    let why = vec!["both were named as files: without a project no earlier runs are known".to_owned()];
    Ok(compare(head, Some(base), why, &suite, &EarlierRuns::default()))
}

/// Reads the record file of a run.
pub fn read_record(path: &Path) -> Result<RunRecord, StepError> {
    let bytes = fs::read(path).map_err(|source| StepError::Read { path: path.to_owned(), source })?;
    let hint = || Some("a run's record is `.shmoo/runs/RUN/record.json`".to_owned());
    let bad = |why: String| StepError::usage(format!("`{}` is no record of a run: {why}", path.display()), hint());
    let record: RunRecord = serde_json::from_slice(&bytes).map_err(|error| bad(error.to_string()))?;
    if record.format != RECORD_FORMAT {
        return Err(bad(format!("its `format` is `{}`", record.format)));
    }
    Ok(record)
}

/// Returns an error with its causes.
fn told(error: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(error.source(), |cause| cause.source());
    causes.fold(error.to_string(), |text, cause| format!("{text}: {cause}"))
}

fn previous(history: &dyn History, head: &RunInfo) -> Result<(Option<RunRecord>, Vec<String>), StepError> {
    let filter = RunFilter {
        suite: Some(head.suite.clone()),
        before: Some(head.started),
        limit: Some(CANDIDATES),
        ..RunFilter::default()
    };
    let summaries = history.runs(&filter).map_err(StepError::History)?;
    let mut candidates = Vec::new();
    for summary in summaries {
        if summary.id == head.id {
            continue;
        }
        if let Some(record) = history.load(&summary.id).map_err(StepError::History)? {
            let found = record.run.clone();
            candidates.push(record);
            // The first that is taken ends the search: older ones are not loaded.
            let infos = [found];
            if choose(&infos, head).0.is_some() {
                break;
            }
        }
    }
    let infos: Vec<RunInfo> = candidates.iter().map(|record| record.run.clone()).collect();
    let (chosen, why) = choose(&infos, head);
    Ok((chosen.map(|index| candidates.swap_remove(index)), why))
}

/// A record with its plan, wherever it was found.
pub struct FoundRun {
    /// The plan.
    pub plan: Plan,
    /// The suite's texts.
    pub loaded: LoadedFile,
    /// The record.
    pub recorded: RecordedRun,
    /// The folder, if the run is on this machine.
    pub folder: RunFolder,
}

/// Finds a run on this machine and makes its record from its ledger.
pub fn find_run(workspace: &Workspace, wanted: &str) -> Result<FoundRun, StepError> {
    let folder = RunFolder::find(workspace, wanted, None)?;
    let file = folder.plan_file()?;
    let (plan, loaded) = rebuild(&file)?;
    let recorded = super::recording::make(workspace, &folder, &plan)?;
    Ok(FoundRun { plan, loaded, recorded, folder })
}
