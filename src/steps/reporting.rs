//! The step `report`: record, checks and comparison -> one `Report`.

use super::comparing::{compare_by, rules};
use super::judging::{absent_goldens, check_goldens, folder_of_suite, is_partial};
use super::plotting::{plot_diffs, plots};
use super::recording::{RecordedRun, keep};
use super::rejudging::current_suite;
use super::run_folder::RunFolder;
use super::{StepError, Workspace, modelling};
use crate::check::{self, golden::GoldenFinding};
use crate::compare::{Comparison, ComparisonVerdict};
use crate::ledger::Verdict;
use crate::plan::Plan;
use crate::record::{self, ModelRecord, RunRecord, TaskRecord};
use crate::report::{self, LogExcerpt, Report, ReportedCosts};
use crate::suite::Suite;
use crate::value::BaselineRule;
use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::Path;

/// Tasks whose logs are shown.
const MOST_LOGS: usize = 40;
/// Warnings of tables that are shown.
const MOST_TABLE_WARNINGS: usize = 20;
/// Bytes of each log that are shown.
const LOG_BYTES: u64 = 4 << 10;

/// What a report says besides the record.
#[derive(Debug, Default)]
pub struct Findings {
    /// The golden check.
    pub goldens: Vec<GoldenFinding>,
    /// The golden file, if it is not there.
    pub absent_goldens: Option<String>,
    /// The comparison, if one was made.
    pub comparison: Option<Comparison>,
    /// Further comparisons, which decide nothing.
    pub other_comparisons: Vec<Comparison>,
    /// The run compared with, if the suite has models.
    pub base: Option<RunRecord>,
    /// Warnings of the suite and of the run.
    pub warnings: Vec<String>,
    /// Whether uncertain changes count as regressions.
    pub strict: bool,
}

/// Checks and compares a record, and makes the report; meanwhile the folder of the run gets the record, if that is
/// still to be done. `compare` is what to compare with: none for nothing, empty for what the project says; `folder`
/// is none if the run is not on this machine.
pub fn judge(
    workspace: &Workspace,
    folder: Option<&RunFolder>,
    plan: &Plan,
    recorded: RecordedRun,
    compare: Option<&[BaselineRule]>,
    strict: bool,
    current: &Path,
) -> Result<Report, StepError> {
    let record = &recorded.record;
    let judged = || {
        let suite_folder = folder_of_suite(workspace, &record.run.suite_file);
        let goldens = check_goldens(&plan.suite, is_partial(plan), &suite_folder, record)?;
        let absent = absent_goldens(&plan.suite, &suite_folder, &goldens);
        compared(workspace, &plan.suite, record, (goldens, absent), compare, strict)
    };
    let (kept, findings) = std::thread::scope(|scope| {
        let unkept = folder.filter(|_| recorded.unkept);
        let kept = unkept.map(|folder| scope.spawn(|| keep(folder, record)));
        let findings = judged();
        let kept = kept.map(|kept| kept.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)));
        (kept.unwrap_or(Ok(())), findings)
    });
    kept?;
    Ok(make(workspace, folder, Some(plan), recorded, findings?, current))
}

/// Checks and compares a record of which there is neither a folder nor a plan, and makes the report: goldens are those of
/// the suite file as it is now, if it is there, and what only a plan tells is left out.
pub fn judge_record(
    workspace: &Workspace,
    suite: &Suite,
    record: RunRecord,
    compare: &[BaselineRule],
    strict: bool,
    current: &Path,
) -> Result<Report, StepError> {
    let info = &record.run;
    let goldens = match current_suite(workspace, &info.suite_file, &info.suite)? {
        Some(loaded) => {
            let partial = !info.filter.is_empty() || info.profile.is_some();
            let folder = folder_of_suite(workspace, &info.suite_file);
            let goldens = check_goldens(&loaded.suite, partial, &folder, &record)?;
            let absent = absent_goldens(&loaded.suite, &folder, &goldens);
            (goldens, absent)
        }
        None => (Vec::new(), None),
    };
    let findings = compared(workspace, suite, &record, goldens, Some(compare), strict)?;
    Ok(make(workspace, None, None, RecordedRun { record, known: Vec::new(), unkept: false }, findings, current))
}

/// Compares a record with what was asked for.
fn compared(
    workspace: &Workspace,
    suite: &Suite,
    record: &RunRecord,
    (goldens, absent_goldens): (Vec<GoldenFinding>, Option<String>),
    compare: Option<&[BaselineRule]>,
    strict: bool,
) -> Result<Findings, StepError> {
    let comparisons = match compare {
        Some(asked) => {
            let rules = rules(workspace, asked, record);
            compare_by(workspace, suite, record, &rules)?
        }
        None => Vec::new(),
    };
    let mut comparisons = comparisons.into_iter();
    let (comparison, other_comparisons) = (comparisons.next(), comparisons.collect());
    let base = match &comparison {
        Some(Comparison { base: Some(base), .. }) if !record.models.is_empty() => {
            workspace.history()?.load(&base.run).map_err(StepError::History)?
        }
        _ => None,
    };
    Ok(Findings { goldens, absent_goldens, comparison, other_comparisons, base, warnings: Vec::new(), strict })
}

/// Makes the report of a run; without a plan it has no plots.
pub(super) fn make(
    workspace: &Workspace,
    folder: Option<&RunFolder>,
    plan: Option<&Plan>,
    recorded: RecordedRun,
    findings: Findings,
    current: &Path,
) -> Report {
    let RecordedRun { record, known, unkept: _ } = recorded;
    let Findings { goldens, absent_goldens, comparison, other_comparisons, base, mut warnings, strict } = findings;
    let models = modelling::reported(plan, &record, base.as_ref());
    warnings.extend(models.iter().filter_map(|reported| reported.model.warning()));
    warnings.extend(models.iter().flat_map(|reported| empty_set_warnings(&reported.model)));
    warnings.extend(models.iter().flat_map(|reported| reported.model.unusable_warnings()));
    warnings.extend(table_warnings(&record.tasks));
    let plots = plan.map(|plan| plots(plan, &record)).unwrap_or_default();
    let plot_diffs = plan
        .zip(comparison.as_ref())
        .map(|(plan, comparison)| plot_diffs(plan, &record, comparison))
        .unwrap_or_default();
    let (logs, logs_left_out) = folder.map(|folder| logs(folder, &record.tasks)).unwrap_or_default();
    let totals = report::totals(&record.tasks, &record.cases);
    let buckets = report::bucket(&record.tasks);
    let red_known = known.iter().any(|finding| finding.kind.is_red());
    let exit_codes = exit_codes(&record, &goldens, red_known, comparison.as_ref(), strict);
    let RunRecord { format: _, version: _, run, tasks, cases, metrics, models: _, costs: _ } = record;
    // Coefficients have a place of their own.
    let metrics = metrics.into_iter().filter(|row| !record::is_of_model(&row.stage)).collect();
    let costs = plan.map(|plan| {
        let (run, by_task) = record::costs(plan, &run, &tasks, workspace.project.prices.as_ref());
        ReportedCosts { run, cases: record::case_costs(plan, &tasks, &by_task), tasks: by_task }
    });
    Report {
        run,
        totals,
        tasks,
        cases,
        metrics,
        goldens,
        absent_goldens,
        known_failures: known.into_iter().map(|finding| finding.message).collect(),
        comparison,
        other_comparisons,
        plots,
        plot_diffs,
        buckets,
        logs,
        logs_left_out,
        models,
        costs,
        machines: None,
        warnings,
        exit_codes,
        folder: folder.map(|folder| workspace.shown(&folder.path, current)).unwrap_or_default(),
    }
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

/// Says what is odd in tables that report many cases.
fn table_warnings(tasks: &[TaskRecord]) -> Vec<String> {
    let on_table = |task: &&TaskRecord| task.notes.iter().any(|note| check::is_of_table(note));
    let odd = tasks.iter().filter(on_table);
    let said = |task: &TaskRecord| -> Vec<String> {
        let notes = task.notes.iter().filter(|note| check::is_of_table(note));
        notes.map(|note| format!("{}: {note}", task.task)).collect()
    };
    let all: Vec<String> = odd.flat_map(said).collect();
    let more = all.len().saturating_sub(MOST_TABLE_WARNINGS);
    let rest =
        (more > 0).then(|| format!("and {more} more of such tables (the report's JSON has them all as `notes`)"));
    all.into_iter().take(MOST_TABLE_WARNINGS).chain(rest).collect()
}

/// Says which attribute sets of a model no row is in.
fn empty_set_warnings(model: &ModelRecord) -> impl Iterator<Item = String> {
    let sentence = |set: &String| format!("the model `{}`: {}", model.model, report::empty_set_sentence(set));
    model.empty_sets.iter().map(sentence)
}
