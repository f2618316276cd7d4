//! Carries a plan out: which task next, its folder, its process, its verdict, its event.
//!
//! In: a plan. Out: events in a ledger. `run` decides nothing that the plan could have decided.
//!
//! `schedule` is pure bookkeeping; `driver` is the loop around it; `attempt` takes one task to its
//! final state, with `inputs` (its folder), `command`, `process`, `cache` and `verdict`; `context` is
//! what all share. `stray` ends what outlives a task, `interrupt` and `halt` tell when to stop.
//! Without a process: `again` judges kept evidence once more, `rebuild` fills a task's folder for people.

#![expect(clippy::disallowed_methods, reason = "processes are started and timed here")]

mod again;
mod attempt;
mod cache;
mod command;
mod context;
mod driver;
mod error;
mod halt;
mod inputs;
mod interrupt;
mod process;
mod rebuild;
mod results;
mod schedule;
mod stray;
mod verdict;

pub use again::judge_again;
pub use cache::{KeptResult, ResultCache, ResultFiles};
pub use context::{Baseline, Context, EarlierOutput, Materials, Setting};
pub use driver::{DriveOptions, Driven, Progress, drive};
pub use error::RunError;
pub use halt::{Halt, Halts, halt};
pub use interrupt::Interrupts;
pub use rebuild::{RebuildError, Rebuilt, rebuild};
pub use results::Results;
pub use schedule::{Limits, Next, Schedule, SkipReason};
pub use stray::Children;
