//! What stands against a bless.

use crate::value::PointName;

/// Why a value does not become golden.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The commit does not say what was measured.
    #[error("the run is of a work tree with changes: no commit has what it measured")]
    Dirty,
    /// Anybody may have made it.
    #[error("the run is of a pull request from a fork")]
    Fork,
    /// A pattern that matches nothing.
    #[error("the run has no point `{pattern}`")]
    NoPoint {
        /// The pattern.
        pattern: String,
    },
    /// The value is none to rely on.
    #[error("{metric} at `{point}`: {why}")]
    NotPassed {
        /// `STAGE.METRIC`.
        metric: String,
        /// The point.
        point: PointName,
        /// What became of its task.
        why: String,
    },
    /// The value cannot stand in a table.
    #[error("{metric} at `{point}`: {why}")]
    NoGolden {
        /// `STAGE.METRIC`.
        metric: String,
        /// The point.
        point: PointName,
        /// Why.
        why: String,
    },
    /// The value is worse than the golden before it.
    #[error("{metric} at `{point}`: {new} is worse than the golden {old}")]
    Worse {
        /// `STAGE.METRIC`.
        metric: String,
        /// The point.
        point: PointName,
        /// The golden.
        old: String,
        /// The value.
        new: String,
    },
    /// One golden cannot be two values.
    #[error("{metric} at `{point}` and at `{other}` has one golden, and their values differ")]
    Shared {
        /// `STAGE.METRIC`.
        metric: String,
        /// One point.
        point: PointName,
        /// The other.
        other: PointName,
    },
    /// Nothing is known of tasks that were not planned.
    #[error("the run is of a part of the suite: it does not tell which rows belong to nothing")]
    PartialOrphans,
}

impl Refusal {
    /// Returns what to do about it.
    pub fn hint(&self) -> &'static str {
        match self {
            Refusal::Dirty => "commit, and run again; or say `--dirty-ok`, which the provenance keeps",
            Refusal::Fork => "run the suite on the code after a review",
            Refusal::NoPoint { .. } => {
                "points are named as in the golden table; `shmoo plan SUITE --format names` lists cases"
            }
            Refusal::NotPassed { .. } => "bless what passed: select it with `--case` and `--metric`",
            Refusal::NoGolden { .. } => "mend the metric, or leave it out with `--metric` and `--case`",
            Refusal::Worse { .. } => {
                "if this is wanted, say where it was decided: `--accept-regression LINK`; for a metric that is to be \
                 exact, or that cannot be compared, every change is worse"
            }
            Refusal::Shared { .. } => {
                "select one of them with `--case`, or let `files` of `goldens` tell them apart by `name` or `key`"
            }
            Refusal::PartialOrphans => "run the whole suite, without a filter or a profile",
        }
    }
}
