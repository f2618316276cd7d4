//! How the metrics of a comparison went over the runs before.

use super::StepError;
use super::recipes::Recipes;
use crate::compare::{
    Comparison, EarlierRuns, EarlierValue, Followed, Following, TREND_RUNS, TrendRun, following, put_trends, trend_runs,
};
use crate::outside::history::{History, RunFilter, SeriesPoint};
use crate::record::{RunRecord, RunSummary};
use crate::suite::Suite;
use crate::value::{MetricName, PointName, RunId, StageName};
use std::collections::{BTreeMap, BTreeSet, HashSet};

/// Where a metric is followed at one of so many of its points or more, all its points are fetched at once.
const ALL_POINTS_FROM: usize = 8;

/// Puts into a comparison how its metrics went over the runs before `head`; `runs` are those of its suite.
pub(super) fn follow(
    history: &dyn History,
    runs: &[RunSummary],
    head: &RunRecord,
    base: Option<&RunRecord>,
    suite: &Suite,
    comparison: &mut Comparison,
) -> Result<(), StepError> {
    let line = trend_runs(&RunSummary::of(head), runs, TREND_RUNS);
    if line.len() < 2 {
        return Ok(());
    }
    let following = following(comparison, head, base, suite);
    let earlier = fetch(history, head, &line, &following)?;
    put_trends(comparison, &following, line, &earlier);
    Ok(())
}

/// Fetches what the runs of a line measured of all that is followed.
fn fetch(
    history: &dyn History,
    head: &RunRecord,
    line: &[TrendRun],
    following: &Following,
) -> Result<EarlierRuns, StepError> {
    let wanted: HashSet<&RunId> = line.iter().map(|run| &run.run).filter(|run| **run != head.run.id).collect();
    let filter = RunFilter {
        suite: Some(head.run.suite.clone()),
        fingerprint: Some(head.run.fingerprint.clone()),
        since: line.first().map(|run| run.started),
        before: Some(head.run.started),
        complete_only: true,
        whole_only: true,
        own_only: true,
        ..RunFilter::default()
    };
    let recipes = Recipes::fetch(history, &filter, head)?;
    let mut earlier = EarlierRuns::default();
    for ((stage, metric), points) in by_name(&following.followed) {
        let name = format!("{stage}.{metric}");
        let all = head.metrics.iter().filter(|row| row.stage == *stage && row.metric == *metric).count();
        let some: Vec<Option<&PointName>> = if points.len() * ALL_POINTS_FROM < all {
            points.iter().map(|point| Some(*point)).collect()
        } else {
            vec![None]
        };
        for point in some {
            let series = history.metric_series(&filter, stage, metric, point).map_err(StepError::History)?;
            for SeriesPoint { run, started, point, samples, unit, origin, .. } in series {
                let asked = wanted.contains(&run) && points.contains(&point) && recipes.agree(&run, stage);
                if asked && origin.is_none() && !samples.is_empty() {
                    earlier.add(&name, point, EarlierValue { run, started, samples, unit });
                }
            }
        }
    }
    Ok(earlier)
}

/// Returns the points that are asked for, by stage and metric.
fn by_name(followed: &[Followed]) -> BTreeMap<(&StageName, &MetricName), BTreeSet<&PointName>> {
    let mut points: BTreeMap<_, BTreeSet<&PointName>> = BTreeMap::new();
    for (stage, metric, point) in followed.iter().flat_map(|followed| &followed.names) {
        points.entry((stage, metric)).or_default().insert(point);
    }
    points
}
