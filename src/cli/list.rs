//! `shmoo list`.

use super::Session;
use super::arguments::{ListArgs, TextFormat};
use super::collect::workspace;
use super::exit::Exit;
use super::history::{summary_json, verdict_of};
use super::machine_arguments::PlacesArgs;
use super::table::{row, table};
use crate::outside::history::{RunFilter, RunSummary};
use crate::plan::{BuildOptions, build};
use crate::report::{short, thousands};
use crate::steps::StepError;
use crate::steps::suites::find_suites;
use crate::steps::workspace::load_suite_file;
use serde_json::json;

/// A suite of the list.
struct Listed {
    file: String,
    suite: Result<Counts, String>,
    last: Option<RunSummary>,
}

struct Counts {
    name: String,
    cases: usize,
    tasks: usize,
}

pub(super) fn list(session: &Session, arguments: &ListArgs) -> Result<Exit, Exit> {
    let printer = &session.printer;
    let fail = |error: StepError| printer.step(&error);
    let places = PlacesArgs { store: None, history: arguments.history.clone() };
    let workspace = workspace(session, &places)?;
    let found = find_suites(&workspace, &session.current).map_err(fail)?;
    let history = workspace.existing_history().map_err(fail)?;
    let mut listed = Vec::new();
    for path in &found.suites {
        let file = workspace.shown(path, &session.current);
        let loaded = load_suite_file(&session.shown_path(path));
        let planned = loaded.and_then(|loaded| Ok(build(loaded.suite, BuildOptions::default())?));
        let (suite, last) = match planned {
            Ok(plan) => {
                let filter = RunFilter { suite: Some(plan.suite.name.clone()), ..RunFilter::default() };
                let last = history.as_ref().map(|history| history.latest(&filter)).transpose();
                let last = last.map_err(|error| fail(StepError::History(error)))?.flatten();
                let name = plan.suite.name.to_string();
                (Ok(Counts { name, cases: plan.cases.len(), tasks: plan.task_count() }), last)
            }
            Err(error) => {
                fail(error);
                (Err(format!("`{file}` cannot be loaded")), None)
            }
        };
        listed.push(Listed { file, suite, last });
    }
    for path in &found.others {
        printer.note(&format!("no suite: `{}` has no `suite:`", workspace.shown(path, &session.current)));
    }
    match arguments.format {
        TextFormat::Json => print_json(session, &listed)?,
        TextFormat::Text if listed.is_empty() => {}
        TextFormat::Text => print_table(session, &listed)?,
    }
    if listed.is_empty() {
        printer.note("there is no suite here; `shmoo init` writes one");
        return Ok(Exit::Nothing);
    }
    Ok(if listed.iter().any(|listed| listed.suite.is_err()) { Exit::Usage } else { Exit::Ok })
}

fn print_table(session: &Session, listed: &[Listed]) -> Result<(), Exit> {
    let mut rows = vec![row(["suite", "file", "cases", "tasks", "last run", "verdict"])];
    for Listed { file, suite, last } in listed {
        let (name, cases, tasks) = match suite {
            Ok(Counts { name, cases, tasks }) => (name.as_str(), thousands(*cases as u64), thousands(*tasks as u64)),
            Err(_) => ("?", "?".to_owned(), "?".to_owned()),
        };
        let (run, verdict) = match last {
            Some(last) => (last.id.to_string(), verdict_of(last)),
            None if suite.is_ok() => ("none".to_owned(), String::new()),
            None => (String::new(), "cannot be loaded".to_owned()),
        };
        rows.push(vec![name.to_owned(), short(file, 100), cases, tasks, run, verdict]);
    }
    session.printer.data(|out| write!(out, "{}", table(rows, &[2, 3])))
}

fn print_json(session: &Session, listed: &[Listed]) -> Result<(), Exit> {
    let suites: Vec<_> = listed
        .iter()
        .map(|Listed { file, suite, last }| match suite {
            Ok(Counts { name, cases, tasks }) => json!({
                "suite": name,
                "file": file,
                "cases": cases,
                "tasks": tasks,
                "last": last.as_ref().map(summary_json),
                "problem": null,
            }),
            Err(problem) => json!({ "suite": null, "file": file, "problem": problem }),
        })
        .collect();
    session.printer.data(|out| writeln!(out, "{:#}", json!({ "version": 1, "suites": suites })))
}
