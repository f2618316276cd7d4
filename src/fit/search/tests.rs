//! Searches over tables whose form is known.

use super::rows::BEST;
use super::*;
use crate::config::load_model;
use crate::fit::{IntervalMethod, fit};
use crate::stats::Random;

fn found(form: &str, table: &str) -> Search {
    let form = load_model("m.yaml", &format!("version: 1\nmodel: m\n{form}")).unwrap();
    search(&form, &table.as_bytes(), &Options::default()).unwrap().remove(0)
}

fn terms_of(form: &FoundForm) -> Vec<&str> {
    let mut terms: Vec<&str> = form.terms.iter().map(|(term, _)| term.as_str()).collect();
    terms.sort_unstable();
    terms
}

fn grid(target: impl Fn(f64, f64) -> f64) -> String {
    let rows = (1..=9).flat_map(|x| (1..=7).map(move |y| (f64::from(x), f64::from(y))));
    let rows: String = rows.map(|(x, y)| format!("{x},{y},{}\n", target(x, y))).collect();
    format!("x,y,t\n{rows}")
}

#[test]
fn forms_that_made_the_data_are_found() {
    let check = |target: fn(f64, f64) -> f64, expected: &[(&str, f64)]| {
        let found = found("target: t\nfeatures: { a: x, b: y }\n", &grid(target));
        let best = &found.forms[0];
        assert!(best.standing.error < 1e-6, "{best:?}");
        let mut terms = best.terms.clone();
        terms.sort_by(|one, other| one.0.cmp(&other.0));
        let close = terms.len() == expected.len()
            && terms.iter().zip(expected).all(|(one, other)| one.0 == other.0 && (one.1 - other.1).abs() < 1e-4);
        assert!(close, "{terms:?}");
    };
    check(|x, y| 3.0 * x * y * y, &[("x * y ** 2", 3.0)]);
    check(|x, y| 50.0 + 2.0 * x * y, &[("1", 50.0), ("x * y", 2.0)]);
    check(|x, y| 7.0 * x + 0.5 * x.log2() * y, &[("log2(x) * y", 0.5), ("x", 7.0)]);
    check(|x, y| 4.0 * y + 6.0 * (x - 5.0).max(0.0), &[("max(x - 5, 0)", 6.0), ("y", 4.0)]);
}

#[test]
fn the_declared_form_takes_part() {
    let noisy = grid(|x, y| (4.0 * (x - 1.0) * y + 9.0 * x) * (1.0 + 0.01 * (12.9898 * x + 78.233 * y).sin()));
    let found = found("target: t\nfeatures: { a: (x - 1) * y, b: 2 * x, c: x - x * x - 9, d: x - y }\n", &noisy);
    let best: Vec<&str> = found.forms[0].terms.iter().map(|(term, _)| term.as_str()).collect();
    assert_eq!(best, ["x", "(x - 1) * y"], "{found:?}");
    for form in &found.forms {
        assert!(form.terms.iter().all(|(_, value)| *value > 0.0), "{form:?}");
    }
    let text = |text: &str| {
        let value = Placed { expr: Expr::parse(text).unwrap(), span: None };
        declared_text(&Feature { name: "a".into(), value, free: false })
    };
    for plain in ["(x - 1) * y", "2 * x ** 2", "max(x - 1, 0) * n_if"] {
        assert_eq!(text(plain), plain);
    }
    for sum in ["x - y", "x / y", "1 if x > 2 else 3"] {
        assert_eq!(text(sum), format!("({sum})"));
    }
}

/// Returns how often the form with the least error is the true one, and how often the first is.
fn right(terms: &[&str], target: fn(f64, f64) -> f64, rows: usize, noise: f64) -> (usize, usize) {
    let is_true = |form: &FoundForm| {
        let mut found: Vec<&str> = form.terms.iter().map(|(term, _)| term.as_str()).collect();
        found.sort_unstable();
        found == terms
    };
    let searches = (0..SEEDS).map(|seed| {
        let mut random = Random::new(seed);
        let row = |_| {
            let [a, b] = [16, 8].map(|most| 1.0 + random.below(most) as f64);
            format!("{a},{b},{}\n", target(a, b) * (1.0 + noise * random.normal()))
        };
        let rows: String = (0..rows).map(row).collect();
        found("target: t\nfeatures: { p: a, q: b }\n", &format!("a,b,t\n{rows}"))
    });
    let right = searches.map(|found| (is_true(&found.forms[found.least]), is_true(&found.forms[0])));
    right.fold((0, 0), |(least, first), (one, other)| (least + usize::from(one), first + usize::from(other)))
}

/// Tables of each kind.
const SEEDS: u64 = 5;

#[test]
fn the_true_form_is_first_though_others_have_a_smaller_error() {
    let check = |terms: &[&str], target: fn(f64, f64) -> f64, rows: usize, noise: f64| {
        let (least, first) = right(terms, target, rows, noise);
        let said = format!("{terms:?}: {first} of {SEEDS}, and {least} with the least error");
        assert!(first > least && first >= 3, "{said}");
    };
    check(&["a * b"], |a, b| 3.0 * a * b, 40, 0.03);
    check(&["1", "a * b"], |a, b| 50.0 + 3.0 * a * b, 60, 0.1);
    check(&["1", "a", "a * b ** 2"], |a, b| 50.0 + 30.0 * a + 4.0 * a * b * b, 60, 0.01);
}

#[test]
fn the_declared_form_is_told_if_it_is_level() {
    let noisy = grid(|x, y| (4.0 * x * y + 9.0 * x) * (1.0 + 0.05 * (12.9898 * x + 78.233 * y).sin()));
    let level = found("target: t\nfeatures: { a: x * y, b: x }\n", &noisy);
    let declared = level.declared.as_ref().unwrap();
    assert!(declared.standing.is_level() && level.forms[0].standing.error <= declared.standing.error, "{level:?}");
    let behind = found("target: t\nfeatures: { a: x, b: y }\n", &noisy);
    let declared = behind.declared.as_ref().unwrap();
    assert!(!declared.standing.is_level() && declared.standing.behind > 0.1, "{behind:?}");
}

#[test]
fn a_term_must_be_worth_it() {
    let noisy = grid(|x, y| 3.0 * x * y * (1.0 + 0.1 * (12.9898 * x + 78.233 * y).sin()));
    let found = found("target: t\nfeatures: { a: x, b: y }\n", &noisy);
    let plain = |form: &FoundForm| form.terms.iter().any(|(term, _)| term == "x * y");
    assert!(found.forms.iter().any(plain), "{found:?}");
    assert!(found.forms.len() <= BEST && found.forms[0].standing.error > 0.02, "{found:?}");
}

/// Returns a table of `n` and `p`, measured three times each, with errors of so large a share.
fn measured(points: &[(f64, f64)], target: fn(f64, f64) -> f64, noise: f64, seed: u64) -> String {
    let mut random = Random::new(seed);
    let mut table = "n,p,t\n".to_owned();
    for (n, p) in points.iter().flat_map(|point| [point; 3]) {
        table.push_str(&format!("{n},{p},{}\n", target(*n, *p) * (1.0 + noise * random.normal())));
    }
    table
}

/// Checks that the first form is the true one in most tables, and nowhere clearly behind it.
fn grows(points: &[(f64, f64)], features: &str, truth: &[&str], target: fn(f64, f64) -> f64) {
    let terms = truth.iter().enumerate().map(|(place, term)| format!("f{place}: \"{term}\"")).collect::<Vec<_>>();
    let true_form =
        format!("version: 1\nmodel: m\nweighting: relative\ntarget: t\nfeatures: {{ {} }}\n", terms.join(", "));
    let true_form = load_model("m.yaml", &true_form).unwrap();
    let options = Options { intervals: Some(IntervalMethod::None), ..Options::default() };
    let mut right = 0;
    for seed in 0..SEEDS {
        let table = measured(points, target, 0.01, seed);
        let first = found(&format!("target: t\nfeatures: {features}\n"), &table).forms.remove(0);
        if terms_of(&first) == truth {
            right += 1;
            continue;
        }
        let fitted = fit(&true_form, &table.as_bytes(), &options).unwrap();
        let error = fitted.models[0].quality.left_out_error.unwrap();
        assert!(first.standing.error < 1.1 * error, "{seed} {error} {first:?}");
    }
    assert!(right >= 3, "{truth:?}: {right} of {SEEDS}");
}

/// Powers of two up to that of an exponent.
fn doubled(most: i32) -> Vec<(f64, f64)> {
    (1..=most).map(|exponent| (2f64.powi(exponent), 1.0)).collect()
}

#[test]
fn growths_of_one_column_are_found() {
    let check = |most: i32, truth: &[&str], target: fn(f64, f64) -> f64| {
        grows(&doubled(most), "{ a: n }", truth, target);
    };
    check(7, &["1", "n * log2(n)"], |n, _| 5.0 + 2.0 * n * n.log2());
    check(10, &["1", "n * log2(n)"], |n, _| 5.0 + 3.0 * n * n.log2());
    check(10, &["n ** 1.5"], |n, _| 0.7 * n.powf(1.5));
    check(10, &["1", "n ** 1.5"], |n, _| 5.0 + 0.7 * n.powf(1.5));
    check(10, &["n ** 2 * log2(n)"], |n, _| 2.0 * n * n * n.log2());
    check(10, &["1", "log2(n) ** 2"], |n, _| 3.0 + 2.0 * n.log2().powi(2));
    check(10, &["1", "n ** (2 / 3)"], |n, _| 3.0 + 2.0 * n.powf(2.0 / 3.0));
}

#[test]
fn growths_of_two_columns_are_found() {
    let sizes = [2.0, 4.0, 8.0, 16.0, 32.0];
    let points: Vec<(f64, f64)> = sizes.into_iter().flat_map(|n| sizes.map(|p| (n, p))).collect();
    let both = "{ a: n, b: p }";
    grows(&points, both, &["1", "n ** 2 * log2(p)"], |n, p| 3.0 + 0.5 * n * n * p.log2());
    grows(&points, both, &["1", "n * log2(n) * sqrt(p)"], |n, p| 20.0 + 5.0 * n * n.log2() * p.sqrt());
}

#[test]
fn what_is_free_stays_free() {
    let constant = grid(|x, y| (40.0 * x + 3.0 * y - 30.0) * (1.0 + 0.001 * (12.9898 * x + 78.233 * y).sin()));
    let with = found("target: t\nintercept: true\nfeatures: { a: x, b: y }\n", &constant);
    let negative = grid(|x, y| (60.0 * x - 3.0 * y) * (1.0 + 0.001 * (12.9898 * x + 78.233 * y).sin()));
    let without = found("target: t\nfree: [b]\nfeatures: { a: x, b: y }\n", &negative);
    for (search, term, value) in [(with, "1", -30.0), (without, "y", -3.0)] {
        let declared = search.declared.as_ref().unwrap();
        assert!(declared.standing.error < 0.001, "{search:?}");
        assert!(search.forms[0].standing.error <= declared.standing.error, "{search:?}");
        for form in [declared, &search.forms[0]] {
            let found = form.terms.iter().find(|(text, _)| text == term).map(|(_, found)| *found);
            assert!(found.is_some_and(|found| (found / value - 1.0).abs() < 0.05), "{search:?}");
        }
    }
    // What is not free is not negative.
    let bound = found("target: t\nfeatures: { a: x, b: y }\n", &negative);
    assert!(bound.forms.iter().flat_map(|form| &form.terms).all(|(_, value)| *value > 0.0), "{bound:?}");
}

#[test]
fn columns_of_texts_make_no_terms() {
    let rows = (1..=40).map(|m| {
        let (lofi, fidelity) = if m % 2 == 0 { (m, "LoFi") } else { (0, "HiFi4") };
        let optional = if m % 3 == 0 { "N/A".to_owned() } else { m.to_string() };
        format!("{m},{fidelity},{optional},{}\n", 3 * m + 5 * lofi)
    });
    let table = format!("m,f,o,t\n{}", rows.collect::<String>());
    let text = found("target: t\nfeatures: { all: m, lofi: \"m if f == 'LoFi' else 0\" }\n", &table);
    assert_eq!(terms_of(&text.forms[0]), ["(m if f == 'LoFi' else 0)", "m"]);
    // Nor does what may be missing: the rows that lack it take part.
    let optional = found("target: t\nfeatures: { all: m, some: 'o if has(o) else 0' }\n", &table);
    assert_eq!(optional.rows, 40);
    let absent = found("target: t\nfeatures: { all: m, some: 'z if has(z) else 1' }\n", &table);
    assert_eq!(absent.rows, 40);
}

#[test]
fn groups_whose_targets_are_0_are_told() {
    let form = load_model("m.yaml", "version: 1\nmodel: m\ntarget: t\nfeatures: { a: x }\nby: [g]\n").unwrap();
    let rows: String = (1..=20).map(|x| format!("zero,{x},0\nsome,{x},{}\n", if x == 3 { 0 } else { 2 * x })).collect();
    let found = search(&form, &format!("g,x,t\n{rows}").as_bytes(), &Options::default()).unwrap();
    let told: Vec<(&str, usize, usize)> =
        found.iter().map(|search| (search.by[0].as_str(), search.rows, search.forms.len().min(1))).collect();
    assert_eq!(told, [("zero", 0, 0), ("some", 19, 1)]);
}
