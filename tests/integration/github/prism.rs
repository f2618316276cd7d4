//! A second opinion on our requests: Prism, a server that holds them against the same description.

use super::fake::{Fake, OWN, REPOSITORY, TOKEN};
use shmoo::outside::clock::SystemClock;
use shmoo::outside::environment::Environment;
use shmoo::outside::github::{
    CheckAnnotation, CheckOutput, CheckRunState, Closed, Conclusion, GitHub as _, GitHubClient, GitHubError, Head,
    IssueText, Issues as _, Patience, Place, Token,
};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// The server; it ends with this.
struct Prism {
    child: Child,
    url: String,
}

impl Drop for Prism {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn program() -> PathBuf {
    let program = root().join(".tools/npm/node_modules/.bin/prism");
    assert!(program.exists(), "prism is missing: scripts/setup.sh test");
    program
}

fn start(program: &Path) -> Prism {
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let child = Command::new(program)
        .args(["mock", "--host", "127.0.0.1", "--port", &port.to_string(), "--errors", "--verboseLevel", "silent"])
        .arg(root().join("tests/fixtures/github/openapi.json"))
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let prism = Prism { child, url: format!("http://127.0.0.1:{port}") };
    let started = Instant::now();
    while TcpStream::connect(("127.0.0.1", port)).is_err() {
        assert!(started.elapsed() < Duration::from_secs(120), "prism does not start");
        std::thread::sleep(Duration::from_millis(50));
    }
    prism
}

fn client(url: &str) -> GitHubClient {
    let environment = Environment::new([("GITHUB_API_URL", url), ("GITHUB_REPOSITORY", REPOSITORY)]);
    let place = Place::of(&environment, None).unwrap();
    let patience = Patience { wait: Duration::ZERO, tries: 1, ..Patience::default() };
    GitHubClient::new(place, Token::new(TOKEN).unwrap(), patience, Arc::new(SystemClock::default())).unwrap()
}

fn check(conclusion: Option<Conclusion>) -> CheckRunState {
    let mark = CheckAnnotation {
        path: "suite.yaml".to_owned(),
        line: 3,
        level: "failure",
        title: "missed".to_owned(),
        message: "freq".to_owned(),
    };
    let output = CheckOutput { title: "a".to_owned(), summary: "b".to_owned(), annotations: vec![mark] };
    CheckRunState {
        name: "shmoo: a & b".to_owned(),
        head_sha: "abc".to_owned(),
        external_id: "shmoo-1-1".to_owned(),
        details_url: Some("https://ci.example/1".to_owned()),
        conclusion,
        output: conclusion.map(|_| output),
    }
}

/// Makes every call of the trait that the description covers; returns the errors.
fn every_call(github: &GitHubClient, comment: u64, check_run: u64, issue: u64) -> Vec<GitHubError> {
    let text = IssueText { title: "red".to_owned(), body: "text".to_owned() };
    let head = |branch: Option<&str>| Head {
        sha: "abc".to_owned(),
        repository: REPOSITORY.to_owned(),
        branch: branch.map(str::to_owned),
    };
    let results = [
        github.comments(7).map(drop),
        github.create_comment(7, "text").map(drop),
        github.update_comment(comment, "text").map(drop),
        github.pull_request(7).map(drop),
        github.pull_requests_of(&head(Some("wider"))).map(drop),
        github.pull_requests_of(&head(None)).map(drop),
        github.check_runs("abc", "shmoo: a & b").map(drop),
        github.create_check_run(&check(None)).map(drop),
        github.update_check_run(check_run, &check(Some(Conclusion::Failure))).map(drop),
        github.open_issues().map(drop),
        github.create_issue(&text, &["regression".to_owned()]).map(drop),
        github.update_issue(issue, &text, None).map(drop),
        github.update_issue(issue, &text, Some(Closed::Completed)).map(drop),
        github.update_issue(issue, &text, Some(Closed::NotPlanned)).map(drop),
    ];
    results.into_iter().filter_map(Result::err).collect()
}

#[test]
fn prism_accepts_every_request() {
    let prism = start(&program());
    // Its answers are made up, with numbers below 0: that we do not take those is well.
    let mut errors = every_call(&client(&prism.url), 3, 4, 5);
    errors.retain(|error| !matches!(error, GitHubError::Answer { .. }));
    assert!(errors.is_empty(), "{errors:?}");
    // It does refuse what is wrong.
    let mut wrong = check(None);
    wrong.output = Some(CheckOutput {
        title: "a".to_owned(),
        summary: "b".to_owned(),
        annotations: vec![CheckAnnotation {
            path: "a".to_owned(),
            line: 1,
            level: "terrible",
            title: String::new(),
            message: "b".to_owned(),
        }],
    });
    let error = client(&prism.url).create_check_run(&wrong).unwrap_err();
    assert!(error.is_unprocessable(), "{error}");
}

#[test]
fn so_does_the_fake() {
    let fake = Fake::start();
    fake.pull(7, "abc", REPOSITORY, "wider");
    let comment = fake.comment(7, OWN, "text");
    let github = client(&fake.url);
    let check_run = github.create_check_run(&check(None)).unwrap().id;
    let issue = fake.issue(OWN, "text");
    let errors = every_call(&github, comment, check_run, issue);
    assert!(errors.is_empty(), "{errors:?}");
}
