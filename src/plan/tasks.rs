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
    pub(super) fn none(cases: usize) -> StageTasks {
        let point_of_case = Some(vec![NO_TASK; cases]);
        StageTasks { first: 0, points: 0, repeat: None, case_of_point: Some(Vec::new()), point_of_case }
    }

    /// Sets the number of the first task.
    pub(super) fn start_at(&mut self, first: u32) {
        self.first = first;
    }

    /// Returns the stage without some of its points.
    pub(super) fn without(&self, missing: &[bool]) -> StageTasks {
        let mut new_point = Vec::with_capacity(missing.len());
        let mut case_of_point = Vec::new();
        for (point, &missing) in missing.iter().enumerate() {
            if missing {
                new_point.push(NO_TASK);
            } else {
                new_point.push(case_of_point.len() as u32);
                case_of_point.push(self.case(point as u32) as u32);
            }
        }
        let point_of_case = match &self.point_of_case {
            None => new_point,
            Some(points) => {
                points.iter().map(|&point| new_point.get(point as usize).copied().unwrap_or(NO_TASK)).collect()
            }
        };
        StageTasks {
            points: case_of_point.len() as u32,
            case_of_point: Some(case_of_point),
            point_of_case: Some(point_of_case),
            ..*self
        }
    }

    /// Gives the cases of all points, in order, to `take`; nothing if point `i` is case `i`.
    pub(super) fn each_case_part(&self, take: &mut dyn FnMut(&[u32])) {
        self.case_of_point.iter().for_each(|cases| cases.chunks(1 << 12).for_each(&mut *take));
    }

    /// Returns how many of the rounds are warm-up.
    pub fn warmup_rounds(&self) -> u32 {
        self.repeat.map_or(0, |repeat| repeat.warmup)
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
        self.tasks(point).skip(self.warmup_rounds() as usize)
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
    repeat: Option<Repeats>,
) -> Result<StageTasks, Problem> {
    let stage = &suite.stages[stage_index];
    let whole = stage.per.len() == suite.schema.params().len();
    if whole && stage.when.is_none() {
        let points = cases.len() as u32;
        return Ok(StageTasks { first: 0, points, repeat, case_of_point: None, point_of_case: None });
    }
    let projection = Projection::new(cases, &stage.per);
    // By key: the point, or none where `when` does not hold, and the first case.
    let mut point_of_key: HashMap<u128, (u32, u32)> = HashMap::new();
    let mut condition = stage.when.as_ref().map(|when| Condition::new(suite, cases, stage_index, when));
    let mut case_of_point = Vec::new();
    let mut point_of_case = Vec::with_capacity(cases.len());
    for case in 0..cases.len() {
        let wanted = match &mut condition {
            Some(condition) => condition.holds(case)?,
            None => true,
        };
        let next = if wanted { case_of_point.len() as u32 } else { NO_TASK };
        let point = if whole {
            next
        } else {
            let (point, first) = *point_of_key.entry(projection.key_at(cases, case)).or_insert((next, case as u32));
            if wanted != (point != NO_TASK) {
                return Err(two_answers(suite, cases, stage_index, first as usize, case));
            }
            point
        };
        if wanted && point == next {
            case_of_point.push(case as u32);
        }
        point_of_case.push(point);
    }
    let points = case_of_point.len() as u32;
    Ok(StageTasks { first: 0, points, repeat, case_of_point: Some(case_of_point), point_of_case: Some(point_of_case) })
}

/// Returns the problem of a `when` that holds for one case of a task and not for another.
fn two_answers(suite: &Suite, cases: &Cases, stage_index: StageIndex, first: usize, second: usize) -> Problem {
    let stage = &suite.stages[stage_index];
    let when = stage.when.as_ref().map_or("", |when| when.text());
    let message = format!("stage `{}`: `when: {when}` has two values in one task", stage.name);
    let differing = differing_params(suite, cases, first, second);
    Problem::at(stage.span, message).hint(if differing.is_empty() {
        "the blocks that give the same points must agree on it".to_owned()
    } else {
        format!("add what it depends on to `per` (the two cases differ in {differing})")
    })
}

/// Returns the names of the parameters in which two cases differ.
pub(super) fn differing_params(suite: &Suite, cases: &Cases, first: usize, second: usize) -> String {
    let differing = (0..cases.params()).filter(|&param| cases.code(first, param) != cases.code(second, param));
    differing.map(|param| suite.schema.params()[param].name.as_str()).collect::<Vec<_>>().join(", ")
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
