//! By how much one sample lies above another: the median of all differences between them (Hodges and
//! Lehmann 1963), with the exact interval that the rank-sum test gives by inversion (Moses 1953).

use super::rank_sum::RankSum;
use super::spread::median_of_sorted;

/// Most differences that are written out; of more, the wanted ones are found without.
const MOST_WRITTEN: usize = 20_000;

/// The shift from a base to a head.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Shift {
    /// The median of all differences head - base.
    pub estimate: f64,
    /// An interval that covers the shift with at least the wanted probability, whatever the common
    /// distribution is; none if the samples are too small for it.
    pub interval: Option<(f64, f64)>,
}

/// Returns the shift between two samples in ascending order, neither of them empty; `risk` is the
/// chance that the interval misses it, 0.05 for 95 %.
pub fn shift(head: &[f64], base: &[f64], distribution: &RankSum, risk: f64) -> Shift {
    let pairs = head.len() * base.len();
    let rank = distribution.rank_for(risk / 2.0);
    if pairs <= MOST_WRITTEN {
        let mut differences: Vec<f64> =
            head.iter().flat_map(|value| base.iter().map(move |base| value - base)).collect();
        differences.sort_unstable_by(f64::total_cmp);
        let interval = (rank > 0).then(|| (differences[rank - 1], differences[pairs - rank]));
        return Shift { estimate: median_of_sorted(&differences), interval };
    }
    let middle = (ranked(head, base, pairs.div_ceil(2)), ranked(head, base, pairs / 2 + 1));
    let interval = (rank > 0).then(|| (ranked(head, base, rank), ranked(head, base, pairs + 1 - rank)));
    Shift { estimate: middle.0 + (middle.1 - middle.0) / 2.0, interval }
}

/// Returns the difference with a rank, from 1, by halving the range of all doubles: rounding keeps the
/// order, so that counting differences is exact.
fn ranked(head: &[f64], base: &[f64], rank: usize) -> f64 {
    // Doubles in order: negative ones have all bits turned, positive ones the sign.
    let value = |key: u64| f64::from_bits(if key >> 63 == 1 { key & !(1 << 63) } else { !key });
    let key = |value: f64| {
        let bits = value.to_bits();
        if bits >> 63 == 1 { !bits } else { bits | 1 << 63 }
    };
    let at_most = |limit: f64| {
        // The larger the head's value, the fewer bases come near enough.
        let (mut count, mut from) = (0, 0);
        for value in head {
            while from < base.len() && value - base[from] > limit {
                from += 1;
            }
            count += base.len() - from;
        }
        count
    };
    let (mut low, mut high) = (key(f64::MIN), key(f64::MAX));
    while low < high {
        let middle = low + (high - low) / 2;
        if at_most(value(middle)) >= rank { high = middle } else { low = middle + 1 }
    }
    value(low)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::{Random, RankSums};
    use proptest::prelude::*;

    fn of(head: &[f64], base: &[f64]) -> Shift {
        let sorted = |values: &[f64]| {
            let mut values = values.to_vec();
            values.sort_by(f64::total_cmp);
            values
        };
        shift(&sorted(head), &sorted(base), &RankSums::default().of(head.len(), base.len()), 0.05)
    }

    /// Hollander and Wolfe 1973, table 4.1, permeability of membranes at term and before: the estimate
    /// is -0.305 for (before - term), and the 96 % interval of their example 4.
    #[test]
    fn published_example() {
        let term = [0.80, 0.83, 1.89, 1.04, 1.45, 1.38, 1.91, 1.64, 0.73, 1.46];
        let before = [1.15, 0.88, 0.90, 0.74, 1.21];
        let found = of(&before, &term);
        assert!((found.estimate + 0.305).abs() < 1e-9, "{found:?}");
        let (low, high) = found.interval.unwrap();
        assert!((low + 0.76).abs() < 1e-9 && (high - 0.15).abs() < 1e-9, "{found:?}");
    }

    #[test]
    fn small_samples() {
        assert_eq!(of(&[1.0, 2.0, 3.0], &[1.0, 2.0, 3.0]), Shift { estimate: 0.0, interval: None });
        let four = of(&[11.0, 12.0, 13.0, 14.0], &[1.0, 2.0, 3.0, 4.0]);
        assert_eq!(four, Shift { estimate: 10.0, interval: Some((7.0, 13.0)) });
    }

    #[test]
    fn interval_covers() {
        let mut random = Random::new(5);
        let mut rank_sums = RankSums::default();
        let mut missed = 0;
        for _ in 0..2_000 {
            let mut draw = |shift: f64| {
                let mut values: Vec<f64> = (0..6).map(|_| random.normal() + shift).collect();
                values.sort_by(f64::total_cmp);
                values
            };
            let (head, base) = (draw(3.0), draw(0.0));
            let (low, high) = shift(&head, &base, &rank_sums.of(6, 6), 0.05).interval.unwrap();
            missed += usize::from(low > 3.0 || high < 3.0);
        }
        // 2 P(U <= 5) = 4.1 %.
        assert!((50..=115).contains(&missed), "{missed}");
    }

    proptest! {
        #[test]
        fn ranks_without_writing_them_out(
            head in prop::collection::vec(-1e3f64..1e3, 1..12),
            base in prop::collection::vec(prop::sample::select(vec![-1e300, -2.0, -0.0, 0.0, 0.1, 5.0, 1e300]), 1..12),
        ) {
            let (mut head, mut base) = (head, base);
            head.sort_by(f64::total_cmp);
            base.sort_by(f64::total_cmp);
            let mut all: Vec<f64> = head.iter().flat_map(|value| base.iter().map(move |base| value - base)).collect();
            all.sort_by(f64::total_cmp);
            for rank in 1..=all.len() {
                prop_assert_eq!(ranked(&head, &base, rank), all[rank - 1]);
            }
        }
    }
}
