//! A fit in which rows far off count for less: Huber's weights, found by fitting again.
//!
//! Huber 1964; the constant 1.345 keeps 95 % of the efficiency with normal errors, and the scale is the
//! median of the absolute errors (Holland and Welsch 1977). The sandwich of such a fit has Huber's psi in its
//! middle and psi's derivative, 1 within the reach and else 0, in its bread (Huber 1973, "Robust regression").

use super::group::KeptRows;
use super::quantiles::quantile;
use super::solve::{Solution, Solver, State, Triangle};
use crate::suite::Weighting;

/// Errors beyond so many deviations count for less.
const REACH: f64 = 1.345;
/// Fits, at most.
const ROUNDS: usize = 50;

/// A fit and what it took the errors for.
pub(super) struct Robust {
    /// That of the weighted rows.
    pub(super) triangle: Triangle,
    pub(super) solution: Solution,
    /// Errors beyond count for less, in the unit of weighted rows; infinite where none does.
    pub(super) reach: f64,
}

/// Fits some of the rows.
pub(super) fn fit_robust(rows: &KeptRows, members: &[usize], free: &[bool], weighting: Weighting) -> Robust {
    let base = |index: usize| base_of(rows, index, free.len() + 1, weighting);
    let mut reach = f64::INFINITY;
    let mut weights = vec![1.0; members.len()];
    let mut solver = Solver::default();
    let (mut triangle, mut solution) = solve(rows, members, &base, &weights, free, &mut solver);
    for _ in 0..ROUNDS {
        let errors: Vec<f64> =
            members.iter().map(|index| error(rows, *index, &solution.coefficients, base(*index))).collect();
        let mut sorted = errors.clone();
        sorted.sort_by(f64::total_cmp);
        let scale = quantile(&sorted, 0.5).unwrap_or(0.0) / 0.674_489_75;
        if scale <= 0.0 {
            break;
        }
        reach = REACH * scale;
        for (weight, error) in weights.iter_mut().zip(&errors) {
            *weight = (reach / error).min(1.0);
        }
        let before = solution.coefficients.clone();
        (triangle, solution) = solve(rows, members, &base, &weights, free, &mut solver);
        let moved =
            solution.coefficients.iter().zip(&before).any(|(now, then)| (now - then).abs() > 1e-10 * then.abs());
        if !moved {
            break;
        }
    }
    Robust { triangle, solution, reach }
}

/// Returns the triangle of the rows within the reach of a fit; none where they do not tell all that was fitted.
pub(super) fn within_reach(rows: &KeptRows, robust: &Robust, free: &[bool], weighting: Weighting) -> Option<Triangle> {
    let width = free.len() + 1;
    let mut triangle = Triangle::empty(free.len());
    for (index, values) in rows.values.chunks_exact(width).enumerate() {
        let base = base_of(rows, index, width, weighting);
        if error(rows, index, &robust.solution.coefficients, base) <= robust.reach {
            triangle.add_row(&mut values.iter().map(|value| value * base).collect::<Vec<f64>>());
        }
    }
    let states = robust.solution.states.iter().enumerate();
    let fitted: Vec<usize> = states.filter(|(_, state)| **state == State::Fitted).map(|(index, _)| index).collect();
    let depends = (0..fitted.len()).any(|place| triangle.depends(fitted[place], &fitted[..place]));
    (!depends).then_some(triangle)
}

/// Returns the factor of a row before its error tells.
fn base_of(rows: &KeptRows, index: usize, width: usize, weighting: Weighting) -> f64 {
    match weighting {
        Weighting::Absolute => 1.0,
        Weighting::Relative => 1.0 / rows.values[(index + 1) * width - 1].abs(),
    }
}

/// Returns the size of the error of a weighted row.
fn error(rows: &KeptRows, index: usize, coefficients: &[f64], base: f64) -> f64 {
    let row = &rows.values[index * (coefficients.len() + 1)..][..coefficients.len() + 1];
    let prediction: f64 = row.iter().zip(coefficients).map(|(x, b)| x * b).sum();
    ((row[coefficients.len()] - prediction) * base).abs()
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
