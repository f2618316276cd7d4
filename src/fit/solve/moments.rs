//! Sums of products of columns: all that least squares need, in constant memory.
//!
//! The columns are the features, the target and a one, so the sums hold `X'X`, `X'y`, `y'y`, the sums of
//! all columns and the number of rows. Sums of parts of a table add up to those of the whole.

use std::ops::Range;

/// Rows added up before they join the total, so that what they need stays in the first-level cache.
const STRIP: usize = 512;

/// Sums of products; the upper triangle, row by row.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::fit) struct Moments {
    features: usize,
    sums: Vec<f64>,
}

impl Moments {
    pub(in crate::fit) fn new(features: usize) -> Moments {
        let size = features + 2;
        Moments { features, sums: vec![0.0; size * (size + 1) / 2] }
    }

    /// Forgets all rows.
    pub(in crate::fit) fn clear(&mut self) {
        self.sums.fill(0.0);
    }

    /// Adds a row: the features and then the target.
    pub(in crate::fit) fn add_row(&mut self, row: &[f64]) {
        self.add_weighted(row, 1.0);
    }

    /// Adds a row after all of it is multiplied by a factor.
    #[inline]
    pub(in crate::fit) fn add_weighted(&mut self, row: &[f64], factor: f64) {
        // Loops of a known length need no counting.
        match row.len() {
            2 => add_products::<3>(&mut self.sums, row, factor),
            3 => add_products::<4>(&mut self.sums, row, factor),
            4 => add_products::<5>(&mut self.sums, row, factor),
            5 => add_products::<6>(&mut self.sums, row, factor),
            6 => add_products::<7>(&mut self.sums, row, factor),
            7 => add_products::<8>(&mut self.sums, row, factor),
            _ => self.add_any(row, factor),
        }
    }

    fn add_any(&mut self, row: &[f64], factor: f64) {
        let mut sums = self.sums.iter_mut();
        for (index, value) in row.iter().enumerate() {
            let value = value * factor;
            for (other, sum) in row[index..].iter().zip(&mut sums) {
                *sum += value * (other * factor);
            }
            if let Some(sum) = sums.next() {
                *sum += value;
            }
        }
        if let Some(sum) = sums.next() {
            *sum += 1.0;
        }
    }

    /// Adds many rows, given as columns: the features and then the target.
    pub(in crate::fit) fn add_columns(&mut self, columns: &[&[f64]], rows: Range<usize>) {
        let mut from = rows.start;
        while from < rows.end {
            let range = from..rows.end.min(from + STRIP);
            let mut at = 0;
            for (index, column) in columns.iter().enumerate() {
                let column = &column[range.clone()];
                for other in &columns[index..] {
                    self.sums[at] += dot(column, &other[range.clone()]);
                    at += 1;
                }
                self.sums[at] += sum(column);
                at += 1;
            }
            self.sums[at] += range.len() as f64;
            from = range.end;
        }
    }

    /// Adds the sums of other rows.
    pub(in crate::fit) fn merge(&mut self, other: &Moments) {
        self.sums.iter_mut().zip(&other.sums).for_each(|(sum, other)| *sum += other);
    }

    /// Returns the sum of the products of two columns; the target's number is that of features, the
    /// one's is next.
    pub(in crate::fit) fn product(&self, one: usize, other: usize) -> f64 {
        let (row, column) = if one <= other { (one, other) } else { (other, one) };
        let size = self.features + 2;
        self.sums[row * size - row * row.saturating_sub(1) / 2 + column - row]
    }

    /// Returns the number of features.
    pub(in crate::fit) fn features(&self) -> usize {
        self.features
    }
}

/// Adds the products of a row and a one, which are so many numbers, to sums.
#[inline]
fn add_products<const NUMBERS: usize>(sums: &mut [f64], row: &[f64], factor: f64) {
    let mut numbers = [1.0; NUMBERS];
    numbers.iter_mut().zip(row).for_each(|(number, value)| *number = value * factor);
    let sums = &mut sums[..NUMBERS * (NUMBERS + 1) / 2];
    let mut at = 0;
    for one in 0..NUMBERS {
        for other in one..NUMBERS {
            sums[at] += numbers[one] * numbers[other];
            at += 1;
        }
    }
}

/// The sum of products, in four parts that the processor adds side by side.
pub(in crate::fit) fn dot(left: &[f64], right: &[f64]) -> f64 {
    let (lefts, left_rest) = left.as_chunks::<4>();
    let (rights, right_rest) = right.as_chunks::<4>();
    let mut parts = [0.0; 4];
    for (left, right) in lefts.iter().zip(rights) {
        for lane in 0..4 {
            parts[lane] += left[lane] * right[lane];
        }
    }
    let rest: f64 = left_rest.iter().zip(right_rest).map(|(left, right)| left * right).sum();
    (parts[0] + parts[1]) + (parts[2] + parts[3]) + rest
}

/// The sum of values, in the same four parts.
pub(in crate::fit) fn sum(values: &[f64]) -> f64 {
    let (chunks, rest) = values.as_chunks::<4>();
    let mut parts = [0.0; 4];
    for chunk in chunks {
        for lane in 0..4 {
            parts[lane] += chunk[lane];
        }
    }
    (parts[0] + parts[1]) + (parts[2] + parts[3]) + rest.iter().sum::<f64>()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::Random;

    #[test]
    fn rows_of_any_length_give_the_same_sums() {
        let mut random = Random::new(4);
        for features in 0..9 {
            let (mut one, mut other) = (Moments::new(features), Moments::new(features));
            for _ in 0..20 {
                let row: Vec<f64> = (0..=features).map(|_| random.normal()).collect();
                one.add_weighted(&row, 0.3);
                other.add_any(&row, 0.3);
            }
            assert_eq!(one, other);
            assert_eq!(one.product(features + 1, features + 1), 20.0);
        }
    }

    #[test]
    fn rows_and_columns_give_the_same_sums() {
        let mut random = Random::new(3);
        let columns: Vec<Vec<f64>> = (0..3).map(|_| (0..1500).map(|_| random.normal()).collect()).collect();
        let mut by_columns = Moments::new(2);
        let slices: Vec<&[f64]> = columns.iter().map(Vec::as_slice).collect();
        by_columns.add_columns(&slices, 0..700);
        by_columns.add_columns(&slices, 700..1500);
        let (mut by_rows, mut second) = (Moments::new(2), Moments::new(2));
        for row in 0..1500 {
            let row_values: Vec<f64> = columns.iter().map(|column| column[row]).collect();
            if row < 700 { by_rows.add_row(&row_values) } else { second.add_row(&row_values) }
        }
        by_rows.merge(&second);
        assert_eq!(by_rows.product(3, 3), 1500.0);
        for one in 0..4 {
            for other in 0..4 {
                let value = |column: usize, row: usize| columns.get(column).map_or(1.0, |column| column[row]);
                let expected: f64 = (0..1500).map(|row| value(one, row) * value(other, row)).sum();
                for found in [by_columns.product(one, other), by_rows.product(one, other)] {
                    assert!((found - expected).abs() < 1e-9, "{one} {other}: {found} {expected}");
                }
            }
        }
    }
}
