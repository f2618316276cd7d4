//! Why a report is no evidence.

use super::{Parser, Quote};

/// Why a report is no evidence: the task's verdict is *error*.
#[derive(Debug, thiserror::Error)]
pub enum EvidenceError {
    /// No bytes, or only blanks.
    #[error("the report is empty")]
    Empty,
    /// The file is not what the parser reads.
    #[error("line {line}: this is not {expected}: `{found}`")]
    AnotherReport {
        /// What the parser reads.
        expected: &'static str,
        /// Where that was seen.
        line: usize,
        /// What is there instead.
        found: String,
    },
    /// A line does not read as it must.
    #[error("line {line}: expected {expected}, found `{found}`")]
    Line {
        /// The line, from 1.
        line: usize,
        /// What should be there.
        expected: &'static str,
        /// What is there.
        found: String,
    },
    /// The end is not there.
    #[error("the report is cut off: {missing} is missing")]
    CutOff {
        /// What should still come.
        missing: &'static str,
    },
    /// The tool ran over nothing, which would pass whatever it checks.
    #[error("nothing was checked: {found}")]
    NothingChecked {
        /// What shows it.
        found: String,
    },
    /// Two parts of the report cannot both be true.
    #[error("the report contradicts itself: {found}")]
    Contradiction {
        /// Both parts.
        found: String,
    },
    /// The tool itself says that it did not do its work.
    #[error("the tool reports an error: {message}")]
    Tool {
        /// What it says.
        message: String,
    },
    /// Nothing of the kind is in the report.
    #[error("the report holds no {what}")]
    NothingFound {
        /// What was looked for.
        what: &'static str,
        /// Where it may be instead.
        hint: Option<&'static str>,
    },
    /// A field that was asked for is not in the report.
    #[error("`{field}` is not in the report: no {location}")]
    NotThere {
        /// The field.
        field: String,
        /// What was looked for, in the words of the format.
        location: String,
        /// What is there.
        hint: Option<String>,
    },
    /// A field is named without a usable value.
    #[error("`{field}` has no value, {why}{}", at(.quote))]
    NoValue {
        /// The field.
        field: String,
        /// Why.
        why: NoValue,
        /// The line that shows it.
        quote: Quote,
    },
    /// The report holds several benchmarks and the suite does not say which.
    #[error("the report holds {} benchmarks ({})", .names.len(), listed(.names))]
    SeveralBenchmarks {
        /// Their names.
        names: Vec<String>,
    },
    /// The report is no JSON.
    #[error("cannot read {what} as JSON")]
    Json {
        /// What was read.
        what: &'static str,
        /// Why not, with line and column.
        #[source]
        err: serde_json::Error,
    },
    /// The report is no CSV.
    #[error("cannot read the report as CSV")]
    Csv {
        /// Why not, with the line.
        #[source]
        err: csv::Error,
    },
    /// The suite asks in a way the parser does not know. Found at load.
    #[error("`{parser}` cannot read `{field}` from `{location}`: expected {expected}")]
    Location {
        /// The parser.
        parser: Parser,
        /// The field.
        field: String,
        /// What the suite says.
        location: String,
        /// What it should say.
        expected: &'static str,
    },
    /// A pattern does not compile. Found at load.
    #[error("`{field}` has a pattern that is not a regular expression")]
    Pattern {
        /// The field.
        field: String,
        /// Why not.
        #[source]
        err: Box<regex::Error>,
    },
    /// A field's name cannot be used in an expression. Found at load.
    #[error("`{field}` cannot name a field")]
    FieldName {
        /// The name.
        field: String,
    },
    /// Two fields of one name. Found at load.
    #[error("`{field}` is asked for twice")]
    FieldTwice {
        /// The name.
        field: String,
    },
    /// The parser gives nothing unless asked. Found at load.
    #[error("`{parser}` reads nothing without `fields`")]
    FieldsNeeded {
        /// The parser.
        parser: Parser,
    },
    /// The parser gives what it gives. Found at load.
    #[error("`{parser}` takes no `fields`")]
    FieldsNotTaken {
        /// The parser.
        parser: Parser,
    },
}

/// Why a name in a report has no usable value.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NoValue {
    /// Nothing stands where the value should.
    #[error("it is empty")]
    Empty,
    /// A number, but infinite or not a number.
    #[error("it is not a finite number")]
    NotFinite,
    /// Not a number where one must be.
    #[error("it is not a number")]
    NotANumber,
    /// The tool says that it could not determine it.
    #[error("the tool says that it failed")]
    Failed,
    /// The report gives it twice, and not the same.
    #[error("it has two values, the other is `{0}`")]
    TwoValues(String),
    /// The report ends in the middle of its line, so the value may be cut.
    #[error("the report ends in the middle of its line")]
    CutOff,
    /// A kind of value that no field can hold.
    #[error("it is {0}")]
    Kind(&'static str),
}

impl EvidenceError {
    /// Returns what to do about it.
    pub fn hint(&self) -> Option<String> {
        let text = match self {
            EvidenceError::Empty | EvidenceError::CutOff { .. } => {
                "the tool may have been stopped or out of disk; look at the task's output"
            }
            EvidenceError::AnotherReport { .. } => "check which file the suite names for this parser",
            EvidenceError::NothingChecked { .. } => {
                "a missing technology file, cell or netlist looks clean to the tool; look at its standard error"
            }
            EvidenceError::Contradiction { .. } => {
                "the files may come from different runs, or the script wrote the report before the check was done"
            }
            EvidenceError::NothingFound { hint, .. } => return hint.map(str::to_owned),
            EvidenceError::NotThere { hint, .. } => return hint.clone(),
            EvidenceError::NoValue { why, .. } => match why {
                NoValue::Empty | NoValue::Failed => "the tool could not determine it; look at the lines before",
                NoValue::TwoValues(_) => "print each name once, or under different names",
                NoValue::CutOff => "end the last line with a newline",
                NoValue::NotFinite | NoValue::NotANumber | NoValue::Kind(_) => return None,
            },
            EvidenceError::SeveralBenchmarks { names } => {
                let name = names.first().map_or("NAME", String::as_str);
                return Some(format!("say which one under `fields`, such as `time: real_time[{name}]`"));
            }
            EvidenceError::Json { err, .. } if err.is_eof() => "the report is cut off",
            EvidenceError::Json { .. } => "NaN, Infinity, comments and text around the document are not JSON",
            EvidenceError::FieldName { .. } => "a name is letters, digits and `_`, beginning with a letter",
            EvidenceError::FieldsNeeded { parser } => {
                return Some(format!("write {{ {parser}: {{ file: FILE, fields: {{ NAME: WHERE }} }} }}"));
            }
            EvidenceError::FieldsNotTaken { parser } => return Some(format!("write {{ {parser}: FILE }}")),
            EvidenceError::Line { .. }
            | EvidenceError::Tool { .. }
            | EvidenceError::Csv { .. }
            | EvidenceError::Location { .. }
            | EvidenceError::Pattern { .. }
            | EvidenceError::FieldTwice { .. } => return None,
        };
        Some(text.to_owned())
    }
}

fn at(quote: &Quote) -> String {
    match (quote.line, quote.text.as_str()) {
        (None, "") => String::new(),
        (None, text) => format!(" (`{text}`)"),
        (Some(line), text) => format!(" (line {line}: `{text}`)"),
    }
}

fn listed(names: &[String]) -> String {
    let shown: Vec<&str> = names.iter().take(4).map(String::as_str).collect();
    format!("{}{}", shown.join(", "), if names.len() > shown.len() { ", ..." } else { "" })
}
