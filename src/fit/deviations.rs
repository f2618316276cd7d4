//! How far predictions are off: what one pass over the rows with known coefficients tells.

use super::by_fold::ByFold;
use super::influence::Suspects;
use super::quantiles::Quantiles;
use super::sample::Drawn;
use super::solve::{dot, sum};
use super::strip::{Strip, each_strip};
use crate::suite::Weighting;
use std::ops::Range;

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
    /// Errors of weighted rows beyond this count for less (Huber's psi); infinite where none does.
    pub(super) reach: f64,
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
    /// Rows whose target is 0, and whose prediction is not.
    pub(super) zero_targets: u64,
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
    /// The rows with the largest errors, as shares of the target, the largest first.
    pub(super) worst: Vec<(f64, Off)>,
    /// The error that a row must exceed to be among them.
    least_of_worst: f64,
    /// The rows with the largest weighted errors.
    pub(super) suspects: Suspects,
    /// Some rows, whatever their errors.
    pub(super) drawn: Drawn,
}

impl Deviations {
    /// Starts with none of a group's rows; `exact` keeps every error for its quantiles, `drawn` some rows.
    pub(super) fn new(width: usize, exact: bool, drawn: Drawn) -> Deviations {
        Deviations {
            rows: 0,
            shares: 0,
            zero_targets: 0,
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
            suspects: Suspects::default(),
            drawn,
        }
    }

    /// Takes a row: its features and then the target.
    pub(super) fn add(&mut self, row: &[f64], line: u64, fold: usize, known: &Known) {
        let (features, target) = (&row[..row.len() - 1], row[row.len() - 1]);
        let predict = |coefficients: &[f64]| coefficients.iter().zip(features).map(|(b, x)| b * x).sum::<f64>();
        let prediction = predict(&known.coefficients);
        let error = target - prediction;
        let left_out = predict(&known.folds[fold]);
        self.drawn.offer(line, |values| {
            values.extend_from_slice(row);
            values.extend([prediction, left_out]);
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
            self.errors_left_out += ((target - left_out) / target).abs();
            self.quantiles.add(share);
            if share >= self.least_of_worst {
                self.note(share, Off { line, target, prediction });
            }
        } else if prediction != 0.0 {
            self.zero_targets += 1;
        }
        let (weight, far) = match known.weighting {
            Weighting::Absolute => (1.0, error.abs()),
            Weighting::Relative => (1.0 / (target * target), (error / target).abs()),
        };
        self.suspects.offer(far, line, || row.to_vec());
        let weighted = if far > known.reach { error * weight * (known.reach / far) } else { error * weight };
        let mut at = 0;
        for (index, one) in features.iter().enumerate() {
            let factor = weighted * weighted * one;
            for other in &features[index..] {
                self.middle[at] += factor * other;
                at += 1;
            }
        }
    }

    /// Takes rows, given as columns: the features and then the target; `folds` has rows that stand together and their
    /// folds, and `lines` starts with those of the first.
    pub(super) fn add_columns(
        &mut self,
        columns: &[&[f64]],
        folds: impl Iterator<Item = (Range<usize>, usize)>,
        mut lines: impl Iterator<Item = u64>,
        known: &Known,
    ) {
        each_strip(folds, |rows, pieces| {
            let strip = Strip::new(columns, rows, pieces, &mut lines, known);
            if known.reach.is_finite() || strip.target().contains(&0.0) || strip.predictions().contains(&0.0) {
                // Not every row counts in full, or has a share and a ratio.
                let rows = pieces.iter().flat_map(|(rows, fold)| rows.clone().map(move |row| (row, *fold)));
                rows.for_each(|(row, fold)| self.add(&strip.values(row), strip.lines()[row], fold, known));
            } else {
                self.add_strip(&strip, known.weighting);
            }
        });
    }

    /// Takes rows of a group.
    pub(super) fn add_folds(&mut self, rows: &ByFold, known: &Known) {
        self.add_columns(&rows.columns(), rows.strips(), rows.lines().iter().copied(), known);
    }

    fn add_strip(&mut self, strip: &Strip<'_>, weighting: Weighting) {
        let (target, rows) = (strip.target(), strip.len());
        if self.drawn.is_open() {
            for (row, line) in strip.lines().iter().enumerate() {
                self.drawn.offer(*line, |values| strip.sample(row, values));
            }
        }
        let mean = sum(target) / rows as f64;
        let distances = strip.each(|target, _, _| target - mean);
        self.join_targets(rows as u64, mean, dot(&distances, &distances));
        let errors = strip.each(|target, prediction, _| target - prediction);
        self.squares += dot(&errors, &errors);
        let ratios = strip.each(|target, prediction, _| target / prediction);
        self.ratio_sum += sum(&ratios);
        self.ratio_squares += dot(&ratios, &ratios);
        self.ratios += rows as u64;
        let shares = strip.each(|target, prediction, _| ((target - prediction) / target).abs());
        self.shares += rows as u64;
        self.errors += sum(&shares);
        self.errors_left_out += sum(&strip.each(|target, _, left_out| ((target - left_out) / target).abs()));
        self.quantiles.add_all(&shares[..rows]);
        for (row, share) in shares[..rows].iter().enumerate() {
            if *share >= self.least_of_worst {
                let (target, prediction) = (target[row], strip.predictions()[row]);
                self.note(*share, Off { line: strip.lines()[row], target, prediction });
            }
        }
        let far = match weighting {
            Weighting::Absolute => &errors,
            Weighting::Relative => &shares,
        };
        self.suspects.offer_all(&far[..rows], strip.lines(), |row| strip.values(row));
        let weighted = match weighting {
            Weighting::Absolute => errors,
            Weighting::Relative => {
                strip.each(|target, prediction, _| (target - prediction) * (1.0 / (target * target)))
            }
        };
        let mut sums = self.middle.iter_mut();
        let features = strip.features();
        for (index, one) in features.clone().enumerate() {
            let mut factors = weighted;
            factors.iter_mut().zip(one).for_each(|(weighted, value)| *weighted = weighted.powi(2) * value);
            for (other, sum) in features.clone().skip(index).zip(&mut sums) {
                *sum += dot(&factors[..rows], other);
            }
        }
    }

    /// Notes a row that may be among the worst; of equal ones the first of the table is worse.
    fn note(&mut self, share: f64, off: Off) {
        let place = self.worst.partition_point(|(known, worse)| (*known, off.line) > (share, worse.line));
        self.worst.insert(place, (share, off));
        self.worst.truncate(WORST);
        if let Some((least, _)) = self.worst.get(WORST - 1) {
            self.least_of_worst = *least;
        }
    }

    /// Adds other rows.
    pub(super) fn merge(&mut self, other: Deviations) {
        if other.rows > 0 {
            self.join_targets(other.rows, other.target_mean, other.target_squares);
        }
        self.shares += other.shares;
        self.zero_targets += other.zero_targets;
        self.squares += other.squares;
        self.errors += other.errors;
        self.errors_left_out += other.errors_left_out;
        self.ratio_sum += other.ratio_sum;
        self.ratio_squares += other.ratio_squares;
        self.ratios += other.ratios;
        self.middle.iter_mut().zip(&other.middle).for_each(|(sum, other)| *sum += other);
        self.quantiles.merge(other.quantiles);
        other.worst.into_iter().for_each(|(share, off)| self.note(share, off));
        self.suspects.merge(other.suspects);
        self.drawn.merge(other.drawn);
    }

    /// Counts other rows, and joins the mean of their target and its squared distances from that (Chan, Golub
    /// and LeVeque, "Updating formulae and a pairwise algorithm for computing sample variances", 1979).
    fn join_targets(&mut self, rows: u64, mean: f64, squares: f64) {
        let all = (self.rows + rows) as f64;
        let distance = mean - self.target_mean;
        self.target_squares += squares + distance * distance * self.rows as f64 * rows as f64 / all;
        self.target_mean += distance * rows as f64 / all;
        self.rows += rows;
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::Random;

    /// Holds rows against coefficients, one by one or as columns.
    fn held(columns: &[Vec<f64>], weighting: Weighting, by_row: bool) -> Deviations {
        let known = Known {
            coefficients: vec![2.0, 3.0],
            folds: vec![vec![2.1, 2.9], vec![1.9, 3.1]],
            weighting,
            reach: f64::INFINITY,
        };
        let rows = columns[0].len();
        let mut found = Deviations::new(2, false, Drawn::new(rows as u64, 1));
        let slices: Vec<&[f64]> = columns.iter().map(Vec::as_slice).collect();
        let folds = [(0..rows / 3, 0), (rows / 3..rows, 1)];
        if by_row {
            for (range, fold) in folds {
                for row in range {
                    let values: Vec<f64> = columns.iter().map(|column| column[row]).collect();
                    found.add(&values, row as u64 + 2, fold, &known);
                }
            }
        } else {
            found.add_columns(&slices, folds.into_iter(), (0..rows as u64).map(|row| row + 2), &known);
        }
        found
    }

    #[test]
    fn rows_and_columns_give_the_same() {
        let mut random = Random::new(5);
        for (count, zero) in [(1, false), (64, false), (500, false), (500, true), (3, true)] {
            let mut columns: Vec<Vec<f64>> =
                (0..2).map(|_| (0..count).map(|_| 1.0 + random.below(90) as f64).collect()).collect();
            let noisy = |row: usize| (2.0 * columns[0][row] + 3.0 * columns[1][row]) * (1.0 + 0.1 * random.normal());
            let mut target: Vec<f64> = (0..count).map(noisy).collect();
            if zero {
                target[count / 2] = 0.0;
                (columns[0][0], columns[1][0]) = (0.0, 0.0);
            }
            columns.push(target);
            for weighting in [Weighting::Absolute, Weighting::Relative] {
                if zero && weighting == Weighting::Relative {
                    continue;
                }
                let (one, other) = (held(&columns, weighting, true), held(&columns, weighting, false));
                let numbers = |found: &Deviations| {
                    let (mean, deviation) = found.ratio().unwrap();
                    let quality =
                        [found.r2().unwrap_or(0.0), found.rmse(), found.mean_error().unwrap(), mean, deviation];
                    let left_out = found.left_out_error().unwrap();
                    quality.into_iter().chain([left_out]).chain(found.middle.iter().copied()).collect::<Vec<f64>>()
                };
                for (one, other) in numbers(&one).iter().zip(numbers(&other)) {
                    assert!((one - other).abs() <= 1e-6 * one.abs().max(1e-3), "{count} {zero}: {one} {other}");
                }
                assert_eq!((one.rows, one.shares, one.zero_targets), (other.rows, other.shares, other.zero_targets));
                assert_eq!(one.ratios, other.ratios);
                for share in [0.5, 0.95] {
                    assert_eq!(one.quantiles.at(share), other.quantiles.at(share));
                }
                assert_eq!((one.worst, one.suspects.lines()), (other.worst, other.suspects.lines()));
                assert_eq!(one.drawn.into_sample(), other.drawn.into_sample());
            }
        }
    }
}
