//! The cases as data for the page's script: compact rows, every text harmless already.
//!
//! `{"params":[[NAME,UNIT]],"metrics":[[STAGE,NAME,UNIT]],"verdicts":[...],"left_out":N,"run":...,
//! "repro":...,"tasks":[...],"cases":[[NAME,VERDICT,KNOWN,TASK,[PARAMS],[METRICS],
//! {"quoted","reasons"}?]]}`. A verdict is its number in `verdicts`; TASK is the number of the task to
//! blame in `tasks`, or -1; `quoted` is the name for a shell, if that differs; `reasons` is what tasks
//! that report cases said of this one.

use crate::ledger::{MeasuredValue, Verdict};
use crate::record::{CaseRecord, MetricRow, TaskRecord};
use crate::report::Report;
use crate::report::bucket::reason;
use crate::report::command::{around_repro, around_run, quote};
use crate::report::inert::{line, short};
use crate::report::join::{PointIndex, names};
use crate::report::selection::folder_of;
use crate::value::{QuickMap, Scalar, TaskKey};
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::io::{self, Write};

/// Cases that the page holds; those that did not pass come first if there are more.
const CASES: usize = 50_000;
/// Bytes of quotes that the page holds beside the cases.
const QUOTES: usize = 2_000_000;

/// Writes the data as a script element that nothing in it can end.
pub(super) fn write(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    write!(out, r#"<script type="application/json" id="data">"#)?;
    let mut inert = Inert { out };
    serde_json::to_writer(&mut inert, &Data::of(report))?;
    writeln!(out, "</script>")
}

/// Escapes `<`, which can only be inside of strings there, so that neither `</script>` nor `<!--` occurs.
pub(super) struct Inert<'a> {
    pub(super) out: &'a mut dyn Write,
}

impl Write for Inert<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut rest = bytes;
        while let Some(at) = rest.iter().position(|byte| *byte == b'<') {
            self.out.write_all(&rest[..at])?;
            self.out.write_all(b"\\u003c")?;
            rest = &rest[at + 1..];
        }
        self.out.write_all(rest)?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

#[derive(Serialize)]
struct Data {
    params: Vec<(String, String)>,
    metrics: Vec<(String, String, String)>,
    verdicts: [&'static str; 6],
    left_out: usize,
    /// What stands before and after the name in the commands; none without a suite file.
    run: Option<(String, String)>,
    repro: Option<(String, String)>,
    tasks: Vec<Task>,
    cases: Vec<Case>,
}

#[derive(Serialize)]
struct Task {
    key: String,
    verdict: usize,
    #[serde(skip_serializing_if = "String::is_empty")]
    message: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    quotes: Vec<(String, String)>,
    /// The number of the task to blame.
    #[serde(skip_serializing_if = "Option::is_none")]
    cause: Option<usize>,
    #[serde(skip_serializing_if = "String::is_empty")]
    known: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    folder: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    log: Option<usize>,
}

#[derive(Serialize)]
struct Case(
    String,
    usize,
    u8,
    i64,
    Vec<Cell>,
    Vec<Cell>,
    #[serde(skip_serializing_if = "Option::is_none")] Option<Extra>,
);

/// What few cases have.
#[derive(Serialize)]
struct Extra {
    #[serde(skip_serializing_if = "Option::is_none")]
    quoted: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    reasons: Vec<String>,
}

/// A value of a column.
#[derive(Clone, Serialize)]
#[serde(untagged)]
pub(super) enum Cell {
    None,
    Number(f64),
    Text(String),
}

impl Data {
    fn of(report: &Report) -> Data {
        let params = params(report);
        let (metrics, columns) = metrics(report);
        let index = PointIndex::new(report.metrics.iter().map(|row| (row.stage.as_str(), row.params.as_slice())));
        let cases = chosen(report);
        let (tasks, places) = tasks(report, &cases);
        let units: HashMap<&str, &str> =
            report.run.params.iter().filter_map(|param| Some((param.name.as_str(), param.unit.as_deref()?))).collect();
        let shown = |(before, after): (String, String)| (line(&before).into_owned(), line(&after).into_owned());
        let reported = reported(report);
        let rows = cases.iter().map(|case| {
            let mut values = vec![Cell::None; columns.len()];
            for row in index.of_case(case) {
                let row = &report.metrics[row];
                let column = columns[&column_of(row)];
                values[column] = cell_of(&row.value);
            }
            let name = line(case.name.as_str()).into_owned();
            let quoted = quote(case.name.as_str());
            let quoted = (quoted != name).then(|| line(&quoted).into_owned());
            let reasons = reported.get(case.name.as_str()).cloned().unwrap_or_default();
            let extra = (quoted.is_some() || !reasons.is_empty()).then_some(Extra { quoted, reasons });
            let blame = case.worst.as_ref().and_then(|worst| places.get(worst)).map_or(-1, |place| *place as i64);
            let own = |name: &&str| {
                case.params.iter().find(|(param, _)| param == name).map_or(Cell::None, |(_, value)| cell(value))
            };
            Case(
                name,
                number(case.verdict),
                u8::from(case.known),
                blame,
                params.iter().map(own).collect(),
                values,
                extra,
            )
        });
        // What came from another program has none.
        let has_suite_file = !report.run.suite_file.is_empty();
        Data {
            cases: rows.collect(),
            params: params.iter().map(|name| (short(name, 80), short(units.get(name).unwrap_or(&""), 40))).collect(),
            metrics,
            verdicts: Verdict::ALL.map(Verdict::word),
            left_out: report.cases.len() - cases.len(),
            run: has_suite_file.then(|| shown(around_run(&report.run))),
            repro: has_suite_file.then(|| shown(around_repro(&report.run))),
            tasks,
        }
    }
}

/// Returns why cases that a task reported (`rows`) did not pass, by case.
fn reported(report: &Report) -> HashMap<&str, Vec<String>> {
    let mut reasons: HashMap<&str, Vec<String>> = HashMap::new();
    for task in &report.tasks {
        for row in task.rows.iter().filter(|row| row.verdict != Verdict::Pass) {
            let message = row.message.as_deref().unwrap_or("no message");
            let reason = short(&format!("{} {}: {message}", task.task, row.verdict), 500);
            reasons.entry(row.case.as_str()).or_default().push(reason);
        }
    }
    reasons
}

fn number(verdict: Verdict) -> usize {
    Verdict::ALL.iter().position(|other| *other == verdict).unwrap_or(0)
}

/// Returns a measured value for the page.
pub(super) fn cell_of(value: &MeasuredValue) -> Cell {
    match value {
        MeasuredValue::Number(value) => Cell::Number(*value),
        MeasuredValue::Text(text) => Cell::Text(short(text, 200)),
    }
}

fn cell(value: &Scalar) -> Cell {
    match value {
        Scalar::Number(number) => Cell::Number(number.to_f64()),
        Scalar::Bool(value) => Cell::Text(value.to_string()),
        Scalar::Text(text) => Cell::Text(short(text, 200)),
    }
}

/// Returns the cases that the page holds, in plan order unless there are too many.
fn chosen(report: &Report) -> Vec<&CaseRecord> {
    let mut cases: Vec<&CaseRecord> = report.cases.iter().collect();
    if cases.len() > CASES {
        cases.sort_by_key(|case| case.verdict == Verdict::Pass);
        cases.truncate(CASES);
    }
    cases
}

/// Returns the parameters of the cases, in the order of the suite, unknown ones last.
fn params(report: &Report) -> Vec<&str> {
    let used = names(report.cases.iter().map(|case| case.params.as_slice()));
    let mut params: Vec<&str> =
        report.run.params.iter().map(|param| param.name.as_str()).filter(|name| used.contains(name)).collect();
    params.extend(used.iter().filter(|name| !report.run.params.iter().any(|param| param.name == **name)));
    params
}

type Columns<'a> = QuickMap<Column<'a>, usize>;

/// Stage, metric and unit: benchmarks of other programs have a unit each.
type Column<'a> = (&'a str, &'a str, Option<&'a str>);

fn column_of(row: &MetricRow) -> Column<'_> {
    (row.stage.as_str(), row.metric.as_str(), row.unit.as_deref())
}

/// Returns the metrics in the order in which they first come, and the column of each.
fn metrics(report: &Report) -> (Vec<(String, String, String)>, Columns<'_>) {
    let mut metrics = Vec::new();
    let mut columns = Columns::default();
    for row in &report.metrics {
        columns.entry(column_of(row)).or_insert_with(|| {
            let unit = short(row.unit.as_deref().unwrap_or(""), 40);
            metrics.push((short(row.stage.as_str(), 80), short(row.metric.as_str(), 80), unit));
            metrics.len() - 1
        });
    }
    (metrics, columns)
}

/// Returns the tasks that some case blames, their causes behind them, and the place of each.
fn tasks<'a>(report: &'a Report, cases: &[&'a CaseRecord]) -> (Vec<Task>, HashMap<&'a TaskKey, usize>) {
    let blamed: BTreeSet<&TaskKey> = cases.iter().filter_map(|case| case.worst.as_ref()).collect();
    let records: HashMap<&TaskKey, &TaskRecord> =
        report.tasks.iter().filter(|task| task.verdict != Verdict::Pass).map(|task| (&task.task, task)).collect();
    let mut wanted: Vec<&TaskRecord> = Vec::new();
    let mut places: HashMap<&TaskKey, usize> = HashMap::new();
    for key in blamed {
        // The cause of a skipped task may be skipped itself.
        let mut next = Some(key);
        while let Some(key) = next {
            if places.contains_key(key) {
                break;
            }
            let Some(record) = records.get(key) else { break };
            places.insert(&record.task, wanted.len());
            wanted.push(record);
            next = record.cause.as_ref();
        }
    }
    let mut logs: BTreeMap<&TaskKey, usize> = BTreeMap::new();
    for (place, log) in report.logs.iter().enumerate() {
        logs.entry(&log.task).or_insert(place);
    }
    let mut room = QUOTES;
    let tasks = wanted
        .into_iter()
        .map(|record| {
            let mut quotes = Vec::new();
            for quote in record.quotes.iter().take(4) {
                let place = quote
                    .line
                    .map_or_else(|| short(&quote.file, 120), |line| format!("{}:{line}", short(&quote.file, 120)));
                let text = short(&quote.text, 300);
                if room > text.len() {
                    room -= text.len();
                    quotes.push((place, text));
                }
            }
            Task {
                key: line(&record.task.to_string()).into_owned(),
                verdict: number(record.verdict),
                message: short(&reason(record), 500),
                quotes,
                cause: record.cause.as_ref().and_then(|cause| places.get(cause).copied()),
                known: short(record.known.as_deref().unwrap_or(""), 300),
                folder: folder_of(report, record).map_or_else(String::new, |folder| line(&folder).into_owned()),
                log: logs.get(&record.task).copied(),
            }
        })
        .collect();
    (tasks, places)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::sample;
    use crate::value::PointName;

    fn read(report: &Report) -> serde_json::Value {
        let mut out = Vec::new();
        write(report, &mut out).unwrap();
        let text = String::from_utf8(out).unwrap();
        let json = text.strip_prefix(r#"<script type="application/json" id="data">"#).unwrap();
        serde_json::from_str(json.trim_end().strip_suffix("</script>").unwrap()).unwrap()
    }

    #[test]
    fn cases_carry_their_metrics_and_their_blame() {
        let data = read(&sample::red());
        assert_eq!(data["params"], serde_json::json!([["inverters", ""], ["vdd", "V"], ["netlist", ""]]));
        assert_eq!(data["cases"].as_array().unwrap().len(), 12);
        let case = &data["cases"][2];
        assert_eq!(case[0], "inv5_v1.8_nsch");
        assert_eq!(case[4], serde_json::json!([5.0, 1.8, "sch"]));
        assert_eq!(case[5][0], 1.25e9 * 1.8 * 1.8 / 5.0);
        let blamed = &data["tasks"][case[3].as_u64().unwrap() as usize];
        assert_eq!(blamed["key"], "check_drc/inv5");
        assert_eq!(blamed["quotes"][0][0], "drc.rpt:3");
        assert_eq!(blamed["log"], 1);
    }

    #[test]
    fn a_value_stands_under_its_own_unit() {
        let mut report = sample::red();
        let before = read(&report)["metrics"].as_array().unwrap().len();
        report.metrics[0].unit = Some("allocs/op".to_owned());
        let data = read(&report);
        let units: Vec<&serde_json::Value> =
            data["metrics"].as_array().unwrap().iter().map(|metric| &metric[2]).collect();
        assert!(units.len() == before + 1 && units[0] == "allocs/op", "{units:?}");
        report.run.suite_file.clear();
        let data = read(&report);
        assert!(data["run"].is_null() && data["repro"].is_null(), "without a suite file nothing can be run again");
    }

    #[test]
    fn what_a_task_reports_of_a_case_stands_beside_it() {
        let mut report = sample::red();
        let bench = report.tasks.last_mut().unwrap();
        bench.rows[0].verdict = Verdict::Fail;
        bench.rows[0].message = Some("latency is 2 us".into());
        report.cases[1].name = PointName::new("my case");
        let data = read(&report);
        assert_eq!(data["cases"][8][0], "inv7_v1.8_nsch");
        assert_eq!(data["cases"][8][6]["reasons"], serde_json::json!(["bench/all fail: latency is 2 us"]));
        assert_eq!(data["cases"][1][6], serde_json::json!({"quoted": "'my case'"}));
        assert!(data["cases"][0].get(6).is_none());
    }

    #[test]
    fn too_many_cases_keep_the_failed_ones() {
        let mut report = sample::many(60_000);
        report.cases[59_999].verdict = Verdict::Error;
        let data = read(&report);
        assert_eq!(data["left_out"], 10_000);
        assert_eq!(data["cases"].as_array().unwrap().len(), CASES);
        let failed = data["cases"].as_array().unwrap().iter().filter(|case| case[1] != 0).count();
        assert_eq!(failed, 601);
    }
}
