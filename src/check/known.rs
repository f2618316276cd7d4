//! Known failures: which verdicts they mark, and which of them no longer hold.
//!
//! A known failure never changes a verdict. It marks one as known, or it complains: about a task
//! that passes or ends otherwise, about a day that is over, about a rule that no task is under. Each
//! complaint names the line to mend.

use super::condition::Condition;
use crate::ledger::Verdict;
use crate::suite::{KnownFailure, KnownVerdict, Suite};
use crate::value::{Scalar, TaskKey, Timestamp, Value};

/// A planned task and how it ended.
#[derive(Debug, Clone, Copy)]
pub struct Outcome<'a> {
    /// The task.
    pub task: &'a TaskKey,
    /// The values of its parameters.
    pub params: &'a [(String, Scalar)],
    /// How it ended.
    pub verdict: Verdict,
}

/// What the known failures make of a run.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Known {
    /// For each task, in the order given: the link or reason of the known failure that it is.
    pub marks: Vec<Option<String>>,
    /// Rules that did not come out as they say, in the order of the suite.
    pub findings: Vec<KnownFinding>,
}

/// A rule that did not come out as it says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KnownFinding {
    /// What is wrong with it.
    pub kind: KnownFault,
    /// One sentence, with the place to mend.
    pub message: String,
}

/// What is wrong with a rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KnownFault {
    /// Tasks passed.
    Passed,
    /// Tasks ended badly in another way.
    Otherwise,
    /// Its day is over.
    Expired,
    /// No planned task is under it.
    Unmatched,
    /// Its `where` has no value for a task.
    Unclear,
}

impl KnownFault {
    /// Tells whether it counts as an unmet expectation. An expired rule does not: what it marked is
    /// red again by itself.
    pub fn is_red(self) -> bool {
        self != KnownFault::Expired
    }
}

const DAY: i64 = 86_400_000;

/// Marks the verdicts that are known failures.
///
/// `now` decides which rules are over (a rule holds to the end of its day, UTC). With `partial`, a
/// part of the suite was planned, so that a rule without a task means nothing. `lets` gives the
/// `let`s of a task by its index.
pub fn apply(
    suite: &Suite,
    outcomes: &[Outcome<'_>],
    lets: &dyn Fn(usize, &str) -> Option<Value>,
    now: Timestamp,
    partial: bool,
) -> Known {
    let mut known = Known { marks: vec![None; outcomes.len()], findings: Vec::new() };
    let mut under: Vec<Under<'_>> = Vec::new();
    for rule in &suite.known_failures {
        match Under::find(suite, rule, outcomes, lets) {
            Ok(found) => under.push(found),
            Err(finding) => known.findings.push(finding),
        }
    }
    for Under { rule, tasks } in under.iter().filter(|under| !under.expired(now)) {
        for &task in tasks {
            if outcomes[task].verdict == verdict_of(rule.verdict) && known.marks[task].is_none() {
                known.marks[task] = Some(label(rule));
            }
        }
    }
    for under in &under {
        known.findings.extend(under.findings(suite, outcomes, &known.marks, now, partial));
    }
    known
}

/// A rule with the tasks that it is about.
struct Under<'a> {
    rule: &'a KnownFailure,
    tasks: Vec<usize>,
}

impl<'a> Under<'a> {
    fn find(
        suite: &'a Suite,
        rule: &'a KnownFailure,
        outcomes: &[Outcome<'_>],
        lets: &dyn Fn(usize, &str) -> Option<Value>,
    ) -> Result<Under<'a>, KnownFinding> {
        let stage = &suite.stages[rule.stage].name;
        let condition = Condition::new(rule.constraint.as_ref());
        let mut tasks = Vec::new();
        for (index, outcome) in outcomes.iter().enumerate().filter(|(_, outcome)| outcome.task.stage == *stage) {
            let param = |name: &str| outcome.params.iter().find(|(known, _)| known == name);
            let value =
                |name: &str| param(name).map(|(_, value)| Value::Scalar(value.clone())).or_else(|| lets(index, name));
            match condition.holds(&value) {
                Ok(true) => tasks.push(index),
                Ok(false) => {}
                Err(err) => {
                    let hint = err.hint().map(|hint| format!(" ({hint})")).unwrap_or_default();
                    let place = suite.sources.place(rule.span);
                    let message =
                        format!("{place}: the known failure cannot be looked up for `{}`: {err}{hint}", outcome.task);
                    return Err(KnownFinding { kind: KnownFault::Unclear, message });
                }
            }
        }
        Ok(Under { rule, tasks })
    }

    fn expired(&self, now: Timestamp) -> bool {
        self.rule.until.is_some_and(|until| now.milliseconds() >= until.milliseconds() + DAY)
    }

    fn findings(
        &self,
        suite: &Suite,
        outcomes: &[Outcome<'_>],
        marks: &[Option<String>],
        now: Timestamp,
        partial: bool,
    ) -> Vec<KnownFinding> {
        let rule = self.rule;
        let place = suite.sources.place(rule.span);
        let word = verdict_of(rule.verdict);
        let label = label(rule);
        let finding = |kind, message| KnownFinding { kind, message };
        if self.tasks.is_empty() {
            if partial {
                return Vec::new();
            }
            let stage = &suite.stages[rule.stage].name;
            let message = format!(
                "{place}: no planned task of `{stage}` is under this known failure ({label}): delete the line or mend its `where`"
            );
            return vec![finding(KnownFault::Unmatched, message)];
        }
        let having = |wanted: &dyn Fn(usize) -> bool| self.tasks.iter().copied().filter(|&task| wanted(task)).collect();
        if let (true, Some(until)) = (self.expired(now), rule.until) {
            let still: Vec<usize> = having(&|task| outcomes[task].verdict == word && marks[task].is_none());
            let what = match still.first() {
                Some(_) => format!(
                    "{} ended in {word}: mend it, or give the line a later `until`",
                    self.some(&still, outcomes)
                ),
                None => "delete the line".to_owned(),
            };
            let until = until.date();
            return vec![finding(
                KnownFault::Expired,
                format!("{place}: the known failure ({label}) ended on {until}; {what}"),
            )];
        }
        let mut findings = Vec::new();
        let passed: Vec<usize> = having(&|task| outcomes[task].verdict == Verdict::Pass);
        if !passed.is_empty() {
            let mend = if passed.len() == self.tasks.len() {
                "delete the line"
            } else {
                "narrow its `where`, or delete the line"
            };
            let message =
                format!("{place}: {} passed, known to end in {word} ({label}): {mend}", self.some(&passed, outcomes));
            findings.push(finding(KnownFault::Passed, message));
        }
        let otherwise: Vec<usize> = having(&|task| {
            let verdict = outcomes[task].verdict;
            // What did not run says nothing; what another rule knows is known.
            let ran = matches!(verdict, Verdict::Fail | Verdict::Error | Verdict::Timeout);
            ran && verdict != word && marks[task].is_none()
        });
        if let Some(&first) = otherwise.first() {
            let ended = outcomes[first].verdict;
            let message = format!(
                "{place}: {} ended in {ended}, known to end in {word} ({label}): mend it, or change the line",
                self.some(&otherwise, outcomes)
            );
            findings.push(finding(KnownFault::Otherwise, message));
        }
        findings
    }

    /// Names one task, or counts several: `run/inv5`, `3 of 12 tasks (first `run/inv5`)`.
    fn some(&self, tasks: &[usize], outcomes: &[Outcome<'_>]) -> String {
        match tasks {
            [] => "no task".to_owned(),
            [only] => format!("`{}`", outcomes[*only].task),
            [first, ..] => format!("{} of {} tasks (first `{}`)", tasks.len(), self.tasks.len(), outcomes[*first].task),
        }
    }
}

fn verdict_of(known: KnownVerdict) -> Verdict {
    match known {
        KnownVerdict::Fail => Verdict::Fail,
        KnownVerdict::Error => Verdict::Error,
        KnownVerdict::Timeout => Verdict::Timeout,
    }
}

/// Returns the link and the reason, as far as they are there.
fn label(rule: &KnownFailure) -> String {
    match (&rule.issue, &rule.reason) {
        (Some(issue), Some(reason)) => format!("{reason}, {issue}"),
        (Some(text), None) | (None, Some(text)) => text.clone(),
        (None, None) => "no reason given".to_owned(),
    }
}
