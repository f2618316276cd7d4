//! The step `plan --publish`: a plan and its repository files -> the store, for other machines.

use super::fetch::{self, CONTENTS_FORMAT, StoredContents, StoredOutput};
use super::ledgers;
use super::outputs;
use super::patience::Patience;
use super::place::Place;
use super::share::{REQUESTS, each};
use crate::ledger::{Folded, fold};
use crate::outside::files::{Content, ContentStore};
use crate::outside::store::Store;
use crate::plan::{self, Plan, PlanFile, Taken, TaskId, Wave};
use crate::run::EarlierOutput;
use crate::steps::planning::{self, Division, Planned, divide};
use crate::steps::run_folder::{StoredFacts, rebuild};
use crate::steps::running::{RunRequest, facts, run_id};
use crate::steps::{StepError, Workspace, baseline};
use crate::value::RunId;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// Names that are tried for a run: those of one second and one process can be taken.
const NAMES: u32 = 16;

/// A wave of a run, ready for its machines.
pub struct PublishedWave {
    /// The run.
    pub run: RunId,
    /// Which wave, from 1.
    pub wave: u32,
    /// The plan, with its shards; none are needed if their count is 0.
    pub plan: Plan,
    /// Its file.
    pub file: PlanFile,
    /// How many tasks this wave is to run.
    pub tasks: usize,
    /// Expected seconds of all tasks of the plan.
    pub expected: Vec<f32>,
}

impl PublishedWave {
    /// Returns how many tasks a part has.
    pub fn tasks_of(&self, part: Wave) -> usize {
        self.plan.shards.as_ref().map_or(0, |shards| shards.tasks(part).len())
    }

    /// Returns the number of shards.
    pub fn count(&self) -> u32 {
        self.plan.shards.as_ref().map_or(0, |shards| shards.count)
    }
}

/// Puts a divided plan into the store, as the first wave of a new run.
pub fn publish(workspace: &Workspace, planned: Planned, request: &RunRequest) -> Result<PublishedWave, StepError> {
    let Planned { plan, file, root, root_files, durations, loaded: _ } = planned;
    let patience = Patience::LONG;
    let store = workspace.store()?;
    let mut facts = facts(workspace, &plan, &file, request)?;
    let place = reserve(&*store, &mut facts, patience)?;
    publish_contents(workspace, &*store, &place, &plan, (&root, root_files), patience)?;
    let expected = durations.expected(&plan);
    if !durations.is_empty() {
        let bytes: Vec<u8> = expected.iter().flat_map(|seconds| seconds.to_le_bytes()).collect();
        patience.ask(|| store.put(&place.expected(1), &bytes)).map_err(StepError::Store)?;
    }
    // Last: a run without it cannot be started.
    put_plan(&*store, &place, 1, &file, patience)?;
    let tasks = plan.task_count();
    Ok(PublishedWave { run: facts.id, wave: 1, plan, file, tasks, expected })
}

/// Gives a run a name that no other run of the store has.
fn reserve(store: &dyn Store, facts: &mut StoredFacts, patience: Patience) -> Result<Place, StepError> {
    for attempt in 0..NAMES {
        facts.id = run_id(facts.suite.as_str(), facts.started, attempt);
        let place = Place::new(&facts.suite, &facts.id);
        let bytes = json(&place.facts(), facts)?;
        if patience.ask(|| store.put_if_absent(&place.facts(), &bytes)).map_err(StepError::Store)? {
            return Ok(place);
        }
    }
    Err(StepError::usage(format!("there are runs named {} already", facts.id), None))
}

fn json(key: &crate::outside::store::ObjectKey, value: &impl serde::Serialize) -> Result<Vec<u8>, StepError> {
    let path = Path::new(key.as_str()).to_owned();
    let mut bytes = serde_json::to_vec(value).map_err(|source| StepError::Damaged { path, source })?;
    bytes.push(b'\n');
    Ok(bytes)
}

fn put_plan(store: &dyn Store, place: &Place, wave: u32, file: &PlanFile, patience: Patience) -> Result<(), StepError> {
    let key = place.plan(wave);
    let bytes = json(&key, file)?;
    let put = || Ok(store.put_if_absent(&key, &bytes)? || store.get(&key)? == bytes);
    if patience.ask(put).map_err(StepError::Store)? {
        return Ok(());
    }
    Err(StepError::usage(
        format!("wave {wave} of run {} was planned already", place.run),
        Some("run its parts, or plan what is missing once more".to_owned()),
    ))
}

/// Copies the repository files, checks that they are those of the plan, and puts them into the store, with what the
/// plan takes of an earlier run.
fn publish_contents(
    workspace: &Workspace,
    store: &dyn Store,
    place: &Place,
    plan: &Plan,
    (root, root_files): (&Path, BTreeMap<String, Content>),
    patience: Patience,
) -> Result<(), StepError> {
    workspace.make_own_folder()?;
    let own = workspace.folder.join(".shmoo");
    let scratch =
        tempfile::Builder::new().prefix("publish-").tempdir_in(&own).map_err(StepError::disk("make", &own))?;
    let contents = ContentStore::open(scratch.path()).map_err(StepError::Files)?;
    for (path, planned) in &root_files {
        if contents.add(&root.join(path)).map_err(StepError::Files)? != *planned {
            return Err(StepError::usage(
                format!("`root/{path}` was changed while the plan was made"),
                Some("plan again".to_owned()),
            ));
        }
    }
    let mut objects = BTreeSet::new();
    for content in root_files.values() {
        objects.extend(contents.names(content).map_err(StepError::Files)?);
    }
    let baseline = earlier_outputs(workspace, plan, &contents)?;
    let all: BTreeSet<&String> = objects.iter().chain(baseline.iter().flat_map(|output| &output.objects)).collect();
    let all: Vec<&String> = all.into_iter().collect();
    each(&all, REQUESTS, |name| patience.ask(|| store.put_file(&place.content(name), &scratch.path().join(name))))
        .map_err(StepError::Store)?;
    let format = CONTENTS_FORMAT.to_owned();
    let objects = objects.into_iter().collect();
    let stored = StoredContents { format, version: 1, files: root_files, objects, baseline };
    let bytes = json(&place.contents(), &stored)?;
    patience.ask(|| store.put(&place.contents(), &bytes)).map_err(StepError::Store)
}

/// Copies what a plan takes of its baseline run.
fn earlier_outputs(
    workspace: &Workspace,
    plan: &Plan,
    contents: &ContentStore,
) -> Result<Vec<StoredOutput>, StepError> {
    let Some(earlier) = baseline::open(workspace, plan)? else { return Ok(Vec::new()) };
    let mut kept = Vec::new();
    for (task, path) in baseline::taken(plan, &|_| true) {
        let wrong = |why: String| {
            let run = plan.baseline.as_ref().map(ToString::to_string).unwrap_or_default();
            StepError::usage(
                format!("cannot take `{path}` of {task} from run {run}: {why}"),
                Some("`--baseline RUN` names another run".to_owned()),
            )
        };
        let content = match earlier.output(&task, &path).map_err(wrong)? {
            // Its task is skipped as new.
            None => continue,
            Some(EarlierOutput::Path(source)) => contents.add(&source).map_err(StepError::Files)?,
            Some(EarlierOutput::Kept(content)) => content,
        };
        let objects = contents.names(&content).map_err(StepError::Files)?.into_iter().collect();
        kept.push(StoredOutput { task, path, content, objects });
    }
    Ok(kept)
}

/// What is missing of which run, and how to plan it.
#[derive(Debug, Clone, Copy)]
pub struct MissingRequest<'a> {
    /// The run.
    pub run: &'a RunId,
    /// How to divide it.
    pub division: Division,
    /// What the wave may cost.
    pub max_cost: Option<f64>,
    /// Put it into the store.
    pub publish: bool,
}

/// Plans what a run has no result of, as its next wave, and puts it into the store if any shard has
/// something to do and that is asked for.
pub fn missing(workspace: &Workspace, request: &MissingRequest<'_>) -> Result<PublishedWave, StepError> {
    let MissingRequest { run, division, max_cost, publish } = *request;
    let patience = Patience::LONG;
    let store = workspace.store()?;
    let place = Place::of_run(run)?;
    let facts = fetch::facts(&*store, &place, patience)?;
    let waves = fetch::waves(&*store, &place, patience)?;
    let plans = fetch::plans(&*store, &place, waves, patience)?;
    let Some(last) = plans.last() else {
        return Err(fetch::plan(&*store, &place, 1, patience).err().unwrap_or_else(|| gone(&place)));
    };
    let (mut plan, _) = rebuild(&plans[0])?;
    let ledgers = ledgers::fetch(&*store, &place, None, patience)?;
    let files: Vec<_> = ledgers.into_iter().map(|ledger| ledger.file).collect();
    let folded = fold(&files);
    let stored = outputs::stored(&*store, &place, patience)?;
    let done = at_hand(&plan, &folded, &|digest| stored.contains(digest));
    let tasks = done.iter().filter(|done| !**done).count();
    let expected = match planning::known_durations(workspace, &plan) {
        Ok(durations) if !durations.is_empty() => durations.expected(&plan),
        _ => fetch::expected(&*store, &place, 1, plan.task_count()),
    };
    plan.shards = None;
    plan.shards = Some(divide(workspace, &plan, &expected, &division, Some(&done))?);
    if let Some(limit) = max_cost {
        let price = planning::price_of(workspace, &plan, &expected, division.jobs);
        planning::check_price(price.as_ref(), limit)?;
    }
    let file = plan::plan_file(&plan, &last.suite_file, last.sources.clone(), last.files.clone(), Some(last.id));
    let wave = PublishedWave { run: facts.id, wave: waves + 1, plan, file, tasks, expected };
    if publish && wave.count() > 0 {
        put_plan(&*store, &place, wave.wave, &wave.file, patience)?;
    }
    Ok(wave)
}

fn gone(place: &Place) -> StepError {
    StepError::usage(format!("run {} has no plan", place.run), Some("plan it again".to_owned()))
}

/// Tells by task whether it is final, and what it left for tasks that are not can be had.
fn at_hand(plan: &Plan, folded: &Folded, is_stored: &dyn Fn(&crate::value::Digest) -> bool) -> Vec<bool> {
    let finished: Vec<_> = plan
        .tasks()
        .map(|task| folded.tasks.get(&plan.key(task)).and_then(|history| history.finished.as_deref()))
        .collect();
    let mut done: Vec<bool> = finished.iter().map(Option::is_some).collect();
    let taken = Taken::new(plan);
    let mut open: Vec<TaskId> = plan.tasks().filter(|task| !done[task.index()]).collect();
    while let Some(task) = open.pop() {
        for producer in taken.by(task) {
            let Some(result) = finished[producer.index()].filter(|_| done[producer.index()]) else { continue };
            if result.verdict.ran() && !result.outputs.iter().all(|output| is_stored(&output.sha256)) {
                done[producer.index()] = false;
                open.push(producer);
            }
        }
    }
    done
}
