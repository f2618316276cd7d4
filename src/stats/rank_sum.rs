//! The rank-sum test of two samples (Mann and Whitney 1947): its exact distribution, and its p-value.
//!
//! U counts the pairs in which the first sample's value is the larger; equal pairs count half. Without
//! equal values its generating function is the Gaussian binomial coefficient, built factor by factor;
//! with equal values the distribution is that of the sum of midranks over all divisions of the values
//! that are there, up to a size, and beyond it the normal one with the correction for ties.

use super::distributions::normal_tail;
use std::collections::HashMap;
use std::rc::Rc;

/// Most additions to build an exact distribution; beyond it the normal one is used.
const MOST_WORK: usize = 40_000_000;
/// Largest number of values with ties whose divisions are counted.
const MOST_TIED: usize = 40;

/// The distribution of U for two sizes, without equal values.
#[derive(Debug)]
pub struct RankSum {
    first: usize,
    second: usize,
    /// P(U <= u) for u up to the middle; the rest is symmetric. Empty: normal approximation.
    lower: Vec<f64>,
}

impl RankSum {
    fn new(first: usize, second: usize) -> RankSum {
        let (small, large) = (first.min(second), first.max(second));
        let top = first.saturating_mul(second) / 2;
        if small == 0 || small.saturating_mul(top).saturating_mul(2) > MOST_WORK {
            return RankSum { first, second, lower: Vec::new() };
        }
        // Both passes read lower places only, so that the tail keeps all its digits.
        let mut chance = vec![0.0f64; top + 1];
        chance[0] = 1.0;
        for factor in 1..=small {
            for place in (large + factor..=top).rev() {
                chance[place] -= chance[place - large - factor];
            }
            for place in factor..=top {
                chance[place] += chance[place - factor];
            }
            let share = factor as f64 / (large + factor) as f64;
            chance.iter_mut().for_each(|chance| *chance *= share);
        }
        let mut sum = 0.0;
        for chance in &mut chance {
            sum += *chance;
            *chance = sum;
        }
        RankSum { first, second, lower: chance }
    }

    fn pairs(&self) -> usize {
        self.first * self.second
    }

    /// Returns P(U <= u).
    pub fn at_most(&self, u: usize) -> f64 {
        if u >= self.pairs() {
            return 1.0;
        }
        if self.lower.is_empty() {
            let (mean, deviation) = (self.pairs() as f64 / 2.0, self.deviation());
            return normal_tail((mean - u as f64 - 0.5) / deviation);
        }
        match self.lower.get(u) {
            Some(chance) => *chance,
            None => 1.0 - self.lower[self.pairs() - u - 1],
        }
    }

    fn deviation(&self) -> f64 {
        (self.pairs() as f64 * (self.first + self.second + 1) as f64 / 12.0).sqrt()
    }

    /// Returns the largest k with P(U < k) <= `tail`: the k-th smallest and the k-th largest of all
    /// differences between the samples bound the shift with that risk on each side. 0: the samples are
    /// too small.
    pub fn rank_for(&self, tail: f64) -> usize {
        let (mut low, mut high) = (0, self.pairs() / 2 + 1);
        while low + 1 < high {
            let middle = low + (high - low) / 2;
            if self.at_most(middle - 1) <= tail { low = middle } else { high = middle }
        }
        low
    }

    /// Returns the two-sided p-value of two samples in ascending order, whose sizes are those of the
    /// distribution.
    pub fn p_value(&self, first: &[f64], second: &[f64]) -> f64 {
        if first.is_empty() || second.is_empty() {
            return 1.0;
        }
        let ranks = Midranks::new(first, second);
        if ranks.ties.is_empty() {
            let u = ranks.doubled_first / 2 - first.len() * (first.len() + 1) / 2;
            let u = u.min(self.pairs() - u);
            return (2.0 * self.at_most(u)).min(1.0);
        }
        if first.len() + second.len() <= MOST_TIED { ranks.exact(first.len()) } else { ranks.normal(self) }
    }
}

/// Distributions by their sizes, each built once.
#[derive(Debug, Default)]
pub struct RankSums {
    known: HashMap<(usize, usize), Rc<RankSum>>,
}

impl RankSums {
    /// Returns the distribution for two sizes.
    pub fn of(&mut self, first: usize, second: usize) -> Rc<RankSum> {
        Rc::clone(self.known.entry((first, second)).or_insert_with(|| Rc::new(RankSum::new(first, second))))
    }
}

/// Twice the ranks of both samples' values, so that the mean rank of equal values is whole.
struct Midranks {
    /// Of every value, in ascending order.
    doubled: Vec<usize>,
    /// Their sum over the first sample.
    doubled_first: usize,
    /// Sizes of the groups of equal values, from 2.
    ties: Vec<usize>,
}

impl Midranks {
    fn new(first: &[f64], second: &[f64]) -> Midranks {
        let all = first.len() + second.len();
        let mut ranks = Midranks { doubled: Vec::with_capacity(all), doubled_first: 0, ties: Vec::new() };
        let (mut one, mut other) = (0, 0);
        while one < first.len() || other < second.len() {
            let value = match (first.get(one), second.get(other)) {
                (Some(a), Some(b)) => a.min(*b),
                (Some(a), None) => *a,
                (None, b) => b.copied().unwrap_or_default(),
            };
            let ones = first[one..].iter().take_while(|next| **next == value).count();
            let others = second[other..].iter().take_while(|next| **next == value).count();
            let (before, size) = (one + other, ones + others);
            if size == 0 {
                // Not a number: counted as it stands.
                break;
            }
            let doubled = 2 * before + size + 1;
            ranks.doubled.extend(std::iter::repeat_n(doubled, size));
            ranks.doubled_first += ones * doubled;
            if size > 1 {
                ranks.ties.push(size);
            }
            one += ones;
            other += others;
        }
        ranks
    }

    /// Counts all ways to choose `count` of the values, by the sum of their doubled ranks.
    fn exact(&self, count: usize) -> f64 {
        let all = self.doubled.len();
        let middle = count * (all + 1);
        let distance = self.doubled_first.abs_diff(middle);
        let top: usize = self.doubled.iter().rev().take(count).sum();
        // ways[chosen][sum]
        let mut ways = vec![vec![0.0f64; top + 1]; count + 1];
        ways[0][0] = 1.0;
        let mut reached = 0;
        for (taken, &rank) in self.doubled.iter().enumerate() {
            reached = (reached + rank).min(top);
            for chosen in (1..=count.min(taken + 1)).rev() {
                let (fewer, more) = ways.split_at_mut(chosen);
                let (fewer, more) = (&fewer[chosen - 1], &mut more[0]);
                if reached >= rank {
                    for (to, from) in more[rank..=reached].iter_mut().zip(&fewer[..=reached - rank]) {
                        *to += from;
                    }
                }
            }
        }
        let total: f64 = ways[count].iter().sum();
        let far = ways[count].iter().enumerate().filter(|(sum, _)| sum.abs_diff(middle) >= distance);
        (far.map(|(_, ways)| ways).sum::<f64>() / total).min(1.0)
    }

    fn normal(&self, distribution: &RankSum) -> f64 {
        let all = (distribution.first + distribution.second) as f64;
        let ties: f64 = self.ties.iter().map(|&size| (size as f64).powi(3) - size as f64).sum();
        let variance = distribution.pairs() as f64 / 12.0 * (all + 1.0 - ties / (all * (all - 1.0)));
        let middle = distribution.first as f64 * (all + 1.0);
        let distance = (self.doubled_first as f64 - middle).abs() / 2.0 - 0.5;
        if variance <= 0.0 { 1.0 } else { (2.0 * normal_tail(distance.max(0.0) / variance.sqrt())).min(1.0) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn p_value(first: &[f64], second: &[f64]) -> f64 {
        let sorted = |values: &[f64]| {
            let mut values = values.to_vec();
            values.sort_by(f64::total_cmp);
            values
        };
        RankSum::new(first.len(), second.len()).p_value(&sorted(first), &sorted(second))
    }

    /// Mann and Whitney 1947, table I (P(U <= u) for the larger sample's size), to three digits.
    #[test]
    fn published_distribution() {
        for (first, second, u, expected) in [
            (3, 3, 0, 0.05),
            (4, 4, 0, 0.014),
            (4, 4, 1, 0.029),
            (5, 5, 2, 0.016),
            (5, 5, 4, 0.048),
            (6, 6, 5, 0.021),
            (8, 8, 13, 0.025),
            (7, 3, 1, 0.017),
        ] {
            let found = RankSum::new(first, second).at_most(u);
            assert!((found - expected).abs() < 6e-4, "{first} {second} {u}: {found}");
            assert_eq!(found, RankSum::new(second, first).at_most(u));
        }
        let large = RankSum::new(10, 10);
        assert!((large.at_most(0) - 1.0 / 184_756.0).abs() < 1e-18);
        assert!((large.at_most(49) + large.at_most(50) - 1.0).abs() < 1e-12);
        assert_eq!(large.at_most(100), 1.0);
    }

    /// Critical values of the two-sided test at 5 % are k - 1 (Conover 1999, table A7).
    #[test]
    fn ranks_of_intervals() {
        for (first, second, rank) in [(3, 3, 0), (4, 4, 1), (5, 5, 3), (10, 10, 24), (20, 20, 128), (7, 12, 19)] {
            assert_eq!(RankSum::new(first, second).rank_for(0.025), rank, "{first} {second}");
        }
    }

    #[test]
    fn smallest_p_values() {
        assert!((p_value(&[1.0, 2.0, 3.0], &[4.0, 5.0, 6.0]) - 0.1).abs() < 1e-12);
        assert!((p_value(&[5.0, 6.0, 7.0, 8.0], &[1.0, 2.0, 3.0, 4.0]) - 2.0 / 70.0).abs() < 1e-12);
        assert_eq!(p_value(&[1.0; 5], &[1.0; 5]), 1.0);
        assert_eq!(p_value(&[], &[1.0]), 1.0);
        // Both in the first sample's favour but for one tie: 2 of 20 divisions are as far out.
        assert!((p_value(&[1.0, 2.0, 3.0], &[3.0, 4.0, 5.0]) - 0.2).abs() < 1e-12);
    }

    #[test]
    fn large_samples() {
        let exact = RankSum::new(100, 100);
        assert!(!exact.lower.is_empty());
        let normal = RankSum { lower: Vec::new(), ..RankSum::new(100, 100) };
        for u in [3_900, 4_200, 4_800] {
            assert!((exact.at_most(u) / normal.at_most(u) - 1.0).abs() < 0.03, "{u}");
        }
        assert!(RankSum::new(5_000, 5_000).lower.is_empty());
        let many: Vec<f64> = (0..60).map(|value| f64::from(value / 2)).collect();
        assert!(p_value(&many, &many) > 0.99);
    }

    proptest! {
        /// Counting all divisions one by one gives the same.
        #[test]
        fn exact_with_ties(first in prop::collection::vec(0u8..6, 1..6), second in prop::collection::vec(0u8..6, 1..6)) {
            let (first, second): (Vec<f64>, Vec<f64>) =
                (first.into_iter().map(f64::from).collect(), second.into_iter().map(f64::from).collect());
            let all: Vec<f64> = first.iter().chain(&second).copied().collect();
            let pairs = |chosen: u32| -> i64 {
                let mut sum = 0;
                for (index, value) in all.iter().enumerate() {
                    for (other, against) in all.iter().enumerate() {
                        if chosen >> index & 1 == 1 && chosen >> other & 1 == 0 {
                            sum += value.total_cmp(against) as i64;
                        }
                    }
                }
                sum.abs()
            };
            let own = pairs((1 << first.len()) - 1);
            let divisions: Vec<u32> = (0..1u32 << all.len()).filter(|chosen| chosen.count_ones() as usize == first.len()).collect();
            let far = divisions.iter().filter(|chosen| pairs(**chosen) >= own).count();
            let expected = far as f64 / divisions.len() as f64;
            prop_assert!((p_value(&first, &second) - expected).abs() < 1e-9, "{} {expected}", p_value(&first, &second));
        }
    }
}
