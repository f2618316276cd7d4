//! The shape of a stage in a suite file.

use super::declare::{record, words};
use super::decode::{FileType, Reader};
use super::leaves::{Mapped, Placed, ScalarFile};
use super::metric_file::{MetricFile, RepeatFile, RetryFile};
use super::node::{Node, NodeKind, Text};
use super::schema::SchemaBuilder;
use super::values_file::{ComputedFile, PickFile, needed_from};
use crate::value::{Problem, Span};
use serde_json::{Value as Json, json};

record! {
    /// A stage of the flow: one task for each combination of its parameters.
    StageFile = "a stage" {
        /// One task for each combination of these parameters; `[]` = once a run. Default: all.
        "per" per: Option<Placed<Vec<Text>>>,
        /// One task for each combination of all parameters but these.
        "across" across: Option<Placed<Vec<Text>>>,
        /// No task where this expression over the stage's parameters is false.
        "when" when: Option<Text>,
        /// What the task's folder holds: a list of sources, or a map from local names to sources.
        "inputs" inputs: Option<InputsFile>,
        /// Stages that must have passed before.
        "after" after: Option<AfterFile>,
        /// Named values of the stage.
        "let" lets: Option<Mapped<ComputedFile>>,
        /// The program and its arguments; `{param}` is replaced.
        "cmd" cmd: Option<Placed<Vec<ArgumentFile>>>,
        /// A text for bash; parameters come as `$SHMOO_PARAM_NAME`.
        "shell" shell: Option<Text>,
        /// Environment variables of the process.
        "env" env: Option<Mapped<ComputedFile>>,
        /// Tools it needs besides the program of `cmd`.
        "tools" tools: Option<Vec<Text>>,
        /// Files or folders it must leave behind.
        "outputs" outputs: Option<Vec<Text>>,
        /// Allowed exit codes, or `any`. Default: `[0]`.
        "exit" exit: Option<ExitFile>,
        /// Reports that prove that it ran properly: `PARSER: FILE`, or `exit`.
        "evidence" evidence: Option<Vec<EvidenceFile>>,
        /// A table that reports the cases below the task's point.
        "rows" rows: Option<RowsFile>,
        /// What it measures.
        "metrics" metrics: Option<Mapped<MetricFile>>,
        /// Time limit of one attempt.
        "timeout" timeout: Option<ComputedFile>,
        /// When to try again.
        "retry" retry: Option<Vec<RetryFile>>,
        /// Run tasks again on `--continue` that ended in error or by their time limit.
        "retry_on_continue" retry_on_continue: Option<Placed<bool>>,
        /// How often to measure.
        "repeat" repeat: Option<Placed<RepeatFile>>,
        /// Nothing else runs on the machine meanwhile.
        "exclusive" exclusive: Option<Placed<bool>>,
        /// What a task takes of the machine: `cpu`, `memory`, and resources of the project file.
        "uses" uses: Option<Mapped<Text>>,
        /// Label of the machine it wants.
        "runner" runner: Option<Text>,
        /// Results may be reused by content.
        "cache" cache: Option<Placed<bool>>,
    }
}

/// The inputs of a stage.
#[derive(Debug, Clone)]
pub(super) enum InputsFile {
    /// Sources that keep the last part of their path as name.
    List(Vec<SourceFile>),
    /// Sources by local name.
    Map(Vec<(Text, SourceFile)>),
}

impl FileType for InputsFile {
    fn decode(node: &Node, reader: &mut Reader) -> Option<InputsFile> {
        match &node.kind {
            NodeKind::List(_) => Vec::decode(node, reader).map(InputsFile::List),
            NodeKind::Map(_) => Mapped::decode(node, reader).map(|Mapped(entries)| InputsFile::Map(entries)),
            NodeKind::Null | NodeKind::Scalar(_) => {
                let hint = "write `[root/FILE, STAGE/OUTPUT]` or `{ NAME: SOURCE }`".to_owned();
                reader.wanted(node, "a list or a map of inputs", Some(hint));
                None
            }
        }
    }

    fn schema(builder: &mut SchemaBuilder) -> Json {
        let (list, map) = (Vec::<SourceFile>::schema(builder), Mapped::<SourceFile>::schema(builder));
        json!({ "anyOf": [list, map] })
    }
}

/// Where an input comes from.
#[derive(Debug, Clone)]
pub(super) struct SourceFile {
    /// Where it stands.
    pub(super) span: Span,
    /// The form.
    pub(super) form: SourceForm,
}

/// The forms of a source.
#[derive(Debug, Clone)]
pub(super) enum SourceForm {
    /// `STAGE/OUTPUT` or `root/PATH`.
    Path(Text),
    /// `{ of: STAGE/OUTPUT, at: .., run: baseline }`.
    Of { path: Text, at: Vec<(Text, ScalarFile)>, baseline: bool },
    /// `{ rows: STAGE }`.
    Rows(Text),
    /// `{ each: STAGE/OUTPUT }`.
    Each(Text),
    /// `{ pick: PARAM, from: { VALUE: SOURCE } }`.
    Pick(Box<PickFile<SourceFile>>),
}

words! {
    /// Which run an input comes from.
    RunWord = "`baseline`" {
        /// The run to compare with.
        "baseline" Baseline,
    }
}

record! {
    /// A source that needs more than a path.
    SourceMapFile = "a source" {
        /// An output of exactly one task: `STAGE/OUTPUT`.
        "of" of: Option<Text>,
        /// Parameters of that stage that are fixed here.
        "at" at: Option<Mapped<ScalarFile>>,
        /// `baseline` takes the output from the run to compare with.
        "run" run: Option<RunWord>,
        /// A CSV of the parameters and metrics of the tasks of this stage.
        "rows" rows: Option<Text>,
        /// A folder with an output of each task: `STAGE/OUTPUT`.
        "each" each: Option<Text>,
        /// The parameter whose value decides.
        "pick" pick: Option<Text>,
        /// One source for each value of the parameter.
        "from" from: Option<Mapped<SourceFile>>,
    }
}

impl FileType for SourceFile {
    fn decode(node: &Node, reader: &mut Reader) -> Option<SourceFile> {
        let span = node.span;
        match &node.kind {
            NodeKind::Scalar(text) => Some(SourceFile { span, form: SourceForm::Path(text.clone()) }),
            NodeKind::Null | NodeKind::List(_) => {
                reader.wanted(node, "a source", Some("write `root/PATH` or `STAGE/OUTPUT`".to_owned()));
                None
            }
            NodeKind::Map(_) => {
                let before = reader.problems.len();
                let SourceMapFile { span: _, of, at, run, rows, each, pick, from } =
                    SourceMapFile::decode(node, reader)?;
                let extra = |used: bool| !used && (at.is_some() || run.is_some());
                let form = match (of, rows, each, pick) {
                    (Some(path), None, None, None) if from.is_none() => {
                        Some(SourceForm::Of { path, at: at.unwrap_or_default().0, baseline: run.is_some() })
                    }
                    (None, Some(stage), None, None) if from.is_none() && !extra(false) => Some(SourceForm::Rows(stage)),
                    (None, None, Some(path), None) if from.is_none() && !extra(false) => Some(SourceForm::Each(path)),
                    (None, None, None, Some(param)) if !extra(false) => {
                        let from = needed_from(from, node, reader)?;
                        Some(SourceForm::Pick(Box::new(PickFile { param, from, otherwise: None })))
                    }
                    _ => None,
                };
                if form.is_none() && reader.problems.len() == before {
                    let hint = "write `{ of: STAGE/OUTPUT, at: { PARAM: VALUE } }`, `{ rows: STAGE }`, \
                                `{ each: STAGE/OUTPUT }` or `{ pick: PARAM, from: { VALUE: SOURCE } }`";
                    let message = "a source is one of `of` (with `at`, `run`), `rows`, `each`, or `pick` with `from`";
                    reader.problem(Problem::at(span, message).hint(hint));
                }
                form.map(|form| SourceFile { span, form })
            }
        }
    }

    fn schema(builder: &mut SchemaBuilder) -> Json {
        builder
            .define("SourceFile", |builder| json!({ "anyOf": [Text::schema(builder), SourceMapFile::schema(builder)] }))
    }
}

/// The gates of a stage.
#[derive(Debug, Clone)]
pub(super) enum AfterFile {
    /// These stages.
    Stages(Vec<Text>),
    /// Depends on a parameter.
    Pick(PickFile<Vec<Text>>),
}

record! {
    /// Gates that depend on a parameter.
    AfterMapFile = "`after`" {
        /// The parameter whose value decides.
        "pick" pick: Text,
        /// The gates for each value of the parameter.
        "from" from: Mapped<Vec<Text>>,
        /// The gates for other values.
        "else" otherwise: Option<Vec<Text>>,
    }
}

impl FileType for AfterFile {
    fn decode(node: &Node, reader: &mut Reader) -> Option<AfterFile> {
        if let NodeKind::Map(_) = &node.kind {
            let AfterMapFile { span: _, pick, from, otherwise } = AfterMapFile::decode(node, reader)?;
            let from = needed_from(Some(from), node, reader)?;
            return Some(AfterFile::Pick(PickFile { param: pick, from, otherwise }));
        }
        Vec::decode(node, reader).map(AfterFile::Stages)
    }

    fn schema(builder: &mut SchemaBuilder) -> Json {
        let (list, map) = (Vec::<Text>::schema(builder), AfterMapFile::schema(builder));
        json!({ "anyOf": [list, map] })
    }
}

/// An item of `cmd`.
#[derive(Debug, Clone)]
pub(super) enum ArgumentFile {
    /// One argument, or `{list...}`.
    One(Text),
    /// Arguments that are left out together.
    Optional(Vec<ScalarFile>),
}

impl FileType for ArgumentFile {
    fn decode(node: &Node, reader: &mut Reader) -> Option<ArgumentFile> {
        match &node.kind {
            NodeKind::List(_) => Vec::decode(node, reader).map(ArgumentFile::Optional),
            _ => reader.scalar(node, "an argument").cloned().map(ArgumentFile::One),
        }
    }

    fn schema(builder: &mut SchemaBuilder) -> Json {
        json!({ "anyOf": [ScalarFile::schema(builder), Vec::<ScalarFile>::schema(builder)] })
    }
}

/// The allowed exit codes.
#[derive(Debug, Clone)]
pub(super) enum ExitFile {
    /// Any.
    Any,
    /// These.
    Codes(Vec<Placed<i32>>, Span),
}

impl FileType for ExitFile {
    fn decode(node: &Node, reader: &mut Reader) -> Option<ExitFile> {
        match &node.kind {
            NodeKind::Scalar(text) if text.as_str() == "any" => Some(ExitFile::Any),
            NodeKind::List(_) => Vec::decode(node, reader).map(|codes| ExitFile::Codes(codes, node.span)),
            NodeKind::Scalar(text) => {
                let hint = match text.as_str().parse::<i32>() {
                    Ok(code) => format!("write `[{code}]`"),
                    Err(_) => "write `[0]` or `any`".to_owned(),
                };
                reader.wanted(node, "a list of exit codes or `any`", Some(hint));
                None
            }
            NodeKind::Null | NodeKind::Map(_) => {
                reader.wanted(node, "a list of exit codes or `any`", None);
                None
            }
        }
    }

    fn schema(_: &mut SchemaBuilder) -> Json {
        json!({ "anyOf": [
            { "const": "any" },
            { "type": "array", "items": { "type": "integer", "minimum": 0, "maximum": 255 }, "minItems": 1 },
        ] })
    }
}

/// One evidence: a parser and what it reads.
#[derive(Debug, Clone)]
pub(super) struct EvidenceFile {
    /// The name of the parser.
    pub(super) parser: Text,
    /// What it reads; `None` = only the parser was named.
    pub(super) report: Option<ReportFile>,
    /// Where it stands.
    pub(super) span: Span,
}

record! {
    /// A report and the fields to pick from it.
    ReportFile = "an evidence" {
        /// The report: a file in the task's folder, `stdout` or `stderr`.
        "file" file: Text,
        /// Fields to pick: their names, and where they are in the parser's terms.
        "fields" fields: Option<Mapped<Text>>,
    }
}

impl FileType for EvidenceFile {
    fn decode(node: &Node, reader: &mut Reader) -> Option<EvidenceFile> {
        const HINT: &str = "write `{ PARSER: FILE }` or `exit`";
        let entries = match &node.kind {
            NodeKind::Scalar(parser) => {
                return Some(EvidenceFile { parser: parser.clone(), report: None, span: node.span });
            }
            NodeKind::Map(entries) => entries,
            NodeKind::Null | NodeKind::List(_) => {
                reader.wanted(node, "an evidence", Some(HINT.to_owned()));
                return None;
            }
        };
        let [(parser, value)] = entries.as_slice() else {
            let message = format!("an evidence names exactly one parser, found {}", entries.len());
            reader.problem(Problem::at(node.span, message).hint(HINT));
            return None;
        };
        let report = match &value.kind {
            NodeKind::Scalar(file) => ReportFile { span: value.span, file: file.clone(), fields: None },
            _ => ReportFile::decode(value, reader)?,
        };
        Some(EvidenceFile { parser: parser.clone(), report: Some(report), span: node.span })
    }

    fn schema(builder: &mut SchemaBuilder) -> Json {
        let (file, report) = (Text::schema(builder), ReportFile::schema(builder));
        json!({ "anyOf": [
            { "const": "exit" },
            {
                "type": "object",
                "propertyNames": { "enum": crate::config::parser_names() },
                "additionalProperties": { "anyOf": [file, report] },
                "minProperties": 1,
                "maxProperties": 1,
            },
        ] })
    }
}

record! {
    /// A table that reports the cases below the task's point.
    RowsFile = "`rows`" {
        /// The CSV file.
        "csv" csv: Text,
        /// By parameter: the column that holds it, or several of which one exists.
        "keys" keys: Mapped<ColumnsFile>,
        /// Fields and their columns.
        "fields" fields: Option<Mapped<Text>>,
    }
}

/// The columns that may hold a parameter.
#[derive(Debug, Clone)]
pub(super) struct ColumnsFile(pub(super) Vec<Text>);

impl FileType for ColumnsFile {
    fn decode(node: &Node, reader: &mut Reader) -> Option<ColumnsFile> {
        match &node.kind {
            NodeKind::List(items) if items.is_empty() => {
                reader.wanted(node, "a column", None);
                None
            }
            NodeKind::List(_) => Vec::decode(node, reader).map(ColumnsFile),
            _ => reader.scalar(node, "a column").map(|column| ColumnsFile(vec![column.clone()])),
        }
    }

    fn schema(builder: &mut SchemaBuilder) -> Json {
        json!({ "anyOf": [Text::schema(builder), Vec::<Text>::schema(builder)] })
    }
}
