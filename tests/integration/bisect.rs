//! `shmoo bisect`, with real repositories.

use super::repository::{self, Repository, json};
use super::sandbox::until_true;
use serde_json::Value;

/// Eight commits: the third has too large a count, the fourth and fifth do not build, and from the fourth
/// on `bytes` is another; the seventh is slower.
fn eight() -> (Repository, Vec<String>) {
    let repository = Repository::new();
    let mut commits = vec![repository.git(&["rev-parse", "HEAD"])];
    let changes: [(&str, &[(&str, &str)]); 7] = [
        ("words", &[]),
        ("count more", &[("count.txt", "9")]),
        ("break the build", &[("build.sh", "exit 1\n"), ("bytes.txt", "2")]),
        ("more words", &[]),
        ("mend the build", &[("build.sh", "cp level.txt built.txt\n")]),
        ("slow down <b>`x`</b>", &[("level.txt", "150")]),
        ("last words", &[]),
    ];
    commits.extend(changes.iter().map(|(message, files)| repository.commit(message, files)));
    (repository, commits)
}

fn bisect(repository: &Repository, code: i32, metric: &str, range: [&str; 2]) -> Value {
    let ends = ["--good", range[0], "--bad", range[1]];
    let arguments = [&["--quiet", "bisect", "s2", metric, "--format", "json"][..], &ends].concat();
    json(&repository.sandbox.run_to(code, &arguments))
}

#[test]
fn the_commit_that_made_it_slower() {
    let (repository, commits) = eight();
    let found = bisect(&repository, 0, "time.t", [&commits[0], "main"]);
    assert_eq!(found["first_bad"], serde_json::json!({ "commit": commits[6], "subject": "slow down <b>`x`</b>" }));
    assert_eq!((&found["unit"], &found["candidates"]), (&"ms".into(), &serde_json::json!([])));
    assert_eq!(
        (&found["good"]["commit"], &found["bad"]["commit"]),
        (&commits[0].clone().into(), &commits[7].clone().into())
    );
    assert_eq!((found["good"]["values"].as_array().unwrap().len(), &found["levels"]["kind"]), (5, &"measured".into()));
    let steps = found["steps"].as_array().unwrap();
    let by_commit = |index: usize| steps.iter().find(|step| step["commit"] == commits[index]);
    for step in steps {
        let index = commits.iter().position(|commit| step["commit"] == **commit).unwrap();
        let expected = match index {
            3 | 4 => "skip",
            0..6 => "good",
            _ => "bad",
        };
        assert_eq!(step["verdict"], expected, "{step}");
        assert_eq!(step["values"].as_array().unwrap().len(), if expected == "skip" { 0 } else { 5 }, "{step}");
    }
    let skipped = by_commit(3).or(by_commit(4)).expect("git asks for one in the middle first");
    assert!(skipped["why"].as_str().unwrap().contains("time/s2 ended in skipped"), "{skipped}");
    assert!(by_commit(5).is_some() && by_commit(6).is_some(), "{found}");
    // Of the two sizes, only the one that was asked for ran.
    let [builds, others] = <[usize; 2]>::try_from(repository.logged(&["build", "time 1"])).unwrap();
    // Each commit is measured in turn with the good end, of which the load of the machine takes as much.
    assert_eq!((builds, others), (2 + 2 * steps.len(), 0));
    for step in steps.iter().filter(|step| step["verdict"] != "skip") {
        let [own, good] = ["values", "reference"].map(|key| step[key][0].as_f64().unwrap());
        assert_eq!(own / good > 1.25, step["verdict"] == "bad", "{step}");
    }
    repository.assert_untouched();

    // The other way: the commit that made it faster.
    repository.commit("speed up", &[("level.txt", "100")]);
    let found = bisect(&repository, 0, "t", [&commits[6], "HEAD"]);
    assert_eq!(found["first_bad"]["subject"], "speed up");
    repository.assert_untouched();
}

#[test]
fn exact_metrics_and_verdicts() {
    let (repository, commits) = eight();
    let found = bisect(&repository, 0, "count", [&commits[0], &commits[7]]);
    assert_eq!((&found["first_bad"]["subject"], &found["levels"]["kind"]), (&"count more".into(), &"exact".into()));
    assert_eq!(found["good"]["values"], serde_json::json!([1.0]));
    let found = bisect(&repository, 0, "verdict", [&commits[0], &commits[7]]);
    assert_eq!((&found["first_bad"]["commit"], &found["metric"]), (&commits[2].clone().into(), &"verdict".into()));
    assert_eq!((&found["good"]["values"][0], &found["bad"]["values"][0]), (&"pass".into(), &"fail".into()));
    // What does not build hides the commit.
    let found = bisect(&repository, 13, "bytes", [&commits[0], &commits[7]]);
    assert_eq!((&found["first_bad"], found["broken"].is_string()), (&Value::Null, true));
    let hidden: Vec<&str> =
        found["candidates"].as_array().unwrap().iter().map(|commit| commit["commit"].as_str().unwrap()).collect();
    assert_eq!(hidden, [commits[5].as_str(), &commits[4], &commits[3]]);
    let range = ["--good", commits[0].as_str(), "--bad", "main"];
    let said = repository.sandbox.run_to(13, &[&["bisect", "s1", "bytes"][..], &range].concat());
    assert!(said.stdout.contains("it is one of these:") && said.stdout.contains("break the build"), "{}", said.stdout);
    assert!(said.stderr.contains(" is skip: "), "{}", said.stderr);
    repository.assert_untouched();
}

#[test]
fn ends_that_are_none() {
    let (repository, commits) = eight();
    let refused = |case: &str, metric: &str, good: &str, bad: &str, words: &str| {
        let arguments = ["bisect", case, metric, "--good", good, "--bad", bad];
        let said = repository.sandbox.run_to(2, &arguments);
        assert!(said.stderr.contains(words), "{}", said.stderr);
        repository.assert_untouched();
    };
    let [first, second, last] = [0, 1, 7].map(|index| commits[index].as_str());
    refused("s1", "t", last, first, "swap them");
    refused("s1", "t", first, first, "one and the same commit");
    refused("s1", "t", "none", first, "the repository has no commit `none`");
    refused("s1", "t", first, second, "the ends do not differ beyond noise: ");
    refused("s1", "count", first, second, "both ends have the value 1");
    refused("s1", "tt", first, last, "has no metric `tt` at the bad end");
    refused("s3", "t", first, last, "no planned case is called `s3`");
    refused("s1", "t", first, &commits[3], "an end of the range cannot be measured: bad: time/s1 ended in skipped");
}

#[test]
fn cached_results_come_from_the_store_that_is_named() {
    let cached = repository::SUITE.replace("  build:\n", "  build:\n    cache: true\n");
    let repository = Repository::with(&cached);
    let good = repository.git(&["rev-parse", "HEAD"]);
    repository.commit("words", &[]);
    let wanted = repository.commit("count more", &[("count.txt", "3")]);
    repository.commit("more words", &[]);
    let ends = ["bisect", "s2", "count", "--good", &good, "--bad", "main", "--format", "json"];
    let places = ["--store", "file:.shmoo/elsewhere", "--history", "sqlite:.shmoo/other.db"];
    let found = json(&repository.sandbox.run_to(0, &[&ends[..], &places].concat()));
    assert_eq!(found["first_bad"]["commit"], wanted);
    assert!(repository.sandbox.path(".shmoo/elsewhere/results").is_dir());
    assert!(!repository.sandbox.path(".shmoo/store").exists());
    repository.assert_untouched();
}

#[test]
fn an_interrupt_leaves_nothing() {
    let (repository, commits) = eight();
    let sandbox = &repository.sandbox;
    // Of the commits in between.
    sandbox.write("slow", "words$\\|count\\|mend\\|slow");
    repository.git(&["checkout", "--quiet", "-B", "main", &commits[6]]);
    let last = repository.commit("the end", &[]);
    let running = sandbox.start(&["bisect", "s2", "t", "--good", &commits[0], "--bad", &last]);
    until_true("a measurement in between", || sandbox.path("started").exists());
    running.signal("INT");
    let said = running.end();
    assert_eq!(said.code, 13, "{}", said.stderr);
    assert!(said.stdout.contains("stopped by SIGINT"), "{}", said.stdout);
    repository.assert_untouched();
}
