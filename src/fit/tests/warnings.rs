//! What looks wrong is said, whatever the columns are called.

use super::fit_text;
use crate::fit::{FindingKind, Fit};
use crate::stats::Random;
use std::fmt::Write;

fn kinds(fit: &Fit) -> Vec<FindingKind> {
    let mut kinds: Vec<FindingKind> = fit.models[0].findings.iter().map(|finding| finding.kind).collect();
    kinds.dedup();
    kinds
}

fn messages(fit: &Fit) -> String {
    fit.models[0].findings.iter().map(|finding| finding.message.as_str()).collect::<Vec<_>>().join("\n")
}

const FORM: &str = "target: t\nfeatures: { a: x, b: y }\n";

/// A table of `x`, `y`, `t` and a text over a grid.
fn table(row: impl Fn(f64, f64) -> Vec<(String, f64)>) -> String {
    let mut text = "x,y,t,flavour\n".to_owned();
    for x in 1..=8 {
        for y in 1..=8 {
            for (word, t) in row(f64::from(x), f64::from(y * y)) {
                writeln!(text, "{x},{},{t},{word}", y * y).unwrap();
            }
        }
    }
    text
}

fn plain(t: f64) -> Vec<(String, f64)> {
    vec![("plain".to_owned(), t)]
}

#[test]
fn nothing_is_wrong_with_a_good_fit() {
    let fit = fit_text(FORM, &table(|x, y| plain((3.0 * x + 2.0 * y) * (1.0 + 0.01 * (x * 7.0 + y).sin())))).unwrap();
    assert_eq!(messages(&fit), "");
    assert!(fit.gate.is_clean());
}

#[test]
fn mixed_rows() {
    let both = table(|x, y| {
        let noise = 1.0 + 0.001 * (x * 7.0 + y).sin();
        vec![("sweet".to_owned(), (3.0 * x + 2.0 * y) * noise), ("sour".to_owned(), (3.6 * x + 2.5 * y) * noise)]
    });
    let fit = fit_text(FORM, &both).unwrap();
    assert_eq!(kinds(&fit), [FindingKind::MixedRows]);
    let expected = "`flavour` mixes rows that differ: 64 of `sour`, 64 of `sweet`; fitted apart they are off by";
    assert!(messages(&fit).starts_with(expected), "{}", messages(&fit));
    let named = fit_text(&format!("{FORM}op: flavour\n"), &both).unwrap();
    assert!(messages(&named).starts_with(expected), "{}", messages(&named));
    let few = fit_text("target: t\nfeatures: { a: x, b: y }\nop: flavour\nwhere: [x * y < 5]\n", &both).unwrap();
    assert!(
        messages(&few).contains("`flavour` mixes rows of 2 operations: 5 of `sweet`, 5 of `sour`"),
        "{}",
        messages(&few)
    );
    // A few rows of a third kind hide nothing.
    let third = format!("{both}1,1,6,bitter\n2,2,12,bitter\n3,3,18,bitter\n");
    let told = messages(&fit_text(FORM, &third).unwrap());
    let expected = "`flavour` mixes rows that differ: 3 of `bitter`, 64 of `sour`, 64 of `sweet`; fitted apart";
    assert!(told.starts_with(expected), "{told}");
    // Texts that make no difference mix nothing.
    let alike = table(|x, y| {
        let t = (3.0 * x + 2.0 * y) * (1.0 + 0.1 * (x * 7.0 + y).sin());
        vec![("sweet".to_owned(), t), ("sour".to_owned(), t * 1.001)]
    });
    assert_eq!(messages(&fit_text(FORM, &alike).unwrap()), "");
}

/// A table in which the column beside is what a function makes of `x`, `y` and the kind of a row, which takes longer.
fn coded(header: &str, beside: impl Fn(f64, f64, u32) -> String, longer: f64) -> String {
    let rows = (1..=8u32).flat_map(|x| (1..=8u32).flat_map(move |y| (0..2u32).map(move |kind| (x, y, kind))));
    let rows = rows.map(|(x, y, kind)| {
        let (x, y) = (f64::from(x), f64::from(y * y));
        let t = (3.0 * x + 2.0 * y) * (1.0 + longer * f64::from(kind)) * (1.0 + 0.001 * (x * 7.0 + y).sin());
        format!("{x},{y},{t},{}\n", beside(x, y, kind))
    });
    format!("x,y,t,{header}\n{}", rows.collect::<String>())
}

#[test]
fn kinds_may_be_numbers() {
    let said = |form: &str, table: &str| messages(&fit_text(form, table).unwrap());
    let codes = coded("mode", |_, _, kind| ["1", "2.5"][kind as usize].to_owned(), 0.3);
    assert!(said(FORM, &codes).starts_with("`mode` mixes rows that differ: 64 of `1`, 64 of `2.5`;"), "{codes}");
    // Numbers are the same however they are written; `N/A` is a kind, too.
    let written =
        coded("mode", |x, _, kind| ["1", "1.0", "", "N/A"][(2 * kind + x as u32 % 2) as usize].to_owned(), 0.3);
    assert!(
        said(FORM, &written).starts_with("`mode` mixes rows that differ: 64 of ``, 64 of `1`;"),
        "{}",
        said(FORM, &written)
    );
    // What the form uses is no kind, in whatever way.
    for form in ["where: [mode > 0]\n", "by: [mode]\n", "sets: { all: mode > 0 }\n"] {
        assert!(!said(&format!("{FORM}{form}"), &codes).contains("mixes rows that differ"), "{form}");
    }
    let named = said(&format!("{FORM}op: mode\n"), &codes);
    assert!(named.starts_with("`mode` mixes rows that differ: 64 of `1`"), "{named}");
    // More values than operations have codes are measures.
    let many = coded("mode", |x, y, kind| (f64::from(kind) + (x + y) / 1000.0).to_string(), 0.3);
    assert_eq!(said(FORM, &many), "");
}

#[test]
fn numbers_that_follow_features_are_no_kinds() {
    // The form lacks a product, so that rows of the same `y` are fitted far better apart.
    let form = "target: t\nfeatures: { a: x }\n";
    let said = |header: &str, beside: &dyn Fn(f64, f64, u32) -> String| {
        messages(&fit_text(form, &coded(header, beside, 0.0)).unwrap())
    };
    let unread = |_: f64, y: f64, _: u32| y.to_string();
    assert!(said("rows", &unread).contains("`rows` mixes rows that differ: 16 of `1`"), "{}", said("rows", &unread));
    let form = "target: t\nfeatures: { a: x * (y - y + 1) }\n";
    let read = messages(&fit_text(form, &coded("rows", unread, 0.0)).unwrap());
    assert!(!read.contains("mixes"), "{read}");
}

#[test]
fn few_rows_are_not_told_apart_by_chance() {
    let warned = (0..300u64).filter(|seed| {
        let mut random = Random::new(*seed);
        let row = |_| {
            let [x, y] = [16, 16].map(|most| 1.0 + random.below(most) as f64);
            let error: f64 = random.normal();
            let t = (3.0 * x + 2.0 * y) * (1.0 + 0.1 * error.abs().powf(1.5).copysign(error)).max(0.01);
            let kinds: Vec<String> = (0..12).map(|_| random.below(2).to_string()).collect();
            format!("{x},{y},{t},{}\n", kinds.join(","))
        };
        let rows: String = (0..24).map(row).collect();
        let table = format!("x,y,t,{}\n{rows}", ('a'..='l').map(String::from).collect::<Vec<_>>().join(","));
        kinds(&fit_text(FORM, &table).unwrap()).contains(&FindingKind::MixedRows)
    });
    assert_eq!(warned.count(), 0);
}

#[test]
fn a_bad_form_is_found_in_spite_of_its_r2() {
    let fit = fit_text(FORM, &table(|x, y| plain(x * x * x * y + 1.0))).unwrap();
    // Its R² is bad, too, which says less than how far off it is.
    assert!(messages(&fit).contains("the form does not fit: predictions are off by"), "{}", messages(&fit));
    let fit =
        fit_text(FORM, &table(|x, y| plain(40.0 * y * (1.0 + 0.2 * (x * 3.0).sin()) - 38.0 * y.min(5.0)))).unwrap();
    let quality = &fit.models[0].quality;
    assert!(quality.r2.unwrap() > 0.9 && quality.mean_error.unwrap() > 0.2, "{quality:?}");
    assert!(messages(&fit).contains("the form does not fit in spite of an R² of 0.9"), "{}", messages(&fit));
}

#[test]
fn a_form_that_is_worse_than_the_mean_is_found() {
    let fit = fit_text(FORM, &table(|x, y| plain(1000.0 + (x * 7.0 + y).sin()))).unwrap();
    assert!(kinds(&fit).contains(&FindingKind::BadForm));
    let expected = "the form does not fit: the mean of all targets would be nearer to them, by an R² of -";
    assert!(messages(&fit).contains(expected), "{}", messages(&fit));
    let few = |rows: std::ops::RangeInclusive<u32>| {
        let rows: String = rows.map(|row| format!("{row},1,{}\n", 1000 + row % 2)).collect();
        kinds(&fit_text("target: t\nfeatures: { a: x }\n", &format!("x,y,t\n{rows}")).unwrap())
            .contains(&FindingKind::BadForm)
    };
    assert!(few(1..=9) && few(1..=5) && !few(1..=1));
    let same: String = (1..=8).map(|row| format!("{row},1,1000\n")).collect();
    let fit = fit_text("target: t\nfeatures: { a: x }\n", &format!("x,y,t\n{same}")).unwrap();
    assert!(
        messages(&fit).contains("the target is the same in all rows, and predictions are off by"),
        "{}",
        messages(&fit)
    );
    // Where the targets hardly vary but by chance, the true form may be a little worse than their mean.
    let mut random = Random::new(21);
    let mut worse = 0;
    let warned = (0..300).filter(|_| {
        let row =
            |_| format!("{},{},{}\n", 100 + random.below(2), 50 + random.below(2), 400.0 + 40.0 * random.normal());
        let rows: String = (0..12).map(row).collect();
        let fit = fit_text(FORM, &format!("x,y,t\n{rows}")).unwrap();
        worse += usize::from(fit.models[0].quality.r2.unwrap() < 0.0);
        kinds(&fit).contains(&FindingKind::BadForm)
    });
    assert_eq!(warned.count(), 0);
    assert!(worse > 30, "{worse}");
}

#[test]
fn targets_of_zero_are_told() {
    let zero = |zeros: u32| {
        let rows: String =
            (1..=40u32).map(|row| format!("{row},1,{}\n", if row <= zeros { 0 } else { 3 * row })).collect();
        let fit = fit_text("target: t\nfeatures: { a: x }\nrobust: true\n", &format!("x,y,t\n{rows}")).unwrap();
        fit.models[0]
            .findings
            .iter()
            .find(|found| found.kind == FindingKind::ZeroTarget)
            .map(|found| found.message.clone())
    };
    assert_eq!(zero(0), None);
    let expected = |rows: &str| {
        format!("the target is 0 in {rows}: errors in percent leave them out; the root of the mean squared error, ")
    };
    assert!(zero(1).unwrap().starts_with(&expected("one row")), "{:?}", zero(1));
    assert!(zero(7).unwrap().starts_with(&expected("7 rows")), "{:?}", zero(7));
    // What is predicted so is as it should be.
    let fit = fit_text("target: t\nfeatures: { a: x }\n", "x,t\n0,0\n1,3\n2,6\n3,9.1\n").unwrap();
    assert!(!kinds(&fit).contains(&FindingKind::ZeroTarget));
}

#[test]
fn coefficients_at_zero_say_why() {
    let fit = fit_text(FORM, &table(|x, y| plain(100.0 + 3.0 * y - 2.0 * x))).unwrap();
    assert!(!messages(&fit).contains("is 0"), "{}", messages(&fit));
    let fit = fit_text(FORM, &table(|x, y| plain(3.0 * y - 0.01 * x))).unwrap();
    assert_eq!(messages(&fit), "`a` is 0: the rows would have it at -0.01, and it may not be negative");
    let fit =
        fit_text("target: t\nfeatures: { a: x, b: y, c: 2 * y, d: 0 * y }\n", &table(|x, y| plain(x + y))).unwrap();
    assert!(messages(&fit).contains("`b` is 0: the feature depends on the others"), "{}", messages(&fit));
    assert!(messages(&fit).contains("`d` is 0: the feature is 0 in all rows"), "{}", messages(&fit));
    assert!(messages(&fit).contains("features depend on each other: `b`, `c`; the rows"), "{}", messages(&fit));
    let told: Vec<bool> = fit.models[0].coefficients.iter().flatten().map(|found| found.interval.is_some()).collect();
    assert_eq!(told, [true, false, false, false]);
}

#[test]
fn constant_features_and_wide_intervals() {
    let fit =
        fit_text("target: t\nfeatures: { a: x, b: 7 + 0 * y }\n", &table(|x, y| plain(3.0 * x + 20.0 + y / 100.0)))
            .unwrap();
    assert!(
        messages(&fit).contains("feature `b` is 7 in all rows: its coefficient is only the constant part"),
        "{}",
        messages(&fit)
    );
    let noisy =
        fit_text(FORM, &table(|x, y| plain(1.2 * x + 3.0 * y * (1.0 + 0.1 * (12.9898 * x + 78.233 * y).sin()))))
            .unwrap();
    assert!(messages(&noisy).contains("`a` is hardly determined"), "{}", messages(&noisy));
}
