//! The report as a comment on a pull request: verdict first, then what broke, then what changed; the
//! rest folded. Smaller tiers say what they leave out.

use super::code::{cell, code, code_of, fenced, unbroken};
use super::marker::CommentOptions;
use super::page::{LeftOut, Page, Tier};
use super::{SENTENCE, head_line};
use crate::compare::{Change, Comparison, Figures, Scale};
use crate::ledger::MeasuredValue;
use crate::report::Report;
use crate::report::by_metric::{MetricSum, sums};
use crate::report::diff::plot_diff;
use crate::report::doubts::doubts;
use crate::report::figure::{amount, count, percent, thousands};
use crate::report::headline::{change_sign, sign};
use crate::report::inert::{line, short};
use crate::report::others::other_line;
use crate::report::plot::{PlotOptions, plot, title};
use crate::report::reds::beside_all;
use crate::report::selection::{change_by, counts_of, notable, sides};
use crate::report::sparkline::Sparklines;
use crate::report::svg::file_name;

/// From what is good to read down to next to nothing.
pub(super) const TIERS: [Tier; 5] = [
    Tier { rows: 40, quotes: 5, plots: 6, folded: true },
    Tier { rows: 20, quotes: 3, plots: 3, folded: true },
    Tier { rows: 10, quotes: 2, plots: 1, folded: true },
    Tier { rows: 5, quotes: 1, plots: 0, folded: false },
    Tier { rows: 1, quotes: 0, plots: 0, folded: false },
];

/// Returns the report as a comment, in the largest tier that fits the budget.
pub fn comment(report: &Report, options: &CommentOptions) -> String {
    let head = format!("{}\n", options.marker);
    for tier in TIERS {
        let (section, left_out) = Page { drawings: options.plots.as_ref(), ..Page::new(report, tier) }.section();
        let text = format!("{head}{section}{}", end(options, &left_out));
        if text.len() <= options.budget {
            return text;
        }
    }
    cut(format!("{head}{}", head_line(report)), options)
}

/// Returns the beginning of a text, as much as there is room for, and says that the rest is left out.
pub(super) fn cut(mut text: String, options: &CommentOptions) -> String {
    let end = format!("\n{}left out: all else, which does not fit here\n", footer(options));
    let mut room = text.len().min(options.budget.saturating_sub(end.len()));
    while !text.is_char_boundary(room) {
        room -= 1;
    }
    text.truncate(room);
    text + end.as_str()
}

/// Returns the last lines: links, and what there was no room for.
pub(super) fn end(options: &CommentOptions, left_out: &LeftOut) -> String {
    let mut text = footer(options);
    if !text.is_empty() {
        text.insert(0, '\n');
    }
    if !left_out.is_empty() {
        let parts: Vec<String> = left_out.iter().map(|(noun, number)| count(*number, noun)).collect();
        text.push_str(&format!("\n<sub>not shown here: {}</sub>\n", parts.join(", ")));
    }
    text
}

impl Page<'_> {
    /// Returns what a comment says of the report, from its heading on, and what there was no room for.
    pub(super) fn section(mut self) -> (String, LeftOut) {
        self.text = head_line(self.report);
        self.buckets();
        self.known_failures();
        if let Some(comparison) = &self.report.comparison {
            self.changes(comparison);
            self.moved();
        }
        self.goldens();
        self.models();
        self.unmoved_plots();
        self.about_the_comparison();
        if self.tier.folded {
            self.line("\n<details><summary>stages, slowest tasks</summary>");
            self.stages();
            self.slowest();
            self.line("\n</details>");
        }
        self.warnings();
        self.facts();
        (self.text, self.left_out)
    }

    fn changes(&mut self, comparison: &Comparison) {
        let Some(base) = &comparison.base else {
            let why = comparison.why.first().map_or_else(String::new, |why| format!(": {}", code(why)));
            return self.line(&format!("\nNothing to compare with{why}"));
        };
        let counts: Vec<String> = counts_of(&comparison.changes)
            .into_iter()
            .map(|(verdict, number)| format!("{} {} {}", change_sign(verdict), thousands(number), verdict.word()))
            .collect();
        self.line(&format!("\n### Against {} of {}\n", code(base.run.as_str()), base.started.date()));
        self.line(&if counts.is_empty() { "no metric".to_owned() } else { counts.join(" · ") });
        if let Some((also, number)) = beside_all(comparison) {
            let marks = if number == 1 {
                "the red mark".to_owned()
            } else {
                format!("all {} red marks", thousands(number as u64))
            };
            self.line(&format!("\nBeside {marks}: {}", code_of(&line(also), SENTENCE)));
        }
        let notable = notable(&comparison.changes);
        self.sentences(comparison, &sums(&notable, &comparison.changes));
        let summed = self.sums(&notable, comparison);
        if !notable.is_empty() && (!summed || self.unfolds(notable.len(), "change")) {
            let shown = self.first(&notable, self.tier.rows, "change");
            let trends = Sparklines::of(comparison, shown);
            let rows: Vec<Vec<String>> = shown.iter().map(|change| row(change)).collect();
            let head = ["metric", "point", "base", "head", "change", "95% interval", "verdict"];
            let (head, rows) = without_empty_columns(&head, rows);
            self.table_with_trends(&head, rows, shown, &trends);
            if summed {
                self.line("\n</details>");
            }
        }
        self.verdict_changes(comparison);
        let (added, removed) = (comparison.added_cases.len() as u64, comparison.removed_cases.len() as u64);
        if added + removed > 0 {
            let common = count(comparison.common_cases, "case");
            self.line(&format!("\n{common} in both, {} new, {} gone", thousands(added), thousands(removed)));
        }
    }

    /// What those that moved have in common, unless the sums say as much, and why some are uncertain.
    fn sentences(&mut self, comparison: &Comparison, sums: &[MetricSum<'_>]) {
        let told: Vec<&String> =
            comparison.explanations.iter().filter(|sentence| !sums.iter().any(|sum| sum.says(sentence))).collect();
        let doubts = doubts(&comparison.changes);
        if told.len() + doubts.len() > 0 {
            self.line("");
        }
        for sentence in self.first(&told, self.tier.rows.min(10), "explanation") {
            self.line(&format!("- {}", code_of(&line(sentence), SENTENCE)));
        }
        for doubt in self.first(&doubts, self.tier.rows.min(5), "reason") {
            self.line(&format!("- ? {}", code_of(doubt, SENTENCE)));
        }
    }

    /// Cases whose verdict changed, folded where a sentence covers them.
    fn verdict_changes(&mut self, comparison: &Comparison) {
        let cases = &comparison.verdict_changes;
        if cases.is_empty() {
            return;
        }
        let explained = comparison.explanation(None).is_some();
        if explained && !self.tier.folded {
            return self.leave_out(cases.len(), "changed verdict");
        }
        if explained {
            let title = format!("{} whose verdict changed", count(cases.len() as u64, "case"));
            self.line(&format!("\n<details><summary>{title}</summary>"));
        }
        self.line("");
        for (case, before, now) in self.first(cases, self.tier.rows.min(20), "changed verdict") {
            self.line(&format!("- {}: {before} → {} {now}", code(case.as_str()), sign(*now)));
        }
        if explained {
            self.line("\n</details>");
        }
    }

    /// Shmoo plots in which something moved.
    fn moved(&mut self) {
        let diffs = self.report.plot_diffs.iter().enumerate();
        let diffs: Vec<_> = diffs.filter(|(_, diff)| diff.moved() != (0, 0)).collect();
        for (number, diff) in self.first(&diffs, self.tier.plots, "shmoo diff") {
            let mut drawn = Vec::new();
            plot_diff(diff, PlotOptions { width: 100, ascii: false }, &mut drawn)
                .expect("writing to memory does not fail");
            self.line(&format!("\n{}", fenced(String::from_utf8_lossy(&drawn).trim_end(), "text")));
            self.drawing("shmoo-diff", *number, &diff.title());
        }
    }

    /// Shows a drawing, if it is known where they are.
    fn drawing(&mut self, kind: &str, number: usize, title: &str) {
        self.drawing_file(kind, number, &file_name(kind, number, title));
    }

    /// Shows the drawing that a file has.
    pub(super) fn drawing_file(&mut self, kind: &str, number: usize, name: &str) {
        let Some(folder) = self.drawings else { return };
        let folder = folder.to_string();
        self.line(&format!("\n![{kind} {}]({}/{name})\n", number + 1, folder.trim_end_matches('/')));
    }

    fn unmoved_plots(&mut self) {
        let plots = &self.report.plots;
        let shown = self.first(plots, self.tier.plots, "shmoo plot");
        if shown.is_empty() {
            return;
        }
        self.line(&format!("\n<details><summary>{}</summary>\n", count(shown.len() as u64, "shmoo plot")));
        for (number, grid) in shown.iter().enumerate() {
            let mut drawn = Vec::new();
            plot(grid, PlotOptions { width: 100, ascii: false }, &mut drawn).expect("writing to memory does not fail");
            self.line(&format!("{}\n", fenced(String::from_utf8_lossy(&drawn).trim_end(), "text")));
            self.drawing("shmoo", number, &title(grid));
        }
        self.line("</details>");
    }

    fn about_the_comparison(&mut self) {
        let Some(comparison) = &self.report.comparison else { return };
        let others = &self.report.other_comparisons;
        let number = comparison.reds.len() + comparison.why.len() + comparison.notes.len() + others.len();
        if !self.tier.folded || number == 0 {
            self.leave_out(number, "line about the comparison");
            return;
        }
        self.line("\n<details><summary>about the comparison: why this base, what else changed</summary>");
        self.reds(comparison, beside_all(comparison).map(|(also, _)| also));
        self.line("");
        for why in self.first(&comparison.why, self.tier.rows, "reason") {
            self.line(&format!("- {}", code_of(&line(why), SENTENCE)));
        }
        for note in self.first(&comparison.notes, self.tier.rows, "note") {
            self.line(&format!("- also changed: {}", code_of(&line(note), SENTENCE)));
        }
        for other in others {
            self.line(&format!("- beside that, by {}", code_of(&other_line(other), SENTENCE)));
        }
        self.line("\n</details>");
    }
}

fn row(change: &Change) -> Vec<String> {
    let (base, head) = sides(change);
    let interval = change.figures.as_deref().and_then(|figures| interval(figures, change.unit.as_deref()));
    vec![
        cell(&change.metric),
        cell(change.point.as_str()),
        unbroken(&cell(&base)),
        unbroken(&cell(&head)),
        unbroken(&cell(&change_by(change))),
        interval.map(|interval| unbroken(&cell(&interval))).unwrap_or_default(),
        unbroken(&format!("{} {}", change_sign(change.verdict), change.verdict.word())),
    ]
}

/// Returns a table without the columns in which no row has anything.
fn without_empty_columns<'a>(head: &[&'a str], rows: Vec<Vec<String>>) -> (Vec<&'a str>, Vec<Vec<String>>) {
    let filled: Vec<bool> = (0..head.len()).map(|place| rows.iter().any(|row| !row[place].is_empty())).collect();
    let kept = |row: Vec<String>| row.into_iter().zip(&filled).filter(|(_, filled)| **filled).map(|(cell, _)| cell);
    let head = head.iter().zip(&filled).filter(|(_, filled)| **filled).map(|(title, _)| *title).collect();
    (head, rows.into_iter().map(|row| kept(row).collect()).collect())
}

/// Returns the interval of the effect, on the scale it was found on.
fn interval(figures: &Figures, unit: Option<&str>) -> Option<String> {
    let [low, high] = figures.interval?;
    let end = |value: f64| match figures.scale {
        Scale::Log => percent(value),
        Scale::Linear => short(&amount(&MeasuredValue::Number(value), unit), 40),
    };
    Some(format!("{} .. {}", end(low), end(high)))
}

fn footer(options: &CommentOptions) -> String {
    let links: Vec<String> = options.links.iter().map(|(word, address)| format!("[{word}]({address})")).collect();
    if links.is_empty() { String::new() } else { format!("{}\n", links.join(" · ")) }
}

#[cfg(test)]
pub(super) mod tests {
    use super::super::marker::{Marker, WebAddress};
    use super::*;
    use crate::report::{drawings, sample};

    pub(in crate::report::markdown) fn options(budget: usize) -> CommentOptions {
        let address = |text: &str| text.parse::<WebAddress>().unwrap();
        let links = vec![("run", address("https://github.example/lab/chip/actions/runs/1"))];
        CommentOptions { budget, marker: Marker::comment("temp-sense".parse().unwrap()), links, plots: None }
    }

    #[test]
    fn comments() {
        insta::assert_snapshot!("comment.md", comment(&sample::red(), &options(60_000)));
        insta::assert_snapshot!("comment-green.md", comment(&sample::green(), &options(60_000)));
    }

    #[test]
    fn what_broke_comes_before_what_changed() {
        let text = comment(&sample::red(), &options(60_000));
        let place = |part: &str| text.find(part).unwrap_or_else(|| panic!("{part} in {text}"));
        assert!(place("### What broke") < place("reproduce: ") && place("reproduce: ") < place("### Against"));
    }

    #[test]
    fn cases_that_a_sentence_covers_are_folded() {
        let mut report = sample::red();
        let title = "<details><summary>1 case whose verdict changed</summary>";
        assert!(!comment(&report, &options(60_000)).contains(title));
        let sentence = "passed before and not now at 12 of 54 cases, all with kind = shuffled";
        report.comparison.as_mut().unwrap().explanations.push(sentence.to_owned());
        let text = comment(&report, &options(60_000));
        assert!(text.contains(&format!("`{sentence}`")) && text.contains(title), "{text}");
    }

    #[test]
    fn what_is_beside_all_red_marks_stands_open() {
        let mut report = sample::red();
        assert!(!comment(&report, &options(60_000)).contains("Beside"));
        let comparison = report.comparison.as_mut().unwrap();
        let also = "also changed: ngspice 44 -> 45; nothing else";
        comparison.reds.iter_mut().for_each(|red| red.also = also.to_owned());
        let expected = format!("\nBeside all 2 red marks: `{also}`\n");
        // Where there is room for little, too.
        for tier in TIERS {
            let (text, _) = Page::new(&report, tier).section();
            let (open, folded) = text.split_once("<details>").unwrap_or((&text, ""));
            assert!(open.contains(&expected), "{text}");
            assert!(!folded.contains("also changed: ngspice"), "{text}");
        }
        report.comparison.as_mut().unwrap().reds.truncate(1);
        assert!(comment(&report, &options(60_000)).contains(&format!("\nBeside the red mark: `{also}`\n")));
    }

    #[test]
    fn a_column_without_a_value_is_left_out() {
        let mut report = sample::red();
        for change in &mut report.comparison.as_mut().unwrap().changes {
            if let Some(figures) = &mut change.figures {
                figures.interval = None;
            }
        }
        let text = comment(&report, &options(60_000));
        assert!(text.contains("| metric | point | base | head | change | verdict | trend |"), "{text}");
        assert!(comment(&sample::red(), &options(60_000)).contains("| 95% interval |"));
    }

    #[test]
    fn sums_are_not_said_twice() {
        let mut report = sample::many_compared(700);
        let comparison = report.comparison.as_mut().unwrap();
        let notable = notable(&comparison.changes);
        let sum = &sums(&notable, &comparison.changes)[0];
        let (metric, word, points) = (sum.metric.to_owned(), sum.verdict.word(), sum.points.clone());
        let bare = format!("{metric} {word} at {} points", points.replace(',', ""));
        let told = format!("{bare}, all with vdd <= 0.7 V");
        comparison.explanations = vec![bare.clone(), told.clone()];
        let text = comment(&report, &options(60_000));
        assert!(text.contains(&format!("`{told}`")) && !text.contains(&format!("`{bare}`")), "{text}");
    }

    #[test]
    fn drawings_are_shown_where_they_are_known_to_be() {
        let plots = Some("https://reports.example/42/".parse::<WebAddress>().unwrap());
        let text = comment(&sample::red(), &CommentOptions { plots, ..options(60_000) });
        let shown: Vec<&str> = text.lines().filter(|line| line.starts_with("![")).collect();
        assert_eq!(
            shown,
            [
                "![shmoo-diff 1](https://reports.example/42/shmoo-diff-1-freq-1e6-netlist-sch.svg)",
                "![shmoo-diff 2](https://reports.example/42/shmoo-diff-2-freq-1e6-netlist-pex.svg)",
                "![fit 1](https://reports.example/42/fit-scatter-1-pex-measured-against-predicted.svg)",
                "![shmoo 1](https://reports.example/42/shmoo-1-freq-1e6-netlist-sch.svg)",
                "![shmoo 2](https://reports.example/42/shmoo-2-freq-1e6-netlist-pex.svg)",
            ]
        );
        let mut files = Vec::new();
        drawings(&sample::red(), &mut |drawing| {
            files.push(drawing.name);
            Ok(())
        })
        .unwrap();
        let name = |line: &&str| line.rsplit('/').next().unwrap().trim_end_matches(')').to_owned();
        assert!(shown.iter().map(name).all(|name| files.contains(&name)), "{files:?}");
    }

    #[test]
    fn the_budget_is_kept_and_said() {
        let report = sample::many_compared(2000);
        let full = comment(&report, &options(1 << 20));
        assert!(full.len() < 60_000 && full.contains("not shown here: "), "{}", full.len());
        for budget in [60_000, 20_000, 8_000, 3_000, 1_000, 400] {
            let text = comment(&report, &options(budget));
            assert!(text.len() <= budget, "{} > {budget}", text.len());
            assert!(text.contains("not shown here") || text.contains("left out"), "{text}");
            assert!(options(0).marker.marks(&text) && text.contains("[run](https://"), "{text}");
        }
    }

    #[test]
    fn long_names_are_cut() {
        let text = comment(&sample::hostile(&"x".repeat(10_000)), &options(60_000));
        assert!(text.len() <= 60_000 && text.contains("…"), "{}", text.len());
        let words = |text: &str| text.split(|c: char| c != 'x').map(str::len).max();
        // The longest is the command to reproduce a failure, whose names are arguments.
        assert!(words(&text) <= Some(1000), "{:?}", words(&text));
    }

    #[test]
    fn hostile_text_is_inert() {
        let forged = "<!-- shmoo comment temp-sense -->";
        for text in sample::HOSTILE.into_iter().chain([forged, "\n<!-- shmoo comment temp-sense -->\n"]) {
            let written = comment(&sample::hostile(text), &options(1 << 20));
            let (marker, rest) = written.split_once('\n').unwrap();
            assert_eq!(marker, forged);
            let outside = super::super::tests::outside_code(rest);
            for bad in ["<script", "<img", "<!--", "@", "[x]", "#1", ":tada:", "**bold"] {
                assert!(!outside.contains(bad), "{bad} in {outside}");
            }
            let harmless = |c: char| c == '\n' || !c.is_control() && !crate::report::inert::is_unseen(c);
            assert!(written.replace("⚠\u{fe0f}", "").chars().all(harmless), "{written:?}");
        }
    }
}
