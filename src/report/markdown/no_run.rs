//! An issue about a suite whose jobs ended without a run to report: there is nothing but how the jobs ended.

use super::code::{cell, code};
use super::comment::{cut, end};
use super::issue::{RedSince, TITLE};
use super::marker::CommentOptions;
use crate::report::inert::short;

/// Jobs that ended without results of a run.
#[derive(Debug, Clone, Copy)]
pub struct NoRun<'a> {
    /// The suite, or what else stands for it.
    pub suite: &'a str,
    /// The profile that was to be run.
    pub profile: Option<&'a str>,
    /// All jobs that are known of, with GitHub's words for how they ended.
    pub jobs: &'a [(&'a str, &'a str)],
    /// Those of them that did not do their work, at least one.
    pub red: &'a [(&'a str, &'a str)],
    /// Why a run that was begun cannot be reported.
    pub why: Option<&'a str>,
}

impl NoRun<'_> {
    /// Says which job ended how: `job plan failed`, `job plan failed, and 2 others`.
    fn sentence(&self, name: &dyn Fn(&str) -> String) -> String {
        let Some((job, result)) = self.red.first() else { return "no job says why".to_owned() };
        let ended = match *result {
            "failure" => "failed",
            "cancelled" => "was cancelled",
            "timed_out" => "ran into its time limit",
            "startup_failure" => "did not start",
            _ => "did not end well",
        };
        let others = match self.red.len() - 1 {
            0 => String::new(),
            1 => ", and 1 other".to_owned(),
            others => format!(", and {others} others"),
        };
        format!("job {} {ended}{others}", name(job))
    }
}

/// Returns the title of the issue of a suite that has no run to report.
pub fn no_run_title(news: &NoRun<'_>) -> String {
    let profile = news.profile.map(|profile| format!(" ({profile})")).unwrap_or_default();
    short(&format!("{}{profile}: no results: {}", news.suite, news.sentence(&str::to_owned)), TITLE)
}

/// Returns the text of the issue of a suite that has no run to report, within the budget.
pub fn no_run_issue(news: &NoRun<'_>, since: &RedSince, options: &CommentOptions) -> String {
    let mut text = since.begin_of_text(options, &format!("## ❌ no results: {}\n", news.sentence(&code)), true);
    text.push_str("\n| job | ended |\n|---|---|\n");
    for (job, result) in news.jobs {
        text.push_str(&format!("| {} | {} |\n", cell(job), cell(result)));
    }
    match news.why {
        Some(why) => text.push_str(&format!("\nThe results of the run cannot be read: {}\n", code(why))),
        None => text.push_str("\nThe jobs ended before there was a run.\n"),
    }
    let end = end(options, &Vec::new());
    if text.len() + end.len() <= options.budget { text + end.as_str() } else { cut(text, options) }
}

#[cfg(test)]
mod tests {
    use super::super::comment::tests::options as comment_options;
    use super::super::marker::Marker;
    use super::*;
    use crate::report::sample;
    use crate::value::Timestamp;

    fn options(budget: usize) -> CommentOptions {
        CommentOptions { marker: Marker::issue("temp-sense".parse().unwrap()), ..comment_options(budget) }
    }

    fn news<'a>(jobs: &'a [(&'a str, &'a str)], why: Option<&'a str>) -> NoRun<'a> {
        NoRun { suite: "temp-sense", profile: Some("nightly"), jobs, red: &jobs[..1], why }
    }

    #[test]
    fn a_suite_without_a_run() {
        let since = RedSince::begin("ci-17-1", "2026-01-31T02:30:00Z".parse::<Timestamp>().unwrap());
        let jobs = [("plan", "failure"), ("collect", "skipped")];
        let text = no_run_issue(&news(&jobs, None), &since, &options(60_000));
        insta::assert_snapshot!("issue-no-run.md", text);
        assert_eq!(RedSince::read(&text), Some(since.clone()));
        assert_eq!(no_run_title(&news(&jobs, None)), "temp-sense (nightly): no results: job plan failed");
        let text = no_run_issue(&news(&jobs, Some("no run `x` in <b> the history")), &since, &options(60_000));
        assert!(text.contains("cannot be read: ``no run `x` in <b> the history``\n"), "{text}");
        let both = NoRun { red: &jobs, ..news(&jobs, None) };
        assert!(no_run_title(&both).ends_with("job plan failed, and 1 other"));
    }

    #[test]
    fn the_budget_is_kept_and_names_are_inert() {
        let since = RedSince::begin("ci-17-1", Timestamp::from_milliseconds(0));
        let many: Vec<(String, &str)> = (0..2000).map(|number| (format!("job-{number}"), "failure")).collect();
        let many: Vec<(&str, &str)> = many.iter().map(|(name, result)| (name.as_str(), *result)).collect();
        for budget in [60_000, 1_000, 500] {
            let text = no_run_issue(&news(&many, None), &since, &options(budget));
            assert!(text.len() <= budget && options(0).marker.marks(&text), "{budget}: {text}");
        }
        for hostile in sample::HOSTILE {
            let text = no_run_issue(&news(&[(hostile, hostile)], Some(hostile)), &since, &options(60_000));
            let outside = super::super::tests::outside_code(text.splitn(3, '\n').last().unwrap());
            assert!(["<script", "<img", "<!--", "@", "[x]"].iter().all(|bad| !outside.contains(bad)), "{outside}");
        }
    }
}
