//! `shmoo prune`.

use super::Session;
use super::arguments::TextFormat;
use super::collect::workspace;
use super::exit::Exit;
use super::prune_arguments::PruneArgs;
use super::table::{row, table};
use crate::config::Keep;
use crate::report::count;
use crate::steps::StepError;
use crate::steps::pruning::{Judged, judge, remove, sweep_leftovers};
use crate::value::show_bytes;
use serde_json::json;

pub(super) fn prune(session: &Session, arguments: &PruneArgs) -> Result<Exit, Exit> {
    let PruneArgs { dry_run, yes, keep, only_copies, format, .. } = arguments;
    let printer = &session.printer;
    let fail = |error: StepError| printer.step(&error);
    let workspace = workspace(session, &arguments.places())?;
    let rules = workspace.project.keep;
    let rules = keep.map_or(rules, |runs| Keep { runs, ..rules });
    if *yes {
        let swept = sweep_leftovers(&workspace).map_err(fail)?;
        if swept > 0 {
            printer.note(&format!("{} whose removal was interrupted", count(swept as u64, "folder")));
        }
    }
    let runs = judge(&workspace, rules, *only_copies).map_err(fail)?;
    let going: Vec<&Judged> = runs.iter().filter(|run| run.stays.is_none()).collect();
    // Runs that the rules would let go, and that stay all the same: somebody should know why.
    for run in &runs {
        if let Some(stays) = run.stays.filter(|stays| !stays.is_usual()) {
            printer.warning(&format!("run {} stays: {}", run.run, stays.words()));
        }
    }
    let bytes: u64 = going.iter().map(|run| run.bytes).sum();
    match format {
        TextFormat::Json => {
            let list: Vec<_> = runs
                .iter()
                .map(|Judged { run, suite, started, complete, bytes, stays }| {
                    json!({
                        "run": run,
                        "suite": suite,
                        "started": started,
                        "complete": complete,
                        "bytes": bytes,
                        "goes": stays.is_none(),
                        "stays": stays.map(|stays| stays.words()),
                    })
                })
                .collect();
            let json = json!({ "version": 1, "removed": yes, "bytes": bytes, "runs": list });
            printer.data(|out| writeln!(out, "{json:#}"))?;
        }
        TextFormat::Text if going.is_empty() => {}
        TextFormat::Text => {
            let mut rows = vec![row(["run", "suite", "size", ""])];
            for run in &going {
                let unfinished = if run.complete { "" } else { "unfinished" };
                rows.push(vec![
                    run.run.to_string(),
                    run.suite.to_string(),
                    show_bytes(run.bytes),
                    unfinished.to_owned(),
                ]);
            }
            printer.data(|out| write!(out, "{}", table(rows, &[2])))?;
        }
    }
    let total = runs.len() - going.len();
    if going.is_empty() {
        printer.note(&format!("nothing to remove; {}", stay(total)));
        return Ok(Exit::Ok);
    }
    let what = format!("{}, {}", count(going.len() as u64, "run"), show_bytes(bytes));
    if !yes {
        let add = if *dry_run { "" } else { "; add `--yes` to remove them" };
        printer.note(&format!("would remove {what}; {}{add}", stay(total)));
        return Ok(Exit::Ok);
    }
    for run in &going {
        remove(&workspace, &run.run).map_err(fail)?;
    }
    printer.note(&format!("removed {what}; {}", stay(total)));
    Ok(Exit::Ok)
}

/// Says how many runs stay.
pub(super) fn stay(runs: usize) -> String {
    if runs == 1 { "1 run stays".to_owned() } else { format!("{} stay", count(runs as u64, "run")) }
}
