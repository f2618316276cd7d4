//! `shmoo bless`.

use super::Session;
use super::arguments::TextFormat;
use super::bless_arguments::BlessArgs;
use super::collect::workspace;
use super::exit::Exit;
use super::table::{row, table};
use crate::check::golden::{GoldenText, Provenance};
use crate::report::{count, short};
use crate::steps::StepError;
use crate::steps::blessing::{BlessOutcome, BlessRequest, bless_run};
use serde_json::json;

/// Refusals and changes that are listed; the JSON has all of them.
const ROWS: usize = 40;

pub(super) fn bless(session: &Session, arguments: &BlessArgs) -> Result<Exit, Exit> {
    if arguments.propose {
        return super::propose::propose(session, arguments);
    }
    let printer = &session.printer;
    let fail = |error: StepError| printer.step(&error);
    let workspace = workspace(session, &arguments.places)?;
    let outcome = bless_run(&workspace, &arguments.run, &request(arguments)).map_err(fail)?;
    match arguments.format {
        TextFormat::Json => print_json(session, &outcome)?,
        TextFormat::Text if !outcome.blessed.refusals.is_empty() => {}
        TextFormat::Text if arguments.dry_run => printer.data(|out| out.write_all(outcome.diff.as_bytes()))?,
        TextFormat::Text => printer.data(|out| out.write_all(changes(&outcome).as_bytes()))?,
    }
    if outcome.only_record {
        printer.note(&format!("run {} is not on this machine: its values are those in the history", outcome.run));
    }
    let exit = tell(session, &outcome, arguments.dry_run);
    Ok(exit)
}

fn request(arguments: &BlessArgs) -> BlessRequest {
    let BlessArgs { cases, metrics, all, prune_orphans, reason, accept_regression, dirty_ok, dry_run, .. } = arguments;
    BlessRequest {
        cases: cases.clone(),
        metrics: metrics.clone(),
        all: *all,
        prune_orphans: *prune_orphans,
        reason: reason.clone().unwrap_or_default(),
        accept_regression: accept_regression.clone(),
        dirty_ok: *dirty_ok,
        dry_run: *dry_run,
    }
}

/// Says what was done, or why it was not, and returns the exit.
fn tell(session: &Session, outcome: &BlessOutcome, dry_run: bool) -> Exit {
    let printer = &session.printer;
    let blessed = &outcome.blessed;
    let (mut hints, all) = (Vec::new(), blessed.refusals.len());
    for refusal in blessed.refusals.iter().take(ROWS) {
        printer.error(&short(&refusal.to_string(), 300), None);
    }
    for refusal in &blessed.refusals {
        if !hints.contains(&refusal.hint()) {
            hints.push(refusal.hint());
        }
    }
    if let Some((last, others)) = hints.split_last() {
        if all > ROWS {
            printer.note(&format!("and {} more; the JSON has all", all - ROWS));
        }
        others.iter().for_each(|hint| printer.note(&format!("hint: {hint}")));
        let table = session.shown_path(&outcome.table);
        printer.error(&format!("`{}` stays as it is", table.display()), Some(last));
        return Exit::Usage;
    }
    let left = [
        (blessed.unchanged, "already as measured"),
        (blessed.known, "left out: a known failure"),
        (blessed.gathered, "left out: gathered from a part of the cases"),
    ];
    for (number, what) in left.into_iter().filter(|(number, _)| *number > 0) {
        printer.note(&format!("{}: {what}", count(number as u64, "value")));
    }
    if blessed.changes.is_empty() {
        printer.note("there is nothing to bless");
        return Exit::Nothing;
    }
    let table = session.shown_path(&outcome.table);
    let rows = count(blessed.changes.len() as u64, "row");
    match dry_run {
        true => printer.note(&format!("{rows} of `{}` would change", table.display())),
        false => {
            let twin = session.shown_path(&outcome.provenance);
            printer.note(&format!("{rows} of `{}` changed, see `{}`", table.display(), twin.display()));
        }
    }
    Exit::Ok
}

/// Returns what changed, as a table.
fn changes(outcome: &BlessOutcome) -> String {
    let all = &outcome.blessed.changes;
    if all.is_empty() {
        return String::new();
    }
    let mut rows = vec![row(["", "metric", "point", "old", "new", ""])];
    for Provenance { action, metric, point, old, new, worse, link, .. } in all.iter().take(ROWS) {
        let text =
            |value: &Option<GoldenText>| value.as_ref().map_or(String::new(), |value| short(&value.to_string(), 40));
        let accepted = link.as_ref().filter(|_| *worse).map(|link| format!("worse, accepted: {}", short(link, 60)));
        rows.push(vec![
            action.word().to_owned(),
            short(metric, 60),
            short(point, 60),
            text(old),
            text(new),
            accepted.unwrap_or_default(),
        ]);
    }
    let mut text = table(rows, &[3, 4]);
    if all.len() > ROWS {
        text.push_str(&format!("  and {} more\n", count((all.len() - ROWS) as u64, "row")));
    }
    text
}

fn print_json(session: &Session, outcome: &BlessOutcome) -> Result<(), Exit> {
    let BlessOutcome { run, only_record, table, provenance, blessed, diff, written } = outcome;
    let refusals: Vec<_> = blessed
        .refusals
        .iter()
        .map(|refusal| json!({ "message": refusal.to_string(), "hint": refusal.hint() }))
        .collect();
    let json = json!({
        "version": 1,
        "run": run,
        "only_record": only_record,
        "table": session.shown_path(table),
        "provenance": session.shown_path(provenance),
        "written": written,
        "changes": blessed.changes,
        "unchanged": blessed.unchanged,
        "known": blessed.known,
        "gathered": blessed.gathered,
        "refusals": refusals,
        "diff": diff,
    });
    session.printer.data(|out| writeln!(out, "{json:#}"))
}
