//! `shmoo bless --propose`.

use super::Session;
use super::arguments::TextFormat;
use super::bless_arguments::BlessArgs;
use super::collect::workspace;
use super::exit::Exit;
use crate::check::golden::{Clash, Noisy, Proposal, ProposalReason};
use crate::report::{count, short};
use crate::steps::StepError;
use crate::steps::proposing::{ProposeOutcome, ProposeRequest, propose_goldens};
use serde_json::json;

pub(super) fn propose(session: &Session, arguments: &BlessArgs) -> Result<Exit, Exit> {
    let printer = &session.printer;
    let fail = |error: StepError| printer.step(&error);
    let workspace = workspace(session, &arguments.places)?;
    let BlessArgs { cases, metrics, runs, ratchet, format, .. } = arguments;
    let request = ProposeRequest { cases: cases.clone(), metrics: metrics.clone(), runs: *runs, ratchet: *ratchet };
    let outcome = propose_goldens(&workspace, &arguments.run, &request).map_err(fail)?;
    match format {
        TextFormat::Json => print_json(session, &outcome)?,
        TextFormat::Text => printer.data(|out| out.write_all(text(&outcome).as_bytes()))?,
    }
    if outcome.dirty > 0 {
        let runs = count(outcome.dirty as u64, "run");
        printer.note(&format!("{runs} of a work tree with changes left out, as `bless` refuses their values"));
    }
    if outcome.proposed.proposals.is_empty() {
        printer.note(&format!("{} speak for no other golden", count(outcome.runs.len() as u64, "run")));
        return Ok(Exit::Nothing);
    }
    Ok(Exit::Ok)
}

/// Returns the diff behind lines that say why, which `git apply` and `patch` pass over.
fn text(outcome: &ProposeOutcome) -> String {
    let mut text = String::new();
    for proposal in &outcome.proposed.proposals {
        let Proposal { metric, point, why, old, new, worse, runs, taken_from, missed_before, missed_after, .. } =
            proposal;
        let change = match old {
            Some(old) => format!("{} -> {}", short(&old.to_string(), 40), short(&new.to_string(), 40)),
            None => short(&new.to_string(), 40),
        };
        let why = match why {
            ProposalReason::Missing => "it has no golden".to_owned(),
            ProposalReason::Missed => "it is missed".to_owned(),
            ProposalReason::Ratchet => format!("the last {taken_from} runs are better beyond noise"),
        };
        let before = missed_before.map_or(String::new(), |missed| format!("{missed} before, "));
        let worse = if *worse { "; it is worse" } else { "" };
        let (metric, point) = (short(metric, 60), short(point.as_str(), 60));
        let runs = count(*runs as u64, "run");
        text.push_str(&format!(
            "# {metric} {point}: {change}: {why}; of {runs} miss it {before}{missed_after} after{worse}\n"
        ));
    }
    for Noisy { metric, point, runs, missed } in &outcome.proposed.noisy {
        let (metric, point, runs) = (short(metric, 60), short(point.as_str(), 60), count(*runs as u64, "run"));
        text.push_str(&format!("# {metric} {point}: {missed} of {runs} miss it, and no fewer would miss their median: its noise is above its tolerance\n"));
    }
    for Clash { metric, point, other } in &outcome.proposed.shared {
        let (metric, point, other) = (short(metric, 60), short(point.as_str(), 60), short(other.as_str(), 60));
        text.push_str(&format!(
            "# {metric} {point}: it shares its golden with {other}, which speaks for another value\n"
        ));
    }
    text.push_str(&outcome.diff);
    text
}

fn print_json(session: &Session, outcome: &ProposeOutcome) -> Result<(), Exit> {
    let ProposeOutcome { runs, dirty, fingerprint, table, proposed, diff } = outcome;
    let json = json!({
        "version": 1,
        "runs": runs,
        "dirty_runs": dirty,
        "fingerprint": fingerprint,
        "table": session.shown_path(table),
        "proposals": proposed.proposals,
        "noisy": proposed.noisy,
        "shared": proposed.shared,
        "diff": diff,
    });
    session.printer.data(|out| writeln!(out, "{json:#}"))
}
