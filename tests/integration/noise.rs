//! Comparisons with a history, and the changes of a series, as people see them.

use super::command::{Outcome, Shmoo, shmoo};
use super::sandbox::Sandbox;
use serde_json::Value;

/// One metric whose value is what a file of the repository says.
const TIMED: &str = r#"version: 1
suite: timed
params:
  size: { code: s, values: [1, 2] }
stages:
  time:
    inputs: [root/base.txt]
    shell: |
      echo "t=$(($(cat base.txt) * SHMOO_PARAM_SIZE))"
    evidence: [{ key_value: stdout }]
    metrics: { t: { unit: ms, better: lower } }
"#;

/// Sweeps once for each value.
fn sweeps(values: &[&str]) -> Shmoo {
    values.iter().fold(shmoo().file("suite.yaml", TIMED), |shmoo, value| {
        shmoo.file("base.txt", value).before(["sweep", "suite.yaml", "--no-archive", "--format", "json"])
    })
}

fn json(text: &str) -> Outcome<Value> {
    Ok(serde_json::from_str(text)?)
}

#[test]
fn five_runs_make_a_verdict() -> Outcome {
    let mut values = vec!["1000", "1010", "995", "1005", "990"];
    let four = sweeps(&values[..4]).file("base.txt", "1300").before(["sweep", "suite.yaml", "--no-archive"]);
    let done = four.args(["compare", "--format", "json"]).run()?;
    let found = json(&done.last().stdout)?;
    let change = &found["comparison"]["changes"][0];
    assert_eq!((done.last().code, &change["verdict"]), (0, &Value::from("uncertain")));
    assert_eq!(change["figures"]["runs_missing"], 1);
    assert!(change["rule"].as_str().unwrap().contains("needs 1 more run to know the noise between runs (4 of 5)"));

    values.push("1300");
    let done = sweeps(&values)
        .args(["compare", "--format", "json"])
        .args(["compare", "RUN-6", "RUN-6"])
        .args(["compare", "RUN-1", "last", "--format", "json"])
        .args(["report", "--format", "json"])
        .args(["compare", "RUN-1", "RUN-2", "--base", "RUN-3"])
        .run()?;
    let outputs = &done.outputs[6..];
    let found = json(&outputs[0].stdout)?;
    let changes = found["comparison"]["changes"].as_array().unwrap();
    assert_eq!((outputs[0].code, changes.len(), &found["counts"]["regressed"]), (12, 2, &Value::from(2)));
    for change in changes {
        let figures = &change["figures"];
        assert_eq!((&figures["decided_by"], &figures["test"]), (&Value::from("all"), &Value::from("history")));
        assert_eq!((&figures["history"]["runs"], &figures["family"]), (&Value::from(5), &Value::from(2)));
        assert!(figures["q"].as_f64().unwrap() < 0.05);
    }
    assert_eq!(outputs[1].code, 0, "{}", outputs[1].stdout);
    assert!(outputs[1].stdout.contains("unchanged") && !outputs[1].stdout.contains("regressed"));
    let against_first = json(&outputs[2].stdout)?;
    assert_eq!((outputs[2].code, &against_first["comparison"]["base"]["run"]), (12, &Value::from(done.run(1))));
    assert_eq!(json(&outputs[3].stdout)?["comparison"]["changes"], found["comparison"]["changes"]);
    assert_eq!(outputs[4].code, 2);
    assert!(outputs[4].stderr.contains("the base is named twice"), "{}", outputs[4].stderr);
    Ok(())
}

#[test]
fn a_broken_run_hides_no_regression() -> Outcome {
    let mut values = vec!["1000", "1010", "995", "1005", "990", "1002"];
    values.extend(["1/0", "1500"]);
    let done = sweeps(&values)
        .args(["compare", "--format", "json"])
        .args(["report"])
        .args(["compare", "--base", "best:7", "--format", "json"])
        // Where runs are made and thrown away, only the history knows them.
        .shell("rm -r .shmoo/runs")
        .args(["compare", "--format", "json"])
        .args(["compare", "--confirm"])
        .run()?;
    let outputs = &done.outputs[values.len()..];
    let found = json(&outputs[0].stdout)?;
    assert_eq!((outputs[0].code, &found["counts"]["regressed"]), (12, &Value::from(2)), "{found:#}");
    let comparison = &found["comparison"];
    assert_eq!(comparison["base"]["run"], done.run(7));
    let expected = format!("2 metrics that it planned and did not measure come from {}", done.run(6));
    assert!(comparison["why"].as_array().unwrap().iter().any(|why| *why == *expected), "{}", comparison["why"]);
    assert!(outputs[1].stdout.contains(&expected), "{}", outputs[1].stdout);
    let best = json(&outputs[2].stdout)?;
    assert_eq!((outputs[2].code, &best["counts"]["regressed"]), (12, &Value::from(2)), "{best:#}");
    assert_eq!(best["comparison"]["changes"][0]["base"], 990.0);
    let bare = json(&outputs[4].stdout)?;
    assert_eq!((outputs[4].code, &bare["comparison"]["changes"]), (12, &comparison["changes"]), "{bare:#}");
    assert_eq!(outputs[5].code, 2);
    assert!(outputs[5].stderr.contains("name a run whose folder or archive is there"), "{}", outputs[5].stderr);
    Ok(())
}

#[test]
fn records_compare_without_a_project() -> Outcome {
    let done = sweeps(&["1000", "1300"])
        .shell("mkdir away && cp .shmoo/runs/RUN-1/record.json away/base.json && cp .shmoo/runs/RUN-2/record.json away/head.json && rm -r .shmoo suite.yaml && echo '{}' > away/none.json")
        .args(["compare", "away/base.json", "away/head.json", "--format", "json"])
        .args(["compare", "away/head.json", "away/head.json"])
        .args(["compare", "away/head.json"])
        .args(["compare", "away/none.json", "away/head.json"])
        .run()?;
    let outputs = &done.outputs[3..];
    let found = json(&outputs[0].stdout)?;
    assert_eq!((outputs[0].code, &found["counts"]["uncertain"]), (0, &Value::from(2)));
    assert!((found["comparison"]["changes"][0]["figures"]["effect"].as_f64().unwrap() - 0.3).abs() < 1e-9);
    assert_eq!(outputs[1].code, 0);
    assert!(!outputs[1].stdout.contains("uncertain"), "{}", outputs[1].stdout);
    assert_eq!((outputs[2].code, outputs[3].code), (2, 2));
    assert!(outputs[2].stderr.contains("there is no file to compare with"), "{}", outputs[2].stderr);
    assert!(outputs[3].stderr.contains("`away/none.json` is no record of a run"), "{}", outputs[3].stderr);
    Ok(())
}

/// A step by 10 % after 30 of 50 rows, with a saw of noise.
fn series() -> String {
    let mut text = "commit,date,wall,steady\n".to_owned();
    for row in 0..50 {
        let noise = f64::from(row * 7 % 11) / 10.0;
        let level = if row < 30 { 100.0 } else { 110.0 };
        text.push_str(&format!("c{row},2026-01-{:02},{},{}\n", row % 28 + 1, level + noise, 5.0 + noise));
    }
    text
}

#[test]
fn changes_of_a_series() {
    shmoo()
        .file("series.csv", &series())
        .file("few.csv", "wall\n1\n2\n")
        .file("bad.csv", "commit,wall\na,1\nb,fast\n")
        .args(["changes", "series.csv", "--index", "commit"])
        .args(["changes", "series.csv", "--index", "commit", "--metric", "wall", "--format", "json"])
        .args(["changes", "series.csv", "--metric", "wall", "--index", "commit", "--min-effect", "15%"])
        .args(["changes", "few.csv"])
        .args(["changes", "bad.csv"])
        .args(["changes", "bad.csv", "--metric", "wal"])
        .args(["changes", "none.csv"])
        .args(["changes", "series.csv", "--level", "2"])
        .snapshot("changes_of_a_series");
}

/// Eight runs at one level and eight at another, each of a commit of its own.
#[test]
fn changes_of_the_history() -> Outcome {
    let git = "git -c user.name=test -c user.email=test@example.org";
    let steady = ["1000", "1004", "998", "1002", "997", "1003", "999", "1001"];
    let mut shmoo = shmoo().file("suite.yaml", TIMED).shell("git init --quiet --initial-branch=main .");
    for value in steady.iter().map(|value| value.to_string()).chain(steady.map(|value| format!("1{value}"))) {
        let commit = format!("echo {value} > base.txt && git add --all && {git} commit --quiet --message={value}");
        let sweep = ["sweep", "suite.yaml", "--no-archive", "--format", "json"];
        shmoo = shmoo.shell(&commit).before(sweep);
    }
    let done = shmoo
        .args(["changes", "--suite", "timed", "--metric", "time.t", "--case", "s1", "--format", "json"])
        .args(["changes", "--suite", "timed", "--metric", "t"])
        .args(["changes", "--suite", "timed", "--case", "s3"])
        .args(["changes", "--suite", "timde"])
        .args(["changes", "--suite", "timed", "--metric", "u"])
        .args(["changes", "--suite", "timed", "--branch", "other"])
        .args(["changes", "--suite", "timed", "--case", "[", "--quiet"])
        .args(["changes", "--suite", "timed", "--index", "c"])
        .args(["changes"])
        .run()?;
    let outputs = &done.outputs[done.outputs.len() - 9..];
    let found = json(&outputs[0].stdout)?;
    let series = found["series"].as_array().unwrap();
    assert_eq!((outputs[0].code, series.len(), found["runs"].as_array().unwrap().len()), (0, 1, 16));
    assert_eq!(
        (&series[0]["metric"], &series[0]["point"], &series[0]["unit"]),
        (&"time.t".into(), &"s1".into(), &"ms".into())
    );
    let changes = series[0]["changes"].as_array().unwrap();
    assert_eq!((changes.len(), &changes[0]["at"]), (1, &Value::from(8)), "{changes:?}");
    let (runs, change) = (&found["runs"], &changes[0]);
    assert_eq!((&change["good"], &change["bad"]), (&runs[7]["commit"], &runs[8]["commit"]));
    assert!(change["good"].is_string() && change["good"] != change["bad"], "{change}");

    assert_eq!(outputs[1].code, 0);
    let commit = |at: usize| &runs[at]["commit"].as_str().unwrap()[..10];
    let between = format!("{}..{}", commit(7), commit(8));
    assert_eq!(outputs[1].stdout.matches(&between).count(), 2, "{}", outputs[1].stdout);
    let check = |output: usize, code: i32, says: &str| {
        let output = &outputs[output];
        assert_eq!(output.code, code, "{}", output.stderr);
        assert!(output.stderr.contains(says), "`{says}` in {}", output.stderr);
    };
    check(2, 3, "no run has a number of any metric at such a point");
    check(3, 2, "did you mean `timed`");
    check(4, 2, "suite `timed` has no metric `u`");
    check(5, 3, "there is no complete run of the whole suite `timed` of branch `other`");
    check(6, 2, "`[` is no pattern of points");
    check(7, 2, "cannot be used with");
    check(8, 2, "<FILE>");
    Ok(())
}

/// Another command in the stage ends the line of a metric. Whether it moved what was measured before is told by the
/// noise of before, with what changed beside it.
#[test]
fn another_recipe_ends_the_history() -> Outcome {
    let values = ["1000", "1010", "995", "1005", "990", "1300"];
    let other = TIMED.replace("* SHMOO_PARAM_SIZE))", "* SHMOO_PARAM_SIZE + 0))");
    let done = sweeps(&values[..5])
        .file("suite.yaml", &other)
        .file("base.txt", "1300")
        .before(["sweep", "suite.yaml", "--no-archive"])
        .args(["compare", "--format", "json"])
        .run()?;
    let found = json(&done.last().stdout)?;
    let change = &found["comparison"]["changes"][0];
    assert_eq!(change["verdict"], "regressed", "{change}");
    let reds = found["comparison"]["reds"].to_string();
    assert!(reds.contains("what `time` runs and reads, in the suite"), "{reds}");
    assert_eq!(found["comparison"]["trends"].as_array().unwrap().len(), 0);
    Ok(())
}

#[test]
fn changes_refuse_what_would_have_no_effect() {
    let sandbox = Sandbox::new("");
    sandbox.write("a.csv", "wall\n1\n2\n");
    for flag in [["--case", "a"], ["--branch", "main"], ["--machine", "abc"]] {
        let said = sandbox.run_to(2, &[&["changes", "a.csv"], &flag[..]].concat());
        assert!(said.stderr.contains("cannot be used with"), "{flag:?}: {}", said.stderr);
    }
    let said = sandbox.run_to(2, &["changes", "a.csv", "--min-effect", "10"]);
    assert!(said.stderr.contains("it is 1000%, and at most 100% is wanted: `10%`"), "{}", said.stderr);
    sandbox.run_to(3, &["changes", "a.csv", "--min-effect", "100%"]);
}

#[test]
fn changes_of_standard_input() {
    let sandbox = Sandbox::new("");
    sandbox.write("a.csv", "wall\n1\n2\n1\n2\n1\n2\n9\n8\n9\n8\n9\n8\n");
    let named = sandbox.run_to(0, &["changes", "a.csv"]);
    let mut command = sandbox.shmoo(&["changes", "-"]);
    let piped = command.stdin(std::fs::File::open(sandbox.path("a.csv")).unwrap()).output().unwrap();
    assert_eq!(String::from_utf8(piped.stdout).unwrap(), named.stdout);
    assert!(named.stdout.contains("wall"), "{}", named.stdout);
    let said = sandbox.run_to(2, &["changes", "-"]);
    assert!(said.stderr.contains("standard input:1: there is no column of values"), "{}", said.stderr);
}

#[test]
fn the_ending_of_a_file_names_the_format_of_its_report() {
    let sandbox = Sandbox::new(TIMED);
    sandbox.write("base.txt", "1");
    sandbox.run_to(0, &["run", "suite.yaml", "--jobs", "1"]);
    let written = |name: &str, format: &[&str]| {
        sandbox.run_to(0, &[&["report", "--out", name], format].concat());
        sandbox.lines(name).swap_remove(0)
    };
    for (name, start) in [
        ("a.html", "<!doctype html>"),
        ("a.MD", "## "),
        ("a.json", "{\"version\":1"),
        ("a.csv", "stage,point"),
        ("a.xml", "<?xml"),
        ("a.txt", "PASSED"),
        ("a", "PASSED"),
    ] {
        assert!(written(name, &[]).starts_with(start), "{name}");
    }
    assert!(written("b.html", &["--format", "csv"]).starts_with("stage,point"));
}
