//! The models of a suite on the page of a run, in a real browser: drawings are there, tell their rows, and fit the screen.

use super::browser::{SIDEWAYS, focus, press, silent, text};
use super::chromium::{DESKTOP, Screen, browse};
use super::sweep_project::SweepProject;
use std::error::Error;
use std::path::Path;
use thirtyfour::prelude::*;

/// Two operations of 64 shapes each, whose cycles leave the model's by up to 2 percent, and one by a half.
const SUITE: &str = r#"
version: 1
suite: kernels
params:
  op: { code: op, values: [copy, transpose] }
  blocks: { code: b, values: [1, 2, 3, 4, 6, 8, 12, 16] }
  tiles: { code: t, values: [1, 2, 3, 4, 6, 8, 12, 16] }
stages:
  measure:
    per: [op]
    shell: |
      awk -F, 'NR == 1 { for (i = 1; i <= NF; i++) at[$i] = i; print "blocks,tiles,cycles"; next }
               { b = $at["blocks"]; t = $at["tiles"]; far = b == 8 && t == 8 ? 1.5 : 1
                 print b "," t "," far * (90 * b + 7 * b * t) * (0.98 + 0.01 * ((7 * b + 3 * t) % 5)) }' "$SHMOO_CASES" > perf.csv
    rows: { csv: perf.csv, keys: { blocks: blocks, tiles: tiles }, fields: { cycles: cycles } }
    metrics: { time: { of: cycles, unit: cycles, better: lower } }
models:
  cost_of_a_kernel:
    from: measure
    by: [op]
    held_back: "blocks == 3"
    weighting: relative
    target: time
    features: { start_of_a_block_with_a_long_name: blocks, work_on_a_tile: blocks * tiles }
"#;

/// Runs the suite; returns the address of the run's page.
fn page(project: &SweepProject) -> String {
    project.write("kernels.yaml", SUITE);
    project.ends(0, &["sweep", "kernels.yaml"]);
    format!("file://{}", project.last_run().join("report.html").display())
}

#[test]
fn fits_are_drawn_and_their_rows_are_told() -> Result<(), Box<dyn Error>> {
    let project = SweepProject::with(&[]);
    let page = page(&project);
    browse(DESKTOP, |driver| async move {
        driver.goto(&page).await?;
        let count = |selector: &'static str| {
            let driver = driver.clone();
            async move { driver.find_all(By::Css(selector)).await.map(|found| found.len()) }
        };
        // Two fits: each with the rows once, and once along each of two features.
        assert_eq!(count("svg.fit-scatter").await?, 2);
        assert_eq!(count("svg.fit-residuals").await?, 4);
        assert_eq!(count("details[open] svg.fit-scatter").await?, 2);
        assert!(text(&driver, "details:has(svg.fit-scatter) > p").await?.starts_with("64 rows; diamonds are far off"));
        // Along the first feature there are eight places, of which one was held back.
        let drawings: Vec<Vec<String>> = driver.execute(POINTS, vec![]).await?.convert()?;
        for points in &drawings {
            assert!((15..=64).contains(&points.len()), "{points:?}");
            let all = |point: &String| ["op", "_b", "measured ", "predicted "].iter().all(|part| point.contains(part));
            assert!(points.iter().all(all), "{points:?}");
            let far = points.last().ok_or_else(|| WebDriverError::NotFound("a point".into(), page.clone()))?;
            assert!(far.contains("_b8_t8: measured ") && far.contains(" beyond"), "{far}");
            assert!(points.iter().any(|point| point.contains("_b3_") && point.ends_with("kept out of the fit")));
        }
        // The keyboard begins at what matters most.
        focus(&driver, "svg.fit-scatter").await?;
        press(&driver, Key::Left).await?;
        let told = text(&driver, "figure:has(svg.fit-scatter) .told").await?;
        assert_eq!(Some(&told), drawings[0].last());
        assert!(told.starts_with("opcopy_b8_t8: measured 1"), "{told}");
        silent(&driver).await
    })
}

#[test]
fn drawings_of_fits_fit_their_screen() -> Result<(), Box<dyn Error>> {
    let project = SweepProject::with(&[]);
    let page = page(&project);
    for (name, screen) in [
        ("wide", DESKTOP),
        ("dark", Screen { dark: true, ..DESKTOP }),
        ("narrow", Screen { dark: false, width: 400, height: 800 }),
    ] {
        let page = page.clone();
        browse(screen, move |driver| async move {
            driver.goto(&page).await?;
            let wide = driver.execute("return document.documentElement.scrollWidth", vec![]).await?;
            assert_eq!(wide.json().as_u64(), Some(u64::from(screen.width)), "{name}");
            let wide = driver.execute(SIDEWAYS, vec![]).await?;
            assert_eq!(wide.json().as_array().map(Vec::len), Some(0), "{name}: {:?}", wide.json());
            // No drawing has to be scrolled for, and no word of one leaves it.
            let hidden = driver.execute(HIDDEN, vec![]).await?;
            assert_eq!(hidden.json().as_array().map(Vec::len), Some(0), "{name}: {:?}", hidden.json());
            // For people who change how it looks.
            if let Some(folder) = std::env::var_os("SHMOO_SCREENSHOTS") {
                for (number, selector) in ["h3", "svg.fit-scatter", "svg.fit-residuals"].into_iter().enumerate() {
                    let place = format!("document.querySelector('{selector}').scrollIntoView()");
                    driver.execute(&place, vec![]).await?;
                    driver.screenshot(&Path::new(&folder).join(format!("{name}-models-{number}.png"))).await?;
                }
            }
            silent(&driver).await
        })?;
    }
    Ok(())
}

/// Lists the titles of the points of each drawing of a fit.
const POINTS: &str = r"
    return [...document.querySelectorAll('svg.fit-scatter, svg.fit-residuals')]
      .map((svg) => [...svg.querySelectorAll('.point > title')].map((title) => title.textContent));
";

/// Lists drawings of fits that their box does not show whole, and words that leave a drawing.
const HIDDEN: &str = r"
    const hidden = [];
    for (const svg of document.querySelectorAll('svg.fit-scatter, svg.fit-residuals')) {
      const box = svg.closest('.scroll');
      if (box.scrollWidth > box.clientWidth) hidden.push(`${box.scrollWidth} in ${box.clientWidth}`);
      const paper = svg.getBoundingClientRect();
      for (const word of svg.querySelectorAll('text')) {
        const place = word.getBoundingClientRect();
        const out = place.left < paper.left - 1 || place.right > paper.right + 1 || place.bottom > paper.bottom + 1;
        if (out) hidden.push(word.textContent);
      }
    }
    return hidden;
";
