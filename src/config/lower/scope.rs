//! What an expression or a placeholder may name at its place, and the reading of both.

use super::vocabulary::{BUILT_IN, Vocabulary};
use crate::config::context::Context;
use crate::config::decode::MOST_PROBLEMS;
use crate::config::node::Text;
use crate::expr::{Expr, NameUse, TextComparison};
use crate::naming::Kind;
use crate::suite::{Constraint, ParamIndex, Part, Piece, Template, split_template};
use crate::value::{Problem, Scalar, did_you_mean};
use std::collections::BTreeMap;

const LET_HINT: &str = "a `let` can be used where it is defined and below";

/// What has one value of some parameters, such as a task of a stage.
#[derive(Debug, Clone)]
pub(crate) struct Owner<'v> {
    /// Those parameters.
    pub(crate) params: &'v [ParamIndex],
    /// What it is called.
    pub(crate) name: String,
    /// The key that lists the parameters.
    pub(crate) key: &'static str,
}

impl Owner<'_> {
    /// Says what to do about a parameter that is none of them.
    pub(crate) fn hint(&self, name: &str) -> String {
        format!("several values of `{name}` come together in it; add `{name}` to `{}`", self.key)
    }
}

/// The names that can be used at one place.
#[derive(Debug, Clone)]
pub(crate) struct Scope<'v> {
    /// The words of the suite.
    pub(crate) vocabulary: &'v Vocabulary,
    /// Whose parameters have one value here; `None` = all have.
    pub(crate) owner: Option<Owner<'v>>,
    /// `let`s that can be used.
    pub(crate) lets: Vec<&'v str>,
    /// Evidence fields and metrics that can be used.
    pub(crate) fields: Vec<String>,
    /// Whether evidence may give further fields.
    pub(crate) open: bool,
    /// Names that cannot be used here: why, and what to write.
    pub(crate) refused: BTreeMap<String, (String, String)>,
    /// Whether a comparison that never holds is only odd: a set of a model may be empty.
    pub(crate) lenient: bool,
    /// Whether `{cases}` is there.
    pub(crate) cases: bool,
}

impl<'v> Scope<'v> {
    /// Returns a scope with all parameters and these `let`s.
    pub(crate) fn new(vocabulary: &'v Vocabulary, lets: Vec<&'v str>) -> Scope<'v> {
        Scope {
            vocabulary,
            owner: None,
            lets,
            fields: Vec::new(),
            open: false,
            refused: BTreeMap::new(),
            lenient: false,
            cases: false,
        }
    }

    /// Returns why a name cannot be used here, if it cannot.
    fn refuse(&self, name: &str, what: &str) -> Option<(String, Option<String>)> {
        if let Some(param) = self.vocabulary.param(name) {
            let owner = self.owner.as_ref()?;
            let refused = || (format!("`{name}` has no value in {}", owner.name), Some(owner.hint(name)));
            return (!owner.params.contains(&param)).then(refused);
        }
        if self.lets.contains(&name) || self.fields.iter().any(|field| field == name) {
            return None;
        }
        if self.open {
            return None;
        }
        if let Some((message, hint)) = self.refused.get(name) {
            return Some((message.clone(), Some(hint.clone())));
        }
        if self.vocabulary.lets.contains_key(name) {
            return Some((format!("`{name}` is a `let`, and it has no value here"), Some(LET_HINT.to_owned())));
        }
        let known = self.known();
        Some((format!("unknown {what} `{name}`"), did_you_mean(name, known.iter().copied())))
    }

    fn known(&self) -> Vec<&str> {
        let params = self.vocabulary.params.iter().enumerate();
        let here = params.filter(|(index, _)| self.owner.as_ref().is_none_or(|owner| owner.params.contains(index)));
        let fields = self.fields.iter().map(String::as_str);
        here.map(|(_, param)| param.name.as_str()).chain(self.lets.iter().copied()).chain(fields).collect()
    }

    /// Reads an expression and checks its names and the texts it compares with.
    pub(crate) fn expression(&self, text: &Text, context: &mut Context) -> Option<Expr> {
        let expr = match Expr::parse(text.as_str()) {
            Ok(expr) => expr,
            Err(err) => {
                let problem = Problem::at(context.part(text, err.offset, err.length), err.message.clone());
                context.problem(problem.maybe_hint(err.hint));
                return None;
            }
        };
        let before = context.problems.len();
        let uses: Vec<NameUse<'_>> = expr.names().into_iter().chain(expr.guarded_names()).collect();
        let mut refused: Vec<&str> = Vec::new();
        for NameUse { name, offset, length } in uses {
            if refused.contains(&name) || context.problems.len() >= MOST_PROBLEMS {
                continue;
            }
            if let Some((message, hint)) = self.refuse(name, "name") {
                refused.push(name);
                let hint = hint.or_else(|| Some("a text stands in quotes".to_owned()));
                context.problem(Problem::at(context.part(text, offset, length), message).maybe_hint(hint));
            }
        }
        for comparison in expr.text_comparisons() {
            if context.problems.len() >= MOST_PROBLEMS {
                break;
            }
            self.check_comparison(&comparison, text, context);
        }
        (context.problems.len() == before).then_some(expr)
    }

    /// Reads an expression that must hold.
    pub(crate) fn constraint(&self, text: &Text, context: &mut Context) -> Option<Constraint> {
        Some(Constraint { expr: self.expression(text, context)?, span: text.span })
    }

    /// Reads expressions that must all hold.
    pub(crate) fn constraints(&self, texts: Option<&Vec<Text>>, context: &mut Context) -> Vec<Constraint> {
        texts.into_iter().flatten().filter_map(|text| self.constraint(text, context)).collect()
    }

    /// Refuses `netlist == 'pxe'` where `netlist` is never that: it would silently remove cases.
    fn check_comparison(&self, comparison: &TextComparison<'_>, text: &Text, context: &mut Context) {
        let TextComparison { name, literal, offset, length } = *comparison;
        // A field of the evidence hides a `let` of its name.
        if self.fields.iter().any(|field| field == name) {
            return;
        }
        let (values, open) = if let Some(facts) = self.lets.contains(&name).then(|| self.vocabulary.lets.get(name)) {
            let Some(facts) = facts else { return };
            (&facts.values, facts.open || facts.list)
        } else if let Some(param) = self.vocabulary.param(name) {
            let param = &self.vocabulary.params[param];
            if param.kind != Kind::Word {
                let kind = if param.kind == Kind::Bool { "a truth value" } else { "a number" };
                let message = format!("`{name}` is {kind}, and this is a text");
                let hint = match param.kind {
                    Kind::Bool => format!("write `{name}` or `not {name}`"),
                    Kind::Int | Kind::Decimal | Kind::Word => "remove the quotes".to_owned(),
                };
                context.problem(Problem::at(context.part(text, offset, length), message).hint(hint));
                return;
            }
            (&param.known, param.open)
        } else {
            return;
        };
        let is_literal = |value: &Scalar| matches!(value, Scalar::Text(text) if text == literal);
        if open || values.iter().any(is_literal) {
            return;
        }
        let mut texts: Vec<String> = values.iter().map(Scalar::to_string).collect();
        texts.dedup();
        let problem = Problem::at(context.part(text, offset, length), format!("`{name}` is never `{literal}`"));
        let problem = problem.maybe_hint(did_you_mean(literal, texts.iter().map(String::as_str)));
        if self.lenient {
            context.warning(problem);
        } else {
            context.problem(problem);
        }
    }

    /// Reads a text with placeholders.
    pub(crate) fn template(&self, text: &Text, context: &mut Context) -> Option<Template> {
        let pieces = self.pieces(text, context)?;
        let before = context.problems.len();
        let mut parts = Vec::with_capacity(pieces.len());
        for piece in pieces {
            match piece {
                Piece::Literal(literal) => parts.push(Part::Literal(literal)),
                Piece::Hole { name, splice: true, offset, length } => {
                    let problem = Problem::at(
                        context.part(text, offset, length),
                        format!("`{{{name}...}}` can only be a whole argument of `cmd`"),
                    );
                    context.problem(problem.hint("give it an item of its own"));
                }
                Piece::Hole { name, splice: false, offset, length } => {
                    parts.extend(self.hole(&name, text, (offset, length), context));
                }
            }
        }
        (context.problems.len() == before).then_some(Template { parts, span: text.span })
    }

    /// Returns the name of the list if the text is `{list...}` and nothing else.
    pub(crate) fn splice(&self, text: &Text, context: &mut Context) -> Option<String> {
        let pieces = split_template(text.as_str()).ok()?;
        let [Piece::Hole { name, splice: true, offset, length }] = pieces.as_slice() else {
            return None;
        };
        let place = context.part(text, *offset, *length);
        if self.vocabulary.param(name).is_some() {
            context.problem(
                Problem::at(place, format!("`{name}` is a parameter, not a list")).hint(format!("write `{{{name}}}`")),
            );
        } else if let Some((message, hint)) = self.refuse(name, "placeholder") {
            context.problem(Problem::at(place, message).maybe_hint(hint));
        } else if self.vocabulary.lets.get(name).is_some_and(|facts| !facts.list) {
            context.problem(Problem::at(place, format!("`{name}` is not a list")).hint(format!("write `{{{name}}}`")));
        }
        Some(name.clone())
    }

    fn pieces(&self, text: &Text, context: &mut Context) -> Option<Vec<Piece>> {
        match split_template(text.as_str()) {
            Ok(pieces) => Some(pieces),
            Err(err) => {
                let problem = Problem::at(context.part(text, err.offset, err.length), err.message.clone());
                context.problem(problem.hint(err.hint()));
                None
            }
        }
    }

    fn hole(&self, name: &str, text: &Text, place: (usize, usize), context: &mut Context) -> Option<Part> {
        let span = context.part(text, place.0, place.1);
        match name {
            "name" => return Some(Part::Name),
            "shmoo" => return Some(Part::Shmoo),
            "cases" if self.cases => return Some(Part::Cases),
            "cases" => {
                let problem = Problem::at(span, "`{cases}` is only there in a stage with `rows`");
                context.problem(problem);
                return None;
            }
            _ => {}
        }
        if let Some(facts) = self.lets.contains(&name).then(|| self.vocabulary.lets.get(name)).flatten() {
            if facts.list && !facts.single {
                let problem = Problem::at(span, format!("`{name}` is a list"));
                context.problem(problem.hint(format!("write `{{{name}...}}` as an item of `cmd`")));
                return None;
            }
            return Some(Part::Let(name.to_owned()));
        }
        let known: Vec<&str> = self.known_placeholders();
        let refused = match self.vocabulary.param(name) {
            Some(param) => match self.refuse(name, "placeholder") {
                None => return Some(Part::Param(param)),
                Some(refused) => refused,
            },
            None if self.vocabulary.lets.contains_key(name) => {
                (format!("`{name}` is a `let`, and it has no value here"), Some(LET_HINT.to_owned()))
            }
            None => (format!("unknown placeholder `{{{name}}}`"), did_you_mean(name, known.iter().copied())),
        };
        context.problem(Problem::at(span, refused.0).maybe_hint(refused.1));
        None
    }

    fn known_placeholders(&self) -> Vec<&str> {
        let closed = Scope { fields: Vec::new(), ..self.clone() };
        let mut known: Vec<&str> = self.vocabulary.names().collect();
        known.retain(|name| closed.refuse(name, "").is_none());
        known.extend(self.lets.iter().copied());
        known.extend(BUILT_IN.iter().filter(|&&name| name != "cases" || self.cases));
        known
    }
}
