//! The first pass over a table: sums of products for each group, and the rows themselves while they are few.

use super::gate::Gate;
use super::sheet::{Rows, Sheet};
use super::solve::Moments;
use super::table::{Cells, scan};
use super::{FOLDS, FitError, GroupKey, Options, Table, fold_of};
use crate::suite::Weighting;
use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};

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
    let work = |cells: Cells| {
        let mut gate = Gate::default();
        let rows = sheet.rows(&cells, &mut gate)?;
        Ok((gate, groups_of(&rows, sheet.width(), weighting, keep.load(Ordering::Relaxed))))
    };
    let mut gathered = Gathered { gate: Gate::default(), groups: Vec::new(), kept: true };
    let mut known: HashMap<GroupKey, usize> = HashMap::new();
    let mut numbers = 0;
    scan(table, &sheet.wants, options.threads, &work, &mut |(gate, groups): (Gate, Vec<Group>)| {
        gathered.gate.merge(gate);
        numbers += groups.iter().map(|group| group.rows.values.len()).sum::<usize>();
        if gathered.kept && numbers > limit {
            gathered.kept = false;
            keep.store(false, Ordering::Relaxed);
            gathered.groups.iter_mut().for_each(|group| group.rows = KeptRows::default());
        }
        for mut group in groups {
            if !gathered.kept {
                group.rows = KeptRows::default();
            }
            match known.get(&group.key) {
                Some(&index) => gathered.groups[index].merge(group, gathered.kept),
                None => {
                    known.insert(group.key.clone(), gathered.groups.len());
                    gathered.groups.push(group);
                }
            }
        }
        Ok(())
    })?;
    Ok(gathered)
}

/// Sums up some rows.
fn groups_of(rows: &Rows, width: usize, weighting: Weighting, keep: bool) -> Vec<Group> {
    let mut groups: Vec<Group> = rows.groups.iter().map(|key| Group::new(key.clone(), width)).collect();
    if rows.len() == 0 {
        return groups;
    }
    let factors = weights(&rows.target, weighting);
    if let [group] = groups.as_mut_slice() {
        sum_columns(group, rows, factors.as_deref());
    } else {
        sum_rows(&mut groups, rows, width, factors.as_deref());
    }
    if let Some((codes, words)) = &rows.ops {
        count_ops(&mut groups, rows, codes, words);
    }
    if keep {
        for row in 0..rows.len() {
            let kept = &mut groups[rows.group_of.get(row).map_or(0, |group| *group as usize)].rows;
            kept.values.extend(rows.features.iter().map(|column| column[row]));
            kept.values.push(rows.target[row]);
            kept.lines.push(rows.lines[row]);
            kept.hashes.push(rows.hashes[row]);
        }
    }
    groups
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
fn sum_rows(groups: &mut [Group], rows: &Rows, width: usize, factors: Option<&[f64]>) {
    let mut values = vec![0.0; width + 1];
    for row in 0..rows.len() {
        let group = &mut groups[rows.group_of[row] as usize];
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

fn count_ops(groups: &mut [Group], rows: &Rows, codes: &[u32], words: &[String]) {
    let mut counts: Vec<Vec<u64>> = vec![Vec::new(); groups.len()];
    for (row, code) in codes.iter().enumerate() {
        let counts = &mut counts[rows.group_of.get(row).map_or(0, |group| *group as usize)];
        let code = *code as usize;
        if counts.len() <= code {
            counts.resize(code + 1, 0);
        }
        counts[code] += 1;
    }
    for (group, counts) in groups.iter_mut().zip(counts) {
        for (word, count) in words.iter().zip(counts).filter(|(_, count)| *count > 0) {
            group.count_op(word, count);
        }
    }
}
