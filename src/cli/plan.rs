//! `shmoo plan`.

use super::Session;
use super::arguments::{PlanArgs, PlanFormat};
use super::exit::Exit;
use crate::outside::durable;
use crate::plan::{ListFormat, Wave, faults, list};
use crate::report::count;
use crate::steps::planning::{PlanRequest, Planned, plan as make};
use crate::steps::workspace::load_suite_file;
use crate::value::show_duration;

pub(super) fn plan(session: &Session, arguments: &PlanArgs) -> Result<Exit, Exit> {
    let PlanArgs { suite, select, shards, format, out, estimate, jobs, check, publish, budget, places } = arguments;
    let printer = &session.printer;
    let asked = publish.publish || publish.missing.is_some() || budget.max_cost.is_some();
    if asked || budget.max_shard_time.is_some() || places.store.is_some() || places.history.is_some() {
        printer.error("publishing a plan, and limits of cost and time, are not built yet", None);
        return Err(Exit::Usage);
    }
    let Some(suite) = suite else { return Err(Exit::Usage) };
    let loaded = load_suite_file(suite).map_err(|error| printer.step(&error))?;
    printer.warn_all(&loaded.warnings, &loaded.suite.sources);
    let workspace = session.workspace(&loaded.folder)?;
    let request = PlanRequest { selection: select.selection(), shards: *shards, baseline: None };
    let planned = make(&workspace, loaded, request).map_err(|error| printer.step(&error))?;
    printer.warn_all(&planned.plan.warnings, &planned.plan.suite.sources);
    if let Some(out) = out {
        let mut bytes = serde_json::to_vec(&planned.file).map_err(|error| {
            printer.error(&format!("the plan cannot be written: {error}"), None);
            Exit::Bug
        })?;
        bytes.push(b'\n');
        durable::write_file(out, &bytes).map_err(|error| {
            printer.error(&format!("cannot write `{}`: {error}", out.display()), None);
            Exit::Service
        })?;
        printer.note(&format!("plan {} is in `{}`", planned.file.id.short(), out.display()));
    }
    if *check {
        let found = faults(&planned.plan);
        for fault in &found {
            printer.error(&fault.to_string(), None);
        }
        if !found.is_empty() {
            return Err(Exit::Bug);
        }
        printer.note("the plan has no fault");
    }
    if *estimate {
        let processors = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        show_estimate(session, &planned, jobs.map_or(processors, |jobs| jobs as usize), *format)?;
        return Ok(Exit::Ok);
    }
    // `--out` alone is for scripts: the listing is asked for by a format.
    if out.is_none() || *format != PlanFormat::Table {
        let format = match format {
            PlanFormat::Table => ListFormat::Table,
            PlanFormat::Names => ListFormat::Names,
            PlanFormat::Json => ListFormat::Json,
            PlanFormat::Matrix => ListFormat::Matrix,
        };
        printer.data(|out| list(&planned.plan, format, out))?;
    }
    Ok(Exit::Ok)
}

fn show_estimate(session: &Session, planned: &Planned, jobs: usize, format: PlanFormat) -> Result<(), Exit> {
    let estimate = planned.estimate(jobs);
    if format == PlanFormat::Json {
        return session.printer.data(|out| {
            let json = serde_json::json!({ "version": 1, "estimate": estimate });
            writeln!(out, "{json}")
        });
    }
    session.printer.data(|out| {
        writeln!(out, "{}, {}", count(estimate.cases as u64, "case"), count(estimate.tasks as u64, "task"))?;
        if estimate.known == 0 {
            writeln!(out, "no task is known from earlier runs: each is taken for 1 s")?;
        } else {
            writeln!(out, "{} of {} tasks are known from earlier runs", estimate.known, estimate.tasks)?;
        }
        writeln!(out, "work          {}", show_duration(estimate.work))?;
        writeln!(out, "longest chain {}", show_duration(estimate.longest_chain))?;
        writeln!(out, "one machine   {} with {} tasks at a time", show_duration(estimate.elapsed), estimate.jobs)?;
        if let Some(shards) = &planned.plan.shards {
            let longest = estimate.shards.iter().copied().fold(0.0, f64::max) / jobs as f64;
            writeln!(
                out,
                "{} shards      {} for the longest; {} tasks before them, {} after",
                shards.count,
                show_duration(longest),
                shards.tasks(Wave::Prepare).len(),
                shards.tasks(Wave::Finish).len()
            )?;
        }
        Ok(())
    })
}
