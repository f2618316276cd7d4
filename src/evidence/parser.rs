//! The parsers by name, and what a suite may ask of each.

use super::benchmarks::Place;
use super::{EvidenceError, csv_column, json_pointer, magic_drc, regex_match};
use crate::value::is_identifier;
use std::fmt;

/// A parser, as the suite names it: `{ magic_drc: drc.rpt }`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Parser {
    /// Design rule report of magic.
    MagicDrc,
    /// Layout against schematic report of netgen.
    Netgen,
    /// Measurements printed by ngspice.
    NgspiceMeas,
    /// `METRIC name value` lines.
    MetricLines,
    /// Any JSON document, by JSON pointer.
    Json,
    /// A table, by column.
    Csv,
    /// Any text, by regular expression.
    Regex,
    /// `key=value` and `key: value` lines.
    KeyValue,
    /// The size of a file.
    Size,
    /// The SHA-256 of a file.
    Digest,
    /// JSON of google-benchmark, `iree-benchmark-module` too.
    GoogleBenchmark,
    /// JSON of hyperfine.
    Hyperfine,
    /// Bencher Metric Format.
    Bencher,
    /// What `iree-run-module` prints.
    IreeRun,
    /// The exit status alone.
    Exit,
}

/// A file beside the report that its parser reads too.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Companion {
    /// Its path as the report's is given, or `stderr`.
    pub file: String,
    /// Whether the report is no evidence without it.
    pub required: bool,
}

impl Parser {
    /// All parsers, in the order of the documents.
    pub const ALL: [Parser; 15] = [
        Parser::MagicDrc,
        Parser::Netgen,
        Parser::NgspiceMeas,
        Parser::MetricLines,
        Parser::Json,
        Parser::Csv,
        Parser::Regex,
        Parser::KeyValue,
        Parser::Size,
        Parser::Digest,
        Parser::GoogleBenchmark,
        Parser::Hyperfine,
        Parser::Bencher,
        Parser::IreeRun,
        Parser::Exit,
    ];

    /// Returns the parser of a name.
    pub fn from_name(name: &str) -> Option<Parser> {
        Parser::ALL.into_iter().find(|parser| parser.name() == name)
    }

    /// Returns the name used in suites.
    pub fn name(self) -> &'static str {
        match self {
            Parser::MagicDrc => "magic_drc",
            Parser::Netgen => "netgen",
            Parser::NgspiceMeas => "ngspice_meas",
            Parser::MetricLines => "metric_lines",
            Parser::Json => "json",
            Parser::Csv => "csv",
            Parser::Regex => "regex",
            Parser::KeyValue => "key_value",
            Parser::Size => "size",
            Parser::Digest => "digest",
            Parser::GoogleBenchmark => "google_benchmark",
            Parser::Hyperfine => "hyperfine",
            Parser::Bencher => "bencher",
            Parser::IreeRun => "iree_run",
            Parser::Exit => "exit",
        }
    }

    /// Returns one line about the parser, for the schema and the help.
    pub fn doc(self) -> &'static str {
        match self {
            Parser::MagicDrc => {
                "design rule report of magic: `violations` must be 0. Fields: trailer: required (demand `cell area: N um2` and `end of report`, without which a missing technology looks clean), NAME: boxes[PART OF A RULE]"
            }
            Parser::Netgen => {
                "layout against schematic report of netgen, and its JSON if beside it: must match, without property errors and unmatched pins"
            }
            Parser::NgspiceMeas => "measurements printed by ngspice (`name = value`), all or the `fields` named",
            Parser::MetricLines => "`METRIC name value` lines, all or the `fields` named",
            Parser::Json => "any JSON document; fields are JSON pointers: `spread: /spread`",
            Parser::Csv => {
                "a table with a header; fields are COLUMN, COLUMN[first], COLUMN[last], COLUMN[3] or COLUMN[key=value]"
            }
            Parser::Regex => {
                "any text; fields are regular expressions with one group, several matches make a list. Cannot tell a report that was cut off"
            }
            Parser::KeyValue => {
                "`key=value` and `key: value` lines, all or the `fields` named; other lines are ignored"
            }
            Parser::Size => "the size of a file in bytes, as `size`; an empty file is an error",
            Parser::Digest => "the SHA-256 of a file, as `digest`; an empty file is an error",
            Parser::GoogleBenchmark => {
                "JSON of google-benchmark, times in ms: real_time and cpu_time are lists, aggregates are apart (real_time_median); with several benchmarks FIELD[BENCHMARK]"
            }
            Parser::Hyperfine => {
                "JSON of hyperfine, times in s: times (a list), mean, median, min, max ... ; with several commands FIELD[COMMAND]"
            }
            Parser::Bencher => {
                "Bencher Metric Format: each measure, with MEASURE_lower and MEASURE_upper; with several benchmarks MEASURE[BENCHMARK]"
            }
            Parser::IreeRun => "what iree-run-module prints: [SUCCESS] passes, [FAILED] fails, neither is an error",
            Parser::Exit => "the exit status is all the evidence there is",
        }
    }

    /// Tells whether the parser reads a file or stream.
    pub fn wants_file(self) -> bool {
        self != Parser::Exit
    }

    /// Tells whether a suite may say `fields`.
    pub fn takes_fields(self) -> bool {
        match self {
            Parser::Netgen | Parser::Size | Parser::Digest | Parser::IreeRun | Parser::Exit => false,
            Parser::MagicDrc
            | Parser::NgspiceMeas
            | Parser::MetricLines
            | Parser::Json
            | Parser::Csv
            | Parser::Regex
            | Parser::KeyValue
            | Parser::GoogleBenchmark
            | Parser::Hyperfine
            | Parser::Bencher => true,
        }
    }

    /// Tells whether a suite must say `fields`.
    pub fn needs_fields(self) -> bool {
        matches!(self, Parser::Json | Parser::Csv | Parser::Regex)
    }

    /// Returns the fields that every report of this kind gives, whatever the suite asks.
    pub fn gives(self) -> &'static [&'static str] {
        match self {
            Parser::MagicDrc => &["violations", "boxes", "rules", "cell", "trailer"],
            Parser::Netgen => &[
                "match",
                "result",
                "devices",
                "nets",
                "reference_devices",
                "reference_nets",
                "property_errors",
                "unmatched_pins",
            ],
            Parser::Size => &["size"],
            Parser::Digest => &["digest"],
            Parser::IreeRun => &["matched", "mismatches"],
            Parser::NgspiceMeas
            | Parser::MetricLines
            | Parser::Json
            | Parser::Csv
            | Parser::Regex
            | Parser::KeyValue
            | Parser::GoogleBenchmark
            | Parser::Hyperfine
            | Parser::Bencher
            | Parser::Exit => &[],
        }
    }

    /// Returns the files beside `file` that the parser reads too, if they are there.
    ///
    /// netgen's `-json` replaces what follows the last dot of the whole report path by `json`; without
    /// a dot it writes a file called `.json`. ngspice says on standard error which measurement failed.
    pub fn companions(self, file: &str) -> Vec<Companion> {
        match (self, file) {
            (Parser::Netgen, "stdout" | "stderr") => Vec::new(),
            (Parser::Netgen, file) => {
                let stem = file.rfind('.').map_or("", |dot| &file[..dot]);
                vec![Companion { file: format!("{stem}.json"), required: false }]
            }
            (Parser::NgspiceMeas, "stdout") => vec![Companion { file: "stderr".to_owned(), required: false }],
            _ => Vec::new(),
        }
    }

    /// Checks one entry of `fields`, when the suite is loaded.
    ///
    /// # Errors
    /// When the name cannot be used in expressions, or the location is not of the parser's form.
    pub fn check_field(self, name: &str, location: &str) -> Result<(), EvidenceError> {
        if !self.takes_fields() {
            return Err(EvidenceError::FieldsNotTaken { parser: self });
        }
        if !is_identifier(name) {
            return Err(EvidenceError::FieldName { field: name.to_owned() });
        }
        match self {
            Parser::MagicDrc => magic_drc::check(name, location),
            Parser::Json => json_pointer::check(location),
            Parser::Csv => csv_column::check(location),
            Parser::Regex => return regex_match::check(name, location).map(drop),
            Parser::GoogleBenchmark | Parser::Hyperfine | Parser::Bencher => {
                Place::read(location).map(drop).ok_or("FIELD or FIELD[BENCHMARK]")
            }
            Parser::NgspiceMeas | Parser::MetricLines | Parser::KeyValue
                if location.is_empty() || location.contains(char::is_whitespace) =>
            {
                Err("a name as the tool prints it, without spaces")
            }
            _ => Ok(()),
        }
        .map_err(|expected| EvidenceError::Location {
            parser: self,
            field: name.to_owned(),
            location: location.to_owned(),
            expected,
        })
    }

    /// Checks all of `fields`, when the suite is loaded.
    ///
    /// # Errors
    /// As `check_field`, and when fields are missing or double.
    pub fn check_fields(self, fields: &[(String, String)]) -> Result<(), EvidenceError> {
        if fields.is_empty() && self.needs_fields() {
            return Err(EvidenceError::FieldsNeeded { parser: self });
        }
        for (index, (name, location)) in fields.iter().enumerate() {
            self.check_field(name, location)?;
            if fields[..index].iter().any(|(earlier, _)| earlier == name) {
                return Err(EvidenceError::FieldTwice { field: name.clone() });
            }
        }
        Ok(())
    }
}

impl fmt::Display for Parser {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}
