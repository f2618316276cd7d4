//! Nodes -> the types of a file, with every problem found on the way.
//!
//! A type of a file says once which keys it has, in what shape: [`record!`], [`one_of!`] and
//! [`words!`] make the reader and the JSON schema from the same lines, so the two cannot differ.
//! Reading goes on after a problem; what a problem spoils is left out, and whoever calls looks at
//! the problems before the value.

use super::node::{Node, NodeKind, Style, Text};
use super::schema::SchemaBuilder;
use crate::value::{Decimal, Problem, Scalar, Share, Sources, Span, did_you_mean, parse_bytes, parse_duration};
use serde_json::{Value as Json, json};
use std::time::Duration;

/// Collects problems while a file is read.
pub(super) struct Reader<'a> {
    /// The files that are read.
    pub(super) sources: &'a Sources,
    /// What was found so far.
    pub(super) problems: Vec<Problem>,
}

/// A shape of value that a file can hold.
pub(super) trait FileType: Sized {
    /// Reads a node; `None` = a problem was reported.
    fn decode(node: &Node, reader: &mut Reader) -> Option<Self>;
    /// Describes the shape.
    fn schema(builder: &mut SchemaBuilder) -> Json;
}

/// A key of a map: required, or optional as an `Option`.
pub(super) trait Field: Sized {
    /// Whether the key must be there.
    const REQUIRED: bool;
    /// Reads the value of a key, if it is there.
    fn take(found: Option<&Node>, key: &str, map: &Node, reader: &mut Reader) -> Option<Self>;
    /// Describes the shape of the value.
    fn schema(builder: &mut SchemaBuilder) -> Json;
}

impl<T: FileType> Field for T {
    const REQUIRED: bool = true;

    fn take(found: Option<&Node>, key: &str, map: &Node, reader: &mut Reader) -> Option<T> {
        match found {
            Some(node) => T::decode(node, reader),
            None => {
                let span = Span { end: map.span.start + 1, ..map.span };
                reader.problem(Problem::at(span, format!("`{key}` is missing here")));
                None
            }
        }
    }

    fn schema(builder: &mut SchemaBuilder) -> Json {
        <T as FileType>::schema(builder)
    }
}

impl<T: FileType> Field for Option<T> {
    const REQUIRED: bool = false;

    fn take(found: Option<&Node>, _: &str, _: &Node, reader: &mut Reader) -> Option<Option<T>> {
        Some(found.and_then(|node| T::decode(node, reader)))
    }

    fn schema(builder: &mut SchemaBuilder) -> Json {
        <T as FileType>::schema(builder)
    }
}

/// Keys whose place is kept for later versions.
const KEPT_KEYS: [(&str, &str); 2] = [("a stage", "container"), ("`repeat`", "until")];

impl Reader<'_> {
    /// Reports a problem.
    pub(super) fn problem(&mut self, problem: Problem) {
        self.problems.push(problem);
    }

    /// Reports that something else was wanted.
    pub(super) fn wanted(&mut self, node: &Node, wanted: &str, hint: Option<String>) {
        let problem = Problem::at(node.span, format!("expected {wanted}, found {}", node.describe()));
        self.problem(problem.maybe_hint(hint));
    }

    /// Returns the entries of a map with known keys; unknown ones are reported.
    pub(super) fn entries<'n>(
        &mut self,
        node: &'n Node,
        what: &str,
        keys: &[&'static str],
    ) -> Option<&'n [(Text, Node)]> {
        let NodeKind::Map(entries) = &node.kind else {
            self.wanted(node, &format!("a map for {what}"), Some(format!("its keys: `{}`", keys.join("`, `"))));
            return None;
        };
        for (key, _) in entries.iter() {
            if keys.contains(&key.as_str()) {
                continue;
            }
            if KEPT_KEYS.contains(&(what, key.as_str())) {
                let message = format!("`{}` is kept for a later version of shmoo", key.as_str());
                self.problem(Problem::at(key.span, message));
                continue;
            }
            let hint = did_you_mean(key.as_str(), keys.iter().copied());
            self.problem(Problem::at(key.span, format!("unknown key `{}` in {what}", key.as_str())).maybe_hint(hint));
        }
        Some(entries)
    }

    /// Reads a scalar.
    pub(super) fn scalar<'n>(&mut self, node: &'n Node, wanted: &str) -> Option<&'n Text> {
        match &node.kind {
            NodeKind::Scalar(text) => Some(text),
            NodeKind::Null => {
                let hint = "for the text write `\"null\"` or `\"\"`, in quotes".to_owned();
                self.wanted(node, wanted, Some(hint));
                None
            }
            NodeKind::List(items) => {
                let hint = (items.len() == 1).then(|| "remove the brackets or the dash".to_owned());
                self.wanted(node, wanted, hint);
                None
            }
            NodeKind::Map(_) => {
                // `{inv}` without quotes is a map to YAML, a placeholder to the author.
                let raw = self.sources.text(node.span);
                let hint = raw.starts_with('{').then(|| "a text with braces needs quotes".to_owned());
                self.wanted(node, wanted, hint);
                None
            }
        }
    }

    /// Reads a scalar by a parser whose error says what was wanted.
    fn parse<T, E: std::fmt::Display>(
        &mut self,
        node: &Node,
        wanted: &str,
        parse: impl FnOnce(&str) -> Result<T, E>,
    ) -> Option<T> {
        let text = self.scalar(node, wanted)?;
        match parse(text.as_str()) {
            Ok(value) => Some(value),
            Err(err) => {
                self.problem(Problem::at(node.span, err.to_string()));
                None
            }
        }
    }
}

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
            (Style::Plain, Err(err @ crate::value::ParseDecimalError::Range(_))) => {
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
                    Some(format!("write `[{}]`", super::node::shorten(raw)))
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
        Some(Mapped(
            entries.iter().filter_map(|(key, value)| Some((key.clone(), T::decode(value, reader)?))).collect(),
        ))
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

/// Declares a map with known keys: the type, its reader and its schema.
macro_rules! record {
    (
        #[doc = $doc:literal]
        $name:ident = $what:literal {
            $( $(#[doc = $field_doc:literal])+ $key:literal $field:ident : $type:ty ),+ $(,)?
        }
    ) => {
        #[doc = $doc]
        #[derive(Debug, Clone)]
        pub(super) struct $name {
            /// Where it stands.
            #[allow(dead_code, reason = "not every user of a record points at the whole of it")]
            pub(super) span: $crate::value::Span,
            $( $(#[doc = $field_doc])+ pub(super) $field: $type, )+
        }

        impl $crate::config::decode::FileType for $name {
            fn decode(
                node: &$crate::config::node::Node,
                reader: &mut $crate::config::decode::Reader,
            ) -> Option<$name> {
                let entries = reader.entries(node, $what, &[$($key),+])?;
                $(
                    let found = entries.iter().find(|(key, _)| key.as_str() == $key).map(|(_, value)| value);
                    let $field = <$type as $crate::config::decode::Field>::take(found, $key, node, reader);
                )+
                Some($name { span: node.span, $( $field: $field? ),+ })
            }

            fn schema(builder: &mut $crate::config::schema::SchemaBuilder) -> serde_json::Value {
                builder.record(stringify!($name), $doc, |builder| vec![
                    $( (
                        $key,
                        concat!($($field_doc),+),
                        <$type as $crate::config::decode::Field>::REQUIRED,
                        <$type as $crate::config::decode::Field>::schema(builder),
                    ) ),+
                ])
            }
        }
    };
}

/// Declares a choice of words: the type, its reader and its schema.
macro_rules! words {
    (
        #[doc = $doc:literal]
        $name:ident = $what:literal { $( #[doc = $word_doc:literal] $word:literal $variant:ident ),+ $(,)? }
    ) => {
        #[doc = $doc]
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub(super) enum $name {
            $( #[doc = $word_doc] $variant, )+
        }

        impl $crate::config::decode::FileType for $name {
            fn decode(
                node: &$crate::config::node::Node,
                reader: &mut $crate::config::decode::Reader,
            ) -> Option<$name> {
                let text = reader.scalar(node, $what)?;
                match text.as_str() {
                    $( $word => Some($name::$variant), )+
                    other => {
                        reader.wanted(node, $what, $crate::value::did_you_mean(other, [$($word),+]));
                        None
                    }
                }
            }

            fn schema(_: &mut $crate::config::schema::SchemaBuilder) -> serde_json::Value {
                serde_json::json!({ "enum": [$($word),+], "description": $doc.trim() })
            }
        }
    };
}

/// Declares a map that holds exactly one of several keys: the type, its reader and its schema.
macro_rules! one_of {
    (
        #[doc = $doc:literal]
        $name:ident = $what:literal { $( #[doc = $key_doc:literal] $key:literal $variant:ident ( $type:ty ) ),+ $(,)? }
    ) => {
        #[doc = $doc]
        #[derive(Debug, Clone)]
        pub(super) enum $name {
            $( #[doc = $key_doc] $variant($type), )+
        }

        impl $crate::config::decode::FileType for $name {
            fn decode(
                node: &$crate::config::node::Node,
                reader: &mut $crate::config::decode::Reader,
            ) -> Option<$name> {
                let before = reader.problems.len();
                let entries = reader.entries(node, $what, &[$($key),+])?;
                if reader.problems.len() > before {
                    return None;
                }
                let [(key, value)] = entries else {
                    let keys = [$($key),+].join("`, `");
                    reader.problem($crate::value::Problem::at(
                        node.span,
                        format!("{} wants exactly one of `{keys}`, found {}", $what, entries.len()),
                    ));
                    return None;
                };
                match key.as_str() {
                    $( $key => <$type as $crate::config::decode::FileType>::decode(value, reader).map($name::$variant), )+
                    _ => None,
                }
            }

            fn schema(builder: &mut $crate::config::schema::SchemaBuilder) -> serde_json::Value {
                builder.choice(stringify!($name), $doc, |builder| vec![
                    $( ($key, $key_doc, <$type as $crate::config::decode::FileType>::schema(builder)) ),+
                ])
            }
        }
    };
}

pub(super) use {one_of, record, words};
