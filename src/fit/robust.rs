//! A fit in which rows far off count for less: Huber's weights, found by fitting again.
//!
//! Huber 1964; the constant 1.345 keeps 95 % of the efficiency with normal errors, and the scale is the
//! median of the absolute errors (Holland and Welsch 1977).

use super::group::KeptRows;
use super::quantiles::quantile;
use super::solve::{Solution, Solver, Triangle};
use crate::suite::Weighting;

/// Errors beyond so many deviations count for less.
const REACH: f64 = 1.345;
/// Fits, at most.
const ROUNDS: usize = 50;

/// Fits some of the rows; also returns the triangle of the weighted rows.
pub(super) fn fit_robust(
    rows: &KeptRows,
    members: &[usize],
    free: &[bool],
    weighting: Weighting,
) -> (Triangle, Solution) {
    let width = free.len() + 1;
    let row = |index: usize| &rows.values[index * width..(index + 1) * width];
    let base = |index: usize| match weighting {
        Weighting::Absolute => 1.0,
        Weighting::Relative => 1.0 / row(index)[width - 1].abs(),
    };
    let mut weights = vec![1.0; members.len()];
    let mut solver = Solver::default();
    let (mut triangle, mut solution) = solve(rows, members, &base, &weights, free, &mut solver);
    for _ in 0..ROUNDS {
        let errors: Vec<f64> = members
            .iter()
            .map(|&index| {
                let (features, target) = (&row(index)[..width - 1], row(index)[width - 1]);
                let prediction: f64 = features.iter().zip(&solution.coefficients).map(|(x, b)| x * b).sum();
                ((target - prediction) * base(index)).abs()
            })
            .collect();
        let mut sorted = errors.clone();
        sorted.sort_by(f64::total_cmp);
        let scale = quantile(&sorted, 0.5).unwrap_or(0.0) / 0.674_489_75;
        if scale <= 0.0 {
            break;
        }
        for (weight, error) in weights.iter_mut().zip(&errors) {
            *weight = (REACH * scale / error).min(1.0);
        }
        let before = solution.coefficients.clone();
        (triangle, solution) = solve(rows, members, &base, &weights, free, &mut solver);
        let moved =
            solution.coefficients.iter().zip(&before).any(|(now, then)| (now - then).abs() > 1e-10 * then.abs());
        if !moved {
            break;
        }
    }
    (triangle, solution)
}

fn solve(
    rows: &KeptRows,
    members: &[usize],
    base: &dyn Fn(usize) -> f64,
    weights: &[f64],
    free: &[bool],
    solver: &mut Solver,
) -> (Triangle, Solution) {
    let width = free.len() + 1;
    let mut triangle = Triangle::empty(free.len());
    let mut row = vec![0.0; width];
    for (index, weight) in members.iter().zip(weights) {
        let factor = base(*index) * weight.sqrt();
        for (value, original) in row.iter_mut().zip(&rows.values[index * width..(index + 1) * width]) {
            *value = original * factor;
        }
        triangle.add_row(&mut row);
    }
    let solution = solver.solve(&triangle, free);
    (triangle, solution)
}
