//! The step `changes --suite`: metrics out of the history, and where each changed its level.

use super::finding::nothing_recorded;
use super::recipes::{Recipe, Recipes};
use super::{StepError, Workspace};
use crate::compare::{Trend, TrendRun, TrendValue, trend_runs};
use crate::outside::history::{History, RunFilter, StoredSamples};
use crate::record::{MetricInfo, RunRecord, RunSummary};
use crate::stats::ChangeRules;
use crate::value::{PointName, RunId, SuiteName, convert_f64, did_you_mean};
use globset::{GlobBuilder, GlobMatcher};
use std::collections::BTreeMap;

/// Which metrics of the history are asked for.
#[derive(Debug, Clone)]
pub struct Stored {
    /// The suite.
    pub suite: SuiteName,
    /// Metrics: `STAGE.METRIC`, or a short name that only one stage has; empty: all.
    pub metrics: Vec<String>,
    /// Points by globs over their names; empty: all.
    pub points: Vec<String>,
    /// Runs of this branch; none: of the newest run's, and of the one that it is to go into.
    pub branch: Option<String>,
    /// Runs on machines with this fingerprint; none: with the newest run's.
    pub machine: Option<String>,
}

impl Stored {
    /// Says that there is nothing of what is asked for.
    fn nothing(&self) -> String {
        let metric = if self.metrics.is_empty() { "any metric".to_owned() } else { self.metrics.join(", ") };
        let point = if self.points.is_empty() { "" } else { " at such a point" };
        format!("no run has a number of {metric}{point}")
    }
}

/// What the history tells.
#[derive(Debug, Clone, PartialEq)]
pub struct StoredSeries {
    /// The runs, oldest first.
    pub runs: Vec<TrendRun>,
    /// Their kind of machine.
    pub fingerprint: String,
    /// Each metric at each point.
    pub trends: Vec<Trend>,
}

/// Finds the changes of metrics of the history, over all complete runs of the whole suite on the newest
/// run's kind of machine that measured as it does.
pub fn find_stored_changes(
    workspace: &Workspace,
    wanted: &Stored,
    rules: &ChangeRules,
) -> Result<StoredSeries, StepError> {
    let nothing = || nothing_recorded(Some(&wanted.suite));
    let points = globs(&wanted.points)?;
    let Some(history) = workspace.existing_history()? else { return Err(nothing()) };
    let filter = RunFilter {
        suite: Some(wanted.suite.clone()),
        branch: wanted.branch.clone(),
        fingerprint: wanted.machine.clone(),
        complete_only: true,
        whole_only: true,
        own_only: true,
        ..RunFilter::default()
    };
    let all = history.runs(&filter).map_err(StepError::History)?;
    let Some(newest) = all.first() else { return Err(unknown(&*history, wanted)?) };
    let head = history.load(&newest.id).map_err(StepError::History)?.ok_or_else(nothing)?;
    let runs = trend_runs(&RunSummary::of(&head), &all, usize::MAX);
    let names: Vec<RunId> = runs.iter().map(|run| run.run.clone()).collect();
    let recipes = Recipes::fetch(&*history, &names, Recipe::of(&head))?;
    let asked = Asked { history: &*history, names, recipes, runs: &runs, rules };
    let mut trends = Vec::new();
    for info in metrics(&head, &wanted.metrics)? {
        let found = asked.trends(info, &|point| points.is_empty() || points.iter().any(|glob| glob.is_match(point)))?;
        trends.extend(found);
    }
    if trends.is_empty() {
        return Err(StepError::Nothing { message: wanted.nothing(), hint: None });
    }
    Ok(StoredSeries { fingerprint: head.run.fingerprint, runs, trends })
}

/// Says that there are no runs, or that the suite is called otherwise.
fn unknown(history: &dyn History, wanted: &Stored) -> Result<StepError, StepError> {
    let runs = history.runs(&RunFilter::default()).map_err(StepError::History)?;
    if runs.iter().any(|run| run.suite == wanted.suite) {
        let branch = wanted.branch.as_ref().map_or(String::new(), |branch| format!(" of branch `{branch}`"));
        let machine = wanted.machine.as_ref().map_or(String::new(), |machine| format!(" on machines `{machine}`"));
        let message = format!("there is no complete run of the whole suite `{}`{branch}{machine}", wanted.suite);
        return Ok(StepError::Nothing { message, hint: Some("`shmoo history list` shows what there is".to_owned()) });
    }
    if runs.is_empty() {
        return Ok(nothing_recorded(Some(&wanted.suite)));
    }
    let hint = did_you_mean(wanted.suite.as_str(), runs.iter().map(|run| run.suite.as_str()));
    Ok(StepError::usage(format!("the history has no suite `{}`", wanted.suite), hint))
}

fn globs(patterns: &[String]) -> Result<Vec<GlobMatcher>, StepError> {
    let glob = |pattern: &String| {
        let built = GlobBuilder::new(pattern).build();
        let bad = |error| StepError::usage(format!("`{pattern}` is no pattern of points: {error}"), None);
        built.map(|glob| glob.compile_matcher()).map_err(bad)
    };
    patterns.iter().map(glob).collect()
}

/// Returns the metrics that are asked for, in the order of the suite.
fn metrics<'a>(record: &'a RunRecord, wanted: &[String]) -> Result<Vec<&'a MetricInfo>, StepError> {
    let infos = &record.run.metric_infos;
    let full = |info: &MetricInfo| format!("{}.{}", info.stage, info.metric);
    for name in wanted {
        let known: Vec<String> = infos.iter().map(full).collect();
        let short = infos.iter().filter(|info| info.metric.as_str() == name).count();
        if known.contains(name) || short == 1 {
            continue;
        }
        let message = match short {
            0 => format!("suite `{}` has no metric `{name}`", record.run.suite),
            _ => format!("several stages have a metric `{name}`"),
        };
        return Err(StepError::usage(message, did_you_mean(name, known.iter().map(String::as_str))));
    }
    let named = |info: &&MetricInfo| {
        wanted.is_empty() || wanted.iter().any(|name| *name == full(info) || info.metric.as_str() == name)
    };
    Ok(infos.iter().filter(named).collect())
}

/// What was measured at a point.
#[derive(Default)]
struct PointValues {
    values: Vec<TrendValue>,
    /// Of a metric that has none of its own: that of the first value.
    unit: Option<String>,
}

struct Asked<'a> {
    history: &'a dyn History,
    names: Vec<RunId>,
    recipes: Recipes,
    runs: &'a [TrendRun],
    rules: &'a ChangeRules,
}

impl Asked<'_> {
    /// Returns how a metric went at each point, in the order of the points' names.
    fn trends(&self, info: &MetricInfo, is_wanted: &dyn Fn(&str) -> bool) -> Result<Vec<Trend>, StepError> {
        let alike = |(place, run): (usize, &RunId)| {
            self.recipes.agree(run, &info.stage).then(|| (u32::try_from(place).unwrap_or(u32::MAX), run.clone()))
        };
        let (places, names): (Vec<u32>, Vec<RunId>) = self.names.iter().enumerate().filter_map(alike).unzip();
        let mut points: BTreeMap<PointName, PointValues> = BTreeMap::new();
        let mut add = |StoredSamples { run, point, samples, unit }: StoredSamples<'_>| {
            if !is_wanted(point) {
                return;
            }
            let from = unit.unwrap_or_default();
            let own = points.entry(PointName::new(point)).or_default();
            let to: &str = match &info.unit {
                Some(unit) => unit,
                // Imported benchmarks have a unit each.
                None => own.unit.get_or_insert_with(|| from.to_owned()),
            };
            let samples: Option<Vec<f64>> = if from == to || from.is_empty() || to.is_empty() {
                (from == to).then_some(samples)
            } else {
                samples.iter().map(|sample| convert_f64(*sample, from, to).ok()).collect()
            };
            let value = samples.and_then(|samples| TrendValue::of(places[run], &samples));
            own.values.extend(value);
        };
        let fetched = self.history.samples(&names, &info.stage, &info.metric, None, &mut add);
        fetched.map_err(StepError::History)?;
        for point in points.values_mut() {
            point.values.sort_by_key(|value| value.run);
        }
        let metric = format!("{}.{}", info.stage, info.metric);
        let trend = |(point, PointValues { values, unit })| {
            let unit = info.unit.clone().or(unit.filter(|unit| !unit.is_empty()));
            let better = info.better.clone();
            let trend = Trend { metric: metric.clone(), point, unit, better, values, changes: Vec::new(), drift: None };
            trend.searched(self.runs, self.rules)
        };
        Ok(points.into_iter().filter(|(_, point)| !point.values.is_empty()).map(trend).collect())
    }
}
