//! The evaluation of a tree for many rows: columns in, block by block, one column out.
//!
//! All texts (of dictionaries and of the expression) get numbers of one common dictionary first,
//! so that comparing texts is comparing numbers, whichever columns they come from.

use super::blocks::{Block, Rows};
use super::expression::Parsed;
use super::strip::Strip;
use super::tree::NodeKind;
use super::{Cells, Column, EvalError, Fault};
use std::collections::HashMap;

/// Rows evaluated at once: what an expression touches meanwhile stays in the first-level cache.
const BLOCK: usize = 1024;

/// A program with the columns that it reads.
pub(super) struct Sheet<'a> {
    pub(super) parsed: &'a Parsed,
    /// For each name of the expression, its column.
    pub(super) columns: Vec<&'a Column<'a>>,
    /// For each name of the expression with a dictionary, the common number of each of its words.
    pub(super) numbers_of_words: Vec<Vec<u32>>,
    pub(super) dictionary: HashMap<&'a str, u32>,
    pub(super) words: Vec<&'a str>,
}

impl<'a> Sheet<'a> {
    /// Returns the common number of a text.
    fn number_of(&mut self, word: &'a str) -> u32 {
        let next = self.words.len() as u32;
        let words = &mut self.words;
        *self.dictionary.entry(word).or_insert_with(|| {
            words.push(word);
            next
        })
    }
}

pub(super) fn evaluate<'a>(
    parsed: &'a Parsed,
    slots: &[usize],
    columns: &'a [Column<'a>],
    rows: usize,
) -> Result<Column<'static>, Box<EvalError>> {
    const MISSING: &Column<'static> = &Column { cells: Cells::Absent, present: None };
    let mut sheet = Sheet {
        parsed,
        columns: slots.iter().map(|&slot| columns.get(slot).unwrap_or(MISSING)).collect(),
        numbers_of_words: Vec::with_capacity(slots.len()),
        dictionary: HashMap::new(),
        words: Vec::new(),
    };
    for index in 0..sheet.columns.len() {
        let column = sheet.columns[index];
        let length = match &column.cells {
            Cells::Numbers(numbers) => numbers.len(),
            Cells::Bools(bools) => bools.len(),
            Cells::Words { codes, .. } => codes.len(),
            Cells::Absent => rows,
        };
        let mask = column.present.as_ref().map_or(rows, |present| present.len());
        if let Some(found) = [length, mask].into_iter().find(|&found| found != rows) {
            let root = &parsed.root;
            return Err(EvalError::at(&parsed.text, root.start, root.end, Fault::BrokenColumn { found, wanted: rows }));
        }
        let numbers = match &column.cells {
            Cells::Words { words, .. } => words.iter().map(|word| sheet.number_of(word)).collect(),
            Cells::Numbers(_) | Cells::Bools(_) | Cells::Absent => Vec::new(),
        };
        sheet.numbers_of_words.push(numbers);
    }
    parsed.root.visit(&mut |node| {
        if let NodeKind::Text(text) = &node.kind {
            sheet.number_of(text);
        }
    });

    let mut result = Gathered::Nothing;
    let mut from = 0;
    // A sheet without rows is evaluated once, so that its result has the right kind.
    while from < rows || from == 0 {
        let length = BLOCK.min(rows - from);
        let block = Rows { sheet: &sheet, from, length }.evaluate(&parsed.root, None)?;
        result
            .append(block, length, rows)
            .map_err(|fault| EvalError::at(&parsed.text, parsed.root.start, parsed.root.end, fault))?;
        from += length.max(1);
    }
    Ok(result.column(&sheet.words))
}

/// The result as far as it is known.
enum Gathered {
    Nothing,
    Numbers(Vec<f64>),
    Bools(Vec<bool>),
    Texts(Vec<u32>),
}

impl Gathered {
    fn append(&mut self, block: Block<'_>, length: usize, rows: usize) -> Result<(), Fault> {
        if let Gathered::Nothing = self {
            *self = match &block {
                Block::Numbers(_) => Gathered::Numbers(Vec::with_capacity(rows)),
                Block::Bools(_) => Gathered::Bools(Vec::with_capacity(rows)),
                Block::Texts(_) => Gathered::Texts(Vec::with_capacity(rows)),
                Block::List(_) => return Err(Fault::Kind { wanted: "one value a row", found: "a list" }),
            };
        }
        match (&mut *self, &block) {
            (Gathered::Numbers(column), Block::Numbers(strip)) => strip.append_to(column, length),
            (Gathered::Bools(column), Block::Bools(strip)) => strip.append_to(column, length),
            (Gathered::Texts(column), Block::Texts(strip)) => strip.append_to(column, length),
            (gathered, block) => return Err(Fault::Mixed { one: gathered.kind(), other: block.kind() }),
        }
        Ok(())
    }

    fn kind(&self) -> &'static str {
        match self {
            Gathered::Nothing => "nothing",
            Gathered::Numbers(_) => Block::Numbers(Strip::One(0.0)).kind(),
            Gathered::Bools(_) => Block::Bools(Strip::One(false)).kind(),
            Gathered::Texts(_) => Block::Texts(Strip::One(0)).kind(),
        }
    }

    fn column(self, words: &[&str]) -> Column<'static> {
        match self {
            Gathered::Nothing => Column::absent(),
            Gathered::Numbers(numbers) => Column::numbers(numbers),
            Gathered::Bools(bools) => Column::bools(bools),
            Gathered::Texts(codes) => Column::words(codes, words.iter().map(ToString::to_string).collect::<Vec<_>>()),
        }
    }
}
