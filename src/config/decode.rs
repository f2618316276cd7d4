//! Nodes -> the types of a file, with every problem found on the way.
//!
//! A type of a file says once which keys it has, in what shape: `record!`, `one_of!` and
//! `words!` (in `declare`) make the reader and the JSON schema from the same lines, so the two cannot differ.
//! Reading goes on after a problem; what a problem spoils is left out, and whoever calls looks at
//! the problems before the value.

use super::node::{Node, NodeKind, Text};
use super::schema::SchemaBuilder;
use crate::value::{Problem, Sources, Span, did_you_mean};
use serde_json::Value as Json;

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

/// So many problems of one reading are reported.
pub(super) const MOST_PROBLEMS: usize = 200;

/// Keys whose place is kept for later versions.
const KEPT_KEYS: [(&str, &str); 2] = [("a stage", "container"), ("`repeat`", "until")];

impl Reader<'_> {
    /// Reports a problem; past the first hundreds nobody reads on.
    pub(super) fn problem(&mut self, problem: Problem) {
        if self.problems.len() < MOST_PROBLEMS {
            self.problems.push(problem);
        }
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
            if self.problems.len() >= MOST_PROBLEMS {
                break;
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
    pub(super) fn parse<T, E: std::fmt::Display>(
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
