//! `shmoo changes`.

use super::Session;
use super::arguments::TableFormat;
use super::changes_arguments::ChangesArgs;
use super::exit::Exit;
use super::machine_arguments::PlacesArgs;
use super::stored_changes::stored_changes;
use super::table::{row, table};
use crate::report::{count, percent, short};
use crate::stats::{ChangePoint, ChangeRules, Drift, Side};
use crate::steps::StepError;
use crate::steps::series::{Columns, Found, find_changes};
use crate::steps::stored_series::Stored;
use crate::value::{SuiteName, show_number};
use serde_json::json;

/// Fewest values in which a change can be found.
pub(super) const FEWEST: usize = 6;

pub(super) fn changes(session: &Session, arguments: &ChangesArgs) -> Result<Exit, Exit> {
    let ChangesArgs { file, suite, cases, branch, machine, history, index, time, metrics, min_effect, level, format } =
        arguments;
    let printer = &session.printer;
    let rules = ChangeRules { level: *level, min_effect: min_effect.factor(), ..ChangeRules::default() };
    if let Some(suite) = suite {
        let (metrics, points) = (metrics.clone(), cases.clone());
        let (branch, machine) = (branch.clone(), machine.clone());
        let wanted = Stored { suite: SuiteName::new(suite.as_str()), metrics, points, branch, machine };
        let places = PlacesArgs { history: history.clone(), ..PlacesArgs::default() };
        return stored_changes(session, &places, &wanted, &rules, *format);
    }
    let file = file.as_deref().expect("a file is required where no suite is given");
    let columns = Columns { index: index.clone(), time: time.clone(), metrics: metrics.clone() };
    let found = find_changes(file, &columns, &rules).map_err(|error: StepError| printer.step(&error))?;
    let short_series = found.iter().filter(|found| found.series.values.len() < FEWEST).count();
    let exit = if short_series == found.len() { Exit::Nothing } else { Exit::Ok };
    match format {
        TableFormat::Json => {
            let series: Vec<_> = found.iter().map(series_json).collect();
            let json = json!({
                "version": 1,
                "file": file,
                "level": level,
                "min_effect": min_effect.factor(),
                "series": series,
                "exit_code": exit.code(),
            });
            printer.data(|out| writeln!(out, "{json:#}"))?;
        }
        TableFormat::Table => {
            let text = lines(&found);
            printer.data(|out| out.write_all(text.as_bytes()))?;
        }
    }
    if short_series > 0 {
        printer.note(&format!(
            "{} with fewer than {FEWEST} values: no change can be told",
            count(short_series as u64, "column")
        ));
    }
    Ok(exit)
}

fn series_json(found: &Found) -> serde_json::Value {
    let Found { series, changes, drift } = found;
    let changes: Vec<_> = changes
        .iter()
        .map(|change| {
            let &ChangePoint { index, before, after, p } = change;
            let place = &series.places[index];
            json!({
                "index": place.index,
                "row": index,
                "line": place.line,
                "time": place.time,
                "before": before,
                "after": after,
                "effect": change.relative(),
                "p": p,
            })
        })
        .collect();
    let drift = drift.map(|Drift { index, since, side, sum, p }| {
        let (place, start) = (&series.places[index], &series.places[since]);
        json!({
            "index": place.index,
            "row": index,
            "line": place.line,
            "time": place.time,
            "since": start.index,
            "since_time": start.time,
            "side": side_word(side),
            "sum": sum,
            "p": p,
        })
    });
    json!({ "metric": series.metric, "values": series.values.len(), "changes": changes, "drift": drift })
}

fn side_word(side: Side) -> &'static str {
    match side {
        Side::Up => "up",
        Side::Down => "down",
    }
}

fn lines(found: &[Found]) -> String {
    let mut rows = vec![row(["metric", "index", "time", "before", "after", "change", "p"])];
    for Found { series, changes, drift } in found {
        let metric = short(&series.metric, 60);
        let at = |index: usize| {
            let place = &series.places[index];
            [short(&place.index, 40), place.time.as_deref().map(|time| short(time, 40)).unwrap_or_default()]
        };
        for change in changes {
            let [index, time] = at(change.index);
            let effect = change.relative().map(percent).unwrap_or_default();
            let (before, after) = (show_number(change.before), show_number(change.after));
            rows.push(vec![metric.clone(), index, time, before, after, effect, p_text(change.p)]);
        }
        if let Some(drift) = drift {
            let ([index, time], [since, _]) = (at(drift.index), at(drift.since));
            let what = format!("drifts {} since {since}", side_word(drift.side));
            rows.push(vec![metric.clone(), index, time, String::new(), String::new(), what, p_text(drift.p)]);
        }
    }
    if rows.len() == 1 {
        return "no change\n".to_owned();
    }
    table(rows, &[3, 4, 5, 6])
}

pub(super) fn p_text(p: f64) -> String {
    if p < 1e-4 { "< 0.0001".to_owned() } else { format!("{p:.4}") }
}
