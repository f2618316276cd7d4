//! Every red mark of a comparison, each with what else changed.

use super::notes::{self, Topic};
use super::provenance::{Cause, Provenance};
use super::red::{self, Red};
use super::{Change, Comparison};
use crate::ledger::Verdict;
use crate::record::{CaseRecord, RunRecord, TaskRecord};
use crate::suite::Suite;
use crate::value::{PointName, QuickMap, Scalar, TaskKey};
use std::collections::{BTreeSet, HashMap};

type Params = [(String, Scalar)];

/// What is known beside two records.
#[derive(Debug, Clone, Copy, Default)]
pub struct Surroundings<'a> {
    /// How stages hang together; none: every tool and every stage may bear on each metric.
    pub suite: Option<&'a Suite>,
    /// How many commits lie between both runs.
    pub commits: Option<u64>,
    /// The base is no run but values of several, or of a table: what else changed since is not known.
    pub made_up: bool,
}

/// Puts into a comparison a sentence for each metric that regressed and for each case that passed before
/// and does not any more. What these tell is no note of the whole run any more.
pub fn put_reds(comparison: &mut Comparison, head: &RunRecord, base: &RunRecord, known: Surroundings<'_>) {
    let regressed = comparison.changes.iter().filter_map(|change| Some((change, red::regressed(change)?)));
    let regressed: Vec<(&Change, String)> = regressed.collect();
    let broken = broken(comparison, head);
    if regressed.is_empty() && broken.is_empty() {
        return;
    }
    let mut provenance = Provenance::new(head, base, known.suite, known.commits);
    let commits_known = provenance.knows_commits();
    let mut causes_of = |stage, params: &Params| {
        if known.made_up { Vec::new() } else { provenance.causes(stage, params) }
    };
    let mut told: BTreeSet<Topic> = BTreeSet::new();
    let mut red = |metric: Option<&str>, point: &PointName, what: String, causes: Vec<Cause>| {
        told.extend(causes.iter().map(|cause| cause.topic.clone()));
        let causes: Vec<String> = causes.into_iter().map(|cause| cause.text).collect();
        let also = if known.made_up { red::NO_RUN.to_owned() } else { red::also(&causes, commits_known) };
        Red { metric: metric.map(str::to_owned), point: point.clone(), what, causes, also, earlier: None }
    };
    let params: QuickMap<_, &Params> = head
        .metrics
        .iter()
        .map(|row| ((row.stage.as_str(), row.metric.as_str(), &row.point), row.params.as_slice()))
        .collect();
    let mut reds = Vec::with_capacity(regressed.len() + broken.len());
    for (change, what) in regressed {
        let (stage, metric) = change.metric.split_once('.').unwrap_or((&change.metric, ""));
        let own = params.get(&(stage, metric, &change.point)).copied().unwrap_or_default();
        let causes = causes_of(Some(stage), own);
        reds.push(red(Some(&change.metric), &change.point, what, causes));
    }
    for Broken { case, verdict, task } in broken {
        let stage = case.worst.as_ref().map(|task| task.stage.as_str());
        let message = task.and_then(|task| task.message.as_deref());
        let what = red::broken(&case.name, verdict, stage, message);
        let causes = causes_of(stage, &case.params);
        reds.push(red(None, &case.name, what, causes));
    }
    let told_already = notes::about(head, base, &told);
    comparison.notes.retain(|note| !told_already.contains(note));
    comparison.reds = reds;
    put_earlier_changes(comparison);
}

/// A case that passed before.
struct Broken<'a> {
    case: &'a CaseRecord,
    verdict: Verdict,
    task: Option<&'a TaskRecord>,
}

/// Returns the cases that passed before and do not any more, but for known failures.
fn broken<'a>(comparison: &Comparison, head: &'a RunRecord) -> Vec<Broken<'a>> {
    let gone = comparison.verdict_changes.iter().filter(|(_, before, _)| *before == Verdict::Pass);
    let gone: Vec<&(PointName, Verdict, Verdict)> = gone.collect();
    if gone.is_empty() {
        return Vec::new();
    }
    let cases: HashMap<&PointName, &CaseRecord> = head.cases.iter().map(|case| (&case.name, case)).collect();
    let tasks: HashMap<&TaskKey, &TaskRecord> = head.tasks.iter().map(|task| (&task.task, task)).collect();
    gone.into_iter()
        .filter_map(|(name, _, verdict)| {
            let case = cases.get(name).copied().filter(|case| !case.known)?;
            let task = case.worst.as_ref().and_then(|worst| tasks.get(worst).copied());
            Some(Broken { case, verdict: *verdict, task })
        })
        .collect()
}

/// Says of each regressed metric whether its level changed before this run.
fn put_earlier_changes(comparison: &mut Comparison) {
    let Comparison { reds, trends, trend_runs, .. } = comparison;
    let trends: HashMap<(&str, &PointName), &super::Trend> =
        trends.iter().map(|trend| ((trend.metric.as_str(), &trend.point), trend)).collect();
    for red in reds {
        let Some(metric) = &red.metric else { continue };
        red.earlier = trends.get(&(metric.as_str(), &red.point)).and_then(|trend| trend.earlier_change(trend_runs));
    }
}
