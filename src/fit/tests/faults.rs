//! Wrong rows: what they do to a fit, and that they are named.

use super::model;
use crate::fit::{Coefficient, FindingKind, Fit, IntervalMethod, Options, fit};
use crate::stats::Random;
use std::fmt::Write;

const FORM: &str = "target: t\nfeatures: { start: '1', area: a, window: a * k }\n";

/// t = 500 + 12 a + 3 a k and noise, `shares` of the target.
fn rows(seed: u64, count: usize, share: f64) -> Vec<[f64; 3]> {
    let mut random = Random::new(seed);
    let one = |random: &mut Random| {
        let (a, k) = ((1 + random.below(30)) as f64, (1 + 8 * random.below(3)) as f64);
        [a, k, (500.0 + 12.0 * a + 3.0 * a * k) * (1.0 + share * random.normal())]
    };
    (0..count).map(|_| one(&mut random)).collect()
}

fn fit_rows(form: &str, rows: &[[f64; 3]], options: &Options) -> Fit {
    let mut text = "a,k,t\n".to_owned();
    rows.iter().for_each(|[a, k, t]| writeln!(text, "{a},{k},{t}").unwrap());
    fit(&model(form), &text.as_bytes(), options).unwrap()
}

fn sandwich() -> Options {
    Options { intervals: Some(IntervalMethod::Sandwich), ..Options::default() }
}

fn coefficients(fit: &Fit) -> &[Coefficient] {
    fit.models[0].coefficients.as_deref().unwrap()
}

fn told(fit: &Fit, kind: FindingKind) -> Vec<&str> {
    let findings = fit.models[0].findings.iter().filter(|finding| finding.kind == kind);
    findings.map(|finding| finding.message.as_str()).collect()
}

#[test]
fn rows_drawn_again_are_fitted_as_all_are() {
    let rows = |wrong: f64| -> String {
        let mut random = Random::new(3);
        let row = |line: usize| {
            let (x, t) = (1.0 + line as f64, 10.0 * (1.0 + line as f64) * (1.0 + 0.01 * random.normal()));
            format!("{x},{}\n", if line == 30 { wrong } else { t })
        };
        (0..60).map(row).collect()
    };
    let form = model("target: t\nfeatures: { a: x }\nrobust: true\n");
    let drawn = Options { intervals: Some(IntervalMethod::Bootstrap), resamples: 200, ..Options::default() };
    let found = fit(&form, &format!("x,t\n{}", rows(1e6)).as_bytes(), &drawn).unwrap();
    let (low, high) = found.models[0].coefficients.as_ref().unwrap()[0].interval.unwrap();
    assert!(low > 9.9 && low < 10.0 && high > 10.0 && high < 10.1, "{low} {high}");
    // Features that sums of products do not tell apart.
    let mut random = Random::new(4);
    let near = |_| {
        let x = 1.0 + 9.0 * random.unit();
        let z = x * (1.0 + 1e-6 * random.normal());
        format!("{x},{z},{}\n", 3.0 * x + 4.0 * z)
    };
    let table = format!("x,z,t\n{}", (0..200).map(near).collect::<String>());
    let found = fit(&model("target: t\nfeatures: { a: x, b: z }\n"), &table.as_bytes(), &drawn).unwrap();
    for (coefficient, expected) in found.models[0].coefficients.as_ref().unwrap().iter().zip([3.0, 4.0]) {
        let (low, high) = coefficient.interval.unwrap();
        assert!((low - expected).abs() < 1e-5 && (high - expected).abs() < 1e-5, "{coefficient:?}");
    }
}

#[test]
fn a_wrong_row_leaves_the_intervals_of_a_robust_fit_alone() {
    for weighting in ["absolute", "relative"] {
        let form = format!("{FORM}robust: true\nweighting: {weighting}\n");
        let clean = rows(1, 60, 0.01);
        let mut wrong = clean.clone();
        wrong[17][2] *= 100.0;
        let (clean, wrong) = (fit_rows(&form, &clean, &sandwich()), fit_rows(&form, &wrong, &sandwich()));
        for (one, other) in coefficients(&clean).iter().zip(coefficients(&wrong)) {
            let ((low, high), (other_low, other_high)) = (one.interval.unwrap(), other.interval.unwrap());
            let width = high - low;
            assert!((width / (other_high - other_low) - 1.0).abs() < 0.15, "{one:?} {other:?}");
            assert!((low - other_low).abs().max((high - other_high).abs()) < 0.15 * width, "{one:?} {other:?}");
        }
        assert_eq!(told(&wrong, FindingKind::Undetermined), [""; 0]);
    }
}

/// Of normal errors, the interval of a robust fit should hold the truth in 95 of 100 cases.
#[test]
fn intervals_of_robust_fits_hold_the_truth() {
    let form = format!("{FORM}robust: true\nweighting: relative\n");
    let held = |seed: &u64| {
        let fit = fit_rows(&form, &rows(*seed, 60, 0.05), &sandwich());
        let (low, high) = coefficients(&fit)[2].interval.unwrap();
        low <= 3.0 && 3.0 <= high
    };
    let held = (1..=400u64).filter(held).count();
    assert!((366..=391).contains(&held), "{held} of 400");
}

#[test]
fn a_wrong_row_is_no_sign_of_kinds() {
    let mut random = Random::new(2);
    for seed in 0..20 {
        let mut all = rows(seed, 60, 0.01);
        all[17][2] /= 1000.0;
        let row = |[a, k, t]: &[f64; 3]| format!("{a},{k},{t},{}\n", ["x", "y", "z"][random.below(3)]);
        let table = format!("a,k,t,kind\n{}", all.iter().map(row).collect::<String>());
        let fit = fit(&model(&format!("{FORM}weighting: relative\n")), &table.as_bytes(), &sandwich()).unwrap();
        assert_eq!(told(&fit, FindingKind::InfluentialRow).len(), 1);
        assert_eq!((told(&fit, FindingKind::MixedRows), told(&fit, FindingKind::BadForm)), (vec![], vec![]));
    }
}

#[test]
fn a_row_that_moves_a_fit_alone_is_named() {
    let mut wrong = rows(1, 60, 0.01);
    wrong[17][2] *= 100.0;
    let large = Options { most_kept: 10, ..sandwich() };
    for options in [Options::default(), sandwich(), large.clone()] {
        let fit = fit_rows(FORM, &wrong, &options);
        let found = told(&fit, FindingKind::InfluentialRow);
        assert!(found.len() == 1 && found[0].starts_with("line 19 alone moves `"), "{found:?}");
        assert!(found[0].ends_with("mend or drop the row, or fit with `--robust`"), "{found:?}");
        assert_eq!(told(&fit, FindingKind::BadForm), [""; 0]);
    }
    // The figures are those of the fit without the row.
    let fit = fit_rows(FORM, &wrong, &sandwich());
    let without: Vec<[f64; 3]> = [&wrong[..17], &wrong[18..]].concat();
    let clean = fit_rows(FORM, &without, &sandwich());
    let percent = |fit: &Fit| format!("{:.3e}", fit.models[0].quality.mean_error.unwrap() * 100.0);
    let expected = format!("off by {} % in the mean", percent(&clean).parse::<f64>().unwrap());
    assert!(told(&fit, FindingKind::InfluentialRow)[0].contains(&expected), "{expected} {:?}", fit.models[0].findings);
    assert_eq!(
        told(&fit_rows(&format!("{FORM}robust: true\n"), &wrong, &sandwich()), FindingKind::InfluentialRow),
        [""; 0]
    );
    // Two of them hide each other from a look at one at a time.
    wrong[40][2] *= 80.0;
    for options in [sandwich(), large] {
        let fit = fit_rows(FORM, &wrong, &options);
        let found = told(&fit, FindingKind::InfluentialRow);
        assert!(found.len() == 1 && found[0].starts_with("lines 19, 42 alone move `"), "{found:?}");
    }
    // A feature that is a thousandfold pulls the fit through its row.
    let mut wrong = rows(2, 200, 0.01);
    wrong[100][0] *= 1000.0;
    let fit = fit_rows(FORM, &wrong, &sandwich());
    let found = told(&fit, FindingKind::InfluentialRow);
    assert!(found.len() == 1 && found[0].starts_with("line 102 alone"), "{found:?}");
    let mut wrong = rows(3, 100, 0.02);
    wrong[50][2] /= 1000.0;
    let fit = fit_rows(&format!("{FORM}weighting: relative\n"), &wrong, &sandwich());
    let found = told(&fit, FindingKind::InfluentialRow);
    assert!(found.len() == 1 && found[0].starts_with("line 52 alone"), "{found:?}");
}

#[test]
fn clean_rows_hardly_ever_move_a_fit_alone() {
    let mut told_of = 0;
    for seed in 0..300 {
        for (count, share, heavy) in [(8, 0.1, 1.0), (20, 0.2, 1.0), (60, 0.02, 1.5), (200, 0.1, 1.5)] {
            let mut rows = rows(seed, count, share);
            // Errors with long tails.
            rows.iter_mut().for_each(|row| {
                let truth = 500.0 + 12.0 * row[0] + 3.0 * row[0] * row[1];
                let normal = (row[2] / truth - 1.0) / share;
                row[2] = truth * (1.0 + share * normal.abs().powf(heavy).copysign(normal)).max(0.3);
            });
            let few = if seed % 2 == 0 { sandwich() } else { Options { most_kept: 10, ..sandwich() } };
            for form in [FORM.to_owned(), format!("{FORM}weighting: relative\n")] {
                let fit = fit_rows(&form, &rows, &few);
                told_of += told(&fit, FindingKind::InfluentialRow).len();
            }
        }
    }
    assert!(told_of <= 2, "{told_of} of 2,400");
}

#[test]
fn negative_targets_are_told() {
    let mut wrong = rows(1, 60, 0.01);
    (wrong[3][2], wrong[9][2]) = (-5.0, -7.0);
    let expected = "the target is negative in lines 5, 11, which no sum of these terms can be";
    for options in [sandwich(), Options { most_kept: 10, ..sandwich() }] {
        assert_eq!(told(&fit_rows(FORM, &wrong, &options), FindingKind::NegativeTarget), [expected]);
    }
    assert_eq!(
        told(&fit_rows(&format!("{FORM}free: [start]\n"), &wrong, &sandwich()), FindingKind::NegativeTarget),
        [""; 0]
    );
}

#[test]
fn features_that_depend_on_each_other_have_no_intervals() {
    let form = "target: t\nfeatures: { start: '1', wide: 64 + 0 * a, area: a, double: 2 * a, window: a * k }\n";
    for options in [Options::default(), sandwich(), Options { most_kept: 10, ..sandwich() }] {
        let fit = fit_rows(form, &rows(1, 60, 0.01), &options);
        let known: Vec<bool> = coefficients(&fit).iter().map(|found| found.interval.is_some()).collect();
        assert_eq!(known, [false, false, false, false, true], "{:?}", coefficients(&fit));
        let expected = "features depend on each other: `start`, `wide`; `area`, `double`; the rows do not tell how these share what they explain";
        assert_eq!(told(&fit, FindingKind::Collinear), [expected]);
    }
}

#[test]
fn few_rows_on_a_line_by_rounding_accuse_none() {
    // 20 + 3 x in whole numbers: three of six rows may well lie on a line.
    for targets in [[23, 26, 29, 30, 37, 39], [22, 26, 29, 32, 36, 38]] {
        let rows: String = targets.iter().enumerate().map(|(row, t)| format!("{},{t}\n", row + 1)).collect();
        let form = model("target: t\nfeatures: { a: '1', b: x }\n");
        let found = fit(&form, &format!("x,t\n{rows}").as_bytes(), &sandwich()).unwrap();
        assert_eq!(told(&found, FindingKind::InfluentialRow), Vec::<&str>::new(), "{targets:?}");
    }
    // One row that is plainly wrong is told, and is the one that is far off.
    let rows = "1,23\n2,26\n3,29\n4,3200\n5,35\n6,38\n7,41\n8,44.1\n";
    let form = model("target: t\nfeatures: { a: '1', b: x }\n");
    let found = fit(&form, &format!("x,t\n{rows}").as_bytes(), &sandwich()).unwrap();
    assert!(told(&found, FindingKind::InfluentialRow)[0].starts_with("line 5 alone moves"));
    assert_eq!(found.models[0].outliers.iter().map(|row| row.line).collect::<Vec<_>>(), [5]);
}

#[test]
fn the_interval_of_a_coefficient_at_zero_has_an_end() {
    let form = model("target: t\nfeatures: { a: x, b: y }\n");
    let (mut held, mut at_zero, mut held_at_zero) = (0, 0, 0);
    const TABLES: u64 = 400;
    for seed in 0..TABLES {
        let mut random = Random::new(seed);
        let mut text = "x,y,t\n".to_owned();
        for _ in 0..60 {
            let (x, y) = (1.0 + 9.0 * random.unit(), 1.0 + 9.0 * random.unit());
            writeln!(text, "{x},{y},{}", 10.0 * x + 0.2 * y + 6.0 * random.normal()).unwrap();
        }
        let found = fit(&form, &text.as_bytes(), &sandwich()).unwrap();
        let Coefficient { value, interval, .. } = &coefficients(&found)[1];
        let (low, high) = interval.unwrap();
        let holds = low <= 0.2 && 0.2 <= high;
        held += u32::from(holds);
        if *value == 0.0 {
            assert_eq!(low, 0.0);
            at_zero += 1;
            held_at_zero += u32::from(holds);
        }
    }
    assert!(at_zero > 60 && held_at_zero * 10 > at_zero * 7 && held > 360, "{held} {at_zero} {held_at_zero}");
}

#[test]
fn many_features_that_depend_on_others_are_not_drawn_again() {
    let features: Vec<String> = (0..12).map(|place| format!("f{place}: x{place}")).collect();
    let form = model(&format!("target: t\nfeatures: {{ {} }}\n", features.join(", ")));
    let table = |depends: bool| -> String {
        let mut random = Random::new(9);
        let names: String = (0..12).map(|place| format!("x{place},")).collect();
        let mut text = format!("{names}t\n");
        for _ in 0..800 {
            let mut x: Vec<f64> = (0..12).map(|_| 1.0 + 9.0 * random.unit()).collect();
            if depends {
                x[1] = x[0] + x[2];
            }
            let t = x.iter().sum::<f64>() * (1.0 + 0.01 * random.normal());
            text.push_str(&x.iter().map(|x| format!("{x},")).collect::<String>());
            writeln!(text, "{t}").unwrap();
        }
        text
    };
    let method = |depends: bool| fit(&form, &table(depends).as_bytes(), &Options::default()).unwrap().models[0].method;
    assert_eq!([method(false), method(true)], [IntervalMethod::Bootstrap, IntervalMethod::Sandwich]);
}
