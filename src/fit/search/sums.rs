//! Sums of candidate terms: the one term that helps most is added to each of the best sums so far, and rows that were
//! left out say how much it helps. Then terms of the best are taken out again, and others tried in their place.

use super::terms::Term;
use crate::fit::FOLDS;
use crate::fit::kept::balanced_folds;
use crate::fit::solve::{Moments, Solver, Triangle};
use crate::stats::Random;
use std::collections::{BTreeMap, BTreeSet};

/// Terms of a sum, at most.
const MOST_TERMS: usize = 4;
/// Sums that are built upon.
const BEAM: usize = 6;
/// Sums of each length that are chosen from.
const KEPT: usize = 24;
/// How often terms of the best sums are exchanged, at most.
const EXCHANGES: usize = 3;
/// Sums whose terms are exchanged.
const EXCHANGED: usize = 3;
/// How often rows are divided anew.
const DIVISIONS: usize = 5;
/// A term must take off this share of the error.
const WORTH: f64 = 0.02;
/// Terms that are tried beside a sum.
const PROMISING: usize = 300;
/// An error at which nothing is left to explain.
pub(super) const PERFECT: f64 = 1e-9;

/// A sum of candidates.
#[derive(Debug, Clone)]
pub(super) struct Sum {
    /// The places of its terms, ascending.
    pub(super) terms: Vec<usize>,
    /// The mean error of rows that were left out, in the first division.
    error: f64,
}

/// The candidates' values over the rows, each row divided by its target.
pub(super) struct Values {
    columns: Vec<Vec<f64>>,
    /// 1, or -1 where the target is negative.
    targets: Vec<f64>,
    /// The fold of each row, in several divisions.
    divisions: Vec<Vec<usize>>,
}

/// Keeps the first of terms that have the same values, and those that are finite; returns also where each term is
/// among those that are kept. The last value of a row is its target.
pub(super) fn distinct(terms: Vec<Term>, rows: &[&[f64]]) -> (Vec<Term>, Values, Vec<Option<usize>>) {
    let mut places = Vec::new();
    let mut kept = Vec::new();
    let mut columns: Vec<Vec<f64>> = Vec::new();
    let mut seen: BTreeMap<Vec<u32>, usize> = BTreeMap::new();
    for term in terms {
        let column: Vec<f64> = rows.iter().map(|row| term.value(row) / row[row.len() - 1].abs()).collect();
        let length = column.iter().map(|value| value * value).sum::<f64>().sqrt();
        if !length.is_finite() || length == 0.0 {
            places.push(None);
            continue;
        }
        let shape: Vec<u32> = column.iter().map(|value| ((value / length) as f32).to_bits()).collect();
        let place = *seen.entry(shape).or_insert(kept.len());
        places.push(Some(place));
        if place == kept.len() {
            kept.push(term);
            columns.push(column);
        }
    }
    let targets = rows.iter().map(|row| row[row.len() - 1].signum()).collect();
    (kept, Values { divisions: divisions(rows.len()), columns, targets }, places)
}

/// Divides rows into parts of equal size, by chance, several times.
fn divisions(rows: usize) -> Vec<Vec<usize>> {
    let mut random = Random::new(0xd1f1);
    let mut order: Vec<f64> = balanced_folds(rows).into_iter().map(|fold| fold as f64).collect();
    let mut divisions = Vec::new();
    for _ in 0..DIVISIONS {
        divisions.push(order.iter().map(|fold| *fold as usize).collect());
        random.shuffle(&mut order);
    }
    divisions
}

/// Returns the best sums of each length, and `declared` among them, in no order.
pub(super) fn best_sums(declared: Option<&Sum>, values: &Values) -> Vec<Sum> {
    let mut best: Vec<Sum> = declared.into_iter().cloned().collect();
    let mut beam = vec![Sum { terms: Vec::new(), error: f64::INFINITY }];
    for length in 0..MOST_TERMS {
        beam.extend(declared.into_iter().filter(|sum| sum.terms.len() == length).cloned());
        let next = longer(&beam, values);
        if next.is_empty() {
            break;
        }
        best.extend(next.iter().cloned());
        let perfect = next.iter().any(|sum| sum.error <= PERFECT);
        beam = next;
        beam.truncate(BEAM);
        if perfect {
            break;
        }
    }
    unique(&mut best);
    let mut tried = BTreeSet::new();
    for _ in 0..EXCHANGES {
        let mut shorter = shorter(&best, values);
        shorter.retain(|sum| tried.insert(sum.terms.clone()));
        if shorter.is_empty() || best.iter().any(|sum| sum.error <= PERFECT) {
            break;
        }
        best.extend(longer(&shorter, values));
        best.extend(shorter);
        unique(&mut best);
    }
    best
}

/// Leaves each sum once, in the order of their terms.
fn unique(sums: &mut Vec<Sum>) {
    sums.sort_by(|one, other| one.terms.cmp(&other.terms));
    sums.dedup_by(|one, other| one.terms == other.terms);
}

/// Returns the best sums, each without one of its terms: what was added first may be needless, or the wrong one, once
/// others are there.
fn shorter(sums: &[Sum], values: &Values) -> Vec<Sum> {
    let mut order: Vec<&Sum> = sums.iter().collect();
    order.sort_by(|one, other| one.error.total_cmp(&other.error).then_with(|| one.terms.cmp(&other.terms)));
    let mut solver = Solver::default();
    let mut found: Vec<Sum> = Vec::new();
    for sum in order.iter().take(EXCHANGED).filter(|sum| sum.terms.len() > 1) {
        for place in 0..sum.terms.len() {
            let mut terms = sum.terms.clone();
            terms.remove(place);
            // A term at 0 is no part of a sum.
            if coefficients(&terms, values).iter().all(|coefficient| *coefficient != 0.0) {
                let error = mean(&left_out_errors(&terms, values, 0, &mut solver));
                found.push(Sum { terms, error });
            }
        }
    }
    unique(&mut found);
    found
}

/// Returns the sum of declared features, without those whose coefficient is 0; `places` are those of the features
/// among the terms. None where a feature is not finite, or nothing is left.
pub(super) fn declared_sum(places: &[Option<usize>], values: &Values) -> Option<Sum> {
    let mut terms: Vec<usize> = places.iter().copied().collect::<Option<_>>()?;
    terms.sort_unstable();
    terms.dedup();
    let solved = coefficients(&terms, values);
    let terms: Vec<usize> = terms.into_iter().zip(solved).filter(|(_, b)| *b != 0.0).map(|(term, _)| term).collect();
    if terms.is_empty() {
        return None;
    }
    let error = mean(&left_out_errors(&terms, values, 0, &mut Solver::default()));
    Some(Sum { terms, error })
}

/// Returns the best sums with one term more, the best first, each at least a little better than the one it is built
/// upon.
fn longer(beam: &[Sum], values: &Values) -> Vec<Sum> {
    let mut found: Vec<Sum> = Vec::new();
    let mut solver = Solver::default();
    let mut seen = BTreeSet::new();
    for sum in beam {
        for term in promising(sum, values, &mut solver) {
            let mut terms = sum.terms.clone();
            terms.push(term);
            terms.sort_unstable();
            if !seen.insert(terms.clone()) {
                continue;
            }
            let error = mean(&left_out_errors(&terms, values, 0, &mut solver));
            if error < sum.error * (1.0 - WORTH) {
                found.push(Sum { terms, error });
            }
        }
    }
    found.sort_by(|one, other| one.error.total_cmp(&other.error).then_with(|| one.terms.cmp(&other.terms)));
    // A term at 0 is no part of a sum: the same without it is there.
    let needed = |sum: &Sum| coefficients(&sum.terms, values).iter().all(|coefficient| *coefficient != 0.0);
    found.into_iter().filter(needed).take(KEPT).collect()
}

/// Returns the terms that go best with what a sum leaves unexplained, at most a few hundred.
fn promising(sum: &Sum, values: &Values, solver: &mut Solver) -> Vec<usize> {
    let mut left = values.targets.clone();
    if !sum.terms.is_empty() {
        let solved = solve(&moments(&sum.terms, values, 0), None, solver);
        for (term, coefficient) in sum.terms.iter().zip(solved) {
            left.iter_mut().zip(&values.columns[*term]).for_each(|(left, value)| *left -= coefficient * value);
        }
    }
    let mut found: Vec<(usize, f64)> = (0..values.columns.len())
        .filter(|term| !sum.terms.contains(term))
        .map(|term| {
            let (mut inner, mut square) = (0.0, 0.0);
            for (value, left) in values.columns[term].iter().zip(&left) {
                inner += value * left;
                square += value * value;
            }
            (term, inner / square.sqrt())
        })
        .collect();
    found.sort_by(|one, other| other.1.total_cmp(&one.1).then(one.0.cmp(&other.0)));
    found.truncate(PROMISING);
    found.into_iter().map(|(term, _)| term).collect()
}

/// Returns the sums of products of each fold of a division.
fn moments(terms: &[usize], values: &Values, division: usize) -> Vec<Moments> {
    let mut moments = vec![Moments::new(terms.len()); FOLDS];
    let mut row = vec![1.0; terms.len() + 1];
    for (index, fold) in values.divisions[division].iter().enumerate() {
        row.iter_mut().zip(terms).for_each(|(value, term)| *value = values.columns[*term][index]);
        row[terms.len()] = values.targets[index];
        moments[*fold].add_row(&row);
    }
    moments
}

fn solve(parts: &[Moments], left_out: Option<usize>, solver: &mut Solver) -> Vec<f64> {
    let mut all = Moments::new(parts[0].features());
    let kept = parts.iter().enumerate().filter(|(fold, _)| Some(*fold) != left_out);
    kept.for_each(|(_, part)| all.merge(part));
    solver.solve(&Triangle::of_moments(&all), &vec![false; all.features()]).coefficients
}

/// Returns the mean error of each row by the fits that leave it out, as a share of the target.
pub(super) fn errors_left_out(sum: &Sum, values: &Values) -> Vec<f64> {
    let mut solver = Solver::default();
    let mut errors = vec![0.0; values.targets.len()];
    for division in 0..DIVISIONS {
        let found = left_out_errors(&sum.terms, values, division, &mut solver);
        errors.iter_mut().zip(found).for_each(|(error, found)| *error += found / DIVISIONS as f64);
    }
    errors
}

/// Returns the error of each row by the fit that leaves its fold of a division out, as a share of the target.
fn left_out_errors(terms: &[usize], values: &Values, division: usize, solver: &mut Solver) -> Vec<f64> {
    let parts = moments(terms, values, division);
    let solved: Vec<Vec<f64>> = (0..FOLDS).map(|fold| solve(&parts, Some(fold), solver)).collect();
    let errors = values.divisions[division].iter().enumerate().map(|(row, fold)| {
        let prediction: f64 = terms.iter().zip(&solved[*fold]).map(|(term, b)| values.columns[*term][row] * b).sum();
        (values.targets[row] - prediction).abs()
    });
    errors.collect()
}

/// Returns the mean; 0 of none.
pub(super) fn mean(errors: &[f64]) -> f64 {
    errors.iter().sum::<f64>() / errors.len().max(1) as f64
}

/// Returns the coefficients of a sum over all rows.
pub(super) fn coefficients(terms: &[usize], values: &Values) -> Vec<f64> {
    solve(&moments(terms, values, 0), None, &mut Solver::default())
}
