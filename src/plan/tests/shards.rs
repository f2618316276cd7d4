//! Dividing plans: waves, balance, labels, limits; and plans as files.

use super::{TWO, plan_of};
use crate::plan::{
    Durations, ListFormat, Plan, Selection, ShardError, ShardOptions, Shards, SourceText, TaskId, Wave, faults, list,
    plan_file, read_plan_file, shard,
};
use crate::value::TaskKey;
use proptest::prelude::*;
use std::collections::{BTreeSet, HashMap};

fn divide(plan: &Plan, count: u32, seconds: &dyn Fn(&TaskKey) -> f64) -> Result<Shards, ShardError> {
    let expected: Vec<f32> = plan.tasks().map(|task| seconds(&plan.key(task)) as f32).collect();
    shard(plan, &expected, &ShardOptions { count, site: Vec::new() })
}

/// Shows the waves of a plan, with the tasks of each.
fn show(plan: &mut Plan, shards: Shards) -> String {
    plan.shards = Some(shards);
    assert_eq!(faults(plan), []);
    let shards = plan.shards.as_ref().unwrap();
    let numbers = (1..=shards.count).map(Wave::Shard);
    let waves = [Wave::Prepare].into_iter().chain(numbers).chain([Wave::Finish]);
    let lines = waves.filter_map(|wave| {
        let keys: Vec<String> = shards.tasks(wave).iter().map(|&task| plan.key(task).to_string()).collect();
        let name = match wave {
            Wave::Prepare => "prepare".to_owned(),
            Wave::Shard(number) => match &shards.labels[number as usize - 1] {
                Some(label) => format!("{number} on {label}"),
                None => number.to_string(),
            },
            Wave::Finish => "finish".to_owned(),
        };
        (!keys.is_empty()).then(|| format!("{name}: {}", keys.join(" ")))
    });
    lines.collect::<Vec<_>>().join("\n")
}

#[track_caller]
fn check(stages: &str, count: u32, seconds: &dyn Fn(&TaskKey) -> f64, expected: &str) {
    let mut plan = plan_of(&format!("{TWO}{stages}"), Selection::default());
    let said = match divide(&plan, count, seconds) {
        Ok(shards) => show(&mut plan, shards),
        Err(error) => format!("{error}\n  hint: {}", error.hint()),
    };
    assert_eq!(said, expected, "{stages}");
}

/// Seconds by stage; 10 for others.
fn by_stage(stages: &'static [(&'static str, f64)]) -> impl Fn(&TaskKey) -> f64 {
    move |key| stages.iter().find(|(stage, _)| *stage == key.stage.as_str()).map_or(10.0, |(_, seconds)| *seconds)
}

const FLOW: &str = "stages:
  make: { per: [a], cmd: [make], outputs: [o] }
  use: { inputs: [make/o], cmd: [use], outputs: [p] }
  sum: { per: [a], inputs: { all: { each: use/p } }, cmd: [sum], evidence: [exit] }
";

#[test]
fn cheap_upstream_work_is_run_again_and_dear_work_before() {
    // Two shards: each layout's users fit into one, with their sum.
    check(
        FLOW,
        2,
        &by_stage(&[]),
        "1: make/a1 use/a1_bx use/a1_by sum/a1
2: make/a2 use/a2_bx use/a2_by sum/a2",
    );
    // Four: each layout is wanted twice.
    check(
        FLOW,
        4,
        &by_stage(&[("make", 1.0)]),
        "1: make/a1 use/a1_bx
2: make/a1 use/a1_by
3: make/a2 use/a2_bx
4: make/a2 use/a2_by
finish: sum/a1 sum/a2",
    );
    check(
        FLOW,
        4,
        &by_stage(&[("make", 100.0)]),
        "prepare: make/a1 make/a2
1: use/a1_bx
2: use/a1_by
3: use/a2_bx
4: use/a2_by
finish: sum/a1 sum/a2",
    );
    // No more shards than leaves.
    check("stages: { run: { per: [a], cmd: [run], evidence: [exit] } }", 9, &by_stage(&[]), "1: run/a1\n2: run/a2");
}

#[test]
fn labels_have_shards_of_their_own() {
    check(
        "stages:
  make: { per: [a], cmd: [make], outputs: [o] }
  use: { inputs: [make/o], cmd: [use], evidence: [exit], runner: 'gpu-{b}' }
",
        2,
        &by_stage(&[]),
        "prepare: make/a1 make/a2
1 on gpu-x: use/a1_bx use/a2_bx
2 on gpu-y: use/a1_by use/a2_by",
    );
    check(
        "stages:
  run: { cmd: [use], evidence: [exit], runner: '{b}' }
",
        1,
        &by_stage(&[]),
        "1 on x: run/a1_bx run/a2_bx
2 on y: run/a1_by run/a2_by",
    );
    // Shards go where the work is.
    let slow = |key: &TaskKey| if key.point.as_str().ends_with("by") { 100.0 } else { 1.0 };
    check(
        "stages:
  run: { cmd: [use], evidence: [exit], runner: '{b}' }
",
        3,
        &slow,
        "1 on x: run/a1_bx run/a2_bx
2 on y: run/a1_by
3 on y: run/a2_by",
    );
    check(
        "stages:
  first: { cmd: [run], outputs: [o] }
  second: { inputs: [first/o], cmd: [use], outputs: [p], runner: gpu }
  third: { inputs: [second/p], cmd: [use], evidence: [exit] }
",
        2,
        &by_stage(&[]),
        "prepare: first/a1_bx first/a1_by first/a2_bx first/a2_by second/a1_bx second/a1_by second/a2_bx second/a2_by
1: third/a1_bx third/a2_bx
2: third/a1_by third/a2_by",
    );
}

#[test]
fn repeats_stay_together() {
    check(
        "stages:
  time: { cmd: [run], evidence: [exit], repeat: { count: 2, warmup: 1 } }
  after: { after: [time], cmd: [run], evidence: [exit] }
",
        4,
        &by_stage(&[]),
        "1: time/a1_bx#w1 time/a1_bx#1 time/a1_bx#2 after/a1_bx
2: time/a1_by#w1 time/a1_by#1 time/a1_by#2 after/a1_by
3: time/a2_bx#w1 time/a2_bx#1 time/a2_bx#2 after/a2_bx
4: time/a2_by#w1 time/a2_by#1 time/a2_by#2 after/a2_by",
    );
}

#[test]
fn limits() {
    let run = "stages: { run: { cmd: [run], evidence: [exit] } }";
    check(
        run,
        0,
        &by_stage(&[]),
        "0 shards are asked for; a job matrix holds 1 to 256\n  hint: give `--shards` a number in that range",
    );
    check(
        run,
        257,
        &by_stage(&[]),
        "257 shards are asked for; a job matrix holds 1 to 256\n  hint: give `--shards` a number in that range",
    );
    let plan = plan_of(
        &format!("{TWO}stages: {{ run: {{ cmd: [run], evidence: [exit], uses: {{ lvs: 1 }} }} }}"),
        Selection::default(),
    );
    let site = |resource: &str, units: i64, count: u32| {
        let site = vec![(resource.to_owned(), units.into())];
        shard(&plan, &[1.0; 4], &ShardOptions { count, site })
            .map(|shards| shards.count)
            .map_err(|error| error.to_string())
    };
    assert_eq!(site("lvs", 2, 2), Ok(2));
    assert_eq!(site("lvs", 2, 3), Err("3 shards would share 2 of `lvs`".to_owned()));
    assert_eq!(site("drc", 1, 3), Ok(3), "nothing here uses it");
}

/// The generator's sweep, with durations as one run had them, in seconds.
fn generator_sweep() -> (Plan, impl Fn(&TaskKey) -> f64) {
    let text = include_str!("../../../tests/fixtures/suites/a-temp-sense.yaml");
    let plan = plan_of(text, Selection::default());
    let seconds = |key: &TaskKey| {
        let name = key.point.as_str();
        let inverters: f64 = name
            .strip_prefix("inv")
            .and_then(|rest| rest.split('_').next())
            .map_or(9.0, |digits| digits.parse().unwrap());
        match key.stage.as_str() {
            "run_generator" => 0.1,
            "check_drc" => 0.6,
            "check_lvs" => 0.2,
            "run_simulations" if name.contains("npex") => 0.55 * inverters,
            "run_simulations" => 0.2 * inverters,
            _ => 0.1,
        }
    };
    (plan, seconds)
}

#[test]
fn the_longest_shard_is_near_the_ideal() {
    let (mut plan, seconds) = generator_sweep();
    let total: f64 = plan.tasks().map(|task| seconds(&plan.key(task))).sum();
    for count in [2, 5, 8, 16, 23] {
        let shards = divide(&plan, count, &seconds).unwrap();
        let ideal = total / f64::from(count);
        let longest = shards.expected.iter().copied().fold(0.0, f64::max);
        // The longest simulation is an eighth of the shortest ideal here.
        assert!(longest < ideal * 1.055, "{count} shards: {longest:.1} s, ideal {ideal:.1} s");
        assert!(shards.tasks(Wave::Prepare).is_empty(), "{count} shards");
        plan.shards = Some(shards);
        assert_eq!(faults(&plan), []);
    }
    // Even with hardly two cases a shard, little is run again.
    let shards = divide(&plan, 256, &seconds).unwrap();
    assert_eq!(shards.count, 256);
    let again: f64 = plan.tasks().map(|task| (shards.waves(task).len() - 1) as f64 * seconds(&plan.key(task))).sum();
    assert!(again <= total * 0.1, "{again:.1} s of {total:.1} s are run again");
}

#[test]
fn durations_of_earlier_runs() {
    let plan = plan_of(&format!("{TWO}{FLOW}"), Selection::default());
    let key = |text: &str| text.parse::<TaskKey>().unwrap();
    let known = [("use/a1_bx", 4.0), ("use/a1_by", 6.0), ("use/a2_bx", 8.0), ("make/a1", 2.0)];
    let durations =
        Durations::new(known.map(|(task, seconds)| (key(task), seconds)).into_iter().collect::<HashMap<_, _>>());
    let expected: Vec<String> = plan
        .tasks()
        .zip(durations.expected(&plan))
        .map(|(task, seconds)| format!("{} {seconds}", plan.key(task)))
        .collect();
    assert_eq!(
        expected.join(", "),
        "make/a1 2, make/a2 2, use/a1_bx 4, use/a1_by 6, use/a2_bx 8, use/a2_by 6, sum/a1 1, sum/a2 1"
    );
}

#[test]
fn plan_files_give_the_plan_back() {
    let text = format!("{TWO}{FLOW}");
    let source = |text: &str| vec![SourceText { name: "s.yaml".to_owned(), text: text.to_owned() }];
    let mut plan = plan_of(&text, Selection::default());
    plan.shards = Some(divide(&plan, 4, &by_stage(&[("make", 1.0)])).unwrap());
    let file = plan_file(&plan, "s.yaml", source(&text), Default::default(), None);
    let bytes = serde_json::to_vec(&file).unwrap();
    let read = read_plan_file(&bytes).unwrap();
    assert_eq!(read, file);
    let mut again = plan_of(&read.sources[0].text, read.selection.clone());
    read.confirm(&mut again).unwrap();
    assert_eq!(again.shards, plan.shards);
    // Comments do not count, neither does the spelling.
    let commented = text.replace("stages:", "# a comment\nstages:").replace("[1, 2]", "[1.0, 2]");
    let plan_of_commented = plan_of(&commented, Selection::default());
    let unsharded = |plan: &Plan, text: &str| plan_file(plan, "other.yaml", source(text), Default::default(), None).id;
    assert_eq!(unsharded(&plan_of_commented, &commented), unsharded(&plan_of(&text, Selection::default()), &text));
    read.confirm(&mut plan_of(&commented, Selection::default())).unwrap();
    // What is planned counts.
    let refusal = |change: &dyn Fn(&str) -> String, selection: Selection| {
        read.confirm(&mut plan_of(&change(&text), selection)).unwrap_err().to_string()
    };
    let same = |text: &str| text.to_owned();
    assert_eq!(
        refusal(&|text| text.replace("[sum]", "[sum, all]"), Selection::default()),
        "the plan expands to other stages or parameters than when it was made"
    );
    let one = Selection { cases: vec!["a1_*".to_owned()], ..Selection::default() };
    assert_eq!(refusal(&same, one), "the plan expands to other tasks than when it was made");
}

#[test]
fn broken_plan_files_are_refused() {
    let text = format!("{TWO}{FLOW}");
    let mut plan = plan_of(&text, Selection::default());
    plan.shards = Some(divide(&plan, 4, &by_stage(&[("make", 1.0)])).unwrap());
    let file = plan_file(&plan, "s.yaml", Vec::new(), Default::default(), None);
    let check = |change: &dyn Fn(&mut serde_json::Value), expected: &str| {
        let mut json = serde_json::to_value(&file).unwrap();
        change(&mut json);
        let said = match read_plan_file(json.to_string().as_bytes()) {
            Ok(file) => file.confirm(&mut plan_of(&text, Selection::default())).map_err(|error| error.to_string()),
            Err(error) => Err(error.to_string()),
        };
        assert_eq!(said, Err(expected.to_owned()));
    };
    let contents = "the plan expands to other contents than when it was made";
    check(&|json| json["format"] = "other".into(), "the plan file has the format `other`, not `shmoo-plan`");
    check(
        &|json| json["expansion"] = 7.into(),
        "the plan was expanded by version 7 of the algorithm; this program has version 1",
    );
    check(&|json| json["suite"] = 7.into(), "the plan file cannot be read");
    check(&|json| json["shards"]["tasks"] = "1*8".into(), contents);
    check(&|json| json["baseline"] = "other".into(), contents);
}

#[test]
fn a_listing_names_waves_and_needs() {
    let mut plan = plan_of(&format!("{TWO}{FLOW}"), Selection::default());
    plan.shards = Some(divide(&plan, 4, &by_stage(&[("make", 1.0)])).unwrap());
    let mut bytes = Vec::new();
    list(&plan, ListFormat::Json, &mut bytes).unwrap();
    let json: serde_json::Value = serde_json::from_slice(&bytes).unwrap();
    assert_eq!(json["tasks"][0].to_string(), r#"{"stage":"make","point":"a1","params":{"a":1},"in":[1,2]}"#);
    assert_eq!(
        json["tasks"][2].to_string(),
        r#"{"stage":"use","point":"a1_bx","params":{"a":1,"b":"x"},"needs":["make/a1"],"in":[1]}"#
    );
    assert_eq!(json["shards"][3].to_string(), r#"{"shard":4,"runner":null,"tasks":2,"expected_seconds":11.0}"#);
    let mut bytes = Vec::new();
    list(&plan, ListFormat::Matrix, &mut bytes).unwrap();
    let json: serde_json::Value = serde_json::from_slice(&bytes).unwrap();
    assert_eq!(json["include"][3].to_string(), r#"{"shard":4,"of":4}"#);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn shards_cover_each_task_and_nothing_is_run_again_too_often(
        count in 1u32..20,
        seconds in proptest::collection::vec(0f32..100.0, 40),
        seed in any::<u64>(),
    ) {
        let mut plan = plan_of(&format!("{TWO}  c: {{ code: c, values: [1, 2, 3] }}
stages:
  one: {{ per: [a], cmd: [run], outputs: [o] }}
  two: {{ per: [a, b], inputs: [one/o], cmd: [run], outputs: [o2] }}
  three: {{ inputs: [two/o2], cmd: [run], outputs: [o3], repeat: {{ count: 2 }} }}
  four: {{ per: [a, c], inputs: {{ all: {{ each: three/o3 }} }}, cmd: [run], outputs: [o4] }}
  five: {{ per: [c], after: [four], cmd: [run], evidence: [exit] }}
"), Selection::default());
        let expected: Vec<f32> =
            (0..plan.task_count()).map(|task| seconds[(task.wrapping_mul(31) ^ seed as usize) % seconds.len()]).collect();
        let shards = shard(&plan, &expected, &ShardOptions { count, site: Vec::new() }).unwrap();
        let again: f64 =
            plan.tasks().map(|task| (shards.waves(task).len() - 1) as f64 * f64::from(expected[task.index()])).sum();
        let total: f64 = expected.iter().map(|&seconds| f64::from(seconds)).sum();
        prop_assert!(again <= total * 0.1 + 1e-6);
        for number in 1..=shards.count {
            let seconds: f64 =
                shards.tasks(Wave::Shard(number)).iter().map(|task| f64::from(expected[task.index()])).sum();
            prop_assert!((shards.expected[number as usize - 1] - seconds).abs() < 1e-3);
        }
        plan.shards = Some(shards);
        prop_assert_eq!(faults(&plan), []);
        let covered: BTreeSet<TaskId> = [Wave::Prepare, Wave::Finish]
            .into_iter()
            .chain((1..=count).map(Wave::Shard))
            .flat_map(|wave| plan.shards.as_ref().unwrap().tasks(wave))
            .collect();
        prop_assert_eq!(covered.len(), plan.task_count());
    }
}
