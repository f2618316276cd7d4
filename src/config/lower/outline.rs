//! What stages must know of each other before any of them is read: names, parameters, outputs.

use super::vocabulary::Vocabulary;
use crate::config::context::Context;
use crate::config::leaves::Mapped;
use crate::config::node::Text;
use crate::config::stage_file::StageFile;
use crate::suite::{ParamIndex, Piece, StageIndex, split_template};
use crate::value::{Problem, did_you_mean, is_plain_name};

/// What other stages must know of a stage.
#[derive(Debug, Clone)]
pub(crate) struct Outline {
    /// The name.
    pub(crate) name: String,
    /// Its parameters, ascending.
    pub(crate) per: Vec<ParamIndex>,
    /// Files it leaves behind: outputs, evidence, rows.
    pub(crate) leaves: Vec<Text>,
    /// Whether it is measured several times.
    pub(crate) repeated: bool,
    /// Whether some of its tasks may not exist.
    pub(crate) conditional: bool,
}

/// Returns the outlines in the order of the file; a stage with a bad name keeps its place.
pub(crate) fn outlines(stages: &Mapped<StageFile>, vocabulary: &Vocabulary, context: &mut Context) -> Vec<Outline> {
    stages.0.iter().map(|(name, file)| outline(name, file, vocabulary, context)).collect()
}

fn outline(name: &Text, file: &StageFile, vocabulary: &Vocabulary, context: &mut Context) -> Outline {
    if name.as_str() == "root" {
        let problem = Problem::at(name.span, "a stage cannot be called `root`");
        context.problem(problem.hint("`root/PATH` is a file of the repository"));
    } else if !is_plain_name(name.as_str()) {
        let problem = Problem::at(name.span, format!("`{}` cannot name a stage", name.as_str()));
        context.problem(problem.hint("a name is a small letter, then small letters, digits, `_` and `-`"));
    }
    let all = || (0..vocabulary.params.len()).collect::<Vec<_>>();
    let per = match (&file.per, &file.across) {
        (Some(_), Some(across)) => {
            let problem = Problem::at(across.span, "`per` and `across` exclude each other");
            context.problem(problem.hint("`per` names the parameters of a task, `across` those it gathers over"));
            all()
        }
        (Some(per), None) => vocabulary.find_all(&per.value, context),
        (None, Some(across)) => {
            let gathered = vocabulary.find_all(&across.value, context);
            all().into_iter().filter(|param| !gathered.contains(param)).collect()
        }
        (None, None) => all(),
    };
    let reports = file.evidence.iter().flatten().filter_map(|evidence| evidence.report.as_ref());
    let reports = reports.map(|report| &report.file).filter(|file| !matches!(file.as_str(), "stdout" | "stderr"));
    Outline {
        name: name.as_str().to_owned(),
        per,
        leaves: file
            .outputs
            .iter()
            .flatten()
            .chain(reports)
            .chain(file.rows.as_ref().map(|rows| &rows.csv))
            .cloned()
            .collect(),
        repeated: file.repeat.is_some(),
        conditional: file.when.is_some(),
    }
}

/// Returns the stage that a text names.
pub(crate) fn find_stage(
    outlines: &[Outline],
    name: &str,
    span: crate::value::Span,
    context: &mut Context,
) -> Option<StageIndex> {
    let found = outlines.iter().position(|outline| outline.name == name);
    if found.is_none() {
        let names = outlines.iter().map(|outline| outline.name.as_str());
        let problem = Problem::at(span, format!("there is no stage `{name}`"));
        context.problem(problem.maybe_hint(did_you_mean(name, names)));
    }
    found
}

impl Outline {
    /// Says why a path is none of the files that the stage leaves behind, where that is certain.
    pub(crate) fn refuse_output(&self, path: &str) -> Option<(String, Option<String>)> {
        if self.leaves.is_empty() {
            let message = format!("`{}` leaves no file behind", self.name);
            return Some((message, Some(format!("declare it under `outputs` of `{}`", self.name))));
        }
        let mut known = Vec::with_capacity(self.leaves.len());
        for file in &self.leaves {
            let pieces = split_template(file.as_str()).ok()?;
            match pieces.as_slice() {
                [] => known.push(String::new()),
                [Piece::Literal(literal)] => known.push(literal.clone()),
                _ => return None,
            }
        }
        let path = path.trim_end_matches('/');
        let leaves = |known: &String| {
            let known = known.trim_end_matches('/');
            path == known || path.strip_prefix(known).is_some_and(|below| below.starts_with('/'))
        };
        if known.iter().any(leaves) {
            return None;
        }
        let hint = did_you_mean(path, known.iter().map(String::as_str));
        Some((format!("`{}` has no output `{path}`", self.name), hint))
    }
}
