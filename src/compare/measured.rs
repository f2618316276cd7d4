//! A measured metric of both runs and of the runs before them, on one scale.

use super::earlier::EarlierValue;
use super::figures::Scale;
use crate::record::MetricRow;
use crate::stats::{ChangeRules, change_points, median, within_run_deviation};
use crate::value::{RunId, convert_f64};

/// Fewest earlier runs that are searched for a change of level: two levels of at least three runs, and
/// something to compare.
const SEARCHED_FROM: usize = 8;
/// How likely a change of level may be chance, and what was before it still be forgotten: few runs show no
/// more.
const CHANGE_LEVEL: f64 = 0.05;

/// The numbers of a metric at a point.
pub(super) struct Measured {
    pub(super) scale: Scale,
    /// This run's repeats on the scale, ascending.
    pub(super) head: Vec<f64>,
    /// The base's.
    pub(super) base: Vec<f64>,
    /// The smallest and the largest of this run's repeats, as measured.
    pub(super) head_ends: [f64; 2],
    /// The base's.
    pub(super) base_ends: [f64; 2],
    /// The medians of earlier runs on the scale, oldest first, since the last change of level.
    pub(super) history: Vec<f64>,
    /// The typical number of their repeats.
    pub(super) history_repeats: usize,
    /// The first run at the present level, if the level changed.
    pub(super) since: Option<RunId>,
    /// The standard deviation between the repeats of a run, on the scale.
    pub(super) within: Option<f64>,
}

impl Measured {
    /// Gathers the numbers in this run's unit; none if something of them is no finite number.
    pub(super) fn gather(
        head: &MetricRow,
        base: &MetricRow,
        earlier: &[&EarlierValue],
        value_pair: (f64, f64),
        min_effect: f64,
    ) -> Option<Measured> {
        let unit = |row: &MetricRow| row.unit.clone().unwrap_or_default();
        let to = unit(head);
        let own = |samples: &[f64], value: f64| if samples.is_empty() { vec![value] } else { samples.to_vec() };
        let mut head_samples = own(&head.samples, value_pair.0);
        let mut base_samples = match base.samples.as_slice() {
            [] => vec![value_pair.1],
            samples => converted(samples, &unit(base), &to)?,
        };
        // Earlier runs in units of another kind measured something else.
        let mut runs: Vec<(&RunId, Vec<f64>)> = earlier
            .iter()
            .filter_map(|value| {
                let samples = converted(&value.samples, value.unit.as_deref().unwrap_or_default(), &to)?;
                Some((&value.run, samples))
            })
            .collect();
        let all = || head_samples.iter().chain(&base_samples).chain(runs.iter().flat_map(|(_, samples)| samples));
        if !all().all(|value| value.is_finite()) {
            return None;
        }
        let scale = if all().all(|value| *value > 0.0) { Scale::Log } else { Scale::Linear };
        let start = newest_level(&runs, min_effect);
        let since = (start > 0).then(|| runs[start].0.clone());
        runs.drain(..start);
        for (_, samples) in &mut runs {
            scale.take(samples);
        }
        let (head_ends, base_ends) = (ends(&head_samples), ends(&base_samples));
        scale.take(&mut head_samples);
        scale.take(&mut base_samples);
        let within = {
            let repeats = runs.iter().map(|(_, samples)| samples.as_slice());
            within_run_deviation(repeats.chain([head_samples.as_slice(), base_samples.as_slice()]))
        };
        let sizes: Vec<f64> = runs.iter().map(|(_, samples)| samples.len() as f64).collect();
        Some(Measured {
            scale,
            history: runs.iter().map(|(_, samples)| median(samples)).collect(),
            history_repeats: median(&sizes) as usize,
            since,
            within,
            head: head_samples,
            base: base_samples,
            head_ends,
            base_ends,
        })
    }
}

impl Scale {
    /// Puts values onto the scale, in ascending order.
    fn take(self, values: &mut [f64]) {
        if self == Scale::Log {
            values.iter_mut().for_each(|value| *value = value.ln());
        }
        values.sort_unstable_by(f64::total_cmp);
    }

    /// Returns the value of a place on the scale.
    pub(super) fn value(self, place: f64) -> f64 {
        match self {
            Scale::Log => place.exp(),
            Scale::Linear => place,
        }
    }

    /// Returns the effect that a distance on the scale is: relative, or in the unit.
    pub(super) fn effect(self, distance: f64) -> f64 {
        match self {
            Scale::Log => distance.exp_m1(),
            Scale::Linear => distance,
        }
    }
}

fn ends(values: &[f64]) -> [f64; 2] {
    values.iter().fold([f64::INFINITY, f64::NEG_INFINITY], |[low, high], &value| [low.min(value), high.max(value)])
}

/// Converts values; none if the units are of different kinds.
pub(super) fn converted(samples: &[f64], from: &str, to: &str) -> Option<Vec<f64>> {
    if from == to {
        return Some(samples.to_vec());
    }
    if from.is_empty() || to.is_empty() {
        return None;
    }
    samples.iter().map(|sample| convert_f64(*sample, from, to).ok()).collect()
}

/// Returns the first run at the present level.
fn newest_level(runs: &[(&RunId, Vec<f64>)], min_effect: f64) -> usize {
    if runs.len() < SEARCHED_FROM {
        return 0;
    }
    let medians: Vec<f64> = runs.iter().map(|(_, samples)| median(samples)).collect();
    if !wanders(&medians) {
        return 0;
    }
    let rules = ChangeRules { level: CHANGE_LEVEL, min_effect, ..ChangeRules::default() };
    change_points(&medians, &rules).last().map_or(0, |change| change.index)
}

/// Tells whether neighbours are more alike than values far apart: without it there is no step to look for.
/// The mean square of their differences is about twice the variance then (von Neumann 1941).
fn wanders(values: &[f64]) -> bool {
    let differences: f64 = values.windows(2).map(|pair| (pair[1] - pair[0]).powi(2)).sum();
    let centre = crate::stats::mean(values);
    let squares: f64 = values.iter().map(|value| (value - centre).powi(2)).sum();
    differences < 1.5 * squares
}
