//! What of a report is worth a person's first look, the same for every renderer that shows a part.

use super::Report;
use super::command::quote;
use super::figure::{amount, count, pair, percent, thousands};
use super::inert::short;
use crate::check::golden::{GoldenFinding, GoldenVerdict};
use crate::compare::{Change, ComparisonVerdict, Effect, is_of_orphans};
use crate::ledger::MeasuredValue;
use crate::record::{RunInfo, TaskRecord};
use crate::value::show_duration;
use std::cmp::Reverse;
use std::collections::HashMap;

/// Returns how long the run took, by the clock; other programs may not say it.
pub(crate) fn run_took(report: &Report) -> Option<String> {
    let run = &report.run;
    let took = run.finished.milliseconds().saturating_sub(run.started.milliseconds());
    (took > 0).then(|| show_duration(took as f64 / 1000.0))
}

/// Returns what stands before the reason that a run was stopped for: one that is complete went on.
pub(crate) fn stopped_word(run: &RunInfo) -> &'static str {
    if run.complete { "continued after" } else { "stopped by" }
}

/// Returns the first characters of a commit's hash; anything else is a short text.
pub(crate) fn commit_name(commit: &str) -> String {
    if commit.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        commit.chars().take(10).collect()
    } else {
        short(commit, 40)
    }
}

/// Returns where a task's files are, as the user would type it.
pub(crate) fn folder_of(report: &Report, task: &TaskRecord) -> Option<String> {
    let folder = task.folder.as_deref()?;
    (!report.folder.is_empty()).then(|| format!("{}/{folder}", report.folder))
}

/// Returns the tasks that took longest, longest first, ties in plan order; those that never ran are none.
pub(crate) fn slowest(tasks: &[TaskRecord], number: usize) -> Vec<&TaskRecord> {
    let mut tasks: Vec<&TaskRecord> = tasks.iter().filter(|task| task.usage.wall > 0.0).collect();
    tasks.sort_by(|a, b| b.usage.wall.total_cmp(&a.usage.wall));
    tasks.truncate(number);
    tasks
}

/// Returns the values of a change, each in its unit, as people read them.
pub(crate) fn sides(change: &Change) -> (String, String) {
    each((change.base.as_ref(), change.base_unit.as_deref()), (change.head.as_ref(), change.unit.as_deref()))
}

/// Returns by how much a metric changed, empty where that makes no sense: `+4.7%`, `+3 V`.
pub(crate) fn change_by(change: &Change) -> String {
    match change.effect() {
        Some(Effect::Relative(relative)) => percent(relative),
        Some(Effect::Absolute(effect)) => {
            let sign = if effect > 0.0 { "+" } else { "" };
            format!("{sign}{}", short(&amount(&MeasuredValue::Number(effect), change.unit.as_deref()), 60))
        }
        None => String::new(),
    }
}

/// Returns the golden and the value of a finding, each in its unit, as people read them.
pub(crate) fn golden_sides(finding: &GoldenFinding) -> (String, String) {
    let golden = (finding.golden.as_ref(), finding.golden_unit.as_deref());
    each(golden, (finding.value.as_ref(), finding.unit.as_deref()))
}

/// A value that may be absent, and a unit.
type Side<'a> = (Option<&'a MeasuredValue>, Option<&'a str>);

/// Returns two values, the first in the unit of the second if it has none of its own.
fn each((base, base_unit): Side<'_>, (head, unit): Side<'_>) -> (String, String) {
    match base_unit {
        None => both(base, head, unit),
        Some(own) => (both(base, None, Some(own)).0, both(None, head, unit).1),
    }
}

/// Returns how many goldens of those that were asked for are met: `3 of 4 met, 2 not asked for: known failures`.
pub(crate) fn goldens_met(findings: &[GoldenFinding]) -> String {
    let having = |verdict| findings.iter().filter(|finding| finding.verdict == verdict).count();
    let (met, known) = (having(GoldenVerdict::Met), having(GoldenVerdict::Known));
    let known_text = match known {
        0 => String::new(),
        1 => ", 1 not asked for: a known failure".to_owned(),
        _ => format!(", {} not asked for: known failures", thousands(known as u64)),
    };
    format!("{} of {} met{known_text}", thousands(met as u64), thousands((findings.len() - known) as u64))
}

/// Says that a golden file is not there, and what makes it.
pub(crate) fn no_golden_file(file: &str, run: &str) -> [String; 2] {
    [
        format!("`{}` is not there", short(file, 200).replace('`', "'")),
        format!(
            "if it is in the repository, take a checkout of it; else `shmoo bless {} --all --reason TEXT` makes it of \
             the values of this run",
            quote(run)
        ),
    ]
}

/// Returns two values of one unit that may be absent, as people read them.
pub(crate) fn both(base: Option<&MeasuredValue>, head: Option<&MeasuredValue>, unit: Option<&str>) -> (String, String) {
    let one = |value| short(&amount(value, unit), 60);
    match (base, head) {
        (Some(base), Some(head)) => {
            let (base, head) = pair(base, head, unit);
            (short(&base, 60), short(&head, 60))
        }
        (base, head) => (base.map(one).unwrap_or_default(), head.map(one).unwrap_or_default()),
    }
}

/// Returns the reasons why changes are incomparable, those of one metric with the same reason in one line:
/// `sum.total` at `n10` and 3 more points: it was in `s` and is in `V`.
pub(crate) fn incomparable(changes: &[Change]) -> Vec<String> {
    let mut reasons: Vec<(&Change, u64)> = Vec::new();
    let mut places: HashMap<(&str, &str), usize> = HashMap::new();
    for change in changes.iter().filter(|change| change.verdict == ComparisonVerdict::Incomparable) {
        let place = *places.entry((&change.metric, &change.rule)).or_insert_with(|| {
            reasons.push((change, 0));
            reasons.len() - 1
        });
        reasons[place].1 += 1;
    }
    let line = |(change, points): (&Change, u64)| {
        let others = match points {
            1 => String::new(),
            _ => format!(" and {}", count(points - 1, "more point")),
        };
        format!("`{}` at `{}`{others}: {}", change.metric, change.point, change.rule)
    };
    reasons.into_iter().map(line).collect()
}

/// Returns a note of a comparison in words: what else changed, or what the suite has no more, which is no cause.
pub(crate) fn note_line(note: &str) -> String {
    if is_of_orphans(note) { note.to_owned() } else { format!("also changed: {note}") }
}

/// Counts changes by verdict, worst first.
pub(crate) fn counts_of(changes: &[Change]) -> Vec<(ComparisonVerdict, u64)> {
    let mut counts = std::collections::BTreeMap::new();
    for change in changes {
        *counts.entry(change.verdict).or_insert(0) += 1;
    }
    counts.into_iter().collect()
}

/// Returns the changes that want a look, worst first, the largest of each kind first.
pub(crate) fn notable(changes: &[Change]) -> Vec<&Change> {
    let quiet = |change: &&Change| !matches!(change.verdict, ComparisonVerdict::Unchanged | ComparisonVerdict::New);
    let mut notable: Vec<&Change> = changes.iter().filter(quiet).collect();
    let size = |change: &Change| change.size().map_or(0, |size| (size * 1e9) as u64);
    notable.sort_by_key(|change| (change.verdict, Reverse(size(change))));
    notable
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::compare::Scale;
    use crate::report::sample;

    #[test]
    fn slowest_first() {
        let report = sample::red();
        let names: Vec<String> = slowest(&report.tasks, 2).iter().map(|task| task.task.to_string()).collect();
        assert_eq!(names, ["run_simulations/inv7_v3.3_npex", "run_simulations/inv5_v3.3_nsch"]);
        assert!(slowest(&report.tasks, 1000).iter().all(|task| task.usage.wall > 0.0));
    }

    #[test]
    fn a_run_that_is_complete_is_not_called_stopped() {
        let mut report = sample::red();
        report.run.stopped = vec!["SIGTERM".to_owned()];
        for (complete, expected) in [(true, "continued after SIGTERM"), (false, "stopped by SIGTERM")] {
            report.run.complete = complete;
            assert_eq!(format!("{} SIGTERM", stopped_word(&report.run)), expected);
            let mut text = Vec::new();
            let options = crate::report::TerminalOptions { color: false, width: 100 };
            crate::report::terminal(&report, options, &mut text).unwrap();
            assert!(String::from_utf8(text).unwrap().contains(expected));
        }
    }

    #[test]
    fn notable_changes_worst_first() {
        let comparison = sample::red().comparison.unwrap();
        let words: Vec<&str> = notable(&comparison.changes).iter().map(|change| change.verdict.word()).collect();
        assert_eq!(words, ["regressed", "improved", "uncertain", "removed", "incomparable"]);
    }

    #[test]
    fn what_is_incomparable_is_told_in_its_own_units_with_the_reason() {
        let mut changes = sample::red().comparison.unwrap().changes;
        let incomparable_ones = changes.iter().filter(|change| change.verdict == ComparisonVerdict::Incomparable);
        let shown: Vec<(String, String)> = incomparable_ones.map(sides).collect();
        assert_eq!(shown, [("460 µA".to_owned(), "825 µW".to_owned())]);
        let reason = "it was in `A` and is in `W`: `A` and `W` measure different things";
        let name = "`run_simulations.power` at `inv7_v3.3_nsch`";
        assert_eq!(incomparable(&changes), [format!("{name}: {reason}")]);
        changes.push(changes.last().unwrap().clone());
        assert_eq!(incomparable(&changes), [format!("{name} and 1 more point: {reason}")]);
        let change = changes.last_mut().unwrap();
        change.base_unit = Some(String::new());
        assert_eq!(sides(change).0, "0.00046");
    }

    #[test]
    fn goldens_at_known_failures_are_counted_apart() {
        let mut findings = sample::red().goldens;
        let met = findings.iter().filter(|finding| finding.verdict == GoldenVerdict::Met).count();
        let all = findings.len();
        assert_eq!(goldens_met(&findings), format!("{met} of {all} met"));
        let known = GoldenFinding { verdict: GoldenVerdict::Known, ..findings[0].clone() };
        findings.push(known.clone());
        assert_eq!(goldens_met(&findings), format!("{met} of {all} met, 1 not asked for: a known failure"));
        findings.push(known);
        assert_eq!(goldens_met(&findings), format!("{met} of {all} met, 2 not asked for: known failures"));
    }

    #[test]
    fn a_change_has_one_effect() {
        let mut change = sample::red().comparison.unwrap().changes.remove(0);
        change.relative = Some(-0.05);
        let figures = change.figures.as_mut().unwrap();
        (figures.scale, figures.effect, figures.interval) = (Scale::Log, -0.048, Some([-0.06, -0.04]));
        assert_eq!(change_by(&change), "-4.8%");
        let figures = change.figures.as_mut().unwrap();
        (figures.scale, figures.effect) = (Scale::Linear, 3.2e6);
        assert_eq!(change_by(&change), "+3.2 MHz");
        // Too few repeats for an interval.
        change.figures.as_mut().unwrap().interval = None;
        assert_eq!(change_by(&change), "-5%");
        (change.relative, change.figures) = (None, None);
        assert_eq!(change_by(&change), "");
    }

    #[test]
    fn all_formats_say_once_that_there_is_no_golden_table() {
        use crate::report::{MarkdownOptions, TerminalOptions, annotations, html, markdown, terminal};
        type Render = fn(&Report, &mut Vec<u8>) -> std::io::Result<()>;
        let mut report = crate::report::sample::red();
        report.goldens.retain(|finding| finding.verdict == GoldenVerdict::Missing);
        assert!(!report.goldens.is_empty());
        report.absent_goldens = Some("golden/sums.csv".to_owned());
        let renders: [Render; 4] = [
            |report, out| terminal(report, TerminalOptions { color: false, width: 100 }, out),
            |report, out| markdown(report, MarkdownOptions { budget: 1 << 20 }, out),
            |report, out| html(report, out),
            |report, out| annotations(report, out),
        ];
        for render in renders {
            let mut out = Vec::new();
            render(&report, &mut out).unwrap();
            let text = String::from_utf8(out).unwrap();
            let hint = format!("shmoo bless {} --all --reason TEXT", report.run.id);
            assert!(text.contains("golden/sums.csv") && text.matches(&hint).count() == 1, "{text}");
            assert!(!text.contains("no golden"), "{text}");
        }
    }
}
