//! A run without its tasks: what lists show, and what a baseline is chosen from.

use super::{CONFIRM_MARK, RunInfo, RunRecord, SourceInfo};
use crate::ledger::{Usage, Verdict};
use crate::value::{Digest, RunId, SuiteName, Timestamp};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// A run without its tasks.
#[derive(Debug, Clone, PartialEq)]
pub struct RunSummary {
    /// Its name.
    pub id: RunId,
    /// The suite.
    pub suite: SuiteName,
    /// The suite file as the user named it.
    pub suite_file: String,
    /// The plan's identity.
    pub plan: Digest,
    /// Digest of the resolved suite.
    pub suite_digest: Digest,
    /// When it started.
    pub started: Timestamp,
    /// When it ended.
    pub finished: Timestamp,
    /// The version of shmoo that ran it.
    pub shmoo: String,
    /// Whether each planned task has its final state.
    pub complete: bool,
    /// What selected a part of the suite; empty = the whole suite.
    pub filter: Vec<String>,
    /// The profile.
    pub profile: Option<String>,
    /// Why writers stopped early.
    pub stopped: Vec<String>,
    /// The code that was measured.
    pub source: SourceInfo,
    /// The machine's fingerprint.
    pub fingerprint: String,
    /// Where the archive is in the store.
    pub archive: Option<String>,
    /// Tasks by verdict; verdicts without a task are left out.
    pub tasks: BTreeMap<Verdict, u64>,
    /// Cases by verdict; verdicts without a case are left out.
    pub cases: BTreeMap<Verdict, u64>,
    /// What it cost, unless it was recorded before that was counted.
    pub costs: Option<Costs>,
}

/// What a run cost, all attempts of all tasks that it carried out itself.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
pub struct Costs {
    /// Processors that its tasks held, times seconds; where the record does not say, processor seconds
    /// that its processes used.
    pub core_seconds: f64,
    /// GiB times seconds: the largest memory of each attempt times how long it took.
    pub gibibyte_seconds: f64,
}

impl Costs {
    /// Returns the costs of a run.
    pub fn of(record: &RunRecord) -> Costs {
        if let Some(super::RunCosts { total, .. }) = &record.costs {
            let super::Spent { core_seconds, gibibyte_seconds, price: _ } = *total;
            return Costs { core_seconds, gibibyte_seconds };
        }
        let carried_out = record.tasks.iter().filter(|task| task.origin.is_none());
        let attempts = carried_out.flat_map(|task| task.tries.iter().map(|one| &one.usage).chain([&task.usage]));
        attempts.fold(Costs::default(), |sum, &Usage { wall, cpu, max_rss }| Costs {
            core_seconds: sum.core_seconds + cpu,
            gibibyte_seconds: sum.gibibyte_seconds + wall * max_rss as f64 / f64::from(1 << 30),
        })
    }
}

impl RunSummary {
    /// Returns the summary of a record.
    pub fn of(record: &RunRecord) -> RunSummary {
        let RunInfo {
            id,
            suite,
            suite_file,
            plan,
            suite_digest,
            started,
            finished,
            shmoo,
            complete,
            filter,
            profile,
            stopped,
            source,
            machine: _,
            fingerprint,
            tools: _,
            files: _,
            params: _,
            metric_infos: _,
            models_skipped: _,
            options: _,
            archive,
            artifacts: _,
        } = record.run.clone();
        RunSummary {
            id,
            suite,
            suite_file,
            plan,
            suite_digest,
            started,
            finished,
            shmoo,
            complete,
            filter,
            profile,
            stopped,
            source,
            fingerprint,
            archive,
            tasks: counts(record.tasks.iter().map(|task| task.verdict)),
            cases: counts(record.cases.iter().map(|case| case.verdict)),
            costs: Some(Costs::of(record)),
        }
    }

    /// Tells whether the run was made to confirm a comparison: it measured one side of it again.
    pub fn is_confirmation(&self) -> bool {
        self.filter.first().is_some_and(|word| word == CONFIRM_MARK)
    }

    /// Returns what selected a part of the suite, in words: `profile pr, --case 'inv5*'`; none for the
    /// whole suite.
    pub fn part(&self) -> Option<String> {
        let profile = self.profile.iter().map(|profile| format!("profile {profile}"));
        let filter = (!self.filter.is_empty()).then(|| self.filter.join(" "));
        let parts: Vec<String> = profile.chain(filter).collect();
        (!parts.is_empty()).then(|| parts.join(", "))
    }
}

fn counts(verdicts: impl Iterator<Item = Verdict>) -> BTreeMap<Verdict, u64> {
    let mut counts = BTreeMap::new();
    for verdict in verdicts {
        *counts.entry(verdict).or_default() += 1;
    }
    counts
}
