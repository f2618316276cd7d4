//! Machines that are lost cost what they had not reported, and nothing else.

use super::fleet::{Fleet, SUITE};
use crate::integration::sandbox::{text, until_true};
use serde_json::json;
use std::collections::BTreeMap;

#[test]
fn two_of_four_machines_are_killed_half_way() {
    let fleet = Fleet::new();
    fleet.slow(true);
    let home = fleet.home(SUITE);
    let run = text(&home.publish("4")["run"]);
    let said = fleet.machine().start(&["run", "--run", &run, "--shard", "prepare"]).end();
    assert!(matches!(said.code, 0 | 3), "{}", said.stderr);
    let machines: Vec<_> = (0..4).map(|_| fleet.machine()).collect();
    let arguments = |number: usize| {
        let shard = format!("{number}/4");
        ["run", "--run", &run, "--shard", &shard, "--report-every", "1", "--jobs", "1"].map(str::to_owned).to_vec()
    };
    let mut shards: Vec<_> = machines
        .iter()
        .zip(1..)
        .map(|(machine, number)| {
            let arguments = arguments(number);
            machine.start(&arguments.iter().map(String::as_str).collect::<Vec<_>>())
        })
        .collect();
    // Something of both has reached the store, and not all.
    let reported_by = |number: usize| {
        let prefix = format!("/1-{number}.");
        let ledgers = fleet.objects(&format!("runs/fleet/{run}/ledger"));
        let own = ledgers.iter().filter(|path| path.display().to_string().contains(&prefix));
        own.map(|path| std::fs::read_to_string(path).unwrap().matches("\"kind\":\"finished\"").count()).sum::<usize>()
    };
    for number in [2, 4] {
        until_true("a report", || reported_by(number) > 2);
        shards[number - 1].child.kill().unwrap();
        shards[number - 1].child.wait().unwrap();
    }
    for (number, shard) in (1..).zip(shards) {
        if !matches!(number, 2 | 4) {
            let said = shard.end();
            assert_eq!(said.code, 0, "{}", said.stderr);
        }
    }
    let settled = fleet.reported(&run);
    let before = fleet.starts();
    fleet.slow(false);

    let report = home.json(13, &["collect", &run]);
    let machines = &report["machines"];
    assert!(machines["reported"].as_u64() < machines["planned"].as_u64());
    let unfinished: Vec<String> =
        machines["unfinished"].as_array().unwrap().iter().map(|part| text(&part["part"])).collect();
    assert_eq!(unfinished, ["1-2", "1-4", "1-finish"]);
    assert_eq!(fleet.starts().get("gather/all"), None);

    let wave = home.json(0, &["plan", "--missing", &run, "--shards", "2", "--publish"]);
    assert_eq!((&wave["run"], &wave["wave"], &wave["count"]), (&json!(run), &json!(2), &json!(2)));
    let missing = machines["planned"].as_u64().unwrap() - machines["reported"].as_u64().unwrap();
    assert_eq!(wave["tasks"], json!(missing));
    // A wave is planned once.
    for part in ["prepare", "1/2", "2/2"] {
        let said = fleet.machine().start(&["run", "--run", &run, "--wave", "2", "--shard", part]).end();
        assert!(said.code == 0 || part == "prepare" && said.code == 3, "{part}: {}", said.stderr);
    }
    let report = home.json(10, &["collect", &run]);
    let machines = &report["machines"];
    assert_eq!((&machines["waves"], &machines["unfinished"]), (&json!(2), &json!([])));
    assert_eq!(machines["reported"], machines["planned"]);
    assert_eq!(report["run"]["complete"], json!(true));
    // Nothing that was settled ran again.
    let after = fleet.starts();
    let mut rounds: BTreeMap<String, usize> = BTreeMap::new();
    for task in &settled {
        let name = task.split('#').next().unwrap().to_owned();
        *rounds.entry(name).or_default() += 1;
    }
    for (task, count) in before.iter().filter(|(task, _)| rounds.contains_key(*task) && !task.starts_with("bench")) {
        assert_eq!(after[task], *count, "{task} ran again though its end had been reported");
    }
    assert_eq!(after["gather/all"], 1);
    // What is gathered now is what is in the history.
    let shown = home.sandbox.run(&["history", "show", &run, "--format", "json"]).stdout;
    assert!(shown.contains("\"complete\": true"), "{shown}");
}

#[test]
fn a_killed_machine_goes_on_where_its_reports_end() {
    let fleet = Fleet::new();
    fleet.slow(true);
    let home = fleet.home(SUITE);
    let run = text(&home.publish("1")["run"]);
    let arguments = ["run", "--run", &run, "--shard", "1/1", "--report-every", "1", "--jobs", "1"];
    let machine = fleet.machine();
    let mut first = machine.start(&arguments);
    until_true("a report", || fleet.reported(&run).len() > 10);
    first.child.kill().unwrap();
    first.child.wait().unwrap();
    let settled = fleet.reported(&run);
    let before = fleet.starts();
    fleet.slow(false);
    // It waits for a sign of life, and then takes the next generation.
    let done = fleet.machine().json(0, &arguments);
    assert_eq!((&done["generation"], &done["left"]), (&json!(2), &json!(0)));
    assert_eq!(done["resumed"], json!(settled.len()));
    let after = fleet.starts();
    for task in settled.iter().filter(|task| !task.contains('#')) {
        assert_eq!(after[task], before[task], "{task} ran again though its end had been reported");
    }
    home.run_to(10, &["collect", &run]);
}

#[test]
fn partial_gathers_what_there_is() {
    let fleet = Fleet::new();
    let home = fleet.home(SUITE);
    let run = text(&home.publish("2")["run"]);
    fleet.machine().start(&["run", "--run", &run, "--shard", "prepare"]).end();
    fleet.machine().run_to(0, &["run", "--run", &run, "--shard", "1/2"]);
    home.run_to(13, &["collect", &run]);
    assert_eq!(fleet.starts().get("gather/all"), None);
    let said = home.start(&["collect", &run, "--partial"]).end();
    assert!(matches!(said.code, 0 | 10 | 11), "{}: {}", said.code, said.stderr);
    assert!(said.stdout.contains("part 1-2 was never started"), "{}", said.stdout);
    assert_eq!(fleet.starts()["gather/all"], 1);
}
