//! Subsets of a product: pairwise covers and seeded samples.

use super::cases::Cases;
use crate::suite::Take;
use crate::value::{Problem, Span};

/// More candidates than this are refused for pairwise covers, whose search looks at all of them.
const MAX_PAIRWISE: usize = 200_000;

/// Returns the chosen ones of the members of a product, ascending.
pub(super) fn choose(take: Take, members: &Cases, span: Span) -> Result<Vec<usize>, Problem> {
    match take {
        Take::Sample { count, seed } => Ok(sample(members.len(), count, seed)),
        Take::Pairwise if members.len() > MAX_PAIRWISE => Err(Problem::at(
            span,
            format!("`take: {{pairwise: true}}` chooses among at most {MAX_PAIRWISE} cases, not {}", members.len()),
        )
        .hint("narrow the block with `where`, or take a `sample`")),
        Take::Pairwise => Ok(pairwise(members)),
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
    pub fn next_bits(&mut self) -> u64 {
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
            let value = self.next_bits();
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

/// Draws `count` of `members` numbers without replacement; all, if there are fewer.
fn sample(members: usize, count: u64, seed: u64) -> Vec<usize> {
    let mut generator = Generator::new(seed);
    let mut order: Vec<u32> = (0..members as u32).collect();
    let count = usize::try_from(count).unwrap_or(usize::MAX).min(members);
    // The first places of a shuffle are all that is needed of it.
    for place in 0..count {
        order.swap(place, place + generator.below((members - place) as u64) as usize);
    }
    let mut chosen: Vec<usize> = order[..count].iter().map(|&member| member as usize).collect();
    chosen.sort_unstable();
    chosen
}

/// Pairs of values of two parameters, each with a number.
struct Pairs {
    /// Number of the first pair of two parameters, by the first and the second.
    start: Vec<Vec<usize>>,
    /// How many codes the second parameter has.
    codes: Vec<usize>,
    total: usize,
}

impl Pairs {
    fn new(members: &Cases) -> Pairs {
        let codes: Vec<usize> = (0..members.params()).map(|param| members.values(param).len() + 1).collect();
        let mut total = 0;
        let mut start = vec![vec![0; codes.len()]; codes.len()];
        for (first, second) in (0..codes.len()).flat_map(|a| (a + 1..codes.len()).map(move |b| (a, b))) {
            start[first][second] = total;
            total += codes[first] * codes[second];
        }
        Pairs { start, codes, total }
    }

    fn of<'a>(&'a self, row: &'a [u32]) -> impl Iterator<Item = usize> + 'a {
        let all = (0..row.len()).flat_map(|a| (a + 1..row.len()).map(move |b| (a, b)));
        all.map(|(a, b)| self.start[a][b] + row[a] as usize * self.codes[b] + row[b] as usize)
    }
}

/// Chooses members greedily until each pair of values that any of them has is in a chosen one.
fn pairwise(members: &Cases) -> Vec<usize> {
    if members.params() < 2 {
        return (0..members.len()).collect();
    }
    let pairs = Pairs::new(members);
    let mut row = vec![0; members.params()];
    let mut open = vec![false; pairs.total];
    for member in 0..members.len() {
        members.read(member, &mut row);
        pairs.of(&row).for_each(|pair| open[pair] = true);
    }
    let mut left = open.iter().filter(|&&open| open).count();
    let mut chosen = Vec::new();
    // Gains only shrink, so an old gain is an upper bound: look again only at the promising ones.
    let mut bounds = vec![usize::MAX; members.len()];
    while left > 0 {
        let mut best: Option<(usize, usize)> = None;
        for (member, bound) in bounds.iter_mut().enumerate() {
            if best.is_some_and(|(gain, _)| *bound <= gain) {
                continue;
            }
            members.read(member, &mut row);
            *bound = pairs.of(&row).filter(|&pair| open[pair]).count();
            if best.is_none_or(|(gain, _)| *bound > gain) {
                best = Some((*bound, member));
            }
        }
        let Some((gain, member)) = best.filter(|&(gain, _)| gain > 0) else { break };
        members.read(member, &mut row);
        pairs.of(&row).for_each(|pair| open[pair] = false);
        left -= gain;
        chosen.push(member);
    }
    chosen.sort_unstable();
    chosen
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::value::{Decimal, Scalar};
    use std::collections::BTreeSet;
    use std::sync::Arc;

    fn product(sizes: &[u32]) -> Cases {
        let numbers = |size: u32| (0..size).map(|number| Scalar::Number(Decimal::from(i64::from(number)))).collect();
        let mut cases = Cases::new(Arc::new(sizes.iter().map(|&size| numbers(size)).collect()));
        let rows = sizes.iter().fold(vec![Vec::new()], |rows, &size| {
            rows.iter().flat_map(|row| (1..=size).map(|code| [row.as_slice(), &[code]].concat())).collect()
        });
        rows.iter().for_each(|row| cases.push(row, 0));
        cases
    }

    #[test]
    fn pairwise_covers_every_pair_with_few_rows() {
        let members = product(&[3, 3, 3, 3]);
        let chosen = pairwise(&members);
        for (a, b) in (0..4).flat_map(|a| (a + 1..4).map(move |b| (a, b))) {
            let pairs: BTreeSet<_> = chosen.iter().map(|&row| (members.code(row, a), members.code(row, b))).collect();
            assert_eq!(pairs.len(), 9, "parameters {a} and {b}");
        }
        assert!(chosen.len() <= 15, "{} of 81", chosen.len());
        assert_eq!(pairwise(&product(&[4])).len(), 4);
        let chosen = pairwise(&product(&[10, 10, 10, 10, 10]));
        assert!((100..=150).contains(&chosen.len()), "{} of 100000", chosen.len());
    }

    #[test]
    fn samples_are_reproducible_and_in_order() {
        let first = sample(100, 7, 1);
        assert_eq!(first.len(), 7);
        assert!(first.is_sorted());
        assert_eq!(first, sample(100, 7, 1));
        assert_ne!(first, sample(100, 7, 2));
        assert_eq!(sample(100, 1000, 1), (0..100).collect::<Vec<_>>());
        assert!(sample(0, 3, 1).is_empty());
    }

    #[test]
    fn every_member_is_drawn_as_often() {
        let mut counts = [0u32; 10];
        (0..2000).for_each(|seed| sample(10, 3, seed).into_iter().for_each(|member| counts[member] += 1));
        // 600 each are expected, with a standard deviation of 20.
        assert!(counts.iter().all(|count| (500..700).contains(count)), "{counts:?}");
    }
}
