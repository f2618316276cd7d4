//! The comparison: against what and why, what moved, base against head, the rule one click away.

use super::failures::more;
use super::findings::items;
use super::sums::change_sums;
use super::{clipped, prose, text, verdict_mark};
use crate::compare::{Change, Comparison, ComparisonVerdict, is_of_orphans};
use crate::report::Report;
use crate::report::doubts::doubts;
use crate::report::figure::{count, thousands};
use crate::report::headline::change_sign;
use crate::report::others::{other_line, regressed};
use crate::report::reds::RedIndex;
use crate::report::selection::{change_by, commit_name, counts_of, notable, sides};
use crate::report::svg::{Setting, scatters};
use crate::value::PointName;
use std::io::{self, Write};

/// Rows of a table, without the script.
const ROWS: usize = 2000;
const PLAIN_ROWS: usize = 300;
/// Scatters that are seen at once, and those that are there.
const OPEN_SCATTERS: usize = 6;
const SCATTERS: usize = 60;

/// Writes the comparison.
pub(super) fn comparison(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    let Some(comparison) = &report.comparison else { return Ok(()) };
    let reds = RedIndex::of(comparison);
    against(comparison, out)?;
    if !comparison.why.is_empty() {
        items("soft", comparison.why.iter().map(|why| prose(why, 1000)), out)?;
    }
    let (gone, notes): (Vec<&String>, Vec<&String>) = comparison.notes.iter().partition(|note| is_of_orphans(note));
    for (label, notes) in [("what else changed", notes), ("what the suite has no more", gone)] {
        if !notes.is_empty() {
            writeln!(out, r#"<p class="label">{label}</p>"#)?;
            items("plain", notes.into_iter().map(|note| prose(note, 1000)), out)?;
        }
    }
    if !comparison.explanations.is_empty() {
        writeln!(out, r#"<p class="label">what those that moved have in common</p>"#)?;
        items("plain", comparison.explanations.iter().map(|sentence| prose(sentence, 1000)), out)?;
    }
    let doubts = doubts(&comparison.changes);
    if !doubts.is_empty() {
        writeln!(out, r#"<p class="label">why some are uncertain</p>"#)?;
        items("plain", doubts.iter().map(|doubt| prose(doubt, 1000)), out)?;
    }
    change_sums(&notable(&comparison.changes), comparison, out)?;
    if !comparison.changes.is_empty() {
        changes(comparison, &reds, out)?;
        draw_scatters(comparison, out)?;
    }
    verdict_changes(comparison, &reds, out)?;
    report.other_comparisons.iter().try_for_each(|other| beside(other, out))
}

fn against(comparison: &Comparison, out: &mut dyn Write) -> io::Result<()> {
    let Some(base) = &comparison.base else { return writeln!(out, "<p>there is nothing to compare with</p>") };
    let commit = base.source.commit.as_deref();
    let commit = commit.map(|commit| format!(", commit <code>{}</code>", text(&commit_name(commit))));
    let (run, date) = (text(base.run.as_str()), base.started.date());
    writeln!(out, "<p>against <b>{run}</b> of {date}{}</p>", commit.unwrap_or_default())
}

/// Writes the filter, the empty table, and what stands there without JavaScript.
fn changes(comparison: &Comparison, reds: &RedIndex<'_>, out: &mut dyn Write) -> io::Result<()> {
    let shown = notable(&comparison.changes);
    writeln!(out, "<noscript>")?;
    let counts: Vec<String> = counts_of(&comparison.changes)
        .into_iter()
        .map(|(verdict, number)| format!("<li>{} {}</li>", thousands(number), mark(verdict)))
        .collect();
    writeln!(out, r#"<ul class="counts">{}</ul>"#, counts.concat())?;
    if !shown.is_empty() {
        table(&shown[..shown.len().min(PLAIN_ROWS)], reds, "changes", out)?;
        more(shown.len().saturating_sub(PLAIN_ROWS), "change", out)?;
    }
    writeln!(out, "</noscript>")?;
    writeln!(
        out,
        r#"<form class="filter scripted" role="search" id="changes-filter"><label for="changes-search">filter</label><input type="search" id="changes-search" autocomplete="off" spellcheck="false" placeholder="words of metric or point, q&lt;0.05, change&gt;5" aria-describedby="changes-help"><div class="chips" role="group" aria-label="verdicts of metrics">"#
    )?;
    for (verdict, number) in counts_of(&comparison.changes) {
        writeln!(
            out,
            r#"<button type="button" class="chip" data-verdict="{}" aria-pressed="false">{} {}</button>"#,
            verdict.word(),
            mark(verdict),
            thousands(number)
        )?;
    }
    writeln!(
        out,
        r#"</div><p id="changes-shown" role="status" aria-live="polite"></p><p id="changes-help" class="soft">All words must match the metric, the point, the verdict or its rule; <code>change</code> (in %), <code>base</code>, <code>head</code>, <code>p</code> and <code>q</code> compare with <code>= != &lt; &lt;= &gt; &gt;=</code>. A row opens what lies behind its verdict.</p></form>"#
    )?;
    writeln!(
        out,
        r#"<div class="scroll tall scripted" tabindex="0" role="region" aria-label="metrics"><table id="changes-table" class="sorted"><caption class="hidden">metrics against the base; the buttons in the head sort</caption><thead></thead><tbody></tbody></table><div class="end"></div></div>"#
    )
}

/// Draws base against head: the first few in sight, the others folded.
fn draw_scatters(comparison: &Comparison, out: &mut dyn Write) -> io::Result<()> {
    let scatters = scatters(comparison);
    if scatters.is_empty() {
        return Ok(());
    }
    writeln!(out, r#"<h3>Base against head</h3>"#)?;
    let marks: Vec<String> = counts_of(&comparison.changes)
        .into_iter()
        .filter(|(verdict, _)| !matches!(verdict, ComparisonVerdict::New | ComparisonVerdict::Removed))
        .map(|(verdict, _)| format!(r#"{} {}"#, shape_sign(verdict), verdict.word()))
        .collect();
    writeln!(out, r#"<p class="soft">on the dashed line nothing changed · {}</p>"#, marks.join(" · "))?;
    for (number, scatter) in scatters.iter().take(SCATTERS).enumerate() {
        if number == OPEN_SCATTERS {
            let rest = count((scatters.len().min(SCATTERS) - OPEN_SCATTERS) as u64, "more metric");
            writeln!(out, r#"</div><details class="more"><summary>{rest}</summary>"#)?;
        }
        if number == 0 || number == OPEN_SCATTERS {
            writeln!(out, r#"<div class="plots">"#)?;
        }
        let caption = clipped(&scatter.sentence(), 200);
        writeln!(
            out,
            r#"<figure class="plot" data-metric="{}"><figcaption>{caption}</figcaption><div class="scroll" tabindex="0" role="region" aria-label="base against head {}">"#,
            clipped(scatter.metric(), 200),
            number + 1
        )?;
        scatter.draw(Setting::Page(number), out)?;
        writeln!(out, "</div></figure>")?;
    }
    writeln!(out, "</div>")?;
    if scatters.len() > OPEN_SCATTERS {
        writeln!(out, "</details>")?;
    }
    more(scatters.len().saturating_sub(SCATTERS), "metric", out)
}

/// Returns the shape that stands for a verdict in a scatter.
fn shape_sign(verdict: ComparisonVerdict) -> char {
    match verdict {
        ComparisonVerdict::Regressed => '▼',
        ComparisonVerdict::Improved => '▲',
        ComparisonVerdict::Uncertain => '◆',
        ComparisonVerdict::Incomparable => '■',
        _ => '○',
    }
}

/// Writes a comparison that decides nothing, folded.
fn beside(comparison: &Comparison, out: &mut dyn Write) -> io::Result<()> {
    let worse = if regressed(comparison) > 0 { " open" } else { "" };
    let line = prose(&other_line(comparison), 1000);
    writeln!(out, r#"<details class="more"{worse}><summary>beside that, by {line}</summary>"#)?;
    items("soft", comparison.why.iter().map(|why| prose(why, 1000)), out)?;
    let shown = notable(&comparison.changes);
    if !shown.is_empty() {
        table(&shown[..shown.len().min(ROWS)], &RedIndex::of(comparison), "changes by another baseline", out)?;
        more(shown.len().saturating_sub(ROWS), "change", out)?;
    }
    writeln!(out, "</details>")
}

fn verdict_changes(comparison: &Comparison, reds: &RedIndex<'_>, out: &mut dyn Write) -> io::Result<()> {
    if !comparison.verdict_changes.is_empty() {
        writeln!(out, r#"<p class="label">cases whose verdict changed</p>"#)?;
        let shown = comparison.verdict_changes.iter().take(ROWS);
        let lines = shown.map(|(case, before, now)| {
            let beside = red_line(reds, None, case);
            format!("{}: {} → {}{beside}", clipped(case.as_str(), 200), verdict_mark(*before), verdict_mark(*now))
        });
        items("plain", lines, out)?;
        more(comparison.verdict_changes.len().saturating_sub(ROWS), "case", out)?;
    }
    for (cases, title) in [(&comparison.added_cases, "new"), (&comparison.removed_cases, "gone")] {
        if cases.is_empty() {
            continue;
        }
        writeln!(out, r#"<details class="more"><summary>{} {title}</summary>"#, count(cases.len() as u64, "case"))?;
        items("plain", cases.iter().take(ROWS).map(|case| clipped(case.as_str(), 200)), out)?;
        more(cases.len().saturating_sub(ROWS), "case", out)?;
        writeln!(out, "</details>")?;
    }
    if comparison.base.is_some() {
        writeln!(out, r#"<p class="soft">{} in both runs</p>"#, count(comparison.common_cases, "case"))?;
    }
    Ok(())
}

fn table(changes: &[&Change], reds: &RedIndex<'_>, label: &str, out: &mut dyn Write) -> io::Result<()> {
    writeln!(
        out,
        r#"<div class="scroll" tabindex="0" role="region" aria-label="{label}"><table><thead><tr><th scope="col">verdict</th><th scope="col">metric</th><th scope="col">point</th><th scope="col" class="n">base</th><th scope="col" class="n">head</th><th scope="col" class="n">change</th></tr></thead><tbody>"#
    )?;
    for change in changes {
        let (base, head) = sides(change);
        writeln!(
            out,
            r#"<tr><td><details><summary>{}</summary>{}{}</details></td><td>{}</td><td>{}</td><td class="n">{}</td><td class="n">{}</td>{}</tr>"#,
            mark(change.verdict),
            prose(&change.rule, 1000),
            red_line(reds, Some(&change.metric), &change.point),
            clipped(&change.metric, 120),
            clipped(change.point.as_str(), 200),
            text(&base),
            text(&head),
            by(change),
        )?;
    }
    writeln!(out, "</tbody></table></div>")
}

/// Returns what else changed beside a red mark, on a line of its own.
fn red_line(reds: &RedIndex<'_>, metric: Option<&str>, point: &PointName) -> String {
    let beside = reds.beside(metric, point);
    beside.map(|beside| format!(r#"<br><span class="soft">{}</span>"#, prose(&beside, 1000))).unwrap_or_default()
}

/// Returns the cell that says by how much, or why nobody can tell.
fn by(change: &Change) -> String {
    match change.verdict {
        ComparisonVerdict::Incomparable => {
            format!(r#"<td><span class="why">{}</span></td>"#, prose(&change.rule, 200))
        }
        _ => format!(r#"<td class="n">{}</td>"#, change_by(change)),
    }
}

fn mark(verdict: ComparisonVerdict) -> String {
    format!(
        r#"<span class="v {}"><span class="sign" aria-hidden="true">{}</span>{0}</span>"#,
        verdict.word(),
        change_sign(verdict)
    )
}
