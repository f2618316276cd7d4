//! Measures the same thing of several commits in turn, again and again, so that what the machine does
//! meanwhile reaches all alike.
//!
//! In: sides, and what to measure of each. Out: turns, each with one reading of every side. In every round
//! the points go in another order, and within a point the sides, both by the seed. What only has to be
//! built is built once; what rests on a measurement runs again in every round, unless it left the very same
//! behind twice.

use super::anew::{Anew, needed};
use super::side::{Side, left_behind};
use super::stopping::Stop;
use crate::compare::{Measurement, Reading};
use crate::plan::{Plan, TaskId};
use crate::stats::Random;
use crate::steps::StepError;
use crate::suite::StageIndex;
use crate::value::Digest;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::Arc;
use tokio::runtime::Runtime;

/// Rounds in which a point may give no reading before it is left alone.
const PATIENCE: u32 = 2;

/// What is to be measured.
pub(super) struct Wanted {
    /// By side.
    pub(super) at: Vec<Measurement>,
    /// There is no noise: one round is enough.
    pub(super) exact: bool,
}

/// How to measure.
pub(super) struct Terms<'a> {
    /// How often.
    pub(super) rounds: u32,
    /// Decides the order.
    pub(super) seed: u64,
    /// How many points may be measured at a time, where their stages are not exclusive.
    pub(super) jobs: usize,
    /// What the sides are called.
    pub(super) names: &'a [&'a str],
    /// Hears signals while tasks run.
    pub(super) runtime: &'a Runtime,
    /// Hears them in between.
    pub(super) stop: &'a Stop,
}

/// One reading of every side.
pub(super) struct Turn {
    /// By side.
    pub(super) readings: Vec<Reading>,
    /// The side that was measured first.
    pub(super) first: usize,
}

/// What was measured of one thing.
#[derive(Default)]
pub(super) struct Turns {
    /// In the order of the rounds; one in which a side gave nothing is left out.
    pub(super) turns: Vec<Turn>,
    /// Why there are fewer than wanted: the first reason.
    pub(super) trouble: Option<String>,
}

/// All that is measured at one task of each side.
struct Target {
    /// Indices of what is wanted.
    wanted: Vec<usize>,
    /// By side.
    places: Vec<(StageIndex, u32)>,
    exact: bool,
    failures: u32,
}

/// Measures; `tell` hears what is about to happen.
pub(super) fn measure_in_turn(
    sides: &mut [Side],
    wanted: &[Wanted],
    terms: &Terms<'_>,
    tell: &mut dyn FnMut(&str),
) -> Result<Vec<Turns>, StepError> {
    let mut found: Vec<Turns> = wanted.iter().map(|_| Turns::default()).collect();
    let targets = targets(sides, wanted, terms, &mut found);
    let plans: Vec<_> = sides.iter().map(|side| side.plan.clone()).collect();
    let groups = groups(&plans, &targets);
    let (left, settled) = (vec![HashMap::new(); sides.len()], vec![HashSet::new(); sides.len()]);
    let mut turns = InTurn { wanted, targets, terms, left, settled };
    for (number, (side, name)) in sides.iter_mut().zip(terms.names).enumerate() {
        let once = turns.needed_once(&side.plan, number);
        if !once.is_empty() && terms.stop.heard().is_none() {
            tell(&format!("{name}: {} to run once", tasks(once.len())));
            side.carry_out(terms.runtime, &once, true)?;
        }
    }
    let mut random = Random::new(terms.seed);
    let warmups = turns.warmups(&plans);
    for round in 0..warmups {
        if turns.is_stopped(sides) {
            break;
        }
        tell(&format!("warm-up {} of {warmups}", round + 1));
        turns.round(sides, &groups, Round::Warmup(round), &mut random, &mut found)?;
    }
    for round in 0..terms.rounds {
        if turns.is_stopped(sides) || turns.targets.iter().all(|target| !turns.is_active(target, round)) {
            break;
        }
        tell(&format!("round {} of {}", round + 1, terms.rounds));
        turns.round(sides, &groups, Round::Measured(round), &mut random, &mut found)?;
    }
    Ok(found)
}

fn tasks(count: usize) -> String {
    if count == 1 { "1 task".to_owned() } else { format!("{count} tasks") }
}

/// Finds the tasks that measure what is wanted.
fn targets(sides: &mut [Side], wanted: &[Wanted], terms: &Terms<'_>, found: &mut [Turns]) -> Vec<Target> {
    let mut targets: BTreeMap<Vec<(StageIndex, u32)>, Target> = BTreeMap::new();
    for (index, Wanted { at, exact }) in wanted.iter().enumerate() {
        let mut places = Vec::new();
        for ((side, at), name) in sides.iter_mut().zip(at).zip(terms.names) {
            match side.locate(at) {
                Some(place) => places.push(place),
                None => {
                    let trouble = format!("{name}: its suite does not plan {}/{}", at.stage, at.point);
                    found[index].trouble.get_or_insert(trouble);
                }
            }
        }
        if places.len() == sides.len() {
            let new = || Target { wanted: Vec::new(), places: places.clone(), exact: true, failures: 0 };
            let target = targets.entry(places.clone()).or_insert_with(new);
            target.wanted.push(index);
            target.exact &= exact;
        }
    }
    targets.into_values().collect()
}

/// Gathers targets that share what has to run again: they are measured together.
fn groups(plans: &[Arc<Plan>], targets: &[Target]) -> Vec<Vec<usize>> {
    let mut group_of: Vec<usize> = (0..targets.len()).collect();
    let mut owners: HashMap<(usize, TaskId), usize> = HashMap::new();
    for (side, plan) in plans.iter().enumerate() {
        let mut anew = Anew::new(plan);
        for (index, target) in targets.iter().enumerate() {
            for task in anew.of(measured_task(plan, target.places[side], 0)) {
                let owner = *owners.entry((side, task)).or_insert(index);
                let (from, to) = (group_of[index].max(group_of[owner]), group_of[index].min(group_of[owner]));
                group_of.iter_mut().filter(|group| **group == from).for_each(|group| *group = to);
            }
        }
    }
    let mut groups: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    for (index, group) in group_of.into_iter().enumerate() {
        groups.entry(group).or_default().push(index);
    }
    groups.into_values().collect()
}

/// Returns the task that measures a point in a round: its repeats one after the other.
fn measured_task(plan: &Plan, (stage, point): (StageIndex, u32), round: u32) -> TaskId {
    let tasks = plan.stage_tasks(stage);
    let warmups = tasks.warmup_rounds();
    tasks.task(point, warmups + round % (tasks.rounds() - warmups).max(1))
}

/// Which round it is.
#[derive(Debug, Clone, Copy)]
enum Round {
    /// Its readings do not count.
    Warmup(u32),
    Measured(u32),
}

struct InTurn<'a> {
    wanted: &'a [Wanted],
    targets: Vec<Target>,
    terms: &'a Terms<'a>,
    /// By side: what tasks before the targets left behind.
    left: Vec<HashMap<TaskId, Digest>>,
    /// By side: those that left the same twice.
    settled: Vec<HashSet<TaskId>>,
}

impl InTurn<'_> {
    /// Returns the tasks that are needed and do not have to run again.
    fn needed_once(&self, plan: &Plan, side: usize) -> BTreeSet<TaskId> {
        let mut anew = Anew::new(plan);
        let mut again = BTreeSet::new();
        for target in &self.targets {
            let (stage, point) = target.places[side];
            for task in plan.stage_tasks(stage).tasks(point) {
                again.extend(anew.of(task));
            }
        }
        let mut once = needed(plan, again.iter().copied());
        once.retain(|task| !again.contains(task));
        once
    }

    fn warmups(&self, plans: &[Arc<Plan>]) -> u32 {
        let places = self.targets.iter().flat_map(|target| target.places.iter().zip(plans));
        places.map(|(&(stage, _), plan)| plan.stage_tasks(stage).warmup_rounds()).max().unwrap_or(0)
    }

    fn is_active(&self, target: &Target, round: u32) -> bool {
        (round == 0 || !target.exact) && target.failures < PATIENCE
    }

    fn is_stopped(&self, sides: &[Side]) -> bool {
        self.terms.stop.heard().is_some() || sides.iter().any(|side| side.stopped.is_some())
    }

    /// Measures all groups once, in a random order.
    fn round(
        &mut self,
        sides: &mut [Side],
        groups: &[Vec<usize>],
        round: Round,
        random: &mut Random,
        found: &mut [Turns],
    ) -> Result<(), StepError> {
        let mut order: Vec<usize> = (0..groups.len()).collect();
        shuffle(&mut order, random);
        for block in self.blocks(sides, groups, &order) {
            let targets: Vec<usize> = match round {
                Round::Warmup(_) => block,
                Round::Measured(round) => {
                    block.into_iter().filter(|&target| self.is_active(&self.targets[target], round)).collect()
                }
            };
            let mut turn: Vec<usize> = (0..sides.len()).collect();
            shuffle(&mut turn, random);
            for &side in &turn {
                if targets.is_empty() || self.is_stopped(sides) {
                    return Ok(());
                }
                let tasks = self.tasks(&sides[side].plan, side, &targets, round);
                sides[side].carry_out(self.terms.runtime, &tasks, false)?;
                self.settle(side, &sides[side], &tasks);
            }
            if let Round::Measured(round) = round
                && !self.is_stopped(sides)
            {
                targets.iter().for_each(|&target| self.read(sides, target, round, turn[0], found));
            }
        }
        Ok(())
    }

    /// Divides groups, in an order, into blocks of targets that are measured at a time.
    fn blocks(&self, sides: &[Side], groups: &[Vec<usize>], order: &[usize]) -> Vec<Vec<usize>> {
        let mut blocks: Vec<Vec<usize>> = Vec::new();
        let mut room = 0;
        for &group in order {
            let alone = groups[group].iter().any(|&target| {
                let places = self.targets[target].places.iter().zip(sides);
                places.into_iter().any(|(&(stage, _), side)| side.plan.suite.stages[stage].exclusive)
            });
            if alone || room == 0 {
                blocks.push(Vec::new());
                room = if alone { 1 } else { self.terms.jobs.max(1) };
            }
            blocks.last_mut().expect("one was just made").extend(&groups[group]);
            room -= 1;
        }
        blocks
    }

    /// Returns the tasks that have to run for targets in a round.
    fn tasks(&self, plan: &Plan, side: usize, targets: &[usize], round: Round) -> BTreeSet<TaskId> {
        let mut anew = Anew::new(plan);
        let mut tasks = BTreeSet::new();
        for &target in targets {
            let (stage, point) = self.targets[target].places[side];
            let own = match round {
                Round::Measured(round) => measured_task(plan, (stage, point), round),
                Round::Warmup(round) if round < plan.stage_tasks(stage).warmup_rounds() => {
                    plan.stage_tasks(stage).task(point, round)
                }
                Round::Warmup(_) => continue,
            };
            let found = anew.of(own).into_iter();
            tasks.extend(found.filter(|task| *task == own || !self.settled[side].contains(task)));
        }
        tasks
    }

    /// Takes note of what tasks before the targets have left behind: the same twice will be the same again.
    fn settle(&mut self, number: usize, side: &Side, tasks: &BTreeSet<TaskId>) {
        for &task in tasks {
            let (stage, point, _) = side.plan.locate(task);
            let is_target = self.targets.iter().any(|target| target.places[number] == (stage, point));
            let Some(finished) = side.is_fresh(task).filter(|finished| finished.verdict.ran() && !is_target) else {
                continue;
            };
            let left = left_behind(finished);
            if self.left[number].insert(task, left) == Some(left) {
                self.settled[number].insert(task);
            }
        }
    }

    /// Takes the readings of a target.
    fn read(&mut self, sides: &[Side], target: usize, round: u32, first: usize, found: &mut [Turns]) {
        let Target { wanted, places, failures, .. } = &mut self.targets[target];
        let mut failed = false;
        for &index in wanted.iter() {
            let mut readings = Vec::new();
            for ((side, &place), (name, at)) in
                sides.iter().zip(places.iter()).zip(self.terms.names.iter().zip(&self.wanted[index].at))
            {
                match side.reading(measured_task(&side.plan, place, round), at) {
                    Ok(reading) => readings.push(reading),
                    Err(why) => {
                        found[index].trouble.get_or_insert(format!("{name}: {why}"));
                        failed = true;
                    }
                }
            }
            if readings.len() == sides.len() {
                found[index].turns.push(Turn { readings, first });
            }
        }
        *failures += u32::from(failed);
    }
}

fn shuffle(values: &mut [usize], random: &mut Random) {
    for last in (1..values.len()).rev() {
        values.swap(last, random.below(last + 1));
    }
}
