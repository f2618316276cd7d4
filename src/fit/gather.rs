//! The first pass over a table: sums of products for each group, and the rows themselves while they are few.

use super::by_group::ByGroup;
use super::gate::Gate;
use super::sheet::{Keys, Rows, Sheet};
use super::solve::Moments;
use super::table::{Cells, Dictionary, Scan, scan};
use super::{FOLDS, FitError, GroupKey, Options, Table};
use crate::suite::Weighting;
use std::borrow::Cow;
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

impl KeptRows {
    /// Makes room for so many rows of so many numbers.
    fn reserve(&mut self, rows: usize, numbers: usize) {
        self.values.reserve_exact(rows * numbers);
        self.lines.reserve_exact(rows);
        self.hashes.reserve_exact(rows);
    }

    fn append(&mut self, other: KeptRows) {
        let KeptRows { values, lines, hashes } = other;
        self.values.extend(values);
        self.lines.extend(lines);
        self.hashes.extend(hashes);
    }
}

/// All groups of a table.
pub(super) struct Gathered {
    pub(super) gate: Gate,
    pub(super) groups: Vec<Group>,
    /// The keys of the groups, in the same order.
    keys: Dictionary,
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

    /// Adds a row of a fold: its features and then the target.
    fn add(&mut self, values: &[f64], fold: usize, weighting: Weighting) {
        for (value, range) in values.iter().zip(&mut self.ranges) {
            *range = (range.0.min(*value), range.1.max(*value));
        }
        let factor = match weighting {
            Weighting::Absolute => 1.0,
            Weighting::Relative => 1.0 / values[values.len() - 1].abs(),
        };
        self.folds[fold].add_weighted(values, factor);
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
            self.rows.append(rows);
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
    let work = |cells: &Cells| {
        let mut gate = Gate::default();
        let rows = sheet.rows(cells, &mut gate)?;
        // Sums of many groups cost more to merge than rows to add up.
        if rows.groups.len() > FEW_GROUPS {
            return Ok((gate, Part::Rows(Box::new(rows.into_owned()))));
        }
        let mut groups: Vec<Group> = rows.groups.iter().map(|key| Group::new(sheet.group_key(key), width)).collect();
        let places: Vec<usize> = (0..groups.len()).collect();
        // Rows without fingerprints were read when they were not to be kept any more.
        let keep = keep.load(Ordering::Relaxed) && rows.hashes.len() == rows.len();
        add_rows(&mut groups, &places, &rows, sheet, weighting, keep);
        Ok((gate, Part::Groups(rows.groups, groups)))
    };
    let mut gathered = Gathered { gate: Gate::default(), groups: Vec::new(), keys: Dictionary::default(), kept: true };
    let mut numbers = 0;
    let mut waiting = ByGroup::default();
    // What grows bit by bit is for a while in memory twice: the rows of one group are put together at the end.
    let mut kept: Vec<KeptRows> = Vec::new();
    let how = Scan { wants: &sheet.wants, threads: options.threads, hashed: &keep };
    scan(table, &how, &work, &mut |(gate, part): (Gate, Part)| {
        gathered.gate.merge(gate);
        numbers += part.numbers(width);
        if gathered.kept && numbers > limit {
            gathered.kept = false;
            keep.store(false, Ordering::Relaxed);
            gathered.groups.iter_mut().for_each(|group| group.rows = KeptRows::default());
            kept.clear();
        }
        match part {
            Part::Groups(keys, groups) => {
                // Rows of a group are added in the order of the table.
                waiting.finish(|place, values, line| gathered.groups[place].add(values, sheet.fold(line), weighting));
                let places = gathered.places(&keys, sheet);
                for (place, mut group) in places.into_iter().zip(groups) {
                    if sheet.is_whole() && gathered.kept {
                        kept.push(std::mem::take(&mut group.rows));
                    }
                    gathered.groups[place].merge(group, gathered.kept);
                }
            }
            Part::Rows(rows) => {
                let places = gathered.places(&rows.groups, sheet);
                keep_rows(&mut gathered.groups, &places, &rows, gathered.kept);
                let groups = &mut gathered.groups;
                waiting.add(&rows, &places, |place, values, line| {
                    groups[place].add(values, sheet.fold(line), weighting);
                });
            }
        }
        Ok(())
    })?;
    waiting.finish(|place, values, line| gathered.groups[place].add(values, sheet.fold(line), weighting));
    if let [group] = gathered.groups.as_mut_slice() {
        let count = kept.iter().map(|part| part.lines.len()).sum();
        group.rows.reserve(count, width + 1);
        kept.into_iter().for_each(|part| group.rows.append(part));
    }
    Ok(gathered)
}

/// What comes of a chunk.
enum Part {
    /// Sums of few groups.
    Groups(Keys, Vec<Group>),
    /// The rows of many.
    Rows(Box<Rows<'static>>),
}

impl Part {
    /// Returns how many numbers there are to keep.
    fn numbers(&self, width: usize) -> usize {
        match self {
            Part::Groups(_, groups) => groups.iter().map(|group| group.rows.values.len()).sum(),
            Part::Rows(rows) => rows.len() * (width + 1),
        }
    }
}

impl Gathered {
    /// Returns the places of groups; those that were not there are new.
    fn places(&mut self, keys: &Keys, sheet: &Sheet) -> Vec<usize> {
        let place = |key: &[u8]| {
            let place = self.keys.code(key) as usize;
            if place == self.groups.len() {
                self.groups.push(Group::new(sheet.group_key(key), sheet.width()));
            }
            place
        };
        keys.iter().map(place).collect()
    }

    /// Returns the places of groups that are there.
    pub(super) fn known_places(&self, keys: &Keys) -> Vec<usize> {
        let place = |key: &[u8]| self.keys.find(key).expect("the table is the same in each pass") as usize;
        keys.iter().map(place).collect()
    }
}

/// Adds rows to groups; `places` says where each group of the rows stands.
fn add_rows(groups: &mut [Group], places: &[usize], rows: &Rows<'_>, sheet: &Sheet, weighting: Weighting, keep: bool) {
    if rows.len() == 0 {
        return;
    }
    match places {
        &[place] if sheet.is_whole() => sum_columns(&mut groups[place], rows, sheet, weighting),
        _ => {
            let columns = rows.columns();
            let mut values = vec![0.0; columns.len()];
            for (row, line) in rows.lines.iter().enumerate() {
                values.iter_mut().zip(&columns).for_each(|(value, column)| *value = column[row]);
                groups[places[rows.group(row)]].add(&values, sheet.fold(line), weighting);
            }
        }
    }
    keep_rows(groups, places, rows, keep);
}

/// Counts the operations of rows, and keeps the rows themselves if that is wanted.
fn keep_rows(groups: &mut [Group], places: &[usize], rows: &Rows<'_>, keep: bool) {
    if let Some((codes, words)) = &rows.ops {
        count_ops(groups, places, rows, codes, words);
    }
    if keep {
        if let [place] = places {
            groups[*place].rows.reserve(rows.len(), rows.features.len() + 1);
        }
        for (row, line) in rows.lines.iter().enumerate() {
            let kept = &mut groups[places[rows.group(row)]].rows;
            kept.values.extend(rows.features.iter().map(|column| column[row]));
            kept.values.push(rows.target[row]);
            kept.lines.push(line);
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
fn sum_columns(group: &mut Group, rows: &Rows<'_>, sheet: &Sheet, weighting: Weighting) {
    let factors = weights(&rows.target, weighting);
    for (range, column) in group.ranges.iter_mut().zip(&rows.features) {
        *range = range_with(*range, column);
    }
    let weighted = |column: &[f64]| -> Vec<f64> {
        factors.iter().flatten().zip(column).map(|(factor, value)| value * factor).collect()
    };
    let columns: Vec<Cow<'_, [f64]>> = rows
        .columns()
        .into_iter()
        .map(|column| if factors.is_some() { Cow::Owned(weighted(column)) } else { Cow::Borrowed(column) })
        .collect();
    let columns: Vec<&[f64]> = columns.iter().map(Cow::as_ref).collect();
    for (rows, fold) in sheet.strips(rows) {
        group.folds[fold].add_columns(&columns, rows);
    }
}

/// Widens a range to hold some finite values, four side by side.
fn range_with(range: (f64, f64), values: &[f64]) -> (f64, f64) {
    let least = |one: f64, other: f64| if other < one { other } else { one };
    let most = |one: f64, other: f64| if other > one { other } else { one };
    let (chunks, rest) = values.as_chunks::<4>();
    let (mut low, mut high) = ([range.0; 4], [range.1; 4]);
    for chunk in chunks {
        for lane in 0..4 {
            low[lane] = least(low[lane], chunk[lane]);
            high[lane] = most(high[lane], chunk[lane]);
        }
    }
    let low = low.iter().chain(rest).copied().fold(range.0, least);
    (low, high.iter().chain(rest).copied().fold(range.1, most))
}

fn count_ops(groups: &mut [Group], places: &[usize], rows: &Rows<'_>, codes: &[u32], words: &[String]) {
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
