//! Which of some forms is the first: the simplest of those that are level with the one of the least error.
//!
//! The least of many errors is the least by luck, too, and a needless term is what luck adds. So the first is the
//! simplest form within one standard error of the least (Breiman, Friedman, Olshen and Stone 1984, "Classification and
//! Regression Trees", 3.4.3; Hastie, Tibshirani and Friedman 2009, "The Elements of Statistical Learning", 7.10). The
//! standard error is that of the difference between both forms' errors, row by row: what makes a row hard for both has
//! no say (Yates, Richards and Brook 2021, Ecology 102, e03475). Rows are many and folds are five, so that rows tell
//! the spread; that fits to overlapping rows err alike, rows do not tell: of K folds the variance is larger by
//! 1 + K / (K - 1) (Nadeau and Bengio 2003, Machine Learning 52).

use super::sums::{PERFECT, Simplicity, mean};
use crate::fit::FOLDS;
use crate::stats::sample_variance;

/// How a form stands against the one with the least error.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Standing {
    /// The mean error of rows that were left out, as a share of the target.
    pub error: f64,
    /// By how much it is larger than the least.
    pub behind: f64,
    /// The standard error of that difference.
    pub standard_error: f64,
}

impl Standing {
    /// Tells whether the form is within one standard error of the least error.
    pub fn is_level(&self) -> bool {
        self.behind <= self.standard_error
    }
}

/// A form that may be chosen.
pub(super) struct Candidate {
    pub(super) terms: usize,
    pub(super) simplicity: Simplicity,
    /// The error of each row that was left out.
    pub(super) errors: Vec<f64>,
}

/// The order of some forms.
pub(super) struct Ranking {
    /// The places of the forms: the chosen one, and then the others by their errors.
    pub(super) order: Vec<usize>,
    /// The place of the form with the least error.
    pub(super) least: usize,
    /// How each form stands, in the order in which they came.
    pub(super) standings: Vec<Standing>,
}

/// Ranks forms, of which there is one at least; the first is not behind the declared one.
pub(super) fn rank(candidates: &[Candidate], declared: Option<usize>) -> Ranking {
    // Below there is nothing left to explain, but the last digits.
    let errors: Vec<f64> = candidates.iter().map(|candidate| mean(&candidate.errors).max(PERFECT)).collect();
    let simpler = |one: &usize, other: &usize| {
        let (one, other) = (&candidates[*one], &candidates[*other]);
        one.terms.cmp(&other.terms).then_with(|| one.simplicity.order(&other.simplicity))
    };
    let by_error = |one: &usize, other: &usize| errors[*one].total_cmp(&errors[*other]);
    let mut order: Vec<usize> = (0..candidates.len()).collect();
    order.sort_by(|one, other| by_error(one, other).then(simpler(one, other)));
    let least = order[0];
    let standing = |place: usize| Standing {
        error: mean(&candidates[place].errors),
        behind: errors[place] - errors[least],
        standard_error: standard_error(&candidates[place].errors, &candidates[least].errors),
    };
    let standings: Vec<Standing> = (0..candidates.len()).map(standing).collect();
    let most = declared.map_or(f64::INFINITY, |declared| errors[declared]);
    let level = order.iter().copied().filter(|place| standings[*place].is_level() && errors[*place] <= most);
    let first = level.min_by(|one, other| simpler(one, other).then(by_error(one, other))).unwrap_or(least);
    order.retain(|place| *place != first);
    order.insert(0, first);
    Ranking { order, least, standings }
}

/// Returns the standard error of the mean difference between the errors of the same rows.
fn standard_error(one: &[f64], other: &[f64]) -> f64 {
    let differences: Vec<f64> = one.iter().zip(other).map(|(one, other)| one - other).collect();
    if differences.len() < 2 {
        return 0.0;
    }
    let folds = FOLDS as f64;
    let overlap = 1.0 + folds / (folds - 1.0);
    (sample_variance(&differences) * overlap / differences.len() as f64).sqrt()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn candidate(terms: usize, factors: f64, errors: [f64; 4]) -> Candidate {
        Candidate { terms, simplicity: Simplicity { hinges: 0, factors }, errors: errors.to_vec() }
    }

    #[test]
    fn standard_errors_by_hand() {
        // Differences 1, 3, 1, 3: their variance is 4/3, times 1 + 5/4, by four rows.
        let found = standard_error(&[2.0, 6.0, 4.0, 8.0], &[1.0, 3.0, 3.0, 5.0]);
        assert!((found - 0.75f64.sqrt()).abs() < 1e-12, "{found}");
        assert_eq!(standard_error(&[1.0, 2.0], &[0.5, 1.5]), 0.0);
        assert_eq!(standard_error(&[1.0], &[2.0]), 0.0);
    }

    #[test]
    fn the_simplest_level_form_is_first() {
        let forms = [
            candidate(3, 4.0, [0.10, 0.20, 0.10, 0.20]),
            candidate(2, 3.0, [0.12, 0.19, 0.12, 0.19]),
            candidate(2, 2.0, [0.13, 0.19, 0.13, 0.19]),
            candidate(1, 1.0, [0.20, 0.30, 0.20, 0.30]),
        ];
        let ranking = rank(&forms, None);
        assert_eq!((ranking.order.as_slice(), ranking.least), (&[2, 0, 1, 3][..], 0));
        let level: Vec<bool> = ranking.standings.iter().map(Standing::is_level).collect();
        assert_eq!(level, [true, true, true, false]);
        // It is not behind the declared form.
        assert_eq!(rank(&forms, Some(3)).order[0], 2);
        assert_eq!(rank(&forms, Some(1)).order[0], 1);
        assert_eq!(rank(&forms, Some(0)).order[0], 0);
        // What is smooth is simpler than a hinge, whatever its factors.
        let simplicity = Simplicity { hinges: 1, factors: 2.0 };
        let hinged = Candidate { simplicity, ..candidate(2, 2.0, [0.12, 0.19, 0.12, 0.19]) };
        let smooth = candidate(2, 6.0, [0.13, 0.18, 0.13, 0.19]);
        assert_eq!(rank(&[hinged, smooth], None).order, [1, 0]);
        // Where nothing is left to explain, digits do not count.
        let exact = [candidate(2, 2.0, [0.0; 4]), candidate(1, 5.0, [0.0, 1e-12, 0.0, 3e-12])];
        assert_eq!(rank(&exact, None).order, [1, 0]);
    }
}
