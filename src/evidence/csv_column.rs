//! Fields of a table with a header row.
//!
//! A location is `COLUMN` (one row: its value; several: a list), `COLUMN[first]`, `COLUMN[last]`,
//! `COLUMN[3]` (rows counted from 1, without the header) or `COLUMN[key=value]` (the one row whose
//! column `key` holds `value`). The columns are separated by commas, or by tabs or semicolons if the
//! header has no comma.

use super::{Evidence, EvidenceError, Field, Input, NoValue, Quote};
use crate::value::did_you_mean;
use csv::{ReaderBuilder, StringRecord};

struct Location<'a> {
    column: &'a str,
    row: Row<'a>,
}

enum Row<'a> {
    All,
    First,
    Last,
    Number(usize),
    Where { key: &'a str, value: &'a str },
}

/// Checks a location.
pub(super) fn check(location: &str) -> Result<(), &'static str> {
    read_location(location)
        .map(drop)
        .ok_or("COLUMN, COLUMN[first], COLUMN[last], COLUMN[3] (rows from 1) or COLUMN[key=value]")
}

fn read_location(location: &str) -> Option<Location<'_>> {
    let (column, selector) = match location.strip_suffix(']') {
        Some(rest) => rest.rsplit_once('[').map(|(column, selector)| (column, Some(selector)))?,
        None => (location, None),
    };
    let row = match selector {
        None => Row::All,
        Some("first") => Row::First,
        Some("last") => Row::Last,
        Some(selector) => match selector.split_once('=') {
            Some((key, value)) if !key.is_empty() => Row::Where { key, value },
            Some(_) => return None,
            None => Row::Number(selector.parse().ok().filter(|number| *number > 0)?),
        },
    };
    (!column.trim().is_empty()).then_some(Location { column, row })
}

pub(super) fn parse(input: &Input) -> Result<Evidence, EvidenceError> {
    let bytes = input.bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(input.bytes);
    if bytes.iter().all(u8::is_ascii_whitespace) {
        return Err(EvidenceError::Empty);
    }
    // The last number of a table that was cut off would read as another number.
    if !bytes.ends_with(b"\n") {
        return Err(EvidenceError::CutOff { missing: "the end of the last row" });
    }
    // Lines are counted wrongly where they end in CRLF.
    let text = String::from_utf8_lossy(bytes).replace("\r\n", "\n");
    let mut reader = ReaderBuilder::new().delimiter(delimiter(&text)).from_reader(text.as_bytes());
    let header = reader.headers().map_err(|err| EvidenceError::Csv { err })?.clone();
    let rows: Vec<StringRecord> =
        reader.records().collect::<Result<_, _>>().map_err(|err| EvidenceError::Csv { err })?;
    if rows.is_empty() {
        return Err(EvidenceError::NothingFound { what: "row below the header", hint: None });
    }

    let mut evidence = Evidence::default();
    for (field, location) in input.fields {
        let Some(Location { column, row }) = read_location(location) else { continue };
        let index = column_index(&header, field, column)?;
        let chosen = choose(&rows, &header, field, row)?;
        let mut values = Vec::with_capacity(chosen.len());
        for &row in &chosen {
            let text = row.get(index).unwrap_or_default();
            let quote = quote(row);
            let value = Field::read(text).map_err(|why| no_value(field, why, quote.clone()))?;
            // One word among numbers is a failed row, not a text.
            if chosen.len() > 1 && value.number().is_none() {
                return Err(no_value(field, NoValue::NotANumber, quote));
            }
            values.push(value);
        }
        if let ([row], true) = (chosen.as_slice(), rows.len() > 1) {
            evidence.quotes.push(quote(row));
        }
        let value = Field::join(values).ok_or(EvidenceError::NothingFound { what: "row", hint: None })?;
        evidence.fields.push((field.clone(), value));
    }
    Ok(evidence)
}

fn delimiter(text: &str) -> u8 {
    let header = text.lines().next().unwrap_or_default();
    [b',', b'\t', b';'].into_iter().find(|delimiter| header.as_bytes().contains(delimiter)).unwrap_or(b',')
}

fn column_index(header: &StringRecord, field: &str, column: &str) -> Result<usize, EvidenceError> {
    let mut found = header.iter().enumerate().filter(|(_, name)| name.trim() == column).map(|(index, _)| index);
    let error = |location: String, hint| EvidenceError::NotThere { field: field.to_owned(), location, hint };
    match (found.next(), found.next()) {
        (Some(index), None) => Ok(index),
        (Some(_), Some(_)) => {
            Err(error(format!("single column `{column}`"), Some("the header names it more than once".to_owned())))
        }
        (None, _) => Err(error(format!("column `{column}`"), did_you_mean(column, header.iter().map(str::trim)))),
    }
}

fn choose<'r>(
    rows: &'r [StringRecord],
    header: &StringRecord,
    field: &str,
    row: Row,
) -> Result<Vec<&'r StringRecord>, EvidenceError> {
    let error = |location: String| EvidenceError::NotThere {
        field: field.to_owned(),
        location,
        hint: Some(format!("the table has {} rows", rows.len())),
    };
    match row {
        Row::All => Ok(rows.iter().collect()),
        Row::First => rows.first().map(|row| vec![row]).ok_or_else(|| error("first row".to_owned())),
        Row::Last => rows.last().map(|row| vec![row]).ok_or_else(|| error("last row".to_owned())),
        Row::Number(number) => rows.get(number - 1).map(|row| vec![row]).ok_or_else(|| error(format!("row {number}"))),
        Row::Where { key, value } => {
            let index = column_index(header, field, key)?;
            let matching: Vec<&StringRecord> =
                rows.iter().filter(|row| same(row.get(index).unwrap_or_default(), value)).collect();
            match matching.len() {
                1 => Ok(matching),
                0 => Err(error(format!("row with {key}={value}"))),
                count => Err(error(format!("single row with {key}={value} (there are {count})"))),
            }
        }
    }
}

/// Compares a cell with a value of the suite: `20` is the same as `20.000000`.
fn same(cell: &str, value: &str) -> bool {
    let (cell, value) = (cell.trim(), value.trim());
    cell == value || matches!((cell.parse::<f64>(), value.parse::<f64>()), (Ok(cell), Ok(value)) if cell == value)
}

fn quote(row: &StringRecord) -> Quote {
    let line = row.position().and_then(|position| usize::try_from(position.line()).ok());
    Quote::new(line, &row.iter().collect::<Vec<_>>().join(","))
}

fn no_value(field: &str, why: NoValue, quote: Quote) -> EvidenceError {
    EvidenceError::NoValue { field: field.to_owned(), why, quote }
}
