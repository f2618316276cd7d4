//! Least squares as a triangle: the `R` of `X = QR` and `z = Q'y`, out of sums of products (Cholesky) or
//! row by row (Givens rotations), which loses no digits to the square of the condition.
//!
//! Formulas: Golub and Van Loan, "Matrix Computations", 4.2 and 5.2.

use super::moments::Moments;

/// Triangles out of sums of products resolve less.
const ROTATED: f64 = 1e-9;

/// `min |R b - z|`, the small problem that has the solution of the large one.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::fit) struct Triangle {
    /// The number of features, which is the order of `R`.
    pub(super) size: usize,
    /// `R`, row by row, with zeros below the diagonal.
    pub(super) factor: Vec<f64>,
    /// `z`.
    pub(super) right: Vec<f64>,
    /// The part of `y'y` that no feature reaches.
    pub(super) rest: f64,
    /// What a column must keep of its length beside the others, as a share, to be told from them.
    pub(super) resolution: f64,
}

impl Triangle {
    /// Factors sums of products. A column that depends on those before it leaves a row of zeros.
    pub(in crate::fit) fn of_moments(moments: &Moments) -> Triangle {
        Triangle::of_products(moments.features(), |one, other| moments.product(one, other))
    }

    /// Factors sums of products of so many features and, behind them, the target.
    fn of_products(size: usize, products: impl Fn(usize, usize) -> f64) -> Triangle {
        let mut factor = vec![0.0; size * size];
        for row in 0..size {
            let above =
                |column: usize| (0..row).map(|k| factor[k * size + row] * factor[k * size + column]).sum::<f64>();
            let diagonal = products(row, row);
            let left = diagonal - above(row);
            if left <= diagonal * 1e-13 {
                continue;
            }
            let pivot = left.sqrt();
            let values: Vec<f64> =
                (row + 1..size).map(|column| (products(row, column) - above(column)) / pivot).collect();
            factor[row * size + row] = pivot;
            factor[row * size + row + 1..(row + 1) * size].copy_from_slice(&values);
        }
        let mut right = vec![0.0; size];
        for row in 0..size {
            let pivot = factor[row * size + row];
            if pivot > 0.0 {
                let above: f64 = (0..row).map(|k| factor[k * size + row] * right[k]).sum();
                right[row] = (products(row, size) - above) / pivot;
            }
        }
        let rest = (products(size, size) - right.iter().map(|z| z * z).sum::<f64>()).max(0.0);
        Triangle { size, factor, right, rest, resolution: 1e-6 }
    }

    /// Returns the triangle of the rows but one: its features and then its target, weighted as it was added.
    pub(in crate::fit) fn without(&self, row: &[f64]) -> Triangle {
        let size = self.size;
        let mut columns: Vec<Vec<f64>> = (0..size).map(|index| self.column(index).collect()).collect();
        columns.push(self.right.clone());
        let products = |one: usize, other: usize| {
            let sum: f64 = columns[one].iter().zip(&columns[other]).map(|(one, other)| one * other).sum();
            let rest = if one == size && other == size { self.rest } else { 0.0 };
            sum + rest - row[one] * row[other]
        };
        Triangle::of_products(size, products)
    }

    /// Returns the sum of squared errors that coefficients leave.
    pub(in crate::fit) fn squares_left(&self, coefficients: &[f64]) -> f64 {
        let left = self.times(coefficients).into_iter().zip(&self.right).map(|(known, right)| (right - known).powi(2));
        left.sum::<f64>() + self.rest
    }

    /// Returns the sum of squared predictions.
    pub(in crate::fit) fn squares_of(&self, coefficients: &[f64]) -> f64 {
        self.times(coefficients).into_iter().map(|value| value * value).sum()
    }

    /// Returns the sum of the squared targets.
    pub(in crate::fit) fn target_squares(&self) -> f64 {
        self.right.iter().map(|value| value * value).sum::<f64>() + self.rest
    }

    fn times(&self, coefficients: &[f64]) -> Vec<f64> {
        let rows = self.factor.chunks_exact(self.size.max(1));
        rows.map(|row| row.iter().zip(coefficients).map(|(value, b)| value * b).sum()).collect()
    }

    /// Tells whether rows were rotated into it, which loses fewer digits than sums of products.
    pub(super) fn is_rotated(&self) -> bool {
        self.resolution < ROTATED
    }

    /// Returns the triangle of no rows.
    pub(in crate::fit) fn empty(size: usize) -> Triangle {
        Triangle { size, factor: vec![0.0; size * size], right: vec![0.0; size], rest: 0.0, resolution: 1e-11 }
    }

    /// Rotates a row into the triangle: the features and then the target. The row is used up.
    pub(in crate::fit) fn add_row(&mut self, row: &mut [f64]) {
        let size = self.size;
        for index in 0..size {
            if row[index] == 0.0 {
                continue;
            }
            let pivot = self.factor[index * size + index];
            let length = pivot.hypot(row[index]);
            let (cosine, sine) = (pivot / length, row[index] / length);
            let own = &mut self.factor[index * size + index..(index + 1) * size];
            for (own, other) in own.iter_mut().zip(&mut row[index..size]) {
                (*own, *other) = (cosine * *own + sine * *other, cosine * *other - sine * *own);
            }
            let (own, other) = (self.right[index], row[size]);
            self.right[index] = cosine * own + sine * other;
            row[size] = cosine * other - sine * own;
        }
        self.rest += row[size] * row[size];
    }

    /// Rotates the rows of another triangle into this one.
    pub(in crate::fit) fn merge(&mut self, other: &Triangle) {
        let mut row = vec![0.0; self.size + 1];
        for index in 0..self.size {
            row[..self.size].copy_from_slice(&other.factor[index * self.size..(index + 1) * self.size]);
            row[self.size] = other.right[index];
            self.add_row(&mut row);
        }
        self.rest += other.rest;
    }

    /// Returns a column of `R`.
    pub(super) fn column(&self, index: usize) -> impl Iterator<Item = f64> {
        self.factor.iter().skip(index).step_by(self.size.max(1)).copied()
    }

    /// Returns the length of a feature's column.
    pub(in crate::fit) fn length(&self, index: usize) -> f64 {
        self.column(index).map(|value| value * value).sum::<f64>().sqrt()
    }

    /// Returns the largest and the smallest singular value of `X`, by one-sided Jacobi rotations; `scaled`
    /// takes all columns at length 1.
    pub(in crate::fit) fn singular_values(&self, scaled: bool) -> (f64, f64) {
        let size = self.size;
        let mut columns: Vec<Vec<f64>> = (0..size).map(|index| self.column(index).collect()).collect();
        if scaled {
            for column in &mut columns {
                let length = column.iter().map(|value| value * value).sum::<f64>().sqrt();
                if length > 0.0 {
                    column.iter_mut().for_each(|value| *value /= length);
                }
            }
        }
        let inner = |one: &[f64], other: &[f64]| one.iter().zip(other).map(|(one, other)| one * other).sum::<f64>();
        for _ in 0..60 {
            let mut rotated = false;
            for one in 0..size {
                for other in one + 1..size {
                    let (a, b, c) = (
                        inner(&columns[one], &columns[one]),
                        inner(&columns[other], &columns[other]),
                        inner(&columns[one], &columns[other]),
                    );
                    if c.abs() <= 1e-15 * (a * b).sqrt() || c == 0.0 {
                        continue;
                    }
                    rotated = true;
                    let zeta = (b - a) / (2.0 * c);
                    let tangent = 1f64.copysign(zeta) / (zeta.abs() + zeta.hypot(1.0));
                    let cosine = 1.0 / tangent.hypot(1.0);
                    let sine = cosine * tangent;
                    let (before, from) = columns.split_at_mut(other);
                    for (x, y) in before[one].iter_mut().zip(&mut from[0]) {
                        (*x, *y) = (cosine * *x - sine * *y, sine * *x + cosine * *y);
                    }
                }
            }
            if !rotated {
                break;
            }
        }
        let lengths = columns.iter().map(|column| inner(column, column).sqrt());
        lengths.fold((0.0, f64::INFINITY), |(most, least), length| (length.max(most), length.min(least)))
    }

    /// Returns the condition number of `X`; infinite where a column depends on others.
    pub(in crate::fit) fn condition(&self, scaled: bool) -> f64 {
        let (most, least) = self.singular_values(scaled);
        if least > most * 1e-15 { most / least } else { f64::INFINITY }
    }

    /// Tells whether a column depends on some others.
    pub(in crate::fit) fn depends(&self, index: usize, others: &[usize]) -> bool {
        let length = self.length_beside(index, others);
        length <= self.length(index) * self.resolution.max(1e-9)
    }

    /// Returns the length of what of a column is orthogonal to some others.
    pub(super) fn length_beside(&self, index: usize, others: &[usize]) -> f64 {
        self.beside(index, others).iter().map(|value| value * value).sum::<f64>().sqrt()
    }

    /// Returns the coefficient that a column would have beside some others, of either sign.
    pub(in crate::fit) fn coefficient_beside(&self, index: usize, others: &[usize]) -> f64 {
        let left = self.beside(index, others);
        let inner = |values: &[f64]| left.iter().zip(values).map(|(one, other)| one * other).sum::<f64>();
        let length = inner(&left);
        if length > 0.0 { inner(&self.right) / length } else { 0.0 }
    }

    /// Returns what of a column is orthogonal to some others (Gram and Schmidt, twice for accuracy).
    fn beside(&self, index: usize, others: &[usize]) -> Vec<f64> {
        let mut basis: Vec<Vec<f64>> = Vec::new();
        let mut left = Vec::new();
        for column in others.iter().chain([&index]) {
            left = self.column(*column).collect::<Vec<f64>>();
            for _ in 0..2 {
                for direction in &basis {
                    let inner: f64 = left.iter().zip(direction).map(|(one, other)| one * other).sum();
                    left.iter_mut().zip(direction).for_each(|(value, part)| *value -= inner * part);
                }
            }
            let length = left.iter().map(|value| value * value).sum::<f64>().sqrt();
            if length > 0.0 {
                basis.push(left.iter().map(|value| value / length).collect());
            }
        }
        left
    }

    /// Returns the inverse of `X'X` over some of the columns, which are independent.
    pub(in crate::fit) fn inverse(&self, columns: &[usize]) -> Vec<Vec<f64>> {
        let count = columns.len();
        // Gauss and Jordan on the scaled products, which are positive definite.
        let lengths: Vec<f64> = columns.iter().map(|column| self.length(*column)).collect();
        let mut left: Vec<Vec<f64>> = (0..count)
            .map(|one| {
                let product = |other: usize| -> f64 {
                    let products = self.column(columns[one]).zip(self.column(columns[other]));
                    products.map(|(a, b)| a * b).sum::<f64>() / (lengths[one] * lengths[other])
                };
                (0..count).map(product).collect()
            })
            .collect();
        let mut right: Vec<Vec<f64>> =
            (0..count).map(|row| (0..count).map(|column| f64::from(u8::from(row == column))).collect()).collect();
        for pivot in 0..count {
            let scale = left[pivot][pivot];
            for column in 0..count {
                left[pivot][column] /= scale;
                right[pivot][column] /= scale;
            }
            for row in (0..count).filter(|row| *row != pivot) {
                let factor = left[row][pivot];
                for column in 0..count {
                    left[row][column] -= factor * left[pivot][column];
                    right[row][column] -= factor * right[pivot][column];
                }
            }
        }
        for (row, values) in right.iter_mut().enumerate() {
            values.iter_mut().enumerate().for_each(|(column, value)| *value /= lengths[row] * lengths[column]);
        }
        right
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::Random;

    fn both(rows: &[[f64; 3]]) -> [Triangle; 2] {
        let (mut moments, mut triangle) = (Moments::new(2), Triangle::empty(2));
        for row in rows {
            moments.add_row(row);
            triangle.add_row(&mut row.clone());
        }
        [Triangle::of_moments(&moments), triangle]
    }

    #[test]
    fn sums_and_rotations_agree() {
        let mut random = Random::new(7);
        let rows: Vec<[f64; 3]> = (0..50).map(|_| [random.normal(), random.normal() + 2.0, random.normal()]).collect();
        let [sums, rotations] = both(&rows);
        for (one, other) in sums.factor.iter().zip(&rotations.factor).chain(sums.right.iter().zip(&rotations.right)) {
            assert!((one.abs() - other.abs()).abs() < 1e-10, "{sums:?} {rotations:?}");
        }
        assert!((sums.rest - rotations.rest).abs() < 1e-9);
        let (mut first, second) = (both(&rows[..20])[1].clone(), both(&rows[20..])[1].clone());
        first.merge(&second);
        assert!((first.rest - rotations.rest).abs() < 1e-9);
        assert!((first.condition(false) / rotations.condition(false) - 1.0).abs() < 1e-9);
    }

    #[test]
    fn conditions_by_hand() {
        // Columns (3, 0) and (0, 4) of an orthogonal X.
        let [sums, rotations] = both(&[[3.0, 0.0, 1.0], [0.0, 4.0, 2.0]]);
        for triangle in [sums, rotations] {
            assert!((triangle.condition(false) - 4.0 / 3.0).abs() < 1e-12);
            assert!((triangle.condition(true) - 1.0).abs() < 1e-12);
            let inverse = triangle.inverse(&[0, 1]);
            assert!((inverse[0][0] - 1.0 / 9.0).abs() < 1e-12 && (inverse[1][1] - 1.0 / 16.0).abs() < 1e-12);
            assert!(inverse[0][1].abs() < 1e-12);
        }
        let [sums, rotations] = both(&[[1.0, 2.0, 1.0], [3.0, 6.0, 2.0], [2.0, 4.0, 0.0]]);
        assert!(sums.condition(true) > 1e7 && rotations.condition(true) > 1e12);
    }
}
