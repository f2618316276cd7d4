//! Store and history that a command names, where the project has others.

use super::sandbox::Sandbox;
use std::fs;

const SUITE: &str = r#"version: 1
suite: sums
params:
  n: { code: n, values: [10, 20] }
stages:
  sum:
    shell: "seq $SHMOO_PARAM_N | awk '{ s += $1 } END { print \"total=\" s }'"
    evidence: [{ key_value: stdout }]
    metrics: { total: { better: lower } }
"#;

const PLACES: [&str; 4] = ["--store", "file:elsewhere", "--history", "sqlite:other.db"];

/// A project whose own store and history nobody lets in.
fn shut() -> Sandbox {
    let sandbox = Sandbox::new(SUITE);
    sandbox.write(
        "shmoo.yaml",
        "version: 1\nsuites: [suite.yaml]\nstore: file:/dev/null/store\nhistory: sqlite:/dev/null/history.db\n",
    );
    sandbox
}

fn with(arguments: &[&'static str]) -> Vec<&'static str> {
    [arguments, &PLACES].concat()
}

#[test]
fn a_job_without_rights_on_the_project_s_store_names_a_folder() {
    let sandbox = shut();
    let refused = sandbox.run_to(20, &["sweep", "suite.yaml"]);
    assert!(refused.stderr.contains("/dev/null"), "{}", refused.stderr);
    sandbox.run_to(0, &with(&["sweep", "suite.yaml"]));
    assert!(sandbox.path("other.db").is_file() && sandbox.path("elsewhere/runs/sums").is_dir());
    for command in ["record", "archive", "report"] {
        sandbox.run_to(20, &[command]);
        sandbox.run_to(0, &with(&[command]));
    }
    // Nothing to compare with, and then a run.
    sandbox.run_to(3, &with(&["compare"]));
    sandbox.run_to(0, &with(&["sweep", "suite.yaml", "--case", "n10"]));
    sandbox.run_to(0, &with(&["compare", "last", "--base", "previous"]));
    sandbox.run_to(0, &with(&["report", "--site", "public"]));
    assert!(sandbox.path("public/sums/index.html").is_file());
    let listed = sandbox.run_to(0, &["history", "list", "--history", "sqlite:other.db"]).stdout;
    assert_eq!(listed.lines().filter(|line| line.contains("-sums-")).count(), 2, "{listed}");

    fs::remove_dir_all(sandbox.path(".shmoo/runs")).unwrap();
    sandbox.run_to(2, &["restore", "last"]);
    sandbox.run_to(0, &with(&["restore", "last"]));
    sandbox.run_to(0, &with(&["repro", "n10"]));
    let found = sandbox.run_to(0, &["prune", "--store=file:elsewhere", "--history", "sqlite:other.db", "--keep", "0"]);
    assert!(found.stderr.contains("would remove 1 object"), "{}", found.stderr);
    let last = sandbox.run_to(0, &["list", "--history", "sqlite:other.db"]).stdout;
    assert!(last.contains("-sums-") && !last.contains("none"), "{last}");
    let last = sandbox.run_to(0, &["list"]).stdout;
    assert!(last.contains("none") && !last.contains("-sums-"), "{last}");
    let found = sandbox.run_to(0, &with(&["doctor", "suite.yaml"])).stdout;
    assert!(found.contains("file:elsewhere answers") && found.contains("sqlite:other.db, last run"), "{found}");
    let found = sandbox.run_to(20, &["doctor", "suite.yaml"]);
    assert!(
        found.stderr.contains("store: ") && !found.stdout.contains("file:/dev/null/store answers"),
        "{}",
        found.stderr
    );
}

#[test]
fn a_store_that_is_not_there_has_not_nothing_to_prune() {
    let sandbox = shut();
    let refused = sandbox.run_to(20, &["prune", "--store", "--keep", "0"]);
    assert!(refused.stderr.contains("cannot list `runs/` in `file:/dev/null/store`"), "{}", refused.stderr);
    let refused = sandbox.run_to(20, &["prune", "--store=file:not-mounted", "--keep", "0", "--yes"]);
    assert!(refused.stderr.contains("caused by: "), "{}", refused.stderr);
    sandbox.write("a-file", "");
    sandbox.run_to(20, &["prune", "--store=file:a-file", "--keep", "0"]);
    // The first archive makes the embedded one.
    let own = sandbox.run_to(0, &["prune", "--store=file:.shmoo/store", "--keep", "0"]);
    assert!(own.stderr.contains("nothing to remove; 0 objects"), "{}", own.stderr);
}

#[test]
fn two_record_files_have_neither() {
    let sandbox = Sandbox::new(SUITE);
    sandbox.run_to(0, &["run", "suite.yaml"]);
    let run = fs::read_dir(sandbox.path(".shmoo/runs")).unwrap().next().unwrap().unwrap().path();
    fs::copy(run.join("record.json"), sandbox.path("record.json")).unwrap();
    sandbox.run_to(0, &["compare", "record.json", "record.json"]);
    let said = sandbox.run_to(2, &with(&["compare", "record.json", "record.json"]));
    assert!(said.stderr.contains("two record files are compared without store and history"), "{}", said.stderr);
}
