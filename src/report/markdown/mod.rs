//! The report as GitHub markdown: verdict first, details folded, within a budget of bytes.
//!
//! Whatever a run wrote stands in code spans or fenced code, where mentions, links, HTML and emphasis
//! mean nothing. If the report is larger than the budget, lists get shorter tier by tier, and a line
//! says what was left out.

pub(super) mod code;
mod comment;
mod issue;
mod marker;
mod models;
mod no_run;
mod several;

use super::by_metric::{golden_sums, sums};
use super::command::run_command;
use super::costs::cost_line;
use super::diff::plot_diff;
use super::figure::{count, percent, thousands};
use super::headline::{change_sign, ended, golden_word, headline, sign};
use super::inert::{block, line, short};
use super::join::CaseFinder;
use super::others::other_line;
use super::plot::{PlotOptions, plot};
use super::reds::{RedGroup, Told, groups, more_of};
use super::selection::{
    change_by, commit_name, counts_of, golden_sides, goldens_met, notable, seconds, sides, slowest,
};
use super::sparkline::{LEGEND, Sparklines};
use super::{Bucket, Report};
use crate::compare::{Change, Comparison, Red, is_of_orphans};
use crate::ledger::Verdict;
use crate::value::show_duration;
use code::{SPAN, cell, code, code_of, fenced};
pub use comment::comment;
pub use issue::{RedSince, issue, issue_title};
pub use marker::{Carrier, CommentKey, CommentOptions, Marker, WebAddress};
pub use no_run::{NoRun, no_run_issue, no_run_title};
pub use several::comment_on_several;
use std::io::{self, Write};

/// How much there is room for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MarkdownOptions {
    /// Bytes that the text may have. A job summary takes 1 MiB, a comment 65,536 characters.
    pub budget: usize,
}

/// How long the lists of a tier are.
#[derive(Clone, Copy)]
struct Tier {
    rows: usize,
    quotes: usize,
    plots: usize,
    folded: bool,
}

/// From all one could want down to next to nothing.
const TIERS: [Tier; 5] = [
    Tier { rows: 200, quotes: 8, plots: 24, folded: true },
    Tier { rows: 50, quotes: 5, plots: 8, folded: true },
    Tier { rows: 15, quotes: 3, plots: 2, folded: true },
    Tier { rows: 5, quotes: 2, plots: 0, folded: false },
    Tier { rows: 1, quotes: 1, plots: 0, folded: false },
];

/// Characters of a sentence about a red mark.
const SENTENCE: usize = 600;

/// Writes the report as markdown, in the largest tier that fits the budget.
pub fn markdown(report: &Report, options: MarkdownOptions, out: &mut dyn Write) -> io::Result<()> {
    for tier in TIERS {
        let text = Page::new(report, tier).write();
        if text.len() <= options.budget {
            return out.write_all(text.as_bytes());
        }
    }
    // Nothing but the sentence, and of it what there is room for.
    let note = "\n\nleft out: all the rest, which does not fit here\n";
    let mut text = head_line(report);
    let mut end = text.len().min(options.budget.saturating_sub(note.len()));
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    text.truncate(end);
    if text.len() + note.len() <= options.budget {
        text.push_str(note);
    }
    out.write_all(text.as_bytes())
}

/// What there is no room for, by noun.
type LeftOut = Vec<(&'static str, u64)>;

struct Page<'a> {
    report: &'a Report,
    tier: Tier,
    text: String,
    left_out: LeftOut,
    /// The folder that has the drawings.
    drawings: Option<&'a WebAddress>,
}

impl<'a> Page<'a> {
    fn new(report: &'a Report, tier: Tier) -> Page<'a> {
        Page { report, tier, text: String::new(), left_out: Vec::new(), drawings: None }
    }

    fn write(mut self) -> String {
        self.text = head_line(self.report);
        self.facts();
        self.buckets();
        self.known_failures();
        self.goldens();
        self.comparison();
        self.models();
        self.plots();
        self.stages();
        self.slowest();
        self.warnings();
        if !self.left_out.is_empty() {
            let parts: Vec<String> = self.left_out.iter().map(|(noun, number)| count(*number, noun)).collect();
            self.text.push_str(&format!(
                "
left out for want of room: {}
",
                parts.join(", ")
            ));
        }
        self.text
    }

    fn line(&mut self, line: &str) {
        self.text.push_str(line);
        self.text.push('\n');
    }

    /// Returns the first rows of a list and notes how many there is no room for.
    fn first<'b, T>(&mut self, items: &'b [T], limit: usize, noun: &'static str) -> &'b [T] {
        let shown = items.len().min(limit);
        self.leave_out(items.len() - shown, noun);
        &items[..shown]
    }

    fn leave_out(&mut self, number: usize, noun: &'static str) {
        if number == 0 {
            return;
        }
        match self.left_out.iter_mut().find(|(other, _)| *other == noun) {
            Some((_, sum)) => *sum += number as u64,
            None => self.left_out.push((noun, number as u64)),
        }
    }

    fn table(&mut self, head: &[&str], rows: impl IntoIterator<Item = Vec<String>>) {
        self.line(&format!("\n| {} |", head.join(" | ")));
        self.line(&format!("|{}", " --- |".repeat(head.len())));
        for row in rows {
            self.line(&format!("| {} |", row.join(" | ")));
        }
    }

    /// Writes a table of changes, with how each went if any is followed.
    fn table_with_trends(
        &mut self,
        head: &[&str],
        mut rows: Vec<Vec<String>>,
        changes: &[&Change],
        trends: &Sparklines<'_>,
    ) {
        if trends.is_empty() {
            return self.table(head, rows);
        }
        for (row, change) in rows.iter_mut().zip(changes) {
            row.push(trends.row(change));
        }
        self.table(&[head, &["trend"]].concat(), rows);
        self.line(&format!("\n<sub>{LEGEND}</sub>"));
    }

    fn facts(&mut self) {
        let run = &self.report.run;
        let mut facts = vec![format!("suite {}", code(run.suite.as_str())), format!("run {}", code(run.id.as_str()))];
        if let Some(commit) = &run.source.commit {
            let dirty = if run.source.dirty == Some(true) { " with changes" } else { "" };
            facts.push(format!("commit {}{dirty}", code(&commit_name(commit))));
        }
        facts.push(show_duration(seconds(self.report)));
        facts.extend(run.stopped.iter().take(3).map(|reason| format!("stopped by {}", code(reason))));
        facts.extend(cost_line(self.report).map(|cost| code(&cost)));
        self.line(&format!("\n{}", facts.join(" · ")));
    }

    fn buckets(&mut self) {
        let (known, fresh): (Vec<&Bucket>, Vec<&Bucket>) = self.report.buckets.iter().partition(|b| b.known.is_some());
        let rows = self.tier.rows.min(50);
        if !fresh.is_empty() {
            self.line("\n### What broke");
        }
        let mut finder = CaseFinder::new(self.report);
        for bucket in self.first(&fresh, rows, "kind") {
            self.bucket(bucket, &mut finder);
        }
        if !known.is_empty() {
            self.line("\n### Known failures\n");
        }
        for bucket in self.first(&known, rows, "known failure") {
            let reason = bucket.known.as_deref().unwrap_or_default();
            let size = count(bucket.tasks.len() as u64, "task");
            let (sign, stage, message) = (sign(bucket.verdict), code(&bucket.stage), code(&bucket.example));
            self.line(&format!("- {sign} {stage} {message}, known: {} ({size})", code(reason)));
        }
    }

    fn bucket(&mut self, bucket: &Bucket, finder: &mut CaseFinder<'a>) {
        let report = self.report;
        let size = format!("{}, {}", count(bucket.tasks.len() as u64, "task"), count(bucket.cases, "case"));
        let (sign, stage) = (sign(bucket.verdict), code(&bucket.stage));
        self.line(&format!("\n**{sign} {stage} {}** ({size}): {}", ended(bucket.verdict), code(&bucket.example)));
        let Some(first) = report.tasks.iter().find(|task| bucket.tasks.first() == Some(&task.task)) else { return };
        let quotes: Vec<String> = first
            .quotes
            .iter()
            .take(self.tier.quotes)
            .map(|quote| {
                let number = quote.line.map(|line| format!(":{line}")).unwrap_or_default();
                let text: Vec<String> = block(&quote.text).lines().take(8).map(|line| short(line, SPAN)).collect();
                format!("{}{number}: {}", short(&quote.file, 80), text.join("\n    "))
            })
            .collect();
        if !quotes.is_empty() {
            self.line(&format!("\n{}", fenced(&quotes.join("\n"), "")));
        }
        if let Some(case) = finder.find(first) {
            let command = run_command(&report.run, case.name.as_str());
            self.line(&format!("\nreproduce: {}", code_of(&line(&command), 1000)));
        }
        let points = bucket.points();
        if points.len() > 1 && self.tier.folded {
            self.line(&format!("\n<details><summary>{}</summary>\n", count(points.len() as u64, "point")));
            for point in self.first(&points, self.tier.rows, "failed point") {
                self.line(&format!("- {}", code(point.as_str())));
            }
            self.line("\n</details>");
        } else {
            self.leave_out(points.len().saturating_sub(1), "failed point");
        }
    }

    fn known_failures(&mut self) {
        let sentences = &self.report.known_failures;
        if sentences.is_empty() {
            return;
        }
        self.line("\n### Known failures that did not come out as known\n");
        for sentence in self.first(sentences, self.tier.rows, "changed known failure") {
            self.line(&format!("- {}", code(sentence)));
        }
    }

    fn goldens(&mut self) {
        let goldens = &self.report.goldens;
        if goldens.is_empty() {
            return;
        }
        let red: Vec<_> = goldens.iter().filter(|finding| finding.verdict.is_red()).collect();
        self.line(&format!("\n### Goldens: {}", goldens_met(goldens)));
        if red.is_empty() {
            return;
        }
        let sums = golden_sums(&red, goldens);
        let rows: Vec<Vec<String>> = self
            .first(&sums, self.tier.rows, "metric with missed goldens")
            .iter()
            .map(|sum| {
                let (golden, value) = sum.sides();
                vec![
                    format!("✗ {}", golden_word(sum.verdict)),
                    cell(sum.metric),
                    sum.points.clone(),
                    sum.span.clone(),
                    cell(&sum.tolerance),
                    cell(sum.worst.point.as_str()),
                    cell(&golden),
                    cell(&value),
                ]
            })
            .collect();
        if !rows.is_empty() {
            self.table(&["", "metric", "points", "deviation", "tolerance", "farthest at", "golden", "value"], rows);
            if !self.unfolds(red.len(), "golden finding") {
                return;
            }
        }
        let rows: Vec<Vec<String>> = self
            .first(&red, self.tier.rows, "golden finding")
            .iter()
            .map(|finding| {
                let (golden, value) = golden_sides(finding);
                vec![
                    format!("✗ {}", golden_word(finding.verdict)),
                    cell(&finding.metric),
                    cell(finding.point.as_str()),
                    cell(&golden),
                    cell(&value),
                    finding.deviation.map(percent).unwrap_or_default(),
                    cell(&finding.tolerance),
                ]
            })
            .collect();
        self.table(&["", "metric", "point", "golden", "value", "deviation", "tolerance"], rows);
        if !sums.is_empty() {
            self.line("\n</details>");
        }
    }

    /// Opens a fold for the single rows behind sums, if there is room for any.
    fn unfolds(&mut self, rows: usize, noun: &'static str) -> bool {
        if !self.tier.folded {
            self.leave_out(rows, noun);
            return false;
        }
        self.line("\n<details><summary>one by one</summary>");
        true
    }

    /// Writes notable changes by metric, if they are too many to be read one by one. Tells whether it did.
    fn sums(&mut self, notable: &[&Change], comparison: &Comparison) -> bool {
        let sums = sums(notable, &comparison.changes);
        let rows: Vec<Vec<String>> = self
            .first(&sums, self.tier.rows, "changed metric")
            .iter()
            .map(|sum| {
                let (base, head) = sum.sides();
                vec![
                    cell(sum.metric),
                    sum.points.clone(),
                    cell(&sum.span),
                    cell(sum.worst.point.as_str()),
                    cell(&base),
                    cell(&head),
                    format!("{} {}", change_sign(sum.verdict), sum.verdict.word()),
                ]
            })
            .collect();
        if !rows.is_empty() {
            self.table(&["metric", "points", "change", "largest at", "base", "head", "verdict"], rows);
        }
        !sums.is_empty()
    }

    fn comparison(&mut self) {
        let Some(comparison) = &self.report.comparison else { return };
        match &comparison.base {
            None => self.line("\n### Comparison: nothing to compare with"),
            Some(base) => {
                let date = base.started.date();
                self.line(&format!("\n### Comparison with {} of {date}", code(base.run.as_str())));
            }
        }
        let counts: Vec<String> = counts_of(&comparison.changes)
            .into_iter()
            .map(|(verdict, number)| format!("{} {} {}", change_sign(verdict), thousands(number), verdict.word()))
            .collect();
        if !counts.is_empty() {
            self.line(&format!("\n{}", counts.join(" · ")));
        }
        if !comparison.explanations.is_empty() {
            self.line("");
        }
        for sentence in self.first(&comparison.explanations, self.tier.rows, "explanation") {
            self.line(&format!("- {}", code(sentence)));
        }
        self.reds(comparison);
        let notable = notable(&comparison.changes);
        let summed = self.sums(&notable, comparison);
        if !notable.is_empty() && (!summed || self.unfolds(notable.len(), "change")) {
            let shown = self.first(&notable, self.tier.rows, "change");
            let rows: Vec<Vec<String>> = shown
                .iter()
                .map(|change| {
                    let (base, head) = sides(change);
                    vec![
                        format!("{} {}", change_sign(change.verdict), change.verdict.word()),
                        cell(&change.metric),
                        cell(change.point.as_str()),
                        cell(&base),
                        cell(&head),
                        change_by(change),
                        cell(&change.rule),
                    ]
                })
                .collect();
            let trends = Sparklines::of(comparison, shown);
            self.table_with_trends(&["", "metric", "point", "base", "head", "change", "why"], rows, shown, &trends);
            if summed {
                self.line("\n</details>");
            }
        }
        if !comparison.verdict_changes.is_empty() {
            self.line("");
        }
        for (case, before, now) in self.first(&comparison.verdict_changes, self.tier.rows, "changed verdict") {
            self.line(&format!("- {}: {before} → {} {now}", code(case.as_str()), sign(*now)));
        }
        let (added, removed) = (comparison.added_cases.len() as u64, comparison.removed_cases.len() as u64);
        if added + removed > 0 {
            let common = count(comparison.common_cases, "case");
            self.line(&format!("\n{common} in both, {} new, {} gone", thousands(added), thousands(removed)));
        }
        for other in &self.report.other_comparisons {
            self.line(&format!("\nBeside that, by {}", code(&other_line(other))));
        }
        if self.tier.folded && comparison.why.len() + comparison.notes.len() > 0 {
            self.line("\n<details><summary>why this base, and what else changed</summary>\n");
            for why in self.first(&comparison.why, self.tier.rows, "reason") {
                self.line(&format!("- {}", code(why)));
            }
            for note in self.first(&comparison.notes, self.tier.rows, "note") {
                let also = if is_of_orphans(note) { "" } else { "also changed: " };
                self.line(&format!("- {also}{}", code(note)));
            }
            self.line("\n</details>");
        } else {
            self.leave_out(comparison.why.len(), "reason");
            self.leave_out(comparison.notes.len(), "note");
        }
    }

    /// Red marks in sentences; what changed beside several is said once.
    fn reds(&mut self, comparison: &Comparison) {
        let mut room = self.tier.rows;
        for (place, RedGroup { also, number, told }) in groups(comparison).into_iter().enumerate() {
            if place == 0 {
                self.line("");
            }
            let before = room;
            for told in told {
                match told {
                    Told::Mark(red) if room > 0 => {
                        room -= 1;
                        self.red(red, number == 1);
                    }
                    Told::More(metric, more) if room > 0 => self.line(&format!("- {}", code(&more_of(metric, more)))),
                    Told::Mark(_) => self.leave_out(1, "red mark"),
                    Told::More(_, more) => self.leave_out(more, "red mark"),
                }
            }
            if number > 1 && before > 0 {
                self.line(&format!("- beside these {}: {}", thousands(number as u64), code_of(&line(also), SENTENCE)));
            }
        }
    }

    fn red(&mut self, red: &Red, alone: bool) {
        let text = if alone { red.sentence() } else { red.what.clone() };
        self.line(&format!("- ✗ {}", code_of(&line(&text), SENTENCE)));
        if let Some(earlier) = &red.earlier {
            self.line(&format!("  - {}", code_of(&line(earlier), SENTENCE)));
        }
    }

    fn plots(&mut self) {
        let plots = &self.report.plots;
        let diffs = &self.report.plot_diffs;
        for (number, grid) in self.first(plots, self.tier.plots, "shmoo plot").iter().enumerate() {
            let mut drawn = Vec::new();
            let options = PlotOptions { width: 120, ascii: false };
            plot(grid, options, &mut drawn).expect("writing to memory does not fail");
            let mut title = "shmoo plot".to_owned();
            if let Some(diff) = diffs.get(number) {
                drawn.push(b'\n');
                plot_diff(diff, options, &mut drawn).expect("writing to memory does not fail");
                title = match diff.moved() {
                    (0, 0) => "shmoo plot, and nothing moved".to_owned(),
                    (broke, mended) => {
                        format!("shmoo plot, and what moved: {} broke, {} mended", thousands(broke), thousands(mended))
                    }
                };
            }
            let drawn = String::from_utf8_lossy(&drawn);
            self.line(&format!(
                "\n<details><summary>{title}</summary>\n\n{}\n\n</details>",
                fenced(drawn.trim_end(), "text")
            ));
        }
    }

    fn stages(&mut self) {
        let totals = &self.report.totals;
        let occurring: Vec<Verdict> = Verdict::ALL.into_iter().filter(|v| totals.tasks.contains_key(v)).collect();
        if occurring.is_empty() {
            return;
        }
        let mut head = vec!["stage".to_owned()];
        head.extend(occurring.iter().map(|verdict| format!("{} {verdict}", sign(*verdict))));
        let head: Vec<&str> = head.iter().map(String::as_str).collect();
        let shown = self.first(&totals.stages, self.tier.rows.max(5), "stage");
        let rows: Vec<Vec<String>> = shown
            .iter()
            .map(|(stage, counts)| {
                let number = |verdict| counts.get(verdict).map_or_else(String::new, |number| thousands(*number));
                std::iter::once(cell(stage)).chain(occurring.iter().map(number)).collect()
            })
            .collect();
        self.line("\n### Stages");
        self.table(&head, rows);
    }

    fn slowest(&mut self) {
        let slowest = slowest(&self.report.tasks, 10);
        if !self.tier.folded {
            self.leave_out(slowest.len(), "slow task");
            return;
        }
        if slowest.is_empty() {
            return;
        }
        self.line("\n<details><summary>slowest tasks</summary>");
        let rows: Vec<Vec<String>> = slowest
            .into_iter()
            .map(|task| vec![show_duration(task.usage.wall), cell(&task.task.to_string()), task.verdict.to_string()])
            .collect();
        self.table(&["time", "task", "verdict"], rows);
        self.line("\n</details>");
    }

    fn warnings(&mut self) {
        if self.report.warnings.is_empty() {
            return;
        }
        self.line("\n### Warnings\n");
        for warning in self.first(&self.report.warnings, self.tier.rows, "warning") {
            self.line(&format!("- {}", code(warning)));
        }
    }
}

/// Returns the heading with the sentence that matters.
fn head_line(report: &Report) -> String {
    let headline = headline(report);
    let mut lines = format!("## {} {}: {}\n", headline.tone.sign(), headline.word, inert_sentence(&headline.sentence));
    for particular in &headline.particulars {
        lines.push_str(&format!("\n- {}", inert_sentence(particular)));
    }
    if !headline.particulars.is_empty() {
        lines.push('\n');
    }
    lines
}

/// Returns a sentence of a headline for markdown: it holds only harmless characters, of which `_` may mean
/// emphasis and `www.` a link.
fn inert_sentence(text: &str) -> String {
    text.replace('_', "\\_").replace("www.", "www\\.")
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::report::sample;

    fn written(report: &Report, budget: usize) -> String {
        let mut out = Vec::new();
        markdown(report, MarkdownOptions { budget }, &mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn reports() {
        insta::assert_snapshot!("report.md", written(&sample::red(), 60_000));
        insta::assert_snapshot!("report-green.md", written(&sample::green(), 60_000));
    }

    /// Returns the markdown without its code: fenced blocks, spans, `<code>` of character references.
    pub(in crate::report) fn outside_code(markdown: &str) -> String {
        let mut outside = String::new();
        let mut fence: Option<String> = None;
        for line in markdown.lines() {
            let ticks: String = line.chars().take_while(|c| *c == '`').collect();
            match &fence {
                Some(open) => {
                    if line == open {
                        fence = None;
                    }
                    continue;
                }
                None if ticks.len() >= 3 && !line[ticks.len()..].contains('`') => {
                    fence = Some(ticks);
                    continue;
                }
                None => {}
            }
            let unspanned = without_code_elements(line);
            let mut rest = unspanned.as_str();
            while let Some(start) = rest.find('`') {
                outside.push_str(&rest[..start]);
                let run = rest[start..].chars().take_while(|c| *c == '`').count();
                let body = &rest[start + run..];
                let mut from = 0;
                let close = loop {
                    let at = from + body[from..].find('`').expect("every code span ends on its line");
                    let length = body[at..].chars().take_while(|c| *c == '`').count();
                    if length == run {
                        break at;
                    }
                    from = at + length;
                };
                rest = &body[close + run..];
            }
            outside.push_str(rest);
            outside.push('\n');
        }
        assert_eq!(fence, None, "a fence is open: {markdown}");
        outside
    }

    /// Takes `<code>` elements out, which may hold only character references and letters.
    fn without_code_elements(line: &str) -> String {
        let mut parts = line.split("<code>");
        let mut rest = parts.next().unwrap_or_default().to_owned();
        for part in parts {
            let (inside, after) = part.split_once("</code>").expect("every element ends on its line");
            let allowed = |c: char| !c.is_ascii_punctuation() || matches!(c, '&' | '#' | ';');
            assert!(inside.chars().all(allowed), "{inside}");
            rest.push_str(after);
        }
        rest
    }

    #[test]
    fn hostile_text_is_inert() {
        for text in sample::HOSTILE {
            let written = written(&sample::hostile(text), 1 << 20);
            let outside = outside_code(&written);
            for bad in ["<script", "<img", "<!--", "@", "[x]", "#1", ":tada:", "**bold"] {
                assert!(!outside.contains(bad), "{bad} in {outside}");
            }
            let harmless = |c: char| c == '\n' || !c.is_control() && !crate::report::inert::is_unseen(c);
            assert!(written.replace("⚠\u{fe0f}", "").chars().all(harmless), "{written:?}");
            for row in outside.lines().filter(|line| line.starts_with('|')) {
                assert!(matches!(row.matches('|').count(), 4 | 8 | 7 | 9), "{row}");
            }
        }
    }

    #[test]
    fn many_changes_and_goldens_are_told_by_metric() {
        let mut report = sample::many_compared(700);
        let one = sample::red().goldens.into_iter().find(|finding| finding.verdict.is_red()).unwrap();
        report.goldens = vec![one; 13];
        let text = written(&report, 60_000);
        let table = |text: &str| text.lines().take_while(|line| line.starts_with('|')).count();
        let sums: Vec<&str> =
            text.match_indices("| points |").map(|(at, _)| &text[text[..at].rfind('\n').unwrap() + 1..]).collect();
        let sums: Vec<String> =
            sums.iter().map(|text| text.lines().take(table(text)).collect::<Vec<_>>().join("\n")).collect();
        insta::assert_snapshot!("sums.md", sums.join("\n\n"));
        assert_eq!(text.matches("<summary>one by one</summary>").count(), 2);
        assert_eq!(text.matches("<details>").count(), text.matches("</details>").count());
    }

    #[test]
    fn hostile_names_are_inert_in_sums() {
        for hostile in sample::HOSTILE {
            let mut report = sample::many_compared(700);
            for change in report.comparison.iter_mut().flat_map(|comparison| &mut comparison.changes) {
                change.metric = hostile.to_owned();
                change.point = crate::value::PointName::new(hostile);
            }
            let text = written(&report, 1 << 20);
            assert!(text.contains("| metric | points | change |"), "{text}");
            for row in outside_code(&text).lines().filter(|line| line.starts_with('|')) {
                assert!(matches!(row.matches('|').count(), 4 | 7 | 8 | 9), "{row}");
                assert!(!row.contains('@') && !row.contains('<'), "{row}");
            }
        }
    }

    #[test]
    fn the_budget_is_kept_and_said() {
        let report = sample::many(3000);
        let full = written(&report, 1 << 20);
        for budget in [40_000, 10_000, 3_000, 1_500, 600, 150, 60, 20, 0] {
            let text = written(&report, budget);
            assert!(text.len() <= budget, "{} > {budget}", text.len());
            assert!(text.len() == full.len() || text.contains("left out") || budget < 150, "{text}");
        }
        assert!(written(&report, 600).starts_with("## ❌ failed: 30 of 3,000 cases did not pass"));
    }
}
