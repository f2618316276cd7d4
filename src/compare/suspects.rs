//! Which changes of a comparison are worth measuring again.

use super::judge::min_effect;
use super::pairs::{self, Pair};
use super::{Change, ComparisonVerdict};
use crate::ledger::MeasuredValue;
use crate::record::{MetricRow, RunRecord};
use crate::suite::{Better, Suite};
use crate::value::{MetricName, PointName, StageName, convert_f64};
use std::collections::HashMap;

/// A change that is to be measured again.
#[derive(Debug, Clone, PartialEq)]
pub struct Suspect {
    /// `STAGE.METRIC`, by its name in the head.
    pub metric: String,
    /// The unit of the head.
    pub unit: Option<String>,
    /// What the comparison said.
    pub before: ComparisonVerdict,
    /// Both values of the comparison, in the head's unit where they are numbers.
    pub values: [MeasuredValue; 2],
    /// Which way is better.
    pub better: Better,
    /// The smallest relative change that matters.
    pub min_effect: f64,
    /// Where the base measures it.
    pub base: Measurement,
    /// Where the head measures it.
    pub head: Measurement,
}

/// What a run measures, by the names of its own suite.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Measurement {
    /// The stage.
    pub stage: StageName,
    /// The point; a case where the stage reports rows.
    pub point: PointName,
    /// The short name of the metric.
    pub metric: MetricName,
}

impl Measurement {
    fn of(row: &MetricRow) -> Measurement {
        Measurement { stage: row.stage.clone(), point: row.point.clone(), metric: row.metric.clone() }
    }
}

impl Suspect {
    /// Tells whether one re-run is enough: there is no noise to average out.
    pub fn is_exact(&self) -> bool {
        self.better == Better::Exact || self.numbers().is_none()
    }

    pub(super) fn numbers(&self) -> Option<[f64; 2]> {
        match self.values {
            [MeasuredValue::Number(base), MeasuredValue::Number(head)] => Some([base, head]),
            _ => None,
        }
    }

    /// Tells whether the comparison saw a change for the worse; any change of an exact metric is one.
    pub fn is_worse(&self) -> bool {
        match self.numbers() {
            Some([base, head]) if !self.is_exact() => self.badness(head) > self.badness(base),
            _ => true,
        }
    }

    /// Returns a number that is the larger the worse a value is.
    pub(super) fn badness(&self, value: f64) -> f64 {
        match self.better {
            Better::Lower | Better::Exact => value,
            Better::Higher => -value,
            Better::Within(low, high) => (low.to_f64() - value).max(value - high.to_f64()).max(0.0),
        }
    }
}

/// Returns the changes that are worth measuring again: what regressed, and what is uncertain with an effect
/// that would matter, for the worse; with `improved`, for the better too.
pub fn suspects(head: &RunRecord, base: &RunRecord, suite: &Suite, changes: &[Change], improved: bool) -> Vec<Suspect> {
    let changes: HashMap<(&str, &PointName), &Change> =
        changes.iter().map(|change| ((change.metric.as_str(), &change.point), change)).collect();
    let suspect = |pair: Pair<'_>| {
        let change = changes.get(&(pair.metric.as_str(), &pair.point))?;
        let metric = pair.declared?;
        let (now, then) = (pair.head?, pair.base?);
        let suspect = Suspect {
            metric: pair.metric.clone(),
            unit: now.unit.clone(),
            before: change.verdict,
            values: [in_unit(&then.value, then.unit.as_deref(), now.unit.as_deref())?, now.value.clone()],
            better: metric.better?,
            min_effect: min_effect(Some(metric), now).factor(),
            base: Measurement::of(then),
            head: Measurement::of(now),
        };
        let wanted = match change.verdict {
            ComparisonVerdict::Regressed => true,
            ComparisonVerdict::Improved => improved,
            ComparisonVerdict::Uncertain => suspect.is_visible() && (improved || suspect.is_worse()),
            _ => false,
        };
        wanted.then_some(suspect)
    };
    pairs::pair(head, base, suite).into_iter().filter_map(suspect).collect()
}

impl Suspect {
    /// Tells whether the change would matter if it were there.
    pub(super) fn is_visible(&self) -> bool {
        match (self.numbers(), self.better) {
            (None, _) => self.values[0] != self.values[1],
            (Some([base, head]), Better::Within(..)) => self.badness(base) != self.badness(head),
            (Some([base, head]), _) => (head - base).abs() > self.min_effect * base.abs(),
        }
    }
}

/// Returns a value in another unit; none where it has none in it.
pub(super) fn in_unit(value: &MeasuredValue, from: Option<&str>, to: Option<&str>) -> Option<MeasuredValue> {
    match value {
        MeasuredValue::Number(number) if from != to => convert_f64(*number, from?, to?).ok().map(MeasuredValue::Number),
        other => Some(other.clone()),
    }
}
