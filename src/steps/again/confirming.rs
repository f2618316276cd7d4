//! The step `confirm`: what a comparison finds suspicious is measured again, base and head in turn on this
//! machine.
//!
//! The commits other than the one that is checked out come from work trees of their own, which go
//! afterwards. What was measured is kept in `.shmoo/confirm/NAME/` and, as two runs with the filter
//! `--confirm RUN`, in the history: no rule takes such a run as a base or as an earlier run.

use super::in_turn::{Terms, Turns, Wanted, measure_in_turn};
use super::side::{Closed, Side, SideRequest};
use super::source_tree::{Repository, SourceTree};
use super::stopping::{Stop, runtime};
use crate::compare::{Comparison, Confirmation, Measurement, Reading, Remeasured, Suspect, confirm, suspects};
use crate::ledger::{MeasuredValue, last_time};
use crate::outside::git;
use crate::record::{self, CONFIRM_MARK, MetricRow, RunRecord, SourceInfo};
use crate::stats::median;
use crate::steps::finding::AnyRun;
use crate::steps::record_file::write_record;
use crate::steps::recording;
use crate::steps::run_folder::write_json;
use crate::steps::running::{RunRequest, jobs, run_id};
use crate::steps::workspace::load_suite_file;
use crate::steps::{StepError, Workspace};
use crate::value::RunId;
use serde::Serialize;
use std::collections::{HashMap, HashSet};
use std::fs;
use std::path::{Path, PathBuf};

/// What the sides are called.
const NAMES: [&str; 2] = ["base", "head"];

/// How to confirm.
pub struct ConfirmRequest {
    /// How often base and head are measured.
    pub pairs: u32,
    /// Decides the order of measurements; none = another one each time.
    pub seed: Option<u64>,
    /// Also measure again what improved.
    pub improved: bool,
    /// Take work trees and runs with uncommitted changes.
    pub dirty_ok: bool,
    /// The folder of the user.
    pub current: PathBuf,
    /// How to run.
    pub run: RunRequest,
}

/// What was found.
#[derive(Debug, Default, Serialize)]
pub struct Confirmed {
    /// Pairs that were asked for.
    pub pairs: u32,
    /// What decided the order.
    pub seed: u64,
    /// The runs that were made of it: base, head; none if nothing was suspicious.
    pub runs: Option<[RunId; 2]>,
    /// One for each suspicion, in the order of the comparison.
    pub confirmations: Vec<Confirmation>,
    /// Tasks that ended in error or at their time limit.
    pub broken: Vec<String>,
    /// The signal that ended it early.
    pub stopped: Option<String>,
}

/// Measures the suspicious changes of a comparison again. `base` is its record if no run of the history is;
/// `tell` hears what is about to happen.
pub fn confirm_comparison(
    workspace: &Workspace,
    head: &AnyRun,
    base: Option<RunRecord>,
    comparison: &Comparison,
    request: &ConfirmRequest,
    tell: &mut dyn FnMut(&str),
) -> Result<Confirmed, StepError> {
    let head_record = &head.recorded.record;
    let base = match base {
        Some(base) => base,
        None => recorded_base(workspace, comparison)?,
    };
    let suite = &head.plan.suite;
    let suspects = suspects(head_record, &base, suite, &comparison.changes, request.improved);
    let seed = request.seed.unwrap_or_else(|| workspace.clock.now().milliseconds() as u64);
    if suspects.is_empty() {
        return Ok(Confirmed { pairs: request.pairs, seed, ..Confirmed::default() });
    }
    let repository = Repository::of(workspace, &request.current)?;
    let sources = sources(&repository, workspace, [&base, head_record], request)?;
    let stop = Stop::listen()?;
    let id = run_id(suite.name.as_str(), workspace.clock.now(), 0);
    let folder = workspace.folder.join(".shmoo/confirm").join(id.as_str());
    workspace.make_own_folder()?;
    let scene = Scene { workspace, head, request, repository: &repository, folder: &folder, id: &id };
    let measured = scene.measure(&sources, &[&base, head_record], &suspects, seed, &stop, tell);
    if measured.is_err() {
        // It says nothing about anything.
        let _ = fs::remove_dir_all(&folder);
    }
    measured
}

fn recorded_base(workspace: &Workspace, comparison: &Comparison) -> Result<RunRecord, StepError> {
    let none = |message: String| StepError::usage(message, Some("name a run: `--base RUN`".to_owned()));
    let Some(base) = &comparison.base else { return Err(none("there is nothing to compare with".to_owned())) };
    let found = workspace.history()?.load(&base.run).map_err(StepError::History)?;
    found.ok_or_else(|| none(format!("the base, {}, is no recorded run, and no commit can be built of it", base.run)))
}

/// Where a side comes from.
struct SourceOf {
    /// The commit, and whether it is what is checked out.
    commit: String,
    in_place: bool,
    info: SourceInfo,
}

/// Says where base and head come from, or why they cannot be had.
fn sources(
    repository: &Repository,
    workspace: &Workspace,
    records: [&RunRecord; 2],
    request: &ConfirmRequest,
) -> Result<Vec<SourceOf>, StepError> {
    let here = git::source_info(&workspace.folder, &request.run.ci).map_err(StepError::Git)?.unwrap_or_default();
    let refuse = |message: String| {
        let hint = "commit the changes and run again, or take it as it is with `--dirty-ok`";
        Err(StepError::usage(message, Some(hint.to_owned())))
    };
    let mut sources = Vec::new();
    for (record, name) in records.into_iter().zip(NAMES) {
        let run = &record.run;
        let Some(commit) = &run.source.commit else {
            return Err(StepError::usage(format!("the commit of the {name}, run {}, is not known", run.id), None));
        };
        if run.source.dirty == Some(true) && !request.dirty_ok {
            return refuse(format!("the {name}, run {}, had uncommitted changes", run.id));
        }
        let in_place = name == "head" && here.commit.as_ref() == Some(commit);
        if in_place && here.dirty == Some(true) && !request.dirty_ok {
            return refuse("the work tree has uncommitted changes, which the head would be measured with".to_owned());
        }
        repository.commit(commit)?;
        let dirty = if in_place { here.dirty } else { Some(false) };
        let info = SourceInfo { dirty, ..run.source.clone() };
        sources.push(SourceOf { commit: commit.clone(), in_place, info });
    }
    Ok(sources)
}

struct Scene<'a> {
    workspace: &'a Workspace,
    head: &'a AnyRun,
    request: &'a ConfirmRequest,
    repository: &'a Repository,
    folder: &'a Path,
    id: &'a RunId,
}

impl Scene<'_> {
    fn measure(
        &self,
        sources: &[SourceOf],
        records: &[&RunRecord; 2],
        suspects: &[Suspect],
        seed: u64,
        stop: &Stop,
        tell: &mut dyn FnMut(&str),
    ) -> Result<Confirmed, StepError> {
        let runtime = runtime()?;
        // They go when this function ends, however it does.
        let mut trees = Vec::new();
        for (source, name) in sources.iter().zip(NAMES) {
            if !source.in_place {
                tell(&format!("{name}: checking out {}", crate::report::commit_name(&source.commit)));
                trees.push(Some(SourceTree::at(self.workspace, self.repository, &source.commit)?));
            } else {
                trees.push(None);
            }
        }
        let mut sides = Vec::new();
        for (number, (source, tree)) in sources.iter().zip(&trees).enumerate() {
            sides.push(self.side(number, source, tree.as_ref(), &records[number].run.suite_file)?);
        }
        let wanted: Vec<Wanted> = suspects
            .iter()
            .map(|suspect| Wanted { at: vec![suspect.base.clone(), suspect.head.clone()], exact: suspect.is_exact() })
            .collect();
        let jobs = jobs(self.workspace, self.request.run.jobs);
        let rounds = self.request.pairs;
        let terms = Terms { rounds, seed, jobs, names: &NAMES, runtime: &runtime, stop };
        let turns = measure_in_turn(&mut sides, &wanted, &terms, tell)?;
        let stopped = stop.heard().map(str::to_owned);
        let stopped = stopped.or_else(|| sides.iter().find_map(|side| side.stopped.clone()));
        let broken: Vec<String> = sides
            .iter()
            .zip(NAMES)
            .flat_map(|(side, name)| side.broken().into_iter().map(move |told| format!("{name}: {told}")))
            .collect();
        let runs = self.keep(sides, suspects, &turns, stopped.as_deref())?;
        drop(trees);
        let remeasured: Vec<Remeasured> = suspects.iter().zip(turns).map(paired_up).collect();
        let confirmations = confirm(&remeasured);
        let confirmed = Confirmed { pairs: rounds, seed, runs: Some(runs), confirmations, broken, stopped };
        write_json(&self.folder.join("confirm.json"), &confirmed)?;
        if confirmed.broken.is_empty() && confirmed.stopped.is_none() {
            for part in NAMES.iter().flat_map(|name| ["work", "files"].map(|part| self.folder.join(name).join(part))) {
                fs::remove_dir_all(&part).map_err(StepError::disk("remove", &part))?;
            }
        }
        Ok(confirmed)
    }

    fn side(
        &self,
        number: usize,
        source: &SourceOf,
        tree: Option<&SourceTree>,
        suite_file: &str,
    ) -> Result<Side, StepError> {
        let top = tree.map_or_else(|| self.repository.top.clone(), SourceTree::top);
        let path = self.repository.suite(&top, suite_file)?;
        let mut loaded = load_suite_file(&path)?;
        loaded.name = suite_file.to_owned();
        let other = tree.map(|_| SourceTree::workspace(&top, &path, self.workspace)).transpose()?;
        Side::prepare(SideRequest {
            world: self.workspace,
            own: other.as_ref().unwrap_or(self.workspace),
            loaded,
            selection: self.head.plan.selection.clone(),
            baseline: self.head.plan.baseline.clone(),
            folder: &self.folder.join(NAMES[number]),
            id: RunId::new(format!("{}-{}", self.id, NAMES[number])),
            source: source.info.clone(),
            run: &self.request.run,
        })
    }

    /// Keeps what was measured, as runs of their own kind.
    fn keep(
        &self,
        sides: Vec<Side>,
        suspects: &[Suspect],
        turns: &[Turns],
        stopped: Option<&str>,
    ) -> Result<[RunId; 2], StepError> {
        let mut ids = Vec::new();
        for (number, side) in sides.into_iter().enumerate() {
            let closed = side.close()?;
            let of_side = |suspect: &Suspect| if number == 0 { suspect.base.clone() } else { suspect.head.clone() };
            let measured = suspects.iter().zip(turns).map(|(suspect, turns)| {
                let samples = turns.turns.iter().filter_map(|turn| match turn.readings[number].value {
                    MeasuredValue::Number(value) => Some(value),
                    MeasuredValue::Text(_) => None,
                });
                (of_side(suspect), samples.collect())
            });
            let record = self.record(&closed, measured.collect(), stopped)?;
            write_record(&closed.folder.path.join("record.json"), &record)?;
            recording::store(self.workspace, &record)?;
            ids.push(record.run.id);
        }
        Ok([ids[0].clone(), ids[1].clone()])
    }

    /// Returns the record of a side: of the tasks that ran, and of the metrics that were asked for, with all
    /// that was measured of them.
    fn record(
        &self,
        closed: &Closed,
        measured: HashMap<Measurement, Vec<f64>>,
        stopped: Option<&str>,
    ) -> Result<RunRecord, StepError> {
        let Closed { folder, plan, last } = closed;
        let (folded, files) = folder.fold()?;
        let mut record = record::build(plan, folded, folder.record_facts(last_time(&files), None));
        let ran: HashSet<_> = last.values().map(|finished| &finished.task).collect();
        record.tasks.retain(|task| ran.contains(&task.task));
        // A case is judged by all of its tasks, of which some ran.
        record.cases.clear();
        record.metrics.retain_mut(|row| {
            let MetricRow { stage, point, metric, value, samples, .. } = row;
            let at = Measurement { stage: stage.clone(), point: point.clone(), metric: metric.clone() };
            let Some(all) = measured.get(&at) else { return false };
            if !all.is_empty() {
                (*value, *samples) = (MeasuredValue::Number(median(all)), all.clone());
            }
            true
        });
        record.run.filter = vec![CONFIRM_MARK.to_owned(), self.head.recorded.record.run.id.to_string()];
        record.run.stopped.extend(stopped.map(str::to_owned));
        record.run.stopped.dedup();
        record.run.complete = record.run.stopped.is_empty();
        Ok(record)
    }
}

fn paired_up((suspect, turns): (&Suspect, Turns)) -> Remeasured {
    let pair = |turn: super::in_turn::Turn| {
        let mut readings = turn.readings.into_iter();
        let next: (Option<Reading>, Option<Reading>) = (readings.next(), readings.next());
        next.0.zip(next.1).map(|(base, head)| (base, head, turn.first == 1))
    };
    let pairs = turns.turns.into_iter().filter_map(pair).collect();
    Remeasured { suspect: suspect.clone(), pairs, trouble: turns.trouble }
}
