//! The step `compare`: a record against others, chosen by rules.

use super::finding::find_recorded;
use super::following::follow;
use super::golden_files::{is_iree, read_iree, read_table};
use super::judging::folder_of_suite;
use super::noise::{Fetch, earlier_runs, metrics_of_base, metrics_of_head};
use super::recipes::Recipe;
use super::{StepError, Workspace, own_suite};
use crate::check::golden::{Table, planned_points};
use crate::compare::{
    Chosen, Comparison, EarlierRuns, GoldenValue, Known, Lineage, NOISE_RUNS, Paired, Surroundings, best_of, choose,
    compare, compare_paired, default_rules, golden_base, noise_runs, orphans, put_reds, recorded_suite, renamed_cases,
    stand_in, unmeasured,
};
use crate::ledger::MeasuredValue;
use crate::outside::git;
use crate::outside::history::{History, RunFilter, Seen, StoredRecord};
use crate::record::{RECORD_FORMAT, RunInfo, RunRecord, RunSummary};
use crate::suite::Suite;
use crate::value::{BaselineRule, PointName, RunId, Scalar};
use std::collections::{BTreeSet, HashSet};
use std::fs;
use std::path::Path;

/// How many of the newest runs are looked at for one to compare with.
pub(super) const CANDIDATES: u64 = 2000;
/// How many of the newest runs are searched for what the suite has not any more.
const RECENT: u64 = 50;
/// How many runs are asked what their cases are called now, the newest.
const MOST_RENAMED: usize = 8;

/// Returns what to compare with: what was asked for, else what the project says, else as fits the run.
pub fn rules(workspace: &Workspace, asked: &[BaselineRule], record: &RunRecord) -> Vec<BaselineRule> {
    let project = &workspace.project.baselines;
    match (asked, project.as_slice()) {
        ([], []) => default_rules(&RunSummary::of(record)),
        ([], project) => project.to_vec(),
        (asked, _) => asked.to_vec(),
    }
}

/// Compares a record by each of the rules.
pub fn compare_by(
    workspace: &Workspace,
    suite: &Suite,
    record: &RunRecord,
    rules: &[BaselineRule],
) -> Result<Vec<Comparison>, StepError> {
    let history = workspace.history()?;
    let scene = Scene::of(workspace, &*history, record)?;
    let mut comparisons = Vec::new();
    for rule in rules {
        let ToCompare { base, noise, why } = scene.to_compare(suite, record, rule)?;
        let (mut comparison, paired) = compare_with_noise(record, base.as_ref(), why, suite, noise.as_ref());
        comparison.rule = Some(rule.clone());
        // How metrics went is the same for all bases.
        if comparisons.is_empty() {
            let changes = (&mut comparison, &paired);
            follow(&*history, &scene.runs, record, base.as_ref(), suite, changes, noise)?;
        }
        if let Some(base) = &base {
            let of_many = matches!(rule, BaselineRule::Golden(_) | BaselineRule::Best(_));
            let made_up = of_many && !scene.runs.iter().any(|run| run.id == base.run.id);
            scene.tell_reds(suite, record, base, made_up, &mut comparison);
        }
        comparisons.push(comparison);
    }
    // With itself a run has nothing to tell.
    let first =
        comparisons.first_mut().filter(|found| found.base.as_ref().is_some_and(|base| base.run != record.run.id));
    if let Some(first) = first {
        first.notes.extend(scene.orphans(suite, record)?);
    }
    Ok(comparisons)
}

/// Compares a record with another, which may be no recorded one, with the runs before it in the history.
pub fn compare_with_record(
    workspace: &Workspace,
    suite: &Suite,
    record: &RunRecord,
    base: &RunRecord,
) -> Result<Comparison, StepError> {
    let history = workspace.history()?;
    let scene = Scene::of(workspace, &*history, record)?;
    let noise = earlier_runs(&*history, &scene.runs, record, base)?;
    let why = vec!["it was named as a file".to_owned()];
    let (mut comparison, paired) = compare_with_noise(record, Some(base), why, suite, Some(&noise));
    follow(&*history, &scene.runs, record, Some(base), suite, (&mut comparison, &paired), Some(noise))?;
    scene.tell_reds(suite, record, base, false, &mut comparison);
    Ok(comparison)
}

/// Compares two records that are files: the suite is what the later one tells of it, and no earlier runs
/// are known.
pub fn compare_files(head: &RunRecord, base: &RunRecord) -> Result<Comparison, StepError> {
    let suite = recorded_suite(head).map_err(|error| StepError::usage(told(&error), None))?;
    let why = vec!["both were named as files: without a project no earlier runs are known".to_owned()];
    let mut comparison = compare(head, Some(base), why, &suite, &EarlierRuns::default());
    put_reds(&mut comparison, head, base, Surroundings::default());
    Ok(comparison)
}

/// Reads the record file of a run.
pub fn read_record(path: &Path) -> Result<RunRecord, StepError> {
    let bytes = fs::read(path).map_err(|source| StepError::Read { path: path.to_owned(), source })?;
    let hint = || Some("a run's record is `.shmoo/runs/RUN/record.json`".to_owned());
    let bad = |why: String| StepError::usage(format!("`{}` is no record of a run: {why}", path.display()), hint());
    let record: RunRecord = serde_json::from_slice(&bytes).map_err(|error| bad(error.to_string()))?;
    if record.format != RECORD_FORMAT {
        return Err(bad(format!("its `format` is `{}`", record.format)));
    }
    Ok(record)
}

/// Smaller files are read in the time that a thread takes to begin.
const WORTH_A_THREAD: u64 = 1 << 17;

/// Reads two record files, large ones side by side: parsing is most of the time that comparing them takes.
///
/// # Errors
/// That of the first, if both cannot be read.
pub fn read_records(first: &Path, second: &Path) -> Result<(RunRecord, RunRecord), StepError> {
    let is_small = |path: &Path| fs::metadata(path).is_ok_and(|file| file.len() < WORTH_A_THREAD);
    if is_small(first) || is_small(second) {
        return Ok((read_record(first)?, read_record(second)?));
    }
    let (first, second) = std::thread::scope(|scope| {
        let second = scope.spawn(|| read_record(second));
        (read_record(first), second.join())
    });
    let second = second.unwrap_or_else(|panic| std::panic::resume_unwind(panic));
    Ok((first?, second?))
}

/// Returns an error with its causes.
fn told(error: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(error.source(), |cause| cause.source());
    causes.fold(error.to_string(), |text, cause| format!("{text}: {cause}"))
}

/// Returns what a commit builds on. Without git, or where it does not know the commit, nothing is known of it.
pub(super) fn lineage_of(workspace: &Workspace, commit: &str) -> Option<Lineage> {
    let ancestry = git::ancestry(&workspace.folder, commit).ok().flatten()?;
    Some(Lineage::new(commit, &ancestry.commits, ancestry.shallow))
}

fn compare_with_noise(
    record: &RunRecord,
    base: Option<&RunRecord>,
    why: Vec<String>,
    suite: &Suite,
    noise: Option<&Fetch<'_>>,
) -> (Comparison, Paired) {
    let none = EarlierRuns::default();
    compare_paired(record, base, why, suite, noise.map_or(&none, |noise| &noise.earlier))
}

/// A base, and what its comparison needs.
struct ToCompare<'a> {
    base: Option<RunRecord>,
    /// What runs before the head measured; none where there is no base, or one without noise.
    noise: Option<Fetch<'a>>,
    /// Why it is this base, or none.
    why: Vec<String>,
}

/// What bases are chosen from.
struct Scene<'a> {
    workspace: &'a Workspace,
    history: &'a dyn History,
    head: RunSummary,
    runs: Vec<RunSummary>,
}

impl<'a> Scene<'a> {
    fn of(workspace: &'a Workspace, history: &'a dyn History, record: &RunRecord) -> Result<Scene<'a>, StepError> {
        let head = RunSummary::of(record);
        let filter = RunFilter { suite: Some(head.suite.clone()), limit: Some(CANDIDATES), ..RunFilter::default() };
        let runs = history.runs(&filter).map_err(StepError::History)?;
        Ok(Scene { workspace, history, head, runs })
    }

    /// Returns the base of a rule.
    fn to_compare(
        &self,
        suite: &Suite,
        record: &'a RunRecord,
        rule: &BaselineRule,
    ) -> Result<ToCompare<'a>, StepError> {
        match rule {
            BaselineRule::Golden(file) => {
                let base = golden_base(record, file, &self.golden(suite, record, file)?);
                let why = vec![format!("the golden table `{file}` was named")];
                Ok(ToCompare { base: Some(base), noise: None, why })
            }
            BaselineRule::Run(name) => {
                let (run, why) = self.named(name)?;
                self.fetch(suite, record, &[&run], why)
            }
            _ => {
                let (runs, why) = self.chosen(rule);
                self.fetch(suite, record, &runs, why)
            }
        }
    }

    /// Fetches the base that is the best of some runs, the newest first, and the noise that it is held against, both
    /// at a time.
    fn fetch(
        &self,
        suite: &Suite,
        record: &'a RunRecord,
        runs: &[&RunSummary],
        mut why: Vec<String>,
    ) -> Result<ToCompare<'a>, StepError> {
        let Some(newest) = runs.first() else { return Ok(ToCompare { base: None, noise: None, why }) };
        let packed = runs.iter().filter_map(|run| self.history.packed(&run.id).transpose());
        let packed: Vec<StoredRecord> = packed.collect::<Result<_, _>>().map_err(StepError::History)?;
        let (noise, base) = std::thread::scope(|scope| -> Result<(Fetch<'a>, _), StepError> {
            let (history, all) = (self.history, self.runs.as_slice());
            let noise = scope.spawn(move || {
                let like = Recipe::of_run(history, &newest.id)?.unwrap_or_else(|| Recipe::of(record));
                metrics_of_head(history, all, record, *newest, like)
            });
            let records: Result<Vec<RunRecord>, _> = packed.iter().map(StoredRecord::unpack).collect();
            let base = records.map_err(StepError::History).map(|records| best_of(&records, suite));
            let noise = noise.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
            base.and_then(|base| Ok((noise?, base)))
        })?;
        let Some(mut base) = base else { return Ok(ToCompare { base: None, noise: None, why }) };
        why.extend(self.stand_ins(suite, record, &mut base)?);
        let noise = metrics_of_base(noise, record, &base)?;
        Ok(ToCompare { base: Some(base), noise: Some(noise), why })
    }

    /// Puts into a base whose tasks failed what the nearest earlier runs measured there, and says so.
    fn stand_ins(&self, suite: &Suite, record: &RunRecord, base: &mut RunRecord) -> Result<Vec<String>, StepError> {
        let mut missing = unmeasured(record, base, suite);
        let mut said = Vec::new();
        if missing == 0 {
            return Ok(said);
        }
        let runs = noise_runs(&self.head, &base.run, &self.runs, NOISE_RUNS);
        let own = base.run.id.clone();
        for run in runs.into_iter().rev().filter(|run| run.id != own) {
            let Some(other) = self.history.load(&run.id).map_err(StepError::History)? else { continue };
            let found = stand_in(record, base, &other, suite);
            if found > 0 {
                let values = if found == 1 { "1 metric".to_owned() } else { format!("{found} metrics") };
                said.push(format!("{values} that it planned and did not measure come from {}", run.id));
            }
            missing -= found.min(missing);
            if missing == 0 {
                break;
            }
        }
        if missing > 0 {
            let values = if missing == 1 { "1 metric".to_owned() } else { format!("{missing} metrics") };
            said.push(format!("{values} that it planned and did not measure have nothing to compare with"));
        }
        Ok(said)
    }

    /// Says what else changed beside every red mark.
    fn tell_reds(
        &self,
        suite: &Suite,
        record: &RunRecord,
        base: &RunRecord,
        made_up: bool,
        comparison: &mut Comparison,
    ) {
        let commits = match (&base.run.source.commit, &record.run.source.commit) {
            (Some(from), Some(to)) if from != to => {
                git::commits_between(&self.workspace.folder, from, to).ok().flatten()
            }
            _ => None,
        };
        put_reds(comparison, record, base, Surroundings { suite: Some(suite), commits, made_up });
    }

    /// Returns the runs that a rule takes, the newest first, and why.
    fn chosen(&self, rule: &BaselineRule) -> (Vec<&RunSummary>, Vec<String>) {
        let source = &self.head.source;
        let lineage = match rule {
            BaselineRule::Ancestor => source.commit.as_deref().and_then(|commit| lineage_of(self.workspace, commit)),
            _ => None,
        };
        let base_lineage = match rule {
            BaselineRule::MergeBase => {
                source.merge_base.as_deref().and_then(|commit| lineage_of(self.workspace, commit))
            }
            _ => None,
        };
        let (lineage, base_lineage) = (lineage.as_ref(), base_lineage.as_ref());
        let Chosen { runs, why } = choose(rule, &Known { head: &self.head, runs: &self.runs, lineage, base_lineage });
        (runs.into_iter().map(|run| &self.runs[run]).collect(), why)
    }

    /// A named run may be any that is recorded, of whatever suite.
    fn named(&self, name: &str) -> Result<(RunSummary, Vec<String>), StepError> {
        let run = find_recorded(self.history, name, None)?;
        let rule = BaselineRule::Run(run.id.to_string());
        let runs = std::slice::from_ref(&run);
        let why = choose(&rule, &Known { head: &self.head, runs, lineage: None, base_lineage: None }).why;
        Ok((run, why))
    }

    fn orphans(&self, suite: &Suite, record: &RunRecord) -> Result<Vec<String>, StepError> {
        let filter = RunFilter { suite: Some(self.head.suite.clone()), limit: Some(RECENT), ..RunFilter::default() };
        let Seen { metrics, cases } = self.history.seen(&filter, Some(&record.run.plan)).map_err(StepError::History)?;
        Ok(orphans(record, suite, &metrics, &self.without_renamed(suite, record, cases)?))
    }

    /// Leaves out cases that the suite has under another name: the runs that they are last in tell their parameters.
    fn without_renamed(
        &self,
        suite: &Suite,
        record: &RunRecord,
        mut cases: Vec<(PointName, RunId)>,
    ) -> Result<Vec<(PointName, RunId)>, StepError> {
        if suite.schema.params().iter().all(|param| param.was.is_empty()) {
            return Ok(cases);
        }
        let planned: HashSet<&PointName> = record.cases.iter().map(|case| &case.name).collect();
        let unknown = cases.iter().filter(|(case, _)| !planned.contains(case));
        let runs: BTreeSet<&RunId> = unknown.map(|(_, run)| run).collect();
        let mut is_there = HashSet::new();
        for run in runs.into_iter().rev().take(MOST_RENAMED) {
            let Some(earlier) = self.history.load(run).map_err(StepError::History)? else { continue };
            let renamed = renamed_cases(&earlier, suite).into_iter();
            is_there.extend(renamed.filter(|(_, now)| planned.contains(now)).map(|(before, _)| before));
        }
        cases.retain(|(case, _)| !is_there.contains(case));
        Ok(cases)
    }

    fn golden(&self, suite: &Suite, record: &RunRecord, file: &str) -> Result<Vec<GoldenValue>, StepError> {
        let path = self.workspace.folder.join(Path::new(file));
        let table = if is_iree(&path) { self.iree(suite, record, &path)? } else { read_table(&path)? };
        let value = |text: &str| match Scalar::infer(text).number() {
            Some(number) => MeasuredValue::Number(number.to_f64()),
            None => MeasuredValue::Text(text.to_owned()),
        };
        let values = table.rows().iter().map(|row| GoldenValue {
            metric: row.metric.clone(),
            point: row.point.to_string(),
            value: value(&row.value),
            unit: row.unit.clone(),
        });
        Ok(values.collect())
    }

    /// Reads goldens in IREE's JSON; a record does not tell what stands in them, the suite of this repository does.
    fn iree(&self, suite: &Suite, record: &RunRecord, path: &Path) -> Result<Table, StepError> {
        let RunInfo { suite_file, suite: name, .. } = &record.run;
        let own = match &suite.goldens {
            Some(_) => None,
            None => own_suite::find(self.workspace, &self.workspace.folder, suite_file, name)?,
        };
        let (suite, folder) = match &own {
            Some(own) => (&*own.suite, own.folder.clone()),
            None => (suite, folder_of_suite(self.workspace, suite_file)),
        };
        read_iree(path, suite, &folder, &planned_points(suite, record))
    }
}
