//! Nothing goes wrong: many machines bring what one brings.

use super::fleet::{Fleet, SUITE};
use crate::integration::sandbox::{assert_same, scrubbed, text};
use serde_json::{Value, json};

/// What two runs of the same differ in if one was divided.
fn undivided(report: Value) -> Value {
    let mut report = scrubbed(report);
    for key in ["plan", "suite_file", "tools"] {
        report["run"].as_object_mut().unwrap().remove(key);
    }
    for key in ["machines", "logs", "warnings"] {
        report.as_object_mut().unwrap().remove(key);
    }
    report
}

#[test]
fn many_machines_bring_what_one_brings() {
    let fleet = Fleet::new();
    let home = fleet.home(SUITE);
    let one = home.json(10, &["run", "suite.yaml", "--jobs", "2"]);
    let alone = fleet.starts();

    let fleet = Fleet::new();
    let home = fleet.home(SUITE);
    let plan = home.publish("4");
    let run = text(&plan["run"]);
    assert_eq!((&plan["wave"], &plan["count"], &plan["shards"]), (&json!(1), &json!(4), &json!([1, 2, 3, 4])));
    assert_eq!(plan["matrix"]["include"][3], json!({ "shard": 4, "of": 4 }));
    assert_eq!(plan["finish"], json!(1));
    let prepare = plan["prepare"].as_u64().unwrap();
    if prepare > 0 {
        let part = fleet.machine().json(0, &["run", "--run", &run, "--shard", "prepare"]);
        assert_eq!(part["tasks"], json!(prepare));
    } else {
        fleet.machine().run_to(3, &["run", "--run", &run, "--shard", "prepare"]);
    }
    let machines: Vec<_> = (0..4).map(|_| fleet.machine()).collect();
    let shards: Vec<_> = machines
        .iter()
        .zip(1..)
        .map(|(machine, number)| machine.start(&["run", "--run", &run, "--shard", &format!("{number}/4")]))
        .collect();
    for shard in shards {
        let said = shard.end();
        assert_eq!(said.code, 0, "{}", said.stderr);
    }
    // The collector has no repository either.
    let collector = fleet.machine();
    let report = collector.json(10, &["collect", &run, "--no-compare"]);
    assert_eq!(report["machines"]["reported"], report["machines"]["planned"]);
    assert_eq!(report["machines"]["unfinished"], json!([]));
    assert_eq!(report["machines"]["differing"], json!(0));
    assert_same(&undivided(report), &undivided(one));
    // The logs of failures came along.
    let page = collector.sandbox.run(&["report", "last", "--format", "markdown"]).stdout;
    assert!(page.contains("bad"), "{page}");
    // Shared tasks may have run in several shards, all others once.
    for (task, count) in fleet.starts() {
        let once = alone[&task];
        assert!(count == once || task.starts_with("make/") && count <= 4 * once, "{task} ran {count} times");
    }
    // It is a run like any other: in the history, with an archive that holds the parts.
    let history = collector.sandbox.run(&["history", "list"]).stdout;
    assert!(history.contains(&run), "{history}");
    let archives = fleet.objects(&format!("runs/fleet/{run}/archives"));
    assert!(archives.len() >= 5, "{archives:?}");
    // Gathering once more changes nothing.
    let again = collector.json(10, &["collect", &run]);
    assert_eq!(again["machines"]["reported"], json!(again["machines"]["planned"].as_u64().unwrap()));
    // Nothing is missing.
    let missing = home.json(3, &["plan", "--missing", &run, "--shards", "2", "--publish"]);
    assert_eq!((&missing["count"], &missing["tasks"]), (&json!(0), &json!(0)));
    assert_eq!(missing["matrix"], json!({ "include": [] }));
}

#[test]
fn what_shards_share_is_prepared_once() {
    let suite = r#"
version: 1
suite: fleet
params: { n: { code: n, values: [1, 2, 3, 4] } }
stages:
  base:
    per: []
    inputs: [root/table.txt]
    shell: echo base >> "$LOG"; cp table.txt base; echo ran >> base
    outputs: [base]
  leaf: { inputs: [base/base], shell: 'echo leaf >> "$LOG"; grep ran base', evidence: [exit] }
"#;
    let fleet = Fleet::new();
    let home = fleet.home(suite);
    let plan = home.publish("2");
    assert_eq!((&plan["prepare"], &plan["count"], &plan["finish"]), (&json!(1), &json!(2), &json!(0)));
    let run = text(&plan["run"]);
    // Without what comes before, a shard has nothing that it could do, and loses nothing.
    let early = fleet.machine().json(13, &["run", "--run", &run, "--shard", "1/2"]);
    assert_eq!((&early["left"], &early["blocked"]), (&json!(2), &json!(2)));
    let report = home.json(13, &["collect", &run]);
    let states: Vec<&Value> =
        report["machines"]["unfinished"].as_array().unwrap().iter().map(|part| &part["state"]).collect();
    assert_eq!(states, ["unstarted", "stopped", "unstarted"]);
    fleet.machine().run_to(0, &["run", "--run", &run, "--shard", "prepare"]);
    for shard in ["1/2", "2/2"] {
        fleet.machine().run_to(0, &["run", "--run", &run, "--shard", shard]);
    }
    home.run_to(0, &["collect", &run]);
    assert_eq!(fleet.starts(), [("base".to_owned(), 1), ("leaf".to_owned(), 4)].into());
}

#[test]
fn finish_may_be_a_machine_of_its_own() {
    let fleet = Fleet::new();
    let home = fleet.home(SUITE);
    let run = text(&home.publish("2")["run"]);
    for part in ["prepare", "1/2", "2/2", "finish"] {
        let said = fleet.machine().start(&["run", "--run", &run, "--shard", part]).end();
        assert!(said.code == 0 || part == "prepare" && said.code == 3, "{part}: {}", said.stderr);
    }
    assert_eq!(fleet.starts()["gather/all"], 1);
    let report = fleet.machine().json(10, &["collect", &run]);
    assert_eq!(report["machines"]["reported"], report["machines"]["planned"]);
    assert_eq!(fleet.starts()["gather/all"], 1);
}

#[test]
fn mistakes_are_named() {
    let fleet = Fleet::new();
    let home = fleet.home(SUITE);
    let run = text(&home.publish("2")["run"]);
    let refused = |arguments: &[&str], wanted: &[&str]| {
        let said = fleet.machine().run_to(2, arguments);
        for wanted in wanted {
            assert!(said.stderr.contains(wanted), "{arguments:?} lacks {wanted:?}: {}", said.stderr);
        }
    };
    refused(&["run", "--run", &run, "--shard", "1/4"], &["has 2 shards", "matrix"]);
    refused(&["run", "--run", &run, "--shard", "3/2"], &["there is no shard 3 of 2"]);
    refused(&["run", "--run", &run, "--shard", "first"], &["write `I/N`"]);
    refused(&["run", "--run", &run], &["--shard"]);
    refused(&["run", "--shard", "1/2"], &["--run"]);
    refused(&["run", "suite.yaml", "--run", &run, "--shard", "1/2"], &["cannot be used with"]);
    refused(&["run", "--run", &run, "--wave", "2", "--shard", "1/2"], &["has no wave 2", "--missing"]);
    refused(&["run", "--run", &run, "--shard", "1/2", "--format", "csv"], &["a part has no report"]);
    refused(&["collect", "20260131-142233-fleet-0000"], &["has no published run", "is this the store"]);
    refused(&["collect", "last"], &["not the whole name"]);
    refused(&["plan", "--missing", "../x", "--publish", "--shards", "2"], &["give the whole name"]);

    // Another version of shmoo plans otherwise, or runs otherwise.
    let path = fleet.path(&format!("store/runs/fleet/{run}/waves/1/plan.json"));
    let plan = std::fs::read_to_string(&path).unwrap();
    let own = format!("\"shmoo\":\"{}\"", env!("CARGO_PKG_VERSION"));
    std::fs::write(&path, plan.replace(&own, "\"shmoo\":\"0.0.1\"")).unwrap();
    refused(&["run", "--run", &run, "--shard", "1/2"], &["made by shmoo 0.0.1", "use the version of shmoo"]);
    refused(&["collect", &run], &["made by shmoo 0.0.1"]);
    // A plan that was changed is none.
    std::fs::write(&path, plan.replace("\"s\"", "\"1\"").replace("fleet", "float")).unwrap();
    refused(&["run", "--run", &run, "--shard", "1/2"], &["cannot use the plan"]);
    assert_eq!(fleet.starts(), [].into());
}
