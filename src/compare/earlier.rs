//! What runs before this one measured: the input of the prediction interval.

use crate::value::{PointName, RunId, Timestamp};
use std::collections::HashMap;

/// Values of earlier runs, by metric and point as those runs named them.
///
/// Whoever fills it takes complete runs of the whole suite on the machine's kind, from before this run,
/// and leaves out values that a run only reused.
#[derive(Debug, Clone, Default)]
pub struct EarlierRuns {
    values: HashMap<String, HashMap<PointName, Vec<EarlierValue>>>,
}

/// A metric at a point in an earlier run.
#[derive(Debug, Clone, PartialEq)]
pub struct EarlierValue {
    /// The run.
    pub run: RunId,
    /// When it started.
    pub started: Timestamp,
    /// Its repeats, at least one.
    pub samples: Vec<f64>,
    /// Their unit.
    pub unit: Option<String>,
}

impl EarlierRuns {
    /// Adds what a run measured of a metric (`STAGE.METRIC`) at a point.
    pub fn add(&mut self, metric: &str, point: PointName, value: EarlierValue) {
        if !self.values.contains_key(metric) {
            self.values.insert(metric.to_owned(), HashMap::new());
        }
        if let Some(points) = self.values.get_mut(metric) {
            points.entry(point).or_default().push(value);
        }
    }

    /// Returns what is known under any of several names, oldest run first, each run once.
    pub(super) fn of(&self, names: &[(&str, &PointName)]) -> Vec<&EarlierValue> {
        let mut found: Vec<&EarlierValue> = Vec::new();
        for (metric, point) in names {
            let values = self.values.get(*metric).and_then(|points| points.get(*point));
            for value in values.into_iter().flatten() {
                if !value.samples.is_empty() && !found.iter().any(|known| known.run == value.run) {
                    found.push(value);
                }
            }
        }
        found.sort_by(|one, other| (one.started, &one.run).cmp(&(other.started, &other.run)));
        found
    }
}
