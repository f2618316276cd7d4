//! Reports with several benchmarks.

use super::*;

/// Names, and for lists their lengths: the times are different at each making of the fixtures.
fn outline(evidence: &Evidence) -> String {
    let one = |(name, field): &(String, Field)| match field {
        Field::List(values) => format!("{name}[{}]", values.len()),
        Field::Number(_) => name.clone(),
        Field::Text(_) | Field::Bool(_) => format!("{name}={field}"),
    };
    evidence.fields.iter().map(one).collect::<Vec<_>>().join(" ")
}

#[test]
fn google_benchmark() {
    let outline = |situation: &str, asked: &[(&str, &str)]| {
        outline(&parse_file(Parser::GoogleBenchmark, &format!("google_benchmark/{situation}/stdout"), asked).unwrap())
    };
    let error = |situation: &str, asked: &[(&str, &str)], expected: &str| {
        check(Parser::GoogleBenchmark, &format!("google_benchmark/{situation}/stdout"), asked, expected);
    };
    assert_eq!(outline("one_benchmark", &[]), "iterations[1] real_time[1] cpu_time[1]");
    let aggregates = "real_time_mean cpu_time_mean real_time_median cpu_time_median real_time_stddev cpu_time_stddev real_time_cv cpu_time_cv";
    assert_eq!(outline("repetitions", &[]), format!("iterations[5] real_time[5] cpu_time[5] {aggregates}"));
    assert_eq!(outline("aggregates_only", &[]), aggregates);
    assert_eq!(
        outline(
            "two_benchmarks",
            &[
                ("small", "real_time[sort_small]"),
                ("large", "real_time_median[sort_large]"),
                ("n", "elements[sort_large]")
            ]
        ),
        "small[2] large n[2]"
    );
    error("two_benchmarks", &[], "error: the report holds 2 benchmarks (sort_small, sort_large)");
    error("two_benchmarks", &[("x", "real_time")], "error: the report holds 2 benchmarks (sort_small, sort_large)");
    error(
        "two_benchmarks",
        &[("x", "real_time[sort_huge]")],
        "error: `x` is not in the report: no benchmark `sort_huge`",
    );
    error("two_benchmarks", &[("x", "elements[sort_small]")], "error: `x` is not in the report: no field `elements`");
    error("with_error", &[], "error: the tool reports an error: sort_missing: the input is not there");
    error("nothing_selected", &[], "error: the report is empty");
    error("one_benchmark", &[("x", "items")], "error: `x` is not in the report: no field `items`");
    assert!(
        outline("iree", &[]).starts_with("iterations[3] real_time[3] cpu_time[3] items_per_second[3] real_time_mean")
    );
}

#[test]
fn google_benchmark_times_are_milliseconds() {
    let entry = |time: &str, unit: &str, run_type: &str| {
        format!(
            r#"{{"benchmarks": [{{"run_name": "b", "run_type": "{run_type}", "aggregate_name": "cv", "aggregate_unit": "percentage", "real_time": {time}, "cpu_time": 4, "time_unit": "{unit}"}}]}}"#
        )
    };
    let check = |text: &str, expected: &str| check_text(Parser::GoogleBenchmark, text, &[], expected);
    check(&entry("1500000", "ns", "iteration"), "pass: real_time=[1.5] cpu_time=[0.000004]");
    check(&entry("1500", "us", "iteration"), "pass: real_time=[1.5] cpu_time=[0.004]");
    check(&entry("1.5", "ms", "iteration"), "pass: real_time=[1.5] cpu_time=[4]");
    check(&entry("1.5", "s", "iteration"), "pass: real_time=[1500] cpu_time=[4000]");
    check(&entry("1.5", "min", "iteration"), "error: the tool reports an error: b: unknown time_unit `min`");
    check(&entry("\"fast\"", "ms", "iteration"), "error: `real_time` has no value, it is not a number (`b`)");
    // A ratio keeps its value, whatever unit stands beside it.
    check(&entry("0.02", "ns", "aggregate"), "pass: real_time_cv=0.02 cpu_time_cv=4");
    check(&entry("0.02", "ns", "warmup"), "error: the tool reports an error: b: unknown run_type `warmup`");
    check(r#"{"benchmarks": []}"#, "error: the report holds no benchmark");
    check(
        r#"{"results": []}"#,
        "error: line 1: this is not JSON of google-benchmark (an object with `benchmarks`): `{\"results\":[]}`",
    );
    check(
        r#"{"benchmarks": [{"name": "b", "real_time": 1}]}"#,
        "error: the report holds no `run_name` and `run_type` in an entry",
    );
}

#[test]
fn hyperfine() {
    let path = |situation: &str| format!("hyperfine/{situation}/times.json");
    let outline = |situation: &str, asked: &[(&str, &str)]| {
        outline(&parse_file(Parser::Hyperfine, &path(situation), asked).unwrap())
    };
    let error = |situation: &str, asked: &[(&str, &str)], expected: &str| {
        check(Parser::Hyperfine, &path(situation), asked, expected);
    };
    assert_eq!(outline("one_command", &[]), "mean stddev median user system min max runs times[5] failures");
    assert_eq!(outline("one_run", &[]), "mean median user system min max runs times[1] failures");
    assert_eq!(outline("two_commands", &[("t", "times[sleep 0.002]"), ("m", "median[sleep 0.001]")]), "t[3] m");
    let failures = parse_file(Parser::Hyperfine, &path("failures_ignored"), &[("failures", "failures")]).unwrap();
    assert_eq!(failures.field("failures"), Some(&Field::Number(3.0)));
    error("one_run", &[("x", "stddev")], "error: `x` has no value, it is empty");
    error("two_commands", &[], "error: the report holds 2 benchmarks (sleep 0.001, sleep 0.002)");
    error("aborted", &[], "error: the report is empty");
    let check = |text: &str, expected: &str| check_text(Parser::Hyperfine, text, &[], expected);
    check(r#"{"results": []}"#, "error: the report holds no benchmark");
    check(
        r#"{"benchmarks": []}"#,
        "error: line 1: this is not JSON of hyperfine (an object with `results`): `{\"benchmarks\":[]}`",
    );
    check(
        r#"{"results": [{"command": "a", "mean": 1}, {"command": "a", "mean": 2}]}"#,
        "error: the report contradicts itself: the command `a` is there twice",
    );
    check(r#"{"results": [{"command": "a", "mean": 1, "exit_codes": [0, null]}]}"#, "pass: mean=1 failures=1");
}

#[test]
fn bencher() {
    let check = |file: &str, asked: &[(&str, &str)], expected: &str| {
        check(Parser::Bencher, &format!("bencher/{file}.json"), asked, expected);
    };
    check("one_benchmark", &[], "pass: latency=609.5 latency_lower=588.1 latency_upper=640");
    check("two_benchmarks", &[], "error: the report holds 2 benchmarks (sort/small, sort/large)");
    check(
        "two_benchmarks",
        &[("size", "file-size[sort/small]"), ("t", "latency[sort/large]")],
        "pass: size=8894 t=5442.25",
    );
    check(
        "two_benchmarks",
        &[("x", "latency_lower[sort/large]")],
        "error: `x` is not in the report: no field `latency_lower`",
    );
    check(
        "value_missing",
        &[],
        "error: line 1: this is not Bencher Metric Format (`{ BENCHMARK: { MEASURE: { \"value\": N } } }`): `{\"lower_value\":588.1}`",
    );
    check_text(Parser::Bencher, "{}", &[], "error: the report holds no benchmark");
    check_text(Parser::Bencher, r#"{"a": {}}"#, &[], "error: the report holds no field");
    check_text(
        Parser::Bencher,
        r#"{"a": {"b": {"value": null}}}"#,
        &[],
        "error: `b` has no value, it is null (`a: b`)",
    );
}
