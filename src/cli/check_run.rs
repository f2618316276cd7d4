//! `shmoo check-run`.

use super::Session;
use super::arguments::{JudgingArgs, TextFormat};
use super::comment::report_of;
use super::comment_arguments::{CheckRunArgs, CheckRunCommand, ConclusionArg, WhichCheckArgs};
use super::exit::Exit;
use super::github::{client, environment, event, head_sha, run_address};
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
        CheckRunCommand::Finish { run, which, conclusion, judging } => {
            let name = name(session, which)?;
            // The check must end even where the run does not: there is a token before there is a report.
            let github = client(session, &which.github)?;
            let (conclusion, output) = match report(session, run, judging) {
                Ok(report) => {
                    let conclusion = conclusion.map_or_else(|| conclusion_of(&report), ConclusionArg::conclusion);
                    (conclusion, output_of(&report, summary(&report)))
                }
                Err(error) => without_report(session, *conclusion, &error),
            };
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

fn report(session: &Session, run: &str, judging: &JudgingArgs) -> Result<Report, String> {
    let told = |error: StepError| {
        session.printer.step(&error);
        error.to_string()
    };
    let workspace = session.workspace(&session.current).map_err(|_| "the project file is wrong".to_owned())?;
    report_of(session, &workspace, run, judging).map_err(told)
}

fn without_report(session: &Session, conclusion: Option<ConclusionArg>, error: &str) -> (Conclusion, CheckOutput) {
    let conclusion = conclusion.map_or(Conclusion::Failure, ConclusionArg::conclusion);
    session.printer.warning("there is no report of a run: the check says so");
    let error: String = error.chars().filter(|c| !matches!(c, '`' | '<' | '@')).take(500).collect();
    let title = "no run came to an end".to_owned();
    let summary = format!("The job ended before there was a run to report, or its run cannot be read: `{error}`");
    (conclusion, CheckOutput { title, summary, annotations: Vec::new() })
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
