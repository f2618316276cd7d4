//! How a metric went over the runs before this one: values, changes of level, a drift.

use super::lineage::short_commit;
use crate::stats::{ChangePoint, ChangeRules, Drift, Levels, Side, levels, median};
use crate::value::{PointName, RunId, Timestamp, show_numbers, with_unit};
use serde::{Deserialize, Serialize};

/// A run of the history, oldest first.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TrendRun {
    /// Its name.
    pub run: RunId,
    /// When it started.
    pub started: Timestamp,
    /// Its commit.
    pub commit: Option<String>,
    /// Its branch.
    pub branch: Option<String>,
}

/// What a metric was at a point over the runs before this one, and in this one.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Trend {
    /// `STAGE.METRIC`.
    pub metric: String,
    /// The point.
    pub point: PointName,
    /// The unit of all values.
    pub unit: Option<String>,
    /// `higher`, `lower`, `exact`, `within [a, b]`.
    pub better: Option<String>,
    /// Runs that measured it, oldest first; the last is this run if it measured it.
    pub values: Vec<TrendValue>,
    /// Where the level changed; nothing for an exact metric.
    pub changes: Vec<LevelChange>,
    /// Where it began to creep after the last change.
    #[serde(default)]
    pub drift: Option<LevelDrift>,
}

/// What a run measured.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct TrendValue {
    /// The run's place in `trend_runs`.
    pub run: u32,
    /// The median of the repeats.
    pub value: f64,
    /// The smallest of them.
    pub low: f64,
    /// The largest.
    pub high: f64,
    /// How many there are.
    pub n: u32,
}

/// A change of level.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LevelChange {
    /// The first value at the new level, by its place in `values`.
    pub at: u32,
    /// The median before, since the last change.
    pub before: f64,
    /// The median after, up to the next change.
    pub after: f64,
    /// The chance of so large a change somewhere between its neighbours, by permutation.
    pub p: f64,
    /// The commit of the last run at the old level.
    pub good: Option<String>,
    /// The commit of the first run at the new level.
    pub bad: Option<String>,
}

/// A level that creeps.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LevelDrift {
    /// The value that set off the alarm, by its place in `values`.
    pub at: u32,
    /// The first of the values that led to it.
    pub since: u32,
    /// Whether it creeps to larger values.
    pub up: bool,
    /// The chance of so large a sum without a drift, by permutation.
    pub p: f64,
    /// The commit of the last run before it began.
    pub good: Option<String>,
    /// The commit of the run that set off the alarm.
    pub bad: Option<String>,
}

impl TrendValue {
    /// Returns what a run measured; none of no samples, or of such as are no finite numbers.
    pub fn of(run: u32, samples: &[f64]) -> Option<TrendValue> {
        if samples.is_empty() || !samples.iter().all(|sample| sample.is_finite()) {
            return None;
        }
        let (low, high) =
            samples.iter().fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), &x| (low.min(x), high.max(x)));
        Some(TrendValue { run, value: median(samples), low, high, n: samples.len() as u32 })
    }
}

impl Trend {
    /// Returns it with its changes of level and its drift, bracketed by the commits of `runs`.
    pub fn searched(mut self, runs: &[TrendRun], rules: &ChangeRules) -> Trend {
        let values: Vec<f64> = self.values.iter().map(|value| value.value).collect();
        self.bracket(&levels(&values, rules), runs);
        self
    }

    /// Puts in where the level changed.
    fn bracket(&mut self, found: &Levels, runs: &[TrendRun]) {
        let commit = |at: usize| {
            let run = self.values.get(at).and_then(|value| runs.get(value.run as usize));
            run.and_then(|run| run.commit.clone())
        };
        let before = |at: usize| at.checked_sub(1).and_then(commit);
        let change = |&ChangePoint { index, before: level, after, p }: &ChangePoint| LevelChange {
            at: index as u32,
            before: level,
            after,
            p,
            good: before(index),
            bad: commit(index),
        };
        let drift = |Drift { index, since, side, sum: _, p }: Drift| LevelDrift {
            at: index as u32,
            since: since as u32,
            up: side == Side::Up,
            p,
            good: before(since),
            bad: commit(index),
        };
        let (changes, drift) = (found.changes.iter().map(change).collect(), found.drift.map(drift));
        (self.changes, self.drift) = (changes, drift);
    }

    /// Says in one sentence that the level was another before, if it was: people look there first.
    pub fn earlier_change(&self, runs: &[TrendRun]) -> Option<String> {
        let unit = self.unit.as_deref();
        if let Some(change) = self.changes.last() {
            let (before, after) = show_numbers(change.before, change.after);
            let levels = format!("{} to {}", with_unit(&before, unit), with_unit(&after, unit));
            let at = change.at as usize;
            return Some(format!("the level changed before, {}: {levels}", self.between(at - 1, at, runs)));
        }
        let drift = self.drift.as_ref()?;
        let (side, since) = (if drift.up { "up" } else { "down" }, drift.since as usize);
        Some(format!("it creeps {side}, {}", self.between(since.saturating_sub(1), drift.at as usize, runs)))
    }

    /// Names two runs by their commits, or by their names where those are not known.
    fn between(&self, from: usize, to: usize, runs: &[TrendRun]) -> String {
        let run = |at: usize| self.values.get(at).and_then(|value| runs.get(value.run as usize));
        let commit = |at: usize| run(at).and_then(|run| run.commit.as_deref());
        let name = |at: usize| run(at).map_or("", |run| run.run.as_str());
        match (commit(from), commit(to)) {
            (Some(good), Some(bad)) if good != bad => {
                format!("between {} and {}", short_commit(good), short_commit(bad))
            }
            (Some(same), Some(_)) => {
                format!("at commit {} between {} and {}", short_commit(same), name(from), name(to))
            }
            _ => format!("between {} and {}", name(from), name(to)),
        }
    }
}
