//! What stands beside the numbers that a model uses: columns that may say of what kind a row is.
//!
//! In: a table, and the lines of the rows that are wanted. Out: for each of them the texts of columns that the model
//! does not use, and a fingerprint of those that its features read.

use super::sheet::Sheet;
use super::table::{Cells, Head, Scan, Want, scan};
use super::{FitError, Table};
use std::hash::{DefaultHasher, Hasher};
use std::sync::atomic::AtomicBool;

/// Values that a column of numbers may have to be taken for a code: as many as the operations of the published sweeps
/// have codes. More are measures of something.
pub(super) const MOST_CODES: usize = 16;

/// Rows and what stands beside them.
#[derive(Debug, Default)]
pub(super) struct Beside {
    /// The line of each row, ascending.
    pub(super) lines: Vec<u64>,
    pub(super) columns: Vec<BesideColumn>,
    /// A fingerprint of what the features read in each row.
    pub(super) read: Vec<u64>,
}

/// A column that the model does not use.
#[derive(Debug)]
pub(super) struct BesideColumn {
    pub(super) name: String,
    /// Whether it holds numbers.
    pub(super) is_code: bool,
    /// The text of each row.
    pub(super) texts: Vec<String>,
}

/// Which columns are read.
struct Chosen {
    wants: Vec<Want>,
    /// Name and whether it holds numbers, by slots of texts.
    columns: Vec<(String, bool)>,
    /// The slots of texts that the features read.
    read: Vec<usize>,
}

/// Chooses columns: those of texts, and those of a few numbers. Of a long table the first rows tell, which may all be
/// of one kind.
fn choose(sheet: &Sheet, head: &Head) -> Chosen {
    let mut chosen = Chosen { wants: vec![Want::default(); head.names.len()], columns: Vec::new(), read: Vec::new() };
    for (index, texts) in head.sample.texts.iter().enumerate() {
        let words: Vec<_> = texts.texts().filter(|word| !word.is_empty()).collect();
        let numbers = words.iter().filter(|word| word.parse::<f64>().is_ok()).count();
        let is_code = numbers == words.len();
        let may_be = if is_code { words.len() <= MOST_CODES } else { numbers * 2 < words.len() };
        let unused = sheet.wants[index] == Want::default() || sheet.is_op(index);
        if unused && !words.is_empty() && may_be {
            chosen.wants[index].text = Some(chosen.columns.len());
            chosen.columns.push((head.names[index].clone(), is_code));
        }
    }
    if chosen.columns.iter().any(|(_, is_code)| *is_code) {
        for index in sheet.feature_columns() {
            let slot = chosen.columns.len() + chosen.read.len();
            chosen.wants[index].text = Some(slot);
            chosen.read.push(slot);
        }
    }
    chosen
}

/// Tells whether there are columns that may say of what kind a row is.
pub(super) fn has_beside(sheet: &Sheet, head: &Head) -> bool {
    !choose(sheet, head).columns.is_empty()
}

/// Reads what stands beside rows: all, or those of some lines, which ascend.
///
/// # Errors
/// A table that cannot be read.
pub(super) fn read_beside(
    table: &dyn Table,
    sheet: &Sheet,
    head: &Head,
    wanted: Option<&[u64]>,
    threads: usize,
) -> Result<Beside, FitError> {
    let Chosen { wants, columns, read } = choose(sheet, head);
    let count = columns.len();
    let column = |(name, is_code)| BesideColumn { name, is_code, texts: Vec::new() };
    let mut beside = Beside { columns: columns.into_iter().map(column).collect(), ..Beside::default() };
    if beside.columns.is_empty() {
        return Ok(beside);
    }
    let worker = || {
        |cells: &Cells| {
            let rows = wanted_rows(cells, wanted);
            let texts = cells.texts[..count].iter().map(|texts| {
                let text = |(row, _): &(usize, u64)| texts.text(texts.codes[*row]).into_owned();
                rows.iter().map(text).collect::<Vec<String>>()
            });
            let texts: Vec<Vec<String>> = texts.collect();
            let prints: Vec<u64> = rows.iter().map(|(row, _)| fingerprint(cells, &read, *row)).collect();
            Ok((rows.into_iter().map(|(_, line)| line).collect(), texts, prints))
        }
    };
    let how = Scan { wants: &wants, threads, hashed: &AtomicBool::new(false) };
    scan(table, &how, &worker, &mut |(lines, texts, prints): (Vec<u64>, Vec<Vec<String>>, Vec<u64>)| {
        beside.lines.extend(lines);
        beside.columns.iter_mut().zip(texts).for_each(|(column, texts)| column.texts.extend(texts));
        beside.read.extend(prints);
        Ok(())
    })?;
    beside.name_numbers();
    Ok(beside)
}

/// Returns the rows that are wanted, and their lines.
fn wanted_rows(cells: &Cells, wanted: Option<&[u64]>) -> Vec<(usize, u64)> {
    let all = cells.lines.iter().enumerate();
    let Some(wanted) = wanted else { return all.collect() };
    let Some(first) = cells.lines.iter().next() else { return Vec::new() };
    let mut left = &wanted[wanted.partition_point(|line| *line < first)..];
    let mut rows = Vec::new();
    for (row, line) in all {
        // Lines may stand for several rows, where they end otherwise.
        while left.first().is_some_and(|next| *next < line) {
            left = &left[1..];
        }
        match left.first() {
            Some(next) if *next == line => rows.push((row, line)),
            Some(_) => {}
            None => break,
        }
    }
    rows
}

fn fingerprint(cells: &Cells, slots: &[usize], row: usize) -> u64 {
    let mut hasher = DefaultHasher::new();
    for slot in slots {
        let texts = &cells.texts[*slot];
        hasher.write(texts.text(texts.codes[row]).as_bytes());
        hasher.write_u8(0);
    }
    hasher.finish()
}

impl Beside {
    /// Gives equal numbers one name, however they are written; what turns out to have too many, or other texts
    /// further down, is no code.
    fn name_numbers(&mut self) {
        self.columns.retain_mut(|column| {
            if !column.is_code {
                return true;
            }
            let mut names = std::collections::BTreeSet::new();
            for text in column.texts.iter_mut().filter(|text| !text.is_empty()) {
                let Ok(number) = text.parse::<f64>() else { return false };
                *text = crate::value::show_number(number);
                if !names.contains(text) {
                    names.insert(text.clone());
                }
                if names.len() > MOST_CODES {
                    return false;
                }
            }
            true
        });
    }
}
