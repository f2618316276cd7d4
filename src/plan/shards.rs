//! Dividing a plan over machines: prepare (wave 0), shards, finish.
//!
//! Leaves (points that no point of the shards waits for) are dealt out so that the longest shard is as
//! short as can be; what they need comes along, and all repeats of a point stay together. A point that
//! several shards need is run again in each while that costs little, else it runs once in wave 0, and
//! its outputs travel by the store; so does what needs another machine than its leaf. Points that
//! gather others, and all that follows them, run in `finish`, unless one shard has all they need.
//!
//! Source of the rule and of the 10 %: measured on a generator's sweep, where keeping shared upstream
//! work together made the longest of 16 shards 3.5 times as long as recomputing it.

use super::deal::{Unit, deal};
use super::edges::gathers;
use super::labels::Labels;
use super::{Plan, TaskId};
use crate::value::Decimal;
use std::collections::{BTreeMap, BTreeSet};

/// GitHub's limit of jobs in a matrix.
pub const MAX_SHARDS: u32 = 256;

/// Share of all work that may be spent on running shared upstream tasks again.
const RECOMPUTE: f64 = 0.10;

/// How to divide.
#[derive(Debug, Clone, PartialEq)]
pub struct ShardOptions {
    /// How many shards. Fewer come out where there are fewer leaves, more where the tasks want more
    /// different machines.
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
    /// Whether tasks that were final before are left out: a further wave of a run.
    is_further: bool,
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
    /// Every label of a machine needs a shard, and there are more than a matrix holds.
    #[error("the tasks want {labels} different machines; a job matrix holds {MAX_SHARDS} shards")]
    Labels {
        /// The number of labels.
        labels: usize,
    },
    /// More shards than units of a resource that all share.
    #[error("{shards} shards would share {units} of `{resource}`")]
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
            ShardError::Labels { .. } => "plan a part of the suite, with `--where` or `--stage`",
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
        is_further: bool,
    ) -> Shards {
        Shards { count, labels, expected, assigned, shared, is_further }
    }

    /// Tells whether this is a further wave: it leaves out tasks that were final before.
    pub fn is_further(&self) -> bool {
        self.is_further
    }

    /// Tells whether a task is left out of a further wave, since it was final before.
    pub fn leaves_out(&self, task: TaskId) -> bool {
        self.is_further && self.assigned[task.index()].is_none() && !self.shared.contains_key(&task)
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

    /// Returns the waves that run a task, in order; none if it is left out, else at least one.
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
    divide(plan, expected, options, Vec::new())
}

/// Divides what is missing of a plan, as a further wave: tasks that are `done` are final, and what they
/// left is at hand. No shard comes out if all that is missing follows the shards, or nothing is.
pub fn shard_missing(
    plan: &Plan,
    expected: &[f32],
    options: &ShardOptions,
    done: &dyn Fn(TaskId) -> bool,
) -> Result<Shards, ShardError> {
    divide(plan, expected, options, plan.tasks().map(done).collect())
}

/// `done` is empty for a whole plan.
fn divide(plan: &Plan, expected: &[f32], options: &ShardOptions, done: Vec<bool>) -> Result<Shards, ShardError> {
    let is_further = !done.is_empty();
    if options.count == 0 || options.count > MAX_SHARDS {
        return Err(ShardError::Count { count: options.count });
    }
    let labels = Labels::new(plan);
    if labels.names().len() > MAX_SHARDS as usize {
        return Err(ShardError::Labels { labels: labels.names().len() });
    }
    let points = Points::new(plan, expected, done);
    let late = points.late();
    let leaves = points.leaves(&late);
    let total: f64 = leaves.iter().chain(&points.needed_by(&leaves)).map(|&point| points.cost(point)).sum();

    // What another machine must make before: it costs the shards nothing.
    let mut prepared = Marks::new(plan);
    for &leaf in &leaves {
        let label = labels.of(leaf);
        points.visit_upstream(leaf, &mut |upstream| {
            if labels.of(upstream) != label {
                prepared.add(upstream);
            }
        });
    }
    points.close_upstream(&mut prepared);

    // Deal; take what is run again too often out, and deal again.
    let mut dealt;
    loop {
        let units = units(&points, &labels, &leaves, &prepared);
        dealt = deal(options.count, labels.names().len(), units, &|point| points.cost(point));
        let needs = points.shards_by_point(&leaves, &dealt.shards);
        let mut budget = total * RECOMPUTE;
        let mut prices: Vec<(f64, TaskId)> = needs
            .iter()
            .filter(|(point, shards)| shards.len() > 1 && !prepared.has(**point))
            .map(|(&point, shards)| (points.cost(point) * (shards.len() - 1) as f64, point))
            .collect();
        prices.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
        let mut added = false;
        for (price, point) in prices {
            if price <= budget {
                budget -= price;
            } else {
                added |= prepared.add(point);
            }
        }
        if !added {
            break;
        }
        points.close_upstream(&mut prepared);
    }

    let count = dealt.labels.len() as u32;
    let labels_of_shards = dealt.labels.iter().map(|&label| labels.names()[label].clone()).collect();
    let mut result = Shards {
        count,
        labels: labels_of_shards,
        expected: vec![0.0; count as usize],
        assigned: vec![None; plan.task_count()],
        shared: BTreeMap::new(),
        is_further,
    };
    for (&leaf, &shard) in leaves.iter().zip(&dealt.shards) {
        points.each_round(leaf, &mut |task| result.assigned[task.index()] = Some(Wave::Shard(shard)));
        result.expected[shard as usize - 1] += points.cost(leaf);
    }
    for (point, shards) in points.shards_by_point(&leaves, &dealt.shards) {
        if prepared.has(point) {
            points.each_round(point, &mut |task| result.assigned[task.index()] = Some(Wave::Prepare));
            continue;
        }
        for &shard in &shards {
            result.expected[shard as usize - 1] += points.cost(point);
        }
        if let [shard] = shards.as_slice() {
            points.each_round(point, &mut |task| result.assigned[task.index()] = Some(Wave::Shard(*shard)));
        } else {
            points.each_round(point, &mut |task| {
                result.shared.insert(task, shards.clone());
            });
        }
    }
    place_late(&points, &late, &labels, &dealt.labels, &mut result);
    check_site(plan, options, &result)?;
    check_waves(plan, &result)?;
    Ok(result)
}

/// Returns the leaves as units of work: what only one of them needs is part of it.
fn units(points: &Points<'_>, labels: &Labels, leaves: &[TaskId], prepared: &Marks) -> Vec<Unit> {
    let mut users = vec![0u32; points.plan.task_count()];
    for &leaf in leaves {
        points.visit_upstream(leaf, &mut |upstream| users[upstream.index()] += 1);
    }
    leaves
        .iter()
        .map(|&leaf| {
            let mut unit = Unit { seconds: points.cost(leaf), label: labels.of(leaf), shared: Vec::new() };
            points.visit_upstream(leaf, &mut |upstream| {
                if users[upstream.index()] == 1 {
                    unit.seconds += if prepared.has(upstream) { 0.0 } else { points.cost(upstream) };
                } else if !prepared.has(upstream) {
                    unit.shared.push(upstream);
                }
            });
            unit.shared.sort_unstable();
            unit
        })
        .collect()
}

/// Points that are marked, by their first task.
struct Marks(Vec<bool>);

impl Marks {
    fn new(plan: &Plan) -> Marks {
        Marks(vec![false; plan.task_count()])
    }

    fn has(&self, point: TaskId) -> bool {
        self.0[point.index()]
    }

    /// Marks a point; tells whether it was not marked before.
    fn add(&mut self, point: TaskId) -> bool {
        !std::mem::replace(&mut self.0[point.index()], true)
    }
}

/// The points of a plan, each named by the first of its rounds: repeats are never divided. Points of
/// which nothing is missing count as if they were not there.
struct Points<'a> {
    plan: &'a Plan,
    expected: &'a [f32],
    /// By task, empty for none: final before.
    done: Vec<bool>,
    /// Each after what it waits for.
    order: Vec<TaskId>,
}

impl<'a> Points<'a> {
    fn new(plan: &'a Plan, expected: &'a [f32], done: Vec<bool>) -> Points<'a> {
        let mut points = Points { plan, expected, done, order: Vec::new() };
        let mut order = topological(plan);
        order.retain(|&task| plan.locate(task).2 == 0 && points.is_open(task));
        points.order = order;
        points
    }

    /// Tells whether any round of a point is missing.
    fn is_open(&self, point: TaskId) -> bool {
        let mut open = false;
        self.each_round(point, &mut |_| open = true);
        open
    }

    /// Returns the open points that a point waits for; one may come more than once.
    fn upstream(&self, point: TaskId) -> impl Iterator<Item = TaskId> + '_ {
        self.plan.upstream(point).iter().map(|&task| self.of(task)).filter(|&upstream| self.is_open(upstream))
    }

    fn of(&self, task: TaskId) -> TaskId {
        let (stage, point, _) = self.plan.locate(task);
        self.plan.stage_tasks(stage).task(point, 0)
    }

    /// Visits the rounds of a point that are missing.
    fn each_round(&self, point: TaskId, visit: &mut dyn FnMut(TaskId)) {
        let rounds = self.plan.stage_tasks(self.plan.stage_of(point)).rounds();
        let is_done = |task: &TaskId| self.done.get(task.index()).copied().unwrap_or(false);
        (point.0..point.0 + rounds).map(TaskId).filter(|task| !is_done(task)).for_each(visit);
    }

    /// Returns the expected seconds of all rounds that are missing.
    fn cost(&self, point: TaskId) -> f64 {
        let mut seconds = 0.0;
        self.each_round(point, &mut |task| seconds += f64::from(self.expected[task.index()]));
        seconds
    }

    /// Tells by point whether it gathers, or follows one that does.
    fn late(&self) -> Marks {
        let stages = &self.plan.suite.stages;
        let gathering: Vec<bool> =
            stages.iter().map(|stage| stage.inputs.iter().any(|input| gathers(&input.source))).collect();
        let mut late = Marks::new(self.plan);
        for &point in &self.order {
            let follows = self.upstream(point).any(|upstream| late.has(upstream));
            if follows || gathering[self.plan.stage_of(point)] {
                late.add(point);
            }
        }
        late
    }

    /// Returns the points of the shards that no other point of the shards waits for, in plan order.
    fn leaves(&self, late: &Marks) -> Vec<TaskId> {
        let mut needed = Marks::new(self.plan);
        for &point in self.order.iter().filter(|&&point| !late.has(point)) {
            for upstream in self.upstream(point) {
                needed.add(upstream);
            }
        }
        let mut leaves: Vec<TaskId> =
            self.order.iter().copied().filter(|&point| !late.has(point) && !needed.has(point)).collect();
        leaves.sort_unstable();
        leaves
    }

    /// Visits all that a point waits for, directly or not, once each.
    fn visit_upstream(&self, point: TaskId, visit: &mut dyn FnMut(TaskId)) {
        let mut seen: BTreeSet<TaskId> = BTreeSet::new();
        let mut open = vec![point];
        while let Some(next) = open.pop() {
            for upstream in self.upstream(next) {
                if seen.insert(upstream) {
                    visit(upstream);
                    open.push(upstream);
                }
            }
        }
    }

    /// Returns all that the leaves wait for, once each.
    fn needed_by(&self, leaves: &[TaskId]) -> Vec<TaskId> {
        let mut needed = Marks::new(self.plan);
        leaves.iter().for_each(|&leaf| self.visit_upstream(leaf, &mut |upstream| _ = needed.add(upstream)));
        self.order.iter().copied().filter(|&point| needed.has(point)).collect()
    }

    /// Marks all that the marked points wait for.
    fn close_upstream(&self, marks: &mut Marks) {
        for &point in self.order.iter().rev() {
            if marks.has(point) {
                for upstream in self.upstream(point) {
                    marks.add(upstream);
                }
            }
        }
    }

    /// Returns, by point that leaves wait for, the shards of those leaves, ascending.
    fn shards_by_point(&self, leaves: &[TaskId], shards: &[u32]) -> BTreeMap<TaskId, Vec<u32>> {
        let mut found: BTreeMap<TaskId, BTreeSet<u32>> = BTreeMap::new();
        for (&leaf, &shard) in leaves.iter().zip(shards) {
            self.visit_upstream(leaf, &mut |upstream| _ = found.entry(upstream).or_default().insert(shard));
        }
        found.into_iter().map(|(point, shards)| (point, shards.into_iter().collect())).collect()
    }
}

/// Refuses more shards than units of a resource: only shards that hold a task which uses it count.
fn check_site(plan: &Plan, options: &ShardOptions, shards: &Shards) -> Result<(), ShardError> {
    for (resource, units) in &options.site {
        let uses = |task: TaskId| {
            let named = &plan.suite.stages[plan.stage_of(task)].uses.named;
            named.iter().any(|(name, amount)| name == resource && !amount.is_zero())
        };
        let mut users = BTreeSet::new();
        plan.tasks().filter(|&task| uses(task)).for_each(|task| users.extend(shards.waves(task)));
        let count = users.iter().filter(|wave| matches!(wave, Wave::Shard(_))).count() as u32;
        if *units < Decimal::from(i64::from(count)) {
            return Err(ShardError::Site { shards: count, units: units.to_string(), resource: resource.clone() });
        }
    }
    Ok(())
}

/// Puts a gathering point into the shard that has all it needs, else into `finish`.
fn place_late(points: &Points<'_>, late: &Marks, labels: &Labels, shard_labels: &[usize], shards: &mut Shards) {
    for &point in points.order.iter().filter(|&&point| late.has(point)) {
        let mut homes: Option<BTreeSet<Wave>> = None;
        for upstream in points.upstream(point) {
            let waves: BTreeSet<Wave> = shards.waves(upstream).into_iter().collect();
            if waves.contains(&Wave::Prepare) {
                continue;
            }
            homes = Some(match homes {
                None => waves,
                Some(homes) => homes.intersection(&waves).copied().collect(),
            });
        }
        let fits = |wave: &Wave| match wave {
            Wave::Shard(number) => shard_labels[*number as usize - 1] == labels.of(point),
            Wave::Prepare | Wave::Finish => true,
        };
        let home = homes.and_then(|homes| homes.into_iter().find(fits)).unwrap_or(Wave::Finish);
        if let Wave::Shard(number) = home {
            shards.expected[number as usize - 1] += points.cost(point);
        }
        points.each_round(point, &mut |task| shards.assigned[task.index()] = Some(home));
    }
}

fn check_waves(plan: &Plan, shards: &Shards) -> Result<(), ShardError> {
    for task in plan.tasks() {
        for wave in shards.waves(task) {
            for &upstream in plan.upstream(task).iter().filter(|&&upstream| !shards.leaves_out(upstream)) {
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
