//! Rows of a group in columns, those of a fold together: the processor works on several of them at a time.

use super::FOLDS;
use super::by_group::GroupRows;
use super::narrow::put;
use super::sheet::Sheet;
use std::ops::Range;

/// Rows of a group; the memory is used again for the next.
#[derive(Debug, Default)]
pub(super) struct ByFold {
    /// The features one by one and then the target, the rows of the first fold first.
    values: Vec<f64>,
    lines: Vec<u64>,
    /// Where the rows of each fold start, and where the last end.
    starts: [usize; FOLDS + 1],
    /// The place of each row, in the order in which they came.
    places: Vec<u32>,
}

impl ByFold {
    /// Takes rows in place of those that were there.
    pub(super) fn load(&mut self, rows: &GroupRows, sheet: &Sheet) {
        let count = rows.lines.len();
        self.places.clear();
        self.places.extend(rows.lines.iter().map(|line| sheet.fold(*line) as u32));
        let mut next = [0; FOLDS];
        self.places.iter().for_each(|fold| next[*fold as usize] += 1);
        let mut start = 0;
        for (fold, next) in next.iter_mut().enumerate() {
            self.starts[fold] = start as usize;
            start += std::mem::replace(next, start);
        }
        self.starts[FOLDS] = start as usize;
        for place in &mut self.places {
            let next = &mut next[*place as usize];
            *place = *next;
            *next += 1;
        }
        self.lines.resize(count, 0);
        put(&rows.lines, &self.places, &mut self.lines);
        self.values.resize(count * rows.columns.len(), 0.0);
        for (column, into) in rows.columns.iter().zip(self.values.chunks_exact_mut(count.max(1))) {
            put(column, &self.places, into);
        }
    }

    /// Returns the features and then the target.
    pub(super) fn columns(&self) -> Vec<&[f64]> {
        self.values.chunks_exact(self.lines.len().max(1)).collect()
    }

    pub(super) fn lines(&self) -> &[u64] {
        &self.lines
    }

    /// Returns the rows of each fold that has some, and its number.
    pub(super) fn strips(&self) -> impl Iterator<Item = (Range<usize>, usize)> {
        let strips = self.starts.windows(2).enumerate().map(|(fold, ends)| (ends[0]..ends[1], fold));
        strips.filter(|(rows, _)| !rows.is_empty())
    }
}
