//! Which machine each task wants.

use super::scope::Scope;
use super::tasks::Projection;
use super::{Plan, TaskId};
use crate::suite::{ParamIndex, Part, StageIndex, Template};
use std::collections::{BTreeSet, HashMap};

/// The labels of a plan's tasks.
pub(super) struct Labels<'a> {
    plan: &'a Plan,
    /// The different labels, in the order of first use.
    names: Vec<Option<String>>,
    /// By stage: the label of all its tasks, or of each point.
    stages: Vec<StageLabels>,
}

enum StageLabels {
    All(usize),
    ByPoint(Vec<u32>),
}

impl<'a> Labels<'a> {
    pub(super) fn new(plan: &'a Plan) -> Labels<'a> {
        let mut labels = Labels { plan, names: Vec::new(), stages: Vec::new() };
        for (index, stage) in plan.suite.stages.iter().enumerate() {
            let found = match &stage.runner {
                _ if !plan.is_active(index) => StageLabels::All(0),
                None => StageLabels::All(labels.number(None)),
                Some(runner) => StageLabels::ByPoint(labels.of_points(index, runner)),
            };
            labels.stages.push(found);
        }
        labels
    }

    fn number(&mut self, name: Option<String>) -> usize {
        self.names.iter().position(|known| *known == name).unwrap_or_else(|| {
            self.names.push(name);
            self.names.len() - 1
        })
    }

    /// Fills the template once for each combination of what it depends on.
    fn of_points(&mut self, stage: StageIndex, runner: &Template) -> Vec<u32> {
        let plan = self.plan;
        let cases = &plan.cases;
        let tasks = plan.stage_tasks(stage);
        let by_name = runner.parts.contains(&Part::Name);
        let mut known: HashMap<(usize, u128), u32> = HashMap::new();
        let mut projections: HashMap<usize, Projection> = HashMap::new();
        (0..tasks.points())
            .map(|point| {
                let case = tasks.case(point);
                let block = cases.block(case);
                let value_of = |param: ParamIndex| cases.value(case, param);
                let name = if by_name { plan.point_name(stage, point).to_string() } else { String::new() };
                let scope = Scope::of_block(&plan.suite, Some(block), &value_of).at_stage(stage, &name);
                // The plan has resolved its tasks once, so this one resolves too.
                let fill = || scope.fill(runner).ok();
                if by_name {
                    return self.number(fill()) as u32;
                }
                let projection = projections.entry(block).or_insert_with(|| {
                    let mut params = BTreeSet::new();
                    scope.params_of_template(runner, &mut params);
                    Projection::new(cases, &params.into_iter().collect::<Vec<_>>())
                });
                *known.entry((block, projection.key_at(cases, case))).or_insert_with(|| self.number(fill()) as u32)
            })
            .collect()
    }

    /// Returns the different labels; none = any machine.
    pub(super) fn names(&self) -> &[Option<String>] {
        &self.names
    }

    /// Returns the label of a task, by its place in `names`.
    pub(super) fn of(&self, task: TaskId) -> usize {
        let (stage, point, _) = self.plan.locate(task);
        match &self.stages[stage] {
            StageLabels::All(label) => *label,
            StageLabels::ByPoint(labels) => labels[point as usize] as usize,
        }
    }
}
