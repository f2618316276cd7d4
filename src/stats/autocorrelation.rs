//! How much a value remembers of the one before it.
//!
//! In a series with memory the mean of a stretch varies more than that of independent values: its
//! variance is that of a process with the long-run variance `v (1 + phi) / (1 - phi)`, if the memory is
//! that of an autoregression of first order. Steps look like memory, so they are taken out first: by the
//! segments that are known, or by looking at the differences of neighbours only.

use super::spread::median_deviation;

/// The largest memory that is believed.
const MOST: f64 = 0.95;
/// A variance of scores that is no more than rounding.
const ROUNDING: f64 = 1e-20;

/// The memory of a series.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Memory {
    /// The autocorrelation at lag 1, from 0; a negative one is taken as none.
    pub(super) phi: f64,
    /// The long-run variance.
    pub(super) long_run: f64,
}

impl Memory {
    fn new(phi: f64, variance: f64) -> Memory {
        let phi = phi.clamp(0.0, MOST);
        Memory { phi, long_run: variance * (1.0 + phi) / (1.0 - phi) }
    }

    /// Estimates the memory of a series whose segments start at 0 and at `starts`.
    ///
    /// The estimate is moved up by its bias, (1 + 3 phi) / n for each mean that was taken out (Kendall
    /// 1954), and by half a standard error: too little memory makes false alarms.
    pub(super) fn of_segments(values: &[f64], starts: &[usize]) -> Memory {
        let (mut products, mut squares) = (0.0, 0.0);
        let ends = starts.iter().copied().chain([values.len()]);
        let mut from = 0;
        for end in ends {
            let segment = &values[from..end];
            let mean = segment.iter().sum::<f64>() / segment.len().max(1) as f64;
            squares += segment.iter().map(|value| (value - mean).powi(2)).sum::<f64>();
            products += segment.windows(2).map(|pair| (pair[0] - mean) * (pair[1] - mean)).sum::<f64>();
            from = end;
        }
        let (count, segments) = (values.len() as f64, starts.len() as f64 + 1.0);
        if squares <= ROUNDING * count || count <= segments {
            return Memory { phi: 0.0, long_run: 0.0 };
        }
        let found = products / squares;
        let bias = segments * (1.0 + 3.0 * found.max(0.0)) / count;
        let error = ((1.0 - found * found).max(0.0) / count).sqrt();
        Memory::new(found + bias + error / 2.0, squares / (count - segments))
    }

    /// Estimates the memory from the differences of neighbours, which a step touches once only. It is
    /// the cruder estimate, so that it is moved up by two standard errors.
    pub(super) fn of_differences(values: &[f64]) -> Memory {
        let mut differences: Vec<f64> = values.windows(2).map(|pair| pair[1] - pair[0]).collect();
        let limit = 4.0 * median_deviation(&differences);
        if limit > 0.0 {
            differences.iter_mut().for_each(|difference| *difference = difference.clamp(-limit, limit));
        } else {
            // Most neighbours are equal: what steps there are must not pass for noise.
            leave_out_largest(&mut differences, values.len().div_ceil(100) + 1);
        }
        let squares: f64 = differences.iter().map(|difference| difference * difference).sum();
        if squares <= ROUNDING * differences.len() as f64 {
            return Memory { phi: 0.0, long_run: 0.0 };
        }
        let products: f64 = differences.windows(2).map(|pair| pair[0] * pair[1]).sum();
        let count = differences.len() as f64;
        // The differences of an autoregression have the autocorrelation -(1 - phi) / 2, and the
        // variance 2 v (1 - phi).
        let phi = (1.0 + 2.0 * products / squares + 2.0 / count.sqrt()).clamp(0.0, MOST);
        Memory::new(phi, squares / count / (2.0 * (1.0 - phi)))
    }
}

/// Sets the values furthest from 0 to 0.
fn leave_out_largest(values: &mut [f64], count: usize) {
    let mut order: Vec<usize> = (0..values.len()).collect();
    order.sort_unstable_by(|&one, &other| values[other].abs().total_cmp(&values[one].abs()));
    order.into_iter().take(count).for_each(|index| values[index] = 0.0);
}

/// Returns what is new in each value but the first: `x[t] - phi x[t - 1]`, less the mean.
pub(super) fn innovations(values: &[f64], phi: f64) -> Vec<f64> {
    let mut new: Vec<f64> = values.windows(2).map(|pair| pair[1] - phi * pair[0]).collect();
    let mean = new.iter().sum::<f64>() / new.len().max(1) as f64;
    new.iter_mut().for_each(|value| *value -= mean);
    new
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::Random;

    fn series(phi: f64, count: usize, steps: f64) -> Vec<f64> {
        let mut random = Random::new(9);
        let mut value = 0.0;
        let mut at = |index: usize| {
            value = phi * value + random.normal() * (1.0 - phi * phi).sqrt();
            value + steps * (index / 500) as f64
        };
        (0..count).map(&mut at).collect()
    }

    #[test]
    fn finds_what_made_the_series() {
        for phi in [0.0, 0.3, 0.5, 0.8] {
            let values = series(phi, 4_000, 0.0);
            let whole = Memory::of_segments(&values, &[]);
            assert!((whole.phi - phi).abs() < 0.06, "{phi}: {whole:?}");
            let differences = Memory::of_differences(&values);
            assert!((differences.phi - phi).abs() < 0.09, "{phi}: {differences:?}");
            let new = innovations(&values, phi);
            assert!(Memory::of_segments(&new, &[]).phi < 0.05);
        }
    }

    #[test]
    fn steps_are_no_memory() {
        let values = series(0.0, 4_000, 10.0);
        assert!(Memory::of_segments(&values, &[]).phi > 0.9);
        assert!(Memory::of_differences(&values).phi < 0.15);
        let starts: Vec<usize> = (1..8).map(|step| step * 500).collect();
        assert!(Memory::of_segments(&values, &starts).phi < 0.06);
        assert_eq!(Memory::of_segments(&[2.0; 9], &[]), Memory { phi: 0.0, long_run: 0.0 });
        assert_eq!(Memory::of_differences(&[2.0; 9]), Memory { phi: 0.0, long_run: 0.0 });
    }
}
