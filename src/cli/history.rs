//! `shmoo history`: list, show, export.

use super::Session;
use super::arguments::TextFormat;
use super::collect::workspace;
use super::compare::{comparison_lines, counts_line};
use super::exit::Exit;
use super::history_arguments::{ExportFormat, HistoryArgs, HistoryCommand, Table};
use super::history_changes;
use super::machine_arguments::PlacesArgs;
use super::series::show_metric;
use super::table::{row, table};
use crate::ledger::Verdict;
use crate::outside::history::{self, ExportTable, History, HistoryError, RunFilter, RunSummary};
use crate::record::Costs;
use crate::report::{commit_name, count, short, sign, thousands, took};
use crate::steps::comparing::{compare_by, rules};
use crate::steps::finding::{archived_plan, find_recorded, nothing_recorded};
use crate::steps::pruning_history::HistoryKeep;
use crate::steps::run_folder::RunFolder;
use crate::steps::{StepError, Workspace};
use crate::value::{SuiteName, show_duration};
use serde_json::{Value, json};
use std::collections::BTreeMap;

pub(super) fn history(session: &Session, arguments: &HistoryArgs) -> Result<Exit, Exit> {
    let printer = &session.printer;
    let fail = |error: StepError| printer.step(&error);
    let HistoryArgs { store, history, command } = arguments;
    let places = PlacesArgs { store: store.clone(), history: history.clone() };
    let workspace = workspace(session, &places)?;
    if let HistoryCommand::Import(arguments) = command {
        return history_changes::import(session, &workspace, arguments);
    }
    let suite = match command {
        HistoryCommand::List { suite, .. }
        | HistoryCommand::Export { suite, .. }
        | HistoryCommand::Prune { suite, .. } => suite.clone(),
        HistoryCommand::Show { .. } | HistoryCommand::Import(_) => None,
    };
    let suite = suite.map(SuiteName::new);
    let Some(history) = workspace.existing_history().map_err(fail)? else {
        return Err(fail(nothing_recorded(suite.as_ref())));
    };
    match command {
        HistoryCommand::List { suite: _, branch, limit, format } => {
            let filter = RunFilter { suite, branch: branch.clone(), ..RunFilter::default() };
            list(session, &*history, filter, *limit, *format).map_err(|error| error.told(session))
        }
        HistoryCommand::Show { run, metric: None, point: _, format } => {
            show(session, &workspace, &*history, run, *format).map_err(|error| error.told(session))
        }
        HistoryCommand::Show { run, metric: Some(metric), point, format } => {
            let summary = find_recorded(&*history, run, None).map_err(fail)?;
            show_metric(session, &*history, &summary, metric, point.as_deref(), *format)
                .map_err(|error| error.told(session))
        }
        HistoryCommand::Export { table, suite: _, branch, format } => {
            let filter = RunFilter { suite, branch: branch.clone(), ..RunFilter::default() };
            export(session, &*history, *table, &filter, *format)
        }
        HistoryCommand::Prune { keep, days, suite: _, branch, dry_run, yes, format } => {
            let keep = HistoryKeep { runs: *keep, days: *days, suite, branch: branch.clone() };
            let how = history_changes::How { dry_run: *dry_run, yes: *yes, format: *format };
            history_changes::prune(session, &workspace, &*history, &keep, how)
        }
        HistoryCommand::Import(_) => Ok(Exit::Ok),
    }
}

/// Why a command ends: an error to tell, or one that was told.
pub(super) enum Ended {
    Error(StepError),
    Told(Exit),
}

impl Ended {
    pub(super) fn told(self, session: &Session) -> Exit {
        match self {
            Ended::Error(error) => session.printer.step(&error),
            Ended::Told(exit) => exit,
        }
    }
}

impl From<StepError> for Ended {
    fn from(error: StepError) -> Ended {
        Ended::Error(error)
    }
}

impl From<HistoryError> for Ended {
    fn from(error: HistoryError) -> Ended {
        Ended::Error(StepError::History(error))
    }
}

impl From<Exit> for Ended {
    fn from(exit: Exit) -> Ended {
        Ended::Told(exit)
    }
}

fn list(
    session: &Session,
    history: &dyn History,
    filter: RunFilter,
    limit: u64,
    format: TextFormat,
) -> Result<Exit, Ended> {
    // One more, to tell whether there are more.
    let filter = RunFilter { limit: Some(limit.saturating_add(1)), ..filter };
    let mut runs = history.runs(&filter)?;
    if runs.is_empty() && limit > 0 {
        return Err(nothing_recorded(filter.suite.as_ref()).into());
    }
    let more = runs.len() as u64 > limit;
    runs.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
    if format == TextFormat::Json {
        let runs: Vec<Value> = runs.iter().map(summary_json).collect();
        session.printer.data(|out| writeln!(out, "{:#}", json!({ "version": 1, "runs": runs, "more": more })))?;
        return Ok(Exit::Ok);
    }
    let mut rows = vec![row(["run", "verdict", "cases", "took", "commit", "part", "archive"])];
    for run in &runs {
        let cases: u64 = run.cases.values().sum();
        let mut part: Vec<String> = run.profile.iter().cloned().collect();
        if !run.filter.is_empty() {
            part.push(short(&run.filter.join(" "), 40));
        }
        let archived = if run.archive.is_some() { "yes" } else { "no" };
        rows.push(vec![
            run.id.to_string(),
            verdict_of(run),
            thousands(cases),
            run_took(run),
            commit_of(run),
            part.join(" "),
            archived.to_owned(),
        ]);
    }
    session.printer.data(|out| write!(out, "{}", table(rows, &[2, 3])))?;
    if more {
        session.printer.note(&format!("the last {limit}; `--limit N` shows more"));
    }
    Ok(Exit::Ok)
}

fn run_took(run: &RunSummary) -> String {
    took((run.finished.milliseconds() - run.started.milliseconds()) as f64 / 1000.0)
}

fn commit_of(run: &RunSummary) -> String {
    let dirty = if run.source.dirty == Some(true) { "+" } else { "" };
    run.source.commit.as_ref().map_or(String::new(), |commit| format!("{}{dirty}", commit_name(commit)))
}

/// Returns how a run went, in a few words: `✓ pass`, `✗ 2 fail`, `! incomplete`.
pub(super) fn verdict_of(run: &RunSummary) -> String {
    if !run.complete {
        return "? incomplete".to_owned();
    }
    match run.cases.iter().filter(|(_, number)| **number > 0).max_by_key(|(verdict, _)| **verdict) {
        None => String::new(),
        Some((Verdict::Pass, _)) => format!("{} pass", sign(Verdict::Pass)),
        Some((verdict, number)) => format!("{} {} {verdict}", sign(*verdict), thousands(*number)),
    }
}

/// Returns a run as all JSON output has it.
pub(super) fn summary_json(run: &RunSummary) -> Value {
    let RunSummary {
        id,
        suite,
        suite_file,
        plan,
        suite_digest,
        started,
        finished,
        shmoo,
        complete,
        filter,
        profile,
        stopped,
        source,
        fingerprint,
        archive,
        tasks,
        cases,
        costs,
    } = run;
    let counts = |counts: &BTreeMap<Verdict, u64>| -> BTreeMap<&str, u64> {
        counts.iter().map(|(verdict, number)| (verdict.word(), *number)).collect()
    };
    json!({
        "run": id,
        "suite": suite,
        "suite_file": suite_file,
        "plan": plan,
        "suite_digest": suite_digest,
        "started": started,
        "finished": finished,
        "shmoo": shmoo,
        "complete": complete,
        "filter": filter,
        "profile": profile,
        "stopped": stopped,
        "source": source,
        "fingerprint": fingerprint,
        "archive": archive,
        "tasks": counts(tasks),
        "cases": counts(cases),
        "costs": costs,
    })
}

fn show(
    session: &Session,
    workspace: &Workspace,
    history: &dyn History,
    wanted: &str,
    format: TextFormat,
) -> Result<Exit, Ended> {
    let summary = find_recorded(history, wanted, None)?;
    let gone = || StepError::usage(format!("the history has no run `{}`", summary.id), None);
    let record = history.load(&summary.id)?.ok_or_else(gone)?;
    // What was measured is paired under the run's own suite, which its folder or its archive has.
    let plan = match RunFolder::find(workspace, summary.id.as_str(), None) {
        Ok(folder) => Some(folder.plan()?.0),
        Err(StepError::Usage { .. }) => archived_plan(workspace, &summary)?,
        Err(error) => return Err(error.into()),
    };
    let rules = rules(workspace, &[], &record);
    let first = rules.get(..1).unwrap_or_default();
    let comparison = plan.map(|plan| compare_by(workspace, &plan.suite, &record, first)).transpose()?;
    let comparison = comparison.and_then(|comparisons| comparisons.into_iter().next());
    if format == TextFormat::Json {
        let stages = stage_counts(&record);
        let json = json!({
            "version": 1,
            "run": summary_json(&summary),
            "machine": record.run.machine,
            "tools": record.run.tools,
            "artifacts": record.run.artifacts,
            "stages": stages,
            "metrics": record.metrics.len(),
            "comparison": comparison,
        });
        session.printer.data(|out| writeln!(out, "{json:#}"))?;
        return Ok(Exit::Ok);
    }
    // Runs of other programs have no suite file.
    let file = (!summary.suite_file.is_empty()).then(|| format!(" ({})", short(&summary.suite_file, 100)));
    let mut facts = vec![
        ("run", summary.id.to_string()),
        ("suite", format!("{}{}", summary.suite, file.unwrap_or_default())),
        ("verdict", verdict_of(&summary)),
        ("started", format!("{}, took {}", summary.started, run_took(&summary))),
    ];
    if !commit_of(&summary).is_empty() {
        let branch =
            summary.source.branch.as_ref().map_or(String::new(), |branch| format!(" on {}", short(branch, 60)));
        facts.push(("commit", format!("{}{branch}", commit_of(&summary))));
    }
    if let Some(number) = summary.source.pull_request {
        let into =
            summary.source.base_branch.as_ref().map_or(String::new(), |base| format!(" into {}", short(base, 60)));
        let fork = if summary.source.fork == Some(true) { ", from a fork" } else { "" };
        facts.push(("pull", format!("#{number}{into}{fork}")));
    }
    if let Some(commit) = &summary.source.merge_base {
        facts.push(("left", format!("the base branch at {}", commit_name(commit))));
    }
    let part: Vec<String> =
        summary.profile.iter().map(|profile| format!("--profile {profile}")).chain(summary.filter.clone()).collect();
    if !part.is_empty() {
        facts.push(("part", short(&part.join(" "), 200)));
    }
    facts.extend(record.run.stopped.iter().map(|reason| ("stopped", short(reason, 100))));
    let cpu = record.run.machine.get("cpu").map_or("", String::as_str);
    facts.push(("machine", format!("{} {}", summary.fingerprint, short(cpu, 80)).trim_end().to_owned()));
    if let Some(Costs { core_seconds, gibibyte_seconds: _ }) = summary.costs.filter(|costs| costs.core_seconds > 0.0) {
        facts.push(("cost", format!("{} of processor", show_duration(core_seconds))));
    }
    facts.push(("archive", summary.archive.clone().unwrap_or_else(|| "none".to_owned())));
    facts.extend(record.run.tools.iter().map(|(name, version)| ("tool", short(&format!("{name}: {version}"), 120))));
    let mut text = String::new();
    for (name, value) in facts {
        text.push_str(&format!("{name:<8} {value}\n"));
    }
    text.push('\n');
    let occurring: Vec<Verdict> = summary.tasks.keys().copied().collect();
    let mut head = vec!["stage".to_owned()];
    head.extend(occurring.iter().map(|verdict| format!("{} {verdict}", sign(*verdict))));
    let mut rows = vec![head];
    for (stage, counts) in stage_counts(&record) {
        let mut cells = vec![short(&stage, 60)];
        cells.extend(occurring.iter().map(|verdict| match counts.get(verdict.word()) {
            None => "·".to_owned(),
            Some(number) => thousands(*number),
        }));
        rows.push(cells);
    }
    let right: Vec<usize> = (1..=occurring.len()).collect();
    text.push_str(&table(rows, &right));
    text.push_str(&format!("\n{}\n", count(record.metrics.len() as u64, "metric value")));
    match &comparison {
        None => text.push_str("not compared: neither its folder nor its archive is there\n"),
        Some(comparison) => {
            text.push_str(&counts_line(comparison));
            text.push_str(&comparison_lines(comparison, 20));
        }
    }
    session.printer.data(|out| out.write_all(text.as_bytes()))?;
    Ok(Exit::Ok)
}

/// Counts tasks by stage and verdict, stages in plan order.
fn stage_counts(record: &crate::record::RunRecord) -> Vec<(String, BTreeMap<&'static str, u64>)> {
    let mut stages: Vec<(String, BTreeMap<&'static str, u64>)> = Vec::new();
    for task in &record.tasks {
        let stage = task.task.stage.as_str();
        if stages.last().is_none_or(|(last, _)| last != stage) && !stages.iter().any(|(known, _)| known == stage) {
            stages.push((stage.to_owned(), BTreeMap::new()));
        }
        if let Some((_, counts)) = stages.iter_mut().rev().find(|(known, _)| known == stage) {
            *counts.entry(task.verdict.word()).or_default() += 1;
        }
    }
    stages
}

fn export(
    session: &Session,
    history: &dyn History,
    table: Table,
    filter: &RunFilter,
    format: ExportFormat,
) -> Result<Exit, Exit> {
    let table = match table {
        Table::Runs => ExportTable::Runs,
        Table::Tasks => ExportTable::Tasks,
        Table::Metrics => ExportTable::Metrics,
        Table::Samples => ExportTable::Samples,
        Table::Artifacts => ExportTable::Artifacts,
        Table::Cases => ExportTable::Cases,
        Table::Records => ExportTable::Records,
    };
    let format = match format {
        ExportFormat::Csv => history::ExportFormat::Csv,
        ExportFormat::Jsonl => history::ExportFormat::JsonLines,
    };
    let mut failed = None;
    let mut rows = 0;
    session.printer.data(|out| match history.export(table, format, filter, out) {
        Ok(number) => {
            rows = number;
            Ok(())
        }
        Err(HistoryError::Output(error)) => Err(error),
        Err(error) => {
            failed = Some(error);
            Ok(())
        }
    })?;
    match failed {
        Some(error) => Err(session.printer.step(&StepError::History(error))),
        None if rows == 0 => {
            session.printer.note("no row");
            Ok(Exit::Nothing)
        }
        None => Ok(Exit::Ok),
    }
}
