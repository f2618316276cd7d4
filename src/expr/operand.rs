//! What names stand for while an expression is evaluated.

use crate::value::{Decimal, Scalar, Value};

/// What a name stands for in exact evaluation; borrows texts and lists.
///
/// Whoever evaluates over many cases makes one for each value once, and copies it.
#[derive(Debug, Clone, Copy)]
pub enum ValueRef<'a> {
    /// A truth value.
    Bool(bool),
    /// A number.
    Number(Decimal),
    /// A whole number, which is quicker to calculate with.
    Whole(i64),
    /// A text.
    Text(&'a str),
    /// A list.
    List(&'a [Scalar]),
}

impl<'a> From<&'a Scalar> for ValueRef<'a> {
    fn from(scalar: &'a Scalar) -> ValueRef<'a> {
        match scalar {
            Scalar::Bool(value) => ValueRef::Bool(*value),
            Scalar::Number(value) => value.to_i64().map_or(ValueRef::Number(*value), ValueRef::Whole),
            Scalar::Text(value) => ValueRef::Text(value),
        }
    }
}

impl<'a> From<&'a Value> for ValueRef<'a> {
    fn from(value: &'a Value) -> ValueRef<'a> {
        match value {
            Value::Scalar(scalar) => scalar.into(),
            Value::List(items) => ValueRef::List(items),
        }
    }
}

/// A value where numbers are doubles: what evidence and metrics hold, and what `eval_f64` gives.
#[derive(Debug, Clone, PartialEq)]
pub enum Operand {
    /// A number; not finite where the calculation had no result.
    Number(f64),
    /// Several numbers, such as the samples of a benchmark.
    List(Vec<f64>),
    /// Several texts.
    Words(Vec<String>),
    /// A truth value.
    Bool(bool),
    /// A text.
    Text(String),
}

impl Operand {
    /// Borrows the value, to stand for a name.
    pub fn borrowed(&self) -> OperandRef<'_> {
        match self {
            Operand::Number(number) => OperandRef::Number(*number),
            Operand::List(items) => OperandRef::List(items),
            Operand::Words(items) => OperandRef::Words(items),
            Operand::Bool(value) => OperandRef::Bool(*value),
            Operand::Text(text) => OperandRef::Text(text),
        }
    }

    /// Names the kind of the value in messages.
    pub fn kind(&self) -> &'static str {
        match self {
            Operand::Number(_) => "a number",
            Operand::List(_) | Operand::Words(_) => "a list",
            Operand::Bool(_) => "a truth value",
            Operand::Text(_) => "a text",
        }
    }
}

impl From<&Scalar> for Operand {
    fn from(scalar: &Scalar) -> Operand {
        match scalar {
            Scalar::Bool(value) => Operand::Bool(*value),
            Scalar::Number(value) => Operand::Number(value.to_f64()),
            Scalar::Text(value) => Operand::Text(value.clone()),
        }
    }
}

/// What a name stands for in evaluation with doubles.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum OperandRef<'a> {
    /// A number.
    Number(f64),
    /// Several numbers.
    List(&'a [f64]),
    /// Several texts.
    Words(&'a [String]),
    /// A truth value.
    Bool(bool),
    /// A text.
    Text(&'a str),
}

impl<'a> From<&'a Scalar> for OperandRef<'a> {
    fn from(scalar: &'a Scalar) -> OperandRef<'a> {
        match scalar {
            Scalar::Bool(value) => OperandRef::Bool(*value),
            Scalar::Number(value) => OperandRef::Number(value.to_f64()),
            Scalar::Text(value) => OperandRef::Text(value),
        }
    }
}
