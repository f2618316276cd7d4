//! What a task measures and what is expected of it.

use super::Computed;
use crate::expr::{EvalError, Expr, ExprError, ValueRef};
use crate::value::{Decimal, MetricName, Scalar, Share, Span};

/// A declared metric of a stage.
#[derive(Debug, Clone, serde::Serialize)]
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
    /// Where another change matters; the last rule that holds wins.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub min_effect_rules: Vec<MinEffectRule>,
    /// All must hold, or the task fails.
    pub expect: Vec<Expect>,
    /// Earlier names.
    pub was: Vec<String>,
    /// Where it stands.
    #[serde(skip)]
    pub span: Span,
}

/// The smallest relative change that matters at some points.
#[derive(Debug, Clone, serde::Serialize)]
pub struct MinEffectRule {
    /// Holds at those points; over their parameters.
    pub condition: Expr,
    /// The change.
    pub min_effect: Share,
}

impl MinEffectRule {
    /// Reads a rule as a record keeps it.
    pub fn parse(condition: &str, min_effect: Share) -> Result<MinEffectRule, ExprError> {
        Ok(MinEffectRule { condition: Expr::parse(condition)?, min_effect })
    }
}

impl Metric {
    /// Returns the smallest relative change that matters at a point with these parameters; none where the
    /// suite does not say.
    ///
    /// # Errors
    /// When a condition makes no sense for the values.
    pub fn min_effect_at(&self, params: &[(String, Scalar)]) -> Result<Option<Share>, EvalError> {
        for rule in self.min_effect_rules.iter().rev() {
            let known: Vec<&str> = params.iter().map(|(name, _)| name.as_str()).collect();
            let mut resolve = |name: &str| Some(known.iter().position(|known| *known == name).unwrap_or(known.len()));
            let program = rule.condition.compile_with(&mut resolve, &[]).expect("every name gets a slot");
            if program.eval_bool(|slot| params.get(slot).map(|(_, value)| ValueRef::from(value)))? {
                return Ok(Some(rule.min_effect));
            }
        }
        Ok(self.min_effect)
    }
}

/// Which way a metric is better.
#[derive(Debug, Clone, serde::Serialize, Copy, PartialEq, Eq)]
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
#[derive(Debug, Clone, serde::Serialize)]
pub struct Expect {
    /// The comparison.
    pub operator: ExpectOperator,
    /// The value on its right.
    pub value: Computed,
    /// Where it stands.
    #[serde(skip)]
    pub span: Span,
}

/// The comparison of an expectation: metric OPERATOR value.
#[derive(Debug, Clone, serde::Serialize, Copy, PartialEq, Eq)]
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
