//! What holds goldens: a CSV, or IREE's JSON files.

use super::GoldenFinding;
use super::file::Edits;
use super::table::{GoldenRow, Table};
use crate::value::PointName;

/// Goldens as rows, and what may become of them.
pub trait GoldenHolder {
    /// Returns the rows.
    fn table(&self) -> &Table;

    /// Returns a new row as it can be written: in the unit and form of its place.
    ///
    /// # Errors
    /// Why it has no place, or cannot stand there.
    fn fit(&self, row: GoldenRow) -> Result<GoldenRow, String>;

    /// Returns the rows as they are after changes.
    fn after(&self, edits: &Edits) -> Table;

    /// Returns the rows of changes that want another value for the golden that they share.
    fn clashes(&self, _edits: &Edits) -> Vec<Clash> {
        Vec::new()
    }

    /// Returns goldens that no row stands for, as they belong to no planned point.
    fn orphans(&self) -> &[Orphan] {
        &[]
    }
}

/// A golden that belongs to no planned point and that no row of the table stands for.
#[derive(Debug, Clone, PartialEq)]
pub struct Orphan {
    /// What it would be as a row; the point is its place, for people.
    pub row: GoldenRow,
    /// What a check says of it.
    pub finding: GoldenFinding,
}

/// A metric at two points that share a golden and measured different values.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Clash {
    /// `STAGE.METRIC`.
    pub metric: String,
    /// One point.
    pub point: PointName,
    /// The other.
    pub other: PointName,
}
