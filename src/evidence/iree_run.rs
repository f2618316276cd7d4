//! What `iree-run-module` prints about the comparison with expected outputs.
//!
//! Its exit status is 1 for a mismatch and for a missing driver, file or function alike; only the
//! line `[FAILED] ...` says that values were compared. A run without expected outputs prints neither
//! line: nothing was compared.

use super::report_text::ReportText;
use super::{Evidence, EvidenceError, Input};

const MOST_QUOTED_MISMATCHES: usize = 8;

pub(super) fn parse(input: &Input) -> Result<Evidence, EvidenceError> {
    let report = ReportText::read(input.bytes)?;
    let mut evidence = Evidence::default();
    let (mut successes, mut mismatches) = (0_usize, 0_usize);
    for line in report.filled_lines() {
        let (success, mismatch) = (line.text.starts_with("[SUCCESS]"), line.text.starts_with("[FAILED]"));
        if !success && !mismatch {
            continue;
        }
        if !line.ended {
            return Err(EvidenceError::CutOff { missing: "the end of the line with the result" });
        }
        successes += usize::from(success);
        mismatches += usize::from(mismatch);
        if evidence.quotes.len() < MOST_QUOTED_MISMATCHES {
            evidence.quote(line.number, line.text);
        }
    }
    if successes + mismatches == 0 {
        return Err(EvidenceError::NothingFound {
            what: "result ([SUCCESS] or [FAILED])",
            hint: Some("the module did not run, or no --expected_output was given; look at its standard error"),
        });
    }
    let message = match mismatches {
        0 => "all outputs are as expected".to_owned(),
        1 => "1 mismatch".to_owned(),
        mismatches => format!("{mismatches} mismatches"),
    };
    evidence.put("matched", mismatches == 0);
    evidence.put("mismatches", mismatches);
    evidence.expect("matched", mismatches == 0, message);
    Ok(evidence)
}
