//! The plan file: a recipe and a digest, a few kilobytes for any number of cases.
//!
//! It holds the texts of the suite, the selection, and what the expansion must give. A reader loads
//! the texts, expands them again and compares; it refuses a plan of another expansion.

use super::{EXPANSION, Plan, Selection, Shards, TaskId, Wave};
use crate::value::{Digest, DigestWriter, RunId};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The `format` of a plan file.
pub const PLAN_FORMAT: &str = "shmoo-plan";
/// The newest version this program writes.
pub const PLAN_VERSION: u32 = 1;

/// A plan as stored.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PlanFile {
    /// `shmoo-plan`.
    pub format: String,
    /// Version of the format.
    pub version: u32,
    /// The plan's identity: the digest of what follows, but for texts and names of files.
    pub id: Digest,
    /// Version of shmoo that planned.
    pub shmoo: String,
    /// Version of the expansion.
    pub expansion: u32,
    /// The suite.
    pub suite: String,
    /// The suite file as the user named it.
    pub suite_file: String,
    /// The suite file and the files that it read, with their texts.
    pub sources: Vec<SourceText>,
    /// Digest of the resolved suite: comments and spelling do not count.
    pub suite_digest: Digest,
    /// The part of the suite.
    #[serde(default)]
    pub selection: Selection,
    /// The baseline run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub baseline: Option<RunId>,
    /// Digests of the repository files that tasks take.
    #[serde(default)]
    pub files: BTreeMap<String, Digest>,
    /// Number of cases.
    pub cases: usize,
    /// Number of tasks by stage, in the order of the suite.
    pub stages: Vec<(String, u32)>,
    /// Digest over the keys of all tasks in order.
    pub task_digest: Digest,
    /// The shards.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shards: Option<StoredShards>,
    /// The plan whose missing tasks these are.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parent: Option<Digest>,
}

/// A file that makes up the suite.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SourceText {
    /// Its name: as the user gave it for the suite file, else relative to that file's folder.
    pub name: String,
    /// Its text.
    pub text: String,
}

/// Shards as stored.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct StoredShards {
    /// Number of shards.
    pub count: u32,
    /// Label of each.
    pub labels: Vec<Option<String>>,
    /// Expected seconds of each.
    pub expected: Vec<f64>,
    /// Waves of the tasks in order, runs of one wave as `WAVE*COUNT`: `p` prepare, `f` finish, `s`
    /// shared, `-` left out of a further wave, else the number of the shard.
    pub tasks: String,
    /// Shared tasks: number of the task and the shards that run it.
    #[serde(default)]
    pub shared: Vec<(u32, Vec<u32>)>,
}

/// Why a plan file cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum PlanFileError {
    /// It is no JSON of that form.
    #[error("the plan file cannot be read")]
    Json(#[source] serde_json::Error),
    /// It is another format.
    #[error("the plan file has the format `{0}`, not `{PLAN_FORMAT}`")]
    Format(String),
    /// It was made by another algorithm.
    #[error("the plan was expanded by version {found} of the algorithm; this program has version {EXPANSION}")]
    Expansion {
        /// The version in the file.
        found: u32,
    },
    /// Expanded again, it is another plan.
    #[error("the plan expands to other {what} than when it was made")]
    Differs {
        /// What differs.
        what: &'static str,
    },
    /// Its shards are broken.
    #[error("the shards in the plan file do not fit its tasks")]
    Shards,
    /// It was made by another version of this program.
    #[error("the plan was made by shmoo {found}; this is shmoo {}", env!("CARGO_PKG_VERSION"))]
    Version {
        /// The version in the file.
        found: String,
    },
}

impl PlanFileError {
    /// Returns what to do about it.
    pub fn hint(&self) -> &'static str {
        match self {
            PlanFileError::Json(_) | PlanFileError::Format(_) | PlanFileError::Shards => {
                "make it again with `shmoo plan`"
            }
            PlanFileError::Expansion { .. } | PlanFileError::Version { .. } => {
                "use the version of shmoo that made the plan (its `shmoo` key says which)"
            }
            PlanFileError::Differs { .. } => "the file was changed after it was made: make it again with `shmoo plan`",
        }
    }
}

/// Returns the file of a plan.
pub fn plan_file(
    plan: &Plan,
    suite_file: &str,
    sources: Vec<SourceText>,
    files: BTreeMap<String, Digest>,
    parent: Option<Digest>,
) -> PlanFile {
    let suite_digest = plan.suite.digest();
    let task_digest = plan.task_digest();
    let shards = plan.shards.as_ref().map(store_shards);
    let stages = plan.suite.stages.iter().zip(&plan.stages);
    let mut file = PlanFile {
        format: PLAN_FORMAT.to_owned(),
        version: PLAN_VERSION,
        id: suite_digest,
        shmoo: env!("CARGO_PKG_VERSION").to_owned(),
        expansion: EXPANSION,
        suite: plan.suite.name.to_string(),
        suite_file: suite_file.to_owned(),
        sources,
        suite_digest,
        selection: plan.selection.clone(),
        baseline: plan.baseline.clone(),
        files,
        cases: plan.cases.len(),
        stages: stages.map(|(stage, tasks)| (stage.name.to_string(), tasks.len())).collect(),
        task_digest,
        shards,
        parent,
    };
    file.id = identity(&file);
    file
}

fn identity(file: &PlanFile) -> Digest {
    let PlanFile {
        format,
        version,
        id: _,
        shmoo: _,
        expansion,
        suite,
        suite_file: _,
        sources: _,
        suite_digest,
        selection,
        baseline,
        files,
        cases,
        stages,
        task_digest,
        shards,
        parent,
    } = file;
    let mut writer = DigestWriter::default();
    let mut field = |tag: &str, value: String| writer.field(tag, value.as_bytes());
    let json = |value: serde_json::Result<String>| value.unwrap_or_default();
    field("format", format!("{format} {version} {expansion}"));
    field("suite", format!("{suite} {suite_digest}"));
    field("selection", json(serde_json::to_string(selection)));
    field("baseline", json(serde_json::to_string(baseline)));
    field("files", json(serde_json::to_string(files)));
    field("counts", format!("{cases} {stages:?} {task_digest}"));
    // Expected seconds are a forecast, not part of what is planned.
    let shards = shards.as_ref().map(|shards| (&shards.count, &shards.labels, &shards.tasks, &shards.shared));
    field("shards", json(serde_json::to_string(&shards)));
    field("parent", json(serde_json::to_string(parent)));
    writer.finish()
}

/// Reads a plan file. The caller loads the suite from its `sources`, builds the plan with its
/// selection, and asks `PlanFile::confirm`.
pub fn read_plan_file(bytes: &[u8]) -> Result<PlanFile, PlanFileError> {
    let file: PlanFile = serde_json::from_slice(bytes).map_err(PlanFileError::Json)?;
    if file.format != PLAN_FORMAT {
        return Err(PlanFileError::Format(file.format));
    }
    if file.expansion != EXPANSION {
        return Err(PlanFileError::Expansion { found: file.expansion });
    }
    Ok(file)
}

impl PlanFile {
    /// Checks that this version of the program made the plan: the machines of a run must agree on what
    /// its tasks are and do.
    pub fn check_version(&self) -> Result<(), PlanFileError> {
        if self.shmoo == env!("CARGO_PKG_VERSION") {
            return Ok(());
        }
        Err(PlanFileError::Version { found: self.shmoo.clone() })
    }

    /// Checks that a plan built from this file is the one it was made from, and gives it its shards.
    pub fn confirm(&self, plan: &mut Plan) -> Result<(), PlanFileError> {
        if plan.suite.digest() != self.suite_digest {
            return Err(PlanFileError::Differs { what: "stages or parameters" });
        }
        if plan.cases.len() != self.cases || plan.task_digest() != self.task_digest {
            return Err(PlanFileError::Differs { what: "tasks" });
        }
        if identity(self) != self.id {
            return Err(PlanFileError::Differs { what: "contents" });
        }
        let is_further = self.parent.is_some();
        let load = |stored| load_shards(stored, plan.task_count(), is_further);
        plan.shards = self.shards.as_ref().map(load).transpose()?;
        Ok(())
    }
}

fn store_shards(shards: &Shards) -> StoredShards {
    let mut tasks = String::new();
    let mut runs: Vec<(String, u32)> = Vec::new();
    let mut shared = Vec::new();
    for task in (0..shards.len() as u32).map(TaskId) {
        let code = match shards.assignment(task) {
            Some(Wave::Prepare) => "p".to_owned(),
            Some(Wave::Finish) => "f".to_owned(),
            Some(Wave::Shard(number)) => number.to_string(),
            None if shards.leaves_out(task) => "-".to_owned(),
            None => {
                let waves = shards.waves(task);
                let numbers = waves.iter().filter_map(|wave| match wave {
                    Wave::Shard(number) => Some(*number),
                    Wave::Prepare | Wave::Finish => None,
                });
                shared.push((task.0, numbers.collect()));
                "s".to_owned()
            }
        };
        match runs.last_mut() {
            Some((last, count)) if *last == code => *count += 1,
            _ => runs.push((code, 1)),
        }
    }
    for (code, count) in runs {
        if !tasks.is_empty() {
            tasks.push(' ');
        }
        tasks.push_str(&code);
        if count > 1 {
            tasks.push_str(&format!("*{count}"));
        }
    }
    let Shards { count, labels, expected, .. } = shards;
    StoredShards { count: *count, labels: labels.clone(), expected: expected.clone(), tasks, shared }
}

fn load_shards(stored: &StoredShards, tasks: usize, is_further: bool) -> Result<Shards, PlanFileError> {
    let mut assigned = Vec::with_capacity(tasks);
    for run in stored.tasks.split_ascii_whitespace() {
        let (code, count) = run.split_once('*').unwrap_or((run, "1"));
        let count: usize = count.parse().map_err(|_| PlanFileError::Shards)?;
        if assigned.len() + count > tasks {
            return Err(PlanFileError::Shards);
        }
        let wave = match code {
            "p" => Some(Wave::Prepare),
            "f" => Some(Wave::Finish),
            "s" => None,
            "-" if is_further => None,
            number => {
                let number: u32 = number.parse().map_err(|_| PlanFileError::Shards)?;
                if number == 0 || number > stored.count {
                    return Err(PlanFileError::Shards);
                }
                Some(Wave::Shard(number))
            }
        };
        assigned.extend(std::iter::repeat_n(wave, count));
    }
    if assigned.len() != tasks || [stored.labels.len(), stored.expected.len()] != [stored.count as usize; 2] {
        return Err(PlanFileError::Shards);
    }
    let shared = stored.shared.iter().map(|(task, shards)| (TaskId(*task), shards.clone())).collect();
    Ok(Shards::from_parts(stored.count, stored.labels.clone(), stored.expected.clone(), assigned, shared, is_further))
}
