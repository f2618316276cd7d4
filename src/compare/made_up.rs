//! Bases that no run is: the best of several runs, and a golden table.

use super::measured::converted;
use super::pairs;
use crate::ledger::MeasuredValue;
use crate::record::{MetricRow, RunRecord};
use crate::suite::Suite;
use crate::value::{MetricName, PointName, RunId, StageName};
use std::collections::HashMap;

/// Returns the newest of the records with the best value of each metric at each point; `records` are
/// the newest first. Points and metrics of older runs are found under the names that `suite` gives them, and
/// their values come in the newest's units; what the newest did not measure comes from the newest that did. A metric that is neither better higher nor better lower
/// keeps its newest value.
pub fn best_of(records: &[RunRecord], suite: &Suite) -> Option<RunRecord> {
    let (newest, older) = records.split_first()?;
    let mut best = newest.clone();
    for record in older {
        let mut better: HashMap<(StageName, MetricName, PointName), MetricRow> = HashMap::new();
        let mut more = Vec::new();
        for pair in pairs::pair(&best, record, suite) {
            let (Some(row), Some(other)) = (pair.head, pair.base) else {
                // What the newest did not even plan is gone.
                more.extend(pair.base.filter(|_| pair.unmeasured).cloned());
                continue;
            };
            let higher = match pair.head_info.and_then(|info| info.better.as_deref()) {
                Some("higher") => true,
                Some("lower") => false,
                _ => continue,
            };
            let key = || (row.stage.clone(), row.metric.clone(), row.point.clone());
            better.extend(better_row(row, other, higher).map(|row| (key(), row)));
        }
        for row in &mut best.metrics {
            if let Some(better) = better.remove(&(row.stage.clone(), row.metric.clone(), row.point.clone())) {
                *row = better;
            }
        }
        best.metrics.extend(more);
        let infos = &mut best.run.metric_infos;
        for info in &record.run.metric_infos {
            if !infos.iter().any(|known| (&known.stage, &known.metric) == (&info.stage, &info.metric)) {
                infos.push(info.clone());
            }
        }
    }
    if !older.is_empty() {
        best.run.id = RunId::new(format!("best of {} runs", records.len()));
    }
    Some(best)
}

/// Returns a row with the value of another run, if that is better.
fn better_row(row: &MetricRow, other: &MetricRow, higher: bool) -> Option<MetricRow> {
    let (MeasuredValue::Number(own), MeasuredValue::Number(value)) = (&row.value, &other.value) else { return None };
    let unit = |row: &MetricRow| row.unit.clone().unwrap_or_default();
    let (from, to) = (unit(other), unit(row));
    let value = *converted(&[*value], &from, &to)?.first()?;
    if !(if higher { value > *own } else { value < *own }) {
        return None;
    }
    Some(MetricRow {
        value: MeasuredValue::Number(value),
        samples: converted(&other.samples, &from, &to)?,
        origin: other.origin.clone(),
        ..row.clone()
    })
}

/// A value of a golden table.
#[derive(Debug, Clone, PartialEq)]
pub struct GoldenValue {
    /// `STAGE.METRIC`, or the metric where that is enough.
    pub metric: String,
    /// The point.
    pub point: String,
    /// The value.
    pub value: MeasuredValue,
    /// Its unit; none: the metric's.
    pub unit: Option<String>,
}

/// Returns the head as it would be if its metrics were those of a golden table; metrics that the table
/// does not have are left out.
pub fn golden_base(head: &RunRecord, table: &str, values: &[GoldenValue]) -> RunRecord {
    let by_name: HashMap<(&str, &str), &GoldenValue> =
        values.iter().map(|value| ((value.metric.as_str(), value.point.as_str()), value)).collect();
    let mut base = head.clone();
    base.run.id = RunId::new(format!("golden table {table}"));
    base.metrics.retain_mut(|row| {
        let reference = row.reference();
        let names = [reference.as_str(), row.metric.as_str()];
        let Some(golden) = names.iter().find_map(|name| by_name.get(&(*name, row.point.as_str()))) else {
            return false;
        };
        row.value = golden.value.clone();
        row.samples = match &golden.value {
            MeasuredValue::Number(number) => vec![*number],
            MeasuredValue::Text(_) => Vec::new(),
        };
        row.unit = golden.unit.clone().or_else(|| row.unit.clone());
        row.origin = None;
        true
    });
    base
}
