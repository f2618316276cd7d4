//! Issues of the repository.

use super::answers::Reader;
use super::client::GitHubClient;
use super::{GitHub, GitHubError};
use reqwest::Method;
use serde_json::json;
use std::collections::BTreeSet;

const READ: &str = "issues: read";
const WRITE: &str = "issues: write";

const AUTHORSHIP: &str = "query($ids: [ID!]!) { nodes(ids: $ids) { ... on Issue { id viewerDidAuthor } } }";

/// An issue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Issue {
    /// Its number.
    pub number: u64,
    /// Its name in GraphQL.
    pub node: String,
    /// Its text.
    pub body: String,
    /// Where people see it.
    pub url: String,
}

/// What an issue shall say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IssueText {
    /// One line, at most 256 characters.
    pub title: String,
    /// Markdown, at most 65,536 characters.
    pub body: String,
}

/// How an issue is closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Closed {
    /// What it asks for is done.
    Completed,
    /// Another one is about the same.
    NotPlanned,
}

/// The issues of a repository, for one identity.
pub trait Issues: GitHub {
    /// Returns the open issues, the oldest first, all pages of them. Pull requests are none.
    fn open_issues(&self) -> Result<Vec<Issue>, GitHubError>;

    /// Returns which of these nodes are issues that the token's own identity wrote.
    fn own_issues(&self, nodes: &[String]) -> Result<BTreeSet<String>, GitHubError>;

    /// Opens an issue. After an [unclear](GitHubError::is_unclear) error it may be there or not.
    fn create_issue(&self, text: &IssueText, labels: &[String]) -> Result<Issue, GitHubError>;

    /// Puts another text into an issue, and closes it if so wished.
    fn update_issue(&self, number: u64, text: &IssueText, closed: Option<Closed>) -> Result<Issue, GitHubError>;
}

impl Issues for GitHubClient {
    fn open_issues(&self) -> Result<Vec<Issue>, GitHubError> {
        let path = "issues?state=open&sort=created&direction=asc&per_page=100";
        let found = self.pages("read the open issues", READ, path, "", |entry| {
            // GitHub lists pull requests among issues.
            if entry.value.get("pull_request").is_some() { Ok(None) } else { entry.issue().map(Some) }
        })?;
        Ok(found.into_iter().flatten().collect())
    }

    fn own_issues(&self, nodes: &[String]) -> Result<BTreeSet<String>, GitHubError> {
        self.written_by_us("ask who wrote issues", READ, AUTHORSHIP, nodes)
    }

    fn create_issue(&self, text: &IssueText, labels: &[String]) -> Result<Issue, GitHubError> {
        let what = "open an issue";
        let IssueText { title, body } = text;
        let body = json!({ "title": title, "body": body, "labels": labels });
        let answer = self.send(what, WRITE, (Method::POST, "issues"), Some(&body))?;
        Reader { what, value: &answer }.issue()
    }

    fn update_issue(&self, number: u64, text: &IssueText, closed: Option<Closed>) -> Result<Issue, GitHubError> {
        let what = format!("update issue {number}");
        let IssueText { title, body } = text;
        let mut body = json!({ "title": title, "body": body });
        if let Some(closed) = closed {
            body["state"] = json!("closed");
            body["state_reason"] = json!(match closed {
                Closed::Completed => "completed",
                Closed::NotPlanned => "not_planned",
            });
        }
        let answer = self.send(&what, WRITE, (Method::PATCH, &format!("issues/{number}")), Some(&body))?;
        Reader { what: &what, value: &answer }.issue()
    }
}
