//! The step `bisect`: the first commit of a range at which a metric of a case is on the bad side.
//!
//! Both ends are measured in turn first: what lies between them is told by the nearer level. Then `git
//! bisect run` walks through a work tree of its own and asks `bisect_step` at each commit, which measures
//! it in turn with the good end, so that a machine that became slower meanwhile has no say. The user's tree
//! is not touched, and nothing of all this stays.

use super::bisect_step::{Seen, SeenVerdict, State, case_side, locate, observe_verdict, values_of};
use super::in_turn::{Terms, Wanted, measure_in_turn};
use super::side::Side;
use super::source_tree::{Repository, SourceTree};
use super::stopping::{Stop, runtime};
use crate::compare::Levels;
use crate::ledger::MeasuredValue;
use crate::outside::git::{self, Commit, bisect};
use crate::run::Children;
use crate::steps::run_folder::write_json;
use crate::steps::running::{RunRequest, jobs, run_id};
use crate::steps::suites::find_suites;
use crate::steps::workspace::load_suite_file;
use crate::steps::{StepError, Workspace};
use crate::suite::{Better, Suite};
use crate::value::{MetricName, StageName, did_you_mean};
use serde::{Deserialize, Serialize};
use std::fs;
use std::path::{Path, PathBuf};

/// What the sides are called.
const NAMES: [&str; 2] = ["good", "bad"];

/// What is sought.
pub struct BisectRequest {
    /// The suite file; none = the only one of the project.
    pub suite: Option<PathBuf>,
    /// The case.
    pub case: String,
    /// `STAGE.METRIC`, a metric's short name, or `verdict`.
    pub metric: String,
    /// A revision that is known to be good.
    pub good: String,
    /// A later one that is known to be bad.
    pub bad: String,
    /// How often each commit is measured.
    pub repeats: u32,
    /// The folder of the user.
    pub current: PathBuf,
    /// The store and the history, if not those of the project.
    pub places: [Option<String>; 2],
    /// How to run.
    pub run: RunRequest,
}

/// What decides whether a commit is good.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Sought {
    /// Whether the case passes.
    Verdict,
    /// A metric.
    Metric(StageName, MetricName),
}

/// An end of the range, and what was measured there.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct End {
    /// The commit.
    #[serde(flatten)]
    pub commit: Commit,
    /// Its values.
    pub values: Vec<MeasuredValue>,
}

/// What was found.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Bisected {
    /// The suite.
    pub suite: String,
    /// The case.
    pub case: String,
    /// `STAGE.METRIC`, or `verdict`.
    pub metric: String,
    /// The unit of all values.
    pub unit: Option<String>,
    /// The good end.
    pub good: End,
    /// The bad end.
    pub bad: End,
    /// The levels of the ends.
    pub levels: Levels,
    /// The commits that were measured between them, in the order in which git asked for them.
    pub steps: Vec<Seen>,
    /// The first bad commit, if it was found.
    pub first_bad: Option<Commit>,
    /// If it was not: the commits of which one is, the newest first.
    pub candidates: Vec<Commit>,
    /// Why it was not found.
    pub broken: Option<String>,
}

/// Finds the first bad commit; `tell` hears what happens.
pub fn bisect_metric(
    workspace: &Workspace,
    request: &BisectRequest,
    tell: &mut dyn FnMut(&str),
) -> Result<Bisected, StepError> {
    let repository = Repository::of(workspace, &request.current)?;
    let suite = suite_file(workspace, request)?;
    let ends = ends(&repository, request)?;
    let stop = Stop::listen()?;
    workspace.make_own_folder()?;
    let id = run_id("bisect", workspace.clock.now(), 0);
    let folder = Folder::make(&workspace.folder.join(".shmoo/bisect").join(id.as_str()))?;
    let hunt = Hunt { workspace, request, repository: &repository, suite: &suite, folder: &folder.0, stop: &stop };
    let (levels, state, values, unit) = hunt.measure_ends(&ends, tell)?;
    let [good, bad] = ends;
    let tree = SourceTree::at(workspace, &repository, &bad.commit)?;
    let reference = match levels {
        Levels::Measured { .. } => Some(SourceTree::at(workspace, &repository, &good.commit)?),
        Levels::Exact { .. } => None,
    };
    let good_top = reference.as_ref().map(SourceTree::top);
    let state = State { tree: tree.top(), reference: good_top, levels: levels.clone(), ..state };
    let path = folder.0.join("state.json");
    write_json(&path, &state)?;
    let shmoo = request.run.shmoo.to_string_lossy();
    let program = [&*shmoo, "--quiet", "bisect-step", &*path.to_string_lossy()].map(str::to_owned);
    let program: Vec<&str> = program.iter().map(String::as_str).collect();
    let mut told = 0;
    let mut watch = || {
        for seen in state.seen().iter().skip(told) {
            told += 1;
            tell(&seen.to_string());
        }
        stop.heard().is_none()
    };
    let found = bisect(tree.worktree(), &good.commit, &bad.commit, &program, &mut watch);
    watch();
    // What the last step had started, if git was ended.
    Children::of_whole_process().end_orphans();
    let git::Bisection { mut candidates, broken, stopped } = found.map_err(StepError::Git)?;
    let steps = state.seen();
    let first_bad = if candidates.len() == 1 && !stopped { candidates.pop() } else { None };
    let why = steps.iter().rev().find(|seen| seen.verdict == SeenVerdict::Stop).and_then(|seen| seen.why.clone());
    let broken = match stop.heard() {
        Some(signal) => Some(format!("stopped by {signal}")),
        None => why.or(broken).filter(|_| first_bad.is_none()),
    };
    let [good_values, bad_values] = values;
    Ok(Bisected {
        suite: state.suite_name,
        case: request.case.clone(),
        metric: match &state.sought {
            Sought::Verdict => "verdict".to_owned(),
            Sought::Metric(stage, metric) => format!("{stage}.{metric}"),
        },
        unit,
        good: End { commit: good, values: good_values },
        bad: End { commit: bad, values: bad_values },
        levels,
        steps,
        first_bad,
        candidates,
        broken,
    })
}

/// Finds the suite file, absolute.
fn suite_file(workspace: &Workspace, request: &BisectRequest) -> Result<PathBuf, StepError> {
    let named = match &request.suite {
        Some(named) => request.current.join(named),
        None => {
            let found = find_suites(workspace, &request.current)?.suites;
            match found.as_slice() {
                [one] => one.clone(),
                found => {
                    let message = format!("the project has {} suites", found.len());
                    return Err(StepError::usage(message, Some("say which: `--suite FILE`".to_owned())));
                }
            }
        }
    };
    // One that is gone by now has its name all the same.
    Ok(fs::canonicalize(&named).unwrap_or(named))
}

fn ends(repository: &Repository, request: &BisectRequest) -> Result<[Commit; 2], StepError> {
    let (good, bad) = (repository.commit(&request.good)?, repository.commit(&request.bad)?);
    let between = git::builds_on(&repository.top, &bad.commit, &good.commit).map_err(StepError::Git)?;
    if !between || good.commit == bad.commit {
        let turned = git::builds_on(&repository.top, &good.commit, &bad.commit).map_err(StepError::Git)?;
        let hint = if good.commit == bad.commit {
            "they are one and the same commit"
        } else if turned {
            "it is the other way round: the good one is the later; swap them, a metric that became better has a first commit, too"
        } else {
            "take a good one that the bad one builds on: `git merge-base GOOD BAD`"
        };
        let message = format!("`{}` does not build on `{}`", request.bad, request.good);
        return Err(StepError::usage(message, Some(hint.to_owned())));
    }
    Ok([good, bad])
}

/// A folder that goes when it is dropped.
struct Folder(PathBuf);

impl Folder {
    fn make(path: &Path) -> Result<Folder, StepError> {
        fs::create_dir_all(path).map_err(StepError::disk("make", path))?;
        Ok(Folder(path.to_owned()))
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
        let _ = self.0.parent().map(fs::remove_dir);
    }
}

struct Hunt<'a> {
    workspace: &'a Workspace,
    request: &'a BisectRequest,
    repository: &'a Repository,
    suite: &'a Path,
    folder: &'a Path,
    stop: &'a Stop,
}

type Values = [Vec<MeasuredValue>; 2];

impl Hunt<'_> {
    /// Measures both ends; they must differ beyond noise.
    fn measure_ends(
        &self,
        ends: &[Commit; 2],
        tell: &mut dyn FnMut(&str),
    ) -> Result<(Levels, State, Values, Option<String>), StepError> {
        let Hunt { workspace, request, repository, folder, .. } = *self;
        let mut trees = Vec::new();
        for (end, name) in ends.iter().zip(NAMES) {
            tell(&format!("{name}: checking out {}", crate::report::commit_name(&end.commit)));
            trees.push(SourceTree::at(workspace, repository, &end.commit)?);
        }
        let named = self.suite.to_string_lossy().into_owned();
        let latest = load_suite_file(&repository.suite(&trees[1].top(), &named)?)?.suite;
        let (sought, exact) = sought(&latest, &request.metric)?;
        let below = self.suite.strip_prefix(&repository.top).unwrap_or(self.suite).to_owned();
        let state = State {
            project: workspace.folder.clone(),
            places: request.places.clone(),
            search_path: workspace.search_path.clone(),
            tree: PathBuf::new(),
            reference: None,
            suite: below,
            suite_name: latest.name.to_string(),
            case: request.case.clone(),
            sought,
            unit: None,
            rounds: if exact { 1 } else { request.repeats },
            levels: Levels::Exact { good: MeasuredValue::Number(0.0), bad: MeasuredValue::Number(0.0) },
            folder: folder.to_owned(),
            jobs: request.run.jobs,
            label: request.run.label.clone(),
        };
        let mut sides = Vec::new();
        for (tree, name) in trees.iter().zip(NAMES) {
            let state = State { tree: tree.top(), ..state.clone() };
            let place = folder.join(name);
            sides.push(case_side(workspace, &state, &place, &request.run)?);
        }
        let (values, unit) = self.values(&mut sides, &state, tell)?;
        drop(sides);
        drop(trees);
        let refuse = |error: crate::compare::Alike| {
            let hint = "`--repeats` measures more often; an end further away may differ more";
            let unit = unit.as_ref().map(|unit| format!(" (in {unit})")).unwrap_or_default();
            StepError::usage(format!("{error}{unit}"), Some(hint.to_owned()))
        };
        let levels = Levels::of(&values[0], &values[1], exact).map_err(refuse)?;
        Ok((levels, State { unit: unit.clone(), ..state }, values, unit))
    }

    fn values(
        &self,
        sides: &mut [Side],
        state: &State,
        tell: &mut dyn FnMut(&str),
    ) -> Result<(Values, Option<String>), StepError> {
        let Hunt { workspace, request, .. } = *self;
        let runtime = runtime()?;
        let stopped = |sides: &[Side]| {
            let signal = self.stop.heard().map(str::to_owned);
            signal.or_else(|| sides.iter().find_map(|side| side.stopped.clone()))
        };
        let Sought::Metric(stage, metric) = &state.sought else {
            let mut values = [Vec::new(), Vec::new()];
            for ((side, name), values) in sides.iter_mut().zip(NAMES).zip(&mut values) {
                tell(&format!("{name}: measuring"));
                values.push(observe_verdict(side, &runtime)?.map_err(|why| cannot(&format!("{name}: {why}")))?);
            }
            return Ok((values, None));
        };
        let mut at = Vec::new();
        for (side, name) in sides.iter().zip(NAMES) {
            let found = locate(side, &state.case, stage, metric);
            at.push(found.map_err(|why| cannot(&format!("{name}: {why}")))?);
        }
        let wanted = [Wanted { at, exact: state.rounds == 1 }];
        let seed = workspace.clock.now().milliseconds() as u64;
        let jobs = jobs(workspace, request.run.jobs);
        let terms = Terms { rounds: state.rounds, seed, jobs, names: &NAMES, runtime: &runtime, stop: self.stop };
        let turns = measure_in_turn(sides, &wanted, &terms, tell)?.remove(0);
        if let Some(signal) = stopped(sides) {
            return Err(StepError::Stopped { signal, before: "before both ends were measured" });
        }
        if let Some(trouble) = turns.trouble.as_ref().filter(|_| turns.turns.len() < state.rounds as usize) {
            return Err(cannot(trouble));
        }
        let (values, unit) = values_of(turns, NAMES.len()).map_err(|why| cannot(&why))?;
        let values = <[Vec<MeasuredValue>; 2]>::try_from(values).expect("there are two sides");
        Ok((values, unit))
    }
}

fn cannot(why: &str) -> StepError {
    let hint = "both ends must be measurable; take others";
    StepError::usage(format!("an end of the range cannot be measured: {why}"), Some(hint.to_owned()))
}

/// Finds the metric that a user names, and tells whether it is exact.
fn sought(suite: &Suite, named: &str) -> Result<(Sought, bool), StepError> {
    if named == "verdict" {
        return Ok((Sought::Verdict, true));
    }
    match suite.metrics_named(named).as_slice() {
        [(stage, metric)] => {
            let stage = &suite.stages[*stage];
            let metric = &stage.metrics[*metric];
            let exact = metric.better == Some(Better::Exact);
            Ok((Sought::Metric(stage.name.clone(), metric.name.clone()), exact))
        }
        [] => {
            let full = |stage: &crate::suite::Stage| -> Vec<String> {
                stage.metrics.iter().map(|metric| format!("{}.{}", stage.name, metric.name)).collect()
            };
            let known: Vec<String> = suite.stages.iter().flat_map(full).chain(["verdict".to_owned()]).collect();
            let hint = did_you_mean(named, known.iter().map(String::as_str))
                .or_else(|| Some(format!("there are {}", known.join(", "))));
            Err(StepError::usage(format!("the suite has no metric `{named}` at the bad end"), hint))
        }
        several => {
            let names: Vec<String> =
                several.iter().map(|(stage, _)| format!("{}.{named}", suite.stages[*stage].name)).collect();
            Err(StepError::usage(format!("`{named}` is not one metric"), Some(format!("say {}", names.join(" or ")))))
        }
    }
}
