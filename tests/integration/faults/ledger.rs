//! Ledgers that were cut, written by a newer program, or damaged.

use crate::integration::sandbox::{Random, Sandbox, scrubbed};
use std::fs;

const SUITE: &str = r#"
version: 1
suite: ledger
params:
  a: { code: a, values: [1, 2, 3, 4, 5, 6] }
stages:
  make:
    cmd: [sh, -c, "echo {a} > out"]
    outputs: [out]
  use:
    inputs: [make/out]
    cmd: [cat, out]
    evidence: [exit]
"#;

fn done() -> (Sandbox, String) {
    let sandbox = Sandbox::new(SUITE);
    sandbox.run_to(0, &["run", "suite.yaml"]);
    let ledger = fs::read_to_string(&sandbox.ledgers()[0]).unwrap();
    (sandbox, ledger)
}

#[test]
fn a_ledger_that_was_cut_anywhere_is_continued() {
    let (sandbox, whole) = done();
    let reference = scrubbed(sandbox.report());
    let first = sandbox.ledgers()[0].clone();
    let header = whole.find('\n').unwrap() + 1;
    let mut random = Random(77);
    for _ in 0..15 {
        let at = header + random.below((whole.len() - header) as u64) as usize;
        for file in sandbox.ledgers() {
            fs::remove_file(file).unwrap();
        }
        fs::write(&first, &whole.as_bytes()[..at]).unwrap();
        let before: Vec<String> = sandbox.finished().into_keys().collect();
        sandbox.run_to(0, &["run", "suite.yaml", "--continue", "last"]);
        assert_eq!(scrubbed(sandbox.report()), reference, "cut at {at}");
        let again = sandbox.events("finished").len();
        assert_eq!(again, 12, "cut at {at}: of {} that were final, some ran again", before.len());
    }
}

#[test]
fn a_ledger_without_a_whole_header_says_so() {
    let (sandbox, whole) = done();
    fs::write(&sandbox.ledgers()[0], &whole[..20]).unwrap();
    let said = sandbox.run_to(20, &["run", "suite.yaml", "--continue", "last"]);
    assert!(said.stderr.contains("has no complete header"), "{}", said.stderr);
    assert!(said.stderr.contains("may be deleted"), "{}", said.stderr);
}

#[test]
fn events_of_a_newer_program_are_passed_over() {
    let (sandbox, whole) = done();
    let count = whole.lines().count();
    let line = format!("{{\"seq\":{count},\"time\":\"2026-01-01T00:00:00.000Z\",\"kind\":\"telepathy\",\"of\":[1]}}\n");
    fs::write(&sandbox.ledgers()[0], format!("{whole}{line}")).unwrap();
    let said = sandbox.run_to(0, &["run", "suite.yaml", "--continue", "last"]);
    assert!(said.stderr.contains("0 tasks to do, 12 done before"), "{}", said.stderr);
}

#[test]
fn a_broken_line_in_the_middle_is_an_error_with_its_number() {
    for (broken, expected) in [("{\"seq\":4,", "line 5"), ("nonsense", "line 5"), ("", "line 5")] {
        let (sandbox, whole) = done();
        let mut lines: Vec<&str> = whole.lines().collect();
        lines[4] = broken;
        let file = &sandbox.ledgers()[0];
        fs::write(file, lines.join("\n") + "\n").unwrap();
        for arguments in [&["run", "suite.yaml", "--continue", "last"][..], &["report", "last"]] {
            let said = sandbox.run_to(20, arguments);
            assert!(said.stderr.contains(expected), "{}", said.stderr);
            assert!(said.stderr.contains("hint: "), "{}", said.stderr);
        }
    }
}

#[test]
fn a_missing_line_is_an_error() {
    let (sandbox, whole) = done();
    let mut lines: Vec<&str> = whole.lines().collect();
    lines.remove(4);
    fs::write(&sandbox.ledgers()[0], lines.join("\n") + "\n").unwrap();
    let said = sandbox.run_to(20, &["run", "suite.yaml", "--continue", "last"]);
    assert!(said.stderr.contains("has the sequence number 5, not 4"), "{}", said.stderr);
}
