//! Golden values: the table, its tolerances, and what a check against it finds.
//!
//! In: the golden table of a repository, the rows of a record, the suite. Out: one finding for each
//! golden and for each gated metric of a planned point. Both directions count: a row without a
//! planned task and a planned metric without a row are findings, so that nothing passes by absence.

mod assigned;
mod check;
mod finding;
mod planned;
mod profile;
mod table;
mod tolerance;

pub use check::{GoldenCheck, check};
pub use finding::{GoldenFinding, GoldenVerdict};
pub use planned::{PlannedPoint, planned_points};
pub use table::{GoldenRow, Table, TableError};

#[cfg(test)]
mod tests;
