//! A record that somebody else made: what follows from its plan and the ends of its tasks is made again.
//!
//! In: the record as it came, and the plan it is said to be of. Out: a record whose parts fit together, with
//! exactly one row for each planned task and case. What the tasks came to stays as it was told: nobody but
//! those who ran them can know.

use super::build::{case_records, metric_infos, metric_rows, named, param_infos};
use super::costs::costs;
use super::{RunRecord, TaskRecord};
use crate::ledger::Verdict;
use crate::plan::{Plan, Selection};
use crate::value::TaskKey;

/// Why a record is not one of a plan.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ClaimError {
    /// There are more or fewer rows than tasks.
    #[error("its record has {found} tasks, its plan {planned}")]
    Count {
        /// Of the record.
        found: usize,
        /// Of the plan.
        planned: usize,
    },
    /// A row is of another task.
    #[error("its record has `{found}` where its plan has `{planned}`")]
    Task {
        /// Of the record.
        found: TaskKey,
        /// Of the plan.
        planned: TaskKey,
    },
}

/// Returns the record with everything that follows from the plan and the ends of the tasks made anew.
/// Fits of models do not follow from them, and are left out.
///
/// # Errors
/// The record has not exactly one row for each task of the plan, in its order.
pub fn settle(claimed: RunRecord, plan: &Plan) -> Result<RunRecord, ClaimError> {
    let RunRecord { format, version, mut run, tasks, cases: _, metrics: _, models: _, costs: _ } = claimed;
    if tasks.len() != plan.task_count() {
        return Err(ClaimError::Count { found: tasks.len(), planned: plan.task_count() });
    }
    let pairs = plan.tasks().zip(tasks);
    let tasks: Vec<TaskRecord> = pairs
        .map(|(task, found)| {
            let planned = plan.key(task);
            if found.task != planned {
                return Err(ClaimError::Task { found: found.task, planned });
            }
            let (stage, point, _) = plan.locate(task);
            let cases = plan.cases_of(stage, point).len() as u64;
            Ok(TaskRecord { params: named(plan, plan.params(task)), cases, known: None, ..found })
        })
        .collect::<Result<_, _>>()?;
    let verdicts: Vec<Verdict> = tasks.iter().map(|task| task.verdict).collect();
    run.suite = plan.suite.name.clone();
    run.suite_digest = plan.suite.digest();
    run.complete = !verdicts.contains(&Verdict::Lost);
    run.filter = Selection { profile: None, ..plan.selection.clone() }.arguments();
    run.profile.clone_from(&plan.selection.profile);
    run.params = param_infos(plan);
    run.metric_infos = metric_infos(plan);
    let cases = case_records(plan, &verdicts, &tasks);
    let metrics = metric_rows(plan, &tasks);
    let costs = Some(costs(plan, &run, &tasks, None).0);
    Ok(RunRecord { format, version, run, tasks, cases, metrics, models: Vec::new(), costs })
}
