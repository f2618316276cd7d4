//! A value in a JSON document that knows the way to it.

use super::ForeignError;
use serde_json::Value;

/// A value, and how to get there.
#[derive(Clone)]
pub(super) struct Place<'a> {
    pub(super) value: &'a Value,
    path: String,
}

impl<'a> Place<'a> {
    pub(super) fn top(value: &'a Value) -> Place<'a> {
        Place { value, path: String::new() }
    }

    /// Returns the value of a key, if it is there and not null.
    pub(super) fn get(&self, key: &str) -> Option<Place<'a>> {
        let value = self.value.get(key).filter(|value| !value.is_null())?;
        let path = if self.path.is_empty() { key.to_owned() } else { format!("{}.{key}", self.path) };
        Some(Place { value, path })
    }

    /// Returns the value of a key that must be there.
    pub(super) fn need(&self, key: &str) -> Result<Place<'a>, ForeignError> {
        self.get(key).ok_or_else(|| match (self.path.as_str(), self.value) {
            ("", Value::Object(_)) => ForeignError::Lacks { key: key.to_owned() },
            ("", _) => self.wanted("an object"),
            _ => self.wrong(&format!("has no `{key}`")),
        })
    }

    /// Returns the items of a list.
    pub(super) fn items(&self) -> Result<impl Iterator<Item = Place<'a>>, ForeignError> {
        let items = self.value.as_array().ok_or_else(|| self.wanted("a list"))?;
        let path = self.path.clone();
        Ok(items.iter().enumerate().map(move |(index, value)| Place { value, path: format!("{path}[{index}]") }))
    }

    /// Returns the entries of an object.
    pub(super) fn entries(&self) -> Result<impl Iterator<Item = (&'a str, Place<'a>)>, ForeignError> {
        let entries = self.value.as_object().ok_or_else(|| self.wanted("an object"))?;
        let path = if self.path.is_empty() { String::new() } else { format!("{}.", self.path) };
        Ok(entries.iter().map(move |(key, value)| (key.as_str(), Place { value, path: format!("{path}{key}") })))
    }

    pub(super) fn text(&self) -> Result<&'a str, ForeignError> {
        self.value.as_str().ok_or_else(|| self.wanted("a text"))
    }

    /// Returns a finite number; some programs write numbers as texts.
    pub(super) fn number(&self) -> Result<f64, ForeignError> {
        let number = match self.value {
            Value::Number(number) => number.as_f64(),
            Value::String(text) => text.trim().parse().ok(),
            _ => None,
        };
        number.filter(|number| number.is_finite()).ok_or_else(|| self.wanted("a number"))
    }

    pub(super) fn wanted(&self, wanted: &str) -> ForeignError {
        let found = match self.value {
            Value::Null => "nothing".to_owned(),
            Value::Bool(value) => value.to_string(),
            Value::Number(number) => number.to_string(),
            Value::String(text) => format!("the text `{}`", text.chars().take(40).collect::<String>()),
            Value::Array(_) => "a list".to_owned(),
            Value::Object(_) => "an object".to_owned(),
        };
        self.wrong(&format!("expected {wanted}, found {found}"))
    }

    pub(super) fn wrong(&self, message: &str) -> ForeignError {
        let message = message.to_owned();
        match self.path.as_str() {
            "" => ForeignError::Whole { message },
            place => ForeignError::Shape { place: place.to_owned(), message },
        }
    }
}
