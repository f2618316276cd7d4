//! A value that lies far from all others of its sample.
//!
//! Grubbs' test (1969, *Technometrics* 11), by its equal: the value is held against the prediction interval of the
//! others, at a level that is divided by how many values it might have been.

use super::History;
use super::distributions::t_two_sided;

/// Fewest values in which one can be told from the others.
const FEWEST: usize = 8;
/// Nearer to the others than so many of their deviations no value of eight or more is told from them at a level of
/// 0.001: the normal quantile, which those of Student's t are above.
const NEAR: f64 = 3.8;
/// How often a value of a normal sample is called an outlier.
const LEVEL: f64 = 0.001;

/// Returns the place of the one value that is far from all others, if there is one; in 1 of 1,000 normal samples
/// there is. Two values that are far away together hide each other: they are no accident.
pub fn lone_outlier(values: &[f64]) -> Option<usize> {
    if values.len() < FEWEST {
        return None;
    }
    let History { centre, variance, .. } = History::of(values);
    let distance = |place: &usize| (values[*place] - centre).abs();
    let far = (0..values.len()).max_by(|one, other| distance(one).total_cmp(&distance(other)))?;
    let count = values.len() as f64;
    // The farthest lies (K - 1) / sqrt(K) deviations away if all others are equal, and cannot be farther.
    let share = distance(&far).powi(2) * count / ((count - 1.0).powi(2) * variance);
    // The square of its distance from the others, in deviations of a value that is predicted from them.
    let square = share * (count - 2.0) / (1.0 - share).max(0.0);
    if variance == 0.0 || square < NEAR * NEAR {
        return None;
    }
    (t_two_sided(square.sqrt(), count - 2.0) * count <= LEVEL).then_some(far)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::Random;
    use proptest::prelude::*;

    fn check(values: &[f64], expected: Option<usize>) {
        assert_eq!(lone_outlier(values), expected, "{values:?}");
    }

    #[test]
    fn one_far_value() {
        check(&[1.0, 1.01, 0.99, 1.0, 1.02, 0.98, 1.01, 1.3], Some(7));
        check(&[1.0, 1.01, -5.0, 1.0, 1.02, 0.98, 1.01, 1.0], Some(2));
        check(&[1.0, 1.01, 0.99, 1.0, 1.02, 0.98, 1.01, 1.04], None);
        // Equal values and one other.
        check(&[7.0, 7.0, 7.0, 7.0, 7.0, 7.0, 7.0, 7.5], Some(7));
        check(&[7.0; 10], None);
    }

    #[test]
    fn too_few_values_and_two_far_ones() {
        check(&[1.0, 1.01, 0.99, 1.0, 1.02, 0.98, 1.3], None);
        check(&[1.0, 1.01, 0.99, 1.0, 1.02, 0.98, 1.3, 1.31, 1.0, 1.01], None);
        check(&[], None);
    }

    /// The critical value of Grubbs' statistic at this level is `(K - 1) / sqrt(K) * sqrt(t^2 / (K - 2 + t^2))`,
    /// `t` the quantile of Student's t with K - 2 degrees of freedom for the level divided by 2 K.
    #[test]
    fn as_the_published_formula_says() {
        let mut random = Random::new(11);
        for count in [8usize, 10, 20] {
            let k = count as f64;
            let t = crate::stats::t_quantile(1.0 - LEVEL / (2.0 * k), k - 2.0);
            let critical = (k - 1.0) / k.sqrt() * (t * t / (k - 2.0 + t * t)).sqrt();
            let mut seen = [0; 2];
            for round in 0..2_000 {
                let mut values: Vec<f64> = (0..count).map(|_| random.normal()).collect();
                values[0] += f64::from(round % 12);
                let History { centre, variance, .. } = History::of(&values);
                let statistic = values.iter().map(|x| (x - centre).abs()).fold(0.0, f64::max) / variance.sqrt();
                assert_eq!(lone_outlier(&values).is_some(), statistic > critical, "{values:?}");
                seen[usize::from(statistic > critical)] += 1;
            }
            assert!(seen[0] > 100 && seen[1] > 100, "{seen:?}");
        }
    }

    #[test]
    fn rarely_in_a_normal_sample() {
        let mut random = Random::new(12);
        let mut found = 0;
        for _ in 0..20_000 {
            let values: Vec<f64> = (0..10).map(|_| random.normal()).collect();
            found += usize::from(lone_outlier(&values).is_some());
        }
        assert!((5..=40).contains(&found), "{found}");
    }

    proptest! {
        #[test]
        fn where_it_lies_and_in_which_unit_changes_nothing(
            values in prop::collection::vec(-1.0f64..1.0, 8..20), far in 5.0f64..1e3, shift in -100.0f64..100.0
        ) {
            let mut values = values;
            values.push(far);
            let moved: Vec<f64> = values.iter().map(|x| 4.0 * x + shift).collect();
            let mut turned = values.clone();
            turned.reverse();
            let found = lone_outlier(&values);
            prop_assert_eq!(lone_outlier(&turned), found.map(|place| values.len() - 1 - place));
            prop_assert_eq!(lone_outlier(&moved).is_some(), found.is_some());
            prop_assert!(found.is_none_or(|place| place == values.len() - 1));
        }
    }
}
