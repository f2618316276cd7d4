//! What a history promises, whichever database it is in: each test runs on both.

use super::place::Place;
use super::sample::{full_record, metric, record, task, time};
use super::server::Server;
use shmoo::ledger::{MeasuredValue, Verdict};
use shmoo::outside::history::{
    ExportFormat, ExportTable, History, HistoryError, Imported, Recorded, RunFilter, RunRecipes, RunSummary, Seen,
    StoredSamples,
};
use shmoo::record::{MetricInfo, RunRecord};
use shmoo::value::{Digest, MetricName, PointName, RunId, StageName, SuiteName};
use std::collections::BTreeMap;
use std::io::{self, Write};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::thread;

/// Makes a test of each function for SQLite, and one of all of them for PostgreSQL, on one server.
macro_rules! on_both {
    ($($name:ident),* $(,)?) => {
        mod in_sqlite {
            $(
                #[test]
                fn $name() {
                    super::$name(&super::Place::sqlite());
                }
            )*
        }

        #[test]
        fn in_postgresql() {
            let server = Server::start();
            let mut failed = Vec::new();
            $(
                let place = Place::postgres(&server, stringify!($name));
                if catch_unwind(AssertUnwindSafe(|| $name(&place))).is_err() {
                    failed.push(stringify!($name));
                }
            )*
            assert!(failed.is_empty(), "failed in PostgreSQL: {}", failed.join(", "));
        }
    };
}

on_both!(
    a_record_comes_back_exactly,
    recording_again_changes_nothing_and_another_record_replaces_all,
    runs_are_filtered,
    durations_are_medians_of_the_last_runs,
    a_series_runs_from_old_to_new,
    samples_of_named_runs,
    recipes_of_stages,
    exports,
    numbers_that_json_cannot_hold_are_refused,
    what_runs_had_is_seen,
    names_sort_by_their_bytes,
    sixteen_writers_lose_nothing,
    an_import_is_all_or_nothing,
    versions_of_the_schema,
    other_databases_are_left_alone,
);

fn names(runs: &[RunSummary]) -> Vec<&str> {
    runs.iter().map(|run| run.id.as_str()).collect()
}

fn a_record_comes_back_exactly(place: &Place) {
    let history = place.open();
    for record in [record("plain", 0), full_record()] {
        assert_eq!(history.record(&record).unwrap(), Recorded::New);
        assert_eq!(history.load(&record.run.id).unwrap().as_ref(), Some(&record));
    }
    assert_eq!(history.load(&RunId::new("none")).unwrap(), None);
    let summary = history.latest(&RunFilter::default()).unwrap().unwrap();
    assert_eq!(summary, RunSummary::of(&full_record()));
    let costs = summary.costs.unwrap();
    assert_eq!(costs.core_seconds, 1.0);
    assert!(costs.gibibyte_seconds > 0.001);
}

fn recording_again_changes_nothing_and_another_record_replaces_all(place: &Place) {
    let history = place.open();
    let tables = ["runs", "tasks", "metrics", "cases", "artifacts"];
    let counts = || tables.map(|table| place.number(&format!("SELECT count(*) FROM {table}")));
    let long = RunRecord { run: record("r", 0).run, ..full_record() };
    history.record(&long).unwrap();
    assert_eq!(counts(), [1, 2, 2, 1, 0]);
    assert_eq!(history.record(&long).unwrap(), Recorded::Unchanged);
    assert_eq!(counts(), [1, 2, 2, 1, 0]);
    let mut short = record("r", 0);
    short.cases.clear();
    assert_eq!(history.record(&short).unwrap(), Recorded::Replaced);
    assert_eq!(counts(), [1, 1, 1, 0, 0]);
    assert_eq!(history.load(&short.run.id).unwrap(), Some(short));
    history.record(&record("s", 1)).unwrap();
    assert_eq!(history.delete(&[RunId::new("r"), RunId::new("none")]).unwrap(), 1);
    assert_eq!(counts(), [1, 1, 1, 1, 0]);
}

fn runs_are_filtered(place: &Place) {
    let history = place.open();
    history.record(&record("a", 0)).unwrap();
    let mut b = record("b", 1);
    b.run.complete = false;
    let mut c = record("c", 2);
    c.run.filter = vec!["--case=x".to_owned()];
    c.run.source.branch = Some("main".to_owned());
    let mut d = record("d", 3);
    d.run.fingerprint = "f2".to_owned();
    d.run.profile = Some("pr".to_owned());
    d.run.source.fork = Some(true);
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
    check(RunFilter { since: Some(time(2)), ..all() }, &["e", "d", "c"]);
    check(RunFilter { own_only: true, ..all() }, &["e", "c", "b", "a"]);
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

fn durations_are_medians_of_the_last_runs(place: &Place) {
    let history = place.open();
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

fn a_series_runs_from_old_to_new(place: &Place) {
    let history = place.open();
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

fn samples_of_named_runs(place: &Place) {
    let history = place.open();
    for (id, seconds, value) in [("a", 0, 1.0), ("b", 1, 2.0), ("c", 2, 3.0)] {
        let mut record = record(id, seconds);
        record.metrics = vec![metric("p", value), metric("q", value + 0.5), metric("r", value), metric("s", value)];
        record.metrics[0].samples = vec![value, value + 1.0];
        record.metrics[2].origin = Some(RunId::new("older"));
        (record.metrics[3].value, record.metrics[3].samples) = (MeasuredValue::Text("x".to_owned()), Vec::new());
        history.record(&record).unwrap();
    }
    let check = |runs: &[&str], points: Option<&[&str]>, expected: &[(usize, &str, &[f64])]| {
        let runs: Vec<RunId> = runs.iter().map(|run| RunId::new(*run)).collect();
        let points: Option<Vec<PointName>> =
            points.map(|points| points.iter().map(|point| PointName::new(*point)).collect());
        let points: Option<Vec<&PointName>> = points.as_ref().map(|points| points.iter().collect());
        let mut found = Vec::new();
        let mut each = |samples: StoredSamples<'_>| {
            assert_eq!(samples.unit, Some("Hz"));
            found.push((samples.run, samples.point.to_string(), samples.samples));
        };
        let (stage, metric) = (StageName::new("sim"), MetricName::new("freq"));
        history.samples(&runs, &stage, &metric, points.as_deref(), &mut each).unwrap();
        found.sort_by(|one, other| (one.0, &one.1).cmp(&(other.0, &other.1)));
        let expected: Vec<_> =
            expected.iter().map(|(run, point, samples)| (*run, (*point).to_owned(), samples.to_vec())).collect();
        assert_eq!(found, expected);
    };
    let (one, three): (&[f64], &[f64]) = (&[1.0, 2.0], &[3.0, 4.0]);
    check(&["c", "none", "a"], None, &[(0, "p", three), (0, "q", &[3.5]), (2, "p", one), (2, "q", &[1.5])]);
    check(&["a", "c"], Some(&["p"]), &[(0, "p", one), (1, "p", three)]);
    check(&["a"], Some(&[]), &[]);
    check(&[], None, &[]);
    // More points than one statement lists.
    let many: Vec<String> = (0..1200).map(|number| format!("p{number}")).chain(["p".to_owned()]).collect();
    let many: Vec<&str> = many.iter().map(String::as_str).collect();
    check(&["a"], Some(&many), &[(0, "p", one)]);
}

fn recipes_of_stages(place: &Place) {
    let history = place.open();
    let info = |stage: &str, metric: &str, recipe: &str| MetricInfo {
        stage: StageName::new(stage),
        metric: MetricName::new(metric),
        unit: None,
        better: None,
        min_effect: None,
        min_effect_rules: Vec::new(),
        stage_digest: Digest::of(recipe.as_bytes()),
    };
    let mut measured = record("b", 1);
    measured.run.metric_infos = vec![info("sim", "freq", "x"), info("sim", "power", "x"), info("drc", "area", "y")];
    for record in [record("a", 0), measured.clone(), measured] {
        history.record(&record).unwrap();
    }
    let recipes = |run: &str, stages: &[(&str, &str)]| RunRecipes {
        run: RunId::new(run),
        suite_digest: Digest::of(b"suite"),
        stages: stages.iter().map(|(stage, text)| (StageName::new(*stage), Digest::of(text.as_bytes()))).collect(),
    };
    let b = recipes("b", &[("drc", "y"), ("sim", "x")]);
    let asked = |runs: &[&str]| history.recipes(&runs.iter().map(|run| RunId::new(*run)).collect::<Vec<_>>()).unwrap();
    assert_eq!(asked(&["b", "a", "none"]), [recipes("a", &[]), b.clone()]);
    assert_eq!(asked(&["b"]), [b]);
    assert_eq!(asked(&[]), []);
    history.delete(&[RunId::new("b")]).unwrap();
    assert_eq!(place.number("SELECT count(*) FROM stages"), 0);
}

fn exports(place: &Place) {
    let history = place.open();
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
    run,run_started,suite,commit,fingerprint,stage,point,metric,value,text,unit,samples,warmups,params,origin
    full,2026-01-01T00:00:05.000Z,ring,c0ffee,f1,sim,inv5_v1.8,freq,2000000000.0,,Hz,[2000000000.0],"[0.3333333333333333,2.2250738585072014e-308,1.797e+308,-0.0,9007199254740992.0]","{""corner"":""ss"",""pex"":true,""vdd"":1.8}",
    full,2026-01-01T00:00:05.000Z,ring,c0ffee,f1,sim,inv5_v1.8,sha,,abc,Hz,[],[],"{""corner"":""ss"",""pex"":true,""vdd"":1.8}",older
    a,2026-01-01T00:00:00.000Z,ring,,f1,sim,inv5_v1.8,freq,2000000000.0,,Hz,[2000000000.0],[],"{""corner"":""ss"",""pex"":true,""vdd"":1.8}",
    "#);
    let (rows, text) = export(ExportTable::Samples, ExportFormat::Csv, &RunFilter { limit: Some(1), ..all.clone() });
    assert_eq!(rows, 6);
    insta::assert_snapshot!(text.lines().take(3).collect::<Vec<_>>().join("\n"), @r#"
    run,run_started,suite,commit,fingerprint,stage,point,metric,unit,params,origin,warmup,number,value
    full,2026-01-01T00:00:05.000Z,ring,c0ffee,f1,sim,inv5_v1.8,freq,Hz,"{""corner"":""ss"",""pex"":true,""vdd"":1.8}",,true,1,0.3333333333333333
    full,2026-01-01T00:00:05.000Z,ring,c0ffee,f1,sim,inv5_v1.8,freq,Hz,"{""corner"":""ss"",""pex"":true,""vdd"":1.8}",,true,2,2.2250738585072014e-308
    "#);
    assert!(text.lines().last().unwrap().ends_with(",,false,1,2000000000.0"));
    let (_, text) = export(ExportTable::Artifacts, ExportFormat::JsonLines, &all);
    insta::assert_snapshot!(text.lines().last().unwrap(), @r#"{"run":"full","run_started":"2026-01-01T00:00:05.000Z","suite":"ring","kind":"report","place":"report.html","bytes":null,"sha256":null}"#);
    let (rows, text) = export(ExportTable::Records, ExportFormat::JsonLines, &all);
    let records: Vec<RunRecord> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!((rows, records), (2, vec![full_record(), record("a", 0)]));
    let error = history.export(ExportTable::Records, ExportFormat::Csv, &all, &mut Vec::new()).unwrap_err();
    assert!(matches!(&error, HistoryError::RecordsAreJson), "{error}");
    let (_, text) = export(ExportTable::Cases, ExportFormat::JsonLines, &RunFilter { limit: Some(1), ..all.clone() });
    insta::assert_snapshot!(text, @r#"{"run":"full","run_started":"2026-01-01T00:00:05.000Z","suite":"ring","commit":"c0ffee","fingerprint":"f1","name":"inv5_v1.8","params":{"corner":"ss","pex":true,"vdd":1.8},"verdict":"timeout","known":true,"worst":"sim/inv5_v1.8#w2"}"#);
    let (rows, text) = export(ExportTable::Tasks, ExportFormat::Csv, &all);
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    let records: Vec<csv::StringRecord> = reader.records().map(Result::unwrap).collect();
    assert_eq!((rows, records.len()), (3, 3));
    let message = reader.headers().unwrap().iter().position(|name| name == "message").unwrap();
    // A text of a database has no U+0000; the record has.
    let wanted = full_record().tasks[1].message.as_ref().unwrap().replace('\0', "\u{2400}");
    assert!(records.iter().any(|row| row[message] == *wanted));
    let (_, text) = export(ExportTable::Runs, ExportFormat::JsonLines, &all);
    let first: serde_json::Value = serde_json::from_str(text.lines().next().unwrap()).unwrap();
    assert_eq!(
        (&first["dirty"], &first["tasks"]["timeout"], &first["complete"]),
        (&true.into(), &1.into(), &true.into())
    );
    assert_eq!((&first["pull_request"], &first["attempt"], &first["fork"]), (&42.into(), &2.into(), &false.into()));
    assert_eq!((&first["merge_base"], &first["base_branch"]), (&"ba5e".into(), &"main".into()));
    assert_eq!((&first["cpu"], &first["label"]), (&"x".into(), &serde_json::Value::Null));
    assert_eq!(first["core_seconds"], 1.0);
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

fn numbers_that_json_cannot_hold_are_refused(place: &Place) {
    let history = place.open();
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

fn what_runs_had_is_seen(place: &Place) {
    let history = place.open();
    history.record(&record("a", 0)).unwrap();
    history.record(&full_record()).unwrap();
    let seen = history.seen(&RunFilter::default(), None).unwrap();
    let metrics: Vec<String> =
        seen.metrics.iter().map(|(stage, metric, run)| format!("{stage}.{metric} {run}")).collect();
    assert_eq!(metrics, ["sim.freq full", "sim.sha full"]);
    assert_eq!(seen.cases, [(PointName::new("inv5_v1.8"), RunId::new("full"))]);
    let first = history.seen(&RunFilter { before: Some(time(5)), ..RunFilter::default() }, None).unwrap();
    assert_eq!((first.metrics.len(), first.cases[0].1.as_str()), (1, "a"));
    // What runs of a known plan had is known.
    let plan = record("a", 0).run.plan;
    let mut other = record("other", 9);
    (other.run.plan, other.cases[0].name) = (Digest::of(b"another plan"), PointName::new("gone"));
    other.metrics.clear();
    history.record(&other).unwrap();
    let seen = history.seen(&RunFilter::default(), Some(&plan)).unwrap();
    assert_eq!((seen.metrics, seen.cases), (Vec::new(), vec![(PointName::new("gone"), RunId::new("other"))]));
    let none = history.seen(&RunFilter { before: Some(time(5)), ..RunFilter::default() }, Some(&plan)).unwrap();
    assert_eq!(none, Seen::default());
}

fn names_sort_by_their_bytes(place: &Place) {
    let history = place.open();
    for id in ["b", "B", "a", "_", "A", "é"] {
        history.record(&record(id, 0)).unwrap();
    }
    assert_eq!(names(&history.runs(&RunFilter::default()).unwrap()), ["é", "b", "a", "_", "B", "A"]);
}

/// A record with this many rows of metrics, and a task for each ten of them.
fn large_record(id: &str, rows: usize) -> RunRecord {
    let mut large = record(id, 0);
    large.tasks = (0..rows / 10).map(|point| task(&format!("sim/p{point}"), Verdict::Pass, 1.0)).collect();
    large.metrics = (0..rows).map(|point| metric(&format!("p{point}"), point as f64)).collect();
    large
}

fn sixteen_writers_lose_nothing(place: &Place) {
    thread::scope(|scope| {
        for writer in 0..16 {
            scope.spawn(move || {
                for round in 0..4 {
                    // A new connection each time, as each process has, also while the tables are made.
                    let history = place.open();
                    history.record(&large_record(&format!("w{writer}-{round}"), 250)).unwrap();
                    // All write this one.
                    history.record(&record("shared", 0)).unwrap();
                }
            });
        }
    });
    let history = place.open();
    let runs = history.runs(&RunFilter::default()).unwrap();
    assert_eq!(runs.len(), 16 * 4 + 1);
    assert_eq!(place.number("SELECT count(*) FROM metrics"), 16 * 1000 + 1);
    assert_eq!(place.number("SELECT count(*) FROM tasks"), 16 * 100 + 1);
    assert_eq!(place.number("SELECT count(*) FROM shmoo_schema"), 2);
    for run in runs.iter().filter(|run| run.id.as_str() != "shared") {
        assert_eq!(history.load(&run.id).unwrap(), Some(large_record(run.id.as_str(), 250)));
    }
}

fn import(history: &dyn History, records: Vec<RunRecord>, end: Option<&str>) -> Result<Imported, HistoryError> {
    let mut records = records.into_iter();
    history.import(&mut || match (records.next(), end) {
        (Some(record), _) => Ok(Some(record)),
        (None, None) => Ok(None),
        (None, Some(message)) => Err(HistoryError::Import(message.into()).into()),
    })
}

fn an_import_is_all_or_nothing(place: &Place) {
    let history = place.open();
    history.record(&record("a", 0)).unwrap();
    let error = import(&*history, vec![record("b", 1), full_record()], Some("line 3 is torn")).unwrap_err();
    assert_eq!(error.to_string(), "nothing was imported");
    assert_eq!(std::error::Error::source(&error).unwrap().to_string(), "line 3 is torn");
    let mut broken = record("c", 2);
    broken.metrics[0].samples.push(f64::NAN);
    assert!(matches!(import(&*history, vec![record("b", 1), broken], None), Err(HistoryError::NotFinite { .. })));
    assert_eq!(names(&history.runs(&RunFilter::default()).unwrap()), ["a"]);
    let mut other = record("a", 0);
    other.cases.clear();
    let imported = import(&*history, vec![other, full_record(), full_record()], None).unwrap();
    assert_eq!(imported, Imported { new: 1, replaced: 1, unchanged: 1 });
    assert_eq!(history.load(&RunId::new("full")).unwrap(), Some(full_record()));
    assert_eq!(place.number("SELECT count(*) FROM cases"), 1);
}

fn versions_of_the_schema(place: &Place) {
    let history = place.open();
    history.record(&record("old", 0)).unwrap();
    let ours = place.number("SELECT value FROM shmoo_schema WHERE name = 'schema_version'");
    // A newer shmoo has added to it: we go on.
    place.execute("ALTER TABLE tasks ADD COLUMN energy DOUBLE PRECISION; UPDATE shmoo_schema SET value = 99 WHERE name = 'schema_version'");
    place.open().record(&record("new", 1)).unwrap();
    assert_eq!(place.number("SELECT value FROM shmoo_schema WHERE name = 'schema_version'"), 99);
    // It has changed what we rely on: we read only, also where we were at it already.
    place.execute("UPDATE shmoo_schema SET value = 99 WHERE name = 'min_writer'");
    for older in [history, place.open()] {
        let error = older.record(&record("newer", 2)).unwrap_err();
        assert!(
            matches!(&error, HistoryError::NewerWriter { needed: 99, ours: found, .. } if *found == ours),
            "{error}"
        );
        assert!(matches!(older.delete(&[RunId::new("old")]), Err(HistoryError::NewerWriter { .. })));
        assert_eq!(names(&older.runs(&RunFilter::default()).unwrap()), ["new", "old"]);
    }
}

fn other_databases_are_left_alone(place: &Place) {
    place.execute("CREATE TABLE bookmarks (url TEXT)");
    let error = place.try_open().err().unwrap();
    assert!(matches!(&error, HistoryError::Foreign { .. }), "{error}");
    assert_eq!(place.number("SELECT count(*) FROM bookmarks"), 0);
}
