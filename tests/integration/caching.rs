//! `cache: true`: a pure stage runs once for each content, and its verdict is made anew.

use super::sandbox::Sandbox;
use std::fs;

const SUITE: &str = r#"
version: 1
suite: pure
params:
  a: { code: a, values: [1, 2] }
stages:
  build:
    cache: true
    shell: |
      echo "$HOME" >> @ROOT@/log
      echo "size: $((A * 10 + $(cat source)))" | tee out
    env: { A: "{a}" }
    inputs: [root/source]
    outputs: [out]
    evidence: [{ key_value: stdout }]
    metrics: { size: { better: exact, expect: { le: 30 } } }
"#;

fn sandbox() -> Sandbox {
    let sandbox = Sandbox::new(SUITE);
    sandbox.write("source", "1\n");
    sandbox.run_to(0, &["sweep", "suite.yaml"]);
    assert_eq!(sandbox.lines("log").len(), 2);
    sandbox
}

fn origins(sandbox: &Sandbox) -> Vec<Option<String>> {
    let finished = sandbox.finished();
    finished.values().map(|event| event["origin"].as_str().map(str::to_owned)).collect()
}

#[test]
fn the_second_run_takes_results_with_their_files_and_says_whose_they_are() {
    let sandbox = sandbox();
    let first = sandbox.runs()[0].file_name().unwrap().to_str().unwrap().to_owned();
    assert_eq!(origins(&sandbox), [None, None]);
    sandbox.run_to(0, &["sweep", "suite.yaml"]);
    assert_eq!(sandbox.lines("log").len(), 2);
    assert_eq!(origins(&sandbox), [Some(first.clone()), Some(first)]);
    let second = sandbox.runs().pop().unwrap();
    assert_eq!(fs::read_to_string(second.join("work/build/a2/1.1/out")).unwrap(), "size: 21\n");
    let report = sandbox.report();
    assert_eq!(report["tasks"][1]["metrics"]["size"]["value"], 21.0, "{}", report["tasks"][1]);
}

#[test]
fn another_input_or_command_runs_again_and_a_new_bound_does_not() {
    let sandbox = sandbox();
    sandbox.write("source", "2\n");
    sandbox.run_to(12, &["sweep", "suite.yaml"]);
    assert_eq!(sandbox.lines("log").len(), 4);
    let text = fs::read_to_string(sandbox.path("suite.yaml")).unwrap();
    sandbox.write("suite.yaml", text.replace("le: 30", "le: 15"));
    let said = sandbox.run_to(11, &["sweep", "suite.yaml"]);
    assert!(said.stdout.contains("build"), "{}", said.stdout);
    assert_eq!(sandbox.lines("log").len(), 4);
    sandbox.write("suite.yaml", text.replace("tee out", "tee  out"));
    sandbox.run_to(0, &["sweep", "suite.yaml"]);
    assert_eq!(sandbox.lines("log").len(), 6);
}

#[test]
fn a_damaged_result_is_not_used() {
    let sandbox = sandbox();
    let mut kept = Vec::new();
    for folder in fs::read_dir(sandbox.path(".shmoo/store/results")).unwrap() {
        kept.extend(fs::read_dir(folder.unwrap().path()).unwrap().map(|entry| entry.unwrap().path()));
    }
    kept.retain(|path| path.to_string_lossy().ends_with(".tar.gz"));
    assert_eq!(kept.len(), 2);
    for path in &kept {
        let mut bytes = fs::read(path).unwrap();
        let middle = bytes.len() / 2;
        bytes[middle] ^= 0xff;
        fs::remove_file(path).unwrap();
        fs::write(path, bytes).unwrap();
    }
    sandbox.run_to(0, &["sweep", "suite.yaml"]);
    assert_eq!(sandbox.lines("log").len(), 4);
    assert_eq!(origins(&sandbox), [None, None]);
}
