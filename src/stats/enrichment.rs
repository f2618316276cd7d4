//! Whether those that were marked are found in one part of a whole more often than by chance.

use statrs::function::factorial::ln_binomial;

/// Returns the probability that a part of `part` members, drawn by chance from `all`, holds at least
/// `found` of the `marked` ones: the upper tail of the hypergeometric distribution, Fisher's exact test on
/// one side (Fisher 1935, *The Design of Experiments*). Counts that cannot be are as likely as 1.
pub fn enrichment(found: u64, part: u64, marked: u64, all: u64) -> f64 {
    if part > all || marked > all {
        return 1.0;
    }
    let ways = ln_binomial(all, part);
    let least = found.max((part + marked).saturating_sub(all));
    let most = part.min(marked);
    let tail: f64 = (least..=most)
        .map(|inside| (ln_binomial(marked, inside) + ln_binomial(all - marked, part - inside) - ways).exp())
        .sum();
    if found > most { 0.0 } else { tail.min(1.0) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lady_who_tastes_tea() {
        // Fisher's own table: 4 of 8 cups, all four or at least three guessed.
        assert!((enrichment(4, 4, 4, 8) - 1.0 / 70.0).abs() < 1e-12);
        assert!((enrichment(3, 4, 4, 8) - 17.0 / 70.0).abs() < 1e-12);
        assert!((enrichment(0, 4, 4, 8) - 1.0).abs() < 1e-12);
    }

    #[test]
    fn what_cannot_be() {
        assert_eq!(enrichment(5, 4, 4, 8), 0.0);
        assert_eq!(enrichment(1, 9, 4, 8), 1.0);
        assert_eq!(enrichment(0, 0, 0, 0), 1.0);
        assert!((enrichment(3, 8, 4, 8) - 1.0).abs() < 1e-12);
    }
}
