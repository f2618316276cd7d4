//! This run against an earlier one.
//!
//! In: two records and the suite as it is now. Out: a `Comparison`. Exact metrics and plain
//! differences for now: without the spread of earlier runs a difference of a measured metric is
//! `uncertain`, never `regressed`.
//!
//! Invariant: a run compared with itself is silent.

mod baseline;
mod cases;
mod comparison;
mod judge;
mod lineage;
mod made_up;
mod notes;
mod orphans;
mod pairs;
mod rekeyed;

#[cfg(test)]
mod baseline_tests;
#[cfg(test)]
mod tests;

pub use baseline::{Chosen, Known, choose, default_rules};
pub use comparison::{Change, Comparison, ComparisonBase, ComparisonVerdict};
pub use lineage::Lineage;
pub use made_up::{GoldenValue, best_of, golden_base};
pub use orphans::orphans;

use crate::record::RunRecord;
use crate::suite::Suite;

/// Compares a run with an earlier one, under the suite as it is now.
///
/// `why` says how the base was chosen, or why there is none (see `choose`).
pub fn compare(head: &RunRecord, base: Option<&RunRecord>, mut why: Vec<String>, suite: &Suite) -> Comparison {
    let Some(base) = base else { return Comparison { why, ..Comparison::default() } };
    let cases = cases::compare(head, base, suite);
    for (record, whose) in [(head, "this run"), (base, "the base")] {
        if is_partial(record) {
            let (common, all) = (cases.common, record.cases.len());
            why.push(format!("{whose} is of a part of the suite: {common} of its {all} cases are in both"));
        }
    }
    let run = &base.run;
    Comparison {
        rule: None,
        base: Some(ComparisonBase { run: run.id.clone(), started: run.started, source: run.source.clone() }),
        why,
        changes: pairs::pair(head, base, suite).into_iter().map(|pair| judge::judge(pair, head, base)).collect(),
        added_cases: cases.added,
        removed_cases: cases.removed,
        common_cases: cases.common,
        verdict_changes: cases.verdict_changes,
        notes: notes::notes(head, base, &cases.left_out),
    }
}

/// Tells whether a run planned a part of its suite only.
fn is_partial(record: &RunRecord) -> bool {
    !record.run.filter.is_empty() || record.run.profile.is_some()
}
