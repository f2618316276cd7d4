//! Subsets of a product: pairwise covers and seeded samples.

use crate::suite::Take;
use crate::value::{Problem, Span};
use std::collections::BTreeSet;

/// More candidates than this are refused for pairwise covers, whose search looks at all of them.
const MAX_PAIRWISE: usize = 200_000;

/// Returns the chosen rows, in their order.
pub(super) fn choose(take: Take, rows: Vec<Vec<u32>>, span: Span) -> Result<Vec<Vec<u32>>, Problem> {
    match take {
        Take::Sample { count, seed } => Ok(sample(rows, count, seed)),
        Take::Pairwise if rows.len() > MAX_PAIRWISE => Err(Problem::at(
            span,
            format!("`take: {{pairwise: true}}` chooses among at most {MAX_PAIRWISE} cases, not {}", rows.len()),
        )
        .hint("narrow the block with `where`, or take a `sample`")),
        Take::Pairwise => Ok(pairwise(rows)),
    }
}

/// A small generator of reproducible numbers (SplitMix64; Steele, Lea, Flood 2014).
pub struct Generator(u64);

impl Generator {
    /// Returns a generator with this seed.
    pub fn new(seed: u64) -> Generator {
        Generator(seed)
    }

    /// Returns the next 64 bits.
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// Returns a number below `bound`, without the bias of a bare remainder.
    pub fn below(&mut self, bound: u64) -> u64 {
        let limit = u64::MAX - u64::MAX % bound.max(1);
        loop {
            let value = self.next();
            if value < limit {
                return value % bound.max(1);
            }
        }
    }

    /// Puts items into a random order (Fisher and Yates).
    pub fn shuffle<T>(&mut self, items: &mut [T]) {
        for last in (1..items.len()).rev() {
            items.swap(last, self.below(last as u64 + 1) as usize);
        }
    }
}

/// Draws `count` rows without replacement; all, if there are fewer.
fn sample(rows: Vec<Vec<u32>>, count: u64, seed: u64) -> Vec<Vec<u32>> {
    let mut generator = Generator::new(seed);
    let mut order: Vec<usize> = (0..rows.len()).collect();
    generator.shuffle(&mut order);
    let kept: BTreeSet<usize> = order.into_iter().take(usize::try_from(count).unwrap_or(usize::MAX)).collect();
    rows.into_iter().enumerate().filter(|(index, _)| kept.contains(index)).map(|(_, row)| row).collect()
}

/// Chooses rows greedily until each pair of values that any row has is in a chosen row.
fn pairwise(rows: Vec<Vec<u32>>) -> Vec<Vec<u32>> {
    let width = rows.first().map_or(0, Vec::len);
    let pairs_of = |row: &[u32]| -> Vec<(usize, u32, usize, u32)> {
        (0..width).flat_map(|a| (a + 1..width).map(move |b| (a, b))).map(|(a, b)| (a, row[a], b, row[b])).collect()
    };
    let mut open: BTreeSet<_> = rows.iter().flat_map(|row| pairs_of(row)).collect();
    let mut chosen = BTreeSet::new();
    // Gains only shrink, so an old gain is an upper bound: look again only at the promising ones.
    let mut bounds: Vec<(usize, usize)> = (0..rows.len()).map(|index| (usize::MAX, index)).collect();
    while !open.is_empty() {
        let mut best: Option<(usize, usize)> = None;
        for (bound, index) in &mut bounds {
            if best.is_some_and(|(gain, _)| *bound <= gain) {
                continue;
            }
            *bound = pairs_of(&rows[*index]).iter().filter(|pair| open.contains(pair)).count();
            if best.is_none_or(|(gain, _)| *bound > gain) {
                best = Some((*bound, *index));
            }
        }
        let Some((_, index)) = best.filter(|&(gain, _)| gain > 0) else { break };
        for pair in pairs_of(&rows[index]) {
            open.remove(&pair);
        }
        chosen.insert(index);
    }
    if width == 1 {
        return rows;
    }
    rows.into_iter().enumerate().filter(|(index, _)| chosen.contains(index)).map(|(_, row)| row).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn product(sizes: &[u32]) -> Vec<Vec<u32>> {
        sizes.iter().fold(vec![Vec::new()], |rows, &size| {
            rows.iter().flat_map(|row| (1..=size).map(|code| [row.as_slice(), &[code]].concat())).collect()
        })
    }

    #[test]
    fn pairwise_covers_every_pair_with_few_rows() {
        let chosen = pairwise(product(&[3, 3, 3, 3]));
        for (a, b) in (0..4).flat_map(|a| (a + 1..4).map(move |b| (a, b))) {
            let pairs: BTreeSet<_> = chosen.iter().map(|row| (row[a], row[b])).collect();
            assert_eq!(pairs.len(), 9, "parameters {a} and {b}");
        }
        assert!(chosen.len() <= 15, "{} of 81", chosen.len());
        assert_eq!(pairwise(product(&[4])).len(), 4);
    }

    #[test]
    fn samples_are_reproducible_and_in_order() {
        let rows = product(&[10, 10]);
        let first = sample(rows.clone(), 7, 1);
        assert_eq!(first.len(), 7);
        assert!(first.is_sorted());
        assert_eq!(first, sample(rows.clone(), 7, 1));
        assert_ne!(first, sample(rows.clone(), 7, 2));
        assert_eq!(sample(rows.clone(), 1000, 1), rows);
    }
}
