//! Which group each row belongs to.

use super::selected::Kept;
use super::{Sheet, truths};
use crate::expr::Column;
use crate::fit::table::Cells;
use crate::fit::{FitError, GroupKey};
use std::collections::HashMap;

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

    /// Returns the groups in the order of their first rows, and the group of each row.
    pub(super) fn groups(&self, cells: &Cells, kept: &Kept, sets: &[u32]) -> (Vec<GroupKey>, Vec<u32>) {
        let set_name = |set: u32| self.set_names[set as usize].clone();
        if self.by.is_empty() && self.sets.is_empty() {
            return (vec![GroupKey { by: Vec::new(), set: set_name(0) }], Vec::new());
        }
        let texts: Vec<_> = self.by.iter().map(|slot| &cells.texts[*slot]).collect();
        let mut known: HashMap<Vec<u32>, u32> = HashMap::new();
        let mut groups = Vec::new();
        let (mut key, mut last, mut last_group) = (Vec::new(), Vec::new(), 0);
        let group_of = (0..kept.len()).map(|index| {
            let row = kept.row(index);
            key.clear();
            key.extend(texts.iter().map(|texts| texts.codes[row]));
            key.push(sets.get(index).copied().unwrap_or(0));
            if key != last || groups.is_empty() {
                last_group = *known.entry(key.clone()).or_insert_with(|| {
                    let by = texts.iter().map(|texts| texts.words[texts.codes[row] as usize].clone()).collect();
                    groups.push(GroupKey { by, set: set_name(sets.get(index).copied().unwrap_or(0)) });
                    groups.len() as u32 - 1
                });
                last.clone_from(&key);
            }
            last_group
        });
        let group_of = group_of.collect();
        (groups, group_of)
    }
}
