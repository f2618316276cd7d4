//! The report as one HTML page that needs nothing but itself: no network, no fonts, no other file.
//!
//! What matters is written here as plain HTML and reads without JavaScript; the table of all cases is
//! data (`data`) that the page's script shows, sorts and filters. A content security policy allows the
//! one style and the one script by their digests and nothing else, so text of a run cannot become code
//! even if an escape were missing. Each section is a function; a new one is called in `html`.

mod cases;
mod changes;
mod comparison;
mod data;
mod details;
mod drawn;
mod failures;
mod findings;
mod fitted;
mod models;
mod policy;
mod sums;

pub(super) use fitted::figures;
pub(super) use policy::policy;

use super::Report;
use super::headline::{Headline, Tone, headline};
use super::inert::{line, short};
use super::selection::{commit_name, run_took, stopped_word};
use super::svg::{STYLE as PLOT_STYLE, escape};
use std::io::{self, Write};

pub(super) const STYLE: &str = include_str!("style.css");
/// One file for each idea; each works with what those before it declare.
const SCRIPT: &str = concat!(
    include_str!("page/base.js"),
    include_str!("page/table.js"),
    include_str!("page/cases.js"),
    include_str!("page/chart.js"),
    include_str!("page/distribution.js"),
    include_str!("page/trend.js"),
    include_str!("page/drawings.js"),
    include_str!("page/changes.js"),
    include_str!("page/address.js"),
);

/// Writes the report as an HTML page.
pub fn html(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    let mut out = io::BufWriter::with_capacity(1 << 16, out);
    page(report, &mut out)?;
    out.flush()
}

fn page(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    let headline = headline(report);
    let style = format!("{STYLE}{PLOT_STYLE}");
    let policy = policy::policy(&style, SCRIPT);
    let suite = text(report.run.suite.as_str());
    writeln!(out, "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">")?;
    writeln!(out, r#"<meta http-equiv="Content-Security-Policy" content="{policy}">"#)?;
    writeln!(out, r#"<meta name="viewport" content="width=device-width, initial-scale=1">"#)?;
    writeln!(out, r#"<meta name="color-scheme" content="light dark">"#)?;
    writeln!(out, r#"<link rel="icon" href="data:,">"#)?;
    writeln!(out, "<title>{}: {suite}</title>\n<style>{style}</style>\n</head>\n<body>", headline.word)?;
    writeln!(out, r##"<a class="skip" href="#main">skip to the report</a>"##)?;
    head(report, &headline, out)?;
    let sections = sections(report);
    contents(&sections, out)?;
    writeln!(out, r#"<main id="main">"#)?;
    for section in &sections {
        writeln!(out, r#"<section id="{}" aria-labelledby="{0}-title">"#, section.id)?;
        write!(out, r#"<h2 id="{}-title">{}"#, section.id, section.title)?;
        if let Some(count) = section.count {
            write!(out, r#" <span class="count">{}</span>"#, super::figure::thousands(count))?;
        }
        writeln!(out, "</h2>")?;
        (section.write)(report, out)?;
        writeln!(out, "</section>")?;
    }
    writeln!(out, "</main>")?;
    writeln!(out, "<footer>written by shmoo {}</footer>", text(&report.run.shmoo))?;
    data::write(report, out)?;
    if let Some(comparison) = report.comparison.as_ref().filter(|comparison| !comparison.changes.is_empty()) {
        changes::write(comparison, out)?;
    }
    writeln!(out, "<script>{SCRIPT}</script>\n</body>\n</html>")
}

/// A part of the page with a place in the table of contents.
struct Section {
    id: &'static str,
    title: &'static str,
    /// The title in the table of contents.
    label: &'static str,
    count: Option<u64>,
    /// Whether it holds something that somebody has to act on.
    red: bool,
    write: fn(&Report, &mut dyn Write) -> io::Result<()>,
}

/// Returns the sections that have something in them: what broke first, facts last.
fn sections(report: &Report) -> Vec<Section> {
    let number = |items: usize| Some(items as u64);
    let fresh = report.buckets.iter().filter(|bucket| bucket.known.is_none()).count();
    let red_goldens = match &report.absent_goldens {
        // That is one thing to mend.
        Some(_) => 1,
        None => report.goldens.iter().filter(|finding| finding.verdict.is_red()).count(),
    };
    let regressed = |change: &crate::compare::Change| change.verdict == crate::compare::ComparisonVerdict::Regressed;
    let changes = report.comparison.as_ref().map_or(&[][..], |comparison| comparison.changes.as_slice());
    let known = report.buckets.len() - fresh + report.known_failures.len();
    let section =
        |id, [title, label]: [&'static str; 2], count, red, write| Section { id, title, label, count, red, write };
    let all = [
        (fresh > 0, section("failures", ["What broke", "What broke"], number(fresh), true, failures::buckets)),
        (
            known > 0,
            section(
                "known",
                ["Known failures", "Known"],
                number(known),
                !report.known_failures.is_empty(),
                failures::known,
            ),
        ),
        (
            !report.goldens.is_empty() || report.absent_goldens.is_some(),
            section("goldens", ["Goldens", "Goldens"], number(red_goldens), red_goldens > 0, findings::goldens),
        ),
        (
            report.comparison.is_some(),
            section(
                "comparison",
                ["Comparison", "Comparison"],
                number(super::selection::notable(changes).len()),
                changes.iter().any(regressed),
                comparison::comparison,
            ),
        ),
        (
            !report.warnings.is_empty(),
            section("warnings", ["Warnings", "Warnings"], number(report.warnings.len()), false, details::warnings),
        ),
        (
            super::models::fits(report) > 0,
            section("models", ["Models", "Models"], number(super::models::fits(report)), false, models::models),
        ),
        (
            !report.plots.is_empty(),
            section("plots", ["Shmoo plots", "Plots"], number(report.plots.len()), false, drawn::plots),
        ),
        (
            !report.totals.stages.is_empty(),
            section("stages", ["Stages", "Stages"], number(report.totals.stages.len()), false, details::stages),
        ),
        (
            !report.cases.is_empty(),
            section("cases", ["Cases", "Cases"], number(report.cases.len()), false, cases::cases),
        ),
        (
            report.tasks.iter().any(|task| task.usage.wall > 0.0 && task.started.is_some()),
            section("timeline", ["Tasks on workers", "Timeline"], None, false, drawn::timeline),
        ),
        (
            report.tasks.iter().any(|task| task.usage.wall > 0.0),
            section("slowest", ["Slowest tasks", "Slowest"], None, false, details::slowest),
        ),
        (
            report.logs_left_out + report.logs.len() > 0,
            section("logs", ["Logs of failed tasks", "Logs"], number(report.logs.len()), false, failures::logs),
        ),
        (true, section("run", ["The run", "Run"], None, false, details::run)),
    ];
    all.into_iter().filter(|(wanted, _)| *wanted).map(|(_, section)| section).collect()
}

fn head(report: &Report, headline: &Headline, out: &mut dyn Write) -> io::Result<()> {
    let tone = match headline.tone {
        Tone::Good => "good",
        Tone::Doubtful => "doubtful",
        Tone::Bad => "bad",
    };
    let run = &report.run;
    writeln!(out, r#"<header class="{tone}">"#)?;
    writeln!(out, r#"<p class="word">{}</p>"#, headline.word)?;
    writeln!(out, "<h1>{}</h1>", escape(&headline.sentence))?;
    if !headline.particulars.is_empty() {
        let items: Vec<String> = headline.particulars.iter().map(|text| format!("<li>{}</li>", escape(text))).collect();
        writeln!(out, r#"<ul class="clauses">{}</ul>"#, items.concat())?;
    }
    let mut facts = vec![format!("<b>{}</b>", text(run.suite.as_str())), text(run.id.as_str())];
    if let Some(commit) = &run.source.commit {
        let dirty = if run.source.dirty == Some(true) { " with changes" } else { "" };
        let branch = run.source.branch.as_deref().map(|branch| format!(" on {}", clipped(branch, 60)));
        facts.push(format!("<code>{}</code>{}{dirty}", text(&commit_name(commit)), branch.unwrap_or_default()));
    }
    facts.extend(run_took(report));
    facts.extend(run.stopped.iter().map(|reason| format!("{} {}", stopped_word(run), clipped(reason, 80))));
    let facts: Vec<String> = facts.into_iter().map(|fact| format!("<li>{fact}</li>")).collect();
    writeln!(out, r#"<ul class="facts">{}</ul>"#, facts.concat())?;
    writeln!(out, "</header>")
}

fn contents(sections: &[Section], out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, r#"<nav aria-label="sections"><ul>"#)?;
    for section in sections {
        let class = if section.red { r#" class="red""# } else { "" };
        write!(out, r##"<li><a{class} href="#{}">{}"##, section.id, section.label)?;
        if let Some(count) = section.count {
            write!(out, r#" <span class="count">{}</span>"#, super::figure::thousands(count))?;
        }
        writeln!(out, "</a></li>")?;
    }
    writeln!(out, "</ul></nav>")
}

/// Returns a text of the run, harmless and escaped, as one line.
fn text(raw: &str) -> String {
    escape(&line(raw)).into_owned()
}

/// Returns a text of the run, harmless, escaped and of at most `limit` characters.
fn clipped(raw: &str, limit: usize) -> String {
    escape(&short(raw, limit)).into_owned()
}

/// Returns a sentence of at most `limit` characters, harmless and escaped, with what stands between backticks
/// as code.
fn prose(raw: &str, limit: usize) -> String {
    let sentence = short(raw, limit);
    let mut parts: Vec<&str> = sentence.split('`').collect();
    // A backtick without another one is none of ours.
    let alone = if parts.len().is_multiple_of(2) { parts.pop() } else { None };
    let mut written = String::new();
    for (place, part) in parts.into_iter().enumerate() {
        match place % 2 {
            0 => written.push_str(&escape(part)),
            _ => written.push_str(&format!("<code>{}</code>", escape(part))),
        }
    }
    if let Some(rest) = alone {
        written.push('`');
        written.push_str(&escape(rest));
    }
    written
}

/// Returns a verdict with its sign.
fn verdict_mark(verdict: crate::ledger::Verdict) -> String {
    format!(
        r#"<span class="v {verdict}"><span class="sign" aria-hidden="true">{}</span>{verdict}</span>"#,
        super::headline::sign(verdict)
    )
}

/// Returns a command with a button that copies it.
fn command(command: &str) -> String {
    let command = text(command);
    format!(
        r#"<div class="command"><code>{command}</code><button type="button" class="copy" aria-label="copy the command">copy</button></div>"#
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::sample;

    fn written(report: &Report) -> String {
        let mut out = Vec::new();
        html(report, &mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn a_report() {
        let text = written(&sample::red());
        let policy = policy::policy(&format!("{STYLE}{PLOT_STYLE}"), SCRIPT);
        let shown = text.replace(&policy, "...").replace(STYLE, "...").replace(PLOT_STYLE, "").replace(SCRIPT, "...");
        insta::assert_snapshot!("report.html", shown);
    }

    #[test]
    fn names_between_backticks_are_code() {
        let check = |raw: &str, expected: &str| assert_eq!(prose(raw, 100), expected);
        check("the run of `osc` at `a<b`", "the run of <code>osc</code> at <code>a&lt;b</code>");
        check("`osc`", "<code>osc</code>");
        check("one ` alone", "one ` alone");
        check("`a` and ` alone", "<code>a</code> and ` alone");
        check("plain & simple", "plain &amp; simple");
        let page = written(&sample::red());
        let shown = page.replace(STYLE, "").replace(SCRIPT, "");
        assert!(
            shown.contains("<code>freq</code> has no value") || shown.contains("<code>run_simulations.freq</code>")
        );
    }

    #[test]
    fn the_comparison_counts_what_changed() {
        let report = sample::red();
        let page = written(&report);
        let changed = super::super::notable(&report.comparison.unwrap().changes).len();
        assert!(page.contains(&format!("Comparison <span class=\"count\">{changed}</span>")), "{changed}");
    }

    #[test]
    fn nothing_is_fetched() {
        let text = written(&sample::red());
        let own = text.replace("http://www.w3.org/2000/svg", "").replace("https://example.org/issues/7", "");
        for outside in ["http:", "https:", "@import", "url(", " src="] {
            assert!(!own.contains(outside), "{outside}");
        }
    }

    #[test]
    fn hostile_text_is_inert() {
        for hostile in sample::HOSTILE {
            let page = written(&sample::hostile(hostile));
            // The page's own: two of data and one that runs, and no element that came out of the run.
            assert_eq!(page.matches("<script").count(), 3, "{hostile}");
            assert_eq!(page.matches("</script").count(), 3, "{hostile}");
            assert!(!page.contains("<img") && !page.contains("<!-- "), "{hostile}");
            let own = page.replace(STYLE, "").replace(SCRIPT, "");
            let harmless = |c: char| matches!(c, '\n' | '\t') || !c.is_control() && !crate::report::inert::is_unseen(c);
            assert!(own.chars().all(harmless), "{hostile:?}");
        }
    }

    #[test]
    fn ten_thousand_cases_fit() {
        for report in [sample::many(10_000), sample::many_compared(10_000)] {
            let page = written(&report);
            assert!(page.len() < 10_000_000, "{}", page.len());
        }
    }
}
