//! The markdown report as a reader sees it: rendered with tables and raw HTML, in a real browser.
//!
//! The renderer lets all HTML through, which GitHub does not, so that nothing but our own escapes stands
//! between a run's texts and the page.

use super::browser::silent;
use super::chromium::{DESKTOP, browse};
use super::sample_report;
use pulldown_cmark::{Options, Parser, html};
use shmoo::report::{MarkdownOptions, Report, markdown};
use std::error::Error;

/// Counts what a page is made of, and lists texts that GitHub would make links of: outside of code.
const SEEN: &str = r"
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    const links = [];
    for (let node = walker.nextNode(); node; node = walker.nextNode()) {
      const inside = node.parentElement.closest('code, pre, svg');
      if (!inside && /(^|\W)@\w|(^|\W)#\d|GH-\d/.test(node.textContent)) links.push(node.textContent);
    }
    const count = (selector) => document.querySelectorAll(selector).length;
    return {
      broken: window.broken !== undefined,
      foreign: count('script, img, iframe, style, [onerror], [onclick], a[href^=javascript]'),
      shape: ['h1', 'h2', 'h3', 'table', 'tr', 'td', 'details', 'a'].map(count),
      links,
    };
";

fn page(report: &Report) -> Result<String, Box<dyn Error>> {
    let mut text = Vec::new();
    markdown(report, MarkdownOptions { budget: 60_000 }, &mut text)?;
    let text = String::from_utf8(text)?;
    let options =
        Options::ENABLE_TABLES | Options::ENABLE_STRIKETHROUGH | Options::ENABLE_TASKLISTS | Options::ENABLE_GFM;
    let mut body = String::new();
    html::push_html(&mut body, Parser::new_ext(&text, options));
    Ok(format!("<!doctype html><meta charset=utf-8><link rel=icon href='data:,'><title>x</title><body>{body}</body>"))
}

#[test]
fn hostile_text_stays_text_in_markdown() -> Result<(), Box<dyn Error>> {
    let folder = tempfile::tempdir()?;
    let mut pages = Vec::new();
    let long = "long_".repeat(2000);
    let texts = ["harmless"].into_iter().chain(sample_report::HOSTILE).chain([long.as_str()]);
    for (number, text) in texts.enumerate() {
        let path = folder.path().join(format!("{number}.html"));
        std::fs::write(&path, page(&sample_report::hostile(text))?)?;
        pages.push(format!("file://{}", path.display()));
    }
    browse(DESKTOP, |driver| async move {
        let mut shape = None;
        let last = pages.len() - 1;
        for (number, page) in pages.iter().enumerate() {
            driver.goto(page).await?;
            let seen = driver.execute(SEEN, vec![]).await?;
            let seen = seen.json();
            assert_eq!((&seen["broken"], &seen["foreign"]), (&false.into(), &0.into()), "{page}: {seen}");
            assert_eq!(seen["links"].as_array().map(Vec::len), Some(0), "{page}: {seen}");
            // No text makes a row, a column or a heading; long ones leave some out.
            if number < last {
                assert_eq!(shape.get_or_insert(seen["shape"].clone()), &seen["shape"], "{page}: {seen}");
            }
            silent(&driver).await?;
        }
        Ok(())
    })
}
