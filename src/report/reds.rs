//! Red marks as people read them: those with the same surroundings together.

use super::figure::{count, thousands};
use super::inert::short;
use crate::compare::{Comparison, ComparisonVerdict, Red};
use crate::record::CaseRecord;
use crate::value::{PointName, TaskKey};
use std::collections::HashMap;

/// Characters of a line.
const LINE: usize = 400;

/// Marks of a metric that are shown where a sentence tells what all of them have in common, or they are many.
const FEW: usize = 3;
/// So many marks of a metric are not read one by one.
const MANY: usize = 10;

/// Red marks beside which the same changed.
pub(crate) struct RedGroup<'a> {
    /// What else changed: `also changed: ...; nothing else`.
    pub(crate) also: &'a str,
    /// How many they are.
    pub(crate) number: usize,
    /// What is to be told of them.
    pub(crate) told: Vec<Told<'a>>,
}

/// What is told of red marks.
pub(crate) enum Told<'a> {
    /// One of them.
    Mark(&'a Red),
    /// So many more of a metric, or of cases, for which those that are told stand.
    More(Option<&'a str>, usize),
}

/// Groups red marks by what else changed, in the order of the first of each. Where the marks of a metric have
/// something in common that is told, or are many, the worst few stand for all.
pub(crate) fn groups(comparison: &Comparison) -> Vec<RedGroup<'_>> {
    let mut groups: Vec<(&str, Vec<&Red>)> = Vec::new();
    let mut places: HashMap<&str, usize> = HashMap::new();
    for red in &comparison.reds {
        let place = *places.entry(&red.also).or_insert_with(|| {
            groups.push((&red.also, Vec::new()));
            groups.len() - 1
        });
        groups[place].1.push(red);
    }
    let sizes = Sizes::of(comparison);
    let told = groups.into_iter().map(|(also, reds)| {
        let number = reds.len();
        RedGroup { also, number, told: fold(reds, comparison, &sizes) }
    });
    told.collect()
}

/// Returns what else changed, if it is the same beside all red marks, and how many they are.
pub(crate) fn beside_all(comparison: &Comparison) -> Option<(&str, usize)> {
    let (first, others) = comparison.reds.split_first()?;
    others.iter().all(|red| red.also == first.also).then_some((first.also.as_str(), comparison.reds.len()))
}

/// Lets the worst few of a metric stand for all where an explanation covers them, or they are many.
fn fold<'a>(reds: Vec<&'a Red>, comparison: &Comparison, sizes: &Sizes<'_>) -> Vec<Told<'a>> {
    let mut metrics: Vec<(Option<&str>, Vec<&Red>)> = Vec::new();
    let mut places: HashMap<Option<&str>, usize> = HashMap::new();
    for red in reds {
        let metric = red.metric.as_deref();
        let place = *places.entry(metric).or_insert_with(|| {
            metrics.push((metric, Vec::new()));
            metrics.len() - 1
        });
        metrics[place].1.push(red);
    }
    let mut told = Vec::new();
    for (metric, mut reds) in metrics {
        let number = reds.len();
        if number > MANY || number > FEW && comparison.explanation(metric).is_some() {
            reds.sort_by(|one, other| sizes.of_red(other).total_cmp(&sizes.of_red(one)));
            reds.truncate(FEW);
        }
        let more = number - reds.len();
        told.extend(reds.into_iter().map(Told::Mark));
        told.extend((more > 0).then_some(Told::More(metric, more)));
    }
    told
}

/// How large the changes behind red marks are.
struct Sizes<'a>(HashMap<(&'a str, &'a PointName), f64>);

impl<'a> Sizes<'a> {
    fn of(comparison: &'a Comparison) -> Sizes<'a> {
        let regressed = comparison.changes.iter().filter(|change| change.verdict == ComparisonVerdict::Regressed);
        Sizes(
            regressed
                .map(|change| ((change.metric.as_str(), &change.point), change.size().unwrap_or(f64::INFINITY)))
                .collect(),
        )
    }

    fn of_red(&self, red: &Red) -> f64 {
        let metric = red.metric.as_deref();
        metric.and_then(|metric| self.0.get(&(metric, &red.point))).copied().unwrap_or(0.0)
    }
}

/// Says how many more marks there are: `and 12 more of run.freq`, `and 3 more cases`.
pub(crate) fn more_of(metric: Option<&str>, number: usize) -> String {
    match metric {
        Some(metric) => format!("and {} more of {}", thousands(number as u64), short(metric, 120)),
        None => format!("and {}", count(number as u64, "more case")),
    }
}

/// Returns the lines of at most `limit` red marks for a terminal, and how many more there are. What
/// changed beside several is said once.
pub(crate) fn red_lines(comparison: &Comparison, limit: usize) -> (Vec<String>, usize) {
    let (mut lines, mut left) = (Vec::new(), 0);
    let mut room = limit;
    for RedGroup { also, number, told } in groups(comparison) {
        let before = room;
        for told in told {
            match told {
                Told::Mark(red) if room > 0 => {
                    room -= 1;
                    let text = if number == 1 { red.sentence() } else { red.what.clone() };
                    lines.push(format!("  ✗ {}", short(&text, LINE)));
                    lines.extend(red.earlier.iter().map(|earlier| format!("      {}", short(earlier, LINE))));
                }
                Told::More(metric, more) if room > 0 => lines.push(format!("    {}", more_of(metric, more))),
                Told::Mark(_) => left += 1,
                Told::More(_, more) => left += more,
            }
        }
        if number > 1 && before > 0 {
            lines.push(format!("    beside these {}: {}", thousands(number as u64), short(also, LINE)));
        }
    }
    (lines, left)
}

/// Says how many red marks there is no room for.
pub(crate) fn more_reds(number: usize) -> String {
    count(number as u64, "red mark")
}

/// Red marks by what is red.
pub(crate) struct RedIndex<'a>(HashMap<(Option<&'a str>, &'a PointName), &'a Red>);

impl<'a> RedIndex<'a> {
    pub(crate) fn of(comparison: &'a Comparison) -> RedIndex<'a> {
        RedIndex(comparison.reds.iter().map(|red| ((red.metric.as_deref(), &red.point), red)).collect())
    }

    /// Returns what else changed beside a metric, or beside a case, and what was before.
    pub(crate) fn beside(&self, metric: Option<&str>, point: &PointName) -> Option<String> {
        let red = self.0.get(&(metric, point))?;
        Some(match &red.earlier {
            Some(earlier) => format!("{}; {earlier}", red.also),
            None => red.also.clone(),
        })
    }
}

/// Returns what else changed beside the tasks that made cases red.
pub(crate) fn beside_tasks<'a>(comparison: &'a Comparison, cases: &'a [CaseRecord]) -> HashMap<&'a TaskKey, &'a str> {
    let reds: HashMap<&PointName, &Red> =
        comparison.reds.iter().filter(|red| red.metric.is_none()).map(|red| (&red.point, red)).collect();
    let broken = cases.iter().filter_map(|case| Some((case.worst.as_ref()?, reds.get(&case.name)?.also.as_str())));
    broken.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn red(what: &str, also: &str, earlier: Option<&str>) -> Red {
        Red {
            metric: Some("run.freq".to_owned()),
            point: PointName::new(what),
            what: format!("`{what}` regressed by +12%"),
            causes: Vec::new(),
            also: also.to_owned(),
            earlier: earlier.map(str::to_owned),
        }
    }

    #[test]
    fn what_is_beside_all() {
        let with = |reds: &[Red]| Comparison { reds: reds.to_vec(), ..Comparison::default() };
        let tool = "also changed: ngspice 42 -> 43; nothing else";
        let [one, two] = ["a", "b"].map(|what| red(what, tool, None));
        let other = red("c", "nothing else changed", None);
        assert_eq!(beside_all(&with(&[])), None);
        assert_eq!(beside_all(&with(std::slice::from_ref(&one))), Some((tool, 1)));
        assert_eq!(beside_all(&with(&[one.clone(), two.clone()])), Some((tool, 2)));
        assert_eq!(beside_all(&with(&[one, two, other])), None);
    }

    #[test]
    fn the_same_is_said_once() {
        let tool = "also changed: ngspice 42 -> 43; nothing else";
        let reds = [
            red("a", tool, None),
            red("b", "nothing else changed", Some("the level changed before")),
            red("c", tool, None),
        ];
        let mut comparison = Comparison { reds: reds.to_vec(), ..Comparison::default() };
        let (lines, left) = red_lines(&comparison, 10);
        let expected = [
            "  ✗ `a` regressed by +12%",
            "  ✗ `c` regressed by +12%",
            "    beside these 2: also changed: ngspice 42 -> 43; nothing else",
            "  ✗ `b` regressed by +12%; nothing else changed",
            "      the level changed before",
        ];
        assert_eq!((lines.iter().map(String::as_str).collect::<Vec<_>>(), left), (expected.to_vec(), 0));
        let (lines, left) = red_lines(&comparison, 1);
        assert_eq!((lines.len(), left), (2, 2));
        assert_eq!(red_lines(&comparison, 0), (Vec::new(), 3));
        // What they have in common covers them.
        comparison.reds = (0..9).map(|number| red(&format!("p{number}"), tool, None)).collect();
        assert_eq!(red_lines(&comparison, 10).0.len(), 10);
        comparison.explanations.push("run.freq regressed at 9 of 60 points, all with vdd <= 0.7 V".to_owned());
        let (lines, left) = red_lines(&comparison, 10);
        let expected = [
            "  ✗ `p0` regressed by +12%",
            "  ✗ `p1` regressed by +12%",
            "  ✗ `p2` regressed by +12%",
            "    and 6 more of run.freq",
            "    beside these 9: also changed: ngspice 42 -> 43; nothing else",
        ];
        assert_eq!((lines.iter().map(String::as_str).collect::<Vec<_>>(), left), (expected.to_vec(), 0));
        assert_eq!(red_lines(&comparison, 2).1, 7);
        // Of another metric it says nothing.
        comparison.explanations[0] = comparison.explanations[0].replace("run.freq", "run.frequency");
        assert_eq!(red_lines(&comparison, 10).0.len(), 10);
    }
}
