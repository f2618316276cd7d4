//! Rows of a fit as drawings: measured against predicted, and errors along each feature.

use crate::report::figure::{count, percent};
use crate::report::svg::{Cloud, CloudPoint, Guide, RowMark};
use crate::value::show_number;

/// What drawings of measured against predicted values are called.
pub(in crate::report) const SCATTER: &str = "fit-scatter";
/// What drawings of errors along a feature are called.
pub(in crate::report) const RESIDUALS: &str = "fit-residuals";

/// A fit that is to be drawn. Names are harmless.
pub(in crate::report) struct DrawnFit<'a> {
    /// What it is called.
    pub(in crate::report) name: String,
    /// How many rows there are; those at hand may be fewer.
    pub(in crate::report) all: u64,
    /// Features that are not the same in all rows: their places in the rows, and their names.
    pub(in crate::report) features: Vec<(usize, String)>,
    /// The rows at hand.
    pub(in crate::report) rows: Vec<DrawnRow<'a>>,
}

/// A row and what the fit says of it.
pub(in crate::report) struct DrawnRow<'a> {
    /// Where it stands, in words.
    pub(in crate::report) place: String,
    pub(in crate::report) features: &'a [f64],
    pub(in crate::report) target: f64,
    pub(in crate::report) prediction: f64,
    pub(in crate::report) mark: RowMark,
}

/// Returns the caption of the drawing of measured against predicted values.
pub(in crate::report) fn scatter_caption(fit: &str) -> String {
    format!("{fit}, measured against predicted")
}

impl DrawnFit<'_> {
    /// Returns the drawings; none without rows.
    pub(in crate::report) fn clouds(&self) -> Vec<Cloud> {
        if self.rows.is_empty() {
            return Vec::new();
        }
        let residuals = self.features.iter().map(|(place, name)| self.residuals(*place, name));
        std::iter::once(self.measured()).chain(residuals).collect()
    }

    /// Says what is drawn, in one line.
    pub(in crate::report) fn sentence(&self) -> String {
        format!("{}; {}", self.shown(), self.legend())
    }

    /// Says how many of the rows are drawn.
    fn shown(&self) -> String {
        let drawn = self.rows.len() as u64;
        if drawn < self.all { format!("{drawn} of {}", count(self.all, "row")) } else { count(self.all, "row") }
    }

    /// Says what the signs mean.
    fn legend(&self) -> &'static str {
        match self.rows.iter().any(|row| row.mark == RowMark::HeldBack) {
            true => "diamonds are far off, squares were kept out of the fit",
            false => "diamonds are far off",
        }
    }

    fn measured(&self) -> Cloud {
        let point =
            |row: &DrawnRow<'_>| CloudPoint { x: row.prediction, y: row.target, mark: row.mark, words: row.words() };
        Cloud {
            kind: SCATTER,
            noun: "measured against predicted",
            caption: scatter_caption(&self.name),
            description: format!(
                "{}: the prediction to the right, the measured value upwards. On the dashed line they are equal; {}.",
                self.shown(),
                self.legend()
            ),
            axes: ["predicted".to_owned(), "measured".to_owned()],
            guide: Guide::Diagonal,
            points: self.rows.iter().map(point).collect(),
        }
    }

    fn residuals(&self, place: usize, feature: &str) -> Cloud {
        let point = |row: &DrawnRow<'_>| CloudPoint {
            x: row.features[place],
            y: row.beyond() * 100.0,
            mark: row.mark,
            words: row.words(),
        };
        Cloud {
            kind: RESIDUALS,
            noun: "errors along a feature",
            caption: format!("{}, errors along {feature}", self.name),
            description: format!(
                "{}: the feature {feature} to the right, what was measured beyond the prediction upwards, in percent of it. Rows on the dashed line are predicted exactly; {}.",
                self.shown(),
                self.legend()
            ),
            axes: [feature.to_owned(), "measured beyond prediction, %".to_owned()],
            guide: Guide::Zero,
            points: self.rows.iter().filter(|row| row.prediction != 0.0).map(point).collect(),
        }
    }
}

/// Shares of the prediction below this are rounding.
const ROUNDING: f64 = 1e-12;

impl DrawnRow<'_> {
    /// Returns what was measured beyond the prediction, as a share of it.
    fn beyond(&self) -> f64 {
        let beyond = self.target / self.prediction - 1.0;
        if beyond.abs() < ROUNDING { 0.0 } else { beyond }
    }

    fn words(&self) -> String {
        let DrawnRow { place, target, prediction, mark, .. } = self;
        let beyond = if *prediction == 0.0 { String::new() } else { format!(", {} beyond", percent(self.beyond())) };
        let held = if *mark == RowMark::HeldBack { ", kept out of the fit" } else { "" };
        format!("{place}: measured {}, predicted {}{beyond}{held}", show_number(*target), show_number(*prediction))
    }
}
