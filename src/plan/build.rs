//! Building a plan: cases, then tasks, then what each waits for; every mistake on the way.

use super::bounds::Bounds;
use super::cases::Cases;
use super::connect::connect;
use super::edges::{Edges, LinkError, Links, Tasks};
use super::expand::{expand, find_profile};
use super::filter::{active_stages, filter_by_name, parse_constraints};
use super::names::Names;
use super::one_value::check_lets;
use super::tasks::{StageTasks, number};
use super::{Selection, Shards};
use crate::suite::{StageIndex, Suite};
use crate::value::{Problem, Problems, RunId};
use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};

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

impl PlanError {
    pub(super) fn wrong(suite: &Suite, list: Vec<Problem>) -> PlanError {
        PlanError::Wrong(Problems { list, sources: suite.sources.clone() })
    }
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
    pub(super) names: Names,
    /// By stage: cases sorted by point, built when first asked for.
    pub(super) cases_by_point: Vec<OnceLock<Vec<u32>>>,
}

/// Builds the plan of a suite.
pub fn build(suite: Arc<Suite>, options: BuildOptions) -> Result<Plan, PlanError> {
    build_within(suite, options, &Bounds::default())
}

/// Builds the plan of a suite that is not known to be a reasonable one.
///
/// # Errors
/// As `build`, and where the plan would go beyond the bounds; no more work than that is done.
pub fn build_within(suite: Arc<Suite>, options: BuildOptions, bounds: &Bounds) -> Result<Plan, PlanError> {
    let BuildOptions { selection, baseline } = options;
    let wrong = |list: Vec<Problem>| PlanError::wrong(&suite, list);
    let one = |problem: Problem| wrong(vec![problem]);
    let extra = parse_constraints(&suite, &selection).map_err(one)?;
    let active = active_stages(&suite, &selection).map_err(one)?;
    let mut warnings = Vec::new();
    let mut cases = expand(&suite, &selection, &extra, bounds, &mut warnings).map_err(one)?;
    let names = Names::new(&suite, &cases);
    if cases.is_empty() {
        return Err(no_case(&suite, &selection));
    }
    if !selection.cases.is_empty() && !selection.new_case {
        cases = filter_by_name(&suite, &selection, &cases, &names, bounds)?;
    }
    let stages = number_stages(&suite, &selection, &cases, &active, bounds, &mut warnings)?;
    if stages.iter().all(StageTasks::is_empty) {
        let message = "no task is selected".to_owned();
        let hint = warnings.first().map(|warning| warning.message.clone());
        return Err(PlanError::Empty { message, hint });
    }
    let links = Links::new(Tasks { suite: &suite, cases: &cases, stages: &stages }, &active);
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
        names,
        cases_by_point,
    };
    plan.edges = connect(&plan, &active, bounds).map_err(wrong)?;
    let problems = super::verify::verify(&plan);
    if !problems.is_empty() {
        return Err(wrong(problems));
    }
    Ok(plan)
}

fn no_case(suite: &Suite, selection: &Selection) -> PlanError {
    let message = format!("no case is left of suite `{}`", suite.name);
    let given = selection.arguments();
    let hint = if given.is_empty() {
        "its `where` lines leave none".to_owned()
    } else {
        format!("`{}` and the `where` lines of the suite leave none", given.join(" "))
    };
    PlanError::Empty { message, hint: Some(hint) }
}

/// Returns the tasks of every stage; those of stages that take no part are none.
fn number_stages(
    suite: &Suite,
    selection: &Selection,
    cases: &Cases,
    active: &[bool],
    bounds: &Bounds,
    warnings: &mut Vec<Problem>,
) -> Result<Vec<StageTasks>, PlanError> {
    let one = |problem: Problem| PlanError::wrong(suite, vec![problem]);
    let narrowed = selection.is_filtered() || selection.profile.is_some();
    let repeat = find_profile(suite, selection).map_err(one)?.and_then(|profile| profile.repeat);
    let mut stages = Vec::with_capacity(suite.stages.len());
    let mut problems = Vec::new();
    for (index, stage) in suite.stages.iter().enumerate() {
        if !active[index] {
            stages.push(StageTasks::none(cases.len()));
            continue;
        }
        let repeat = stage.repeat.map(|own| repeat.unwrap_or(own));
        let tasks = match number(suite, cases, index, repeat) {
            Ok(tasks) => tasks,
            Err(problem) => {
                problems.push(problem);
                StageTasks::none(cases.len())
            }
        };
        if tasks.is_empty() && problems.is_empty() {
            let problem = Problem::at(stage.span, format!("stage `{}` has no task", stage.name));
            let when = stage.when.as_ref().map_or("", |when| when.text());
            if narrowed {
                warnings.push(problem.hint(format!("its `when: {when}` holds for no case that is selected")));
            } else {
                problems.push(problem.hint(format!("its `when: {when}` holds for no case")));
            }
        }
        problems.extend(check_direct_params(suite, index));
        problems.extend(check_lets(suite, cases, index, &tasks));
        stages.push(tasks);
    }
    if !problems.is_empty() {
        return Err(PlanError::wrong(suite, problems));
    }
    check_count(suite, &stages, bounds)?;
    if narrowed {
        leave_out(suite, cases, active, &mut stages, warnings);
    }
    let mut first = 0;
    for tasks in &mut stages {
        tasks.start_at(first);
        first += tasks.len();
    }
    Ok(stages)
}

/// Checks that there are not more tasks than there may be.
fn check_count(suite: &Suite, stages: &[StageTasks], bounds: &Bounds) -> Result<(), PlanError> {
    let mut count = 0u64;
    for (stage, tasks) in suite.stages.iter().zip(stages) {
        count += u64::from(tasks.points()) * u64::from(tasks.rounds());
        if count > bounds.tasks {
            let problem = Problem::at(stage.span, format!("the plan has more than {} tasks", bounds.tasks));
            let hint = "narrow the cases with `where`, or the stage with `per`";
            return Err(PlanError::wrong(suite, vec![problem.hint(hint)]));
        }
    }
    Ok(())
}

/// Leaves out the tasks whose inputs a filter has left out, and then what needs those.
fn leave_out(suite: &Suite, cases: &Cases, active: &[bool], stages: &mut [StageTasks], warnings: &mut Vec<Problem>) {
    let mut left_out: BTreeMap<StageIndex, (u32, Problem)> = BTreeMap::new();
    loop {
        let tasks = Tasks { suite, cases, stages };
        let links = Links::new(tasks, active);
        let mut found: Vec<(StageIndex, Vec<bool>)> = Vec::new();
        for (index, stage) in suite.stages.iter().enumerate().filter(|(_, stage)| !stage.inputs.is_empty()) {
            let missing = |point: u32| {
                let case = stages[index].case(point);
                stage.inputs.iter().find_map(|input| {
                    match links.find(tasks, index, case, &input.source, input.span) {
                        Err(LinkError::Missing(problem)) => Some(problem),
                        // What is wrong in itself is told when the edges are made.
                        Err(LinkError::Wrong(_)) | Ok(_) => None,
                    }
                })
            };
            let mut points = Vec::new();
            for point in 0..stages[index].points() {
                let problem = missing(point);
                points.push(problem.is_some());
                if let Some(problem) = problem {
                    left_out.entry(index).or_insert((0, problem)).0 += 1;
                }
            }
            if points.contains(&true) {
                found.push((index, points));
            }
        }
        if found.is_empty() {
            break;
        }
        for (index, missing) in found {
            stages[index] = stages[index].without(&missing);
        }
    }
    for (index, (count, problem)) in left_out {
        let name = &suite.stages[index].name;
        let tasks = if count == 1 { "1 task is".to_owned() } else { format!("{count} tasks are") };
        let message = format!("stage `{name}`: {tasks} left out, since the filter leaves out what they take");
        warnings.push(Problem { message, hint: None, ..problem.clone() }.label(problem.message));
    }
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
