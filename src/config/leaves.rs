//! The shapes without keys of their own: texts, numbers, amounts, lists, maps of anything.

use super::decode::{FileType, Reader};
use super::node::{Node, NodeKind, Style, Text, shorten};
use super::schema::SchemaBuilder;
use crate::value::{Decimal, ParseDecimalError, Problem, Scalar, Share, Span, parse_bytes, parse_duration};
use serde_json::{Value as Json, json};
use std::time::Duration;

/// A text; numbers and truth values are taken as they are written.
impl FileType for Text {
    fn decode(node: &Node, reader: &mut Reader) -> Option<Text> {
        reader.scalar(node, "a text").cloned()
    }

    fn schema(_: &mut SchemaBuilder) -> Json {
        json!({ "type": "string" })
    }
}

/// A truth value, number or text: what a parameter can be.
#[derive(Debug, Clone)]
pub(super) struct ScalarFile(pub(super) Text);

impl FileType for ScalarFile {
    fn decode(node: &Node, reader: &mut Reader) -> Option<ScalarFile> {
        reader.scalar(node, "a value").cloned().map(ScalarFile)
    }

    fn schema(_: &mut SchemaBuilder) -> Json {
        json!({ "type": ["string", "number", "boolean"] })
    }
}

/// A value of a plain type with its place.
#[derive(Debug, Clone, Copy)]
pub(super) struct Placed<T> {
    /// The value.
    pub(super) value: T,
    /// Where it stands.
    pub(super) span: Span,
}

impl<T: FileType> FileType for Placed<T> {
    fn decode(node: &Node, reader: &mut Reader) -> Option<Placed<T>> {
        T::decode(node, reader).map(|value| Placed { value, span: node.span })
    }

    fn schema(builder: &mut SchemaBuilder) -> Json {
        T::schema(builder)
    }
}

impl FileType for bool {
    fn decode(node: &Node, reader: &mut Reader) -> Option<bool> {
        let text = reader.scalar(node, "`true` or `false`")?;
        if let Scalar::Bool(value) = text.infer() {
            return Some(value);
        }
        let hint = match text.as_str().to_ascii_lowercase().as_str() {
            "yes" | "on" | "y" | "true" => Some("write `true`".to_owned()),
            "no" | "off" | "n" | "false" => Some("write `false`".to_owned()),
            _ => None,
        };
        reader.wanted(node, "`true` or `false`", hint);
        None
    }

    fn schema(_: &mut SchemaBuilder) -> Json {
        json!({ "type": "boolean" })
    }
}

impl FileType for Decimal {
    fn decode(node: &Node, reader: &mut Reader) -> Option<Decimal> {
        let text = reader.scalar(node, "a number")?;
        match (text.style, text.as_str().parse::<Decimal>()) {
            (Style::Plain, Ok(number)) => Some(number),
            (Style::Plain, Err(err @ ParseDecimalError::Range(_))) => {
                reader.problem(Problem::at(node.span, err.to_string()));
                None
            }
            (_, parsed) => {
                reader.wanted(node, "a number", parsed.is_ok().then(|| "remove the quotes".to_owned()));
                None
            }
        }
    }

    fn schema(_: &mut SchemaBuilder) -> Json {
        json!({ "type": "number" })
    }
}

macro_rules! whole_number {
    ($type:ty, $low:literal) => {
        impl FileType for $type {
            fn decode(node: &Node, reader: &mut Reader) -> Option<$type> {
                let number = Decimal::decode(node, reader)?;
                let whole = number.to_i64().and_then(|number| <$type>::try_from(number).ok());
                if whole.is_none() {
                    let wanted = concat!("a whole number from ", stringify!($low));
                    reader.wanted(node, wanted, None);
                }
                whole
            }

            fn schema(_: &mut SchemaBuilder) -> Json {
                json!({ "type": "integer", "minimum": $low })
            }
        }
    };
}

whole_number!(u32, 0);
whole_number!(u64, 0);
whole_number!(i32, -2147483648);

impl FileType for Duration {
    fn decode(node: &Node, reader: &mut Reader) -> Option<Duration> {
        reader.parse(node, "a time such as `30s` or `2m`", parse_duration)
    }

    fn schema(_: &mut SchemaBuilder) -> Json {
        json!({ "type": ["string", "number"], "examples": ["30s", "2m", "1h30m"] })
    }
}

/// An amount of bytes.
#[derive(Debug, Clone, Copy)]
pub(super) struct Bytes(pub(super) u64);

impl FileType for Bytes {
    fn decode(node: &Node, reader: &mut Reader) -> Option<Bytes> {
        reader.parse(node, "a size such as `4GiB`", parse_bytes).map(Bytes)
    }

    fn schema(_: &mut SchemaBuilder) -> Json {
        json!({ "type": ["string", "number"], "examples": ["64MiB", "4GiB", "500MB"] })
    }
}

impl FileType for Share {
    fn decode(node: &Node, reader: &mut Reader) -> Option<Share> {
        reader.parse(node, "a share such as `1%`", str::parse)
    }

    fn schema(_: &mut SchemaBuilder) -> Json {
        json!({ "type": ["string", "number"], "examples": ["1%", 0.01] })
    }
}

/// A list. Items that have problems are left out.
impl<T: FileType> FileType for Vec<T> {
    fn decode(node: &Node, reader: &mut Reader) -> Option<Vec<T>> {
        let NodeKind::List(items) = &node.kind else {
            let hint = match &node.kind {
                NodeKind::Scalar(text) if !text.as_str().contains('\n') => {
                    let raw = reader.sources.text(node.span);
                    Some(format!("write `[{}]`", shorten(raw)))
                }
                NodeKind::Scalar(_) | NodeKind::Null | NodeKind::Map(_) | NodeKind::List(_) => None,
            };
            reader.wanted(node, "a list", hint);
            return None;
        };
        Some(items.iter().filter_map(|item| T::decode(item, reader)).collect())
    }

    fn schema(builder: &mut SchemaBuilder) -> Json {
        let items = T::schema(builder);
        json!({ "type": "array", "items": items })
    }
}

/// A map whose keys the author chooses, in the order of the file.
#[derive(Debug, Clone)]
pub(super) struct Mapped<T>(pub(super) Vec<(Text, T)>);

impl<T> Default for Mapped<T> {
    fn default() -> Mapped<T> {
        Mapped(Vec::new())
    }
}

impl<T: FileType> FileType for Mapped<T> {
    fn decode(node: &Node, reader: &mut Reader) -> Option<Mapped<T>> {
        let NodeKind::Map(entries) = &node.kind else {
            reader.wanted(node, "a map `NAME: ...`", None);
            return None;
        };
        Some(Mapped(entries.iter().filter_map(|(key, value)| Some((key.clone(), T::decode(value, reader)?))).collect()))
    }

    fn schema(builder: &mut SchemaBuilder) -> Json {
        let values = T::schema(builder);
        json!({ "type": "object", "additionalProperties": values })
    }
}

impl<T: FileType> FileType for Box<T> {
    fn decode(node: &Node, reader: &mut Reader) -> Option<Box<T>> {
        T::decode(node, reader).map(Box::new)
    }

    fn schema(builder: &mut SchemaBuilder) -> Json {
        T::schema(builder)
    }
}
