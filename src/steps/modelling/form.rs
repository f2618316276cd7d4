//! A model of a suite -> the form that is fitted to its table.

use crate::suite::{Feature, Form, Model, Placed, Suite};

/// Returns the form. The table has parameters, named values and metrics as columns, and only rows for which
/// `where` holds; what `let` says is in it.
pub(super) fn form(suite: &Suite, model: &Model) -> Form {
    let placed = |expr: &crate::expr::Expr| Placed { expr: expr.clone(), span: Some(model.span) };
    let params = suite.schema.params();
    Form {
        name: model.name.clone(),
        columns: Vec::new(),
        lets: Vec::new(),
        filters: Vec::new(),
        by: model.by.iter().map(|&param| params[param].name.clone()).collect(),
        sets: model.sets.iter().map(|(name, expr)| (name.clone(), placed(expr))).collect(),
        target: placed(&model.target),
        features: model
            .features
            .iter()
            .map(|(name, expr)| Feature { name: name.clone(), value: placed(expr), free: model.free.contains(name) })
            .collect(),
        intercept: model.intercept,
        weighting: model.weighting,
        robust: model.robust,
        op: None,
        sources: suite.sources.clone(),
    }
}
