//! Further waves: what is missing of a plan, divided.

use super::{TWO, plan_of};
use crate::plan::{
    ListFormat, Plan, Selection, ShardOptions, SourceText, Taken, TaskId, Wave, blocked, faults, list, plan_file,
    read_plan_file, shard, shard_missing,
};
use proptest::prelude::*;
use std::collections::BTreeSet;

const FLOW: &str = "stages:
  make: { per: [a], cmd: [make], outputs: [o] }
  use: { inputs: [make/o], cmd: [use], outputs: [p] }
  look: { after: [use], cmd: [look], evidence: [exit], repeat: { count: 2 } }
  sum: { per: [a], inputs: { all: { each: use/p } }, cmd: [sum], outputs: [s] }
  end: { per: [], inputs: { all: { rows: use } }, cmd: [end], evidence: [exit] }
";

fn flow() -> Plan {
    plan_of(&format!("{TWO}{FLOW}"), Selection::default())
}

fn options(count: u32) -> ShardOptions {
    ShardOptions { count, site: Vec::new() }
}

fn ones(plan: &Plan) -> Vec<f32> {
    vec![1.0; plan.task_count()]
}

fn named(plan: &Plan, tasks: impl IntoIterator<Item = TaskId>) -> String {
    tasks.into_iter().map(|task| plan.key(task).to_string()).collect::<Vec<_>>().join(" ")
}

/// Divides what is missing, and shows it.
#[track_caller]
fn check(missing: &[&str], count: u32, expected: &str) {
    let mut plan = flow();
    let names: Vec<String> = plan.tasks().map(|task| plan.key(task).to_string()).collect();
    assert!(missing.iter().all(|wanted| names.iter().any(|name| name == wanted)), "{missing:?} of {names:?}");
    let done = |task: TaskId| !missing.contains(&names[task.index()].as_str());
    plan.shards = Some(shard_missing(&plan, &ones(&plan), &options(count), &done).unwrap());
    assert_eq!(faults(&plan), []);
    let shards = plan.shards.as_ref().unwrap();
    assert!(plan.tasks().all(|task| shards.leaves_out(task) == done(task)));
    let waves = [Wave::Prepare].into_iter().chain((1..=shards.count).map(Wave::Shard)).chain([Wave::Finish]);
    let shown: Vec<String> = waves
        .map(|wave| (wave, named(&plan, shards.tasks(wave))))
        .filter(|(_, tasks)| !tasks.is_empty())
        .map(|(wave, tasks)| format!("{wave:?}: {tasks}"))
        .collect();
    assert_eq!(shown.join("\n"), expected);
}

#[test]
fn only_what_is_missing_is_divided() {
    check(&[], 4, "");
    // One lost case: its upstream is at hand.
    check(&["use/a1_bx"], 4, "Shard(1): use/a1_bx");
    // What gathers follows; one shard holds all that is missing of it.
    check(&["use/a1_bx", "sum/a1"], 4, "Shard(1): use/a1_bx sum/a1");
    check(
        &["use/a1_bx", "use/a1_by", "sum/a1", "end/all"],
        4,
        "Shard(1): use/a1_bx\nShard(2): use/a1_by\nFinish: sum/a1 end/all",
    );
    // Nothing for shards: collecting runs it.
    check(&["sum/a1", "end/all"], 4, "Finish: sum/a1 end/all");
    // Rounds that are left stay together.
    check(
        &["look/a1_bx#2", "look/a2_by#1", "look/a2_by#2"],
        2,
        "Shard(1): look/a2_by#1 look/a2_by#2\nShard(2): look/a1_bx#2",
    );
    // Upstream work that is missing, too.
    check(&["make/a1", "use/a1_bx", "use/a1_by"], 1, "Shard(1): make/a1 use/a1_bx use/a1_by");
    check(&["make/a1", "use/a1_bx", "use/a1_by"], 2, "Prepare: make/a1\nShard(1): use/a1_bx\nShard(2): use/a1_by");
}

#[test]
fn a_further_plan_names_its_parent_and_reads_back() {
    let mut plan = flow();
    plan.shards = Some(shard(&plan, &ones(&plan), &options(2)).unwrap());
    let sources = || vec![SourceText { name: "s.yaml".to_owned(), text: format!("{TWO}{FLOW}") }];
    let first = plan_file(&plan, "s.yaml", sources(), Default::default(), None);
    let done = |task: TaskId| task.0.is_multiple_of(3);
    plan.shards = Some(shard_missing(&plan, &ones(&plan), &options(2), &done).unwrap());
    let shards = plan.shards.clone();
    let second = plan_file(&plan, "s.yaml", sources(), Default::default(), Some(first.id));
    assert_ne!(first.id, second.id);
    let bytes = serde_json::to_vec(&second).unwrap();
    let read = read_plan_file(&bytes).unwrap();
    read.check_version().unwrap();
    let mut again = flow();
    read.confirm(&mut again).unwrap();
    assert_eq!(again.shards, shards);
    assert!(again.shards.unwrap().is_further());
    // A plan without a parent leaves nothing out.
    let text = String::from_utf8(bytes).unwrap();
    let orphan = text.replace(&format!(",\"parent\":\"{}\"", first.id), "");
    assert_ne!(orphan, text);
    assert!(read_plan_file(orphan.as_bytes()).unwrap().confirm(&mut flow()).is_err());
    // The version of the program counts where machines must agree.
    let other = text.replace(&format!("\"shmoo\":\"{}\"", env!("CARGO_PKG_VERSION")), "\"shmoo\":\"0.0.1\"");
    let error = read_plan_file(other.as_bytes()).unwrap().check_version().unwrap_err();
    assert!(error.to_string().starts_with("the plan was made by shmoo 0.0.1"), "{error}");
    // An empty wave has an empty matrix.
    plan.shards = Some(shard_missing(&plan, &ones(&plan), &options(2), &|_| true).unwrap());
    let mut matrix = Vec::new();
    list(&plan, ListFormat::Matrix, &mut matrix).unwrap();
    assert_eq!(matrix, b"{\"include\":[]}\n");
}

#[test]
fn who_takes_files_and_who_waits_in_vain() {
    let mut plan = flow();
    plan.shards = Some(shard(&plan, &ones(&plan), &options(4)).unwrap());
    let find = |name: &str| plan.find(&name.parse().unwrap()).unwrap();
    let taken = Taken::new(&plan);
    assert_eq!(named(&plan, taken.by(find("sum/a1"))), "use/a1_bx use/a1_by");
    // A table of rows takes no file, and a gate none either.
    assert_eq!(named(&plan, taken.by(find("end/all"))), "");
    assert_eq!(named(&plan, taken.by(find("look/a1_bx#1"))), "");
    let home = plan.shards.as_ref().unwrap().waves(find("use/a1_bx"))[0];
    let takers = taken.takers(home);
    assert_eq!(named(&plan, takers[&find("use/a1_bx")].iter().copied()), "sum/a1");

    let nothing = |_: TaskId| false;
    let waiting = blocked(&plan, Wave::Finish, &nothing, false);
    assert_eq!(named(&plan, waiting), "sum/a1 sum/a2 end/all");
    assert!(blocked(&plan, Wave::Finish, &nothing, true).is_empty());
    let (one, other) = (find("use/a1_bx"), find("use/a1_by"));
    let waiting = blocked(&plan, Wave::Finish, &|task| task == one || task == other, false);
    assert_eq!(named(&plan, waiting), "sum/a2 end/all");
}

proptest! {
    #[test]
    fn waves_cover_what_is_missing_and_nothing_else(done in proptest::collection::vec(any::<bool>(), 17), count in 1u32..6) {
        let mut plan = flow();
        prop_assert_eq!(plan.task_count(), done.len());
        let is_done = |task: TaskId| done[task.index()];
        plan.shards = Some(shard_missing(&plan, &ones(&plan), &options(count), &is_done).unwrap());
        prop_assert_eq!(faults(&plan), vec![]);
        let shards = plan.shards.as_ref().unwrap();
        prop_assert!(shards.count <= count);
        let waves = [Wave::Prepare, Wave::Finish].into_iter().chain((1..=shards.count).map(Wave::Shard));
        let covered: BTreeSet<TaskId> = waves.flat_map(|wave| shards.tasks(wave)).collect();
        let missing: BTreeSet<TaskId> = plan.tasks().filter(|&task| !is_done(task)).collect();
        prop_assert_eq!(covered, missing);
        // Once all before it is final, no part waits for another.
        for number in 1..=shards.count {
            let prepared = |task: TaskId| is_done(task) || shards.runs(Wave::Prepare, task);
            prop_assert!(blocked(&plan, Wave::Shard(number), &prepared, false).is_empty());
        }
    }
}
