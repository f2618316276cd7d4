//! The models of a run in words: coefficients with intervals, errors, how far the predictions went.

use super::figure::{count, percent, thousands};
use super::inert::short;
use super::{DriftForm, ModelChange, ModelDrift, Report, ReportedModel};
use crate::record::{CoefficientRecord, FitRecord, HeldBackRecord, ModelRecord};
use crate::value::{Scalar, show_number};

/// What is said of predictions that are the same.
const UNMOVED: &str = "none";
/// Errors and changes below so many percent are rounding.
const ROUNDING: f64 = 1e-9;

/// A group of a model, as tables show it. All texts are harmless, and not escaped.
pub(super) struct FitLine<'a> {
    /// What it is called.
    pub(super) name: String,
    /// The coefficients: name, value, interval, the value that the run compared with has.
    pub(super) coefficients: Vec<CoefficientLine>,
    /// Rows, R², and the errors of rows that were fitted, left out in turn, and held back.
    pub(super) rows: String,
    pub(super) r2: String,
    pub(super) error: String,
    pub(super) left_out: String,
    pub(super) held_back: String,
    /// How far predictions went, or why that is not told.
    pub(super) drift: String,
    pub(super) warnings: Vec<&'a str>,
}

/// A coefficient.
pub(super) struct CoefficientLine {
    pub(super) name: String,
    pub(super) value: String,
    /// The ends of the interval, `1.2 to 1.4`; empty without.
    pub(super) interval: String,
    /// The value of the run compared with; empty without.
    pub(super) before: String,
}

/// Returns a sentence about the rows of a model.
pub(super) fn rows_line(model: &ModelRecord) -> String {
    let mut parts = vec![format!(
        "{} of {} of {}",
        thousands(model.used),
        count(model.rows, "row"),
        short(model.stage.as_str(), 80)
    )];
    if model.held_back > 0 {
        parts.push(format!("{} held back", thousands(model.held_back)));
    }
    parts.extend(
        model.left_out.iter().map(|left| format!("{} left out: {}", thousands(left.rows), short(&left.reason, 160))),
    );
    parts.join(", ")
}

/// Says which file the lines are of that warnings name; none where none does.
pub(super) fn lines_line(model: &ModelRecord) -> Option<String> {
    let mut warnings = model.fits.iter().flat_map(|fit| &fit.warnings);
    let names_lines = warnings.any(|warning| warning.message.contains("line "));
    let file = format!("models/{}.csv", short(&model.model, 80));
    names_lines.then(|| format!("lines are those of `{file}` in the run's folder"))
}

/// Returns what the columns of a model's table are of: the target with its unit.
pub(super) fn target_line(model: &ModelRecord) -> String {
    let unit = model.unit.as_ref().map_or_else(String::new, |unit| format!(" in {}", short(unit, 40)));
    let weighting = if model.weighting == "relative" { ", weighted by shares" } else { "" };
    format!("{}{unit}{weighting}", short(&model.target, 120))
}

/// Returns the groups of a model.
pub(super) fn fit_lines(reported: &ReportedModel) -> Vec<FitLine<'_>> {
    let drift = |index: usize| reported.drifts.get(index).and_then(Option::as_ref);
    reported.model.fits.iter().enumerate().map(|(index, fit)| fit_line(fit, drift(index))).collect()
}

/// Tells whether any group has a value in a column.
pub(super) fn any(lines: &[FitLine<'_>], column: fn(&FitLine<'_>) -> bool) -> bool {
    lines.iter().any(column)
}

/// Counts the groups that were fitted.
pub(super) fn fits(report: &Report) -> usize {
    report.models.iter().map(|reported| reported.model.fits.len()).sum()
}

/// Returns what a group is called: the operation, the attribute set, and the point where that says more.
pub(super) fn fit_name(fit: &FitRecord) -> String {
    let set = if fit.set == "base" { String::new() } else { format!(" {}", short(&fit.set, 60)) };
    let in_op = |value: &Scalar| format!("_{}_", fit.op).contains(&format!("_{value}_"));
    let beyond = fit.params.iter().filter(|(_, value)| !in_op(value));
    let beyond: Vec<String> = beyond.map(|(name, value)| format!("{name} {value}")).collect();
    let point = if beyond.is_empty() { String::new() } else { format!(" ({})", short(&beyond.join(", "), 80)) };
    format!("{}{set}{point}", short(&fit.op, 80))
}

fn fit_line<'a>(fit: &'a FitRecord, drift: Option<&ModelDrift>) -> FitLine<'a> {
    let share = |value: Option<f64>| value.map_or_else(|| "–".to_owned(), error_text);
    let before = drift.and_then(|drift| match &drift.form {
        DriftForm::Same(change) => Some(&change.before),
        DriftForm::Other | DriftForm::Untold { .. } => None,
    });
    let coefficient = |found: &CoefficientRecord| CoefficientLine {
        name: short(&found.name, 60),
        value: digits(found.value, 6),
        interval: found
            .interval
            .map(|(low, high)| format!("{} to {}", digits(low, 4), digits(high, 4)))
            .unwrap_or_default(),
        before: before
            .and_then(|before| before.iter().find(|(name, _)| *name == found.name))
            .map(|(_, before)| digits(*before, 6))
            .unwrap_or_default(),
    };
    FitLine {
        name: fit_name(fit),
        coefficients: fit.coefficients.iter().map(coefficient).collect(),
        rows: fit.rows.to_string(),
        r2: fit.r2.map_or_else(|| "–".to_owned(), |r2| format!("{r2:.5}")),
        error: share(fit.mape),
        left_out: share(fit.cv_mape),
        held_back: fit.held_back.as_ref().map(held_back).unwrap_or_default(),
        drift: drift.map(drift_words).unwrap_or_default(),
        warnings: fit.warnings.iter().map(|warning| warning.message.as_str()).collect(),
    }
}

fn held_back(held: &HeldBackRecord) -> String {
    let left =
        if held.left_out > 0 { format!(", {} without an error", thousands(held.left_out)) } else { String::new() };
    format!("{}, max {}, {}{left}", error_text(held.mape), error_text(held.max_ape), count(held.rows, "row"))
}

fn drift_words(drift: &ModelDrift) -> String {
    let ModelChange { mean, least, greatest, .. } = match &drift.form {
        DriftForm::Same(change) => change,
        DriftForm::Other => return "not told, the form was another".to_owned(),
        DriftForm::Untold { why } => return format!("not told, {}", short(why, 120)),
    };
    if [least, greatest].iter().all(|change| change.abs() * 100.0 < ROUNDING) {
        return UNMOVED.to_owned();
    }
    format!("{} ({} to {})", percent(*mean), percent(*least), percent(*greatest))
}

/// Returns the lines of all models for a terminal.
pub(super) fn terminal_lines(report: &Report, most: usize) -> (Vec<String>, usize) {
    let mut lines = Vec::new();
    let mut left = 0;
    for reported in &report.models {
        let model = &reported.model;
        if model.problem.is_some() && model.fits.is_empty() {
            continue;
        }
        lines.push(format!("  {}: {}; {}", short(&model.model, 80), target_line(model), rows_line(model)));
        let fits = fit_lines(reported);
        left += fits.len().saturating_sub(most);
        for fit in fits.iter().take(most) {
            let held = if fit.held_back.is_empty() { String::new() } else { format!(", held back {}", fit.held_back) };
            lines.push(format!(
                "    {}: {} {}, R² {}, error {}, rows left out {}{held}",
                fit.name,
                fit.rows,
                if fit.rows == "1" { "row" } else { "rows" },
                fit.r2,
                fit.error,
                fit.left_out
            ));
            for CoefficientLine { name, value, interval, before } in &fit.coefficients {
                let interval = if interval.is_empty() { String::new() } else { format!("  ({interval})") };
                let before = if before.is_empty() { String::new() } else { format!("  was {before}") };
                lines.push(format!("      {name} = {value}{interval}{before}"));
            }
            if !fit.drift.is_empty() {
                lines.push(format!("      predictions against the run compared with: {}", fit.drift));
            }
            lines.extend(fit.warnings.iter().map(|warning| format!("      ! {}", short(warning, 400))));
        }
        lines.extend(lines_line(model).map(|line| format!("    {line}")));
    }
    (lines, left)
}

/// Returns a line for each group whose predictions went since another run, or are not told, `most` at most, and how
/// many more there are.
pub(crate) fn model_drift_lines(models: &[ReportedModel], most: usize) -> (Vec<String>, usize) {
    let told = |reported: &ReportedModel| -> Vec<String> {
        let model = short(&reported.model.model, 80);
        let drifts = reported.model.fits.iter().zip(&reported.drifts);
        let line = |(fit, drift): (&FitRecord, &Option<ModelDrift>)| {
            let words = drift.as_ref().map(drift_words).filter(|words| words != UNMOVED)?;
            Some(format!("model {model}, predictions of {}: {words}", fit_name(fit)))
        };
        drifts.filter_map(line).collect()
    };
    let all: Vec<String> = models.iter().flat_map(told).collect();
    let left = all.len().saturating_sub(most);
    (all.into_iter().take(most).collect(), left)
}

/// Shows an error in percent.
fn error_text(percent: f64) -> String {
    format!("{} %", digits(if percent < ROUNDING { 0.0 } else { percent }, 3))
}

/// Shows a number with so many digits.
fn digits(value: f64, digits: usize) -> String {
    show_number(format!("{value:.0$e}", digits - 1).parse().unwrap_or(value))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_rounding_is_none() {
        assert_eq!(
            ["0 %", "6.42 %", "12.3 %"],
            [5.82e-15, 6.4213, 12.345].map(error_text).each_ref().map(String::as_str)
        );
        let drift = |least: f64, greatest: f64| {
            let base = crate::value::RunId::new("earlier");
            let change = ModelChange { rows: 7, mean: greatest, least, greatest, before: Vec::new() };
            drift_words(&ModelDrift { base, form: DriftForm::Same(change) })
        };
        assert_eq!(drift(-2e-16, 4e-16), "none");
        assert_eq!(drift(0.0, 0.02), "+2% (0% to +2%)");
    }
}
