//! The text report of netgen.

use super::super::report_text::{ReportLine, ReportText};
use super::super::{EvidenceError, Quote};

const REPORT: &str = "a comparison report of netgen (the file named last on the command line)";

/// What the text says.
pub(super) struct TextReport<'t> {
    /// The compared cells, the top cell last.
    pub(super) cells: Vec<CellReport<'t>>,
    /// The line with the result.
    pub(super) result: ReportLine<'t>,
    pub(super) outcome: Outcome,
    /// Whether property errors are mentioned.
    pub(super) property_errors: bool,
    /// Lines that show two values of one property.
    pub(super) property_differences: usize,
    /// What decides, besides the result.
    pub(super) quotes: Vec<Quote>,
    flattened: Vec<&'t str>,
}

/// What the text says of one cell. "Reference" is the second netlist.
#[derive(Default)]
pub(super) struct CellReport<'t> {
    pub(super) name: &'t str,
    pub(super) devices: u64,
    pub(super) reference_devices: u64,
    pub(super) nets: u64,
    pub(super) reference_nets: u64,
    pub(super) unmatched_pins: usize,
    /// "Networks match locally but not globally": connections are swapped.
    pub(super) swapped: bool,
    seen: Seen,
}

/// The parts of a cell's report that were there.
#[derive(Default)]
struct Seen {
    devices: bool,
    nets: bool,
    pins: bool,
}

/// The result.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Outcome {
    Match,
    Mismatch,
}

enum Verdict {
    Match,
    Mismatch,
    NotChecked,
}

impl<'t> TextReport<'t> {
    pub(super) fn read(report: &'t ReportText) -> Result<TextReport<'t>, EvidenceError> {
        let mut cells: Vec<CellReport> = Vec::new();
        let mut quotes = Vec::new();
        let mut flattened = Vec::new();
        let mut result: Option<(ReportLine, Outcome)> = None;
        let (mut property_errors, mut property_differences) = (false, 0);
        let mut prefixed = false;
        let mut known = false;
        let mut in_pins = false;
        let mut first_quote = 0;
        for line in report.filled_lines() {
            let text = line.text.trim();
            if line.number == 1 && (text.starts_with(['[', '{']) || text.starts_with("Netgen ")) {
                return Err(line.another(REPORT));
            }
            if text == "Subcircuit summary:" {
                (known, in_pins, result) = (true, false, None);
                cells.push(CellReport::default());
                first_quote = quotes.len();
                continue;
            }
            if text == "Subcircuit pins:" {
                in_pins = true;
                continue;
            }
            if let Some(names) = text.strip_prefix("Flattening non-matched subcircuits") {
                flattened.extend(names.split_whitespace());
                // What was wrong with the cell decides nothing any more.
                quotes.truncate(first_quote);
                continue;
            }
            let lower = text.to_ascii_lowercase();
            if lower.contains("property error") {
                property_errors = true;
                quotes.push(line.quote());
                continue;
            }
            if text.contains("circuit1:") && text.contains("circuit2:") {
                property_differences += 1;
                quotes.push(line.quote());
                continue;
            }
            if let Some(cell) = cells.last_mut() {
                cell.read_line(line, &mut in_pins, &mut quotes)?;
            }

            // `Final result: ` and the result may stand on one line or on two.
            let (bare, begins) = match text.strip_prefix("Final result:").or_else(|| text.strip_prefix("Result:")) {
                Some(rest) => (rest.trim(), true),
                None => (text, false),
            };
            if begins && bare.is_empty() {
                prefixed = true;
                continue;
            }
            let prefixed = std::mem::take(&mut prefixed) || begins;
            match verdict(bare) {
                Some(Verdict::NotChecked) => {
                    return Err(EvidenceError::NothingChecked { found: format!("line {}: {bare}", line.number) });
                }
                // A cell below the top has one in the middle; the result comes after the pins.
                Some(Verdict::Match) if prefixed || cells.last().is_some_and(|cell| cell.seen.pins) => {
                    // `Subcell(s) failed matching.` may be followed by another line.
                    if !matches!(result, Some((_, Outcome::Mismatch))) {
                        result = Some((ReportLine { text: bare, ..line }, Outcome::Match));
                    }
                }
                Some(Verdict::Mismatch) => result = Some((ReportLine { text: bare, ..line }, Outcome::Mismatch)),
                // The beginning of a result that was cut, or of one that we do not know.
                None if prefixed => return Err(line.expected("a result of netgen, such as `Circuits match uniquely.`")),
                Some(Verdict::Match) | None => {}
            }
        }
        if !known && result.is_none() {
            return match report.filled_lines().next() {
                Some(line) => Err(line.another(REPORT)),
                None => Err(EvidenceError::Empty),
            };
        }
        let Some((result, outcome)) = result else {
            return Err(EvidenceError::CutOff { missing: "the result at its end" });
        };
        if let Some(cell) = cells.last().filter(|cell| !(cell.seen.devices && cell.seen.nets)) {
            return Err(EvidenceError::NothingChecked { found: format!("`{}` has no counts", cell.name) });
        }
        Ok(TextReport { cells, result, outcome, property_errors, property_differences, quotes, flattened })
    }

    /// Tells whether netgen replaced a cell by its contents after it did not match.
    pub(super) fn is_flattened(&self, cell: &str) -> bool {
        self.flattened.contains(&cell)
    }
}

impl<'t> CellReport<'t> {
    fn read_line(
        &mut self,
        line: ReportLine<'t>,
        in_pins: &mut bool,
        quotes: &mut Vec<Quote>,
    ) -> Result<(), EvidenceError> {
        let text = line.text.trim();
        let (left, right) = text.split_once('|').unwrap_or((text, ""));
        if let Some(name) = left.strip_prefix("Circuit 1:") {
            if self.name.is_empty() {
                self.name = name.trim();
            }
        } else if left.starts_with("Number of devices:") {
            (self.devices, self.reference_devices) = (count(left, line)?, count(right, line)?);
            self.seen.devices = true;
        } else if left.starts_with("Number of nets:") {
            (self.nets, self.reference_nets) = (count(left, line)?, count(right, line)?);
            self.seen.nets = true;
        } else if text.starts_with("Cell pin lists ") {
            (self.seen.pins, *in_pins) = (true, false);
            return Ok(());
        } else if text.starts_with("Networks match locally but not globally") {
            self.swapped = true;
            quotes.push(line.quote());
            return Ok(());
        } else if *in_pins && ["(no matching pin)", "**Mismatch**", "(no pin"].iter().any(|mark| text.contains(mark)) {
            self.unmatched_pins += 1;
        }
        if text.contains("**Mismatch**") || *in_pins && text.contains("(no ") && !text.contains("(no pins)") {
            quotes.push(Quote::new(Some(line.number), &text.split_whitespace().collect::<Vec<_>>().join(" ")));
        }
        Ok(())
    }
}

/// Reads `Number of nets: 6 **Mismatch**`.
fn count(text: &str, line: ReportLine) -> Result<u64, EvidenceError> {
    text.split_once(':')
        .and_then(|(_, rest)| rest.split_whitespace().next())
        .and_then(|word| word.parse().ok())
        .ok_or_else(|| line.expected("a count for both circuits"))
}

fn verdict(text: &str) -> Option<Verdict> {
    match text {
        "Circuits match uniquely." => Some(Verdict::Match),
        "Netlists do not match."
        | "Circuits do not match."
        | "Circuits match uniquely with port errors."
        | "Top level cell failed pin matching."
        | "Subcell(s) failed matching."
        | "Cells failed matching, or top level cell failed pin matching." => Some(Verdict::Mismatch),
        _ if text.starts_with("Circuits match with ")
            && (text.ends_with(" symmetry.") || text.ends_with(" symmetries.")) =>
        {
            Some(Verdict::Match)
        }
        _ if text.starts_with("Verify:") && text.ends_with("Not checked.") => Some(Verdict::NotChecked),
        _ => None,
    }
}
