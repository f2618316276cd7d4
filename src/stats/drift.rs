//! Slow drift: a level that creeps instead of stepping.
//!
//! Two one-sided cumulative sums (Page 1954), up and down, over the newer half of a stretch without
//! steps, against its older half: `S = max(0, S + z - k)` with z the standardised news of each value
//! (its memory taken out), k = 0.5 and an alarm at h = 5. Since a long stretch reaches h by chance now
//! and then, the alarm counts only if few random orders of the same values reach as far.

use super::autocorrelation::{Memory, innovations};
use super::random::Random;
use super::scores::normal_scores;
use super::spread::{mean, sample_variance};

/// What a value must exceed the reference by to count, in standard deviations.
const ALLOWANCE: f64 = 0.5;
/// Most of the newest values that are watched.
const MOST_WATCHED: usize = 200;
/// Fewest values on either side.
const FEWEST: usize = 10;
const DRAWS: usize = 999;
const ENOUGH: usize = 25;
const SEED: u64 = 0xd41f;

/// When a drift counts.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct DriftRules {
    /// The cumulative sum of an alarm, in standard deviations.
    pub threshold: f64,
    /// The largest p-value of an alarm.
    pub level: f64,
}

impl Default for DriftRules {
    fn default() -> DriftRules {
        DriftRules { threshold: 5.0, level: 0.01 }
    }
}

/// To which side a level drifts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// To larger values.
    Up,
    /// To smaller values.
    Down,
}

/// An alarm.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Drift {
    /// The value that set it off.
    pub index: usize,
    /// The first of the values that led to it.
    pub since: usize,
    /// The side.
    pub side: Side,
    /// The largest cumulative sum, in standard deviations.
    pub sum: f64,
    /// The chance of so large a sum without a drift.
    pub p: f64,
}

/// Looks for a drift in a stretch without steps.
pub fn drift(values: &[f64], rules: &DriftRules) -> Option<Drift> {
    let watched = (values.len().saturating_sub(1) / 2).min(MOST_WATCHED);
    if watched < FEWEST {
        return None;
    }
    let scores = normal_scores(values);
    // A slope looks like memory, except to the differences of neighbours.
    let phi = Memory::of_segments(&scores, &[]).phi.min(Memory::of_differences(&scores).phi);
    let mut new = innovations(&scores, phi);
    let reference = new.len() - watched;
    let found = Walk::over(&new, reference, rules.threshold)?;
    let (index, since) = found.alarm?;
    let mut random = Random::new(SEED);
    let mut above = 0;
    let mut draws = 0;
    while draws < DRAWS && above < ENOUGH {
        random.shuffle(&mut new);
        draws += 1;
        above += usize::from(Walk::over(&new, reference, f64::INFINITY).is_some_and(|walk| walk.sum >= found.sum));
    }
    let p = (above + 1) as f64 / (draws + 1) as f64;
    // What is new starts with the second value.
    (p <= rules.level).then_some(Drift { index: index + 1, since: since + 1, side: found.side, sum: found.sum, p })
}

/// Both cumulative sums over the watched values.
struct Walk {
    side: Side,
    sum: f64,
    /// The place that first went beyond the threshold, and where its sum began.
    alarm: Option<(usize, usize)>,
}

impl Walk {
    fn over(new: &[f64], reference: usize, threshold: f64) -> Option<Walk> {
        let (known, watched) = new.split_at(reference);
        let (centre, deviation) = (mean(known), sample_variance(known).sqrt());
        if deviation <= 0.0 {
            return None;
        }
        let side = |side: Side, sign: f64| {
            let mut walk = Walk { side, sum: 0.0, alarm: None };
            let (mut sum, mut since) = (0.0f64, reference);
            for (index, value) in watched.iter().enumerate() {
                if sum <= 0.0 {
                    since = reference + index;
                }
                sum = (sum + sign * (value - centre) / deviation - ALLOWANCE).max(0.0);
                if sum > threshold && walk.alarm.is_none() {
                    walk.alarm = Some((reference + index, since));
                }
                walk.sum = walk.sum.max(sum);
            }
            walk
        };
        let (up, down) = (side(Side::Up, 1.0), side(Side::Down, -1.0));
        Some(if up.sum >= down.sum { up } else { down })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_a_slope() {
        let mut random = Random::new(3);
        let values: Vec<f64> = (0..80).map(|day| f64::from((day - 40).max(0)) * 0.08 + random.normal()).collect();
        let found = drift(&values, &DriftRules::default()).unwrap();
        assert_eq!(found.side, Side::Up);
        assert!(found.index > 45 && found.since >= 40 && found.sum > 5.0 && found.p <= 0.01, "{found:?}");
        let down: Vec<f64> = values.iter().map(|value| -value).collect();
        let below = drift(&down, &DriftRules::default()).unwrap();
        assert_eq!((below.side, below.index, below.since), (Side::Down, found.index, found.since));
    }

    #[test]
    fn quiet_without_one() {
        let mut random = Random::new(8);
        let alarms = (0..200)
            .filter(|_| {
                let values: Vec<f64> = (0..120).map(|_| random.normal()).collect();
                drift(&values, &DriftRules::default()).is_some()
            })
            .count();
        assert!(alarms <= 7, "{alarms}");
        assert_eq!(drift(&[1.0; 50], &DriftRules::default()), None);
        assert_eq!(drift(&[1.0, 2.0, 3.0], &DriftRules::default()), None);
    }
}
