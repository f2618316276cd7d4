//! The drawings of fits to tables.

use super::clouds::{DrawnFit, DrawnRow};
use super::{FitReport, Part};
use crate::fit::SampledRow;
use crate::report::inert::short;
use crate::report::svg::{Drawing, RowMark, Setting, file_name};
use std::io;

/// Characters of a name in a drawing.
const NAME: usize = 80;

/// Returns what is to be drawn of a model; none without coefficients.
pub(super) fn drawn<'a>(part: &Part<'a>) -> Option<DrawnFit<'a>> {
    let coefficients = part.model.coefficients.as_ref()?;
    // Along what is the same in all rows there is nothing to see.
    let varied = coefficients.iter().enumerate().filter(|(_, coefficient)| coefficient.range.0 < coefficient.range.1);
    let is_far = |line: u64| part.model.outliers.iter().any(|outlier| outlier.line == line);
    let mark = |row: &SampledRow<'_>| if is_far(row.line) { RowMark::Far } else { RowMark::Usual };
    Some(DrawnFit {
        name: short(&part.name(), NAME),
        all: part.model.rows,
        features: varied.map(|(place, coefficient)| (place, short(&coefficient.name, NAME))).collect(),
        rows: part.model.sample.iter().map(|row| drawn_row(&row, mark(&row))).collect(),
    })
}

fn drawn_row<'s>(row: &SampledRow<'s>, mark: RowMark) -> DrawnRow<'s> {
    let SampledRow { line, features, target, prediction, left_out: _ } = *row;
    DrawnRow { place: format!("line {line}"), features, target, prediction, mark }
}

/// Calls `write` with each drawing of all fits.
///
/// # Errors
/// The first that `write` returns.
pub fn fit_drawings(report: &FitReport<'_>, write: &mut dyn FnMut(Drawing) -> io::Result<()>) -> io::Result<()> {
    let mut number = 0;
    for part in report.parts() {
        for cloud in drawn(&part).map(|fit| fit.clouds()).unwrap_or_default() {
            let mut svg = Vec::new();
            cloud.draw(Setting::File, &mut svg)?;
            write(Drawing { name: file_name(cloud.kind, number, &cloud.caption), svg })?;
            number += 1;
        }
    }
    Ok(())
}
