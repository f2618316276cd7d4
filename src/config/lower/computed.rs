//! `let`s and other computed values.

use super::scope::Scope;
use super::vocabulary::check_name;
use crate::config::context::Context;
use crate::config::leaves::Mapped;
use crate::config::node::Text;
use crate::config::values_file::{ComputedFile, PickFile};
use crate::suite::{Computed, Let, ParamIndex, Part, Template};
use crate::value::{Problem, Scalar, Span};
use std::collections::BTreeMap;

/// What a text is at some level of the suite.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Texts {
    /// Braces are placeholders.
    Templates,
    /// Braces are braces.
    Data,
}

/// Reads a computed value.
pub(crate) fn computed(file: &ComputedFile, texts: Texts, scope: &Scope, context: &mut Context) -> Option<Computed> {
    match file {
        ComputedFile::One(text) => one(text, texts, scope, context),
        ComputedFile::List(items, _) => {
            let read: Vec<Template> =
                items.iter().filter_map(|item| item_template(&item.0, texts, scope, context)).collect();
            (read.len() == items.len()).then_some(Computed::List(read))
        }
        ComputedFile::Expr(text) => scope.expression(text, context).map(Computed::Expr),
        ComputedFile::Pick(pick) => {
            let (param, from) = choices(pick, scope, context, |value, context| computed(value, texts, scope, context))?;
            let otherwise = match &pick.otherwise {
                Some(value) => Some(Box::new(computed(value, texts, scope, context)?)),
                None => None,
            };
            Some(Computed::Pick { param, from, otherwise })
        }
    }
}

fn one(text: &Text, texts: Texts, scope: &Scope, context: &mut Context) -> Option<Computed> {
    let scalar = text.infer();
    if texts == Texts::Data || !matches!(scalar, Scalar::Text(_)) {
        return Some(Computed::Scalar(scalar));
    }
    let template = scope.template(text, context)?;
    Some(match template.as_literal() {
        Some(literal) => Computed::Scalar(Scalar::Text(literal.to_owned())),
        None => Computed::Text(template),
    })
}

fn item_template(text: &Text, texts: Texts, scope: &Scope, context: &mut Context) -> Option<Template> {
    match texts {
        Texts::Templates => scope.template(text, context),
        Texts::Data => Some(Template::literal(text.as_str(), text.span)),
    }
}

/// Reads the choices of a `pick`: the parameter, and what each of its values gives.
pub(crate) fn choices<T, U>(
    pick: &PickFile<T>,
    scope: &Scope,
    context: &mut Context,
    mut read: impl FnMut(&T, &mut Context) -> Option<U>,
) -> Option<(ParamIndex, Vec<(Scalar, U)>)> {
    let before = context.problems.len();
    let param = scope.vocabulary.find(&pick.param, context);
    if let (Some(param), Some(owner)) = (param, &scope.owner)
        && !owner.params.contains(&param)
    {
        let name = pick.param.as_str();
        let problem = Problem::at(pick.param.span, format!("`{name}` has no value in {}", owner.name));
        context.problem(problem.hint(owner.hint(name)));
    }
    let mut from: Vec<(Scalar, U)> = Vec::with_capacity(pick.from.len());
    for (key, value) in &pick.from {
        let key_value = param.and_then(|param| scope.vocabulary.choice(param, key, context));
        let value = read(value, context);
        let (Some(scalar), Some(value)) = (key_value, value) else { continue };
        if from.iter().any(|(earlier, _)| *earlier == scalar) {
            let problem = Problem::at(key.span, format!("`{}` has two choices", scalar));
            context.problem(problem.hint("remove one of the two"));
            continue;
        }
        from.push((scalar, value));
    }
    (context.problems.len() == before).then_some((param?, from))
}

/// Reads named values.
pub(crate) fn lets(
    file: Option<&Mapped<ComputedFile>>,
    texts: Texts,
    scope: &Scope,
    context: &mut Context,
) -> Vec<Let> {
    let mut found = Vec::new();
    for (name, value) in file.into_iter().flat_map(|Mapped(entries)| entries) {
        if !check_name(name, "`let`", context) {
            continue;
        }
        if scope.vocabulary.param(name.as_str()).is_some() {
            let problem = Problem::at(name.span, format!("`{}` is a parameter already", name.as_str()));
            context.problem(problem.hint("rename the `let`"));
            continue;
        }
        if let Some(value) = computed(value, texts, scope, context) {
            found.push(Let { name: name.as_str().to_owned(), value, span: name.span });
        }
    }
    found
}

/// Returns the names that a map defines.
pub(crate) fn let_names(file: Option<&Mapped<ComputedFile>>) -> impl Iterator<Item = &str> {
    file.into_iter().flat_map(|Mapped(entries)| entries).map(|(name, _)| name.as_str())
}

/// Finds `let`s that need themselves. Of the levels, the last one that defines a name wins.
pub(crate) fn check_circles(levels: &[&[Let]], context: &mut Context) {
    let mut all: BTreeMap<&str, &Let> = BTreeMap::new();
    for level in levels {
        all.extend(level.iter().map(|found| (found.name.as_str(), found)));
    }
    let mut done: BTreeMap<&str, bool> = BTreeMap::new();
    for name in all.keys() {
        let mut path = Vec::new();
        if let Some(circle) = walk(name, &all, &mut done, &mut path) {
            let place = all[circle[0]].span;
            let message = match circle.as_slice() {
                long if long.len() >= LONGEST_CHAIN => {
                    format!("`{}` needs a chain of more than {LONGEST_CHAIN} values", circle[0])
                }
                [one] => format!("`{one}` needs itself"),
                several => format!("`{}` need each other", several.join("`, `")),
            };
            if !context.problems.iter().any(|problem| problem.span == Some(place)) {
                context
                    .problem(Problem::at(place, message).hint("a value cannot depend on itself; rename one of them"));
            }
        }
    }
}

/// The most `let`s that need one another in a row.
const LONGEST_CHAIN: usize = 100;

/// Walks depth first; `done` is false while a name is on the path.
fn walk<'a>(
    name: &'a str,
    all: &BTreeMap<&'a str, &'a Let>,
    done: &mut BTreeMap<&'a str, bool>,
    path: &mut Vec<&'a str>,
) -> Option<Vec<&'a str>> {
    match done.get(name) {
        Some(true) => return None,
        Some(false) => {
            let start = path.iter().position(|on_path| *on_path == name).unwrap_or(0);
            return Some(path[start..].to_vec());
        }
        None => {}
    }
    let found = all.get(name)?;
    if path.len() >= LONGEST_CHAIN {
        return Some(path.clone());
    }
    done.insert(name, false);
    path.push(name);
    let mut used = Vec::new();
    names_of(&found.value, &mut used);
    let circle = used.iter().find_map(|used| {
        let (used, _) = all.get_key_value(used.as_str())?;
        walk(used, all, done, path)
    });
    path.pop();
    done.insert(name, true);
    circle
}

fn names_of(value: &Computed, names: &mut Vec<String>) {
    let mut template = |template: &Template| {
        names.extend(template.parts.iter().filter_map(|part| match part {
            Part::Let(name) => Some(name.clone()),
            Part::Literal(_) | Part::Param(_) | Part::Name | Part::Shmoo | Part::Cases => None,
        }));
    };
    match value {
        Computed::Scalar(_) => {}
        Computed::Text(text) => template(text),
        Computed::List(items) => items.iter().for_each(template),
        Computed::Expr(expr) => names.extend(expr.names().iter().map(|found| found.name.to_owned())),
        Computed::Pick { from, otherwise, .. } => {
            for value in from.iter().map(|(_, value)| value).chain(otherwise.as_deref()) {
                names_of(value, names);
            }
        }
    }
}

/// Calls `see` for every value that is written out.
pub(crate) fn for_each_scalar(file: &ComputedFile, see: &mut dyn FnMut(&Text)) {
    match file {
        ComputedFile::One(text) => see(text),
        ComputedFile::List(..) | ComputedFile::Expr(_) => {}
        ComputedFile::Pick(pick) => {
            pick.from
                .iter()
                .map(|(_, value)| value)
                .chain(&pick.otherwise)
                .for_each(|value| for_each_scalar(value, see));
        }
    }
}

/// Returns the first place where a computed value is a list.
pub(crate) fn first_list(file: &ComputedFile) -> Option<Span> {
    match file {
        ComputedFile::List(_, span) => Some(*span),
        ComputedFile::One(_) | ComputedFile::Expr(_) => None,
        ComputedFile::Pick(pick) => {
            pick.from.iter().map(|(_, value)| value).chain(&pick.otherwise).find_map(first_list)
        }
    }
}
