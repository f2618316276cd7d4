//! The record of a run: rows keyed by (stage, point), made from a plan and its folded ledger.
//!
//! In: `plan`, `ledger`. Out: `RunRecord`, which history stores, and which check, compare and report
//! read. Invariant: every planned task and case has exactly one row.

mod build;
mod claimed;
mod costs;
mod foreign;
mod models;
mod run;
#[cfg(test)]
pub(crate) mod sample;
mod summary;

pub use build::{RunFacts, better_text, build, mark_known};
pub use claimed::{ClaimError, settle};
pub use costs::{RunCosts, Spent, case_costs, costs};
pub use foreign::{ForeignError, ForeignFormat, ForeignTerms, read_foreign, recognize_foreign};
pub use models::{
    CoefficientRecord, EmptyGroupRecord, FitRecord, FitWarning, HeldBackRecord, LeftOutRows, ModelRecord, Parameters,
    UnusableSetRecord, is_of_model, model_metrics, model_of, model_stage,
};
pub use run::{
    Artifact, ArtifactKind, CONFIRM_MARK, CaseRecord, MetricInfo, MetricRow, MinEffectWhere, ParamInfo, RECORD_FORMAT,
    RECORD_VERSION, RunInfo, RunRecord, SourceInfo, TaskRecord,
};
pub use summary::{Costs, RunSummary};
