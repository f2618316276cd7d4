//! A model over the columns of a table: cells -> rows of targets and features, each in its group.

mod groups;
mod selected;
mod stages;

use super::gate::Gate;
use super::layout::{Compiled, Layout, Named, Slot, place};
use super::table::{Cells, Head, Lines, Texts, Want};
use super::{FitError, fold_of};
use crate::expr::{Cells as Values, Column};
use crate::suite::{Form, Weighting};
pub(in crate::fit) use groups::{Groups, Numbering, Places};
use selected::Kept;
use stages::text_hint;
use std::borrow::Cow;
use std::collections::BTreeSet;
use std::ops::Range;

/// A model whose names are columns of a table.
pub(in crate::fit) struct Sheet {
    pub(in crate::fit) wants: Vec<Want>,
    slots: Vec<Named>,
    filters: Vec<Compiled>,
    sets: Vec<Compiled>,
    set_names: Vec<String>,
    target: Compiled,
    features: Vec<Compiled>,
    /// Columns of texts that make groups, and their names in the table.
    by: Vec<usize>,
    by_columns: Vec<String>,
    /// The column of texts that names the operation.
    op: Option<usize>,
    /// Its name in the table.
    pub(in crate::fit) op_column: Option<String>,
    weighting: Weighting,
    intercept: bool,
}

/// Rows that take part, as columns; those of the table that stay whole are borrowed.
pub(in crate::fit) struct Rows<'c> {
    pub(in crate::fit) lines: Cow<'c, Lines>,
    /// Fingerprints, if they were wanted.
    pub(in crate::fit) hashes: Cow<'c, [u64]>,
    pub(in crate::fit) target: Cow<'c, [f64]>,
    /// One column for each feature; the constant part, if there is one, is the last.
    pub(in crate::fit) features: Vec<Cow<'c, [f64]>>,
    /// The groups, and which each row belongs to; without rows of their own all belong to the first.
    pub(in crate::fit) groups: Groups,
    pub(in crate::fit) group_of: Vec<u32>,
    /// The operation of each row, by its place among some.
    pub(in crate::fit) ops: Option<(Vec<u32>, Vec<String>)>,
}

/// Rows that may take part: those of some cells, and what is wanted of them.
struct Selected<'c> {
    kept: Kept,
    target: Cow<'c, [f64]>,
    features: Vec<Cow<'c, [f64]>>,
    sets: Vec<u32>,
}

impl Rows<'_> {
    pub(in crate::fit) fn len(&self) -> usize {
        self.target.len()
    }

    /// Returns the group of a row, by its place among the groups.
    pub(in crate::fit) fn group(&self, row: usize) -> usize {
        self.group_of.get(row).map_or(0, |group| *group as usize)
    }

    /// Calls `take` with the group of each row, its features and target, and its line.
    pub(in crate::fit) fn each(&self, mut take: impl FnMut(usize, &[f64], u64)) {
        let columns = self.columns();
        let mut values = vec![0.0; columns.len()];
        for (row, line) in self.lines.iter().enumerate() {
            values.iter_mut().zip(&columns).for_each(|(value, column)| *value = column[row]);
            take(self.group(row), &values, line);
        }
    }

    /// Returns the features and then the target.
    pub(in crate::fit) fn columns(&self) -> Vec<&[f64]> {
        self.features.iter().map(Cow::as_ref).chain([self.target.as_ref()]).collect()
    }
}

/// Lines that are in the same fold where all rows are one group: rows that stand together are then added up
/// together.
const BLOCK: u64 = 64;

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
        let (mut by, mut by_columns) = (Vec::new(), Vec::new());
        for named in &form.by {
            let column = layout.column(named, "`by`")?;
            if by_columns.contains(&head.names[column]) {
                let message = format!("`by` has the column `{}` twice", head.names[column]);
                return Err(FitError::Model(place(named.span, message)));
            }
            by.push(layout.text(column));
            by_columns.push(head.names[column].clone());
        }
        let op = match &form.op {
            // What has a name under `columns` need not be in all tables.
            Some(op) if form.columns.iter().any(|(alias, _)| *alias == op.name) => layout.column_if_there(&op.name),
            Some(op) => Some(layout.column(op, "`op`")?),
            None => None,
        };
        let op_column = op.map(|column| head.names[column].clone());
        let op = op.map(|column| layout.text(column));
        let set_names = if form.sets.is_empty() {
            vec![String::new()]
        } else {
            form.sets.iter().map(|(name, _)| name.clone()).collect()
        };
        let Layout { wants, slots, .. } = layout;
        let (weighting, intercept) = (form.weighting, form.intercept);
        Ok(Sheet {
            wants,
            slots,
            filters,
            sets,
            set_names,
            target,
            features,
            by,
            by_columns,
            op,
            op_column,
            weighting,
            intercept,
        })
    }

    /// Tells whether a column of the table is only read because it names operations.
    pub(in crate::fit) fn is_op(&self, column: usize) -> bool {
        let want = self.wants[column];
        want.number.is_none()
            && want.text.is_some()
            && want.text == self.op
            && !self.by.contains(&want.text.unwrap_or(0))
    }

    /// Returns the columns of the table that features read, ascending.
    pub(in crate::fit) fn feature_columns(&self) -> Vec<usize> {
        let slots: BTreeSet<usize> = self.features.iter().flat_map(|feature| feature.read.iter().copied()).collect();
        let reads = |want: &Want| {
            slots.iter().any(|slot| match &self.slots[*slot].slot {
                Slot::Numbers(number) => want.number == Some(*number),
                Slot::Texts(text) | Slot::Bools(text) | Slot::Map { text, .. } => want.text == Some(*text),
                Slot::Derived(..) | Slot::Absent => false,
            })
        };
        (0..self.wants.len()).filter(|column| reads(&self.wants[*column])).collect()
    }

    /// Returns how many coefficients there are.
    pub(in crate::fit) fn width(&self) -> usize {
        self.features.len() + usize::from(self.intercept)
    }

    /// Tells whether rows are left out on purpose.
    pub(in crate::fit) fn is_filtered(&self) -> bool {
        !self.filters.is_empty()
    }

    /// Tells whether all rows are one group.
    pub(in crate::fit) fn is_whole(&self) -> bool {
        self.by.is_empty() && self.sets.is_empty()
    }

    /// Returns the fold that a row of a large table is in, by its line.
    pub(in crate::fit) fn fold(&self, line: u64) -> usize {
        fold_of(if self.is_whole() { line / BLOCK } else { line })
    }

    /// Divides rows of one group into those that stand together in a fold.
    pub(in crate::fit) fn strips(&self, rows: &Rows<'_>) -> impl Iterator<Item = (Range<usize>, usize)> {
        rows.lines.blocks(BLOCK).into_iter().map(|(rows, block)| (rows, fold_of(block)))
    }

    /// Returns the rows that take part; the gate counts the others.
    pub(in crate::fit) fn rows<'c>(
        &self,
        cells: &'c Cells,
        numbering: &mut Numbering,
        gate: &mut Gate,
    ) -> Result<Rows<'c>, FitError> {
        gate.rows += (cells.rows + cells.broken.len()) as u64;
        for (line, count) in &cells.broken {
            let found = if *count == 1 { "1 cell".to_owned() } else { format!("{count} cells") };
            gate.exclude(*line, "the row has not as many cells as the header", Some(&found));
        }
        if let Some((line, lines)) = cells.open {
            gate.rows += lines;
            gate.exclude_rows(lines, line, "a quote is never closed, so that all lines to the end are in it", None);
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
        self.leave_out_nameless(cells, &mut kept, gate);
        let wanted: Vec<&Compiled> = self.sets.iter().chain([&self.target]).chain(&self.features).collect();
        let mut columns = self.stage(&wanted, &base, cells, &mut kept, gate)?.into_iter();
        if kept.len() == 0 {
            return Ok(self.no_rows());
        }
        let sets = self.set_of(columns.by_ref().take(self.sets.len()).collect(), kept.len())?;
        let mut numbers =
            columns.zip(&wanted[self.sets.len()..]).map(|(column, compiled)| self.numbers(column, compiled));
        let target = numbers.next().expect("a model has a target")?;
        let features = numbers.collect::<Result<Vec<_>, _>>()?;
        self.finish(cells, Selected { kept, target, features, sets }, numbering, gate)
    }

    fn numbers<'c>(&self, column: Column<'c>, compiled: &Compiled) -> Result<Cow<'c, [f64]>, FitError> {
        if let Values::Numbers(numbers) = column.cells {
            return Ok(numbers);
        }
        let message = format!("{} is {}, and a number is wanted", compiled.what, column.kind());
        let hint = compiled.bare.and_then(|slot| text_hint(&column, &self.slots[slot].column));
        Err(FitError::Model(place(compiled.placed.span, message).maybe_hint(hint)))
    }

    fn no_rows(&self) -> Rows<'static> {
        Rows {
            lines: Cow::default(),
            hashes: Cow::default(),
            target: Cow::default(),
            features: vec![Cow::default(); self.width()],
            groups: Groups::default(),
            group_of: Vec::new(),
            ops: None,
        }
    }

    /// Leaves out what cannot be fitted, and finds the group of each row.
    fn finish<'c>(
        &self,
        cells: &'c Cells,
        selected: Selected<'c>,
        numbering: &mut Numbering,
        gate: &mut Gate,
    ) -> Result<Rows<'c>, FitError> {
        let Selected { mut kept, mut target, mut features, mut sets } = selected;
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
        let finite = is_finite(&target) && features.iter().all(is_finite);
        let unfit = sets.contains(&u32::MAX) || (relative && target.contains(&0.0));
        let rows = if finite && !unfit { 0 } else { kept.len() };
        let reasons: Vec<(usize, String)> = (0..rows).filter_map(|row| Some((row, bad(row)?))).collect();
        if !reasons.is_empty() {
            for (row, reason) in &reasons {
                gate.exclude(cells.lines.at(kept.row(*row)), reason, None);
                self.count_left_out(kept.row(*row), cells, gate);
            }
            let out: BTreeSet<usize> = reasons.into_iter().map(|(row, _)| row).collect();
            retain(target.to_mut(), &out);
            features.iter_mut().for_each(|column| retain(column.to_mut(), &out));
            retain(&mut sets, &out);
            kept.retain(|row| !out.contains(&row));
        }
        if self.intercept {
            features.push(Cow::Owned(vec![1.0; target.len()]));
        }
        gate.used += target.len() as u64;
        let (groups, group_of) = self.groups(cells, &kept, &sets, numbering);
        let ops = self.op.map(|slot| in_order(&kept.take(&cells.texts[slot].codes), &cells.texts[slot]));
        let lines = kept.lines(&cells.lines);
        let hashes = if cells.hashes.is_empty() { Cow::default() } else { kept.take(&cells.hashes) };
        Ok(Rows { lines, hashes, target, features, groups, group_of, ops })
    }
}

/// Returns the texts of some rows in the order of their first rows, and the place of each row's text.
fn in_order(codes: &[u32], texts: &Texts) -> (Vec<u32>, Vec<String>) {
    const NONE: u32 = u32::MAX;
    let mut places = vec![NONE; texts.len()];
    let mut words = Vec::new();
    let place = |code: &u32| {
        let place = &mut places[*code as usize];
        if *place == NONE {
            *place = words.len() as u32;
            words.push(texts.text(*code).into_owned());
        }
        *place
    };
    (codes.iter().map(place).collect(), words)
}

/// Tells whether all numbers of a column are finite.
#[expect(clippy::ptr_arg, reason = "where a column comes from says whether it was looked at")]
fn is_finite(column: &Cow<'_, [f64]>) -> bool {
    match column {
        // As the table has them.
        Cow::Borrowed(_) => true,
        // Without a branch for each.
        Cow::Owned(numbers) => !numbers.iter().fold(false, |broken, number| broken | !number.is_finite()),
    }
}

fn retain<T>(values: &mut Vec<T>, out: &BTreeSet<usize>) {
    let mut index = 0;
    values.retain(|_| {
        index += 1;
        !out.contains(&(index - 1))
    });
}

fn truths(column: &Column<'_>, compiled: &Compiled) -> Result<Vec<bool>, FitError> {
    match column.as_bools() {
        Some(bools) => Ok(bools.to_vec()),
        None => {
            let message = format!("{} is {}, and a truth value is wanted", compiled.what, column.kind());
            Err(FitError::Model(place(compiled.placed.span, message).hint("compare it: `... > 0`, `... == 'text'`")))
        }
    }
}
