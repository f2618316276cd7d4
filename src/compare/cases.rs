//! The cases of two runs: which are new, which are gone, whose verdict changed.

use super::is_partial;
use super::rekeyed::{Place, rekey_all};
use crate::ledger::Verdict;
use crate::record::{CaseRecord, RunRecord};
use crate::suite::Suite;
use crate::value::{PointName, Scalar};
use std::collections::{HashMap, HashSet};

/// The cases of two runs, side by side.
pub(super) struct Cases {
    pub(super) added: Vec<PointName>,
    pub(super) removed: Vec<PointName>,
    pub(super) common: u64,
    pub(super) verdict_changes: Vec<(PointName, Verdict, Verdict)>,
    /// What a filter or profile of either run leaves out of the comparison, in sentences.
    pub(super) left_out: Vec<String>,
}

/// Pairs the cases. What one run did not plan because of a filter or a profile is neither new nor
/// gone: the runs are compared on the cases they share.
pub(super) fn compare(head: &RunRecord, base: &RunRecord, suite: &Suite) -> Cases {
    let all: Vec<usize> = (0..suite.schema.len()).collect();
    let params: Vec<&[(String, Scalar)]> = base.cases.iter().map(|case| case.params.as_slice()).collect();
    let places = rekey_all(&params, suite, &all);
    let mut before: HashMap<PointName, &CaseRecord> = HashMap::new();
    for (case, place) in base.cases.iter().zip(&places) {
        if let Place::Point(name) = place {
            before.insert(name.clone(), case);
        }
    }
    let mut cases =
        Cases { added: Vec::new(), removed: Vec::new(), common: 0, verdict_changes: Vec::new(), left_out: Vec::new() };
    for case in &head.cases {
        match before.get(&case.name) {
            None => cases.added.push(case.name.clone()),
            Some(earlier) => {
                cases.common += 1;
                if earlier.verdict != case.verdict {
                    cases.verdict_changes.push((case.name.clone(), earlier.verdict, case.verdict));
                }
            }
        }
    }
    let now: HashSet<&PointName> = head.cases.iter().map(|case| &case.name).collect();
    for (case, place) in base.cases.iter().zip(&places) {
        match place {
            Place::Point(name) if now.contains(name) => {}
            Place::Point(_) | Place::Gone(_) => cases.removed.push(case.name.clone()),
        }
    }
    // The part of a part may hold cases the other has not planned, for no other reason.
    let mut leave_out = |list: &mut Vec<PointName>, record: &RunRecord, whose: &str| {
        if is_partial(record) && !list.is_empty() {
            let (count, why) = (list.len(), selection(record));
            cases.left_out.push(format!(
                "{whose} planned a part of its cases ({why}): {count} cases of the other run are left out"
            ));
            list.clear();
        }
    };
    leave_out(&mut cases.added, base, "the base");
    leave_out(&mut cases.removed, head, "this run");
    cases
}

/// Returns what the cases of an earlier run are called now, where parameters have other names or codes.
pub fn renamed_cases(earlier: &RunRecord, suite: &Suite) -> Vec<(PointName, PointName)> {
    let all: Vec<usize> = (0..suite.schema.len()).collect();
    let params: Vec<&[(String, Scalar)]> = earlier.cases.iter().map(|case| case.params.as_slice()).collect();
    let places = rekey_all(&params, suite, &all);
    let renamed = earlier.cases.iter().zip(places).filter_map(|(case, place)| match place {
        Place::Point(name) if name != case.name => Some((case.name.clone(), name)),
        Place::Point(_) | Place::Gone(_) => None,
    });
    renamed.collect()
}

/// Says how a run was selected: `--case 'inv5*'`, `profile pr`.
fn selection(record: &RunRecord) -> String {
    let mut parts: Vec<String> = record.run.profile.iter().map(|profile| format!("profile {profile}")).collect();
    if !record.run.filter.is_empty() {
        parts.push(record.run.filter.join(" "));
    }
    parts.join(", ")
}
