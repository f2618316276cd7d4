//! What a run has measured becomes golden: which rows change, and what is refused.
//!
//! In: a table, a record, a selection, the terms. Out: changes of the table with their provenance, and
//! refusals. Whoever calls this writes nothing while there are refusals. A row whose value is met exactly
//! stays as it is; a row that is rewritten keeps its unit if the value can be told in it exactly.

use super::assigned::{Assigned, Place};
use super::check::why_unmeasured;
use super::file::Edits;
use super::holder::{Clash, GoldenHolder, Orphan};
use super::measured::{MeasuredRows, golden_in_unit, measured_in_unit};
use super::planned::{PlannedPoint, planned_points};
use super::provenance::{BlessAction, GoldenText, Provenance};
use super::refusal::Refusal;
use super::selection::BlessSelection;
use super::table::GoldenRow;
use crate::ledger::{MeasuredValue, Verdict};
use crate::record::{MetricRow, RunRecord};
use crate::stats::sample_variance;
use crate::suite::{Better, Metric, Suite};
use crate::value::{Decimal, PointName, Timestamp, convert, convert_f64};

/// What a bless needs.
#[derive(Clone, Copy)]
pub struct Bless<'a> {
    /// The goldens.
    pub file: &'a dyn GoldenHolder,
    /// The suite as it is now.
    pub suite: &'a Suite,
    /// The run, judged under this suite.
    pub record: &'a RunRecord,
    /// A part of the suite was planned: nothing can be said of rows without a planned task, and a stage
    /// that gathers has gathered other cases than the golden is of.
    pub partial: bool,
    /// The rows to bless; none: only orphans are removed.
    pub selection: Option<&'a BlessSelection>,
    /// Whether rows without a planned task are removed.
    pub prune_orphans: bool,
    /// The terms.
    pub terms: &'a BlessTerms,
}

/// On which terms values are blessed.
#[derive(Debug, Clone, PartialEq)]
pub struct BlessTerms {
    /// Why, for whoever reads the table later.
    pub reason: String,
    /// Where worse values were accepted; without it they are refused.
    pub accept_regression: Option<String>,
    /// Whether values of a work tree with changes are taken.
    pub dirty_ok: bool,
    /// Now.
    pub date: Timestamp,
}

/// What a bless comes to.
#[derive(Debug, Clone, Default)]
pub struct Blessed {
    /// The changes of the table.
    pub edits: Edits,
    /// Where they come from: one for each change, in plan order; removed rows last.
    pub changes: Vec<Provenance>,
    /// Selected rows that are met exactly.
    pub unchanged: usize,
    /// Selected values that are left out because their tasks are known failures.
    pub known: usize,
    /// Selected values that a run of a part of the suite does not have: they are of all cases.
    pub gathered: usize,
    /// What stands against it.
    pub refusals: Vec<Refusal>,
}

/// Decides which rows become what.
pub fn bless(input: &Bless<'_>) -> Blessed {
    let planned = planned_points(input.suite, input.record);
    let assigned = Assigned::new(input.suite, input.file.table(), &planned);
    let mut blessed = Blessed::default();
    let source = &input.record.run.source;
    if source.dirty == Some(true) && !input.terms.dirty_ok {
        blessed.refusals.push(Refusal::Dirty);
    }
    if source.fork == Some(true) {
        blessed.refusals.push(Refusal::Fork);
    }
    if let Some(selection) = input.selection {
        if let Some(pattern) = selection.unmatched(planned.iter().map(|point| &point.point)) {
            blessed.refusals.push(Refusal::NoPoint { pattern: pattern.to_owned() });
        }
        let measured = MeasuredRows::of(input.record);
        for (place, point) in planned.iter().enumerate() {
            let stage = &input.suite.stages[point.stage];
            for (index, metric) in stage.metrics.iter().enumerate() {
                if !selection.takes(point.stage, index, &point.point) {
                    continue;
                }
                let golden = assigned.get(place, index);
                // What gates nothing has a golden only if somebody wants it by name.
                if golden.is_none() && metric.better.is_none() && !selection.names(point.stage, index) {
                    continue;
                }
                let row = measured.get(stage, metric, &point.recorded);
                Candidate { input, point, metric, golden, row }.decide(&mut blessed);
            }
        }
    }
    if input.prune_orphans {
        if input.partial {
            blessed.refusals.push(Refusal::PartialOrphans);
        } else {
            remove_orphans(input, &assigned, &mut blessed);
        }
    }
    let clashes = input.file.clashes(&blessed.edits).into_iter();
    blessed.refusals.extend(clashes.map(|Clash { metric, point, other }| Refusal::Shared { metric, point, other }));
    blessed
}

fn remove_orphans(input: &Bless<'_>, assigned: &Assigned<'_>, blessed: &mut Blessed) {
    for (Place { index, row }, _) in assigned.strays() {
        blessed.edits.removed.insert(index);
        blessed.changes.push(removed(input, row));
    }
    for (index, Orphan { row, .. }) in input.file.orphans().iter().enumerate() {
        blessed.edits.orphans.insert(index);
        blessed.changes.push(removed(input, row));
    }
}

fn removed(input: &Bless<'_>, row: &GoldenRow) -> Provenance {
    Provenance {
        metric: row.metric.clone(),
        point: row.point.to_string(),
        action: BlessAction::Remove,
        old: Some(GoldenText::of(row)),
        ..provenance(input)
    }
}

/// A selected metric at a planned point.
struct Candidate<'a> {
    input: &'a Bless<'a>,
    point: &'a PlannedPoint,
    metric: &'a Metric,
    golden: Option<Place<'a>>,
    row: Option<&'a MetricRow>,
}

/// How a new value stands to the golden before it.
enum Standing {
    Same,
    NotWorse,
    Worse,
}

impl Candidate<'_> {
    fn decide(&self, blessed: &mut Blessed) {
        let PlannedPoint { stage, verdict, known, .. } = *self.point;
        if self.input.partial && self.input.suite.gathers(stage) {
            blessed.gathered += 1;
        } else if known {
            blessed.known += 1;
        } else if verdict != Verdict::Pass {
            let (metric, point) = self.place();
            let why = if self.row.is_none() { why_unmeasured(verdict) } else { format!("its task ended in {verdict}") };
            blessed.refusals.push(Refusal::NotPassed { metric, point, why });
        } else {
            match self.row {
                Some(row) => self.take(row, blessed),
                None => {
                    let (metric, point) = self.place();
                    blessed.refusals.push(Refusal::NotPassed { metric, point, why: why_unmeasured(verdict) });
                }
            }
        }
    }

    fn take(&self, row: &MetricRow, blessed: &mut Blessed) {
        let new = match self.new_row(row) {
            Ok(new) => new,
            Err(why) => {
                let (metric, point) = self.place();
                blessed.refusals.push(Refusal::NoGolden { metric, point, why });
                return;
            }
        };
        let standing = self.golden.map_or(Standing::NotWorse, |golden| self.standing(golden.row, row));
        if matches!(standing, Standing::Same) {
            blessed.unchanged += 1;
            return;
        }
        let worse = matches!(standing, Standing::Worse);
        let old = self.golden.map(|golden| GoldenText::of(golden.row));
        let link = self.input.terms.accept_regression.clone().filter(|_| worse);
        if worse && link.is_none() {
            let (metric, point) = self.place();
            let (old, new) = (old.as_ref().map(GoldenText::to_string), GoldenText::of(&new).to_string());
            blessed.refusals.push(Refusal::Worse { metric, point, old: old.unwrap_or_default(), new });
            return;
        }
        let (metric, point) = self.place();
        blessed.changes.push(Provenance {
            metric,
            point: point.to_string(),
            action: if old.is_some() { BlessAction::Rewrite } else { BlessAction::Create },
            old,
            new: Some(GoldenText::of(&new)),
            worse,
            origin: row.origin.clone(),
            n: row.samples.len().max(1),
            spread: spread(row, new.unit.as_deref()),
            link,
            ..provenance(self.input)
        });
        blessed.edits.put(self.golden, new);
    }

    /// Returns `STAGE.METRIC` and the point.
    fn place(&self) -> (String, PointName) {
        let stage = &self.input.suite.stages[self.point.stage];
        (format!("{}.{}", stage.name, self.metric.name), self.point.point.clone())
    }

    /// Returns the row that a value becomes.
    fn new_row(&self, row: &MetricRow) -> Result<GoldenRow, String> {
        let (metric, point) = self.place();
        let place =
            NewRow { file: self.input.file, suite: self.input.suite, metric, point: &point, golden: self.golden };
        match row.value {
            MeasuredValue::Text(_) => place.of(&row.value, None),
            MeasuredValue::Number(number) => {
                let (number, unit) = measured_in_unit(self.metric, row, number)?;
                place.of(&MeasuredValue::Number(number), unit)
            }
        }
    }

    fn standing(&self, golden: &GoldenRow, row: &MetricRow) -> Standing {
        let gates = |worse: bool| if worse { Standing::Worse } else { Standing::NotWorse };
        let number = match &row.value {
            MeasuredValue::Text(text) if *text == golden.value => return Standing::Same,
            MeasuredValue::Text(_) => return gates(self.metric.better.is_some()),
            MeasuredValue::Number(number) => *number,
        };
        let both = || {
            let (value, unit) = measured_in_unit(self.metric, row, number).ok()?;
            Some((Decimal::from_f64(value)?, golden_in_unit(golden, unit.as_deref(), number).ok()?))
        };
        // What cannot be compared with the golden cannot be told from a worse value.
        let Some((new, old)) = both() else { return gates(self.metric.better.is_some()) };
        if new == old {
            return Standing::Same;
        }
        gates(match self.metric.better {
            None => false,
            Some(better) => is_worse(better, old, new),
        })
    }
}

/// Tells whether a value is worse than another one that it is not equal to.
pub(super) fn is_worse(better: Better, old: Decimal, new: Decimal) -> bool {
    match better {
        Better::Higher => new < old,
        Better::Lower => new > old,
        Better::Exact => true,
        Better::Within(low, high) => {
            let outside = |value: Decimal| {
                let (below, above) = (low.to_f64() - value.to_f64(), value.to_f64() - high.to_f64());
                below.max(above).max(0.0)
            };
            outside(new) > outside(old)
        }
    }
}

/// Where a value goes.
pub(super) struct NewRow<'a> {
    pub(super) file: &'a dyn GoldenHolder,
    pub(super) suite: &'a Suite,
    /// `STAGE.METRIC`.
    pub(super) metric: String,
    pub(super) point: &'a PointName,
    /// The row that is there.
    pub(super) golden: Option<Place<'a>>,
}

impl NewRow<'_> {
    /// Returns the row of a value that is in this unit.
    pub(super) fn of(&self, value: &MeasuredValue, unit: Option<String>) -> Result<GoldenRow, String> {
        let old = self.golden.map(|golden| golden.row);
        // A short name that is in use stays; an earlier one does not.
        let kept = old.filter(|old| !self.suite.metrics_named(&old.metric).is_empty());
        let metric = kept.map_or_else(|| self.metric.clone(), |old| old.metric.clone());
        let (value, unit) = match value {
            MeasuredValue::Text(text) if text.trim().is_empty() => return Err("it is an empty text".to_owned()),
            MeasuredValue::Text(text) if text.trim().parse::<f64>().is_ok_and(|number| !number.is_finite()) => {
                return Err(format!("`{text}` is no golden value"));
            }
            MeasuredValue::Text(text) => (text.clone(), None),
            MeasuredValue::Number(number) => {
                let exact = Decimal::from_f64(*number).ok_or_else(|| format!("{number} is not a finite number"))?;
                in_unit_of(old, exact, unit)
            }
        };
        let tolerance = old.and_then(|old| old.tolerance);
        self.file.fit(GoldenRow { metric, point: self.point.clone(), value, unit, line: None, tolerance })
    }
}

/// Returns a value in the unit of the row before it, if it can be told in it exactly.
fn in_unit_of(old: Option<&GoldenRow>, value: Decimal, unit: Option<String>) -> (String, Option<String>) {
    if let (Some(Some(old)), Some(own)) = (old.map(|old| &old.unit), &unit)
        && let Ok(told) = convert(value, own, old)
        && convert(told, old, own).is_ok_and(|back| back == value)
        // A reader's number may have no room for it.
        && told.to_f64().is_finite()
    {
        return (told.to_string(), Some(old.clone()));
    }
    (value.to_string(), unit)
}

/// Returns the standard deviation of the samples of a row in a unit.
fn spread(row: &MetricRow, unit: Option<&str>) -> Option<f64> {
    if row.samples.len() < 2 {
        return None;
    }
    let told = |sample: &f64| match (&row.unit, unit) {
        (Some(own), Some(unit)) => convert_f64(*sample, own, unit).ok(),
        _ => Some(*sample),
    };
    let samples: Vec<f64> = row.samples.iter().map(told).collect::<Option<_>>()?;
    Some(sample_variance(&samples).sqrt()).filter(|spread| spread.is_finite())
}

/// Returns what all changes of a bless have in common.
fn provenance(input: &Bless<'_>) -> Provenance {
    let run = &input.record.run;
    Provenance {
        version: Provenance::version(),
        metric: String::new(),
        point: String::new(),
        action: BlessAction::Create,
        old: None,
        new: None,
        worse: false,
        run: run.id.clone(),
        origin: None,
        commit: run.source.commit.clone(),
        dirty: run.source.dirty,
        machine: run.fingerprint.clone(),
        date: input.terms.date,
        n: 0,
        spread: None,
        reason: input.terms.reason.clone(),
        link: None,
    }
}
