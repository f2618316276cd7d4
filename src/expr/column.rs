//! Columns: one value for each of many rows, borrowed or owned.

use std::borrow::Cow;
use std::ops::Range;

/// The values of one name, or the results of a program, for many rows.
#[derive(Debug, Clone, PartialEq)]
pub struct Column<'a> {
    /// The values.
    pub cells: Cells<'a>,
    /// Which rows have a value; all where it is `None`.
    pub present: Option<Cow<'a, [bool]>>,
}

/// The values of a column.
#[derive(Debug, Clone, PartialEq)]
pub enum Cells<'a> {
    /// Numbers.
    Numbers(Cow<'a, [f64]>),
    /// Truth values.
    Bools(Cow<'a, [bool]>),
    /// Texts, each given by its index in a dictionary.
    Words {
        /// Indices into the dictionary.
        codes: Cow<'a, [u32]>,
        /// The dictionary; a text may stand in it twice.
        words: Cow<'a, [String]>,
    },
    /// No row has a value, so there is no kind either.
    Absent,
}

impl<'a> Column<'a> {
    /// Returns a column of numbers.
    pub fn numbers(numbers: impl Into<Cow<'a, [f64]>>) -> Column<'a> {
        Column { cells: Cells::Numbers(numbers.into()), present: None }
    }

    /// Returns a column of truth values.
    pub fn bools(bools: impl Into<Cow<'a, [bool]>>) -> Column<'a> {
        Column { cells: Cells::Bools(bools.into()), present: None }
    }

    /// Returns a column of texts: `words[codes[row]]`.
    pub fn words(codes: impl Into<Cow<'a, [u32]>>, words: impl Into<Cow<'a, [String]>>) -> Column<'a> {
        Column { cells: Cells::Words { codes: codes.into(), words: words.into() }, present: None }
    }

    /// Returns a column without any value.
    pub fn absent() -> Column<'static> {
        Column { cells: Cells::Absent, present: None }
    }

    /// Says which rows have a value; what the cells hold in the others does not matter.
    pub fn present(self, present: impl Into<Cow<'a, [bool]>>) -> Column<'a> {
        Column { present: Some(present.into()), ..self }
    }

    /// Returns some of the rows, borrowed: whoever only passes over results evaluates a large sheet
    /// in parts, so that the results stay in the cache. No rows where the range is beyond the end.
    pub fn part(&self, rows: Range<usize>) -> Column<'_> {
        let cells = match &self.cells {
            Cells::Numbers(numbers) => Cells::Numbers(numbers.get(rows.clone()).unwrap_or_default().into()),
            Cells::Bools(bools) => Cells::Bools(bools.get(rows.clone()).unwrap_or_default().into()),
            Cells::Words { codes, words } => {
                Cells::Words { codes: codes.get(rows.clone()).unwrap_or_default().into(), words: Cow::Borrowed(words) }
            }
            Cells::Absent => Cells::Absent,
        };
        let present = self.present.as_ref().map(|present| present.get(rows).unwrap_or_default().into());
        Column { cells, present }
    }

    /// Returns the numbers, if that is what the column holds.
    pub fn as_numbers(&self) -> Option<&[f64]> {
        match &self.cells {
            Cells::Numbers(numbers) => Some(numbers),
            Cells::Bools(_) | Cells::Words { .. } | Cells::Absent => None,
        }
    }

    /// Returns the truth values, if that is what the column holds.
    pub fn as_bools(&self) -> Option<&[bool]> {
        match &self.cells {
            Cells::Bools(bools) => Some(bools),
            Cells::Numbers(_) | Cells::Words { .. } | Cells::Absent => None,
        }
    }

    /// Names the kind of the values in messages.
    pub fn kind(&self) -> &'static str {
        match self.cells {
            Cells::Numbers(_) => "a number",
            Cells::Bools(_) => "a truth value",
            Cells::Words { .. } => "a text",
            Cells::Absent => "absent",
        }
    }
}
