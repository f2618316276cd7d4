//! What a part of a divided plan cannot do, since another part has not done its own.

use super::edges::gathers;
use super::{Plan, TaskId, Wave};
use std::collections::BTreeSet;

/// Returns the tasks of a part that wait, directly or not, for a task that is neither final nor run by
/// the part: what they need was lost, or is not there yet.
///
/// With `partial`, tasks that gather others take what there is, and wait for nobody.
pub fn blocked(plan: &Plan, part: Wave, is_final: &dyn Fn(TaskId) -> bool, partial: bool) -> BTreeSet<TaskId> {
    let Some(shards) = &plan.shards else { return BTreeSet::new() };
    let gathering: Vec<bool> =
        plan.suite.stages.iter().map(|stage| stage.inputs.iter().any(|input| gathers(&input.source))).collect();
    let mut blocked = BTreeSet::new();
    for task in super::shards::topological(plan) {
        if !shards.runs(part, task) || is_final(task) || partial && gathering[plan.stage_of(task)] {
            continue;
        }
        let open =
            |upstream: &TaskId| !is_final(*upstream) && (!shards.runs(part, *upstream) || blocked.contains(upstream));
        if plan.upstream(task).iter().any(open) {
            blocked.insert(task);
        }
    }
    blocked
}
