//! Bencher: a report as its API and `bencher run --format json` give it, a list of such reports, or Bencher Metric
//! Format, `{BENCHMARK:{MEASURE:{"value":N}}}`.
//!
//! A report has `results`, a list of iterations, each a list of `{"benchmark":{"name"},"measures":[{"measure":
//! {"name","slug","units"},"metric":{"value"}}]}`: iterations are repeats. Bounds are not read: they are not
//! measured. Which side is better is part of a project's thresholds and in no report; it is known of measures that
//! come with Bencher.

use super::{ForeignError, ForeignRun, ForeignTerms, Place, Values, document, metric_name, suite_name};
use crate::record::SourceInfo;
use crate::value::Timestamp;
use std::collections::BTreeMap;

/// Measures that come with Bencher: unit, and which side is better.
const BUILT_IN: [(&str, &str, &str); 5] = [
    ("latency", "ns", "lower"),
    ("throughput", "operations/s", "higher"),
    ("instructions", "instructions", "lower"),
    ("build_time", "s", "lower"),
    ("file_size", "B", "lower"),
];

pub(super) fn read(text: &str, terms: &ForeignTerms) -> Result<Vec<ForeignRun>, ForeignError> {
    let document = document(text.trim_start_matches('\u{feff}'))?;
    let top = Place::top(&document);
    if document.is_array() {
        return top.items()?.map(|report| read_report(&report, terms)).collect();
    }
    if top.get("results").is_some_and(|results| results.value.is_array()) {
        return Ok(vec![read_report(&top, terms)?]);
    }
    Ok(vec![read_metrics(&top, terms)?])
}

fn read_report(report: &Place<'_>, terms: &ForeignTerms) -> Result<ForeignRun, ForeignError> {
    let time = |key: &str| match report.get(key) {
        None => Ok(None),
        Some(time) => {
            let read: Result<Timestamp, _> = time.text()?.parse();
            read.map(Some).map_err(|_| time.wanted("a time such as `2026-01-31T14:22:33Z`"))
        }
    };
    let started = time("start_time")?.unwrap_or(terms.time);
    let text = |place: Option<Place<'_>>| place.map(|place| place.text().map(str::to_owned)).transpose();
    let name_of = |key: &str| text(report.get(key).and_then(|named| named.get("name")));
    let version = report.get("branch").and_then(|branch| branch.get("head")).and_then(|head| head.get("version"));
    let source = SourceInfo {
        commit: text(version.and_then(|version| version.get("hash")))?.or_else(|| terms.commit.clone()),
        branch: name_of("branch")?.or_else(|| terms.branch.clone()),
        ..SourceInfo::default()
    };
    let mut values = Values::default();
    for iteration in report.need("results")?.items()? {
        for result in iteration.items()? {
            let benchmark = result.need("benchmark")?.need("name")?.text()?;
            for measured in result.need("measures")?.items()? {
                let measure = measured.need("measure")?;
                let name = measure.get("slug").map_or_else(|| measure.need("name"), Ok)?.text()?;
                let units = text(measure.get("units"))?;
                add(&mut values, benchmark, name, units, measured.need("metric")?.need("value")?.number()?);
            }
        }
    }
    Ok(ForeignRun {
        suite: suite_name(terms, &name_of("project")?.unwrap_or_else(|| "benchmarks".to_owned())),
        started,
        finished: time("end_time")?.unwrap_or(started),
        source,
        machine: name_of("testbed")?
            .map(|testbed| ("label".to_owned(), testbed))
            .into_iter()
            .collect::<BTreeMap<_, _>>(),
        values: values.list,
    })
}

fn read_metrics(top: &Place<'_>, terms: &ForeignTerms) -> Result<ForeignRun, ForeignError> {
    let mut values = Values::default();
    for (benchmark, measures) in top.entries()? {
        for (measure, metric) in measures.entries()? {
            add(&mut values, benchmark, measure, None, metric.need("value")?.number()?);
        }
    }
    Ok(ForeignRun {
        suite: suite_name(terms, "benchmarks"),
        started: terms.time,
        finished: terms.time,
        source: SourceInfo { commit: terms.commit.clone(), branch: terms.branch.clone(), ..SourceInfo::default() },
        machine: BTreeMap::new(),
        values: values.list,
    })
}

fn add(values: &mut Values, benchmark: &str, measure: &str, units: Option<String>, value: f64) {
    let metric = metric_name(measure);
    let built_in = BUILT_IN.iter().find(|(name, _, _)| *name == metric);
    let unit = built_in.map(|(_, unit, _)| (*unit).to_owned()).or(units);
    values.add(benchmark, &metric, unit, built_in.map(|(_, _, better)| *better), value);
}
