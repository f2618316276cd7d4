use super::{GoldenCheck, GoldenFinding, GoldenVerdict, PlannedPoint, Table, check, planned_points};
use crate::ledger::{MeasuredValue, RowResult, Verdict};
use crate::record::RunRecord;
use crate::record::sample::{SPAN, case, gated, goldens, metric, plan, record, rule, stage, suite, with_rows};
use crate::suite::{Better, Input, InputName, Metric, Profile, Side, Source, Suite, Template, Tolerance};
use crate::value::{PointName, Scalar, Value};
use proptest::prelude::*;

fn tolerance(relative: &str) -> Tolerance {
    Tolerance { relative: Some(relative.parse().unwrap()), absolute: None, side: Side::Both }
}

/// Stage `run` over vdd and netlist with `freq` (higher), `digest` (exact) and `seen` (not gated).
fn sample() -> Suite {
    let freq = Metric { was: vec!["f".to_owned()], ..gated("freq", "Hz", Better::Higher) };
    let metrics = vec![freq, gated("digest", "", Better::Exact), metric("seen")];
    let suite = suite(&["vdd:v=1 2", "netlist:n=sch pex!sch"], vec![stage("run", &[0, 1], metrics)]);
    Suite { goldens: Some(goldens(Vec::new())), ..suite }
}

/// `freq` of 2e9 and a digest at vdd=1, nothing at vdd=2, whose task ended in error.
fn run(suite: &Suite) -> RunRecord {
    let mut record = record(suite, "a");
    plan(&mut record, suite, "run", "vdd=1 netlist=sch", Verdict::Pass, &[("freq", 2e9), ("digest", 0.0)]);
    record.metrics[1].value = MeasuredValue::Text("12e4".to_owned());
    plan(&mut record, suite, "run", "vdd=2 netlist=sch", Verdict::Error, &[]);
    record
}

fn check_with(suite: &Suite, record: &RunRecord, table: &str, partial: bool) -> Vec<GoldenFinding> {
    let text = format!("metric,point,value,unit\n{table}");
    let table = Table::parse("goldens.csv", &text).unwrap();
    let lets = |point: &PlannedPoint, name: &str| {
        let (_, vdd) = point.params.iter().find(|(known, _)| known == "vdd" && name == "supply")?;
        Some(Value::Scalar(vdd.clone()))
    };
    check(&GoldenCheck { table: &table, suite, record, partial, lets: &lets })
}

fn show(findings: &[GoldenFinding]) -> String {
    let line = |finding: &GoldenFinding| {
        let GoldenFinding { metric, point, verdict, tolerance, message, .. } = finding;
        format!("{metric} {point}: {verdict:?} ({tolerance}) {message}")
    };
    findings.iter().map(line).collect::<Vec<_>>().join("\n")
}

#[test]
fn what_is_missing_and_what_is_left() {
    let suite = sample();
    let record = run(&suite);
    let table = "run.freq,v1,2,GHz\nrun.freq,v2,3e9,Hz\nrun.freq,v9,3e9,Hz\nrun.digest,v1,12e4,\nrun.seen,v1,1,\n\
                 run.speed,v1,1,\nfreq,v1_npex,1,Hz\nrun.f,v1,2,GHz\n";
    insta::assert_snapshot!(show(&check_with(&suite, &record, table, false)), @r"
    run.freq v1: Met (exact) equal
    run.digest v1: Met (exact) equal
    run.seen v1: Unmeasured (exact) its task gave no value
    run.freq v2: Unmeasured (exact) its task ended in error
    run.digest v2: Missing (exact) the golden table has no row for it, and its task ended in error
    run.freq v9: Orphan () no task of `run` is planned at this point: delete the line, or mend the point (line 4 of the golden table)
    run.speed v1: Orphan () the suite has no metric `run.speed` (did you mean `run.seen`?) (line 7 of the golden table)
    freq v1_npex: Orphan () no task of `run` is planned at this point: delete the line, or mend the point (line 8 of the golden table)
    run.f v1: Orphan () it stands for the same metric and point as line 2: delete one of them (line 9 of the golden table)
    ");
    // Under a filter only planned points are judged.
    let partial = check_with(&suite, &record, table, true);
    assert!(partial.iter().all(|finding| finding.verdict != GoldenVerdict::Orphan));
    assert_eq!(partial.len(), 5);
    assert_eq!(check_with(&suite, &record, "", true).len(), 4);
}

#[test]
fn a_known_failure_measures_nothing() {
    let suite = sample();
    let mut record = run(&suite);
    let red = |record: &RunRecord| {
        let found = check_with(&suite, record, "run.freq,v1,2,GHz\nrun.digest,v1,12e4,\nrun.freq,v2,1,Hz\n", false);
        found.iter().filter(|finding| finding.verdict.is_red()).count()
    };
    assert_eq!(red(&record), 2);
    record.tasks[1].known = Some("a reason".to_owned());
    assert_eq!(red(&record), 0);
}

#[test]
fn a_known_failure_needs_no_golden() {
    let suite = sample();
    let mut record = run(&suite);
    record.tasks[0].verdict = Verdict::Fail;
    record.tasks.iter_mut().for_each(|task| task.known = Some("a reason".to_owned()));
    // It gave values at v1: one has a golden, which still holds.
    insta::assert_snapshot!(show(&check_with(&suite, &record, "run.freq,v1,3,GHz\n", false)), @r"
    run.freq v1: Missed (exact) 2e9 Hz is 33% below the golden 3e9 Hz, which must be met exactly
    run.digest v1: Known (exact) its task is a known failure
    run.freq v2: Known (exact) its task is a known failure
    run.digest v2: Known (exact) its task is a known failure
    ");
}

#[test]
fn points_of_a_profile_are_no_orphans() {
    let mut suite = sample();
    let over = vec![(0, vec![Scalar::infer("9"), Scalar::infer("2")])];
    let nightly = Profile { name: "nightly".to_owned(), constraints: Vec::new(), over, repeat: None, span: SPAN };
    suite.profiles = vec![nightly];
    let record = run(&suite);
    let orphans = |table: &str| {
        let mut findings = check_with(&suite, &record, table, false);
        findings.retain(|finding| finding.verdict == GoldenVerdict::Orphan);
        findings.len()
    };
    assert_eq!(orphans("run.freq,v9,3e9,Hz\nrun.freq,v9_npex,3e9,Hz\n"), 0);
    assert_eq!(orphans("run.freq,v8,3e9,Hz\n"), 1);
    // Planned without the profile too, were it planned.
    assert_eq!(orphans("run.freq,v2_npex,3e9,Hz\n"), 1);
}

#[test]
fn what_gathers_is_judged_by_whole_runs_only() {
    let mut gatherer = stage("sum", &[1], vec![gated("spread", "", Better::Lower)]);
    gatherer.inputs = vec![Input {
        name: InputName::Given(Template::literal("rows.csv", SPAN)),
        source: Source::Rows(0),
        span: SPAN,
    }];
    let mut suite = sample();
    suite.stages.push(gatherer);
    let mut record = run(&suite);
    plan(&mut record, &suite, "sum", "netlist=sch", Verdict::Pass, &[("spread", 3.0)]);
    let of_sum = |partial: bool| {
        let findings = check_with(&suite, &record, "sum.spread,base,2,\n", partial);
        findings.iter().filter(|finding| finding.metric == "sum.spread").count()
    };
    assert_eq!((of_sum(false), of_sum(true)), (1, 0));
}

/// Checks one golden of `freq` at vdd=1, where 2e9 Hz was measured.
fn one(suite: &Suite, record: &RunRecord, golden: &str) -> String {
    let findings = check_with(suite, record, &format!("{golden}\n"), true);
    let GoldenFinding { verdict, tolerance, message, deviation, .. } = &findings[0];
    let deviation = deviation.map(|deviation| format!(" {:.3}", deviation)).unwrap_or_default();
    format!("{verdict:?}{deviation} ({tolerance}): {message}")
}

#[test]
fn values_and_units() {
    let mut suite = sample();
    suite.goldens = Some(goldens(vec![rule(None, 0, tolerance("1%"))]));
    let record = run(&suite);
    let check = |golden: &str, expected: &str| assert_eq!(one(&suite, &record, golden), expected, "{golden}");
    check("run.freq,v1,2000000000,Hz", "Met 0.000 (1%): equal");
    check("run.freq,v1,2,GHz", "Met 0.000 (1%): equal");
    check("run.freq,v1,2.0e9,", "Met 0.000 (1%): equal");
    check("freq,v1,2e6,kHz", "Met 0.000 (1%): equal");
    check("run.f,v1, 2e9 , Hz", "Met 0.000 (1%): equal");
    check("run.freq,v1,1.99,GHz", "Met 0.005 (1%): 2e9 Hz is 0.5% above the golden 1.99e9 Hz, 1% allowed");
    check("run.freq,v1,1.9,GHz", "Missed 0.053 (1%): 2e9 Hz is 5.3% above the golden 1.9e9 Hz, 1% allowed");
    check("run.freq,v1,2.1,GHz", "Missed -0.048 (1%): 2e9 Hz is 4.8% below the golden 2.1e9 Hz, 1% allowed");
    check("run.freq,v1,2,MHz", "Missed 999.000 (1%): 2e9 Hz is 99900% above the golden 2000000 Hz, 1% allowed");
    check("run.freq,v1,0,Hz", "Missed (1%): 2e9 Hz is above the golden 0 Hz, 1% allowed");
    check(
        "run.freq,v1,2,V",
        "Missed (1%): the golden is in `V` and the metric in `Hz`: `V` and `Hz` measure different things",
    );
    check("run.freq,v1,2,Ghz", "Missed (1%): the golden is in `Ghz` and the metric in `Hz`: unit `Ghz` is not known");
    check("run.freq,v1,fast,Hz", "Missed (1%): 2000000000 is a number and the golden `fast` is not");
    check("run.freq,v1_nsch,2e9,Hz", "Met 0.000 (1%): equal");
}

#[test]
fn what_cannot_be_converted_keeps_its_unit() {
    let suite = sample();
    let record = run(&suite);
    let check = |golden: &str, own: Option<&str>, unit: &str| {
        let found = check_with(&suite, &record, &format!("{golden}\n"), true).swap_remove(0);
        assert_eq!((found.golden_unit.as_deref(), found.unit.as_deref()), (own, Some(unit)), "{golden}");
    };
    check("run.freq,v1,2,V", Some("V"), "Hz");
    check("run.freq,v1,2,GHz", None, "Hz");
    // Without a value the golden is told as it is written.
    let found = check_with(&suite, &record, "run.freq,v2,3,GHz\n", true);
    let unmeasured = found.iter().find(|finding| finding.verdict == GoldenVerdict::Unmeasured).unwrap();
    assert_eq!(
        (unmeasured.golden.clone(), unmeasured.unit.as_deref()),
        (Some(MeasuredValue::Number(3.0)), Some("GHz"))
    );
}

#[test]
fn what_was_measured() {
    let suite = sample();
    let check = |value: MeasuredValue, unit: Option<&str>, golden: &str, expected: &str| {
        let mut record = run(&suite);
        record.metrics[0].value = value;
        record.metrics[0].unit = unit.map(str::to_owned);
        assert_eq!(one(&suite, &record, golden), expected, "{golden}");
    };
    let number = MeasuredValue::Number;
    let text = |text: &str| MeasuredValue::Text(text.to_owned());
    check(number(2.0), Some("GHz"), "run.freq,v1,2e9,Hz", "Met 0.000 (exact): equal");
    check(
        number(2.0),
        Some("V"),
        "run.freq,v1,2e9,Hz",
        "Missed (exact): the value is in `V` and the metric in `Hz`: `V` and `Hz` measure different things",
    );
    check(
        number(f64::NAN),
        Some("Hz"),
        "run.freq,v1,2e9,Hz",
        "Missed (exact): NaN is not a finite number, which no golden is met by",
    );
    check(
        number(f64::INFINITY),
        Some("Hz"),
        "run.freq,v1,2e9,Hz",
        "Missed (exact): inf is not a finite number, which no golden is met by",
    );
    check(
        number(2.000_000_001e9),
        Some("Hz"),
        "run.freq,v1,2e9,Hz",
        "Missed 0.000 (exact): 2.000000001e9 Hz is 5e-8% above the golden 2e9 Hz, which must be met exactly",
    );
    check(number(0.0), Some("Hz"), "run.freq,v1,-0.0,Hz", "Met (exact): equal");
    check(text("abc"), None, "run.freq,v1,abc,", "Met (exact): equal");
    check(text("abd"), None, "run.freq,v1,abc,", "Missed (exact): `abd` is not the golden `abc`");
    // A digest that looks like a number is compared as the text it is.
    check(text("12e4"), None, "run.freq,v1,120000,", "Missed (exact): `12e4` is not the golden `120000`");
    check(text("12e4"), None, "run.freq,v1,12e4,", "Met (exact): equal");
}

#[test]
fn the_last_rule_that_matches_wins() {
    let check = |rules: &[(Option<&str>, &str)], expected: &str| {
        let rules = rules.iter().map(|(constraint, relative)| rule(*constraint, 0, tolerance(relative))).collect();
        let suite = Suite { goldens: Some(goldens(rules)), ..sample() };
        let findings = check_with(&suite, &run(&suite), "run.freq,v1,2.02e9,Hz\n", true);
        assert_eq!(format!("{:?} {} {}", findings[0].verdict, findings[0].tolerance, findings[0].message), expected);
    };
    check(&[], "Missed exact 2e9 Hz is 0.99% below the golden 2.02e9 Hz, which must be met exactly");
    check(&[(None, "5%")], "Met 5% 2e9 Hz is 0.99% below the golden 2.02e9 Hz, 5% allowed");
    check(&[(None, "5%"), (None, "0.1%")], "Missed 0.1% 2e9 Hz is 0.99% below the golden 2.02e9 Hz, 0.1% allowed");
    check(&[(None, "0.1%"), (Some("vdd == 1"), "5%")], "Met 5% 2e9 Hz is 0.99% below the golden 2.02e9 Hz, 5% allowed");
    check(
        &[(None, "0.1%"), (Some("vdd == 2"), "5%")],
        "Missed 0.1% 2e9 Hz is 0.99% below the golden 2.02e9 Hz, 0.1% allowed",
    );
    check(
        &[(Some("vdd == 2"), "5%")],
        "Missed exact 2e9 Hz is 0.99% below the golden 2.02e9 Hz, which must be met exactly",
    );
    check(
        &[(None, "0.1%"), (Some("supply < 2 and netlist == 'sch'"), "5%")],
        "Met 5% 2e9 Hz is 0.99% below the golden 2.02e9 Hz, 5% allowed",
    );
    check(
        &[(None, "0.1%"), (Some("temp > 3"), "5%")],
        "Missed exact suite.yaml:1:1: the `where` of its tolerance has no answer here: `temp` has no value here (guard it: `has(temp) and ...`)",
    );
}

#[test]
fn points_from_an_earlier_schema() {
    // `netlist` came later, with a default; before, its value was spelled out in the names.
    let suite = sample();
    let record = run(&suite);
    let check = |point: &str, expected: GoldenVerdict| {
        let findings = check_with(&suite, &record, &format!("run.freq,{point},2e9,Hz\n"), false);
        let found = findings.iter().find(|finding| finding.golden.is_some()).unwrap();
        assert_eq!(found.verdict, expected, "{point}: {}", found.message);
    };
    check("v1", GoldenVerdict::Met);
    check("v1_nsch", GoldenVerdict::Met);
    check("v1.0", GoldenVerdict::Met);
    check("v1_w100", GoldenVerdict::Orphan);
    check("v1_npex", GoldenVerdict::Orphan);
    check("all", GoldenVerdict::Orphan);
    check("base", GoldenVerdict::Orphan);
}

#[test]
fn a_record_of_an_earlier_suite() {
    // The run knew `supply` and `f`; the suite now calls them `vdd` and `freq`.
    let old = suite(&["supply:s=1 2"], vec![stage("run", &[0], vec![gated("f", "Hz", Better::Higher)])]);
    let mut record = record(&old, "a");
    plan(&mut record, &old, "run", "supply=1", Verdict::Pass, &[("f", 5.0)]);
    let freq = Metric { was: vec!["f".to_owned()], ..gated("freq", "Hz", Better::Higher) };
    let now = suite(&["vdd<supply:v=1 2"], vec![stage("run", &[0], vec![freq])]);
    assert_eq!(show(&check_with(&now, &record, "run.freq,v1,5,Hz\n", false)), "run.freq v1: Met (exact) equal");
}

#[test]
fn rows_are_planned_by_case() {
    let measure = with_rows(stage("measure", &[0], vec![gated("t", "s", Better::Lower)]));
    let suite = suite(&["op:op=add mul", "size:s=1 2"], vec![measure]);
    let mut record = record(&suite, "a");
    plan(&mut record, &suite, "measure", "op=add", Verdict::Fail, &[]);
    plan(&mut record, &suite, "measure", "op=mul", Verdict::Error, &[]);
    for at in ["op=add size=1", "op=add size=2", "op=mul size=1"] {
        case(&mut record, &suite, at, Verdict::Pass);
    }
    let row =
        |case: &str, verdict| RowResult { case: PointName::new(case), verdict, message: None, metrics: Vec::new() };
    record.tasks[0].rows = vec![row("opadd_s1", Verdict::Pass), row("opadd_s2", Verdict::Fail)];
    let points: Vec<String> =
        planned_points(&suite, &record).iter().map(|point| format!("{} {}", point.point, point.verdict)).collect();
    assert_eq!(points, ["opadd_s1 pass", "opadd_s2 fail", "opmul_s1 error"]);
}

#[test]
fn tables_with_mistakes() {
    let check = |text: &str, expected: &str| {
        let found = Table::parse("g.csv", text)
            .map_or_else(|problems| problems.to_string(), |table| format!("{} rows", table.rows().len()));
        assert_eq!(found, expected, "{text:?}");
    };
    check("metric,point,value,unit\n", "0 rows");
    check("metric,point,value,unit\nrun.f,v1,2,Hz\n\nrun.f,v2,2,\n", "2 rows");
    check("\u{feff}unit,value,point,metric\r\nHz,2,v1,run.f\r\n", "1 rows");
    check("metric,point,value\nrun.f,v1,2", "1 rows");
    check("metric,point,value,unit\nrun.d,v1,\"a,\"\"b\nc\",\n", "1 rows");
    check("", "g.csv:1:1: the table is empty (the first line is `metric,point,value,unit`)");
    check("metric,pint,value,unit\n", "g.csv:1:1: there is no column `pint` (did you mean `point`?)");
    check("metric,value\n", "g.csv:1:1: the column `point` is missing (the first line is `metric,point,value,unit`)");
    check("metric,point,value,value\n", "g.csv:1:1: the column `value` is there twice");
    check(
        "run.f,v1,2,Hz\n",
        "g.csv:1:1: this is not the header of a golden table (the first line is `metric,point,value,unit`)",
    );
    check(
        "metric,point,value,unit\n\nrun.f,v1,2,Hz\nrun.f,v2,2,Hz\nrun.f,v1,3,Hz\n",
        "g.csv:5:1: run.f at `v1` has a golden already (delete this line or line 3)",
    );
    check(
        "metric,point,value,unit\nrun.f,v1,nan,Hz\nrun.f,v2,-inf,Hz\nrun.f,,1,Hz\n",
        "g.csv:2:1: `nan` is no golden value (delete the line: a metric without a golden is reported as such)\ng.csv:3:1: `-inf` is no golden value (delete the line: a metric without a golden is reported as such)\ng.csv:4:1: this row has no point",
    );
    check(
        "metric,point,value,unit\nrun.f,v1,1,000,Hz\n",
        "g.csv:2:1: this row has 5 cells, the header has 4 (a text with a comma stands in double quotes)",
    );
    check(
        "metric,point,value,unit\nrun.f,v1\n",
        "g.csv:2:1: this row has 2 cells, the header has 4 (a text with a comma stands in double quotes)",
    );
}

#[test]
fn written_sorted_and_replaced() {
    let suite = sample();
    let record = run(&suite);
    let mut table = Table::from_rows(&record.metrics).unwrap();
    assert_eq!(table.write(), "metric,point,value,unit\nrun.digest,v1,12e4,\nrun.freq,v1,2000000000,Hz\n");
    let mut row = table.rows()[1].clone();
    row.value = "3".to_owned();
    let other = super::GoldenRow { point: PointName::new("u0"), ..row.clone() };
    table.replace([row, other]);
    assert_eq!(table.write(), "metric,point,value,unit\nrun.digest,v1,12e4,\nrun.freq,u0,3,Hz\nrun.freq,v1,3,Hz\n");
    let mut bad = record.clone();
    bad.metrics[0].value = MeasuredValue::Number(f64::NAN);
    assert_eq!(Table::from_rows(&bad.metrics).unwrap_err().to_string(), "run.freq at `v1` is not a finite number");
    let twice = [&record.metrics[0], &record.metrics[0]];
    assert_eq!(Table::from_rows(twice).unwrap_err().to_string(), "run.freq at `v1` is there twice");
}

fn value() -> impl Strategy<Value = MeasuredValue> {
    prop_oneof![
        any::<f64>().prop_filter("finite", |number| number.is_finite()).prop_map(MeasuredValue::Number),
        "[a-z ,\"\n\r#]{1,8}x".prop_map(MeasuredValue::Text)
    ]
}

proptest! {
    /// What is written reads back, whatever the values; writing it again changes nothing.
    #[test]
    fn tables_round_trip(values in prop::collection::vec(value(), 0..12)) {
        let suite = sample();
        let mut rows = Vec::new();
        for (index, value) in values.into_iter().enumerate() {
            let mut row = run(&suite).metrics.remove(0);
            row.point = PointName::new(format!("v{index}"));
            row.value = value;
            rows.push(row);
        }
        let table = Table::from_rows(rows.iter().rev()).unwrap();
        let text = table.write();
        let read = Table::parse("g.csv", &text).unwrap();
        prop_assert_eq!(read.write(), text);
        let bare = |table: &Table| table.rows().iter().map(|row| (row.metric.clone(), row.point.clone(), row.value.clone(), row.unit.clone())).collect::<Vec<_>>();
        prop_assert_eq!(bare(&read), bare(&table));
    }

    /// A run always meets the table made of it, exactly; without the table everything is missing.
    #[test]
    fn a_run_meets_its_own_goldens(values in prop::collection::vec(-1e12f64..1e12, 1..4)) {
        let suite = sample();
        let mut record = record(&suite, "a");
        for (index, value) in values.iter().enumerate() {
            let at = ["vdd=1 netlist=sch", "vdd=2 netlist=sch", "vdd=1 netlist=pex", "vdd=2 netlist=pex"][index];
            plan(&mut record, &suite, "run", at, Verdict::Pass, &[("freq", *value), ("digest", 1.0)]);
        }
        let table = Table::from_rows(&record.metrics).unwrap();
        let lets = |_: &PlannedPoint, _: &str| None;
        let with = |table: &Table| check(&GoldenCheck { table, suite: &suite, record: &record, partial: false, lets: &lets });
        let found = with(&Table::parse("g.csv", &table.write()).unwrap());
        prop_assert!(found.iter().all(|finding| finding.verdict == GoldenVerdict::Met), "{}", show(&found));
        prop_assert_eq!(found.len(), record.metrics.len());
        let found = with(&Table::default());
        prop_assert!(found.iter().all(|finding| finding.verdict == GoldenVerdict::Missing));
        prop_assert_eq!(found.len(), record.metrics.len());
    }

    #[test]
    fn no_text_panics(text in "(metric,point,value,unit\n)?([a-z,\"\r\n\u{e4}]{0,5}){0,8}") {
        match Table::parse("g.csv", &text) {
            Ok(table) => prop_assert!(Table::parse("g.csv", &table.write()).is_ok()),
            Err(problems) => prop_assert!(!problems.list.is_empty() && !problems.to_string().is_empty()),
        }
    }
}
