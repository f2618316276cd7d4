//! What a stage measures, and what is expected of it.

use super::computed::{Texts, computed, first_list, for_each_scalar};
use super::scope::Scope;
use super::vocabulary::check_name;
use crate::config::context::Context;
use crate::config::leaves::Mapped;
use crate::config::metric_file::{BetterFile, BetterWord, ExpectFile, MetricFile, MinEffectFile, MinEffectsFile};
use crate::config::node::Text;
use crate::config::values_file::ComputedFile;
use crate::suite::{Better, Expect, ExpectOperator, Metric, MinEffectRule};
use crate::value::{MetricName, Problem, Scalar, Share, Span, did_you_mean};

/// Reads the metrics of a stage; `scope` gains their names.
pub(crate) fn metrics(file: &Mapped<MetricFile>, scope: &mut Scope, context: &mut Context) -> Vec<Metric> {
    let mut found = Vec::new();
    let given = scope.fields.clone();
    for (name, _) in &file.0 {
        let later = (format!("the metric `{}` comes later", name.as_str()), "move it before this one".to_owned());
        scope.refused.insert(name.as_str().to_owned(), later);
    }
    for (name, file) in &file.0 {
        let metric = metric(name, file, &given, scope, context);
        // Known from here on, right or wrong: what is wrong with it is said once.
        if !scope.fields.iter().any(|field| field == name.as_str()) {
            scope.fields.push(name.as_str().to_owned());
        }
        if let Some(metric) = metric {
            found.push((metric, file));
        }
    }
    // An expectation may name any metric of the stage.
    let read = |(metric, file): (Metric, &MetricFile)| {
        let expect = file.expect.as_ref().map_or_else(Vec::new, |expect| expectations(expect, scope, context));
        Metric { expect, ..metric }
    };
    found.into_iter().map(read).collect()
}

fn metric(name: &Text, file: &MetricFile, given: &[String], scope: &Scope, context: &mut Context) -> Option<Metric> {
    let named = check_name(name, "metric", context);
    if scope.vocabulary.param(name.as_str()).is_some() {
        let problem = Problem::at(name.span, format!("`{}` is a parameter already", name.as_str()));
        context.problem(problem.hint("rename the metric"));
        return None;
    }
    let of = match &file.of {
        Some(text) => Some(scope.expression(text, context)?),
        None => {
            if named && !scope.open && !given.iter().any(|field| field == name.as_str()) {
                let problem = Problem::at(name.span, format!("no evidence of this stage gives `{}`", name.as_str()));
                let hint = did_you_mean(name.as_str(), given.iter().map(String::as_str)).unwrap_or_default();
                context.problem(problem.hint(format!("{hint}; or compute it with `of`")));
            }
            None
        }
    };
    let better = match &file.better {
        Some(better) => Some(self::better(better, context)?),
        None => None,
    };
    let (min_effect, min_effect_rules) = match &file.min_effect {
        Some(effects) => min_effects(effects, scope, context)?,
        None => (None, Vec::new()),
    };
    if let (Some(_), None) = (&file.min_effect, better) {
        let problem =
            Problem::at(file.span, format!("`min_effect` of `{}` means nothing without `better`", name.as_str()));
        context.warning(problem);
    }
    named.then(|| Metric {
        name: MetricName::new(name.as_str()),
        of,
        unit: file.unit.as_ref().map(|unit| unit.as_str().to_owned()),
        better,
        min_effect,
        min_effect_rules,
        expect: Vec::new(),
        was: file.was.iter().flatten().map(|name| name.as_str().to_owned()).collect(),
        span: name.span,
    })
}

/// Reads the smallest changes that matter: the last one for everywhere, and the rules that come after it.
fn min_effects(
    file: &MinEffectsFile,
    scope: &Scope,
    context: &mut Context,
) -> Option<(Option<Share>, Vec<MinEffectRule>)> {
    let before = context.problems.len();
    // Points have parameters; all else differs from run to run.
    let points = Scope { lets: Vec::new(), fields: Vec::new(), open: false, ..scope.clone() };
    let (mut always, mut rules) = (None, Vec::new());
    for file in &file.0 {
        match file {
            MinEffectFile::Always(share) => {
                always = Some(*share);
                rules.clear();
            }
            MinEffectFile::Where(rule) => {
                let condition = points.expression(&rule.constraint, context);
                rules.extend(condition.map(|condition| MinEffectRule { condition, min_effect: rule.share }));
            }
        }
    }
    (context.problems.len() == before).then_some((always, rules))
}

fn better(file: &BetterFile, context: &mut Context) -> Option<Better> {
    match file {
        BetterFile::Word(BetterWord::Higher) => Some(Better::Higher),
        BetterFile::Word(BetterWord::Lower) => Some(Better::Lower),
        BetterFile::Word(BetterWord::Exact) => Some(Better::Exact),
        BetterFile::Within(within) => {
            let span = within.within.span;
            match within.within.value.as_slice() {
                &[low, high] if low <= high => Some(Better::Within(low, high)),
                &[low, high] => {
                    context
                        .problem(Problem::at(span, format!("the lower bound {low} is above the upper bound {high}")));
                    None
                }
                other => {
                    let problem = Problem::at(span, format!("`within` has two bounds, found {}", other.len()));
                    context.problem(problem.hint("write `{ within: [LOW, HIGH] }`"));
                    None
                }
            }
        }
    }
}

fn expectations(file: &ExpectFile, scope: &Scope, context: &mut Context) -> Vec<Expect> {
    let ExpectFile { span, eq, ne, lt, le, gt, ge } = file;
    let mut found = Vec::new();
    for ((_, operator), value) in ExpectOperator::ALL.into_iter().zip([eq, ne, lt, le, gt, ge]) {
        let Some(value) = value else { continue };
        found.extend(expectation(operator, value, *span, scope, context));
    }
    if [eq, ne, lt, le, gt, ge].iter().all(|value| value.is_none()) {
        let problem = Problem::at(*span, "`expect` expects nothing");
        context.problem(problem.hint("write `{ gt: 30 }`; there are `eq`, `ne`, `lt`, `le`, `gt` and `ge`"));
    }
    found
}

fn expectation(
    operator: ExpectOperator,
    file: &ComputedFile,
    span: Span,
    scope: &Scope,
    context: &mut Context,
) -> Option<Expect> {
    let before = context.problems.len();
    if let Some(list) = first_list(file) {
        context.problem(Problem::at(list, "a metric is compared with one value, found a list"));
    }
    let ordered = !matches!(operator, ExpectOperator::Eq | ExpectOperator::Ne);
    let mut place = span;
    for_each_scalar(file, &mut |text| {
        place = text.span;
        let Scalar::Text(_) = text.infer() else { return };
        if ordered {
            let wanted = format!("`{}` compares numbers, found {}", operator.sign(), text.describe());
            let hint = match text.as_str().parse::<crate::value::Decimal>() {
                Ok(_) => "remove the quotes".to_owned(),
                Err(_) => {
                    format!("for a calculation write `{{ expr: \"{}\" }}`", crate::config::node::shorten(text.as_str()))
                }
            };
            context.problem(Problem::at(text.span, wanted).hint(hint));
        }
    });
    let value = computed(file, Texts::Templates, scope, context)?;
    (context.problems.len() == before).then_some(Expect { operator, value, span: place })
}
