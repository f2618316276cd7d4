//! What a plan may take: exactly so much is enough, and one less is refused.

use super::{Given, show};
use crate::config::load_suite;
use crate::plan::{Bounds, BuildOptions, Selection, build_within};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Six cases of which a constraint leaves five; six tasks, the last of which gathers five.
const SUITE: &str = "\
version: 1
suite: s
params:
  a: { code: a, values: [1, 2, 3] }
  b: { code: b, values: [1, 2] }
where: [a * b < 6]
stages:
  make: { cmd: [make], outputs: [out], evidence: [exit] }
  use: { cmd: [use], inputs: { all: { each: make/out } }, per: [], evidence: [exit] }
";

#[track_caller]
fn check(bounds: Bounds, expected: &str) {
    let loaded = load_suite("s.yaml", SUITE, &Given(BTreeMap::new())).unwrap_or_else(|problems| panic!("{problems}"));
    let options = BuildOptions { selection: Selection::default(), baseline: None };
    let said = match build_within(Arc::new(loaded.suite), options, &bounds) {
        Ok(plan) => format!("{} cases, {} tasks", plan.cases.len(), plan.task_count()),
        Err(error) => show(&error).lines().next().unwrap_or_default().to_owned(),
    };
    assert!(said.contains(expected), "{said}");
}

#[test]
fn each_bound_holds_at_its_number() {
    let enough = Bounds { cases: 5, tasks: 6, combinations: 9, edges: 5 };
    check(enough, "5 cases, 6 tasks");
    check(Bounds { cases: 4, ..enough }, "more than 4 cases");
    check(Bounds { tasks: 5, ..enough }, "the plan has more than 5 tasks");
    check(Bounds { combinations: 8, ..enough }, "more than 8 combinations of values have to be looked at");
    check(Bounds { edges: 4, ..enough }, "the tasks up to stage `use` wait for each other too often");
}
