//! What a task measures and what is expected of it.

use super::Computed;
use crate::expr::Expr;
use crate::value::{Decimal, MetricName, Share, Span};

/// A declared metric of a stage.
#[derive(Debug, Clone)]
pub struct Metric {
    /// The short name; `STAGE.METRIC` in files.
    pub name: MetricName,
    /// How to compute it from evidence fields, parameters, `let`s and earlier metrics; `None` = the
    /// field of the same name.
    pub of: Option<Expr>,
    /// The unit, for people and for conversion.
    pub unit: Option<String>,
    /// Which way is better; `None` = shown, never gating.
    pub better: Option<Better>,
    /// The smallest relative change that matters.
    pub min_effect: Option<Share>,
    /// All must hold, or the task fails.
    pub expect: Vec<Expect>,
    /// Earlier names.
    pub was: Vec<String>,
    /// Where it stands.
    pub span: Span,
}

/// Which way a metric is better.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Better {
    /// Higher is better.
    Higher,
    /// Lower is better.
    Lower,
    /// Any change counts.
    Exact,
    /// Inside these bounds, both included, is good.
    Within(Decimal, Decimal),
}

/// One expectation, such as `gt: 30`.
#[derive(Debug, Clone)]
pub struct Expect {
    /// The comparison.
    pub operator: ExpectOperator,
    /// The value on its right.
    pub value: Computed,
    /// Where it stands.
    pub span: Span,
}

/// The comparison of an expectation: metric OPERATOR value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ExpectOperator {
    /// Equal.
    Eq,
    /// Not equal.
    Ne,
    /// Below.
    Lt,
    /// At most.
    Le,
    /// Above.
    Gt,
    /// At least.
    Ge,
}

impl ExpectOperator {
    /// All operators with the words that files use.
    pub const ALL: [(&'static str, ExpectOperator); 6] = [
        ("eq", ExpectOperator::Eq),
        ("ne", ExpectOperator::Ne),
        ("lt", ExpectOperator::Lt),
        ("le", ExpectOperator::Le),
        ("gt", ExpectOperator::Gt),
        ("ge", ExpectOperator::Ge),
    ];

    /// Returns the sign that people read.
    pub fn sign(self) -> &'static str {
        match self {
            ExpectOperator::Eq => "=",
            ExpectOperator::Ne => "!=",
            ExpectOperator::Lt => "<",
            ExpectOperator::Le => "<=",
            ExpectOperator::Gt => ">",
            ExpectOperator::Ge => ">=",
        }
    }
}
