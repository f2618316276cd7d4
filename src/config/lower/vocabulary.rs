//! The words of a suite: parameters with the values they can have, and `let`s.

use crate::config::context::Context;
use crate::config::node::Text;
use crate::config::values_file::ComputedFile;
use crate::expr::{Expr, Function};
use crate::naming::Kind;
use crate::suite::{ParamIndex, Piece, split_template};
use crate::value::{Problem, Scalar, did_you_mean, is_identifier};
use std::collections::BTreeMap;

/// A parameter, as far as everything that refers to it must know.
#[derive(Debug, Clone)]
pub(crate) struct Parameter {
    /// The name.
    pub(crate) name: String,
    /// The kind of its values.
    pub(crate) kind: Kind,
    /// Every value it has anywhere in the suite.
    pub(crate) known: Vec<Scalar>,
    /// Whether it may have others.
    pub(crate) open: bool,
}

/// What is known of a `let` from all its definitions in the suite.
#[derive(Debug, Clone, Default)]
pub(crate) struct LetFacts {
    /// Values it can have.
    pub(crate) values: Vec<Scalar>,
    /// Whether it may have others.
    pub(crate) open: bool,
    /// Whether a definition is a list.
    pub(crate) list: bool,
    /// Whether a definition is a single value.
    pub(crate) single: bool,
}

/// Everything that can be named.
#[derive(Debug, Clone, Default)]
pub(crate) struct Vocabulary {
    /// The parameters in the order of names.
    pub(crate) params: Vec<Parameter>,
    /// The `let`s of the suite, its blocks, stages and models.
    pub(crate) lets: BTreeMap<String, LetFacts>,
}

/// Placeholders that everybody has.
pub(crate) const BUILT_IN: [&str; 3] = ["name", "shmoo", "cases"];

impl Vocabulary {
    /// Returns the parameter of a name.
    pub(crate) fn param(&self, name: &str) -> Option<ParamIndex> {
        self.params.iter().position(|param| param.name == name)
    }

    /// Returns the names of the parameters.
    pub(crate) fn names(&self) -> impl Iterator<Item = &str> + Clone {
        self.params.iter().map(|param| param.name.as_str())
    }

    /// Returns the parameter that a text names.
    pub(crate) fn find(&self, name: &Text, context: &mut Context) -> Option<ParamIndex> {
        let found = self.param(name.as_str());
        if found.is_none() {
            let problem = Problem::at(name.span, format!("there is no parameter `{}`", name.as_str()));
            context.problem(problem.maybe_hint(did_you_mean(name.as_str(), self.names())));
        }
        found
    }

    /// Returns the parameters that a list names, ascending.
    pub(crate) fn find_all(&self, names: &[Text], context: &mut Context) -> Vec<ParamIndex> {
        let mut found = Vec::new();
        for name in names {
            let Some(param) = self.find(name, context) else { continue };
            if found.contains(&param) {
                context.problem(Problem::at(name.span, format!("`{}` is named twice", name.as_str())));
            } else {
                found.push(param);
            }
        }
        found.sort_unstable();
        found
    }

    /// Reads one of the values that a parameter has somewhere in the suite.
    pub(crate) fn value(&self, param: ParamIndex, text: &Text, context: &mut Context) -> Option<Scalar> {
        let value = self.any_value(param, text, context)?;
        if let Some(problem) = self.never(param, &value, text) {
            context.problem(problem);
            return None;
        }
        Some(value)
    }

    /// Reads the value of a choice. One for a value that never occurs is dead, not wrong: tables of
    /// choices are copied between suites.
    pub(crate) fn choice(&self, param: ParamIndex, text: &Text, context: &mut Context) -> Option<Scalar> {
        let value = self.any_value(param, text, context)?;
        if let Some(problem) = self.never(param, &value, text) {
            context.warning(problem);
        }
        Some(value)
    }

    /// Reads a value of the kind of a parameter.
    fn any_value(&self, param: ParamIndex, text: &Text, context: &mut Context) -> Option<Scalar> {
        let Parameter { name, kind, .. } = &self.params[param];
        match of_kind(*kind, &text.infer(), text.as_str()) {
            Ok(value) => Some(value),
            Err(wanted) => {
                let message = format!("`{name}` is {wanted}, found {}", text.describe());
                context.problem(Problem::at(text.span, message));
                None
            }
        }
    }

    fn never(&self, param: ParamIndex, value: &Scalar, text: &Text) -> Option<Problem> {
        let Parameter { name, known, open, .. } = &self.params[param];
        if *open || known.contains(value) {
            return None;
        }
        Some(Problem::at(text.span, format!("`{name}` is never `{value}`")).maybe_hint(near(value, known)))
    }

    /// Adds what a definition of a `let` shows.
    pub(crate) fn learn(&mut self, name: &str, value: &ComputedFile, templates: bool) {
        self.lets.entry(name.to_owned()).or_default().learn(value, templates);
    }
}

impl LetFacts {
    fn learn(&mut self, value: &ComputedFile, templates: bool) {
        match value {
            ComputedFile::One(text) => {
                self.single = true;
                let pieces = if templates { split_template(text.as_str()).unwrap_or_default() } else { Vec::new() };
                if pieces.iter().any(|piece| matches!(piece, Piece::Hole { .. })) {
                    self.open = true;
                } else {
                    self.values.push(text.infer());
                }
            }
            ComputedFile::List(..) => self.list = true,
            ComputedFile::Expr(_) => {
                self.open = true;
                self.single = true;
                self.list = true;
            }
            ComputedFile::Pick(pick) => {
                for value in pick.from.iter().map(|(_, value)| value).chain(&pick.otherwise) {
                    self.learn(value, templates);
                }
            }
        }
    }
}

/// Returns a hint for a value that is none of the known ones. No number is likelier than another.
pub(crate) fn near(value: &Scalar, known: &[Scalar]) -> Option<String> {
    let texts: Vec<String> = known.iter().take(100).map(Scalar::to_string).collect();
    match value {
        Scalar::Text(text) => did_you_mean(text, texts.iter().map(String::as_str)),
        Scalar::Bool(_) | Scalar::Number(_) => {
            let more = if known.len() > 12 { ", ..." } else { "" };
            let shown = &texts[..texts.len().min(12)];
            (!shown.is_empty()).then(|| format!("known: `{}`{more}", shown.join("`, `")))
        }
    }
}

/// Reads a value as a kind; the error says what the kind wants.
pub(crate) fn of_kind(kind: Kind, scalar: &Scalar, text: &str) -> Result<Scalar, &'static str> {
    let number = || scalar.number().or_else(|| text.parse().ok());
    match kind {
        Kind::Word => Ok(Scalar::Text(text.to_owned())),
        Kind::Decimal => number().map(Scalar::Number).ok_or("a number"),
        Kind::Int => number().filter(|number| number.is_integer()).map(Scalar::Number).ok_or("a whole number"),
        Kind::Bool => match text {
            "true" => Ok(Scalar::Bool(true)),
            "false" => Ok(Scalar::Bool(false)),
            _ => Err("`true` or `false`"),
        },
    }
}

/// Checks the form of a name that expressions and placeholders use.
pub(crate) fn check_name(name: &Text, what: &str, context: &mut Context) -> bool {
    let text = name.as_str();
    let problem = |message: String, hint: &str| Problem::at(name.span, message).hint(hint);
    if !is_identifier(text) {
        let message = format!("`{text}` cannot name a {what}");
        context.problem(problem(message, "a name is a letter, then letters, digits and `_`"));
        return false;
    }
    if BUILT_IN.contains(&text) {
        let message = format!("`{text}` cannot name a {what}: `{{{text}}}` means something already");
        context.problem(problem(message, "rename it"));
        return false;
    }
    let is_name = Expr::parse(text).is_ok_and(|expr| expr.names().iter().any(|found| found.name == text));
    if !is_name || Function::named(text).is_some() || text == "has" {
        let message = format!("`{text}` cannot name a {what}: it is a word of expressions");
        context.problem(problem(message, "rename it"));
        return false;
    }
    true
}
