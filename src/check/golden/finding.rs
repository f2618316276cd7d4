//! What a check of a run against its golden table finds.

use crate::ledger::MeasuredValue;
use crate::value::PointName;
use serde::{Deserialize, Serialize};

/// One finding of a golden check.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct GoldenFinding {
    /// `STAGE.METRIC`.
    pub metric: String,
    /// The point.
    pub point: PointName,
    /// What was found.
    pub verdict: GoldenVerdict,
    /// The golden value.
    pub golden: Option<MeasuredValue>,
    /// The measured value.
    pub value: Option<MeasuredValue>,
    /// The unit of both; of the value alone where `golden_unit` is there.
    pub unit: Option<String>,
    /// The unit of a golden that cannot be told in the value's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub golden_unit: Option<String>,
    /// (value - golden) / |golden|, where both are numbers and the golden is not 0.
    pub deviation: Option<f64>,
    /// The tolerance, as people read it: `1%`, `2%, worse side only`, `exact`.
    pub tolerance: String,
    /// One sentence.
    pub message: String,
}

/// How a value stands to its golden.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum GoldenVerdict {
    /// Within its tolerance.
    Met,
    /// Outside its tolerance.
    Missed,
    /// A gated metric was measured and has no golden.
    Missing,
    /// A golden has no planned task.
    Orphan,
    /// A golden's task was planned and gave no value.
    Unmeasured,
    /// Nothing is asked: the task is a known failure, and there is no golden or no value.
    Known,
}

impl GoldenVerdict {
    /// Tells whether it counts as an unmet expectation.
    pub fn is_red(self) -> bool {
        !matches!(self, GoldenVerdict::Met | GoldenVerdict::Known)
    }
}
