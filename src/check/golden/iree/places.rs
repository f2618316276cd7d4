//! Where the golden of a metric at a point stands in IREE's files, and which goldens there belong to no point.

use super::super::planned::PlannedPoint;
use super::super::profile::suite_takes;
use crate::check::condition::Condition;
use crate::suite::{IreeField, IreeFiles, IreeJson, ParamIndex, Part, StageIndex, Suite, Template};
use crate::value::{Scalar, Value};
use std::collections::BTreeSet;

/// The place of a golden.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Slot {
    /// The file, relative to the folder.
    pub(super) file: String,
    /// The key of the file.
    pub(super) field: IreeField,
    /// The key in its map.
    pub(super) key: Option<String>,
}

impl Slot {
    /// Returns the place below the file, for people: `golden_time_ms.mi300`.
    pub(super) fn path(&self) -> String {
        let name = self.field.name();
        self.key.as_ref().map_or_else(|| name.to_owned(), |key| format!("{name}.{}", key.escape_debug()))
    }
}

/// Returns the place of a metric's golden at a point.
///
/// # Errors
/// Why it has none.
pub(super) fn place(
    suite: &Suite,
    source: &IreeJson,
    point: &PlannedPoint,
    (stage, metric): (StageIndex, usize),
) -> Result<Slot, String> {
    for files in source.files.iter().rev() {
        let own = files.fields.iter().rev().find(|(own, index, _)| (*own, *index) == (stage, metric));
        let Some((_, _, field)) = own else { continue };
        let param = |name: &str| {
            let found = point.params.iter().find(|(known, _)| known == name);
            found.map(|(_, value)| Value::Scalar(value.clone()))
        };
        match Condition::new(files.constraint.as_ref()).holds(&param) {
            Ok(true) => {}
            Ok(false) => continue,
            Err(err) => {
                let place = suite.sources.place(files.span);
                return Err(format!("{place}: the `where` of its files has no answer here: {err}"));
            }
        }
        let file = render(suite, &files.name, point)?;
        let key = files.key.as_ref().map(|key| render(suite, key, point)).transpose()?;
        return Ok(Slot { file, field: *field, key });
    }
    Err("`files` of `goldens` has no place for it".to_owned())
}

fn render(suite: &Suite, template: &Template, point: &PlannedPoint) -> Result<String, String> {
    let mut text = String::new();
    for part in &template.parts {
        match part {
            Part::Literal(literal) => text.push_str(literal),
            Part::Name => text.push_str(point.point.as_str()),
            Part::Param(param) => {
                let name = &suite.schema.params()[*param].name;
                let value = point.params.iter().find(|(known, _)| known == name).map(|(_, value)| value.to_string());
                text.push_str(
                    &value.ok_or_else(|| format!("`{name}`, which names the place of its golden, has no value"))?,
                );
            }
            // The loader refuses them.
            Part::Let(name) => return Err(format!("`{name}` cannot name the place of a golden")),
            Part::Shmoo | Part::Cases => return Err("the place of its golden has no name".to_owned()),
        }
    }
    Ok(text)
}

/// Tells whether a file may be one of these.
pub(super) fn may_be(files: &IreeFiles, name: &str) -> bool {
    fits(&files.name.parts, name, '/')
}

/// Tells whether a key of a map, or none, may belong to these files.
pub(super) fn may_have(files: &IreeFiles, key: Option<&str>) -> bool {
    match (&files.key, key) {
        (Some(template), Some(key)) => fits(&template.parts, key, '\0'),
        (None, None) => true,
        (Some(_), None) | (None, Some(_)) => false,
    }
}

/// Tells whether a text is a template with something at each placeholder that does not hold `not`.
fn fits(parts: &[Part], text: &str, not: char) -> bool {
    match parts.split_first() {
        None => text.is_empty(),
        Some((Part::Literal(literal), rest)) => {
            text.strip_prefix(literal.as_str()).is_some_and(|text| fits(rest, text, not))
        }
        Some((_, rest)) => {
            let ends = text.char_indices().take_while(|(_, c)| *c != not).map(|(at, c)| at + c.len_utf8());
            ends.into_iter().any(|end| fits(rest, &text[end..], not))
        }
    }
}

/// Tells whether some profile plans a point with its golden there, and the suite alone does not.
///
/// Constraints are left aside, as for the rows of a table.
pub(super) fn only_in_a_profile(suite: &Suite, files: &IreeFiles, slot: &Slot) -> bool {
    let mut texts = vec![(files.name.parts.as_slice(), slot.file.as_str())];
    if let (Some(template), Some(key)) = (&files.key, &slot.key) {
        texts.push((template.parts.as_slice(), key.as_str()));
    }
    Assigning { suite, bound: Vec::new() }.fits(&texts)
}

/// Values for the placeholders of templates.
struct Assigning<'s> {
    suite: &'s Suite,
    bound: Vec<(ParamIndex, Scalar)>,
}

impl Assigning<'_> {
    /// Tells whether values make the templates these texts, one of which only a profile takes.
    fn fits(&mut self, texts: &[(&[Part], &str)]) -> bool {
        let Some(((parts, text), others)) = texts.split_first() else {
            return self.bound.iter().any(|(param, value)| !suite_takes(self.suite, *param, value));
        };
        let Some((part, rest)) = parts.split_first() else { return text.is_empty() && self.fits(others) };
        let values: Vec<Scalar> = match part {
            Part::Literal(literal) => {
                return text.strip_prefix(literal.as_str()).is_some_and(|text| self.go_on(rest, text, others));
            }
            Part::Param(param) => match self.bound.iter().find(|(bound, _)| bound == param) {
                Some((_, value)) => vec![value.clone()],
                None => values(self.suite, *param),
            },
            Part::Let(_) | Part::Name | Part::Shmoo | Part::Cases => return false,
        };
        let Part::Param(param) = part else { return false };
        for value in values {
            let Some(text) = text.strip_prefix(value.to_string().as_str()) else { continue };
            self.bound.push((*param, value));
            let found = self.go_on(rest, text, others);
            self.bound.pop();
            if found {
                return true;
            }
        }
        false
    }

    fn go_on(&mut self, rest: &[Part], text: &str, others: &[(&[Part], &str)]) -> bool {
        let mut texts = vec![(rest, text)];
        texts.extend_from_slice(others);
        self.fits(&texts)
    }
}

/// Returns all values that a parameter takes, with and without profiles.
fn values(suite: &Suite, param: ParamIndex) -> Vec<Scalar> {
    let definition = &suite.schema.params()[param];
    let over = |over: &[(ParamIndex, Vec<Scalar>)]| {
        let own = over.iter().filter(move |(own, _)| *own == param);
        own.flat_map(|(_, values)| values.iter().cloned()).collect::<Vec<_>>()
    };
    let mut all: Vec<Scalar> = definition.values.iter().chain(&definition.default).cloned().collect();
    all.extend(suite.blocks.iter().flat_map(|block| over(&block.over)));
    all.extend(suite.profiles.iter().flat_map(|profile| over(&profile.over)));
    let mut seen = BTreeSet::new();
    all.retain(|value| seen.insert(value.to_string()));
    all
}
