//! Filters, profiles and single cases.

use super::{TWO, case_names, plan_of, refusal, task_keys, warnings};
use crate::plan::Selection;

const FLOW: &str = "stages:
  make: { per: [a], cmd: [make], outputs: [o] }
  use: { inputs: [make/o], cmd: [use], outputs: [p] }
  slow: { when: \"b == 'y'\", inputs: [use/p], cmd: [slow], evidence: [exit] }
  both:
    per: [a]
    inputs: { x: { of: use/p, at: { b: x } }, y: { of: use/p, at: { b: y } } }
    cmd: [both]
    outputs: [q]
  sum: { per: [], inputs: { all: { each: both/q } }, cmd: [sum], evidence: [exit] }
";

fn cases(names: &[&str]) -> Selection {
    Selection { cases: names.iter().map(|&name| name.to_owned()).collect(), ..Selection::default() }
}

fn constraints(lines: &[&str]) -> Selection {
    Selection { constraints: lines.iter().map(|&line| line.to_owned()).collect(), ..Selection::default() }
}

fn stages(wanted: &[&str], skipped: &[&str]) -> Selection {
    let names = |names: &[&str]| names.iter().map(|&name| name.to_owned()).collect();
    Selection { stages: names(wanted), skip_stages: names(skipped), ..Selection::default() }
}

#[track_caller]
fn check(selection: Selection, expected_tasks: &str, expected_warnings: &str) {
    let plan = plan_of(&format!("{TWO}{FLOW}"), selection);
    assert_eq!((task_keys(&plan), warnings(&plan)), (expected_tasks.to_owned(), expected_warnings.to_owned()));
}

#[track_caller]
fn refuse(selection: Selection, expected: &str) {
    assert_eq!(refusal(&format!("{TWO}{FLOW}"), selection), expected);
}

#[test]
fn a_filter_leaves_out_what_it_cuts_off() {
    check(
        cases(&["a1_bx"]),
        "make/a1 use/a1_bx",
        "stage `slow` has no task (its `when: b == 'y'` holds for no case that is selected)
stage `both`: 1 task is left out, since the filter leaves out what they take [there is no task of `use` at b = y for this one]
stage `sum`: 1 task is left out, since the filter leaves out what they take [there is no task of `both` to gather]",
    );
    check(cases(&["a2_b*"]), "make/a2 use/a2_bx use/a2_by slow/a2_by both/a2 sum/all", "");
    check(
        constraints(&["a == 1 or b == 'y'"]),
        "make/a1 make/a2 use/a1_bx use/a1_by use/a2_by slow/a1_by slow/a2_by both/a1 sum/all",
        "stage `both`: 1 task is left out, since the filter leaves out what they take [there is no task of `use` at b = x for this one]",
    );
}

/// Blocks of which one has no `size`, and one is ruled out by the suite itself.
const BLOCKS: &str = "\
version: 1
suite: s
params:
  a: { code: a, values: [1, 2] }
  size: { code: s }
where: [\"a < 3\"]
cases:
  - { over: { a: 1 }, let: { kind: plain } }
  - { over: { a: 2, size: [4, 8] } }
  - { over: { a: [2, 5], size: 3 }, where: [\"size > 3 or a == 5\"], let: { kind: odd } }
stages: { run: { cmd: [run], evidence: [exit] } }
";

#[test]
fn cases_without_what_is_asked_for_are_not_selected() {
    let names = |line: &str| case_names(&plan_of(BLOCKS, constraints(&[line])));
    assert_eq!(names("kind == 'plain'"), "a1");
    assert_eq!(names("size > 4"), "a2_s8");
    assert_eq!(names("not has(size) or size > 4"), "a1 a2_s8");
}

#[test]
fn blocks_that_the_suite_leaves_empty_are_told() {
    let expected =
        "no case is left of this block: `a < 3` and `size > 3 or a == 5` rule out all (mend them, or remove the block)";
    let plan = plan_of(BLOCKS, Selection::default());
    assert_eq!(warnings(&plan), expected);
    // Here nobody knows whether it would be without the filter.
    assert_eq!(warnings(&plan_of(BLOCKS, constraints(&["a == 1"]))), "");
}

#[test]
fn names_of_cases() {
    let chosen = |patterns: &[&str]| case_names(&plan_of(&format!("{TWO}{FLOW}"), cases(patterns)));
    assert_eq!(chosen(&["*_by", "a1_bx", "a1_bx"]), "a1_bx a1_by a2_by");
    assert_eq!(chosen(&["a[12]_b{x,q}"]), "a1_bx a2_bx");
    assert_eq!(chosen(&["a?_bx"]), "a1_bx a2_bx");
    refuse(
        cases(&["*_bz"]),
        "no planned case is called `*_bz`
  hint: `shmoo plan SUITE --format names` lists the names",
    );
    refuse(
        cases(&["a1_bx", "a3_bx"]),
        "no planned case is called `a3_bx`
  hint: `--new-case` runs a case that the suite does not list",
    );
    refuse(
        Selection { constraints: vec!["b == 'y'".to_owned()], ..cases(&["a1_bx"]) },
        "no planned case is called `a1_bx`
  hint: `--where b == 'y'` may leave it out; `--new-case` runs a case that is not listed",
    );
    refuse(
        Selection { constraints: vec!["b == 'y'".to_owned()], ..cases(&["*x"]) },
        "no planned case is called `*x`
  hint: `--where b == 'y'` leaves out others",
    );
    refuse(
        cases(&["inv5"]),
        "no planned case is called `inv5`: no parameter has a code that `inv5` begins with
  hint: the codes are `a`, `b`",
    );
    refuse(
        cases(&["a[1"]),
        "`--case a[1` is no glob: unclosed character class; missing ']'
  hint: `*` stands for any text, `?` for one character, `[0-9]` for one of these, `{a,b}` for either",
    );
    refuse(
        cases(&["a{1"]),
        "`--case a{1` is no glob: unclosed alternate group; missing '}' (maybe escape '{' with '[{]'?)
  hint: `*` stands for any text, `?` for one character, `[0-9]` for one of these, `{a,b}` for either",
    );
}

#[test]
fn expressions() {
    refuse(
        constraints(&["a = 1"]),
        "`--where a = 1`: there is no operator `=`
  hint: `==` compares",
    );
    refuse(
        constraints(&["c == 1"]),
        "`--where c == 1`: unknown name `c`
  hint: known: `a`, `b`",
    );
    refuse(
        constraints(&["b == 'z'"]),
        "`--where b == 'z'`: `b` is never `z`
  hint: known: `x`, `y`",
    );
    refuse(
        constraints(&["a > 7"]),
        "no case is left of suite `s`
  hint: `--where a > 7` and the `where` lines of the suite leave none",
    );
    refuse(constraints(&["a"]), "`--where a`, for a = 1: `a` is a number (1), not a truth value");
}

#[test]
fn stages_with_what_they_need() {
    check(stages(&["use"], &[]), "make/a1 make/a2 use/a1_bx use/a1_by use/a2_bx use/a2_by", "");
    check(stages(&["use", "make"], &[]), "make/a1 make/a2 use/a1_bx use/a1_by use/a2_bx use/a2_by", "");
    check(stages(&[], &["use"]), "make/a1 make/a2", "");
    check(stages(&[], &["sum", "slow"]), "make/a1 make/a2 use/a1_bx use/a1_by use/a2_bx use/a2_by both/a1 both/a2", "");
    refuse(stages(&["use"], &["make"]), "no task is selected");
    refuse(
        stages(&["uze"], &[]),
        "`--stage uze`: the suite has no such stage
  hint: did you mean `use`?",
    );
    refuse(
        stages(&[], &["make2"]),
        "`--skip-stage make2`: the suite has no such stage
  hint: did you mean `make`?",
    );
}

#[test]
fn new_cases() {
    let new = |name: &str| Selection { new_case: true, ..cases(&[name]) };
    let suite = format!("{TWO}stages: {{ run: {{ cmd: [run], evidence: [exit] }} }}\n");
    let check = |name: &str, expected: &str| {
        let said = match super::plan_with(&suite, new(name), &[]) {
            Ok(plan) => task_keys(&plan),
            Err(error) => super::show(&error),
        };
        assert_eq!(said, expected, "{name}");
    };
    check("a7_bx", "run/a7_bx");
    check("a1_bx", "run/a1_bx");
    check(
        "a7",
        "the case `a7` gives no value for `b`
  hint: a new case has the parameters of a planned one: see `shmoo plan SUITE --format names`",
    );
    check(
        "a7_by_cz",
        "`a7_by_cz` is not a case name: no parameter has a code that `cz` begins with
  hint: the codes are `a`, `b`",
    );
    check(
        "*",
        "`*` is not a case name: `*` does not occur in names
  hint: a name is made of codes and values with `_` between them",
    );
    let several = Selection { new_case: true, ..cases(&["a1_bx", "a2_bx"]) };
    assert_eq!(refusal(&suite, several), "`--new-case` wants exactly one `--case NAME`");
    let ruled_out = format!("{TWO}where: [\"a < 5\"]\nstages: {{ run: {{ cmd: [run], evidence: [exit] }} }}\n");
    assert_eq!(refusal(&ruled_out, new("a7_bx")), "6:9: the case `a7_bx` is ruled out by `a < 5`");
}

#[test]
fn profiles() {
    let suite = format!(
        "{TWO}profiles:
  pr: {{ where: [\"b == 'x'\"], over: {{ a: [2, 3] }}, repeat: {{ count: 2 }} }}
  none: {{ where: [\"b == 'x'\", \"b == 'y'\"] }}
stages:
  run: {{ cmd: [run], evidence: [exit], repeat: {{ count: 3, warmup: 1 }} }}
  other: {{ when: \"b == 'y'\", cmd: [run], evidence: [exit] }}
"
    );
    let profile = |name: &str| Selection { profile: Some(name.to_owned()), ..Selection::default() };
    let plan = plan_of(&suite, profile("pr"));
    assert_eq!(task_keys(&plan), "run/a2_bx#1 run/a2_bx#2 run/a3_bx#1 run/a3_bx#2");
    assert_eq!(warnings(&plan), "stage `other` has no task (its `when: b == 'y'` holds for no case that is selected)");
    assert_eq!(
        refusal(&suite, profile("prr")),
        "unknown profile `prr`
  hint: did you mean `pr`?"
    );
    assert_eq!(
        refusal(&suite, profile("none")),
        "no case is left of suite `s`
  hint: `--profile none` and the `where` lines of the suite leave none"
    );
    assert_eq!(
        refusal(&suite, cases(&["a3_bx"])),
        "no planned case is called `a3_bx`
  hint: the profile `pr` has it: add `--profile pr`"
    );
    assert_eq!(refusal(&format!("{TWO}{FLOW}"), profile("pr")), "unknown profile `pr`: the suite has no `profiles`");
}

#[test]
fn a_profile_replaces_values_only_where_there_are_some() {
    let suite = "version: 1
suite: s
params:
  op: { code: op }
  k: { code: k }
cases:
  - { over: { op: add } }
  - { over: { op: mul, k: [1, 2, 4] } }
profiles:
  pr: { over: { k: [1] } }
stages: { run: { cmd: [run], evidence: [exit] } }
";
    let selection = Selection { profile: Some("pr".to_owned()), ..Selection::default() };
    assert_eq!(case_names(&plan_of(suite, selection)), "opadd opmul_k1");
}
