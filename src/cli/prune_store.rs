//! `shmoo prune --store`.

use super::Session;
use super::arguments::TextFormat;
use super::collect::workspace;
use super::exit::Exit;
use super::prune_arguments::PruneArgs;
use super::table::{row, table};
use crate::report::count;
use crate::steps::StepError;
use crate::steps::pruning_store::{JudgedObject, StoreKeep, StoredKind, judge, remove};
use crate::value::show_bytes;
use serde_json::{Value, json};

pub(super) fn prune_store(session: &Session, arguments: &PruneArgs) -> Result<Exit, Exit> {
    let PruneArgs { dry_run, yes, keep, days, size, branch, format, .. } = arguments;
    let printer = &session.printer;
    let fail = |error: StepError| printer.step(&error);
    if keep.is_none() && days.is_none() && size.is_none() {
        let hint = "name what stays: `--keep N`, `--days N`, `--size SIZE`, or several of them".to_owned();
        let message = "`prune --store` removes the only copies of runs, and has no rule that says which";
        return Err(fail(StepError::usage(message, Some(hint))));
    }
    let workspace = workspace(session, &arguments.places())?;
    let rules = StoreKeep { runs: *keep, days: *days, most: *size, branch: branch.clone() };
    let objects = judge(&workspace, &rules).map_err(fail)?;
    let going: Vec<&JudgedObject> = objects.iter().filter(|object| object.stays.is_none()).collect();
    for object in &objects {
        let what = match &object.kind {
            StoredKind::Archive { run, .. } => format!("the archive of run {run}"),
            StoredKind::Published { run, .. } => format!("run {run}, which was not gathered,"),
            StoredKind::Result => continue,
        };
        if let Some(stays) = object.stays.filter(|stays| !stays.is_usual()) {
            printer.warning(&format!("{what} stays: {}", stays.words()));
        }
    }
    let sum = |objects: &mut dyn Iterator<Item = &JudgedObject>| objects.map(|object| object.bytes).sum::<u64>();
    let bytes = sum(&mut going.iter().copied());
    let left = sum(&mut objects.iter()) - bytes;
    match format {
        TextFormat::Json => {
            let list: Vec<Value> = objects.iter().map(as_json).collect();
            let json = json!({ "version": 1, "removed": yes, "bytes": bytes, "left": left, "objects": list });
            printer.data(|out| writeln!(out, "{json:#}"))?;
        }
        TextFormat::Text if going.is_empty() => {}
        TextFormat::Text => {
            let mut rows = vec![row(["object", "stored", "size"])];
            rows.extend(going.iter().map(|object| vec![name(object), object.stored.date(), show_bytes(object.bytes)]));
            printer.data(|out| write!(out, "{}", table(rows, &[2])))?;
        }
    }
    if let Some(size) = size.filter(|size| left > *size) {
        let why = "the rest is what runs are compared with, or of another branch";
        printer.warning(&format!("{} stay, more than {}: {why}", show_bytes(left), show_bytes(size)));
    }
    let stay = format!("{}, {} stay", count((objects.len() - going.len()) as u64, "object"), show_bytes(left));
    if going.is_empty() {
        printer.note(&format!("nothing to remove; {stay}"));
        return Ok(Exit::Ok);
    }
    let what = format!("{}, {}", count(going.len() as u64, "object"), show_bytes(bytes));
    if !yes {
        let add = if *dry_run { "" } else { "; add `--yes` to remove them" };
        printer.note(&format!("would remove {what}; {stay}{add}"));
        return Ok(Exit::Ok);
    }
    for object in &going {
        remove(&workspace, object).map_err(fail)?;
    }
    printer.note(&format!("removed {what}; {stay}"));
    Ok(Exit::Ok)
}

/// Returns what an object is called in a list.
fn name(object: &JudgedObject) -> String {
    match &object.kind {
        StoredKind::Published { suite, run } => format!("runs/{suite}/{run}/ (not gathered)"),
        StoredKind::Archive { .. } | StoredKind::Result => object.key.to_string(),
    }
}

fn as_json(object: &JudgedObject) -> Value {
    let JudgedObject { key, kind, parts, bytes, stored, stays, .. } = object;
    let (kind, suite, run) = match kind {
        StoredKind::Archive { suite, run } => ("archive", Some(suite), Some(run)),
        StoredKind::Published { suite, run } => ("published", Some(suite), Some(run)),
        StoredKind::Result => ("result", None, None),
    };
    json!({
        "key": key.as_str(),
        "kind": kind,
        "suite": suite,
        "run": run,
        "parts": parts.len(),
        "bytes": bytes,
        "stored": stored,
        "goes": stays.is_none(),
        "stays": stays.map(|stays| stays.words()),
    })
}
