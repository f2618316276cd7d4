//! JSON of hyperfine (`--export-json`): times in seconds.
//!
//! `times` is the list of samples; `mean`, `stddev` (absent after a single run), `median`, `user`,
//! `system`, `min`, `max` are hyperfine's; `runs` and `failures` are counted here. A command may fail
//! only under `--ignore-failure`, so `failures` is a field and not a demand. hyperfine creates the file
//! before it runs: an aborted benchmark leaves it empty.

use super::benchmarks::Benchmarks;
use super::{Evidence, EvidenceError, Field, Input, NoValue, Quote, json_document};
use serde_json::Value;

const REPORT: &str = "JSON of hyperfine (an object with `results`)";

pub(super) fn parse(input: &Input) -> Result<Evidence, EvidenceError> {
    let document: Value = json_document::read(input.bytes, "the report")?;
    let Some(results) = document.get("results").and_then(Value::as_array) else {
        return Err(another(&document));
    };
    let quote = || Quote { line: None, text: String::new() };
    let mut benchmarks = Benchmarks::default();
    for result in results {
        let (Some(command), Some(members)) = (result.get("command").and_then(Value::as_str), result.as_object()) else {
            return Err(another(result));
        };
        let findings = benchmarks.of(command);
        if !findings.is_empty() {
            return Err(EvidenceError::Contradiction { found: format!("the command `{command}` is there twice") });
        }
        for (key, value) in members {
            match (key.as_str(), value) {
                ("times", Value::Array(items)) => {
                    let times: Option<Vec<f64>> = items.iter().map(Value::as_f64).collect();
                    findings.add("runs", Ok(Field::from(items.len())), quote());
                    let times = times.filter(|times| !times.is_empty()).map(Field::List).ok_or(NoValue::NotANumber);
                    findings.add("times", times, quote());
                }
                // A process that was killed has no exit code.
                ("exit_codes", Value::Array(codes)) => {
                    let failures = codes.iter().filter(|code| code.as_i64() != Some(0)).count();
                    findings.add("failures", Ok(Field::from(failures)), quote());
                }
                (_, Value::Number(number)) => {
                    let number = number.as_f64().filter(|number| number.is_finite()).ok_or(NoValue::NotFinite);
                    findings.add(key, number.map(Field::Number), quote());
                }
                (_, Value::Null) => findings.add(key, Err(NoValue::Empty), quote()),
                // The command itself, the parameters of a scan.
                _ => {}
            }
        }
    }
    benchmarks.pick(input.fields)
}

fn another(value: &Value) -> EvidenceError {
    EvidenceError::AnotherReport { expected: REPORT, line: 1, found: json_document::excerpt(value) }
}
