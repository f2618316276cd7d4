//! Lines `METRIC name value`, the form a deck or script of the user prints for us.
//!
//! All other lines are the tool's own. A METRIC line must hold one finite number: a simulator that
//! could not measure prints `METRIC freq_hz ` and exits 0.

use super::field::read_number;
use super::findings::{Findings, Unasked};
use super::report_text::ReportText;
use super::{Evidence, EvidenceError, Field, Input, NoValue};

pub(super) fn parse(input: &Input) -> Result<Evidence, EvidenceError> {
    let report = ReportText::read(input.bytes)?;
    let mut findings = Findings::default();
    for line in report.filled_lines() {
        let text = line.text.trim_start();
        let Some(rest) = text.strip_prefix("METRIC") else { continue };
        if !rest.is_empty() && !rest.starts_with([' ', '\t']) {
            continue;
        }
        let (name, value) = match rest.trim().split_once(char::is_whitespace) {
            Some((name, value)) => (name, value.trim()),
            None => (rest.trim(), ""),
        };
        if name.is_empty() {
            return Err(line.expected("`METRIC name value`"));
        }
        let value = if line.ended || value.is_empty() { read_number(value) } else { Err(NoValue::CutOff) };
        findings.add(name, value.map(Field::Number), line.quote());
    }
    if findings.is_empty() {
        return Err(EvidenceError::NothingFound {
            what: "`METRIC name value` line",
            hint: Some("with `-o LOG`, ngspice prints to LOG and not to its standard output"),
        });
    }
    findings.pick(input.fields, Unasked::Strict, "METRIC line")
}
