//! Rows of a group in columns, those of a fold together: the processor works on several of them at a time.

use super::FOLDS;
use super::narrow::put;
use std::ops::Range;

/// Rows of a group; the memory is used again for the next.
#[derive(Debug, Default)]
pub(super) struct ByFold {
    /// The features one by one and then the target, the rows of the first fold first.
    values: Vec<f64>,
    lines: Vec<u64>,
    /// Where the rows of each fold start, and where the last end.
    starts: [usize; FOLDS + 1],
    /// Lines in the order of the table, fingerprints where they are wanted, and the place of each row.
    in_order: Vec<u64>,
    hashes: Vec<u64>,
    places: Vec<u32>,
    /// Rows whose numbers are in their places.
    filled: usize,
}

impl ByFold {
    /// Begins anew, without rows.
    pub(super) fn clear(&mut self) {
        self.in_order.clear();
        self.hashes.clear();
    }

    /// Announces further rows in the order of the table; fingerprints are there where they are wanted.
    pub(super) fn announce(&mut self, lines: impl Iterator<Item = u64>, hashes: &[u64]) {
        self.in_order.extend(lines);
        self.hashes.extend_from_slice(hashes);
    }

    /// Gives each row that was announced its place; rows have so many numbers, which are put there next.
    pub(super) fn arrange(&mut self, numbers: usize, fold: impl Fn(u64) -> usize) {
        self.places.clear();
        self.places.extend(self.in_order.iter().map(|line| fold(*line) as u32));
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
        self.lines.resize(self.in_order.len(), 0);
        put(&self.in_order, &self.places, &mut self.lines);
        self.values.resize(self.in_order.len() * numbers, 0.0);
        self.filled = 0;
    }

    /// Returns the places of the rows whose numbers are put there next, and a column.
    pub(super) fn column_to_fill(&mut self, index: usize) -> (&[u32], &mut [f64]) {
        let rows = self.lines.len();
        (&self.places[self.filled..], &mut self.values[index * rows..(index + 1) * rows])
    }

    /// Says that all numbers of the next rows are in their places.
    pub(super) fn filled(&mut self, rows: usize) {
        self.filled += rows;
    }

    /// Returns the lines in the order of the table.
    pub(super) fn in_order(&self) -> &[u64] {
        &self.in_order
    }

    /// Returns the place of each row, in the order of the table.
    pub(super) fn places(&self) -> &[u32] {
        &self.places
    }

    /// Returns the fingerprints in the order of the table, where they are wanted.
    pub(super) fn hashes(&self) -> &[u64] {
        &self.hashes
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
