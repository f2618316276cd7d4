//! Carries a plan out: which task next, its folder, its process, its verdict, its event.
//!
//! In: a plan. Out: events in a ledger. `run` decides nothing that the plan could have decided.
//!
//! `schedule` is pure bookkeeping; `driver` is the loop around it; `attempt` takes one task to its
//! final state, with `inputs` (its folder), `process` and `verdict`; `context` is what all share.
//! Without a process: `again` judges kept evidence once more, `rebuild` fills a task's folder for people.

mod again;
mod attempt;
mod context;
mod driver;
mod inputs;
mod process;
mod rebuild;
mod schedule;
mod stray;
mod verdict;

pub use again::judge_again;
pub use attempt::RunError;
pub use context::{Baseline, Context, Materials, ResultCache, Results, Setting};
pub use driver::{DriveOptions, Driven, Progress, drive};
pub use rebuild::{RebuildError, Rebuilt, rebuild};
pub use schedule::{Limits, Next, Schedule, SkipReason};
pub use stray::Children;
