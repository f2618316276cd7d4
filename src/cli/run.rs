//! `shmoo run`, and what it shares with `sweep`.

use super::Session;
use super::arguments::{HowArgs, RunArgs, SelectArgs};
use super::collect::apply;
use super::exit::Exit;
use super::machine_arguments::PlacesArgs;
use super::progress::Watcher;
use super::report::{Extras, finish};
use crate::outside::environment::{Ci, Environment};
use crate::plan::{ResolvedCommand, resolve};
use crate::report::{count, quote};
use crate::steps::baseline::{BaselineRequest, ChosenBaseline, choose_baseline};
use crate::steps::planning::{PlanRequest, Planned, plan as make};
use crate::steps::recording::Models;
use crate::steps::run_folder::RunFolder;
use crate::steps::running::{Ran, RunRequest, resume, start};
use crate::steps::workspace::{LoadedFile, load_suite_file, load_suite_file_with_cases};
use crate::steps::{StepError, Workspace};
use crate::suite::Computed;
use crate::value::{RunId, SuiteName, did_you_mean};
use std::collections::BTreeMap;
use std::path::Path;

pub(super) fn run(session: &Session, arguments: &RunArgs) -> Result<Exit, Exit> {
    let RunArgs { suite, select, how, shard, places, format } = arguments;
    if let (Some(run), Some(part)) = (&shard.run, shard.shard) {
        return super::part::part(session, arguments, run, part);
    }
    let Some(suite) = suite else { return Err(Exit::Usage) };
    let Some((workspace, ran)) = carry_out(session, suite, select, how, places)? else { return Ok(Exit::Ok) };
    let extras = Extras { compare: None, strict: false, archive: false, models: Models::Fit };
    finish(session, &workspace, ran, extras, *format)
}

/// Plans and runs, or goes on with a run; `None` after a dry run.
pub(super) fn carry_out(
    session: &Session,
    suite: &Path,
    select: &SelectArgs,
    how: &HowArgs,
    places: &PlacesArgs,
) -> Result<Option<(Workspace, Ran)>, Exit> {
    let printer = &session.printer;
    let fail = |error: StepError| printer.step(&error);
    let loaded = load(session, suite, select)?;
    let mut workspace = session.workspace(&loaded.folder)?;
    apply(places, &mut workspace);
    let name = loaded.suite.name.clone();
    if how.force_clean {
        clean(session, &workspace, &name)?;
    }
    let request = RunRequest { options: further(select, how), ..request(session, how)? };
    let mut watcher = Watcher::new(printer.is_interactive(), printer.is_quiet());
    if let Some(wanted) = &how.resume {
        if how.from.baseline.is_some() {
            printer.error("a run goes on with the baseline that it was planned with", Some("leave `--baseline` out"));
            return Err(Exit::Usage);
        }
        let folder = unfinished(session, &workspace, &name, wanted)?;
        warn_if_changed(session, &folder, &loaded, select)?;
        let ran = resume(&workspace, folder, &request, &mut watcher).map_err(fail)?;
        return Ok(Some((workspace, ran)));
    }
    let baseline = baseline_run(session, &workspace, &loaded, select, how.from.baseline.as_deref())?;
    let request_plan = PlanRequest { selection: select.selection(), shards: None, baseline };
    let planned = make(&workspace, loaded, request_plan).map_err(fail)?;
    printer.warn_all(&planned.plan.warnings, &planned.plan.suite.sources);
    if how.dry_run {
        dry_run(session, &planned)?;
        return Ok(None);
    }
    let ran = start(&workspace, planned, &request, &mut watcher).map_err(fail)?;
    Ok(Some((workspace, ran)))
}

/// Reads a suite, with the operations that were asked for.
pub(super) fn load(session: &Session, suite: &Path, select: &SelectArgs) -> Result<LoadedFile, Exit> {
    let printer = &session.printer;
    let loaded = match &select.operations_cfg {
        Some(cases) => load_suite_file_with_cases(suite, cases),
        None => load_suite_file(suite),
    };
    let loaded = loaded.map_err(|error| printer.step(&error))?;
    // A suite speaks of all operations of its own list, and another may be short.
    if select.operations_cfg.is_none() {
        printer.warn_all(&loaded.warnings, &loaded.suite.sources);
    }
    for (option, name, value) in select.operations() {
        let own = &loaded.suite;
        let all = own.lets.iter().chain(own.blocks.iter().flat_map(|block| &block.lets));
        let lets: Vec<_> = all.filter(|entry| entry.name == name).collect();
        if own.schema.index(name).is_none() && lets.is_empty() {
            let message = format!("the suite `{}` has no parameter or named value `{name}` for `{option}`", own.name);
            printer.error(&message, Some("`--where` takes an expression over what it has"));
            return Err(Exit::Usage);
        }
        let texts: Vec<String> = match own.schema.index(name) {
            Some(param) => own.known_values(param).iter().map(ToString::to_string).collect(),
            // Others than plain values differ from case to case.
            None => lets.iter().map(|entry| plain(&entry.value)).collect::<Option<_>>().unwrap_or_default(),
        };
        if !texts.is_empty() && !texts.iter().any(|known| known == value) {
            let hint = did_you_mean(value, texts.iter().map(String::as_str));
            printer.error(&format!("`{option} {value}`: `{name}` is never `{value}`"), hint.as_deref());
            return Err(Exit::Usage);
        }
    }
    Ok(loaded)
}

/// Returns a named value that is the same in all cases of its block.
fn plain(value: &Computed) -> Option<String> {
    if let Computed::Scalar(value) = value { Some(value.to_string()) } else { None }
}

/// Returns the arguments that the commands of a report need besides suite and selection.
fn further(select: &SelectArgs, how: &HowArgs) -> Vec<String> {
    let list = select.operations_cfg.as_ref().map(|list| ["--operations-cfg".to_owned(), list.display().to_string()]);
    let label = how.runner.as_ref().map(|label| ["--runner".to_owned(), label.clone()]);
    list.into_iter().chain(label).flatten().collect()
}

pub(super) fn request(session: &Session, how: &HowArgs) -> Result<RunRequest, Exit> {
    let shmoo = std::env::current_exe().map_err(|error| {
        session.printer.error(&format!("the path of this program is not known: {error}"), None);
        Exit::Service
    })?;
    Ok(RunRequest {
        jobs: how.jobs.map(|jobs| jobs as usize),
        fail_fast: how.fail_fast,
        retry_failed: how.retry_failed,
        label: how.runner.clone(),
        options: Vec::new(),
        shmoo,
        environment: session.environment.clone(),
        ci: Ci::of(&Environment::new(session.environment.iter().cloned())),
    })
}

/// Returns the run that `run: baseline` sources take from, if any stage has one, and says which it is.
pub(super) fn baseline_run(
    session: &Session,
    workspace: &Workspace,
    loaded: &LoadedFile,
    select: &SelectArgs,
    asked: Option<&str>,
) -> Result<Option<RunId>, Exit> {
    let ci = Ci::of(&Environment::new(session.environment.iter().cloned()));
    let request = BaselineRequest { suite: &loaded.suite, selection: &select.selection(), asked, ci: &ci };
    let chosen = choose_baseline(workspace, &request).map_err(|error| session.printer.step(&error))?;
    Ok(chosen.map(|ChosenBaseline { run, why }| {
        session.printer.note(&format!("what an earlier run left comes from {run}: {why}"));
        run
    }))
}

/// Finds the run to go on with.
fn unfinished(session: &Session, workspace: &Workspace, suite: &SuiteName, wanted: &str) -> Result<RunFolder, Exit> {
    let folder = RunFolder::find(workspace, wanted, Some(suite)).map_err(|error| session.printer.step(&error))?;
    if folder.facts.suite != *suite {
        let message = format!("the run {} is of suite `{}`, not `{suite}`", folder.facts.id, folder.facts.suite);
        session.printer.error(&message, None);
        return Err(Exit::Usage);
    }
    Ok(folder)
}

/// A run goes on with the suite it was planned with; the author should know if that is not the file.
fn warn_if_changed(
    session: &Session,
    folder: &RunFolder,
    loaded: &LoadedFile,
    select: &SelectArgs,
) -> Result<(), Exit> {
    let file = folder.plan_file().map_err(|error| session.printer.step(&error))?;
    if file.suite_digest != loaded.suite.digest() {
        session.printer.warning(&format!(
            "the suite has changed since run {} was planned: it goes on as planned; start a new run for the changes",
            folder.facts.id
        ));
    }
    let selection = select.selection();
    if selection != crate::plan::Selection::default() && selection != file.selection {
        session.printer.error(
            &format!(
                "run {} was planned with another selection: {}",
                folder.facts.id,
                file.selection.arguments().join(" ")
            ),
            Some("`--continue` goes on with all of it; leave the filters out"),
        );
        return Err(Exit::Usage);
    }
    Ok(())
}

/// Removes the runs of a suite that were never finished.
fn clean(session: &Session, workspace: &Workspace, suite: &SuiteName) -> Result<(), Exit> {
    let fail = |error: StepError| session.printer.step(&error);
    for folder in RunFolder::all(workspace).map_err(fail)? {
        let finished = folder.stored_run().map_err(fail)?.is_some_and(|run| run.complete);
        if folder.facts.suite != *suite || finished {
            continue;
        }
        // Somebody may be at work in it.
        let lock = crate::outside::lock::RunLock::acquire(&folder.path, &*workspace.clock);
        let _lock = lock.map_err(|error| fail(StepError::Lock(error)))?;
        std::fs::remove_dir_all(&folder.path).map_err(|error| {
            session.printer.error(&format!("cannot remove `{}`: {error}", folder.path.display()), None);
            Exit::Service
        })?;
        session.printer.note(&format!("removed the unfinished run {}", folder.facts.id));
    }
    Ok(())
}

/// Prints every command, in plan order, as one would type it.
fn dry_run(session: &Session, planned: &Planned) -> Result<(), Exit> {
    let plan = &planned.plan;
    session.printer.data(|out| {
        for task in plan.tasks() {
            let key = plan.key(task);
            let Ok(resolved) = resolve(plan, task, &BTreeMap::new()) else { continue };
            let line = match &resolved.command {
                ResolvedCommand::Arguments(arguments) => {
                    let words: Vec<String> = arguments.iter().map(|word| quote(&shown(word)).into_owned()).collect();
                    words.join(" ")
                }
                ResolvedCommand::Shell(text) => {
                    let variables: Vec<String> = resolved
                        .shell_variables()
                        .into_iter()
                        .filter(|(name, _)| text.contains(name))
                        .map(|(name, value)| format!("{name}={}", quote(&value)))
                        .collect();
                    let script = quote(text.trim_end()).into_owned();
                    format!("{} bash --noprofile --norc -euo pipefail -c {script}", variables.join(" "))
                        .trim_start()
                        .to_owned()
                }
            };
            writeln!(out, "# {key}\n{line}")?;
        }
        Ok(())
    })?;
    session.printer.note(&format!("{}, none was run", count(plan.task_count() as u64, "task")));
    Ok(())
}

fn shown(word: &str) -> String {
    word.replace(crate::plan::SHMOO_MARK, "shmoo").replace(crate::plan::CASES_MARK, "cases.csv")
}
