//! GitHub's API, as far as shmoo needs it: comments of a pull request, check runs, issues, and which pull
//! request a commit belongs to.
//!
//! In: a [`Place`] (which server, which repository), a [`Token`], [`Patience`]. Out: what GitHub answered, or a
//! [`GitHubError`] that says what was tried, whose fault it is and what to do.
//!
//! Invariants: waiting is bounded; a request that may have been carried out is never sent a second time
//! unless that changes nothing; no message has the token in it.

mod answers;
mod client;
mod error;
mod event;
mod issues;
mod patience;
mod place;
mod token;
mod transport;

pub use client::GitHubClient;
pub use error::GitHubError;
pub use event::{Event, Head};
pub use issues::{Closed, Issue, IssueText, Issues};
pub use patience::Patience;
pub use place::{ParsePlaceError, Place, RepositoryName};
pub use token::Token;

use std::collections::BTreeMap;

/// A comment of an issue or pull request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Comment {
    /// Its number, which requests name.
    pub id: u64,
    /// Its name in GraphQL.
    pub node: String,
    /// Its text.
    pub body: String,
    /// Where people see it.
    pub url: String,
}

/// What is to be known of a comment before it is touched.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Authorship {
    /// Whether the token's own identity wrote it.
    pub own: bool,
    /// Whether it is hidden.
    pub hidden: bool,
}

/// A pull request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PullRequest {
    /// Its number.
    pub number: u64,
    /// Whether it is open.
    pub open: bool,
    /// The commit that is to be merged.
    pub head_sha: String,
    /// The repository that it comes from; none if that is gone.
    pub head_repository: Option<String>,
}

/// A check run, as GitHub has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CheckRun {
    /// Its number.
    pub id: u64,
    /// What its maker called it.
    pub external_id: String,
    /// Whether it has a conclusion.
    pub completed: bool,
    /// Where people see it.
    pub url: String,
}

/// How a check run ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Conclusion {
    /// All is well.
    Success,
    /// Something is wrong.
    Failure,
    /// Nothing is wrong, and nothing was checked.
    Neutral,
    /// Somebody stopped it.
    Cancelled,
    /// Nothing was to be done.
    Skipped,
}

impl Conclusion {
    /// Returns GitHub's word.
    pub fn word(self) -> &'static str {
        match self {
            Conclusion::Success => "success",
            Conclusion::Failure => "failure",
            Conclusion::Neutral => "neutral",
            Conclusion::Cancelled => "cancelled",
            Conclusion::Skipped => "skipped",
        }
    }
}

/// What a check run shall say.
#[derive(Debug, Clone, PartialEq)]
pub struct CheckRunState {
    /// Its name, which rules of a branch may require.
    pub name: String,
    /// The commit.
    pub head_sha: String,
    /// What its maker calls it.
    pub external_id: String,
    /// Where its details are.
    pub details_url: Option<String>,
    /// How it ended; none while it is going on.
    pub conclusion: Option<Conclusion>,
    /// What it says.
    pub output: Option<CheckOutput>,
}

/// What a check run says.
#[derive(Debug, Clone, PartialEq)]
pub struct CheckOutput {
    /// One line.
    pub title: String,
    /// Markdown.
    pub summary: String,
    /// Marks on files, at most 50.
    pub annotations: Vec<CheckAnnotation>,
}

/// A mark on a line of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CheckAnnotation {
    /// The file, relative to the repository.
    pub path: String,
    /// The line, from 1.
    pub line: u32,
    /// `notice`, `warning` or `failure`.
    pub level: &'static str,
    /// One line.
    pub title: String,
    /// The text.
    pub message: String,
}

/// GitHub, for one repository and one identity.
pub trait GitHub {
    /// Returns every comment of a pull request, the oldest first, all pages of them.
    fn comments(&self, pull_request: u64) -> Result<Vec<Comment>, GitHubError>;

    /// Tells by node which comments the token's own identity wrote. Those that are gone are not in it.
    fn authorship(&self, nodes: &[String]) -> Result<BTreeMap<String, Authorship>, GitHubError>;

    /// Writes a comment. After an [unclear](GitHubError::is_unclear) error it may be there or not.
    fn create_comment(&self, pull_request: u64, body: &str) -> Result<Comment, GitHubError>;

    /// Puts another text into a comment.
    fn update_comment(&self, id: u64, body: &str) -> Result<Comment, GitHubError>;

    /// Hides a comment as outdated.
    fn hide_comment(&self, node: &str) -> Result<(), GitHubError>;

    /// Returns a pull request; none if there is none of this number.
    fn pull_request(&self, number: u64) -> Result<Option<PullRequest>, GitHubError>;

    /// Returns the open pull requests that a commit of a repository is the head of.
    fn pull_requests_of(&self, head: &Head) -> Result<Vec<PullRequest>, GitHubError>;

    /// Returns the check runs of a name on a commit, the newest first, all pages of them.
    fn check_runs(&self, head_sha: &str, name: &str) -> Result<Vec<CheckRun>, GitHubError>;

    /// Makes a check run. After an [unclear](GitHubError::is_unclear) error it may be there or not.
    fn create_check_run(&self, state: &CheckRunState) -> Result<CheckRun, GitHubError>;

    /// Says something else in a check run.
    fn update_check_run(&self, id: u64, state: &CheckRunState) -> Result<CheckRun, GitHubError>;
}
