//! The cells of a table: columns by their names, keys and values as what they mean.

use super::RowCase;
use crate::evidence::Field;
use crate::value::{Decimal, Scalar, did_you_mean};
use csv::StringRecord;
use std::collections::HashSet;

pub(super) fn broken(err: &csv::Error) -> String {
    match err.kind() {
        csv::ErrorKind::UnequalLengths { pos, expected_len, len } => {
            let line = pos.as_ref().map_or(0, csv::Position::line);
            format!("line {line} has {len} cells, the header has {expected_len}")
        }
        _ => err.to_string(),
    }
}

pub(super) fn value_of<'a>(case: &'a RowCase, param: &str) -> Option<&'a Scalar> {
    case.params.iter().find(|(name, _)| name == param).map(|(_, value)| value)
}

/// Finds the first of several columns that exists.
pub(super) fn column(header: &StringRecord, what: &str, names: &[String]) -> Result<usize, String> {
    for name in names {
        let mut found = header.iter().enumerate().filter(|(_, cell)| cell.trim() == name).map(|(index, _)| index);
        match (found.next(), found.next()) {
            (Some(_), Some(_)) => return Err(format!("the header names the column `{name}` of {what} twice")),
            (Some(index), None) => return Ok(index),
            (None, _) => {}
        }
    }
    let wanted = names.join("` or `");
    let hint = names.first().and_then(|name| did_you_mean(name, header.iter().map(str::trim)));
    Err(format!("no column `{wanted}` for {what}{}", hint.map(|hint| format!(" ({hint})")).unwrap_or_default()))
}

/// Tells whether a cell says that there is nothing.
fn is_nothing(cell: &str) -> bool {
    ["", "-", "--", "n/a", "na", "null", "none"].iter().any(|nothing| cell.eq_ignore_ascii_case(nothing))
}

/// How the values of a key are compared.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Reading {
    /// By what they look like: a number, a truth value, nothing (`2.0` is 2, `True` is true).
    Loose,
    /// By their texts, where the other way two values wanted would be one (`1.10` and `1.1`).
    Texts,
}

impl Reading {
    pub(super) fn of(cases: &[RowCase], param: &str) -> Reading {
        let values: HashSet<Option<&Scalar>> = cases.iter().map(|case| value_of(case, param)).collect();
        let loose: HashSet<Option<Scalar>> =
            values.iter().map(|value| value.and_then(|value| Reading::Loose.value(value))).collect();
        if loose.len() == values.len() { Reading::Loose } else { Reading::Texts }
    }

    pub(super) fn value(self, value: &Scalar) -> Option<Scalar> {
        match (self, value) {
            (Reading::Texts, value) => Some(Scalar::Text(value.to_string())),
            (Reading::Loose, Scalar::Text(text)) if is_nothing(text) => None,
            (Reading::Loose, Scalar::Text(text)) if text.eq_ignore_ascii_case("true") => Some(Scalar::Bool(true)),
            (Reading::Loose, Scalar::Text(text)) if text.eq_ignore_ascii_case("false") => Some(Scalar::Bool(false)),
            (Reading::Loose, Scalar::Text(text)) => {
                Some(text.parse::<Decimal>().map_or_else(|_| value.clone(), Scalar::Number))
            }
            (Reading::Loose, Scalar::Bool(_) | Scalar::Number(_)) => Some(value.clone()),
        }
    }

    pub(super) fn cell(self, cell: &str) -> Option<Scalar> {
        let cell = cell.trim();
        if cell.is_empty() { None } else { self.value(&Scalar::Text(cell.to_owned())) }
    }
}

/// Reads the cell of a field.
pub(super) fn read_field(cell: &str) -> Result<Field, String> {
    let cell = cell.trim();
    if is_nothing(cell) {
        return Err(if cell.is_empty() { "is empty".to_owned() } else { format!("is `{cell}`") });
    }
    match cell {
        "true" => return Ok(Field::Bool(true)),
        "false" => return Ok(Field::Bool(false)),
        _ => {}
    }
    // What some C libraries print for a number that is none: `nan(0x8000)`, `-1.#IND`.
    let odd = cell.trim_start_matches(['-', '+']).to_ascii_lowercase();
    match cell.parse::<f64>() {
        Ok(number) if number.is_finite() => Ok(Field::Number(number)),
        Ok(_) => Err(format!("is not a finite number (`{cell}`)")),
        Err(_) if odd.starts_with("nan(") || odd.starts_with("1.#") => {
            Err(format!("is not a finite number (`{cell}`)"))
        }
        Err(_) => Ok(Field::Text(cell.to_owned())),
    }
}
