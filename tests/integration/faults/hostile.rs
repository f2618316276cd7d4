//! Tasks that misbehave: what they leave running, what they write, what they do to their folder.

use crate::integration::sandbox::{Sandbox, text, until_true};
use std::path::Path;
use wait4::Wait4;

/// A project whose only task is this script.
fn one_task(script: &str, more: &str) -> Sandbox {
    let script = script.replace('\n', "\n      ");
    Sandbox::new(&format!(
        "version: 1\nsuite: hostile\nparams:\n  a: {{ code: a, values: [1] }}\nstages:\n  work:\n    shell: |\n      \
         {script}\n    evidence: [exit]\n{more}"
    ))
}

fn is_alive(pid: &str) -> bool {
    // A number may be taken again: what we look for sleeps.
    std::fs::read(format!("/proc/{}/cmdline", pid.trim())).is_ok_and(|line| line.starts_with(b"sleep"))
}

fn notes(sandbox: &Sandbox, key: &str) -> Vec<String> {
    sandbox.task(key)["notes"].as_array().map_or(Vec::new(), |notes| notes.iter().map(text).collect())
}

#[test]
fn a_daemon_is_ended_and_noted() {
    let sandbox = one_task(
        "(setsid sh -c 'echo $$ > @ROOT@/pid.part; mv @ROOT@/pid.part @ROOT@/pid; exec sleep 600' \
         < /dev/null > /dev/null 2>&1 &)\nwhile ! test -e @ROOT@/pid; do sleep 0.01; done",
        "",
    );
    sandbox.run_to(0, &["run", "suite.yaml"]);
    assert!(!is_alive(&sandbox.lines("pid")[0]));
    assert_eq!(notes(&sandbox, "work/a1"), ["it left a process behind, which was ended"]);
}

#[test]
fn a_daemon_that_hides_whose_it_is_is_ended_too() {
    let sandbox = one_task(
        "(setsid env -i PATH=\"$PATH\" sh -c 'echo $$ > @ROOT@/pid.part; mv @ROOT@/pid.part @ROOT@/pid; \
         exec sleep 600' < /dev/null > /dev/null 2>&1 &)\nwhile ! test -e @ROOT@/pid; do sleep 0.01; done",
        "",
    );
    sandbox.run_to(0, &["run", "suite.yaml"]);
    assert!(!is_alive(&sandbox.lines("pid")[0]));
    let notes = notes(&sandbox, "work/a1");
    assert!(notes.len() == 1 && notes[0].starts_with("a process was left behind and ended"), "{notes:?}");
}

#[test]
fn a_daemon_that_keeps_the_output_open_does_not_hold_the_run() {
    let sandbox = one_task(
        "(setsid sh -c 'echo $$ > @ROOT@/pid.part; mv @ROOT@/pid.part @ROOT@/pid; exec sleep 600' &)\n\
         while ! test -e @ROOT@/pid; do sleep 0.01; done",
        "",
    );
    sandbox.run_to(0, &["run", "suite.yaml"]);
    assert!(!is_alive(&sandbox.lines("pid")[0]));
    assert!(sandbox.task("work/a1")["usage"]["wall"].as_f64().unwrap() < 60.0);
}

#[test]
fn the_helper_of_a_running_task_is_not_taken_for_a_daemon() {
    let sandbox = Sandbox::new(
        r#"
version: 1
suite: helper
params:
  a: { code: a, values: [1, 2] }
stages:
  work:
    shell: |
      if [ "$SHMOO_PARAM_A" = 1 ]; then
        # Its parent is gone at once: it is an orphan, and yet in use.
        (setsid sh -c 'echo $$ > pid.part; mv pid.part pid; exec sleep 600' < /dev/null > /dev/null 2>&1 &)
        while ! test -e pid; do sleep 0.01; done
        touch @ROOT@/helped
        while ! test -e @ROOT@/daemon-is-over; do sleep 0.01; done
        kill -0 $(cat pid)
      else
        while ! test -e @ROOT@/helped; do sleep 0.01; done
        (setsid sh -c 'touch @ROOT@/daemon; exec sleep 600' < /dev/null > /dev/null 2>&1 &)
        while ! test -e @ROOT@/daemon; do sleep 0.01; done
      fi
    evidence: [exit]
"#,
    );
    let started = sandbox.start(&["run", "suite.yaml", "--jobs", "2"]);
    until_true("the task with the daemon", || sandbox.finished().contains_key("work/a2"));
    sandbox.write("daemon-is-over", "");
    let said = started.end();
    assert_eq!(said.code, 0, "{}", said.stderr);
    for key in ["work/a1", "work/a2"] {
        assert_eq!(notes(&sandbox, key), ["it left a process behind, which was ended"]);
    }
}

#[test]
fn a_task_that_ignores_sigterm_is_killed_at_its_limit_with_its_grandchildren() {
    let sandbox = one_task(
        "trap '' TERM\n(trap '' TERM; (trap '' TERM; echo $BASHPID > @ROOT@/pid; exec sleep 600) & wait; sleep 600) &\n\
         while ! test -s @ROOT@/pid; do sleep 0.01; done\nwait; sleep 600",
        "    timeout: 1s\n",
    );
    sandbox.run_to(10, &["run", "suite.yaml"]);
    assert_eq!(sandbox.verdict("work/a1"), ("timeout".to_owned(), "it was killed at its limit of 1.0s".to_owned()));
    assert!(!is_alive(&sandbox.lines("pid")[0]));
    assert!(sandbox.task("work/a1")["usage"]["wall"].as_f64().unwrap() < 60.0);
}

#[test]
fn a_flood_of_output_is_ended_at_the_limit_and_cut() {
    let sandbox = one_task("exec yes", "    timeout: 1s\n");
    sandbox.write("shmoo.yaml", "version: 1\noutput_limit: 1MiB\n");
    sandbox.run_to(10, &["run", "suite.yaml"]);
    assert_eq!(sandbox.verdict("work/a1").0, "timeout");
    assert!(notes(&sandbox, "work/a1")[0].starts_with("stdout was cut: it wrote "));
}

#[test]
fn a_gigabyte_of_output_costs_no_memory_and_is_cut() {
    let sandbox = one_task("echo first; head -c 1G /dev/zero; echo last", "");
    let mut started = sandbox.start(&["run", "suite.yaml"]);
    let waited = started.child.wait4().unwrap();
    assert_eq!(waited.status.code(), Some(0), "{}", started.stderr());
    // Of the process and of all it has waited for.
    assert!(waited.rusage.maxrss < 150 << 20, "{} bytes", waited.rusage.maxrss);
    let folder = sandbox.task_folder("work/a1");
    let kept = folder.with_file_name("1.1.stdout").metadata().unwrap().len();
    assert!(kept > 60 << 20 && kept < 65 << 20, "{kept}");
    assert_eq!(notes(&sandbox, "work/a1"), ["stdout was cut: it wrote 1073741835 bytes, `output_limit` is 67108864"]);
}

#[test]
fn evidence_that_was_cut_is_no_evidence() {
    let sandbox = one_task("echo METRIC x 1; head -c 3M /dev/zero", "    metrics: { x: {} }\n");
    sandbox.write("shmoo.yaml", "version: 1\noutput_limit: 1MiB\n");
    let suite = sandbox.lines("suite.yaml").join("\n").replace("[exit]", "[ { metric_lines: stdout } ]");
    sandbox.write("suite.yaml", suite);
    sandbox.run_to(10, &["run", "suite.yaml"]);
    assert_eq!(
        sandbox.verdict("work/a1"),
        ("error".to_owned(), "its evidence is stdout, which is longer than `output_limit` and was cut".to_owned())
    );
}

#[test]
fn output_that_is_not_utf8_is_quoted_all_the_same() {
    let sandbox = one_task("printf 'bad \\xff\\xfe bytes\\n' >&2; exit 3", "");
    sandbox.run_to(10, &["run", "suite.yaml"]);
    let task = sandbox.task("work/a1");
    assert_eq!(task["quotes"][0]["text"], "bad \u{fffd}\u{fffd} bytes");
    assert_eq!(sandbox.report()["tasks"][0]["quotes"][0]["text"], "bad \u{fffd}\u{fffd} bytes");
}

#[test]
fn evidence_that_is_not_utf8_gives_its_metrics() {
    let sandbox = one_task("printf 'junk \\xff\\nMETRIC x 4\\n'", "    metrics: { x: { expect: { eq: 4 } } }\n");
    let suite = sandbox.lines("suite.yaml").join("\n").replace("[exit]", "[ { metric_lines: stdout } ]");
    sandbox.write("suite.yaml", suite);
    sandbox.run_to(0, &["run", "suite.yaml"]);
}

#[test]
fn a_task_that_deletes_or_replaces_its_folder_is_an_error() {
    for script in [
        "rm -rf \"$HOME\"",
        "cd ..; rm -rf \"$HOME\"; ln -s / \"$HOME\"",
        "cd ..; rm -rf \"$HOME\"; echo file > \"$HOME\"",
        "cd ..; mv \"$HOME\" moved",
    ] {
        let sandbox = one_task(&format!("echo here > out; {script}"), "    outputs: [out]\n");
        sandbox.run_to(10, &["sweep", "suite.yaml"]);
        assert_eq!(
            sandbox.verdict("work/a1"),
            ("error".to_owned(), "it deleted its own folder".to_owned()),
            "{script}"
        );
    }
}

#[test]
fn a_task_that_takes_all_rights_from_its_folder_is_archived() {
    let sandbox = one_task("echo here > out; mkdir sub; echo x > sub/y; chmod 000 sub out .", "    outputs: [out]\n");
    let said = sandbox.run(&["sweep", "suite.yaml"]);
    if rustix::process::geteuid().is_root() {
        assert_eq!(said.code, 0, "{}", said.stderr);
    } else {
        // It took them from us too: an error that names the file.
        assert_eq!(said.code, 20, "{}", said.stderr);
    }
    let folder = sandbox.path(".shmoo/runs");
    let opened = std::process::Command::new("chmod").args(["-R", "u+rwx"]).arg(&folder).status().unwrap();
    assert!(opened.success());
}

#[test]
fn a_retry_after_a_deleted_folder_starts_in_a_new_one() {
    let sandbox = one_task(
        "if test -e @ROOT@/tried; then echo second > out; else touch @ROOT@/tried; rm -rf \"$HOME\"; fi",
        "    outputs: [out]\n    retry: [ { if: [error], times: 1 } ]\n",
    );
    sandbox.run_to(0, &["run", "suite.yaml"]);
    let task = sandbox.task("work/a1");
    assert_eq!(task["tries"][0]["message"], "it deleted its own folder");
    assert!(Path::new(&sandbox.task_folder("work/a1")).ends_with("work/work/a1/1.2"));
}
