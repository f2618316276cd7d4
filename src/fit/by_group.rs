//! Rows of many groups, held until there are some of each group, so that what is known of a group is looked for once
//! for many rows. A table that has no more rows need not be read again.

use super::by_fold::ByFold;
use super::distances::Distances;
use super::narrow::{Column, placed};
use super::sheet::Rows;
use super::table::Lines;
use crate::value::in_order;
use std::convert::Infallible;
use std::ops::Range;

/// Groups that a thread takes at a time.
const GROUPS: usize = 16;
/// Numbers that are put in the order of their groups together: those of some rows of each group, and few enough to
/// stay near the processor.
const SORTED: usize = 1 << 17;

/// Rows of a chunk of a table.
#[derive(Debug)]
pub(super) struct Block {
    /// The features and then the target.
    columns: Vec<Column>,
    lines: Lines,
    /// Fingerprints, where they are wanted.
    hashes: Vec<u64>,
    /// The place of each row's group: among those of the chunk, once they are held among all.
    groups: Vec<u32>,
}

impl Block {
    pub(super) fn new(rows: Rows<'_>) -> Block {
        let columns = rows.columns().into_iter().map(Column::of).collect();
        let Rows { lines, hashes, group_of, .. } = rows;
        Block { columns, lines: lines.into_owned(), hashes: hashes.into_owned(), groups: group_of }
    }

    /// Returns how many numbers there are.
    pub(super) fn numbers(&self) -> usize {
        self.columns.len() * self.groups.len()
    }
}

/// Rows that stand in the order of their groups; those of a group in the order of the table.
#[derive(Debug)]
struct Part {
    /// Where the rows of each group start, and where the last end; of further groups there are none.
    starts: Vec<u32>,
    columns: Vec<Column>,
    lines: Distances,
    hashes: Vec<u64>,
}

impl Part {
    fn of(blocks: &[Block]) -> Part {
        let (starts, places) = places(blocks);
        let column = |column: usize| {
            let parts: Vec<&Column> = blocks.iter().map(|block| &block.columns[column]).collect();
            Column::placed(&parts, &places)
        };
        let hashed = blocks.iter().all(|block| block.hashes.len() == block.groups.len());
        Part {
            columns: (0..blocks.first().map_or(0, |block| block.columns.len())).map(column).collect(),
            lines: Distances::placed(blocks.iter().map(|block| &block.lines), &places),
            hashes: if hashed {
                placed(blocks.iter().map(|block| block.hashes.as_slice()), &places)
            } else {
                Vec::new()
            },
            starts,
        }
    }

    /// Returns the rows of a group.
    fn rows(&self, group: usize) -> Range<usize> {
        match self.starts.get(group..group + 2) {
            Some(&[start, end]) => start as usize..end as usize,
            _ => 0..0,
        }
    }

    /// Announces the rows of groups that follow each other, the first of which is `first`.
    fn announce(&self, first: usize, into: &mut [ByFold]) {
        for (group, into) in (first..).zip(into) {
            let rows = self.rows(group);
            into.announce(self.lines.iter(rows.clone()), self.hashes.get(rows).unwrap_or_default());
        }
    }

    /// Puts the numbers of the rows that were announced in their places. They stand together, column by column, and
    /// are read so.
    fn fill(&self, first: usize, into: &mut [ByFold]) {
        for (index, column) in self.columns.iter().enumerate() {
            for (group, into) in (first..).zip(&mut *into) {
                let (places, values) = into.column_to_fill(index);
                column.put(self.rows(group), places, values);
            }
        }
        (first..).zip(into).for_each(|(group, into)| into.filled(self.rows(group).len()));
    }
}

/// Returns where the rows of each group start, and where the last end, and then the place of each row if those of a
/// group stand together.
fn places(blocks: &[Block]) -> (Vec<u32>, Vec<u32>) {
    let all = || blocks.iter().flat_map(|block| &block.groups);
    let groups = all().max().map_or(0, |last| *last as usize + 1);
    // While rows get their places, the starts stand one further on.
    let mut starts = vec![0u32; groups + 2];
    all().for_each(|group| starts[*group as usize + 2] += 1);
    for group in 2..starts.len() {
        starts[group] += starts[group - 1];
    }
    let mut places = Vec::with_capacity(blocks.iter().map(|block| block.groups.len()).sum());
    for block in blocks {
        places.extend(block.groups.iter().map(|group| {
            let next = &mut starts[*group as usize + 1];
            *next += 1;
            *next - 1
        }));
    }
    starts.pop();
    (starts, places)
}

/// Rows that are held.
#[derive(Debug, Default)]
pub(super) struct ByGroup {
    parts: Vec<Part>,
    /// Rows that are not in the order of their groups yet, and how many numbers they have.
    blocks: Vec<Block>,
    waiting: usize,
    /// Numbers of all rows.
    numbers: usize,
}

impl ByGroup {
    /// Holds further rows; `places` says where each group of the block stands.
    pub(super) fn add(&mut self, mut block: Block, places: &[u32]) {
        block.groups.iter_mut().for_each(|group| *group = places[*group as usize]);
        self.waiting += block.numbers();
        self.numbers += block.numbers();
        self.blocks.push(block);
        if self.waiting >= SORTED {
            self.sort();
        }
    }

    /// Puts the rows that came last in the order of their groups.
    pub(super) fn sort(&mut self) {
        if !self.blocks.is_empty() {
            self.parts.push(Part::of(&self.blocks));
            self.blocks.clear();
            self.waiting = 0;
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.parts.is_empty() && self.blocks.is_empty()
    }

    /// Returns how many numbers all rows have.
    pub(super) fn numbers(&self) -> usize {
        self.numbers
    }

    /// Forgets the fingerprints.
    pub(super) fn forget_hashes(&mut self) {
        self.blocks.iter_mut().for_each(|block| block.hashes = Vec::new());
        self.parts.iter_mut().for_each(|part| part.hashes = Vec::new());
    }

    /// Takes the rows of groups that follow each other, the first of which is `first`, in place of those that were
    /// there; `fold` says in which fold a line is. All rows must be in the order of their groups.
    pub(super) fn load(&self, first: usize, into: &mut [ByFold], fold: &impl Fn(u64) -> usize) {
        debug_assert!(self.blocks.is_empty());
        let numbers = self.parts.first().map_or(0, |part| part.columns.len());
        into.iter_mut().for_each(ByFold::clear);
        self.parts.iter().for_each(|part| part.announce(first, into));
        into.iter_mut().for_each(|rows| rows.arrange(numbers, fold));
        self.parts.iter().for_each(|part| part.fill(first, into));
    }

    /// Hands all rows on, those of a group together, and holds none any more. Each of `targets` takes the rows of a
    /// group, by its place.
    pub(super) fn spill<T: Send>(
        &mut self,
        targets: &mut [T],
        threads: usize,
        fold: &(impl Fn(u64) -> usize + Sync),
        take: &(impl Fn(usize, &mut T, &ByFold) + Sync),
    ) {
        if self.is_empty() {
            return;
        }
        self.sort();
        let mut some = targets.chunks_mut(GROUPS).enumerate();
        let next = |item: &mut Option<_>| {
            *item = some.next();
            Ok(item.is_some())
        };
        let held = &*self;
        let worker = || {
            let mut rows = Vec::new();
            rows.resize_with(GROUPS, ByFold::default);
            move |item: &mut Option<(usize, _)>| {
                let Some((chunk, targets)) = item.take() else { return Ok(()) };
                let (first, targets): (usize, &mut [T]) = (chunk * GROUPS, targets);
                held.load(first, &mut rows[..targets.len()], fold);
                for (index, (target, rows)) in targets.iter_mut().zip(&rows).enumerate() {
                    if !rows.lines().is_empty() {
                        take(first + index, target, rows);
                    }
                }
                Ok(())
            }
        };
        let Ok(()) = in_order(threads, next, worker, |()| Ok::<(), Infallible>(()));
        *self = ByGroup::default();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// A block of rows that are numbered by their lines, with a column of their halves.
    fn block(first: u64, groups: &[u32], wide: bool) -> Block {
        let mut lines = Lines::default();
        let all: Vec<u64> = (first..first + groups.len() as u64).collect();
        all.iter().for_each(|line| lines.push(*line));
        let column = |factor: f64| all.iter().map(|line| *line as f64 * factor).collect::<Vec<f64>>();
        let columns = [column(1.0), column(if wide { 0.1 } else { 0.5 })];
        let columns = columns.iter().map(|column| Column::of(column)).collect();
        Block { columns, lines, hashes: all, groups: groups.to_vec() }
    }

    proptest! {
        #[test]
        fn rows_of_a_group_are_in_order(
            blocks in prop::collection::vec((prop::collection::vec(0u32..6, 0..20), any::<bool>(), any::<bool>()), 0..5),
            places in prop::collection::vec(0u32..4, 6),
        ) {
            let mut held = ByGroup::default();
            let mut expected: Vec<Vec<(u64, f64)>> = vec![Vec::new(); 5];
            let mut first = 2;
            for (groups, wide, sorted) in &blocks {
                for (row, group) in groups.iter().enumerate() {
                    let line = first + row as u64;
                    let second = line as f64 * if *wide { 0.1 } else { 0.5 };
                    expected[places[*group as usize] as usize].push((line, second));
                }
                held.add(block(first, groups, *wide), &places);
                if *sorted {
                    held.sort();
                }
                first += groups.len() as u64;
            }
            prop_assert_eq!(held.numbers(), (first - 2) as usize * 2);
            held.sort();
            // From each group on, also beyond the last.
            let all = (0..expected.len()).flat_map(|first| (0..3).map(move |index| (first, index)));
            let fold = |line: u64| line as usize % 3;
            for (first, index) in all {
                let mut loaded = [ByFold::default(), ByFold::default(), ByFold::default()];
                held.load(4 - first, &mut loaded, &fold);
                held.load(first, &mut loaded, &fold);
                let (rows, nothing) = (&loaded[index], Vec::new());
                let expected = expected.get(first + index).unwrap_or(&nothing);
                let lines: Vec<u64> = expected.iter().map(|(line, _)| *line).collect();
                prop_assert_eq!((rows.in_order(), rows.hashes()), (lines.as_slice(), lines.as_slice()));
                let places = rows.places().iter().map(|place| *place as usize);
                let row = |place: usize| (rows.lines()[place], rows.columns()[1][place]);
                let found: Vec<(u64, f64)> = places.clone().map(row).collect();
                prop_assert_eq!(&found, expected);
                prop_assert!(places.zip(&lines).all(|(place, line)| rows.columns()[0][place] == *line as f64));
                // Those of a fold stand together, in the order of the table.
                let mut by_fold = lines.clone();
                by_fold.sort_by_key(|line| (fold(*line), *line));
                prop_assert_eq!(rows.lines(), by_fold.as_slice());
                let strips = rows.strips().flat_map(|(rows, fold)| rows.map(move |_| fold));
                prop_assert_eq!(strips.collect::<Vec<_>>(), by_fold.iter().map(|line| fold(*line)).collect::<Vec<_>>());
            }
            let mut spilled: Vec<Vec<u64>> = vec![Vec::new(); 5];
            held.spill(&mut spilled, 2, &fold, &|_, lines, rows| lines.extend(rows.in_order()));
            let lines: Vec<Vec<u64>> = expected.iter().map(|rows| rows.iter().map(|(line, _)| *line).collect()).collect();
            prop_assert_eq!(&spilled, &lines);
            prop_assert!(held.is_empty() && held.numbers() == 0);
        }
    }
}
