//! A few rows beside what a model says of them, column by column, so that the processor works on several at
//! a time and what they need stays in the first-level cache.

use super::deviations::Known;
use std::ops::Range;

/// Rows of a strip, at most.
pub(super) const MOST: usize = 64;

/// Rows of one fold.
pub(super) struct Strip<'c> {
    /// The features and then the target.
    columns: &'c [&'c [f64]],
    rows: Range<usize>,
    lines: [u64; MOST],
    predictions: [f64; MOST],
    left_out: [f64; MOST],
}

impl<'c> Strip<'c> {
    /// Predicts at most `MOST` rows; the next of `lines` are theirs.
    pub(super) fn new(
        columns: &'c [&'c [f64]],
        rows: Range<usize>,
        lines: &mut impl Iterator<Item = u64>,
        fold: usize,
        known: &Known,
    ) -> Strip<'c> {
        let mut strip = Strip { columns, rows, lines: [0; MOST], predictions: [0.0; MOST], left_out: [0.0; MOST] };
        strip.lines.iter_mut().zip(lines.take(strip.rows.len())).for_each(|(place, line)| *place = line);
        strip.predictions = strip.predict(&known.coefficients);
        strip.left_out = strip.predict(&known.folds[fold]);
        strip
    }

    fn predict(&self, coefficients: &[f64]) -> [f64; MOST] {
        let mut predictions = [0.0; MOST];
        for (coefficient, column) in coefficients.iter().zip(self.features()) {
            predictions.iter_mut().zip(column).for_each(|(sum, value)| *sum += coefficient * value);
        }
        predictions
    }

    /// Returns how many rows there are.
    pub(super) fn len(&self) -> usize {
        self.rows.len()
    }

    pub(super) fn lines(&self) -> &[u64] {
        &self.lines[..self.len()]
    }

    pub(super) fn predictions(&self) -> &[f64] {
        &self.predictions[..self.len()]
    }

    pub(super) fn target(&self) -> &'c [f64] {
        &self.columns[self.columns.len() - 1][self.rows.clone()]
    }

    /// Returns the columns of the features.
    pub(super) fn features(&self) -> impl Iterator<Item = &'c [f64]> + Clone {
        let (columns, rows) = (self.columns, &self.rows);
        let rows = rows.clone();
        columns[..columns.len() - 1].iter().map(move |column| &column[rows.clone()])
    }

    /// Returns the features and then the target of a row.
    pub(super) fn values(&self, row: usize) -> Vec<f64> {
        self.columns.iter().map(|column| column[self.rows.start + row]).collect()
    }

    /// Adds what is kept of a row that is drawn: features, target, prediction, and that of the fit without it.
    pub(super) fn sample(&self, row: usize, values: &mut Vec<f64>) {
        values.extend(self.columns.iter().map(|column| column[self.rows.start + row]));
        values.extend([self.predictions[row], self.left_out[row]]);
    }

    /// Makes a value of each row's target, prediction, and prediction of the fit that leaves it out; zeros
    /// stand behind the last.
    #[inline]
    pub(super) fn each(&self, value: impl Fn(f64, f64, f64) -> f64) -> [f64; MOST] {
        let mut values = [0.0; MOST];
        let rows = self.target().iter().zip(&self.predictions).zip(&self.left_out);
        for (place, ((target, prediction), left_out)) in values.iter_mut().zip(rows) {
            *place = value(*target, *prediction, *left_out);
        }
        values
    }
}
