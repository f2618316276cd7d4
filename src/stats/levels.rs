//! How a series went: its changes of level, and a drift since the last of them.

use super::change_points::{ChangePoint, ChangeRules, change_points};
use super::drift::{Drift, DriftRules, drift};
use super::spread::median;

/// How a series went.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Levels {
    /// Its changes of level, in order.
    pub changes: Vec<ChangePoint>,
    /// A drift since the last of them; its places are those of the whole series.
    pub drift: Option<Drift>,
}

/// Looks for changes of level and for a drift after the last.
///
/// A drift counts at half the level of a change, and if the median since it began is away from the
/// median before it by the smallest effect that counts.
pub fn levels(values: &[f64], rules: &ChangeRules) -> Levels {
    let changes = change_points(values, rules);
    let start = changes.last().map_or(0, |change| change.index);
    let found = drift(&values[start..], &DriftRules { level: rules.level / 2.0, ..DriftRules::default() });
    let found = found.map(|drift| Drift { index: drift.index + start, since: drift.since + start, ..drift });
    let drift = found.filter(|drift| {
        let (before, after) = (median(&values[start..drift.since]), median(&values[drift.since..]));
        before == 0.0 || (after - before).abs() >= rules.min_effect * before.abs()
    });
    Levels { changes, drift }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::Random;

    #[test]
    fn a_drift_after_a_step() {
        let mut random = Random::new(6);
        let level = |row: i32| if row < 100 { 10.0 } else { 40.0 + f64::from((row - 150).max(0)) * 0.08 };
        let values: Vec<f64> = (0..190).map(|row| level(row) + random.normal()).collect();
        let found = levels(&values, &ChangeRules::default());
        assert_eq!(found.changes[0].index, 100);
        let last = found.changes.last().unwrap().index;
        assert!(last > 100 || found.drift.is_some_and(|drift| drift.index > 150), "{found:?}");
    }

    #[test]
    fn what_is_too_small_does_not_count() {
        let mut random = Random::new(3);
        let values: Vec<f64> =
            (0..80).map(|day| 100.0 + 0.01 * (f64::from((day - 40).max(0)) * 0.08 + random.normal())).collect();
        assert_ne!(levels(&values, &ChangeRules::default()), Levels::default());
        assert_eq!(levels(&values, &ChangeRules { min_effect: 0.03, ..ChangeRules::default() }), Levels::default());
    }
}
