//! Machines that share a store.

use crate::integration::sandbox::{Said, Sandbox, Started, text};
use serde_json::Value;
use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;
use tempfile::TempDir;

/// 120 cases: shared inputs, a dear stage before the shards, gates, gathers, tables, repeats, misses.
pub(super) const SUITE: &str = r#"
version: 1
suite: fleet
params:
  a: { code: a, values: { range: { start: 1, stop: 6, step: 1 } } }
  b: { code: b, values: { range: { start: 1, stop: 10, step: 1 } } }
stages:
  make:
    per: [a]
    inputs: [root/table.txt]
    shell: |
      echo "make/$SHMOO_NAME" >> "$LOG"
      { echo '#!/bin/sh'; echo "echo $SHMOO_PARAM_A"; cat table.txt; } > seed; chmod +x seed
      mkdir -p tree/deep; echo "$SHMOO_PARAM_A" > tree/deep/leaf
    outputs: [seed, tree/]
  work:
    inputs: [make/seed, make/tree/]
    shell: |
      echo "work/$SHMOO_NAME" >> "$LOG"
      if [ -e "$SLOW" ]; then sleep 0.05; fi
      test -x seed
      echo "METRIC product $(($(./seed | head -1) * SHMOO_PARAM_B))"
      if [ "$SHMOO_PARAM_A" = 3 ]; then echo bad >&2; exit 4; fi
      cat tree/deep/leaf > result
    outputs: [result]
    evidence: [ { metric_lines: stdout } ]
    metrics: { product: { better: higher, expect: { le: 40 } } }
  check:
    inputs: [work/result]
    shell: |
      echo "check/$SHMOO_NAME" >> "$LOG"
      test "$(cat result)" = "$SHMOO_PARAM_A"
    evidence: [exit]
  bench:
    per: [a]
    inputs: [make/seed]
    shell: |
      echo "bench/$SHMOO_NAME" >> "$LOG"
      echo "METRIC time $((SHMOO_PARAM_A * 10))"
    evidence: [ { metric_lines: stdout } ]
    metrics: { time: { better: lower } }
    repeat: { count: 2, warmup: 1 }
  gather:
    per: []
    inputs: { results: { each: work/result }, table.csv: { rows: work } }
    shell: |
      echo "gather/all" >> "$LOG"
      cat results/*/result > all; cat table.csv >> all
    outputs: [all]
"#;

/// A store, and the file in which tasks note that they were started.
pub(super) struct Fleet {
    shared: TempDir,
}

impl Fleet {
    pub(super) fn new() -> Fleet {
        Fleet { shared: TempDir::new().unwrap() }
    }

    pub(super) fn store(&self) -> String {
        format!("file:{}", self.shared.path().join("store").display())
    }

    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.shared.path().join(name)
    }

    /// Returns a machine with the suite and its repository.
    pub(super) fn home(&self, suite: &str) -> Machine<'_> {
        let sandbox = Sandbox::new(suite);
        sandbox.write("table.txt", "# the same for all\n");
        self.machine_in(sandbox)
    }

    /// Returns a machine that has nothing but a project file.
    pub(super) fn machine(&self) -> Machine<'_> {
        let sandbox = Sandbox::new("");
        fs::remove_file(sandbox.path("suite.yaml")).unwrap();
        self.machine_in(sandbox)
    }

    fn machine_in(&self, sandbox: Sandbox) -> Machine<'_> {
        sandbox.write("shmoo.yaml", "version: 1\nenv_pass: [LOG, SLOW]\n");
        Machine { fleet: self, sandbox }
    }

    /// Returns how often each task was started, on all machines.
    pub(super) fn starts(&self) -> BTreeMap<String, usize> {
        let mut counts = BTreeMap::new();
        for key in fs::read_to_string(self.path("log")).unwrap_or_default().lines() {
            *counts.entry(key.to_owned()).or_default() += 1;
        }
        counts
    }

    /// Makes tasks take their time, or not.
    pub(super) fn slow(&self, slow: bool) {
        if slow { fs::write(self.path("slow"), "").unwrap() } else { fs::remove_file(self.path("slow")).unwrap() }
    }

    /// Returns the objects of the store below a prefix.
    pub(super) fn objects(&self, prefix: &str) -> Vec<PathBuf> {
        let mut found = Vec::new();
        let mut open = vec![self.path("store").join(prefix)];
        while let Some(folder) = open.pop() {
            for entry in fs::read_dir(folder).into_iter().flatten() {
                let path = entry.unwrap().path();
                if path.is_dir() { open.push(path) } else { found.push(path) }
            }
        }
        found.sort();
        found
    }

    /// Returns the tasks whose `finished` event is in the store.
    pub(super) fn reported(&self, run: &str) -> Vec<String> {
        let ledgers = self.objects(&format!("runs/fleet/{run}/ledger"));
        let texts: Vec<String> = ledgers.iter().map(|path| fs::read_to_string(path).unwrap()).collect();
        let events =
            texts.iter().flat_map(|text| text.lines()).map(|line| serde_json::from_str::<Value>(line).unwrap());
        events.filter(|event| event["kind"] == "finished").map(|event| text(&event["task"])).collect()
    }
}

/// A machine of a fleet.
pub(super) struct Machine<'a> {
    fleet: &'a Fleet,
    pub(super) sandbox: Sandbox,
}

impl Machine<'_> {
    pub(super) fn start(&self, arguments: &[&str]) -> Started {
        let store = self.fleet.store();
        let arguments: Vec<&str> = arguments.iter().copied().chain(["--store", &store]).collect();
        let mut command = self.sandbox.shmoo(&arguments);
        command.env("LOG", self.fleet.path("log")).env("SLOW", self.fleet.path("slow"));
        self.sandbox.start_command(command)
    }

    pub(super) fn run_to(&self, code: i32, arguments: &[&str]) -> Said {
        let said = self.start(arguments).end();
        assert_eq!(said.code, code, "{arguments:?}: {}\n{}", said.stderr, said.stdout);
        said
    }

    /// Runs a command that has to end with this code, and returns the JSON that it prints.
    pub(super) fn json(&self, code: i32, arguments: &[&str]) -> Value {
        let arguments: Vec<&str> = arguments.iter().copied().chain(["--format", "json"]).collect();
        let said = self.run_to(code, &arguments);
        serde_json::from_str(&said.stdout).unwrap_or_else(|error| panic!("{error}: {}\n{}", said.stdout, said.stderr))
    }

    /// Publishes the suite in so many shards, and returns what is printed.
    pub(super) fn publish(&self, shards: &str) -> Value {
        self.json(0, &["plan", "suite.yaml", "--shards", shards, "--publish"])
    }
}
