//! Where the files of a task come from.

use super::computed::choices;
use super::outline::{Outline, find_stage};
use super::scope::Scope;
use crate::config::context::{Context, unsafe_path};
use crate::config::node::Text;
use crate::config::stage_file::{AfterFile, InputsFile, SourceFile, SourceForm};
use crate::suite::{After, Input, InputName, Part, Source, StageIndex, Template};
use crate::value::{Problem, Span};

/// What reading the inputs of a stage needs besides the scope.
pub(crate) struct Inputs<'a> {
    /// All stages.
    pub(crate) outlines: &'a [Outline],
    /// The stage whose inputs they are.
    pub(crate) own: StageIndex,
    /// What can be named.
    pub(crate) scope: &'a Scope<'a>,
}

impl Inputs<'_> {
    /// Reads all inputs.
    pub(crate) fn read(&self, file: &InputsFile, context: &mut Context) -> Vec<Input> {
        let mut inputs: Vec<Input> = Vec::new();
        match file {
            InputsFile::List(sources) => {
                for source in sources {
                    let Some(read) = self.source(source, context) else { continue };
                    inputs.push(Input { name: InputName::LastPart, source: read, span: source.span });
                }
            }
            InputsFile::Map(entries) => {
                for (name, source) in entries {
                    let local = self.local_name(name, context);
                    let read = self.source(source, context);
                    let (Some(local), Some(source)) = (local, read) else { continue };
                    inputs.push(Input { name: InputName::Given(local), source, span: name.span });
                }
            }
        }
        check_names(&inputs, context);
        inputs
    }

    fn local_name(&self, name: &Text, context: &mut Context) -> Option<Template> {
        super::evidence::local_path(name, self.scope, context)
    }

    fn source(&self, file: &SourceFile, context: &mut Context) -> Option<Source> {
        match &file.form {
            SourceForm::Path(path) => self.path(path, &[], false, context),
            SourceForm::Of { path, at, baseline } => self.path(path, at, *baseline, context),
            SourceForm::Rows(name) => {
                let stage = find_stage(self.outlines, name.as_str(), name.span, context)?;
                self.not_own(stage, name.span, context)?;
                self.warn_if_one(stage, name.span, context);
                Some(Source::Rows(stage))
            }
            SourceForm::Each(path) => {
                let (stage, output) = self.output(path, context)?;
                self.not_own(stage, path.span, context)?;
                self.warn_if_one(stage, path.span, context);
                Some(Source::Each { stage, output })
            }
            SourceForm::Pick(pick) => {
                let read = |source: &SourceFile, context: &mut Context| self.source(source, context);
                let (param, from) = choices(pick, self.scope, context, read)?;
                Some(Source::Pick { param, from })
            }
        }
    }

    fn path(
        &self,
        path: &Text,
        at: &[(Text, crate::config::leaves::ScalarFile)],
        baseline: bool,
        context: &mut Context,
    ) -> Option<Source> {
        if path.as_str() == "root" || path.as_str().starts_with("root/") {
            if !at.is_empty() || baseline {
                let problem = Problem::at(path.span, "`at` and `run` are for outputs of stages, not for `root/`");
                context.problem(problem);
            }
            return self.root(path, context).map(Source::Root);
        }
        let (stage, output) = self.output(path, context)?;
        let outline = &self.outlines[stage];
        if !baseline {
            self.not_own(stage, path.span, context)?;
            if outline.repeated {
                let message = format!("`{}` is measured several times, so its output is not one file", outline.name);
                context.problem(
                    Problem::at(path.span, message).hint("take `{ rows: STAGE }` or `{ each: STAGE/OUTPUT }`"),
                );
            }
        }
        let mut fixed = Vec::new();
        for (name, value) in at {
            let Some(param) = self.scope.vocabulary.find(name, context) else { continue };
            if !outline.per.contains(&param) {
                let message = format!("`{}` is no parameter of `{}`", name.as_str(), outline.name);
                context.problem(Problem::at(name.span, message));
                continue;
            }
            fixed.extend(self.scope.vocabulary.value(param, &value.0, context).map(|value| (param, value)));
        }
        Some(Source::Output { stage, output, at: fixed, baseline })
    }

    /// Reads `root/PATH`; the result is the path below the root.
    fn root(&self, path: &Text, context: &mut Context) -> Option<Template> {
        let mut template = self.scope.template(path, context)?;
        if let Some(Part::Literal(literal)) = template.parts.first_mut() {
            *literal = literal.strip_prefix("root").unwrap_or(literal).trim_start_matches('/').to_owned();
            if literal.is_empty() {
                template.parts.remove(0);
            }
        }
        if template.parts.is_empty() {
            let problem = Problem::at(path.span, "the whole of `root` cannot be an input");
            context.problem(problem.hint("name the files or folders that the stage reads: `root/PATH`"));
            return None;
        }
        self.check_path(path, "a path of the repository stays in it", context)?;
        Some(template)
    }

    /// Reads `STAGE/OUTPUT`.
    fn output(&self, path: &Text, context: &mut Context) -> Option<(StageIndex, Template)> {
        let text = path.as_str();
        self.check_path(path, "an output lies in the folder of its task", context)?;
        let Some((name, output)) = text.split_once('/').filter(|(_, output)| !output.trim_matches('/').is_empty())
        else {
            let name = text.trim_end_matches('/');
            let stage = self.outlines.iter().find(|outline| outline.name == name);
            let hint = match stage.map(|stage| stage.leaves.as_slice()) {
                Some([first, ..]) => format!("write `{name}/{}`", first.as_str()),
                Some([]) | None => {
                    format!("write `root/{text}` for a file of the repository, `STAGE/OUTPUT` for an output")
                }
            };
            context.problem(Problem::at(path.span, format!("`{text}` is no source")).hint(hint));
            return None;
        };
        let Some(stage) = self.outlines.iter().position(|outline| outline.name == name) else {
            let names = self.outlines.iter().map(|outline| outline.name.as_str()).chain(["root"]);
            let place = context.part(path, 0, name.len());
            let problem = Problem::at(place, format!("there is no stage `{name}`"));
            let near = crate::value::nearest(name, names).map(|near| format!("did you mean `{near}`?"));
            context.problem(
                problem.hint(near.unwrap_or_else(|| format!("write `root/{text}` for a file of the repository"))),
            );
            return None;
        };
        let mut template = self.scope.template(path, context)?;
        if let Some(Part::Literal(literal)) = template.parts.first_mut() {
            *literal = literal.strip_prefix(name).unwrap_or(literal).trim_start_matches('/').to_owned();
            if literal.is_empty() {
                template.parts.remove(0);
            }
        }
        if let Some(literal) = template.as_literal()
            && let Some((message, hint)) = self.outlines[stage].refuse_output(literal)
        {
            let place = context.part(path, name.len() + 1, output.len());
            context.problem(Problem::at(place, message).maybe_hint(hint));
            return None;
        }
        Some((stage, template))
    }

    fn check_path(&self, path: &Text, hint: &str, context: &mut Context) -> Option<()> {
        match unsafe_path(path.as_str()) {
            None => Some(()),
            Some(why) => {
                context.problem(Problem::at(path.span, why).hint(hint));
                None
            }
        }
    }

    fn not_own(&self, stage: StageIndex, span: Span, context: &mut Context) -> Option<()> {
        if stage != self.own {
            return Some(());
        }
        let message = format!("an input of `{}` comes from `{0}` itself", self.outlines[stage].name);
        context.problem(
            Problem::at(span, message).hint("an earlier run's output is `{ of: STAGE/OUTPUT, run: baseline }`"),
        );
        None
    }

    /// Gathering over nothing is legal and useless.
    fn warn_if_one(&self, stage: StageIndex, span: Span, context: &mut Context) {
        let (mine, theirs) = (&self.outlines[self.own], &self.outlines[stage]);
        if theirs.per.iter().all(|param| mine.per.contains(param)) && !theirs.repeated {
            let message = format!("this gathers exactly one task of `{}`", theirs.name);
            context.warning(Problem::at(span, message).hint("name the parameters to gather over under `across`"));
        }
    }
}

/// Finds inputs with one name, where names are certain.
fn check_names(inputs: &[Input], context: &mut Context) {
    let mut seen: Vec<(String, Span)> = Vec::new();
    for input in inputs {
        let name = match &input.name {
            InputName::Given(template) => template.as_literal().map(|name| name.trim_end_matches('/').to_owned()),
            InputName::LastPart => last_part(&input.source),
        };
        let Some(name) = name else { continue };
        if let Some((_, earlier)) = seen.iter().find(|(earlier, _)| *earlier == name) {
            let line = context.line(*earlier);
            let problem = Problem::at(input.span, format!("two inputs are called `{name}`, the first on line {line}"));
            context.problem(problem.hint("use a map to give one another name: `{ NAME: SOURCE }`"));
        } else {
            seen.push((name, input.span));
        }
    }
}

/// Returns the name that an input keeps, if it is the same for all tasks.
pub(crate) fn last_part(source: &Source) -> Option<String> {
    let template = match source {
        Source::Root(template) | Source::Output { output: template, .. } => template,
        Source::Rows(_) | Source::Each { .. } | Source::Pick { .. } => return None,
    };
    let path = template.as_literal()?.trim_end_matches('/');
    Some(path.rsplit('/').next().unwrap_or(path).to_owned())
}

/// Reads the gates of a stage.
pub(crate) fn after(file: &AfterFile, inputs: &Inputs, context: &mut Context) -> Option<After> {
    let stages = |names: &Vec<Text>, context: &mut Context| {
        let mut found = Vec::new();
        for name in names {
            let stage = find_stage(inputs.outlines, name.as_str(), name.span, context)?;
            if stage == inputs.own {
                context.problem(Problem::at(name.span, format!("`{}` cannot wait for itself", name.as_str())));
                return None;
            }
            if found.contains(&stage) {
                context.problem(Problem::at(name.span, format!("`{}` is named twice", name.as_str())));
                return None;
            }
            found.push(stage);
        }
        Some(found)
    };
    match file {
        AfterFile::Stages(names) => stages(names, context).map(After::Stages),
        AfterFile::Pick(pick) => {
            let (param, from) = choices(pick, inputs.scope, context, stages)?;
            let otherwise = match &pick.otherwise {
                Some(names) => Some(stages(names, context)?),
                None => None,
            };
            Some(After::Pick { param, from, otherwise })
        }
    }
}
