//! What is known of a group of rows.

use super::by_fold::ByFold;
use super::solve::Moments;
use super::{FOLDS, GroupKey};
use crate::suite::Weighting;
use std::borrow::Cow;
use std::ops::Range;

/// A group of rows.
#[derive(Debug)]
pub(super) struct Group {
    pub(super) key: GroupKey,
    pub(super) sums: Sums,
    /// Operations and how many rows they have, in the order of their first rows.
    pub(super) ops: Vec<(String, u64)>,
    /// The rows, where they were kept.
    pub(super) rows: KeptRows,
}

/// Sums over the rows of a group, in constant memory; without rows they have no memory.
#[derive(Debug, Default)]
pub(super) struct Sums {
    /// Those of each fold's rows.
    pub(super) folds: Vec<Moments>,
    /// The least and the greatest value of each feature.
    pub(super) ranges: Vec<(f64, f64)>,
}

/// Rows in memory.
#[derive(Debug, Default)]
pub(super) struct KeptRows {
    /// Features and then the target, row by row.
    pub(super) values: Vec<f64>,
    pub(super) lines: Vec<u64>,
    /// Fingerprints, where they are wanted.
    pub(super) hashes: Vec<u64>,
}

impl KeptRows {
    pub(super) fn len(&self) -> usize {
        self.lines.len()
    }

    /// Makes room for so many rows of so many numbers.
    pub(super) fn reserve(&mut self, rows: usize, numbers: usize) {
        self.values.reserve_exact(rows * numbers);
        self.lines.reserve_exact(rows);
        self.hashes.reserve_exact(rows);
    }

    pub(super) fn append(&mut self, other: &KeptRows) {
        let KeptRows { values, lines, hashes } = other;
        self.values.extend_from_slice(values);
        self.lines.extend_from_slice(lines);
        self.hashes.extend_from_slice(hashes);
    }

    /// Adds rows that are given as columns.
    pub(super) fn append_group(&mut self, other: &ByFold) {
        let columns = other.columns();
        for place in other.places() {
            self.values.extend(columns.iter().map(|column| column[*place as usize]));
        }
        self.lines.extend_from_slice(other.in_order());
        self.hashes.extend_from_slice(other.hashes());
    }

    /// Returns features and target of each row, and its line.
    pub(super) fn iter(&self) -> impl Iterator<Item = (&[f64], u64)> {
        let width = self.values.len() / self.len().max(1);
        self.values.chunks_exact(width.max(1)).zip(self.lines.iter().copied())
    }
}

impl Sums {
    pub(super) fn new(width: usize) -> Sums {
        Sums {
            folds: (0..FOLDS).map(|_| Moments::new(width)).collect(),
            ranges: vec![(f64::INFINITY, f64::NEG_INFINITY); width],
        }
    }

    /// Returns how many rows there are.
    pub(super) fn count(&self) -> u64 {
        self.folds.iter().map(|fold| fold.product(fold.features() + 1, fold.features() + 1) as u64).sum()
    }

    /// Adds a row of a fold: its features and then the target.
    #[inline]
    pub(super) fn add(&mut self, values: &[f64], fold: usize, weighting: Weighting) {
        for (value, range) in values.iter().zip(&mut self.ranges) {
            *range = (range.0.min(*value), range.1.max(*value));
        }
        let factor = match weighting {
            Weighting::Absolute => 1.0,
            Weighting::Relative => 1.0 / values[values.len() - 1].abs(),
        };
        self.folds[fold].add_weighted(values, factor);
    }

    /// Adds rows in columns, the features and then the target; `strips` has the rows of folds.
    pub(super) fn add_columns(
        &mut self,
        columns: &[&[f64]],
        strips: impl Iterator<Item = (Range<usize>, usize)>,
        weighting: Weighting,
    ) {
        if self.folds.is_empty() {
            *self = Sums::new(columns.len() - 1);
        }
        for (range, column) in self.ranges.iter_mut().zip(columns) {
            *range = range_with(*range, column);
        }
        let factors = columns.last().and_then(|target| weights(target, weighting));
        let weighted = |column: &[f64]| -> Vec<f64> {
            factors.iter().flatten().zip(column).map(|(factor, value)| value * factor).collect()
        };
        let columns: Vec<Cow<'_, [f64]>> = columns
            .iter()
            .map(|column| if factors.is_some() { Cow::Owned(weighted(column)) } else { Cow::Borrowed(*column) })
            .collect();
        let columns: Vec<&[f64]> = columns.iter().map(Cow::as_ref).collect();
        for (rows, fold) in strips {
            self.folds[fold].add_columns(&columns, rows);
        }
    }

    pub(super) fn merge(&mut self, other: Sums) {
        if self.folds.is_empty() {
            *self = other;
            return;
        }
        self.folds.iter_mut().zip(&other.folds).for_each(|(fold, other)| fold.merge(other));
        for (range, other) in self.ranges.iter_mut().zip(other.ranges) {
            *range = (range.0.min(other.0), range.1.max(other.1));
        }
    }
}

impl Group {
    pub(super) fn new(key: GroupKey) -> Group {
        Group { key, sums: Sums::default(), ops: Vec::new(), rows: KeptRows::default() }
    }

    pub(super) fn count_op(&mut self, op: &str, rows: u64) {
        match self.ops.iter_mut().find(|(known, _)| known == op) {
            Some((_, count)) => *count += rows,
            None => self.ops.push((op.to_owned(), rows)),
        }
    }
}

/// Returns the factor of each row; none: they are all 1.
fn weights(target: &[f64], weighting: Weighting) -> Option<Vec<f64>> {
    match weighting {
        Weighting::Absolute => None,
        Weighting::Relative => Some(target.iter().map(|target| 1.0 / target.abs()).collect()),
    }
}

/// Widens a range to hold some finite values, four side by side.
fn range_with(range: (f64, f64), values: &[f64]) -> (f64, f64) {
    let least = |one: f64, other: f64| if other < one { other } else { one };
    let most = |one: f64, other: f64| if other > one { other } else { one };
    let (chunks, rest) = values.as_chunks::<4>();
    let (mut low, mut high) = ([range.0; 4], [range.1; 4]);
    for chunk in chunks {
        for lane in 0..4 {
            low[lane] = least(low[lane], chunk[lane]);
            high[lane] = most(high[lane], chunk[lane]);
        }
    }
    let low = low.iter().chain(rest).copied().fold(range.0, least);
    (low, high.iter().chain(rest).copied().fold(range.1, most))
}
