//! What runs before this one measured: the input of the prediction interval.

use crate::value::{PointName, QuickMap, RunId, Timestamp};
use std::collections::HashMap;
use std::sync::Arc;

/// Values of earlier runs, by metric and point as those runs named them.
///
/// Whoever fills it takes complete runs of the whole suite on the machine's kind, from before this run,
/// and leaves out values that a run only reused.
#[derive(Debug, Clone, Default)]
pub struct EarlierRuns {
    values: HashMap<String, EarlierValues>,
}

/// Values of a metric in earlier runs, by point.
#[derive(Debug, Clone, Default)]
pub struct EarlierValues {
    points: Vec<(PointName, Vec<EarlierValue>)>,
    places: QuickMap<PointName, usize>,
    /// The place of the point behind the last one: each run has them in the same order.
    next: usize,
}

impl EarlierValues {
    /// Adds what a run measured at a point.
    pub fn add(&mut self, point: &str, value: EarlierValue) {
        let is_next = |place: &usize| self.points.get(*place).is_some_and(|(known, _)| known.as_str() == point);
        let known = [self.next, 0].into_iter().find(is_next).or_else(|| self.places.get(point).copied());
        let place = known.unwrap_or_else(|| {
            let name = PointName::new(point);
            self.places.insert(name.clone(), self.points.len());
            self.points.push((name, Vec::new()));
            self.points.len() - 1
        });
        self.points[place].1.push(value);
        self.next = place + 1;
    }

    fn at(&self, point: &PointName) -> &[EarlierValue] {
        self.places.get(point).map_or(&[], |&place| &self.points[place].1)
    }
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
    pub unit: Option<Arc<str>>,
}

impl EarlierRuns {
    /// Returns what is known of a metric (`STAGE.METRIC`), to be added to.
    pub fn of_metric(&mut self, metric: &str) -> &mut EarlierValues {
        self.values.entry(metric.to_owned()).or_default()
    }

    /// Returns what is known under any of several names, oldest run first, each run once.
    pub(super) fn of(&self, names: &[(&str, &PointName)]) -> Vec<&EarlierValue> {
        let mut found: Vec<&EarlierValue> = Vec::new();
        for (metric, point) in names {
            let values = self.values.get(*metric).map_or(&[][..], |values| values.at(point));
            for value in values {
                if !value.samples.is_empty() && !found.iter().any(|known| known.run == value.run) {
                    found.push(value);
                }
            }
        }
        found.sort_by(|one, other| (one.started, &one.run).cmp(&(other.started, &other.run)));
        found
    }
}
