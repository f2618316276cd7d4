//! What runs before a run measured: the noise that its comparison is held against.

use super::StepError;
use super::recipes::{Recipe, Recipes};
use crate::compare::{BaseOf, EarlierRuns, EarlierValue, NOISE_RUNS, noise_runs};
use crate::outside::history::{History, StoredSamples};
use crate::record::{RunRecord, RunSummary};
use crate::value::{MetricName, PointName, RunId, StageName, Timestamp};
use std::collections::BTreeSet;
use std::sync::Arc;

/// Fetches what the runs before `head` that belong to `base` measured, of each metric of both runs that has a
/// better side; `runs` are those of the suite.
pub(super) fn earlier_runs<'a>(
    history: &'a dyn History,
    runs: &[RunSummary],
    head: &'a RunRecord,
    base: &RunRecord,
) -> Result<Fetch<'a>, StepError> {
    metrics_of_base(metrics_of_head(history, runs, head, &base.run, Recipe::of(base))?, head, base)
}

/// Fetches the metrics of `head` alone, before it is known which ones the base has. Only what runs measured as the
/// base did, `like`, is noise: if the command of the head is another one, the question is still whether it moved
/// what the base measured.
pub(super) fn metrics_of_head<'a, 'b>(
    history: &'a dyn History,
    runs: &[RunSummary],
    head: &'a RunRecord,
    base: impl Into<BaseOf<'b>>,
    like: Recipe,
) -> Result<Fetch<'a>, StepError> {
    let noise = noise_runs(&RunSummary::of(head), base, runs, NOISE_RUNS);
    let mut fetch = Fetch::of(history, like, noise.iter().map(|run| (run.id.clone(), run.started)))?;
    for (stage, metric) in measured(head) {
        fetch.take(stage, metric, None)?;
    }
    Ok(fetch)
}

/// Fetches the others, which the base alone has.
pub(super) fn metrics_of_base<'a>(
    mut fetch: Fetch<'a>,
    head: &RunRecord,
    base: &RunRecord,
) -> Result<Fetch<'a>, StepError> {
    for (stage, metric) in measured(base).difference(&measured(head)) {
        fetch.take(stage, metric, None)?;
    }
    Ok(fetch)
}

/// Returns the metrics of a run that are better on one side.
fn measured(record: &RunRecord) -> BTreeSet<(&StageName, &MetricName)> {
    let sided =
        |better: &Option<String>| better.as_deref().is_some_and(|better| better == "higher" || better == "lower");
    let infos = record.run.metric_infos.iter().filter(|info| sided(&info.better));
    infos.map(|info| (&info.stage, &info.metric)).collect()
}

/// Fetches values of some runs, from stages that measured as they do in another run.
pub(super) struct Fetch<'a> {
    history: &'a dyn History,
    recipes: Recipes,
    runs: Vec<(RunId, Timestamp)>,
    /// What was fetched at all points.
    whole: BTreeSet<(StageName, MetricName)>,
    pub(super) earlier: EarlierRuns,
}

impl<'a> Fetch<'a> {
    /// Begins with the runs whose values are wanted, as far as they measured like one, and when each started.
    pub(super) fn of(
        history: &'a dyn History,
        like: Recipe,
        runs: impl Iterator<Item = (RunId, Timestamp)>,
    ) -> Result<Fetch<'a>, StepError> {
        let runs: Vec<(RunId, Timestamp)> = runs.collect();
        let names: Vec<RunId> = runs.iter().map(|(run, _)| run.clone()).collect();
        let recipes = Recipes::fetch(history, &names, like)?;
        Ok(Fetch { history, recipes, runs, whole: BTreeSet::new(), earlier: EarlierRuns::default() })
    }

    /// Tells whether these are the runs whose values are wanted, as far as they measured like this.
    pub(super) fn is_of<'b>(&self, like: &Recipe, runs: impl Iterator<Item = &'b RunId>) -> bool {
        self.recipes.is_like(like) && self.runs.iter().map(|(run, _)| run).eq(runs)
    }

    /// Fetches a metric, at some points or at all, if it was not fetched at all points before.
    pub(super) fn take(
        &mut self,
        stage: &StageName,
        metric: &MetricName,
        points: Option<&[&PointName]>,
    ) -> Result<(), StepError> {
        let name = (stage.clone(), metric.clone());
        if self.whole.contains(&name) {
            return Ok(());
        }
        if points.is_none() {
            self.whole.insert(name);
        }
        let alike: Vec<&(RunId, Timestamp)> =
            self.runs.iter().filter(|(run, _)| self.recipes.agree(run, stage)).collect();
        let names: Vec<RunId> = alike.iter().map(|(run, _)| run.clone()).collect();
        let values = self.earlier.of_metric(&format!("{stage}.{metric}"));
        // Nearly always it is the same.
        let mut last: Option<Arc<str>> = None;
        let mut add = |StoredSamples { run, point, samples, unit }: StoredSamples<'_>| {
            if last.as_deref() != unit {
                last = unit.map(Arc::from);
            }
            let (run, started) = alike[run].clone();
            values.add(point, EarlierValue { run, started, samples, unit: last.clone() });
        };
        self.history.samples(&names, stage, metric, points, &mut add).map_err(StepError::History)
    }
}
