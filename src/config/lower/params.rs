//! Parameters: their kinds and values from everywhere in the suite, and the schema of names.

use super::generate::{RawValue, check_distinct, generate};
use super::vocabulary::{Parameter, Vocabulary, check_name, near, of_kind};
use crate::config::context::Context;
use crate::config::leaves::{Mapped, Placed};
use crate::config::node::{Text, shorten};
use crate::config::suite_file::{BlockFile, KindWord, ParamFile, ProfileFile, SuiteFile};
use crate::config::values_file::ValuesFile;
use crate::naming::{Kind, NamingError, NamingFault, Param, Schema};
use crate::suite::ParamIndex;
use crate::value::{Decimal, ParseDecimalError, Problem, Scalar, Span, did_you_mean};
use std::collections::HashSet;

/// The most parameters of a suite; names would be of no use long before.
const MOST_PARAMETERS: usize = 200;

/// Values that replace a parameter's own, each with its place.
pub(crate) type Over = Vec<(ParamIndex, Vec<(Scalar, Span)>)>;

/// Everything about parameters.
pub(crate) struct Params {
    /// The schema of names; knows all values that are written out.
    pub(crate) schema: Schema,
    /// The words, with the parameters in it.
    pub(crate) vocabulary: Vocabulary,
    /// `over` of each block, in the order of the file.
    pub(crate) blocks: Vec<Over>,
    /// `over` of each profile, in the order of the file.
    pub(crate) profiles: Vec<Over>,
}

/// One parameter while its kind is being found.
struct Draft<'f> {
    name: &'f Text,
    file: &'f ParamFile,
    listed: Vec<RawValue>,
    default: Option<RawValue>,
    kind: Kind,
}

/// A kind, and whether it was seen from values instead of declared.
type SeenKind = (Kind, bool);

impl Draft<'_> {
    fn seen_kind(&self) -> SeenKind {
        (self.kind, self.file.kind.is_none())
    }
}

/// Values that replace a parameter's own, before its kind is known.
type RawOver = Vec<(ParamIndex, Vec<RawValue>)>;

/// Reads all parameters; `files` are those of the naming file, then those of the suite.
pub(crate) fn params(files: &[(&Text, &ParamFile)], suite: &SuiteFile, context: &mut Context) -> Option<Params> {
    let before = context.problems.len();
    if let Some((name, _)) = files.get(MOST_PARAMETERS) {
        context.problem(Problem::at(name.span, format!("a suite has at most {MOST_PARAMETERS} parameters")));
        return None;
    }
    let mut drafts: Vec<Draft> = Vec::with_capacity(files.len());
    for &(name, file) in files {
        check_name(name, "parameter", context);
        if let Some(earlier) = drafts.iter().find(|draft| draft.name.as_str() == name.as_str()) {
            let place = context.sources.place(earlier.name.span);
            let problem =
                Problem::at(name.span, format!("there are two parameters `{}`, the first at {place}", name.as_str()));
            context.problem(problem.hint("remove one of the two"));
            continue;
        }
        let listed = file.values.as_ref().map_or_else(Vec::new, |values| generate(&values.value, values.span, context));
        let default = file.default.as_ref().map(|value| RawValue::of(&value.0));
        drafts.push(Draft { name, file, listed, default, kind: Kind::Word });
    }
    let names: Vec<&str> = drafts.iter().map(|draft| draft.name.as_str()).collect();
    let over = |over: Option<&Mapped<Placed<ValuesFile>>>, context: &mut Context| raw_over(over, &names, context);
    let block_files: &[BlockFile] = suite.cases.as_ref().map_or(&[], |cases| &cases.value);
    let blocks: Vec<RawOver> = block_files.iter().map(|block| over(block.over.as_ref(), context)).collect();
    let profile_files = suite.profiles.iter().flat_map(|profiles| &profiles.0);
    let profiles: Vec<RawOver> =
        profile_files.map(|(_, profile): &(Text, ProfileFile)| over(profile.over.as_ref(), context)).collect();

    for (index, draft) in drafts.iter_mut().enumerate() {
        let over = blocks.iter().chain(&profiles).flatten().filter(|(param, _)| *param == index);
        // What a block gives must fit the parameter's own values, where it has some.
        let own: Vec<&RawValue> = draft.listed.iter().chain(&draft.default).collect();
        let raw = if own.is_empty() { over.flat_map(|(_, values)| values).collect() } else { own };
        draft.kind = match draft.file.kind {
            Some(Placed { value: KindWord::Int, .. }) => Kind::Int,
            Some(Placed { value: KindWord::Decimal, .. }) => Kind::Decimal,
            Some(Placed { value: KindWord::Word, .. }) => Kind::Word,
            Some(Placed { value: KindWord::Bool, .. }) => Kind::Bool,
            None => Kind::infer(raw.iter().map(|value| &value.scalar)),
        };
    }
    let kinds: Vec<SeenKind> = drafts.iter().map(Draft::seen_kind).collect();
    let typed = |over: RawOver, context: &mut Context| -> Over {
        over.into_iter().map(|(param, raw)| (param, distinct(names[param], kinds[param], &raw, context))).collect()
    };
    let blocks: Vec<Over> = blocks.into_iter().map(|over| typed(over, context)).collect();
    let profiles: Vec<Over> = profiles.into_iter().map(|over| typed(over, context)).collect();
    let listed: Vec<Vec<(Scalar, Span)>> =
        drafts.iter().map(|draft| distinct(draft.name.as_str(), draft.seen_kind(), &draft.listed, context)).collect();
    let defaults: Vec<Option<Scalar>> =
        drafts.iter().zip(&listed).map(|(draft, listed)| default(draft, listed, context)).collect();
    if context.problems.len() > before {
        // Wrong names and values would only come back as wrong schemas.
        return None;
    }

    let mut params = Vec::with_capacity(drafts.len());
    for ((draft, listed), default) in drafts.iter().zip(&listed).zip(&defaults) {
        params.push(Param {
            name: draft.name.as_str().to_owned(),
            code: draft.file.code.as_str().to_owned(),
            kind: draft.kind,
            unit: draft.file.unit.as_ref().map(|unit| unit.as_str().to_owned()),
            values: listed.iter().map(|(value, _)| value.clone()).collect(),
            default: default.clone(),
            was: draft.file.was.iter().flatten().map(|name| name.as_str().to_owned()).collect(),
        });
    }
    let mut schema = match Schema::new(params) {
        Ok(schema) => schema,
        Err(errors) => {
            errors.iter().for_each(|error| report(error, &drafts, &listed, context));
            return None;
        }
    };
    for (param, values) in blocks.iter().chain(&profiles).flatten() {
        let scalars: Vec<Scalar> = values.iter().map(|(value, _)| value.clone()).collect();
        for error in schema.admit(*param, &scalars).err().into_iter().flatten() {
            let place =
                error.value.and_then(|value| values.get(value)).map_or(drafts[*param].name.span, |(_, span)| *span);
            context.problem(Problem::at(place, error.to_string()).maybe_hint(error.hint()));
        }
    }

    let by_name = block_files.iter().any(|block| block.names.is_some());
    let mut vocabulary = Vocabulary::default();
    for (index, (draft, listed)) in drafts.iter().zip(listed).enumerate() {
        let open = draft.kind != Kind::Bool && draft.listed.is_empty() && by_name;
        let mut known: Vec<Scalar> = Vec::new();
        let mut seen: HashSet<Scalar> = HashSet::new();
        let over = blocks.iter().chain(&profiles).flatten().filter(|(param, _)| *param == index);
        let values = listed.into_iter().map(|(value, _)| value).chain(defaults[index].clone());
        for value in values.chain(over.flat_map(|(_, values)| values).map(|(value, _)| value.clone())) {
            if seen.insert(value.clone()) {
                known.push(value);
            }
        }
        if draft.kind == Kind::Bool {
            known = vec![Scalar::Bool(false), Scalar::Bool(true)];
        }
        if known.is_empty() && !open {
            let message = format!("`{}` never has a value", draft.name.as_str());
            context.warning(
                Problem::at(draft.name.span, message).hint("give it `values`, or values in a block of `cases`"),
            );
        }
        vocabulary.params.push(Parameter { name: draft.name.as_str().to_owned(), kind: draft.kind, known, open });
    }
    Some(Params { schema, vocabulary, blocks, profiles })
}

fn raw_over(over: Option<&Mapped<Placed<ValuesFile>>>, names: &[&str], context: &mut Context) -> RawOver {
    let mut found = Vec::new();
    for (name, values) in over.into_iter().flat_map(|Mapped(entries)| entries) {
        let Some(param) = names.iter().position(|known| *known == name.as_str()) else {
            let problem = Problem::at(name.span, format!("there is no parameter `{}`", name.as_str()));
            context.problem(problem.maybe_hint(did_you_mean(name.as_str(), names.iter().copied())));
            continue;
        };
        found.push((param, generate(&values.value, values.span, context)));
    }
    found
}

/// Reads raw values as a kind and finds those that occur twice.
fn distinct(name: &str, kind: SeenKind, raw: &[RawValue], context: &mut Context) -> Vec<(Scalar, Span)> {
    let values: Vec<(Scalar, Span)> = raw.iter().filter_map(|raw| typed(name, kind, raw, context)).collect();
    check_distinct(&values, context);
    values
}

fn typed(name: &str, (kind, seen): SeenKind, raw: &RawValue, context: &mut Context) -> Option<(Scalar, Span)> {
    if let (true, Scalar::Text(_), Err(err @ ParseDecimalError::Range(_))) =
        (raw.plain, &raw.scalar, raw.text.parse::<Decimal>())
    {
        context.problem(Problem::at(raw.span, err.to_string()).hint("as a word it needs quotes"));
        return None;
    }
    match of_kind(kind, &raw.scalar, &raw.text) {
        Ok(value) => Some((value, raw.span)),
        Err(wanted) => {
            let problem = Problem::at(raw.span, format!("`{name}` wants {wanted}, found `{}`", shorten(&raw.text)));
            let hint = "the kind is seen from its own values; for texts say `type: word`".to_owned();
            context.problem(problem.maybe_hint(seen.then_some(hint)));
            None
        }
    }
}

fn default(draft: &Draft, listed: &[(Scalar, Span)], context: &mut Context) -> Option<Scalar> {
    let raw = draft.default.as_ref()?;
    let (value, span) = typed(draft.name.as_str(), draft.seen_kind(), raw, context)?;
    if !listed.is_empty() && !listed.iter().any(|(known, _)| *known == value) {
        let known: Vec<Scalar> = listed.iter().map(|(value, _)| value.clone()).collect();
        let message = format!("the default `{value}` of `{}` is none of its values", draft.name.as_str());
        context.problem(Problem::at(span, message).maybe_hint(near(&value, &known)));
    }
    Some(value)
}

fn report(error: &NamingError, drafts: &[Draft], listed: &[Vec<(Scalar, Span)>], context: &mut Context) {
    let Some(&param) = error.params.first() else { return };
    let file = drafts[param].file;
    let place = match &error.fault {
        NamingFault::BadCode { .. } | NamingFault::DuplicateCode { .. } | NamingFault::AmbiguousCode { .. } => {
            file.code.span
        }
        NamingFault::OldName { was, .. } => {
            let old = file.was.iter().flatten().find(|name| name.as_str() == was);
            old.map_or(drafts[param].name.span, |name| name.span)
        }
        NamingFault::BadName { .. } | NamingFault::DuplicateName { .. } => drafts[param].name.span,
        NamingFault::AmbiguousValue { .. }
        | NamingFault::Kind { .. }
        | NamingFault::DuplicateValue { .. }
        | NamingFault::OnlyCase { .. } => match (error.value, &file.default) {
            (Some(value), _) => listed[param].get(value).map_or(file.code.span, |(_, span)| *span),
            (None, Some(default)) if error.default => default.0.span,
            (None, _) => drafts[param].name.span,
        },
    };
    context.problem(Problem::at(place, error.to_string()).maybe_hint(error.hint()));
}
