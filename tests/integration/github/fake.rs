//! A GitHub on loopback that remembers: comments, pull requests, check runs, issues of one repository.
//!
//! Every request and every answer is held against GitHub's own description (`contract`); what breaks it
//! fails the test. GraphQL, which that description does not cover, is the three requests that we make.
//! Faults are told beforehand, each for the next request that fits.

use super::contract::{Operation, decoded};
use serde_json::{Value, json};
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

pub(super) const TOKEN: &str = "ghs_theTokenOfTests";
pub(super) const REPOSITORY: &str = "lab/chip";
/// The identity of the token.
pub(super) const OWN: &str = "github-actions[bot]";
/// Characters of a comment; GitHub's own limit.
const COMMENT: usize = 65_536;

/// A comment.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct FakeComment {
    pub(super) id: u64,
    pub(super) pull_request: u64,
    pub(super) author: String,
    pub(super) body: String,
    pub(super) hidden: bool,
}

impl FakeComment {
    fn node(&self) -> String {
        format!("IC_{}", self.id)
    }
}

/// A pull request.
#[derive(Debug, Clone)]
pub(super) struct FakePull {
    pub(super) number: u64,
    pub(super) open: bool,
    pub(super) head_sha: String,
    pub(super) head_repository: Option<String>,
    pub(super) head_branch: String,
}

/// An issue.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct FakeIssue {
    pub(super) number: u64,
    pub(super) author: String,
    pub(super) title: String,
    pub(super) body: String,
    pub(super) labels: Vec<String>,
    pub(super) open: bool,
    /// Why it was closed.
    pub(super) reason: Option<String>,
}

impl FakeIssue {
    pub(super) fn node(&self) -> String {
        format!("I_{}", self.number)
    }
}

/// A check run, as it was last said.
#[derive(Debug, Clone)]
pub(super) struct FakeCheck {
    pub(super) id: u64,
    pub(super) said: Value,
}

/// What goes wrong.
#[derive(Debug, Clone)]
pub(super) enum Fault {
    /// An answer with a status and headers; nothing is carried out.
    Status(u16, Vec<(&'static str, String)>, Value),
    /// The connection is cut before the answer; `true`: after it was carried out.
    Reset(bool),
    /// The answer is cut in its middle, after it was carried out.
    Cut,
    /// The answer comes byte by byte with a pause before each, after it was carried out.
    Drip(Duration),
    /// The answer is no JSON.
    Garbage,
}

/// A request that came.
#[derive(Debug, Clone)]
pub(super) struct Call {
    pub(super) method: String,
    /// With the query.
    pub(super) target: String,
    pub(super) body: Option<Value>,
    pub(super) status: u16,
}

#[derive(Debug, Default)]
pub(super) struct State {
    pub(super) comments: Vec<FakeComment>,
    pub(super) pulls: Vec<FakePull>,
    pub(super) checks: Vec<FakeCheck>,
    pub(super) issues: Vec<FakeIssue>,
    /// The longest comment or issue that is taken, in characters.
    pub(super) longest: usize,
    /// Whether the token may write.
    pub(super) may_write: bool,
    pub(super) calls: Vec<Call>,
    faults: Vec<(&'static str, &'static str, Fault)>,
    complaints: Vec<String>,
    last_id: u64,
}

impl State {
    pub(super) fn next_id(&mut self) -> u64 {
        self.last_id += 1;
        self.last_id
    }
}

/// The server; it ends with this.
pub(super) struct Fake {
    state: Arc<Mutex<State>>,
    pub(super) url: String,
}

impl Fake {
    pub(super) fn start() -> Fake {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let state = State { longest: COMMENT, may_write: true, last_id: 1000, ..State::default() };
        let state = Arc::new(Mutex::new(state));
        let (shared, own_url) = (state.clone(), url.clone());
        std::thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let (state, url) = (shared.clone(), own_url.clone());
                std::thread::spawn(move || serve(stream, &state, &url));
            }
        });
        Fake { state, url }
    }

    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }

    /// Lets somebody write a comment.
    pub(super) fn comment(&self, pull_request: u64, author: &str, body: &str) -> u64 {
        let mut state = self.state();
        let id = state.next_id();
        let (author, body) = (author.to_owned(), body.to_owned());
        state.comments.push(FakeComment { id, pull_request, author, body, hidden: false });
        id
    }

    /// Lets somebody open an issue.
    pub(super) fn issue(&self, author: &str, body: &str) -> u64 {
        let mut state = self.state();
        let number = state.next_id();
        let (author, title, body) = (author.to_owned(), "x".to_owned(), body.to_owned());
        state.issues.push(FakeIssue { number, author, title, body, labels: Vec::new(), open: true, reason: None });
        number
    }

    /// Opens a pull request.
    pub(super) fn pull(&self, number: u64, head_sha: &str, head_repository: &str, head_branch: &str) {
        self.state().pulls.push(FakePull {
            number,
            open: true,
            head_sha: head_sha.to_owned(),
            head_repository: Some(head_repository.to_owned()),
            head_branch: head_branch.to_owned(),
        });
    }

    /// Lets the next request of a method whose target has a text go wrong.
    pub(super) fn fault(&self, method: &'static str, target: &'static str, fault: Fault) {
        self.state().faults.push((method, target, fault));
    }

    /// Returns the calls as `METHOD TARGET STATUS`.
    pub(super) fn calls(&self) -> Vec<String> {
        let line = |call: &Call| format!("{} {} {}", call.method, call.target, call.status);
        self.state().calls.iter().map(line).collect()
    }
}

impl Drop for Fake {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            assert_eq!(self.state().complaints, Vec::<String>::new());
        }
    }
}

struct Incoming {
    method: String,
    target: String,
    authorization: String,
    body: Option<Value>,
}

pub(super) struct Outgoing {
    status: u16,
    headers: Vec<(&'static str, String)>,
    body: Value,
}

impl Outgoing {
    pub(super) fn new(status: u16, body: Value) -> Outgoing {
        Outgoing { status, headers: Vec::new(), body }
    }

    pub(super) fn error(status: u16, message: &str) -> Outgoing {
        Outgoing::new(status, json!({ "message": message, "documentation_url": "https://docs.github.example" }))
    }
}

fn serve(mut stream: TcpStream, state: &Mutex<State>, url: &str) {
    let Some(incoming) = read(&stream) else { return };
    let mut state = state.lock().unwrap();
    let fits =
        |(method, target, _): &(&str, &str, Fault)| *method == incoming.method && incoming.target.contains(*target);
    let fault = state.faults.iter().position(fits).map(|index| state.faults.remove(index).2);
    let carried_out = !matches!(fault, Some(Fault::Status(..) | Fault::Reset(false)));
    let outgoing = match &fault {
        Some(Fault::Status(status, headers, body)) => {
            Outgoing { status: *status, headers: headers.clone(), body: body.clone() }
        }
        _ if carried_out => answer(&incoming, &mut state, url),
        _ => Outgoing::new(0, Value::Null),
    };
    let (method, target, body) = (incoming.method, incoming.target, incoming.body);
    state.calls.push(Call { method, target, body, status: outgoing.status });
    drop(state);
    let body = match fault {
        Some(Fault::Reset(_)) => return,
        Some(Fault::Garbage) => b"<html>busy</html>".to_vec(),
        _ => outgoing.body.to_string().into_bytes(),
    };
    let mut text = format!("HTTP/1.1 {} x\r\ncontent-type: application/json\r\nconnection: close\r\n", outgoing.status);
    text.push_str(&format!("content-length: {}\r\n", body.len()));
    for (name, value) in &outgoing.headers {
        text.push_str(&format!("{name}: {value}\r\n"));
    }
    text.push_str("\r\n");
    if let Some(Fault::Drip(pause)) = fault {
        let mut drop_by_drop = || {
            stream.write_all(text.as_bytes())?;
            body.iter().try_for_each(|byte| {
                std::thread::sleep(pause);
                stream.write_all(&[*byte])
            })
        };
        // Whoever waited has gone.
        let _ = drop_by_drop();
        return;
    }
    let sent = if matches!(fault, Some(Fault::Cut)) { &body[..body.len() / 2] } else { &body[..] };
    let _ = stream.write_all(text.as_bytes()).and_then(|()| stream.write_all(sent));
}

fn read(stream: &TcpStream) -> Option<Incoming> {
    stream.set_read_timeout(Some(Duration::from_secs(20))).ok()?;
    let mut reader = BufReader::new(stream);
    let mut line = String::new();
    reader.read_line(&mut line).ok()?;
    let mut words = line.split_whitespace();
    let (method, target) = (words.next()?.to_owned(), words.next()?.to_owned());
    let (mut length, mut authorization) = (0, String::new());
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).ok()?;
        let Some((name, value)) = line.trim_end().split_once(": ") else { break };
        match name.to_ascii_lowercase().as_str() {
            "content-length" => length = value.parse().ok()?,
            "authorization" => authorization = value.to_owned(),
            _ => {}
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    let body = (length > 0).then(|| serde_json::from_slice(&body).ok()).flatten();
    Some(Incoming { method, target, authorization, body })
}

fn answer(incoming: &Incoming, state: &mut State, url: &str) -> Outgoing {
    if incoming.authorization != format!("Bearer {TOKEN}") {
        return Outgoing::error(401, "Bad credentials");
    }
    if incoming.target == "/graphql" {
        return graphql(incoming, state);
    }
    let (path, query) = incoming.target.split_once('?').unwrap_or((&incoming.target, ""));
    let pairs = query.split('&').filter_map(|pair| pair.split_once('='));
    let query: Vec<(String, String)> = pairs.map(|(key, value)| (decoded(key), decoded(value))).collect();
    let operation = match Operation::find(&incoming.method, path) {
        Ok(operation) => operation,
        Err(status) => {
            state.complaints.push(format!("{} {}: {status}", incoming.method, incoming.target));
            return Outgoing::error(status, "Not Found");
        }
    };
    let of = |what: &str| format!("{} {}: {what}", incoming.method, incoming.target);
    let faults = operation.request_faults(&query, incoming.body.as_ref());
    state.complaints.extend(faults.iter().map(|fault| of(fault)));
    let outgoing = carry_out(&operation, &incoming.method, &query, incoming.body.as_ref(), state, url);
    let faults = operation.answer_faults(outgoing.status, &outgoing.body);
    state.complaints.extend(faults.iter().map(|fault| of(fault)));
    outgoing
}

fn carry_out(
    operation: &Operation,
    method: &str,
    query: &[(String, String)],
    body: Option<&Value>,
    state: &mut State,
    url: &str,
) -> Outgoing {
    let repository = format!("{}/{}", operation.name("owner"), operation.name("repo"));
    if repository != REPOSITORY {
        return Outgoing::error(404, "Not Found");
    }
    if method != "GET" && !state.may_write {
        return Outgoing::error(403, "Resource not accessible by integration");
    }
    let page = Page { query, repository: &repository, url };
    let number = |name: &str| operation.name(name).parse::<u64>().unwrap_or(0);
    match (method, operation.path.rsplit('/').next().unwrap()) {
        ("GET", "comments") => {
            let pull_request = number("issue_number");
            let comments = state.comments.iter().filter(|comment| comment.pull_request == pull_request);
            let entries = comments.map(|comment| operation.sample_entry(200, "", comment_json(comment))).collect();
            page.of(entries, "", &format!("issues/{pull_request}/comments"))
        }
        ("POST", "comments") => {
            let pull_request = number("issue_number");
            if let Some(refusal) = too_long(body, state) {
                return refusal;
            }
            let body = body.unwrap()["body"].as_str().unwrap_or_default().to_owned();
            let id = state.next_id();
            let comment = FakeComment { id, pull_request, author: OWN.to_owned(), body, hidden: false };
            state.comments.push(comment.clone());
            Outgoing::new(201, operation.sample(201, comment_json(&comment)))
        }
        ("PATCH", "{comment_id}") => {
            if let Some(refusal) = too_long(body, state) {
                return refusal;
            }
            let id = number("comment_id");
            let Some(comment) = state.comments.iter_mut().find(|comment| comment.id == id) else {
                return Outgoing::error(404, "Not Found");
            };
            comment.body = body.unwrap()["body"].as_str().unwrap_or_default().to_owned();
            Outgoing::new(200, operation.sample(200, comment_json(comment)))
        }
        ("GET", "pulls") => {
            let of = |key: &str| query.iter().find(|(known, _)| known == key).map(|(_, value)| value.as_str());
            let fits = |pull: &&FakePull| {
                let owner = pull.head_repository.as_deref().and_then(|name| name.split('/').next()).unwrap_or_default();
                let state_fits = of("state").unwrap_or("open") == "all" || pull.open;
                state_fits && of("head").is_none_or(|head| head == format!("{owner}:{}", pull.head_branch))
            };
            let pulls = state.pulls.iter().filter(fits);
            let entries = pulls.map(|pull| operation.sample_entry(200, "", pull_json(pull))).collect();
            page.of(entries, "", "pulls")
        }
        ("GET", "{pull_number}") => {
            let wanted = number("pull_number");
            match state.pulls.iter().find(|pull| pull.number == wanted) {
                Some(pull) => Outgoing::new(200, operation.sample(200, pull_json(pull))),
                None => Outgoing::error(404, "Not Found"),
            }
        }
        ("GET", "check-runs") => {
            let of = |key: &str| query.iter().find(|(known, _)| known == key).map(|(_, value)| value.as_str());
            let sha = operation.name("ref");
            let fits = |check: &&FakeCheck| {
                check.said["head_sha"] == sha && of("check_name").is_none_or(|name| check.said["name"] == name)
            };
            let checks = state.checks.iter().filter(fits);
            let entries = checks.map(|check| operation.sample_entry(200, "check_runs", check_json(check))).collect();
            page.of(entries, "check_runs", &format!("commits/{sha}/check-runs"))
        }
        ("POST", "check-runs") => {
            let id = state.next_id();
            let mut said = body.unwrap().clone();
            if said.get("conclusion").is_some() {
                said["status"] = json!("completed");
            }
            let check = FakeCheck { id, said };
            state.checks.push(check.clone());
            Outgoing::new(201, operation.sample(201, check_json(&check)))
        }
        ("PATCH", "{check_run_id}") => {
            let id = number("check_run_id");
            let Some(check) = state.checks.iter_mut().find(|check| check.id == id) else {
                return Outgoing::error(404, "Not Found");
            };
            for (key, value) in body.unwrap().as_object().unwrap() {
                check.said[key] = value.clone();
            }
            if body.unwrap().get("conclusion").is_some() {
                check.said["status"] = json!("completed");
            }
            Outgoing::new(200, operation.sample(200, check_json(check)))
        }
        ("GET" | "POST", "issues") | ("PATCH", "{issue_number}") => {
            super::fake_issues::carry_out(operation, method, &page, body, state)
        }
        other => panic!("the fake has no {other:?}"),
    }
}

pub(super) fn too_long(body: Option<&Value>, state: &State) -> Option<Outgoing> {
    let length = body?["body"].as_str()?.chars().count();
    (length > state.longest).then(|| {
        let message = format!("Body is too long (maximum is {} characters)", state.longest);
        let error = json!({ "resource": "IssueComment", "code": "unprocessable", "field": "data", "message": message });
        Outgoing::new(
            422,
            json!({
                "message": "Validation Failed",
                "errors": [error],
                "documentation_url": "https://docs.github.example",
            }),
        )
    })
}

/// A page of a list.
pub(super) struct Page<'a> {
    pub(super) query: &'a [(String, String)],
    repository: &'a str,
    url: &'a str,
}

impl Page<'_> {
    pub(super) fn of(&self, entries: Vec<Value>, at: &str, path: &str) -> Outgoing {
        let number = |key: &str, default: usize| {
            let value = self.query.iter().find(|(known, _)| known == key);
            value.and_then(|(_, value)| value.parse().ok()).unwrap_or(default)
        };
        let (page, size) = (number("page", 1).max(1), number("per_page", 30).clamp(1, 100));
        let all = entries.len();
        let shown: Vec<Value> = entries.into_iter().skip((page - 1) * size).take(size).collect();
        let mut headers = Vec::new();
        if page * size < all {
            let others = self.query.iter().filter(|(key, _)| key != "page");
            let others: Vec<String> =
                others.map(|(key, value)| format!("{key}={}", value.replace(' ', "%20"))).collect();
            let (url, repository, others) = (self.url, self.repository, others.join("&"));
            let link = |page: usize, relation: &str| {
                format!("<{url}/repos/{repository}/{path}?{others}&page={page}>; rel=\"{relation}\"")
            };
            headers.push(("link", format!("{}, {}", link(page + 1, "next"), link(all.div_ceil(size), "last"))));
        }
        let body = if at.is_empty() { json!(shown) } else { json!({ "total_count": all, at: shown }) };
        Outgoing { status: 200, headers, body }
    }
}

fn comment_json(comment: &FakeComment) -> Value {
    let FakeComment { id, pull_request, author, body, hidden: _ } = comment;
    let url = format!("https://github.example/{REPOSITORY}/pull/{pull_request}#issuecomment-{id}");
    json!({ "id": id, "node_id": comment.node(), "body": body, "html_url": url, "user": user_json(author) })
}

pub(super) fn user_json(login: &str) -> Value {
    let url = "https://github.example/x";
    json!({
        "login": login, "id": 1, "node_id": "U_1", "avatar_url": url, "gravatar_id": null, "url": url, "html_url": url,
        "followers_url": url, "following_url": url, "gists_url": url, "starred_url": url, "subscriptions_url": url,
        "organizations_url": url, "repos_url": url, "events_url": url, "received_events_url": url,
        "type": if login.ends_with("[bot]") { "Bot" } else { "User" }, "site_admin": false,
    })
}

fn pull_json(pull: &FakePull) -> Value {
    let FakePull { number, open, head_sha, head_repository, head_branch } = pull;
    let mut head = json!({ "sha": head_sha, "ref": head_branch });
    match head_repository {
        Some(name) => head["repo"] = json!({ "full_name": name }),
        None => head["repo"] = Value::Null,
    }
    json!({ "number": number, "state": if *open { "open" } else { "closed" }, "head": head })
}

fn check_json(check: &FakeCheck) -> Value {
    let said = &check.said;
    let mut own = json!({
        "id": check.id,
        "name": said["name"],
        "head_sha": said["head_sha"],
        "external_id": said["external_id"],
        "status": said.get("status").unwrap_or(&json!("queued")),
        "conclusion": said.get("conclusion").unwrap_or(&Value::Null),
        "html_url": format!("https://github.example/{REPOSITORY}/runs/{}", check.id),
    });
    if let Some(output) = said.get("output") {
        own["output"] = json!({ "title": output["title"], "summary": output["summary"] });
    }
    own
}

fn graphql(incoming: &Incoming, state: &mut State) -> Outgoing {
    let body = incoming.body.as_ref().unwrap_or(&Value::Null);
    let (query, variables) = (body["query"].as_str().unwrap_or_default(), &body["variables"]);
    if query.contains("nodes(ids: $ids)") {
        let ids = variables["ids"].as_array().into_iter().flatten();
        let of_issues = query.contains("... on Issue {");
        let found: Vec<Value> = ids
            .clone()
            .map(|id| {
                let comment = state.comments.iter().find(|comment| *id == comment.node());
                let issue = state.issues.iter().find(|issue| *id == issue.node());
                match (comment, issue) {
                    (Some(comment), _) if !of_issues => {
                        json!({ "id": id, "viewerDidAuthor": comment.author == OWN, "isMinimized": comment.hidden })
                    }
                    (_, Some(issue)) if of_issues => json!({ "id": id, "viewerDidAuthor": issue.author == OWN }),
                    // What is of another type answers to nothing of the query.
                    (Some(_), _) | (_, Some(_)) => json!({}),
                    (None, None) => Value::Null,
                }
            })
            .collect();
        let mut answer = json!({ "data": { "nodes": found } });
        if ids.count() > 100 || found.contains(&Value::Null) {
            answer["errors"] = json!([{ "type": "NOT_FOUND", "message": "Could not resolve to a node" }]);
        }
        return Outgoing::new(200, answer);
    }
    if query.contains("minimizeComment(input: { subjectId: $id, classifier: OUTDATED })") {
        let may_write = state.may_write;
        let comment = state.comments.iter_mut().find(|comment| variables["id"] == comment.node());
        return Outgoing::new(
            200,
            match comment {
                Some(comment) if may_write => {
                    comment.hidden = true;
                    json!({ "data": { "minimizeComment": { "minimizedComment": { "isMinimized": true } } } })
                }
                _ => json!({
                    "data": { "minimizeComment": null },
                    "errors": [{ "type": "FORBIDDEN", "message": "Resource not accessible by integration" }],
                }),
            },
        );
    }
    state.complaints.push(format!("the fake knows no such query: {query}"));
    Outgoing::new(200, json!({ "errors": [{ "message": "unknown query" }] }))
}
