//! Tasks: stages at points, numbered compactly.
//!
//! A stage whose parameters are all parameters has one task for each case, and needs no table. The
//! number of a task is the first number of its stage, plus its point, plus its round.

use super::cases::Cases;
use super::scope::Scope;
use crate::expr::Expr;
use crate::suite::{ParamIndex, Repeats, StageIndex, Suite};
use crate::value::{Problem, Repeat};
use std::collections::{BTreeSet, HashMap};

/// The number of a task in its plan, from 0, in plan order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TaskId(pub u32);

impl TaskId {
    /// Returns the number as an index.
    pub fn index(self) -> usize {
        self.0 as usize
    }
}

const NO_TASK: u32 = u32::MAX;

/// The tasks of one stage.
#[derive(Debug, Clone)]
pub struct StageTasks {
    /// Number of its first task.
    first: u32,
    /// How many points it has.
    points: u32,
    /// How it is repeated.
    repeat: Option<Repeats>,
    /// A case of each point; none = point `i` is case `i`.
    case_of_point: Option<Vec<u32>>,
    /// The point of each case, or `NO_TASK`; none = case `i` is point `i`.
    point_of_case: Option<Vec<u32>>,
}

impl StageTasks {
    /// Returns a stage without tasks.
    pub(super) fn none(first: u32, cases: usize) -> StageTasks {
        let point_of_case = Some(vec![NO_TASK; cases]);
        StageTasks { first, points: 0, repeat: None, case_of_point: Some(Vec::new()), point_of_case }
    }

    /// Returns the number of points.
    pub fn points(&self) -> u32 {
        self.points
    }

    /// Returns how many tasks a point has: warm-up and measured rounds.
    pub fn rounds(&self) -> u32 {
        self.repeat.map_or(1, |repeat| repeat.warmup + repeat.count)
    }

    /// Returns the number of tasks.
    pub fn len(&self) -> u32 {
        self.points * self.rounds()
    }

    /// Tells whether the stage has no task.
    pub fn is_empty(&self) -> bool {
        self.points == 0
    }

    /// Returns the number of the first task.
    pub fn first(&self) -> u32 {
        self.first
    }

    /// Returns a case of a point.
    pub fn case(&self, point: u32) -> usize {
        self.case_of_point.as_ref().map_or(point, |cases| cases[point as usize]) as usize
    }

    /// Returns the point of a case, if there is a task for it.
    pub fn point(&self, case: usize) -> Option<u32> {
        match &self.point_of_case {
            None => (case < self.points as usize).then_some(case as u32),
            Some(points) => Some(points[case]).filter(|&point| point != NO_TASK),
        }
    }

    /// Returns the task of a point in a round, from 0.
    pub fn task(&self, point: u32, round: u32) -> TaskId {
        TaskId(self.first + point * self.rounds() + round)
    }

    /// Returns all tasks of a point.
    pub fn tasks(&self, point: u32) -> impl Iterator<Item = TaskId> + use<> {
        let (first, rounds) = (self.first + point * self.rounds(), self.rounds());
        (first..first + rounds).map(TaskId)
    }

    /// Returns the measured tasks of a point.
    pub fn measured(&self, point: u32) -> impl Iterator<Item = TaskId> + use<> {
        self.tasks(point).skip(self.repeat.map_or(0, |repeat| repeat.warmup as usize))
    }

    /// Returns the repeat that a round is.
    pub fn repeat(&self, round: u32) -> Option<Repeat> {
        self.repeat.map(|repeat| {
            if round < repeat.warmup { Repeat::Warmup(round + 1) } else { Repeat::Measured(round - repeat.warmup + 1) }
        })
    }

    /// Returns the round that a repeat is.
    pub fn round(&self, repeat: Option<Repeat>) -> Option<u32> {
        match (self.repeat, repeat) {
            (None, None) => Some(0),
            (Some(has), Some(Repeat::Warmup(round))) => (1..=has.warmup).contains(&round).then(|| round - 1),
            (Some(has), Some(Repeat::Measured(round))) => {
                (1..=has.count).contains(&round).then(|| has.warmup + round - 1)
            }
            _ => None,
        }
    }
}

/// Encodes the values of some parameters at a case into one number, the same for the same values.
///
/// A mixed-radix number where it fits into 128 bits, else 128 bits of a digest.
#[derive(Debug, Clone)]
pub(super) struct Projection {
    params: Vec<ParamIndex>,
    radices: Option<Vec<u128>>,
}

impl Projection {
    pub(super) fn new(cases: &Cases, params: &[ParamIndex]) -> Projection {
        let mut size = 1u128;
        let mut radices = Vec::with_capacity(params.len());
        let mut fits = true;
        for &param in params {
            radices.push(size);
            match size.checked_mul(cases.values(param).len() as u128 + 1) {
                Some(product) => size = product,
                None => fits = false,
            }
        }
        Projection { params: params.to_vec(), radices: fits.then_some(radices) }
    }

    pub(super) fn key(&self, code_of: impl Fn(ParamIndex) -> u32) -> u128 {
        match &self.radices {
            Some(radices) => {
                self.params.iter().zip(radices).map(|(&param, radix)| u128::from(code_of(param)) * radix).sum()
            }
            None => {
                let bytes: Vec<u8> = self.params.iter().flat_map(|&param| code_of(param).to_le_bytes()).collect();
                let digest = crate::value::Digest::of(&bytes);
                u128::from_le_bytes(digest.bytes()[..16].try_into().expect("a digest has 32 bytes"))
            }
        }
    }

    pub(super) fn key_at(&self, cases: &Cases, case: usize) -> u128 {
        self.key(|param| cases.code(case, param))
    }
}

/// Numbers the points of a stage.
pub(super) fn number(
    suite: &Suite,
    cases: &Cases,
    stage_index: StageIndex,
    first: u32,
    repeat: Option<Repeats>,
) -> Result<StageTasks, Problem> {
    let stage = &suite.stages[stage_index];
    let whole = stage.per.len() == suite.schema.params().len();
    if whole && stage.when.is_none() {
        let points = cases.len() as u32;
        return Ok(StageTasks { first, points, repeat, case_of_point: None, point_of_case: None });
    }
    let projection = Projection::new(cases, &stage.per);
    let mut point_of_key: HashMap<u128, u32> = HashMap::new();
    let mut condition = stage.when.as_ref().map(|when| Condition::new(suite, cases, stage_index, when));
    let mut case_of_point = Vec::new();
    let mut point_of_case = Vec::with_capacity(cases.len());
    for case in 0..cases.len() {
        let wanted = match &mut condition {
            Some(condition) => condition.holds(case)?,
            None => true,
        };
        if !wanted {
            point_of_case.push(NO_TASK);
            continue;
        }
        let next = case_of_point.len() as u32;
        let point = if whole { next } else { *point_of_key.entry(projection.key_at(cases, case)).or_insert(next) };
        if point == next {
            case_of_point.push(case as u32);
        }
        point_of_case.push(point);
    }
    let points = case_of_point.len() as u32;
    Ok(StageTasks { first, points, repeat, case_of_point: Some(case_of_point), point_of_case: Some(point_of_case) })
}

/// The `when` of a stage, asked once for each combination of what it depends on.
struct Condition<'a> {
    suite: &'a Suite,
    cases: &'a Cases,
    stage: StageIndex,
    when: &'a Expr,
    /// By block: what the condition depends on there, and what came out.
    known: HashMap<usize, (Projection, HashMap<u128, bool>)>,
}

impl<'a> Condition<'a> {
    fn new(suite: &'a Suite, cases: &'a Cases, stage: StageIndex, when: &'a Expr) -> Condition<'a> {
        Condition { suite, cases, stage, when, known: HashMap::new() }
    }

    fn holds(&mut self, case: usize) -> Result<bool, Problem> {
        let Condition { suite, cases, stage, when, known } = self;
        let block = cases.block(case);
        let value_of = |param: ParamIndex| cases.value(case, param);
        let scope = Scope::of_block(suite, Some(block), &value_of).at_stage(*stage, "");
        let (projection, results) = known.entry(block).or_insert_with(|| {
            let mut params = BTreeSet::new();
            super::scope::names_of(when).iter().for_each(|name| scope.params_of(name, &mut params));
            (Projection::new(cases, &params.into_iter().collect::<Vec<_>>()), HashMap::new())
        });
        let key = projection.key_at(cases, case);
        if let Some(&holds) = results.get(&key) {
            return Ok(holds);
        }
        let holds = scope.holds(when, suite.stages[*stage].span)?;
        results.insert(key, holds);
        Ok(holds)
    }
}

/// Checks that every `let` a stage uses has one value in each task, over all its cases.
///
/// A second value means that `per` lacks a parameter: the commonest mistake of the format.
pub(super) fn check_lets(suite: &Suite, cases: &Cases, stage_index: StageIndex, tasks: &StageTasks) -> Vec<Problem> {
    let stage = &suite.stages[stage_index];
    if stage.per.len() == suite.schema.params().len() {
        return Vec::new();
    }
    let all_lets = suite.lets.iter().chain(suite.blocks.iter().flat_map(|block| &block.lets));
    let used = stage.names_used(all_lets.map(|entry| entry.name.as_str()));
    let mut problems = Vec::new();
    let no_value = |_: ParamIndex| None;
    for name in &used.names {
        let block_level = suite.blocks.iter().any(|block| block.lets.iter().any(|entry| entry.name == *name));
        let scope = Scope::of_block(suite, None, &no_value).at_stage(stage_index, "");
        if scope.find_let(name).is_none() && !block_level {
            continue;
        }
        // The same definition everywhere, over parameters of the stage: one value by construction.
        let blocks_used: BTreeSet<usize> = (0..cases.len()).map(|case| cases.block(case)).collect();
        let safe = blocks_used.iter().all(|&block| {
            let mut params = BTreeSet::new();
            Scope::of_block(suite, Some(block), &no_value).at_stage(stage_index, "").params_of(name, &mut params);
            params.iter().all(|param| stage.per.contains(param))
        });
        let definition = |block: usize| {
            Scope::of_block(suite, Some(block), &no_value)
                .at_stage(stage_index, "")
                .find_let(name)
                .map(|entry| &entry.value)
        };
        let mut definitions = blocks_used.iter().map(|&block| definition(block));
        let first = definitions.next();
        let same = definitions.all(|other| Some(other) == first) && !refers_to_block_lets(suite, name);
        if safe && same {
            continue;
        }
        problems.extend(find_second_value(suite, cases, stage_index, tasks, name));
    }
    problems
}

/// Tells whether a `let` of the suite may depend on a block's `let`.
fn refers_to_block_lets(suite: &Suite, name: &str) -> bool {
    let mut used = crate::suite::NamesUsed::default();
    let all = suite.lets.iter().chain(suite.stages.iter().flat_map(|stage| &stage.lets));
    all.filter(|entry| entry.name == name).for_each(|entry| used.computed(&entry.value));
    used.names.iter().any(|name| suite.blocks.iter().any(|block| block.lets.iter().any(|entry| entry.name == *name)))
}

fn find_second_value(
    suite: &Suite,
    cases: &Cases,
    stage_index: StageIndex,
    tasks: &StageTasks,
    name: &str,
) -> Option<Problem> {
    let stage = &suite.stages[stage_index];
    let mut values = HashMap::new();
    for case in 0..cases.len() {
        let Some(point) = tasks.point(case) else { continue };
        let value_of = |param: ParamIndex| cases.value(case, param);
        let scope = Scope::of_block(suite, Some(cases.block(case)), &value_of).at_stage(stage_index, "");
        // A `let` that has no value here matters only if the task asks for it, and then says so.
        let Ok(value) = scope.lookup(name) else { continue };
        let (first_case, first) = values.entry(point).or_insert_with(|| (case, value.clone()));
        if *first == value {
            continue;
        }
        let show = |value: &Option<crate::value::Value>| value.as_ref().map_or("none".to_owned(), ToString::to_string);
        let differing: Vec<&str> = (0..cases.params())
            .filter(|&param| cases.code(case, param) != cases.code(*first_case, param))
            .map(|param| suite.schema.params()[param].name.as_str())
            .collect();
        let message = format!(
            "stage `{}`: `{name}` has two values in one task: {} and {}",
            stage.name,
            show(first),
            show(&value)
        );
        let problem = Problem::at(stage.span, message);
        return Some(if differing.is_empty() {
            problem.hint("the blocks that give the same points must agree on it")
        } else {
            problem.hint(format!("add what it depends on to `per` (the two cases differ in {})", differing.join(", ")))
        });
    }
    None
}
