//! Which point of a stage a case hangs on.
//!
//! A stage's points have some of the case's parameters: the case hangs on the point that agrees with it
//! on all of the stage's parameters, absent agreeing only with absent.

use super::Report;
use crate::record::{CaseRecord, TaskRecord};
use crate::value::{QuickMap, Scalar, TaskKey};
use std::collections::hash_map::Entry;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::hash::{Hash, Hasher};

/// Names and values, in name order.
#[derive(Debug, PartialEq, Eq)]
struct Point<'a>(Vec<(&'a str, &'a Scalar)>);

/// Points of a stage have the same names, nearly always: it is the values that tell them apart.
impl Hash for Point<'_> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        for (_, value) in &self.0 {
            value.hash(state);
        }
    }
}

/// Returns all names of parameters that rows have.
pub(crate) fn names<'a>(rows: impl Iterator<Item = &'a [(String, Scalar)]>) -> BTreeSet<&'a str> {
    let mut names = BTreeSet::new();
    let mut last: &[(String, Scalar)] = &[];
    for row in rows {
        // Nearly all have those of the row before.
        if row.len() != last.len() || row.iter().zip(last).any(|((name, _), (before, _))| name != before) {
            names.extend(row.iter().map(|(name, _)| name.as_str()));
            last = row;
        }
    }
    names
}

/// Finds rows that hang on (stage, point) by case.
pub(crate) struct PointIndex<'a> {
    /// Each stage, in the order in which its first row came.
    stages: Vec<StageIndex<'a>>,
}

struct StageIndex<'a> {
    /// Every parameter that a point of the stage has.
    names: BTreeSet<&'a str>,
    /// The first row of each point, and those that follow it.
    rows: QuickMap<Point<'a>, (usize, Vec<usize>)>,
}

impl<'a> PointIndex<'a> {
    /// Indexes rows given as stage and parameters in name order; a row is known by its number.
    pub(crate) fn new(rows: impl Iterator<Item = (&'a str, &'a [(String, Scalar)])>) -> PointIndex<'a> {
        let mut places: BTreeMap<&str, usize> = BTreeMap::new();
        let mut stages: Vec<StageIndex<'a>> = Vec::new();
        for (number, (stage, params)) in rows.enumerate() {
            let place = *places.entry(stage).or_insert_with(|| {
                stages.push(StageIndex { names: BTreeSet::new(), rows: HashMap::default() });
                stages.len() - 1
            });
            let key = Point(params.iter().map(|(name, value)| (name.as_str(), value)).collect());
            let StageIndex { names, rows } = &mut stages[place];
            // Nearly all points of a stage have the same.
            if key.0.len() != names.len() || key.0.iter().any(|(name, _)| !names.contains(name)) {
                names.extend(key.0.iter().map(|(name, _)| *name));
            }
            match rows.entry(key) {
                Entry::Vacant(entry) => {
                    entry.insert((number, Vec::new()));
                }
                Entry::Occupied(mut entry) => entry.get_mut().1.push(number),
            }
        }
        PointIndex { stages }
    }

    /// Returns the numbers of the rows that a case hangs on, stage after stage.
    pub(crate) fn of_case(&self, case: &'a CaseRecord) -> impl Iterator<Item = usize> + '_ {
        let found = self.stages.iter().filter_map(|stage| stage.rows.get(&point_of(&case.params, &stage.names)));
        found.flat_map(|(first, more)| std::iter::once(*first).chain(more.iter().copied()))
    }
}

/// Finds a case that shows what a task did.
pub(crate) struct CaseFinder<'a> {
    cases: &'a [CaseRecord],
    /// The parameters of each stage.
    names: HashMap<&'a str, BTreeSet<&'a str>>,
    /// The first case that is as bad as it is because of the task.
    blaming: HashMap<&'a TaskKey, usize>,
    /// The first case at each point, for stages that were asked for.
    stages: HashMap<&'a str, HashMap<Point<'a>, usize>>,
}

impl<'a> CaseFinder<'a> {
    /// Prepares to search the cases of a report.
    pub(crate) fn new(report: &'a Report) -> CaseFinder<'a> {
        let mut names: HashMap<&str, BTreeSet<&str>> = HashMap::new();
        for task in &report.tasks {
            names
                .entry(task.task.stage.as_str())
                .or_default()
                .extend(task.params.iter().map(|(name, _)| name.as_str()));
        }
        let mut blaming = HashMap::new();
        for (number, case) in report.cases.iter().enumerate() {
            if let Some(worst) = &case.worst {
                blaming.entry(worst).or_insert(number);
            }
        }
        CaseFinder { cases: &report.cases, names, blaming, stages: HashMap::new() }
    }

    /// Returns a case that hangs on the task, best one whose verdict is the task's doing.
    pub(crate) fn find(&mut self, task: &'a TaskRecord) -> Option<&'a CaseRecord> {
        if let Some(number) = self.blaming.get(&task.task) {
            return self.cases.get(*number);
        }
        let stage = task.task.stage.as_str();
        let names = self.names.get(stage)?;
        let points = self.stages.entry(stage).or_insert_with(|| {
            let mut points = HashMap::new();
            for (number, case) in self.cases.iter().enumerate() {
                points.entry(point_of(&case.params, names)).or_insert(number);
            }
            points
        });
        points.get(&point_of(&task.params, names)).and_then(|number| self.cases.get(*number))
    }
}

/// Returns the values of some parameters.
fn point_of<'a>(params: &'a [(String, Scalar)], names: &BTreeSet<&str>) -> Point<'a> {
    let own = params.iter().filter(|(name, _)| names.contains(name.as_str()));
    Point(own.map(|(name, value)| (name.as_str(), value)).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ledger::Verdict;
    use crate::report::sample;

    #[test]
    fn cases_find_their_points() {
        let rows = ["drc/inv5", "drc/inv7", "sim/inv5_t27", "sim/inv7", "sum/all"].map(|key| {
            let task = sample::task(key, Verdict::Pass);
            (task.task.stage.as_str().to_owned(), task.params)
        });
        let index = PointIndex::new(rows.iter().map(|(stage, params)| (stage.as_str(), params.as_slice())));
        let check = |case: &str, expected: &[usize]| {
            let case = sample::case(case, Verdict::Pass);
            assert_eq!(index.of_case(&case).collect::<Vec<_>>(), expected, "{}", case.name);
        };
        check("inv5_t27", &[0, 2, 4]);
        check("inv5_t40", &[0, 4]);
        check("inv7", &[1, 3, 4]);
        // `sim` knows a temperature, so a case with one does not hang on a point without.
        check("inv7_t27", &[1, 4]);
        check("inv9", &[4]);
    }

    #[test]
    fn tasks_find_a_case() {
        let report = sample::red();
        let mut finder = CaseFinder::new(&report);
        let mut check = |key: &str, expected: Option<&str>| {
            let task = report.tasks.iter().find(|task| task.task.to_string() == key).unwrap();
            assert_eq!(finder.find(task).map(|case| case.name.as_str()), expected, "{key}");
        };
        check("check_drc/inv5", Some("inv5_v0.6_nsch"));
        check("check_drc/inv7", Some("inv7_v0.6_nsch"));
        check("run_simulations/inv7_v3.3_npex", Some("inv7_v3.3_npex"));
        check("run_simulations/inv7_v1.8_nsch", Some("inv7_v1.8_nsch"));
        check("bench/all", Some("inv5_v0.6_nsch"));
    }
}
