//! The events of a ledger.

use crate::value::{Digest, MetricName, PointName, RunId, TaskKey, Timestamp, Value};
use serde::de::Visitor;
use serde::{Deserialize, Deserializer, Serialize};
use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

/// The `format` of a ledger's header.
pub const LEDGER_FORMAT: &str = "shmoo-ledger";
/// The newest version this program writes.
pub const LEDGER_VERSION: u32 = 1;

/// The first line of a ledger file.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Header {
    /// `shmoo-ledger`.
    pub format: String,
    /// Version of the format; a newer one may be read, unknown events are kept and ignored.
    pub version: u32,
    /// The plan whose tasks these are.
    pub plan: Digest,
    /// The run.
    pub run: RunId,
    /// Which shard writes, from 1; 0 = `finish`.
    pub shard: u32,
    /// Counts the starts of this shard, from 1: a later writer supersedes earlier ones.
    pub generation: u32,
    /// Unique among the files of a run.
    pub writer: String,
    /// When the writer started.
    pub time: Timestamp,
    /// Version of shmoo that writes.
    pub shmoo: String,
    /// The machine: name and value of each property, such as `cpu` or `kernel`.
    #[serde(default)]
    pub machine: BTreeMap<String, String>,
    /// Version lines of the tools on that machine, for a part of a published run.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub tools: BTreeMap<String, String>,
    /// The part of a published run: `WAVE-PART`, such as `1-prepare` or `2-3`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub part: Option<String>,
}

/// A line after the header.
#[derive(Debug, Clone, PartialEq)]
pub struct Line {
    /// Position in the writer's file, from 1.
    pub sequence: u64,
    /// When it was written.
    pub time: Timestamp,
    /// What happened.
    pub event: Event,
}

/// What happened.
#[derive(Debug, Clone, PartialEq)]
pub enum Event {
    /// A process of a task is about to start.
    Started(Started),
    /// A task has its final state.
    Finished(Arc<Finished>),
    /// The writer stops before all is done, and knows it.
    Stopped(Stopped),
    /// An event that this version does not know: kept, ignored.
    Unknown(serde_json::Value),
}

/// Which attempt at a task: later generations supersede earlier ones, then later tries do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Attempt {
    /// The writer's generation, from 1.
    pub generation: u32,
    /// The try within it, from 1.
    #[serde(rename = "try")]
    pub number: u32,
}

/// `GENERATION.TRY`, which also names the attempt's folder.
impl fmt::Display for Attempt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.generation, self.number)
    }
}

/// A process of a task is about to start.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Started {
    /// The task.
    pub task: TaskKey,
    /// Which attempt.
    pub attempt: Attempt,
}

/// Why a writer stops early.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Stopped {
    /// A signal's name, `fail-fast`, or an error of the machine.
    pub reason: String,
}

/// How a task ended. A worse verdict is greater, so that the worst is the maximum.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// It ran, with positive evidence, and all expectations were met.
    Pass,
    /// It did not run, because what it needs is not there.
    Skipped,
    /// It ran, and an expectation was missed.
    Fail,
    /// It was killed by its time limit.
    Timeout,
    /// Its machine was lost, or nobody reported it.
    Lost,
    /// It did not run properly: no evidence, a missing output, a forbidden exit code.
    Error,
}

impl Verdict {
    /// All verdicts, best first.
    pub const ALL: [Verdict; 6] =
        [Verdict::Pass, Verdict::Skipped, Verdict::Fail, Verdict::Timeout, Verdict::Lost, Verdict::Error];

    /// Returns the word that files and people use.
    pub fn word(self) -> &'static str {
        match self {
            Verdict::Pass => "pass",
            Verdict::Skipped => "skipped",
            Verdict::Fail => "fail",
            Verdict::Timeout => "timeout",
            Verdict::Lost => "lost",
            Verdict::Error => "error",
        }
    }

    /// Tells whether a task with this verdict ran to its end, so that its outputs flow on.
    pub fn ran(self) -> bool {
        matches!(self, Verdict::Pass | Verdict::Fail)
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.word())
    }
}

/// A text is no verdict.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a verdict")]
pub struct ParseVerdictError(String);

impl FromStr for Verdict {
    type Err = ParseVerdictError;

    fn from_str(text: &str) -> Result<Verdict, ParseVerdictError> {
        Verdict::ALL
            .into_iter()
            .find(|verdict| verdict.word() == text)
            .ok_or_else(|| ParseVerdictError(text.to_owned()))
    }
}

/// How a process ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Exit {
    /// By itself, with this code.
    Code(i32),
    /// By this signal.
    Signal(i32),
}

impl fmt::Display for Exit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Exit::Code(code) => write!(f, "exit code {code}"),
            Exit::Signal(signal) => write!(f, "signal {signal}"),
        }
    }
}

/// What a task took of the machine.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
pub struct Usage {
    /// Elapsed seconds.
    pub wall: f64,
    /// Processor seconds, user and system, of the process and those it waited for.
    pub cpu: f64,
    /// Largest resident set in bytes.
    pub max_rss: u64,
}

/// Lines of a report that decide, for people.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Quote {
    /// The file, `stdout` or `stderr`.
    pub file: String,
    /// Line number from 1, if there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub line: Option<usize>,
    /// The text.
    pub text: String,
}

/// The value of a metric.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(untagged)]
pub enum MeasuredValue {
    /// A finite number in the metric's unit.
    Number(f64),
    /// A text, such as a digest, for metrics that are compared exactly.
    Text(String),
}

/// Reads a value as what it is: what serde derives for it first makes a copy, then tries one kind after the other.
impl<'de> Deserialize<'de> for MeasuredValue {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<MeasuredValue, D::Error> {
        deserializer.deserialize_any(NumberOrText)
    }
}

struct NumberOrText;

impl Visitor<'_> for NumberOrText {
    type Value = MeasuredValue;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a number or a text")
    }

    fn visit_f64<E>(self, number: f64) -> Result<MeasuredValue, E> {
        Ok(MeasuredValue::Number(number))
    }

    fn visit_u64<E>(self, number: u64) -> Result<MeasuredValue, E> {
        Ok(MeasuredValue::Number(number as f64))
    }

    fn visit_i64<E>(self, number: i64) -> Result<MeasuredValue, E> {
        Ok(MeasuredValue::Number(number as f64))
    }

    fn visit_str<E>(self, text: &str) -> Result<MeasuredValue, E> {
        Ok(MeasuredValue::Text(text.to_owned()))
    }

    fn visit_string<E>(self, text: String) -> Result<MeasuredValue, E> {
        Ok(MeasuredValue::Text(text))
    }
}

/// A metric of a task.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Measured {
    /// The short name.
    pub name: MetricName,
    /// The value; the median where there are samples.
    pub value: MeasuredValue,
    /// All samples measured inside one process, if there are several.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub samples: Vec<f64>,
    /// The unit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unit: Option<String>,
}

/// What a `rows` task reports for one case below its point.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RowResult {
    /// The case.
    pub case: PointName,
    /// Pass, fail or error.
    pub verdict: Verdict,
    /// Why it is not a pass.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// Its metrics.
    #[serde(default)]
    pub metrics: Vec<Measured>,
}

/// A file that left a task.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OutputFile {
    /// Path relative to the task's folder.
    pub path: String,
    /// Its digest.
    pub sha256: Digest,
    /// Its length.
    pub bytes: u64,
    /// Whether it can be executed.
    #[serde(default, skip_serializing_if = "is_false")]
    pub executable: bool,
}

fn is_false(value: &bool) -> bool {
    !value
}

/// An earlier attempt of the same writer that was tried again.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Try {
    /// How it ended.
    pub verdict: Verdict,
    /// Why it is not a pass.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// What it took.
    pub usage: Usage,
    /// Values that the next attempt changed.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub set: BTreeMap<String, Value>,
}

/// A task has its final state.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Finished {
    /// The task.
    pub task: TaskKey,
    /// The last attempt.
    pub attempt: Attempt,
    /// How it ended.
    pub verdict: Verdict,
    /// Why it is not a pass, in one sentence.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// The lines that decide.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub quotes: Vec<Quote>,
    /// For `skipped`: the task that is to blame, if there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cause: Option<TaskKey>,
    /// How the process ended; none if none was started.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exit: Option<Exit>,
    /// When the first attempt started.
    pub started: Timestamp,
    /// What the last attempt took.
    pub usage: Usage,
    /// The attempts before the last.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tries: Vec<Try>,
    /// Metrics in the order of the suite.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub metrics: Vec<Measured>,
    /// For a `rows` stage: one entry for each case below the point.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub rows: Vec<RowResult>,
    /// Declared outputs and evidence that are there, sorted by path.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub outputs: Vec<OutputFile>,
    /// The exact command of the last attempt.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub command: Vec<String>,
    /// The folder of the last attempt, relative to the run's folder.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub folder: Option<String>,
    /// The run whose result was reused, with `cache: true`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub origin: Option<RunId>,
    /// Which worker of the machine ran it, from 0.
    #[serde(default)]
    pub worker: u32,
    /// What the author should know although the verdict stands, such as output that was cut.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
}
