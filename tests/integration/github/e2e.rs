//! The flow of a pull request as its repository has it: `act` runs the shipped `sweep.yml` on the quick suite,
//! for a push to the main branch and then for a pull request that makes it worse. Plan, four shards, collect,
//! report and comment go through a bucket (fake-gcs-server), a history (PostgreSQL) and GitHub (our fake).
//!
//! `make e2e` runs it and shows what it prints: the comment, and where the report is.

use super::act::{act, commit, log, on, root, variable};
use super::act_sweep::{add_actions, shipped_workflow};
use super::fake::{Fake, OWN, REPOSITORY, TOKEN};
use crate::integration::command::Outcome;
use crate::integration::history::server::Server as Database;
use crate::integration::store::fake_gcs_server::Server as Bucket;
use serde_json::json;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use tempfile::TempDir;

const STORE: &str = "gs://lab/chip";
/// Levels of the quick suite, and those that the flow takes: enough to see what changed.
const LEVELS: [(&str, &str); 2] =
    [("start: 1, stop: 9, step: 1", "start: 1, stop: 3, step: 1"), ("[1, 3, 9]", "[1, 3]")];
/// Runs of the main branch before the push. With that of the push they are as many as a verdict on a metric needs.
const EARLIER: usize = 4;

/// What a repository has of its own.
const CALLER: &str = r#"name: shmoo
on: [push, pull_request]
permissions: {}
jobs:
  sweep:
    permissions:
      contents: read
      id-token: write
      pull-requests: write
      checks: write
      issues: write
    uses: ./.github/workflows/sweep.yml
    with:
      suite: quickstart.yaml
      shards: 4
      shard-minutes: 10
      store: gs://lab/chip
      publish: comment check issue report
    secrets:
      history: ${{ secrets.HISTORY }}
"#;

/// The repository, and the services around it.
struct Lab {
    folder: TempDir,
    home: TempDir,
    bucket: Bucket,
    /// Keeps the server.
    _database: Database,
    history: String,
    github: Fake,
}

impl Lab {
    /// Sets it up; none where there is no bucket for the processor.
    fn new() -> Outcome<Option<Lab>> {
        let Some(bucket) = Bucket::start() else { return Ok(None) };
        let database = Database::start();
        let history = database.database("shmoo");
        let folder = tempfile::Builder::new().prefix("shmoo-e2e-").tempdir()?;
        add_actions(folder.path())?;
        let mut suite = fs::read_to_string(root().join("configs/quickstart.yaml"))?;
        for (all, few) in LEVELS {
            assert!(suite.contains(all), "{all}");
            suite = suite.replace(all, few);
        }
        fs::write(folder.path().join("quickstart.yaml"), suite)?;
        let workflows = folder.path().join(".github/workflows");
        fs::create_dir_all(&workflows)?;
        fs::write(workflows.join("sweep.yml"), shipped_workflow()?)?;
        fs::write(workflows.join("shmoo.yml"), CALLER)?;
        commit(folder.path())?;
        Ok(Some(Lab {
            folder,
            home: tempfile::tempdir()?,
            bucket,
            _database: database,
            history,
            github: Fake::start(),
        }))
    }

    /// Runs the suite on the main branch, as it would have been day after day.
    fn days_before(&self) -> Outcome {
        let clone = tempfile::tempdir()?;
        let script = "git clone -q \"$1\" . && printf '.shmoo\\nshmoo.yaml\\n' > .git/info/exclude";
        let mut made = Command::new("bash");
        made.args(["-euc", script, "clone"]).arg(self.folder.path()).current_dir(clone.path());
        assert!(made.env("HOME", self.home.path()).status()?.success());
        for _ in 0..EARLIER {
            let said = self.elsewhere(clone.path(), &["sweep", "quickstart.yaml", "--no-compare"])?;
            assert!(said.contains("all 54 cases passed"), "{said}");
        }
        Ok(())
    }

    /// Commits a change on a branch of its own: all levels compress like the first, and more is expected of them.
    fn make_it_worse(&self) -> Outcome {
        let suite = self.folder.path().join("quickstart.yaml");
        let text = fs::read_to_string(&suite)?;
        let worse = text.replace("\"-{level}\"", "\"-1\"").replace("expect: { gt: 1 }", "expect: { gt: 2.2 }");
        assert!(worse.contains("\"-1\"") && worse.contains("gt: 2.2"));
        fs::write(&suite, worse)?;
        let script = "git checkout -q -b wider && git -c user.name=t -c user.email=t@example.org commit -q -a -m wider";
        let mut made = Command::new("bash");
        made.args(["-euc", script]).current_dir(self.folder.path()).env("HOME", self.home.path());
        assert!(made.status()?.success());
        Ok(())
    }

    /// Runs the repository's workflow for an event; returns whether it was green, and its log.
    fn act(&self, event: &str) -> Outcome<(bool, String)> {
        let pull_request = json!({
            "pull_request": {
                "number": 7,
                "base": { "ref": "main" },
                "head": { "sha": "abc", "ref": "wider", "repo": { "full_name": REPOSITORY } },
            },
            "repository": { "default_branch": "main" },
        });
        let push = json!({ "ref": "refs/heads/main", "repository": { "default_branch": "main" } });
        let payload = if event == "pull_request" { pull_request } else { push };
        let file = |name: &str, text: String| -> Outcome<PathBuf> {
            let path = self.home.path().join(name);
            fs::write(&path, text)?;
            Ok(path)
        };
        let payload = file("event.json", payload.to_string())?;
        let secrets = file("secrets", format!("GITHUB_TOKEN={TOKEN}\nHISTORY={}\n", self.history))?;
        let binary = Path::new(env!("CARGO_BIN_EXE_shmoo")).parent().ok_or("the binary is in no folder")?;
        let output = act([event, ".github/workflows/shmoo.yml"], self.folder.path(), self.home.path(), binary)
            .arg("-e")
            .arg(payload)
            .arg("--secret-file")
            .arg(secrets)
            .args(on(&self.github))
            .args(variable("STORAGE_EMULATOR_HOST", &self.bucket.url()))
            .output()?;
        let log = log(&output);
        assert!(!log.contains(TOKEN), "the token is in the log");
        Ok((output.status.success(), log))
    }

    /// Returns state and conclusion of each check.
    fn checks(&self) -> Vec<String> {
        let state = self.github.state();
        let word = |said: &serde_json::Value| said.as_str().unwrap_or_default().to_owned();
        let one = |said: &serde_json::Value| format!("{} {}", word(&said["status"]), word(&said["conclusion"]));
        state.checks.iter().map(|check| one(&check.said)).collect()
    }

    /// Runs `shmoo` where nothing of the runs is but bucket and history.
    fn elsewhere(&self, folder: &Path, arguments: &[&str]) -> Outcome<String> {
        fs::write(folder.join("shmoo.yaml"), format!("version: 1\nstore: {STORE}\nhistory: env:SHMOO_HISTORY\n"))?;
        let mut command = Command::new(env!("CARGO_BIN_EXE_shmoo"));
        command.args(arguments).current_dir(folder).env_clear().env("PATH", "/usr/bin:/bin");
        let output =
            command.env("SHMOO_HISTORY", &self.history).env("STORAGE_EMULATOR_HOST", self.bucket.url()).output()?;
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success() || output.status.code() == Some(11), "{arguments:?}: {said}");
        Ok(String::from_utf8(output.stdout)?)
    }
}

#[test]
fn the_flow_of_a_pull_request() {
    let Some(lab) = Lab::new().unwrap() else { return };
    lab.days_before().unwrap();
    let (green, log) = lab.act("push").unwrap();
    assert!(green && log.contains("all 54 cases passed"), "{log}");
    assert_eq!(lab.github.state().comments, [], "a push has no pull request");
    assert_eq!(lab.checks(), ["completed success"], "{log}");
    lab.make_it_worse().unwrap();
    let (green, log) = lab.act("pull_request").unwrap();
    // The pull request is red, and says why.
    assert!(!green, "{log}");
    let comments = lab.github.state().comments.clone();
    assert_eq!(comments.len(), 1, "{log}");
    let comment = &comments[0];
    assert_eq!((comment.pull_request, comment.author.as_str()), (7, OWN));
    assert_eq!(lab.checks(), ["completed success", "completed failure"], "{log}");
    let kept = fs::read_dir(lab.home.path().join("kept")).unwrap().count();
    assert_eq!(kept, 2, "each run keeps its page");
    assert!(lab.github.state().issues.is_empty(), "only runs of the main branch keep an issue");

    let elsewhere = tempfile::tempdir().unwrap();
    let runs = lab.elsewhere(elsewhere.path(), &["history", "list", "--format", "json"]).unwrap();
    let runs: serde_json::Value = serde_json::from_str(&runs).unwrap();
    let names: Vec<&str> = runs["runs"].as_array().unwrap().iter().map(|run| run["run"].as_str().unwrap()).collect();
    assert_eq!(names.len(), EARLIER + 2, "{names:?}");
    let (head, base) = (names[0], names[1]);
    for part in [
        "## ❌ failed: ",
        "expected > 2.2",
        "reproduce: `shmoo run quickstart.yaml --case kshuffled_",
        "`compress.ratio` | `kcounting_b524288_l3`",
        "▼ broke (passed before)",
        // There are enough earlier runs for verdicts, and they are drawn.
        "| `summarize.best_ratio` | `kcounting` | ",
        "regressed | █████▁ |",
        // What has another command is held against the noise of before, and that is said.
        "29 metrics regressed",
        "what `compress` runs and reads, in the suite",
        "[CI run](https://github.com/lab/chip/actions/runs/",
        "[whole report](https://github.com/lab/chip/actions/runs/17/artifacts/1)",
        head,
        base,
    ] {
        assert!(comment.body.contains(part), "{part}: {}", comment.body);
    }

    // The report, from another machine.
    let kept = Path::new(env!("CARGO_TARGET_TMPDIR")).join("e2e");
    fs::create_dir_all(&kept).unwrap();
    let report = kept.join("report.html");
    lab.elsewhere(elsewhere.path(), &["restore", head]).unwrap();
    lab.elsewhere(elsewhere.path(), &["report", head, "--out", report.to_str().unwrap()]).unwrap();
    let html = fs::read_to_string(&report).unwrap();
    assert!(html.contains("</html>") && html.contains(head) && html.contains(base));
    fs::write(kept.join("comment.md"), &comment.body).unwrap();
    show(&format!(
        "\n{}\n\ncomment: {}\nreport:  {}\n",
        comment.body,
        kept.join("comment.md").display(),
        report.display()
    ));
}

#[expect(clippy::print_stdout, reason = "the test is also a demonstration")]
fn show(text: &str) {
    println!("{text}");
}
