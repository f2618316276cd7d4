//! Keeps one comment on a pull request up to date, and finds the pull request.
//!
//! A comment is ours if its first line is the marker of the key and the token's own identity wrote it:
//! a marker alone can be copied by anybody.

use super::StepError;
use crate::outside::github::{Comment, Event, GitHub, GitHubError};
use crate::report::Marker;

/// Bytes that a comment is made for at first. GitHub takes 65,536 characters.
pub const BUDGET: usize = 60_000;
/// How often a comment is made smaller, or looked for again.
pub(super) const TRIES: usize = 5;

/// What was done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Placed {
    /// There was none.
    Created,
    /// It said something else.
    Updated,
    /// It said the same.
    Unchanged,
    /// Earlier ones are hidden, a new one is there.
    Reposted,
}

impl Placed {
    /// Returns the word for it.
    pub fn word(self) -> &'static str {
        match self {
            Placed::Created => "created",
            Placed::Updated => "updated",
            Placed::Unchanged => "unchanged",
            Placed::Reposted => "reposted",
        }
    }
}

/// What to place where.
pub struct Placement<'a> {
    /// The pull request.
    pub pull_request: u64,
    /// Which comment it is.
    pub marker: &'a Marker,
    /// Whether to hide the earlier comment and write a new one, which notifies people.
    pub repost: bool,
    /// Makes the text for a budget of bytes.
    pub text: &'a dyn Fn(usize) -> String,
}

/// Writes or updates the comment. What GitHub finds too long is made smaller.
pub fn place(github: &dyn GitHub, placement: &Placement<'_>) -> Result<(Placed, Comment), StepError> {
    let Placement { pull_request, marker, repost, text } = placement;
    let failed = |error: GitHubError| StepError::GitHub(error);
    let mut body = text(BUDGET);
    let before = own_comments(github, *pull_request, marker).map_err(failed)?;
    let mut known = before.clone();
    for attempt in 1.. {
        let latest = known.last().filter(|_| !repost);
        let placed = match latest {
            Some(comment) if same(&comment.body, &body) => Ok((Placed::Unchanged, comment.clone())),
            Some(comment) => github.update_comment(comment.id, &body).map(|comment| (Placed::Updated, comment)),
            None => github.create_comment(*pull_request, &body).map(|comment| (Placed::Created, comment)),
        };
        match placed {
            Ok((placed, comment)) => {
                let word = if *repost && !before.is_empty() { Placed::Reposted } else { placed };
                hide(github, &before, &comment).map_err(failed)?;
                return Ok((word, comment));
            }
            Err(error) if error.is_unprocessable() && attempt < TRIES => body = text(body.len() / 2),
            // Somebody deleted it, or it may be there: look again.
            Err(error) if (error.is_unclear() || latest.is_some() && error.is_absent()) && attempt < TRIES => {
                known = own_comments(github, *pull_request, marker).map_err(failed)?;
                let new = known.iter().find(|comment| !before.iter().any(|old| old.id == comment.id));
                if let (true, Some(new)) = (*repost, new) {
                    hide(github, &before, new).map_err(failed)?;
                    return Ok((Placed::Reposted, new.clone()));
                }
            }
            Err(error) => return Err(failed(error)),
        }
    }
    unreachable!("the loop ends with its last try")
}

/// Returns the comments with a marker that the token's own identity wrote and that are shown, oldest first.
fn own_comments(github: &dyn GitHub, pull_request: u64, marker: &Marker) -> Result<Vec<Comment>, GitHubError> {
    let mut marked = github.comments(pull_request)?;
    marked.retain(|comment| marker.marks(&comment.body));
    if marked.is_empty() {
        return Ok(marked);
    }
    let nodes: Vec<String> = marked.iter().map(|comment| comment.node.clone()).collect();
    let authorship = github.authorship(&nodes)?;
    marked.retain(|comment| authorship.get(&comment.node).is_some_and(|found| found.own && !found.hidden));
    Ok(marked)
}

/// Hides the comments of before, but for the one that stays.
fn hide(github: &dyn GitHub, before: &[Comment], stays: &Comment) -> Result<(), GitHubError> {
    before.iter().filter(|comment| comment.id != stays.id).try_for_each(|comment| github.hide_comment(&comment.node))
}

/// Tells whether GitHub has this text already; it changes line ends and what is behind the last.
pub(super) fn same(stored: &str, text: &str) -> bool {
    stored.replace("\r\n", "\n").trim_end() == text.trim_end()
}

/// Finds the pull requests to comment on: the one that is named, that of the event, or those that a commit is
/// the head of. With an event of another workflow a number that is named must fit its commit: whoever
/// names it may have it from a file of a fork.
pub fn pull_requests(github: &dyn GitHub, event: &Event, named: Option<u64>) -> Result<Vec<u64>, StepError> {
    let usage = |message: String, hint: &str| Err(StepError::usage(message, Some(hint.to_owned())));
    match (event, named) {
        (Event::Commit(head), named) => {
            let found = github.pull_requests_of(head).map_err(StepError::GitHub)?;
            let numbers: Vec<u64> = found.iter().map(|pull| pull.number).collect();
            match named {
                None if numbers.is_empty() => Err(StepError::Nothing {
                    message: format!("no open pull request has commit {} of {} as its head", head.sha, head.repository),
                    hint: Some("it may have been closed, or have a newer commit by now".to_owned()),
                }),
                None => Ok(numbers),
                Some(number) if numbers.contains(&number) => Ok(vec![number]),
                Some(number) => usage(
                    format!("commit {} of {} is not the head of pull request {number}", head.sha, head.repository),
                    "leave the number out: it is found by the commit",
                ),
            }
        }
        (_, Some(number)) => Ok(vec![number]),
        (Event::PullRequest { number, .. }, None) => Ok(vec![*number]),
        (Event::Other, None) => {
            let hint = "give it with `--pr N`, or run on `pull_request` or `workflow_run`";
            usage("the event that this job runs for has no pull request".to_owned(), hint)
        }
    }
}
