//! A run of many machines comes back as one: what it gathered, and the folders of all tasks.

use super::fleet::{Fleet, Machine, SUITE};
use crate::integration::sandbox::text;
use serde_json::Value;
use std::fs;

#[test]
fn a_restored_run_has_the_folders_of_all_tasks() {
    let fleet = Fleet::new();
    let home = fleet.home(SUITE);
    let plan = home.publish("2");
    let run = text(&plan["run"]);
    if plan["prepare"].as_u64().unwrap() > 0 {
        fleet.machine().run_to(0, &["run", "--run", &run, "--shard", "prepare"]);
    }
    for shard in ["1/2", "2/2"] {
        fleet.machine().run_to(0, &["run", "--run", &run, "--shard", shard]);
    }
    before_it_was_gathered(&fleet, &run);
    let collector = fleet.machine();
    collector.run_to(10, &["collect", &run, "--no-compare"]);
    // Somebody who has never seen the run.
    let desk = fleet.machine();
    desk.sandbox.write("shmoo.yaml", format!("version: 1\nstore: {}\n", fleet.store()));
    desk.sandbox.run_to(0, &["restore", &run]);
    let restored = desk.sandbox.path(&format!(".shmoo/runs/{run}"));
    let record: Value = serde_json::from_slice(&fs::read(restored.join("record.json")).unwrap()).unwrap();
    let mut logs = 0;
    for task in record["tasks"].as_array().unwrap() {
        let Some(folder) = task["folder"].as_str() else { continue };
        assert!(restored.join(folder).is_dir(), "{folder} is missing");
        assert!(restored.join(format!("{folder}.stdout")).is_file(), "the log of {folder} is missing");
        for output in task["outputs"].as_array().into_iter().flatten() {
            let path = restored.join(folder).join(output["path"].as_str().unwrap());
            assert!(path.exists(), "{} is missing", path.display());
        }
        logs += 1;
    }
    assert!(logs > 2, "{record}");
    // The ledger is the gathered one, and the run is one like any other.
    desk.sandbox.run_to(10, &["check", &run]);
    let listed = desk.sandbox.run_to(0, &["restore", &run, "--list"]).stdout;
    let paths: Vec<&str> = listed.lines().filter_map(|line| line.split_whitespace().last()).collect();
    let folders = record["tasks"].as_array().unwrap().iter().filter_map(|task| task["folder"].as_str());
    assert!(folders.clone().all(|folder| paths.contains(&format!("{folder}.stdout").as_str())), "{listed}");
    assert_eq!(paths.iter().filter(|path| **path == "record.json").count(), 1, "{listed}");
    let verified = desk.sandbox.run_to(0, &["restore", &run, "--verify"]).stdout;
    assert!(verified.contains(": every digest is right in ") && verified.ends_with(" archives\n"), "{verified}");
    // A case and a file of a part, by themselves.
    let case = record["cases"][0]["name"].as_str().unwrap();
    desk.sandbox.run_to(0, &["restore", &run, "--case", case, "--into", "one"]);
    assert!(desk.sandbox.path("one/work").is_dir());
    let task = record["tasks"].as_array().unwrap().iter().find(|task| task["folder"].is_string()).unwrap();
    let log = format!("{}.stdout", task["folder"].as_str().unwrap());
    desk.sandbox.run_to(0, &["restore", &run, "--file", &log, "--into", "log"]);
    assert_eq!(fs::read(desk.sandbox.path("log")).unwrap(), fs::read(restored.join(&log)).unwrap());
    let said = desk.sandbox.run_to(2, &["restore", &run, "--file", "work/nothing", "--into", "log"]);
    assert!(said.stderr.contains("work/nothing"), "{}", said.stderr);
    rebuilt_elsewhere(&fleet, &run, &[&desk, &collector]);
}

/// The tasks of a case find what they took: in the archives of the parts, or where a lost machine had published it.
fn rebuilt_elsewhere(fleet: &Fleet, run: &str, desks: &[&Machine<'_>]) {
    for desk in desks {
        desk.sandbox.write("shmoo.yaml", format!("version: 1\nstore: {}\n", fleet.store()));
        let made = desk.sandbox.run_to(0, &["repro", "a1_b1", "--run", run]).stdout;
        assert!(made.contains("# work/a1_b1: pass") && !made.contains("not rebuilt"), "{made}");
    }
    for archive in fleet.objects(&format!("runs/fleet/{run}/archives")) {
        fs::remove_file(archive).unwrap();
    }
    published_outputs_come_back(fleet, run);
    let desk = fleet.machine();
    desk.sandbox.write("shmoo.yaml", format!("version: 1\nstore: {}\n", fleet.store()));
    let made = desk.sandbox.run_to(0, &["repro", "a1_b1", "--run", run, "--stage", "gather"]).stdout;
    assert!(made.contains("# gather/all: pass") && !made.contains("not rebuilt"), "{made}");
    // What ran then and cannot be rebuilt is no success.
    for output in fleet.objects(&format!("runs/fleet/{run}/outputs")) {
        fs::remove_file(output).unwrap();
    }
    let said = desk.sandbox.run_to(13, &["repro", "a1_b1", "--run", run]);
    assert!(said.stdout.contains("# make/a1: pass") && said.stdout.contains("not rebuilt"), "{}", said.stdout);
    assert!(said.stderr.contains("work/a1_b1") && said.stderr.contains("could not be rebuilt"), "{}", said.stderr);
    all_goes_with_the_archive(fleet, run, &desk);
}

/// With the archive all goes that the parts have put there, unless a machine still works on the run.
fn all_goes_with_the_archive(fleet: &Fleet, run: &str, desk: &Machine<'_>) {
    let below = || fleet.objects(&format!("runs/fleet/{run}"));
    let prune = || desk.sandbox.run_to(0, &["prune", "--store", "--keep", "0", "--yes"]).stderr;
    assert!(!below().is_empty());
    prune();
    assert!(!below().is_empty(), "the only archive of a suite stays");
    fs::copy(fleet.path(&format!("store/runs/fleet/{run}.tar.gz")), fleet.path("store/runs/fleet/z.tar.gz")).unwrap();
    // One of its parts is held as by a machine that goes on.
    let is_lease = |path: &&std::path::PathBuf| path.display().to_string().contains("/leases/1-1/");
    let lease = below().iter().find(is_lease).unwrap().clone();
    let ended = fs::read(&lease).unwrap();
    let mut held: Value = serde_json::from_slice(&ended).unwrap();
    held.as_object_mut().unwrap().remove("ended");
    held["every"] = 100_000.into();
    fs::write(&lease, held.to_string()).unwrap();
    let said = prune();
    assert!(said.contains("machines may still work on it") && !below().is_empty(), "{said}");
    fs::write(&lease, ended).unwrap();
    prune();
    assert_eq!(below(), Vec::<std::path::PathBuf>::new());
}

#[test]
fn what_nobody_gathered_goes_by_age() {
    let fleet = Fleet::new();
    let home = fleet.home(SUITE);
    let run = text(&home.publish("2")["run"]);
    let desk = fleet.machine();
    desk.sandbox.write("shmoo.yaml", format!("version: 1\nstore: {}\n", fleet.store()));
    let below = || fleet.objects(&format!("runs/fleet/{run}"));
    let prune = || desk.sandbox.run_to(0, &["prune", "--store", "--keep", "0", "--yes"]);
    let said = prune().stderr;
    assert!(said.contains(&format!("run {run}, which was not gathered, stays: machines may still")), "{said}");
    let days = std::time::Duration::from_secs(2 * 86_400);
    for object in below() {
        let file = fs::File::options().write(true).open(object).unwrap();
        file.set_modified(file.metadata().unwrap().modified().unwrap() - days).unwrap();
    }
    let listed = desk.sandbox.run_to(0, &["prune", "--store", "--keep", "0"]).stdout;
    assert!(listed.contains(&format!("runs/fleet/{run}/ (not gathered)")), "{listed}");
    assert!(!below().is_empty());
    prune();
    assert_eq!(below(), Vec::<std::path::PathBuf>::new());
}

/// Of tasks whose machine was lost before it had archived them there is what they had published, and who restores
/// them hears what is not there.
fn published_outputs_come_back(fleet: &Fleet, run: &str) {
    let desk = fleet.machine();
    desk.sandbox.write("shmoo.yaml", format!("version: 1\nstore: {}\n", fleet.store()));
    let said = desk.sandbox.run_to(0, &["restore", run, "--case", "a1_b1", "--into", "one"]).stderr;
    let of_outputs = said.lines().find(|line| line.contains("only the outputs are there")).unwrap_or_default();
    assert!(of_outputs.contains("work/a1_b1") && !of_outputs.contains("check/"), "{said}");
    let gone = said.lines().find(|line| line.contains("were lost with their machine: ")).unwrap_or_default();
    assert!(gone.contains("check/a1_b1") && !gone.contains("work/"), "{said}");
    let record: Value = serde_json::from_slice(&fs::read(desk.sandbox.path("one/record.json")).unwrap()).unwrap();
    let made = record["tasks"].as_array().unwrap().iter().find(|task| task["task"] == "work/a1_b1").unwrap();
    let result = desk.sandbox.path(&format!("one/{}/result", made["folder"].as_str().unwrap()));
    assert_eq!(fs::read_to_string(result).unwrap(), "1\n");
    let said = desk.sandbox.run_to(0, &["restore", run, "--into", "all"]).stderr;
    assert!(said.contains("only the outputs are there") && said.contains(" more"), "{said}");
}

/// What its parts have archived can be looked at; the run as a whole is not there yet.
fn before_it_was_gathered(fleet: &Fleet, run: &str) {
    let desk = fleet.machine();
    desk.sandbox.write("shmoo.yaml", format!("version: 1\nstore: {}\n", fleet.store()));
    let listed = desk.sandbox.run_to(0, &["restore", run, "--list"]).stdout;
    let log = listed.lines().filter_map(|line| line.split_whitespace().last()).find(|path| path.ends_with(".stdout"));
    let log = log.unwrap_or_else(|| panic!("no log in {listed}"));
    let verified = desk.sandbox.run_to(0, &["restore", run, "--verify"]).stdout;
    assert!(verified.contains("every digest is right in "), "{verified}");
    desk.sandbox.run_to(0, &["restore", run, "--file", log, "--into", "log"]);
    for arguments in [vec!["restore", run], vec!["restore", run, "--case", "x"], vec!["repro", "x", "--run", run]] {
        let said = desk.sandbox.run_to(2, &arguments).stderr;
        assert!(said.contains(&format!("run {run} was not gathered yet")), "{arguments:?}: {said}");
        assert!(said.contains(&format!("`shmoo collect {run}`")), "{arguments:?}: {said}");
    }
    let said = desk.sandbox.run_to(2, &["restore", "last"]).stderr;
    assert!(said.contains("there is no archive in the store yet"), "{said}");
}
