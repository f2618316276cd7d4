//! Rows of many groups, held in the order of the table until there are some of each group, so that what is known
//! of a group is looked for once for many rows. A table that has no more rows need not be read again.

use super::group::KeptRows;
use super::sheet::Rows;
use super::table::Lines;
use crate::value::in_order;
use std::convert::Infallible;

/// Groups that a thread takes at a time.
const GROUPS: usize = 16;

/// Rows of a part of a table.
#[derive(Debug)]
pub(super) struct Block {
    /// Features and then the target, row by row.
    values: Vec<f64>,
    lines: Lines,
    /// Fingerprints, where they are wanted.
    hashes: Vec<u64>,
    /// The place of each row's group: among those of the part, once they are held among all.
    groups: Vec<u32>,
}

impl Block {
    pub(super) fn new(rows: Rows<'_>) -> Block {
        let columns = rows.columns();
        let width = columns.len();
        let mut values = vec![0.0; rows.len() * width];
        for (index, column) in columns.iter().enumerate() {
            values.iter_mut().skip(index).step_by(width).zip(*column).for_each(|(place, value)| *place = *value);
        }
        let Rows { lines, hashes, group_of, .. } = rows;
        Block { values, lines: lines.into_owned(), hashes: hashes.into_owned(), groups: group_of }
    }

    /// Returns how many numbers there are.
    pub(super) fn numbers(&self) -> usize {
        self.values.len()
    }

    fn width(&self) -> usize {
        self.values.len() / self.groups.len().max(1)
    }
}

/// Rows that are held.
#[derive(Debug, Default)]
pub(super) struct ByGroup {
    blocks: Vec<Block>,
    /// Numbers of all rows.
    numbers: usize,
}

/// The rows of each group among those that are held, ascending.
pub(super) struct Order {
    /// Where those of each group start, and where the last end.
    starts: Vec<u32>,
    rows: Vec<u32>,
}

impl ByGroup {
    /// Holds further rows; `places` says where each group of the block stands.
    pub(super) fn add(&mut self, mut block: Block, places: &[u32]) {
        block.groups.iter_mut().for_each(|group| *group = places[*group as usize]);
        self.numbers += block.values.len();
        self.blocks.push(block);
    }

    pub(super) fn is_empty(&self) -> bool {
        self.blocks.is_empty()
    }

    /// Returns how many numbers all rows have.
    pub(super) fn numbers(&self) -> usize {
        self.numbers
    }

    /// Forgets the fingerprints.
    pub(super) fn forget_hashes(&mut self) {
        self.blocks.iter_mut().for_each(|block| block.hashes = Vec::new());
    }

    /// Finds the rows of so many groups.
    pub(super) fn order(&self, groups: usize) -> Order {
        let all = || self.blocks.iter().flat_map(|block| &block.groups);
        let mut starts = vec![0u32; groups + 2];
        all().for_each(|group| starts[*group as usize + 2] += 1);
        for group in 2..starts.len() {
            starts[group] += starts[group - 1];
        }
        let mut rows = vec![0u32; starts[groups + 1] as usize];
        for (row, group) in all().enumerate() {
            let next = &mut starts[*group as usize + 1];
            rows[*next as usize] = row as u32;
            *next += 1;
        }
        Order { starts, rows }
    }

    /// Takes the rows of a group in place of those that were there.
    pub(super) fn load(&self, order: &Order, group: usize, into: &mut KeptRows) {
        into.clear();
        let rows = &order.rows[order.starts[group] as usize..order.starts[group + 1] as usize];
        let mut blocks = self.blocks.iter();
        let (mut first, mut end) = (0, 0);
        let mut block = None;
        for row in rows {
            let row = *row as usize;
            while row >= end {
                let next = blocks.next().expect("every row is in a block");
                (first, end) = (end, end + next.groups.len());
                block = Some(next);
            }
            let Some(block) = block else { continue };
            let (row, width) = (row - first, block.width());
            into.values.extend_from_slice(&block.values[row * width..(row + 1) * width]);
            into.lines.push(block.lines.at(row));
            into.hashes.extend(block.hashes.get(row));
        }
    }

    /// Hands all rows on, those of a group together and in order, and holds none any more. Each of `targets`
    /// takes the rows of a group.
    pub(super) fn spill<T: Send>(
        &mut self,
        targets: &mut [T],
        threads: usize,
        take: impl Fn(usize, &mut T, &KeptRows) + Sync,
    ) {
        if self.is_empty() {
            return;
        }
        let order = self.order(targets.len());
        let mut some = targets.chunks_mut(GROUPS).enumerate();
        let next = |item: &mut Option<_>| {
            *item = some.next();
            Ok(item.is_some())
        };
        let held = &*self;
        let worker = || {
            let mut rows = KeptRows::default();
            let (order, take) = (&order, &take);
            move |item: &mut Option<(usize, _)>| {
                let Some((chunk, targets)) = item.take() else { return Ok(()) };
                let targets: &mut [T] = targets;
                for (index, target) in targets.iter_mut().enumerate() {
                    let group = chunk * GROUPS + index;
                    held.load(order, group, &mut rows);
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
