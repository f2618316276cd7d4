//! `shmoo issue`: opened when a suite turns red, kept up to date, closed when it is green, and nobody else's.

use super::fake::{Fake, FakeIssue, Fault, OWN, REPOSITORY};
use super::job::{SUITE, codes, job};
use crate::integration::command::{Shmoo, shmoo};
use serde_json::{Value, json};

const MARKER: &str = "<!-- shmoo issue tiny -->";

/// A red run, in a job for a push to the main branch.
fn red(fake: &Fake) -> Shmoo {
    of_event(fake, &json!({ "repository": { "default_branch": "trunk" } }), "refs/heads/trunk")
}

fn of_event(fake: &Fake, event: &Value, reference: &str) -> Shmoo {
    begun(fake, event, reference).before(["sweep", "suite.yaml"])
}

fn begun(fake: &Fake, event: &Value, reference: &str) -> Shmoo {
    job(shmoo().file("suite.yaml", SUITE), fake, event).env("GITHUB_REF", reference)
}

fn open(fake: &Fake) -> Vec<FakeIssue> {
    fake.state().issues.iter().filter(|issue| issue.open).cloned().collect()
}

#[test]
fn an_issue_from_red_to_green() {
    let fake = Fake::start();
    for number in 0..120 {
        fake.issue("somebody", &format!("issue {number}"));
    }
    fake.pull(3, "abc", REPOSITORY, "wider");
    let forged = fake.issue("mallory", &format!("{MARKER}\nall is well"));
    let quoted = fake.issue(OWN, &format!("> {MARKER}\nquoted"));
    let other_key = fake.issue(OWN, "<!-- shmoo issue other -->\nanother suite");
    let done = red(&fake)
        .args(["issue", "--label", "regression", "--label", "nightly"])
        .args(["issue"])
        .before(["sweep", "suite.yaml"])
        .args(["issue", "--report-url", "https://reports.example/7"])
        .replace("suite.yaml", "lt: 2", "lt: 3")
        .before(["sweep", "suite.yaml"])
        .args(["issue", "--format", "json"])
        .args(["issue"])
        .args(["issue", "--format", "json"])
        .run()
        .unwrap();
    assert_eq!(codes(&done), [11, 0, 0, 11, 0, 0, 0, 0, 0]);
    let said = |index: usize| done.outputs[index].stdout.as_str();
    assert!(said(1).contains(": opened, https://github.example/lab/chip/issues/"), "{}", said(1));
    assert!(said(2).contains(": unchanged, ") && said(4).contains(": updated, "), "{}{}", said(2), said(4));
    let told: Value = serde_json::from_str(said(6)).unwrap();
    assert_eq!(told["tracked"], "closed");
    assert_eq!(said(7), "no issue is open, and none is needed\n");
    assert_eq!(
        serde_json::from_str::<Value>(said(8)).unwrap(),
        json!({ "version": 1, "issue": null, "url": null, "tracked": "not needed" })
    );
    let state = fake.state();
    let own = state.issues.last().unwrap();
    assert_eq!((json!(own.number), own.open, own.reason.as_deref()), (told["issue"].clone(), false, Some("completed")));
    assert_eq!(own.labels, ["regression", "nightly"]);
    assert_eq!(own.title, "tiny: passed: all 2 cases passed");
    assert!(own.body.starts_with(&format!("{MARKER}\n<!-- red since {} ", done.run(1))), "{}", own.body);
    let sentence = format!("Green again. It was red from `{}` of ", done.run(1));
    assert!(own.body.contains(&sentence) && own.body.contains("on, for 2 runs."), "{}", own.body);
    for number in [forged, quoted, other_key] {
        let issue = state.issues.iter().find(|issue| issue.number == number).unwrap();
        assert!(issue.open && issue.title == "x", "{issue:?}");
    }
    assert_eq!(state.issues.len(), 124);
}

#[test]
fn what_somebody_closed_stays_closed() {
    let fake = Fake::start();
    let done = red(&fake).args(["issue"]).run().unwrap();
    assert_eq!(codes(&done), [11, 0]);
    fake.state().issues[0].open = false;
    let done = red(&fake).args(["issue", "--dry-run"]).args(["issue"]).run().unwrap();
    assert!(done.last().stdout.contains(": opened, "), "{}", done.last().stdout);
    let dry = &done.outputs[1].stdout;
    assert!(
        dry.starts_with(&format!("tiny: failed: 1 of 2 cases did not pass: count failed at s2\n\n{MARKER}\n")),
        "{dry}"
    );
    assert!(dry.contains("The next run that is green closes this issue."), "{dry}");
    let state = fake.state();
    assert_eq!(state.issues.iter().map(|issue| issue.open).collect::<Vec<_>>(), [false, true]);
}

#[test]
fn a_green_run_was_never_red_in_a_dry_run() {
    let sandbox = crate::integration::sandbox::Sandbox::new(super::job::suite("tiny", 3).as_str());
    sandbox.run_to(0, &["sweep", "suite.yaml"]);
    let said = sandbox.run_to(0, &["issue", "--dry-run"]).stdout;
    assert_eq!(said, "tiny is green: without an open issue nothing is written, and one that is open is closed\n");
}

#[test]
fn several_issues_of_ours_become_one() {
    let fake = Fake::start();
    for _ in 0..3 {
        fake.issue(OWN, &format!("{MARKER}\nold"));
    }
    let done = red(&fake).args(["issue"]).run().unwrap();
    assert!(done.last().stdout.contains(": updated, "), "{}", done.last().stdout);
    let state = fake.state();
    let seen: Vec<_> = state.issues.iter().map(|issue| (issue.open, issue.reason.as_deref())).collect();
    assert_eq!(seen, [(true, None), (false, Some("not_planned")), (false, Some("not_planned"))]);
    assert!(state.issues[0].body.contains("Red since `"), "{}", state.issues[0].body);
}

#[test]
fn other_runs_change_nothing() {
    let main = json!({ "default_branch": "trunk" });
    let pull = json!({ "pull_request": { "number": 7, "head": { "sha": "abc" } }, "repository": main });
    let fork = json!({
        "workflow_run": { "head_sha": "abc", "head_branch": "trunk", "head_repository": { "full_name": "fork/chip" } },
        "repository": main,
    });
    let push = json!({ "repository": main });
    for (event, reference, said) in [
        (&pull, "refs/pull/7/merge", "this is a run of pull request 7"),
        (&fork, "refs/heads/trunk", "this is a run of commit abc of fork/chip"),
        (&push, "refs/heads/wider", "this is a run of branch `wider`, not of `trunk`"),
        (&push, "refs/tags/v1", "this is a run of no branch"),
    ] {
        let fake = Fake::start();
        let done = of_event(&fake, event, reference).args(["issue"]).run().unwrap();
        assert_eq!(done.last().code, 3, "{reference}");
        assert!(done.last().stderr.contains(said), "{}", done.last().stderr);
        assert_eq!(fake.calls(), Vec::<String>::new());
    }
    let fake = Fake::start();
    let done = of_event(&fake, &push, "refs/heads/wider").args(["issue", "--branch", "wider"]).run().unwrap();
    assert_eq!((done.last().code, open(&fake).len()), (0, 1));
}

#[test]
fn nothing_is_lost_and_nothing_doubled() {
    let busy = Fault::Status(502, vec![], json!({ "message": "busy" }));
    for (method, target) in [("GET", "/issues"), ("POST", "/issues"), ("POST", "/graphql"), ("PATCH", "/issues")] {
        for fault in [busy.clone(), Fault::Reset(false), Fault::Reset(true), Fault::Cut] {
            let fake = Fake::start();
            if method == "PATCH" || target == "/graphql" {
                fake.issue(OWN, &format!("{MARKER}\nold"));
            }
            fake.fault(method, target, fault.clone());
            let done = red(&fake).args(["issue"]).run().unwrap();
            assert_eq!(done.last().code, 0, "{method} {target} {fault:?}: {}", done.last().stderr);
            let issues = fake.state().issues.clone();
            assert_eq!(issues.len(), 1, "{method} {target} {fault:?}");
            assert!(issues[0].open && issues[0].body.contains("## ❌ failed"), "{issues:?}");
        }
    }
}

#[test]
fn what_is_too_long_is_made_smaller_and_what_is_missing_is_said() {
    let fake = Fake::start();
    fake.state().longest = 700;
    let done = red(&fake).args(["issue"]).run().unwrap();
    assert_eq!(done.last().code, 0, "{}", done.last().stderr);
    let body = fake.state().issues[0].body.clone();
    assert!(body.chars().count() <= 700 && body.contains("left out"), "{body}");
    let fake = Fake::start();
    fake.state().may_write = false;
    let done = red(&fake).args(["issue"]).run().unwrap();
    assert_eq!(done.last().code, 20);
    let said = &done.last().stderr;
    assert!(said.contains("cannot open an issue") && said.contains("`permissions: issues: write`"), "{said}");
}

#[test]
fn jobs_that_died_before_there_was_a_run() {
    let fake = Fake::start();
    let push = json!({ "repository": { "default_branch": "trunk" } });
    let needs = json!({
        "plan": { "result": "failure", "outputs": {} },
        "collect": { "result": "skipped", "outputs": null },
    });
    let needs = needs.to_string();
    let broken = SUITE.replace("stages:", "stags:");
    let done = begun(&fake, &push, "refs/heads/trunk")
        .args(["issue", "--needs", &needs, "--suite", "suite.yaml"])
        .args(["issue", "--needs", &needs, "--suite", "suite.yaml"])
        .replace("suite.yaml", SUITE, &broken)
        .args(["issue", "20990101-000000-tiny-zzzz", "--needs", &needs, "--suite", "suite.yaml"])
        .args(["issue", "--dry-run", "--needs", &needs, "--suite", "nowhere.yaml", "--profile", "nightly"])
        .replace("suite.yaml", &broken, &SUITE.replace("lt: 2", "lt: 3"))
        .before(["sweep", "suite.yaml"])
        .args(["issue", "last", "--needs", &needs])
        .run()
        .unwrap();
    assert_eq!(codes(&done), [0, 0, 0, 0, 0, 0], "{:?}", done.last().stderr);
    let said = |index: usize| done.outputs[index].stdout.as_str();
    let words = [": opened, ", ": unchanged, ", ": updated, "];
    for (index, word) in words.iter().enumerate() {
        assert!(said(index).contains(word), "{index}: {}", said(index));
    }
    let dry = said(3);
    assert!(
        dry.starts_with("nowhere (nightly): no results: job plan failed\n\n<!-- shmoo issue nowhere.nightly -->\n")
    );
    assert!(dry.contains("| `plan` | `failure` |") && dry.contains("The jobs ended before there was a run."), "{dry}");
    assert!(done.outputs[3].stderr.contains("`nowhere.yaml` names no suite"), "{}", done.outputs[3].stderr);
    // The first green run closes what jobs without a run have opened.
    assert!(said(5).contains(": closed, "), "{}", said(5));
    let state = fake.state();
    assert_eq!(state.issues.len(), 1);
    let issue = &state.issues[0];
    assert!(issue.body.starts_with(&format!("{MARKER}\n<!-- red since ci-17-0 ")), "{}", issue.body);
    assert!(
        issue.body.contains("It was red from `ci-17-0` of ") && issue.body.contains("for 2 runs."),
        "{}",
        issue.body
    );
}

#[test]
fn jobs_that_ended_well_are_no_news() {
    let fake = Fake::start();
    let push = json!({ "repository": { "default_branch": "trunk" } });
    let well = r#"{"plan":{"result":"success"},"collect":{"result":"skipped"}}"#;
    let failed = r#"{"plan":{"result":"failure"}}"#;
    let done = begun(&fake, &push, "refs/heads/trunk")
        .args(["issue", "--needs", well, "--suite", "suite.yaml"])
        .args(["issue", "--needs", "failure", "--suite", "suite.yaml"])
        .args(["issue", "--needs", failed])
        .args(["issue", "--suite", "suite.yaml"])
        .run()
        .unwrap();
    assert_eq!(codes(&done), [3, 2, 2, 2]);
    let said = |index: usize| done.outputs[index].stderr.as_str();
    assert!(said(0).contains("no job failed, and there is no run to tell of"), "{}", said(0));
    assert!(said(1).contains("it is not what `toJSON(needs)` gives"), "{}", said(1));
    assert!(said(2).contains("without a run it is not known which suite it is"), "{}", said(2));
    assert!(said(3).contains("--needs"), "{}", said(3));
    assert_eq!(fake.calls(), Vec::<String>::new());
    // A job of a pull request is nobody's news, whatever became of it.
    let pull = json!({ "pull_request": { "number": 7, "head": { "sha": "abc" } }, "repository": push["repository"] });
    let done =
        begun(&fake, &pull, "refs/pull/7/merge").args(["issue", "--needs", failed, "--suite", "suite.yaml"]).run();
    assert_eq!(codes(&done.unwrap()), [3]);
}
