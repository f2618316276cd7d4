//! What the command line selects: expressions, names of cases, stages.

use super::bounds::Bounds;
use super::cases::Cases;
use super::edges::{all_gates, producers};
use super::expand::expand;
use super::names::Names;
use super::{PlanError, Selection};
use crate::expr::Expr;
use crate::suite::{Constraint, StageIndex, Suite};
use crate::value::{Problem, did_you_mean};
use globset::{GlobBuilder, GlobSet, GlobSetBuilder};
use std::collections::{BTreeSet, HashMap};

/// So many profiles are looked into for a case that is not planned.
const MOST_PROFILES: usize = 20;

/// Reads the `--where` expressions.
pub(super) fn parse_constraints(suite: &Suite, selection: &Selection) -> Result<Vec<Constraint>, Problem> {
    let lets = suite.lets.iter().chain(suite.blocks.iter().flat_map(|block| &block.lets));
    let known: Vec<&str> = suite
        .schema
        .params()
        .iter()
        .map(|param| param.name.as_str())
        .chain(lets.map(|entry| entry.name.as_str()))
        .collect::<BTreeSet<_>>()
        .into_iter()
        .collect();
    let mut constraints = Vec::new();
    for text in &selection.constraints {
        let expr = Expr::parse(text)
            .map_err(|error| Problem::new(format!("`--where {text}`: {error}")).maybe_hint(error.hint.clone()))?;
        for name in expr.names().iter().chain(&expr.guarded_names()) {
            if !known.contains(&name.name) {
                return Err(Problem::new(format!("`--where {text}`: unknown name `{}`", name.name))
                    .maybe_hint(did_you_mean(name.name, known.iter().copied())));
            }
        }
        for comparison in expr.text_comparisons() {
            let Some(param) = suite.schema.index(comparison.name) else { continue };
            let values = suite.known_values(param);
            if !values.is_empty() && !values.iter().any(|value| value.to_string() == comparison.literal) {
                let texts: Vec<String> = values.iter().map(ToString::to_string).collect();
                return Err(Problem::new(format!(
                    "`--where {text}`: `{}` is never `{}`",
                    comparison.name, comparison.literal
                ))
                .maybe_hint(did_you_mean(comparison.literal, texts.iter().map(String::as_str))));
            }
        }
        // Without a place of its own: errors in it show the whole `--where`.
        let span = suite.blocks[0].span;
        constraints.push(Constraint { expr, span });
    }
    Ok(constraints)
}

/// Keeps the cases whose names are wanted; every pattern must match one.
pub(super) fn filter_by_name(
    suite: &Suite,
    selection: &Selection,
    cases: &Cases,
    names: &Names,
    bounds: &Bounds,
) -> Result<Cases, PlanError> {
    let wrong = |problem: Problem| PlanError::wrong(suite, vec![problem]);
    let wanted = Wanted::new(&selection.cases).map_err(wrong)?;
    let mut kept = cases.like();
    let mut matched = vec![false; selection.cases.len()];
    let mut codes = vec![0; cases.params()];
    let mut name = String::new();
    let mut hits = Vec::new();
    for case in 0..cases.len() {
        names.of_case(cases, case, &mut name);
        wanted.hits(&name, &mut hits);
        if hits.is_empty() {
            continue;
        }
        hits.iter().for_each(|&hit| matched[hit] = true);
        cases.read(case, &mut codes);
        kept.push(&codes, cases.block(case) as u32);
    }
    // A name that is given twice is found at its last place.
    let place_of = |place: usize, pattern: &str| wanted.whole.get(pattern).copied().unwrap_or(place);
    let mut patterns = selection.cases.iter().enumerate();
    let Some((_, pattern)) = patterns.find(|(place, pattern)| !matched[place_of(*place, pattern)]) else {
        return Ok(kept);
    };
    let others = Selection { cases: Vec::new(), ..selection.clone() };
    let message = format!("no planned case is called `{pattern}`");
    if is_glob(pattern) {
        let hint = match others.arguments().is_empty() {
            true => "`shmoo plan SUITE --format names` lists the names".to_owned(),
            false => format!("`{}` leaves out others", others.arguments().join(" ")),
        };
        return Err(PlanError::Empty { message, hint: Some(hint) });
    }
    if let Some(profile) = profile_with(suite, selection, pattern, bounds) {
        let hint = format!("the profile `{profile}` has it: add `--profile {profile}`");
        return Err(wrong(Problem::new(message).hint(hint)));
    }
    Err(wrong(match suite.schema.parse_new(pattern) {
        Ok(_) if !others.arguments().is_empty() => {
            let others = others.arguments().join(" ");
            Problem::new(message)
                .hint(format!("`{others}` may leave it out; `--new-case` runs a case that is not listed"))
        }
        Ok(_) => Problem::new(message).hint("`--new-case` runs a case that the suite does not list"),
        Err(error) => Problem::new(format!("{message}: {}", error.fault)).maybe_hint(error.hint().map(str::to_owned)),
    }))
}

/// Returns the first profile under which a case of this name is planned.
fn profile_with<'a>(suite: &'a Suite, selection: &Selection, wanted: &str, bounds: &Bounds) -> Option<&'a str> {
    let mut name = String::new();
    let others = suite.profiles.iter().map(|profile| profile.name.as_str());
    let mut others = others.filter(|other| selection.profile.as_deref() != Some(*other)).take(MOST_PROFILES);
    others.find(|profile| {
        let selection = Selection { profile: Some((*profile).to_owned()), ..Selection::default() };
        let Ok(cases) = expand(suite, &selection, &[], bounds, &mut Vec::new()) else { return false };
        let names = Names::new(suite, &cases);
        (0..cases.len()).any(|case| {
            names.of_case(&cases, case, &mut name);
            name == wanted
        })
    })
}

/// Names hold none of these, so a text with one is a pattern.
fn is_glob(pattern: &str) -> bool {
    pattern.contains(['*', '?', '[', ']', '{', '}', '\\', '!'])
}

/// The patterns of `--case`: whole names apart, since they are found without trying each pattern.
struct Wanted<'a> {
    whole: HashMap<&'a str, usize>,
    globs: GlobSet,
    /// By pattern of `globs`: its place in the selection.
    places: Vec<usize>,
}

impl<'a> Wanted<'a> {
    fn new(patterns: &'a [String]) -> Result<Wanted<'a>, Problem> {
        let mut builder = GlobSetBuilder::new();
        let mut whole = HashMap::new();
        let mut places = Vec::new();
        for (place, pattern) in patterns.iter().enumerate() {
            if !is_glob(pattern) {
                whole.insert(pattern.as_str(), place);
                continue;
            }
            let glob = GlobBuilder::new(pattern).build().map_err(|error| {
                Problem::new(format!("`--case {pattern}` is no glob: {}", error.kind())).hint(
                    "`*` stands for any text, `?` for one character, `[0-9]` for one of these, `{a,b}` for either",
                )
            })?;
            builder.add(glob);
            places.push(place);
        }
        let globs = builder
            .build()
            .map_err(|error| Problem::new(format!("the `--case` globs are too large together: {error}")))?;
        Ok(Wanted { whole, globs, places })
    }

    fn hits(&self, name: &str, hits: &mut Vec<usize>) {
        hits.clear();
        if !self.places.is_empty() {
            self.globs.matches_into(name, hits);
            hits.iter_mut().for_each(|hit| *hit = self.places[*hit]);
        }
        hits.extend(self.whole.get(name));
    }
}

/// Returns which stages take part: those selected with all that they need, without those skipped and
/// all that takes data from them.
pub(super) fn active_stages(suite: &Suite, selection: &Selection) -> Result<Vec<bool>, Problem> {
    let find = |flag: &str, name: &String| {
        suite.stage(name).ok_or_else(|| {
            let known = suite.stages.iter().map(|stage| stage.name.as_str());
            Problem::new(format!("`{flag} {name}`: the suite has no such stage")).maybe_hint(did_you_mean(name, known))
        })
    };
    let needs: Vec<BTreeSet<StageIndex>> = suite
        .stages
        .iter()
        .map(|stage| {
            let mut found = BTreeSet::new();
            stage.inputs.iter().for_each(|input| producers(&input.source, &mut found));
            found
        })
        .collect();
    let mut active = vec![selection.stages.is_empty(); suite.stages.len()];
    let mut wanted = Vec::new();
    for name in &selection.stages {
        wanted.push(find("--stage", name)?);
    }
    while let Some(stage) = wanted.pop() {
        if !active[stage] {
            active[stage] = true;
            wanted.extend(&needs[stage]);
            wanted.extend(all_gates(&suite.stages[stage].after));
        }
    }
    let mut dropped = Vec::new();
    for name in &selection.skip_stages {
        dropped.push(find("--skip-stage", name)?);
    }
    while let Some(stage) = dropped.pop() {
        if active[stage] {
            active[stage] = false;
            dropped.extend((0..needs.len()).filter(|&other| needs[other].contains(&stage)));
        }
    }
    Ok(active)
}
