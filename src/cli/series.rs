//! `shmoo history show --metric`: how a metric went over the runs.

use super::Session;
use super::arguments::TextFormat;
use super::exit::Exit;
use super::history::Ended;
use super::table::{row, table};
use crate::ledger::MeasuredValue;
use crate::outside::history::{History, RunFilter, RunSummary, SeriesPoint};
use crate::record::{MetricInfo, RunRecord};
use crate::report::{amount, commit_name, count, percent, short};
use crate::steps::StepError;
use crate::value::{PointName, did_you_mean};
use serde_json::json;
use std::collections::BTreeMap;

/// Columns of a sparkline: the newest values are shown.
const WIDTH: usize = 40;
/// Points of a list.
const MOST_POINTS: usize = 200;

/// Shows the values of a metric in all runs of the suite of `run`.
pub(super) fn show_metric(
    session: &Session,
    history: &dyn History,
    run: &RunSummary,
    wanted: &str,
    point: Option<&str>,
    format: TextFormat,
) -> Result<Exit, Ended> {
    let gone = || StepError::usage(format!("the history has no run `{}`", run.id), None);
    let record = history.load(&run.id)?.ok_or_else(gone)?;
    let info = metric_of(&record, wanted)?;
    let point = point.map(PointName::new);
    let filter = RunFilter { suite: Some(run.suite.clone()), ..RunFilter::default() };
    let series = history.metric_series(&filter, &info.stage, &info.metric, point.as_ref())?;
    if series.is_empty() {
        let at = point.as_ref().map_or(String::new(), |point| format!(" at `{point}`"));
        let known: Vec<&str> = record
            .metrics
            .iter()
            .filter(|row| row.stage == info.stage && row.metric == info.metric)
            .map(|row| row.point.as_str())
            .collect();
        let hint = point.as_ref().and_then(|point| did_you_mean(point.as_str(), known.iter().copied()));
        let message = format!("{}.{} has no value{at}", info.stage, info.metric);
        return Err(match point {
            Some(_) => StepError::usage(message, hint),
            None => StepError::Nothing { message, hint },
        }
        .into());
    }
    if format == TextFormat::Json {
        let values: Vec<_> = series
            .iter()
            .map(|SeriesPoint { run, started, commit, fingerprint, point, value, samples, warmups, unit, origin }| {
                json!({
                    "run": run,
                    "started": started,
                    "commit": commit,
                    "fingerprint": fingerprint,
                    "point": point,
                    "value": value,
                    "unit": unit,
                    "samples": samples,
                    "warmups": warmups,
                    "origin": origin,
                })
            })
            .collect();
        let json = json!({ "version": 1, "suite": run.suite, "metric": format!("{}.{}", info.stage, info.metric), "values": values });
        session.printer.data(|out| writeln!(out, "{json:#}"))?;
        return Ok(Exit::Ok);
    }
    // Values of another machine are no step of the same line.
    let total = series.len();
    let series: Vec<SeriesPoint> = series.into_iter().filter(|value| value.fingerprint == run.fingerprint).collect();
    let elsewhere = total - series.len();
    let text = match &point {
        Some(point) => one_point(info, point, &series),
        None => all_points(info, &series),
    };
    session.printer.data(|out| out.write_all(text.as_bytes()))?;
    if elsewhere > 0 {
        session.printer.note(&format!("{} of other machines left out", count(elsewhere as u64, "value")));
    }
    Ok(Exit::Ok)
}

/// Finds a metric by `STAGE.METRIC`, or by a short name that only one stage has.
fn metric_of<'a>(record: &'a RunRecord, wanted: &str) -> Result<&'a MetricInfo, StepError> {
    let infos = &record.run.metric_infos;
    let found: Vec<&MetricInfo> = infos
        .iter()
        .filter(|info| match wanted.split_once('.') {
            Some((stage, metric)) => info.stage.as_str() == stage && info.metric.as_str() == metric,
            None => info.metric.as_str() == wanted,
        })
        .collect();
    let names = |infos: &[&MetricInfo]| -> Vec<String> {
        infos.iter().map(|info| format!("{}.{}", info.stage, info.metric)).collect()
    };
    match found.as_slice() {
        [one] => Ok(one),
        [] => {
            let all: Vec<&MetricInfo> = infos.iter().collect();
            let known = names(&all);
            Err(StepError::usage(
                format!("suite `{}` has no metric `{wanted}`", record.run.suite),
                did_you_mean(wanted, known.iter().map(String::as_str)),
            ))
        }
        several => Err(StepError::usage(
            format!("several stages have a metric `{wanted}`"),
            Some(format!("say one of `{}`", names(several).join("`, `"))),
        )),
    }
}

fn one_point(info: &MetricInfo, point: &PointName, series: &[SeriesPoint]) -> String {
    let unit = info.unit.as_deref();
    let mut text =
        format!("{}.{} at {point}  {}\n", info.stage, info.metric, sparkline(series.iter().map(|at| &at.value)));
    let mut rows = vec![row(["run", "commit", "value", "change", "samples"])];
    let mut before: Option<&MeasuredValue> = None;
    for at in series {
        let change = match (before, &at.value) {
            (Some(MeasuredValue::Number(before)), MeasuredValue::Number(now)) if *before != 0.0 => {
                percent((now - before) / before.abs())
            }
            (Some(before), now) if before != now => "changed".to_owned(),
            _ => String::new(),
        };
        let reused = at.origin.as_ref().map_or(String::new(), |origin| format!(" (measured by {origin})"));
        rows.push(vec![
            at.run.to_string(),
            at.commit.as_deref().map(commit_name).unwrap_or_default(),
            format!("{}{reused}", short(&amount(&at.value, at.unit.as_deref().or(unit)), 60)),
            change,
            if at.samples.len() > 1 { at.samples.len().to_string() } else { String::new() },
        ]);
        before = Some(&at.value);
    }
    text.push_str(&table(rows, &[2, 3, 4]));
    text
}

fn all_points(info: &MetricInfo, series: &[SeriesPoint]) -> String {
    let unit = info.unit.as_deref();
    let mut points: BTreeMap<&PointName, Vec<&MeasuredValue>> = BTreeMap::new();
    for at in series {
        points.entry(&at.point).or_default().push(&at.value);
    }
    let mut text = format!("{}.{}\n", info.stage, info.metric);
    let mut rows = vec![row(["point", "values", "lowest", "highest", "last", "over time"])];
    for (point, values) in points.iter().take(MOST_POINTS) {
        let numbers = values.iter().filter_map(|value| match value {
            MeasuredValue::Number(number) => Some(*number),
            MeasuredValue::Text(_) => None,
        });
        let bound = |best: Option<f64>| best.map_or(String::new(), |best| amount(&MeasuredValue::Number(best), unit));
        rows.push(vec![
            point.to_string(),
            values.len().to_string(),
            bound(numbers.clone().min_by(f64::total_cmp)),
            bound(numbers.max_by(f64::total_cmp)),
            values.last().map_or(String::new(), |last| short(&amount(last, unit), 40)),
            sparkline(values.iter().copied()),
        ]);
    }
    text.push_str(&table(rows, &[1, 2, 3, 4]));
    if points.len() > MOST_POINTS {
        text.push_str(&format!(
            "  and {}; name one with `--point`\n",
            count((points.len() - MOST_POINTS) as u64, "point")
        ));
    }
    text
}

/// Draws numbers as a line of bars, from the lowest to the highest of them; of many, the last.
fn sparkline<'a>(values: impl Iterator<Item = &'a MeasuredValue>) -> String {
    const BARS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
    let numbers: Vec<f64> = values
        .filter_map(|value| match value {
            MeasuredValue::Number(number) => Some(*number),
            MeasuredValue::Text(_) => None,
        })
        .collect();
    let numbers = &numbers[numbers.len().saturating_sub(WIDTH)..];
    let low = numbers.iter().copied().fold(f64::INFINITY, f64::min);
    let high = numbers.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let bar = |number: &f64| {
        // All the same: a line in the middle.
        let share = if high > low { (number - low) / (high - low) } else { 0.4 };
        BARS[((share * 7.0).round() as usize).min(7)]
    };
    numbers.iter().map(bar).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sparklines() {
        let check = |numbers: &[f64], expected: &str| {
            let values: Vec<MeasuredValue> = numbers.iter().map(|number| MeasuredValue::Number(*number)).collect();
            assert_eq!(sparkline(values.iter()), expected, "{numbers:?}");
        };
        check(&[], "");
        check(&[5.0, 5.0], "▄▄");
        check(&[1.0, 8.0, 4.5], "▁█▅");
        check(&[-1e300, 1e300], "▁█");
        assert_eq!(sparkline([MeasuredValue::Text("x".into())].iter()), "");
        let many: Vec<MeasuredValue> = (0..100).map(|number| MeasuredValue::Number(f64::from(number))).collect();
        assert_eq!(sparkline(many.iter()).chars().count(), WIDTH);
    }
}
