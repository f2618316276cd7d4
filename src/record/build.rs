//! From a plan and its folded ledger to a record.

use super::costs::costs;
use super::{
    CaseRecord, MetricInfo, MetricRow, MinEffectWhere, ParamInfo, RECORD_FORMAT, RECORD_VERSION, RunInfo, RunRecord,
    SourceInfo, TaskRecord,
};
use crate::ledger::{Finished, Folded, Measured, MeasuredValue, TaskHistory, Usage, Verdict};
use crate::naming::Param;
use crate::plan::{Plan, TaskId};
use crate::suite::{Better, MinEffectRule, StageIndex};
use crate::value::{Digest, PointName, Prices, Repeat, RunId, Scalar, TaskKey, Timestamp, in_parts};
use std::collections::BTreeMap;
use std::sync::Arc;

/// What a record needs besides plan and ledger.
#[derive(Debug, Clone, PartialEq)]
pub struct RunFacts {
    /// Name of the run.
    pub id: RunId,
    /// The suite file as the user named it.
    pub suite_file: String,
    /// The plan's identity.
    pub plan: Digest,
    /// When the first writer started.
    pub started: Timestamp,
    /// When the last event was written.
    pub finished: Timestamp,
    /// Where the code came from.
    pub source: SourceInfo,
    /// Properties of the machine.
    pub machine: BTreeMap<String, String>,
    /// Digest of those that make measurements comparable.
    pub fingerprint: String,
    /// Version lines of tools.
    pub tools: BTreeMap<String, String>,
    /// Further arguments that the run was made with.
    pub options: Vec<String>,
    /// What machines cost, if the project says so.
    pub prices: Option<Prices>,
}

/// Returns the record of a run: a row for every planned task and case, whatever became of it.
pub fn build(plan: &Plan, folded: Folded, facts: RunFacts) -> RunRecord {
    let RunFacts {
        id,
        suite_file,
        plan: plan_id,
        started,
        finished,
        source,
        machine,
        fingerprint,
        tools,
        options,
        prices,
    } = facts;
    let Folded { tasks: mut histories, stopped, generation: _ } = folded;
    let keys = in_parts(plan.tasks().collect(), |(): &mut (), task| (task, plan.key(task)));
    let touched = keys.into_iter().map(|(task, key)| {
        let history = histories.remove(&key).unwrap_or_default();
        (task, key, history)
    });
    let tasks = in_parts(touched.collect(), |(): &mut (), (task, key, history)| task_record(plan, task, key, history));
    let verdicts: Vec<Verdict> = tasks.iter().map(|task| task.verdict).collect();
    // A task without a final state is lost too.
    let complete = !verdicts.contains(&Verdict::Lost);
    let cases = case_records(plan, &verdicts, &tasks);
    let metrics = metric_rows(plan, &tasks);
    let run = RunInfo {
        id,
        suite: plan.suite.name.clone(),
        suite_file,
        plan: plan_id,
        suite_digest: plan.suite.digest(),
        started,
        finished,
        shmoo: env!("CARGO_PKG_VERSION").to_owned(),
        complete,
        filter: crate::plan::Selection { profile: None, ..plan.selection.clone() }.arguments(),
        options,
        profile: plan.selection.profile.clone(),
        stopped,
        source,
        machine,
        fingerprint,
        tools,
        files: BTreeMap::new(),
        params: param_infos(plan),
        metric_infos: metric_infos(plan),
        models_skipped: false,
        archive: None,
        artifacts: Vec::new(),
    };
    let costs = Some(costs(plan, &run, &tasks, prices.as_ref()).0);
    RunRecord {
        format: RECORD_FORMAT.to_owned(),
        version: RECORD_VERSION,
        run,
        tasks,
        cases,
        metrics,
        models: Vec::new(),
        costs,
    }
}

pub(super) fn param_infos(plan: &Plan) -> Vec<ParamInfo> {
    let info = |param: &Param| ParamInfo {
        name: param.name.clone(),
        code: param.code.clone(),
        unit: param.unit.clone(),
        default: param.default.clone(),
    };
    plan.suite.schema.params().iter().map(info).collect()
}

pub(super) fn metric_infos(plan: &Plan) -> Vec<MetricInfo> {
    let mut infos = Vec::new();
    for (index, stage) in plan.suite.stages.iter().enumerate() {
        let stage_digest = plan.suite.stage_digest(index);
        infos.extend(stage.metrics.iter().map(|metric| MetricInfo {
            stage: stage.name.clone(),
            metric: metric.name.clone(),
            unit: metric.unit.clone(),
            better: metric.better.map(better_text),
            min_effect: metric.min_effect.map(|share| share.factor()),
            min_effect_rules: metric.min_effect_rules.iter().map(min_effect_where).collect(),
            stage_digest,
        }));
    }
    infos
}

pub(super) fn min_effect_where(rule: &MinEffectRule) -> MinEffectWhere {
    let MinEffectRule { condition, min_effect } = rule;
    MinEffectWhere { condition: condition.text().to_owned(), is: min_effect.factor() }
}

/// Returns the text of a direction: `higher`, `lower`, `exact`, `within [a, b]`.
pub fn better_text(better: Better) -> String {
    match better {
        Better::Higher => "higher".to_owned(),
        Better::Lower => "lower".to_owned(),
        Better::Exact => "exact".to_owned(),
        Better::Within(low, high) => format!("within [{low}, {high}]"),
    }
}

pub(super) fn named(plan: &Plan, params: Vec<(usize, Scalar)>) -> Vec<(String, Scalar)> {
    let schema = plan.suite.schema.params();
    params.into_iter().map(|(param, value)| (schema[param].name.clone(), value)).collect()
}

fn task_record(plan: &Plan, task: TaskId, key: TaskKey, history: TaskHistory) -> TaskRecord {
    let params = named(plan, plan.params(task));
    let (stage, point, _) = plan.locate(task);
    let cases = if plan.suite.stages[stage].per.len() == plan.suite.schema.len() {
        1
    } else {
        plan.cases_of(stage, point).len() as u64
    };
    let TaskHistory { started, finished, superseded: _, differing } = history;
    let Some(finished) = finished else {
        let message = match started {
            Some(attempt) => format!("attempt {attempt} was started and never ended"),
            None => "it was never started".to_owned(),
        };
        return TaskRecord {
            task: key,
            params,
            verdict: Verdict::Lost,
            known: None,
            message: Some(message),
            quotes: Vec::new(),
            cause: None,
            exit: None,
            started: None,
            usage: Usage::default(),
            tries: Vec::new(),
            metrics: Vec::new(),
            rows: Vec::new(),
            outputs: Vec::new(),
            command: Vec::new(),
            folder: None,
            origin: None,
            worker: 0,
            notes: Vec::new(),
            cases,
        };
    };
    let Finished {
        task: _,
        attempt: _,
        verdict,
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
        mut notes,
    } = Arc::unwrap_or_clone(finished);
    if differing {
        notes.push("not deterministic: another attempt left other outputs".to_owned());
    }
    TaskRecord {
        task: key,
        params,
        verdict,
        known: None,
        message,
        quotes,
        cause,
        exit,
        started: Some(started),
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
    }
}

pub(super) fn case_records(plan: &Plan, verdicts: &[Verdict], tasks: &[TaskRecord]) -> Vec<CaseRecord> {
    // What a `rows` task says of each case: better known than the task's own verdict.
    let mut reported: BTreeMap<(StageIndex, &PointName), Verdict> = BTreeMap::new();
    for task in plan.tasks().filter(|task| plan.suite.stages[plan.stage_of(*task)].rows.is_some()) {
        let record = &tasks[task.index()];
        if record.verdict.ran() || !record.rows.is_empty() {
            for row in &record.rows {
                // Of several repeats, the worst counts.
                let worst = reported.entry((plan.stage_of(task), &row.case)).or_insert(row.verdict);
                *worst = row.verdict.max(*worst);
            }
        }
    }
    in_parts((0..plan.cases.len()).collect(), |(): &mut (), case| {
        let name = plan.case_name(case);
        let mut worst: Option<(Verdict, TaskId)> = None;
        for stage in 0..plan.suite.stages.len() {
            let stage_tasks = plan.stage_tasks(stage);
            let Some(point) = stage_tasks.point(case) else { continue };
            for task in stage_tasks.tasks(point) {
                let verdict = reported.get(&(stage, &name)).copied().unwrap_or(verdicts[task.index()]);
                if worst.is_none_or(|(known, _)| verdict > known) {
                    worst = Some((verdict, task));
                }
            }
        }
        let params = (0..plan.cases.params())
            .filter_map(|param| Some((param, plan.cases.value(case, param)?.clone())))
            .collect();
        CaseRecord {
            name,
            params: named(plan, params),
            verdict: worst.map_or(Verdict::Skipped, |(verdict, _)| verdict),
            known: false,
            worst: worst.filter(|(verdict, _)| *verdict != Verdict::Pass).map(|(_, task)| plan.key(task)),
        }
    })
}

/// Marks the tasks that `known` gives a reason for, and the cases of which nothing else is wrong.
pub fn mark_known(record: &mut RunRecord, plan: &Plan, known: &dyn Fn(&TaskRecord) -> Option<String>) {
    for task in &mut record.tasks {
        task.known = known(task);
    }
    for (case, row) in record.cases.iter_mut().enumerate() {
        if row.verdict == Verdict::Pass {
            continue;
        }
        // A case is known if each of its failures is, or follows from one that is.
        let mut failures = 0;
        row.known = (0..plan.suite.stages.len())
            .filter_map(|stage| Some((stage, plan.stage_tasks(stage).point(case)?)))
            .flat_map(|(stage, point)| plan.stage_tasks(stage).tasks(point))
            .map(|task| &record.tasks[task.index()])
            .filter(|task| !matches!(task.verdict, Verdict::Pass | Verdict::Skipped))
            .inspect(|_| failures += 1)
            .all(|task| task.known.is_some())
            && failures > 0;
    }
}

pub(super) fn metric_rows(plan: &Plan, tasks: &[TaskRecord]) -> Vec<MetricRow> {
    let mut rows = Vec::new();
    for index in 0..plan.suite.stages.len() {
        let points = (0..plan.stage_tasks(index).points()).collect();
        let found = in_parts(points, |(): &mut (), point| point_metrics(plan, index, point, tasks));
        rows.extend(found.into_iter().flatten());
    }
    rows
}

/// Returns the metrics of a stage at a point.
fn point_metrics(plan: &Plan, index: StageIndex, point: u32, tasks: &[TaskRecord]) -> Vec<MetricRow> {
    let stage = &plan.suite.stages[index];
    let measured: Vec<&TaskRecord> = plan
        .stage_tasks(index)
        .tasks(point)
        .map(|task| &tasks[task.index()])
        // Of a table in which rows are missing, the others are as good as ever.
        .filter(|task| task.verdict.ran() || !task.rows.is_empty())
        .filter(|task| !matches!(task.task.repeat, Some(Repeat::Warmup(_))))
        .collect();
    let Some(first) = measured.first() else { return Vec::new() };
    let mut rows = Vec::new();
    for metric in &stage.metrics {
        let values: Vec<&Measured> =
            measured.iter().filter_map(|task| task.metrics.iter().find(|own| own.name == metric.name)).collect();
        rows.extend(gather(&values).map(|(value, samples, unit)| MetricRow {
            stage: stage.name.clone(),
            point: first.task.point.clone(),
            metric: metric.name.clone(),
            params: first.params.clone(),
            value,
            samples,
            unit,
            origin: first.origin.clone(),
        }));
    }
    if stage.rows.is_some() {
        rows.extend(row_metrics(plan, index, point, &measured));
    }
    rows
}

/// Returns the metrics that the `rows` tasks of a point report for the cases below it; repeats are
/// samples of one row.
fn row_metrics(plan: &Plan, stage: StageIndex, point: u32, tasks: &[&TaskRecord]) -> Vec<MetricRow> {
    let mut by_case: BTreeMap<&PointName, Vec<&Measured>> = BTreeMap::new();
    for row in tasks.iter().flat_map(|task| &task.rows).filter(|row| row.verdict.ran()) {
        by_case.entry(&row.case).or_default().extend(&row.metrics);
    }
    let mut rows = Vec::new();
    for case in plan.cases_of(stage, point) {
        let name = plan.case_name(case);
        let Some(measured) = by_case.get(&name) else { continue };
        let params = (0..plan.cases.params())
            .filter_map(|param| Some((param, plan.cases.value(case, param)?.clone())))
            .collect::<Vec<_>>();
        for metric in &plan.suite.stages[stage].metrics {
            let values: Vec<&Measured> = measured.iter().copied().filter(|own| own.name == metric.name).collect();
            rows.extend(gather(&values).map(|(value, samples, unit)| MetricRow {
                stage: plan.suite.stages[stage].name.clone(),
                point: name.clone(),
                metric: metric.name.clone(),
                params: named(plan, params.clone()),
                value,
                samples,
                unit,
                origin: tasks.iter().find_map(|task| task.origin.clone()),
            }));
        }
    }
    rows
}

/// Gathers the repeats of a metric: all samples, and their median. Texts that differ are no value.
fn gather(values: &[&Measured]) -> Option<(MeasuredValue, Vec<f64>, Option<String>)> {
    let first = values.first()?;
    let unit = first.unit.clone();
    let mut samples = Vec::new();
    for measured in values {
        match &measured.value {
            MeasuredValue::Number(value) if measured.samples.is_empty() => samples.push(*value),
            MeasuredValue::Number(_) => samples.extend(&measured.samples),
            MeasuredValue::Text(text) => {
                let same = values.iter().all(|other| other.value == measured.value);
                let text = if same { text.clone() } else { format!("{text} (and others: the repeats differ)") };
                return Some((MeasuredValue::Text(text), Vec::new(), unit));
            }
        }
    }
    let value = if values.len() == 1 { first.value.clone() } else { MeasuredValue::Number(median(&samples)) };
    Some((value, samples, unit))
}

/// Returns the median of at least one number.
pub(super) fn median(samples: &[f64]) -> f64 {
    let mut sorted = samples.to_vec();
    sorted.sort_by(f64::total_cmp);
    let middle = sorted.len() / 2;
    if sorted.len() % 2 == 1 { sorted[middle] } else { (sorted[middle - 1] + sorted[middle]) / 2.0 }
}
