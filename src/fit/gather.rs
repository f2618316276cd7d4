//! The first pass over a table: sums of products for each group, and the rows themselves while they are few.

use super::by_fold::ByFold;
use super::by_group::{Block, ByGroup};
use super::gate::Gate;
use super::group::{Group, KeptRows, Sums};
use super::sheet::{Groups, Numbering, Places, Rows, Sheet};
use super::table::{Cells, Dictionary, Head, Scan, scan};
use super::{FitError, Options, Table};
use crate::suite::Weighting;
use std::sync::atomic::{AtomicBool, Ordering};

/// Rows of chunks with more groups are held until there are some of each group.
pub(super) const FEW_GROUPS: usize = 16;

/// All groups of a table.
pub(super) struct Gathered {
    pub(super) gate: Gate,
    pub(super) groups: Vec<Group>,
    /// The keys of the groups, in the same order.
    keys: Dictionary,
    /// Whether the rows of all groups were kept.
    pub(super) kept: bool,
    /// All rows, where they are not among their groups, and sums of none were made.
    pub(super) held: ByGroup,
}

/// Passes over a table. The rows of all groups are kept where these are no more than `options` say, or if `all` are
/// wanted.
pub(super) fn gather(
    table: &dyn Table,
    head: &Head,
    sheet: &Sheet,
    options: &Options,
    weighting: Weighting,
    all: bool,
) -> Result<Gathered, FitError> {
    let pass = Pass { table, sheet, options, weighting };
    let limit = if all { usize::MAX } else { options.most_kept };
    if !is_large(table.size(), head, sheet, limit) {
        return pass.gather(limit, true).map(|(gathered, _)| gathered);
    }
    let (gathered, numbers) = pass.gather(limit, false)?;
    if numbers > limit { Ok(gathered) } else { pass.gather(limit, true).map(|(gathered, _)| gathered) }
}

/// Tells, from the first rows, whether a table seems to have half as many numbers again as are kept, so that keeping
/// them until there are too many would be in vain.
fn is_large(size: Option<u64>, head: &Head, sheet: &Sheet, limit: usize) -> bool {
    let (Some(size), false) = (size, sheet.is_filtered()) else { return false };
    let numbers = head.sample.lines.iter().count() as f64 * (sheet.width() + 1) as f64;
    size as f64 * numbers / head.sampled.max(1) as f64 > 1.5 * limit as f64
}

/// What a pass is made over.
struct Pass<'a> {
    table: &'a dyn Table,
    sheet: &'a Sheet,
    options: &'a Options,
    weighting: Weighting,
}

impl Pass<'_> {
    /// Passes over the table; returns how many numbers there are besides. Up to `limit` of them are kept, if `kept` says so.
    fn gather(&self, limit: usize, kept: bool) -> Result<(Gathered, usize), FitError> {
        let Pass { table, sheet, options, weighting } = *self;
        let keep = AtomicBool::new(kept);
        let worker = || {
            let mut numbering = Numbering::default();
            let keep = &keep;
            move |cells: &Cells| {
                let mut gate = Gate::default();
                let rows = sheet.rows(cells, &mut numbering, &mut gate)?;
                let ops = rows.ops.as_ref().map(|(codes, words)| Ops::of(&rows, codes, words.clone()));
                // Sums of many groups cost more to merge than rows to add up.
                if rows.groups.len() > FEW_GROUPS {
                    return Ok((gate, Part { ops, ..Part::of_many(rows) }));
                }
                // Rows without fingerprints were read when they were not to be kept any more.
                let keep = keep.load(Ordering::Relaxed) && rows.hashes.len() == rows.len();
                Ok((gate, Part { ops, ..Part::of_few(rows, sheet, weighting, keep) }))
            }
        };
        let mut gatherer =
            Gatherer { sheet, options, weighting, limit, numbers: 0, whole: Vec::new(), places: Places::default() };
        let mut gathered = Gathered {
            gate: Gate::default(),
            groups: Vec::new(),
            keys: Dictionary::default(),
            kept,
            held: ByGroup::default(),
        };
        let how = Scan { wants: &sheet.wants, threads: options.threads, hashed: &keep };
        scan(table, &how, &worker, &mut |(gate, part): (Gate, Part)| {
            gathered.gate.merge(gate);
            gatherer.take(part, &mut gathered);
            keep.store(gathered.kept, Ordering::Relaxed);
            Ok(())
        })?;
        let numbers = gatherer.numbers;
        gatherer.finish(&mut gathered);
        Ok((gathered, numbers))
    }
}

/// What comes of a chunk.
struct Part {
    groups: Groups,
    ops: Option<Ops>,
    /// How many numbers the rows have.
    numbers: usize,
    rows: PartRows,
}

/// The rows of a chunk.
enum PartRows {
    /// Those of few groups, summed up; with the rows themselves, if they are kept.
    Few(Vec<(Sums, KeptRows)>),
    /// Those of many.
    Many(Block),
}

impl Part {
    fn of_many(mut rows: Rows<'_>) -> Part {
        let groups = std::mem::take(&mut rows.groups);
        let block = Block::new(rows);
        Part { groups, ops: None, numbers: block.numbers(), rows: PartRows::Many(block) }
    }

    fn of_few(rows: Rows<'_>, sheet: &Sheet, weighting: Weighting, keep: bool) -> Part {
        let width = sheet.width();
        let mut parts: Vec<(Sums, KeptRows)> =
            (0..rows.groups.len()).map(|_| (Sums::new(width), KeptRows::default())).collect();
        if let ([(sums, _)], true) = (parts.as_mut_slice(), sheet.is_whole()) {
            sums.add_columns(&rows.columns(), sheet.strips(&rows), weighting);
        } else {
            rows.each(|group, values, line| parts[group].0.add(values, sheet.fold(line), weighting));
        }
        if keep {
            if let [(_, kept)] = parts.as_mut_slice() {
                kept.reserve(rows.len(), width + 1);
            }
            let mut hashes = rows.hashes.iter();
            rows.each(|group, values, line| {
                let kept = &mut parts[group].1;
                kept.values.extend_from_slice(values);
                kept.lines.push(line);
                kept.hashes.extend(hashes.next());
            });
        }
        let numbers = rows.len() * (width + 1);
        Part { groups: rows.groups, ops: None, numbers, rows: PartRows::Few(parts) }
    }
}

/// Takes the parts of a table, in order.
struct Gatherer<'a> {
    sheet: &'a Sheet,
    options: &'a Options,
    weighting: Weighting,
    /// Numbers that are kept, at most.
    limit: usize,
    numbers: usize,
    /// What grows bit by bit is for a while in memory twice: the rows of one group are put together at the end.
    whole: Vec<KeptRows>,
    places: Places,
}

impl Gatherer<'_> {
    fn take(&mut self, part: Part, gathered: &mut Gathered) {
        self.numbers += part.numbers;
        if gathered.kept && self.numbers > self.limit {
            gathered.kept = false;
            gathered.groups.iter_mut().for_each(|group| group.rows = KeptRows::default());
            gathered.held.forget_hashes();
            self.whole.clear();
        }
        let Part { groups, ops, rows, numbers: _ } = part;
        let places = self.places.of(&groups, |key| gathered.place(key, self.sheet));
        if let Some(ops) = ops {
            ops.each(|group, op, rows| gathered.groups[places[group] as usize].count_op(op, rows));
        }
        match rows {
            PartRows::Few(parts) => {
                // Rows of a group are added in the order of the table.
                self.spill(gathered);
                for (place, (sums, rows)) in places.into_iter().zip(parts) {
                    let group = &mut gathered.groups[place as usize];
                    group.sums.merge(sums);
                    match (gathered.kept, self.sheet.is_whole()) {
                        (true, true) => self.whole.push(rows),
                        (true, false) => group.rows.append(&rows),
                        (false, _) => {}
                    }
                }
            }
            PartRows::Many(block) => {
                gathered.held.add(block, &places);
                if gathered.held.numbers() > self.options.most_held {
                    self.spill(gathered);
                }
            }
        }
    }

    /// Adds the rows that are held to their groups.
    fn spill(&self, gathered: &mut Gathered) {
        let Gathered { groups, held, kept, .. } = gathered;
        let kept = *kept;
        held.spill(groups, self.options.threads, &|line| self.sheet.fold(line), &|_, group, rows: &ByFold| {
            group.sums.add_columns(&rows.columns(), rows.strips(), self.weighting);
            if kept {
                group.rows.append_group(rows);
            }
        });
    }

    fn finish(self, gathered: &mut Gathered) {
        // What was never added to a group may stay as it is.
        let added = gathered.groups.iter().any(|group| !group.sums.folds.is_empty());
        if gathered.kept || added {
            self.spill(gathered);
        }
        gathered.held.sort();
        if let ([group], false) = (gathered.groups.as_mut_slice(), self.whole.is_empty()) {
            let count = self.whole.iter().map(KeptRows::len).sum();
            group.rows.reserve(count, self.sheet.width() + 1);
            self.whole.into_iter().for_each(|part| group.rows.append(&part));
        }
    }
}

impl Gathered {
    /// Returns the place of a group; one that was not there is new.
    fn place(&mut self, key: &[u8], sheet: &Sheet) -> u32 {
        let place = self.keys.code(key);
        if place as usize == self.groups.len() {
            self.groups.push(Group::new(sheet.group_key(key)));
        }
        place
    }

    /// Returns the places of groups that are there; `places` has those that were looked for before.
    pub(super) fn known_places(&self, groups: &Groups, places: &mut Places) -> Vec<u32> {
        places.of(groups, |key| self.keys.find(key).expect("the table is the same in each pass"))
    }
}

/// How many rows of some groups have which operation.
struct Ops {
    /// Group, place of the operation and rows, in the order of first rows.
    counts: Vec<(u32, u32, u64)>,
    words: Vec<String>,
}

impl Ops {
    fn of(rows: &Rows<'_>, codes: &[u32], words: Vec<String>) -> Ops {
        let mut pairs: Vec<(u32, u32)> =
            codes.iter().enumerate().map(|(row, code)| (rows.group(row) as u32, *code)).collect();
        pairs.sort_unstable();
        let counts = pairs.chunk_by(|one, other| one == other).map(|same| (same[0].0, same[0].1, same.len() as u64));
        Ops { counts: counts.collect(), words }
    }

    /// Calls `take` with the group, the operation and the number of rows.
    fn each(&self, mut take: impl FnMut(usize, &str, u64)) {
        for (group, word, rows) in &self.counts {
            take(*group as usize, &self.words[*word as usize], *rows);
        }
    }
}
