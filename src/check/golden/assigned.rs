//! Which row of the golden table belongs to which metric at which planned point.

use super::planned::PlannedPoint;
use super::profile;
use super::table::{GoldenRow, Table};
use super::{GoldenFinding, GoldenVerdict};
use crate::ledger::MeasuredValue;
use crate::naming::NameFault;
use crate::suite::{Metric, StageIndex, Suite};
use crate::value::{PointName, Scalar, did_you_mean};
use std::collections::HashMap;

/// The rows of the table by the place they belong to.
pub(super) struct Assigned<'a> {
    /// By index of the planned point and of the metric.
    rows: HashMap<(usize, usize), Place<'a>>,
    /// Rows that belong nowhere, with the reason.
    strays: Vec<(Place<'a>, String)>,
}

/// A row and its index in the table.
#[derive(Clone, Copy)]
pub(super) struct Place<'a> {
    pub(super) index: usize,
    pub(super) row: &'a GoldenRow,
}

impl<'a> Assigned<'a> {
    pub(super) fn new(suite: &Suite, table: &'a Table, planned: &[PlannedPoint]) -> Assigned<'a> {
        let places: HashMap<(StageIndex, &str), usize> =
            planned.iter().enumerate().map(|(place, point)| ((point.stage, point.point.as_str()), place)).collect();
        let mut assigned = Assigned { rows: HashMap::new(), strays: Vec::new() };
        for (index, row) in table.rows().iter().enumerate() {
            let here = Place { index, row };
            let (stage, metric) = match find_metric(suite, &row.metric) {
                Ok(found) => found,
                Err(why) => {
                    assigned.strays.push((here, why));
                    continue;
                }
            };
            let place = match places.get(&(stage, row.point.as_str())) {
                Some(&place) => Ok(place),
                None => present_name(suite, &row.point).and_then(|name| {
                    places.get(&(stage, name.as_str())).copied().ok_or_else(|| not_planned(suite, stage))
                }),
            };
            match place {
                Err(_) if profile::may_plan(suite, stage, &row.point) => {}
                Err(why) => assigned.strays.push((here, why)),
                Ok(place) => match assigned.rows.get(&(place, metric)) {
                    None => {
                        assigned.rows.insert((place, metric), here);
                    }
                    Some(first) => {
                        let first = first.row;
                        let line = first.line.map_or_else(|| first.metric.clone(), |line| format!("line {line}"));
                        let why = format!("it stands for the same metric and point as {line}: delete one of them");
                        assigned.strays.push((here, why));
                    }
                },
            }
        }
        assigned
    }

    pub(super) fn get(&self, place: usize, metric: usize) -> Option<Place<'a>> {
        self.rows.get(&(place, metric)).copied()
    }

    /// Returns the rows that belong nowhere.
    pub(super) fn strays(&self) -> impl Iterator<Item = (Place<'a>, &str)> {
        self.strays.iter().map(|(place, why)| (*place, why.as_str()))
    }

    pub(super) fn orphans(self) -> impl Iterator<Item = GoldenFinding> {
        self.strays.into_iter().map(|(Place { row, .. }, why)| GoldenFinding {
            metric: row.metric.clone(),
            point: row.point.clone(),
            verdict: GoldenVerdict::Orphan,
            golden: Some(as_written(row)),
            value: None,
            unit: row.unit.clone(),
            golden_unit: None,
            deviation: None,
            tolerance: String::new(),
            message: row.line.map_or_else(|| why.clone(), |line| format!("{why} (line {line} of the golden table)")),
        })
    }
}

/// Finds the metric that a row is about: by its full name, by a short name that is unique, or by an
/// earlier name.
pub(super) fn find_metric(suite: &Suite, reference: &str) -> Result<(StageIndex, usize), String> {
    let found = suite.metrics_named(reference);
    let found = if found.is_empty() { metrics_once_named(suite, reference) } else { found };
    match found.as_slice() {
        [one] => Ok(*one),
        [] => {
            let full = |(stage, metric): (&str, &Metric)| format!("{stage}.{}", metric.name);
            let all =
                suite.stages.iter().flat_map(|stage| stage.metrics.iter().map(|metric| (stage.name.as_str(), metric)));
            let known: Vec<String> = all.map(full).collect();
            let hint = did_you_mean(reference, known.iter().map(String::as_str));
            Err(format!(
                "the suite has no metric `{reference}`{}",
                hint.map(|hint| format!(" ({hint})")).unwrap_or_default()
            ))
        }
        several => {
            let full: Vec<String> =
                several.iter().map(|(stage, _)| format!("`{}.{reference}`", suite.stages[*stage].name)).collect();
            Err(format!("`{reference}` is a metric of several stages: say {}", full.join(" or ")))
        }
    }
}

fn metrics_once_named(suite: &Suite, reference: &str) -> Vec<(StageIndex, usize)> {
    let (stage_name, name) = reference.split_once('.').map_or((None, reference), |(stage, name)| (Some(stage), name));
    let mut found = Vec::new();
    for (index, stage) in suite.stages.iter().enumerate() {
        if stage_name.is_none_or(|name| name == stage.name.as_str()) {
            let metric = stage.metrics.iter().position(|metric| metric.was.iter().any(|was| was == name));
            found.extend(metric.map(|metric| (index, metric)));
        }
    }
    found
}

/// Returns the present name of a point that was named under an earlier schema.
fn present_name(suite: &Suite, name: &PointName) -> Result<PointName, String> {
    match suite.schema.parse_new(name.as_str()) {
        Ok(point) => Ok(suite.schema.name(&point)),
        Err(err) => match &err.fault {
            // A value that is the default by now is no longer part of the name.
            NameFault::NotCanonical { canonical } => Ok(PointName::new(canonical.as_str())),
            fault => {
                let hint = err.hint().map(|hint| format!(" ({hint})")).unwrap_or_default();
                Err(format!("`{name}` is no point of this suite: {fault}{hint}"))
            }
        },
    }
}

fn not_planned(suite: &Suite, stage: StageIndex) -> String {
    format!("no task of `{}` is planned at this point: delete the line, or mend the point", suite.stages[stage].name)
}

/// Returns the value of a row as what it looks like.
pub(super) fn as_written(row: &GoldenRow) -> MeasuredValue {
    match Scalar::infer(row.value.trim()) {
        Scalar::Number(number) => MeasuredValue::Number(number.to_f64()),
        _ => MeasuredValue::Text(row.value.clone()),
    }
}
