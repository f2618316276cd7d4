//! The step `check`: a run under the suite as it is now.
//!
//! Nothing runs. Where the suite file has changed since the run, evidence that the run kept is judged
//! again with the metrics, expectations and parsers of today, as long as the task would run the same
//! command on the same inputs. A task that would run something else keeps its verdict, and is told. Of a run that
//! only the history knows there is no evidence: all of its tasks keep their verdicts.

use super::finding::{AnyRecord, find_any_record};
use super::judging::{folder_of_suite, is_partial};
use super::recording::{RecordedRun, mark_known};
use super::run_folder::RunFolder;
use super::workspace::{LoadedFile, load_suite_file};
use super::{StepError, Workspace};
use crate::ledger::{Finished, Folded, Verdict, last_time};
use crate::plan::{self, BuildOptions, Plan, PlanError, ResolvedSource, ResolvedTask, TaskId, resolve};
use crate::record::{self, RunRecord};
use crate::run::judge_again;
use crate::suite::Suite;
use crate::value::{SuiteName, TaskKey, Value};
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::path::Path;
use std::sync::Arc;

/// A run under the suite as it is now.
pub struct Rejudged {
    /// The suite that judged.
    pub suite: Arc<Suite>,
    /// Whether the run is of a part of its suite.
    pub partial: bool,
    /// The record: of the tasks and cases that run and suite share.
    pub recorded: RecordedRun,
    /// Whether nothing but the record of the run is here: its evidence is not, and its known failures are those of then.
    pub only_record: bool,
    /// The suite file, if it was found.
    pub suite_file: Option<LoadedFile>,
    /// Whether the suite means something else than it did when the run was made.
    pub suite_changed: bool,
    /// How many tasks were judged again.
    pub judged: usize,
    /// Tasks whose verdict or message is another now.
    pub changed: Vec<Changed>,
    /// What was not judged again, and why.
    pub kept: Vec<Kept>,
    /// Tasks of the suite that the run does not have.
    pub new_tasks: usize,
    /// Tasks of the run that the suite does not have any more.
    pub gone_tasks: usize,
}

/// A task that is judged otherwise now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Changed {
    /// The task.
    pub task: TaskKey,
    /// The verdict of the run.
    pub before: Verdict,
    /// The verdict of today.
    pub now: Verdict,
    /// Why it is no pass today.
    pub message: Option<String>,
}

/// Tasks of a stage that keep the verdict of the run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kept {
    /// The stage.
    pub stage: String,
    /// How many.
    pub tasks: usize,
    /// Why.
    pub why: &'static str,
}

const OTHER_COMMAND: &str = "they would run another command, or on other inputs";
const NOTHING_LEFT: &str = "they left nothing to judge";
const NOT_HERE: &str = "their folders are not on this machine";

/// Judges a run under the suite as it is now; where only the history knows it, as far as its record goes.
pub fn rejudge_any(workspace: &Workspace, wanted: &str) -> Result<Rejudged, StepError> {
    match RunFolder::find(workspace, wanted, None) {
        Ok(folder) => rejudge(workspace, &folder),
        Err(StepError::Usage { .. }) => rejudge_record(workspace, wanted),
        Err(error) => Err(error),
    }
}

/// Holds the record of a run that is not on this machine against the suite as it is now.
fn rejudge_record(workspace: &Workspace, wanted: &str) -> Result<Rejudged, StepError> {
    let found = find_any_record(workspace, wanted)?;
    let suite = found.suite().clone();
    let record = match found {
        AnyRecord::Run(run) => run.recorded.record,
        AnyRecord::Alone { record, .. } => *record,
    };
    let info = &record.run;
    let suite_file = current_suite(workspace, &info.suite_file, &info.suite)?;
    let suite_changed = suite_file.as_ref().is_some_and(|loaded| loaded.suite.digest() != info.suite_digest);
    let mut kept: BTreeMap<String, usize> = BTreeMap::new();
    for task in record.tasks.iter().filter(|task| suite_changed && task.verdict != Verdict::Skipped) {
        *kept.entry(task.task.stage.to_string()).or_default() += 1;
    }
    let partial = !info.filter.is_empty() || info.profile.is_some();
    let (new_tasks, gone_tasks) = match &suite_file {
        Some(loaded) if suite_changed && !partial => tasks_since(loaded, &record)?,
        _ => (0, 0),
    };
    Ok(Rejudged {
        suite: suite_file.as_ref().map_or(suite, |loaded| loaded.suite.clone()),
        partial,
        recorded: RecordedRun { record, known: Vec::new(), unkept: false },
        only_record: true,
        suite_file,
        suite_changed,
        judged: 0,
        changed: Vec::new(),
        kept: kept.into_iter().map(|(stage, tasks)| Kept { stage, tasks, why: NOT_HERE }).collect(),
        new_tasks,
        gone_tasks,
    })
}

/// Returns how many tasks the suite as it is now has that a record of the whole suite does not have, and the other way
/// round.
fn tasks_since(loaded: &LoadedFile, record: &RunRecord) -> Result<(usize, usize), StepError> {
    let plan = plan_now(loaded, BuildOptions::default())?;
    let then: HashSet<&TaskKey> = record.tasks.iter().map(|task| &task.task).collect();
    let shared = plan.tasks().filter(|task| then.contains(&plan.key(*task))).count();
    Ok((plan.task_count() - shared, then.len() - shared))
}

/// Plans a part of a suite as it is now.
fn plan_now(loaded: &LoadedFile, options: BuildOptions) -> Result<Plan, StepError> {
    plan::build(loaded.suite.clone(), options).map_err(|error| match error {
        PlanError::Empty { message, hint } => {
            StepError::Nothing { message: format!("of the suite as it is now, {message}"), hint }
        }
        wrong @ PlanError::Wrong(_) => wrong.into(),
    })
}

/// Judges a run under the suite as it is now.
pub fn rejudge(workspace: &Workspace, run: &RunFolder) -> Result<Rejudged, StepError> {
    let (planned, file, _) = run.plan()?;
    let current = current_suite(workspace, &run.facts.suite_file, &run.facts.suite)?;
    let changed = current.as_ref().is_some_and(|loaded| loaded.suite.digest() != file.suite_digest);
    let (folded, files) = run.fold()?;
    let Some(loaded) = current.clone().filter(|_| changed) else {
        let recorded = super::recording::make(workspace, run, &planned)?;
        return Ok(Rejudged {
            partial: is_partial(&planned),
            suite: planned.suite,
            recorded,
            only_record: false,
            suite_file: current,
            suite_changed: false,
            judged: 0,
            changed: Vec::new(),
            kept: Vec::new(),
            new_tasks: 0,
            gone_tasks: 0,
        });
    };
    let options = BuildOptions { selection: file.selection.clone(), baseline: file.baseline.clone() };
    let plan = plan_now(&loaded, options)?;
    let then: HashMap<TaskKey, TaskId> = planned.tasks().map(|task| (planned.key(task), task)).collect();
    let mut judging = Judging {
        workspace,
        run,
        planned: &planned,
        plan: &plan,
        judged: 0,
        changed: Vec::new(),
        kept: BTreeMap::new(),
    };
    let mut today = Folded::default();
    let mut new_tasks = 0;
    for task in plan.tasks() {
        let key = plan.key(task);
        let Some(&then) = then.get(&key) else {
            new_tasks += 1;
            continue;
        };
        let Some(history) = folded.tasks.get(&key) else { continue };
        let mut history = history.clone();
        if let Some(finished) = &mut history.finished {
            judging.judge(task, then, Arc::make_mut(finished));
        }
        today.tasks.insert(key, history);
    }
    let Judging { judged, changed, kept, .. } = judging;
    today.stopped = folded.stopped.clone();
    let mut record =
        record::build(&plan, today, run.record_facts(last_time(&files), workspace.project.prices.as_ref()));
    record.run.archive = run.stored_run()?.and_then(|stored| stored.archive);
    let gone_tasks = then.len() - (plan.task_count() - new_tasks);
    let selected = is_partial(&plan);
    let partial = selected || new_tasks + gone_tasks > 0;
    let known = mark_known(workspace, &plan, &mut record, partial, &|task| then.contains_key(task));
    restrict(&mut record, &planned, &then);
    let kept = kept.into_iter().map(|((stage, why), tasks)| Kept { stage, tasks, why }).collect();
    Ok(Rejudged {
        suite: plan.suite,
        partial: selected,
        recorded: RecordedRun { record, known, unkept: false },
        only_record: false,
        suite_file: current,
        suite_changed: true,
        judged,
        changed,
        kept,
        new_tasks,
        gone_tasks,
    })
}

/// Reads the suite file of a run, if it is still where it was.
pub(super) fn current_suite(
    workspace: &Workspace,
    suite_file: &str,
    suite: &SuiteName,
) -> Result<Option<LoadedFile>, StepError> {
    let name = Path::new(suite_file).file_name().unwrap_or_default();
    let path = folder_of_suite(workspace, suite_file).join(name);
    if !path.is_file() {
        return Ok(None);
    }
    let loaded = load_suite_file(&path)?;
    // Another suite in a file of this name says nothing about the run.
    Ok(Some(loaded).filter(|loaded| loaded.suite.name == *suite))
}

struct Judging<'a> {
    workspace: &'a Workspace,
    run: &'a RunFolder,
    planned: &'a Plan,
    plan: &'a Plan,
    judged: usize,
    changed: Vec<Changed>,
    kept: BTreeMap<(String, &'static str), usize>,
}

impl Judging<'_> {
    fn judge(&mut self, task: TaskId, then: TaskId, finished: &mut Finished) {
        // It did not run, and does not now.
        if finished.verdict == Verdict::Skipped {
            return;
        }
        let set = values_set(finished);
        let resolved = resolve(self.plan, task, &set);
        let before = resolve(self.planned, then, &set);
        let resolved = match (resolved, before) {
            (Ok(now), Ok(before)) if seen_by(self.plan, &now) == seen_by(self.planned, &before) => now,
            _ => return self.keep(task, OTHER_COMMAND),
        };
        let timeout = self.workspace.project.timeout;
        let Some(again) = judge_again(self.plan, &resolved, &set, &self.run.path, finished, timeout) else {
            return self.keep(task, NOTHING_LEFT);
        };
        self.judged += 1;
        if (again.verdict, &again.message) != (finished.verdict, &finished.message) {
            let message = again.message.clone();
            self.changed.push(Changed {
                task: again.task.clone(),
                before: finished.verdict,
                now: again.verdict,
                message,
            });
        }
        *finished = again;
    }

    fn keep(&mut self, task: TaskId, why: &'static str) {
        let stage = self.plan.suite.stages[self.plan.stage_of(task)].name.to_string();
        *self.kept.entry((stage, why)).or_default() += 1;
    }
}

/// Returns the values that retries had set for the last attempt.
pub(super) fn values_set(finished: &Finished) -> BTreeMap<String, Value> {
    finished.tries.iter().flat_map(|attempt| attempt.set.clone()).collect()
}

/// Returns all that the process of a task can see, in a form that compares between two plans.
fn seen_by(plan: &Plan, task: &ResolvedTask) -> String {
    let key = |task: &TaskId| plan.key(*task).to_string();
    let inputs: Vec<(&String, String)> = task
        .inputs
        .iter()
        .map(|input| {
            let source = match &input.source {
                ResolvedSource::Root(path) => format!("root/{path}"),
                ResolvedSource::Output { task, path } => format!("{}:{path}", key(task)),
                ResolvedSource::Baseline { task, path } => format!("baseline {task}:{path}"),
                ResolvedSource::Rows(tasks) => format!("rows {:?}", tasks.iter().map(key).collect::<Vec<_>>()),
                ResolvedSource::Each(outputs) => {
                    let outputs: Vec<String> =
                        outputs.iter().map(|(task, path)| format!("{}:{path}", key(task))).collect();
                    format!("each {outputs:?}")
                }
            };
            (&input.local, source)
        })
        .collect();
    format!("{:?} {:?} {:?} {inputs:?}", task.command, task.env, task.shell_variables())
}

/// Leaves the tasks, cases and metrics in a record that the run had.
fn restrict(record: &mut RunRecord, planned: &Plan, tasks: &HashMap<TaskKey, TaskId>) {
    record.tasks.retain(|task| tasks.contains_key(&task.task));
    let cases: BTreeSet<String> = (0..planned.cases.len()).map(|case| planned.case_name(case).to_string()).collect();
    record.cases.retain(|case| cases.contains(case.name.as_str()));
    record.run.complete = record.tasks.iter().all(|task| task.verdict != Verdict::Lost);
}
