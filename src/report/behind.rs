//! The figures behind a verdict, in words: all that a person needs to check it.

use super::figure::{amount, count, percent, thousands};
use crate::compare::{Band, Change, Decision, Figures, Repeats, Scale, Test};
use crate::ledger::MeasuredValue;
use crate::report::inert::short;

/// What each figure is called.
pub(crate) const LABELS: [&str; 13] = [
    "decided by",
    "effect",
    "smallest that matters",
    "chance without a change",
    "share of false calls",
    "repeats of both runs",
    "this run",
    "base",
    "earlier runs",
    "expected next",
    "noise between runs",
    "same level since",
    "left out",
];

/// Returns the figures of a change, each with the place of its name in `LABELS`.
pub(crate) fn figures_of(change: &Change) -> Vec<(usize, String)> {
    let Some(figures) = change.figures.as_deref() else { return Vec::new() };
    let Figures {
        scale,
        effect,
        interval,
        min_effect,
        head,
        base,
        history,
        runs_missing,
        test,
        p,
        q,
        family,
        repeats_p,
        decided_by,
    } = figures;
    let unit = change.unit.as_deref();
    let size = |effect: f64| match scale {
        Scale::Log => percent(effect),
        Scale::Linear => shown(effect, unit),
    };
    let interval = match interval {
        Some([low, high]) => format!(", 95 % interval {} to {}", size(*low), size(*high)),
        None => String::new(),
    };
    let rests_on = match test {
        Some(Test::History) => ", by the noise between earlier runs",
        Some(Test::Repeats) => ", by the repeats alone, which decides nothing",
        None => "",
    };
    let mut found = vec![
        (0, decision(*decided_by).to_owned()),
        (1, format!("{}{interval}", size(*effect))),
        (2, percent(*min_effect).trim_start_matches('+').to_owned()),
    ];
    found.extend(p.map(|p| (3, format!("p = {}{rests_on}", share(p)))));
    found.extend(q.map(|q| (4, format!("q = {} among {}", share(q), count(*family, "metric")))));
    found.extend(repeats_p.map(|p| (5, format!("p = {} by their ranks", share(p)))));
    found.push((6, repeats(head, unit)));
    found.push((7, repeats(base, unit)));
    let missing = match runs_missing {
        0 => String::new(),
        runs => format!(", {} needed for a verdict", count(u64::from(*runs), "more run")),
    };
    match history {
        None => found.push((8, format!("K = 0{missing}"))),
        Some(band) => {
            found.push((8, format!("K = {}, around {}{missing}", thousands(band.runs), shown(band.centre, unit))));
            found.extend(of_band(band, *scale, unit));
        }
    }
    found
}

fn of_band(band: &Band, scale: Scale, unit: Option<&str>) -> Vec<(usize, String)> {
    let Band { runs: _, centre: _, low, high, deviation, freedom, moderated, since, without } = band;
    let mut found = Vec::new();
    if let (Some(low), Some(high)) = (low, high) {
        found.push((9, format!("{} to {}, in 95 % of all runs", shown(*low, unit), shown(*high, unit))));
    }
    if let Some(deviation) = deviation {
        let deviation = match scale {
            Scale::Log => percent(*deviation).trim_start_matches('+').to_owned(),
            Scale::Linear => shown(*deviation, unit),
        };
        let freedom = match freedom {
            Some(freedom) => format!("{freedom:.1} degrees of freedom"),
            None => "degrees of freedom without limit".to_owned(),
        };
        let shared = if *moderated { ", shared with the other metrics of the stage" } else { "" };
        found.push((10, format!("standard deviation {deviation}, {freedom}{shared}")));
    }
    found.extend(without.map(|value| (12, format!("one run of {}, far from all others", shown(value, unit)))));
    found.extend(since.as_ref().map(|run| (11, short(run.as_str(), 120))));
    found
}

fn repeats(repeats: &Repeats, unit: Option<&str>) -> String {
    let Repeats { n, low, high } = repeats;
    if low == high {
        return format!("n = {n}, {}", shown(*low, unit));
    }
    format!("n = {n}, {} to {}", shown(*low, unit), shown(*high, unit))
}

fn shown(value: f64, unit: Option<&str>) -> String {
    short(&amount(&MeasuredValue::Number(value), unit), 60)
}

/// Returns a share with two digits.
pub(crate) fn share(value: f64) -> String {
    let rounded: f64 = format!("{value:.1e}").parse().unwrap_or(value);
    if rounded >= 1e-4 || rounded == 0.0 { rounded.to_string() } else { format!("{rounded:e}") }
}

/// Returns the rule that decided, in words.
fn decision(decision: Decision) -> &'static str {
    match decision {
        Decision::Equal => "both values are the same",
        Decision::Machine => "it was measured on another machine",
        Decision::MinEffect => "it is smaller than what matters, against the base",
        Decision::MinEffectHistory => "it is smaller than what matters, against earlier runs",
        Decision::RunsMissing => "there are too few earlier runs",
        Decision::InsideBand => "it is where earlier runs put the next",
        Decision::Chance => "some of so many metrics are outside by chance",
        Decision::Side => "against earlier runs it is on the other side",
        Decision::Repeats => "the repeats of both runs overlap",
        Decision::FalseDiscovery => "it is not clear enough among so many metrics",
        Decision::All => "all conditions are met",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::sample;

    fn told(change: &Change) -> String {
        let figures = figures_of(change).into_iter();
        figures.map(|(label, text)| format!("{}: {text}\n", LABELS[label])).collect()
    }

    #[test]
    fn all_figures_are_told() {
        let mut change = sample::red().comparison.unwrap().changes.remove(0);
        insta::assert_snapshot!(told(&change));
        let figures = change.figures.as_mut().unwrap();
        (figures.interval, figures.history, figures.p, figures.q, figures.repeats_p) = (None, None, None, None, None);
        (figures.scale, figures.runs_missing, figures.decided_by) = (Scale::Linear, 5, Decision::RunsMissing);
        figures.effect = -3.2e6;
        insta::assert_snapshot!(told(&change));
        change.figures = None;
        assert_eq!(told(&change), "");
    }

    #[test]
    fn shares() {
        let check = |value: f64, expected: &str| assert_eq!(share(value), expected);
        check(0.000_213, "0.00021");
        check(0.5, "0.5");
        check(1e-9, "1e-9");
        check(0.0, "0");
        check(1.0, "1");
    }
}
