//! What a person must know, in one sentence, and the signs that stand beside every verdict.

use super::figure::count;
use super::{Bucket, Report};
use crate::check::golden::GoldenVerdict;
use crate::compare::ComparisonVerdict;
use crate::ledger::Verdict;

/// The first line of every report.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Headline {
    /// How it feels.
    pub tone: Tone,
    /// One or two words: `passed`, `failed`, `incomplete`, ...
    pub word: &'static str,
    /// The sentence, without full stop. Names from the run in it hold only letters, digits and `._+=/-`.
    pub sentence: String,
    /// What else there is to know: incompleteness, goldens, known failures, comparison.
    pub particulars: Vec<String>,
}

/// How a headline feels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tone {
    /// All is well.
    Good,
    /// Nothing is red, and something wants a look.
    Doubtful,
    /// Somebody has to act.
    Bad,
}

impl Tone {
    /// Returns the sign that stands before a headline in markdown.
    pub(crate) fn sign(self) -> &'static str {
        match self {
            Tone::Good => "✅",
            Tone::Doubtful => "⚠️",
            Tone::Bad => "❌",
        }
    }
}

/// Returns the headline of a report. Its word follows the first exit code.
pub fn headline(report: &Report) -> Headline {
    let mut sentence = cases_part(report);
    let mut particulars = Vec::new();
    if !report.run.complete {
        particulars.push(match report.totals.missing {
            0 => "the run is incomplete".to_owned(),
            missing => format!("the run is incomplete, {} without an end", count(missing, "task")),
        });
    }
    particulars.extend(golden_part(report));
    if !report.known_failures.is_empty() {
        let number = report.known_failures.len() as u64;
        particulars.push(format!("{} did not come out as known", count(number, "known failure")));
    }
    particulars.extend(comparison_part(report));
    let (tone, word) = tone_and_word(report);
    let explained = report.buckets.iter().any(|bucket| bucket.known.is_none());
    if tone == Tone::Bad && !explained && !particulars.is_empty() {
        sentence = format!("{sentence}, but {}", particulars.remove(0));
    }
    Headline { tone, word, sentence, particulars }
}

/// Returns the sign of a verdict, which reads without colour.
pub(crate) fn sign(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Pass => "✓",
        Verdict::Skipped => "–",
        Verdict::Fail => "✗",
        Verdict::Timeout => "◷",
        Verdict::Lost => "?",
        Verdict::Error => "!",
    }
}

/// Returns the sign of a change.
pub(crate) fn change_sign(verdict: ComparisonVerdict) -> &'static str {
    match verdict {
        ComparisonVerdict::Regressed => "✗",
        ComparisonVerdict::Improved => "✓",
        ComparisonVerdict::Uncertain => "?",
        ComparisonVerdict::Unchanged => "=",
        ComparisonVerdict::New => "+",
        ComparisonVerdict::Removed => "−",
        ComparisonVerdict::Incomparable => "≠",
    }
}

/// Returns the word of a golden finding.
pub(crate) fn golden_word(verdict: GoldenVerdict) -> &'static str {
    match verdict {
        GoldenVerdict::Met => "met",
        GoldenVerdict::Missed => "missed",
        GoldenVerdict::Missing => "no golden",
        GoldenVerdict::Orphan => "orphan",
        GoldenVerdict::Unmeasured => "unmeasured",
        GoldenVerdict::Known => "known failure",
    }
}

/// Tells in what a bucket's tasks ended: `failed`, `ran into a time limit`.
pub(crate) fn ended(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Pass => "passed",
        Verdict::Skipped => "was skipped",
        Verdict::Fail => "failed",
        Verdict::Timeout => "ran into its time limit",
        Verdict::Lost => "was lost",
        Verdict::Error => "ended in error",
    }
}

fn tone_and_word(report: &Report) -> (Tone, &'static str) {
    let uncertain = |change: &crate::compare::Change| change.verdict == ComparisonVerdict::Uncertain;
    let doubtful = !report.warnings.is_empty()
        || report.comparison.as_ref().is_some_and(|comparison| comparison.changes.iter().any(uncertain));
    match report.exit_codes.first() {
        None | Some(0) if doubtful => (Tone::Doubtful, "passed"),
        None | Some(0) => (Tone::Good, "passed"),
        Some(1) => (Tone::Bad, "internal error"),
        Some(2) => (Tone::Bad, "bad input"),
        Some(3) => (Tone::Doubtful, "nothing to do"),
        Some(10) => (Tone::Bad, "broken"),
        Some(12) => (Tone::Bad, "regressed"),
        Some(13) => (Tone::Bad, "incomplete"),
        Some(20) => (Tone::Bad, "outside failure"),
        Some(_) => (Tone::Bad, "failed"),
    }
}

fn cases_part(report: &Report) -> String {
    let cases = report.cases.len() as u64;
    let passed = report.totals.cases.get(&Verdict::Pass).copied().unwrap_or(0);
    let known = report.cases.iter().filter(|case| case.known && case.verdict != Verdict::Pass).count() as u64;
    let bad = cases.saturating_sub(passed + known);
    let skipped = report.totals.cases.get(&Verdict::Skipped).copied().unwrap_or(0);
    let what = match (cases, bad, known) {
        (0, ..) => "no case was planned".to_owned(),
        (1, 0, 0) => "the only case passed".to_owned(),
        (_, 0, 0) => format!("all {} passed", count(cases, "case")),
        (_, 0, _) => format!("{passed} of {} passed, {known} failed as known", count(cases, "case")),
        _ if bad == skipped => format!("{} of {} skipped", super::figure::thousands(bad), count(cases, "case")),
        _ => format!("{} of {} did not pass", super::figure::thousands(bad), count(cases, "case")),
    };
    let fresh = failures(&report.buckets);
    let Some(first) = fresh.first() else { return what };
    let tasks: usize = first.iter().map(|bucket| bucket.tasks.len()).sum();
    let place = match first.iter().find_map(|bucket| bucket.tasks.first()) {
        Some(task) if tasks == 1 => format!("at {}", name(task.point.as_str())),
        _ => format!("in {}", count(tasks as u64, "task")),
    };
    let others = match fresh.len() - 1 {
        0 => String::new(),
        others => format!(", and {} of failure", kinds(others)),
    };
    format!("{what}: {} {} {place}{others}", name(&first[0].stage), ended(first[0].verdict))
}

/// Returns the failures that are not known, by kind. Tasks of a stage that were lost are of one kind, however far they
/// had come.
fn failures(buckets: &[Bucket]) -> Vec<Vec<&Bucket>> {
    let mut kinds: Vec<Vec<&Bucket>> = Vec::new();
    for bucket in buckets.iter().filter(|bucket| bucket.known.is_none()) {
        let lost = |kind: &&mut Vec<&Bucket>| {
            bucket.verdict == Verdict::Lost && kind[0].verdict == Verdict::Lost && kind[0].stage == bucket.stage
        };
        match kinds.iter_mut().find(lost) {
            Some(kind) => kind.push(bucket),
            None => kinds.push(vec![bucket]),
        }
    }
    kinds
}

fn kinds(number: usize) -> String {
    if number == 1 { "one other kind".to_owned() } else { format!("{number} other kinds") }
}

fn golden_part(report: &Report) -> Option<String> {
    if let Some(file) = &report.absent_goldens {
        return Some(format!("{} is not there", name(file)));
    }
    let having = |verdict| report.goldens.iter().filter(|finding| finding.verdict == verdict).count() as u64;
    let parts: Vec<String> = [
        (GoldenVerdict::Missed, "missed"),
        (GoldenVerdict::Unmeasured, "unmeasured"),
        (GoldenVerdict::Missing, "missing"),
        (GoldenVerdict::Orphan, "without a task"),
    ]
    .into_iter()
    .map(|(verdict, word)| (having(verdict), word))
    .filter(|&(number, _)| number > 0)
    .map(|(number, word)| format!("{} {word}", count(number, "golden value")))
    .collect();
    if parts.is_empty() { None } else { Some(parts.join(", ")) }
}

fn comparison_part(report: &Report) -> Option<String> {
    let comparison = report.comparison.as_ref()?;
    let having = |verdict| comparison.changes.iter().filter(|change| change.verdict == verdict).count() as u64;
    let parts: Vec<String> = [
        (ComparisonVerdict::Regressed, "regressed"),
        (ComparisonVerdict::Improved, "improved"),
        (ComparisonVerdict::Uncertain, "changed without certainty"),
    ]
    .into_iter()
    .map(|(verdict, word)| (having(verdict), word))
    .filter(|&(number, _)| number > 0)
    .map(|(number, word)| format!("{} {word}", count(number, "metric")))
    .collect();
    if parts.is_empty() { None } else { Some(parts.join(", ")) }
}

/// Returns a name without characters that could mean something to a format.
fn name(text: &str) -> String {
    let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '+' | '=' | '/' | '-');
    text.chars().take(80).map(|c| if allowed(c) { c } else { '?' }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::sample;

    #[test]
    fn sentences() {
        let check = |report: &Report, tone: Tone, word: &str, lines: &[&str]| {
            let found = headline(report);
            assert_eq!((found.tone, found.word, found.sentence.as_str()), (tone, word, lines[0]));
            assert_eq!(found.particulars, lines[1..]);
        };
        check(&sample::green(), Tone::Good, "passed", &["all 4 cases passed"]);
        check(
            &sample::red(),
            Tone::Bad,
            "incomplete",
            &[
                "9 of 12 cases did not pass: check_drc failed at inv5, and 3 other kinds of failure",
                "the run is incomplete, 1 task without an end",
                "1 golden value missed, 1 golden value unmeasured, 1 golden value missing",
                "1 known failure did not come out as known",
                "1 metric regressed, 1 metric improved, 1 metric changed without certainty",
            ],
        );
        let mut report = sample::green();
        report.cases.clear();
        report.exit_codes = vec![3];
        check(&report, Tone::Doubtful, "nothing to do", &["no case was planned"]);
        let mut report = sample::green();
        report.cases[0].verdict = Verdict::Fail;
        report.cases[0].known = true;
        report.totals = crate::report::totals(&report.tasks, &report.cases);
        check(&report, Tone::Good, "passed", &["3 of 4 cases passed, 1 failed as known"]);
        let mut report = sample::green();
        report.comparison = sample::red().comparison;
        report.exit_codes = vec![12];
        let sentence =
            "all 4 cases passed, but 1 metric regressed, 1 metric improved, 1 metric changed without certainty";
        check(&report, Tone::Bad, "regressed", &[sentence]);
        report.exit_codes = vec![0];
        let change = "1 metric regressed, 1 metric improved, 1 metric changed without certainty";
        check(&report, Tone::Doubtful, "passed", &["all 4 cases passed", change]);
    }

    #[test]
    fn lost_tasks_of_a_stage_are_of_one_kind() {
        let mut report = sample::red();
        let lost = report.tasks.iter().find(|task| task.verdict == Verdict::Lost).unwrap().clone();
        let copy = |point: &str, message: &str| {
            let mut task = lost.clone();
            task.task.point = crate::value::PointName::new(point);
            task.message = Some(message.to_owned());
            task
        };
        report.tasks = vec![
            copy("inv1", "started on another machine and never ended"),
            copy("inv3", "never started"),
            copy("inv5", "started on another machine and never ended"),
        ];
        report.buckets = crate::report::bucket(&report.tasks);
        assert_eq!(report.buckets.len(), 2, "the list tells them apart");
        let sentence = headline(&report).sentence;
        assert!(sentence.ends_with(&format!(": {} was lost in 3 tasks", lost.task.stage)), "{sentence}");
        let mut failed = copy("inv7", "3 violations");
        failed.verdict = Verdict::Fail;
        report.tasks.push(failed);
        report.buckets = crate::report::bucket(&report.tasks);
        let sentence = headline(&report).sentence;
        assert!(sentence.ends_with("was lost in 3 tasks, and one other kind of failure"), "{sentence}");
    }

    #[test]
    fn a_golden_table_that_is_not_there_is_one_thing() {
        let mut report = sample::red();
        report.absent_goldens = Some("golden/<b>.csv".to_owned());
        let told = headline(&report).particulars;
        assert!(told.contains(&"golden/?b?.csv is not there".to_owned()), "{told:?}");
        assert!(!told.iter().any(|told| told.contains("golden value")), "{told:?}");
    }

    #[test]
    fn names_mean_nothing_to_a_format() {
        assert_eq!(name("inv5_v1.8_t-40"), "inv5_v1.8_t-40");
        assert_eq!(name("<b>@a|`"), "?b??a??");
    }
}
