//! Dividing a plan over machines: prepare (wave 0), shards, finish.
//!
//! Leaves (tasks that no task of the shards waits for) are dealt out longest first, each to the shard
//! with the least work so far; what they need comes along. A task that several shards need is run
//! again in each while that costs little, else it runs once in wave 0, and its outputs travel by the
//! store. Tasks that gather others, and all that follows them, run in `finish`, unless one shard has
//! all they need.
//!
//! Source of the rule and of the 10 %: measured on a generator's sweep, where keeping shared upstream
//! work together made the longest of 16 shards 3.5 times as long as recomputing it.

use super::edges::gathers;
use super::resolve::resolve;
use super::{Plan, TaskId};
use crate::value::Decimal;
use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, BinaryHeap};

/// GitHub's limit of jobs in a matrix.
pub const MAX_SHARDS: u32 = 256;

/// Share of all work that may be spent on running shared upstream tasks again.
const RECOMPUTE: f64 = 0.10;

/// How to divide.
#[derive(Debug, Clone, PartialEq)]
pub struct ShardOptions {
    /// How many shards; fewer come out where there are fewer leaves.
    pub count: u32,
    /// Resources that all machines share, such as floating licences: name and units.
    pub site: Vec<(String, Decimal)>,
}

/// A part of a plan that one job runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Wave {
    /// Before the shards: shared upstream work.
    Prepare,
    /// A shard, from 1.
    Shard(u32),
    /// After the shards: what gathers them.
    Finish,
}

/// A plan divided.
#[derive(Debug, Clone, PartialEq)]
pub struct Shards {
    /// Number of shards.
    pub count: u32,
    /// The label of the machine that each shard wants.
    pub labels: Vec<Option<String>>,
    /// Expected seconds of each shard.
    pub expected: Vec<f64>,
    /// By task: where it runs; none for shared upstream work that runs wherever it is needed.
    assigned: Vec<Option<Wave>>,
    /// Shared upstream work: the shards that run it, ascending.
    shared: BTreeMap<TaskId, Vec<u32>>,
}

/// Why a plan cannot be divided so.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ShardError {
    /// More shards than a matrix holds, or none.
    #[error("{count} shards are asked for; a job matrix holds 1 to {MAX_SHARDS}")]
    Count {
        /// The number asked for.
        count: u32,
    },
    /// More shards than units of a resource that all share.
    #[error("{shards} shards share {units} of `{resource}`")]
    Site {
        /// The shards.
        shards: u32,
        /// The units.
        units: String,
        /// The resource.
        resource: String,
    },
    /// A task of wave 0 would need a task of a shard.
    #[error("{task} must run before the shards, and needs {needs}, which is in a shard")]
    Waves {
        /// The task.
        task: String,
        /// What it needs.
        needs: String,
    },
}

impl ShardError {
    /// Returns what to do about it.
    pub fn hint(&self) -> &'static str {
        match self {
            ShardError::Count { .. } => "give `--shards` a number in that range",
            ShardError::Site { .. } => "ask for at most one shard a unit, since every shard needs one",
            ShardError::Waves { .. } => {
                "the plan needs more waves than prepare, shards, finish: give the stages one `runner`"
            }
        }
    }
}

impl Shards {
    pub(super) fn from_parts(
        count: u32,
        labels: Vec<Option<String>>,
        expected: Vec<f64>,
        assigned: Vec<Option<Wave>>,
        shared: BTreeMap<TaskId, Vec<u32>>,
    ) -> Shards {
        Shards { count, labels, expected, assigned, shared }
    }

    /// Returns the number of tasks.
    pub(super) fn len(&self) -> usize {
        self.assigned.len()
    }

    /// Returns the one wave of a task; none for shared upstream work.
    pub(super) fn assignment(&self, task: TaskId) -> Option<Wave> {
        self.assigned[task.index()]
    }

    /// Tells whether a wave runs a task.
    pub fn runs(&self, wave: Wave, task: TaskId) -> bool {
        match (self.assigned[task.index()], wave) {
            (Some(assigned), wave) => assigned == wave,
            (None, Wave::Shard(number)) => {
                self.shared.get(&task).is_some_and(|shards| shards.binary_search(&number).is_ok())
            }
            (None, Wave::Prepare | Wave::Finish) => false,
        }
    }

    /// Returns the waves that run a task, in order; at least one.
    pub fn waves(&self, task: TaskId) -> Vec<Wave> {
        match self.assigned[task.index()] {
            Some(wave) => vec![wave],
            None => self.shared.get(&task).into_iter().flatten().map(|&number| Wave::Shard(number)).collect(),
        }
    }

    /// Returns the tasks of a wave, ascending.
    pub fn tasks(&self, wave: Wave) -> Vec<TaskId> {
        (0..self.assigned.len() as u32).map(TaskId).filter(|&task| self.runs(wave, task)).collect()
    }
}

/// Divides a plan. `expected` holds the seconds of each task.
pub fn shard(plan: &Plan, expected: &[f32], options: &ShardOptions) -> Result<Shards, ShardError> {
    if options.count == 0 || options.count > MAX_SHARDS {
        return Err(ShardError::Count { count: options.count });
    }
    let count = plan.task_count();
    let stages = &plan.suite.stages;
    let cost = |task: TaskId| f64::from(expected[task.index()]);
    let order = topological(plan);

    // What gathers, and what follows it.
    let gathering: Vec<bool> =
        stages.iter().map(|stage| stage.inputs.iter().any(|input| gathers(&input.source))).collect();
    let mut late = vec![false; count];
    for &task in &order {
        late[task.index()] =
            gathering[plan.stage_of(task)] || plan.upstream(task).iter().any(|upstream| late[upstream.index()]);
    }

    // Leaves: one unit for all repeats of a point.
    let mut needed = vec![false; count];
    for task in plan.tasks().filter(|task| !late[task.index()]) {
        plan.upstream(task).iter().for_each(|upstream| needed[upstream.index()] = true);
    }
    let labels = labels_by_task(plan);
    let mut units: BTreeMap<Option<String>, Vec<(f64, Vec<TaskId>)>> = BTreeMap::new();
    for (stage, tasks) in (0..stages.len()).map(|stage| (stage, plan.stage_tasks(stage))) {
        for point in 0..tasks.points() {
            let members: Vec<TaskId> = tasks.tasks(point).collect();
            let first = members[0];
            if late[first.index()] || members.iter().any(|task| needed[task.index()]) {
                continue;
            }
            let seconds = members.iter().map(|&task| cost(task)).sum();
            units.entry(label_of(&labels, plan, stage, first)).or_default().push((seconds, members));
        }
    }

    let (shard_labels, mut assigned, mut expected_seconds) = deal(options.count, units, count);
    let shards = shard_labels.len() as u32;
    check_site(options, shards)?;

    // Which shards need each upstream task.
    let mut wanted: BTreeMap<TaskId, BTreeSet<u32>> = BTreeMap::new();
    for &task in order.iter().rev() {
        if late[task.index()] {
            continue;
        }
        let mine: BTreeSet<u32> = match assigned[task.index()] {
            Some(Wave::Shard(number)) => [number].into(),
            _ => wanted.get(&task).cloned().unwrap_or_default(),
        };
        for &upstream in plan.upstream(task) {
            wanted.entry(upstream).or_default().extend(&mine);
        }
    }
    let total: f64 = plan.tasks().filter(|task| !late[task.index()]).map(cost).sum();
    let mut budget = total * RECOMPUTE;
    let mut prepare: BTreeSet<TaskId> = BTreeSet::new();
    let mut by_price: Vec<(f64, TaskId)> = Vec::new();
    for (&task, needed_by) in &wanted {
        if late[task.index()] {
            continue;
        }
        let label = label_of(&labels, plan, plan.stage_of(task), task);
        if needed_by.iter().any(|&number| shard_labels[number as usize - 1] != label) {
            prepare.insert(task);
        } else if needed_by.len() > 1 {
            by_price.push((cost(task) * (needed_by.len() - 1) as f64, task));
        }
    }
    by_price.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
    for (price, task) in by_price {
        if price <= budget {
            budget -= price;
        } else {
            prepare.insert(task);
        }
    }
    // What wave 0 needs runs there too.
    let mut open: Vec<TaskId> = prepare.iter().copied().collect();
    while let Some(task) = open.pop() {
        open.extend(plan.upstream(task).iter().copied().filter(|&upstream| prepare.insert(upstream)));
    }

    let mut shared = BTreeMap::new();
    for (task, needed_by) in wanted {
        if late[task.index()] || assigned[task.index()].is_some() {
            continue;
        }
        if prepare.contains(&task) {
            assigned[task.index()] = Some(Wave::Prepare);
            continue;
        }
        needed_by.iter().for_each(|&number| expected_seconds[number as usize - 1] += cost(task));
        match needed_by.iter().next() {
            Some(&number) if needed_by.len() == 1 => assigned[task.index()] = Some(Wave::Shard(number)),
            _ => {
                shared.insert(task, needed_by.into_iter().collect());
            }
        }
    }
    let mut result = Shards { count: shards, labels: shard_labels, expected: expected_seconds, assigned, shared };
    place_late(plan, &order, &late, &mut result, &cost);
    // Upstream tasks that only late tasks need are in no shard yet.
    for &task in order.iter().rev() {
        if result.assigned[task.index()].is_none() && !result.shared.contains_key(&task) {
            let wave = if late[task.index()] { Wave::Finish } else { Wave::Prepare };
            result.assigned[task.index()] = Some(wave);
        }
    }
    check_waves(plan, &result)?;
    Ok(result)
}

/// Deals units out, longest first, each to the shard of its label with the least work.
#[expect(clippy::type_complexity, reason = "used once, by its only caller")]
fn deal(
    count: u32,
    units: BTreeMap<Option<String>, Vec<(f64, Vec<TaskId>)>>,
    tasks: usize,
) -> (Vec<Option<String>>, Vec<Option<Wave>>, Vec<f64>) {
    let total: f64 = units.values().flatten().map(|(seconds, _)| seconds).sum();
    let mut left = count;
    let mut labels = Vec::new();
    let mut assigned = vec![None; tasks];
    let mut expected = Vec::new();
    let mut labels_left = units.len() as u32;
    for (label, mut members) in units {
        let work: f64 = members.iter().map(|(seconds, _)| seconds).sum();
        labels_left -= 1;
        let fair = if total > 0.0 { (f64::from(count) * work / total).round() as u32 } else { count };
        let most = left.saturating_sub(labels_left).max(1);
        let mine = fair.clamp(1, most).min(members.len() as u32).max(1);
        left = left.saturating_sub(mine);
        let first = labels.len() as u32;
        labels.extend((0..mine).map(|_| label.clone()));
        expected.extend((0..mine).map(|_| 0.0));
        members.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
        // Seconds as whole microseconds, so that the heap has an order; ties go to the lower shard.
        let mut heap: BinaryHeap<Reverse<(u64, u32, u32)>> = (0..mine).map(|number| Reverse((0, 0, number))).collect();
        for (seconds, tasks) in members {
            let Some(Reverse((load, held, number))) = heap.pop() else { break };
            for task in &tasks {
                assigned[task.index()] = Some(Wave::Shard(first + number + 1));
            }
            expected[(first + number) as usize] += seconds;
            heap.push(Reverse((load + (seconds * 1e6) as u64, held + 1, number)));
        }
    }
    (labels, assigned, expected)
}

fn check_site(options: &ShardOptions, shards: u32) -> Result<(), ShardError> {
    for (resource, units) in &options.site {
        if *units < Decimal::from(i64::from(shards)) {
            return Err(ShardError::Site { shards, units: units.to_string(), resource: resource.clone() });
        }
    }
    Ok(())
}

/// Puts a gathering task into the shard that has all it needs, else into `finish`.
fn place_late(plan: &Plan, order: &[TaskId], late: &[bool], shards: &mut Shards, cost: &dyn Fn(TaskId) -> f64) {
    for &task in order.iter().filter(|task| late[task.index()]) {
        let mut homes: Option<BTreeSet<Wave>> = None;
        for &upstream in plan.upstream(task) {
            let waves: BTreeSet<Wave> = shards.waves(upstream).into_iter().collect();
            if waves.contains(&Wave::Prepare) {
                continue;
            }
            homes = Some(match homes {
                None => waves,
                Some(homes) => homes.intersection(&waves).copied().collect(),
            });
        }
        let home = homes.and_then(|homes| homes.first().copied()).unwrap_or(Wave::Finish);
        if let Wave::Shard(number) = home {
            shards.expected[number as usize - 1] += cost(task);
        }
        shards.assigned[task.index()] = Some(home);
    }
}

fn check_waves(plan: &Plan, shards: &Shards) -> Result<(), ShardError> {
    for task in plan.tasks() {
        for wave in shards.waves(task) {
            for &upstream in plan.upstream(task) {
                let before = shards.waves(upstream).iter().any(|&other| match (other, wave) {
                    (Wave::Prepare, _) | (_, Wave::Finish) => true,
                    (other, wave) => other == wave,
                });
                if !before {
                    let (task, needs) = (plan.key(task).to_string(), plan.key(upstream).to_string());
                    return Err(ShardError::Waves { task, needs });
                }
            }
        }
    }
    Ok(())
}

/// Returns the tasks in an order in which each comes after what it waits for.
pub(super) fn topological(plan: &Plan) -> Vec<TaskId> {
    let mut done = vec![false; plan.task_count()];
    let mut order = Vec::with_capacity(done.len());
    for task in plan.tasks() {
        let mut stack = vec![task];
        while let Some(&top) = stack.last() {
            if done[top.index()] {
                stack.pop();
                continue;
            }
            let before = stack.len();
            stack.extend(plan.upstream(top).iter().copied().filter(|upstream| !done[upstream.index()]));
            if stack.len() == before {
                done[top.index()] = true;
                order.push(top);
                stack.pop();
            }
        }
    }
    order
}

/// Labels of tasks whose stage names one: by stage, by point.
fn labels_by_task(plan: &Plan) -> BTreeMap<usize, Vec<Option<String>>> {
    let stages = plan.suite.stages.iter().enumerate().filter(|(_, stage)| stage.runner.is_some());
    stages
        .map(|(index, _)| {
            let tasks = plan.stage_tasks(index);
            let label = |point| {
                // The plan has resolved its tasks once, so this one resolves too.
                resolve(plan, tasks.task(point, 0), &BTreeMap::new()).ok().and_then(|task| task.runner)
            };
            (index, (0..tasks.points()).map(label).collect())
        })
        .collect()
}

fn label_of(labels: &BTreeMap<usize, Vec<Option<String>>>, plan: &Plan, stage: usize, task: TaskId) -> Option<String> {
    let (_, point, _) = plan.locate(task);
    labels.get(&stage).and_then(|labels| labels[point as usize].clone())
}
