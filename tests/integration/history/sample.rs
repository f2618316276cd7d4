//! Made-up records, for tests of what keeps them.

use shmoo::ledger::{Exit, Measured, MeasuredValue, OutputFile, Quote, RowResult, Try, Usage, Verdict};
use shmoo::record::{
    Artifact, ArtifactKind, CaseRecord, MetricInfo, MetricRow, MinEffectWhere, ParamInfo, RECORD_FORMAT,
    RECORD_VERSION, RunInfo, RunRecord, SourceInfo, TaskRecord,
};
use shmoo::value::{Digest, MetricName, PointName, RunId, Scalar, StageName, SuiteName, Timestamp};
use std::collections::BTreeMap;

pub(super) fn time(seconds: i64) -> Timestamp {
    Timestamp::from_milliseconds(1_767_225_600_000 + seconds * 1000)
}

pub(super) fn params() -> Vec<(String, Scalar)> {
    vec![
        ("corner".to_owned(), Scalar::Text("ss".to_owned())),
        ("pex".to_owned(), Scalar::Bool(true)),
        ("vdd".to_owned(), Scalar::Number("1.80".parse().unwrap())),
    ]
}

pub(super) fn task(key: &str, verdict: Verdict, wall: f64) -> TaskRecord {
    TaskRecord {
        task: key.parse().unwrap(),
        params: params(),
        verdict,
        known: None,
        message: None,
        quotes: Vec::new(),
        cause: None,
        exit: None,
        started: Some(time(1)),
        usage: Usage { wall, cpu: wall / 2.0, max_rss: 1 << 20 },
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

pub(super) fn metric(point: &str, value: f64) -> MetricRow {
    MetricRow {
        stage: StageName::new("sim"),
        point: PointName::new(point),
        metric: MetricName::new("freq"),
        params: params(),
        value: MeasuredValue::Number(value),
        samples: vec![value],
        unit: Some("Hz".to_owned()),
        origin: None,
    }
}

/// A record of a run that started `seconds` after the others.
pub(super) fn record(id: &str, seconds: i64) -> RunRecord {
    let run = RunInfo {
        id: RunId::new(id),
        suite: SuiteName::new("ring"),
        suite_file: "configs/ring.yaml".to_owned(),
        plan: Digest::of(b"plan"),
        suite_digest: Digest::of(b"suite"),
        started: time(seconds),
        finished: time(seconds + 9),
        shmoo: "0.1.0".to_owned(),
        complete: true,
        filter: Vec::new(),
        profile: None,
        stopped: Vec::new(),
        source: SourceInfo::default(),
        machine: [("cpu".to_owned(), "x".to_owned())].into(),
        fingerprint: "f1".to_owned(),
        tools: BTreeMap::new(),
        files: BTreeMap::from([("conf.txt".to_owned(), Digest::of(b"conf"))]),
        params: Vec::new(),
        metric_infos: Vec::new(),
        models_skipped: false,
        options: Vec::new(),
        archive: None,
        artifacts: Vec::new(),
    };
    let case = CaseRecord {
        name: PointName::new("inv5_v1.8"),
        params: params(),
        verdict: Verdict::Pass,
        known: false,
        worst: None,
    };
    let tasks = vec![task("sim/inv5_v1.8", Verdict::Pass, 2.0)];
    let (cases, metrics) = (vec![case], vec![metric("inv5_v1.8", 2e9)]);
    let (models, costs) = (Vec::new(), None);
    RunRecord { format: RECORD_FORMAT.to_owned(), version: RECORD_VERSION, run, tasks, cases, metrics, models, costs }
}

/// A record with something in every field.
pub(super) fn full_record() -> RunRecord {
    let mut record = record("full", 5);
    record.run.filter = vec!["--case".to_owned(), "inv5*".to_owned()];
    record.run.profile = Some("pr".to_owned());
    record.run.stopped = vec!["SIGTERM".to_owned()];
    record.run.source = SourceInfo {
        commit: Some("c0ffee".to_owned()),
        branch: Some("feature".to_owned()),
        dirty: Some(true),
        merge_base: Some("ba5e".to_owned()),
        base_branch: Some("main".to_owned()),
        pull_request: Some(42),
        attempt: Some(2),
        fork: Some(false),
    };
    record.run.artifacts = vec![
        Artifact {
            kind: ArtifactKind::Archive,
            place: "runs/full/archive.tar.gz".to_owned(),
            bytes: Some(12),
            sha256: Some(Digest::of(b"archive")),
        },
        Artifact { kind: ArtifactKind::Report, place: "report.html".to_owned(), bytes: None, sha256: None },
    ];
    record.run.tools = [("magic".to_owned(), "8.3.105".to_owned())].into();
    record.run.archive = Some("runs/full/archive.tar.gz".to_owned());
    record.run.params = vec![ParamInfo {
        name: "vdd".to_owned(),
        code: "v".to_owned(),
        unit: Some("V".to_owned()),
        default: Some(Scalar::Number("3.30".parse().unwrap())),
    }];
    record.run.metric_infos = vec![MetricInfo {
        stage: StageName::new("sim"),
        metric: MetricName::new("freq"),
        unit: None,
        better: Some("higher".to_owned()),
        min_effect: Some(0.01),
        min_effect_rules: vec![MinEffectWhere { condition: "vdd < 1".to_owned(), is: 0.1 }],
        stage_digest: Digest::of(b"stage"),
    }];
    let measured = Measured {
        name: MetricName::new("freq"),
        value: MeasuredValue::Number(0.1 + 0.2),
        samples: vec![1.0 / 3.0, f64::MIN_POSITIVE, 1.797e308, -0.0, 9_007_199_254_740_993.0],
        unit: Some("Hz".to_owned()),
    };
    let mut second = task("sim/inv5_v1.8#w2", Verdict::Timeout, 1.0 / 3.0);
    second.known = Some("https://example.org/1".to_owned());
    second.message = Some("quote \" line\nbreak, comma, ü, \0".to_owned());
    second.quotes = vec![Quote { file: "log".to_owned(), line: Some(3), text: "bad".to_owned() }];
    second.cause = Some("drc/inv5".parse().unwrap());
    second.exit = Some(Exit::Signal(9));
    second.tries = vec![Try {
        verdict: Verdict::Error,
        message: None,
        usage: Usage { wall: 1.5, cpu: 0.5, max_rss: 7 },
        set: [("steps".to_owned(), Scalar::Number("2".parse().unwrap()).into())].into(),
    }];
    second.metrics = vec![measured.clone()];
    second.rows = vec![RowResult {
        case: PointName::new("c"),
        verdict: Verdict::Fail,
        message: Some("m".to_owned()),
        metrics: vec![measured],
    }];
    second.outputs = vec![OutputFile { path: "a/b".to_owned(), sha256: Digest::of(b"x"), bytes: 1, executable: false }];
    second.command = vec!["magic".to_owned(), "a b".to_owned()];
    second.folder = Some("work/sim/x/1.1".to_owned());
    second.origin = Some(RunId::new("older"));
    second.worker = 1;
    second.notes = vec!["cut".to_owned()];
    record.tasks.push(second);
    record.cases[0].verdict = Verdict::Timeout;
    record.cases[0].known = true;
    record.cases[0].worst = Some("sim/inv5_v1.8#w2".parse().unwrap());
    let mut text = metric("inv5_v1.8", 0.0);
    text.metric = MetricName::new("sha");
    text.value = MeasuredValue::Text("abc".to_owned());
    text.samples = Vec::new();
    text.origin = Some(RunId::new("older"));
    record.metrics.push(text);
    record
}
