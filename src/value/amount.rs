//! Measured numbers in sentences: few digits, and as many as it takes to tell two apart.

use super::Decimal;

/// Significant digits of a number in a sentence.
const DIGITS: usize = 5;
/// With one more, the shortest text that reads back is shown.
const MOST_DIGITS: usize = 15;

/// Prints a number for a sentence: `30`, `2.0512e9`, `0.085`; whole numbers below 1e9 in full.
pub fn show_number(value: f64) -> String {
    with_digits(value, DIGITS)
}

/// Prints two numbers with so many digits that they read differently, unless they are equal.
pub fn show_numbers(one: f64, other: f64) -> (String, String) {
    let differ = |&digits: &usize| with_digits(one, digits) != with_digits(other, digits);
    let digits = if one == other { DIGITS } else { (DIGITS..=MOST_DIGITS).find(differ).unwrap_or(MOST_DIGITS + 1) };
    (with_digits(one, digits), with_digits(other, digits))
}

/// Prints a number with its unit, if it has one: `2 V`, `5%`, `12`.
pub fn with_unit(number: &str, unit: Option<&str>) -> String {
    match unit {
        None | Some("") => number.to_owned(),
        Some("%") => format!("{number}%"),
        Some(unit) => format!("{number} {unit}"),
    }
}

fn with_digits(value: f64, digits: usize) -> String {
    let Some(exact) = Decimal::from_f64(value) else { return value.to_string() };
    if digits > MOST_DIGITS {
        return exact.to_string();
    }
    if value.fract() == 0.0 && value.abs() < 1e9 {
        return format!("{}", value as i64);
    }
    let scientific = format!("{value:.*e}", digits - 1);
    let (mantissa, exponent) = scientific.split_once('e').unwrap_or((&scientific, "0"));
    let trim = |text: &str| match text.contains('.') {
        true => text.trim_end_matches('0').trim_end_matches('.').to_owned(),
        false => text.to_owned(),
    };
    match exponent.parse::<i32>() {
        Ok(order) if (-4..7).contains(&order) => {
            let decimals = usize::try_from(digits as i32 - 1 - order).unwrap_or(0);
            trim(&format!("{value:.decimals$}"))
        }
        _ => format!("{}e{exponent}", trim(mantissa)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn few_digits() {
        let check = |value: f64, expected: &str| assert_eq!(show_number(value), expected, "{value}");
        check(0.0, "0");
        check(-0.0, "0");
        check(30.0, "30");
        check(123_456_789.0, "123456789");
        check(2.0512e9, "2.0512e9");
        check(28.300_000_001, "28.3");
        check(8.5e-11, "8.5e-11");
        check(-0.085, "-0.085");
        check(1234.5678, "1234.6");
        check(f64::NAN, "NaN");
        check(f64::INFINITY, "inf");
    }

    #[test]
    fn pairs_show_where_they_differ() {
        let check = |one: f64, other: f64, expected: [&str; 2]| {
            let (one, other) = show_numbers(one, other);
            assert_eq!([one, other], expected);
        };
        check(1.5, 1.5, ["1.5", "1.5"]);
        check(2.0, 2.5, ["2", "2.5"]);
        check(1.000_000_1, 1.000_000_2, ["1.0000001", "1.0000002"]);
        check(30.0, 30.000_000_1, ["30", "30.0000001"]);
        check(0.1 + 0.2, 0.3, ["0.30000000000000004", "0.3"]);
        assert_eq!(with_unit("5", Some("%")), "5%");
        assert_eq!(with_unit("5", Some("Hz")), "5 Hz");
        assert_eq!(with_unit("5", None), "5");
    }
}
