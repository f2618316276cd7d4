//! What earlier runs had and the suite has not any more.

use super::is_partial;
use crate::record::{RunRecord, is_of_model};
use crate::suite::Suite;
use crate::value::{MetricName, PointName, RunId, StageName};
use std::collections::HashSet;

/// What every such sentence says.
const GONE: &str = "in the history and not in the suite: ";

/// Tells whether a note of a comparison is one of these: nothing that explains a change.
pub fn is_of_orphans(note: &str) -> bool {
    let words: Vec<&str> = note.splitn(4, ' ').collect();
    matches!(words.as_slice(), [_, "metric" | "metrics" | "case" | "cases", "is" | "are", rest] if rest.starts_with(GONE))
}

/// Names that are told.
const MOST_TOLD: usize = 5;

/// Returns a sentence for the metrics of the history that the suite does not declare, and one for the
/// cases that it does not have. A run of a part of the suite cannot tell which cases there are.
pub fn orphans(
    head: &RunRecord,
    suite: &Suite,
    metrics: &[(StageName, MetricName, RunId)],
    cases: &[(PointName, RunId)],
) -> Vec<String> {
    let declared = |stage: &StageName, metric: &MetricName| {
        if is_of_model(stage) {
            return true;
        }
        let stage = suite.stage(stage.as_str()).map(|stage| &suite.stages[stage]);
        stage.is_some_and(|stage| {
            stage.metrics.iter().any(|own| own.name == *metric || own.was.iter().any(|was| was == metric.as_str()))
        })
    };
    let metrics = metrics.iter().filter(|(stage, metric, _)| !declared(stage, metric));
    let metrics: Vec<(String, &RunId)> =
        metrics.map(|(stage, metric, run)| (format!("{stage}.{metric}"), run)).collect();
    let planned: HashSet<&PointName> = head.cases.iter().map(|case| &case.name).collect();
    let cases = cases.iter().filter(|(case, _)| !is_partial(head) && !planned.contains(case));
    let cases: Vec<(String, &RunId)> = cases.map(|(case, run)| (case.to_string(), run)).collect();
    [("metric", metrics), ("case", cases)].into_iter().filter_map(|(noun, orphans)| sentence(noun, &orphans)).collect()
}

fn sentence(noun: &str, orphans: &[(String, &RunId)]) -> Option<String> {
    let count = match orphans.len() {
        0 => return None,
        1 => format!("1 {noun} is"),
        several => format!("{several} {noun}s are"),
    };
    let mut names: Vec<String> =
        orphans.iter().take(MOST_TOLD).map(|(name, run)| format!("{name} (last in {run})")).collect();
    if orphans.len() > MOST_TOLD {
        names.push("...".to_owned());
    }
    Some(format!("{count} {GONE}{}", names.join(", ")))
}
