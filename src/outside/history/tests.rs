use super::schema::{MIGRATIONS, Migration};
use super::*;
use crate::ledger::{Usage, Verdict};
use crate::record::{CaseRecord, MetricRow, RECORD_FORMAT, RECORD_VERSION, RunInfo, SourceInfo, TaskRecord};
use crate::value::{Digest, Scalar};
use std::collections::BTreeMap;
use std::path::Path;

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
        files: Default::default(),
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

fn names(runs: &[RunSummary]) -> Vec<&str> {
    runs.iter().map(|run| run.id.as_str()).collect()
}

fn open_error(path: &Path) -> HistoryError {
    open_sqlite(path).map(|_| ()).unwrap_err()
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
    open_sqlite(&folder.path().join("empty.db")).unwrap().record(&record("a", 0)).unwrap();
}

#[test]
fn damage_is_an_error() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("h.db");
    let history = open_sqlite(&path).unwrap();
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
    let error = match open_sqlite(&path) {
        Ok(history) => history.runs(&RunFilter::default()).unwrap_err(),
        Err(error) => error,
    };
    assert!(matches!(&error, HistoryError::Corrupt { .. }), "{error:?}");
    assert!(error.hint().unwrap().starts_with("move the file away"));
}

#[test]
fn a_full_disk_stores_nothing_of_a_run() {
    let folder = tempfile::tempdir().unwrap();
    let history = open_sqlite(&folder.path().join("h.db")).unwrap();
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

const ADDS: Migration = Migration {
    version: 4,
    min_writer: 1,
    statements: &[
        "ALTER TABLE tasks ADD COLUMN energy DOUBLE PRECISION",
        "CREATE TABLE notes (run TEXT NOT NULL REFERENCES runs (run) ON DELETE CASCADE, note TEXT)",
    ],
};

const CHANGES: Migration =
    Migration { version: 5, min_writer: 5, statements: &["ALTER TABLE cases RENAME COLUMN worst TO blame"] };

#[test]
fn migrations() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("h.db");
    let with = |more: &[Migration]| sqlite::open_with(&path, &[MIGRATIONS, more].concat());
    with(&[]).unwrap().record(&record("old", 0)).unwrap();
    // An addition keeps the rows, and leaves older writers at work.
    let newer = with(&[ADDS]).unwrap();
    newer.execute("INSERT INTO notes (run, note) VALUES ('old', 'x')");
    let older = with(&[]).unwrap();
    let mut again = record("old", 0);
    again.run.stopped.push("SIGINT".to_owned());
    assert_eq!(older.record(&again).unwrap(), Recorded::Replaced);
    assert_eq!(newer.number("SELECT count(*) FROM notes"), 0);
    assert_eq!(newer.number("SELECT value FROM shmoo_schema WHERE name = 'schema_version'"), 4);
    // A change locks them out, also those that are open already; reading still works.
    with(&[ADDS, CHANGES]).unwrap();
    for older in [older, with(&[]).unwrap()] {
        let error = older.record(&record("new", 1)).unwrap_err();
        assert!(matches!(&error, HistoryError::NewerWriter { needed: 5, ours: 3, .. }), "{error}");
        assert!(matches!(older.delete(&[RunId::new("old")]), Err(HistoryError::NewerWriter { .. })));
        assert_eq!(names(&older.runs(&RunFilter::default()).unwrap()), ["old"]);
    }
    // A migration that fails changes nothing.
    let broken = Migration { version: 6, min_writer: 6, statements: &["CREATE TABLE more (x TEXT)", "NONSENSE"] };
    assert!(with(&[ADDS, CHANGES, broken]).is_err());
    let newest = with(&[ADDS, CHANGES]).unwrap();
    assert_eq!(newest.number("SELECT max(value) FROM shmoo_schema"), 5);
    assert_eq!(newest.number("SELECT count(*) FROM sqlite_master WHERE name = 'more'"), 0);
}

#[test]
fn the_shipped_migrations_are_in_order() {
    assert!(MIGRATIONS.iter().zip(1..).all(|(migration, version)| migration.version == version));
    assert!(MIGRATIONS.iter().all(|migration| migration.min_writer <= migration.version));
    assert!(MIGRATIONS.is_sorted_by_key(|migration| migration.min_writer));
}
