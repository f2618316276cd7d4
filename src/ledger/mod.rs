//! What happened in a run: events, their file format, their fold and their merge.
//!
//! A run has one append-only file for each writer, one JSON object a line: first a header, then
//! events with a sequence number. `fold` turns any set of such files into the state of each task.
//!
//! Invariants: nothing here does input or output. The fold is a function of the set of events: it
//! neither depends on the order of files or lines nor looks at a clock.

mod event;
mod fold;
mod lines;

pub use event::{
    Attempt, Event, Exit, Finished, Header, LEDGER_FORMAT, LEDGER_VERSION, Line, Measured, MeasuredValue, OutputFile,
    Quote, RowResult, Started, Stopped, Try, Usage, Verdict,
};
pub use fold::{ByTask, Folded, TaskHistory, fold, last_time};
pub use lines::{LedgerError, LedgerFile, encode, parse_file, parse_line};
