//! What stands in where the base planned a metric and measured nothing, because its task failed: the nearest
//! earlier run that did. Without it one broken run would hide a regression for good.

use super::pairs;
use crate::record::RunRecord;
use crate::suite::Suite;
use std::collections::HashSet;

/// Counts the metrics of `head` that the base planned and did not measure.
pub fn unmeasured(head: &RunRecord, base: &RunRecord, suite: &Suite) -> usize {
    // Most bases have all that they planned.
    if base.tasks.iter().all(|task| task.verdict.ran()) {
        return 0;
    }
    pairs::pair(head, base, suite).iter().filter(|pair| pair.head.is_some() && pair.unmeasured).count()
}

/// Puts into the base what another run measured of the metrics that the base planned and did not measure, as long
/// as the other measured as either run does. Returns how many those are.
pub fn stand_in(head: &RunRecord, base: &mut RunRecord, other: &RunRecord, suite: &Suite) -> usize {
    let missing: HashSet<_> = pairs::pair(head, base, suite)
        .iter()
        .filter(|pair| pair.head.is_some() && pair.unmeasured)
        .map(|pair| (pair.metric.clone(), pair.point.clone()))
        .collect();
    let digest = |record: &RunRecord, stage: &str| {
        record.run.metric_infos.iter().find(|info| info.stage.as_str() == stage).map(|info| info.stage_digest)
    };
    let alike = |stage: &str| {
        let its = digest(other, stage);
        its == digest(head, stage) || its == digest(base, stage)
    };
    let rows: Vec<_> = pairs::pair(head, other, suite)
        .iter()
        .filter(|pair| pair.head.is_some() && missing.contains(&(pair.metric.clone(), pair.point.clone())))
        .filter_map(|pair| pair.base)
        .filter(|row| row.origin.is_none() && alike(row.stage.as_str()))
        .cloned()
        .collect();
    let count = rows.len();
    base.metrics.extend(rows);
    count
}
