//! Which group each row belongs to.

use super::selected::Kept;
use super::{Sheet, truths};
use crate::expr::Column;
use crate::fit::table::{Cells, Texts};
use crate::fit::{FitError, GroupKey};
use std::borrow::Cow;
use std::collections::HashMap;

/// The keys of groups as bytes, so that they are compared and looked up without memory for each: the number
/// of the set, and then each value of `by` behind its length.
#[derive(Debug, Default)]
pub(in crate::fit) struct Keys {
    bytes: Vec<u8>,
    ends: Vec<usize>,
}

impl Keys {
    pub(in crate::fit) fn len(&self) -> usize {
        self.ends.len()
    }

    pub(in crate::fit) fn iter(&self) -> impl Iterator<Item = &[u8]> {
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

    /// Returns the groups in the order of their first rows, and the group of each row.
    pub(super) fn groups(&self, cells: &Cells, kept: &Kept, sets: &[u32]) -> (Keys, Vec<u32>) {
        let mut groups = Keys::default();
        if self.is_whole() {
            groups.push(0, std::iter::empty());
            return (groups, Vec::new());
        }
        let texts: Vec<&Texts> = self.by.iter().map(|slot| &cells.texts[*slot]).collect();
        let first = (0..kept.len()).map(|index| sets.get(index).map_or(0, |set| u64::from(*set)));
        let (mut group_of, mut count) = number_in_order(first, self.set_names.len());
        for texts in &texts {
            let words = texts.len();
            let pairs = group_of.iter().enumerate();
            let pairs =
                pairs.map(|(index, group)| u64::from(*group) * words as u64 + u64::from(texts.codes[kept.row(index)]));
            (group_of, count) = number_in_order(pairs, count.saturating_mul(words));
        }
        for (index, group) in group_of.iter().enumerate() {
            if *group as usize == groups.len() {
                let row = kept.row(index);
                let by = texts.iter().map(|texts| texts.text(texts.codes[row]));
                groups.push(sets.get(index).copied().unwrap_or(0), by);
            }
        }
        (groups, group_of)
    }
}

/// Numbers different values, all below `limit`, in the order in which they come; also returns how many
/// there are.
fn number_in_order(values: impl ExactSizeIterator<Item = u64>, limit: usize) -> (Vec<u32>, usize) {
    const NONE: u32 = u32::MAX;
    let mut count = 0;
    let mut next = || {
        count += 1;
        count - 1
    };
    let numbered = if limit <= values.len() * 4 + 1024 {
        let mut numbers = vec![NONE; limit];
        let number = |value: u64| {
            let number = &mut numbers[value as usize];
            if *number == NONE {
                *number = next();
            }
            *number
        };
        values.map(number).collect()
    } else {
        let mut numbers = HashMap::new();
        values.map(|value| *numbers.entry(value).or_insert_with(&mut next)).collect()
    };
    (numbered, count as usize)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_go_by_first_places() {
        for limit in [10, 1_000_000] {
            assert_eq!(number_in_order([7, 3, 7, 0, 3, 9].into_iter(), limit), (vec![0, 1, 0, 2, 1, 3], 4));
        }
        assert_eq!(number_in_order([].into_iter(), 0), (Vec::new(), 0));
    }
}
