//! What a schema may not be: the checks that make names unambiguous.

use super::error::{NamingError, NamingFault};
use super::field::field_text;
use super::schema::folded;
use super::{Kind, Schema};
use crate::expr::is_keyword;
use crate::value::{Scalar, is_identifier};
use std::collections::HashSet;

impl Schema {
    /// Returns all that is wrong, and learns the listed values and defaults.
    pub(super) fn check(&mut self) -> Vec<NamingError> {
        let mut errors = Vec::new();
        self.check_names(&mut errors);
        self.check_codes(&mut errors);
        for index in 0..self.len() {
            let param = &self.params()[index];
            let (values, default) = (param.values.clone(), param.default.clone());
            errors.extend(self.learn(index, &values, NamingError::of_value));
            // The default may be one of the listed values; it must not differ from one in case only.
            if let Some(default) = default
                && !self.knows(index, &default)
            {
                errors.extend(self.learn(index, &[default], |error, _| error.of_default()));
            }
        }
        errors
    }

    /// Checks and learns further values of a parameter, such as those that a block of cases gives
    /// it. Values of the schema may be among them, but none may stand there twice. Errors say which
    /// one they are about by `NamingError::value`.
    pub fn admit(&mut self, param: usize, values: &[Scalar]) -> Result<(), Vec<NamingError>> {
        let mut errors = Vec::new();
        let mut given = HashSet::new();
        for (index, value) in values.iter().enumerate() {
            if !given.insert(value) {
                let name = self.params()[param].name.clone();
                let fault = NamingFault::DuplicateValue { param: name, value: value.to_string() };
                errors.push(NamingError::new(vec![param], fault).of_value(index));
            } else if !self.knows(param, value) {
                let found = self.learn(param, std::slice::from_ref(value), |error, _| error.of_value(index));
                errors.extend(found);
            }
        }
        if errors.is_empty() { Ok(()) } else { Err(errors) }
    }

    fn learn(
        &mut self,
        index: usize,
        values: &[Scalar],
        place: impl Fn(NamingError, usize) -> NamingError,
    ) -> Vec<NamingError> {
        let mut errors = Vec::new();
        for (position, value) in values.iter().enumerate() {
            let fault = self.value_fault(index, value);
            let known = self.known_mut(index);
            match fault {
                Some((params, fault)) => errors.push(place(NamingError::new(params, fault), position)),
                None => {
                    known.insert(folded(value), value.clone());
                }
            }
        }
        errors
    }

    /// Returns what is wrong with one more value of a parameter.
    fn value_fault(&self, index: usize, value: &Scalar) -> Option<(Vec<usize>, NamingFault)> {
        let param = &self.params()[index];
        let name = || param.name.clone();
        match param.kind.coerce(value) {
            Err(err) => return Some((vec![index], NamingFault::Kind { param: name(), why: err })),
            Ok(coerced) if coerced != *value => {
                let why = super::KindError::Other { value: value.to_string(), kind: param.kind };
                return Some((vec![index], NamingFault::Kind { param: name(), why }));
            }
            Ok(_) => {}
        }
        if let Some(known) = self.known(index).get(&folded(value)) {
            let fault = if known == value {
                NamingFault::DuplicateValue { param: name(), value: value.to_string() }
            } else {
                NamingFault::OnlyCase { param: name(), value: value.to_string(), other: known.to_string() }
            };
            return Some((vec![index], fault));
        }
        let field = field_text(&param.code, value);
        let folded_field = field.to_ascii_lowercase();
        let other = (0..self.len()).filter(|&other| other != index).find(|&other| {
            let code = &self.params()[other].code;
            code.len() > param.code.len() && folded_field.starts_with(code.as_str())
        })?;
        let fault = NamingFault::AmbiguousValue {
            param: name(),
            value: value.to_string(),
            field,
            other: self.params()[other].name.clone(),
            code: self.params()[other].code.clone(),
        };
        Some((vec![index, other], fault))
    }

    fn check_names(&self, errors: &mut Vec<NamingError>) {
        for (index, param) in self.params().iter().enumerate() {
            let mut push = |params, fault| errors.push(NamingError::new(params, fault));
            if !is_identifier(&param.name) || is_keyword(&param.name) {
                push(vec![index], NamingFault::BadName { name: param.name.clone() });
            }
            let earlier = &self.params()[..index];
            if let Some(first) = earlier.iter().position(|other| other.name == param.name) {
                push(vec![first, index], NamingFault::DuplicateName { name: param.name.clone() });
            }
            for was in &param.was {
                let is_or_was = |(other_index, other): (usize, &super::Param)| {
                    let taken = other.name == *was || other_index < index && other.was.contains(was);
                    taken.then_some(other_index)
                };
                if let Some(other) = self.params().iter().enumerate().find_map(is_or_was) {
                    let other_name = self.params()[other].name.clone();
                    let fault = NamingFault::OldName { param: param.name.clone(), was: was.clone(), other: other_name };
                    push(vec![index, other], fault);
                }
            }
        }
    }

    fn check_codes(&self, errors: &mut Vec<NamingError>) {
        for (index, param) in self.params().iter().enumerate() {
            if !is_code(&param.code) {
                let fault = NamingFault::BadCode { param: param.name.clone(), code: param.code.clone() };
                errors.push(NamingError::new(vec![index], fault));
                continue;
            }
            for (other_index, other) in self.params().iter().enumerate() {
                if other_index == index || !is_code(&other.code) {
                    continue;
                }
                let Some(rest) = other.code.strip_prefix(&param.code) else { continue };
                let fault = if !rest.is_empty() {
                    let example = match param.kind {
                        Kind::Word if param.values.is_empty() => format!("{rest}x"),
                        // `n1e30` would be `n` = 1e30 or `n1e` = 30.
                        Kind::Int | Kind::Decimal if param.values.is_empty() && begins_number(rest) => {
                            format!("{rest}30")
                        }
                        Kind::Bool if ["true", "false"].iter().any(|value| value.starts_with(rest)) => {
                            if rest.starts_with('t') { "true".to_owned() } else { "false".to_owned() }
                        }
                        _ => continue,
                    };
                    NamingFault::AmbiguousCode {
                        param: param.name.clone(),
                        code: param.code.clone(),
                        other: other.name.clone(),
                        other_code: other.code.clone(),
                        example: format!("{}{example}", param.code),
                    }
                } else if other_index < index {
                    NamingFault::DuplicateCode {
                        param: param.name.clone(),
                        other: other.name.clone(),
                        code: param.code.clone(),
                    }
                } else {
                    continue;
                };
                errors.push(NamingError::new(vec![index, other_index], fault));
            }
        }
    }
}

/// Tells whether a text is a code, `[a-z]([a-z0-9]*[a-z])?`: a digit at its end would run into the
/// value.
fn is_code(code: &str) -> bool {
    code.starts_with(|c: char| c.is_ascii_lowercase())
        && code.ends_with(|c: char| c.is_ascii_lowercase())
        && code.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit())
}

/// Tells whether the canonical text of a number can begin so: letters and digits that end in a
/// letter can only be `1e` to `9e`.
fn begins_number(text: &str) -> bool {
    matches!(text.as_bytes(), [b'1'..=b'9', b'e'])
}
