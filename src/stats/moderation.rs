//! Variances of many metrics that share what they know of each other (empirical Bayes).
//!
//! A variance from five runs is a poor one. If many metrics are measured alike, their true variances
//! are taken as draws from a scaled inverse chi-square distribution, fitted to the variances that were
//! found, and each is moved towards it (Smyth 2004, "Linear models and empirical Bayes methods for
//! assessing differential expression in microarray experiments", section 6.2: the moments of log s^2).

use statrs::function::gamma::digamma;

/// What is known of a variance before it is measured.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Prior {
    /// As many degrees of freedom is it worth; infinite: all metrics have the same variance.
    pub freedom: f64,
    /// The variance.
    pub variance: f64,
}

/// A variance with what the prior adds.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Moderated {
    /// The variance.
    pub variance: f64,
    /// Its degrees of freedom.
    pub freedom: f64,
}

impl Prior {
    /// Moves a variance with its degrees of freedom towards the prior.
    pub fn moderate(&self, variance: f64, freedom: f64) -> Moderated {
        if self.freedom.is_infinite() {
            return Moderated { variance: self.variance, freedom: f64::INFINITY };
        }
        let together = self.freedom + freedom;
        Moderated { variance: (self.freedom * self.variance + freedom * variance) / together, freedom: together }
    }
}

/// Fits the prior to variances and their degrees of freedom. Those of 0 say nothing of a scale and are
/// left out; of fewer than three there is no prior.
pub fn prior_of(variances: &[(f64, f64)]) -> Option<Prior> {
    let usable = |(variance, freedom): &&(f64, f64)| *variance > 0.0 && variance.is_finite() && *freedom > 0.0;
    let used: Vec<(f64, f64)> = variances.iter().filter(usable).copied().collect();
    if used.len() < 3 {
        return None;
    }
    let count = used.len() as f64;
    // log s^2 less what the draw of s^2 adds to it on average.
    let logs: Vec<f64> =
        used.iter().map(|(variance, freedom)| variance.ln() - digamma(freedom / 2.0) + (freedom / 2.0).ln()).collect();
    let mean = logs.iter().sum::<f64>() / count;
    let spread = logs.iter().map(|log| (log - mean).powi(2)).sum::<f64>() / (count - 1.0);
    let by_chance = used.iter().map(|(_, freedom)| trigamma(freedom / 2.0)).sum::<f64>() / count;
    let left = spread - by_chance;
    if left <= 0.0 {
        // No more spread than chance makes: one variance for all, the mean weighted by freedom.
        let weight: f64 = used.iter().map(|(_, freedom)| freedom).sum();
        let sum: f64 = used.iter().map(|(variance, freedom)| variance * freedom).sum();
        return Some(Prior { freedom: f64::INFINITY, variance: sum / weight });
    }
    let half = trigamma_inverse(left);
    Some(Prior { freedom: 2.0 * half, variance: (mean + digamma(half) - half.ln()).exp() })
}

/// Returns the derivative of the digamma function for a positive number: by recurrence up to 12, then by
/// its asymptotic series (Abramowitz and Stegun 6.4.12).
fn trigamma(value: f64) -> f64 {
    let (mut sum, mut value) = (0.0, value);
    while value < 12.0 {
        sum += 1.0 / (value * value);
        value += 1.0;
    }
    let (inverse, square) = (1.0 / value, 1.0 / (value * value));
    let series = 1.0 / 6.0 - square * (1.0 / 30.0 - square * (1.0 / 42.0 - square / 30.0));
    sum + inverse + square / 2.0 + inverse * square * series
}

/// Returns the number whose trigamma is `value`, by Newton's method on its reciprocal, which is nearly
/// straight (Smyth 2004, appendix).
fn trigamma_inverse(value: f64) -> f64 {
    if value > 1e7 {
        return 1.0 / value.sqrt();
    }
    if value < 1e-6 {
        return 1.0 / value;
    }
    let mut found = 0.5 + 1.0 / value;
    for _ in 0..50 {
        let trigamma_here = trigamma(found);
        let step = trigamma_here * (1.0 - trigamma_here / value) / tetragamma(found);
        found += step;
        if -step / found < 1e-8 {
            break;
        }
    }
    found
}

/// Returns the derivative of the trigamma function (Abramowitz and Stegun 6.4.13).
fn tetragamma(value: f64) -> f64 {
    let (mut sum, mut value) = (0.0, value);
    while value < 12.0 {
        sum -= 2.0 / value.powi(3);
        value += 1.0;
    }
    let square = 1.0 / (value * value);
    sum - square * (1.0 + 1.0 / value + square * (0.5 - square * (1.0 / 6.0 - square / 6.0)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::Random;
    use std::f64::consts::PI;

    #[test]
    fn published_values() {
        let check = |found: f64, expected: f64| assert!((found / expected - 1.0).abs() < 1e-9, "{found} {expected}");
        check(trigamma(1.0), PI * PI / 6.0);
        check(trigamma(0.5), PI * PI / 2.0);
        check(trigamma(2.0), PI * PI / 6.0 - 1.0);
        // -2 zeta(3)
        check(tetragamma(1.0), -2.404_113_806_319_188);
        for value in [0.01, 0.3, 1.0, 7.0, 200.0] {
            let back = trigamma_inverse(trigamma(value));
            assert!((back / value - 1.0).abs() < 1e-6, "{value} {back}");
        }
    }

    #[test]
    fn finds_the_prior_that_made_the_data() {
        let mut random = Random::new(4);
        let mut chi_square = |freedom: usize| (0..freedom).map(|_| random.normal().powi(2)).sum::<f64>();
        let variances: Vec<(f64, f64)> = (0..4_000)
            .map(|_| {
                let own = 8.0 * 0.03f64.powi(2) / chi_square(8);
                (own * chi_square(4) / 4.0, 4.0)
            })
            .collect();
        let prior = prior_of(&variances).unwrap();
        assert!((6.5..10.0).contains(&prior.freedom), "{prior:?}");
        assert!((prior.variance.sqrt() / 0.03 - 1.0).abs() < 0.03, "{prior:?}");
        let moderated = prior.moderate(0.0, 4.0);
        assert!(moderated.variance > 0.0 && moderated.freedom == prior.freedom + 4.0);
    }

    #[test]
    fn one_variance_for_all() {
        let prior = prior_of(&[(1.0, 4.0), (1.1, 4.0), (0.9, 8.0)]).unwrap();
        assert_eq!(prior.freedom, f64::INFINITY);
        assert!((prior.variance - (4.0 + 4.4 + 7.2) / 16.0).abs() < 1e-12);
        assert_eq!(prior.moderate(5.0, 4.0).variance, prior.variance);
        assert_eq!(prior_of(&[(1.0, 4.0), (0.0, 4.0), (1.0, 0.0), (1.0, 3.0)]), None);
    }
}
