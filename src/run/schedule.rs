//! What runs next: pure bookkeeping over a plan, asked by the driver.
//!
//! A task is ready when all it waits for is final. Among ready tasks the one with the longest
//! expected way to the end goes first; repeats go by round, shuffled inside a round by a seed from
//! the plan, so that drift of the machine hits all points alike. Exclusive tasks wait until nothing
//! else can run, and then run one after another: the machine is drained once, not again and again.

use crate::ledger::Verdict;
use crate::plan::{Generator, Plan, TaskId};
use crate::suite::{Source, StageIndex};
use crate::value::{Decimal, Digest};
use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};

/// What the machine has, by resource: `cpu`, `memory` and named ones.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Limits {
    /// Tasks at a time.
    pub jobs: usize,
    /// Amount of each limited resource; one that is not here is unlimited.
    pub resources: BTreeMap<String, Decimal>,
}

/// State of a task.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// Not in this run, or not asked for.
    Out,
    Waiting,
    Ready,
    Running,
    Final(Verdict),
}

/// Order of a ready task: the greatest goes first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Priority {
    /// Earlier rounds first.
    round: Reverse<u32>,
    /// Microseconds to the end of its longest chain; 0 among repeats.
    way: u64,
    /// Random among repeats of a round, else plan order.
    tie: Reverse<u64>,
}

/// What to do with a task that the driver was given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Next {
    /// Run it.
    Run(TaskId),
    /// It cannot run, because of this task and for this reason.
    Skip(TaskId, TaskId, SkipReason),
    /// Nothing can start now; something is running.
    Wait,
    /// All is final.
    Done,
}

/// Why a task cannot run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SkipReason {
    /// It needs an output of a task that did not run to its end.
    Input,
    /// It is gated behind a task that did not pass.
    Gate,
    /// All tasks that it would gather did not run to their end.
    Nothing,
}

/// How a task depends on another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Need {
    Output,
    Gathered,
    Gate,
}

/// Which stages a stage needs, and how.
struct StageNeeds {
    inputs: Vec<StageIndex>,
    gathered: Vec<StageIndex>,
}

/// The bookkeeping of a run.
pub struct Schedule<'a> {
    plan: &'a Plan,
    limits: Limits,
    states: Vec<State>,
    waiting: Vec<u32>,
    downstream_offsets: Vec<u32>,
    downstream: Vec<TaskId>,
    priorities: Vec<Priority>,
    ready: BinaryHeap<(Priority, Reverse<TaskId>)>,
    exclusive: BinaryHeap<(Priority, Reverse<TaskId>)>,
    skips: Vec<(TaskId, TaskId, SkipReason)>,
    used: BTreeMap<String, Decimal>,
    running: usize,
    exclusive_running: bool,
    left: usize,
    needs: Vec<StageNeeds>,
    stopped: bool,
}

fn stage_needs(plan: &Plan) -> Vec<StageNeeds> {
    fn visit(source: &Source, needs: &mut StageNeeds) {
        match source {
            Source::Root(_) | Source::Output { baseline: true, .. } => {}
            Source::Output { stage, .. } => needs.inputs.push(*stage),
            Source::Rows(stage) | Source::Each { stage, .. } => needs.gathered.push(*stage),
            Source::Pick { from, .. } => from.iter().for_each(|(_, source)| visit(source, needs)),
        }
    }
    let of_stage = |stage: &crate::suite::Stage| {
        let mut needs = StageNeeds { inputs: Vec::new(), gathered: Vec::new() };
        stage.inputs.iter().for_each(|input| visit(&input.source, &mut needs));
        needs
    };
    plan.suite.stages.iter().map(of_stage).collect()
}

impl<'a> Schedule<'a> {
    /// Returns the schedule of the wanted tasks of a plan. `expected` holds seconds by task, `done`
    /// the verdict of tasks that are final already.
    pub fn new(
        plan: &'a Plan,
        limits: Limits,
        expected: &[f32],
        wanted: &dyn Fn(TaskId) -> bool,
        done: &dyn Fn(TaskId) -> Option<Verdict>,
    ) -> Schedule<'a> {
        let count = plan.task_count();
        let mut states = vec![State::Out; count];
        let mut left = 0;
        for task in plan.tasks() {
            states[task.index()] = match done(task) {
                Some(verdict) => State::Final(verdict),
                None if wanted(task) => {
                    left += 1;
                    State::Waiting
                }
                None => State::Out,
            };
        }
        // Reverse edges, as numbers in one list.
        let mut downstream_offsets = vec![0u32; count + 1];
        for task in plan.tasks() {
            plan.upstream(task).iter().for_each(|upstream| downstream_offsets[upstream.index() + 1] += 1);
        }
        for index in 0..count {
            downstream_offsets[index + 1] += downstream_offsets[index];
        }
        let mut downstream = vec![TaskId(0); downstream_offsets[count] as usize];
        let mut fill = downstream_offsets.clone();
        for task in plan.tasks() {
            for upstream in plan.upstream(task) {
                let place = &mut fill[upstream.index()];
                downstream[*place as usize] = task;
                *place += 1;
            }
        }
        let mut schedule = Schedule {
            plan,
            limits,
            states,
            waiting: vec![0; count],
            downstream_offsets,
            downstream,
            priorities: Vec::new(),
            ready: BinaryHeap::new(),
            exclusive: BinaryHeap::new(),
            skips: Vec::new(),
            used: BTreeMap::new(),
            running: 0,
            exclusive_running: false,
            left,
            needs: stage_needs(plan),
            stopped: false,
        };
        schedule.priorities = schedule.rank(expected);
        for task in plan.tasks() {
            if schedule.states[task.index()] != State::Waiting {
                continue;
            }
            // What is not in this run and not final never will be: it does not count as waiting,
            // and the look at its verdict says so.
            let open = plan.upstream(task).iter().filter(|upstream| !schedule.is_settled(**upstream)).count();
            schedule.waiting[task.index()] = open as u32;
            if open == 0 {
                schedule.make_ready(task);
            }
        }
        schedule
    }

    fn is_settled(&self, task: TaskId) -> bool {
        matches!(self.states[task.index()], State::Final(_) | State::Out)
    }

    fn downstream(&self, task: TaskId) -> &[TaskId] {
        let (start, end) = (self.downstream_offsets[task.index()], self.downstream_offsets[task.index() + 1]);
        &self.downstream[start as usize..end as usize]
    }

    fn rank(&self, expected: &[f32]) -> Vec<Priority> {
        let count = self.plan.task_count();
        let mut way = vec![0f64; count];
        // Nearly always downstream tasks have higher numbers; where not, the way is a little short,
        // which only affects the order.
        for index in (0..count).rev() {
            let task = TaskId(index as u32);
            let after = self.downstream(task).iter().map(|next| way[next.index()]).fold(0.0, f64::max);
            way[index] = after + f64::from(expected[index]);
        }
        let mut priorities = Vec::with_capacity(count);
        for (index, stage) in self.plan.suite.stages.iter().enumerate() {
            let tasks = self.plan.stage_tasks(index);
            if tasks.is_empty() {
                continue;
            }
            if tasks.rounds() == 1 {
                for task in (0..tasks.points()).map(|point| tasks.task(point, 0)) {
                    let way = (way[task.index()] * 1e6) as u64;
                    priorities.push(Priority { round: Reverse(0), way, tie: Reverse(u64::from(task.0)) });
                }
                continue;
            }
            let digest = Digest::of(format!("{} {}", self.plan.task_digest(), stage.name).as_bytes());
            let seed = u64::from_le_bytes(digest.bytes()[..8].try_into().expect("a digest has 32 bytes"));
            let mut generator = Generator::new(seed);
            let orders: Vec<Vec<u64>> = (0..tasks.rounds())
                .map(|_| {
                    let mut order: Vec<u64> = (0..u64::from(tasks.points())).collect();
                    generator.shuffle(&mut order);
                    order
                })
                .collect();
            for point in 0..tasks.points() {
                for round in 0..tasks.rounds() {
                    let tie = Reverse(orders[round as usize][point as usize]);
                    priorities.push(Priority { round: Reverse(round), way: 0, tie });
                }
            }
        }
        priorities
    }

    fn make_ready(&mut self, task: TaskId) {
        if let Some((cause, reason)) = self.obstacle(task) {
            self.skips.push((task, cause, reason));
            return;
        }
        self.states[task.index()] = State::Ready;
        let entry = (self.priorities[task.index()], Reverse(task));
        if self.plan.suite.stages[self.plan.stage_of(task)].exclusive {
            self.exclusive.push(entry);
        } else {
            self.ready.push(entry);
        }
    }

    fn verdict(&self, task: TaskId) -> Option<Verdict> {
        match self.states[task.index()] {
            State::Final(verdict) => Some(verdict),
            State::Out | State::Waiting | State::Ready | State::Running => None,
        }
    }

    /// Returns what keeps a task from running, once all it waits for is settled.
    fn obstacle(&self, task: TaskId) -> Option<(TaskId, SkipReason)> {
        let needs = &self.needs[self.plan.stage_of(task)];
        let mut gathered = None;
        let mut any_gathered_ran = false;
        for &upstream in self.plan.upstream(task) {
            let stage = self.plan.stage_of(upstream);
            let ran = self.verdict(upstream).is_some_and(Verdict::ran);
            let need = if needs.gathered.contains(&stage) {
                Need::Gathered
            } else if needs.inputs.contains(&stage) {
                Need::Output
            } else {
                Need::Gate
            };
            match need {
                Need::Output if !ran => return Some((upstream, SkipReason::Input)),
                Need::Gathered => {
                    any_gathered_ran |= ran;
                    gathered.get_or_insert(upstream);
                }
                Need::Output | Need::Gate => {}
            }
        }
        // A stage may give a file and be a gate too, so gates are asked apart.
        let gates = crate::plan::gates_of(self.plan, task);
        if let Some(gate) = gates.into_iter().find(|&gate| self.verdict(gate) != Some(Verdict::Pass)) {
            return Some((gate, SkipReason::Gate));
        }
        gathered.filter(|_| !any_gathered_ran).map(|cause| (cause, SkipReason::Nothing))
    }

    /// Starts nothing more.
    pub fn stop(&mut self) {
        self.stopped = true;
    }

    /// Returns how many tasks are not final.
    pub fn left(&self) -> usize {
        self.left
    }

    /// Returns how many tasks run.
    pub fn running(&self) -> usize {
        self.running
    }

    /// Returns how many tasks can ever run at a time, at least one.
    pub fn workers(&self) -> u32 {
        u32::try_from(self.limits.jobs.min(self.left)).unwrap_or(u32::MAX).max(1)
    }

    /// Returns what to do next. A task that is returned counts as running until `finish`.
    pub fn advance(&mut self) -> Next {
        if self.stopped {
            return if self.running > 0 { Next::Wait } else { Next::Done };
        }
        if let Some((task, cause, reason)) = self.skips.pop() {
            self.states[task.index()] = State::Running;
            self.running += 1;
            return Next::Skip(task, cause, reason);
        }
        if self.left == 0 {
            return Next::Done;
        }
        if self.exclusive_running {
            return Next::Wait;
        }
        if self.running < self.limits.jobs {
            if let Some(task) = self.take_fitting() {
                self.start(task, false);
                return Next::Run(task);
            }
            if self.running == 0
                && let Some((_, Reverse(task))) = self.exclusive.pop()
            {
                self.start(task, true);
                return Next::Run(task);
            }
        }
        if self.running > 0 { Next::Wait } else { Next::Done }
    }

    /// Takes the first ready task whose resources are free.
    fn take_fitting(&mut self) -> Option<TaskId> {
        let mut held = Vec::new();
        let mut found = None;
        while let Some(entry) = self.ready.pop() {
            let task = entry.1.0;
            if self.fits(task) {
                found = Some(task);
                break;
            }
            held.push(entry);
            // Looking at every task that does not fit would cost more than it gains.
            if held.len() >= 64 {
                break;
            }
        }
        self.ready.extend(held);
        found
    }

    fn wants(&self, task: TaskId) -> Vec<(&'a str, Decimal)> {
        let uses = &self.plan.suite.stages[self.plan.stage_of(task)].uses;
        let memory = uses.memory.map(|bytes| ("memory", Decimal::from(bytes as i64)));
        let named = uses.named.iter().map(|(name, amount)| (name.as_str(), *amount));
        std::iter::once(("cpu", uses.cpu)).chain(memory).chain(named).collect()
    }

    fn fits(&self, task: TaskId) -> bool {
        self.wants(task).into_iter().all(|(name, amount)| match self.limits.resources.get(name) {
            None => true,
            Some(&limit) => {
                let used = self.used.get(name).copied().unwrap_or(Decimal::ZERO);
                // A task that wants more than there is runs alone instead of never.
                used.is_zero() || used.checked_add(amount).is_some_and(|sum| sum <= limit)
            }
        })
    }

    fn start(&mut self, task: TaskId, exclusive: bool) {
        for (name, amount) in self.wants(task) {
            let used = self.used.entry(name.to_owned()).or_insert(Decimal::ZERO);
            *used = used.checked_add(amount).unwrap_or(*used);
        }
        self.states[task.index()] = State::Running;
        self.running += 1;
        self.exclusive_running = exclusive;
    }

    /// Takes note that a task was ended without a final state: the run is being stopped.
    pub fn abandon(&mut self, task: TaskId) {
        self.states[task.index()] = State::Out;
        self.running -= 1;
        self.exclusive_running = false;
    }

    /// Takes note that a task is final. `skipped` tells whether it came from `Next::Skip`.
    pub fn finish(&mut self, task: TaskId, verdict: Verdict, skipped: bool) {
        if !skipped {
            for (name, amount) in self.wants(task) {
                if let Some(used) = self.used.get_mut(name) {
                    *used = used.checked_sub(amount).unwrap_or(Decimal::ZERO);
                }
            }
            self.exclusive_running = false;
        }
        self.states[task.index()] = State::Final(verdict);
        self.running -= 1;
        self.left -= 1;
        let (start, end) = (self.downstream_offsets[task.index()], self.downstream_offsets[task.index() + 1]);
        for index in start..end {
            let next = self.downstream[index as usize];
            if self.states[next.index()] != State::Waiting {
                continue;
            }
            self.waiting[next.index()] -= 1;
            if self.waiting[next.index()] == 0 {
                self.make_ready(next);
            }
        }
    }
}
