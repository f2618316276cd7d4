//! Two measurements side by side, again and again: the test of their differences.
//!
//! What moves both alike cancels, so that few pairs show a small change. The signed-rank test (Wilcoxon
//! 1945) with its exact distribution, the median of the means of all pairs of differences (Hodges and
//! Lehmann 1963), and the interval that the test gives by inversion. Differences that are equal get their
//! mean rank; differences of 0 are kept, and half of their rank counts for each side (Pratt 1959 leaves
//! them out, which would hide that nothing changed).

use super::spread::median_of_sorted;

/// Differences of more pairs are thinned out evenly.
const MOST_PAIRS: usize = 400;

/// What paired differences show.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Paired {
    /// The number of pairs.
    pub count: usize,
    /// The middle difference.
    pub estimate: f64,
    /// An interval that covers the middle difference with at least the wanted probability, if the
    /// differences are spread evenly around it; none if there are too few for it.
    pub interval: Option<(f64, f64)>,
    /// The two-sided p-value of no difference.
    pub p: f64,
}

/// Tests differences between the two members of pairs, such as the logarithms of ratios; none of no
/// pairs. `risk` is the chance that the interval misses.
pub fn paired(differences: &[f64], risk: f64) -> Option<Paired> {
    if differences.is_empty() {
        return None;
    }
    let step = differences.len().div_ceil(MOST_PAIRS);
    let used: Vec<f64> = differences.iter().step_by(step).copied().collect();
    let mut means = Vec::with_capacity(used.len() * (used.len() + 1) / 2);
    for (index, one) in used.iter().enumerate() {
        means.extend(used[index..].iter().map(|other| one / 2.0 + other / 2.0));
    }
    means.sort_unstable_by(f64::total_cmp);
    let rank = interval_rank(used.len(), risk / 2.0);
    Some(Paired {
        count: differences.len(),
        estimate: median_of_sorted(&means),
        interval: (rank > 0).then(|| (means[rank - 1], means[means.len() - rank])),
        p: signed_rank(&used),
    })
}

/// Returns the two-sided p-value: all ways to give the differences signs, by the sum of the doubled
/// ranks of the positive ones.
fn signed_rank(differences: &[f64]) -> f64 {
    let mut sorted: Vec<f64> = differences.to_vec();
    sorted.sort_unstable_by(|one, other| one.abs().total_cmp(&other.abs()));
    let mut doubled = Vec::with_capacity(sorted.len());
    let mut positive = 0usize;
    for group in sorted.chunk_by(|one, other| one.abs() == other.abs()) {
        let rank = 2 * doubled.len() + group.len() + 1;
        doubled.extend(std::iter::repeat_n(rank, group.len()));
        let above = group.iter().filter(|value| **value > 0.0).count();
        positive += if group[0] == 0.0 { group.len() * rank / 2 } else { above * rank };
    }
    let chance = sign_sums(&doubled);
    let middle = chance.len() - 1;
    let distance = (2 * positive).abs_diff(middle);
    let far = chance.iter().enumerate().filter(|(sum, _)| (2 * sum).abs_diff(middle) >= distance);
    far.map(|(_, chance)| chance).sum::<f64>().min(1.0)
}

/// Returns the distribution of the sum of the ranks that get a positive sign.
fn sign_sums(ranks: &[usize]) -> Vec<f64> {
    let mut chance = vec![0.0; ranks.iter().sum::<usize>() + 1];
    chance[0] = 1.0;
    let mut reached = 0;
    for &rank in ranks {
        reached += rank;
        for sum in (0..=reached).rev() {
            let with = if sum >= rank { chance[sum - rank] } else { 0.0 };
            chance[sum] = (chance[sum] + with) / 2.0;
        }
    }
    chance
}

/// Returns the largest k with P(W < k) <= `tail`.
fn interval_rank(count: usize, tail: f64) -> usize {
    let ranks: Vec<usize> = (1..=count).collect();
    let mut sum = 0.0;
    let chance = sign_sums(&ranks);
    chance
        .iter()
        .take_while(|chance| {
            sum += **chance;
            sum <= tail
        })
        .count()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Hollander and Wolfe 1973, table 3.1 (Hamilton depression scale): T+ = 5 of n = 9, two-sided
    /// P = 0.0391, the estimate -0.46, the 96 % interval (-0.786, -0.010).
    #[test]
    #[expect(clippy::approx_constant, reason = "a patient's score happens to be near pi")]
    fn published_example() {
        let before = [1.83, 0.50, 1.62, 2.48, 1.68, 1.88, 1.55, 3.06, 1.30];
        let after = [0.878, 0.647, 0.598, 2.05, 1.06, 1.29, 1.06, 3.14, 1.29];
        let differences: Vec<f64> = after.iter().zip(before).map(|(after, before)| after - before).collect();
        let found = paired(&differences, 0.05).unwrap();
        assert!((found.p - 0.0391).abs() < 5e-5, "{found:?}");
        assert!((found.estimate + 0.46).abs() < 1e-9, "{found:?}");
        let (low, high) = found.interval.unwrap();
        assert!((low + 0.786).abs() < 1e-9 && (high + 0.010).abs() < 1e-9, "{found:?}");
    }

    #[test]
    fn few_and_equal() {
        assert_eq!(paired(&[], 0.05), None);
        let five = paired(&[1.0, 2.0, 3.0, 4.0, 5.0], 0.05).unwrap();
        assert_eq!((five.p, five.interval), (2.0 / 32.0, None));
        let six = paired(&[1.0, 2.0, 3.0, 4.0, 5.0, 6.0], 0.05).unwrap();
        assert_eq!((six.p, six.interval), (2.0 / 64.0, Some((1.0, 6.0))));
        assert_eq!(paired(&[0.0; 8], 0.05).unwrap().p, 1.0);
        // One and the same difference six times: as far out as signs can be.
        assert_eq!(paired(&[2.0; 6], 0.05).unwrap().p, 2.0 / 64.0);
        assert!(paired(&[0.5; 10_000], 0.05).unwrap().p < 1e-20);
    }
}
