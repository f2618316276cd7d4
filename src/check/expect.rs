//! The verdict of a task whose process ended as it may: evidence, metrics, expectations.
//!
//! In this order: evidence that cannot be read, or a metric without a usable value, is an *error*; a
//! violated expectation, the parser's own or the suite's, is a *fail*; else it is a *pass*. Limits,
//! exit statuses and missing outputs come before and are the caller's.

use super::measure::{Scope, shorten_text};
use crate::evidence::{self, Evidence, EvidenceError};
use crate::expr::{Expr, Operand};
use crate::ledger::{Measured, MeasuredValue, Quote, Verdict};
use crate::suite::{ExpectOperator, Metric};
use crate::value::{Scalar, Value, show_number, show_numbers, with_unit};

/// Measured for every task without evidence: `names` gives them where a metric is called so.
pub const BUILT_IN: [&str; 4] = ["wall", "cpu", "max_rss", "attempts"];

/// Most quotes of a task.
pub(super) const MOST_QUOTES: usize = 8;

/// A metric to measure, and what is expected of it.
#[derive(Debug, Clone)]
pub struct MetricInput<'a> {
    /// The metric.
    pub metric: &'a Metric,
    /// Its expectations, in the order of the suite.
    pub expected: Vec<(ExpectOperator, Bound<'a>)>,
}

/// The right side of an expectation.
#[derive(Debug, Clone)]
pub enum Bound<'a> {
    /// Computed from parameters and `let`s.
    Value(Value),
    /// Still to be computed, since it may name metrics and fields.
    Expr(&'a Expr),
}

/// The verdict of a task, and what led to it.
#[derive(Debug, Clone, PartialEq)]
pub struct Judged {
    /// Pass, fail or error.
    pub verdict: Verdict,
    /// Why it is not a pass, in one sentence: the first reason and how many more there are.
    pub message: Option<String>,
    /// The lines that decide, unless it is a pass.
    pub quotes: Vec<Quote>,
    /// The metrics in the order of the suite; empty with an error, which measures nothing.
    pub metrics: Vec<Measured>,
    /// Indices of the metrics whose expectation is missed.
    pub unmet: Vec<usize>,
}

/// Judges a task by its evidence.
///
/// `evidence` holds, for each report, its name for people and what its parser made of it. `names`
/// gives parameters and `let`s of the task, and the built-in measurements.
pub fn judge(
    evidence: &[(String, Result<Evidence, EvidenceError>)],
    metrics: &[MetricInput<'_>],
    names: &dyn Fn(&str) -> Option<Operand>,
) -> Judged {
    let mut reasons = Reasons::default();
    for (file, report) in evidence {
        if let Err(err) = report {
            reasons.add(format!("`{file}`: {}", explain(err)));
            reasons.quotes.extend(quote_of(err).map(|quote| ledger_quote(file, quote)));
        }
    }
    if !reasons.is_empty() {
        return reasons.into_error();
    }
    let read = || {
        let reports = evidence.iter().enumerate();
        reports.filter_map(|(index, (file, report))| Some((index, file.as_str(), report.as_ref().ok()?)))
    };
    let mut scope = Scope::of_reports(read().collect::<Vec<_>>().into_iter(), names);
    let (measured, unmet) = judge_metrics(metrics, &mut scope, &mut reasons);
    if !reasons.is_empty() {
        for input in metrics {
            reasons.quotes.extend(missing_quotes(input.metric, read()));
        }
        return reasons.into_error();
    }

    let mut quoted: Vec<usize> = Vec::new();
    let mut told: Vec<&str> = Vec::new();
    for (index, file, report) in read() {
        for expectation in report.unmet() {
            reasons.add(format!("`{file}`: {}", expectation.message));
            told.push(&expectation.field);
            quoted.push(index);
        }
    }
    let all: Vec<&Metric> = metrics.iter().map(|input| input.metric).collect();
    for Unmet { metric: index, message } in &unmet {
        let metric = all[*index];
        // A parser's own demand on the same field says the same.
        if metric.of.is_some() || !told.contains(&metric.name.as_str()) {
            reasons.add(message.clone());
        }
        quoted.extend(scope.reports(metric, &all[..*index]));
    }
    quoted.sort_unstable();
    quoted.dedup();
    for (_, file, report) in read().filter(|(index, ..)| quoted.contains(index)) {
        reasons.quotes.extend(report.quotes.iter().map(|quote| ledger_quote(file, quote)));
    }
    let mut unmet: Vec<usize> = unmet.iter().map(|unmet| unmet.metric).collect();
    unmet.dedup();
    reasons.into_judged(Verdict::Fail, measured, unmet)
}

/// An expectation that is missed.
pub(super) struct Unmet {
    /// Index of the metric.
    pub(super) metric: usize,
    /// One sentence.
    pub(super) message: String,
}

/// Measures all metrics and compares them; what has no value goes to `errors`.
pub(super) fn judge_metrics(
    metrics: &[MetricInput<'_>],
    scope: &mut Scope<'_>,
    errors: &mut Reasons,
) -> (Vec<Measured>, Vec<Unmet>) {
    let mut measured: Vec<(usize, Measured)> = Vec::with_capacity(metrics.len());
    for (index, MetricInput { metric, expected }) in metrics.iter().enumerate() {
        let operators: Vec<ExpectOperator> = expected.iter().map(|(operator, _)| *operator).collect();
        match scope.measure(metric, &operators) {
            Ok(value) => {
                scope.metrics.push((metric.name.as_str().to_owned(), value.operand));
                measured.push((index, value.measured));
            }
            Err(why) => errors.add(why),
        }
    }
    // A bound may name any metric of the stage, so all are measured first.
    let mut unmet = Vec::new();
    if errors.is_empty() {
        for (index, measured) in &measured {
            for (operator, bound) in &metrics[*index].expected {
                match missed(measured, *operator, bound, scope) {
                    Ok(None) => {}
                    Ok(Some(message)) => unmet.push(Unmet { metric: *index, message }),
                    Err(why) => errors.add(why),
                }
            }
        }
    }
    (measured.into_iter().map(|(_, measured)| measured).collect(), unmet)
}

/// Returns the sentence about an expectation that does not hold.
fn missed(
    measured: &Measured,
    operator: ExpectOperator,
    bound: &Bound<'_>,
    scope: &Scope<'_>,
) -> Result<Option<String>, String> {
    let Measured { name, value, unit, .. } = measured;
    let right = match bound {
        Bound::Value(Value::Scalar(scalar)) => Operand::from(scalar),
        Bound::Value(Value::List(_)) => return Err(format!("{name} is expected to be a list, which no metric is")),
        Bound::Expr(expr) => scope.evaluate(expr).map_err(|why| format!("what {name} is compared with: {why}"))?,
    };
    let sign = operator.sign();
    let right = match right {
        Operand::Number(number) if number.is_nan() => {
            return Err(format!("what {name} is compared with is not a number"));
        }
        Operand::Number(number) => MeasuredValue::Number(number),
        Operand::Text(text) => MeasuredValue::Text(text),
        Operand::Bool(value) => MeasuredValue::Text(Scalar::Bool(value).to_string()),
        other => return Err(format!("{name} is compared with {}", other.kind())),
    };
    match (value, &right) {
        (MeasuredValue::Number(value), MeasuredValue::Number(bound)) => {
            if holds(operator, value.partial_cmp(bound)) {
                return Ok(None);
            }
            let (value, bound) = show_numbers(*value, *bound);
            let unit = unit.as_deref();
            Ok(Some(format!("{name} is {}, expected {sign} {}", with_unit(&value, unit), with_unit(&bound, unit))))
        }
        (MeasuredValue::Text(value), MeasuredValue::Text(bound)) => match operator {
            ExpectOperator::Eq | ExpectOperator::Ne if (value == bound) == (operator == ExpectOperator::Eq) => Ok(None),
            ExpectOperator::Eq | ExpectOperator::Ne => {
                Ok(Some(format!("{name} is `{}`, expected {sign} `{}`", shorten_text(value), shorten_text(bound))))
            }
            _ => Err(format!("{name} is a text, and only numbers have an order")),
        },
        (MeasuredValue::Number(value), MeasuredValue::Text(bound)) => Err(format!(
            "{name} is a number ({}) and compared with a text (`{}`)",
            show_number(*value),
            shorten_text(bound)
        )),
        (MeasuredValue::Text(value), MeasuredValue::Number(bound)) => Err(format!(
            "{name} is a text (`{}`) and compared with a number ({})",
            shorten_text(value),
            show_number(*bound)
        )),
    }
}

fn holds(operator: ExpectOperator, order: Option<std::cmp::Ordering>) -> bool {
    let Some(order) = order else { return false };
    match operator {
        ExpectOperator::Eq => order.is_eq(),
        ExpectOperator::Ne => order.is_ne(),
        ExpectOperator::Lt => order.is_lt(),
        ExpectOperator::Le => order.is_le(),
        ExpectOperator::Gt => order.is_gt(),
        ExpectOperator::Ge => order.is_ge(),
    }
}

/// Reasons for a verdict, in order, without repetitions.
#[derive(Default)]
pub(super) struct Reasons {
    list: Vec<String>,
    pub(super) quotes: Vec<Quote>,
}

impl Reasons {
    pub(super) fn add(&mut self, reason: String) {
        if !self.list.contains(&reason) {
            self.list.push(reason);
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// Returns the first reason and how many more there are.
    pub(super) fn message(&self) -> Option<String> {
        let first = self.list.first()?;
        Some(match self.list.len() - 1 {
            0 => first.clone(),
            more => format!("{first} (and {more} more)"),
        })
    }

    fn into_error(self) -> Judged {
        self.into_judged(Verdict::Error, Vec::new(), Vec::new())
    }

    fn into_judged(mut self, verdict: Verdict, metrics: Vec<Measured>, unmet: Vec<usize>) -> Judged {
        let verdict = if self.is_empty() { Verdict::Pass } else { verdict };
        let mut seen: Vec<Quote> = Vec::new();
        self.quotes.retain(|quote| {
            !seen.contains(quote) && seen.len() < MOST_QUOTES && {
                seen.push(quote.clone());
                true
            }
        });
        Judged { verdict, message: self.message(), quotes: self.quotes, metrics, unmet }
    }
}

/// Says why a report is no evidence, and what to do about it.
fn explain(err: &EvidenceError) -> String {
    let mut text = err.to_string();
    let mut source = std::error::Error::source(err);
    while let Some(cause) = source {
        text = format!("{text}: {cause}");
        source = cause.source();
    }
    match err.hint() {
        Some(hint) => format!("{text} ({hint})"),
        None => text,
    }
}

fn quote_of(err: &EvidenceError) -> Option<&evidence::Quote> {
    match err {
        EvidenceError::NoValue { quote, .. } => Some(quote),
        _ => None,
    }
}

fn ledger_quote(file: &str, quote: &evidence::Quote) -> Quote {
    Quote { file: file.to_owned(), line: quote.line, text: quote.text.clone() }
}

fn missing_quotes<'a>(metric: &'a Metric, reports: impl Iterator<Item = (usize, &'a str, &'a Evidence)>) -> Vec<Quote> {
    let used: Vec<&str> = match &metric.of {
        Some(of) => of.names().iter().map(|used| used.name).collect(),
        None => vec![metric.name.as_str()],
    };
    reports
        .flat_map(|(_, file, report)| report.missing.iter().map(move |missing| (file, missing)))
        .filter(|(_, missing)| used.contains(&missing.field.as_str()))
        .map(|(file, missing)| ledger_quote(file, &missing.quote))
        .collect()
}
