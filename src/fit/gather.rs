//! The first pass over a table: sums of products for each group, and the rows themselves while they are few.

use super::gate::Gate;
use super::sheet::{Rows, Sheet};
use super::solve::Moments;
use super::table::{Cells, scan};
use super::{FOLDS, FitError, GroupKey, Options, Table, fold_of};
use crate::suite::Weighting;
use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};

/// Chunks with more groups are added up where they are merged, in the order of the table.
pub(super) const FEW_GROUPS: usize = 16;

/// What is known of a group after one pass.
#[derive(Debug)]
pub(super) struct Group {
    pub(super) key: GroupKey,
    /// The sums of each fold's rows.
    pub(super) folds: Vec<Moments>,
    /// The least and the greatest value of each feature.
    pub(super) ranges: Vec<(f64, f64)>,
    /// Operations and how many rows they have, in the order of their first rows.
    pub(super) ops: Vec<(String, u64)>,
    /// The rows, where they were kept.
    pub(super) rows: KeptRows,
}

/// Rows in memory.
#[derive(Debug, Default)]
pub(super) struct KeptRows {
    /// Features and then the target, row by row.
    pub(super) values: Vec<f64>,
    pub(super) lines: Vec<u64>,
    pub(super) hashes: Vec<u64>,
}

/// All groups of a table.
pub(super) struct Gathered {
    pub(super) gate: Gate,
    pub(super) groups: Vec<Group>,
    /// Whether the rows of all groups were kept.
    pub(super) kept: bool,
}

impl Group {
    fn new(key: GroupKey, width: usize) -> Group {
        Group {
            key,
            folds: (0..FOLDS).map(|_| Moments::new(width)).collect(),
            ranges: vec![(f64::INFINITY, f64::NEG_INFINITY); width],
            ops: Vec::new(),
            rows: KeptRows::default(),
        }
    }

    /// Returns how many rows there are.
    pub(super) fn count(&self) -> u64 {
        self.folds.iter().map(|fold| fold.product(fold.features() + 1, fold.features() + 1) as u64).sum()
    }

    fn count_op(&mut self, op: &str, rows: u64) {
        match self.ops.iter_mut().find(|(known, _)| known == op) {
            Some((_, count)) => *count += rows,
            None => self.ops.push((op.to_owned(), rows)),
        }
    }

    fn merge(&mut self, other: Group, keep: bool) {
        let Group { key: _, folds, ranges, ops, rows } = other;
        self.folds.iter_mut().zip(&folds).for_each(|(fold, other)| fold.merge(other));
        for (range, other) in self.ranges.iter_mut().zip(ranges) {
            *range = (range.0.min(other.0), range.1.max(other.1));
        }
        ops.iter().for_each(|(op, count)| self.count_op(op, *count));
        if keep {
            self.rows.values.extend(rows.values);
            self.rows.lines.extend(rows.lines);
            self.rows.hashes.extend(rows.hashes);
        }
    }
}

/// Passes over a table.
pub(super) fn gather(
    table: &dyn Table,
    sheet: &Sheet,
    options: &Options,
    weighting: Weighting,
    all: bool,
) -> Result<Gathered, FitError> {
    let limit = if all { usize::MAX } else { options.most_kept };
    let keep = AtomicBool::new(true);
    let width = sheet.width();
    let work = |cells: Cells| {
        let mut gate = Gate::default();
        let rows = sheet.rows(&cells, &mut gate)?;
        // Sums of many groups cost more to merge than rows to add up.
        if rows.groups.len() > FEW_GROUPS {
            return Ok((gate, Part::Rows(rows)));
        }
        let mut groups: Vec<Group> = rows.groups.iter().map(|key| Group::new(key.clone(), width)).collect();
        let places: Vec<usize> = (0..groups.len()).collect();
        add_rows(&mut groups, &places, &rows, weighting, keep.load(Ordering::Relaxed));
        Ok((gate, Part::Groups(groups)))
    };
    let mut gathered = Gathered { gate: Gate::default(), groups: Vec::new(), kept: true };
    let mut known: HashMap<GroupKey, usize> = HashMap::new();
    let mut numbers = 0;
    scan(table, &sheet.wants, options.threads, &work, &mut |(gate, part): (Gate, Part)| {
        gathered.gate.merge(gate);
        numbers += part.numbers(width);
        if gathered.kept && numbers > limit {
            gathered.kept = false;
            keep.store(false, Ordering::Relaxed);
            gathered.groups.iter_mut().for_each(|group| group.rows = KeptRows::default());
        }
        let groups = match part {
            Part::Groups(groups) => groups,
            Part::Rows(rows) => {
                let places: Vec<usize> = rows.groups.iter().map(|key| gathered.place(&mut known, key, width)).collect();
                add_rows(&mut gathered.groups, &places, &rows, weighting, gathered.kept);
                return Ok(());
            }
        };
        for group in groups {
            let place = gathered.place(&mut known, &group.key, width);
            gathered.groups[place].merge(group, gathered.kept);
        }
        Ok(())
    })?;
    Ok(gathered)
}

/// What comes of a chunk.
enum Part {
    /// Sums of few groups.
    Groups(Vec<Group>),
    /// The rows of many.
    Rows(Rows),
}

impl Part {
    /// Returns how many numbers there are to keep.
    fn numbers(&self, width: usize) -> usize {
        match self {
            Part::Groups(groups) => groups.iter().map(|group| group.rows.values.len()).sum(),
            Part::Rows(rows) => rows.len() * (width + 1),
        }
    }
}

impl Gathered {
    /// Returns the place of a group, which is new if it was not there.
    fn place(&mut self, known: &mut HashMap<GroupKey, usize>, key: &GroupKey, width: usize) -> usize {
        if let Some(&place) = known.get(key) {
            return place;
        }
        let place = self.groups.len();
        known.insert(key.clone(), place);
        self.groups.push(Group::new(key.clone(), width));
        place
    }
}

/// Adds rows to groups; `places` says where each group of the rows stands.
fn add_rows(groups: &mut [Group], places: &[usize], rows: &Rows, weighting: Weighting, keep: bool) {
    if rows.len() == 0 {
        return;
    }
    let factors = weights(&rows.target, weighting);
    match places {
        &[place] => sum_columns(&mut groups[place], rows, factors.as_deref()),
        _ => sum_rows(groups, places, rows, factors.as_deref()),
    }
    if let Some((codes, words)) = &rows.ops {
        count_ops(groups, places, rows, codes, words);
    }
    if keep {
        for row in 0..rows.len() {
            let kept = &mut groups[places[rows.group(row)]].rows;
            kept.values.extend(rows.features.iter().map(|column| column[row]));
            kept.values.push(rows.target[row]);
            kept.lines.push(rows.lines[row]);
            kept.hashes.push(rows.hashes[row]);
        }
    }
}

/// Returns the factor of each row; none: they are all 1.
fn weights(target: &[f64], weighting: Weighting) -> Option<Vec<f64>> {
    match weighting {
        Weighting::Absolute => None,
        Weighting::Relative => Some(target.iter().map(|target| 1.0 / target.abs()).collect()),
    }
}

/// Sums up rows of one group, column by column.
fn sum_columns(group: &mut Group, rows: &Rows, factors: Option<&[f64]>) {
    for (range, column) in group.ranges.iter_mut().zip(&rows.features) {
        for value in column {
            *range = (range.0.min(*value), range.1.max(*value));
        }
    }
    let mut members: Vec<Vec<u32>> = vec![Vec::new(); FOLDS];
    for (row, line) in rows.lines.iter().enumerate() {
        members[fold_of(*line)].push(row as u32);
    }
    let columns = rows.features.iter().chain([&rows.target]);
    for (fold, members) in group.folds.iter_mut().zip(&members) {
        let taken: Vec<Vec<f64>> = columns
            .clone()
            .map(|column| match factors {
                None => members.iter().map(|row| column[*row as usize]).collect(),
                Some(factors) => members.iter().map(|row| column[*row as usize] * factors[*row as usize]).collect(),
            })
            .collect();
        fold.add_columns(&taken.iter().map(Vec::as_slice).collect::<Vec<_>>());
    }
}

/// Sums up rows of several groups, row by row.
fn sum_rows(groups: &mut [Group], places: &[usize], rows: &Rows, factors: Option<&[f64]>) {
    let width = rows.features.len();
    let mut values = vec![0.0; width + 1];
    for row in 0..rows.len() {
        let group = &mut groups[places[rows.group(row)]];
        for ((value, column), range) in values.iter_mut().zip(&rows.features).zip(&mut group.ranges) {
            *value = column[row];
            *range = (range.0.min(*value), range.1.max(*value));
        }
        values[width] = rows.target[row];
        if let Some(factors) = factors {
            values.iter_mut().for_each(|value| *value *= factors[row]);
        }
        group.folds[fold_of(rows.lines[row])].add_row(&values);
    }
}

fn count_ops(groups: &mut [Group], places: &[usize], rows: &Rows, codes: &[u32], words: &[String]) {
    let mut counts: Vec<Vec<u64>> = vec![Vec::new(); places.len()];
    for (row, code) in codes.iter().enumerate() {
        let counts = &mut counts[rows.group(row)];
        let code = *code as usize;
        if counts.len() <= code {
            counts.resize(code + 1, 0);
        }
        counts[code] += 1;
    }
    for (place, counts) in places.iter().zip(counts) {
        for (word, count) in words.iter().zip(counts).filter(|(_, count)| *count > 0) {
            groups[*place].count_op(word, count);
        }
    }
}
