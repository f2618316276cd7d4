//! OpenFASOC's sweep files -> a suite file to go on from.
//!
//! Such a file is `designName: TEXT` and `NAME: [start, stop, step]` lines (or the older comma text
//! `NAME: start, stop, step`). What the stop means differs between its generators; here it is said:
//! exclusive as in Python's `range`, or inclusive, in exact decimals.

use super::context::Context;
use super::node::{Node, NodeKind, Text};
use crate::value::{Decimal, Problem, Problems, Span, is_identifier};
use std::fmt::Write as _;

/// One swept parameter.
struct Sweep {
    name: String,
    code: String,
    values: [Decimal; 3],
    line: usize,
}

/// Turns an OpenFASOC sweep file into the text of a suite file with comments.
///
/// `inclusive` tells whether the stop of a sweep is one of its values.
///
/// # Errors
/// All problems that were found.
pub fn suite_from_openfasoc(name: &str, text: &str, inclusive: bool) -> Result<String, Problems> {
    let no_files = |_: &str| Err("a sweep file names no files".to_owned());
    let mut context = Context::new(name, text, &no_files);
    let suite = read(&mut context, name, inclusive);
    context.finish(suite).map(|(suite, ..)| suite)
}

fn read(context: &mut Context, file: &str, inclusive: bool) -> Option<String> {
    let root = context.compose(0)?;
    let NodeKind::Map(entries) = &root.kind else {
        let message = format!("expected lines `NAME: [start, stop, step]`, found {}", root.describe());
        context.problem(Problem::at(root.span, message));
        return None;
    };
    let mut design = None;
    let mut sweeps: Vec<Sweep> = Vec::new();
    for (key, value) in entries.iter() {
        if key.as_str() == "designName" {
            if let NodeKind::Scalar(text) = &value.kind {
                design = Some(plain_name(text.as_str()));
            }
            continue;
        }
        let Some(values) = three_numbers(value, context) else { continue };
        if !is_identifier(key.as_str()) {
            let message = format!("`{}` cannot name a parameter", key.as_str());
            context.problem(Problem::at(key.span, message).hint("a name is a letter, then letters, digits and `_`"));
            continue;
        }
        check(values, value.span, inclusive, context);
        let line = context.line(key.span);
        let code = code(key.as_str(), &sweeps);
        sweeps.push(Sweep { name: key.as_str().to_owned(), code, values, line });
    }
    if sweeps.is_empty() && context.problems.is_empty() {
        let problem = Problem::at(root.span, "nothing is swept here");
        context.problem(problem.hint("write a line `NAME: [start, stop, step]`"));
    }
    Some(write(design.as_deref().unwrap_or("imported"), file, &sweeps, inclusive))
}

/// Reads `[start, stop, step]` or `start, stop, step`.
fn three_numbers(value: &Node, context: &mut Context) -> Option<[Decimal; 3]> {
    let texts: Vec<(String, Span)> = match &value.kind {
        NodeKind::List(items) => {
            let text = |item: &Node| match &item.kind {
                NodeKind::Scalar(text) => (text.as_str().to_owned(), item.span),
                _ => (String::new(), item.span),
            };
            items.iter().map(text).collect()
        }
        NodeKind::Scalar(text) => comma_text(text),
        NodeKind::Null | NodeKind::Map(_) => Vec::new(),
    };
    let [start, stop, step] = texts.as_slice() else {
        let message = format!("expected `[start, stop, step]`, found {}", value.describe());
        context.problem(Problem::at(value.span, message));
        return None;
    };
    let mut numbers = [Decimal::ZERO; 3];
    for ((text, span), number) in [start, stop, step].into_iter().zip(&mut numbers) {
        match text.parse() {
            Ok(value) => *number = value,
            Err(err) => {
                context.problem(Problem::at(*span, format!("expected a number: {err}")));
                return None;
            }
        }
    }
    Some(numbers)
}

fn comma_text(text: &Text) -> Vec<(String, Span)> {
    text.as_str().split(',').map(|part| (part.trim().to_owned(), text.span)).collect()
}

fn check([start, stop, step]: [Decimal; 3], span: Span, inclusive: bool, context: &mut Context) {
    let up = !step.is_negative();
    if step.is_zero() {
        context.problem(Problem::at(span, "a step of 0 never arrives"));
    } else if start != stop && (start < stop) != up {
        let word = if start > stop { "above" } else { "below" };
        context.problem(Problem::at(span, format!("start {start} is {word} stop {stop}")).hint("swap them"));
    } else if start == stop && !inclusive {
        let problem = Problem::at(span, format!("from {start} to {stop}, without {stop} itself, there is no value"));
        context.problem(problem.hint("take the stop as a value with `--inclusive`"));
    }
}

/// Makes a suite name of a design name: `tempSenseInst_error` becomes `temp-sense-inst_error`.
fn plain_name(design: &str) -> String {
    let mut name = String::new();
    for c in design.chars() {
        match c {
            'A'..='Z' => {
                if name.ends_with(|c: char| c.is_ascii_lowercase() || c.is_ascii_digit()) {
                    name.push('-');
                }
                name.push(c.to_ascii_lowercase());
            }
            'a'..='z' | '0'..='9' | '_' | '-' => name.push(c),
            _ => name.push('-'),
        }
    }
    let name = name.trim_start_matches(|c: char| !c.is_ascii_lowercase());
    if name.is_empty() { "imported".to_owned() } else { name.to_owned() }
}

/// Makes a code of a name: its small letters, and a letter more where another begins with it.
fn code(name: &str, earlier: &[Sweep]) -> String {
    let letters: String = name.chars().filter(char::is_ascii_alphabetic).map(|c| c.to_ascii_lowercase()).collect();
    let mut code = letters.clone();
    let taken = |code: &str| earlier.iter().any(|sweep| sweep.code == code);
    while taken(&code) {
        code.push('x');
    }
    code
}

fn write(design: &str, file: &str, sweeps: &[Sweep], inclusive: bool) -> String {
    let mut text = String::new();
    let stop = if inclusive { "one of the values" } else { "left out, as in Python's `range`" };
    // Writing into a string does not fail.
    let _ = writeln!(text, "# Made from OpenFASOC's `{}`; the stop of each sweep is {stop}.", one_line(file));
    text.push_str("# Check with `shmoo plan FILE --format names`, then fill in the stages.\n\n");
    let _ = writeln!(text, "version: 1\nsuite: {design}\n\n# Each combination of these values is one case.\nparams:");
    for Sweep { name, code, values: [start, stop, step], line } in sweeps {
        let exclusive = if inclusive { "" } else { ", exclusive: true" };
        let _ = writeln!(text, "  # line {line}: [{start}, {stop}, {step}]");
        let _ = writeln!(
            text,
            "  {name}: {{ code: {code}, values: {{ range: {{ start: {start}, stop: {stop}, step: {step}{exclusive} }} }} }}"
        );
    }
    text.push_str("\nstages:\n");
    text.push_str("  # Replace the shell text by your generator's command. Parameters come in as SHMOO_PARAM_*.\n");
    text.push_str(
        "  # `outputs` are the files that the stage must leave behind; other stages read them as `generate/NAME`.\n",
    );
    text.push_str("  generate:\n    shell: |\n      {\n");
    for Sweep { name, .. } in sweeps {
        let _ = writeln!(text, "        echo \"{name}=$SHMOO_PARAM_{}\"", name.to_uppercase());
    }
    text.push_str("      } > spec.txt\n    outputs: [spec.txt]\n    evidence: [{ key_value: spec.txt }]\n");
    text
}

fn one_line(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}
