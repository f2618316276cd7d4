//! The real GitHub: REST, and GraphQL for what only that has.

use super::answers::Reader;
use super::transport::{Answered, Request, Transport};
use super::{
    Authorship, CheckRun, CheckRunState, Comment, GitHub, GitHubError, Head, Patience, Place, PullRequest, Token,
};
use crate::outside::clock::Clock;
use reqwest::Method;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

/// Pages of a list that are read: 100 entries each.
const PAGES: usize = 100;
/// Comments or issues that are asked about in one request.
const NODES: usize = 100;

const READ_COMMENTS: &str = "pull-requests: read";
const WRITE_COMMENTS: &str = "pull-requests: write";
const READ_CHECKS: &str = "checks: read";
const WRITE_CHECKS: &str = "checks: write";

const AUTHORSHIP: &str =
    "query($ids: [ID!]!) { nodes(ids: $ids) { ... on IssueComment { id viewerDidAuthor isMinimized } } }";
const HIDE: &str = "mutation($id: ID!) { minimizeComment(input: { subjectId: $id, classifier: OUTDATED }) \
                    { minimizedComment { isMinimized } } }";

/// GitHub over the network.
pub struct GitHubClient {
    place: Place,
    transport: Transport,
}

impl GitHubClient {
    /// Makes a client; nothing is sent yet.
    pub fn new(
        place: Place,
        token: Token,
        patience: Patience,
        clock: Arc<dyn Clock>,
    ) -> Result<GitHubClient, GitHubError> {
        Ok(GitHubClient { place, transport: Transport::new(token, patience, clock)? })
    }

    /// Pauses in another way than by sleeping: for tests.
    pub fn pausing(mut self, pause: fn(Duration)) -> GitHubClient {
        self.transport.pause = pause;
        self
    }

    fn url(&self, path: &str) -> String {
        format!("{}/repos/{}/{path}", self.place.api, self.place.repository)
    }

    /// Reads all pages of a list; `at` is where the list is in an answer.
    pub(super) fn pages<T>(
        &self,
        what: &str,
        permission: &'static str,
        path: &str,
        at: &str,
        read: impl Fn(&Reader<'_>) -> Result<T, GitHubError>,
    ) -> Result<Vec<T>, GitHubError> {
        let mut all = Vec::new();
        let mut next = Some(self.url(path));
        for _ in 0..PAGES {
            let Some(url) = next else { return Ok(all) };
            let request = Request { what, permission, method: Method::GET, url, body: None, repeatable: true };
            let Answered { body, next: link } = self.transport.send(&request)?;
            for entry in (Reader { what, value: &body }).list(at)? {
                all.push(read(&entry)?);
            }
            next = link.map(|link| self.own(what, link)).transpose()?;
        }
        match next {
            None => Ok(all),
            Some(_) => {
                Err(GitHubError::Answer { what: what.to_owned(), trouble: format!("has more than {PAGES} pages") })
            }
        }
    }

    /// The token goes to no other server than that of the first page.
    fn own(&self, what: &str, link: String) -> Result<String, GitHubError> {
        let origin = |url: &str| reqwest::Url::parse(url).ok().map(|url| url.origin());
        if origin(&link).is_some() && origin(&link) == origin(&self.place.api) {
            return Ok(link);
        }
        Err(GitHubError::Answer { what: what.to_owned(), trouble: "has its next page on another server".to_owned() })
    }

    pub(super) fn send(
        &self,
        what: &str,
        permission: &'static str,
        (method, path): (Method, &str),
        body: Option<&Value>,
    ) -> Result<Value, GitHubError> {
        // A PATCH sets what it says: twice is as good as once.
        let repeatable = method != Method::POST;
        let request = Request { what, permission, method, url: self.url(path), body, repeatable };
        Ok(self.transport.send(&request)?.body)
    }

    /// Asks GraphQL which nodes the token's own identity wrote; those that are gone, or something else, are not
    /// in it.
    pub(super) fn written_by_us(
        &self,
        what: &str,
        permission: &'static str,
        query: &str,
        nodes: &[String],
    ) -> Result<BTreeSet<String>, GitHubError> {
        let mut own = BTreeSet::new();
        for ids in nodes.chunks(NODES) {
            let answer = self.graphql(what, permission, query, json!({ "ids": ids }))?;
            for node in (Reader { what, value: &answer }).list("/data/nodes")? {
                // Null for what is gone, empty for what is something else.
                if node.value.get("id").is_some() && node.truth("/viewerDidAuthor")? {
                    own.insert(node.text("/id")?.to_owned());
                }
            }
        }
        Ok(own)
    }

    /// Asks GraphQL something that may be asked twice.
    fn graphql(
        &self,
        what: &str,
        permission: &'static str,
        query: &str,
        variables: Value,
    ) -> Result<Value, GitHubError> {
        let body = json!({ "query": query, "variables": variables });
        let url = self.place.graphql.clone();
        let request = Request { what, permission, method: Method::POST, url, body: Some(&body), repeatable: true };
        let answer = self.transport.send(&request)?.body;
        let errors = answer.get("errors").and_then(Value::as_array).filter(|errors| !errors.is_empty());
        // Nodes that are gone are null, with an error each.
        let serious = errors.into_iter().flatten().find(|error| error["type"] != "NOT_FOUND");
        if let Some(error) = serious {
            let message = error["message"].as_str().unwrap_or("no message").chars().take(300).collect();
            let status = if matches!(error["type"].as_str(), Some("FORBIDDEN")) { 403 } else { 422 };
            return Err(GitHubError::Refused { what: what.to_owned(), status, message, permission });
        }
        Ok(answer)
    }
}

impl GitHub for GitHubClient {
    fn comments(&self, pull_request: u64) -> Result<Vec<Comment>, GitHubError> {
        let what = format!("read the comments of pull request {pull_request}");
        let path = format!("issues/{pull_request}/comments?per_page=100");
        self.pages(&what, READ_COMMENTS, &path, "", |entry| entry.comment())
    }

    fn authorship(&self, nodes: &[String]) -> Result<BTreeMap<String, Authorship>, GitHubError> {
        let what = "ask who wrote comments";
        let mut found = BTreeMap::new();
        for ids in nodes.chunks(NODES) {
            let answer = self.graphql(what, READ_COMMENTS, AUTHORSHIP, json!({ "ids": ids }))?;
            for node in (Reader { what, value: &answer }).list("/data/nodes")? {
                // Null for what is gone, empty for what is no comment.
                if node.value.get("id").is_none() {
                    continue;
                }
                let authorship =
                    Authorship { own: node.truth("/viewerDidAuthor")?, hidden: node.truth("/isMinimized")? };
                found.insert(node.text("/id")?.to_owned(), authorship);
            }
        }
        Ok(found)
    }

    fn create_comment(&self, pull_request: u64, body: &str) -> Result<Comment, GitHubError> {
        let what = format!("write a comment on pull request {pull_request}");
        let path = format!("issues/{pull_request}/comments");
        let answer = self.send(&what, WRITE_COMMENTS, (Method::POST, &path), Some(&json!({ "body": body })))?;
        Reader { what: &what, value: &answer }.comment()
    }

    fn update_comment(&self, id: u64, body: &str) -> Result<Comment, GitHubError> {
        let what = format!("update comment {id}");
        let path = format!("issues/comments/{id}");
        let answer = self.send(&what, WRITE_COMMENTS, (Method::PATCH, &path), Some(&json!({ "body": body })))?;
        Reader { what: &what, value: &answer }.comment()
    }

    fn hide_comment(&self, node: &str) -> Result<(), GitHubError> {
        let what = "hide an outdated comment";
        let answer = self.graphql(what, WRITE_COMMENTS, HIDE, json!({ "id": node }))?;
        let hidden = Reader { what, value: &answer }.truth("/data/minimizeComment/minimizedComment/isMinimized")?;
        if hidden {
            return Ok(());
        }
        Err(GitHubError::Answer { what: what.to_owned(), trouble: "says that it is still shown".to_owned() })
    }

    fn pull_request(&self, number: u64) -> Result<Option<PullRequest>, GitHubError> {
        let what = format!("read pull request {number}");
        match self.send(&what, READ_COMMENTS, (Method::GET, &format!("pulls/{number}")), None) {
            Ok(answer) => Reader { what: &what, value: &answer }.pull_request().map(Some),
            Err(error) if error.is_absent() => Ok(None),
            Err(error) => Err(error),
        }
    }

    fn pull_requests_of(&self, head: &Head) -> Result<Vec<PullRequest>, GitHubError> {
        let Head { sha, repository, branch } = head;
        let what = format!("find the pull request of commit {sha}");
        // With the branch GitHub has less to send; what counts is compared here.
        let owner = repository.split('/').next().unwrap_or_default();
        let filter = branch.as_ref().map(|branch| format!("&head={}:{}", encoded(owner), encoded(branch)));
        let path = format!("pulls?state=open&per_page=100{}", filter.unwrap_or_default());
        let mut found = self.pages(&what, READ_COMMENTS, &path, "", |entry| entry.pull_request())?;
        found.retain(|pull| {
            let from = pull.head_repository.as_ref();
            pull.open && pull.head_sha == *sha && from.is_some_and(|from| from.eq_ignore_ascii_case(repository))
        });
        Ok(found)
    }

    fn check_runs(&self, head_sha: &str, name: &str) -> Result<Vec<CheckRun>, GitHubError> {
        let what = format!("read the check runs of commit {head_sha}");
        let query = format!("check_name={}&filter=all&per_page=100", encoded(name));
        let path = format!("commits/{}/check-runs?{query}", encoded(head_sha));
        let mut found = self.pages(&what, READ_CHECKS, &path, "/check_runs", |entry| entry.check_run())?;
        found.sort_by_key(|run| std::cmp::Reverse(run.id));
        Ok(found)
    }

    fn create_check_run(&self, state: &CheckRunState) -> Result<CheckRun, GitHubError> {
        let what = format!("make the check run `{}`", state.name);
        let answer = self.send(&what, WRITE_CHECKS, (Method::POST, "check-runs"), Some(&check_body(state, true)))?;
        Reader { what: &what, value: &answer }.check_run()
    }

    fn update_check_run(&self, id: u64, state: &CheckRunState) -> Result<CheckRun, GitHubError> {
        let what = format!("update the check run `{}`", state.name);
        let path = format!("check-runs/{id}");
        let answer = self.send(&what, WRITE_CHECKS, (Method::PATCH, &path), Some(&check_body(state, false)))?;
        Reader { what: &what, value: &answer }.check_run()
    }
}

fn check_body(state: &CheckRunState, new: bool) -> Value {
    let CheckRunState { name, head_sha, external_id, details_url, conclusion, output } = state;
    let mut body = json!({ "name": name, "external_id": external_id });
    if new {
        body["head_sha"] = json!(head_sha);
    }
    if let Some(url) = details_url {
        body["details_url"] = json!(url);
    }
    match conclusion {
        // GitHub makes it `completed` by itself.
        Some(conclusion) => body["conclusion"] = json!(conclusion.word()),
        None => body["status"] = json!("in_progress"),
    }
    if let Some(output) = output {
        let annotations: Vec<Value> = output
            .annotations
            .iter()
            .map(|mark| {
                json!({
                    "path": mark.path,
                    "start_line": mark.line,
                    "end_line": mark.line,
                    "annotation_level": mark.level,
                    "title": mark.title,
                    "message": mark.message,
                })
            })
            .collect();
        body["output"] = json!({ "title": output.title, "summary": output.summary, "annotations": annotations });
    }
    body
}

/// Returns a text for a part of an address (RFC 3986: all but the unreserved characters escaped).
fn encoded(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~') {
            encoded.push(char::from(byte));
        } else {
            encoded.push_str(&format!("%{byte:02X}"));
        }
    }
    encoded
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_of_addresses() {
        assert_eq!(encoded("feature/a b?x&y"), "feature%2Fa%20b%3Fx%26y");
        assert_eq!(encoded("ü~"), "%C3%BC~");
    }
}
