//! Rows that should be fitted apart: a column of texts whose values, each fitted for itself, leave far
//! smaller errors than all together.

use super::sheet::Sheet;
use super::solve::{Moments, Solver, Triangle};
use super::table::{Cells, Head, Scan, Texts, Want, scan};
use super::{FitError, Table};
use crate::suite::Weighting;
use std::collections::BTreeMap;
use std::sync::atomic::AtomicBool;

/// Values that a column which mixes rows may have.
const MOST_VALUES: usize = 64;
/// Errors fall at least to this share of what they were.
const SHARE: f64 = 0.5;
/// The least mean error that is worth it.
const LEAST_ERROR: f64 = 0.01;

/// Columns that mix rows which differ.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Mixed {
    /// The columns; several divide the rows in the same way.
    pub(super) columns: Vec<String>,
    /// The values of the first, with their rows.
    pub(super) values: Vec<(String, u64)>,
    /// The mean error of a fit to each value.
    pub(super) error: f64,
}

/// The rows of a small table, and the texts beside them.
pub(super) struct Beside {
    /// The line of each row, ascending.
    lines: Vec<u64>,
    /// Columns by name: the text of each row.
    columns: Vec<(String, Vec<String>)>,
}

/// Reads the columns of texts that a model does not use.
pub(super) fn read_beside(table: &dyn Table, sheet: &Sheet, head: &Head) -> Result<Beside, FitError> {
    let mut wants = vec![Want::default(); head.names.len()];
    let mut names = Vec::new();
    for (index, texts) in head.sample.texts.iter().enumerate() {
        let words = || texts.texts().filter(|word| !word.is_empty());
        let numbers = words().filter(|word| word.parse::<f64>().is_ok()).count();
        let count = words().count();
        let unused = sheet.wants[index] == Want::default() || sheet.is_op(index);
        if unused && count >= 2 && numbers * 2 < count {
            wants[index].text = Some(names.len());
            names.push(head.names[index].clone());
        }
    }
    let mut beside = Beside { lines: Vec::new(), columns: names.into_iter().map(|name| (name, Vec::new())).collect() };
    if beside.columns.is_empty() {
        return Ok(beside);
    }
    let worker = || {
        |cells: &Cells| {
            let column = |texts: &Texts| texts.codes.iter().map(|code| texts.text(*code).into_owned()).collect();
            Ok((cells.lines.iter().collect(), cells.texts.iter().map(column).collect()))
        }
    };
    let how = Scan { wants: &wants, threads: 1, hashed: &AtomicBool::new(false) };
    scan(table, &how, &worker, &mut |(lines, columns): (Vec<u64>, Vec<Vec<String>>)| {
        beside.lines.extend(lines);
        beside.columns.iter_mut().zip(columns).for_each(|((_, column), texts)| column.extend(texts));
        Ok(())
    })?;
    Ok(beside)
}

impl Beside {
    /// Looks for columns that mix rows of a group; `values` holds features and target, row by row.
    pub(super) fn mixed(
        &self,
        values: &[f64],
        lines: &[u64],
        free: &[bool],
        weighting: Weighting,
        error: f64,
    ) -> Vec<Mixed> {
        if error < LEAST_ERROR {
            return Vec::new();
        }
        let places: Vec<Option<usize>> = lines.iter().map(|line| self.lines.binary_search(line).ok()).collect();
        let mut found: Vec<(Vec<usize>, Mixed)> = Vec::new();
        for (name, column) in &self.columns {
            let mut members: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
            for (row, place) in places.iter().enumerate() {
                let text = place.map_or("", |place| column[place].as_str());
                members.entry(text).or_default().push(row);
            }
            let fewest = members.values().map(Vec::len).min().unwrap_or(0);
            if members.len() < 2 || members.len() > MOST_VALUES || fewest < (3 * free.len()).max(8) {
                continue;
            }
            let part = partition(&members, lines.len());
            if let Some((_, known)) = found.iter_mut().find(|(other, _)| *other == part) {
                known.columns.push(name.clone());
                continue;
            }
            let apart = error_apart(values, members.values(), free, weighting);
            if apart <= SHARE * error {
                let values = members.iter().map(|(text, rows)| ((*text).to_owned(), rows.len() as u64)).collect();
                found.push((part, Mixed { columns: vec![name.clone()], values, error: apart }));
            }
        }
        found.into_iter().map(|(_, mixed)| mixed).collect()
    }
}

/// Numbers the parts by their first rows, so that columns which divide alike compare equal.
fn partition(members: &BTreeMap<&str, Vec<usize>>, rows: usize) -> Vec<usize> {
    let mut parts = vec![0; rows];
    for rows in members.values() {
        rows.iter().for_each(|row| parts[*row] = rows[0]);
    }
    parts
}

fn error_apart<'a>(
    values: &[f64],
    parts: impl Iterator<Item = &'a Vec<usize>>,
    free: &[bool],
    weighting: Weighting,
) -> f64 {
    let width = free.len() + 1;
    let (mut sum, mut count) = (0.0, 0u64);
    for rows in parts {
        let mut moments = Moments::new(free.len());
        for row in rows {
            let row = &values[row * width..(row + 1) * width];
            match weighting {
                Weighting::Absolute => moments.add_row(row),
                Weighting::Relative => {
                    let scaled: Vec<f64> = row.iter().map(|value| value / row[width - 1].abs()).collect();
                    moments.add_row(&scaled);
                }
            }
        }
        let solution = Solver::default().solve(&Triangle::of_moments(&moments), free);
        for row in rows {
            let (features, target) = (&values[row * width..][..width - 1], values[row * width + width - 1]);
            if target != 0.0 {
                let prediction: f64 = features.iter().zip(&solution.coefficients).map(|(x, b)| x * b).sum();
                sum += ((target - prediction) / target).abs();
                count += 1;
            }
        }
    }
    sum / count.max(1) as f64
}
