//! How metrics went over earlier runs.

use super::{
    Comparison, EarlierRuns, EarlierValue, Following, LevelChange, NOISE_RUNS, TREND_RUNS, Trend, TrendValue,
    compare_paired, following, noise_runs, put_trends, trend_runs,
};
use crate::ledger::{MeasuredValue, Verdict};
use crate::record::sample::{case, gated, metric, plan, record, stage, suite};
use crate::record::{RunRecord, RunSummary};
use crate::suite::{Better, Metric, Suite};
use crate::value::{RunId, Timestamp};

fn sample() -> Suite {
    let renamed = Metric { was: vec!["t".to_owned()], ..gated("time", "s", Better::Lower) };
    suite(&["vdd:v=1 2"], vec![stage("run", &[0], vec![renamed, gated("count", "", Better::Exact), metric("seen")])])
}

fn commit(number: i64) -> String {
    format!("{number:04x}{:036x}", 0)
}

fn run(suite: &Suite, number: i64, time: f64) -> RunRecord {
    let mut record = record(suite, &format!("r{number:03}"));
    record.run.started = Timestamp::from_milliseconds(number);
    record.run.source.commit = Some(commit(number));
    record.run.source.branch = Some("main".to_owned());
    plan(&mut record, suite, "run", "vdd=1", Verdict::Pass, &[("time", time), ("count", 3.0), ("seen", time)]);
    case(&mut record, suite, "vdd=1", Verdict::Pass);
    record
}

/// A saw of 1 % around a level.
fn saw(level: f64, number: i64) -> f64 {
    level * (1.0 + 0.001 * (number * 7 % 11) as f64)
}

fn stepped(number: i64) -> f64 {
    saw(if number < 20 { 1.0 } else { 1.5 }, number)
}

/// Compares a run with the one before it, after the runs before, and follows its metrics.
fn followed(suite: &Suite, records: &[RunRecord], rename: &dyn Fn(usize, &str) -> String) -> Comparison {
    let (head, earlier_runs) = records.split_last().unwrap();
    let base = earlier_runs.last().unwrap();
    let mut earlier = EarlierRuns::default();
    for (index, record) in earlier_runs.iter().enumerate() {
        for row in &record.metrics {
            let (run, started) = (record.run.id.clone(), record.run.started);
            let value =
                EarlierValue { run, started, samples: row.samples.clone(), unit: row.unit.as_deref().map(Into::into) };
            earlier.of_metric(&rename(index, &row.reference())).add(row.point.as_str(), value);
        }
    }
    let (mut comparison, paired) = compare_paired(head, Some(base), Vec::new(), suite, &EarlierRuns::default());
    let summaries: Vec<RunSummary> = earlier_runs.iter().map(RunSummary::of).collect();
    let line = trend_runs(&RunSummary::of(head), &summaries, TREND_RUNS);
    let following = following(&comparison, &paired, head, Some(base), suite);
    put_trends(&mut comparison, &following, line, &earlier);
    comparison
}

fn trend<'a>(comparison: &'a Comparison, metric: &str) -> &'a Trend {
    comparison.trends.iter().find(|trend| trend.metric == metric).unwrap()
}

#[test]
fn a_step_is_bracketed_by_commits() {
    let suite = sample();
    let records: Vec<RunRecord> = (0..40).map(|number| run(&suite, number, stepped(number))).collect();
    let found = followed(&suite, &records, &|_, name| name.to_owned());
    assert_eq!(found.trend_runs.len(), 40);
    assert_eq!(found.trend_runs[39].run, records[39].run.id);
    let time = trend(&found, "run.time");
    assert_eq!((time.values.len(), time.unit.as_deref(), time.better.as_deref()), (40, Some("s"), Some("lower")));
    assert_eq!(time.values[3], TrendValue { run: 3, value: stepped(3), low: stepped(3), high: stepped(3), n: 1 });
    let [LevelChange { at: 20, before, after, p, good, bad }] = time.changes.as_slice() else { panic!("{time:?}") };
    assert!((before - 1.005).abs() < 0.003 && (after - 1.507).abs() < 0.005 && *p < 0.02, "{before} {after} {p}");
    assert_eq!((good.clone(), bad.clone()), (Some(commit(19)), Some(commit(20))));
    let sentence = time.earlier_change(&found.trend_runs).unwrap();
    assert_eq!(sentence, "the level changed before, between 0013000000 and 0014000000: 1.005 s to 1.5082 s");
    // It moved, so it comes first; the others in the order of the plan.
    let order: Vec<&str> = found.trends.iter().map(|trend| trend.metric.as_str()).collect();
    assert_eq!((order, found.trends_left_out), (vec!["run.time", "run.count", "run.seen"], 0));
    assert_eq!(trend(&found, "run.seen").changes[0].at, 20);
}

#[test]
fn exact_metrics_have_values_only() {
    let suite = sample();
    let mut records: Vec<RunRecord> = (0..40).map(|number| run(&suite, number, 1.0)).collect();
    for record in &mut records[20..] {
        record.metrics[1].value = MeasuredValue::Number(4.0);
        record.metrics[1].samples = vec![4.0];
    }
    let found = followed(&suite, &records, &|_, name| name.to_owned());
    let count = trend(&found, "run.count");
    assert_eq!((count.values[19].value, count.values[20].value, count.changes.len()), (3.0, 4.0, 0));
    assert_eq!(count.earlier_change(&found.trend_runs), None);
}

#[test]
fn a_creeping_level_is_told() {
    let suite = sample();
    let level = |number: i64| 1.0 + 0.004 * (number - 40).max(0) as f64;
    let records: Vec<RunRecord> = (0..80).map(|number| run(&suite, number, saw(level(number), number * 5))).collect();
    let found = followed(&suite, &records, &|_, name| name.to_owned());
    let time = trend(&found, "run.time");
    assert!(time.drift.as_ref().is_some_and(|drift| drift.up) || !time.changes.is_empty(), "{time:?}");
    assert!(time.earlier_change(&found.trend_runs).is_some());
}

#[test]
fn old_names_units_and_what_is_no_measurement() {
    let suite = sample();
    let mut records: Vec<RunRecord> = (0..6).map(|number| run(&suite, number, 1.0 + number as f64)).collect();
    let of = |record: &mut RunRecord, unit: &str, value: f64| {
        record.metrics[0].unit = (!unit.is_empty()).then(|| unit.to_owned());
        record.metrics[0].samples = vec![value];
    };
    of(&mut records[0], "ms", 1500.0);
    of(&mut records[1], "V", 1.0);
    of(&mut records[2], "", 1.0);
    records[5].metrics[0].origin = Some(RunId::new("r000"));
    // The first four runs called it `t`.
    let old = |index: usize, name: &str| if index < 4 { name.replace("run.time", "run.t") } else { name.to_owned() };
    let found = followed(&suite, &records, &old);
    let values: Vec<(u32, f64)> = trend(&found, "run.time").values.iter().map(|at| (at.run, at.value)).collect();
    assert_eq!(values, [(0, 1.5), (3, 4.0), (4, 5.0)]);
}

#[test]
fn runs_of_the_line() {
    let suite = sample();
    let other = |change: &dyn Fn(&mut RunRecord)| {
        let mut record = run(&suite, 1, 1.0);
        change(&mut record);
        RunSummary::of(&record)
    };
    let mut head = run(&suite, 5, 1.0);
    head.run.source.branch = Some("wider".to_owned());
    head.run.source.base_branch = Some("main".to_owned());
    let head = RunSummary::of(&head);
    let check = |change: &dyn Fn(&mut RunRecord), taken: bool| {
        assert_eq!(trend_runs(&head, &[other(change)], TREND_RUNS).len(), 1 + usize::from(taken));
    };
    check(&|_| {}, true);
    check(&|record| record.run.source.branch = Some("wider".to_owned()), true);
    check(&|record| record.run.source.branch = None, true);
    check(&|record| record.run.source.branch = Some("other".to_owned()), false);
    check(&|record| record.run.source.fork = Some(true), false);
    check(&|record| record.run.complete = false, false);
    check(&|record| record.run.filter = vec!["--case".to_owned(), "x".to_owned()], false);
    check(&|record| record.run.fingerprint = "f2".to_owned(), false);
    check(&|record| record.run.started = Timestamp::from_milliseconds(5), false);
    let many: Vec<RunSummary> = (0..300)
        .map(|number| RunSummary { started: Timestamp::from_milliseconds(number - 300), ..other(&|_| {}) })
        .collect();
    let line = trend_runs(&head, &many, TREND_RUNS);
    assert_eq!((line.len(), line[0].started), (201, Timestamp::from_milliseconds(-200)));
}

#[test]
fn runs_whose_noise_counts() {
    let suite = sample();
    let of = |number: i64, branch: Option<&str>| {
        let mut record = run(&suite, number, 1.0);
        record.run.source.branch = branch.map(str::to_owned);
        record
    };
    let branches = [Some("main"), Some("wider"), None, Some("other")];
    let earlier: Vec<RunSummary> =
        branches.iter().zip(1..).map(|(branch, number)| RunSummary::of(&of(number, *branch))).collect();
    let check = |base: &RunRecord, branch: Option<&str>, expected: &[&str]| {
        let mut head = of(9, branch);
        head.run.source.base_branch = Some("main".to_owned());
        let found = noise_runs(&RunSummary::of(&head), &base.run, &earlier, NOISE_RUNS);
        let found: Vec<&str> = found.iter().map(|run| run.id.as_str()).collect();
        assert_eq!(found, expected, "{:?} against {:?}", branch, base.run.source.branch);
    };
    // What the branch tried is no noise of main.
    check(&of(1, Some("main")), Some("wider"), &["r001", "r003"]);
    check(&of(1, Some("main")), Some("main"), &["r001", "r003"]);
    check(&of(2, Some("wider")), Some("wider"), &["r001", "r002", "r003"]);
    check(&of(3, None), Some("wider"), &["r001", "r002", "r003", "r004"]);
    check(&of(4, Some("other")), None, &["r003", "r004"]);
    let mut elsewhere = of(1, Some("main"));
    elsewhere.run.fingerprint = "f2".to_owned();
    check(&elsewhere, Some("wider"), &[]);
    let many: Vec<RunSummary> = (1..60).map(|number| RunSummary::of(&of(number, Some("main")))).collect();
    let head = RunSummary::of(&of(50, Some("main")));
    let found = noise_runs(&head, &of(1, Some("main")).run, &many, NOISE_RUNS);
    assert_eq!((found.len(), found[0].id.as_str(), found[19].id.as_str()), (20, "r030", "r049"));
}

#[test]
fn what_there_is_no_room_for_is_counted() {
    let values: Vec<String> = (0..1500).map(|value| value.to_string()).collect();
    let metrics = vec![gated("time", "s", Better::Lower), gated("count", "", Better::Exact)];
    let suite = suite(&[&format!("vdd:v={}", values.join(" "))], vec![stage("run", &[0], metrics)]);
    let made = |id: &str, last: f64| {
        let mut record = record(&suite, id);
        for value in &values {
            let count = if value == "1499" { last } else { 3.0 };
            let measured = [("time", 1.0), ("count", count)];
            plan(&mut record, &suite, "run", &format!("vdd={value}"), Verdict::Pass, &measured);
        }
        record
    };
    let (base, head) = (made("a", 3.0), made("b", 4.0));
    let (comparison, paired) = compare_paired(&head, Some(&base), Vec::new(), &suite, &EarlierRuns::default());
    let Following { followed, left_out } = following(&comparison, &paired, &head, Some(&base), &suite);
    assert_eq!((followed.len(), left_out), (2000, 1000));
    // The regressed one is the last of the plan.
    let (_, metric, point) = &followed[0].names[0];
    assert_eq!((metric.as_str(), point.as_str()), ("count", "v1499"));
}
