//! Coefficients of a suite's models against those of an earlier run: what they predict, and why that is not told.

use super::sweep_project::SweepProject;
use serde_json::Value;

const SUITE: &str = r#"
version: 1
suite: models
params:
  n: { code: n, values: [1, 2, 3, 4, 6, 8, 12, 16] }
  op: { code: op, values: [add, mul] }
stages:
  measure:
    shell: "echo raw=$((START + 3000 * SHMOO_PARAM_N))"
    env: { START: "5000" }
    evidence: [{ key_value: stdout }]
    metrics: { cycles: { of: "raw * 1", unit: ns, better: lower } }
models:
  cost: { from: measure, by: [op], target: cycles, features: { fixed: "1", items: n } }
"#;

/// Sweeps with one suite, then with another, and returns the first drift of the second.
fn drift(first: &str, options: &[&str], second: &str) -> (SweepProject, Value) {
    let project = SweepProject::with(&[]);
    project.write("models.yaml", first);
    project.ends(0, &[&["sweep", "models.yaml"], options].concat());
    project.write("models.yaml", second);
    let said = project.shmoo(&["sweep", "models.yaml", "--format", "json"]);
    let report: Value = serde_json::from_str(&said.stdout).unwrap_or_else(|error| panic!("{error}: {}", said.stderr));
    let drift = report["models"][0]["drifts"][0].clone();
    (project, drift)
}

#[track_caller]
fn is_none(drift: &Value) {
    assert_eq!(drift["form"], "same", "{drift}");
    for key in ["mean", "least", "greatest"] {
        assert!(drift[key].as_f64().unwrap().abs() < 1e-9, "{drift}");
    }
}

#[track_caller]
fn untold(drift: &Value, why: &str) {
    assert_eq!((&drift["form"], &drift["why"]), (&"untold".into(), &why.into()), "{drift}");
}

#[test]
fn units_convert_before_predictions_are_held_against_each_other() {
    let other = |unit: &str, of: &str| SUITE.replace("unit: ns", unit).replace("raw * 1", of);
    let (_, converted) =
        drift(SUITE, &[], &SUITE.replace("unit: ns", "unit: us").replace("3000 *", "3 *").replace("\"5000\"", "\"5\""));
    is_none(&converted);
    assert!((converted["before"][1][1].as_f64().unwrap() - 3.0).abs() < 1e-9, "{converted}");
    untold(&drift(SUITE, &[], &other("unit: cycles", "raw * 1")).1, "the unit was another, `ns`");
    untold(&drift(&SUITE.replace("unit: ns, ", ""), &[], SUITE).1, "the target had no unit");
    // How the metric is computed belongs to the form.
    assert_eq!(drift(SUITE, &[], &other("unit: ns", "raw * 2")).1["form"], "other");
}

#[test]
fn what_sets_hold_for_belongs_to_the_form() {
    let with = |set: &str| SUITE.replace("by: [op],", &format!("by: [op], sets: {{ base: 'true', large: '{set}' }},"));
    assert_eq!(drift(&with("n > 4"), &[], &with("n > 3")).1["form"], "other");
    is_none(&drift(&with("n > 4"), &[], &with("n > 4")).1);
}

#[test]
fn renamed_parameters_have_the_same_fits() {
    let renamed = SUITE.replace("op: { code: op,", "kind: { code: kd, was: [op],").replace("[op]", "[kind]");
    let (project, renamed) = drift(SUITE, &[], &renamed.replace("was: [kind]", "was: [op]"));
    is_none(&renamed);
    // The cases of before are still in the suite.
    let text = project.ends(0, &["compare"]);
    assert!(!text.contains("in the history and not in the suite"), "{text}");
}

#[test]
fn what_cannot_be_told_says_why() {
    untold(&drift(SUITE, &["--skip-performance-model"], SUITE).1, "that run fitted no models");
    let nothing = SUITE.replace("raw * 1", "raw * 0");
    let zero = SUITE.replace("3000 *", "0 *").replace("\"5000\"", "\"0\"");
    untold(&drift(&zero, &[], SUITE).1, "that run's coefficients predict 0 for every row");
    assert_eq!(drift(&nothing, &[], SUITE).1["form"], "other");
    let new = SUITE.replace("[add, mul]", "[aaa, add, mul]");
    untold(&drift(SUITE, &[], &new).1, "that run has no such fit");
}

#[test]
fn compare_tells_how_far_predictions_went() {
    let (project, _) = drift(SUITE, &[], &SUITE.replace("3000 *", "3300 *"));
    let said = project.shmoo(&["compare"]);
    assert_eq!(said.code, Some(0), "{}", said.stderr);
    let line = |op: &str| said.stdout.lines().find(|line| line.contains(&format!("predictions of {op}"))).unwrap();
    assert!(line("add").starts_with("  model cost, predictions of add: +"), "{}", said.stdout);
    assert!(line("mul").contains("%"), "{}", said.stdout);
    let compared = project.json(0, &["compare", "--format", "json"]);
    let fit = &compared["models"][0]["fits"][1];
    assert_eq!([&fit["op"], &fit["set"], &fit["drift"]["form"]], ["mul", "base", "same"]);
    // What did not move is not told.
    let (project, _) = drift(SUITE, &[], SUITE);
    assert!(!project.ends(0, &["compare"]).contains("predictions"));
    // A model is no measurement.
    let (project, _) = drift(SUITE, &[], &SUITE.replace("items: n }", "items: n * 2 }"));
    let text = project.ends(0, &["compare"]);
    assert!(text.contains("the form of the model `cost` changed, or how it is fitted"), "{text}");
    assert!(text.contains("predictions of add: not told, the form was another"), "{text}");
    assert!(!text.contains("the command or the inputs of `model"), "{text}");
}
