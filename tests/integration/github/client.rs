//! The client: pages, faults, limits, permissions.

use super::fake::{Fake, Fault, OWN, REPOSITORY, TOKEN};
use serde_json::json;
use shmoo::outside::clock::SystemClock;
use shmoo::outside::environment::Environment;
use shmoo::outside::github::{
    CheckAnnotation, CheckOutput, CheckRunState, Conclusion, GitHub as _, GitHubClient, GitHubError, Head, Patience,
    Place, Token,
};
use std::error::Error as _;
use std::sync::Arc;
use std::time::Duration;

const PATIENCE: Patience = Patience { wait: Duration::from_secs(100), tries: 4, request: Duration::from_secs(60) };

/// A client that does not sleep.
fn client_with(fake: &Fake, token: &str, patience: Patience) -> GitHubClient {
    let environment = Environment::new([("GITHUB_API_URL", fake.url.as_str()), ("GITHUB_REPOSITORY", REPOSITORY)]);
    let place = Place::of(&environment, None).unwrap();
    let clock = Arc::new(SystemClock::default());
    GitHubClient::new(place, Token::new(token).unwrap(), patience, clock).unwrap().pausing(|_| {})
}

fn client(fake: &Fake) -> GitHubClient {
    client_with(fake, TOKEN, PATIENCE)
}

fn status(status: u16) -> Fault {
    Fault::Status(status, vec![], json!({ "message": "busy" }))
}

fn limited(seconds: &str) -> Fault {
    Fault::Status(429, vec![("retry-after", seconds.to_owned())], json!({ "message": "API rate limit exceeded" }))
}

#[test]
fn all_pages_of_comments_are_read() {
    let fake = Fake::start();
    for number in 0..250 {
        fake.comment(7, "somebody", &format!("comment {number}"));
    }
    fake.comment(8, "somebody", "of another pull request");
    let comments = client(&fake).comments(7).unwrap();
    assert_eq!(comments.len(), 250);
    assert_eq!((comments[0].body.as_str(), comments[249].body.as_str()), ("comment 0", "comment 249"));
    assert_eq!(fake.calls().len(), 3);
    assert!(fake.calls().iter().all(|call| call.contains("per_page=100")), "{:?}", fake.calls());
}

#[test]
fn comments_are_written_updated_and_hidden() {
    let fake = Fake::start();
    let other = fake.comment(7, "somebody", "hello");
    let github = client(&fake);
    let own = github.create_comment(7, "first").unwrap();
    assert_eq!(github.update_comment(own.id, "second").unwrap().body, "second");
    let nodes = [format!("IC_{other}"), own.node.clone(), "IC_9".to_owned()];
    let authorship = github.authorship(&nodes).unwrap();
    let seen: Vec<(&str, bool, bool)> = authorship.iter().map(|(node, a)| (node.as_str(), a.own, a.hidden)).collect();
    assert_eq!(seen, [("IC_1001", false, false), ("IC_1002", true, false)]);
    github.hide_comment(&own.node).unwrap();
    assert!(github.authorship(&nodes).unwrap()[&own.node].hidden);
    let state = fake.state();
    assert_eq!((state.comments[1].author.as_str(), state.comments[1].body.as_str()), (OWN, "second"));
}

#[test]
fn what_may_be_repeated_is() {
    let fake = Fake::start();
    let github = client(&fake);
    let comment = github.create_comment(7, "text").unwrap();
    for fault in [status(500), status(502), status(503), Fault::Reset(false), Fault::Reset(true), Fault::Cut] {
        fake.fault("GET", "/comments", fault.clone());
        assert_eq!(github.comments(7).unwrap().len(), 1, "{fault:?}");
        fake.fault("PATCH", "/comments/", fault.clone());
        assert_eq!(github.update_comment(comment.id, "new").unwrap().body, "new", "{fault:?}");
        fake.fault("POST", "/graphql", fault.clone());
        assert_eq!(github.authorship(std::slice::from_ref(&comment.node)).unwrap().len(), 1, "{fault:?}");
    }
}

#[test]
fn a_comment_is_never_sent_twice() {
    for (fault, written) in [(Fault::Reset(true), 1), (Fault::Reset(false), 0), (Fault::Cut, 1), (status(502), 0)] {
        let fake = Fake::start();
        fake.fault("POST", "/comments", fault.clone());
        let error = client(&fake).create_comment(7, "text").unwrap_err();
        assert!(error.is_unclear(), "{fault:?}: {error}");
        assert!(error.hint().unwrap().contains("may have been carried out"));
        let comments = fake.state().comments.len();
        assert_eq!((comments, fake.calls().len()), (written, 1), "{fault:?}");
    }
}

#[test]
fn nobody_waits_for_drops() {
    let fake = Fake::start();
    let hurried = Patience { request: Duration::from_millis(300), ..PATIENCE };
    let drip = || Fault::Drip(Duration::from_millis(30));
    fake.comment(7, "somebody", "hello");
    fake.fault("GET", "/comments", drip());
    assert_eq!(client_with(&fake, TOKEN, hurried).comments(7).unwrap().len(), 1);
    assert_eq!(fake.calls().len(), 2, "what drips in is asked for again");
    for _ in 0..4 {
        fake.fault("GET", "/comments", drip());
    }
    let error = client_with(&fake, TOKEN, hurried).comments(7).unwrap_err();
    assert!(matches!(error, GitHubError::Away { tries: 4, unclear: false, .. }), "{error}");
    assert!(error.to_string().starts_with("cannot read the comments of pull request 7: GitHub "), "{error}");
    // What was carried out is not sent again, however slowly its answer comes.
    fake.fault("POST", "/comments", drip());
    let error = client_with(&fake, TOKEN, hurried).create_comment(7, "text").unwrap_err();
    assert!(error.is_unclear(), "{error}");
    assert_eq!(fake.calls().len(), 7);
    assert_eq!(fake.state().comments.len(), 2);
}

#[test]
fn a_token_that_expires_ends_it() {
    let expired = || Fault::Status(401, vec![], json!({ "message": "Bad credentials" }));
    let told = |error: &GitHubError| {
        assert!(matches!(error, GitHubError::Refused { status: 401, .. }) && !error.is_unclear(), "{error}");
        assert!(error.to_string().ends_with("GitHub says 401 Bad credentials"), "{error}");
        assert!(error.hint().unwrap().contains("the token is wrong or has expired"));
    };
    let fake = Fake::start();
    for number in 0..150 {
        fake.comment(7, "somebody", &format!("comment {number}"));
    }
    // Between the pages of a list: half of it is not taken for all.
    fake.fault("GET", "&page=2", expired());
    told(&client(&fake).comments(7).unwrap_err());
    let id = fake.comment(7, OWN, "text");
    let before = fake.calls().len();
    fake.fault("POST", "/comments", expired());
    told(&client(&fake).create_comment(7, "text").unwrap_err());
    fake.fault("PATCH", "/comments/", expired());
    told(&client(&fake).update_comment(id, "new").unwrap_err());
    fake.fault("POST", "/graphql", expired());
    told(&client(&fake).authorship(&[format!("IC_{id}")]).unwrap_err());
    fake.fault("POST", "/check-runs", expired());
    told(&client(&fake).create_check_run(&check("shmoo", None)).unwrap_err());
    // Another try would fare no better: each was sent once, and nothing was carried out.
    assert_eq!(fake.calls().len() - before, 4);
    let state = fake.state();
    assert_eq!((state.comments.len(), state.comments[150].body.as_str(), state.checks.len()), (151, "text", 0));
}

#[test]
fn a_rest_until_a_date() {
    let fake = Fake::start();
    let rest = |until: &str| {
        let date = "Sat, 31 Jan 2026 12:00:00 GMT".to_owned();
        Fault::Status(429, vec![("date", date), ("retry-after", until.to_owned())], json!({ "message": "busy" }))
    };
    fake.fault("POST", "/comments", rest("Sat, 31 Jan 2026 12:00:42 GMT"));
    let github = client(&fake);
    github.create_comment(7, "text").unwrap();
    fake.fault("GET", "/comments", rest("Sat, 31 Jan 2026 13:00:00 GMT"));
    let error = github.comments(7).unwrap_err();
    assert!(matches!(&error, GitHubError::Limited { wait, .. } if wait.as_secs() == 3600), "{error}");
}

#[test]
fn limits_are_honoured_within_bounds() {
    let fake = Fake::start();
    let github = client(&fake);
    // Nothing was carried out, so that even a comment is sent again.
    fake.fault("POST", "/comments", limited("7"));
    fake.fault("POST", "/comments", limited("0"));
    github.create_comment(7, "text").unwrap();
    assert_eq!(fake.state().comments.len(), 1);
    fake.fault("GET", "/comments", limited("3600"));
    let error = github.comments(7).unwrap_err();
    assert!(matches!(&error, GitHubError::Limited { wait, .. } if wait.as_secs() == 3600), "{error}");
    assert_eq!(
        error.to_string(),
        "cannot read the comments of pull request 7: GitHub's rate limit wants 3600 s of rest"
    );
    // All waiting together is bounded: 7 s are gone, 100 there were.
    fake.fault("GET", "/comments", limited("50"));
    fake.fault("GET", "/comments", limited("44"));
    assert!(matches!(github.comments(7).unwrap_err(), GitHubError::Limited { .. }));
}

#[test]
fn a_limit_that_is_used_up_says_when_it_is_new() {
    let fake = Fake::start();
    let headers =
        |reset: &str| vec![("x-ratelimit-remaining", "0".to_owned()), ("x-ratelimit-reset", reset.to_owned())];
    let body = json!({ "message": "API rate limit exceeded for installation" });
    fake.fault("GET", "/comments", Fault::Status(403, headers("5"), body.clone()));
    assert_eq!(client(&fake).comments(7).unwrap(), []);
    fake.fault("GET", "/comments", Fault::Status(403, headers("99999999999"), body));
    assert!(matches!(client(&fake).comments(7).unwrap_err(), GitHubError::Limited { .. }));
}

#[test]
fn troubles_end() {
    let fake = Fake::start();
    for _ in 0..20 {
        fake.fault("GET", "/comments", status(502));
    }
    let error = client(&fake).comments(7).unwrap_err();
    assert_eq!(error.to_string(), "cannot read the comments of pull request 7: GitHub answers 502, after 4 tries");
    fake.fault("GET", "/pulls/7", Fault::Garbage);
    fake.pull(7, "abc", REPOSITORY, "wider");
    let error = client(&fake).pull_request(7).unwrap_err();
    assert_eq!(error.to_string(), "cannot read pull request 7: GitHub's answer is not JSON");
    let address = "http://127.0.0.1:9";
    let environment = Environment::new([("GITHUB_API_URL", address), ("GITHUB_REPOSITORY", REPOSITORY)]);
    let place = Place::of(&environment, None).unwrap();
    let clock = Arc::new(SystemClock::default());
    let github = GitHubClient::new(place, Token::new(TOKEN).unwrap(), Patience::default(), clock).unwrap();
    let error = github.pausing(|_| {}).create_comment(7, "text").unwrap_err();
    // It never got there, so that it was tried again and nothing is unclear.
    assert!(!error.is_unclear() && error.to_string().ends_with("after 5 tries"), "{error}");
}

#[test]
fn missing_permissions_are_named() {
    let fake = Fake::start();
    fake.state().may_write = false;
    let error = client(&fake).create_comment(7, "text").unwrap_err();
    let text = "cannot write a comment on pull request 7: GitHub says 403 Resource not accessible by integration";
    assert_eq!(error.to_string(), text);
    assert!(error.hint().unwrap().contains("`permissions: pull-requests: write`"));
    let error = client(&fake).create_check_run(&check("shmoo", None)).unwrap_err();
    assert!(error.hint().unwrap().contains("`permissions: checks: write`"));
    let id = fake.comment(7, OWN, "text");
    let error = client(&fake).hide_comment(&format!("IC_{id}")).unwrap_err();
    assert!(error.hint().unwrap().contains("`permissions: pull-requests: write`"), "{error}");
}

#[test]
fn the_token_is_in_no_message() {
    let fake = Fake::start();
    let secret = "ghs_another";
    let error = client_with(&fake, secret, PATIENCE).comments(7).unwrap_err();
    assert!(error.hint().unwrap().contains("token"));
    let body = json!({ "message": format!("the token {TOKEN} is not known") });
    fake.fault("GET", "/comments", Fault::Status(400, vec![], body));
    let error = client(&fake).comments(7).unwrap_err();
    assert_eq!(
        error.to_string(),
        "cannot read the comments of pull request 7: GitHub says 400 the token *** is not known"
    );
    assert!(!format!("{error:?}").contains(TOKEN) && error.source().is_none());
}

#[test]
fn the_next_page_is_on_the_same_server() {
    let fake = Fake::start();
    let link = ("link", "<http://127.0.0.1:9/steal>; rel=\"next\"".to_owned());
    fake.fault("GET", "/comments", Fault::Status(200, vec![link], json!([])));
    let error = client(&fake).comments(7).unwrap_err();
    assert!(error.to_string().ends_with("has its next page on another server"), "{error}");
}

#[test]
fn pull_requests_by_commit() {
    let fake = Fake::start();
    fake.pull(1, "abc", REPOSITORY, "wider");
    fake.pull(2, "abc", "fork/chip", "wider");
    fake.pull(3, "def", "fork/chip", "wider");
    fake.pull(4, "abc", "fork/chip", "other/branch");
    fake.state().pulls[3].open = false;
    let github = client(&fake);
    let check = |repository: &str, sha: &str, branch: Option<&str>, expected: &[u64]| {
        let head = Head { sha: sha.into(), repository: repository.into(), branch: branch.map(str::to_owned) };
        let found = github.pull_requests_of(&head).unwrap();
        assert_eq!(found.iter().map(|pull| pull.number).collect::<Vec<_>>(), expected, "{head:?}");
    };
    check("Fork/Chip", "abc", None, &[2]);
    check("fork/chip", "abc", Some("wider"), &[2]);
    check("fork/chip", "abc", Some("other/branch"), &[]);
    check(REPOSITORY, "abc", Some("wider"), &[1]);
    check("fork/chip", "0", None, &[]);
    assert_eq!(github.pull_request(9).unwrap(), None);
    assert_eq!(github.pull_request(3).unwrap().unwrap().head_sha, "def");
}

fn check(name: &str, conclusion: Option<Conclusion>) -> CheckRunState {
    CheckRunState {
        name: name.to_owned(),
        head_sha: "abc".to_owned(),
        external_id: "run-1".to_owned(),
        details_url: Some("https://ci.example/1".to_owned()),
        conclusion,
        output: conclusion.map(|_| CheckOutput {
            title: "all is well".to_owned(),
            summary: "12 cases".to_owned(),
            annotations: vec![CheckAnnotation {
                path: "suite.yaml".to_owned(),
                line: 3,
                level: "failure",
                title: "missed".to_owned(),
                message: "freq".to_owned(),
            }],
        }),
    }
}

#[test]
fn check_runs() {
    let fake = Fake::start();
    let github = client(&fake);
    github.create_check_run(&check("other", None)).unwrap();
    let made = github.create_check_run(&check("shmoo: a/b & c", None)).unwrap();
    assert!(!made.completed);
    let found = github.check_runs("abc", "shmoo: a/b & c").unwrap();
    assert_eq!(found.as_slice(), std::slice::from_ref(&made));
    let done = github.update_check_run(made.id, &check("shmoo: a/b & c", Some(Conclusion::Failure))).unwrap();
    assert!(done.completed && done.external_id == "run-1");
    let state = fake.state();
    assert_eq!(state.checks[1].said["conclusion"], "failure");
    assert_eq!(state.checks[1].said["output"]["annotations"][0]["start_line"], 3);
}
