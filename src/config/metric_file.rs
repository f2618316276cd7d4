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
        /// The smallest relative change that matters, such as `1%`; or a list of such and of
        /// `{ where: E, is: 1% }`, of which the last that holds at a point wins.
        "min_effect" min_effect: Option<MinEffectsFile>,
        /// What must hold, or the task fails.
        "expect" expect: Option<ExpectFile>,
        /// Earlier names.
        "was" was: Option<Vec<Text>>,
    }
}

/// Smallest changes that matter, in order.
#[derive(Debug, Clone)]
pub(super) struct MinEffectsFile(pub(super) Vec<MinEffectFile>);

/// A smallest change that matters.
#[derive(Debug, Clone)]
pub(super) enum MinEffectFile {
    /// Everywhere.
    Always(Share),
    /// At some points.
    Where(MinEffectRuleFile),
}

record! {
    /// The smallest relative change that matters at some points.
    MinEffectRuleFile = "`min_effect`" {
        /// At which points: a condition over the parameters.
        "where" constraint: Text,
        /// The change, such as `1%`.
        "is" share: Share,
    }
}

impl FileType for MinEffectFile {
    fn decode(node: &Node, reader: &mut Reader) -> Option<MinEffectFile> {
        match &node.kind {
            NodeKind::Map(_) => MinEffectRuleFile::decode(node, reader).map(MinEffectFile::Where),
            _ => Share::decode(node, reader).map(MinEffectFile::Always),
        }
    }

    fn schema(builder: &mut SchemaBuilder) -> Json {
        json!({ "anyOf": [Share::schema(builder), MinEffectRuleFile::schema(builder)] })
    }
}

impl FileType for MinEffectsFile {
    fn decode(node: &Node, reader: &mut Reader) -> Option<MinEffectsFile> {
        match &node.kind {
            NodeKind::List(_) => Vec::decode(node, reader).map(MinEffectsFile),
            _ => MinEffectFile::decode(node, reader).map(|one| MinEffectsFile(vec![one])),
        }
    }

    fn schema(builder: &mut SchemaBuilder) -> Json {
        json!({ "anyOf": [MinEffectFile::schema(builder), Vec::<MinEffectFile>::schema(builder)] })
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
