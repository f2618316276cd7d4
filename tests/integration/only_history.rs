//! `report`, `check` and `prune` of runs whose folders or archives are gone.

use super::sandbox::{Sandbox, text};
use serde_json::Value;
use std::fs;

const SUITE: &str = r#"version: 1
suite: sums
params:
  n: { code: n, values: [10, 20, 30] }
stages:
  sum:
    shell: "seq $SHMOO_PARAM_N | awk '{ s += $1 } END { print \"total=\" s; exit s == 465 }'"
    evidence: [{ key_value: stdout }]
    metrics: { total: { better: lower } }
goldens: { file: sums.csv }
"#;

const TABLE: &str = "metric,point,value,unit\nsum.total,n10,55,\nsum.total,n20,200,\nsum.total,n30,465,\n";

fn json(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}

#[test]
fn a_run_without_its_folder_is_reported_and_checked() {
    let sandbox = Sandbox::new(SUITE);
    sandbox.write("sums.csv", TABLE);
    sandbox.run(&["sweep", "suite.yaml", "--jobs", "1", "--no-archive"]);
    let here = json(&sandbox.run_to(10, &["report", "--format", "json"]).stdout);
    let checked = json(&sandbox.run_to(10, &["check", "--format", "json"]).stdout);
    fs::remove_dir_all(sandbox.path(".shmoo/runs")).unwrap();

    let said = sandbox.run_to(10, &["report", "--format", "json"]);
    assert!(said.stderr.contains("only the history knows run"), "{}", said.stderr);
    let report = json(&said.stdout);
    for part in ["run", "totals", "goldens", "exit_codes"] {
        assert_eq!(report[part], here[part], "{part}");
    }
    sandbox.run_to(10, &["report", "--out", "page.html"]);
    assert!(fs::metadata(sandbox.path("page.html")).unwrap().len() > 1000);

    let said = sandbox.run_to(10, &["check", "--format", "json"]);
    assert!(said.stderr.contains("is not on this machine"), "{}", said.stderr);
    let alone = json(&said.stdout);
    assert_eq!((&alone["only_record"], &checked["only_record"]), (&Value::Bool(true), &Value::Bool(false)));
    for part in ["run", "goldens", "not_met", "exit_codes"] {
        assert_eq!(alone[part], checked[part], "{part}");
    }
    // Goldens are those of today, and what would have to be judged again is told.
    sandbox.write("sums.csv", TABLE.replace("200", "210"));
    sandbox.write("suite.yaml", SUITE.replace("better: lower", "better: lower, expect: { gt: 100 }"));
    let today = json(&sandbox.run_to(10, &["check", "--format", "json"]).stdout);
    assert_eq!(today["goldens"][1]["verdict"], "met");
    assert_eq!(today["not_judged_again"][0]["why"], "their folders are not on this machine");
    assert_eq!(today["suite_changed"], true);

    let said = sandbox.run_to(2, &["check", "nope"]);
    assert!(said.stderr.contains("the history has no run `nope`"), "{}", said.stderr);
}

#[test]
fn a_run_without_its_folder_is_blessed() {
    let suite = SUITE.replace("; exit s == 465", "");
    let sandbox = Sandbox::new(&suite);
    sandbox.run(&["sweep", "suite.yaml", "--jobs", "1", "--no-archive"]);
    fs::remove_dir_all(sandbox.path(".shmoo/runs")).unwrap();
    sandbox.write("sums.csv", TABLE.replace("200", "220").replace("sum.total,n10,55,\n", "sum.total,n40,1,\n"));
    let said = sandbox.run_to(3, &["bless", "--propose"]);
    assert!(said.stderr.contains("1 run speak for no other golden"), "{}", said.stderr);
    // A suite that has grown has goldens of which the record says nothing.
    sandbox.write("suite.yaml", suite.replace("20, 30]", "20, 30, 40]"));
    let said = sandbox.run_to(2, &["bless", "--prune-orphans", "--reason", "a"]);
    assert!(said.stderr.contains("a part of the suite"), "{}", said.stderr);
    sandbox.write("suite.yaml", &suite);
    let said =
        sandbox.run_to(0, &["bless", "--all", "--prune-orphans", "--reason", "first values", "--format", "json"]);
    assert!(said.stderr.contains("is not on this machine"), "{}", said.stderr);
    let blessed = json(&said.stdout);
    assert_eq!((&blessed["only_record"], &blessed["written"]), (&Value::Bool(true), &Value::Bool(true)));
    let table = fs::read_to_string(sandbox.path("sums.csv")).unwrap();
    assert_eq!(table, TABLE.replace("200", "210"));
    assert_eq!(sandbox.lines("sums.provenance.jsonl").len(), 3);
    sandbox.run_to(0, &["check"]);
    fs::remove_file(sandbox.path("suite.yaml")).unwrap();
    let said = sandbox.run_to(2, &["bless", "--all", "--reason", "a"]);
    assert!(said.stderr.contains("there is no suite file `suite.yaml` any more"), "{}", said.stderr);
}

#[test]
fn an_archive_that_went_is_not_in_the_history() {
    let sandbox = Sandbox::new(SUITE);
    for _ in 0..2 {
        sandbox.run(&["sweep", "suite.yaml", "--jobs", "1"]);
    }
    let archived = || {
        let list = json(&sandbox.run_to(0, &["history", "list", "--format", "json"]).stdout);
        let runs = list["runs"].as_array().unwrap().clone();
        runs.iter().filter(|run| !run["archive"].is_null()).map(|run| text(&run["run"])).collect::<Vec<_>>()
    };
    assert_eq!(archived().len(), 2);
    let said = sandbox.run_to(0, &["prune", "--store", "--keep", "1", "--yes"]);
    assert!(said.stderr.contains("removed 1 object"), "{}", said.stderr);
    let left = archived();
    assert_eq!(left.len(), 1);
    let newest = sandbox.runs().pop().unwrap();
    assert_eq!(newest.file_name().unwrap().to_str(), Some(left[0].as_str()));
}

#[test]
fn what_belongs_to_a_run_goes_with_it() {
    let sandbox = Sandbox::new(SUITE);
    for _ in 0..3 {
        sandbox.run(&["sweep", "suite.yaml", "--jobs", "1"]);
    }
    let runs = sandbox.runs();
    let name = |run: usize| runs[run].file_name().unwrap().to_str().unwrap().to_owned();
    // Folders as a part and a confirmation leave them.
    let copy = |from: &std::path::Path, to: &str, of: Option<&str>| {
        fs::create_dir_all(sandbox.path(to)).unwrap();
        for file in ["run.json", "plan.json"] {
            fs::copy(from.join(file), sandbox.path(&format!("{to}/{file}"))).unwrap();
        }
        let mut record = json(&fs::read_to_string(from.join("record.json")).unwrap());
        if let Some(of) = of {
            record["run"]["filter"] = serde_json::json!(["--confirm", of]);
        }
        sandbox.write(&format!("{to}/record.json"), record.to_string());
    };
    for (run, folder) in runs.iter().enumerate() {
        copy(folder, &format!(".shmoo/parts/{}/1.1", name(run)), None);
        copy(folder, &format!(".shmoo/confirm/c{run}/head"), Some(&name(run)));
    }
    copy(&runs[0], ".shmoo/parts/elsewhere/2.1", None);
    let said = sandbox.run_to(0, &["prune", "--keep", "1"]);
    assert!(said.stderr.contains("would remove 2 runs"), "{}", said.stderr);
    assert!(sandbox.path(&format!(".shmoo/parts/{}", name(0))).exists());
    sandbox.run_to(0, &["prune", "--keep", "1", "--yes"]);
    let left = |folder: &str| {
        let entries = fs::read_dir(sandbox.path(folder)).unwrap();
        let mut names: Vec<String> = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    };
    // Nobody knows here what becomes of a run of another machine.
    let mut parts = ["elsewhere".to_owned(), name(2)];
    parts.sort();
    assert_eq!(left(".shmoo/parts"), parts);
    assert_eq!(left(".shmoo/confirm"), ["c2"]);
}

#[test]
fn a_golden_table_that_is_not_there_is_told_once() {
    let sandbox = Sandbox::new(&SUITE.replace("; exit s == 465", ""));
    let said = sandbox.run_to(11, &["sweep", "suite.yaml", "--jobs", "1"]).stdout;
    assert_eq!(said.matches("`sums.csv` is not there").count(), 1, "{said}");
    assert!(said.contains("sums.csv is not there") && said.contains(" --all --reason TEXT` makes it"), "{said}");
    assert!(!said.contains("no golden") && !said.contains("missing"), "{said}");
    let checked = sandbox.run_to(11, &["check"]).stdout;
    assert!(checked.contains("goldens: `sums.csv` is not there\n") && !checked.contains("no golden"), "{checked}");
    // For programs every value stays a finding.
    let report = json(&sandbox.run_to(11, &["report", "--format", "json"]).stdout);
    let found: Vec<&Value> = report["goldens"].as_array().unwrap().iter().map(|found| &found["verdict"]).collect();
    assert_eq!(found, ["missing", "missing", "missing"]);
    sandbox.run_to(0, &["bless", "last", "--all", "--reason", "the first ones"]);
    sandbox.run_to(0, &["check"]);
}
