//! Two shmoo at a time: refused on one run, welcome in one project.

use crate::integration::sandbox::{Sandbox, until_true};

const SUITE: &str = r#"
version: 1
suite: pair
params:
  a: { code: a, values: [1, 2] }
stages:
  work:
    shell: |
      echo "$HOME" >> @ROOT@/log
      while ! test -e @ROOT@/go; do sleep 0.01; done
      echo "$SHMOO_NAME" > out
    outputs: [out]
"#;

#[test]
fn the_second_on_one_run_is_refused_and_told_who_has_it() {
    let sandbox = Sandbox::new(SUITE);
    let started = sandbox.start(&["run", "suite.yaml"]);
    until_true("the first", || !sandbox.lines("log").is_empty());
    let said = sandbox.run_to(2, &["run", "suite.yaml", "--continue", "last"]);
    assert!(said.stderr.contains("another shmoo works on the run in"), "{}", said.stderr);
    assert!(said.stderr.contains(&format!("process {} on ", started.child.id())), "{}", said.stderr);
    let said = sandbox.run_to(2, &["run", "suite.yaml", "--force-clean"]);
    assert!(said.stderr.contains("another shmoo works on the run in"), "{}", said.stderr);
    sandbox.write("go", "");
    assert_eq!(started.end().code, 0);
    sandbox.run_to(0, &["run", "suite.yaml", "--continue", "last"]);
}

#[test]
fn runs_at_the_same_time_are_both_recorded() {
    let sandbox = Sandbox::new(SUITE);
    let started: Vec<_> = (0..4).map(|_| sandbox.start(&["sweep", "suite.yaml", "--jobs", "1"])).collect();
    until_true("all of them", || sandbox.lines("log").len() == 4);
    sandbox.write("go", "");
    for started in started {
        let said = started.end();
        assert_eq!(said.code, 0, "{}", said.stderr);
    }
    assert_eq!(sandbox.runs().len(), 4);
    let history = rusqlite::Connection::open(sandbox.path(".shmoo/history.db")).unwrap();
    let count = |query: &str| history.query_row(query, [], |row| row.get::<_, i64>(0)).unwrap();
    assert_eq!((count("SELECT count(*) FROM runs"), count("SELECT count(*) FROM tasks")), (4, 8));
}
