//! github-action-benchmark: `window.BENCHMARK_DATA = {"entries":{SUITE:[{"commit":{"id","timestamp"},"date":MS,
//! "tool":TOOL,"benches":[{"name","value","unit","range","extra"}]}]}}`, with or without the assignment, or one list of
//! `benches`, as its custom tools take it.
//!
//! Source of the shape and of which tools are better with larger values: its `src/write.ts` and `src/extract.ts`.
//! `range` and `extra` are texts for people, and not read.

use super::{ForeignError, ForeignRun, ForeignTerms, ForeignValue, Place, Values, document, suite_name};
use crate::record::SourceInfo;
use crate::value::{SuiteName, Timestamp};
use std::collections::BTreeMap;

/// Tools whose values are better the larger they are, and those whose are better the smaller.
const HIGHER: [&str; 3] = ["benchmarkjs", "pytest", "customBiggerIsBetter"];
const LOWER: [&str; 9] =
    ["cargo", "go", "googlecpp", "catch2", "julia", "jmh", "benchmarkdotnet", "benchmarkluau", "customSmallerIsBetter"];

pub(super) fn read(text: &str, terms: &ForeignTerms) -> Result<Vec<ForeignRun>, ForeignError> {
    let assigned = text.trim_start_matches('\u{feff}').trim_start();
    let json = match assigned.strip_prefix("window.BENCHMARK_DATA") {
        // Lines are counted from the beginning of the file, columns of the first from the value.
        Some(rest) => rest.trim_start().strip_prefix('=').unwrap_or(rest).trim_end().trim_end_matches(';'),
        None => assigned,
    };
    let document = document(json)?;
    let top = Place::top(&document);
    if document.is_array() {
        let source = SourceInfo { commit: terms.commit.clone(), branch: terms.branch.clone(), ..SourceInfo::default() };
        let suite = suite_name(terms, "benchmarks");
        return Ok(vec![run(suite, terms.time, source, values(&top, None)?)]);
    }
    let mut runs = Vec::new();
    for (name, entries) in top.need("entries")?.entries()? {
        for entry in entries.items()? {
            runs.push(read_entry(name, &entry, terms)?);
        }
    }
    Ok(runs)
}

fn read_entry(suite: &str, entry: &Place<'_>, terms: &ForeignTerms) -> Result<ForeignRun, ForeignError> {
    let date = entry.need("date")?;
    // Milliseconds since 1970, up to the year 9999.
    let milliseconds = date.value.as_i64().filter(|date| (0..253_402_300_800_000).contains(date));
    let started = Timestamp::from_milliseconds(milliseconds.ok_or_else(|| date.wanted("milliseconds since 1970"))?);
    let commit = match entry.get("commit").and_then(|commit| commit.get("id")) {
        Some(id) => Some(id.text()?.to_owned()),
        None => terms.commit.clone(),
    };
    let better = match entry.get("tool") {
        Some(tool) => side(tool.text()?),
        None => None,
    };
    let source = SourceInfo { commit, branch: terms.branch.clone(), ..SourceInfo::default() };
    Ok(run(suite_name(terms, suite), started, source, values(&entry.need("benches")?, better)?))
}

fn run(suite: SuiteName, started: Timestamp, source: SourceInfo, values: Vec<ForeignValue>) -> ForeignRun {
    ForeignRun { suite, started, finished: started, source, machine: BTreeMap::new(), values }
}

/// Nothing is known of the tools to come.
fn side(tool: &str) -> Option<&'static str> {
    if HIGHER.contains(&tool) {
        Some("higher")
    } else if LOWER.contains(&tool) {
        Some("lower")
    } else {
        None
    }
}

fn values(benches: &Place<'_>, better: Option<&'static str>) -> Result<Vec<ForeignValue>, ForeignError> {
    let mut values = Values::default();
    for bench in benches.items()? {
        let name = bench.need("name")?;
        let benchmark = Some(name.text()?).filter(|name| !name.is_empty()).ok_or_else(|| name.wanted("a name"))?;
        let unit = match bench.get("unit") {
            Some(unit) => Some(unit.text()?.to_owned()).filter(|unit| !unit.is_empty()),
            None => None,
        };
        values.add(benchmark, "value", unit, better, bench.need("value")?.number()?);
    }
    Ok(values.list)
}
