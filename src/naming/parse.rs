//! Name -> point: the exact inverse of naming.

use super::error::{NameError, NameFault};
use super::escape::{is_in_names, unescape};
use super::field::{ALL, BASE, CUT, field_text};
use super::{Kind, Point, Schema};
use crate::value::{Scalar, nearest};

/// Which values a name may have.
#[derive(Clone, Copy, PartialEq)]
enum Values {
    Known,
    Any,
}

impl Schema {
    /// Reads a name. Parameters that it leaves out have their defaults.
    ///
    /// Refuses any text other than the name of the point it means (`v1.80`, a default spelled out,
    /// fields in another order), and values that are neither listed nor admitted.
    pub fn parse(&self, name: &str) -> Result<Point, NameError> {
        self.read(name, Values::Known)
    }

    /// As `parse`, but takes any value of the right kind: for cases that are not planned.
    pub fn parse_new(&self, name: &str) -> Result<Point, NameError> {
        self.read(name, Values::Any)
    }

    fn read(&self, name: &str, values: Values) -> Result<Point, NameError> {
        let error = |offset: usize, length: usize, fault: NameFault, hint: Option<String>| {
            Err(NameError { name: name.to_owned(), offset, length, fault, hint })
        };
        if let Some((offset, character)) =
            name.char_indices().find(|(_, character)| !character.is_ascii() || !is_in_names(*character as u8))
        {
            let hint = "a name is made of codes and values with `_` between them".to_owned();
            return error(offset, character.len_utf8(), NameFault::Character { character }, Some(hint));
        }
        if let Some(offset) = name.find(CUT) {
            let hint = "it can only be found among the names of a plan; give the values instead".to_owned();
            return error(offset, name.len() - offset, NameFault::Shortened, Some(hint));
        }
        let mut point = Point::empty(self.len());
        if name != ALL {
            if name != BASE {
                for (offset, field) in fields(name) {
                    let (param, value) = match self.read_field(field, values) {
                        Ok(read) => read,
                        Err((fault, hint)) => return error(offset, field.len(), fault, hint),
                    };
                    if point.get(param).is_some() {
                        let param = self.params()[param].name.clone();
                        return error(offset, field.len(), NameFault::Twice { field: field.to_owned(), param }, None);
                    }
                    point.set(param, Some(value));
                }
            }
            for (index, param) in self.params().iter().enumerate() {
                if point.get(index).is_none() {
                    point.set(index, param.default.clone());
                }
            }
        }
        let canonical = self.name(&point);
        if canonical.as_str() != name {
            let hint = format!("write `{canonical}`");
            let fault = NameFault::NotCanonical { canonical: canonical.as_str().to_owned() };
            return error(0, name.len(), fault, Some(hint));
        }
        Ok(point)
    }

    fn read_field(&self, field: &str, values: Values) -> Result<(usize, Scalar), (NameFault, Option<String>)> {
        if field.is_empty() {
            return Err((NameFault::Empty, None));
        }
        let Some(index) = self.param_of_field(field) else {
            return Err((NameFault::UnknownField { field: field.to_owned() }, self.code_hint(field)));
        };
        let param = &self.params()[index];
        let text = &field[param.code.len()..];
        if text.is_empty() {
            return Err((NameFault::NoValue { field: field.to_owned(), param: param.name.clone() }, None));
        }
        let Some(text) = unescape(text) else {
            let hint = "bytes are written `=XX` with two large hex digits, and `_` as `__`".to_owned();
            return Err((NameFault::Escape { field: field.to_owned() }, Some(hint)));
        };
        let value = param.kind.read(&text).map_err(|source| {
            let hint = source.hint().map(str::to_owned).or_else(|| self.value_hint(index, &text));
            let (field, param) = (field.to_owned(), param.name.clone());
            (NameFault::Kind { field, param, kind: self.params()[index].kind }, hint)
        })?;
        if values == Values::Known && !self.is_open(index) && !self.knows(index, &value) {
            let fault = NameFault::NotListed { value: value.to_string(), param: param.name.clone() };
            return Err((fault, self.value_hint(index, &text)));
        }
        Ok((index, value))
    }

    /// Returns the field with the nearest known value, or a list of some.
    fn value_hint(&self, index: usize, text: &str) -> Option<String> {
        let param = &self.params()[index];
        let known: Vec<(String, String)> = param
            .values
            .iter()
            .filter(|value| param.default.as_ref() != Some(value))
            .map(|value| (value.to_string(), field_text(&param.code, value)))
            .collect();
        // What looks like a number is hardly a typo of another number.
        if param.kind == Kind::Word
            && let Some(near) = nearest(text, known.iter().map(|(text, _)| text.as_str()))
        {
            return known.iter().find(|(text, _)| text == near).map(|(_, field)| format!("did you mean `{field}`?"));
        }
        let some: Vec<&str> = known.iter().take(12).map(|(_, field)| field.as_str()).collect();
        if some.is_empty() {
            return None;
        }
        let more = if known.len() > some.len() { ", ..." } else { "" };
        Some(format!("the fields of `{}` are `{}`{more}", param.name, some.join("`, `")))
    }

    /// Returns the field with the nearest code, or the list of codes.
    fn code_hint(&self, field: &str) -> Option<String> {
        let letters = field.bytes().take_while(u8::is_ascii_alphabetic).count();
        let codes = || self.params().iter().map(|param| param.code.as_str());
        if let Some(code) = nearest(&field[..letters], codes()).filter(|_| letters > 1) {
            return Some(format!("did you mean `{code}{}`?", &field[letters..]));
        }
        let known: Vec<&str> = codes().take(20).collect();
        if known.is_empty() { None } else { Some(format!("the codes are `{}`", known.join("`, `"))) }
    }
}

/// Cuts a name into fields with their places: in an odd run of underscores the last separates.
fn fields(name: &str) -> impl Iterator<Item = (usize, &str)> {
    let bytes = name.as_bytes();
    let mut start = 0;
    let mut done = false;
    std::iter::from_fn(move || {
        if done {
            return None;
        }
        let mut at = start;
        while at < bytes.len() {
            let run = bytes[at..].iter().take_while(|&&byte| byte == b'_').count();
            at += run.max(1);
            if run % 2 == 1 {
                let field = (start, &name[start..at - 1]);
                start = at;
                return Some(field);
            }
        }
        done = true;
        Some((start, &name[start..]))
    })
}
