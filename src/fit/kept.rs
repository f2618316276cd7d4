//! Fits of groups whose rows are in memory.

use super::FOLDS;
use super::beside::Beside;
use super::deviations::{Deviations, Known};
use super::fitted::{FittedModel, IntervalMethod, Outlier};
use super::fitting::{CONDITION, Solved, Task, set_intervals};
use super::gate::Duplicates;
use super::gather::Gathered;
use super::group::{Group, KeptRows};
use super::intervals::{Refit, bootstrap};
use super::mixed::{FittedRows, tell_mixed};
use super::quantiles::quantile;
use super::robust::{Robust, fit_robust, within_reach};
use super::sample::Drawn;
use super::solve::{Moments, Triangle};
use crate::stats::Random;
use crate::suite::Weighting;
use std::collections::HashSet;

/// Groups with fewer rows are solved by rotations.
const EXACT_ROWS: usize = 20_000;
/// Rows that are drawn again for all intervals of a table, at most.
const DRAWN: u64 = 40_000_000;
/// Products of rows drawn again for the intervals of a group and the square of its features, at most, where they must be
/// rotated.
const ROTATED: u64 = 100_000_000;

impl Task<'_> {
    /// Counts rows that are equal to an earlier one, and takes them out if that is wanted.
    pub(super) fn duplicates(&self, groups: &mut [Group]) -> Duplicates {
        let mut found = Duplicates { excluded: self.options.drop_duplicates, ..Duplicates::default() };
        let width = self.free.len() + 1;
        for group in groups {
            let rows = &mut group.rows;
            let mut seen = HashSet::new();
            let keep: Vec<bool> = rows.hashes.iter().map(|hash| seen.insert(*hash)).collect();
            keep.iter().zip(&rows.lines).filter(|(keep, _)| !**keep).for_each(|(_, line)| found.count(*line));
            if found.excluded && keep.contains(&false) {
                let kept: Vec<usize> = (0..keep.len()).filter(|row| keep[*row]).collect();
                rows.values =
                    kept.iter().flat_map(|row| rows.values[row * width..(row + 1) * width].to_vec()).collect();
                rows.lines = kept.iter().map(|row| rows.lines[*row]).collect();
                rows.hashes = kept.iter().map(|row| rows.hashes[*row]).collect();
            }
        }
        found.lines.sort_unstable();
        found
    }

    /// Fits groups whose rows are in memory.
    pub(super) fn fit_kept(&self, gathered: &Gathered, beside: Option<&Beside>) -> Vec<FittedModel> {
        let all: u64 = gathered.groups.iter().map(|group| group.rows.lines.len() as u64).sum();
        let drawn = all * u64::from(self.options.resamples);
        let automatic =
            if self.form.robust || drawn > DRAWN { IntervalMethod::Sandwich } else { IntervalMethod::Bootstrap };
        let one = |group: &Group| {
            let rows = &group.rows;
            let count = rows.lines.len();
            if let Some(model) = self.too_few(group, count as u64) {
                return model;
            }
            let folds = balanced_folds(count);
            let solved = self.solve_kept(rows, &folds);
            let rotated = count as u64 * u64::from(self.options.resamples) * (self.free.len() as u64).pow(2);
            let method = match self.options.intervals {
                Some(method) => method,
                None if solved.scaled_condition >= CONDITION && rotated > ROTATED => IntervalMethod::Sandwich,
                None => automatic,
            };
            let width = self.free.len() + 1;
            let mut deviations =
                Deviations::new(self.free.len(), true, Drawn::new(count as u64, gathered.groups.len()));
            for (row, values) in rows.values.chunks_exact(width).enumerate() {
                deviations.add(values, rows.lines[row], folds[row], &solved.known);
            }
            let mut model = self.model(group, &group.sums.ranges, &solved, deviations, method);
            if method == IntervalMethod::Bootstrap && count > self.free.len() + 1 {
                let refit = match solved.scaled_condition < CONDITION {
                    _ if self.form.robust => Refit::Robust,
                    true => Refit::Sums,
                    false => Refit::Rotations,
                };
                let intervals = bootstrap(rows, &self.free, self.form.weighting, self.options.resamples, refit);
                set_intervals(&mut model, &intervals);
            }
            let (outliers, far) = outliers(rows, width, &solved.solution.coefficients);
            (model.outliers, model.outlier_rows) = (outliers, Some(far));
            self.look(&mut model, group, &solved, &self.suspects_of(rows, &solved));
            if let (Some(beside), Some(error)) = (beside, model.quality.mean_error) {
                let rows = FittedRows {
                    values: &rows.values,
                    lines: &rows.lines,
                    free: &self.free,
                    weighting: self.form.weighting,
                    error,
                    groups: gathered.groups.len(),
                };
                tell_mixed(&mut model, &beside.mixed(&rows), error, None, &self.op_column);
            }
            model
        };
        self.each(gathered.groups.iter(), || one)
    }

    fn solve_kept(&self, rows: &KeptRows, folds: &[usize]) -> Solved {
        if self.form.robust {
            return self.solve_robust(rows, folds);
        }
        let width = self.free.len();
        if rows.len() > EXACT_ROWS {
            let mut by_fold = vec![Moments::new(width); FOLDS];
            self.each_weighted(rows, |row, values| by_fold[folds[row]].add_row(values));
            let solved = self.solve_sums(&by_fold);
            if solved.scaled_condition < CONDITION {
                return solved;
            }
        }
        let mut by_fold = vec![Triangle::empty(width); FOLDS];
        self.each_weighted(rows, |row, values| by_fold[folds[row]].add_row(values));
        self.solve_folds(&by_fold)
    }

    /// Calls `take` with each row, its values weighted; it may use them up.
    fn each_weighted(&self, rows: &KeptRows, mut take: impl FnMut(usize, &mut [f64])) {
        let width = self.free.len() + 1;
        let mut weighted = vec![0.0; width];
        for (row, values) in rows.values.chunks_exact(width).enumerate() {
            let factor = match self.form.weighting {
                Weighting::Absolute => 1.0,
                Weighting::Relative => 1.0 / values[width - 1].abs(),
            };
            weighted.iter_mut().zip(values).for_each(|(weighted, value)| *weighted = value * factor);
            take(row, &mut weighted);
        }
    }

    fn solve_robust(&self, rows: &KeptRows, folds: &[usize]) -> Solved {
        let members =
            |keep: &dyn Fn(usize) -> bool| -> Vec<usize> { (0..folds.len()).filter(|row| keep(*row)).collect() };
        let (free, weighting) = (&self.free, self.form.weighting);
        let robust = fit_robust(rows, &members(&|_| true), free, weighting);
        let left_out = (0..FOLDS)
            .map(|fold| fit_robust(rows, &members(&|row| folds[row] != fold), free, weighting).solution.coefficients);
        let folds = left_out.collect();
        let bread = within_reach(rows, &robust, free, weighting);
        let Robust { triangle, solution, reach } = robust;
        let known = Known { coefficients: solution.coefficients.clone(), folds, weighting, reach };
        Solved { scaled_condition: triangle.condition(true), triangle, bread, solution, known }
    }
}

/// Divides rows into parts of equal size, by chance.
pub(super) fn balanced_folds(rows: usize) -> Vec<usize> {
    let mut order: Vec<f64> = (0..rows).map(|row| (row % FOLDS) as f64).collect();
    Random::new(0xf01d).shuffle(&mut order);
    order.into_iter().map(|fold| fold as usize).collect()
}

/// Finds rows whose relative errors are more than 3.5 deviations from the middle, by the median of the
/// distances (Iglewicz and Hoaglin 1993): the farthest, and how many.
fn outliers(rows: &KeptRows, width: usize, coefficients: &[f64]) -> (Vec<Outlier>, u64) {
    const FAR: f64 = 3.5;
    const ROUNDING: f64 = 1e-9;
    const SHOWN: usize = 10;
    let mut errors: Vec<(f64, Outlier)> = rows
        .values
        .chunks_exact(width)
        .zip(&rows.lines)
        .filter(|(values, _)| values[width - 1] != 0.0)
        .map(|(values, line)| {
            let target = values[width - 1];
            let prediction: f64 = values.iter().zip(coefficients).map(|(x, b)| x * b).sum();
            ((target - prediction) / target, Outlier { line: *line, target, prediction })
        })
        .collect();
    let middle = |mut values: Vec<f64>| {
        values.sort_by(f64::total_cmp);
        quantile(&values, 0.5).unwrap_or(0.0)
    };
    let centre = middle(errors.iter().map(|(error, _)| *error).collect());
    let scale = middle(errors.iter().map(|(error, _)| (error - centre).abs()).collect()) / 0.674_489_75;
    errors.retain(|(error, _)| (error - centre).abs() > (FAR * scale).max(ROUNDING) && scale > 0.0);
    errors.sort_by(|(one, _), (other, _)| (other - centre).abs().total_cmp(&(one - centre).abs()));
    let far = errors.len() as u64;
    (errors.into_iter().take(SHOWN).map(|(_, outlier)| outlier).collect(), far)
}
