//! The shape of a suite file.

use super::declare::{record, words};
use super::decode::{FileType, Reader};
use super::leaves::{Mapped, Placed, ScalarFile};
use super::metric_file::RepeatFile;
use super::model_file::WeightingWord;
use super::node::{Node, NodeKind, Text};
use super::schema::SchemaBuilder;
use super::stage_file::StageFile;
use super::values_file::{ComputedFile, ValuesFile};
use crate::value::{Decimal, Share, Span};
use serde_json::{Value as Json, json};

record! {
    /// A suite of shmoo: a parameter sweep that is a regression test.
    SuiteFile = "a suite" {
        /// Version of the grammar: 1.
        "version" version: Placed<u32>,
        /// The name of the suite, in small letters, digits, `-` and `_`.
        "suite" suite: Text,
        /// The version of shmoo it needs, such as `">=0.4"`.
        "requires" requires: Option<Text>,
        /// Folder of `root/` sources, relative to the project folder.
        "root" root: Option<Text>,
        /// Globs of repository paths the suite depends on, besides its inputs.
        "paths" paths: Option<Vec<Text>>,
        /// A file with further `params`, which come first in names.
        "params_from" params_from: Option<Text>,
        /// The parameters, in the order of names.
        "params" params: Option<Mapped<ParamFile>>,
        /// Named values; never part of a name.
        "let" lets: Option<Mapped<ComputedFile>>,
        /// Expressions that must all hold for a case to exist.
        "where" constraints: Option<Vec<Text>>,
        /// Products of values whose union makes the cases. Default: one product of all values.
        "cases" cases: Option<Placed<Vec<BlockFile>>>,
        /// A file whose `cases` are the suite's, in the place of `cases`.
        "cases_from" cases_from: Option<Text>,
        /// The stages of the flow.
        "stages" stages: Mapped<StageFile>,
        /// Performance models to fit.
        "models" models: Option<Mapped<ModelFile>>,
        /// Plots to draw.
        "plots" plots: Option<Vec<PlotFile>>,
        /// Golden values and their tolerances.
        "goldens" goldens: Option<GoldensFile>,
        /// Failures that are known.
        "known_failures" known_failures: Option<Vec<KnownFailureFile>>,
        /// What is kept of task folders.
        "archive" archive: Option<ArchiveFile>,
        /// Named subsets, such as `pr` and `nightly`.
        "profiles" profiles: Option<Mapped<ProfileFile>>,
    }
}

record! {
    /// A file of parameters that suites and patterns share.
    NamingFile = "a naming file" {
        /// Version of the grammar: 1.
        "version" version: Placed<u32>,
        /// The parameters, in the order of names.
        "params" params: Mapped<ParamFile>,
    }
}

record! {
    /// A file of products of values, such as a list of operations.
    CasesFile = "a file of cases" {
        /// Version of the grammar: 1.
        "version" version: Placed<u32>,
        /// Products of values whose union makes the cases.
        "cases" cases: Placed<Vec<BlockFile>>,
    }
}

record! {
    /// A parameter of the sweep.
    ParamFile = "a parameter" {
        /// The code in names, in small letters: `inv` makes `inv5`.
        "code" code: Text,
        /// The kind of its values. Default: seen from the values.
        "type" kind: Option<Placed<KindWord>>,
        /// The unit, for people.
        "unit" unit: Option<Text>,
        /// Its values: one, a list, or a rule.
        "values" values: Option<Placed<ValuesFile>>,
        /// The value where nothing else is said; left out of names.
        "default" default: Option<ScalarFile>,
        /// Earlier names.
        "was" was: Option<Vec<Text>>,
    }
}

words! {
    /// The kind of a parameter's values.
    KindWord = "`int`, `decimal`, `word` or `bool`" {
        /// Whole numbers.
        "int" Int,
        /// Exact decimal numbers.
        "decimal" Decimal,
        /// Texts.
        "word" Word,
        /// Truth values.
        "bool" Bool,
    }
}

record! {
    /// One product of values.
    BlockFile = "a block of cases" {
        /// Values that replace the parameter's own.
        "over" over: Option<Mapped<Placed<ValuesFile>>>,
        /// Cases by name: a list, or a file with one name on each line.
        "names" names: Option<NamesFile>,
        /// Groups of parameters that step together.
        "zip" zip: Option<Vec<Placed<Vec<Text>>>>,
        /// Expressions that must all hold.
        "where" constraints: Option<Vec<Text>>,
        /// A part of the product instead of the whole.
        "take" take: Option<TakeFile>,
        /// Named values of the block's cases; never part of a name.
        "let" lets: Option<Mapped<ComputedFile>>,
    }
}

/// Cases by name.
#[derive(Debug, Clone)]
pub(super) enum NamesFile {
    /// These names.
    List(Vec<Text>),
    /// The names in this file.
    File(Text),
}

impl FileType for NamesFile {
    fn decode(node: &Node, reader: &mut Reader) -> Option<NamesFile> {
        match &node.kind {
            NodeKind::List(_) => Vec::decode(node, reader).map(NamesFile::List),
            _ => reader.scalar(node, "a file or a list of names").cloned().map(NamesFile::File),
        }
    }

    fn schema(builder: &mut SchemaBuilder) -> Json {
        json!({ "anyOf": [Text::schema(builder), Vec::<Text>::schema(builder)] })
    }
}

record! {
    /// A part of a product: `{ pairwise: true }` or `{ sample: N, seed: S }`.
    TakeFile = "`take`" {
        /// Few cases in which each pair of values of two parameters occurs.
        "pairwise" pairwise: Option<Placed<bool>>,
        /// So many cases, drawn by a seeded generator.
        "sample" sample: Option<Placed<u64>>,
        /// The seed of the generator.
        "seed" seed: Option<Placed<u64>>,
    }
}

record! {
    /// A named subset of the suite.
    ProfileFile = "a profile" {
        /// Expressions that must all hold, besides the suite's own.
        "where" constraints: Option<Vec<Text>>,
        /// Values that replace a parameter's in every block.
        "over" over: Option<Mapped<Placed<ValuesFile>>>,
        /// Replaces `repeat` of every stage that has one.
        "repeat" repeat: Option<Placed<RepeatFile>>,
    }
}

record! {
    /// A performance model to fit over the rows of a stage.
    ModelFile = "a model" {
        /// The stage whose points are the rows.
        "from" from: Text,
        /// Which rows take part.
        "where" constraint: Option<Text>,
        /// One fit for each combination of these parameters.
        "by" by: Option<Vec<Text>>,
        /// Attribute sets in order; a row belongs to the last that holds.
        "sets" sets: Option<Mapped<Text>>,
        /// Named values of the model.
        "let" lets: Option<Mapped<ComputedFile>>,
        /// What is predicted.
        "target" target: Text,
        /// What it is predicted from: one coefficient each.
        "features" features: Mapped<Text>,
        /// Features whose coefficient may be negative.
        "free" free: Option<Vec<Text>>,
        /// Adds a constant part of either sign, the coefficient `intercept`. Default: false.
        "intercept" intercept: Option<bool>,
        /// Whether differences or their shares of the target are squared. Default: absolute.
        "weighting" weighting: Option<WeightingWord>,
        /// Lets rows far off count for less (Huber). Default: false.
        "robust" robust: Option<bool>,
        /// Rows that are kept out of the fit and predicted by it.
        "held_back" held_back: Option<Text>,
        /// The parameter file to write.
        "params_file" params_file: Option<Text>,
    }
}

record! {
    /// A plot to draw.
    PlotFile = "a plot" {
        /// Pass and fail over two parameters.
        "shmoo" shmoo: ShmooFile,
    }
}

record! {
    /// A plot of pass and fail over two parameters.
    ShmooFile = "`shmoo`" {
        /// The parameter along the width.
        "x" x: Text,
        /// The parameter along the height.
        "y" y: Text,
        /// One plot for each combination of these parameters.
        "per" per: Option<Vec<Text>>,
        /// What passes: an expression over parameters and metrics.
        "pass" pass: Text,
    }
}

record! {
    /// Golden values and their tolerances.
    GoldensFile = "`goldens`" {
        /// The CSV file with the values.
        "file" file: Option<Text>,
        /// A folder with IREE's JSON files instead.
        "iree_json" iree_json: Option<Text>,
        /// Which golden stands where in IREE's files. Default: by `submodel`, `backend` and `sku`.
        "files" files: Option<Vec<IreeFilesFile>>,
        /// Tolerances by metric; of several rules the last that matches wins.
        "tolerance" tolerance: Option<TolerancesFile>,
    }
}

record! {
    /// Files of IREE that hold the goldens of some metrics.
    IreeFilesFile = "an item of `files`" {
        /// Where it holds.
        "where" constraint: Option<Text>,
        /// The file of a point, such as `"{submodel}_rocm.json"`, relative to the folder.
        "name" name: Text,
        /// The point's key in a map of goldens, such as `"{sku}"`.
        "key" key: Option<Text>,
        /// Metrics and the keys of the file with their goldens.
        "fields" fields: Mapped<Placed<IreeFieldWord>>,
    }
}

words! {
    /// A key of IREE's files with goldens.
    IreeFieldWord = "a key with goldens, such as `golden_time_ms`," {
        /// Times in ms: by SKU, or one of a file with a `type`.
        "golden_time_ms" TimeMs,
        /// Numbers of dispatches by SKU.
        "golden_dispatch" Dispatch,
        /// Sizes in bytes by SKU.
        "golden_size" Size,
        /// Times in ms by test.
        "golden_times_ms" TimesMs,
        /// A number of dispatches.
        "golden_dispatch_count" DispatchCount,
        /// A size in bytes.
        "golden_binary_size" BinarySize,
    }
}

/// Rules for tolerances: a map, or a list of maps.
#[derive(Debug, Clone)]
pub(super) struct TolerancesFile(pub(super) Vec<ToleranceRuleFile>);

/// One rule: `{ where: EXPR, METRIC: { rel: 1% } }`.
#[derive(Debug, Clone)]
pub(super) struct ToleranceRuleFile {
    /// Where it stands.
    pub(super) span: Span,
    /// Where it holds.
    pub(super) constraint: Option<Text>,
    /// Metrics and their tolerances.
    pub(super) metrics: Vec<(Text, ToleranceFile)>,
}

record! {
    /// How far a value may be from its golden.
    ToleranceFile = "a tolerance" {
        /// Relative to the golden, such as `1%`.
        "rel" relative: Option<Share>,
        /// In the metric's unit.
        "abs" absolute: Option<Placed<Decimal>>,
        /// Which side is bounded. Default: `both`.
        "side" side: Option<SideWord>,
    }
}

words! {
    /// Which side of a golden is bounded.
    SideWord = "`worse` or `both`" {
        /// Only worse values miss.
        "worse" Worse,
        /// Both.
        "both" Both,
    }
}

impl FileType for TolerancesFile {
    fn decode(node: &Node, reader: &mut Reader) -> Option<TolerancesFile> {
        match &node.kind {
            NodeKind::List(_) => Vec::decode(node, reader).map(TolerancesFile),
            _ => ToleranceRuleFile::decode(node, reader).map(|rule| TolerancesFile(vec![rule])),
        }
    }

    fn schema(builder: &mut SchemaBuilder) -> Json {
        let (one, many) = (ToleranceRuleFile::schema(builder), Vec::<ToleranceRuleFile>::schema(builder));
        json!({ "anyOf": [one, many] })
    }
}

impl FileType for ToleranceRuleFile {
    fn decode(node: &Node, reader: &mut Reader) -> Option<ToleranceRuleFile> {
        let NodeKind::Map(entries) = &node.kind else {
            reader.wanted(node, "a map `METRIC: { rel: 1% }`", None);
            return None;
        };
        let mut rule = ToleranceRuleFile { span: node.span, constraint: None, metrics: Vec::new() };
        for (key, value) in entries.iter() {
            if key.as_str() == "where" {
                rule.constraint = Text::decode(value, reader);
            } else if let Some(tolerance) = ToleranceFile::decode(value, reader) {
                rule.metrics.push((key.clone(), tolerance));
            }
        }
        Some(rule)
    }

    fn schema(builder: &mut SchemaBuilder) -> Json {
        builder.define("ToleranceRuleFile", |builder| {
            json!({
                "type": "object",
                "description": "Tolerances of metrics, where a condition holds.",
                "properties": { "where": Text::schema(builder) },
                "additionalProperties": ToleranceFile::schema(builder),
            })
        })
    }
}

record! {
    /// A failure that is known.
    KnownFailureFile = "a known failure" {
        /// The stage.
        "stage" stage: Text,
        /// At which points. Default: all.
        "where" constraint: Option<Text>,
        /// What comes out.
        "verdict" verdict: VerdictWord,
        /// A link.
        "issue" issue: Option<Text>,
        /// Why.
        "reason" reason: Option<Text>,
        /// The last day on which it holds, such as `2027-01-31`.
        "until" until: Option<Text>,
    }
}

words! {
    /// The verdicts that a known failure may have.
    VerdictWord = "`fail`, `error` or `timeout`" {
        /// An expectation is missed.
        "fail" Fail,
        /// The stage does not run properly.
        "error" Error,
        /// The stage is killed by its limit.
        "timeout" Timeout,
    }
}

record! {
    /// What is kept of task folders.
    ArchiveFile = "`archive`" {
        /// Globs of files that are not archived.
        "exclude" exclude: Option<Vec<Text>>,
    }
}
