//! Numbers for people: few digits, SI prefixes, pairs that show where they differ.

use crate::ledger::MeasuredValue;
use crate::value::show_duration;

/// Significant digits of a figure.
const DIGITS: usize = 5;

/// Units that take the prefixes of the SI. A prefixed unit or `degC` is left alone.
const PREFIXED: [&str; 17] =
    ["Hz", "s", "W", "V", "A", "F", "H", "J", "Ohm", "ohm", "Ω", "S", "C", "Pa", "B", "B/s", "FLOP/s"];

/// Returns a value with its unit: `2.0512 GHz`, `12 violations`, a text as it is.
pub(crate) fn amount(value: &MeasuredValue, unit: Option<&str>) -> String {
    amount_with(value, unit, DIGITS)
}

/// Returns two values with their unit, with as many digits as it takes to tell them apart.
pub(crate) fn pair(base: &MeasuredValue, head: &MeasuredValue, unit: Option<&str>) -> (String, String) {
    if base != head {
        for digits in DIGITS..=17 {
            let shown = (amount_with(base, unit, digits), amount_with(head, unit, digits));
            if shown.0 != shown.1 {
                return shown;
            }
        }
    }
    (amount(base, unit), amount(head, unit))
}

/// Returns a relative change: `+4.7%`, `-0.03%`, `+170%`.
pub(crate) fn percent(relative: f64) -> String {
    let percent = relative * 100.0;
    if percent == 0.0 {
        return "0%".to_owned();
    }
    let digits = if percent.abs() >= 100.0 { 3 } else { 2 };
    format!("{}{}%", if percent > 0.0 { "+" } else { "" }, with_digits(percent, digits))
}

/// Returns how long something took; a dash where nobody measured it.
pub(crate) fn took(seconds: f64) -> String {
    if seconds > 0.0 { show_duration(seconds) } else { "–".to_owned() }
}

/// Returns a count with its noun: `1 task`, `2 tasks`, `12,345 cases`.
pub(crate) fn count(number: u64, noun: &str) -> String {
    format!("{} {noun}{}", thousands(number), if number == 1 { "" } else { "s" })
}

/// Returns a whole number with commas: `12,345`.
pub(crate) fn thousands(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

fn amount_with(value: &MeasuredValue, unit: Option<&str>, digits: usize) -> String {
    let value = match value {
        MeasuredValue::Number(value) => *value,
        MeasuredValue::Text(text) => return text.clone(),
    };
    match unit {
        None | Some("") => with_digits(value, digits),
        Some(unit) => {
            let (scaled, prefix) = if PREFIXED.contains(&unit) { scale(value, unit) } else { (value, "") };
            format!("{} {prefix}{unit}", with_digits(scaled, digits))
        }
    }
}

fn scale(value: f64, unit: &str) -> (f64, &'static str) {
    const PREFIXES: [(f64, &str); 9] = [
        (1e12, "T"),
        (1e9, "G"),
        (1e6, "M"),
        (1e3, "k"),
        (1.0, ""),
        (1e-3, "m"),
        (1e-6, "µ"),
        (1e-9, "n"),
        (1e-12, "p"),
    ];
    let size = value.abs();
    // Nobody says kiloseconds or millibytes.
    let fits = |factor: f64| (unit != "s" || factor <= 1.0) && (!unit.starts_with('B') || factor >= 1.0);
    if !(1e-15..1e18).contains(&size) {
        return (value, "");
    }
    PREFIXES
        .into_iter()
        .filter(|&(factor, _)| fits(factor))
        .find(|&(factor, _)| size >= factor * 0.999_995)
        .map_or((value, ""), |(factor, prefix)| (value / factor, prefix))
}

/// Returns a number with so many significant digits, integers below 1e9 in full.
fn with_digits(value: f64, digits: usize) -> String {
    if !value.is_finite() {
        return value.to_string();
    }
    if value.fract() == 0.0 && value.abs() < 1e9 {
        return format!("{}", value as i64);
    }
    let scientific = format!("{:.*e}", digits.saturating_sub(1), value);
    let (mantissa, exponent) = scientific.split_once('e').expect("the format `e` writes an exponent");
    let exponent: i32 = exponent.parse().expect("the format `e` writes a whole exponent");
    if (-4..7).contains(&exponent) {
        let decimals = usize::try_from(digits as i32 - 1 - exponent).unwrap_or(0);
        trim(&format!("{value:.decimals$}")).to_owned()
    } else {
        format!("{}e{exponent}", trim(mantissa))
    }
}

fn trim(text: &str) -> &str {
    if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.') } else { text }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers() {
        let check = |value: f64, expected: &str| assert_eq!(with_digits(value, DIGITS), expected, "{value}");
        check(0.0, "0");
        check(-0.0, "0");
        check(12.0, "12");
        check(123_456_789.0, "123456789");
        check(2.051_234e9, "2.0512e9");
        check(0.1 + 0.2, "0.3");
        check(1.0 / 3.0, "0.33333");
        check(-1_234.567_8, "-1234.6");
        check(0.000_123_456, "0.00012346");
        check(1.5e-7, "1.5e-7");
        check(999_999.96, "1000000");
        check(f64::NAN, "NaN");
    }

    #[test]
    fn amounts() {
        let check = |value: f64, unit: &str, expected: &str| {
            assert_eq!(amount(&MeasuredValue::Number(value), Some(unit)), expected, "{value} {unit}");
        };
        check(2.051_234e9, "Hz", "2.0512 GHz");
        check(1.5e-7, "s", "150 ns");
        check(5400.5, "s", "5400.5 s");
        check(0.25, "B", "0.25 B");
        check(1_600_000.0, "B", "1.6 MB");
        check(-40.0, "degC", "-40 degC");
        check(0.0, "V", "0 V");
        check(1e-18, "W", "1e-18 W");
        check(3.0, "", "3");
        assert_eq!(amount(&MeasuredValue::Text("a3f".into()), Some("Hz")), "a3f");
    }

    #[test]
    fn pairs_differ() {
        let number = MeasuredValue::Number;
        assert_eq!(pair(&number(2.0), &number(2.5), None), ("2".into(), "2.5".into()));
        assert_eq!(pair(&number(1.000_000_1), &number(1.000_000_2), None), ("1.0000001".into(), "1.0000002".into()));
        assert_eq!(pair(&number(1.5), &number(1.5), Some("V")), ("1.5 V".into(), "1.5 V".into()));
    }

    #[test]
    fn changes_and_counts() {
        assert_eq!([0.047, -0.000_31, 1.7, 0.0, 0.1234].map(percent), ["+4.7%", "-0.031%", "+170%", "0%", "+12%"]);
        assert_eq!(
            [count(1, "task"), count(0, "task"), count(1_234_567, "case")],
            ["1 task", "0 tasks", "1,234,567 cases"]
        );
    }
}
