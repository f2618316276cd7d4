//! Models of suites that cannot be fitted or written as they say: the run stands, and the reason is told.

use super::sweep_project::SweepProject;
use serde_json::{Value, json};

const SUITE: &str = r#"
version: 1
suite: models
params:
  n: { code: n, values: [1, 2, 4, 8] }
  op: { code: op, values: [add, mul] }
stages:
  measure:
    shell: "COMMAND echo cycles=$((5 + 3 * SHMOO_PARAM_N))"
    evidence: [{ key_value: stdout }]
    metrics: { cycles: { unit: ns, better: exact } }
models:
"#;

/// Sweeps with a model, and returns what the report warns of.
fn warnings(command: &str, models: &str, code: i32) -> (SweepProject, Vec<String>) {
    let project = SweepProject::with(&[]);
    project.write("models.yaml", &format!("{}{models}", SUITE.replace("COMMAND", command)));
    let report = project.json(code, &["sweep", "models.yaml", "--format", "json"]);
    let texts = report["warnings"].as_array().unwrap().iter().map(|warning| warning.as_str().unwrap().to_owned());
    let texts = texts.collect();
    (project, texts)
}

#[test]
fn a_model_without_rows_says_why() {
    let said = |command: &str, code: i32, key: &str, expected: &str| {
        let model = format!("  cost: {{ from: measure, {key}, target: cycles, features: {{ items: n }} }}\n");
        let (_, warnings) = warnings(command, &model, code);
        let expected = format!("the model `cost` is not fitted: no row is left for the fit: {expected}");
        assert!(warnings.contains(&expected), "{warnings:?}");
    };
    said("", 0, "where: 'n > 9'", "`where` does not hold for 8");
    said("", 0, "held_back: 'true'", "8 rows held back by `held_back`");
    said("", 0, "where: 'n > 2', held_back: 'n > 1'", "4 rows held back by `held_back`, `where` does not hold for 4");
    said("false;", 10, "where: 'cycles > 10'", "8 rows left out: `cycles` has no value here");
}

#[test]
fn what_can_be_no_truth_value_is_refused_when_the_suite_is_read() {
    let project = SweepProject::with(&[]);
    let refused = |key: &str, expected: &str| {
        let model = format!("  cost: {{ from: measure, {key}, target: cycles, features: {{ items: n }} }}\n");
        project.write("models.yaml", &format!("{}{model}", SUITE.replace("COMMAND", "")));
        let said = project.shmoo(&["plan", "models.yaml"]);
        assert_eq!(said.code, Some(2), "{key}: {}", said.stderr);
        assert!(said.stderr.contains(expected), "{key}: {}", said.stderr);
    };
    refused("where: n", "`n` is a number where a truth value is wanted");
    refused("where: \"n > 2 and op\"", "`op` is a text where a truth value is wanted");
    refused("held_back: \"n - 4\"", "`n - 4` is a number where a truth value is wanted");
    refused("let: { a: { expr: b }, b: { expr: a } }", "`a`, `b` need each other");
    refused("let: { kinds: [add, mul] }", "`kinds` is a list, and a model's table has one value of it in a row");
    refused("let: { cycles: { expr: n } }", "`cycles` is a metric of stage `measure` already");
    refused("sets: { '': 'true' }", "a set without a name");
    refused("sets: { base: \"true\", one: \"1\" }", "`1` is a number where a truth value is wanted");
}

#[test]
fn features_without_a_name_or_too_many_are_refused_when_the_suite_is_read() {
    let project = SweepProject::with(&[]);
    let refused = |features: &str, expected: &str| {
        let model = format!("  cost: {{ from: measure, target: cycles, features: {{ {features} }} }}\n");
        project.write("models.yaml", &format!("{}{model}", SUITE.replace("COMMAND", "")));
        let said = project.shmoo(&["plan", "models.yaml"]);
        assert_eq!((said.code, said.stderr.contains(expected)), (Some(2), true), "{}", said.stderr);
    };
    refused("'': n", "a feature without a name");
    let many: Vec<String> = (0..65).map(|index| format!("f{index}: n")).collect();
    refused(&many.join(", "), "a model has at most 64 features");
}

#[test]
fn sets_whose_rows_cannot_be_used_are_not_called_empty() {
    let model = "  cost: { from: measure, sets: { base: 'true', mul: \"op == 'mul'\" }, held_back: \"op == 'mul'\", \
                 target: cycles, features: { items: n } }\n";
    let (project, warnings) = warnings("", model, 0);
    let expected = "the model `cost`: no row of the set `mul` can be used: 4 rows, 4 of them held back";
    assert!(warnings.iter().any(|warning| warning == expected), "{warnings:?}");
    assert!(!warnings.iter().any(|warning| warning.contains("it holds for none")), "{warnings:?}");
    let record: Value = serde_json::from_str(&project.read(&project.last_run().join("record.json"))).unwrap();
    assert_eq!(record["models"][0]["unusable_sets"], json!([{ "set": "mul", "rows": 4, "held_back": 4 }]));
}

#[test]
fn rows_held_back_that_have_no_error_are_counted() {
    let model = "  cost: { from: measure, held_back: 'n > 2', target: cycles, features: { items: n } }\n";
    let (project, _) = warnings("test $SHMOO_PARAM_N = 8 && echo cycles=0 && exit;", model, 0);
    let record: Value = serde_json::from_str(&project.read(&project.last_run().join("record.json"))).unwrap();
    let held = &record["models"][0]["fits"][0]["held_back"];
    assert_eq!([&held["rows"], &held["left_out"]], [&json!(2), &json!(2)], "{held}");
    let text = project.ends(0, &["report", "last"]);
    assert!(text.contains("2 rows, 2 without an error"), "{text}");
}

#[test]
fn a_value_that_leads_elsewhere_is_in_no_file_name() {
    for value in ["..", "/abs", "a/../../../b"] {
        let project = SweepProject::with(&[]);
        let suite = SUITE.replace("COMMAND", "").replace("[add, mul]", &format!("[add, \"{value}\"]"));
        let model = "  cost: { from: measure, by: [op], target: cycles, features: { items: n }, \
                     params_file: '{op}/p.yaml' }\n";
        project.write("models.yaml", &format!("{suite}{model}"));
        let report = project.json(0, &["sweep", "models.yaml", "--format", "json"]);
        let expected = format!(
            "the model `cost` has no parameter file: `op` is `{value}`, which cannot be in the name of its `params_file`"
        );
        assert!(report["warnings"].as_array().unwrap().contains(&json!(expected)), "{}", report["warnings"]);
        assert_eq!(report["models"][0]["fits"].as_array().unwrap().len(), 2);
        let models: Vec<String> = std::fs::read_dir(project.last_run().join("models"))
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        assert_eq!(models, ["cost.csv"]);
        assert!(!project.last_run().join("p.yaml").exists());
        for option in [["--promote", "params"], ["--out", "params.yaml"]] {
            let said = project.shmoo(&["fit", "--suite", "models.yaml", option[0], option[1]]);
            assert_eq!(said.code, Some(2), "{}", said.stderr);
            assert!(said.stderr.contains(&expected), "{}", said.stderr);
        }
        assert!(!project.path("params").exists() && !project.path("params.yaml").exists());
    }
}

#[test]
fn a_file_that_cannot_be_written_costs_its_model_alone() {
    let name = "long".repeat(75);
    let models = format!(
        "  {name}: {{ from: measure, target: cycles, features: {{ items: n }} }}\n  \
         one: {{ from: measure, by: [op], target: cycles, features: {{ items: n }}, params_file: '{{op}}' }}\n  \
         two: {{ from: measure, by: [op], target: cycles, features: {{ items: n }}, params_file: '{{op}}/b.yaml' }}\n"
    );
    let (project, warnings) = warnings("", &models, 0);
    let said = |model: &str, expected: &str| {
        let start = format!("the model `{model}` {expected}");
        assert!(warnings.iter().any(|warning| warning.starts_with(&start)), "{start}: {warnings:?}");
    };
    said(&name, &format!("is not fitted: cannot write its table `{name}.csv`: "));
    said("two", "has no parameter file: cannot write `mul/b.yaml`: ");
    assert!(project.last_run().join("models/add").is_file());
    let record: Value = serde_json::from_str(&project.read(&project.last_run().join("record.json"))).unwrap();
    assert_eq!(record["models"][1]["files"], json!(["models/add", "models/mul"]));
}

#[test]
fn how_a_fit_is_made_reaches_the_models_of_a_suite() {
    let model = "  cost: { from: measure, target: cycles, features: { items: n } }\n";
    let (project, _) = warnings("", model, 0);
    let intervals = |resamples: &str| {
        let fit = ["fit", "--suite", "models.yaml", "--format", "json", "--resamples", resamples, "--threads", "2"];
        project.json(0, &fit)["models"][0]["intervals"].to_string()
    };
    assert_ne!(intervals("100"), intervals("2000"));
    assert_eq!(intervals("100"), intervals("100"));
}
