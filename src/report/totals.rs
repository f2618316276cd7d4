//! Counts of a run.

use super::Totals;
use crate::ledger::Verdict;
use crate::record::{CaseRecord, TaskRecord};
use std::collections::{BTreeMap, HashMap};

/// Counts tasks and cases. Stages come in the order in which the plan names them; times include earlier
/// attempts and leave out results that were reused from another run.
pub fn totals(tasks: &[TaskRecord], cases: &[CaseRecord]) -> Totals {
    let mut totals = Totals::default();
    let mut places: HashMap<&str, usize> = HashMap::new();
    for task in tasks {
        let stage = task.task.stage.as_str();
        let place = *places.entry(stage).or_insert_with(|| {
            totals.stages.push((stage.to_owned(), BTreeMap::new()));
            totals.stages.len() - 1
        });
        *totals.stages[place].1.entry(task.verdict).or_default() += 1;
        *totals.tasks.entry(task.verdict).or_default() += 1;
        totals.known += u64::from(task.known.is_some() && !matches!(task.verdict, Verdict::Pass | Verdict::Skipped));
        totals.retried += u64::from(!task.tries.is_empty());
        totals.missing += u64::from(task.verdict == Verdict::Lost);
        if task.origin.is_none() {
            let usages = task.tries.iter().map(|attempt| attempt.usage).chain([task.usage]);
            for usage in usages {
                totals.wall += usage.wall;
                totals.cpu += usage.cpu;
            }
        }
    }
    for case in cases {
        *totals.cases.entry(case.verdict).or_default() += 1;
    }
    totals
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ledger::{Try, Usage};
    use crate::report::sample;
    use crate::value::RunId;

    #[test]
    fn counts() {
        let usage = Usage { wall: 2.0, cpu: 1.0, max_rss: 0 };
        // The other tasks take 0.5 and 0.25 s each.
        let mut retried = sample::task("sim/inv5", Verdict::Pass);
        retried.usage = usage;
        retried.tries = vec![Try { verdict: Verdict::Error, message: None, usage, set: BTreeMap::new() }];
        let mut reused = sample::task("gen/inv5", Verdict::Pass);
        reused.usage = usage;
        reused.origin = Some(RunId::new("earlier"));
        let mut known = sample::task("sim/inv7", Verdict::Fail);
        known.known = Some("issue 7".into());
        let mut mended = sample::task("sim/inv9", Verdict::Pass);
        mended.known = Some("issue 7".into());
        let tasks = [reused, retried, known, mended, sample::task("sim/inv11", Verdict::Lost)];
        let totals = totals(&tasks, &[sample::case("inv5", Verdict::Pass), sample::case("inv7", Verdict::Fail)]);
        assert_eq!(totals.tasks, BTreeMap::from([(Verdict::Pass, 3), (Verdict::Fail, 1), (Verdict::Lost, 1)]));
        assert_eq!(totals.cases, BTreeMap::from([(Verdict::Pass, 1), (Verdict::Fail, 1)]));
        assert_eq!(totals.stages.iter().map(|(stage, _)| stage.as_str()).collect::<Vec<_>>(), ["gen", "sim"]);
        assert_eq!((totals.known, totals.retried, totals.missing), (1, 1, 1));
        assert_eq!((totals.wall, totals.cpu), (5.5, 2.75));
    }
}
