//! The search for a better form: sums of a few terms over the columns that the declared features use, with
//! coefficients that are not negative, judged by the error of rows that were left out. The declared form takes
//! part in the ranking, so that what is found is never behind it.
//!
//! From each of the best sums so far the next term is the one that helps most; a term must take off a
//! fiftieth of the error. Rows are weighted by their targets, because shares are what is judged. The
//! same table and form give the same ranking.

mod terms;

use super::gather::gather;
use super::group::Group;
use super::kept::balanced_folds;
use super::sheet::Sheet;
use super::solve::{Moments, Solver, Triangle};
use super::table::read_head;
use super::{FOLDS, FitError, GroupKey, Options, Table};
use crate::expr::Expr;
use crate::stats::Random;
use crate::suite::{Feature, Form, Placed, Weighting};
use std::collections::{BTreeMap, BTreeSet};
use terms::{Term, candidates};

/// Terms of a sum, at most.
const MOST_TERMS: usize = 4;
/// Sums that are built upon.
const BEAM: usize = 6;
/// Sums that are returned.
const BEST: usize = 5;
/// Rows that are looked at; of more, so many by chance.
const MOST_ROWS: usize = 1000;
/// A term must take off this share of the error.
const WORTH: f64 = 0.02;
/// Terms that are tried beside a sum.
const PROMISING: usize = 300;
/// An error at which nothing is left to explain.
const PERFECT: f64 = 1e-9;

/// What a search found for a group.
#[derive(Debug, Clone)]
pub struct Search {
    /// The group: the values of the columns that make groups.
    pub by: Vec<String>,
    /// The group's attribute set.
    pub set: String,
    /// How many terms were looked at.
    pub candidates: usize,
    /// How many rows.
    pub rows: usize,
    /// The best forms, the best first.
    pub forms: Vec<FoundForm>,
}

/// A form that was found.
#[derive(Debug, Clone)]
pub struct FoundForm {
    /// Its terms as expressions, with their coefficients.
    pub terms: Vec<(String, f64)>,
    /// The mean error of rows that were left out, as a share of the target.
    pub left_out_error: f64,
}

/// Looks for better forms, for each group in the order of their first rows.
///
/// # Errors
/// As a fit.
pub fn search(form: &Form, table: &dyn Table, options: &Options) -> Result<Vec<Search>, FitError> {
    let names = columns_of(form);
    let value = |name: &String| Expr::parse(name).map(|expr| Placed { expr, span: None });
    let columns =
        names.iter().filter_map(|name| Some(Feature { name: name.clone(), value: value(name).ok()?, free: false }));
    let features: Vec<Feature> = columns.chain(form.features.iter().cloned()).collect();
    let texts: Vec<String> = names.iter().cloned().chain(form.features.iter().map(declared_text)).collect();
    let form = Form { features, intercept: false, weighting: Weighting::Relative, ..form.clone() };
    let head = read_head(table)?;
    let sheet = Sheet::new(&form, &head)?;
    let gathered = gather(table, &sheet, options, Weighting::Relative, true)?;
    if gathered.gate.used == 0 {
        return Err(FitError::NoRows { reason: None });
    }
    let found = |group: &Group| search_rows(&group.key, &group.rows.values, names.len(), &texts);
    Ok(gathered.groups.iter().map(found).collect())
}

/// Returns a declared feature as a factor of a term.
fn declared_text(feature: &Feature) -> String {
    let text = feature.value.expr.text();
    let mut depth = 0;
    let plain = text.chars().all(|c| {
        depth += i32::from(c == '(') - i32::from(c == ')');
        depth > 0 || c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '*' | ' ' | ')')
    });
    let words = text.split(|c: char| !c.is_ascii_alphanumeric() && c != '_');
    if plain && !words.into_iter().any(|word| matches!(word, "if" | "and" | "or" | "not" | "in")) {
        text.to_owned()
    } else {
        format!("({text})")
    }
}

/// Returns the names that the features use, in order.
fn columns_of(form: &Form) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    for feature in &form.features {
        for found in feature.value.expr.names() {
            if !names.iter().any(|name| name == found.name) {
                names.push(found.name.to_owned());
            }
        }
    }
    names
}

/// A sum of candidates.
#[derive(Debug, Clone)]
struct Sum {
    /// The places of its terms, ascending.
    terms: Vec<usize>,
    error: f64,
}

/// The candidates' values over the rows, each row divided by its target.
struct Values {
    columns: Vec<Vec<f64>>,
    /// 1, or -1 where the target is negative.
    targets: Vec<f64>,
    folds: Vec<usize>,
}

/// Looks for forms of a group. Its rows have the columns, the declared features and the target; `texts` names all
/// but the target.
fn search_rows(key: &GroupKey, values: &[f64], columns: usize, texts: &[String]) -> Search {
    let width = texts.len() + 1;
    let all = values.len() / width;
    let mut order: Vec<f64> = (0..all).map(|row| row as f64).collect();
    if all > MOST_ROWS {
        Random::new(0x7e45).shuffle(&mut order);
        order.truncate(MOST_ROWS);
        order.sort_by(f64::total_cmp);
    }
    let rows: Vec<&[f64]> =
        order.iter().map(|row| &values[*row as usize * width..(*row as usize + 1) * width]).collect();
    let own: Vec<Vec<f64>> = (0..columns).map(|column| rows.iter().map(|row| row[column]).collect()).collect();
    let mut terms = candidates(&own);
    terms.extend((columns..texts.len()).map(Term::column));
    let (terms, values, places) = distinct(terms, &rows);
    let declared = declared_sum(&places[places.len() - (texts.len() - columns)..], &values);
    let mut best: Vec<Sum> = declared.iter().cloned().collect();
    let mut beam = vec![Sum { terms: Vec::new(), error: f64::INFINITY }];
    for length in 0..MOST_TERMS {
        beam.extend(declared.iter().filter(|sum| sum.terms.len() == length).cloned());
        let next = longer(&beam, &values);
        if next.is_empty() {
            break;
        }
        best.extend(next.iter().cloned());
        let perfect = next.iter().any(|sum| sum.error <= PERFECT);
        beam = next;
        if perfect {
            break;
        }
    }
    let rank = |sum: &Sum| (sum.error.max(PERFECT), sum.terms.len());
    best.sort_by(|one, other| {
        let ((error, length), (other_error, other_length)) = (rank(one), rank(other));
        error.total_cmp(&other_error).then(length.cmp(&other_length)).then_with(|| one.terms.cmp(&other.terms))
    });
    best.dedup_by(|one, other| one.terms == other.terms);
    best.truncate(BEST);
    let forms = best.iter().map(|sum| FoundForm {
        terms: sum.terms.iter().map(|term| terms[*term].text(texts)).zip(coefficients(&sum.terms, &values)).collect(),
        left_out_error: sum.error,
    });
    let (by, set) = (key.by.clone(), key.set.clone());
    Search { by, set, candidates: terms.len(), rows: rows.len(), forms: forms.collect() }
}

/// Returns the sum of declared features, without those whose coefficient is 0; `places` are those of the features
/// among the terms. None where a feature is not finite, or nothing is left.
fn declared_sum(places: &[Option<usize>], values: &Values) -> Option<Sum> {
    let mut terms: Vec<usize> = places.iter().copied().collect::<Option<_>>()?;
    terms.sort_unstable();
    terms.dedup();
    let solved = coefficients(&terms, values);
    let terms: Vec<usize> = terms.into_iter().zip(solved).filter(|(_, b)| *b != 0.0).map(|(term, _)| term).collect();
    if terms.is_empty() {
        return None;
    }
    let error = left_out_error(&terms, values, &mut Solver::default());
    Some(Sum { terms, error })
}

/// Keeps the first of terms that have the same values, and those that are finite; returns also where each term is
/// among those that are kept.
fn distinct(terms: Vec<Term>, rows: &[&[f64]]) -> (Vec<Term>, Values, Vec<Option<usize>>) {
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
    (kept, Values { folds: balanced_folds(rows.len()), columns, targets }, places)
}

/// Returns the best sums with one term more, each at least a little better than the one it is built upon.
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
            let error = left_out_error(&terms, values, &mut solver);
            if error < sum.error * (1.0 - WORTH) {
                found.push(Sum { terms, error });
            }
        }
    }
    found.sort_by(|one, other| one.error.total_cmp(&other.error).then_with(|| one.terms.cmp(&other.terms)));
    // A term at 0 is no part of a sum: the same without it is there.
    let needed = |sum: &Sum| coefficients(&sum.terms, values).iter().all(|coefficient| *coefficient != 0.0);
    found.into_iter().filter(needed).take(BEAM).collect()
}

/// Returns the terms that go best with what a sum leaves unexplained, at most a few hundred.
fn promising(sum: &Sum, values: &Values, solver: &mut Solver) -> Vec<usize> {
    let mut left = values.targets.clone();
    if !sum.terms.is_empty() {
        let solved = solve(&moments(&sum.terms, values), None, solver);
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

/// Returns the sums of products of each fold.
fn moments(terms: &[usize], values: &Values) -> Vec<Moments> {
    let mut moments = vec![Moments::new(terms.len()); FOLDS];
    let mut row = vec![1.0; terms.len() + 1];
    for (index, fold) in values.folds.iter().enumerate() {
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

fn left_out_error(terms: &[usize], values: &Values, solver: &mut Solver) -> f64 {
    let parts = moments(terms, values);
    let solved: Vec<Vec<f64>> = (0..FOLDS).map(|fold| solve(&parts, Some(fold), solver)).collect();
    let errors = values.folds.iter().enumerate().map(|(row, fold)| {
        let prediction: f64 = terms.iter().zip(&solved[*fold]).map(|(term, b)| values.columns[*term][row] * b).sum();
        (values.targets[row] - prediction).abs()
    });
    errors.sum::<f64>() / values.folds.len() as f64
}

fn coefficients(terms: &[usize], values: &Values) -> Vec<f64> {
    solve(&moments(terms, values), None, &mut Solver::default())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::load_model;

    fn found(form: &str, table: &str) -> Search {
        let form = load_model("m.yaml", &format!("version: 1\nmodel: m\n{form}")).unwrap();
        search(&form, &table.as_bytes(), &Options::default()).unwrap().remove(0)
    }

    fn grid(target: impl Fn(f64, f64) -> f64) -> String {
        let rows = (1..=9).flat_map(|x| (1..=7).map(move |y| (f64::from(x), f64::from(y))));
        let rows: String = rows.map(|(x, y)| format!("{x},{y},{}\n", target(x, y))).collect();
        format!("x,y,t\n{rows}")
    }

    #[test]
    fn forms_that_made_the_data_are_found() {
        let check = |target: fn(f64, f64) -> f64, expected: &[(&str, f64)]| {
            let found = found("target: t\nfeatures: { a: x, b: y }\n", &grid(target));
            let best = &found.forms[0];
            assert!(best.left_out_error < 1e-6, "{best:?}");
            let mut terms = best.terms.clone();
            terms.sort_by(|one, other| one.0.cmp(&other.0));
            let close = terms.len() == expected.len()
                && terms.iter().zip(expected).all(|(one, other)| one.0 == other.0 && (one.1 - other.1).abs() < 1e-4);
            assert!(close, "{terms:?}");
        };
        check(|x, y| 3.0 * x * y * y, &[("x * y ** 2", 3.0)]);
        check(|x, y| 50.0 + 2.0 * x * y, &[("1", 50.0), ("x * y", 2.0)]);
        check(|x, y| 7.0 * x + 0.5 * x.log2() * y, &[("log2(x) * y", 0.5), ("x", 7.0)]);
        check(|x, y| 4.0 * y + 6.0 * (x - 5.0).max(0.0), &[("max(x - 5, 0)", 6.0), ("y", 4.0)]);
    }

    #[test]
    fn the_declared_form_takes_part() {
        let noisy = grid(|x, y| (4.0 * (x - 1.0) * y + 9.0 * x) * (1.0 + 0.01 * (12.9898 * x + 78.233 * y).sin()));
        let found = found("target: t\nfeatures: { a: (x - 1) * y, b: 2 * x, c: x - x * x - 9, d: x - y }\n", &noisy);
        let best: Vec<&str> = found.forms[0].terms.iter().map(|(term, _)| term.as_str()).collect();
        assert_eq!(best, ["x", "(x - 1) * y"], "{found:?}");
        for form in &found.forms {
            assert!(form.terms.iter().all(|(_, value)| *value > 0.0), "{form:?}");
        }
        let text = |text: &str| {
            let value = Placed { expr: Expr::parse(text).unwrap(), span: None };
            declared_text(&Feature { name: "a".into(), value, free: false })
        };
        for plain in ["(x - 1) * y", "2 * x ** 2", "max(x - 1, 0) * n_if"] {
            assert_eq!(text(plain), plain);
        }
        for sum in ["x - y", "x / y", "1 if x > 2 else 3"] {
            assert_eq!(text(sum), format!("({sum})"));
        }
    }

    #[test]
    fn a_term_must_be_worth_it() {
        let noisy = grid(|x, y| 3.0 * x * y * (1.0 + 0.1 * (12.9898 * x + 78.233 * y).sin()));
        let found = found("target: t\nfeatures: { a: x, b: y }\n", &noisy);
        let plain = |form: &FoundForm| form.terms.iter().any(|(term, _)| term == "x * y");
        assert!(found.forms.iter().any(plain), "{found:?}");
        assert!(found.forms.len() <= BEST && found.forms[0].left_out_error > 0.02, "{found:?}");
    }
}
