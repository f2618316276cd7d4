//! Names in a model -> columns of a table.
//!
//! A name is a derived column, else a name under `columns`, else a column of the table that is called so;
//! `-` and spaces in the table's names count as `_`. Columns that are compared with texts, or mapped,
//! are texts; of the others the first rows tell.

use super::FitError;
use super::table::{Head, Want, separator};
use crate::expr::{Expr, Program};
use crate::suite::{Form, NamedColumn, Placed, Rule};
use crate::value::{Problem, Span, did_you_mean};
use std::collections::BTreeSet;

/// Where the values of a name come from.
#[derive(Debug)]
pub(super) enum Slot {
    /// A column of numbers, the index among `Cells::numbers`.
    Numbers(usize),
    /// A column of texts, the index among `Cells::texts`.
    Texts(usize),
    /// A column of the texts `true` and `false`.
    Bools(usize),
    /// Numbers for texts of a column, the index among `Cells::texts`.
    Map { text: usize, from: Vec<(String, f64)>, otherwise: Option<f64> },
    /// A derived column.
    Derived(Program, Placed),
    /// The table has no such column.
    Absent,
}

/// A slot and what it is called.
#[derive(Debug)]
pub(super) struct Named {
    pub(super) slot: Slot,
    /// The name in the model.
    pub(super) name: String,
    /// The name in the table, for messages.
    pub(super) column: String,
}

/// An expression over the slots.
#[derive(Debug)]
pub(super) struct Compiled {
    pub(super) program: Program,
    pub(super) placed: Placed,
    /// What it is in the model, for messages.
    pub(super) what: String,
    /// The slots that each row must have a value in, those of derived columns included.
    pub(super) needed: Vec<usize>,
    /// All slots that it may read, those of derived columns included.
    pub(super) read: Vec<usize>,
    /// The slot, where the expression is nothing but a name.
    pub(super) bare: Option<usize>,
}

/// Finds the columns of names, one slot for each.
pub(super) struct Layout<'a> {
    form: &'a Form,
    head: &'a Head,
    pub(super) wants: Vec<Want>,
    pub(super) slots: Vec<Named>,
    /// Columns of the table that are texts, whatever stands in them.
    texts: BTreeSet<usize>,
    numbers_used: usize,
    texts_used: usize,
}

impl<'a> Layout<'a> {
    pub(super) fn new(form: &'a Form, head: &'a Head) -> Result<Layout<'a>, FitError> {
        let mut layout = Layout {
            form,
            head,
            wants: vec![Want::default(); head.names.len()],
            slots: Vec::new(),
            texts: BTreeSet::new(),
            numbers_used: 0,
            texts_used: 0,
        };
        for placed in layout.expressions() {
            for comparison in placed.expr.text_comparisons() {
                if let Found::Column(index) = layout.find(comparison.name, form.lets.len(), placed.span)? {
                    layout.texts.insert(index);
                }
            }
        }
        for index in 0..form.lets.len() {
            layout.derive(index)?;
        }
        Ok(layout)
    }

    fn expressions(&self) -> Vec<&'a Placed> {
        let form = self.form;
        let derived = form.lets.iter().filter_map(|derived| match &derived.rule {
            Rule::Expr(placed) => Some(placed),
            Rule::Map { .. } => None,
        });
        let sets = form.sets.iter().map(|(_, placed)| placed);
        let features = form.features.iter().map(|feature| &feature.value);
        derived.chain(&form.filters).chain(sets).chain([&form.target]).chain(features).collect()
    }

    /// Makes the slot of a derived column; those before it have theirs.
    fn derive(&mut self, index: usize) -> Result<(), FitError> {
        let derived = &self.form.lets[index];
        let slot = match &derived.rule {
            Rule::Expr(placed) => {
                Slot::Derived(self.program(placed, index, &format!("`{}`", derived.name))?, placed.clone())
            }
            Rule::Map { of, from, otherwise } => match self.find(of, index, None)? {
                Found::Column(column) => {
                    Slot::Map { text: self.text(column), from: from.clone(), otherwise: *otherwise }
                }
                Found::Derived(_) => {
                    let message = format!("`{of}` is a derived column, and `pick` takes one of the table");
                    return Err(FitError::Model(Problem::at(derived.span, message)));
                }
                Found::Nothing => Slot::Absent,
            },
        };
        let column = match &derived.rule {
            Rule::Map { of, .. } => self.shown(of),
            Rule::Expr(_) => derived.name.clone(),
        };
        self.slots.push(Named { slot, name: derived.name.clone(), column });
        Ok(())
    }

    /// Returns the slot of texts of a column of the table.
    pub(super) fn text(&mut self, column: usize) -> usize {
        let next = self.texts_used;
        let slot = *self.wants[column].text.get_or_insert(next);
        self.texts_used = self.texts_used.max(slot + 1);
        slot
    }

    /// Finds a column of the table for `by`, `op` and the like.
    pub(super) fn column(&self, named: &NamedColumn, what: &str) -> Result<usize, FitError> {
        let NamedColumn { name, span } = named;
        match self.find(name, 0, *span)? {
            Found::Column(index) => Ok(index),
            Found::Derived(_) | Found::Nothing => Err(self.missing(name, what, *span)),
        }
    }

    /// Finds a column of the table, if it is there.
    pub(super) fn column_if_there(&self, name: &str) -> Option<usize> {
        match self.find(name, 0, None) {
            Ok(Found::Column(index)) => Some(index),
            Ok(Found::Derived(_) | Found::Nothing) | Err(_) => None,
        }
    }

    /// Compiles an expression.
    pub(super) fn compile(&mut self, placed: &Placed, what: String) -> Result<Compiled, FitError> {
        let program = self.program(placed, self.form.lets.len(), &what)?;
        let (mut needed, mut read) = (BTreeSet::new(), BTreeSet::new());
        self.collect(&placed.expr, &program, true, &mut needed, &mut read);
        let bare = match program.slots().as_slice() {
            [slot] if placed.expr.text().trim() == self.slots[*slot].name => Some(*slot),
            _ => None,
        };
        let list = |set: BTreeSet<usize>| set.into_iter().collect();
        Ok(Compiled { program, placed: placed.clone(), what, needed: list(needed), read: list(read), bare })
    }

    /// Gathers the slots that an expression reads. A slot that is asked for by `has` may be empty, and so
    /// may those that only a part of the expression needs in some rows.
    fn collect(
        &self,
        expr: &Expr,
        program: &Program,
        must: bool,
        needed: &mut BTreeSet<usize>,
        read: &mut BTreeSet<usize>,
    ) {
        let guarded = !expr.guarded_names().is_empty();
        for slot in program.slots() {
            read.insert(slot);
            match &self.slots[slot].slot {
                Slot::Derived(inner, placed) => self.collect(&placed.expr, inner, must && !guarded, needed, read),
                Slot::Numbers(_) | Slot::Texts(_) | Slot::Bools(_) | Slot::Map { .. } if must && !guarded => {
                    needed.insert(slot);
                }
                Slot::Numbers(_) | Slot::Texts(_) | Slot::Bools(_) | Slot::Map { .. } | Slot::Absent => {}
            }
        }
    }

    /// Finds the slots of an expression that may use the first derived columns.
    fn program(&mut self, placed: &Placed, derived: usize, what: &str) -> Result<Program, FitError> {
        let guarded: Vec<String> = placed.expr.guarded_names().iter().map(|found| found.name.to_owned()).collect();
        // What a guard may keep from being read may be missing: then the rows that read it are left out.
        let lenient = !guarded.is_empty();
        let names: BTreeSet<String> =
            placed.expr.names().iter().map(|found| found.name.to_owned()).chain(guarded.iter().cloned()).collect();
        let mut slots = Vec::new();
        for name in names {
            let slot = match self.find(&name, derived, placed.span)? {
                Found::Derived(slot) if !lenient && matches!(self.slots[slot].slot, Slot::Absent) => {
                    return Err(self.missing(&self.slots[slot].column, what, placed.span));
                }
                Found::Derived(slot) => slot,
                Found::Column(column) => self.slot(&name, column),
                Found::Nothing if lenient => self.absent(&name),
                Found::Nothing => return Err(self.missing(&name, what, placed.span)),
            };
            slots.push((name, slot));
        }
        let mut resolve = |name: &str| slots.iter().find(|(known, _)| known == name).map(|(_, slot)| *slot);
        placed.expr.compile_with(&mut resolve, &[]).map_err(|error| FitError::Model(place(placed.span, error.message)))
    }

    /// Returns the slot of a column of the table.
    fn slot(&mut self, name: &str, column: usize) -> usize {
        let kind = self.kind(column);
        let slot = match kind {
            Kind::Number => {
                let next = self.numbers_used;
                let slot = *self.wants[column].number.get_or_insert(next);
                self.numbers_used = self.numbers_used.max(slot + 1);
                Slot::Numbers(slot)
            }
            Kind::Bool => Slot::Bools(self.text(column)),
            Kind::Text => Slot::Texts(self.text(column)),
        };
        self.push(slot, name, &self.head.names[column].clone())
    }

    fn absent(&mut self, name: &str) -> usize {
        let candidates = self.form.columns.iter().find(|(known, _)| known == name).map(|(_, candidates)| candidates);
        let column = candidates.map_or_else(|| name.to_owned(), |candidates| candidates.join("` or `"));
        self.push(Slot::Absent, name, &column)
    }

    fn push(&mut self, slot: Slot, name: &str, column: &str) -> usize {
        let same = |known: &Named| known.name == name && !matches!(known.slot, Slot::Derived(..) | Slot::Map { .. });
        if let Some(index) = self.slots.iter().position(same) {
            return index;
        }
        self.slots.push(Named { slot, name: name.to_owned(), column: column.to_owned() });
        self.slots.len() - 1
    }

    fn kind(&self, column: usize) -> Kind {
        if self.texts.contains(&column) {
            return Kind::Text;
        }
        let words: Vec<_> = self.head.sample.texts[column].texts().filter(|word| !word.is_empty()).collect();
        let numbers = words.iter().filter(|word| word.parse::<f64>().is_ok()).count();
        if !words.is_empty() && words.iter().all(|word| matches!(word.as_ref(), "true" | "false")) {
            Kind::Bool
        } else if numbers * 2 >= words.len() {
            Kind::Number
        } else {
            Kind::Text
        }
    }

    fn find(&self, name: &str, derived: usize, span: Option<Span>) -> Result<Found, FitError> {
        let lets = &self.form.lets[..derived];
        if let Some(found) = lets.iter().rev().find(|found| found.name == name) {
            let same = |known: &Named| {
                known.name == found.name && matches!(known.slot, Slot::Derived(..) | Slot::Map { .. } | Slot::Absent)
            };
            // While the layout is made, those that have no slot yet are only looked for by name.
            return Ok(Found::Derived(self.slots.iter().position(same).unwrap_or(usize::MAX)));
        }
        let exact = |wanted: &str| self.head.names.iter().position(|known| known == wanted);
        if let Some((_, candidates)) = self.form.columns.iter().find(|(known, _)| known == name) {
            let found = candidates.iter().find_map(|candidate| exact(candidate));
            return self.only(found, name, span);
        }
        if let Some(index) = exact(name) {
            return self.only(Some(index), name, span);
        }
        let plain = |text: &str| text.replace(['-', ' '], "_");
        let mut alike = self.head.names.iter().enumerate().filter(|(_, known)| plain(known) == name);
        let found = alike.next().map(|(index, _)| index);
        if let (Some(first), Some((second, _))) = (found, alike.next()) {
            let message = format!("`{name}` may be `{}` or `{}`", self.head.names[first], self.head.names[second]);
            return Err(FitError::Model(place(span, message).hint("say which under `columns`")));
        }
        self.only(found, name, span)
    }

    /// Refuses a column whose name the table has twice.
    fn only(&self, index: Option<usize>, name: &str, span: Option<Span>) -> Result<Found, FitError> {
        let Some(index) = index else { return Ok(Found::Nothing) };
        let same = self.head.names.iter().filter(|known| **known == self.head.names[index]).count();
        if same > 1 {
            let message = format!("`{name}` is a column that the table has {same} times");
            return Err(FitError::Model(place(span, message)));
        }
        Ok(Found::Column(index))
    }

    fn missing(&self, name: &str, what: &str, span: Option<Span>) -> FitError {
        let candidates = self.form.columns.iter().find(|(known, _)| known == name).map(|(_, candidates)| candidates);
        let message = match candidates {
            Some(candidates) => {
                format!("{what} needs `{name}`, and the table has no column `{}`", candidates.join("` or `"))
            }
            None => format!("{what} needs `{name}`, and the table has no such column"),
        };
        let known: Vec<&str> = self.head.names.iter().map(String::as_str).collect();
        let hint = separator(&self.head.names).or_else(|| did_you_mean(name, known));
        FitError::Model(place(span, message).maybe_hint(hint))
    }

    /// Returns the name in the table of a name in the model.
    fn shown(&self, name: &str) -> String {
        self.column_if_there(name).map_or_else(|| name.to_owned(), |index| self.head.names[index].clone())
    }
}

enum Found {
    Column(usize),
    Derived(usize),
    Nothing,
}

enum Kind {
    Number,
    Bool,
    Text,
}

/// Returns a problem at a place, if it stands in a file.
pub(super) fn place(span: Option<Span>, message: String) -> Problem {
    match span {
        Some(span) => Problem::at(span, message),
        None => Problem::new(message),
    }
}
