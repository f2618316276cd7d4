//! What to call a measured metric, with the noise of earlier runs: one rule after the other, and a
//! sentence for each.

use super::figures::{Band, Decision, Figures, Scale};
use super::judge::Difference;
use super::weigh::LEVEL;
use super::{Change, ComparisonVerdict};
use crate::suite::Better;
use crate::value::{show_number, show_numbers, with_unit};

/// Up to this share of false calls a metric is worth a second look; beyond it, it is one of those that
/// are outside of their bands by chance.
const SECOND_LOOK: f64 = 0.2;

/// Decides about a metric, and says why.
pub(super) fn decide(
    change: &Change,
    open: &Difference<'_>,
    figures: &Figures,
    same_machine: bool,
) -> (ComparisonVerdict, Decision, String) {
    use ComparisonVerdict::{Improved, Regressed, Uncertain, Unchanged};
    let asked = Asked { change, open, figures };
    let numbers = &open.numbers;
    if numbers.equal() {
        return (Unchanged, Decision::Equal, "equal".to_owned());
    }
    let matters = if open.least_given {
        "the smallest change that matters"
    } else {
        "the smallest change that matters by default"
    };
    if numbers.within(open.least) {
        return (Unchanged, Decision::MinEffect, format!("within {}, {matters}", open.least));
    }
    let beyond = if open.least_given { format!(", more than {}", open.least) } else { String::new() };
    let by = format!("{}{beyond}", asked.by());
    if !same_machine {
        let rule = format!("{by} on another machine: the noise between runs is not known");
        return (Uncertain, Decision::Machine, rule);
    }
    let (Some(band), 0) = (&figures.history, figures.runs_missing) else {
        return (Uncertain, Decision::RunsMissing, format!("{by}: {}", missing(figures)));
    };
    let from_centre = (numbers.head - band.centre) / band.centre.abs();
    if from_centre.abs() <= open.least.factor() {
        let rule = format!("{by}, but within {} of the centre of {} earlier runs", open.least, band.runs);
        return (Unchanged, Decision::MinEffectHistory, rule);
    }
    let expected = asked.expected(band);
    let (p, q) = (figures.p.unwrap_or(1.0), figures.q.unwrap_or(1.0));
    if p > LEVEL {
        return (Unchanged, Decision::InsideBand, format!("{by}, but inside of {expected}"));
    }
    let chance = format!("p = {}, q = {}", share(p), share(q));
    if q > SECOND_LOOK {
        let rule =
            format!("{by}, outside of {expected}, as some of {} metrics are by chance ({chance})", figures.family);
        return (Unchanged, Decision::Chance, rule);
    }
    if (numbers.head > numbers.base) != (numbers.head > band.centre) {
        let rule = format!("{by} than the base, yet on the other side of {expected} ({chance})");
        return (Uncertain, Decision::Side, rule);
    }
    if figures.interval.is_some_and(|[low, high]| low <= 0.0 && high >= 0.0) {
        let rule = format!("{by}, outside of {expected}, but the repeats of both runs overlap ({chance})");
        return (Uncertain, Decision::Repeats, rule);
    }
    if q > LEVEL {
        let rule = format!("{by}, outside of {expected}, not clearly enough for one of {} ({chance})", figures.family);
        return (Uncertain, Decision::FalseDiscovery, rule);
    }
    let verdict = if asked.worse() { Regressed } else { Improved };
    (verdict, Decision::All, format!("{by}, outside of {expected} ({chance})"))
}

struct Asked<'a> {
    change: &'a Change,
    open: &'a Difference<'a>,
    figures: &'a Figures,
}

impl Asked<'_> {
    fn worse(&self) -> bool {
        let numbers = &self.open.numbers;
        if self.open.better == Better::Higher { numbers.head < numbers.base } else { numbers.head > numbers.base }
    }

    /// Says by how much, and to which side.
    fn by(&self) -> String {
        let side = if self.worse() { "worse" } else { "better" };
        // The repeats may put a change below the threshold that its medians are above of.
        let told = self.figures.interval.filter(|_| self.figures.scale == Scale::Log).map(|_| self.figures.effect);
        let medians = self.change.relative;
        let alike = |effect: &f64| {
            effect.abs() > self.open.least.factor() && medians.is_some_and(|medians| medians * effect > 0.0)
        };
        match (told.filter(alike), medians) {
            (Some(effect), _) => format!("{}% {side}", show_percent(effect.abs())),
            (None, Some(medians)) if told.is_some() => {
                format!("{}% {side} by the medians", show_percent(medians.abs()))
            }
            (None, Some(medians)) => format!("{}% {side}", show_percent(medians.abs())),
            (None, None) => format!("{side}, and the base is 0"),
        }
    }

    /// Names the band of earlier runs.
    fn expected(&self, band: &Band) -> String {
        let (low, high) =
            show_numbers(rounded(band.low.unwrap_or(band.centre)), rounded(band.high.unwrap_or(band.centre)));
        let band_text = with_unit(&format!("[{low}, {high}]"), self.change.unit.as_deref());
        let wide = self.figures.history.as_ref().is_some_and(|band| is_wide(band, self.figures.min_effect));
        let noise = if wide { ", which is wider than the smallest change that matters" } else { "" };
        let unit = self.change.unit.as_deref();
        let without = band.without.map(|value| with_unit(&show_number(rounded(value)), unit));
        let without =
            without.map(|value| format!(", without one of {value} that is far from all others,")).unwrap_or_default();
        format!("{band_text}, where {} earlier runs{without} put the next{noise}", band.runs)
    }
}

/// Tells whether changes that matter hide in the noise.
fn is_wide(band: &Band, min_effect: f64) -> bool {
    band.high.zip(band.low).is_some_and(|(high, low)| (high - low) / 2.0 > 2.0 * min_effect * band.centre.abs())
}

fn missing(figures: &Figures) -> String {
    let count = figures.history.as_ref().map_or(0, |band| band.runs);
    let missing = figures.runs_missing;
    let runs = if missing == 1 { "run" } else { "runs" };
    let since = figures.history.as_ref().and_then(|band| band.since.as_ref());
    let since = since.map(|run| format!(" since the level changed with {run}")).unwrap_or_default();
    format!("needs {missing} more {runs} to know the noise between runs ({count} of 5{since})")
}

/// Rounds to five digits: ends of bands are no exact numbers.
fn rounded(value: f64) -> f64 {
    format!("{value:.4e}").parse().unwrap_or(value)
}

/// Returns a share with two digits.
fn share(value: f64) -> String {
    if value >= 0.001 { show_number(format!("{value:.1e}").parse().unwrap_or(value)) } else { format!("{value:.0e}") }
}

pub(super) fn show_percent(relative: f64) -> String {
    let percent = relative * 100.0;
    let digits = if percent >= 100.0 { 0 } else { 1 - percent.log10().floor().clamp(-6.0, 1.0) as i32 };
    let rounded = format!("{percent:.*}", digits.max(0) as usize);
    rounded.parse().map_or(rounded, show_number)
}
