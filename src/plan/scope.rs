//! The values that expressions and templates see: parameters and `let`s at one case.
//!
//! A stage's `let` hides a block's, which hides the suite's. What a retry has set hides them all.

use crate::expr::{Expr, Fault};
use crate::naming::Schema;
use crate::suite::{Argument, Computed, Let, ParamIndex, Part, StageIndex, Suite, Template};
use crate::value::{Problem, Scalar, Span, Value};
use std::collections::{BTreeMap, BTreeSet};

/// How deep `let`s may refer to each other.
const MAX_DEPTH: usize = 32;

/// Values at one case, seen from a block and maybe a stage.
#[derive(Clone, Copy)]
pub struct Scope<'a> {
    suite: &'a Suite,
    block: Option<usize>,
    stage: Option<StageIndex>,
    value_of: &'a dyn Fn(ParamIndex) -> Option<&'a Scalar>,
    set: Option<&'a BTreeMap<String, Value>>,
    point_name: &'a str,
    depth: usize,
}

impl<'a> Scope<'a> {
    /// Returns the scope of a block, where `where` lines are evaluated.
    pub fn of_block(
        suite: &'a Suite,
        block: Option<usize>,
        value_of: &'a dyn Fn(ParamIndex) -> Option<&'a Scalar>,
    ) -> Scope<'a> {
        Scope { suite, block, stage: None, value_of, set: None, point_name: "", depth: 0 }
    }

    /// Returns the scope of a stage; `point_name` is what `{name}` gives.
    pub fn at_stage(self, stage: StageIndex, point_name: &'a str) -> Scope<'a> {
        Scope { stage: Some(stage), point_name, ..self }
    }

    /// Returns the scope with values that a retry has set.
    pub fn with_set(self, set: &'a BTreeMap<String, Value>) -> Scope<'a> {
        Scope { set: Some(set), ..self }
    }

    fn schema(&self) -> &'a Schema {
        &self.suite.schema
    }

    /// Returns the `let` that a name means here.
    pub fn find_let(&self, name: &str) -> Option<&'a Let> {
        let suite = self.suite;
        let stage_lets = self.stage.map(|stage| &suite.stages[stage].lets);
        let block_lets = self.block.map(|block| &suite.blocks[block].lets);
        [stage_lets, block_lets, Some(&suite.lets)]
            .into_iter()
            .flatten()
            .find_map(|lets| lets.iter().find(|entry| entry.name == name))
    }

    /// Returns the value of a name, `None` if it has none here.
    pub fn lookup(&self, name: &str) -> Result<Option<Value>, Problem> {
        if let Some(value) = self.set.and_then(|set| set.get(name)) {
            return Ok(Some(value.clone()));
        }
        if let Some(entry) = self.find_let(name) {
            if self.depth >= MAX_DEPTH {
                return Err(Problem::at(entry.span, format!("`{name}` refers to itself")));
            }
            let deeper = Scope { depth: self.depth + 1, ..*self };
            return deeper.computed(&entry.value, entry.span).map(Some);
        }
        Ok(self
            .schema()
            .index(name)
            .and_then(|param| (self.value_of)(param))
            .map(|scalar| Value::Scalar(scalar.clone())))
    }

    /// Computes a value; `span` places errors.
    pub fn computed(&self, computed: &Computed, span: Span) -> Result<Value, Problem> {
        match computed {
            Computed::Scalar(scalar) => Ok(Value::Scalar(scalar.clone())),
            Computed::Text(template) => Ok(Value::Scalar(Scalar::Text(self.fill(template)?))),
            Computed::List(items) => {
                let items: Result<_, _> = items.iter().map(|item| self.fill(item).map(Scalar::Text)).collect();
                Ok(Value::List(items?))
            }
            Computed::Expr(expr) => self.eval(expr, span),
            Computed::Pick { param, from, otherwise } => {
                let value = (self.value_of)(*param);
                let chosen = value.and_then(|value| from.iter().find(|(choice, _)| choice == value));
                match (chosen, otherwise) {
                    (Some((_, computed)), _) => self.computed(computed, span),
                    (None, Some(computed)) => self.computed(computed, span),
                    (None, None) => Err(self.no_choice(*param, span)),
                }
            }
        }
    }

    /// Returns the problem of a `pick` without an entry for the value here.
    pub fn no_choice(&self, param: ParamIndex, span: Span) -> Problem {
        let name = &self.schema().params()[param].name;
        let message = match (self.value_of)(param) {
            Some(value) => format!("`pick: {name}` has no entry for {value}"),
            None => format!("`pick: {name}` has no entry for cases without `{name}`"),
        };
        Problem::at(span, message).hint("add the entry, or `else:`")
    }

    /// Evaluates an expression in exact decimals.
    pub fn eval(&self, expr: &Expr, span: Span) -> Result<Value, Problem> {
        let names = names_of(expr);
        let mut values = Vec::with_capacity(names.len());
        let mut failures = Vec::new();
        for name in &names {
            match self.lookup(name) {
                Ok(value) => values.push(value),
                // Matters only if the value is wanted: the other side of an `and` may decide.
                Err(problem) => {
                    values.push(None);
                    failures.push((name.clone(), problem));
                }
            }
        }
        let place = |offset, length| span_in(span, expr, offset, length);
        let program = expr.compile(&names).map_err(|error| {
            Problem::at(place(error.offset, error.length), error.message.clone()).maybe_hint(error.hint.clone())
        })?;
        program.eval(|slot: usize| values[slot].as_ref().map(Into::into)).map_err(|error| {
            if let Fault::Absent { name, .. } = &error.fault
                && let Some((_, problem)) = failures.into_iter().find(|(failed, _)| failed == name)
            {
                return problem;
            }
            Problem::at(place(error.offset, error.length), error.to_string()).maybe_hint(error.hint())
        })
    }

    /// Evaluates a truth value.
    pub fn holds(&self, expr: &Expr, span: Span) -> Result<bool, Problem> {
        match self.eval(expr, span)? {
            Value::Scalar(Scalar::Bool(truth)) => Ok(truth),
            other => {
                let kind = match &other {
                    Value::Scalar(scalar) => scalar.kind(),
                    Value::List(_) => "a list",
                };
                let message = format!("`{}` is {kind} ({other}), not a truth value", expr.text());
                Err(Problem::at(span, message))
            }
        }
    }

    /// Fills the placeholders of a template; `{shmoo}` and `{cases}` stay as they are, since only
    /// the machine that runs the task knows them.
    pub fn fill(&self, template: &Template) -> Result<String, Problem> {
        let mut text = String::new();
        for part in &template.parts {
            match part {
                Part::Literal(literal) => text.push_str(literal),
                Part::Param(param) => match (self.value_of)(*param) {
                    Some(value) => text.push_str(&value.to_string()),
                    None => {
                        let name = &self.schema().params()[*param].name;
                        return Err(Problem::at(template.span, format!("`{{{name}}}` has no value here"))
                            .hint("give the parameter a default, or put the argument into `[ ]`"));
                    }
                },
                Part::Let(name) => match self.lookup(name)? {
                    Some(Value::Scalar(value)) => text.push_str(&value.to_string()),
                    Some(Value::List(_)) => {
                        return Err(Problem::at(template.span, format!("`{{{name}}}` is a list"))
                            .hint(format!("write `{{{name}...}}` as an item of `cmd`")));
                    }
                    None => return Err(Problem::at(template.span, format!("`{{{name}}}` has no value here"))),
                },
                Part::Name => text.push_str(self.point_name),
                Part::Shmoo => text.push_str(SHMOO_MARK),
                Part::Cases => text.push_str(CASES_MARK),
            }
        }
        Ok(text)
    }

    /// Returns the arguments of a command.
    pub fn arguments(&self, items: &[Argument]) -> Result<Vec<String>, Problem> {
        let mut arguments = Vec::with_capacity(items.len());
        for item in items {
            match item {
                Argument::One(template) => arguments.push(self.fill(template)?),
                Argument::Optional(group) => {
                    let absent = |part: &Part| match part {
                        Part::Param(param) => (self.value_of)(*param).is_none(),
                        Part::Let(name) => matches!(self.lookup(name), Ok(None)),
                        Part::Literal(_) | Part::Name | Part::Shmoo | Part::Cases => false,
                    };
                    if !group.iter().flat_map(|template| &template.parts).any(absent) {
                        for template in group {
                            arguments.push(self.fill(template)?);
                        }
                    }
                }
                Argument::Splice { name, span } => match self.lookup(name)? {
                    Some(Value::List(items)) => arguments.extend(items.iter().map(ToString::to_string)),
                    Some(Value::Scalar(_)) => {
                        return Err(Problem::at(*span, format!("`{{{name}...}}` is not a list"))
                            .hint(format!("write `{{{name}}}`")));
                    }
                    None => return Err(Problem::at(*span, format!("`{{{name}...}}` has no value here"))),
                },
            }
        }
        Ok(arguments)
    }

    /// Returns the parameters that the value of a name depends on here.
    pub fn params_of(&self, name: &str, found: &mut BTreeSet<ParamIndex>) {
        if self.depth >= MAX_DEPTH {
            return;
        }
        match self.find_let(name) {
            Some(entry) => Scope { depth: self.depth + 1, ..*self }.params_of_computed(&entry.value, found),
            None => found.extend(self.schema().index(name)),
        }
    }

    /// Returns the parameters that a value depends on here.
    pub fn params_of_computed(&self, computed: &Computed, found: &mut BTreeSet<ParamIndex>) {
        match computed {
            Computed::Scalar(_) => {}
            Computed::Text(template) => self.params_of_template(template, found),
            Computed::List(items) => items.iter().for_each(|item| self.params_of_template(item, found)),
            Computed::Expr(expr) => names_of(expr).iter().for_each(|name| self.params_of(name, found)),
            Computed::Pick { param, from, otherwise } => {
                found.insert(*param);
                for computed in from.iter().map(|(_, computed)| computed).chain(otherwise.as_deref()) {
                    self.params_of_computed(computed, found);
                }
            }
        }
    }

    /// Returns the parameters that the text of a template depends on here.
    pub fn params_of_template(&self, template: &Template, found: &mut BTreeSet<ParamIndex>) {
        for part in &template.parts {
            match part {
                Part::Param(param) => {
                    found.insert(*param);
                }
                Part::Let(name) => self.params_of(name, found),
                Part::Literal(_) | Part::Name | Part::Shmoo | Part::Cases => {}
            }
        }
    }
}

/// Stands for the path of this program in filled texts, until the machine is known.
pub const SHMOO_MARK: &str = "\u{1}shmoo\u{1}";
/// Stands for the file of cases of a `rows` task in filled texts, until the folder is known.
pub const CASES_MARK: &str = "\u{1}cases\u{1}";

/// Returns the names an expression uses, `has` included, each once.
pub(super) fn names_of(expr: &Expr) -> Vec<String> {
    let names: BTreeSet<&str> = expr.names().iter().chain(&expr.guarded_names()).map(|name| name.name).collect();
    names.into_iter().map(str::to_owned).collect()
}

/// Returns the place of a part of an expression, if the span is the expression's own.
fn span_in(span: Span, expr: &Expr, offset: usize, length: usize) -> Span {
    if (span.end - span.start) as usize >= expr.text().len() { span.part(offset, length) } else { span }
}
