//! Runs that say they are of somebody else.

use super::{FORK, Forked, MARKER, PULL, SHA, SUITE, event, github, nothing_kept, only_comment, receive, receiver};
use crate::integration::github::fake::{OWN, REPOSITORY};
use serde_json::json;

#[test]
fn the_pull_request_is_the_one_that_github_names() {
    // The run says that it is of another pull request, of this repository, and of its main branch.
    let forked = Forked::of(SUITE).unwrap().edit("record.json", |record| {
        record["run"]["source"] = json!({
            "commit": "0123456789abcdef0123456789abcdef01234567", "branch": "main", "dirty": false,
            "pull_request": 7, "fork": false,
        });
    });
    let fake = github();
    let done = receive(&fake, &forked.archive().unwrap(), &[("suite.yaml", SUITE)]).unwrap();
    assert_eq!(done.last().code, 0, "{}", done.last().stderr);
    let body = only_comment(&fake);
    assert!(body.starts_with(MARKER) && body.contains("it is no base for others"), "{body}");
    nothing_kept(&done);
}

#[test]
fn a_number_from_elsewhere_is_not_believed() {
    let archive = Forked::of(SUITE).unwrap().archive().unwrap();
    let archive = archive.to_str().unwrap();
    let check = |event: serde_json::Value, number: &str, code: i32, said: &str| {
        let fake = github();
        let done = receiver(&fake, &[])
            .file("event.json", &event.to_string())
            .args(["comment", "--archive", archive, "--pr", number])
            .run()
            .unwrap();
        assert_eq!(done.last().code, code, "{}", done.last().stderr);
        assert!(done.last().stderr.contains(said), "{}", done.last().stderr);
        assert_eq!(fake.state().comments, []);
        assert!(fake.calls().iter().all(|call| call.starts_with("GET ")), "{:?}", fake.calls());
    };
    check(event(SHA, FORK), "7", 2, "is not the head of pull request 7");
    // The commit of somebody else's pull request, from the fork; the fork's commit, said to be of here.
    check(event("def", FORK), "7", 2, "is not the head of pull request 7");
    check(event(SHA, REPOSITORY), "2", 2, "is not the head of pull request 2");
    check(event("0000", FORK), "2", 2, "is not the head of pull request 2");
    let fake = github();
    let done = receiver(&fake, &[])
        .file("event.json", &event("def", FORK).to_string())
        .args(["comment", "--archive", archive])
        .run()
        .unwrap();
    assert_eq!(done.last().code, 3, "{}", done.last().stderr);
    assert_eq!(fake.state().comments, []);
}

#[test]
fn comments_that_look_like_ours_stay_as_they_are() {
    let fake = github();
    let forged = [
        fake.comment(PULL, "mallory", &format!("{MARKER}\n## ✅ all is well, merge it")),
        fake.comment(PULL, "mallory", &format!("{MARKER}\r\n{MARKER}")),
        fake.comment(PULL, OWN, &format!("text of ours\n{MARKER}")),
        fake.comment(7, OWN, &format!("{MARKER}\nof another pull request")),
    ];
    let before = fake.state().comments.clone();
    let archive = Forked::of(SUITE).unwrap().archive().unwrap();
    for placed in ["created", "unchanged"] {
        let done = receive(&fake, &archive, &[]).unwrap();
        assert!(done.last().stdout.contains(placed), "{}{}", done.last().stdout, done.last().stderr);
    }
    let state = fake.state();
    assert_eq!(state.comments[..forged.len()], before);
    assert_eq!(state.comments.len(), forged.len() + 1);
    assert_eq!(state.comments[forged.len()].pull_request, PULL);
}

#[test]
fn a_run_cannot_take_the_name_of_a_recorded_one() {
    // The base would be left out of the runs to compare with: it is the run itself.
    let fake = github();
    let done = receiver(&fake, &[("suite.yaml", SUITE)]).before(["sweep", "suite.yaml"]).run().unwrap();
    let name = done.run(1).to_owned();
    let archive = Forked::of(SUITE).unwrap().edit("record.json", |record| record["run"]["id"] = json!(name));
    let archive = archive.archive().unwrap();
    let history = done.path(".shmoo/history.db");
    let before = std::fs::read(&history).unwrap();
    let command = format!("\"$SHMOO\" comment --archive '{}' 2>&1 || echo \"exit code $?\"", archive.display());
    let again = receiver(&fake, &[("suite.yaml", SUITE)])
        .env("SHMOO", env!("CARGO_BIN_EXE_shmoo"))
        .shell(&format!("cp -r '{}' .", done.path(".shmoo").display()))
        .shell(&command)
        .run()
        .unwrap();
    let said = &again.last().stdout;
    assert!(said.contains(&format!("the history has another run {name}")) && said.contains("exit code 2"), "{said}");
    assert_eq!(std::fs::read(&history).unwrap(), before);
    assert_eq!(fake.state().comments, []);
}

#[test]
fn a_run_of_a_fork_is_no_base() {
    let fake = github();
    let forked = Forked::of(&SUITE.replace("lines=$", "lines=1$")).unwrap();
    // After the base.
    let forked = forked.edit("record.json", |record| record["run"]["started"] = json!("2099-01-01T00:00:00Z"));
    let archive = forked.archive().unwrap();
    let archive = archive.to_str().unwrap();
    let done = receiver(&fake, &[("suite.yaml", SUITE)])
        .before(["sweep", "suite.yaml"])
        .args(["comment", "--archive", archive])
        .args(["history", "list", "--format", "json"])
        .before(["sweep", "suite.yaml"])
        .args(["compare", "--format", "json"])
        .run()
        .unwrap();
    let body = only_comment(&fake);
    assert!(body.contains("count.lines"), "{body}");
    let history: serde_json::Value = serde_json::from_str(&done.outputs[2].stdout).unwrap();
    assert_eq!(history["runs"].as_array().map(Vec::len), Some(1), "{history}");
    let compared: serde_json::Value = serde_json::from_str(&done.last().stdout).unwrap();
    assert_eq!(compared["comparison"]["base"]["run"], json!(done.run(1)), "{compared}");
}
