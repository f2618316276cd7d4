//! Which earlier run to compare with.

use crate::record::RunInfo;

/// Most runs whose refusal is told one by one.
const MOST_TOLD: usize = 5;

/// Chooses the base of a run: the previous complete, unfiltered run of the same suite on the same
/// kind of machine. Runs of a profile are taken too: they compare on the cases they share.
///
/// Returns its index, and in sentences why it was taken, and why each later run was not; or why
/// there is none.
pub fn choose(candidates: &[RunInfo], head: &RunInfo) -> (Option<usize>, Vec<String>) {
    let mut earlier: Vec<(usize, &RunInfo)> = candidates
        .iter()
        .enumerate()
        .filter(|(_, run)| run.suite == head.suite && run.id != head.id)
        .filter(|(_, run)| (run.started, &run.id) < (head.started, &head.id))
        .collect();
    earlier.sort_by(|(_, one), (_, other)| (other.started, &other.id).cmp(&(one.started, &one.id)));
    let mut passed_over = Vec::new();
    let mut chosen = None;
    for (index, run) in earlier {
        match refuse(run, head) {
            Some(why) => passed_over.push(format!("{} was passed over: {why}", run.id)),
            None => {
                chosen = Some((index, run));
                break;
            }
        }
    }
    let mut why = vec![match chosen {
        Some((_, run)) => {
            let profile = run.profile.as_ref().filter(|_| run.profile != head.profile);
            let profile = profile.map(|profile| format!(", profile {profile}")).unwrap_or_default();
            format!("{} is the previous complete run of `{}` on this kind of machine{profile}", run.id, head.suite)
        }
        None if passed_over.is_empty() => format!("there is no earlier run of `{}`", head.suite),
        None => format!("no earlier run of `{}` can be compared with", head.suite),
    }];
    let more = passed_over.len().saturating_sub(MOST_TOLD);
    passed_over.truncate(MOST_TOLD);
    why.extend(passed_over);
    if more > 0 {
        why.push(format!("{more} more {} passed over", if more == 1 { "run was" } else { "runs were" }));
    }
    (chosen.map(|(index, _)| index), why)
}

fn refuse(run: &RunInfo, head: &RunInfo) -> Option<String> {
    if !run.complete {
        return Some(match run.stopped.first() {
            Some(reason) => format!("it is not complete ({reason})"),
            None => "it is not complete".to_owned(),
        });
    }
    if !run.filter.is_empty() {
        return Some(format!("it ran a selection ({})", run.filter.join(" ")));
    }
    if run.fingerprint != head.fingerprint {
        return Some(format!("it ran on another machine (fingerprint {}, here {})", run.fingerprint, head.fingerprint));
    }
    None
}
