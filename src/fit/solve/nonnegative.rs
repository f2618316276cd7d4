//! Least squares with coefficients that are not negative, but for those that may be.
//!
//! Lawson and Hanson, "Solving Least Squares Problems", chapter 23: the active-set method, here on the
//! small triangle, whose gradient is that of the large problem. Where columns depend on each other the
//! one with the largest gradient comes first, as in other implementations.

use super::triangle::Triangle;

/// The coefficients of a fit.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::fit) struct Solution {
    /// One for each feature.
    pub(in crate::fit) coefficients: Vec<f64>,
    /// What became of each feature.
    pub(in crate::fit) states: Vec<State>,
}

/// What became of a feature.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::fit) enum State {
    /// It has a coefficient.
    Fitted,
    /// The best coefficient would be negative: it is 0.
    Bound,
    /// It depends on the others: it is 0.
    Dependent,
}

/// A feature whose direction, beside those that are chosen, has less than this share of the target makes no difference.
const NEGLIGIBLE: f64 = 1e-11;
/// Gradients below this share of the feature's length and the target may be rounding, for each feature.
const ROUNDING: f64 = 1e-15;
/// A column that keeps less than this share of its length beside those before it is close to them, in sums of products.
const CLOSE: f64 = 1e-3;
/// The same in rows that were rotated.
const CLOSE_ROTATED: f64 = 1e-8;
/// A part of the predictions that is less than this share of the target may be none.
const SMALL: f64 = 1e-6;

/// Memory that solutions of one size share.
#[derive(Debug, Default)]
pub(in crate::fit) struct Solver {
    columns: Vec<f64>,
    right: Vec<f64>,
    chosen: Vec<usize>,
    trial: Vec<f64>,
}

impl Solver {
    /// Solves; `free` says which coefficients may be negative.
    pub(in crate::fit) fn solve(&mut self, triangle: &Triangle, free: &[bool]) -> Solution {
        let size = triangle.size;
        if let Some(coefficients) = unbound(triangle, free) {
            return Solution { coefficients, states: vec![State::Fitted; size] };
        }
        let mut coefficients = vec![0.0; size];
        let mut states = vec![State::Bound; size];
        self.chosen.clear();
        for index in (0..size).filter(|index| free[*index]) {
            self.chosen.push(index);
            states[index] = State::Fitted;
            if !self.subset(triangle) {
                self.chosen.pop();
                states[index] = State::Dependent;
            }
        }
        if !self.chosen.is_empty() && self.subset(triangle) {
            self.keep(&mut coefficients);
        }
        let target = (triangle.right.iter().map(|z| z * z).sum::<f64>() + triangle.rest).sqrt();
        for _ in 0..4 * size + 4 {
            let gradient = gradient(triangle, &coefficients);
            let best = (0..size)
                .filter(|index| states[*index] == State::Bound && !free[*index])
                .filter(|index| gradient[*index] > self.least_gradient(triangle, *index) * target)
                .max_by(|one, other| gradient[*one].total_cmp(&gradient[*other]));
            let Some(best) = best else { break };
            self.chosen.push(best);
            if !self.subset(triangle) {
                self.chosen.pop();
                states[best] = State::Dependent;
                continue;
            }
            states[best] = State::Fitted;
            self.restore_signs(triangle, free, &mut coefficients, &mut states);
        }
        Solution { coefficients, states }
    }

    /// Returns the factors by which some columns, which are independent, add up to another as nearly as they can.
    pub(in crate::fit) fn combination(&mut self, triangle: &Triangle, index: usize, columns: &[usize]) -> Vec<f64> {
        let aim = Triangle { right: triangle.column(index).collect(), rest: 0.0, ..triangle.clone() };
        self.chosen.clear();
        self.chosen.extend_from_slice(columns);
        if self.subset(&aim) { self.trial.clone() } else { vec![0.0; columns.len()] }
    }

    /// Takes features out until no coefficient has the wrong sign.
    fn restore_signs(&mut self, triangle: &Triangle, free: &[bool], coefficients: &mut [f64], states: &mut [State]) {
        loop {
            let mut step = 1.0f64;
            for (index, trial) in self.chosen.iter().zip(&self.trial) {
                if !free[*index] && *trial <= 0.0 {
                    let now = coefficients[*index];
                    step = step.min(if now > *trial { now / (now - trial) } else { 0.0 });
                }
            }
            if step >= 1.0 {
                coefficients.fill(0.0);
                self.keep(coefficients);
                return;
            }
            for (index, trial) in self.chosen.iter().zip(&self.trial) {
                coefficients[*index] += step * (trial - coefficients[*index]);
            }
            let trial = &self.trial;
            let mut place = 0;
            self.chosen.retain(|index| {
                let leaves = !free[*index] && trial[place] <= 0.0 && coefficients[*index] <= 1e-12 * trial[place].abs();
                place += 1;
                if leaves {
                    coefficients[*index] = 0.0;
                    states[*index] = State::Bound;
                }
                !leaves
            });
            if self.chosen.is_empty() || !self.subset(triangle) {
                coefficients.fill(0.0);
                return;
            }
        }
    }

    /// Returns what a gradient must exceed to tell that a feature is wanted, as a share of the target.
    fn least_gradient(&self, triangle: &Triangle, index: usize) -> f64 {
        let length = triangle.length(index);
        if !triangle.is_rotated() {
            return NEGLIGIBLE * length;
        }
        // Of a feature that is nearly parallel to those chosen, the gradient is small by both: what is new in it, and
        // what is left of the target in that direction.
        let new = triangle.length_beside(index, &self.chosen);
        (NEGLIGIBLE * new).max(ROUNDING * triangle.size as f64 * length)
    }

    fn keep(&self, coefficients: &mut [f64]) {
        self.chosen.iter().zip(&self.trial).for_each(|(index, trial)| coefficients[*index] = *trial);
    }

    /// Solves for the chosen columns by Householder reflections; false if the last depends on the others.
    fn subset(&mut self, triangle: &Triangle) -> bool {
        let (size, count) = (triangle.size, self.chosen.len());
        self.columns.clear();
        for index in &self.chosen {
            self.columns.extend(triangle.column(*index));
        }
        self.right.clear();
        self.right.extend_from_slice(&triangle.right);
        for step in 0..count {
            let whole = triangle.length(self.chosen[step]);
            let column = &self.columns[step * size + step..(step + 1) * size];
            let length = column.iter().map(|value| value * value).sum::<f64>().sqrt();
            if length <= whole * triangle.resolution || length == 0.0 {
                return false;
            }
            let pivot = -length.copysign(column[0]);
            let mut reflector = column.to_vec();
            reflector[0] -= pivot;
            let norm: f64 = reflector.iter().map(|value| value * value).sum();
            for other in step..count {
                reflect(&reflector, norm, &mut self.columns[other * size + step..(other + 1) * size]);
            }
            reflect(&reflector, norm, &mut self.right[step..]);
        }
        self.trial.clear();
        self.trial.resize(count, 0.0);
        for row in (0..count).rev() {
            let known: f64 =
                (row + 1..count).map(|column| self.columns[column * size + row] * self.trial[column]).sum();
            self.trial[row] = (self.right[row] - known) / self.columns[row * size + row];
        }
        true
    }
}

/// Returns the solution without bounds where it keeps them all by far, and no column is close to the others: it is that
/// with bounds, too.
fn unbound(triangle: &Triangle, free: &[bool]) -> Option<Vec<f64>> {
    let size = triangle.size;
    let target = triangle.target_squares().sqrt();
    let close = if triangle.is_rotated() { CLOSE_ROTATED } else { CLOSE };
    let mut coefficients = vec![0.0; size];
    for row in (0..size).rev() {
        let values = &triangle.factor[row * size..(row + 1) * size];
        let length = triangle.length(row);
        if values[row].abs() <= close * length {
            return None;
        }
        let known: f64 = values[row + 1..].iter().zip(&coefficients[row + 1..]).map(|(value, b)| value * b).sum();
        let coefficient = (triangle.right[row] - known) / values[row];
        if !free[row] && coefficient * length <= SMALL * target {
            return None;
        }
        coefficients[row] = coefficient;
    }
    Some(coefficients)
}

fn reflect(reflector: &[f64], norm: f64, values: &mut [f64]) {
    let inner: f64 = reflector.iter().zip(values.iter()).map(|(one, other)| one * other).sum();
    let factor = 2.0 * inner / norm;
    values.iter_mut().zip(reflector).for_each(|(value, part)| *value -= factor * part);
}

/// Returns `R'(z - R b)`.
fn gradient(triangle: &Triangle, coefficients: &[f64]) -> Vec<f64> {
    let size = triangle.size;
    let residual: Vec<f64> = (0..size)
        .map(|row| {
            let values = &triangle.factor[row * size..(row + 1) * size];
            triangle.right[row] - values.iter().zip(coefficients).map(|(value, b)| value * b).sum::<f64>()
        })
        .collect();
    (0..size).map(|index| triangle.column(index).zip(&residual).map(|(value, r)| value * r).sum()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::Random;
    use proptest::prelude::*;

    fn solve(rows: &[Vec<f64>], free: &[bool]) -> Solution {
        let mut triangle = Triangle::empty(free.len());
        rows.iter().for_each(|row| triangle.add_row(&mut row.clone()));
        Solver::default().solve(&triangle, free)
    }

    #[test]
    fn by_hand() {
        let check = |rows: &[[f64; 3]], free: [bool; 2], expected: [f64; 2], states: [State; 2]| {
            let rows: Vec<Vec<f64>> = rows.iter().map(|row| row.to_vec()).collect();
            let found = solve(&rows, &free);
            let close =
                found.coefficients.iter().zip(expected).all(|(found, expected)| (found - expected).abs() < 1e-12);
            assert!(close && found.states == states, "{rows:?}: {found:?}");
        };
        use State::{Bound, Dependent, Fitted};
        let exact = [[1.0, 0.0, 2.0], [0.0, 1.0, 3.0], [1.0, 1.0, 5.0]];
        check(&exact, [false, false], [2.0, 3.0], [Fitted, Fitted]);
        let negative = [[1.0, 0.0, 2.0], [0.0, 1.0, -3.0], [0.0, 0.0, 0.0]];
        check(&negative, [false, false], [2.0, 0.0], [Fitted, Bound]);
        check(&negative, [false, true], [2.0, -3.0], [Fitted, Fitted]);
        let dependent = [[1.0, 3.0, 6.0], [2.0, 6.0, 12.0], [4.0, 12.0, 24.0]];
        check(&dependent, [false, false], [0.0, 2.0], [Bound, Fitted]);
        check(&dependent, [true, true], [6.0, 0.0], [Fitted, Dependent]);
        check(&[[0.0, 1.0, 2.0], [0.0, 1.0, 4.0]], [false, false], [0.0, 3.0], [Bound, Fitted]);
        check(&[[1.0, 1.0, -1.0], [1.0, 2.0, -2.0]], [false, false], [0.0, 0.0], [Bound, Bound]);
    }

    #[test]
    fn features_that_are_nearly_parallel() {
        let mut random = Random::new(8);
        for share in [1e-3, 1e-4, 1e-5, 1e-6, 1e-7] {
            for (free, sign) in [(false, 1.0), (true, 1.0), (true, -1.0)] {
                let rows = (0..200).map(|_| {
                    let x = 1.0 + 9.0 * random.unit();
                    let z = x * (1.0 + share * random.normal());
                    vec![x, z, 1.0, 3.0 * x + sign * 4.0 * z + 0.5]
                });
                let found = solve(&rows.collect::<Vec<_>>(), &[false, free, false]);
                let expected = [3.0, sign * 4.0, 0.5];
                let off = found.coefficients.iter().zip(expected).map(|(found, expected)| (found - expected).abs());
                assert!(off.fold(0.0, f64::max) < 1e-13 / share, "{share} {free} {found:?}");
            }
            // One of the two has a bound: what is best without it comes before.
            let rows = (0..200).map(|_| {
                let x = 1.0 + 9.0 * random.unit();
                let z = x * (1.0 + share * random.normal());
                vec![x, z, 1.0, 7.0 * x - 4.0 * z + 0.5]
            });
            let found = solve(&rows.collect::<Vec<_>>(), &[false; 3]);
            assert_eq!(found.states, [State::Fitted, State::Bound, State::Fitted], "{share} {found:?}");
        }
    }

    proptest! {
        /// The conditions of Karush, Kuhn and Tucker: no coefficient is negative, no gradient positive
        /// where it is 0, and all are 0 where it is not.
        #[test]
        fn solutions_are_optimal(seed in any::<u64>(), size in 1usize..6, extra in 0usize..20) {
            let mut random = Random::new(seed);
            let mut triangle = Triangle::empty(size);
            for _ in 0..size + extra {
                let mut row: Vec<f64> = (0..=size).map(|_| random.normal()).collect();
                row[size] += row[..size].iter().sum::<f64>() * 0.3;
                triangle.add_row(&mut row);
            }
            let found = Solver::default().solve(&triangle, &vec![false; size]);
            let gradient = gradient(&triangle, &found.coefficients);
            for index in 0..size {
                let b = found.coefficients[index];
                prop_assert!(b >= 0.0);
                if b > 0.0 {
                    prop_assert!(gradient[index].abs() < 1e-8, "{found:?} {gradient:?}");
                } else {
                    prop_assert!(gradient[index] < 1e-8, "{found:?} {gradient:?}");
                }
            }
        }
    }
}
