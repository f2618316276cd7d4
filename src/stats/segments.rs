//! Where a series is best cut: the segments that make the sum of squares around their means, plus a
//! penalty for each cut, as small as it can be.
//!
//! Optimal partitioning with functional pruning (Maidstone, Hocking, Rigaill and Fearnhead 2017, "On
//! optimal multiple changepoint algorithms for large data"): for each level that the last segment may
//! have, the best place of the last cut is kept, and a cut that is best at no level is dropped for good.
//! Unlike PELT it is fast on series without any change too.

/// A range of levels, and the cut that is best there.
#[derive(Debug, Clone, Copy)]
struct Piece {
    low: f64,
    high: f64,
    cut: usize,
}

/// Returns where the segments after the first start, for segments of at least `shortest` values.
pub(super) fn segment(values: &[f64], penalty: f64, shortest: usize) -> Vec<usize> {
    let count = values.len();
    let shortest = shortest.max(1);
    if count < 2 * shortest {
        return Vec::new();
    }
    let sums = Sums::new(values);
    let bounds = values.iter().fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), &x| (low.min(x), high.max(x)));
    if bounds.0 >= bounds.1 {
        return Vec::new();
    }
    // The least cost of the first values, and the last cut that gives it.
    let mut best = vec![f64::INFINITY; count + 1];
    let mut last = vec![0; count + 1];
    best[0] = -penalty;
    let mut pieces: Vec<Piece> = Vec::new();
    let mut next: Vec<Piece> = Vec::new();
    for end in shortest..=count {
        let cut = end - shortest;
        if best[cut].is_finite() {
            next.clear();
            add_cut(&pieces, cut, bounds, &sums, &best, &mut next);
            std::mem::swap(&mut pieces, &mut next);
        }
        for piece in &pieces {
            let cost = best[piece.cut] + penalty + sums.around_mean(piece.cut, end);
            if cost < best[end] {
                best[end] = cost;
                last[end] = piece.cut;
            }
        }
    }
    let mut starts = Vec::new();
    let mut end = last[count];
    while end > 0 {
        starts.push(end);
        end = last[end];
    }
    starts.reverse();
    starts
}

/// Gives a new cut the levels at which it beats the cuts so far: all but a range around each one's own.
fn add_cut(
    pieces: &[Piece],
    cut: usize,
    (lowest, highest): (f64, f64),
    sums: &Sums,
    best: &[f64],
    out: &mut Vec<Piece>,
) {
    let mut from = lowest;
    for piece in pieces {
        // The difference of both costs at a level m is a m^2 - 2 b m + c, whatever comes later.
        let a = (cut - piece.cut) as f64;
        let b = sums.first[cut] - sums.first[piece.cut];
        let c = best[piece.cut] - sums.second[piece.cut] - best[cut] + sums.second[cut];
        let root = b * b - a * c;
        if root < 0.0 {
            continue;
        }
        let (low, high) = (((b - root.sqrt()) / a).max(piece.low), ((b + root.sqrt()) / a).min(piece.high));
        if low >= high {
            continue;
        }
        if low > from {
            out.push(Piece { low: from, high: low, cut });
        }
        out.push(Piece { low, high, cut: piece.cut });
        from = high;
    }
    if from < highest || out.is_empty() {
        out.push(Piece { low: from, high: highest, cut });
    }
}

/// Sums of the values before each place, and of their squares.
struct Sums {
    first: Vec<f64>,
    second: Vec<f64>,
}

impl Sums {
    fn new(values: &[f64]) -> Sums {
        let running = |term: &dyn Fn(f64) -> f64| {
            let mut sum = 0.0;
            let rest = values.iter().map(|&value| {
                sum += term(value);
                sum
            });
            std::iter::once(0.0).chain(rest).collect()
        };
        Sums { first: running(&|value| value), second: running(&|value| value * value) }
    }

    /// Returns the sum of squares around the mean of `from..to`.
    fn around_mean(&self, from: usize, to: usize) -> f64 {
        let sum = self.first[to] - self.first[from];
        (self.second[to] - self.second[from] - sum * sum / (to - from) as f64).max(0.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::Random;
    use proptest::prelude::*;

    #[test]
    fn steps() {
        let values: Vec<f64> = [vec![1.0; 10], vec![5.0; 3], vec![1.0; 20]]
            .concat()
            .iter()
            .enumerate()
            .map(|(i, v)| v + (i % 2) as f64 / 10.0)
            .collect();
        assert_eq!(segment(&values, 2.0, 3), [10, 13]);
        assert_eq!(segment(&values, 2.0, 4), [9, 13]);
        assert!(segment(&values, 1e9, 3).is_empty());
        assert!(segment(&values[..5], 0.1, 3).is_empty());
        assert!(segment(&[2.0; 50], 1.0, 3).is_empty());
        assert!(segment(&[], 1.0, 3).is_empty());
    }

    fn cost(values: &[f64], starts: &[usize], penalty: f64) -> f64 {
        let sums = Sums::new(values);
        let bounds: Vec<usize> = [0].iter().chain(starts).copied().chain([values.len()]).collect();
        bounds.windows(2).map(|pair| sums.around_mean(pair[0], pair[1])).sum::<f64>() + penalty * starts.len() as f64
    }

    /// Without any pruning.
    fn plainly(values: &[f64], penalty: f64, shortest: usize) -> f64 {
        let sums = Sums::new(values);
        let mut best = vec![f64::INFINITY; values.len() + 1];
        best[0] = -penalty;
        for end in shortest..=values.len() {
            for cut in 0..=end - shortest {
                best[end] = best[end].min(best[cut] + penalty + sums.around_mean(cut, end));
            }
        }
        best[values.len()]
    }

    proptest! {
        #[test]
        fn no_cheaper_segmentation(seed in 0u64..1_000_000, count in 6usize..60, penalty in 0.01f64..8.0, shortest in 1usize..5) {
            let mut random = Random::new(seed);
            let mut level = 0.0;
            let values: Vec<f64> = (0..count).map(|_| {
                if random.unit() < 0.1 {
                    level = 3.0 * random.normal();
                }
                level + random.normal()
            }).collect();
            let found = segment(&values, penalty, shortest);
            prop_assume!(count >= 2 * shortest);
            let bounds: Vec<usize> = [0].iter().chain(&found).copied().chain([count]).collect();
            prop_assert!(bounds.windows(2).all(|pair| pair[1] - pair[0] >= shortest));
            let (found, least) = (cost(&values, &found, penalty), plainly(&values, penalty, shortest));
            prop_assert!((found - least).abs() < 1e-6, "{found} {least}");
        }
    }
}
