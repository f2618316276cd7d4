//! What an earlier run left reaches machines that have nothing but the store.

use super::fleet::{Fleet, Machine};
use crate::integration::sandbox::text;
use serde_json::Value;
use std::fs;

/// Pages are compared with those of an earlier run: a file, and a folder with a program in it.
const SUITE: &str = r#"
version: 1
suite: pages
params:
  page: { code: p, values: { range: { start: 1, stop: 4, step: 1 } } }
stages:
  render:
    inputs: [root/table.txt]
    shell: |
      sed -n "${SHMOO_PARAM_PAGE}p" table.txt > text
      mkdir -p tools/deep; cp text tools/deep/leaf
      { echo '#!/bin/sh'; echo 'cat "$(dirname "$0")/deep/leaf"'; } > tools/show; chmod +x tools/show
    outputs: [text, tools/]
  differ:
    inputs:
      before: { of: render/text, run: baseline }
      old: { of: render/tools/, run: baseline }
      now: render/text
    shell: |
      ./old/show | cmp -s - before || exit 3
      if cmp -s before now; then echo "METRIC same 1"; else echo "METRIC same 0"; fi
    evidence: [ { metric_lines: stdout } ]
    metrics: { same: { better: higher } }
"#;

fn desk<'a>(fleet: &'a Fleet, table: &str) -> Machine<'a> {
    let desk = fleet.home(SUITE);
    let history = fleet.path("history.db");
    let project = format!("version: 1\nstore: {}\nhistory: sqlite:{}\n", fleet.store(), history.display());
    desk.sandbox.write("shmoo.yaml", project);
    desk.sandbox.write("table.txt", table);
    desk
}

/// Runs all parts of what was published, on machines of their own, and gathers it.
fn carry_out(fleet: &Fleet, desk: &Machine<'_>, plan: &Value) -> Value {
    let run = text(&plan["run"]);
    for shard in ["1/2", "2/2"] {
        fleet.machine().run_to(0, &["run", "--run", &run, "--shard", shard]);
    }
    let said = desk.start(&["collect", &run, "--no-compare"]).end();
    assert!(said.code == 0, "{}\n{}", said.stderr, said.stdout);
    let record = fs::read(desk.sandbox.path(&format!(".shmoo/runs/{run}/record.json"))).unwrap();
    serde_json::from_slice(&record).unwrap()
}

/// Returns what `differ` found of each page: `same`, or its verdict.
fn found(record: &Value) -> Vec<String> {
    let tasks = record["tasks"].as_array().unwrap().iter();
    let of_stage = tasks.filter(|task| task["task"].as_str().is_some_and(|key| key.starts_with("differ/")));
    let mut found: Vec<(String, String)> = of_stage
        .map(|task| {
            let same =
                task["metrics"].as_array().and_then(|metrics| metrics.first()).map(|same| same["value"].to_string());
            (text(&task["task"]), same.unwrap_or_else(|| text(&task["verdict"])))
        })
        .collect();
    found.sort();
    found.into_iter().map(|(_, same)| same).collect()
}

#[test]
fn what_an_earlier_run_left_travels_by_the_store() {
    let fleet = Fleet::new();
    let first = desk(&fleet, "one\ntwo\nthree\nfour\n");
    // Nothing is there to compare with.
    let plan = first.publish("2");
    assert_eq!(found(&carry_out(&fleet, &first, &plan)), ["skipped"; 4]);
    let gathered = text(&plan["run"]);

    // Somebody else, whose page 3 is another: the folders of that run's tasks are in the archives of its parts.
    let second = desk(&fleet, "one\ntwo\nTHREE\nfour\n");
    let said = second.start(&["plan", "suite.yaml", "--shards", "2", "--publish", "--format", "json"]).end();
    assert!(said.stderr.contains(&format!("what an earlier run left comes from {gathered}: ")), "{}", said.stderr);
    let plan: Value = serde_json::from_str(&said.stdout).unwrap();
    assert_eq!(found(&carry_out(&fleet, &second, &plan)), ["1.0", "1.0", "0.0", "1.0"]);
    // A part has only what its own tasks take.
    let contents = fleet.path(&format!("store/runs/pages/{}/contents.json", text(&plan["run"])));
    let contents: Value = serde_json::from_slice(&fs::read(contents).unwrap()).unwrap();
    assert_eq!(contents["baseline"].as_array().unwrap().len(), 8, "{contents}");

    // Where it was gathered its folder is there, without the folders of its tasks.
    second.sandbox.write("table.txt", "one\nTWO\nTHREE\nfour\n");
    let plan = second.publish("2");
    assert_eq!(found(&carry_out(&fleet, &second, &plan)), ["1.0", "0.0", "1.0", "1.0"]);

    // On one machine, from a run that it never had; then from its own.
    let third = desk(&fleet, "one\nTWO\nTHREE\nfour\n");
    let last = |machine: &Machine<'_>| {
        let runs = fs::read_dir(machine.sandbox.path(".shmoo/runs")).unwrap().map(|entry| entry.unwrap().path());
        let records = runs.map(|run| fs::read(run.join("record.json")).unwrap());
        let records = records.map(|record| serde_json::from_slice::<Value>(&record).unwrap());
        records.max_by_key(|record| text(&record["run"]["started"])).unwrap()
    };
    third.sandbox.run_to(0, &["sweep", "suite.yaml", "--baseline", &gathered, "--no-compare"]);
    assert_eq!(found(&last(&third)), ["1.0", "0.0", "0.0", "1.0"]);
    third.sandbox.run_to(0, &["sweep", "suite.yaml", "--no-compare"]);
    assert_eq!(found(&last(&third)), ["1.0"; 4]);
    let left = fs::read_dir(third.sandbox.path(".shmoo")).unwrap().map(|entry| entry.unwrap().file_name());
    let left: Vec<_> = left.filter(|name| name.to_string_lossy().starts_with("baseline-")).collect();
    assert!(left.is_empty(), "{left:?}");
}

#[test]
fn a_baseline_that_cannot_be_had_is_refused() {
    let fleet = Fleet::new();
    let desk = desk(&fleet, "one\ntwo\nthree\nfour\n");
    let publish = ["plan", "suite.yaml", "--shards", "2", "--publish", "--baseline", "nowhere"];
    let said = desk.run_to(2, &publish).stderr;
    assert!(said.contains("there is no run `nowhere` on this machine"), "{said}");
    let plain = SUITE.replace(", run: baseline }", " }");
    desk.sandbox.write("suite.yaml", plain);
    let said = desk.run_to(2, &["plan", "suite.yaml", "--baseline", "last"]).stderr;
    assert!(said.contains("suite `pages` takes nothing of an earlier run"), "{said}");
}
