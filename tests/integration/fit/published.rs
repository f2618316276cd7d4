//! The published sweeps: every coefficient is found again, and what is wrong with the data is said.

use super::{published_data, read_csv};
use shmoo::fit::{FindingKind, Options};
use shmoo::steps::fitting::{FitRequest, FittedFile, fit_files};
use std::collections::BTreeMap;
use std::path::Path;

fn request(model: &str, path: &Path) -> FitRequest {
    let options = Options { threads: 2, resamples: 200, ..Options::default() };
    FitRequest::new(model, vec![path.to_owned()], options)
}

fn fit_one(request: &FitRequest) -> FittedFile {
    fit_files(request).unwrap_or_else(|error| panic!("{:?}: {error:?}", request.files)).remove(0)
}

/// Returns the model of a published fit.
fn model_of(file: &str, statistics: &[std::collections::HashMap<String, String>]) -> String {
    let row = statistics.iter().find(|row| row["csv_file"] == file).unwrap();
    if file.contains("depthwise") { "depthwise".to_owned() } else { row["model"].clone() }
}

/// Reads `base[Unary-Type=sine]` as the condition in brackets.
fn filter_of(attributes: &str) -> Option<String> {
    let (column, value) = attributes.split_once('[')?.1.trim_end_matches(']').split_once('=')?;
    let name = if column == "Unary-Type" { "op" } else { column };
    Some(format!("{name} == '{value}'"))
}

#[test]
fn every_published_coefficient_is_found_again() {
    let Some(data) = published_data("every_published_coefficient_is_found_again") else { return };
    let statistics = read_csv(&data.join("golden_fit_stats.csv"));
    let mut groups: BTreeMap<(String, String), Vec<(String, f64)>> = BTreeMap::new();
    for row in read_csv(&data.join("golden_params.csv")) {
        let key = (row["csv_file"].clone(), row["attrs"].clone());
        groups.entry(key).or_default().push((row["param"].clone(), row["recomputed"].parse().unwrap()));
    }
    let mut compared = 0;
    for ((file, attributes), params) in &groups {
        let mut request = request(&model_of(file, &statistics), &data.join(file));
        request.filters.extend(filter_of(attributes));
        let fitted = fit_one(&request);
        let coefficients = fitted.fit.models[0].coefficients.as_ref().unwrap();
        assert_eq!((fitted.fit.models.len(), coefficients.len()), (1, params.len()), "{file}");
        for (name, expected) in params {
            let found = coefficients.iter().find(|coefficient| coefficient.name == *name).unwrap().value;
            let off = if *expected == 0.0 { found.abs() } else { (found / expected - 1.0).abs() };
            // The published value has eight places.
            assert!(
                off <= 1e-8 || (found - expected).abs() <= 5.1e-9,
                "{file} {attributes} {name}: {found} {expected}"
            );
            compared += 1;
        }
    }
    assert_eq!(compared, 98);
}

#[test]
fn errors_are_those_of_others() {
    let Some(data) = published_data("errors_are_those_of_others") else { return };
    for row in read_csv(&data.join("golden_fit_stats.csv")) {
        let file = row["csv_file"].as_str();
        let model = if file.contains("depthwise") { "depthwise" } else { &row["model"] };
        let mut request = request(model, &data.join(file));
        // There the fidelity is a text of the table.
        request.filters.extend(filter_of(&row["attrs"]));
        let fitted = fit_one(&request);
        let model = &fitted.fit.models[0];
        let quality = &model.quality;
        assert_eq!(model.rows.to_string(), row["rows"], "{file}");
        let check = |column: &str, found: f64, tolerance: f64| {
            let expected: f64 = row[column].parse().unwrap();
            assert!(
                (found - expected).abs() <= tolerance * expected.abs().max(1.0),
                "{file} {column}: {found} {expected}"
            );
        };
        check("r2", quality.r2.unwrap(), 1e-7);
        check("rmse", quality.rmse, 1e-6);
        check("mape_pct", quality.mean_error.unwrap() * 100.0, 1e-5);
        check("max_ape_pct", quality.max_error.unwrap() * 100.0, 1e-5);
        check("mean_real_over_pred", quality.ratio_mean.unwrap(), 1e-6);
        check("std_real_over_pred", quality.ratio_deviation.unwrap(), 1e-6);
        if !file.contains("depthwise") {
            check("cond_X", quality.condition, 1e-4);
        }
    }
}

#[test]
fn a_better_form_is_found() {
    let Some(data) = published_data("a_better_form_is_found") else { return };
    let request = FitRequest { search: true, ..request("eltwise", &data.join("wormhole_b0/add-op-performance.csv")) };
    let fitted = fit_one(&request);
    let declared = fitted.fit.models[0].quality.left_out_error.unwrap();
    let search = &fitted.searches[0];
    let first = &search.forms[0].standing;
    assert!(first.error <= 0.01 && first.is_level() && declared > 0.06, "{declared} {search:?}");
    assert!(search.declared.as_ref().is_some_and(|declared| first.error < declared.standing.error), "{search:?}");
}

#[test]
fn what_is_wrong_with_the_data_is_said() {
    let Some(data) = published_data("what_is_wrong_with_the_data_is_said") else { return };
    let messages = |model: &str, file: &str, kind: FindingKind| -> Vec<String> {
        let fitted = fit_one(&request(model, &data.join(file)));
        let findings = fitted.fit.models[0].findings.iter().filter(|finding| finding.kind == kind);
        findings.map(|finding| finding.message.clone()).collect()
    };
    let mixed = messages("eltwise", "wormhole_b0/sine-op-performance.csv", FindingKind::MixedRows);
    assert!(
        mixed.len() == 1 && mixed[0].starts_with("`Unary-Type` mixes rows that differ: 150 of `cosine`, 150 of `sine`"),
        "{mixed:?}"
    );
    let form = messages("reduce_z", "wormhole_b0/reduce-z-op-performance.csv", FindingKind::BadForm);
    assert!(
        form.len() == 1 && form[0].contains("in spite of an R² of 0.985") && form[0].contains("50.8 %"),
        "{form:?}"
    );
    let zero = messages("depthwise", "wormhole_b0/depthwise-op-performance.csv", FindingKind::ZeroCoefficient);
    assert!(zero.len() == 3 && zero.iter().any(|message| message.contains("depends on the others")), "{zero:?}");
    for file in [
        "wormhole_b0/exp-op-performance.csv",
        "wormhole_b0/sqrt-op-performance.csv",
        "grayskull/maximum-op-performance.csv",
    ] {
        assert_eq!(messages("eltwise", file, FindingKind::MixedRows), [""; 0], "{file}");
        assert_eq!(messages("eltwise", file, FindingKind::BadForm), [""; 0], "{file}");
    }
}
