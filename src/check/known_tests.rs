use super::known::{Known, Outcome, apply};
use crate::ledger::Verdict;
use crate::record::sample::{expr, params, stage, suite};
use crate::suite::{KnownFailure, KnownVerdict, Suite};
use crate::value::{Scalar, Span, TaskKey, Timestamp, Value};

fn day(text: &str) -> Timestamp {
    format!("{text}T00:00:00Z").parse().unwrap()
}

/// `verdict [until DAY] [if CONDITION]`; the rule stands in the second line.
fn known_failure(text: &str) -> KnownFailure {
    let (head, constraint) = text.split_once(" if ").map_or((text, None), |(head, text)| (head, Some(expr(text))));
    let (verdict, until) = head.split_once(" until ").map_or((head, None), |(head, text)| (head, Some(day(text))));
    let verdict = match verdict {
        "fail" => KnownVerdict::Fail,
        "error" => KnownVerdict::Error,
        _ => KnownVerdict::Timeout,
    };
    let span = Span { file: 0, start: 11, end: 12 };
    KnownFailure { stage: 0, constraint, verdict, issue: Some("https://x/1".to_owned()), reason: None, until, span }
}

fn found(rules: &[&str], outcomes: &str, partial: bool) -> Known {
    let suite = Suite {
        known_failures: rules.iter().map(|text| known_failure(text)).collect(),
        ..suite(&["vdd:v=1 2 3 4"], vec![stage("run", &[0], Vec::new()), stage("other", &[], Vec::new())])
    };
    let read: Vec<_> = outcomes
        .split_whitespace()
        .enumerate()
        .map(|(index, word)| {
            let key: TaskKey = format!("run/v{}", index + 1).parse().unwrap();
            (key, params(&format!("vdd={}", index + 1)), word.parse::<Verdict>().unwrap())
        })
        .collect();
    let outcomes: Vec<Outcome<'_>> =
        read.iter().map(|(task, params, verdict)| Outcome { task, params, verdict: *verdict }).collect();
    let lets = |_: usize, name: &str| (name == "limit").then(|| Value::Scalar(Scalar::infer("2")));
    apply(&suite, &outcomes, &lets, day("2027-02-01"), partial)
}

/// Shows which tasks are marked and what is said of the rules.
fn check(rules: &[&str], outcomes: &str, expected: &str) {
    assert_eq!(shown(rules, outcomes), expected, "{rules:?} {outcomes}");
}

fn shown(rules: &[&str], outcomes: &str) -> String {
    let known = found(rules, outcomes, false);
    let marks: String = known.marks.iter().map(|mark| if mark.is_some() { 'x' } else { '.' }).collect();
    let mut text = marks;
    for finding in &known.findings {
        text += &format!("\n{:?}{}: {}", finding.kind, if finding.kind.is_red() { "!" } else { "" }, finding.message);
    }
    text
}

#[test]
fn marks_what_is_known() {
    check(&[], "pass fail", "..");
    check(&["fail if vdd == 2"], "pass fail", ".x");
    check(&["fail"], "fail fail", "xx");
    check(&["error if vdd > limit"], "pass pass error error", "..xx");
    check(&["timeout if vdd == 1"], "timeout", "x");
    check(&["fail", "error"], "fail error", "xx");
    assert_eq!(found(&["fail"], "fail", false).marks, [Some("https://x/1".to_owned())]);
}

#[test]
fn complains_about_rules() {
    check(
        &["fail if vdd == 2"],
        "pass pass",
        "..\nPassed!: suite.yaml:2:1: `run/v2` passed, known to end in fail (https://x/1): delete the line",
    );
    check(
        &["fail"],
        "pass fail pass",
        ".x.\nPassed!: suite.yaml:2:1: 2 of 3 tasks (first `run/v1`) passed, known to end in fail (https://x/1): narrow its `where`, or delete the line",
    );
    check(
        &["fail if vdd == 2"],
        "pass error",
        "..\nOtherwise!: suite.yaml:2:1: `run/v2` ended in error, known to end in fail (https://x/1): mend it, or change the line",
    );
    check(
        &["fail"],
        "error timeout fail",
        "..x\nOtherwise!: suite.yaml:2:1: 2 of 3 tasks (first `run/v1`) ended in error, known to end in fail (https://x/1): mend it, or change the line",
    );
    check(
        &["fail if vdd == 9"],
        "pass fail",
        "..\nUnmatched!: suite.yaml:2:1: no planned task of `run` is under this known failure (https://x/1): delete the line or mend its `where`",
    );
    check(&["fail if vdd == 2"], "pass skipped", "..");
    check(&["fail if vdd == 2"], "pass lost", "..");
    check(
        &["fail if temp > 2"],
        "pass fail",
        "..\nUnclear!: suite.yaml:2:1: the known failure cannot be looked up for `run/v1`: `temp` has no value here (guard it: `has(temp) and ...`)",
    );
    // Two rules for one task: what one knows, the other does not complain about.
    check(&["fail if vdd == 1", "error if vdd == 1"], "error", "x");
}

#[test]
fn days() {
    check(&["fail until 2027-02-01"], "fail", "x");
    check(
        &["fail until 2027-01-31"],
        "fail pass",
        "..\nExpired: suite.yaml:2:1: the known failure (https://x/1) ended on 2027-01-31; `run/v1` ended in fail: mend it, or give the line a later `until`",
    );
    check(
        &["fail until 2027-01-31"],
        "pass pass",
        "..\nExpired: suite.yaml:2:1: the known failure (https://x/1) ended on 2027-01-31; delete the line",
    );
    check(
        &["fail until 2027-03-01"],
        "pass",
        ".\nPassed!: suite.yaml:2:1: `run/v1` passed, known to end in fail (https://x/1): delete the line",
    );
}

#[test]
fn a_part_of_the_suite_says_nothing_of_other_rules() {
    assert!(found(&["fail if vdd == 9"], "pass", true).findings.is_empty());
    assert_eq!(found(&["fail if vdd == 1"], "pass", true).findings.len(), 1);
}
