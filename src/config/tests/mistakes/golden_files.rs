//! Goldens in IREE's JSON files.

use super::{HEAD, check, judged};

/// A stage over all parameters with a time, a size and a count, and another one without `w`.
fn timed(goldens: &str) -> String {
    let metrics = "metrics: { time: { unit: s }, size: { unit: kB }, dispatches: {}, freq: { unit: Hz } }";
    let stages = format!(
        "  one: {{ cmd: [x], evidence: [{{ key_value: stdout }}], {metrics} }}\n  two: {{ per: [a], cmd: [x], evidence: [{{ \
         key_value: stdout }}], metrics: {{ span: {{ unit: ms }} }} }}\n"
    );
    format!("{HEAD}stages:\n{stages}goldens: {{ iree_json: d, files: [{goldens}] }}\n")
}

#[test]
fn places_of_goldens() {
    let item = |name: &str, key: &str, fields: &str| timed(&format!("{{ name: {name}, {key}fields: {{ {fields} }} }}"));
    let all = "time: golden_time_ms, size: golden_size, dispatches: golden_dispatch";
    check(&item("\"a_{a}.json\"", "key: \"{w}\", ", all), "nothing is wrong");
    check(&item("\"a_{name}.json\"", "", "dispatches: golden_dispatch_count"), "nothing is wrong");
    let problem = |text: &str, expected: &str| {
        let found = crate::config::tests::load(text).err().unwrap_or_else(|| "nothing is wrong".to_owned());
        assert!(found.contains(expected), "{found}\n{text}");
    };
    problem(
        &item("\"a_{a}.txt\"", "key: x, ", "time: golden_time_ms"),
        "this is no name of a JSON file (it ends in `.json`)",
    );
    problem(&item("../a.json", "", "time: golden_time_ms"), "the path leaves its folder by `..`");
    problem(&item("\"{u}.json\"", "", "time: golden_time_ms"), "unknown placeholder `{u}`");
    problem(
        &item("\"{w}.json\"", "", "span: golden_time_ms"),
        "`w` has no value in stage `two`, which measures `two.span`",
    );
    problem(&item("a.json", "", "time: golden_tim_ms"), "did you mean `golden_time_ms`?");
    problem(&item("a.json", "", "tme: golden_time_ms"), "there is no metric `tme` (did you mean `time`?)");
    problem(&item("a.json", "", "size: golden_size"), "`golden_size` is a map, and no `key` says which of its values");
    problem(
        &item("a.json", "key: x, ", "size: golden_binary_size"),
        "`golden_binary_size` is one number, which has no `key`",
    );
    problem(&item("a.json", "", "freq: golden_time_ms"), "`freq` is in `Hz`, and `golden_time_ms` is in `ms`");
    problem(
        &item("a.json", "", "dispatches: golden_time_ms"),
        "without a unit, and `golden_time_ms` is in `ms` (give it `unit: ms`)",
    );
    problem(
        &item("a.json", "", "time: golden_dispatch_count"),
        "`time` is in `s`, and `golden_dispatch_count` is without a unit",
    );
    problem(&item("a.json", "", ""), "these files hold the goldens of no metric");
    problem(&timed(""), "`files` is empty");
    problem(&judged("goldens: { iree_json: d }"), "a stage over `submodel`, `backend`, `sku` needs a metric");
    problem(
        &judged("goldens: { file: g.csv, files: [{ name: a.json, fields: { freq: golden_time_ms } }] }"),
        "`files` says where goldens stand in the folder `iree_json`",
    );
}
