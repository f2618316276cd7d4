//! Fits of small tables.

mod faults;
mod forms;
mod gate;
mod large;
mod warnings;

use super::{Fit, FitError, Options, Table, fit};
use crate::config::load_model;

/// Reads a model whose name does not matter.
fn model(text: &str) -> crate::suite::Form {
    load_model("m.yaml", &format!("version: 1\nmodel: m\n{text}")).unwrap()
}

/// Fits a model to a table.
fn fit_text(form: &str, table: &str) -> Result<Fit, FitError> {
    let table = table.as_bytes();
    fit(&model(form), &table as &dyn Table, &Options::default())
}

/// Shows the coefficients of all groups.
fn shown(fit: &Fit) -> String {
    let model = |model: &super::FittedModel| {
        let coefficients = model.coefficients.iter().flatten();
        let coefficients: Vec<String> = coefficients
            .map(|coefficient| format!("{} {}", coefficient.name, (coefficient.value * 1e9).round() / 1e9))
            .collect();
        let name: Vec<&str> =
            model.by.iter().chain([&model.set]).map(String::as_str).filter(|n| !n.is_empty()).collect();
        let name = if name.is_empty() { String::new() } else { format!("{}: ", name.join("/")) };
        if coefficients.is_empty() {
            return format!("{name}{}", model.findings[0].message);
        }
        format!("{name}{}", coefficients.join(", "))
    };
    fit.models.iter().map(model).collect::<Vec<_>>().join("; ")
}

#[track_caller]
fn check(form: &str, table: &str, expected: &str) {
    let found = match fit_text(form, table) {
        Ok(fit) => shown(&fit),
        Err(FitError::Model(problem)) => match &problem.hint {
            Some(hint) => format!("error: {problem} ({hint})"),
            None => format!("error: {problem}"),
        },
        Err(error) => format!("error: {error}{}", error.hint().map(|hint| format!(" ({hint})")).unwrap_or_default()),
    };
    assert_eq!(found, expected, "{form}");
}
