//! What an event of GitHub Actions says of the pull request that it is about.

use serde_json::Value;

/// A commit with the repository and branch that have it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Head {
    /// The commit.
    pub sha: String,
    /// The repository, `OWNER/NAME`.
    pub repository: String,
    /// The branch, if it is known.
    pub branch: Option<String>,
}

/// What an event is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// A pull request; its number comes from GitHub itself.
    PullRequest {
        /// Its number.
        number: u64,
        /// The commit that is to be merged.
        head_sha: Option<String>,
    },
    /// A commit that another workflow ran for: which pull request has it, only the API tells.
    Commit(Head),
    /// Neither.
    Other,
}

impl Event {
    /// Reads the file of an event.
    pub fn read(event: &Value) -> Event {
        let text = |at: &str| event.pointer(at).and_then(Value::as_str).map(str::to_owned);
        if let Some(number) = event.pointer("/pull_request/number").and_then(Value::as_u64) {
            return Event::PullRequest { number, head_sha: text("/pull_request/head/sha") };
        }
        // A comment on a pull request is one on an issue that has a pull request.
        if let (Some(_), Some(number)) =
            (event.pointer("/issue/pull_request"), event.pointer("/issue/number").and_then(Value::as_u64))
        {
            return Event::PullRequest { number, head_sha: None };
        }
        match (text("/workflow_run/head_sha"), text("/workflow_run/head_repository/full_name")) {
            (Some(sha), Some(repository)) => {
                Event::Commit(Head { sha, repository, branch: text("/workflow_run/head_branch") })
            }
            _ => Event::Other,
        }
    }

    /// Returns the commit that it is about.
    pub fn head_sha(&self) -> Option<&str> {
        match self {
            Event::PullRequest { head_sha, .. } => head_sha.as_deref(),
            Event::Commit(head) => Some(&head.sha),
            Event::Other => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn events() {
        let check = |event: Value, expected: Event| assert_eq!(Event::read(&event), expected);
        let head_sha = Some("abc".to_owned());
        let pull = json!({ "pull_request": { "number": 7, "head": { "sha": "abc" } } });
        check(pull, Event::PullRequest { number: 7, head_sha });
        let comment = json!({ "issue": { "number": 8, "pull_request": { "url": "x" } } });
        check(comment, Event::PullRequest { number: 8, head_sha: None });
        check(json!({ "issue": { "number": 8 } }), Event::Other);
        let run = json!({ "workflow_run": {
            "head_sha": "abc", "head_branch": "wider", "head_repository": { "full_name": "fork/chip" },
            // For forks this list is empty, and it is never looked at.
            "pull_requests": [{ "number": 1 }],
        } });
        let head = Head { sha: "abc".into(), repository: "fork/chip".into(), branch: Some("wider".into()) };
        check(run, Event::Commit(head));
        for event in [json!({}), json!([]), json!({ "pull_request": { "number": "7" } }), json!({ "workflow_run": 1 })]
        {
            check(event, Event::Other);
        }
    }
}
