//! What runs beside what, and in which order: exclusive stages, resources, rounds.
//!
//! Each task writes when it began and when it ended; from these the tests see what overlapped.

use crate::integration::sandbox::Sandbox;
use std::collections::BTreeMap;

/// The span of a task: begin and end, in nanoseconds.
type Spans = BTreeMap<String, (u64, u64)>;

/// Text of a stage that takes a while and writes its span to the log.
const TIMED: &str = r#"key=${SHMOO_TASK#*'"task":"'}; begin=$(date +%s%N); sleep 0.05
      echo "${key%%'"'*} $begin $(date +%s%N)" >> @ROOT@/log"#;

fn suite(stages: &str) -> String {
    let stages = stages.replace("@TIMED@", TIMED);
    format!(
        "version: 1\nsuite: order\nparams:\n  a: {{ code: a, values: {{ range: {{ start: 1, stop: 6, step: 1 }} }} }}\n\
         stages:\n{stages}"
    )
}

fn spans(sandbox: &Sandbox) -> Spans {
    let mut spans = Spans::new();
    for line in sandbox.lines("log") {
        let words: Vec<&str> = line.split(' ').collect();
        spans.insert(words[0].to_owned(), (words[1].parse().unwrap(), words[2].parse().unwrap()));
    }
    spans
}

fn overlap(a: (u64, u64), b: (u64, u64)) -> bool {
    a.0 < b.1 && b.0 < a.1
}

/// The most tasks of a stage that ran at a time.
fn width(spans: &Spans, stage: &str) -> usize {
    let of_stage: Vec<(u64, u64)> =
        spans.iter().filter(|(key, _)| key.starts_with(stage)).map(|(_, &span)| span).collect();
    // The number of spans only grows where one begins.
    of_stage.iter().map(|at| of_stage.iter().filter(|other| other.0 <= at.0 && at.0 < other.1).count()).max().unwrap()
}

#[test]
fn exclusive_tasks_are_alone_on_the_machine() {
    let sandbox = Sandbox::new(&suite(
        "  quiet:\n    shell: |\n      @TIMED@\n    evidence: [exit]\n    exclusive: true\n  \
         loud:\n    shell: |\n      @TIMED@\n    evidence: [exit]\n",
    ));
    sandbox.run_to(0, &["run", "suite.yaml", "--jobs", "4"]);
    let spans = spans(&sandbox);
    assert_eq!(spans.len(), 12);
    for (key, &span) in spans.iter().filter(|(key, _)| key.starts_with("quiet")) {
        let beside: Vec<&String> =
            spans.iter().filter(|&(other, &its)| other != key && overlap(span, its)).map(|(other, _)| other).collect();
        assert!(beside.is_empty(), "beside {key}: {beside:?}");
    }
    assert!(width(&spans, "loud") > 1, "nothing ran side by side: {spans:?}");
}

#[test]
fn named_resources_and_processors_limit_what_runs_side_by_side() {
    let sandbox = Sandbox::new(&suite(
        "  licensed:\n    shell: |\n      @TIMED@\n    evidence: [exit]\n    uses: { licence: 1 }\n  \
         wide:\n    shell: |\n      @TIMED@\n    evidence: [exit]\n    uses: { cpu: 2 }\n  \
         large:\n    shell: |\n      @TIMED@\n    evidence: [exit]\n    uses: { memory: 3GiB }\n  \
         free:\n    shell: |\n      @TIMED@\n    evidence: [exit]\n",
    ));
    sandbox
        .write("shmoo.yaml", "version: 1\nlimits: { cpu: 4, memory: 4GiB }\nresources: { licence: { amount: 1 } }\n");
    sandbox.run_to(0, &["run", "suite.yaml", "--jobs", "4"]);
    let spans = spans(&sandbox);
    assert_eq!(spans.len(), 24);
    assert_eq!(width(&spans, "licensed"), 1);
    assert_eq!(width(&spans, "large"), 1);
    assert!(width(&spans, "wide") <= 2);
    assert!(width(&spans, "") <= 4);
    assert!(width(&spans, "") > 1, "nothing ran side by side: {spans:?}");
}

#[test]
fn a_task_that_wants_more_than_there_is_runs_alone() {
    let sandbox =
        Sandbox::new(&suite("  huge:\n    shell: |\n      @TIMED@\n    evidence: [exit]\n    uses: { cpu: 64 }\n"));
    sandbox.run_to(0, &["run", "suite.yaml", "--jobs", "4"]);
    assert_eq!(width(&spans(&sandbox), "huge"), 1);
}

#[test]
fn repeats_go_by_rounds_that_are_shuffled_the_same_way_each_time() {
    let text = suite(
        "  bench:\n    shell: |\n      key=${SHMOO_TASK#*'\"task\":\"'}; echo \"${key%%'\"'*}\" >> \"$ROOT/log\"\n      \
         echo METRIC x 1\n    evidence: [ { metric_lines: stdout } ]\n    metrics: { x: {} }\n    \
         repeat: { count: 3, warmup: 2 }\n",
    );
    let mut orders = Vec::new();
    for _ in 0..2 {
        // The plan seeds the order, and the place of the log is none of the plan's.
        let sandbox = Sandbox::new(&text);
        sandbox.write("shmoo.yaml", "version: 1\nenv_pass: [ROOT]\n");
        sandbox.run_to(0, &["run", "suite.yaml", "--jobs", "1"]);
        let keys = sandbox.lines("log");
        assert_eq!(keys.len(), 30);
        let rounds: Vec<&str> = keys.iter().map(|key| key.split_once('#').unwrap().1).collect();
        for (round, chunk) in rounds.chunks(6).enumerate() {
            assert!(chunk.iter().all(|of| *of == chunk[0]), "round {round}: {keys:?}");
        }
        let points = |round: usize| -> Vec<&str> {
            keys[round * 6..][..6].iter().map(|key| key.split_once('#').unwrap().0).collect()
        };
        let mut sorted = points(0);
        sorted.sort_unstable();
        assert!((0..5).any(|round| points(round) != sorted), "no round is shuffled");
        assert!((1..5).any(|round| points(round) != points(0)), "all rounds are shuffled alike");
        let report = sandbox.report();
        let tasks = report["tasks"].as_array().unwrap();
        let warm = tasks.iter().filter(|task| task["warmup"].is_number()).count();
        let measured = tasks.iter().filter(|task| task["repeat"].is_number()).count();
        assert_eq!((warm, measured), (12, 18));
        orders.push(keys);
    }
    assert_eq!(orders[0], orders[1]);
}

#[test]
fn the_longest_way_goes_first_once_durations_are_known() {
    let sandbox = Sandbox::new(&suite(
        "  work:\n    shell: |\n      echo \"$SHMOO_NAME\" >> @ROOT@/log\n      \
         if [ \"$SHMOO_PARAM_A\" = 5 ]; then sleep 0.5; fi\n    evidence: [exit]\n",
    ));
    sandbox.run_to(0, &["run", "suite.yaml", "--jobs", "1"]);
    assert_eq!(sandbox.lines("log"), ["a1", "a2", "a3", "a4", "a5", "a6"]);
    std::fs::remove_file(sandbox.path("log")).unwrap();
    sandbox.run_to(0, &["run", "suite.yaml", "--jobs", "1"]);
    assert_eq!(sandbox.lines("log")[0], "a5");
}
