//! `shmoo bisect`, and the step that `git bisect run` calls.

use super::Session;
use super::arguments::{HowArgs, TextFormat};
use super::bisect_arguments::{BisectArgs, BisectStepArgs};
use super::collect::workspace;
use super::exit::Exit;
use super::table::{row, table};
use crate::ledger::MeasuredValue;
use crate::outside::git::Commit;
use crate::outside::history::Environment;
use crate::report::{amount, commit_name, short};
use crate::steps::again::bisect_step::bisect_step;
use crate::steps::again::bisecting::{BisectRequest, Bisected, End, bisect_metric};
use serde::Serialize;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// Values of a commit that a row shows.
const SHOWN: usize = 5;
/// What ends `git bisect run`: codes below would be an answer.
const GIVE_UP: u8 = 255;

pub(super) fn bisect(session: &Session, arguments: &BisectArgs) -> Result<Exit, Exit> {
    let BisectArgs { case, metric, good, bad, suite, repeats, jobs, runner, places, format } = arguments;
    let printer = &session.printer;
    let workspace = workspace(session, places)?;
    let how = HowArgs { jobs: *jobs, runner: runner.clone(), ..HowArgs::default() };
    let request = BisectRequest {
        suite: suite.clone(),
        case: case.clone(),
        metric: metric.clone(),
        good: good.clone(),
        bad: bad.clone(),
        repeats: *repeats,
        current: session.current.clone(),
        places: [places.store.clone(), places.history.clone()],
        run: super::run::request(session, &how)?,
    };
    let found = bisect_metric(&workspace, &request, &mut |text| printer.note(text));
    let found = found.map_err(|error| printer.step(&error))?;
    let exit = if found.first_bad.is_some() { Exit::Ok } else { Exit::Incomplete };
    printer.data(|out| match format {
        TextFormat::Json => {
            serde_json::to_writer_pretty(&mut *out, &Json { version: 1, found: &found, exit_code: exit.code() })?;
            writeln!(out)
        }
        TextFormat::Text => out.write_all(text(&found).as_bytes()),
    })?;
    Ok(exit)
}

#[derive(Serialize)]
struct Json<'a> {
    version: u32,
    #[serde(flatten)]
    found: &'a Bisected,
    exit_code: u8,
}

fn text(found: &Bisected) -> String {
    let Bisected { suite, case, metric, unit, good, bad, levels: _, steps, first_bad, candidates, broken } = found;
    let unit = unit.as_deref();
    let mut rows = vec![row(["commit", "", "values", "subject"])];
    let line = |commit: &Commit, word: &str, values: String| {
        vec![commit_name(&commit.commit), word.to_owned(), values, short(&commit.subject, 80)]
    };
    let End { commit, values: known } = good;
    rows.push(line(commit, "good", values(known, unit)));
    for step in steps {
        let said = match &step.why {
            Some(why) => short(why, 100),
            None => values(&step.values, unit),
        };
        rows.push(line(&step.commit, step.verdict.word(), said));
    }
    let End { commit, values: known } = bad;
    rows.push(line(commit, "bad", values(known, unit)));
    let mut text = format!("{} of {} at {}\n", short(metric, 60), short(suite, 60), short(case, 100));
    text.push_str(&table(rows, &[]));
    if let Some(why) = broken {
        text.push_str(&format!("the first bad commit was not found: {}\n", short(why, 300)));
    }
    if let Some(Commit { commit, subject }) = first_bad {
        text.push_str(&format!("first bad commit: {commit}\n  {}\n", short(subject, 200)));
    }
    if !candidates.is_empty() {
        text.push_str("it is one of these:\n");
        for Commit { commit, subject } in candidates {
            text.push_str(&format!("  {}  {}\n", commit_name(commit), short(subject, 80)));
        }
    }
    text
}

fn values(values: &[MeasuredValue], unit: Option<&str>) -> String {
    let shown: Vec<String> = values.iter().take(SHOWN).map(|value| short(&amount(value, unit), 40)).collect();
    let more = if values.len() > SHOWN { ", ..." } else { "" };
    format!("{}{more}", shown.join(", "))
}

/// Returns what `git bisect run` is told. Whatever goes wrong in here must not look like an answer.
pub(super) fn step(session: &Session, arguments: &BisectStepArgs) -> u8 {
    let answer = || {
        let request = super::run::request(session, &HowArgs::default())?;
        let environment = Environment::new(session.environment.iter().cloned());
        bisect_step(&arguments.state, environment, request).map_err(|error| session.printer.step(&error))
    };
    catch_unwind(AssertUnwindSafe(answer)).ok().and_then(Result::ok).map_or(GIVE_UP, |verdict| verdict.code())
}
