//! The commands about the history, and the flow with a history in a server.

use super::place::Place;
use super::sample::{full_record, metric, record, time};
use super::server::{PASSWORD, Server};
use crate::integration::sandbox::{Said, Sandbox};
use serde_json::Value;
use shmoo::outside::history::RunFilter;
use shmoo::record::RunRecord;
use std::path::Path;
use std::process::Command;

/// One case, one metric, whose value is in a file of the repository.
const SUITE: &str = "
version: 1
suite: grown
params: { n: { code: n, values: [1, 2] } }
stages:
  grow:
    inputs: [root/size]
    shell: 'echo size=$(($(cat size) * SHMOO_PARAM_N))'
    evidence: [{ key_value: stdout }]
    metrics: { size: { better: exact } }
profiles:
  pr: { where: [n == 1] }
";

fn said(sandbox: &Sandbox, variables: &[(&str, &str)], arguments: &[&str]) -> Said {
    let mut command = sandbox.shmoo(arguments);
    command.envs(variables.iter().copied());
    sandbox.start_command(command).end()
}

/// A project whose history is at a place.
fn project(location: &str) -> Sandbox {
    let sandbox = Sandbox::new(SUITE);
    sandbox.write("shmoo.yaml", format!("version: 1\nhistory: \"{location}\"\n"));
    sandbox.write("size", "5");
    sandbox
}

fn lines(records: &[RunRecord]) -> String {
    records.iter().map(|record| serde_json::to_string(record).unwrap() + "\n").collect()
}

const EXPORT: [&str; 5] = ["history", "export", "records", "--format", "jsonl"];

#[test]
fn a_history_moves_to_a_server_and_back() {
    let server = Server::start();
    let location = server.database("moved");
    let first = project("sqlite:first.db");
    first.run_to(0, &["sweep", "suite.yaml"]);
    first.write("more.jsonl", lines(&[record("a", 0), full_record()]));
    let imported = first.run_to(0, &["history", "import", "more.jsonl"]);
    assert_eq!(imported.stderr, "imported 2 runs: 2 new, 0 replaced, 0 there already\n");
    let all = first.run_to(0, &EXPORT).stdout;
    assert_eq!(all.lines().count(), 3);
    let second = project(&location);
    second.write("all.jsonl", &all);
    let dry = second.run_to(0, &["history", "import", "all.jsonl", "--dry-run"]);
    assert_eq!(dry.stderr, "would import 3 runs\n");
    second.run_to(0, &["history", "import", "all.jsonl"]);
    let again = second.run_to(0, &["history", "import", "all.jsonl", "--format", "json"]);
    let again: Value = serde_json::from_str(&again.stdout).unwrap();
    assert_eq!((&again["unchanged"], &again["new"], &again["replaced"]), (&3.into(), &0.into(), &0.into()));
    assert_eq!(second.run_to(0, &EXPORT).stdout, all);
    for table in ["runs", "tasks", "metrics", "samples", "artifacts", "cases"] {
        for format in ["csv", "jsonl"] {
            let export = ["history", "export", table, "--format", format];
            assert_eq!(second.run_to(0, &export).stdout, first.run_to(0, &export).stdout, "{table} {format}");
        }
    }
    // And back, into a history that has one of them in another form.
    let third = project("sqlite:third.db");
    let mut other = record("a", 0);
    other.cases.clear();
    third.write("other.jsonl", lines(&[other]));
    third.run_to(0, &["history", "import", "other.jsonl"]);
    third.write("all.jsonl", second.run_to(0, &EXPORT).stdout);
    let imported = third.run_to(0, &["history", "import", "all.jsonl"]);
    assert_eq!(imported.stderr, "imported 3 runs: 2 new, 1 replaced, 0 there already\n");
    assert_eq!(third.run_to(0, &EXPORT).stdout, all);
    third.run_to(2, &["history", "export", "records"]);
}

#[test]
fn bad_lines_are_told_and_nothing_is_imported() {
    let sandbox = project("sqlite:history.db");
    sandbox.write("good.jsonl", lines(&[record("a", 0)]));
    let newer = lines(&[record("b", 1)]).replace("\"version\":1", "\"version\":9");
    let torn = &lines(&[record("c", 1)])[..100];
    let broken = lines(&[record("d", 1)]).replace("\"complete\":true,", "");
    sandbox.write("bad.jsonl", format!("{newer}\n{{\"a\":1}}\n{broken}{torn}"));
    let said = sandbox.run_to(2, &["history", "import", "good.jsonl", "bad.jsonl"]);
    let expected = "error: nothing was imported:
bad.jsonl:1: the record is of version 9, and this shmoo knows version 1
bad.jsonl:3: this is no record of a run
bad.jsonl:4: the record is broken: missing field `complete`
bad.jsonl:5: this is no JSON: EOF while parsing an object at line 1 column 100
hint: `shmoo history export records --format jsonl` writes what can be imported
";
    assert_eq!(said.stderr, expected);
    assert!(!sandbox.path("history.db").exists());
    sandbox.run_to(2, &["history", "import", "none.jsonl"]);
    sandbox.write("empty.jsonl", "\n");
    sandbox.run_to(3, &["history", "import", "empty.jsonl"]);
}

fn sixteen_processes(location: &str, count: impl Fn(&Sandbox, &str) -> i64) {
    let sandbox = project(location);
    let names: Vec<String> = (0..16).map(|writer| format!("w{writer}.jsonl")).collect();
    for (writer, name) in names.iter().enumerate() {
        let mut large = record(&format!("w{writer}"), 0);
        large.metrics = (0..1000).map(|point| metric(&format!("p{point}"), point as f64)).collect();
        sandbox.write(name, lines(&[large]));
    }
    let started: Vec<_> = names.iter().map(|name| sandbox.start(&["history", "import", name])).collect();
    for process in started {
        let said = process.end();
        assert_eq!(said.code, 0, "{}", said.stderr);
    }
    assert_eq!(count(&sandbox, "SELECT count(*) FROM metrics"), 16_000);
    assert_eq!(count(&sandbox, "SELECT count(*) FROM runs"), 16);
}

#[test]
fn sixteen_processes_write_at_once() {
    sixteen_processes("sqlite:history.db", |sandbox, sql| {
        let history = rusqlite::Connection::open(sandbox.path("history.db")).unwrap();
        history.query_row(sql, [], |row| row.get(0)).unwrap()
    });
    let server = Server::start();
    let location = server.database("busy");
    sixteen_processes(&location, |_, sql| super::server::number(&location, sql));
}

#[test]
fn a_sweep_outlives_its_history() {
    let mut server = Server::start();
    let place = Place::postgres(&server, "away");
    let sandbox = project("env:SHMOO_HISTORY");
    let url = format!("postgres://test:hunter2%3A%2F%40@127.0.0.1:{}/away", server.port);
    let variables = [("SHMOO_HISTORY", url.as_str())];
    let missing = sandbox.run(&["sweep", "suite.yaml"]);
    assert_eq!(missing.code, 2, "{}", missing.stderr);
    assert!(
        missing.stderr.contains("the history is in the variable `SHMOO_HISTORY`, which is not set"),
        "{}",
        missing.stderr
    );
    let first = said(&sandbox, &variables, &["sweep", "suite.yaml"]);
    assert_eq!(first.code, 0, "{}", first.stderr);
    assert_eq!(place.open().runs(&RunFilter::default()).unwrap().len(), 1);
    let wrong = [("SHMOO_HISTORY", url.as_str()), ("PGPASSWORD", "unused")];
    let doctor = said(&sandbox, &wrong, &["doctor"]);
    server.end();
    let gone = said(&sandbox, &variables, &["sweep", "suite.yaml", "--format", "json"]);
    assert_eq!(gone.code, 20, "{}", gone.stderr);
    assert!(gone.stderr.contains("cannot reach the history `postgres://test@127.0.0.1:"), "{}", gone.stderr);
    let report: Value = serde_json::from_str(&gone.stdout).unwrap();
    assert_eq!((&report["exit_codes"][0], &report["totals"]["tasks"]["pass"]), (&20.into(), &2.into()));
    assert!(report["warnings"][0].as_str().unwrap().contains("shmoo record"), "{}", report["warnings"]);
    assert!(sandbox.runs().last().unwrap().join("report.html").exists());
    for output in [&first, &gone, &doctor] {
        assert!(!format!("{}{}", output.stdout, output.stderr).contains("hunter2"), "{output:?}");
    }
    // It comes back, as another server.
    let server = Server::start();
    server.database("away");
    let url = format!("postgres://test@127.0.0.1:{}/away", server.port);
    let variables = [("SHMOO_HISTORY", url.as_str()), ("PGPASSWORD", PASSWORD)];
    let recorded = said(&sandbox, &variables, &["record", "last"]);
    assert_eq!(recorded.code, 0, "{}", recorded.stderr);
    assert!(recorded.stdout.contains("recorded (2 tasks"), "{}", recorded.stdout);
}

#[test]
fn the_history_is_pruned_and_keeps_baselines() {
    let sandbox = project("sqlite:history.db");
    let of = |id: &str, seconds: i64, branch: &str| {
        let mut record = record(id, seconds);
        record.run.source.branch = Some(branch.to_owned());
        record.run.started = time(seconds);
        record
    };
    let records = [of("a", 0, "main"), of("b", 1, "main"), of("c", 2, "x"), of("d", 3, "main"), of("e", 4, "x")];
    sandbox.write("all.jsonl", lines(&records));
    sandbox.run_to(0, &["history", "import", "all.jsonl"]);
    let left = || {
        let list: Value =
            serde_json::from_str(&sandbox.run_to(0, &["history", "list", "--format", "json"]).stdout).unwrap();
        let runs = list["runs"].as_array().unwrap().iter();
        runs.map(|run| run["run"].as_str().unwrap().to_owned()).collect::<Vec<_>>().join("")
    };
    sandbox.run_to(2, &["history", "prune"]);
    for arguments in [&["history", "prune", "--keep", "0"][..], &["history", "prune", "--keep", "0", "--dry-run"]] {
        let dry = sandbox.run_to(0, arguments);
        assert!(dry.stderr.starts_with("would remove 3 runs from the history; 2 runs stay"), "{}", dry.stderr);
        assert_eq!(left(), "edcba");
    }
    sandbox.run_to(0, &["history", "prune", "--keep", "0", "--branch", "x", "--yes"]);
    assert_eq!(left(), "edba");
    let json = sandbox.run_to(0, &["history", "prune", "--days", "100000", "--format", "json"]);
    let json: Value = serde_json::from_str(&json.stdout).unwrap();
    assert_eq!((&json["runs"][0]["stays"], &json["removed"]), (&"young".into(), &false.into()));
    let said = sandbox.run_to(0, &["history", "prune", "--keep", "1", "--yes"]);
    assert_eq!(said.stderr, "removed 2 runs from the history; 2 runs stay\n");
    // The last of each branch.
    assert_eq!(left(), "ed");
}

fn git(folder: &Path, arguments: &[&str]) -> String {
    let mut command = Command::new("git");
    command.arg("-C").arg(folder).args(["-c", "user.name=a", "-c", "user.email=a@example.org"]).args(arguments);
    command.env("GIT_CONFIG_GLOBAL", "/dev/null").env("GIT_CONFIG_NOSYSTEM", "1");
    let answer = command.output().unwrap();
    assert!(answer.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&answer.stderr));
    String::from_utf8(answer.stdout).unwrap().trim().to_owned()
}

#[test]
fn baselines_of_a_pull_request() {
    let sandbox = Sandbox::new(SUITE);
    let root = sandbox.path("");
    git(&root, &["init", "-q", "-b", "main"]);
    let mut number = 0;
    let mut sweep = |size: u32, commit: bool, variables: &[(&str, &str)], arguments: &[&str]| -> Value {
        sandbox.write("size", size.to_string());
        if commit {
            number += 1;
            git(&root, &["add", "-A"]);
            git(&root, &["commit", "-q", "--allow-empty", "-m", &number.to_string()]);
        }
        let arguments = [&["sweep", "suite.yaml", "--format", "json"], arguments].concat();
        let said = said(&sandbox, variables, &arguments);
        assert!([0, 12].contains(&said.code), "{}", said.stderr);
        let mut report: Value = serde_json::from_str(&said.stdout).unwrap();
        report["code"] = said.code.into();
        report
    };
    let base = |report: &Value| report["comparison"]["base"]["run"].as_str().map(str::to_owned);
    let why = |report: &Value| report["comparison"]["why"].to_string();
    let first = sweep(5, true, &[], &[]);
    assert_eq!(base(&first), None);
    let main = sweep(5, true, &[], &[]);
    assert_eq!(
        (base(&main).as_deref(), &main["comparison"]["rule"]),
        (first["run"]["id"].as_str(), &"previous".into())
    );
    // A branch, with a run of its own, and meanwhile a worse main.
    git(&root, &["checkout", "-q", "-b", "wider"]);
    let broken = sweep(7, true, &[], &[]);
    assert_eq!(broken["code"], 12);
    let pull = [("GITHUB_REF", "refs/pull/42/merge"), ("GITHUB_BASE_REF", "main"), ("GITHUB_HEAD_REF", "wider")];
    let asked = ["--base", "ancestor", "--base", "previous", "--base", "branch:main", "--base", "best:2"];
    let request = sweep(8, true, &pull, &[]);
    assert_eq!(base(&request).as_deref(), main["run"]["id"].as_str(), "{}", why(&request));
    assert!(why(&request).contains("where this run left `main`"), "{}", why(&request));
    assert_eq!(request["comparison"]["rule"], "merge-base");
    assert_eq!((&request["run"]["source"]["pull_request"], request["code"].as_u64()), (&42.into(), Some(12)));
    // Several at once: the first decides.
    let several = sweep(8, true, &pull, &asked);
    assert_eq!(base(&several).as_deref(), request["run"]["id"].as_str(), "{}", why(&several));
    assert_eq!(several["code"], 0);
    let others = several["other_comparisons"].as_array().unwrap();
    let rules: Vec<&str> = others.iter().map(|other| other["rule"].as_str().unwrap()).collect();
    assert_eq!(rules, ["previous", "branch:main", "best:2"]);
    assert_eq!(others[1]["base"]["run"], main["run"]["id"]);
    assert_eq!(others[1]["changes"][0]["verdict"], "regressed");
    // A part of the suite is compared on what it shares, and nothing whole is compared with it.
    let part = sweep(8, false, &[], &["--profile", "pr"]);
    assert_eq!(part["comparison"]["common_cases"], 1);
    assert!(why(&part).contains("this run is of a part of the suite: its 1 case is in both"), "{}", why(&part));
    let whole = sweep(8, false, &[], &[]);
    assert_eq!(base(&whole).as_deref(), several["run"]["id"].as_str(), "{}", why(&whole));
    assert!(why(&whole).contains("it ran a part (profile pr)"), "{}", why(&whole));
    // A fork is in quarantine.
    let event = r#"{"pull_request":{"number":42,"head":{"repo":{"full_name":"other/chip"}}}}"#;
    sandbox.write(".shmoo/event.json", event);
    let path = sandbox.path(".shmoo/event.json").display().to_string();
    let fork = [&pull[..], &[("GITHUB_EVENT_PATH", path.as_str()), ("GITHUB_REPOSITORY", "lab/chip")]].concat();
    let fork = sweep(8, false, &fork, &[]);
    assert_eq!(fork["run"]["source"]["fork"], true);
    // A golden table, by `compare`; the project's own choice; what is no baseline.
    sandbox.write("golden.csv", "metric,point,value,unit\ngrow.size,n1,8,\ngrow.size,n2,17,\n");
    let compared = sandbox.run_to(12, &["compare", "--base", "golden:golden.csv", "--base", "previous"]);
    assert!(compared.stdout.contains("against golden table golden.csv"), "{}", compared.stdout);
    assert!(compared.stdout.contains("✗ 1 regressed"), "{}", compared.stdout);
    sandbox.write("shmoo.yaml", "version: 1\nbaselines: ['branch:main', previous]\n");
    let compared = sandbox.run_to(12, &["compare", "--format", "json"]);
    let compared: Value = serde_json::from_str(&compared.stdout).unwrap();
    assert_eq!(compared["comparison"]["rule"], "branch:main");
    assert_eq!(compared["other_comparisons"].as_array().unwrap().len(), 1);
    let wrong = sandbox.run_to(2, &["compare", "--base", "tag:v1"]);
    assert!(wrong.stderr.contains("`tag:v1` is no baseline"), "{}", wrong.stderr);
    let head = fork["run"]["id"].as_str().unwrap();
    let silent = sandbox.run_to(0, &["compare", "last", "--base", head, "--format", "json"]);
    let silent: Value = serde_json::from_str(&silent.stdout).unwrap();
    let verdicts = silent["comparison"]["changes"].as_array().unwrap().iter();
    assert!(verdicts.map(|change| &change["verdict"]).all(|verdict| verdict == "unchanged"));
}
