//! A model over the columns of a table: cells -> rows of targets and features, each in its group.

use super::gate::Gate;
use super::layout::{Compiled, Layout, Named, Slot, at};
use super::table::{Cells, Head, Missing, Want};
use super::{FitError, GroupKey};
use crate::expr::{Cells as Values, Column, EvalError, Fault, Operand, OperandRef};
use crate::suite::{Form, Weighting};
use std::borrow::Cow;
use std::collections::{BTreeSet, HashMap};

/// A model whose names are columns of a table.
pub(super) struct Sheet {
    pub(super) wants: Vec<Want>,
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
    pub(super) op_column: Option<String>,
    weighting: Weighting,
    intercept: bool,
}

/// Rows that take part, as columns.
pub(super) struct Rows {
    pub(super) lines: Vec<u64>,
    pub(super) hashes: Vec<u64>,
    pub(super) target: Vec<f64>,
    /// One column for each feature; the constant part, if there is one, is the last.
    pub(super) features: Vec<Vec<f64>>,
    /// The groups, and which each row belongs to; without rows of their own all belong to the first.
    pub(super) groups: Vec<GroupKey>,
    pub(super) group_of: Vec<u32>,
    /// The operation of each row.
    pub(super) ops: Option<(Vec<u32>, Vec<String>)>,
}

impl Rows {
    pub(super) fn len(&self) -> usize {
        self.target.len()
    }
}

/// Why columns have no values.
enum Stop {
    /// Some row lacks a value that it turns out to need.
    Absent,
    Error(FitError),
}

impl Sheet {
    pub(super) fn new(form: &Form, head: &Head) -> Result<Sheet, FitError> {
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
    pub(super) fn is_op(&self, column: usize) -> bool {
        let want = self.wants[column];
        want.number.is_none()
            && want.text.is_some()
            && want.text == self.op
            && !self.by.contains(&want.text.unwrap_or(0))
    }

    /// Returns how many coefficients there are.
    pub(super) fn width(&self) -> usize {
        self.features.len() + usize::from(self.intercept)
    }

    /// Returns the rows that take part; the gate counts the others.
    pub(super) fn rows(&self, cells: &Cells, gate: &mut Gate) -> Result<Rows, FitError> {
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

    /// Returns the columns of the table and those that map their texts.
    fn base<'c>(&self, cells: &'c Cells) -> Vec<Column<'c>> {
        let column = |named: &Named| match &named.slot {
            Slot::Numbers(slot) => {
                let column = &cells.numbers[*slot];
                let values = Column::numbers(column.values.as_slice());
                if column.missing.is_empty() {
                    return values;
                }
                let mut present = vec![true; cells.rows];
                column.missing.iter().for_each(|(row, _)| present[*row as usize] = false);
                values.present(present)
            }
            Slot::Texts(slot) => {
                let texts = &cells.texts[*slot];
                let column = Column::words(texts.codes.as_slice(), texts.words.as_slice());
                match texts.words.iter().any(String::is_empty) {
                    true => column.present(by_word(texts, |word| !word.is_empty())),
                    false => column,
                }
            }
            Slot::Bools(slot) => {
                let texts = &cells.texts[*slot];
                let present = by_word(texts, |word| matches!(word, "true" | "false"));
                Column::bools(by_word(texts, |word| word == "true")).present(present)
            }
            Slot::Map { text, from, otherwise } => {
                let texts = &cells.texts[*text];
                let number = |word: &str| {
                    let found = from.iter().find(|(text, _)| text == word).map(|(_, number)| *number);
                    found.or(otherwise.filter(|_| !word.is_empty()))
                };
                let numbers = by_word(texts, |word| number(word).unwrap_or(f64::NAN));
                let column = Column::numbers(numbers);
                match texts.words.iter().all(|word| number(word).is_some()) {
                    true => column,
                    false => column.present(by_word(texts, |word| number(word).is_some())),
                }
            }
            Slot::Derived(..) | Slot::Absent => Column::absent(),
        };
        self.slots.iter().map(column).collect()
    }

    /// Evaluates expressions over the rows that are kept; rows without a value that is needed go.
    fn stage<'c>(
        &self,
        wanted: &[&Compiled],
        base: &[Column<'c>],
        cells: &Cells,
        kept: &mut Kept,
        gate: &mut Gate,
    ) -> Result<Vec<Column<'c>>, FitError> {
        let needed: BTreeSet<usize> = wanted.iter().flat_map(|compiled| compiled.needed.iter().copied()).collect();
        for slot in needed {
            if let Some(present) = &base[slot].present {
                kept.retain_rows(|row| {
                    if !present[row] {
                        self.exclude_missing(slot, row, cells, gate);
                    }
                    present[row]
                });
            }
        }
        // What has no rows has no kind either.
        if kept.len() == 0 {
            return Ok(Vec::new());
        }
        let read: BTreeSet<usize> = wanted.iter().flat_map(|compiled| compiled.read.iter().copied()).collect();
        match self.evaluate(wanted, &read, base, kept) {
            Ok(columns) => return Ok(columns),
            Err(Stop::Error(error)) => return Err(error),
            Err(Stop::Absent) => {}
        }
        // Some rows need a value that they lack: which, only each row for itself can tell.
        kept.retain_rows(|row| match self.lacking(wanted, &read, base, row) {
            Some(slot) => {
                self.exclude_missing(slot, row, cells, gate);
                false
            }
            None => true,
        });
        if kept.len() == 0 {
            return Ok(Vec::new());
        }
        match self.evaluate(wanted, &read, base, kept) {
            Ok(columns) => Ok(columns),
            Err(Stop::Error(error)) => Err(error),
            Err(Stop::Absent) => Err(FitError::NoRows { reason: Some("values are missing".to_owned()) }),
        }
    }

    fn evaluate<'c>(
        &self,
        wanted: &[&Compiled],
        read: &BTreeSet<usize>,
        base: &[Column<'c>],
        kept: &Kept,
    ) -> Result<Vec<Column<'c>>, Stop> {
        let mut columns: Vec<Column<'c>> = Vec::with_capacity(self.slots.len());
        for (index, named) in self.slots.iter().enumerate() {
            let column = match &named.slot {
                _ if !read.contains(&index) => Column::absent(),
                Slot::Derived(program, placed) => program
                    .eval_columns(&columns, kept.len())
                    .map_err(|error| stop(error, placed, &format!("`{}`", named.name)))?,
                Slot::Numbers(_) | Slot::Texts(_) | Slot::Bools(_) | Slot::Map { .. } | Slot::Absent => {
                    kept.column(&base[index])
                }
            };
            columns.push(column);
        }
        let values = wanted.iter().map(|compiled| match compiled.bare {
            Some(slot) if columns[slot].present.is_none() && !matches!(columns[slot].cells, Values::Absent) => {
                Ok(columns[slot].clone())
            }
            _ => compiled
                .program
                .eval_columns(&columns, kept.len())
                .map_err(|error| stop(error, &compiled.placed, &compiled.what)),
        });
        values.collect()
    }

    /// Returns the slot that a row lacks, if it lacks one that it needs.
    fn lacking(&self, wanted: &[&Compiled], read: &BTreeSet<usize>, base: &[Column<'_>], row: usize) -> Option<usize> {
        let mut values: Vec<Option<Operand>> = Vec::with_capacity(self.slots.len());
        let fault = |error: &EvalError| match &error.fault {
            Fault::Absent { name, .. } => self.slots.iter().position(|named| named.name == *name),
            _ => None,
        };
        for (index, named) in self.slots.iter().enumerate() {
            let value = match &named.slot {
                _ if !read.contains(&index) => None,
                // A derived column that nobody needs in this row may lack what it likes.
                Slot::Derived(program, _) => program.eval_f64(|slot| values[slot].as_ref().map(Operand::borrowed)).ok(),
                _ => cell(&base[index], row).map(owned),
            };
            values.push(value);
        }
        wanted.iter().find_map(|compiled| {
            let result = compiled.program.eval_f64(|slot| values[slot].as_ref().map(Operand::borrowed));
            result.err().as_ref().and_then(fault)
        })
    }

    fn exclude_missing(&self, slot: usize, row: usize, cells: &Cells, gate: &mut Gate) {
        let Named { slot, column, name } = &self.slots[slot];
        let line = cells.lines[row];
        let missing = match slot {
            Slot::Numbers(index) => {
                let missing = &cells.numbers[*index].missing;
                missing.iter().find(|(missing, _)| *missing as usize == row).map(|(_, why)| why.clone())
            }
            _ => None,
        };
        let text = |index: usize| cells.texts[index].words[cells.texts[index].codes[row] as usize].as_str();
        match (missing, slot) {
            (Some(Missing::NotNumber(text)), _) => {
                gate.exclude(line, &format!("`{column}` is not a number"), Some(&text));
            }
            (_, Slot::Map { text: index, .. }) if !text(*index).is_empty() => {
                gate.exclude(line, &format!("`{name}` has no number for the text in `{column}`"), Some(text(*index)));
            }
            (_, Slot::Absent) => gate.exclude(line, &format!("the table has no column `{column}`"), None),
            _ => gate.exclude(line, &format!("`{column}` has no value"), None),
        }
    }

    /// Returns the last set that holds in each row; `u32::MAX` where none does.
    fn set_of(&self, columns: Vec<Column<'_>>, rows: usize) -> Result<Vec<u32>, FitError> {
        let mut sets = if self.sets.is_empty() { Vec::new() } else { vec![u32::MAX; rows] };
        for (index, (column, compiled)) in columns.iter().zip(&self.sets).enumerate() {
            for (set, holds) in sets.iter_mut().zip(truths(column, compiled)?) {
                if holds {
                    *set = index as u32;
                }
            }
        }
        Ok(sets)
    }

    /// Returns the groups in the order of their first rows, and the group of each row.
    fn groups(&self, cells: &Cells, kept: &Kept, sets: &[u32]) -> (Vec<GroupKey>, Vec<u32>) {
        let set_name = |set: u32| self.set_names[set as usize].clone();
        if self.by.is_empty() && self.sets.is_empty() {
            return (vec![GroupKey { by: Vec::new(), set: set_name(0) }], Vec::new());
        }
        let texts: Vec<_> = self.by.iter().map(|slot| &cells.texts[*slot]).collect();
        let mut known: HashMap<Vec<u32>, u32> = HashMap::new();
        let mut groups = Vec::new();
        let (mut key, mut last, mut last_group) = (Vec::new(), Vec::new(), 0);
        let group_of = (0..kept.len()).map(|index| {
            let row = kept.row(index);
            key.clear();
            key.extend(texts.iter().map(|texts| texts.codes[row]));
            key.push(sets.get(index).copied().unwrap_or(0));
            if key != last || groups.is_empty() {
                last_group = *known.entry(key.clone()).or_insert_with(|| {
                    let by = texts.iter().map(|texts| texts.words[texts.codes[row] as usize].clone()).collect();
                    groups.push(GroupKey { by, set: set_name(sets.get(index).copied().unwrap_or(0)) });
                    groups.len() as u32 - 1
                });
                last.clone_from(&key);
            }
            last_group
        });
        let group_of = group_of.collect();
        (groups, group_of)
    }
}

/// The rows that are left, by their index in the cells.
struct Kept {
    /// None: all.
    rows: Option<Vec<u32>>,
    all: usize,
}

impl Kept {
    fn len(&self) -> usize {
        self.rows.as_ref().map_or(self.all, Vec::len)
    }

    /// Returns the index in the cells.
    fn row(&self, index: usize) -> usize {
        self.rows.as_ref().map_or(index, |rows| rows[index] as usize)
    }

    /// Keeps rows by their index among those that are left.
    fn retain(&mut self, keep: impl Fn(usize) -> bool) {
        let rows: Vec<u32> = (0..self.len()).filter(|index| keep(*index)).map(|index| self.row(index) as u32).collect();
        if rows.len() < self.len() {
            self.rows = Some(rows);
        }
    }

    /// Keeps rows by their index in the cells.
    fn retain_rows(&mut self, mut keep: impl FnMut(usize) -> bool) {
        let rows: Vec<u32> =
            (0..self.len()).map(|index| self.row(index) as u32).filter(|row| keep(*row as usize)).collect();
        if rows.len() < self.len() {
            self.rows = Some(rows);
        }
    }

    fn take<T: Copy>(&self, values: &[T]) -> Vec<T> {
        match &self.rows {
            None => values.to_vec(),
            Some(rows) => rows.iter().map(|row| values[*row as usize]).collect(),
        }
    }

    fn column<'c>(&self, column: &Column<'c>) -> Column<'c> {
        if self.rows.is_none() {
            return column.clone();
        }
        let cells = match &column.cells {
            Values::Numbers(numbers) => Values::Numbers(self.take(numbers).into()),
            Values::Bools(bools) => Values::Bools(self.take(bools).into()),
            Values::Words { codes, words } => Values::Words { codes: self.take(codes).into(), words: words.clone() },
            Values::Absent => Values::Absent,
        };
        let present: Option<Cow<'c, [bool]>> = column.present.as_ref().map(|present| self.take(present).into());
        // What is everywhere needs no mask.
        Column { cells, present: present.filter(|present| present.contains(&false)) }
    }
}

fn by_word<T: Copy>(texts: &super::table::Texts, value: impl Fn(&str) -> T) -> Vec<T> {
    let values: Vec<T> = texts.words.iter().map(|word| value(word)).collect();
    texts.codes.iter().map(|code| values[*code as usize]).collect()
}

fn retain<T>(values: &mut Vec<T>, out: &BTreeSet<usize>) {
    let mut index = 0;
    values.retain(|_| {
        index += 1;
        !out.contains(&(index - 1))
    });
}

fn cell<'a>(column: &'a Column<'_>, row: usize) -> Option<OperandRef<'a>> {
    if column.present.as_ref().is_some_and(|present| !present[row]) {
        return None;
    }
    match &column.cells {
        Values::Numbers(numbers) => Some(OperandRef::Number(numbers[row])),
        Values::Bools(bools) => Some(OperandRef::Bool(bools[row])),
        Values::Words { codes, words } => Some(OperandRef::Text(&words[codes[row] as usize])),
        Values::Absent => None,
    }
}

fn owned(value: OperandRef<'_>) -> Operand {
    match value {
        OperandRef::Number(number) => Operand::Number(number),
        OperandRef::Bool(value) => Operand::Bool(value),
        OperandRef::Text(text) => Operand::Text(text.to_owned()),
        OperandRef::List(items) => Operand::List(items.to_vec()),
        OperandRef::Words(items) => Operand::Words(items.to_vec()),
    }
}

fn stop(error: EvalError, placed: &crate::suite::Placed, what: &str) -> Stop {
    if let Fault::Absent { .. } = error.fault {
        return Stop::Absent;
    }
    Stop::Error(FitError::Model(at(placed, format!("{what}: {error}")).maybe_hint(error.hint())))
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
