//! The data gate: which rows take part in a fit, which do not, and why.

use super::FittedModel;
use crate::suite::Form;
use serde::Serialize;
use std::collections::{BTreeMap, HashSet};

/// Lines that a reason names.
const SHOWN: usize = 5;

/// Groups of rows that were left out which are remembered, at most.
const GROUPS: usize = 10_000;

/// What became of the rows of a table.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Gate {
    /// Records of the table.
    pub rows: u64,
    /// Rows that took part.
    pub used: u64,
    /// Rows for which `where` does not hold.
    pub filtered: u64,
    /// Rows that were left out, by reason, in the order of the table.
    pub excluded: Vec<Excluded>,
    /// Rows that are equal to an earlier one, to the last byte; none: there were too many rows to look.
    pub duplicates: Option<Duplicates>,
    /// Attribute sets of the model that no usable row is in: each holds for none, or later ones hold wherever it does.
    pub empty_sets: Vec<String>,
    /// Groups of which every row was left out.
    pub empty_groups: Vec<EmptyGroup>,
    /// The groups of rows that were left out, how many, and the line of the first.
    #[serde(skip)]
    pub(super) left_out: BTreeMap<Vec<String>, (u64, u64)>,
}

/// A group of which every row was left out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct EmptyGroup {
    /// The values of the columns that make groups.
    pub by: Vec<String>,
    /// How many rows there are.
    pub rows: u64,
    /// The line of the first.
    pub line: u64,
}

/// Rows that were left out for one reason.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Excluded {
    /// The reason.
    pub reason: String,
    /// How many rows.
    pub rows: u64,
    /// The lines of the first of them.
    pub lines: Vec<u64>,
    /// What stands in the first of them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub example: Option<String>,
}

/// Rows that are equal to an earlier one.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Duplicates {
    /// How many.
    pub rows: u64,
    /// The lines of the first of them.
    pub lines: Vec<u64>,
    /// Whether they were left out.
    pub excluded: bool,
}

impl Gate {
    /// Leaves a row out.
    pub(super) fn exclude(&mut self, line: u64, reason: &str, example: Option<&str>) {
        self.exclude_rows(1, line, reason, example);
    }

    /// Leaves some rows out, the first of which is on a line.
    pub(super) fn exclude_rows(&mut self, rows: u64, line: u64, reason: &str, example: Option<&str>) {
        self.exclude_all(Excluded {
            reason: reason.to_owned(),
            rows,
            lines: vec![line],
            example: example.map(str::to_owned),
        });
    }

    fn exclude_all(&mut self, excluded: Excluded) {
        match self.excluded.iter_mut().find(|known| known.reason == excluded.reason) {
            Some(known) => {
                known.rows += excluded.rows;
                let room = SHOWN.saturating_sub(known.lines.len());
                known.lines.extend(excluded.lines.into_iter().take(room));
            }
            None => self.excluded.push(excluded),
        }
    }

    /// Adds what became of the rows that follow.
    pub(super) fn merge(&mut self, other: Gate) {
        let Gate { rows, used, filtered, excluded, left_out, duplicates: _, empty_sets: _, empty_groups: _ } = other;
        self.rows += rows;
        self.used += used;
        self.filtered += filtered;
        excluded.into_iter().for_each(|excluded| self.exclude_all(excluded));
        left_out.into_iter().for_each(|(by, (rows, line))| self.count_left_out(by, rows, line));
    }

    /// Counts rows of a group that were left out, the first of which is on a line.
    pub(super) fn count_left_out(&mut self, by: Vec<String>, rows: u64, line: u64) {
        if let Some((known, _)) = self.left_out.get_mut(&by) {
            *known += rows;
        } else if self.left_out.len() < GROUPS {
            self.left_out.insert(by, (rows, line));
        }
    }

    /// Notes the groups that none of some fits is of.
    pub(super) fn note_empty_groups(&mut self, models: &[FittedModel]) {
        let fitted: HashSet<&[String]> = models.iter().map(|model| model.by.as_slice()).collect();
        let left_out = std::mem::take(&mut self.left_out).into_iter();
        let empty = left_out.filter(|(by, _)| !fitted.contains(by.as_slice()));
        self.empty_groups = empty.map(|(by, (rows, line))| EmptyGroup { by, rows, line }).collect();
        self.empty_groups.sort_by_key(|group| group.line);
    }

    /// Returns how many rows were left out with a reason.
    pub fn excluded_rows(&self) -> u64 {
        let duplicates = self.duplicates.as_ref().filter(|found| found.excluded).map_or(0, |found| found.rows);
        self.excluded.iter().map(|excluded| excluded.rows).sum::<u64>() + duplicates
    }

    /// Notes the attribute sets of a model that none of its fits is of.
    pub(super) fn note_empty_sets(&mut self, form: &Form, models: &[FittedModel]) {
        let sets = form.sets.iter().map(|(name, _)| name);
        self.empty_sets = sets.filter(|name| models.iter().all(|model| model.set != **name)).cloned().collect();
    }

    /// Tells whether every row was as it should be, and every attribute set and group has some.
    pub fn is_clean(&self) -> bool {
        self.empty_sets.is_empty()
            && self.empty_groups.is_empty()
            && self.excluded.is_empty()
            && self.duplicates.as_ref().is_none_or(|found| found.rows == 0)
    }
}

impl Duplicates {
    /// Counts a row that is equal to an earlier one.
    pub(super) fn count(&mut self, line: u64) {
        self.rows += 1;
        if self.lines.len() < SHOWN {
            self.lines.push(line);
        }
    }
}
