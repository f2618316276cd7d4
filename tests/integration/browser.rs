//! The HTML report in a real browser: it shows, sorts, filters, unfolds, obeys the keyboard, and stays
//! silent in the console whatever a run wrote.

use super::chromium::{DESKTOP, Screen, browse};
use super::sample_report;
use shmoo::report::{Report, html};
use std::error::Error;
use std::path::Path;
use thirtyfour::prelude::*;

#[test]
fn cases_sort_filter_and_unfold() -> Result<(), Box<dyn Error>> {
    let folder = tempfile::tempdir()?;
    let page = write(&sample_report::many(10), folder.path())?;
    browse(DESKTOP, |driver| async move {
        driver.goto(&page).await?;
        assert_eq!(rows(&driver).await?, 10);
        assert_eq!(attribute(&driver, "#case-table", "aria-rowcount").await?, "11");
        assert_eq!(text(&driver, "#shown").await?, "10 cases");
        assert_eq!(first_case(&driver).await?, "inv5_v1.0_t0");

        // freq: up, down, and back to the order of the plan.
        click(&driver, "#case-table th:nth-of-type(6) button").await?;
        assert_eq!(attribute(&driver, "#case-table th:nth-of-type(6)", "aria-sort").await?, "ascending");
        assert_eq!(column(&driver, 6).await?[0], "1 GHz");
        click(&driver, "#case-table th:nth-of-type(6) button").await?;
        assert_eq!(attribute(&driver, "#case-table th:nth-of-type(6)", "aria-sort").await?, "descending");
        assert_ne!(first_case(&driver).await?, "inv5_v1.0_t0");
        let frequencies = column(&driver, 6).await?;
        assert!(frequencies[0].starts_with("1.9"), "{frequencies:?}");
        click(&driver, "#case-table th:nth-of-type(6) button").await?;
        assert_eq!(first_case(&driver).await?, "inv5_v1.0_t0");
        // The worst verdict comes first.
        click(&driver, "#case-table th:nth-of-type(2) button").await?;
        assert_eq!(first_case(&driver).await?, "inv19_v1.0_t0");

        for (filter, expected) in [
            ("inv1", 5),
            ("inverters=5", 1),
            ("inverters>=19 pass", 2),
            ("verdict=fail", 1),
            ("freq>1.5e9", 6),
            ("run_simulations.freq>1.5e9 inverters<9", 1),
            ("MHz", 1),
            ("nothing like it", 0),
            ("", 10),
        ] {
            fill(&driver, filter).await?;
            assert_eq!(rows(&driver).await?, expected, "{filter}");
        }
        click(&driver, ".chip[data-verdict=fail]").await?;
        assert_eq!(rows(&driver).await?, 1);
        assert_eq!(text(&driver, "#shown").await?, "1 of 10 cases");

        click(&driver, "#case-table tbody th button").await?;
        let panel = text(&driver, "#case-table tr.more").await?;
        assert!(panel.contains("run_simulations/inv19_v1.0_t0: freq is 433 MHz"), "{panel}");
        assert!(panel.contains("sim.log:8"), "{panel}");
        assert!(panel.contains("shmoo run configs/temp-sense.yaml --case inv19_v1.0_t0"), "{panel}");
        click(&driver, "#case-table tr.more .copy").await?;
        // Where the clipboard is closed to a page from a disk, the command is selected for the keyboard.
        let button = By::Css("#case-table tr.more .copy");
        let copied = driver.query(button.clone()).with_text("copied").nowait().exists().await?;
        assert!(copied || driver.query(button).with_text("selected").exists().await?);
        click(&driver, ".chip[data-verdict=fail]").await?;
        assert_eq!(rows(&driver).await?, 10);
        silent(&driver).await
    })
}

#[test]
fn failures_come_first_and_unfold() -> Result<(), Box<dyn Error>> {
    let folder = tempfile::tempdir()?;
    let page = write(&sample_report::red(), folder.path())?;
    browse(DESKTOP, |driver| async move {
        driver.goto(&page).await?;
        assert_eq!(rows(&driver).await?, 12);
        assert!(text(&driver, "h1").await?.starts_with("9 of 12 cases did not pass: check_drc failed at inv5"));
        let first = text(&driver, "#bucket-0").await?;
        assert!(first.contains("12 violations") && first.contains("Metal1 spacing < 0.23um"), "{first}");
        assert!(first.contains("shmoo run configs/temp-sense.yaml --case inv5_v0.6_nsch"), "{first}");

        assert!(!is_open(&driver, "#bucket-1").await?);
        click(&driver, "#bucket-1 > summary").await?;
        assert!(is_open(&driver, "#bucket-1").await?);
        assert!(text(&driver, "#bucket-1").await?.contains("tperiod"));
        // The link to its log opens the log.
        click(&driver, "#bucket-1 dd a").await?;
        assert!(driver.query(By::Css("#log-0[open]")).exists().await?);

        // A regression tells its rule on a click.
        click(&driver, "#changes-table tbody th button").await?;
        assert!(text(&driver, "#changes-table tr.more").await?.contains("better: higher"));
        assert_eq!(driver.find_all(By::Css("#plots svg.shmoo[role=img]")).await?.len(), 3);
        assert_eq!(driver.find_all(By::Css("#stages tbody tr")).await?.len(), 6);
        silent(&driver).await
    })
}

#[test]
fn the_keyboard_is_enough() -> Result<(), Box<dyn Error>> {
    let folder = tempfile::tempdir()?;
    let page = write(&sample_report::red(), folder.path())?;
    browse(DESKTOP, |driver| async move {
        driver.goto(&page).await?;
        press(&driver, Key::Tab).await?;
        assert_eq!(focused(&driver).await?, "skip to the report");
        // Tab reaches every part, in the order of the page.
        let mut reached = Vec::new();
        for _ in 0..160 {
            press(&driver, Key::Tab).await?;
            reached.push(focused(&driver).await?);
        }
        let place = |wanted: &str| reached.iter().position(|text| text.contains(wanted));
        let order = ["What broke", "12 violations", "vdd", "inv5_v0.6_nsch"].map(place);
        assert!(order.iter().all(Option::is_some) && order.is_sorted(), "{order:?} {reached:?}");

        focus(&driver, "#bucket-1 > summary").await?;
        press(&driver, Key::Enter).await?;
        assert!(is_open(&driver, "#bucket-1").await?);
        focus(&driver, "#case-table th:nth-of-type(4) button").await?;
        press(&driver, Key::Enter).await?;
        press(&driver, Key::Enter).await?;
        assert_eq!(attribute(&driver, "#case-table th:nth-of-type(4)", "aria-sort").await?, "descending");
        assert_eq!(column(&driver, 4).await?[0], "3.3");
        focus(&driver, "#case-table tbody th button").await?;
        press(&driver, Key::Space).await?;
        assert_eq!(attribute(&driver, "#case-table tbody th button", "aria-expanded").await?, "true");
        silent(&driver).await
    })
}

#[test]
fn an_address_leads_to_a_case() -> Result<(), Box<dyn Error>> {
    let folder = tempfile::tempdir()?;
    let page = write(&sample_report::many(3000), folder.path())?;
    browse(DESKTOP, |driver| async move {
        // The last case is far behind the rows that are drawn at first.
        driver.goto(format!("{page}#case=inv43_v3.9_t160")).await?;
        let button = "#case-table button[aria-expanded=true]";
        assert_eq!(text(&driver, button).await?, "inv43_v3.9_t160");
        assert_eq!(focused(&driver).await?, "inv43_v3.9_t160");
        assert!(text(&driver, "#case-table tr.more").await?.contains("--case inv43_v3.9_t160"));
        silent(&driver).await
    })
}

#[test]
fn ten_thousand_cases_stay_quick() -> Result<(), Box<dyn Error>> {
    let folder = tempfile::tempdir()?;
    let page = write(&sample_report::many(10_000), folder.path())?;
    browse(DESKTOP, |driver| async move {
        driver.goto(&page).await?;
        assert_eq!(attribute(&driver, "#case-table", "aria-rowcount").await?, "10001");
        assert_eq!(text(&driver, "#shown").await?, "10,000 cases");
        let drawn = rows(&driver).await?;
        assert!((200..10_000).contains(&drawn), "{drawn}");
        let before = first_case(&driver).await?;
        click(&driver, "#case-table th:nth-of-type(6) button").await?;
        click(&driver, "#case-table th:nth-of-type(6) button").await?;
        assert_ne!(first_case(&driver).await?, before);
        assert_eq!(column(&driver, 6).await?[0], "2.002 GHz");
        // Who scrolls to the end of what is drawn gets more.
        let script = "const box = document.querySelector('.tall'); box.scrollTop = box.scrollHeight";
        driver.execute(script, vec![]).await?;
        assert!(driver.query(By::Css("#case-table tr[aria-rowindex='401']")).exists().await?);
        fill(&driver, "verdict=fail").await?;
        assert_eq!(text(&driver, "#shown").await?, "100 of 10,000 cases");
        assert_eq!(rows(&driver).await?, 100);
        silent(&driver).await
    })
}

#[test]
fn hostile_text_stays_text() -> Result<(), Box<dyn Error>> {
    let folder = tempfile::tempdir()?;
    let mut pages = Vec::new();
    let long = "long_".repeat(2000);
    for (number, hostile) in sample_report::HOSTILE.into_iter().chain([long.as_str()]).enumerate() {
        let own = folder.path().join(number.to_string());
        std::fs::create_dir(&own)?;
        pages.push(write(&sample_report::hostile(hostile), &own)?);
    }
    browse(DESKTOP, |driver| async move {
        for page in pages {
            driver.goto(&page).await?;
            assert_eq!(rows(&driver).await?, 12);
            click(&driver, "#case-table tbody th button").await?;
            assert_eq!(text(&driver, "#changes-shown").await?, "7 metrics");
            click(&driver, "#changes-table tbody th button").await?;
            assert!(driver.find_all(By::Css("#changes-table tr.more .repeats, .panel .trend")).await?.len() > 1);
            focus(&driver, "#timeline svg").await?;
            press(&driver, Key::Right).await?;
            let broken = driver.execute("return window.broken === undefined", vec![]).await?;
            assert!(broken.json().as_bool().unwrap_or(false), "{page}");
            let wide = driver.execute(SIDEWAYS, vec![]).await?;
            assert_eq!(wide.json().as_array().map(Vec::len), Some(0), "{page}: {:?}", wide.json());
            assert_eq!(driver.find_all(By::Css("img, iframe, a[href^=javascript], [onerror]")).await?.len(), 0);
            silent(&driver).await?;
        }
        Ok(())
    })
}

#[test]
fn the_page_fits_its_screen() -> Result<(), Box<dyn Error>> {
    let folder = tempfile::tempdir()?;
    let page = write(&sample_report::red(), folder.path())?;
    for (name, screen) in [
        ("light", DESKTOP),
        ("dark", Screen { dark: true, ..DESKTOP }),
        ("narrow", Screen { dark: false, width: 400, height: 800 }),
    ] {
        let page = page.clone();
        browse(screen, move |driver| async move {
            driver.goto(&page).await?;
            let dark = driver.execute("return matchMedia('(prefers-color-scheme: dark)').matches", vec![]).await?;
            assert_eq!(dark.json().as_bool(), Some(screen.dark));
            // Tables scroll in their boxes; the page itself never does sideways.
            let wide = driver.execute(SIDEWAYS, vec![]).await?;
            assert_eq!(wide.json().as_array().map(Vec::len), Some(0), "{name}: {:?}", wide.json());
            let contrast = driver.execute(CONTRAST, vec![]).await?;
            assert_eq!(contrast.json().as_array().map(Vec::len), Some(0), "{name}: {:?}", contrast.json());
            // For people who change how it looks.
            if let Some(folder) = std::env::var_os("SHMOO_SCREENSHOTS") {
                let change = "change=run_simulations.freq@inv7_v1.8_nsch";
                for part in ["failures", "comparison", change, "plots", "timeline", "case=inv5_v0.6_npex", "logs"] {
                    driver.execute("location.hash = arguments[0]", vec![part.into()]).await?;
                    driver.screenshot(&Path::new(&folder).join(format!("{name}-{part}.png"))).await?;
                }
            }
            silent(&driver).await
        })?;
    }
    Ok(())
}

/// Lists what sticks out of the screen, other than what lies in a box that scrolls.
pub(super) const SIDEWAYS: &str = r"
    const page = document.documentElement;
    return [...document.querySelectorAll('body *')]
      .filter((node) => !node.closest('.scroll, nav, .skip') && node.getBoundingClientRect().right > page.clientWidth + 1)
      .map((node) => `${node.tagName}.${node.className}`);
";

/// Lists texts with less contrast than WCAG 2.1 asks of normal text (4.5).
const CONTRAST: &str = r"
    const parse = (color) => color.match(/[\d.]+/g).map(Number);
    const light = ([r, g, b]) => {
      const [x, y, z] = [r, g, b].map((v) => v / 255).map((v) => v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
      return 0.2126 * x + 0.7152 * y + 0.0722 * z;
    };
    const paper = (node) => {
      for (let at = node; at; at = at.parentElement) {
        const color = parse(getComputedStyle(at).backgroundColor);
        if (color.length === 3 || color[3] > 0) return color;
      }
      return [255, 255, 255];
    };
    const poor = [];
    for (const node of document.querySelectorAll('main *, header *, nav *, footer *')) {
      const own = [...node.childNodes].some((child) => child.nodeType === 3 && child.textContent.trim());
      if (!own || node.closest('svg, .none, noscript, .hidden') || !node.checkVisibility()) continue;
      const [a, b] = [light(parse(getComputedStyle(node).color)), light(paper(node))].sort((x, y) => y - x);
      const ratio = (a + 0.05) / (b + 0.05);
      if (ratio < 4.5) poor.push(`${node.className || node.tagName} ${ratio.toFixed(2)}: ${node.textContent.slice(0, 40)}`);
    }
    return poor;
";

/// Writes a report's page and returns its address.
pub(super) fn write(report: &Report, folder: &Path) -> Result<String, Box<dyn Error>> {
    let path = folder.join("report.html");
    html(report, &mut std::fs::File::create(&path)?)?;
    Ok(format!("file://{}", path.display()))
}

/// Fails if the console has anything to say.
pub(super) async fn silent(driver: &WebDriver) -> WebDriverResult<()> {
    let log = driver.browser_log().await?;
    assert!(log.is_empty(), "{log:?}");
    Ok(())
}

/// Counts the cases that are drawn.
async fn rows(driver: &WebDriver) -> WebDriverResult<usize> {
    let count =
        driver.execute("return document.querySelectorAll('#case-table tbody tr:not(.more)').length", vec![]).await?;
    Ok(count.json().as_u64().unwrap_or(0) as usize)
}

async fn first_case(driver: &WebDriver) -> WebDriverResult<String> {
    text(driver, "#case-table tbody tr:first-child th").await
}

/// Returns the texts of a column of the cases, counted from 1.
async fn column(driver: &WebDriver, number: usize) -> WebDriverResult<Vec<String>> {
    let script = "return [...document.querySelectorAll(arguments[0])].map((cell) => cell.textContent)";
    let selector = format!("#case-table tbody tr:not(.more) > :nth-child({number})");
    driver.execute(script, vec![selector.into()]).await?.convert()
}

pub(super) async fn text(driver: &WebDriver, selector: &str) -> WebDriverResult<String> {
    driver.find(By::Css(selector)).await?.text().await
}

pub(super) async fn attribute(driver: &WebDriver, selector: &str, name: &str) -> WebDriverResult<String> {
    Ok(driver.find(By::Css(selector)).await?.attr(name).await?.unwrap_or_default())
}

async fn is_open(driver: &WebDriver, selector: &str) -> WebDriverResult<bool> {
    Ok(driver.find(By::Css(selector)).await?.attr("open").await?.is_some())
}

pub(super) async fn click(driver: &WebDriver, selector: &str) -> WebDriverResult<()> {
    let element = driver.find(By::Css(selector)).await?;
    // In the middle, where the sticky table of contents does not cover it.
    driver.execute("arguments[0].scrollIntoView({block: 'center'})", vec![element.to_json()?]).await?;
    element.click().await
}

/// Types into the filter of the cases.
async fn fill(driver: &WebDriver, filter: &str) -> WebDriverResult<()> {
    fill_in(driver, "#search", filter).await
}

/// Types into a filter as a person would.
pub(super) async fn fill_in(driver: &WebDriver, selector: &str, filter: &str) -> WebDriverResult<()> {
    let search = driver.find(By::Css(selector)).await?;
    search.send_keys(Key::Control + "a").await?;
    search.send_keys(Key::Backspace + "").await?;
    search.send_keys(filter).await
}

pub(super) async fn focus(driver: &WebDriver, selector: &str) -> WebDriverResult<()> {
    driver.find(By::Css(selector)).await?.focus().await
}

pub(super) async fn press(driver: &WebDriver, key: Key) -> WebDriverResult<()> {
    driver.action_chain().send_keys(key + "").perform().await
}

/// Returns the text of what has the focus.
pub(super) async fn focused(driver: &WebDriver) -> WebDriverResult<String> {
    let text = driver.execute("return document.activeElement.innerText", vec![]).await?;
    Ok(text.json().as_str().unwrap_or_default().to_owned())
}
