//! The record of a run: what is stored, compared and reported.

use super::{ModelRecord, RunCosts};
use crate::ledger::{Exit, Measured, MeasuredValue, OutputFile, Quote, RowResult, Try, Usage, Verdict};
use crate::value::{Digest, MetricName, PointName, RunId, Scalar, StageName, SuiteName, TaskKey, Timestamp};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The `format` of a stored record.
pub const RECORD_FORMAT: &str = "shmoo-record";
/// Marks a run that was made to confirm a comparison: the first word of its `filter`.
///
/// Since it has a filter it is no base that a rule chooses, and no earlier run of any metric.
pub const CONFIRM_MARK: &str = "--confirm";
/// The newest version this program writes.
pub const RECORD_VERSION: u32 = 1;

/// All there is to say about a run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RunRecord {
    /// `shmoo-record`.
    pub format: String,
    /// Version of the format.
    pub version: u32,
    /// The run as a whole.
    pub run: RunInfo,
    /// Every planned task, in plan order; repeats are tasks of their own.
    pub tasks: Vec<TaskRecord>,
    /// Every planned case, in plan order.
    pub cases: Vec<CaseRecord>,
    /// Every metric at its (stage, point), repeats gathered, in plan order.
    pub metrics: Vec<MetricRow>,
    /// What the models of the suite came to; empty where they were not fitted.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub models: Vec<ModelRecord>,
    /// What it cost; none where the record does not come from the run's own ledger.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub costs: Option<RunCosts>,
}

/// A run as a whole.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RunInfo {
    /// Its name, which sorts by time.
    pub id: RunId,
    /// The suite.
    pub suite: SuiteName,
    /// The suite file as the user named it, for commands to copy.
    pub suite_file: String,
    /// The plan's identity.
    pub plan: Digest,
    /// Digest of the resolved suite.
    pub suite_digest: Digest,
    /// When the first writer started.
    pub started: Timestamp,
    /// When the last event was written.
    pub finished: Timestamp,
    /// The version of shmoo that ran it.
    pub shmoo: String,
    /// Every planned task has exactly one final state, and none is lost.
    pub complete: bool,
    /// Arguments that selected a part of the suite, as on the command line; empty = the whole suite.
    #[serde(default)]
    pub filter: Vec<String>,
    /// Further arguments that it was made with, and that a command needs to run the same: another list of cases, the
    /// label of the machine.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub options: Vec<String>,
    /// The profile.
    #[serde(default)]
    pub profile: Option<String>,
    /// Why writers stopped early.
    #[serde(default)]
    pub stopped: Vec<String>,
    /// Where the code came from.
    #[serde(default)]
    pub source: SourceInfo,
    /// Properties of the machine: `cpu`, `cores`, `memory`, `kernel`, `os`, ...
    #[serde(default)]
    pub machine: BTreeMap<String, String>,
    /// Digest (short) of the properties that make measurements comparable.
    pub fingerprint: String,
    /// Version lines of tools.
    #[serde(default)]
    pub tools: BTreeMap<String, String>,
    /// Digests of the repository files that tasks take, by path from the suite's root.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub files: BTreeMap<String, Digest>,
    /// The parameters of the suite, in name order: what later runs need to pair points.
    pub params: Vec<ParamInfo>,
    /// The declared metrics.
    pub metric_infos: Vec<MetricInfo>,
    /// Whether the models of the suite were left aside, as was asked for.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub models_skipped: bool,
    /// Where the archive is in the store.
    #[serde(default)]
    pub archive: Option<String>,
    /// Files that the run left for others.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub artifacts: Vec<Artifact>,
}

/// A file that a run left for others.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Artifact {
    /// What it is.
    pub kind: ArtifactKind,
    /// Where it is: a key of the store for an archive, a path in the run's folder for a report.
    pub place: String,
    /// Its size, if it is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bytes: Option<u64>,
    /// Its digest, if it is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sha256: Option<Digest>,
}

/// What an artifact is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ArtifactKind {
    /// The folder of the run, packed.
    Archive,
    /// The page for people.
    Report,
}

impl RunInfo {
    /// Notes an artifact, in place of an earlier one of its kind.
    pub fn set_artifact(&mut self, artifact: Artifact) {
        self.artifacts.retain(|other| other.kind != artifact.kind);
        self.artifacts.push(artifact);
        self.artifacts.sort_by_key(|artifact| artifact.kind);
    }
}

impl ArtifactKind {
    /// Returns the word that files use.
    pub fn word(self) -> &'static str {
        match self {
            ArtifactKind::Archive => "archive",
            ArtifactKind::Report => "report",
        }
    }
}

/// The commit that was measured.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct SourceInfo {
    /// Full hash of the commit.
    pub commit: Option<String>,
    /// The branch.
    pub branch: Option<String>,
    /// Whether the work tree had changes.
    pub dirty: Option<bool>,
    /// Where the commit left the base branch: their newest common ancestor.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub merge_base: Option<String>,
    /// The branch that this one is to go into, or else the main one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub base_branch: Option<String>,
    /// Number of the pull request.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pull_request: Option<u64>,
    /// Which attempt of the CI run it is, from 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub attempt: Option<u32>,
    /// Whether the pull request comes from a fork: such a run is in quarantine.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fork: Option<bool>,
}

/// A parameter, as the run knew it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ParamInfo {
    /// Its name.
    pub name: String,
    /// Its code in names.
    pub code: String,
    /// Its unit.
    #[serde(default)]
    pub unit: Option<String>,
    /// Its default.
    #[serde(default)]
    pub default: Option<Scalar>,
}

/// A declared metric, as the run knew it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct MetricInfo {
    /// The stage.
    pub stage: StageName,
    /// The short name.
    pub metric: MetricName,
    /// The unit.
    #[serde(default)]
    pub unit: Option<String>,
    /// `higher`, `lower`, `exact`, `within [a, b]`; none = not gating.
    #[serde(default)]
    pub better: Option<String>,
    /// Smallest relative change that matters, 0.01 for 1 %.
    #[serde(default)]
    pub min_effect: Option<f64>,
    /// Where another change matters: conditions over parameters; the last that holds wins.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub min_effect_rules: Vec<MinEffectWhere>,
    /// Digest of the stage's command and inputs: another one means that the measurement changed.
    pub stage_digest: Digest,
}

/// The smallest relative change that matters at some points.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct MinEffectWhere {
    /// The condition, an expression over parameters.
    #[serde(rename = "where")]
    pub condition: String,
    /// The change, 0.01 for 1 %.
    pub is: f64,
}

/// A task of the plan and what became of it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TaskRecord {
    /// Stage, point and repeat.
    pub task: TaskKey,
    /// The values of its parameters, in name order.
    pub params: Vec<(String, Scalar)>,
    /// How it ended; `lost` if it was started and never ended, or never reported.
    pub verdict: Verdict,
    /// The link or reason of the known failure that this is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub known: Option<String>,
    /// Why it is not a pass, in one sentence.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// The lines of reports that decide.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub quotes: Vec<Quote>,
    /// For `skipped`: the task to blame.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cause: Option<TaskKey>,
    /// How its process ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exit: Option<Exit>,
    /// When it started.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub started: Option<Timestamp>,
    /// What its last attempt took.
    #[serde(default)]
    pub usage: Usage,
    /// Attempts before the last.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tries: Vec<Try>,
    /// Metrics, in the order of the suite.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub metrics: Vec<Measured>,
    /// For a `rows` stage: the cases it reported.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub rows: Vec<RowResult>,
    /// Files that left it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub outputs: Vec<OutputFile>,
    /// Its exact command.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub command: Vec<String>,
    /// Its folder relative to the run's folder.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub folder: Option<String>,
    /// The run whose result was reused.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub origin: Option<RunId>,
    /// Which worker ran it.
    #[serde(default)]
    pub worker: u32,
    /// What to know although the verdict stands.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
    /// How many cases hang on it.
    pub cases: u64,
}

/// A case and the worst of its tasks.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CaseRecord {
    /// Its name.
    pub name: PointName,
    /// The values of its parameters, in name order.
    pub params: Vec<(String, Scalar)>,
    /// The worst verdict of its tasks.
    pub verdict: Verdict,
    /// Whether all that is wrong with it is known.
    #[serde(default)]
    pub known: bool,
    /// The task with that verdict, the first in plan order, unless it passed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub worst: Option<TaskKey>,
}

/// A metric at a (stage, point).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct MetricRow {
    /// The stage.
    pub stage: StageName,
    /// The point.
    pub point: PointName,
    /// The short name.
    pub metric: MetricName,
    /// The point's values, in name order.
    pub params: Vec<(String, Scalar)>,
    /// The value; the median of the samples where there are several.
    pub value: MeasuredValue,
    /// All measured samples, in order of the repeats; at least one for a number.
    #[serde(default)]
    pub samples: Vec<f64>,
    /// The unit.
    #[serde(default)]
    pub unit: Option<String>,
    /// The run that measured it, if not this one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub origin: Option<RunId>,
}

impl MetricRow {
    /// Returns `STAGE.METRIC`.
    pub fn reference(&self) -> String {
        format!("{}.{}", self.stage, self.metric)
    }
}
