//! A parameter file: YAML -> operations, their attribute sets, and the parameters of these.
//!
//! The order of the file is kept: it says which set wins.

use super::context::Context;
use super::leaves::{Mapped, Placed};
use super::node::Text;
use crate::value::{Decimal, Problem, Problems, Sources, Span};

/// The parameters of an operation.
#[derive(Debug, Clone)]
pub struct ParamsEntry {
    /// The operation.
    pub op: String,
    /// Where its name stands.
    pub span: Span,
    /// Its attribute sets in the order of the file.
    pub sets: Vec<ParamsSet>,
}

/// The parameters of one attribute set.
#[derive(Debug, Clone)]
pub struct ParamsSet {
    /// The key, such as `approx/vector_c`.
    pub key: String,
    /// Where it stands.
    pub span: Span,
    /// Names and values in the order of the file.
    pub params: Vec<(String, Decimal)>,
}

/// Reads a parameter file; `name` is its path as the user gave it.
///
/// # Errors
/// All problems that were found.
pub fn load_params(name: &str, text: &str) -> Result<(Vec<ParamsEntry>, Sources), Problems> {
    let no_files = |_: &str| Err("a parameter file names no files".to_owned());
    let mut context = Context::new(name, text, &no_files);
    let entries = read(&mut context);
    let (entries, sources, _) = context.finish(entries)?;
    Ok((entries, sources))
}

type SetsFile = Mapped<Mapped<Placed<Decimal>>>;

fn read(context: &mut Context) -> Option<Vec<ParamsEntry>> {
    let root = context.compose(0)?;
    let file = context.decode::<Mapped<SetsFile>>(&root)?;
    Some(file.0.iter().map(|(op, sets)| entry(op, sets, context)).collect())
}

fn entry(op: &Text, sets: &SetsFile, context: &mut Context) -> ParamsEntry {
    if sets.0.is_empty() {
        context.problem(Problem::at(op.span, format!("`{}` has no set of parameters", op.as_str())));
    }
    let sets = sets.0.iter().map(|(key, params)| ParamsSet {
        key: key.as_str().to_owned(),
        span: key.span,
        params: params.0.iter().map(|(name, value)| (name.as_str().to_owned(), value.value)).collect(),
    });
    ParamsEntry { op: op.as_str().to_owned(), span: op.span, sets: sets.collect() }
}
