//! Trying again: when, how often, and with which values.

use crate::integration::sandbox::{Sandbox, text};
use serde_json::Value;

/// A task with a stage's further keys; it writes each try to a log.
fn retried(script: &str, more: &str) -> Sandbox {
    Sandbox::new(&format!(
        "version: 1\nsuite: retried\nparams:\n  a: {{ code: a, values: [1] }}\nstages:\n  work:\n    shell: |\n      \
         echo \"${{SHMOO_LET_STEP:-}}\" >> @ROOT@/log\n      {script}\n{more}"
    ))
}

/// The verdicts of all tries, the last one too.
fn verdicts(sandbox: &Sandbox) -> Vec<String> {
    let task = sandbox.task("work/a1");
    let tries = task["tries"].as_array().cloned().unwrap_or_default();
    tries.iter().chain([&task]).map(|tried: &Value| text(&tried["verdict"])).collect()
}

#[test]
fn an_error_is_tried_again_as_often_as_the_rule_says() {
    let rule = "    evidence: [exit]\n    retry: [ { if: [error], times: 2 } ]\n";
    let sandbox = retried("exit 1", rule);
    sandbox.run_to(10, &["run", "suite.yaml"]);
    assert_eq!(verdicts(&sandbox), ["error"; 3]);
    assert_eq!(sandbox.lines("log").len(), 3);
    assert_eq!(sandbox.report()["tasks"][0]["attempts"], 3);
    let sandbox = retried("test $(wc -l < @ROOT@/log) = 2", rule);
    sandbox.run_to(0, &["run", "suite.yaml"]);
    assert_eq!(verdicts(&sandbox), ["error", "pass"]);
    // Each try has a folder of its own.
    assert!(sandbox.task_folder("work/a1").ends_with("1.2"));
    assert!(sandbox.task_folder("work/a1").with_file_name("1.1").is_dir());
}

#[test]
fn a_timeout_is_tried_again_with_more_of_a_value() {
    let sandbox = retried(
        "if [ \"$SHMOO_LET_STEP\" -lt 40 ]; then sleep 600; fi",
        "    evidence: [exit]\n    timeout: 0.5s\n    let: { step: 10 }\n    \
         retry: [ { if: [timeout], times: 5, set: { step: { expr: step * 2 } } } ]\n",
    );
    sandbox.run_to(0, &["run", "suite.yaml"]);
    assert_eq!(verdicts(&sandbox), ["timeout", "timeout", "pass"]);
    assert_eq!(sandbox.lines("log"), ["10", "20", "40"]);
    assert_eq!(sandbox.task("work/a1")["tries"][1]["set"]["step"], 40);
}

#[test]
fn a_missed_metric_is_tried_again_and_others_are_not() {
    let more = "    let: { step: 1 }\n    evidence: [ { metric_lines: stdout } ]\n    \
                metrics: { x: { expect: { ge: 3 } }, y: { expect: { ge: 0 } } }\n    \
                retry: [ { if: [x], times: 3, set: { step: { expr: step + x } } } ]\n";
    let sandbox = retried("echo METRIC x $SHMOO_LET_STEP; echo METRIC y 1", more);
    sandbox.run_to(0, &["run", "suite.yaml"]);
    assert_eq!(verdicts(&sandbox), ["fail", "fail", "pass"]);
    assert_eq!(sandbox.lines("log"), ["1", "2", "4"]);
    let sandbox = retried("echo METRIC x 5; echo METRIC y -1", more);
    sandbox.run_to(11, &["run", "suite.yaml"]);
    assert_eq!(verdicts(&sandbox), ["fail"]);
    let sandbox = retried("echo METRIC x 0; echo METRIC y 1; exit 1", more);
    sandbox.run_to(10, &["run", "suite.yaml"]);
    assert_eq!(verdicts(&sandbox), ["error"]);
}

#[test]
fn a_program_that_is_not_there_is_not_tried_again() {
    let sandbox = Sandbox::new(
        "version: 1\nsuite: missing\nparams:\n  a: { code: a, values: [1] }\nstages:\n  work:\n    \
         cmd: [no-such-program-anywhere]\n    evidence: [exit]\n    retry: [ { if: [error], times: 5 } ]\n",
    );
    sandbox.run_to(10, &["run", "suite.yaml"]);
    let (verdict, message) = sandbox.verdict("work/a1");
    assert_eq!(verdict, "error");
    assert!(message.starts_with("there is no program `no-such-program-anywhere` in"), "{message}");
    assert!(message.ends_with("(install it, or add its folder to the path)"), "{message}");
    assert_eq!(verdicts(&sandbox), ["error"]);
}

#[test]
fn fail_fast_starts_nothing_more_and_can_be_continued() {
    let sandbox = Sandbox::new(
        r#"
version: 1
suite: fast
params:
  a: { code: a, values: { range: { start: 1, stop: 9, step: 1 } } }
stages:
  work:
    shell: |
      echo "$SHMOO_NAME" >> @ROOT@/log
      if [ "$SHMOO_PARAM_A" = 2 ]; then exit 1; fi
    evidence: [exit]
"#,
    );
    sandbox.run_to(13, &["run", "suite.yaml", "--jobs", "1", "--fail-fast"]);
    assert_eq!(sandbox.lines("log"), ["a1", "a2"]);
    assert_eq!(sandbox.events("stopped")[0]["reason"], "fail-fast");
    sandbox.run_to(10, &["run", "suite.yaml", "--jobs", "1", "--continue", "last"]);
    assert_eq!(sandbox.lines("log").len(), 9);
}
