//! `shmoo changes --suite`: the same for metrics out of the history.

use super::Session;
use super::arguments::TableFormat;
use super::changes::{FEWEST, p_text};
use super::collect::workspace;
use super::exit::Exit;
use super::machine_arguments::PlacesArgs;
use super::table::{row, table};
use crate::compare::{Trend, TrendRun};
use crate::report::{commit_name, count, percent, short};
use crate::stats::ChangeRules;
use crate::steps::stored_series::{Stored, StoredSeries, find_stored_changes};
use crate::value::show_number;
use serde_json::json;

pub(super) fn stored_changes(
    session: &Session,
    places: &PlacesArgs,
    wanted: &Stored,
    rules: &ChangeRules,
    format: TableFormat,
) -> Result<Exit, Exit> {
    let printer = &session.printer;
    let workspace = workspace(session, places)?;
    let found = find_stored_changes(&workspace, wanted, rules).map_err(|error| printer.step(&error))?;
    let StoredSeries { runs, fingerprint, trends } = &found;
    let few = trends.iter().filter(|trend| trend.values.len() < FEWEST).count();
    let exit = if few == trends.len() { Exit::Nothing } else { Exit::Ok };
    match format {
        TableFormat::Json => {
            let json = json!({
                "version": 1,
                "suite": wanted.suite,
                "fingerprint": fingerprint,
                "level": rules.level,
                "min_effect": rules.min_effect,
                "runs": runs,
                "series": trends,
                "exit_code": exit.code(),
            });
            printer.data(|out| writeln!(out, "{json:#}"))?;
        }
        TableFormat::Table => {
            let text = lines(trends, runs);
            printer.data(|out| out.write_all(text.as_bytes()))?;
        }
    }
    printer.note(&format!(
        "{} at points, over {}",
        count(trends.len() as u64, "metric"),
        count(runs.len() as u64, "run")
    ));
    if few > 0 {
        printer.note(&format!("{} with fewer than {FEWEST} values: no change can be told", few));
    }
    Ok(exit)
}

fn lines(trends: &[Trend], runs: &[TrendRun]) -> String {
    let mut rows = vec![row(["metric", "point", "run", "date", "commits", "before", "after", "change", "p"])];
    for trend in trends {
        let (metric, point) = (short(&trend.metric, 60), short(trend.point.as_str(), 60));
        let run = |at: u32| trend.values.get(at as usize).and_then(|value| runs.get(value.run as usize));
        let name = |at: u32| run(at).map_or(String::new(), |run| run.run.to_string());
        let date = |at: u32| run(at).map_or(String::new(), |run| run.started.date().to_string());
        for change in &trend.changes {
            let relative = (change.before != 0.0).then(|| (change.after - change.before) / change.before.abs());
            rows.push(vec![
                metric.clone(),
                point.clone(),
                name(change.at),
                date(change.at),
                between(change.good.as_deref(), change.bad.as_deref()),
                show_number(change.before),
                show_number(change.after),
                relative.filter(|relative| relative.is_finite()).map(percent).unwrap_or_default(),
                p_text(change.p),
            ]);
        }
        if let Some(drift) = &trend.drift {
            let side = if drift.up { "up" } else { "down" };
            rows.push(vec![
                metric,
                point,
                name(drift.at),
                date(drift.at),
                between(drift.good.as_deref(), drift.bad.as_deref()),
                String::new(),
                String::new(),
                format!("drifts {side} since {}", name(drift.since)),
                p_text(drift.p),
            ]);
        }
    }
    if rows.len() == 1 {
        return "no change\n".to_owned();
    }
    table(rows, &[5, 6, 7, 8])
}

/// Names the last commit at the old level and the first at the new one.
fn between(good: Option<&str>, bad: Option<&str>) -> String {
    match (good, bad) {
        (None, None) => String::new(),
        (good, bad) => {
            let name = |commit: Option<&str>| commit.map_or_else(|| "?".to_owned(), commit_name);
            format!("{}..{}", name(good), name(bad))
        }
    }
}
