//! From fields to metrics: evaluates `of`, and finds out why there is no value.

use crate::evidence::{Evidence, Field};
use crate::expr::{Expr, Fault, Operand, OperandRef, Program};
use crate::ledger::{Measured, MeasuredValue};
use crate::suite::{Better, ExpectOperator, Metric};
use crate::value::{did_you_mean, is_identifier};
use std::borrow::Cow;

/// A field that names can stand for, and the report it came from.
#[derive(Clone)]
pub(super) struct Given<'a> {
    pub(super) name: &'a str,
    pub(super) field: Cow<'a, Field>,
    /// Index of the report, to quote from.
    pub(super) report: usize,
}

/// What the names of a metric can stand for. The first that has the name gives it: metrics measured
/// before, fields of the evidence, parameters and `let`s.
pub(super) struct Scope<'a> {
    pub(super) fields: Vec<Given<'a>>,
    /// Names that reports mention without a value: the sentence about it.
    pub(super) missing: Vec<(&'a str, String)>,
    /// Names of fields that two reports give differently.
    pub(super) ambiguous: Vec<(&'a str, String)>,
    /// Metrics measured before, as expressions see them: several samples are a list.
    pub(super) metrics: Vec<(String, Operand)>,
    pub(super) names: &'a dyn Fn(&str) -> Option<Operand>,
}

/// A metric with its value.
pub(super) struct Value {
    pub(super) measured: Measured,
    pub(super) operand: Operand,
}

impl<'a> Scope<'a> {
    /// Gathers the fields of several reports. Two may give one name if they agree; else the name has
    /// no value, and who uses it hears why.
    pub(super) fn of_reports(
        reports: impl Iterator<Item = (usize, &'a str, &'a Evidence)> + Clone,
        names: &'a dyn Fn(&str) -> Option<Operand>,
    ) -> Scope<'a> {
        let mut scope =
            Scope { fields: Vec::new(), missing: Vec::new(), ambiguous: Vec::new(), metrics: Vec::new(), names };
        let mut files: Vec<&str> = Vec::new();
        for (report, file, evidence) in reports {
            for (name, field) in &evidence.fields {
                match scope.fields.iter().position(|given| given.name == name) {
                    None => {
                        scope.fields.push(Given { name, field: Cow::Borrowed(field), report });
                        files.push(file);
                    }
                    Some(known) if *scope.fields[known].field != *field => {
                        let (one, other) = (&scope.fields[known].field, field);
                        let why = format!(
                            "`{name}` is {} in `{}` and {} in `{file}`",
                            shorten(one),
                            files[known],
                            shorten(other)
                        );
                        scope.ambiguous.push((name, why));
                    }
                    Some(_) => {}
                }
            }
            for missing in &evidence.missing {
                let line = missing.quote.line.map(|line| format!(", line {line}")).unwrap_or_default();
                let why = format!("{} (`{file}`{line}: `{}`)", missing.why, missing.quote.text);
                scope.missing.push((&missing.field, why));
            }
        }
        scope
    }

    pub(super) fn field(&self, name: &str) -> Option<&Given<'a>> {
        if self.ambiguous.iter().any(|(known, _)| *known == name) {
            return None;
        }
        self.fields.iter().find(|given| given.name == name)
    }

    fn operand(&self, name: &str) -> Option<Operand> {
        if let Some((_, operand)) = self.metrics.iter().rev().find(|(known, _)| known == name) {
            return Some(operand.clone());
        }
        if self.ambiguous.iter().any(|(known, _)| *known == name) {
            return None;
        }
        match self.field(name) {
            Some(given) => Some(operand_of(&given.field)),
            None => (self.names)(name),
        }
    }

    /// Returns the reports that a metric was measured from, itself or through earlier ones, which are
    /// `earlier`.
    pub(super) fn reports<'m>(&self, metric: &'m Metric, earlier: &[&'m Metric]) -> Vec<usize> {
        let of = |name: &str| self.field(name).map(|given| given.report);
        let Some(expr) = &metric.of else { return of(metric.name.as_str()).into_iter().collect() };
        let through = |name: &str| {
            let place = earlier.iter().rposition(|known| known.name.as_str() == name)?;
            Some(self.reports(earlier[place], &earlier[..place]))
        };
        let names = expr.names();
        names
            .iter()
            .flat_map(|used| through(used.name).unwrap_or_else(|| of(used.name).into_iter().collect()))
            .collect()
    }

    /// Measures a metric.
    ///
    /// # Errors
    /// When there is no usable value: one sentence.
    pub(super) fn measure(&self, metric: &Metric, bounds: &[ExpectOperator]) -> Result<Value, String> {
        let name = metric.name.as_str();
        let operand = match &metric.of {
            Some(of) => self.evaluate(of).map_err(|why| format!("{name}: {why}"))?,
            None => self.own_field(name)?,
        };
        let sure = |number: f64| match number.is_finite() {
            true => Ok(number),
            false => Err(format!("{name} is not a finite number{}", because(metric))),
        };
        let (value, samples) = match &operand {
            Operand::Number(number) => (MeasuredValue::Number(sure(*number)?), Vec::new()),
            Operand::List(items) if items.is_empty() => return Err(format!("{name} has no samples")),
            Operand::List(items) => {
                let samples: Vec<f64> = items.iter().map(|item| sure(*item)).collect::<Result<_, _>>()?;
                (MeasuredValue::Number(sure(median(&samples))?), samples)
            }
            Operand::Text(text) => (MeasuredValue::Text(text.clone()), Vec::new()),
            Operand::Bool(value) => (MeasuredValue::Text(value.to_string()), Vec::new()),
            Operand::Words(_) => return Err(format!("{name} is a list of texts where one value is wanted")),
        };
        if let MeasuredValue::Text(text) = &value {
            let ordered = matches!(metric.better, Some(Better::Higher | Better::Lower | Better::Within(..)));
            let compared = bounds.iter().find(|operator| !matches!(operator, ExpectOperator::Eq | ExpectOperator::Ne));
            if ordered || compared.is_some() {
                let wanted = compared.map_or("`better`".to_owned(), |operator| format!("`expect {}`", operator.sign()));
                let (text, kind) = (shorten_text(text), operand.kind());
                return Err(format!("{name} is {kind} (`{text}`) where {wanted} wants a number"));
            }
        }
        let measured =
            Measured { name: metric.name.clone(), value, samples, unit: metric.unit.clone().filter(|u| !u.is_empty()) };
        Ok(Value { measured, operand })
    }

    fn own_field(&self, name: &str) -> Result<Operand, String> {
        let built_in = || super::BUILT_IN.contains(&name).then(|| (self.names)(name)).flatten();
        let found = self.field(name).map(|given| operand_of(&given.field)).or_else(built_in);
        found.ok_or_else(|| self.why_not(name))
    }

    /// Evaluates an expression in doubles.
    pub(super) fn evaluate(&self, expr: &Expr) -> Result<Operand, String> {
        let mut names: Vec<String> = Vec::new();
        let mut resolve = |name: &str| {
            let known = names.iter().position(|known| known == name);
            Some(known.unwrap_or_else(|| {
                names.push(name.to_owned());
                names.len() - 1
            }))
        };
        let program: Program = match expr.compile_with(&mut resolve, &[]) {
            Ok(program) => program,
            Err(err) => return Err(err.message),
        };
        let values: Vec<Option<Operand>> = names.iter().map(|name| self.operand(name)).collect();
        let value = program.eval_f64(|slot| values[slot].as_ref().map(Operand::borrowed) as Option<OperandRef<'_>>);
        value.map_err(|err| match &err.fault {
            Fault::Absent { name, .. } => self.why_not(name),
            Fault::Kind { wanted: "a number", found: "a list" } => {
                format!("{err}; say which one: `min(..)`, `median(..)`, `max(..)`")
            }
            _ => err.to_string(),
        })
    }

    fn why_not(&self, name: &str) -> String {
        if let Some((_, why)) = self.ambiguous.iter().find(|(known, _)| *known == name) {
            return why.clone();
        }
        if let Some((_, why)) = self.missing.iter().find(|(known, _)| *known == name) {
            return format!("`{name}` has no value, {why}");
        }
        let known = self.fields.iter().map(|given| given.name).filter(|name| is_identifier(name));
        let hint = did_you_mean(name, known.clone()).map(|hint| format!(" ({hint})")).unwrap_or_default();
        format!("the evidence does not give `{name}`{hint}")
    }
}

fn because(metric: &Metric) -> String {
    metric.of.as_ref().map(|of| format!(": `{}`", shorten_text(of.text()))).unwrap_or_default()
}

fn operand_of(field: &Field) -> Operand {
    match field {
        Field::Number(number) => Operand::Number(*number),
        Field::List(items) => Operand::List(items.clone()),
        Field::Text(text) => Operand::Text(text.clone()),
        Field::Bool(value) => Operand::Bool(*value),
    }
}

/// Returns the middle value, or the mean of the two in the middle; NaN if one is NaN or there is none.
fn median(samples: &[f64]) -> f64 {
    let mut sorted = samples.to_vec();
    sorted.sort_by(f64::total_cmp);
    let middle = sorted.len() / 2;
    match sorted.as_slice() {
        [] => f64::NAN,
        _ if sorted.len() % 2 == 1 => sorted[middle],
        _ => {
            let (low, high) = (sorted[middle - 1], sorted[middle]);
            let sum = low + high;
            // The sum of two large doubles may not be finite.
            if sum.is_finite() { sum / 2.0 } else { low / 2.0 + high / 2.0 }
        }
    }
}

fn shorten(field: &Field) -> String {
    shorten_text(&field.to_string())
}

/// Cuts a text for a sentence, and keeps it on its line.
pub(super) fn shorten_text(text: &str) -> String {
    const LONGEST: usize = 60;
    let line = |text: &str| text.replace(char::is_control, " ");
    match text.char_indices().nth(LONGEST) {
        Some((cut, _)) => format!("{}...", line(&text[..cut])),
        None => line(text),
    }
}
