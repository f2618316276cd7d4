//! What a YAML file holds, before anybody knows what it means: scalars, lists, maps, with places.
//!
//! Scalars keep the text as written, so that `1.80` and 30 digits reach whoever reads a number, and
//! whether it was quoted, because `"1.10"` is a text and `1.10` is a number.

use crate::value::{Scalar, Sources, Span};
use std::rc::Rc;

/// A value in a file, with its place. Cheap to clone: aliases share what they mean.
#[derive(Debug, Clone)]
pub(super) struct Node {
    /// Where it stands; quotes included.
    pub(super) span: Span,
    /// What it is.
    pub(super) kind: NodeKind,
}

/// The shapes of a value.
#[derive(Debug, Clone)]
pub(super) enum NodeKind {
    /// Nothing: an empty place, `~` or `null`.
    Null,
    /// A text, number or truth value.
    Scalar(Text),
    /// Items in order.
    List(Rc<Vec<Node>>),
    /// Keys and values in order; keys are unique.
    Map(Rc<Vec<(Text, Node)>>),
}

/// A scalar as it was written.
#[derive(Debug, Clone)]
pub(super) struct Text {
    /// The text, after YAML's escapes and folding.
    pub(super) text: Rc<str>,
    /// How it was written.
    pub(super) style: Style,
    /// Where it stands; quotes included.
    pub(super) span: Span,
}

/// How a scalar was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Style {
    /// Without quotes: may be a number or a truth value.
    Plain,
    /// In single quotes, or with a tag `!!str`.
    Single,
    /// In double quotes, with escapes.
    Double,
    /// A `|` or `>` block.
    Block,
}

impl Node {
    /// Says what was found, for messages.
    pub(super) fn describe(&self) -> String {
        match &self.kind {
            NodeKind::Null => "nothing".to_owned(),
            NodeKind::Scalar(text) => text.describe(),
            NodeKind::List(_) => "a list".to_owned(),
            NodeKind::Map(_) => "a map".to_owned(),
        }
    }
}

impl Text {
    /// Returns the text.
    pub(super) fn as_str(&self) -> &str {
        &self.text
    }

    /// Returns the value that the writing suggests: quoted texts are texts.
    pub(super) fn infer(&self) -> Scalar {
        match self.style {
            Style::Plain => Scalar::infer(&self.text),
            Style::Single | Style::Double | Style::Block => Scalar::Text(self.text.to_string()),
        }
    }

    /// Says what was found, for messages.
    pub(super) fn describe(&self) -> String {
        match self.infer() {
            Scalar::Bool(value) => format!("`{value}`"),
            Scalar::Number(_) => format!("the number {}", self.text),
            Scalar::Text(_) => format!("the text `{}`", shorten(&self.text)),
        }
    }

    /// Returns the place of a part of the text, given in bytes of the text: the way back through
    /// quotes, escapes, folding and indentation.
    pub(super) fn place(&self, sources: &Sources, start: usize, length: usize) -> Span {
        let raw = sources.text(self.span);
        let offsets = align(&self.text, raw, self.style);
        let at = |offset: usize| {
            let index = offsets.partition_point(|&(text, _)| text <= offset);
            let (text, raw) = offsets[index.saturating_sub(1)];
            (raw + offset.saturating_sub(text)) as u32
        };
        let first = (self.span.start + at(start)).min(self.span.end);
        let end = if length == 0 {
            first
        } else {
            // The end is just after the last character, which may be followed by folding.
            let last = self.text[..(start + length).min(self.text.len())].chars().next_back().map_or(0, char::len_utf8);
            self.span.start + at((start + length).saturating_sub(last)) + last as u32
        };
        Span { file: self.span.file, start: first, end: end.clamp(first, self.span.end) }
    }
}

/// Cuts a long text for a message.
pub(super) fn shorten(text: &str) -> String {
    let line = text.lines().next().unwrap_or("");
    let cut: String = line.chars().take(40).collect();
    if cut.len() < text.trim_end().len() { format!("{cut}...") } else { cut }
}

/// Pairs byte offsets of the text with byte offsets of its source, one pair a character and one for
/// the end.
fn align(text: &str, raw: &str, style: Style) -> Vec<(usize, usize)> {
    let mut pairs = Vec::with_capacity(text.len() + 1);
    let mut rest = match style {
        Style::Plain => 0,
        Style::Single | Style::Double => usize::from(raw.starts_with(['\'', '"'])),
        Style::Block => raw.find('\n').map_or(0, |at| if raw.starts_with(['|', '>']) { at + 1 } else { 0 }),
    };
    for (offset, wanted) in text.char_indices() {
        loop {
            let Some(found) = raw.get(rest..).and_then(|raw| raw.chars().next()) else {
                pairs.push((offset, raw.len()));
                break;
            };
            if style == Style::Double && found == '\\' {
                let escape = &raw[rest + 1..];
                if escape.starts_with(['\n', '\r']) {
                    rest += 1 + escape.len() - escape.trim_start().len();
                    continue;
                }
                pairs.push((offset, rest));
                let kind = escape.chars().next().unwrap_or(' ');
                let digits = match kind {
                    'x' => 2,
                    'u' => 4,
                    'U' => 8,
                    _ => 0,
                };
                rest = (rest + 1 + kind.len_utf8() + digits).min(raw.len());
                break;
            }
            if found == wanted {
                pairs.push((offset, rest));
                rest += found.len_utf8();
                if style == Style::Single && found == '\'' && raw[rest..].starts_with('\'') {
                    rest += 1;
                }
                break;
            }
            if found.is_whitespace() && !wanted.is_whitespace() {
                rest += found.len_utf8();
                continue;
            }
            // Folding turned a line break into a space, or the two have drifted apart: stay here.
            pairs.push((offset, rest));
            if found.is_whitespace() {
                rest += found.len_utf8();
            }
            break;
        }
    }
    pairs.push((text.len(), rest));
    pairs
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Finds `needle` in the text and returns what the file has at its place.
    fn found(raw: &str, text: &str, style: Style, needle: &str) -> String {
        let mut sources = Sources::default();
        let file = sources.add("a.yaml", raw);
        let span = Span { file, start: 0, end: raw.len() as u32 };
        let scalar = Text { text: text.into(), style, span };
        let place = scalar.place(&sources, text.find(needle).unwrap(), needle.len());
        sources.text(place).to_owned()
    }

    #[test]
    fn parts_of_scalars_have_places() {
        let check = |raw: &str, text: &str, style: Style, needle: &str| {
            assert_eq!(found(raw, text, style, needle), needle, "{raw}");
        };
        check("a + bc", "a + bc", Style::Plain, "bc");
        check("\"a + bc\"", "a + bc", Style::Double, "bc");
        check("\"\\ta \\u00e4 bc\"", "\ta ä bc", Style::Double, "bc");
        check("\"a \\\n    bc\"", "a bc", Style::Double, "bc");
        check("'a == ''bc'''", "a == 'bc'", Style::Single, "bc");
        check("|\n  first\n    bc\n  de\n", "first\n  bc\nde\n", Style::Block, "bc");
        check("|\n  first\n    bc\n  de\n", "first\n  bc\nde\n", Style::Block, "de");
        check(">-\n  first\n  bc\n", "first bc", Style::Block, "bc");
        check("first\n  bc", "first bc", Style::Plain, "bc");
        check("'ä ''ü'' bc'", "ä 'ü' bc", Style::Single, "bc");
    }
}
