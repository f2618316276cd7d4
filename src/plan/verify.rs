//! A last look at tasks in full, before anything runs: paths, names, values that are missing.
//!
//! Tasks differ only in the values that their stage uses, so one task of each combination of those
//! is looked at.

use super::findings::Findings;
use super::resolve::{ResolvedSource, ResolvedTask, resolve};
use super::scope::Scope;
use super::tasks::Projection;
use super::{ABSENT, Plan};
use crate::suite::{Command, ParamIndex, Stage, StageIndex};
use crate::value::Problem;
use std::collections::{BTreeMap, BTreeSet, HashSet};

/// So many combinations are all looked at; of the rest, some.
const ALL_OF: usize = 2_000;
/// How many of the rest, about.
const SOME: u32 = 500;

/// Returns what is wrong with tasks of the plan.
pub(super) fn verify(plan: &Plan) -> Vec<Problem> {
    (0..plan.suite.stages.len()).flat_map(|stage| verify_stage(plan, stage).into_problems()).collect()
}

fn verify_stage(plan: &Plan, stage: StageIndex) -> Findings {
    let tasks = plan.stage_tasks(stage);
    let mut findings = Findings::new(false);
    let mut check = |point: u32| {
        let task = tasks.task(point, 0);
        let result = resolve(plan, task, &BTreeMap::new()).and_then(|resolved| check_folder(plan, &resolved));
        if let Err(problem) = result {
            findings.add(problem, || plan.key(task).to_string());
        }
    };
    let deciding = Deciding::of_stage(plan, stage);
    if deciding.is_nothing() {
        (0..tasks.points().min(1)).for_each(check);
        return findings;
    }
    let mut seen = HashSet::new();
    let step = tasks.points() / SOME + 1;
    for point in 0..tasks.points() {
        let new = seen.insert(deciding.key(plan, tasks.case(point)));
        if new && (seen.len() <= ALL_OF || point % step == 0) {
            check(point);
        }
    }
    findings
}

/// What the tasks of a stage differ in, as far as it can make one of them wrong.
struct Deciding {
    several_blocks: bool,
    by_value: Projection,
    by_presence: Projection,
    nothing: bool,
}

impl Deciding {
    fn of_stage(plan: &Plan, index: StageIndex) -> Deciding {
        let stage = &plan.suite.stages[index];
        let blocks = plan.cases.blocks_used();
        let depends_on = |names: &BTreeSet<String>| {
            let mut params = BTreeSet::new();
            for &block in &blocks {
                let scope = Scope::of_block(&plan.suite, Some(block), &|_| None).at_stage(index, "");
                names.iter().for_each(|name| scope.params_of(name, &mut params));
            }
            params
        };
        let all = stage.names_used(std::iter::empty());
        // Any value of a parameter will do in an argument, if there is one.
        let command = Command::Shell(String::new());
        let paths = Stage { command, metrics: Vec::new(), retry: Vec::new(), ..stage.clone() };
        let mut by_value = paths.names_used(std::iter::empty()).params;
        by_value.extend(depends_on(&all.names));
        let may_be_absent = |param: &ParamIndex| {
            !by_value.contains(param) && (0..plan.cases.len()).any(|case| plan.cases.code(case, *param) == ABSENT)
        };
        let by_presence: Vec<ParamIndex> = all.params.iter().copied().filter(may_be_absent).collect();
        let by_value: Vec<ParamIndex> = by_value.into_iter().collect();
        Deciding {
            several_blocks: blocks.len() > 1,
            nothing: blocks.len() == 1 && by_value.is_empty() && by_presence.is_empty(),
            by_value: Projection::new(&plan.cases, &by_value),
            by_presence: Projection::new(&plan.cases, &by_presence),
        }
    }

    fn is_nothing(&self) -> bool {
        self.nothing
    }

    fn key(&self, plan: &Plan, case: usize) -> (usize, u128, u128) {
        let block = if self.several_blocks { plan.cases.block(case) } else { 0 };
        let present = self.by_presence.key(|param| plan.cases.code(case, param).min(1));
        (block, self.by_value.key_at(&plan.cases, case), present)
    }
}

/// Checks that what lies in a task's folder does not get in each other's way.
fn check_folder(plan: &Plan, task: &ResolvedTask) -> Result<(), Problem> {
    let stage = &plan.suite.stages[task.stage];
    for (index, input) in task.inputs.iter().enumerate() {
        let problem = |message: String| Problem::at(input.span, message);
        if !is_inside(&input.local) {
            return Err(problem(format!("the input name `{}` does not stay in the task's folder", input.local)));
        }
        let others = || task.inputs[..index].iter().map(|other| other.local.as_str());
        if others().any(|other| other == input.local) {
            return Err(problem(format!("two inputs are named `{}`", input.local)).hint("use a map to rename one"));
        }
        if let Some(other) = others().find(|other| is_below(other, &input.local) || is_below(&input.local, other)) {
            return Err(problem(format!("the inputs `{}` and `{other}` lie in each other", input.local))
                .hint("use a map to rename one"));
        }
        if let ResolvedSource::Root(path) = &input.source
            && !is_inside(path)
        {
            return Err(problem(format!("`root/{path}` does not stay below the root")));
        }
    }
    let evidence = task.evidence.iter().filter_map(|evidence| evidence.file.as_ref());
    let written = task.outputs.iter().map(|path| ("an output", path));
    let read = evidence.chain(&task.rows_csv).map(|path| ("evidence", path));
    for (what, path) in written.chain(read) {
        if !is_inside(path) {
            return Err(Problem::at(stage.span, format!("`{path}` does not stay in the task's folder")));
        }
        let path = path.trim_end_matches('/');
        if let Some(input) = task.inputs.iter().find(|input| input.local.trim_end_matches('/') == path) {
            return Err(Problem::at(input.span, format!("`{path}` is an input and {what}"))
                .hint("a task may not write to its inputs: rename one"));
        }
        if let Some(input) = task.inputs.iter().find(|input| is_below(path, &input.local)) {
            return Err(Problem::at(
                input.span,
                format!("`{path}` is {what}, and lies in the input `{}`", input.local),
            )
            .hint("a task may not write to its inputs: rename one"));
        }
    }
    Ok(())
}

/// Tells whether a path lies below another, by their texts.
fn is_below(path: &str, folder: &str) -> bool {
    path.strip_prefix(folder.trim_end_matches('/')).is_some_and(|rest| rest.starts_with('/'))
}

/// Tells whether a relative path stays inside the folder it starts from, by its text.
fn is_inside(path: &str) -> bool {
    !path.is_empty()
        && !path.starts_with('/')
        && !path.contains('\0')
        && path.trim_end_matches('/').split('/').all(|part| !part.is_empty() && part != ".." && part != ".")
}
