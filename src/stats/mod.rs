//! Statistics over slices of numbers: what a comparison and a long history rest on.
//!
//! In: values. Out: estimates, intervals, p-values, places of change. Nothing here knows of runs,
//! metrics or files, and nothing is random: what draws permutations starts from a seed of its own.
//! The rules that use this are in `docs/STATISTICS.md`, with their measured error rates.
//!
//! Invariant: the same values give the same answer, and no input panics; values are finite.

mod autocorrelation;
mod change_points;
mod distributions;
mod drift;
mod enrichment;
mod false_discovery;
mod levels;
mod moderation;
mod outlier;
mod paired;
mod prediction;
mod random;
mod rank_sum;
mod scores;
mod segments;
mod shift;
mod spread;

pub use change_points::{ChangePoint, ChangeRules, change_points};
pub use distributions::{f_tail, normal_quantile, normal_tail, t_quantile, t_two_sided};
pub use drift::{Drift, DriftRules, Side, drift};
pub use enrichment::enrichment;
pub use false_discovery::{families, q_values};
pub use levels::{Levels, levels};
pub use moderation::{Moderated, Prior, prior_of};
pub use outlier::lone_outlier;
pub use paired::{Paired, paired};
pub use prediction::{History, Prediction, Quantiles, predict};
pub use random::Random;
pub use rank_sum::{RankSum, RankSums};
pub use shift::{Shift, shift};
pub use spread::{
    mean, median, median_deviation, median_error, sample_variance, step_deviation, typical_deviation,
    within_run_deviation,
};
