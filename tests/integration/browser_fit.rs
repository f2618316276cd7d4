//! The page of a fit in a real browser: all of it is there, it fits the screen, and the console stays silent.

use super::browser::{silent, text};
use super::chromium::{DESKTOP, Screen, browse};
use shmoo::config::load_model;
use shmoo::fit::{Earlier, EarlierCoefficient, FormText, Options, drift, fit, of_drift};
use shmoo::report::{FitReport, FitTable, fit_html};
use std::error::Error;
use std::fmt::Write as _;
use std::path::Path;
use thirtyfour::prelude::*;

const MODEL: &str = "version: 1\nmodel: copy\ntarget: cycles\nop: kind\nby: [kind]\nfeatures: { start: '1', each: bytes, twice: 2 * bytes, blocks: ceil(bytes / 512) }\n";

/// Writes the page of two fits, the second of an operation with a hostile name; returns its address.
fn page(folder: &Path) -> Result<String, Box<dyn Error>> {
    let mut table = "kind,bytes,cycles\n".to_owned();
    for kind in ["copy", "<script>window.broken = 1</script>"] {
        for step in 1..=200u32 {
            let bytes = step * 48;
            let far = if step == 60 { 4000 } else { 0 };
            let cycles = 900 + 2 * bytes + 40 * bytes.div_ceil(512) + step * 7919 % 211 + far;
            writeln!(table, "{kind},{bytes},{cycles}")?;
        }
    }
    let form = load_model("copy.yaml", MODEL).map_err(|_| "the model does not load")?;
    let mut fitted = fit(&form, &table.as_bytes(), &Options { resamples: 200, ..Options::default() })?;
    let values = [("start", 900.0), ("each", 0.0), ("twice", 0.8), ("blocks", 40.0)];
    let coefficients = values.map(|(name, value)| EarlierCoefficient { name: name.to_owned(), value, interval: None });
    let earlier = Earlier { coefficients: coefficients.to_vec(), ..Earlier::default() };
    let written = FormText { target: fitted.target.clone(), features: fitted.features.clone() };
    let drifts = [drift(&earlier, &written, &fitted.models[0]), None];
    let found = drifts[0].as_ref().and_then(|drift| of_drift(drift, "before.yaml"));
    fitted.models[0].findings.extend(found);
    let names: Vec<(String, String)> =
        fitted.models.iter().map(|model| (model.by[0].clone(), "base".to_owned())).collect();
    let tables =
        [FitTable { file: "copy.csv".to_owned(), fit: &fitted, names: &names, drifts: &drifts, searches: &[] }];
    let mut html = Vec::new();
    fit_html(&FitReport { shmoo: "0.0.0", against: Some("before.yaml"), tables: &tables }, &mut html)?;
    let path = folder.join("fit.html");
    std::fs::write(&path, html)?;
    Ok(format!("file://{}", path.display()))
}

#[test]
fn coefficients_findings_and_drawings_are_there() -> Result<(), Box<dyn Error>> {
    let folder = tempfile::tempdir()?;
    let page = page(folder.path())?;
    browse(DESKTOP, |driver| async move {
        driver.goto(&page).await?;
        assert!(text(&driver, "h1").await?.starts_with("2 fits of 400 rows, off by "));
        assert_eq!(driver.find_all(By::Css("#overview tbody tr")).await?.len(), 2);
        let count = |selector: &'static str| {
            let driver = driver.clone();
            async move { driver.find_all(By::Css(selector)).await.map(|found| found.len()) }
        };
        // One scatter and three features that are not the same in all rows.
        assert_eq!(count("#fit-0 svg.fit-scatter[role=group]").await?, 1);
        assert_eq!(count("#fit-0 svg.fit-residuals").await?, 3);
        assert!(count("#fit-0 svg.fit-scatter .point.uncertain").await? >= 1);
        let first = text(&driver, "#fit-0").await?;
        for expected in
            ["the feature depends on the others", "far off", "against before.yaml: predictions by ", "moved"]
        {
            assert!(first.contains(expected), "{expected} in {first}");
        }
        let broken = driver.execute("return window.broken === undefined", vec![]).await?;
        assert_eq!(broken.json(), &serde_json::json!(true));
        assert!(text(&driver, "#fit-1 h2").await?.starts_with("<script>"));
        silent(&driver).await
    })
}

#[test]
fn a_fit_fits_small_and_dark_screens() -> Result<(), Box<dyn Error>> {
    let folder = tempfile::tempdir()?;
    let page = page(folder.path())?;
    browse(Screen { dark: true, width: 390, height: 844 }, |driver| async move {
        driver.goto(&page).await?;
        let width = driver.execute("return document.documentElement.scrollWidth", vec![]).await?;
        assert!(width.json().as_u64().is_some_and(|width| width <= 390), "{width:?}");
        let paper = "return getComputedStyle(document.body).backgroundColor";
        assert_eq!(driver.execute(paper, vec![]).await?.json(), &serde_json::json!("rgb(18, 21, 24)"));
        silent(&driver).await
    })
}
