//! `shmoo bless` over a real suite: what it writes, and what it refuses.

use super::sandbox::Sandbox;
use serde_json::Value;
use std::fs;

const SUITE: &str = r#"version: 1
suite: sums
params:
  n: { code: n, values: [10, 20, 30] }
stages:
  sum:
    shell: "seq $SHMOO_PARAM_N | awk '{ s += $1 } END { print \"total=\" s; print \"middle=\" s / NR }'"
    evidence: [{ key_value: stdout }]
    repeat: { count: 2 }
    metrics:
      total: { better: lower, unit: B }
      middle: { better: higher }
goldens: { file: golden/sums.csv }
"#;

const TABLE: &str = "metric,point,value,unit\nsum.middle,n10,\"5.50\",\nsum.total,n10,0.055,kB\nsum.total,n20,0.3,kB\nsum.total,n9,45,B\n";

fn read(sandbox: &Sandbox, name: &str) -> String {
    fs::read_to_string(sandbox.path(name)).unwrap_or_default()
}

fn provenance(sandbox: &Sandbox) -> Vec<Value> {
    let lines = sandbox.lines("golden/sums.provenance.jsonl");
    lines.iter().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn a_table_is_made_changed_and_tidied() {
    let sandbox = Sandbox::new(SUITE);
    sandbox.run(&["sweep", "suite.yaml", "--jobs", "1"]);
    sandbox.run_to(11, &["check"]);
    let said = sandbox.run_to(0, &["bless", "--all", "--reason", "first values"]);
    assert_eq!(said.stdout.matches("create").count(), 6, "{}", said.stdout);
    assert_eq!(
        read(&sandbox, "golden/sums.csv"),
        "metric,point,value,unit\nsum.middle,n10,5.5,\nsum.middle,n20,10.5,\nsum.middle,n30,15.5,\n\
         sum.total,n10,55,B\nsum.total,n20,210,B\nsum.total,n30,465,B\n"
    );
    sandbox.run_to(0, &["check"]);
    let said = sandbox.run_to(3, &["bless", "--all", "--reason", "again"]);
    assert!(said.stderr.contains("6 values: already as measured"), "{}", said.stderr);
    assert_eq!(provenance(&sandbox).len(), 6);

    // An improvement, an orphan, and rows that nobody selected.
    sandbox.write("golden/sums.csv", TABLE);
    let arguments = ["bless", "--metric", "total", "--case", "n[23]0", "--prune-orphans", "--reason", "less to add"];
    let dry = sandbox.run_to(0, &[&arguments[..], &["--dry-run"]].concat());
    let diff = "--- a/golden/sums.csv\n+++ b/golden/sums.csv\n@@ -1,5 +1,5 @@\n metric,point,value,unit\n \
                sum.middle,n10,\"5.50\",\n sum.total,n10,0.055,kB\n-sum.total,n20,0.3,kB\n+sum.total,n20,0.21,kB\n\
                +sum.total,n30,465,B\n-sum.total,n9,45,B\n";
    assert_eq!(dry.stdout, diff);
    assert_eq!(read(&sandbox, "golden/sums.csv"), TABLE);
    let said = sandbox.run_to(0, &[&arguments[..], &["--format", "json"]].concat());
    let json: Value = serde_json::from_str(&said.stdout).unwrap();
    assert_eq!((&json["written"], &json["diff"]), (&Value::Bool(true), &Value::String(dry.stdout)));
    assert_eq!(
        read(&sandbox, "golden/sums.csv"),
        "metric,point,value,unit\nsum.middle,n10,\"5.50\",\nsum.total,n10,0.055,kB\nsum.total,n20,0.21,kB\nsum.total,n30,465,B\n"
    );
    let entries = provenance(&sandbox);
    let actions: Vec<&str> = entries[6..].iter().map(|entry| entry["action"].as_str().unwrap()).collect();
    assert_eq!(actions, ["rewrite", "create", "remove"]);
    let rewritten = &entries[6];
    assert_eq!((&rewritten["reason"], &rewritten["old"]["value"]), (&"less to add".into(), &"0.3".into()));
    assert_eq!((&rewritten["n"], &rewritten["spread"], &rewritten["worse"]), (&2.into(), &0.0.into(), &false.into()));
    let run = sandbox.runs().pop().unwrap();
    assert_eq!(rewritten["run"].as_str(), run.file_name().unwrap().to_str());
}

#[test]
fn blesses_at_once_lose_nothing() {
    let points: Vec<String> = (10..26).map(|n| format!("n{n}")).collect();
    let values: Vec<String> = (10..26).map(|n| n.to_string()).collect();
    let suite = SUITE.replace("10, 20, 30", &values.join(", ")).replace("    repeat: { count: 2 }\n", "");
    let sandbox = Sandbox::new(&suite);
    sandbox.run(&["sweep", "suite.yaml", "--no-archive"]);
    let started: Vec<_> = points
        .iter()
        .map(|point| sandbox.start(&["bless", "--metric", "total", "--case", point, "--reason", "at once"]))
        .collect();
    for started in started {
        let said = started.end();
        assert_eq!(said.code, 0, "{}", said.stderr);
    }
    let table = sandbox.lines("golden/sums.csv");
    assert_eq!(table.len(), 1 + points.len(), "{table:?}");
    assert_eq!(provenance(&sandbox).len(), points.len());
}

#[test]
fn what_is_refused() {
    let sandbox = Sandbox::new(SUITE);
    sandbox.run(&["sweep", "suite.yaml", "--jobs", "1"]);
    let table = "metric,point,value,unit\nsum.total,n10,50,B\n";
    sandbox.write("golden/sums.csv", table);
    let refused = |arguments: &[&str], why: &str| {
        let said = sandbox.run_to(2, &[&["bless"], arguments].concat());
        assert!(said.stderr.contains(why), "{arguments:?}: {}", said.stderr);
        assert_eq!(read(&sandbox, "golden/sums.csv"), table);
        assert!(!sandbox.path("golden/sums.provenance.jsonl").exists());
    };
    refused(&["--all"], "--reason");
    refused(&["--all", "--reason", " "], "some words");
    refused(&["--reason", "a"], "--case");
    refused(&["--all", "--case", "n10", "--reason", "a"], "cannot be used with");
    refused(&["--metric", "totl", "--reason", "a"], "the suite has no metric `totl`");
    refused(&["--case", "n7", "--reason", "a"], "no point `n7`");
    refused(&["--case", "n[", "--reason", "a"], "is no pattern");
    refused(&["--all", "--reason", "a"], "sum.total at `n10`: 55 B is worse than the golden 50 B");
    let mut command = sandbox.shmoo(&["bless", "--all", "--reason", "a", "--accept-regression", "#1"]);
    command.env("CI", "true");
    let said = sandbox.start_command(command).end();
    assert_eq!(said.code, 2);
    assert!(said.stderr.contains("the variable `CI` is set"), "{}", said.stderr);
    assert_eq!(read(&sandbox, "golden/sums.csv"), table);
    sandbox.run_to(0, &["bless", "--case", "n10", "--metric", "total", "--reason", "a", "--accept-regression", "#1"]);
    let entry = &provenance(&sandbox)[0];
    assert_eq!((&entry["worse"], &entry["link"]), (&true.into(), &"#1".into()));
    assert_eq!(read(&sandbox, "golden/sums.csv"), "metric,point,value,unit\nsum.total,n10,55,B\n");

    // A task that fails gives no golden; one that is not planned is no reason to remove a row.
    sandbox.write("suite.yaml", SUITE.replace("better: lower,", "better: lower, expect: { lt: 300 },"));
    let said = sandbox.run_to(2, &["bless", "--metric", "total", "--reason", "a"]);
    assert!(said.stderr.contains("sum.total at `n30`: its task ended in fail"), "{}", said.stderr);
    sandbox.write("suite.yaml", SUITE);
    sandbox.run(&["sweep", "suite.yaml", "--case", "n20"]);
    let said = sandbox.run_to(2, &["bless", "--prune-orphans", "--reason", "a"]);
    assert!(said.stderr.contains("a part of the suite"), "{}", said.stderr);
}

#[test]
fn a_work_tree_with_changes() {
    let sandbox = Sandbox::new(SUITE);
    let git = |arguments: &[&str]| {
        let mut command = std::process::Command::new("git");
        command.current_dir(sandbox.path("")).args(["-c", "user.name=A", "-c", "user.email=a@localhost"]);
        assert!(command.args(arguments).output().unwrap().status.success(), "{arguments:?}");
    };
    git(&["init", "--quiet"]);
    git(&["add", "."]);
    git(&["commit", "--quiet", "--message", "first"]);
    sandbox.write("suite.yaml", SUITE.replace("[10, 20, 30]", "[10, 20]"));
    sandbox.run(&["sweep", "suite.yaml", "--jobs", "1"]);
    let said = sandbox.run_to(2, &["bless", "--all", "--reason", "a"]);
    assert!(said.stderr.contains("a work tree with changes"), "{}", said.stderr);
    // What would be refused is not proposed either.
    let said = sandbox.run_to(3, &["bless", "--propose"]);
    assert!(said.stderr.contains("but 1 of a work tree with changes"), "{}", said.stderr);
    sandbox.run_to(0, &["bless", "--all", "--reason", "a", "--dirty-ok"]);
    let entry = &provenance(&sandbox)[0];
    assert_eq!(entry["dirty"], Value::Bool(true));
    assert_eq!(entry["commit"].as_str().unwrap().len(), 40);
}

#[test]
fn values_out_of_the_history() {
    let sandbox = Sandbox::new(SUITE);
    for _ in 0..3 {
        sandbox.run(&["sweep", "suite.yaml", "--jobs", "1", "--no-archive"]);
    }
    let table = "metric,point,value,unit\nsum.total,n10,50,B\nsum.total,n20,210,B\n";
    sandbox.write("golden/sums.csv", table);
    let said = sandbox.run_to(0, &["bless", "--propose", "--metric", "total"]);
    assert_eq!(
        said.stdout,
        "# sum.total n10: 50 B -> 55 B: it is missed; of 3 runs miss it 3 before, 0 after; it is worse\n\
         # sum.total n30: 465 B: it has no golden; of 3 runs miss it 0 after\n\
         --- a/golden/sums.csv\n+++ b/golden/sums.csv\n@@ -1,3 +1,4 @@\n metric,point,value,unit\n\
         -sum.total,n10,50,B\n+sum.total,n10,55,B\n sum.total,n20,210,B\n+sum.total,n30,465,B\n"
    );
    assert_eq!(read(&sandbox, "golden/sums.csv"), table);
    // The diff is one that git takes as it is printed.
    sandbox.write("proposal.diff", &said.stdout);
    let mut command = std::process::Command::new("git");
    let applied = command.current_dir(sandbox.path("")).args(["apply", "proposal.diff"]).output().unwrap();
    assert!(applied.status.success(), "{applied:?}");
    let said = sandbox.run_to(3, &["bless", "--propose", "--metric", "total", "--format", "json"]);
    let json: Value = serde_json::from_str(&said.stdout).unwrap();
    assert_eq!((json["runs"].as_array().unwrap().len(), &json["diff"]), (3, &"".into()));
    // Two runs are too few to follow.
    sandbox.write("golden/sums.csv", table);
    sandbox.run_to(3, &["bless", "--propose", "--runs", "2"]);
    sandbox.run_to(2, &["bless", "--propose", "--all"]);
}

#[test]
fn what_has_no_meaning_is_refused() {
    let sandbox = Sandbox::new(SUITE);
    let check = |arguments: &[&str], expected: &str| {
        let said = sandbox.run_to(2, &[&["bless"], arguments].concat());
        assert!(said.stderr.contains(expected), "{arguments:?}: {}", said.stderr);
    };
    check(&["--all", "--reason", "a", "--ratchet", "5"], "cannot be used with '--ratchet <N>'");
    check(&["--all", "--dry-run", "--runs", "5"], "cannot be used with '--runs <N>'");
    check(&["--case", "n10", "--reason", "a", "--runs", "5"], "--runs <N>");
    check(&["--prune-orphans", "--reason", "a", "--accept-regression", "#1"], "required arguments were not provided");
}
