//! Decimals as text: reading, the canonical form, JSON.

use super::Decimal;
use std::fmt;
use std::str::FromStr;

/// Why a text is no decimal number.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ParseDecimalError {
    /// The text does not have the form of a number.
    #[error("`{0}` is not a number")]
    Syntax(String),
    /// The number has more than 38 digits, or is beyond 1e1000 or below 1e-1000.
    #[error("`{0}` has more digits than an exact decimal holds (38)")]
    Range(String),
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
        Decimal::checked_new(if negative { -coefficient } else { coefficient }, exponent).ok_or_else(range)
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
