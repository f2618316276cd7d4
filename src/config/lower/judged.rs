//! What is done with metrics once they are there: goldens, known failures, plots, models.

use super::computed::{Texts, check_circles, let_names, lets};
use super::outline::{Outline, find_stage};
use super::scope::{Owner, Scope};
use super::vocabulary::Vocabulary;
use crate::config::context::{Context, unsafe_path};
use crate::config::leaves::Mapped;
use crate::config::model_file::{INTERCEPT, weighting};
use crate::config::node::Text;
use crate::config::suite_file::{
    GoldensFile, KnownFailureFile, ModelFile, PlotFile, SideWord, ToleranceFile, ToleranceRuleFile, VerdictWord,
};
use crate::expr::{Expr, NoTruth};
use crate::naming::Kind;
use crate::suite::{
    Computed, Constraint, GoldenSource, Goldens, KnownFailure, KnownVerdict, Let, Metric, Model, ShmooPlot, Side,
    Stage, StageIndex, Tolerance, ToleranceRule,
};
use crate::value::{Problem, Timestamp, did_you_mean, is_plain_name};
use std::collections::BTreeMap;

/// The most features of a model, as the fit takes them.
const MOST_FEATURES: usize = 64;

/// What reading these parts needs besides their files.
pub(crate) struct Judged<'a> {
    /// The words of the suite.
    pub(crate) vocabulary: &'a Vocabulary,
    /// `let`s of the suite and of any block.
    pub(crate) outer_lets: &'a [&'a str],
    /// All stages, as far as they could be read.
    pub(crate) stages: &'a [Stage],
    /// All stages.
    pub(crate) outlines: &'a [Outline],
}

impl Judged<'_> {
    /// Points have parameters; `let`s belong to cases.
    pub(super) fn scope(&self) -> Scope<'_> {
        Scope::new(self.vocabulary, Vec::new())
    }

    /// Returns every metric with its stage.
    pub(super) fn metrics(&self) -> impl Iterator<Item = (StageIndex, usize, &Metric)> {
        self.stages.iter().enumerate().flat_map(|(stage, read)| {
            read.metrics.iter().enumerate().map(move |(index, metric)| (stage, index, metric))
        })
    }

    pub(super) fn full_name(&self, stage: StageIndex, metric: &Metric) -> String {
        format!("{}.{}", self.stages[stage].name, metric.name)
    }

    /// Returns the metrics that a name means: one by its full name, or all that share the short one.
    pub(super) fn find_metrics(&self, name: &Text, context: &mut Context) -> Vec<(StageIndex, usize, &Metric)> {
        let means = |&(stage, _, metric): &(StageIndex, usize, &Metric)| {
            metric.name.as_str() == name.as_str() || self.full_name(stage, metric) == name.as_str()
        };
        let found: Vec<_> = self.metrics().filter(means).collect();
        if found.is_empty() {
            let mut known: Vec<String> = self.metrics().map(|(_, _, metric)| metric.name.to_string()).collect();
            known.extend(self.metrics().map(|(stage, _, metric)| self.full_name(stage, metric)));
            let problem = Problem::at(name.span, format!("there is no metric `{}`", name.as_str()));
            context.problem(problem.maybe_hint(did_you_mean(name.as_str(), known.iter().map(String::as_str))));
        }
        found
    }

    /// Reads `goldens`.
    pub(crate) fn goldens(&self, file: &GoldensFile, context: &mut Context) -> Option<Goldens> {
        let source = match (&file.file, &file.iree_json) {
            (Some(path), None) => self.golden_path(path, context).map(GoldenSource::Csv),
            (None, Some(folder)) => self.iree_json(folder, file.files.as_deref(), context).map(GoldenSource::IreeJson),
            (Some(_), Some(other)) => {
                let problem = Problem::at(other.span, "`file` and `iree_json` exclude each other");
                context.problem(problem);
                None
            }
            (None, None) => {
                let problem = Problem::at(file.span, "`goldens` names no file");
                context.problem(problem.hint("write `file: goldens/SUITE.csv`"));
                None
            }
        };
        if let (None, Some(first)) = (&file.iree_json, file.files.as_ref().and_then(|files| files.first())) {
            let problem = Problem::at(first.span, "`files` says where goldens stand in the folder `iree_json`");
            context.problem(problem.hint("name the folder in `iree_json`, or a CSV in `file` alone"));
        }
        let rules = file.tolerance.iter().flat_map(|rules| &rules.0);
        let rules = rules.filter_map(|rule| self.tolerance_rule(rule, context)).collect();
        Some(Goldens { source: source?, rules, span: file.span })
    }

    pub(super) fn golden_path(&self, path: &Text, context: &mut Context) -> Option<String> {
        // Goldens are written back, so they stay below the suite file.
        if let Some(why) = unsafe_path(path.as_str()) {
            context.problem(Problem::at(path.span, why).hint("the path is relative to the folder of the suite file"));
            return None;
        }
        Some(path.as_str().to_owned())
    }

    fn tolerance_rule(&self, file: &ToleranceRuleFile, context: &mut Context) -> Option<ToleranceRule> {
        let before = context.problems.len();
        let scope = self.scope();
        let constraint = file.constraint.as_ref().and_then(|text| scope.expression(text, context));
        if file.metrics.is_empty() {
            let problem = Problem::at(file.span, "this rule has no metric");
            context.problem(problem.hint("write `METRIC: { rel: 1% }`"));
        }
        let mut metrics = Vec::new();
        for (name, file) in &file.metrics {
            let found = self.find_metrics(name, context);
            if let Some((stage, _, first)) = found.first()
                && let Some((other_stage, _, other)) =
                    found.iter().find(|(_, _, other)| (&other.unit, other.better) != (&first.unit, first.better))
            {
                let message = format!("`{}` means metrics that are not alike", name.as_str());
                let hint =
                    format!("say `{}` or `{}`", self.full_name(*stage, first), self.full_name(*other_stage, other));
                context.problem(Problem::at(name.span, message).hint(hint));
                continue;
            }
            for (stage, index, metric) in found {
                metrics.extend(tolerance(name, file, metric, context).map(|tolerance| (stage, index, tolerance)));
            }
        }
        (context.problems.len() == before).then_some(ToleranceRule { constraint, metrics, span: file.span })
    }

    /// Reads one of `known_failures`.
    pub(crate) fn known_failure(&self, file: &KnownFailureFile, context: &mut Context) -> Option<KnownFailure> {
        let before = context.problems.len();
        let stage = find_stage(self.outlines, file.stage.as_str(), file.stage.span, context);
        let constraint = file.constraint.as_ref().and_then(|text| {
            let mut scope = self.scope();
            let outline = stage.map(|stage| &self.outlines[stage]);
            scope.owner = outline.map(|outline| Owner {
                params: &outline.per,
                name: format!("stage `{}`", outline.name),
                key: "per",
            });
            scope.expression(text, context)
        });
        let until = file.until.as_ref().and_then(|day| {
            let parsed = format!("{}T00:00:00Z", day.as_str()).parse::<Timestamp>();
            let parsed = parsed.ok().filter(|time| time.date() == day.as_str());
            if parsed.is_none() {
                let problem = Problem::at(day.span, format!("`{}` is not a day", day.as_str()));
                context.problem(problem.hint("write a day as `2027-01-31`"));
            }
            parsed
        });
        if file.issue.is_none() && file.reason.is_none() {
            let problem = Problem::at(file.span, "a known failure that nobody gives a reason for");
            context.warning(problem.hint("say why in `reason`, or where it is told in `issue`"));
        }
        (context.problems.len() == before).then_some(KnownFailure {
            stage: stage?,
            constraint,
            verdict: match file.verdict {
                VerdictWord::Fail => KnownVerdict::Fail,
                VerdictWord::Error => KnownVerdict::Error,
                VerdictWord::Timeout => KnownVerdict::Timeout,
            },
            issue: file.issue.as_ref().map(|text| text.as_str().to_owned()),
            reason: file.reason.as_ref().map(|text| text.as_str().to_owned()),
            until,
            span: file.span,
        })
    }

    /// Reads a plot.
    pub(crate) fn plot(&self, file: &PlotFile, context: &mut Context) -> Option<ShmooPlot> {
        let file = &file.shmoo;
        let (x, y) = (self.vocabulary.find(&file.x, context), self.vocabulary.find(&file.y, context));
        let per = self.vocabulary.find_all(file.per.as_deref().unwrap_or_default(), context);
        if x.is_some() && x == y {
            let problem = Problem::at(file.y.span, format!("`{}` is both `x` and `y`", file.y.as_str()));
            context.problem(problem.hint("a plot goes over two parameters"));
        }
        for name in file.per.iter().flatten() {
            if [&file.x, &file.y].iter().any(|axis| axis.as_str() == name.as_str()) {
                let problem = Problem::at(name.span, format!("`{}` is an axis of the plot already", name.as_str()));
                context.problem(problem);
            }
        }
        let mut scope = self.scope();
        let mut by_short_name: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for (stage, _, metric) in self.metrics() {
            by_short_name.entry(metric.name.to_string()).or_default().push(self.full_name(stage, metric));
        }
        for (short, full) in by_short_name {
            match full.as_slice() {
                [_] => scope.fields.push(short),
                several => {
                    let hint = format!("say `{}`", several.join("` or `"));
                    let message = format!("`{short}` is a metric of several stages");
                    scope.refused.insert(short, (message, hint));
                }
            }
            scope.fields.extend(full);
        }
        let pass = scope.expression(&file.pass, context)?;
        Some(ShmooPlot { x: x?, y: y?, per, pass, span: file.span })
    }

    /// Reads a model.
    pub(crate) fn model(&self, name: &Text, file: &ModelFile, context: &mut Context) -> Option<Model> {
        let before = context.problems.len();
        if !is_plain_name(name.as_str()) {
            let problem = Problem::at(name.span, format!("`{}` cannot name a model", name.as_str()));
            context.problem(problem.hint("a name is a small letter, then small letters, digits, `_` and `-`"));
        }
        // Without its stage, none of the model's names is known.
        let stage = find_stage(self.outlines, file.from.as_str(), file.from.span, context)?;
        let by = self.vocabulary.find_all(file.by.as_deref().unwrap_or_default(), context);
        let mut scope = Scope::new(self.vocabulary, self.outer_lets.to_vec());
        if let Some(stage) = self.stages.get(stage) {
            scope.lets.extend(stage.lets.iter().map(|found| found.name.as_str()));
            if stage.rows.is_none() {
                let name = format!("stage `{}`", stage.name);
                scope.owner = Some(Owner { params: &stage.per, name, key: "per" });
            }
        }
        scope.lenient = true;
        scope.lets.extend(let_names(file.lets.as_ref()));
        let model_lets = lets(file.lets.as_ref(), Texts::Templates, &scope, context);
        if let Some(stage) = self.stages.get(stage) {
            scope.fields.extend(stage.metrics.iter().map(|metric| metric.name.to_string()));
        }
        if let Some(stage) = self.stages.get(stage) {
            check_model_lets(&model_lets, stage, context);
        }
        let constraint = file.constraint.as_ref().and_then(|text| truth(text, &scope, context));
        let constraint = constraint.zip(file.constraint.as_ref());
        let constraint = constraint.map(|(expr, text)| Constraint { expr, span: text.span });
        let named = |entries: &Mapped<Text>, context: &mut Context| {
            let read = |(name, text): &(Text, Text)| Some((name.as_str().to_owned(), scope.expression(text, context)?));
            entries.0.iter().filter_map(read).collect::<Vec<_>>()
        };
        let sets = file.sets.iter().flat_map(|sets| &sets.0);
        let sets = sets.filter_map(|(name, text)| Some((name.as_str().to_owned(), truth(text, &scope, context)?)));
        let sets = sets.collect();
        let held_back = file.held_back.as_ref().and_then(|text| truth(text, &scope, context));
        let target = scope.expression(&file.target, context);
        let features = named(&file.features, context);
        let nameless = |entries: &Mapped<Text>| {
            entries.0.iter().find(|(name, _)| name.as_str().trim().is_empty()).map(|(name, _)| name.span)
        };
        for (what, entries) in [("a feature", Some(&file.features)), ("a set", file.sets.as_ref())] {
            if let Some(span) = entries.and_then(nameless) {
                context.problem(Problem::at(span, format!("{what} without a name")));
            }
        }
        if let Some((name, _)) = file.features.0.get(MOST_FEATURES) {
            context.problem(Problem::at(name.span, format!("a model has at most {MOST_FEATURES} features")));
        }
        if file.features.0.is_empty() {
            let problem = Problem::at(name.span, format!("the model `{}` has no features", name.as_str()));
            context.problem(problem.hint("each feature gets one coefficient: `features: { fixed: \"1\" }`"));
        }
        if let Some((name, _)) =
            file.features.0.iter().find(|(name, _)| name.as_str() == INTERCEPT && file.intercept == Some(true))
        {
            context.problem(Problem::at(name.span, "`intercept` is the name of the constant part"));
        }
        for free in file.free.iter().flatten() {
            if !file.features.0.iter().any(|(name, _)| name.as_str() == free.as_str()) {
                let known = file.features.0.iter().map(|(name, _)| name.as_str());
                let problem = Problem::at(free.span, format!("there is no feature `{}`", free.as_str()));
                context.problem(problem.maybe_hint(did_you_mean(free.as_str(), known)));
            }
        }
        let mut path_scope = Scope::new(self.vocabulary, Vec::new());
        path_scope.owner = Some(Owner { params: &by, name: format!("model `{}`", name.as_str()), key: "by" });
        let params_file =
            file.params_file.as_ref().and_then(|text| super::evidence::local_path(text, &path_scope, context));
        (context.problems.len() == before).then_some(Model {
            name: name.as_str().to_owned(),
            stage,
            constraint,
            by: by.clone(),
            sets,
            lets: model_lets,
            target: target?,
            features,
            free: file.free.iter().flatten().map(|name| name.as_str().to_owned()).collect(),
            intercept: file.intercept.unwrap_or(false),
            weighting: weighting(file.weighting),
            robust: file.robust.unwrap_or(false),
            held_back,
            params_file,
            span: name.span,
        })
    }
}

/// Refuses named values of a model that can be no column of its table.
fn check_model_lets(lets: &[Let], stage: &Stage, context: &mut Context) {
    check_circles(&[&stage.lets, lets], context);
    for Let { name, value, span } in lets {
        if stage.metrics.iter().any(|metric| metric.name.as_str() == name) {
            let message = format!("`{name}` is a metric of stage `{}` already", stage.name);
            context.problem(Problem::at(*span, message).hint("rename the `let`"));
        } else if matches!(value, Computed::List(_)) {
            let message = format!("`{name}` is a list, and a model's table has one value of it in a row");
            context.problem(Problem::at(*span, message).hint("write the list where it is used: `x in ['a', 'b']`"));
        }
    }
}

/// Reads an expression that is to be a truth value, and refuses what can be none.
fn truth(text: &Text, scope: &Scope<'_>, context: &mut Context) -> Option<Expr> {
    let expr = scope.expression(text, context)?;
    // A metric hides a parameter of its name, and may be anything.
    let is_hidden = |name: &str| scope.fields.iter().any(|field| field == name);
    let kind = |name: &str| {
        let param = scope.vocabulary.param(name).filter(|_| !is_hidden(name))?;
        Some(match scope.vocabulary.params[param].kind {
            Kind::Int | Kind::Decimal => "a number",
            Kind::Word => "a text",
            Kind::Bool => "a truth value",
        })
    };
    let Some(NoTruth { offset, length, found }) = expr.no_truth(&kind) else { return Some(expr) };
    let part = &text.as_str()[offset..offset + length];
    let problem =
        Problem::at(context.part(text, offset, length), format!("`{part}` is {found} where a truth value is wanted"));
    context.problem(problem.hint("compare it: `... > 0`, `... == 'fast'`"));
    None
}

fn tolerance(name: &Text, file: &ToleranceFile, metric: &Metric, context: &mut Context) -> Option<Tolerance> {
    let side = match file.side {
        Some(SideWord::Worse) => Side::Worse,
        Some(SideWord::Both) | None => Side::Both,
    };
    if side == Side::Worse && metric.better.is_none() {
        let problem =
            Problem::at(name.span, format!("`side: worse` needs `{}` to say which side is better", metric.name));
        context.problem(problem.hint("give the metric `better: higher` or `better: lower`"));
        return None;
    }
    if let Some(absolute) = file.absolute.filter(|absolute| absolute.value.is_negative()) {
        context.problem(Problem::at(absolute.span, "a tolerance is not negative"));
        return None;
    }
    Some(Tolerance { relative: file.relative, absolute: file.absolute.map(|absolute| absolute.value), side })
}
