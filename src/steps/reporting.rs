//! The step `report`: record, checks and comparison -> one `Report`.

use super::plotting::{plot_diffs, plots};
use super::recording::RecordedRun;
use super::run_folder::RunFolder;
use super::{StepError, Workspace};
use crate::check::golden::GoldenFinding;
use crate::compare::{Comparison, ComparisonVerdict};
use crate::ledger::Verdict;
use crate::plan::Plan;
use crate::record::{RunRecord, TaskRecord};
use crate::report::{self, LogExcerpt, Report};
use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::Path;

/// Tasks whose logs are shown.
const MOST_LOGS: usize = 40;
/// Bytes of each log that are shown.
const LOG_BYTES: u64 = 4 << 10;

/// What a report says besides the record.
#[derive(Debug, Default)]
pub struct Findings {
    /// The golden check.
    pub goldens: Vec<GoldenFinding>,
    /// The comparison, if one was made.
    pub comparison: Option<Comparison>,
    /// Further comparisons, which decide nothing.
    pub other_comparisons: Vec<Comparison>,
    /// Warnings of the suite and of the run.
    pub warnings: Vec<String>,
    /// Whether uncertain changes count as regressions.
    pub strict: bool,
}

/// Makes the report of a run.
pub fn make(
    workspace: &Workspace,
    folder: &RunFolder,
    plan: &Plan,
    recorded: RecordedRun,
    findings: Findings,
    current: &Path,
) -> Result<Report, StepError> {
    let RecordedRun { record, known } = recorded;
    let Findings { goldens, comparison, other_comparisons, warnings, strict } = findings;
    let plots = plots(plan, &record);
    let plot_diffs = comparison.as_ref().map(|comparison| plot_diffs(plan, &record, comparison));
    let (logs, logs_left_out) = logs(folder, &record.tasks);
    let totals = report::totals(&record.tasks, &record.cases);
    let buckets = report::bucket(&record.tasks);
    let red_known = known.iter().any(|finding| finding.kind.is_red());
    let exit_codes = exit_codes(&record, &goldens, red_known, comparison.as_ref(), strict);
    let RunRecord { format: _, version: _, run, tasks, cases, metrics } = record;
    Ok(Report {
        run,
        totals,
        tasks,
        cases,
        metrics,
        goldens,
        known_failures: known.into_iter().map(|finding| finding.message).collect(),
        comparison,
        other_comparisons,
        plots,
        plot_diffs: plot_diffs.unwrap_or_default(),
        buckets,
        logs,
        logs_left_out,
        warnings,
        exit_codes,
        folder: workspace.shown(&folder.path, current),
    })
}

/// Returns all exit codes that apply, in order of precedence; 0 if none does.
pub fn exit_codes(
    record: &RunRecord,
    goldens: &[GoldenFinding],
    known_red: bool,
    comparison: Option<&Comparison>,
    strict: bool,
) -> Vec<u8> {
    let unknown =
        |verdicts: &[Verdict]| record.tasks.iter().any(|task| verdicts.contains(&task.verdict) && task.known.is_none());
    // A task is skipped for a flow that is broken, unless it is new or gated behind a missed
    // expectation, which has its own code.
    let broken_skip = record.tasks.iter().any(|task| {
        task.verdict == Verdict::Skipped
            && task.cause.as_ref().is_some_and(|cause| {
                record.tasks.iter().any(|other| {
                    other.task == *cause
                        && matches!(other.verdict, Verdict::Error | Verdict::Timeout)
                        && other.known.is_none()
                })
            })
    });
    let changed = |verdict: ComparisonVerdict| {
        comparison.is_some_and(|comparison| comparison.changes.iter().any(|change| change.verdict == verdict))
    };
    let mut codes = Vec::new();
    if !record.run.complete {
        codes.push(13);
    }
    if unknown(&[Verdict::Error, Verdict::Timeout]) || broken_skip {
        codes.push(10);
    }
    if unknown(&[Verdict::Fail]) || known_red || goldens.iter().any(|finding| finding.verdict.is_red()) {
        codes.push(11);
    }
    if changed(ComparisonVerdict::Regressed) || strict && changed(ComparisonVerdict::Uncertain) {
        codes.push(12);
    }
    if codes.is_empty() {
        codes.push(0);
    }
    codes
}

/// Returns the ends of the logs of tasks that did not pass.
fn logs(folder: &RunFolder, tasks: &[TaskRecord]) -> (Vec<LogExcerpt>, usize) {
    let failed =
        tasks.iter().filter(|task| !matches!(task.verdict, Verdict::Pass | Verdict::Skipped) && task.folder.is_some());
    let failed: Vec<&TaskRecord> = failed.collect();
    let mut excerpts = Vec::new();
    for task in failed.iter().take(MOST_LOGS) {
        let Some(attempt) = &task.folder else { continue };
        for stream in ["stderr", "stdout"] {
            let path = folder.path.join(format!("{attempt}.{stream}"));
            if let Some((text, skipped)) = tail(&path)
                && !text.trim().is_empty()
            {
                excerpts.push(LogExcerpt { task: task.task.clone(), stream: stream.to_owned(), text, skipped });
            }
        }
    }
    (excerpts, failed.len().saturating_sub(MOST_LOGS))
}

fn tail(path: &Path) -> Option<(String, u64)> {
    let mut file = File::open(path).ok()?;
    let length = file.metadata().ok()?.len();
    let skipped = length.saturating_sub(LOG_BYTES);
    file.seek(SeekFrom::Start(skipped)).ok()?;
    let mut bytes = Vec::new();
    file.take(LOG_BYTES).read_to_end(&mut bytes).ok()?;
    Some((String::from_utf8_lossy(&bytes).into_owned(), skipped))
}
