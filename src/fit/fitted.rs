//! What a fit comes to.

use super::findings::Finding;
use super::gate::Gate;
use super::sample::{Ratios, Sample};
use crate::suite::Weighting;
use serde::Serialize;

/// A model fitted to a table.
#[derive(Debug, Clone)]
pub struct Fit {
    /// The name of the model.
    pub model: String,
    /// The target's expression.
    pub target: String,
    /// Names and expressions of the features.
    pub features: Vec<(String, String)>,
    /// The columns that make groups.
    pub by: Vec<String>,
    /// The attribute sets that the model declares, in its order: the last that holds wins.
    pub sets: Vec<String>,
    /// How rows were weighted.
    pub weighting: Weighting,
    /// Whether rows far off count for less.
    pub robust: bool,
    /// What became of the rows.
    pub gate: Gate,
    /// One for each group, in the order of their first rows.
    pub models: Vec<FittedModel>,
}

/// A group's coefficients.
#[derive(Debug, Clone)]
pub struct FittedModel {
    /// The values of the columns that make groups.
    pub by: Vec<String>,
    /// The attribute set; empty if the model has none.
    pub set: String,
    /// Operations that the rows name, and how many rows each has.
    pub ops: Vec<(String, u64)>,
    /// Rows that took part.
    pub rows: u64,
    /// The coefficients, in the order of the features; none where the rows do not suffice.
    pub coefficients: Option<Vec<Coefficient>>,
    /// How the intervals were made.
    pub method: IntervalMethod,
    /// How well it fits.
    pub quality: Quality,
    /// The covariance of the coefficients, by the sandwich.
    pub covariance: Vec<Vec<f64>>,
    /// Rows that are far off, the farthest first, at most ten.
    pub outliers: Vec<Outlier>,
    /// How many rows are far off; none: there were too many rows to tell.
    pub outlier_rows: Option<u64>,
    /// What looks wrong.
    pub findings: Vec<Finding>,
    /// Rows by line, if they are kept: all while they are few, else some that were drawn.
    pub sample: Sample,
    /// How far rows were off that were left out; none with less than two.
    pub ratios: Option<Ratios>,
}

/// A coefficient.
#[derive(Debug, Clone, PartialEq)]
pub struct Coefficient {
    /// The feature's name.
    pub name: String,
    /// The value.
    pub value: f64,
    /// Where the true value is, at 95 %.
    pub interval: Option<(f64, f64)>,
    /// The least and the greatest value of the feature.
    pub range: (f64, f64),
}

/// How intervals are made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum IntervalMethod {
    /// Rows are drawn again.
    Bootstrap,
    /// Each row's own error is its variance.
    Sandwich,
    /// There are none.
    None,
}

/// How well a model fits; errors are shares of the target.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Quality {
    /// The share of the target's variance that is explained.
    pub r2: Option<f64>,
    /// The root of the mean squared error, in the target's unit.
    pub rmse: f64,
    /// The mean error.
    pub mean_error: Option<f64>,
    /// The error that 95 of 100 rows stay below.
    pub p95_error: Option<f64>,
    /// The largest error.
    pub max_error: Option<f64>,
    /// The mean of target by prediction.
    pub ratio_mean: Option<f64>,
    /// Its standard deviation, of the population.
    pub ratio_deviation: Option<f64>,
    /// The mean error of rows that were left out of the fit, a fifth at a time.
    pub left_out_error: Option<f64>,
    /// The condition number of the features; infinite where one depends on others.
    pub condition: f64,
    /// The same with all features at length 1.
    pub scaled_condition: f64,
    /// Rows whose target is 0 and whose prediction is not: no share of the target can be said of their errors.
    pub zero_targets: u64,
}

/// A row that is far off.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Outlier {
    /// Its line in the table.
    pub line: u64,
    /// What was measured.
    pub target: f64,
    /// What the model says.
    pub prediction: f64,
}
