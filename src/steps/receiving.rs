//! A run out of an archive that somebody else made, such as the job of a fork: data, and nothing but data.
//!
//! Nothing is unpacked to the disk, no path out of the archive is followed, nothing of it is run or stored.
//! It counts as a fork's, whatever it says of itself, so that it is nobody's base.

use super::comparing::{compare_by, rules};
use super::recording::RecordedRun;
use super::reporting::{Findings, make};
use super::run_folder::rebuild;
use super::{StepError, Workspace};
use crate::archive::{Archive, EntryPath, Limits};
use crate::plan::read_plan_file;
use crate::record::{RECORD_FORMAT, RunRecord};
use crate::report::Report;
use crate::value::BaselineRule;
use std::fs::File;
use std::io::Read as _;
use std::path::Path;

/// Bytes that an archive may have.
const ARCHIVE: u64 = 256 << 20;
/// Bytes that plan and record may have, each.
const FILE: u64 = 64 << 20;

const LIMITS: Limits =
    Limits { entries: 500_000, file: 4 << 30, total: 16 << 30, ratio: 200, ratio_after: 64 << 20, manifest: 128 << 20 };

/// Reads plan and record out of the archive, compares them with earlier runs, and makes the report. Goldens are
/// files that the archive names, and are not read.
pub fn report_of_archive(
    workspace: &Workspace,
    path: &Path,
    base: &[BaselineRule],
    strict: bool,
    current: &Path,
) -> Result<Report, StepError> {
    let bytes = capped(path)?;
    let archive = Archive::open(&bytes, LIMITS).map_err(StepError::Archive)?;
    let plan = read_plan_file(&entry(&archive, "plan.json")?).map_err(StepError::PlanFile)?;
    let mut record = record(path, &entry(&archive, "record.json")?)?;
    if record.run.plan != plan.id {
        return Err(bad(path, "its record is of another plan than its plan file"));
    }
    let (plan, _) = rebuild(&plan)?;
    quarantine(&mut record);
    let rules = rules(workspace, base, &record);
    let mut comparisons = compare_by(workspace, &plan.suite, &record, &rules)?.into_iter();
    let mut warnings = vec!["this run came as an archive from elsewhere: it is no base for others".to_owned()];
    if plan.suite.goldens.is_some() {
        warnings.push("goldens are not checked for a run from elsewhere".to_owned());
    }
    let (comparison, other_comparisons) = (comparisons.next(), comparisons.collect());
    let findings = Findings { goldens: Vec::new(), comparison, other_comparisons, base: None, warnings, strict };
    let recorded = RecordedRun { record, known: Vec::new() };
    Ok(make(workspace, None, Some(&plan), recorded, findings, current))
}

fn bad(path: &Path, why: &str) -> StepError {
    let hint = "it is what `shmoo archive` puts into the store".to_owned();
    StepError::usage(format!("`{}` is no archive of a run: {why}", path.display()), Some(hint))
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
