//! How the metrics of a comparison went over the runs before.

use super::StepError;
use super::noise::Fetch;
use super::recipes::Recipe;
use crate::compare::{
    Comparison, EarlierRuns, Followed, Following, Paired, TREND_RUNS, TrendRun, following, put_trends, trend_runs,
};
use crate::outside::history::History;
use crate::record::{RunRecord, RunSummary};
use crate::suite::Suite;
use crate::value::{MetricName, PointName, StageName};
use std::collections::{BTreeMap, BTreeSet};

/// Where a metric is followed at one of so many of its points or more, all its points are fetched at once.
const ALL_POINTS_FROM: usize = 8;

/// Puts into a comparison how its metrics went over the runs before `head`; `runs` are those of its suite, and `noise`
/// is what was fetched for the comparison.
pub(super) fn follow<'a>(
    history: &'a dyn History,
    runs: &[RunSummary],
    head: &'a RunRecord,
    base: Option<&RunRecord>,
    suite: &Suite,
    (comparison, paired): (&mut Comparison, &Paired),
    noise: Option<Fetch<'a>>,
) -> Result<(), StepError> {
    let line = trend_runs(&RunSummary::of(head), runs, TREND_RUNS);
    if line.len() < 2 {
        return Ok(());
    }
    let following = following(comparison, paired, head, base, suite);
    let earlier = fetch(history, head, &line, &following, noise)?;
    put_trends(comparison, &following, line, &earlier);
    Ok(())
}

/// Fetches what the runs of a line measured of all that is followed.
fn fetch<'a>(
    history: &'a dyn History,
    head: &'a RunRecord,
    line: &[TrendRun],
    following: &Following,
    noise: Option<Fetch<'a>>,
) -> Result<EarlierRuns, StepError> {
    let before = || line.iter().filter(|run| run.run != head.run.id);
    let like = Recipe::of(head);
    let mut fetch = match noise.filter(|noise| noise.is_of(&like, before().map(|run| &run.run))) {
        Some(noise) => noise,
        None => Fetch::of(history, like, before().map(|run| (run.run.clone(), run.started)))?,
    };
    for ((stage, metric), points) in by_name(&following.followed) {
        let all = head.metrics.iter().filter(|row| row.stage == *stage && row.metric == *metric).count();
        let some: Vec<&PointName> = points.iter().copied().collect();
        let is_some = some.len() * ALL_POINTS_FROM < all;
        fetch.take(stage, metric, is_some.then_some(some.as_slice()))?;
    }
    Ok(fetch.earlier)
}

/// Returns the points that are asked for, by stage and metric.
fn by_name(followed: &[Followed]) -> BTreeMap<(&StageName, &MetricName), BTreeSet<&PointName>> {
    let mut points: BTreeMap<_, BTreeSet<&PointName>> = BTreeMap::new();
    for (stage, metric, point) in followed.iter().flat_map(|followed| &followed.names) {
        points.entry((stage, metric)).or_default().insert(point);
    }
    points
}
