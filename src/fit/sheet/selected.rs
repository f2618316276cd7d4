//! Which rows of some cells are left.

use crate::expr::{Cells as Values, Column};
use crate::fit::table::Lines;
use std::borrow::Cow;

/// The rows that are left, by their index in the cells.
pub(super) struct Kept {
    /// None: all.
    pub(super) rows: Option<Vec<u32>>,
    pub(super) all: usize,
}

impl Kept {
    pub(super) fn len(&self) -> usize {
        self.rows.as_ref().map_or(self.all, Vec::len)
    }

    /// Returns the index in the cells.
    pub(super) fn row(&self, index: usize) -> usize {
        self.rows.as_ref().map_or(index, |rows| rows[index] as usize)
    }

    /// Keeps rows by their index among those that are left.
    pub(super) fn retain(&mut self, keep: impl Fn(usize) -> bool) {
        let rows: Vec<u32> = (0..self.len()).filter(|index| keep(*index)).map(|index| self.row(index) as u32).collect();
        if rows.len() < self.len() {
            self.rows = Some(rows);
        }
    }

    /// Keeps rows by their index in the cells.
    pub(super) fn retain_rows(&mut self, mut keep: impl FnMut(usize) -> bool) {
        let rows: Vec<u32> =
            (0..self.len()).map(|index| self.row(index) as u32).filter(|row| keep(*row as usize)).collect();
        if rows.len() < self.len() {
            self.rows = Some(rows);
        }
    }

    pub(super) fn take<'c, T: Copy>(&self, values: &'c [T]) -> Cow<'c, [T]> {
        match &self.rows {
            None => Cow::Borrowed(values),
            Some(rows) => rows.iter().map(|row| values[*row as usize]).collect(),
        }
    }

    pub(super) fn lines<'c>(&self, lines: &'c Lines) -> Cow<'c, Lines> {
        let Some(rows) = &self.rows else { return Cow::Borrowed(lines) };
        let mut kept = Lines::default();
        rows.iter().for_each(|row| kept.push(lines.at(*row as usize)));
        Cow::Owned(kept)
    }

    fn owned<T: Copy>(&self, values: &[T]) -> Cow<'static, [T]> {
        Cow::Owned(self.take(values).into_owned())
    }

    pub(super) fn column<'c>(&self, column: &Column<'c>) -> Column<'c> {
        if self.rows.is_none() {
            return column.clone();
        }
        let cells = match &column.cells {
            Values::Numbers(numbers) => Values::Numbers(self.owned(numbers)),
            Values::Bools(bools) => Values::Bools(self.owned(bools)),
            Values::Words { codes, words } => Values::Words { codes: self.owned(codes), words: words.clone() },
            Values::Absent => Values::Absent,
        };
        let present: Option<Cow<'c, [bool]>> = column.present.as_ref().map(|present| self.owned(present));
        // What is everywhere needs no mask.
        Column { cells, present: present.filter(|present| present.contains(&false)) }
    }
}
