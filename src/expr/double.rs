//! Doubles: nothing fails; what has no result is NaN or infinite, and the caller decides.

use super::Fault;
use super::number::Number;
use super::tree::{Arithmetic, Function, Literal};
use std::cmp::Ordering;

impl Number for f64 {
    fn literal(literal: &Literal) -> f64 {
        literal.double
    }

    fn count(items: usize) -> f64 {
        items as f64
    }

    fn negate(self) -> Result<f64, Fault> {
        Ok(-self)
    }

    #[inline]
    fn arithmetic(operator: Arithmetic, left: f64, right: f64) -> Result<f64, Fault> {
        Ok(match operator {
            Arithmetic::Add => left + right,
            Arithmetic::Subtract => left - right,
            Arithmetic::Multiply => left * right,
            Arithmetic::Divide => left / right,
            Arithmetic::FloorDivide => (left / right).floor(),
            Arithmetic::Remainder => remainder(left, right),
            Arithmetic::Power => power(left, right),
        })
    }

    #[inline]
    fn order(self, other: f64) -> Option<Ordering> {
        self.partial_cmp(&other)
    }

    fn apply(function: Function, argument: f64) -> Result<f64, Fault> {
        Ok(single(function)(argument))
    }
}

/// The remainder with the sign of the divisor.
pub(super) fn remainder(left: f64, right: f64) -> f64 {
    let remainder = left % right;
    if remainder != 0.0 && (remainder < 0.0) != (right < 0.0) { remainder + right } else { remainder }
}

/// A power, with the commonest exponent spelled out for speed.
pub(super) fn power(base: f64, exponent: f64) -> f64 {
    if exponent == 2.0 { base * base } else { base.powf(exponent) }
}

/// The function of one double; those that gather give their only argument back, or count it.
pub(super) fn single(function: Function) -> fn(f64) -> f64 {
    match function {
        Function::Abs => f64::abs,
        Function::Floor => f64::floor,
        Function::Ceil => f64::ceil,
        Function::Round => f64::round,
        Function::Sqrt => f64::sqrt,
        Function::Exp => f64::exp,
        Function::Log => f64::ln,
        Function::Log2 => f64::log2,
        Function::Log10 => f64::log10,
        Function::Len => |_| 1.0,
        Function::Min | Function::Max | Function::Sum | Function::Mean | Function::Median => |argument| argument,
    }
}
