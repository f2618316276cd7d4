//! Bencher Metric Format: an object of benchmarks, each an object of measures, each with a `value`
//! and perhaps a `lower_value` and an `upper_value`.
//!
//! A measure `latency` gives the fields `latency`, `latency_lower`, `latency_upper`.

use super::benchmarks::Benchmarks;
use super::{Evidence, EvidenceError, Field, Input, NoValue, Quote, json_document};
use serde_json::{Map, Value};

const REPORT: &str = "Bencher Metric Format (`{ BENCHMARK: { MEASURE: { \"value\": N } } }`)";

/// The keys of a metric and what they add to the measure's name.
const METRIC: [(&str, &str); 3] = [("value", ""), ("lower_value", "_lower"), ("upper_value", "_upper")];

pub(super) fn parse(input: &Input) -> Result<Evidence, EvidenceError> {
    let document: Map<String, Value> = match json_document::read(input.bytes, "the report")? {
        Value::Object(document) => document,
        other => return Err(another(&other)),
    };
    let mut benchmarks = Benchmarks::default();
    for (name, measures) in &document {
        let measures = measures.as_object().ok_or_else(|| another(measures))?;
        let findings = benchmarks.of(name);
        for (measure, metric) in measures {
            let metric =
                metric.as_object().filter(|metric| metric.contains_key("value")).ok_or_else(|| another(metric))?;
            for (key, suffix) in METRIC {
                let Some(value) = metric.get(key) else { continue };
                let number = match value {
                    Value::Number(number) => {
                        number.as_f64().filter(|number| number.is_finite()).ok_or(NoValue::NotFinite)
                    }
                    other => Err(NoValue::Kind(json_document::kind(other))),
                };
                let quote = Quote::new(None, &format!("{name}: {measure}"));
                findings.add(&format!("{measure}{suffix}"), number.map(Field::Number), quote);
            }
        }
    }
    benchmarks.pick(input.fields)
}

fn another(value: &Value) -> EvidenceError {
    EvidenceError::AnotherReport { expected: REPORT, line: 1, found: json_document::excerpt(value) }
}
