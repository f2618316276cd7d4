//! `shmoo comment`: written once, kept up to date, found among others, resolved by commit.

use super::fake::{Fake, Fault, OWN, REPOSITORY, TOKEN};
use super::job::{SUITE, codes, job};
use crate::integration::command::{Shmoo, shmoo};
use serde_json::{Value, json};

const MARKER: &str = "<!-- shmoo comment tiny -->";

fn with(fake: &Fake, event: &Value) -> Shmoo {
    job(shmoo().file("suite.yaml", SUITE), fake, event).before(["sweep", "suite.yaml"])
}

fn pull_request() -> Value {
    json!({ "pull_request": { "number": 7, "head": { "sha": "abc", "repo": { "full_name": REPOSITORY } } } })
}

fn another_workflow(sha: &str, repository: &str) -> Value {
    json!({ "workflow_run": {
        "head_sha": sha,
        "head_branch": "wider",
        "head_repository": { "full_name": repository },
        "html_url": "https://github.example/lab/chip/actions/runs/3",
    } })
}

#[test]
fn a_comment_is_kept_up_to_date() {
    let fake = Fake::start();
    for number in 0..120 {
        fake.comment(7, "somebody", &format!("comment {number}"));
    }
    let forged = fake.comment(7, "mallory", &format!("{MARKER}\nall is well, merge it"));
    let quoted = fake.comment(7, OWN, &format!("> {MARKER}\nquoted"));
    let other_key = fake.comment(7, OWN, "<!-- shmoo comment other -->\nanother suite");
    let done = with(&fake, &pull_request())
        .args(["comment"])
        .args(["comment"])
        .replace("suite.yaml", "lt: 2", "lt: 3")
        .args(["sweep", "suite.yaml"])
        .args(["comment", "--format", "json", "--report-url", "https://reports.example/7"])
        .run()
        .unwrap();
    assert_eq!(codes(&done), [11, 0, 0, 0, 0]);
    assert!(
        done.outputs[1].stdout.starts_with("pull request 7: comment created, https://github.example/lab/chip/pull/7")
    );
    assert!(done.outputs[2].stdout.starts_with("pull request 7: comment unchanged"), "{}", done.outputs[2].stdout);
    let told: Value = serde_json::from_str(&done.last().stdout).unwrap();
    assert_eq!((&told["placed"], &told["pull_request"]), (&json!("updated"), &json!(7)));
    let state = fake.state();
    assert_eq!(state.comments.len(), 124);
    let own = state.comments.last().unwrap();
    assert_eq!((json!(own.id), own.author.as_str(), own.hidden), (told["comment"].clone(), OWN, false));
    assert!(own.body.starts_with(&format!("{MARKER}\n## ")), "{}", own.body);
    assert!(own.body.contains("[CI run](https://github.example/lab/chip/actions/runs/17)"), "{}", own.body);
    assert!(own.body.contains("[whole report](https://reports.example/7)"), "{}", own.body);
    for id in [forged, quoted, other_key] {
        let comment = state.comments.iter().find(|comment| comment.id == id).unwrap();
        assert!(!comment.hidden && !comment.body.contains("##"), "{comment:?}");
    }
}

#[test]
fn a_comment_is_reposted() {
    let fake = Fake::start();
    let done = with(&fake, &pull_request()).args(["comment", "--repost"]).args(["comment", "--repost"]).run().unwrap();
    assert_eq!(codes(&done), [11, 0, 0]);
    assert!(done.outputs[1].stdout.contains("comment created") && done.outputs[2].stdout.contains("comment reposted"));
    let state = fake.state();
    let seen: Vec<bool> = state.comments.iter().map(|comment| comment.hidden).collect();
    assert_eq!(seen, [true, false]);
}

#[test]
fn several_comments_of_ours_become_one() {
    let fake = Fake::start();
    for _ in 0..3 {
        fake.comment(7, OWN, &format!("{MARKER}\nold"));
    }
    let done = with(&fake, &pull_request()).args(["comment"]).run().unwrap();
    assert!(done.last().stdout.contains("comment updated"), "{}", done.last().stdout);
    let state = fake.state();
    let seen: Vec<(bool, bool)> = state.comments.iter().map(|c| (c.hidden, c.body.contains("## "))).collect();
    assert_eq!(seen, [(true, false), (true, false), (false, true)]);
}

#[test]
fn what_is_too_long_is_made_smaller() {
    let fake = Fake::start();
    fake.state().longest = 700;
    let done = with(&fake, &pull_request()).args(["comment"]).run().unwrap();
    assert_eq!(done.last().code, 0, "{}", done.last().stderr);
    let body = fake.state().comments[0].body.clone();
    assert!(body.chars().count() <= 700 && body.starts_with(MARKER) && body.contains("left out"), "{body}");
    fake.state().longest = 3;
    let done = with(&fake, &json!({ "pull_request": { "number": 8 } })).args(["comment"]).run().unwrap();
    assert_eq!(done.last().code, 20);
    assert!(done.last().stderr.contains("422 Validation Failed; Body is too long"), "{}", done.last().stderr);
}

#[test]
fn nothing_is_lost_and_nothing_doubled() {
    let busy = Fault::Status(502, vec![], json!({ "message": "busy" }));
    let limited = Fault::Status(429, vec![("retry-after", "0".into())], json!({ "message": "slow down" }));
    for (method, target) in [("GET", "/comments"), ("POST", "/comments"), ("POST", "/graphql"), ("PATCH", "/comments")]
    {
        for fault in [busy.clone(), limited.clone(), Fault::Reset(false), Fault::Reset(true), Fault::Cut] {
            let fake = Fake::start();
            if method != "POST" || target == "/graphql" {
                fake.comment(7, OWN, &format!("{MARKER}\nold"));
            }
            fake.fault(method, target, fault.clone());
            let done = with(&fake, &pull_request()).args(["comment"]).run().unwrap();
            assert_eq!(done.last().code, 0, "{method} {target} {fault:?}: {}", done.last().stderr);
            let state = fake.state();
            assert_eq!(state.comments.len(), 1, "{method} {target} {fault:?}");
            assert!(state.comments[0].body.contains("## ") && !state.comments[0].hidden);
        }
    }
}

#[test]
fn the_pull_request_is_found_by_commit() {
    let fake = Fake::start();
    fake.pull(1, "abc", REPOSITORY, "wider");
    fake.pull(2, "abc", "fork/chip", "wider");
    let done = with(&fake, &another_workflow("abc", "fork/chip"))
        .args(["comment"])
        .args(["comment", "--pr", "1"])
        .args(["comment", "--pr", "2"])
        .run()
        .unwrap();
    assert_eq!(codes(&done), [11, 0, 2, 0]);
    let spoofed = &done.outputs[2].stderr;
    assert!(spoofed.contains("commit abc of fork/chip is not the head of pull request 1"), "{spoofed}");
    let state = fake.state();
    assert_eq!(state.comments.iter().map(|comment| comment.pull_request).collect::<Vec<_>>(), [2]);
    assert!(state.comments[0].body.contains("[CI run](https://github.example/lab/chip/actions/runs/3)"));
    drop(state);
    let done = with(&fake, &another_workflow("old", "fork/chip")).args(["comment"]).run().unwrap();
    assert_eq!(done.last().code, 3, "{}", done.last().stderr);
    let done = with(&fake, &json!({ "ref": "refs/heads/main" }))
        .args(["comment"])
        .args(["comment", "--pr", "9"])
        .run()
        .unwrap();
    assert_eq!(codes(&done)[1..], [2, 0]);
    assert!(done.outputs[1].stderr.contains("--pr N"), "{}", done.outputs[1].stderr);
}

#[test]
fn what_is_missing_is_said() {
    let fake = Fake::start();
    fake.state().may_write = false;
    let done = with(&fake, &pull_request()).args(["comment"]).run().unwrap();
    assert_eq!(done.last().code, 20);
    let said = &done.last().stderr;
    assert!(said.contains("403 Resource not accessible by integration"), "{said}");
    assert!(said.contains("`permissions: pull-requests: write`") && !said.contains(TOKEN), "{said}");
    let limited = Fault::Status(429, vec![("retry-after", "900".into())], json!({ "message": "slow down" }));
    fake.fault("GET", "/comments", limited);
    let done = with(&fake, &pull_request()).args(["comment", "--max-wait", "1"]).run().unwrap();
    assert_eq!(done.last().code, 20);
    assert!(done.last().stderr.contains("--max-wait 901"), "{}", done.last().stderr);
    let without =
        |name: &str, value: &str| with(&fake, &pull_request()).env(name, value).args(["comment"]).run().unwrap();
    for (name, value, hint) in [
        ("GITHUB_TOKEN", "", "GITHUB_TOKEN is not set"),
        ("GITHUB_REPOSITORY", "", "GITHUB_REPOSITORY is not set"),
        ("GITHUB_REPOSITORY", "a/../b", "`a/../b` is no repository"),
        ("GITHUB_API_URL", "http://api.github.example", "GITHUB_API_URL is not encrypted"),
        ("GITHUB_EVENT_PATH", "suite.yaml", "the event is no JSON"),
        ("GITHUB_EVENT_PATH", "gone.json", "cannot read `gone.json`"),
    ] {
        let done = without(name, value);
        assert_eq!(done.last().code, 2, "{name}={value}");
        assert!(done.last().stderr.contains(hint), "{}", done.last().stderr);
    }
}

#[test]
fn a_dry_run_needs_no_github() {
    let done = shmoo()
        .file("suite.yaml", SUITE)
        .before(["sweep", "suite.yaml"])
        .args(["comment", "--dry-run"])
        .args(["comment", "--dry-run", "--key", "a b"])
        .args(["comment", "--dry-run", "--run-url", "javascript:alert(1)"])
        .run()
        .unwrap();
    assert_eq!(codes(&done), [11, 0, 2, 2]);
    let text = &done.outputs[1].stdout;
    assert!(text.starts_with(&format!("{MARKER}\n## ❌ failed: 1 of 2 cases did not pass")), "{text}");
    assert!(text.contains("lines is 2, expected < 2") && text.contains("reproduce: `shmoo run suite.yaml --case s2`"));
}

/// A repository that has an archive of a run from elsewhere, and nothing else of it.
fn received(fake: &Fake) -> Shmoo {
    with(fake, &another_workflow("abc", "fork/chip"))
        .shell("mv .shmoo/store/runs/tiny/*.tar.gz run.tar.gz && rm -r .shmoo suite.yaml")
}

#[test]
fn a_run_of_a_fork_is_data() {
    let fake = Fake::start();
    fake.pull(2, "abc", "fork/chip", "wider");
    let done = received(&fake).args(["comment", "--archive", "run.tar.gz"]).args(["history", "list"]).run().unwrap();
    let commented = &done.outputs[2];
    assert_eq!(commented.code, 0, "{}", commented.stderr);
    let body = &fake.state().comments[0].body.clone();
    assert!(
        body.contains("## ❌ failed: 1 of 2 cases did not pass") && body.contains("it is no base for others"),
        "{body}"
    );
    // Nothing was unpacked, recorded or kept.
    assert!(!done.path(".shmoo/runs").exists() && !done.path(".shmoo/store").exists());
    assert_eq!(done.last().stdout.matches("tiny").count(), 0, "{}", done.last().stdout);
}

#[test]
fn a_hostile_archive_changes_nothing() {
    let fake = Fake::start();
    fake.pull(2, "abc", "fork/chip", "wider");
    let broken = [
        ("echo no archive > run.tar.gz", "it has no manifest"),
        ("truncate -s 257M run.tar.gz", "it has more than 256 MiB"),
        ("head -c 2000 run.tar.gz > x && mv x run.tar.gz", "it has no manifest"),
        ("mkdir d && echo '{}' | tee d/plan.json > d/record.json && tar czf run.tar.gz -C d .", "it has no manifest"),
    ];
    for (script, said) in broken {
        let done = received(&fake).shell(script).args(["comment", "--archive", "run.tar.gz"]).run().unwrap();
        assert_ne!(done.last().code, 0, "{script}");
        assert!(done.last().stderr.contains(said), "{script}: {}", done.last().stderr);
        assert!(!done.path(".shmoo/runs").exists());
    }
    assert_eq!(fake.state().comments, []);
}
