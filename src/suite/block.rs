//! Where cases come from: blocks of products, constraints, profiles.

use super::{Let, ParamIndex, Repeats};
use crate::expr::Expr;
use crate::naming::Point;
use crate::value::{Scalar, Span};

/// One `where` line.
#[derive(Debug, Clone)]
pub struct Constraint {
    /// A truth value over parameters and `let`s.
    pub expr: Expr,
    /// Where it stands.
    pub span: Span,
}

/// One product of values.
///
/// The values of a parameter in a block are, first that applies: `over`; the value in the name (with
/// `names`); none, if `names` is given and the parameter came from `params_from`; its listed values
/// (unless `names` is given and it has a default); its default; none (the parameter is absent).
#[derive(Debug, Clone)]
pub struct Block {
    /// Values that replace the parameter's own.
    pub over: Vec<(ParamIndex, Vec<Scalar>)>,
    /// Points listed by name, as parsed by the schema without its defaults filled in; each is
    /// multiplied with the axes that it does not fix.
    pub names: Option<Vec<Point>>,
    /// Groups of parameters that step together; lists of a group have one length.
    pub zip: Vec<Vec<ParamIndex>>,
    /// All must hold.
    pub constraints: Vec<Constraint>,
    /// A subset instead of the whole product.
    pub take: Option<Take>,
    /// Values of the block's cases; never in names.
    pub lets: Vec<Let>,
    /// Where it stands.
    pub span: Span,
}

/// Which part of a product to take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Take {
    /// Few cases in which each pair of values of two parameters occurs.
    Pairwise,
    /// So many, drawn without replacement by a seeded generator.
    Sample {
        /// How many.
        count: u64,
        /// The seed.
        seed: u64,
    },
}

/// A named subset of the suite, such as `pr` or `nightly`.
#[derive(Debug, Clone)]
pub struct Profile {
    /// The name.
    pub name: String,
    /// All must hold, besides the suite's own.
    pub constraints: Vec<Constraint>,
    /// Values that replace a parameter's in every block.
    pub over: Vec<(ParamIndex, Vec<Scalar>)>,
    /// Replaces `repeat` of every stage that has one.
    pub repeat: Option<Repeats>,
    /// Where it stands.
    pub span: Span,
}
