//! The report as JUnit XML, for tools that list tests: one suite a stage, one test a task.
//!
//! `fail` is a failure; `error`, `timeout` and `lost` are errors; `skipped` and known failures are
//! skipped. Golden findings, known failures that changed and regressions are suites of their own, so
//! that whatever makes the run red is red here.

use super::bucket::reason;
use super::command::run_command;
use super::figure::{count, pair};
use super::headline::golden_word;
use super::inert::{block, line};
use super::join::CaseFinder;
use super::reds::{RedIndex, beside_tasks};
use super::selection::change_by;
use super::svg::escape;
use super::{Report, inert};
use crate::check::golden::GoldenVerdict;
use crate::compare::{Change, ComparisonVerdict};
use crate::ledger::Verdict;
use crate::record::TaskRecord;
use crate::value::TaskKey;
use std::collections::HashMap;
use std::io::{self, Write};

/// Writes the report as JUnit XML.
pub fn junit(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    let suites = suites(report);
    let total = |of: fn(&Suite) -> usize| suites.iter().map(of).sum::<usize>();
    writeln!(out, r#"<?xml version="1.0" encoding="UTF-8"?>"#)?;
    writeln!(
        out,
        r#"<testsuites name="{}" tests="{}" failures="{}" errors="{}" skipped="{}" time="{:.3}">"#,
        attribute(report.run.suite.as_str()),
        total(|suite| suite.tests.len()),
        total(|suite| suite.having(Outcome::is_failure)),
        total(|suite| suite.having(Outcome::is_error)),
        total(|suite| suite.having(Outcome::is_skipped)),
        report.totals.wall,
    )?;
    let beside = report.comparison.iter().flat_map(|comparison| beside_tasks(comparison, &report.cases));
    let mut reader = Reader { report, finder: CaseFinder::new(report), beside: beside.collect() };
    for suite in &suites {
        write_suite(&mut reader, suite, out)?;
    }
    writeln!(out, "</testsuites>")
}

/// A suite of tests; texts are not escaped yet.
struct Suite<'a> {
    name: String,
    tests: Vec<Test<'a>>,
}

impl Suite<'_> {
    fn having(&self, wanted: fn(&Outcome) -> bool) -> usize {
        self.tests.iter().filter(|test| wanted(&test.outcome)).count()
    }
}

struct Test<'a> {
    name: String,
    seconds: f64,
    outcome: Outcome,
    task: Option<&'a TaskRecord>,
}

/// What became of a test, and the message.
enum Outcome {
    Passed,
    Failure(&'static str, String),
    Error(&'static str, String),
    Skipped(String),
}

impl Outcome {
    fn is_failure(&self) -> bool {
        matches!(self, Outcome::Failure(..))
    }
    fn is_error(&self) -> bool {
        matches!(self, Outcome::Error(..))
    }
    fn is_skipped(&self) -> bool {
        matches!(self, Outcome::Skipped(_))
    }
}

fn suites(report: &Report) -> Vec<Suite<'_>> {
    let mut suites: Vec<Suite> =
        report.totals.stages.iter().map(|(stage, _)| Suite { name: stage.clone(), tests: Vec::new() }).collect();
    let mut places: HashMap<String, usize> =
        suites.iter().enumerate().map(|(place, suite)| (suite.name.clone(), place)).collect();
    for task in &report.tasks {
        let stage = task.task.stage.as_str();
        let place = *places.entry(stage.to_owned()).or_insert_with(|| {
            suites.push(Suite { name: stage.to_owned(), tests: Vec::new() });
            suites.len() - 1
        });
        let key = task.task.to_string();
        let name = key.strip_prefix(stage).and_then(|rest| rest.strip_prefix('/')).unwrap_or(&key).to_owned();
        suites[place].tests.push(Test { name, seconds: task.usage.wall, outcome: outcome(task), task: Some(task) });
    }
    suites.extend(findings(report).into_iter().filter(|suite| !suite.tests.is_empty()));
    suites
}

fn outcome(task: &TaskRecord) -> Outcome {
    let verdict = task.verdict;
    let message = reason(task);
    match (verdict, &task.known) {
        (Verdict::Pass, _) => Outcome::Passed,
        (Verdict::Skipped, _) => Outcome::Skipped(message),
        (_, Some(known)) => Outcome::Skipped(format!("known failure ({known}): {message}")),
        (Verdict::Fail, None) => Outcome::Failure("fail", message),
        (Verdict::Timeout | Verdict::Lost | Verdict::Error, None) => Outcome::Error(verdict.word(), message),
    }
}

fn findings(report: &Report) -> [Suite<'_>; 3] {
    let goldens = report.goldens.iter().map(|finding| Test {
        name: format!("{} at {}", finding.metric, finding.point),
        seconds: 0.0,
        outcome: match finding.verdict {
            GoldenVerdict::Met => Outcome::Passed,
            GoldenVerdict::Known => Outcome::Skipped(finding.message.clone()),
            red => Outcome::Failure(golden_word(red), finding.message.clone()),
        },
        task: None,
    });
    let known = report.known_failures.iter().map(|sentence| Test {
        name: sentence.clone(),
        seconds: 0.0,
        outcome: Outcome::Failure("known failure changed", sentence.clone()),
        task: None,
    });
    let reds = report.comparison.as_ref().map(RedIndex::of);
    let beside = |change: &Change| {
        let beside = reds.as_ref().and_then(|reds| reds.beside(Some(&change.metric), &change.point));
        beside.map(|beside| format!("; {beside}")).unwrap_or_default()
    };
    let changes = report.comparison.iter().flat_map(|comparison| &comparison.changes);
    let regressed = changes.filter(|change| change.verdict == ComparisonVerdict::Regressed).map(|change| {
        let values = match (&change.base, &change.head) {
            (Some(base), Some(head)) => {
                let (base, head) = pair(base, head, change.unit.as_deref());
                format!("{base} -> {head}")
            }
            _ => String::new(),
        };
        let by = change_by(change);
        Test {
            name: format!("{} at {}", change.metric, change.point),
            seconds: 0.0,
            outcome: Outcome::Failure("regressed", format!("{values} {by}: {}{}", change.rule, beside(change))),
            task: None,
        }
    });
    [
        Suite { name: "golden values".to_owned(), tests: goldens.collect() },
        Suite { name: "known failures".to_owned(), tests: known.collect() },
        Suite { name: "regressions".to_owned(), tests: regressed.collect() },
    ]
}

/// What the bodies of tests are read from.
struct Reader<'a> {
    report: &'a Report,
    finder: CaseFinder<'a>,
    /// What else changed beside tasks that passed before.
    beside: HashMap<&'a TaskKey, &'a str>,
}

fn write_suite<'a>(reader: &mut Reader<'a>, suite: &Suite<'a>, out: &mut dyn Write) -> io::Result<()> {
    let report = reader.report;
    writeln!(
        out,
        r#"  <testsuite name="{}" tests="{}" failures="{}" errors="{}" skipped="{}" time="{:.3}" timestamp="{}">"#,
        attribute(&suite.name),
        suite.tests.len(),
        suite.having(Outcome::is_failure),
        suite.having(Outcome::is_error),
        suite.having(Outcome::is_skipped),
        // Sums of floats may come out as -0.
        suite.tests.iter().map(|test| test.seconds).sum::<f64>().abs(),
        report.run.started,
    )?;
    writeln!(out, "    <properties>")?;
    let run = &report.run;
    let properties = [
        ("run", Some(run.id.as_str())),
        ("commit", run.source.commit.as_deref()),
        ("branch", run.source.branch.as_deref()),
        ("machine", Some(run.fingerprint.as_str())),
        ("shmoo", Some(run.shmoo.as_str())),
    ];
    for (name, value) in properties {
        if let Some(value) = value {
            writeln!(out, r#"      <property name="{name}" value="{}"/>"#, attribute(value))?;
        }
    }
    writeln!(out, "    </properties>")?;
    let class = format!("{}.{}", report.run.suite, suite.name);
    for test in &suite.tests {
        write!(
            out,
            r#"    <testcase classname="{}" name="{}" time="{:.3}""#,
            attribute(&class),
            attribute(&test.name),
            test.seconds
        )?;
        let (element, kind, message) = match &test.outcome {
            Outcome::Passed => {
                writeln!(out, "/>")?;
                continue;
            }
            Outcome::Failure(kind, message) => ("failure", Some(*kind), message),
            Outcome::Error(kind, message) => ("error", Some(*kind), message),
            Outcome::Skipped(message) => ("skipped", None, message),
        };
        write!(out, ">\n      <{element}")?;
        if let Some(kind) = kind {
            write!(out, r#" type="{kind}""#)?;
        }
        write!(out, r#" message="{}">"#, attribute(message))?;
        write!(out, "{}", body(reader, test, message))?;
        writeln!(out, "</{element}>\n    </testcase>")?;
    }
    writeln!(out, "  </testsuite>")
}

/// Returns what a reader unfolds: message, quotes, earlier attempts, the command to reproduce it.
fn body<'a>(reader: &mut Reader<'a>, test: &Test<'a>, message: &str) -> String {
    let mut text = block(message).into_owned();
    if let Some(task) = test.task {
        for quote in &task.quotes {
            let line = quote.line.map(|line| format!(":{line}")).unwrap_or_default();
            text.push_str(&format!("\n{}{line}: {}", inert::line(&quote.file), block(&quote.text)));
        }
        if let Some(beside) = reader.beside.get(&task.task) {
            text.push_str(&format!("\nit passed before; {}", line(beside)));
        }
        if !task.tries.is_empty() {
            text.push_str(&format!("\nafter {}", count(task.tries.len() as u64, "earlier attempt")));
        }
        if task.verdict != Verdict::Skipped
            && let Some(case) = reader.finder.find(task)
        {
            text.push_str(&format!("\nreproduce: {}", line(&run_command(&reader.report.run, case.name.as_str()))));
        }
    }
    escape(&text).into_owned()
}

fn attribute(text: &str) -> String {
    escape(&line(text)).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::sample;

    fn written(report: &Report) -> String {
        let mut out = Vec::new();
        junit(report, &mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn a_report() {
        insta::assert_snapshot!("report.junit.xml", written(&sample::red()));
    }

    #[test]
    fn hostile_text_is_inert() {
        for text in sample::HOSTILE {
            let written = written(&sample::hostile(text));
            assert!(!written.contains("<script") && !written.contains("<img") && !written.contains("]]>"), "{written}");
            // XML 1.0 has no place for them, not even escaped.
            let allowed = |c: char| c == '\n' || c == '\t' || (c >= ' ' && c != '\u{fffe}' && c != '\u{ffff}');
            assert!(written.chars().all(allowed), "{written:?}");
            assert_eq!(
                written.matches("<testcase").count(),
                written.matches("</testcase>").count()
                    + written.matches("\"/>\n    <testcase").count()
                    + written.matches("\"/>\n  </testsuite>").count()
            );
        }
    }
}
