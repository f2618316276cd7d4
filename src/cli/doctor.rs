//! `shmoo doctor`.

use super::Session;
use super::arguments::{DoctorArgs, TextFormat};
use super::collect::workspace;
use super::exit::Exit;
use super::table::table;
use crate::report::{count, short};
use crate::steps::StepError;
use crate::steps::inspecting::{InspectedTool, Inspection, Place, inspect};
use crate::steps::suites::find_suites;
use serde_json::json;
use std::path::PathBuf;

pub(super) fn doctor(session: &Session, arguments: &DoctorArgs) -> Result<Exit, Exit> {
    let DoctorArgs { suites, places, format } = arguments;
    let printer = &session.printer;
    let workspace = workspace(session, places)?;
    let files: Vec<PathBuf> = if suites.is_empty() {
        let found = find_suites(&workspace, &session.current).map_err(|error: StepError| printer.step(&error))?;
        found.suites.iter().map(|path| session.shown_path(path)).collect()
    } else {
        suites.clone()
    };
    let inspection = inspect(&workspace, &files);
    for (_, error) in &inspection.broken {
        printer.step(error);
    }
    match format {
        TextFormat::Json => print_json(session, &inspection)?,
        TextFormat::Text => {
            let text = text(&inspection);
            printer.data(|out| out.write_all(text.as_bytes()))?;
        }
    }
    if files.is_empty() {
        printer.note("there is no suite here: `shmoo doctor FILE` looks at one, `shmoo init` writes one");
    }
    if !inspection.shells.is_empty() {
        printer.note(&format!(
            "what `shell` texts run cannot be known for sure: name it under `tools` of the stage ({})",
            inspection.shells.join(", ")
        ));
    }
    let missing: Vec<&str> =
        inspection.tools.iter().filter(|tool| tool.is_missed()).map(|tool| tool.name.as_str()).collect();
    if !missing.is_empty() {
        printer.error(&format!("{} missing: {}", count(missing.len() as u64, "needed tool"), missing.join(", ")), None);
    }
    for place in inspection.places.iter().filter(|place| !place.good) {
        printer.error(&format!("{}: {}", place.name, place.state), place.hint.as_deref());
    }
    Ok(if !inspection.broken.is_empty() {
        Exit::Usage
    } else if !missing.is_empty() || inspection.places.iter().any(|place| !place.good) {
        Exit::Service
    } else {
        Exit::Ok
    })
}

fn text(inspection: &Inspection) -> String {
    let mut rows = Vec::new();
    for tool in &inspection.tools {
        let (sign, state) = match &tool.found {
            Ok((path, version)) => {
                let version = version.as_deref().unwrap_or("says no version");
                ("✓", format!("{}  ({})", short(version, 60), short(&path.display().to_string(), 100)))
            }
            Err(why) => {
                let install = tool.install.as_ref().map_or(String::new(), |install| format!("; {install}"));
                let sign = if tool.needed_by.is_empty() { "–" } else { "✗" };
                (sign, short(&format!("{why}{install}"), 300))
            }
        };
        rows.push(vec![format!("{sign} {}", tool.name), uses(tool), state]);
    }
    let mut text = "tools\n".to_owned();
    text.push_str(&table(rows, &[]));
    text.push_str("machine\n");
    let mut rows = Vec::new();
    for Place { name, state, good, hint } in &inspection.places {
        let hint = hint.as_ref().map_or(String::new(), |hint| format!("; {hint}"));
        rows.push(vec![format!("{} {name}", if *good { "✓" } else { "✗" }), short(&format!("{state}{hint}"), 300)]);
    }
    text.push_str(&table(rows, &[]));
    if !inspection.suites.is_empty() {
        let names: Vec<&str> = inspection.suites.iter().map(|(_, name)| name.as_str()).collect();
        text.push_str(&format!("suites\n  {}\n", names.join(", ")));
    }
    text
}

/// Returns who needs a tool, in a few words.
fn uses(tool: &InspectedTool) -> String {
    let named = |stages: &[String], word: &str| match stages {
        [] => None,
        [one] => Some(format!("{word} {one}")),
        [first, rest @ ..] => Some(format!("{word} {first} and {} more", rest.len())),
    };
    let parts = [named(&tool.needed_by, "needed by"), named(&tool.mentioned_by, "in the shell of")];
    let parts: Vec<String> = parts.into_iter().flatten().collect();
    if parts.is_empty() { "tells the commit; useful".to_owned() } else { parts.join(", ") }
}

fn print_json(session: &Session, inspection: &Inspection) -> Result<(), Exit> {
    let Inspection { tools, suites, broken, shells, places } = inspection;
    let tools: Vec<_> = tools
        .iter()
        .map(|tool| {
            let InspectedTool { name, found, install, needed_by, mentioned_by } = tool;
            let (path, version, problem) = match found {
                Ok((path, version)) => (Some(path.display().to_string()), version.clone(), None),
                Err(problem) => (None, None, Some(problem)),
            };
            json!({
                "name": name,
                "found": found.is_ok(),
                "missed": tool.is_missed(),
                "path": path,
                "version": version,
                "problem": problem,
                "install": install,
                "needed_by": needed_by,
                "mentioned_by": mentioned_by,
            })
        })
        .collect();
    let places: Vec<_> = places
        .iter()
        .map(|Place { name, state, good, hint }| json!({ "name": name, "good": good, "state": state, "hint": hint }))
        .collect();
    let suites: Vec<_> =
        suites.iter().map(|(file, name)| json!({ "suite": name, "file": file.display().to_string() })).collect();
    let broken: Vec<_> = broken
        .iter()
        .map(|(file, error)| json!({ "file": file.display().to_string(), "problem": error.to_string() }))
        .collect();
    let json = json!({
        "version": 1,
        "tools": tools,
        "machine": places,
        "suites": suites,
        "broken": broken,
        "shells": shells,
    });
    session.printer.data(|out| writeln!(out, "{json:#}"))
}
