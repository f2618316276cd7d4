//! Searches over tables whose form is known.

use super::*;
use crate::config::load_model;

fn found(form: &str, table: &str) -> Search {
    let form = load_model("m.yaml", &format!("version: 1\nmodel: m\n{form}")).unwrap();
    search(&form, &table.as_bytes(), &Options::default()).unwrap().remove(0)
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
