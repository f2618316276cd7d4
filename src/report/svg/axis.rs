//! An axis of numbers: where a value lies, and which values to name.

use crate::ledger::MeasuredValue;
use crate::report::figure::amount;
use crate::report::inert::short;

/// Beyond this, differences of two values may have no value.
const LARGEST: f64 = 1e300;

/// A scale of numbers between two ends.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Scale {
    low: f64,
    high: f64,
    log: bool,
}

impl Scale {
    /// Returns a scale with room for all finite values, logarithmic where all are above 0; none without
    /// a value.
    pub(super) fn over(values: impl Iterator<Item = f64> + Clone) -> Option<Scale> {
        let values = values.filter(|value| value.is_finite() && value.abs() < LARGEST);
        let low = values.clone().fold(f64::INFINITY, f64::min);
        let high = values.fold(f64::NEG_INFINITY, f64::max);
        if low > high {
            return None;
        }
        let log = low > 0.0;
        let (mut low, mut high) = if log { (low.ln(), high.ln()) } else { (low, high) };
        // A margin on both sides; what does not vary gets a tenth of its size, or 1 around 0.
        let size = if log { 1.0 } else { low.abs().max(high.abs()) };
        let margin = if high > low {
            (high - low) * 0.06
        } else if size > 0.0 {
            size * 0.05
        } else {
            0.5
        };
        low -= margin;
        high += margin;
        Some(Scale { low, high, log })
    }

    /// Tells whether equal ratios are equally long.
    pub(super) fn is_log(self) -> bool {
        self.log
    }

    /// Returns where a value lies, 0 at the low end and 1 at the high one; none if it cannot lie there.
    pub(super) fn place(self, value: f64) -> Option<f64> {
        let at = if self.log { value.ln() } else { value };
        let place = (at - self.low) / (self.high - self.low);
        place.is_finite().then(|| place.clamp(0.0, 1.0))
    }

    /// Returns the values to name, about `number` of them: 1, 2 or 5 times powers of ten.
    pub(super) fn ticks(self, number: usize) -> Vec<f64> {
        let number = number.max(2) as f64;
        if !self.log {
            return steps(self.low, self.high, number);
        }
        let decades = (self.high - self.low) / std::f64::consts::LN_10;
        if decades < 1.0 {
            return steps(self.low.exp(), self.high.exp(), number);
        }
        let every = (decades / number).ceil().max(1.0) as i32;
        let digits: &[&str] = if decades * 3.0 <= number { &["1", "2", "5"] } else { &["1"] };
        let first = (self.low / std::f64::consts::LN_10).floor() as i32;
        let last = (self.high / std::f64::consts::LN_10).ceil() as i32;
        let powers = (first..=last).filter(|power| power.rem_euclid(every) == 0);
        // Read as a text, which is exact where a power of ten is not.
        let value = |digit: &str, power: i32| format!("{digit}e{power}").parse().unwrap_or(f64::NAN);
        let all = powers.flat_map(|power| digits.iter().map(move |digit| value(digit, power)));
        all.filter(|value| (self.low..=self.high).contains(&value.ln())).collect()
    }
}

/// Returns about `number` round values between two.
fn steps(low: f64, high: f64, number: f64) -> Vec<f64> {
    let raw = (high - low) / number;
    let power = 10f64.powi(raw.log10().floor().clamp(-300.0, 300.0) as i32);
    let step = [1.0, 2.0, 5.0, 10.0].map(|digit| digit * power).into_iter().find(|step| *step >= raw).unwrap_or(raw);
    if !(step > 0.0 && step.is_finite()) {
        return Vec::new();
    }
    let first = (low / step).ceil();
    let count = ((high / step).floor() - first).clamp(0.0, 50.0) as usize;
    // Rounded by way of text, so that 0.1 + 0.2 is named 0.3.
    let round = |value: f64| format!("{value:.12e}").parse().unwrap_or(value);
    (0..=count).map(|index| round((first + index as f64) * step)).collect()
}

/// Returns how a value is named beside an axis.
pub(super) fn label(value: f64, unit: Option<&str>) -> String {
    short(&amount(&MeasuredValue::Number(value), unit), 14)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn over(values: &[f64]) -> Scale {
        Scale::over(values.iter().copied()).unwrap()
    }

    #[test]
    fn ticks_are_round() {
        let check = |values: &[f64], expected: &[f64]| assert_eq!(over(values).ticks(5), expected, "{values:?}");
        check(&[0.0, 10.0], &[0.0, 5.0, 10.0]);
        check(&[-1.0, 1.0], &[-1.0, -0.5, 0.0, 0.5, 1.0]);
        check(&[100.0, 110.0], &[100.0, 105.0, 110.0]);
        check(&[1.0, 1000.0], &[1.0, 10.0, 100.0, 1000.0]);
        check(&[1e-12, 1e12], &[1e-12, 1e-6, 1.0, 1e6, 1e12]);
    }

    #[test]
    fn places() {
        let scale = over(&[1.0, 100.0]);
        assert!(scale.is_log());
        assert!((scale.place(10.0).unwrap() - 0.5).abs() < 1e-12);
        assert_eq!(scale.place(-1.0), None);
        assert_eq!(scale.place(1e-9), Some(0.0));
        assert!(!over(&[0.0, 1.0]).is_log());
        assert_eq!(over(&[0.0]).place(0.0), Some(0.5));
        assert_eq!(over(&[7.0]).place(7.0), Some(0.5));
        assert_eq!(Scale::over([f64::NAN, f64::INFINITY].into_iter()), None);
    }

    proptest::proptest! {
        #[test]
        fn any_values_have_places_and_few_ticks(values in proptest::collection::vec(proptest::num::f64::ANY, 1..6)) {
            if let Some(scale) = Scale::over(values.iter().copied()) {
                for value in values.iter().filter(|value| value.is_finite() && value.abs() < LARGEST) {
                    let place = scale.place(*value);
                    proptest::prop_assert!(place.is_some_and(|place| (0.0..=1.0).contains(&place)), "{value} {scale:?}");
                }
                let ticks = scale.ticks(6);
                proptest::prop_assert!(ticks.len() <= 51 && ticks.iter().all(|tick| tick.is_finite()));
            }
        }
    }
}
