//! A model file: YAML -> the form of a performance model.

use super::context::Context;
use super::declare::{record, words};
use super::leaves::{Mapped, Placed as Value};
use super::node::Text;
use super::values_file::{ComputedFile, PickFile};
use super::version::{check_number, check_version};
use crate::expr::{Expr, ExprError};
use crate::suite::{Derived, Feature, Form, NamedColumn, Placed, Rule, Weighting};
use crate::value::{Problem, Problems, did_you_mean, is_identifier};

/// The name that the constant part has among the coefficients.
pub(super) const INTERCEPT: &str = "intercept";

record! {
    /// A performance model over any table: what is predicted, and from what.
    FormFile = "a model" {
        /// Version of the grammar: 1.
        "version" version: Value<u32>,
        /// The name of the model.
        "model" model: Text,
        /// Names for columns: the first column of each list that the table has is meant.
        "columns" columns: Option<Mapped<Vec<Text>>>,
        /// Derived columns: `{ expr: E }`, or numbers for the texts of a column by `pick`.
        "let" lets: Option<Mapped<ComputedFile>>,
        /// What must hold for a row to take part.
        "where" filters: Option<Vec<Text>>,
        /// One fit for each combination of the values of these columns.
        "by" by: Option<Vec<Text>>,
        /// Attribute sets in order; a row belongs to the last that holds.
        "sets" sets: Option<Mapped<Text>>,
        /// What is predicted.
        "target" target: Text,
        /// What it is predicted from: one coefficient each.
        "features" features: Mapped<Text>,
        /// Features whose coefficient may be negative.
        "free" free: Option<Vec<Text>>,
        /// Adds a constant part of either sign, the coefficient `intercept`. Default: false.
        "intercept" intercept: Option<bool>,
        /// Whether differences or their shares of the target are squared. Default: absolute.
        "weighting" weighting: Option<WeightingWord>,
        /// Lets rows far off count for less (Huber). Default: false.
        "robust" robust: Option<bool>,
        /// The column that names the operation of a row.
        "op" op: Option<Text>,
    }
}

words! {
    /// What the squares that a fit minimises are of.
    WeightingWord = "`absolute` or `relative`" {
        /// The differences: large rows decide.
        "absolute" Absolute,
        /// The differences as a share of the target: all rows count alike.
        "relative" Relative,
    }
}

/// Returns the JSON schema of model files.
pub fn model_schema() -> serde_json::Value {
    super::schema::file_schema::<FormFile>("shmoo model")
}

/// Reads a model file; `name` is its path as the user gave it.
///
/// # Errors
/// All problems that were found.
pub fn load_model(name: &str, text: &str) -> Result<Form, Problems> {
    let no_files = |_: &str| Err("a model names no files".to_owned());
    let mut context = Context::new(name, text, &no_files);
    let form = read(&mut context);
    let (form, sources, _) = context.finish(form)?;
    Ok(Form { sources, ..form })
}

fn read(context: &mut Context) -> Option<Form> {
    let root = context.compose(0)?;
    check_version(&root, context)?;
    let file = context.decode::<FormFile>(&root)?;
    check_number(file.version, context)?;
    let before = context.problems.len();
    let columns = columns(file.columns.as_ref(), context);
    let lets = lets(file.lets.as_ref(), context);
    for derived in &lets {
        if columns.iter().any(|(name, _)| *name == derived.name) {
            let message = format!("`{}` is the name of a column under `columns`, too", derived.name);
            context.problem(Problem::at(derived.span, message));
        }
    }
    let filters = file.filters.iter().flatten().filter_map(|text| expression(text, context)).collect();
    let sets = named(file.sets.as_ref(), context);
    let target = expression(&file.target, context);
    let features = features(&file, context);
    if let Some(empty) = (file.model.as_str().trim().is_empty()).then_some(file.model.span) {
        context.problem(Problem::at(empty, "a model has a name"));
    }
    let column = |text: &Text| NamedColumn { name: text.as_str().to_owned(), span: Some(text.span) };
    (context.problems.len() == before).then_some(Form {
        name: file.model.as_str().to_owned(),
        columns,
        lets,
        filters,
        by: file.by.iter().flatten().map(column).collect(),
        sets,
        target: target?,
        features,
        intercept: file.intercept.unwrap_or(false),
        weighting: weighting(file.weighting),
        robust: file.robust.unwrap_or(false),
        op: file.op.as_ref().map(column),
        sources: crate::value::Sources::default(),
    })
}

/// Returns the hint of an expression over a table; where a column may have been meant, it says how one is named.
pub fn hint_on_columns(error: &ExprError) -> Option<String> {
    let hint = error.hint.clone()?;
    let meant = ["expected an operator", "there is no function"].iter().any(|start| error.message.starts_with(start));
    let names = "a column is named with `_` for each blank, and under `columns` of the model if it has other signs";
    Some(if meant { format!("{hint}; {names}") } else { hint })
}

/// Returns what a word means; none: absolute.
pub(super) fn weighting(word: Option<WeightingWord>) -> Weighting {
    match word {
        Some(WeightingWord::Relative) => Weighting::Relative,
        Some(WeightingWord::Absolute) | None => Weighting::Absolute,
    }
}

fn columns(file: Option<&Mapped<Vec<Text>>>, context: &mut Context) -> Vec<(String, Vec<String>)> {
    let mut columns = Vec::new();
    for (name, candidates) in file.iter().flat_map(|mapped| &mapped.0) {
        check_name(name, context);
        if candidates.is_empty() {
            let problem = Problem::at(name.span, format!("`{}` names no column", name.as_str()));
            context.problem(problem.hint("list the columns that it may be: `m: [mblock_m, output_mb_r]`"));
        }
        let candidates = candidates.iter().map(|text| text.as_str().to_owned()).collect();
        columns.push((name.as_str().to_owned(), candidates));
    }
    columns
}

fn check_name(name: &Text, context: &mut Context) {
    if crate::expr::is_keyword(name.as_str()) || !is_identifier(name.as_str()) {
        let problem = Problem::at(name.span, format!("`{}` cannot be a name in expressions", name.as_str()));
        context.problem(problem.hint("letters, digits and `_`, and no word of the language"));
    }
}

fn lets(file: Option<&Mapped<ComputedFile>>, context: &mut Context) -> Vec<Derived> {
    let mut lets = Vec::new();
    for (name, computed) in file.iter().flat_map(|mapped| &mapped.0) {
        check_name(name, context);
        let rule = match computed {
            ComputedFile::Expr(text) => expression(text, context).map(Rule::Expr),
            ComputedFile::Pick(pick) => map(pick, context),
            ComputedFile::One(_) | ComputedFile::List(..) => {
                let problem = Problem::at(name.span, format!("`{}` is no derived column", name.as_str()));
                context.problem(problem.hint("write `{ expr: \"m * n\" }` or `{ pick: fidelity, from: { LoFi: 1 } }`"));
                None
            }
        };
        lets.extend(rule.map(|rule| Derived { name: name.as_str().to_owned(), rule, span: name.span }));
    }
    lets
}

fn map(pick: &PickFile<ComputedFile>, context: &mut Context) -> Option<Rule> {
    let PickFile { param, from, otherwise } = pick;
    let from: Option<Vec<(String, f64)>> =
        from.iter().map(|(text, value)| Some((text.as_str().to_owned(), number(text, value, context)?))).collect();
    let otherwise = match otherwise {
        Some(value) => Some(number(param, value, context)?),
        None => None,
    };
    Some(Rule::Map { of: param.as_str().to_owned(), from: from?, otherwise })
}

fn number(at: &Text, value: &ComputedFile, context: &mut Context) -> Option<f64> {
    if let ComputedFile::One(text) = value
        && let Ok(number) = text.as_str().parse::<crate::value::Decimal>()
    {
        return Some(number.to_f64());
    }
    context.problem(
        Problem::at(at.span, "in a model, `pick` gives numbers").hint("such as `from: { LoFi: 1, HiFi2: 2 }`"),
    );
    None
}

fn expression(text: &Text, context: &mut Context) -> Option<Placed> {
    match Expr::parse(text.as_str()) {
        Ok(expr) => Some(Placed { expr, span: Some(text.span) }),
        Err(err) => {
            let problem = Problem::at(context.part(text, err.offset, err.length), err.message.clone());
            context.problem(problem.maybe_hint(hint_on_columns(&err)));
            None
        }
    }
}

fn named(file: Option<&Mapped<Text>>, context: &mut Context) -> Vec<(String, Placed)> {
    let entries = file.iter().flat_map(|mapped| &mapped.0);
    entries.filter_map(|(name, text)| Some((name.as_str().to_owned(), expression(text, context)?))).collect()
}

fn features(file: &FormFile, context: &mut Context) -> Vec<Feature> {
    let entries = &file.features.0;
    if entries.is_empty() {
        let problem = Problem::at(file.model.span, format!("the model `{}` has no features", file.model.as_str()));
        context.problem(problem.hint("each feature gets one coefficient: `features: { fixed: \"1\" }`"));
    }
    if let Some((name, _)) = entries.iter().find(|(name, _)| name.as_str() == INTERCEPT && file.intercept == Some(true))
    {
        context.problem(Problem::at(name.span, "`intercept` is the name of the constant part"));
    }
    let free: Vec<&Text> = file.free.iter().flatten().collect();
    for text in &free {
        if !entries.iter().any(|(name, _)| name.as_str() == text.as_str()) {
            let known = entries.iter().map(|(name, _)| name.as_str());
            let problem = Problem::at(text.span, format!("there is no feature `{}`", text.as_str()));
            context.problem(problem.maybe_hint(did_you_mean(text.as_str(), known)));
        }
    }
    named(Some(&file.features), context)
        .into_iter()
        .map(|(name, value)| Feature { free: free.iter().any(|text| text.as_str() == name), name, value })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const START: &str = "version: 1\nmodel: area\n";

    fn problems(rest: &str) -> String {
        match load_model("m.yaml", &format!("{START}{rest}")) {
            Ok(form) => format!("{}: {} features", form.name, form.features.len()),
            Err(problems) => problems.to_string(),
        }
    }

    #[test]
    fn a_model_is_read() {
        let text = format!(
            "{START}columns: {{ m: [rows, height], kind: [type] }}\nlet:\n  size: {{ pick: kind, from: {{ big: 2, small: 1 }}, else: 0 }}\n  \
             area: {{ expr: m * n }}\nwhere: [\"m > 0\"]\nby: [kind]\nsets: {{ base: 'true', tall: 'm > n' }}\n\
             target: time\nfeatures: {{ a: area, b: size }}\nfree: [b]\nintercept: true\nweighting: relative\nop: kind\n"
        );
        let form = load_model("m.yaml", &text).unwrap();
        assert_eq!(form.columns[0], ("m".to_owned(), vec!["rows".to_owned(), "height".to_owned()]));
        assert!(
            matches!(&form.lets[0].rule, Rule::Map { of, from, otherwise: Some(0.0) } if of == "kind" && from[0] == ("big".to_owned(), 2.0))
        );
        assert_eq!(form.features.iter().map(|feature| feature.free).collect::<Vec<_>>(), [false, true]);
        assert_eq!((form.weighting, form.intercept, form.robust), (Weighting::Relative, true, false));
        assert_eq!(form.sets[1].0, "tall");
        assert_eq!(form.op.map(|op| op.name).as_deref(), Some("kind"));
    }

    #[test]
    fn mistakes_have_places() {
        let check = |rest: &str, expected: &str| assert_eq!(problems(rest), expected, "{rest}");
        check(
            "target: t\nfeatures: {}\n",
            "m.yaml:2:8: the model `area` has no features (each feature gets one coefficient: `features: { fixed: \"1\" }`)",
        );
        check("target: t +\nfeatures: { a: '1' }\n", "m.yaml:3:12: the expression ends where a value is expected");
        check("target: t\nfeatures: { a: '1' }\nfree: [b]\n", "m.yaml:5:8: there is no feature `b` (known: `a`)");
        check(
            "target: t\nfeature: { a: '1' }\n",
            "m.yaml:1:1: `features` is missing here\nm.yaml:4:1: unknown key `feature` in a model (did you mean `features`?)",
        );
        check(
            "columns: { a-b: [x] }\ntarget: t\nfeatures: { a: '1' }\n",
            "m.yaml:3:12: `a-b` cannot be a name in expressions (letters, digits and `_`, and no word of the language)",
        );
        check(
            "let: { x: { pick: y, from: { a: b } } }\ntarget: t\nfeatures: { a: '1' }\n",
            "m.yaml:3:30: in a model, `pick` gives numbers (such as `from: { LoFi: 1, HiFi2: 2 }`)",
        );
    }
}
