//! The lines of rows: runs of lines that follow each other, of which most tables have one.

use std::ops::Range;

/// The line of each row.
#[derive(Debug, Clone, Default)]
pub(in crate::fit) struct Lines {
    rows: usize,
    runs: Vec<Run>,
}

/// Rows whose lines follow each other, up to the next run.
#[derive(Debug, Clone, Copy)]
struct Run {
    row: usize,
    line: u64,
}

impl Lines {
    /// Adds the line of the next row.
    #[inline]
    pub(in crate::fit) fn push(&mut self, line: u64) {
        let follows = self.runs.last().is_some_and(|run| run.line + (self.rows - run.row) as u64 == line);
        if !follows {
            self.runs.push(Run { row: self.rows, line });
        }
        self.rows += 1;
    }

    /// Forgets all rows.
    pub(super) fn clear(&mut self) {
        self.rows = 0;
        self.runs.clear();
    }

    /// Returns the line of a row.
    pub(in crate::fit) fn at(&self, row: usize) -> u64 {
        let run = match self.runs.as_slice() {
            [run] => run,
            runs => &runs[runs.partition_point(|run| run.row <= row) - 1],
        };
        run.line + (row - run.row) as u64
    }

    /// Returns the line of the last row.
    pub(in crate::fit) fn last(&self) -> Option<u64> {
        self.rows.checked_sub(1).map(|row| self.at(row))
    }

    /// Returns the lines of all rows.
    pub(in crate::fit) fn iter(&self) -> impl Iterator<Item = u64> {
        self.runs().flat_map(|(rows, line)| line..line + rows.len() as u64)
    }

    /// Returns rows whose lines follow each other, and the line of the first.
    pub(in crate::fit) fn runs(&self) -> impl Iterator<Item = (Range<usize>, u64)> {
        let ends = self.runs.iter().skip(1).map(|run| run.row).chain([self.rows]);
        self.runs.iter().zip(ends).map(|(run, end)| (run.row..end, run.line))
    }

    /// Divides the rows into blocks of lines; returns the rows of each, and its number.
    pub(in crate::fit) fn blocks(&self, size: u64) -> Vec<(Range<usize>, u64)> {
        let mut blocks: Vec<(Range<usize>, u64)> = Vec::new();
        for (rows, first) in self.runs() {
            let mut row = rows.start;
            while row < rows.end {
                let line = first + (row - rows.start) as u64;
                let block = line / size;
                let end = rows.end.min(row + ((block + 1) * size - line) as usize);
                match blocks.last_mut() {
                    Some((rows, last)) if *last == block => rows.end = end,
                    Some(_) | None => blocks.push((row..end, block)),
                }
                row = end;
            }
        }
        blocks
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn blocks_by_hand() {
        let mut lines = Lines::default();
        [2, 3, 4, 7, 9, 10, 10].iter().for_each(|line| lines.push(*line));
        assert_eq!(lines.blocks(4), [(0..2, 0), (2..4, 1), (4..7, 2)]);
        assert_eq!(Lines::default().blocks(4), []);
    }

    proptest! {
        #[test]
        fn as_they_were_added(steps in prop::collection::vec(0u64..4, 0..50), size in 1u64..9) {
            let added: Vec<u64> = steps.iter().scan(1, |line, step| { *line += step; Some(*line) }).collect();
            let mut lines = Lines::default();
            added.iter().for_each(|line| lines.push(*line));
            prop_assert_eq!(lines.iter().collect::<Vec<_>>(), added.clone());
            prop_assert_eq!((0..added.len()).map(|row| lines.at(row)).collect::<Vec<_>>(), added.clone());
            let blocks: Vec<u64> =
                lines.blocks(size).into_iter().flat_map(|(rows, block)| rows.map(move |_| block)).collect();
            prop_assert_eq!(blocks, added.iter().map(|line| line / size).collect::<Vec<_>>());
        }
    }
}
