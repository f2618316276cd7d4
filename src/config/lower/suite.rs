//! The whole of a suite, in the order in which its parts need each other.

use super::cases::{blocks, names, profiles};
use super::circles::check_stage_circle;
use super::computed::{Texts, check_circles, let_names, lets};
use super::judged::Judged;
use super::outline::outlines;
use super::params::params;
use super::scope::Scope;
use super::stage::StageReader;
use super::vocabulary::Vocabulary;
use crate::config::context::{Context, unsafe_path};
use crate::config::leaves::Mapped;
use crate::config::node::Text;
use crate::config::suite_file::{NamingFile, ParamFile, SuiteFile};
use crate::config::values_file::ComputedFile;
use crate::config::version::{GRAMMAR, check_number, check_version};
use crate::suite::{Let, Stage, Suite};
use crate::value::{Problem, Sources, SuiteName, is_plain_name};
use std::collections::BTreeSet;

/// The most stages of a suite.
const MOST_STAGES: usize = 500;

/// Turns a suite file into a suite; the problems of the context say whether it is one.
pub(in crate::config) fn lower(file: &SuiteFile, context: &mut Context) -> Option<Suite> {
    if !is_plain_name(file.suite.as_str()) {
        let problem = Problem::at(file.suite.span, format!("`{}` cannot name a suite", file.suite.as_str()));
        context.problem(problem.hint("a name is a small letter, then small letters, digits, `_` and `-`"));
    }
    let naming = match &file.params_from {
        Some(path) => Some(naming_file(path, context)?),
        None => None,
    };
    let shared: Vec<(&Text, &ParamFile)> = naming.iter().flat_map(|naming| entries(Some(&naming.params))).collect();
    let schema_params = shared.len();
    let own = entries(file.params.as_ref());
    let all: Vec<(&Text, &ParamFile)> = shared.into_iter().chain(own).collect();
    let mut params = params(&all, file, context)?;
    let points = names(file, &mut params, context);
    learn_lets(file, &mut params.vocabulary);
    let vocabulary = params.vocabulary.clone();

    let suite_lets: Vec<&str> = let_names(file.lets.as_ref()).collect();
    let block_files = file.cases.iter().flat_map(|cases| &cases.value);
    let inner: BTreeSet<&str> = block_files.flat_map(|block| let_names(block.lets.as_ref())).collect();
    // A suite's own lines hold for every case, so they may name what only blocks define.
    let outer_lets: Vec<&str> = suite_lets.iter().copied().chain(inner).collect::<BTreeSet<_>>().into_iter().collect();
    let scope = Scope::new(&vocabulary, outer_lets.clone());
    let own_lets = lets(file.lets.as_ref(), Texts::Templates, &scope, context);
    let constraints = scope.constraints(file.constraints.as_ref(), context);
    let blocks = blocks(file, &params, points, &suite_lets, context);
    let profiles = profiles(file.profiles.as_ref(), &params, &scope, context);

    if file.stages.0.is_empty() {
        let problem = Problem::at(file.span, "the suite has no stage");
        context.problem(problem.hint("write at least one under `stages`"));
    }
    if let Some((name, _)) = file.stages.0.get(MOST_STAGES) {
        context.problem(Problem::at(name.span, format!("a suite has at most {MOST_STAGES} stages")));
        return None;
    }
    let outlines = outlines(&file.stages, &vocabulary, context);
    let reader = StageReader { vocabulary: &vocabulary, outer_lets: &outer_lets, outlines: &outlines };
    let mut stages: Vec<Stage> = Vec::with_capacity(outlines.len());
    for (index, (name, stage)) in file.stages.0.iter().enumerate() {
        stages.extend(reader.read(index, name, stage, context));
    }
    check_all_circles(&own_lets, blocks.iter().map(|block| block.lets.as_slice()), &stages, context);
    let paths = globs(file.paths.as_deref(), context);
    let archive_exclude = globs(file.archive.as_ref().and_then(|archive| archive.exclude.as_deref()), context);
    let root = file.root.as_ref().map_or_else(String::new, |root| root_folder(root, context));
    if stages.len() < outlines.len() {
        // What follows refers to stages and metrics by index.
        return None;
    }
    check_stage_circle(&stages, &outlines, context);

    let judged = Judged { vocabulary: &vocabulary, outer_lets: &outer_lets, stages: &stages, outlines: &outlines };
    let models = entries(file.models.as_ref()).filter_map(|(name, file)| judged.model(name, file, context)).collect();
    let plots = file.plots.iter().flatten().filter_map(|plot| judged.plot(plot, context)).collect();
    let goldens = file.goldens.as_ref().and_then(|goldens| judged.goldens(goldens, context));
    let failures = file.known_failures.iter().flatten();
    let known_failures = failures.filter_map(|failure| judged.known_failure(failure, context)).collect();
    Some(Suite {
        version: GRAMMAR,
        name: SuiteName::new(file.suite.as_str()),
        requires: file.requires.as_ref().map(|text| text.as_str().to_owned()),
        root,
        paths,
        schema: params.schema,
        schema_params,
        lets: own_lets,
        constraints,
        blocks,
        stages,
        models,
        plots,
        goldens,
        known_failures,
        archive_exclude,
        profiles,
        cases_from: file.cases_from.as_ref().map(|path| path.as_str().to_owned()),
        sources: Sources::default(),
    })
}

fn entries<T>(map: Option<&Mapped<T>>) -> impl Iterator<Item = (&Text, &T)> {
    map.into_iter().flat_map(|Mapped(entries)| entries).map(|(name, value)| (name, value))
}

fn naming_file(path: &Text, context: &mut Context) -> Option<NamingFile> {
    let before = context.problems.len();
    let file = context.read(path)?;
    let root = context.compose(file)?;
    check_version(&root, context)?;
    let naming = context.decode::<NamingFile>(&root)?;
    check_number(naming.version, context)?;
    (context.problems.len() == before).then_some(naming)
}

/// Collects what every definition of a `let` shows, before any expression is read.
fn learn_lets(file: &SuiteFile, vocabulary: &mut Vocabulary) {
    let mut learn = |map: Option<&Mapped<ComputedFile>>, templates: bool| {
        for (name, value) in entries(map) {
            vocabulary.learn(name.as_str(), value, templates);
        }
    };
    learn(file.lets.as_ref(), true);
    for block in file.cases.iter().flat_map(|cases| &cases.value) {
        learn(block.lets.as_ref(), false);
    }
    for (_, stage) in &file.stages.0 {
        learn(stage.lets.as_ref(), true);
        for retry in stage.retry.iter().flatten() {
            learn(retry.set.as_ref(), true);
        }
    }
    for (_, model) in entries(file.models.as_ref()) {
        learn(model.lets.as_ref(), true);
    }
}

fn check_all_circles<'a>(
    own: &'a [Let],
    blocks: impl Iterator<Item = &'a [Let]>,
    stages: &'a [Stage],
    context: &mut Context,
) {
    check_circles(&[own], context);
    for block in blocks.filter(|block| !block.is_empty()) {
        check_circles(&[own, block], context);
    }
    for stage in stages.iter().filter(|stage| !stage.lets.is_empty()) {
        check_circles(&[own, &stage.lets], context);
    }
}

fn globs(globs: Option<&[Text]>, context: &mut Context) -> Vec<String> {
    let mut found = Vec::new();
    for glob in globs.into_iter().flatten() {
        if let Err(err) = globset::Glob::new(glob.as_str()) {
            let message = format!("`{}` is not a pattern for paths: {}", glob.as_str(), err.kind());
            context.problem(Problem::at(glob.span, message).hint("`*` is anything in a name, `**` any folders"));
            continue;
        }
        found.push(glob.as_str().to_owned());
    }
    found
}

fn root_folder(root: &Text, context: &mut Context) -> String {
    if let Some(why) = unsafe_path(root.as_str()) {
        context.problem(Problem::at(root.span, why).hint("`root` is a folder below the project folder"));
    }
    let parts: Vec<&str> = root.as_str().split('/').filter(|part| !part.is_empty() && *part != ".").collect();
    parts.join("/")
}
