//! Where the next run is expected, from the runs before it.
//!
//! The values of K runs, each the median of its repeats, are taken as normal draws with an unknown
//! centre and deviation; the next one then lies within `centre +- t * s * sqrt(1 + 1/K)` (Student's t
//! with K - 1 degrees of freedom; Hahn and Meeker, "Statistical Intervals", section 4.7).

use super::distributions::{t_quantile, t_two_sided};
use super::spread::{mean, sample_variance};

/// What earlier runs say of a metric, on the scale of the comparison.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct History {
    /// The number of runs, K.
    pub count: usize,
    /// The mean of their values.
    pub centre: f64,
    /// The variance of their values.
    pub variance: f64,
    /// The degrees of freedom of the variance.
    pub freedom: f64,
}

impl History {
    /// Summarises the values of earlier runs.
    pub fn of(values: &[f64]) -> History {
        let freedom = values.len().saturating_sub(1) as f64;
        History { count: values.len(), centre: mean(values), variance: sample_variance(values), freedom }
    }
}

/// Where a new value lies against the runs before it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Prediction {
    /// The interval for a new value.
    pub low: f64,
    /// Its upper end.
    pub high: f64,
    /// The standard deviation of a new value around the centre of the runs before it.
    pub deviation: f64,
    /// The probability of a new value at least as far from the centre, on either side.
    pub p: f64,
}

/// Quantiles of Student's t: that of the last degrees of freedom is kept, since many metrics share them.
#[derive(Debug, Default)]
pub struct Quantiles {
    last: Option<(f64, f64, f64)>,
}

impl Quantiles {
    fn of(&mut self, probability: f64, freedom: f64) -> f64 {
        match self.last {
            Some((known, same, quantile)) if (known, same) == (probability, freedom) => quantile,
            _ => {
                let quantile = t_quantile(probability, freedom);
                self.last = Some((probability, freedom, quantile));
                quantile
            }
        }
    }
}

/// Compares a new value with earlier ones.
///
/// `floor` is the least deviation between runs that is believed, and `extra` the variance that a new
/// value has beyond an earlier one, because it has fewer repeats. `risk` is the chance of a new value
/// outside of the interval.
pub fn predict(
    history: &History,
    value: f64,
    floor: f64,
    extra: f64,
    risk: f64,
    quantiles: &mut Quantiles,
) -> Prediction {
    let &History { count, centre, variance, freedom } = history;
    let variance = variance.max(floor * floor);
    let deviation = (variance * (1.0 + 1.0 / count.max(1) as f64) + extra.max(0.0)).sqrt();
    let reach = if deviation > 0.0 { quantiles.of(1.0 - risk / 2.0, freedom) * deviation } else { 0.0 };
    let distance = value - centre;
    let p = match (distance == 0.0, deviation > 0.0) {
        (true, _) => 1.0,
        (false, true) => t_two_sided(distance / deviation, freedom),
        (false, false) => 0.0,
    };
    Prediction { low: centre - reach, high: centre + reach, deviation, p }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::Random;

    fn predict_one(history: &History, value: f64, floor: f64, extra: f64, risk: f64) -> Prediction {
        predict(history, value, floor, extra, risk, &mut Quantiles::default())
    }

    #[test]
    fn what_is_kept_changes_nothing() {
        let mut quantiles = Quantiles::default();
        for freedom in [4.0, 4.0, 7.5, f64::INFINITY, f64::NAN, 0.0, 4.0] {
            for risk in [0.05, 0.05, 0.2] {
                let kept = quantiles.of(1.0 - risk / 2.0, freedom);
                assert_eq!(kept.to_bits(), t_quantile(1.0 - risk / 2.0, freedom).to_bits(), "{freedom} {risk}");
            }
        }
    }

    #[test]
    fn by_hand() {
        let history = History::of(&[1.0, 2.0, 3.0, 4.0, 5.0]);
        assert_eq!((history.count, history.centre, history.variance, history.freedom), (5, 3.0, 2.5, 4.0));
        let found = predict_one(&history, 3.0 + 2.776_445 * 3f64.sqrt(), 0.0, 0.0, 0.05);
        // sqrt(2.5 * 1.2) = sqrt(3)
        assert!((found.high - 3.0 - 2.776_445 * 3f64.sqrt()).abs() < 1e-5, "{found:?}");
        assert!((found.p - 0.05).abs() < 1e-6, "{found:?}");
        let floored = predict_one(&history, 3.0, 10.0, 4.0, 0.05);
        assert!((floored.deviation - 124f64.sqrt()).abs() < 1e-12 && floored.p == 1.0);
    }

    #[test]
    fn without_spread() {
        let history = History::of(&[7.0; 6]);
        assert_eq!(predict_one(&history, 7.0, 0.0, 0.0, 0.05).p, 1.0);
        let found = predict_one(&history, 7.1, 0.0, 0.0, 0.05);
        assert_eq!((found.low, found.high, found.p), (7.0, 7.0, 0.0));
    }

    #[test]
    fn one_run_says_nothing() {
        for values in [&[7.0][..], &[]] {
            let found = predict_one(&History::of(values), 9.0, 0.1, 0.0, 0.05);
            assert_eq!((found.low, found.high, found.p), (f64::NEG_INFINITY, f64::INFINITY, 1.0));
        }
    }

    #[test]
    fn misses_as_often_as_it_says() {
        let mut random = Random::new(2);
        for count in [5, 10, 20] {
            let mut outside = 0;
            for _ in 0..4_000 {
                let values: Vec<f64> = (0..count).map(|_| random.normal()).collect();
                outside += usize::from(predict_one(&History::of(&values), random.normal(), 0.0, 0.0, 0.05).p < 0.05);
            }
            assert!((160..=240).contains(&outside), "{count}: {outside}");
        }
    }
}
