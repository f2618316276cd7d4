//! `shmoo comment`.

use super::Session;
use super::arguments::{JudgingArgs, TextFormat};
use super::collect::apply;
use super::comment_arguments::{CommentArgs, PostArgs};
use super::exit::Exit;
use super::github::{client, environment, event, run_address};
use crate::outside::github::{Comment, Event};
use crate::report::{CommentKey, CommentOptions, Marker, Report, comment_on_several};
use crate::steps::commenting::{BUDGET, Placed, Placement, place, pull_requests};
use crate::steps::finding::{find_any_run, runs_of_commit};
use crate::steps::receiving::report_of_archive;
use crate::steps::reporting::judge;
use crate::steps::{StepError, Workspace};
use serde_json::json;

pub(super) fn comment(session: &Session, arguments: &CommentArgs) -> Result<Exit, Exit> {
    let printer = &session.printer;
    let fail = |error: StepError| printer.step(&error);
    let mut workspace = session.workspace(&session.current)?;
    let PostArgs { run_url, report_url, places, github, format, .. } = &arguments.post;
    apply(places, &mut workspace);
    let reports = reports(session, &workspace, arguments).map_err(fail)?;
    if arguments.plots_url.is_some() && reports.len() > 1 {
        let hint = "leave `--plots-url` out: a comment on several runs shows plots as text";
        return Err(fail(StepError::usage("`--plots-url` is for one run", Some(hint.to_owned()))));
    }
    let environment = environment(session);
    let event = event(session, &environment)?;
    let marker = Marker::comment(key(session, arguments.key.as_ref(), &reports)?);
    let run_url = run_url.clone().or_else(|| run_address(&environment, &event));
    let links = [("CI run", run_url), ("whole report", report_url.clone()), ("archive", arguments.archive_url.clone())];
    let links: Vec<_> = links.into_iter().filter_map(|(word, address)| Some((word, address?))).collect();
    let text = |budget| {
        let options =
            CommentOptions { budget, marker: marker.clone(), links: links.clone(), plots: arguments.plots_url.clone() };
        comment_on_several(&reports, &options)
    };
    if arguments.dry_run {
        printer.data(|out| out.write_all(text(BUDGET).as_bytes()))?;
        return Ok(Exit::Ok);
    }
    let github = client(session, github)?;
    let numbers = pull_requests(&github, &Event::read(&event), arguments.pr).map_err(fail)?;
    for pull_request in numbers {
        let placement = Placement { pull_request, marker: &marker, repost: arguments.repost, text: &text };
        let (placed, comment) = place(&github, &placement).map_err(fail)?;
        print(session, *format, pull_request, placed, &comment)?;
    }
    Ok(Exit::Ok)
}

/// Returns the reports of all runs, each once.
fn reports(session: &Session, workspace: &Workspace, arguments: &CommentArgs) -> Result<Vec<Report>, StepError> {
    let CommentArgs { runs, commit, archive, post, .. } = arguments;
    let judging @ JudgingArgs { base, strict } = &post.judging;
    if let Some(archive) = archive {
        return Ok(vec![report_of_archive(workspace, archive, base, *strict, &session.current)?]);
    }
    let wanted = match commit {
        Some(commit) => runs_of_commit(workspace, commit)?.into_iter().map(|run| run.to_string()).collect(),
        None if runs.is_empty() => vec!["last".to_owned()],
        None => runs.clone(),
    };
    let mut reports = Vec::<Report>::new();
    for run in &wanted {
        let report = report_of(session, workspace, run, judging)?;
        if !reports.iter().any(|other| other.run.id == report.run.id) {
            reports.push(report);
        }
    }
    Ok(reports)
}

/// Returns the report of a run that is named.
pub(super) fn report_of(
    session: &Session,
    workspace: &Workspace,
    run: &str,
    JudgingArgs { base, strict }: &JudgingArgs,
) -> Result<Report, StepError> {
    let found = find_any_run(workspace, run)?;
    judge(workspace, found.folder.as_ref(), &found.plan, found.recorded, Some(base), *strict, &session.current)
}

/// Returns the key that was given, or the names of suite and profile.
pub(super) fn key(session: &Session, given: Option<&CommentKey>, reports: &[Report]) -> Result<CommentKey, Exit> {
    match (given, reports) {
        (Some(key), _) => Ok(key.clone()),
        (None, [report]) => key_of_names(session, report.run.suite.as_str(), report.run.profile.as_deref()),
        (None, _) => key_of_names(session, "suites", None),
    }
}

/// Returns the key that the names of a suite and a profile make.
pub(super) fn key_of_names(session: &Session, suite: &str, profile: Option<&str>) -> Result<CommentKey, Exit> {
    let profile = profile.map(|profile| format!(".{profile}")).unwrap_or_default();
    format!("{suite}{profile}").parse().map_err(|why: &str| {
        let hint = Some("give one with `--key KEY`");
        session.printer.error(&format!("the names of suite and profile are no key: {why}"), hint);
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
