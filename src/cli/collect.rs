//! `shmoo collect`.

use super::Session;
use super::arguments::HowArgs;
use super::exit::Exit;
use super::machine_arguments::{CollectArgs, PlacesArgs};
use super::progress::Watcher;
use super::report::{Extras, finish_record};
use super::run::request;
use crate::report::Report;
use crate::steps::machines::collect::{CollectRequest, Collected, collect as gather};
use crate::steps::recording::{Models, make_with_page_of};
use crate::steps::{StepError, Workspace};
use crate::value::TaskKey;
use std::panic::resume_unwind;
use std::thread;

pub(super) fn collect(session: &Session, arguments: &CollectArgs) -> Result<Exit, Exit> {
    let CollectArgs { run, partial, jobs, runner, judging, no_compare, no_archive, format, places } = arguments;
    let printer = &session.printer;
    let fail = |error: StepError| printer.step(&error);
    let workspace = workspace(session, places)?;
    let how = request(session, &HowArgs { jobs: *jobs, runner: runner.clone(), ..HowArgs::default() })?;
    let mut watcher = Watcher::new(printer.is_interactive(), printer.is_quiet());
    let request = CollectRequest { run: run.clone(), partial: *partial, how: &how };
    let collected = gather(&workspace, &request, &mut watcher, &mut |text| printer.note(text)).map_err(fail)?;
    let Collected { folder, plan, folded, last, machines, impure, unkept } = collected;
    let (made, kept) = thread::scope(|scope| {
        let kept = scope.spawn(|| unkept.keep());
        let made = make_with_page_of(&workspace, &folder, &plan, (folded, last), Models::Fit);
        (made, kept.join().unwrap_or_else(|panic| resume_unwind(panic)))
    });
    kept.map_err(fail)?;
    let made = made.map_err(fail)?;
    let compare = (!no_compare).then(|| judging.base.clone());
    let extras = Extras { compare, strict: judging.strict, archive: !no_archive, models: Models::Fit };
    let mut machines = Some(machines);
    let mut add = |report: &mut Report| {
        if let Some(machines) = machines.take() {
            let more = format!("`shmoo plan --missing {run} --shards N --publish` plans what is missing");
            report.warnings.extend(machines.unfinished.iter().map(|part| part.sentence()));
            report.warnings.extend((!machines.unfinished.is_empty()).then_some(more));
            report.machines = Some(machines);
        }
        judge_impure(&impure, report);
        if *partial {
            forgive(report);
        }
    };
    finish_record(session, &workspace, &folder, &plan, made, extras, &mut add, *format)
}

/// A result that is kept for others must be the same wherever it is made.
fn judge_impure(impure: &[TaskKey], report: &mut Report) {
    if impure.is_empty() {
        return;
    }
    let shown: Vec<String> = impure.iter().take(5).map(ToString::to_string).collect();
    let more = if impure.len() > 5 { format!(" and {} more", impure.len() - 5) } else { String::new() };
    report.warnings.push(format!(
        "not deterministic, though their stage has `cache: true`: {}{more} left other files on another machine",
        shown.join(", ")
    ));
    add_code(report, Exit::TaskError);
}

/// With `--partial`, what is missing is no failure.
fn forgive(report: &mut Report) {
    report.exit_codes.retain(|&code| code != Exit::Incomplete.code());
    if report.exit_codes.is_empty() {
        report.exit_codes.push(Exit::Ok.code());
    }
}

fn add_code(report: &mut Report, exit: Exit) {
    report.exit_codes.retain(|&code| code != Exit::Ok.code());
    report.exit_codes.push(exit.code());
    report.exit_codes.sort_by_key(|&code| Exit::from_code(code));
    report.exit_codes.dedup();
}

/// Returns the project, with store and history where the arguments say.
pub(super) fn workspace(session: &Session, places: &PlacesArgs) -> Result<Workspace, Exit> {
    let mut workspace = session.workspace(&session.current)?;
    apply(places, &mut workspace);
    Ok(workspace)
}

/// Takes store and history from the arguments, where they say.
pub(super) fn apply(places: &PlacesArgs, workspace: &mut Workspace) {
    let PlacesArgs { store, history } = places;
    let project = &mut workspace.project;
    store.iter().for_each(|store| project.store.clone_from(store));
    history.iter().for_each(|history| project.history.clone_from(history));
}
