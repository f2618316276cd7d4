//! The drawings of a fit: measured against predicted, and errors along each feature.

use super::{FitReport, Part};
use crate::report::figure::{count, percent};
use crate::report::inert::short;
use crate::report::svg::{Cloud, CloudPoint, Drawing, Guide, Setting, file_name};
use crate::value::show_number;
use std::io;

/// Characters of a name in a drawing.
const NAME: usize = 80;

/// Returns the drawings of a model; none without coefficients or rows.
pub(super) fn clouds(part: &Part<'_>) -> Vec<Cloud> {
    let Some(coefficients) = &part.model.coefficients else { return Vec::new() };
    if part.model.sample.is_empty() {
        return Vec::new();
    }
    let mut clouds = vec![measured(part)];
    for (index, coefficient) in coefficients.iter().enumerate() {
        let (low, high) = coefficient.range;
        // Along what is the same in all rows there is nothing to see.
        if low < high {
            clouds.push(residuals(part, index, &coefficient.name));
        }
    }
    clouds
}

fn shown(part: &Part<'_>) -> String {
    let (drawn, all) = (part.model.sample.len() as u64, part.model.rows);
    if drawn < all { format!("{drawn} of {}", count(all, "row")) } else { count(all, "row") }
}

fn measured(part: &Part<'_>) -> Cloud {
    let point = |row: &crate::fit::SampledRow| CloudPoint {
        x: row.prediction,
        y: row.target,
        far: is_far(part, row.line),
        words: words(row),
    };
    Cloud {
        kind: "fit-scatter",
        noun: "measured against predicted",
        caption: format!("{}, measured against predicted", short(&part.name(), NAME)),
        description: format!(
            "{}: the prediction to the right, the measured value upwards. On the dashed line they are equal; diamonds are far off.",
            shown(part)
        ),
        axes: ["predicted".to_owned(), "measured".to_owned()],
        guide: Guide::Diagonal,
        points: part.model.sample.iter().map(point).collect(),
    }
}

fn residuals(part: &Part<'_>, index: usize, feature: &str) -> Cloud {
    let feature = short(feature, NAME);
    let rows = part.model.sample.iter().filter(|row| row.prediction != 0.0);
    let point = |row: &crate::fit::SampledRow| CloudPoint {
        x: row.features[index],
        y: (row.target / row.prediction - 1.0) * 100.0,
        far: is_far(part, row.line),
        words: words(row),
    };
    Cloud {
        kind: "fit-residuals",
        noun: "errors along a feature",
        caption: format!("{}, errors along {feature}", short(&part.name(), NAME)),
        description: format!(
            "{}: the feature {feature} to the right, what was measured beyond the prediction upwards, in percent of it. Rows on the dashed line are predicted exactly; diamonds are far off.",
            shown(part)
        ),
        axes: [feature.clone(), "measured beyond prediction, %".to_owned()],
        guide: Guide::Zero,
        points: rows.map(point).collect(),
    }
}

fn is_far(part: &Part<'_>, line: u64) -> bool {
    part.model.outliers.iter().any(|outlier| outlier.line == line)
}

fn words(row: &crate::fit::SampledRow) -> String {
    let beyond = if row.prediction == 0.0 {
        String::new()
    } else {
        format!(", {} beyond", percent(row.target / row.prediction - 1.0))
    };
    format!(
        "line {}: measured {}, predicted {}{beyond}",
        row.line,
        show_number(row.target),
        show_number(row.prediction)
    )
}

/// Calls `write` with each drawing of all fits.
///
/// # Errors
/// The first that `write` returns.
pub fn fit_drawings(report: &FitReport<'_>, write: &mut dyn FnMut(Drawing) -> io::Result<()>) -> io::Result<()> {
    let mut number = 0;
    for part in report.parts() {
        for cloud in clouds(&part) {
            let mut svg = Vec::new();
            cloud.draw(Setting::File, &mut svg)?;
            write(Drawing { name: file_name(cloud.kind, number, &cloud.caption), svg })?;
            number += 1;
        }
    }
    Ok(())
}
