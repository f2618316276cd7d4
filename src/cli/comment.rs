//! `shmoo comment`.

use super::Session;
use super::arguments::TextFormat;
use super::comment_arguments::CommentArgs;
use super::exit::Exit;
use super::github::{client, environment, event, run_address};
use crate::outside::github::{Comment, Event};
use crate::report::{CommentKey, CommentOptions, Report, comment as render};
use crate::steps::commenting::{BUDGET, Placed, Placement, place, pull_requests};
use crate::steps::finding::find_any_run;
use crate::steps::receiving::report_of_archive;
use crate::steps::reporting::judge;
use crate::steps::{StepError, Workspace};
use serde_json::json;

pub(super) fn comment(session: &Session, arguments: &CommentArgs) -> Result<Exit, Exit> {
    let printer = &session.printer;
    let fail = |error: StepError| printer.step(&error);
    let workspace = session.workspace(&session.current)?;
    let report = report(session, &workspace, arguments).map_err(fail)?;
    let environment = environment(session);
    let event = event(session, &environment)?;
    let key = key(session, arguments, &report)?;
    let run_url = arguments.run_url.clone().or_else(|| run_address(&environment, &event));
    let links = [
        ("CI run", run_url),
        ("whole report", arguments.report_url.clone()),
        ("archive", arguments.archive_url.clone()),
    ];
    let links: Vec<_> = links.into_iter().filter_map(|(word, address)| Some((word, address?))).collect();
    let text = |budget| render(&report, &CommentOptions { budget, key: key.clone(), links: links.clone() });
    if arguments.dry_run {
        printer.data(|out| out.write_all(text(BUDGET).as_bytes()))?;
        return Ok(Exit::Ok);
    }
    let github = client(session, &arguments.github)?;
    let numbers = pull_requests(&github, &Event::read(&event), arguments.pr).map_err(fail)?;
    for pull_request in numbers {
        let placement = Placement { pull_request, key: &key, repost: arguments.repost, text: &text };
        let (placed, comment) = place(&github, &placement).map_err(fail)?;
        print(session, arguments.format, pull_request, placed, &comment)?;
    }
    Ok(Exit::Ok)
}

fn report(session: &Session, workspace: &Workspace, arguments: &CommentArgs) -> Result<Report, StepError> {
    let CommentArgs { run, archive, base, strict, .. } = arguments;
    if let Some(archive) = archive {
        return report_of_archive(workspace, archive, base, *strict, &session.current);
    }
    let found = find_any_run(workspace, run)?;
    judge(workspace, found.folder.as_ref(), &found.plan, found.recorded, Some(base), *strict, &session.current)
}

fn key(session: &Session, arguments: &CommentArgs, report: &Report) -> Result<CommentKey, Exit> {
    if let Some(key) = &arguments.key {
        return Ok(key.clone());
    }
    let run = &report.run;
    let profile = run.profile.as_ref().map(|profile| format!(".{profile}")).unwrap_or_default();
    format!("{}{profile}", run.suite).parse().map_err(|why: &str| {
        let hint = Some("give one with `--key KEY`");
        session.printer.error(&format!("the names of suite and profile are no key of a comment: {why}"), hint);
        Exit::Usage
    })
}

fn print(
    session: &Session,
    format: TextFormat,
    pull_request: u64,
    placed: Placed,
    comment: &Comment,
) -> Result<(), Exit> {
    let Comment { id, url, .. } = comment;
    let word = placed.word();
    session.printer.data(|out| match format {
        TextFormat::Text => writeln!(out, "pull request {pull_request}: comment {word}, {url}"),
        TextFormat::Json => writeln!(
            out,
            "{}",
            json!({ "version": 1, "pull_request": pull_request, "comment": id, "url": url, "placed": word })
        ),
    })
}
