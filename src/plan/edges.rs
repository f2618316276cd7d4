//! Which tasks a task waits for, and what flows between them.

use super::cases::{ABSENT, Cases};
use super::tasks::{Projection, StageTasks, TaskId};
use crate::suite::{After, ParamIndex, Source, StageIndex, Suite};
use crate::value::{Problem, Scalar, Span};
use std::collections::{BTreeSet, HashMap};

/// Finds the tasks that sources mean.
#[derive(Debug)]
pub(super) struct Links {
    /// By stage: its points by the values of its parameters; only for stages that are looked up so.
    by_values: HashMap<StageIndex, (Projection, HashMap<u128, u32>)>,
    /// By consumer and producer: the producer's points by the values of the parameters both have.
    gathered: HashMap<(StageIndex, StageIndex), (Projection, HashMap<u128, Vec<u32>>)>,
}

/// What a source means for one task.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Upstream {
    /// A point of a stage.
    One(StageIndex, u32),
    /// Points of a stage.
    Many(StageIndex, Vec<u32>),
    /// Nothing of this run.
    Outside,
}

impl Links {
    pub(super) fn new(suite: &Suite, cases: &Cases, stages: &[StageTasks], active: &[bool]) -> Links {
        let mut links = Links { by_values: HashMap::new(), gathered: HashMap::new() };
        for (consumer, stage) in suite.stages.iter().enumerate() {
            if !active[consumer] {
                continue;
            }
            stage.inputs.iter().for_each(|input| links.prepare(suite, cases, stages, consumer, &input.source));
            for gate in all_gates(&stage.after) {
                links.prepare_gather(suite, cases, stages, consumer, gate);
            }
        }
        links
    }

    fn prepare(&mut self, suite: &Suite, cases: &Cases, stages: &[StageTasks], consumer: StageIndex, source: &Source) {
        match source {
            Source::Root(_) | Source::Output { baseline: true, .. } => {}
            Source::Output { stage, at, .. } => {
                let direct = at.is_empty() && is_subset(&suite.stages[*stage].per, &suite.stages[consumer].per);
                if !direct && !self.by_values.contains_key(stage) {
                    let projection = Projection::new(cases, &suite.stages[*stage].per);
                    let tasks = &stages[*stage];
                    let points =
                        (0..tasks.points()).map(|point| (projection.key_at(cases, tasks.case(point)), point)).collect();
                    self.by_values.insert(*stage, (projection, points));
                }
            }
            Source::Rows(stage) | Source::Each { stage, .. } => {
                self.prepare_gather(suite, cases, stages, consumer, *stage);
            }
            Source::Pick { from, .. } => {
                from.iter().for_each(|(_, source)| self.prepare(suite, cases, stages, consumer, source));
            }
        }
    }

    fn prepare_gather(
        &mut self,
        suite: &Suite,
        cases: &Cases,
        stages: &[StageTasks],
        consumer: StageIndex,
        producer: StageIndex,
    ) {
        if self.gathered.contains_key(&(consumer, producer)) {
            return;
        }
        let mine = &suite.stages[consumer].per;
        let shared: Vec<ParamIndex> =
            suite.stages[producer].per.iter().copied().filter(|param| mine.contains(param)).collect();
        let projection = Projection::new(cases, &shared);
        let tasks = &stages[producer];
        let mut points: HashMap<u128, Vec<u32>> = HashMap::new();
        for point in 0..tasks.points() {
            points.entry(projection.key_at(cases, tasks.case(point))).or_default().push(point);
        }
        self.gathered.insert((consumer, producer), (projection, points));
    }

    /// Returns the points of a producer that agree with a case of a consumer.
    pub(super) fn gather(&self, cases: &Cases, consumer: StageIndex, producer: StageIndex, case: usize) -> &[u32] {
        let found = self.gathered.get(&(consumer, producer));
        found.and_then(|(projection, points)| points.get(&projection.key_at(cases, case))).map_or(&[], Vec::as_slice)
    }

    /// Returns what a source means for the task of a stage at a case.
    pub(super) fn find(
        &self,
        suite: &Suite,
        cases: &Cases,
        stages: &[StageTasks],
        consumer: StageIndex,
        case: usize,
        source: &Source,
        span: Span,
    ) -> Result<Upstream, Problem> {
        match source {
            Source::Root(_) | Source::Output { baseline: true, .. } => Ok(Upstream::Outside),
            Source::Output { stage, at, .. } => {
                let point = self.one(suite, cases, stages, consumer, case, *stage, at, span)?;
                Ok(Upstream::One(*stage, point))
            }
            Source::Rows(stage) | Source::Each { stage, .. } => {
                let points = self.gather(cases, consumer, *stage, case);
                if points.is_empty() {
                    let name = &suite.stages[*stage].name;
                    return Err(Problem::at(span, format!("there is no task of `{name}` to gather"))
                        .hint("its `when` leaves none that agrees with this task"));
                }
                Ok(Upstream::Many(*stage, points.to_vec()))
            }
            Source::Pick { param, from } => {
                let chosen =
                    choose(cases, case, *param, from).ok_or_else(|| no_choice(suite, cases, case, *param, span))?;
                self.find(suite, cases, stages, consumer, case, chosen, span)
            }
        }
    }

    #[expect(clippy::too_many_arguments, reason = "the place of one lookup; a struct would only rename them")]
    fn one(
        &self,
        suite: &Suite,
        cases: &Cases,
        stages: &[StageTasks],
        consumer: StageIndex,
        case: usize,
        producer: StageIndex,
        at: &[(ParamIndex, Scalar)],
        span: Span,
    ) -> Result<u32, Problem> {
        let (mine, theirs) = (&suite.stages[consumer].per, &suite.stages[producer].per);
        let name = &suite.stages[producer].name;
        let Some((projection, points)) =
            self.by_values.get(&producer).filter(|_| !at.is_empty() || !is_subset(theirs, mine))
        else {
            return stages[producer].point(case).ok_or_else(|| {
                Problem::at(span, format!("there is no task of `{name}` for this one"))
                    .hint("its `when` leaves it out; use `pick:` here, or the same `when`")
            });
        };
        let fixed = |param: ParamIndex| at.iter().find(|(fixed, _)| *fixed == param).map(|(_, value)| value);
        let code_of = |param: ParamIndex| match fixed(param) {
            Some(value) => {
                cases.values(param).iter().position(|known| known == value).map_or(u32::MAX, |at| at as u32 + 1)
            }
            None if mine.contains(&param) => cases.code(case, param),
            None => ABSENT,
        };
        if let Some(&point) = points.get(&projection.key(code_of)) {
            return Ok(point);
        }
        let tasks = &stages[producer];
        let several: Vec<&str> = theirs
            .iter()
            .filter(|param| !mine.contains(param) && fixed(**param).is_none())
            .filter(|&&param| (0..tasks.points()).any(|point| cases.code(tasks.case(point), param) != ABSENT))
            .map(|&param| suite.schema.params()[param].name.as_str())
            .collect();
        if several.is_empty() {
            let values: Vec<String> =
                at.iter().map(|(param, value)| format!("{} = {value}", suite.schema.params()[*param].name)).collect();
            let place = if values.is_empty() { String::new() } else { format!(" at {}", values.join(", ")) };
            return Err(Problem::at(span, format!("there is no task of `{name}`{place} for this one"))
                .hint("see the cases, and the stage's `when`"));
        }
        Err(Problem::at(span, format!("several tasks of `{name}` (they differ in {})", several.join(", ")))
            .hint("say which with `at:`, or take all with `rows:` or `each:`"))
    }
}

/// Returns the entry of a `pick` for a case.
pub(super) fn choose<'a, T>(cases: &Cases, case: usize, param: ParamIndex, from: &'a [(Scalar, T)]) -> Option<&'a T> {
    let value = cases.value(case, param)?;
    from.iter().find(|(choice, _)| choice == value).map(|(_, chosen)| chosen)
}

pub(super) fn no_choice(suite: &Suite, cases: &Cases, case: usize, param: ParamIndex, span: Span) -> Problem {
    let name = &suite.schema.params()[param].name;
    let value = cases.value(case, param).map_or(format!("cases without `{name}`"), ToString::to_string);
    Problem::at(span, format!("`pick: {name}` has no entry for {value}")).hint("add the entry")
}

/// Returns the stages that gate a task at a case.
pub(super) fn gates<'a>(after: &'a After, cases: &Cases, case: usize) -> &'a [StageIndex] {
    match after {
        After::Stages(stages) => stages,
        After::Pick { param, from, otherwise } => {
            choose(cases, case, *param, from).or(otherwise.as_ref()).map_or(&[], Vec::as_slice)
        }
    }
}

/// Returns every stage that may gate.
pub(super) fn all_gates(after: &After) -> BTreeSet<StageIndex> {
    match after {
        After::Stages(stages) => stages.iter().copied().collect(),
        After::Pick { from, otherwise, .. } => {
            from.iter().map(|(_, stages)| stages).chain(otherwise).flatten().copied().collect()
        }
    }
}

/// Returns every stage that a source may take data of this run from.
pub(super) fn producers(source: &Source, found: &mut BTreeSet<StageIndex>) {
    match source {
        Source::Root(_) | Source::Output { baseline: true, .. } => {}
        Source::Output { stage, .. } | Source::Rows(stage) | Source::Each { stage, .. } => {
            found.insert(*stage);
        }
        Source::Pick { from, .. } => from.iter().for_each(|(_, source)| producers(source, found)),
    }
}

/// Tells whether a source gathers tasks.
pub(super) fn gathers(source: &Source) -> bool {
    match source {
        Source::Rows(_) | Source::Each { .. } => true,
        Source::Root(_) | Source::Output { .. } => false,
        Source::Pick { from, .. } => from.iter().any(|(_, source)| gathers(source)),
    }
}

fn is_subset(some: &[ParamIndex], of: &[ParamIndex]) -> bool {
    some.iter().all(|param| of.contains(param))
}

/// The tasks each task waits for: numbers in one list, by task.
#[derive(Debug, Clone, Default)]
pub(super) struct Edges {
    /// Start of each task's part, and the end; empty if no task waits for another.
    offsets: Vec<u32>,
    upstream: Vec<TaskId>,
}

impl Edges {
    pub(super) fn of(&self, task: TaskId) -> &[TaskId] {
        match self.offsets.get(task.index()..=task.index() + 1) {
            Some(&[start, end]) => &self.upstream[start as usize..end as usize],
            _ => &[],
        }
    }

    pub(super) fn from_lists(lists: impl Iterator<Item = Vec<TaskId>>) -> Edges {
        let mut edges = Edges { offsets: vec![0], upstream: Vec::new() };
        for list in lists {
            edges.upstream.extend(list);
            edges.offsets.push(edges.upstream.len() as u32);
        }
        edges
    }
}
