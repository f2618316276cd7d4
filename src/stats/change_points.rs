//! Where a long series changed its level.
//!
//! Candidates come from penalised segmentation of the normal scores, with a penalty of
//! `c ln(n)` times the long-run variance. Each is then tested between its neighbours: what is new in
//! each value (its memory taken out) is put into random order again and again, and the largest
//! difference of levels over *all* places of a cut is compared with that of the series as it was. The
//! test so pays for the search. The weakest candidate goes first, and its neighbours are tested again.

use super::autocorrelation::{Memory, innovations};
use super::distributions::normal_tail;
use super::random::Random;
use super::scores::normal_scores;
use super::segments::segment;
use super::spread::median;

/// The penalty of a cut, times ln(n) and the long-run variance.
const PENALTY: f64 = 2.0;
/// The penalty where there is no noise: scores are of the order of 1, and sums are rounded.
const LEAST_PENALTY: f64 = 1e-6;
/// Rounds of segmentation and of estimating the memory.
const ROUNDS: usize = 4;
/// Most orders drawn in a test, and most values drawn in all of them.
const MOST_DRAWS: usize = 999;
const MOST_WORK: usize = 4_000_000;
/// Draws at least as extreme as the series, after which it is clear that it is nothing special.
const ENOUGH: usize = 25;
const SEED: u64 = 0x5eed;

/// When a change counts.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ChangeRules {
    /// The largest p-value of a change.
    pub level: f64,
    /// The smallest relative change of the median, 0.03 for 3 %; where the level before is 0, any.
    pub min_effect: f64,
    /// The shortest stretch between changes, in values.
    pub shortest: usize,
}

impl Default for ChangeRules {
    fn default() -> ChangeRules {
        ChangeRules { level: 0.02, min_effect: 0.0, shortest: 3 }
    }
}

/// A change of level.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ChangePoint {
    /// The first value at the new level.
    pub index: usize,
    /// The median before, since the last change.
    pub before: f64,
    /// The median after, up to the next change.
    pub after: f64,
    /// The chance of so large a change somewhere between the neighbouring changes, if there is none.
    pub p: f64,
}

impl ChangePoint {
    /// Returns (after - before) / |before|; none if the level before is 0.
    pub fn relative(&self) -> Option<f64> {
        (self.before != 0.0).then(|| (self.after - self.before) / self.before.abs()).filter(|size| size.is_finite())
    }
}

/// Finds the changes of level of a series, in its order.
pub fn change_points(values: &[f64], rules: &ChangeRules) -> Vec<ChangePoint> {
    let rules = ChangeRules { shortest: rules.shortest.max(2), ..*rules };
    if values.len() < 2 * rules.shortest {
        return Vec::new();
    }
    let scores = normal_scores(values);
    let starts = candidates(&scores, rules.shortest);
    prune(values, &scores, starts, &rules)
}

/// Segments the scores. The memory is estimated from the whole first, from the differences, and from what
/// the best single cut leaves, whichever finds least noise, then again from what the segments leave.
fn candidates(scores: &[f64], shortest: usize) -> Vec<usize> {
    let cut = Cuts::new(scores.len(), shortest).best(scores);
    let guesses =
        [Memory::of_segments(scores, &[]), Memory::of_differences(scores), Memory::of_segments(scores, &[cut])];
    let mut memory = guesses.into_iter().fold(
        guesses[0],
        |least, guess| {
            if guess.long_run < least.long_run { guess } else { least }
        },
    );
    let mut starts = Vec::new();
    for _ in 0..ROUNDS {
        let penalty = PENALTY * (scores.len() as f64).ln() * memory.long_run;
        let found = segment(scores, penalty.max(LEAST_PENALTY), shortest);
        if found == starts {
            break;
        }
        memory = Memory::of_segments(scores, &found);
        starts = found;
    }
    starts
}

/// A candidate with its test between its neighbours.
struct Candidate {
    start: usize,
    window: (usize, usize),
    change: ChangePoint,
}

impl Candidate {
    fn new(start: usize) -> Candidate {
        Candidate { start, window: (0, 0), change: ChangePoint { index: start, before: 0.0, after: 0.0, p: 1.0 } }
    }

    /// Tests it again, if its neighbours are others than before.
    fn test(&mut self, values: &[f64], (from, to): (usize, usize), phi: f64, rules: &ChangeRules) {
        if self.window != (from, to) {
            self.window = (from, to);
            let p = split_p(&values[from..to], phi, rules.shortest, rules.level);
            let (before, after) = (median(&values[from..self.start]), median(&values[self.start..to]));
            self.change = ChangePoint { index: self.start, before, after, p };
        }
    }

    fn step(&self) -> f64 {
        (self.change.after - self.change.before).abs()
    }

    fn counts(&self, rules: &ChangeRules) -> bool {
        let too_small = self.change.relative().is_some_and(|size| size.abs() < rules.min_effect);
        self.change.p <= rules.level && !too_small && self.step() > 0.0
    }

    /// Returns the change with its place set right. Where a stretch is as short as may be, the level may have changed
    /// inside of it: the values that are nearer to the other level belong there.
    fn settled(&self, values: &[f64], rules: &ChangeRules) -> ChangePoint {
        let (from, to) = self.window;
        let ChangePoint { before, after, .. } = self.change;
        let is_before = |value: f64| (value - before).abs() < (value - after).abs();
        let mut index = self.start;
        if to - index == rules.shortest {
            index += values[index..to - 1].iter().take_while(|value| is_before(**value)).count();
        } else if index - from == rules.shortest {
            index -= values[from + 1..index].iter().rev().take_while(|value| !is_before(**value)).count();
        }
        let (before, after) = (median(&values[from..index]), median(&values[index..to]));
        ChangePoint { index, before, after, ..self.change }
    }
}

/// Takes away the weakest candidate until all that are left count.
fn prune(values: &[f64], scores: &[f64], starts: Vec<usize>, rules: &ChangeRules) -> Vec<ChangePoint> {
    let mut kept: Vec<Candidate> = starts.into_iter().map(Candidate::new).collect();
    loop {
        let starts: Vec<usize> = kept.iter().map(|candidate| candidate.start).collect();
        let phi = Memory::of_segments(scores, &starts).phi;
        for (index, candidate) in kept.iter_mut().enumerate() {
            let from = if index == 0 { 0 } else { starts[index - 1] };
            let to = starts.get(index + 1).copied().unwrap_or(values.len());
            candidate.test(values, (from, to), phi, rules);
        }
        let weak = kept.iter().enumerate().filter(|(_, candidate)| !candidate.counts(rules));
        let weakest = weak.max_by(|(_, one), (_, other)| {
            one.change.p.total_cmp(&other.change.p).then(other.step().total_cmp(&one.step()))
        });
        match weakest.map(|(index, _)| index) {
            Some(index) => kept.remove(index),
            None => return kept.iter().map(|candidate| candidate.settled(values, rules)).collect(),
        };
    }
}

/// Returns the p-value of the best place to cut a stretch.
///
/// A cut so clear that even all places together make it unlikely needs no draws. Without a usual value the
/// normal tail tells (Bonferroni over both signs and all places), else `Cuts::bound`.
fn split_p(values: &[f64], phi: f64, shortest: usize, level: f64) -> f64 {
    let mut new = innovations(&normal_scores(values), phi);
    let squares: f64 = new.iter().map(|value| value * value).sum();
    if squares <= 0.0 || new.len() < 2 * shortest {
        return 1.0;
    }
    let cuts = Cuts::new(new.len(), shortest);
    let found = cuts.largest(&new);
    let deviation = (squares / (new.len() - 1) as f64).sqrt();
    let bound = if has_a_usual_value(values) {
        cuts.bound(&new, squares / new.len() as f64, found)
    } else {
        2.0 * new.len() as f64 * normal_tail(found / deviation)
    };
    if bound < level / 10.0 {
        return bound;
    }
    let draws = (MOST_WORK / new.len()).clamp(199, MOST_DRAWS);
    let mut random = Random::new(SEED);
    let mut above = 0;
    for draw in 1..=draws {
        random.shuffle(&mut new);
        above += usize::from(cuts.largest(&new) >= found);
        if above >= ENOUGH {
            return above as f64 / draw as f64;
        }
    }
    (above + 1) as f64 / (draws + 1) as f64
}

/// Tells whether more than a quarter of the values are one: the scores are then far from those of a normal sample.
fn has_a_usual_value(values: &[f64]) -> bool {
    let mut sorted = values.to_vec();
    sorted.sort_unstable_by(f64::total_cmp);
    sorted.chunk_by(|one, other| one == other).any(|group| group.len() * 4 > values.len())
}

/// All places of a cut, each with the factor that makes the sum before it comparable.
struct Cuts {
    shortest: usize,
    factors: Vec<f64>,
}

impl Cuts {
    fn new(count: usize, shortest: usize) -> Cuts {
        let factor = |cut: usize| (count as f64 / (cut as f64 * (count - cut) as f64)).sqrt();
        Cuts { shortest, factors: (shortest..=count - shortest).map(factor).collect() }
    }

    /// Returns the place of the largest difference.
    fn best(&self, values: &[f64]) -> usize {
        let mean = values.iter().sum::<f64>() / values.len() as f64;
        let mut sum: f64 = values[..self.shortest - 1].iter().map(|value| value - mean).sum();
        let (mut best, mut largest) = (self.shortest, -1.0);
        for (place, (value, factor)) in values[self.shortest - 1..].iter().zip(&self.factors).enumerate() {
            sum += value - mean;
            if (sum * factor).abs() > largest {
                (best, largest) = (self.shortest + place, (sum * factor).abs());
            }
        }
        best
    }

    /// Returns a bound of the chance that, in random order, any cut makes a difference of at least `found`.
    ///
    /// Bernstein's inequality for each place, which holds for drawing without replacement (Hoeffding 1963,
    /// *J. Am. Stat. Assoc.* 58), over both signs, summed over all places. Unlike a normal tail it knows that
    /// of nearly equal values a single one may be all there is.
    fn bound(&self, values: &[f64], variance: f64, found: f64) -> f64 {
        let largest = values.iter().fold(0.0, |largest: f64, value| largest.max(value.abs()));
        let chance = |(place, factor): (usize, &f64)| {
            let cut = self.shortest + place;
            // The sum on one side is minus that on the other.
            let drawn = cut.min(values.len() - cut) as f64;
            let sum = found / factor;
            2.0 * (-sum * sum / (2.0 * (drawn * variance + largest * sum / 3.0))).exp()
        };
        self.factors.iter().enumerate().map(chance).sum()
    }

    /// Returns the largest difference over all cuts, in units of a value's deviation. The values sum to 0.
    fn largest(&self, values: &[f64]) -> f64 {
        let mut sum: f64 = values[..self.shortest - 1].iter().sum();
        let mut largest: f64 = 0.0;
        for (value, factor) in values[self.shortest - 1..].iter().zip(&self.factors) {
            sum += value;
            largest = largest.max((sum * factor).abs());
        }
        largest
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn noisy(levels: &[(usize, f64)], deviation: f64, seed: u64) -> Vec<f64> {
        let mut random = Random::new(seed);
        levels
            .iter()
            .flat_map(|&(count, level)| vec![level; count])
            .map(|level| level + deviation * random.normal())
            .collect()
    }

    fn places(values: &[f64], rules: &ChangeRules) -> Vec<usize> {
        change_points(values, rules).iter().map(|change| change.index).collect()
    }

    #[test]
    fn finds_steps() {
        let values = noisy(&[(60, 100.0), (40, 110.0), (50, 105.0)], 1.0, 1);
        let found = change_points(&values, &ChangeRules::default());
        assert_eq!(found.iter().map(|change| change.index).collect::<Vec<_>>(), [60, 100]);
        assert!((found[0].before - 100.0).abs() < 0.5 && (found[0].after - 110.0).abs() < 0.5, "{found:?}");
        assert!((found[0].relative().unwrap() - 0.1).abs() < 0.01 && found[0].p <= 1e-3);
        // The second is a change by 5 %.
        assert_eq!(places(&values, &ChangeRules { min_effect: 0.05, ..ChangeRules::default() }), [60]);
    }

    #[test]
    fn values_that_are_mostly_equal_alarm_seldom() {
        // Counts, or times in whole milliseconds: one value in most places, another in a few.
        let alarms = (0..300_u64).zip([1, 2, 5, 20].iter().cycle()).filter(|(seed, rare)| {
            let mut random = Random::new(*seed);
            let mut values: Vec<f64> = (0..200).map(|place| if place < **rare { 101.0 } else { 100.0 }).collect();
            random.shuffle(&mut values);
            !change_points(&values, &ChangeRules::default()).is_empty()
        });
        // 2 % of 300 are 6.
        let alarms = alarms.count();
        assert!(alarms <= 12, "{alarms}");
        let alarms = (1000..1400_u64).filter(|seed| {
            let mut random = Random::new(*seed);
            let values: Vec<f64> = (0..100).map(|_| (2.0 * random.normal()).round()).collect();
            !change_points(&values, &ChangeRules::default()).is_empty()
        });
        // 2 % of 400 are 8.
        let alarms = alarms.count();
        assert!(alarms <= 16, "{alarms}");
    }

    #[test]
    fn many_levels_are_no_memory() {
        let levels: Vec<(usize, f64)> = (0..8).map(|step| (25, 100.0 * f64::from(step + 1))).collect();
        let expected: Vec<usize> = (1..8).map(|step| step * 25).collect();
        assert_eq!(places(&noisy(&levels, 2.0, 3), &ChangeRules::default()), expected);
    }

    #[test]
    fn without_noise() {
        assert!(change_points(&[], &ChangeRules::default()).is_empty());
        assert!(change_points(&[1.0; 100], &ChangeRules::default()).is_empty());
        let ending = |last: &[f64]| {
            let values = [&[100.0; 60][..], last].concat();
            let found = change_points(&values, &ChangeRules::default());
            found.iter().map(|change| (change.index, change.before, change.after)).collect::<Vec<_>>()
        };
        // One value is no level, wherever it stands.
        for last in [&[130.0][..], &[130.0, 100.0], &[130.0, 100.0, 100.0, 100.0]] {
            assert_eq!(ending(last), [], "{last:?}");
        }
        assert_eq!(ending(&[130.0; 2]), [(60, 100.0, 130.0)]);
        assert_eq!(ending(&[130.0; 4]), [(60, 100.0, 130.0)]);
        let early = [&[130.0; 4][..], &[100.0; 60]].concat();
        assert_eq!(places(&early, &ChangeRules { shortest: 5, ..ChangeRules::default() }), [4]);
        let step = [vec![5.0; 20], vec![6.0; 20]].concat();
        assert_eq!(places(&step, &ChangeRules::default()), [20]);
        let zero = [vec![0.0; 20], vec![6.0; 20]].concat();
        assert_eq!(
            change_points(&zero, &ChangeRules { min_effect: 0.5, ..ChangeRules::default() })[0].relative(),
            None
        );
    }

    #[test]
    fn a_spike_is_no_step() {
        let mut values = noisy(&[(100, 50.0)], 1.0, 7);
        (values[30], values[31]) = (500.0, 480.0);
        assert!(change_points(&values, &ChangeRules::default()).is_empty());
    }

    /// The error rates are measured by `scripts/bench/compare_errors.sh`; this is a small part of it.
    #[test]
    fn quiet_on_noise_with_memory() {
        let mut random = Random::new(11);
        let mut alarms = 0;
        for _ in 0..100 {
            let mut value = 0.0;
            let mut next = || {
                value = 0.5 * value + random.normal();
                value
            };
            let values: Vec<f64> = (0..200).map(|_| next()).collect();
            alarms += usize::from(!change_points(&values, &ChangeRules::default()).is_empty());
        }
        assert!(alarms <= 8, "{alarms}");
    }
}
