//! From blocks to cases: order, zip, names, subsets.

use super::{case_names, plan_with};
use crate::plan::Selection;

#[track_caller]
fn check(params: &str, cases: &str, expected: &str) {
    check_files(params, cases, &[], expected);
}

#[track_caller]
fn check_files(params: &str, cases: &str, files: &[(&'static str, &'static str)], expected: &str) {
    let text = format!(
        "version: 1\nsuite: s\nparams:\n{params}\ncases:\n{cases}\nstages: {{ run: {{ cmd: [run], evidence: [exit] }} }}\n"
    );
    let said = match plan_with(&text, Selection::default(), files) {
        Ok(plan) => case_names(&plan),
        Err(error) => super::show(&error),
    };
    assert_eq!(said, expected, "{text}");
}

const THREE: &str = "  a: { code: a, values: [1, 2] }
  b: { code: b, values: [x, y], default: x }
  c: { code: c }";

#[test]
fn products_in_the_order_of_the_file() {
    check(THREE, "  - {}", "a1 a1_by a2 a2_by");
    check(THREE, "  - { over: { c: [9, 8], b: y } }", "a1_by_c9 a1_by_c8 a2_by_c9 a2_by_c8");
    check(THREE, "  - { over: { a: 2 } }\n  - { over: { b: y } }", "a2 a2_by a1_by");
}

#[test]
fn zipped_parameters_step_together() {
    check(THREE, "  - { over: { c: [9, 8] }, zip: [[a, c]] }", "a1_c9 a1_by_c9 a2_c8 a2_by_c8");
    check(THREE, "  - { over: { c: [9, 8] }, zip: [[a, b, c]] }", "a1_c9 a2_by_c8");
}

#[test]
fn constraints_of_blocks() {
    check(THREE, "  - { where: [\"a == 2 or b == 'y'\"] }", "a1_by a2 a2_by");
    check(
        THREE,
        "  - { over: { c: [1, 2, 3] }, let: { most: 3 }, where: [\"a + c <= most\"] }",
        "a1_c1 a1_c2 a1_by_c1 a1_by_c2 a2_c1 a2_by_c1",
    );
}

#[test]
fn subsets() {
    check(THREE, "  - { over: { c: [1, 2] }, take: { pairwise: true } }", "a1_c1 a1_by_c2 a2_c2 a2_by_c1");
    check(THREE, "  - { take: { sample: 9, seed: 1 } }", "a1 a1_by a2 a2_by");
    let text = "version: 1\nsuite: s\nparams:\n  a: { code: a, values: { range: { start: 1, stop: 1000, step: 1 } } }
cases: [ { take: { sample: 5, seed: 7 } } ]
stages: { run: { cmd: [run], evidence: [exit] } }\n";
    let names = || case_names(&plan_with(text, Selection::default(), &[]).unwrap());
    assert_eq!(names().split(' ').count(), 5);
    assert_eq!(names(), names());
}

#[test]
fn names_leave_defaults_out() {
    let files: &[(&str, &str)] = &[("points.list", "a1\n# a comment\na2_by_c7\n")];
    check_files(THREE, "  - { names: points.list }", files, "a1 a2_by_c7");
    check_files(
        THREE,
        "  - { names: points.list, over: { c: [3, 4] } }",
        files,
        "8:5: the name `a2_by_c7` gives `c`, and so does `over`\n  hint: leave it out of one of them",
    );
    check_files(THREE, "  - { names: points.list, where: [\"a == 1\"] }", files, "a1");
}
