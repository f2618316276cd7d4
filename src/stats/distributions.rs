//! Quantiles and tails of the normal distribution and of Student's t.

use statrs::distribution::{ContinuousCDF, StudentsT};
use statrs::function::beta::beta_reg;
use statrs::function::erf::{erfc, erfc_inv};
use std::f64::consts::SQRT_2;

/// Degrees of freedom beyond which Student's t is the normal distribution to six digits.
const NORMAL_FROM: f64 = 1e7;

/// Returns the quantile of the standard normal distribution for a probability in (0, 1).
pub fn normal_quantile(probability: f64) -> f64 {
    -SQRT_2 * erfc_inv(2.0 * probability)
}

/// Returns the probability that a standard normal value is above `value`.
pub fn normal_tail(value: f64) -> f64 {
    0.5 * erfc(value / SQRT_2)
}

/// Returns the quantile of Student's t for a probability in (0, 1).
///
/// An infinite `freedom` gives the normal distribution; without any nothing is known, and the quantile is
/// infinite.
pub fn t_quantile(probability: f64, freedom: f64) -> f64 {
    if freedom >= NORMAL_FROM {
        return normal_quantile(probability);
    }
    let unknown = f64::INFINITY.copysign(probability - 0.5);
    StudentsT::new(0.0, 1.0, freedom).map_or(unknown, |student| student.inverse_cdf(probability))
}

/// Returns the probability of a value of Student's t at least as far from 0 as `value`, on either side.
pub fn t_two_sided(value: f64, freedom: f64) -> f64 {
    let square = value * value;
    if freedom <= 0.0 {
        return 1.0;
    }
    if freedom >= NORMAL_FROM {
        return 2.0 * normal_tail(value.abs());
    }
    if !square.is_finite() {
        return 0.0;
    }
    beta_reg(freedom / 2.0, 0.5, freedom / (freedom + square))
}

/// Returns the probability of a value of the F distribution above `value`, with degrees of freedom above and below the
/// line; 1 without any, and of what is no number.
pub fn f_tail(value: f64, above: f64, below: f64) -> f64 {
    if value == f64::INFINITY {
        return 0.0;
    }
    if !(above > 0.0 && below > 0.0 && value > 0.0) {
        return 1.0;
    }
    beta_reg(below / 2.0, above / 2.0, below / (below + above * value))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// NIST/SEMATECH e-Handbook of Statistical Methods, 1.3.6.7.2, and, for .9995, Fisher and Yates,
    /// table III.
    #[test]
    fn published_tables() {
        let check = |probability: f64, freedom: f64, expected: f64| {
            let found = t_quantile(probability, freedom);
            assert!((found - expected).abs() < 6e-4, "{probability} {freedom}: {found}");
            let back = t_two_sided(expected, freedom);
            assert!((back - 2.0 * (1.0 - probability)).abs() < 2e-4, "{probability} {freedom}: {back}");
        };
        check(0.975, 1.0, 12.7062);
        check(0.975, 4.0, 2.776);
        check(0.975, 9.0, 2.262);
        check(0.975, 19.0, 2.093);
        check(0.995, 4.0, 4.604);
        check(0.9995, 4.0, 8.610);
        check(0.9995, 9.0, 4.781);
        check(0.975, f64::INFINITY, 1.960);
        check(0.975, 1e6, 1.960);
        assert!((t_quantile(0.025, 9.0) + 2.262).abs() < 6e-4);
        assert_eq!((t_quantile(0.975, 0.0), t_quantile(0.025, 0.0)), (f64::INFINITY, f64::NEG_INFINITY));
        assert_eq!(t_two_sided(3.0, 0.0), 1.0);
    }

    #[test]
    fn normal_values() {
        for (probability, expected) in [(0.5, 0.0), (0.975, 1.959_964), (0.999, 3.090_232), (1e-9, -5.997_807)] {
            assert!((normal_quantile(probability) - expected).abs() < 1e-6, "{probability}");
        }
        assert!((normal_tail(1.959_964) - 0.025).abs() < 1e-8);
        assert!((normal_tail(10.0) / 7.619_853e-24 - 1.0).abs() < 1e-6);
        assert_eq!(t_two_sided(f64::INFINITY, 4.0), 0.0);
    }

    /// NIST/SEMATECH e-Handbook of Statistical Methods, 1.3.6.7.3, at 5 and 1 %; and with one degree of freedom above
    /// the line F is the square of Student's t.
    #[test]
    fn tails_of_f() {
        for (above, below, value, expected) in
            [(1.0, 10.0, 4.965, 0.05), (5.0, 20.0, 2.711, 0.05), (10.0, 100.0, 2.503, 0.01), (3.0, 7.0, 8.451, 0.01)]
        {
            let found = f_tail(value, above, below);
            assert!((found / expected - 1.0).abs() < 2e-3, "{above} {below}: {found}");
        }
        assert!((f_tail(2.5 * 2.5, 1.0, 12.0) - t_two_sided(2.5, 12.0)).abs() < 1e-12);
        assert_eq!(
            [f_tail(f64::INFINITY, 1.0, 1.0), f_tail(0.0, 1.0, 1.0), f_tail(f64::NAN, 1.0, 1.0)],
            [0.0, 1.0, 1.0]
        );
    }
}
