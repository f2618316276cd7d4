//! Many changes, or many missed goldens, by metric: the rows above the long tables.

use super::failures::more;
use super::{clipped, text};
use crate::check::golden::GoldenFinding;
use crate::compare::{Change, Comparison};
use crate::report::by_metric::{golden_sums, sums};
use crate::report::headline::{change_sign, golden_word};
use std::io::{self, Write};

/// Rows of a table.
const ROWS: usize = 200;

/// Writes notable changes by metric, if they are too many to be read one by one.
pub(super) fn change_sums(notable: &[&Change], comparison: &Comparison, out: &mut dyn Write) -> io::Result<()> {
    let sums = sums(notable, &comparison.changes);
    if sums.is_empty() {
        return Ok(());
    }
    head("changes by metric", &["verdict", "metric", "points", "change", "largest at", "base", "head"], out)?;
    for sum in sums.iter().take(ROWS) {
        let (base, head) = sum.sides();
        writeln!(
            out,
            r#"<tr><td><span class="v {}"><span class="sign" aria-hidden="true">{}</span>{0}</span></td><td>{}</td><td>{}</td><td>{}</td><td>{}</td><td class="n">{}</td><td class="n">{}</td></tr>"#,
            sum.verdict.word(),
            change_sign(sum.verdict),
            clipped(sum.metric, 120),
            sum.points,
            text(&sum.span),
            clipped(sum.worst.point.as_str(), 200),
            text(&base),
            text(&head),
        )?;
    }
    writeln!(out, "</tbody></table></div>")?;
    more(sums.len().saturating_sub(ROWS), "metric", out)
}

/// Writes red golden findings by metric and tells whether it did: only if they are too many to be read one by one.
pub(super) fn finding_sums(red: &[&GoldenFinding], all: &[GoldenFinding], out: &mut dyn Write) -> io::Result<bool> {
    let sums = golden_sums(red, all);
    if sums.is_empty() {
        return Ok(false);
    }
    let columns = ["finding", "metric", "points", "deviation", "tolerance", "farthest at", "golden", "value"];
    head("golden findings by metric", &columns, out)?;
    for sum in sums.iter().take(ROWS) {
        let (golden, value) = sum.sides();
        writeln!(
            out,
            r#"<tr><td><span class="v fail"><span class="sign" aria-hidden="true">✗</span>{}</span></td><td>{}</td><td>{}</td><td>{}</td><td>{}</td><td>{}</td><td class="n">{}</td><td class="n">{}</td></tr>"#,
            golden_word(sum.verdict),
            clipped(sum.metric, 120),
            sum.points,
            text(&sum.span),
            clipped(&sum.tolerance, 120),
            clipped(sum.worst.point.as_str(), 200),
            text(&golden),
            text(&value),
        )?;
    }
    writeln!(out, "</tbody></table></div>")?;
    more(sums.len().saturating_sub(ROWS), "metric", out)?;
    Ok(true)
}

/// Begins a table; the last two columns are numbers.
fn head(label: &str, columns: &[&str], out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, r#"<div class="scroll sums" tabindex="0" role="region" aria-label="{label}"><table><thead><tr>"#)?;
    for (place, column) in columns.iter().enumerate() {
        let class = if place + 2 >= columns.len() { r#" class="n""# } else { "" };
        writeln!(out, r#"<th scope="col"{class}>{column}</th>"#)?;
    }
    writeln!(out, "</tr></thead><tbody>")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::{html, sample};

    fn written(report: &crate::report::Report) -> String {
        let mut out = Vec::new();
        html(report, &mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn only_long_lists_are_summed_up() {
        assert!(!written(&sample::red()).contains("changes by metric"));
        let mut report = sample::many_compared(700);
        let one = sample::red().goldens.into_iter().find(|finding| finding.verdict.is_red()).unwrap();
        report.goldens = vec![one; 13];
        let page = written(&report);
        let rows =
            |label: &str| page.split(label).nth(1).unwrap().split("</table>").next().unwrap().matches("<tr>").count();
        assert_eq!((rows("changes by metric"), rows("golden findings by metric")), (4, 2));
    }

    #[test]
    fn hostile_names_are_inert() {
        for hostile in sample::HOSTILE {
            let mut report = sample::many_compared(700);
            for change in report.comparison.iter_mut().flat_map(|comparison| &mut comparison.changes) {
                change.metric = hostile.to_owned();
            }
            let comparison = report.comparison.as_ref().unwrap();
            let mut out = Vec::new();
            change_sums(&crate::report::notable(&comparison.changes), comparison, &mut out).unwrap();
            let table = String::from_utf8(out).unwrap();
            assert!(table.contains("changes by metric"));
            assert!(!table.contains("<script") && !table.contains("<img") && !table.contains('\u{202e}'), "{table}");
        }
    }
}
