//! `shmoo issue`.

use super::Session;
use super::arguments::TextFormat;
use super::collect::apply;
use super::comment::{key, key_of_names, report_of};
use super::comment_arguments::PostArgs;
use super::exit::Exit;
use super::github::{client, environment, event, run_address};
use super::issue_arguments::IssueArgs;
use crate::gha::Needs;
use crate::outside::environment::Environment;
use crate::outside::github::Issue;
use crate::report::{
    CommentKey, CommentOptions, Marker, NoRun, RedSince, Report, Tone, headline, issue as render, issue_title,
    no_run_issue, no_run_title, nothing_to_track,
};
use crate::steps::commenting::BUDGET;
use crate::steps::tracking::{Made, Tracked, Tracking, check_branch, suite_in, track};
use crate::steps::{StepError, Workspace};
use crate::value::Timestamp;
use serde_json::json;

/// How a suite is.
#[expect(clippy::large_enum_variant, reason = "there is one")]
enum News {
    /// There is a run.
    Run(Report),
    /// There is none, since jobs did not do their work.
    NoRun(Dead),
}

/// Jobs that left no run to report.
struct Dead {
    /// What stands for the run: a name that no other run has.
    name: String,
    /// What stands for the suite.
    suite: String,
    when: Timestamp,
    why: Option<String>,
}

pub(super) fn issue(session: &Session, arguments: &IssueArgs) -> Result<Exit, Exit> {
    let printer = &session.printer;
    let fail = |error: StepError| printer.step(&error);
    let environment = environment(session);
    let event = event(session, &environment)?;
    let IssueArgs { branch, labels, post, .. } = arguments;
    let PostArgs { run_url, report_url, judging: _, places, github, format } = post;
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
    let news = news(session, &workspace, arguments, &environment)?;
    let marker = Marker::issue(key_of(session, arguments, &news)?);
    let run_url = run_url.clone().or_else(|| run_address(&environment, &event));
    let links = [("CI run", run_url), ("whole report", report_url.clone())];
    let links: Vec<_> = links.into_iter().filter_map(|(word, address)| Some((word, address?))).collect();
    let text = |budget: usize, since: &RedSince| {
        let options = CommentOptions { budget, marker: marker.clone(), links: links.clone(), plots: None };
        match &news {
            News::Run(report) => render(report, since, &options),
            News::NoRun(dead) => dead.told(arguments, |told| no_run_issue(told, since, &options)),
        }
    };
    let (red, run, started) = match &news {
        News::Run(report) => (headline(report).tone == Tone::Bad, report.run.id.as_str(), report.run.started),
        News::NoRun(dead) => (true, dead.name.as_str(), dead.when),
    };
    // A green run ends what was so before it.
    let since = |before: Option<RedSince>| match before {
        Some(before) if red => before.and(run),
        Some(before) => before,
        None => RedSince::begin(run, started),
    };
    let title = match &news {
        News::Run(report) => issue_title(report),
        News::NoRun(dead) => dead.told(arguments, no_run_title),
    };
    if arguments.dry_run {
        // Whether an issue is open, and since when, only GitHub knows.
        if let News::Run(report) = &news
            && !red
        {
            printer.data(|out| write!(out, "{}", nothing_to_track(report)))?;
            return Ok(Exit::Ok);
        }
        printer.data(|out| write!(out, "{title}\n\n{}", text(BUDGET, &since(None))))?;
        return Ok(Exit::Ok);
    }
    let github = client(session, github)?;
    let tracking = Tracking { marker: &marker, red, title, since: &since, text: &text, labels };
    let (tracked, issue) = track(&github, &tracking).map_err(fail)?;
    print(session, *format, tracked, issue.as_ref())?;
    Ok(Exit::Ok)
}

/// Finds the run, or what became of the jobs that were to make it.
fn news(
    session: &Session,
    workspace: &Workspace,
    arguments: &IssueArgs,
    environment: &Environment,
) -> Result<News, Exit> {
    let fail = |error: StepError| session.printer.step(&error);
    let IssueArgs { run, needs, post, .. } = arguments;
    let judging = &post.judging;
    let Some(needs) = needs else {
        let run = run.as_deref().unwrap_or("last");
        return Ok(News::Run(report_of(session, workspace, run, judging).map_err(fail)?));
    };
    let why = match run.as_deref().map(|run| report_of(session, workspace, run, judging)) {
        Some(Ok(report)) => return Ok(News::Run(report)),
        Some(Err(error)) if needs.is_red() => {
            let _ = session.printer.step(&error);
            Some(error.to_string())
        }
        Some(Err(error)) => return Err(fail(error)),
        None => None,
    };
    if !needs.is_red() {
        let message = "no job failed, and there is no run to tell of".to_owned();
        let hint = Some("with an empty selection there is nothing to run".to_owned());
        return Err(fail(StepError::Nothing { message, hint }));
    }
    Ok(News::NoRun(Dead {
        name: run.clone().unwrap_or_else(|| name_of_job(environment)),
        suite: suite_of(session, arguments)?,
        when: workspace.clock.now(),
        why,
    }))
}

impl Dead {
    /// Gives what there is to say to `tell`.
    fn told<T>(&self, arguments: &IssueArgs, tell: impl FnOnce(&NoRun<'_>) -> T) -> T {
        let jobs = arguments.needs.as_ref().map_or(&[][..], Needs::jobs);
        let (mut all, mut red) = (Vec::new(), Vec::new());
        for job in jobs {
            let told = (job.name.as_str(), job.result.as_str());
            all.push(told);
            red.extend(job.is_red().then_some(told));
        }
        let profile = arguments.profile.as_deref();
        tell(&NoRun { suite: &self.suite, profile, jobs: &all, red: &red, why: self.why.as_deref() })
    }
}

/// Returns a name for what is no run: that of the CI run.
fn name_of_job(environment: &Environment) -> String {
    let number = |name: &str| environment.get(name).unwrap_or("0");
    format!("ci-{}-{}", number("GITHUB_RUN_ID"), number("GITHUB_RUN_ATTEMPT"))
}

/// Returns what stands for the suite without a run.
fn suite_of(session: &Session, arguments: &IssueArgs) -> Result<String, Exit> {
    let IssueArgs { suite, key, .. } = arguments;
    match (suite, key) {
        (Some(file), key) => {
            let (name, is_sure) = suite_in(&session.current.join(file));
            if !is_sure && key.is_none() {
                let file = file.display();
                session.printer.warning(&format!("`{file}` names no suite: the issue is found by the file's name"));
            }
            Ok(name)
        }
        (None, Some(key)) => Ok(key.to_string()),
        (None, None) => {
            let hint = Some("give `--suite FILE`, or `--key KEY`");
            session.printer.error("without a run it is not known which suite it is", hint);
            Err(Exit::Usage)
        }
    }
}

/// Returns the key that was given, or the names of suite and profile.
fn key_of(session: &Session, arguments: &IssueArgs, news: &News) -> Result<CommentKey, Exit> {
    match news {
        News::Run(report) => key(session, arguments.key.as_ref(), std::slice::from_ref(report)),
        News::NoRun(dead) => match &arguments.key {
            Some(key) => Ok(key.clone()),
            None => key_of_names(session, &dead.suite, arguments.profile.as_deref()),
        },
    }
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
