//! Which earlier runs a run is held against: those whose noise counts, and those that its metrics are followed
//! over.

use super::trend::TrendRun;
use crate::record::{RunInfo, RunSummary, SourceInfo};

/// Runs that a metric is followed over, the newest.
pub const TREND_RUNS: usize = 200;
/// Runs whose noise counts, the newest.
pub const NOISE_RUNS: usize = 20;

/// Returns the newest runs that a run's metrics are followed over, oldest first, this run last: complete ones of
/// the whole suite on its kind of machine, from no fork, of its branch, of the one that it is to go into,
/// and of no known branch.
pub fn trend_runs(head: &RunSummary, runs: &[RunSummary], most: usize) -> Vec<TrendRun> {
    let source = &head.source;
    let branches = [&source.branch, &source.base_branch].map(Option::as_deref);
    let any = source.branch.is_none();
    newest(before(head, runs).filter(|run| any || is_of(run, &branches)), most)
        .into_iter()
        .chain([head])
        .map(trend_run)
        .collect()
}

/// What of a base tells which runs belong to it.
#[derive(Debug, Clone, Copy)]
pub struct BaseOf<'a> {
    fingerprint: &'a str,
    source: &'a SourceInfo,
}

impl<'a> From<&'a RunInfo> for BaseOf<'a> {
    fn from(run: &'a RunInfo) -> BaseOf<'a> {
        BaseOf { fingerprint: &run.fingerprint, source: &run.source }
    }
}

impl<'a> From<&'a RunSummary> for BaseOf<'a> {
    fn from(run: &'a RunSummary) -> BaseOf<'a> {
        BaseOf { fingerprint: &run.fingerprint, source: &run.source }
    }
}

/// Returns the newest runs before `head` whose noise a comparison with `base` is held against, oldest first;
/// none if the machines differ. They are such as `trend_runs` takes, but of the branch that the base is of:
/// what a branch tried on its way is no noise of what it started from. For a base of the run's own branch they are
/// those of the trend.
pub fn noise_runs<'a, 'b>(
    head: &RunSummary,
    base: impl Into<BaseOf<'b>>,
    runs: &'a [RunSummary],
    most: usize,
) -> Vec<&'a RunSummary> {
    let base = base.into();
    if head.fingerprint != base.fingerprint {
        return Vec::new();
    }
    let own = base.source.branch == head.source.branch;
    let into = if own { head.source.base_branch.as_deref() } else { None };
    let branches = [base.source.branch.as_deref(), into];
    let any = base.source.branch.is_none();
    newest(before(head, runs).filter(|run| any || is_of(run, &branches)), most)
}

/// Returns the complete runs of the whole suite before `head` on its kind of machine, from no fork.
fn before<'a>(head: &RunSummary, runs: &'a [RunSummary]) -> impl Iterator<Item = &'a RunSummary> {
    let (suite, id, started, fingerprint) =
        (head.suite.clone(), head.id.clone(), head.started, head.fingerprint.clone());
    runs.iter()
        .filter(move |run| run.suite == suite && run.id != id && run.started < started)
        .filter(move |run| run.complete && run.filter.is_empty() && run.fingerprint == fingerprint)
        .filter(|run| run.source.fork != Some(true))
}

/// Tells whether a run is of one of some branches, or of none that is known.
fn is_of(run: &RunSummary, branches: &[Option<&str>]) -> bool {
    let branch = run.source.branch.as_deref();
    branch.is_none() || branches.contains(&branch)
}

fn newest<'a>(runs: impl Iterator<Item = &'a RunSummary>, most: usize) -> Vec<&'a RunSummary> {
    let mut runs: Vec<&RunSummary> = runs.collect();
    runs.sort_by(|one, other| (one.started, &one.id).cmp(&(other.started, &other.id)));
    runs.split_off(runs.len().saturating_sub(most))
}

fn trend_run(run: &RunSummary) -> TrendRun {
    let RunSummary { id, started, source, .. } = run;
    TrendRun { run: id.clone(), started: *started, commit: source.commit.clone(), branch: source.branch.clone() }
}
