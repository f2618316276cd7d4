//! `shmoo plan`.

use super::Session;
use super::arguments::{HowArgs, PlanArgs, PlanFormat};
use super::collect::{apply, workspace};
use super::exit::Exit;
use super::run::{baseline_run, request as request_of};
use crate::outside::durable;
use crate::plan::{Estimate, ExpectedPrice, ListFormat, Plan, Wave, faults, list};
use crate::report::count;
use crate::steps::machines::publish::{MissingRequest, missing, publish as publish_plan};
use crate::steps::planning::{Division, PlanRequest, Planned, check_price, plan as make, shard_seconds};
use crate::value::{RunId, show_duration, show_price};

pub(super) fn plan(session: &Session, arguments: &PlanArgs) -> Result<Exit, Exit> {
    let PlanArgs { suite, select, from, shards, format, out, estimate, jobs, check, publish, budget, places, .. } =
        arguments;
    let printer = &session.printer;
    if let Some(revision) = &arguments.changed_since {
        return super::touched::touched(session, revision, *format);
    }
    let processors = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let jobs = jobs.map_or(processors, |jobs| jobs as usize);
    let division = shards.map(|count| Division { count, limit: budget.max_shard_time, jobs });
    let Some(suite) = suite else {
        let run = publish.missing.as_ref().ok_or(Exit::Usage)?;
        return plan_missing(session, run, division, arguments);
    };
    let loaded = super::run::load(session, suite, select)?;
    let mut workspace = session.workspace(&loaded.folder)?;
    apply(places, &mut workspace);
    let baseline = baseline_run(session, &workspace, &loaded, select, from.baseline.as_deref())?;
    let request = PlanRequest { selection: select.selection(), shards: division, baseline };
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
    if *check && !has_no_fault(session, &planned.plan) {
        return Err(Exit::Bug);
    }
    if let Some(limit) = budget.max_cost {
        let price = planned.estimate(&workspace, jobs).price;
        check_price(price.as_ref(), limit).map_err(|error| printer.step(&error))?;
    }
    if *estimate {
        show_estimate(session, &planned, &planned.estimate(&workspace, jobs), *format)?;
        return Ok(Exit::Ok);
    }
    if publish.publish {
        let how = request_of(session, &HowArgs::default())?;
        let wave = publish_plan(&workspace, planned, &how).map_err(|error| printer.step(&error))?;
        return super::publish::print(session, &wave, *format, true);
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

/// Plans what is missing of a published run.
fn plan_missing(
    session: &Session,
    run: &RunId,
    division: Option<Division>,
    arguments: &PlanArgs,
) -> Result<Exit, Exit> {
    let PlanArgs { format, publish, places, check, jobs, budget, .. } = arguments;
    let printer = &session.printer;
    let workspace = workspace(session, places)?;
    let jobs = jobs.map_or(1, |jobs| jobs as usize);
    let division = division.unwrap_or(Division { count: 1, limit: None, jobs });
    let request = MissingRequest { run, division, max_cost: budget.max_cost, publish: publish.publish };
    let wave = missing(&workspace, &request).map_err(|error| printer.step(&error))?;
    if *check && !has_no_fault(session, &wave.plan) {
        return Err(Exit::Bug);
    }
    super::publish::print(session, &wave, *format, publish.publish)
}

/// Looks for faults in a plan, and tells them.
fn has_no_fault(session: &Session, plan: &Plan) -> bool {
    let found = faults(plan);
    for fault in &found {
        session.printer.error(&fault.to_string(), None);
    }
    if found.is_empty() {
        session.printer.note("the plan has no fault");
    }
    found.is_empty()
}

fn show_estimate(session: &Session, planned: &Planned, estimate: &Estimate, format: PlanFormat) -> Result<(), Exit> {
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
            let expected = planned.durations.expected(&planned.plan);
            let seconds = shard_seconds(&planned.plan, shards, &expected, estimate.jobs);
            let longest = seconds.into_iter().fold(0.0, f64::max);
            writeln!(
                out,
                "{} shards      {} for the longest; {} tasks before them, {} after",
                shards.count,
                show_duration(longest),
                shards.tasks(Wave::Prepare).len(),
                shards.tasks(Wave::Finish).len()
            )?;
        }
        if let Some(ExpectedPrice { price, currency, unpriced }) = &estimate.price {
            writeln!(out, "price         {}", show_price(*price, currency))?;
            if !unpriced.is_empty() {
                writeln!(out, "              without machines that have no price: {}", unpriced.join(", "))?;
            }
        }
        Ok(())
    })
}
