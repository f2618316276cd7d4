//! Why changes are called uncertain, in a few words: once for all that have the same reason.

use super::figure::{count, thousands};
use super::inert::short;
use crate::compare::{Change, ComparisonVerdict, Decision, Figures};
use std::collections::{HashMap, HashSet};

/// Metrics of a reason that are named.
const NAMED: usize = 3;

/// Returns the reasons of uncertain changes, that of the most first:
/// ``25 uncertain: no earlier runs, 5 are needed (`compress.size`)``.
pub(crate) fn doubts(changes: &[Change]) -> Vec<String> {
    let mut reasons: Vec<Doubt<'_>> = Vec::new();
    let mut places: HashMap<String, usize> = HashMap::new();
    let mut named = HashSet::new();
    for change in changes.iter().filter(|change| change.verdict == ComparisonVerdict::Uncertain) {
        let why = doubt(change);
        let place = *places.entry(why.clone()).or_insert(reasons.len());
        if place == reasons.len() {
            reasons.push(Doubt { why, number: 0, metrics: Vec::new() });
        }
        reasons[place].number += 1;
        if named.insert((place, &change.metric)) {
            reasons[place].metrics.push(&change.metric);
        }
    }
    reasons.sort_by_key(|reason| std::cmp::Reverse(reason.number));
    reasons.iter().map(Doubt::line).collect()
}

/// A reason, and the changes that have it.
struct Doubt<'a> {
    why: String,
    number: u64,
    metrics: Vec<&'a str>,
}

impl Doubt<'_> {
    fn line(&self) -> String {
        let named: Vec<String> =
            self.metrics.iter().take(NAMED).map(|metric| format!("`{}`", short(metric, 60))).collect();
        let more = match self.metrics.len().saturating_sub(NAMED) {
            0 => String::new(),
            more => format!(" and {}", count(more as u64, "more metric")),
        };
        format!("{} uncertain: {} ({}{more})", thousands(self.number), self.why, named.join(", "))
    }
}

/// Returns why nobody can tell what an uncertain change means.
fn doubt(change: &Change) -> String {
    let Some(figures) = &change.figures else { return short(&change.rule, 120) };
    match figures.decided_by {
        Decision::Machine => "measured on another machine".to_owned(),
        Decision::RunsMissing => runs_missing(figures),
        Decision::Side => "base and earlier runs lie on different sides of it".to_owned(),
        Decision::Repeats => "the repeats of both runs overlap".to_owned(),
        Decision::FalseDiscovery => format!("not clear enough among {} metrics", thousands(figures.family)),
        Decision::Equal
        | Decision::MinEffect
        | Decision::MinEffectHistory
        | Decision::InsideBand
        | Decision::Chance
        | Decision::All => short(&change.rule, 120),
    }
}

fn runs_missing(figures: &Figures) -> String {
    let runs = figures.history.as_ref().map_or(0, |band| band.runs);
    let needed = runs + u64::from(figures.runs_missing);
    let level = figures.history.as_ref().and_then(|band| band.since.as_ref());
    let since = if level.is_some() { " since the level changed" } else { "" };
    let known = if runs == 0 { "no earlier runs to tell its noise".to_owned() } else { count(runs, "earlier run") };
    format!("{known}{since}, {} are needed", thousands(needed))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::sample;

    fn uncertain(metric: &str, decided_by: Decision, runs_missing: u32) -> Change {
        let changes = sample::red().comparison.unwrap().changes;
        let mut change = changes.into_iter().find(|change| change.verdict == ComparisonVerdict::Uncertain).unwrap();
        change.metric = metric.to_owned();
        let figures = change.figures.as_mut().unwrap();
        (figures.decided_by, figures.runs_missing) = (decided_by, runs_missing);
        if let Some(band) = &mut figures.history {
            (band.runs, band.since) = (5 - u64::from(runs_missing), None);
        }
        change
    }

    #[test]
    fn a_reason_is_told_once() {
        let mut changes = vec![uncertain("run.freq", Decision::Machine, 0)];
        changes.extend(["a.x", "a.y", "a.z", "a.w", "a.x"].map(|name| uncertain(name, Decision::Repeats, 0)));
        assert_eq!(
            doubts(&changes),
            [
                "5 uncertain: the repeats of both runs overlap (`a.x`, `a.y`, `a.z` and 1 more metric)",
                "1 uncertain: measured on another machine (`run.freq`)",
            ]
        );
    }

    #[test]
    fn earlier_runs_that_are_missing_are_counted() {
        let check = |change: &Change, expected: &str| assert_eq!(doubt(change), expected);
        check(&uncertain("a.x", Decision::RunsMissing, 2), "3 earlier runs, 5 are needed");
        let mut change = uncertain("a.x", Decision::RunsMissing, 5);
        change.figures.as_mut().unwrap().history = None;
        check(&change, "no earlier runs to tell its noise, 5 are needed");
        change.figures = None;
        change.rule = "its repeats are not all numbers".to_owned();
        check(&change, "its repeats are not all numbers");
    }

    #[test]
    fn what_is_certain_has_no_doubt() {
        let mut changes = sample::red().comparison.unwrap().changes;
        changes.retain(|change| change.verdict != ComparisonVerdict::Uncertain);
        assert_eq!(doubts(&changes), [""; 0]);
    }
}
