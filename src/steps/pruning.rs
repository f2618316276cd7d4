//! The step `prune`: which runs may leave this machine, and their removal.
//!
//! Only the folders in `.shmoo/runs` go, with those beside them that belong to the same run. The history and the
//! archives in the store stay, so that a run that went can be restored.

use super::archiving::archive_key;
use super::pruning_beside::Beside;
use super::run_folder::RunFolder;
use super::{StepError, Workspace};
use crate::config::Keep;
use crate::outside::disk::folder_bytes;
use crate::outside::lock::{LockError, RunLock};
use crate::outside::store::Store;
use crate::value::{RunId, SuiteName, Timestamp};
use std::collections::{BTreeMap, BTreeSet};
use std::fs;

/// Begins the names of folders that are being removed: such a folder is no run any more.
const REMOVED: &str = ".removed-";
const DAY: i64 = 86_400_000;

/// What is to become of a run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Judged {
    /// The run.
    pub run: RunId,
    /// Its suite.
    pub suite: SuiteName,
    /// When it started.
    pub started: Timestamp,
    /// Whether it was run to its end.
    pub complete: bool,
    /// What its folder takes on disk, with those that belong to it.
    pub bytes: u64,
    /// Why it stays, none if it goes.
    pub stays: Option<Stays>,
}

/// Why a run stays.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stays {
    /// It is one of the last of its suite.
    Recent,
    /// It is young.
    Young,
    /// It is the last complete run of its suite: the next one is compared with it.
    Baseline,
    /// An unfinished run takes inputs from it.
    Needed,
    /// A process works on it.
    Locked,
    /// Its folder is the only copy.
    OnlyCopy,
    /// The branch of a run that stays left its base there.
    MergeBase,
    /// The project names it as a baseline.
    Named,
    /// Machines work on its parts, or may do so.
    AtWork,
}

impl Stays {
    /// Returns the reason in words.
    pub fn words(self) -> &'static str {
        match self {
            Stays::Recent => "one of the last of its suite",
            Stays::Young => "young",
            Stays::Baseline => "the last complete run of its suite",
            Stays::Needed => "an unfinished run takes inputs from it",
            Stays::Locked => "another shmoo works on it",
            Stays::OnlyCopy => "the only copy: it is not in the store",
            Stays::MergeBase => "a run that stays left its base branch there",
            Stays::Named => "a baseline of the project",
            Stays::AtWork => "machines may still work on it",
        }
    }

    /// Tells whether the rules of the project keep the run, so that nobody needs to be told.
    pub fn is_usual(self) -> bool {
        matches!(self, Stays::Recent | Stays::Young | Stays::Baseline | Stays::MergeBase | Stays::Named)
    }
}

/// What is known of a run when it is judged.
#[derive(Debug, Clone)]
struct Candidate {
    run: RunId,
    suite: SuiteName,
    started: Timestamp,
    complete: bool,
    baseline: Option<RunId>,
    archived: bool,
    locked: bool,
}

/// Returns all runs on this machine, the oldest first, and what is to become of each. With
/// `only_copies`, runs that are not in the store may go, too.
pub fn judge(workspace: &Workspace, keep: Keep, only_copies: bool) -> Result<Vec<Judged>, StepError> {
    let folders = RunFolder::all(workspace)?;
    if folders.is_empty() {
        return Ok(Vec::new());
    }
    let store = workspace.store()?;
    let beside = Beside::of(workspace)?;
    let mut candidates = Vec::new();
    for folder in &folders {
        let mut candidate = candidate(workspace, folder, &*store)?;
        candidate.locked = candidate.locked || beside.is_locked(workspace, &candidate.run)?;
        candidates.push(candidate);
    }
    let stays = decide(&candidates, keep, workspace.clock.now(), only_copies);
    let mut judged = Vec::new();
    for ((folder, candidate), stays) in folders.iter().zip(candidates).zip(stays) {
        let Candidate { run, suite, started, complete, .. } = candidate;
        let bytes = folder_bytes(&folder.path).map_err(StepError::disk("read", &folder.path))? + beside.bytes(&run)?;
        judged.push(Judged { run, suite, started, complete, bytes, stays });
    }
    Ok(judged)
}

fn candidate(workspace: &Workspace, folder: &RunFolder, store: &dyn Store) -> Result<Candidate, StepError> {
    let facts = &folder.facts;
    let stored = folder.stored_run()?;
    let key = stored.as_ref().and_then(|run| run.archive.as_ref()?.parse().ok());
    // The record of a restored or copied folder may not name it: where it would be is known.
    let key = key.unwrap_or_else(|| archive_key(&facts.suite, &facts.id));
    let archived = store.head(&key).map_err(StepError::Store)?.is_some_and(|info| info.bytes > 0);
    let locked = match RunLock::acquire(&folder.path, &*workspace.clock) {
        Ok(_) => false,
        Err(LockError::Held { .. }) => true,
        Err(error) => return Err(StepError::Lock(error)),
    };
    Ok(Candidate {
        run: facts.id.clone(),
        suite: facts.suite.clone(),
        started: facts.started,
        complete: stored.is_some_and(|run| run.complete),
        baseline: folder.plan_file().ok().and_then(|plan| plan.baseline),
        archived,
        locked,
    })
}

/// Decides which runs stay; the candidates are sorted, the oldest first.
fn decide(candidates: &[Candidate], keep: Keep, now: Timestamp, only_copies: bool) -> Vec<Option<Stays>> {
    let mut later: BTreeMap<&SuiteName, u32> = BTreeMap::new();
    let mut has_complete: BTreeSet<&SuiteName> = BTreeSet::new();
    let needed: BTreeSet<&RunId> =
        candidates.iter().filter(|run| !run.complete).filter_map(|run| run.baseline.as_ref()).collect();
    let youngest_to_go = now.milliseconds() - i64::from(keep.days) * DAY;
    let mut stays: Vec<Option<Stays>> = candidates
        .iter()
        .rev()
        .map(|run| {
            let rank = later.entry(&run.suite).or_default();
            *rank += 1;
            let baseline = run.complete && has_complete.insert(&run.suite);
            if run.locked {
                Some(Stays::Locked)
            } else if *rank <= keep.runs {
                Some(Stays::Recent)
            } else if run.started.milliseconds() > youngest_to_go {
                Some(Stays::Young)
            } else if baseline {
                Some(Stays::Baseline)
            } else if needed.contains(&run.run) {
                Some(Stays::Needed)
            } else if !run.archived && !only_copies {
                Some(Stays::OnlyCopy)
            } else {
                None
            }
        })
        .collect();
    stays.reverse();
    stays
}

/// Removes a run from this machine.
pub fn remove(workspace: &Workspace, run: &RunId) -> Result<(), StepError> {
    let folder = RunFolder::find(workspace, run.as_str(), None)?;
    let lock = RunLock::acquire(&folder.path, &*workspace.clock).map_err(StepError::Lock)?;
    // While the run is there, a process that is killed here leaves nothing that no run names.
    Beside::of(workspace)?.remove(run)?;
    // Renamed first: half a run is no run.
    let doomed = workspace.runs().join(format!("{REMOVED}{run}"));
    fs::rename(&folder.path, &doomed).map_err(StepError::disk("remove", &folder.path))?;
    drop(lock);
    fs::remove_dir_all(&doomed).map_err(StepError::disk("remove", &doomed))
}

/// Removes what a process that was killed while it removed runs has left; returns how many there were.
pub fn sweep_leftovers(workspace: &Workspace) -> Result<usize, StepError> {
    let runs = workspace.runs();
    let Ok(entries) = fs::read_dir(&runs) else { return Ok(0) };
    let mut swept = 0;
    for entry in entries {
        let path = entry.map_err(StepError::disk("read", &runs))?.path();
        if path.file_name().is_some_and(|name| name.to_string_lossy().starts_with(REMOVED)) {
            fs::remove_dir_all(&path).map_err(StepError::disk("remove", &path))?;
            swept += 1;
        }
    }
    Ok(swept)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A run for each word: its suite `a` or `b`, then `-` not complete, `!` not archived, `*` locked,
    /// `<` unfinished, takes from the first run.
    fn candidates(text: &str) -> Vec<Candidate> {
        let one = |(index, word): (usize, &str)| Candidate {
            run: RunId::new(format!("r{index}")),
            suite: SuiteName::new(&word[..1]),
            started: Timestamp::from_milliseconds(index as i64 * DAY),
            complete: !word.contains(['-', '<']),
            baseline: word.contains('<').then(|| RunId::new("r0")),
            archived: !word.contains('!'),
            locked: word.contains('*'),
        };
        text.split_whitespace().enumerate().map(one).collect()
    }

    fn check(text: &str, runs: u32, days: u32, expected: &str) {
        let now = Timestamp::from_milliseconds(10 * DAY);
        let letters: Vec<&str> = decide(&candidates(text), Keep { runs, days }, now, false)
            .into_iter()
            .map(|stays| match stays {
                None => "goes",
                Some(Stays::Recent) => "recent",
                Some(Stays::Young) => "young",
                Some(Stays::Baseline) => "baseline",
                Some(Stays::Needed) => "needed",
                Some(Stays::Locked) => "locked",
                Some(Stays::OnlyCopy) => "copy",
                Some(Stays::MergeBase | Stays::Named | Stays::AtWork) => "of the history",
            })
            .collect();
        assert_eq!(letters.join(" "), expected, "{text}");
    }

    #[test]
    fn rules() {
        check("", 1, 0, "");
        check("a a a", 2, 0, "goes recent recent");
        check("a b a b", 1, 0, "goes goes recent recent");
        check("a a a", 0, 0, "goes goes baseline");
        check("a a- a-", 1, 0, "baseline goes recent");
        check("a a a a", 1, 9, "goes goes young recent");
        check("a! a a", 1, 0, "copy goes recent");
        check("a* a a", 1, 0, "locked goes recent");
        check("a a a<", 1, 0, "needed baseline recent");
    }

    #[test]
    fn only_copies_go_when_asked() {
        let stays = decide(&candidates("a! a"), Keep { runs: 1, days: 0 }, Timestamp::from_milliseconds(0), true);
        assert_eq!(stays, [None, Some(Stays::Recent)]);
    }
}
