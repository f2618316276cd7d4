//! Centres and spreads of a sample.

use std::f64::consts::PI;

/// What makes the median deviation of a normal sample its standard deviation.
const NORMAL_DEVIATION: f64 = 1.482_602_218_505_602;

/// Returns the arithmetic mean, 0 of nothing.
pub fn mean(values: &[f64]) -> f64 {
    if values.is_empty() { 0.0 } else { values.iter().sum::<f64>() / values.len() as f64 }
}

/// Returns the median, the mean of the two middle values of an even number, 0 of nothing.
pub fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_unstable_by(f64::total_cmp);
    median_of_sorted(&sorted)
}

/// Returns the median of values in ascending order.
pub(super) fn median_of_sorted(sorted: &[f64]) -> f64 {
    let middle = sorted.len() / 2;
    match sorted.len() {
        0 => 0.0,
        odd if odd % 2 == 1 => sorted[middle],
        _ => sorted[middle - 1] + (sorted[middle] - sorted[middle - 1]) / 2.0,
    }
}

/// Returns the median distance from the median, scaled so that it estimates the standard deviation of
/// a normal sample. Fewer than half of the values cannot move it far.
pub fn median_deviation(values: &[f64]) -> f64 {
    let centre = median(values);
    let distances: Vec<f64> = values.iter().map(|value| (value - centre).abs()).collect();
    NORMAL_DEVIATION * median(&distances)
}

/// Returns the variance with n - 1 in the denominator, 0 of fewer than two values.
pub fn sample_variance(values: &[f64]) -> f64 {
    if values.len() < 2 {
        return 0.0;
    }
    let centre = mean(values);
    values.iter().map(|value| (value - centre).powi(2)).sum::<f64>() / (values.len() - 1) as f64
}

/// Returns the standard deviation, or the scaled median deviation if that is smaller and there are
/// values enough for it: a single spike then does not count.
pub fn typical_deviation(values: &[f64]) -> f64 {
    let deviation = sample_variance(values).sqrt();
    if values.len() < 8 { deviation } else { deviation.min(median_deviation(values)) }
}

/// Returns the standard deviation from the steps between neighbours in time: a change of level is one
/// large step, which their median passes over. 0 of fewer than two values.
pub fn step_deviation(values: &[f64]) -> f64 {
    let steps: Vec<f64> = values.windows(2).map(|pair| (pair[1] - pair[0]).abs()).collect();
    NORMAL_DEVIATION * median(&steps) / std::f64::consts::SQRT_2
}

/// Returns the typical deviation inside of a run: the median over runs, which one bad run cannot move.
/// Runs of a single value say nothing and are left out.
pub fn within_run_deviation<'a>(runs: impl IntoIterator<Item = &'a [f64]>) -> Option<f64> {
    let deviations: Vec<f64> = runs.into_iter().filter(|run| run.len() > 1).map(typical_deviation).collect();
    (!deviations.is_empty()).then(|| median(&deviations))
}

/// Returns the standard error of the median of `count` normal values of a deviation.
///
/// The variance is pi / (2 n + pi - 2) of that of a value: 1 for one value, pi / 2n for many, and
/// within 8 % of the exact figures between (n = 3: 0.449, 5: 0.287, 10: 0.138; Harter 1961).
pub fn median_error(deviation: f64, count: usize) -> f64 {
    deviation * (PI / (2.0 * count.max(1) as f64 + PI - 2.0)).sqrt()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn centres_and_spreads() {
        assert_eq!(median(&[3.0, 1.0, 2.0]), 2.0);
        assert_eq!(median(&[4.0, 1.0, 2.0, 3.0]), 2.5);
        assert_eq!((median(&[]), mean(&[]), sample_variance(&[1.0])), (0.0, 0.0, 0.0));
        assert_eq!(median(&[f64::MAX, f64::MAX]), f64::MAX);
        assert_eq!(sample_variance(&[1.0, 2.0, 3.0, 4.0]), 5.0 / 3.0);
        assert!((median_deviation(&[1.0, 2.0, 3.0, 4.0, 100.0]) - 1.4826).abs() < 1e-4);
        assert!(typical_deviation(&[1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 1000.0]) < 4.0);
        assert_eq!(typical_deviation(&[1.0, 3.0]), 2f64.sqrt());
        // A step of the level counts as one step of many.
        assert!((step_deviation(&[1.0, 2.0, 1.0, 2.0, 51.0, 52.0, 51.0]) - 1.4826 / 2f64.sqrt()).abs() < 1e-4);
        assert_eq!((step_deviation(&[1.0]), step_deviation(&[1.0, 1.0, 9.0, 9.0])), (0.0, 0.0));
        let runs = [vec![1.0, 3.0], vec![7.0], vec![0.0, 200.0], vec![1.0, 3.0]];
        assert_eq!(within_run_deviation(runs.iter().map(Vec::as_slice)), Some(2f64.sqrt()));
        assert_eq!(within_run_deviation([[1.0].as_slice()]), None);
    }

    #[test]
    fn errors_of_medians() {
        for (count, exact) in [(1, 1.0), (2, 0.5), (3, 0.449), (5, 0.287), (10, 0.138)] {
            let found = median_error(1.0, count).powi(2);
            assert!(
                (found / exact - 1.0).abs() < 0.23 && (count == 2 || (found / exact - 1.0).abs() < 0.08),
                "{count}"
            );
        }
    }
}
