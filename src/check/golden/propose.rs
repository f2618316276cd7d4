//! New golden values out of what earlier runs measured: a proposal for people, which writes nothing.
//!
//! A row is proposed for one of three reasons. It is missing. Runs missed it, and fewer miss the median of
//! all runs. Or the ratchet: the last runs are all better than it beyond noise; then the new value is the
//! median of those. What is exact or a text takes the value on which the last runs agree. Noise is three
//! standard deviations from run to run, and at least the metric's `min_effect` where the suite says one.

use super::assigned::{Assigned, Place};
use super::bless::{NewRow, is_worse};
use super::check::{GoldenCheck, check};
use super::file::Edits;
use super::holder::{Clash, GoldenHolder};
use super::measured::{MeasuredRows, golden_in_unit, measured_in_unit};
use super::planned::{PlannedPoint, planned_points};
use super::provenance::GoldenText;
use super::selection::BlessSelection;
use super::table::{GoldenRow, Table};
use super::{BlessAction, GoldenVerdict};
use crate::ledger::{MeasuredValue, Verdict};
use crate::record::RunRecord;
use crate::stats::{median, step_deviation};
use crate::suite::{Better, Metric, StageIndex, Suite};
use crate::value::{Decimal, PointName, StageName, Value};
use serde::Serialize;
use std::collections::{HashMap, HashSet};

/// Fewer runs say nothing of the noise between them.
const LEAST_FOR_NOISE: usize = 5;
/// Standard deviations that are noise.
const DEVIATIONS: f64 = 3.0;

/// What a proposal needs.
#[derive(Clone, Copy)]
pub struct Propose<'a> {
    /// The goldens.
    pub file: &'a dyn GoldenHolder,
    /// The suite as it is now.
    pub suite: &'a Suite,
    /// Complete runs on one kind of machine, the oldest first; the points are those of the last.
    pub records: &'a [RunRecord],
    /// The rows that may change.
    pub selection: &'a BlessSelection,
    /// How many runs in a row must be better, or agree.
    pub in_a_row: usize,
    /// The `let`s that a tolerance's `where` may name, by the point's parameters.
    pub lets: &'a dyn Fn(&PlannedPoint, &str) -> Option<Value>,
}

/// What is proposed.
#[derive(Debug, Clone, Default)]
pub struct Proposed {
    /// The changes.
    pub edits: Edits,
    /// The rows that change, in plan order.
    pub proposals: Vec<Proposal>,
    /// Rows that runs missed and would miss as often with their median: their noise is above their
    /// tolerance.
    pub noisy: Vec<Noisy>,
    /// Metrics at points that share a golden with others and speak for another value.
    pub shared: Vec<Clash>,
}

/// A row to change.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Proposal {
    /// `STAGE.METRIC`.
    pub metric: String,
    /// The point.
    pub point: PointName,
    /// What is done to the row.
    pub action: BlessAction,
    /// Why.
    pub why: ProposalReason,
    /// The row before.
    pub old: Option<GoldenText>,
    /// The row after.
    pub new: GoldenText,
    /// Whether the new value is worse.
    pub worse: bool,
    /// Runs that have a value.
    pub runs: usize,
    /// Of these, the last, whose median or common value it is.
    pub taken_from: usize,
    /// Runs that miss the row before; none where there is no row.
    pub missed_before: Option<usize>,
    /// Runs that miss the row after.
    pub missed_after: usize,
}

/// Why a row is to change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum ProposalReason {
    /// A gated metric has no row.
    Missing,
    /// Runs miss it.
    Missed,
    /// The last runs are better beyond noise.
    Ratchet,
}

/// A row whose noise is above its tolerance.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Noisy {
    /// `STAGE.METRIC`.
    pub metric: String,
    /// The point.
    pub point: PointName,
    /// Runs that have a value.
    pub runs: usize,
    /// Runs that miss it.
    pub missed: usize,
}

type Key = (String, PointName);

/// Proposes rows.
pub fn propose(input: &Propose<'_>) -> Proposed {
    let counting: Vec<RunRecord> = input.records.iter().map(|record| counting(input.suite, record)).collect();
    let input = &Propose { records: &counting, ..*input };
    let Some(head) = counting.last() else { return Proposed::default() };
    let planned = planned_points(input.suite, head);
    let assigned = Assigned::new(input.suite, input.file.table(), &planned);
    let before = misses(input, input.file.table());
    let series = series(input);
    let mut drafts = Vec::new();
    for (place, point) in planned.iter().enumerate() {
        let stage = &input.suite.stages[point.stage];
        for (index, metric) in stage.metrics.iter().enumerate() {
            if !input.selection.takes(point.stage, index, &point.point) {
                continue;
            }
            let golden = assigned.get(place, index);
            if golden.is_none() && metric.better.is_none() && !input.selection.names(point.stage, index) {
                continue;
            }
            let Some(values) = series.get(&(point.stage, index, point.point.clone())) else { continue };
            let full = format!("{}.{}", stage.name, metric.name);
            let missed = before.get(&(full.clone(), point.point.clone())).copied().unwrap_or(0);
            let target = NewRow { file: input.file, suite: input.suite, metric: full, point: &point.point, golden };
            // A condition that makes no sense at a point says nothing there.
            let min_effect = metric.min_effect_at(&point.params).unwrap_or(metric.min_effect);
            drafts.extend(draft(input, &Metric { min_effect, ..metric.clone() }, values, missed, &target));
        }
    }
    settle(input, drafts)
}

/// A change that may turn out to help nothing.
struct Draft<'a> {
    proposal: Proposal,
    replaces: Option<Place<'a>>,
    row: GoldenRow,
}

/// Keeps the drafts that help, and counts what misses the changed table.
fn settle(input: &Propose<'_>, drafts: Vec<Draft<'_>>) -> Proposed {
    let after = |drafts: &[Draft<'_>]| misses(input, &input.file.after(&edits(drafts)));
    let count = |misses: &HashMap<Key, usize>, proposal: &Proposal| {
        misses.get(&(proposal.metric.clone(), proposal.point.clone())).copied().unwrap_or(0)
    };
    let shared = input.file.clashes(&edits(&drafts));
    let clashes = |draft: &Draft<'_>| {
        let Proposal { metric, point, .. } = &draft.proposal;
        shared.iter().any(|clash| clash.metric == *metric && [&clash.point, &clash.other].contains(&point))
    };
    let drafts: Vec<Draft<'_>> = drafts.into_iter().filter(|draft| !clashes(draft)).collect();
    let misses = after(&drafts);
    let helps = |draft: &Draft<'_>| {
        let proposal = &draft.proposal;
        proposal.why != ProposalReason::Missed || Some(count(&misses, proposal)) < proposal.missed_before
    };
    let (mut kept, dropped): (Vec<Draft<'_>>, Vec<Draft<'_>>) = drafts.into_iter().partition(helps);
    for Draft { proposal, .. } in &mut kept {
        proposal.missed_after = count(&misses, proposal);
    }
    let edits = edits(&kept);
    let noisy =
        dropped.into_iter().map(|Draft { proposal: Proposal { metric, point, runs, missed_before, .. }, .. }| Noisy {
            metric,
            point,
            runs,
            missed: missed_before.unwrap_or(0),
        });
    Proposed {
        edits,
        noisy: noisy.collect(),
        shared,
        proposals: kept.into_iter().map(|draft| draft.proposal).collect(),
    }
}

fn edits(drafts: &[Draft<'_>]) -> Edits {
    let mut edits = Edits::default();
    for Draft { replaces, row, .. } in drafts {
        edits.put(*replaces, row.clone());
    }
    edits
}

/// Counts the runs that miss each row of a table.
fn misses(input: &Propose<'_>, table: &Table) -> HashMap<Key, usize> {
    let mut misses = HashMap::new();
    for record in input.records {
        let partial = is_partial(record);
        let found = check(&GoldenCheck { table, suite: input.suite, record, partial, lets: input.lets });
        for finding in found.into_iter().filter(|finding| finding.verdict == GoldenVerdict::Missed) {
            *misses.entry((finding.metric, finding.point)).or_default() += 1;
        }
    }
    misses
}

fn is_partial(record: &RunRecord) -> bool {
    !record.run.filter.is_empty() || record.run.profile.is_some()
}

/// A value in the metric's unit.
#[derive(Debug, Clone, PartialEq)]
struct Told {
    value: MeasuredValue,
    unit: Option<String>,
}

/// Leaves the metrics in a record that count: what it measured itself, in tasks that passed.
fn counting(suite: &Suite, record: &RunRecord) -> RunRecord {
    let mut record = record.clone();
    let planned = planned_points(suite, &record);
    let counts =
        |point: &&PlannedPoint| point.verdict == Verdict::Pass && !(is_partial(&record) && suite.gathers(point.stage));
    let name = |point: PlannedPoint| (suite.stages[point.stage].name.clone(), point.recorded);
    let counting: HashSet<(StageName, PointName)> = planned.iter().filter(counts).cloned().map(name).collect();
    record.metrics.retain(|row| row.origin.is_none() && counting.contains(&(row.stage.clone(), row.point.clone())));
    record
}

/// Returns what the runs measured, the oldest first.
fn series(input: &Propose<'_>) -> HashMap<(StageIndex, usize, PointName), Vec<Told>> {
    let mut series: HashMap<_, Vec<Told>> = HashMap::new();
    for record in input.records {
        let measured = MeasuredRows::of(record);
        for point in planned_points(input.suite, record) {
            let PlannedPoint { stage: index, ref recorded, .. } = point;
            let stage = &input.suite.stages[index];
            for (place, metric) in stage.metrics.iter().enumerate() {
                let told = measured.get(stage, metric, recorded).and_then(|row| match &row.value {
                    MeasuredValue::Text(_) => Some(Told { value: row.value.clone(), unit: None }),
                    MeasuredValue::Number(number) => {
                        let (number, unit) = measured_in_unit(metric, row, *number).ok()?;
                        number.is_finite().then_some(Told { value: MeasuredValue::Number(number), unit })
                    }
                });
                series.entry((index, place, point.point.clone())).or_default().extend(told);
            }
        }
    }
    series
}

/// Returns the row that the values of the runs speak for.
fn draft<'a>(
    input: &Propose<'_>,
    metric: &Metric,
    values: &[Told],
    missed: usize,
    row: &NewRow<'a>,
) -> Option<Draft<'a>> {
    let old = row.golden.map(|Place { row, .. }| row);
    let (why, told, taken_from) = if let Some(tail) = old.and_then(|old| improved(input, metric, values, old)) {
        (ProposalReason::Ratchet, middle(tail)?, tail.len())
    } else if old.is_none() || missed > 0 {
        let why = if old.is_none() { ProposalReason::Missing } else { ProposalReason::Missed };
        let (told, taken_from) = level(input, metric, values)?;
        (why, told, taken_from)
    } else {
        return None;
    };
    let new = row.of(&told.value, told.unit.clone()).ok()?;
    let worse = metric.better.is_some_and(|better| match (old.map(|old| numbers(old, &told)), better) {
        (None, _) => false,
        (Some(Some((old, new))), better) => old != new && is_worse(better, old, new),
        (Some(None), _) => true,
    });
    let proposal = Proposal {
        metric: row.metric.clone(),
        point: row.point.clone(),
        action: if old.is_some() { BlessAction::Rewrite } else { BlessAction::Create },
        why,
        old: old.map(GoldenText::of),
        new: GoldenText::of(&new),
        worse,
        runs: values.len(),
        taken_from,
        missed_before: old.map(|_| missed),
        missed_after: 0,
    };
    Some(Draft { proposal, replaces: row.golden, row: new })
}

/// Returns the value of all runs, or for what is exact that of the last runs, and how many it is of.
fn level(input: &Propose<'_>, metric: &Metric, values: &[Told]) -> Option<(Told, usize)> {
    if values.len() < input.in_a_row {
        return None;
    }
    let last = values.last()?;
    let numbers = values.iter().all(|told| matches!(told.value, MeasuredValue::Number(_)) && told.unit == last.unit);
    if numbers && metric.better != Some(Better::Exact) {
        return Some((middle(values)?, values.len()));
    }
    let agreeing = values.iter().rev().take_while(|told| *told == last).count();
    (agreeing >= input.in_a_row).then(|| (last.clone(), agreeing))
}

/// Returns the runs at the end that are better than a golden beyond noise, if there are enough.
fn improved<'v>(input: &Propose<'_>, metric: &Metric, values: &'v [Told], golden: &GoldenRow) -> Option<&'v [Told]> {
    let sign = match metric.better? {
        Better::Higher => 1.0,
        Better::Lower => -1.0,
        Better::Exact | Better::Within(..) => return None,
    };
    if values.len() < input.in_a_row.max(LEAST_FOR_NOISE) {
        return None;
    }
    let unit = values[0].unit.as_deref();
    let golden = golden_in_unit(golden, unit, 0.0).ok()?.to_f64();
    let number = |told: &Told| match told.value {
        MeasuredValue::Number(number) if told.unit.as_deref() == unit => Some(number),
        _ => None,
    };
    let all: Vec<f64> = values.iter().map(number).collect::<Option<_>>()?;
    let least = metric.min_effect.map_or(0.0, |share| share.factor() * golden.abs());
    let noise = (DEVIATIONS * step_deviation(&all)).max(least);
    let tail = all.iter().rev().take_while(|value| sign * (*value - golden) > noise).count();
    (tail >= input.in_a_row).then(|| &values[values.len() - tail..])
}

/// Returns the median.
fn middle(values: &[Told]) -> Option<Told> {
    let number = |told: &Told| match told.value {
        MeasuredValue::Number(number) => Some(number),
        MeasuredValue::Text(_) => None,
    };
    let numbers: Vec<f64> = values.iter().map(number).collect::<Option<_>>()?;
    Some(Told { value: MeasuredValue::Number(median(&numbers)), unit: values.last()?.unit.clone() })
}

/// Returns a golden and a new value in the unit of the latter.
fn numbers(old: &GoldenRow, new: &Told) -> Option<(Decimal, Decimal)> {
    let MeasuredValue::Number(number) = new.value else { return None };
    Some((golden_in_unit(old, new.unit.as_deref(), number).ok()?, Decimal::from_f64(number)?))
}
