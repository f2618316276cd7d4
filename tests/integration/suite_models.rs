//! The models of a suite, over measurements that a formula makes: what comes out is known.

use super::sweep_project::SweepProject;
use serde_json::{Value, json};

/// cycles = 5 + 3 n, and 4 n where it is wide; one case is not measured.
const SUITE: &str = r#"
version: 1
suite: models
params:
  n: { code: n, values: [1, 2, 3, 4, 6, 8, 12, 16] }
  wide: { code: w, values: [false, true], default: false }
  way: { code: way, values: [up, down], default: up }
let: { each: { pick: wide, from: { "true": 4, "false": 3 } } }
stages:
  measure:
    per: [n, wide]
    shell: "echo cycles=$((5 + (SHMOO_LET_EACH + EXTRA) * SHMOO_PARAM_N))"
    let: { own: { expr: "each" } }
    env: { EXTRA: "0" }
    evidence: [{ key_value: stdout }]
    metrics: { cycles: { unit: cycles, better: exact } }
  other:
    per: [way]
    shell: "echo share=0.5"
    evidence: [{ key_value: stdout }]
    metrics: { share: { better: higher } }
models:
  cost:
    from: measure
    where: "n != 3"
    sets: { base: "true", wide: wide }
    held_back: "n == 6"
    let: { twice: { expr: "half * 4" }, half: { expr: "n / 2" } }
    target: cycles
    features: { fixed: "1", items: "twice / 2" }
  split:
    from: measure
    by: [wide]
    target: cycles
    features: { items: n }
    free: [items]
    intercept: true
    params_file: "split/{wide}.yaml"
"#;

fn fits(report: &Value, model: &str) -> Vec<Value> {
    let models = report["models"].as_array().unwrap();
    let found = models.iter().find(|found| found["model"] == model);
    found.unwrap_or_else(|| panic!("{model}: {models:?}"))["fits"].as_array().unwrap().clone()
}

#[track_caller]
fn coefficients(fit: &Value, expected: &[(&str, f64)]) {
    let found: Vec<(&str, f64)> = fit["coefficients"]
        .as_array()
        .unwrap()
        .iter()
        .map(|found| (found["name"].as_str().unwrap(), found["value"].as_f64().unwrap()))
        .collect();
    assert_eq!(found.len(), expected.len(), "{fit}");
    for ((name, value), (expected_name, expected)) in found.iter().zip(expected) {
        assert!(name == expected_name && (value - expected).abs() < 1e-9, "{name} {value}: {fit}");
    }
}

#[test]
fn what_a_formula_has_comes_out() {
    let project = SweepProject::with(&[]);
    project.write("models.yaml", SUITE);
    let first = project.json(0, &["sweep", "models.yaml", "--format", "json"]);
    let cost = fits(&first, "cost");
    assert_eq!([&cost[0]["op"], &cost[0]["set"], &cost[1]["set"]], ["cost", "base", "wide"]);
    assert_eq!([&cost[0]["point"], &cost[0]["rows"]], [&json!("all"), &json!(6)]);
    coefficients(&cost[0], &[("fixed", 5.0), ("items", 3.0)]);
    coefficients(&cost[1], &[("fixed", 5.0), ("items", 4.0)]);
    for fit in &cost {
        let held = &fit["held_back"];
        assert_eq!(held["rows"], 1);
        assert!(held["worst"].as_str().unwrap().starts_with("n6"), "{held}");
        assert!(held["max_ape"].as_f64().unwrap() < 1e-9, "{held}");
    }
    let split = fits(&first, "split");
    assert_eq!(split.iter().map(|fit| fit["point"].as_str().unwrap()).collect::<Vec<_>>(), ["base", "wtrue"]);
    coefficients(&split[1], &[("items", 4.0), ("intercept", 5.0)]);
    let files = project.last_run().join("models");
    assert!(project.read(&files.join("params.yaml")).contains("cost:\n  base:\n    fixed: "));
    assert!(files.join("split/false.yaml").is_file() && files.join("split/true.yaml").is_file());
    let table = project.read(&files.join("cost.csv"));
    assert_eq!(table.lines().next(), Some("(point),n,wide,twice,cycles"));
    assert_eq!(table.lines().count(), 1 + 12, "{table}");
    fits_are_drawn(&project);
    predictions_go_with_the_formula(&project);
    the_history_follows_coefficients(&project);
    a_changed_model_is_fitted_again(&project);
}

fn fits_are_drawn(project: &SweepProject) {
    let page = project.read(&project.last_run().join("report.html"));
    // Two fits of `cost`, with one feature that is not the same everywhere, and two of `split`.
    for (kind, expected) in [("fit-scatter", 4), ("fit-residuals", 4)] {
        assert_eq!(page.matches(&format!(r#"class="drawing {kind}""#)).count(), expected, "{kind}");
    }
    assert!(page.contains("n6: measured 23, predicted 23, 0% beyond, kept out of the fit"), "{page}");
    project.ends(0, &["report", "last", "--plots", "drawn"]);
    let drawn = project.read(&project.path("drawn/fit-scatter-2-cost-wide-measured-against-predicted.svg"));
    assert!(drawn.contains("<desc") && drawn.contains("squares were kept out of the fit"), "{drawn}");
    let drawn = project.read(&project.path("drawn/fit-residuals-2-cost-wide-errors-along-items.svg"));
    assert!(drawn.contains("7 rows"), "{drawn}");
    let text = project.ends(0, &["report", "last", "--format", "markdown"]);
    assert!(text.contains("the HTML report draws 4 fits"), "{text}");
}

fn predictions_go_with_the_formula(project: &SweepProject) {
    project.write("models.yaml", &SUITE.replace("EXTRA: \"0\"", "EXTRA: \"1\""));
    let second = project.json(12, &["sweep", "models.yaml", "--format", "json"]);
    let drift = &second["models"][0]["drifts"][0];
    assert_eq!(drift["before"][0][0], "fixed");
    // 5 + 4 n against 5 + 3 n, for 1, 2, 4, 6, 8, 12 and 16.
    let change = |n: f64| (5.0 + 4.0 * n) / (5.0 + 3.0 * n) - 1.0;
    let mean = [1.0, 2.0, 4.0, 6.0, 8.0, 12.0, 16.0].map(change).iter().sum::<f64>() / 7.0;
    for (key, expected) in [("least", change(1.0)), ("mean", mean), ("greatest", change(16.0))] {
        assert!((drift[key].as_f64().unwrap() - expected).abs() < 1e-9, "{key}: {drift}");
    }
    assert_eq!(drift["rows"], 7);
    let text = project.ends(12, &["report", "last"]);
    assert!(text.contains("items = 4") && text.contains("was 3"), "{text}");
}

#[test]
fn coefficients_of_another_form_predict_nothing() {
    let project = SweepProject::with(&[]);
    project.write("models.yaml", SUITE);
    project.json(0, &["sweep", "models.yaml", "--format", "json"]);
    let features = "features: { fixed: \"1\", items: \"twice / 2\" }";
    let (other, half) = (features.replace("/ 2", "/ 4"), "half: { expr: \"n / 2\" }");
    // The features change, then only a named value that they read, then what is no part of the form.
    let first = SUITE.replace(features, &other);
    let second = first.replace(half, "half: { expr: n }");
    let third = second.replace(&other, &format!("{other}\n    weighting: relative"));
    for (suite, expected) in [(first, "other"), (second, "other"), (third, "same")] {
        project.write("models.yaml", &suite);
        let report = project.json(0, &["sweep", "models.yaml", "--format", "json"]);
        let drift = &report["models"][0]["drifts"][0];
        assert_eq!(drift["form"], expected, "{drift}");
        assert_eq!(drift.get("mean").is_some(), expected == "same", "{drift}");
        // The other model is as it was.
        assert_eq!(report["models"][1]["drifts"][0]["form"], "same");
        for format in ["terminal", "markdown"] {
            let text = project.ends(0, &["report", "last", "--format", format]);
            assert_eq!(text.contains("not told, the form was another"), expected == "other", "{text}");
        }
    }
}

fn the_history_follows_coefficients(project: &SweepProject) {
    let text = project.ends(0, &["history", "export", "samples", "--format", "csv"]);
    let of_item = |line: &&str| line.contains("model cost") && line.contains("base/items");
    assert!(text.lines().filter(of_item).count() >= 2, "{text}");
}

fn a_changed_model_is_fitted_again(project: &SweepProject) {
    let later = SUITE.replace("features: { fixed: \"1\", items: \"twice / 2\" }", "features: { items: n }");
    project.write("models.yaml", &later);
    let fitted = project.json(0, &["fit", "--suite", "models.yaml", "--format", "json"]);
    let models = fitted["models"].as_array().unwrap();
    let params = models.iter().find(|model| model["op"] == "cost" && model["set"] == "base").unwrap()["params"].clone();
    assert_eq!(params.as_object().unwrap().keys().collect::<Vec<_>>(), ["items"]);
    // The models belong into three files.
    let said = project.shmoo(&["fit", "--suite", "models.yaml", "--out", "all.yaml"]);
    assert_eq!(said.code, Some(2), "{}", said.stderr);
    assert!(said.stderr.contains("params.yaml, split/false.yaml, split/true.yaml"), "{}", said.stderr);
}

#[test]
fn attribute_sets_without_rows_are_told() {
    let project = SweepProject::with(&[]);
    let sets = r#"sets: { base: "true", large: "n > 99", wide: wide }"#;
    project.write("models.yaml", &SUITE.replace(r#"sets: { base: "true", wide: wide }"#, sets));
    let told = |report: &Value| {
        let warnings = report["warnings"].as_array().unwrap().iter();
        warnings
            .filter(|warning| warning.as_str().unwrap().contains("no usable row is in the set"))
            .cloned()
            .collect::<Vec<_>>()
    };
    let sentence =
        "the model `cost`: no usable row is in the set `large`: it holds for none, or later sets hold wherever it does";
    assert_eq!(told(&project.json(0, &["sweep", "models.yaml", "--format", "json"])), [sentence]);
    let record: Value = serde_json::from_str(&project.read(&project.last_run().join("record.json"))).unwrap();
    assert_eq!(record["models"][0]["empty_sets"], json!(["large"]));
    // Where only some cases run, sets may well have none.
    let some = ["sweep", "models.yaml", "--where", "n < 9", "--format", "json"];
    assert_eq!(told(&project.json(0, &some)), Vec::<Value>::new());
}

#[test]
fn groups_of_which_nothing_can_be_used_are_told() {
    let project = SweepProject::with(&[]);
    let fails = SUITE.replace("shell: \"echo cycles", "shell: \"test $SHMOO_PARAM_WIDE = false && echo cycles");
    project.write("models.yaml", &fails);
    let report = project.json(10, &["sweep", "models.yaml", "--format", "json"]);
    let warnings = report["warnings"].as_array().unwrap();
    assert!(warnings.contains(&json!("the model `split`: no row of `wide true` can be used: 8 rows")), "{warnings:?}");
    let record: Value = serde_json::from_str(&project.read(&project.last_run().join("record.json"))).unwrap();
    let expected = json!([{ "point": "wtrue", "params": [["wide", true]], "rows": 8, "held_back": 0 }]);
    assert_eq!(record["models"][1]["empty_groups"], expected);
    assert_eq!(fits(&report, "split").len(), 1);
    // So are those of which every row is kept out of the fit.
    let model = "    by: [wide]\n    held_back: \"wide or n == 2\"\n    target: cycles\n";
    project.write("models.yaml", &SUITE.replace("    by: [wide]\n    target: cycles\n", model));
    let report = project.json(0, &["sweep", "models.yaml", "--format", "json"]);
    let warnings = report["warnings"].as_array().unwrap();
    let held = json!("the model `split`: no row of `wide true` can be used: 8 rows, 8 of them held back");
    assert!(warnings.contains(&held), "{warnings:?}");
}

#[test]
fn sets_that_estimates_cannot_read_are_not_promoted() {
    let project = SweepProject::with(&[]);
    project.write("models.yaml", SUITE);
    project.ends(0, &["sweep", "models.yaml"]);
    let said = project.shmoo(&["fit", "--suite", "models.yaml", "--promote", "params/new"]);
    assert_eq!(said.code, Some(2), "{}", said.stderr);
    assert!(said.stderr.contains("the models belong into several parameter files"), "{}", said.stderr);
    let one = SUITE.replace("\"split/{wide}.yaml\"", "params.yaml");
    project.write("models.yaml", &one);
    let said = project.shmoo(&["fit", "--suite", "models.yaml", "--promote", "params/new"]);
    assert_eq!(said.code, Some(2), "{}", said.stderr);
    let expected = "estimates cannot read the set `wide` of `cost`: `wide` is no attribute of operations";
    assert!(said.stderr.contains(expected), "{}", said.stderr);
    assert!(!project.path("params").exists());
}

#[test]
fn what_cannot_be_fitted_says_why_and_the_run_stands() {
    let project = SweepProject::with(&[]);
    let models = "\
models:
  apart: { from: other, target: share, features: { fixed: n_of_all } }
  same: { from: measure, by: [wide], target: cycles, features: { items: n }, params_file: one.yaml }
  again: { from: measure, by: [wide], target: cycles, features: { items: n }, params_file: 'one.yaml' }
  none: { from: measure, where: 'n > 99', target: cycles, features: { items: n } }
";
    let suite =
        SUITE[..SUITE.find("models:\n  cost").unwrap()].replace("let: { each:", "let: { n_of_all: { expr: n }, each:");
    project.write("models.yaml", &format!("{suite}{models}"));
    let report = project.json(0, &["sweep", "models.yaml", "--format", "json"]);
    let warnings: Vec<&str> =
        report["warnings"].as_array().unwrap().iter().map(|warning| warning.as_str().unwrap()).collect();
    let said = |model: &str, expected: &str| {
        let found = warnings.iter().find(|warning| warning.starts_with(&format!("the model `{model}`")));
        assert!(found.is_some_and(|found| found.contains(expected)), "{model}: {warnings:?}");
    };
    said("apart", "`n_of_all` depends on `n`, which has several values at a point of `other`");
    said("none", "no row");
    let twice = "has no parameter file: `one.yaml`: `false` has two fits of the set `base`, by the models `same` and \
                 `again`, and a parameter file has one (give one of them another `params_file`)";
    said("again", twice);
    said("same", twice);
    assert_eq!(fits(&report, "again").len(), 2);
    assert!(!project.last_run().join("models/one.yaml").exists());
}
