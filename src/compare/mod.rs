//! This run against an earlier one.
//!
//! In: two records, the suite as it is now, and what earlier runs measured. Out: a `Comparison`. A metric
//! is first judged by plain rules; what is measured and has a better side is then weighed together with
//! all others, against the noise of earlier runs (`docs/STATISTICS.md`). Without five earlier runs a
//! difference of a measured metric is `uncertain`, never `regressed`.
//!
//! Invariant: a run compared with itself is silent.

mod baseline;
mod cases;
mod comparison;
mod confirm;
mod differences;
mod earlier;
mod explain;
mod figures;
mod follow;
mod judge;
mod levels;
mod line;
mod lineage;
mod made_up;
mod measured;
mod notes;
mod orphans;
mod pairs;
mod provenance;
mod recorded;
mod red;
mod reds;
mod rekeyed;
mod samples;
mod stand_in;
mod suspects;
mod trend;
mod verdicts;
mod weigh;

#[cfg(test)]
mod baseline_tests;
#[cfg(test)]
mod explain_tests;
#[cfg(test)]
mod noise_tests;
#[cfg(test)]
mod red_tests;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod trend_tests;

pub use baseline::{Chosen, Known, choose, default_rules};
pub use cases::renamed_cases;
pub use comparison::{Change, Comparison, ComparisonBase, ComparisonVerdict, Effect};
pub use confirm::{ConfirmVerdict, Confirmation, FEWEST_PAIRS, Reading, Remeasured, ValuePair, confirm};
pub use levels::{Alike, Levels};
pub use lineage::Lineage;
pub use made_up::{GoldenValue, best_of, golden_base};
pub use orphans::{is_of_orphans, orphans};

pub use earlier::{EarlierRuns, EarlierValue, EarlierValues};
pub use figures::{Band, Decision, Figures, Repeats, Scale, Test};
pub use follow::{Followed, Following, following, put_trends};
pub use line::{BaseOf, NOISE_RUNS, TREND_RUNS, noise_runs, trend_runs};
pub use recorded::{RecordedSuiteError, recorded_suite};
pub use red::Red;
pub use reds::{Surroundings, put_reds};
pub use samples::Samples;
pub use stand_in::{stand_in, unmeasured};
pub use suspects::{Measurement, Suspect, suspects};
pub use trend::{LevelChange, LevelDrift, Trend, TrendRun, TrendValue};

use crate::record::RunRecord;
use crate::suite::Suite;
use crate::value::in_parts;
use judge::{Difference, Judged};
use pairs::Rows;
use weigh::{Open, weigh};

/// Which rows of two runs the changes of their comparison are of.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Paired(Vec<Rows>);

/// Compares a run with an earlier one, under the suite as it is now.
///
/// `why` says how the base was chosen, or why there is none (see `choose`); `earlier` are the runs before
/// this one on its kind of machine.
pub fn compare(
    head: &RunRecord,
    base: Option<&RunRecord>,
    why: Vec<String>,
    suite: &Suite,
    earlier: &EarlierRuns,
) -> Comparison {
    compare_paired(head, base, why, suite, earlier).0
}

/// Compares two runs, and also returns what each change is of.
pub fn compare_paired(
    head: &RunRecord,
    base: Option<&RunRecord>,
    mut why: Vec<String>,
    suite: &Suite,
    earlier: &EarlierRuns,
) -> (Comparison, Paired) {
    let Some(base) = base else { return (Comparison { why, ..Comparison::default() }, Paired::default()) };
    let cases = cases::compare(head, base, suite);
    for (record, whose) in [(head, "this run"), (base, "the base")] {
        if is_partial(record) {
            let (common, all) = (cases.common, record.cases.len());
            let cases = match (common, all) {
                (1, 1) => "its 1 case is in both".to_owned(),
                (_, 1) => format!("{common} of its 1 case is in both"),
                (1, _) => format!("1 of its {all} cases is in both"),
                _ => format!("{common} of its {all} cases are in both"),
            };
            why.push(format!("{whose} is of a part of the suite: {cases}"));
        }
    }
    let run = &base.run;
    let (changes, paired) = changes(head, base, suite, earlier);
    let comparison = Comparison {
        rule: None,
        base: Some(ComparisonBase { run: run.id.clone(), started: run.started, source: run.source.clone() }),
        why,
        explanations: explain::explain(head, &changes, &cases),
        changes,
        added_cases: cases.added,
        removed_cases: cases.removed,
        common_cases: cases.common,
        verdict_changes: cases.verdict_changes,
        notes: notes::notes(head, base, &cases.left_out),
        reds: Vec::new(),
        trend_runs: Vec::new(),
        trends: Vec::new(),
        trends_left_out: 0,
    };
    (comparison, paired)
}

/// Judges each metric by itself, then those that are open together.
fn changes(head: &RunRecord, base: &RunRecord, suite: &Suite, earlier: &EarlierRuns) -> (Vec<Change>, Paired) {
    let same_machine = head.run.fingerprint == base.run.fingerprint;
    let pairs = pairs::pair(head, base, suite);
    let paired = Paired(pairs.iter().map(|pair| pair.rows).collect());
    let judged: Vec<Judged<'_>> = in_parts(pairs, |(): &mut (), pair| judge::judge(pair, head, base, earlier));
    let opens = judged.iter().filter_map(|judged| {
        let Difference { stage, least, measured, .. } = judged.open.as_ref()?;
        let (metric, min_effect) = (judged.change.metric.as_str(), least.factor());
        Some(Open { metric, stage, measured, min_effect, same_machine })
    });
    let mut figures = weigh(&opens.collect::<Vec<_>>()).into_iter();
    let judged = judged.into_iter().map(|judged| {
        let figures = judged.open.as_ref().and_then(|_| figures.next());
        (judged, figures)
    });
    let changes = in_parts(judged.collect(), |(): &mut (), (judged, figures)| decided(judged, figures, same_machine));
    (changes, paired)
}

/// Puts the verdict into a change that was open.
fn decided(judged: Judged<'_>, figures: Option<Figures>, same_machine: bool) -> Change {
    let Judged { mut change, open } = judged;
    let Some((open, mut figures)) = open.zip(figures) else { return change };
    let (verdict, decided_by, rule) = verdicts::decide(&change, &open, &figures, same_machine);
    figures.decided_by = decided_by;
    (change.verdict, change.rule, change.figures) = (verdict, rule, Some(Box::new(figures)));
    if verdict != ComparisonVerdict::Unchanged {
        change.samples = Samples::of(open.rows.0, open.rows.1).map(Box::new);
    }
    change
}

/// Tells whether a run planned a part of its suite only.
fn is_partial(record: &RunRecord) -> bool {
    !record.run.filter.is_empty() || record.run.profile.is_some()
}
