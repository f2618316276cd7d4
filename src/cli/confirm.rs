//! `shmoo compare --confirm`.

use super::Session;
use super::arguments::{HowArgs, TextFormat};
use super::compare::{ROWS, counts_line};
use super::compare_arguments::{CompareArgs, ConfirmArgs};
use super::exit::Exit;
use super::table::{row, table};
use crate::compare::{Comparison, ConfirmVerdict, Confirmation, Scale};
use crate::ledger::MeasuredValue;
use crate::record::RunRecord;
use crate::report::{amount, both, count, percent, short};
use crate::steps::again::confirming::{ConfirmRequest, Confirmed, confirm_comparison};
use crate::steps::finding::AnyRun;
use crate::steps::{StepError, Workspace};
use crate::value::{RunId, SuiteName};
use serde::Serialize;

/// A comparison that is to be confirmed.
pub(super) struct ToConfirm {
    pub(super) workspace: Workspace,
    pub(super) head: AnyRun,
    /// The base, if it is a file.
    pub(super) base: Option<RunRecord>,
}

/// Measures what is suspicious again, and prints what became of it.
pub(super) fn confirm(
    session: &Session,
    found: &ToConfirm,
    comparison: &Comparison,
    arguments: &CompareArgs,
) -> Result<Exit, Exit> {
    let ConfirmArgs { pairs, improved, dirty_ok, seed, jobs, runner } = &arguments.terms;
    let printer = &session.printer;
    let how = HowArgs { jobs: *jobs, runner: runner.clone(), ..HowArgs::default() };
    let request = ConfirmRequest {
        pairs: *pairs,
        seed: *seed,
        improved: *improved,
        dirty_ok: *dirty_ok,
        current: session.current.clone(),
        run: super::run::request(session, &how)?,
    };
    let ToConfirm { workspace, head, base } = found;
    if comparison.base.is_none() {
        let message = "there is nothing to compare with, so nothing to confirm".to_owned();
        return Err(printer.step(&StepError::Nothing { message, hint: comparison.why.first().cloned() }));
    }
    let confirmed =
        confirm_comparison(workspace, head, base.clone(), comparison, &request, &mut |text| printer.note(text));
    let confirmed = confirmed.map_err(|error| printer.step(&error))?;
    let exit = exit(&confirmed, arguments.judging.strict);
    let run = &head.recorded.record.run;
    let counts: serde_json::Map<_, _> = VERDICTS
        .map(|verdict| (verdict.words().replace(' ', "_"), count_of(&confirmed, verdict).into()))
        .into_iter()
        .collect();
    printer.data(|out| match arguments.format {
        TextFormat::Json => {
            let base = comparison.base.as_ref().map(|base| &base.run);
            let json = Json {
                version: 1,
                head: &run.id,
                base,
                suite: &run.suite,
                counts,
                confirmed: &confirmed,
                exit_code: exit.code(),
            };
            serde_json::to_writer_pretty(&mut *out, &json)?;
            writeln!(out)
        }
        TextFormat::Text => {
            let head = format!("{} of {}\n{}", run.id, run.suite, counts_line(comparison));
            out.write_all(format!("{head}{}", text(&confirmed)).as_bytes())
        }
    })?;
    Ok(exit)
}

#[derive(Serialize)]
struct Json<'a> {
    version: u32,
    head: &'a RunId,
    base: Option<&'a RunId>,
    suite: &'a SuiteName,
    counts: serde_json::Map<String, serde_json::Value>,
    #[serde(flatten)]
    confirmed: &'a Confirmed,
    exit_code: u8,
}

const VERDICTS: [ConfirmVerdict; 3] =
    [ConfirmVerdict::Confirmed, ConfirmVerdict::StillUncertain, ConfirmVerdict::NotConfirmed];

fn count_of(confirmed: &Confirmed, verdict: ConfirmVerdict) -> usize {
    confirmed.confirmations.iter().filter(|found| found.verdict == verdict).count()
}

fn exit(confirmed: &Confirmed, strict: bool) -> Exit {
    let worse = |verdict| confirmed.confirmations.iter().any(|found| found.verdict == verdict && found.worse);
    if confirmed.stopped.is_some() {
        Exit::Incomplete
    } else if !confirmed.broken.is_empty() {
        Exit::TaskError
    } else if worse(ConfirmVerdict::Confirmed) || strict && worse(ConfirmVerdict::StillUncertain) {
        Exit::Regression
    } else {
        Exit::Ok
    }
}

fn text(confirmed: &Confirmed) -> String {
    let Confirmed { pairs, seed, runs, confirmations, broken, stopped } = confirmed;
    if runs.is_none() {
        return "nothing is suspicious: nothing was measured again\n".to_owned();
    }
    let mut sorted: Vec<&Confirmation> = confirmations.iter().collect();
    sorted.sort_by_key(|found| (found.verdict, !found.worse));
    let mut text = format!(
        "measured again: {}, {} of base and head, seed {seed}\n",
        count(confirmations.len() as u64, "value"),
        count(u64::from(*pairs), "pair")
    );
    let mut rows = vec![row(["", "metric", "point", "base", "head", "change", "95 % interval", "p", "pairs", "why"])];
    for found in sorted.iter().take(ROWS) {
        let unit = found.unit.as_deref();
        let (base, head) = both(found.base.as_ref(), found.head.as_ref(), unit);
        let effect = |value: f64| match found.scale {
            Some(Scale::Linear) => amount(&MeasuredValue::Number(value), unit),
            _ => percent(value),
        };
        rows.push(vec![
            found.verdict.words().to_owned(),
            short(&found.metric, 60),
            short(found.point.as_str(), 60),
            base,
            head,
            found.effect.map(effect).unwrap_or_default(),
            found.interval.map(|[low, high]| format!("{} to {}", effect(low), effect(high))).unwrap_or_default(),
            found.p.map(|p| format!("{p:.3}")).unwrap_or_default(),
            found.n.to_string(),
            short(&found.rule, 200),
        ]);
    }
    text.push_str(&table(rows, &[3, 4, 5, 7, 8]));
    if sorted.len() > ROWS {
        text.push_str(&format!("  and {} more; the JSON has all\n", sorted.len() - ROWS));
    }
    for told in broken.iter().take(ROWS) {
        text.push_str(&format!("  {}\n", short(told, 400)));
    }
    let folder = runs.as_ref().and_then(|[base, _]| base.as_str().strip_suffix("-base"));
    if let Some(folder) = folder.filter(|_| !broken.is_empty()) {
        text.push_str(&format!("  their folders are in `.shmoo/confirm/{folder}`\n"));
    }
    if let Some(signal) = stopped {
        text.push_str(&format!("  stopped early: {}\n", short(signal, 60)));
    }
    text
}
