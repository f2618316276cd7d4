//! This run against an earlier one.
//!
//! In: two records. Out: a `Comparison`. Exact metrics and plain differences for now: without the
//! spread of earlier runs a difference of a measured metric is `uncertain`, never `regressed`.

mod comparison;

pub use comparison::{Change, Comparison, ComparisonBase, ComparisonVerdict};
