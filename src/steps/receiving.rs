//! A run out of an archive that somebody else made, such as the job of a fork: data, and nothing but data.
//!
//! Nothing is unpacked to the disk, no path out of the archive is followed, nothing of it is run or stored.
//! It counts as a fork's, whatever it says of itself, so that it is nobody's base. Time and memory are
//! bounded by what the archive holds, never by what its suite could be made to mean: a plan that does not
//! come to the tasks of the record is given up at the first task too many.

use super::comparing::{compare_by, rules};
use super::own_suite::{self, Held};
use super::recording::RecordedRun;
use super::reporting::{Findings, make};
use super::run_folder::rebuild_within;
use super::{StepError, Workspace};
use crate::archive::{Archive, EntryPath, Limits};
use crate::plan::{Bounds, PlanFile, read_plan_file};
use crate::record::{RECORD_FORMAT, RunRecord, settle};
use crate::report::Report;
use crate::value::BaselineRule;
use std::fs::File;
use std::io::Read as _;
use std::path::Path;

/// Bytes that an archive may have.
const ARCHIVE: u64 = 256 << 20;
/// Bytes that plan and record may have, each.
const FILE: u64 = 64 << 20;
/// Combinations of values that are looked at for cases. Those that constraints leave are in the record.
const COMBINATIONS: u64 = 4_000_000;
/// Edges of the task graph beside those for each task.
const EDGES: usize = 1_000_000;
/// Edges for each task.
const EDGES_EACH: usize = 64;

const LIMITS: Limits =
    Limits { entries: 500_000, file: 4 << 30, total: 16 << 30, ratio: 200, ratio_after: 64 << 20, manifest: 128 << 20 };

/// Reads plan and record out of the archive, holds them against the suite of this repository, compares them
/// with earlier runs, and makes the report.
pub fn report_of_archive(
    workspace: &Workspace,
    path: &Path,
    base: &[BaselineRule],
    strict: bool,
    current: &Path,
) -> Result<Report, StepError> {
    let (file, record) = read(path)?;
    let bounds = bounds(path, &file, &record)?;
    let (plan, _) = rebuild_within(&file, &bounds)?;
    let mut record = settle(record, &plan).map_err(|error| bad(path, &error.to_string()))?;
    quarantine(&mut record);
    refuse_namesake(workspace, path, &record)?;
    let own = own_suite::find(workspace, current, &record.run.suite_file, &record.run.suite)?;
    let own_bounds = Bounds { combinations: COMBINATIONS, ..Bounds::default() };
    let Held { goldens, absent_goldens, known, warnings: held } =
        own_suite::hold(workspace, own.as_ref(), &plan, &own_bounds, &mut record)?;
    let rules = rules(workspace, base, &record);
    let mut comparisons = compare_by(workspace, &plan.suite, &record, &rules)?.into_iter();
    let mut warnings = vec!["this run came as an archive from elsewhere: it is no base for others".to_owned()];
    warnings.extend(held);
    let (comparison, other_comparisons) = (comparisons.next(), comparisons.collect());
    let findings = Findings { goldens, absent_goldens, comparison, other_comparisons, base: None, warnings, strict };
    Ok(make(workspace, None, Some(&plan), RecordedRun { record, known, unkept: false }, findings, current))
}

fn bad(path: &Path, why: &str) -> StepError {
    let hint = "it is what `shmoo archive` puts into the store".to_owned();
    StepError::usage(format!("`{}` is no archive of a run: {why}", path.display()), Some(hint))
}

/// Reads plan file and record.
fn read(path: &Path) -> Result<(PlanFile, RunRecord), StepError> {
    let bytes = capped(path)?;
    let archive = Archive::open(&bytes, LIMITS).map_err(StepError::Archive)?;
    if archive.manifest().is_none() {
        // To find a file in it would mean to unpack all of it.
        return Err(bad(path, "it has no manifest"));
    }
    let plan = read_plan_file(&entry(&archive, "plan.json")?).map_err(StepError::PlanFile)?;
    let record = record(path, &entry(&archive, "record.json")?)?;
    if record.run.plan != plan.id {
        return Err(bad(path, "its record is of another plan than its plan file"));
    }
    Ok((plan, record))
}

/// Returns what the plan of a record may take, by the size of the record.
fn bounds(path: &Path, file: &PlanFile, record: &RunRecord) -> Result<Bounds, StepError> {
    let (cases, tasks) = (record.cases.len(), record.tasks.len());
    let planned: u64 = file.stages.iter().map(|(_, tasks)| u64::from(*tasks)).sum();
    if file.cases != cases || planned != tasks as u64 {
        let why = format!("its plan says {} cases and {planned} tasks, its record has {cases} and {tasks}", file.cases);
        return Err(bad(path, &why));
    }
    let edges = tasks.saturating_mul(EDGES_EACH).saturating_add(EDGES);
    Ok(Bounds { cases, tasks: tasks as u64, combinations: COMBINATIONS, edges })
}

/// Reads a file that may not be larger than an archive.
fn capped(path: &Path) -> Result<Vec<u8>, StepError> {
    let read = |source| StepError::Read { path: path.to_owned(), source };
    let mut bytes = Vec::new();
    File::open(path).map_err(read)?.take(ARCHIVE + 1).read_to_end(&mut bytes).map_err(read)?;
    if bytes.len() as u64 > ARCHIVE {
        return Err(bad(path, &format!("it has more than {} MiB", ARCHIVE >> 20)));
    }
    Ok(bytes)
}

fn entry(archive: &Archive<'_>, name: &str) -> Result<Vec<u8>, StepError> {
    let path = EntryPath::new(name.as_bytes()).map_err(|error| StepError::usage(error.to_string(), None))?;
    let mut out = Capped { bytes: Vec::new() };
    archive.restore_file(&path, &mut out).map_err(StepError::Archive)?;
    Ok(out.bytes)
}

/// Takes so many bytes and no more.
struct Capped {
    bytes: Vec<u8>,
}

impl std::io::Write for Capped {
    fn write(&mut self, more: &[u8]) -> std::io::Result<usize> {
        if (self.bytes.len() + more.len()) as u64 > FILE {
            return Err(std::io::Error::other(format!("a file in it has more than {} MiB", FILE >> 20)));
        }
        self.bytes.extend_from_slice(more);
        Ok(more.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

fn record(path: &Path, bytes: &[u8]) -> Result<RunRecord, StepError> {
    let record: RunRecord = serde_json::from_slice(bytes).map_err(|error| bad(path, &error.to_string()))?;
    if record.format != RECORD_FORMAT {
        return Err(bad(path, "its record has another format"));
    }
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-');
    if !(1..=200).contains(&record.run.id.as_str().len()) || !record.run.id.as_str().bytes().all(plain) {
        return Err(bad(path, "what its record calls the run is no name of one"));
    }
    Ok(record)
}

/// Takes away what could mean something to git, or to those who choose bases.
fn quarantine(record: &mut RunRecord) {
    let source = &mut record.run.source;
    let is_hash = |text: &String| (7..=64).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    source.commit = source.commit.take().filter(is_hash);
    source.merge_base = source.merge_base.take().filter(is_hash);
    let is_branch = |text: &String| {
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'/' | b'-');
        text.len() <= 200 && text.bytes().next().is_some_and(|first| first != b'-') && text.bytes().all(plain)
    };
    source.branch = source.branch.take().filter(is_branch);
    source.base_branch = source.base_branch.take().filter(is_branch);
    source.fork = Some(true);
    record.run.archive = None;
    record.run.artifacts.clear();
}

/// Refuses a run that goes by the name of a recorded one: it would count as that run, and the real one would
/// be left out of the runs to compare with.
fn refuse_namesake(workspace: &Workspace, path: &Path, record: &RunRecord) -> Result<(), StepError> {
    let Some(history) = workspace.existing_history()? else { return Ok(()) };
    let known = history.load(&record.run.id).map_err(StepError::History)?;
    let facts = |record: &RunRecord| (record.run.plan, record.run.started, record.run.source.commit.clone());
    match known {
        Some(known) if facts(&known) != facts(record) => {
            Err(bad(path, &format!("the history has another run {}", record.run.id)))
        }
        _ => Ok(()),
    }
}
