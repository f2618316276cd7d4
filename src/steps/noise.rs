//! What runs before a run measured: the noise that its comparison is held against.

use super::StepError;
use super::recipes::Recipes;
use crate::compare::{EarlierRuns, EarlierValue};
use crate::outside::history::{History, RunFilter, SeriesPoint};
use crate::record::RunRecord;
use crate::value::{MetricName, StageName};
use std::collections::BTreeSet;

/// How many earlier runs are asked for, the newest.
const RUNS: u64 = 20;

/// Fetches what complete runs of the whole suite on the same kind of machine, none from a fork, measured before
/// `head`, of each metric of both runs that has a better side; only from stages that measured as they do in `head`.
pub(super) fn earlier_runs(
    history: &dyn History,
    head: &RunRecord,
    base: &RunRecord,
) -> Result<EarlierRuns, StepError> {
    let mut earlier = EarlierRuns::default();
    if head.run.fingerprint != base.run.fingerprint {
        return Ok(earlier);
    }
    let filter = RunFilter {
        suite: Some(head.run.suite.clone()),
        fingerprint: Some(head.run.fingerprint.clone()),
        before: Some(head.run.started),
        complete_only: true,
        whole_only: true,
        own_only: true,
        limit: Some(RUNS),
        ..RunFilter::default()
    };
    let recipes = Recipes::fetch(history, &filter, head)?;
    for (stage, metric) in measured(head).union(&measured(base)) {
        let series = history.metric_series(&filter, stage, metric, None).map_err(StepError::History)?;
        let name = format!("{stage}.{metric}");
        for SeriesPoint { run, started, point, samples, unit, origin, .. } in series {
            // A value that a run reused is no second measurement.
            let counts = origin.is_none() && run != head.run.id && recipes.agree(&run, stage);
            if counts && !samples.is_empty() {
                earlier.add(&name, point, EarlierValue { run, started, samples, unit });
            }
        }
    }
    Ok(earlier)
}

/// Returns the metrics of a run that are better on one side.
fn measured(record: &RunRecord) -> BTreeSet<(&StageName, &MetricName)> {
    let sided =
        |better: &Option<String>| better.as_deref().is_some_and(|better| better == "higher" || better == "lower");
    let infos = record.run.metric_infos.iter().filter(|info| sided(&info.better));
    infos.map(|info| (&info.stage, &info.metric)).collect()
}
