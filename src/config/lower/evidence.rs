//! What proves that a task ran, and which names it gives to metrics.

use super::scope::Scope;
use crate::config::context::{Context, unsafe_path};
use crate::config::node::Text;
use crate::config::stage_file::{self, ReportFile, RowsFile};
use crate::evidence::{EvidenceError, Parser};
use crate::suite::{EvidenceFile, EvidenceSpec, Rows, Template};
use crate::value::{Problem, did_you_mean, is_identifier};

/// Measured for every task, without evidence.
pub(crate) const MEASURED: [&str; 4] = ["wall", "cpu", "max_rss", "attempts"];

/// Reads the evidence of a stage.
pub(crate) fn evidence(files: &[stage_file::EvidenceFile], scope: &Scope, context: &mut Context) -> Vec<EvidenceSpec> {
    files.iter().filter_map(|file| one(file, scope, context)).collect()
}

fn one(file: &stage_file::EvidenceFile, scope: &Scope, context: &mut Context) -> Option<EvidenceSpec> {
    let name = &file.parser;
    let Some(parser) = Parser::from_name(name.as_str()) else {
        let names = Parser::ALL.map(Parser::name);
        let problem = Problem::at(name.span, format!("there is no parser `{}`", name.as_str()));
        context.problem(problem.maybe_hint(did_you_mean(name.as_str(), names)));
        return None;
    };
    let Some(report) = &file.report else {
        if parser.wants_file() {
            let problem = Problem::at(name.span, format!("`{parser}` needs a report to read"));
            context.problem(problem.hint(format!("write `{{ {parser}: FILE }}`; FILE may be `stdout`")));
            return None;
        }
        return Some(EvidenceSpec { parser, file: EvidenceFile::Exit, fields: Vec::new(), span: file.span });
    };
    if !parser.wants_file() {
        let problem = Problem::at(report.span, format!("`{parser}` reads no file"));
        context.problem(problem.hint(format!("write `{parser}` alone")));
        return None;
    }
    let fields = fields(parser, report, context);
    let file_template = match report.file.as_str() {
        "stdout" => EvidenceFile::Stdout,
        "stderr" => EvidenceFile::Stderr,
        _ => EvidenceFile::File(local_path(&report.file, scope, context)?),
    };
    Some(EvidenceSpec { parser, file: file_template, fields: fields?, span: file.span })
}

fn fields(parser: Parser, report: &ReportFile, context: &mut Context) -> Option<Vec<(String, String)>> {
    let before = context.problems.len();
    let mut found: Vec<(String, String)> = Vec::new();
    for (name, location) in report.fields.iter().flat_map(|fields| &fields.0) {
        if let Err(err) = parser.check_field(name.as_str(), location.as_str()) {
            let place = if is_identifier(name.as_str()) { location.span } else { name.span };
            report_error(&err, place, context);
            continue;
        }
        found.push((name.as_str().to_owned(), location.as_str().to_owned()));
    }
    if context.problems.len() == before
        && let Err(err) = parser.check_fields(&found)
    {
        report_error(&err, report.span, context);
    }
    (context.problems.len() == before).then_some(found)
}

fn report_error(err: &EvidenceError, span: crate::value::Span, context: &mut Context) {
    // A pattern's error draws the pattern; its last line says what is wrong.
    let cause = std::error::Error::source(err).map(|cause| cause.to_string());
    let cause =
        cause.and_then(|cause| cause.lines().last().map(|line| format!(": {}", line.trim_start_matches("error: "))));
    let cause = cause.unwrap_or_default();
    context.problem(Problem::at(span, format!("{err}{cause}")).maybe_hint(err.hint()));
}

/// Reads the path of a file in the task's folder.
pub(crate) fn local_path(text: &Text, scope: &Scope, context: &mut Context) -> Option<Template> {
    let template = scope.template(text, context)?;
    // With a placeholder at its start, only what follows is known.
    let known: String = template
        .parts
        .iter()
        .map(|part| match part {
            crate::suite::Part::Literal(literal) => literal.as_str(),
            _ => "x",
        })
        .collect();
    if let Some(why) = unsafe_path(&known) {
        context.problem(Problem::at(text.span, why).hint("a task reads and writes in its own folder"));
        return None;
    }
    Some(template)
}

/// Reads the table that reports the cases below a task's point.
pub(crate) fn rows(file: &RowsFile, scope: &Scope, context: &mut Context) -> Option<Rows> {
    let csv = local_path(&file.csv, scope, context);
    let mut keys = Vec::new();
    for (name, columns) in &file.keys.0 {
        let Some(param) = scope.vocabulary.find(name, context) else { continue };
        keys.push((param, columns.0.iter().map(|column| column.as_str().to_owned()).collect()));
    }
    let mut fields = Vec::new();
    for (name, column) in file.fields.iter().flat_map(|fields| &fields.0) {
        if !is_identifier(name.as_str()) {
            let problem = Problem::at(name.span, format!("`{}` cannot name a field", name.as_str()));
            context.problem(problem.hint("a name is a letter, then letters, digits and `_`"));
            continue;
        }
        fields.push((name.as_str().to_owned(), column.as_str().to_owned()));
    }
    Some(Rows { csv: csv?, keys, fields, span: file.span })
}

/// Returns the names that the evidence gives, and whether it may give others.
pub(crate) fn fields_given(evidence: &[EvidenceSpec], rows: Option<&Rows>) -> (Vec<String>, bool) {
    let mut names: Vec<String> = Vec::new();
    let mut open = false;
    for EvidenceSpec { parser, fields, .. } in evidence {
        names.extend(parser.gives().iter().map(|&name| name.to_owned()));
        names.extend(fields.iter().map(|(name, _)| name.clone()));
        open |= match parser {
            // These give all they find unless they are told what to look for.
            Parser::NgspiceMeas | Parser::MetricLines | Parser::KeyValue => fields.is_empty(),
            Parser::GoogleBenchmark | Parser::Hyperfine | Parser::Bencher => true,
            Parser::MagicDrc
            | Parser::Netgen
            | Parser::Json
            | Parser::Csv
            | Parser::Regex
            | Parser::Size
            | Parser::Digest
            | Parser::IreeRun
            | Parser::Exit => false,
        };
    }
    names.extend(rows.into_iter().flat_map(|rows| &rows.fields).map(|(name, _)| name.clone()));
    names.extend(MEASURED.map(str::to_owned));
    names.sort_unstable();
    names.dedup();
    (names, open)
}
