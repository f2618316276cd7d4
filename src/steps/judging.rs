//! The step `check`: a record against its goldens; and how a run on this machine is found.

use super::golden_files::GoldenFiles;
use super::recording::{RecordedRun, make_unkept};
use super::run_folder::{RunFolder, rebuild};
use super::workspace::LoadedFile;
use super::{StepError, Workspace};
use crate::check::golden::{GoldenCheck, GoldenFinding, GoldenVerdict, PlannedPoint, check, planned_points};
use crate::ledger::last_time;
use crate::plan::Plan;
use crate::record::RunRecord;
use crate::suite::{GoldenSource, Suite};
use std::fs;
use std::path::{Path, PathBuf};

/// Checks a record against the goldens of a suite; nothing if the suite has none.
///
/// `partial` tells that a part of the suite was planned; `suite_folder` is the folder of the suite file, where the
/// goldens are.
pub fn check_goldens(
    suite: &Suite,
    partial: bool,
    suite_folder: &Path,
    record: &RunRecord,
) -> Result<Vec<GoldenFinding>, StepError> {
    if suite.goldens.is_none() {
        return Ok(Vec::new());
    }
    let Some(files) = GoldenFiles::open(suite, suite_folder, &planned_points(suite, record))? else {
        return Ok(Vec::new());
    };
    // The loader lets a tolerance's `where` name parameters only.
    let lets = |_: &PlannedPoint, _: &str| None;
    let mut findings = check(&GoldenCheck { table: files.holder().table(), suite, record, partial, lets: &lets });
    if !partial {
        findings.extend(files.holder().orphans().iter().map(|orphan| orphan.finding.clone()));
    }
    Ok(findings)
}

/// Returns the golden table that a suite names, if it is not there and a value wants a golden. A folder of IREE's files
/// is not made by a bless: of those each finding says which file is missing.
pub fn absent_goldens(suite: &Suite, suite_folder: &Path, findings: &[GoldenFinding]) -> Option<String> {
    let GoldenSource::Csv(named) = &suite.goldens.as_ref()?.source else { return None };
    let wanted = findings.iter().any(|finding| finding.verdict == GoldenVerdict::Missing);
    (wanted && !suite_folder.join(named).exists()).then(|| named.clone())
}

/// Tells whether a plan is of a part of its suite.
pub fn is_partial(plan: &Plan) -> bool {
    plan.selection.is_filtered() || plan.selection.profile.is_some()
}

/// Finds the folder of a suite file as a run names it: from the project or the current folder.
pub fn folder_of_suite(workspace: &Workspace, suite_file: &str) -> PathBuf {
    let named = Path::new(suite_file);
    let candidates = [workspace.folder.join(named), named.to_owned()];
    let found = candidates.into_iter().find(|path| path.is_file()).unwrap_or_else(|| workspace.folder.join(named));
    fs::canonicalize(&found).ok().as_deref().unwrap_or(&found).parent().map_or_else(PathBuf::new, Path::to_owned)
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

/// Finds a run on this machine and makes its record from its ledger; the folder is still to get the record.
pub fn find_run(workspace: &Workspace, wanted: &str) -> Result<FoundRun, StepError> {
    let folder = RunFolder::find(workspace, wanted, None)?;
    let file = folder.plan_file()?;
    let (rebuilt, folded) = std::thread::scope(|scope| {
        let folded = scope.spawn(|| folder.fold());
        (rebuild(&file), folded.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)))
    });
    let ((plan, loaded), (folded, files)) = (rebuilt?, folded?);
    let recorded = make_unkept(workspace, &folder, &plan, (folded, last_time(&files)))?;
    Ok(FoundRun { plan, loaded, recorded, folder })
}
