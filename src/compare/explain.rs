//! What the points that moved have in common: one pass over the parameters.
//!
//! For each metric with enough regressions or improvements, and for the cases that pass no more, each
//! condition on one parameter (`corner = ss`, `vdd <= 0.7`) is held against them. The clearest is told
//! if it covers nearly all of them and chance would do so rarely, by Fisher's exact test with Bonferroni's
//! correction for the number of conditions. What moved at all points, or nearly all, is told so.

use super::cases::Cases;
use super::{Change, ComparisonVerdict};
use crate::ledger::Verdict;
use crate::record::{MetricRow, RunRecord};
use crate::stats::enrichment;
use crate::value::{PointName, QuickMap, Scalar, with_unit};
use std::cmp::Ordering;
use std::collections::{BTreeSet, HashMap, HashSet};

/// Fewer have anything in common.
const LEAST_MOVED: usize = 3;
/// The share of those that moved which a condition must cover.
const COVER: f64 = 0.8;
/// The share of all from which on it is told how many moved, without a condition.
const NEARLY_ALL: f64 = 0.9;
/// The largest corrected p-value of what is told.
const LEVEL: f64 = 0.01;

type Params = [(String, Scalar)];

/// What is said of cases.
const BROKEN: &str = "passed before and not now";

/// Returns how the sentence begins that tells what regressions of a metric have in common; without a metric,
/// of cases.
pub(super) fn start(metric: Option<&str>) -> String {
    match metric {
        Some(metric) => format!("{} at ", moved(metric, ComparisonVerdict::Regressed)),
        None => format!("{BROKEN} at "),
    }
}

fn moved(metric: &str, verdict: ComparisonVerdict) -> String {
    format!("{metric} {}", verdict.word())
}

/// Returns sentences for metrics, in the order of the changes, and for cases.
pub(super) fn explain(head: &RunRecord, changes: &[Change], cases: &Cases) -> Vec<String> {
    let explainer = Explainer { units: units(head) };
    let mut sentences = explainer.metrics(head, changes);
    sentences.extend(explainer.cases(head, cases));
    sentences
}

fn units(head: &RunRecord) -> HashMap<&str, &str> {
    head.run.params.iter().filter_map(|param| Some((param.name.as_str(), param.unit.as_deref()?))).collect()
}

/// A member of a group, and whether it moved.
struct Member<'a> {
    params: &'a Params,
    moved: bool,
}

struct Explainer<'a> {
    units: HashMap<&'a str, &'a str>,
}

impl Explainer<'_> {
    fn metrics<'a>(&self, head: &'a RunRecord, changes: &'a [Change]) -> Vec<String> {
        let place = |row: &'a MetricRow| ((row.stage.as_str(), row.metric.as_str(), &row.point), row.params.as_slice());
        let params: QuickMap<(&str, &str, &PointName), &Params> = head.metrics.iter().map(place).collect();
        let mut order: Vec<&str> = Vec::new();
        let mut groups: HashMap<&str, Vec<(&Params, ComparisonVerdict)>> = HashMap::new();
        for change in changes.iter().filter(|change| change.base.is_some() && change.head.is_some()) {
            let Some((stage, name)) = change.metric.split_once('.') else { continue };
            let Some(params) = params.get(&(stage, name, &change.point)) else { continue };
            let group = groups.entry(&change.metric).or_default();
            if group.is_empty() {
                order.push(&change.metric);
            }
            group.push((params, change.verdict));
        }
        let mut sentences = Vec::new();
        for metric in order {
            for verdict in [ComparisonVerdict::Regressed, ComparisonVerdict::Improved] {
                let members: Vec<Member<'_>> =
                    groups[metric].iter().map(|&(params, found)| Member { params, moved: found == verdict }).collect();
                sentences.extend(self.sentence(&moved(metric, verdict), "point", &members));
            }
        }
        sentences
    }

    /// Cases that passed and do not any more, among all that are in both runs.
    fn cases(&self, head: &RunRecord, cases: &Cases) -> Option<String> {
        let broke = |change: &&(PointName, Verdict, Verdict)| change.1 == Verdict::Pass;
        let broken: HashSet<&PointName> = cases.verdict_changes.iter().filter(broke).map(|(name, ..)| name).collect();
        let added: HashSet<&PointName> = cases.added.iter().collect();
        let members: Vec<Member<'_>> = head
            .cases
            .iter()
            .filter(|case| !added.contains(&case.name))
            .map(|case| Member { params: &case.params, moved: broken.contains(&case.name) })
            .collect();
        self.sentence(BROKEN, "case", &members)
    }

    fn sentence(&self, what: &str, noun: &str, members: &[Member<'_>]) -> Option<String> {
        let moved = members.iter().filter(|member| member.moved).count();
        let all = members.len();
        if moved < LEAST_MOVED {
            return None;
        }
        if moved == all {
            return Some(format!("{what} at all {all} {noun}s"));
        }
        let conditions = conditions(members);
        let tried = conditions.len() as f64;
        // Weighing takes long, and few conditions cover enough.
        let clearest = conditions
            .into_iter()
            .filter(|met| met.count.moved as f64 >= COVER * moved as f64)
            .map(|met| met.weighed(moved, members.len()))
            .filter(|weighed| weighed.p * tried <= LEVEL)
            .min_by(Weighed::order);
        let Some(clearest) = clearest else {
            let nearly_all = moved as f64 >= NEARLY_ALL * all as f64;
            return nearly_all.then(|| format!("{what} at {moved} of {all} {noun}s"));
        };
        let Weighed { condition, inside, part, .. } = clearest;
        let condition = condition.show(&self.units);
        let covered = match (inside == moved, inside == part) {
            (true, true) => format!("all with {condition}, and all such"),
            (true, false) => format!("all with {condition} ({inside} of {part} such)"),
            (false, _) => format!("{inside} of them with {condition} ({inside} of {part} such)"),
        };
        Some(format!("{what} at {moved} of {all} {noun}s, {covered}"))
    }
}

/// A condition on one parameter.
#[derive(Debug, Clone, PartialEq)]
struct Condition {
    param: String,
    relation: Ordering,
    value: Scalar,
}

impl Condition {
    fn holds(&self, value: &Scalar) -> bool {
        match (value.number(), self.value.number(), self.relation) {
            (_, _, Ordering::Equal) => *value == self.value,
            (Some(value), Some(bound), Ordering::Less) => value <= bound,
            (Some(value), Some(bound), Ordering::Greater) => value >= bound,
            _ => false,
        }
    }

    fn show(&self, units: &HashMap<&str, &str>) -> String {
        let sign = match self.relation {
            Ordering::Less => "<=",
            Ordering::Equal => "=",
            Ordering::Greater => ">=",
        };
        let value = with_unit(&self.value.to_string(), units.get(self.param.as_str()).copied());
        format!("{} {sign} {value}", self.param)
    }
}

/// A condition, and how many members meet it.
struct Met {
    condition: Condition,
    count: Count,
}

impl Met {
    fn weighed(self, moved: usize, all: usize) -> Weighed {
        let Met { condition, count: Count { all: part, moved: inside } } = self;
        let p = enrichment(inside as u64, part as u64, moved as u64, all as u64);
        Weighed { condition, inside, part, p }
    }
}

/// How many members there are, and how many of them moved.
#[derive(Debug, Clone, Copy, Default)]
struct Count {
    all: usize,
    moved: usize,
}

struct Weighed {
    condition: Condition,
    /// Of those that moved.
    inside: usize,
    /// Of all.
    part: usize,
    p: f64,
}

impl Weighed {
    /// The clearest first, then the one that covers more, then the narrower.
    fn order(&self, other: &Weighed) -> Ordering {
        self.p.total_cmp(&other.p).then(other.inside.cmp(&self.inside)).then(self.part.cmp(&other.part))
    }
}

/// Returns the conditions that divide the members: each value, and each bound between three numbers or more.
fn conditions(members: &[Member<'_>]) -> Vec<Met> {
    let names: BTreeSet<&str> =
        members.iter().flat_map(|member| member.params).map(|(name, _)| name.as_str()).collect();
    let mut conditions = Vec::new();
    for name in names {
        let counted = counted(members, name);
        let values: Vec<&Scalar> = counted.iter().map(|(value, _)| *value).collect();
        if values.len() < 2 {
            continue;
        }
        let met = |relation, value: &Scalar| {
            let condition = Condition { param: name.to_owned(), relation, value: value.clone() };
            let holding = counted.iter().filter(|(value, _)| condition.holds(value));
            let add = |sum: Count, (_, count): &(&Scalar, Count)| Count {
                all: sum.all + count.all,
                moved: sum.moved + count.moved,
            };
            let count = holding.fold(Count::default(), add);
            Met { condition, count }
        };
        conditions.extend(values.iter().map(|value| met(Ordering::Equal, value)));
        let mut numbers: Vec<&Scalar> = values.iter().copied().filter(|value| value.number().is_some()).collect();
        if numbers.len() < 3 || numbers.len() < values.len() {
            continue;
        }
        numbers.sort_by_key(|value| value.number());
        // The outermost bounds are equalities, or hold for all.
        let inner = &numbers[1..numbers.len() - 1];
        for relation in [Ordering::Less, Ordering::Greater] {
            conditions.extend(inner.iter().map(|value| met(relation, value)));
        }
    }
    conditions
}

/// Counts the members with each value of a parameter, in the order in which values first come.
fn counted<'a>(members: &[Member<'a>], name: &str) -> Vec<(&'a Scalar, Count)> {
    let mut counted: Vec<(&Scalar, Count)> = Vec::new();
    let mut places: QuickMap<&Scalar, usize> = QuickMap::default();
    for member in members {
        let Some((_, value)) = member.params.iter().find(|(param, _)| param == name) else { continue };
        let place = *places.entry(value).or_insert_with(|| {
            counted.push((value, Count::default()));
            counted.len() - 1
        });
        let count = &mut counted[place].1;
        count.all += 1;
        count.moved += usize::from(member.moved);
    }
    counted
}
