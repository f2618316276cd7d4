//! Exact decimal numbers, as people write them in suite files.
//!
//! `0.1 + 0.2` is `0.3` here, so that ranges have the members their author counts on their
//! fingers. Values beyond 38 significant digits are refused, never rounded in silence; only
//! division rounds (to 34 digits, half to even), and only when the quotient does not terminate.
//!
//! Invariants: the coefficient has no trailing zero and can be negated; zero has the exponent 0; the
//! exponent of a number that was read or computed is within +-1000.

mod text;

#[cfg(test)]
mod tests;

pub use text::ParseDecimalError;

use std::cmp::Ordering;

/// A decimal number `coefficient * 10^exponent`, without trailing zeros in the coefficient.
///
/// Equal numbers are equal in all fields, so `Eq` and `Hash` are those of the value.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Decimal {
    coefficient: i128,
    exponent: i32,
}

const QUOTIENT_DIGITS: u32 = 34;
const EXPONENT_LIMIT: i32 = 1000;
/// The most digits whose every number a coefficient holds.
const WHOLE_DIGITS: u32 = 38;

fn power_of_ten(exponent: u32) -> Option<i128> {
    // The short way for what is common: a power of 64 bits.
    if exponent <= 18 { Some(i128::from(10i64.pow(exponent))) } else { 10i128.checked_pow(exponent) }
}

/// Returns a coefficient without trailing zeros, and how many it had; not for 0.
fn strip_zeros(coefficient: i128) -> (i128, i32) {
    if coefficient % 2 != 0 {
        return (coefficient, 0);
    }
    let mut wide = coefficient;
    let mut zeros = 0;
    // Division of 128 bits is slow: large steps, until 64 bits do.
    let mut step = 16;
    while i64::try_from(wide).is_err() && step > 0 {
        let power = i128::from(10i64.pow(step));
        if wide.trailing_zeros() >= step && wide % power == 0 {
            wide /= power;
            zeros += step as i32;
        } else {
            step /= 2;
        }
    }
    let Ok(mut narrow) = i64::try_from(wide) else { return (wide, zeros) };
    while narrow % 10 == 0 {
        narrow /= 10;
        zeros += 1;
    }
    (i128::from(narrow), zeros)
}

/// Returns quotient and remainder of `remainder * 10 / divisor`, for a remainder below the divisor
/// and a divisor of at most 127 bits, whose tenfold need not fit into 128.
fn next_digit(remainder: u128, divisor: u128) -> (u128, u128) {
    if let Some(scaled) = remainder.checked_mul(10) {
        return (scaled / divisor, scaled % divisor);
    }
    let (mut digit, mut rest) = (0, 0u128);
    // 10 is 0b1010: double, and add where a bit is set, never leaving the rest above the divisor.
    for bit in [true, false, true, false] {
        digit *= 2;
        rest *= 2;
        if rest >= divisor {
            rest -= divisor;
            digit += 1;
        }
        if bit {
            rest += remainder;
            if rest >= divisor {
                rest -= divisor;
                digit += 1;
            }
        }
    }
    (digit, rest)
}

impl Decimal {
    /// The number 0.
    pub const ZERO: Decimal = Decimal { coefficient: 0, exponent: 0 };
    /// The number 1.
    pub const ONE: Decimal = Decimal { coefficient: 1, exponent: 0 };

    /// Returns `coefficient * 10^exponent`, or `None` if that is beyond what a decimal holds.
    pub fn checked_new(coefficient: i128, exponent: i32) -> Option<Decimal> {
        if coefficient == 0 {
            return Some(Decimal::ZERO);
        }
        let (coefficient, zeros) = strip_zeros(coefficient);
        let exponent = exponent.checked_add(zeros)?;
        let fits = coefficient != i128::MIN && exponent.unsigned_abs() <= EXPONENT_LIMIT.unsigned_abs();
        fits.then_some(Decimal { coefficient, exponent })
    }

    /// Returns `coefficient * 10^exponent`, for numbers that our own code gives: constants, counts.
    ///
    /// # Panics
    /// If the number is beyond what a decimal holds.
    pub fn new(coefficient: i128, exponent: i32) -> Decimal {
        Decimal::checked_new(coefficient, exponent).expect("a constant or a count is within a decimal's range")
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
        let coefficient = i64::try_from(self.coefficient).ok()?;
        match self.exponent {
            0 => Some(coefficient),
            1..=18 => coefficient.checked_mul(10i64.pow(self.exponent as u32)),
            _ => None,
        }
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
        let scaled = |value: Decimal| match (value.exponent - exponent) as u32 {
            0 => Some(value.coefficient),
            places => value.coefficient.checked_mul(power_of_ten(places)?),
        };
        Some((scaled(self)?, scaled(other)?, exponent))
    }

    /// Returns the exact sum, or `None` if it has too many digits.
    pub fn checked_add(self, other: Decimal) -> Option<Decimal> {
        let (left, right, exponent) = self.aligned(other)?;
        Decimal::checked_new(left.checked_add(right)?, exponent)
    }

    /// Returns the exact difference, or `None` if it has too many digits.
    pub fn checked_sub(self, other: Decimal) -> Option<Decimal> {
        self.checked_add(-other)
    }

    /// Returns the exact product, or `None` if it has too many digits or is too large or too small.
    pub fn checked_mul(self, other: Decimal) -> Option<Decimal> {
        let coefficient = match (i64::try_from(self.coefficient), i64::try_from(other.coefficient)) {
            (Ok(left), Ok(right)) => i128::from(left) * i128::from(right),
            _ => self.coefficient.checked_mul(other.coefficient)?,
        };
        Decimal::checked_new(coefficient, self.exponent + other.exponent)
    }

    /// Returns the quotient: exact if it terminates within 34 digits, else rounded half to even, to
    /// 34 digits or, where its whole part alone has more, to a whole number of its last place.
    /// `None` for a division by 0, and for what is too large or too small.
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
        while remainder != 0 && digits(quotient) < QUOTIENT_DIGITS {
            // Many digits at a time where the divisor is short: a remainder of 64 bits times 10^17 fits.
            let step = if divisor <= u128::from(u64::MAX) { 17.min(QUOTIENT_DIGITS - digits(quotient)) } else { 1 };
            let (next, rest) = match step {
                1 => next_digit(remainder, divisor),
                step => {
                    let scaled = remainder * 10u128.pow(step);
                    (scaled / divisor, scaled % divisor)
                }
            };
            quotient = quotient * 10u128.pow(step) + next;
            remainder = rest;
            exponent -= step as i32;
        }
        if remainder > 0 {
            let half = divisor - remainder;
            if remainder > half || (remainder == half && quotient % 2 == 1) {
                quotient += 1;
            }
        }
        let magnitude = i128::try_from(quotient).ok()?;
        Decimal::checked_new(if negative { -magnitude } else { magnitude }, exponent)
    }

    /// Returns the remainder with the sign of the divisor, as `%` in Python; `None` for 0, and where
    /// dividend and divisor have too many digits between them.
    pub fn checked_rem(self, other: Decimal) -> Option<Decimal> {
        if other.is_zero() {
            return None;
        }
        let Some((left, right, exponent)) = self.aligned(other) else {
            // Too far apart to align: only what is smaller than its divisor has a short remainder.
            let smaller = self.abs() < other.abs();
            let result = if self.is_negative() == other.is_negative() { Some(self) } else { self.checked_add(other) };
            return result.filter(|_| smaller);
        };
        let remainder = left % right;
        let signed = if remainder != 0 && (remainder < 0) != (right < 0) { remainder + right } else { remainder };
        Decimal::checked_new(signed, exponent)
    }

    /// Returns the largest whole number not above the quotient; `None` for a division by 0, and
    /// where that number has too many digits.
    pub fn checked_div_floor(self, other: Decimal) -> Option<Decimal> {
        if other.is_zero() {
            return None;
        }
        let Some((left, right, _)) = self.aligned(other) else {
            let below = if self.is_negative() == other.is_negative() { Decimal::ZERO } else { -Decimal::ONE };
            return (self.abs() < other.abs()).then_some(below);
        };
        let quotient = left / right;
        let exact = left % right == 0;
        let floor = if !exact && (left < 0) != (right < 0) { quotient.checked_sub(1)? } else { quotient };
        Decimal::checked_new(floor, 0)
    }

    /// Returns `self` to a whole power: exactly for `exponent >= 0`, else 1 divided by that. `None`
    /// for 0 to a negative power, and for what has too many digits or is too large or too small.
    pub fn checked_pow(self, exponent: i32) -> Option<Decimal> {
        let mut result = Decimal::ONE;
        let mut square = self;
        let mut left = exponent.unsigned_abs();
        while left > 0 {
            if left % 2 == 1 {
                result = result.checked_mul(square)?;
            }
            left /= 2;
            // The last square is not used, and may be too large.
            if left > 0 {
                square = square.checked_mul(square)?;
            }
        }
        if exponent < 0 { Decimal::ONE.checked_div(result) } else { Some(result) }
    }

    /// Returns the value without its sign.
    pub fn abs(self) -> Decimal {
        Decimal { coefficient: self.coefficient.abs(), ..self }
    }

    /// Returns the whole part of the magnitude, and the magnitude of the rest in units of the last
    /// place, of which `unit` make one.
    fn split(self) -> (i128, u128, u128) {
        let magnitude = self.coefficient.unsigned_abs();
        let places = self.exponent.unsigned_abs();
        if self.exponent >= 0 {
            return (self.coefficient.abs(), 0, 1);
        }
        if places > WHOLE_DIGITS {
            // At most 39 digits and at least 39 places: below 0.2, of which the rest says enough.
            return (0, 1, 10);
        }
        let unit = 10u128.pow(places);
        // At least one digit less than a coefficient has, so it fits.
        ((magnitude / unit) as i128, magnitude % unit, unit)
    }

    fn rounded(self, up: impl Fn(u128, u128) -> bool) -> Decimal {
        if self.is_integer() {
            return self;
        }
        let (whole, rest, unit) = self.split();
        let whole = whole + i128::from(up(rest, unit));
        Decimal::new(if self.is_negative() { -whole } else { whole }, 0)
    }

    /// Returns the largest whole number not above the value.
    pub fn floor(self) -> Decimal {
        self.rounded(|rest, _| rest > 0 && self.is_negative())
    }

    /// Returns the smallest whole number not below the value.
    pub fn ceil(self) -> Decimal {
        self.rounded(|rest, _| rest > 0 && !self.is_negative())
    }

    /// Returns the nearest whole number, halves away from 0.
    pub fn round(self) -> Decimal {
        self.rounded(|rest, unit| rest >= unit / 2)
    }
}

/// Returns the number of decimal digits; 0 for 0.
fn digits(number: u128) -> u32 {
    number.checked_ilog10().map_or(0, |order| order + 1)
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
        let sign = self.coefficient.signum().cmp(&other.coefficient.signum());
        if sign != Ordering::Equal {
            return sign;
        }
        // Too far apart to align: the one with the larger exponent has a coefficient beyond all
        // others at the smaller one, so it is the larger in magnitude.
        let order = self.exponent.cmp(&other.exponent);
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
