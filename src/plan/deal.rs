//! Dealing work out to shards, so that the longest is as short as can be.
//!
//! Work that needs nothing in common goes longest first to the shard with the least work (Graham
//! 1969: at most 4/3 of the best, and within a few permille for many small tasks). Where units share
//! upstream work, that spreads every shared task over every shard; then shards are filled one after
//! the other, unit by unit of the same upstream work, up to a height that is found by bisection. The
//! better of both is taken.

use super::TaskId;
use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap, HashSet};

/// How often the height is halved: to a thousandth of the range it may lie in.
const HALVINGS: u32 = 12;

/// A leaf, with what only it needs.
#[derive(Debug, Clone)]
pub(super) struct Unit {
    pub(super) seconds: f64,
    /// The machine it wants.
    pub(super) label: usize,
    /// What it needs that others need too, ascending.
    pub(super) shared: Vec<TaskId>,
}

/// Who runs what.
#[derive(Debug, Default)]
pub(super) struct Dealt {
    /// By shard: the machine it wants.
    pub(super) labels: Vec<usize>,
    /// By unit: its shard, from 1.
    pub(super) shards: Vec<u32>,
}

/// Deals units out to `count` shards, or one for each label if those are more.
pub(super) fn deal(count: u32, labels: usize, units: Vec<Unit>, cost: &dyn Fn(TaskId) -> f64) -> Dealt {
    let mut members: Vec<Vec<usize>> = vec![Vec::new(); labels];
    units.iter().enumerate().for_each(|(unit, Unit { label, .. })| members[*label].push(unit));
    let widths = widths(count, &members, &units);
    let mut dealt = Dealt { labels: Vec::new(), shards: vec![0; units.len()] };
    for (label, (members, width)) in members.iter().zip(widths).enumerate() {
        let first = dealt.labels.len() as u32 + 1;
        let places = deal_one_label(width, members, &units, cost);
        for (&unit, place) in members.iter().zip(places) {
            dealt.shards[unit] = first + place;
        }
        dealt.labels.extend(std::iter::repeat_n(label, width as usize));
    }
    dealt
}

/// Returns how many shards each label gets: one more, again and again, where the work of a shard is
/// largest.
fn widths(count: u32, members: &[Vec<usize>], units: &[Unit]) -> Vec<u32> {
    let work: Vec<f64> = members.iter().map(|members| members.iter().map(|&unit| units[unit].seconds).sum()).collect();
    let mut widths: Vec<u32> = members.iter().map(|members| u32::from(!members.is_empty())).collect();
    while widths.iter().sum::<u32>() < count {
        let load = |label: usize| work[label] / f64::from(widths[label]);
        let open = (0..members.len()).filter(|&label| (widths[label] as usize) < members[label].len());
        let Some(next) = open.max_by(|&a, &b| load(a).total_cmp(&load(b)).then(b.cmp(&a))) else { break };
        widths[next] += 1;
    }
    widths
}

/// Returns the shard of each member, from 0.
fn deal_one_label(width: u32, members: &[usize], units: &[Unit], cost: &dyn Fn(TaskId) -> f64) -> Vec<u32> {
    let spread = longest_first(width, members, units);
    if width <= 1 || members.iter().all(|&unit| units[unit].shared.is_empty()) {
        return spread;
    }
    let groups = Groups::new(members, units, cost);
    let spread_height = groups.height(&spread, width, members, units, cost);
    let (mut low, mut high) = (groups.least(width, members, units), spread_height);
    let mut best = spread;
    for _ in 0..HALVINGS {
        let middle = (low + high) / 2.0;
        match groups.fill(middle, width) {
            Some(places) => {
                best = places;
                high = middle;
            }
            None => low = middle,
        }
    }
    best
}

/// Deals longest first, each to the shard with the least work; ties go to the lower shard.
fn longest_first(width: u32, members: &[usize], units: &[Unit]) -> Vec<u32> {
    let mut order: Vec<usize> = (0..members.len()).collect();
    order.sort_by(|&a, &b| units[members[b]].seconds.total_cmp(&units[members[a]].seconds).then(a.cmp(&b)));
    // Seconds as whole microseconds, so that the heap has an order; where nothing takes any time,
    // shards get as many units.
    let mut heap: BinaryHeap<Reverse<(u64, u32, u32)>> = (0..width).map(|shard| Reverse((0, 0, shard))).collect();
    let mut places = vec![0; members.len()];
    for member in order {
        let Some(Reverse((load, held, shard))) = heap.pop() else { break };
        places[member] = shard;
        heap.push(Reverse((load + (units[members[member]].seconds * 1e6) as u64, held + 1, shard)));
    }
    places
}

/// Units of one label that share the same upstream work.
struct Group {
    shared: Vec<(TaskId, f64)>,
    /// Seconds and place among the members, longest first.
    units: Vec<(f64, usize)>,
}

struct Groups {
    groups: Vec<Group>,
    members: usize,
}

impl Groups {
    fn new(members: &[usize], units: &[Unit], cost: &dyn Fn(TaskId) -> f64) -> Groups {
        let mut place_of: HashMap<&[TaskId], usize> = HashMap::new();
        let mut groups: Vec<Group> = Vec::new();
        for (place, &unit) in members.iter().enumerate() {
            let Unit { seconds, shared, .. } = &units[unit];
            let group = *place_of.entry(shared).or_insert_with(|| {
                groups
                    .push(Group { shared: shared.iter().map(|&task| (task, cost(task))).collect(), units: Vec::new() });
                groups.len() - 1
            });
            groups[group].units.push((*seconds, place));
        }
        for group in &mut groups {
            group.units.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
        }
        // Groups with common upstream work follow each other.
        groups.sort_by(|a, b| {
            let tasks = |group: &Group| group.shared.iter().map(|(task, _)| *task).collect::<Vec<_>>();
            tasks(a).cmp(&tasks(b))
        });
        Groups { groups, members: members.len() }
    }

    /// Returns a height below which nothing fits.
    fn least(&self, width: u32, members: &[usize], units: &[Unit]) -> f64 {
        let work: f64 = members.iter().map(|&unit| units[unit].seconds).sum();
        let longest = self.groups.iter().filter_map(|group| {
            let shared: f64 = group.shared.iter().map(|(_, seconds)| seconds).sum();
            group.units.first().map(|(seconds, _)| seconds + shared)
        });
        longest.fold(work / f64::from(width), f64::max)
    }

    /// Returns the seconds of the longest shard.
    fn height(
        &self,
        places: &[u32],
        width: u32,
        members: &[usize],
        units: &[Unit],
        cost: &dyn Fn(TaskId) -> f64,
    ) -> f64 {
        let mut loads = vec![0.0; width as usize];
        let mut held: Vec<HashSet<TaskId>> = vec![HashSet::new(); width as usize];
        for (&unit, &shard) in members.iter().zip(places) {
            let shard = shard as usize;
            loads[shard] += units[unit].seconds;
            for &task in &units[unit].shared {
                if held[shard].insert(task) {
                    loads[shard] += cost(task);
                }
            }
        }
        loads.into_iter().fold(0.0, f64::max)
    }

    /// Fills shards up to a height, one after the other; none if they do not hold all units.
    fn fill(&self, height: f64, width: u32) -> Option<Vec<u32>> {
        let mut places = vec![0; self.members];
        let mut shard = 0;
        let mut load = 0.0;
        let mut held: HashSet<TaskId> = HashSet::new();
        for group in &self.groups {
            // `next[i]`: the first unit from `i` on that is not placed yet.
            let mut next: Vec<usize> = (0..=group.units.len()).collect();
            let mut left = group.units.len();
            while left > 0 {
                let missing: f64 =
                    group.shared.iter().filter(|(task, _)| !held.contains(task)).map(|(_, seconds)| seconds).sum();
                let room = height - load - missing;
                let fitting = group.units.partition_point(|(seconds, _)| *seconds > room);
                let unit = first_from(&mut next, fitting);
                let Some((seconds, place)) = group.units.get(unit) else {
                    shard += 1;
                    if shard == width {
                        return None;
                    }
                    load = 0.0;
                    held.clear();
                    continue;
                };
                places[*place] = shard;
                load += seconds + missing;
                held.extend(group.shared.iter().map(|(task, _)| *task));
                next[unit] = unit + 1;
                left -= 1;
            }
        }
        Some(places)
    }
}

/// Follows a list of next places to its end, and shortens it for the next time.
fn first_from(next: &mut [usize], start: usize) -> usize {
    let mut end = start;
    while next[end] != end {
        end = next[end];
    }
    let mut at = start;
    while next[at] != at {
        at = std::mem::replace(&mut next[at], end);
    }
    end
}
