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
    /// By consumer and producer: the producer's points that agree with a consumer's.
    gathered: HashMap<(StageIndex, StageIndex), Gathering>,
}

/// How the points of a producer that agree with a point of a consumer are found.
#[derive(Debug)]
enum Gathering {
    /// The producer's parameters are all the consumer's: at most one point, that of the same case.
    SameCase,
    /// By the values of the parameters both have: a part of `points`.
    Shared { projection: Projection, parts: HashMap<u128, (u32, u32)>, points: Vec<u32> },
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

/// Why a source means nothing for a task.
#[derive(Debug)]
pub(super) enum LinkError {
    /// What it means is not planned: a filter may have left it out.
    Missing(Problem),
    /// The suite is wrong, whatever is planned.
    Wrong(Problem),
}

impl LinkError {
    pub(super) fn problem(self) -> Problem {
        match self {
            LinkError::Missing(problem) | LinkError::Wrong(problem) => problem,
        }
    }
}

/// The tasks of a plan while it is made: what a lookup needs.
#[derive(Clone, Copy)]
pub(super) struct Tasks<'a> {
    pub(super) suite: &'a Suite,
    pub(super) cases: &'a Cases,
    pub(super) stages: &'a [StageTasks],
}

impl Links {
    pub(super) fn new(tasks: Tasks<'_>, active: &[bool]) -> Links {
        let mut links = Links { by_values: HashMap::new(), gathered: HashMap::new() };
        for (consumer, stage) in tasks.suite.stages.iter().enumerate() {
            if !active[consumer] {
                continue;
            }
            stage.inputs.iter().for_each(|input| links.prepare(tasks, consumer, &input.source));
            for gate in all_gates(&stage.after) {
                links.prepare_gather(tasks, consumer, gate);
            }
        }
        links
    }

    fn prepare(&mut self, tasks: Tasks<'_>, consumer: StageIndex, source: &Source) {
        let Tasks { suite, cases, stages } = tasks;
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
            Source::Rows(stage) | Source::Each { stage, .. } => self.prepare_gather(tasks, consumer, *stage),
            Source::Pick { from, .. } => from.iter().for_each(|(_, source)| self.prepare(tasks, consumer, source)),
        }
    }

    fn prepare_gather(&mut self, tasks: Tasks<'_>, consumer: StageIndex, producer: StageIndex) {
        if self.gathered.contains_key(&(consumer, producer)) {
            return;
        }
        let Tasks { suite, cases, stages } = tasks;
        let (mine, theirs) = (&suite.stages[consumer].per, &suite.stages[producer].per);
        if is_subset(theirs, mine) {
            self.gathered.insert((consumer, producer), Gathering::SameCase);
            return;
        }
        let shared: Vec<ParamIndex> = theirs.iter().copied().filter(|param| mine.contains(param)).collect();
        let projection = Projection::new(cases, &shared);
        let tasks = &stages[producer];
        let mut keyed: Vec<(u128, u32)> =
            (0..tasks.points()).map(|point| (projection.key_at(cases, tasks.case(point)), point)).collect();
        keyed.sort_unstable();
        let points = keyed.iter().map(|(_, point)| *point).collect();
        let mut parts = HashMap::new();
        let mut start = 0;
        for part in keyed.chunk_by(|a, b| a.0 == b.0) {
            let end = start + part.len() as u32;
            parts.insert(part[0].0, (start, end));
            start = end;
        }
        self.gathered.insert((consumer, producer), Gathering::Shared { projection, parts, points });
    }

    /// Returns the points of a producer that agree with a case of a consumer, ascending.
    pub(super) fn gather<'a>(
        &'a self,
        tasks: Tasks<'a>,
        consumer: StageIndex,
        producer: StageIndex,
        case: usize,
    ) -> impl Iterator<Item = u32> + 'a {
        let (one, many): (Option<u32>, &[u32]) = match self.gathered.get(&(consumer, producer)) {
            None => (None, &[]),
            Some(Gathering::SameCase) => (tasks.stages[producer].point(case), &[]),
            Some(Gathering::Shared { projection, parts, points }) => {
                let part = parts.get(&projection.key_at(tasks.cases, case));
                (None, part.map_or(&[], |&(start, end)| &points[start as usize..end as usize]))
            }
        };
        one.into_iter().chain(many.iter().copied())
    }

    /// Returns what a source means for the task of a stage at a case.
    pub(super) fn find(
        &self,
        tasks: Tasks<'_>,
        consumer: StageIndex,
        case: usize,
        source: &Source,
        span: Span,
    ) -> Result<Upstream, LinkError> {
        match source {
            Source::Root(_) | Source::Output { baseline: true, .. } => Ok(Upstream::Outside),
            Source::Output { stage, at, .. } => {
                self.one(tasks, consumer, case, *stage, at, span).map(|point| Upstream::One(*stage, point))
            }
            Source::Rows(stage) | Source::Each { stage, .. } => {
                let points: Vec<u32> = self.gather(tasks, consumer, *stage, case).collect();
                if points.is_empty() {
                    let producer = &tasks.suite.stages[*stage];
                    let problem = Problem::at(span, format!("there is no task of `{}` to gather", producer.name));
                    return Err(LinkError::Missing(problem.hint(left_out_hint(tasks.suite, *stage))));
                }
                Ok(Upstream::Many(*stage, points))
            }
            Source::Pick { param, from } => {
                let chosen = choose(tasks.cases, case, *param, from)
                    .ok_or_else(|| LinkError::Wrong(no_choice(tasks.suite, tasks.cases, case, *param, span)))?;
                self.find(tasks, consumer, case, chosen, span)
            }
        }
    }

    fn one(
        &self,
        tasks: Tasks<'_>,
        consumer: StageIndex,
        case: usize,
        producer: StageIndex,
        at: &[(ParamIndex, Scalar)],
        span: Span,
    ) -> Result<u32, LinkError> {
        let Tasks { suite, cases, stages } = tasks;
        let (mine, theirs) = (&suite.stages[consumer].per, &suite.stages[producer].per);
        let name = &suite.stages[producer].name;
        let missing = || {
            let values: Vec<String> =
                at.iter().map(|(param, value)| format!("{} = {value}", suite.schema.params()[*param].name)).collect();
            let place = if values.is_empty() { String::new() } else { format!(" at {}", values.join(", ")) };
            let problem = Problem::at(span, format!("there is no task of `{name}`{place} for this one"));
            LinkError::Missing(problem.hint(left_out_hint(suite, producer)))
        };
        let Some((projection, points)) =
            self.by_values.get(&producer).filter(|_| !at.is_empty() || !is_subset(theirs, mine))
        else {
            return stages[producer].point(case).ok_or_else(missing);
        };
        let fixed = |param: ParamIndex| at.iter().find(|(fixed, _)| *fixed == param).map(|(_, value)| value);
        let mut fixed_codes = Vec::with_capacity(at.len());
        for (param, value) in at {
            match cases.values(*param).iter().position(|known| known == value) {
                Some(position) => fixed_codes.push((*param, position as u32 + 1)),
                // A value that no case has.
                None => return Err(missing()),
            }
        }
        let code_of = |param: ParamIndex| match fixed_codes.iter().find(|(fixed, _)| *fixed == param) {
            Some((_, code)) => *code,
            None if mine.contains(&param) => cases.code(case, param),
            None => ABSENT,
        };
        if let Some(&point) = points.get(&projection.key(code_of)) {
            return Ok(point);
        }
        let producer_tasks = &stages[producer];
        let several: Vec<&str> = theirs
            .iter()
            .filter(|param| !mine.contains(param) && fixed(**param).is_none())
            .filter(|&&param| {
                (0..producer_tasks.points()).any(|point| cases.code(producer_tasks.case(point), param) != ABSENT)
            })
            .map(|&param| suite.schema.params()[param].name.as_str())
            .collect();
        if several.is_empty() {
            return Err(missing());
        }
        let problem = Problem::at(span, format!("several tasks of `{name}` (they differ in {})", several.join(", ")));
        Err(LinkError::Wrong(problem.hint("say which with `at:`, or take all with `rows:` or `each:`")))
    }
}

/// Says why a task of a stage may not be planned.
fn left_out_hint(suite: &Suite, stage: StageIndex) -> String {
    let stage = &suite.stages[stage];
    match &stage.when {
        Some(when) => format!(
            "`{}` has `when: {}`; give this stage a `when` that agrees, or choose its input with `pick:`",
            stage.name,
            when.text()
        ),
        None => format!("no case gives `{}` these values; narrow this stage with `when`", stage.name),
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
    /// Returns the edges of no task yet.
    pub(super) fn new(tasks: usize) -> Edges {
        let mut offsets = Vec::with_capacity(tasks + 1);
        offsets.push(0);
        Edges { offsets, upstream: Vec::new() }
    }

    pub(super) fn of(&self, task: TaskId) -> &[TaskId] {
        match self.offsets.get(task.index()..=task.index() + 1) {
            Some(&[start, end]) => &self.upstream[start as usize..end as usize],
            _ => &[],
        }
    }

    /// Adds the next task.
    pub(super) fn push(&mut self, upstream: &[TaskId]) {
        self.upstream.extend_from_slice(upstream);
        self.offsets.push(self.upstream.len() as u32);
    }
}
