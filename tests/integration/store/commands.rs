//! Commands whose store is a bucket: archives, single files, cases, results, and their end.

use super::bytes;
use super::fake::{Fake, Fault};
use crate::integration::sandbox::{Said, Sandbox};
use serde_json::Value;
use std::fs;

/// Each case leaves a megabyte that no compression makes smaller, and a few bytes.
const SUITE: &str = r#"
version: 1
suite: noise
params:
  n: { code: n, values: [1, 2, 3, 4] }
stages:
  make:
    cmd: [sh, -c, "cat noise > raw; echo {n} > small; echo size: {n}"]
    inputs: [root/noise]
    outputs: [raw, small]
    evidence: [{ key_value: stdout }]
    metrics: { size: { better: exact } }
  use:
    cmd: [sh, -c, "wc -c raw; cat small"]
    inputs: [make/raw, make/small]
    evidence: [exit]
"#;

/// A project whose store is `gs://lab/chip`.
struct Project {
    sandbox: Sandbox,
    url: String,
}

impl Project {
    fn new(fake: &Fake, suite: &str) -> Project {
        let sandbox = Sandbox::new(suite);
        sandbox.write("shmoo.yaml", "version: 1\nstore: gs://lab/chip\n");
        sandbox.write("noise", bytes(1 << 20));
        Project { sandbox, url: fake.url() }
    }

    fn run_to(&self, code: i32, arguments: &[&str]) -> Said {
        let mut command = self.sandbox.shmoo(arguments);
        command.env("STORAGE_EMULATOR_HOST", &self.url);
        let said = self.sandbox.start_command(command).end();
        assert_eq!(said.code, code, "{arguments:?}: {}\n{}", said.stderr, said.stdout);
        said
    }

    fn forget_runs(&self) {
        fs::remove_dir_all(self.sandbox.path(".shmoo/runs")).unwrap();
    }
}

/// Returns the names of runs in the bucket, in order.
fn archives(fake: &Fake) -> Vec<String> {
    let names = fake.names().into_iter();
    names.filter_map(|name| Some(name.strip_prefix("chip/runs/noise/")?.strip_suffix(".tar.gz")?.to_owned())).collect()
}

/// Returns how many bytes of objects were served since the last call.
fn served(fake: &Fake) -> usize {
    fake.seen().iter().filter(|seen| seen.target.contains("alt=media")).map(|seen| seen.served).sum()
}

#[test]
fn one_file_of_an_archive_comes_by_ranges() {
    let fake = Fake::start();
    let project = Project::new(&fake, SUITE);
    project.run_to(0, &["sweep", "suite.yaml"]);
    let run = archives(&fake).pop().unwrap();
    let whole = fake.object(&format!("chip/runs/noise/{run}.tar.gz")).unwrap().len();
    assert!(whole > 4 << 20, "{whole}");
    project.forget_runs();
    fake.seen();
    project.run_to(0, &["restore", &run, "--file", "work/make/n3/1.1/small"]);
    assert_eq!(project.sandbox.lines("small"), ["3"]);
    let part = served(&fake);
    assert!(part < whole / 4, "{part} of {whole}");
    // The case with its megabyte, not the other three.
    project.run_to(0, &["restore", &run, "--case", "n2"]);
    let case = served(&fake);
    assert!(case < whole * 3 / 4, "{case} of {whole}");
    project.run_to(0, &["restore", &run, "--verify"]);
    project.run_to(0, &["restore", &run]);
    assert!(project.sandbox.path(&format!(".shmoo/runs/{run}/work/use/n4")).exists());
}

#[test]
fn a_case_is_rebuilt_out_of_the_bucket_also_without_a_history() {
    let fake = Fake::start();
    let project = Project::new(&fake, SUITE);
    project.run_to(0, &["sweep", "suite.yaml"]);
    let run = archives(&fake).pop().unwrap();
    let whole = fake.object(&format!("chip/runs/noise/{run}.tar.gz")).unwrap().len();
    project.forget_runs();
    fake.seen();
    let check = |arguments: &[&str]| {
        let said = project.run_to(0, arguments);
        assert!(said.stdout.contains("# use/n2: pass\n"), "{}", said.stdout);
        let folder = project.sandbox.path(&format!(".shmoo/repro/{run}/n2/use"));
        assert!(fs::read(folder.join("raw")).unwrap() == bytes(1 << 20));
        let case = served(&fake);
        assert!(case < whole * 3 / 4, "{case} of {whole}");
    };
    check(&["repro", "n2"]);
    fs::remove_file(project.sandbox.path(".shmoo/history.db")).unwrap();
    check(&["repro", "n2", "--run", &run[9..]]);
    let said = project.run_to(2, &["repro", "n2", "--run", "nothing"]);
    assert!(said.stderr.contains("nothing"), "{}", said.stderr);
}

#[test]
fn results_of_one_machine_are_used_on_another() {
    let fake = Fake::start();
    let suite = SUITE.replace("  make:\n", "  make:\n    cache: true\n");
    let (one, other) = (Project::new(&fake, &suite), Project::new(&fake, &suite));
    one.run_to(0, &["sweep", "suite.yaml"]);
    assert_eq!(fake.names().iter().filter(|name| name.starts_with("chip/results/")).count(), 4);
    other.run_to(0, &["sweep", "suite.yaml"]);
    let origins = other.sandbox.finished().into_iter().filter(|(task, _)| task.starts_with("make/"));
    let origins: Vec<Value> = origins.map(|(_, event)| event["origin"].clone()).collect();
    let first = archives(&fake).remove(0);
    let second = archives(&fake).remove(1);
    assert!(origins == vec![Value::from(first); 4] || origins == vec![Value::from(second); 4], "{origins:?}");
    assert_eq!(fake.names().iter().filter(|name| name.starts_with("chip/results/")).count(), 4);
}

#[test]
fn a_bucket_that_refuses_fails_the_archive_not_the_run() {
    let fake = Fake::start();
    let project = Project::new(&fake, SUITE);
    fake.fail("POST", "/upload/", 0, 1, Fault::Status(403));
    let said = project.run_to(20, &["sweep", "suite.yaml"]);
    fake.all_failed();
    for text in ["`gs://lab/chip`", "403 Forbidden", "roles/storage.objectUser on gs://lab"] {
        assert!(said.stderr.contains(text), "{text}: {}", said.stderr);
    }
    assert!(archives(&fake).is_empty());
    project.run_to(0, &["archive", "last"]);
    assert_eq!(archives(&fake).len(), 1);
}

#[test]
fn the_doctor_asks_the_bucket() {
    let fake = Fake::start();
    let project = Project::new(&fake, SUITE);
    let said = project.run_to(0, &["doctor"]);
    assert!(said.stdout.contains("gs://lab/chip answers"), "{}", said.stdout);
}

#[test]
fn prune_removes_from_the_bucket_what_no_rule_keeps() {
    let fake = Fake::start();
    let suite = SUITE.replace("  make:\n", "  make:\n    cache: true\n");
    let project = Project::new(&fake, &suite);
    // In the order in which they ran: names within a second are in none.
    let mut runs: Vec<String> = Vec::new();
    for _ in 0..3 {
        project.run_to(0, &["sweep", "suite.yaml"]);
        runs.extend(archives(&fake).into_iter().filter(|run| !runs.contains(run)).collect::<Vec<_>>());
    }
    let said = project.run_to(2, &["prune", "--store"]);
    assert!(said.stderr.contains("--size SIZE"), "{}", said.stderr);
    project.run_to(2, &["prune", "--days", "3"]);
    let before = fake.names();
    let said = project.run_to(0, &["prune", "--store", "--keep", "1"]);
    assert!(said.stderr.contains("would remove 2 objects, ") && said.stderr.contains("add `--yes`"), "{}", said.stderr);
    project.run_to(0, &["prune", "--store", "--size", "0", "--dry-run"]);
    assert_eq!(fake.names(), before);
    let said = project.run_to(0, &["prune", "--store", "--keep", "2", "--yes", "--format", "json"]);
    let json: Value = serde_json::from_str(&said.stdout).unwrap();
    let gone: Vec<&Value> =
        json["objects"].as_array().unwrap().iter().filter(|object| object["goes"] == true).collect();
    assert_eq!(gone.len(), 1);
    assert_eq!((&gone[0]["run"], &gone[0]["kind"]), (&Value::from(runs[0].clone()), &Value::from("archive")));
    let (mut left, mut stay) = (archives(&fake), runs[1..].to_vec());
    left.sort();
    stay.sort();
    assert_eq!(left, stay);
    // For the sake of room all goes but what the next run is compared with.
    let said = project.run_to(0, &["prune", "--store", "--size", "1kB", "--yes"]);
    assert!(said.stderr.contains("stay, more than 1.0 kB"), "{}", said.stderr);
    assert_eq!(fake.names(), [format!("chip/runs/noise/{}.tar.gz", runs[2])]);
    let said = project.run_to(0, &["prune", "--store", "--size", "1GB"]);
    assert!(said.stderr.contains("nothing to remove; 1 object, "), "{}", said.stderr);
}
