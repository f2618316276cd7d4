//! One comment for all suites of a pull request: what came of each in a line, then a section for each. What
//! passed is folded, and is the first to be made smaller.

use super::code::{code, element};
use super::comment::{TIERS, comment, cut, end};
use super::inert_sentence;
use super::marker::CommentOptions;
use super::page::{LeftOut, Page};
use crate::report::Report;
use crate::report::figure::count;
use crate::report::headline::{Tone, headline};
use std::collections::BTreeSet;

/// Places in the tiers of comments: of suites that want a look, and of those that passed.
const STEPS: [(usize, usize); 6] = [(0, 0), (0, 2), (1, 3), (2, 4), (3, 4), (4, 4)];

/// Returns the reports as one comment, in the largest form that fits the budget. A single report is a
/// comment as ever.
pub fn comment_on_several(reports: &[Report], options: &CommentOptions) -> String {
    if let [report] = reports {
        return comment(report, options);
    }
    let head = format!("{}\n{}", options.marker, overview(reports));
    let ordered = by_need(reports);
    let mut sections = Vec::new();
    for step in STEPS {
        sections = ordered.iter().map(|report| section(report, step)).collect();
        if let Some(text) = within(options, &head, &sections, sections.len()) {
            return text;
        }
    }
    // Nothing but lines, and the smallest sections of the first suites that there is room for.
    let fewer = (0..sections.len()).rev().find_map(|shown| within(options, &head, &sections, shown));
    fewer.unwrap_or_else(|| cut(head, options))
}

/// What a comment says of a suite, and what there was no room for.
type Section = (String, LeftOut);

/// Returns the comment with the first of the sections, if it fits the budget.
fn within(options: &CommentOptions, head: &str, sections: &[Section], shown: usize) -> Option<String> {
    let mut left_out = LeftOut::new();
    if shown < sections.len() {
        left_out.push(("suite section", (sections.len() - shown) as u64));
    }
    for (noun, number) in sections[..shown].iter().flat_map(|(_, left_out)| left_out) {
        match left_out.iter_mut().find(|(other, _)| other == noun) {
            Some((_, sum)) => *sum += number,
            None => left_out.push((noun, *number)),
        }
    }
    let texts: String = sections[..shown].iter().map(|(text, _)| text.as_str()).collect();
    let text = format!("{head}{texts}{}", end(options, &left_out));
    (text.len() <= options.budget).then_some(text)
}

/// Returns the reports that want a look before those that do not.
fn by_need(reports: &[Report]) -> Vec<&Report> {
    let mut ordered: Vec<&Report> = reports.iter().collect();
    ordered.sort_by_key(|report| match headline(report).tone {
        Tone::Bad => 0,
        Tone::Doubtful => 1,
        Tone::Good => 2,
    });
    ordered
}

fn section(report: &Report, (wanting, passed): (usize, usize)) -> Section {
    let tone = headline(report).tone;
    if tone == Tone::Good {
        let (text, left_out) = Page::new(report, TIERS[passed]).section();
        let name = element(report.run.suite.as_str());
        return (format!("\n<details><summary>✅ {name}</summary>\n\n{text}\n</details>\n"), left_out);
    }
    let (text, left_out) = Page::new(report, TIERS[wanting]).section();
    // Its heading, with its name.
    let heading = format!("## {} ", tone.sign());
    let rest = text.strip_prefix(&heading).unwrap_or(&text);
    (format!("\n{heading}{}: {rest}", code(report.run.suite.as_str())), left_out)
}

/// Tells whether reports are of the same suite, so that its name does not tell them apart.
fn share_a_suite(reports: &[Report]) -> bool {
    let names: BTreeSet<&str> = reports.iter().map(|report| report.run.suite.as_str()).collect();
    names.len() < reports.len()
}

/// Returns the verdict over all, and a line for each suite.
fn overview(reports: &[Report]) -> String {
    let having = |tone| reports.iter().filter(|report| headline(report).tone == tone).count();
    let (noun, number) = (if share_a_suite(reports) { "run" } else { "suite" }, reports.len());
    let suites = count(number as u64, noun);
    let all = if number == 2 { format!("both {noun}s") } else { format!("all {suites}") };
    let look = match having(Tone::Doubtful) {
        0 => String::new(),
        1 => ", 1 wants a look".to_owned(),
        several => format!(", {several} want a look"),
    };
    let heading = match having(Tone::Bad) {
        0 if reports.is_empty() => "⚠️ no suite was run".to_owned(),
        0 if look.is_empty() => format!("✅ {all} passed"),
        0 => format!("⚠️ {all} passed{look}"),
        1 => format!("❌ 1 of {suites} is red{look}"),
        red => format!("❌ {red} of {suites} are red{look}"),
    };
    let mut text = format!("## {heading}\n\n");
    for report in by_need(reports) {
        let headline = headline(report);
        let profile = report.run.profile.as_deref();
        let profile = profile.map(|profile| format!(", profile {}", code(profile))).unwrap_or_default();
        let run = if noun == "run" { format!(", run {}", code(report.run.id.as_str())) } else { String::new() };
        let (sign, name) = (headline.tone.sign(), code(report.run.suite.as_str()));
        text.push_str(&format!(
            "- {sign} {name}{profile}{run}: {}: {}\n",
            headline.word,
            inert_sentence(&headline.sentence)
        ));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::super::comment::tests::options;
    use super::super::tests::outside_code;
    use super::*;
    use crate::report::sample;
    use crate::value::{RunId, SuiteName};

    fn named(name: &str, mut report: Report) -> Report {
        report.run.suite = SuiteName::new(name);
        report
    }

    #[test]
    fn several_suites() {
        let reports = [named("calm", sample::green()), named("temp-sense", sample::red())];
        let text = comment_on_several(&reports, &options(60_000));
        // The sections are those of comments, which have snapshots of their own.
        let own: Vec<&str> = text
            .lines()
            .filter(|line| line.starts_with("<!--") || line.starts_with("## ") || line.contains("`: "))
            .collect();
        insta::assert_snapshot!("comment-several.md", own[..5].join("\n"));
        let (red, green) =
            (text.find("check\\_drc failed").unwrap(), text.find("<summary>✅ <code>calm</code>").unwrap());
        assert!(red < green, "what is red comes first");
        assert_eq!(comment_on_several(&reports[..1], &options(60_000)), comment(&reports[0], &options(60_000)));
    }

    #[test]
    fn runs_of_one_suite_are_told_apart() {
        let mut reports = [sample::green(), sample::green()];
        reports[1].run.id = RunId::new("another");
        let text = comment_on_several(&reports, &options(60_000));
        assert!(text.contains("## ✅ both runs passed"), "{text}");
        assert!(text.contains("`, run `another`: passed"), "{text}");
        let reports = [named("one", sample::green()), named("two", sample::green())];
        assert!(comment_on_several(&reports, &options(60_000)).contains("## ✅ both suites passed"));
    }

    #[test]
    fn the_budget_is_kept_and_said() {
        let reports: Vec<Report> =
            (0..12).map(|number| named(&format!("s{number}"), sample::many_compared(500))).collect();
        for budget in [200_000, 60_000, 20_000, 8_000, 3_000, 1_000] {
            let text = comment_on_several(&reports, &options(budget));
            assert!(text.len() <= budget, "{} > {budget}", text.len());
            assert!(options(0).marker.marks(&text) && text.contains("[run](https://"), "{text}");
            assert!(text.contains("not shown here") || text.contains("left out"), "{text}");
            // Every suite is named as long as there is room for a line each.
            assert!(budget < 3_000 || (0..12).all(|number| text.contains(&format!("`s{number}`"))), "{text}");
        }
        let text = comment_on_several(&reports, &options(5_000));
        assert!(text.contains("suite sections"), "{text}");
    }

    #[test]
    fn hostile_text_is_inert() {
        for text in sample::HOSTILE {
            let mut passed = named(text, sample::green());
            passed.run.profile = Some(text.to_owned());
            let written = comment_on_several(&[sample::hostile(text), passed], &options(1 << 20));
            let outside = outside_code(written.split_once('\n').unwrap().1);
            for bad in ["<script", "<img", "<!--", "@", "[x]", "#1", ":tada:", "**bold"] {
                assert!(!outside.contains(bad), "{bad} in {outside}");
            }
        }
    }
}
