//! Every `let` that a stage uses has one value in each task, over all its cases.
//!
//! A second value means that `per` lacks a parameter: the commonest mistake of the format.

use super::cases::Cases;
use super::scope::{Scope, names_of};
use super::tasks::{Projection, StageTasks, differing_params};
use crate::suite::{Computed, ParamIndex, Part, StageIndex, Suite, Template};
use crate::value::{Problem, Value};
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// Returns the `let`s of a stage that have two values in one task.
pub(super) fn check_lets(suite: &Suite, cases: &Cases, stage_index: StageIndex, tasks: &StageTasks) -> Vec<Problem> {
    let stage = &suite.stages[stage_index];
    if stage.per.len() == suite.schema.params().len() || tasks.is_empty() {
        return Vec::new();
    }
    let all_lets = suite.lets.iter().chain(suite.blocks.iter().flat_map(|block| &block.lets));
    let used = stage.names_used(all_lets.map(|entry| entry.name.as_str()));
    let blocks = cases.blocks_used();
    let found = used.names.iter().filter_map(|name| {
        if is_settled(suite, &blocks, stage_index, name) {
            return None;
        }
        find_second_value(suite, cases, stage_index, tasks, name)
    });
    found.collect()
}

/// Tells whether a name has one value in each task by construction: no block says something else of
/// it, and all that it depends on are parameters of the stage.
fn is_settled(suite: &Suite, blocks: &[usize], stage_index: StageIndex, name: &str) -> bool {
    let nothing = |_: ParamIndex| None;
    let mut definitions = None;
    for &block in blocks {
        let scope = Scope::of_block(suite, Some(block), &nothing).at_stage(stage_index, "");
        let mut found = BTreeMap::new();
        definitions_below(&scope, name, &mut found);
        let mut params = BTreeSet::new();
        scope.params_of(name, &mut params);
        // A bare parameter is not a `let`; whether the stage has it is another question.
        if !found.is_empty() && !params.iter().all(|param| suite.stages[stage_index].per.contains(param)) {
            return false;
        }
        if *definitions.get_or_insert_with(|| found.clone()) != found {
            return false;
        }
    }
    true
}

/// Collects the definitions that a name leads to.
fn definitions_below<'a>(scope: &Scope<'a>, name: &str, found: &mut BTreeMap<String, &'a Computed>) {
    let Some(entry) = scope.find_let(name) else { return };
    if found.insert(name.to_owned(), &entry.value).is_none() {
        names_below(scope, &entry.value, found);
    }
}

fn names_below<'a>(scope: &Scope<'a>, computed: &'a Computed, found: &mut BTreeMap<String, &'a Computed>) {
    let of_template = |template: &Template, found: &mut BTreeMap<String, &'a Computed>| {
        for part in &template.parts {
            if let Part::Let(name) = part {
                definitions_below(scope, name, found);
            }
        }
    };
    match computed {
        Computed::Scalar(_) => {}
        Computed::Text(template) => of_template(template, found),
        Computed::List(items) => items.iter().for_each(|item| of_template(item, found)),
        Computed::Expr(expr) => names_of(expr).iter().for_each(|name| definitions_below(scope, name, found)),
        Computed::Pick { from, otherwise, .. } => {
            for value in from.iter().map(|(_, value)| value).chain(otherwise.as_deref()) {
                names_below(scope, value, found);
            }
        }
    }
}

/// The values of a name over the cases, each computed once for what it depends on.
struct Values<'a> {
    suite: &'a Suite,
    cases: &'a Cases,
    stage: StageIndex,
    name: &'a str,
    /// By block: what the name depends on there, and the number of each value.
    known: HashMap<usize, (Projection, HashMap<u128, Option<usize>>)>,
    /// The different values; `None` = the name is not there.
    values: Vec<Option<Value>>,
}

impl Values<'_> {
    /// Returns the number of the value at a case; `None` if it cannot be computed there, which
    /// matters only if the task asks for it, and then says so.
    fn at(&mut self, case: usize) -> Option<usize> {
        let Values { suite, cases, stage, name, known, values } = self;
        let block = cases.block(case);
        let value_of = |param: ParamIndex| cases.value(case, param);
        let scope = Scope::of_block(suite, Some(block), &value_of).at_stage(*stage, "");
        let (projection, numbers) = known.entry(block).or_insert_with(|| {
            let mut params = BTreeSet::new();
            scope.params_of(name, &mut params);
            (Projection::new(cases, &params.into_iter().collect::<Vec<_>>()), HashMap::new())
        });
        *numbers.entry(projection.key_at(cases, case)).or_insert_with(|| {
            let value = scope.lookup(name).ok()?;
            let place = values.iter().position(|known| *known == value);
            Some(place.unwrap_or_else(|| {
                values.push(value);
                values.len() - 1
            }))
        })
    }
}

fn find_second_value(
    suite: &Suite,
    cases: &Cases,
    stage_index: StageIndex,
    tasks: &StageTasks,
    name: &str,
) -> Option<Problem> {
    let stage = &suite.stages[stage_index];
    let mut values = Values { suite, cases, stage: stage_index, name, known: HashMap::new(), values: Vec::new() };
    let mut first_of_point: Vec<Option<(u32, usize)>> = vec![None; tasks.points() as usize];
    for case in 0..cases.len() {
        let Some(point) = tasks.point(case) else { continue };
        let Some(value) = values.at(case) else { continue };
        let (first_case, first) = *first_of_point[point as usize].get_or_insert((case as u32, value));
        if first == value {
            continue;
        }
        let show = |value: usize| values.values[value].as_ref().map_or("none".to_owned(), ToString::to_string);
        let (first, second) = (show(first), show(value));
        let message = format!("stage `{}`: `{name}` has two values in one task: {first} and {second}", stage.name);
        let differing = differing_params(suite, cases, first_case as usize, case);
        let problem = Problem::at(stage.span, message);
        return Some(if differing.is_empty() {
            problem.hint("the blocks that give the same points must agree on it")
        } else {
            problem.hint(format!("add what it depends on to `per` (the two cases differ in {differing})"))
        });
    }
    None
}
