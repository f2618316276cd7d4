//! Which rows of a golden table a bless is about.

use super::assigned::find_metric;
use crate::suite::{StageIndex, Suite};
use crate::value::PointName;
use globset::{Glob, GlobMatcher};

/// Which rows of a golden table a bless is about: those of the metrics, if some are named, at points
/// whose names match, if there are patterns.
#[derive(Debug, Clone)]
pub struct BlessSelection {
    points: Vec<(String, GlobMatcher)>,
    metrics: Vec<(StageIndex, usize)>,
}

/// A selection that cannot be.
#[derive(Debug, thiserror::Error)]
pub enum SelectionError {
    /// The suite has no such metric, or several.
    #[error("`--metric {metric}`: {why}")]
    Metric {
        /// What was asked for.
        metric: String,
        /// Why it is not one metric.
        why: String,
    },
    /// The pattern is none.
    #[error("`--case {pattern}` is no pattern")]
    Pattern {
        /// What was asked for.
        pattern: String,
        /// Why.
        #[source]
        source: globset::Error,
    },
}

impl BlessSelection {
    /// Reads patterns of names of points, and names of metrics. Without either it is all rows.
    pub fn new(suite: &Suite, patterns: &[String], metrics: &[String]) -> Result<BlessSelection, SelectionError> {
        let point = |pattern: &String| {
            let glob = Glob::new(pattern);
            let glob = glob.map_err(|source| SelectionError::Pattern { pattern: pattern.clone(), source })?;
            Ok((pattern.clone(), glob.compile_matcher()))
        };
        let metric = |metric: &String| {
            find_metric(suite, metric).map_err(|why| SelectionError::Metric { metric: metric.clone(), why })
        };
        Ok(BlessSelection {
            points: patterns.iter().map(point).collect::<Result<_, SelectionError>>()?,
            metrics: metrics.iter().map(metric).collect::<Result<_, SelectionError>>()?,
        })
    }

    /// Tells whether a metric at a point is selected.
    pub(super) fn takes(&self, stage: StageIndex, metric: usize, point: &PointName) -> bool {
        (self.points.is_empty() || self.points.iter().any(|(_, glob)| glob.is_match(point.as_str())))
            && (self.metrics.is_empty() || self.names(stage, metric))
    }

    /// Tells whether a metric was asked for by name.
    pub(super) fn names(&self, stage: StageIndex, metric: usize) -> bool {
        self.metrics.contains(&(stage, metric))
    }

    /// Returns the first pattern that none of the points matches.
    pub(super) fn unmatched<'p>(&self, points: impl Iterator<Item = &'p PointName> + Clone) -> Option<&str> {
        let missed = |glob: &GlobMatcher| !points.clone().any(|point| glob.is_match(point.as_str()));
        self.points.iter().find(|(_, glob)| missed(glob)).map(|(pattern, _)| pattern.as_str())
    }
}
