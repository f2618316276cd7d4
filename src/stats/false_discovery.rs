//! Many tests at once: the share of false ones among those that are called.
//!
//! Inside of a family the q-values of Benjamini and Hochberg (1995). Over families the selection of
//! Benjamini and Bogomolov (2014, "Selective inference on multiple families of hypotheses"): a family is
//! looked at only if its own p-value (Simes 1986) stands among all families, and what is called in the
//! families looked at pays for their having been selected. One family alone pays nothing.

/// Returns the q-values of p-values: the smallest share of false calls at which each would be called.
pub fn q_values(p_values: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..p_values.len()).collect();
    order.sort_unstable_by(|&one, &other| p_values[one].total_cmp(&p_values[other]));
    let mut q_values = vec![1.0; p_values.len()];
    let mut least: f64 = 1.0;
    for (rank, &index) in order.iter().enumerate().rev() {
        // Never below the p-value itself, which rounding would allow.
        let share = p_values[index] * (p_values.len() as f64 / (rank + 1) as f64);
        least = least.min(share.max(p_values[index]));
        q_values[index] = least;
    }
    q_values
}

/// Returns the q-values of p-values in families, given by the number of each one's family, at the share
/// `level` of false calls: calling those at most `level` keeps the mean share of false ones over the
/// families selected at `level`.
pub fn families(p_values: &[f64], family: &[usize], level: f64) -> Vec<f64> {
    let count = family.iter().max().map_or(0, |last| last + 1);
    let mut members: Vec<Vec<usize>> = vec![Vec::new(); count];
    for (index, &family) in family.iter().enumerate() {
        members[family].push(index);
    }
    members.retain(|members| !members.is_empty());
    let within: Vec<Vec<f64>> = members
        .iter()
        .map(|members| q_values(&members.iter().map(|&index| p_values[index]).collect::<Vec<_>>()))
        .collect();
    // The Simes p-value of a family is its smallest q-value.
    let simes: Vec<f64> = within.iter().map(|q| q.iter().copied().fold(1.0, f64::min)).collect();
    let over = q_values(&simes);
    let selected = over.iter().filter(|q| **q <= level).count().max(1);
    let price = members.len() as f64 / selected as f64;
    let mut found = vec![1.0; p_values.len()];
    for ((members, within), over) in members.iter().zip(&within).zip(&over) {
        for (&index, q) in members.iter().zip(within) {
            found[index] = (q * price).max(*over).min(1.0);
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Benjamini and Hochberg 1995, section 3: of 15 p-values the first four are called at 5 %.
    #[test]
    fn published_example() {
        let p = [
            0.0001, 0.0004, 0.0019, 0.0095, 0.0201, 0.0278, 0.0298, 0.0344, 0.0459, 0.3240, 0.4262, 0.5719, 0.6528,
            0.7590, 1.0,
        ];
        let q = q_values(&p);
        assert_eq!(q.iter().filter(|q| **q <= 0.05).count(), 4);
        assert!((q[0] - 0.0015).abs() < 1e-12 && (q[3] - 0.035_625).abs() < 1e-12 && q[14] == 1.0);
        assert_eq!(families(&p, &[0; 15], 0.05), q);
    }

    #[test]
    fn families_of_one_are_one_family() {
        let p = [0.001, 0.2, 0.03, 0.9];
        let found = families(&p, &[0, 1, 2, 3], 0.05);
        let q = q_values(&p);
        assert_eq!(found[0], q[0]);
        assert!(found.iter().zip(&q).all(|(found, q)| (*found <= 0.05) == (*q <= 0.05)));
    }

    #[test]
    fn selection_has_a_price() {
        // The first family is selected, one of two: its members pay double.
        let found = families(&[0.001, 0.02, 0.5, 0.7], &[0, 0, 1, 1], 0.05);
        assert_eq!(&found[..2], &[0.004, 0.04]);
        assert!(found[2] > 0.5);
        assert_eq!(families(&[], &[], 0.05), Vec::<f64>::new());
    }

    proptest! {
        #[test]
        fn q_values_keep_the_order(p in prop::collection::vec(0f64..1.0, 1..40)) {
            let q = q_values(&p);
            for (one, q_one) in p.iter().zip(&q) {
                prop_assert!(q_one >= one && *q_one <= 1.0);
                for (other, q_other) in p.iter().zip(&q) {
                    prop_assert!(one > other || q_one <= q_other);
                }
            }
        }
    }
}
