//! The page of a suite: its runs, and how its metrics went over them, those that changed first.

use super::{Site, SiteRun, SiteSuite, clipped, close, commit, date, open, outcome, passed, text};
use crate::report::figure::{count, thousands, took};
use crate::report::svg::{Setting, TrendDrawing, trends};
use std::io::{self, Write};

/// Runs in the table.
const RUNS: usize = 1000;
/// Trends that are drawn.
const TRENDS: usize = 120;

pub(super) fn write(site: &Site, suite: &SiteSuite, out: &mut dyn Write) -> io::Result<()> {
    open(suite.name.as_str(), Some("../index.html"), out)?;
    runs(suite, out)?;
    drawings(suite, out)?;
    close(site, out)
}

fn runs(suite: &SiteSuite, out: &mut dyn Write) -> io::Result<()> {
    let number = thousands(suite.runs.len() as u64);
    writeln!(out, r#"<section id="runs" aria-labelledby="runs-title">"#)?;
    writeln!(out, r#"<h2 id="runs-title">Runs <span class="count">{number}</span></h2>"#)?;
    writeln!(
        out,
        r#"<div class="scroll" tabindex="0" role="region" aria-label="runs"><table id="run-table"><caption class="hidden">runs, newest first</caption><thead><tr><th scope="col">run (UTC)</th><th scope="col">outcome</th><th scope="col" class="n">cases passed</th><th scope="col">commit</th><th scope="col">part</th><th scope="col" class="n">took</th><th scope="col">machine</th></tr></thead><tbody>"#
    )?;
    for run in suite.runs.iter().take(RUNS) {
        row(run, out)?;
    }
    writeln!(out, "</tbody></table></div>")?;
    if suite.runs.len() > RUNS {
        writeln!(out, r#"<p class="soft">and {} more</p>"#, count((suite.runs.len() - RUNS) as u64, "run"))?;
    }
    writeln!(out, "</section>")
}

fn row(run: &SiteRun, out: &mut dyn Write) -> io::Result<()> {
    let summary = &run.summary;
    let profile = summary.profile.as_deref().map(|profile| format!("profile {}", clipped(profile, 60)));
    let filter =
        (!summary.filter.is_empty()).then(|| format!("<code>{}</code>", clipped(&summary.filter.join(" "), 120)));
    let part: Vec<String> = profile.into_iter().chain(filter).collect();
    let seconds = (summary.finished.milliseconds() - summary.started.milliseconds()) as f64 / 1000.0;
    let machine: String = summary.fingerprint.chars().take(8).collect();
    writeln!(
        out,
        r#"<tr><th scope="row">{}</th><td>{}</td><td class="n">{}</td><td>{}</td><td>{}</td><td class="n">{}</td><td><code>{}</code></td></tr>"#,
        date(run, "../"),
        outcome(summary),
        passed(summary),
        commit(summary),
        part.join(", "),
        took(seconds),
        text(&machine),
    )
}

fn drawings(suite: &SiteSuite, out: &mut dyn Write) -> io::Result<()> {
    let Some(comparison) = &suite.comparison else { return Ok(()) };
    let mut trends = trends(comparison);
    if trends.is_empty() {
        return Ok(());
    }
    trends.sort_by_key(|trend| std::cmp::Reverse((trend.last_change(), trend.varies())));
    let all = comparison.trends.len() as u64 + comparison.trends_left_out;
    writeln!(out, r#"<section id="trends" aria-labelledby="trends-title">"#)?;
    writeln!(out, r#"<h2 id="trends-title">Trends <span class="count">{}</span></h2>"#, thousands(all))?;
    writeln!(
        out,
        r#"<p class="soft">medians of complete runs of the whole suite on one kind of machine, oldest to the left; those that changed their level last come first, those that never varied last</p>"#
    )?;
    writeln!(out, r#"<div class="plots">"#)?;
    for (number, trend) in trends.iter().take(TRENDS).enumerate() {
        figure(number, trend, out)?;
    }
    writeln!(out, "</div>")?;
    let more = all.saturating_sub(trends.len().min(TRENDS) as u64);
    if more > 0 {
        writeln!(
            out,
            r#"<p class="soft">and {} more at a point: the page of a run has them</p>"#,
            count(more, "metric")
        )?;
    }
    writeln!(out, "</section>")
}

fn figure(number: usize, trend: &TrendDrawing<'_>, out: &mut dyn Write) -> io::Result<()> {
    writeln!(
        out,
        r#"<figure class="plot"><figcaption>{}</figcaption><div class="scroll" tabindex="0" role="region" aria-label="trend {}">"#,
        text(&trend.title()),
        number + 1
    )?;
    trend.draw(Setting::Page(number), out)?;
    writeln!(out, "</div></figure>")
}
