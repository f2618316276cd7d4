//! One comment for all suites of a pull request.

use super::fake::{Fake, REPOSITORY, TOKEN};
use super::job::{codes, job, suite};
use crate::integration::command::{Shmoo, shmoo};
use serde_json::{Value, json};

/// A repository with a run of each of three suites, the second of which is red.
fn three(fake: &Fake) -> Shmoo {
    let event = json!({ "pull_request": { "number": 7, "head": { "sha": "abc" } } });
    let make = "git init -q -b main && git add -A && git -c user.name=t -c user.email=t@example.org commit -q -m first";
    let start = shmoo()
        .file("one.yaml", &suite("one", 3))
        .file("two.yaml", &suite("two", 2))
        .file("three.yaml", &suite("three", 3));
    job(start, fake, &event)
        .shell(make)
        .before(["sweep", "one.yaml"])
        .before(["sweep", "two.yaml"])
        .before(["sweep", "three.yaml"])
}

#[test]
fn one_comment_has_all_suites() {
    let fake = Fake::start();
    let done = three(&fake).args(["comment", "RUN-1", "RUN-2", "RUN-3", "RUN-2"]).run().unwrap();
    assert_eq!(codes(&done)[1..5], [0, 11, 0, 0]);
    let body = fake.state().comments[0].body.clone();
    assert!(
        body.starts_with("<!-- shmoo comment suites -->\n## ❌ 1 of 3 suites is red\n\n- ❌ `two`: failed: "),
        "{body}"
    );
    for part in [
        "- ✅ `one`: passed: all 2 cases passed",
        "<summary>✅ <code>three</code></summary>",
        "lines is 2, expected < 2",
    ] {
        assert!(body.contains(part), "{part}: {body}");
    }
    assert_eq!(body.matches("lines is 2, expected < 2").count(), 1, "a run that is named twice is there once: {body}");
}

#[test]
fn the_runs_of_a_commit_are_found() {
    let fake = Fake::start();
    let done = three(&fake)
        .before(["sweep", "two.yaml"])
        .before(["sweep", "two.yaml", "--where", "size == 1"])
        .shell("git rev-parse HEAD > commit; cat commit")
        .run()
        .unwrap();
    let commit = std::fs::read_to_string(done.path("commit")).unwrap();
    let ask = |arguments: &[&str]| {
        let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_shmoo"));
        let output =
            command.args(arguments).current_dir(&done.root).env_clear().env("PATH", "/usr/bin:/bin").output().unwrap();
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
        (output.status.code().unwrap(), text(output.stdout), text(output.stderr))
    };
    for name in [commit.trim(), &commit[..7]] {
        let (code, text, said) = ask(&["comment", "--commit", name, "--dry-run"]);
        assert_eq!(code, 0, "{said}");
        // Of `two` the last one counts.
        assert!(text.contains("## ✅ all 3 suites passed"), "{text}");
        let is_shown = |number: usize| text.contains(&format!("suite `two` · run `{}`", done.run(number)));
        assert!(is_shown(5) && !is_shown(2) && !is_shown(4), "{text}");
    }
    let (code, _, said) = ask(&["comment", "--commit", "0123456789", "--dry-run"]);
    assert!(code == 3 && said.contains("the history has no run of commit 0123456789"), "{code} {said}");
    let (code, _, said) = ask(&["comment", "--commit", "main", "--dry-run"]);
    assert!(code == 2 && said.contains("`main` is no name of a commit"), "{code} {said}");
}

#[test]
fn a_step_takes_several_runs() {
    let fake = Fake::start();
    let done = three(&fake).run().unwrap();
    let (first, second) = (done.run(1).to_owned(), done.run(2).to_owned());
    let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_shmoo"));
    let output = command
        .args(["gha", "comment"])
        .current_dir(&done.root)
        .env_clear()
        .env("PATH", "/usr/bin:/bin")
        .env("GITHUB_API_URL", &fake.url)
        .env("GITHUB_REPOSITORY", REPOSITORY)
        .env("GITHUB_EVENT_PATH", "event.json")
        .env("INPUT_TOKEN", TOKEN)
        .env("INPUT_RUN", format!("{first}\n\n{second}\n"))
        .env("INPUT_KEY", "pr")
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    let body = fake.state().comments[0].body.clone();
    assert!(body.starts_with("<!-- shmoo comment pr -->\n## ❌ 1 of 2 suites is red"), "{body}");
    let log = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(
        log.lines().any(|line| serde_json::from_str::<Value>(line).is_ok_and(|said| said["placed"] == "created")),
        "{log}"
    );
}
