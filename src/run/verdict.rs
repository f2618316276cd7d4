//! From what a process left behind to its verdict.
//!
//! The order is that of the suite's rules: the limit; the exit status; missing or empty outputs;
//! evidence and metrics that are not there; expectations that are not met; else a pass.

use super::context::Setting;
use super::inputs::chain;
use super::process::{Ended, Killed};
use crate::check::{Bound, Judged, MetricInput, RowCase, RowKey, RowsInput, judge, judge_rows};
use crate::evidence::{self, Evidence, EvidenceError, Input};
use crate::expr::{Expr, Operand};
use crate::ledger::{Exit, Measured, MeasuredValue, OutputFile, Quote, RowResult, Verdict};
use crate::outside::files;
use crate::plan::{Plan, ResolvedEvidence, ResolvedTask, Scope};
use crate::suite::{Computed, ExitRule};
use crate::value::{Decimal, Problem, Scalar, Span, Value, show_duration};
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Follows the stream's name in the note about output that was cut.
pub(super) const WAS_CUT: &str = " was cut: it wrote ";

/// Lines of a log that are quoted when a process ends badly.
const LAST_LINES: usize = 5;

/// What an attempt came to.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Outcome {
    pub(super) verdict: Verdict,
    pub(super) message: Option<String>,
    pub(super) quotes: Vec<Quote>,
    pub(super) exit: Option<Exit>,
    pub(super) metrics: Vec<Measured>,
    pub(super) rows: Vec<RowResult>,
    pub(super) outputs: Vec<OutputFile>,
    /// Metrics whose expectation is missed.
    pub(super) unmet: Vec<usize>,
    pub(super) notes: Vec<String>,
}

impl Outcome {
    /// Returns a pass with nothing in it.
    pub(super) fn pass() -> Outcome {
        Outcome {
            verdict: Verdict::Pass,
            message: None,
            quotes: Vec::new(),
            exit: None,
            metrics: Vec::new(),
            rows: Vec::new(),
            outputs: Vec::new(),
            unmet: Vec::new(),
            notes: Vec::new(),
        }
    }

    fn bad(self, verdict: Verdict, message: String, quotes: Vec<Quote>) -> Outcome {
        Outcome { verdict, message: Some(message), quotes, ..self }
    }
}

/// What an attempt is judged by, besides what it left.
#[derive(Clone, Copy)]
pub(super) struct Rules<'a> {
    /// The plan, whose suite says what is expected.
    pub(super) plan: &'a Plan,
    /// Time limit of an attempt whose stage says none.
    pub(super) timeout: Duration,
    /// Bytes kept of each output stream.
    pub(super) output_limit: u64,
}

impl<'a> Rules<'a> {
    pub(super) fn of(plan: &'a Plan, setting: &Setting) -> Rules<'a> {
        Rules { plan, timeout: setting.timeout, output_limit: setting.output_limit }
    }
}

/// Judges an attempt whose process has ended.
pub(super) fn judge_attempt(
    rules: Rules<'_>,
    task: &ResolvedTask,
    folder: &Path,
    streams: &[PathBuf; 2],
    ended: &Ended,
    attempts: u32,
    set: &BTreeMap<String, Value>,
) -> Outcome {
    let stage = &rules.plan.suite.stages[task.stage];
    let mut outcome = Outcome { exit: Some(ended.exit), ..Outcome::pass() };
    for (stream, bytes) in &ended.cut {
        outcome.notes.push(format!("{stream}{WAS_CUT}{bytes} bytes, `output_limit` is {}", rules.output_limit));
    }
    outcome.notes.extend(stray_notes(ended));
    // Not followed: a link in its place leads to files of somebody else.
    if !fs::symlink_metadata(folder).is_ok_and(|metadata| metadata.is_dir()) {
        let message = "it deleted its own folder".to_owned();
        return outcome.bad(Verdict::Error, message, last_lines(streams));
    }
    // Outputs first: whatever the verdict, what is there is kept with its digest.
    let evidence_files = task.evidence.iter().filter_map(|evidence| evidence_file(evidence).map(str::to_owned));
    let mut declared = task.outputs.clone();
    let optional: Vec<String> =
        evidence_files.chain(task.rows_csv.clone()).filter(|file| !declared.contains(file)).collect();
    let outputs = match files::hash_outputs(folder, &declared) {
        Ok(outputs) => outputs,
        Err(error) => return outcome.bad(Verdict::Error, chain(&error), Vec::new()),
    };
    outcome.outputs = outputs.files.clone();
    // Files that cannot be read safely: a pipe would be waited for, a link may lead anywhere.
    let mut unusable = BTreeMap::new();
    for file in optional {
        declared = vec![file.clone()];
        match files::hash_outputs(folder, &declared) {
            Ok(found) => outcome.outputs.extend(found.files),
            Err(error) => {
                unusable.insert(file, chain(&error));
            }
        }
    }
    outcome.outputs.sort_by(|a, b| a.path.cmp(&b.path));
    outcome.outputs.dedup();

    if ended.killed == Some(Killed::Timeout) {
        let limit = task.timeout.unwrap_or(rules.timeout).as_secs_f64();
        let message = format!("it was killed at its limit of {}", show_duration(limit));
        return outcome.bad(Verdict::Timeout, message, last_lines(streams));
    }
    let allowed = match (&stage.exit, ended.exit) {
        (ExitRule::Any, Exit::Code(_)) => true,
        (ExitRule::Codes(codes), Exit::Code(code)) => codes.contains(&code),
        (_, Exit::Signal(_)) => false,
    };
    if !allowed {
        let message = match ended.exit {
            Exit::Code(127) if matches!(stage.command, crate::suite::Command::Shell(_)) => {
                "exit code 127: a program in its `shell` was not found".to_owned()
            }
            exit => format!("it ended with {exit}"),
        };
        return outcome.bad(Verdict::Error, message, last_lines(streams));
    }
    if let Some(missing) = outputs.missing.first() {
        let message = format!("its output `{missing}` is missing{}", more(outputs.missing.len()));
        return outcome.bad(Verdict::Error, message, last_lines(streams));
    }
    if let Some(empty) = outputs.empty.first() {
        let message = format!("its output `{empty}` is empty{}", more(outputs.empty.len()));
        return outcome.bad(Verdict::Error, message, last_lines(streams));
    }
    if let Some((file, reason)) = unusable.into_iter().next() {
        let message = format!("its evidence `{file}` cannot be used: {reason}");
        return outcome.bad(Verdict::Error, message, last_lines(streams));
    }
    judge_evidence(rules, task, folder, streams, ended, attempts, set, outcome)
}

fn stray_notes(ended: &Ended) -> Vec<String> {
    let mut notes = Vec::new();
    if ended.strays.own > 0 {
        notes.push("it left a process behind, which was ended".to_owned());
    }
    if ended.strays.unclaimed > 0 {
        let whose = "which does not tell whether it was this task's or another one's";
        notes.push(format!("a process was left behind and ended, {whose}"));
    }
    if ended.held {
        notes.push("something that it left behind keeps its output open".to_owned());
    }
    notes
}

fn more(count: usize) -> String {
    if count > 1 { format!(" (and {} more)", count - 1) } else { String::new() }
}

#[expect(clippy::too_many_arguments, reason = "the second half of `judge_attempt`, split for reading")]
fn judge_evidence(
    rules: Rules<'_>,
    task: &ResolvedTask,
    folder: &Path,
    streams: &[PathBuf; 2],
    ended: &Ended,
    attempts: u32,
    set: &BTreeMap<String, Value>,
    outcome: Outcome,
) -> Outcome {
    let stage = &rules.plan.suite.stages[task.stage];
    let cut = |file: &str| ended.cut.iter().any(|(stream, _)| *stream == file);
    if let Some(file) = task.evidence.iter().filter_map(|evidence| evidence.file.as_deref()).find(|file| cut(file)) {
        let message = format!("its evidence is {file}, which is longer than `output_limit` and was cut");
        return outcome.bad(Verdict::Error, message, Vec::new());
    }
    let reports: Vec<(String, Result<Evidence, EvidenceError>)> = match task
        .evidence
        .iter()
        .map(|evidence| read_evidence(evidence, folder, streams).map(|report| (shown_name(evidence), report)))
        .collect()
    {
        Ok(reports) => reports,
        Err(message) => return outcome.bad(Verdict::Error, message, last_lines(streams)),
    };
    let names = |name: &str| match name {
        "wall" => Some(Operand::Number(ended.usage.wall)),
        "cpu" => Some(Operand::Number(ended.usage.cpu)),
        "max_rss" => Some(Operand::Number(ended.usage.max_rss as f64)),
        "attempts" => Some(Operand::Number(f64::from(attempts))),
        _ => value_of(task, name),
    };
    let bounds = match bounds(rules.plan, task, set) {
        Ok(bounds) => bounds,
        Err(problem) => return outcome.bad(Verdict::Error, problem.message, Vec::new()),
    };
    let inputs = || -> Vec<MetricInput<'_>> {
        stage
            .metrics
            .iter()
            .zip(&bounds)
            .map(|(metric, bounds)| {
                let expected = metric.expect.iter().zip(bounds).map(|(expect, bound)| (expect.operator, bound.clone()));
                MetricInput { metric, expected: expected.collect() }
            })
            .collect()
    };
    let Some(rows) = &stage.rows else {
        let Judged { verdict, message, quotes, metrics, unmet } = judge(&reports, &inputs(), &names);
        return Outcome { verdict, message, quotes, metrics, unmet, ..outcome };
    };
    // Evidence beside a table proves the run as a whole; the metrics are the rows'.
    let whole = judge(&reports, &[], &names);
    if whole.verdict != Verdict::Pass {
        return Outcome { verdict: whole.verdict, message: whole.message, quotes: whole.quotes, ..outcome };
    }
    let file = task.rows_csv.clone().unwrap_or_default();
    let bytes = match fs::read(folder.join(&file)) {
        Ok(bytes) => bytes,
        Err(error) => {
            let message = format!("its table `{file}` cannot be read: {error}");
            return outcome.bad(Verdict::Error, message, last_lines(streams));
        }
    };
    let plan = rules.plan;
    let schema = plan.suite.schema.params();
    let (stage_index, point, _) = plan.locate(task.id);
    let cases: Vec<RowCase> = plan
        .cases_of(stage_index, point)
        .into_iter()
        .map(|case| RowCase {
            name: plan.case_name(case),
            params: (0..schema.len())
                .filter_map(|param| Some((schema[param].name.clone(), plan.cases.value(case, param)?.clone())))
                .collect(),
        })
        .collect();
    let keys: Vec<RowKey> = rows
        .keys
        .iter()
        .map(|(param, columns)| RowKey { param: schema[*param].name.clone(), columns: columns.clone() })
        .collect();
    let input = RowsInput { file: &file, bytes: &bytes, keys: &keys, fields: &rows.fields, cases: &cases };
    let case_names = |index: usize, name: &str| {
        let params = &cases[index].params;
        params.iter().find(|(known, _)| known == name).map(|(_, value)| Operand::from(value)).or_else(|| names(name))
    };
    let judged = judge_rows(&input, &|_| inputs(), &case_names);
    let notes = outcome.notes.iter().cloned().chain(judged.notes).collect();
    let (verdict, message) = (judged.verdict, judged.message);
    Outcome { verdict, message, rows: judged.rows, unmet: judged.unmet, notes, ..outcome }
}

/// Returns the right sides of all expectations of a task.
fn bounds<'a>(
    plan: &'a Plan,
    task: &ResolvedTask,
    set: &BTreeMap<String, Value>,
) -> Result<Vec<Vec<Bound<'a>>>, Problem> {
    let stage = &plan.suite.stages[task.stage];
    let mut all = Vec::new();
    for metric in &stage.metrics {
        let mut bounds = Vec::new();
        for expect in &metric.expect {
            bounds.push(match &expect.value {
                Computed::Expr(expr) => Bound::Expr(expr),
                other => Bound::Value(crate::plan::stage_scope_value(plan, task.id, set, &mut |scope| {
                    scope.computed(other, expect.span)
                })?),
            });
        }
        all.push(bounds);
    }
    Ok(all)
}

/// Returns the value of a parameter or `let` of a task.
fn value_of(task: &ResolvedTask, name: &str) -> Option<Operand> {
    let param = task.params.iter().find(|(known, _)| known == name).map(|(_, value)| Operand::from(value));
    param.or_else(|| match task.lets.get(name)? {
        Value::Scalar(scalar) => Some(Operand::from(scalar)),
        Value::List(items) => Some(match items.iter().map(Scalar::number).collect::<Option<Vec<_>>>() {
            Some(numbers) => Operand::List(numbers.into_iter().map(Decimal::to_f64).collect()),
            None => Operand::Words(items.iter().map(ToString::to_string).collect()),
        }),
    })
}

/// Returns a metric's value for expressions.
pub(super) fn operand(value: &MeasuredValue) -> Option<Operand> {
    match value {
        MeasuredValue::Number(number) => Some(Operand::Number(*number)),
        MeasuredValue::Text(text) => Some(Operand::Text(text.clone())),
    }
}

/// Computes an expression that names metrics, in doubles.
pub(super) fn compute_with_metrics(
    scope: &Scope<'_>,
    expr: &Expr,
    span: Span,
    metric: &dyn Fn(&str) -> Option<Operand>,
) -> Result<Value, Problem> {
    let names: Vec<String> = expr.names().iter().map(|name| name.name.to_owned()).collect();
    let mut values = Vec::with_capacity(names.len());
    for name in &names {
        values.push(match metric(name) {
            Some(value) => Some(value),
            None => match scope.lookup(name)? {
                Some(Value::Scalar(scalar)) => Some(Operand::from(&scalar)),
                _ => None,
            },
        });
    }
    let problem = |message: String| Problem::at(span, message);
    let program = expr.compile(&names).map_err(|error| problem(error.to_string()))?;
    let number = program
        .eval_number(|slot: usize| values[slot].as_ref().map(Operand::borrowed))
        .map_err(|error| problem(error.to_string()))?;
    Decimal::from_f64(number)
        .map(|number| Value::Scalar(Scalar::Number(number)))
        .ok_or_else(|| problem(format!("`{}` is {number}", expr.text())))
}

fn evidence_file(evidence: &ResolvedEvidence) -> Option<&str> {
    evidence.file.as_deref().filter(|file| *file != "stdout" && *file != "stderr")
}

fn shown_name(evidence: &ResolvedEvidence) -> String {
    evidence.file.clone().unwrap_or_else(|| "exit".to_owned())
}

/// Reads and parses a report; an error is a message: the report is not there.
fn read_evidence(
    evidence: &ResolvedEvidence,
    folder: &Path,
    streams: &[PathBuf; 2],
) -> Result<Result<Evidence, EvidenceError>, String> {
    let locate = |file: &str| match file {
        "stdout" => streams[0].clone(),
        "stderr" => streams[1].clone(),
        file => folder.join(file),
    };
    let Some(file) = &evidence.file else {
        let input = Input { bytes: &[], companions: &[], fields: &evidence.fields };
        return Ok(evidence::parse(evidence.parser, &input));
    };
    let bytes = match fs::read(locate(file)) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            return Err(format!("its evidence `{file}` is missing"));
        }
        Err(error) => return Err(format!("its evidence `{file}` cannot be read: {error}")),
    };
    let mut companions = Vec::new();
    for companion in evidence.parser.companions(file) {
        let path = locate(&companion.file);
        // Pipes would be waited for.
        let is_special = fs::metadata(&path).is_ok_and(|metadata| !metadata.is_file());
        let read = if is_special { Err(std::io::ErrorKind::InvalidInput.into()) } else { fs::read(path) };
        match read {
            Ok(bytes) => companions.push((companion.file, bytes)),
            Err(_) if companion.required => {
                return Err(format!("`{}`, which belongs to `{file}`, is missing", companion.file));
            }
            Err(_) => {}
        }
    }
    let companions: Vec<(&str, &[u8])> =
        companions.iter().map(|(name, bytes)| (name.as_str(), bytes.as_slice())).collect();
    Ok(evidence::parse(evidence.parser, &Input { bytes: &bytes, companions: &companions, fields: &evidence.fields }))
}

/// Returns the last lines of stderr, or of stdout if that is empty.
fn last_lines(streams: &[PathBuf; 2]) -> Vec<Quote> {
    for (name, path) in [("stderr", &streams[1]), ("stdout", &streams[0])] {
        let Ok(bytes) = fs::read(path) else { continue };
        let start = bytes.len().saturating_sub(16 << 10);
        let before = bytes[..start].iter().filter(|&&byte| byte == b'\n').count();
        let text = String::from_utf8_lossy(&bytes[start..]);
        let lines = text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty());
        let mut last: Vec<Quote> = lines
            .map(|(index, line)| Quote {
                file: name.to_owned(),
                line: Some(before + index + 1),
                text: line.trim_end().chars().take(400).collect(),
            })
            .collect();
        if !last.is_empty() {
            return last.split_off(last.len().saturating_sub(LAST_LINES));
        }
    }
    Vec::new()
}
