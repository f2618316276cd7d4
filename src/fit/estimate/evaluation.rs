//! Estimates against measured runtimes, in a few numbers.

use crate::fit::quantiles::quantile;
use serde::Serialize;

/// What is said of estimates and runtimes; ratios are estimate by runtime, errors shares of the runtime.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Comparison {
    /// Rows.
    pub rows: u64,
    /// The mean ratio.
    pub ratio_mean: f64,
    /// Its standard deviation, of the population.
    pub ratio_std: f64,
    /// The middle ratio.
    pub ratio_median: f64,
    /// The least ratio.
    pub ratio_min: f64,
    /// The largest ratio.
    pub ratio_max: f64,
    /// The ratio that 5 of 100 rows stay below.
    pub ratio_p05: f64,
    /// The ratio that 95 of 100 rows stay below.
    pub ratio_p95: f64,
    /// The mean error in percent.
    pub mape: f64,
    /// The error in percent that 95 of 100 rows stay below.
    pub p95_ape: f64,
    /// The share of the runtimes' variance that the estimates explain; none without variance.
    pub r2: Option<f64>,
}

/// Compares pairs of estimate and runtime; none without pairs.
pub fn compare(pairs: &[(f64, f64)]) -> Option<Comparison> {
    let rows = pairs.len() as f64;
    let mean = |values: &mut dyn Iterator<Item = f64>| values.sum::<f64>() / rows;
    let mut ratios: Vec<f64> = pairs.iter().map(|(estimate, runtime)| estimate / runtime).collect();
    let mut errors: Vec<f64> =
        pairs.iter().map(|(estimate, runtime)| ((estimate - runtime) / runtime).abs() * 100.0).collect();
    ratios.sort_by(f64::total_cmp);
    errors.sort_by(f64::total_cmp);
    let ratio_mean = mean(&mut ratios.iter().copied());
    let variance = mean(&mut ratios.iter().map(|ratio| (ratio - ratio_mean).powi(2)));
    let runtime_mean = mean(&mut pairs.iter().map(|(_, runtime)| *runtime));
    let total: f64 = pairs.iter().map(|(_, runtime)| (runtime - runtime_mean).powi(2)).sum();
    let left: f64 = pairs.iter().map(|(estimate, runtime)| (runtime - estimate).powi(2)).sum();
    Some(Comparison {
        rows: pairs.len() as u64,
        ratio_mean,
        ratio_std: variance.sqrt(),
        ratio_median: quantile(&ratios, 0.5)?,
        ratio_min: *ratios.first()?,
        ratio_max: *ratios.last()?,
        ratio_p05: quantile(&ratios, 0.05)?,
        ratio_p95: quantile(&ratios, 0.95)?,
        mape: mean(&mut errors.iter().copied()),
        p95_ape: quantile(&errors, 0.95)?,
        r2: (total > 0.0).then(|| 1.0 - left / total),
    })
}

/// Shows a ratio with six significant digits, as C's `%g` does.
pub fn six_digits(value: f32) -> String {
    if value == 0.0 || !value.is_finite() {
        return value.to_string();
    }
    let scientific = format!("{value:.5e}");
    let exponent: i32 = scientific.rsplit('e').next().and_then(|digits| digits.parse().ok()).unwrap_or(0);
    let trim = |text: &str| match text.contains('.') {
        true => text.trim_end_matches('0').trim_end_matches('.').to_owned(),
        false => text.to_owned(),
    };
    if (-4..6).contains(&exponent) {
        return trim(&format!("{value:.*}", (5 - exponent) as usize));
    }
    let mantissa = scientific.split('e').next().unwrap_or_default();
    let sign = if exponent < 0 { '-' } else { '+' };
    format!("{}e{sign}{:02}", trim(mantissa), exponent.abs())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn by_hand() {
        let found = compare(&[(2.0, 1.0), (1.0, 2.0), (3.0, 3.0)]).unwrap();
        assert!((found.ratio_mean - 3.5 / 3.0).abs() < 1e-12 && (found.mape - 50.0).abs() < 1e-12, "{found:?}");
        assert_eq!((found.ratio_min, found.ratio_median, found.ratio_max), (0.5, 1.0, 2.0));
        assert_eq!(found.r2, Some(0.0));
        assert_eq!(compare(&[]), None);
        assert_eq!(compare(&[(1.0, 1.0)]).unwrap().r2, None);
    }

    #[test]
    fn digits() {
        let check = |value: f32, expected: &str| assert_eq!(six_digits(value), expected);
        check(1.0, "1");
        check(1.188_437, "1.18844");
        check(0.746_1, "0.7461");
        check(12_345.678, "12345.7");
        check(1_234_567.0, "1.23457e+06");
        check(0.000_012_34, "1.234e-05");
        check(0.0, "0");
    }
}
