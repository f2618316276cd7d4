//! The suite of this repository, which a run from elsewhere is held against: its goldens and its known
//! failures count, not those that came with the run.
//!
//! It is found by its name among the suites of the project, or where the run says that its suite file was:
//! a file of this repository, never one outside of it.

use super::judging::{absent_goldens, check_goldens, is_partial};
use super::recording::let_of;
use super::suites::find_suites;
use super::workspace::{LoadedFile, load_suite_file};
use super::{StepError, Workspace};
use crate::check::golden::GoldenFinding;
use crate::check::known::{self, KnownFinding, Outcome};
use crate::plan::{self, Bounds, BuildOptions, Plan, PlanError, TaskId};
use crate::record::{self, RunRecord};
use crate::value::{SuiteName, TaskKey};
use std::collections::{BTreeMap, HashMap};
use std::fs;
use std::path::{Component, Path, PathBuf};

/// What this repository says of a run from elsewhere.
#[derive(Debug, Default)]
pub(super) struct Held {
    /// By its golden table.
    pub(super) goldens: Vec<GoldenFinding>,
    /// The golden table, if it is not there.
    pub(super) absent_goldens: Option<String>,
    /// By its known failures.
    pub(super) known: Vec<KnownFinding>,
    /// What could not be held against it.
    pub(super) warnings: Vec<String>,
}

/// Finds the suite of a name in this repository. `named` is where the run had its suite file.
pub(super) fn find(
    workspace: &Workspace,
    current: &Path,
    named: &str,
    suite: &SuiteName,
) -> Result<Option<LoadedFile>, StepError> {
    let mut paths: Vec<PathBuf> = inside(&workspace.folder, named).into_iter().collect();
    paths.extend(find_suites(workspace, current)?.suites);
    let mut failed = None;
    for path in &paths {
        match load_suite_file(path.strip_prefix(current).unwrap_or(path)) {
            Ok(loaded) if loaded.suite.name == *suite => return Ok(Some(loaded)),
            Ok(_) => {}
            Err(error) => failed = failed.or(Some(error)),
        }
    }
    // It may be the one that cannot be read.
    failed.map_or(Ok(None), Err)
}

/// Returns the YAML file below a folder that a text names, if there is one.
fn inside(folder: &Path, named: &str) -> Option<PathBuf> {
    let path = Path::new(named);
    let plain = |part: Component<'_>| match part {
        Component::Normal(name) => !name.to_string_lossy().starts_with('.'),
        _ => false,
    };
    let is_yaml = path.extension().is_some_and(|extension| extension == "yaml" || extension == "yml");
    if !is_yaml || !path.components().all(plain) {
        return None;
    }
    let found = fs::canonicalize(folder.join(path)).ok()?;
    let root = fs::canonicalize(folder).ok()?;
    (found.is_file() && found.starts_with(root)).then_some(found)
}

/// Holds a record against this repository's suite; marks in it what is a known failure here. `planned` is the
/// plan of the record.
pub(super) fn hold(
    workspace: &Workspace,
    own: Option<&LoadedFile>,
    planned: &Plan,
    bounds: &Bounds,
    record: &mut RunRecord,
) -> Result<Held, StepError> {
    let mut held = Held::default();
    let Some(own) = own else {
        let suite = &record.run.suite;
        held.warnings.push(format!("this repository has no suite `{suite}`: the run is held against no goldens of it"));
        return Ok(held);
    };
    if own.suite.digest() != planned.suite.digest() {
        held.warnings.push(format!(
            "its suite is not that of this repository: expectations are its own, goldens and known failures those of `{}`",
            own.name
        ));
    }
    let options = BuildOptions { selection: planned.selection.clone(), baseline: planned.baseline.clone() };
    let plan = match plan::build_within(own.suite.clone(), options, bounds) {
        Ok(plan) => plan,
        Err(PlanError::Empty { message, .. }) => {
            held.warnings.push(format!("goldens and known failures do not count: in `{}`, {message}", own.name));
            return Ok(held);
        }
        Err(PlanError::Wrong(problems)) => {
            let problem = problems.list.first().map(|problem| problem.message.clone()).unwrap_or_default();
            held.warnings
                .push(format!("goldens and known failures do not count: `{}` has no such part: {problem}", own.name));
            return Ok(held);
        }
    };
    held.known = mark(workspace, &plan, planned, record);
    held.goldens = check_goldens(&plan.suite, is_partial(&plan), &own.folder, record)?;
    held.absent_goldens = absent_goldens(&plan.suite, &own.folder, &held.goldens);
    Ok(held)
}

/// Marks the known failures of this repository's plan in the record of another.
fn mark(workspace: &Workspace, plan: &Plan, planned: &Plan, record: &mut RunRecord) -> Vec<KnownFinding> {
    let ids: HashMap<TaskKey, TaskId> = plan.tasks().map(|task| (plan.key(task), task)).collect();
    let shared = record.tasks.iter().filter_map(|task| Some((task, *ids.get(&task.task)?)));
    let (tasks, shared): (Vec<_>, Vec<TaskId>) = shared.unzip();
    let outcomes: Vec<Outcome<'_>> =
        tasks.iter().map(|task| Outcome { task: &task.task, params: &task.params, verdict: task.verdict }).collect();
    let selected = plan.selection.is_filtered() || plan.selection.profile.is_some();
    let partial = selected || shared.len() < plan.task_count();
    let lets = |outcome: usize, name: &str| let_of(plan, shared[outcome], name);
    let found = known::apply(&plan.suite, &outcomes, &lets, workspace.clock.now(), partial);
    let marks: BTreeMap<TaskKey, String> =
        tasks.iter().zip(found.marks).filter_map(|(task, mark)| Some((task.task.clone(), mark?))).collect();
    record::mark_known(record, planned, &|task| marks.get(&task.task).cloned());
    found.findings
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::symlink;

    #[test]
    fn only_files_of_the_repository_are_read() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().join("repository");
        fs::create_dir_all(root.join(".git")).unwrap();
        fs::create_dir_all(root.join("configs")).unwrap();
        for path in ["repository/configs/a.yaml", "repository/.git/b.yaml", "repository/c.json", "d.yaml"] {
            fs::write(folder.path().join(path), "").unwrap();
        }
        symlink("../d.yaml", root.join("e.yaml")).unwrap();
        symlink("configs", root.join("linked")).unwrap();
        let check = |named: &str, expected: Option<&str>| {
            let found = inside(&root, named);
            let expected = expected.map(|path| fs::canonicalize(root.join(path)).unwrap());
            assert_eq!(found, expected, "{named}");
        };
        check("configs/a.yaml", Some("configs/a.yaml"));
        check("linked/a.yaml", Some("configs/a.yaml"));
        let outside = folder.path().join("d.yaml");
        for named in [
            "",
            "configs",
            "../d.yaml",
            "configs/../../d.yaml",
            "e.yaml",
            ".git/b.yaml",
            "c.json",
            "gone.yaml",
            outside.to_str().unwrap(),
            "/proc/self/environ.yaml",
            "a\0.yaml",
        ] {
            check(named, None);
        }
    }
}
