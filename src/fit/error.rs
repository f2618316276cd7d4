//! Why a fit is not possible.

use crate::value::Problem;
use std::io;

/// Why a fit is not possible.
#[derive(Debug, thiserror::Error)]
pub enum FitError {
    /// The table cannot be read.
    #[error("cannot read the table")]
    Read(#[source] io::Error),
    /// The table has no header.
    #[error("the table is empty")]
    Empty,
    /// There is nothing behind the header.
    #[error("the table has no rows")]
    OnlyHeader,
    /// The header is no text.
    #[error("the names of the columns are not in UTF-8")]
    Encoding,
    /// The model does not fit the table; the place is in the model's file.
    #[error("{0}")]
    Model(Problem),
    /// No row is left.
    #[error("no row of the table can be used")]
    NoRows {
        /// The commonest reason.
        reason: Option<String>,
    },
}

impl FitError {
    /// Returns what to do about it.
    pub fn hint(&self) -> Option<String> {
        match self {
            FitError::Read(_) | FitError::OnlyHeader => None,
            FitError::Empty => Some("its first line names the columns".to_owned()),
            FitError::Encoding => Some("save the table as UTF-8".to_owned()),
            FitError::Model(problem) => problem.hint.clone(),
            FitError::NoRows { reason } => reason.as_ref().map(|reason| format!("the commonest reason: {reason}")),
        }
    }
}
