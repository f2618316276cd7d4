//! The step `prune --store`: which archives and cached results may leave the store, and their removal.
//!
//! Only objects that shmoo names so are looked at: `runs/SUITE/RUN.tar.gz`, what parts of a run have put below
//! `runs/SUITE/RUN/`, and `results/HH/KEY.tar.gz`. A run of many machines that nobody gathered is as old as the
//! last that a machine has put there, and is no run that others are compared with.

mod objects;

use super::machines::is_worked_on;
use super::pruning::Stays;
use super::pruning_history::{self, HistoryKeep};
use super::run_folder::RunFolder;
use super::{StepError, Workspace};
use crate::outside::history::RunFilter;
use crate::outside::store::{ObjectKey, Store, StoreError};
use crate::record::{ArtifactKind, RECORD_VERSION, RunSummary};
use crate::value::{BaselineRule, RunId, SuiteName, Timestamp};
use objects::gather;
use std::collections::{BTreeMap, BTreeSet};

const DAY: i64 = 86_400_000;

/// What the store keeps.
#[derive(Debug, Clone, Default)]
pub struct StoreKeep {
    /// The last archives of each suite stay.
    pub runs: Option<u32>,
    /// What was stored in the last days stays.
    pub days: Option<u32>,
    /// No more than so many bytes stay, as far as they may go.
    pub most: Option<u64>,
    /// Only archives of runs of this branch go, and no cached results.
    pub branch: Option<String>,
}

/// What an object of the store is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StoredKind {
    /// The archive of a run.
    Archive {
        /// The suite.
        suite: SuiteName,
        /// The run.
        run: RunId,
    },
    /// What a run of many machines has put there that nobody gathered.
    Published {
        /// The suite.
        suite: SuiteName,
        /// The run.
        run: RunId,
    },
    /// A result of a `cache: true` stage.
    Result,
}

/// What is to become of an object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JudgedObject {
    /// Its key.
    pub key: ObjectKey,
    /// What it is.
    pub kind: StoredKind,
    /// What lies below the name of a run, beside `key`: plans, ledgers, outputs and archives of its parts, which go
    /// with it.
    pub parts: Vec<ObjectKey>,
    /// Its size, with that of `parts`.
    pub bytes: u64,
    /// When it was stored; of a run that was not gathered, when a machine last put something there.
    pub stored: Timestamp,
    /// When a machine last said that it works on a part of the run.
    beat: Option<Timestamp>,
    /// Why it stays, none if it goes.
    pub stays: Option<Stays>,
}

/// What is known beside the objects.
struct Known<'a> {
    /// The runs of the history, the newest first.
    runs: &'a [RunSummary],
    /// Runs that unfinished ones take inputs from.
    needed: &'a BTreeSet<RunId>,
    baselines: &'a [BaselineRule],
    /// Runs that machines work on.
    at_work: &'a BTreeSet<RunId>,
    now: Timestamp,
}

/// Returns all archives and cached results in the store, the oldest first, and what is to become of each.
pub fn judge(workspace: &Workspace, keep: &StoreKeep) -> Result<Vec<JudgedObject>, StepError> {
    let store = workspace.store()?;
    if let Some(source) = workspace.absent_store().filter(|_| !workspace.is_own_store()) {
        let store = store.location();
        return Err(StepError::Store(StoreError::List { prefix: "runs/".to_owned(), store, source }));
    }
    let mut listed = Vec::new();
    for prefix in ["runs/", "results/"] {
        listed.extend(store.list(prefix).map_err(StepError::Store)?);
    }
    let objects = gather(listed);
    let runs = match workspace.existing_history()? {
        Some(history) => history.runs(&RunFilter::default()).map_err(StepError::History)?,
        None => Vec::new(),
    };
    let mut needed = BTreeSet::new();
    for folder in RunFolder::all(workspace)? {
        let complete = folder.stored_run()?.is_some_and(|run| run.complete);
        if !complete {
            needed.extend(folder.plan_file().ok().and_then(|plan| plan.baseline));
            // Its archive may be what `--continue` on another machine begins with.
            needed.insert(folder.facts.id);
        }
    }
    let baselines = &workspace.project.baselines;
    let now = workspace.clock.now();
    let mut at_work = BTreeSet::new();
    let mut judged = objects;
    loop {
        let known = Known { runs: &runs, needed: &needed, baselines, at_work: &at_work, now };
        judged = decide(judged, keep, &known);
        // Where one stays, another may go in its place.
        let more = at_work_among(&*store, &judged, now)?;
        if more.is_empty() {
            return Ok(judged);
        }
        at_work.extend(more);
    }
}

/// Returns the runs that would go and that machines work on.
fn at_work_among(store: &dyn Store, judged: &[JudgedObject], now: Timestamp) -> Result<BTreeSet<RunId>, StepError> {
    let mut at_work = BTreeSet::new();
    for object in judged.iter().filter(|object| object.stays.is_none()) {
        // A holder writes its lease again with each beat.
        let is_fresh = object.beat.is_some_and(|beat| !is_old(beat, now));
        if let StoredKind::Archive { suite, run } | StoredKind::Published { suite, run } = &object.kind
            && is_fresh
            && is_worked_on(store, suite, run, now)?
        {
            at_work.insert(run.clone());
        }
    }
    Ok(at_work)
}

/// Tells whether something was a day ago.
fn is_old(then: Timestamp, now: Timestamp) -> bool {
    now.milliseconds().saturating_sub(then.milliseconds()) >= DAY
}

/// Removes an object, unless it is gone already.
pub fn remove(workspace: &Workspace, object: &JudgedObject) -> Result<(), StepError> {
    // First: an archive that no record names is still found by its name.
    if let StoredKind::Archive { run, .. } = &object.kind {
        forget_archive(workspace, run)?;
    }
    let store = workspace.store()?;
    // The archive goes last: as long as it is there, a removal that was stopped is found again.
    for key in object.parts.iter().chain([&object.key]) {
        store.delete(key).map_err(StepError::Store)?;
    }
    Ok(())
}

/// Takes the archive out of the record of a run in the history.
fn forget_archive(workspace: &Workspace, run: &RunId) -> Result<(), StepError> {
    let Some(history) = workspace.existing_history()? else { return Ok(()) };
    let Some(mut record) = history.load(run).map_err(StepError::History)? else { return Ok(()) };
    // What a newer program wrote is never written back.
    if record.run.archive.is_none() || record.version > RECORD_VERSION {
        return Ok(());
    }
    record.run.archive = None;
    record.run.artifacts.retain(|artifact| artifact.kind != ArtifactKind::Archive);
    history.record(&record).map(|_| ()).map_err(StepError::History)
}

/// Decides which objects stay.
fn decide(mut objects: Vec<JudgedObject>, keep: &StoreKeep, known: &Known<'_>) -> Vec<JudgedObject> {
    let archived: BTreeSet<&RunId> = objects.iter().filter_map(|object| run_of(object)).collect();
    let runs: Vec<RunSummary> = known.runs.iter().filter(|run| archived.contains(&run.id)).cloned().collect();
    let started: BTreeMap<&RunId, Timestamp> = runs.iter().map(|run| (&run.id, run.started)).collect();
    // A run is as old as its start, also where it was archived again.
    for object in &mut objects {
        let start = run_of(object).and_then(|run| started.get(run).copied());
        object.stored = start.unwrap_or(object.stored);
    }
    objects.sort_by(|a, b| (a.stored, &a.key).cmp(&(b.stored, &b.key)));
    let by_age = judge_by_rules(&objects, &runs, keep, known);
    for (object, stays) in objects.iter_mut().zip(by_age) {
        object.stays = stays;
    }
    if let Some(most) = keep.most {
        let bases = bases(&runs, &objects, known);
        make_fit(&mut objects, most, keep, &bases);
    }
    objects
}

fn run_of(object: &JudgedObject) -> Option<&RunId> {
    match &object.kind {
        StoredKind::Archive { run, .. } => Some(run),
        StoredKind::Published { .. } | StoredKind::Result => None,
    }
}

/// Decides by number, age and branch; the objects are sorted, the oldest first.
fn judge_by_rules(
    objects: &[JudgedObject],
    runs: &[RunSummary],
    keep: &StoreKeep,
    known: &Known<'_>,
) -> Vec<Option<Stays>> {
    // Where only a size is named, nothing goes for another reason.
    let all = (keep.runs.is_none() && keep.days.is_none()).then_some(u32::MAX);
    let rules = HistoryKeep { runs: keep.runs.or(all), days: keep.days, suite: None, branch: keep.branch.clone() };
    let judged: BTreeMap<&RunId, Option<Stays>> =
        runs.iter().map(|run| &run.id).zip(pruning_history::decide(runs, &rules, known.baselines, known.now)).collect();
    let youngest_to_go = keep.days.map(|days| known.now.milliseconds() - i64::from(days) * DAY);
    let is_young = |object: &JudgedObject| youngest_to_go.is_some_and(|limit| object.stored.milliseconds() > limit);
    let mut ranks: BTreeMap<(&SuiteName, bool), u32> = BTreeMap::new();
    let mut stays: Vec<Option<Stays>> = objects
        .iter()
        .rev()
        .map(|object| {
            let (suite, run, gathered) = match &object.kind {
                StoredKind::Archive { suite, run } => (suite, run, true),
                StoredKind::Published { suite, run } => (suite, run, false),
                StoredKind::Result => {
                    let untouched = keep.days.is_none() || keep.branch.is_some();
                    return (untouched || is_young(object)).then_some(Stays::Young);
                }
            };
            let rank = ranks.entry((suite, gathered)).or_default();
            *rank += 1;
            if known.at_work.contains(run) || !gathered && !is_old(object.stored, known.now) {
                return Some(Stays::AtWork);
            }
            if known.needed.contains(run) {
                return Some(Stays::Needed);
            }
            if let Some(stays) = judged.get(run) {
                return *stays;
            }
            // The history does not know it: neither its branch nor whether it is compared with.
            if keep.branch.is_some() || rules.runs.is_some_and(|runs| *rank <= runs) {
                Some(Stays::Recent)
            } else if is_young(object) {
                Some(Stays::Young)
            } else {
                // Nothing is compared with a run that was not gathered.
                (*rank == 1 && gathered).then_some(Stays::Baseline)
            }
        })
        .collect();
    stays.reverse();
    stays
}

/// Returns the runs that may not go for the sake of room: those that others are compared with.
fn bases(runs: &[RunSummary], objects: &[JudgedObject], known: &Known<'_>) -> BTreeSet<RunId> {
    let nothing = HistoryKeep { runs: Some(0), ..HistoryKeep::default() };
    let last = pruning_history::decide(runs, &nothing, known.baselines, known.now);
    let staying: BTreeSet<&RunId> = objects.iter().filter(|object| object.stays.is_some()).filter_map(run_of).collect();
    let kept: Vec<bool> = runs.iter().map(|run| staying.contains(&run.id)).collect();
    let merge_bases = pruning_history::merge_bases(runs, &kept);
    let protected = last.iter().zip(merge_bases).map(|(stays, is_base)| stays.is_some() || is_base);
    let mut bases: BTreeSet<RunId> =
        runs.iter().zip(protected).filter(|(_, protected)| *protected).map(|(run, _)| run.id.clone()).collect();
    bases.extend(known.needed.iter().cloned());
    // Of a suite that the history does not know, the newest archive.
    let suites: BTreeSet<&SuiteName> = runs.iter().map(|run| &run.suite).collect();
    let mut newest: BTreeMap<&SuiteName, &RunId> = BTreeMap::new();
    for object in objects {
        if let StoredKind::Archive { suite, run } = &object.kind {
            newest.insert(suite, run);
        }
    }
    bases.extend(newest.into_iter().filter(|(suite, _)| !suites.contains(suite)).map(|(_, run)| run.clone()));
    bases
}

/// Lets more go until the rest fits: results first, which can be made again, then archives, the oldest first.
fn make_fit(objects: &mut [JudgedObject], most: u64, keep: &StoreKeep, bases: &BTreeSet<RunId>) {
    let mut left: u64 = objects.iter().filter(|object| object.stays.is_some()).map(|object| object.bytes).sum();
    let results = |object: &JudgedObject| object.kind == StoredKind::Result;
    for only_results in [true, false] {
        for object in objects.iter_mut().filter(|object| results(object) == only_results) {
            let is_base = run_of(object).is_some_and(|run| bases.contains(run));
            // With a branch, nothing else is meant.
            let is_held = matches!(object.stays, None | Some(Stays::AtWork | Stays::Needed));
            if left <= most || is_held || is_base || keep.branch.is_some() {
                continue;
            }
            object.stays = None;
            left -= object.bytes;
        }
    }
}

#[cfg(test)]
mod tests;
