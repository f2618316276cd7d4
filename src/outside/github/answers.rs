//! GitHub's JSON to our types. What is missing is an error that names it.

use super::{CheckRun, Comment, GitHubError, Issue, PullRequest};
use serde_json::Value;

/// An answer to something that was tried.
#[derive(Clone, Copy)]
pub(super) struct Reader<'a> {
    pub(super) what: &'a str,
    pub(super) value: &'a Value,
}

impl<'a> Reader<'a> {
    fn wrong(&self, at: &str, expected: &str) -> GitHubError {
        GitHubError::Answer { what: self.what.to_owned(), trouble: format!("has no {expected} at `{at}`") }
    }

    fn number(&self, at: &str) -> Result<u64, GitHubError> {
        self.value.pointer(at).and_then(Value::as_u64).ok_or_else(|| self.wrong(at, "whole number"))
    }

    pub(super) fn text(&self, at: &str) -> Result<&'a str, GitHubError> {
        self.value.pointer(at).and_then(Value::as_str).ok_or_else(|| self.wrong(at, "text"))
    }

    fn maybe_text(&self, at: &str) -> Option<&'a str> {
        self.value.pointer(at).and_then(Value::as_str)
    }

    pub(super) fn truth(&self, at: &str) -> Result<bool, GitHubError> {
        self.value.pointer(at).and_then(Value::as_bool).ok_or_else(|| self.wrong(at, "true or false"))
    }

    /// Returns the readers of a list.
    pub(super) fn list(&self, at: &str) -> Result<Vec<Reader<'a>>, GitHubError> {
        let list = self.value.pointer(at).and_then(Value::as_array).ok_or_else(|| self.wrong(at, "list"))?;
        Ok(list.iter().map(|value| Reader { what: self.what, value }).collect())
    }

    pub(super) fn comment(&self) -> Result<Comment, GitHubError> {
        Ok(Comment {
            id: self.number("/id")?,
            node: self.text("/node_id")?.to_owned(),
            // A comment may have no text.
            body: self.maybe_text("/body").unwrap_or_default().to_owned(),
            url: self.text("/html_url")?.to_owned(),
        })
    }

    pub(super) fn issue(&self) -> Result<Issue, GitHubError> {
        Ok(Issue {
            number: self.number("/number")?,
            node: self.text("/node_id")?.to_owned(),
            // An issue may have no text.
            body: self.maybe_text("/body").unwrap_or_default().to_owned(),
            url: self.text("/html_url")?.to_owned(),
        })
    }

    pub(super) fn pull_request(&self) -> Result<PullRequest, GitHubError> {
        Ok(PullRequest {
            number: self.number("/number")?,
            open: self.text("/state")? == "open",
            head_sha: self.text("/head/sha")?.to_owned(),
            head_repository: self.maybe_text("/head/repo/full_name").map(str::to_owned),
        })
    }

    pub(super) fn check_run(&self) -> Result<CheckRun, GitHubError> {
        Ok(CheckRun {
            id: self.number("/id")?,
            external_id: self.maybe_text("/external_id").unwrap_or_default().to_owned(),
            completed: self.text("/status")? == "completed",
            url: self.maybe_text("/html_url").unwrap_or_default().to_owned(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_is_missing_is_named() {
        let value = json!({ "id": 3, "html_url": "https://a" });
        let error = Reader { what: "write a comment", value: &value }.comment().unwrap_err();
        assert_eq!(error.to_string(), "cannot write a comment: GitHub's answer has no text at `/node_id`");
    }

    #[test]
    fn a_fork_that_is_gone() {
        let value = json!({ "number": 3, "state": "open", "head": { "sha": "abc", "repo": null } });
        let pull = Reader { what: "x", value: &value }.pull_request().unwrap();
        assert_eq!(pull, PullRequest { number: 3, open: true, head_sha: "abc".into(), head_repository: None });
    }
}
