//! What a model predicts for rows, and which rows belong together.

use super::rows::{ModelRow, ModelRows};
use crate::expr::{Expr, Operand, Program};
use crate::suite::Model;
use std::collections::HashMap;

/// The expressions of a model over the columns of its rows.
pub(super) struct Predictor {
    sets: Vec<(String, Program)>,
    features: Vec<Program>,
    target: Option<Program>,
    intercept: bool,
}

impl Predictor {
    pub(super) fn new(model: &Model, names: &[String]) -> Predictor {
        // The loader has checked the names; an expression that does not compile predicts nothing.
        let program = |expr: &Expr| expr.compile(names).ok();
        Predictor {
            sets: model.sets.iter().filter_map(|(name, expr)| Some((name.clone(), program(expr)?))).collect(),
            features: model.features.iter().filter_map(|(_, expr)| program(expr)).collect(),
            target: program(&model.target),
            intercept: model.intercept,
        }
    }

    /// Returns what was measured, if it is a finite number.
    pub(super) fn target(&self, row: &ModelRow) -> Option<f64> {
        number(self.target.as_ref()?, row)
    }

    /// Returns what coefficients predict; they are in the order of the features, the constant part last.
    pub(super) fn prediction(&self, row: &ModelRow, coefficients: &[f64]) -> Option<f64> {
        if coefficients.len() != self.features.len() + usize::from(self.intercept) {
            return None;
        }
        let mut sum = if self.intercept { *coefficients.last()? } else { 0.0 };
        for (program, coefficient) in self.features.iter().zip(coefficients) {
            sum += coefficient * number(program, row)?;
        }
        Some(sum).filter(|sum| sum.is_finite())
    }

    /// Returns the features of a row, if all are finite numbers.
    pub(super) fn features(&self, row: &ModelRow) -> Option<Vec<f64>> {
        self.features.iter().map(|program| number(program, row)).collect()
    }

    /// Returns the attribute set of a row: the last that holds; empty if the model has none.
    fn set_of(&self, row: &ModelRow) -> Option<String> {
        if self.sets.is_empty() {
            return Some(String::new());
        }
        let holds = |program: &Program| program.eval_f64_bool(|slot: usize| cell(row, slot)).unwrap_or(false);
        self.sets.iter().rev().find(|(_, program)| holds(program)).map(|(name, _)| name.clone())
    }
}

fn cell(row: &ModelRow, slot: usize) -> Option<crate::expr::OperandRef<'_>> {
    row.cells[slot].as_ref().map(Operand::borrowed)
}

fn number(program: &Program, row: &ModelRow) -> Option<f64> {
    program.eval_number(|slot: usize| cell(row, slot)).ok().filter(|number| number.is_finite())
}

/// Returns the rows of each group, by the values of `by` and the attribute set; rows that were kept out of the
/// fit are in it.
pub(super) fn groups(
    model: &Model,
    rows: &ModelRows,
    predictor: &Predictor,
) -> HashMap<(Vec<String>, String), Vec<usize>> {
    let mut groups: HashMap<(Vec<String>, String), Vec<usize>> = HashMap::new();
    for (index, row) in rows.rows.iter().enumerate() {
        if let Some(set) = predictor.set_of(row) {
            groups.entry((rows.by_of(model, row), set)).or_default().push(index);
        }
    }
    groups
}
