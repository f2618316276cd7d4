//! The shipped actions in a workflow, run by `act` on this machine: what their files say, a runner does.

use super::fake::{Fake, OWN, REPOSITORY, TOKEN};
use super::job::SUITE;
use crate::integration::command::Outcome;
use serde_json::json;
use std::fs;
use std::path::Path;
use std::process::{Command, Output, Stdio};
use tempfile::TempDir;

const WORKFLOW: &str = r#"name: pull request
on: pull_request
permissions: {}
jobs:
  sweep:
    runs-on: ubuntu-24.04
    outputs:
      run: ${{ steps.sweep.outputs.run }}
      verdict: ${{ steps.sweep.outputs.verdict }}
      code: ${{ steps.sweep.outputs.exit-code }}
    steps:
      - uses: actions/checkout@8e8c483db84b4bee98b60c0593521ed34d9990e8 # v6.0.1
        with:
          persist-credentials: false
      - uses: ./actions/check-run
        with:
          state: start
          name: tiny
      - id: sweep
        continue-on-error: true
        uses: ./actions/sweep
        with:
          suite: suite.yaml
          where: |
            size > 0
            size < 9
      - uses: ./actions/comment
        if: always()
        with:
          report-url: https://reports.example/7
      - uses: ./actions/check-run
        if: always()
        with:
          state: finish
          name: tiny
      - id: empty
        uses: ./actions/sweep
        with:
          suite: suite.yaml
          where: size > 9
      - env:
          EMPTY: ${{ steps.empty.outputs.empty }}
          COMPLETE: ${{ steps.empty.outputs.run }}
        run: '[ "$EMPTY" = true ] && [ -z "$COMPLETE" ]'
  after:
    needs: sweep
    runs-on: ubuntu-24.04
    steps:
      - env:
          TOLD: ${{ needs.sweep.outputs.run }} ${{ needs.sweep.outputs.verdict }} ${{ needs.sweep.outputs.code }}
        run: echo "told $TOLD" >> "$TOLD_FILE"
"#;

pub(super) fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Returns `act` for an event and a workflow of a repository; `shmoo` is the one in the folder `binaries`.
pub(super) fn act([event, workflow]: [&str; 2], repository: &Path, home: &Path, binaries: &Path) -> Command {
    let program = root().join(".tools/bin/act");
    assert!(program.exists(), "act is missing: scripts/setup.sh test");
    let mut command = Command::new(program);
    command
        .args([event, "-W", workflow, "--no-cache-server", "-P", "ubuntu-24.04=-self-hosted"])
        .current_dir(repository)
        .env_clear()
        .env("HOME", home)
        .env("PATH", format!("{}:/usr/local/bin:/usr/bin:/bin", binaries.display()))
        .stdin(Stdio::null());
    command
}

/// Returns arguments that give all steps a variable.
pub(super) fn variable(name: &str, value: &str) -> [String; 2] {
    ["--env".to_owned(), format!("{name}={value}")]
}

/// Returns arguments that put the job on a GitHub.
pub(super) fn on(fake: &Fake) -> Vec<String> {
    let graphql = format!("{}/graphql", fake.url);
    let all =
        [("GITHUB_API_URL", fake.url.as_str()), ("GITHUB_GRAPHQL_URL", &graphql), ("GITHUB_REPOSITORY", REPOSITORY)];
    all.into_iter().flat_map(|(name, value)| variable(name, value)).collect()
}

/// Returns all that was printed.
pub(super) fn log(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

pub(super) fn copy(from: &Path, to: &Path) -> Outcome {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copy(&entry.path(), &target)?
        } else {
            fs::copy(entry.path(), target).map(drop)?
        }
    }
    Ok(())
}

/// A repository with the shipped actions and one workflow.
fn repository() -> Outcome<TempDir> {
    let folder = tempfile::Builder::new().prefix("shmoo-act-").tempdir()?;
    copy(&root().join("actions"), &folder.path().join("actions"))?;
    fs::create_dir_all(folder.path().join(".github/workflows"))?;
    fs::write(folder.path().join(".github/workflows/pull.yml"), WORKFLOW)?;
    fs::write(folder.path().join("suite.yaml"), SUITE)?;
    let event = json!({
        "pull_request": { "number": 7, "head": { "sha": "abc", "ref": "wider", "repo": { "full_name": REPOSITORY } } },
    });
    fs::write(folder.path().join("event.json"), event.to_string())?;
    commit(folder.path())?;
    Ok(folder)
}

/// Makes a folder a repository with one commit: what a runner knows of it comes from there.
pub(super) fn commit(folder: &Path) -> Outcome {
    let script = "git init -q -b main && git add -A && \
                  git -c user.name=t -c user.email=t@example.org commit -q -m first && \
                  git remote add origin https://github.example/lab/chip.git";
    let made = Command::new("bash").args(["-euc", script]).current_dir(folder).env("HOME", folder).status();
    assert!(made?.success());
    Ok(())
}

#[test]
fn a_pull_request_from_its_sweep_to_its_comment() {
    let fake = Fake::start();
    let repository = repository().unwrap();
    let home = tempfile::tempdir().unwrap();
    let binary = Path::new(env!("CARGO_BIN_EXE_shmoo")).parent().unwrap();
    let told = home.path().join("told");
    let output = act(["pull_request", ".github/workflows/pull.yml"], repository.path(), home.path(), binary)
        .args(["-e", "event.json", "-s"])
        .arg(format!("GITHUB_TOKEN={TOKEN}"))
        .args(on(&fake))
        .args(variable("TOLD_FILE", told.to_str().unwrap()))
        .output()
        .unwrap();
    let log = log(&output);
    assert!(output.status.success(), "{log}");
    let told = fs::read_to_string(&told).unwrap();
    let words: Vec<&str> = told.split_whitespace().collect();
    assert_eq!((words.len(), &words[2..]), (4, &["failed", "11"][..]), "{told}{log}");
    let state = fake.state();
    assert_eq!(state.comments.len(), 1, "{log}");
    let comment = &state.comments[0];
    assert_eq!((comment.pull_request, comment.author.as_str()), (7, OWN));
    for part in ["## ❌ failed: 1 of 2 cases did not pass", "[whole report](https://reports.example/7)", words[1]] {
        assert!(comment.body.contains(part), "{part}: {}", comment.body);
    }
    let checks: Vec<_> = state.checks.iter().map(|check| check.said["conclusion"].clone()).collect();
    assert_eq!(checks, [json!("failure")]);
    assert!(!log.contains(TOKEN), "the token is in the log");
}
