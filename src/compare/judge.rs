//! What to call the change of one metric at one point, by plain rules.
//!
//! First that applies: present on one side only; not comparable (other unit, other `better`, other
//! kind, gathered over other cases); equal; shown only; exact; reused from a cache; inside or outside of a band; smaller than
//! the smallest change that matters; else uncertain, because nothing is known of the noise between
//! runs. On another machine nothing but an exact metric is called better or worse.

use super::pairs::Pair;
use super::{Change, ComparisonVerdict};
use crate::ledger::MeasuredValue;
use crate::record::{MetricRow, RunRecord};
use crate::suite::Better;
use crate::value::{Decimal, Share, convert, convert_f64, show_number, show_numbers, with_unit};

/// Judges one pair.
pub(super) fn judge(pair: Pair<'_>, head: &RunRecord, base: &RunRecord) -> Change {
    let (value, earlier) = match (pair.head, pair.base) {
        (Some(value), Some(earlier)) => (value, earlier),
        (one, other) => {
            let verdict = if one.is_some() { ComparisonVerdict::New } else { ComparisonVerdict::Removed };
            let row = one.or(other);
            return Change {
                base: other.map(|row| row.value.clone()),
                head: one.map(|row| row.value.clone()),
                unit: row.and_then(|row| row.unit.clone()),
                relative: None,
                verdict,
                rule: pair.reason,
                metric: pair.metric,
                point: pair.point,
            };
        }
    };
    let mut change = Change {
        metric: pair.metric.clone(),
        point: pair.point.clone(),
        base: Some(earlier.value.clone()),
        head: Some(value.value.clone()),
        unit: value.unit.clone(),
        relative: None,
        verdict: ComparisonVerdict::Incomparable,
        rule: String::new(),
    };
    let numbers = match numbers(value, earlier) {
        Ok(numbers) => numbers,
        Err(why) => {
            change.rule = why;
            return change;
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
        return change;
    }
    let equal = numbers.as_ref().map_or(value.value == earlier.value, Numbers::equal);
    let (verdict, rule) = Rules { pair: &pair, value, change: &change, numbers, equal, head, base }.apply();
    Change { verdict, rule, ..change }
}

/// Both values in this run's unit.
struct Numbers {
    base: f64,
    head: f64,
    /// The same as the decimals they print as, so that 0.101 is within 1 % of 0.1.
    exact: Option<(Decimal, Decimal)>,
}

impl Numbers {
    fn equal(&self) -> bool {
        self.base == self.head || self.exact.is_some_and(|(base, head)| base == head)
    }

    /// Tells whether the values differ by at most a share of the earlier one.
    fn within(&self, least: Share) -> bool {
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
    let unit = |row: &'_ MetricRow| row.unit.clone().unwrap_or_default();
    let (from, to) = (unit(base), unit(head));
    let units = || match (from.as_str(), to.as_str()) {
        ("", to) => format!("it had no unit and is in `{to}`"),
        (from, "") => format!("it was in `{from}` and has no unit"),
        (from, to) => format!("it was in `{from}` and is in `{to}`"),
    };
    if from != to && (from.is_empty() || to.is_empty()) {
        return Err(units());
    }
    let converted = convert_f64(earlier, &from, &to).map_err(|err| format!("{}: {err}", units()))?;
    let exact = |number: f64| Decimal::from_f64(number);
    let exact_base = exact(earlier).and_then(|earlier| convert(earlier, &from, &to).ok());
    Ok(Some(Numbers { base: converted, head: value, exact: exact_base.zip(exact(value)) }))
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
    (head != base).then(|| format!("it gathered {base} cases and gathers {head}"))
}

struct Rules<'a> {
    pair: &'a Pair<'a>,
    value: &'a MetricRow,
    change: &'a Change,
    numbers: Option<Numbers>,
    equal: bool,
    head: &'a RunRecord,
    base: &'a RunRecord,
}

impl Rules<'_> {
    fn apply(&self) -> (ComparisonVerdict, String) {
        use ComparisonVerdict::{Regressed, Unchanged};
        if self.equal {
            return (Unchanged, "equal".to_owned());
        }
        let better = self.pair.declared.and_then(|metric| metric.better);
        let Some(better) = better else {
            return (Unchanged, format!("shown only, since it has no `better`: {}", self.sentence()));
        };
        if better == Better::Exact {
            return (Regressed, format!("exact, so any change counts: {}", self.sentence()));
        }
        if let Some(origin) = &self.value.origin {
            return (Unchanged, format!("reused from run {origin}, which is no new sample"));
        }
        let Some(numbers) = &self.numbers else {
            return (ComparisonVerdict::Incomparable, "texts have no better side".to_owned());
        };
        let &Numbers { base, head, .. } = numbers;
        match better {
            Better::Within(low, high) => self.band((low, high), base, head),
            Better::Higher => self.difference(numbers, head < base),
            Better::Lower | Better::Exact => self.difference(numbers, head > base),
        }
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

    fn difference(&self, numbers: &Numbers, worse: bool) -> (ComparisonVerdict, String) {
        use ComparisonVerdict::{Uncertain, Unchanged};
        let least = self.pair.declared.and_then(|metric| metric.min_effect);
        let size = self.change.relative.map(f64::abs);
        if let Some(least) = least.filter(|least| numbers.within(*least)) {
            return (Unchanged, format!("within {least}, the smallest change that matters"));
        }
        let side = if worse { "worse" } else { "better" };
        let by = size.map_or_else(|| "the base is 0".to_owned(), |size| format!("{}% {side}", show_percent(size)));
        let beyond = least.map(|least| format!(", more than {least}")).unwrap_or_default();
        let machine = if self.head.run.fingerprint == self.base.run.fingerprint { "" } else { " on another machine" };
        (Uncertain, format!("{by}{beyond}{machine}: the noise between runs is not known"))
    }

    /// Names both values.
    fn sentence(&self) -> String {
        match (&self.numbers, &self.change.base, &self.change.head) {
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

fn show_percent(relative: f64) -> String {
    let percent = relative * 100.0;
    let digits = if percent >= 100.0 { 0 } else { 1 - percent.log10().floor().clamp(-6.0, 1.0) as i32 };
    let rounded = format!("{percent:.*}", digits.max(0) as usize);
    rounded.parse().map_or(rounded, show_number)
}

fn shorten(text: &str) -> String {
    match text.char_indices().nth(40) {
        Some((cut, _)) => format!("{}...", &text[..cut]),
        None => text.to_owned(),
    }
}
