//! What else changed between two runs: what people look at first when a metric moved.

use super::lineage::short_commit;
use crate::record::{RunRecord, SourceInfo};
use std::collections::{BTreeMap, BTreeSet};

/// Returns one sentence for each difference in how the runs came to be.
pub(super) fn notes(head: &RunRecord, base: &RunRecord, left_out: &[String]) -> Vec<String> {
    let mut notes = left_out.to_vec();
    for stage in changed_stages(head, base) {
        notes.push(format!("the measurement itself changed: the command or the inputs of `{stage}` are others"));
    }
    notes.extend(commits(&head.run.source, &base.run.source));
    if head.run.suite_digest != base.run.suite_digest {
        notes.push("the suite changed".to_owned());
    }
    if head.run.fingerprint != base.run.fingerprint {
        notes.push(format!(
            "another machine (fingerprint {} before, {} now): measured values do not compare",
            base.run.fingerprint, head.run.fingerprint
        ));
    }
    notes.extend(differences("machine", &head.run.machine, &base.run.machine));
    notes.extend(differences("tool", &head.run.tools, &base.run.tools));
    if head.run.shmoo != base.run.shmoo {
        notes.push(format!("shmoo was {} and is {}", base.run.shmoo, head.run.shmoo));
    }
    if !base.run.complete {
        notes.push("the base is not complete".to_owned());
    }
    notes
}

/// Stages of both runs whose command or inputs differ, in the order of this run.
fn changed_stages<'a>(head: &'a RunRecord, base: &RunRecord) -> Vec<&'a str> {
    let mut before: BTreeMap<&str, BTreeSet<String>> = BTreeMap::new();
    for info in &base.run.metric_infos {
        before.entry(info.stage.as_str()).or_default().insert(info.stage_digest.to_string());
    }
    let mut changed: Vec<&str> = Vec::new();
    for info in &head.run.metric_infos {
        let stage = info.stage.as_str();
        let differs = before.get(stage).is_some_and(|digests| !digests.contains(&info.stage_digest.to_string()));
        if differs && !changed.contains(&stage) {
            changed.push(stage);
        }
    }
    changed
}

fn commits(head: &SourceInfo, base: &SourceInfo) -> Option<String> {
    let short = short_commit;
    let dirty = |source: &SourceInfo| if source.dirty == Some(true) { " with uncommitted changes" } else { "" };
    match (&base.commit, &head.commit) {
        (Some(from), Some(to)) if from != to => Some(format!("commits {}..{}{}", short(from), short(to), dirty(head))),
        (Some(_), Some(commit)) if base.dirty != head.dirty => {
            let was = if base.dirty == Some(true) { "with" } else { "without" };
            let is = if head.dirty == Some(true) { "with" } else { "without" };
            Some(format!("commit {} {was} uncommitted changes before, {is} now", short(commit)))
        }
        (None, Some(commit)) => Some(format!("commit {}{}, the base has none", short(commit), dirty(head))),
        (Some(commit), None) => Some(format!("the base is commit {}, this run has none", short(commit))),
        _ => None,
    }
}

fn differences(what: &str, head: &BTreeMap<String, String>, base: &BTreeMap<String, String>) -> Vec<String> {
    let names: BTreeSet<&String> = head.keys().chain(base.keys()).collect();
    let difference = |name: &String| match (base.get(name), head.get(name)) {
        (Some(before), Some(now)) if before != now => Some(format!("{what} `{name}` was {before} and is {now}")),
        (None, Some(now)) => Some(format!("{what} `{name}` is {now}, the base has no record of it")),
        (Some(before), None) => Some(format!("{what} `{name}` was {before}, this run has no record of it")),
        _ => None,
    };
    names.into_iter().filter_map(difference).collect()
}
