//! What of a report is worth a person's first look, the same for every renderer that shows a part.

use super::Report;
use super::figure::{amount, pair};
use super::inert::short;
use crate::compare::{Change, ComparisonVerdict};
use crate::ledger::MeasuredValue;
use crate::record::TaskRecord;
use std::cmp::Reverse;

/// Returns how long the run took, by the clock.
pub(crate) fn seconds(report: &Report) -> f64 {
    let run = &report.run;
    (run.finished.milliseconds().saturating_sub(run.started.milliseconds())).max(0) as f64 / 1000.0
}

/// Returns the first characters of a commit's hash; anything else is a short text.
pub(crate) fn commit_name(commit: &str) -> String {
    if commit.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        commit.chars().take(10).collect()
    } else {
        short(commit, 40)
    }
}

/// Returns where a task's files are, as the user would type it.
pub(crate) fn folder_of(report: &Report, task: &TaskRecord) -> Option<String> {
    let folder = task.folder.as_deref()?;
    (!report.folder.is_empty()).then(|| format!("{}/{folder}", report.folder))
}

/// Returns the tasks that took longest, longest first, ties in plan order; those that never ran are none.
pub(crate) fn slowest(tasks: &[TaskRecord], number: usize) -> Vec<&TaskRecord> {
    let mut tasks: Vec<&TaskRecord> = tasks.iter().filter(|task| task.usage.wall > 0.0).collect();
    tasks.sort_by(|a, b| b.usage.wall.total_cmp(&a.usage.wall));
    tasks.truncate(number);
    tasks
}

/// Returns two values that may be absent, as people read them.
pub(crate) fn both(base: Option<&MeasuredValue>, head: Option<&MeasuredValue>, unit: Option<&str>) -> (String, String) {
    let one = |value| short(&amount(value, unit), 60);
    match (base, head) {
        (Some(base), Some(head)) => {
            let (base, head) = pair(base, head, unit);
            (short(&base, 60), short(&head, 60))
        }
        (base, head) => (base.map(one).unwrap_or_default(), head.map(one).unwrap_or_default()),
    }
}

/// Counts changes by verdict, worst first.
pub(crate) fn counts_of(changes: &[Change]) -> Vec<(ComparisonVerdict, u64)> {
    let mut counts = std::collections::BTreeMap::new();
    for change in changes {
        *counts.entry(change.verdict).or_insert(0) += 1;
    }
    counts.into_iter().collect()
}

/// Returns the changes that want a look, worst first, the largest of each kind first.
pub(crate) fn notable(changes: &[Change]) -> Vec<&Change> {
    let quiet = |change: &&Change| !matches!(change.verdict, ComparisonVerdict::Unchanged | ComparisonVerdict::New);
    let mut notable: Vec<&Change> = changes.iter().filter(quiet).collect();
    let size = |change: &Change| change.relative.map_or(0, |relative| (relative.abs() * 1e9) as u64);
    notable.sort_by_key(|change| (change.verdict, Reverse(size(change))));
    notable
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::sample;

    #[test]
    fn slowest_first() {
        let report = sample::red();
        let names: Vec<String> = slowest(&report.tasks, 2).iter().map(|task| task.task.to_string()).collect();
        assert_eq!(names, ["run_simulations/inv7_v3.3_npex", "run_simulations/inv5_v3.3_nsch"]);
        assert!(slowest(&report.tasks, 1000).iter().all(|task| task.usage.wall > 0.0));
    }

    #[test]
    fn notable_changes_worst_first() {
        let comparison = sample::red().comparison.unwrap();
        let words: Vec<&str> = notable(&comparison.changes).iter().map(|change| change.verdict.word()).collect();
        assert_eq!(words, ["regressed", "improved", "uncertain", "removed", "incomparable"]);
    }
}
