//! The repeats of a metric in both runs, as they were measured: what a person looks at who doubts a verdict.

use super::measured::converted;
use crate::record::MetricRow;
use serde::{Deserialize, Serialize};

/// All repeats of both runs in this run's unit, in the order in which they were measured.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Samples {
    /// The base's.
    pub base: Vec<f64>,
    /// This run's.
    pub head: Vec<f64>,
}

impl Samples {
    /// Returns the repeats of two rows; none if neither has several, or if they are in units of different
    /// kinds.
    pub(super) fn of(base: &MetricRow, head: &MetricRow) -> Option<Samples> {
        if base.samples.len().max(head.samples.len()) < 2 {
            return None;
        }
        let unit = |row: &MetricRow| row.unit.clone().unwrap_or_default();
        Some(Samples { base: converted(&base.samples, &unit(base), &unit(head))?, head: head.samples.clone() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ledger::MeasuredValue;
    use crate::value::{MetricName, PointName, StageName};

    fn row(samples: &[f64], unit: &str) -> MetricRow {
        MetricRow {
            stage: StageName::new("run"),
            point: PointName::new("n1"),
            metric: MetricName::new("wall"),
            params: Vec::new(),
            value: MeasuredValue::Number(samples[0]),
            samples: samples.to_vec(),
            unit: Some(unit.to_owned()),
            origin: None,
        }
    }

    #[test]
    fn repeats_come_in_one_unit() {
        let found = Samples::of(&row(&[1500.0, 2000.0], "ms"), &row(&[1.25], "s"));
        assert_eq!(found, Some(Samples { base: vec![1.5, 2.0], head: vec![1.25] }));
        assert_eq!(Samples::of(&row(&[1.0], "s"), &row(&[2.0], "s")), None);
        assert_eq!(Samples::of(&row(&[1.0, 2.0], "V"), &row(&[2.0], "s")), None);
    }
}
