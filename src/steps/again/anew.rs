//! What has to run again for a value to be a new measurement, and what is needed only once.
//!
//! A task that takes what another measured repeats that one's noise unless both run again. A build is
//! needed once: it is told by its stage, which measures nothing and is neither repeated nor exclusive.

use crate::plan::{Plan, TaskId};
use crate::suite::{Better, Source, Stage, StageIndex};
use std::collections::{BTreeSet, HashMap};

/// How data flows from one stage to another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Flow {
    /// Files.
    Output,
    /// Metrics.
    Rows,
}

/// Finds what has to run again, with a memory of what it found.
pub(super) struct Anew<'a> {
    plan: &'a Plan,
    /// By task: whether it has to, as the upstream of another.
    known: HashMap<TaskId, bool>,
}

impl<'a> Anew<'a> {
    pub(super) fn new(plan: &'a Plan) -> Anew<'a> {
        Anew { plan, known: HashMap::new() }
    }

    /// Returns a task and all before it that have to run again for it to measure anew.
    pub(super) fn of(&mut self, target: TaskId) -> BTreeSet<TaskId> {
        let mut found = BTreeSet::from([target]);
        let mut open = vec![target];
        while let Some(task) = open.pop() {
            for upstream in self.sources(task) {
                if found.insert(upstream) {
                    open.push(upstream);
                }
            }
        }
        found
    }

    /// Returns the tasks right before a task that have to run again with it.
    fn sources(&mut self, task: TaskId) -> Vec<TaskId> {
        let plan = self.plan;
        let consumer = &plan.suite.stages[plan.stage_of(task)];
        let upstream = plan.upstream(task).iter().copied();
        upstream
            .filter(|&upstream| match flow(consumer, plan.stage_of(upstream)) {
                None => false,
                Some(Flow::Rows) => !plan.suite.stages[plan.stage_of(upstream)].cache || self.is_anew(upstream),
                Some(Flow::Output) => self.is_anew(upstream),
            })
            .collect()
    }

    /// Tells whether the outputs of a task are, or rest on, a measurement.
    fn is_anew(&mut self, task: TaskId) -> bool {
        if let Some(&known) = self.known.get(&task) {
            return known;
        }
        let stage = &self.plan.suite.stages[self.plan.stage_of(task)];
        let anew = measures(stage) || !self.sources(task).is_empty();
        self.known.insert(task, anew);
        anew
    }
}

/// Returns all tasks that must have run before some of them can, and those themselves.
pub(super) fn needed(plan: &Plan, targets: impl IntoIterator<Item = TaskId>) -> BTreeSet<TaskId> {
    let mut open: Vec<TaskId> = targets.into_iter().collect();
    let mut found: BTreeSet<TaskId> = open.iter().copied().collect();
    while let Some(task) = open.pop() {
        open.extend(plan.upstream(task).iter().copied().filter(|upstream| found.insert(*upstream)));
    }
    found
}

/// Tells whether another run of a stage may show another value: `cache: true` says that it does not.
fn measures(stage: &Stage) -> bool {
    let varies = |better: Option<Better>| better.is_some_and(|better| better != Better::Exact);
    !stage.cache
        && (stage.exclusive || stage.repeat.is_some() || stage.metrics.iter().any(|metric| varies(metric.better)))
}

/// Returns how data flows from a stage to another; none if that only waits for it, or not even that.
fn flow(consumer: &Stage, producer: StageIndex) -> Option<Flow> {
    fn of(source: &Source, producer: StageIndex) -> Option<Flow> {
        match source {
            Source::Root(_) | Source::Output { baseline: true, .. } => None,
            Source::Output { stage, .. } | Source::Each { stage, .. } => (*stage == producer).then_some(Flow::Output),
            Source::Rows(stage) => (*stage == producer).then_some(Flow::Rows),
            Source::Pick { from, .. } => from.iter().filter_map(|(_, source)| of(source, producer)).max(),
        }
    }
    consumer.inputs.iter().filter_map(|input| of(&input.source, producer)).max()
}
