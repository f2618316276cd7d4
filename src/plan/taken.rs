//! Which tasks take files of which others: what has to travel from machine to machine.

use super::{Plan, TaskId, Wave};
use crate::suite::{Source, StageIndex};
use std::collections::BTreeMap;

/// Who takes files of whom.
#[derive(Debug)]
pub struct Taken<'a> {
    plan: &'a Plan,
    /// By stage: the stages whose files its tasks take.
    producers: Vec<Vec<StageIndex>>,
}

fn visit(source: &Source, producers: &mut Vec<StageIndex>) {
    match source {
        Source::Root(_) | Source::Output { baseline: true, .. } | Source::Rows(_) => {}
        Source::Output { stage, .. } | Source::Each { stage, .. } => producers.push(*stage),
        Source::Pick { from, .. } => from.iter().for_each(|(_, source)| visit(source, producers)),
    }
}

impl<'a> Taken<'a> {
    /// Looks through the stages of a plan.
    pub fn new(plan: &'a Plan) -> Taken<'a> {
        let of_stage = |stage: &crate::suite::Stage| {
            let mut producers = Vec::new();
            stage.inputs.iter().for_each(|input| visit(&input.source, &mut producers));
            producers
        };
        Taken { plan, producers: plan.suite.stages.iter().map(of_stage).collect() }
    }

    /// Returns the tasks whose files a task takes, ascending. Where a stage is a gate too, this may be
    /// one task more.
    pub fn by(&self, task: TaskId) -> impl Iterator<Item = TaskId> + '_ {
        let producers = &self.producers[self.plan.stage_of(task)];
        let upstream = self.plan.upstream(task).iter().copied();
        upstream.filter(|&upstream| !producers.is_empty() && producers.contains(&self.plan.stage_of(upstream)))
    }

    /// Returns, by task that a part of a divided plan runs, all tasks that take its files: also those
    /// of other parts that run it themselves, since such a part may be lost, and what is missing of it
    /// then takes the files that are there.
    pub fn takers(&self, part: Wave) -> BTreeMap<TaskId, Vec<TaskId>> {
        let mut takers: BTreeMap<TaskId, Vec<TaskId>> = BTreeMap::new();
        let Some(shards) = &self.plan.shards else { return takers };
        for taker in self.plan.tasks() {
            for producer in self.by(taker).filter(|&producer| shards.runs(part, producer)) {
                takers.entry(producer).or_default().push(taker);
            }
        }
        takers
    }
}
