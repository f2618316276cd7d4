//! Many changes, or many goldens that are missed, metric by metric: a row says where and how far, and names
//! the worst.
//!
//! Lists that are read at a glance stay as they are.

use super::figure::{count, percent, thousands};
use super::selection::{change_by, golden_sides, sides};
use crate::check::golden::{GoldenFinding, GoldenVerdict};
use crate::compare::{Change, ComparisonVerdict, Effect};
use std::collections::HashMap;

/// Rows that are read at a glance.
const AT_A_GLANCE: usize = 12;
/// With fewer rows a metric a sum says no more than they do.
const TO_SUM: usize = 3;

/// The changes of a metric with one verdict.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct MetricSum<'a> {
    /// `STAGE.METRIC`.
    pub(crate) metric: &'a str,
    /// What they are called.
    pub(crate) verdict: ComparisonVerdict,
    /// At how many points: `24 of 60`.
    pub(crate) points: String,
    /// How far, from the lowest to the highest: `-12% .. -4%`; empty where that makes no sense.
    pub(crate) span: String,
    /// The largest of them.
    pub(crate) worst: &'a Change,
}

impl MetricSum<'_> {
    /// Returns the values of the largest change, as people read them.
    pub(crate) fn sides(&self) -> (String, String) {
        sides(self.worst)
    }

    /// Tells whether a sentence of what those that moved have in common says no more than the sum.
    pub(crate) fn says(&self, sentence: &str) -> bool {
        let start = format!("{} {} at ", self.metric, self.verdict.word());
        let where_to = sentence.strip_prefix(&start).and_then(|rest| rest.strip_suffix(" points"));
        where_to.is_some_and(|places| !places.contains(','))
    }
}

/// Sums notable changes up by metric and verdict, in their order; nothing if they are read at a glance.
///
/// `notable` has the worst first; `all` are those that it was taken from.
pub(crate) fn sums<'a>(notable: &[&'a Change], all: &[Change]) -> Vec<MetricSum<'a>> {
    let groups = grouped(notable.iter().copied(), |change| (change.metric.as_str(), change.verdict));
    if groups.iter().all(|(_, group)| group.len() < TO_SUM) || notable.len() <= AT_A_GLANCE {
        return Vec::new();
    }
    let mut points: HashMap<&str, u64> = HashMap::new();
    for change in all {
        *points.entry(&change.metric).or_default() += 1;
    }
    let sum = |((metric, verdict), group): ((&'a str, ComparisonVerdict), Vec<&'a Change>)| {
        let points = format!("{} of {}", thousands(group.len() as u64), thousands(points[metric]));
        MetricSum { metric, verdict, points, span: span(&group), worst: group[0] }
    };
    groups.into_iter().map(sum).collect()
}

/// Returns how far changes go, from the lowest to the highest.
fn span(changes: &[&Change]) -> String {
    let effects: Vec<Option<Effect>> = changes.iter().map(|change| change.effect()).collect();
    let of_a_kind = match effects[0] {
        Some(Effect::Relative(_)) => effects.iter().all(|effect| matches!(effect, Some(Effect::Relative(_)))),
        // Absolute effects are told in their unit.
        Some(Effect::Absolute(_)) => {
            let unit = &changes[0].unit;
            effects.iter().all(|effect| matches!(effect, Some(Effect::Absolute(_))))
                && changes.iter().all(|change| change.unit == *unit)
        }
        None => false,
    };
    if !of_a_kind {
        return String::new();
    }
    let number = |change: &&&Change| match change.effect() {
        Some(Effect::Relative(effect) | Effect::Absolute(effect)) => effect,
        None => 0.0,
    };
    let by_size = |one: &&&Change, other: &&&Change| number(one).total_cmp(&number(other));
    let end = |change: Option<&&Change>| change.map(|change| change_by(change)).unwrap_or_default();
    from_to(end(changes.iter().min_by(by_size)), end(changes.iter().max_by(by_size)))
}

fn from_to(low: String, high: String) -> String {
    if low == high { low } else { format!("{low} .. {high}") }
}

/// The findings of a metric against its goldens with one verdict.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct GoldenSum<'a> {
    /// `STAGE.METRIC`.
    pub(crate) metric: &'a str,
    /// What they are called.
    pub(crate) verdict: GoldenVerdict,
    /// At how many points: `24 of 60`.
    pub(crate) points: String,
    /// How far off, from the lowest to the highest; empty where there is nothing to tell.
    pub(crate) span: String,
    /// The tolerance, or how many there are: `1%`, `2 tolerances`.
    pub(crate) tolerance: String,
    /// The one that is farthest off.
    pub(crate) worst: &'a GoldenFinding,
}

impl GoldenSum<'_> {
    /// Returns golden and value of the one that is farthest off, as people read them.
    pub(crate) fn sides(&self) -> (String, String) {
        golden_sides(self.worst)
    }
}

/// Sums red findings up by metric and verdict, in their order; nothing if they are read at a glance.
pub(crate) fn golden_sums<'a>(red: &[&'a GoldenFinding], all: &[GoldenFinding]) -> Vec<GoldenSum<'a>> {
    let groups = grouped(red.iter().copied(), |finding| (finding.metric.as_str(), finding.verdict));
    if groups.iter().all(|(_, group)| group.len() < TO_SUM) || red.len() <= AT_A_GLANCE {
        return Vec::new();
    }
    let mut points: HashMap<&str, u64> = HashMap::new();
    for finding in all.iter().filter(|finding| finding.verdict != GoldenVerdict::Known) {
        *points.entry(&finding.metric).or_default() += 1;
    }
    let sum = |((metric, verdict), group): ((&'a str, GoldenVerdict), Vec<&'a GoldenFinding>)| {
        let points = format!("{} of {}", thousands(group.len() as u64), thousands(points[metric]));
        let deviations = || group.iter().filter_map(|finding| finding.deviation);
        let (low, high) = (deviations().min_by(f64::total_cmp), deviations().max_by(f64::total_cmp));
        let span = low.zip(high).map(|(low, high)| from_to(percent(low), percent(high))).unwrap_or_default();
        let far = |finding: &&GoldenFinding| finding.deviation.map_or(0.0, f64::abs);
        // Of those that are equally far off, the first.
        let worst = group.iter().copied().rev().max_by(|one, other| far(one).total_cmp(&far(other)));
        GoldenSum { metric, verdict, points, span, tolerance: tolerance(&group), worst: worst.unwrap_or(group[0]) }
    };
    groups.into_iter().map(sum).collect()
}

fn tolerance(findings: &[&GoldenFinding]) -> String {
    let mut tolerances: Vec<&str> = findings.iter().map(|finding| finding.tolerance.as_str()).collect();
    tolerances.sort_unstable();
    tolerances.dedup();
    match tolerances[..] {
        [one] => one.to_owned(),
        _ => count(tolerances.len() as u64, "tolerance"),
    }
}

/// Groups items by a key, groups in the order of their first items. No group is empty.
fn grouped<T: Copy, K: Copy + Eq + std::hash::Hash>(
    items: impl Iterator<Item = T>,
    key: impl Fn(T) -> K,
) -> Vec<(K, Vec<T>)> {
    let mut groups: Vec<(K, Vec<T>)> = Vec::new();
    let mut places: HashMap<K, usize> = HashMap::new();
    for item in items {
        let key = key(item);
        let place = *places.entry(key).or_insert_with(|| {
            groups.push((key, Vec::new()));
            groups.len() - 1
        });
        groups[place].1.push(item);
    }
    groups
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::sample;
    use crate::report::selection::notable;
    use crate::value::PointName;

    /// Changes of `run.freq` by so many percent each, and one of another metric.
    fn changes(verdict: ComparisonVerdict, percents: &[i32]) -> Vec<Change> {
        let one = sample::red().comparison.unwrap().changes.remove(0);
        let change = |(number, percent): (usize, &i32)| Change {
            metric: "run.freq".to_owned(),
            point: PointName::new(format!("p{number}")),
            verdict,
            relative: Some(f64::from(*percent) / 100.0),
            figures: None,
            ..one.clone()
        };
        let mut changes: Vec<Change> = percents.iter().enumerate().map(change).collect();
        changes.push(Change { metric: "run.power".to_owned(), ..changes[0].clone() });
        changes
    }

    fn told(changes: &[Change]) -> Vec<String> {
        let line = |sum: MetricSum<'_>| {
            format!("{} {} {} {} {}", sum.metric, sum.verdict.word(), sum.points, sum.span, sum.worst.point)
        };
        sums(&notable(changes), changes).into_iter().map(line).collect()
    }

    #[test]
    fn what_is_read_at_a_glance_is_not_summed_up() {
        use ComparisonVerdict::Regressed;
        assert_eq!(told(&[]), [""; 0]);
        assert_eq!(told(&changes(Regressed, &[-1; 11])), [""; 0]);
        let mut each_of_its_own = changes(Regressed, &[-1; 20]);
        for (number, change) in each_of_its_own.iter_mut().enumerate() {
            change.metric = format!("run.m{}", number / 2);
        }
        assert_eq!(told(&each_of_its_own), [""; 0]);
    }

    #[test]
    fn changes_by_metric_and_verdict() {
        use ComparisonVerdict::{Improved, Regressed, Unchanged};
        let mut all = changes(Regressed, &[-4, -12, -7, -9, -9, -9, -9, -9, -9, -9, -9, -9]);
        assert_eq!(told(&all), ["run.freq regressed 12 of 12 -12% .. -4% p1", "run.power regressed 1 of 1 -4% p0"]);
        (all[0].verdict, all[2].verdict) = (Improved, Unchanged);
        all.extend(changes(Improved, &[5, 5]));
        let expected = [
            "run.freq regressed 10 of 14 -12% .. -9% p1",
            "run.power regressed 1 of 2 -4% p0",
            "run.freq improved 3 of 14 -4% .. +5% p0",
            "run.power improved 1 of 2 +5% p0",
        ];
        assert_eq!(told(&all), expected);
        // A change without a size has no place between others.
        all[1].relative = None;
        assert_eq!(told(&all)[0], "run.freq regressed 10 of 14  p3");
    }

    #[test]
    fn goldens_by_metric_and_verdict() {
        let one = GoldenFinding {
            verdict: GoldenVerdict::Missed,
            metric: "run.freq".to_owned(),
            tolerance: "1%".to_owned(),
            ..sample::red().goldens.remove(0)
        };
        let finding = |number: i32| GoldenFinding {
            point: PointName::new(format!("p{number}")),
            deviation: Some(f64::from(number) / 100.0),
            ..one.clone()
        };
        let mut all: Vec<GoldenFinding> = (-13..0).map(finding).collect();
        all.push(GoldenFinding { verdict: GoldenVerdict::Met, ..one.clone() });
        all.push(GoldenFinding { verdict: GoldenVerdict::Known, ..one.clone() });
        let told = |all: &[GoldenFinding]| {
            let red: Vec<&GoldenFinding> = all.iter().filter(|finding| finding.verdict.is_red()).collect();
            let line = |sum: GoldenSum<'_>| {
                format!("{} {} {} {} {}", sum.metric, sum.points, sum.span, sum.tolerance, sum.worst.point)
            };
            golden_sums(&red, all).into_iter().map(line).collect::<Vec<String>>()
        };
        assert_eq!(told(&all), ["run.freq 13 of 14 -13% .. -1% 1% p-13"]);
        all[3].tolerance = "exact".to_owned();
        all[12].deviation = None;
        assert_eq!(told(&all), ["run.freq 13 of 14 -13% .. -2% 2 tolerances p-13"]);
        assert_eq!(told(&all[1..]), [""; 0]);
    }
}
