//! What looks wrong with a fit: with its data, its form, its coefficients.

use super::drift::{Drift, DriftVerdict};
use super::fitted::{Coefficient, FittedModel, Quality};
use super::influence::Influence;
use super::mixed::Mixed;
use super::solve::{Solution, State, Triangle};
use crate::stats::t_quantile;
use crate::value::show_number;
use serde::Serialize;
use std::collections::BTreeSet;

/// Something that looks wrong.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Finding {
    /// What kind of thing.
    pub kind: FindingKind,
    /// What, in one sentence.
    pub message: String,
}

/// Kinds of findings.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum FindingKind {
    /// There are too few rows.
    FewRows,
    /// A coefficient is 0.
    ZeroCoefficient,
    /// A feature has the same value in all rows.
    ConstantFeature,
    /// Features go together, so that their coefficients trade off.
    Collinear,
    /// A coefficient could be almost anything.
    Undetermined,
    /// The form does not fit, whatever the share of variance explained.
    BadForm,
    /// Rows that were left out are predicted far worse.
    Overfit,
    /// A few rows alone move the fit.
    InfluentialRow,
    /// The target is negative, and no sum of the terms is.
    NegativeTarget,
    /// The target is 0 in some rows, so that no share of it can be said of their errors.
    ZeroTarget,
    /// Rows of several kinds are fitted together.
    MixedRows,
    /// Two operations have the same parameters.
    IdenticalParameters,
    /// Parameters of a file are far from the data, or of another form.
    StaleParameters,
    /// A file has no parameters to hold the fit against.
    NoEarlierParameters,
}

/// Mean errors above this say that the form is wrong, if most of the variance is explained all the same.
const BAD_ERROR: f64 = 0.2;
/// Mean errors above this are those of no form, whatever the variance.
const FAR_OFF: f64 = 1.0;
/// Shares of variance above this look good.
const GOOD_R2: f64 = 0.9;
/// Parts of the predictions below this share of the target are rounding.
const ROUNDING: f64 = 1e-9;
/// How often a true form is so far from targets that vary by chance only.
const CHANCE: f64 = 1e-3;
/// Forms that explain less than this share of the variance are farther off than the mean of the targets: their squared
/// errors are twice as large ...
const WORSE_THAN_MEAN: f64 = -1.0;
/// ... if that share, times the rows but one, is above this, too, which it is by chance in less than one of 1,000 tables
/// of ten rows or more.
const LEAST_SUM: f64 = 23.0;
/// With less freedom than this the limit is that of Student's t.
const FEW: f64 = 9.0;
/// Scaled condition numbers above this make coefficients trade off (Belsley, Kuh and Welsch 1980).
const COLLINEAR: f64 = 30.0;

impl Finding {
    pub(super) fn new(kind: FindingKind, message: String) -> Finding {
        Finding { kind, message }
    }
}

/// Looks at the coefficients; `meant` says which features are meant to be the same in all rows.
pub(super) fn of_coefficients(
    coefficients: &[Coefficient],
    free: &[bool],
    triangle: &Triangle,
    solution: &Solution,
    meant: &[bool],
) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (index, coefficient) in coefficients.iter().enumerate() {
        let Coefficient { name, value, interval, range } = coefficient;
        if *value == 0.0 {
            let why = why_zero(index, range, free, triangle, solution);
            findings.push(Finding::new(FindingKind::ZeroCoefficient, format!("`{name}` is 0: {why}")));
        } else if range.0 == range.1 && coefficients.len() > 1 && !meant[index] {
            let shown = show_number(range.0);
            let message = format!(
                "feature `{name}` is {shown} in all rows: its coefficient is only the constant part of the target"
            );
            findings.push(Finding::new(FindingKind::ConstantFeature, message));
        }
        if let Some((low, high)) = interval.filter(|(low, high)| *value != 0.0 && high - low > value.abs()) {
            let (value, low, high) = (show_number(*value), show_number(low), show_number(high));
            let message = format!("`{name}` is hardly determined: {value}, at 95 % from {low} to {high}");
            findings.push(Finding::new(FindingKind::Undetermined, message));
        }
    }
    findings
}

/// Looks at the condition number; `sets` has the features that depend on each other.
pub(super) fn of_condition(coefficients: &[Coefficient], condition: f64, sets: &[Vec<usize>]) -> Option<Finding> {
    if condition <= COLLINEAR {
        return None;
    }
    let names = |set: &Vec<usize>| -> String {
        let names: Vec<String> = set.iter().map(|index| format!("`{}`", coefficients[*index].name)).collect();
        names.join(", ")
    };
    let sets: Vec<String> = sets.iter().filter(|set| set.len() > 1).map(names).collect();
    let message = if sets.is_empty() {
        let why = if condition.is_finite() {
            format!("condition number {} with features at equal length", show_number(condition.round()))
        } else {
            "one depends on others".to_owned()
        };
        format!("features go together ({why}): their coefficients trade off")
    } else {
        let sets = sets.join("; ");
        format!("features depend on each other: {sets}; the rows do not tell how these share what they explain")
    };
    Some(Finding::new(FindingKind::Collinear, message))
}

/// Says that a few rows alone move a fit.
pub(super) fn of_influence(names: &[String], found: &Option<Influence>) -> Option<Finding> {
    let Influence { rows, coefficient, with, without, error, error_without } = found.as_ref()?;
    let name = &names[*coefficient];
    let (with, without) = (show_number(round(*with)), show_number(round(*without)));
    let percent = |share: &f64| show_number(round(share * 100.0));
    let lines: Vec<u64> = rows.iter().map(|row| row.line).collect();
    let (moved, one) = match lines.as_slice() {
        [line] => (format!("line {line} alone moves `{name}` from {without} to {with}; without it"), "the row"),
        lines => {
            let shown: Vec<String> = lines.iter().map(u64::to_string).collect();
            let shown = shown.join(", ");
            (format!("lines {shown} alone move `{name}` from {without} to {with}; without them"), "these rows")
        }
    };
    let message = format!(
        "{moved} the others are off by {} % in the mean, not by {} %: mend or drop {one}, or fit with `--robust`",
        percent(error_without),
        percent(error)
    );
    Some(Finding::new(FindingKind::InfluentialRow, message))
}

fn why_zero(index: usize, range: &(f64, f64), free: &[bool], triangle: &Triangle, solution: &Solution) -> String {
    if *range == (0.0, 0.0) {
        return "the feature is 0 in all rows".to_owned();
    }
    let others: Vec<usize> =
        (0..free.len()).filter(|other| solution.states[*other] == State::Fitted && *other != index).collect();
    if solution.states[index] == State::Dependent || triangle.depends(index, &others) {
        return "the feature depends on the others, which explain all that it could".to_owned();
    }
    let unbound = triangle.coefficient_beside(index, &others);
    if unbound * triangle.length(index) > -ROUNDING * triangle.target_squares().sqrt() {
        return "it would make no difference: the others explain all that it could".to_owned();
    }
    format!("the rows would have it at {}, and it may not be negative", show_number(round(unbound)))
}

/// Rounds to four digits, for people.
fn round(value: f64) -> f64 {
    format!("{value:.3e}").parse().unwrap_or(value)
}

/// Says that targets are negative where no prediction can be.
pub(super) fn of_negative(model: &FittedModel, free: &[bool]) -> Option<Finding> {
    const SHOWN: usize = 5;
    let coefficients = model.coefficients.as_deref().unwrap_or_default();
    if free.contains(&true) || coefficients.iter().any(|coefficient| coefficient.range.0 < 0.0) {
        return None;
    }
    let far = model.outliers.iter().map(|outlier| (outlier.target, outlier.line));
    let drawn = model.sample.iter().map(|row| (row.target, row.line));
    let lines: BTreeSet<u64> = far.chain(drawn).filter(|(target, _)| *target < 0.0).map(|(_, line)| line).collect();
    let shown: Vec<String> = lines.iter().take(SHOWN).map(u64::to_string).collect();
    let place = match lines.len() {
        0 => return None,
        1 => format!("line {}", shown[0]),
        2..=SHOWN => format!("lines {}", shown.join(", ")),
        _ => format!("lines {} and others", shown.join(", ")),
    };
    let message = format!("the target is negative in {place}, which no sum of these terms can be");
    Some(Finding::new(FindingKind::NegativeTarget, message))
}

/// Looks at the quality of a fit.
pub(super) fn of_quality(quality: &Quality, rows: u64, features: usize) -> Vec<Finding> {
    let mut findings = Vec::new();
    let Quality { r2, rmse, mean_error, left_out_error, max_error, zero_targets, .. } = *quality;
    if rows < 3 * features as u64 {
        let noun = if features == 1 { "coefficient" } else { "coefficients" };
        let message = format!("{rows} rows for {features} {noun}: each rests on less than three");
        findings.push(Finding::new(FindingKind::FewRows, message));
    }
    let percent = |share: f64| format!("{:.1} %", share * 100.0);
    if let (Some(r2), Some(mean), Some(most)) = (r2, mean_error, max_error)
        && r2 > GOOD_R2
        && mean > BAD_ERROR
    {
        let message = format!(
            "the form does not fit in spite of an R² of {r2:.3}: predictions are off by {} in the mean and up to {}, most of all for small targets",
            percent(mean),
            percent(most)
        );
        findings.push(Finding::new(FindingKind::BadForm, message));
    }
    if let (Some(r2), Some(mean), Some(most)) = (r2, mean_error, max_error)
        && r2 <= GOOD_R2
        && mean > FAR_OFF
        && rows >= 3 * features as u64
    {
        let message = format!(
            "the form does not fit: predictions are off by {} in the mean and up to {}",
            percent(mean),
            percent(most)
        );
        findings.push(Finding::new(FindingKind::BadForm, message));
    } else if let Some(r2) = r2
        && r2 < WORSE_THAN_MEAN
        && is_no_chance(-r2, rows.saturating_sub(1) as f64)
    {
        let message =
            format!("the form does not fit: the mean of all targets would be nearer to them, by an R² of {r2:.3}");
        findings.push(Finding::new(FindingKind::BadForm, message));
    }
    if let (None, Some(mean)) = (r2, mean_error)
        && mean > BAD_ERROR
        && rows >= 3 * features as u64
    {
        let message = format!(
            "the form does not fit: the target is the same in all rows, and predictions are off by {}",
            percent(mean)
        );
        findings.push(Finding::new(FindingKind::BadForm, message));
    }
    if zero_targets > 0 {
        let rows = if zero_targets == 1 { "one row".to_owned() } else { format!("{zero_targets} rows") };
        let message = format!(
            "the target is 0 in {rows}: errors in percent leave them out; the root of the mean squared error, {}, does not",
            show_number(round(rmse))
        );
        findings.push(Finding::new(FindingKind::ZeroTarget, message));
    }
    if let (Some(mean), Some(left_out)) = (mean_error, left_out_error)
        && left_out > 1.5 * mean
        && left_out - mean > 0.02
    {
        let message =
            format!("rows that were left out are off by {}, those fitted by {}", percent(left_out), percent(mean));
        findings.push(Finding::new(FindingKind::Overfit, message));
    }
    findings
}

/// Tells whether chance does not make the squared errors of a true form larger than those around the mean by a share:
/// times the freedom that is the square of Student's t at most.
fn is_no_chance(share: f64, freedom: f64) -> bool {
    let least = if freedom < FEW { t_quantile(1.0 - CHANCE / 2.0, freedom.max(1.0)).powi(2) } else { LEAST_SUM };
    freedom > 0.0 && share * freedom > least
}

/// Says that rows of several operations are fitted together.
pub(super) fn of_ops(ops: &[(String, u64)], column: &str) -> Option<Finding> {
    let named: Vec<String> = ops.iter().map(|(op, rows)| format!("{rows} of `{op}`")).collect();
    (ops.len() > 1).then(|| {
        let message = format!("`{column}` mixes rows of {} operations: {}; fit them apart", ops.len(), list(&named));
        Finding::new(FindingKind::MixedRows, message)
    })
}

/// Says that rows of several kinds are fitted together; `drawn` are the rows that it is told from, if not all.
pub(super) fn of_mixed(mixed: &Mixed, error: f64, drawn: Option<u64>) -> Finding {
    let columns: Vec<String> = mixed.columns.iter().map(|column| format!("`{column}`")).collect();
    let values: Vec<String> = mixed.values.iter().map(|(value, rows)| format!("{rows} of `{value}`")).collect();
    let drawn = drawn.map(|rows| format!("; told from a sample of {rows} rows")).unwrap_or_default();
    let message = format!(
        "{} mixes rows that differ: {}; fitted apart they are off by {:.2} % in the mean, together by {:.2} %{drawn}",
        columns.join(" or "),
        list(&values),
        mixed.error * 100.0,
        error * 100.0
    );
    Finding::new(FindingKind::MixedRows, message)
}

/// Joins a few texts, and counts the rest.
fn list(items: &[String]) -> String {
    const SHOWN: usize = 6;
    let more = items.len().saturating_sub(SHOWN);
    let shown = items[..items.len() - more].join(", ");
    if more > 0 { format!("{shown} and {more} more") } else { shown }
}

/// Finds models of different operations with the same coefficients; `names` says what each is.
pub fn identical(models: &mut [FittedModel], names: &[String]) {
    // Those that may be alike stand side by side, however many models there are.
    let mut all: Vec<(usize, Vec<f64>)> = Vec::new();
    for (place, model) in models.iter().enumerate() {
        let values: Vec<f64> = model.coefficients.iter().flatten().map(|coefficient| coefficient.value).collect();
        if values.iter().filter(|value| **value != 0.0).count() >= 2 {
            all.push((place, values));
        }
    }
    let size = |values: &[f64]| values.iter().map(|value| value.abs()).sum::<f64>();
    all.sort_by(|(_, one), (_, other)| size(one).total_cmp(&size(other)));
    let close = |one: f64, other: f64| (one - other).abs() <= 1e-9 * one.abs();
    let mut copies: Vec<(usize, usize)> = Vec::new();
    for (index, (place, values)) in all.iter().enumerate() {
        let near = |(_, other): &&(usize, Vec<f64>)| close(size(values), size(other));
        let before = all[..index].iter().rev().take_while(near);
        let after = all[index + 1..].iter().take_while(near);
        let alike = before.chain(after).filter(|(other, found)| {
            names[*place] != names[*other]
                && values.len() == found.len()
                && values.iter().zip(found).all(|(a, b)| close(*a, *b))
        });
        copies.extend(alike.map(|(other, _)| *other).min().map(|other| (*place, other)));
    }
    copies.sort_unstable();
    for (one, other) in copies {
        let message = format!("`{}` and `{}` have the same parameters: is one a copy?", names[one], names[other]);
        models[one].findings.push(Finding::new(FindingKind::IdenticalParameters, message));
    }
}

/// Says that earlier parameters are far from the data, or of another form; `file` names theirs.
pub fn of_drift(drift: &Drift, file: &str) -> Option<Finding> {
    let percent = |share: f64| format!("{:.1} %", share * 100.0);
    let message = match (drift.verdict, &drift.predictions) {
        (DriftVerdict::Drifted, Some(change)) => format!(
            "the parameters of `{file}` are far from the data: off by {} in the mean, those fitted by {}; predictions change by up to {} in 95 of 100 rows",
            percent(change.old_error),
            percent(change.new_error),
            percent(change.p95_change)
        ),
        (DriftVerdict::Drifted, None) => format!(
            "the parameters of `{file}` are far from the data: they predict 0 or less in the mean, and are off by 100 % or more"
        ),
        (DriftVerdict::OtherForm, _) => {
            format!("the parameters of `{file}` were fitted by another form: what changed cannot be told from them")
        }
        (DriftVerdict::Unchanged | DriftVerdict::Uncertain, _) => return None,
    };
    Some(Finding::new(FindingKind::StaleParameters, message))
}

/// Says that a file has no parameters of a set, or none of the operation at all.
pub fn of_absent(file: &str, op: &str, set: &str, has_op: bool) -> Finding {
    let what = if has_op { format!("no set `{set}` of `{op}`") } else { format!("no operation `{op}`") };
    let message = format!("`{file}` has {what}: there is nothing to hold the fit against");
    Finding::new(FindingKind::NoEarlierParameters, message)
}
