//! What all tasks of a run share.

use super::cache::ResultCache;
use super::results::Results;
use super::stray::Children;
use crate::outside::clock::Clock;
use crate::outside::files::{Content, ContentStore};
use crate::outside::ledger_file::LedgerWriter;
use crate::outside::tools::Tools;
use crate::plan::{Plan, TaskId};
use crate::suite::{After, Source, Stage};
use crate::value::{RunId, TaskKey};
use rustix::fd::OwnedFd;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

/// Above so many points of a stage, their folders lie in 256 folders by digest.
const FAN_OUT: u32 = 10_000;

/// What the folders of tasks are filled from.
pub struct Materials {
    /// The plan.
    pub plan: Arc<Plan>,
    /// The run's folder, absolute.
    pub folder: PathBuf,
    /// The suite's root, absolute.
    pub root: PathBuf,
    /// The repository files that tasks take, by path below the root.
    pub roots: BTreeMap<String, Content>,
    /// Where those files were copied to.
    pub contents: ContentStore,
    /// Outputs of the baseline run.
    pub baseline: Option<Arc<dyn Baseline>>,
    /// Final results that other tasks may need.
    pub results: Results,
}

/// What all tasks of a run share.
pub struct Context {
    /// What their folders are filled from.
    pub materials: Materials,
    /// Where events go.
    pub ledger: LedgerWriter,
    /// What time it is.
    pub clock: Arc<dyn Clock>,
    /// How processes are started.
    pub setting: Setting,
    /// Name of the run.
    pub run: RunId,
    /// Generation of this writer.
    pub generation: u32,
    /// What the names of its attempts' folders start with: other machines run attempts of the same
    /// generation, and what they left may lie beside.
    pub mark: String,
    /// Becomes readable when running processes must end.
    pub cancel: OwnedFd,
    /// Results of earlier runs, for `cache: true`.
    pub cache: Option<Arc<dyn ResultCache>>,
    /// The processes that run.
    pub children: Children,
}

/// How processes are started.
#[derive(Clone)]
pub struct Setting {
    /// Which programs there are.
    pub tools: Arc<dyn Tools>,
    /// This program, for `{shmoo}`.
    pub shmoo: PathBuf,
    /// Variables of our own environment that processes see; `PATH` is among them.
    pub environment: Vec<(String, String)>,
    /// Time limit of an attempt whose stage says none.
    pub timeout: Duration,
    /// Bytes kept of each output stream.
    pub output_limit: u64,
}

/// Outputs of an earlier run.
pub trait Baseline: Send + Sync {
    /// Returns an output of a task; `None` if that run has no such task, or it left no such output.
    fn output(&self, task: &TaskKey, path: &str) -> Result<Option<EarlierOutput>, String>;
}

/// Where an output of an earlier run can be had.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EarlierOutput {
    /// A file or folder on this machine.
    Path(PathBuf),
    /// Among the repository files of the run.
    Kept(Content),
}

impl Materials {
    /// Returns the folder of a task, in which its attempts lie, relative to the run's folder.
    pub fn task_folder(&self, task: TaskId) -> String {
        let stage = self.plan.stage_of(task);
        let key = self.plan.key(task);
        let mut name = key.point.to_string();
        if let Some((_, repeat)) = key.to_string().rsplit_once('#') {
            name = format!("{name}#{repeat}");
        }
        let stage_name = &self.plan.suite.stages[stage].name;
        if self.plan.stage_tasks(stage).points() > FAN_OUT {
            let digest = crate::value::Digest::of(key.point.as_str().as_bytes()).to_string();
            format!("work/{stage_name}/{}/{name}", &digest[..2])
        } else {
            format!("work/{stage_name}/{name}")
        }
    }

    /// Tells whether other tasks may need the result of a task: its outputs, or its verdict.
    pub fn is_needed(&self, task: TaskId) -> bool {
        let stage = self.plan.stage_of(task);
        let needs = |other: &Stage| {
            other.inputs.iter().any(|input| takes_from(&input.source, stage)) || waits_for(&other.after, stage)
        };
        self.plan.suite.stages.iter().any(needs)
    }
}

fn waits_for(after: &After, stage: usize) -> bool {
    match after {
        After::Stages(stages) => stages.contains(&stage),
        After::Pick { from, otherwise, .. } => {
            from.iter().map(|(_, stages)| stages).chain(otherwise).any(|stages| stages.contains(&stage))
        }
    }
}

fn takes_from(source: &Source, stage: usize) -> bool {
    match source {
        Source::Root(_) => false,
        Source::Output { stage: producer, baseline, .. } => *producer == stage && !baseline,
        Source::Rows(producer) | Source::Each { stage: producer, .. } => *producer == stage,
        Source::Pick { from, .. } => from.iter().any(|(_, source)| takes_from(source, stage)),
    }
}
