//! Judgement: fields and expectations to verdicts, goldens, known failures.
//!
//! - `judge` and `judge_rows` turn the evidence of one task into its verdict; `run` calls them while
//!   it runs, because gates and retries depend on the answer. In: parsed evidence, or a table with a
//!   row for each case. Out: verdict, message, metrics.
//! - `known` marks the failures of a finished run that the suite knows, and finds the rules that no
//!   longer hold.
//! - `golden` compares the rows of a record with the golden table.
//!
//! Invariant: nothing is judged by what is absent. What was asked for and is not there (a field, a
//! row, a golden) is an error or a finding.

pub mod golden;
pub mod known;

mod cells;
mod condition;
mod expect;
mod measure;
mod rows;

pub use expect::{BUILT_IN, Bound, Judged, MetricInput, judge};
pub use rows::{RowCase, RowKey, RowsInput, RowsJudged, is_of_table, judge_rows};

#[cfg(test)]
mod expect_tests;
#[cfg(test)]
mod known_tests;
#[cfg(test)]
mod rows_tests;
