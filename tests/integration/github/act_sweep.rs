//! The shipped `sweep.yml`, run by `act` on this machine: a suite over four shards, two of which are killed.

use super::act::{act, commit, copy, log, root};
use crate::integration::command::Outcome;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use tempfile::TempDir;

/// What stands for GitHub's action that keeps a file: it takes the same inputs, and leaves the file in the folder of
/// the store.
const KEEP: &str = r#"name: keep
description: Keep a file
inputs:
  name: { description: name, required: true }
  path: { description: path, required: true }
  include-hidden-files: { description: hidden, required: true }
  if-no-files-found: { description: none, required: true }
outputs:
  artifact-url: { description: where, value: "https://github.com/lab/chip/actions/runs/17/artifacts/1" }
runs:
  using: composite
  steps:
    - shell: bash
      env: { KEPT: "${{ inputs.path }}", NAME: "${{ inputs.name }}" }
      run: mkdir -p "$HOME/kept" && cp "$KEPT" "$HOME/kept/$NAME.html"
"#;

/// Puts the shipped actions into a repository, and what stands for those of others.
pub(super) fn add_actions(repository: &Path) -> Outcome {
    copy(&root().join("actions"), &repository.join("actions"))?;
    fs::create_dir_all(repository.join("keep"))?;
    fs::write(repository.join("keep/action.yml"), KEEP)?;
    Ok(())
}

/// Returns the shipped workflow, as far as `act` can run it: it knows no `$/`, and takes `shmoo` from the search
/// path where GitHub would install it.
pub(super) fn shipped_workflow() -> Outcome<String> {
    let shipped = fs::read_to_string(root().join(".github/workflows/sweep.yml"))?;
    let mut workflow = String::new();
    let mut lines = shipped.lines().peekable();
    while let Some(line) = lines.next() {
        if line.contains("uses: google-github-actions/auth@") {
            while lines.peek().is_some_and(|next| !next.trim_start().starts_with("- ")) {
                lines.next();
            }
        } else if let Some((before, _)) = line.split_once("actions/upload-artifact@") {
            workflow.push_str(&format!("{before}./keep\n"));
        } else if !line.contains("$/actions/setup") {
            workflow.push_str(&line.replace("$/actions", "./actions"));
            workflow.push('\n');
        }
    }
    Ok(workflow)
}

/// That workflow in a repository of its own.
fn repository() -> Outcome<TempDir> {
    let folder = tempfile::Builder::new().prefix("shmoo-act-").tempdir()?;
    add_actions(folder.path())?;
    fs::copy(root().join("configs/quickstart.yaml"), folder.path().join("quickstart.yaml"))?;
    fs::create_dir_all(folder.path().join(".github/workflows"))?;
    fs::write(folder.path().join(".github/workflows/sweep.yml"), shipped_workflow()?)?;
    commit(folder.path())?;
    Ok(folder)
}

/// Runs the workflow with a `shmoo` that is `script`; returns its log, and the ledger lines in the store.
fn run(script: &str) -> Outcome<(String, Vec<String>)> {
    let repository = repository()?;
    let home = tempfile::tempdir()?;
    let (bin, store) = (home.path().join("bin"), home.path().join("store"));
    fs::create_dir(&bin)?;
    fs::write(
        bin.join("shmoo"),
        format!("#!/bin/bash\nshmoo={}\n{script}\nexec $shmoo \"$@\"\n", env!("CARGO_BIN_EXE_shmoo")),
    )?;
    // Slow enough for a shard to be killed half-way.
    fs::write(bin.join("gzip"), "#!/bin/bash\nsleep 0.05\nexec /usr/bin/gzip \"$@\"\n")?;
    for program in ["shmoo", "gzip"] {
        fs::set_permissions(bin.join(program), fs::Permissions::from_mode(0o755))?;
    }
    let input = |name: &str, value: &str| ["--input".to_owned(), format!("{name}={value}")];
    let output = act(["workflow_dispatch", ".github/workflows/sweep.yml"], repository.path(), home.path(), &bin)
        .args(input("suite", "quickstart.yaml"))
        .args(input("where", "level <= 2"))
        .args(input("shards", "4"))
        .args(input("runner", "ubuntu-24.04"))
        .args(input("shard-minutes", "10"))
        .args(input("store", &format!("file:{}", store.display())))
        .output()?;
    let mut finished = Vec::new();
    ledger_lines(&store, &mut finished)?;
    Ok((log(&output), finished))
}

/// Collects the `finished` events of all ledgers below a folder.
fn ledger_lines(folder: &Path, finished: &mut Vec<String>) -> Outcome {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            ledger_lines(&path, finished)?;
        } else if path.extension().is_some_and(|extension| extension == "jsonl") {
            let text = fs::read_to_string(&path)?;
            finished.extend(text.lines().filter(|line| line.contains("\"finished\"")).map(str::to_owned));
        }
    }
    Ok(())
}

/// Tells how a job of the workflow ended.
fn ended(log: &str, job: &str, how: &str) -> bool {
    log.lines().any(|line| line.starts_with(&format!("[sweep/{job}")) && line.contains(&format!("Job {how}")))
}

#[test]
fn shards_on_four_machines() {
    let (log, _) = run("").unwrap();
    assert!(ended(&log, "collect", "succeeded") && log.contains("all 36 cases passed"), "{log}");
    for shard in 1..=4 {
        assert!(ended(&log, &format!("shards-1-{shard}"), "succeeded"), "{log}");
    }
    assert!(!log.contains("[sweep/shards-2"), "nothing was lost: {log}");
}

#[test]
fn two_of_four_machines_are_lost() {
    let script = r#"if [[ "$1 $2" = "gha run" && -z "$INPUT_WAVE" && "$INPUT_SHARD" = [23]/4 ]]; then
    exec timeout --signal=KILL 0.4 $shmoo "$@"
fi"#;
    let (log, finished) = run(script).unwrap();
    assert!(ended(&log, "shards-1-2", "failed") && ended(&log, "shards-1-3", "failed"), "{log}");
    // Planned is reported all the same.
    assert!(ended(&log, "collect", "succeeded") && log.contains("all 36 cases passed"), "{log}");
    assert!(log.contains("[sweep/shards-2-1"), "{log}");
    // What had reached the store ran once; inputs that several shards need are made in each.
    let mut seen = std::collections::BTreeMap::<String, usize>::new();
    for line in &finished {
        let event: serde_json::Value = serde_json::from_str(line).unwrap();
        let task = event["task"].as_str().unwrap();
        if !task.starts_with("make_input/") {
            *seen.entry(task.to_owned()).or_default() += 1;
        }
    }
    assert!(seen.values().all(|number| *number == 1), "{seen:?}");
}
