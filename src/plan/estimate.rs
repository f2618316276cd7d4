//! How long tasks are expected to take, by the durations of earlier runs.

use super::{ExpectedPrice, Plan, TaskId};
use crate::value::TaskKey;
use std::collections::HashMap;

/// Expected seconds of tasks that nothing is known about.
const UNKNOWN: f64 = 1.0;

/// Durations of earlier runs, in seconds.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Durations {
    by_task: HashMap<TaskKey, f64>,
    by_stage: HashMap<String, f64>,
}

impl Durations {
    /// Returns durations from those of tasks; a task that is not among them is taken for the median
    /// of its stage.
    pub fn new(by_task: HashMap<TaskKey, f64>) -> Durations {
        let mut stages: HashMap<String, Vec<f64>> = HashMap::new();
        for (task, &seconds) in &by_task {
            stages.entry(task.stage.to_string()).or_default().push(seconds);
        }
        let by_stage = stages
            .into_iter()
            .map(|(stage, mut seconds)| {
                seconds.sort_by(f64::total_cmp);
                let median = seconds[seconds.len() / 2];
                (stage, median)
            })
            .collect();
        Durations { by_task, by_stage }
    }

    /// Tells whether nothing is known.
    pub fn is_empty(&self) -> bool {
        self.by_task.is_empty()
    }

    /// Returns how many tasks are known.
    pub fn len(&self) -> usize {
        self.by_task.len()
    }

    /// Returns the expected seconds of every task, in plan order.
    pub fn expected(&self, plan: &Plan) -> Vec<f32> {
        if self.is_empty() {
            return vec![UNKNOWN as f32; plan.task_count()];
        }
        plan.tasks().map(|task| self.of(plan, task) as f32).collect()
    }

    /// Returns the expected seconds of a task.
    pub fn of(&self, plan: &Plan, task: TaskId) -> f64 {
        let key = plan.key(task);
        // A repeat that was never run takes as long as the others.
        let plain = || TaskKey { repeat: None, ..key.clone() };
        self.by_task
            .get(&key)
            .or_else(|| self.by_task.get(&plain()))
            .or_else(|| self.by_stage.get(key.stage.as_str()))
            .copied()
            .unwrap_or(UNKNOWN)
    }
}

/// What a run is expected to take.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub struct Estimate {
    /// Tasks.
    pub tasks: usize,
    /// Cases.
    pub cases: usize,
    /// Tasks whose duration is known from earlier runs.
    pub known: usize,
    /// Sum over all tasks, in seconds.
    pub work: f64,
    /// The longest chain of tasks that wait for each other, in seconds.
    pub longest_chain: f64,
    /// Expected elapsed seconds on one machine with so many tasks at a time.
    pub elapsed: f64,
    /// How many tasks at a time.
    pub jobs: usize,
    /// Expected seconds of the work of each shard.
    pub shards: Vec<f64>,
    /// What it is expected to cost, where prices are known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub price: Option<ExpectedPrice>,
}

/// Estimates a run on one machine with `jobs` tasks at a time.
pub fn estimate(plan: &Plan, durations: &Durations, jobs: usize) -> Estimate {
    let expected = durations.expected(plan);
    let known = if durations.is_empty() {
        0
    } else {
        plan.tasks().filter(|&task| durations.by_task.contains_key(&plan.key(task))).count()
    };
    // Upstream tasks of another stage may have higher numbers, so a chain is followed by hand.
    let mut chain: Vec<f64> = vec![-1.0; expected.len()];
    for task in plan.tasks() {
        let mut stack = vec![task];
        while let Some(&top) = stack.last() {
            let open: Vec<TaskId> =
                plan.upstream(top).iter().copied().filter(|upstream| chain[upstream.index()] < 0.0).collect();
            if open.is_empty() {
                let before = plan.upstream(top).iter().map(|upstream| chain[upstream.index()]).fold(0.0, f64::max);
                chain[top.index()] = before + f64::from(expected[top.index()]);
                stack.pop();
            } else {
                stack.extend(open);
            }
        }
    }
    let work: f64 = expected.iter().map(|&seconds| f64::from(seconds)).sum();
    let longest_chain = chain.iter().copied().fold(0.0, f64::max);
    let exclusive: f64 = plan
        .tasks()
        .filter(|&task| plan.suite.stages[plan.stage_of(task)].exclusive)
        .map(|task| f64::from(expected[task.index()]))
        .sum();
    let elapsed = ((work - exclusive) / jobs.max(1) as f64 + exclusive).max(longest_chain);
    let shards = plan.shards.as_ref().map_or_else(Vec::new, |shards| shards.expected.clone());
    let (tasks, cases) = (plan.task_count(), plan.cases.len());
    Estimate { tasks, cases, known, work, longest_chain, elapsed, jobs, shards, price: None }
}
