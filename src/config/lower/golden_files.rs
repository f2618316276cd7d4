//! Where goldens stand in IREE's JSON files: `iree_json` and `files` of `goldens`.

use super::evidence::local_path;
use super::judged::Judged;
use super::scope::{Owner, Scope};
use crate::config::context::Context;
use crate::config::leaves::Placed;
use crate::config::node::Text;
use crate::config::suite_file::{IreeFieldWord, IreeFilesFile};
use crate::suite::{IreeField, IreeFiles, IreeJson, IreeShape, Metric, Part, StageIndex, Template};
use crate::value::{Decimal, Problem, convert};

/// The parameters that name file and key where `files` is left out.
const USUAL_PARAMS: [&str; 3] = ["submodel", "backend", "sku"];
/// The metrics that have goldens where `files` is left out.
const USUAL_FIELDS: [(&str, IreeField); 3] =
    [("time", IreeField::TimeMs), ("dispatches", IreeField::Dispatch), ("size", IreeField::Size)];
const EXAMPLE: &str = "`files: [{ name: \"{model}_rocm.json\", key: \"{sku}\", fields: { time: golden_time_ms } }]`";

impl Judged<'_> {
    /// Reads `iree_json` with its `files`.
    pub(super) fn iree_json(
        &self,
        folder: &Text,
        files: Option<&[IreeFilesFile]>,
        context: &mut Context,
    ) -> Option<IreeJson> {
        let path = self.golden_path(folder, context)?;
        let files = match files {
            Some([]) => {
                let problem = Problem::at(folder.span, "`files` is empty, so that no metric has a golden");
                context.problem(problem.hint(format!("write {EXAMPLE}")));
                return None;
            }
            Some(files) => {
                let before = context.problems.len();
                let files = files.iter().filter_map(|file| self.iree_files(file, context)).collect();
                if context.problems.len() > before {
                    return None;
                }
                files
            }
            None => vec![self.usual_files(folder, context)?],
        };
        Some(IreeJson { folder: path, files })
    }

    /// Returns the files of a suite whose parameters and metrics have the usual names.
    fn usual_files(&self, folder: &Text, context: &mut Context) -> Option<IreeFiles> {
        let params: Option<Vec<_>> = USUAL_PARAMS.iter().map(|name| self.vocabulary.param(name)).collect();
        let has_all = |stage: StageIndex| {
            let stage = &self.stages[stage];
            params
                .as_ref()
                .is_some_and(|params| stage.rows.is_some() || params.iter().all(|param| stage.per.contains(param)))
        };
        let mut fields = Vec::new();
        for (stage, index, metric) in self.metrics().filter(|(stage, ..)| has_all(*stage)) {
            let usual = USUAL_FIELDS.iter().find(|(name, field)| metric.name.as_str() == *name && fits(metric, *field));
            fields.extend(usual.map(|(_, field)| (stage, index, *field)));
        }
        let (Some(params), false) = (&params, fields.is_empty()) else {
            let names: Vec<&str> = USUAL_FIELDS.iter().map(|(name, _)| *name).collect();
            let message = format!(
                "without `files`, a stage over `{}` needs a metric `{}`",
                USUAL_PARAMS.join("`, `"),
                names.join("`, `")
            );
            context.problem(Problem::at(folder.span, message).hint(format!("write {EXAMPLE}")));
            return None;
        };
        let [submodel, backend, sku] = [params[0], params[1], params[2]].map(Part::Param);
        let (between, ending) = (Part::Literal("_".to_owned()), Part::Literal(".json".to_owned()));
        Some(IreeFiles {
            constraint: None,
            name: Template { parts: vec![submodel, between, backend, ending], span: folder.span },
            key: Some(Template { parts: vec![sku], span: folder.span }),
            fields,
            span: folder.span,
        })
    }

    fn iree_files(&self, file: &IreeFilesFile, context: &mut Context) -> Option<IreeFiles> {
        let before = context.problems.len();
        let scope = self.scope();
        let constraint = file.constraint.as_ref().and_then(|text| scope.expression(text, context));
        let name = local_path(&file.name, &scope, context);
        if let Some(template) = &name
            && !matches!(template.parts.last(), Some(Part::Literal(end)) if end.ends_with(".json"))
        {
            context.problem(Problem::at(file.name.span, "this is no name of a JSON file").hint("it ends in `.json`"));
        }
        let key = file.key.as_ref().and_then(|text| scope.template(text, context));
        for template in name.iter().chain(&key).filter(|template| template.parts.contains(&Part::Shmoo)) {
            context.problem(Problem::at(template.span, "no golden stands under the path of this program"));
        }
        let readable = context.problems.len() == before;
        if file.fields.0.is_empty() {
            let problem = Problem::at(file.span, "these files hold the goldens of no metric");
            context.problem(problem.hint("write `fields: { METRIC: golden_time_ms }`"));
        }
        let mut fields = Vec::new();
        for (metric, word) in &file.fields.0 {
            let field = field(word.value);
            shape(file, field, word, context);
            for (stage, index, found) in self.find_metrics(metric, context) {
                check_unit(metric, found, field, context);
                // What is wrong in every stage was told once.
                if readable {
                    self.check_names(file, (stage, found), context);
                }
                fields.push((stage, index, field));
            }
        }
        (context.problems.len() == before).then_some(IreeFiles {
            constraint,
            name: name?,
            key,
            fields,
            span: file.span,
        })
    }

    /// Holds the names in `name` and `key` against the parameters of a stage.
    fn check_names(&self, file: &IreeFilesFile, (stage, metric): (StageIndex, &Metric), context: &mut Context) {
        let owner = &self.stages[stage];
        if owner.rows.is_some() {
            return;
        }
        let name = format!("stage `{}`, which measures `{}`", owner.name, self.full_name(stage, metric));
        let scope = Scope { owner: Some(Owner { params: &owner.per, name, key: "per" }), ..self.scope() };
        for text in [Some(&file.name), file.key.as_ref()].into_iter().flatten() {
            scope.template(text, context);
        }
    }
}

fn field(word: IreeFieldWord) -> IreeField {
    match word {
        IreeFieldWord::TimeMs => IreeField::TimeMs,
        IreeFieldWord::Dispatch => IreeField::Dispatch,
        IreeFieldWord::Size => IreeField::Size,
        IreeFieldWord::TimesMs => IreeField::TimesMs,
        IreeFieldWord::DispatchCount => IreeField::DispatchCount,
        IreeFieldWord::BinarySize => IreeField::BinarySize,
    }
}

/// Refuses a `key` for what is one number, and none for what is a map.
fn shape(file: &IreeFilesFile, field: IreeField, word: &Placed<IreeFieldWord>, context: &mut Context) {
    let name = field.name();
    match (field.shape(), &file.key) {
        (IreeShape::Map, None) => {
            let problem = Problem::at(word.span, format!("`{name}` is a map, and no `key` says which of its values"));
            context.problem(problem.hint("write `key: \"{sku}\"` with the parameter that it goes by"));
        }
        (IreeShape::Number, Some(key)) => {
            let problem = Problem::at(key.span, format!("`{name}` is one number, which has no `key`"));
            context.problem(problem.hint("give it an item of its own in `files`, without `key`"));
        }
        _ => {}
    }
}

/// Tells whether a metric has the unit of a golden, or another one of its kind.
fn fits(metric: &Metric, field: IreeField) -> bool {
    match (metric.unit.as_deref().filter(|unit| !unit.is_empty()), field.unit()) {
        (None, None) => true,
        (Some(own), Some(golden)) => convert(Decimal::ONE, own, golden).is_ok(),
        (None, Some(_)) | (Some(_), None) => false,
    }
}

fn check_unit(name: &Text, metric: &Metric, field: IreeField, context: &mut Context) {
    if fits(metric, field) {
        return;
    }
    let (own, golden) = (metric.unit.as_deref(), field.unit());
    let told = |unit: Option<&str>| unit.map_or("without a unit".to_owned(), |unit| format!("in `{unit}`"));
    let message = format!("`{}` is {}, and `{}` is {}", name.as_str(), told(own), field.name(), told(golden));
    let problem = Problem::at(name.span, message);
    context.problem(problem.maybe_hint(golden.filter(|_| own.is_none()).map(|unit| format!("give it `unit: {unit}`"))));
}
