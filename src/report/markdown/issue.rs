//! The report as an issue that is open while a suite is red: since when it is, then what a comment says. The
//! second line, which nobody sees, remembers since when.

use super::code::code;
use super::comment::{TIERS, cut, end};
use super::head_line;
use super::marker::CommentOptions;
use super::page::Page;
use crate::report::Report;
use crate::report::figure::count;
use crate::report::headline::{Tone, headline};
use crate::report::inert::short;
use crate::value::Timestamp;

/// Characters of a title; GitHub takes 256.
pub(super) const TITLE: usize = 200;

/// Since when a suite is red.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RedSince {
    /// The first red run.
    run: String,
    /// The day it started, `2026-01-31`.
    date: String,
    /// How many runs were red in a row.
    runs: u64,
    /// The last of them.
    last: String,
}

impl RedSince {
    /// Returns what is so with the first red run.
    pub fn begin(run: &str, started: Timestamp) -> RedSince {
        let run = plain(run);
        RedSince { date: started.date().to_string(), runs: 1, last: run.clone(), run }
    }

    /// Reads it from the text of an issue of ours.
    pub fn read(body: &str) -> Option<RedSince> {
        let line = body.lines().nth(1)?.trim().strip_prefix("<!-- red since ")?.strip_suffix(" -->")?;
        let [run, date, runs, last] = <[&str; 4]>::try_from(line.split(' ').collect::<Vec<_>>()).ok()?;
        let own = |text: &str| (!text.is_empty() && text == plain(text)).then(|| text.to_owned());
        Some(RedSince { run: own(run)?, date: own(date)?, runs: runs.parse().ok()?, last: own(last)? })
    }

    /// Counts one more red run; the same run again is no other.
    #[must_use]
    pub fn and(self, run: &str) -> RedSince {
        let last = plain(run);
        let more = u64::from(last != self.last);
        RedSince { runs: self.runs.saturating_add(more), last, ..self }
    }

    fn line(&self) -> String {
        let RedSince { run, date, runs, last } = self;
        format!("<!-- red since {run} {date} {runs} {last} -->")
    }

    /// Returns how the text of an issue begins: what nobody sees, the heading, since when.
    pub(super) fn begin_of_text(&self, options: &CommentOptions, head: &str, red: bool) -> String {
        format!("{}\n{}\n{head}\n{}\n", options.marker, self.line(), self.sentence(red))
    }

    fn sentence(&self, red: bool) -> String {
        let RedSince { run, date, runs, last: _ } = self;
        let (run, many) = (code(run), count(*runs, "run"));
        match (red, runs) {
            (true, 1) => format!("Red since {run} of {date}. The next run that is green closes this issue."),
            (true, _) => {
                format!("Red since {run} of {date}, {many} in a row. The next run that is green closes this issue.")
            }
            (false, _) => format!("Green again. It was red from {run} of {date} on, for {many}."),
        }
    }
}

/// Returns a name with nothing in it that could end a line or a hidden text.
fn plain(text: &str) -> String {
    text.chars().filter(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.')).take(TITLE).collect()
}

/// Returns the title of the issue of a suite.
pub fn issue_title(report: &Report) -> String {
    let headline = headline(report);
    let profile = report.run.profile.as_ref().map(|profile| format!(" ({profile})")).unwrap_or_default();
    short(&format!("{}{profile}: {}: {}", report.run.suite, headline.word, headline.sentence), TITLE)
}

/// Says what becomes of a green run where no issue is open.
pub fn nothing_to_track(report: &Report) -> String {
    format!("{} is green: without an open issue nothing is written, and one that is open is closed\n", report.run.suite)
}

/// Returns the report as the text of an issue, in the largest tier that fits the budget.
pub fn issue(report: &Report, since: &RedSince, options: &CommentOptions) -> String {
    let head = head_line(report);
    let begin = since.begin_of_text(options, &head, headline(report).tone == Tone::Bad);
    for tier in TIERS {
        let (section, left_out) = Page::new(report, tier).section();
        let text = format!("{begin}{}{}", &section[head.len()..], end(options, &left_out));
        if text.len() <= options.budget {
            return text;
        }
    }
    cut(begin, options)
}

#[cfg(test)]
mod tests {
    use super::super::comment::tests::options as comment_options;
    use super::super::marker::Marker;
    use super::*;
    use crate::report::sample;
    use crate::value::RunId;

    fn options(budget: usize) -> CommentOptions {
        CommentOptions { marker: Marker::issue("temp-sense".parse().unwrap()), ..comment_options(budget) }
    }

    fn begin(report: &Report) -> RedSince {
        RedSince::begin(report.run.id.as_str(), report.run.started)
    }

    fn top(text: &str) -> String {
        text.lines().take(10).collect::<Vec<_>>().join("\n")
    }

    #[test]
    fn issues() {
        let (red, green) = (sample::red(), sample::green());
        let since = begin(&red);
        insta::assert_snapshot!("issue-red.md", top(&issue(&red, &since, &options(60_000))));
        insta::assert_snapshot!("issue-green.md", top(&issue(&green, &since, &options(60_000))));
        assert_eq!(
            issue_title(&red),
            "temp-sense: incomplete: 9 of 12 cases did not pass: check_drc failed at inv5, and 3 other kinds of failure"
        );
    }

    #[test]
    fn a_green_run_without_an_issue_was_never_red() {
        let told = nothing_to_track(&sample::green());
        assert_eq!(
            told,
            "temp-sense is green: without an open issue nothing is written, and one that is open is closed\n"
        );
    }

    #[test]
    fn it_remembers_since_when() {
        let mut report = sample::red();
        let since = begin(&report);
        let text = issue(&report, &since, &options(60_000));
        assert_eq!(RedSince::read(&text), Some(since.clone()));
        assert_eq!(RedSince::read(&text.replace('\n', "\r\n")), Some(since.clone()));
        assert_eq!(since.clone().and(report.run.id.as_str()), since, "a run counts once");
        report.run.id = RunId::new("another");
        let two = since.and("another");
        let text = issue(&report, &two, &options(60_000));
        assert!(text.contains("2 runs in a row") && RedSince::read(&text) == Some(two), "{text}");
        for broken in [
            "",
            "<!-- x -->",
            "x\n<!-- red since a b c d -->",
            "x\n<!-- red since a b 1 -->",
            "x\n<!-- red since <a> b 1 c -->",
        ] {
            assert_eq!(RedSince::read(broken), None, "{broken}");
        }
    }

    #[test]
    fn the_budget_is_kept_and_names_are_inert() {
        let report = sample::many_compared(2000);
        let since = begin(&report);
        for budget in [60_000, 8_000, 1_000, 500] {
            let text = issue(&report, &since, &options(budget));
            assert!(
                text.len() <= budget && options(0).marker.marks(&text) && RedSince::read(&text).is_some(),
                "{text}"
            );
        }
        for hostile in sample::HOSTILE {
            let report = sample::hostile(hostile);
            let text = issue(&report, &begin(&report), &options(1 << 20));
            let rest = text.splitn(3, '\n').last().unwrap();
            let outside = super::super::tests::outside_code(rest);
            assert!(["<script", "<img", "<!--", "@", "[x]"].iter().all(|bad| !outside.contains(bad)), "{outside}");
            assert!(issue_title(&report).chars().count() <= TITLE && !issue_title(&report).contains('\n'));
        }
    }
}
