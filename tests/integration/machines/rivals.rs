//! Machines that want the same part.

use super::fleet::{Fleet, SUITE};
use crate::integration::sandbox::{text, until_true};
use serde_json::json;

const SHARD: [&str; 6] = ["--shard", "1/1", "--report-every", "1", "--jobs", "1"];

#[test]
fn of_two_machines_one_gets_the_part() {
    let fleet = Fleet::new();
    fleet.slow(true);
    let home = fleet.home(SUITE);
    let run = text(&home.publish("1")["run"]);
    let arguments: Vec<&str> = ["run", "--run", &run].into_iter().chain(SHARD).collect();
    let (one, other) = (fleet.machine(), fleet.machine());
    let (one, other) = (one.start(&arguments), other.start(&arguments));
    let mut ends = [one.end(), other.end()];
    ends.sort_by_key(|said| said.code);
    let [won, refused] = &ends;
    assert_eq!((won.code, refused.code), (0, 2), "{}\n{}", won.stderr, refused.stderr);
    assert!(
        refused.stderr.contains("works on part 1-1") && refused.stderr.contains("--take-over"),
        "{}",
        refused.stderr
    );
    assert!(fleet.starts().iter().all(|(task, count)| *count == 1 || task.starts_with("bench/") && *count == 3));
    home.run_to(10, &["collect", &run]);
}

#[test]
fn a_machine_that_comes_back_is_superseded() {
    let fleet = Fleet::new();
    fleet.slow(true);
    let home = fleet.home(SUITE);
    let run = text(&home.publish("1")["run"]);
    let arguments: Vec<&str> = ["run", "--run", &run].into_iter().chain(SHARD).collect();
    let stale = fleet.machine();
    let stale = stale.start(&arguments);
    until_true("a report", || fleet.reported(&run).len() > 3);
    stale.signal("STOP");
    // What it started goes on by itself; what was reported is settled.
    let settled = fleet.reported(&run).len();
    let taking: Vec<&str> = arguments.iter().copied().chain(["--take-over"]).collect();
    let other = fleet.machine();
    let other = other.start(&taking);
    until_true("the next generation", || fleet.objects(&format!("runs/fleet/{run}/leases/1-1")).len() == 2);
    stale.signal("CONT");
    let said = stale.end();
    assert_eq!(said.code, 13, "{}\n{}", said.stderr, said.stdout);
    assert!(said.stdout.contains("superseded by generation 2"), "{}", said.stdout);
    let said = other.end();
    assert_eq!(said.code, 0, "{}", said.stderr);
    let report = home.json(10, &["collect", &run]);
    let machines = &report["machines"];
    assert_eq!((&machines["reported"], &machines["unfinished"]), (&machines["planned"], &json!([])));
    let twice = fleet.reported(&run).len() as u64 - machines["planned"].as_u64().unwrap();
    assert_eq!(machines["superseded"], json!(twice));
    assert!(settled > 3);
}
