//! Lines in little memory: how far each is behind the first.

use super::table::Lines;
use std::ops::Range;

/// The lines of some rows, in any order.
#[derive(Debug)]
pub(super) struct Distances {
    first: u64,
    behind: Behind,
}

#[derive(Debug)]
enum Behind {
    /// None is 65536 or more.
    Short(Vec<u16>),
    Wide(Vec<u64>),
}

impl Distances {
    /// Puts the lines of the parts of a table in their places, of which there are as many.
    pub(super) fn placed<'l>(parts: impl DoubleEndedIterator<Item = &'l Lines> + Clone, places: &[u32]) -> Distances {
        let first = parts.clone().find_map(|lines| lines.iter().next()).unwrap_or(0);
        let last = parts.clone().rev().find_map(Lines::last).unwrap_or(first);
        let runs = parts.flat_map(|lines| lines.runs().map(|(rows, line)| (rows.len(), line - first)));
        let behind = match u16::try_from(last - first) {
            Ok(_) => Behind::Short(put_runs(runs, places, |behind| behind as u16)),
            Err(_) => Behind::Wide(put_runs(runs, places, |behind| behind)),
        };
        Distances { first, behind }
    }

    /// Returns the lines of some rows.
    pub(super) fn iter(&self, rows: Range<usize>) -> impl Iterator<Item = u64> {
        let (short, wide): (&[u16], &[u64]) = match &self.behind {
            Behind::Short(behind) => (&behind[rows], &[]),
            Behind::Wide(behind) => (&[], &behind[rows]),
        };
        let short = short.iter().map(|behind| self.first + u64::from(*behind));
        short.chain(wide.iter().map(|behind| self.first + behind))
    }
}

/// Puts numbers in their places; `runs` has how many follow each other, and the first.
fn put_runs<T: Copy + Default>(
    runs: impl Iterator<Item = (usize, u64)>,
    places: &[u32],
    number: impl Fn(u64) -> T,
) -> Vec<T> {
    let mut all = vec![T::default(); places.len()];
    let mut places = places.iter();
    for (count, first) in runs {
        for (place, behind) in places.by_ref().take(count).zip(first..) {
            all[*place as usize] = number(behind);
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(all: &[u64]) -> Lines {
        let mut lines = Lines::default();
        all.iter().for_each(|line| lines.push(*line));
        lines
    }

    #[test]
    fn lines_in_their_places() {
        for (gap, short) in [(4, true), (65_534, true), (65_535, false), (1 << 50, false)] {
            let parts = [lines(&[]), lines(&[7, 8]), lines(&[7 + gap, 8 + gap, 8 + gap]), lines(&[])];
            let found = Distances::placed(parts.iter(), &[2, 0, 1, 4, 3]);
            assert_eq!(found.iter(0..5).collect::<Vec<_>>(), [8, 7 + gap, 7, 8 + gap, 8 + gap]);
            assert_eq!(found.iter(1..2).collect::<Vec<_>>(), [7 + gap]);
            assert_eq!(matches!(found.behind, Behind::Short(_)), short, "{gap}");
        }
        assert_eq!(Distances::placed([].iter(), &[]).iter(0..0).count(), 0);
    }
}
