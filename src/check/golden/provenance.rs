//! Where golden values come from: one line of JSON for each row that a bless changed, in the twin of
//! the table.

use super::table::GoldenRow;
use crate::value::{RunId, Timestamp, with_unit};
use serde::{Deserialize, Serialize};
use std::fmt;

/// The newest version of a line that this program writes.
const VERSION: u32 = 1;

/// Why a row of a golden table is as it is.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Provenance {
    /// Version of the line.
    pub version: u32,
    /// `STAGE.METRIC`.
    pub metric: String,
    /// The point.
    pub point: String,
    /// What was done.
    pub action: BlessAction,
    /// The row before.
    pub old: Option<GoldenText>,
    /// The row after.
    pub new: Option<GoldenText>,
    /// Whether the new value is worse, or cannot be told from a worse one.
    pub worse: bool,
    /// The run that was blessed.
    pub run: RunId,
    /// The run that measured the value, if that is another one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub origin: Option<RunId>,
    /// The commit that was measured.
    pub commit: Option<String>,
    /// Whether the work tree had changes.
    pub dirty: Option<bool>,
    /// The fingerprint of the machine: its class.
    pub machine: String,
    /// When it was blessed.
    pub date: Timestamp,
    /// The number of samples; the value is their median.
    pub n: usize,
    /// The standard deviation of the samples, in the unit of the new row; none for fewer than two.
    pub spread: Option<f64>,
    /// Why, in the words of who did it.
    pub reason: String,
    /// Where a worse value was accepted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub link: Option<String>,
}

/// A golden value as it is written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct GoldenText {
    /// The value.
    pub value: String,
    /// The unit.
    pub unit: Option<String>,
}

/// What a bless does to a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum BlessAction {
    /// There was none.
    Create,
    /// It has another value, or another name.
    Rewrite,
    /// It belonged to nothing.
    Remove,
}

impl GoldenText {
    /// Returns the value of a row.
    pub(super) fn of(row: &GoldenRow) -> GoldenText {
        GoldenText { value: row.value.clone(), unit: row.unit.clone() }
    }
}

impl fmt::Display for GoldenText {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&with_unit(&self.value, self.unit.as_deref()))
    }
}

impl BlessAction {
    /// Returns the word that is printed and stored.
    pub fn word(self) -> &'static str {
        match self {
            BlessAction::Create => "create",
            BlessAction::Rewrite => "rewrite",
            BlessAction::Remove => "remove",
        }
    }
}

impl Provenance {
    /// Returns the version of a new line.
    pub(super) fn version() -> u32 {
        VERSION
    }
}

/// Returns lines to append to the twin of a table, whose text is given.
pub fn provenance_lines(before: &str, entries: &[Provenance]) -> String {
    let mut text = String::new();
    if !before.is_empty() && !before.ends_with('\n') {
        text.push('\n');
    }
    for entry in entries {
        text.push_str(&serde_json::to_string(entry).expect("texts and numbers are JSON"));
        text.push('\n');
    }
    text
}
