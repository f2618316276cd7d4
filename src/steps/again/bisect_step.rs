//! One commit of a bisection: what `git bisect run` asks for.

use super::bisecting::Sought;
use super::in_turn::{Terms, Turns, Wanted, measure_in_turn};
use super::side::{Side, SideRequest};
use super::source_tree::SourceTree;
use super::stopping::{Stop, runtime};
use crate::compare::{Levels, Measurement};
use crate::ledger::{MeasuredValue, Verdict};
use crate::outside::git::{self, Commit};
use crate::outside::history::Environment;
use crate::plan::Selection;
use crate::record::SourceInfo;
use crate::steps::run_folder::read_json;
use crate::steps::running::{RunRequest, jobs, run_id};
use crate::steps::workspace::load_suite_file;
use crate::steps::{Fault, StepError, Workspace};
use crate::value::{MetricName, PointName, StageName};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::fmt;
use std::fs::{self, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};
use tokio::runtime::Runtime;

/// What every step of a bisection has to know.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct State {
    /// The user's project folder.
    pub(super) project: PathBuf,
    /// The store and the history, if not those of the project.
    pub(super) places: [Option<String>; 2],
    /// Where the user's programs are: git puts its own first.
    pub(super) search_path: String,
    /// The top of the work tree.
    pub(super) tree: PathBuf,
    /// The top of a work tree of the good end, which is measured in turn with each commit; none: nothing
    /// that is measured varies.
    pub(super) reference: Option<PathBuf>,
    /// The suite file, below the top.
    pub(super) suite: PathBuf,
    /// The suite.
    pub(super) suite_name: String,
    /// The case.
    pub(super) case: String,
    /// What decides.
    pub(super) sought: Sought,
    /// Its unit.
    pub(super) unit: Option<String>,
    /// How often to measure.
    pub(super) rounds: u32,
    /// The levels of the ends.
    pub(super) levels: Levels,
    /// The folder of the bisection.
    pub(super) folder: PathBuf,
    /// Tasks at a time.
    pub(super) jobs: Option<usize>,
    /// The label of this machine.
    pub(super) label: Option<String>,
}

impl State {
    fn seen_path(&self) -> PathBuf {
        self.folder.join("steps.jsonl")
    }

    /// Returns what was seen so far.
    pub(super) fn seen(&self) -> Vec<Seen> {
        let text = fs::read_to_string(self.seen_path()).unwrap_or_default();
        text.lines().filter_map(|line| serde_json::from_str(line).ok()).collect()
    }
}

/// A commit that was looked at.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Seen {
    /// The commit.
    #[serde(flatten)]
    pub commit: Commit,
    /// What it is.
    pub verdict: SeenVerdict,
    /// What was measured.
    pub values: Vec<MeasuredValue>,
    /// What the good end measured in turn with it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub reference: Vec<MeasuredValue>,
    /// Why nothing was.
    pub why: Option<String>,
}

/// What a commit is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SeenVerdict {
    /// On the side of the good end.
    Good,
    /// On the side of the bad end.
    Bad,
    /// It cannot be measured: git goes round it.
    Skip,
    /// The machine, or the user, wants no more.
    Stop,
}

impl SeenVerdict {
    /// Returns the word that files and people use.
    pub fn word(self) -> &'static str {
        match self {
            SeenVerdict::Good => "good",
            SeenVerdict::Bad => "bad",
            SeenVerdict::Skip => "skip",
            SeenVerdict::Stop => "stop",
        }
    }

    /// Returns the exit code that `git bisect run` knows: 125 for "cannot be tested", 128 and more to end.
    pub fn code(self) -> u8 {
        match self {
            SeenVerdict::Good => 0,
            SeenVerdict::Bad => 1,
            SeenVerdict::Skip => 125,
            SeenVerdict::Stop => 255,
        }
    }
}

impl fmt::Display for Seen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let commit = crate::report::commit_name(&self.commit.commit);
        write!(f, "{commit} is {}", self.verdict.word())?;
        match &self.why {
            Some(why) => write!(f, ": {}", crate::report::short(why, 300)),
            None => Ok(()),
        }
    }
}

/// Measures the commit that is checked out, and notes what it is. `request` gives the environment.
pub fn bisect_step(path: &Path, environment: Environment, request: RunRequest) -> Result<SeenVerdict, StepError> {
    let state: State = read_json(path)?;
    let stop = Stop::listen()?;
    let commit = git::commit(&state.tree, "HEAD").map_err(StepError::Git)?;
    let commit = commit.ok_or_else(|| StepError::usage("the work tree has no commit", None))?;
    let seen = |verdict, values, why| Seen { commit: commit.clone(), verdict, values, reference: Vec::new(), why };
    let request = RunRequest { jobs: state.jobs, label: state.label.clone(), ..request };
    let mut world = Workspace::find(&state.project, &state.search_path, environment)?;
    let [store, history] = &state.places;
    store.iter().for_each(|store| world.project.store.clone_from(store));
    history.iter().for_each(|history| world.project.history.clone_from(history));
    let folder = state.folder.join(&commit.commit);
    let top = git::place(&state.project).map_err(StepError::Git)?.map(|place| place.top);
    let submodules = top.map_or(Ok(()), |top| git::check_out_submodules(&top, &state.tree));
    let measured = match submodules {
        Ok(()) => measure(&world, &state, &folder, &request, &stop),
        Err(error) => Ok(Err(error.to_string())),
    };
    let found = match measured {
        _ if stop.heard().is_some() => seen(SeenVerdict::Stop, Vec::new(), stop.heard().map(str::to_owned)),
        Ok(Ok((values, reference))) => {
            let (verdict, why) = match state.levels.is_bad(&values, &reference) {
                Some(true) => (SeenVerdict::Bad, None),
                Some(false) => (SeenVerdict::Good, None),
                None => (SeenVerdict::Skip, Some("its values are of another kind".to_owned())),
            };
            Seen { reference, ..seen(verdict, values, why) }
        }
        Ok(Err(why)) => seen(SeenVerdict::Skip, Vec::new(), Some(why)),
        // The suite or its case is not what it is at the ends; a full disk would be the same everywhere.
        Err(error) => {
            let verdict = if error.fault() == Fault::Service { SeenVerdict::Stop } else { SeenVerdict::Skip };
            seen(verdict, Vec::new(), Some(crate::steps::inspecting::chain(&error)))
        }
    };
    let _ = fs::remove_dir_all(&folder);
    note(&state, &found)?;
    Ok(found.verdict)
}

fn note(state: &State, seen: &Seen) -> Result<(), StepError> {
    let path = state.seen_path();
    let damaged = |source| StepError::Damaged { path: path.clone(), source };
    let mut line = serde_json::to_vec(seen).map_err(damaged)?;
    line.push(b'\n');
    let file = OpenOptions::new().create(true).append(true).open(&path);
    file.and_then(|mut file| file.write_all(&line)).map_err(StepError::disk("write", &path))
}

/// What a commit measured, and what the good end measured in turn with it; or why there is nothing.
type Measured = Result<(Vec<MeasuredValue>, Vec<MeasuredValue>), String>;

/// Measures what is sought; the inner error says why this commit cannot be judged.
fn measure(
    world: &Workspace,
    state: &State,
    folder: &Path,
    request: &RunRequest,
    stop: &Stop,
) -> Result<Measured, StepError> {
    let runtime = runtime()?;
    let mut sides = vec![case_side(world, state, &folder.join("commit"), request)?];
    let Sought::Metric(stage, metric) = &state.sought else {
        return Ok(observe_verdict(&mut sides[0], &runtime)?.map(|value| (vec![value], Vec::new())));
    };
    if let Some(tree) = &state.reference {
        let state = State { tree: tree.clone(), ..state.clone() };
        sides.push(case_side(world, &state, &folder.join("good"), request)?);
    }
    let mut at = Vec::new();
    for side in &sides {
        match locate(side, &state.case, stage, metric) {
            Ok(found) => at.push(found),
            Err(why) => return Ok(Err(why)),
        }
    }
    let wanted = [Wanted { at, exact: state.rounds == 1 }];
    let seed = world.clock.now().milliseconds() as u64;
    let jobs = jobs(world, request.jobs);
    let names = &["commit", "good end"][..sides.len()];
    let terms = Terms { rounds: state.rounds, seed, jobs, names, runtime: &runtime, stop };
    let turns = measure_in_turn(&mut sides, &wanted, &terms, &mut |_| {})?.remove(0);
    let trouble = turns.trouble.clone();
    let (mut values, unit) = match values_of(turns, sides.len()) {
        Ok(found) => found,
        Err(why) => return Ok(Err(why)),
    };
    let reference = if sides.len() > 1 { values.pop().unwrap_or_default() } else { Vec::new() };
    let values = values.pop().unwrap_or_default();
    Ok(match trouble {
        Some(trouble) if values.is_empty() => Err(trouble),
        _ if unit != state.unit => Err("its unit is another one than at the ends".to_owned()),
        _ => Ok((values, reference)),
    })
}

/// Plans the case at the commit of a work tree.
pub(super) fn case_side(
    world: &Workspace,
    state: &State,
    folder: &Path,
    request: &RunRequest,
) -> Result<Side, StepError> {
    let path = state.tree.join(&state.suite);
    let loaded = load_suite_file(&path)?;
    let own = SourceTree::workspace(&state.tree, &path, world)?;
    let stages = match &state.sought {
        Sought::Verdict => Vec::new(),
        Sought::Metric(stage, _) => vec![stage.to_string()],
    };
    let selection = Selection { cases: vec![state.case.clone()], stages, ..Selection::default() };
    Side::prepare(SideRequest {
        world,
        own: &own,
        loaded,
        selection,
        baseline: None,
        folder,
        id: run_id("bisect", world.clock.now(), 0),
        source: SourceInfo::default(),
        run: request,
    })
}

/// Returns where a metric of the case is measured.
pub(super) fn locate(side: &Side, case: &str, stage: &StageName, metric: &MetricName) -> Result<Measurement, String> {
    let plan = &side.plan;
    let index = plan.suite.stage(stage.as_str()).ok_or_else(|| format!("the suite has no stage `{stage}`"))?;
    let declared = &plan.suite.stages[index];
    if !declared.metrics.iter().any(|known| known.name == *metric) {
        return Err(format!("stage `{stage}` has no metric `{metric}`"));
    }
    let point = plan.stage_tasks(index).point(0).ok_or_else(|| format!("stage `{stage}` has no task for {case}"))?;
    let point = if declared.rows.is_some() { PointName::new(case) } else { plan.point_name(index, point) };
    Ok(Measurement { stage: stage.clone(), point, metric: metric.clone() })
}

/// Runs all tasks of the case; returns `pass` or `fail`, or why it is neither.
pub(super) fn observe_verdict(side: &mut Side, runtime: &Runtime) -> Result<Result<MeasuredValue, String>, StepError> {
    let tasks: BTreeSet<_> = side.plan.tasks().collect();
    side.carry_out(runtime, &tasks, true)?;
    let ends = tasks.iter().map(|&task| side.last.get(&task).map_or(Verdict::Lost, |finished| finished.verdict));
    let worst = ends.max().unwrap_or(Verdict::Lost);
    Ok(if worst.ran() {
        Ok(MeasuredValue::Text(worst.word().to_owned()))
    } else {
        let broken = side.broken().into_iter().next();
        Err(broken.unwrap_or_else(|| format!("the case is {worst}")))
    })
}

/// Returns the values of each side and their unit; an error if they have several.
pub(super) fn values_of(turns: Turns, sides: usize) -> Result<(Vec<Vec<MeasuredValue>>, Option<String>), String> {
    let mut values = vec![Vec::new(); sides];
    let mut units = BTreeSet::new();
    for turn in turns.turns {
        for (side, reading) in turn.readings.into_iter().enumerate() {
            units.insert(reading.unit);
            values[side].push(reading.value);
        }
    }
    if units.len() > 1 {
        return Err("its unit is not the same everywhere".to_owned());
    }
    Ok((values, units.pop_first().flatten()))
}
