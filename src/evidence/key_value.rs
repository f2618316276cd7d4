//! Lines `key=value` or `key: value` among others.
//!
//! A key is one word of letters, digits, `_`, `-`, `.`; other lines are the tool's own and not read.
//! The first of `=` and `:` in a line separates.

use super::findings::{Findings, Unasked};
use super::report_text::ReportText;
use super::{Evidence, EvidenceError, Field, Input, NoValue};

pub(super) fn parse(input: &Input) -> Result<Evidence, EvidenceError> {
    let report = ReportText::read(input.bytes)?;
    let mut findings = Findings::default();
    for line in report.filled_lines() {
        let Some(at) = line.text.find(['=', ':']) else { continue };
        let (key, value) = (line.text[..at].trim(), line.text[at + 1..].trim());
        if !is_key(key) {
            continue;
        }
        let value = if line.ended || value.is_empty() { Field::read(value) } else { Err(NoValue::CutOff) };
        findings.add(key, value, line.quote());
    }
    if findings.is_empty() {
        return Err(EvidenceError::NothingFound { what: "`key=value` or `key: value` line", hint: None });
    }
    findings.pick(input.fields, Unasked::Lenient, "key")
}

fn is_key(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.'))
}
