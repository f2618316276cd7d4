//! Tables that do not stay in memory give what small ones give.

use super::{model, shown};
use crate::fit::{FindingKind, Fit, FittedModel, IntervalMethod, Options, Quality, Sample, Table, fit};
use crate::stats::Random;
use std::fmt::Write;
use std::io::{self, Read};

/// t = 3 a + 2 b + noise, for groups that differ by their factor.
fn table(rows: usize, groups: usize, noise: f64) -> String {
    let mut random = Random::new(11);
    let mut text = "g,a,b,t\n".to_owned();
    for row in 0..rows {
        let group = row % groups;
        let (a, b) = (1 + random.below(100), 1 + random.below(50));
        let t = (3.0 * a as f64 + 2.0 * b as f64) * (group + 1) as f64 * (1.0 + noise * random.normal());
        writeln!(text, "g{group},{a},{b},{t}").unwrap();
    }
    text
}

fn fit_with(form: &str, table: &str, options: &Options) -> Fit {
    fit(&model(form), &table.as_bytes(), options).unwrap()
}

const FORM: &str = "target: t\nfeatures: { one: a, two: b }\n";

fn streamed(threads: usize) -> Options {
    Options { threads, most_kept: 100, ..Options::default() }
}

#[test]
fn one_group() {
    let table = table(120_000, 1, 0.05);
    let kept = fit_with(FORM, &table, &Options::default());
    let passed = fit_with(FORM, &table, &streamed(1));
    assert_eq!((passed.models[0].method, passed.gate.duplicates.clone()), (IntervalMethod::Sandwich, None));
    let (one, other) = (&kept.models[0], &passed.models[0]);
    for (one, other) in one.coefficients.iter().flatten().zip(other.coefficients.iter().flatten()) {
        assert!((one.value / other.value - 1.0).abs() < 1e-10, "{one:?} {other:?}");
        assert_eq!(one.range, other.range);
        let ((low, high), (other_low, other_high)) = (one.interval.unwrap(), other.interval.unwrap());
        assert!(
            low < 3.0 * one.value && (low - other_low).abs() + (high - other_high).abs() < 0.2 * (high - low) * 2.0
        );
    }
    let close = |one: Option<f64>, other: Option<f64>, share: f64| (one.unwrap() / other.unwrap() - 1.0).abs() < share;
    let (one, other) = (&one.quality, &other.quality);
    assert!(close(one.r2, other.r2, 1e-9) && close(one.mean_error, other.mean_error, 1e-9));
    assert!(close(one.max_error, other.max_error, 1e-9) && close(one.ratio_deviation, other.ratio_deviation, 1e-6));
    assert!(close(one.p95_error, other.p95_error, 0.03) && close(one.left_out_error, other.left_out_error, 1e-3));
    assert!((one.condition / other.condition - 1.0).abs() < 1e-6);
}

#[test]
fn threads_change_nothing() {
    let table = table(150_000, 7, 0.1);
    let form = format!("{FORM}by: [g]\n");
    let one = fit_with(&form, &table, &streamed(1));
    assert_eq!(one.models.len(), 7);
    for threads in [2, 5] {
        let other = fit_with(&form, &table, &streamed(threads));
        for (one, other) in one.models.iter().zip(&other.models) {
            assert_eq!((&one.by, &one.coefficients, &one.quality), (&other.by, &other.coefficients, &other.quality));
        }
    }
}

#[test]
fn rows_of_many_groups_are_held_or_read_again() {
    // Rows stand together in the first half, and in the last two thousand lines there are two groups only.
    let mut text = table(30_000, 1_500, 0.1);
    table(30_000, 40, 0.1).lines().skip(1).for_each(|line| writeln!(text, "{line}").unwrap());
    table(30_000, 2, 0.1).lines().skip(1).for_each(|line| writeln!(text, "{line}").unwrap());
    let form = format!("{FORM}by: [g]\n");
    let mixed = Options { most_held: 10_000, ..streamed(1) };
    let (all, few) = (text.clone(), text.lines().take(60_001).collect::<Vec<&str>>().join("\n"));
    for (table, options) in [(&all, streamed(1)), (&few, streamed(1))] {
        let one = fit_with(&form, table, &options);
        assert_eq!(one.models.len(), 1_500);
        assert!(one.models.iter().all(|model| model.coefficients.is_some()));
        for most_held in [10_000, 50_000, options.most_held] {
            let with = |threads: usize| fit_with(&form, table, &Options { threads, most_held, ..mixed.clone() });
            let other = with(2);
            let shown = |fit: &Fit| format!("{:?}", fit.models);
            assert!(shown(&with(1)) == shown(&other) && shown(&with(5)) == shown(&other), "threads change nothing");
            // Sums over other strips are other sums, by a rounding.
            one.models.iter().zip(&other.models).for_each(|(one, other)| same_but_for_rounding(one, other));
        }
    }
}

/// A table of which nobody knows how large it is.
struct Stream<'t>(&'t str);

impl Table for Stream<'_> {
    fn open(&self) -> io::Result<Box<dyn Read + Send + '_>> {
        Ok(Box::new(self.0.as_bytes()))
    }

    fn size(&self) -> Option<u64> {
        None
    }
}

#[test]
fn what_a_table_seems_to_be_changes_nothing() {
    // It seems large, by the shortest rows, which come first; but then rows are long.
    let mut random = Random::new(3);
    let mut seeming = "a,b,t\n".to_owned();
    for row in 0..12_000 {
        let (a, b, noise) = (1 + random.below(9), 1 + random.below(9), 1.0 + 0.1 * random.normal());
        let t = (3 * a + 2 * b) as f64;
        let zeros = "0".repeat(60);
        if row < 10_000 {
            writeln!(seeming, "{a},{b},{t:.0}")
        } else {
            writeln!(seeming, "{a}.{zeros},{b},{}", t * noise)
        }
        .unwrap();
    }
    let quick = Options { resamples: 20, ..Options::default() };
    let (truly, groups) = (table(5_000, 1, 0.1), table(5_000, 500, 0.1));
    let by_group = format!("{FORM}by: [g]\n");
    let most = 3 * 12_000;
    for (form, table, most_kept, kept) in [
        (FORM, &seeming, most, true),
        (FORM, &seeming, most - 1, false),
        (FORM, &truly, 100, false),
        (&by_group, &groups, 100, false),
        (&by_group, &groups, 3 * 5_000, true),
        (&by_group, &groups, 2 * 5_000, false),
    ] {
        let options = Options { most_kept, ..quick.clone() };
        let (sized, unsized_) = (fit_with(form, table, &options), fit(&model(form), &Stream(table), &options).unwrap());
        assert_eq!(sized.gate.duplicates.is_some(), kept, "{most_kept}");
        assert!(format!("{:?}", sized.models) == format!("{:?}", unsized_.models), "{most_kept}");
        assert_eq!(format!("{:?}", sized.gate), format!("{:?}", unsized_.gate));
    }
}

fn same_but_for_rounding(one: &FittedModel, other: &FittedModel) {
    let close = |one: f64, other: f64| (one - other).abs() <= 1e-9 * one.abs().max(1e-3);
    let coefficients = |model: &FittedModel| model.coefficients.clone().unwrap_or_default();
    for (one, other) in coefficients(one).iter().zip(&coefficients(other)) {
        let (ends, others) = (one.interval.unwrap(), other.interval.unwrap());
        assert!(
            close(one.value, other.value) && close(ends.0, others.0) && close(ends.1, others.1),
            "{one:?} {other:?}"
        );
        assert_eq!((&one.name, one.range), (&other.name, other.range));
    }
    let numbers = |model: &FittedModel| {
        let Quality { r2, mean_error, p95_error, max_error, left_out_error, .. } = model.quality;
        let (Quality { ratio_mean, ratio_deviation, rmse, condition, scaled_condition, .. }, method) =
            (model.quality, model.method);
        let found = [r2, mean_error, p95_error, max_error, left_out_error, ratio_mean, ratio_deviation];
        (found.map(Option::unwrap).into_iter().chain([rmse, condition, scaled_condition]).collect::<Vec<f64>>(), method)
    };
    let ((ones, method), (others, other_method)) = (numbers(one), numbers(other));
    assert!(ones.iter().zip(&others).all(|(one, other)| close(*one, *other)), "{ones:?} {others:?}");
    assert_eq!((&one.by, one.rows, method), (&other.by, other.rows, other_method));
    let lines = |model: &FittedModel| model.outliers.iter().map(|outlier| outlier.line).collect::<Vec<u64>>();
    assert_eq!(lines(one), lines(other));
    let sampled =
        |model: &FittedModel| model.sample.iter().map(|row| (row.line, row.target.to_bits())).collect::<Vec<_>>();
    assert_eq!(sampled(one), sampled(other));
}

#[test]
fn mixed_rows_are_found_among_those_drawn() {
    let mut random = Random::new(5);
    let mut row = |line: usize, by_halves: bool, groups: usize| {
        let (a, b) = (1 + random.below(100), 1 + random.below(50));
        // Rows of the second kind stand in the second half, or anywhere.
        let kind = if by_halves { line / 6_000 } else { random.below(2) };
        let t = (3.0 * a as f64 + 2.0 * b as f64) * (1.0 + 0.4 * kind as f64) * (1.0 + 0.01 * random.normal());
        format!("{a},{b},{t},{},{},g{}\n", kind + 1, ["sweet", "sour"][kind], line % groups)
    };
    let mut table = |by_halves: bool, groups: usize| {
        let rows: String = (0..12_000).map(|line| row(line, by_halves, groups)).collect();
        format!("a,b,t,code,flavour,g\n{rows}")
    };
    let quick = Options { intervals: Some(IntervalMethod::None), ..Options::default() };
    let said = |fit: &Fit| -> Vec<String> {
        let findings = fit.models.iter().flat_map(|model| &model.findings);
        findings.filter(|found| found.kind == FindingKind::MixedRows).map(|found| found.message.clone()).collect()
    };
    for by_halves in [true, false] {
        let table = table(by_halves, 1);
        let found = said(&fit_with(FORM, &table, &streamed(1)));
        let [message] = found.as_slice() else { panic!("{found:?}") };
        assert!(message.starts_with("`code` or `flavour` mixes rows that differ: "), "{message}");
        assert!(message.ends_with("; told from a sample of 2000 rows"), "{message}");
        assert_eq!(said(&fit_with(FORM, &table, &streamed(3))), found, "threads change nothing");
        let [all] = said(&fit_with(FORM, &table, &quick)).try_into().unwrap();
        assert!(!all.contains("sample"), "{all}");
        assert_eq!(said(&fit_with(&format!("{FORM}by: [code]\n"), &table, &streamed(1))), [""; 0]);
    }
    // Rows of many groups are held, and all of each are drawn.
    let held = said(&fit_with(&format!("{FORM}by: [g]\n"), &table(false, 30), &streamed(2)));
    assert!(held.len() == 30 && held.iter().all(|message| !message.contains("sample")), "{held:?}");
}

#[test]
fn rows_that_are_not_left_with_models_change_nothing_else() {
    let mut random = Random::new(9);
    let mut row = |line: usize| {
        let (a, b, kind) = (1 + random.below(100), 1 + random.below(50), random.below(2));
        let t = (3.0 * a as f64 + 2.0 * b as f64) * (1.0 + 0.4 * kind as f64);
        let t = if line == 7 { -0.1 * t } else { t };
        format!("{a},{b},{t},g{},{}\n", line % 40, ["sweet", "sour"][kind])
    };
    let rows: String = (0..8_000).map(&mut row).collect();
    let mixed = format!("a,b,t,g,flavour\n{rows}");
    let plain: String = mixed.lines().map(|line| line.rsplit_once(',').unwrap().0.to_owned() + "\n").collect();
    let by_group = format!("{FORM}by: [g]\n");
    for (table, form) in [(&mixed, FORM), (&plain, FORM), (&mixed, &by_group), (&plain, &by_group)] {
        for options in [streamed(2), Options { resamples: 20, ..Options::default() }] {
            let mut with = fit_with(form, table, &options);
            let without = fit_with(form, table, &Options { keep_drawn: false, ..options });
            let all = || with.models.iter().flat_map(|model| &model.findings);
            let count = |kind: FindingKind| all().filter(|finding| finding.kind == kind).count();
            assert_eq!(count(FindingKind::MixedRows) > 0, table == &mixed);
            assert_eq!(count(FindingKind::NegativeTarget), 1);
            assert!(with.models.iter().all(|model| !model.sample.is_empty() && model.ratios.is_some()));
            with.models.iter_mut().for_each(|model| model.sample = Sample::default());
            assert!(format!("{:?}", with.models) == format!("{:?}", without.models));
        }
    }
}

#[test]
fn operations_of_held_rows_are_counted() {
    let table = table(3_000, 30, 0.1).replace("g,a,b,t", "g,a,b,t,op").lines().enumerate().fold(
        String::new(),
        |mut text, (line, row)| {
            let op = ["", ",x", ",y"][if line == 0 { 0 } else { 1 + line % 2 }];
            writeln!(text, "{row}{op}").unwrap();
            text
        },
    );
    let form = format!("{FORM}by: [g]\nop: op\n");
    for options in [Options::default(), streamed(2)] {
        let fit = fit_with(&form, &table, &options);
        // Lines of a group are all odd or all even.
        let ops: Vec<&[(String, u64)]> = fit.models.iter().map(|model| model.ops.as_slice()).collect();
        assert_eq!((ops[0], ops[29]), (&[("y".to_owned(), 100)][..], &[("x".to_owned(), 100)][..]));
    }
    let mixed = table.replace(",x\n", ",z\n").replacen(",z\n", ",y\n", 30);
    let fit = fit_with(&form, &mixed, &streamed(1));
    let expected = [("y".to_owned(), 2), ("z".to_owned(), 98)];
    assert_eq!(fit.models[1].ops, expected, "in the order of their first rows");
}

#[test]
fn ill_conditioned_groups_are_rotated() {
    let mut table = "g,a,b,t\n".to_owned();
    for row in 0..4_000u32 {
        // Features of the first group go together.
        let (group, a) = (row % 20, f64::from(row / 20 % 97 + 1));
        let b = if group == 0 { a + f64::from(row / 20 % 7) * 1e-3 } else { f64::from(row / 20 % 11) };
        writeln!(table, "g{group},{a},{b},{}", 2.0 * a + 5.0 * b).unwrap();
    }
    for options in [streamed(1), streamed(2), Options { most_held: 100, ..streamed(2) }] {
        let fit = fit_with(&format!("{FORM}by: [g]\n"), &table, &options);
        assert!(fit.models[0].quality.scaled_condition > 1e4 && fit.models[1].quality.scaled_condition < 1e2);
        for model in &fit.models {
            let values: Vec<f64> = model.coefficients.iter().flatten().map(|c| c.value).collect();
            assert!((values[0] - 2.0).abs() < 1e-6 && (values[1] - 5.0).abs() < 1e-6, "{values:?}");
        }
    }
}

#[test]
fn groups_are_exact() {
    let table = table(60_000, 3, 0.0);
    let expected = "g0: one 3, two 2; g1: one 6, two 4; g2: one 9, two 6";
    assert_eq!(shown(&fit_with(&format!("{FORM}by: [g]\n"), &table, &streamed(2))), expected);
    assert_eq!(shown(&fit_with(&format!("{FORM}by: [g]\n"), &table, &Options::default())), expected);
}

#[test]
fn ill_conditioned_features_are_rotated() {
    let rows: String = (0..60_000)
        .map(|row| {
            let (a, e) = (f64::from(row % 100 + 1), f64::from(row % 7) * 1e-3);
            format!("{a},{},{}\n", a + e, 2.0 * a + 5.0 * (a + e))
        })
        .collect();
    let table = format!("a,b,t\n{rows}");
    for options in [streamed(1), Options::default()] {
        let fit = fit_with(FORM, &table, &options);
        let values: Vec<f64> = fit.models[0].coefficients.iter().flatten().map(|c| c.value).collect();
        assert!(fit.models[0].quality.scaled_condition > 1e4);
        assert!((values[0] - 2.0).abs() < 1e-6 && (values[1] - 5.0).abs() < 1e-6, "{values:?}");
    }
}
