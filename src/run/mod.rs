//! Carries a plan out: which task next, its folder, its process, its verdict, its event.
//!
//! In: a plan. Out: events in a ledger. `run` decides nothing that the plan could have decided.
//!
//! `schedule` is pure bookkeeping; `driver` is the loop around it; `attempt` takes one task to its
//! final state, with `inputs` (its folder), `process`, `cache` and `verdict`; `context` is what all share.

#![expect(clippy::disallowed_methods, reason = "processes are started and timed here")]

mod attempt;
mod cache;
mod context;
mod driver;
mod inputs;
mod process;
mod schedule;
mod stray;
mod verdict;

pub use attempt::RunError;
pub use cache::{KeptResult, ResultCache, ResultFiles};
pub use context::{Baseline, Context, Materials, Results, Setting};
pub use driver::{DriveOptions, Driven, Progress, drive};
pub use schedule::{Limits, Next, Schedule, SkipReason};
pub use stray::Children;
