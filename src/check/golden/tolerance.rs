//! How near a value must be to its golden.
//!
//! Numbers are compared as the decimals they print as, so that `1%` of 0.1 reaches to 0.101 and not
//! to the last bit before it.

use crate::suite::{Better, Side, Tolerance};
use crate::value::{Decimal, show_number, with_unit};

/// What a golden is held to where no rule says otherwise.
pub(super) const EXACT: Tolerance = Tolerance { relative: None, absolute: None, side: Side::Both };

/// Tells whether a value is near enough to its golden; both in the metric's unit.
pub(super) fn is_met(tolerance: Tolerance, better: Option<Better>, golden: Decimal, value: Decimal) -> bool {
    let Some(difference) = value.checked_sub(golden) else {
        // So far apart that the difference has more digits than fit.
        return value == golden || is_met_roughly(tolerance, better, golden.to_f64(), value.to_f64());
    };
    let good = match (tolerance.side, better) {
        (Side::Both, _) | (Side::Worse, None | Some(Better::Exact)) => false,
        (Side::Worse, Some(Better::Higher)) => !difference.is_negative(),
        (Side::Worse, Some(Better::Lower)) => difference.is_zero() || difference.is_negative(),
        (Side::Worse, Some(Better::Within(low, high))) => low <= value && value <= high,
    };
    let relative = tolerance.relative.map(|share| golden.abs().checked_mul(share.0));
    match relative {
        _ if good || difference.is_zero() => true,
        Some(None) => is_met_roughly(tolerance, better, golden.to_f64(), value.to_f64()),
        Some(Some(bound)) if difference.abs() <= bound => true,
        Some(Some(_)) | None => tolerance.absolute.is_some_and(|bound| difference.abs() <= bound),
    }
}

/// The same in doubles, for numbers with more digits than decimals hold.
fn is_met_roughly(tolerance: Tolerance, better: Option<Better>, golden: f64, value: f64) -> bool {
    let difference = value - golden;
    let good = tolerance.side == Side::Worse
        && match better {
            Some(Better::Higher) => difference >= 0.0,
            Some(Better::Lower) => difference <= 0.0,
            Some(Better::Within(low, high)) => (low.to_f64()..=high.to_f64()).contains(&value),
            Some(Better::Exact) | None => false,
        };
    let relative = tolerance.relative.map_or(0.0, |share| share.factor() * golden.abs());
    let absolute = tolerance.absolute.map_or(0.0, Decimal::to_f64);
    good || difference.abs() <= relative.max(absolute)
}

/// Says what is allowed: `1%`, `2% or 0.5 Hz, worse side only`, `exact`.
pub(super) fn describe(tolerance: Tolerance, unit: Option<&str>) -> String {
    let absolute = tolerance.absolute.map(|bound| with_unit(&show_number(bound.to_f64()), unit));
    let bounds = match (tolerance.relative, absolute) {
        (None, None) if tolerance.side == Side::Worse => return "not worse".to_owned(),
        (None, None) => return "exact".to_owned(),
        (Some(relative), None) => relative.to_string(),
        (None, Some(absolute)) => absolute,
        (Some(relative), Some(absolute)) => format!("{relative} or {absolute}"),
    };
    let side = if tolerance.side == Side::Worse { ", worse side only" } else { "" };
    format!("{bounds}{side}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::value::Share;
    use proptest::prelude::*;

    fn tolerance(relative: &str, absolute: &str, side: Side) -> Tolerance {
        let share = (!relative.is_empty()).then(|| relative.parse::<Share>().unwrap());
        Tolerance { relative: share, absolute: (!absolute.is_empty()).then(|| absolute.parse().unwrap()), side }
    }

    #[test]
    fn bounds() {
        let check = |golden: &str, value: &str, relative: &str, absolute: &str, expected: bool| {
            let (golden, value): (Decimal, Decimal) = (golden.parse().unwrap(), value.parse().unwrap());
            let found = is_met(tolerance(relative, absolute, Side::Both), None, golden, value);
            assert_eq!(found, expected, "{value} for {golden} within {relative} {absolute}");
        };
        check("100", "100", "", "", true);
        check("100", "100.0000000001", "", "", false);
        check("0.1", "0.101", "1%", "", true);
        check("0.1", "0.1010000000000001", "1%", "", false);
        check("0.1", "0.099", "1%", "", true);
        check("-100", "-101", "1%", "", true);
        check("-100", "-101.1", "1%", "", false);
        check("0", "0.5", "1%", "", false);
        check("0", "0.5", "1%", "0.5", true);
        check("100", "103", "1%", "3", true);
        check("100", "103", "5%", "1", true);
        check("100", "106", "5%", "1", false);
        check("1e-300", "1e300", "1%", "", false);
        check("1e300", "1e-300", "100%", "", true);
    }

    #[test]
    fn the_worse_side() {
        let check = |better: Better, golden: i64, value: i64, expected: bool| {
            let tolerance = tolerance("10%", "", Side::Worse);
            let found = is_met(tolerance, Some(better), Decimal::from(golden), Decimal::from(value));
            assert_eq!(found, expected, "{better:?} {golden} {value}");
        };
        check(Better::Higher, 100, 500, true);
        check(Better::Higher, 100, 90, true);
        check(Better::Higher, 100, 89, false);
        check(Better::Lower, 100, 5, true);
        check(Better::Lower, 100, 110, true);
        check(Better::Lower, 100, 111, false);
        check(Better::Lower, -100, -89, false);
        check(Better::Exact, 100, 89, false);
        let band = Better::Within(Decimal::from(0), Decimal::from(200));
        check(band, 100, 199, true);
        check(band, 100, 201, false);
        check(band, 195, 201, true);
    }

    #[test]
    fn descriptions() {
        let check = |relative: &str, absolute: &str, side: Side, expected: &str| {
            assert_eq!(describe(tolerance(relative, absolute, side), Some("Hz")), expected);
        };
        check("", "", Side::Both, "exact");
        check("", "", Side::Worse, "not worse");
        check("1%", "", Side::Both, "1%");
        check("2%", "", Side::Worse, "2%, worse side only");
        check("2%", "0.5", Side::Both, "2% or 0.5 Hz");
        check("", "1e9", Side::Both, "1e9 Hz");
    }

    proptest! {
        /// A wider tolerance never misses what a narrower one meets, and one side never more than both.
        #[test]
        fn wider_is_wider(golden in -1000i64..1000, value in -1000i64..1000, one in 0u8..50, more in 0u8..50) {
            let (golden, value) = (Decimal::from(golden), Decimal::from(value));
            let of = |percent: u8, side| tolerance(&format!("{percent}%"), "", side);
            let narrow = is_met(of(one, Side::Both), Some(Better::Lower), golden, value);
            prop_assert!(!narrow || is_met(of(one + more, Side::Both), Some(Better::Lower), golden, value));
            prop_assert!(!narrow || is_met(of(one, Side::Worse), Some(Better::Lower), golden, value));
            prop_assert!(is_met(EXACT, None, golden, golden));
        }
    }
}
