//! All measured metrics of a comparison together: what noise each has, and what so many tests are worth.
//!
//! In: the changes whose verdict is open, with their numbers. Out: their figures. The rules are in
//! `docs/STATISTICS.md`.

use super::figures::{Band, Decision, Figures, Repeats, Scale, Test};
use super::measured::Measured;
use crate::stats::{
    History, Prediction, Prior, Quantiles, RankSums, families, lone_outlier, median, median_error, predict, prior_of,
    shift,
};
use crate::value::in_parts;
use std::collections::HashMap;

/// Fewest earlier runs for a verdict.
pub(super) const FEWEST_RUNS: usize = 5;
/// The share of false calls, and the risk of the intervals.
pub(super) const LEVEL: f64 = 0.05;
/// Fewest repeats on both sides for an interval of the effect.
const FEWEST_REPEATS: usize = 4;
/// Fewest metrics of a stage that lend each other their spread.
const FEWEST_METRICS: usize = 20;
/// The least deviation between runs that is believed, as a share of the smallest change that matters:
/// without any spread five runs do not show that there is none.
const FLOOR: f64 = 1.0 / 20.0;
/// From this share of its distance on a run is as far out as one before it.
const AS_FAR: f64 = 0.75;

/// An open change: its place in a family, and its numbers.
pub(super) struct Open<'a> {
    /// `STAGE.METRIC`: the family.
    pub(super) metric: &'a str,
    /// The stage, whose metrics may lend each other their spread.
    pub(super) stage: &'a str,
    pub(super) measured: &'a Measured,
    /// The smallest change that matters, relative.
    pub(super) min_effect: f64,
    /// Both runs are from the same kind of machine.
    pub(super) same_machine: bool,
}

/// Returns the figures of open changes, in their order; `decided_by` is still to be set.
pub(super) fn weigh(open: &[Open<'_>]) -> Vec<Figures> {
    let histories: Vec<Earlier> = open.iter().map(|open| Earlier::of(open.measured)).collect();
    let priors = priors(open, &histories);
    let items: Vec<(&Open<'_>, Earlier)> = open.iter().zip(histories).collect();
    let mut figures: Vec<Figures> =
        in_parts(items, |kept: &mut Kept, (open, earlier)| one(open, earlier, priors.get(open.stage), kept));
    share_out(open, &mut figures);
    figures
}

/// What earlier runs say.
struct Earlier {
    history: History,
    /// The median of one more run, on the scale, that is left out.
    without: Option<f64>,
}

impl Earlier {
    /// Leaves out one run that lies far from all others: it says nothing of the usual noise. It counts where this
    /// run is as far out: what happened once may happen again.
    fn of(measured: &Measured) -> Earlier {
        let values = &measured.history;
        let all = || Earlier { history: History::of(values), without: None };
        let Some(far) = lone_outlier(values) else { return all() };
        let others: Vec<f64> = values.iter().enumerate().filter(|(place, _)| *place != far).map(|(_, x)| *x).collect();
        let history = History::of(&others);
        if (median(&measured.head) - history.centre) / (values[far] - history.centre) >= AS_FAR {
            return all();
        }
        Earlier { history, without: Some(values[far]) }
    }
}

/// Fits what the metrics of each stage have in common.
fn priors<'a>(open: &[Open<'a>], histories: &[Earlier]) -> HashMap<&'a str, Prior> {
    let mut by_stage: HashMap<&'a str, Vec<(f64, f64)>> = HashMap::new();
    for (open, Earlier { history, .. }) in open.iter().zip(histories) {
        if open.same_machine && history.count >= FEWEST_RUNS {
            by_stage.entry(open.stage).or_default().push((history.variance, history.freedom));
        }
    }
    by_stage.retain(|_, variances| variances.iter().filter(|(variance, _)| *variance > 0.0).count() >= FEWEST_METRICS);
    by_stage.into_iter().filter_map(|(stage, variances)| Some((stage, prior_of(&variances)?))).collect()
}

/// What one metric leaves for the next.
#[derive(Default)]
struct Kept {
    rank_sums: RankSums,
    quantiles: Quantiles,
}

fn one(open: &Open<'_>, earlier: Earlier, prior: Option<&Prior>, kept: &mut Kept) -> Figures {
    let Earlier { mut history, without } = earlier;
    let Measured { scale, head, base, history: medians, history_repeats, since, within, .. } = open.measured;
    let scale = *scale;
    let rank_sum = kept.rank_sums.of(head.len(), base.len());
    let moved = shift(head, base, &rank_sum, LEVEL);
    let enough_repeats = head.len() >= FEWEST_REPEATS && base.len() >= FEWEST_REPEATS;
    let interval = moved.interval.filter(|_| enough_repeats);
    let enough_runs = history.count >= FEWEST_RUNS;
    let test = match (open.same_machine, enough_runs) {
        (false, _) => None,
        (true, true) => Some(Test::History),
        (true, false) => Some(Test::Repeats).filter(|_| enough_repeats),
    };
    let mut moderated = false;
    if let Some(prior) = prior.filter(|_| enough_runs && history.variance > 0.0) {
        let together = prior.moderate(history.variance, history.freedom);
        (history.variance, history.freedom, moderated) = (together.variance, together.freedom, true);
    }
    let error = |repeats: usize| within.map_or(0.0, |within| median_error(within, repeats));
    let extra = error(head.len()).powi(2) - error(*history_repeats).powi(2);
    let least = FLOOR * open.min_effect * if scale == Scale::Log { 1.0 } else { history.centre.abs() };
    let floor = error(*history_repeats).max(least);
    let prediction = predict(&history, median(head), floor, extra, LEVEL, &mut kept.quantiles);
    let p = match test {
        Some(Test::History) => Some(prediction.p),
        Some(Test::Repeats) => Some(rank_sum.p_value(head, base)),
        None => None,
    };
    let repeats_p = match test {
        Some(Test::Repeats) => p,
        Some(Test::History) if enough_repeats && prediction.p <= LEVEL => Some(rank_sum.p_value(head, base)),
        _ => None,
    };
    let repeats = |values: &[f64], [low, high]: [f64; 2]| Repeats { n: values.len() as u64, low, high };
    let band = (!medians.is_empty() && open.same_machine).then(|| band(&history, &prediction, scale, enough_runs));
    Figures {
        scale,
        effect: scale.effect(moved.estimate),
        interval: interval.map(|(low, high)| [scale.effect(low), scale.effect(high)]),
        min_effect: open.min_effect,
        head: repeats(head, open.measured.head_ends),
        base: repeats(base, open.measured.base_ends),
        history: band.map(|band| Band {
            moderated,
            since: since.clone(),
            without: without.map(|place| scale.value(place)),
            ..band
        }),
        runs_missing: if open.same_machine { FEWEST_RUNS.saturating_sub(history.count) as u32 } else { 0 },
        test,
        p,
        q: None,
        family: 0,
        repeats_p,
        decided_by: Decision::All,
    }
}

fn band(history: &History, prediction: &Prediction, scale: Scale, enough: bool) -> Band {
    let end = |place: f64| enough.then(|| scale.value(place)).filter(|value| value.is_finite());
    Band {
        runs: history.count as u64,
        centre: scale.value(history.centre),
        low: end(prediction.low),
        high: end(prediction.high),
        deviation: enough.then_some(prediction.deviation),
        freedom: Some(history.freedom).filter(|freedom| freedom.is_finite()),
        moderated: false,
        since: None,
        without: None,
    }
}

/// Gives each test its q-value. Tests of other kinds answer other questions: they are families apart.
fn share_out(open: &[Open<'_>], figures: &mut [Figures]) {
    for kind in [Test::History, Test::Repeats] {
        let tested: Vec<usize> = (0..figures.len()).filter(|&index| figures[index].test == Some(kind)).collect();
        let mut numbers: HashMap<&str, usize> = HashMap::new();
        let family: Vec<usize> = tested
            .iter()
            .map(|&index| {
                let next = numbers.len();
                *numbers.entry(open[index].metric).or_insert(next)
            })
            .collect();
        let mut sizes = vec![0; numbers.len()];
        family.iter().for_each(|&family| sizes[family] += 1);
        let p: Vec<f64> = tested.iter().map(|&index| figures[index].p.unwrap_or(1.0)).collect();
        let q = families(&p, &family, LEVEL);
        for ((&index, q), family) in tested.iter().zip(q).zip(family) {
            figures[index].q = Some(q);
            figures[index].family = sizes[family];
        }
    }
}
