//! The points that a run planned, stage by stage, as the present suite names them.

use crate::ledger::Verdict;
use crate::naming::rekey;
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
}

/// Returns the planned points of a record in plan order: those of its tasks, and for stages that
/// report rows, those of the cases below.
///
/// A point that has no place in the present suite (its stage or a value is gone) is left out: there
/// is nothing in the suite that it could be checked against.
pub fn planned_points(suite: &Suite, record: &RunRecord) -> Vec<PlannedPoint> {
    let mut points = Vec::new();
    let mut places: HashMap<(StageIndex, PointName), usize> = HashMap::new();
    let mut add = |point: PlannedPoint| match places.get(&(point.stage, point.point.clone())) {
        Some(&place) => {
            let known: &mut PlannedPoint = &mut points[place];
            known.verdict = known.verdict.max(point.verdict);
        }
        None => {
            places.insert((point.stage, point.point.clone()), points.len());
            points.push(point);
        }
    };
    let all: Vec<usize> = (0..suite.schema.len()).collect();
    let mut below = Below::new(record);
    for task in &record.tasks {
        if matches!(task.task.repeat, Some(Repeat::Warmup(_))) {
            continue;
        }
        let Some(index) = suite.stage(task.task.stage.as_str()) else { continue };
        let stage = &suite.stages[index];
        if stage.rows.is_none() {
            add_point(suite, index, &stage.per, &task.task.point, &task.params, task.verdict, &mut add);
            continue;
        }
        for case in below.cases(suite, index, task) {
            let reported = task.rows.iter().find(|row| row.case == case.name);
            let verdict = reported.map_or(task.verdict, |row| row.verdict);
            add_point(suite, index, &all, &case.name, &case.params, verdict, &mut add);
        }
    }
    points
}

fn add_point(
    suite: &Suite,
    stage: StageIndex,
    within: &[usize],
    recorded: &PointName,
    params: &[(String, Scalar)],
    verdict: Verdict,
    add: &mut impl FnMut(PlannedPoint),
) {
    let Some(point) = present(suite, within, params) else { return };
    let params = point.present().map(|(param, value)| (suite.schema.params()[param].name.clone(), value.clone()));
    let (name, params) = (suite.schema.name(&point), params.collect());
    add(PlannedPoint { stage, point: name, recorded: recorded.clone(), params, verdict });
}

/// Returns the point as the present suite sees it.
fn present(suite: &Suite, within: &[usize], params: &[(String, Scalar)]) -> Option<crate::naming::Point> {
    let rekeyed = rekey(params.iter().map(|(name, value)| (name.as_str(), value)), &suite.schema, within).ok()?;
    Some(rekeyed.point)
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

    fn cases(&mut self, suite: &Suite, stage: StageIndex, task: &'r TaskRecord) -> Vec<&'r CaseRecord> {
        let record = self.record;
        if !task.rows.is_empty() {
            return task.rows.iter().filter_map(|row| Some(&record.cases[*self.by_name.get(&row.case)?])).collect();
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
        found.into_iter().flatten().map(|&index| &record.cases[index]).collect()
    }
}

fn project<'r>(suite: &Suite, per: &[usize], params: &'r [(String, Scalar)]) -> Vec<Option<&'r Scalar>> {
    let value = |&param: &usize| {
        params.iter().find(|(name, _)| suite.schema.index_now_or_then(name) == Some(param)).map(|(_, value)| value)
    };
    per.iter().map(value).collect()
}
