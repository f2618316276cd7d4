//! `shmoo restore`.

use super::Session;
use super::arguments::RestoreArgs;
use super::collect::workspace;
use super::exit::Exit;
use crate::archive::{Item, ItemKind, Tally};
use crate::outside::store::{ObjectKey, Store};
use crate::report::{count, quote, short};
use crate::steps::archiving::{RestoreRequest, list, restore as take, tasks_of_case, verify};
use crate::steps::finding::{find_archived, plan_in, run_in};
use crate::steps::machines::{Lost, bring_lost};
use crate::steps::{StepError, Workspace};
use crate::value::{TaskKey, show_bytes};
use std::path::PathBuf;

/// Lost tasks that are named.
const NAMED: usize = 8;

pub(super) fn restore(session: &Session, arguments: &RestoreArgs) -> Result<Exit, Exit> {
    let workspace = workspace(session, &arguments.places)?;
    restore_from(session, &workspace, arguments).map_err(|error| error.told(session))
}

fn restore_from(
    session: &Session,
    workspace: &Workspace,
    arguments: &RestoreArgs,
) -> Result<Exit, super::history::Ended> {
    let RestoreArgs { run, case, file, into, list: only_list, verify: only_verify, places: _ } = arguments;
    let store = workspace.store()?;
    let key = find_archived(workspace, &*store, run)?;
    let name = run_in(&key).to_owned();
    if *only_list {
        return Ok(print_list(session, &list(&*store, &key)?)?);
    }
    if *only_verify {
        let (tally, archives) = verify(&*store, &key)?;
        let of = if archives == 1 { String::new() } else { format!(" of {archives} archives") };
        session.printer.data(|out| writeln!(out, "{name}: every digest is right in {}{of}", words(tally)))?;
        return Ok(Exit::Ok);
    }
    let mut request = RestoreRequest { tasks: Vec::new(), file: file.clone() };
    if let Some(case) = case {
        request.tasks = case_tasks(&*store, &key, case)?;
    }
    let home = into.is_none() && case.is_none() && file.is_none();
    let target = match (into, case, file) {
        (Some(into), ..) => into.clone(),
        (None, Some(case), _) => PathBuf::from(case),
        (None, None, Some(file)) => PathBuf::from(file.rsplit('/').next().unwrap_or(file)),
        (None, None, None) => workspace.runs().join(&name),
    };
    if home && target.exists() {
        let message = format!("run {name} is on this machine: `{}`", workspace.shown(&target, &session.current));
        let hint = Some("`--into FOLDER` puts a copy elsewhere".to_owned());
        return Err(StepError::usage(message, hint).into());
    }
    let mut tally = take(&*store, &key, &target, &request)?;
    if request.file.is_none() {
        let lost = bring_lost(&*store, &target, &request.tasks)?;
        tally.files += lost.files;
        tally.bytes += lost.bytes;
        tell_lost(session, &lost);
    }
    let shown = workspace.shown(&target, &session.current);
    session.printer.note(&format!("`{shown}`: {}", words(tally)));
    if home {
        session.printer.note(&format!("next: `shmoo report {}`", quote(&name)));
    }
    Ok(Exit::Ok)
}

fn tell_lost(session: &Session, lost: &Lost) {
    if !lost.outputs_only.is_empty() {
        let tasks = count(lost.outputs_only.len() as u64, "task");
        session.printer.warning(&format!(
            "of {tasks} only the outputs are there, the rest was lost with their machine: {}",
            first_of(&lost.outputs_only)
        ));
    }
    if !lost.gone.is_empty() {
        let tasks = count(lost.gone.len() as u64, "task");
        session
            .printer
            .warning(&format!("the folders of {tasks} were lost with their machine: {}", first_of(&lost.gone)));
    }
}

/// Returns the names of the first tasks, and how many more there are.
fn first_of(tasks: &[TaskKey]) -> String {
    let mut names: Vec<String> = tasks.iter().take(NAMED).map(|task| short(&task.to_string(), 200)).collect();
    if tasks.len() > NAMED {
        names.push(format!("{} more", tasks.len() - NAMED));
    }
    names.join(", ")
}

fn words(tally: Tally) -> String {
    format!("{}, {}", count(tally.files, "file"), show_bytes(tally.bytes))
}

/// Returns the tasks of a case, by the plan in the archive.
fn case_tasks(store: &dyn Store, key: &ObjectKey, case: &str) -> Result<Vec<TaskKey>, StepError> {
    tasks_of_case(&plan_in(store, key)?, case)
}

fn print_list(session: &Session, items: &[Item]) -> Result<Exit, Exit> {
    session.printer.data(|out| {
        for item in items {
            let path = item.path.to_string();
            match &item.kind {
                ItemKind::File { size, .. } => writeln!(out, "{size:>12}  {}", short(&path, 4000))?,
                ItemKind::Directory => writeln!(out, "{:>12}  {}/", "", short(&path, 4000))?,
                ItemKind::Symlink { target } => {
                    let target = String::from_utf8_lossy(target);
                    writeln!(out, "{:>12}  {} -> {}", "", short(&path, 4000), short(&target, 4000))?;
                }
                ItemKind::HardLink { existing } => {
                    writeln!(out, "{:>12}  {} = {}", "", short(&path, 4000), short(&existing.to_string(), 4000))?;
                }
            }
        }
        Ok(())
    })?;
    Ok(Exit::Ok)
}
