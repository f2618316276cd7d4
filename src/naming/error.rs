//! What can be wrong with a schema and with a name.

use super::{Kind, KindError};

/// A schema cannot name points, or a value cannot stand in names.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{fault}")]
pub struct NamingError {
    /// The parameters it is about, the one to change first.
    pub params: Vec<usize>,
    /// The value it is about: its index among those that were given.
    pub value: Option<usize>,
    /// Whether it is about the default.
    pub default: bool,
    /// What is wrong.
    pub fault: NamingFault,
}

impl NamingError {
    pub(super) fn new(params: Vec<usize>, fault: NamingFault) -> NamingError {
        NamingError { params, value: None, default: false, fault }
    }

    pub(super) fn of_value(self, index: usize) -> NamingError {
        NamingError { value: Some(index), ..self }
    }

    pub(super) fn of_default(self) -> NamingError {
        NamingError { default: true, ..self }
    }

    /// Returns what to do about it.
    pub fn hint(&self) -> Option<String> {
        match &self.fault {
            NamingFault::BadName { .. } => {
                Some("a name is made of letters, digits and `_`, begins with a letter and is no keyword".to_owned())
            }
            NamingFault::BadCode { .. } => {
                Some("a code is made of small letters and digits, and begins and ends with a letter".to_owned())
            }
            NamingFault::Kind { why, .. } => why.hint().map(str::to_owned),
            NamingFault::OnlyCase { .. } => Some("names of files may not depend on the case of letters".to_owned()),
            NamingFault::AmbiguousCode { param, .. } => {
                Some(format!("give one of them another code, or list the `values` of `{param}`"))
            }
            NamingFault::DuplicateCode { .. } | NamingFault::AmbiguousValue { .. } => {
                Some("give one of them another code".to_owned())
            }
            NamingFault::DuplicateName { .. } | NamingFault::OldName { .. } | NamingFault::DuplicateValue { .. } => {
                None
            }
        }
    }
}

/// What is wrong with a schema.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NamingFault {
    /// No name for a parameter.
    #[error("`{name}` cannot be the name of a parameter")]
    BadName {
        /// The name.
        name: String,
    },
    /// Two parameters with one name.
    #[error("there are two parameters `{name}`")]
    DuplicateName {
        /// The name.
        name: String,
    },
    /// An old name that is or was another parameter's.
    #[error("`{param}` cannot have been `{was}`, which is a name of `{other}`")]
    OldName {
        /// The parameter.
        param: String,
        /// Its old name.
        was: String,
        /// The other parameter, or itself.
        other: String,
    },
    /// No code.
    #[error("`{code}` cannot be the code of `{param}`")]
    BadCode {
        /// The parameter.
        param: String,
        /// The code.
        code: String,
    },
    /// Two parameters with one code.
    #[error("`{param}` and `{other}` have the same code `{code}`")]
    DuplicateCode {
        /// The later parameter.
        param: String,
        /// The earlier parameter.
        other: String,
        /// The code.
        code: String,
    },
    /// Some value of a parameter without listed values would read as another parameter.
    #[error("the codes `{code}` of `{param}` and `{other_code}` of `{other}` are ambiguous: `{example}` could be both")]
    AmbiguousCode {
        /// The parameter with the shorter code.
        param: String,
        /// The shorter code.
        code: String,
        /// The parameter with the longer code.
        other: String,
        /// The longer code.
        other_code: String,
        /// A field that could be both.
        example: String,
    },
    /// A value that would read as another parameter.
    #[error("value `{value}` of `{param}` gives `{field}`, which reads as a value of `{other}` (code `{code}`)")]
    AmbiguousValue {
        /// The parameter.
        param: String,
        /// The value.
        value: String,
        /// Its field.
        field: String,
        /// The other parameter.
        other: String,
        /// The code of the other parameter.
        code: String,
    },
    /// A value of another kind.
    #[error("wrong value of `{param}`: {why}")]
    Kind {
        /// The parameter.
        param: String,
        /// What is wrong with the value.
        why: KindError,
    },
    /// A value that is listed twice.
    #[error("`{param}` has the value `{value}` twice")]
    DuplicateValue {
        /// The parameter.
        param: String,
        /// The value.
        value: String,
    },
    /// Values that differ in case only.
    #[error("the values `{other}` and `{value}` of `{param}` differ in case only")]
    OnlyCase {
        /// The parameter.
        param: String,
        /// The later value.
        value: String,
        /// The earlier value.
        other: String,
    },
}

/// A text is not the name of a point.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("cannot read the name `{name}`")]
pub struct NameError {
    /// The text.
    pub name: String,
    /// First byte of the field at fault.
    pub offset: usize,
    /// Length of the field in bytes.
    pub length: usize,
    /// Why.
    #[source]
    pub fault: NameFault,
    /// What to write instead.
    pub hint: Option<String>,
}

impl NameError {
    /// Returns what to write instead.
    pub fn hint(&self) -> Option<&str> {
        self.hint.as_deref()
    }
}

/// Why a text is not the name of a point.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NameFault {
    /// No text at all, or nothing between two underscores.
    #[error("there is an empty field")]
    Empty,
    /// A character that names do not have.
    #[error("`{character}` does not occur in names")]
    Character {
        /// The character.
        character: char,
    },
    /// The name of a long point, cut.
    #[error("it is the shortened form of a long name")]
    Shortened,
    /// No parameter has such a code.
    #[error("no parameter has a code that `{field}` begins with")]
    UnknownField {
        /// The field.
        field: String,
    },
    /// A code without a value.
    #[error("`{field}` has no value after the code of `{param}`")]
    NoValue {
        /// The field.
        field: String,
        /// The parameter.
        param: String,
    },
    /// A parameter that is given twice.
    #[error("`{field}` gives a second value to `{param}`")]
    Twice {
        /// The field.
        field: String,
        /// The parameter.
        param: String,
    },
    /// An escape that stands for nothing.
    #[error("`{field}` has a broken escape")]
    Escape {
        /// The field.
        field: String,
    },
    /// A value of another kind.
    #[error("`{field}` is no value of `{param}`, which takes {}", .kind.description())]
    Kind {
        /// The field.
        field: String,
        /// The parameter.
        param: String,
        /// Its kind.
        kind: Kind,
    },
    /// A value that is not among those of its parameter.
    #[error("`{value}` is none of the values of `{param}`")]
    NotListed {
        /// The value.
        value: String,
        /// The parameter.
        param: String,
    },
    /// Another name is the name of this point.
    #[error("the name of that point is `{canonical}`")]
    NotCanonical {
        /// The name of the point.
        canonical: String,
    },
}
