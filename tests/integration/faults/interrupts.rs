//! Signals: the first interrupt lets running tasks end, everything else ends them; all is recorded.

use crate::integration::sandbox::{Said, Sandbox, Started, until_true};
use std::time::{Duration, Instant};

/// Six tasks that wait for a file.
const SUITE: &str = r#"
version: 1
suite: interrupted
params:
  a: { code: a, values: [1, 2, 3, 4, 5, 6] }
stages:
  work:
    shell: |
      echo "$SHMOO_NAME" >> @ROOT@/log
      while ! test -e @ROOT@/go; do sleep 0.01; done
    evidence: [exit]
"#;

fn two_running() -> (Sandbox, Started) {
    let sandbox = Sandbox::new(SUITE);
    let started = sandbox.start(&["run", "suite.yaml", "--jobs", "2"]);
    until_true("two running tasks", || sandbox.lines("log").len() == 2);
    (sandbox, started)
}

fn stopped(sandbox: &Sandbox) -> Vec<String> {
    sandbox.events("stopped").iter().map(|event| event["reason"].as_str().unwrap().to_owned()).collect()
}

/// Goes on with the run, in which all six tasks must be done in the end.
fn continues(sandbox: &Sandbox, rest: usize) {
    sandbox.write("go", "");
    std::fs::remove_file(sandbox.path("log")).unwrap();
    sandbox.run_to(0, &["run", "suite.yaml", "--continue", "last"]);
    assert_eq!(sandbox.lines("log").len(), rest);
    let report = sandbox.report();
    assert_eq!(report["totals"]["tasks"]["pass"], 6);
    assert_eq!(report["run"]["complete"], true);
}

#[test]
fn one_interrupt_drains() {
    let (sandbox, started) = two_running();
    started.signal("INT");
    until_true("the answer", || started.stderr().contains("stopping: SIGINT"));
    assert_eq!(sandbox.finished().len(), 0);
    sandbox.write("go", "");
    assert_eq!(started.end().code, 13);
    assert_eq!(sandbox.lines("log").len(), 2);
    assert_eq!(sandbox.finished().len(), 2);
    assert_eq!(stopped(&sandbox), ["SIGINT"]);
    continues(&sandbox, 4);
}

fn ends_at_once(sandbox: &Sandbox, started: Started, reason: &str) -> Said {
    let start = Instant::now();
    let said = started.end();
    assert!(start.elapsed() < Duration::from_secs(30));
    assert_eq!(said.code, 13, "{}", said.stderr);
    // What was ended is not final.
    assert_eq!(sandbox.finished().len(), 0);
    assert_eq!(sandbox.events("started").len(), 2);
    assert_eq!(stopped(sandbox), [reason]);
    said
}

#[test]
fn two_interrupts_end_the_tasks() {
    let (sandbox, started) = two_running();
    started.signal("INT");
    until_true("the answer", || started.stderr().contains("stopping: SIGINT"));
    started.signal("INT");
    let said = ends_at_once(&sandbox, started, "SIGINT");
    assert!(said.stderr.contains("stopping: second SIGINT; ending 2 running tasks"), "{}", said.stderr);
    continues(&sandbox, 6);
}

#[test]
fn sigterm_and_sighup_end_the_tasks() {
    for name in ["TERM", "HUP"] {
        let (sandbox, started) = two_running();
        started.signal(name);
        ends_at_once(&sandbox, started, &format!("SIG{name}"));
        continues(&sandbox, 6);
    }
}

#[test]
fn a_task_that_ignores_sigterm_does_not_hold_an_interrupted_run() {
    let sandbox = Sandbox::new(&SUITE.replace("      echo", "      trap '' TERM\n      echo"));
    let started = sandbox.start(&["run", "suite.yaml", "--jobs", "2"]);
    until_true("two running tasks", || sandbox.lines("log").len() == 2);
    started.signal("TERM");
    ends_at_once(&sandbox, started, "SIGTERM");
}

#[test]
fn an_ignored_hangup_stays_ignored() {
    let sandbox = Sandbox::new(SUITE);
    let command = sandbox.wrapped(&["--ignore-signal=HUP"], &["run", "suite.yaml", "--jobs", "2"]);
    let started = sandbox.start_command(command);
    until_true("two running tasks", || sandbox.lines("log").len() == 2);
    started.signal("HUP");
    sandbox.write("go", "");
    assert_eq!(started.end().code, 0);
    assert_eq!(stopped(&sandbox), [""; 0]);
}

#[test]
fn an_interrupt_while_the_archive_is_made_ends_the_command() {
    let sandbox = Sandbox::new(SUITE);
    sandbox.write("go", "");
    let started = sandbox.start(&["sweep", "suite.yaml", "--jobs", "2"]);
    until_true("the record", || sandbox.runs().pop().is_some_and(|run| run.join("record.json").exists()));
    // Wherever it is by now, it ends: by itself or by the signal.
    started.signal("TERM");
    let code = started.end().code;
    assert!(code == 13 || code == 0, "{code}");
    sandbox.run_to(0, &["sweep", "suite.yaml", "--continue", "last"]);
}
