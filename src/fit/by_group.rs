//! Rows of many groups, held until there are some of each group, so that what is known of a group is looked for once
//! for many rows. A table that has no more rows need not be read again.

use super::group::KeptRows;
use super::sheet::Rows;
use super::table::Lines;
use crate::value::in_order;
use std::convert::Infallible;
use std::ops::Range;

/// Groups that a thread takes at a time.
const GROUPS: usize = 16;
/// Numbers that are put in the order of their groups together: those of enough rows of each group, and few enough to
/// stay near the processor.
const SORTED: usize = 1 << 17;

/// Rows of a chunk of a table.
#[derive(Debug)]
pub(super) struct Block {
    /// The features one by one, and then the target.
    values: Vec<f64>,
    lines: Lines,
    /// Fingerprints, where they are wanted.
    hashes: Vec<u64>,
    /// The place of each row's group: among those of the chunk, once they are held among all.
    groups: Vec<u32>,
}

impl Block {
    pub(super) fn new(rows: Rows<'_>) -> Block {
        let values = rows.columns().concat();
        let Rows { lines, hashes, group_of, .. } = rows;
        Block { values, lines: lines.into_owned(), hashes: hashes.into_owned(), groups: group_of }
    }

    /// Returns how many numbers there are.
    pub(super) fn numbers(&self) -> usize {
        self.values.len()
    }

    /// Returns how many numbers a row has.
    fn width(&self) -> usize {
        self.values.len() / self.groups.len().max(1)
    }

    /// Returns features and target of a row.
    fn row(&self, row: usize) -> impl Iterator<Item = f64> {
        self.values.iter().skip(row).step_by(self.groups.len().max(1)).copied()
    }
}

/// Rows that stand in the order of their groups; those of a group in the order of the table.
#[derive(Debug)]
struct Part {
    /// Where the rows of each group start, and where the last end; of further groups there are none.
    starts: Vec<u32>,
    /// Features and then the target, row by row.
    values: Vec<f64>,
    /// How far behind the first line of the part each row's is.
    lines: Vec<u32>,
    first_line: u64,
    /// Fingerprints, where they are wanted.
    hashes: Vec<u64>,
}

impl Part {
    fn of(blocks: &[Block]) -> Part {
        let (starts, order) = in_order_of_groups(blocks);
        let first_line = blocks.iter().find_map(|block| block.lines.iter().next()).unwrap_or(0);
        let line = |place: &Place| (blocks[place.block as usize].lines.at(place.row as usize) - first_line) as u32;
        let hash = |place: &Place| blocks[place.block as usize].hashes.get(place.row as usize).copied();
        Part {
            values: in_rows(blocks, &order),
            lines: order.iter().map(line).collect(),
            first_line,
            hashes: order.iter().filter_map(hash).collect(),
            starts,
        }
    }

    /// Adds the rows of a group.
    fn load(&self, group: usize, into: &mut KeptRows) {
        let Some(&[start, end]) = self.starts.get(group..group + 2) else { return };
        let (rows, width) = (start as usize..end as usize, self.values.len() / self.lines.len().max(1));
        into.values.extend_from_slice(&self.values[rows.start * width..rows.end * width]);
        into.lines.extend(self.lines[rows.clone()].iter().map(|line| self.first_line + u64::from(*line)));
        into.hashes.extend_from_slice(self.hashes.get(rows).unwrap_or_default());
    }
}

/// Where a row is among some blocks.
#[derive(Debug, Clone, Copy, Default)]
struct Place {
    block: u32,
    row: u32,
}

/// Returns where the rows of each group start, and where the last end, and then all rows, group by group.
fn in_order_of_groups(blocks: &[Block]) -> (Vec<u32>, Vec<Place>) {
    let all = || blocks.iter().flat_map(|block| &block.groups);
    let groups = all().max().map_or(0, |last| *last as usize + 1);
    // While rows are put in their places, the starts stand one further on.
    let mut starts = vec![0u32; groups + 2];
    all().for_each(|group| starts[*group as usize + 2] += 1);
    for group in 2..starts.len() {
        starts[group] += starts[group - 1];
    }
    let mut order = vec![Place::default(); starts[groups + 1] as usize];
    for (number, block) in blocks.iter().enumerate() {
        for (row, group) in block.groups.iter().enumerate() {
            let next = &mut starts[*group as usize + 1];
            order[*next as usize] = Place { block: number as u32, row: row as u32 };
            *next += 1;
        }
    }
    starts.pop();
    (starts, order)
}

/// Returns features and target of rows, row by row.
fn in_rows(blocks: &[Block], order: &[Place]) -> Vec<f64> {
    // Rows of a known length need no counting.
    match blocks.first().map_or(0, Block::width) {
        2 => rows_of::<2>(blocks, order),
        3 => rows_of::<3>(blocks, order),
        4 => rows_of::<4>(blocks, order),
        5 => rows_of::<5>(blocks, order),
        6 => rows_of::<6>(blocks, order),
        _ => order.iter().flat_map(|place| blocks[place.block as usize].row(place.row as usize)).collect(),
    }
}

/// Returns rows of so many numbers.
fn rows_of<const WIDTH: usize>(blocks: &[Block], order: &[Place]) -> Vec<f64> {
    let columns = |block: &Block| -> [Range<usize>; WIDTH] {
        let count = block.groups.len();
        std::array::from_fn(|column| column * count..(column + 1) * count)
    };
    let columns: Vec<[&[f64]; WIDTH]> =
        blocks.iter().map(|block| columns(block).map(|column| &block.values[column])).collect();
    let row = |place: &Place| columns[place.block as usize].map(|column| column[place.row as usize]);
    order.iter().map(row).collect::<Vec<[f64; WIDTH]>>().into_flattened()
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
        let first = self.blocks.first().and_then(|block| block.lines.iter().next());
        // Lines of a part are told by their distances.
        if first.zip(block.lines.last()).is_some_and(|(first, last)| last - first > u64::from(u32::MAX)) {
            self.sort();
        }
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

    /// Takes the rows of a group, in the order of the table, in place of those that were there. All rows must be in
    /// the order of their groups.
    pub(super) fn load(&self, group: usize, into: &mut KeptRows) {
        debug_assert!(self.blocks.is_empty());
        into.clear();
        self.parts.iter().for_each(|part| part.load(group, into));
    }

    /// Hands all rows on, those of a group together and in order, and holds none any more. Each of `targets`
    /// takes the rows of a group, by what `worker` gives each thread.
    pub(super) fn spill<T: Send, Take: FnMut(usize, &mut T, &KeptRows)>(
        &mut self,
        targets: &mut [T],
        threads: usize,
        worker: impl Fn() -> Take + Sync,
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
            let (mut rows, mut take) = (KeptRows::default(), worker());
            move |item: &mut Option<(usize, _)>| {
                let Some((chunk, targets)) = item.take() else { return Ok(()) };
                let targets: &mut [T] = targets;
                for (index, target) in targets.iter_mut().enumerate() {
                    let group = chunk * GROUPS + index;
                    held.load(group, &mut rows);
                    if rows.len() > 0 {
                        take(group, target, &rows);
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

    /// A block of rows that are numbered by their lines; their first number is the line, the others are their columns.
    fn block(first: u64, groups: &[u32], width: usize) -> Block {
        let mut lines = Lines::default();
        let all: Vec<u64> = (first..first + groups.len() as u64).collect();
        all.iter().for_each(|line| lines.push(*line));
        let firsts = all.iter().map(|line| *line as f64);
        let others = (1..width).flat_map(|column| vec![column as f64; groups.len()]);
        Block { values: firsts.chain(others).collect(), lines, hashes: all, groups: groups.to_vec() }
    }

    proptest! {
        #[test]
        fn rows_of_a_group_are_in_order(
            blocks in prop::collection::vec((prop::collection::vec(0u32..6, 0..20), any::<bool>()), 0..5),
            places in prop::collection::vec(0u32..4, 6),
            width in 1usize..9,
        ) {
            let mut held = ByGroup::default();
            let mut expected = vec![Vec::new(); 5];
            let mut first = 2;
            for (groups, sorted) in &blocks {
                for (row, group) in groups.iter().enumerate() {
                    expected[places[*group as usize] as usize].push(first + row as u64);
                }
                held.add(block(first, groups, width), &places);
                if *sorted {
                    held.sort();
                }
                first += groups.len() as u64;
            }
            prop_assert_eq!(held.numbers(), (first - 2) as usize * width);
            held.sort();
            let mut rows = KeptRows::default();
            for (group, expected) in expected.iter().enumerate() {
                held.load(group, &mut rows);
                prop_assert_eq!((&rows.lines, &rows.hashes), (expected, expected));
                let row = |line: &u64| [*line as f64].into_iter().chain((1..width).map(|column| column as f64));
                prop_assert_eq!(&rows.values, &expected.iter().flat_map(row).collect::<Vec<f64>>());
            }
            let mut spilled = vec![Vec::new(); 5];
            held.spill(&mut spilled, 2, || |_, lines: &mut Vec<u64>, rows: &KeptRows| lines.extend(&rows.lines));
            prop_assert_eq!(&spilled, &expected);
            prop_assert!(held.is_empty() && held.numbers() == 0);
        }
    }
}
