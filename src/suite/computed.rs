//! Values that are computed the same way everywhere: a scalar, a list, an expression, a choice.

use super::{ParamIndex, Template};
use crate::expr::Expr;
use crate::value::{Scalar, Span};

/// A named value of the suite, a block or a stage.
#[derive(Debug, Clone, PartialEq)]
pub struct Let {
    /// The name; never that of a parameter.
    pub name: String,
    /// How to compute it.
    pub value: Computed,
    /// Where its value stands.
    pub span: Span,
}

/// A value, or how to compute it (`X` in the grammar).
#[derive(Debug, Clone, PartialEq)]
pub enum Computed {
    /// A truth value, number or text without placeholders.
    Scalar(Scalar),
    /// A text with placeholders (suite and stage level; in blocks, texts are data).
    Text(Template),
    /// A list; the items of a block's own list are data, elsewhere they may hold placeholders.
    List(Vec<Template>),
    /// An expression over parameters and `let`s.
    Expr(Expr),
    /// One value for each value of a parameter.
    Pick {
        /// The parameter that decides.
        param: ParamIndex,
        /// The choices, in the order of the file.
        from: Vec<(Scalar, Computed)>,
        /// For other values, and where the parameter is absent.
        otherwise: Option<Box<Computed>>,
    },
}
