//! Which metrics are followed over the runs before this one, over which runs, and how they went.

use super::earlier::EarlierRuns;
use super::judge::min_effect;
use super::measured::converted;
use super::pairs::Rows;
use super::trend::{Trend, TrendRun, TrendValue};
use super::{Change, Comparison, ComparisonVerdict, Paired};
use crate::ledger::MeasuredValue;
use crate::record::{MetricRow, RunRecord, better_text, is_of_model};
use crate::stats::ChangeRules;
use crate::suite::{Better, Metric, Suite};
use crate::value::{MetricName, PointName, RunId, StageName, in_parts};
use std::collections::HashMap;

/// Metrics at points that are followed.
const MOST_TRENDS: usize = 2000;
/// What is followed over fewer runs is no trend.
const FEWEST_VALUES: usize = 2;

/// A metric at a point that is to be followed.
#[derive(Debug, Clone, PartialEq)]
pub struct Followed {
    metric: String,
    point: PointName,
    unit: Option<String>,
    better: Option<Better>,
    /// The smallest relative change that matters.
    min_effect: f64,
    /// Under which names runs may have it: as it is called now, and as it was called.
    pub names: Vec<(StageName, MetricName, PointName)>,
    /// What this run measured itself.
    own: Vec<f64>,
}

/// What is to be followed.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Following {
    /// Metrics at points: what moved first, then the others in plan order.
    pub followed: Vec<Followed>,
    /// How many more there are, for which there is no room.
    pub left_out: u64,
}

/// Chooses what to follow of a comparison and of its run; `paired` tells what the changes are of.
pub fn following(
    comparison: &Comparison,
    paired: &Paired,
    head: &RunRecord,
    base: Option<&RunRecord>,
    suite: &Suite,
) -> Following {
    let is_number = |row: &MetricRow| matches!(row.value, MeasuredValue::Number(_)) && !is_of_model(&row.stage);
    let left_out = |all: usize| all.saturating_sub(MOST_TRENDS) as u64;
    let Some(base) = base else {
        let rows: Vec<&MetricRow> = head.metrics.iter().filter(|row| is_number(row)).collect();
        let followed = rows.iter().take(MOST_TRENDS).filter_map(|row| Followed::of_row(row, None, suite));
        return Following { followed: followed.collect(), left_out: left_out(rows.len()) };
    };
    let sides = |rows: &Rows| (rows.head.map(|row| &head.metrics[row]), rows.base.map(|row| &base.metrics[row]));
    let changes = comparison.changes.iter().zip(paired.0.iter().map(sides));
    let mut all: Vec<(u8, &Change, _)> = changes
        .filter(|(_, (head, base))| head.or(*base).is_some_and(is_number))
        .map(|(change, sides)| (urgency(change), change, sides))
        .collect();
    all.sort_by_key(|(urgency, ..)| *urgency);
    let followed = all.iter().take(MOST_TRENDS);
    let followed = followed.filter_map(|(_, change, sides)| Followed::of_change(change, *sides, suite));
    Following { followed: followed.collect(), left_out: left_out(all.len()) }
}

fn urgency(change: &Change) -> u8 {
    match change.verdict {
        ComparisonVerdict::Regressed => 0,
        ComparisonVerdict::Improved => 1,
        ComparisonVerdict::Uncertain => 2,
        _ => 3,
    }
}

impl Followed {
    fn of_change(
        change: &Change,
        (head, base): (Option<&MetricRow>, Option<&MetricRow>),
        suite: &Suite,
    ) -> Option<Followed> {
        let mut followed = Followed::of_row(head.or(base)?, base, suite)?;
        if head.is_none() {
            // The base has it, and the present suite may call it otherwise.
            (followed.metric, followed.point) = (change.metric.clone(), change.point.clone());
            followed.own = Vec::new();
        }
        Some(followed)
    }

    /// None for a text.
    fn of_row(row: &MetricRow, base: Option<&MetricRow>, suite: &Suite) -> Option<Followed> {
        let MeasuredValue::Number(value) = row.value else { return None };
        let declared = declared(suite, row);
        let mut names = vec![(row.stage.clone(), row.metric.clone(), row.point.clone())];
        let was = declared.iter().flat_map(|metric| &metric.was);
        let was = was.map(|was| (row.stage.clone(), MetricName::new(was.as_str()), row.point.clone()));
        let then = base.map(|row| (row.stage.clone(), row.metric.clone(), row.point.clone()));
        for name in was.chain(then) {
            if !names.contains(&name) {
                names.push(name);
            }
        }
        // What was reused is no measurement of this run.
        let own = match (&row.origin, row.samples.is_empty()) {
            (Some(_), _) => Vec::new(),
            (None, true) => vec![value],
            (None, false) => row.samples.clone(),
        };
        Some(Followed {
            metric: row.reference(),
            point: row.point.clone(),
            unit: row.unit.clone(),
            better: declared.and_then(|metric| metric.better),
            min_effect: min_effect(declared, row).factor(),
            names,
            own,
        })
    }

    fn trend(&self, runs: &[TrendRun], places: &HashMap<&RunId, u32>, earlier: &EarlierRuns) -> Option<Trend> {
        let names: Vec<(String, &PointName)> =
            self.names.iter().map(|(stage, metric, point)| (format!("{stage}.{metric}"), point)).collect();
        let names: Vec<(&str, &PointName)> = names.iter().map(|(metric, point)| (metric.as_str(), *point)).collect();
        let to = self.unit.as_deref().unwrap_or_default();
        let earlier = earlier.of(&names).into_iter().filter_map(|value| {
            let samples = converted(&value.samples, value.unit.as_deref().unwrap_or_default(), to)?;
            TrendValue::of(*places.get(&value.run)?, &samples)
        });
        let own = runs.len().checked_sub(1).and_then(|last| TrendValue::of(last as u32, &self.own));
        let values: Vec<TrendValue> = earlier.chain(own).collect();
        if values.len() < FEWEST_VALUES {
            return None;
        }
        let trend = Trend {
            metric: self.metric.clone(),
            point: self.point.clone(),
            unit: self.unit.clone(),
            better: self.better.map(better_text),
            values,
            changes: Vec::new(),
            drift: None,
        };
        // Of an exact metric each change counts by itself.
        if self.better == Some(Better::Exact) {
            return Some(trend);
        }
        let rules = ChangeRules { min_effect: self.min_effect, ..ChangeRules::default() };
        Some(trend.searched(runs, &rules))
    }
}

fn declared<'a>(suite: &'a Suite, row: &MetricRow) -> Option<&'a Metric> {
    let stage = &suite.stages[suite.stage(row.stage.as_str())?];
    let named = |metric: &&Metric| metric.name == row.metric;
    let renamed = |metric: &&Metric| metric.was.iter().any(|was| was == row.metric.as_str());
    stage.metrics.iter().find(named).or_else(|| stage.metrics.iter().find(renamed))
}

/// Puts into a comparison how what is followed went; `runs` come from `trend_runs`, and `earlier` is what
/// they measured.
pub fn put_trends(comparison: &mut Comparison, following: &Following, runs: Vec<TrendRun>, earlier: &EarlierRuns) {
    let places: HashMap<&RunId, u32> = runs.iter().zip(0..).map(|(run, place)| (&run.run, place)).collect();
    let followed: Vec<&Followed> = following.followed.iter().collect();
    let trends = in_parts(followed, |(): &mut (), followed| followed.trend(&runs, &places, earlier));
    comparison.trends = trends.into_iter().flatten().collect();
    comparison.trends_left_out = following.left_out;
    comparison.trend_runs = if comparison.trends.is_empty() { Vec::new() } else { runs };
}
