// Reports made up in code. The unit tests of `report` include this file too, where `shmoo` is the crate
// itself.

use shmoo::check::golden::{GoldenFinding, GoldenVerdict};
use shmoo::compare::{
    Band, Change, Comparison, ComparisonBase, ComparisonVerdict, Decision, Figures, LevelChange, Red, Repeats, Samples,
    Scale, Test, Trend, TrendRun, TrendValue,
};
use shmoo::ledger::{Exit, Measured, MeasuredValue, Quote, RowResult, Try, Usage, Verdict};
use shmoo::record::{
    CaseRecord, CoefficientRecord, FitRecord, FitWarning, HeldBackRecord, LeftOutRows, MetricInfo, MetricRow,
    ModelRecord, ParamInfo, RunInfo, SourceInfo, TaskRecord,
};
use shmoo::report::{
    DiffCell, DriftForm, FitSample, FitSampleRow, GridAxis, GridCell, LogExcerpt, ModelChange, ModelDrift, Report,
    ReportedModel, ShmooDiff, ShmooGrid, bucket, totals,
};
use shmoo::value::{Digest, MetricName, PointName, RunId, Scalar, StageName, SuiteName, TaskKey, Timestamp};
use std::collections::BTreeMap;

/// What a failure to read the sample's own text would mean.
const OWN: &str = "the samples are well formed";

/// The parameters of all samples: code in names, name, unit.
const PARAMS: [(&str, &str, Option<&str>); 4] =
    [("inv", "inverters", None), ("v", "vdd", Some("V")), ("t", "temp", Some("degC")), ("n", "netlist", None)];

/// 12 cases with one of each ending, goldens, a comparison, plots and logs.
pub(crate) fn red() -> Report {
    let mut tasks = Vec::new();
    for stage in ["run_generator", "check_drc", "check_lvs"] {
        tasks.extend([5, 7].map(|inverters| task(&format!("{stage}/inv{inverters}"), Verdict::Pass)));
    }
    for inverters in [5, 7] {
        for vdd in ["0.6", "1.8", "3.3"] {
            for netlist in ["sch", "pex"] {
                let mut task = task(&format!("run_simulations/inv{inverters}_v{vdd}_n{netlist}"), Verdict::Pass);
                let supply: f64 = vdd.parse().expect(OWN);
                task.metrics = vec![
                    measured("freq", 1.25e9 * supply * supply / f64::from(inverters), Some("Hz")),
                    measured("power", 2.5e-4 * supply, Some("W")),
                ];
                task.usage = Usage { wall: 2.0 + supply, cpu: 1.9 + supply, max_rss: 48_000_000 };
                tasks.push(task);
            }
        }
    }
    let mut bench = task("bench/all", Verdict::Pass);
    bench.rows = ["inv7_v1.8_nsch", "inv7_v0.6_npex"]
        .map(|case| RowResult {
            case: PointName::new(case),
            verdict: Verdict::Pass,
            message: None,
            metrics: vec![measured("latency", 1.5e-6, Some("s"))],
        })
        .to_vec();
    tasks.push(bench);

    set(&mut tasks, "check_drc/inv5", |task| {
        task.verdict = Verdict::Fail;
        task.message = Some("12 violations, expected 0".into());
        task.exit = Some(Exit::Code(0));
        task.quotes = vec![
            quote("drc.rpt", Some(3), "Metal1 spacing < 0.23um (M1.2a)"),
            quote("drc.rpt", Some(4), " 4.115um 2.230um 4.345um 2.560um"),
        ];
    });
    for (key, cause) in [
        ("check_lvs/inv5", "check_drc/inv5"),
        ("run_simulations/inv5_v0.6_npex", "check_lvs/inv5"),
        ("run_simulations/inv5_v1.8_npex", "check_lvs/inv5"),
        ("run_simulations/inv5_v3.3_npex", "check_lvs/inv5"),
    ] {
        set(&mut tasks, key, |task| {
            task.verdict = Verdict::Skipped;
            task.message = Some(format!("needs {cause}, which did not pass"));
            task.cause = Some(cause.parse().expect(OWN));
            task.metrics.clear();
            task.usage = Usage::default();
            task.folder = None;
        });
    }
    set(&mut tasks, "run_simulations/inv5_v0.6_nsch", |task| {
        task.verdict = Verdict::Fail;
        task.known = Some("https://example.org/issues/7".into());
        task.message = Some("points is 12.5, expected more than 30".into());
    });
    set(&mut tasks, "run_simulations/inv7_v0.6_nsch", |task| {
        task.verdict = Verdict::Error;
        task.message = Some("measurement `freq_hz` is missing in sim.log".into());
        task.exit = Some(Exit::Code(1));
        task.quotes = vec![quote("sim.log", Some(118), "Error: measure  tperiod  find(TARG) : out of interval")];
        task.tries = vec![Try {
            verdict: Verdict::Error,
            message: Some("measurement `freq_hz` is missing in sim.log".into()),
            usage: Usage { wall: 2.5, cpu: 2.4, max_rss: 1 },
            set: BTreeMap::from([("td".to_owned(), Scalar::infer("1.2e-7").into())]),
        }];
        task.metrics.clear();
    });
    set(&mut tasks, "run_simulations/inv7_v3.3_npex", |task| {
        task.verdict = Verdict::Timeout;
        task.message = Some("still running after 2m".into());
        task.exit = Some(Exit::Signal(9));
        task.usage.wall = 120.0;
        task.metrics.clear();
    });
    set(&mut tasks, "run_simulations/inv7_v1.8_npex", |task| {
        task.verdict = Verdict::Lost;
        task.usage = Usage::default();
        task.metrics.clear();
    });

    let mut cases = Vec::new();
    for inverters in [5, 7] {
        for vdd in ["0.6", "1.8", "3.3"] {
            for netlist in ["sch", "pex"] {
                cases.push(judged_case(&format!("inv{inverters}_v{vdd}_n{netlist}"), &tasks));
            }
        }
    }
    count_cases(&mut tasks, &cases);
    schedule(&mut tasks);
    let mut report = assembled(tasks, cases);
    report.run.complete = false;
    report.run.stopped = vec!["SIGTERM".into()];
    report.goldens = goldens();
    report.known_failures =
        vec!["configs/temp-sense.yaml:61: check_lvs at inv7 is a known failure and passed: delete the line".into()];
    report.comparison = Some(comparison());
    report.models = models();
    report.plots = ["sch", "pex"].map(grid).to_vec();
    report.plot_diffs = ["sch", "pex"].map(diff).to_vec();
    report.logs = vec![
        LogExcerpt {
            task: "run_simulations/inv7_v0.6_nsch".parse().expect(OWN),
            stream: "stdout".into(),
            text: "Doing analysis at TEMP = 27.0\n\u{1b}[31mError: measure  tperiod  find(TARG) : out of interval\u{1b}[0m\nngspice-45 done\n".into(),
            skipped: 20_480,
        },
        LogExcerpt {
            task: "check_drc/inv5".parse().expect(OWN),
            stream: "stderr".into(),
            text: "12 errors in cell ring\n".into(),
            skipped: 0,
        },
    ];
    report.logs_left_out = 1;
    report.warnings = vec!["the model wake is not fitted: no row of the table can be used".into()];
    report.exit_codes = vec![13, 10, 11, 12];
    report
}

/// 4 cases, all of which pass.
pub(crate) fn green() -> Report {
    let mut tasks = vec![task("run_generator/inv5", Verdict::Pass)];
    let names = ["inv5_v0.6", "inv5_v1.8", "inv5_v2.5", "inv5_v3.3"];
    for (index, name) in names.into_iter().enumerate() {
        let mut task = task(&format!("run_simulations/{name}"), Verdict::Pass);
        task.metrics = vec![measured("freq", 1e9 * (index + 1) as f64, Some("Hz"))];
        tasks.push(task);
    }
    let cases = names.map(|name| judged_case(name, &tasks)).to_vec();
    count_cases(&mut tasks, &cases);
    assembled(tasks, cases)
}

/// `count` cases with five metrics each; every hundredth fails, beginning with the eighth.
pub(crate) fn many(count: usize) -> Report {
    let mut tasks = Vec::new();
    let mut cases = Vec::new();
    for index in 0..count {
        let name = format!(
            "inv{}_v{}.{}_t{}",
            5 + 2 * (index % 20),
            1 + index / 1000,
            (index / 100) % 10,
            index / 20 % 5 * 40
        );
        let mut task = task(&format!("run_simulations/{name}"), Verdict::Pass);
        let spread = (index * 7919 % 1000) as f64;
        task.metrics =
            [("freq", 1e9, "Hz"), ("power", 1e-3, "W"), ("delay", 1e-10, "s"), ("gain", 1.0, ""), ("area", 1e3, "um2")]
                .map(|(name, scale, unit)| {
                    measured(name, scale * (1.0 + spread / 997.0), Some(unit).filter(|unit| !unit.is_empty()))
                })
                .to_vec();
        task.usage.wall = 0.5 + spread / 500.0;
        if index % 100 == 7 {
            task.verdict = Verdict::Fail;
            task.message = Some(format!("freq is {spread} MHz, expected more than 2000"));
            task.quotes = vec![quote("sim.log", Some(index + 1), &format!("freq_hz = {spread}e6"))];
        }
        cases.push(CaseRecord {
            name: PointName::new(name),
            params: task.params.clone(),
            verdict: task.verdict,
            known: false,
            worst: (task.verdict != Verdict::Pass).then(|| task.task.clone()),
        });
        tasks.push(task);
    }
    schedule(&mut tasks);
    let mut report = assembled(tasks, cases);
    report.exit_codes = vec![if report.buckets.is_empty() { 0 } else { 11 }];
    report
}

/// `many`, compared with a run before it: each metric of each case, every fiftieth of which is worse.
#[allow(dead_code, reason = "the browser tests and the unit tests use their own parts")]
pub(crate) fn many_compared(count: usize) -> Report {
    let mut report = many(count);
    let changes = report.metrics.iter().enumerate().map(|(index, row)| {
        let MeasuredValue::Number(head) = row.value else { unreachable!("all samples are numbers") };
        let (factor, verdict) = match index % 50 {
            0 => (1.08, ComparisonVerdict::Regressed),
            1 => (0.95, ComparisonVerdict::Improved),
            2 => (1.04, ComparisonVerdict::Uncertain),
            _ => (1.0 + (index % 7) as f64 / 1000.0, ComparisonVerdict::Unchanged),
        };
        let mut change = change(row.metric.as_str(), row.point.as_str(), head / factor, head, verdict);
        change.unit = row.unit.clone();
        change.figures = Some(Box::new(figures(head / factor, head)));
        if verdict != ComparisonVerdict::Unchanged {
            change.samples = Some(Box::new(repeats(head / factor, head)));
        }
        change
    });
    let changes = changes.collect();
    report.comparison = Some(Comparison { changes, common_cases: count as u64, ..comparison() });
    report
}

/// Texts that want to be code.
pub(crate) const HOSTILE: [&str; 12] = [
    "<script>window.broken = 1</script>",
    "</script><img src=x onerror=\"window.broken = 1\">",
    "<!-- <script>",
    "a | b ` c `` d ``` e",
    "@octocat closes #1 :tada: **bold** [x](javascript:alert(1))",
    "\u{1b}[31mred\u{1b}[0m \u{1b}]0;title\u{7}",
    "\u{202e}txt.exe\u{202c} \u{200b}\u{feff}",
    "nul \0 bell \u{7} ]]> & \u{fffe}",
    "=cmd|' /C calc'!A0",
    "one\ntwo\r\n\n# three\n```\nfour",
    "::error::x\n::add-mask::y",
    "x ##[add-mask]y",
];

/// Counts the cases that hang on each task.
fn count_cases(tasks: &mut [TaskRecord], cases: &[CaseRecord]) {
    for task in tasks {
        let hangs = |case: &&CaseRecord| task.params.iter().all(|param| case.params.contains(param));
        task.cases = cases.iter().filter(hangs).count() as u64;
    }
}

/// The red report with every text that a suite, a tool or a tester could have written replaced by `text`.
pub(crate) fn hostile(text: &str) -> Report {
    let mut report = red();
    let own = || text.to_owned();
    report.run.suite_file = own();
    report.run.profile = Some(own());
    report.run.stopped = vec![own()];
    report.run.source =
        SourceInfo { commit: Some(own()), branch: Some(own()), dirty: Some(true), ..SourceInfo::default() };
    report.run.machine = BTreeMap::from([(own(), own())]);
    report.run.tools = BTreeMap::from([(own(), own())]);
    report.run.id = RunId::new(text);
    report.run.suite = SuiteName::new(text);
    report.run.params[0].name = own();
    report.run.params[0].unit = Some(own());
    report.run.filter = vec![own()];
    for task in &mut report.tasks {
        task.task.point = PointName::new(text);
        task.task.stage = StageName::new(text);
        task.params = vec![(own(), Scalar::Text(own()))];
        task.message = Some(own());
        task.known = task.known.as_ref().map(|_| own());
        task.quotes = vec![quote(text, Some(1), text)];
        task.notes = vec![own()];
        task.command = vec![own(), own()];
        task.folder = Some(own());
        for row in &mut task.rows {
            row.case = PointName::new(text);
        }
        for metric in &mut task.metrics {
            *metric = Measured {
                name: MetricName::new(text),
                value: MeasuredValue::Text(own()),
                samples: vec![],
                unit: Some(own()),
            };
        }
    }
    for case in &mut report.cases {
        case.name = PointName::new(text);
        case.params = vec![(own(), Scalar::Text(own()))];
        case.worst = Some(report.tasks[2].task.clone());
    }
    for row in &mut report.metrics {
        row.stage = StageName::new(text);
        row.metric = MetricName::new(text);
        row.params = vec![(own(), Scalar::Text(own()))];
        row.value = MeasuredValue::Text(own());
        row.unit = Some(own());
    }
    report.models.iter_mut().for_each(|reported| make_hostile(reported, text));
    for finding in &mut report.goldens {
        finding.metric = own();
        finding.point = PointName::new(text);
        finding.value = Some(MeasuredValue::Text(own()));
        finding.tolerance = own();
        finding.message = own();
    }
    if let Some(comparison) = &mut report.comparison {
        comparison.why = vec![own()];
        comparison.notes = vec![own()];
        for red in &mut comparison.reds {
            (red.what, red.also, red.earlier) = (own(), own(), Some(own()));
        }
        comparison.explanations = vec![own()];
        comparison.added_cases = vec![PointName::new(text)];
        comparison.verdict_changes = vec![(PointName::new(text), Verdict::Pass, Verdict::Fail)];
        for change in &mut comparison.changes {
            change.metric = own();
            change.point = PointName::new(text);
            change.rule = own();
            change.unit = Some(own());
            if let Some(band) = change.figures.as_mut().and_then(|figures| figures.history.as_mut()) {
                band.since = Some(RunId::new(text));
            }
        }
    }
    if let Some(comparison) = &mut report.comparison {
        for run in &mut comparison.trend_runs {
            run.run = RunId::new(text);
            (run.commit, run.branch) = (Some(own()), Some(own()));
        }
        for trend in &mut comparison.trends {
            trend.metric = own();
            trend.point = PointName::new(text);
            trend.unit = Some(own());
            for change in &mut trend.changes {
                (change.good, change.bad) = (Some(own()), Some(own()));
            }
        }
    }
    for diff in &mut report.plot_diffs {
        diff.base = RunId::new(text);
        diff.pass = own();
        diff.x.param = own();
        diff.y.unit = Some(own());
        diff.x.values = vec![Scalar::Text(own()); diff.x.values.len()];
        diff.fixed = vec![(own(), Scalar::Text(own()))];
    }
    for plot in &mut report.plots {
        plot.pass = own();
        plot.x.param = own();
        plot.y.unit = Some(own());
        plot.x.values = vec![Scalar::Text(own()); plot.x.values.len()];
        plot.fixed = vec![(own(), Scalar::Text(own()))];
    }
    for log in &mut report.logs {
        log.text = own();
        log.stream = own();
        log.task.point = PointName::new(text);
    }
    report.known_failures = vec![own()];
    report.warnings = vec![own()];
    report.folder = own();
    report.buckets = bucket(&report.tasks);
    report.totals = totals(&report.tasks, &report.cases);
    report
}

/// A task with the parameters that its point names.
pub(crate) fn task(key: &str, verdict: Verdict) -> TaskRecord {
    let task: TaskKey = key.parse().expect(OWN);
    TaskRecord {
        params: params_of(task.point.as_str()),
        verdict,
        known: None,
        message: None,
        quotes: vec![],
        cause: None,
        exit: None,
        started: Some(Timestamp::from_milliseconds(1_769_869_353_000)),
        usage: Usage { wall: 0.5, cpu: 0.25, max_rss: 12_000_000 },
        tries: vec![],
        metrics: vec![],
        rows: vec![],
        outputs: vec![],
        command: vec!["python3".into(), "run.py".into(), "--point".into(), task.point.to_string()],
        folder: Some(format!("work/{}/{}/1.1", task.stage, task.point)),
        origin: None,
        worker: 0,
        notes: vec![],
        cases: 1,
        task,
    }
}

/// A case with the parameters that its name names.
pub(crate) fn case(name: &str, verdict: Verdict) -> CaseRecord {
    CaseRecord { name: PointName::new(name), params: params_of(name), verdict, known: false, worst: None }
}

/// A run of the suite `temp-sense`.
pub(crate) fn run() -> RunInfo {
    RunInfo {
        id: RunId::new("20260131-142233-temp-sense-3f9a"),
        suite: SuiteName::new("temp-sense"),
        suite_file: "configs/temp-sense.yaml".into(),
        plan: Digest::of(b"plan"),
        suite_digest: Digest::of(b"suite"),
        started: Timestamp::from_milliseconds(1_769_869_353_000),
        finished: Timestamp::from_milliseconds(1_769_869_545_000),
        shmoo: "0.1.0".into(),
        complete: true,
        filter: vec![],
        profile: None,
        stopped: vec![],
        source: SourceInfo {
            commit: Some("3f2c1ab7e0d94c55b8a6d1f0c3e2b4a596877d10".into()),
            branch: Some("wider-transistor".into()),
            dirty: Some(true),
            ..SourceInfo::default()
        },
        machine: BTreeMap::from(
            [("cpu", "AMD EPYC 7B13"), ("cores", "2"), ("memory", "8 GB"), ("kernel", "6.12")]
                .map(|(name, value)| (name.to_owned(), value.to_owned())),
        ),
        fingerprint: "9f1c22d0".into(),
        tools: BTreeMap::from(
            [("magic", "8.3.105"), ("netgen", "1.5.133"), ("ngspice", "ngspice-45")]
                .map(|(name, value)| (name.to_owned(), value.to_owned())),
        ),
        files: Default::default(),
        params: PARAMS
            .map(|(code, name, unit)| ParamInfo {
                name: name.into(),
                code: code.into(),
                unit: unit.map(str::to_owned),
                default: None,
            })
            .to_vec(),
        metric_infos: [("freq", "Hz", "higher"), ("power", "W", "lower")]
            .map(|(metric, unit, better)| MetricInfo {
                stage: StageName::new("run_simulations"),
                metric: MetricName::new(metric),
                unit: Some(unit.into()),
                better: Some(better.into()),
                min_effect: Some(0.01),
                min_effect_rules: Vec::new(),
                stage_digest: Digest::of(b"stage"),
            })
            .to_vec(),
        models_skipped: false,
        options: Vec::new(),
        archive: None,
        artifacts: vec![],
    }
}

fn assembled(tasks: Vec<TaskRecord>, cases: Vec<CaseRecord>) -> Report {
    let row = |task: &TaskRecord, point: &PointName, measured: &Measured| MetricRow {
        stage: task.task.stage.clone(),
        point: point.clone(),
        metric: measured.name.clone(),
        params: params_of(point.as_str()),
        value: measured.value.clone(),
        samples: measured.samples.clone(),
        unit: measured.unit.clone(),
        origin: None,
    };
    let mut metrics = Vec::new();
    for task in &tasks {
        metrics.extend(task.metrics.iter().map(|measured| row(task, &task.task.point, measured)));
        for reported in &task.rows {
            metrics.extend(reported.metrics.iter().map(|measured| row(task, &reported.case, measured)));
        }
    }
    Report {
        run: run(),
        totals: totals(&tasks, &cases),
        buckets: bucket(&tasks),
        tasks,
        cases,
        metrics,
        goldens: vec![],
        absent_goldens: None,
        known_failures: vec![],
        comparison: None,
        other_comparisons: vec![],
        plots: vec![],
        plot_diffs: vec![],
        logs: vec![],
        logs_left_out: 0,
        warnings: vec![],
        costs: None,
        models: Vec::new(),
        machines: None,
        exit_codes: vec![0],
        folder: ".shmoo/runs/20260131-142233-temp-sense-3f9a".into(),
    }
}

fn judged_case(name: &str, tasks: &[TaskRecord]) -> CaseRecord {
    let mut case = case(name, Verdict::Pass);
    let own: Vec<&TaskRecord> =
        tasks.iter().filter(|task| task.params.iter().all(|param| case.params.contains(param))).collect();
    case.verdict = own.iter().map(|task| task.verdict).max().unwrap_or(Verdict::Pass);
    let bad: Vec<&&TaskRecord> = own.iter().filter(|task| task.verdict != Verdict::Pass).collect();
    case.known = !bad.is_empty() && bad.iter().all(|task| task.known.is_some());
    case.worst = bad.iter().find(|task| task.verdict == case.verdict).map(|task| task.task.clone());
    case
}

/// Puts the tasks on two workers, one after the other, each where there is time first.
fn schedule(tasks: &mut [TaskRecord]) {
    let start = run().started.milliseconds();
    let mut free = [start; 2];
    for task in tasks.iter_mut().filter(|task| task.usage.wall > 0.0) {
        let worker = usize::from(free[1] < free[0]);
        task.worker = worker as u32;
        task.started = Some(Timestamp::from_milliseconds(free[worker]));
        let took: f64 = task.usage.wall + task.tries.iter().map(|attempt| attempt.usage.wall).sum::<f64>();
        free[worker] += (took * 1000.0) as i64;
    }
}

fn set(tasks: &mut [TaskRecord], key: &str, with: impl FnOnce(&mut TaskRecord)) {
    with(tasks.iter_mut().find(|task| task.task.to_string() == key).expect(OWN));
}

fn params_of(point: &str) -> Vec<(String, Scalar)> {
    let mut params: Vec<(String, Scalar)> = point
        .split('_')
        .filter_map(|part| {
            let (code, name, _) = PARAMS.into_iter().find(|(code, ..)| part.starts_with(code))?;
            Some((name.to_owned(), Scalar::infer(&part[code.len()..])))
        })
        .collect();
    params.sort();
    params
}

fn measured(name: &str, value: f64, unit: Option<&str>) -> Measured {
    Measured {
        name: MetricName::new(name),
        value: MeasuredValue::Number(value),
        samples: vec![],
        unit: unit.map(str::to_owned),
    }
}

fn quote(file: &str, line: Option<usize>, text: &str) -> Quote {
    Quote { file: file.to_owned(), line, text: text.to_owned() }
}

fn goldens() -> Vec<GoldenFinding> {
    let finding =
        |metric: &str, point: &str, verdict, golden: Option<f64>, value: Option<f64>, message: &str| GoldenFinding {
            metric: format!("run_simulations.{metric}"),
            point: PointName::new(point),
            verdict,
            golden: golden.map(MeasuredValue::Number),
            value: value.map(MeasuredValue::Number),
            unit: Some("Hz".into()),
            golden_unit: None,
            deviation: golden.zip(value).map(|(golden, value)| (value - golden) / golden),
            tolerance: "1%".into(),
            message: message.into(),
        };
    vec![
        finding(
            "freq",
            "inv7_v1.8_nsch",
            GoldenVerdict::Missed,
            Some(6.1e8),
            Some(5.785_714e8),
            "5.2% below its golden, 1% allowed",
        ),
        finding("freq", "inv7_v3.3_nsch", GoldenVerdict::Met, Some(1.944e9), Some(1.944_643e9), "within 1%"),
        finding("freq", "inv7_v0.6_nsch", GoldenVerdict::Unmeasured, Some(6.4e7), None, "its task ended in error"),
        finding("freq", "inv5_v1.8_nsch", GoldenVerdict::Missing, None, Some(8.1e8), "no golden value: bless it"),
    ]
}

// What the sample is compared with, and what it draws.
include!("sample_report/comparison.rs");
include!("sample_report/models.rs");
