//! The models of a run: a table for each, what looks wrong with its fits, and their drawings.

use super::failures::more;
use super::fitted::Drawings;
use super::{clipped, text};
use crate::report::Report;
use crate::report::models::{CoefficientLine, FitLine, any, fit_lines, lines_line, rows_line, target_line};
use std::io::{self, Write};

/// Fits of a model that are shown.
const FITS: usize = 500;

/// Writes the models.
pub(super) fn models(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    let drawings = Drawings::of(report);
    let fitted = report.models.iter().enumerate().filter(|(_, reported)| !reported.model.fits.is_empty());
    for (place, reported) in fitted {
        let model = &reported.model;
        let fits = fit_lines(reported);
        writeln!(out, "<h3>{}</h3>", clipped(&model.model, 120))?;
        let (target, rows) = (clipped(&target_line(model), 300), clipped(&rows_line(model), 600));
        writeln!(out, r#"<p class="soft">predicts {target} from {rows}</p>"#)?;
        table(&fits, &clipped(&model.model, 120), out)?;
        more(fits.len().saturating_sub(FITS), "fit", out)?;
        let warnings: Vec<(&str, &str)> = fits
            .iter()
            .take(FITS)
            .flat_map(|fit| fit.warnings.iter().map(|warning| (fit.name.as_str(), *warning)))
            .collect();
        if !warnings.is_empty() {
            let noun = if warnings.len() == 1 { "warning" } else { "warnings" };
            writeln!(out, r#"<details><summary>{} {noun}</summary><ul class="soft">"#, warnings.len())?;
            for (name, warning) in warnings {
                writeln!(out, "<li><code>{}</code> {}</li>", clipped(name, 200), clipped(warning, 600))?;
            }
            let place = lines_line(model).map(|line| format!("<p class=\"soft\">{}</p>", clipped(&line, 200)));
            writeln!(out, "</ul>{}</details>", place.unwrap_or_default())?;
        }
        drawings.write(place, out)?;
    }
    Ok(())
}

fn table(fits: &[FitLine<'_>], name: &str, out: &mut dyn Write) -> io::Result<()> {
    let held = any(fits, |fit| !fit.held_back.is_empty());
    let moved = any(fits, |fit| !fit.drift.is_empty());
    write!(
        out,
        r#"<div class="scroll" tabindex="0" role="region" aria-label="fits of {name}"><table><thead><tr><th scope="col">operation</th><th scope="col">coefficient</th><th scope="col" class="n">value</th><th scope="col" class="n">95 % interval</th>"#
    )?;
    if moved {
        write!(out, r#"<th scope="col" class="n">before</th>"#)?;
    }
    write!(
        out,
        r#"<th scope="col" class="n">rows</th><th scope="col" class="n">R²</th><th scope="col" class="n">error</th><th scope="col" class="n">rows left out</th>"#
    )?;
    if held {
        write!(out, r#"<th scope="col" class="n">held back</th>"#)?;
    }
    if moved {
        write!(out, r#"<th scope="col" class="n">predictions moved</th>"#)?;
    }
    writeln!(out, "</tr></thead><tbody>")?;
    for fit in fits.iter().take(FITS) {
        rows(fit, held, moved, out)?;
    }
    writeln!(out, "</tbody></table></div>")
}

/// Writes a group: a row for each coefficient, what they share beside the first.
fn rows(fit: &FitLine<'_>, held: bool, moved: bool, out: &mut dyn Write) -> io::Result<()> {
    let number = |out: &mut dyn Write, value: &str| write!(out, r#"<td class="n">{}</td>"#, text(value));
    let span = fit.coefficients.len().max(1);
    let shared =
        |out: &mut dyn Write, value: &str| write!(out, r#"<td class="n" rowspan="{span}">{}</td>"#, text(value));
    write!(out, r#"<tr><th scope="rowgroup" rowspan="{span}">{}</th>"#, clipped(&fit.name, 200))?;
    for index in 0..span {
        if index > 0 {
            write!(out, "<tr>")?;
        }
        match fit.coefficients.get(index) {
            Some(CoefficientLine { name, value, interval, before }) => {
                write!(out, "<td>{}</td>", clipped(name, 120))?;
                number(out, value)?;
                number(out, interval)?;
                if moved {
                    number(out, before)?;
                }
            }
            None => write!(out, r#"<td colspan="{}" class="soft">too few rows</td>"#, 3 + usize::from(moved))?,
        }
        if index == 0 {
            for value in [&fit.rows, &fit.r2, &fit.error, &fit.left_out] {
                shared(out, value)?;
            }
            if held {
                shared(out, &fit.held_back)?;
            }
            if moved {
                shared(out, &fit.drift)?;
            }
        }
        writeln!(out, "</tr>")?;
    }
    Ok(())
}
