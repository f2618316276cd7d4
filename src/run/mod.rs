//! Carries a plan out: which task next, its folder, its process, its verdict, its event.
//!
//! In: a plan. Out: events in a ledger. `run` decides nothing that the plan could have decided.

#![expect(clippy::disallowed_methods, reason = "processes are started and timed here")]

mod process;
mod schedule;

pub use schedule::{Limits, Next, Schedule, SkipReason};
