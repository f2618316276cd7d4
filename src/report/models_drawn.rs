//! The fits of a run's models as drawings: which there are, and what they are called in files and pages.

use super::fit::{DrawnFit, DrawnRow, SCATTER, scatter_caption};
use super::inert::short;
use super::models::fit_name;
use super::svg::{RowMark, file_name};
use super::{FitSampleRow, Report};
use crate::record::FitRecord;

/// Characters of a name in a drawing.
const NAME: usize = 80;

/// A group of a model with rows to be drawn.
pub(super) struct ModelFit<'a> {
    /// The model's place in the report.
    pub(super) model: usize,
    /// The group's place among all groups of the report.
    pub(super) number: usize,
    pub(super) fit: &'a FitRecord,
    all: u64,
    rows: &'a [FitSampleRow],
}

/// Returns the groups that can be drawn, in the order of the report.
pub(super) fn drawn_fits(report: &Report) -> impl Iterator<Item = ModelFit<'_>> {
    let groups = report.models.iter().enumerate().flat_map(|(model, reported)| {
        let fits = reported.model.fits.iter().enumerate();
        fits.map(move |(group, fit)| (model, fit, reported.samples.get(group)))
    });
    groups.enumerate().filter_map(|(number, (model, fit, sample))| {
        let sample = sample.filter(|sample| !sample.rows.is_empty())?;
        Some(ModelFit { model, number, fit, all: sample.all, rows: &sample.rows })
    })
}

impl<'a> ModelFit<'a> {
    /// Returns what it is called in drawings.
    pub(super) fn name(&self) -> String {
        short(&fit_name(self.fit), NAME)
    }

    /// Returns the name of the file that shows measured against predicted values.
    pub(super) fn scatter_file(&self) -> String {
        file_name(SCATTER, self.number, &scatter_caption(&self.name()))
    }

    /// Returns what is to be drawn.
    pub(super) fn drawn(&self) -> DrawnFit<'a> {
        // The constant part has no column; along what is the same in all rows there is nothing to see.
        let columns = self.rows.first().map_or(0, |row| row.features.len());
        let varied = self.fit.coefficients.iter().take(columns).enumerate();
        let varied = varied.filter(|(_, coefficient)| coefficient.range.0 < coefficient.range.1);
        DrawnFit {
            name: self.name(),
            all: self.all,
            features: varied.map(|(place, coefficient)| (place, short(&coefficient.name, NAME))).collect(),
            rows: self.rows.iter().map(drawn_row).collect(),
        }
    }
}

fn drawn_row(row: &FitSampleRow) -> DrawnRow<'_> {
    let FitSampleRow { point, features, target, prediction, held_back, far } = row;
    let mark = match (held_back, far) {
        (true, _) => RowMark::HeldBack,
        (false, true) => RowMark::Far,
        (false, false) => RowMark::Usual,
    };
    DrawnRow { place: short(point.as_str(), 120), features, target: *target, prediction: *prediction, mark }
}
