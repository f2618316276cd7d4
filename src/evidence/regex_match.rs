//! Fields by regular expression with one group. `^` and `$` match at lines.
//!
//! One match gives one value, several numbers a list, several equal values one value. A pattern
//! knows nothing of the format: it cannot tell that a report was cut off.

use super::report_text::ReportText;
use super::{Evidence, EvidenceError, Field, Input, NoValue, Parser, Quote};
use regex::{Regex, RegexBuilder};

/// Compiles a pattern, when the suite is loaded and when it is used.
pub(super) fn check(field: &str, pattern: &str) -> Result<Regex, EvidenceError> {
    let regex = RegexBuilder::new(pattern)
        .multi_line(true)
        .build()
        .map_err(|err| EvidenceError::Pattern { field: field.to_owned(), err: Box::new(err) })?;
    // `captures_len` counts the whole match too.
    if regex.captures_len() != 2 {
        return Err(EvidenceError::Location {
            parser: Parser::Regex,
            field: field.to_owned(),
            location: pattern.to_owned(),
            expected: "a pattern with one group, such as `size: (\\d+)`",
        });
    }
    Ok(regex)
}

pub(super) fn parse(input: &Input) -> Result<Evidence, EvidenceError> {
    let report = ReportText::read(input.bytes)?;
    // CRLF would keep `$` from matching at the ends of lines.
    let text = report.text().replace("\r\n", "\n");
    let mut evidence = Evidence::default();
    for (field, pattern) in input.fields {
        let regex = check(field, pattern)?;
        let mut values = Vec::new();
        let mut first = Quote { line: None, text: String::new() };
        for captures in regex.captures_iter(&text) {
            let whole = captures.get_match();
            let quote = || Quote::new(Some(line_of(&text, whole.start())), whole.as_str());
            let value = match captures.get(1) {
                Some(group) => Field::read(group.as_str()),
                None => Err(NoValue::Empty),
            };
            if values.is_empty() {
                first = quote();
            }
            let value = value.map_err(|why| EvidenceError::NoValue { field: field.clone(), why, quote: quote() })?;
            values.push(value);
        }
        if values.is_empty() {
            return Err(EvidenceError::NotThere {
                field: field.clone(),
                location: format!("match of `{pattern}`"),
                hint: None,
            });
        }
        let other = values.iter().find(|value| **value != values[0]).map(Field::to_string);
        let value = Field::join(values).ok_or_else(|| EvidenceError::NoValue {
            field: field.clone(),
            why: NoValue::TwoValues(other.unwrap_or_default()),
            quote: first.clone(),
        })?;
        evidence.quotes.push(first);
        evidence.fields.push((field.clone(), value));
    }
    Ok(evidence)
}

fn line_of(text: &str, at: usize) -> usize {
    text.as_bytes()[..at].iter().filter(|byte| **byte == b'\n').count() + 1
}
