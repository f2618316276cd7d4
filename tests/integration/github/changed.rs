//! `shmoo plan --changed-since`: which suites a change touches.

use crate::integration::command::{Shmoo, shmoo};
use serde_json::{Value, json};

const FIRST: &str = r#"version: 1
suite: first
paths: ["generator/**"]
params:
  corner: { code: c, values: [tt, ff] }
stages:
  count:
    inputs: { model: "root/models/{corner}.spice", deck: root/decks }
    shell: cat model; echo "lines=1"
    evidence: [{ key_value: stdout }]
    metrics: { lines: { better: exact } }
goldens: { file: first.csv }
"#;

const SECOND: &str = r#"version: 1
suite: second
params_from: names.yaml
stages:
  count:
    shell: echo "lines=1"
    evidence: [{ key_value: stdout }]
    metrics: { lines: { better: exact } }
"#;

const NAMES: &str = "version: 1\nparams:\n  size: { code: s, values: [1] }\n";

const COMMIT: &str = "git add -A && git -c user.name=t -c user.email=t@example.org commit -q -m x";

/// A project below the top of its repository, with two suites, on a branch of its own.
fn project() -> Shmoo {
    shmoo()
        .file("shmoo.yaml", "version: 1\nsuites: [configs/*.yaml]\n")
        .file("configs/first.yaml", FIRST)
        .file("configs/first.csv", "metric,point,value,unit\n")
        .file("configs/second.yaml", SECOND)
        .file("configs/names.yaml", NAMES)
        .file("models/tt.spice", "1")
        .file("models/ff.spice", "1")
        .file("decks/a.spice", "1")
        .file("generator/deep/make.py", "1")
        .file("other", "1")
        .shell(&format!("git init -q -b main && {COMMIT} && git checkout -q -b wider"))
}

#[test]
fn suites_by_what_they_declare() {
    let check = |change: &str, expected: &[(&str, &str)]| {
        let done = project()
            .shell(&format!("{change} && {COMMIT}"))
            .args(["plan", "--changed-since", "main", "--format", "json"])
            .run()
            .unwrap();
        let output = done.last();
        assert_eq!(output.code, if expected.is_empty() { 3 } else { 0 }, "{change}: {}", output.stderr);
        let told: Value = serde_json::from_str(&output.stdout).unwrap();
        let suites = told["suites"].as_array().unwrap();
        let found: Vec<_> =
            suites.iter().map(|suite| (suite["suite"].as_str().unwrap(), suite["because"].as_str().unwrap())).collect();
        assert_eq!(found, expected, "{change}");
        assert_eq!((&told["count"], &told["of"]), (&json!(expected.len()), &json!(2)));
        let jobs: Vec<_> =
            told["matrix"]["include"].as_array().unwrap().iter().map(|job| job["suite"].as_str()).collect();
        assert_eq!(jobs, expected.iter().map(|(suite, _)| Some(*suite)).collect::<Vec<_>>());
    };
    check("echo >> other", &[]);
    check("echo >> configs/second.yaml", &[("second", "its suite file")]);
    check("echo >> configs/names.yaml", &[("second", "a file that it includes")]);
    check("echo >> configs/first.csv", &[("first", "its goldens")]);
    check("echo >> models/ff.spice", &[("first", "an input")]);
    check("rm models/ff.spice", &[("first", "an input")]);
    check("git mv models/tt.spice models/tt2.lib", &[("first", "an input")]);
    check("echo > models/new.lib", &[]);
    check("echo > decks/new.spice", &[("first", "an input")]);
    check("echo >> generator/deep/make.py", &[("first", "its `paths`")]);
    check("echo '# x' >> shmoo.yaml", &[("first", "the project file"), ("second", "the project file")]);
    check(
        "echo >> generator/deep/make.py; echo >> configs/names.yaml",
        &[("first", "its `paths`"), ("second", "a file that it includes")],
    );
}

#[test]
fn formats() {
    project()
        .shell(&format!("echo >> generator/deep/make.py; echo >> configs/second.yaml; {COMMIT}"))
        .args(["plan", "--changed-since", "main"])
        .args(["plan", "--changed-since", "main", "--format", "names"])
        .args(["plan", "--changed-since", "main", "--format", "matrix"])
        .args(["plan", "--changed-since", "HEAD"])
        .args(["plan", "--changed-since", "gone"])
        .args(["plan", "--changed-since", "main", "--shards", "2"])
        .snapshot("plan_changed_since");
}

#[test]
fn what_cannot_be_told_is_an_error() {
    // Another text: the same one, within a second, would be the same commit.
    let orphan = format!("git checkout -q --orphan other && echo >> other && {COMMIT}");
    let done = project().shell(&orphan).args(["plan", "--changed-since", "main"]).run().unwrap();
    assert_eq!(done.last().code, 2);
    assert!(done.last().stderr.contains("`fetch-depth: 0`"), "{}", done.last().stderr);
    let done = project()
        .shell(&format!("echo 'suite: [' > configs/second.yaml; {COMMIT}"))
        .args(["plan", "--changed-since", "main"])
        .run()
        .unwrap();
    assert_eq!(done.last().code, 2, "a suite that cannot be read is not passed over: {}", done.last().stdout);
    let done = shmoo().file("suite.yaml", FIRST).args(["plan", "--changed-since", "main"]).run().unwrap();
    assert_eq!(done.last().code, 2);
    assert!(done.last().stderr.contains("is in no git repository"), "{}", done.last().stderr);
}

#[test]
fn a_step_tells_the_matrix() {
    let done = project()
        .shell(&format!("echo >> configs/second.yaml; {COMMIT}"))
        .env("GITHUB_OUTPUT", "outputs")
        .env("INPUT_SINCE", "main")
        .args(["gha", "changed"])
        .run()
        .unwrap();
    assert_eq!(done.last().code, 0, "{}", done.last().stderr);
    let outputs = std::fs::read_to_string(done.path("outputs")).unwrap();
    let matrix = json!({ "include": [{ "suite": "second", "file": "configs/second.yaml" }] });
    let told: Vec<Value> = outputs.lines().filter_map(|line| serde_json::from_str(line).ok()).collect();
    assert!(told.contains(&matrix) && outputs.contains("\nfalse\n"), "{outputs}");
}
