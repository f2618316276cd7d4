use super::schema::{MIGRATIONS, Migration};
use super::*;
use crate::ledger::{Exit, Measured, OutputFile, Quote, RowResult, Try, Usage};
use crate::record::{CaseRecord, MetricInfo, MetricRow, ParamInfo, RECORD_FORMAT, RECORD_VERSION, RunInfo, TaskRecord};
use crate::value::Scalar;
use std::path::Path;
use std::thread;

fn time(seconds: i64) -> Timestamp {
    Timestamp::from_milliseconds(1_767_225_600_000 + seconds * 1000)
}

fn params() -> Vec<(String, Scalar)> {
    vec![
        ("corner".to_owned(), Scalar::Text("ss".to_owned())),
        ("pex".to_owned(), Scalar::Bool(true)),
        ("vdd".to_owned(), Scalar::Number("1.80".parse().unwrap())),
    ]
}

fn task(key: &str, verdict: Verdict, wall: f64) -> TaskRecord {
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

fn metric(point: &str, value: f64) -> MetricRow {
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
fn record(id: &str, seconds: i64) -> RunRecord {
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
        params: Vec::new(),
        metric_infos: Vec::new(),
        archive: None,
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
    RunRecord { format: RECORD_FORMAT.to_owned(), version: RECORD_VERSION, run, tasks, cases, metrics }
}

/// A record with something in every field.
fn full_record() -> RunRecord {
    let mut record = record("full", 5);
    record.run.filter = vec!["--case".to_owned(), "inv5*".to_owned()];
    record.run.profile = Some("pr".to_owned());
    record.run.stopped = vec!["SIGTERM".to_owned()];
    record.run.source =
        SourceInfo { commit: Some("c0ffee".to_owned()), branch: Some("main".to_owned()), dirty: Some(true) };
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
    second.outputs = vec![OutputFile { path: "a/b".to_owned(), sha256: Digest::of(b"x"), bytes: 1 }];
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

fn names(runs: &[RunSummary]) -> Vec<&str> {
    runs.iter().map(|run| run.id.as_str()).collect()
}

#[test]
fn a_record_comes_back_exactly() {
    let history = SqliteHistory::in_memory().unwrap();
    for record in [record("plain", 0), full_record()] {
        assert_eq!(history.record(&record).unwrap(), Recorded::New);
        assert_eq!(history.load(&record.run.id).unwrap().as_ref(), Some(&record));
    }
    assert_eq!(history.load(&RunId::new("none")).unwrap(), None);
    let summary = history.latest(&RunFilter::default()).unwrap().unwrap();
    let full = full_record();
    assert_eq!(summary.source, full.run.source);
    assert_eq!((summary.id, summary.filter, summary.profile), (full.run.id, full.run.filter, full.run.profile));
    assert_eq!(summary.tasks, [(Verdict::Pass, 1), (Verdict::Timeout, 1)].into());
    assert_eq!(summary.cases, [(Verdict::Timeout, 1)].into());
    assert_eq!(summary.archive, full.run.archive);
}

#[test]
fn recording_again_changes_nothing_and_another_record_replaces_all() {
    let history = SqliteHistory::in_memory().unwrap();
    let counts = |history: &SqliteHistory| {
        ["runs", "tasks", "metrics", "cases"].map(|table| history.number(&format!("SELECT count(*) FROM {table}")))
    };
    let long = RunRecord { run: record("r", 0).run, ..full_record() };
    history.record(&long).unwrap();
    assert_eq!(counts(&history), [1, 2, 2, 1]);
    assert_eq!(history.record(&long).unwrap(), Recorded::Unchanged);
    assert_eq!(counts(&history), [1, 2, 2, 1]);
    let mut short = record("r", 0);
    short.cases.clear();
    assert_eq!(history.record(&short).unwrap(), Recorded::Replaced);
    assert_eq!(counts(&history), [1, 1, 1, 0]);
    assert_eq!(history.load(&short.run.id).unwrap(), Some(short));
    history.record(&record("s", 1)).unwrap();
    assert_eq!(history.delete(&[RunId::new("r"), RunId::new("none")]).unwrap(), 1);
    assert_eq!(counts(&history), [1, 1, 1, 1]);
}

#[test]
fn runs_are_filtered() {
    let history = SqliteHistory::in_memory().unwrap();
    history.record(&record("a", 0)).unwrap();
    let mut b = record("b", 1);
    b.run.complete = false;
    let mut c = record("c", 2);
    c.run.filter = vec!["--case=x".to_owned()];
    c.run.source.branch = Some("main".to_owned());
    let mut d = record("d", 3);
    d.run.fingerprint = "f2".to_owned();
    d.run.profile = Some("pr".to_owned());
    let mut e = record("e", 4);
    e.run.suite = SuiteName::new("other");
    // Recorded in any order, a newer run is a newer run.
    for record in [e, c, d, b] {
        history.record(&record).unwrap();
    }
    let check = |filter: RunFilter, expected: &[&str]| {
        assert_eq!(names(&history.runs(&filter).unwrap()), expected, "{filter:?}");
    };
    let all = RunFilter::default;
    check(all(), &["e", "d", "c", "b", "a"]);
    check(RunFilter { suite: Some(SuiteName::new("ring")), ..all() }, &["d", "c", "b", "a"]);
    check(RunFilter { complete_only: true, ..all() }, &["e", "d", "c", "a"]);
    check(RunFilter { whole_only: true, ..all() }, &["e", "d", "b", "a"]);
    check(RunFilter { fingerprint: Some("f2".to_owned()), ..all() }, &["d"]);
    check(RunFilter { profile: Some("pr".to_owned()), ..all() }, &["d"]);
    check(RunFilter { branch: Some("main".to_owned()), ..all() }, &["c"]);
    check(RunFilter { before: Some(time(2)), ..all() }, &["b", "a"]);
    check(RunFilter { limit: Some(2), ..all() }, &["e", "d"]);
    check(RunFilter { limit: Some(0), ..all() }, &[]);
    check(RunFilter { suite: Some(SuiteName::new("'; DROP TABLE runs")), ..all() }, &[]);
    let baseline = RunFilter {
        suite: Some(SuiteName::new("ring")),
        fingerprint: Some("f1".to_owned()),
        before: Some(time(3)),
        complete_only: true,
        whole_only: true,
        ..all()
    };
    assert_eq!(history.latest(&baseline).unwrap().map(|run| run.id), Some(RunId::new("a")));
}

#[test]
fn durations_are_medians_of_the_last_runs() {
    let history = SqliteHistory::in_memory().unwrap();
    for (run, wall) in (0..).zip([1000.0, 1.0, 8.0, 3.0, 4.0, 5.0]) {
        let mut record = record(&format!("r{run}"), run);
        let mut retried = task("sim/b#2", Verdict::Timeout, 1.0);
        retried.tries = full_record().tasks[1].tries.clone();
        let mut reused = task("sim/c", Verdict::Pass, 1.0);
        reused.origin = Some(RunId::new("older"));
        record.tasks = vec![
            task("sim/a", Verdict::Pass, wall),
            retried,
            reused,
            task("sim/d", Verdict::Skipped, 0.0),
            task("sim/e", if run == 4 { Verdict::Fail } else { Verdict::Error }, 6.0),
        ];
        if run >= 4 {
            record.tasks.push(task("sim/f", Verdict::Pass, wall));
        }
        history.record(&record).unwrap();
    }
    let durations = history.durations(&SuiteName::new("ring")).unwrap();
    let found: Vec<(String, f64)> = durations.iter().map(|(key, seconds)| (key.to_string(), *seconds)).collect();
    let expected = [("sim/a", 4.0), ("sim/b#2", 2.5), ("sim/e", 6.0), ("sim/f", 4.5)];
    assert_eq!(found, expected.map(|(key, seconds)| (key.to_owned(), seconds)));
    assert_eq!(history.durations(&SuiteName::new("other")).unwrap(), BTreeMap::new());
}

#[test]
fn a_series_runs_from_old_to_new() {
    let history = SqliteHistory::in_memory().unwrap();
    for (id, seconds, value) in [("c", 2, 3.0), ("a", 0, 0.1 + 0.2), ("b", 1, 2.0)] {
        let mut record = record(id, seconds);
        record.metrics = vec![metric("p", value), metric("q", value * 2.0)];
        record.metrics[0].samples = vec![value, value + 1.0];
        history.record(&record).unwrap();
    }
    let series = |filter: &RunFilter, metric: &str, point: Option<&str>| {
        let (stage, metric) = (StageName::new("sim"), MetricName::new(metric));
        history.metric_series(filter, &stage, &metric, point.map(PointName::new).as_ref()).unwrap()
    };
    let all = series(&RunFilter::default(), "freq", Some("p"));
    let shown: Vec<_> = all.iter().map(|row| (row.run.as_str(), row.value.clone(), row.samples.clone())).collect();
    let row = |run: &'static str, value: f64| (run, MeasuredValue::Number(value), vec![value, value + 1.0]);
    assert_eq!(shown, [row("a", 0.1 + 0.2), row("b", 2.0), row("c", 3.0)]);
    assert_eq!((all[0].started, all[0].unit.as_deref()), (time(0), Some("Hz")));
    assert_eq!(series(&RunFilter { limit: Some(2), ..RunFilter::default() }, "freq", None).len(), 4);
    assert_eq!(series(&RunFilter { before: Some(time(0)), ..RunFilter::default() }, "freq", None), []);
    assert_eq!(series(&RunFilter::default(), "other", None), []);
}

#[test]
fn exports() {
    let history = SqliteHistory::in_memory().unwrap();
    history.record(&record("a", 0)).unwrap();
    history.record(&full_record()).unwrap();
    let export = |table, format, filter: &RunFilter| {
        let mut out = Vec::new();
        let rows = history.export(table, format, filter, &mut out).unwrap();
        (rows, String::from_utf8(out).unwrap())
    };
    let all = RunFilter::default();
    let (rows, text) = export(ExportTable::Metrics, ExportFormat::Csv, &all);
    assert_eq!(rows, 3);
    insta::assert_snapshot!(text, @r#"
    run,run_started,suite,commit,fingerprint,stage,point,metric,value,text,unit,samples,params,origin
    full,2026-01-01T00:00:05.000Z,ring,c0ffee,f1,sim,inv5_v1.8,freq,2000000000.0,,Hz,[2000000000.0],"{""corner"":""ss"",""pex"":true,""vdd"":1.8}",
    full,2026-01-01T00:00:05.000Z,ring,c0ffee,f1,sim,inv5_v1.8,sha,,abc,Hz,[],"{""corner"":""ss"",""pex"":true,""vdd"":1.8}",older
    a,2026-01-01T00:00:00.000Z,ring,,f1,sim,inv5_v1.8,freq,2000000000.0,,Hz,[2000000000.0],"{""corner"":""ss"",""pex"":true,""vdd"":1.8}",
    "#);
    let (_, text) = export(ExportTable::Cases, ExportFormat::JsonLines, &RunFilter { limit: Some(1), ..all.clone() });
    insta::assert_snapshot!(text, @r#"{"run":"full","run_started":"2026-01-01T00:00:05.000Z","suite":"ring","commit":"c0ffee","fingerprint":"f1","name":"inv5_v1.8","params":{"corner":"ss","pex":true,"vdd":1.8},"verdict":"timeout","known":true,"worst":"sim/inv5_v1.8#w2"}"#);
    let (rows, text) = export(ExportTable::Tasks, ExportFormat::Csv, &all);
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    let records: Vec<csv::StringRecord> = reader.records().map(Result::unwrap).collect();
    assert_eq!((rows, records.len()), (3, 3));
    let message = reader.headers().unwrap().iter().position(|name| name == "message").unwrap();
    assert!(records.iter().any(|row| row[message] == *full_record().tasks[1].message.as_ref().unwrap()));
    let (_, text) = export(ExportTable::Runs, ExportFormat::JsonLines, &all);
    let first: serde_json::Value = serde_json::from_str(text.lines().next().unwrap()).unwrap();
    assert_eq!(
        (&first["dirty"], &first["tasks"]["timeout"], &first["complete"]),
        (&true.into(), &1.into(), &true.into())
    );
    struct Broken;
    impl Write for Broken {
        fn write(&mut self, _: &[u8]) -> io::Result<usize> {
            Err(io::ErrorKind::BrokenPipe.into())
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
    for format in [ExportFormat::Csv, ExportFormat::JsonLines] {
        let error = history.export(ExportTable::Runs, format, &all, &mut Broken).unwrap_err();
        assert!(matches!(&error, HistoryError::Output(error) if error.kind() == io::ErrorKind::BrokenPipe), "{error}");
    }
}

#[test]
fn writers_at_once_lose_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("history.db");
    thread::scope(|scope| {
        for writer in 0..8 {
            let path = &path;
            scope.spawn(move || {
                for round in 0..5 {
                    // A new connection each time, as each process has, also while the file is made.
                    let history = SqliteHistory::open(path).unwrap();
                    history.record(&record(&format!("w{writer}-{round}"), writer)).unwrap();
                    // All write this one.
                    history.record(&record("shared", 0)).unwrap();
                }
            });
        }
    });
    let history = SqliteHistory::open(&path).unwrap();
    assert_eq!(history.runs(&RunFilter::default()).unwrap().len(), 41);
    assert_eq!(history.number("SELECT count(*) FROM tasks"), 41);
    assert_eq!(history.number("SELECT count(*) FROM shmoo_schema"), 2);
}

fn open_error(path: &Path) -> HistoryError {
    SqliteHistory::open(path).map(|_| ()).unwrap_err()
}

#[test]
fn other_files_are_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("h.db");
    std::fs::write(&path, "this is a text and no database at all, and longer than a header is\n".repeat(10)).unwrap();
    assert!(matches!(open_error(&path), HistoryError::Corrupt { .. }));
    let foreign = folder.path().join("foreign.db");
    let connection = rusqlite::Connection::open(&foreign).unwrap();
    connection.execute_batch("CREATE TABLE bookmarks (url TEXT)").unwrap();
    let error = open_error(&foreign);
    assert_eq!(error.to_string(), format!("the database `sqlite:{}` is not a history of shmoo", foreign.display()));
    assert!(matches!(open_error(folder.path()), HistoryError::Open { .. }));
    std::fs::write(folder.path().join("file"), "").unwrap();
    assert!(matches!(open_error(&folder.path().join("file/h.db")), HistoryError::Open { .. }));
    // An empty file becomes one.
    std::fs::write(folder.path().join("empty.db"), "").unwrap();
    SqliteHistory::open(&folder.path().join("empty.db")).unwrap().record(&record("a", 0)).unwrap();
}

#[test]
fn damage_is_an_error() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("h.db");
    let history = SqliteHistory::open(&path).unwrap();
    for run in 0..50 {
        history.record(&record(&format!("r{run}"), run)).unwrap();
    }
    history.execute("UPDATE runs SET record = x'00' WHERE run = 'r7'");
    let error = history.load(&RunId::new("r7")).unwrap_err();
    assert_eq!(error.to_string(), "the row of run `r7` in the history is broken");
    drop(history);
    let mut bytes = std::fs::read(&path).unwrap();
    let length = bytes.len();
    bytes[4096..length].fill(0xaa);
    std::fs::write(&path, bytes).unwrap();
    let error = match SqliteHistory::open(&path) {
        Ok(history) => history.runs(&RunFilter::default()).unwrap_err(),
        Err(error) => error,
    };
    assert!(matches!(&error, HistoryError::Corrupt { .. }), "{error:?}");
    assert!(error.hint().unwrap().starts_with("move the file away"));
}

#[test]
fn a_full_disk_stores_nothing_of_a_run() {
    let folder = tempfile::tempdir().unwrap();
    let history = SqliteHistory::open(&folder.path().join("h.db")).unwrap();
    history.record(&record("small", 0)).unwrap();
    let mut large = record("large", 1);
    large.tasks = (0..2000).map(|point| task(&format!("sim/p{point}"), Verdict::Pass, 1.0)).collect();
    let pages = history.number("PRAGMA page_count");
    history.execute(&format!("PRAGMA max_page_count = {}", pages + 10));
    let error = history.record(&large).unwrap_err();
    assert!(matches!(&error, HistoryError::Full { .. }), "{error:?}");
    assert_eq!(names(&history.runs(&RunFilter::default()).unwrap()), ["small"]);
    assert_eq!(history.number("SELECT count(*) FROM tasks"), 1);
    history.execute("PRAGMA max_page_count = 100000");
    assert_eq!(history.record(&large).unwrap(), Recorded::New);
    // A replacement that fails leaves the first record.
    let pages = history.number("PRAGMA page_count");
    history.execute(&format!("PRAGMA max_page_count = {pages}"));
    large.run.id = RunId::new("small");
    assert!(history.record(&large).is_err());
    assert_eq!(history.load(&RunId::new("small")).unwrap(), Some(record("small", 0)));
}

#[test]
fn numbers_that_json_cannot_hold_are_refused() {
    let history = SqliteHistory::in_memory().unwrap();
    let check = |change: &dyn Fn(&mut RunRecord), expected: &str| {
        let mut record = full_record();
        change(&mut record);
        assert_eq!(history.record(&record).unwrap_err().to_string(), expected);
    };
    check(
        &|record| record.metrics[0].value = MeasuredValue::Number(f64::NAN),
        "cannot record run `full`: `sim.freq` at `inv5_v1.8` is not finite",
    );
    check(
        &|record| record.metrics[0].samples.push(f64::INFINITY),
        "cannot record run `full`: `sim.freq` at `inv5_v1.8` is not finite",
    );
    check(
        &|record| record.tasks[1].rows[0].metrics[0].samples.push(f64::NAN),
        "cannot record run `full`: `freq` of task `sim/inv5_v1.8#w2` is not finite",
    );
    check(
        &|record| record.tasks[1].tries[0].usage.wall = f64::NAN,
        "cannot record run `full`: the time of task `sim/inv5_v1.8#w2` is not finite",
    );
    assert_eq!(history.runs(&RunFilter::default()).unwrap(), []);
}

const ADDS: Migration = Migration {
    version: 2,
    min_writer: 1,
    statements: &[
        "ALTER TABLE tasks ADD COLUMN energy DOUBLE PRECISION",
        "CREATE TABLE notes (run TEXT NOT NULL REFERENCES runs (run) ON DELETE CASCADE, note TEXT)",
    ],
};

const CHANGES: Migration =
    Migration { version: 3, min_writer: 3, statements: &["ALTER TABLE cases RENAME COLUMN worst TO blame"] };

#[test]
fn migrations() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("h.db");
    let with = |more: &[Migration]| SqliteHistory::open_with(&path, &[MIGRATIONS, more].concat());
    with(&[]).unwrap().record(&record("old", 0)).unwrap();
    // An addition keeps the rows, and leaves older writers at work.
    let newer = with(&[ADDS]).unwrap();
    newer.execute("INSERT INTO notes (run, note) VALUES ('old', 'x')");
    let older = with(&[]).unwrap();
    let mut again = record("old", 0);
    again.run.stopped.push("SIGINT".to_owned());
    assert_eq!(older.record(&again).unwrap(), Recorded::Replaced);
    assert_eq!(newer.number("SELECT count(*) FROM notes"), 0);
    assert_eq!(newer.number("SELECT value FROM shmoo_schema WHERE name = 'schema_version'"), 2);
    // A change locks them out, also those that are open already; reading still works.
    with(&[ADDS, CHANGES]).unwrap();
    for older in [older, with(&[]).unwrap()] {
        let error = older.record(&record("new", 1)).unwrap_err();
        assert!(matches!(&error, HistoryError::NewerWriter { needed: 3, ours: 1, .. }), "{error}");
        assert!(matches!(older.delete(&[RunId::new("old")]), Err(HistoryError::NewerWriter { .. })));
        assert_eq!(names(&older.runs(&RunFilter::default()).unwrap()), ["old"]);
    }
    // A migration that fails changes nothing.
    let broken = Migration { version: 4, min_writer: 4, statements: &["CREATE TABLE more (x TEXT)", "NONSENSE"] };
    assert!(with(&[ADDS, CHANGES, broken]).is_err());
    let newest = with(&[ADDS, CHANGES]).unwrap();
    assert_eq!(newest.number("SELECT max(value) FROM shmoo_schema"), 3);
    assert_eq!(newest.number("SELECT count(*) FROM sqlite_master WHERE name = 'more'"), 0);
}

#[test]
fn the_shipped_migrations_are_in_order() {
    assert!(MIGRATIONS.iter().zip(1..).all(|(migration, version)| migration.version == version));
    assert!(MIGRATIONS.iter().all(|migration| migration.min_writer <= migration.version));
    assert!(MIGRATIONS.is_sorted_by_key(|migration| migration.min_writer));
}
