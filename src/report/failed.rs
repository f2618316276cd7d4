//! What kept a command from its work, for a job that has no run to report: annotations, and a job summary.
//!
//! In: the errors that were told. Out: marks where there is something to mend, and markdown. Texts of tools and files
//! may stand in an error: they are made harmless here.

use super::annotations::{Finding, Mark, MarkLevel, marks_of};
use super::inert::{block, clip};
use super::markdown::code::{code, fenced};

/// Errors that the summary shows.
const SHOWN: usize = 20;
/// Characters of one of them.
const LONGEST: usize = 4_000;

/// An error that somebody was told.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ToldError {
    /// What went wrong; the causes each on a line of their own.
    pub message: String,
    /// What to do about it.
    pub hint: Option<String>,
    /// The file that is wrong, relative to the repository; none if it lies outside or none is.
    pub file: Option<String>,
    /// The line to mend, from 1.
    pub line: Option<u32>,
}

/// What became of a command.
#[derive(Debug, Clone, Copy)]
pub struct Failed<'a> {
    /// What was called: `shmoo sweep`.
    pub title: &'a str,
    /// What it came to: `exit code 2: usage, or a bad input file`.
    pub outcome: &'a str,
    /// What was told, the first first.
    pub errors: &'a [ToldError],
}

/// Returns the marks of a command without a report: one for each error, ten at most, the last of which counts the
/// rest; at least one.
pub fn failed_marks(failed: &Failed<'_>) -> Vec<Mark> {
    let Failed { title, outcome, errors } = *failed;
    if errors.is_empty() {
        return marks_of(MarkLevel::Error, vec![Finding::new(title, outcome)], "");
    }
    let finding = |error: &ToldError| {
        let hint = error.hint.as_ref().map(|hint| format!("\nhint: {hint}")).unwrap_or_default();
        let message = format!("{}{hint}\n{outcome}", error.message);
        Finding { file: error.file.clone(), line: error.line, ..Finding::new(title, message) }
    };
    marks_of(MarkLevel::Error, errors.iter().map(finding).collect(), "the log of the step has them")
}

/// Returns the section of a job summary for a command without a report.
pub fn failed_summary(failed: &Failed<'_>) -> String {
    let Failed { title, outcome, errors } = *failed;
    let mut text = format!("## ❌ {}: {outcome}\n", code(title));
    for error in errors.iter().take(SHOWN) {
        if let Some(file) = &error.file {
            let line = error.line.map(|line| format!(":{line}")).unwrap_or_default();
            text.push_str(&format!("\n{}\n", code(&format!("{file}{line}"))));
        }
        let hint = error.hint.as_ref().map(|hint| format!("\nhint: {hint}")).unwrap_or_default();
        let told = format!("{}{hint}", error.message);
        text.push_str(&format!("\n{}\n", fenced(clip(block(&told).trim(), LONGEST).as_ref(), "text")));
    }
    if errors.len() > SHOWN {
        text.push_str(&format!("\nand {} more: the log of the step has them\n", errors.len() - SHOWN));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::sample;
    use crate::report::write_marks;

    const OUTCOME: &str = "exit code 2: usage, or a bad input file";

    fn failed(errors: &[ToldError]) -> Failed<'_> {
        Failed { title: "shmoo sweep", outcome: OUTCOME, errors }
    }

    fn written(errors: &[ToldError]) -> String {
        let mut out = Vec::new();
        write_marks(&failed_marks(&failed(errors)), &mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    fn wrong(line: u32) -> ToldError {
        ToldError {
            message: "`stages` is no map\ncaused by: 3".to_owned(),
            hint: Some("write `stages: {}`".to_owned()),
            file: Some("ci/suite.yaml".to_owned()),
            line: Some(line),
        }
    }

    #[test]
    fn an_error_has_its_place() {
        assert_eq!(
            written(&[wrong(3)]),
            "::error file=ci/suite.yaml,line=3,title=shmoo sweep::`stages` is no map%0Acaused by: 3%0A\
             hint: write `stages: {}`%0Aexit code 2: usage, or a bad input file\n"
        );
        assert_eq!(written(&[]), format!("::error title=shmoo sweep::{OUTCOME}\n"));
        let no_place = ToldError { message: "no bucket".to_owned(), ..ToldError::default() };
        assert_eq!(written(&[no_place]), format!("::error title=shmoo sweep::no bucket%0A{OUTCOME}\n"));
        assert_eq!(
            failed_summary(&failed(&[wrong(3)])),
            "## ❌ `shmoo sweep`: exit code 2: usage, or a bad input file\n\n`ci/suite.yaml:3`\n\n\
             ```text\n`stages` is no map\ncaused by: 3\nhint: write `stages: {}`\n```\n"
        );
    }

    #[test]
    fn the_first_ten_are_told() {
        let many: Vec<ToldError> = (1..=30).map(wrong).collect();
        let told = written(&many);
        assert_eq!(told.lines().count(), 10);
        assert!(
            told.ends_with("::error file=ci/suite.yaml,title=and 21 more::the log of the step has them\n"),
            "{told}"
        );
        assert!(failed_summary(&failed(&many)).ends_with("\nand 10 more: the log of the step has them\n"));
    }

    #[test]
    fn hostile_text_starts_no_command_and_ends_no_block() {
        for hostile in sample::HOSTILE.into_iter().chain(["a\n::add-mask::b\r\n::error::c", "```\n<img src=x>"]) {
            let text = Some(hostile.to_owned());
            let error = ToldError { message: hostile.to_owned(), hint: text.clone(), file: text, line: Some(1) };
            let errors = [error];
            let told = written(&errors);
            assert_eq!(told.lines().count(), 1, "{told}");
            assert!(told.starts_with("::error file=") && !told.contains('\r'), "{told}");
            let properties = told.trim_start_matches("::error ").split("::").next().unwrap();
            assert_eq!(properties.split(',').count(), 3, "{told}");
            let summary = failed_summary(&failed(&errors));
            let outside = crate::report::markdown::tests::outside_code(&summary);
            assert!(["<script", "<img", "<!--", "@"].iter().all(|bad| !outside.contains(bad)), "{outside}");
        }
    }
}
