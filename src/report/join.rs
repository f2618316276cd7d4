//! Which point of a stage a case hangs on.
//!
//! A stage's points have some of the case's parameters: the case hangs on the point that agrees with it
//! on all of the stage's parameters, absent agreeing only with absent.

use crate::record::CaseRecord;
use crate::value::Scalar;
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// Finds rows that hang on (stage, point) by case.
pub(crate) struct PointIndex<'a> {
    /// Each stage, in the order in which its first row came.
    stages: Vec<StageIndex<'a>>,
}

struct StageIndex<'a> {
    /// Every parameter that a point of the stage has.
    names: BTreeSet<&'a str>,
    rows: HashMap<Vec<(&'a str, &'a Scalar)>, Vec<usize>>,
}

impl<'a> PointIndex<'a> {
    /// Indexes rows given as stage and parameters in name order; a row is known by its number.
    pub(crate) fn new(rows: impl Iterator<Item = (&'a str, &'a [(String, Scalar)])>) -> PointIndex<'a> {
        let mut places: BTreeMap<&str, usize> = BTreeMap::new();
        let mut stages: Vec<StageIndex<'a>> = Vec::new();
        for (number, (stage, params)) in rows.enumerate() {
            let place = *places.entry(stage).or_insert_with(|| {
                stages.push(StageIndex { names: BTreeSet::new(), rows: HashMap::new() });
                stages.len() - 1
            });
            let key: Vec<(&str, &Scalar)> = params.iter().map(|(name, value)| (name.as_str(), value)).collect();
            stages[place].names.extend(key.iter().map(|(name, _)| *name));
            stages[place].rows.entry(key).or_default().push(number);
        }
        PointIndex { stages }
    }

    /// Returns the numbers of the rows that a case hangs on, stage after stage.
    pub(crate) fn of_case(&self, case: &'a CaseRecord) -> impl Iterator<Item = usize> + '_ {
        self.stages.iter().flat_map(move |stage| {
            let key: Vec<(&str, &Scalar)> = case
                .params
                .iter()
                .filter(|(name, _)| stage.names.contains(name.as_str()))
                .map(|(name, value)| (name.as_str(), value))
                .collect();
            stage.rows.get(&key).into_iter().flatten().copied()
        })
    }
}

/// Returns the first case that hangs on a point with these parameters, preferring one that the task
/// `is_worst` of.
pub(crate) fn case_for<'a>(
    cases: &'a [CaseRecord],
    params: &[(String, Scalar)],
    is_worst: impl Fn(&CaseRecord) -> bool,
) -> Option<&'a CaseRecord> {
    let agrees = |case: &&CaseRecord| params.iter().all(|param| case.params.contains(param));
    cases.iter().filter(agrees).find(|case| is_worst(case)).or_else(|| cases.iter().find(agrees))
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
}
