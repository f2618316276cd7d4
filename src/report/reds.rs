//! Red marks as people read them: those with the same surroundings together.

use super::figure::count;
use super::inert::short;
use crate::compare::{Comparison, Red};
use crate::record::CaseRecord;
use crate::value::{PointName, TaskKey};
use std::collections::HashMap;

/// Characters of a line.
const LINE: usize = 400;

/// Red marks beside which the same changed.
pub(crate) struct RedGroup<'a> {
    /// What else changed: `also changed: ...; nothing else`.
    pub(crate) also: &'a str,
    /// The red marks.
    pub(crate) reds: Vec<&'a Red>,
}

/// Groups red marks by what else changed, in the order of the first of each.
pub(crate) fn groups(reds: &[Red]) -> Vec<RedGroup<'_>> {
    let mut groups: Vec<RedGroup<'_>> = Vec::new();
    let mut places: HashMap<&str, usize> = HashMap::new();
    for red in reds {
        let place = *places.entry(&red.also).or_insert_with(|| {
            groups.push(RedGroup { also: &red.also, reds: Vec::new() });
            groups.len() - 1
        });
        groups[place].reds.push(red);
    }
    groups
}

/// Returns the lines of at most `limit` red marks for a terminal, and how many more there are. What
/// changed beside several is said once.
pub(crate) fn red_lines(reds: &[Red], limit: usize) -> (Vec<String>, usize) {
    let mut lines = Vec::new();
    let mut room = limit;
    for RedGroup { also, reds } in groups(reds) {
        for red in reds.iter().take(room) {
            let text = if reds.len() == 1 { red.sentence() } else { red.what.clone() };
            lines.push(format!("  ✗ {}", short(&text, LINE)));
            lines.extend(red.earlier.iter().map(|earlier| format!("      {}", short(earlier, LINE))));
        }
        if reds.len() > 1 && room > 0 {
            lines.push(format!("    beside these {}: {}", reds.len(), short(also, LINE)));
        }
        room = room.saturating_sub(reds.len());
    }
    (lines, reds.len().saturating_sub(limit))
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
    fn the_same_is_said_once() {
        let tool = "also changed: ngspice 42 -> 43; nothing else";
        let reds = [
            red("a", tool, None),
            red("b", "nothing else changed", Some("the level changed before")),
            red("c", tool, None),
        ];
        let (lines, left) = red_lines(&reds, 10);
        let expected = [
            "  ✗ `a` regressed by +12%",
            "  ✗ `c` regressed by +12%",
            "    beside these 2: also changed: ngspice 42 -> 43; nothing else",
            "  ✗ `b` regressed by +12%; nothing else changed",
            "      the level changed before",
        ];
        assert_eq!((lines.iter().map(String::as_str).collect::<Vec<_>>(), left), (expected.to_vec(), 0));
        let (lines, left) = red_lines(&reds, 1);
        assert_eq!((lines.len(), left), (2, 2));
        assert_eq!(red_lines(&reds, 0), (Vec::new(), 3));
    }
}
