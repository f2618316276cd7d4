//! Design rule reports of magic, in the form OpenFASOC's scripts write them:
//!
//! ```text
//! ring count: 2
//! ----------------------------------------
//! metal1 width < 0.23um (M1.1)
//! ----------------------------------------
//!  0.460um 1.500um 0.510um 1.530um
//! ----------------------------------------
//! cell area: 54.0144 um2
//! end of report
//! ```
//!
//! The last two lines are ours (`device count: N` may stand beside the area). Without them a
//! report cannot show that it is whole, nor that there was a layout: with a missing technology file
//! magic loads an empty cell, finds 0 violations in it and exits 0. So a report without the trailer
//! has `trailer: false`, and `fields: { trailer: required }` makes it an error.
//!
//! The count is of error areas, the boxes are listed for each rule: one area may be listed several
//! times, so the two numbers differ, but they are zero together.

use super::report_text::{ReportLine, ReportText};
use super::{Evidence, EvidenceError, Input, Quote};

/// magic shows an empty cell as a box of one grid unit (10 nm by 10 nm is 0.0001 um2), so an area is
/// no proof of a layout unless it is above any such unit and below any real cell.
const SMALLEST_CELL_UM2: f64 = 0.001;

/// Rules that are shown to people; a broken layer can violate hundreds.
const MOST_QUOTED_RULES: usize = 10;

const REPORT: &str = "a design rule report of magic (`CELL count: N` first)";
const TRAILER: &str = "the trailer (`cell area: N um2`, `end of report`)";

/// Checks an entry of `fields`.
pub(super) fn check(name: &str, location: &str) -> Result<(), &'static str> {
    match (name, location) {
        ("trailer", "required" | "optional") => Ok(()),
        ("trailer", _) => Err("`required` or `optional`"),
        _ => rule_part(location).map(drop).ok_or("`boxes[PART OF A RULE]`, such as `boxes[M1.1]`"),
    }
}

fn rule_part(location: &str) -> Option<&str> {
    location.strip_prefix("boxes[")?.strip_suffix(']').filter(|part| !part.trim().is_empty())
}

struct Rule<'t> {
    line: ReportLine<'t>,
    boxes: usize,
}

#[derive(Default)]
struct Trailer {
    area: Option<(usize, f64)>,
    devices: Option<(usize, u64)>,
    ended: bool,
}

enum State {
    BeforeRule,
    AfterRule,
    InBoxes,
}

pub(super) fn parse(input: &Input) -> Result<Evidence, EvidenceError> {
    let report = ReportText::read(input.bytes)?;
    let mut lines = report.filled_lines();
    let first = lines.next().ok_or(EvidenceError::Empty)?;
    let (cell, count) = read_count(first)?;
    let separator = lines.next().ok_or(EvidenceError::CutOff { missing: "the line after the count" })?;
    if !is_separator(separator.text) {
        return Err(separator.expected("a line of dashes"));
    }

    let mut rules: Vec<Rule> = Vec::new();
    let mut trailer = Trailer::default();
    let mut state = State::BeforeRule;
    for line in lines {
        if trailer.ended {
            return Err(line.expected("nothing after `end of report`"));
        }
        match state {
            State::BeforeRule if trailer.read(line)? => {}
            State::BeforeRule if is_separator(line.text) => return Err(line.expected("the text of a rule")),
            State::BeforeRule if trailer.begun() => return Err(line.expected("`end of report`")),
            State::BeforeRule => {
                rules.push(Rule { line, boxes: 0 });
                state = State::AfterRule;
            }
            State::AfterRule if is_separator(line.text) => state = State::InBoxes,
            State::AfterRule => return Err(line.expected("a line of dashes")),
            State::InBoxes if is_separator(line.text) => state = State::BeforeRule,
            State::InBoxes if is_box(line.text) => {
                if let Some(rule) = rules.last_mut() {
                    rule.boxes += 1;
                }
            }
            State::InBoxes => return Err(line.expected("a box of four coordinates, or a line of dashes")),
        }
    }
    match state {
        State::BeforeRule => {}
        State::AfterRule | State::InBoxes => {
            return Err(EvidenceError::CutOff { missing: "the end of the list of boxes" });
        }
    }
    let required = input.fields.iter().any(|(name, location)| name == "trailer" && location == "required");
    trailer.check(required)?;

    let boxes = rules.iter().map(|rule| rule.boxes).sum::<usize>();
    if (count == 0) != (boxes == 0) {
        return Err(EvidenceError::Contradiction { found: format!("the count is {count}, {boxes} boxes are listed") });
    }

    let mut evidence = Evidence::default();
    evidence.put("violations", count);
    evidence.put("boxes", boxes);
    evidence.put("rules", rules.len());
    evidence.put("cell", cell);
    evidence.put("trailer", trailer.ended);
    if let Some((_, area)) = trailer.area {
        evidence.put("area", area);
    }
    if let Some((_, devices)) = trailer.devices {
        evidence.put("devices", devices);
    }
    for (name, location) in input.fields {
        if let Some(part) = rule_part(location) {
            let listed =
                rules.iter().filter(|rule| rule.line.text.contains(part)).map(|rule| rule.boxes).sum::<usize>();
            evidence.fields.retain(|(known, _)| known != name);
            evidence.put(name, listed);
        }
    }
    let noun = if count == 1 { "violation" } else { "violations" };
    let of = match rules.len() {
        0 => String::new(),
        1 => " of 1 rule".to_owned(),
        number => format!(" of {number} rules"),
    };
    evidence.expect("violations", count == 0, format!("{count} {noun}{of}, expected 0"));
    evidence.quotes.push(first.quote());
    for Rule { line, boxes } in rules.iter().take(MOST_QUOTED_RULES) {
        evidence.quotes.push(Quote::new(Some(line.number), &format!("{} ({boxes} boxes)", line.text.trim())));
    }
    Ok(evidence)
}

/// Reads `CELL count: N`. A blank count is what a script writes whose variable was empty: nobody
/// counted.
fn read_count(line: ReportLine) -> Result<(String, u64), EvidenceError> {
    let (cell, count) = line.text.rsplit_once("count:").ok_or_else(|| line.another(REPORT))?;
    let (cell, count) = (cell.trim(), count.trim());
    if cell.is_empty() {
        return Err(line.expected("the cell's name before `count:`"));
    }
    let digits = Some(count).filter(|count| count.bytes().all(|byte| byte.is_ascii_digit()));
    let count = digits
        .and_then(|digits| digits.parse().ok())
        .ok_or_else(|| line.expected("a number of violations, 0 or more, after `count:`"))?;
    // Without its end, `count: 1` may be the beginning of `count: 12`.
    if !line.ended {
        return Err(EvidenceError::CutOff { missing: "the line after the count" });
    }
    Ok((cell.to_owned(), count))
}

impl Trailer {
    fn begun(&self) -> bool {
        self.area.is_some() || self.devices.is_some()
    }

    fn read(&mut self, line: ReportLine) -> Result<bool, EvidenceError> {
        if line.text == "end of report" {
            self.ended = true;
        } else if let Some(area) = line.text.strip_prefix("cell area:") {
            let area = area.strip_suffix("um2").map(str::trim).and_then(|area| area.parse::<f64>().ok());
            let area = area.filter(|area| area.is_finite()).ok_or_else(|| line.expected("`cell area: N um2`"))?;
            self.area = Some((line.number, area));
        } else if let Some(devices) = line.text.strip_prefix("device count:") {
            let devices = devices.trim().parse().map_err(|_| line.expected("`device count: N`"))?;
            if !line.ended {
                return Err(EvidenceError::CutOff { missing: "`end of report`" });
            }
            self.devices = Some((line.number, devices));
        } else {
            return Ok(false);
        }
        Ok(true)
    }

    fn check(&self, required: bool) -> Result<(), EvidenceError> {
        if self.begun() && !self.ended {
            return Err(EvidenceError::CutOff { missing: "`end of report`" });
        }
        if required && !(self.begun() && self.ended) {
            return Err(EvidenceError::CutOff { missing: TRAILER });
        }
        if let Some((line, area)) = self.area.filter(|&(_, area)| area < SMALLEST_CELL_UM2) {
            return Err(EvidenceError::NothingChecked {
                found: format!("line {line} says the cell's area is {area} um2, so the layout is empty"),
            });
        }
        if let Some((line, _)) = self.devices.filter(|&(_, devices)| devices == 0) {
            return Err(EvidenceError::NothingChecked { found: format!("line {line} says the layout has no devices") });
        }
        Ok(())
    }
}

fn is_separator(text: &str) -> bool {
    let text = text.trim();
    text.len() >= 3 && text.bytes().all(|byte| byte == b'-')
}

fn is_box(text: &str) -> bool {
    let mut words = text.split_whitespace();
    let is_length = |word: &str| word.strip_suffix("um").unwrap_or(word).parse::<f64>().is_ok_and(f64::is_finite);
    words.by_ref().take(4).filter(|word| is_length(word)).count() == 4 && words.next().is_none()
}
