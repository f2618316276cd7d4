//! The step `plan`: suite file -> plan and plan file.

use super::inspecting::chain;
use super::workspace::LoadedFile;
use super::{StepError, Workspace};
use crate::outside::files::Content;
use crate::plan::{
    self, BuildOptions, Durations, Estimate, ExpectedPrice, MAX_SHARDS, Plan, PlanFile, ResolvedSource, Selection,
    ShardOptions, Shards, TaskId, Wave, estimate, expected_price, shard, shard_missing,
};
use crate::suite::Source;
use crate::value::{Digest, Problem, RunId, show_duration, show_price};
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::time::Duration;

/// What a plan is asked for.
#[derive(Debug, Clone, Default)]
pub struct PlanRequest {
    /// Which part of the suite.
    pub selection: Selection,
    /// How to divide it; none = one machine.
    pub shards: Option<Division>,
    /// The run that `run: baseline` sources take from.
    pub baseline: Option<RunId>,
}

/// How a plan is divided over machines.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Division {
    /// How many shards are wanted.
    pub count: u32,
    /// The longest that a shard may be expected to take; more shards are taken until none does.
    pub limit: Option<Duration>,
    /// Tasks at a time on each machine.
    pub jobs: usize,
}

/// A plan, ready to be written or run.
pub struct Planned {
    /// The plan.
    pub plan: Plan,
    /// Its file.
    pub file: PlanFile,
    /// The suite's root, absolute.
    pub root: PathBuf,
    /// The repository files that tasks take, below the root.
    pub root_files: BTreeMap<String, Content>,
    /// How long tasks took in earlier runs.
    pub durations: Durations,
    /// The suite that was loaded.
    pub loaded: LoadedFile,
}

impl Planned {
    /// Estimates time, shards and price.
    pub fn estimate(&self, workspace: &Workspace, jobs: usize) -> Estimate {
        let expected = self.durations.expected(&self.plan);
        let price = price_of(workspace, &self.plan, &expected, jobs);
        Estimate { price, ..estimate(&self.plan, &self.durations, jobs) }
    }
}

/// Makes a plan.
pub fn plan(workspace: &Workspace, loaded: LoadedFile, request: PlanRequest) -> Result<Planned, StepError> {
    let PlanRequest { selection, shards, baseline } = request;
    let options = BuildOptions { selection, baseline };
    let mut built = plan::build(loaded.suite.clone(), options)?;
    let durations = match known_durations(workspace, &built) {
        // Nothing depends on them but the order.
        Err(StepError::History(error)) if error.is_away() => {
            let mut problem = Problem::new(format!("how long tasks take is not known: {}", chain(&error)));
            problem.hint = error.hint();
            built.warnings.push(problem);
            Durations::default()
        }
        known => known?,
    };
    if let Some(division) = shards {
        let expected = durations.expected(&built);
        built.shards = Some(divide(workspace, &built, &expected, &division, None)?);
    }
    let root = workspace.folder.join(&built.suite.root);
    let root_files = root_files(&built, &root)?;
    let digests: BTreeMap<String, Digest> =
        root_files.iter().map(|(path, content)| (path.clone(), content.sha256)).collect();
    let file = plan::plan_file(&built, &loaded.name, loaded.texts.clone(), digests, None);
    Ok(Planned { plan: built, file, root, root_files, durations, loaded })
}

/// Divides a plan, or what is not `done` of it.
pub(super) fn divide(
    workspace: &Workspace,
    plan: &Plan,
    expected: &[f32],
    division: &Division,
    done: Option<&[bool]>,
) -> Result<Shards, StepError> {
    let shared = workspace.project.resources.iter().filter(|resource| resource.site);
    let used: BTreeSet<&str> =
        plan.suite.stages.iter().flat_map(|stage| &stage.uses.named).map(|(name, _)| name.as_str()).collect();
    let site: Vec<_> =
        shared.filter(|resource| used.contains(resource.name.as_str())).map(|r| (r.name.clone(), r.amount)).collect();
    let mut count = division.count;
    loop {
        let options = ShardOptions { count, site: site.clone() };
        let divided = match done {
            None => shard(plan, expected, &options),
            Some(done) => shard_missing(plan, expected, &options, &|task| done[task.index()]),
        };
        let shards = divided.map_err(StepError::Shards)?;
        let Some(limit) = division.limit.map(|limit| limit.as_secs_f64()) else { return Ok(shards) };
        let longest = shard_seconds(plan, &shards, expected, division.jobs).into_iter().fold(0.0, f64::max);
        if longest <= limit {
            return Ok(shards);
        }
        // So many it takes at least; one that came out smaller than asked for has no more to give.
        let more = (f64::from(count) * longest / limit).ceil().min(f64::from(MAX_SHARDS)) as u32;
        if shards.count < count || count == MAX_SHARDS {
            return Err(StepError::usage(
                format!("the longest of {} shards is expected to take {}", shards.count, show_duration(longest)),
                Some(format!(
                    "no division stays within {}: allow more time, or plan a part of the suite",
                    show_duration(limit)
                )),
            ));
        }
        count = more.max(count + 1);
    }
}

/// Returns what a plan, or the wave of it that its shards are, is expected to cost; none if the project
/// has no prices.
pub fn price_of(workspace: &Workspace, plan: &Plan, expected: &[f32], jobs: usize) -> Option<ExpectedPrice> {
    let prices = workspace.project.prices.as_ref()?;
    let shards = plan.shards.as_ref();
    let seconds = shards.map_or_else(Vec::new, |shards| shard_seconds(plan, shards, expected, jobs));
    let counts = |task: TaskId| shards.is_none_or(|shards| !shards.leaves_out(task));
    Some(expected_price(plan, expected, &seconds, jobs, prices, &counts))
}

/// Refuses a plan that is expected to cost more than `limit`, or whose price is not known.
pub fn check_price(price: Option<&ExpectedPrice>, limit: f64) -> Result<(), StepError> {
    let Some(ExpectedPrice { price, currency, unpriced }) = price else {
        return Err(StepError::usage(
            "there is no price to hold against `--max-cost`",
            Some("say in `shmoo.yaml` what machines cost: `prices: { default: { hour: 0.48 } }`".to_owned()),
        ));
    };
    if !unpriced.is_empty() {
        return Err(StepError::usage(
            format!("the plan wants machines without a price: {}", unpriced.join(", ")),
            Some("add them under `prices: { runners: ... }` of `shmoo.yaml`".to_owned()),
        ));
    }
    if *price > limit {
        return Err(StepError::usage(
            format!(
                "the plan is expected to cost {}, above {}",
                show_price(*price, currency),
                show_price(limit, currency)
            ),
            Some("plan a part of the suite, with `--profile`, `--where` or `--stage`; nothing was started".to_owned()),
        ));
    }
    Ok(())
}

/// Returns how long each shard is expected to take, in seconds, with so many tasks at a time: its work
/// divided by those, but no less than its longest task.
pub fn shard_seconds(plan: &Plan, shards: &Shards, expected: &[f32], jobs: usize) -> Vec<f64> {
    let mut longest = vec![0.0f64; shards.count as usize];
    for task in plan.tasks() {
        for wave in shards.waves(task) {
            if let Wave::Shard(number) = wave {
                let own = &mut longest[number as usize - 1];
                *own = own.max(f64::from(expected[task.index()]));
            }
        }
    }
    let work = shards.expected.iter().map(|seconds| seconds / jobs.max(1) as f64);
    work.zip(longest).map(|(work, longest)| work.max(longest)).collect()
}

/// Returns how long tasks took in earlier runs; nothing if there is no history yet.
pub(super) fn known_durations(workspace: &Workspace, plan: &Plan) -> Result<Durations, StepError> {
    if !workspace.folder.join(".shmoo").exists() && workspace.project.history.starts_with("sqlite:") {
        return Ok(Durations::default());
    }
    let by_task = workspace.history()?.durations(&plan.suite.name).map_err(StepError::History)?;
    Ok(Durations::new(by_task.into_iter().collect()))
}

/// Finds the repository files of all tasks, and digests them.
fn root_files(plan: &Plan, root: &std::path::Path) -> Result<BTreeMap<String, Content>, StepError> {
    let mut files = BTreeMap::new();
    for path in root_paths(plan) {
        let full = root.join(&path);
        if !full.exists() {
            let stage = plan.suite.stages.iter().find(|stage| {
                stage
                    .inputs
                    .iter()
                    .any(|input| names_root(&input.source).any(|template| template.as_literal() == Some(&path)))
            });
            let whose = stage.map_or(String::new(), |stage| format!(", an input of stage `{}`,", stage.name));
            return Err(StepError::usage(
                format!("`root/{path}`{whose} is not there: {} does not exist", full.display()),
                Some(
                    "the root is the folder of `shmoo.yaml`, else the top of the git repository, and `root:` below it"
                        .to_owned(),
                ),
            ));
        }
        let content = Content::of(&full).map_err(StepError::Files)?;
        files.insert(path, content);
    }
    Ok(files)
}

/// Returns the paths below the root that tasks of a plan take.
pub(super) fn root_paths(plan: &Plan) -> BTreeSet<String> {
    let mut paths = BTreeSet::new();
    for (index, stage) in plan.suite.stages.iter().enumerate() {
        if !plan.is_active(index) {
            continue;
        }
        let templates: Vec<_> = stage.inputs.iter().flat_map(|input| names_root(&input.source)).collect();
        let literal: Option<Vec<&str>> = templates.iter().map(|template| template.as_literal()).collect();
        let picked = stage.inputs.iter().any(|input| matches!(input.source, Source::Pick { .. }));
        match literal {
            Some(literal) if !picked => {
                paths.extend(literal.into_iter().map(|path| path.trim_end_matches('/').to_owned()));
            }
            // Depends on the task: each is asked.
            _ => {
                let tasks = plan.stage_tasks(index);
                for task in (0..tasks.points()).map(|point| tasks.task(point, 0)) {
                    let Ok(resolved) = plan::resolve(plan, task, &BTreeMap::new()) else { continue };
                    paths.extend(resolved.inputs.into_iter().filter_map(|input| match input.source {
                        ResolvedSource::Root(path) => Some(path.trim_end_matches('/').to_owned()),
                        _ => None,
                    }));
                }
            }
        }
    }
    paths
}

fn names_root(source: &Source) -> Box<dyn Iterator<Item = &crate::suite::Template> + '_> {
    match source {
        Source::Root(template) => Box::new(std::iter::once(template)),
        Source::Pick { from, .. } => Box::new(from.iter().flat_map(|(_, source)| names_root(source))),
        Source::Output { .. } | Source::Rows(_) | Source::Each { .. } => Box::new(std::iter::empty()),
    }
}
