//! What else changed between two runs: what people look at first when a metric moved.

use super::lineage::short_commit;
use crate::record::{RunRecord, SourceInfo, model_of};
use std::collections::{BTreeMap, BTreeSet};

/// What a note is about.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Topic {
    /// What a stage runs and reads.
    Recipe(String),
    /// The commits.
    Commits,
    /// The suite.
    Suite,
    /// A property of the machine.
    Machine(String),
    /// The kind of machine.
    Fingerprint,
    /// A tool.
    Tool(String),
    /// This program.
    Shmoo,
    /// Files of the repository.
    Files,
    /// Something at one point only.
    Point,
    /// What no red mark tells.
    Other,
}

/// Returns one sentence for each difference in how the runs came to be.
pub(super) fn notes(head: &RunRecord, base: &RunRecord, left_out: &[String]) -> Vec<String> {
    left_out.iter().cloned().chain(sentences(head, base).into_iter().map(|(_, note)| note)).collect()
}

/// Returns the sentences about some topics.
pub(super) fn about(head: &RunRecord, base: &RunRecord, topics: &BTreeSet<Topic>) -> BTreeSet<String> {
    sentences(head, base).into_iter().filter(|(topic, _)| topics.contains(topic)).map(|(_, note)| note).collect()
}

fn sentences(head: &RunRecord, base: &RunRecord) -> Vec<(Topic, String)> {
    let mut notes = Vec::new();
    for stage in changed_stages(head, base) {
        let note = match model_of(stage) {
            Some(model) => format!("the form of the model `{model}` changed, or how it is fitted"),
            None => format!("the measurement itself changed: the command or the inputs of `{stage}` are others"),
        };
        notes.push((Topic::Recipe(stage.to_owned()), note));
    }
    notes.extend(commits(&head.run.source, &base.run.source).map(|note| (Topic::Commits, note)));
    if head.run.suite_digest != base.run.suite_digest {
        notes.push((Topic::Suite, "the suite changed".to_owned()));
    }
    if head.run.fingerprint != base.run.fingerprint {
        let note = format!(
            "another machine (fingerprint {} before, {} now): measured values do not compare",
            base.run.fingerprint, head.run.fingerprint
        );
        notes.push((Topic::Other, note));
    }
    notes.extend(differences("machine", &head.run.machine, &base.run.machine, Topic::Machine));
    notes.extend(differences("tool", &head.run.tools, &base.run.tools, Topic::Tool));
    if head.run.shmoo != base.run.shmoo {
        notes.push((Topic::Shmoo, format!("shmoo was {} and is {}", base.run.shmoo, head.run.shmoo)));
    }
    if !base.run.complete {
        notes.push((Topic::Other, "the base is not complete".to_owned()));
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

fn differences(
    what: &str,
    head: &BTreeMap<String, String>,
    base: &BTreeMap<String, String>,
    topic: fn(String) -> Topic,
) -> Vec<(Topic, String)> {
    let names: BTreeSet<&String> = head.keys().chain(base.keys()).collect();
    let difference = |name: &String| match (base.get(name), head.get(name)) {
        (Some(before), Some(now)) if before != now => Some(format!("{what} `{name}` was {before} and is {now}")),
        (None, Some(now)) => Some(format!("{what} `{name}` is {now}, the base has no record of it")),
        (Some(before), None) => Some(format!("{what} `{name}` was {before}, this run has no record of it")),
        _ => None,
    };
    names.into_iter().filter_map(|name| Some((topic(name.clone()), difference(name)?))).collect()
}
