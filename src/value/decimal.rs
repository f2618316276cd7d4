//! Exact decimal numbers, as people write them in suite files.
//!
//! `0.1 + 0.2` is `0.3` here, so that ranges have the members their author counts on their
//! fingers. Values beyond 38 significant digits are refused, never rounded in silence; only
//! division rounds (to 34 digits, half to even), and only when the quotient does not terminate.

use std::cmp::Ordering;
use std::fmt;
use std::str::FromStr;

/// A decimal number `coefficient * 10^exponent`, without trailing zeros in the coefficient.
///
/// Equal numbers are equal in all fields, so `Eq` and `Hash` are those of the value.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Decimal {
    coefficient: i128,
    exponent: i32,
}

/// Why a text is no decimal number.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ParseDecimalError {
    /// The text does not have the form of a number.
    #[error("`{0}` is not a number")]
    Syntax(String),
    /// The number has too many digits, or an exponent beyond +-1000.
    #[error("`{0}` has more digits than an exact decimal holds (38)")]
    Range(String),
}

const QUOTIENT_DIGITS: u32 = 34;
const EXPONENT_LIMIT: i32 = 1000;

fn power_of_ten(exponent: u32) -> Option<i128> {
    10i128.checked_pow(exponent)
}

impl Decimal {
    /// The number 0.
    pub const ZERO: Decimal = Decimal { coefficient: 0, exponent: 0 };
    /// The number 1.
    pub const ONE: Decimal = Decimal { coefficient: 1, exponent: 0 };

    /// Returns `coefficient * 10^exponent`.
    pub fn new(coefficient: i128, exponent: i32) -> Decimal {
        if coefficient == 0 {
            return Decimal::ZERO;
        }
        let (mut coefficient, mut exponent) = (coefficient, exponent);
        while coefficient % 10 == 0 {
            coefficient /= 10;
            exponent += 1;
        }
        Decimal { coefficient, exponent }
    }

    /// Returns the shortest decimal that reads back as `value`; `None` if it is not finite.
    pub fn from_f64(value: f64) -> Option<Decimal> {
        if value.is_finite() { format!("{value:e}").parse().ok() } else { None }
    }

    /// Returns the nearest double.
    pub fn to_f64(self) -> f64 {
        const EXACT: [f64; 23] = [
            1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18,
            1e19, 1e20, 1e21, 1e22,
        ];
        // Both factors are exact doubles, so one rounding is all there is.
        if self.coefficient.unsigned_abs() < (1 << 53) {
            let coefficient = self.coefficient as f64;
            let power = self.exponent.unsigned_abs() as usize;
            if power < EXACT.len() {
                return if self.exponent >= 0 { coefficient * EXACT[power] } else { coefficient / EXACT[power] };
            }
        }
        format!("{}e{}", self.coefficient, self.exponent).parse().unwrap_or(f64::NAN)
    }

    /// Returns the value if it is a whole number within `i64`.
    pub fn to_i64(self) -> Option<i64> {
        if self.exponent < 0 {
            return None;
        }
        let scaled = self.coefficient.checked_mul(power_of_ten(self.exponent as u32)?)?;
        i64::try_from(scaled).ok()
    }

    /// Tells whether the value is a whole number.
    pub fn is_integer(self) -> bool {
        self.exponent >= 0
    }

    /// Tells whether the value is 0.
    pub fn is_zero(self) -> bool {
        self.coefficient == 0
    }

    /// Tells whether the value is below 0.
    pub fn is_negative(self) -> bool {
        self.coefficient < 0
    }

    /// Returns both coefficients at the smaller of the two exponents.
    fn aligned(self, other: Decimal) -> Option<(i128, i128, i32)> {
        if self.exponent == other.exponent {
            return Some((self.coefficient, other.coefficient, self.exponent));
        }
        if self.is_zero() {
            return Some((0, other.coefficient, other.exponent));
        }
        if other.is_zero() {
            return Some((self.coefficient, 0, self.exponent));
        }
        let exponent = self.exponent.min(other.exponent);
        let left = self.coefficient.checked_mul(power_of_ten((self.exponent - exponent) as u32)?)?;
        let right = other.coefficient.checked_mul(power_of_ten((other.exponent - exponent) as u32)?)?;
        Some((left, right, exponent))
    }

    /// Returns the exact sum, or `None` if it has too many digits.
    pub fn checked_add(self, other: Decimal) -> Option<Decimal> {
        let (left, right, exponent) = self.aligned(other)?;
        Some(Decimal::new(left.checked_add(right)?, exponent))
    }

    /// Returns the exact difference, or `None` if it has too many digits.
    pub fn checked_sub(self, other: Decimal) -> Option<Decimal> {
        self.checked_add(-other)
    }

    /// Returns the exact product, or `None` if it has too many digits.
    pub fn checked_mul(self, other: Decimal) -> Option<Decimal> {
        let coefficient = self.coefficient.checked_mul(other.coefficient)?;
        Some(Decimal::new(coefficient, self.exponent + other.exponent))
    }

    /// Returns the quotient, exact if it terminates within 34 digits, else rounded to 34 digits
    /// (half to even). `None` for a division by 0.
    pub fn checked_div(self, other: Decimal) -> Option<Decimal> {
        if other.is_zero() {
            return None;
        }
        if self.is_zero() {
            return Some(Decimal::ZERO);
        }
        let negative = self.is_negative() != other.is_negative();
        let divisor = other.coefficient.unsigned_abs();
        let numerator = self.coefficient.unsigned_abs();
        let mut quotient = numerator / divisor;
        let mut remainder = numerator % divisor;
        let mut exponent = self.exponent - other.exponent;
        let limit = 10u128.pow(QUOTIENT_DIGITS - 1);
        while remainder != 0 && quotient < limit {
            // `remainder < divisor <= 2^127`, so the product needs care only for huge divisors.
            let Some(scaled) = remainder.checked_mul(10) else { break };
            quotient = quotient * 10 + scaled / divisor;
            remainder = scaled % divisor;
            exponent -= 1;
        }
        if remainder > 0 {
            let half = divisor - remainder;
            if remainder > half || (remainder == half && quotient % 2 == 1) {
                quotient += 1;
            }
        }
        let magnitude = i128::try_from(quotient).ok()?;
        Some(Decimal::new(if negative { -magnitude } else { magnitude }, exponent))
    }

    /// Returns the remainder with the sign of the divisor, as `%` in Python; `None` for 0.
    pub fn checked_rem(self, other: Decimal) -> Option<Decimal> {
        if other.is_zero() {
            return None;
        }
        let (left, right, exponent) = self.aligned(other)?;
        let remainder = left % right;
        let signed = if remainder != 0 && (remainder < 0) != (right < 0) { remainder + right } else { remainder };
        Some(Decimal::new(signed, exponent))
    }

    /// Returns the largest whole number not above the quotient; `None` for a division by 0.
    pub fn checked_div_floor(self, other: Decimal) -> Option<Decimal> {
        if other.is_zero() {
            return None;
        }
        let (left, right, _) = self.aligned(other)?;
        let quotient = left / right;
        let exact = left % right == 0;
        Some(Decimal::new(if !exact && (left < 0) != (right < 0) { quotient - 1 } else { quotient }, 0))
    }

    /// Returns `self` to a whole power, exactly for `exponent >= 0`.
    pub fn checked_pow(self, exponent: i32) -> Option<Decimal> {
        let mut result = Decimal::ONE;
        for _ in 0..exponent.unsigned_abs().min(4096) {
            result = result.checked_mul(self)?;
        }
        if exponent < 0 { Decimal::ONE.checked_div(result) } else { Some(result) }
    }

    /// Returns the value without its sign.
    pub fn abs(self) -> Decimal {
        Decimal { coefficient: self.coefficient.abs(), ..self }
    }

    /// Returns the largest whole number not above the value.
    pub fn floor(self) -> Decimal {
        self.checked_div_floor(Decimal::ONE).unwrap_or(self)
    }

    /// Returns the smallest whole number not below the value.
    pub fn ceil(self) -> Decimal {
        -(-self).floor()
    }

    /// Returns the nearest whole number, halves away from 0.
    pub fn round(self) -> Decimal {
        let half = Decimal::new(5, -1);
        if self.is_negative() {
            -((-self).checked_add(half).unwrap_or(-self).floor())
        } else {
            self.checked_add(half).unwrap_or(self).floor()
        }
    }
}

impl std::ops::Neg for Decimal {
    type Output = Decimal;

    fn neg(self) -> Decimal {
        Decimal { coefficient: -self.coefficient, ..self }
    }
}

impl Ord for Decimal {
    fn cmp(&self, other: &Decimal) -> Ordering {
        if let Some((left, right, _)) = self.aligned(*other) {
            return left.cmp(&right);
        }
        // Too far apart to align: the signs, then the orders of magnitude, decide.
        let sign = self.coefficient.signum().cmp(&other.coefficient.signum());
        if sign != Ordering::Equal {
            return sign;
        }
        let magnitude =
            |value: &Decimal| value.exponent + value.coefficient.unsigned_abs().checked_ilog10().unwrap_or(0) as i32;
        let order = magnitude(self).cmp(&magnitude(other)).then(self.to_f64().abs().total_cmp(&other.to_f64().abs()));
        if self.is_negative() { order.reverse() } else { order }
    }
}

impl PartialOrd for Decimal {
    fn partial_cmp(&self, other: &Decimal) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl From<i64> for Decimal {
    fn from(value: i64) -> Decimal {
        Decimal::new(i128::from(value), 0)
    }
}

impl FromStr for Decimal {
    type Err = ParseDecimalError;

    /// Reads `-12`, `1.80`, `.5`, `+3`, `3.0e-8`.
    fn from_str(text: &str) -> Result<Decimal, ParseDecimalError> {
        let syntax = || ParseDecimalError::Syntax(text.to_owned());
        let range = || ParseDecimalError::Range(text.to_owned());
        let (mantissa, exponent) = match text.find(['e', 'E']) {
            Some(at) => {
                let digits = text[at + 1..].strip_prefix('+').unwrap_or(&text[at + 1..]);
                let bare = digits.strip_prefix('-').unwrap_or(digits);
                if bare.is_empty() || !bare.bytes().all(|byte| byte.is_ascii_digit()) || digits.starts_with("--") {
                    return Err(syntax());
                }
                (&text[..at], digits.parse::<i32>().map_err(|_| range())?)
            }
            None => (text, 0),
        };
        let negative = mantissa.starts_with('-');
        let digits = mantissa.strip_prefix(['-', '+']).unwrap_or(mantissa);
        let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
        if whole.is_empty() && fraction.is_empty()
            || !whole.bytes().chain(fraction.bytes()).all(|byte| byte.is_ascii_digit())
        {
            return Err(syntax());
        }
        let fraction = fraction.trim_end_matches('0');
        let mut coefficient: i128 = 0;
        for digit in whole.bytes().chain(fraction.bytes()) {
            coefficient = coefficient
                .checked_mul(10)
                .and_then(|shifted| shifted.checked_add(i128::from(digit - b'0')))
                .ok_or_else(range)?;
        }
        let exponent = exponent.checked_sub(fraction.len() as i32).ok_or_else(range)?;
        if exponent.abs() > EXPONENT_LIMIT {
            return Err(range());
        }
        Ok(Decimal::new(if negative { -coefficient } else { coefficient }, exponent))
    }
}

/// The canonical text: plain (`1.8`, `-40`) up to 20 characters, else scientific (`1.5e-25`).
impl fmt::Display for Decimal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.is_negative() { "-" } else { "" };
        let digits = self.coefficient.unsigned_abs().to_string();
        let plain_length = if self.exponent >= 0 {
            digits.len() + self.exponent as usize
        } else {
            (digits.len() + 1).max(2 + self.exponent.unsigned_abs() as usize)
        };
        if sign.len() + plain_length > 20 {
            let order = self.exponent + digits.len() as i32 - 1;
            let (first, rest) = digits.split_at(1);
            let point = if rest.is_empty() { "" } else { "." };
            return write!(f, "{sign}{first}{point}{rest}e{order}");
        }
        if self.exponent >= 0 {
            write!(f, "{sign}{digits}{:0<1$}", "", self.exponent as usize)
        } else {
            let places = self.exponent.unsigned_abs() as usize;
            if digits.len() > places {
                let (whole, fraction) = digits.split_at(digits.len() - places);
                write!(f, "{sign}{whole}.{fraction}")
            } else {
                write!(f, "{sign}0.{digits:0>places$}")
            }
        }
    }
}

impl fmt::Debug for Decimal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl serde::Serialize for Decimal {
    /// Serializes as a JSON number with the canonical digits where a double holds them.
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if let Some(whole) = self.to_i64() {
            return serializer.serialize_i64(whole);
        }
        let nearest = self.to_f64();
        if Decimal::from_f64(nearest) == Some(*self) {
            serializer.serialize_f64(nearest)
        } else {
            serializer.collect_str(self)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn d(text: &str) -> Decimal {
        text.parse().unwrap()
    }

    #[test]
    fn canonical_text() {
        let check = |input: &str, expected: &str| assert_eq!(d(input).to_string(), expected, "{input}");
        check("1.80", "1.8");
        check("-40", "-40");
        check("+0.0", "0");
        check("-0", "0");
        check("3.0e-8", "0.00000003");
        check("1e3", "1000");
        check("100", "100");
        check(".5", "0.5");
        check("5.", "5");
        check("1.5e-25", "1.5e-25");
        check("1e30", "1e30");
        check("12345678901234567890", "12345678901234567890");
        check("-12345678901234567890", "-1.234567890123456789e19");
        check("0.1234567890123456789", "1.234567890123456789e-1");
    }

    #[test]
    fn refuses_what_is_no_number() {
        for text in ["", "-", ".", "1e", "e3", "1.2.3", "0x10", "1_000", "NaN", "inf", "--1", "1e--3", "1 "] {
            assert!(matches!(text.parse::<Decimal>(), Err(ParseDecimalError::Syntax(_))), "{text}");
        }
        for text in ["1e99999", "1234567890123456789012345678901234567890"] {
            assert!(matches!(text.parse::<Decimal>(), Err(ParseDecimalError::Range(_))), "{text}");
        }
    }

    #[test]
    fn arithmetic_is_exact() {
        assert_eq!(d("0.1").checked_add(d("0.2")), Some(d("0.3")));
        assert_eq!(d("1").checked_div(d("8")), Some(d("0.125")));
        assert_eq!(d("1").checked_div(d("3")).unwrap().to_string(), "3.333333333333333333333333333333333e-1");
        assert_eq!(d("2").checked_div(d("3")).unwrap().to_string(), "6.666666666666666666666666666666667e-1");
        assert_eq!(d("1").checked_div(d("0")), None);
        assert_eq!(d("-7").checked_rem(d("3")), Some(d("2")));
        assert_eq!(d("-7").checked_div_floor(d("2")), Some(d("-4")));
        assert_eq!(d("1.5").checked_pow(3), Some(d("3.375")));
        assert_eq!(d("2").checked_pow(-2), Some(d("0.25")));
        assert_eq!(
            (d("2.5").round(), d("-2.5").round(), d("-2.5").floor(), d("-2.5").ceil()),
            (d("3"), d("-3"), d("-3"), d("-2"))
        );
    }

    #[test]
    fn order_across_magnitudes() {
        let mut values = ["1e300", "-1e300", "1e-300", "0", "-1e-300", "3", "0.5"].map(d);
        values.sort();
        assert_eq!(values, ["-1e300", "-1e300", "-1e-300", "0", "1e-300", "0.5", "3", "1e300"].map(d)[1..]);
    }

    proptest! {
        #[test]
        fn text_round_trip(coefficient in any::<i64>(), exponent in -60i32..60) {
            let value = Decimal::new(i128::from(coefficient), exponent);
            prop_assert_eq!(value.to_string().parse::<Decimal>().unwrap(), value);
        }

        #[test]
        fn double_round_trip(value in any::<f64>().prop_filter("finite", |value| value.is_finite())) {
            prop_assert_eq!(Decimal::from_f64(value).unwrap().to_f64(), value);
        }

        #[test]
        fn order_agrees_with_subtraction(a in any::<i32>(), b in any::<i32>(), i in -8i32..8, j in -8i32..8) {
            let (x, y) = (Decimal::new(i128::from(a), i), Decimal::new(i128::from(b), j));
            let difference = x.checked_sub(y).unwrap();
            prop_assert_eq!(x.cmp(&y), difference.cmp(&Decimal::ZERO));
        }
    }
}
