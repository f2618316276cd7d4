//! Fits held against earlier parameters.

use super::*;
use crate::config::load_model;
use crate::fit::{FindingKind, Options, fit, of_drift};
use crate::stats::Random;
use std::fmt::Write;

/// t = 3 a + 2 b times a factor, and noise.
fn model(factor: f64, seed: u64) -> FittedModel {
    let mut random = Random::new(seed);
    let mut table = "a,b,t\n".to_owned();
    for _ in 0..200 {
        let (a, b) = (1 + random.below(100), 1 + random.below(50));
        let target = (3 * a + 2 * b) as f64 * factor * (1.0 + 0.01 * random.normal());
        writeln!(table, "{a},{b},{target}").unwrap();
    }
    let form = load_model("m.yaml", "version: 1\nmodel: m\ntarget: t\nfeatures: { one: a, two: b }\n").unwrap();
    fit(&form, &table.as_bytes(), &Options { resamples: 200, ..Options::default() }).unwrap().models.remove(0)
}

fn form() -> FormText {
    let features = [("one", "a"), ("two", "b")].map(|(name, text)| (name.to_owned(), text.to_owned()));
    FormText { target: "t".to_owned(), features: features.to_vec() }
}

fn earlier_of(model: &FittedModel) -> Earlier {
    let coefficients = model.coefficients.iter().flatten();
    Earlier {
        coefficients: coefficients
            .map(|found| EarlierCoefficient { name: found.name.clone(), value: found.value, interval: found.interval })
            .collect(),
        covariance: model.covariance.clone(),
        form: Some(form()),
    }
}

#[test]
fn a_fit_against_itself_is_silent() {
    let model = model(1.0, 1);
    let found = drift(&earlier_of(&model), &form(), &model).unwrap();
    assert_eq!(found.verdict, DriftVerdict::Unchanged);
    assert!(found.coefficients.iter().all(|coefficient| coefficient.verdict == CoefficientVerdict::Same));
    let change = found.predictions.unwrap();
    assert_eq!((change.median_ratio, change.p95_change, change.mean_change, change.rows), (1.0, 0.0, 0.0, 200));
    assert_eq!(of_drift(&found, "p.yaml"), None);
}

#[test]
fn what_changed_is_told_from_chance() {
    let before = earlier_of(&model(1.0, 1));
    let check = |factor: f64, earlier: &Earlier, expected: DriftVerdict| {
        let found = drift(earlier, &form(), &model(factor, 2)).unwrap();
        assert_eq!(found.verdict, expected, "{factor}: {found:?}");
        found
    };
    check(1.0, &before, DriftVerdict::Unchanged);
    check(1.01, &before, DriftVerdict::Unchanged);
    let drifted = check(1.1, &before, DriftVerdict::Drifted);
    let change = drifted.predictions.unwrap();
    assert!((change.median_ratio - 1.1).abs() < 0.01 && (change.mean_change - 0.1).abs() < 0.01, "{change:?}");
    let (low, high) = change.mean_interval.unwrap();
    assert!(0.09 < low && low < change.mean_change && change.mean_change < high && high < 0.11);
    assert!(change.old_error > 0.08 && change.new_error < 0.02);
    assert!(drifted.coefficients.iter().all(|coefficient| coefficient.verdict == CoefficientVerdict::Moved));
    assert_eq!(of_drift(&drifted, "p.yaml").unwrap().kind, FindingKind::StaleParameters);
    // Without intervals on one side the other's decide.
    let bare = Earlier {
        coefficients: before.coefficients.iter().map(|c| EarlierCoefficient { interval: None, ..c.clone() }).collect(),
        ..Earlier::default()
    };
    check(1.1, &bare, DriftVerdict::Drifted);
    let mut untold = model(1.1, 2);
    untold.coefficients.iter_mut().flatten().for_each(|coefficient| coefficient.interval = None);
    let found = drift(&bare, &form(), &untold).unwrap();
    assert_eq!((found.verdict, found.coefficients[0].verdict), (DriftVerdict::Uncertain, CoefficientVerdict::Unknown));
}

#[test]
fn coefficients_that_trade_off_change_nothing() {
    let model = model(1.0, 1);
    let mut earlier = earlier_of(&model);
    // What one loses the other gains, over rows where both go together.
    earlier.coefficients[0].value += 0.02;
    earlier.coefficients[1].value -= 0.02;
    earlier.coefficients.iter_mut().for_each(|found| found.interval = Some((found.value, found.value)));
    let found = drift(&earlier, &form(), &model).unwrap();
    assert_eq!(found.verdict, DriftVerdict::Unchanged, "{found:?}");
}

#[test]
fn parameters_that_predict_nothing_have_drifted() {
    let model = model(1.0, 1);
    let check = |values: [f64; 2], expected: DriftVerdict| {
        let mut earlier = earlier_of(&model);
        earlier.coefficients.iter_mut().zip(values).for_each(|(found, value)| found.value = value);
        let found = drift(&earlier, &form(), &model).unwrap();
        assert_eq!((found.verdict, found.predictions), (expected, None), "{values:?}");
        let stale = of_drift(&found, "p.yaml").map(|finding| finding.kind);
        assert_eq!(stale.is_some(), expected == DriftVerdict::Drifted);
    };
    check([0.0, 0.0], DriftVerdict::Drifted);
    check([-3.0, -2.0], DriftVerdict::Drifted);
    check([f64::NAN, 2.0], DriftVerdict::Uncertain);
}

#[test]
fn another_form_is_not_compared() {
    let model = model(1.0, 1);
    let mut earlier = earlier_of(&model);
    earlier.form = Some(FormText { target: "t / 2".to_owned(), ..form() });
    let found = drift(&earlier, &form(), &model).unwrap();
    assert_eq!((found.verdict, found.predictions), (DriftVerdict::OtherForm, None));
    assert_eq!(of_drift(&found, "p.yaml").unwrap().kind, FindingKind::StaleParameters);
    let mut earlier = earlier_of(&model);
    earlier.coefficients[1].name = "three".to_owned();
    let found = drift(&earlier, &form(), &model).unwrap();
    let verdicts: Vec<CoefficientVerdict> = found.coefficients.iter().map(|found| found.verdict).collect();
    assert_eq!(verdicts, [CoefficientVerdict::Same, CoefficientVerdict::New, CoefficientVerdict::Gone]);
    assert_eq!(found.verdict, DriftVerdict::OtherForm);
}
