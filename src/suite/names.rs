//! Which names a stage uses: what `plan` must give one value for each task.

use super::{Argument, Command, Computed, EvidenceFile, InputName, Let, ParamIndex, Part, Source, Stage, Template};
use crate::expr::Expr;
use std::collections::BTreeSet;

/// Names that a stage refers to, directly or through its own `let`s.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct NamesUsed {
    /// Parameters named by placeholders and picks.
    pub params: BTreeSet<ParamIndex>,
    /// Names in expressions and placeholders that are not known to be parameters: `let`s, fields,
    /// metrics, or parameters named by an expression.
    pub names: BTreeSet<String>,
}

impl NamesUsed {
    /// Adds the names of an expression.
    pub fn expr(&mut self, expr: &Expr) {
        self.names.extend(expr.names().iter().chain(&expr.guarded_names()).map(|name| name.name.to_owned()));
    }

    /// Adds the names of a template.
    pub fn template(&mut self, template: &Template) {
        for part in &template.parts {
            match part {
                Part::Param(param) => {
                    self.params.insert(*param);
                }
                Part::Let(name) => {
                    self.names.insert(name.clone());
                }
                Part::Literal(_) | Part::Name | Part::Shmoo | Part::Cases => {}
            }
        }
    }

    /// Adds the names of a value.
    pub fn computed(&mut self, computed: &Computed) {
        match computed {
            Computed::Scalar(_) => {}
            Computed::Text(template) => self.template(template),
            Computed::List(items) => items.iter().for_each(|item| self.template(item)),
            Computed::Expr(expr) => self.expr(expr),
            Computed::Pick { param, from, otherwise } => {
                self.params.insert(*param);
                from.iter().map(|(_, value)| value).chain(otherwise.as_deref()).for_each(|value| self.computed(value));
            }
        }
    }

    fn source(&mut self, source: &Source) {
        match source {
            Source::Root(template) | Source::Output { output: template, .. } => self.template(template),
            // The placeholders of `each` are those of the tasks it comes from.
            Source::Rows(_) | Source::Each { .. } => {}
            Source::Pick { param, from } => {
                self.params.insert(*param);
                from.iter().for_each(|(_, source)| self.source(source));
            }
        }
    }

    fn lets(&mut self, lets: &[Let]) {
        lets.iter().for_each(|entry| self.computed(&entry.value));
    }
}

impl Stage {
    /// Returns the names that the tasks of this stage depend on. For `shell`, a `let` counts if its
    /// variable `SHMOO_LET_NAME` occurs in the text; `known_lets` are those of the whole suite.
    pub fn names_used<'a>(&self, known_lets: impl Iterator<Item = &'a str>) -> NamesUsed {
        let mut used = NamesUsed::default();
        match &self.command {
            Command::Arguments(items) => {
                for item in items {
                    match item {
                        Argument::One(template) => used.template(template),
                        Argument::Optional(group) => group.iter().for_each(|template| used.template(template)),
                        Argument::Splice { name, .. } => {
                            used.names.insert(name.clone());
                        }
                    }
                }
            }
            Command::Shell(text) => {
                used.names
                    .extend(known_lets.filter(|name| names_variable(text, &let_variable(name))).map(str::to_owned));
            }
        }
        used.lets(&self.lets);
        self.when.iter().for_each(|expr| used.expr(expr));
        for input in &self.inputs {
            used.source(&input.source);
            if let InputName::Given(template) = &input.name {
                used.template(template);
            }
        }
        if let super::After::Pick { param, .. } = &self.after {
            used.params.insert(*param);
        }
        self.env.iter().for_each(|(_, value)| used.computed(value));
        self.outputs.iter().for_each(|template| used.template(template));
        for evidence in &self.evidence {
            if let EvidenceFile::File(template) = &evidence.file {
                used.template(template);
            }
        }
        self.rows.iter().for_each(|rows| used.template(&rows.csv));
        self.timeout.iter().for_each(|value| used.computed(value));
        self.runner.iter().for_each(|template| used.template(template));
        for metric in &self.metrics {
            metric.of.iter().for_each(|expr| used.expr(expr));
            metric.expect.iter().for_each(|expect| used.computed(&expect.value));
        }
        self.retry.iter().for_each(|retry| used.lets(&retry.set));
        used
    }
}

/// Tells whether a shell text names a variable, and not only a longer one that begins or ends like it.
fn names_variable(text: &str, variable: &str) -> bool {
    let part_of_word = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    text.match_indices(variable).any(|(start, _)| {
        let (before, after) = (text[..start].bytes().last(), text[start + variable.len()..].bytes().next());
        !before.is_some_and(part_of_word) && !after.is_some_and(part_of_word)
    })
}

/// Returns the environment variable that holds a `let` for `shell`: `SHMOO_LET_TD`.
pub fn let_variable(name: &str) -> String {
    format!("SHMOO_LET_{}", name.to_uppercase())
}

/// Returns the environment variable that holds a parameter for `shell`: `SHMOO_PARAM_VDD`.
pub fn param_variable(name: &str) -> String {
    format!("SHMOO_PARAM_{}", name.to_uppercase())
}
