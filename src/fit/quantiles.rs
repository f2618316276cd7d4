//! Quantiles of errors: exact while the rows are few, else by a histogram with steps of 3 % at most.

/// Steps to each doubling, all of the same width, so that the upper bits of a number say its step.
const STEPS: i32 = 1 << STEP_BITS;
const STEP_BITS: u32 = 5;
/// The least error that is told from 0: 2 to this power.
const LEAST: i32 = -30;
/// The largest: 2 to this power.
const MOST: i32 = 20;

/// How many steps there are.
const ALL_STEPS: usize = ((MOST - LEAST) * STEPS + 1) as usize;

/// Values whose quantiles are asked for.
#[derive(Debug, Clone)]
pub(super) enum Quantiles {
    /// All of them.
    Exact(Vec<f64>),
    /// How many there are in each step, and the largest. While they are few, `few` has the step of each instead.
    Counted { few: Vec<u16>, counts: Vec<u32>, all: u64, most: f64 },
}

impl Quantiles {
    pub(super) fn new(exact: bool) -> Quantiles {
        if exact {
            Quantiles::Exact(Vec::new())
        } else {
            Quantiles::Counted { few: Vec::new(), counts: Vec::new(), all: 0, most: 0.0 }
        }
    }

    /// Takes a value that is not negative.
    pub(super) fn add(&mut self, value: f64) {
        match self {
            Quantiles::Exact(values) => values.push(value),
            Quantiles::Counted { few, counts, all, most } => {
                count_all(few, counts, &[value]);
                *all += 1;
                *most = most.max(value);
            }
        }
    }

    /// Takes many values that are not negative.
    pub(super) fn add_all(&mut self, values: &[f64]) {
        match self {
            Quantiles::Exact(known) => known.extend_from_slice(values),
            Quantiles::Counted { few, counts, all, most } => {
                *most = values.iter().copied().fold(*most, f64::max);
                *all += values.len() as u64;
                count_all(few, counts, values);
            }
        }
    }

    /// Takes the values of another.
    pub(super) fn merge(&mut self, other: Quantiles) {
        match (self, other) {
            (Quantiles::Exact(values), Quantiles::Exact(others)) => values.extend(others),
            (
                Quantiles::Counted { few, counts, all, most },
                Quantiles::Counted { few: few_others, counts: others, all: more, most: other },
            ) => {
                if few.len() + few_others.len() > ALL_STEPS || !counts.is_empty() || !others.is_empty() {
                    spread(few, counts);
                    counts.iter_mut().zip(others).for_each(|(count, other)| *count += other);
                    few_others.into_iter().for_each(|step| counts[usize::from(step)] += 1);
                } else {
                    few.extend(few_others);
                }
                *all += more;
                *most = most.max(other);
            }
            // Both sides of a merge are made alike.
            (Quantiles::Exact(_), Quantiles::Counted { .. }) | (Quantiles::Counted { .. }, Quantiles::Exact(_)) => {}
        }
    }

    /// Returns a quantile, between neighbours where it falls between (Hyndman and Fan's type 7).
    pub(super) fn at(&self, share: f64) -> Option<f64> {
        match self {
            Quantiles::Exact(values) => {
                let mut sorted = values.clone();
                sorted.sort_by(f64::total_cmp);
                quantile(&sorted, share)
            }
            Quantiles::Counted { few, counts, all, most } => {
                let wanted = (share * *all as f64).ceil().max(1.0) as u64;
                let mut few = few.clone();
                let step = if counts.is_empty() {
                    let place = few.len().checked_sub(1)?.min(wanted as usize - 1);
                    usize::from(*few.select_nth_unstable(place).1)
                } else {
                    let mut seen = 0;
                    counts.iter().position(|count| {
                        seen += u64::from(*count);
                        seen >= wanted
                    })?
                };
                Some(middle_of(step).min(*most))
            }
        }
    }

    /// Returns the largest value.
    pub(super) fn most(&self) -> Option<f64> {
        match self {
            Quantiles::Exact(values) => values.iter().copied().max_by(f64::total_cmp),
            Quantiles::Counted { all, most, .. } => (*all > 0).then_some(*most),
        }
    }
}

/// Returns the step that a value is in: its exponent and the upper bits of its fraction.
#[inline]
fn step_of(value: f64) -> u16 {
    const FRACTION: u32 = f64::MANTISSA_DIGITS - 1 - STEP_BITS;
    const FIRST: u64 = ((f64::MAX_EXP - 1 + LEAST) as u64) << STEP_BITS;
    (value.to_bits() >> FRACTION).saturating_sub(FIRST).min(ALL_STEPS as u64 - 1) as u16
}

/// Returns the middle of a step.
fn middle_of(step: usize) -> f64 {
    let (doublings, part) = (step as i32 / STEPS, step as i32 % STEPS);
    2f64.powi(LEAST + doublings) * (1.0 + (f64::from(part) + 0.5) / f64::from(STEPS))
}

/// Counts values: each by itself while they are few, so that thousands of small groups need little memory.
fn count_all(few: &mut Vec<u16>, counts: &mut Vec<u32>, values: &[f64]) {
    if counts.is_empty() && few.len() + values.len() <= ALL_STEPS {
        few.extend(values.iter().map(|value| step_of(*value)));
        return;
    }
    spread(few, counts);
    for value in values {
        counts[usize::from(step_of(*value))] += 1;
    }
}

/// Counts those that were few.
fn spread(few: &mut Vec<u16>, counts: &mut Vec<u32>) {
    counts.resize(ALL_STEPS, 0);
    few.drain(..).for_each(|step| counts[usize::from(step)] += 1);
}

/// Returns a quantile of sorted values.
pub(super) fn quantile(sorted: &[f64], share: f64) -> Option<f64> {
    let last = sorted.len().checked_sub(1)?;
    let place = share * last as f64;
    let (low, high) = (place.floor() as usize, place.ceil() as usize);
    Some(sorted[low] + (sorted[high.min(last)] - sorted[low]) * (place - low as f64))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_hold_their_middles() {
        for step in 0..ALL_STEPS {
            assert_eq!(usize::from(step_of(middle_of(step))), step);
        }
        assert_eq!((step_of(0.0), step_of(1e-300), step_of(1.0)), (0, 0, 960));
        assert_eq!(usize::from(step_of(f64::INFINITY)), ALL_STEPS - 1);
    }

    #[test]
    fn exact_and_counted() {
        let values: Vec<f64> = (0..10_001).map(|index| f64::from(index) / 1000.0).collect();
        let (mut exact, mut counted) = (Quantiles::new(true), Quantiles::new(false));
        let mut second = Quantiles::new(false);
        for (index, value) in values.iter().enumerate() {
            exact.add(*value);
            if index % 2 == 0 { counted.add(*value) } else { second.add(*value) }
        }
        counted.merge(second);
        let mut at_once = Quantiles::new(false);
        at_once.add_all(&values);
        assert_eq!((at_once.at(0.7), at_once.most()), (counted.at(0.7), counted.most()));
        for share in [0.5, 0.95, 1.0] {
            let (one, other) = (exact.at(share).unwrap(), counted.at(share).unwrap());
            assert!((one - share * 10.0).abs() < 1e-9 && (other / one - 1.0).abs() < 0.03, "{share}: {one} {other}");
        }
        assert_eq!((exact.most(), counted.most()), (Some(10.0), Some(10.0)));
        assert_eq!(Quantiles::new(false).at(0.5), None);
        assert_eq!(Quantiles::new(true).at(0.5), None);
        assert_eq!(quantile(&[1.0, 2.0], 0.25), Some(1.25));
    }
}
