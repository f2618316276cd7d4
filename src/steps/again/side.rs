//! One commit that is measured: its plan, and tasks of it, carried out in portions on this machine.
//!
//! The folder of such a run is none of the project's runs. Each portion is a generation of its ledger, so
//! that every measurement stays in it.

use crate::compare::{Measurement, Reading};
use crate::ledger::{Finished, Measured, Verdict};
use crate::outside::lock::RunLock;
use crate::plan::{Plan, Selection, TaskId};
use crate::record::SourceInfo;
use crate::run::{Context, DriveOptions, Limits, Progress, ResultCache, Results, Schedule, drive, halt};
use crate::steps::planning::{self, PlanRequest, Planned};
use crate::steps::run_folder::RunFolder;
use crate::steps::run_parts::Parts;
use crate::steps::running::{RunRequest, facts, jobs, limits, tasks_elsewhere};
use crate::steps::workspace::LoadedFile;
use crate::steps::{StepError, Workspace};
use crate::suite::StageIndex;
use crate::value::{Digest, RunId};
use std::collections::{BTreeSet, HashMap};
use std::path::Path;
use std::sync::Arc;
use tokio::runtime::Runtime;

/// What is to be measured, and where.
pub(super) struct SideRequest<'a> {
    /// The user's project: its history, store and other runs.
    pub(super) world: &'a Workspace,
    /// The project that the suite is of.
    pub(super) own: &'a Workspace,
    /// The suite.
    pub(super) loaded: LoadedFile,
    /// The part of it.
    pub(super) selection: Selection,
    /// The run that `run: baseline` sources take from.
    pub(super) baseline: Option<RunId>,
    /// The folder of the run, which must not exist.
    pub(super) folder: &'a Path,
    /// Its name.
    pub(super) id: RunId,
    /// Where the code comes from.
    pub(super) source: SourceInfo,
    /// How to run.
    pub(super) run: &'a RunRequest,
}

/// One commit, ready to be measured.
pub(super) struct Side {
    /// The plan.
    pub(super) plan: Arc<Plan>,
    /// The folder of its run.
    pub(super) folder: RunFolder,
    /// The last result of each task that ran.
    pub(super) last: HashMap<TaskId, Arc<Finished>>,
    /// Why it was stopped.
    pub(super) stopped: Option<String>,
    /// Points by stage and name.
    points: HashMap<StageIndex, HashMap<String, u32>>,
    /// Tasks that another machine has to run.
    elsewhere: BTreeSet<TaskId>,
    context: Context,
    cache: Option<Arc<dyn ResultCache>>,
    expected: Vec<f32>,
    limits: Limits,
    _lock: RunLock,
}

impl Side {
    /// Plans a side and puts together what its tasks share.
    pub(super) fn prepare(request: SideRequest<'_>) -> Result<Side, StepError> {
        let SideRequest { world, own, loaded, selection, baseline, folder, id, source, run } = request;
        let plan_request = PlanRequest { selection, shards: None, baseline };
        let Planned { plan, file, root, root_files: _, durations, loaded: _ } =
            planning::plan(own, loaded, plan_request)?;
        let mut facts = facts(own, &plan, &file, run)?;
        (facts.id, facts.source) = (id, source);
        let folder = RunFolder::create_apart(folder, facts, &file)?;
        let lock = RunLock::acquire(&folder.path, &*world.clock).map_err(StepError::Lock)?;
        let expected = durations.expected(&plan);
        let elsewhere = tasks_elsewhere(&plan, run.label.as_deref());
        let plan = Arc::new(plan);
        let parts = Parts { own, world, folder: &folder, plan: &plan, file: &file, root, request: run, part: None };
        let mut context = parts.gather(1, Results::default())?;
        // The first portion makes it 1.
        context.generation = 0;
        Ok(Side {
            cache: context.cache.take(),
            limits: limits(world, jobs(world, run.jobs)),
            plan,
            folder,
            last: HashMap::new(),
            stopped: None,
            points: HashMap::new(),
            elsewhere,
            context,
            expected,
            _lock: lock,
        })
    }

    /// Carries tasks out, also those that ran before; what else they need must have run. `reuse` tells
    /// whether results of `cache: true` stages may come from earlier runs.
    pub(super) fn carry_out(
        &mut self,
        runtime: &Runtime,
        tasks: &BTreeSet<TaskId>,
        reuse: bool,
    ) -> Result<(), StepError> {
        self.context.generation += 1;
        self.context.cache = self.cache.clone().filter(|_| reuse);
        let last = &self.last;
        let done = |task: TaskId| {
            let again = tasks.contains(&task);
            last.get(&task).filter(|_| !again).map(|finished| finished.verdict)
        };
        let wanted = |task: TaskId| tasks.contains(&task) && !self.elsewhere.contains(&task);
        let mut schedule = Schedule::new(&self.plan, self.limits.clone(), &self.expected, &wanted, &done);
        let mut found = Vec::new();
        let mut note = |progress: Progress| {
            if let Progress::Finished(task, finished) = progress {
                found.push((task, finished));
            }
        };
        let options = DriveOptions { fail_fast: false };
        let (_, mut never) = halt();
        let driven =
            drive(runtime, &self.context, &mut schedule, options, &mut never, &mut note).map_err(StepError::Run)?;
        drop(schedule);
        self.last.extend(found);
        self.stopped = self.stopped.take().or(driven.stopped);
        Ok(())
    }

    /// Tells whether a task ended in the last portion.
    pub(super) fn is_fresh(&self, task: TaskId) -> Option<&Arc<Finished>> {
        self.last.get(&task).filter(|finished| finished.attempt.generation == self.context.generation)
    }

    /// Returns the stage and the point of the task that measures something.
    pub(super) fn locate(&mut self, at: &Measurement) -> Option<(StageIndex, u32)> {
        let plan = &self.plan;
        let stage = plan.suite.stage(at.stage.as_str())?;
        let points = self.points.entry(stage).or_insert_with(|| {
            let tasks = plan.stage_tasks(stage);
            if plan.suite.stages[stage].rows.is_some() {
                let named = |case: usize| Some((plan.case_name(case).to_string(), tasks.point(case)?));
                return (0..plan.cases.len()).filter_map(named).collect();
            }
            (0..tasks.points()).map(|point| (plan.point_name(stage, point).to_string(), point)).collect()
        });
        points.get(at.point.as_str()).map(|&point| (stage, point))
    }

    /// Returns what a task measured in the last portion, or why there is nothing.
    pub(super) fn reading(&self, task: TaskId, at: &Measurement) -> Result<Reading, String> {
        let key = self.plan.key(task);
        if self.elsewhere.contains(&task) {
            return Err(format!("{key} wants a machine with another label"));
        }
        let Some(finished) = self.is_fresh(task) else { return Err(format!("{key} did not run")) };
        let message = finished.message.as_deref().map(|text| format!(": {text}")).unwrap_or_default();
        if !finished.verdict.ran() && finished.rows.is_empty() {
            return Err(format!("{key} ended in {}{message}", finished.verdict));
        }
        let metrics: &[Measured] = if self.plan.suite.stages[self.plan.stage_of(task)].rows.is_some() {
            let row = finished.rows.iter().find(|row| row.case == at.point && row.verdict.ran());
            row.map_or(&[], |row| &row.metrics)
        } else {
            &finished.metrics
        };
        let found = metrics.iter().find(|measured| measured.name == at.metric);
        let reading = |found: &Measured| Reading { value: found.value.clone(), unit: found.unit.clone() };
        found.map(reading).ok_or_else(|| format!("{key} gave no `{}`{message}", at.metric))
    }

    /// Returns the tasks that ended in error or at their time limit.
    pub(super) fn broken(&self) -> Vec<String> {
        let mut broken: Vec<&Arc<Finished>> =
            self.last.values().filter(|last| matches!(last.verdict, Verdict::Error | Verdict::Timeout)).collect();
        broken.sort_by(|one, other| one.task.cmp(&other.task));
        let told = |finished: &Arc<Finished>| {
            let message = finished.message.as_deref().map(|text| format!(": {text}")).unwrap_or_default();
            format!("{} ended in {}{message}", finished.task, finished.verdict)
        };
        broken.into_iter().map(told).collect()
    }

    /// Closes the ledger: from here on there is only what was measured.
    pub(super) fn close(self) -> Result<Closed, StepError> {
        self.context.ledger.close().map_err(StepError::Ledger)?;
        Ok(Closed { folder: self.folder, plan: self.plan, last: self.last })
    }
}

/// A side that is not measured any more.
pub(super) struct Closed {
    /// The folder of its run.
    pub(super) folder: RunFolder,
    /// The plan.
    pub(super) plan: Arc<Plan>,
    /// The last result of each task that ran.
    pub(super) last: HashMap<TaskId, Arc<Finished>>,
}

/// Returns a digest of what a task left for others: its files and its metrics.
pub(super) fn left_behind(finished: &Finished) -> Digest {
    let left = (&finished.outputs, &finished.metrics, &finished.rows);
    Digest::of(&serde_json::to_vec(&left).unwrap_or_default())
}
