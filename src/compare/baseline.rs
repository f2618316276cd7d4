//! Which earlier runs to compare with.
//!
//! In: a rule, summaries of runs, which commits build on which. Out: the runs that are taken, and in
//! sentences why, and why others were not.
//!
//! Only a named run is taken whatever it is, with a word on what is wrong with it. All other rules
//! refuse a run that is not complete, that was of a part of the suite (but of the same profile, or of the very
//! same selection where there is no other run), that came from a fork, or that ran on another kind of machine. Rules that go by commit also refuse one
//! with uncommitted changes, since it is not of that commit.

use super::lineage::{Lineage, short_commit};
use crate::record::RunSummary;
use crate::value::BaselineRule;

/// Most runs whose refusal is told one by one.
const MOST_TOLD: usize = 5;

/// What a baseline is chosen from.
#[derive(Debug, Clone, Copy)]
pub struct Known<'a> {
    /// The run that is to be compared.
    pub head: &'a RunSummary,
    /// Recorded runs, in any order.
    pub runs: &'a [RunSummary],
    /// What the head's commit builds on; none if that is not known here.
    pub lineage: Option<&'a Lineage>,
    /// What the commit builds on where the head left its base branch.
    pub base_lineage: Option<&'a Lineage>,
}

/// What was chosen.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Chosen {
    /// Which of the known runs, the newest first: one, or several for `best`.
    pub runs: Vec<usize>,
    /// Why, and why not others.
    pub why: Vec<String>,
}

/// Returns the rules for a run for which nobody has said any: a pull request is compared with where it
/// left its base branch, other runs with the previous one.
///
/// A pull request of which git does not know where it left has nothing to be compared with: the previous run may
/// be its own, from the push before, or another pull request's.
pub fn default_rules(head: &RunSummary) -> Vec<BaselineRule> {
    let is_pull_request = head.source.pull_request.is_some();
    vec![if is_pull_request { BaselineRule::MergeBase } else { BaselineRule::Previous }]
}

/// Chooses what a rule says. A golden table is no run: it is chosen by nobody.
pub fn choose(rule: &BaselineRule, known: &Known<'_>) -> Chosen {
    match rule {
        BaselineRule::Previous => previous(known),
        BaselineRule::Branch(branch) => last_of_branch(known, branch),
        BaselineRule::MergeBase => merge_base(known),
        BaselineRule::Ancestor => ancestor(known),
        BaselineRule::Best(window) => best(known, *window),
        BaselineRule::Run(name) => named(known, name),
        BaselineRule::Golden(_) => Chosen::default(),
    }
}

fn previous(known: &Known<'_>) -> Chosen {
    let suite = &known.head.suite;
    let (taken, passed_over) = first(earlier(known), known.head, false);
    let why = match taken {
        Some(taken) => {
            let run = &known.runs[taken];
            format!("{} is the previous complete run of `{suite}` on this kind of machine", run.id)
        }
        None if passed_over.is_empty() => format!("there is no earlier run of `{suite}`"),
        None => format!("no earlier run of `{suite}` can be compared with"),
    };
    chosen(taken, vec![why], passed_over)
}

fn last_of_branch(known: &Known<'_>, branch: &str) -> Chosen {
    let of_branch = |(_, run): &(usize, &RunSummary)| run.source.branch.as_deref() == Some(branch);
    let candidates: Vec<_> = earlier(known).into_iter().filter(of_branch).collect();
    let none = candidates.is_empty();
    let (taken, passed_over) = first(candidates, known.head, false);
    let why = match taken {
        Some(taken) => format!("{} is the last complete run of branch `{branch}`", known.runs[taken].id),
        None if none => format!("there is no earlier run of branch `{branch}`"),
        None => format!("no earlier run of branch `{branch}` can be compared with"),
    };
    chosen(taken, vec![why], passed_over)
}

fn merge_base(known: &Known<'_>) -> Chosen {
    let source = &known.head.source;
    let base = source.base_branch.as_deref().unwrap_or("its base");
    let Some(commit) = &source.merge_base else {
        let why = match (&source.commit, &source.base_branch) {
            (None, _) => "the commit of this run is not known".to_owned(),
            (_, None) => "this run is of the base branch, or git knows none".to_owned(),
            (_, Some(base)) => {
                format!("git did not know where this run left `{base}`: fetch the whole history (`fetch-depth: 0`)")
            }
        };
        return Chosen { runs: Vec::new(), why: vec![why] };
    };
    let place = format!("{}, where this run left `{base}`", short_commit(commit));
    // Without git here, runs of the very commit can be found all the same.
    let only = Lineage::new(commit, &[], false);
    let lineage = known.base_lineage.unwrap_or(&only);
    let candidates = ancestors(known, lineage, 0);
    let (taken, passed_over) = first(candidates, known.head, true);
    let mut why = Vec::new();
    match taken.map(|taken| (&known.runs[taken], steps_of(lineage, &known.runs[taken]))) {
        Some((run, 0)) => why.push(format!("{} is the last complete run of {place}", run.id)),
        Some((run, steps)) => {
            why.push(format!("there is no complete run of {place}"));
            why.push(format!("{} is the nearest before it, {}", run.id, back(run, steps)));
        }
        None => {
            why.push(format!("there is no complete run of {place}, or of a commit before it"));
            why.extend(unknown_history(known.base_lineage));
        }
    }
    chosen(taken, why, passed_over)
}

fn ancestor(known: &Known<'_>) -> Chosen {
    let Some(commit) = &known.head.source.commit else {
        let why = vec!["the commit of this run is not known".to_owned()];
        return Chosen { runs: Vec::new(), why };
    };
    let Some(lineage) = known.lineage else {
        let why = vec![format!("git does not know {} here", short_commit(commit))];
        return Chosen { runs: Vec::new(), why };
    };
    // A clean run of the same commit measures the same thing again; after edits it is what was before them.
    let least = u32::from(known.head.source.dirty != Some(true));
    let (taken, passed_over) = first(ancestors(known, lineage, least), known.head, true);
    let mut why = Vec::new();
    match taken.map(|taken| (&known.runs[taken], steps_of(lineage, &known.runs[taken]))) {
        Some((run, 0)) => why.push(format!("{} is of the same commit, before the changes", run.id)),
        Some((run, steps)) => {
            why.push(format!("{} is the nearest complete run before this one, {}", run.id, back(run, steps)));
        }
        None => {
            why.push(format!("there is no complete run of a commit before {}", short_commit(commit)));
            why.extend(unknown_history(Some(lineage)));
        }
    }
    chosen(taken, why, passed_over)
}

fn best(known: &Known<'_>, window: u32) -> Chosen {
    let mut taken = Vec::new();
    let mut passed_over = Vec::new();
    for (index, run) in earlier(known) {
        match refuse(run, known.head, false) {
            None => taken.push(index),
            Some(why) => passed_over.push((run, why)),
        }
        if taken.len() >= window as usize {
            break;
        }
    }
    let why = match (taken.first(), taken.last()) {
        (Some(&newest), Some(&oldest)) if newest != oldest => format!(
            "the best of each metric over the last {} complete runs, {} to {}",
            taken.len(),
            known.runs[oldest].id,
            known.runs[newest].id
        ),
        (Some(&only), _) => format!("{} is the only complete run to take the best of", known.runs[only].id),
        _ => format!("no earlier run of `{}` can be compared with", known.head.suite),
    };
    Chosen { runs: taken, why: told(vec![why], passed_over) }
}

fn named(known: &Known<'_>, name: &str) -> Chosen {
    let found = known.runs.iter().position(|run| run.id.as_str() == name);
    let Some(index) = found else {
        return Chosen { runs: Vec::new(), why: vec![format!("the history has no run `{name}`")] };
    };
    let run = &known.runs[index];
    let mut why = vec![format!("{} was named", run.id)];
    if run.id != known.head.id {
        why.extend(refuse(run, known.head, false).map(|what| format!("take care: {what}")));
    }
    Chosen { runs: vec![index], why }
}

/// Returns earlier runs of the suite, the newest first.
fn earlier<'a>(known: &Known<'a>) -> Vec<(usize, &'a RunSummary)> {
    let head = known.head;
    let mut runs: Vec<(usize, &RunSummary)> =
        others(known).filter(|(_, run)| (run.started, &run.id) < (head.started, &head.id)).collect();
    runs.sort_by(|(_, one), (_, other)| (other.started, &other.id).cmp(&(one.started, &one.id)));
    runs
}

/// Returns runs of commits at least so many steps back, the nearest first, and of one commit the newest.
/// They may have run later than the head: the base of a pull request often does.
fn ancestors<'a>(known: &Known<'a>, lineage: &Lineage, least: u32) -> Vec<(usize, &'a RunSummary)> {
    let steps = |run: &RunSummary| run.source.commit.as_deref().and_then(|commit| lineage.steps(commit));
    let mut runs: Vec<(u32, usize, &RunSummary)> = others(known)
        .filter_map(|(index, run)| Some((steps(run)?, index, run)))
        .filter(|(steps, ..)| *steps >= least)
        .collect();
    runs.sort_by(|(near, _, one), (far, _, other)| {
        near.cmp(far).then_with(|| (other.started, &other.id).cmp(&(one.started, &one.id)))
    });
    runs.into_iter().map(|(_, index, run)| (index, run)).collect()
}

fn others<'a>(known: &Known<'a>) -> impl Iterator<Item = (usize, &'a RunSummary)> + use<'a> {
    let head = known.head;
    known.runs.iter().enumerate().filter(|(_, run)| run.suite == head.suite && run.id != head.id)
}

/// Runs that were not taken, and why.
type PassedOver<'a> = Vec<(&'a RunSummary, String)>;

/// Returns the first that is not refused: a run of the whole suite, or else one of the same selection.
fn first<'a>(
    candidates: Vec<(usize, &'a RunSummary)>,
    head: &RunSummary,
    by_commit: bool,
) -> (Option<usize>, PassedOver<'a>) {
    let search = |selections: bool| {
        let mut passed_over = Vec::new();
        for (index, run) in &candidates {
            let selection = Some(run).filter(|run| !selections && !run.filter.is_empty());
            match refuse(run, head, by_commit).or_else(|| selection.map(|run| ran_selection(run))) {
                Some(why) => passed_over.push((*run, why)),
                None => return (Some(*index), passed_over),
            }
        }
        (None, passed_over)
    };
    match search(false) {
        (None, _) if !head.filter.is_empty() => search(true),
        found => found,
    }
}

fn ran_selection(run: &RunSummary) -> String {
    format!("it ran a selection ({})", run.filter.join(" "))
}

fn refuse(run: &RunSummary, head: &RunSummary, by_commit: bool) -> Option<String> {
    if !run.complete {
        return Some(match run.stopped.first() {
            Some(reason) => format!("it is not complete ({reason})"),
            None => "it is not complete".to_owned(),
        });
    }
    if run.source.fork == Some(true) {
        return Some("it came from a fork".to_owned());
    }
    // The same selection has the same cases; what confirms a comparison is a part of it.
    if !run.filter.is_empty() && (run.filter != head.filter || run.is_confirmation()) {
        return Some(ran_selection(run));
    }
    if let Some(profile) = run.profile.as_ref().filter(|_| run.profile != head.profile) {
        return Some(format!("it ran a part (profile {profile})"));
    }
    if run.fingerprint != head.fingerprint {
        return Some(format!("it ran on another machine (fingerprint {}, here {})", run.fingerprint, head.fingerprint));
    }
    (by_commit && run.source.dirty == Some(true)).then(|| "it had uncommitted changes".to_owned())
}

fn chosen(taken: Option<usize>, why: Vec<String>, passed_over: PassedOver<'_>) -> Chosen {
    Chosen { runs: taken.into_iter().collect(), why: told(why, passed_over) }
}

fn told(mut why: Vec<String>, passed_over: PassedOver<'_>) -> Vec<String> {
    let more = passed_over.len().saturating_sub(MOST_TOLD);
    why.extend(passed_over.iter().take(MOST_TOLD).map(|(run, what)| format!("{} was passed over: {what}", run.id)));
    if more > 0 {
        why.push(format!("{more} more {} passed over", if more == 1 { "run was" } else { "runs were" }));
    }
    why
}

fn unknown_history(lineage: Option<&Lineage>) -> Option<String> {
    match lineage {
        Some(lineage) if !lineage.is_shallow() => None,
        _ => {
            Some("git does not know all commits before it here: fetch the whole history (`fetch-depth: 0`)".to_owned())
        }
    }
}

fn steps_of(lineage: &Lineage, run: &RunSummary) -> u32 {
    run.source.commit.as_deref().and_then(|commit| lineage.steps(commit)).unwrap_or(0)
}

fn back(run: &RunSummary, steps: u32) -> String {
    let commit = short_commit(run.source.commit.as_deref().unwrap_or_default());
    if steps == 1 { format!("1 commit back ({commit})") } else { format!("{steps} commits back ({commit})") }
}
