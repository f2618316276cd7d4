//! Rows that pull a fit over to themselves: what it would be without them.
//!
//! Suspects are the rows with the largest Cook's distance (Cook 1977) where the rows are in memory, else those with
//! the largest weighted errors. They are left out one after the other, the one first that takes most of the squared
//! errors with it, by taking its products out of the triangle; no row is read again.

use super::fitted::{FittedModel, Outlier};
use super::fitting::{Solved, Task};
use super::group::KeptRows;
use super::sample::{Sample, SampledRow};
use super::solve::{Solution, Solver, State, Triangle};
use crate::stats::t_quantile;
use crate::suite::Weighting;

/// Rows that are suspected, at most.
const MOST: usize = 4;
/// Rows that are left out together, at most ...
const LEFT_OUT: usize = 3;
/// ... and of so many rows one: a few that are left lie on a line by rounding alone.
const OF_ROWS: u64 = 8;
/// Rows beyond the coefficients that are left, at least.
const FREEDOM: u64 = 3;
/// The chance that any row of normal errors is as far from a fit without it as one must be.
const CHANCE: f64 = 1e-3;
/// What is left of the mean squared error without the rows, at most.
const REMAINS: f64 = 0.25;
/// Rows that take less of the squared errors with them, one by one, are not looked at any further.
const WORTH: f64 = 0.25;
/// The mean error of the other rows falls by this share at least ...
const FALLS: f64 = 0.5;
/// ... and by so much of their targets.
const GAIN: f64 = 0.01;

/// The rows with the highest scores, the highest first.
#[derive(Debug, Clone, Default)]
pub(super) struct Suspects {
    /// Score, line, features and then target.
    rows: Vec<(f64, u64, Vec<f64>)>,
}

impl Suspects {
    /// The score that a row must exceed.
    fn least(&self) -> f64 {
        self.rows.get(MOST - 1).map_or(f64::NEG_INFINITY, |(score, ..)| *score)
    }

    /// Offers a row; `values` makes its features and target.
    #[inline]
    pub(super) fn offer(&mut self, score: f64, line: u64, values: impl FnOnce() -> Vec<f64>) {
        if score > self.least() {
            self.note(score, line, values());
        }
    }

    /// Offers rows by the sizes of their scores; `values` makes features and target of one.
    pub(super) fn offer_all(&mut self, scores: &[f64], lines: &[u64], values: impl Fn(usize) -> Vec<f64>) {
        let mut least = self.least();
        // Nearly always none is, which this tells without a branch for each.
        if scores.iter().map(|score| u32::from(score.abs() > least)).sum::<u32>() == 0 {
            return;
        }
        // Most that are above at first are not among the highest in the end.
        let mut highest: Vec<(f64, usize)> = Vec::with_capacity(MOST + 1);
        for (row, score) in scores.iter().enumerate() {
            let score = score.abs();
            if score > least {
                let place = highest.partition_point(|(known, _)| *known >= score);
                highest.insert(place, (score, row));
                highest.truncate(MOST);
                least = highest.get(MOST - 1).map_or(least, |(score, _)| *score);
            }
        }
        // Of equal ones the first stays first.
        highest.into_iter().for_each(|(score, row)| self.offer(score, lines[row], || values(row)));
    }

    fn note(&mut self, score: f64, line: u64, values: Vec<f64>) {
        let place = self.rows.partition_point(|(known, ..)| *known >= score);
        self.rows.insert(place, (score, line, values));
        self.rows.truncate(MOST);
    }

    /// Adds those of other rows.
    pub(super) fn merge(&mut self, other: Suspects) {
        for (score, line, values) in other.rows {
            self.offer(score, line, || values);
        }
    }

    #[cfg(test)]
    pub(super) fn lines(&self) -> Vec<u64> {
        self.rows.iter().map(|(_, line, _)| *line).collect()
    }
}

/// Rows that alone move a fit.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Influence {
    /// These rows, by their lines, and what the fit with them predicts.
    pub(super) rows: Vec<Outlier>,
    /// The coefficient whose part of the predictions moves most, by its place.
    pub(super) coefficient: usize,
    /// Its value with these rows.
    pub(super) with: f64,
    /// Its value without them.
    pub(super) without: f64,
    /// The mean error of the other rows, as a share of their targets.
    pub(super) error: f64,
    /// That of the fit without these rows.
    pub(super) error_without: f64,
}

/// A fit without some rows.
struct Left {
    triangle: Triangle,
    solution: Solution,
    squares: f64,
}

impl Left {
    fn of(triangle: Triangle, free: &[bool], noise: f64) -> Left {
        let solution = Solver::default().solve(&triangle, free);
        let squares = triangle.squares_left(&solution.coefficients).max(noise);
        Left { triangle, solution, squares }
    }

    fn fitted(&self) -> Vec<usize> {
        fitted(&self.solution)
    }
}

fn fitted(solution: &Solution) -> Vec<usize> {
    (0..solution.states.len()).filter(|index| solution.states[*index] == State::Fitted).collect()
}

impl Task<'_> {
    /// Returns the rows of a group in memory that have the largest Cook's distance.
    pub(super) fn suspects_of(&self, rows: &KeptRows, solved: &Solved) -> Suspects {
        let mut suspects = Suspects::default();
        if self.form.robust {
            return suspects;
        }
        let Solved { triangle, solution, .. } = solved;
        let columns = fitted(solution);
        let inverse = triangle.inverse(&columns);
        for (values, line) in rows.iter() {
            let weighted = self.weighted(values);
            let lever = leverage(&inverse, &columns, &weighted).min(1.0 - 1e-12);
            let distance = (error(&weighted, &solution.coefficients) / (1.0 - lever)).powi(2) * lever;
            suspects.offer(distance, line, || values.to_vec());
        }
        suspects
    }

    /// Looks for rows that alone move a fit: none where errors of the others explain how far they are off.
    pub(super) fn influence(&self, suspects: &Suspects, model: &FittedModel, solved: &Solved) -> Option<Influence> {
        if self.form.robust {
            return None;
        }
        let Solved { triangle, solution, .. } = solved;
        let before = triangle.squares_left(&solution.coefficients);
        let freedom = model.rows.checked_sub(fitted(solution).len() as u64).filter(|freedom| *freedom > 0)?;
        // What is taken out leaves as many digits.
        let noise = 1e-15 * triangle.target_squares();
        let mut others: Vec<(u64, Vec<f64>)> =
            suspects.rows.iter().map(|(_, line, values)| (*line, self.weighted(values))).collect();
        if self.takes(&others, solved) < WORTH * before {
            return None;
        }
        let mut out: Vec<(u64, Vec<f64>)> = Vec::new();
        let mut left: Option<Left> = None;
        let mut told = None;
        let mut most = REMAINS * before / freedom as f64;
        let most_out = LEFT_OUT.min((model.rows / OF_ROWS).max(1) as usize);
        while out.len() < most_out && !others.is_empty() {
            let whole = left.as_ref().map_or(triangle, |left| &left.triangle);
            let tried = others.iter().map(|(_, row)| Left::of(whole.without(row), &self.free, noise));
            let (place, best) =
                tried.enumerate().min_by(|(_, one), (_, other)| one.squares.total_cmp(&other.squares))?;
            out.push(others.remove(place));
            let remaining = model.rows.checked_sub((out.len() + best.fitted().len()) as u64);
            let Some(remaining) = remaining.filter(|remaining| *remaining >= FREEDOM) else { break };
            let variance = best.squares / remaining as f64;
            if variance <= most
                && self.are_far(&out, &best, variance, remaining, model.rows)
                && self.moves(&best, solution, variance)
            {
                // A further row must do as much again.
                most = REMAINS * variance;
                told = self.told((&out, suspects), &best, solution, &model.sample);
            }
            left = Some(best);
        }
        told
    }

    /// Returns the squared errors that rows take with them where each is left out alone.
    fn takes(&self, rows: &[(u64, Vec<f64>)], solved: &Solved) -> f64 {
        let columns = fitted(&solved.solution);
        let inverse = solved.triangle.inverse(&columns);
        let one = |(_, row): &(u64, Vec<f64>)| {
            let lever = leverage(&inverse, &columns, row).min(1.0 - 1e-12);
            error(row, &solved.solution.coefficients).powi(2) / (1.0 - lever)
        };
        rows.iter().map(one).sum()
    }

    /// Tells whether each of some rows is farther from the fit without them than any by chance.
    fn are_far(&self, out: &[(u64, Vec<f64>)], left: &Left, variance: f64, freedom: u64, rows: u64) -> bool {
        let reach = t_quantile(1.0 - CHANCE / (2.0 * rows as f64), freedom as f64);
        let columns = left.fitted();
        let inverse = left.triangle.inverse(&columns);
        out.iter().all(|(_, row)| {
            let deviation = (variance * (1.0 + leverage(&inverse, &columns, row))).sqrt();
            error(row, &left.solution.coefficients).abs() > reach * deviation
        })
    }

    /// Tells whether predictions move by more than errors of the other rows let them vary: Cook's distance is above
    /// 1, with the errors of the other rows as the scale.
    fn moves(&self, left: &Left, solution: &Solution, variance: f64) -> bool {
        let pairs = solution.coefficients.iter().zip(&left.solution.coefficients);
        let moved: Vec<f64> = pairs.map(|(with, without)| with - without).collect();
        left.triangle.squares_of(&moved) > left.fitted().len().max(1) as f64 * variance
    }

    fn told(
        &self,
        (out, suspects): (&[(u64, Vec<f64>)], &Suspects),
        left: &Left,
        solution: &Solution,
        sample: &Sample,
    ) -> Option<Influence> {
        let is_out = |line: u64| out.iter().any(|(known, _)| *known == line);
        let others: Vec<SampledRow<'_>> = sample.iter().filter(|row| row.target != 0.0 && !is_out(row.line)).collect();
        let mean_error = |coefficients: &[f64]| {
            let share = |row: &SampledRow<'_>| {
                let prediction: f64 = row.features.iter().zip(coefficients).map(|(x, b)| x * b).sum();
                ((row.target - prediction) / row.target).abs()
            };
            others.iter().map(share).sum::<f64>() / others.len() as f64
        };
        let (all, without) = (&solution.coefficients, &left.solution.coefficients);
        let (error, error_without) = (mean_error(all), mean_error(without));
        if others.is_empty() || error_without > FALLS * error || error - error_without < GAIN {
            return None;
        }
        let prediction = |values: &[f64]| values.iter().zip(all).map(|(x, b)| x * b).sum::<f64>();
        let outlier = |(_, line, values): &(f64, u64, Vec<f64>)| Outlier {
            line: *line,
            target: values[all.len()],
            prediction: prediction(&values[..all.len()]),
        };
        let mut rows: Vec<Outlier> = suspects.rows.iter().filter(|(_, line, _)| is_out(*line)).map(outlier).collect();
        rows.sort_unstable_by_key(|row| row.line);
        let moved = |index: &usize| (all[*index] - without[*index]).abs() * left.triangle.length(*index);
        let coefficient = (0..all.len()).max_by(|one, other| moved(one).total_cmp(&moved(other)))?;
        let (with, without) = (all[coefficient], without[coefficient]);
        Some(Influence { rows, coefficient, with, without, error, error_without })
    }

    /// Returns features and target as they are added up.
    fn weighted(&self, values: &[f64]) -> Vec<f64> {
        let factor = match self.form.weighting {
            Weighting::Absolute => 1.0,
            Weighting::Relative => 1.0 / values[values.len() - 1].abs(),
        };
        values.iter().map(|value| value * factor).collect()
    }
}

/// Returns how far a row's prediction follows its own target.
fn leverage(inverse: &[Vec<f64>], columns: &[usize], row: &[f64]) -> f64 {
    let product = |(index, products): (usize, &Vec<f64>)| {
        let sum: f64 = products.iter().zip(columns).map(|(product, column)| product * row[*column]).sum();
        sum * row[columns[index]]
    };
    inverse.iter().enumerate().map(product).sum()
}

/// Returns the error of a row, its features and then its target.
fn error(row: &[f64], coefficients: &[f64]) -> f64 {
    let prediction: f64 = row.iter().zip(coefficients).map(|(x, b)| x * b).sum();
    row[coefficients.len()] - prediction
}
