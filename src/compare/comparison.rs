//! What a comparison says.

use super::explain;
use super::figures::{Figures, Scale};
use super::red::Red;
use super::samples::Samples;
use super::trend::{Trend, TrendRun};
use crate::ledger::{MeasuredValue, Verdict};
use crate::record::SourceInfo;
use crate::value::{BaselineRule, PointName, RunId, Timestamp};
use serde::{Deserialize, Serialize};

/// A run compared with an earlier one.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Comparison {
    /// What was asked for, such as `merge-base`; none if nobody chose.
    pub rule: Option<BaselineRule>,
    /// The run compared with; none: there is nothing to compare with.
    pub base: Option<ComparisonBase>,
    /// Why this run was taken, or why there is none; runs that were passed over and why.
    pub why: Vec<String>,
    /// Every metric at every point of either run, in plan order, removed ones last.
    pub changes: Vec<Change>,
    /// Cases of this run that the base did not have.
    pub added_cases: Vec<PointName>,
    /// Cases of the base that this run does not have.
    pub removed_cases: Vec<PointName>,
    /// Cases of both.
    pub common_cases: u64,
    /// Cases of both whose verdict changed: name, before, now.
    pub verdict_changes: Vec<(PointName, Verdict, Verdict)>,
    /// What those that moved have in common, where that is no chance: one sentence each.
    #[serde(default)]
    pub explanations: Vec<String>,
    /// What else changed and no red mark tells: tools, machine, suite, command of a stage.
    pub notes: Vec<String>,
    /// Every red mark, in one sentence each.
    #[serde(default)]
    pub reds: Vec<Red>,
    /// The runs that metrics are followed over, oldest first, this run last.
    #[serde(default)]
    pub trend_runs: Vec<TrendRun>,
    /// How metrics went over them: those that moved first.
    #[serde(default)]
    pub trends: Vec<Trend>,
    /// Metrics at points that are not followed for want of room.
    #[serde(default)]
    pub trends_left_out: u64,
}

/// The run that was compared with.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ComparisonBase {
    /// Its name.
    pub run: RunId,
    /// When it started.
    pub started: Timestamp,
    /// Its commit.
    pub source: SourceInfo,
}

/// A metric at a point, before and now.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Change {
    /// `STAGE.METRIC`.
    pub metric: String,
    /// The point, by its name in this run.
    pub point: PointName,
    /// Before.
    pub base: Option<MeasuredValue>,
    /// Now.
    pub head: Option<MeasuredValue>,
    /// The unit of both; of `head` alone where `base_unit` is there.
    pub unit: Option<String>,
    /// The unit of a base that cannot be told in the head's; empty: it has none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub base_unit: Option<String>,
    /// (head - base) / |base|; none where that makes no sense.
    pub relative: Option<f64>,
    /// What to call it.
    pub verdict: ComparisonVerdict,
    /// Which rule decided, in one sentence.
    pub rule: String,
    /// The figures behind it, of a measured metric that has a better side.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub figures: Option<Box<Figures>>,
    /// The repeats behind them, of a metric that is not unchanged.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub samples: Option<Box<Samples>>,
}

/// The size of a change.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Effect {
    /// A share of the base.
    Relative(f64),
    /// In the metric's unit.
    Absolute(f64),
}

impl Change {
    /// Returns the one size by which every text tells a change: the middle difference between all repeats of
    /// both runs where they are enough for its interval, else `relative`.
    pub fn effect(&self) -> Option<Effect> {
        let judged = self.figures.as_deref().filter(|figures| figures.interval.is_some());
        match judged {
            Some(Figures { scale: Scale::Log, effect, .. }) => Some(Effect::Relative(*effect)),
            Some(Figures { scale: Scale::Linear, effect, .. }) => Some(Effect::Absolute(*effect)),
            None => self.relative.map(Effect::Relative),
        }
    }

    /// Returns how large it is as a share of the base, for an order; none where that makes no sense.
    pub fn size(&self) -> Option<f64> {
        match self.effect() {
            Some(Effect::Relative(relative)) => Some(relative.abs()),
            Some(Effect::Absolute(_)) | None => self.relative.map(f64::abs),
        }
    }
}

impl Comparison {
    /// Returns what the points at which a metric regressed have in common, if that is told; without a metric,
    /// what the cases that pass no more have.
    pub fn explanation(&self, metric: Option<&str>) -> Option<&str> {
        let start = explain::start(metric);
        self.explanations.iter().map(String::as_str).find(|sentence| sentence.starts_with(&start))
    }
}

/// What to call a change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ComparisonVerdict {
    /// Worse beyond doubt.
    Regressed,
    /// Better beyond doubt.
    Improved,
    /// It differs, and it is not known whether that means anything.
    Uncertain,
    /// The same.
    Unchanged,
    /// Only in this run.
    New,
    /// Only in the base.
    Removed,
    /// Both are there and cannot be compared.
    Incomparable,
}

impl ComparisonVerdict {
    /// Returns the word that files and people use.
    pub fn word(self) -> &'static str {
        match self {
            ComparisonVerdict::Regressed => "regressed",
            ComparisonVerdict::Improved => "improved",
            ComparisonVerdict::Uncertain => "uncertain",
            ComparisonVerdict::Unchanged => "unchanged",
            ComparisonVerdict::New => "new",
            ComparisonVerdict::Removed => "removed",
            ComparisonVerdict::Incomparable => "incomparable",
        }
    }
}
