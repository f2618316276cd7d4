//! Which run `run: baseline` sources take from: that which the run will be compared with, so that what is told of
//! both is one story. Only runs count whose outputs can be had.

use super::super::comparing::{CANDIDATES, lineage_of};
use super::super::finding::{archive_of, find_archived, run_in};
use super::super::run_folder::RunFolder;
use super::super::{StepError, Workspace};
use crate::compare::{Known, choose, default_rules};
use crate::outside::environment::Ci;
use crate::outside::git;
use crate::outside::history::{History, RunFilter};
use crate::plan::Selection;
use crate::record::RunSummary;
use crate::suite::Suite;
use crate::value::{BaselineRule, Digest, RunId};
use std::collections::{BTreeMap, HashSet};

/// A run to take outputs from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChosenBaseline {
    /// The run.
    pub run: RunId,
    /// Why it is this one.
    pub why: String,
}

/// What a baseline is for.
#[derive(Debug, Clone, Copy)]
pub struct BaselineRequest<'a> {
    /// The suite.
    pub suite: &'a Suite,
    /// The part of it that is planned.
    pub selection: &'a Selection,
    /// A run that was asked for: its name, a unique part of it, or `last`.
    pub asked: Option<&'a str>,
    /// What CI says of the code.
    pub ci: &'a Ci,
}

/// Chooses the run that the `run: baseline` sources of a suite take from; none if there is no such source, or no
/// such run.
///
/// # Errors
/// A run that was asked for and cannot be had, or that nothing would take from.
pub fn choose_baseline(
    workspace: &Workspace,
    request: &BaselineRequest<'_>,
) -> Result<Option<ChosenBaseline>, StepError> {
    let BaselineRequest { suite, selection: _, asked, ci: _ } = *request;
    if let Some(asked) = asked {
        if !suite.takes_baseline() {
            return Err(StepError::usage(
                format!("suite `{}` takes nothing of an earlier run, so `--baseline` has no effect", suite.name),
                Some("an input that does is `{ of: STAGE/OUTPUT, run: baseline }`".to_owned()),
            ));
        }
        return named(workspace, asked).map(Some);
    }
    if !suite.takes_baseline() {
        return Ok(None);
    }
    let local = RunFolder::all(workspace)?;
    let recorded = match recorded(workspace, suite) {
        Err(StepError::History(error)) if error.is_away() => None,
        found => found?,
    };
    let head = head(workspace, request);
    let mut runs = recorded.unwrap_or_default();
    let known: HashSet<RunId> = runs.iter().map(|run| run.id.clone()).collect();
    let here: HashSet<&RunId> = local.iter().map(|folder| &folder.facts.id).collect();
    let rules = rules(workspace, &head);
    for rule in &rules {
        let of = |wanted: bool, commit: &Option<String>| {
            commit.as_deref().filter(|_| wanted).and_then(|commit| lineage_of(workspace, commit))
        };
        let lineage = of(matches!(rule, BaselineRule::Ancestor), &head.source.commit);
        let base_lineage = of(matches!(rule, BaselineRule::MergeBase), &head.source.merge_base);
        loop {
            let scene =
                Known { head: &head, runs: &runs, lineage: lineage.as_ref(), base_lineage: base_lineage.as_ref() };
            let chosen = choose(rule, &scene);
            let Some(&index) = chosen.runs.first() else { break };
            let run = &runs[index];
            if here.contains(&run.id) || archive_of(&*workspace.store()?, run)?.is_some() {
                let why = chosen.why.into_iter().next().unwrap_or_default();
                return Ok(Some(ChosenBaseline { run: run.id.clone(), why }));
            }
            runs.remove(index);
        }
    }
    unrecorded(local, &head, &known)
}

/// Returns a run that was asked for.
fn named(workspace: &Workspace, asked: &str) -> Result<ChosenBaseline, StepError> {
    let why = |run: &RunId| format!("{run} was named");
    let local = match RunFolder::find(workspace, asked, None) {
        Ok(folder) => return Ok(ChosenBaseline { why: why(&folder.facts.id), run: folder.facts.id }),
        Err(error @ StepError::Usage { .. }) => error,
        Err(error) => return Err(error),
    };
    match find_archived(workspace, &*workspace.store()?, asked) {
        Ok(key) => {
            let run = RunId::new(run_in(&key));
            Ok(ChosenBaseline { why: why(&run), run })
        }
        Err(StepError::Usage { .. }) => Err(local),
        Err(error) => Err(error),
    }
}

/// Returns the newest recorded runs of a suite. Their outputs are files: the kind of machine that made them does
/// not matter.
fn recorded(workspace: &Workspace, suite: &Suite) -> Result<Option<Vec<RunSummary>>, StepError> {
    let Some(history) = workspace.existing_history()? else { return Ok(None) };
    let history: &dyn History = &*history;
    let filter = RunFilter { suite: Some(suite.name.clone()), limit: Some(CANDIDATES), ..RunFilter::default() };
    let runs = history.runs(&filter).map_err(StepError::History)?.into_iter();
    Ok(Some(runs.map(|run| RunSummary { fingerprint: String::new(), ..run }).collect()))
}

/// Returns the rules by which a run is chosen: those of comparisons, as far as they choose one.
fn rules(workspace: &Workspace, head: &RunSummary) -> Vec<BaselineRule> {
    let chooses_one = |rule: &&BaselineRule| !matches!(rule, BaselineRule::Golden(_) | BaselineRule::Best(_));
    let named: Vec<BaselineRule> = workspace.project.baselines.iter().filter(chooses_one).cloned().collect();
    if named.is_empty() { default_rules(head) } else { named }
}

/// Returns what is known of the run that is about to be planned.
fn head(workspace: &Workspace, request: &BaselineRequest<'_>) -> RunSummary {
    let BaselineRequest { suite, selection, asked: _, ci } = *request;
    let now = workspace.clock.now();
    RunSummary {
        id: RunId::new("this run"),
        suite: suite.name.clone(),
        suite_file: String::new(),
        plan: Digest::of(b""),
        suite_digest: suite.digest(),
        started: now,
        finished: now,
        shmoo: String::new(),
        complete: false,
        filter: Selection { profile: None, ..selection.clone() }.arguments(),
        profile: selection.profile.clone(),
        stopped: Vec::new(),
        source: git::source_info(&workspace.folder, ci).ok().flatten().unwrap_or_default(),
        fingerprint: String::new(),
        archive: None,
        tasks: BTreeMap::new(),
        cases: BTreeMap::new(),
        costs: None,
    }
}

/// Returns the newest complete run of this machine that the history does not know.
fn unrecorded(
    local: Vec<RunFolder>,
    head: &RunSummary,
    known: &HashSet<RunId>,
) -> Result<Option<ChosenBaseline>, StepError> {
    for folder in local.into_iter().rev().filter(|folder| folder.facts.suite == head.suite) {
        if known.contains(&folder.facts.id) {
            continue;
        }
        let fits = |filter: &[String]| filter.is_empty() || filter == head.filter;
        if folder.stored_run()?.is_some_and(|run| run.complete && fits(&run.filter)) {
            let why = format!("{} is the last complete run on this machine", folder.facts.id);
            return Ok(Some(ChosenBaseline { run: folder.facts.id, why }));
        }
    }
    Ok(None)
}
