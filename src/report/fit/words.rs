//! What page and markdown say in the same words.

use super::{FitReport, Part};
use crate::fit::{
    CoefficientDrift, CoefficientVerdict, Drift, DriftVerdict, EmptyGroup, FindingKind, FoundForm, Gate,
    IntervalMethod, PredictedChange, Quality, Search, Standing,
};
use crate::report::figure::{count, percent};
use crate::report::inert::short;
use crate::value::show_number;

/// By this share the error of a form is clearly larger than that of another, whose rows were divided otherwise.
const CLEAR: f64 = 0.1;

/// Returns a share in percent, without a sign.
pub(super) fn share(share: Option<f64>) -> String {
    share.map_or_else(|| "–".to_owned(), |share| format!("{:.2} %", share * 100.0))
}

/// Returns a number, or a dash.
pub(super) fn number(value: Option<f64>) -> String {
    value.filter(|value| value.is_finite()).map_or_else(|| "–".to_owned(), show_number)
}

/// Returns an interval.
pub(super) fn interval(ends: Option<(f64, f64)>) -> String {
    ends.map_or_else(|| "–".to_owned(), |(low, high)| format!("{} to {}", show_number(low), show_number(high)))
}

/// Returns what all tables came to, in one sentence.
pub(super) fn sentence(report: &FitReport<'_>) -> String {
    let parts: Vec<Part<'_>> = report.parts().collect();
    let rows: u64 = parts.iter().map(|part| part.model.rows).sum();
    let errors: Vec<f64> = parts.iter().filter_map(|part| part.model.quality.mean_error).collect();
    let least = errors.iter().copied().reduce(f64::min);
    let most = errors.iter().copied().reduce(f64::max);
    let error = match (least, most) {
        (Some(least), Some(most)) if least < most => {
            format!(", off by {} to {} in the mean", share(Some(least)), share(Some(most)))
        }
        (_, Some(most)) => format!(", off by {} in the mean", share(Some(most))),
        (_, None) => String::new(),
    };
    format!("{} of {}{error}", count(parts.len() as u64, "fit"), count(rows, "row"))
}

/// Returns how many findings there are.
pub(super) fn findings(report: &FitReport<'_>) -> u64 {
    report.parts().map(|part| part.model.findings.len() as u64).sum()
}

/// Returns what became of the rows of a table.
pub(super) fn gate(gate: &Gate) -> Vec<String> {
    let filtered = if gate.filtered > 0 { format!(", {} by `where`", gate.filtered) } else { String::new() };
    let mut lines = vec![format!("{} of {} took part{filtered}", gate.used, count(gate.rows, "row"))];
    let numbers = |lines: &[u64]| lines.iter().map(u64::to_string).collect::<Vec<_>>().join(", ");
    for excluded in &gate.excluded {
        let shown = numbers(&excluded.lines);
        lines.push(format!(
            "left out: {}, {}: line {shown}{}",
            count(excluded.rows, "row"),
            short(&excluded.reason, 200),
            if excluded.rows > excluded.lines.len() as u64 { " and others" } else { "" }
        ));
    }
    if let Some(duplicates) = gate.duplicates.as_ref().filter(|found| found.rows > 0) {
        let what = if duplicates.excluded { "left out" } else { "kept" };
        lines.push(format!("{what}: {} equal to an earlier one", count(duplicates.rows, "row")));
    }
    if gate.duplicates.is_none() {
        lines.push("equal rows were not looked for among so many".to_owned());
    }
    lines.extend(gate.empty_sets.iter().map(|set| empty_set_sentence(set)));
    lines.extend(empty_group_sentences(gate));
    lines
}

/// Says of which groups no row can be used; of many the first.
pub(crate) fn empty_group_sentences(gate: &Gate) -> Vec<String> {
    const SHOWN: usize = 20;
    let sentence = |EmptyGroup { by, rows, line }: &EmptyGroup| {
        let name: Vec<String> = by.iter().map(|value| short(value, 60)).collect();
        format!("no row of `{}` can be used: {}, from line {line} on", name.join(" "), count(*rows, "row"))
    };
    let mut sentences: Vec<String> = gate.empty_groups.iter().take(SHOWN).map(sentence).collect();
    if gate.empty_groups.len() > SHOWN {
        let more = count((gate.empty_groups.len() - SHOWN) as u64, "group");
        sentences.push(format!("no row of {more} more can be used"));
    }
    sentences
}

/// Says that no row is in an attribute set.
pub(crate) fn empty_set_sentence(set: &str) -> String {
    format!("no usable row is in the set `{}`: it holds for none, or later sets hold wherever it does", short(set, 60))
}

/// Returns the diagnostics of a model as names and values.
pub(super) fn diagnostics(part: &Part<'_>) -> Vec<(&'static str, String)> {
    let &Quality { r2, rmse, mean_error, p95_error, max_error, .. } = &part.model.quality;
    let &Quality { ratio_mean, ratio_deviation, left_out_error, scaled_condition, .. } = &part.model.quality;
    let condition =
        if scaled_condition.is_finite() { show_number(scaled_condition) } else { "one depends on others".to_owned() };
    vec![
        ("rows", count(part.model.rows, "row")),
        ("R²", r2.map_or_else(|| "–".to_owned(), |r2| format!("{r2:.5}"))),
        ("mean error", share(mean_error)),
        ("mean error of rows left out", share(left_out_error)),
        ("95 of 100 rows are below", share(p95_error)),
        ("largest error", share(max_error)),
        ("root of the mean squared error", show_number(rmse)),
        ("target by prediction", format!("{} ± {}", number(ratio_mean), number(ratio_deviation))),
        ("condition number, features at length 1", condition),
        (
            "intervals",
            match part.model.method {
                IntervalMethod::Bootstrap => "by drawing rows again",
                IntervalMethod::Sandwich => "by each row's own error",
                IntervalMethod::None => "none",
            }
            .to_owned(),
        ),
    ]
}

/// Returns why a coefficient is 0, if it is.
pub(super) fn why_zero<'a>(part: &Part<'a>, name: &str) -> &'a str {
    let zeros = part.model.findings.iter().filter(|finding| finding.kind == FindingKind::ZeroCoefficient);
    let mut told = zeros.filter_map(|finding| finding.message.strip_prefix(&format!("`{name}` is 0: ")));
    told.next().unwrap_or("")
}

/// Returns a word for what became of predictions.
pub(super) fn drift_word(verdict: DriftVerdict) -> &'static str {
    match verdict {
        DriftVerdict::Unchanged => "unchanged",
        DriftVerdict::Uncertain => "uncertain",
        DriftVerdict::Drifted => "drifted",
        DriftVerdict::OtherForm => "another form",
    }
}

/// Returns a word for what became of a coefficient.
pub(super) fn coefficient_word(verdict: CoefficientVerdict) -> &'static str {
    match verdict {
        CoefficientVerdict::Same => "same",
        CoefficientVerdict::Moved => "moved",
        CoefficientVerdict::Unknown => "no interval",
        CoefficientVerdict::New => "new",
        CoefficientVerdict::Gone => "gone",
    }
}

/// Returns how predictions changed, in one sentence.
pub(crate) fn drift_sentence(drift: &Drift, against: &str) -> String {
    let word = drift_word(drift.verdict);
    let Some(change) = &drift.predictions else {
        let nothing = drift.verdict == DriftVerdict::Drifted;
        let why = if nothing { ": its parameters predict 0 or less in the mean" } else { "" };
        return format!("{word} against {against}{why}");
    };
    let PredictedChange { rows, median_ratio, p95_change, mean_change, mean_interval, old_error, new_error } = *change;
    let ends = mean_interval.map(|(low, high)| format!(" (95 % {} to {})", percent(low), percent(high)));
    format!(
        "{word} against {against}: predictions by {} in the middle row, by up to {} in 95 of 100 rows, {} in the mean{}; off by {}, before by {}; over {}",
        percent(median_ratio - 1.0),
        share(Some(p95_change)),
        percent(mean_change),
        ends.unwrap_or_default(),
        share(Some(new_error)),
        share(Some(old_error)),
        count(rows, "row")
    )
}

/// Returns a form that was found, with its coefficients in six digits.
pub(crate) fn form_text(form: &FoundForm) -> String {
    let digits = |value: f64| show_number(format!("{value:.5e}").parse().unwrap_or(value));
    let mut text = String::new();
    for (term, value) in &form.terms {
        let sign = match (text.is_empty(), *value < 0.0) {
            (true, true) => "-",
            (true, false) => "",
            (false, true) => " - ",
            (false, false) => " + ",
        };
        text.push_str(&format!("{sign}{} * {term}", digits(value.abs())));
    }
    text
}

/// Says what a search looked at where it found no form.
pub(crate) fn nothing_found(search: &Search) -> String {
    match search.rows {
        0 => "no form can be looked for: the target is 0 in all rows".to_owned(),
        _ => format!("no form was found out of {}", count(search.candidates as u64, "term")),
    }
}

/// Says why the first form is first if another has the least error, and what is to be said of the declared one, which
/// was fitted with an error for rows left out.
pub(crate) fn search_sentences(search: &Search, fitted: &Quality) -> Vec<String> {
    let (Some(first), Some(least)) = (search.forms.first(), search.forms.get(search.least)) else {
        return vec![nothing_found(search)];
    };
    let mut sentences = Vec::new();
    if search.least > 0 {
        sentences.push(format!(
            "the first is the simplest within one standard error of the least error, {} of the next: {}",
            share(Some(least.standing.error)),
            behind(&first.standing)
        ));
    }
    let is_first = search.declared.as_ref().is_some_and(|declared| declared.terms == first.terms);
    let clear = |error: &f64| !is_first && first.standing.error > error * (1.0 + CLEAR);
    if let Some(error) = fitted.left_out_error.filter(clear) {
        sentences.push(format!("the first is behind the declared form as it was fitted, {}", share(Some(error))));
    }
    let Some(declared) = search.declared.as_ref().filter(|declared| declared.standing.is_level()) else {
        return sentences;
    };
    sentences.push(if is_first {
        "the first is the declared form".to_owned()
    } else {
        let error = share(Some(declared.standing.error));
        format!("the declared form, {error}, is within one standard error, too: {}", behind(&declared.standing))
    });
    sentences
}

/// Says how far a form is behind the least error.
fn behind(standing: &Standing) -> String {
    format!("{} points behind, give or take {}", points(standing.behind), points(standing.standard_error))
}

/// Returns how far a form is behind the least error, for a cell; a dash for that with the least error.
pub(super) fn behind_cell(standing: &Standing) -> String {
    if standing.behind == 0.0 && standing.standard_error == 0.0 {
        return "–".to_owned();
    }
    format!("{} ± {} points", points(standing.behind), points(standing.standard_error))
}

/// Returns a difference of shares in points of a percent.
fn points(difference: f64) -> String {
    match difference * 100.0 {
        points if points == 0.0 || points >= 0.005 => format!("{points:.2}"),
        points => format!("{points:.0e}"),
    }
}

/// Returns a coefficient's earlier and present values as cells.
pub(super) fn drift_cells(drift: &CoefficientDrift) -> [String; 6] {
    let CoefficientDrift { name: _, old, old_interval, new, new_interval, verdict } = drift;
    let change = match (old, new) {
        (Some(old), Some(new)) if *old != 0.0 => percent(new / old - 1.0),
        _ => "–".to_owned(),
    };
    [
        number(*old),
        interval(*old_interval),
        number(*new),
        interval(*new_interval),
        change,
        coefficient_word(*verdict).to_owned(),
    ]
}
