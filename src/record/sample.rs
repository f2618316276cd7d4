//! Suites and records made up for tests.

use crate::expr::Expr;
use crate::ledger::{MeasuredValue, Usage, Verdict};
use crate::naming::{Kind, Param, Schema};
use crate::record::{
    CaseRecord, MetricInfo, MetricRow, ParamInfo, RECORD_FORMAT, RECORD_VERSION, RunInfo, RunRecord, TaskRecord,
};
use crate::suite::{
    After, Better, Block, Command, ExitRule, GoldenSource, Goldens, Metric, Rows, Stage, Suite, Template, Tolerance,
    ToleranceRule, Uses,
};
use crate::value::{
    Decimal, Digest, MetricName, PointName, RunId, Scalar, Sources, Span, StageName, SuiteName, TaskKey, Timestamp,
};

pub(crate) const SPAN: Span = Span { file: 0, start: 0, end: 0 };

pub(crate) fn expr(text: &str) -> Expr {
    Expr::parse(text).unwrap()
}

pub(crate) fn metric(name: &str) -> Metric {
    Metric {
        name: MetricName::new(name),
        of: None,
        unit: None,
        better: None,
        min_effect: None,
        min_effect_rules: Vec::new(),
        expect: Vec::new(),
        was: Vec::new(),
        span: SPAN,
    }
}

pub(crate) fn gated(name: &str, unit: &str, better: Better) -> Metric {
    Metric { unit: (!unit.is_empty()).then(|| unit.to_owned()), better: Some(better), ..metric(name) }
}

pub(crate) fn of(name: &str, text: &str) -> Metric {
    Metric { of: Some(expr(text)), ..metric(name) }
}

/// A parameter `name:code=values`, or `name:code=values!default`.
fn param(text: &str) -> Param {
    let (text, default) =
        text.split_once('!').map_or((text, None), |(text, default)| (text, Some(Scalar::infer(default))));
    let (name, rest) = text.split_once(':').unwrap();
    let (code, values) = rest.split_once('=').unwrap();
    let values: Vec<Scalar> = values.split(' ').map(Scalar::infer).collect();
    let (name, was) = name.split_once('<').map_or((name, vec![]), |(name, was)| (name, vec![was.to_owned()]));
    let kind = Kind::infer(&values);
    Param { name: name.to_owned(), code: code.to_owned(), kind, unit: None, values, default, was }
}

pub(crate) fn stage(name: &str, per: &[usize], metrics: Vec<Metric>) -> Stage {
    Stage {
        name: StageName::new(name),
        per: per.to_vec(),
        when: None,
        inputs: Vec::new(),
        after: After::Stages(Vec::new()),
        lets: Vec::new(),
        command: Command::Shell("true".to_owned()),
        env: Vec::new(),
        tools: Vec::new(),
        outputs: Vec::new(),
        exit: ExitRule::Any,
        evidence: Vec::new(),
        rows: None,
        metrics,
        timeout: None,
        retry: Vec::new(),
        retry_on_continue: false,
        repeat: None,
        exclusive: false,
        uses: Uses { cpu: Decimal::ONE, memory: None, named: Vec::new() },
        runner: None,
        cache: false,
        span: SPAN,
    }
}

pub(crate) fn with_rows(stage: Stage) -> Stage {
    let rows = Rows { csv: Template::literal("t.csv", SPAN), keys: Vec::new(), fields: Vec::new(), span: SPAN };
    Stage { rows: Some(rows), ..stage }
}

pub(crate) fn suite(params: &[&str], stages: Vec<Stage>) -> Suite {
    let mut sources = Sources::default();
    sources.add("suite.yaml", "first line\nsecond line\nthird line\n");
    Suite {
        version: 1,
        name: SuiteName::new("sample"),
        requires: None,
        root: String::new(),
        paths: Vec::new(),
        schema: Schema::new(params.iter().map(|text| param(text)).collect()).unwrap(),
        schema_params: 0,
        lets: Vec::new(),
        constraints: Vec::new(),
        blocks: Vec::<Block>::new(),
        stages,
        models: Vec::new(),
        plots: Vec::new(),
        goldens: None,
        known_failures: Vec::new(),
        archive_exclude: Vec::new(),
        profiles: Vec::new(),
        cases_from: None,
        sources,
    }
}

/// A tolerance rule for one metric of the first stage.
pub(crate) fn rule(constraint: Option<&str>, metric: usize, tolerance: Tolerance) -> ToleranceRule {
    ToleranceRule { constraint: constraint.map(expr), metrics: vec![(0, metric, tolerance)], span: SPAN }
}

pub(crate) fn goldens(rules: Vec<ToleranceRule>) -> Goldens {
    Goldens { source: GoldenSource::Csv("goldens.csv".to_owned()), rules, span: SPAN }
}

/// Values by name from `a=1 b=x`.
pub(crate) fn params(text: &str) -> Vec<(String, Scalar)> {
    text.split_whitespace()
        .map(|pair| pair.split_once('=').unwrap())
        .map(|(name, value)| (name.to_owned(), Scalar::infer(value)))
        .collect()
}

/// A run of a suite: the points of each stage, as parameters; stages of all parameters give the cases.
pub(crate) fn record(suite: &Suite, id: &str) -> RunRecord {
    let digest = Digest::of(b"x");
    let info = |param: &Param| ParamInfo {
        name: param.name.clone(),
        code: param.code.clone(),
        unit: None,
        default: param.default.clone(),
    };
    let better = |better: Better| match better {
        Better::Higher => "higher".to_owned(),
        Better::Lower => "lower".to_owned(),
        Better::Exact => "exact".to_owned(),
        Better::Within(low, high) => format!("within [{low}, {high}]"),
    };
    let metric_infos = suite.stages.iter().flat_map(|stage| {
        stage.metrics.iter().map(move |metric| MetricInfo {
            stage: stage.name.clone(),
            metric: metric.name.clone(),
            unit: metric.unit.clone(),
            better: metric.better.map(better),
            min_effect: metric.min_effect.map(|share| share.factor()),
            min_effect_rules: metric.min_effect_rules.iter().map(super::build::min_effect_where).collect(),
            stage_digest: digest,
        })
    });
    RunRecord {
        format: RECORD_FORMAT.to_owned(),
        version: RECORD_VERSION,
        run: RunInfo {
            id: RunId::new(id),
            suite: suite.name.clone(),
            suite_file: "suite.yaml".to_owned(),
            plan: digest,
            suite_digest: digest,
            started: Timestamp::from_milliseconds(0),
            finished: Timestamp::from_milliseconds(1),
            shmoo: "0.1.0".to_owned(),
            complete: true,
            filter: Vec::new(),
            profile: None,
            stopped: Vec::new(),
            source: Default::default(),
            machine: Default::default(),
            fingerprint: "f1".to_owned(),
            tools: Default::default(),
            files: Default::default(),
            params: suite.schema.params().iter().map(info).collect(),
            metric_infos: metric_infos.collect(),
            models_skipped: false,
            options: Vec::new(),
            archive: None,
            artifacts: Vec::new(),
        },
        tasks: Vec::new(),
        cases: Vec::new(),
        metrics: Vec::new(),
        models: Vec::new(),
        costs: None,
    }
}

/// Returns a point's name under a suite's schema.
pub(crate) fn name(suite: &Suite, params: &[(String, Scalar)]) -> PointName {
    let mut point = crate::naming::Point::empty(suite.schema.len());
    for (name, value) in params {
        point.set(suite.schema.index(name).unwrap(), Some(value.clone()));
    }
    suite.schema.name(&point)
}

/// Adds a task of a stage, with its values: `plan(&mut record, &suite, "run", "vdd=1.8", pass, &[("freq", 5.0)])`.
pub(crate) fn plan(
    record: &mut RunRecord,
    suite: &Suite,
    stage: &str,
    at: &str,
    verdict: Verdict,
    values: &[(&str, f64)],
) {
    let params = params(at);
    let point = name(suite, &params);
    let infos = record.run.metric_infos.clone();
    for (metric, value) in values {
        let unit = infos.iter().find(|info| info.stage.as_str() == stage && info.metric.as_str() == *metric);
        record.metrics.push(MetricRow {
            stage: StageName::new(stage),
            point: point.clone(),
            metric: MetricName::new(*metric),
            params: params.clone(),
            value: MeasuredValue::Number(*value),
            samples: vec![*value],
            unit: unit.and_then(|info| info.unit.clone()),
            origin: None,
        });
    }
    record.tasks.push(task(stage, &point, params, verdict));
}

/// Adds a case.
pub(crate) fn case(record: &mut RunRecord, suite: &Suite, at: &str, verdict: Verdict) {
    let params = params(at);
    let name = name(suite, &params);
    record.cases.push(CaseRecord { name, params, verdict, known: false, worst: None });
}

fn task(stage: &str, point: &PointName, params: Vec<(String, Scalar)>, verdict: Verdict) -> TaskRecord {
    TaskRecord {
        task: TaskKey { stage: StageName::new(stage), point: point.clone(), repeat: None },
        params,
        verdict,
        known: None,
        message: None,
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
        cases: 1,
    }
}
