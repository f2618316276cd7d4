//! `shmoo check-run`.

use super::Session;
use super::arguments::{JudgingArgs, TextFormat};
use super::collect::apply;
use super::comment::report_of;
use super::comment_arguments::{CheckRunArgs, CheckRunCommand, ConclusionArg, WhichCheckArgs};
use super::exit::Exit;
use super::github::{client, environment, event, head_sha, run_address};
use super::machine_arguments::PlacesArgs;
use crate::gha::{Job, Needs};
use crate::outside::github::{CheckOutput, CheckRun, Conclusion};
use crate::report::{MarkdownOptions, Report, markdown};
use crate::steps::StepError;
use crate::steps::checking_in::{CheckName, begin, conclude, conclusion_of, output_of};
use crate::steps::commenting::BUDGET;
use serde_json::json;

pub(super) fn check_run(session: &Session, arguments: &CheckRunArgs) -> Result<Exit, Exit> {
    let fail = |error: StepError| session.printer.step(&error);
    match &arguments.command {
        CheckRunCommand::Start { which } => {
            let name = name(session, which)?;
            let run = begin(&client(session, &which.github)?, &name).map_err(fail)?;
            print(session, which, &run, "in_progress")
        }
        CheckRunCommand::Finish { run, needs, which, conclusion, judging, places } => {
            let name = name(session, which)?;
            // The check must end even where the run does not: there is a token before there is a report.
            let github = client(session, &which.github)?;
            let run = run.as_deref().or_else(|| needs.is_none().then_some("last"));
            let told = run.map(|run| report(session, run, judging, places)).transpose();
            let (found, output) = match told {
                Ok(Some(report)) => (conclusion_of(&report), output_of(&report, summary(&report))),
                Ok(None) => without_report(session, needs.as_ref(), None),
                Err(error) => without_report(session, needs.as_ref(), Some(&error)),
            };
            let conclusion = conclusion.map_or(found, ConclusionArg::conclusion);
            let run = conclude(&github, &name, conclusion, output).map_err(fail)?;
            print(session, which, &run, conclusion.word())
        }
    }
}

impl ConclusionArg {
    fn conclusion(self) -> Conclusion {
        match self {
            ConclusionArg::Success => Conclusion::Success,
            ConclusionArg::Failure => Conclusion::Failure,
            ConclusionArg::Neutral => Conclusion::Neutral,
            ConclusionArg::Cancelled => Conclusion::Cancelled,
            ConclusionArg::Skipped => Conclusion::Skipped,
        }
    }
}

fn name(session: &Session, which: &WhichCheckArgs) -> Result<CheckName, Exit> {
    let WhichCheckArgs { name, sha, github: _, format: _ } = which;
    let environment = environment(session);
    let event = event(session, &environment)?;
    let Some(head_sha) = sha.clone().or_else(|| head_sha(&environment, &event)) else {
        session.printer.error("it is not known which commit is checked", Some("give it with `--sha SHA`"));
        return Err(Exit::Usage);
    };
    let variable = |name: &str| environment.get(name).unwrap_or("0").to_owned();
    let external_id = format!("shmoo-{}-{}", variable("GITHUB_RUN_ID"), variable("GITHUB_RUN_ATTEMPT"));
    let details_url = run_address(&environment, &event).map(|address| address.to_string());
    Ok(CheckName { name: name.clone(), head_sha, external_id, details_url })
}

fn report(session: &Session, run: &str, judging: &JudgingArgs, places: &PlacesArgs) -> Result<Report, String> {
    let told = |error: StepError| {
        session.printer.step(&error);
        error.to_string()
    };
    let mut workspace = session.workspace(&session.current).map_err(|_| "the project file is wrong".to_owned())?;
    apply(places, &mut workspace);
    report_of(session, &workspace, run, judging).map_err(told)
}

/// Says what became of jobs that left no run to report.
fn without_report(session: &Session, needs: Option<&Needs>, error: Option<&str>) -> (Conclusion, CheckOutput) {
    let jobs = needs.map_or(&[][..], Needs::jobs);
    let told = |job: &Job| format!("| {} | {} |\n", job.name, job.result);
    let table = match jobs {
        [] => String::new(),
        jobs => format!("\n\n| job | ended |\n|---|---|\n{}", jobs.iter().map(told).collect::<String>()),
    };
    let red: Vec<&Job> = jobs.iter().filter(|job| job.is_red()).collect();
    let (conclusion, title, summary) = match error {
        Some(error) => {
            let error: String = error.chars().filter(|c| !matches!(c, '`' | '<' | '@')).take(500).collect();
            let summary =
                format!("The job ended before there was a run to report, or its run cannot be read: `{error}`");
            (Conclusion::Failure, "no run came to an end".to_owned(), summary)
        }
        None if red.is_empty() => {
            let summary = "No job failed and none made a run: the selection is empty.".to_owned();
            (Conclusion::Skipped, "nothing was to do".to_owned(), summary)
        }
        None => {
            let cancelled = red.iter().all(|job| job.result == "cancelled");
            let conclusion = if cancelled { Conclusion::Cancelled } else { Conclusion::Failure };
            let title = format!("no run came to an end: {} ended with {}", red[0].name, red[0].result);
            (conclusion, title, "The jobs ended before there was a run.".to_owned())
        }
    };
    session.printer.warning("there is no report of a run: the check says so");
    (conclusion, CheckOutput { title, summary: summary + table.as_str(), annotations: Vec::new() })
}

fn summary(report: &Report) -> String {
    let mut text = Vec::new();
    markdown(report, MarkdownOptions { budget: BUDGET }, &mut text).expect("writing to memory does not fail");
    String::from_utf8_lossy(&text).into_owned()
}

fn print(session: &Session, which: &WhichCheckArgs, run: &CheckRun, state: &str) -> Result<Exit, Exit> {
    let CheckRun { id, url, .. } = run;
    let name = &which.name;
    session.printer.data(|out| match which.format {
        TextFormat::Text => writeln!(out, "check `{name}`: {state}, {url}"),
        TextFormat::Json => {
            writeln!(out, "{}", json!({ "version": 1, "check": name, "id": id, "url": url, "state": state }))
        }
    })?;
    Ok(Exit::Ok)
}
