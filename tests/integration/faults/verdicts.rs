//! From what a task leaves to its verdict: exit codes, outputs, gates, known failures.

use crate::integration::sandbox::Sandbox;

/// Runs one task and returns its verdict and message.
fn verdict(stage: &str) -> String {
    let stage = stage.replace('\n', "\n    ");
    let sandbox = Sandbox::new(&format!(
        "version: 1\nsuite: verdicts\nparams:\n  a: {{ code: a, values: [1] }}\nstages:\n  work:\n    {stage}\n"
    ));
    sandbox.run(&["run", "suite.yaml"]);
    let (verdict, message) = sandbox.verdict("work/a1");
    format!("{verdict} {message}").trim_end().to_owned()
}

#[test]
fn exit_codes() {
    let check = |stage: &str, expected: &str| assert_eq!(verdict(stage), expected, "{stage}");
    check("shell: exit 0\nevidence: [exit]", "pass");
    check("shell: exit 3\nevidence: [exit]", "error it ended with exit code 3");
    check("shell: exit 3\nexit: [0, 3]\nevidence: [exit]", "pass");
    check("shell: exit 0\nexit: [3]\nevidence: [exit]", "error it ended with exit code 0");
    check("shell: exit 77\nexit: any\nevidence: [exit]", "pass");
    check("shell: kill -SEGV $$\nexit: any\nevidence: [exit]", "error it ended with signal 11");
    check("shell: no-such-tool\nevidence: [exit]", "error exit code 127: a program in its `shell` was not found");
    check("shell: false | cat\nevidence: [exit]", "error it ended with exit code 1");
    check("shell: echo $UNSET\nevidence: [exit]", "error it ended with exit code 1");
}

#[test]
fn outputs_that_are_missing_or_empty() {
    let check = |stage: &str, expected: &str| assert_eq!(verdict(stage), expected, "{stage}");
    check("shell: echo x > out\noutputs: [out]", "pass");
    check("shell: 'true'\noutputs: [out]", "error its output `out` is missing");
    check("shell: touch out\noutputs: [out]", "error its output `out` is empty");
    check("shell: 'true'\noutputs: [x, y, z]", "error its output `x` is missing (and 2 more)");
    // A bad exit is the first thing to know.
    check("shell: exit 1\noutputs: [out]", "error it ended with exit code 1");
    let nothing = verdict("shell: echo nothing\nevidence: [ { metric_lines: stdout } ]\nmetrics: { x: {} }");
    assert!(nothing.starts_with("error `stdout`: the report holds no `METRIC name value` line"), "{nothing}");
    let other = verdict("shell: echo METRIC y 1\nevidence: [ { metric_lines: stdout } ]\nmetrics: { x: {} }");
    assert!(other.starts_with("error ") && other.contains("`x`"), "{other}");
}

#[test]
fn programs_that_cannot_be_started_say_what_to_do() {
    let cases = [
        ("cmd: [./tool.sh]", "cannot start `./tool.sh`: No such file or directory (os error 2) (it is taken from the"),
        ("cmd: [./data]\ninputs: [root/data]", "cannot start `./data`: Permission denied (os error 13) (`chmod +x"),
        ("cmd: [./script]\ninputs: [root/script]", "No such file or directory (os error 2) (the file is there: the"),
    ];
    for (stage, expected) in cases {
        let stage = stage.replace('\n', "\n    ");
        let sandbox = Sandbox::new(&format!(
            "version: 1\nsuite: start\nparams:\n  a: {{ code: a, values: [1] }}\nstages:\n  work:\n    {stage}\n    \
             evidence: [exit]\n"
        ));
        sandbox.write("data", "no program");
        sandbox.write("script", "#!/no/such/interpreter\n");
        let made = std::process::Command::new("chmod").arg("+x").arg(sandbox.path("script")).status();
        assert!(made.unwrap().success());
        sandbox.run_to(10, &["run", "suite.yaml"]);
        let (verdict, message) = sandbox.verdict("work/a1");
        assert!(verdict == "error" && message.contains(expected), "{message}");
    }
}

#[test]
fn what_is_gated_is_skipped_with_the_first_cause() {
    let sandbox = Sandbox::new(
        r#"
version: 1
suite: gates
params:
  a: { code: a, values: [1, 2] }
stages:
  make:
    cmd: [sh, -c, "echo {a} > out; echo METRIC x {a}"]
    outputs: [out]
    evidence: [ { metric_lines: stdout } ]
    metrics: { x: { expect: { ge: 2 } } }
  use:
    inputs: [make/out]
    cmd: [cat, out]
    evidence: [exit]
  gated:
    after: [make]
    cmd: [echo, gated]
    evidence: [exit]
  further:
    after: [gated]
    cmd: [echo, further]
    evidence: [exit]
  last:
    after: [further]
    cmd: [echo, last]
    evidence: [exit]
"#,
    );
    sandbox.run_to(11, &["run", "suite.yaml"]);
    let check = |key: &str, verdict: &str, message: &str| {
        assert_eq!(sandbox.verdict(key), (verdict.to_owned(), message.to_owned()));
    };
    check("make/a1", "fail", "x is 1, expected >= 2");
    check("use/a1", "pass", "");
    check("gated/a1", "skipped", "it runs only after make/a1 has passed, which is fail");
    check("further/a1", "skipped", "it runs only after gated/a1 has passed, which is skipped");
    for key in ["gated/a1", "further/a1", "last/a1"] {
        assert_eq!(sandbox.task(key)["cause"], "make/a1", "{key}");
    }
    check("last/a2", "pass", "");
}

#[test]
fn what_needs_an_output_of_an_error_is_skipped() {
    let sandbox = Sandbox::new(
        r#"
version: 1
suite: flow
params:
  a: { code: a, values: [1, 2] }
stages:
  make:
    cmd: [sh, -c, "echo {a} > out; test {a} = 2"]
    outputs: [out]
  use:
    inputs: [make/out]
    cmd: [cat, out]
    evidence: [exit]
  again:
    inputs: { all: { each: make/out } }
    per: []
    cmd: [ls, all]
    evidence: [exit]
"#,
    );
    sandbox.run_to(10, &["run", "suite.yaml"]);
    let message = "it needs an output of make/a1, which is error";
    assert_eq!(sandbox.verdict("use/a1"), ("skipped".to_owned(), message.to_owned()));
    assert_eq!(sandbox.task("use/a1")["cause"], "make/a1");
    assert_eq!(sandbox.verdict("use/a2").0, "pass");
    assert_eq!(sandbox.verdict("again/all").0, "pass");
}

#[test]
fn known_failures_are_marked_and_missed_ones_are_told() {
    let suite = r#"
version: 1
suite: known
params:
  a: { code: a, values: [1, 2, 3] }
stages:
  work:
    cmd: [sh, -c, "echo METRIC x {a}"]
    evidence: [ { metric_lines: stdout } ]
    metrics: { x: { expect: { le: 2 } } }
known_failures:
  - { stage: work, where: "a == @A@", verdict: fail, reason: "three is too much" }
"#;
    let sandbox = Sandbox::new(&suite.replace("@A@", "3"));
    sandbox.run_to(0, &["run", "suite.yaml"]);
    let report = sandbox.report();
    assert_eq!((&report["totals"]["known"], &report["tasks"][2]["verdict"]), (&1.into(), &"fail".into()));
    let sandbox = Sandbox::new(&suite.replace("@A@", "1"));
    sandbox.run_to(11, &["run", "suite.yaml"]);
    assert_eq!(sandbox.report()["known_failures"].as_array().map(Vec::len), Some(1));
}
