//! The folder of a run: `.shmoo/runs/RUN/` with plan, facts, ledger, work, files and reports.

use super::workspace::{LoadedFile, load_texts};
use super::{StepError, Workspace};
use crate::ledger::{Folded, LedgerFile, fold};
use crate::outside::durable;
use crate::outside::ledger_file::read_ledgers;
use crate::plan::{self, Bounds, BuildOptions, Plan, PlanFile};
use crate::record::{RunFacts, RunInfo, SourceInfo};
use crate::value::{Digest, Prices, RunId, SuiteName, Timestamp};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// The `format` of `run.json`.
const FACTS_FORMAT: &str = "shmoo-run";

/// What is known of a run before its first task, as stored in `run.json`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct StoredFacts {
    /// `shmoo-run`.
    pub format: String,
    /// Version of the format, 1.
    pub version: u32,
    /// Name of the run.
    pub id: RunId,
    /// The suite.
    pub suite: SuiteName,
    /// The suite file as the user named it.
    pub suite_file: String,
    /// The plan's identity.
    pub plan: Digest,
    /// When the run was made.
    pub started: Timestamp,
    /// Where the code came from.
    pub source: SourceInfo,
    /// Properties of the machine.
    pub machine: BTreeMap<String, String>,
    /// Digest of those that make measurements comparable.
    pub fingerprint: String,
    /// Version lines of tools.
    pub tools: BTreeMap<String, String>,
    /// The suite's root, relative to the project folder.
    pub root: String,
    /// Arguments that a command needs besides suite and selection to run the same.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub options: Vec<String>,
}

impl StoredFacts {
    /// Returns facts in the newest format.
    #[expect(clippy::too_many_arguments, reason = "the fields of one file")]
    pub fn new(
        id: RunId,
        suite: SuiteName,
        suite_file: String,
        plan: Digest,
        started: Timestamp,
        source: SourceInfo,
        machine: BTreeMap<String, String>,
        fingerprint: String,
        tools: BTreeMap<String, String>,
        root: String,
        options: Vec<String>,
    ) -> StoredFacts {
        let format = FACTS_FORMAT.to_owned();
        StoredFacts {
            format,
            version: 1,
            id,
            suite,
            suite_file,
            plan,
            started,
            source,
            machine,
            fingerprint,
            tools,
            root,
            options,
        }
    }
}

/// The folder of a run.
#[derive(Debug, Clone)]
pub struct RunFolder {
    /// Its path, absolute.
    pub path: PathBuf,
    /// What is known of the run.
    pub facts: StoredFacts,
}

impl RunFolder {
    /// Makes the folder of a new run; none if there is a run with this name.
    pub fn create(workspace: &Workspace, facts: StoredFacts, plan: &PlanFile) -> Result<Option<RunFolder>, StepError> {
        workspace.make_own_folder()?;
        let runs = workspace.runs();
        fs::create_dir_all(&runs).map_err(StepError::disk("make", &runs))?;
        let path = runs.join(facts.id.as_str());
        match fs::create_dir(&path) {
            Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => return Ok(None),
            made => made.map_err(StepError::disk("make", &path))?,
        }
        let filled = fill(&path, &facts, plan);
        if filled.is_err() {
            // It never was a run; on a full disk it must not take what room there is.
            let _ = fs::remove_dir_all(&path);
        }
        filled.map(|()| Some(RunFolder { path, facts }))
    }

    /// Makes the folder of a run that is none of the project's runs: nobody finds it by its name.
    pub(super) fn create_apart(path: &Path, facts: StoredFacts, plan: &PlanFile) -> Result<RunFolder, StepError> {
        fs::create_dir_all(path).map_err(StepError::disk("make", path))?;
        fill(path, &facts, plan)?;
        Ok(RunFolder { path: path.to_owned(), facts })
    }

    /// Opens the folder of a run.
    pub fn open(path: &Path) -> Result<RunFolder, StepError> {
        Ok(RunFolder { path: path.to_owned(), facts: read_json(&path.join("run.json"))? })
    }

    /// Finds a run on this machine: by name, by a unique part of it, or `last`.
    pub fn find(workspace: &Workspace, wanted: &str, suite: Option<&SuiteName>) -> Result<RunFolder, StepError> {
        let all = RunFolder::all(workspace)?;
        let of_suite = |run: &&RunFolder| suite.is_none_or(|suite| run.facts.suite == *suite);
        let none = |message: String| {
            let hint = "`shmoo history list` shows what there is, `shmoo restore RUN` brings a run back";
            Err(StepError::usage(message, Some(hint.to_owned())))
        };
        if wanted == "last" {
            return match all.into_iter().rfind(|run| of_suite(&run)) {
                Some(run) => Ok(run),
                None => none("there is no run on this machine yet".to_owned()),
            };
        }
        if let Some(exact) = all.iter().find(|run| run.facts.id.as_str() == wanted) {
            return Ok(exact.clone());
        }
        let matching: Vec<&RunFolder> = all.iter().filter(|run| run.facts.id.as_str().contains(wanted)).collect();
        match matching.as_slice() {
            [one] => Ok((*one).clone()),
            [] => none(format!("there is no run `{wanted}` on this machine")),
            several => {
                let names: Vec<&str> = several.iter().map(|run| run.facts.id.as_str()).collect();
                none(format!("`{wanted}` is not one run: {}", names.join(", ")))
            }
        }
    }

    /// Returns all runs on this machine, the oldest first. Folders that are no runs are passed over.
    pub fn all(workspace: &Workspace) -> Result<Vec<RunFolder>, StepError> {
        let folder = workspace.runs();
        let entries = match fs::read_dir(&folder) {
            Ok(entries) => entries,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(StepError::disk("read", &folder)(error)),
        };
        let mut runs = Vec::new();
        for entry in entries {
            let path = entry.map_err(StepError::disk("read", &folder))?.path();
            if path.join("run.json").is_file() {
                runs.push(RunFolder::open(&path)?);
            }
        }
        // Names of one second do not sort by time.
        runs.sort_by(|a, b| (a.facts.started, &a.facts.id).cmp(&(b.facts.started, &b.facts.id)));
        Ok(runs)
    }

    /// Returns the folder of the ledger.
    pub fn ledger(&self) -> PathBuf {
        self.path.join("ledger")
    }

    /// Reads the plan file.
    pub fn plan_file(&self) -> Result<PlanFile, StepError> {
        let path = self.path.join("plan.json");
        let bytes = fs::read(&path).map_err(StepError::disk("read", &path))?;
        plan::read_plan_file(&bytes).map_err(StepError::PlanFile)
    }

    /// Makes the plan again from its file, which holds all that is needed.
    pub fn plan(&self) -> Result<(Plan, PlanFile, LoadedFile), StepError> {
        let file = self.plan_file()?;
        let (plan, loaded) = rebuild(&file)?;
        Ok((plan, file, loaded))
    }

    /// Reads and folds the ledger.
    pub fn fold(&self) -> Result<(Folded, Vec<LedgerFile>), StepError> {
        let files = read_ledgers(&self.ledger()).map_err(StepError::Ledger)?;
        Ok((fold(&files), files))
    }

    /// Returns the facts that a record needs; `last` is the time of the last event.
    pub fn record_facts(&self, last: Option<Timestamp>, prices: Option<&Prices>) -> RunFacts {
        let StoredFacts { id, suite_file, plan, started, source, machine, fingerprint, tools, options, .. } =
            self.facts.clone();
        RunFacts {
            id,
            suite_file,
            plan,
            started,
            finished: last.unwrap_or(started),
            source,
            machine,
            fingerprint,
            tools,
            options,
            prices: prices.cloned(),
        }
    }

    /// Reads what the stored record says of the run, if it was made; its rows are passed over.
    pub fn stored_run(&self) -> Result<Option<RunInfo>, StepError> {
        #[derive(Deserialize)]
        struct StoredRun {
            run: RunInfo,
        }
        let path = self.path.join("record.json");
        if path.exists() { read_json(&path).map(|StoredRun { run }| Some(run)) } else { Ok(None) }
    }
}

fn fill(path: &Path, facts: &StoredFacts, plan: &PlanFile) -> Result<(), StepError> {
    for folder in ["ledger", "work", "files"] {
        let folder = path.join(folder);
        fs::create_dir(&folder).map_err(StepError::disk("make", &folder))?;
    }
    write_json(&path.join("plan.json"), plan)?;
    // Last: a folder without it was never a run.
    write_json(&path.join("run.json"), facts)
}

/// Makes a plan again from its file.
pub fn rebuild(file: &PlanFile) -> Result<(Plan, LoadedFile), StepError> {
    rebuild_within(file, &Bounds::default())
}

/// Makes a plan again from a file that may be made to take long, and stops where it goes beyond the bounds.
pub(super) fn rebuild_within(file: &PlanFile, bounds: &Bounds) -> Result<(Plan, LoadedFile), StepError> {
    let Some((suite, others)) = file.sources.split_first() else {
        return Err(StepError::usage("the plan file has no suite in it", None));
    };
    let read = |name: &str| {
        let found = others.iter().find(|source| source.name == name).map(|source| source.text.clone());
        found.ok_or_else(|| "it is not in the plan file".to_owned())
    };
    let loaded = load_texts(&suite.name, suite.text.clone(), Path::new(""), &read)?;
    let options = BuildOptions { selection: file.selection.clone(), baseline: file.baseline.clone() };
    let mut plan = plan::build_within(loaded.suite.clone(), options, bounds)?;
    file.confirm(&mut plan).map_err(StepError::PlanFile)?;
    Ok((plan, loaded))
}

/// Writes a file of ours as JSON: whole or not at all.
pub(super) fn write_json(path: &Path, value: &impl Serialize) -> Result<(), StepError> {
    let damaged = |source| StepError::Damaged { path: path.to_owned(), source };
    let mut bytes = serde_json::to_vec_pretty(value).map_err(damaged)?;
    bytes.push(b'\n');
    durable::write_file(path, &bytes).map_err(StepError::disk("write", path))
}

/// Reads a JSON file of ours.
pub(super) fn read_json<T: for<'de> Deserialize<'de>>(path: &Path) -> Result<T, StepError> {
    let bytes = fs::read(path).map_err(StepError::disk("read", path))?;
    serde_json::from_slice(&bytes).map_err(|source| StepError::Damaged { path: path.to_owned(), source })
}
