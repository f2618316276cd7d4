//! Rows of a group, whatever their folds: what each adds is made for some of them at a time, and then added row by
//! row, so that the sums are those of single rows.

use super::{Deviations, Known, Off};
use crate::fit::group::KeptRows;
use crate::fit::sheet::Sheet;
use crate::suite::Weighting;

/// Rows that are looked at together.
const MOST: usize = 64;

/// What some rows add.
struct Added {
    rows: usize,
    targets: [f64; MOST],
    predictions: [f64; MOST],
    /// Predictions of the fits that leave the rows out.
    left_out: [f64; MOST],
    errors: [f64; MOST],
    shares: [f64; MOST],
    shares_left_out: [f64; MOST],
    ratios: [f64; MOST],
    /// The errors of weighted rows, squared.
    squares: [f64; MOST],
}

impl Added {
    /// Makes what rows add; none if not every row counts in full, and has a share and a ratio.
    fn of(values: &[f64], lines: &[u64], sheet: &Sheet, known: &Known) -> Option<Added> {
        const NONE: [f64; MOST] = [1.0; MOST];
        let width = known.coefficients.len() + 1;
        let mut added = Added {
            rows: lines.len(),
            targets: NONE,
            predictions: NONE,
            left_out: NONE,
            errors: NONE,
            shares: NONE,
            shares_left_out: NONE,
            ratios: NONE,
            squares: NONE,
        };
        for (index, (row, line)) in values.chunks_exact(width).zip(lines).enumerate() {
            let (features, target) = (&row[..width - 1], row[width - 1]);
            let predict = |coefficients: &[f64]| coefficients.iter().zip(features).map(|(b, x)| b * x).sum::<f64>();
            added.targets[index] = target;
            added.predictions[index] = predict(&known.coefficients);
            added.left_out[index] = predict(&known.folds[sheet.fold(*line)]);
        }
        if known.reach.is_finite() || added.targets.contains(&0.0) || added.predictions.contains(&0.0) {
            return None;
        }
        added.compare(known.weighting);
        Some(added)
    }

    /// Compares targets with predictions, without a branch for each row.
    fn compare(&mut self, weighting: Weighting) {
        for row in 0..MOST {
            let (target, prediction) = (self.targets[row], self.predictions[row]);
            let error = target - prediction;
            self.errors[row] = error;
            self.shares[row] = (error / target).abs();
            self.shares_left_out[row] = ((target - self.left_out[row]) / target).abs();
            self.ratios[row] = target / prediction;
            let weight = match weighting {
                Weighting::Absolute => 1.0,
                Weighting::Relative => 1.0 / (target * target),
            };
            let weighted = error * weight;
            self.squares[row] = weighted * weighted;
        }
    }
}

impl Deviations {
    /// Takes rows of a group.
    pub(in crate::fit) fn add_rows(&mut self, rows: &KeptRows, sheet: &Sheet, known: &Known) {
        let width = known.coefficients.len() + 1;
        for (values, lines) in rows.values.chunks(width * MOST).zip(rows.lines.chunks(MOST)) {
            match Added::of(values, lines, sheet, known) {
                Some(added) => self.add_all(&added, values, lines, known.weighting),
                None => {
                    let rows = values.chunks_exact(width).zip(lines);
                    rows.for_each(|(row, line)| self.add(row, *line, sheet.fold(*line), known));
                }
            }
        }
    }

    fn add_all(&mut self, added: &Added, values: &[f64], lines: &[u64], weighting: Weighting) {
        let width = values.len() / added.rows;
        let far = match weighting {
            Weighting::Absolute => &added.errors,
            Weighting::Relative => &added.shares,
        };
        self.suspects.offer_all(&far[..added.rows], lines, |row| values[row * width..(row + 1) * width].to_vec());
        for row in 0..added.rows {
            self.rows += 1;
            let target = added.targets[row];
            let distance = target - self.target_mean;
            self.target_mean += distance / self.rows as f64;
            self.target_squares += distance * (target - self.target_mean);
            self.squares += added.errors[row] * added.errors[row];
            self.ratio_sum += added.ratios[row];
            self.ratio_squares += added.ratios[row] * added.ratios[row];
            self.errors += added.shares[row];
            self.errors_left_out += added.shares_left_out[row];
        }
        self.shares += added.rows as u64;
        self.ratios += added.rows as u64;
        for (row, line) in lines.iter().enumerate() {
            let (values, share) = (&values[row * width..(row + 1) * width], added.shares[row]);
            self.drawn.offer(*line, |drawn| {
                drawn.extend_from_slice(values);
                drawn.extend([added.predictions[row], added.left_out[row]]);
            });
            self.quantiles.add(share);
            if share > self.least_of_worst {
                self.note(share, Off { line: *line, target: added.targets[row], prediction: added.predictions[row] });
            }
        }
        for (row, squared) in values.chunks_exact(width).zip(&added.squares) {
            let mut sums = self.middle.iter_mut();
            for (index, one) in row[..width - 1].iter().enumerate() {
                let factor = squared * one;
                row[index..width - 1].iter().zip(&mut sums).for_each(|(other, sum)| *sum += factor * other);
            }
        }
    }
}
