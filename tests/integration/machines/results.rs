//! Results by content that machines share, and tasks that are not what they say.

use super::fleet::Fleet;
use crate::integration::sandbox::text;
use serde_json::{Value, json};
use std::fs;

/// A stage that several shards need and that costs little: each runs it.
fn suite(cache: bool) -> String {
    format!(
        r#"
version: 1
suite: fleet
params: {{ n: {{ code: n, values: {{ range: {{ start: 1, stop: 20, step: 1 }} }} }} }}
stages:
  base:
    per: []
    shell: 'echo base >> "$LOG"; echo "$RANDOM$RANDOM$RANDOM" > base'
    outputs: [base]
    cache: {cache}
  leaf: {{ inputs: [base/base], cmd: [cat, base], evidence: [exit] }}
"#
    )
}

/// Runs both shards, and does something between them.
fn run(fleet: &Fleet, cache: bool, between: impl FnOnce(&str)) -> (String, Value, i32) {
    let home = fleet.home(&suite(cache));
    let plan = home.publish("2");
    assert_eq!((&plan["prepare"], &plan["count"]), (&json!(0), &json!(2)));
    let run = text(&plan["run"]);
    fleet.machine().run_to(0, &["run", "--run", &run, "--shard", "1/2"]);
    between(&run);
    fleet.machine().run_to(0, &["run", "--run", &run, "--shard", "2/2"]);
    let said = home.start(&["collect", &run, "--format", "json"]).end();
    (run, serde_json::from_str(&said.stdout).unwrap(), said.code)
}

#[test]
fn what_one_machine_made_another_takes() {
    let fleet = Fleet::new();
    let (first, report, code) = run(&fleet, true, |_| ());
    assert_eq!((code, &report["machines"]["differing"]), (0, &json!(0)));
    assert_eq!(fleet.starts()["base"], 1);
    // And so does a later run.
    let (second, report, _) = run(&fleet, true, |_| ());
    assert_eq!(fleet.starts()["base"], 1);
    assert_ne!(first, second);
    let base = report["tasks"].as_array().unwrap().iter().find(|task| task["stage"] == "base").unwrap();
    assert_eq!(base["origin"], json!(first));
}

#[test]
fn tasks_that_leave_other_files_each_time_are_found() {
    let fleet = Fleet::new();
    let (_, report, code) = run(&fleet, false, |_| ());
    assert_eq!((code, &report["machines"]["differing"]), (0, &json!(1)));
    assert_eq!(fleet.starts()["base"], 2);
    let base = report["tasks"].as_array().unwrap().iter().find(|task| task["stage"] == "base").unwrap();
    assert!(text(&base["notes"][0]).contains("not deterministic"), "{base}");
    // A result that is kept for others must not be one of several.
    let forget = |_: &str| fs::remove_dir_all(fleet.path("store/results")).unwrap();
    let (_, report, code) = run(&fleet, true, forget);
    assert_eq!((code, &report["machines"]["differing"]), (10, &json!(1)));
    let warnings = report["warnings"].to_string();
    assert!(warnings.contains("cache: true") && warnings.contains("base/all"), "{warnings}");
}
