//! The step `history prune`: which runs may leave the history.
//!
//! Folders and archives of runs are not touched: `pruning` is about folders.

use super::pruning::Stays;
use super::{StepError, Workspace};
use crate::outside::history::{History, RunFilter};
use crate::record::RunSummary;
use crate::value::{BaselineRule, SuiteName, Timestamp};
use std::collections::{BTreeMap, BTreeSet};

const DAY: i64 = 86_400_000;

/// Which runs may go.
#[derive(Debug, Clone, Default)]
pub struct HistoryKeep {
    /// The last of each suite stay.
    pub runs: Option<u32>,
    /// Younger ones stay.
    pub days: Option<u32>,
    /// Only runs of this suite go.
    pub suite: Option<SuiteName>,
    /// Only runs of this branch go.
    pub branch: Option<String>,
}

/// Returns the runs that the rules are about, the newest first, and why each stays; none if it goes.
pub fn judge(
    workspace: &Workspace,
    history: &dyn History,
    keep: &HistoryKeep,
) -> Result<Vec<(RunSummary, Option<Stays>)>, StepError> {
    let runs = history.runs(&RunFilter::default()).map_err(StepError::History)?;
    let stays = decide(&runs, keep, &workspace.project.baselines, workspace.clock.now());
    let judged = runs.into_iter().zip(stays).filter(|(run, _)| is_meant(run, keep));
    Ok(judged.collect())
}

fn is_meant(run: &RunSummary, keep: &HistoryKeep) -> bool {
    let suite = keep.suite.as_ref().is_none_or(|suite| run.suite == *suite);
    suite && keep.branch.as_ref().is_none_or(|branch| run.source.branch.as_ref() == Some(branch))
}

/// Decides which runs stay; the runs are sorted, the newest first.
pub(super) fn decide(
    runs: &[RunSummary],
    keep: &HistoryKeep,
    baselines: &[BaselineRule],
    now: Timestamp,
) -> Vec<Option<Stays>> {
    let youngest_to_go = keep.days.map(|days| now.milliseconds() - i64::from(days) * DAY);
    let mut ranks: BTreeMap<&SuiteName, u32> = BTreeMap::new();
    let mut last = BTreeSet::new();
    let by_rule = |run: &'_ RunSummary, rank: u32| {
        if keep.runs.is_some_and(|runs| rank <= runs) {
            return Some(Stays::Recent);
        }
        if youngest_to_go.is_some_and(|limit| run.started.milliseconds() > limit) {
            return Some(Stays::Young);
        }
        let is_named = |rule: &BaselineRule| matches!(rule, BaselineRule::Run(name) if run.id.as_str().contains(name));
        baselines.iter().any(is_named).then_some(Stays::Named)
    };
    let mut stays: Vec<Option<Stays>> = Vec::new();
    for run in runs {
        let kind = (&run.suite, &run.profile, &run.source.branch, &run.fingerprint);
        let is_last = run.complete && run.filter.is_empty() && last.insert(kind);
        if !is_meant(run, keep) {
            stays.push(Some(Stays::Recent));
            continue;
        }
        let rank = ranks.entry(&run.suite).or_default();
        *rank += 1;
        stays.push(by_rule(run, *rank).or(is_last.then_some(Stays::Baseline)));
    }
    let kept: Vec<bool> = stays.iter().map(Option::is_some).collect();
    for (stays, is_base) in stays.iter_mut().zip(merge_bases(runs, &kept)) {
        if is_base {
            stays.get_or_insert(Stays::MergeBase);
        }
    }
    stays
}

/// Tells of each run whether a run that is kept is compared with it because its branch left there: with the newest
/// run of that commit. The runs are sorted, the newest first.
pub(super) fn merge_bases(runs: &[RunSummary], kept: &[bool]) -> Vec<bool> {
    let kept = runs.iter().zip(kept).filter(|(_, kept)| **kept);
    let wanted: BTreeSet<(&SuiteName, &str)> =
        kept.filter_map(|(run, _)| Some((&run.suite, run.source.merge_base.as_deref()?))).collect();
    let mut found = BTreeSet::new();
    let mut is_base = |run: &'_ RunSummary| {
        let Some(commit) = run.source.commit.clone() else { return false };
        let usable = run.complete && run.filter.is_empty() && run.source.dirty != Some(true);
        usable
            && wanted.contains(&(&run.suite, commit.as_str()))
            && found.insert((run.suite.clone(), commit, run.fingerprint.clone()))
    };
    runs.iter().map(&mut is_base).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::sample::{record, suite};

    /// A run for each word, the oldest first, a day apart: its suite `a` or `b`, then `-` not complete, `!` a selection,
    /// `@BRANCH`, `=COMMIT`, `<COMMIT` left its base there.
    fn runs(text: &str) -> Vec<RunSummary> {
        let one = |(index, word): (usize, &str)| {
            let mut run = RunSummary::of(&record(&suite(&["v:v=1"], Vec::new()), &format!("r{index}")));
            run.suite = SuiteName::new(&word[..1]);
            run.started = Timestamp::from_milliseconds(index as i64 * DAY);
            run.complete = !word.contains('-');
            run.filter = word.contains('!').then(|| "--case=x".to_owned()).into_iter().collect();
            let after = |sign: char| {
                let rest = word.split_once(sign)?.1;
                Some(rest.split(['@', '=', '<']).next()?.to_owned())
            };
            (run.source.branch, run.source.commit, run.source.merge_base) = (after('@'), after('='), after('<'));
            run
        };
        let mut runs: Vec<RunSummary> = text.split_whitespace().enumerate().map(one).collect();
        runs.reverse();
        runs
    }

    fn check(text: &str, keep: HistoryKeep, expected: &str) {
        let baselines = [BaselineRule::Previous, BaselineRule::Run("r7".to_owned())];
        let words = decide(&runs(text), &keep, &baselines, Timestamp::from_milliseconds(10 * DAY));
        let mut words: Vec<&str> = words
            .into_iter()
            .map(|stays| match stays {
                None => "goes",
                Some(Stays::Recent) => "recent",
                Some(Stays::Young) => "young",
                Some(Stays::Baseline) => "last",
                Some(Stays::MergeBase) => "base",
                Some(Stays::Named) => "named",
                Some(_) => "other",
            })
            .collect();
        words.reverse();
        assert_eq!(words.join(" "), expected, "{text}");
    }

    #[test]
    fn rules() {
        let keep = |runs| HistoryKeep { runs: Some(runs), ..HistoryKeep::default() };
        check("", keep(1), "");
        check("a a a", keep(2), "goes recent recent");
        check("a b a b", keep(1), "goes goes recent recent");
        check("a a a- a!", keep(0), "goes last goes goes");
        check("a@x a@y a@x", keep(0), "goes last last");
        check(
            "a a a a a a a a a a",
            HistoryKeep { days: Some(3), ..HistoryKeep::default() },
            "goes goes goes goes goes goes goes named young young",
        );
        check("a@x a@y a@x a@y", HistoryKeep { branch: Some("x".to_owned()), ..keep(0) }, "goes recent last recent");
        check("a@m=1 a@m=1 a@m=2 a@m=3 a@x=4<1", keep(1), "goes base goes last recent");
        check("a@m=1 a@m=1- a@m=3 a@x=4<1", keep(1), "base goes last recent");
    }
}
