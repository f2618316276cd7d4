//! The search for a better form: sums of a few terms over the columns that the declared features use, judged by the
//! error of rows that were left out. Coefficients are not negative, but for those that are free in the declared form.
//! That takes part in the ranking, so that what is found is never behind it.
//!
//! From each of the best sums so far the next term is the one that helps most; a term must take off a
//! fiftieth of the error. Rows are weighted by their targets, because shares are what is judged. Of the
//! sums that are level with the best the simplest is the first. The same table and form give the same
//! ranking.

mod candidates;
mod choice;
mod rows;
mod sums;
mod terms;

use super::gather::gather;
use super::group::Group;
use super::sheet::Sheet;
use super::table::{Head, read_head};
use super::{FitError, Options, Table};
use crate::expr::Expr;
use crate::suite::{Feature, Form, Placed, Weighting};
pub use choice::Standing;
use rows::{Declared, search_rows};
use std::io::Read;

/// Bytes whose rows tell what a column is.
const FIRST_BYTES: u64 = 1 << 16;

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
    let head = read_head(table)?;
    // Rows whose target is 0 stay: a group may have no others.
    let form = Form { features: features_of(form), intercept: false, weighting: Weighting::Absolute, ..form.clone() };
    // What is a text, or may be missing where the features are not, makes no terms.
    let first = first_lines(table)?;
    let used = rows_used(&form, &first, &head);
    let beside = |column: &Feature| with_features(&form, form.features.iter().chain([column]));
    let is_number = |column: &Feature| used.is_none() || rows_used(&beside(column), &first, &head) == used;
    let columns: Vec<Feature> = columns_of(&form).into_iter().filter(is_number).collect();
    let names: Vec<String> = columns.iter().map(|column| column.name.clone()).collect();
    let declared: Vec<Declared> = form.features.iter().map(declared_as).collect();
    let form = with_features(&form, columns.iter().chain(&form.features));
    let sheet = Sheet::new(&form, &head)?;
    let gathered = gather(table, &head, &sheet, options, Weighting::Absolute, true)?;
    let found = |group: &Group| search_rows(&group.key, &group.rows.values, &names, &declared);
    Ok(gathered.groups.iter().map(found).collect())
}

/// Returns the declared features, with the constant part that may be of either sign.
fn features_of(form: &Form) -> Vec<Feature> {
    let constant = form.intercept.then(|| feature("1", true)).flatten();
    form.features.iter().cloned().chain(constant).collect()
}

fn feature(text: &str, free: bool) -> Option<Feature> {
    let expr = Expr::parse(text).ok()?;
    Some(Feature { name: text.to_owned(), value: Placed { expr, span: None }, free })
}

fn with_features<'f>(form: &Form, features: impl Iterator<Item = &'f Feature>) -> Form {
    Form { features: features.cloned().collect(), ..form.clone() }
}

/// Returns the first lines of a table.
fn first_lines(table: &dyn Table) -> Result<Vec<u8>, FitError> {
    let mut bytes = Vec::new();
    let opened = table.open().map_err(FitError::Read)?;
    opened.take(FIRST_BYTES).read_to_end(&mut bytes).map_err(FitError::Read)?;
    if bytes.len() as u64 == FIRST_BYTES {
        let end = bytes.iter().rposition(|byte| *byte == b'\n').map_or(bytes.len(), |last| last + 1);
        bytes.truncate(end);
    }
    Ok(bytes)
}

/// Returns how many of the first lines can be used for a form; none where what should be a number is none.
fn rows_used(form: &Form, first: &[u8], head: &Head) -> Option<u64> {
    let sheet = Sheet::new(form, head).ok()?;
    let gathered = gather(&first, head, &sheet, &Options::default(), Weighting::Absolute, true).ok()?;
    Some(gathered.gate.used)
}

/// Returns a declared feature as it takes part.
fn declared_as(feature: &Feature) -> Declared {
    Declared { text: declared_text(feature), names: feature.value.expr.names().len().max(1), free: feature.free }
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

/// Returns what the features use as features of their own, in order.
fn columns_of(form: &Form) -> Vec<Feature> {
    let mut columns: Vec<Feature> = Vec::new();
    for declared in &form.features {
        for found in declared.value.expr.names() {
            if !columns.iter().any(|column| column.name == found.name) {
                columns.extend(feature(found.name, false));
            }
        }
    }
    columns
}

#[cfg(test)]
mod tests;
