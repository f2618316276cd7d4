//! The loop: starts what the schedule says, waits for what ends, writes it down.

use super::attempt::run_task;
use super::context::Context;
use super::error::RunError;
use super::interrupt::Interrupts;
use super::schedule::{Next, Schedule, SkipReason};
use crate::ledger::{Attempt, Event, Finished, Stopped, Usage, Verdict};
use crate::plan::TaskId;
use crate::value::TaskKey;
use std::sync::Arc;
use tokio::sync::mpsc;

/// How a run is to be carried out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DriveOptions {
    /// Start nothing more after the first task that fails, errs or runs out of time.
    pub fail_fast: bool,
}

/// What happens, for whoever shows progress.
#[derive(Debug, Clone)]
pub enum Progress {
    /// A task was started by a worker.
    Started(TaskId, u32),
    /// A task has its final state.
    Finished(TaskId, Arc<Finished>),
    /// The run is being stopped, and why; so many tasks still run.
    Stopping(String, usize),
}

/// How a run ended.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Driven {
    /// Why it was stopped before its end.
    pub stopped: Option<String>,
    /// Tasks without a final state.
    pub left: usize,
}

/// Carries out a schedule.
pub async fn drive(
    context: Arc<Context>,
    schedule: &mut Schedule<'_>,
    options: DriveOptions,
    progress: &mut dyn FnMut(Progress),
) -> Result<Driven, RunError> {
    let mut interrupts = Interrupts::new().map_err(RunError::Signals)?;
    let (sender, mut receiver) = mpsc::unbounded_channel();
    let mut free: Vec<u32> = Vec::new();
    let mut workers = 0;
    let mut stopped: Option<String> = None;
    let mut broken: Option<RunError> = None;
    loop {
        match schedule.advance() {
            Next::Run(task) => {
                let worker = free.pop().unwrap_or_else(|| {
                    workers += 1;
                    workers - 1
                });
                progress(Progress::Started(task, worker));
                let (context, sender) = (context.clone(), sender.clone());
                tokio::task::spawn_blocking(move || {
                    let result = carry_out(&context, task, worker);
                    // Whoever has heard of the last task may take the context apart.
                    drop(context);
                    // The receiver is only gone if the loop below is.
                    let _ = sender.send((task, worker, result));
                });
            }
            Next::Skip(task, cause, reason) => {
                let finished = skipped(&context, task, cause, reason);
                let result = context.ledger.append(Event::Finished(Box::new(finished.clone())));
                let finished = Arc::new(finished);
                context.materials.results.keep(task, finished.clone());
                schedule.finish(task, Verdict::Skipped, true);
                progress(Progress::Finished(task, finished));
                if let Err(error) = result {
                    stop(&context, schedule, &mut broken, RunError::Ledger(error));
                }
            }
            Next::Done => break,
            Next::Wait => {
                tokio::select! {
                    message = receiver.recv() => {
                        let Some((task, worker, result)) = message else { break };
                        free.push(worker);
                        match result {
                            Ok(Some(finished)) => {
                                let verdict = finished.verdict;
                                schedule.finish(task, verdict, false);
                                progress(Progress::Finished(task, finished));
                                let bad = matches!(verdict, Verdict::Fail | Verdict::Error | Verdict::Timeout);
                                if options.fail_fast && bad && stopped.is_none() {
                                    stopped = Some("fail-fast".to_owned());
                                    schedule.stop();
                                    progress(Progress::Stopping("fail-fast".to_owned(), schedule.running()));
                                }
                            }
                            Ok(None) => schedule.abandon(task),
                            Err(error) => {
                                schedule.abandon(task);
                                stop(&context, schedule, &mut broken, error);
                            }
                        }
                    }
                    name = interrupts.next() => {
                        schedule.stop();
                        // An interrupt from the keyboard lets running tasks end; the second one, and
                        // whatever ends the machine's job, does not.
                        let ends = stopped.is_some() || name != "SIGINT";
                        if ends {
                            cancel(&context);
                        }
                        let shown = if ends && name == "SIGINT" { "second SIGINT" } else { name };
                        progress(Progress::Stopping(shown.to_owned(), schedule.running()));
                        stopped.get_or_insert_with(|| name.to_owned());
                    }
                }
            }
        }
    }
    context.children.end_orphans();
    if let Some(reason) = &stopped {
        let event = Event::Stopped(Stopped { reason: reason.clone() });
        if let Err(error) = context.ledger.append(event) {
            broken.get_or_insert(RunError::Ledger(error));
        }
    }
    if let Err(error) = context.ledger.sync() {
        broken.get_or_insert(RunError::Ledger(error));
    }
    match broken {
        Some(error) => Err(error),
        None => Ok(Driven { stopped, left: schedule.left() }),
    }
}

/// Takes a task to its final state, and writes that down; `None` if the run is being stopped.
fn carry_out(context: &Context, task: TaskId, worker: u32) -> Result<Option<Arc<Finished>>, RunError> {
    let Some(finished) = run_task(context, task, worker)? else { return Ok(None) };
    context.ledger.append(Event::Finished(Box::new(finished.clone()))).map_err(RunError::Ledger)?;
    let finished = Arc::new(finished);
    if context.materials.is_needed(task) {
        context.materials.results.keep(task, finished.clone());
    }
    Ok(Some(finished))
}

/// Stops for a reason that leaves nothing else to do.
fn stop(context: &Context, schedule: &mut Schedule<'_>, broken: &mut Option<RunError>, error: RunError) {
    schedule.stop();
    cancel(context);
    broken.get_or_insert(error);
}

/// Ends all running processes.
fn cancel(context: &Context) {
    // A counter that nobody reads: readable for all from now on.
    let _ = rustix::io::write(&context.cancel, &1u64.to_ne_bytes());
}

fn skipped(context: &Context, task: TaskId, cause: TaskId, reason: SkipReason) -> Finished {
    let blamed = context.materials.plan.key(cause);
    let verdict = context.materials.results.get(cause).map(|finished| finished.verdict);
    let word = verdict.map_or("not there", Verdict::word);
    let message = match reason {
        SkipReason::Input => format!("it needs an output of {blamed}, which is {word}"),
        SkipReason::Gate => format!("it runs only after {blamed} has passed, which is {word}"),
        SkipReason::Nothing => format!("none of the tasks that it gathers ran to its end ({blamed} is {word})"),
    };
    // Who skips because of a skip is to be told of the first cause.
    let root: Option<TaskKey> = context.materials.results.get(cause).and_then(|finished| finished.cause.clone());
    Finished {
        task: context.materials.plan.key(task),
        attempt: Attempt { generation: context.generation, number: 1 },
        verdict: Verdict::Skipped,
        message: Some(message),
        quotes: Vec::new(),
        cause: Some(root.unwrap_or(blamed)),
        exit: None,
        started: context.clock.now(),
        usage: Usage::default(),
        tries: Vec::new(),
        metrics: Vec::new(),
        rows: Vec::new(),
        outputs: Vec::new(),
        command: Vec::new(),
        folder: None,
        origin: None,
        worker: 0,
        notes: Vec::new(),
    }
}
