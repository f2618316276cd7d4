//! `shmoo compare --confirm`, with real repositories.

use super::repository::{Repository, SUITE, json};
use super::sandbox::until_true;
use serde_json::Value;

/// Six runs of the first commit, so that the noise between runs is known.
fn with_history() -> Repository {
    after_six_runs(Repository::new())
}

fn after_six_runs(repository: Repository) -> Repository {
    for load in [1000, 1004, 998, 1002, 996, 1000] {
        assert_eq!(repository.sweep(load).code, 0);
    }
    repository
}

const CONFIRM: &[&str] = &["--quiet", "compare", "--confirm", "--format", "json"];

fn verdicts(found: &Value) -> Vec<(String, String, String)> {
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let confirmations = found["confirmations"].as_array().unwrap().iter();
    confirmations.map(|found| (text(&found["metric"]), text(&found["point"]), text(&found["verdict"]))).collect()
}

fn same(metric: &str, verdict: &str) -> Vec<(String, String, String)> {
    ["s1", "s2"].map(|point| (metric.to_owned(), point.to_owned(), verdict.to_owned())).to_vec()
}

#[test]
fn a_slow_machine_is_no_regression() {
    let repository = with_history();
    let sandbox = &repository.sandbox;
    // Nothing of the tool changes, and the machine is slower that day.
    repository.commit("words", &[("README", "words")]);
    assert_eq!(repository.sweep(1300).code, 12);
    let last = sandbox.report()["run"]["id"].clone();
    sandbox.run_to(12, &["compare"]);
    repository.logged(&[]);

    let said = sandbox.run_to(0, &[CONFIRM, &["--seed", "7"]].concat());
    let found = json(&said);
    assert_eq!(verdicts(&found), same("time.t", "not_confirmed"), "{}", said.stdout);
    assert_eq!(found["counts"], serde_json::json!({ "confirmed": 0, "still_uncertain": 0, "not_confirmed": 2 }));
    let first = &found["confirmations"][0];
    assert_eq!((&first["before"], &first["n"], &first["scale"]), (&"regressed".into(), &10.into(), &"log".into()));
    assert!(first["p"].as_f64().unwrap() > 0.05);
    let [low, high] = [0, 1].map(|end| first["interval"][end].as_f64().unwrap());
    assert!(low < 0.0 && 0.0 < high && high < 0.03, "{low} {high}");
    // Each side is built once, and measured once for each pair.
    assert_eq!(repository.logged(&["build", "time 1", "time 2"]), [2, 20, 20]);
    // Which side comes first changes from pair to pair, by the seed.
    let order = |found: &Value| -> Vec<bool> {
        let pairs = found["confirmations"][0]["pairs"].as_array().unwrap().iter();
        pairs.map(|pair| pair["head_first"].as_bool().unwrap()).collect()
    };
    let heads = order(&found).iter().filter(|first| **first).count();
    assert!((1..10).contains(&heads), "{found}");
    let again = json(&sandbox.run_to(0, &[CONFIRM, &["--seed", "7"]].concat()));
    assert_eq!((order(&again), &again["seed"]), (order(&found), &Value::from(7)));
    repository.assert_untouched();

    // What was measured is recorded, and is nobody's last run, base or earlier run.
    assert_eq!(sandbox.report()["run"]["id"], last);
    let history = json(&sandbox.run_to(0, &["history", "list", "--format", "json"]));
    let filters: Vec<&Value> = history["runs"].as_array().unwrap().iter().map(|run| &run["filter"]).collect();
    let mark = serde_json::json!(["--confirm", last]);
    assert_eq!((filters.len(), filters.iter().filter(|filter| ***filter == mark).count()), (11, 4));
    let plain = json(&sandbox.run_to(12, &["compare", "--format", "json"]));
    assert_eq!(plain["comparison"]["changes"][0]["figures"]["history"]["runs"], 6);
    let name = found["runs"][1].as_str().unwrap();
    let samples = sandbox.run_to(0, &["history", "export", "samples"]).stdout;
    let own = samples.lines().filter(|line| line.contains(name) && line.contains("time") && line.contains("s1"));
    assert_eq!(own.count(), 10, "{samples}");
    let kept = sandbox.path(".shmoo/confirm").join(name.strip_suffix("-head").unwrap());
    assert!(kept.join("confirm.json").is_file() && kept.join("base/record.json").is_file());
    assert!(!kept.join("head/work").exists());
}

#[test]
fn a_slower_tool_is() {
    let repository = with_history();
    let sandbox = &repository.sandbox;
    repository.commit("slower", &[("level.txt", "120"), ("bytes.txt", "2")]);
    assert_eq!(repository.sweep(1100).code, 12);
    repository.logged(&[]);
    let said = sandbox.run_to(12, CONFIRM);
    let found = json(&said);
    let mut expected = [same("time.bytes", "confirmed"), same("time.t", "confirmed")].concat();
    expected.sort();
    let mut seen = verdicts(&found);
    seen.sort();
    assert_eq!(seen, expected, "{}", said.stdout);
    let one = |metric: &str| -> Value {
        let mut all = found["confirmations"].as_array().unwrap().iter();
        all.find(|found| found["metric"] == metric && found["point"] == "s2").unwrap().clone()
    };
    let slower = one("time.t");
    let effect = slower["effect"].as_f64().unwrap();
    assert!((0.19..0.21).contains(&effect), "{effect}");
    assert!(slower["rule"].as_str().unwrap().contains("20% worse in 10 pairs (p = 0.002"), "{slower}");
    assert_eq!((&one("time.bytes")["p"], &one("time.bytes")["head"]), (&Value::Null, &Value::from(2.0)));
    // The first figures, with the sign that a table can show.
    let table = sandbox.run_to(12, &["--quiet", "compare", "--confirm"]).stdout;
    assert!(table.contains("confirmed") && table.contains("+20%") && table.contains("95 % interval"), "{table}");
    repository.assert_untouched();

    // Only what is exact changed: one pair tells.
    repository.commit("larger", &[("bytes.txt", "3")]);
    assert_eq!(repository.sweep(1100).code, 12);
    repository.logged(&[]);
    let found = json(&sandbox.run_to(12, CONFIRM));
    assert_eq!((verdicts(&found), &found["confirmations"][0]["n"]), (same("time.bytes", "confirmed"), &1.into()));
    assert_eq!(repository.logged(&["build", "time 1", "time 2"]), [2, 2, 2]);

    // And back: better is only looked at if that is asked for; a head that is not checked out has a tree, too.
    let head = repository.commit("faster", &[("level.txt", "100")]);
    assert_eq!(repository.sweep(700).code, 0);
    repository.commit("words", &[("README", "words")]);
    let said = sandbox.run_to(0, &["compare", "--confirm"]);
    assert!(said.stdout.contains("nothing is suspicious"), "{}", said.stdout);
    let said = sandbox.run_to(0, &["compare", "--confirm", "--improved", "--format", "json"]);
    assert_eq!(verdicts(&json(&said)), same("time.t", "confirmed"));
    assert!(said.stderr.contains(&format!("head: checking out {}", &head[..10])), "{}", said.stderr);
    assert_eq!(json(&said)["confirmations"][0]["worse"], false);
    repository.assert_untouched();
}

#[test]
fn what_rests_on_a_measurement_runs_again() {
    let cached = SUITE.replace("outputs: [built.txt]", "outputs: [built.txt]\n    cache: true");
    let sum = r#"
  sum:
    per: []
    inputs: { rows.csv: { rows: time } }
    shell: |
      echo sum >> @ROOT@/log
      echo "total=$(awk -F, 'NR > 1 { sum += $4 } END { print sum }' rows.csv)"
    evidence: [{ key_value: stdout }]
    metrics: { total: { unit: ms, better: lower } }
"#;
    let repository = after_six_runs(Repository::with(&format!("{cached}{sum}")));
    let sandbox = &repository.sandbox;
    let first = repository.logged(&["build"]);
    assert_eq!(first, [1]);
    repository.commit("slower", &[("level.txt", "120")]);
    assert_eq!(repository.sweep(1100).code, 12);
    assert_eq!(repository.logged(&["build", "sum"]), [1, 1]);
    // Sums over one and the same measurement would all be alike.
    let found = json(&sandbox.run_to(12, CONFIRM));
    let total = found["confirmations"].as_array().unwrap().iter().find(|found| found["metric"] == "sum.total").unwrap();
    assert_eq!((&total["verdict"], &total["point"]), (&"confirmed".into(), &"all".into()));
    let heads: std::collections::BTreeSet<String> =
        total["pairs"].as_array().unwrap().iter().map(|pair| pair["head"].to_string()).collect();
    assert_eq!(heads.len(), 10, "{total}");
    // What both builds left came out of the cache.
    assert_eq!(repository.logged(&["build", "time 1", "time 2", "sum"]), [0, 20, 20, 20]);
    repository.assert_untouched();
}

#[test]
fn what_cannot_be_measured_again() {
    let repository = with_history();
    let sandbox = &repository.sandbox;
    // The head stops to build once it was measured, so that the head's runs end in error.
    repository.commit("slower", &[("level.txt", "120")]);
    assert_eq!(repository.sweep(1000).code, 12);
    sandbox.write("build.sh", "echo no; exit 1\n");
    let said = sandbox.run_to(2, CONFIRM);
    assert!(said.stderr.contains("the work tree has uncommitted changes") && said.stderr.contains("--dirty-ok"));
    let said = sandbox.run_to(10, &[CONFIRM, &["--dirty-ok"]].concat());
    let found = json(&said);
    assert_eq!(verdicts(&found), same("time.t", "still_uncertain"));
    assert!(found["confirmations"][0]["rule"].as_str().unwrap().contains("head: time/s1 ended in skipped"), "{found}");
    assert!(found["broken"][0].as_str().unwrap().contains("head: build/all ended in error"), "{found}");
    repository.git(&["checkout", "--quiet", "."]);
    repository.assert_untouched();

    let said = sandbox.run_to(2, &["compare", "--confirm", "--pairs", "5"]);
    assert!(said.stderr.contains("a whole number from 6 to 400"), "{}", said.stderr);
    sandbox.run_to(2, &["compare", "--pairs", "7"]);
    let record = sandbox.runs().pop().unwrap().join("record.json");
    let said = sandbox.run_to(2, &["compare", record.to_str().unwrap(), record.to_str().unwrap(), "--confirm"]);
    assert!(said.stderr.contains("what only a record tells of cannot be measured again"), "{}", said.stderr);
    // A commit that is not here.
    let text = std::fs::read_to_string(&record).unwrap();
    let head = repository.git(&["rev-parse", "HEAD"]);
    let base = repository.git(&["rev-parse", "HEAD~1"]);
    assert!(text.contains(&head));
    let first = sandbox.runs().remove(0).join("record.json");
    let changed = std::fs::read_to_string(first).unwrap().replace(&base, &base.replace(|_: char| true, "0"));
    sandbox.write(".shmoo/gone.json", changed);
    let said = sandbox.run_to(2, &["compare", ".shmoo/gone.json", "last", "--confirm"]);
    assert!(said.stderr.contains("the repository has no commit `0000"), "{}", said.stderr);
    assert!(said.stderr.contains("fetch it"), "{}", said.stderr);
    repository.assert_untouched();
}

#[test]
fn an_interrupt_leaves_no_tree() {
    let repository = with_history();
    let sandbox = &repository.sandbox;
    repository.commit("slower", &[("level.txt", "120")]);
    assert_eq!(repository.sweep(1000).code, 12);
    sandbox.write("slow", "first");
    let hang = || {
        let _ = std::fs::remove_file(sandbox.path("started"));
        let running = sandbox.start(&["compare", "--confirm", "--format", "json"]);
        until_true("a measurement of the base", || sandbox.path("started").exists());
        assert_eq!(repository.git(&["worktree", "list"]).lines().count(), 2);
        running
    };
    let running = hang();
    running.signal("INT");
    until_true("the end of what runs", || {
        running.signal("INT");
        std::thread::sleep(std::time::Duration::from_millis(20));
        repository.git(&["worktree", "list"]).lines().count() == 1
    });
    let said = running.end();
    assert_eq!(said.code, 13, "{}", said.stderr);
    assert_eq!(json(&said)["confirmations"][0]["verdict"], "still_uncertain");
    repository.assert_untouched();

    let running = hang();
    running.signal("TERM");
    assert_eq!(running.end().code, 13);
    repository.assert_untouched();

    // Nobody can tidy up after a kill but the next one.
    let running = hang();
    running.signal("KILL");
    running.end();
    assert_eq!(repository.git(&["worktree", "list"]).lines().count(), 2);
    std::fs::remove_file(sandbox.path("slow")).unwrap();
    sandbox.run_to(12, CONFIRM);
    repository.assert_untouched();
}
