//! `shmoo history import` and `prune`: what changes the history.

use super::Session;
use super::arguments::TextFormat;
use super::exit::Exit;
use super::history_arguments::{ImportArgs, ImportFrom};
use super::table::{row, table};
use crate::outside::history::{History, Imported};
use crate::record::{ForeignFormat, RunSummary};
use crate::report::count;
use crate::steps::importing::{ForeignRequest, ImportedFiles, import as import_files, import_foreign};
use crate::steps::pruning_history::{HistoryKeep, judge};
use crate::steps::{StepError, Workspace};
use serde_json::json;

pub(super) fn import(session: &Session, workspace: &Workspace, arguments: &ImportArgs) -> Result<Exit, Exit> {
    let ImportArgs { files, from, suite, branch, commit, time, dry_run, format } = arguments;
    let (printer, dry_run) = (&session.printer, *dry_run);
    let terms = ForeignRequest { suite: suite.clone(), time: *time, commit: commit.clone(), branch: branch.clone() };
    let foreign = |format| import_foreign(workspace, files, format, &terms, dry_run);
    let imported = match from {
        ImportFrom::Shmoo if terms != ForeignRequest::default() => Err(StepError::usage(
            "records of shmoo say themselves what their suite, branch, commit and time are",
            Some("name the other program with `--from`".to_owned()),
        )),
        ImportFrom::Shmoo => import_files(workspace, files, dry_run),
        ImportFrom::GithubActionBenchmark => foreign(ForeignFormat::GithubActionBenchmark),
        ImportFrom::Bencher => foreign(ForeignFormat::Bencher),
    };
    let ImportedFiles { records, stored } = imported.map_err(|error| printer.step(&error))?;
    let Imported { new, replaced, unchanged } = stored.unwrap_or_default();
    match *format {
        TextFormat::Json => {
            let json = json!({
                "version": 1,
                "records": records,
                "stored": !dry_run,
                "new": new,
                "replaced": replaced,
                "unchanged": unchanged,
            });
            printer.data(|out| writeln!(out, "{json:#}"))?;
        }
        TextFormat::Text if dry_run => printer.note(&format!("would import {}", count(records, "run"))),
        TextFormat::Text => {
            let text = format!("{new} new, {replaced} replaced, {unchanged} there already");
            printer.note(&format!("imported {}: {text}", count(records, "run")));
        }
    }
    Ok(if records == 0 { Exit::Nothing } else { Exit::Ok })
}

/// What a removal is to do.
pub(super) struct How {
    pub(super) dry_run: bool,
    pub(super) yes: bool,
    pub(super) format: TextFormat,
}

pub(super) fn prune(
    session: &Session,
    workspace: &Workspace,
    history: &dyn History,
    keep: &HistoryKeep,
    how: How,
) -> Result<Exit, Exit> {
    let printer = &session.printer;
    let How { dry_run, yes, format } = how;
    let fail = |error: StepError| printer.step(&error);
    let runs = judge(workspace, history, keep).map_err(fail)?;
    let going: Vec<&RunSummary> = runs.iter().filter(|(_, stays)| stays.is_none()).map(|(run, _)| run).collect();
    match format {
        TextFormat::Json => {
            let list: Vec<_> = runs
                .iter()
                .map(|(run, stays)| {
                    json!({
                        "run": run.id,
                        "suite": run.suite,
                        "branch": run.source.branch,
                        "started": run.started,
                        "complete": run.complete,
                        "goes": stays.is_none(),
                        "stays": stays.map(|stays| stays.words()),
                    })
                })
                .collect();
            let json = json!({ "version": 1, "removed": yes, "runs": list });
            printer.data(|out| writeln!(out, "{json:#}"))?;
        }
        TextFormat::Text if going.is_empty() => {}
        TextFormat::Text => {
            let mut rows = vec![row(["run", "suite", "branch", ""])];
            for run in &going {
                let branch = run.source.branch.clone().unwrap_or_default();
                let unfinished = if run.complete { "" } else { "unfinished" };
                rows.push(vec![run.id.to_string(), run.suite.to_string(), branch, unfinished.to_owned()]);
            }
            printer.data(|out| write!(out, "{}", table(rows, &[])))?;
        }
    }
    let stay = super::prune::stay(runs.len() - going.len());
    if going.is_empty() {
        printer.note(&format!("nothing to remove; {stay}"));
        return Ok(Exit::Ok);
    }
    let what = count(going.len() as u64, "run");
    if !yes {
        let add = if dry_run { "" } else { "; add `--yes` to remove them" };
        printer.note(&format!("would remove {what} from the history; {stay}{add}"));
        return Ok(Exit::Ok);
    }
    let names: Vec<_> = going.iter().map(|run| run.id.clone()).collect();
    history.delete(&names).map_err(|error| fail(StepError::History(error)))?;
    printer.note(&format!("removed {what} from the history; {stay}"));
    Ok(Exit::Ok)
}
