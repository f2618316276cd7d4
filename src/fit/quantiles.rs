//! Quantiles of errors: exact while the rows are few, else by a histogram with steps of 3 %.

/// Steps to each doubling.
const STEPS: i32 = 32;
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
    /// How many there are in each step, and the largest. While they are few, `few` has the step of each.
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
                let step = ((value.log2() - f64::from(LEAST)) * f64::from(STEPS)).max(0.0) as usize;
                count(few, counts, step.min(ALL_STEPS - 1) as u16);
                *all += 1;
                *most = most.max(value);
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
                if counts.is_empty() && !others.is_empty() {
                    counts.resize(ALL_STEPS, 0);
                }
                counts.iter_mut().zip(others).for_each(|(count, other)| *count += other);
                few_others.into_iter().for_each(|step| count(few, counts, step));
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
                let mut counts = counts.clone();
                counts.resize(ALL_STEPS, 0);
                few.iter().for_each(|step| counts[usize::from(*step)] += 1);
                let wanted = (share * *all as f64).ceil().max(1.0) as u64;
                let mut seen = 0;
                let step = counts.iter().position(|count| {
                    seen += u64::from(*count);
                    seen >= wanted
                })?;
                Some(2f64.powf(f64::from(LEAST) + (step as f64 + 0.5) / f64::from(STEPS)).min(*most))
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

/// Counts a step: by itself while they are few, so that thousands of small groups need little memory.
fn count(few: &mut Vec<u16>, counts: &mut Vec<u32>, step: u16) {
    if few.len() < ALL_STEPS {
        few.push(step);
        return;
    }
    counts.resize(ALL_STEPS, 0);
    few.drain(..).chain([step]).for_each(|step| counts[usize::from(step)] += 1);
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
    fn exact_and_counted() {
        let values: Vec<f64> = (0..10_001).map(|index| f64::from(index) / 1000.0).collect();
        let (mut exact, mut counted) = (Quantiles::new(true), Quantiles::new(false));
        let mut second = Quantiles::new(false);
        for (index, value) in values.iter().enumerate() {
            exact.add(*value);
            if index % 2 == 0 { counted.add(*value) } else { second.add(*value) }
        }
        counted.merge(second);
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
