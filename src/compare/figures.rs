//! The figures behind a verdict: all that a person needs to check it.

use crate::value::RunId;
use serde::{Deserialize, Serialize};

/// What was found of a measured metric. Effects and intervals are of this run against the base.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Figures {
    /// On which scale runs were compared.
    pub scale: Scale,
    /// The median of all differences between the repeats of both runs: relative (0.1 for +10 %) on the
    /// logarithmic scale, in the metric's unit on the linear one.
    pub effect: f64,
    /// The exact 95 % interval of the effect, from four repeats on both sides.
    pub interval: Option<[f64; 2]>,
    /// The smallest relative change that matters.
    pub min_effect: f64,
    /// This run's repeats.
    pub head: Repeats,
    /// The base's repeats.
    pub base: Repeats,
    /// The runs before this one.
    pub history: Option<Band>,
    /// How many more earlier runs a verdict needs; 0: there are enough.
    pub runs_missing: u32,
    /// What `p` and `q` rest on; none: on another machine nothing is tested.
    pub test: Option<Test>,
    /// The chance of a difference so large without a change.
    pub p: Option<f64>,
    /// The share of false calls among the metrics with at most this p-value.
    pub q: Option<f64>,
    /// The number of metrics in the family of `q`.
    pub family: u64,
    /// The p-value of the rank-sum test on the repeats of both runs, where they decide something.
    pub repeats_p: Option<f64>,
    /// The rule that decided.
    pub decided_by: Decision,
}

/// The repeats of a run.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Repeats {
    /// How many.
    pub n: u64,
    /// The smallest, in the metric's unit.
    pub low: f64,
    /// The largest, in the metric's unit.
    pub high: f64,
}

/// Where runs before this one put the next.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Band {
    /// How many runs, K: measured ones since the last change of level.
    pub runs: u64,
    /// Their centre, in the metric's unit.
    pub centre: f64,
    /// The lower end of the 95 % prediction interval, in the metric's unit; none if there are too few
    /// runs for one.
    pub low: Option<f64>,
    /// Its upper end.
    pub high: Option<f64>,
    /// The standard deviation of the next run around the centre, on the scale of the comparison; none if
    /// there are too few runs.
    pub deviation: Option<f64>,
    /// The degrees of freedom; none: without limit.
    pub freedom: Option<f64>,
    /// Whether the metrics of the stage lent each other their spread.
    pub moderated: bool,
    /// The first run at the present level, if the level changed.
    pub since: Option<RunId>,
    /// The value of one more run that is left out as it lies far from all others, in the metric's unit.
    #[serde(default)]
    pub without: Option<f64>,
}

/// A scale.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Scale {
    /// Logarithms: all values are above 0.
    Log,
    /// The values as they are.
    Linear,
}

/// What a p-value rests on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Test {
    /// The prediction interval of earlier runs.
    History,
    /// The repeats of both runs; it cannot see the noise between runs, so it decides nothing alone.
    Repeats,
}

/// Which rule decided.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Decision {
    /// Both values are the same.
    Equal,
    /// Another machine.
    Machine,
    /// Smaller than the smallest change that matters, against the base.
    MinEffect,
    /// Smaller than the smallest change that matters, against the centre of earlier runs.
    MinEffectHistory,
    /// Too few earlier runs.
    RunsMissing,
    /// Inside of the prediction interval.
    InsideBand,
    /// Outside, as some of so many metrics are by chance.
    Chance,
    /// Outside, on the other side than against the base.
    Side,
    /// Outside, but the repeats of both runs do not differ.
    Repeats,
    /// Outside, but not clearly enough among so many metrics.
    FalseDiscovery,
    /// All conditions are met.
    All,
}
