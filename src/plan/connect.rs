//! From sources and gates to the edges of the task graph.

use super::Plan;
use super::bounds::Bounds;
use super::edges::{Edges, LinkError, Upstream, all_gates, choose, gates, no_choice, producers};
use super::findings::Findings;
use super::tasks::TaskId;
use crate::suite::{After, Stage, StageIndex};
use crate::value::Problem;

/// A task on a cycle is shown with at most so many others.
const MAX_SHOWN: usize = 6;

/// Finds the upstream tasks of each task.
pub(super) fn connect(plan: &Plan, active: &[bool], bounds: &Bounds) -> Result<Edges, Vec<Problem>> {
    let suite = &plan.suite;
    let waits = |stage: &Stage| {
        let mut found = all_gates(&stage.after);
        stage.inputs.iter().for_each(|input| producers(&input.source, &mut found));
        !found.is_empty() || matches!(stage.after, After::Pick { .. })
    };
    if !suite.stages.iter().any(waits) {
        return Ok(Edges::default());
    }
    let mut problems: Vec<Problem> = Vec::new();
    let mut edges = Edges::new(plan.task_count());
    let mut upstream = Vec::new();
    let mut found = 0usize;
    for (index, stage) in suite.stages.iter().enumerate() {
        let tasks = &plan.stages[index];
        let mut findings = Findings::new(true);
        for point in 0..tasks.points() {
            upstream.clear();
            if let Err(problem) = upstream_of(plan, active, index, point, &mut upstream) {
                findings.add(problem, || plan.key(tasks.task(point, 0)).to_string());
            }
            let rounds = tasks.rounds();
            found = found.saturating_add(upstream.len().saturating_mul(rounds as usize));
            upstream.sort_unstable();
            upstream.dedup();
            if found <= bounds.edges {
                (0..rounds).for_each(|_| edges.push(&upstream));
            } else {
                let message = format!("the tasks up to stage `{}` wait for each other too often", stage.name);
                let hint = format!("more than {} times: gather over fewer parameters", bounds.edges);
                return Err(vec![Problem::at(stage.span, message).hint(hint)]);
            }
        }
        problems.extend(findings.into_problems());
    }
    if !problems.is_empty() {
        return Err(problems);
    }
    match find_cycle(plan, &edges) {
        Some(cycle) => Err(vec![cycle_problem(plan, &cycle)]),
        None => Ok(edges),
    }
}

/// Collects the tasks that the tasks of a point wait for, in any order and maybe more than once.
fn upstream_of(
    plan: &Plan,
    active: &[bool],
    stage_index: StageIndex,
    point: u32,
    upstream: &mut Vec<TaskId>,
) -> Result<(), Problem> {
    let stage = &plan.suite.stages[stage_index];
    let case = plan.stages[stage_index].case(point);
    for input in &stage.inputs {
        let found = plan.links.find(plan.tasks_so_far(), stage_index, case, &input.source, input.span);
        match found.map_err(LinkError::problem)? {
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
    if let After::Pick { param, from, otherwise: None } = &stage.after
        && choose(&plan.cases, case, *param, from).is_none()
    {
        let problem = no_choice(&plan.suite, &plan.cases, case, *param, stage.span);
        let hint = "add the entry (`[]` for no gate), or `else:`";
        return Err(Problem { message: format!("in `after`: {}", problem.message), ..problem }.hint(hint));
    }
    for &gate in gates(&stage.after, &plan.cases, case) {
        if active[gate] {
            let points = plan.links.gather(plan.tasks_so_far(), stage_index, gate, case);
            upstream.extend(points.flat_map(|point| plan.stages[gate].measured(point)));
        }
    }
    Ok(())
}

/// Returns the tasks of a cycle, if there is one: each waits for the next, the last for the first.
fn find_cycle(plan: &Plan, edges: &Edges) -> Option<Vec<TaskId>> {
    let count = plan.task_count();
    let all = || (0..count as u32).map(TaskId);
    // Stages in file order are nearly always in the order of the flow: then no task is looked at.
    if all().all(|task| edges.of(task).iter().all(|&upstream| plan.stage_of(upstream) < plan.stage_of(task))) {
        return None;
    }
    let mut waiting: Vec<u32> = all().map(|task| edges.of(task).len() as u32).collect();
    let mut downstream: Vec<Vec<TaskId>> = vec![Vec::new(); count];
    for task in all() {
        edges.of(task).iter().for_each(|upstream| downstream[upstream.index()].push(task));
    }
    let mut ready: Vec<TaskId> = all().filter(|task| waiting[task.index()] == 0).collect();
    while let Some(task) = ready.pop() {
        for &next in &downstream[task.index()] {
            waiting[next.index()] -= 1;
            if waiting[next.index()] == 0 {
                ready.push(next);
            }
        }
    }
    // What is left is on a cycle, or behind one: going against the flow leads into it.
    let stuck = |task: &TaskId| waiting[task.index()] > 0;
    let mut path = vec![all().find(stuck)?];
    loop {
        let last = *path.last()?;
        let before = edges.of(last).iter().copied().find(stuck)?;
        if let Some(start) = path.iter().position(|&seen| seen == before) {
            return Some(path.split_off(start));
        }
        path.push(before);
    }
}

fn cycle_problem(plan: &Plan, cycle: &[TaskId]) -> Problem {
    let keys: Vec<String> = cycle.iter().take(MAX_SHOWN).map(|&task| plan.key(task).to_string()).collect();
    let stage = &plan.suite.stages[plan.stage_of(cycle[0])];
    let message = match keys.as_slice() {
        [own] => format!("the task {own} waits for itself"),
        keys => {
            let more = if cycle.len() > MAX_SHOWN { " ..." } else { "" };
            format!("tasks wait for each other: {}{more}, which waits for {}", keys.join(" waits for "), keys[0])
        }
    };
    Problem::at(stage.span, message).hint("look at their `inputs` and `after`: one of them must not lead back")
}
