//! Whether this shmoo is the one a file was written for.

use super::context::Context;
use super::leaves::Placed;
use super::node::{Node, NodeKind, Text};
use crate::value::Problem;

/// The version of the grammar that is read.
pub(super) const GRAMMAR: u32 = 1;

/// Checks `version` and `requires` before anything else is read: keys of a newer grammar would only
/// look like typing errors.
pub(super) fn check_version(root: &Node, context: &mut Context) -> Option<()> {
    let NodeKind::Map(entries) = &root.kind else { return Some(()) };
    for (key, value) in entries.iter() {
        let NodeKind::Scalar(text) = &value.kind else { continue };
        match key.as_str() {
            "version" => check_grammar(text, context)?,
            "requires" => check_requires(text, env!("CARGO_PKG_VERSION"), context)?,
            _ => {}
        }
    }
    Some(())
}

fn check_grammar(text: &Text, context: &mut Context) -> Option<()> {
    // What is no number at all is reported with the rest of the file.
    let Ok(value) = text.as_str().parse::<u32>() else { return Some(()) };
    check_number(Placed { value, span: text.span }, context)
}

/// Checks a version that was read; writings such as `2.0` come this far.
pub(super) fn check_number(version: Placed<u32>, context: &mut Context) -> Option<()> {
    let Placed { value: version, span } = version;
    if version == GRAMMAR {
        return Some(());
    }
    let message = format!("this file is of version {version}, and this shmoo reads version {GRAMMAR}");
    let hint = if version > GRAMMAR { "update shmoo" } else { "write `version: 1`" };
    context.problem(Problem::at(span, message).hint(hint));
    None
}

fn check_requires(text: &Text, running: &str, context: &mut Context) -> Option<()> {
    let wanted = text.as_str().trim().strip_prefix(">=").and_then(parse_version);
    let Some(wanted) = wanted else {
        let problem = Problem::at(text.span, format!("`{}` is not a requirement", text.as_str()));
        context.problem(problem.hint("write the oldest version that will do, such as `\">=0.4\"`"));
        return Some(());
    };
    if parse_version(running).is_some_and(|running| running >= wanted) {
        return Some(());
    }
    let message = format!("this file needs shmoo {}, and this is {running}", text.as_str().trim());
    context.problem(Problem::at(text.span, message).hint("update shmoo"));
    None
}

/// Reads `1`, `1.2` or `1.2.3`; what is left out is 0, what follows `-` or `+` does not matter.
fn parse_version(text: &str) -> Option<[u64; 3]> {
    let numbers = text.trim().split(['-', '+']).next().unwrap_or("");
    let mut version = [0; 3];
    let mut parts = numbers.split('.');
    for slot in &mut version {
        match parts.next() {
            Some(part) => *slot = part.parse().ok()?,
            None => break,
        }
    }
    parts.next().is_none().then_some(version)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_compared_by_number() {
        let check = |older: &str, newer: &str| assert!(parse_version(older) < parse_version(newer), "{older} {newer}");
        check("0.9", "0.10.1");
        check("1", "1.0.1");
        check("1.2.3-rc1", "1.2.4");
        assert_eq!(parse_version("1.2.3.4"), None);
        assert_eq!(parse_version("one"), None);
    }
}
