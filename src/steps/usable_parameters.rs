//! Whether estimates can use the parameters that a fit writes: attribute sets, operations, the order of sets.

use super::StepError;
use super::fitting::FittedFile;
use crate::fit::estimate::{known_operation, missing_weights};
use crate::fit::{ParamText, Predicate, predicates};
use crate::value::nearest;
use std::path::Path;

/// Returns the operations and attribute sets that have parameters.
fn fitted_sets(fitted: &[FittedFile]) -> impl Iterator<Item = &(String, String)> {
    let all = fitted.iter().flat_map(|file| file.fit.models.iter().zip(&file.names));
    all.filter(|(model, _)| model.coefficients.is_some()).map(|(_, name)| name)
}

/// Refuses attribute sets that estimates cannot read: a version with one makes its whole folder unreadable.
pub(super) fn refuse_unknown_sets(fitted: &[FittedFile]) -> Result<(), StepError> {
    for (op, set) in fitted_sets(fitted) {
        if let Some(message) = unknown_word(op, set) {
            return Err(StepError::usage(message, Some(known_words(set))));
        }
    }
    Ok(())
}

/// Refuses operations without the weights that estimates of them need: each such estimate would fail. The folder is
/// that of the device.
pub(super) fn refuse_missing_weights(fitted: &[FittedFile], folder: &Path) -> Result<(), StepError> {
    let device = folder.file_name().map(|name| name.to_string_lossy()).unwrap_or_default();
    for (model, (op, set)) in fitted.iter().flat_map(|file| file.fit.models.iter().zip(&file.names)) {
        let Some(coefficients) = &model.coefficients else { continue };
        let names: Vec<&str> = coefficients.iter().map(|found| found.name.as_str()).collect();
        let missing = missing_weights(op, &device, &names);
        if missing.is_empty() {
            continue;
        }
        let (missing, names) = (missing.join("`, `"), names.join("`, `"));
        let message = format!("estimates of `{op}` need `{missing}`, and the fit of `{op}/{set}` has `{names}`");
        return Err(StepError::usage(
            message,
            Some("fit the model of that operation, or give another `--op`".to_owned()),
        ));
    }
    Ok(())
}

/// Says which attribute sets estimates cannot read.
pub(super) fn unknown_sets(fitted: &[FittedFile]) -> Vec<String> {
    let said = |(op, set): &(String, String)| Some(format!("{} ({})", unknown_word(op, set)?, known_words(set)));
    fitted_sets(fitted).filter_map(said).collect()
}

fn unknown_word(op: &str, set: &str) -> Option<String> {
    let word = predicates(set).err()?;
    Some(format!("estimates cannot read the set `{set}` of `{op}`: `{word}` is no attribute of operations"))
}

/// Returns a hint with the word that may be meant, and all that are known.
fn known_words(set: &str) -> String {
    let words = Predicate::ALL.map(|(word, _)| word);
    let meant = predicates(set).err().and_then(|word| nearest(&word, words));
    let meant = meant.map_or_else(String::new, |meant| format!("did you mean `{meant}`? "));
    format!("{meant}attributes are `{}`, joined by `/`", words.join("`, `"))
}

/// Says which operations estimates do not know; `naming` says how an operation gets its name.
pub(super) fn unknown_operations(fitted: &[FittedFile], naming: &str) -> Vec<String> {
    let mut said: Vec<String> = Vec::new();
    for (op, _) in fitted_sets(fitted) {
        let Err(hint) = known_operation(op) else { continue };
        let meant = hint.filter(|hint| hint.starts_with("did you mean"));
        let meant = meant.map_or_else(String::new, |hint| format!("; {hint}"));
        let message = format!("estimates know no operation `{op}`: {naming}{meant}");
        if !said.contains(&message) {
            said.push(message);
        }
    }
    said
}

/// Says which sets of operations that were fitted are never reached, as a later one holds wherever they do.
pub(super) fn hidden_sets(text: &ParamText, fitted: &[FittedFile]) -> Vec<String> {
    let is_fitted = |op: &str| fitted_sets(fitted).any(|(known, _)| known == op);
    text.iter().filter(|(op, _)| is_fitted(op)).flat_map(|(op, sets)| hidden(op, sets)).collect()
}

fn hidden<V>(op: &str, sets: &[(String, V)]) -> Vec<String> {
    let words =
        |set: &str| -> Vec<String> { set.split('/').filter(|word| *word != "base").map(str::to_owned).collect() };
    let mut said = Vec::new();
    for (place, (set, _)) in sets.iter().enumerate() {
        let own = words(set);
        let hides = |(later, _): &&(String, V)| words(later).iter().all(|word| own.contains(word));
        if let Some((later, _)) = sets[place + 1..].iter().find(hides) {
            said.push(format!(
                "the set `{later}` of `{op}` stands behind `{set}` and holds wherever that does: `{set}` is never used"
            ));
        }
    }
    said
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sets_behind_narrower_ones_hide_them() {
        let check = |sets: &[&str], expected: &[(&str, &str)]| {
            let sets: Vec<(String, ())> = sets.iter().map(|set| ((*set).to_owned(), ())).collect();
            let told = |(later, set): &(&str, &str)| {
                format!(
                    "the set `{later}` of `exp` stands behind `{set}` and holds wherever that does: `{set}` is never used"
                )
            };
            assert_eq!(hidden("exp", &sets), expected.iter().map(told).collect::<Vec<_>>());
        };
        check(&["base", "approx", "vector_c", "approx/vector_c"], &[]);
        check(&["base", "approx/vector_c", "vector_c"], &[("vector_c", "approx/vector_c")]);
        check(&["approx", "base"], &[("base", "approx")]);
        check(&["approx/vector_c", "vector_c/approx"], &[("vector_c/approx", "approx/vector_c")]);
        check(&["df_int8", "approx"], &[]);
    }

    #[test]
    fn words_that_are_known_are_named() {
        let known = "attributes are `base`, `df_int8`, `df_int32`, `df_bfp`, `approx`, `vector_r`, `vector_c`, \
                     `l1_acc_en`, `dim_c`, joined by `/`";
        assert_eq!(known_words("approx/vecter_r"), format!("did you mean `vector_r`? {known}"));
        assert_eq!(known_words("wide"), known);
        assert_eq!(unknown_word("exp", "approx/vector_r"), None);
    }
}
