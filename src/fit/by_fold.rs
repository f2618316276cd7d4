//! Rows of a group in columns, those of a fold together: the processor works on several of them at a time.

use super::FOLDS;
use super::group::KeptRows;
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
    /// The fold of each row, in the order in which they came.
    folds: Vec<u8>,
}

impl ByFold {
    /// Takes rows in place of those that were there.
    pub(super) fn load(&mut self, rows: &KeptRows, sheet: &Sheet) {
        let (count, width) = (rows.len(), sheet.width() + 1);
        self.folds.clear();
        self.folds.extend(rows.lines.iter().map(|line| sheet.fold(*line) as u8));
        let mut next = [0; FOLDS];
        self.folds.iter().for_each(|fold| next[usize::from(*fold)] += 1);
        let mut start = 0;
        for (fold, next) in next.iter_mut().enumerate() {
            self.starts[fold] = start;
            start += std::mem::replace(next, start);
        }
        self.starts[FOLDS] = start;
        self.values.resize(count * width, 0.0);
        self.lines.resize(count, 0);
        for ((fold, row), line) in self.folds.iter().zip(rows.values.chunks_exact(width)).zip(&rows.lines) {
            let place = &mut next[usize::from(*fold)];
            self.lines[*place] = *line;
            for (index, value) in row.iter().enumerate() {
                self.values[index * count + *place] = *value;
            }
            *place += 1;
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
