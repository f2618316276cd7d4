//! Rows that should be fitted apart: a column that the model does not use, whose values, each fitted for itself, leave
//! far smaller errors than all together.
//!
//! Smaller errors may be chance, the more columns are tried, so that they must be significant, too: by the test of Chow
//! (1960, Econometrica 28) for equal coefficients in all parts, at a level that all columns and groups share
//! (Bonferroni). A column of numbers may be a code, or a measure that the features hold already: then the form is to
//! blame, and not the rows. So one that is the same wherever the features are, or follows one of them, is no kind.

mod drawn;

use super::beside::{Beside, BesideColumn};
use super::findings::{FindingKind, of_mixed};
use super::fitted::FittedModel;
use super::solve::{Moments, Solver, Triangle};
use crate::stats::f_tail;
use crate::suite::Weighting;
use std::collections::{BTreeMap, BTreeSet};

/// Values that a column which mixes rows may have.
const MOST_VALUES: usize = 64;
/// Rows in parts that are too small to be fitted for themselves are left aside, if they are at most this share.
const ASIDE: f64 = 0.25;
/// Errors fall at least to this share of what they were.
const SHARE: f64 = 0.5;
/// The least mean error that is worth it.
const LEAST_ERROR: f64 = 0.01;
/// How often a table of rows that are alike may be told to mix them, all columns and groups together.
const LEVEL: f64 = 0.01;
/// Rows with the same features as earlier ones that tell whether these decide a column.
const TELLING: usize = 8;

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

/// Rows of a group, as its fit has them.
pub(super) struct FittedRows<'a> {
    /// Features and then the target, row by row.
    pub(super) values: &'a [f64],
    pub(super) lines: &'a [u64],
    pub(super) free: &'a [bool],
    pub(super) weighting: Weighting,
    /// The mean error of the fit.
    pub(super) error: f64,
    /// How many groups the table has.
    pub(super) groups: usize,
}

/// The rows of each value of a column.
type Members<'b> = BTreeMap<&'b str, Vec<usize>>;

/// Columns that divide rows in the same way.
struct Division<'b> {
    columns: Vec<&'b str>,
    members: Members<'b>,
    part_of: Vec<usize>,
}

impl Beside {
    /// Looks for columns that mix rows of a group.
    pub(super) fn mixed(&self, rows: &FittedRows<'_>) -> Vec<Mixed> {
        if rows.error < LEAST_ERROR {
            return Vec::new();
        }
        let divisions = self.divisions(rows);
        let level = LEVEL / (divisions.len() * rows.groups).max(1) as f64;
        let whole = Errors::of(rows, [&(0..rows.lines.len()).collect::<Vec<usize>>()].into_iter());
        let found = divisions.into_iter().filter_map(|Division { columns, members, .. }| {
            let large: Vec<&Vec<usize>> = members.values().filter(|part| part.len() >= fewest(rows)).collect();
            let apart = Errors::of(rows, large.iter().copied());
            let mut compared: Vec<usize> = large.iter().copied().flatten().copied().collect();
            compared.sort_unstable();
            let some = (compared.len() < rows.lines.len()).then(|| Errors::of(rows, std::iter::once(&compared)));
            let (together, error) = some.as_ref().map_or((&whole, rows.error), |some| (some, some.mean));
            let is_less = apart.mean <= SHARE * error;
            if !is_less || chance(together, &apart, [compared.len(), rows.free.len(), large.len()]) > level {
                return None;
            }
            let values = members.iter().map(|(text, rows)| ((*text).to_owned(), rows.len() as u64)).collect();
            let columns = columns.into_iter().map(str::to_owned).collect();
            Some(Mixed { columns, values, error: apart.mean })
        });
        found.collect()
    }

    /// Returns the ways in which columns divide rows into parts that can be fitted.
    fn divisions<'b>(&'b self, rows: &FittedRows<'_>) -> Vec<Division<'b>> {
        let places: Vec<Option<usize>> = rows.lines.iter().map(|line| self.lines.binary_search(line).ok()).collect();
        let mut found: Vec<Division<'b>> = Vec::new();
        for column in &self.columns {
            let members = members(column, &places);
            let large = members.values().map(Vec::len).filter(|part| *part >= fewest(rows));
            let (parts, count) = large.fold((0, 0), |(parts, count), part| (parts + 1, count + part));
            let is_most = (rows.lines.len() - count) as f64 <= ASIDE * rows.lines.len() as f64;
            if parts < 2 || members.len() > MOST_VALUES || !is_most {
                continue;
            }
            let part_of = partition(&members, rows.lines.len());
            if let Some(known) = found.iter_mut().find(|known| known.part_of == part_of) {
                known.columns.push(&column.name);
            } else if !(column.is_code && self.follows_features(rows, &places, &members, &part_of)) {
                found.push(Division { columns: vec![&column.name], members, part_of });
            }
        }
        found
    }

    /// Tells whether what the features read decides the part of a row.
    fn follows_features(
        &self,
        rows: &FittedRows<'_>,
        places: &[Option<usize>],
        members: &Members<'_>,
        part_of: &[usize],
    ) -> bool {
        let print = |row: usize| places[row].and_then(|place| self.read.get(place)).copied().unwrap_or(row as u64);
        let prints: BTreeSet<u64> = (0..part_of.len()).map(print).collect();
        let pairs: BTreeSet<(u64, usize)> = part_of.iter().enumerate().map(|(row, part)| (print(row), *part)).collect();
        if part_of.len() - prints.len() >= TELLING {
            return prints.len() == pairs.len();
        }
        let width = rows.free.len() + 1;
        (0..rows.free.len()).any(|feature| {
            let range = |rows_of: &Vec<usize>| {
                let values = rows_of.iter().map(|row| rows.values[row * width + feature]);
                values.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), x| (low.min(x), high.max(x)))
            };
            let mut ranges: Vec<(f64, f64)> = members.values().map(range).collect();
            ranges.sort_by(|one, other| one.0.total_cmp(&other.0));
            ranges.windows(2).all(|pair| pair[0].1 < pair[1].0)
        })
    }
}

/// Returns how many rows a part has at least that is fitted for itself.
fn fewest(rows: &FittedRows<'_>) -> usize {
    (3 * rows.free.len()).max(8)
}

fn members<'b>(column: &'b BesideColumn, places: &[Option<usize>]) -> Members<'b> {
    let mut members = Members::new();
    for (row, place) in places.iter().enumerate() {
        let text = place.map_or("", |place| column.texts[place].as_str());
        members.entry(text).or_default().push(row);
    }
    members
}

/// Numbers the parts by their first rows, so that columns which divide alike compare equal.
fn partition(members: &Members<'_>, rows: usize) -> Vec<usize> {
    let mut parts = vec![0; rows];
    for rows in members.values() {
        rows.iter().for_each(|row| parts[*row] = rows[0]);
    }
    parts
}

/// How far fits to parts of rows are off.
struct Errors {
    /// The mean error, as a share of the target.
    mean: f64,
    /// The sum of squares of weighted errors.
    squares: f64,
}

impl Errors {
    fn of<'m>(rows: &FittedRows<'_>, parts: impl Iterator<Item = &'m Vec<usize>>) -> Errors {
        let width = rows.free.len() + 1;
        let (mut sum, mut count, mut squares) = (0.0, 0u64, 0.0);
        for part in parts {
            let mut moments = Moments::new(rows.free.len());
            for row in part {
                let row = &rows.values[row * width..(row + 1) * width];
                match rows.weighting {
                    Weighting::Absolute => moments.add_row(row),
                    Weighting::Relative => {
                        let scaled: Vec<f64> = row.iter().map(|value| value / row[width - 1].abs()).collect();
                        moments.add_row(&scaled);
                    }
                }
            }
            let solution = Solver::default().solve(&Triangle::of_moments(&moments), rows.free);
            for row in part {
                let (features, rest) = rows.values[row * width..(row + 1) * width].split_at(width - 1);
                let target = rest[0];
                let prediction: f64 = features.iter().zip(&solution.coefficients).map(|(x, b)| x * b).sum();
                let error = target - prediction;
                squares += match rows.weighting {
                    Weighting::Absolute => error.powi(2),
                    Weighting::Relative => (error / target).powi(2),
                };
                if target != 0.0 {
                    sum += (error / target).abs();
                    count += 1;
                }
            }
        }
        Errors { mean: sum / count.max(1) as f64, squares }
    }
}

/// Returns how likely so much smaller errors are if all parts have the same coefficients and errors are normal (Chow's
/// test). Coefficients that may not be negative take up less, which makes it larger.
///
/// Given are the numbers of rows, coefficients and parts.
fn chance(together: &Errors, apart: &Errors, [rows, width, parts]: [usize; 3]) -> f64 {
    let (count, width) = (rows as f64, width as f64);
    let (more, left) = (width * (parts - 1) as f64, count - width * parts as f64);
    let gained = (together.squares - apart.squares) / more;
    f_tail(gained / (apart.squares / left), more, left)
}

/// Says of a model which columns mix its rows; `drawn` are the rows that it is told from, if not all.
pub(super) fn tell_mixed(model: &mut FittedModel, mixed: &[Mixed], error: f64, drawn: Option<u64>, op_column: &str) {
    // What a fit that a few rows have pulled over leaves of the others says nothing of their kinds.
    if model.findings.iter().any(|finding| finding.kind == FindingKind::InfluentialRow) {
        return;
    }
    // What it costs says more than that there are several operations.
    if mixed.iter().any(|mixed| mixed.columns.iter().any(|column| column == op_column)) {
        model.findings.retain(|finding| finding.kind != FindingKind::MixedRows);
    }
    model.findings.extend(mixed.iter().map(|mixed| of_mixed(mixed, error, drawn)));
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Rows of two kinds, one of which takes a tenth longer, and 2 % of noise; as a table of so many groups has them.
    fn said(groups: usize, further: &[BesideColumn]) -> Vec<Mixed> {
        let row = |row: u32| {
            let (x, kind) = (f64::from(1 + row / 2), f64::from(row % 2));
            [x, 3.0 * x * (1.0 + 0.1 * kind) * if (row / 2).is_multiple_of(2) { 1.02 } else { 0.98 }]
        };
        let values: Vec<f64> = (0..16).flat_map(row).collect();
        let lines: Vec<u64> = (2..18).collect();
        let rows = FittedRows {
            values: &values,
            lines: &lines,
            free: &[false],
            weighting: Weighting::Relative,
            error: 0.05,
            groups,
        };
        let mut columns = vec![column("kind", &|row| (row % 2).to_string())];
        columns.extend(further.iter().map(|one| BesideColumn {
            name: one.name.clone(),
            is_code: one.is_code,
            texts: one.texts.clone(),
        }));
        Beside { lines: lines.clone(), columns, read: Vec::new() }.mixed(&rows)
    }

    fn column(name: &str, text: &dyn Fn(usize) -> String) -> BesideColumn {
        BesideColumn { name: name.to_owned(), is_code: true, texts: (0..16).map(text).collect() }
    }

    #[test]
    fn many_groups_and_columns_ask_for_more() {
        let [found] = said(1, &[]).try_into().unwrap();
        let kinds = [("0".to_owned(), 8), ("1".to_owned(), 8)];
        assert_eq!((found.columns, found.values.as_slice()), (vec!["kind".to_owned()], &kinds[..]));
        assert!((found.error - 0.02).abs() < 1e-3, "{}", found.error);
        assert_eq!((said(10_000, &[]).len(), said(100_000, &[]).len()), (1, 0));
        // The same division by another name is no further test, others are.
        let same = column("same", &|row| format!("k{}", row % 2));
        let others: Vec<BesideColumn> = (1..8)
            .map(|bit| column(&format!("other{bit}"), &|row| ((row >> 1 & bit).count_ones() % 2).to_string()))
            .collect();
        assert_eq!(said(10_000, &[same])[0].columns, ["kind", "same"]);
        assert_eq!(said(10_000, &others).len(), 0);
    }

    #[test]
    fn what_follows_a_feature_is_no_kind() {
        let large = column("large", &|row| u8::from(row >= 8).to_string());
        let found = said(1, &[large]);
        assert!(found.len() == 1 && found[0].columns == ["kind"], "{found:?}");
    }
}
