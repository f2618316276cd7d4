//! The schema: the parameters of a suite in the order of their names.

use super::{Kind, NamingError};
use crate::value::Scalar;
use std::collections::HashMap;

/// A parameter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Param {
    /// The name in the suite file and in expressions, `[A-Za-z][A-Za-z0-9_]*`.
    pub name: String,
    /// The mnemonic in point names, `[a-z]([a-z0-9]*[a-z])?`.
    pub code: String,
    /// What its values are.
    pub kind: Kind,
    /// The unit of its values, for people.
    pub unit: Option<String>,
    /// The values it takes; empty where blocks or names give them.
    pub values: Vec<Scalar>,
    /// The value where nothing gives one; not shown in names.
    pub default: Option<Scalar>,
    /// Names that it had before.
    pub was: Vec<String>,
}

/// Parameters that can name points: checked by `Schema::new`.
#[derive(Debug, Clone)]
pub struct Schema {
    params: Vec<Param>,
    /// For each parameter, the values known so far, by their text in small letters.
    known: Vec<HashMap<String, Scalar>>,
    /// Indices of the parameters, those with longer codes first.
    by_code_length: Vec<usize>,
}

impl Schema {
    /// Checks the parameters: codes and names, kinds of values, values that differ in case only,
    /// and values that would read as another parameter. Reports all that is wrong.
    pub fn new(params: Vec<Param>) -> Result<Schema, Vec<NamingError>> {
        let mut by_code_length: Vec<usize> = (0..params.len()).collect();
        by_code_length.sort_by_key(|&param| std::cmp::Reverse(params[param].code.len()));
        let mut schema = Schema { known: vec![HashMap::new(); params.len()], params, by_code_length };
        let errors = schema.check();
        if errors.is_empty() { Ok(schema) } else { Err(errors) }
    }

    /// Returns the parameters in order.
    pub fn params(&self) -> &[Param] {
        &self.params
    }

    /// Returns the number of parameters.
    pub fn len(&self) -> usize {
        self.params.len()
    }

    /// Tells whether there is no parameter.
    pub fn is_empty(&self) -> bool {
        self.params.is_empty()
    }

    /// Returns the index of the parameter with a name.
    pub fn index(&self, name: &str) -> Option<usize> {
        self.params.iter().position(|param| param.name == name)
    }

    /// Returns the index of the parameter that has or had a name.
    pub fn index_now_or_then(&self, name: &str) -> Option<usize> {
        self.index(name).or_else(|| self.params.iter().position(|param| param.was.iter().any(|was| was == name)))
    }

    /// Tells whether a value is listed, admitted or the default.
    pub fn knows(&self, param: usize, value: &Scalar) -> bool {
        self.known[param].get(&folded(value)) == Some(value)
    }

    /// Tells whether a parameter takes any value of its kind, because it lists none.
    pub fn is_open(&self, param: usize) -> bool {
        self.params[param].values.is_empty()
    }

    pub(super) fn known(&self, param: usize) -> &HashMap<String, Scalar> {
        &self.known[param]
    }

    pub(super) fn known_mut(&mut self, param: usize) -> &mut HashMap<String, Scalar> {
        &mut self.known[param]
    }

    /// Returns the parameter whose code a field begins with, the longest if there are several.
    pub(super) fn param_of_field(&self, field: &str) -> Option<usize> {
        self.by_code_length.iter().copied().find(|&param| field.starts_with(&self.params[param].code))
    }
}

/// Returns the text that two values of one parameter may not share.
pub(super) fn folded(value: &Scalar) -> String {
    value.to_string().to_lowercase()
}
