//! Keeps one issue open while a suite is red: opened by its first red run, kept up to date by the next ones, closed
//! by the first green one.
//!
//! An issue is ours if its first line is the marker of the key and the token's own identity wrote it. One that
//! somebody closed stays closed: the next red run opens another.

use super::StepError;
use super::commenting::{BUDGET, TRIES, same};
use super::workspace::load_suite_file;
use crate::outside::github::{Closed, Event, GitHubError, Issue, IssueText, Issues};
use crate::report::{Marker, RedSince};
use crate::value::is_plain_name;
use serde_json::Value;
use std::path::Path;

/// What was done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tracked {
    /// There is a new issue.
    Opened,
    /// It says something else.
    Updated,
    /// It said the same.
    Unchanged,
    /// The suite is green again.
    Closed,
    /// The suite is green, and no issue was open.
    NotNeeded,
}

impl Tracked {
    /// Returns the word for it.
    pub fn word(self) -> &'static str {
        match self {
            Tracked::Opened => "opened",
            Tracked::Updated => "updated",
            Tracked::Unchanged => "unchanged",
            Tracked::Closed => "closed",
            Tracked::NotNeeded => "not needed",
        }
    }
}

/// What to keep where.
pub struct Tracking<'a> {
    /// Which issue it is.
    pub marker: &'a Marker,
    /// Whether the suite is red.
    pub red: bool,
    /// One line.
    pub title: String,
    /// Since when the suite is red, with this run, after what an earlier text says.
    pub since: &'a dyn Fn(Option<RedSince>) -> RedSince,
    /// Makes the text for a budget of bytes.
    pub text: &'a dyn Fn(usize, &RedSince) -> String,
    /// What a new issue is labelled with.
    pub labels: &'a [String],
}

/// Opens, updates or closes the issue. What GitHub finds too long is made smaller.
pub fn track(github: &dyn Issues, tracking: &Tracking<'_>) -> Result<(Tracked, Option<Issue>), StepError> {
    let failed = |error: GitHubError| StepError::GitHub(error);
    let mut budget = BUDGET;
    for attempt in 1.. {
        let mut own = own_issues(github, tracking.marker).map_err(failed)?.into_iter();
        // The oldest stays.
        let before = own.next();
        if before.is_none() && !tracking.red {
            return Ok((Tracked::NotNeeded, None));
        }
        let since = (tracking.since)(before.as_ref().and_then(|issue| RedSince::read(&issue.body)));
        let text = IssueText { title: tracking.title.clone(), body: (tracking.text)(budget, &since) };
        match put(github, tracking, before.as_ref(), &text) {
            Ok((word, issue)) => {
                own.try_for_each(|double| close_double(github, &double, &issue)).map_err(failed)?;
                return Ok((word, Some(issue)));
            }
            Err(error) if error.is_unprocessable() && attempt < TRIES => budget = text.body.len() / 2,
            // It may be there, or somebody deleted it: look again.
            Err(error) if (error.is_unclear() || before.is_some() && error.is_absent()) && attempt < TRIES => {}
            Err(error) => return Err(failed(error)),
        }
    }
    unreachable!("the loop ends with its last try")
}

/// Puts a text into the issue that is open, or into a new one.
fn put(
    github: &dyn Issues,
    tracking: &Tracking<'_>,
    before: Option<&Issue>,
    text: &IssueText,
) -> Result<(Tracked, Issue), GitHubError> {
    let Some(issue) = before else {
        return github.create_issue(text, tracking.labels).map(|issue| (Tracked::Opened, issue));
    };
    if tracking.red && same(&issue.body, &text.body) {
        return Ok((Tracked::Unchanged, issue.clone()));
    }
    let (word, closed) =
        if tracking.red { (Tracked::Updated, None) } else { (Tracked::Closed, Some(Closed::Completed)) };
    github.update_issue(issue.number, text, closed).map(|issue| (word, issue))
}

/// Closes an issue about the same suite as another.
fn close_double(github: &dyn Issues, double: &Issue, stays: &Issue) -> Result<(), GitHubError> {
    let text = IssueText {
        title: format!("the same as issue {}", stays.number),
        body: format!("{} is about the same suite.\n", stays.url),
    };
    github.update_issue(double.number, &text, Some(Closed::NotPlanned)).map(drop)
}

/// Returns the open issues with a marker that the token's own identity wrote, the oldest first.
fn own_issues(github: &dyn Issues, marker: &Marker) -> Result<Vec<Issue>, GitHubError> {
    let mut marked = github.open_issues()?;
    marked.retain(|issue| marker.marks(&issue.body));
    if marked.is_empty() {
        return Ok(marked);
    }
    let nodes: Vec<String> = marked.iter().map(|issue| issue.node.clone()).collect();
    let own = github.own_issues(&nodes)?;
    marked.retain(|issue| own.contains(&issue.node));
    marked.sort_by_key(|issue| issue.number);
    Ok(marked)
}

/// Returns the name of the suite in a file: of one that cannot be loaded what its line `suite: NAME` says. Where there
/// is none, the file's own name stands for it, and it is not sure.
pub fn suite_in(path: &Path) -> (String, bool) {
    if let Ok(loaded) = load_suite_file(path) {
        return (loaded.suite.name.to_string(), true);
    }
    let text = std::fs::read(path).unwrap_or_default();
    match named_in(&String::from_utf8_lossy(&text)) {
        Some(name) => (name, true),
        None => (path.file_stem().unwrap_or_default().to_string_lossy().into_owned(), false),
    }
}

/// Finds the name of a suite in a text that may be no YAML.
fn named_in(text: &str) -> Option<String> {
    let value = text.lines().find_map(|line| line.strip_prefix("suite:"))?;
    let value = value.split_once(" #").map_or(value, |(value, _)| value);
    let name = value.trim().trim_matches(['"', '\'']);
    is_plain_name(name).then(|| name.to_owned())
}

/// Where a run was made, as its job knows it.
#[derive(Debug, Clone, Copy)]
pub struct Made<'a> {
    /// The event of the job.
    pub event: &'a Value,
    /// The branch or tag, as GITHUB_REF says it; none at a desk.
    pub reference: Option<&'a str>,
    /// The repository.
    pub repository: Option<&'a str>,
}

/// Checks that a run is one of the branch that issues are kept for: `branch`, or the repository's main branch.
/// The code of a pull request is nobody's news but its author's.
pub fn check_branch(made: Made<'_>, branch: Option<&str>) -> Result<(), StepError> {
    let Made { event, reference, repository } = made;
    let nothing = |message: String| {
        let hint = "issues are kept for the main branch, or the one that `--branch` names".to_owned();
        Err(StepError::Nothing { message, hint: Some(hint) })
    };
    let text = |at: &str| event.pointer(at).and_then(Value::as_str);
    let event = Event::read(event);
    if let Event::PullRequest { number, .. } = event {
        return nothing(format!("this is a run of pull request {number}"));
    }
    let Some(wanted) = branch.or_else(|| text("/repository/default_branch")) else { return Ok(()) };
    let branch = match event {
        Event::PullRequest { .. } => None,
        Event::Commit(head) => {
            let own = repository.is_some_and(|own| own.eq_ignore_ascii_case(&head.repository));
            if !own || text("/workflow_run/event") == Some("pull_request") {
                return nothing(format!("this is a run of commit {} of {}", head.sha, head.repository));
            }
            head.branch
        }
        Event::Other => match reference {
            None => return Ok(()),
            Some(reference) => reference.strip_prefix("refs/heads/").map(str::to_owned),
        },
    };
    match branch {
        Some(branch) if branch == wanted => Ok(()),
        Some(branch) => nothing(format!("this is a run of branch `{branch}`, not of `{wanted}`")),
        None => nothing("this is a run of no branch".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn names_in_what_may_be_no_suite() {
        let check = |text: &str, expected: Option<&str>| assert_eq!(named_in(text).as_deref(), expected, "{text}");
        check("version: 1\nsuite: tiny\n", Some("tiny"));
        check("suite: \"tiny\"  # nightly\nstages: [", Some("tiny"));
        check("suite:'a b'", None);
        check("  suite: inner\n", None);
        check("", None);
    }

    #[test]
    fn issues_are_for_one_branch() {
        let check = |event: Value, reference: Option<&str>, branch: Option<&str>, expected: &str| {
            let made = Made { event: &event, reference, repository: Some("lab/chip") };
            let found = check_branch(made, branch).map_or_else(|error| error.to_string(), |()| "yes".to_owned());
            assert_eq!(found, expected, "{event} {reference:?} {branch:?}");
        };
        let push = json!({ "repository": { "default_branch": "trunk" } });
        check(push.clone(), Some("refs/heads/trunk"), None, "yes");
        check(push.clone(), Some("refs/heads/wider"), None, "this is a run of branch `wider`, not of `trunk`");
        check(push.clone(), Some("refs/heads/wider"), Some("wider"), "yes");
        check(push.clone(), Some("refs/tags/trunk"), None, "this is a run of no branch");
        check(push, None, None, "yes");
        check(Value::Null, Some("refs/heads/wider"), None, "yes");
        let pull = json!({ "pull_request": { "number": 7 }, "repository": { "default_branch": "trunk" } });
        check(pull, Some("refs/heads/trunk"), None, "this is a run of pull request 7");
        check(json!({ "pull_request": { "number": 7 } }), None, None, "this is a run of pull request 7");
        let other = |event: &str, repository: &str| {
            json!({
                "workflow_run": {
                    "head_sha": "abc", "head_branch": "trunk", "event": event,
                    "head_repository": { "full_name": repository },
                },
                "repository": { "default_branch": "trunk" },
            })
        };
        check(other("push", "Lab/Chip"), Some("refs/heads/x"), None, "yes");
        check(other("push", "fork/chip"), Some("refs/heads/trunk"), None, "this is a run of commit abc of fork/chip");
        check(other("pull_request", "lab/chip"), None, None, "this is a run of commit abc of lab/chip");
    }
}
