//! Verdicts with runs before the base.

use super::{Change, ComparisonVerdict, Decision, EarlierRuns, EarlierValue, Test, compare};
use crate::ledger::{MeasuredValue, Verdict};
use crate::record::sample::{case, gated, plan, record, stage, suite};
use crate::record::{MetricRow, RunRecord};
use crate::stats::{Random, median};
use crate::suite::{Better, Metric, Suite};
use crate::value::{RunId, Timestamp};
use proptest::prelude::*;

/// The repeats of one run around a level.
fn repeats(random: &mut Random, level: f64, count: usize) -> Vec<f64> {
    (0..count).map(|_| level * (1.0 + 0.01 * random.normal())).collect()
}

fn set(row: &mut MetricRow, samples: &[f64]) {
    row.value = MeasuredValue::Number(median(samples));
    row.samples = samples.to_vec();
}

fn timed() -> Suite {
    suite(&["vdd:v=1 2 3"], vec![stage("run", &[0], vec![gated("t", "s", Better::Lower)])])
}

fn run(suite: &Suite, id: &str, samples: &[f64]) -> RunRecord {
    let mut record = record(suite, id);
    let name = suite.stages[0].metrics[0].name.clone();
    plan(&mut record, suite, "run", "vdd=1", Verdict::Pass, &[(name.as_str(), 0.0)]);
    case(&mut record, suite, "vdd=1", Verdict::Pass);
    set(&mut record.metrics[0], samples);
    record
}

fn earlier_of(row: &MetricRow, runs: &[Vec<f64>]) -> EarlierRuns {
    let mut earlier = EarlierRuns::default();
    for (index, samples) in runs.iter().enumerate() {
        let value = EarlierValue {
            run: RunId::new(format!("e{index:02}")),
            started: Timestamp::from_milliseconds(index as i64),
            samples: samples.clone(),
            unit: row.unit.as_deref().map(Into::into),
        };
        earlier.of_metric(&row.reference()).add(row.point.as_str(), value);
    }
    earlier
}

/// Judges one metric with runs before it, the last of which is the base.
fn judged(suite: &Suite, runs: &[Vec<f64>], now: &[f64]) -> Change {
    let head = run(suite, "z", now);
    let base = run(suite, "y", runs.last().unwrap());
    let earlier = earlier_of(&head.metrics[0], runs);
    compare(&head, Some(&base), Vec::new(), suite, &earlier).changes.remove(0)
}

fn levels(levels: &[f64], count: usize) -> Vec<Vec<f64>> {
    let mut random = Random::new(1);
    levels.iter().map(|level| repeats(&mut random, *level, count)).collect()
}

const QUIET: [f64; 10] = [1.0, 1.01, 0.99, 1.02, 0.98, 1.01, 1.0, 0.99, 1.0, 1.0];

fn decided(change: &Change) -> (ComparisonVerdict, Decision) {
    (change.verdict, change.figures.as_ref().unwrap().decided_by)
}

#[test]
fn a_regression() {
    let change = judged(&timed(), &levels(&QUIET, 10), &levels(&[1.2], 10)[0]);
    assert_eq!(decided(&change), (ComparisonVerdict::Regressed, Decision::All), "{}", change.rule);
    let figures = change.figures.unwrap();
    assert!((figures.effect - 0.2).abs() < 0.03, "{figures:?}");
    let [low, high] = figures.interval.unwrap();
    assert!(0.1 < low && low < figures.effect && figures.effect < high && high < 0.3);
    assert!(figures.p.unwrap() < 1e-4 && figures.q == figures.p && figures.family == 1);
    assert!(figures.repeats_p.unwrap() < 1e-4 && figures.test == Some(Test::History));
    assert_eq!((figures.head.n, figures.base.n, figures.runs_missing, figures.min_effect), (10, 10, 0, 0.03));
    let band = figures.history.unwrap();
    assert_eq!((band.runs, band.freedom, band.moderated, band.since.as_ref()), (10, Some(9.0), false, None));
    assert!((band.centre - 1.0).abs() < 0.01 && band.low.unwrap() > 0.94 && band.high.unwrap() < 1.06, "{band:?}");
    assert!(change.rule.contains("where 10 earlier runs put the next (p = "), "{}", change.rule);

    let better = judged(&timed(), &levels(&QUIET, 10), &levels(&[0.8], 10)[0]);
    assert_eq!(decided(&better), (ComparisonVerdict::Improved, Decision::All), "{}", better.rule);
}

#[test]
fn noise_is_no_regression() {
    let noisy = [1.0, 1.2, 0.85, 1.1, 0.9, 1.15, 0.95, 1.0, 1.05, 0.92];
    // 13 % and beyond doubt within the runs, but nothing beside the noise between runs.
    let change = judged(&timed(), &levels(&noisy, 30), &levels(&[1.05], 30)[0]);
    assert_eq!(decided(&change), (ComparisonVerdict::Unchanged, Decision::InsideBand), "{}", change.rule);
    let figures = change.figures.unwrap();
    assert!(figures.interval.unwrap()[0] > 0.1 && figures.p.unwrap() > 0.05, "{figures:?}");
    assert!(change.rule.contains("wider than the smallest change that matters"), "{}", change.rule);
}

#[test]
fn one_odd_run_among_earlier_ones_does_not_hide_a_regression() {
    let odd = [&QUIET[..5], &[1.2], &QUIET[5..]].concat();
    let change = judged(&timed(), &levels(&odd, 10), &levels(&[1.1], 10)[0]);
    assert_eq!(decided(&change), (ComparisonVerdict::Regressed, Decision::All), "{}", change.rule);
    let band = change.figures.unwrap().history.unwrap();
    assert_eq!((band.runs, band.freedom), (10, Some(9.0)), "{band:?}");
    assert!((band.without.unwrap() - 1.2).abs() < 0.01 && band.high.unwrap() < 1.06, "{band:?}");
    assert!(change.rule.contains("where 10 earlier runs, without one of 1.2"), "{}", change.rule);
    assert!(change.rule.contains(" s that is far from all others, put the next (p = "), "{}", change.rule);

    // What happened once may happen again: it counts.
    let again = judged(&timed(), &levels(&odd[..8], 10), &levels(&[1.2], 10)[0]);
    assert_eq!(decided(&again), (ComparisonVerdict::Unchanged, Decision::InsideBand), "{}", again.rule);
    let band = again.figures.unwrap().history.unwrap();
    assert_eq!((band.runs, band.without), (8, None));
    // On the other side it never did.
    let other = judged(&timed(), &levels(&odd, 10), &levels(&[0.8], 10)[0]);
    assert_eq!(decided(&other), (ComparisonVerdict::Improved, Decision::All), "{}", other.rule);
    // Two are no accident.
    let two = judged(&timed(), &levels(&[&odd[..9], &[1.2], &odd[9..]].concat(), 10), &levels(&[1.1], 10)[0]);
    assert_eq!(decided(&two), (ComparisonVerdict::Unchanged, Decision::InsideBand), "{}", two.rule);
}

#[test]
fn too_few_runs() {
    for count in 1..5 {
        let change = judged(&timed(), &levels(&QUIET[..count], 30), &levels(&[2.0], 30)[0]);
        assert_eq!(decided(&change), (ComparisonVerdict::Uncertain, Decision::RunsMissing));
        let runs = if count == 4 { "run" } else { "runs" };
        let says = format!("needs {} more {runs} to know the noise between runs ({count} of 5)", 5 - count);
        assert!(change.rule.ends_with(&says), "{}", change.rule);
        let figures = change.figures.unwrap();
        assert_eq!((figures.runs_missing as usize, figures.test), (5 - count, Some(Test::Repeats)));
        assert!(figures.p.unwrap() < 1e-6 && figures.interval.unwrap()[0] > 0.9);
    }
}

#[test]
fn the_base_was_an_outlier() {
    let mut runs = QUIET;
    runs[9] = 0.8;
    let change = judged(&timed(), &levels(&runs, 10), &levels(&[1.0], 10)[0]);
    assert_eq!(decided(&change), (ComparisonVerdict::Unchanged, Decision::MinEffectHistory), "{}", change.rule);
    // The base was already as bad as this run.
    let mut runs = QUIET;
    runs[9] = 1.3;
    let change = judged(&timed(), &levels(&runs, 10), &levels(&[1.31], 10)[0]);
    assert_eq!(decided(&change), (ComparisonVerdict::Unchanged, Decision::MinEffect), "{}", change.rule);
}

#[test]
fn a_new_level_starts_a_new_history() {
    let runs = |count: usize| -> Vec<Vec<f64>> {
        let saw = |run: usize| 1.0 + 0.001 * (run * 7 % 11) as f64;
        (0..20).map(|run| vec![if run < 20 - count { 1.0 } else { 1.5 } * saw(run)]).collect()
    };
    let change = judged(&timed(), &runs(10), &[1.65]);
    assert_eq!(decided(&change), (ComparisonVerdict::Regressed, Decision::All), "{}", change.rule);
    let band = change.figures.unwrap().history.unwrap();
    assert_eq!((band.runs, band.since), (10, Some(RunId::new("e10"))));
    // Too few runs since then.
    let change = judged(&timed(), &runs(4), &[1.65]);
    assert_eq!(decided(&change), (ComparisonVerdict::Uncertain, Decision::RunsMissing), "{}", change.rule);
    assert!(change.rule.ends_with("(4 of 5 since the level changed with e16)"), "{}", change.rule);
}

#[test]
fn repeats_that_overlap() {
    // Six per cent above nine quiet runs and above the base, but the repeats of both are all over.
    let runs = vec![vec![1.0, 1.0, 1.0, 1.0, 1.0]; 9];
    let mut with_base = runs.clone();
    with_base.push(vec![0.5, 0.9, 1.0, 1.4, 2.0]);
    let change = judged(&timed(), &with_base, &[0.5, 0.95, 1.06, 1.5, 2.1]);
    assert_eq!(decided(&change), (ComparisonVerdict::Uncertain, Decision::Repeats), "{}", change.rule);
}

#[test]
fn without_any_spread() {
    let exact = |level: f64| vec![level];
    let runs: Vec<Vec<f64>> = (0..6).map(|_| exact(100.0)).collect();
    let change = judged(&timed(), &runs, &exact(104.0));
    assert_eq!(decided(&change), (ComparisonVerdict::Regressed, Decision::All), "{}", change.rule);
    let figures = change.figures.unwrap();
    assert_eq!((figures.interval, figures.repeats_p), (None, None));
    let change = judged(&timed(), &runs, &exact(103.0));
    assert_eq!(decided(&change), (ComparisonVerdict::Unchanged, Decision::MinEffect));
}

#[test]
fn zero_and_negative_values() {
    let mut random = Random::new(2);
    let mut around = |level: f64| -> Vec<f64> { (0..8).map(|_| level + 0.1 * random.normal()).collect() };
    let runs: Vec<Vec<f64>> = (0..10).map(|_| around(-5.0)).collect();
    let change = judged(&timed(), &runs, &around(-4.0));
    assert_eq!(decided(&change), (ComparisonVerdict::Regressed, Decision::All), "{}", change.rule);
    let figures = change.figures.unwrap();
    assert_eq!(figures.scale, super::Scale::Linear);
    assert!((figures.effect - 1.0).abs() < 0.2, "{figures:?}");
    let change = judged(&timed(), &vec![vec![0.0]; 6], &[2.0]);
    assert_eq!(decided(&change), (ComparisonVerdict::Regressed, Decision::All), "{}", change.rule);
}

#[test]
fn units_names_and_reused_values() {
    let mut renamed = gated("t", "ms", Better::Lower);
    renamed.was = vec!["old".to_owned()];
    let suite_now = suite(&["vdd:v=1 2 3"], vec![stage("run", &[0], vec![renamed])]);
    let before = suite(&["vdd:v=1 2 3"], vec![stage("run", &[0], vec![gated("old", "s", Better::Lower)])]);
    let runs = levels(&QUIET, 10);
    let base = run(&before, "y", &runs[9]);
    let earlier = earlier_of(&base.metrics[0], &runs);
    let now: Vec<f64> = levels(&[1.2], 10)[0].iter().map(|seconds| seconds * 1000.0).collect();
    let head = run(&suite_now, "z", &now);
    let change = compare(&head, Some(&base), Vec::new(), &suite_now, &earlier).changes.remove(0);
    assert_eq!(decided(&change), (ComparisonVerdict::Regressed, Decision::All), "{}", change.rule);
    assert!((change.figures.unwrap().history.unwrap().centre - 1000.0).abs() < 10.0);
}

#[test]
fn another_machine_is_no_regression() {
    let suite = timed();
    let head = run(&suite, "z", &levels(&[2.0], 10)[0]);
    let mut base = run(&suite, "y", &levels(&[1.0], 10)[0]);
    base.run.fingerprint = "f2".to_owned();
    let earlier = earlier_of(&head.metrics[0], &levels(&QUIET, 10));
    let change = compare(&head, Some(&base), Vec::new(), &suite, &earlier).changes.remove(0);
    assert_eq!(decided(&change), (ComparisonVerdict::Uncertain, Decision::Machine));
    let figures = change.figures.unwrap();
    assert_eq!((figures.p, figures.q, figures.history, figures.runs_missing), (None, None, None, 0));
}

/// Thirty points of a metric: their spread is shared, and one in thirty is no news.
#[test]
fn many_points() {
    let points: Vec<String> = (0..30).map(|point| point.to_string()).collect();
    let metrics = vec![Metric { ..gated("t", "s", Better::Lower) }];
    let suite = suite(&[&format!("vdd:v={}", points.join(" "))], vec![stage("run", &[0], metrics)]);
    let mut random = Random::new(3);
    let mut make = |id: &str, moved: f64| {
        let mut record = record(&suite, id);
        for point in &points {
            plan(&mut record, &suite, "run", &format!("vdd={point}"), Verdict::Pass, &[("t", 1.0)]);
        }
        for (index, row) in record.metrics.iter_mut().enumerate() {
            let level = if index == 7 { moved } else { 1.0 } * (1.0 + 0.02 * random.normal());
            set(row, &repeats(&mut random, level, 10));
        }
        record
    };
    let mut earlier = EarlierRuns::default();
    for run in 0..6 {
        for row in make("e", 1.0).metrics {
            let (name, point) = (row.reference(), row.point.clone());
            let value = EarlierValue {
                run: RunId::new(format!("e{run}")),
                started: Timestamp::from_milliseconds(run),
                samples: row.samples,
                unit: row.unit.as_deref().map(Into::into),
            };
            earlier.of_metric(&name).add(point.as_str(), value);
        }
    }
    let (base, head) = (make("y", 1.0), make("z", 1.2));
    let found = compare(&head, Some(&base), Vec::new(), &suite, &earlier);
    let sure: Vec<usize> = (0..30).filter(|&at| found.changes[at].verdict == ComparisonVerdict::Regressed).collect();
    assert_eq!(sure, [7]);
    let figures = found.changes[7].figures.as_ref().unwrap();
    let band = figures.history.as_ref().unwrap();
    assert!(band.moderated && band.freedom.is_none_or(|freedom| freedom > 5.0) && figures.family == 30, "{figures:?}");
    assert!(figures.q.unwrap() > figures.p.unwrap());
}

proptest! {
    /// Whatever earlier runs were, a run compared with itself is silent.
    #[test]
    fn silent_against_itself(seed in 0u64..1000, runs in 0usize..25, count in 1usize..12, level in -3f64..3.0) {
        let suite = timed();
        let mut random = Random::new(seed);
        let mut draw = || -> Vec<f64> { (0..count).map(|_| level + random.normal()).collect() };
        let earlier: Vec<Vec<f64>> = (0..runs).map(|_| draw()).collect();
        let record = run(&suite, "z", &draw());
        let earlier = earlier_of(&record.metrics[0], &earlier);
        let found = compare(&record, Some(&record), Vec::new(), &suite, &earlier);
        prop_assert_eq!(found.changes[0].verdict, ComparisonVerdict::Unchanged);
        let json = serde_json::to_string(&found).unwrap();
        prop_assert!(serde_json::from_str::<super::Comparison>(&json).is_ok());
    }

    /// With fewer than five runs nothing is called better or worse.
    #[test]
    fn never_sure_without_history(seed in 0u64..1000, runs in 1usize..5, count in 1usize..30, now in 0.1f64..10.0) {
        let mut random = Random::new(seed);
        let earlier: Vec<Vec<f64>> = (0..runs).map(|_| repeats(&mut random, 1.0, count)).collect();
        let change = judged(&timed(), &earlier, &repeats(&mut random, now, count));
        prop_assert!(matches!(change.verdict, ComparisonVerdict::Uncertain | ComparisonVerdict::Unchanged));
    }
}
