//! What to call the change of one metric at one point, by plain rules.
//!
//! First that applies: present on one side only; not comparable (other unit, other `better`, other
//! kind, gathered over other cases); shown only; exact; reused; texts; inside or outside of a band. What
//! is left is a measured metric with a better side: it is open, and `verdicts` decides with the noise of
//! earlier runs. On another machine nothing but an exact metric is called better or worse.

use super::earlier::EarlierRuns;
use super::measured::Measured;
use super::pairs::Pair;
use super::{Change, ComparisonVerdict};
use crate::ledger::MeasuredValue;
use crate::record::{MetricRow, RunRecord};
use crate::suite::{Better, Metric};
use crate::value::{Decimal, Share, convert, convert_f64, show_numbers, with_unit};

/// Returns the smallest change that matters where the suite gives none: 3 %.
fn usual_min_effect() -> Share {
    Share(Decimal::new(3, -2))
}

/// Returns the smallest change of a metric that matters at the point of a row. A comparison has said it where
/// a condition makes no sense there.
pub(super) fn min_effect(metric: Option<&Metric>, row: &MetricRow) -> Share {
    let given = metric.and_then(|metric| metric.min_effect_at(&row.params).unwrap_or(metric.min_effect));
    given.unwrap_or_else(usual_min_effect)
}

/// A change with its verdict, or open.
pub(super) struct Judged<'a> {
    pub(super) change: Change,
    /// What is to be decided with the noise of earlier runs.
    pub(super) open: Option<Difference<'a>>,
}

/// A measured metric that has a better side, in both runs.
pub(super) struct Difference<'a> {
    pub(super) stage: &'a str,
    pub(super) better: Better,
    pub(super) numbers: Numbers,
    /// The smallest change that matters.
    pub(super) least: Share,
    /// Whether the suite says so.
    pub(super) least_given: bool,
    pub(super) measured: Measured,
    /// The base's row and this run's.
    pub(super) rows: (&'a MetricRow, &'a MetricRow),
}

/// Judges one pair by what needs no statistics.
pub(super) fn judge<'a>(pair: Pair<'a>, head: &RunRecord, base: &RunRecord, earlier: &EarlierRuns) -> Judged<'a> {
    let (value, before) = match (pair.head, pair.base) {
        (Some(value), Some(before)) => (value, before),
        (one, other) => {
            let gates = pair.declared.is_some_and(|metric| metric.better.is_some());
            let verdict = match one {
                // What a failed task of the base hides is not new.
                Some(_) if pair.unmeasured && gates => ComparisonVerdict::Uncertain,
                Some(_) => ComparisonVerdict::New,
                None => ComparisonVerdict::Removed,
            };
            let row = one.or(other);
            let change = Change {
                base: other.map(|row| row.value.clone()),
                head: one.map(|row| row.value.clone()),
                unit: row.and_then(|row| row.unit.clone()),
                base_unit: None,
                relative: None,
                verdict,
                rule: pair.reason,
                metric: pair.metric,
                point: pair.point,
                figures: None,
                samples: None,
            };
            return Judged { change, open: None };
        }
    };
    let mut change = Change {
        metric: pair.metric.clone(),
        point: pair.point.clone(),
        base: Some(before.value.clone()),
        head: Some(value.value.clone()),
        unit: value.unit.clone(),
        base_unit: None,
        relative: None,
        verdict: ComparisonVerdict::Incomparable,
        rule: String::new(),
        figures: None,
        samples: None,
    };
    let numbers = match numbers(value, before) {
        Ok(numbers) => numbers,
        Err(why) => {
            change.rule = why;
            change.base_unit = Some(before.unit.clone().unwrap_or_default()).filter(|own| *own != unit_of(value));
            return Judged { change, open: None };
        }
    };
    if let Some(Numbers { base, head, .. }) = &numbers {
        let (base, head) = (*base, *head);
        change.base = Some(MeasuredValue::Number(base));
        if base != 0.0 {
            change.relative = Some((head - base) / base.abs()).filter(|relative| relative.is_finite());
        }
    }
    if let Some(why) = other_direction(&pair).or_else(|| other_cases(&pair)) {
        change.rule = why;
        return Judged { change, open: None };
    }
    let equal = numbers.as_ref().map_or(value.value == before.value, Numbers::equal);
    let rules = Rules { pair: &pair, value, change: &change, numbers: numbers.as_ref(), equal, head, base };
    if let Some((verdict, rule)) = rules.apply() {
        return Judged { change: Change { verdict, rule, ..change }, open: None };
    }
    let uncertain = |rule: String| Judged {
        change: Change { verdict: ComparisonVerdict::Uncertain, rule, ..change.clone() },
        open: None,
    };
    let given = match pair.declared.map(|metric| metric.min_effect_at(&value.params)).transpose() {
        Ok(given) => given.flatten(),
        Err(error) => return uncertain(format!("the suite's `min_effect` cannot be told here: {error}")),
    };
    match numbers.and_then(|numbers| open(&pair, numbers, given, earlier)) {
        Some(open) => Judged { change, open: Some(open) },
        None => uncertain("its repeats are not all numbers".to_owned()),
    }
}

/// Gathers what is known of a measured metric; `given` is the smallest change that matters by the suite.
fn open<'a>(pair: &Pair<'a>, numbers: Numbers, given: Option<Share>, earlier: &EarlierRuns) -> Option<Difference<'a>> {
    let (value, before) = pair.head.zip(pair.base)?;
    let least = given.unwrap_or_else(usual_min_effect);
    // Under its name now, and under the base's: it may have been renamed between the two.
    let then = before.reference();
    let values = earlier.of(&[(&pair.metric, &value.point), (&then, &before.point)]);
    let measured = Measured::gather(value, before, &values, (numbers.head, numbers.base), least.factor())?;
    let better = pair.declared.and_then(|metric| metric.better)?;
    Some(Difference {
        stage: value.stage.as_str(),
        better,
        numbers,
        least,
        least_given: given.is_some(),
        measured,
        rows: (before, value),
    })
}

/// Both values in this run's unit.
pub(super) struct Numbers {
    pub(super) base: f64,
    pub(super) head: f64,
    /// The same as the decimals they print as, so that 0.101 is within 1 % of 0.1.
    exact: Option<(Decimal, Decimal)>,
}

impl Numbers {
    pub(super) fn equal(&self) -> bool {
        self.base == self.head || self.exact.is_some_and(|(base, head)| base == head)
    }

    /// Tells whether the values differ by at most a share of the earlier one.
    pub(super) fn within(&self, least: Share) -> bool {
        let exact =
            self.exact.and_then(|(base, head)| Some(head.checked_sub(base)?.abs() <= base.abs().checked_mul(least.0)?));
        exact.unwrap_or_else(|| (self.head - self.base).abs() <= self.base.abs() * least.factor())
    }
}

/// Returns both values in this run's unit, or nothing for texts.
fn numbers(head: &MetricRow, base: &MetricRow) -> Result<Option<Numbers>, String> {
    let (value, earlier) = match (&head.value, &base.value) {
        (MeasuredValue::Number(value), MeasuredValue::Number(earlier)) => (*value, *earlier),
        (MeasuredValue::Text(_), MeasuredValue::Text(_)) => return Ok(None),
        (MeasuredValue::Number(_), MeasuredValue::Text(_)) => return Err("it was a text and is a number".to_owned()),
        (MeasuredValue::Text(_), MeasuredValue::Number(_)) => return Err("it was a number and is a text".to_owned()),
    };
    let (from, to) = (unit_of(base), unit_of(head));
    let units = || match (from, to) {
        ("", to) => format!("it had no unit and is in `{to}`"),
        (from, "") => format!("it was in `{from}` and has no unit"),
        (from, to) => format!("it was in `{from}` and is in `{to}`"),
    };
    if from != to && (from.is_empty() || to.is_empty()) {
        return Err(units());
    }
    let converted = convert_f64(earlier, from, to).map_err(|err| format!("{}: {err}", units()))?;
    let exact = |number: f64| Decimal::from_f64(number);
    let exact_base = exact(earlier).and_then(|earlier| convert(earlier, from, to).ok());
    Ok(Some(Numbers { base: converted, head: value, exact: exact_base.zip(exact(value)) }))
}

fn unit_of(row: &MetricRow) -> &str {
    row.unit.as_deref().unwrap_or_default()
}

/// Says how `better` changed, if it did.
fn other_direction(pair: &Pair<'_>) -> Option<String> {
    let (head, base) = (pair.head_info?, pair.base_info?);
    if head.better == base.better {
        return None;
    }
    let word = |better: &Option<String>| better.clone().unwrap_or_else(|| "not given".to_owned());
    Some(format!("`better` was {} and is {}", word(&base.better), word(&head.better)))
}

/// Says how many cases a task gathered on either side, if it gathers and they differ.
fn other_cases(pair: &Pair<'_>) -> Option<String> {
    let (head, base) = pair.gathered?;
    let noun = if base == 1 { "case" } else { "cases" };
    (head != base).then(|| format!("it gathered {base} {noun} and gathers {head}"))
}

struct Rules<'a> {
    pair: &'a Pair<'a>,
    value: &'a MetricRow,
    change: &'a Change,
    numbers: Option<&'a Numbers>,
    equal: bool,
    head: &'a RunRecord,
    base: &'a RunRecord,
}

impl Rules<'_> {
    /// Returns the verdict and the rule; none where the noise of earlier runs decides.
    fn apply(&self) -> Option<(ComparisonVerdict, String)> {
        use ComparisonVerdict::{Incomparable, Regressed, Unchanged};
        let better = self.pair.declared.and_then(|metric| metric.better);
        let measured = matches!(better, Some(Better::Higher | Better::Lower)) && self.numbers.is_some();
        if self.equal && (!measured || self.value.origin.is_some()) {
            return Some((Unchanged, "equal".to_owned()));
        }
        let Some(better) = better else {
            return Some((Unchanged, format!("shown only, since it has no `better`: {}", self.sentence())));
        };
        if better == Better::Exact {
            return Some((Regressed, format!("exact, so any change counts: {}{}", self.sentence(), self.repeats())));
        }
        if let Some(origin) = &self.value.origin {
            return Some((Unchanged, format!("reused from run {origin}, which is no new sample")));
        }
        let Some(numbers) = self.numbers else {
            return Some((Incomparable, "texts have no better side".to_owned()));
        };
        match better {
            Better::Within(low, high) => Some(self.band((low, high), numbers.base, numbers.head)),
            Better::Higher | Better::Lower | Better::Exact => None,
        }
    }

    /// Says that an exact metric is none, if its own repeats differ.
    fn repeats(&self) -> String {
        let differ = self.value.samples.windows(2).any(|pair| pair[0] != pair[1]);
        if differ { ", and its repeats differ within this run".to_owned() } else { String::new() }
    }

    fn band(&self, (low, high): (Decimal, Decimal), base: f64, head: f64) -> (ComparisonVerdict, String) {
        use ComparisonVerdict::{Improved, Regressed, Unchanged};
        let distance = |value: f64| (low.to_f64() - value).max(value - high.to_f64()).max(0.0);
        let unit = self.change.unit.as_deref();
        let band = with_unit(&format!("[{low}, {high}]"), unit);
        let (before, now) = (distance(base), distance(head));
        match (before > 0.0, now > 0.0) {
            (false, false) => (Unchanged, format!("inside of {band}")),
            (false, true) => self.here(Regressed, format!("left {band}: {}", self.sentence())),
            (true, false) => self.here(Improved, format!("came into {band}: {}", self.sentence())),
            (true, true) => {
                let way = if now > before { "further" } else { "less far" };
                (ComparisonVerdict::Uncertain, format!("outside of {band} before and now, {way}: {}", self.sentence()))
            }
        }
    }

    /// On another machine a measured value says nothing about the change.
    fn here(&self, verdict: ComparisonVerdict, rule: String) -> (ComparisonVerdict, String) {
        if self.head.run.fingerprint == self.base.run.fingerprint {
            (verdict, rule)
        } else {
            (ComparisonVerdict::Uncertain, format!("{rule}, on another machine"))
        }
    }

    /// Names both values.
    fn sentence(&self) -> String {
        match (self.numbers, &self.change.base, &self.change.head) {
            (Some(Numbers { base, head, .. }), ..) => {
                let (base, head) = show_numbers(*base, *head);
                let unit = self.change.unit.as_deref();
                format!("{} became {}", with_unit(&base, unit), with_unit(&head, unit))
            }
            (None, Some(MeasuredValue::Text(base)), Some(MeasuredValue::Text(head))) => {
                format!("`{}` became `{}`", shorten(base), shorten(head))
            }
            _ => "it changed".to_owned(),
        }
    }
}

fn shorten(text: &str) -> String {
    match text.char_indices().nth(40) {
        Some((cut, _)) => format!("{}...", &text[..cut]),
        None => text.to_owned(),
    }
}
