//! A fit as markdown.

use super::words::{
    behind_cell, diagnostics, drift_cells, drift_sentence, findings, form_text, gate, interval, nothing_found, number,
    search_sentences, sentence, share, why_zero,
};
use super::{FitReport, Part};
use crate::fit::Search;
use crate::report::figure::count;
use crate::report::markdown::code::{cell, code};
use crate::value::show_number;
use std::io::{self, Write};

/// Fits that are told one by one.
const MOST: usize = 100;

/// Writes fits as markdown.
pub fn fit_markdown(report: &FitReport<'_>, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "## {}\n", sentence(report))?;
    match findings(report) {
        0 => writeln!(out, "No warnings.")?,
        number => writeln!(out, "{}.", count(number, "warning"))?,
    }
    for table in report.tables {
        writeln!(out, "\n{}:\n", code(&table.file))?;
        for line in gate(&table.fit.gate) {
            writeln!(out, "- {}", code(&line))?;
        }
    }
    for part in report.parts().take(MOST) {
        fitted(&part, report.against, out)?;
    }
    let left_out = report.parts().count().saturating_sub(MOST);
    if left_out > 0 {
        writeln!(out, "\n{} more are in the JSON.", count(left_out as u64, "fit"))?;
    }
    Ok(())
}

fn fitted(part: &Part<'_>, against: Option<&str>, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "\n### {}\n", code(&part.name()))?;
    for finding in &part.model.findings {
        writeln!(out, "- ⚠ {}", code(&finding.message))?;
    }
    if !part.model.findings.is_empty() {
        writeln!(out)?;
    }
    let Some(coefficients) = &part.model.coefficients else { return Ok(()) };
    writeln!(
        out,
        "| parameter | value | 95 % | feature from | to | why 0 |\n| --- | ---: | ---: | ---: | ---: | --- |"
    )?;
    for found in coefficients {
        let name = cell(&found.name);
        let (value, ends) = (number(Some(found.value)), interval(found.interval));
        let (low, high) = found.range;
        let why = cell(why_zero(part, &found.name));
        writeln!(out, "| {name} | {value} | {ends} | {} | {} | {why} |", show_number(low), show_number(high))?;
    }
    writeln!(out, "\n| | |\n| --- | ---: |")?;
    for (name, value) in diagnostics(part) {
        writeln!(out, "| {name} | {value} |")?;
    }
    if let (Some(drift), Some(against)) = (part.drift, against) {
        writeln!(out, "\n{}\n", code(&drift_sentence(drift, against)))?;
        writeln!(out, "| parameter | before | 95 % | now | 95 % | change | |")?;
        writeln!(out, "| --- | ---: | ---: | ---: | ---: | ---: | --- |")?;
        for found in &drift.coefficients {
            writeln!(out, "| {} | {} |", cell(&found.name), drift_cells(found).join(" | "))?;
        }
    }
    if let Some(search) = part.search {
        searched(search, part, out)?;
    }
    if !part.model.outliers.is_empty() {
        writeln!(out, "\n| line | measured | predicted |\n| ---: | ---: | ---: |")?;
        for outlier in &part.model.outliers {
            let (target, prediction) = (show_number(outlier.target), show_number(outlier.prediction));
            writeln!(out, "| {} | {target} | {prediction} |", outlier.line)?;
        }
    }
    Ok(())
}

/// Writes the forms that were found.
fn searched(search: &Search, part: &Part<'_>, out: &mut dyn Write) -> io::Result<()> {
    let terms = count(search.candidates as u64, "term");
    if search.forms.is_empty() {
        return writeln!(out, "\n{}", nothing_found(search));
    }
    writeln!(out, "\nForms out of {terms}, by the error of rows left out:\n")?;
    writeln!(out, "| error | behind the least | form |\n| ---: | ---: | --- |")?;
    for form in &search.forms {
        let error = share(Some(form.standing.error));
        writeln!(out, "| {error} | {} | {} |", behind_cell(&form.standing), cell(&form_text(form)))?;
    }
    let sentences = search_sentences(search, &part.model.quality);
    if !sentences.is_empty() {
        writeln!(out)?;
    }
    for sentence in sentences {
        writeln!(out, "- {sentence}")?;
    }
    Ok(())
}
