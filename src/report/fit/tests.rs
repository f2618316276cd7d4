//! Pages of fits.

use super::{FitReport, FitTable, fit_drawings, fit_html, fit_markdown, form_text, search_sentences};
use crate::config::load_model;
use crate::fit::{
    Drift, Earlier, EarlierCoefficient, Fit, FormText, FoundForm, Options, Quality, Search, Standing, drift, fit,
    of_drift,
};
use crate::report::markdown::tests::outside_code;
use crate::report::sample;
use std::fmt::Write;

const MODEL: &str = "version: 1\nmodel: copy\ntarget: cycles\nop: kind\nby: [kind]\nfeatures: { start: '1', each: bytes, twice: 2 * bytes }\n";

/// cycles = 100 + 2 bytes, a little more, and one row that is far off.
fn fitted(kind: &str) -> Fit {
    let mut table = "kind,bytes,cycles\n".to_owned();
    for step in 1..=40u32 {
        let bytes = step * 16;
        let far = if step == 20 { 500 } else { 0 };
        let quoted = kind.replace('"', "\"\"");
        writeln!(table, "\"{quoted}\",{bytes},{}", 100 + 2 * bytes + step % 3 + far).unwrap();
    }
    let form = load_model("copy.yaml", MODEL).unwrap();
    fit(&form, &table.as_bytes(), &Options { resamples: 200, ..Options::default() }).unwrap()
}

/// Holds the first fit of a table against other parameters.
fn against(fit: &mut Fit, each: f64) -> Option<Drift> {
    let values = [("start", 100.0), ("each", 0.0), ("twice", each)];
    let coefficients = values.map(|(name, value)| EarlierCoefficient { name: name.to_owned(), value, interval: None });
    let earlier = Earlier { coefficients: coefficients.to_vec(), ..Earlier::default() };
    let form = FormText { target: fit.target.clone(), features: fit.features.clone() };
    let found = drift(&earlier, &form, &fit.models[0]);
    fit.models[0].findings.extend(found.as_ref().and_then(|drift| of_drift(drift, "before.yaml")));
    found
}

/// Forms of the first fit, of which the second has the least error.
fn searched(fit: &Fit, name: &str) -> Search {
    let form = |terms: &[(&str, f64)], error: f64, behind: f64, standard_error: f64| FoundForm {
        terms: terms.iter().map(|(term, value)| ((*term).to_owned(), *value)).collect(),
        standing: Standing { error, behind, standard_error },
    };
    let (by, set) = (fit.models[0].by.clone(), fit.models[0].set.clone());
    Search {
        by,
        set,
        candidates: 12,
        rows: 40,
        forms: vec![
            form(&[("1", 100.0), (name, 2.0)], 0.0158, 0.0001, 0.0003),
            form(&[("1", 100.0), (name, 2.0), ("log2(bytes)", 0.5)], 0.0157, 0.0, 0.0),
        ],
        least: 1,
        declared: Some(form(&[(name, 2.1)], 0.0161, 0.0004, 0.0005)),
    }
}

fn written(fit: &Fit, drifts: &[Option<Drift>], file: &str) -> [String; 2] {
    let names: Vec<(String, String)> =
        fit.models.iter().map(|model| (model.by[0].clone(), "base".to_owned())).collect();
    let tables = [FitTable { file: file.to_owned(), fit, names: &names, drifts, searches: &[searched(fit, file)] }];
    let report = FitReport { shmoo: "0.0.0", against: Some("before.yaml"), tables: &tables };
    let (mut html, mut markdown) = (Vec::new(), Vec::new());
    fit_html(&report, &mut html).unwrap();
    fit_markdown(&report, &mut markdown).unwrap();
    let mut number = 0;
    let mut keep = |drawing: crate::report::Drawing| {
        number += 1;
        let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
        assert!(drawing.name.chars().all(plain) && !drawing.name.starts_with('.'), "{}", drawing.name);
        assert!(drawing.svg.starts_with(b"<?xml") && drawing.svg.ends_with(b"</svg>\n"), "{}", drawing.name);
        Ok(())
    };
    fit_drawings(&report, &mut keep).unwrap();
    // Measured against predicted, and two features that are not the same in all rows.
    assert_eq!(number, 3);
    [html, markdown].map(|text| String::from_utf8(text).unwrap())
}

#[test]
fn what_a_fit_says() {
    let mut fit = fitted("copy");
    let drift = against(&mut fit, 0.8);
    let [html, markdown] = written(&fit, &[drift], "copy.csv");
    insta::assert_snapshot!("fit.md", markdown);
    for expected in
        ["far off", "the feature depends on the others", "against <code>before.yaml</code>", "1 row far off"]
    {
        assert!(html.contains(expected), "{expected} in {html}");
    }
    assert_eq!(html.matches("<figure").count(), 3);
    assert!(html.contains("script-src") && !html.contains("<script") && !html.contains("style="));
}

#[test]
fn hostile_text_is_inert() {
    for text in sample::HOSTILE {
        let fit = fitted(&text.replace(['\n', '\r'], " "));
        let [html, markdown] = written(&fit, &[None], text);
        for outside in [html, outside_code(&markdown)] {
            assert!(!outside.contains("<script") && !outside.contains("<img") && !outside.contains('\0'), "{outside}");
        }
    }
}

#[test]
fn forms_and_what_is_said_of_them() {
    let standing = |error: f64| Standing { error, behind: 0.0, standard_error: 0.0 };
    let form = |terms: &[(&str, f64)]| FoundForm {
        terms: terms.iter().map(|(term, value)| ((*term).to_owned(), *value)).collect(),
        standing: standing(0.05),
    };
    let check = |terms: &[(&str, f64)], expected: &str| assert_eq!(form_text(&form(terms)), expected);
    check(&[("1", -12.5), ("n ** 1.5", 3.0)], "-12.5 * 1 + 3 * n ** 1.5");
    check(&[("n", 2.0), ("p", -1.0)], "2 * n - 1 * p");
    let search = |rows: usize, forms: Vec<FoundForm>| Search {
        by: Vec::new(),
        set: String::new(),
        candidates: 7,
        rows,
        forms,
        least: 0,
        declared: None,
    };
    let said = |search: &Search, error: f64| {
        search_sentences(search, &Quality { left_out_error: Some(error), ..Quality::default() }).join("; ")
    };
    assert_eq!(said(&search(0, Vec::new()), 0.0), "no form can be looked for: the target is 0 in all rows");
    assert_eq!(said(&search(9, Vec::new()), 0.0), "no form was found out of 7 terms");
    let one = search(9, vec![form(&[("n", 2.0)])]);
    assert_eq!(said(&one, 0.048), "");
    assert_eq!(said(&one, 0.01), "the first is behind the declared form as it was fitted, 1.00 %");
}
