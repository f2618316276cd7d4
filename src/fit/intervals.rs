//! Intervals for coefficients: by drawing rows again, or by the sandwich.
//!
//! The bootstrap draws pairs of target and features (Efron and Tibshirani, "An Introduction to the
//! Bootstrap", chapters 9 and 13: percentile intervals). The sandwich takes each row's own error for its
//! variance (White 1980), with the correction n/(n-k); it knows nothing of the bound at 0. That
//! of a coefficient at 0 is of what it would be without the bound, beside those that are not at 0, cut at 0.

use super::group::KeptRows;
use super::quantiles::quantile;
use super::robust::fit_robust;
use super::solve::{Moments, Solution, Solver, State, Triangle};
use crate::stats::{Random, t_quantile};
use crate::suite::Weighting;
use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

/// The share of intervals that hold the true value.
const LEVEL: f64 = 0.95;

/// How rows that were drawn again are fitted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Refit {
    /// By sums of products, which is quick.
    Sums,
    /// By rotations, for features that are close to each other.
    Rotations,
    /// Rows far off count for less.
    Robust,
}

/// Returns an interval for each coefficient out of fits to rows drawn again.
pub(super) fn bootstrap(
    rows: &KeptRows,
    free: &[bool],
    weighting: Weighting,
    resamples: u32,
    refit: Refit,
) -> Vec<(f64, f64)> {
    let width = free.len() + 1;
    let weighted: Vec<f64> = match weighting {
        Weighting::Absolute => rows.values.clone(),
        Weighting::Relative => rows
            .values
            .chunks_exact(width)
            .flat_map(|row| row.iter().map(|value| value / row[width - 1].abs()))
            .collect(),
    };
    let count = rows.lines.len();
    let mut random = Random::new(0x5eed);
    let mut solver = Solver::default();
    let mut draws: Vec<Vec<f64>> = vec![Vec::with_capacity(resamples as usize); free.len()];
    let mut moments = Moments::new(free.len());
    let mut members = vec![0; count];
    for _ in 0..resamples {
        members.fill_with(|| random.below(count));
        let drawn = members.iter().map(|row| &weighted[row * width..(row + 1) * width]);
        let solution = match refit {
            Refit::Sums => {
                moments.clear();
                drawn.for_each(|row| moments.add_row(row));
                solver.solve(&Triangle::of_moments(&moments), free)
            }
            Refit::Rotations => {
                let mut triangle = Triangle::empty(free.len());
                let mut rotated = vec![0.0; width];
                drawn.for_each(|row| {
                    rotated.copy_from_slice(row);
                    triangle.add_row(&mut rotated);
                });
                solver.solve(&triangle, free)
            }
            Refit::Robust => fit_robust(rows, &members, free, weighting).solution,
        };
        draws.iter_mut().zip(&solution.coefficients).for_each(|(draws, value)| draws.push(*value));
    }
    let ends = |mut draws: Vec<f64>| {
        draws.sort_by(f64::total_cmp);
        let at = |share: f64| quantile(&draws, share).unwrap_or(f64::NAN);
        (at((1.0 - LEVEL) / 2.0), at((1.0 + LEVEL) / 2.0))
    };
    draws.into_iter().map(ends).collect()
}

/// Returns the covariance of the coefficients by the sandwich; 0 where a coefficient is not fitted.
pub(super) fn covariance(triangle: &Triangle, solution: &Solution, middle: &[f64], rows: u64) -> Vec<Vec<f64>> {
    let size = solution.states.len();
    let fitted: Vec<usize> = (0..size).filter(|index| solution.states[*index] == State::Fitted).collect();
    let mut all = vec![vec![0.0; size]; size];
    let freedom = rows.saturating_sub(fitted.len() as u64);
    if freedom == 0 {
        return all;
    }
    let bread = triangle.inverse(&fitted);
    let at = |one: usize, other: usize| {
        let (row, column) = if one <= other { (one, other) } else { (other, one) };
        middle[row * size - row * row.saturating_sub(1) / 2 + column - row]
    };
    let correction = rows as f64 / freedom as f64;
    let count = fitted.len();
    for one in 0..count {
        for other in 0..count {
            let mut sum = 0.0;
            for left in 0..count {
                for right in 0..count {
                    sum += bread[one][left] * at(fitted[left], fitted[right]) * bread[right][other];
                }
            }
            all[fitted[one]][fitted[other]] = sum * correction;
        }
    }
    all
}

/// How many deviations intervals reach, by degrees of freedom, which many groups share.
#[derive(Debug, Default)]
pub(super) struct Reaches {
    known: Mutex<HashMap<u64, f64>>,
}

impl Reaches {
    fn of(&self, freedom: u64) -> f64 {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        *known.entry(freedom).or_insert_with(|| t_quantile((1.0 + LEVEL) / 2.0, freedom as f64))
    }
}

/// What the sandwich is made of.
pub(super) struct Bread<'a> {
    pub(super) triangle: &'a Triangle,
    /// The triangle of the rows that count in full.
    pub(super) in_full: &'a Triangle,
    pub(super) solution: &'a Solution,
    /// The sums of products of the features by squared errors.
    pub(super) middle: &'a [f64],
    pub(super) rows: u64,
}

/// Returns an interval for each coefficient out of their covariance; that of one that depends on others is 0.
pub(super) fn sandwich(
    bread: &Bread<'_>,
    covariance: &[Vec<f64>],
    free: &[bool],
    reaches: &Reaches,
) -> Vec<(f64, f64)> {
    let Bread { solution, rows, .. } = bread;
    let fitted = solution.states.iter().filter(|state| **state == State::Fitted).count() as u64;
    let reach = reaches.of(rows.saturating_sub(fitted));
    let coefficients = solution.coefficients.iter().enumerate();
    coefficients
        .map(|(index, value)| {
            if matches!(solution.states[index], State::Bound) {
                return (0.0, bread.upper_end(index, reach));
            }
            let half = match covariance[index][index].sqrt() {
                0.0 => 0.0,
                deviation => reach * deviation,
            };
            let low = if free[index] { value - half } else { (value - half).max(0.0) };
            (low, value + half)
        })
        .collect()
}

impl Bread<'_> {
    /// Returns the upper end of a coefficient that is kept at 0.
    fn upper_end(&self, index: usize, reach: f64) -> f64 {
        let Bread { triangle, in_full, solution, middle, rows } = self;
        let others: Vec<usize> =
            (0..solution.states.len()).filter(|other| solution.states[*other] == State::Fitted).collect();
        if triangle.depends(index, &others) {
            return 0.0;
        }
        let mut beside = Solution { states: solution.states.clone(), coefficients: solution.coefficients.clone() };
        beside.states[index] = State::Fitted;
        let variance = covariance(in_full, &beside, middle, *rows)[index][index];
        (triangle.coefficient_beside(index, &others) + reach * variance.sqrt()).max(0.0)
    }
}
