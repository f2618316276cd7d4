//! What the models of a suite came to in a run: coefficients with intervals, errors, findings.
//!
//! Coefficients are metrics, too: under the stage `model NAME`, at the point of `by`, so that the history
//! has them run by run. No stage of a suite has a blank in its name.

use super::MetricRow;
use crate::ledger::MeasuredValue;
use crate::value::{Digest, MetricName, PointName, Scalar, StageName};
use serde::{Deserialize, Serialize};

/// What the stage of every model's metrics starts with.
const PREFIX: &str = "model ";

/// A model of the suite, fitted over the rows of a run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ModelRecord {
    /// Its name.
    pub model: String,
    /// The stage whose points are the rows.
    pub stage: StageName,
    /// The target's expression.
    pub target: String,
    /// The target's unit, where the target is a metric with one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unit: Option<String>,
    /// Names and expressions of the features.
    pub features: Vec<(String, String)>,
    /// Digest of the form with the named values that it reads; none in records that were written before it was kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub form: Option<Digest>,
    /// `absolute` or `relative`.
    pub weighting: String,
    /// Rows that there are.
    pub rows: u64,
    /// Rows that took part in the fit.
    pub used: u64,
    /// Rows that were kept out of the fit, to be predicted.
    #[serde(default)]
    pub held_back: u64,
    /// Rows that could not take part, by reason.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub left_out: Vec<LeftOutRows>,
    /// Attribute sets that no row is in, although all cases ran.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub empty_sets: Vec<String>,
    /// Groups of which no row could be used, in the order of their first rows; `fits` does not have them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub empty_groups: Vec<EmptyGroupRecord>,
    /// Attribute sets that have rows of which none could be used, in the order of the model.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unusable_sets: Vec<UnusableSetRecord>,
    /// One for each group of rows, in the order of their first rows.
    #[serde(default)]
    pub fits: Vec<FitRecord>,
    /// The parameter files that were written, relative to the folder of the run.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub files: Vec<String>,
    /// Why there is no fit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub problem: Option<String>,
}

impl ModelRecord {
    /// Tells whether another record of the model is of another form, whose coefficients mean something else.
    pub fn has_other_form(&self, other: &ModelRecord) -> bool {
        let digests = self.form.zip(other.form);
        let texts = self.target != other.target || self.features != other.features;
        texts || digests.is_some_and(|(own, other)| own != other)
    }

    /// Returns what to know of a model that is not, or not wholly, what was asked for.
    pub fn warning(&self) -> Option<String> {
        let what = if self.fits.is_empty() { "is not fitted" } else { "has no parameter file" };
        self.problem.as_ref().map(|problem| format!("the model `{}` {what}: {problem}", self.model))
    }

    /// Returns the groups and attribute sets that are missing among the fits, and of how many rows each is.
    pub fn unusable_warnings(&self) -> impl Iterator<Item = String> {
        let said = |what: String, rows: u64, held_back: u64| {
            let noun = if rows == 1 { "row" } else { "rows" };
            let held = if held_back > 0 { format!(", {held_back} of them held back") } else { String::new() };
            format!("the model `{}`: no row of {what} can be used: {rows} {noun}{held}", self.model)
        };
        let groups = self.empty_groups.iter().map(move |EmptyGroupRecord { point: _, params, rows, held_back }| {
            let values: Vec<String> = params.iter().map(|(name, value)| format!("{name} {value}")).collect();
            said(format!("`{}`", values.join(", ")), *rows, *held_back)
        });
        let sets = self.unusable_sets.iter();
        groups.chain(
            sets.map(move |UnusableSetRecord { set, rows, held_back }| {
                said(format!("the set `{set}`"), *rows, *held_back)
            }),
        )
    }
}

/// An attribute set of which no row could be used.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct UnusableSetRecord {
    /// The set.
    pub set: String,
    /// How many rows there are.
    pub rows: u64,
    /// How many of them are kept out of fits.
    pub held_back: u64,
}

/// A group of which no row could be used.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EmptyGroupRecord {
    /// The point of `by`.
    pub point: PointName,
    /// Its values, in name order.
    pub params: Vec<(String, Scalar)>,
    /// How many rows there are.
    pub rows: u64,
    /// How many of them are kept out of fits.
    pub held_back: u64,
}

/// Rows that were left out for one reason.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LeftOutRows {
    /// The reason.
    pub reason: String,
    /// How many.
    pub rows: u64,
}

/// The coefficients of one group of rows. Errors are in percent of the target.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FitRecord {
    /// The operation, as parameter files name it.
    pub op: String,
    /// The attribute set, as parameter files name it.
    pub set: String,
    /// The point of `by`.
    pub point: PointName,
    /// Its values, in name order.
    pub params: Vec<(String, Scalar)>,
    /// Rows that took part.
    pub rows: u64,
    /// The coefficients, in the order of the features; empty where the rows do not suffice.
    #[serde(default)]
    pub coefficients: Vec<CoefficientRecord>,
    /// The share of the target's variance that is explained.
    #[serde(default)]
    pub r2: Option<f64>,
    /// The mean error.
    #[serde(default)]
    pub mape: Option<f64>,
    /// The error that 95 of 100 rows stay below.
    #[serde(default)]
    pub p95_ape: Option<f64>,
    /// The largest error.
    #[serde(default)]
    pub max_ape: Option<f64>,
    /// The mean error of rows that were left out of the fit, a fifth at a time.
    #[serde(default)]
    pub cv_mape: Option<f64>,
    /// How the rows that were kept out of the fit are predicted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub held_back: Option<HeldBackRecord>,
    /// What looks wrong.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub warnings: Vec<FitWarning>,
}

/// A coefficient.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CoefficientRecord {
    /// The feature's name.
    pub name: String,
    /// The value.
    pub value: f64,
    /// Where the true value is, at 95 %.
    #[serde(default)]
    pub interval: Option<(f64, f64)>,
    /// The least and the greatest value of the feature.
    pub range: (f64, f64),
}

/// Rows that were kept out of the fit, against what it predicts. Errors are in percent of the target.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct HeldBackRecord {
    /// How many.
    pub rows: u64,
    /// The mean error.
    pub mape: f64,
    /// The largest error.
    pub max_ape: f64,
    /// The point with the largest error.
    pub worst: PointName,
    /// How many more have no error: without a value, or with a target of 0.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub left_out: u64,
}

fn is_zero(number: &u64) -> bool {
    *number == 0
}

/// Something that looks wrong with a fit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FitWarning {
    /// What kind of thing, a word with `_`.
    pub kind: String,
    /// What, in one sentence.
    pub message: String,
}

/// The coefficients that a run has of one group: name and value.
pub type Parameters<'a> = Vec<(&'a str, f64)>;

/// Returns the stage that the metrics of a model have.
pub fn model_stage(model: &str) -> StageName {
    StageName::new(format!("{PREFIX}{model}"))
}

/// Tells whether a stage is that of a model's metrics.
pub fn is_of_model(stage: &StageName) -> bool {
    stage.as_str().starts_with(PREFIX)
}

/// Returns the model whose metrics have a stage of this name.
pub fn model_of(stage: &str) -> Option<&str> {
    stage.strip_prefix(PREFIX)
}

/// Returns the coefficients as metrics. The samples are the value and the ends of its interval.
pub fn model_metrics(models: &[ModelRecord]) -> Vec<MetricRow> {
    let mut rows = Vec::new();
    for model in models {
        for fit in &model.fits {
            rows.extend(fit.coefficients.iter().map(|coefficient| {
                MetricRow {
                    stage: model_stage(&model.model),
                    point: fit.point.clone(),
                    metric: coefficient_metric(&fit.set, &coefficient.name),
                    params: fit.params.clone(),
                    value: MeasuredValue::Number(coefficient.value),
                    samples: std::iter::once(coefficient.value)
                        .chain(coefficient.interval.into_iter().flat_map(|(low, high)| [low, high]))
                        .collect(),
                    unit: None,
                    origin: None,
                }
            }));
        }
    }
    rows
}

/// Returns the name that a coefficient of a set has as a metric.
fn coefficient_metric(set: &str, name: &str) -> MetricName {
    MetricName::new(format!("{set}/{name}"))
}

impl FitRecord {
    /// Returns what another run's metrics hold of the coefficients of this group, which has this point there; none
    /// unless all are there.
    pub fn found_in<'a>(&'a self, model: &str, point: &PointName, metrics: &[MetricRow]) -> Option<Parameters<'a>> {
        let stage = model_stage(model);
        let value = |name: &'a str| {
            let metric = coefficient_metric(&self.set, name);
            let own = |row: &&MetricRow| row.stage == stage && row.point == *point && row.metric == metric;
            match metrics.iter().find(own).map(|row| &row.value) {
                Some(MeasuredValue::Number(value)) => Some((name, *value)),
                Some(MeasuredValue::Text(_)) | None => None,
            }
        };
        self.coefficients.iter().map(|coefficient| value(&coefficient.name)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms_differ_by_their_texts_or_digests() {
        let record = |target: &str, form: Option<&str>| -> ModelRecord {
            let fixed = r#"{ "model": "cost", "stage": "measure", "weighting": "absolute", "rows": 3, "used": 3 }"#;
            let mut fields: serde_json::Map<String, serde_json::Value> =
                serde_json::from_str(fixed).expect("it is JSON");
            fields.insert("target".into(), target.into());
            fields.insert("features".into(), serde_json::json!([["items", "n"]]));
            if let Some(form) = form {
                fields.insert("form".into(), Digest::of(form.as_bytes()).to_string().into());
            }
            serde_json::from_value(fields.into()).expect("it is a record")
        };
        let check = |one: (&str, Option<&str>), other: (&str, Option<&str>), expected: bool| {
            let (one, other) = (record(one.0, one.1), record(other.0, other.1));
            assert_eq!([one.has_other_form(&other), other.has_other_form(&one)], [expected; 2]);
        };
        check(("cycles", Some("a")), ("cycles", Some("a")), false);
        check(("cycles", Some("a")), ("cycles", Some("b")), true);
        check(("cycles", Some("a")), ("time", Some("a")), true);
        // Records that were written before the digest was kept are told by their texts.
        check(("cycles", None), ("cycles", Some("b")), false);
        check(("cycles", None), ("time", Some("b")), true);
        check(("cycles", None), ("cycles", None), false);
    }
}
