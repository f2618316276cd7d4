//! Where cases come from: blocks and profiles.

use super::computed::{Texts, let_names, lets};
use super::params::{Over, Params};
use super::scope::Scope;
use super::stage::repeats;
use crate::config::context::Context;
use crate::config::decode::MOST_PROBLEMS;
use crate::config::leaves::{Mapped, Placed};
use crate::config::node::Text;
use crate::config::suite_file::{BlockFile, NamesFile, ProfileFile, SuiteFile, TakeFile};
use crate::naming::Point;
use crate::suite::{Block, ParamIndex, Profile, Take};
use crate::value::{Problem, Scalar, Span, is_plain_name};
use std::collections::HashMap;

/// Points by name, one list for each block that has `names`.
pub(crate) type Names = Vec<Option<Vec<Point>>>;

/// Reads the names of all blocks, so that the values in them are known to everybody.
pub(crate) fn names(suite: &SuiteFile, params: &mut Params, context: &mut Context) -> Names {
    let blocks = suite.cases.as_ref().map_or(&[][..], |cases| &cases.value);
    blocks.iter().map(|block| block.names.as_ref().map(|file| points(file, params, context))).collect()
}

fn points(file: &NamesFile, params: &mut Params, context: &mut Context) -> Vec<Point> {
    let lines: Vec<(String, Span)> = match file {
        NamesFile::List(names) => names.iter().map(|name| (name.as_str().to_owned(), name.span)).collect(),
        NamesFile::File(path) => {
            let Some(file) = context.read(path) else { return Vec::new() };
            let lines = context.lines(file);
            if lines.is_empty() {
                context.problem(Problem::at(path.span, format!("`{}` holds no names", path.as_str())));
            }
            lines
        }
    };
    let mut seen: HashMap<String, Span> = HashMap::with_capacity(lines.len());
    let mut points = Vec::with_capacity(lines.len());
    for (name, span) in lines {
        if context.problems.len() >= MOST_PROBLEMS {
            break;
        }
        match params.schema.parse(&name) {
            Err(err) => {
                let place = span.part(err.offset, err.length);
                context.problem(
                    Problem::at(place, format!("{err}: {}", err.fault)).maybe_hint(err.hint().map(str::to_owned)),
                );
            }
            Ok(point) => {
                learn(&point, span, params, context);
                points.push(without_defaults(point, params));
            }
        }
        if let Some(earlier) = seen.insert(name.clone(), span) {
            let line = context.line(earlier);
            let problem = Problem::at(span, format!("the name `{name}` occurs twice, first on line {line}"));
            context.problem(problem.hint("remove one of the two"));
        }
    }
    points
}

/// Lets everybody know the values in a name.
fn learn(point: &Point, span: Span, params: &mut Params, context: &mut Context) {
    for (param, value) in point.present() {
        if params.schema.knows(param, value) {
            continue;
        }
        match params.schema.admit(param, std::slice::from_ref(value)) {
            Ok(()) => params.vocabulary.params[param].known.push(value.clone()),
            Err(errors) => {
                for error in errors {
                    context.problem(Problem::at(span, error.to_string()).maybe_hint(error.hint()));
                }
            }
        }
    }
}

/// A name never spells out a default, so a default in a point was not in its name.
fn without_defaults(point: Point, params: &Params) -> Point {
    let strip = |(value, param): (&Option<Scalar>, &crate::naming::Param)| match value {
        Some(value) if param.default.as_ref() != Some(value) => Some(value.clone()),
        Some(_) | None => None,
    };
    Point::new(point.values().iter().zip(params.schema.params()).map(strip).collect())
}

/// Reads the blocks; at least one.
pub(crate) fn blocks(
    suite: &SuiteFile,
    params: &Params,
    names: Names,
    suite_lets: &[&str],
    context: &mut Context,
) -> Vec<Block> {
    let Some(Placed { value: files, span }) = &suite.cases else {
        let whole = Block {
            over: Vec::new(),
            names: None,
            zip: Vec::new(),
            constraints: Vec::new(),
            take: None,
            lets: Vec::new(),
            span: suite.span,
        };
        return vec![whole];
    };
    if files.is_empty() {
        let problem = Problem::at(*span, "`cases` has no block, so there is no case");
        context.problem(problem.hint("leave `cases` out for the product of all values"));
    }
    let mut found = Vec::with_capacity(files.len());
    for ((file, over), names) in files.iter().zip(&params.blocks).zip(names) {
        found.push(block(file, over, names, params, suite_lets, context));
    }
    found
}

fn block(
    file: &BlockFile,
    over: &Over,
    names: Option<Vec<Point>>,
    params: &Params,
    suite_lets: &[&str],
    context: &mut Context,
) -> Block {
    let visible: Vec<&str> = suite_lets.iter().copied().chain(let_names(file.lets.as_ref())).collect();
    let scope = Scope::new(&params.vocabulary, visible);
    Block {
        over: without_places(over),
        zip: zip(file, over, names.is_some(), params, context),
        names,
        constraints: scope.constraints(file.constraints.as_ref(), context),
        take: file.take.as_ref().and_then(|file| take(file, context)),
        lets: lets(file.lets.as_ref(), Texts::Data, &scope, context),
        span: file.span,
    }
}

fn without_places(over: &Over) -> Vec<(ParamIndex, Vec<Scalar>)> {
    over.iter().map(|(param, values)| (*param, values.iter().map(|(value, _)| value.clone()).collect())).collect()
}

fn zip(file: &BlockFile, over: &Over, by_name: bool, params: &Params, context: &mut Context) -> Vec<Vec<ParamIndex>> {
    let mut groups: Vec<Vec<ParamIndex>> = Vec::new();
    for Placed { value: names, span } in file.zip.iter().flatten() {
        let mut group: Vec<ParamIndex> = Vec::new();
        let mut lengths: Vec<(usize, &str)> = Vec::new();
        for name in names {
            let Some(param) = params.vocabulary.find(name, context) else { continue };
            if group.contains(&param) || groups.iter().flatten().any(|&earlier| earlier == param) {
                let problem = Problem::at(name.span, format!("`{}` is zipped twice", name.as_str()));
                context.problem(problem.hint("a parameter steps together with one group"));
                continue;
            }
            group.push(param);
            // The names of a block may fix the parameter; then its length is not known here.
            let listed = params.schema.params()[param].values.len();
            let Some(length) = over
                .iter()
                .find(|(other, _)| *other == param)
                .map(|(_, values)| values.len())
                .or((!by_name).then_some(listed))
            else {
                continue;
            };
            if length < 2 {
                let found = if length == 0 { "none" } else { "one" };
                let message = format!("`{}` is zipped and needs several values here, found {found}", name.as_str());
                context.problem(
                    Problem::at(name.span, message).hint("give it values under `over`, or leave it out of `zip`"),
                );
                continue;
            }
            lengths.push((length, name.as_str()));
        }
        if names.len() < 2 {
            let problem = Problem::at(*span, "`zip` joins at least two parameters");
            context.problem(problem.hint("write `[[a, b]]`"));
        }
        if let Some(&(first, name)) = lengths.first()
            && let Some(&(length, other)) = lengths.iter().find(|(length, _)| *length != first)
        {
            let message = format!("`{name}` has {first} values and `{other}` has {length}");
            context.problem(Problem::at(*span, message).hint("zipped parameters have lists of one length"));
        }
        groups.push(group);
    }
    groups
}

fn take(file: &TakeFile, context: &mut Context) -> Option<Take> {
    const HINT: &str = "write `{ pairwise: true }` or `{ sample: N, seed: S }`";
    match (file.pairwise, file.sample, file.seed) {
        (Some(Placed { value: true, .. }), None, None) => Some(Take::Pairwise),
        (None, Some(count), Some(seed)) => {
            if count.value == 0 {
                context.problem(Problem::at(count.span, "a sample of 0 leaves no case"));
                return None;
            }
            Some(Take::Sample { count: count.value, seed: seed.value })
        }
        (None, Some(_), None) => {
            let problem = Problem::at(file.span, "a sample needs a `seed`");
            context.problem(problem.hint("any number will do; it makes the same cases come every time"));
            None
        }
        _ => {
            context.problem(
                Problem::at(file.span, "`take` is either `pairwise: true` or `sample` with `seed`").hint(HINT),
            );
            None
        }
    }
}

/// Reads the profiles.
pub(crate) fn profiles(
    files: Option<&Mapped<ProfileFile>>,
    params: &Params,
    scope: &Scope,
    context: &mut Context,
) -> Vec<Profile> {
    let entries = files.into_iter().flat_map(|Mapped(entries)| entries);
    entries.zip(&params.profiles).map(|((name, file), over)| profile(name, file, over, scope, context)).collect()
}

fn profile(name: &Text, file: &ProfileFile, over: &Over, scope: &Scope, context: &mut Context) -> Profile {
    if !is_plain_name(name.as_str()) {
        let problem = Problem::at(name.span, format!("`{}` cannot name a profile", name.as_str()));
        context.problem(problem.hint("a name is a small letter, then small letters, digits, `_` and `-`"));
    }
    Profile {
        name: name.as_str().to_owned(),
        constraints: scope.constraints(file.constraints.as_ref(), context),
        over: without_places(over),
        repeat: file.repeat.as_ref().and_then(|file| repeats(&file.value, context)),
        span: name.span,
    }
}
