//! Conditions of rules (`where` of tolerances and known failures) at a point.

use crate::expr::{EvalError, Expr, ValueRef};
use crate::value::Value;

/// A condition with the names it uses; `None` holds everywhere.
pub(super) struct Condition<'a> {
    expr: Option<&'a Expr>,
}

impl<'a> Condition<'a> {
    pub(super) fn new(expr: Option<&'a Expr>) -> Condition<'a> {
        Condition { expr }
    }

    /// Tells whether it holds, in exact numbers.
    ///
    /// # Errors
    /// When a name has no value, or the condition makes no sense for the values.
    pub(super) fn holds(&self, names: &dyn Fn(&str) -> Option<Value>) -> Result<bool, EvalError> {
        let Some(expr) = self.expr else { return Ok(true) };
        let mut known: Vec<String> = Vec::new();
        let mut resolve = |name: &str| {
            let place = known.iter().position(|known| known == name);
            Some(place.unwrap_or_else(|| {
                known.push(name.to_owned());
                known.len() - 1
            }))
        };
        let program = expr.compile_with(&mut resolve, &[]).expect("every name gets a slot");
        let values: Vec<Option<Value>> = known.iter().map(|name| names(name)).collect();
        program.eval_bool(|slot| values[slot].as_ref().map(ValueRef::from))
    }
}
