//! The comparison, the plots and the timeline of the HTML report in a real browser.

use super::browser::{attribute, click, fill_in, focus, focused, press, silent, text, write};
use super::chromium::{DESKTOP, browse};
use super::sample_report;
use shmoo::report::html;
use std::error::Error;
use thirtyfour::prelude::*;

#[test]
fn changes_sort_filter_and_tell_their_figures() -> Result<(), Box<dyn Error>> {
    let folder = tempfile::tempdir()?;
    let page = write(&sample_report::red(), folder.path())?;
    browse(DESKTOP, |driver| async move {
        driver.goto(&page).await?;
        assert_eq!(rows(&driver).await?, 7);
        assert_eq!(text(&driver, "#changes-shown").await?, "7 metrics");
        assert_eq!(attribute(&driver, "#changes-table", "aria-rowcount").await?, "8");
        // Worst first; by size of change on a click, in both ways, then worst first again.
        assert_eq!(column(&driver, 3).await?[0], "✗regressed");
        click(&driver, "#changes-table th:nth-of-type(6) button").await?;
        assert_eq!(attribute(&driver, "#changes-table th:nth-of-type(6)", "aria-sort").await?, "descending");
        assert_eq!(column(&driver, 6).await?[0], "+0.033%");
        click(&driver, "#changes-table th:nth-of-type(6) button").await?;
        assert_eq!(column(&driver, 6).await?[..2], ["-12%", "-5.2%"]);
        click(&driver, "#changes-table th:nth-of-type(6) button").await?;
        assert_eq!(column(&driver, 5).await?[0], "578.57 MHz");

        for (filter, expected) in [
            ("freq", 4),
            ("inv7_v3.3", 3),
            ("verdict=regressed", 1),
            ("change<-5", 2),
            ("q<0.05", 2),
            ("p<0.0001", 0),
            ("base>1e9 freq", 1),
            ("outside of", 1),
            ("point=inv9_v1.8_nsch", 1),
            ("", 7),
        ] {
            fill_in(&driver, "#changes-search", filter).await?;
            assert_eq!(rows(&driver).await?, expected, "{filter}");
        }
        click(&driver, "#changes-filter .chip[data-verdict=improved]").await?;
        assert_eq!(text(&driver, "#changes-shown").await?, "1 of 7 metrics");
        // The table of cases has filters of its own.
        assert_eq!(text(&driver, "#shown").await?, "12 cases");
        click(&driver, "#changes-filter .chip[data-verdict=improved]").await?;

        click(&driver, "#changes-table tbody th button").await?;
        let panel = text(&driver, "#changes-table tr.more").await?;
        for figure in [
            "5.2% worse, more than 1%",
            "all conditions are met",
            "-5.2%, 95 % interval -6.4% to -4.1%",
            "p = 0.00021",
            "q = 0.0042 among 12 metrics",
            "n = 10, 569.89 MHz to 590.14 MHz",
            "K = 12, around 611.22 MHz",
            "591.7 MHz to 631.35 MHz",
        ] {
            assert!(panel.contains(figure), "{figure} in {panel}");
        }
        click(&driver, "#changes-table tbody th button").await?;
        assert_eq!(driver.find_all(By::Css("#changes-table tr.more")).await?.len(), 0);
        silent(&driver).await
    })
}

#[test]
fn repeats_and_trend_are_drawn_behind_a_change() -> Result<(), Box<dyn Error>> {
    let folder = tempfile::tempdir()?;
    let page = write(&sample_report::red(), folder.path())?;
    browse(DESKTOP, |driver| async move {
        driver.goto(format!("{page}#change=run_simulations.freq@inv7_v1.8_nsch")).await?;
        assert_eq!(focused(&driver).await?, "run_simulations.freq");
        let count = |selector: &'static str| {
            let driver = driver.clone();
            async move { driver.find_all(By::Css(selector)).await.map(|found| found.len()) }
        };
        assert_eq!(count(".panel .repeats .repeat.base").await?, 10);
        assert_eq!(count(".panel .repeats .repeat.head").await?, 10);
        assert_eq!(count(".panel .repeats .median").await?, 2);
        let told = attribute(&driver, ".panel .repeats", "aria-label").await?;
        assert!(told.starts_with("base: 10 repeats, median"), "{told}");
        // All of the base lies to the right of all of this run.
        let places = "return [...document.querySelectorAll(arguments[0])].map((dot) => Number(dot.getAttribute('cx')))";
        let base: Vec<f64> = driver.execute(places, vec![".repeat.base".into()]).await?.convert()?;
        let head: Vec<f64> = driver.execute(places, vec![".repeat.head".into()]).await?.convert()?;
        assert!(base.iter().all(|base| head.iter().all(|head| head < base)), "{base:?} {head:?}");

        assert_eq!(count(".panel .trend .value").await?, 18);
        assert_eq!(count(".panel .trend .band").await?, 1);
        assert_eq!(text(&driver, ".panel .trend .step text").await?, "↓ -7.4%");
        let step = text(&driver, ".panel .step-words").await?;
        assert!(step.starts_with("658.8 MHz became 610 MHz with 20260119-142233-temp-sense-5019"), "{step}");
        assert!(step.contains("after commit ") && step.contains(", up to "), "{step}");
        // The keyboard goes from this run back.
        focus(&driver, ".panel .trend").await?;
        press(&driver, Key::Left).await?;
        press(&driver, Key::Left).await?;
        let told = text(&driver, ".panel .plot:last-child .told").await?;
        assert!(told.starts_with("20260130-142233-temp-sense-1003a of 2026-01-30, commit "), "{told}");
        assert!(told.ends_with("10 repeats from 600.85 MHz to 622.2 MHz"), "{told}");
        silent(&driver).await
    })
}

#[test]
fn scatters_and_timeline_tell_their_parts() -> Result<(), Box<dyn Error>> {
    let folder = tempfile::tempdir()?;
    let page = write(&sample_report::red(), folder.path())?;
    browse(DESKTOP, |driver| async move {
        driver.goto(&page).await?;
        assert_eq!(driver.find_all(By::Css("#comparison svg.scatter")).await?.len(), 2);
        let scatter = "#comparison .plot[data-metric='run_simulations.freq'] svg";
        focus(&driver, scatter).await?;
        press(&driver, Key::Left).await?;
        let told = text(&driver, "#comparison .plot .told").await?;
        let regressed = "✗ run_simulations.freq at inv7_v1.8_nsch: 610 MHz became 578.57 MHz, -5.2%, regressed";
        assert_eq!(told, regressed);
        // Enter leads to its row, and so does a click.
        press(&driver, Key::Enter).await?;
        assert_eq!(focused(&driver).await?, "run_simulations.freq");
        assert!(text(&driver, "#changes-table tr.more").await?.contains("5.2% worse"));
        click(&driver, &format!("{scatter} .point.uncertain")).await?;
        assert_eq!(driver.find_all(By::Css("#changes-table tr.more")).await?.len(), 2);

        let bars = driver.find_all(By::Css("#timeline .bar")).await?.len();
        assert!((13..=16).contains(&bars), "{bars}");
        focus(&driver, "#timeline svg").await?;
        press(&driver, Key::End).await?;
        press(&driver, Key::Home).await?;
        let told = text(&driver, "#timeline .told").await?;
        assert!(told.starts_with("✓ run_generator/inv5: pass, 0.5s from"), "{told}");
        let hover = driver.find(By::Css("#timeline .bar.timeout")).await?;
        driver.action_chain().move_to_element_center(&hover).perform().await?;
        assert!(
            text(&driver, "#timeline .told").await?.starts_with("◷ run_simulations/inv7_v3.3_npex: timeout, 2m00s")
        );
        silent(&driver).await
    })
}

#[test]
fn what_moved_in_a_plot_has_a_shape() -> Result<(), Box<dyn Error>> {
    let folder = tempfile::tempdir()?;
    let page = write(&sample_report::red(), folder.path())?;
    browse(DESKTOP, |driver| async move {
        driver.goto(&page).await?;
        let diffs = driver.find_all(By::Css("#plots svg.shmoo-diff[role=img]:not(.legend)")).await?;
        assert_eq!(diffs.len(), 2);
        for (sign, expected) in [("broke", 2), ("mended", 2), ("both", 2), ("unknown", 2), ("kept", 14)] {
            let cells = driver.find_all(By::Css(format!("#plots .shmoo-diff:not(.legend) .{sign}"))).await?;
            assert_eq!(cells.len(), expected, "{sign}");
        }
        let title = "return document.querySelector('.shmoo-diff:not(.legend) .broke title').textContent";
        let title: String = driver.execute(title, vec![]).await?.convert()?;
        assert_eq!(title, "vdd (V) 0.9, temp (degC) -40: 3 broke, 2 still fail");
        silent(&driver).await
    })
}

#[test]
fn fifty_thousand_metrics_stay_quick() -> Result<(), Box<dyn Error>> {
    let folder = tempfile::tempdir()?;
    let page = write(&sample_report::many_compared(10_000), folder.path())?;
    browse(DESKTOP, |driver| async move {
        driver.goto(&page).await?;
        let told = text(&driver, "#changes-shown").await?;
        let (shown, rest) = told.split_once(" metrics; ").unwrap_or_default();
        let number = |text: &str| text.replace(',', "").split(' ').next().and_then(|text| text.parse::<u32>().ok());
        assert_eq!(number(shown).zip(number(rest)).map(|(shown, rest)| shown + rest), Some(50_000), "{told}");
        fill_in(&driver, "#changes-search", "verdict=regressed").await?;
        assert!(text(&driver, "#changes-shown").await?.starts_with("1,000 of "));
        assert!((200..1000).contains(&rows(&driver).await?));
        let points = driver.find_all(By::Css("#comparison .point")).await?.len();
        assert!((100..5000).contains(&points), "{points}");
        let bars = driver.find_all(By::Css("#timeline .bar")).await?.len();
        assert!((500..4000).contains(&bars), "{bars}");
        silent(&driver).await
    })
}

#[test]
fn without_the_script_what_matters_is_there() -> Result<(), Box<dyn Error>> {
    let mut page = Vec::new();
    html(&sample_report::red(), &mut page)?;
    let page = String::from_utf8(page)?;
    let plain: String = page.split("<noscript>").skip(1).filter_map(|part| part.split("</noscript>").next()).collect();
    for wanted in ["5.2% worse, more than 1%", "inv7_v1.8_nsch", "578.57 MHz", "inv5_v0.6_nsch"] {
        assert!(plain.contains(wanted), "{wanted} in {plain}");
    }
    Ok(())
}

async fn rows(driver: &WebDriver) -> WebDriverResult<usize> {
    let count = "return document.querySelectorAll('#changes-table tbody tr:not(.more)').length";
    Ok(driver.execute(count, vec![]).await?.json().as_u64().unwrap_or(0) as usize)
}

/// Returns the texts of a column of the changes, counted from 1.
async fn column(driver: &WebDriver, number: usize) -> WebDriverResult<Vec<String>> {
    let script = "return [...document.querySelectorAll(arguments[0])].map((cell) => cell.textContent)";
    let selector = format!("#changes-table tbody tr:not(.more) > :nth-child({number})");
    driver.execute(script, vec![selector.into()]).await?.convert()
}
