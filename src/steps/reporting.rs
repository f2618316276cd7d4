//! The step `report`: record, checks and comparison -> one `Report`.

use super::recording::RecordedRun;
use super::run_folder::RunFolder;
use super::{StepError, Workspace};
use crate::check::golden::GoldenFinding;
use crate::compare::{Comparison, ComparisonVerdict};
use crate::expr::Operand;
use crate::ledger::{MeasuredValue, Verdict};
use crate::plan::Plan;
use crate::record::{RunRecord, TaskRecord};
use crate::report::{self, GridAxis, GridCell, LogExcerpt, Report, ShmooGrid};
use crate::suite::{ParamIndex, ShmooPlot};
use crate::value::{PointName, Scalar};
use std::collections::{BTreeMap, HashMap};
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

/// Draws the shmoo plots of a suite.
pub fn plots(plan: &Plan, record: &RunRecord) -> Vec<ShmooGrid> {
    if plan.suite.plots.is_empty() {
        return Vec::new();
    }
    let values = MetricValues::new(record);
    plan.suite.plots.iter().flat_map(|plot| draw(plan, record, &values, plot)).collect()
}

/// Metrics by stage and point, for the expressions of plots.
struct MetricValues<'a> {
    by_point: HashMap<(&'a str, &'a str), Vec<(&'a str, &'a MeasuredValue)>>,
}

impl<'a> MetricValues<'a> {
    fn new(record: &'a RunRecord) -> MetricValues<'a> {
        let mut by_point: HashMap<_, Vec<_>> = HashMap::new();
        for row in &record.metrics {
            by_point
                .entry((row.stage.as_str(), row.point.as_str()))
                .or_default()
                .push((row.metric.as_str(), &row.value));
        }
        MetricValues { by_point }
    }

    fn get(&self, stage: &str, point: &PointName, metric: &str) -> Option<Operand> {
        let row = self.by_point.get(&(stage, point.as_str()))?;
        let (_, value) = row.iter().find(|(name, _)| *name == metric)?;
        Some(match value {
            MeasuredValue::Number(number) => Operand::Number(*number),
            MeasuredValue::Text(text) => Operand::Text(text.clone()),
        })
    }
}

fn draw(plan: &Plan, record: &RunRecord, metrics: &MetricValues<'_>, plot: &ShmooPlot) -> Vec<ShmooGrid> {
    let suite = &plan.suite;
    let schema = suite.schema.params();
    let axis = |param: ParamIndex| -> Vec<Scalar> {
        let mut values: Vec<Scalar> = Vec::new();
        for case in 0..plan.cases.len() {
            if let Some(value) = plan.cases.value(case, param)
                && !values.contains(value)
            {
                values.push(value.clone());
            }
        }
        if values.iter().all(|value| value.number().is_some()) {
            values.sort();
        }
        values
    };
    let (x, y) = (axis(plot.x), axis(plot.y));
    let names: Vec<String> = plot.pass.names().iter().map(|name| name.name.to_owned()).collect();
    let Ok(program) = plot.pass.compile(&names) else { return Vec::new() };
    let mut grids: BTreeMap<Vec<Option<Scalar>>, Vec<Vec<GridCell>>> = BTreeMap::new();
    for case in 0..plan.cases.len().min(record.cases.len()) {
        let value = |param: ParamIndex| plan.cases.value(case, param);
        let place =
            |param: ParamIndex, values: &[Scalar]| value(param).and_then(|own| values.iter().position(|v| v == own));
        let (Some(column), Some(row)) = (place(plot.x, &x), place(plot.y, &y)) else { continue };
        let key: Vec<Option<Scalar>> = plot.per.iter().map(|&param| value(param).cloned()).collect();
        let cells = grids.entry(key).or_insert_with(|| vec![vec![GridCell::default(); x.len()]; y.len()]);
        let cell = &mut cells[row][column];
        let operands: Vec<Option<Operand>> = names
            .iter()
            .map(|name| match suite.schema.index(name) {
                Some(param) => value(param).map(Operand::from),
                None => suite.metrics_named(name).into_iter().find_map(|(stage, metric)| {
                    let point = plan.stage_tasks(stage).point(case)?;
                    let stage_suite = &suite.stages[stage];
                    let by_rows = stage_suite.rows.is_some();
                    let point = if by_rows { plan.case_name(case) } else { plan.point_name(stage, point) };
                    metrics.get(stage_suite.name.as_str(), &point, stage_suite.metrics[metric].name.as_str())
                }),
            })
            .collect();
        let passes = program.eval_f64_bool(|slot: usize| operands[slot].as_ref().map(Operand::borrowed));
        match (passes, record.cases[case].verdict) {
            (Ok(true), _) => cell.pass += 1,
            (Ok(false), _) => cell.fail += 1,
            (Err(_), _) => cell.unknown += 1,
        }
    }
    let axis_of = |param: ParamIndex, values: &[Scalar]| GridAxis {
        param: schema[param].name.clone(),
        unit: schema[param].unit.clone(),
        values: values.to_vec(),
    };
    grids
        .into_iter()
        .map(|(key, cells)| ShmooGrid {
            pass: plot.pass.text().to_owned(),
            x: axis_of(plot.x, &x),
            y: axis_of(plot.y, &y),
            fixed: plot
                .per
                .iter()
                .zip(key)
                .filter_map(|(&param, value)| Some((schema[param].name.clone(), value?)))
                .collect(),
            cells,
        })
        .collect()
}
