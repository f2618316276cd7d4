//! Layout against schematic reports of netgen: the text report, and the JSON beside it that `-json`
//! writes.
//!
//! Version 1.5.133 ends the report with the bare result, newer ones with `Final result: ...`. Neither
//! the exit status (always 0) nor the word "failed" nor the last line decides alone:
//!
//! - `Circuits match uniquely.` also stands in the middle of a hierarchical report, once for a cell
//!   that is not the top: a report that is cut there would pass. Only the result after the pins of the
//!   last cell counts.
//! - It stands at the end too when devices have wrong sizes (`property errors`) and, in 1.5.133, when
//!   pins of the top cell are missing or swapped (`(no matching pin)`, `**Mismatch**`).
//! - A cell below the top may mismatch if netgen then flattened it: what counts is the cell above.
//! - Two empty cells are "not checked".

mod json;
mod text;

use super::report_text::ReportText;
use super::{Evidence, EvidenceError, Input, Quote};
use json::ComparedCell;
use text::{CellReport, Outcome, TextReport};

const MOST_QUOTES: usize = 16;

pub(super) fn parse(input: &Input) -> Result<Evidence, EvidenceError> {
    let report = ReportText::read(input.bytes)?;
    let text = TextReport::read(&report)?;
    let cells = match input.companions.first() {
        Some((_, bytes)) => Some(json::read(bytes)?),
        None => None,
    };
    let Some(top) = text.cells.last() else {
        return Err(EvidenceError::CutOff { missing: "the summary of the top cell" });
    };
    for devices in [top.devices, top.reference_devices] {
        if devices == 0 {
            return Err(EvidenceError::NothingChecked { found: format!("`{}` has no devices", top.name) });
        }
    }
    if let Some(cells) = &cells {
        belongs_together(top, cells)?;
    }

    let mut evidence = Evidence::default();
    let matches = matches!(text.outcome, Outcome::Match) && !top.swapped;
    evidence.put("match", matches);
    evidence.put("result", text.result.text);
    evidence.put("devices", top.devices);
    evidence.put("nets", top.nets);
    evidence.put("reference_devices", top.reference_devices);
    evidence.put("reference_nets", top.reference_nets);
    let in_json = cells.as_deref().map_or(0, |cells| cells.iter().map(|cell| cell.properties).sum());
    let property_errors = in_json.max(text.property_differences).max(usize::from(text.property_errors));
    evidence.put("property_errors", property_errors);
    evidence.put("unmatched_pins", top.unmatched_pins);
    if let Some(cells) = &cells {
        let counted = |count: fn(&ComparedCell) -> usize| -> usize {
            let (last, below) = match cells.split_last() {
                Some((last, below)) => (count(last), below),
                None => (0, &[][..]),
            };
            last + below.iter().filter(|cell| !text.is_flattened(&cell.name)).map(count).sum::<usize>()
        };
        evidence.put("bad_nets", counted(|cell| cell.bad_nets));
        evidence.put("bad_devices", counted(|cell| cell.bad_devices));
    }

    let result = if top.swapped { "networks match locally but not globally" } else { text.result.text };
    evidence.expect("match", matches, result);
    let mut equal = |field: &str, noun: &str, layout: u64, reference: u64| {
        evidence.expect(field, layout == reference, format!("{layout} {noun} against {reference}"));
    };
    equal("devices", "devices", top.devices, top.reference_devices);
    equal("nets", "nets", top.nets, top.reference_nets);
    for (field, noun) in [
        ("property_errors", "property errors"),
        ("unmatched_pins", "unmatched pins"),
        ("bad_nets", "groups of mismatched nets"),
        ("bad_devices", "groups of mismatched devices"),
    ] {
        if let Some(count) = evidence.field(field).and_then(super::Field::number) {
            evidence.expect(field, count == 0.0, format!("{count} {noun}, expected 0"));
        }
    }
    evidence.quotes.extend(text.quotes.iter().take(MOST_QUOTES).cloned());
    evidence.quotes.push(Quote::new(Some(text.result.number), text.result.text));
    Ok(evidence)
}

/// With a missing netlist netgen writes nothing, so that the JSON of an earlier run stays.
fn belongs_together(top: &CellReport, cells: &[ComparedCell]) -> Result<(), EvidenceError> {
    let Some(last) = cells.last() else {
        return Err(EvidenceError::NothingChecked { found: "the JSON lists no cells".to_owned() });
    };
    // The text report cuts long names to the width of its columns.
    if !last.name.starts_with(top.name) || last.nets != [top.nets, top.reference_nets] {
        return Err(EvidenceError::Contradiction {
            found: format!(
                "the report ends with `{}` ({} and {} nets), the JSON with `{}` ({} and {} nets)",
                top.name, top.nets, top.reference_nets, last.name, last.nets[0], last.nets[1]
            ),
        });
    }
    if last.devices.contains(&0) {
        return Err(EvidenceError::NothingChecked { found: format!("`{}` has no devices in the JSON", last.name) });
    }
    Ok(())
}
