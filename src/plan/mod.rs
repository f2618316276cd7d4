//! Decides everything: which cases and tasks there are, what each needs, which shard runs it.
//!
//! In: a `Suite` and a `Selection`. Out: a `Plan`, which `run` carries out without deciding anything.
//! A plan is a recipe: expanded again it is the same, which its digest shows. Listings are streamed
//! views of it.
//!
//! Invariants: nothing here does input or output; the same suite and selection give the same plan;
//! memory is a few bytes a case.

mod blocked;
mod bounds;
mod build;
mod cases;
mod connect;
mod deal;
mod edges;
mod estimate;
mod expand;
mod faults;
mod file;
mod filter;
mod findings;
mod labels;
mod list;
mod lookup;
mod names;
mod one_value;
mod price;
mod resolve;
mod scope;
mod selection;
mod shards;
mod take;
mod taken;
mod tasks;
mod verify;

#[cfg(test)]
mod tests;

pub use blocked::blocked;
pub use bounds::Bounds;
pub use build::{BuildOptions, Plan, PlanError, build, build_within};
pub use cases::{ABSENT, Cases};
pub use estimate::{Durations, Estimate, estimate};
pub use expand::EXPANSION;
pub use faults::{Fault, faults};
pub use file::{PLAN_FORMAT, PLAN_VERSION, PlanFile, PlanFileError, SourceText, plan_file, read_plan_file};
pub use list::{ListFormat, list};
pub use price::{ExpectedPrice, expected_price, labels_of};
pub use resolve::{
    ResolvedCommand, ResolvedEvidence, ResolvedInput, ResolvedSource, ResolvedTask, gates_of, resolve,
    stage_scope_value,
};
pub use scope::{CASES_MARK, SHMOO_MARK, Scope};
pub use selection::Selection;
pub use shards::{MAX_SHARDS, ShardError, ShardOptions, Shards, Wave, shard, shard_missing};
pub use take::Generator;
pub use taken::Taken;
pub use tasks::{StageTasks, TaskId};
