//! Features that depend on each other, so that nothing tells their coefficients apart.

use super::solve::{Solution, Solver, State, Triangle};

/// A column with less than this share of another's length has no part in it.
const NO_PART: f64 = 1e-6;

/// Returns the sets of features that depend on each other, each ascending: one whose coefficient is 0 because it
/// depends on others, and those that it depends on. A feature that is 0 in all rows is a set of its own.
pub(super) fn dependent_sets(triangle: &Triangle, solution: &Solution) -> Vec<Vec<usize>> {
    let mut sets: Vec<Vec<usize>> = Vec::new();
    let all = solution.states.iter().enumerate();
    let fitted: Vec<usize> =
        all.clone().filter(|(_, state)| **state == State::Fitted).map(|(index, _)| index).collect();
    for (index, state) in all {
        if *state == State::Fitted || (*state == State::Bound && !triangle.depends(index, &fitted)) {
            continue;
        }
        let factors = Solver::default().combination(triangle, index, &fitted);
        let least = NO_PART * triangle.length(index);
        let parts = fitted.iter().zip(factors).filter(|(other, by)| by.abs() * triangle.length(**other) > least);
        let mut set: Vec<usize> = parts.map(|(other, _)| *other).chain([index]).collect();
        let (met, others) = sets.into_iter().partition(|known| known.iter().any(|one| set.contains(one)));
        sets = others;
        let met: Vec<Vec<usize>> = met;
        set.extend(met.into_iter().flatten());
        set.sort_unstable();
        set.dedup();
        sets.push(set);
    }
    sets.sort();
    sets
}
