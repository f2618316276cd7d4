//! Runs that other programs measured, as records.
//!
//! In: a file of github-action-benchmark or of Bencher. Out: a record for each run in it, with one stage
//! `benchmark`, one parameter `bench` (the name of the benchmark) and a metric for each measure. The same file gives
//! the same records.
//!
//! The machine and the command behind the values are not in such files. A record's fingerprint is therefore the
//! name of the program, and its stage has a recipe of its own: the runs are there to be seen, and are noise of
//! nothing that shmoo measures.

mod bencher;
mod github_action_benchmark;
mod place;
#[cfg(test)]
mod tests;

use super::build::median;
use super::{
    CaseRecord, MetricInfo, MetricRow, ParamInfo, RECORD_FORMAT, RECORD_VERSION, RunInfo, RunRecord, SourceInfo,
    TaskRecord,
};
use crate::ledger::{MeasuredValue, Usage, Verdict};
use crate::naming::{Kind, Param, Point, Schema};
use crate::value::{Digest, MetricName, PointName, RunId, Scalar, StageName, SuiteName, TaskKey, Timestamp};
use place::Place;
use std::collections::{BTreeMap, HashMap, HashSet};

const STAGE: &str = "benchmark";
const PARAM: &str = "bench";

/// Whose file it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ForeignFormat {
    /// `data.js` of github-action-benchmark, or a list of its results.
    GithubActionBenchmark,
    /// A report of Bencher as JSON, or Bencher Metric Format.
    Bencher,
}

/// What a file may not say of its runs.
#[derive(Debug, Clone)]
pub struct ForeignTerms {
    /// The suite to file them under; none: as the file calls them.
    pub suite: Option<SuiteName>,
    /// When a run was that does not say it.
    pub time: Timestamp,
    /// The commit of a run that does not say it.
    pub commit: Option<String>,
    /// The branch of runs that do not say it.
    pub branch: Option<String>,
}

/// Why a file is not what it should be.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ForeignError {
    /// It is no JSON.
    #[error("line {line}, column {column}: this is no JSON: {message}")]
    Json {
        /// From 1.
        line: usize,
        /// From 1.
        column: usize,
        /// What is wrong.
        message: String,
    },
    /// It is no such file as a whole.
    #[error("{message}")]
    Whole {
        /// What is wanted, and what was found.
        message: String,
    },
    /// The top of it lacks what the format begins with.
    #[error("the file has no `{key}`")]
    Lacks {
        /// The key.
        key: String,
    },
    /// Something in it is not as the format wants it.
    #[error("`{place}`: {message}")]
    Shape {
        /// The way there, such as `entries.Rust[3].benches[0].value`.
        place: String,
        /// What is wanted, and what was found.
        message: String,
    },
}

/// Reads the runs of a file, in its order.
///
/// # Errors
/// The first thing that is not as the format wants it; then there are no records.
pub fn read_foreign(format: ForeignFormat, text: &str, terms: &ForeignTerms) -> Result<Vec<RunRecord>, ForeignError> {
    let runs = match format {
        ForeignFormat::GithubActionBenchmark => github_action_benchmark::read(text, terms)?,
        ForeignFormat::Bencher => bencher::read(text, terms)?,
    };
    Ok(runs.iter().map(|run| record(run, format)).collect())
}

impl ForeignError {
    /// Says it of a file with this name.
    pub fn of_file(&self, file: &str) -> String {
        match self {
            ForeignError::Lacks { key } => format!("{file} has no `{key}`"),
            ForeignError::Json { .. } | ForeignError::Whole { .. } | ForeignError::Shape { .. } => {
                format!("{file}: {self}")
            }
        }
    }
}

/// Returns whose file this is, if it is one that holds a value.
pub fn recognize_foreign(text: &str, terms: &ForeignTerms) -> Option<ForeignFormat> {
    let holds_values = |format: &ForeignFormat| {
        read_foreign(*format, text, terms).is_ok_and(|runs| runs.iter().any(|run| !run.metrics.is_empty()))
    };
    [ForeignFormat::GithubActionBenchmark, ForeignFormat::Bencher].into_iter().find(holds_values)
}

impl ForeignFormat {
    /// Returns the name of the program, as `--from` takes it.
    pub fn program(self) -> &'static str {
        match self {
            ForeignFormat::GithubActionBenchmark => "github-action-benchmark",
            ForeignFormat::Bencher => "bencher",
        }
    }
}

/// A run in a file.
struct ForeignRun {
    suite: SuiteName,
    started: Timestamp,
    finished: Timestamp,
    source: SourceInfo,
    machine: BTreeMap<String, String>,
    values: Vec<ForeignValue>,
}

/// A measure of a benchmark.
struct ForeignValue {
    benchmark: String,
    metric: String,
    /// In the order in which they were measured, at least one.
    samples: Vec<f64>,
    unit: Option<String>,
    better: Option<&'static str>,
}

/// Measures by benchmark, metric and unit: one that comes again was measured again.
#[derive(Default)]
struct Values {
    list: Vec<ForeignValue>,
    places: HashMap<(String, String, Option<String>), usize>,
}

impl Values {
    fn add(&mut self, benchmark: &str, metric: &str, unit: Option<String>, better: Option<&'static str>, value: f64) {
        let key = (benchmark.to_owned(), metric.to_owned(), unit.clone());
        if let Some(place) = self.places.get(&key) {
            self.list[*place].samples.push(value);
            return;
        }
        self.places.insert(key, self.list.len());
        let (benchmark, metric) = (benchmark.to_owned(), metric.to_owned());
        self.list.push(ForeignValue { benchmark, metric, samples: vec![value], unit, better });
    }
}

/// Parses JSON, and begins at its top.
fn document(text: &str) -> Result<serde_json::Value, ForeignError> {
    serde_json::from_str(text).map_err(|error| ForeignError::Json {
        line: error.line(),
        column: error.column(),
        message: error.to_string().split(" at line ").next().unwrap_or_default().to_owned(),
    })
}

/// Returns the name of a suite that people call `text`.
fn suite_name(terms: &ForeignTerms, text: &str) -> SuiteName {
    terms.suite.clone().unwrap_or_else(|| {
        let safe = |c: char| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '-' };
        let words: String = text.chars().map(safe).collect();
        let words: Vec<&str> = words.split('-').filter(|word| !word.is_empty()).collect();
        let name = words.join("-");
        let begins = name.starts_with(|c: char| c.is_ascii_lowercase());
        SuiteName::new(if begins { name } else { format!("benchmarks-{name}").trim_end_matches('-').to_owned() })
    })
}

/// Returns a name for a metric out of any text.
fn metric_name(text: &str) -> String {
    let safe = |c: char| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '_' };
    let name: String = text.chars().map(safe).collect();
    if name.starts_with(|c: char| c.is_ascii_lowercase()) { name } else { format!("m_{name}") }
}

fn record(run: &ForeignRun, format: ForeignFormat) -> RunRecord {
    let ForeignRun { suite, started, finished, source, machine, values } = run;
    let program = format.program();
    let mut seen: HashSet<PointName> = HashSet::new();
    let mut points: Vec<(PointName, Vec<(String, Scalar)>)> = Vec::new();
    let mut metrics = Vec::new();
    let mut infos: Vec<MetricInfo> = Vec::new();
    let recipe = Digest::of(format!("{program} {suite}").as_bytes());
    for ForeignValue { benchmark, metric, samples, unit, better } in values {
        let params = vec![(PARAM.to_owned(), Scalar::Text(benchmark.clone()))];
        let point = point(benchmark);
        if seen.insert(point.clone()) {
            points.push((point.clone(), params.clone()));
        }
        let (stage, metric) = (StageName::new(STAGE), MetricName::new(metric));
        match infos.iter_mut().find(|info| info.metric == metric) {
            // What is in several units has none of its own.
            Some(info) if info.unit != *unit => info.unit = None,
            Some(_) => {}
            None => infos.push(MetricInfo {
                stage: stage.clone(),
                metric: metric.clone(),
                unit: unit.clone(),
                better: better.map(str::to_owned),
                min_effect: None,
                min_effect_rules: Vec::new(),
                stage_digest: recipe,
            }),
        }
        let value = MeasuredValue::Number(median(samples));
        let (samples, unit) = (samples.clone(), unit.clone());
        metrics.push(MetricRow { stage, point, metric, params, value, samples, unit, origin: None });
    }
    let commit = source.commit.clone().unwrap_or_default();
    let identity = Digest::of(format!("{program} {suite} {commit} {started}").as_bytes()).to_string();
    RunRecord {
        format: RECORD_FORMAT.to_owned(),
        version: RECORD_VERSION,
        run: RunInfo {
            id: RunId::new(format!("{}-{suite}-{}", started.compact(), &identity[..8])),
            suite: suite.clone(),
            suite_file: String::new(),
            plan: Digest::of(identity.as_bytes()),
            suite_digest: recipe,
            started: *started,
            finished: *finished,
            shmoo: program.to_owned(),
            complete: true,
            filter: Vec::new(),
            profile: None,
            stopped: Vec::new(),
            source: source.clone(),
            machine: machine.clone(),
            fingerprint: program.to_owned(),
            tools: BTreeMap::new(),
            files: BTreeMap::new(),
            params: vec![ParamInfo { name: PARAM.to_owned(), code: PARAM.to_owned(), unit: None, default: None }],
            metric_infos: infos,
            models_skipped: false,
            options: Vec::new(),
            archive: None,
            artifacts: Vec::new(),
        },
        tasks: points.iter().map(|(point, params)| task(point, params, *started)).collect(),
        cases: points.into_iter().map(|(name, params)| case(name, params)).collect(),
        metrics,
        models: Vec::new(),
        costs: None,
    }
}

fn point(benchmark: &str) -> PointName {
    let param = Param {
        name: PARAM.to_owned(),
        code: PARAM.to_owned(),
        kind: Kind::Word,
        unit: None,
        values: Vec::new(),
        default: None,
        was: Vec::new(),
    };
    let schema = Schema::new(vec![param]).expect("one open parameter is sound");
    schema.name(&Point::new(vec![Some(Scalar::Text(benchmark.to_owned()))]))
}

fn task(point: &PointName, params: &[(String, Scalar)], started: Timestamp) -> TaskRecord {
    TaskRecord {
        task: TaskKey { stage: StageName::new(STAGE), point: point.clone(), repeat: None },
        params: params.to_vec(),
        verdict: Verdict::Pass,
        known: None,
        message: None,
        quotes: Vec::new(),
        cause: None,
        exit: None,
        started: Some(started),
        usage: Usage::default(),
        tries: Vec::new(),
        metrics: Vec::new(),
        rows: Vec::new(),
        outputs: Vec::new(),
        command: Vec::new(),
        folder: None,
        origin: None,
        worker: 0,
        notes: Vec::new(),
        cases: 1,
    }
}

fn case(name: PointName, params: Vec<(String, Scalar)>) -> CaseRecord {
    CaseRecord { name, params, verdict: Verdict::Pass, known: false, worst: None }
}
