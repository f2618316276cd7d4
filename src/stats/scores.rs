//! Values as normal scores: what their ranks would be worth in a normal sample (van der Waerden 1952).
//!
//! A spike counts for no more than its rank, and normal values lose nothing.

use super::distributions::normal_quantile;

/// Returns the scores of values, in their order; equal values get the score of their mean rank.
pub(super) fn normal_scores(values: &[f64]) -> Vec<f64> {
    let mut order: Vec<u32> = (0..values.len() as u32).collect();
    order.sort_unstable_by(|&one, &other| values[one as usize].total_cmp(&values[other as usize]));
    let mut scores = vec![0.0; values.len()];
    let mut before = 0;
    for group in order.chunk_by(|&one, &other| values[one as usize] == values[other as usize]) {
        let rank = before as f64 + group.len() as f64 / 2.0;
        let score = normal_quantile(rank / values.len() as f64);
        group.iter().for_each(|&index| scores[index as usize] = score);
        before += group.len();
    }
    scores
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scores() {
        let found = normal_scores(&[10.0, -1e300, 10.0, 11.0, 1e300]);
        // Ranks 2.5, 1, 2.5, 4, 5 of 5, each in the middle of its place.
        let expected = [0.4, 0.1, 0.4, 0.7, 0.9].map(normal_quantile);
        assert!(found.iter().zip(expected).all(|(found, expected)| (found - expected).abs() < 1e-12), "{found:?}");
        assert_eq!(normal_scores(&[3.0; 4]), [0.0; 4]);
        assert!(normal_scores(&[]).is_empty());
    }
}
