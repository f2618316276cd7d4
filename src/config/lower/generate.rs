//! VALUES -> the values, in order, each with its place.

use crate::config::context::Context;
use crate::config::decode::MOST_PROBLEMS;
use crate::config::node::{Style, Text};
use crate::config::values_file::{GeneratorFile, RangeFile, StepsFile, ValuesFile};
use crate::value::{Decimal, Problem, Scalar, Span};
use std::collections::HashMap;

/// The most values that one parameter can have.
const MOST_VALUES: i64 = 1_000_000;
/// The most values that the rules of a suite make together.
const MOST_IN_ALL: usize = 2_000_000;
/// Digits of a value that does not end, or is a power.
const DIGITS: i32 = 6;

/// A value as somebody wrote it, or as a rule made it.
#[derive(Debug, Clone)]
pub(crate) struct RawValue {
    /// What its writing suggests.
    pub(crate) scalar: Scalar,
    /// Whether it was written without quotes.
    pub(crate) plain: bool,
    /// Its text, which is the value of a word.
    pub(crate) text: String,
    /// Where it stands.
    pub(crate) span: Span,
}

impl RawValue {
    pub(crate) fn of(text: &Text) -> RawValue {
        RawValue {
            scalar: text.infer(),
            plain: text.style == Style::Plain,
            text: text.as_str().to_owned(),
            span: text.span,
        }
    }

    fn number(number: Decimal, span: Span) -> RawValue {
        RawValue { scalar: Scalar::Number(number), plain: true, text: number.to_string(), span }
    }
}

/// Returns the values; none after a problem.
pub(crate) fn generate(values: &ValuesFile, span: Span, context: &mut Context) -> Vec<RawValue> {
    match values {
        ValuesFile::One(text) => vec![RawValue::of(text)],
        ValuesFile::List(items) if items.is_empty() => {
            let problem = Problem::at(span, "a list of values needs at least one");
            context.problem(problem.hint("leave the key out if the parameter is to be absent"));
            Vec::new()
        }
        ValuesFile::List(items) => items.iter().map(|item| RawValue::of(&item.0)).collect(),
        ValuesFile::Generated(GeneratorFile::File(path)) => from_file(path, context),
        ValuesFile::Generated(GeneratorFile::Range(rule)) => counted(range(rule), span, context),
        ValuesFile::Generated(GeneratorFile::Linear(rule)) => counted(steps(rule, linear), span, context),
        ValuesFile::Generated(GeneratorFile::Log(rule)) => counted(steps(rule, logarithmic), span, context),
    }
}

/// Finds values that occur twice, or differ only in case, which file systems may not tell apart.
pub(crate) fn check_distinct(values: &[(Scalar, Span)], context: &mut Context) {
    let mut seen: HashMap<String, (String, Span)> = HashMap::new();
    for (value, span) in values {
        let text = value.to_string();
        let Some((earlier, place)) = seen.get(&text.to_lowercase()) else {
            seen.insert(text.to_lowercase(), (text, *span));
            continue;
        };
        if context.problems.len() >= MOST_PROBLEMS {
            return;
        }
        let line = context.line(*place);
        context.problem(if *earlier == text {
            Problem::at(*span, format!("the value `{text}` occurs twice, first on line {line}"))
                .hint("remove one of the two")
        } else {
            Problem::at(*span, format!("the values `{earlier}` and `{text}` differ only in case"))
                .hint("some disks cannot tell their folders apart; rename one")
        });
    }
}

fn from_file(path: &Text, context: &mut Context) -> Vec<RawValue> {
    let Some(file) = context.read(path) else { return Vec::new() };
    let lines = context.lines(file);
    if lines.is_empty() {
        context.problem(Problem::at(path.span, format!("`{}` holds no values", path.as_str())));
    }
    lines.into_iter().map(|(text, span)| RawValue { scalar: Scalar::infer(&text), plain: true, text, span }).collect()
}

fn counted(values: Result<Vec<Decimal>, Problem>, span: Span, context: &mut Context) -> Vec<RawValue> {
    let before = context.generated;
    context.generated += values.as_ref().map_or(0, Vec::len);
    match values {
        Ok(_) if context.generated > MOST_IN_ALL => {
            // Told once.
            if before <= MOST_IN_ALL {
                context.problem(Problem::at(span, format!("the suite makes more than {MOST_IN_ALL} values")));
            }
            Vec::new()
        }
        Ok(values) => values.into_iter().map(|value| RawValue::number(value, span)).collect(),
        Err(problem) => {
            context.problem(problem);
            Vec::new()
        }
    }
}

fn too_many(span: Span) -> Problem {
    Problem::at(span, format!("this makes more than {MOST_VALUES} values"))
}

/// `floor((stop - start) / step)` steps, in exact decimals.
fn range(rule: &RangeFile) -> Result<Vec<Decimal>, Problem> {
    let (start, stop, step) = (rule.start.value, rule.stop.value, rule.step.value);
    if step.is_zero() {
        return Err(Problem::at(rule.step.span, "a step of 0 never arrives"));
    }
    let exact = |value: Option<Decimal>| value.ok_or_else(|| too_many(rule.span));
    let distance = exact(stop.checked_sub(start))?;
    if !distance.is_zero() && distance.is_negative() != step.is_negative() {
        let (word, other) = if distance.is_negative() { ("above", "negative") } else { ("below", "positive") };
        return Err(Problem::at(rule.start.span, format!("start {start} is {word} stop {stop}"))
            .hint(format!("swap them, or make the step {other}")));
    }
    let whole = exact(distance.checked_div_floor(step))?;
    let steps = whole.to_i64().filter(|&steps| steps < MOST_VALUES).ok_or_else(|| too_many(rule.span))?;
    let lands = exact(step.checked_mul(whole))? == distance;
    let last = if rule.exclusive == Some(true) && lands { steps - 1 } else { steps };
    if last < 0 {
        return Err(Problem::at(rule.span, "this range is empty").hint("`exclusive` leaves `stop` itself out"));
    }
    (0..=last).map(|index| exact(step.checked_mul(index.into()).and_then(|offset| offset.checked_add(start)))).collect()
}

/// The ends as they are, and what `between` makes of the rest.
fn steps(
    rule: &StepsFile,
    between: fn(&StepsFile, Decimal, Decimal) -> Result<Option<Decimal>, Problem>,
) -> Result<Vec<Decimal>, Problem> {
    let (start, stop) = (rule.start.value, rule.stop.value);
    if rule.count.value < 2 {
        return Err(Problem::at(rule.count.span, "`count` must be at least 2: both ends are values"));
    }
    if i64::from(rule.count.value) > MOST_VALUES {
        return Err(too_many(rule.count.span));
    }
    if start >= stop {
        let word = if start == stop { "equal to" } else { "above" };
        return Err(Problem::at(rule.start.span, format!("start {start} is {word} stop {stop}")).hint("swap them"));
    }
    let last = i64::from(rule.count.value) - 1;
    (0..=last)
        .map(|index| match index {
            0 => Ok(start),
            _ if index == last => Ok(stop),
            _ => between(rule, index.into(), last.into())?.ok_or_else(|| too_many(rule.span)),
        })
        .collect()
}

fn linear(rule: &StepsFile, index: Decimal, last: Decimal) -> Result<Option<Decimal>, Problem> {
    let (start, stop) = (rule.start.value, rule.stop.value);
    let exact = stop.checked_sub(start).and_then(|distance| distance.checked_mul(index));
    let Some(scaled) = exact else { return Ok(None) };
    let Some(offset) = scaled.checked_div(last) else { return Ok(None) };
    // A quotient that terminates multiplies back; any other would fill names with digits.
    if offset.checked_mul(last) == Some(scaled) {
        return Ok(offset.checked_add(start));
    }
    Ok(rounded(start.to_f64() + offset.to_f64()))
}

fn logarithmic(rule: &StepsFile, index: Decimal, last: Decimal) -> Result<Option<Decimal>, Problem> {
    let (start, stop) = (rule.start.value, rule.stop.value);
    if start.is_negative() || start.is_zero() {
        return Err(Problem::at(rule.start.span, format!("start {start} must be above 0 for `log`")));
    }
    let share = index.to_f64() / last.to_f64();
    Ok(rounded((start.to_f64().ln() * (1.0 - share) + stop.to_f64().ln() * share).exp()))
}

/// Rounds to 6 significant digits.
fn rounded(value: f64) -> Option<Decimal> {
    format!("{value:.*e}", DIGITS as usize - 1).parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::value::Problems;
    use proptest::prelude::*;

    fn values(text: &str) -> String {
        let files = |path: &str| match path {
            "list.txt" => Ok("# supplies\n1.80\n\n  3.3 \n".to_owned()),
            "empty.txt" => Ok("# nothing\n".to_owned()),
            _ => Err("no such file".to_owned()),
        };
        let mut context = Context::new("a.yaml", text, &files);
        let node = context.compose(0).unwrap();
        let found = context.decode::<ValuesFile>(&node).map(|values| generate(&values, node.span, &mut context));
        if context.problems.is_empty() {
            return found.unwrap().iter().map(|value| value.scalar.to_string()).collect::<Vec<_>>().join(" ");
        }
        Problems { list: context.problems, sources: context.sources }.to_string()
    }

    #[test]
    fn rules_make_values() {
        let check = |text: &str, expected: &str| assert_eq!(values(text), expected, "{text}");
        check("3", "3");
        check("[1.80, no, \"1.10\", true]", "1.8 no 1.10 true");
        check("{ range: { start: 0.1, stop: 0.3, step: 0.1 } }", "0.1 0.2 0.3");
        check("{ range: { start: 1, stop: 8, step: 3 } }", "1 4 7");
        check("{ range: { start: 1, stop: 7, step: 3, exclusive: true } }", "1 4");
        check("{ range: { start: 1, stop: 8, step: 3, exclusive: true } }", "1 4 7");
        check("{ range: { start: 3, stop: 1, step: -1 } }", "3 2 1");
        check("{ range: { start: 2, stop: 2, step: 1 } }", "2");
        check("{ range: { start: 1e-9, stop: 3e-9, step: 1e-9 } }", "0.000000001 0.000000002 0.000000003");
        check("{ linear: { start: 0, stop: 1, count: 5 } }", "0 0.25 0.5 0.75 1");
        check("{ linear: { start: 0, stop: 1, count: 4 } }", "0 0.333333 0.666667 1");
        check("{ log: { start: 1, stop: 1000, count: 4 } }", "1 10 100 1000");
        check("{ log: { start: 1, stop: 2, count: 3 } }", "1 1.41421 2");
        check("{ file: list.txt }", "1.8 3.3");
    }

    #[test]
    fn rules_that_make_none() {
        let check = |text: &str, expected: &str| assert_eq!(values(text), expected, "{text}");
        check(
            "[]",
            "a.yaml:1:1: a list of values needs at least one (leave the key out if the parameter is to be absent)",
        );
        check(
            "{ range: { start: 8, stop: 1, step: 3 } }",
            "a.yaml:1:19: start 8 is above stop 1 (swap them, or make the step negative)",
        );
        check(
            "{ range: { start: 1, stop: 8, step: -3 } }",
            "a.yaml:1:19: start 1 is below stop 8 (swap them, or make the step positive)",
        );
        check("{ range: { start: 1, stop: 8, step: 0 } }", "a.yaml:1:37: a step of 0 never arrives");
        check(
            "{ range: { start: 1, stop: 1, step: 1, exclusive: true } }",
            "a.yaml:1:10: this range is empty (`exclusive` leaves `stop` itself out)",
        );
        check("{ range: { start: 0, stop: 1e30, step: 1e-30 } }", "a.yaml:1:10: this makes more than 1000000 values");
        check("{ range: { start: 0, stop: 1, step: 1e-7 } }", "a.yaml:1:10: this makes more than 1000000 values");
        check("{ range: { start: 0, stop: 1 } }", "a.yaml:1:10: `step` is missing here");
        check("{ range: { start: a, stop: 1, step: 1 } }", "a.yaml:1:19: expected a number, found the text `a`");
        check(
            "{ range: { start: \"0\", stop: 1, step: 1 } }",
            "a.yaml:1:19: expected a number, found the text `0` (remove the quotes)",
        );
        check(
            "{ linear: { start: 0, stop: 1, count: 1 } }",
            "a.yaml:1:39: `count` must be at least 2: both ends are values",
        );
        check("{ log: { start: 0, stop: 1, count: 3 } }", "a.yaml:1:17: start 0 must be above 0 for `log`");
        check("{ log: { start: 2, stop: 1, count: 3 } }", "a.yaml:1:17: start 2 is above stop 1 (swap them)");
        check(
            "{ rnage: { start: 2 } }",
            "a.yaml:1:3: unknown key `rnage` in a rule for values (did you mean `range`?)",
        );
        check(
            "{ file: other.txt }",
            "a.yaml:1:9: cannot read `other.txt`: no such file (the path is relative to the folder of the suite file)",
        );
        check("{ file: /etc/list.txt }", "a.yaml:1:9: cannot read `/etc/list.txt`: the path must be relative");
        check("{ file: empty.txt }", "a.yaml:1:9: `empty.txt` holds no values");
        check("[1, [2]]", "a.yaml:1:5: expected a value, found a list (remove the brackets or the dash)");
        check(
            "[1, ~]",
            "a.yaml:1:5: expected a value, found nothing (for the text write `\"null\"` or `\"\"`, in quotes)",
        );
    }

    proptest! {
        #[test]
        fn ranges_have_the_members_one_counts(start in -1000i64..1000, steps in 0i64..50, step in 1i64..500, places in 0i32..8) {
            let at = |value: i64| Decimal::new(value.into(), -places);
            let text = format!(
                "{{ range: {{ start: {}, stop: {}, step: {} }} }}", at(start), at(start + steps * step), at(step)
            );
            let expected: Vec<String> = (0..=steps).map(|index| at(start + index * step).to_string()).collect();
            prop_assert_eq!(values(&text), expected.join(" "));
        }
    }
}
