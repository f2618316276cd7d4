//! The report as JSON, for programs.
//!
//! Version 1: `{"version":1,"run":...,"totals":...,"costs":...,"tasks":[...],"cases":[...],"goldens":[...],
//! "comparison":...,"other_comparisons":[...],"buckets":[...],"exit_codes":[...],"known_failures":[...],"models":[...],
//! "plots":[...],"plot_diffs":[...],"warnings":[...],"machines":...}` with one task, case, finding, change or bucket a line. Within the version keys are
//! only added. Rows are written as they come, so a million of them need no memory. Texts of the run are
//! as the run wrote them: who prints them makes them harmless.

use super::{Bucket, GridAxis, ModelDrift, Report, ReportedModel, ShmooDiff, ShmooGrid, Totals};
use crate::compare::Comparison;
use crate::ledger::{Exit, Measured, MeasuredValue, OutputFile, Quote, RowResult, Try, Usage, Verdict};
use crate::record::{CaseRecord, ModelRecord, Spent, TaskRecord};
use crate::value::{PointName, Repeat, RunId, Scalar, StageName, TaskKey, Timestamp};
use serde::Serialize;
use serde::ser::{SerializeMap, Serializer};
use std::collections::BTreeMap;
use std::io::{self, Write};

/// The version of the JSON report.
pub const JSON_VERSION: u32 = 1;

/// Writes the report as JSON.
pub fn json(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    // The encoder writes in crumbs.
    let mut out = io::BufWriter::with_capacity(1 << 16, out);
    write_report(report, &mut out)?;
    out.flush()
}

fn write_report(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    write!(out, "{{\"version\":{JSON_VERSION},\n\"run\":")?;
    value(&report.run, out)?;
    write!(out, ",\n\"totals\":")?;
    value(&JsonTotals::of(&report.totals), out)?;
    write!(out, ",\n\"costs\":")?;
    value(&report.costs.as_ref().map(|costs| &costs.run), out)?;
    let costs = report.costs.as_ref();
    let task_cost = |index: usize| costs.and_then(|costs| costs.tasks.get(index));
    let case_cost = |index: usize| costs.and_then(|costs| costs.cases.get(index));
    let tasks = report.tasks.iter().enumerate().map(|(index, task)| JsonTask::of(task, task_cost(index)));
    list("tasks", tasks, out)?;
    let cases = report.cases.iter().enumerate().map(|(index, case)| JsonCase::of(case, case_cost(index)));
    list("cases", cases, out)?;
    list("goldens", report.goldens.iter(), out)?;
    match &report.comparison {
        None => write!(out, ",\n\"comparison\":null")?,
        Some(found) => {
            write!(out, ",\n\"comparison\":")?;
            comparison(found, out)?;
        }
    }
    write!(out, ",\n\"other_comparisons\":[")?;
    for (index, other) in report.other_comparisons.iter().enumerate() {
        out.write_all(if index == 0 { b"\n" } else { b",\n" })?;
        comparison(other, out)?;
    }
    out.write_all(b"]")?;
    list("buckets", report.buckets.iter().map(JsonBucket::of), out)?;
    write!(out, ",\n\"exit_codes\":")?;
    value(&report.exit_codes, out)?;
    list("known_failures", report.known_failures.iter(), out)?;
    list("models", report.models.iter().map(JsonModel::of), out)?;
    list("plots", report.plots.iter().map(JsonPlot::of), out)?;
    list("plot_diffs", report.plot_diffs.iter().map(JsonDiff::of), out)?;
    list("warnings", report.warnings.iter(), out)?;
    write!(out, ",\n\"machines\":")?;
    value(&report.machines, out)?;
    writeln!(out, "}}")
}

/// A model of the record, with how far the predictions of each group went.
#[derive(Serialize)]
struct JsonModel<'a> {
    #[serde(flatten)]
    model: &'a ModelRecord,
    drifts: &'a [Option<ModelDrift>],
}

impl JsonModel<'_> {
    fn of(reported: &ReportedModel) -> JsonModel<'_> {
        let ReportedModel { model, drifts, samples: _ } = reported;
        JsonModel { model, drifts }
    }
}

fn value(value: &impl Serialize, out: &mut dyn Write) -> io::Result<()> {
    Ok(serde_json::to_writer(out, value)?)
}

/// Writes `,"NAME":[...]`, one item a line.
fn list<T: Serialize>(name: &str, items: impl Iterator<Item = T>, out: &mut dyn Write) -> io::Result<()> {
    write!(out, ",\n\"{name}\":[")?;
    for (index, item) in items.enumerate() {
        out.write_all(if index == 0 { b"\n" } else { b",\n" })?;
        value(&item, out)?;
    }
    out.write_all(b"]")
}

fn comparison(comparison: &Comparison, out: &mut dyn Write) -> io::Result<()> {
    let Comparison {
        rule,
        base,
        why,
        changes,
        added_cases,
        removed_cases,
        common_cases,
        verdict_changes,
        explanations,
        notes,
        reds,
        trend_runs,
        trends,
        trends_left_out,
    } = comparison;
    write!(out, "{{\"rule\":")?;
    value(rule, out)?;
    write!(out, ",\"base\":")?;
    value(base, out)?;
    write!(out, ",\"why\":")?;
    value(why, out)?;
    list("changes", changes.iter(), out)?;
    write!(out, ",\n\"added_cases\":")?;
    value(added_cases, out)?;
    write!(out, ",\"removed_cases\":")?;
    value(removed_cases, out)?;
    write!(out, ",\"common_cases\":{common_cases}")?;
    let verdicts =
        verdict_changes.iter().map(|(case, base, head)| JsonVerdictChange { case, base: *base, head: *head });
    list("verdict_changes", verdicts, out)?;
    write!(out, ",\"explanations\":")?;
    value(explanations, out)?;
    write!(out, ",\"notes\":")?;
    value(notes, out)?;
    list("reds", reds.iter(), out)?;
    list("trend_runs", trend_runs.iter(), out)?;
    list("trends", trends.iter(), out)?;
    write!(out, ",\n\"trends_left_out\":{trends_left_out}}}")
}

#[derive(Serialize)]
struct JsonVerdictChange<'a> {
    case: &'a PointName,
    base: Verdict,
    head: Verdict,
}

/// Counts by verdict, with all verdicts, and their sum.
struct Counts<'a>(&'a BTreeMap<Verdict, u64>);

impl Counts<'_> {
    fn entries<M: SerializeMap>(&self, map: &mut M) -> Result<(), M::Error> {
        map.serialize_entry("total", &self.0.values().sum::<u64>())?;
        for verdict in Verdict::ALL {
            map.serialize_entry(verdict.word(), &self.0.get(&verdict).copied().unwrap_or(0))?;
        }
        Ok(())
    }
}

impl Serialize for Counts<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        self.entries(&mut map)?;
        map.end()
    }
}

struct StageCounts<'a>(&'a str, Counts<'a>);

impl Serialize for StageCounts<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("stage", self.0)?;
        self.1.entries(&mut map)?;
        map.end()
    }
}

#[derive(Serialize)]
struct JsonTotals<'a> {
    tasks: Counts<'a>,
    cases: Counts<'a>,
    known: u64,
    retried: u64,
    missing: u64,
    wall: f64,
    cpu: f64,
    stages: Vec<StageCounts<'a>>,
}

impl JsonTotals<'_> {
    fn of(totals: &Totals) -> JsonTotals<'_> {
        let Totals { tasks, cases, known, retried, missing, stages, wall, cpu } = totals;
        JsonTotals {
            tasks: Counts(tasks),
            cases: Counts(cases),
            known: *known,
            retried: *retried,
            missing: *missing,
            wall: *wall,
            cpu: *cpu,
            stages: stages.iter().map(|(stage, counts)| StageCounts(stage, Counts(counts))).collect(),
        }
    }
}

/// A list of pairs as an object, in its order.
struct Pairs<'a>(&'a [(String, Scalar)]);

impl Serialize for Pairs<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(name, value)| (name, value)))
    }
}

/// Metrics as an object, by short name.
struct Metrics<'a>(&'a [Measured]);

#[derive(Serialize)]
struct JsonMetric<'a> {
    value: &'a MeasuredValue,
    unit: Option<&'a str>,
    #[serde(skip_serializing_if = "<[f64]>::is_empty")]
    samples: &'a [f64],
}

impl Serialize for Metrics<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|measured| {
            let Measured { name, value, samples, unit }: &Measured = measured;
            (name, JsonMetric { value, unit: unit.as_deref(), samples })
        }))
    }
}

#[derive(Serialize)]
struct JsonRow<'a> {
    case: &'a PointName,
    verdict: Verdict,
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<&'a str>,
    metrics: Metrics<'a>,
}

impl JsonRow<'_> {
    fn of(row: &RowResult) -> JsonRow<'_> {
        let RowResult { case, verdict, message, metrics } = row;
        JsonRow { case, verdict: *verdict, message: message.as_deref(), metrics: Metrics(metrics) }
    }
}

#[derive(Serialize)]
struct JsonTask<'a> {
    stage: &'a StageName,
    point: &'a PointName,
    #[serde(skip_serializing_if = "Option::is_none")]
    repeat: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    warmup: Option<u32>,
    verdict: Verdict,
    params: Pairs<'a>,
    metrics: Metrics<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    known: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<&'a str>,
    #[serde(skip_serializing_if = "<[Quote]>::is_empty")]
    quotes: &'a [Quote],
    #[serde(skip_serializing_if = "Option::is_none")]
    cause: Option<&'a TaskKey>,
    #[serde(skip_serializing_if = "Option::is_none")]
    exit: Option<Exit>,
    #[serde(skip_serializing_if = "Option::is_none")]
    started: Option<Timestamp>,
    usage: Usage,
    #[serde(skip_serializing_if = "Option::is_none")]
    cost: Option<&'a Spent>,
    attempts: usize,
    #[serde(skip_serializing_if = "<[Try]>::is_empty")]
    tries: &'a [Try],
    #[serde(skip_serializing_if = "Vec::is_empty")]
    rows: Vec<JsonRow<'a>>,
    #[serde(skip_serializing_if = "<[OutputFile]>::is_empty")]
    outputs: &'a [OutputFile],
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    command: &'a [String],
    #[serde(skip_serializing_if = "Option::is_none")]
    folder: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    origin: Option<&'a RunId>,
    worker: u32,
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    notes: &'a [String],
    cases: u64,
}

impl<'a> JsonTask<'a> {
    fn of(task: &'a TaskRecord, cost: Option<&'a Spent>) -> JsonTask<'a> {
        let TaskRecord {
            task,
            params,
            verdict,
            known,
            message,
            quotes,
            cause,
            exit,
            started,
            usage,
            tries,
            metrics,
            rows,
            outputs,
            command,
            folder,
            origin,
            worker,
            notes,
            cases,
        } = task;
        let (repeat, warmup) = match task.repeat {
            None => (None, None),
            Some(Repeat::Measured(round)) => (Some(round), None),
            Some(Repeat::Warmup(round)) => (None, Some(round)),
        };
        // What never started has no attempt.
        let attempts = tries.len() + usize::from(started.is_some() && *verdict != Verdict::Skipped);
        JsonTask {
            stage: &task.stage,
            point: &task.point,
            repeat,
            warmup,
            verdict: *verdict,
            params: Pairs(params),
            metrics: Metrics(metrics),
            known: known.as_deref(),
            message: message.as_deref(),
            quotes,
            cause: cause.as_ref(),
            exit: *exit,
            started: *started,
            usage: *usage,
            cost,
            attempts,
            tries,
            rows: rows.iter().map(JsonRow::of).collect(),
            outputs,
            command,
            folder: folder.as_deref(),
            origin: origin.as_ref(),
            worker: *worker,
            notes,
            cases: *cases,
        }
    }
}

#[derive(Serialize)]
struct JsonCase<'a> {
    name: &'a PointName,
    verdict: Verdict,
    known: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    worst: Option<&'a TaskKey>,
    #[serde(skip_serializing_if = "Option::is_none")]
    cost: Option<&'a Spent>,
    params: Pairs<'a>,
}

impl<'a> JsonCase<'a> {
    fn of(case: &'a CaseRecord, cost: Option<&'a Spent>) -> JsonCase<'a> {
        let CaseRecord { name, params, verdict, known, worst } = case;
        JsonCase { name, verdict: *verdict, known: *known, worst: worst.as_ref(), cost, params: Pairs(params) }
    }
}

#[derive(Serialize)]
struct JsonBucket<'a> {
    verdict: Verdict,
    stage: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    known: Option<&'a str>,
    pattern: &'a str,
    example: &'a str,
    cases: u64,
    tasks: &'a [TaskKey],
}

impl JsonBucket<'_> {
    fn of(bucket: &Bucket) -> JsonBucket<'_> {
        let Bucket { verdict, stage, known, pattern, example, tasks, cases } = bucket;
        JsonBucket { verdict: *verdict, stage, known: known.as_deref(), pattern, example, cases: *cases, tasks }
    }
}

#[derive(Serialize)]
struct JsonAxis<'a> {
    param: &'a str,
    unit: Option<&'a str>,
    values: &'a [Scalar],
}

impl JsonAxis<'_> {
    fn of(axis: &GridAxis) -> JsonAxis<'_> {
        let GridAxis { param, unit, values } = axis;
        JsonAxis { param, unit: unit.as_deref(), values }
    }
}

#[derive(Serialize)]
struct JsonPlot<'a> {
    pass: &'a str,
    fixed: Pairs<'a>,
    x: JsonAxis<'a>,
    y: JsonAxis<'a>,
    /// Rows from the bottom; each cell is the numbers that pass, fail and were not measured.
    cells: Vec<Vec<[u32; 3]>>,
}

impl JsonPlot<'_> {
    fn of(grid: &ShmooGrid) -> JsonPlot<'_> {
        let ShmooGrid { pass, x, y, fixed, cells } = grid;
        let row = |row: &Vec<super::GridCell>| row.iter().map(|cell| [cell.pass, cell.fail, cell.unknown]).collect();
        JsonPlot {
            pass,
            fixed: Pairs(fixed),
            x: JsonAxis::of(x),
            y: JsonAxis::of(y),
            cells: cells.iter().map(row).collect(),
        }
    }
}

#[derive(Serialize)]
struct JsonDiff<'a> {
    base: &'a RunId,
    pass: &'a str,
    fixed: Pairs<'a>,
    x: JsonAxis<'a>,
    y: JsonAxis<'a>,
    /// Rows from the bottom; each cell is the numbers that broke, were mended, still pass, still fail and
    /// are not known.
    cells: Vec<Vec<[u32; 5]>>,
}

impl JsonDiff<'_> {
    fn of(diff: &ShmooDiff) -> JsonDiff<'_> {
        let ShmooDiff { base, pass, x, y, fixed, cells } = diff;
        let cell = |cell: &super::DiffCell| [cell.broke, cell.mended, cell.pass, cell.fail, cell.unknown];
        JsonDiff {
            base,
            pass,
            fixed: Pairs(fixed),
            x: JsonAxis::of(x),
            y: JsonAxis::of(y),
            cells: cells.iter().map(|row| row.iter().map(cell).collect()).collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::sample;

    fn written(report: &Report) -> String {
        let mut out = Vec::new();
        json(report, &mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn a_report() {
        insta::assert_snapshot!("report.json", written(&sample::red()));
    }

    #[test]
    fn keys_and_counts() {
        let report = sample::red();
        let read: serde_json::Value = serde_json::from_str(&written(&report)).unwrap();
        let keys: Vec<&str> = read.as_object().unwrap().keys().map(String::as_str).collect();
        assert_eq!(
            keys,
            [
                "version",
                "run",
                "totals",
                "costs",
                "tasks",
                "cases",
                "goldens",
                "comparison",
                "other_comparisons",
                "buckets",
                "exit_codes",
                "known_failures",
                "models",
                "plots",
                "plot_diffs",
                "warnings",
                "machines"
            ]
        );
        assert_eq!(read["tasks"].as_array().unwrap().len(), report.tasks.len());
        assert_eq!(read["cases"][0]["name"], "inv5_v0.6_nsch");
        assert_eq!(read["tasks"][8]["stage"], "run_simulations");
        assert_eq!(read["tasks"][8]["metrics"]["freq"]["unit"], "Hz");
        assert_eq!(read["totals"]["tasks"]["total"], report.tasks.len());
        assert!(serde_json::from_str::<serde_json::Value>(&written(&sample::green())).unwrap()["comparison"].is_null());
    }

    #[test]
    fn hostile_text_stays_text() {
        for text in sample::HOSTILE {
            let read: serde_json::Value = serde_json::from_str(&written(&sample::hostile(text))).unwrap();
            assert_eq!(read["tasks"][0]["message"], text);
        }
    }
}
