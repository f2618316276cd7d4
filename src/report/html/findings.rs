//! Goldens: what was found, the rule one click away.

use super::failures::more;
use super::sums::finding_sums;
use super::{clipped, prose, text};
use crate::report::Report;
use crate::report::figure::percent;
use crate::report::headline::golden_word;
use crate::report::selection::{golden_sides, goldens_met, no_golden_file};
use std::io::{self, Write};

/// Rows of a table.
const ROWS: usize = 2000;

/// Writes the golden findings, those that are red first.
pub(super) fn goldens(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    if let Some(file) = &report.absent_goldens {
        let [what, hint] = no_golden_file(file, report.run.id.as_str());
        return writeln!(out, r#"<p>{}</p><p class="soft">{}</p>"#, text(&what), text(&hint));
    }
    writeln!(out, r#"<p class="soft">{}</p>"#, goldens_met(&report.goldens))?;
    let red: Vec<_> = report.goldens.iter().filter(|finding| finding.verdict.is_red()).collect();
    if red.is_empty() {
        return Ok(());
    }
    let summed = finding_sums(&red, &report.goldens, out)?;
    if summed {
        writeln!(out, r#"<details class="more"><summary>one by one</summary>"#)?;
    }
    writeln!(
        out,
        r#"<div class="scroll" tabindex="0" role="region" aria-label="golden findings"><table><thead><tr><th scope="col">finding</th><th scope="col">metric</th><th scope="col">point</th><th scope="col" class="n">golden</th><th scope="col" class="n">value</th><th scope="col" class="n">deviation</th><th scope="col">tolerance</th></tr></thead><tbody>"#
    )?;
    for finding in red.iter().take(ROWS) {
        let (golden, value) = golden_sides(finding);
        writeln!(
            out,
            r#"<tr><td><details><summary><span class="v fail"><span class="sign" aria-hidden="true">✗</span>{}</span></summary>{}</details></td><td>{}</td><td>{}</td><td class="n">{}</td><td class="n">{}</td><td class="n">{}</td><td>{}</td></tr>"#,
            golden_word(finding.verdict),
            prose(&finding.message, 1000),
            clipped(&finding.metric, 120),
            clipped(finding.point.as_str(), 200),
            text(&golden),
            text(&value),
            finding.deviation.map(percent).unwrap_or_default(),
            clipped(&finding.tolerance, 120),
        )?;
    }
    writeln!(out, "</tbody></table></div>")?;
    more(red.len().saturating_sub(ROWS), "finding", out)?;
    if summed { writeln!(out, "</details>") } else { Ok(()) }
}

/// Writes a list of lines that are escaped already.
pub(super) fn items(class: &str, lines: impl Iterator<Item = String>, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, r#"<ul class="{class}">"#)?;
    for line in lines {
        writeln!(out, "<li>{line}</li>")?;
    }
    writeln!(out, "</ul>")
}
