//! Which group each row belongs to.

use super::selected::Kept;
use super::{Sheet, truths};
use crate::expr::Column;
use crate::fit::table::{Cells, Dictionary, Texts};
use crate::fit::{FitError, GroupKey};
use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};

/// The keys of groups as bytes, so that they are compared and looked up without memory for each: the number
/// of the set, and then each value of `by` behind its length.
#[derive(Debug, Default)]
pub(in crate::fit) struct Keys {
    bytes: Vec<u8>,
    ends: Vec<usize>,
}

impl Keys {
    fn len(&self) -> usize {
        self.ends.len()
    }

    fn iter(&self) -> impl Iterator<Item = &[u8]> {
        let starts = [0].into_iter().chain(self.ends.iter().copied());
        starts.zip(&self.ends).map(|(start, end)| &self.bytes[start..*end])
    }

    fn push<'t>(&mut self, set: u32, by: impl Iterator<Item = Cow<'t, str>>) {
        self.bytes.extend(set.to_le_bytes());
        for value in by {
            self.bytes.extend((value.len() as u32).to_le_bytes());
            self.bytes.extend_from_slice(value.as_bytes());
        }
        self.ends.push(self.bytes.len());
    }
}

/// The groups of some rows, in the order of their first rows; several may have the same key.
#[derive(Debug, Default)]
pub(in crate::fit) struct Groups {
    /// Whose numbers these are.
    naming: u64,
    /// The number of each group.
    numbers: Vec<u32>,
    /// Those groups, by their place here, that had no number before, and their keys.
    new: Vec<u32>,
    new_keys: Keys,
}

impl Groups {
    pub(in crate::fit) fn len(&self) -> usize {
        self.numbers.len()
    }
}

/// Numbers the groups that one reader of a table comes upon; a key is looked at only when it is new to that reader.
#[derive(Debug)]
pub(in crate::fit) struct Numbering {
    /// No other reader has the same. It changes when numbers begin anew.
    naming: u64,
    /// What the codes of texts count from, as the cells say.
    round: u64,
    /// Numbers of what is known so far of a key and the next text of it.
    pairs: Vec<Dictionary>,
    /// For each number the part of the table that had it last, from 1, and its place among the groups there.
    seen: Vec<(u32, u32)>,
    part: u32,
}

/// What a numbering is called.
static NAMINGS: AtomicU64 = AtomicU64::new(0);

impl Default for Numbering {
    fn default() -> Numbering {
        let naming = NAMINGS.fetch_add(1, Ordering::Relaxed);
        Numbering { naming, round: 0, pairs: Vec::new(), seen: Vec::new(), part: 0 }
    }
}

impl Numbering {
    /// Begins anew if the codes of texts do.
    fn follow(&mut self, round: u64) {
        if self.round != round || self.part == u32::MAX {
            *self = Numbering { round, ..Numbering::default() };
        }
    }

    /// Returns a number for each pair of a number and a text's code.
    fn pair(&mut self, level: usize, numbers: &[u32], codes: &[u32]) -> Vec<u32> {
        if self.pairs.len() <= level {
            self.pairs.resize_with(level + 1, Dictionary::default);
        }
        let dictionary = &mut self.pairs[level];
        let pairs = numbers.iter().zip(codes);
        let pairs = pairs.map(|(number, code)| (u64::from(*number) << 32 | u64::from(*code)).to_le_bytes());
        pairs.map(|pair| dictionary.code(&pair)).collect()
    }

    /// Returns the groups of rows whose numbers are these, and the place of each row's group among them; `key`
    /// adds the key of a row.
    fn groups(&mut self, numbers: &[u32], mut key: impl FnMut(usize, &mut Keys)) -> (Groups, Vec<u32>) {
        self.part += 1;
        let most = numbers.iter().max().map_or(0, |most| *most as usize + 1);
        if self.seen.len() < most {
            self.seen.resize(most, (0, 0));
        }
        let mut groups = Groups { naming: self.naming, ..Groups::default() };
        let mut group_of = Vec::with_capacity(numbers.len());
        for (row, number) in numbers.iter().enumerate() {
            let (part, place) = &mut self.seen[*number as usize];
            if *part != self.part {
                let is_new = *part == 0;
                (*part, *place) = (self.part, groups.len() as u32);
                if is_new {
                    groups.new.push(*place);
                    key(row, &mut groups.new_keys);
                }
                groups.numbers.push(*number);
            }
            group_of.push(*place);
        }
        (groups, group_of)
    }
}

/// Where groups stand among all: the numbers of readers -> places.
#[derive(Debug, Default)]
pub(in crate::fit) struct Places {
    by_naming: HashMap<u64, Vec<u32>>,
}

impl Places {
    /// Returns the place of each group; `place` finds that of a key that was not seen before.
    pub(in crate::fit) fn of(&mut self, groups: &Groups, mut place: impl FnMut(&[u8]) -> u32) -> Vec<u32> {
        debug_assert_eq!(groups.new.len(), groups.new_keys.len());
        let known = self.by_naming.entry(groups.naming).or_default();
        for (group, key) in groups.new.iter().zip(groups.new_keys.iter()) {
            let number = groups.numbers[*group as usize] as usize;
            if known.len() <= number {
                known.resize(number + 1, u32::MAX);
            }
            known[number] = place(key);
        }
        groups.numbers.iter().map(|number| known[*number as usize]).collect()
    }
}

impl Sheet {
    /// Returns the last set that holds in each row; `u32::MAX` where none does.
    pub(super) fn set_of(&self, columns: Vec<Column<'_>>, rows: usize) -> Result<Vec<u32>, FitError> {
        let mut sets = if self.sets.is_empty() { Vec::new() } else { vec![u32::MAX; rows] };
        for (index, (column, compiled)) in columns.iter().zip(&self.sets).enumerate() {
            for (set, holds) in sets.iter_mut().zip(truths(column, compiled)?) {
                if holds {
                    *set = index as u32;
                }
            }
        }
        Ok(sets)
    }

    /// Returns a group by its key.
    pub(in crate::fit) fn group_key(&self, key: &[u8]) -> GroupKey {
        const WHOLE: &str = "a key is whole";
        let (set, mut rest) = key.split_first_chunk().expect(WHOLE);
        let set = self.set_names[u32::from_le_bytes(*set) as usize].clone();
        let mut by = Vec::new();
        while !rest.is_empty() {
            let (length, values) = rest.split_first_chunk().expect(WHOLE);
            let (value, others) = values.split_at(u32::from_le_bytes(*length) as usize);
            by.push(String::from_utf8_lossy(value).into_owned());
            rest = others;
        }
        GroupKey { by, set }
    }

    /// Returns the groups in the order of their first rows, and the place of each row's group among them; there
    /// are no places if all rows are one group.
    pub(super) fn groups(
        &self,
        cells: &Cells,
        kept: &Kept,
        sets: &[u32],
        numbering: &mut Numbering,
    ) -> (Groups, Vec<u32>) {
        numbering.follow(cells.round);
        let texts: Vec<&Texts> = self.by.iter().map(|slot| &cells.texts[*slot]).collect();
        let key = |row: usize, keys: &mut Keys| {
            let by = texts.iter().map(|texts| texts.text(texts.codes[kept.row(row)]));
            keys.push(sets.get(row).copied().unwrap_or(0), by);
        };
        if self.is_whole() {
            let (groups, _) = numbering.groups(&[0], key);
            return (groups, Vec::new());
        }
        let mut columns = texts.iter().map(|texts| kept.take(&texts.codes));
        let mut numbers = if sets.is_empty() { columns.next().unwrap_or_default() } else { Cow::Borrowed(sets) };
        for (level, codes) in columns.enumerate() {
            numbers = Cow::Owned(numbering.pair(level, &numbers, &codes));
        }
        numbering.groups(&numbers, key)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Shows the groups of some rows as numbers, the new ones marked, and the places of the rows.
    fn show(numbering: &mut Numbering, numbers: &[u32]) -> String {
        let (groups, group_of) =
            numbering.groups(numbers, |row, keys| keys.push(numbers[row], [Cow::Borrowed("x")].into_iter()));
        let group = |(place, number): (usize, &u32)| match groups.new.contains(&(place as u32)) {
            true => format!("+{number}"),
            false => number.to_string(),
        };
        format!("{} at {group_of:?}", groups.numbers.iter().enumerate().map(group).collect::<Vec<_>>().join(" "))
    }

    #[test]
    fn numbers_go_by_first_rows() {
        let mut numbering = Numbering::default();
        assert_eq!(show(&mut numbering, &[7, 3, 7, 0]), "+7 +3 +0 at [0, 1, 0, 2]");
        assert_eq!(show(&mut numbering, &[3, 9, 3, 7]), "3 +9 7 at [0, 1, 0, 2]");
        assert_eq!(show(&mut numbering, &[]), " at []");
        numbering.follow(1);
        assert_eq!(show(&mut numbering, &[3]), "+3 at [0]");
        assert_eq!(numbering.pair(0, &[1, 1, 2, 1], &[5, 6, 5, 5]), [0, 1, 2, 0]);
        assert_eq!(numbering.pair(0, &[2, 3], &[5, 5]), [2, 3]);
    }

    #[test]
    fn readers_share_places() {
        let mut all = Dictionary::default();
        let mut places = Places::default();
        let mut of = |numbering: &mut Numbering, values: &[u32], codes: &[u32]| {
            let (groups, _) =
                numbering.groups(codes, |row, keys| keys.push(values[row], [Cow::Borrowed("")].into_iter()));
            places.of(&groups, |key| all.code(key))
        };
        let (mut one, mut other) = (Numbering::default(), Numbering::default());
        assert_eq!(of(&mut one, &[10, 20], &[0, 1]), [0, 1]);
        assert_eq!(of(&mut other, &[30, 20], &[0, 1]), [2, 1]);
        assert_eq!(of(&mut one, &[20, 30, 10], &[1, 2, 0]), [1, 2, 0]);
        other.follow(1);
        assert_eq!(of(&mut other, &[10, 40], &[0, 1]), [0, 3]);
    }
}
