//! Golden values, their tolerances, and failures that are known.

use super::StageIndex;
use crate::expr::Expr;
use crate::value::{Decimal, Share, Span, Timestamp};

/// Where goldens are and how near a value must be.
#[derive(Debug, Clone)]
pub struct Goldens {
    /// The table.
    pub source: GoldenSource,
    /// Rules in order; for a metric at a point, the last that matches wins. No rule = exact.
    pub rules: Vec<ToleranceRule>,
    /// Where it stands.
    pub span: Span,
}

/// Kind and place of the golden table, relative to the suite file's folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum GoldenSource {
    /// CSV `metric,point,value,unit`.
    Csv(String),
    /// A folder of IREE's JSON files.
    IreeJson(String),
}

/// Tolerances of metrics at the points where a condition holds.
#[derive(Debug, Clone)]
pub struct ToleranceRule {
    /// Over parameters; `None` = everywhere.
    pub constraint: Option<Expr>,
    /// By metric: stage, index of the metric in it, tolerance.
    pub metrics: Vec<(StageIndex, usize, Tolerance)>,
    /// Where it stands.
    pub span: Span,
}

/// How far a value may be from its golden: within the larger of the two bounds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tolerance {
    /// Relative to the golden's magnitude.
    pub relative: Option<Share>,
    /// In the metric's unit.
    pub absolute: Option<Decimal>,
    /// Whether better values are accepted at any distance.
    pub side: Side,
}

/// Which side of a golden is bounded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// Only worse values miss.
    Worse,
    /// Both.
    Both,
}

/// A failure that is known: it marks a verdict as known and complains when it changes.
#[derive(Debug, Clone)]
pub struct KnownFailure {
    /// The stage.
    pub stage: StageIndex,
    /// Over parameters; `None` = at every point.
    pub constraint: Option<Expr>,
    /// What is expected to come out.
    pub verdict: KnownVerdict,
    /// A link.
    pub issue: Option<String>,
    /// Why.
    pub reason: Option<String>,
    /// The last day (UTC) on which it holds.
    pub until: Option<Timestamp>,
    /// Where it stands.
    pub span: Span,
}

/// The verdicts that a known failure may name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KnownVerdict {
    /// An expectation is missed.
    Fail,
    /// The stage does not run properly.
    Error,
    /// The stage is killed by its limit.
    Timeout,
}
