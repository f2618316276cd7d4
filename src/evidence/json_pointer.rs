//! Fields of any JSON document by JSON pointer (RFC 6901).

use super::json_document::{self, kind};
use super::{Evidence, EvidenceError, Field, Input, NoValue, Quote};
use crate::value::did_you_mean;
use serde_json::Value;

/// Checks a pointer.
pub(super) fn check(pointer: &str) -> Result<(), &'static str> {
    if !pointer.starts_with('/') {
        return Err("a JSON pointer, which begins with `/`");
    }
    let mut rest = pointer;
    while let Some((_, after)) = rest.split_once('~') {
        if !after.starts_with(['0', '1']) {
            return Err("a JSON pointer, in which `~` is written `~0` and `/` in a key `~1`");
        }
        rest = after;
    }
    Ok(())
}

pub(super) fn parse(input: &Input) -> Result<Evidence, EvidenceError> {
    let document: Value = json_document::read(input.bytes, "the report")?;
    let mut evidence = Evidence::default();
    for (field, pointer) in input.fields {
        let value = look_up(&document, field, pointer)?;
        let quote = || Quote::new(None, &format!("{pointer}: {}", json_document::excerpt(value)));
        let found = read(value).map_err(|why| EvidenceError::NoValue { field: field.clone(), why, quote: quote() })?;
        evidence.quotes.push(quote());
        evidence.fields.push((field.clone(), found));
    }
    Ok(evidence)
}

fn read(value: &Value) -> Result<Field, NoValue> {
    match value {
        Value::Bool(value) => Ok(Field::Bool(*value)),
        Value::Number(number) => {
            number.as_f64().filter(|number| number.is_finite()).map(Field::Number).ok_or(NoValue::NotFinite)
        }
        Value::String(text) if text.is_empty() => Err(NoValue::Empty),
        Value::String(text) => Ok(Field::Text(text.clone())),
        Value::Array(items) if items.is_empty() => Err(NoValue::Empty),
        Value::Array(items) => {
            let numbers: Option<Vec<f64>> = items.iter().map(Value::as_f64).collect();
            numbers.map(Field::List).ok_or(NoValue::Kind("a list with other things than numbers"))
        }
        Value::Null | Value::Object(_) => Err(NoValue::Kind(kind(value))),
    }
}

/// Follows a pointer, and says at which step the path ends.
fn look_up<'d>(document: &'d Value, field: &str, pointer: &str) -> Result<&'d Value, EvidenceError> {
    let mut value = document;
    let mut path = String::new();
    for step in pointer.split('/').skip(1) {
        let key = step.replace("~1", "/").replace("~0", "~");
        let next = match value {
            Value::Object(members) => members.get(&key),
            Value::Array(items) => step.parse::<usize>().ok().and_then(|index| items.get(index)),
            _ => None,
        };
        let Some(next) = next else {
            let place = if path.is_empty() { "the document".to_owned() } else { format!("`{path}`") };
            let hint = match value {
                Value::Object(members) => did_you_mean(&key, members.keys().map(String::as_str)),
                Value::Array(items) => Some(format!("{place} is a list of {}, counted from 0", items.len())),
                other => Some(format!("{place} is {}", kind(other))),
            };
            return Err(EvidenceError::NotThere {
                field: field.to_owned(),
                location: format!("`{key}` in {place}"),
                hint,
            });
        };
        path.push('/');
        path.push_str(step);
        value = next;
    }
    Ok(value)
}
