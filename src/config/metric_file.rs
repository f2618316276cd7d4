//! The shape of metrics, and of measuring again, in a suite file.

use super::declare::{record, words};
use super::decode::{FileType, Reader};
use super::leaves::{Mapped, Placed};
use super::node::{Node, NodeKind, Text};
use super::schema::SchemaBuilder;
use super::values_file::ComputedFile;
use crate::value::{Decimal, Share};
use serde_json::{Value as Json, json};

record! {
    /// What a stage measures and what is expected of it.
    MetricFile = "a metric" {
        /// How to compute it from evidence fields, parameters, `let`s and earlier metrics. Default:
        /// the field of the same name.
        "of" of: Option<Text>,
        /// The unit.
        "unit" unit: Option<Text>,
        /// Which way is better. Default: shown, never gating.
        "better" better: Option<BetterFile>,
        /// The smallest relative change that matters, such as `1%`.
        "min_effect" min_effect: Option<Share>,
        /// What must hold, or the task fails.
        "expect" expect: Option<ExpectFile>,
        /// Earlier names.
        "was" was: Option<Vec<Text>>,
    }
}

/// Which way a metric is better.
#[derive(Debug, Clone)]
pub(super) enum BetterFile {
    /// A word.
    Word(BetterWord),
    /// Inside of bounds.
    Within(WithinFile),
}

words! {
    /// Which way a metric is better.
    BetterWord = "`higher`, `lower`, `exact` or `{ within: [LOW, HIGH] }`" {
        /// Higher is better.
        "higher" Higher,
        /// Lower is better.
        "lower" Lower,
        /// Any change counts.
        "exact" Exact,
    }
}

record! {
    /// Bounds between which a metric is good.
    WithinFile = "`better`" {
        /// The two bounds.
        "within" within: Placed<Vec<Decimal>>,
    }
}

impl FileType for BetterFile {
    fn decode(node: &Node, reader: &mut Reader) -> Option<BetterFile> {
        match &node.kind {
            NodeKind::Map(_) => WithinFile::decode(node, reader).map(BetterFile::Within),
            _ => BetterWord::decode(node, reader).map(BetterFile::Word),
        }
    }

    fn schema(builder: &mut SchemaBuilder) -> Json {
        json!({ "anyOf": [BetterWord::schema(builder), WithinFile::schema(builder)] })
    }
}

record! {
    /// What a metric must fulfil; several must all hold.
    ExpectFile = "`expect`" {
        /// Equal.
        "eq" eq: Option<ComputedFile>,
        /// Not equal.
        "ne" ne: Option<ComputedFile>,
        /// Below.
        "lt" lt: Option<ComputedFile>,
        /// At most.
        "le" le: Option<ComputedFile>,
        /// Above.
        "gt" gt: Option<ComputedFile>,
        /// At least.
        "ge" ge: Option<ComputedFile>,
    }
}

record! {
    /// When and how to try again.
    RetryFile = "`retry`" {
        /// Reasons: `error`, `timeout`, or a metric of the stage with an expectation.
        "if" conditions: Placed<Vec<Text>>,
        /// How often at most.
        "times" times: Placed<u32>,
        /// `let`s that change with each attempt, computed from the last attempt's values.
        "set" set: Option<Mapped<ComputedFile>>,
    }
}

record! {
    /// How often a stage is measured.
    RepeatFile = "`repeat`" {
        /// Measured rounds.
        "count" count: Placed<u32>,
        /// Rounds before them that are recorded, not measured.
        "warmup" warmup: Option<Placed<u32>>,
    }
}
