//! The step `repro`: the folders of a case once more, each with what to type in it.
//!
//! The inputs are those of the run: repository files as they were copied then, outputs as they were left
//! then. Where the folder of the run is gone, what is needed of it comes out of its archive; of a run of many
//! machines out of the archives of its parts, and what these have not out of what the parts have published.

use super::archiving::{RestoreRequest, find_case, restore};
use super::finding::{find_archived, find_recorded, plan_in, run_in};
use super::machines::{is_of_parts, supply};
use super::rejudging::values_set;
use super::run_folder::{RunFolder, read_json};
use super::{StepError, Workspace, baseline};
use crate::ledger::{Attempt, Finished, Verdict};
use crate::outside::files::{Content, ContentStore};
use crate::plan::{Plan, TaskId};
use crate::run::{Materials, RebuildError, Rebuilt, Results, Setting, rebuild};
use crate::value::{RunId, StageName, TaskKey, did_you_mean};
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::PathBuf;
use std::sync::Arc;

/// What to rebuild.
#[derive(Debug, Clone)]
pub struct ReproRequest {
    /// The run: its name, a unique part of it, or `last`.
    pub run: String,
    /// The case.
    pub case: String,
    /// Only these stages; empty = all.
    pub stages: Vec<String>,
    /// Where to put the folders, which must not exist; none = `.shmoo/repro/RUN/CASE`.
    pub into: Option<PathBuf>,
}

/// A case that was rebuilt.
#[derive(Debug)]
pub struct Repro {
    /// The run.
    pub run: RunId,
    /// Where its folders are.
    pub folder: PathBuf,
    /// Its tasks, in the order of the suite.
    pub tasks: Vec<ReproTask>,
    /// Whether the inputs came out of the archive.
    pub from_archive: bool,
}

/// A task of the case.
#[derive(Debug)]
pub struct ReproTask {
    /// The task.
    pub task: TaskKey,
    /// Its folder.
    pub folder: PathBuf,
    /// How it ended in the run.
    pub verdict: Option<Verdict>,
    /// Why it was no pass.
    pub message: Option<String>,
    /// Values that retries had set, as text.
    pub set: Vec<(String, String)>,
    /// How many repeats of it there were: they are alike.
    pub repeats: u32,
    /// What to type, or why it could not be rebuilt.
    pub rebuilt: Result<Rebuilt, RebuildError>,
}

/// Rebuilds the folders of all tasks of a case.
pub fn repro(workspace: &Workspace, request: &ReproRequest, setting: &Setting) -> Result<Repro, StepError> {
    let (run, plan, from_archive) = find(workspace, request)?;
    let file = run.plan_file()?;
    let case = find_case(&plan, &request.case)?;
    let stages = stages(&plan, &request.stages)?;
    let folder = match &request.into {
        Some(into) => {
            let taken = fs::read_dir(into).is_ok_and(|mut found| found.next().is_some()) || into.is_file();
            if taken {
                return Err(StepError::usage(
                    format!("`{}` is not empty", into.display()),
                    Some("name a folder that does not exist yet".to_owned()),
                ));
            }
            into.clone()
        }
        None => {
            workspace.make_own_folder()?;
            workspace.folder.join(".shmoo/repro").join(run.facts.id.as_str()).join(&request.case)
        }
    };
    let (folded, _) = run.fold()?;
    let results = Results::default();
    let mut finished: BTreeMap<TaskKey, Arc<Finished>> = BTreeMap::new();
    for task in plan.tasks() {
        let key = plan.key(task);
        if let Some(own) = folded.tasks.get(&key).and_then(|history| history.finished.clone()) {
            results.keep(task, own.clone());
            finished.insert(key, own);
        }
    }
    let contents_list = run.path.join("files/contents.json");
    let roots: BTreeMap<String, Content> =
        if contents_list.exists() { read_json(&contents_list)? } else { BTreeMap::new() };
    let roots = roots.into_iter().filter(|(path, _)| file.files.contains_key(path)).collect();
    let plan = Arc::new(plan);
    let materials = Materials {
        folder: run.path.clone(),
        root: workspace.folder.join(&run.facts.root),
        roots,
        contents: ContentStore::open(&run.path.join("files")).map_err(StepError::Files)?,
        // Where the baseline run is gone, its tasks say so one by one.
        baseline: baseline::open(workspace, &plan).unwrap_or_default(),
        results,
        plan: plan.clone(),
    };
    let mut tasks = Vec::new();
    for stage in stages {
        let of_stage = plan.stage_tasks(stage);
        let Some(point) = of_stage.point(case) else { continue };
        let Some(task) = of_stage.measured(point).next() else { continue };
        let name = &plan.suite.stages[stage].name;
        tasks.push(rebuild_task(&materials, setting, task, &finished, folder.join(name.as_str()), of_stage.rounds()));
    }
    Ok(Repro { run: run.facts.id, folder, tasks, from_archive })
}

fn rebuild_task(
    materials: &Materials,
    setting: &Setting,
    task: TaskId,
    finished: &BTreeMap<TaskKey, Arc<Finished>>,
    folder: PathBuf,
    repeats: u32,
) -> ReproTask {
    let key = materials.plan.key(task);
    let own = finished.get(&key);
    let set = own.map(|finished| values_set(finished)).unwrap_or_default();
    let attempt = own.map_or(Attempt { generation: 1, number: 1 }, |finished| finished.attempt);
    let rebuilt = rebuild(materials, setting, task, &set, attempt, &folder);
    ReproTask {
        task: key,
        folder,
        verdict: own.map(|finished| finished.verdict),
        message: own.and_then(|finished| finished.message.clone()),
        set: set.into_iter().map(|(name, value)| (name, value.to_string())).collect(),
        repeats,
        rebuilt,
    }
}

/// Returns the stages that are wanted, in the order of the suite.
fn stages(plan: &Plan, wanted: &[String]) -> Result<Vec<usize>, StepError> {
    let known: Vec<&StageName> = plan.suite.stages.iter().map(|stage| &stage.name).collect();
    if let Some(unknown) = wanted.iter().find(|name| plan.suite.stage(name).is_none()) {
        return Err(StepError::usage(
            format!("the suite has no stage `{unknown}`"),
            did_you_mean(unknown, known.iter().map(|name| name.as_str())),
        ));
    }
    let all = 0..known.len();
    Ok(all.filter(|&stage| wanted.is_empty() || wanted.iter().any(|name| name == known[stage].as_str())).collect())
}

/// Finds the folder of the run, or takes what is needed of it out of the store.
fn find(workspace: &Workspace, request: &ReproRequest) -> Result<(RunFolder, Plan, bool), StepError> {
    let local = match RunFolder::find(workspace, &request.run, None) {
        // The folders of its tasks are in the archives of the parts.
        Ok(run) if is_of_parts(&run) => Ok(run),
        Ok(run) => {
            let (plan, ..) = run.plan()?;
            return Ok((run, plan, false));
        }
        Err(error @ StepError::Usage { .. }) => Err(error),
        Err(error) => return Err(error),
    };
    let wanted = local.as_ref().map_or(request.run.as_str(), |run| run.facts.id.as_str());
    let store = workspace.store()?;
    let key = match (find_archived(workspace, &*store, wanted), local) {
        (Ok(key), _) => key,
        // What there is in its folder has to do.
        (Err(StepError::Usage { .. }), Ok(run)) => {
            let (plan, ..) = run.plan()?;
            return Ok((run, plan, false));
        }
        // Nowhere is there such a run.
        (Err(StepError::Usage { .. }), Err(local)) if !is_recorded(workspace, &request.run)? => return Err(local),
        (Err(error), _) => return Err(error),
    };
    let plan = plan_in(&*store, &key)?;
    let case = find_case(&plan, &request.case)?;
    let target = workspace.folder.join(".shmoo/repro").join(run_in(&key)).join(".run");
    workspace.make_own_folder()?;
    match fs::remove_dir_all(&target) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            return Err(StepError::disk("remove", &target)(error));
        }
        _ => {}
    }
    let tasks: Vec<TaskKey> = needed(&plan, case).into_iter().map(|task| plan.key(task)).collect();
    restore(&*store, &key, &target, &RestoreRequest { tasks: tasks.clone(), file: None })?;
    let run = RunFolder::open(&target)?;
    if is_of_parts(&run) {
        let (folded, _) = run.fold()?;
        let finished: Vec<&Finished> =
            tasks.iter().filter_map(|task| folded.tasks.get(task)?.finished.as_deref()).collect();
        supply(&*store, &run, &finished)?;
    }
    Ok((run, plan, true))
}

/// Tells whether the history knows a run.
fn is_recorded(workspace: &Workspace, wanted: &str) -> Result<bool, StepError> {
    let Some(history) = workspace.existing_history()? else { return Ok(false) };
    match find_recorded(&*history, wanted, None) {
        Ok(_) => Ok(true),
        Err(StepError::Nothing { .. } | StepError::Usage { .. }) => Ok(false),
        Err(error) => Err(error),
    }
}

/// Returns the tasks whose outputs the tasks of a case take, and those tasks themselves.
fn needed(plan: &Plan, case: usize) -> BTreeSet<TaskId> {
    let mut needed = BTreeSet::new();
    for stage in 0..plan.suite.stages.len() {
        let tasks = plan.stage_tasks(stage);
        let Some(point) = tasks.point(case) else { continue };
        for task in tasks.tasks(point) {
            needed.insert(task);
            needed.extend(plan.upstream(task));
        }
    }
    needed
}
