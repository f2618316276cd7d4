//! A history as a site of static pages: the suites, the runs of each, how its metrics went.
//!
//! In: what the history knows of runs, and the comparison of the newest of each suite, which holds the
//! trends. Out: pages with relative links only, so that they work from a folder, a bucket or GitHub Pages
//! below any path. The page of a run is the report's (`html`); this here makes those around it.

mod overview;
mod suite;

use super::html::{STYLE, policy};
use super::inert::{line, short};
use super::selection::commit_name;
use super::svg::{STYLE as PLOT_STYLE, escape};
use crate::compare::Comparison;
use crate::ledger::Verdict;
use crate::record::RunSummary;
use crate::value::{Digest, SuiteName};
use std::io::{self, Write};

/// What only the pages of a site have.
const SITE_STYLE: &str = include_str!("style.css");

/// What a site shows.
#[derive(Debug, Clone, PartialEq)]
pub struct Site {
    /// The suites, in the order of their names.
    pub suites: Vec<SiteSuite>,
    /// The version of shmoo that writes it.
    pub shmoo: String,
}

/// A suite of a site.
#[derive(Debug, Clone, PartialEq)]
pub struct SiteSuite {
    /// Its name.
    pub name: SuiteName,
    /// Its runs, newest first.
    pub runs: Vec<SiteRun>,
    /// The newest complete run of the whole suite against its base: how metrics went. None: there is no such
    /// run, or it cannot be judged any more.
    pub comparison: Option<Comparison>,
}

/// A run of a site.
#[derive(Debug, Clone, PartialEq)]
pub struct SiteRun {
    /// What the history knows of it.
    pub summary: RunSummary,
    /// Whether the site has its page.
    pub has_page: bool,
}

/// A page of a site.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SitePage {
    /// Its path below the site's folder: `temp-sense/index.html`.
    pub path: String,
    /// Its text.
    pub html: Vec<u8>,
}

/// Returns the pages around those of the runs: the overview first, then one for each suite.
pub fn site_pages(site: &Site) -> Vec<SitePage> {
    let written = |path: String, write: &dyn Fn(&mut dyn Write) -> io::Result<()>| {
        let mut html = Vec::new();
        // Memory takes every byte.
        write(&mut html).expect("a page can be written to memory");
        SitePage { path, html }
    };
    let overview = written("index.html".to_owned(), &|out| overview::write(site, out));
    let suites = site.suites.iter().map(|suite| {
        let path = format!("{}/index.html", file_name(suite.name.as_str()));
        written(path, &|out| suite::write(site, suite, out))
    });
    std::iter::once(overview).chain(suites).collect()
}

/// Returns where the page of a run is, below the site's folder.
pub fn run_page_path(run: &RunSummary) -> String {
    format!("{}/{}.html", file_name(run.suite.as_str()), file_name(run.id.as_str()))
}

/// Returns a name that means nothing to a file system, a URL or a shell. Names of suites and runs are such
/// names already; one that came in from elsewhere gets its digest, so that no two are the same.
fn file_name(name: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
    let safe = !name.is_empty() && name.len() <= 120 && name != "index" && !name.starts_with(['.', '-', '_']);
    if safe && name.chars().all(plain) {
        return name.to_owned();
    }
    let digest = Digest::of(name.as_bytes()).to_string();
    let kept: String = name.chars().filter(|c| c.is_ascii_alphanumeric()).take(40).collect();
    format!("x{kept}-{}", &digest[..12])
}

/// Writes what a page begins with; `up` is the way to the site's folder.
fn open(title: &str, up: Option<&str>, out: &mut dyn Write) -> io::Result<()> {
    let style = format!("{STYLE}{PLOT_STYLE}{SITE_STYLE}");
    let title = text(title);
    writeln!(out, "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">")?;
    writeln!(out, r#"<meta http-equiv="Content-Security-Policy" content="{}">"#, policy(&style, ""))?;
    writeln!(out, r#"<meta name="viewport" content="width=device-width, initial-scale=1">"#)?;
    writeln!(out, r#"<meta name="color-scheme" content="light dark">"#)?;
    writeln!(out, r#"<link rel="icon" href="data:,">"#)?;
    writeln!(out, "<title>{title}</title>\n<style>{style}</style>\n</head>\n<body>")?;
    writeln!(out, r##"<a class="skip" href="#main">skip to the content</a>"##)?;
    writeln!(out, r#"<header class="site">"#)?;
    if let Some(up) = up {
        writeln!(out, r#"<p class="word"><a href="{up}">all suites</a></p>"#)?;
    }
    writeln!(out, "<h1>{title}</h1>\n</header>\n<main id=\"main\">")
}

fn close(site: &Site, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "</main>\n<footer>written by shmoo {}</footer>\n</body>\n</html>", text(&site.shmoo))
}

/// Returns a text of a run, harmless and escaped, as one line.
fn text(raw: &str) -> String {
    escape(&line(raw)).into_owned()
}

/// Returns a text of a run, harmless, escaped and of at most `limit` characters.
fn clipped(raw: &str, limit: usize) -> String {
    escape(&short(raw, limit)).into_owned()
}

/// Returns what became of a run, in a sign and a word: its worst verdict, or that it is incomplete.
fn outcome(run: &RunSummary) -> String {
    if !run.complete {
        return r#"<span class="v lost"><span class="sign" aria-hidden="true">?</span>incomplete</span>"#.to_owned();
    }
    let worst = run.tasks.iter().filter(|(_, count)| **count > 0).map(|(verdict, _)| *verdict).max();
    let verdict = worst.unwrap_or(Verdict::Skipped);
    let sign = super::headline::sign(verdict);
    format!(r#"<span class="v {verdict}"><span class="sign" aria-hidden="true">{sign}</span>{verdict}</span>"#)
}

/// Returns how many cases passed: `88 of 90`.
fn passed(run: &RunSummary) -> String {
    let all: u64 = run.cases.values().sum();
    let passed = run.cases.get(&Verdict::Pass).copied().unwrap_or(0);
    format!("{} of {}", super::figure::thousands(passed), super::figure::thousands(all))
}

/// Returns the commit of a run and what is to be known of it.
fn commit(run: &RunSummary) -> String {
    let Some(commit) = &run.source.commit else { return String::new() };
    let dirty = if run.source.dirty == Some(true) { " with changes" } else { "" };
    let branch = run.source.branch.as_deref().map(|branch| format!(" on {}", clipped(branch, 60)));
    format!("<code>{}</code>{}{dirty}", text(&commit_name(commit)), branch.unwrap_or_default())
}

/// Returns date and minute of a run in UTC, which lead to its page if there is one.
fn date(run: &SiteRun, up: &str) -> String {
    let started = run.summary.started.to_string();
    let (date, id) = (started.get(..16).unwrap_or(&started).replace('T', " "), text(run.summary.id.as_str()));
    if !run.has_page {
        return format!(r#"<span title="{id}">{date}</span>"#);
    }
    format!(r#"<a href="{up}{}" title="{id}">{date}</a>"#, run_page_path(&run.summary))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::sample;
    use std::collections::BTreeMap;

    pub(super) fn summary(number: u32, text: &str) -> RunSummary {
        let run = sample::red().run;
        let id =
            crate::value::RunId::new(if text.is_empty() { format!("20260131-14223{number}-s") } else { text.into() });
        let mut source = run.source.clone();
        source.branch = Some(if text.is_empty() { "main".to_owned() } else { text.to_owned() });
        RunSummary {
            id,
            suite: SuiteName::new(if text.is_empty() { "temp-sense" } else { text }),
            suite_file: run.suite_file,
            plan: run.plan,
            suite_digest: run.suite_digest,
            started: run.started,
            finished: run.finished,
            shmoo: run.shmoo,
            complete: number != 2,
            filter: if number == 3 { vec!["--case".to_owned(), "inv5*".to_owned()] } else { Vec::new() },
            profile: None,
            stopped: Vec::new(),
            source,
            fingerprint: run.fingerprint,
            archive: None,
            tasks: BTreeMap::from([(Verdict::Pass, 7), (Verdict::Fail, u64::from(number % 2))]),
            cases: BTreeMap::from([(Verdict::Pass, 11), (Verdict::Fail, u64::from(number % 2))]),
            costs: None,
        }
    }

    pub(super) fn site(text: &str) -> Site {
        let runs = (1..5).rev().map(|number| SiteRun { summary: summary(number, text), has_page: number > 2 });
        let report = if text.is_empty() { sample::red() } else { sample::hostile(text) };
        let name = SuiteName::new(if text.is_empty() { "temp-sense" } else { text });
        let suite = SiteSuite { name, runs: runs.collect(), comparison: report.comparison };
        let empty = SiteSuite { name: SuiteName::new("later"), runs: Vec::new(), comparison: None };
        Site { suites: vec![suite, empty], shmoo: "0.1.0".to_owned() }
    }

    fn pages(text: &str) -> Vec<(String, String)> {
        let pages = site_pages(&site(text)).into_iter();
        pages.map(|page| (page.path, String::from_utf8(page.html).unwrap())).collect()
    }

    #[test]
    fn pages_of_a_site() {
        for (path, page) in pages("") {
            let style = format!("{STYLE}{PLOT_STYLE}{SITE_STYLE}");
            let shown = page.replace(&policy(&style, ""), "...").replace(&style, "...");
            insta::assert_snapshot!(path.replace('/', "-"), shown);
        }
    }

    #[test]
    fn links_stay_inside_and_nothing_is_fetched() {
        for (_, page) in pages("") {
            for link in page.split("href=\"").skip(1).map(|rest| rest.split('"').next().unwrap()) {
                assert!(!link.starts_with('/') && !link.contains("://"), "{link}");
            }
            assert!(!page.contains("<script") && !page.contains(" src="));
        }
    }

    #[test]
    fn hostile_text_is_inert_and_names_no_file_elsewhere() {
        for hostile in sample::HOSTILE.into_iter().chain(["../../etc/passwd", "", ".hidden", "a/b", "index"]) {
            for (path, page) in pages(hostile) {
                assert!(!page.contains("<script") && !page.contains("<img") && !page.contains("<!-- "), "{hostile}");
                let harmless = |c: char| c == '\n' || !c.is_control() && !crate::report::inert::is_unseen(c);
                let own = page.replace(STYLE, "");
                assert!(own.chars().all(harmless), "{hostile:?}");
                assert!(!path.contains("..") && path.split('/').count() <= 2, "{path}");
            }
        }
        assert_eq!(run_page_path(&summary(1, "")), "temp-sense/20260131-142231-s.html");
        assert_ne!(file_name("a/b"), file_name("a-b"));
        assert!(file_name("index") != "index" && file_name("x".repeat(500).as_str()).len() < 80);
    }
}
