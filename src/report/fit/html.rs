//! A fit as one HTML page that needs nothing but itself, and has no script.

use super::drawn::drawn;
use super::words::{
    behind_cell, diagnostics, drift_cells, drift_sentence, findings, form_text, gate, interval, nothing_found, number,
    search_sentences, sentence, share, why_zero,
};
use super::{FitReport, Part};
use crate::fit::{Drift, DriftVerdict, Search};
use crate::report::figure::{count, percent, thousands};
use crate::report::html::{STYLE, figures, policy};
use crate::report::inert::short;
use crate::report::svg::{STYLE as PLOT_STYLE, escape};
use crate::value::show_number;
use std::io::{self, Write};

/// Fits that are told one by one.
const MOST: usize = 200;
/// Fits that are drawn.
const MOST_DRAWN: usize = 30;

/// Writes fits as an HTML page.
pub fn fit_html(report: &FitReport<'_>, out: &mut dyn Write) -> io::Result<()> {
    let mut out = io::BufWriter::with_capacity(1 << 16, out);
    page(report, &mut out)?;
    out.flush()
}

/// Returns a text out of a table, harmless and escaped.
fn text(raw: &str, limit: usize) -> String {
    escape(&short(raw, limit)).into_owned()
}

fn page(report: &FitReport<'_>, out: &mut dyn Write) -> io::Result<()> {
    let style = format!("{STYLE}{PLOT_STYLE}");
    let parts: Vec<Part<'_>> = report.parts().collect();
    let warnings = findings(report);
    let (tone, word) = if warnings > 0 { ("doubtful", count(warnings, "warning")) } else { ("good", "fit".to_owned()) };
    let title = sentence(report);
    writeln!(out, "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">")?;
    let policy = policy(&style, "");
    writeln!(out, r#"<meta http-equiv="Content-Security-Policy" content="{policy}">"#)?;
    writeln!(out, r#"<meta name="viewport" content="width=device-width, initial-scale=1">"#)?;
    writeln!(out, r#"<meta name="color-scheme" content="light dark">"#)?;
    writeln!(out, r#"<link rel="icon" href="data:,">"#)?;
    writeln!(out, "<title>{}</title>\n<style>{style}</style>\n</head>\n<body>", escape(&title))?;
    writeln!(out, r##"<a class="skip" href="#main">skip to the fits</a>"##)?;
    writeln!(out, r#"<header class="{tone}"><p class="word">{word}</p><h1>{}</h1>"#, escape(&title))?;
    let models: std::collections::BTreeSet<&str> = report.tables.iter().map(|table| table.fit.model.as_str()).collect();
    let models: Vec<String> = models.iter().map(|model| format!("<li>model <b>{}</b></li>", text(model, 80))).collect();
    let against = report.against.map(|path| format!("<li>against <code>{}</code></li>", text(path, 200)));
    writeln!(out, r#"<ul class="facts">{}{}</ul></header>"#, models.concat(), against.unwrap_or_default())?;
    writeln!(out, r#"<main id="main">"#)?;
    overview(&parts, out)?;
    let mut drawn = 0;
    for (number, part) in parts.iter().take(MOST).enumerate() {
        fitted(part, number, report.against, &mut drawn, out)?;
    }
    if parts.len() > MOST {
        writeln!(out, r#"<p class="soft">{} more are in the JSON</p>"#, count((parts.len() - MOST) as u64, "fit"))?;
    }
    tables(report, out)?;
    writeln!(out, "</main>\n<footer>written by shmoo {}</footer>\n</body>\n</html>", text(report.shmoo, 40))
}

/// Writes a table with a name for readers of screens; `rows` are cells, the first a header of its row.
fn table(label: &str, heads: &[&str], rows: impl Iterator<Item = Vec<String>>, out: &mut dyn Write) -> io::Result<()> {
    let label = escape(label);
    writeln!(out, r#"<div class="scroll" tabindex="0" role="region" aria-label="{label}"><table><thead><tr>"#)?;
    for (index, head) in heads.iter().enumerate() {
        let class = if index == 0 { "" } else { r#" class="n""# };
        write!(out, r#"<th scope="col"{class}>{head}</th>"#)?;
    }
    writeln!(out, "</tr></thead><tbody>")?;
    for cells in rows {
        write!(out, "<tr>")?;
        for (index, cell) in cells.iter().enumerate() {
            match index {
                0 => write!(out, r#"<th scope="row">{cell}</th>"#)?,
                _ => write!(out, r#"<td class="n">{cell}</td>"#)?,
            }
        }
        writeln!(out, "</tr>")?;
    }
    writeln!(out, "</tbody></table></div>")
}

/// Writes all fits in a line each.
fn overview(parts: &[Part<'_>], out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, r#"<section id="overview" aria-labelledby="overview-title">"#)?;
    writeln!(
        out,
        r#"<h2 id="overview-title">All fits <span class="count">{}</span></h2>"#,
        thousands(parts.len() as u64)
    )?;
    let rows = parts.iter().take(MOST).enumerate().map(|(number, part)| {
        let quality = &part.model.quality;
        vec![
            format!(r##"<a href="#fit-{number}">{}</a>"##, text(&part.name(), 120)),
            thousands(part.model.rows),
            share(quality.mean_error),
            share(quality.left_out_error),
            share(quality.p95_error),
            quality.r2.map_or_else(|| "–".to_owned(), |r2| format!("{r2:.5}")),
            part.drift.map_or_else(|| "–".to_owned(), drift_short),
            part.model.findings.len().to_string(),
        ]
    });
    let heads = ["fit", "rows", "mean error", "of rows left out", "at p95", "R²", "against before", "warnings"];
    table("all fits", &heads, rows, out)?;
    writeln!(out, "</section>")
}

fn drift_short(drift: &Drift) -> String {
    let by = drift.predictions.map(|change| format!(" {}", percent(change.mean_change))).unwrap_or_default();
    drift_mark(drift, &by)
}

/// Returns what became of predictions with a sign, and what is said behind it.
fn drift_mark(drift: &Drift, more: &str) -> String {
    let (class, sign) = match drift.verdict {
        DriftVerdict::Unchanged => ("unchanged", "·"),
        DriftVerdict::Uncertain => ("uncertain", "~"),
        DriftVerdict::Drifted => ("regressed", "✗"),
        DriftVerdict::OtherForm => ("incomparable", "?"),
    };
    let word = super::words::drift_word(drift.verdict);
    format!(r#"<span class="v {class}"><span class="sign" aria-hidden="true">{sign}</span>{word}{more}</span>"#)
}

fn fitted(
    part: &Part<'_>,
    place: usize,
    against: Option<&str>,
    drawn: &mut usize,
    out: &mut dyn Write,
) -> io::Result<()> {
    let name = part.name();
    writeln!(out, r#"<section id="fit-{place}" aria-labelledby="fit-{place}-title">"#)?;
    writeln!(out, r#"<h2 id="fit-{place}-title">{}</h2>"#, text(&name, 120))?;
    if !part.model.findings.is_empty() {
        writeln!(out, r#"<ul class="plain warnings">"#)?;
        for finding in &part.model.findings {
            let sign = r#"<span class="v uncertain"><span class="sign" aria-hidden="true">!</span></span>"#;
            writeln!(out, "<li>{sign} {}</li>", text(&finding.message, 600))?;
        }
        writeln!(out, "</ul>")?;
    }
    if let Some(coefficients) = &part.model.coefficients {
        let rows = coefficients.iter().map(|found| {
            let (low, high) = found.range;
            let why = why_zero(part, &found.name);
            let why =
                if why.is_empty() { String::new() } else { format!(r#"<span class="why">{}</span>"#, text(why, 300)) };
            vec![
                format!("<code>{}</code>", text(&found.name, 80)),
                number(Some(found.value)),
                interval(found.interval),
                format!("{} to {}", show_number(low), show_number(high)),
                why,
            ]
        });
        table(
            &format!("coefficients of {}", short(&name, 80)),
            &["parameter", "value", "95 %", "feature", "why 0"],
            rows,
            out,
        )?;
        writeln!(out, r#"<p class="label">diagnostics</p>"#)?;
        let rows =
            diagnostics(part).into_iter().map(|(name, value)| vec![name.to_owned(), escape(&value).into_owned()]);
        table(&format!("diagnostics of {}", short(&name, 80)), &["figure", "value"], rows, out)?;
        if let (Some(drift), Some(against)) = (part.drift, against) {
            drifted(drift, against, &name, out)?;
        }
        if let Some(search) = part.search {
            searched(search, part, &name, out)?;
        }
        outliers(part, &name, out)?;
        if *drawn < MOST_DRAWN {
            *drawn += 1;
            drawings(part, place, out)?;
        } else {
            writeln!(
                out,
                r#"<p class="soft">not drawn: the first {MOST_DRAWN} are; <code>--plots</code> draws all</p>"#
            )?;
        }
    }
    writeln!(out, "</section>")
}

fn drifted(drift: &Drift, against: &str, name: &str, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, r#"<p class="label">against <code>{}</code></p>"#, text(against, 200))?;
    let sentence = drift_sentence(drift, &short(against, 80));
    let rest = sentence.strip_prefix(super::words::drift_word(drift.verdict)).unwrap_or(&sentence);
    writeln!(out, "<p>{}{}</p>", drift_mark(drift, ""), escape(rest))?;
    let rows = drift.coefficients.iter().map(|found| {
        let cells = drift_cells(found).map(|cell| escape(&cell).into_owned());
        [vec![format!("<code>{}</code>", text(&found.name, 80))], cells.to_vec()].concat()
    });
    let heads = ["parameter", "before", "95 %", "now", "95 %", "change", "verdict"];
    table(&format!("{} against before", short(name, 80)), &heads, rows, out)
}

/// Writes the forms that were found.
fn searched(search: &Search, part: &Part<'_>, name: &str, out: &mut dyn Write) -> io::Result<()> {
    let terms = count(search.candidates as u64, "term");
    if search.forms.is_empty() {
        return writeln!(out, r#"<p class="label">{}</p>"#, nothing_found(search));
    }
    writeln!(out, r#"<p class="label">forms out of {terms}, by the error of rows left out</p>"#)?;
    let rows = search.forms.iter().map(|form| {
        let (error, behind) = (share(Some(form.standing.error)), behind_cell(&form.standing));
        vec![format!("<code>{}</code>", text(&form_text(form), 600)), error, behind]
    });
    table(&format!("forms of {}", short(name, 80)), &["form", "error", "behind the least"], rows, out)?;
    for sentence in search_sentences(search, &part.model.quality) {
        writeln!(out, r#"<p class="soft">{}</p>"#, escape(&sentence))?;
    }
    Ok(())
}

fn outliers(part: &Part<'_>, name: &str, out: &mut dyn Write) -> io::Result<()> {
    if part.model.outliers.is_empty() {
        return Ok(());
    }
    let many = part
        .model
        .outlier_rows
        .map_or_else(|| "rows farthest off".to_owned(), |far| format!("{} far off", count(far, "row")));
    writeln!(out, r#"<p class="label">{many}</p>"#)?;
    let rows = part.model.outliers.iter().map(|outlier| {
        let by = if outlier.prediction == 0.0 {
            "–".to_owned()
        } else {
            percent(outlier.target / outlier.prediction - 1.0)
        };
        vec![outlier.line.to_string(), show_number(outlier.target), show_number(outlier.prediction), by]
    });
    table(&format!("rows far off of {}", short(name, 80)), &["line", "measured", "predicted", "beyond"], rows, out)
}

fn drawings(part: &Part<'_>, place: usize, out: &mut dyn Write) -> io::Result<()> {
    let Some(drawn) = drawn(part) else { return Ok(()) };
    writeln!(out, r#"<p class="soft">{}</p>"#, escape(&drawn.sentence()))?;
    figures(&drawn, place, out)
}

/// Writes what became of the rows of the tables.
fn tables(report: &FitReport<'_>, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, r#"<section id="tables" aria-labelledby="tables-title"><h2 id="tables-title">Tables</h2>"#)?;
    for table in report.tables {
        writeln!(out, r#"<p class="label"><code>{}</code></p><ul class="plain">"#, text(&table.file, 300))?;
        for line in gate(&table.fit.gate) {
            writeln!(out, "<li>{}</li>", text(&line, 400))?;
        }
        writeln!(out, "</ul>")?;
    }
    writeln!(out, "</section>")
}
