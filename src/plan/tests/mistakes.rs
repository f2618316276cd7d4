//! Mistakes that only the expanded cases show: each is told once, with its place and a way out.

use super::{TWO, refusal};
use crate::plan::Selection;

/// `stages` follow the parameters `a: [1, 2]` and `b: [x, y]`, from line 6 on.
#[track_caller]
fn check(stages: &str, expected: &str) {
    let text = format!("{TWO}{stages}");
    assert_eq!(refusal(&text, Selection::default()), expected, "{text}");
}

#[test]
fn a_let_with_two_values_in_one_task() {
    check(
        "let: { url: { pick: b, from: { x: left, y: right } } }
stages:
  fetch: { per: [a], cmd: [get, '{url}'], evidence: [exit] }
",
        "8:3: stage `fetch`: `url` has two values in one task: left and right
  hint: add what it depends on to `per` (the two cases differ in b)",
    );
    check(
        "cases:
  - { over: { b: x }, let: { kind: left } }
  - { over: { b: y }, let: { kind: right } }
stages:
  fetch: { per: [a], env: { KIND: '{kind}' }, cmd: [get], evidence: [exit] }
",
        "10:3: stage `fetch`: `kind` has two values in one task: left and right
  hint: add what it depends on to `per` (the two cases differ in b)",
    );
    // Through two other `let`s.
    check(
        "let: { path: 'to/{place}', place: '{kind}.txt' }
cases:
  - { over: { b: x }, let: { kind: left } }
  - { over: { b: y }, let: { kind: right } }
stages:
  fetch: { per: [a], cmd: [get, '{path}'], evidence: [exit] }
",
        "11:3: stage `fetch`: `path` has two values in one task: to/left.txt and to/right.txt
  hint: add what it depends on to `per` (the two cases differ in b)",
    );
    // A shell text uses a `let` by its variable, not by one that only begins like it.
    let shell = |variable: &str| {
        format!(
            "let: {{ td: {{ pick: b, from: {{ x: 1, y: 2 }} }} }}
stages:
  fetch: {{ per: [a], shell: 'echo ${variable} > out', evidence: [exit] }}
"
        )
    };
    check(
        &shell("SHMOO_LET_TD"),
        "8:3: stage `fetch`: `td` has two values in one task: 1 and 2
  hint: add what it depends on to `per` (the two cases differ in b)",
    );
    check(&shell("SHMOO_LET_TDX"), "a plan of 4 cases and 2 tasks");
    // The same value in all cases of a task is fine, however it comes about.
    check(
        "let: { side: { pick: b, from: { x: 8, y: 8 } } }
stages:
  fetch: { per: [a], cmd: [get, '{side}'], evidence: [exit] }
",
        "a plan of 4 cases and 2 tasks",
    );
}

#[test]
fn a_when_with_two_values_in_one_task() {
    check(
        "cases:
  - { over: { b: x }, let: { wanted: true } }
  - { over: { b: y }, let: { wanted: false } }
stages:
  once: { per: [a], when: wanted, cmd: [run], evidence: [exit] }
",
        "10:3: stage `once`: `when: wanted` has two values in one task
  hint: add what it depends on to `per` (the two cases differ in b)",
    );
}

#[test]
fn an_input_of_several_tasks_or_none() {
    check(
        "stages:
  make: { cmd: [make], outputs: [o] }
  use:
    per: [a]
    inputs: [make/o]
    cmd: [use]
    evidence: [exit]
",
        "10:14: several tasks of `make` (they differ in b)
  for use/a1 and another task
  hint: say which with `at:`, or take all with `rows:` or `each:`",
    );
    check(
        "stages:
  make: { when: \"a == 1\", cmd: [make], outputs: [o] }
  use: { inputs: [make/o], cmd: [use], evidence: [exit] }
",
        "8:19: there is no task of `make` for this one
  for use/a2_bx and another task
  hint: `make` has `when: a == 1`; give this stage a `when` that agrees, or choose its input with `pick:`",
    );
    check(
        "stages:
  make: { cmd: [make], outputs: [o] }
  use: { per: [a], inputs: { o: { of: make/o, at: { b: x } } }, cmd: [use], evidence: [exit] }
",
        "a plan of 4 cases and 6 tasks",
    );
    check(
        "where: [\"a == 1 or b == 'x'\"]
stages:
  make: { cmd: [make], outputs: [o] }
  use: { per: [a], inputs: { o: { of: make/o, at: { b: y } } }, cmd: [use], evidence: [exit] }
",
        "9:30: there is no task of `make` at b = y for this one
  for use/a2
  hint: no case gives `make` these values; narrow this stage with `when`",
    );
    check(
        "stages:
  make: { when: \"a == 1\", cmd: [make], outputs: [o] }
  use: { per: [a], inputs: { all: { each: make/o } }, cmd: [use], evidence: [exit] }
",
        "8:30: there is no task of `make` to gather
  for use/a2
  hint: `make` has `when: a == 1`; give this stage a `when` that agrees, or choose its input with `pick:`",
    );
}

#[test]
fn an_absent_parameter_agrees_only_with_an_absent_one() {
    let suite = "  c: { code: c }
cases:
  - { over: { a: 1 } }
  - { over: { a: 2, c: [7, 8] } }
stages:
  make: { per: [a, c], cmd: [make], outputs: [o] }
";
    check(
        &format!("{suite}  use: {{ per: [a, c], inputs: [make/o], cmd: [use], evidence: [exit] }}\n"),
        "a plan of 6 cases and 6 tasks",
    );
    check(
        &format!("{suite}  use: {{ per: [a], inputs: [make/o], cmd: [use], evidence: [exit] }}\n"),
        "12:29: several tasks of `make` (they differ in c)
  for use/a2
  hint: say which with `at:`, or take all with `rows:` or `each:`",
    );
}

#[test]
fn a_pick_without_an_entry() {
    check(
        "stages:
  use:
    inputs: { o: { pick: b, from: { x: root/x } } }
    cmd: [use]
    evidence: [exit]
",
        "8:15: `pick: b` has no entry for y
  for use/a1_by
  hint: add the entry",
    );
    check(
        "stages:
  check: { cmd: [check], evidence: [exit] }
  use: { after: { pick: b, from: { x: [check] } }, cmd: [use], evidence: [exit] }
",
        "8:3: in `after`: `pick: b` has no entry for y
  for use/a1_by and another task
  hint: add the entry (`[]` for no gate), or `else:`",
    );
    check(
        "let: { side: { pick: b, from: { x: left } } }
stages:
  use: { cmd: [use, '{side}'], evidence: [exit] }
",
        "6:8: `pick: b` has no entry for y
  for use/a1_by
  hint: add the entry, or `else:`",
    );
}

#[test]
fn tasks_that_wait_for_each_other() {
    let suite = "stages:
  behind: { inputs: { i: { pick: b, from: { x: one/o, y: root/i } } }, cmd: [run], outputs: [p] }
  one: { inputs: { i: { pick: b, from: { x: two/o, y: root/i } } }, cmd: [run], outputs: [o] }
  two: { inputs: { i: { pick: b, from: { x: three/o, y: root/i } } }, cmd: [run], outputs: [o] }
";
    check(
        &format!("{suite}  three: {{ inputs: [one/o], cmd: [run], outputs: [p] }}\n")
            .replace("three/o", "three/p")
            .replace("[one/o]", "{ i: one/o }"),
        "8:3: tasks wait for each other: one/a1_bx waits for two/a1_bx waits for three/a1_bx, which waits for one/a1_bx
  hint: look at their `inputs` and `after`: one of them must not lead back",
    );
    check(&format!("{suite}  three: {{ cmd: [run], outputs: [o] }}\n"), "a plan of 4 cases and 16 tasks");
}

#[test]
fn a_stage_without_a_task() {
    check(
        "stages:
  never: { when: \"a > 2\", cmd: [run], evidence: [exit] }
  always: { cmd: [run], evidence: [exit] }
",
        "7:3: stage `never` has no task
  hint: its `when: a > 2` holds for no case",
    );
}

#[test]
fn no_case_at_all() {
    check(
        "where: [\"a > 2\"]
stages: { run: { cmd: [run], evidence: [exit] } }
",
        "no case is left of suite `s`
  hint: its `where` lines leave none",
    );
}

#[test]
fn what_lies_in_a_folder_twice() {
    check(
        "stages:
  use: { inputs: { '{a}': root/one, '1': root/two }, cmd: [use], evidence: [exit] }
",
        "7:37: two inputs are named `1`
  for use/a1_bx
  hint: use a map to rename one",
    );
    check(
        "stages:
  use: { inputs: { 'models': root/models, 'models/{b}': root/x }, cmd: [use], evidence: [exit] }
",
        "7:43: the inputs `models/x` and `models` lie in each other
  for use/a1_bx
  hint: use a map to rename one
7:43: the inputs `models/y` and `models` lie in each other
  for use/a1_by
  hint: use a map to rename one",
    );
    check(
        "stages:
  use: { inputs: { '{b}.txt': root/x }, cmd: [use], outputs: ['x.txt'] }
",
        "7:20: `x.txt` is an input and an output
  for use/a1_bx
  hint: a task may not write to its inputs: rename one",
    );
    check(
        "stages:
  use: { inputs: { '{b}.txt': root/x }, cmd: [use], evidence: [ { key_value: 'x.txt' } ] }
",
        "7:20: `x.txt` is an input and evidence
  for use/a1_bx
  hint: a task may not write to its inputs: rename one",
    );
}

#[test]
fn an_output_that_no_stage_leaves() {
    check(
        "stages:
  make: { cmd: [make], outputs: ['{b}.spice', 'all.tcl'] }
  use: { inputs: ['make/{a}.spice'], cmd: [use], evidence: [exit] }
",
        "8:19: stage `make` has no output `1.spice`
  for use/a1_bx
  hint: did you mean `x.spice`?
8:19: stage `make` has no output `2.spice`
  for use/a2_bx
  hint: did you mean `x.spice`?",
    );
}

#[test]
fn one_case_from_two_blocks() {
    check(
        "cases:
  - { over: { a: [1, 2] }, let: { kind: left } }
  - { over: { a: 2 }, let: { kind: right } }
stages: { run: { cmd: [run, '{kind}'], evidence: [exit] } }
",
        "8:5: the case `a2_bx` comes from two blocks with different `let`
  hint: the other block is at s.yaml:7:5; narrow one of them with `where`",
    );
    check(
        "cases:
  - { over: { a: [1, 2] }, let: { kind: left } }
  - { over: { a: 2 }, let: { kind: left } }
stages: { run: { cmd: [run, '{kind}'], evidence: [exit] } }
",
        "a plan of 4 cases and 4 tasks",
    );
}

#[test]
fn expressions_that_have_no_value() {
    check(
        "  c: { code: c }
cases:
  - { over: { a: 1 } }
  - { over: { a: 2, c: [7, 8] } }
where: [\"c > 7\"]
stages: { run: { cmd: [run], evidence: [exit] } }
",
        "10:9: `c` has no value here
  for all cases of the block at s.yaml:8:5
  hint: guard it: `has(c) and ...`",
    );
    check(
        "where: [\"a + 1\"]
stages: { run: { cmd: [run], evidence: [exit] } }
",
        "6:9: `a + 1` is a number (2), not a truth value
  for a = 1",
    );
    check(
        "where: [\"1 / (a - 1) > 0\"]
stages: { run: { cmd: [run], evidence: [exit] } }
",
        "6:9: `1 / (a - 1)` divides by zero
  for a = 1",
    );
    check(
        "  c: { code: c }
cases:
  - { over: { a: 1 } }
  - { over: { a: 2, c: [7, 8] } }
stages: { run: { cmd: [run, '--c={c}'], evidence: [exit] } }
",
        "10:29: `{c}` has no value here
  for run/a1_bx
  hint: give the parameter a default, or put the argument into `[ ]`",
    );
}
