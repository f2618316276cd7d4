//! What would be wrong with a plan: an independent look, apart from the planner.
//!
//! A plan that the planner made has none; tests ask for every suite, and `plan --check` for yours.

use super::{Plan, TaskId, Wave};
use std::collections::BTreeSet;
use std::fmt;

/// Something that must not be true of a plan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// What it is about.
    pub subject: String,
    /// What is wrong, in one sentence.
    pub message: String,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.subject, self.message)
    }
}

/// Returns all faults of a plan.
pub fn faults(plan: &Plan) -> Vec<Fault> {
    let mut found = Vec::new();
    names(plan, &mut found);
    tasks(plan, &mut found);
    order(plan, &mut found);
    shards(plan, &mut found);
    found
}

fn fault(subject: impl fmt::Display, message: impl Into<String>) -> Fault {
    Fault { subject: subject.to_string(), message: message.into() }
}

/// Case names are unique without case, and parse back to their points.
fn names(plan: &Plan, found: &mut Vec<Fault>) {
    let mut seen = BTreeSet::new();
    for case in 0..plan.cases.len() {
        let name = plan.case_name(case);
        if !seen.insert(name.as_str().to_lowercase()) {
            found.push(fault(&name, "two cases have this name, or one that differs only in case"));
        }
        if name.as_str().contains("==") {
            continue;
        }
        match plan.suite.schema.parse(name.as_str()) {
            Ok(point) if point == plan.case_point(case) => {}
            Ok(_) => found.push(fault(&name, "the name reads back as another point")),
            Err(error) => found.push(fault(&name, format!("the name does not read back: {error}"))),
        }
    }
}

/// Every task has a point that its cases agree on, and a key of its own.
fn tasks(plan: &Plan, found: &mut Vec<Fault>) {
    let mut keys = BTreeSet::new();
    for task in plan.tasks() {
        let key = plan.key(task);
        if !keys.insert(key.clone()) {
            found.push(fault(&key, "two tasks have this key"));
        }
    }
    for (stage_index, stage) in plan.suite.stages.iter().enumerate() {
        let tasks = plan.stage_tasks(stage_index);
        for case in 0..plan.cases.len() {
            let Some(point) = tasks.point(case) else { continue };
            let first = tasks.case(point);
            let differs = stage.per.iter().any(|&param| plan.cases.code(case, param) != plan.cases.code(first, param));
            if differs {
                found.push(fault(plan.key(tasks.task(point, 0)), "its cases differ in its own parameters"));
            }
        }
    }
}

/// No task waits for itself, directly or not.
fn order(plan: &Plan, found: &mut Vec<Fault>) {
    let mut position = vec![usize::MAX; plan.task_count()];
    for (place, task) in super::shards::topological(plan).into_iter().enumerate() {
        position[task.index()] = place;
    }
    for task in plan.tasks() {
        for &upstream in plan.upstream(task) {
            if position[upstream.index()] >= position[task.index()] {
                found.push(fault(plan.key(task), format!("it waits for {}, which waits for it", plan.key(upstream))));
            }
        }
    }
}

/// Every task is in a wave, with all that it needs before it.
fn shards(plan: &Plan, found: &mut Vec<Fault>) {
    let Some(shards) = &plan.shards else { return };
    for task in plan.tasks() {
        let waves = shards.waves(task);
        if waves.is_empty() && !shards.leaves_out(task) {
            found.push(fault(plan.key(task), "no shard runs it"));
        }
        for wave in waves {
            let reachable = |upstream: &TaskId| {
                shards.leaves_out(*upstream)
                    || shards.runs(Wave::Prepare, *upstream)
                    || shards.runs(wave, *upstream)
                    || wave == Wave::Finish
            };
            if let Some(&missing) = plan.upstream(task).iter().find(|upstream| !reachable(upstream)) {
                found.push(fault(plan.key(task), format!("{} is not there when it runs", plan.key(missing))));
            }
        }
    }
    let rounds_apart = plan.suite.stages.iter().enumerate().filter(|(_, stage)| stage.repeat.is_some());
    for (index, _) in rounds_apart {
        let tasks = plan.stage_tasks(index);
        for point in 0..tasks.points() {
            let missing = tasks.tasks(point).filter(|&task| !shards.leaves_out(task));
            let homes: BTreeSet<Vec<Wave>> = missing.map(|task| shards.waves(task)).collect();
            if homes.len() > 1 {
                found.push(fault(plan.key(tasks.task(point, 0)), "its repeats are in different shards"));
            }
        }
    }
}
