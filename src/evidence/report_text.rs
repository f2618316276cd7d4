//! The lines of a report, whatever its bytes.

use super::{EvidenceError, Quote};
use std::borrow::Cow;

/// A report as text. What is not UTF-8 becomes replacement characters: a tool may print a file name
/// in any encoding beside its measurements.
pub(super) struct ReportText<'a> {
    text: Cow<'a, str>,
}

/// One line of a report.
#[derive(Clone, Copy)]
pub(super) struct ReportLine<'t> {
    /// From 1, counting line feeds.
    pub(super) number: usize,
    /// Without its end and without trailing space.
    pub(super) text: &'t str,
    /// Whether its end is there; the last line of a report that was cut has none.
    pub(super) ended: bool,
}

impl<'a> ReportText<'a> {
    /// Reads bytes; an empty or blank report is an error.
    pub(super) fn read(bytes: &'a [u8]) -> Result<ReportText<'a>, EvidenceError> {
        let bytes = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes);
        let text = String::from_utf8_lossy(bytes);
        if text.trim().is_empty() {
            return Err(EvidenceError::Empty);
        }
        Ok(ReportText { text })
    }

    /// Returns the whole text.
    pub(super) fn text(&self) -> &str {
        &self.text
    }

    /// Returns the lines. A carriage return ends one too: progress counters overwrite themselves with
    /// it, and the result that follows would else be the end of a line of noise.
    pub(super) fn lines(&self) -> impl Iterator<Item = ReportLine<'_>> {
        self.text.split_inclusive('\n').enumerate().flat_map(|(index, line)| {
            line.split_inclusive('\r').filter(|piece| *piece != "\n").map(move |piece| ReportLine {
                number: index + 1,
                text: piece.trim_end(),
                ended: piece.ends_with(['\n', '\r']),
            })
        })
    }

    /// Returns the lines that are not blank.
    pub(super) fn filled_lines(&self) -> impl Iterator<Item = ReportLine<'_>> {
        self.lines().filter(|line| !line.text.is_empty())
    }
}

impl ReportLine<'_> {
    /// Returns an error that says what should be in this line.
    pub(super) fn expected(&self, expected: &'static str) -> EvidenceError {
        EvidenceError::Line { line: self.number, expected, found: Quote::new(None, self.text).text }
    }

    /// Returns an error that says what kind of report this should be.
    pub(super) fn another(&self, expected: &'static str) -> EvidenceError {
        EvidenceError::AnotherReport { expected, line: self.number, found: Quote::new(None, self.text).text }
    }

    /// Returns the line for people.
    pub(super) fn quote(&self) -> Quote {
        Quote::new(Some(self.number), self.text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(bytes: &[u8], expected: &str) {
        let shown = match ReportText::read(bytes) {
            Ok(report) => report
                .lines()
                .map(|line| format!("{}{}{}", line.number, line.text, if line.ended { "" } else { "~" }))
                .collect::<Vec<_>>()
                .join("|"),
            Err(error) => error.to_string(),
        };
        assert_eq!(shown, expected);
    }

    #[test]
    fn lines_end_as_tools_end_them() {
        check(b"a\nb\n", "1a|2b");
        check(b"a\nb", "1a|2b~");
        check(b"a \r\n\r\nb\r\n", "1a|2|3b");
        check(b"1%\r2%\rdone\n", "11%|12%|1done");
        check(b"1%\rdo", "11%|1do~");
        check(b"\xEF\xBB\xBFa\n", "1a");
        check(b"\xff\n", "1\u{fffd}");
        check(b"", "the report is empty");
        check(b" \r\n\n", "the report is empty");
    }
}
