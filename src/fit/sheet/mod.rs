//! A model over the columns of a table: cells -> rows of targets and features, each in its group.

mod groups;
mod selected;
mod stages;

use super::gate::Gate;
use super::layout::{Compiled, Layout, Named, at};
use super::table::{Cells, Head, Want};
use super::{FitError, GroupKey};
use crate::expr::{Cells as Values, Column};
use crate::suite::{Form, Weighting};
use selected::Kept;
use std::collections::BTreeSet;

/// A model whose names are columns of a table.
pub(in crate::fit) struct Sheet {
    pub(in crate::fit) wants: Vec<Want>,
    slots: Vec<Named>,
    filters: Vec<Compiled>,
    sets: Vec<Compiled>,
    set_names: Vec<String>,
    target: Compiled,
    features: Vec<Compiled>,
    /// Columns of texts that make groups.
    by: Vec<usize>,
    /// The column of texts that names the operation.
    op: Option<usize>,
    /// Its name in the table.
    pub(in crate::fit) op_column: Option<String>,
    weighting: Weighting,
    intercept: bool,
}

/// Rows that take part, as columns.
pub(in crate::fit) struct Rows {
    pub(in crate::fit) lines: Vec<u64>,
    pub(in crate::fit) hashes: Vec<u64>,
    pub(in crate::fit) target: Vec<f64>,
    /// One column for each feature; the constant part, if there is one, is the last.
    pub(in crate::fit) features: Vec<Vec<f64>>,
    /// The groups, and which each row belongs to; without rows of their own all belong to the first.
    pub(in crate::fit) groups: Vec<GroupKey>,
    pub(in crate::fit) group_of: Vec<u32>,
    /// The operation of each row.
    pub(in crate::fit) ops: Option<(Vec<u32>, Vec<String>)>,
}

impl Rows {
    pub(in crate::fit) fn len(&self) -> usize {
        self.target.len()
    }

    /// Returns the group of a row, by its place among the groups.
    pub(in crate::fit) fn group(&self, row: usize) -> usize {
        self.group_of.get(row).map_or(0, |group| *group as usize)
    }
}

impl Sheet {
    pub(in crate::fit) fn new(form: &Form, head: &Head) -> Result<Sheet, FitError> {
        let mut layout = Layout::new(form, head)?;
        let filters = form.filters.iter().map(|placed| layout.compile(placed, "`where`".to_owned()));
        let filters = filters.collect::<Result<_, _>>()?;
        let sets = form.sets.iter().map(|(name, placed)| layout.compile(placed, format!("set `{name}`")));
        let sets = sets.collect::<Result<_, _>>()?;
        let target = layout.compile(&form.target, "the target".to_owned())?;
        let features =
            form.features.iter().map(|feature| layout.compile(&feature.value, format!("feature `{}`", feature.name)));
        let features = features.collect::<Result<_, _>>()?;
        let mut by = Vec::new();
        for name in &form.by {
            let column = layout.column(name, "`by`")?;
            by.push(layout.text(column));
        }
        let op = form.op.as_ref().and_then(|name| layout.column_if_there(name));
        let op_column = op.map(|column| head.names[column].clone());
        let op = op.map(|column| layout.text(column));
        let set_names = if form.sets.is_empty() {
            vec![String::new()]
        } else {
            form.sets.iter().map(|(name, _)| name.clone()).collect()
        };
        let Layout { wants, slots, .. } = layout;
        let (weighting, intercept) = (form.weighting, form.intercept);
        Ok(Sheet { wants, slots, filters, sets, set_names, target, features, by, op, op_column, weighting, intercept })
    }

    /// Tells whether a column of the table is only read because it names operations.
    pub(in crate::fit) fn is_op(&self, column: usize) -> bool {
        let want = self.wants[column];
        want.number.is_none()
            && want.text.is_some()
            && want.text == self.op
            && !self.by.contains(&want.text.unwrap_or(0))
    }

    /// Returns how many coefficients there are.
    pub(in crate::fit) fn width(&self) -> usize {
        self.features.len() + usize::from(self.intercept)
    }

    /// Returns the rows that take part; the gate counts the others.
    pub(in crate::fit) fn rows(&self, cells: &Cells, gate: &mut Gate) -> Result<Rows, FitError> {
        gate.rows += (cells.rows + cells.broken.len()) as u64;
        for (line, count) in &cells.broken {
            let found = format!("{count} cells");
            gate.exclude(*line, "the row has not as many cells as the header", Some(&found));
        }
        let base = self.base(cells);
        let mut kept = Kept { rows: None, all: cells.rows };
        if !self.filters.is_empty() {
            let wanted: Vec<&Compiled> = self.filters.iter().collect();
            let columns = self.stage(&wanted, &base, cells, &mut kept, gate)?;
            if kept.len() == 0 {
                return Ok(self.no_rows());
            }
            let masks = columns.iter().zip(&self.filters).map(|(column, filter)| truths(column, filter));
            let masks = masks.collect::<Result<Vec<_>, _>>()?;
            let before = kept.len();
            kept.retain(|row| masks.iter().all(|mask| mask[row]));
            gate.filtered += (before - kept.len()) as u64;
        }
        let wanted: Vec<&Compiled> = self.sets.iter().chain([&self.target]).chain(&self.features).collect();
        let mut columns = self.stage(&wanted, &base, cells, &mut kept, gate)?.into_iter();
        if kept.len() == 0 {
            return Ok(self.no_rows());
        }
        let sets = self.set_of(columns.by_ref().take(self.sets.len()).collect(), kept.len())?;
        let mut numbers = columns.zip(&wanted[self.sets.len()..]).map(|(column, compiled)| numbers(column, compiled));
        let target = numbers.next().expect("a model has a target")?;
        let features = numbers.collect::<Result<Vec<_>, _>>()?;
        self.finish(cells, kept, target, features, sets, gate)
    }

    fn no_rows(&self) -> Rows {
        Rows {
            lines: Vec::new(),
            hashes: Vec::new(),
            target: Vec::new(),
            features: vec![Vec::new(); self.width()],
            groups: Vec::new(),
            group_of: Vec::new(),
            ops: None,
        }
    }

    /// Leaves out what cannot be fitted, and finds the group of each row.
    fn finish(
        &self,
        cells: &Cells,
        mut kept: Kept,
        mut target: Vec<f64>,
        mut features: Vec<Vec<f64>>,
        mut sets: Vec<u32>,
        gate: &mut Gate,
    ) -> Result<Rows, FitError> {
        let relative = self.weighting == Weighting::Relative;
        let bad = |row: usize| -> Option<String> {
            if sets.get(row) == Some(&u32::MAX) {
                return Some("no set holds for the row".to_owned());
            }
            if !target[row].is_finite() {
                return Some("the target is not finite".to_owned());
            }
            if relative && target[row] == 0.0 {
                return Some("the target is 0, and the weighting is relative".to_owned());
            }
            let broken = features.iter().position(|column| !column[row].is_finite());
            broken.map(|index| format!("{} is not finite", self.features[index].what))
        };
        let reasons: Vec<(usize, String)> = (0..kept.len()).filter_map(|row| Some((row, bad(row)?))).collect();
        if !reasons.is_empty() {
            for (row, reason) in &reasons {
                gate.exclude(cells.lines[kept.row(*row)], reason, None);
            }
            let out: BTreeSet<usize> = reasons.into_iter().map(|(row, _)| row).collect();
            retain(&mut target, &out);
            features.iter_mut().for_each(|column| retain(column, &out));
            retain(&mut sets, &out);
            kept.retain(|row| !out.contains(&row));
        }
        if self.intercept {
            features.push(vec![1.0; target.len()]);
        }
        gate.used += target.len() as u64;
        let (groups, group_of) = self.groups(cells, &kept, &sets);
        let ops = self.op.map(|slot| {
            let texts = &cells.texts[slot];
            (kept.take(&texts.codes), texts.words.clone())
        });
        let (lines, hashes) = (kept.take(&cells.lines), kept.take(&cells.hashes));
        Ok(Rows { lines, hashes, target, features, groups, group_of, ops })
    }
}

fn retain<T>(values: &mut Vec<T>, out: &BTreeSet<usize>) {
    let mut index = 0;
    values.retain(|_| {
        index += 1;
        !out.contains(&(index - 1))
    });
}

fn numbers(column: Column<'_>, compiled: &Compiled) -> Result<Vec<f64>, FitError> {
    match column.cells {
        Values::Numbers(numbers) => Ok(numbers.into_owned()),
        Values::Bools(_) | Values::Words { .. } | Values::Absent => {
            let message = format!("{} is {}, and a number is wanted", compiled.what, column.kind());
            Err(FitError::Model(at(&compiled.placed, message)))
        }
    }
}

fn truths(column: &Column<'_>, compiled: &Compiled) -> Result<Vec<bool>, FitError> {
    match column.as_bools() {
        Some(bools) => Ok(bools.to_vec()),
        None => {
            let message = format!("{} is {}, and a truth value is wanted", compiled.what, column.kind());
            Err(FitError::Model(at(&compiled.placed, message).hint("compare it: `... > 0`, `... == 'text'`")))
        }
    }
}
