//! Which tasks of a run are run again although they are final: those whose flow broke, and what needs them.

use crate::ledger::{Folded, Verdict};
use crate::plan::{Plan, TaskId};
use crate::suite::Stage;
use std::collections::BTreeSet;

/// Returns the tasks of some stages that ended in error or by their time limit, and all that take part in what
/// follows from them. What failed by its value is a result, and stays.
pub(super) fn to_retry(plan: &Plan, folded: &Folded, of_stage: &dyn Fn(&Stage) -> bool) -> BTreeSet<TaskId> {
    let verdict = |task: &TaskId| {
        let history = folded.tasks.get(&plan.key(*task))?;
        history.finished.as_ref().map(|finished| finished.verdict)
    };
    let broken = |task: &TaskId| {
        of_stage(&plan.suite.stages[plan.stage_of(*task)])
            && matches!(verdict(task), Some(Verdict::Error | Verdict::Timeout))
    };
    let mut again: BTreeSet<TaskId> = plan.tasks().filter(broken).collect();
    // A task may come before what it needs.
    loop {
        let needs = |task: &TaskId| plan.upstream(*task).iter().any(|upstream| again.contains(upstream));
        let more: Vec<TaskId> = plan.tasks().filter(|task| !again.contains(task) && needs(task)).collect();
        if more.is_empty() {
            return again;
        }
        again.extend(more);
    }
}
