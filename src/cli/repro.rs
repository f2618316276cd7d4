//! `shmoo repro`.

use super::Session;
use super::arguments::{HowArgs, ReproArgs};
use super::collect::workspace;
use super::exit::Exit;
use crate::ledger::Verdict;
use crate::report::{count, quote, short};
use crate::steps::StepError;
use crate::steps::reproducing::{ReproRequest, ReproTask, repro as rebuild};
use crate::steps::running::setting;
use std::fmt::Write as _;

pub(super) fn repro(session: &Session, arguments: &ReproArgs) -> Result<Exit, Exit> {
    let ReproArgs { case, run, stages, into, places } = arguments;
    let printer = &session.printer;
    let workspace = workspace(session, places)?;
    let how = super::run::request(session, &HowArgs::default())?;
    let into = into.as_ref().map(|into| session.current.join(into));
    let request = ReproRequest { run: run.clone(), case: case.clone(), stages: stages.clone(), into };
    let found = rebuild(&workspace, &request, &setting(&workspace, &how)).map_err(|error| printer.step(&error))?;
    let mut text = String::new();
    for task in &found.tasks {
        describe(task, &mut text);
    }
    printer.data(|out| out.write_all(text.as_bytes()))?;
    let made = found.tasks.iter().filter(|task| task.rebuilt.is_ok()).count();
    let from = if found.from_archive { ", out of the archive" } else { "" };
    let folder = workspace.shown(&found.folder, &session.current);
    printer.note(&format!("{} of {} in `{folder}`{from}", count(made as u64, "folder"), found.run));
    if made == 0 {
        let message = "no folder could be rebuilt".to_owned();
        return Err(printer.step(&StepError::Nothing { message, hint: None }));
    }
    let missing: Vec<String> =
        found.tasks.iter().filter(|task| is_missing(task, stages)).map(|task| task.task.to_string()).collect();
    if missing.is_empty() {
        return Ok(Exit::Ok);
    }
    printer.error(&format!("{} of {} could not be rebuilt", missing.join(", "), found.run), None);
    Ok(Exit::Incomplete)
}

/// Tells whether a task was asked for and is not there: its stage was named, or it ran then.
fn is_missing(task: &ReproTask, stages: &[String]) -> bool {
    let ran = !matches!(task.verdict, None | Some(Verdict::Skipped | Verdict::Lost));
    task.rebuilt.is_err() && (ran || !stages.is_empty())
}

/// Writes what to paste into a shell: comments, `cd`, the command in its environment.
fn describe(task: &ReproTask, text: &mut String) {
    let ReproTask { task: key, folder, verdict, message, set, repeats, rebuilt } = task;
    // Writing into a text does not fail.
    let verdict_text = match (verdict, message) {
        (None, _) => "it has not run".to_owned(),
        (Some(verdict), None) => verdict.to_string(),
        (Some(verdict), Some(message)) => format!("{verdict}: {}", short(message, 300)),
    };
    let _ = writeln!(text, "# {key}: {verdict_text}");
    if !set.is_empty() {
        let values: Vec<String> = set.iter().map(|(name, value)| format!("{name} = {}", short(value, 60))).collect();
        let _ = writeln!(text, "# as its last attempt was, with {}", values.join(", "));
    }
    if *repeats > 1 {
        let _ = writeln!(text, "# one of {repeats} repeats, which are alike");
    }
    match rebuilt {
        Err(error) => {
            let mut reason = error.to_string();
            let mut source = std::error::Error::source(error);
            while let Some(cause) = source {
                let _ = write!(reason, ": {cause}");
                source = cause.source();
            }
            let skipped = if *verdict == Some(Verdict::Skipped) { "skipped then, " } else { "" };
            let _ = writeln!(text, "# {skipped}not rebuilt: {}\n", short(&reason, 400));
        }
        Ok(rebuilt) => {
            if let Some(missing) = &rebuilt.missing {
                let _ = writeln!(text, "# it would not start here: {}", short(missing, 400));
            }
            let _ = writeln!(text, "cd {}", quote(&folder.display().to_string()));
            text.push_str("env -i");
            for (name, value) in &rebuilt.environment {
                let _ = write!(text, " {name}={}", quote(value));
            }
            text.push_str(" \\\n ");
            for word in &rebuilt.command {
                let _ = write!(text, " {}", quote(word));
            }
            text.push_str("\n\n");
        }
    }
}
