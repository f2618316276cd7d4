//! The step `bless`: what a run has measured goes into the golden table of its suite.

use super::judging::suite_folder;
use super::rejudging::rejudge;
use super::run_folder::RunFolder;
use super::{StepError, Workspace};
use crate::check::golden::{
    Bless, BlessSelection, BlessTerms, Blessed, Edited, GoldenFile, SelectionError, bless, provenance_lines,
};
use crate::outside::durable;
use crate::outside::lock::WaitedLock;
use crate::suite::{GoldenSource, Suite};
use crate::value::RunId;
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

/// What to bless, and on which terms.
#[derive(Debug, Clone)]
pub struct BlessRequest {
    /// Patterns of points.
    pub cases: Vec<String>,
    /// Metrics.
    pub metrics: Vec<String>,
    /// All rows; without it and the two before, none.
    pub all: bool,
    /// Whether rows without a planned task are removed.
    pub prune_orphans: bool,
    /// Why.
    pub reason: String,
    /// Where worse values were accepted.
    pub accept_regression: Option<String>,
    /// Whether values of a work tree with changes are taken.
    pub dirty_ok: bool,
    /// Whether nothing is written.
    pub dry_run: bool,
}

/// What a bless did.
pub struct BlessOutcome {
    /// The run.
    pub run: RunId,
    /// The golden table, absolute.
    pub table: PathBuf,
    /// Its twin.
    pub provenance: PathBuf,
    /// What was decided.
    pub blessed: Blessed,
    /// The change as a unified diff, with paths from the project folder.
    pub diff: String,
    /// Whether the files were written.
    pub written: bool,
}

/// Writes selected values of a run into the golden table of its suite, with their provenance; nothing
/// while there are refusals.
pub fn bless_run(workspace: &Workspace, folder: &RunFolder, request: &BlessRequest) -> Result<BlessOutcome, StepError> {
    if !request.dry_run {
        refuse_in_ci(workspace)?;
    }
    let rejudged = rejudge(workspace, folder)?;
    let suite = &rejudged.plan.suite;
    let place = TablePlace::of(suite, &suite_folder(workspace, folder))?;
    // What another bless writes meanwhile is not lost.
    let _lock = match request.dry_run {
        true => None,
        false => Some(lock(workspace)?),
    };
    let file = place.read()?;
    let selection = selection(suite, request)?;
    let selected = rejudged.plan.selection.is_filtered() || rejudged.plan.selection.profile.is_some();
    let terms = BlessTerms {
        reason: request.reason.clone(),
        accept_regression: request.accept_regression.clone(),
        dirty_ok: request.dirty_ok,
        date: workspace.clock.now(),
    };
    let blessed = bless(&Bless {
        file: &file,
        suite,
        record: &rejudged.recorded.record,
        // A run that lacks tasks of today says nothing of their goldens.
        partial: selected || rejudged.new_tasks > 0,
        selection: selection.as_ref(),
        prune_orphans: request.prune_orphans,
        terms: &terms,
    });
    let edited = file.edit(&blessed.edits);
    let diff = edited.diff(&place.shown(&workspace.folder));
    let write = !request.dry_run && blessed.refusals.is_empty() && !blessed.changes.is_empty();
    if write {
        place.write(&edited, &blessed)?;
    }
    let run = rejudged.recorded.record.run.id.clone();
    let TablePlace { table, provenance } = place;
    Ok(BlessOutcome { run, table, provenance, blessed, diff, written: write })
}

fn lock(workspace: &Workspace) -> Result<WaitedLock, StepError> {
    workspace.make_own_folder()?;
    let path = workspace.folder.join(".shmoo/bless.lock");
    WaitedLock::acquire(&path).map_err(StepError::disk("lock", &path))
}

/// A golden table changes by a person who says why.
fn refuse_in_ci(workspace: &Workspace) -> Result<(), StepError> {
    match workspace.environment.get("CI") {
        None => Ok(()),
        Some(_) => Err(StepError::usage(
            "goldens are not written in CI: the variable `CI` is set",
            Some("`--dry-run` prints the diff; bless where you can commit it".to_owned()),
        )),
    }
}

fn selection(suite: &Suite, request: &BlessRequest) -> Result<Option<BlessSelection>, StepError> {
    if !request.all && request.cases.is_empty() && request.metrics.is_empty() {
        return Ok(None);
    }
    BlessSelection::new(suite, &request.cases, &request.metrics).map(Some).map_err(told)
}

/// Returns what is wrong with a selection.
pub(super) fn told(error: SelectionError) -> StepError {
    match &error {
        SelectionError::Metric { .. } => StepError::usage(error.to_string(), None),
        SelectionError::Pattern { source, .. } => {
            let hint = "`*` stands for any text, `?` for one character, `[0-9]` for one of these, `{a,b}` for either";
            StepError::usage(format!("{error}: {}", source.kind()), Some(hint.to_owned()))
        }
    }
}

/// Where a golden table and its twin are.
pub(super) struct TablePlace {
    pub(super) table: PathBuf,
    provenance: PathBuf,
}

impl TablePlace {
    pub(super) fn of(suite: &Suite, suite_folder: &Path) -> Result<TablePlace, StepError> {
        let wrong =
            |message: &str| Err(StepError::usage(message, Some("say `goldens: { file: TABLE.csv }`".to_owned())));
        let file = match suite.goldens.as_ref().map(|goldens| &goldens.source) {
            Some(GoldenSource::Csv(file)) => file,
            Some(GoldenSource::IreeJson(_)) => return wrong("goldens in IREE's JSON files are not written yet"),
            None => return wrong("the suite has no goldens"),
        };
        let named = suite_folder.join(file);
        // What a link points to changes, not the link.
        let table = fs::canonicalize(&named).unwrap_or(named);
        Ok(TablePlace { provenance: table.with_extension("provenance.jsonl"), table })
    }

    /// Returns the table's path from the project folder.
    pub(super) fn shown(&self, folder: &Path) -> String {
        self.table.strip_prefix(folder).unwrap_or(&self.table).display().to_string()
    }

    pub(super) fn read(&self) -> Result<GoldenFile, StepError> {
        match read_if_there(&self.table)? {
            Some(text) => GoldenFile::parse(&self.table.display().to_string(), &text).map_err(StepError::Problems),
            None => Ok(GoldenFile::default()),
        }
    }

    /// Writes both files. The twin comes first: a value without its provenance is worse than a line too
    /// many.
    fn write(&self, edited: &Edited, blessed: &Blessed) -> Result<(), StepError> {
        if let Some(folder) = self.table.parent() {
            durable::create_folder(folder).map_err(StepError::disk("make", folder))?;
        }
        let mut twin = read_if_there(&self.provenance)?.unwrap_or_default();
        twin.push_str(&provenance_lines(&twin, &blessed.changes));
        for (path, text) in [(&self.provenance, &twin), (&self.table, &edited.text())] {
            durable::write_file(path, text.as_bytes()).map_err(StepError::disk("write", path))?;
        }
        Ok(())
    }
}

fn read_if_there(path: &Path) -> Result<Option<String>, StepError> {
    match fs::read_to_string(path) {
        Ok(text) => Ok(Some(text)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(source) => Err(StepError::Read { path: path.to_owned(), source }),
    }
}
