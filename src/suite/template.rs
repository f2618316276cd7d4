//! Texts with placeholders: `--vdd={vdd}`, `{name}.log`; `{{` is a brace.

use super::ParamIndex;
use crate::value::Span;

/// A text with placeholders, parsed.
#[derive(Debug, Clone)]
pub struct Template {
    /// The parts in order; two literals are never neighbours.
    pub parts: Vec<Part>,
    /// Where it stands.
    pub span: Span,
}

/// A part of a template.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Part {
    /// Text as it is.
    Literal(String),
    /// The value of a parameter.
    Param(ParamIndex),
    /// The value of a `let`: stage before block before suite.
    Let(String),
    /// `{name}`: the name of the task's point.
    Name,
    /// `{shmoo}`: the path of this program.
    Shmoo,
    /// `{cases}`: the file of the cases that a `rows` task must measure.
    Cases,
}

/// Templates are equal if their parts are, wherever they stand.
impl PartialEq for Template {
    fn eq(&self, other: &Template) -> bool {
        self.parts == other.parts
    }
}

impl Template {
    /// Returns a template without placeholders.
    pub fn literal(text: impl Into<String>, span: Span) -> Template {
        let text = text.into();
        Template { parts: if text.is_empty() { Vec::new() } else { vec![Part::Literal(text)] }, span }
    }

    /// Returns the text, if there is no placeholder in it.
    pub fn as_literal(&self) -> Option<&str> {
        match self.parts.as_slice() {
            [] => Some(""),
            [Part::Literal(text)] => Some(text),
            _ => None,
        }
    }
}
