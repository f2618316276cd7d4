//! What every renderer renders.

use super::Machines;
use crate::check::golden::GoldenFinding;
use crate::compare::Comparison;
use crate::ledger::Verdict;
use crate::record::{CaseRecord, MetricRow, ModelRecord, RunCosts, RunInfo, Spent, TaskRecord};
use crate::value::{PointName, RunId, Scalar, TaskKey};
use std::collections::{BTreeMap, HashSet};

/// A run, judged and compared, ready for people.
#[derive(Debug, Clone, PartialEq)]
pub struct Report {
    /// The run as a whole.
    pub run: RunInfo,
    /// Counts.
    pub totals: Totals,
    /// Every planned task, in plan order.
    pub tasks: Vec<TaskRecord>,
    /// Every planned case, in plan order.
    pub cases: Vec<CaseRecord>,
    /// Every metric at its (stage, point).
    pub metrics: Vec<MetricRow>,
    /// The golden check; empty if the suite has no goldens.
    pub goldens: Vec<GoldenFinding>,
    /// The golden table, as the suite names it, if it is not there: no value can have a golden.
    pub absent_goldens: Option<String>,
    /// Known failures that did not come out as expected: one sentence each, with the place to mend.
    pub known_failures: Vec<String>,
    /// This run against an earlier one; none if no comparison was asked for.
    pub comparison: Option<Comparison>,
    /// This run against others: shown, and never what decides.
    pub other_comparisons: Vec<Comparison>,
    /// Shmoo plots.
    pub plots: Vec<ShmooGrid>,
    /// What changed in them against the run compared with, in the same order; empty without such a run.
    pub plot_diffs: Vec<ShmooDiff>,
    /// What failed, alike messages together, largest first.
    pub buckets: Vec<Bucket>,
    /// Ends of the logs of tasks that did not pass (a capped number; `logs_left_out` says how many more).
    pub logs: Vec<LogExcerpt>,
    /// How many failed tasks have no excerpt here.
    pub logs_left_out: usize,
    /// What the models of the suite came to.
    pub models: Vec<ReportedModel>,
    /// What it cost; none where the plan is not at hand.
    pub costs: Option<ReportedCosts>,
    /// What became of its parts, if it was run on many machines and gathered just now.
    pub machines: Option<Machines>,
    /// Warnings of the suite and of the run.
    pub warnings: Vec<String>,
    /// All exit codes that apply, in order of precedence; the first is the process's.
    pub exit_codes: Vec<u8>,
    /// Where the run's folder is, as the user would type it; empty if it is not on this machine.
    pub folder: String,
}

/// A fitted model, and how far it went from the run compared with.
#[derive(Debug, Clone, PartialEq)]
pub struct ReportedModel {
    /// The model.
    pub model: ModelRecord,
    /// By group; none where it has no coefficients. Empty without such a run.
    pub drifts: Vec<Option<ModelDrift>>,
    /// By group: rows to be drawn. Empty where the plan is not at hand.
    pub samples: Vec<FitSample>,
}

/// Rows of a group of a model: all, or some drawn from them.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct FitSample {
    /// How many there are, with those that were kept out of the fit.
    pub all: u64,
    /// The rows, in plan order.
    pub rows: Vec<FitSampleRow>,
}

/// A row of a model.
#[derive(Debug, Clone, PartialEq)]
pub struct FitSampleRow {
    /// Its point.
    pub point: PointName,
    /// The features, in the order of the model.
    pub features: Vec<f64>,
    /// What was measured.
    pub target: f64,
    /// What the coefficients predict.
    pub prediction: f64,
    /// Whether it was kept out of the fit.
    pub held_back: bool,
    /// Whether it is far off among those that were fitted.
    pub far: bool,
}

/// What became of a group since the run compared with.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub struct ModelDrift {
    /// The run compared with.
    pub base: RunId,
    /// How far predictions went, if they can be compared.
    #[serde(flatten)]
    pub form: DriftForm,
}

/// Whether the coefficients of both runs are of one form.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
#[serde(tag = "form", rename_all = "snake_case")]
pub enum DriftForm {
    /// They are.
    Same(ModelChange),
    /// The form was another then: its coefficients say nothing of the features of now.
    Other,
    /// There is nothing to compare.
    Untold {
        /// Why, as the end of a sentence.
        why: String,
    },
}

/// How far the predictions of a group went, over the rows of this run. Changes are relative, 0.01 for 1 %.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub struct ModelChange {
    /// Rows that were predicted.
    pub rows: u64,
    /// The mean change.
    pub mean: f64,
    /// The least change.
    pub least: f64,
    /// The greatest change.
    pub greatest: f64,
    /// The coefficients of that run.
    pub before: Vec<(String, f64)>,
}

/// What a run cost.
#[derive(Debug, Clone, PartialEq)]
pub struct ReportedCosts {
    /// The run as a whole.
    pub run: RunCosts,
    /// By task, in plan order.
    pub tasks: Vec<Spent>,
    /// By case, in plan order.
    pub cases: Vec<Spent>,
}

/// Counts of a run.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Totals {
    /// Planned tasks by verdict.
    pub tasks: BTreeMap<Verdict, u64>,
    /// Planned cases by verdict.
    pub cases: BTreeMap<Verdict, u64>,
    /// Failed, errored or timed-out tasks that are known failures.
    pub known: u64,
    /// Tasks that needed more than one attempt.
    pub retried: u64,
    /// Tasks without a final state.
    pub missing: u64,
    /// By stage, in the order of the suite: tasks by verdict.
    pub stages: Vec<(String, BTreeMap<Verdict, u64>)>,
    /// Elapsed seconds, summed over the tasks.
    pub wall: f64,
    /// Processor seconds, summed over the tasks.
    pub cpu: f64,
}

/// Failures that read the same once numbers are starred.
#[derive(Debug, Clone, PartialEq)]
pub struct Bucket {
    /// The verdict they share.
    pub verdict: Verdict,
    /// The stage they share.
    pub stage: String,
    /// The link or reason of the known failure that they are, if they are one.
    pub known: Option<String>,
    /// The message with numbers, hex digits and paths replaced by `*`.
    pub pattern: String,
    /// The first task's message as it is.
    pub example: String,
    /// Its tasks, in plan order.
    pub tasks: Vec<TaskKey>,
    /// How many cases hang on them.
    pub cases: u64,
}

impl Bucket {
    /// Returns the points of its tasks, each once, in plan order: a point's repeats may all be here.
    pub fn points(&self) -> Vec<&PointName> {
        let mut seen = HashSet::new();
        self.tasks.iter().map(|task| &task.point).filter(|point| seen.insert(*point)).collect()
    }
}

/// A two-dimensional shmoo plot.
#[derive(Debug, Clone, PartialEq)]
pub struct ShmooGrid {
    /// What passes, as the suite says it.
    pub pass: String,
    /// The parameter along the width, its unit, its values in order.
    pub x: GridAxis,
    /// The parameter along the height, its unit, its values in order (the first is at the bottom).
    pub y: GridAxis,
    /// The fixed parameters of this plot (`per`), name and value.
    pub fixed: Vec<(String, Scalar)>,
    /// Cells by `[y][x]`.
    pub cells: Vec<Vec<GridCell>>,
}

/// An axis of a shmoo plot.
#[derive(Debug, Clone, PartialEq)]
pub struct GridAxis {
    /// The parameter.
    pub param: String,
    /// Its unit.
    pub unit: Option<String>,
    /// Its values.
    pub values: Vec<Scalar>,
}

/// A cell of a shmoo plot: several cases may lie in one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct GridCell {
    /// Cases that pass.
    pub pass: u32,
    /// Cases that were measured and do not pass.
    pub fail: u32,
    /// Cases without a measurement.
    pub unknown: u32,
}

/// What changed in a shmoo plot.
#[derive(Debug, Clone, PartialEq)]
pub struct ShmooDiff {
    /// The run compared with.
    pub base: RunId,
    /// What passes, as the suite says it.
    pub pass: String,
    /// The parameter along the width.
    pub x: GridAxis,
    /// The parameter along the height (the first value is at the bottom).
    pub y: GridAxis,
    /// The fixed parameters, name and value.
    pub fixed: Vec<(String, Scalar)>,
    /// Cells by `[y][x]`.
    pub cells: Vec<Vec<DiffCell>>,
}

/// A cell of a shmoo diff: several cases may lie in one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct DiffCell {
    /// Cases that passed before and do not now.
    pub broke: u32,
    /// Cases that did not pass before and do now.
    pub mended: u32,
    /// Cases that passed before and pass now.
    pub pass: u32,
    /// Cases that passed neither before nor now.
    pub fail: u32,
    /// Cases that were not measured before or now.
    pub unknown: u32,
}

/// The end of a task's log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogExcerpt {
    /// The task.
    pub task: TaskKey,
    /// `stdout`, `stderr` or a file.
    pub stream: String,
    /// The text; control characters and invalid bytes are still in it, replaced where they are no UTF-8.
    pub text: String,
    /// Bytes before it that were left out.
    pub skipped: u64,
}
