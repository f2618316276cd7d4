//! The forms of one group: its rows to a ranking of sums of terms.

use super::candidates::candidates;
use super::choice::{Candidate, Ranking, rank};
use super::sums::{Sum, best_sums, coefficients, declared_sum, distinct, errors_left_out};
use super::terms::Term;
use super::{FoundForm, Search};
use crate::fit::GroupKey;
use crate::stats::Random;

/// Forms that are returned.
pub(super) const BEST: usize = 5;
/// Rows that are looked at; of more, so many by chance.
const MOST_ROWS: usize = 1000;

/// A declared feature.
#[derive(Debug, Clone)]
pub(super) struct Declared {
    /// It as a factor of a term.
    pub(super) text: String,
    /// How many names it has, one at least.
    pub(super) names: usize,
    /// Whether its coefficient may be negative.
    pub(super) free: bool,
}

/// Looks for forms of a group. Its rows have the columns, the declared features and the target.
pub(super) fn search_rows(key: &GroupKey, values: &[f64], columns: &[String], declared: &[Declared]) -> Search {
    let width = columns.len() + declared.len() + 1;
    let rows = some_rows(values, width);
    let own: Vec<Vec<f64>> = (0..columns.len()).map(|column| rows.iter().map(|row| row[column]).collect()).collect();
    let (mut terms, growths) = candidates(&own);
    let products = terms.len();
    terms.extend(growths);
    let others = terms.len();
    terms.extend((columns.len()..width - 1).map(Term::column));
    let feature = |term: &Term| match term.factors.as_slice() {
        [(column, _)] => column.checked_sub(columns.len()).map(|place| &declared[place]),
        _ => None,
    };
    let free = |term: &Term| feature(term).is_some_and(|feature| feature.free);
    let factors = |term: &Term| feature(term).map_or_else(|| term.complexity(), |feature| feature.names as f64);
    let (terms, values, places) = distinct(terms, &rows, free, factors);
    let kept = |count: usize| places[..count].iter().flatten().max().map_or(0, |last| last + 1);
    let growths = kept(products)..kept(others);
    let declared_sum = declared_sum(&places[others..], &values);
    let sums = best_sums(declared_sum.as_ref(), &growths, &values);
    let candidate = |sum: &Sum| Candidate {
        terms: sum.terms.len(),
        simplicity: values.simplicity(&sum.terms),
        errors: errors_left_out(sum, &values),
    };
    let of_declared = declared_sum.and_then(|declared| sums.iter().position(|sum| sum.terms == declared.terms));
    let texts: Vec<String> = columns.iter().chain(declared.iter().map(|feature| &feature.text)).cloned().collect();
    let (by, set) = (key.by.clone(), key.set.clone());
    let candidates = if rows.is_empty() { 0 } else { terms.len() };
    let mut search = Search { by, set, candidates, rows: rows.len(), forms: Vec::new(), least: 0, declared: None };
    if sums.is_empty() {
        return search;
    }
    let Ranking { order, least, standings } =
        rank(&sums.iter().map(candidate).collect::<Vec<Candidate>>(), of_declared);
    let form = |place: usize| FoundForm {
        terms: sums[place]
            .terms
            .iter()
            .map(|term| terms[*term].text(&texts))
            .zip(coefficients(&sums[place].terms, &values))
            .collect(),
        standing: standings[place],
    };
    search.forms = order.iter().take(BEST).map(|place| form(*place)).collect();
    search.least = order.iter().position(|place| *place == least).unwrap_or(0);
    search.declared = of_declared.map(form);
    search
}

/// Returns the rows of a group whose target is not 0, or of very many some by chance, in their order.
fn some_rows(values: &[f64], width: usize) -> Vec<&[f64]> {
    let rows: Vec<&[f64]> = values.chunks_exact(width).filter(|row| row[width - 1] != 0.0).collect();
    let mut order: Vec<f64> = (0..rows.len()).map(|row| row as f64).collect();
    if rows.len() > MOST_ROWS {
        Random::new(0x7e45).shuffle(&mut order);
        order.truncate(MOST_ROWS);
        order.sort_by(f64::total_cmp);
    }
    order.iter().map(|row| rows[*row as usize]).collect()
}
