//! Expressions over the rows that are left; a row that lacks a value which they need goes.

use super::Sheet;
use super::selected::Kept;
use crate::expr::{Cells as Values, Column, EvalError, Fault, Operand, OperandRef};
use crate::fit::FitError;
use crate::fit::gate::Gate;
use crate::fit::layout::{Compiled, Named, Slot, place};
use crate::fit::table::{Cells, Missing, Texts};
use crate::suite::Placed;
use std::collections::BTreeSet;

/// Why columns have no values.
enum Stop {
    /// Some row lacks a value that it turns out to need.
    Absent,
    Error(FitError),
}

impl Sheet {
    /// Returns the columns of the table and those that map their texts.
    pub(super) fn base<'c>(&self, cells: &'c Cells) -> Vec<Column<'c>> {
        let column = |named: &Named| match &named.slot {
            Slot::Numbers(slot) => {
                let values = Column::numbers(cells.numbers(*slot));
                let missing = cells.missing(*slot);
                if missing.is_empty() {
                    return values;
                }
                let mut present = vec![true; cells.rows];
                missing.iter().for_each(|(row, _)| present[*row as usize] = false);
                values.present(present)
            }
            Slot::Texts(slot) => {
                let texts = &cells.texts[*slot];
                let column = Column::words(texts.codes.as_slice(), texts.owned());
                match texts.texts().any(|word| word.is_empty()) {
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
                    let found = from.iter().find(|(text, _)| text == word).or_else(|| {
                        // `1.0` is `1`, as in comparisons.
                        let value = number_of(word)?;
                        from.iter().find(|(text, _)| number_of(text) == Some(value))
                    });
                    found.map(|(_, number)| *number).or(otherwise.filter(|_| !word.is_empty()))
                };
                let numbers = by_word(texts, |word| number(word).unwrap_or(f64::NAN));
                let column = Column::numbers(numbers);
                match texts.texts().all(|word| number(&word).is_some()) {
                    true => column,
                    false => column.present(by_word(texts, |word| number(word).is_some())),
                }
            }
            Slot::Derived(..) | Slot::Absent => Column::absent(),
        };
        self.slots.iter().map(column).collect()
    }

    /// Evaluates expressions over the rows that are kept; rows without a value that is needed go.
    pub(super) fn stage<'c>(
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
        let stop = |error: EvalError, columns: &[Column<'_>], placed: &Placed, what: &str| {
            if let Fault::Absent { .. } = error.fault {
                return Stop::Absent;
            }
            let slot = self.slots.iter().position(|named| named.name == error.excerpt);
            let text = slot.and_then(|slot| text_hint(&columns[slot], &self.slots[slot].column));
            let hint = if let Fault::Kind { wanted: "a number", .. } = error.fault { text } else { None };
            let problem = place(placed.span, format!("{what}: {error}"));
            Stop::Error(FitError::Model(problem.maybe_hint(hint.or_else(|| error.hint()))))
        };
        for (index, named) in self.slots.iter().enumerate() {
            let column = match &named.slot {
                _ if !read.contains(&index) => Column::absent(),
                Slot::Derived(program, placed) => program
                    .eval_columns(&columns, kept.len())
                    .map_err(|error| stop(error, &columns, placed, &format!("`{}`", named.name)))?,
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
                .map_err(|error| stop(error, &columns, &compiled.placed, &compiled.what)),
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

    /// Leaves out the rows without a value in a column that makes groups.
    pub(super) fn leave_out_nameless(&self, cells: &Cells, kept: &mut Kept, gate: &mut Gate) {
        for (place, slot) in self.by.iter().enumerate() {
            let texts = &cells.texts[*slot];
            if !texts.lacks_some() {
                continue;
            }
            let named = by_word(texts, |word| !word.is_empty());
            kept.retain_rows(|row| {
                if !named[row] {
                    let reason = format!("`{}` has no value, and makes groups", self.by_columns[place]);
                    gate.exclude(cells.lines.at(row), &reason, None);
                }
                named[row]
            });
        }
    }

    /// Counts a row of a group that was left out.
    pub(super) fn count_left_out(&self, row: usize, cells: &Cells, gate: &mut Gate) {
        if !self.by.is_empty() {
            let texts = self.by.iter().map(|slot| &cells.texts[*slot]);
            let by = texts.map(|texts| texts.text(texts.codes[row]).into_owned()).collect();
            gate.count_left_out(by, 1, cells.lines.at(row));
        }
    }

    fn exclude_missing(&self, slot: usize, row: usize, cells: &Cells, gate: &mut Gate) {
        self.count_left_out(row, cells, gate);
        let Named { slot, column, name } = &self.slots[slot];
        let line = cells.lines.at(row);
        let missing = match slot {
            Slot::Numbers(index) => {
                let missing = cells.missing(*index);
                missing.iter().find(|(missing, _)| *missing as usize == row).map(|(_, why)| why.clone())
            }
            _ => None,
        };
        let text = |index: usize| cells.texts[index].text(cells.texts[index].codes[row]);
        match (missing, slot) {
            (Some(Missing::NotNumber(text)), _) => {
                gate.exclude(line, &format!("`{column}` is not a number"), Some(&text));
            }
            (_, Slot::Map { text: index, .. }) if !text(*index).is_empty() => {
                gate.exclude(line, &format!("`{name}` has no number for the text in `{column}`"), Some(&text(*index)));
            }
            (_, Slot::Absent) => gate.exclude(line, &format!("the table has no column `{column}`"), None),
            _ => gate.exclude(line, &format!("`{column}` has no value"), None),
        }
    }
}

/// Returns the number that a text is.
fn number_of(text: &str) -> Option<f64> {
    text.parse().ok().filter(|number: &f64| number.is_finite())
}

fn by_word<T: Copy>(texts: &Texts, value: impl Fn(&str) -> T) -> Vec<T> {
    let values: Vec<T> = texts.texts().map(|word| value(&word)).collect();
    texts.codes.iter().map(|code| values[*code as usize]).collect()
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

/// Returns how texts of a column become numbers, if it is one of texts.
pub(super) fn text_hint(values: &Column<'_>, column: &str) -> Option<String> {
    const SHOWN: usize = 40;
    let Values::Words { codes, words } = &values.cells else { return None };
    let first: String = words.get(*codes.first()? as usize)?.chars().take(SHOWN).collect();
    Some(format!(
        "`{column}` starts with `{first}`: numbers stand without their unit, and texts get theirs by `let`, with `pick` and `from`"
    ))
}
