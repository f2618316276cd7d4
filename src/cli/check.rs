//! `shmoo check`.

use super::Session;
use super::arguments::{CheckArgs, TextFormat};
use super::collect::workspace;
use super::exit::Exit;
use super::table::{row, table};
use crate::check::golden::GoldenFinding;
use crate::ledger::Verdict;
use crate::record::TaskRecord;
use crate::report::{count, golden_sides, golden_word, goldens_met, no_golden_file, percent, short, sign};
use crate::steps::StepError;
use crate::steps::judging::{absent_goldens, check_goldens, folder_of_suite};
use crate::steps::rejudging::{Changed, Kept, Rejudged, rejudge_any};
use crate::steps::reporting::exit_codes;
use serde_json::json;

/// Rows of a list; the JSON has all of them.
const ROWS: usize = 40;

pub(super) fn check(session: &Session, arguments: &CheckArgs) -> Result<Exit, Exit> {
    let CheckArgs { run, places, format } = arguments;
    let printer = &session.printer;
    let fail = |error: StepError| printer.step(&error);
    let workspace = workspace(session, places)?;
    let rejudged = rejudge_any(&workspace, run).map_err(fail)?;
    let info = &rejudged.recorded.record.run;
    if rejudged.only_record {
        printer.note(&format!(
            "run {} is not on this machine: its tasks keep the verdicts and the known failures of its record",
            info.id
        ));
    }
    if let Some(loaded) = &rejudged.suite_file {
        printer.warn_all(&loaded.warnings, &loaded.suite.sources);
    } else {
        printer.warning(&format!(
            "`{}` is not where it was: the run is checked against the suite that it was planned with",
            info.suite_file
        ));
    }
    let record = &rejudged.recorded.record;
    let suite_folder = folder_of_suite(&workspace, &info.suite_file);
    let goldens = check_goldens(&rejudged.suite, rejudged.partial, &suite_folder, record).map_err(fail)?;
    let absent = absent_goldens(&rejudged.suite, &suite_folder, &goldens);
    let known_red = rejudged.recorded.known.iter().any(|finding| finding.kind.is_red());
    let codes = exit_codes(record, &goldens, known_red, None, false);
    session.fact("run", &record.run.id);
    session.fact("not-met", missed(&rejudged).iter().filter(|task| task.known.is_none()).count());
    match format {
        TextFormat::Json => print_json(session, &rejudged, &goldens, &codes)?,
        TextFormat::Text => {
            let text = text(&rejudged, &goldens, absent.as_deref());
            printer.data(|out| out.write_all(text.as_bytes()))?;
        }
    }
    Ok(codes.first().map_or(Exit::Ok, |&code| Exit::from_code(code)))
}

/// Returns the tasks that are not as they should be; skips follow from other tasks.
fn missed(rejudged: &Rejudged) -> Vec<&TaskRecord> {
    let tasks = rejudged.recorded.record.tasks.iter();
    tasks.filter(|task| !matches!(task.verdict, Verdict::Pass | Verdict::Skipped)).collect()
}

fn text(rejudged: &Rejudged, goldens: &[GoldenFinding], absent: Option<&str>) -> String {
    let record = &rejudged.recorded.record;
    let mut text = format!("{} of {}\n", record.run.id, record.run.suite);
    if rejudged.suite_changed {
        text.push_str(&format!(
            "the suite has changed since: the evidence of {} was judged again, {} now\n",
            count(rejudged.judged as u64, "task"),
            match rejudged.changed.len() {
                0 => "and none is judged otherwise".to_owned(),
                1 => "and 1 is judged otherwise".to_owned(),
                number => format!("and {number} are judged otherwise"),
            }
        ));
    } else {
        text.push_str("the suite is the one that the run was planned with\n");
    }
    for Changed { task, before, now, message } in rejudged.changed.iter().take(ROWS) {
        let message = message.as_ref().map_or(String::new(), |message| format!(": {}", short(message, 300)));
        text.push_str(&format!("  {task}: {before} -> {now}{message}\n"));
    }
    more(&mut text, rejudged.changed.len(), "task");
    for Kept { stage, tasks, why } in &rejudged.kept {
        text.push_str(&format!("  not judged again: {} of {stage}, {why}\n", count(*tasks as u64, "task")));
    }
    if rejudged.new_tasks > 0 {
        let number = count(rejudged.new_tasks as u64, "task");
        text.push_str(&format!("  {number} of the suite did not exist when the run was made\n"));
    }
    if rejudged.gone_tasks > 0 {
        let number = count(rejudged.gone_tasks as u64, "task");
        text.push_str(&format!("  {number} of the run are no longer in the suite\n"));
    }
    let missed = missed(rejudged);
    let unknown = missed.iter().filter(|task| task.known.is_none()).count();
    let known = missed.len() - unknown;
    let known = if known > 0 { format!(", {known} known") } else { String::new() };
    let tasks = count(record.tasks.len() as u64, "task");
    text.push_str(&format!("expectations: {unknown} of {tasks} not met{known}\n"));
    for task in missed.iter().filter(|task| task.known.is_none()).take(ROWS) {
        let message = task.message.as_deref().unwrap_or_default();
        text.push_str(&format!("  {} {}  {}: {}\n", sign(task.verdict), task.verdict, task.task, short(message, 300)));
    }
    more(&mut text, unknown, "task");
    let findings = &rejudged.recorded.known;
    if !rejudged.suite.known_failures.is_empty() {
        text.push_str(&format!("known failures: {} to mend\n", findings.len()));
    }
    for finding in findings.iter().take(ROWS) {
        let sign = if finding.kind.is_red() { "✗" } else { "–" };
        text.push_str(&format!("  {sign} {}\n", short(&finding.message, 400)));
    }
    more(&mut text, findings.len(), "rule");
    if let Some(file) = absent {
        let [what, hint] = no_golden_file(file, record.run.id.as_str());
        text.push_str(&format!("goldens: {what}\n  {hint}\n"));
    } else if rejudged.suite.goldens.is_some() {
        let red: Vec<&GoldenFinding> = goldens.iter().filter(|finding| finding.verdict.is_red()).collect();
        text.push_str(&format!("goldens: {}\n", goldens_met(goldens)));
        if !red.is_empty() {
            let mut rows = vec![row(["", "metric", "point", "golden", "value", "deviation", "tolerance"])];
            for finding in red.iter().take(ROWS) {
                let (golden, value) = golden_sides(finding);
                rows.push(vec![
                    format!("✗ {}", golden_word(finding.verdict)),
                    short(&finding.metric, 60),
                    short(finding.point.as_str(), 60),
                    golden,
                    value,
                    finding.deviation.map(percent).unwrap_or_default(),
                    short(&finding.tolerance, 40),
                ]);
            }
            text.push_str(&table(rows, &[3, 4, 5]));
            more(&mut text, red.len(), "finding");
        }
    }
    text
}

fn more(text: &mut String, all: usize, noun: &str) {
    if all > ROWS {
        text.push_str(&format!("  and {} more; the JSON has all\n", count((all - ROWS) as u64, noun)));
    }
}

fn print_json(session: &Session, rejudged: &Rejudged, goldens: &[GoldenFinding], codes: &[u8]) -> Result<(), Exit> {
    let Rejudged { recorded, only_record, suite_changed, judged, changed, kept, new_tasks, gone_tasks, .. } = rejudged;
    let changed: Vec<_> = changed
        .iter()
        .map(|Changed { task, before, now, message }| {
            json!({ "task": task, "before": before, "now": now, "message": message })
        })
        .collect();
    let kept: Vec<_> =
        kept.iter().map(|Kept { stage, tasks, why }| json!({ "stage": stage, "tasks": tasks, "why": why })).collect();
    let missed: Vec<_> = missed(rejudged)
        .into_iter()
        .map(|task| json!({ "task": task.task, "verdict": task.verdict, "message": task.message, "known": task.known }))
        .collect();
    let known: Vec<_> = recorded
        .known
        .iter()
        .map(|finding| json!({ "message": finding.message, "red": finding.kind.is_red() }))
        .collect();
    let json = json!({
        "version": 1,
        "run": recorded.record.run.id,
        "suite": recorded.record.run.suite,
        "only_record": only_record,
        "suite_changed": suite_changed,
        "judged_again": judged,
        "changed": changed,
        "not_judged_again": kept,
        "new_tasks": new_tasks,
        "gone_tasks": gone_tasks,
        "not_met": missed,
        "known_failures": known,
        "goldens": goldens,
        "exit_codes": codes,
    });
    session.printer.data(|out| writeln!(out, "{json:#}"))
}
