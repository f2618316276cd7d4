//! Golden values, their tolerances, and failures that are known.

use super::{StageIndex, Template};
use crate::expr::Expr;
use crate::value::{Decimal, Share, Span, Timestamp};

/// Where goldens are and how near a value must be.
#[derive(Debug, Clone, serde::Serialize)]
pub struct Goldens {
    /// The table.
    pub source: GoldenSource,
    /// Rules in order; for a metric at a point, the last that matches wins. No rule = exact.
    pub rules: Vec<ToleranceRule>,
    /// Where it stands.
    #[serde(skip)]
    pub span: Span,
}

/// Kind and place of the golden table, relative to the suite file's folder.
#[derive(Debug, Clone, serde::Serialize)]
pub enum GoldenSource {
    /// CSV `metric,point,value,unit`.
    Csv(String),
    /// IREE's JSON files.
    IreeJson(IreeJson),
}

/// IREE's definitions of benchmarks and compilation statistics, which hold the goldens themselves.
#[derive(Debug, Clone, serde::Serialize)]
pub struct IreeJson {
    /// The folder of the files.
    pub folder: String,
    /// Which golden is where; for a metric at a point, the last that matches wins.
    pub files: Vec<IreeFiles>,
}

/// The files that hold the goldens of some metrics.
#[derive(Debug, Clone, serde::Serialize)]
pub struct IreeFiles {
    /// Over parameters; `None` = everywhere.
    pub constraint: Option<Expr>,
    /// The file of a point, relative to the folder.
    pub name: Template,
    /// The key of a point in a map of goldens, such as its SKU; `None` where a file has one golden.
    pub key: Option<Template>,
    /// By metric: stage, index of the metric in it, and the key of the file that has its golden.
    pub fields: Vec<(StageIndex, usize, IreeField)>,
    /// Where it stands.
    #[serde(skip)]
    pub span: Span,
}

/// A key of IREE's JSON files that holds goldens.
#[derive(Debug, Clone, Copy, serde::Serialize, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum IreeField {
    /// `golden_time_ms`: by SKU, or one number in a file with a `type`.
    TimeMs,
    /// `golden_dispatch`, by SKU.
    Dispatch,
    /// `golden_size`, by SKU.
    Size,
    /// `golden_times_ms`, by test.
    TimesMs,
    /// `golden_dispatch_count`.
    DispatchCount,
    /// `golden_binary_size`.
    BinarySize,
}

/// Whether goldens of a key stand in a map.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum IreeShape {
    /// A map from keys to numbers.
    Map,
    /// One number.
    Number,
    /// A map or one number, by the type of the file.
    Either,
}

impl IreeField {
    /// All of them.
    pub const ALL: [IreeField; 6] = [
        IreeField::TimeMs,
        IreeField::Dispatch,
        IreeField::Size,
        IreeField::TimesMs,
        IreeField::DispatchCount,
        IreeField::BinarySize,
    ];

    /// Returns the key in the file.
    pub fn name(self) -> &'static str {
        match self {
            IreeField::TimeMs => "golden_time_ms",
            IreeField::Dispatch => "golden_dispatch",
            IreeField::Size => "golden_size",
            IreeField::TimesMs => "golden_times_ms",
            IreeField::DispatchCount => "golden_dispatch_count",
            IreeField::BinarySize => "golden_binary_size",
        }
    }

    /// Returns the unit of its numbers; counts have none.
    pub fn unit(self) -> Option<&'static str> {
        match self {
            IreeField::TimeMs | IreeField::TimesMs => Some("ms"),
            IreeField::Size | IreeField::BinarySize => Some("B"),
            IreeField::Dispatch | IreeField::DispatchCount => None,
        }
    }

    /// Tells whether its numbers are whole and not negative.
    pub fn counts(self) -> bool {
        !matches!(self, IreeField::TimeMs | IreeField::TimesMs)
    }

    /// Returns how its goldens stand in a file.
    pub fn shape(self) -> IreeShape {
        match self {
            IreeField::TimeMs => IreeShape::Either,
            IreeField::Dispatch | IreeField::Size | IreeField::TimesMs => IreeShape::Map,
            IreeField::DispatchCount | IreeField::BinarySize => IreeShape::Number,
        }
    }
}

/// Tolerances of metrics at the points where a condition holds.
#[derive(Debug, Clone, serde::Serialize)]
pub struct ToleranceRule {
    /// Over parameters; `None` = everywhere.
    pub constraint: Option<Expr>,
    /// By metric: stage, index of the metric in it, tolerance.
    pub metrics: Vec<(StageIndex, usize, Tolerance)>,
    /// Where it stands.
    #[serde(skip)]
    pub span: Span,
}

/// How far a value may be from its golden: within the larger of the two bounds.
#[derive(Debug, Clone, serde::Serialize, Copy, PartialEq, Eq)]
pub struct Tolerance {
    /// Relative to the golden's magnitude.
    pub relative: Option<Share>,
    /// In the metric's unit.
    pub absolute: Option<Decimal>,
    /// Whether better values are accepted at any distance.
    pub side: Side,
}

/// Which side of a golden is bounded.
#[derive(Debug, Clone, serde::Serialize, Copy, PartialEq, Eq)]
pub enum Side {
    /// Only worse values miss.
    Worse,
    /// Both.
    Both,
}

/// A failure that is known: it marks a verdict as known and complains when it changes.
#[derive(Debug, Clone, serde::Serialize)]
pub struct KnownFailure {
    /// The stage.
    pub stage: StageIndex,
    /// Over parameters; `None` = at every point.
    pub constraint: Option<Expr>,
    /// What is expected to come out.
    pub verdict: KnownVerdict,
    /// A link.
    pub issue: Option<String>,
    /// Why.
    pub reason: Option<String>,
    /// The last day (UTC) on which it holds.
    pub until: Option<Timestamp>,
    /// Where it stands.
    #[serde(skip)]
    pub span: Span,
}

/// The verdicts that a known failure may name.
#[derive(Debug, Clone, serde::Serialize, Copy, PartialEq, Eq)]
pub enum KnownVerdict {
    /// An expectation is missed.
    Fail,
    /// The stage does not run properly.
    Error,
    /// The stage is killed by its limit.
    Timeout,
}
