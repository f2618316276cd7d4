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

/// A part of a template whose names are not looked up yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Piece {
    /// Text as it is, `{{` and `}}` resolved.
    Literal(String),
    /// `{name}`, or `{name...}`.
    Hole {
        /// What stands between the braces, without the dots.
        name: String,
        /// Whether dots follow.
        splice: bool,
        /// First byte, the brace.
        offset: usize,
        /// Length in bytes, with both braces.
        length: usize,
    },
}

/// A text is no template.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct TemplateError {
    /// First byte of the place in the text.
    pub offset: usize,
    /// Length of the place in bytes.
    pub length: usize,
    /// What is wrong.
    pub message: String,
}

impl TemplateError {
    /// Returns what to write instead.
    pub fn hint(&self) -> &'static str {
        "`{name}` is replaced by a value; write `{{` for a brace"
    }
}

/// Splits a text at its placeholders. A `}` without a partner is text.
pub fn split_template(text: &str) -> Result<Vec<Piece>, TemplateError> {
    let mut pieces = Vec::new();
    let mut literal = String::new();
    let mut at = 0;
    while let Some(found) = text[at..].find(['{', '}']) {
        let brace = at + found;
        literal.push_str(&text[at..brace]);
        let rest = &text[brace..];
        if rest.starts_with("{{") || rest.starts_with("}}") {
            literal.push_str(&rest[..1]);
            at = brace + 2;
            continue;
        }
        if rest.starts_with('}') {
            literal.push('}');
            at = brace + 1;
            continue;
        }
        let error = |length: usize, message: String| TemplateError { offset: brace, length, message };
        let Some(end) = rest.find('}') else {
            return Err(error(rest.len(), "this `{` is never closed".to_owned()));
        };
        let inside = &rest[1..end];
        let name = inside.strip_suffix("...").unwrap_or(inside);
        if !crate::value::is_identifier(name) {
            return Err(error(end + 1, format!("`{{{inside}}}` is not a placeholder")));
        }
        if !literal.is_empty() {
            pieces.push(Piece::Literal(std::mem::take(&mut literal)));
        }
        let splice = name.len() < inside.len();
        pieces.push(Piece::Hole { name: name.to_owned(), splice, offset: brace, length: end + 1 });
        at = brace + end + 1;
    }
    literal.push_str(&text[at..]);
    if !literal.is_empty() {
        pieces.push(Piece::Literal(literal));
    }
    Ok(pieces)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn templates_split_at_placeholders() {
        let show = |text: &str| match split_template(text) {
            Err(err) => format!("error at {}+{}: {err}", err.offset, err.length),
            Ok(pieces) => {
                let piece = |piece: &Piece| match piece {
                    Piece::Literal(text) => format!("'{text}'"),
                    Piece::Hole { name, splice, offset, length } => {
                        format!("{name}{}@{offset}+{length}", if *splice { "..." } else { "" })
                    }
                };
                pieces.iter().map(piece).collect::<Vec<_>>().join(" ")
            }
        };
        let check = |text: &str, expected: &str| assert_eq!(show(text), expected, "{text}");
        check("", "");
        check("a.log", "'a.log'");
        check("--vdd={vdd}V", "'--vdd=' vdd@6+5 'V'");
        check("{a}{b...}", "a@0+3 b...@3+6");
        check("{{a}} {{", "'{a} {'");
        check("a}b}}", "'a}b}'");
        check("x {a", "error at 2+2: this `{` is never closed");
        check("{a b}", "error at 0+5: `{a b}` is not a placeholder");
        check("{}", "error at 0+2: `{}` is not a placeholder");
        check("{...}", "error at 0+5: `{...}` is not a placeholder");
        check("ä{b}ä", "'ä' b@2+3 'ä'");
    }
}
