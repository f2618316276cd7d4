//! The sweep of kernels on this machine's processor, in its short form: measured, fitted, predicted, compared.
//! What is asserted is what is there and that it can be true: how fast the machine is, is nobody's business.

use super::sweep_project::SweepProject;
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

const SUITE: &str = "configs/cpu-ops.yaml";

/// A project whose `rustc` is the one that built this test: a task has no home to look for others in.
fn project() -> SweepProject {
    let mut project = SweepProject::with(&[SUITE, "examples/cpu-ops/cpu_ops.rs"]);
    let sysroot = Command::new("rustc").args(["--print", "sysroot"]).output().unwrap().stdout;
    let sysroot = String::from_utf8(sysroot).unwrap();
    project.env("PATH", format!("{}:/usr/local/bin:/usr/bin:/bin", Path::new(sysroot.trim()).join("bin").display()));
    project
}

fn list<'a>(value: &'a Value, key: &str) -> &'a [Value] {
    value[key].as_array().map_or(&[], Vec::as_slice)
}

fn number(value: &Value) -> f64 {
    value.as_f64().unwrap_or_else(|| panic!("{value} is no number"))
}

#[test]
fn kernels_are_measured_fitted_and_predicted() {
    let project = project();
    let first = project.json(0, &["sweep", SUITE, "--profile", "short", "--format", "json"]);
    assert_eq!(first["totals"]["cases"]["pass"], 447);
    let models: BTreeMap<&str, &Value> =
        list(&first, "models").iter().map(|model| (model["model"].as_str().unwrap(), model)).collect();
    let ops = |model: &str| -> Vec<&str> {
        list(models[model], "fits").iter().map(|fit| fit["op"].as_str().unwrap()).collect()
    };
    assert_eq!(ops("elementwise"), ["add_f32", "exp_f32"]);
    assert_eq!(ops("product"), ["matmul_f32"]);
    for model in models.values() {
        assert_eq!(model["problem"], Value::Null);
        let (rows, used, held) = (&model["rows"], number(&model["used"]), number(&model["held_back"]));
        assert!(held > 0.0 && used + held == number(rows), "{rows} rows, {used} fitted, {held} held back");
        list(model, "fits").iter().for_each(looks_right);
        // There was nothing to compare with.
        assert!(list(model, "drifts").is_empty());
    }
    // Of many rows some are drawn, and the page says of how many.
    let page = project.read(&project.last_run().join("report.html"));
    assert_eq!(number(&models["product"]["rows"]), 315.0);
    assert!(page.contains("matmul_f32, drawn</summary><p class=\"soft\">200 of 315 rows; "), "{page}");
    parameters_are_those_of_the_report(&project, &models);
    the_history_has_the_coefficients(&project, &models);
    a_second_run_tells_how_far_predictions_went(&project);
}

fn looks_right(fit: &Value) {
    for coefficient in list(fit, "coefficients") {
        assert!(number(&coefficient["value"]) >= 0.0, "{fit}");
        let (low, high) = (number(&coefficient["interval"][0]), number(&coefficient["interval"][1]));
        assert!(0.0 <= low && low <= high, "{fit}");
    }
    // Tiles cost something, whatever the machine.
    let tiles = list(fit, "coefficients").iter().find(|found| found["name"].as_str().unwrap().contains("tile"));
    assert!(number(&tiles.unwrap()["value"]) > 0.0, "{fit}");
    // A busy machine disturbs measurements, and yet no shape costs several times what its tiles do.
    let held = &fit["held_back"];
    assert!(number(&held["rows"]) >= 5.0 && (0.0..200.0).contains(&number(&held["mape"])), "{fit}");
}

fn parameters_are_those_of_the_report(project: &SweepProject, models: &BTreeMap<&str, &Value>) {
    let text = project.read(&project.last_run().join("models/params.yaml"));
    for fit in models.values().flat_map(|model| list(model, "fits")) {
        assert!(text.contains(&format!("{}:\n", fit["op"].as_str().unwrap())), "{text}");
        for coefficient in list(fit, "coefficients") {
            let line = format!("{}: {}\n", coefficient["name"].as_str().unwrap(), number(&coefficient["value"]));
            assert!(text.contains(&line), "{line}{text}");
        }
    }
    assert!(project.last_run().join("models/params.provenance.json").is_file());
}

fn the_history_has_the_coefficients(project: &SweepProject, models: &BTreeMap<&str, &Value>) {
    let text = project.ends(0, &["history", "export", "records", "--format", "jsonl"]);
    let record: Value = serde_json::from_str(text.lines().next().unwrap()).unwrap();
    let record = if record["metrics"].is_array() { &record } else { &record["record"] };
    let own = |row: &&Value| row["stage"] == "model product" && row["metric"] == "base/math_tiles_weight";
    let row = list(record, "metrics").iter().find(own).unwrap_or_else(|| panic!("{text:.2000}"));
    let coefficient = &models["product"]["fits"][0]["coefficients"][0];
    assert_eq!(row["point"], "opmatmul_tf32");
    let samples = [&coefficient["value"], &coefficient["interval"][0], &coefficient["interval"][1]];
    assert_eq!(list(row, "samples").iter().collect::<Vec<_>>(), samples);
}

fn a_second_run_tells_how_far_predictions_went(project: &SweepProject) {
    let second = project.json(0, &["sweep", SUITE, "--profile", "short", "--format", "json", "--quiet"]);
    for model in list(&second, "models") {
        for (fit, drift) in list(model, "fits").iter().zip(list(model, "drifts")) {
            let (least, mean, greatest) = (number(&drift["least"]), number(&drift["mean"]), number(&drift["greatest"]));
            assert!(least <= mean + 1e-9 && mean <= greatest + 1e-9 && least > -1.0, "{drift}");
            assert_eq!(list(drift, "before").len(), list(fit, "coefficients").len());
            assert_eq!(number(&drift["rows"]), number(&fit["rows"]) + number(&fit["held_back"]["rows"]));
        }
    }
    // Coefficients are told of by what they predict, and no changed metrics.
    let changes = list(&second["comparison"], "changes");
    assert!(!changes.is_empty() && changes.iter().all(|change| !change["metric"].as_str().unwrap().contains("model ")));
    let text = project.ends(0, &["report", "--format", "markdown"]);
    assert!(text.contains("### Models") && text.contains("predictions moved"), "{text}");
    let page = project.ends(0, &["report", "--format", "html"]);
    assert!(page.contains("<section id=\"models\""), "the page has no models");
}
