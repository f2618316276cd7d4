//! Stages that wait for each other whatever the cases are.
//!
//! Only what is certain is reported here: edges of a `pick`, and gates behind stages with `when`, may
//! or may not be there for a task. The plan checks the tasks themselves.

use super::outline::Outline;
use crate::config::context::Context;
use crate::suite::{After, Source, Stage, StageIndex};
use crate::value::{Problem, Span};

/// Reports a circle of stages, if there is one.
pub(crate) fn check_stage_circle(stages: &[Stage], outlines: &[Outline], context: &mut Context) {
    let edges: Vec<Vec<(StageIndex, Span)>> = stages.iter().map(|stage| needs(stage, outlines)).collect();
    let mut done = vec![false; stages.len()];
    for start in 0..stages.len() {
        let mut path: Vec<(StageIndex, Span)> = Vec::new();
        if let Some(circle) = walk(start, stages[start].span, &edges, &mut done, &mut path) {
            let names: Vec<&str> = circle.iter().map(|&(stage, _)| stages[stage].name.as_str()).collect();
            let place = circle.get(1).map_or(circle[0].1, |&(_, span)| span);
            let message = format!("stages wait for each other: `{}` -> `{}`", names.join("` -> `"), names[0]);
            context.problem(Problem::at(place, message).hint("`A -> B` reads `A` needs `B`; remove one of the edges"));
            return;
        }
    }
}

fn needs(stage: &Stage, outlines: &[Outline]) -> Vec<(StageIndex, Span)> {
    let mut found = Vec::new();
    for input in &stage.inputs {
        match &input.source {
            Source::Output { stage, baseline: false, .. } | Source::Rows(stage) | Source::Each { stage, .. } => {
                found.push((*stage, input.span));
            }
            Source::Output { .. } | Source::Root(_) | Source::Pick { .. } => {}
        }
    }
    if let After::Stages(gates) = &stage.after {
        found.extend(gates.iter().filter(|&&gate| !outlines[gate].conditional).map(|&gate| (gate, stage.span)));
    }
    found
}

fn walk(
    stage: StageIndex,
    span: Span,
    edges: &[Vec<(StageIndex, Span)>],
    done: &mut [bool],
    path: &mut Vec<(StageIndex, Span)>,
) -> Option<Vec<(StageIndex, Span)>> {
    if let Some(start) = path.iter().position(|&(on_path, _)| on_path == stage) {
        return Some(path[start..].to_vec());
    }
    if done[stage] {
        return None;
    }
    path.push((stage, span));
    for &(next, place) in &edges[stage] {
        let circle = walk(next, place, edges, done, path);
        if circle.is_some() {
            return circle;
        }
    }
    path.pop();
    done[stage] = true;
    None
}
