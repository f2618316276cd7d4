//! What commands print, and their exit codes.

use super::command::{Outcome, is_there, shmoo};

/// Two axes, nine tasks, one expectation that a case misses.
const TINY: &str = r#"version: 1
suite: tiny
params:
  size: { code: s, values: [1, 2, 3] }
  kind: { code: k, values: [a, b] }
stages:
  make:
    per: [size]
    shell: seq "$SHMOO_PARAM_SIZE" > numbers.txt
    outputs: [numbers.txt]
  count:
    inputs: [make/numbers.txt]
    shell: |
      echo "lines=$(wc -l < numbers.txt)"
      echo "twice=$(($(wc -l < numbers.txt) * 2))"
    evidence: [{ key_value: stdout }]
    metrics:
      lines: { better: exact, expect: { lt: 3 } }
      twice: { better: lower }
"#;

/// All pass; a file of the repository, a retry that sets a value, a stage that gathers.
const GREEN: &str = r#"version: 1
suite: green
params:
  size: { code: s, values: [1, 2] }
stages:
  grow:
    inputs: [root/start.txt]
    let: { step: 1 }
    shell: |
      cat start.txt
      [ "$SHMOO_LET_STEP" -ge 4 ]
      echo "grown=$((SHMOO_PARAM_SIZE * SHMOO_LET_STEP))" | tee result.txt
    outputs: [result.txt]
    evidence: [{ key_value: result.txt }]
    metrics: { grown: { unit: B, better: lower } }
    retry: [{ if: [error], times: 3, set: { step: { expr: "step * 2" } } }]
  gather:
    per: []
    inputs: { rows.csv: { rows: grow } }
    cmd: [wc, -l, rows.csv]
    evidence: [exit]
"#;

fn green() -> super::command::Shmoo {
    shmoo().file("suite.yaml", GREEN).file("start.txt", "here\n")
}

#[test]
fn plan_two_axes() {
    shmoo().file("suite.yaml", TINY).args(["plan", "suite.yaml"]).snapshot("plan_two_axes");
}

#[test]
fn plan_listings() {
    shmoo()
        .file("suite.yaml", TINY)
        .args(["plan", "suite.yaml", "--format", "names"])
        .args(["plan", "suite.yaml", "--where", "size == 1", "--stage", "make", "--format", "json"])
        .args(["plan", "suite.yaml", "--case", "s9_ka"])
        .args(["plan", "suite.yaml", "--case", "s2_k*", "--format", "names"])
        .args(["run", "suite.yaml", "--case", "s1_ka", "--dry-run"])
        .snapshot("plan_listings");
}

#[test]
fn sweep_and_report() {
    shmoo()
        .file("suite.yaml", TINY)
        .args(["sweep", "suite.yaml", "--jobs", "1"])
        .args(["report"])
        .snapshot("sweep_and_report");
}

#[test]
fn a_second_sweep_compares() {
    green()
        .before(["sweep", "suite.yaml", "--jobs", "1"])
        .args(["sweep", "suite.yaml", "--jobs", "1"])
        .args(["run", "suite.yaml", "--case", "s1", "--jobs", "1", "--quiet"])
        .snapshot("a_second_sweep_compares");
}

/// Every mistake has a place, a snippet and a hint.
#[test]
fn mistakes_in_suites() {
    let mistake = |from: &str, to: &str| TINY.replacen(from, to, 1);
    shmoo()
        .file("key.yaml", &mistake("outputs:", "output:"))
        .args(["plan", "key.yaml"])
        .file("per.yaml", &mistake("per: [size]", "per: [sise]"))
        .args(["plan", "per.yaml"])
        .file(
            "edge.yaml",
            &mistake("per: [size]\n", "per: [size, kind]\n").replace("  count:\n", "  count:\n    per: [size]\n"),
        )
        .args(["run", "edge.yaml"])
        .file("code.yaml", &mistake("{ code: k, values: [a, b] }", "{ code: s, values: [a, b] }"))
        .args(["sweep", "code.yaml"])
        .file("value.yaml", &mistake("suite: tiny\n", "suite: tiny\nwhere: [\"kind == 'aa'\"]\n"))
        .args(["plan", "value.yaml"])
        .file("yaml.yaml", &mistake("values: [a, b] }", "values: [a, b }"))
        .args(["plan", "yaml.yaml"])
        .args(["plan", "none.yaml"])
        .snapshot("mistakes_in_suites");
}

#[test]
fn init_writes_a_suite_that_passes() -> Outcome {
    let done = shmoo()
        .args(["init"])
        .args(["init"])
        .args(["init", "new/my suite.yaml"])
        .args(["sweep", "suite.yaml", "--jobs", "1"])
        .before(["sweep", "new/my suite.yaml", "--jobs", "1"])
        .run()?;
    assert_eq!(done.last().code, 0, "{}{}", done.last().stdout, done.last().stderr);
    insta::with_settings!({ prepend_module_to_snapshot => false, omit_expression => true }, {
        insta::assert_snapshot!("init_writes_a_suite_that_passes", done.text);
    });
    Ok(())
}

#[test]
fn init_from_openfasoc() {
    shmoo()
        .file("sweep.yml", "designName: tempSense\nninv: [5, 11, 2]\ntemp: -40, 125, 55\n")
        .args(["init", "--from-openfasoc", "sweep.yml", "exclusive.yaml"])
        .args(["init", "--from-openfasoc", "sweep.yml", "--inclusive", "inclusive.yaml"])
        .args(["plan", "exclusive.yaml"])
        .args(["plan", "inclusive.yaml"])
        .file("wrong.yml", "designName: x\nninv: [5, 3, 1]\n")
        .args(["init", "--from-openfasoc", "wrong.yml", "wrong.yaml"])
        .args(["init", "--from-openfasoc", "nowhere.yml"])
        .args(["init", "--inclusive"])
        .shell("ls")
        .snapshot("init_from_openfasoc");
}

#[test]
fn list_shows_suites_and_their_last_run() {
    shmoo()
        .args(["list"])
        .file("suite.yaml", TINY)
        .file("configs/green.yaml", GREEN)
        .file("other.yaml", "version: 2\n")
        .before(["sweep", "suite.yaml", "--jobs", "1"])
        .args(["list"])
        .file("shmoo.yaml", "version: 1\nsuites: [configs/*.yaml]\n")
        .file("configs/names.yaml", "version: 1\nparams: {}\n")
        .file("configs/broken.yaml", "version: 1\nsuite: broken\nstage: {}\n")
        .args(["list", "--format", "json"])
        .snapshot("list");
}

#[test]
fn doctor_tells_what_is_missing() -> Outcome {
    let suite = TINY.replace(
        "    per: [size]\n    shell: seq",
        "    per: [size]\n    tools: [no-such-tool]\n    shell: gzip -h; seq",
    );
    let done = shmoo()
        .file("shmoo.yaml", "version: 1\nsuites: [\"*.yaml\"]\ntools: { no-such-tool: { install: \"ask Ann\" } }\n")
        .file("suite.yaml", &suite)
        .args(["doctor", "--format", "json"])
        .replace("suite.yaml", "    tools: [no-such-tool]\n", "")
        .args(["doctor", "suite.yaml"])
        .args(["doctor", "nowhere.yaml"])
        .run()?;
    let json: serde_json::Value = serde_json::from_str(&done.outputs[0].stdout)?;
    let tool = |name: &str| json["tools"].as_array().unwrap().iter().find(|tool| tool["name"] == name).unwrap().clone();
    assert_eq!(done.outputs[0].code, 20);
    assert!(
        done.outputs[0].stderr.contains("error: 1 needed tool missing: no-such-tool"),
        "{}",
        done.outputs[0].stderr
    );
    let missing = tool("no-such-tool");
    assert_eq!((&missing["missed"], &missing["install"]), (&true.into(), &"ask Ann".into()));
    assert_eq!(missing["needed_by"], serde_json::json!(["tiny/make"]));
    assert_eq!(tool("gzip")["mentioned_by"], serde_json::json!(["tiny/make"]));
    assert_eq!(tool("bash")["found"], true);
    let names: Vec<&str> =
        json["machine"].as_array().unwrap().iter().filter_map(|place| place["name"].as_str()).collect();
    assert_eq!(names, ["history", "store", "disk", "inputs", "kernel", "limits"]);
    assert_eq!(done.outputs[1].code, 0, "{}", done.outputs[1].stderr);
    assert!(done.outputs[1].stdout.contains("✓ bash"), "{}", done.outputs[1].stdout);
    assert_eq!(done.outputs[2].code, 2);
    assert!(!is_there(&done.path(".shmoo")), "looking leaves nothing behind");
    Ok(())
}

#[test]
fn history_over_two_runs() {
    green()
        .args(["history", "list"])
        .before(["sweep", "suite.yaml", "--jobs", "1"])
        .replace("suite.yaml", "SHMOO_PARAM_SIZE * SHMOO_LET_STEP", "SHMOO_PARAM_SIZE * SHMOO_LET_STEP * 2")
        .before(["sweep", "suite.yaml", "--jobs", "1"])
        .args(["history", "list"])
        .args(["history", "show", "--metric", "grown"])
        .args(["history", "show", "--metric", "grow.grown", "--point", "s2"])
        .args(["history", "show", "--metric", "gronw"])
        .args(["history", "show", "--metric", "grown", "--point", "s3"])
        .args(["history", "export", "cases", "--format", "jsonl"])
        .args(["history", "export", "metrics", "--suite", "none"])
        .args(["history", "show", "RUN-1"])
        .snapshot("history_over_two_runs");
}

#[test]
fn record_is_idempotent() {
    green()
        .before(["sweep", "suite.yaml", "--jobs", "1", "--no-archive"])
        .args(["record"])
        .remove(".shmoo/history.db")
        .args(["record", "RUN-1"])
        .args(["record", "last", "--format", "json"])
        .args(["record", "nothing"])
        .snapshot("record_is_idempotent");
}

#[test]
fn archive_and_restore() -> Outcome {
    let done = green()
        .before(["sweep", "suite.yaml", "--jobs", "1", "--no-archive"])
        .args(["restore", "last"])
        .args(["archive"])
        .args(["restore", "last", "--verify"])
        .args(["restore", "last"])
        .args(["restore", "--case", "s2", "--into", "two"])
        .shell("find two/work -type f | sort")
        .args(["restore", "--case", "s3"])
        .args(["restore", "--file", "work/grow/s1/1.3/result.txt"])
        .shell("cat result.txt")
        .args(["restore", "--file", "work/grow/s1/1.3/resultt.txt"])
        .args(["restore", "--into", "two"])
        .remove(".shmoo/runs/RUN-1")
        .args(["report", "RUN-1"])
        .args(["compare", "RUN-1"])
        .args(["restore", "RUN-1"])
        .args(["report", "RUN-1"])
        .run()?;
    let listed = shmoo().args(["restore", "--list"]).run()?;
    assert_eq!(listed.last().code, 2, "{}", listed.last().stderr);
    insta::with_settings!({ prepend_module_to_snapshot => false, omit_expression => true }, {
        insta::assert_snapshot!("archive_and_restore", done.text);
    });
    Ok(())
}

/// What is printed can be pasted: in another shell it gives what the run gave.
#[test]
fn repro_prints_commands_that_work() -> Outcome {
    let done = green()
        .before(["sweep", "suite.yaml", "--jobs", "1"])
        .file("start.txt", "edited since\n")
        .args(["repro", "s2"])
        .args(["repro", "s4"])
        .args(["repro", "s2", "--stage", "grwo"])
        .remove(".shmoo/runs/RUN-1")
        .args(["repro", "s2", "--stage", "grow", "--into", "once-more"])
        .args(["repro", "s2", "--stage", "grow", "--into", "once-more"])
        .run()?;
    for index in [1, 4] {
        let script = &done.outputs[index].stdout;
        let output = std::process::Command::new("bash").args(["-euo", "pipefail", "-c", script]).output()?;
        let text = String::from_utf8(output.stdout)?;
        assert!(output.status.success(), "{script}\n{}", String::from_utf8_lossy(&output.stderr));
        assert!(text.starts_with("here\ngrown=8\n"), "{text}");
    }
    insta::with_settings!({ prepend_module_to_snapshot => false, omit_expression => true }, {
        insta::assert_snapshot!("repro_prints_commands_that_work", done.text);
    });
    Ok(())
}

#[test]
fn check_judges_kept_evidence_again() {
    shmoo()
        .file("suite.yaml", TINY)
        .before(["sweep", "suite.yaml", "--jobs", "1"])
        .args(["check"])
        .replace("suite.yaml", "lt: 3", "lt: 2")
        .args(["check"])
        .replace("suite.yaml", "lt: 2", "lt: 9")
        .args(["check"])
        .replace("suite.yaml", "twice=", "twice =")
        .args(["check", "--format", "json"])
        .replace("suite.yaml", "twice =", "twice=")
        .replace("suite.yaml", "values: [1, 2, 3]", "values: [2, 3, 4]")
        .replace("suite.yaml", "lt: 9", "lt: 3")
        .replace(
            "suite.yaml",
            "stages:\n",
            "known_failures:\n  - { stage: count, where: \"size == 3\", verdict: fail, reason: \"three is many\" }\nstages:\n",
        )
        .args(["check"])
        .remove("suite.yaml")
        .args(["check"])
        .snapshot("check_judges_kept_evidence_again");
}

#[test]
fn check_goldens_of_today() {
    green()
        .before(["sweep", "suite.yaml", "--jobs", "1"])
        .file("goldens.csv", "metric,point,value,unit\ngrow.grown,s1,4,B\ngrow.grown,s2,9,B\ngrow.grown,s7,9,B\n")
        .replace(
            "suite.yaml",
            "stages:\n",
            "goldens: { file: goldens.csv, tolerance: [{ grown: { rel: 1% } }] }\nstages:\n",
        )
        .args(["check"])
        .replace("suite.yaml", "rel: 1%", "rel: 50%")
        .replace("goldens.csv", "grow.grown,s7,9,B\n", "")
        .args(["check"])
        .snapshot("check_goldens_of_today");
}

#[test]
fn compare_two_runs() {
    shmoo()
        .file("suite.yaml", TINY)
        .args(["compare"])
        .before(["sweep", "suite.yaml", "--jobs", "1"])
        .args(["compare"])
        .replace("suite.yaml", "wc -l < numbers.txt)\"", "wc -c < numbers.txt)\"")
        .replace("suite.yaml", "values: [1, 2, 3]", "values: [2, 3, 4]")
        .before(["sweep", "suite.yaml", "--jobs", "1"])
        .args(["compare"])
        .args(["compare", "last", "--base", "RUN-2", "--format", "json"])
        .args(["compare", "last", "--base", "nothing"])
        .snapshot("compare_two_runs");
}

#[test]
fn prune_keeps_what_is_needed() {
    green()
        .args(["prune"])
        .before(["sweep", "suite.yaml", "--jobs", "1"])
        .before(["sweep", "suite.yaml", "--jobs", "1", "--no-archive"])
        .before(["sweep", "suite.yaml", "--jobs", "1"])
        .before(["sweep", "suite.yaml", "--jobs", "1"])
        .args(["prune"])
        .args(["prune", "--keep", "1"])
        .args(["prune", "--keep", "1", "--yes"])
        .args(["prune", "--keep", "0", "--yes", "--only-copies"])
        .args(["restore", "RUN-1"])
        .shell("ls .shmoo/runs | wc -l")
        .snapshot("prune_keeps_what_is_needed");
}

#[test]
fn help_of_every_command() -> Outcome {
    let commands = [
        "init",
        "bless",
        "sweep",
        "report",
        "compare",
        "doctor",
        "plan",
        "run",
        "archive",
        "restore",
        "repro",
        "record",
        "check",
        "list",
        "history",
        "prune",
        "schema",
        "completions",
    ];
    for command in commands {
        let done = shmoo().args([command, "--help"]).run()?;
        let output = done.last();
        assert_eq!(output.code, 0, "{command}");
        let first = output.stdout.lines().next().unwrap_or_default();
        assert!(!first.is_empty() && !first.ends_with('.'), "{command}: {first}");
        assert!(output.stdout.lines().all(|line| line.chars().count() <= 110), "{command}: {}", output.stdout);
    }
    Ok(())
}
