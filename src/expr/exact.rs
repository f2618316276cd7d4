//! Exact numbers: decimals, with a short way for whole numbers.
//!
//! Whatever a decimal cannot hold is an error. Roots, logarithms, exponentials and powers that are
//! not whole go through doubles and become the shortest decimal that reads back as the double.

use super::Fault;
use super::double::{power, single};
use super::number::Number;
use super::tree::{Arithmetic, Function, Literal};
use crate::value::Decimal;
use std::cmp::Ordering;

/// A decimal; whole ones are kept as `i64`, because that is what nearly every sweep counts in.
#[derive(Debug, Clone, Copy)]
pub(super) enum Exact {
    Whole(i64),
    Fraction(Decimal),
}

/// Results are kept within these magnitudes, far inside of what decimals and doubles hold.
const LARGEST: f64 = 1e300;
const SMALLEST: f64 = 1e-300;
const LONGEST_POWER: u64 = 4096;

impl From<Decimal> for Exact {
    fn from(decimal: Decimal) -> Exact {
        decimal.to_i64().map_or(Exact::Fraction(decimal), Exact::Whole)
    }
}

impl Exact {
    pub(super) fn decimal(self) -> Decimal {
        match self {
            Exact::Whole(whole) => Decimal::from(whole),
            Exact::Fraction(decimal) => decimal,
        }
    }

    /// Takes a result, unless it is too long or too large to go on calculating with.
    fn bounded(result: Option<Decimal>) -> Result<Exact, Fault> {
        let decimal = result.ok_or(Fault::TooManyDigits)?;
        if let Some(whole) = decimal.to_i64() {
            return Ok(Exact::Whole(whole));
        }
        let magnitude = decimal.to_f64().abs();
        if has_spare_digits(decimal) && (SMALLEST..=LARGEST).contains(&magnitude) {
            Ok(Exact::Fraction(decimal))
        } else {
            Err(Fault::TooManyDigits)
        }
    }

    fn from_double(result: f64, argument: Decimal) -> Result<Exact, Fault> {
        match Decimal::from_f64(result) {
            Some(decimal) => Exact::bounded(Some(decimal)),
            None => Err(Fault::NoResult { argument: argument.to_string() }),
        }
    }
}

/// Tells whether another three bits fit, as a quotient's divisor and a change of sign need them.
fn has_spare_digits(decimal: Decimal) -> bool {
    decimal.checked_mul(Decimal::from(7)).is_some()
}

impl Number for Exact {
    fn literal(literal: &Literal) -> Exact {
        literal.exact
    }

    fn count(items: usize) -> Exact {
        Exact::from(Decimal::new(items as i128, 0))
    }

    fn negate(self) -> Result<Exact, Fault> {
        match self {
            Exact::Whole(whole) if whole != i64::MIN => Ok(Exact::Whole(-whole)),
            other => Exact::bounded(Decimal::ZERO.checked_sub(other.decimal())),
        }
    }

    fn arithmetic(operator: Arithmetic, left: Exact, right: Exact) -> Result<Exact, Fault> {
        if let (Exact::Whole(left), Exact::Whole(right)) = (left, right)
            && let Some(whole) = whole(operator, left, right)
        {
            return Ok(Exact::Whole(whole));
        }
        let (left, right) = (left.decimal(), right.decimal());
        let divides = matches!(operator, Arithmetic::Divide | Arithmetic::FloorDivide | Arithmetic::Remainder);
        if divides && right.is_zero() {
            return Err(Fault::DivisionByZero);
        }
        match operator {
            Arithmetic::Add => Exact::bounded(left.checked_add(right)),
            Arithmetic::Subtract => Exact::bounded(left.checked_sub(right)),
            Arithmetic::Multiply => Exact::bounded(left.checked_mul(right)),
            // A divisor without spare digits would round the quotient too early.
            Arithmetic::Divide if !has_spare_digits(right) => Err(Fault::TooManyDigits),
            Arithmetic::Divide => Exact::bounded(left.checked_div(right)),
            Arithmetic::FloorDivide => Exact::bounded(left.checked_div_floor(right)),
            Arithmetic::Remainder => Exact::bounded(left.checked_rem(right)),
            Arithmetic::Power => exact_power(left, right),
        }
    }

    fn order(self, other: Exact) -> Option<Ordering> {
        Some(match (self, other) {
            (Exact::Whole(left), Exact::Whole(right)) => left.cmp(&right),
            (left, right) => left.decimal().cmp(&right.decimal()),
        })
    }

    fn apply(function: Function, argument: Exact) -> Result<Exact, Fault> {
        let decimal = argument.decimal();
        match function {
            Function::Abs => {
                if decimal.is_negative() {
                    argument.negate()
                } else {
                    Ok(argument)
                }
            }
            Function::Floor | Function::Ceil | Function::Round if decimal.is_integer() => Ok(argument),
            Function::Floor => Ok(Exact::from(if decimal.is_negative() { -up(-decimal) } else { down(decimal) })),
            Function::Ceil => Ok(Exact::from(if decimal.is_negative() { -down(-decimal) } else { up(decimal) })),
            Function::Round if decimal.abs() < Decimal::new(5, -1) => Ok(Exact::Whole(0)),
            Function::Round => Ok(Exact::from(decimal.round())),
            Function::Sqrt | Function::Exp | Function::Log | Function::Log2 | Function::Log10 => {
                Exact::from_double(single(function)(decimal.to_f64()), decimal)
            }
            Function::Len => Ok(Exact::Whole(1)),
            Function::Min | Function::Max | Function::Sum | Function::Mean | Function::Median => Ok(argument),
        }
    }
}

/// The whole numbers around a positive fraction; those below 1 are too fine for `Decimal::floor`.
fn down(fraction: Decimal) -> Decimal {
    if fraction < Decimal::ONE { Decimal::ZERO } else { fraction.floor() }
}

fn up(fraction: Decimal) -> Decimal {
    if fraction < Decimal::ONE { Decimal::ONE } else { fraction.ceil() }
}

/// The result for whole numbers if it is a whole number too.
fn whole(operator: Arithmetic, left: i64, right: i64) -> Option<i64> {
    match operator {
        Arithmetic::Add => left.checked_add(right),
        Arithmetic::Subtract => left.checked_sub(right),
        Arithmetic::Multiply => left.checked_mul(right),
        Arithmetic::Divide => left.checked_rem(right).filter(|&rest| rest == 0).and_then(|_| left.checked_div(right)),
        Arithmetic::FloorDivide => {
            let quotient = left.checked_div(right)?;
            let below = left % right != 0 && (left < 0) != (right < 0);
            Some(quotient - i64::from(below))
        }
        Arithmetic::Remainder => {
            let rest = left.checked_rem(right)?;
            Some(if rest != 0 && (rest < 0) != (right < 0) { rest + right } else { rest })
        }
        Arithmetic::Power => left.checked_pow(u32::try_from(right).ok()?),
    }
}

fn exact_power(base: Decimal, exponent: Decimal) -> Result<Exact, Fault> {
    if base.is_zero() && exponent.is_negative() {
        return Err(Fault::DivisionByZero);
    }
    if !exponent.is_integer() {
        return Exact::from_double(power(base.to_f64(), exponent.to_f64()), base);
    }
    let Some(whole) = exponent.to_i64() else { return Err(Fault::TooManyDigits) };
    let minus_one = -Decimal::ONE;
    match base {
        Decimal::ZERO | Decimal::ONE => Exact::bounded(Some(if whole == 0 { Decimal::ONE } else { base })),
        _ if base == minus_one => Exact::bounded(Some(if whole % 2 == 0 { Decimal::ONE } else { minus_one })),
        _ if whole.unsigned_abs() > LONGEST_POWER => Err(Fault::TooManyDigits),
        _ => {
            let positive = Exact::bounded(base.checked_pow(whole.unsigned_abs() as i32))?.decimal();
            if whole < 0 { Exact::bounded(Decimal::ONE.checked_div(positive)) } else { Ok(Exact::from(positive)) }
        }
    }
}
