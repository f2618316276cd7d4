//! The values of one kind in one block of rows, and operations on them.

use std::borrow::Cow;

/// The same value for all rows of a block, or one for each.
#[derive(Debug, Clone)]
pub(super) enum Strip<'a, T: Copy> {
    One(T),
    Many(Cow<'a, [T]>),
}

impl<'a, T: Copy> Strip<'a, T> {
    pub(super) fn get(&self, row: usize) -> T {
        match self {
            Strip::One(value) => *value,
            Strip::Many(values) => values[row],
        }
    }

    pub(super) fn map<U: Copy>(self, f: impl Fn(T) -> U) -> Strip<'a, U> {
        match self {
            Strip::One(value) => Strip::One(f(value)),
            Strip::Many(values) => Strip::Many(values.iter().map(|&value| f(value)).collect::<Vec<U>>().into()),
        }
    }

    /// Applies `f` to both, row by row.
    pub(super) fn zip<'b, U: Copy, V: Copy>(&self, other: &Strip<'_, U>, f: impl Fn(T, U) -> V) -> Strip<'b, V> {
        let many: Vec<V> = match (self, other) {
            (Strip::One(left), Strip::One(right)) => return Strip::One(f(*left, *right)),
            (Strip::Many(left), Strip::One(right)) => left.iter().map(|&left| f(left, *right)).collect(),
            (Strip::One(left), Strip::Many(right)) => right.iter().map(|&right| f(*left, right)).collect(),
            (Strip::Many(left), Strip::Many(right)) => {
                left.iter().zip(right.iter()).map(|(&left, &right)| f(left, right)).collect()
            }
        };
        Strip::Many(many.into())
    }

    /// As `zip`, for operands and results of one kind: the memory of an operand is used again.
    pub(super) fn fuse(self, other: Strip<'a, T>, f: impl Fn(T, T) -> T) -> Strip<'a, T> {
        match (self, other) {
            (Strip::Many(Cow::Owned(mut left)), Strip::One(right)) => {
                left.iter_mut().for_each(|left| *left = f(*left, right));
                Strip::Many(left.into())
            }
            (Strip::Many(Cow::Owned(mut left)), Strip::Many(right)) => {
                left.iter_mut().zip(right.iter()).for_each(|(left, &right)| *left = f(*left, right));
                Strip::Many(left.into())
            }
            (Strip::One(left), Strip::Many(Cow::Owned(mut right))) => {
                right.iter_mut().for_each(|right| *right = f(left, *right));
                Strip::Many(right.into())
            }
            (Strip::Many(left), Strip::Many(Cow::Owned(mut right))) => {
                left.iter().zip(right.iter_mut()).for_each(|(&left, right)| *right = f(left, *right));
                Strip::Many(right.into())
            }
            (left, right) => left.zip(&right, f),
        }
    }

    /// Takes `self` in the rows where `condition` holds, else `other`.
    pub(super) fn select(self, other: Strip<'_, T>, condition: &[bool]) -> Strip<'a, T> {
        let rows = condition.iter().enumerate();
        let many = rows.map(|(row, &holds)| if holds { self.get(row) } else { other.get(row) });
        Strip::Many(many.collect::<Vec<T>>().into())
    }

    /// Appends all rows to a column.
    pub(super) fn append_to(&self, column: &mut Vec<T>, rows: usize) {
        match self {
            Strip::One(value) => column.resize(column.len() + rows, *value),
            Strip::Many(values) => column.extend_from_slice(values),
        }
    }
}
