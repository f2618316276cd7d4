//! kill -9, at any instant, again and again.

use crate::integration::sandbox::{Random, Sandbox, assert_same, scrubbed, text};
use std::collections::BTreeMap;
use std::time::Duration;

/// 300 tasks: shared inputs, gates that do not open, gathers, tables, repeats, bad exits.
const SUITE: &str = r#"
version: 1
suite: killed
params:
  a: { code: a, values: { range: { start: 1, stop: 10, step: 1 } } }
  b: { code: b, values: { range: { start: 1, stop: 12, step: 1 } } }
stages:
  make:
    per: [a]
    shell: |
      key=${SHMOO_TASK#*'"task":"'}; echo "${key%%'"'*}" >> "$ROOT/log"
      echo "$SHMOO_PARAM_A" > seed
    outputs: [seed]
  work:
    inputs: [make/seed, root/table.txt]
    shell: |
      key=${SHMOO_TASK#*'"task":"'}; echo "${key%%'"'*}" >> "$ROOT/log"
      if [ $((SHMOO_PARAM_B % 5)) = 0 ]; then sleep 0.02; fi
      read -r seed < seed
      echo "METRIC product $((seed * SHMOO_PARAM_B))"
      if [ "$SHMOO_PARAM_A" = 3 ]; then exit 4; fi
      echo "$SHMOO_NAME" > result
    outputs: [result]
    evidence: [ { metric_lines: stdout } ]
    metrics: { product: { better: higher, expect: { le: 100 } } }
  check:
    after: [work]
    inputs: [work/result]
    shell: |
      key=${SHMOO_TASK#*'"task":"'}; echo "${key%%'"'*}" >> "$ROOT/log"
      read -r name < result; test "$name" = "$SHMOO_NAME"
    evidence: [exit]
  gather:
    per: [a]
    inputs: { results: { each: work/result }, table.csv: { rows: work } }
    shell: |
      key=${SHMOO_TASK#*'"task":"'}; echo "${key%%'"'*}" >> "$ROOT/log"
      cat results/*/result > all; cat table.csv >> all
    outputs: [all]
  bench:
    per: [a]
    inputs: [make/seed]
    shell: |
      key=${SHMOO_TASK#*'"task":"'}; echo "${key%%'"'*}" >> "$ROOT/log"
      echo "METRIC time $((SHMOO_PARAM_A * 10))"
    evidence: [ { metric_lines: stdout } ]
    metrics: { time: { better: lower } }
    repeat: { count: 3, warmup: 1 }
"#;

fn sandbox() -> Sandbox {
    let sandbox = Sandbox::new(SUITE);
    // The place of the log is not in the suite, so that all plans are the same.
    sandbox.write("shmoo.yaml", "version: 1\nenv_pass: [ROOT]\n");
    sandbox.write("table.txt", "the same for all\n");
    sandbox
}

/// How often each task was started, by the tasks' own log.
fn starts(sandbox: &Sandbox) -> BTreeMap<String, usize> {
    let mut counts = BTreeMap::new();
    for key in sandbox.lines("log") {
        *counts.entry(key).or_default() += 1;
    }
    counts
}

#[test]
fn killed_at_fifty_random_instants_and_continued() {
    let undisturbed = sandbox();
    undisturbed.run_to(10, &["run", "suite.yaml", "--jobs", "4"]);
    let reference = undisturbed.report();
    assert_eq!(reference["totals"]["tasks"]["total"], 300);
    let reference = scrubbed(reference);
    let mut random = Random(0x5eed_cafe);
    let mut kills = 0;
    while kills < 50 {
        let sandbox = sandbox();
        // Tasks that were final at a kill, and how often they had been started by then.
        let mut settled: BTreeMap<String, usize> = BTreeMap::new();
        loop {
            let resume = !sandbox.runs().is_empty();
            let arguments: &[&str] = match resume {
                true => &["run", "suite.yaml", "--jobs", "4", "--continue", "last"],
                false => &["run", "suite.yaml", "--jobs", "4"],
            };
            if kills == 50 {
                sandbox.run_to(10, arguments);
                break;
            }
            let mut started = sandbox.start(arguments);
            std::thread::sleep(Duration::from_micros(random.below(300_000)));
            if !started.runs() {
                assert_eq!(started.end().code, 10);
                break;
            }
            started.child.kill().unwrap();
            started.child.wait().unwrap();
            kills += 1;
            let log = starts(&sandbox);
            for (key, event) in sandbox.finished() {
                let ran = event.get("exit").is_some();
                assert!(!ran || log.contains_key(&key), "{key} was never started");
                settled.entry(key.clone()).or_insert_with(|| log.get(&key).copied().unwrap_or(0));
            }
        }
        let log = starts(&sandbox);
        for (key, before) in settled {
            assert_eq!(log.get(&key).copied().unwrap_or(0), before, "{key} ran again though it was finished");
        }
        let mut keys: Vec<String> = sandbox.events("finished").iter().map(|event| text(&event["task"])).collect();
        assert_eq!(keys.len(), 300);
        keys.sort();
        keys.dedup();
        assert_eq!(keys.len(), 300, "a task has two final events");
        assert_same(&scrubbed(sandbox.report()), &reference);
    }
}
