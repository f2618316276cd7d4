//! A few rows beside what a model says of them, column by column, so that the processor works on several at
//! a time and what they need stays in the first-level cache.

use super::deviations::Known;
use std::ops::Range;

/// Rows of a strip, at most.
pub(super) const MOST: usize = 64;

/// Rows that stand together.
pub(super) struct Strip<'c> {
    /// The features and then the target.
    columns: &'c [&'c [f64]],
    rows: Range<usize>,
    lines: [u64; MOST],
    predictions: [f64; MOST],
    left_out: [f64; MOST],
}

/// Rows of a strip that are in the same fold, the first of the strip being 0.
pub(super) type Piece = (Range<usize>, usize);

/// Cuts rows into strips, and calls `take` with the rows of each and its pieces; `folds` has rows, each range where the
/// one before ends, and their folds. Those that fit into one strip are not cut.
pub(super) fn each_strip(
    folds: impl Iterator<Item = (Range<usize>, usize)>,
    mut take: impl FnMut(Range<usize>, &[Piece]),
) {
    let mut pieces: Vec<Piece> = Vec::new();
    let mut strip = 0..0;
    let mut end = |strip: &mut Range<usize>, pieces: &mut Vec<Piece>| {
        if strip.start < strip.end {
            take(strip.clone(), pieces);
        }
        pieces.clear();
        *strip = strip.end..strip.end;
    };
    for (mut rows, fold) in folds {
        if strip.is_empty() {
            strip = rows.start..rows.start;
        }
        while !rows.is_empty() {
            if rows.len() <= MOST && rows.len() > MOST - strip.len() {
                end(&mut strip, &mut pieces);
            }
            let count = rows.len().min(MOST - strip.len());
            pieces.push((strip.len()..strip.len() + count, fold));
            strip.end += count;
            rows.start += count;
            if strip.len() == MOST {
                end(&mut strip, &mut pieces);
            }
        }
    }
    end(&mut strip, &mut pieces);
}

impl<'c> Strip<'c> {
    /// Predicts at most `MOST` rows; the next of `lines` are theirs.
    pub(super) fn new(
        columns: &'c [&'c [f64]],
        rows: Range<usize>,
        pieces: &[Piece],
        lines: &mut impl Iterator<Item = u64>,
        known: &Known,
    ) -> Strip<'c> {
        let mut strip = Strip { columns, rows, lines: [0; MOST], predictions: [0.0; MOST], left_out: [0.0; MOST] };
        strip.lines.iter_mut().zip(lines.take(strip.rows.len())).for_each(|(place, line)| *place = line);
        strip.predictions = strip.predict([(0..strip.rows.len(), known.coefficients.as_slice())]);
        strip.left_out = strip.predict(pieces.iter().map(|(rows, fold)| (rows.clone(), known.folds[*fold].as_slice())));
        strip
    }

    /// Predicts rows, each of some pieces with its coefficients.
    fn predict<'k>(&self, pieces: impl IntoIterator<Item = (Range<usize>, &'k [f64])>) -> [f64; MOST] {
        let mut predictions = [0.0; MOST];
        for (rows, coefficients) in pieces {
            for (coefficient, column) in coefficients.iter().zip(self.features()) {
                let rows = predictions[rows.clone()].iter_mut().zip(&column[rows.clone()]);
                rows.for_each(|(sum, value)| *sum += coefficient * value);
            }
        }
        predictions
    }

    /// Returns how many rows there are.
    pub(super) fn len(&self) -> usize {
        self.rows.len()
    }

    pub(super) fn lines(&self) -> &[u64] {
        &self.lines[..self.len()]
    }

    pub(super) fn predictions(&self) -> &[f64] {
        &self.predictions[..self.len()]
    }

    pub(super) fn target(&self) -> &'c [f64] {
        &self.columns[self.columns.len() - 1][self.rows.clone()]
    }

    /// Returns the columns of the features.
    pub(super) fn features(&self) -> impl Iterator<Item = &'c [f64]> + Clone {
        let (columns, rows) = (self.columns, &self.rows);
        let rows = rows.clone();
        columns[..columns.len() - 1].iter().map(move |column| &column[rows.clone()])
    }

    /// Returns the features and then the target of a row.
    pub(super) fn values(&self, row: usize) -> Vec<f64> {
        self.columns.iter().map(|column| column[self.rows.start + row]).collect()
    }

    /// Adds what is kept of a row that is drawn: features, target, prediction, and that of the fit without it.
    pub(super) fn sample(&self, row: usize, values: &mut Vec<f64>) {
        values.extend(self.columns.iter().map(|column| column[self.rows.start + row]));
        values.extend([self.predictions[row], self.left_out[row]]);
    }

    /// Makes a value of each row's target, prediction, and prediction of the fit that leaves it out; zeros
    /// stand behind the last.
    #[inline]
    pub(super) fn each(&self, value: impl Fn(f64, f64, f64) -> f64) -> [f64; MOST] {
        let mut values = [0.0; MOST];
        let rows = self.target().iter().zip(&self.predictions).zip(&self.left_out);
        for (place, ((target, prediction), left_out)) in values.iter_mut().zip(rows) {
            *place = value(*target, *prediction, *left_out);
        }
        values
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn strips(lengths: &[usize]) -> Vec<(Range<usize>, Vec<Piece>)> {
        let mut start = 5;
        let folds = lengths.iter().enumerate().map(|(fold, length)| {
            start += length;
            (start - length..start, fold)
        });
        let mut strips = Vec::new();
        each_strip(folds, |rows, pieces| strips.push((rows, pieces.to_vec())));
        strips
    }

    #[test]
    fn strips_by_hand() {
        assert_eq!(strips(&[]), []);
        assert_eq!(strips(&[64, 64]), [(5..69, vec![(0..64, 0)]), (69..133, vec![(0..64, 1)])]);
        assert_eq!(
            strips(&[2, 64, 3]),
            [(5..7, vec![(0..2, 0)]), (7..71, vec![(0..64, 1)]), (71..74, vec![(0..3, 2)])]
        );
        assert_eq!(
            strips(&[80, 70]),
            [(5..69, vec![(0..64, 0)]), (69..133, vec![(0..16, 0), (16..64, 1)]), (133..155, vec![(0..22, 1)])]
        );
    }

    proptest! {
        #[test]
        fn every_row_is_in_a_strip_once(lengths in prop::collection::vec(0usize..200, 0..9)) {
            let of_folds = lengths.iter().enumerate().flat_map(|(fold, length)| vec![fold; *length]);
            let mut found = Vec::new();
            for (rows, pieces) in strips(&lengths) {
                prop_assert_eq!(rows.start, 5 + found.len());
                prop_assert!((1..=MOST).contains(&rows.len()));
                for (rows, fold) in pieces {
                    found.extend(rows.map(|_| fold));
                }
                prop_assert_eq!(rows.end, 5 + found.len());
            }
            prop_assert_eq!(found, of_folds.collect::<Vec<_>>());
        }
    }
}
