//! Bases that no run is: the best of several runs, and a golden table.

use crate::ledger::MeasuredValue;
use crate::record::{MetricRow, RunRecord};
use crate::value::RunId;
use std::collections::{BTreeMap, HashMap};

/// Returns the newest of the records with the best value of each metric at each point; `records` are
/// the newest first. A metric that is neither better higher nor better lower keeps its newest value.
pub fn best_of(records: &[RunRecord]) -> Option<RunRecord> {
    let (newest, older) = records.split_first()?;
    let mut best = newest.clone();
    let higher: BTreeMap<(String, String), bool> = newest
        .run
        .metric_infos
        .iter()
        .filter_map(|info| {
            let higher = match info.better.as_deref() {
                Some("higher") => true,
                Some("lower") => false,
                _ => return None,
            };
            Some(((info.stage.to_string(), info.metric.to_string()), higher))
        })
        .collect();
    let mut rows: HashMap<_, Vec<&MetricRow>> = HashMap::new();
    for row in older.iter().flat_map(|record| &record.metrics) {
        rows.entry((&row.stage, &row.point, &row.metric)).or_default().push(row);
    }
    for row in &mut best.metrics {
        let Some(higher) = higher.get(&(row.stage.to_string(), row.metric.to_string())) else { continue };
        let others = rows.get(&(&row.stage, &row.point, &row.metric)).map_or(&[][..], Vec::as_slice);
        let mut winner: &MetricRow = row;
        for other in others.iter().copied().filter(|other| other.unit == row.unit) {
            if let (MeasuredValue::Number(own), MeasuredValue::Number(value)) = (&winner.value, &other.value)
                && (if *higher { value > own } else { value < own })
            {
                winner = other;
            }
        }
        let winner = winner.clone();
        *row = winner;
    }
    if !older.is_empty() {
        best.run.id = RunId::new(format!("best of {} runs", records.len()));
    }
    Some(best)
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
