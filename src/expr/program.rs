//! `Program`: an expression that knows where the value of each name is.

use super::evaluate::{Item, Scope};
use super::exact::Exact;
use super::expression::Parsed;
use super::number::Number;
use super::{Column, EvalError, Fault, Operand, OperandRef, ValueRef, sheet};
use crate::value::{Scalar, Value};
use std::sync::Arc;

/// A compiled expression; cheap to clone, and free to be shared between threads.
#[derive(Clone)]
pub struct Program {
    parsed: Arc<Parsed>,
    /// For each name of the expression, where its value is.
    slots: Vec<usize>,
}

impl Program {
    pub(super) fn new(parsed: Arc<Parsed>, slots: Vec<usize>) -> Program {
        Program { parsed, slots }
    }

    /// Returns the text of the expression.
    pub fn text(&self) -> &str {
        &self.parsed.text
    }

    /// Returns the slots that the program may read, without duplicates.
    pub fn slots(&self) -> Vec<usize> {
        let mut slots = self.slots.clone();
        slots.sort_unstable();
        slots.dedup();
        slots
    }

    /// Evaluates in exact decimals. `slots` gives the value of a slot, or `None` if it is absent.
    pub fn eval<'a>(&'a self, slots: impl Fn(usize) -> Option<ValueRef<'a>>) -> Result<Value, EvalError> {
        self.exact(slots, |scope| match scope.evaluate(&self.parsed.root)? {
            Item::List(items) => Ok(Value::List(items.iter().filter_map(exact_scalar).collect())),
            item => {
                exact_scalar(&item).map(Value::Scalar).ok_or_else(|| scope.error(&self.parsed.root, Fault::NestedList))
            }
        })
    }

    /// Evaluates in exact decimals to a truth value; anything else is an error.
    pub fn eval_bool<'a>(&'a self, slots: impl Fn(usize) -> Option<ValueRef<'a>>) -> Result<bool, EvalError> {
        self.exact(slots, |scope| scope.truth(&self.parsed.root))
    }

    fn exact<'a, T>(
        &'a self,
        slots: impl Fn(usize) -> Option<ValueRef<'a>>,
        run: impl FnOnce(&Scope<'_, 'a, Exact>) -> Result<T, Box<EvalError>>,
    ) -> Result<T, EvalError> {
        let read = |name: usize| {
            Some(match slots(self.slots[name])? {
                ValueRef::Bool(value) => Item::Bool(value),
                ValueRef::Number(number) => Item::Number(Exact::from(number)),
                ValueRef::Whole(whole) => Item::Number(Exact::Whole(whole)),
                ValueRef::Text(text) => Item::Text(text),
                ValueRef::List(items) => Item::List(items.iter().map(exact_item).collect()),
            })
        };
        run(&self.scope(&read)).map_err(|err| *err)
    }

    /// Evaluates in doubles. `slots` gives the value of a slot, or `None` if it is absent.
    pub fn eval_f64<'a>(&'a self, slots: impl Fn(usize) -> Option<OperandRef<'a>>) -> Result<Operand, EvalError> {
        self.doubles(slots, |scope| match scope.evaluate(&self.parsed.root)? {
            Item::Bool(value) => Ok(Operand::Bool(value)),
            Item::Number(number) => Ok(Operand::Number(number)),
            Item::Text(text) => Ok(Operand::Text(text.to_owned())),
            Item::List(items) => double_list(&items).map_err(|fault| scope.error(&self.parsed.root, fault)),
        })
    }

    /// Evaluates in doubles to a number; anything else is an error.
    pub fn eval_number<'a>(&'a self, slots: impl Fn(usize) -> Option<OperandRef<'a>>) -> Result<f64, EvalError> {
        match self.eval_f64(slots)? {
            Operand::Number(number) => Ok(number),
            other => Err(self.wrong_kind("a number", other.kind())),
        }
    }

    /// Evaluates in doubles to a truth value; anything else is an error.
    pub fn eval_f64_bool<'a>(&'a self, slots: impl Fn(usize) -> Option<OperandRef<'a>>) -> Result<bool, EvalError> {
        self.doubles(slots, |scope| scope.truth(&self.parsed.root))
    }

    fn wrong_kind(&self, wanted: &'static str, found: &'static str) -> EvalError {
        let root = &self.parsed.root;
        *EvalError::at(&self.parsed.text, root.start, root.end, Fault::Kind { wanted, found })
    }

    fn doubles<'a, T>(
        &'a self,
        slots: impl Fn(usize) -> Option<OperandRef<'a>>,
        run: impl FnOnce(&Scope<'_, 'a, f64>) -> Result<T, Box<EvalError>>,
    ) -> Result<T, EvalError> {
        let read = |name: usize| {
            Some(match slots(self.slots[name])? {
                OperandRef::Bool(value) => Item::Bool(value),
                OperandRef::Number(number) => Item::Number(number),
                OperandRef::Text(text) => Item::Text(text),
                OperandRef::List(items) => Item::List(items.iter().map(|&number| Item::Number(number)).collect()),
                OperandRef::Words(items) => Item::List(items.iter().map(|text| Item::Text(text)).collect()),
            })
        };
        run(&self.scope(&read)).map_err(|err| *err)
    }

    fn scope<'s, 'a, N: Number>(&'a self, read: &'s dyn Fn(usize) -> Option<Item<'a, N>>) -> Scope<'s, 'a, N> {
        Scope { text: &self.parsed.text, names: &self.parsed.names, read }
    }

    /// Evaluates in doubles for all rows at once; the column of a slot is `columns[slot]`.
    ///
    /// Gives what `eval_f64` gives row by row: an operand that `and`, `or`, `if` or a chained
    /// comparison does not need in any row cannot fail. Only rows with results of different kinds
    /// have no column.
    pub fn eval_columns(&self, columns: &[Column<'_>], rows: usize) -> Result<Column<'static>, EvalError> {
        sheet::evaluate(&self.parsed, &self.slots, columns, rows).map_err(|err| *err)
    }
}

impl std::fmt::Debug for Program {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Program").field(&self.text()).field(&self.slots).finish()
    }
}

fn exact_item(scalar: &Scalar) -> Item<'_, Exact> {
    match scalar {
        Scalar::Bool(value) => Item::Bool(*value),
        Scalar::Number(number) => Item::Number(Exact::from(*number)),
        Scalar::Text(text) => Item::Text(text),
    }
}

fn exact_scalar(item: &Item<'_, Exact>) -> Option<Scalar> {
    match item {
        Item::Bool(value) => Some(Scalar::Bool(*value)),
        Item::Number(number) => Some(Scalar::Number(number.decimal())),
        Item::Text(text) => Some(Scalar::Text((*text).to_owned())),
        Item::List(_) => None,
    }
}

fn double_list(items: &[Item<'_, f64>]) -> Result<Operand, Fault> {
    let numbers: Vec<f64> =
        items.iter().filter_map(|item| if let Item::Number(number) = item { Some(*number) } else { None }).collect();
    if numbers.len() == items.len() {
        return Ok(Operand::List(numbers));
    }
    let words: Vec<String> = items
        .iter()
        .filter_map(|item| if let Item::Text(text) = item { Some((*text).to_owned()) } else { None })
        .collect();
    if words.len() == items.len() {
        return Ok(Operand::Words(words));
    }
    Err(Fault::Kind { wanted: "a list of numbers or of texts", found: "a list of several kinds" })
}
