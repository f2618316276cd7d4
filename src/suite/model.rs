//! Performance models and plots, as declared.

use super::{Constraint, Let, ParamIndex, StageIndex, Template, Weighting};
use crate::expr::Expr;
use crate::value::Span;

/// A performance model to fit over the rows of a stage.
#[derive(Debug, Clone, serde::Serialize)]
pub struct Model {
    /// The name.
    pub name: String,
    /// The stage whose points are the rows.
    pub stage: StageIndex,
    /// Which rows take part.
    pub constraint: Option<Constraint>,
    /// One fit for each combination of these.
    pub by: Vec<ParamIndex>,
    /// Attribute sets in order; a row belongs to the last that holds. Empty = one set.
    pub sets: Vec<(String, Expr)>,
    /// Values of the model.
    pub lets: Vec<Let>,
    /// What is predicted.
    pub target: Expr,
    /// What it is predicted from: one coefficient each.
    pub features: Vec<(String, Expr)>,
    /// Features whose coefficient may be negative.
    pub free: Vec<String>,
    /// Whether there is a constant part besides the features, of either sign.
    pub intercept: bool,
    /// What the squares that are minimised are of.
    pub weighting: Weighting,
    /// Whether rows far off count for less (Huber).
    pub robust: bool,
    /// Which rows are kept out of the fit, and predicted by it.
    pub held_back: Option<Expr>,
    /// The parameter file to write.
    pub params_file: Option<Template>,
    /// Where it stands.
    #[serde(skip)]
    pub span: Span,
}

impl Model {
    /// Returns the expressions over the rows: what is asked of them, what they belong to, target, features.
    pub fn expressions(&self) -> impl Iterator<Item = &Expr> {
        let constraint = self.constraint.iter().map(|constraint| &constraint.expr);
        let named = self.sets.iter().chain(&self.features).map(|(_, expr)| expr);
        constraint.chain(&self.held_back).chain(named).chain([&self.target])
    }
}

/// A shmoo plot: pass and fail over two parameters, one plot for each combination of `per`.
#[derive(Debug, Clone, serde::Serialize)]
pub struct ShmooPlot {
    /// The parameter along the width.
    pub x: ParamIndex,
    /// The parameter along the height.
    pub y: ParamIndex,
    /// One plot for each combination of these.
    pub per: Vec<ParamIndex>,
    /// Over parameters and metrics.
    pub pass: Expr,
    /// Where it stands.
    #[serde(skip)]
    pub span: Span,
}
