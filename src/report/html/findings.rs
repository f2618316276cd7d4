//! Goldens and the comparison: what was found, worst first, the rule one click away.

use super::failures::more;
use super::{clipped, text, verdict_mark};
use crate::compare::{Change, ComparisonVerdict};
use crate::report::Report;
use crate::report::figure::{count, percent, thousands};
use crate::report::headline::{change_sign, golden_word};
use crate::report::others::{other_line, regressed};
use crate::report::reds::RedIndex;
use crate::report::selection::{both, commit_name, counts_of, notable};
use crate::value::PointName;
use std::io::{self, Write};

/// Rows of a table.
const ROWS: usize = 2000;

/// Writes the golden findings, those that are red first.
pub(super) fn goldens(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    let met = report.goldens.iter().filter(|finding| !finding.verdict.is_red()).count();
    writeln!(
        out,
        r#"<p class="soft">{} of {} met</p>"#,
        thousands(met as u64),
        count(report.goldens.len() as u64, "golden value")
    )?;
    let red: Vec<_> = report.goldens.iter().filter(|finding| finding.verdict.is_red()).collect();
    if red.is_empty() {
        return Ok(());
    }
    writeln!(
        out,
        r#"<div class="scroll" tabindex="0" role="region" aria-label="golden findings"><table><thead><tr><th scope="col">finding</th><th scope="col">metric</th><th scope="col">point</th><th scope="col" class="n">golden</th><th scope="col" class="n">value</th><th scope="col" class="n">deviation</th><th scope="col">tolerance</th></tr></thead><tbody>"#
    )?;
    for finding in red.iter().take(ROWS) {
        let (golden, value) = both(finding.golden.as_ref(), finding.value.as_ref(), finding.unit.as_deref());
        writeln!(
            out,
            r#"<tr><td><details><summary><span class="v fail"><span class="sign" aria-hidden="true">✗</span>{}</span></summary>{}</details></td><td>{}</td><td>{}</td><td class="n">{}</td><td class="n">{}</td><td class="n">{}</td><td>{}</td></tr>"#,
            golden_word(finding.verdict),
            clipped(&finding.message, 1000),
            clipped(&finding.metric, 120),
            clipped(finding.point.as_str(), 200),
            text(&golden),
            text(&value),
            finding.deviation.map(percent).unwrap_or_default(),
            clipped(&finding.tolerance, 120),
        )?;
    }
    writeln!(out, "</tbody></table></div>")?;
    more(red.len().saturating_sub(ROWS), "finding", out)
}

/// Writes the comparison.
pub(super) fn comparison(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    let Some(comparison) = &report.comparison else { return Ok(()) };
    let reds = RedIndex::of(comparison);
    match &comparison.base {
        None => writeln!(out, "<p>there is nothing to compare with</p>")?,
        Some(base) => {
            let commit = base
                .source
                .commit
                .as_deref()
                .map(|commit| format!(", commit <code>{}</code>", text(&commit_name(commit))));
            writeln!(
                out,
                "<p>against <b>{}</b> of {}{}</p>",
                text(base.run.as_str()),
                base.started.date(),
                commit.unwrap_or_default()
            )?;
        }
    }
    if !comparison.why.is_empty() {
        items("soft", comparison.why.iter().map(|why| clipped(why, 1000)), out)?;
    }
    if !comparison.notes.is_empty() {
        writeln!(out, r#"<p class="label">what else changed</p>"#)?;
        items("plain", comparison.notes.iter().map(|note| clipped(note, 1000)), out)?;
    }
    let counts: Vec<String> = counts_of(&comparison.changes)
        .into_iter()
        .map(|(verdict, number)| format!("<li>{} {}</li>", thousands(number), mark(verdict)))
        .collect();
    writeln!(out, r#"<ul class="counts">{}</ul>"#, counts.concat())?;
    if !comparison.explanations.is_empty() {
        items("plain", comparison.explanations.iter().map(|sentence| clipped(sentence, 1000)), out)?;
    }
    let shown = notable(&comparison.changes);
    if !shown.is_empty() {
        table(&shown[..shown.len().min(ROWS)], &reds, "changes", out)?;
        more(shown.len().saturating_sub(ROWS), "change", out)?;
    }
    let quiet: Vec<&Change> = comparison
        .changes
        .iter()
        .filter(|change| matches!(change.verdict, ComparisonVerdict::Unchanged | ComparisonVerdict::New))
        .collect();
    if !quiet.is_empty() {
        writeln!(
            out,
            r#"<details class="more"><summary>{} unchanged or new</summary>"#,
            count(quiet.len() as u64, "metric")
        )?;
        table(&quiet[..quiet.len().min(ROWS)], &reds, "unchanged and new metrics", out)?;
        more(quiet.len().saturating_sub(ROWS), "metric", out)?;
        writeln!(out, "</details>")?;
    }
    verdict_changes(comparison, &reds, out)?;
    report.other_comparisons.iter().try_for_each(|other| beside(other, out))
}

/// Writes a comparison that decides nothing, folded.
fn beside(comparison: &crate::compare::Comparison, out: &mut dyn Write) -> io::Result<()> {
    let worse = if regressed(comparison) > 0 { " open" } else { "" };
    let line = clipped(&other_line(comparison), 1000);
    writeln!(out, r#"<details class="more"{worse}><summary>beside that, by {line}</summary>"#)?;
    items("soft", comparison.why.iter().map(|why| clipped(why, 1000)), out)?;
    let shown = notable(&comparison.changes);
    if !shown.is_empty() {
        table(&shown[..shown.len().min(ROWS)], &RedIndex::of(comparison), "changes by another baseline", out)?;
        more(shown.len().saturating_sub(ROWS), "change", out)?;
    }
    writeln!(out, "</details>")
}

fn verdict_changes(
    comparison: &crate::compare::Comparison,
    reds: &RedIndex<'_>,
    out: &mut dyn Write,
) -> io::Result<()> {
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
        let (base, head) = both(change.base.as_ref(), change.head.as_ref(), change.unit.as_deref());
        writeln!(
            out,
            r#"<tr><td><details><summary>{}</summary>{}{}</details></td><td>{}</td><td>{}</td><td class="n">{}</td><td class="n">{}</td><td class="n">{}</td></tr>"#,
            mark(change.verdict),
            clipped(&change.rule, 1000),
            red_line(reds, Some(&change.metric), &change.point),
            clipped(&change.metric, 120),
            clipped(change.point.as_str(), 200),
            text(&base),
            text(&head),
            change.relative.map(percent).unwrap_or_default(),
        )?;
    }
    writeln!(out, "</tbody></table></div>")
}

/// Returns what else changed beside a red mark, on a line of its own.
fn red_line(reds: &RedIndex<'_>, metric: Option<&str>, point: &PointName) -> String {
    let beside = reds.beside(metric, point);
    beside.map(|beside| format!(r#"<br><span class="soft">{}</span>"#, clipped(&beside, 1000))).unwrap_or_default()
}

fn mark(verdict: ComparisonVerdict) -> String {
    format!(
        r#"<span class="v {}"><span class="sign" aria-hidden="true">{}</span>{0}</span>"#,
        verdict.word(),
        change_sign(verdict)
    )
}

/// Writes a list of lines that are escaped already.
fn items(class: &str, lines: impl Iterator<Item = String>, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, r#"<ul class="{class}">"#)?;
    for line in lines {
        writeln!(out, "<li>{line}</li>")?;
    }
    writeln!(out, "</ul>")
}
