//! The report as a comment on a pull request: verdict first, then what changed, then what broke; the
//! rest folded. Smaller tiers say what they leave out.

use super::code::{cell, code, code_of, fenced};
use super::{Page, SENTENCE, Tier, head_line};
use crate::compare::{Change, Comparison, Figures, Scale};
use crate::ledger::MeasuredValue;
use crate::report::Report;
use crate::report::diff::plot_diff;
use crate::report::figure::{amount, count, percent, thousands};
use crate::report::headline::{change_sign, sign};
use crate::report::inert::{line, short};
use crate::report::others::other_line;
use crate::report::plot::{PlotOptions, plot};
use crate::report::selection::{change_by, counts_of, notable, sides};
use std::fmt;
use std::str::FromStr;

/// What a comment is about, besides the report.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CommentOptions {
    /// Bytes that the text may have. GitHub takes 65,536 characters.
    pub budget: usize,
    /// What tells this comment from others of the same author.
    pub key: CommentKey,
    /// Where more is: a word and an address each.
    pub links: Vec<(&'static str, WebAddress)>,
}

/// Names a comment that is kept up to date, in a line that nobody sees.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CommentKey(String);

/// Characters of a key.
const KEY: usize = 100;

impl CommentKey {
    /// Returns the first line of the comment.
    fn marker(&self) -> String {
        format!("<!-- shmoo comment {} -->", self.0)
    }

    /// Tells whether a text begins as the comment with this key does. A marker further down is somebody's quote.
    pub fn marks(&self, body: &str) -> bool {
        body.lines().next().is_some_and(|first| first.trim_end() == self.marker())
    }
}

impl fmt::Display for CommentKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl FromStr for CommentKey {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<CommentKey, &'static str> {
        let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
        // `--` would end what nobody sees.
        if text.is_empty() || text.len() > KEY || !text.chars().all(plain) || text.contains("--") {
            return Err("a key has 1 to 100 letters, digits, `.`, `_` and single `-`");
        }
        Ok(CommentKey(text.to_owned()))
    }
}

/// An address that can stand in a link without meaning anything else.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WebAddress(String);

impl fmt::Display for WebAddress {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl FromStr for WebAddress {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<WebAddress, &'static str> {
        let rest = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"));
        // What an address may have (RFC 3986) without brackets and quotes, which markdown reads.
        let allowed = |c: char| c.is_ascii_alphanumeric() || "-._~:/?#@!$&*+,;=%".contains(c);
        match rest {
            Some(rest) if !rest.is_empty() && text.len() <= 2000 && rest.chars().all(allowed) => {
                Ok(WebAddress(text.to_owned()))
            }
            _ => Err("an address begins with https:// and has no spaces, quotes or brackets"),
        }
    }
}

/// From what is good to read down to next to nothing.
const TIERS: [Tier; 5] = [
    Tier { rows: 40, quotes: 5, plots: 6, folded: true },
    Tier { rows: 20, quotes: 3, plots: 3, folded: true },
    Tier { rows: 10, quotes: 2, plots: 1, folded: true },
    Tier { rows: 5, quotes: 1, plots: 0, folded: false },
    Tier { rows: 1, quotes: 0, plots: 0, folded: false },
];

/// Returns the report as a comment, in the largest tier that fits the budget.
pub fn comment(report: &Report, options: &CommentOptions) -> String {
    for tier in TIERS {
        let text = Page::new(report, tier).comment(options);
        if text.len() <= options.budget {
            return text;
        }
    }
    let mut text = format!("{}\n{}", options.key.marker(), head_line(report));
    let end = format!("\n{}left out: all else, which does not fit here\n", footer(options));
    let mut room = text.len().min(options.budget.saturating_sub(end.len()));
    while !text.is_char_boundary(room) {
        room -= 1;
    }
    text.truncate(room);
    text + end.as_str()
}

impl Page<'_> {
    fn comment(mut self, options: &CommentOptions) -> String {
        self.text = format!("{}\n{}", options.key.marker(), head_line(self.report));
        if let Some(comparison) = &self.report.comparison {
            self.changes(comparison);
            self.moved();
        }
        self.buckets();
        self.known_failures();
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
        let footer = footer(options);
        if !footer.is_empty() {
            self.text.push('\n');
            self.text.push_str(&footer);
        }
        if !self.left_out.is_empty() {
            let parts: Vec<String> = self.left_out.iter().map(|(noun, number)| count(*number, noun)).collect();
            self.text.push_str(&format!("\n<sub>not shown here: {}</sub>\n", parts.join(", ")));
        }
        self.text
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
        let notable = notable(&comparison.changes);
        let summed = self.sums(&notable, comparison);
        if !notable.is_empty() && (!summed || self.unfolds(notable.len(), "change")) {
            let rows: Vec<Vec<String>> =
                self.first(&notable, self.tier.rows, "change").iter().map(|change| row(change)).collect();
            self.table(&["metric", "point", "base", "head", "change", "95% interval", "verdict"], rows);
            if summed {
                self.line("\n</details>");
            }
        }
        if !comparison.explanations.is_empty() {
            self.line("");
        }
        for sentence in self.first(&comparison.explanations, self.tier.rows.min(10), "explanation") {
            self.line(&format!("- {}", code_of(&line(sentence), SENTENCE)));
        }
        if !comparison.verdict_changes.is_empty() {
            self.line("");
        }
        for (case, before, now) in self.first(&comparison.verdict_changes, self.tier.rows.min(20), "changed verdict") {
            self.line(&format!("- {}: {before} → {} {now}", code(case.as_str()), sign(*now)));
        }
        let (added, removed) = (comparison.added_cases.len() as u64, comparison.removed_cases.len() as u64);
        if added + removed > 0 {
            let common = count(comparison.common_cases, "case");
            self.line(&format!("\n{common} in both, {} new, {} gone", thousands(added), thousands(removed)));
        }
    }

    /// Shmoo plots in which something moved.
    fn moved(&mut self) {
        let diffs: Vec<_> = self.report.plot_diffs.iter().filter(|diff| diff.moved() != (0, 0)).collect();
        for diff in self.first(&diffs, self.tier.plots, "shmoo diff") {
            let mut drawn = Vec::new();
            plot_diff(diff, PlotOptions { width: 100, ascii: false }, &mut drawn)
                .expect("writing to memory does not fail");
            self.line(&format!("\n{}", fenced(String::from_utf8_lossy(&drawn).trim_end(), "text")));
        }
    }

    fn unmoved_plots(&mut self) {
        let plots = &self.report.plots;
        let shown = self.first(plots, self.tier.plots, "shmoo plot");
        if shown.is_empty() {
            return;
        }
        self.line(&format!("\n<details><summary>{}</summary>\n", count(shown.len() as u64, "shmoo plot")));
        for grid in shown {
            let mut drawn = Vec::new();
            plot(grid, PlotOptions { width: 100, ascii: false }, &mut drawn).expect("writing to memory does not fail");
            self.line(&format!("{}\n", fenced(String::from_utf8_lossy(&drawn).trim_end(), "text")));
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
        self.reds(comparison);
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
        cell(&base),
        cell(&head),
        cell(&change_by(change)),
        interval.map(|interval| cell(&interval)).unwrap_or_default(),
        format!("{} {}", change_sign(change.verdict), change.verdict.word()),
    ]
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
mod tests {
    use super::*;
    use crate::report::sample;

    fn options(budget: usize) -> CommentOptions {
        let address = |text: &str| text.parse::<WebAddress>().unwrap();
        let links = vec![("run", address("https://github.example/lab/chip/actions/runs/1"))];
        CommentOptions { budget, key: "temp-sense".parse().unwrap(), links }
    }

    #[test]
    fn comments() {
        insta::assert_snapshot!("comment.md", comment(&sample::red(), &options(60_000)));
        insta::assert_snapshot!("comment-green.md", comment(&sample::green(), &options(60_000)));
    }

    #[test]
    fn keys_and_addresses() {
        for text in ["temp-sense", "a.b_C-1"] {
            assert_eq!(text.parse::<CommentKey>().unwrap().to_string(), text);
        }
        for text in ["", "a b", "a -->", "a--b", "ä", &"x".repeat(101)] {
            assert!(text.parse::<CommentKey>().is_err(), "{text}");
        }
        for text in ["https://a.example/b?c=d#e", "http://127.0.0.1:80/x"] {
            assert_eq!(text.parse::<WebAddress>().unwrap().to_string(), text);
        }
        for text in ["", "https://", "javascript:alert(1)", "https://a)[x", "https://a b", "https://a\"", "https://ä"]
        {
            assert!(text.parse::<WebAddress>().is_err(), "{text}");
        }
    }

    #[test]
    fn a_marker_counts_in_the_first_line_only() {
        let key: CommentKey = "a".parse().unwrap();
        let text = comment(&sample::green(), &CommentOptions { key: key.clone(), ..options(60_000) });
        assert!(key.marks(&text) && key.marks(&text.replace('\n', "\r\n")));
        assert!(!key.marks(&format!("> quoted\n{text}")) && !key.marks(&format!("x {text}")) && !key.marks(""));
        let longer: CommentKey = "a-b".parse().unwrap();
        assert!(!longer.marks(&text));
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
            assert!(options(0).key.marks(&text) && text.contains("[run](https://"), "{text}");
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
