//! What becomes of a suspicion once base and head were measured again, in turn on one machine.
//!
//! In: suspects and pairs of values. Out: a `Confirmation` of each. What moves base and head alike cancels within a pair, so that the noise
//! between runs, which decides in `verdicts`, does not count here. The rules are in `docs/STATISTICS.md`.

use super::suspects::{Suspect, in_unit};
use super::weigh::LEVEL;
use super::{ComparisonVerdict, Scale};
use crate::ledger::MeasuredValue;
use crate::stats::{families, median, paired};
use crate::suite::Better;
use crate::value::{PointName, show_number, with_unit};
use serde::Serialize;
use std::collections::HashMap;

/// Fewest pairs for a verdict: of five, no result is less likely than 1 in 16.
pub const FEWEST_PAIRS: u32 = 6;

/// A value as it was measured again.
#[derive(Debug, Clone, PartialEq)]
pub struct Reading {
    /// The value.
    pub value: MeasuredValue,
    /// Its unit.
    pub unit: Option<String>,
}

/// A suspect and the pairs that were measured of it.
#[derive(Debug, Clone, PartialEq)]
pub struct Remeasured {
    /// The suspect.
    pub suspect: Suspect,
    /// Base, head, and whether the head came first.
    pub pairs: Vec<(Reading, Reading, bool)>,
    /// Why there are fewer pairs than wanted.
    pub trouble: Option<String>,
}

/// What became of a suspicion.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ConfirmVerdict {
    /// The change is there.
    Confirmed,
    /// It cannot be told.
    StillUncertain,
    /// The change is not there, or too small to matter.
    NotConfirmed,
}

impl ConfirmVerdict {
    /// Returns the words that people read.
    pub fn words(self) -> &'static str {
        match self {
            ConfirmVerdict::Confirmed => "confirmed",
            ConfirmVerdict::StillUncertain => "still uncertain",
            ConfirmVerdict::NotConfirmed => "not confirmed",
        }
    }
}

/// A pair of values, in the unit of the head.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ValuePair {
    /// Of the base.
    pub base: MeasuredValue,
    /// Of the head.
    pub head: MeasuredValue,
    /// Whether the head was measured before the base.
    pub head_first: bool,
}

/// A suspicion and what became of it, with all figures.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Confirmation {
    /// `STAGE.METRIC`.
    pub metric: String,
    /// The point, by its name in the head.
    pub point: PointName,
    /// The unit of all values.
    pub unit: Option<String>,
    /// What the comparison said.
    pub before: ComparisonVerdict,
    /// The change that the comparison saw, relative.
    pub suspected: Option<f64>,
    /// What became of it.
    pub verdict: ConfirmVerdict,
    /// Whether the change that is there, or else the one that was suspected, is for the worse.
    pub worse: bool,
    /// The number of pairs.
    pub n: u64,
    /// On which scale the pairs were compared; none where nothing was tested.
    pub scale: Option<Scale>,
    /// The median of the means of all pairs of differences (Hodges and Lehmann): relative on the logarithmic
    /// scale, in the metric's unit on the linear one.
    pub effect: Option<f64>,
    /// Its exact 95 % interval, from six pairs.
    pub interval: Option<[f64; 2]>,
    /// The smallest relative change that matters.
    pub min_effect: f64,
    /// The p-value of the exact signed-rank test.
    pub p: Option<f64>,
    /// The share of false calls among the suspicions with at most this p-value.
    pub q: Option<f64>,
    /// How many suspicions were tested together.
    pub family: u64,
    /// Which rule decided, in one sentence.
    pub rule: String,
    /// The median of the base, or its text.
    pub base: Option<MeasuredValue>,
    /// The median of the head, or its text.
    pub head: Option<MeasuredValue>,
    /// The pairs, in the order in which they were measured.
    pub pairs: Vec<ValuePair>,
}

/// Decides about all suspicions together.
pub fn confirm(remeasured: &[Remeasured]) -> Vec<Confirmation> {
    let trials: Vec<Trial<'_>> = remeasured.iter().map(Trial::new).collect();
    let tested: Vec<usize> = (0..trials.len()).filter(|&index| trials[index].p().is_some()).collect();
    let mut numbers: HashMap<&str, usize> = HashMap::new();
    let family: Vec<usize> = tested
        .iter()
        .map(|&index| {
            let next = numbers.len();
            *numbers.entry(trials[index].remeasured.suspect.metric.as_str()).or_insert(next)
        })
        .collect();
    let p: Vec<f64> = tested.iter().map(|&index| trials[index].p().unwrap_or(1.0)).collect();
    let mut q_values = vec![None; trials.len()];
    for (&index, q) in tested.iter().zip(families(&p, &family, LEVEL)) {
        q_values[index] = Some(q);
    }
    let conclude = |(trial, q): (Trial<'_>, Option<f64>)| trial.conclude(q, tested.len());
    trials.into_iter().zip(q_values).map(conclude).collect()
}

/// The pairs of a suspect in one unit, and their test.
struct Trial<'a> {
    remeasured: &'a Remeasured,
    pairs: Vec<ValuePair>,
    test: Option<Tested>,
}

/// What the pairs of numbers show.
struct Tested {
    scale: Scale,
    base: f64,
    head: f64,
    /// On the scale.
    estimate: f64,
    interval: Option<(f64, f64)>,
    p: f64,
    /// The smallest change that matters, and the one that was suspected: distances on the scale.
    least: f64,
    suspected: f64,
    /// 1 if what was suspected is a larger value (`within`: a worse one), else -1.
    towards: f64,
}

impl<'a> Trial<'a> {
    fn new(remeasured: &'a Remeasured) -> Trial<'a> {
        let suspect = &remeasured.suspect;
        let unit = suspect.unit.as_deref();
        let pair = |(base, head, head_first): &(Reading, Reading, bool)| {
            let base = in_unit(&base.value, base.unit.as_deref(), unit)?;
            let head = in_unit(&head.value, head.unit.as_deref(), unit)?;
            Some(ValuePair { base, head, head_first: *head_first })
        };
        let pairs: Vec<ValuePair> = remeasured.pairs.iter().filter_map(pair).collect();
        let test = if suspect.is_exact() { None } else { Tested::of(suspect, &pairs) };
        Trial { remeasured, pairs, test }
    }

    /// Returns the p-value, if there are enough pairs for a verdict.
    fn p(&self) -> Option<f64> {
        let enough = self.pairs.len() >= FEWEST_PAIRS as usize;
        self.test.as_ref().filter(|_| enough).map(|test| test.p)
    }

    fn conclude(self, q: Option<f64>, family: usize) -> Confirmation {
        let suspect = &self.remeasured.suspect;
        let (verdict, worse, rule) = match (&self.test, self.pairs.is_empty()) {
            (_, true) => (ConfirmVerdict::StillUncertain, suspect.is_worse(), "no pair was measured".to_owned()),
            (None, false) => exactly(suspect, &self.pairs),
            (Some(test), false) => test.decide(suspect, self.pairs.len(), q, family),
        };
        let rule = match &self.remeasured.trouble {
            Some(trouble) => format!("{rule}: {trouble}"),
            None => rule,
        };
        let (test, tested) = (self.test.as_ref(), self.p().is_some());
        let middle = |text: &dyn Fn(&ValuePair) -> MeasuredValue, number: Option<f64>| {
            number.map(MeasuredValue::Number).or_else(|| self.pairs.last().map(text))
        };
        let suspected = suspect.numbers().filter(|[base, _]| *base != 0.0);
        Confirmation {
            metric: suspect.metric.clone(),
            point: suspect.head.point.clone(),
            unit: suspect.unit.clone(),
            before: suspect.before,
            suspected: suspected.map(|[base, head]| (head - base) / base.abs()),
            verdict,
            worse,
            n: self.pairs.len() as u64,
            scale: test.map(|test| test.scale),
            effect: test.map(|test| test.scale.effect(test.estimate)),
            interval: test
                .and_then(|test| test.interval.map(|(low, high)| [test.scale.effect(low), test.scale.effect(high)])),
            min_effect: if suspect.is_exact() { 0.0 } else { suspect.min_effect },
            p: test.map(|test| test.p),
            q,
            family: if tested { family as u64 } else { 0 },
            rule,
            base: middle(&|pair| pair.base.clone(), test.map(|test| test.base)),
            head: middle(&|pair| pair.head.clone(), test.map(|test| test.head)),
            pairs: self.pairs,
        }
    }
}

/// Decides about a metric without noise.
fn exactly(suspect: &Suspect, pairs: &[ValuePair]) -> (ConfirmVerdict, bool, String) {
    let differ = pairs.iter().filter(|pair| pair.base != pair.head).count();
    let (verdict, rule) = if differ == pairs.len() {
        (ConfirmVerdict::Confirmed, "exact, and it differs again")
    } else if differ == 0 {
        (ConfirmVerdict::NotConfirmed, "exact, and equal when measured again")
    } else {
        (ConfirmVerdict::StillUncertain, "it differs now and then: it is not exact")
    };
    (verdict, suspect.is_worse(), rule.to_owned())
}

impl Tested {
    fn of(suspect: &Suspect, pairs: &[ValuePair]) -> Option<Tested> {
        let number = |value: &MeasuredValue| match value {
            MeasuredValue::Number(number) if number.is_finite() => Some(*number),
            _ => None,
        };
        let numbers: Option<Vec<(f64, f64)>> =
            pairs.iter().map(|pair| Some((number(&pair.base)?, number(&pair.head)?))).collect();
        let numbers = numbers?;
        let [base_then, head_then] = suspect.numbers()?;
        let band = matches!(suspect.better, Better::Within(..));
        let positive = numbers.iter().chain([&(base_then, head_then)]).all(|(base, head)| *base > 0.0 && *head > 0.0);
        let scale = if positive && !band { Scale::Log } else { Scale::Linear };
        let place = |value: f64| match scale {
            Scale::Log => value.ln(),
            Scale::Linear if band => suspect.badness(value),
            Scale::Linear => value,
        };
        let differences: Vec<f64> = numbers.iter().map(|(base, head)| place(*head) - place(*base)).collect();
        let found = paired(&differences, LEVEL)?;
        let of = |side: fn(&(f64, f64)) -> f64| median(&numbers.iter().map(side).collect::<Vec<_>>());
        let base = of(|pair| pair.0);
        let suspected = place(head_then) - place(base_then);
        Some(Tested {
            scale,
            base,
            head: of(|pair| pair.1),
            estimate: found.estimate,
            interval: found.interval,
            p: found.p,
            least: match scale {
                Scale::Log => suspect.min_effect.ln_1p(),
                Scale::Linear if band => 0.0,
                Scale::Linear => suspect.min_effect * base.abs(),
            },
            suspected: suspected.abs(),
            towards: if suspected < 0.0 { -1.0 } else { 1.0 },
        })
    }

    /// Applies one rule after the other.
    fn decide(&self, suspect: &Suspect, n: usize, q: Option<f64>, family: usize) -> (ConfirmVerdict, bool, String) {
        use ConfirmVerdict::{Confirmed, NotConfirmed, StillUncertain};
        let by = self.by(suspect, self.estimate);
        let suspected_worse = suspect.is_worse();
        let found_worse = suspected_worse == (self.estimate * self.towards >= 0.0);
        let Some(q) = q else {
            let rule = format!("{by} in {n} of at least {FEWEST_PAIRS} pairs");
            return (StillUncertain, suspected_worse, rule);
        };
        let chance = format!("p = {}, q = {}", share(self.p), share(q));
        let reach = self.interval.map_or(f64::INFINITY, |(low, high)| (low * self.towards).max(high * self.towards));
        if self.p > LEVEL {
            let most = self.by(suspect, reach.max(0.0) * self.towards);
            // Larger than both, it was neither ruled out nor shown.
            if reach > self.least.max(self.suspected) {
                let rule = format!("the pairs differ too much among themselves: it may be {most} ({chance})");
                return (StillUncertain, suspected_worse, rule);
            }
            let rule = format!("no change beyond chance, {most} at most ({chance})");
            return (NotConfirmed, suspected_worse, rule);
        }
        if self.estimate * self.towards < 0.0 {
            return (NotConfirmed, suspected_worse, format!("{by}: the other way than suspected ({chance})"));
        }
        if self.estimate.abs() <= self.least {
            let least = show_percent(suspect.min_effect);
            let rule = format!("{by}, within {least}%, the smallest change that matters ({chance})");
            return (NotConfirmed, suspected_worse, rule);
        }
        if q > LEVEL {
            let pairs = (2.0 * family as f64 / LEVEL).log2().ceil();
            let rule = format!("{by}, not clearly enough for one of {family}: {pairs} pairs may tell ({chance})");
            return (StillUncertain, suspected_worse, rule);
        }
        (Confirmed, found_worse, format!("{by} in {n} pairs ({chance})"))
    }

    /// Says by how much a distance on the scale is worse or better.
    fn by(&self, suspect: &Suspect, distance: f64) -> String {
        let larger = distance >= 0.0;
        let worse = match suspect.better {
            Better::Higher => !larger,
            Better::Lower | Better::Exact | Better::Within(..) => larger,
        };
        let side = if worse { "worse" } else { "better" };
        if distance.is_infinite() {
            return format!("much {side}");
        }
        match self.scale {
            Scale::Log => format!("{}% {side}", show_percent(distance.exp_m1().abs())),
            Scale::Linear => format!("{} {side}", with_unit(&rounded(distance.abs()), suspect.unit.as_deref())),
        }
    }
}

/// Returns a probability with two digits.
fn share(value: f64) -> String {
    if value >= 0.001 { show_number(format!("{value:.1e}").parse().unwrap_or(value)) } else { format!("{value:.0e}") }
}

/// Returns a share as percent with two digits.
fn show_percent(relative: f64) -> String {
    rounded(relative * 100.0)
}

fn rounded(value: f64) -> String {
    show_number(format!("{value:.1e}").parse().unwrap_or(value))
}

#[cfg(test)]
#[path = "confirm_tests.rs"]
mod tests;
