//! The search for a better form: sums of a few terms over the columns that the declared features use, with
//! coefficients that are not negative, judged by the error of rows that were left out. The declared form takes
//! part in the ranking, so that what is found is never behind it.
//!
//! From each of the best sums so far the next term is the one that helps most; a term must take off a
//! fiftieth of the error. Rows are weighted by their targets, because shares are what is judged. Of the
//! sums that are level with the best the simplest is the first. The same table and form give the same
//! ranking.

mod choice;
mod sums;
mod terms;

use super::gather::gather;
use super::group::Group;
use super::sheet::Sheet;
use super::table::read_head;
use super::{FitError, GroupKey, Options, Table};
use crate::expr::Expr;
use crate::stats::Random;
use crate::suite::{Feature, Form, Placed, Weighting};
pub use choice::Standing;
use choice::{Candidate, Ranking, rank};
use sums::{Sum, best_sums, coefficients, declared_sum, distinct, errors_left_out};
use terms::{Term, candidates};

/// Sums that are returned.
const BEST: usize = 5;
/// Rows that are looked at; of more, so many by chance.
const MOST_ROWS: usize = 1000;

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
    /// The best forms: the simplest of those that are level with the least error, and then the others by their
    /// errors.
    pub forms: Vec<FoundForm>,
    /// The place of the form with the least error.
    pub least: usize,
    /// The declared form as it took part, if it has terms.
    pub declared: Option<FoundForm>,
}

/// A form that was found.
#[derive(Debug, Clone)]
pub struct FoundForm {
    /// Its terms as expressions, with their coefficients.
    pub terms: Vec<(String, f64)>,
    /// Its error, and how it stands against the least one.
    pub standing: Standing,
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
    let size = |feature: &Feature| feature.value.expr.names().len().max(1);
    let declared: Vec<(String, usize)> =
        form.features.iter().map(|feature| (declared_text(feature), size(feature))).collect();
    let form = Form { features, intercept: false, weighting: Weighting::Relative, ..form.clone() };
    let head = read_head(table)?;
    let sheet = Sheet::new(&form, &head)?;
    let gathered = gather(table, &head, &sheet, options, Weighting::Relative, true)?;
    if gathered.gate.used == 0 {
        return Err(FitError::NoRows { reason: None });
    }
    let found = |group: &Group| search_rows(&group.key, &group.rows.values, &names, &declared);
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

/// Looks for forms of a group. Its rows have the columns, the declared features and the target; `declared` says what
/// the features are called, and how many names each has.
fn search_rows(key: &GroupKey, values: &[f64], columns: &[String], declared: &[(String, usize)]) -> Search {
    let width = columns.len() + declared.len() + 1;
    let rows = some_rows(values, width);
    let own: Vec<Vec<f64>> = (0..columns.len()).map(|column| rows.iter().map(|row| row[column]).collect()).collect();
    let mut terms = candidates(&own);
    terms.extend((columns.len()..width - 1).map(Term::column));
    let (terms, values, places) = distinct(terms, &rows);
    let declared_sum = declared_sum(&places[places.len() - declared.len()..], &values);
    let sums = best_sums(declared_sum.as_ref(), &values);
    let factors = |term: &usize| match terms[*term].factors.as_slice() {
        [(column, _)] if *column >= columns.len() => declared[column - columns.len()].1 as f64,
        _ => terms[*term].complexity(),
    };
    let candidate = |sum: &Sum| Candidate {
        terms: sum.terms.len(),
        factors: sum.terms.iter().map(factors).sum(),
        errors: errors_left_out(sum, &values),
    };
    let of_declared = declared_sum.and_then(|declared| sums.iter().position(|sum| sum.terms == declared.terms));
    let texts: Vec<String> = columns.iter().chain(declared.iter().map(|(text, _)| text)).cloned().collect();
    let (by, set) = (key.by.clone(), key.set.clone());
    let mut search =
        Search { by, set, candidates: terms.len(), rows: rows.len(), forms: Vec::new(), least: 0, declared: None };
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

/// Returns the rows of a group, or of very many some by chance, in their order.
fn some_rows(values: &[f64], width: usize) -> Vec<&[f64]> {
    let all = values.len() / width;
    let mut order: Vec<f64> = (0..all).map(|row| row as f64).collect();
    if all > MOST_ROWS {
        Random::new(0x7e45).shuffle(&mut order);
        order.truncate(MOST_ROWS);
        order.sort_by(f64::total_cmp);
    }
    order.iter().map(|row| &values[*row as usize * width..(*row as usize + 1) * width]).collect()
}

#[cfg(test)]
mod tests;
