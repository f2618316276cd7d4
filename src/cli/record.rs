//! `shmoo record`.

use super::Session;
use super::arguments::{RecordArgs, TextFormat};
use super::collect::workspace;
use super::exit::Exit;
use crate::outside::history::Recorded;
use crate::outside::lock::RunLock;
use crate::report::count;
use crate::steps::StepError;
use crate::steps::recording;
use crate::steps::run_folder::RunFolder;
use serde_json::json;

pub(super) fn record(session: &Session, arguments: &RecordArgs) -> Result<Exit, Exit> {
    let RecordArgs { run, places, format } = arguments;
    let fail = |error: StepError| session.printer.step(&error);
    let workspace = workspace(session, places)?;
    let folder = RunFolder::find(&workspace, run, None).map_err(fail)?;
    // A run that goes on would be another one a moment later.
    let _lock = RunLock::acquire(&folder.path, &*workspace.clock).map_err(|error| fail(StepError::Lock(error)))?;
    let (plan, ..) = folder.plan().map_err(fail)?;
    let recorded = recording::make(&workspace, &folder, &plan).map_err(fail)?;
    let done = recording::store(&workspace, &recorded.record).map_err(fail)?;
    let word = match done {
        Recorded::New => "recorded",
        Recorded::Replaced => "recorded again: it had changed",
        Recorded::Unchanged => "was recorded already",
    };
    let record = &recorded.record;
    match format {
        TextFormat::Json => {
            let outcome = match done {
                Recorded::New => "new",
                Recorded::Replaced => "replaced",
                Recorded::Unchanged => "unchanged",
            };
            let json = json!({
                "version": 1,
                "run": record.run.id,
                "recorded": outcome,
                "complete": record.run.complete,
                "tasks": record.tasks.len(),
                "metrics": record.metrics.len(),
            });
            session.printer.data(|out| writeln!(out, "{json:#}"))?;
        }
        TextFormat::Text => {
            let tasks = count(record.tasks.len() as u64, "task");
            let metrics = count(record.metrics.len() as u64, "metric value");
            session.printer.data(|out| writeln!(out, "{}: {word} ({tasks}, {metrics})", record.run.id))?;
        }
    }
    if !record.run.complete {
        session.printer.warning("the run is not complete: it is never compared with");
    }
    Ok(Exit::Ok)
}
