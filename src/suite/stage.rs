//! A stage: what a task reads, runs, leaves behind and must show for itself.

use super::{Computed, Let, Metric, ParamIndex, StageIndex, Template};
use crate::evidence::Parser;
use crate::expr::Expr;
use crate::value::{Decimal, Scalar, Span, StageName};

/// A stage of the flow: one task for each combination of its parameters.
#[derive(Debug, Clone, serde::Serialize)]
pub struct Stage {
    /// The name.
    pub name: StageName,
    /// Its parameters, ascending: one task for each combination that occurs.
    pub per: Vec<ParamIndex>,
    /// No task where it is false. Over the stage's parameters and `let`s.
    pub when: Option<Expr>,
    /// What the task's folder holds at its start.
    pub inputs: Vec<Input>,
    /// Stages that must have passed.
    pub after: After,
    /// Values of the stage.
    pub lets: Vec<Let>,
    /// What to run.
    pub command: Command,
    /// Environment of the process, besides the built-in names.
    pub env: Vec<(String, Computed)>,
    /// Tools it needs, besides the program it starts.
    pub tools: Vec<String>,
    /// Files or folders it must leave behind, relative to its folder.
    pub outputs: Vec<Template>,
    /// Which exit codes are allowed.
    pub exit: ExitRule,
    /// What proves that it ran properly.
    pub evidence: Vec<EvidenceSpec>,
    /// Rows for the cases below its point.
    pub rows: Option<Rows>,
    /// What it measures.
    pub metrics: Vec<Metric>,
    /// Time limit of one attempt; a duration or seconds. `None` = the project's default.
    pub timeout: Option<Computed>,
    /// When to try again.
    pub retry: Vec<Retry>,
    /// In a run that goes on, tasks that ended in error or by their time limit run again. Says nothing of what is
    /// measured.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub retry_on_continue: bool,
    /// How often to measure.
    pub repeat: Option<Repeats>,
    /// Nothing else of ours runs on the machine meanwhile.
    pub exclusive: bool,
    /// What it takes of the machine.
    pub uses: Uses,
    /// Label of the machine it wants.
    pub runner: Option<Template>,
    /// Results may be reused by content.
    pub cache: bool,
    /// Where it stands (its name).
    #[serde(skip)]
    pub span: Span,
}

impl Stage {
    /// Tells whether it takes an output of the baseline run.
    pub fn takes_baseline(&self) -> bool {
        fn takes(source: &Source) -> bool {
            match source {
                Source::Output { baseline, .. } => *baseline,
                Source::Pick { from, .. } => from.iter().any(|(_, source)| takes(source)),
                Source::Root(_) | Source::Rows(_) | Source::Each { .. } => false,
            }
        }
        self.inputs.iter().any(|input| takes(&input.source))
    }
}

/// One entry of a task's folder.
#[derive(Debug, Clone, serde::Serialize)]
pub struct Input {
    /// Its name there.
    pub name: InputName,
    /// Where it comes from.
    pub source: Source,
    /// Where it stands.
    #[serde(skip)]
    pub span: Span,
}

/// How an input is called in the task's folder.
#[derive(Debug, Clone, serde::Serialize, PartialEq)]
pub enum InputName {
    /// By the last part of its path.
    LastPart,
    /// By this name.
    Given(Template),
}

/// Where an input comes from.
#[derive(Debug, Clone, serde::Serialize)]
pub enum Source {
    /// A file or folder of the repository, relative to the suite's root.
    Root(Template),
    /// An output of exactly one task.
    Output {
        /// The stage.
        stage: StageIndex,
        /// The path of the output (or below an output folder).
        output: Template,
        /// Parameters of that stage that are fixed here.
        at: Vec<(ParamIndex, Scalar)>,
        /// Take it from the baseline run instead of this one.
        baseline: bool,
    },
    /// A CSV of the parameters and metrics of all tasks that agree with this one.
    Rows(StageIndex),
    /// A folder with an output of each task that agrees with this one, as `POINT/FILE`.
    Each {
        /// The stage.
        stage: StageIndex,
        /// The path of the output.
        output: Template,
    },
    /// One source for each value of a parameter.
    Pick {
        /// The parameter that decides.
        param: ParamIndex,
        /// The choices.
        from: Vec<(Scalar, Source)>,
    },
}

/// The stages that must have passed before a task starts.
#[derive(Debug, Clone, serde::Serialize, PartialEq, Eq)]
pub enum After {
    /// These (maybe none).
    Stages(Vec<StageIndex>),
    /// Depends on a parameter.
    Pick {
        /// The parameter that decides.
        param: ParamIndex,
        /// The choices.
        from: Vec<(Scalar, Vec<StageIndex>)>,
        /// For other values.
        otherwise: Option<Vec<StageIndex>>,
    },
}

/// What a task runs.
#[derive(Debug, Clone, serde::Serialize)]
pub enum Command {
    /// A program and its arguments.
    Arguments(Vec<Argument>),
    /// A text for `bash --noprofile --norc -euo pipefail -c`; no placeholders.
    Shell(String),
}

/// An item of `cmd`.
#[derive(Debug, Clone, serde::Serialize)]
pub enum Argument {
    /// One argument.
    One(Template),
    /// Arguments that are left out together if one of them names an absent parameter.
    Optional(Vec<Template>),
    /// `{list...}`: each item of a `let` is an argument.
    Splice {
        /// The `let`.
        name: String,
        /// Where it stands.
        #[serde(skip)]
        span: Span,
    },
}

/// The allowed exit codes.
#[derive(Debug, Clone, serde::Serialize, PartialEq, Eq)]
pub enum ExitRule {
    /// Any, signals excepted.
    Any,
    /// One of these.
    Codes(Vec<i32>),
}

/// A report that proves something, and its parser.
#[derive(Debug, Clone, serde::Serialize)]
pub struct EvidenceSpec {
    /// The parser.
    #[serde(serialize_with = "parser_name")]
    pub parser: Parser,
    /// The report.
    pub file: EvidenceFile,
    /// Fields to pick: name and location in the parser's terms.
    pub fields: Vec<(String, String)>,
    /// Where it stands.
    #[serde(skip)]
    pub span: Span,
}

/// Where evidence is.
#[derive(Debug, Clone, serde::Serialize, PartialEq)]
pub enum EvidenceFile {
    /// A file in the task's folder.
    File(Template),
    /// What the process wrote to its standard output.
    Stdout,
    /// What the process wrote to its standard error.
    Stderr,
    /// Nothing: the exit status itself.
    Exit,
}

/// A table that reports the cases below a task's point.
#[derive(Debug, Clone, serde::Serialize)]
pub struct Rows {
    /// The CSV file.
    pub csv: Template,
    /// By parameter: the columns that may hold it; the first that exists is taken.
    pub keys: Vec<(ParamIndex, Vec<String>)>,
    /// Fields and their columns.
    pub fields: Vec<(String, String)>,
    /// Where it stands.
    #[serde(skip)]
    pub span: Span,
}

/// When and how to try again.
#[derive(Debug, Clone, serde::Serialize)]
pub struct Retry {
    /// Any of these is a reason.
    pub conditions: Vec<RetryCondition>,
    /// How often at most.
    pub times: u32,
    /// Values that change with each attempt, computed from the last attempt's.
    pub set: Vec<Let>,
    /// Where it stands.
    #[serde(skip)]
    pub span: Span,
}

/// A reason to try again.
#[derive(Debug, Clone, serde::Serialize, PartialEq, Eq)]
pub enum RetryCondition {
    /// The verdict is error.
    Error,
    /// The verdict is timeout.
    Timeout,
    /// The expectation of this metric of the stage is missed.
    Metric(usize),
}

/// How often a stage is measured.
#[derive(Debug, Clone, serde::Serialize, Copy, PartialEq, Eq)]
pub struct Repeats {
    /// Measured rounds, at least 1.
    pub count: u32,
    /// Rounds before them that are recorded, not measured.
    pub warmup: u32,
}

/// What a task takes of the machine's limits.
#[derive(Debug, Clone, serde::Serialize, PartialEq)]
pub struct Uses {
    /// Processors.
    pub cpu: Decimal,
    /// Memory in bytes.
    pub memory: Option<u64>,
    /// Named resources of the project file, such as licences.
    pub named: Vec<(String, Decimal)>,
}

fn parser_name<S: serde::Serializer>(parser: &Parser, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(parser.name())
}
