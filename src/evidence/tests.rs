//! The parsers against reports of real tools, good and broken.

use super::*;
use std::path::{Path, PathBuf};

mod asking;
mod benchmarks;
mod iree_run;
mod laws;
mod magic_drc;
mod netgen;
mod ngspice;
mod plain_formats;

fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/evidence")
}

fn read(path: &str) -> Vec<u8> {
    std::fs::read(fixtures().join(path)).unwrap_or_else(|err| panic!("{path}: {err}"))
}

fn fields(asked: &[(&str, &str)]) -> Vec<(String, String)> {
    asked.iter().map(|(name, location)| ((*name).to_owned(), (*location).to_owned())).collect()
}

/// Parses a fixture as the caller would: companions are taken if they exist.
fn parse_file(parser: Parser, path: &str, asked: &[(&str, &str)]) -> Result<Evidence, EvidenceError> {
    let bytes = read(path);
    let (folder, file) = path.rsplit_once('/').unwrap();
    let companions: Vec<(String, Vec<u8>)> = parser
        .companions(file)
        .into_iter()
        .filter_map(|companion| {
            let bytes = std::fs::read(fixtures().join(folder).join(&companion.file)).ok()?;
            Some((companion.file, bytes))
        })
        .collect();
    let companions: Vec<(&str, &[u8])> =
        companions.iter().map(|(name, bytes)| (name.as_str(), bytes.as_slice())).collect();
    parse(parser, &Input { bytes: &bytes, companions: &companions, fields: &fields(asked) })
}

fn parse_bytes(parser: Parser, bytes: &[u8], asked: &[(&str, &str)]) -> Result<Evidence, EvidenceError> {
    parse(parser, &Input { bytes, companions: &[], fields: &fields(asked) })
}

/// One line for an outcome: `pass: name=value ...`, `fail: what ...` or `error: message`.
fn shown(outcome: &Result<Evidence, EvidenceError>) -> String {
    let chain = |error: &EvidenceError| {
        let mut text = format!("error: {error}");
        let mut source = std::error::Error::source(error);
        while let Some(cause) = source {
            text.push_str(&format!(": {cause}"));
            source = cause.source();
        }
        text
    };
    match outcome {
        Err(error) => chain(error),
        Ok(evidence) => {
            let unmet: Vec<&str> = evidence.unmet().map(|expectation| expectation.message.as_str()).collect();
            if unmet.is_empty() {
                let fields: Vec<String> =
                    evidence.fields.iter().map(|(name, field)| format!("{name}={field}")).collect();
                format!("pass: {}", fields.join(" "))
            } else {
                format!("fail: {}", unmet.join("; "))
            }
        }
    }
}

fn check(parser: Parser, path: &str, asked: &[(&str, &str)], expected: &str) {
    let outcome = parse_file(parser, path, asked);
    assert_eq!(shown(&outcome), expected, "{parser} {path}");
    if let Ok(evidence) = &outcome {
        for (index, (name, _)) in evidence.fields.iter().enumerate() {
            assert!(evidence.fields[..index].iter().all(|(earlier, _)| earlier != name), "{path}: {name} twice");
        }
        for name in parser.gives() {
            assert!(evidence.field(name).is_some(), "{path}: no {name}");
        }
    }
}

fn check_text(parser: Parser, text: &str, asked: &[(&str, &str)], expected: &str) {
    assert_eq!(shown(&parse_bytes(parser, text.as_bytes(), asked)), expected, "{parser} {text:?}");
}

/// Every situation in which a tool writes no report has none among the fixtures, and what the tool
/// prints instead is not taken for one.
fn check_no_report(parser: Parser, situation: &str, report: &str, stream: &str) {
    assert!(!fixtures().join(situation).join(report).exists(), "{situation}");
    let outcome = parse_bytes(parser, &read(&format!("{situation}/{stream}")), &[]);
    assert!(outcome.is_err(), "{situation}: {}", shown(&outcome));
}
