//! Building a plan, and looking things up in it.

use super::cases::Cases;
use super::edges::{Edges, Links, Upstream, all_gates, gates, producers};
use super::expand::{expand, find_profile};
use super::tasks::{StageTasks, TaskId, check_lets, number};
use super::{Selection, Shards};
use crate::expr::Expr;
use crate::naming::{self, Point};
use crate::suite::{Constraint, ParamIndex, Stage, StageIndex, Suite};
use crate::value::{Digest, DigestWriter, PointName, Problem, Problems, RunId, Scalar, TaskKey, did_you_mean};
use globset::{Glob, GlobSet, GlobSetBuilder};
use std::collections::BTreeSet;
use std::sync::{Arc, OnceLock};

/// How many problems of one stage are reported before the rest is counted only.
const MAX_PROBLEMS: usize = 5;

/// What a plan needs besides the suite.
#[derive(Debug, Clone, Default)]
pub struct BuildOptions {
    /// Which part of the suite.
    pub selection: Selection,
    /// The run that `run: baseline` sources take from; none = such tasks are skipped as new.
    pub baseline: Option<RunId>,
}

/// Why there is no plan.
#[derive(Debug, thiserror::Error)]
pub enum PlanError {
    /// The suite or the selection is wrong.
    #[error("{0}")]
    Wrong(Problems),
    /// Nothing is selected.
    #[error("{message}")]
    Empty {
        /// What selects nothing.
        message: String,
        /// What to do about it.
        hint: Option<String>,
    },
}

/// A planned run: cases, tasks, edges.
#[derive(Debug)]
pub struct Plan {
    /// The suite.
    pub suite: Arc<Suite>,
    /// The part of it.
    pub selection: Selection,
    /// The baseline run.
    pub baseline: Option<RunId>,
    /// The cases, in order.
    pub cases: Cases,
    /// Warnings about the suite under this selection.
    pub warnings: Vec<Problem>,
    /// The shards, if there are several.
    pub shards: Option<Shards>,
    pub(super) stages: Vec<StageTasks>,
    pub(super) links: Links,
    pub(super) edges: Edges,
    /// By parameter and value: the field in names, none where it is left out.
    fields: Vec<Vec<Option<String>>>,
    /// By stage: cases sorted by point, built when first asked for.
    cases_by_point: Vec<OnceLock<Vec<u32>>>,
}

/// Builds the plan of a suite.
pub fn build(suite: Arc<Suite>, options: BuildOptions) -> Result<Plan, PlanError> {
    let BuildOptions { selection, baseline } = options;
    let wrong = |list: Vec<Problem>| PlanError::Wrong(Problems { list, sources: suite.sources.clone() });
    let one = |problem: Problem| wrong(vec![problem]);
    let extra = parse_constraints(&suite, &selection).map_err(one)?;
    let mut cases = expand(&suite, &selection, &extra).map_err(one)?;
    let fields = field_texts(&suite, &cases);
    if !selection.cases.is_empty() && !selection.new_case {
        cases = filter_by_name(&suite, &selection, cases, &fields).map_err(|error| match error {
            FilterError::Wrong(problem) => one(problem),
            FilterError::Empty { message, hint } => PlanError::Empty { message, hint },
        })?;
    }
    if cases.is_empty() {
        return Err(PlanError::Empty {
            message: format!("no case is left of suite `{}`", suite.name),
            hint: Some("`where` lines and filters leave none; `shmoo plan` without filters shows all".to_owned()),
        });
    }
    let active = active_stages(&suite, &selection).map_err(one)?;
    let repeat = find_profile(&suite, &selection).map_err(one)?.and_then(|profile| profile.repeat);
    let mut warnings = Vec::new();
    let mut problems = Vec::new();
    let mut stages: Vec<StageTasks> = Vec::new();
    let mut first = 0u32;
    for (index, stage) in suite.stages.iter().enumerate() {
        let tasks = if active[index] {
            let repeat = stage.repeat.map(|own| repeat.unwrap_or(own));
            number(&suite, &cases, index, first, repeat).map_err(one)?
        } else {
            StageTasks::none(first, cases.len())
        };
        if active[index] && tasks.is_empty() {
            let problem = Problem::at(stage.span, format!("stage `{}` has no task", stage.name));
            if selection.is_filtered() || selection.profile.is_some() {
                warnings.push(problem.hint("the filter leaves no case for which its `when` holds"));
            } else {
                problems.push(problem.hint("its `when` never holds"));
            }
        }
        let total = u64::from(first) + u64::from(tasks.points()) * u64::from(tasks.rounds());
        first = u32::try_from(total)
            .ok()
            .filter(|&total| total < u32::MAX)
            .ok_or_else(|| one(Problem::at(stage.span, "the plan has more than 4 thousand million tasks")))?;
        problems.extend(check_direct_params(&suite, index));
        problems.extend(check_lets(&suite, &cases, index, &tasks));
        stages.push(tasks);
    }
    if first == 0 && problems.is_empty() {
        return Err(PlanError::Empty { message: "no task is selected".to_owned(), hint: None });
    }
    if !problems.is_empty() {
        return Err(wrong(problems));
    }
    let links = Links::new(&suite, &cases, &stages, &active);
    let cases_by_point = suite.stages.iter().map(|_| OnceLock::new()).collect();
    let mut plan = Plan {
        suite: suite.clone(),
        selection,
        baseline,
        cases,
        warnings,
        shards: None,
        stages,
        links,
        edges: Edges::default(),
        fields,
        cases_by_point,
    };
    plan.edges = connect(&plan, &active).map_err(wrong)?;
    let problems = super::resolve::check_all(&plan);
    if !problems.is_empty() {
        return Err(wrong(problems));
    }
    Ok(plan)
}

fn parse_constraints(suite: &Suite, selection: &Selection) -> Result<Vec<Constraint>, Problem> {
    let lets = suite.lets.iter().chain(suite.blocks.iter().flat_map(|block| &block.lets));
    let known: Vec<&str> = suite
        .schema
        .params()
        .iter()
        .map(|param| param.name.as_str())
        .chain(lets.map(|entry| entry.name.as_str()))
        .collect();
    let mut constraints = Vec::new();
    for text in &selection.constraints {
        let expr = Expr::parse(text)
            .map_err(|error| Problem::new(format!("`--where {text}`: {error}")).maybe_hint(error.hint.clone()))?;
        for name in expr.names().iter().chain(&expr.guarded_names()) {
            if !known.contains(&name.name) {
                return Err(Problem::new(format!("`--where {text}`: unknown name `{}`", name.name))
                    .maybe_hint(did_you_mean(name.name, known.iter().copied())));
            }
        }
        for comparison in expr.text_comparisons() {
            let Some(param) = suite.schema.index(comparison.name) else { continue };
            let values = suite.known_values(param);
            if !values.is_empty() && !values.iter().any(|value| value.to_string() == comparison.literal) {
                let texts: Vec<String> = values.iter().map(ToString::to_string).collect();
                return Err(Problem::new(format!(
                    "`--where {text}`: `{}` is never `{}`",
                    comparison.name, comparison.literal
                ))
                .maybe_hint(did_you_mean(comparison.literal, texts.iter().map(String::as_str))));
            }
        }
        // Without a place of its own: errors in it show the whole `--where`.
        let span = suite.blocks[0].span;
        constraints.push(Constraint { expr, span });
    }
    Ok(constraints)
}

fn field_texts(suite: &Suite, cases: &Cases) -> Vec<Vec<Option<String>>> {
    let fields = |param| cases.values(param).iter().map(|value| suite.schema.field(param, value)).collect();
    (0..cases.params()).map(fields).collect()
}

/// Returns the name of a point that has some of the parameters.
fn point_name(
    cases: &Cases,
    fields: &[Vec<Option<String>>],
    case: usize,
    params: impl Iterator<Item = ParamIndex>,
) -> String {
    let fields = params.filter_map(|param| {
        let code = cases.code(case, param) as usize;
        fields[param].get(code.wrapping_sub(1)).map(Option::as_deref)
    });
    let mut name = String::new();
    naming::join_fields(fields, &mut name);
    name
}

enum FilterError {
    Wrong(Problem),
    Empty { message: String, hint: Option<String> },
}

fn filter_by_name(
    suite: &Suite,
    selection: &Selection,
    cases: Cases,
    fields: &[Vec<Option<String>>],
) -> Result<Cases, FilterError> {
    let globs = glob_set(&selection.cases).map_err(FilterError::Wrong)?;
    let mut kept = cases.like();
    let mut matched = vec![false; selection.cases.len()];
    let mut codes = vec![0; cases.params()];
    for case in 0..cases.len() {
        let name = point_name(&cases, fields, case, 0..cases.params());
        let hits = globs.matches(&name);
        if hits.is_empty() {
            continue;
        }
        hits.iter().for_each(|&hit| matched[hit] = true);
        for (param, code) in codes.iter_mut().enumerate() {
            *code = cases.code(case, param);
        }
        kept.push(&codes, cases.block(case) as u32);
    }
    let unmatched = selection.cases.iter().zip(&matched).find(|(_, matched)| !**matched);
    if let Some((pattern, _)) = unmatched {
        let message = format!("no planned case is called `{pattern}`");
        if pattern.contains(['*', '?', '[', '{']) {
            let hint = Some("`shmoo plan SUITE --format names` lists the names".to_owned());
            return Err(FilterError::Empty { message, hint });
        }
        return Err(FilterError::Wrong(match suite.schema.parse_new(pattern) {
            Ok(_) => Problem::new(message).hint("`--new-case` runs a case that the suite does not list"),
            Err(error) => Problem::new(format!("{message}: {error}")).maybe_hint(error.hint().map(str::to_owned)),
        }));
    }
    Ok(kept)
}

fn glob_set(patterns: &[String]) -> Result<GlobSet, Problem> {
    let mut builder = GlobSetBuilder::new();
    for pattern in patterns {
        let glob =
            Glob::new(pattern).map_err(|error| Problem::new(format!("`--case {pattern}` is no glob: {error}")))?;
        builder.add(glob);
    }
    builder.build().map_err(|error| Problem::new(format!("the `--case` globs cannot be used: {error}")))
}

/// Returns which stages take part: those selected with all that they need, without those skipped and
/// all that needs them.
fn active_stages(suite: &Suite, selection: &Selection) -> Result<Vec<bool>, Problem> {
    let find = |flag: &str, name: &String| {
        suite.stage(name).ok_or_else(|| {
            let known = suite.stages.iter().map(|stage| stage.name.as_str());
            Problem::new(format!("`{flag} {name}`: the suite has no such stage")).maybe_hint(did_you_mean(name, known))
        })
    };
    let needs: Vec<BTreeSet<StageIndex>> = suite
        .stages
        .iter()
        .map(|stage| {
            let mut found = BTreeSet::new();
            stage.inputs.iter().for_each(|input| producers(&input.source, &mut found));
            found
        })
        .collect();
    let mut active = vec![selection.stages.is_empty(); suite.stages.len()];
    let mut wanted = Vec::new();
    for name in &selection.stages {
        wanted.push(find("--stage", name)?);
    }
    while let Some(stage) = wanted.pop() {
        if !active[stage] {
            active[stage] = true;
            wanted.extend(&needs[stage]);
            wanted.extend(all_gates(&suite.stages[stage].after));
        }
    }
    let mut dropped = Vec::new();
    for name in &selection.skip_stages {
        dropped.push(find("--skip-stage", name)?);
    }
    while let Some(stage) = dropped.pop() {
        if active[stage] {
            active[stage] = false;
            dropped.extend((0..needs.len()).filter(|&other| needs[other].contains(&stage)));
        }
    }
    Ok(active)
}

/// Checks that a stage names only parameters of its own in placeholders, picks and conditions.
fn check_direct_params(suite: &Suite, index: StageIndex) -> Vec<Problem> {
    let stage = &suite.stages[index];
    let used = stage.names_used(std::iter::empty());
    let mut params = used.params;
    params.extend(used.names.iter().filter_map(|name| suite.schema.index(name)));
    let foreign = params.into_iter().filter(|param| !stage.per.contains(param));
    foreign
        .map(|param| {
            let name = &suite.schema.params()[param].name;
            Problem::at(stage.span, format!("stage `{}` uses `{name}`, which is not among its parameters", stage.name))
                .hint(format!("add `{name}` to `per` (or take it out of `across`)"))
        })
        .collect()
}

/// Finds the upstream tasks of each task.
fn connect(plan: &Plan, active: &[bool]) -> Result<Edges, Vec<Problem>> {
    let suite = &plan.suite;
    let waits = |stage: &Stage| {
        let mut found = all_gates(&stage.after);
        stage.inputs.iter().for_each(|input| producers(&input.source, &mut found));
        !found.is_empty()
    };
    if !suite.stages.iter().any(waits) {
        return Ok(Edges::default());
    }
    let mut problems: Vec<Problem> = Vec::new();
    let mut lists: Vec<Vec<TaskId>> = Vec::new();
    for index in 0..suite.stages.len() {
        let tasks = &plan.stages[index];
        let mut found = 0;
        for point in 0..tasks.points() {
            let upstream = match upstream_of(plan, active, index, point) {
                Ok(upstream) => upstream,
                Err(problem) => {
                    // One mistake shows at many points: the first place says it all.
                    let repeated =
                        problems.iter().any(|known| known.span == problem.span && known.message == problem.message);
                    found += 1;
                    if !repeated && found <= MAX_PROBLEMS {
                        let key = plan.key(tasks.task(point, 0));
                        problems.push(problem.label(format!("for {key}")));
                    }
                    Vec::new()
                }
            };
            for _ in 1..tasks.rounds() {
                lists.push(upstream.clone());
            }
            lists.push(upstream);
        }
    }
    if !problems.is_empty() {
        return Err(problems);
    }
    let edges = Edges::from_lists(lists.into_iter());
    match find_cycle(plan, &edges) {
        Some(task) => {
            let stage = &suite.stages[plan.stage_of(task)];
            let message = format!("the task {} waits for itself", plan.key(task));
            Err(vec![Problem::at(stage.span, message).hint("its inputs or `after` lead back to it")])
        }
        None => Ok(edges),
    }
}

fn upstream_of(plan: &Plan, active: &[bool], stage_index: StageIndex, point: u32) -> Result<Vec<TaskId>, Problem> {
    let stage = &plan.suite.stages[stage_index];
    let case = plan.stages[stage_index].case(point);
    let mut upstream = Vec::new();
    for input in &stage.inputs {
        let found =
            plan.links.find(&plan.suite, &plan.cases, &plan.stages, stage_index, case, &input.source, input.span)?;
        match found {
            Upstream::Outside => {}
            Upstream::One(producer, point) => {
                if plan.suite.stages[producer].repeat.is_some() {
                    let name = &plan.suite.stages[producer].name;
                    return Err(Problem::at(input.span, format!("`{name}` is repeated: it has several tasks here"))
                        .hint("take its data with `rows:` or `each:`"));
                }
                upstream.push(plan.stages[producer].task(point, 0));
            }
            Upstream::Many(producer, points) => {
                upstream.extend(points.into_iter().flat_map(|point| plan.stages[producer].tasks(point)));
            }
        }
    }
    for &gate in gates(&stage.after, &plan.cases, case) {
        if active[gate] {
            let points = plan.links.gather(&plan.cases, stage_index, gate, case);
            upstream.extend(points.iter().flat_map(|&point| plan.stages[gate].measured(point)));
        }
    }
    upstream.sort_unstable();
    upstream.dedup();
    Ok(upstream)
}

/// Returns a task on a cycle, if there is one.
fn find_cycle(plan: &Plan, edges: &Edges) -> Option<TaskId> {
    // Stages in file order are nearly always in the order of the flow: then no task is looked at.
    let forward = (0..plan.task_count() as u32)
        .map(TaskId)
        .all(|task| edges.of(task).iter().all(|&upstream| plan.stage_of(upstream) < plan.stage_of(task)));
    if forward {
        return None;
    }
    let count = plan.task_count();
    let mut waiting: Vec<u32> = (0..count).map(|task| edges.of(TaskId(task as u32)).len() as u32).collect();
    let mut downstream: Vec<Vec<u32>> = vec![Vec::new(); count];
    for task in 0..count {
        for upstream in edges.of(TaskId(task as u32)) {
            downstream[upstream.index()].push(task as u32);
        }
    }
    let mut ready: Vec<u32> = (0..count as u32).filter(|&task| waiting[task as usize] == 0).collect();
    while let Some(task) = ready.pop() {
        for &next in &downstream[task as usize] {
            waiting[next as usize] -= 1;
            if waiting[next as usize] == 0 {
                ready.push(next);
            }
        }
    }
    waiting.iter().position(|&left| left > 0).map(|task| TaskId(task as u32))
}

impl Plan {
    /// Returns the number of tasks.
    pub fn task_count(&self) -> usize {
        self.stages.last().map_or(0, |last| (last.first() + last.len()) as usize)
    }

    /// Returns all tasks, in plan order.
    pub fn tasks(&self) -> impl Iterator<Item = TaskId> + use<> {
        (0..self.task_count() as u32).map(TaskId)
    }

    /// Returns the tasks of a stage.
    pub fn stage_tasks(&self, stage: StageIndex) -> &StageTasks {
        &self.stages[stage]
    }

    /// Returns the stage of a task.
    pub fn stage_of(&self, task: TaskId) -> StageIndex {
        self.stages.partition_point(|stage| stage.first() + stage.len() <= task.0)
    }

    /// Returns stage, point and round of a task.
    pub fn locate(&self, task: TaskId) -> (StageIndex, u32, u32) {
        let stage = self.stage_of(task);
        let tasks = &self.stages[stage];
        let within = task.0 - tasks.first();
        (stage, within / tasks.rounds(), within % tasks.rounds())
    }

    /// Returns a case that a task's point has: the first.
    pub fn case_of(&self, task: TaskId) -> usize {
        let (stage, point, _) = self.locate(task);
        self.stages[stage].case(point)
    }

    /// Returns the tasks a task waits for, ascending.
    pub fn upstream(&self, task: TaskId) -> &[TaskId] {
        self.edges.of(task)
    }

    /// Returns the name of a case.
    pub fn case_name(&self, case: usize) -> PointName {
        PointName::new(point_name(&self.cases, &self.fields, case, 0..self.cases.params()))
    }

    /// Returns the name of a point of a stage: `all` for the point of no parameter.
    pub fn point_name(&self, stage: StageIndex, point: u32) -> PointName {
        let per = &self.suite.stages[stage].per;
        let case = self.stages[stage].case(point);
        PointName::new(point_name(&self.cases, &self.fields, case, per.iter().copied()))
    }

    /// Returns the readable identity of a task.
    pub fn key(&self, task: TaskId) -> TaskKey {
        let (stage, point, round) = self.locate(task);
        TaskKey {
            stage: self.suite.stages[stage].name.clone(),
            point: self.point_name(stage, point),
            repeat: self.stages[stage].repeat(round),
        }
    }

    /// Returns the values of a task's own parameters, in name order.
    pub fn params(&self, task: TaskId) -> Vec<(ParamIndex, Scalar)> {
        let (stage, point, _) = self.locate(task);
        let case = self.stages[stage].case(point);
        let per = self.suite.stages[stage].per.iter();
        per.filter_map(|&param| Some((param, self.cases.value(case, param)?.clone()))).collect()
    }

    /// Returns the point of a case.
    pub fn case_point(&self, case: usize) -> Point {
        Point::new((0..self.cases.params()).map(|param| self.cases.value(case, param).cloned()).collect())
    }

    /// Returns the cases that hang on a point of a stage, ascending.
    pub fn cases_of(&self, stage: StageIndex, point: u32) -> Vec<usize> {
        let tasks = &self.stages[stage];
        let sorted = self.cases_by_point[stage].get_or_init(|| {
            let mut cases: Vec<u32> =
                (0..self.cases.len() as u32).filter(|&case| tasks.point(case as usize).is_some()).collect();
            cases.sort_by_key(|&case| tasks.point(case as usize));
            cases
        });
        let start = sorted.partition_point(|&case| tasks.point(case as usize) < Some(point));
        let mine = sorted[start..].iter().take_while(|&&case| tasks.point(case as usize) == Some(point));
        mine.map(|&case| case as usize).collect()
    }

    /// Returns the task of a key.
    pub fn find(&self, key: &TaskKey) -> Option<TaskId> {
        let stage = self.suite.stage(key.stage.as_str())?;
        let tasks = &self.stages[stage];
        let round = tasks.round(key.repeat)?;
        let point = (0..tasks.points()).find(|&point| self.point_name(stage, point) == key.point)?;
        Some(tasks.task(point, round))
    }

    /// Tells whether a stage takes part in this plan.
    pub fn is_active(&self, stage: StageIndex) -> bool {
        !self.stages[stage].is_empty()
    }

    /// Returns the digest over the keys of all tasks in order: two plans with the same digest have
    /// the same tasks.
    pub fn task_digest(&self) -> Digest {
        let mut writer = DigestWriter::default();
        let mut buffer = Vec::with_capacity(1 << 16);
        for (index, tasks) in self.stages.iter().enumerate() {
            let stage = self.suite.stages[index].name.as_str();
            buffer.extend_from_slice(stage.as_bytes());
            buffer.extend_from_slice(format!(" {} {}\n", tasks.points(), tasks.rounds()).as_bytes());
            for point in 0..tasks.points() {
                let case = tasks.case(point);
                for &param in &self.suite.stages[index].per {
                    let code = self.cases.code(case, param) as usize;
                    if let Some(Some(field)) = self.fields[param].get(code.wrapping_sub(1)) {
                        buffer.extend_from_slice(field.as_bytes());
                    }
                    buffer.push(if code == 0 { b'-' } else { b'_' });
                }
                buffer.push(b'\n');
                if buffer.len() > (1 << 16) - 1024 {
                    writer.update(&buffer);
                    buffer.clear();
                }
            }
        }
        writer.update(&buffer);
        writer.finish()
    }
}
