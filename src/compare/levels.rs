//! The level of a metric at the two ends of a range of commits, and on which side one between them is.

use crate::ledger::MeasuredValue;
use crate::stats::{RankSums, median, shift};
use crate::value::show_number;
use serde::{Deserialize, Serialize};

/// The ends differ beyond noise up to this p-value of the rank-sum test: five values on each side of which
/// none lies among the others are at 0.008.
const ALIKE_ABOVE: f64 = 0.01;
/// The risk of the interval of the difference.
const RISK: f64 = 0.05;

/// What both ends measured.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
pub enum Levels {
    /// A value that varies: whichever end is nearer.
    Measured {
        /// The median of the good end.
        good: f64,
        /// The median of the bad end.
        bad: f64,
        /// Half-way between them: on the logarithmic scale if all values are above 0.
        border: f64,
    },
    /// A value without noise: any other than the good end's is bad.
    Exact {
        /// The value of the good end.
        good: MeasuredValue,
        /// The value of the bad end.
        bad: MeasuredValue,
    },
}

/// Why the ends tell no levels.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum Alike {
    /// They have one and the same value.
    #[error("both ends have the value {0}")]
    Equal(String),
    /// They differ less than they vary.
    #[error(
        "the ends do not differ beyond noise: {} against {}, difference {} in [{}, {}], p = {p:.2} where at most {ALIKE_ABOVE} is asked",
        few(*good), few(*bad), few(*difference), few(*low), few(*high)
    )]
    Noise {
        /// The median of the good end.
        good: f64,
        /// The median of the bad end.
        bad: f64,
        /// The middle difference, bad - good.
        difference: f64,
        /// The lower end of its 95 % interval.
        low: f64,
        /// Its upper end.
        high: f64,
        /// The p-value of the rank-sum test.
        p: f64,
    },
    /// The values of an end are not all numbers.
    #[error("the ends have both numbers and texts")]
    Mixed,
}

impl Levels {
    /// Returns the levels of two ends, each of at least one value; with `exact`, of the first value of each.
    pub fn of(good: &[MeasuredValue], bad: &[MeasuredValue], exact: bool) -> Result<Levels, Alike> {
        let texts = good.iter().chain(bad).all(|value| matches!(value, MeasuredValue::Text(_)));
        if exact || texts {
            let (good, bad) = (good[0].clone(), bad[0].clone());
            return if good == bad { Err(Alike::Equal(shown(&good))) } else { Ok(Levels::Exact { good, bad }) };
        }
        let (Some(mut good_values), Some(mut bad_values)) = (numbers(good), numbers(bad)) else {
            return Err(Alike::Mixed);
        };
        good_values.sort_unstable_by(f64::total_cmp);
        bad_values.sort_unstable_by(f64::total_cmp);
        let test = RankSums::default().of(bad_values.len(), good_values.len());
        let p = test.p_value(&bad_values, &good_values);
        let (good, bad) = (median(&good_values), median(&bad_values));
        if p > ALIKE_ABOVE || good == bad {
            let moved = shift(&bad_values, &good_values, &test, RISK);
            let (low, high) = moved.interval.unwrap_or((f64::NEG_INFINITY, f64::INFINITY));
            return Err(Alike::Noise { good, bad, difference: moved.estimate, low, high, p });
        }
        let positive = good_values.iter().chain(&bad_values).all(|value| *value > 0.0);
        let border = if positive { (good.ln() / 2.0 + bad.ln() / 2.0).exp() } else { good / 2.0 + bad / 2.0 };
        Ok(Levels::Measured { good, bad, border })
    }

    /// Tells whether values, of which there is at least one, are on the bad side; none if they are of
    /// another kind than those of the ends.
    ///
    /// `reference` is what the good end measured in turn with them, if it did: what the machine does to
    /// both since the levels were measured then cancels, by their ratio where all values are above 0.
    pub fn is_bad(&self, values: &[MeasuredValue], reference: &[MeasuredValue]) -> Option<bool> {
        match self {
            Levels::Exact { good, .. } => Some(values[0] != *good),
            Levels::Measured { good, bad, border } => {
                let mut found = numbers(values)?;
                if reference.len() == values.len() {
                    let reference = numbers(reference)?;
                    let positive = *good > 0.0 && found.iter().chain(&reference).all(|value| *value > 0.0);
                    for (value, then) in found.iter_mut().zip(reference) {
                        *value = if positive { *value / then * good } else { *value - then + good };
                    }
                }
                Some((median(&found) > *border) == (bad > good))
            }
        }
    }
}

/// Returns values as numbers, if they all are.
fn numbers(values: &[MeasuredValue]) -> Option<Vec<f64>> {
    let number = |value: &MeasuredValue| match value {
        MeasuredValue::Number(number) if number.is_finite() => Some(*number),
        _ => None,
    };
    values.iter().map(number).collect()
}

/// Returns a number with four digits.
fn few(value: f64) -> String {
    format!("{value:.3e}").parse().map_or_else(|_| value.to_string(), show_number)
}

fn shown(value: &MeasuredValue) -> String {
    match value {
        MeasuredValue::Number(number) => number.to_string(),
        MeasuredValue::Text(text) => format!("`{text}`"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn values(numbers: &[f64]) -> Vec<MeasuredValue> {
        numbers.iter().map(|number| MeasuredValue::Number(*number)).collect()
    }

    #[test]
    fn ends_and_what_is_between() {
        let good = values(&[1.0, 1.1, 0.9, 1.0, 1.05]);
        let bad = values(&[4.0, 4.1, 3.9, 4.0, 3.0]);
        let levels = Levels::of(&good, &bad, false).unwrap();
        assert!(matches!(levels, Levels::Measured { border, .. } if (border - 2.0).abs() < 1e-12));
        let check = |found: &[f64], bad| assert_eq!(levels.is_bad(&values(found), &[]), Some(bad), "{found:?}");
        check(&[1.9], false);
        check(&[2.1], true);
        check(&[9.0, 1.0, 1.2], false);
        check(&[100.0], true);
        assert_eq!(levels.is_bad(&[MeasuredValue::Text("x".to_owned())], &[]), None);
        // The machine is three times as slow by now, at both.
        let slow = |found: &[f64], good: &[f64]| levels.is_bad(&values(found), &values(good));
        assert_eq!(slow(&[3.0, 3.1, 6.0], &[3.0, 3.0, 6.0]), Some(false));
        assert_eq!(slow(&[12.0, 3.0, 24.0], &[3.0, 3.0, 6.0]), Some(true));
        // A metric that falls.
        let falling = Levels::of(&bad, &good, false).unwrap();
        assert_eq!(falling.is_bad(&values(&[1.9]), &[]), Some(true));
        let signed = Levels::of(&values(&[-1.0; 5]), &values(&[1.0; 5]), false).unwrap();
        assert_eq!(signed.is_bad(&values(&[0.1]), &[]), Some(true));
        assert_eq!(signed.is_bad(&values(&[5.1]), &values(&[5.0])), Some(false));
    }

    #[test]
    fn ends_that_are_alike() {
        let told = |good: &[f64], bad: &[f64]| Levels::of(&values(good), &values(bad), false).unwrap_err().to_string();
        assert!(told(&[1.0; 5], &[1.0; 5]).contains("do not differ beyond noise: 1 against 1"));
        let overlap = told(&[1.0, 1.1, 1.2, 1.3, 1.4], &[1.35, 1.5, 1.6, 1.7, 1.8]);
        assert!(
            overlap.contains("1.2 against 1.6, difference 0.4 in [") && overlap.contains("p = 0.02 where"),
            "{overlap}"
        );
        assert_eq!(Levels::of(&values(&[3.0]), &values(&[3.0]), true), Err(Alike::Equal("3".to_owned())));
        let mixed = [MeasuredValue::Text("x".to_owned())];
        assert_eq!(Levels::of(&mixed, &values(&[1.0]), false), Err(Alike::Mixed));
    }

    #[test]
    fn exact_values() {
        let levels = Levels::of(&values(&[3.0]), &values(&[4.0]), true).unwrap();
        assert_eq!(levels.is_bad(&values(&[3.0]), &[]), Some(false));
        assert_eq!(levels.is_bad(&values(&[2.0]), &[]), Some(true));
        let text = |text: &str| vec![MeasuredValue::Text(text.to_owned())];
        let levels = Levels::of(&text("pass"), &text("fail"), false).unwrap();
        assert_eq!((levels.is_bad(&text("pass"), &[]), levels.is_bad(&text("fail"), &[])), (Some(false), Some(true)));
    }
}
