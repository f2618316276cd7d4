//! How far predictions are off: what one pass over the rows with known coefficients tells.

use super::quantiles::Quantiles;
use super::sample::{Drawn, SampledRow};
use crate::suite::Weighting;

/// Rows that are far off, at most so many.
const WORST: usize = 10;

/// The coefficients that rows are held against.
#[derive(Debug, Clone)]
pub(super) struct Known {
    /// Of the fit over all rows.
    pub(super) coefficients: Vec<f64>,
    /// Of the fits that leave out one fold each.
    pub(super) folds: Vec<Vec<f64>>,
    /// How the rows were weighted.
    pub(super) weighting: Weighting,
}

/// A row and its prediction.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Off {
    pub(super) line: u64,
    pub(super) target: f64,
    pub(super) prediction: f64,
}

/// Sums over rows.
#[derive(Debug, Clone)]
pub(super) struct Deviations {
    pub(super) rows: u64,
    /// Rows whose target is not 0, for which a share can be said.
    pub(super) shares: u64,
    target_mean: f64,
    /// The sum of squared distances of the target from its mean (Welford).
    target_squares: f64,
    squares: f64,
    errors: f64,
    errors_left_out: f64,
    ratio_sum: f64,
    ratio_squares: f64,
    ratios: u64,
    /// The sum of `e e x x'` over weighted rows, the middle of the sandwich; the upper triangle.
    pub(super) middle: Vec<f64>,
    pub(super) quantiles: Quantiles,
    /// The rows with the largest errors, the largest first.
    pub(super) worst: Vec<Off>,
    /// The error that a row must exceed to be among them.
    least_of_worst: f64,
    /// Some rows, whatever their errors.
    pub(super) drawn: Drawn,
}

impl Deviations {
    /// Starts with none of a group's rows; `exact` keeps every error for its quantiles, `drawn` some rows.
    pub(super) fn new(width: usize, exact: bool, drawn: Drawn) -> Deviations {
        Deviations {
            rows: 0,
            shares: 0,
            target_mean: 0.0,
            target_squares: 0.0,
            squares: 0.0,
            errors: 0.0,
            errors_left_out: 0.0,
            ratio_sum: 0.0,
            ratio_squares: 0.0,
            ratios: 0,
            middle: vec![0.0; width * (width + 1) / 2],
            quantiles: Quantiles::new(exact),
            worst: Vec::new(),
            least_of_worst: f64::NEG_INFINITY,
            drawn,
        }
    }

    /// Takes a row: its features and then the target.
    pub(super) fn add(&mut self, row: &[f64], line: u64, fold: usize, known: &Known) {
        let (features, target) = (&row[..row.len() - 1], row[row.len() - 1]);
        let predict = |coefficients: &[f64]| coefficients.iter().zip(features).map(|(b, x)| b * x).sum::<f64>();
        let prediction = predict(&known.coefficients);
        let error = target - prediction;
        self.drawn.offer(line, || {
            let left_out = predict(&known.folds[fold]);
            SampledRow { line, features: features.into(), target, prediction, left_out }
        });
        self.rows += 1;
        let distance = target - self.target_mean;
        self.target_mean += distance / self.rows as f64;
        self.target_squares += distance * (target - self.target_mean);
        self.squares += error * error;
        if prediction != 0.0 {
            let ratio = target / prediction;
            self.ratio_sum += ratio;
            self.ratio_squares += ratio * ratio;
            self.ratios += 1;
        }
        if target != 0.0 {
            let share = (error / target).abs();
            self.shares += 1;
            self.errors += share;
            self.errors_left_out += ((target - predict(&known.folds[fold])) / target).abs();
            self.quantiles.add(share);
            if share > self.least_of_worst {
                self.note(Off { line, target, prediction });
            }
        }
        let weight = match known.weighting {
            Weighting::Absolute => 1.0,
            Weighting::Relative => 1.0 / (target * target),
        };
        let weighted = error * weight;
        let mut at = 0;
        for (index, one) in features.iter().enumerate() {
            let factor = weighted * weighted * one;
            for other in &features[index..] {
                self.middle[at] += factor * other;
                at += 1;
            }
        }
    }

    fn note(&mut self, off: Off) {
        let place = self.worst.partition_point(|known| known.share() >= off.share());
        self.worst.insert(place, off);
        self.worst.truncate(WORST);
        if let Some(last) = self.worst.get(WORST - 1) {
            self.least_of_worst = last.share();
        }
    }

    /// Adds other rows.
    pub(super) fn merge(&mut self, other: Deviations) {
        let rows = (self.rows + other.rows) as f64;
        if other.rows > 0 {
            let distance = other.target_mean - self.target_mean;
            self.target_squares +=
                other.target_squares + distance * distance * self.rows as f64 * other.rows as f64 / rows;
            self.target_mean += distance * other.rows as f64 / rows;
        }
        self.rows += other.rows;
        self.shares += other.shares;
        self.squares += other.squares;
        self.errors += other.errors;
        self.errors_left_out += other.errors_left_out;
        self.ratio_sum += other.ratio_sum;
        self.ratio_squares += other.ratio_squares;
        self.ratios += other.ratios;
        self.middle.iter_mut().zip(&other.middle).for_each(|(sum, other)| *sum += other);
        self.quantiles.merge(other.quantiles);
        other.worst.into_iter().for_each(|off| self.note(off));
        self.drawn.merge(other.drawn);
    }

    /// Returns the share of the target's variance that the predictions explain; none without variance.
    pub(super) fn r2(&self) -> Option<f64> {
        (self.target_squares > 0.0).then(|| 1.0 - self.squares / self.target_squares)
    }

    /// Returns the root of the mean squared error.
    pub(super) fn rmse(&self) -> f64 {
        (self.squares / self.rows.max(1) as f64).sqrt()
    }

    /// Returns the mean error as a share of the target.
    pub(super) fn mean_error(&self) -> Option<f64> {
        (self.shares > 0).then(|| self.errors / self.shares as f64)
    }

    /// Returns the mean error of predictions whose row was left out of the fit.
    pub(super) fn left_out_error(&self) -> Option<f64> {
        (self.shares > 0).then(|| self.errors_left_out / self.shares as f64)
    }

    /// Returns mean and deviation (of the population) of target by prediction.
    pub(super) fn ratio(&self) -> Option<(f64, f64)> {
        if self.ratios == 0 {
            return None;
        }
        let mean = self.ratio_sum / self.ratios as f64;
        Some((mean, (self.ratio_squares / self.ratios as f64 - mean * mean).max(0.0).sqrt()))
    }
}

impl Off {
    /// Returns the error as a share of the target.
    pub(super) fn share(&self) -> f64 {
        ((self.target - self.prediction) / self.target).abs()
    }
}
