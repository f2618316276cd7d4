//! What commands print, and their exit codes.

use super::command::shmoo;

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

#[test]
fn plan_two_axes() {
    shmoo().file("suite.yaml", TINY).args(["plan", "suite.yaml"]).snapshot("plan_two_axes");
}

#[test]
fn sweep_and_report() {
    shmoo()
        .file("suite.yaml", TINY)
        .args(["sweep", "suite.yaml", "--jobs", "1"])
        .args(["report"])
        .snapshot("sweep_and_report");
}
