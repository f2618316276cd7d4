//! Sums of candidate terms: the one term that helps most is added to each of the best sums so far, and rows that were
//! left out say how much it helps. Then terms of the best are taken out again, and others tried in their place.

use super::terms::{Factor, Term};
use crate::fit::FOLDS;
use crate::fit::kept::balanced_folds;
use crate::fit::solve::{Moments, Solver, Triangle, dot};
use crate::stats::Random;
use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

/// Terms of a sum, at most.
const MOST_TERMS: usize = 4;
/// Sums that are built upon.
const BEAM: usize = 6;
/// Sums of each length that are chosen from, by their error and by how simple they are.
const KEPT: usize = 24;
/// By how much more than the least an error may be for a simple sum to be kept, as a share.
const NEAR: f64 = 0.05;
/// How often terms of the best sums are exchanged, at most.
const EXCHANGES: usize = 3;
/// Sums whose terms are exchanged.
const EXCHANGED: usize = 3;
/// How often rows are divided anew.
const DIVISIONS: usize = 5;
/// A term must take off this share of the error.
const WORTH: f64 = 0.02;
/// Products that are tried beside growths, the simplest.
const BESIDE: usize = 500;
/// Terms that are tried beside a sum.
const PROMISING: usize = 100;
/// A term of which less than this share is new beside a sum is taken for a part of it.
const NEW: f64 = 1e-9;
/// The place of the constant among candidates.
const CONSTANT: usize = 0;
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
    /// Whether the coefficient of a candidate may be negative.
    free: Vec<bool>,
    /// How simple a candidate is.
    simplicity: Vec<Simplicity>,
    /// 1, or -1 where the target is negative.
    targets: Vec<f64>,
    /// The fold of each row, in several divisions.
    divisions: Vec<Vec<usize>>,
}

impl Values {
    /// Says how simple a sum of terms is.
    pub(super) fn simplicity(&self, terms: &[usize]) -> Simplicity {
        let of = terms.iter().map(|term| self.simplicity[*term]);
        of.fold(Simplicity { hinges: 0, factors: 0.0 }, |sum, term| Simplicity {
            hinges: sum.hinges + term.hinges,
            factors: sum.factors + term.factors,
        })
    }
}

/// How simple a term is, or a sum of some.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Simplicity {
    /// How many terms have a hinge.
    pub(super) hinges: usize,
    /// Factors, as `Term::complexity` counts them.
    pub(super) factors: f64,
}

impl Simplicity {
    /// Compares; what is simpler comes first.
    pub(super) fn order(&self, other: &Simplicity) -> Ordering {
        self.hinges.cmp(&other.hinges).then(self.factors.total_cmp(&other.factors))
    }
}

/// Keeps the first of terms that have the same values, and those that are finite; returns also where each term is
/// among those that are kept. The last value of a row is its target. `free` says of which terms the coefficient may be
/// negative, `factors` how many factors they have.
pub(super) fn distinct(
    terms: Vec<Term>,
    rows: &[&[f64]],
    free: impl Fn(&Term) -> bool,
    factors: impl Fn(&Term) -> f64,
) -> (Vec<Term>, Values, Vec<Option<usize>>) {
    let mut places = Vec::new();
    let mut kept = Vec::new();
    let mut columns: Vec<Vec<f64>> = Vec::new();
    let mut frees: Vec<bool> = Vec::new();
    let mut seen: BTreeMap<Vec<u32>, usize> = BTreeMap::new();
    let mut simplicity = Vec::new();
    let mut known = Factors { rows, known: Vec::new() };
    for term in terms {
        let column = known.column(&term);
        let length = column.iter().map(|value| value * value).sum::<f64>().sqrt();
        if !length.is_finite() || length == 0.0 {
            places.push(None);
            continue;
        }
        let shape: Vec<u32> = column.iter().map(|value| ((value / length) as f32).to_bits()).collect();
        let place = *seen.entry(shape).or_insert(kept.len());
        places.push(Some(place));
        if place == kept.len() {
            frees.push(free(&term));
            simplicity.push(Simplicity { hinges: usize::from(term.has_hinge()), factors: factors(&term) });
            kept.push(term);
            columns.push(column);
        } else {
            frees[place] |= free(&term);
        }
    }
    let targets = rows.iter().map(|row| row[row.len() - 1].signum()).collect();
    (kept, Values { divisions: divisions(rows.len()), columns, free: frees, simplicity, targets }, places)
}

/// Values of factors over the rows, each found once: many terms share them.
struct Factors<'r> {
    rows: &'r [&'r [f64]],
    known: Vec<(usize, Factor, Vec<f64>)>,
}

impl Factors<'_> {
    /// Returns the values of a term, each divided by the row's target.
    fn column(&mut self, term: &Term) -> Vec<f64> {
        let mut column: Vec<f64> = self.rows.iter().map(|row| 1.0 / row[row.len() - 1].abs()).collect();
        for (place, factor) in &term.factors {
            let known = self.known.iter().position(|(column, known, _)| column == place && known == factor);
            let known = known.unwrap_or_else(|| {
                let values = self.rows.iter().map(|row| factor.value(row[*place])).collect();
                self.known.push((*place, *factor, values));
                self.known.len() - 1
            });
            column.iter_mut().zip(&self.known[known].2).for_each(|(product, value)| *product *= value);
        }
        column
    }
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

/// Returns the best sums of each length, and `declared` among them, in no order: those without the candidates that are
/// growths, and those with them. Among growths, many of which are nearly alike, simpler sums would be lost.
pub(super) fn best_sums(declared: Option<&Sum>, growths: &Range<usize>, values: &Values) -> Vec<Sum> {
    let mut best = best_of(declared, &|term| !growths.contains(&term), values);
    if !growths.is_empty() && !best.iter().any(|sum| sum.error <= PERFECT) {
        best.extend(best_of(declared, &|term| term < BESIDE || term >= growths.start, values));
        unique(&mut best);
    }
    best
}

/// Returns the best sums of some candidates.
fn best_of(declared: Option<&Sum>, some: &dyn Fn(usize) -> bool, values: &Values) -> Vec<Sum> {
    let mut best: Vec<Sum> = declared.into_iter().cloned().collect();
    let mut beam = vec![Sum { terms: Vec::new(), error: f64::INFINITY }];
    for length in 0..MOST_TERMS {
        beam.extend(declared.into_iter().filter(|sum| sum.terms.len() == length).cloned());
        if length == 1 {
            // Most costs have a constant part, however little it explains alone.
            beam.extend(sum_of(vec![CONSTANT], values));
        }
        let next = longer(&beam, some, values);
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
        best.extend(longer(&shorter, some, values));
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

/// Returns a sum of terms, if there are any and none is at 0: the same without it is another sum.
fn sum_of(terms: Vec<usize>, values: &Values) -> Option<Sum> {
    let needed = coefficients(&terms, values).iter().all(|coefficient| *coefficient != 0.0);
    (needed && !terms.is_empty()).then(|| {
        let error = mean(&left_out_errors(&terms, values, 0, &mut Solver::default()));
        Sum { terms, error }
    })
}

/// Returns the best sums, each without one of its terms: what was added first may be needless, or the wrong one, once
/// others are there.
fn shorter(sums: &[Sum], values: &Values) -> Vec<Sum> {
    let mut order: Vec<&Sum> = sums.iter().collect();
    order.sort_by(|one, other| one.error.total_cmp(&other.error).then_with(|| one.terms.cmp(&other.terms)));
    let mut found: Vec<Sum> = Vec::new();
    for sum in order.iter().take(EXCHANGED) {
        for place in 0..sum.terms.len() {
            let mut terms = sum.terms.clone();
            terms.remove(place);
            found.extend(sum_of(terms, values));
        }
    }
    unique(&mut found);
    found
}

/// Returns the sum of declared features, without those whose coefficient is 0; `places` are those of the features
/// among the terms, as far as they are not 0 themselves. None where nothing is left.
pub(super) fn declared_sum(places: &[Option<usize>], values: &Values) -> Option<Sum> {
    let mut terms: Vec<usize> = places.iter().copied().flatten().collect();
    terms.sort_unstable();
    terms.dedup();
    let solved = coefficients(&terms, values);
    sum_of(terms.into_iter().zip(solved).filter(|(_, b)| *b != 0.0).map(|(term, _)| term).collect(), values)
}

/// Returns the best sums with one term more, and the simplest of those that are nearly as good, some of both first;
/// each is at least a little better than the one it is built upon.
fn longer(beam: &[Sum], some: &dyn Fn(usize) -> bool, values: &Values) -> Vec<Sum> {
    let mut found: Vec<Sum> = Vec::new();
    let mut solver = Solver::default();
    let mut seen = BTreeSet::new();
    for sum in beam {
        for term in promising(sum, some, values) {
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
    found.retain(needed);
    let mut simple = found.split_off(found.len().min(KEPT / 2));
    let most = found.first().map_or(0.0, |best| best.error * (1.0 + NEAR));
    simple.retain(|sum| sum.error <= most);
    simple.sort_by(|one, other| values.simplicity(&one.terms).order(&values.simplicity(&other.terms)));
    simple.truncate(KEPT / 2);
    // Some of either kind are built upon.
    let (ahead, behind) = (found.drain(..found.len().min(BEAM / 2)).collect::<Vec<_>>(), found);
    let split = simple.len().min(BEAM / 2);
    [&ahead[..], &simple[..split], &behind, &simple[split..]].concat()
}

/// Returns the terms that explain most beside those of a sum, with coefficients that may be, at most some.
fn promising(sum: &Sum, some: &dyn Fn(usize) -> bool, values: &Values) -> Vec<usize> {
    let beside = Orthogonal::new(sum, values);
    let mut found: Vec<(usize, f64)> = (0..values.columns.len())
        .filter(|term| some(*term) && !sum.terms.contains(term))
        .filter_map(|term| Some((term, beside.explained(&values.columns[term], values.free[term])?)))
        .collect();
    found.sort_by(|one, other| other.1.total_cmp(&one.1).then(one.0.cmp(&other.0)));
    found.truncate(PROMISING);
    found.into_iter().map(|(term, _)| term).collect()
}

/// The terms of a sum, each without what it shares with those before it (Gram and Schmidt), and what they leave.
struct Orthogonal {
    /// Directions of length 1.
    directions: Vec<Vec<f64>>,
    /// The terms' own columns by directions: a triangle, row by row.
    triangle: Vec<Vec<f64>>,
    /// The coefficients of the terms, and whether they may be negative.
    coefficients: Vec<(f64, bool)>,
    /// What the sum leaves of the target.
    left: Vec<f64>,
}

impl Orthogonal {
    fn new(sum: &Sum, values: &Values) -> Orthogonal {
        let mut left = values.targets.clone();
        let solved = coefficients(&sum.terms, values);
        for (term, coefficient) in sum.terms.iter().zip(&solved) {
            left.iter_mut().zip(&values.columns[*term]).for_each(|(left, value)| *left -= coefficient * value);
        }
        let (mut directions, mut triangle): (Vec<Vec<f64>>, Vec<Vec<f64>>) = (Vec::new(), Vec::new());
        for term in &sum.terms {
            let mut column = values.columns[*term].clone();
            let mut parts = Vec::new();
            for direction in &directions {
                let part = dot(&column, direction);
                column.iter_mut().zip(direction).for_each(|(value, other)| *value -= part * other);
                parts.push(part);
            }
            let length = dot(&column, &column).sqrt();
            parts.push(length);
            column.iter_mut().for_each(|value| *value /= length);
            directions.push(column);
            triangle.push(parts);
        }
        let free = sum.terms.iter().map(|term| values.free[*term]);
        Orthogonal { directions, triangle, coefficients: solved.into_iter().zip(free).collect(), left }
    }

    /// Returns by how much the squares that are left become less with another term, as the root; none where a
    /// coefficient would have the wrong sign: at 0 the sum is one without that term.
    fn explained(&self, column: &[f64], free: bool) -> Option<f64> {
        let square = dot(column, column);
        let parts: Vec<f64> = self.directions.iter().map(|direction| dot(column, direction)).collect();
        let new = square - parts.iter().map(|part| part * part).sum::<f64>();
        if new <= NEW * square {
            return None;
        }
        let inner = dot(column, &self.left);
        let coefficient = inner / new;
        if coefficient == 0.0 || (coefficient < 0.0 && !free) {
            return None;
        }
        // What the other coefficients give to the term: by substitution, from the last.
        let mut given = parts;
        for row in (0..given.len()).rev() {
            given[row] /= self.triangle[row][row];
            for other in 0..row {
                given[other] -= given[row] * self.triangle[row][other];
            }
        }
        let mut beside = self.coefficients.iter().zip(given);
        let kept = beside.all(|((own, free), given)| *free || own - coefficient * given > 0.0);
        kept.then(|| inner.abs() / new.sqrt())
    }
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

fn solve(parts: &[Moments], left_out: Option<usize>, free: &[bool], solver: &mut Solver) -> Vec<f64> {
    let mut all = Moments::new(parts[0].features());
    let kept = parts.iter().enumerate().filter(|(fold, _)| Some(*fold) != left_out);
    kept.for_each(|(_, part)| all.merge(part));
    solver.solve(&Triangle::of_moments(&all), free).coefficients
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
    let free = free_of(terms, values);
    let solved: Vec<Vec<f64>> = (0..FOLDS).map(|fold| solve(&parts, Some(fold), &free, solver)).collect();
    let errors = values.divisions[division].iter().enumerate().map(|(row, fold)| {
        let prediction: f64 = terms.iter().zip(&solved[*fold]).map(|(term, b)| values.columns[*term][row] * b).sum();
        (values.targets[row] - prediction).abs()
    });
    errors.collect()
}

/// Says of which terms the coefficient may be negative.
fn free_of(terms: &[usize], values: &Values) -> Vec<bool> {
    terms.iter().map(|term| values.free[*term]).collect()
}

/// Returns the mean; 0 of none.
pub(super) fn mean(errors: &[f64]) -> f64 {
    errors.iter().sum::<f64>() / errors.len().max(1) as f64
}

/// Returns the coefficients of a sum over all rows.
pub(super) fn coefficients(terms: &[usize], values: &Values) -> Vec<f64> {
    solve(&moments(terms, values, 0), None, &free_of(terms, values), &mut Solver::default())
}
