//! The points that a run planned, stage by stage, as the present suite names them.

use crate::ledger::{RowResult, Verdict};
use crate::naming::{Rekeyed, rekey};
use crate::record::{CaseRecord, RunRecord, TaskRecord};
use crate::suite::{StageIndex, Suite};
use crate::value::{PointName, Repeat, Scalar};
use std::collections::HashMap;

/// A point at which a stage was planned.
#[derive(Debug, Clone, PartialEq)]
pub struct PlannedPoint {
    /// The stage.
    pub stage: StageIndex,
    /// The point's name under the present suite.
    pub point: PointName,
    /// The point's name in the record.
    pub recorded: PointName,
    /// Its parameters, by their present names.
    pub params: Vec<(String, Scalar)>,
    /// The worst verdict of its tasks.
    pub verdict: Verdict,
    /// Whether a task of it is a known failure.
    pub known: bool,
}

/// Returns the planned points of a record in plan order: those of its tasks, and for stages that
/// report rows, those of the cases below.
///
/// A point that has no place in the present suite (its stage or a value is gone) is left out: there
/// is nothing in the suite that it could be checked against.
pub fn planned_points(suite: &Suite, record: &RunRecord) -> Vec<PlannedPoint> {
    let mut points = Points { suite, list: Vec::new(), places: HashMap::new() };
    let all: Vec<usize> = (0..suite.schema.len()).collect();
    let mut below = Below::new(record);
    for task in &record.tasks {
        if matches!(task.task.repeat, Some(Repeat::Warmup(_))) {
            continue;
        }
        let Some(index) = suite.stage(task.task.stage.as_str()) else { continue };
        let stage = &suite.stages[index];
        if stage.rows.is_none() {
            points.add(index, &stage.per, (&task.task.point, &task.params), task, task.verdict);
            continue;
        }
        for (case, verdict) in below.cases(suite, index, task) {
            points.add(index, &all, (&case.name, &case.params), task, verdict);
        }
    }
    points.list
}

/// Points in order, each once.
struct Points<'s> {
    suite: &'s Suite,
    list: Vec<PlannedPoint>,
    places: HashMap<(StageIndex, PointName), usize>,
}

impl Points<'_> {
    fn add(
        &mut self,
        stage: StageIndex,
        within: &[usize],
        (recorded, params): (&PointName, &[(String, Scalar)]),
        task: &TaskRecord,
        verdict: Verdict,
    ) {
        let schema = &self.suite.schema;
        let named = params.iter().map(|(name, value)| (name.as_str(), value));
        let Ok(Rekeyed { point, .. }) = rekey(named, schema, within) else { return };
        let name = schema.name(&point);
        let known = task.known.is_some();
        if let Some(&place) = self.places.get(&(stage, name.clone())) {
            let there = &mut self.list[place];
            there.verdict = there.verdict.max(verdict);
            there.known |= known;
            return;
        }
        let params =
            point.present().map(|(param, value)| (schema.params()[param].name.clone(), value.clone())).collect();
        self.places.insert((stage, name.clone()), self.list.len());
        self.list.push(PlannedPoint { stage, point: name, recorded: recorded.clone(), params, verdict, known });
    }
}

/// Finds the cases below the point of a task, looking through all cases once for each stage.
struct Below<'r> {
    record: &'r RunRecord,
    by_name: HashMap<&'r PointName, usize>,
    by_stage: HashMap<StageIndex, HashMap<Vec<Option<&'r Scalar>>, Vec<usize>>>,
}

impl<'r> Below<'r> {
    fn new(record: &'r RunRecord) -> Below<'r> {
        let by_name = record.cases.iter().enumerate().map(|(index, case)| (&case.name, index)).collect();
        Below { record, by_name, by_stage: HashMap::new() }
    }

    fn cases(&mut self, suite: &Suite, stage: StageIndex, task: &'r TaskRecord) -> Vec<(&'r CaseRecord, Verdict)> {
        let record = self.record;
        if !task.rows.is_empty() {
            let case = |row: &RowResult| Some((&record.cases[*self.by_name.get(&row.case)?], row.verdict));
            return task.rows.iter().filter_map(case).collect();
        }
        // A task that broke reported none; its cases are those that agree with it.
        let per = &suite.stages[stage].per;
        let groups = self.by_stage.entry(stage).or_insert_with(|| {
            let mut groups: HashMap<Vec<Option<&Scalar>>, Vec<usize>> = HashMap::new();
            for (index, case) in record.cases.iter().enumerate() {
                groups.entry(project(suite, per, &case.params)).or_default().push(index);
            }
            groups
        });
        let found = groups.get(&project(suite, per, &task.params));
        found.into_iter().flatten().map(|&index| (&record.cases[index], task.verdict)).collect()
    }
}

fn project<'r>(suite: &Suite, per: &[usize], params: &'r [(String, Scalar)]) -> Vec<Option<&'r Scalar>> {
    let value = |&param: &usize| {
        params.iter().find(|(name, _)| suite.schema.index_now_or_then(name) == Some(param)).map(|(_, value)| value)
    };
    per.iter().map(value).collect()
}
