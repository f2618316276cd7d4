//! How a metric went over its last runs, as a row of blocks that fits a cell of a table.

use crate::compare::{Change, Comparison, Trend};
use std::collections::HashMap;

/// Runs that are shown, the last ones.
const RUNS: usize = 16;
/// From the smallest value of a row to its largest.
const BLOCKS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];

/// What the blocks mean, in words.
pub(crate) const LEGEND: &str = "trend: the last runs that measured it, at most 16, the oldest first and this run last; each row goes \
     from its own smallest value ▁ to its largest █";

/// The rows of the metrics of a comparison that are followed.
pub(crate) struct Sparklines<'a>(HashMap<(&'a str, &'a str), &'a Trend>);

impl<'a> Sparklines<'a> {
    /// Takes those of some changes. A single value is no trend.
    pub(crate) fn of(comparison: &'a Comparison, changes: &[&'a Change]) -> Sparklines<'a> {
        let followed = comparison.trends.iter().filter(|trend| trend.values.len() > 1);
        let by_name: HashMap<_, _> = followed.map(|trend| ((&*trend.metric, trend.point.as_str()), trend)).collect();
        let shown =
            changes.iter().filter_map(|change| by_name.get_key_value(&(&*change.metric, change.point.as_str())));
        Sparklines(shown.map(|(name, trend)| (*name, *trend)).collect())
    }

    /// Tells whether there is none.
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Returns the row of a change; empty if it is not followed.
    pub(crate) fn row(&self, change: &Change) -> String {
        let trend = self.0.get(&(change.metric.as_str(), change.point.as_str()));
        trend.map(|trend| blocks(trend.values.iter().map(|value| value.value))).unwrap_or_default()
    }
}

/// Returns a block for each of the last values, by its share of the way from the smallest to the largest;
/// values that are all equal are blocks of half the height.
fn blocks(values: impl ExactSizeIterator<Item = f64>) -> String {
    let skipped = values.len().saturating_sub(RUNS);
    let values: Vec<f64> = values.skip(skipped).collect();
    let (low, high) =
        values.iter().fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), &x| (low.min(x), high.max(x)));
    let block = |value: f64| {
        // Halves keep the difference of two huge values finite.
        let (part, whole) = (value / 2.0 - low / 2.0, high / 2.0 - low / 2.0);
        if whole <= 0.0 {
            return BLOCKS[3];
        }
        BLOCKS[((part / whole * 8.0) as usize).min(7)]
    };
    values.into_iter().map(block).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::sample;

    fn check(values: &[f64], expected: &str) {
        assert_eq!(blocks(values.iter().copied()), expected, "{values:?}");
    }

    #[test]
    fn rows() {
        check(&[0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0], "▁▂▃▄▅▆▇█");
        check(&[5.0, 5.0, 5.0], "▄▄▄");
        check(&[-1.0, 1.0], "▁█");
        check(&[f64::MIN, 0.0, f64::MAX], "▁▅█");
        check(&[1e-300, 2e-300], "▁█");
        check(&[5e-324, 5e-324], "▄▄");
        check(&[], "");
        let many: Vec<f64> = (0..100).map(f64::from).collect();
        assert_eq!(blocks(many.iter().copied()).chars().count(), RUNS);
    }

    #[test]
    fn only_what_is_followed_has_a_row() {
        let comparison = sample::red().comparison.unwrap();
        let changes: Vec<&Change> = comparison.changes.iter().collect();
        let rows = Sparklines::of(&comparison, &changes);
        let drawn: Vec<&Change> = changes.iter().copied().filter(|change| !rows.row(change).is_empty()).collect();
        assert_eq!(drawn.len(), comparison.trends.len());
        assert!(drawn.iter().all(|change| rows.row(change).chars().count() == RUNS));
        assert!(Sparklines::of(&comparison, &[]).is_empty());
    }

    proptest::proptest! {
        #[test]
        fn every_value_has_a_block(values in proptest::collection::vec(-1e308_f64..1e308, 0..40)) {
            let row = blocks(values.iter().copied());
            proptest::prop_assert_eq!(row.chars().count(), values.len().min(RUNS));
            proptest::prop_assert!(row.chars().all(|block| BLOCKS.contains(&block)));
        }
    }
}
