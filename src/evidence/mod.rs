//! The reports of tools, read into fields: the positive evidence that a verdict rests on.
//!
//! In: the bytes of one report, of the file beside it where a tool writes one, and the fields the
//! suite asks for. Out: `Evidence` or an `EvidenceError`. The split decides the verdict:
//!
//! - `Err`: the report shows nothing (empty, cut off, from another tool, nothing was checked, a
//!   field that was asked for is not there). The task is an *error*, never a pass.
//! - an `Expectation` of the parser that does not hold (violations, a netlist mismatch): *fail*.
//! - else the suite's own `expect`s decide.
//!
//! Exit statuses are no part of this: magic and netgen exit 0 with a missing technology or netlist,
//! ngspice exits 1 after a run that measured everything.
//!
//! To add a parser: (1) put real reports, good and broken, under `tests/fixtures/evidence/NAME/`
//! and say in `scripts/fixtures-evidence.sh` how they are made, (2) write `src/evidence/NAME.rs`,
//! (3) add the variant to `Parser`, (4) add its cases to `tests.rs`.
//!
//! Invariant: nothing here does input or output, and no bytes make it panic.

mod bencher;
mod benchmarks;
mod csv_column;
mod error;
mod field;
mod file_facts;
mod findings;
mod google_benchmark;
mod hyperfine;
mod iree_run;
mod json_document;
mod json_pointer;
mod key_value;
mod magic_drc;
mod metric_lines;
mod netgen;
mod ngspice;
mod parser;
mod regex_match;
mod report_text;
#[cfg(test)]
mod tests;

pub use error::{EvidenceError, NoValue};
pub use field::Field;
pub use parser::{Companion, Parser};

/// What a parser reads.
#[derive(Debug, Clone, Copy)]
pub struct Input<'a> {
    /// The bytes of the file or stream; empty for `exit`.
    pub bytes: &'a [u8],
    /// The companions that exist (see `Parser::companions`): name and bytes.
    pub companions: &'a [(&'a str, &'a [u8])],
    /// The fields the suite asks for: name and where it is, in the order of the suite.
    pub fields: &'a [(String, String)],
}

/// What a report says.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Evidence {
    /// The values, in the order of the report or of the suite's `fields`; names are unique.
    pub fields: Vec<(String, Field)>,
    /// What the report names without giving a usable value, so that a metric that needs it can say why.
    pub missing: Vec<Missing>,
    /// What the parser itself demands; one that does not hold makes the task fail.
    pub expectations: Vec<Expectation>,
    /// The lines that decide, for people.
    pub quotes: Vec<Quote>,
}

/// A name that the report mentions without a usable value.
#[derive(Debug, Clone, PartialEq)]
pub struct Missing {
    /// The field that is not there.
    pub field: String,
    /// Why.
    pub why: NoValue,
    /// The line that says so.
    pub quote: Quote,
}

/// A demand of the parser on what it read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Expectation {
    /// The field it is about.
    pub field: String,
    /// Whether it holds.
    pub holds: bool,
    /// What was found, in a few words: `2 violations, expected 0`.
    pub message: String,
}

/// A piece of the report to show to people.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Quote {
    /// The line in the report, from 1.
    pub line: Option<usize>,
    /// The text, without trailing space and not longer than `Quote::LONGEST` bytes.
    pub text: String,
}

impl Evidence {
    /// Returns a field by name.
    pub fn field(&self, name: &str) -> Option<&Field> {
        self.fields.iter().find(|(known, _)| known == name).map(|(_, field)| field)
    }

    /// Tells why a field is not there, if the report mentions it.
    pub fn why_missing(&self, name: &str) -> Option<&Missing> {
        self.missing.iter().find(|missing| missing.field == name)
    }

    /// Returns the demands of the parser that do not hold: any makes the task fail.
    pub fn unmet(&self) -> impl Iterator<Item = &Expectation> {
        self.expectations.iter().filter(|expectation| !expectation.holds)
    }

    /// Returns the fields with several samples of one quantity (repetitions inside one process).
    pub fn samples(&self) -> impl Iterator<Item = (&str, &[f64])> {
        self.fields.iter().filter_map(|(name, field)| match field {
            Field::List(values) => Some((name.as_str(), values.as_slice())),
            Field::Number(_) | Field::Text(_) | Field::Bool(_) => None,
        })
    }

    fn put(&mut self, name: &str, field: impl Into<Field>) {
        self.fields.push((name.to_owned(), field.into()));
    }

    fn expect(&mut self, field: &str, holds: bool, message: impl Into<String>) {
        self.expectations.push(Expectation { field: field.to_owned(), holds, message: message.into() });
    }

    fn quote(&mut self, line: usize, text: &str) {
        self.quotes.push(Quote::new(Some(line), text));
    }
}

impl Quote {
    /// No quote is longer, in bytes: a tool may print a whole tensor on one line.
    pub const LONGEST: usize = 400;

    fn new(line: Option<usize>, text: &str) -> Quote {
        let text = text.trim_end();
        if text.len() <= Quote::LONGEST {
            return Quote { line, text: text.to_owned() };
        }
        let end = (0..=Quote::LONGEST - "...".len()).rev().find(|&end| text.is_char_boundary(end)).unwrap_or(0);
        Quote { line, text: format!("{}...", &text[..end]) }
    }
}

/// Reads a report.
///
/// # Errors
/// When the report cannot be taken as evidence: the task's verdict is *error*.
pub fn parse(parser: Parser, input: &Input) -> Result<Evidence, EvidenceError> {
    parser.check_fields(input.fields)?;
    match parser {
        Parser::MagicDrc => magic_drc::parse(input),
        Parser::Netgen => netgen::parse(input),
        Parser::NgspiceMeas => ngspice::parse(input),
        Parser::MetricLines => metric_lines::parse(input),
        Parser::Json => json_pointer::parse(input),
        Parser::Csv => csv_column::parse(input),
        Parser::Regex => regex_match::parse(input),
        Parser::KeyValue => key_value::parse(input),
        Parser::Size => file_facts::size(input),
        Parser::Digest => file_facts::digest(input),
        Parser::GoogleBenchmark => google_benchmark::parse(input),
        Parser::Hyperfine => hyperfine::parse(input),
        Parser::Bencher => bencher::parse(input),
        Parser::IreeRun => iree_run::parse(input),
        Parser::Exit => Ok(Evidence::default()),
    }
}
