//! Measurements as ngspice prints them:
//!
//! ```text
//! t1                  =   2.80012e-10
//! vmax                =  1.932679e+00 at=  1.896400e-09
//! delay               =  7.354337e-10 targ=  2.235434e-09 trig=  1.500000e-09
//! b                   =   failed
//!  meas tran t2 when v(out)=5 rise=4 failed!
//! ```
//!
//! The third form of failure comes on standard error for a plain deck, which is why `stderr` is read
//! beside `stdout`. Names are in small letters, whatever the deck says.

use super::field::read_number;
use super::findings::{Findings, Unasked};
use super::report_text::{ReportLine, ReportText};
use super::{Evidence, EvidenceError, Field, Input, NoValue};

pub(super) fn parse(input: &Input) -> Result<Evidence, EvidenceError> {
    let report = ReportText::read(input.bytes)?;
    let mut findings = Findings::default();
    for line in report.filled_lines() {
        read_line(line, &mut findings);
    }
    for (_, bytes) in input.companions {
        // An empty companion is the good case.
        let Ok(companion) = ReportText::read(bytes) else { continue };
        for line in companion.filled_lines() {
            if let Some(name) = failed_command(line.text) {
                findings.add(&name, Err(NoValue::Failed), line.quote());
            }
        }
    }
    if findings.is_empty() {
        return Err(EvidenceError::NothingFound {
            what: "measurement (`name = value`)",
            hint: Some("with `-o LOG`, ngspice prints to LOG and not to its standard output"),
        });
    }
    let asked: Vec<(String, String)> =
        input.fields.iter().map(|(field, name)| (field.clone(), name.to_ascii_lowercase())).collect();
    findings.pick(&asked, Unasked::Lenient, "measurement")
}

fn read_line(line: ReportLine, findings: &mut Findings) {
    if let Some(name) = failed_command(line.text) {
        findings.add(&name, Err(NoValue::Failed), line.quote());
        return;
    }
    let Some((name, rest)) = line.text.split_once('=') else { return };
    let name = name.trim();
    if name.is_empty() || name.contains(char::is_whitespace) {
        return;
    }
    let name = name.to_ascii_lowercase();
    let mut words = rest.split_whitespace();
    let Some(word) = words.next() else { return };
    if word == "failed" {
        findings.add(&name, Err(NoValue::Failed), line.quote());
        return;
    }
    // `Stack = 0 bytes.` is no measurement; what follows one are pairs such as `from= 1e-9`.
    if !are_pairs(words) {
        return;
    }
    match read_number(word) {
        Err(NoValue::NotANumber) => {}
        _ if !line.ended => findings.add(&name, Err(NoValue::CutOff), line.quote()),
        value => findings.add(&name, value.map(Field::Number), line.quote()),
    }
}

fn are_pairs<'t>(mut words: impl Iterator<Item = &'t str>) -> bool {
    while let Some(word) = words.next() {
        let value = match word.split_once('=') {
            Some((key, "")) if !key.is_empty() => words.next(),
            Some((key, value)) if !key.is_empty() => Some(value),
            _ => return false,
        };
        if value.is_none_or(|value| value.parse::<f64>().is_err()) {
            return false;
        }
    }
    true
}

/// Returns the name in ` .meas tran NAME when v(out)=5 rise=1 failed!`.
fn failed_command(text: &str) -> Option<String> {
    let command = text.trim().strip_suffix("failed!")?;
    let mut words = command.split_whitespace();
    let word = words.next()?.trim_start_matches('.').to_ascii_lowercase();
    if word != "meas" && word != "measure" {
        return None;
    }
    words.nth(1).map(str::to_ascii_lowercase)
}
