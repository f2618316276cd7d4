//! `shmoo check-run`: begun, concluded, also by another job than the one that died.

use super::fake::{Fake, Fault};
use super::job::{SUITE, codes, job};
use crate::integration::command::{Shmoo, shmoo};
use serde_json::{Value, json};

fn with(fake: &Fake) -> Shmoo {
    let event = json!({ "pull_request": { "number": 7, "head": { "sha": "abc" } } });
    let start = job(shmoo().file("suite.yaml", SUITE), fake, &event);
    start.env("GITHUB_RUN_ATTEMPT", "1").env("GITHUB_SHA", "merge")
}

/// Returns what each check run says: name, state, conclusion.
fn said(fake: &Fake) -> Vec<(String, String, Value)> {
    let state = fake.state();
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let one = |said: &Value| (text(&said["name"]), text(&said["status"]), said["conclusion"].clone());
    state.checks.iter().map(|check| one(&check.said)).collect()
}

#[test]
fn a_check_is_begun_and_concluded() {
    let fake = Fake::start();
    let done = with(&fake)
        .args(["check-run", "start", "--name", "tiny"])
        .before(["sweep", "suite.yaml"])
        .args(["check-run", "finish", "--name", "tiny", "--format", "json"])
        .run()
        .unwrap();
    assert_eq!(codes(&done), [0, 11, 0]);
    assert!(done.outputs[0].stdout.starts_with("check `tiny`: in_progress, https://"), "{}", done.outputs[0].stdout);
    assert_eq!(said(&fake), [("tiny".into(), "completed".into(), json!("failure"))]);
    let state = fake.state();
    let check = &state.checks[0].said;
    assert_eq!((&check["head_sha"], &check["external_id"]), (&json!("abc"), &json!("shmoo-17-1")));
    let output = &check["output"];
    assert!(output["title"].as_str().unwrap().starts_with("failed: 1 of 2 cases"), "{output}");
    assert!(output["summary"].as_str().unwrap().starts_with("## ❌ failed"), "{output}");
    let levels: Vec<&str> = output["annotations"]
        .as_array()
        .unwrap()
        .iter()
        .map(|mark| mark["annotation_level"].as_str().unwrap())
        .collect();
    assert_eq!(levels, ["failure", "notice"]);
    assert_eq!(output["annotations"][0]["path"], "suite.yaml");
}

#[test]
fn a_check_ends_although_the_job_died() {
    let fake = Fake::start();
    let done = with(&fake)
        .args(["check-run", "start"])
        .args(["check-run", "finish"])
        .args(["check-run", "start"])
        .args(["check-run", "finish", "--conclusion", "cancelled"])
        .run()
        .unwrap();
    assert_eq!(codes(&done), [0; 4], "{}", done.last().stderr);
    let shmoo = |conclusion: &str| ("shmoo".to_owned(), "completed".to_owned(), json!(conclusion));
    assert_eq!(said(&fake), [shmoo("failure"), shmoo("cancelled")]);
    let state = fake.state();
    assert_eq!(state.checks[0].said["output"]["title"], "no run came to an end");
}

#[test]
fn jobs_that_left_no_run_conclude_a_check() {
    let check = |needs: &str, conclusion: &str, title: &str| {
        let fake = Fake::start();
        let done = with(&fake)
            .args(["check-run", "start"])
            .args(["check-run", "finish", "--needs", needs])
            .run()
            .unwrap_or_else(|error| panic!("{needs}: {error}"));
        assert_eq!(codes(&done), [0; 2], "{}", done.last().stderr);
        assert_eq!(said(&fake), [("shmoo".to_owned(), "completed".to_owned(), json!(conclusion))], "{needs}");
        let output = &fake.state().checks[0].said["output"];
        assert_eq!(output["title"], title, "{needs}");
        let summary = output["summary"].as_str().unwrap();
        assert!(summary.contains("| job | ended |") && summary.contains("| plan |"), "{summary}");
    };
    check(
        r#"{"plan": {"result": "failure"}, "collect": {"result": "skipped"}}"#,
        "failure",
        "no run came to an end: plan ended with failure",
    );
    check(r#"{"plan": {"result": "cancelled"}}"#, "cancelled", "no run came to an end: plan ended with cancelled");
    // An empty selection.
    check(r#"{"plan": {"result": "success"}, "collect": {"result": "skipped"}}"#, "skipped", "nothing was to do");
}

#[test]
fn checks_of_others_are_left_alone() {
    let fake = Fake::start();
    with(&fake).env("GITHUB_RUN_ID", "16").args(["check-run", "start"]).run().unwrap();
    with(&fake).args(["check-run", "start", "--name", "other"]).run().unwrap();
    with(&fake).args(["check-run", "start", "--sha", "def"]).run().unwrap();
    // One that was never begun is made.
    let done = with(&fake).before(["sweep", "suite.yaml", "--case", "s1"]).args(["check-run", "finish"]).run().unwrap();
    assert_eq!(done.last().code, 0, "{}", done.last().stderr);
    let states: Vec<(String, Value)> =
        said(&fake).into_iter().map(|(_, state, conclusion)| (state, conclusion)).collect();
    let going_on = ("in_progress".to_owned(), Value::Null);
    assert_eq!(states, [going_on.clone(), going_on.clone(), going_on, ("completed".to_owned(), json!("success"))]);
}

#[test]
fn a_check_is_not_doubled() {
    let busy = Fault::Status(502, vec![], json!({ "message": "busy" }));
    for fault in [busy, Fault::Reset(false), Fault::Reset(true), Fault::Cut] {
        let fake = Fake::start();
        fake.fault("POST", "/check-runs", fault.clone());
        let done = with(&fake).args(["check-run", "start"]).args(["check-run", "start"]).run().unwrap();
        assert_eq!((codes(&done), said(&fake).len()), (vec![0, 0], 1), "{fault:?}");
    }
}

#[test]
fn the_missing_permission_is_named() {
    let fake = Fake::start();
    fake.state().may_write = false;
    let done = with(&fake).args(["check-run", "start"]).run().unwrap();
    assert_eq!(done.last().code, 20);
    assert!(done.last().stderr.contains("`permissions: checks: write`"), "{}", done.last().stderr);
}
