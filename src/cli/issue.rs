//! `shmoo issue`.

use super::Session;
use super::arguments::TextFormat;
use super::collect::apply;
use super::comment::{key, report_of};
use super::comment_arguments::PostArgs;
use super::exit::Exit;
use super::github::{client, environment, event, run_address};
use super::issue_arguments::IssueArgs;
use crate::outside::github::Issue;
use crate::report::{CommentOptions, Marker, RedSince, Tone, headline, issue as render, issue_title};
use crate::steps::StepError;
use crate::steps::commenting::BUDGET;
use crate::steps::tracking::{Made, Tracked, Tracking, check_branch, track};
use serde_json::json;

pub(super) fn issue(session: &Session, arguments: &IssueArgs) -> Result<Exit, Exit> {
    let printer = &session.printer;
    let fail = |error: StepError| printer.step(&error);
    let environment = environment(session);
    let event = event(session, &environment)?;
    let IssueArgs { run, branch, labels, post, .. } = arguments;
    let PostArgs { run_url, report_url, judging, places, github, format } = post;
    if !arguments.dry_run {
        let made = Made {
            event: &event,
            reference: environment.get("GITHUB_REF"),
            repository: github.repository.as_deref().or_else(|| environment.get("GITHUB_REPOSITORY")),
        };
        check_branch(made, branch.as_deref()).map_err(fail)?;
    }
    let mut workspace = session.workspace(&session.current)?;
    apply(places, &mut workspace);
    let report = report_of(session, &workspace, run, judging).map_err(fail)?;
    let marker = Marker::issue(key(session, arguments.key.as_ref(), std::slice::from_ref(&report))?);
    let run_url = run_url.clone().or_else(|| run_address(&environment, &event));
    let links = [("CI run", run_url), ("whole report", report_url.clone())];
    let links: Vec<_> = links.into_iter().filter_map(|(word, address)| Some((word, address?))).collect();
    let red = headline(&report).tone == Tone::Bad;
    let text = |budget: usize, since: &RedSince| {
        render(&report, since, &CommentOptions { budget, marker: marker.clone(), links: links.clone(), plots: None })
    };
    // A green run ends what was so before it.
    let since = |before: Option<RedSince>| match before {
        Some(before) if red => before.and(&report),
        Some(before) => before,
        None => RedSince::begin(&report),
    };
    let title = issue_title(&report);
    if arguments.dry_run {
        printer.data(|out| write!(out, "{title}\n\n{}", text(BUDGET, &since(None))))?;
        return Ok(Exit::Ok);
    }
    let github = client(session, github)?;
    let tracking = Tracking { marker: &marker, red, title, since: &since, text: &text, labels };
    let (tracked, issue) = track(&github, &tracking).map_err(fail)?;
    print(session, *format, tracked, issue.as_ref())?;
    Ok(Exit::Ok)
}

fn print(session: &Session, format: TextFormat, tracked: Tracked, issue: Option<&Issue>) -> Result<(), Exit> {
    let (word, number, url) = (tracked.word(), issue.map(|issue| issue.number), issue.map(|issue| issue.url.as_str()));
    session.printer.data(|out| match (format, number, url) {
        (TextFormat::Json, ..) => {
            writeln!(out, "{}", json!({ "version": 1, "issue": number, "url": url, "tracked": word }))
        }
        (TextFormat::Text, Some(number), Some(url)) => writeln!(out, "issue {number}: {word}, {url}"),
        (TextFormat::Text, ..) => writeln!(out, "no issue is open, and none is needed"),
    })
}
