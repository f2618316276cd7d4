use super::{Comparison, ComparisonVerdict, EarlierRuns};
use crate::ledger::{MeasuredValue, Verdict};
use crate::record::RunRecord;
use crate::record::sample::{SPAN, case, gated, metric, plan, record, stage, suite, with_rows};
use crate::suite::{Better, Input, InputName, Metric, MinEffectRule, Source, Suite, Template};
use crate::value::{Decimal, Digest, MetricName, RunId};
use proptest::prelude::*;

/// Without any runs before these.
fn compare(head: &RunRecord, base: Option<&RunRecord>, why: Vec<String>, suite: &Suite) -> Comparison {
    super::compare(head, base, why, suite, &EarlierRuns::default())
}

fn band() -> Better {
    Better::Within(Decimal::from(10), Decimal::from(20))
}

/// One parameter, one stage, one metric.
fn simple(metric: Metric) -> Suite {
    suite(&["vdd:v=1 2 3"], vec![stage("run", &[0], vec![metric])])
}

fn one(suite: &Suite, id: &str, value: f64) -> RunRecord {
    let name = suite.stages[0].metrics[0].name.clone();
    let mut record = record(suite, id);
    plan(&mut record, suite, "run", "vdd=1", Verdict::Pass, &[(name.as_str(), value)]);
    case(&mut record, suite, "vdd=1", Verdict::Pass);
    record
}

fn changes(comparison: &Comparison) -> String {
    let line = |change: &super::Change| {
        let value = |value: &Option<MeasuredValue>| match value {
            None => "-".to_owned(),
            Some(MeasuredValue::Number(number)) => number.to_string(),
            Some(MeasuredValue::Text(text)) => format!("'{text}'"),
        };
        let own = change.base_unit.as_ref().map(|unit| format!(" [{unit}]")).unwrap_or_default();
        format!(
            "{} {} {}{own} -> {}: {}, {}",
            change.metric,
            change.point,
            value(&change.base),
            value(&change.head),
            change.verdict.word(),
            change.rule
        )
    };
    comparison.changes.iter().map(line).collect::<Vec<_>>().join("\n")
}

fn judged(metric: Metric, before: f64, now: f64) -> String {
    let suite = simple(metric);
    let comparison = compare(&one(&suite, "b", now), Some(&one(&suite, "a", before)), Vec::new(), &suite);
    let change = &comparison.changes[0];
    format!("{}: {}", change.verdict.word(), change.rule)
}

#[test]
fn what_gathers_other_cases_is_another_measurement() {
    let mut gatherer = stage("sum", &[], vec![gated("spread", "", Better::Lower)]);
    gatherer.inputs = vec![Input {
        name: InputName::Given(Template::literal("rows.csv", SPAN)),
        source: Source::Rows(0),
        span: SPAN,
    }];
    let suite = suite(&["vdd:v=1 2 3"], vec![stage("run", &[0], Vec::new()), gatherer]);
    let of = |id: &str, cases: u64, spread: f64| {
        let mut record = record(&suite, id);
        plan(&mut record, &suite, "sum", "", Verdict::Pass, &[("spread", spread)]);
        record.tasks[0].cases = cases;
        record
    };
    let check = |head: RunRecord, expected: &str| {
        let change = &compare(&head, Some(&of("a", 3, 2.0)), Vec::new(), &suite).changes[0];
        assert_eq!(format!("{}: {}", change.verdict.word(), change.rule), expected);
    };
    check(of("b", 3, 2.0), "unchanged: equal");
    check(of("b", 2, 2.0), "incomparable: it gathered 3 cases and gathers 2");
}

#[test]
fn plain_rules() {
    let check = |metric: Metric, before: f64, now: f64, expected: &str| {
        assert_eq!(judged(metric, before, now), expected, "{before} -> {now}");
    };
    let freq = || gated("freq", "Hz", Better::Higher);
    let wise = || Metric { min_effect: Some("1%".parse().unwrap()), ..gated("t", "s", Better::Lower) };
    let count = || gated("count", "", Better::Exact);
    let level = || gated("level", "V", band());
    check(freq(), 5.0, 5.0, "unchanged: equal");
    check(freq(), 0.0, -0.0, "unchanged: equal");
    check(freq(), 100.0, 90.0, "uncertain: 10% worse: needs 5 more runs to know the noise between runs (0 of 5)");
    check(freq(), 100.0, 110.0, "uncertain: 10% better: needs 5 more runs to know the noise between runs (0 of 5)");
    check(
        freq(),
        0.0,
        3.0,
        "uncertain: better, and the base is 0: needs 5 more runs to know the noise between runs (0 of 5)",
    );
    check(wise(), 0.1, 0.101, "unchanged: within 1%, the smallest change that matters");
    check(wise(), 0.1, 0.099, "unchanged: within 1%, the smallest change that matters");
    check(
        wise(),
        0.1,
        0.1011,
        "uncertain: 1.1% worse, more than 1%: needs 5 more runs to know the noise between runs (0 of 5)",
    );
    check(
        wise(),
        0.1,
        0.25,
        "uncertain: 150% worse, more than 1%: needs 5 more runs to know the noise between runs (0 of 5)",
    );
    let rules = |rules: &[(&str, &str)]| Metric {
        min_effect_rules: rules
            .iter()
            .map(|(condition, share)| MinEffectRule::parse(condition, share.parse().unwrap()).unwrap())
            .collect(),
        ..wise()
    };
    // The last that holds.
    check(
        rules(&[("vdd == 1", "20%"), ("vdd >= 1", "5%"), ("vdd == 2", "10%")]),
        1.0,
        1.04,
        "unchanged: within 5%, the smallest change that matters",
    );
    check(rules(&[("vdd == 2", "10%")]), 0.1, 0.101, "unchanged: within 1%, the smallest change that matters");
    check(
        rules(&[("vdd + 1", "10%")]),
        0.1,
        0.3,
        "uncertain: the suite's `min_effect` cannot be told here: `vdd + 1` is a number where a truth value is wanted",
    );
    check(
        rules(&[("m == 1", "10%")]),
        0.1,
        0.3,
        "uncertain: the suite's `min_effect` cannot be told here: `m` has no value here",
    );
    check(count(), 10.0, 12.0, "regressed: exact, so any change counts: 10 became 12");
    check(count(), 12.0, 10.0, "regressed: exact, so any change counts: 12 became 10");
    check(level(), 12.0, 19.0, "unchanged: inside of [10, 20] V");
    check(level(), 12.0, 20.5, "regressed: left [10, 20] V: 12 V became 20.5 V");
    check(level(), 9.0, 10.0, "improved: came into [10, 20] V: 9 V became 10 V");
    check(level(), 9.0, 8.0, "uncertain: outside of [10, 20] V before and now, further: 9 V became 8 V");
    check(level(), 9.0, 9.5, "uncertain: outside of [10, 20] V before and now, less far: 9 V became 9.5 V");
    check(metric("seen"), 1.0, 2.0, "unchanged: shown only, since it has no `better`: 1 became 2");
}

#[test]
fn sides_that_do_not_compare() {
    let suite = simple(gated("freq", "Hz", Better::Higher));
    let head = one(&suite, "b", 2e9);
    let check = |change: &dyn Fn(&mut RunRecord), expected: &str| {
        let mut base = one(&suite, "a", 2e9);
        change(&mut base);
        assert_eq!(changes(&compare(&head, Some(&base), Vec::new(), &suite)), expected);
    };
    let unit = |record: &mut RunRecord, unit: Option<&str>, value: f64| {
        record.metrics[0].unit = unit.map(str::to_owned);
        record.metrics[0].value = MeasuredValue::Number(value);
    };
    check(&|_| {}, "run.freq v1 2000000000 -> 2000000000: unchanged, equal");
    check(&|base| unit(base, Some("GHz"), 2.0), "run.freq v1 2000000000 -> 2000000000: unchanged, equal");
    check(
        &|base| unit(base, Some("MHz"), 2.0),
        "run.freq v1 2000000 -> 2000000000: uncertain, 99900% better: needs 5 more runs to know the noise between runs (0 of 5)",
    );
    check(
        &|base| unit(base, Some("V"), 2.0),
        "run.freq v1 2 [V] -> 2000000000: incomparable, it was in `V` and is in `Hz`: `V` and `Hz` measure different things",
    );
    check(&|base| unit(base, None, 2.0), "run.freq v1 2 [] -> 2000000000: incomparable, it had no unit and is in `Hz`");
    check(
        &|base| base.run.metric_infos[0].better = Some("lower".to_owned()),
        "run.freq v1 2000000000 -> 2000000000: incomparable, `better` was lower and is higher",
    );
    check(
        &|base| base.run.metric_infos[0].better = None,
        "run.freq v1 2000000000 -> 2000000000: incomparable, `better` was not given and is higher",
    );
    check(
        &|base| base.metrics[0].value = MeasuredValue::Text("x".to_owned()),
        "run.freq v1 'x' -> 2000000000: incomparable, it was a text and is a number",
    );
    check(
        &|base| base.metrics[0].metric = MetricName::new("other"),
        "run.freq v1 - -> 2000000000: uncertain, the base planned it, and its task gave no value\nrun.other v1 2000000000 -> -: removed, the suite no longer declares this metric",
    );
}

#[test]
fn texts_and_reused_results() {
    let suite = simple(gated("digest", "", Better::Exact));
    let text = |id: &str, text: &str| {
        let mut record = one(&suite, id, 0.0);
        record.metrics[0].value = MeasuredValue::Text(text.to_owned());
        record
    };
    let found = |head: &RunRecord, base: &RunRecord| changes(&compare(head, Some(base), Vec::new(), &suite));
    assert_eq!(found(&text("b", "x"), &text("a", "x")), "run.digest v1 'x' -> 'x': unchanged, equal");
    assert_eq!(
        found(&text("b", "y"), &text("a", "x")),
        "run.digest v1 'x' -> 'y': regressed, exact, so any change counts: `x` became `y`"
    );

    let suite = simple(gated("size", "B", Better::Lower));
    let mut head = one(&suite, "b", 3.0);
    head.metrics[0].origin = Some(RunId::new("z"));
    let found = compare(&head, Some(&one(&suite, "a", 2.0)), Vec::new(), &suite);
    assert_eq!(changes(&found), "run.size v1 2 -> 3: unchanged, reused from run z, which is no new sample");
}

#[test]
fn another_machine_judges_nothing_measured() {
    let check = |metric: Metric, before: f64, now: f64, expected: ComparisonVerdict| {
        let suite = simple(metric);
        let mut base = one(&suite, "a", before);
        base.run.fingerprint = "f2".to_owned();
        let found = compare(&one(&suite, "b", now), Some(&base), Vec::new(), &suite);
        assert_eq!(found.changes[0].verdict, expected, "{}", found.changes[0].rule);
        assert_eq!(found.notes, ["another machine (fingerprint f2 before, f1 now): measured values do not compare"]);
    };
    check(gated("t", "s", Better::Lower), 1.0, 2.0, ComparisonVerdict::Uncertain);
    check(gated("t", "s", band()), 15.0, 25.0, ComparisonVerdict::Uncertain);
    check(gated("t", "s", band()), 25.0, 15.0, ComparisonVerdict::Uncertain);
    check(gated("n", "", Better::Exact), 1.0, 2.0, ComparisonVerdict::Regressed);
}

#[test]
fn points_under_another_suite() {
    let freq = || vec![Metric { was: vec!["f".to_owned()], ..gated("freq", "Hz", Better::Higher) }];
    let old_metrics = || vec![gated("f", "Hz", Better::Higher)];
    let check = |old: &[&str], old_points: &[&str], new: &[&str], new_points: &[&str], expected: &str| {
        let build = |params: &[&str], points: &[&str], metrics, name: &str| {
            let all: Vec<usize> = (0..params.len()).collect();
            let suite = suite(params, vec![stage("run", &all, metrics)]);
            let mut record = record(&suite, name);
            for (index, point) in points.iter().enumerate() {
                let metric = suite.stages[0].metrics[0].name.clone();
                plan(&mut record, &suite, "run", point, Verdict::Pass, &[(metric.as_str(), index as f64)]);
                case(&mut record, &suite, point, Verdict::Pass);
            }
            (suite, record)
        };
        let (_, base) = build(old, old_points, old_metrics(), "a");
        let (suite, head) = build(new, new_points, freq(), "b");
        let found = compare(&head, Some(&base), Vec::new(), &suite);
        let list =
            |names: &[crate::value::PointName]| names.iter().map(|name| name.as_str()).collect::<Vec<_>>().join(" ");
        let text = format!(
            "{}\ncommon {} added [{}] removed [{}]",
            changes(&found),
            found.common_cases,
            list(&found.added_cases),
            list(&found.removed_cases)
        );
        assert_eq!(text, expected);
    };
    // A metric was renamed.
    check(
        &["vdd:v=1 2"],
        &["vdd=1", "vdd=2"],
        &["vdd:v=1 2"],
        &["vdd=1"],
        "run.freq v1 0 -> 0: unchanged, equal\nrun.freq v2 1 -> -: removed, no longer planned\n\
         common 1 added [] removed [v2]",
    );
    // A parameter was renamed, with another code.
    check(
        &["vdd:v=1 2"],
        &["vdd=1"],
        &["supply<vdd:s=1 2"],
        &["supply=1"],
        "run.freq s1 0 -> 0: unchanged, equal\ncommon 1 added [] removed []",
    );
    // A parameter was added with a default: old points are those at the default.
    check(
        &["vdd:v=1 2"],
        &["vdd=1", "vdd=2"],
        &["vdd:v=1 2", "width:w=100 120!100"],
        &["vdd=1 width=100", "vdd=2 width=100", "vdd=1 width=120"],
        "run.freq v1 0 -> 0: unchanged, equal\nrun.freq v2 1 -> 1: unchanged, equal\n\
         run.freq v1_w120 - -> 2: new, the base had no such point\ncommon 2 added [v1_w120] removed []",
    );
    // A parameter was dropped that had one value.
    check(
        &["vdd:v=1 2", "width:w=100"],
        &["vdd=1 width=100", "vdd=2 width=100"],
        &["vdd:v=1 2"],
        &["vdd=1", "vdd=2"],
        "run.freq v1 0 -> 0: unchanged, equal\nrun.freq v2 1 -> 1: unchanged, equal\ncommon 2 added [] removed []",
    );
    // A parameter was dropped that had several: nothing pairs.
    check(
        &["vdd:v=1 2", "width:w=100 120"],
        &["vdd=1 width=100", "vdd=1 width=120"],
        &["vdd:v=1 2"],
        &["vdd=1"],
        "run.freq v1 - -> 0: new, the base had no such point\n\
         run.freq v1_w100 0 -> -: removed, `width` (here 100) is no parameter of it now, and the base had 2 values\n\
         run.freq v1_w120 1 -> -: removed, `width` (here 120) is no parameter of it now, and the base had 2 values\n\
         common 0 added [v1] removed [v1_w100 v1_w120]",
    );
    // A value is of another kind now.
    check(
        &["mode:m=fast slow"],
        &["mode=fast"],
        &["mode:m=1 2"],
        &["mode=1"],
        "run.freq m1 - -> 0: new, the base had no such point\n\
         run.freq mfast 0 -> -: removed, cannot take the earlier value of `mode`: `fast` is not a number\n\
         common 0 added [m1] removed [mfast]",
    );
}

#[test]
fn filters_and_failures() {
    let suite = suite(&["vdd:v=1 2 3"], vec![stage("run", &[0], vec![gated("freq", "Hz", Better::Higher)])]);
    let build = |id: &str, points: &[(&str, Verdict)]| {
        let mut record = record(&suite, id);
        for (point, verdict) in points {
            let values: &[(&str, f64)] = if *verdict == Verdict::Pass { &[("freq", 1.0)] } else { &[] };
            plan(&mut record, &suite, "run", point, *verdict, values);
            case(&mut record, &suite, point, *verdict);
        }
        record
    };
    let whole = build("a", &[("vdd=1", Verdict::Pass), ("vdd=2", Verdict::Pass), ("vdd=3", Verdict::Error)]);
    let failing = build("b", &[("vdd=1", Verdict::Pass), ("vdd=2", Verdict::Error), ("vdd=3", Verdict::Pass)]);
    let found = compare(&failing, Some(&whole), Vec::new(), &suite);
    assert_eq!(
        changes(&found),
        "run.freq v1 1 -> 1: unchanged, equal\n\
         run.freq v3 - -> 1: uncertain, the base planned it, and its task ended in error\n\
         run.freq v2 1 -> -: removed, this run planned it, and its task ended in error"
    );
    let verdicts: Vec<String> =
        found.verdict_changes.iter().map(|(name, before, now)| format!("{name} {before} {now}")).collect();
    assert_eq!(verdicts, ["v2 pass error", "v3 error pass"]);

    let mut part = build("c", &[("vdd=1", Verdict::Pass)]);
    part.run.filter = vec!["--case".to_owned(), "v1".to_owned()];
    let found = compare(&part, Some(&whole), Vec::new(), &suite);
    assert_eq!(changes(&found), "run.freq v1 1 -> 1: unchanged, equal");
    assert!(found.removed_cases.is_empty());
    assert_eq!(
        found.notes,
        ["this run planned a part of its cases (--case v1): 2 cases of the other run are left out"]
    );

    part.run.filter.clear();
    part.run.profile = Some("pr".to_owned());
    let found = compare(&whole, Some(&part), Vec::new(), &suite);
    assert_eq!(changes(&found), "run.freq v1 1 -> 1: unchanged, equal");
    assert_eq!((found.added_cases.len(), found.common_cases), (0, 1));
}

#[test]
fn rows_pair_by_case() {
    let of_cases = with_rows(stage("measure", &[0], vec![gated("t", "s", Better::Lower)]));
    let suite = suite(&["op:op=add mul", "size:s=1 2"], vec![of_cases]);
    let build = |id: &str| {
        let mut record = record(&suite, id);
        plan(&mut record, &suite, "measure", "op=add", Verdict::Pass, &[]);
        for at in ["op=add size=1", "op=add size=2"] {
            plan(&mut record, &suite, "measure", at, Verdict::Pass, &[("t", 1.0)]);
            record.tasks.pop();
            case(&mut record, &suite, at, Verdict::Pass);
        }
        record
    };
    let found = compare(&build("b"), Some(&build("a")), Vec::new(), &suite);
    assert_eq!(
        changes(&found),
        "measure.t opadd_s1 1 -> 1: unchanged, equal\nmeasure.t opadd_s2 1 -> 1: unchanged, equal"
    );
}

#[test]
fn what_else_changed() {
    let suite = simple(gated("freq", "Hz", Better::Higher));
    let (mut head, mut base) = (one(&suite, "b", 1.0), one(&suite, "a", 1.0));
    head.run.suite_digest = Digest::of(b"other");
    head.run.metric_infos[0].stage_digest = Digest::of(b"other");
    head.run.tools.insert("magic".to_owned(), "8.3.411".to_owned());
    base.run.tools.insert("magic".to_owned(), "8.3.105".to_owned());
    base.run.tools.insert("netgen".to_owned(), "1.5".to_owned());
    head.run.machine.insert("kernel".to_owned(), "6.2".to_owned());
    base.run.source.commit = Some("a01b23c4d5e6f708192a3b4c5d6e7f8091a2b3c4".to_owned());
    head.run.source.commit = Some("ffffffffffffffffffffffffffffffffffffffff".to_owned());
    head.run.source.dirty = Some(true);
    head.run.shmoo = "0.2.0".to_owned();
    let found = compare(&head, Some(&base), vec!["because".to_owned()], &suite);
    assert_eq!(found.why, ["because"]);
    insta::assert_snapshot!(found.notes.join("\n"), @r"
    the measurement itself changed: the command or the inputs of `run` are others
    commits a01b23c4d5..ffffffffff with uncommitted changes
    the suite changed
    machine `kernel` is 6.2, the base has no record of it
    tool `magic` was 8.3.105 and is 8.3.411
    tool `netgen` was 1.5, this run has no record of it
    shmoo was 0.1.0 and is 0.2.0
    ");
}

#[test]
fn without_a_base() {
    let suite = simple(gated("freq", "Hz", Better::Higher));
    let found = compare(&one(&suite, "b", 1.0), None, vec!["there is no earlier run".to_owned()], &suite);
    assert_eq!(found, Comparison { why: vec!["there is no earlier run".to_owned()], ..Comparison::default() });
}

fn random_record(suite: &Suite, id: &str, values: &[(u8, Option<f64>)]) -> RunRecord {
    let mut record = record(suite, id);
    let names: Vec<String> = suite.stages[0].metrics.iter().map(|metric| metric.name.to_string()).collect();
    for vdd in 1..=3 {
        let mut measured: Vec<(&str, f64)> = Vec::new();
        for (metric, value) in values {
            if usize::from(*metric) % 3 == vdd - 1
                && let Some(value) = value
            {
                let name = names[usize::from(*metric) / 3 % names.len()].as_str();
                if !measured.iter().any(|(known, _)| *known == name) {
                    measured.push((name, *value));
                }
            }
        }
        let verdict = if measured.is_empty() { Verdict::Error } else { Verdict::Pass };
        plan(&mut record, suite, "run", &format!("vdd={vdd}"), verdict, &measured);
        case(&mut record, suite, &format!("vdd={vdd}"), verdict);
    }
    record
}

fn all_kinds() -> Suite {
    let metrics = vec![
        gated("a", "Hz", Better::Higher),
        gated("b", "s", Better::Lower),
        gated("c", "", Better::Exact),
        gated("d", "V", band()),
        metric("e"),
    ];
    suite(&["vdd:v=1 2 3"], vec![stage("run", &[0], metrics)])
}

proptest! {
    #[test]
    fn a_run_compared_with_itself_is_silent(values in prop::collection::vec((0u8..15, prop::option::of(-1e12f64..1e12)), 0..20)) {
        let suite = all_kinds();
        let run = random_record(&suite, "a", &values);
        let found = compare(&run, Some(&run), Vec::new(), &suite);
        prop_assert!(found.changes.iter().all(|change| change.verdict == ComparisonVerdict::Unchanged));
        prop_assert_eq!(found.changes.len(), run.metrics.len());
        prop_assert!(found.notes.is_empty() && found.verdict_changes.is_empty());
        prop_assert!(found.added_cases.is_empty() && found.removed_cases.is_empty());
        prop_assert_eq!(found.common_cases, run.cases.len() as u64);
    }

    /// Every metric of either run is said once; swapping the runs swaps new and removed.
    #[test]
    fn nothing_is_left_out(
        one in prop::collection::vec((0u8..15, prop::option::of(0f64..100.0)), 0..20),
        other in prop::collection::vec((0u8..15, prop::option::of(0f64..100.0)), 0..20),
    ) {
        let suite = all_kinds();
        let (one, other) = (random_record(&suite, "a", &one), random_record(&suite, "b", &other));
        let there = compare(&one, Some(&other), Vec::new(), &suite);
        let back = compare(&other, Some(&one), Vec::new(), &suite);
        prop_assert_eq!(there.changes.len(), back.changes.len());
        let keys = |comparison: &Comparison, taken: &dyn Fn(&super::Change) -> bool| {
            let mut keys: Vec<(String, String)> = comparison
                .changes
                .iter()
                .filter(|change| taken(change))
                .map(|change| (change.metric.clone(), change.point.to_string()))
                .collect();
            keys.sort();
            keys
        };
        let mut unique = keys(&there, &|_| true);
        unique.dedup();
        prop_assert_eq!(unique.len(), there.changes.len());
        prop_assert_eq!(keys(&there, &|change| change.base.is_none()), keys(&back, &|change| change.head.is_none()));
        // Never called worse or better on one difference of a measured metric.
        let sure = |change: &&super::Change| matches!(change.verdict, ComparisonVerdict::Regressed | ComparisonVerdict::Improved);
        prop_assert!(there.changes.iter().filter(sure).all(|change| change.metric == "run.c" || change.metric == "run.d"));
    }
}
