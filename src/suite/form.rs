//! The form of a performance model over any table: what is predicted, and from what.
//!
//! A model file holds one; names in its expressions are columns, by the names that `columns` gives
//! them or by their own.

use crate::expr::Expr;
use crate::value::{Sources, Span};

/// A model as it was declared.
#[derive(Debug, Clone)]
pub struct Form {
    /// The name of the model.
    pub name: String,
    /// Names for columns, in order: the first of its columns that a table has is meant.
    pub columns: Vec<(String, Vec<String>)>,
    /// Derived columns, in order: each may use those before it.
    pub lets: Vec<Derived>,
    /// What must hold for a row to take part.
    pub filters: Vec<Placed>,
    /// One fit for each combination of the values of these columns.
    pub by: Vec<NamedColumn>,
    /// Attribute sets in order: a row belongs to the last that holds. Empty = one set.
    pub sets: Vec<(String, Placed)>,
    /// What is predicted.
    pub target: Placed,
    /// What it is predicted from: one coefficient each.
    pub features: Vec<Feature>,
    /// Whether there is a constant part besides the features, of either sign.
    pub intercept: bool,
    /// What the squares that are minimised are of.
    pub weighting: Weighting,
    /// Whether rows far off count for less (Huber).
    pub robust: bool,
    /// The column that names the operation of a row.
    pub op: Option<NamedColumn>,
    /// The files that places point into.
    pub sources: Sources,
}

/// A column, and where its name stands; one from a command line stands nowhere.
#[derive(Debug, Clone, PartialEq)]
pub struct NamedColumn {
    /// The name.
    pub name: String,
    /// Where it stands.
    pub span: Option<Span>,
}

/// An expression and where it stands; one from a command line stands nowhere.
#[derive(Debug, Clone)]
pub struct Placed {
    /// The expression.
    pub expr: Expr,
    /// Where it stands.
    pub span: Option<Span>,
}

/// A derived column.
#[derive(Debug, Clone)]
pub struct Derived {
    /// Its name.
    pub name: String,
    /// How its values come about.
    pub rule: Rule,
    /// Where it stands.
    pub span: Span,
}

/// How the values of a derived column come about.
#[derive(Debug, Clone)]
pub enum Rule {
    /// By an expression.
    Expr(Placed),
    /// By a table from the texts of a column to numbers.
    Map {
        /// The column.
        of: String,
        /// Text and number.
        from: Vec<(String, f64)>,
        /// For other texts; none: such a row is left out.
        otherwise: Option<f64>,
    },
}

/// A feature: its coefficient times its value is a part of the prediction.
#[derive(Debug, Clone)]
pub struct Feature {
    /// The name, which is the parameter's.
    pub name: String,
    /// Its value.
    pub value: Placed,
    /// Whether its coefficient may be negative.
    pub free: bool,
}

/// What the squares that a fit minimises are of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
pub enum Weighting {
    /// The differences: large rows decide.
    Absolute,
    /// The differences as a share of the target: all rows count alike.
    Relative,
}

impl Weighting {
    /// Returns the word of files.
    pub fn word(self) -> &'static str {
        match self {
            Weighting::Absolute => "absolute",
            Weighting::Relative => "relative",
        }
    }
}
