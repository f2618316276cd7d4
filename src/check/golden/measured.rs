//! What a run measured, by stage, metric and point, in the unit that it shares with its golden.

use super::table::GoldenRow;
use crate::check::measure::shorten_text;
use crate::record::{MetricRow, RunRecord};
use crate::suite::{Metric, Stage};
use crate::value::{Decimal, PointName, convert, convert_f64};
use std::collections::HashMap;

/// The metrics of a record.
pub(super) struct MeasuredRows<'r> {
    rows: HashMap<(&'r str, &'r str, &'r PointName), &'r MetricRow>,
}

impl<'r> MeasuredRows<'r> {
    pub(super) fn of(record: &'r RunRecord) -> MeasuredRows<'r> {
        let key = |row: &'r MetricRow| ((row.stage.as_str(), row.metric.as_str(), &row.point), row);
        MeasuredRows { rows: record.metrics.iter().map(key).collect() }
    }

    /// Returns a metric at a point, which is named as in the record; the metric may have had an earlier
    /// name.
    pub(super) fn get(&self, stage: &Stage, metric: &Metric, point: &PointName) -> Option<&'r MetricRow> {
        let of_name = |name: &str| self.rows.get(&(stage.name.as_str(), name, point)).copied();
        of_name(metric.name.as_str()).or_else(|| metric.was.iter().find_map(|was| of_name(was)))
    }
}

/// Returns a measured number in the metric's unit, and that unit; without one, in its own.
pub(super) fn measured_in_unit(
    metric: &Metric,
    row: &MetricRow,
    measured: f64,
) -> Result<(f64, Option<String>), String> {
    let unit = metric.unit.clone().or_else(|| row.unit.clone()).filter(|unit| !unit.is_empty());
    let Some(target) = unit else { return Ok((measured, None)) };
    // A number without a unit is taken to be in the metric's.
    let value = match &row.unit {
        Some(own) => convert_f64(measured, own, &target)
            .map_err(|err| format!("the value is in `{own}` and the metric in `{target}`: {err}"))?,
        None => measured,
    };
    Ok((value, Some(target)))
}

/// Returns the number of a golden in a unit, for a measured number.
pub(super) fn golden_in_unit(golden: &GoldenRow, target: Option<&str>, measured: f64) -> Result<Decimal, String> {
    let Ok(expected) = golden.value.trim().parse::<Decimal>() else {
        return Err(format!("{measured} is a number and the golden `{}` is not", shorten_text(&golden.value)));
    };
    match (target, &golden.unit) {
        (_, None) => Ok(expected),
        (None, Some(own)) => {
            Err(format!("the golden is in `{own}` and the metric has no unit: give it one, or take it from the golden"))
        }
        (Some(target), Some(own)) => convert(expected, own, target)
            .map_err(|err| format!("the golden is in `{own}` and the metric in `{target}`: {err}")),
    }
}
