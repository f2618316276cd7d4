use super::{
    Chosen, EarlierRuns, GoldenValue, Known, Lineage, best_of, choose, compare, default_rules, golden_base,
    is_of_orphans, orphans, stand_in, unmeasured,
};
use crate::ledger::{MeasuredValue, Verdict};
use crate::record::sample::{case, gated, plan, record, stage, suite};
use crate::record::{RunRecord, RunSummary};
use crate::suite::{Better, Suite};
use crate::value::{BaselineRule, Digest, MetricName, PointName, RunId, StageName, SuiteName, Timestamp};

fn sample() -> Suite {
    suite(&["vdd:v=1 2 3"], vec![stage("run", &[0], vec![gated("freq", "Hz", Better::Higher)])])
}

/// A run `NAME words...`, which started in the order of the names' first letters.
fn run(text: &str) -> RunSummary {
    let mut words = text.split(' ');
    let mut run = RunSummary::of(&record(&sample(), words.next().unwrap()));
    let order = run.id.as_str().bytes().next().unwrap_or_default();
    run.started = Timestamp::from_milliseconds(i64::from(order));
    for word in words {
        match word.split_once('=') {
            None if word == "broken" => run.complete = false,
            None if word == "killed" => (run.complete, run.stopped) = (false, vec!["SIGTERM".to_owned()]),
            None if word == "dirty" => run.source.dirty = Some(true),
            None if word == "fork" => run.source.fork = Some(true),
            Some(("suite", name)) => run.suite = SuiteName::new(name),
            Some(("machine", print)) => run.fingerprint = print.to_owned(),
            Some(("confirm", of)) => run.filter = vec!["--confirm".to_owned(), of.to_owned()],
            Some(("case", case)) => run.filter = vec!["--case".to_owned(), case.to_owned()],
            Some(("profile", profile)) => run.profile = Some(profile.to_owned()),
            Some(("at", commit)) => run.source.commit = Some(commit.to_owned()),
            Some(("branch", branch)) => run.source.branch = Some(branch.to_owned()),
            Some(("left", commit)) => {
                (run.source.merge_base, run.source.base_branch) = (Some(commit.to_owned()), Some("main".to_owned()));
            }
            Some(("into", base)) => run.source.base_branch = Some(base.to_owned()),
            Some(("pull", number)) => run.source.pull_request = number.parse().ok(),
            _ => panic!("{word}"),
        }
    }
    run
}

/// `3: 2 x` is commit 3 with the parents 2 and x.
fn lineage(commit: &str, shallow: bool) -> Lineage {
    let commits = ["6: 5", "5: 4 b", "b: a", "a: 2", "4: 3", "3: 2", "2: 1", "1:"].map(|line| {
        let (commit, parents) = line.split_once(':').unwrap();
        (commit.to_owned(), parents.split_whitespace().map(str::to_owned).collect())
    });
    Lineage::new(commit, &commits, shallow)
}

fn chosen(rule: &str, runs: &[&str], head: &str, shallow: bool) -> String {
    let runs: Vec<RunSummary> = runs.iter().map(|text| run(text)).collect();
    let head = run(head);
    let own = head.source.commit.as_deref().map(|commit| lineage(commit, shallow));
    let base = head.source.merge_base.as_deref().map(|commit| lineage(commit, shallow));
    let known = Known { head: &head, runs: &runs, lineage: own.as_ref(), base_lineage: base.as_ref() };
    let Chosen { runs: taken, why } = choose(&rule.parse().unwrap(), &known);
    let names: Vec<&str> = taken.iter().map(|&index| runs[index].id.as_str()).collect();
    format!("{}\n{}", if names.is_empty() { "none".to_owned() } else { names.join(" ") }, why.join("\n"))
}

fn check(rule: &str, runs: &[&str], head: &str, expected: &str) {
    assert_eq!(chosen(rule, runs, head, false), expected, "{rule} of {runs:?}");
}

#[test]
fn the_previous_complete_run() {
    let check = |runs: &[&str], head: &str, expected: &str| check("previous", runs, head, expected);
    check(&[], "h", "none\nthere is no earlier run of `sample`");
    check(&["h", "z", "c suite=other"], "h", "none\nthere is no earlier run of `sample`");
    check(&["a", "c", "b"], "h", "c\nc is the previous complete run of `sample` on this kind of machine");
    check(
        &["a", "b profile=pr"],
        "h",
        "a\na is the previous complete run of `sample` on this kind of machine\n\
         b was passed over: it ran a part (profile pr)",
    );
    check(&["b profile=pr"], "h profile=pr", "b\nb is the previous complete run of `sample` on this kind of machine");
    check(&["b"], "h profile=pr", "b\nb is the previous complete run of `sample` on this kind of machine");
    check(&["b case=v1"], "h case=v1", "b\nb is the previous complete run of `sample` on this kind of machine");
    // One of the whole suite is preferred.
    check(
        &["a", "b case=v1"],
        "h case=v1",
        "a\na is the previous complete run of `sample` on this kind of machine\n\
         b was passed over: it ran a selection (--case v1)",
    );
    check(
        &["a", "b case=v2", "c confirm=a"],
        "h case=v1",
        "a\na is the previous complete run of `sample` on this kind of machine\n\
         c was passed over: it ran a selection (--confirm a)\nb was passed over: it ran a selection (--case v2)",
    );
    check(
        &["c confirm=a"],
        "h confirm=a",
        "none\nno earlier run of `sample` can be compared with\nc was passed over: it ran a selection (--confirm a)",
    );
    check(
        &["a", "b broken", "c killed", "d machine=f2", "e case=v1", "f fork"],
        "h",
        "a\na is the previous complete run of `sample` on this kind of machine\n\
         f was passed over: it came from a fork\n\
         e was passed over: it ran a selection (--case v1)\n\
         d was passed over: it ran on another machine (fingerprint f2, here f1)\n\
         c was passed over: it is not complete (SIGTERM)\nb was passed over: it is not complete",
    );
    check(
        &["a broken"],
        "h",
        "none\nno earlier run of `sample` can be compared with\na was passed over: it is not complete",
    );
    let many = ["a broken", "b broken", "c broken", "d broken", "e broken", "f broken", "g broken"];
    let told = chosen("previous", &many, "h", false);
    assert_eq!((told.lines().count(), told.lines().last()), (8, Some("2 more runs were passed over")));
}

#[test]
fn the_commit_where_a_branch_left() {
    let check = |runs: &[&str], head: &str, expected: &str| check("merge-base", runs, head, expected);
    let head = "h at=b left=2 pull=7";
    check(
        &["a at=2", "b at=2", "c at=2 dirty", "d at=3", "e at=a", "z at=2 broken"],
        head,
        "b\nb is the last complete run of 2, where this run left `main`\n\
         z was passed over: it is not complete\nc was passed over: it had uncommitted changes",
    );
    // Its run may have been slower than ours.
    check(&["z at=2"], head, "z\nz is the last complete run of 2, where this run left `main`");
    check(
        &["a at=1", "d at=3"],
        head,
        "a\nthere is no complete run of 2, where this run left `main`\na is the nearest before it, 1 commit back (1)",
    );
    check(
        &["d at=3", "e at=a"],
        head,
        "none\nthere is no complete run of 2, where this run left `main`, or of a commit before it",
    );
    check(
        &["a at=2"],
        "h at=6 into=main",
        "none\ngit did not know where this run left `main`: fetch the whole history (`fetch-depth: 0`)",
    );
    check(&["a at=2"], "h at=6", "none\nthis run is of the base branch, or git knows none");
    check(&["a at=2"], "h", "none\nthe commit of this run is not known");
    assert!(chosen("merge-base", &["d at=3"], head, true).ends_with("fetch the whole history (`fetch-depth: 0`)"));
    assert_eq!(default_rules(&run(head)), [BaselineRule::MergeBase]);
    assert_eq!(default_rules(&run("h at=b left=2")), [BaselineRule::Previous]);
    // A shallow checkout.
    assert_eq!(default_rules(&run("h at=b into=main pull=7")), [BaselineRule::MergeBase]);
}

#[test]
fn the_nearest_commit() {
    let check = |runs: &[&str], head: &str, expected: &str| check("ancestor", runs, head, expected);
    check(
        &["a at=1", "b at=2", "c at=b", "d at=9"],
        "h at=6",
        "c\nc is the nearest complete run before this one, 2 commits back (b)",
    );
    // The same commit again measures nothing new, unless the head was edited.
    check(&["a at=5", "b at=6"], "h at=6", "a\na is the nearest complete run before this one, 1 commit back (5)");
    check(&["a at=5", "b at=6"], "h at=6 dirty", "b\nb is of the same commit, before the changes");
    check(&["d at=9"], "h at=6", "none\nthere is no complete run of a commit before 6");
    check(&["a"], "h", "none\nthe commit of this run is not known");
}

#[test]
fn other_baselines() {
    check("branch:main", &["a branch=main", "b branch=x"], "h", "a\na is the last complete run of branch `main`");
    check("branch:y", &["b branch=x"], "h", "none\nthere is no earlier run of branch `y`");
    check(
        "best:2",
        &["a", "b", "c broken", "d"],
        "h",
        "d b\nthe best of each metric over the last 2 complete runs, b to d\nc was passed over: it is not complete",
    );
    check("best", &["a"], "h", "a\na is the only complete run to take the best of");
    check("best", &[], "h", "none\nno earlier run of `sample` can be compared with");
    // A named run is taken, and what is wrong with it is said.
    check(
        "run:b",
        &["a", "b machine=f2"],
        "h",
        "b\nb was named\ntake care: it ran on another machine (fingerprint f2, here f1)",
    );
    check("run:h", &["h broken"], "h broken", "h\nh was named");
    check("run:x", &["a"], "h", "none\nthe history has no run `x`");
    check("golden:x.csv", &["a"], "h", "none\n");
}

fn measured(id: &str, values: &[(&str, f64)]) -> RunRecord {
    let suite = sample();
    let mut record = record(&suite, id);
    for (at, value) in values {
        plan(&mut record, &suite, "run", at, Verdict::Pass, &[("freq", *value)]);
        case(&mut record, &suite, at, Verdict::Pass);
    }
    record
}

fn numbers(record: &RunRecord) -> Vec<f64> {
    let number = |value: &MeasuredValue| match value {
        MeasuredValue::Number(number) => *number,
        MeasuredValue::Text(text) => panic!("{text}"),
    };
    record.metrics.iter().map(|row| number(&row.value)).collect()
}

#[test]
fn bases_that_are_no_runs() {
    let newest = measured("c", &[("vdd=1", 5.0), ("vdd=2", 6.0)]);
    let older = [measured("b", &[("vdd=1", 7.0), ("vdd=3", 9.0)]), measured("a", &[("vdd=2", 5.5)])];
    let all = [std::slice::from_ref(&newest), &older[..]].concat();
    let best = best_of(&all, &sample()).unwrap();
    assert_eq!((numbers(&best), best.run.id.as_str()), (vec![7.0, 6.0], "best of 3 runs"));
    assert_eq!(best_of(&all[..1], &sample()).unwrap(), newest);
    assert_eq!(best_of(&[], &sample()), None);
    // What the newest lacks comes from the newest that has it.
    let mut broken = newest.clone();
    broken.metrics.clear();
    let best = best_of(&[broken, newest.clone(), older[0].clone()], &sample()).unwrap();
    assert_eq!(numbers(&best), [7.0, 6.0]);
    // An older run called it otherwise, and measured in kHz.
    let mut suite = sample();
    suite.stages[0].metrics[0].was = vec!["frequency".to_owned()];
    let mut renamed = measured("b", &[("vdd=1", 0.0075), ("vdd=2", 0.001)]);
    for row in &mut renamed.metrics {
        (row.metric, row.unit) = (MetricName::new("frequency"), Some("kHz".to_owned()));
    }
    renamed.run.metric_infos[0].metric = MetricName::new("frequency");
    let best = best_of(&[newest.clone(), renamed], &suite).unwrap();
    assert_eq!(numbers(&best), [7.5, 6.0]);
    assert_eq!((best.metrics[0].metric.as_str(), best.metrics[0].unit.as_deref()), ("freq", Some("Hz")));
    let golden = |point: &str, value: f64| GoldenValue {
        metric: "run.freq".to_owned(),
        point: point.to_owned(),
        value: MeasuredValue::Number(value),
        unit: None,
    };
    let base = golden_base(&newest, "g.csv", &[golden("v2", 6.5), golden("v3", 1.0)]);
    assert_eq!((numbers(&base), base.metrics[0].point.as_str()), (vec![6.5], "v2"));
}

#[test]
fn orphans_are_listed() {
    let mut suite = sample();
    suite.stages[0].metrics[0].was = vec!["frequency".to_owned()];
    let head = measured("b", &[("vdd=1", 5.0), ("vdd=2", 6.0)]);
    let metric = |stage: &str, metric: &str| (StageName::new(stage), MetricName::new(metric), RunId::new("a"));
    let metrics = [metric("run", "freq"), metric("run", "frequency"), metric("run", "power"), metric("gone", "freq")];
    let cases = ["v1", "v2", "v7", "v8"].map(|name| (PointName::new(name), RunId::new("a")));
    let expected = [
        "2 metrics are in the history and not in the suite: run.power (last in a), gone.freq (last in a)",
        "2 cases are in the history and not in the suite: v7 (last in a), v8 (last in a)",
    ];
    assert_eq!(orphans(&head, &suite, &metrics, &cases), expected);
    assert!(expected.iter().all(|note| is_of_orphans(note)));
    assert!(!is_of_orphans("tool `in the history and not in the suite: ` was 1 and is 2"));
    let mut part = head.clone();
    part.run.profile = Some("pr".to_owned());
    assert_eq!(orphans(&part, &suite, &metrics, &cases), expected[..1]);
    assert_eq!(orphans(&head, &suite, &metrics[..2], &cases[..2]), [""; 0]);
}

#[test]
fn earlier_runs_stand_in_for_what_a_failed_task_hides() {
    let suite = sample();
    let head = measured("d", &[("vdd=1", 8.0), ("vdd=2", 6.0), ("vdd=3", 3.0)]);
    let mut base = measured("c", &[("vdd=1", 5.0), ("vdd=2", 6.0)]);
    base.metrics.retain(|row| row.point.as_str() != "v1");
    base.tasks[0].verdict = Verdict::Error;
    // The third point is new; the first was planned.
    assert_eq!(unmeasured(&head, &base, &suite), 1);
    let told = |base: &RunRecord| {
        let found = compare(&head, Some(base), Vec::new(), &suite, &EarlierRuns::default());
        found.changes.iter().map(|change| format!("{} {}", change.point, change.verdict.word())).collect::<Vec<_>>()
    };
    assert_eq!(told(&base), ["v1 uncertain", "v2 unchanged", "v3 new"]);
    let mut other = measured("b", &[("vdd=1", 4.0), ("vdd=3", 9.0)]);
    let mut changed = other.clone();
    changed.run.metric_infos[0].stage_digest = Digest::of(b"another command");
    assert_eq!(stand_in(&head, &mut base, &changed, &suite), 0);
    other.metrics[0].origin = Some(RunId::new("a"));
    assert_eq!(stand_in(&head, &mut base, &other, &suite), 0);
    other.metrics[0].origin = None;
    assert_eq!(stand_in(&head, &mut base, &other, &suite), 1);
    assert_eq!(unmeasured(&head, &base, &suite), 0);
    assert_eq!(numbers(&base), [6.0, 4.0]);
    assert_eq!(told(&base), ["v1 uncertain", "v2 unchanged", "v3 new"]);
}

#[test]
fn a_part_as_base_leaves_the_rest_out() {
    let suite = sample();
    let head = measured("b", &[("vdd=1", 5.0), ("vdd=2", 6.0)]);
    let mut part = measured("a", &[("vdd=2", 6.0)]);
    part.run.filter = vec!["--case".to_owned(), "v2".to_owned()];
    let found = compare(&head, Some(&part), Vec::new(), &suite, &EarlierRuns::default());
    let points: Vec<&str> = found.changes.iter().map(|change| change.point.as_str()).collect();
    assert_eq!(points, ["v2"]);
}

#[test]
fn parts_say_what_they_share() {
    let suite = sample();
    let base = measured("a", &[("vdd=1", 5.0), ("vdd=2", 6.0)]);
    let mut head = measured("b", &[("vdd=2", 6.0)]);
    head.run.profile = Some("pr".to_owned());
    let found = compare(&head, Some(&base), Vec::new(), &suite, &EarlierRuns::default());
    assert_eq!(found.why, ["this run is of a part of the suite: its 1 case is in both"]);
    assert_eq!(found.changes.len(), 1);
}
