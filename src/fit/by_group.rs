//! Rows of many groups, gathered until there are some of each, so that the memory of a group is looked for once
//! for several rows.

use super::sheet::Rows;

/// Rows that are gathered.
const MOST: usize = 1 << 15;

/// Rows that wait for others of their groups.
#[derive(Debug, Default)]
pub(super) struct ByGroup {
    /// The place of each row's group.
    places: Vec<u32>,
    lines: Vec<u64>,
    /// Features and then the target, row by row.
    values: Vec<f64>,
}

impl ByGroup {
    /// Adds rows, of whose groups `places` says where they stand; calls `take` with group, values and line of
    /// each that need not wait any longer, those of a group in the order in which they were added.
    pub(super) fn add(&mut self, rows: &Rows<'_>, places: &[usize], take: impl FnMut(usize, &[f64], u64)) {
        let columns = rows.columns();
        for (row, line) in rows.lines.iter().enumerate() {
            self.places.push(places[rows.group(row)] as u32);
            self.lines.push(line);
            self.values.extend(columns.iter().map(|column| column[row]));
        }
        if self.places.len() >= MOST {
            self.finish(take);
        }
    }

    /// Calls `take` with all rows that wait.
    pub(super) fn finish(&mut self, mut take: impl FnMut(usize, &[f64], u64)) {
        let rows = self.places.len();
        let width = self.values.len() / rows.max(1);
        // Where the rows of each group start among those in order.
        let mut starts = vec![0u32; self.places.iter().max().map_or(0, |last| *last as usize + 2)];
        self.places.iter().for_each(|place| starts[*place as usize + 1] += 1);
        for place in 1..starts.len() {
            starts[place] += starts[place - 1];
        }
        let mut order = vec![0u32; rows];
        for (row, place) in self.places.iter().enumerate() {
            let start = &mut starts[*place as usize];
            order[*start as usize] = row as u32;
            *start += 1;
        }
        for row in order {
            let row = row as usize;
            take(self.places[row] as usize, &self.values[row * width..(row + 1) * width], self.lines[row]);
        }
        self.places.clear();
        self.lines.clear();
        self.values.clear();
    }
}
