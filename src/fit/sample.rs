//! Some rows of a group, drawn by their lines: what pages show, what changes of predictions are told
//! from, and how far new rows may be off.
//!
//! Each line has a number that looks random; those with the least numbers are kept. So the draw is the
//! same whatever the order of the parts that it is made from.

use super::quantiles::quantile;

/// Rows of a group that are kept, at most.
const MOST: usize = 2000;
/// Rows of all groups that are kept, at most, if no group falls below `LEAST`.
const MOST_OF_ALL: usize = 100_000;
/// Rows of a group that are kept however many groups there are.
const LEAST: usize = 8;
/// The share of new rows that the ratios should hold.
const LEVEL: f64 = 0.95;

/// Rows of a group by line: all while they are few, else some that were drawn.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Sample {
    lines: Vec<u64>,
    /// Features, target, and both predictions of each row.
    values: Vec<f64>,
}

/// A row of a table and what the model says of it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SampledRow<'s> {
    /// Its line in the table.
    pub line: u64,
    /// The features.
    pub features: &'s [f64],
    /// What was measured.
    pub target: f64,
    /// What the model says.
    pub prediction: f64,
    /// What a fit says that leaves this row out.
    pub left_out: f64,
}

impl Sample {
    /// Returns how many rows there are.
    pub fn len(&self) -> usize {
        self.lines.len()
    }

    /// Tells whether there are none.
    pub fn is_empty(&self) -> bool {
        self.lines.is_empty()
    }

    /// Returns the rows.
    pub fn iter(&self) -> impl Iterator<Item = SampledRow<'_>> {
        let width = self.values.len() / self.len().max(1);
        let rows = self.lines.iter().zip(self.values.chunks_exact(width.max(1)));
        rows.map(|(line, values)| {
            let (features, rest) = values.split_at(values.len() - 3);
            SampledRow { line: *line, features, target: rest[0], prediction: rest[1], left_out: rest[2] }
        })
    }
}

/// What lies between target and prediction of a row that was left out of the fit: target by prediction.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Ratios {
    /// The low end.
    pub low: f64,
    /// The middle.
    pub middle: f64,
    /// The high end.
    pub high: f64,
}

/// Rows that were drawn, while more may come.
#[derive(Debug, Clone)]
pub(super) struct Drawn {
    most: usize,
    /// Numbers above this are those of too many rows; none: no more rows are drawn.
    limit: Option<u64>,
    /// The number and the line of each row; up to twice as many as are wanted, so that they need not be put in
    /// order for each.
    keys: Vec<(u64, u64)>,
    /// The features, the target and both predictions of each row.
    values: Vec<f64>,
}

impl Drawn {
    /// Draws from a group of so many rows, one of so many groups.
    pub(super) fn new(rows: u64, groups: usize) -> Drawn {
        let most = (MOST_OF_ALL / groups.max(1)).clamp(LEAST, MOST);
        // As many as are wanted lie below, but for luck worse than 8 deviations; so that each part of a
        // table need not start with rows that others push out.
        let share = (most as f64 + 8.0 * (most as f64).sqrt()) / rows.max(1) as f64;
        let limit = if share >= 1.0 { u64::MAX } else { (share * u64::MAX as f64) as u64 };
        Drawn { most, limit: Some(limit), keys: Vec::new(), values: Vec::new() }
    }

    /// Draws from all rows of a group, one of so many groups, given their lines; `add` adds features, target and
    /// predictions of a row, which are `width` numbers.
    pub(super) fn of_all(
        lines: &[u64],
        groups: usize,
        width: usize,
        mut add: impl FnMut(usize, &mut Vec<f64>),
    ) -> Drawn {
        let mut drawn = Drawn::new(lines.len() as u64, groups);
        let limit = drawn.limit.take();
        let numbers = lines.iter().map(|line| number_of(*line)).enumerate();
        let mut taken: Vec<(u64, usize)> =
            numbers.filter(|(_, number)| Some(*number) <= limit).map(|(row, number)| (number, row)).collect();
        if taken.len() > drawn.most {
            let mut numbers = taken.clone();
            let (_, last, _) = numbers.select_nth_unstable(drawn.most - 1);
            taken.retain(|row| *row <= *last);
        }
        drawn.values.reserve_exact(taken.len() * width);
        taken.iter().for_each(|(_, row)| add(*row, &mut drawn.values));
        drawn.keys = taken.into_iter().map(|(number, row)| (number, lines[row])).collect();
        drawn
    }

    /// Tells whether more rows may be drawn.
    pub(super) fn is_open(&self) -> bool {
        self.limit.is_some()
    }

    /// Offers a row; `add` adds its features, target and predictions, if it is taken.
    #[inline]
    pub(super) fn offer(&mut self, line: u64, add: impl FnOnce(&mut Vec<f64>)) {
        let number = number_of(line);
        if self.limit.is_some_and(|limit| number <= limit) {
            self.keys.push((number, line));
            add(&mut self.values);
            self.prune();
        }
    }

    /// Leaves only as many rows as are wanted, if there are twice as many.
    fn prune(&mut self) {
        if self.keys.len() >= 2 * self.most {
            self.cut();
        }
    }

    /// Leaves only as many rows as are wanted.
    fn cut(&mut self) {
        if self.keys.len() <= self.most {
            return;
        }
        let width = self.values.len() / self.keys.len();
        let mut keys = self.keys.clone();
        let (_, last, _) = keys.select_nth_unstable(self.most - 1);
        let last = *last;
        self.limit = self.limit.and(Some(last.0));
        let mut kept = 0;
        for row in 0..self.keys.len() {
            if self.keys[row] <= last && kept < self.most {
                self.keys[kept] = self.keys[row];
                self.values.copy_within(row * width..(row + 1) * width, kept * width);
                kept += 1;
            }
        }
        self.keys.truncate(kept);
        self.values.truncate(kept * width);
    }

    /// Adds the draw of other rows.
    pub(super) fn merge(&mut self, other: Drawn) {
        self.keys.extend(other.keys);
        self.values.extend(other.values);
        self.prune();
    }

    /// Returns the rows by line.
    pub(super) fn into_sample(mut self) -> Sample {
        self.cut();
        let Drawn { keys, values, .. } = self;
        if keys.is_sorted_by_key(|(_, line)| *line) {
            return Sample { lines: keys.into_iter().map(|(_, line)| line).collect(), values };
        }
        let width = values.len() / keys.len();
        let mut order: Vec<(u64, usize)> = keys.iter().enumerate().map(|(row, (_, line))| (*line, row)).collect();
        order.sort_unstable();
        let mut sorted = Vec::with_capacity(values.len());
        order.iter().for_each(|(_, row)| sorted.extend_from_slice(&values[row * width..(row + 1) * width]));
        Sample { lines: order.into_iter().map(|(line, _)| line).collect(), values: sorted }
    }
}

/// Returns a number of a line that looks random (the finaliser of SplitMix64).
fn number_of(line: u64) -> u64 {
    let mixed = line.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}

/// Returns between which ratios 95 of 100 new rows lie: order statistics of rows that were left out, as
/// of n+1 rows, so that it holds for any distribution (Vovk, Gammerman and Shafer, "Algorithmic Learning
/// in a Random World", 2005); of fewer than 39 rows the extreme ones. None with less than two rows.
pub(super) fn ratios_of(sample: &Sample) -> Option<Ratios> {
    let mut ratios: Vec<f64> =
        sample.iter().filter(|row| row.left_out > 0.0).map(|row| row.target / row.left_out).collect();
    ratios.sort_by(f64::total_cmp);
    let count = ratios.len();
    if count < 2 {
        return None;
    }
    let tail = (1.0 - LEVEL) / 2.0;
    let below = (((count + 1) as f64 * tail).floor() as usize).clamp(1, count) - 1;
    Some(Ratios { low: ratios[below], middle: quantile(&ratios, 0.5)?, high: ratios[count - 1 - below] })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_order_of_parts_changes_nothing() {
        let add = |values: &mut Vec<f64>| values.extend([1.0; 4]);
        let draw = |lines: &mut dyn Iterator<Item = u64>| {
            let mut drawn = Drawn::new(4998, 100_000);
            lines.for_each(|line| drawn.offer(line, add));
            drawn
        };
        let all = draw(&mut (2..5000));
        let mut parts = draw(&mut (2500..5000).rev());
        parts.merge(draw(&mut (2..2500)));
        let lines = |drawn: &Drawn| drawn.clone().into_sample().iter().map(|row| row.line).collect::<Vec<_>>();
        assert_eq!(lines(&all).len(), LEAST);
        let mut large = Drawn::new(1_000_000, 1);
        (0..1_000_000).for_each(|line| large.offer(line, add));
        let found = large.into_sample();
        assert_eq!(found.len(), MOST);
        // They are those with the least numbers.
        let mut numbered: Vec<(u64, u64)> = (0..1_000_000).map(|line| (number_of(line), line)).collect();
        numbered.sort_unstable();
        let mut least: Vec<u64> = numbered[..MOST].iter().map(|(_, line)| *line).collect();
        least.sort_unstable();
        assert_eq!(found.iter().map(|row| row.line).collect::<Vec<_>>(), least);
        let first = SampledRow { line: least[0], features: &[1.0], target: 1.0, prediction: 1.0, left_out: 1.0 };
        assert_eq!(found.iter().next(), Some(first));
        assert_eq!(lines(&all), lines(&parts));
        // All at once are those that are drawn one by one.
        for (count, groups) in
            [(0, 1), (5, 100_000), (8, 100_000), (9, 100_000), (4998, 100_000), (30_000, 3), (900, 1)]
        {
            let lines: Vec<u64> = (7..7 + count).collect();
            let mut one_by_one = Drawn::new(count, groups);
            let values = |line: u64, values: &mut Vec<f64>| values.extend([line as f64, 1.0, 2.0, 3.0]);
            lines.iter().for_each(|line| one_by_one.offer(*line, |all| values(*line, all)));
            let mut at_once = Drawn::of_all(&lines, groups, 4, |row, all| values(lines[row], all));
            assert!(one_by_one.is_open() && !at_once.is_open());
            lines.iter().for_each(|line| at_once.offer(*line, |_| panic!("nothing is drawn any more")));
            assert_eq!(at_once.into_sample(), one_by_one.into_sample(), "{count} {groups}");
        }
        let mut few = Drawn::new(5, 100_000);
        (0..5).for_each(|line| few.offer(line, add));
        assert_eq!(few.into_sample().len(), 5);
    }

    #[test]
    fn ratios_by_hand() {
        let values = |count: u64| (1..=count).flat_map(|line| [1.0, line as f64, 1.0, 1.0]).collect();
        let ratios = |count: u64| ratios_of(&Sample { lines: (1..=count).collect(), values: values(count) });
        assert_eq!(ratios(1), None);
        assert_eq!(ratios(3), Some(Ratios { low: 1.0, middle: 2.0, high: 3.0 }));
        assert_eq!(ratios(39), Some(Ratios { low: 1.0, middle: 20.0, high: 39.0 }));
        assert_eq!(ratios(199), Some(Ratios { low: 5.0, middle: 100.0, high: 195.0 }));
    }
}
