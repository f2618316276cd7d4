//! JSON of google-benchmark (`--benchmark_format=json` or `--benchmark_out`), which
//! `iree-benchmark-module` writes too.
//!
//! Each benchmark (`run_name`) has the samples of its repetitions as lists: `real_time`, `cpu_time`
//! (milliseconds, whatever `time_unit` says), `iterations` and the counters. The aggregates are apart:
//! `real_time_mean`, `real_time_median`, `real_time_stddev`, and `real_time_cv`, which is a ratio
//! although its entry has a `time_unit`. Coefficients of complexity fits (`BigO`, `RMS`) are not read.

use super::benchmarks::Benchmarks;
use super::{Evidence, EvidenceError, Field, Input, NoValue, Quote, json_document};
use serde_json::{Map, Value};
use std::collections::HashMap;

const REPORT: &str = "JSON of google-benchmark (an object with `benchmarks`)";

/// What identifies an entry and is no measurement.
const NOT_MEASURED: [&str; 6] =
    ["family_index", "per_family_instance_index", "repetitions", "repetition_index", "threads", "iterations"];

pub(super) fn parse(input: &Input) -> Result<Evidence, EvidenceError> {
    let document: Value = json_document::read(input.bytes, "the report")?;
    let Some(entries) = document.get("benchmarks").and_then(Value::as_array) else {
        return Err(another(&document));
    };
    let mut samples: Vec<(String, String, Vec<f64>)> = Vec::new();
    let mut places: HashMap<(String, String), usize> = HashMap::new();
    let mut aggregates: Vec<(String, String, Result<Field, NoValue>)> = Vec::new();
    for entry in entries {
        let entry = entry.as_object().ok_or_else(|| another(entry))?;
        let text = |key: &str| entry.get(key).and_then(Value::as_str);
        let (Some(name), Some(run_type)) = (text("run_name").or(text("name")), text("run_type")) else {
            return Err(EvidenceError::NothingFound {
                what: "`run_name` and `run_type` in an entry",
                hint: Some("google-benchmark writes them since version 1.5"),
            });
        };
        for (flag, message) in [("error_occurred", "error_message"), ("skipped", "skip_message")] {
            if entry.get(flag).and_then(Value::as_bool) == Some(true) {
                return Err(EvidenceError::Tool { message: format!("{name}: {}", text(message).unwrap_or(flag)) });
            }
        }
        match (run_type, text("aggregate_name")) {
            ("iteration", _) => {
                for (key, value) in measured(entry, name, true)? {
                    let value = value.map_err(|why| no_value(name, &key, why))?;
                    let place = *places.entry((name.to_owned(), key.clone())).or_insert_with(|| {
                        samples.push((name.to_owned(), key, Vec::new()));
                        samples.len() - 1
                    });
                    samples[place].2.push(value);
                }
            }
            ("aggregate", Some("BigO" | "RMS")) => {}
            ("aggregate", Some(aggregate)) => {
                let is_time = text("aggregate_unit").is_none_or(|unit| unit == "time");
                for (key, value) in measured(entry, name, is_time)? {
                    aggregates.push((name.to_owned(), format!("{key}_{aggregate}"), value.map(Field::Number)));
                }
            }
            _ => return Err(EvidenceError::Tool { message: format!("{name}: unknown run_type `{run_type}`") }),
        }
    }
    let mut benchmarks = Benchmarks::default();
    let quote = || Quote { line: None, text: String::new() };
    for (name, key, values) in samples {
        benchmarks.of(&name).add(&key, Ok(Field::List(values)), quote());
    }
    for (name, key, value) in aggregates {
        benchmarks.of(&name).add(&key, value, quote());
    }
    benchmarks.pick(input.fields)
}

/// A measurement of an entry: its key and its value.
type Measured = (String, Result<f64, NoValue>);

/// Returns the measurements of an entry, times in milliseconds.
fn measured(entry: &Map<String, Value>, name: &str, is_time: bool) -> Result<Vec<Measured>, EvidenceError> {
    let unit = entry.get("time_unit").and_then(Value::as_str);
    let mut found = Vec::new();
    for (key, value) in entry {
        if NOT_MEASURED.contains(&key.as_str()) && !(key == "iterations" && is_iteration(entry)) {
            continue;
        }
        let Some(number) = value.as_f64() else {
            // Texts name the entry; a time must be a number.
            if key == "real_time" || key == "cpu_time" {
                found.push((key.clone(), Err(NoValue::NotANumber)));
            }
            continue;
        };
        let number = match (key.as_str(), is_time) {
            ("real_time" | "cpu_time", true) => milliseconds(number, unit).ok_or_else(|| EvidenceError::Tool {
                message: format!("{name}: unknown time_unit `{}`", unit.unwrap_or("")),
            })?,
            _ => number,
        };
        found.push((key.clone(), if number.is_finite() { Ok(number) } else { Err(NoValue::NotFinite) }));
    }
    Ok(found)
}

fn is_iteration(entry: &Map<String, Value>) -> bool {
    entry.get("run_type").and_then(Value::as_str) == Some("iteration")
}

fn milliseconds(time: f64, unit: Option<&str>) -> Option<f64> {
    match unit? {
        "ns" => Some(time / 1e6),
        "us" => Some(time / 1e3),
        "ms" => Some(time),
        "s" => Some(time * 1e3),
        _ => None,
    }
}

fn no_value(name: &str, key: &str, why: NoValue) -> EvidenceError {
    EvidenceError::NoValue { field: key.to_owned(), why, quote: Quote::new(None, name) }
}

fn another(value: &Value) -> EvidenceError {
    EvidenceError::AnotherReport { expected: REPORT, line: 1, found: json_document::excerpt(value) }
}
