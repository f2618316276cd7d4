//! Named values as a report gives them, and the choice of a suite among them.

use super::{Evidence, EvidenceError, Field, Missing, NoValue, Quote};
use crate::value::did_you_mean;
use std::collections::HashMap;

/// Of a report that is all values, a few lines are enough to recognise it.
const MOST_QUOTES: usize = 12;

/// Named values in the order of the report.
#[derive(Default)]
pub(super) struct Findings {
    list: Vec<Finding>,
    places: HashMap<String, usize>,
}

struct Finding {
    name: String,
    value: Result<Field, NoValue>,
    quote: Quote,
}

/// What happens to names without a value that nobody asked for.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Unasked {
    /// They are errors: the report is ours, every line counts.
    Strict,
    /// They are kept as missing: the report holds other things too.
    Lenient,
}

impl Findings {
    /// Adds a value. The same name twice with different values has no value at all: which one was
    /// meant is not for us to guess.
    pub(super) fn add(&mut self, name: &str, value: Result<Field, NoValue>, quote: Quote) {
        if let Some(&place) = self.places.get(name) {
            let known = &mut self.list[place];
            match (&known.value, &value) {
                (Err(_), _) => {}
                (Ok(first), Ok(second)) if first == second => {}
                (Ok(first), Ok(_)) => {
                    known.value = Err(NoValue::TwoValues(first.to_string()));
                    known.quote = quote;
                }
                (Ok(_), Err(_)) => {
                    known.value = value;
                    known.quote = quote;
                }
            }
            return;
        }
        self.places.insert(name.to_owned(), self.list.len());
        self.list.push(Finding { name: name.to_owned(), value, quote });
    }

    /// Tells whether the report names nothing.
    pub(super) fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// Returns all, or what the suite asks for, under its names.
    pub(super) fn pick(
        self,
        asked: &[(String, String)],
        unasked: Unasked,
        kind: &'static str,
    ) -> Result<Evidence, EvidenceError> {
        let mut evidence = Evidence::default();
        if asked.is_empty() {
            for Finding { name, value, quote } in self.list {
                match value {
                    Ok(field) => {
                        if quote.line.is_some() {
                            evidence.quotes.push(quote);
                        }
                        evidence.fields.push((name, field));
                    }
                    Err(why) if unasked == Unasked::Strict => {
                        return Err(EvidenceError::NoValue { field: name, why, quote });
                    }
                    Err(why) => evidence.missing.push(Missing { field: name, why, quote }),
                }
            }
            // Names without a single value show that the tool failed, not that there is nothing to show.
            if evidence.fields.is_empty() {
                return Err(match evidence.missing.into_iter().next() {
                    Some(Missing { field, why, quote }) => EvidenceError::NoValue { field, why, quote },
                    None => EvidenceError::NothingFound { what: kind, hint: None },
                });
            }
            evidence.quotes.truncate(MOST_QUOTES);
            return Ok(evidence);
        }
        for (field, location) in asked {
            let (value, quote) = self.get(field, location, kind)?;
            if quote.line.is_some() {
                evidence.quotes.push(quote);
            }
            evidence.fields.push((field.clone(), value));
        }
        Ok(evidence)
    }

    /// Returns one value by its name in the report.
    pub(super) fn get(&self, field: &str, location: &str, kind: &'static str) -> Result<(Field, Quote), EvidenceError> {
        let Some(&place) = self.places.get(location) else {
            let known = self.list.iter().map(|finding| finding.name.as_str());
            return Err(EvidenceError::NotThere {
                field: field.to_owned(),
                location: format!("{kind} `{location}`"),
                hint: did_you_mean(location, known),
            });
        };
        let Finding { value, quote, .. } = &self.list[place];
        match value {
            Ok(value) => Ok((value.clone(), quote.clone())),
            Err(why) => Err(EvidenceError::NoValue { field: field.to_owned(), why: why.clone(), quote: quote.clone() }),
        }
    }
}
