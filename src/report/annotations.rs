//! The report as annotations of GitHub Actions: workflow commands, one a line, for the log of a step.
//!
//! GitHub shows ten annotations of each level for a step and drops the rest without a word, so that
//! alike findings are one, the worst come first, and the last one says how many are left out. A
//! command is `::LEVEL KEY=VALUE,...::MESSAGE`; what it escapes is in `@actions/core` (`%`, line breaks,
//! and in values `:` and `,` too).

use super::bucket::reason;
use super::command::run_command;
use super::figure::{count, pair};
use super::headline::{ended, golden_word, headline};
use super::inert::{block, clip, short};
use super::join::CaseFinder;
use super::reds::RedIndex;
use super::selection::{change_by, no_golden_file};
use super::{Bucket, Report};
use crate::check::golden::GoldenFinding;
use crate::compare::{Change, ComparisonVerdict};
use std::collections::BTreeMap;
use std::io::{self, Write};

/// Annotations of one level that GitHub keeps for a step.
const KEPT: usize = 10;
/// Characters of a message and of a title.
const MESSAGE: usize = 1_000;
const TITLE: usize = 120;

/// How much a mark matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MarkLevel {
    /// Somebody has to act.
    Error,
    /// Something wants a look.
    Warning,
    /// Good to know.
    Notice,
}

impl MarkLevel {
    /// Returns the word of the workflow command.
    fn word(self) -> &'static str {
        match self {
            MarkLevel::Error => "error",
            MarkLevel::Warning => "warning",
            MarkLevel::Notice => "notice",
        }
    }
}

/// A finding, for a line of the suite file where there is one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mark {
    /// How much it matters.
    pub level: MarkLevel,
    /// The suite file, relative to the repository; none if it lies outside.
    pub file: Option<String>,
    /// The line to mend, from 1.
    pub line: Option<u32>,
    /// One line.
    pub title: String,
    /// The text.
    pub message: String,
}

/// Returns the findings of a report: the worst ten of each level, the last of which counts the rest.
pub fn marks(report: &Report) -> Vec<Mark> {
    let file = anchor(&report.run.suite_file);
    let left_out = format!("see the whole report: shmoo report {}", report.run.id);
    let headline = headline(report);
    let message = std::iter::once(headline.sentence).chain(headline.particulars).collect::<Vec<_>>().join("; ");
    let notice = Finding::new(format!("{}: {}", report.run.suite, headline.word), message);
    let mut marks = Vec::new();
    for (level, annotations) in
        [(MarkLevel::Error, errors(report)), (MarkLevel::Warning, warnings(report)), (MarkLevel::Notice, vec![notice])]
    {
        let anchored = |finding: Finding| Finding { file: file.map(str::to_owned), ..finding };
        marks.extend(marks_of(level, annotations.into_iter().map(anchored).collect(), &left_out));
    }
    marks
}

/// Writes the report as workflow commands.
pub fn annotations(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    write_marks(&marks(report), out)
}

/// Writes marks as workflow commands.
pub fn write_marks(marks: &[Mark], out: &mut dyn Write) -> io::Result<()> {
    for Mark { level, file, line, title, message } in marks {
        let line = line.map(|line| format!("line={line},")).unwrap_or_default();
        let file = file.as_ref().map(|file| format!("file={},{line}", property(file))).unwrap_or_default();
        writeln!(out, "::{} {file}title={}::{}", level.word(), property(title), data(message))?;
    }
    Ok(())
}

/// What is to become a mark.
pub(super) struct Finding {
    pub(super) title: String,
    pub(super) message: String,
    /// The file to mend, relative to the repository.
    pub(super) file: Option<String>,
    /// The line of it.
    pub(super) line: Option<u32>,
}

impl Finding {
    pub(super) fn new(title: impl Into<String>, message: impl Into<String>) -> Finding {
        Finding { title: title.into(), message: message.into(), file: None, line: None }
    }
}

fn errors(report: &Report) -> Vec<Finding> {
    let mut finder = CaseFinder::new(report);
    let fresh = report.buckets.iter().filter(|bucket| bucket.known.is_none());
    let mut errors: Vec<Finding> = fresh.map(|bucket| failure(report, bucket, &mut finder)).collect();
    if !report.run.complete && report.totals.missing > 0 {
        let missing = count(report.totals.missing, "task");
        errors.push(Finding::new("the run is incomplete", format!("{missing} without an end: `--continue` goes on")));
    }
    errors.extend(goldens(report));
    errors.extend(report.known_failures.iter().map(|sentence| {
        let (line, sentence) = placed(&report.run.suite_file, sentence);
        Finding { line, ..Finding::new("known failure that did not come out as known", sentence) }
    }));
    errors.extend(regressions(report));
    errors
}

fn failure<'a>(report: &'a Report, bucket: &Bucket, finder: &mut CaseFinder<'a>) -> Finding {
    let tasks = count(bucket.tasks.len() as u64, "task");
    let title = format!("{} {}: {tasks}, {}", bucket.stage, ended(bucket.verdict), count(bucket.cases, "case"));
    let mut message = bucket.example.clone();
    if let Some(task) = report.tasks.iter().find(|task| bucket.tasks.first() == Some(&task.task)) {
        message = format!("{}: {}", task.task, reason(task));
        if let Some(case) = finder.find(task) {
            message =
                format!("{}\nreproduce: {}", clip(&message, MESSAGE / 2), run_command(&report.run, case.name.as_str()));
        }
    }
    Finding::new(title, message)
}

/// Takes `FILE:LINE: ` from the front of a sentence about the suite file.
fn placed<'a>(file: &str, sentence: &'a str) -> (Option<u32>, &'a str) {
    let place = sentence.strip_prefix(file).and_then(|rest| rest.strip_prefix(':'));
    let parts = place.and_then(|rest| rest.split_once(": "));
    let parts = parts.and_then(|(line, rest)| Some((line.parse().ok()?, rest)));
    parts.map_or((None, sentence), |(line, rest)| (Some(line), rest))
}

/// One annotation for each metric and kind of finding.
fn goldens(report: &Report) -> Vec<Finding> {
    if let Some(file) = &report.absent_goldens {
        let [what, hint] = no_golden_file(file, report.run.id.as_str());
        return vec![Finding::new(format!("goldens: {what}"), hint)];
    }
    let mut kinds: BTreeMap<(&str, &str), Vec<&GoldenFinding>> = BTreeMap::new();
    for finding in report.goldens.iter().filter(|finding| finding.verdict.is_red()) {
        kinds.entry((finding.metric.as_str(), golden_word(finding.verdict))).or_default().push(finding);
    }
    let kinds = kinds.into_iter().map(|((metric, word), findings)| {
        let message = format!("at {}: {}", findings[0].point, findings[0].message);
        let word = match word {
            "missed" => "golden missed",
            "orphan" => "orphan golden",
            other => other,
        };
        Finding::new(format!("{metric}: {word} at {}", points(findings.len())), message)
    });
    kinds.collect()
}

/// One annotation for each metric that regressed, the largest effect first.
fn regressions(report: &Report) -> Vec<Finding> {
    let changes = report.comparison.iter().flat_map(|comparison| &comparison.changes);
    let mut metrics: BTreeMap<&str, Vec<&Change>> = BTreeMap::new();
    for change in changes.filter(|change| change.verdict == ComparisonVerdict::Regressed) {
        metrics.entry(change.metric.as_str()).or_default().push(change);
    }
    let size = |change: &Change| change.size().unwrap_or(f64::INFINITY);
    let mut metrics: Vec<(&str, Vec<&Change>)> = metrics.into_iter().collect();
    for (_, changes) in &mut metrics {
        changes.sort_by(|one, other| size(other).total_cmp(&size(one)));
    }
    metrics.sort_by(|(_, one), (_, other)| size(other[0]).total_cmp(&size(one[0])));
    let reds = report.comparison.as_ref().map(RedIndex::of);
    let annotation = |(metric, changes): (&str, Vec<&Change>)| {
        let worst = changes[0];
        let beside = reds.as_ref().and_then(|reds| reds.beside(Some(metric), &worst.point));
        let beside = beside.map(|beside| format!("; {beside}")).unwrap_or_default();
        let values = match (&worst.base, &worst.head) {
            (Some(base), Some(head)) => {
                let (base, head) = pair(base, head, worst.unit.as_deref());
                format!("{base} -> {head} {}", change_by(worst))
            }
            _ => String::new(),
        };
        let explained = report.comparison.as_ref().and_then(|comparison| comparison.explanation(Some(metric)));
        let explained = explained.map(|explained| format!("{explained}; ")).unwrap_or_default();
        Finding::new(
            format!("{metric} regressed at {}", points(changes.len())),
            format!("{explained}most at {}: {}: {}{beside}", worst.point, values.trim_end(), worst.rule),
        )
    };
    metrics.into_iter().map(annotation).collect()
}

fn warnings(report: &Report) -> Vec<Finding> {
    let warnings = report.warnings.iter();
    warnings.map(|message| Finding::new("warning", message)).collect()
}

fn points(number: usize) -> String {
    count(number as u64, "point")
}

/// The suite's path where GitHub can show an annotation on it: below the repository.
fn anchor(suite_file: &str) -> Option<&str> {
    let path = suite_file.strip_prefix("./").unwrap_or(suite_file);
    let inside = !path.is_empty() && !path.starts_with('/') && !path.split('/').any(|part| part == "..");
    inside.then_some(path)
}

/// Makes marks of one level; `left_out` says where those are for which there is no room.
pub(super) fn marks_of(level: MarkLevel, mut findings: Vec<Finding>, left_out: &str) -> Vec<Mark> {
    if findings.len() > KEPT {
        let more = findings.len() - (KEPT - 1);
        findings.truncate(KEPT - 1);
        // It is of the same file, where all are.
        let first = findings[0].file.clone();
        let file = first.filter(|_| findings.iter().all(|finding| finding.file == findings[0].file));
        findings.push(Finding { file, ..Finding::new(format!("and {more} more"), left_out) });
    }
    let mark = |Finding { title, message, file, line }: Finding| Mark {
        level,
        file: file.map(|file| short(&file, 400)),
        line,
        title: short(&title, TITLE),
        message: clip(block(&message).trim(), MESSAGE).into_owned(),
    };
    findings.into_iter().map(mark).collect()
}

fn data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::sample;

    fn written(report: &Report) -> String {
        let mut out = Vec::new();
        annotations(report, &mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn a_report() {
        insta::assert_snapshot!("report.annotations", written(&sample::red()));
    }

    #[test]
    fn hostile_text_starts_no_command_and_no_property() {
        let texts = sample::HOSTILE.iter().copied();
        for text in texts.chain(["\n::add-mask::x", "a,line=1::b", "100%0A", "\u{1b}[31m::error::x\r\n::debug::"]) {
            for line in written(&sample::hostile(text)).lines() {
                let (head, message) = line.strip_prefix("::").and_then(|line| line.split_once("::")).unwrap();
                let (level, properties) = head.split_once(' ').unwrap();
                assert!(matches!(level, "error" | "warning" | "notice"), "{line}");
                let keys: Vec<&str> =
                    properties.split(',').map(|property| property.split_once('=').unwrap().0).collect();
                assert!(
                    [&["title"][..], &["file", "title"], &["file", "line", "title"]].contains(&&keys[..]),
                    "{line}"
                );
                assert!(message.chars().count() <= 3 * MESSAGE && !message.contains('\u{1b}'), "{line}");
            }
        }
    }

    #[test]
    fn the_worst_ten_of_a_level_and_how_many_more() {
        let mut report = sample::red();
        let kind = |number: usize| Bucket { example: format!("kind {number}"), ..report.buckets[0].clone() };
        let buckets = (0..30).map(|number| Bucket { known: None, tasks: Vec::new(), ..kind(number) }).collect();
        report.buckets = buckets;
        report.warnings = (0..11).map(|number| format!("warning {number}")).collect();
        let text = written(&report);
        let of = |level: &str| text.lines().filter(|line| line.starts_with(&format!("::{level} "))).count();
        assert_eq!((of("error"), of("warning"), of("notice")), (10, 10, 1));
        assert!(text.contains("::kind 0\n") && text.contains("and 2 more"), "{text}");
    }

    #[test]
    fn what_regressions_have_in_common_comes_first() {
        let mut report = sample::red();
        let sentence = "run_simulations.freq regressed at 6 of 12 points, all with vdd <= 0.9 V";
        report.comparison.as_mut().unwrap().explanations = vec![sentence.to_owned()];
        let text = written(&report);
        assert!(text.contains(&format!("::{sentence}; most at inv7_v1.8_nsch: 610 MHz -> ")), "{text}");
    }

    #[test]
    fn a_suite_outside_of_the_repository_is_no_anchor() {
        assert_eq!(anchor("./configs/a.yaml"), Some("configs/a.yaml"));
        assert_eq!((anchor("/tmp/a.yaml"), anchor("../a.yaml"), anchor("")), (None, None, None));
    }
}
