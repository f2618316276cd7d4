//! The shapes that hold values: lists of values, computed values.

use super::declare::{one_of, record};
use super::decode::{FileType, Reader};
use super::leaves::{Mapped, Placed, ScalarFile};
use super::node::{Node, NodeKind, Text};
use super::schema::SchemaBuilder;
use crate::value::{Decimal, Problem};
use serde_json::{Value as Json, json};

/// Values of a parameter: one, a list, or a generator.
#[derive(Debug, Clone)]
pub(super) enum ValuesFile {
    /// One value.
    One(Text),
    /// Several values.
    List(Vec<ScalarFile>),
    /// Values that are generated.
    Generated(GeneratorFile),
}

impl FileType for ValuesFile {
    fn decode(node: &Node, reader: &mut Reader) -> Option<ValuesFile> {
        match &node.kind {
            NodeKind::Scalar(text) => Some(ValuesFile::One(text.clone())),
            NodeKind::List(_) => Vec::decode(node, reader).map(ValuesFile::List),
            NodeKind::Map(_) => GeneratorFile::decode(node, reader).map(ValuesFile::Generated),
            NodeKind::Null => {
                reader.wanted(node, "a value, a list of values or a generator", Some(GENERATORS.to_owned()));
                None
            }
        }
    }

    fn schema(builder: &mut SchemaBuilder) -> Json {
        builder.define("ValuesFile", |builder| {
            json!({ "anyOf": [ScalarFile::schema(builder), Vec::<ScalarFile>::schema(builder), GeneratorFile::schema(builder)] })
        })
    }
}

const GENERATORS: &str = "such as `[1, 2, 4]` or `{ range: { start: 1, stop: 8, step: 1 } }`";

one_of! {
    /// A rule that makes the values of a parameter.
    GeneratorFile = "a rule for values" {
        /// From `start` to `stop` by `step`, in exact decimals.
        "range" Range(Box<RangeFile>),
        /// So many values at equal distances.
        "linear" Linear(Box<StepsFile>),
        /// So many values at equal ratios.
        "log" Log(Box<StepsFile>),
        /// One value on each line of a file.
        "file" File(Text),
    }
}

record! {
    /// Values from `start` to `stop` by `step`, in exact decimals.
    RangeFile = "`range`" {
        /// The first value.
        "start" start: Placed<Decimal>,
        /// The last value, if a step lands on it.
        "stop" stop: Placed<Decimal>,
        /// The distance of neighbours; negative counts down.
        "step" step: Placed<Decimal>,
        /// Leaves `stop` itself out.
        "exclusive" exclusive: Option<bool>,
    }
}

record! {
    /// So many values from `start` to `stop`, both included.
    StepsFile = "`linear` or `log`" {
        /// The first value.
        "start" start: Placed<Decimal>,
        /// The last value.
        "stop" stop: Placed<Decimal>,
        /// How many values, at least 2.
        "count" count: Placed<u32>,
    }
}

/// A value that is computed the same way everywhere: a scalar, a list, an expression, a choice.
#[derive(Debug, Clone)]
pub(super) enum ComputedFile {
    /// One value.
    One(Text),
    /// A list of values.
    List(Vec<ScalarFile>, crate::value::Span),
    /// An expression.
    Expr(Text),
    /// One value for each value of a parameter.
    Pick(Box<PickFile<ComputedFile>>),
}

/// A choice by the value of a parameter.
#[derive(Debug, Clone)]
pub(super) struct PickFile<T> {
    /// The parameter.
    pub(super) param: Text,
    /// The choices.
    pub(super) from: Vec<(Text, T)>,
    /// For other values.
    pub(super) otherwise: Option<T>,
}

record! {
    /// A computed value: `{ expr: ... }`, or `{ pick: PARAM, from: { VALUE: ... }, else: ... }`.
    ComputedMapFile = "a computed value" {
        /// An expression over parameters and `let`s.
        "expr" expr: Option<Text>,
        /// The parameter whose value decides.
        "pick" pick: Option<Text>,
        /// The choices, one for each value of the parameter.
        "from" from: Option<Mapped<ComputedFile>>,
        /// The choice for other values, and where the parameter is absent.
        "else" otherwise: Option<Box<ComputedFile>>,
    }
}

impl FileType for ComputedFile {
    fn decode(node: &Node, reader: &mut Reader) -> Option<ComputedFile> {
        match &node.kind {
            NodeKind::Scalar(text) => Some(ComputedFile::One(text.clone())),
            NodeKind::List(_) => Vec::decode(node, reader).map(|items| ComputedFile::List(items, node.span)),
            NodeKind::Null => {
                reader.wanted(node, "a value", Some("for an empty text write `\"\"`".to_owned()));
                None
            }
            NodeKind::Map(_) => {
                let ComputedMapFile { span: _, expr, pick, from, otherwise } = ComputedMapFile::decode(node, reader)?;
                match (expr, pick) {
                    (Some(expr), None) if from.is_none() && otherwise.is_none() => Some(ComputedFile::Expr(expr)),
                    (None, Some(param)) => {
                        let from = needed_from(from, node, reader)?;
                        let otherwise = otherwise.map(|otherwise| *otherwise);
                        Some(ComputedFile::Pick(Box::new(PickFile { param, from, otherwise })))
                    }
                    _ => {
                        let problem = Problem::at(node.span, "a computed value is either `expr` or `pick` with `from`");
                        reader.problem(problem.hint(COMPUTED));
                        None
                    }
                }
            }
        }
    }

    fn schema(builder: &mut SchemaBuilder) -> Json {
        builder.define("ComputedFile", |builder| {
            json!({ "anyOf": [
                ScalarFile::schema(builder),
                Vec::<ScalarFile>::schema(builder),
                ComputedMapFile::schema(builder),
            ] })
        })
    }
}

const COMPUTED: &str = "write `{ expr: \"2 * vdd\" }` or `{ pick: vdd, from: { 1.8: a, 3.3: b } }`";

/// Returns the choices of a `pick`, which must be there.
pub(super) fn needed_from<T>(from: Option<Mapped<T>>, node: &Node, reader: &mut Reader) -> Option<Vec<(Text, T)>> {
    match from {
        Some(Mapped(from)) if !from.is_empty() => Some(from),
        Some(_) | None => {
            let problem = Problem::at(node.span, "`pick` needs choices under `from`");
            reader.problem(problem.hint("write `{ pick: PARAM, from: { VALUE: ... } }`"));
            None
        }
    }
}
