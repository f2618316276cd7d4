//! Golden values: the table, its tolerances, and what a check against it finds.
//!
//! In: the golden table of a repository, the rows of a record, the suite. Out: one finding for each
//! golden and for each gated metric of a planned point. Both directions count: a row without a
//! planned task and a planned metric without a row are findings, so that nothing passes by absence.
//!
//! A table is a CSV (`file`) or stands in IREE's JSON files (`iree`); both are a `GoldenHolder`.
//!
//! `bless` is the way back: what a run measured becomes golden, row by row, with a reason.

mod assigned;
mod bless;
mod check;
mod edited;
mod file;
mod finding;
mod holder;
mod iree;
mod measured;
mod planned;
mod profile;
mod propose;
mod provenance;
mod refusal;
mod selection;
mod table;
mod tolerance;

pub use bless::{Bless, BlessTerms, Blessed, bless};
pub use check::{GoldenCheck, check};
pub use edited::Edited;
pub use file::{Edits, GoldenFile};
pub use finding::{GoldenFinding, GoldenVerdict};
pub use holder::{Clash, GoldenHolder, Orphan};
pub use iree::{IreeFile, IreeGoldens};
pub use planned::{PlannedPoint, planned_points};
pub use propose::{Noisy, Proposal, ProposalReason, Propose, Proposed, propose};
pub use provenance::{BlessAction, GoldenText, Provenance, provenance_lines};
pub use refusal::Refusal;
pub use selection::{BlessSelection, SelectionError};
pub use table::{GoldenRow, Table, TableError};

#[cfg(test)]
mod bless_tests;
#[cfg(test)]
mod propose_tests;
#[cfg(test)]
mod tests;
