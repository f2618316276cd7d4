use super::{ForeignFormat, ForeignTerms, read_foreign, recognize_foreign};
use crate::ledger::MeasuredValue;
use crate::record::RunRecord;
use crate::value::{SuiteName, Timestamp};

const DATA: &str = r#"window.BENCHMARK_DATA = {
  "lastUpdate": 1700000100000,
  "repoUrl": "https://example.org/codec",
  "entries": {
    "Rust Benchmark": [
      { "commit": { "id": "aa11", "message": "first", "timestamp": "2023-11-14T22:00:00Z" }, "date": 1700000000000, "tool": "cargo",
        "benches": [
          { "name": "encode/small", "value": 120, "range": "± 3", "unit": "ns/iter" },
          { "name": "decode", "value": 80.5, "unit": "ns/iter" } ] },
      { "commit": { "id": "bb22" }, "date": 1700000100000, "tool": "cargo",
        "benches": [
          { "name": "encode/small", "value": "130", "unit": "ns/iter" },
          { "name": "encode/small", "value": 132, "unit": "ns/iter" } ] } ],
    "2nd": [ { "commit": { "id": "cc33" }, "date": 1700000200000, "tool": "customBiggerIsBetter",
        "benches": [ { "name": "rate", "value": 5, "unit": "" } ] } ]
  }
}
"#;

fn terms() -> ForeignTerms {
    ForeignTerms {
        suite: None,
        time: Timestamp::from_milliseconds(1_800_000_000_000),
        commit: Some("ffff".to_owned()),
        branch: Some("main".to_owned()),
    }
}

/// What a record says: run, commit, branch, and each metric with its samples.
fn told(record: &RunRecord) -> String {
    let infos = &record.run.metric_infos;
    let metrics: Vec<String> = record
        .metrics
        .iter()
        .map(|row| {
            let info = infos.iter().find(|info| info.metric == row.metric).unwrap();
            let MeasuredValue::Number(value) = row.value else { panic!("{row:?}") };
            let (unit, better) = (row.unit.as_deref().unwrap_or("-"), info.better.as_deref().unwrap_or("-"));
            format!("{}@{} {value} {:?} {unit} {better}", row.reference(), row.point, row.samples)
        })
        .collect();
    let (commit, branch) = (record.run.source.commit.as_deref(), record.run.source.branch.as_deref());
    format!(
        "{} {} {} {} {}: {}",
        record.run.suite,
        record.run.started,
        commit.unwrap_or("-"),
        branch.unwrap_or("-"),
        record.run.machine.get("label").map_or("-", String::as_str),
        metrics.join("; ")
    )
}

fn check(format: ForeignFormat, text: &str, terms: &ForeignTerms, expected: &[&str]) {
    let found = match read_foreign(format, text, terms) {
        Ok(records) => records.iter().map(told).collect(),
        Err(error) => vec![error.to_string()],
    };
    assert_eq!(found, expected, "{text}");
}

#[test]
fn github_action_benchmark() {
    use ForeignFormat::GithubActionBenchmark as Format;
    let expected = [
        "rust-benchmark 2023-11-14T22:13:20.000Z aa11 main -: benchmark.value@benchencode=2Fsmall 120 [120.0] ns/iter lower; \
         benchmark.value@benchdecode 80.5 [80.5] ns/iter lower",
        "rust-benchmark 2023-11-14T22:15:00.000Z bb22 main -: \
         benchmark.value@benchencode=2Fsmall 131 [130.0, 132.0] ns/iter lower",
        "benchmarks-2nd 2023-11-14T22:16:40.000Z cc33 main -: benchmark.value@benchrate 5 [5.0] - higher",
    ];
    check(Format, DATA, &terms(), &expected);
    // Without the assignment, and with a semicolon.
    let bare = DATA.strip_prefix("window.BENCHMARK_DATA = ").unwrap();
    check(Format, bare, &terms(), &expected);
    check(Format, &format!("{};\n", DATA.trim_end()), &terms(), &expected);
    let named = ForeignTerms { suite: Some(SuiteName::new("codec")), ..terms() };
    let suites: Vec<String> =
        read_foreign(Format, DATA, &named).unwrap().iter().map(|record| record.run.suite.to_string()).collect();
    assert_eq!(suites, ["codec"; 3]);
    check(
        Format,
        r#"[{"name":"size","value":7,"unit":"kB","extra":"x"}]"#,
        &terms(),
        &["benchmarks 2027-01-15T08:00:00.000Z ffff main -: benchmark.value@benchsize 7 [7.0] kB -"],
    );
}

#[test]
fn bencher() {
    use ForeignFormat::Bencher as Format;
    check(
        Format,
        r#"{"a b":{"latency":{"value":1.5,"lower_value":1,"upper_value":2},"file-size":{"value":9},"Cache Misses":{"value":3}}}"#,
        &terms(),
        &["benchmarks 2027-01-15T08:00:00.000Z ffff main -: benchmark.latency@bencha=20b 1.5 [1.5] ns lower; \
           benchmark.file_size@bencha=20b 9 [9.0] B lower; benchmark.cache_misses@bencha=20b 3 [3.0] - -"],
    );
    let report = |value: &str| {
        format!(
            r#"{{"uuid":"u","project":{{"name":"My Codec","slug":"my-codec"}},"branch":{{"name":"dev","head":{{"version":{{"number":3,"hash":"dd44"}}}}}},
"testbed":{{"name":"ci-runner"}},"start_time":"2026-02-01T10:00:00Z","end_time":"2026-02-01T10:05:00Z","results":[
[{{"iteration":0,"benchmark":{{"name":"encode"}},"measures":[{{"measure":{{"name":"Throughput","slug":"throughput","units":"x"}},"metric":{{"value":{value}}}}}]}}],
[{{"iteration":1,"benchmark":{{"name":"encode"}},"measures":[{{"measure":{{"name":"Throughput","slug":"throughput","units":"x"}},"metric":{{"value":12}}}}]}}]]}}"#
        )
    };
    let expected = "my-codec 2026-02-01T10:00:00.000Z dd44 dev ci-runner: \
                    benchmark.throughput@benchencode 11 [10.0, 12.0] operations/s higher";
    check(Format, &report("10"), &terms(), &[expected]);
    check(Format, &format!("[{},{}]", report("10"), report("10")), &terms(), &[expected; 2]);
    check(Format, &report("null"), &terms(), &["`results[0][0].measures[0].metric`: has no `value`"]);
}

#[test]
fn mistakes_have_a_place() {
    let check = |format, text: &str, expected: &str| check(format, text, &terms(), &[expected]);
    use ForeignFormat::{Bencher, GithubActionBenchmark};
    check(
        GithubActionBenchmark,
        "{\n  \"entries\": {,}\n}",
        "line 2, column 15: this is no JSON: key must be a string",
    );
    check(GithubActionBenchmark, "", "line 1, column 0: this is no JSON: EOF while parsing a value");
    check(GithubActionBenchmark, "{}", "the file has no `entries`");
    check(GithubActionBenchmark, "{\"entries\":[]}", "`entries`: expected an object, found a list");
    check(
        GithubActionBenchmark,
        &DATA.replace("80.5", "\"fast\""),
        "`entries.Rust Benchmark[0].benches[1].value`: expected a number, found the text `fast`",
    );
    check(
        GithubActionBenchmark,
        &DATA.replace("1700000200000", "-1"),
        "`entries.2nd[0].date`: expected milliseconds since 1970, found -1",
    );
    check(
        GithubActionBenchmark,
        &DATA.replace("\"decode\"", "\"\""),
        "`entries.Rust Benchmark[0].benches[1].name`: expected a name, found the text ``",
    );
    check(Bencher, "3", "expected an object, found 3");
    check(Bencher, r#"{"a":{"latency":3}}"#, "`a.latency`: has no `value`");
    check(
        Bencher,
        r#"{"results":[],"start_time":"today"}"#,
        "`start_time`: expected a time such as `2026-01-31T14:22:33Z`, found the text `today`",
    );
}

#[test]
fn a_file_of_the_other_program_is_recognized() {
    let check = |text: &str, expected: Option<ForeignFormat>| {
        assert_eq!(recognize_foreign(text, &terms()), expected, "{text}");
    };
    check(DATA, Some(ForeignFormat::GithubActionBenchmark));
    check(r#"{"a":{"latency":{"value":3}}}"#, Some(ForeignFormat::Bencher));
    // Nothing is in it that one could tell it by.
    ["{}", "[]", "3", "", r#"{"a":{"latency":3}}"#].iter().for_each(|text| check(text, None));
    let lacks = read_foreign(ForeignFormat::GithubActionBenchmark, "{}", &terms()).unwrap_err();
    assert_eq!(lacks.of_file("report.json"), "report.json has no `entries`");
    let whole = read_foreign(ForeignFormat::Bencher, "3", &terms()).unwrap_err();
    assert_eq!(whole.of_file("report.json"), "report.json: expected an object, found 3");
}

#[test]
fn the_same_file_gives_the_same_runs() {
    let read = || read_foreign(ForeignFormat::GithubActionBenchmark, DATA, &terms()).unwrap();
    let (one, other) = (read(), read());
    assert_eq!(one, other);
    let names: std::collections::BTreeSet<&str> = one.iter().map(|record| record.run.id.as_str()).collect();
    assert_eq!(names.len(), 3);
    assert_eq!(one[0].cases.len(), 2);
    assert_eq!(one[1].cases.len(), 1);
    assert!(one.iter().all(|record| record.run.complete && record.tasks.len() == record.cases.len()));
}
