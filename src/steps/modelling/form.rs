//! A model of a suite -> the form that is fitted to its table.

use crate::expr::Expr;
use crate::suite::{Computed, Feature, Form, Metric, Model, NamedColumn, Part, Placed, Suite, Template};
use crate::value::Digest;
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// Returns the form. The table has parameters, named values and metrics as columns, and only rows for which
/// `where` holds; what `let` says is in it.
pub(super) fn form(suite: &Suite, model: &Model) -> Form {
    let placed = |expr: &Expr| Placed { expr: expr.clone(), span: Some(model.span) };
    let params = suite.schema.params();
    let column = |&param: &usize| NamedColumn { name: params[param].name.clone(), span: Some(model.span) };
    Form {
        name: model.name.clone(),
        columns: Vec::new(),
        lets: Vec::new(),
        filters: Vec::new(),
        by: model.by.iter().map(column).collect(),
        sets: model.sets.iter().map(|(name, expr)| (name.clone(), placed(expr))).collect(),
        target: placed(&model.target),
        features: model
            .features
            .iter()
            .map(|(name, expr)| Feature { name: name.clone(), value: placed(expr), free: model.free.contains(name) })
            .collect(),
        intercept: model.intercept,
        weighting: model.weighting,
        robust: model.robust,
        op: None,
        sources: suite.sources.clone(),
    }
}

/// Returns the digest of what coefficients mean: target, features, attribute sets, and the metrics and named values that
/// they read, of the model, its stage and the suite. What blocks of cases name are data. The unit of a target that is
/// a metric is not in it, as coefficients convert with it.
pub(super) fn form_digest(suite: &Suite, model: &Model) -> Digest {
    let mut read = Read { suite, model, found: BTreeMap::new() };
    let named = model.features.iter().chain(&model.sets).map(|(_, expr)| expr);
    named.chain([&model.target]).for_each(|expr| read.expr(expr));
    let texts = |named: &[(String, Expr)]| -> Vec<Value> {
        named.iter().map(|(name, expr)| json!([name, expr.text()])).collect()
    };
    let (features, sets) = (texts(&model.features), texts(&model.sets));
    let form = json!([model.target.text(), features, model.intercept, sets, read.found]);
    Digest::of(form.to_string().as_bytes())
}

/// The metrics and named values that expressions read. Parameters stand there by name, as their places change with the suite.
struct Read<'a> {
    suite: &'a Suite,
    model: &'a Model,
    found: BTreeMap<String, Value>,
}

impl Read<'_> {
    fn expr(&mut self, expr: &Expr) {
        let names = expr.names().into_iter().chain(expr.guarded_names());
        names.for_each(|name| self.name(name.name));
    }

    fn name(&mut self, name: &str) {
        let stage = &self.suite.stages[self.model.stage];
        if let Some(metric) = stage.metrics.iter().find(|metric| metric.name.as_str() == name) {
            return self.metric(metric);
        }
        let all = self.model.lets.iter().chain(&stage.lets).chain(&self.suite.lets);
        let Some(own) = all.into_iter().find(|own| own.name == name) else { return };
        if self.found.insert(name.to_owned(), Value::Null).is_none() {
            let value = self.computed(&own.value);
            self.found.insert(name.to_owned(), value);
        }
    }

    fn metric(&mut self, metric: &Metric) {
        let name = metric.name.as_str();
        if self.found.insert(name.to_owned(), Value::Null).is_none() {
            let unit = metric.unit.as_ref().filter(|_| self.model.target.text().trim() != name);
            let of = metric.of.as_ref().map(|of| {
                self.expr(of);
                of.text()
            });
            self.found.insert(name.to_owned(), json!({ "of": of, "unit": unit }));
        }
    }

    fn computed(&mut self, value: &Computed) -> Value {
        match value {
            Computed::Scalar(scalar) => json!(scalar),
            Computed::Text(template) => self.template(template),
            Computed::List(items) => items.iter().map(|item| self.template(item)).collect(),
            Computed::Expr(expr) => {
                self.expr(expr);
                json!({ "expr": expr.text() })
            }
            Computed::Pick { param, from, otherwise } => {
                let from: Vec<_> = from.iter().map(|(value, own)| (json!(value), self.computed(own))).collect();
                let otherwise = otherwise.as_deref().map(|own| self.computed(own));
                json!({ "pick": self.suite.schema.params()[*param].name, "from": from, "else": otherwise })
            }
        }
    }

    fn template(&mut self, template: &Template) -> Value {
        let part = |part: &Part| match part {
            Part::Param(param) => json!({ "param": self.suite.schema.params()[*param].name }),
            Part::Let(name) => {
                self.name(name);
                json!({ "let": name })
            }
            Part::Literal(_) | Part::Name | Part::Shmoo | Part::Cases => json!(part),
        };
        json!({ "text": template.parts.iter().map(part).collect::<Vec<_>>() })
    }
}
