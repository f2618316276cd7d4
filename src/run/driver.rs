//! The loop: workers that take what the schedule says, run it and write it down, and a listener for
//! the signals that stop a run.
//!
//! A worker that has ended a task takes the next one itself: nobody has to wake up in between.

use super::attempt::run_task;
use super::context::Context;
use super::error::RunError;
use super::halt::Halts;
use super::interrupt::Interrupts;
use super::schedule::{Next, Schedule, SkipReason};
use crate::ledger::{Attempt, Event, Finished, Stopped, Usage, Verdict};
use crate::plan::TaskId;
use crate::value::TaskKey;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::Builder;
use tokio::runtime::Runtime;
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

/// Carries out a schedule; the signals that stop a run are heard in `runtime`, and so are `halts`.
pub fn drive(
    runtime: &Runtime,
    context: &Context,
    schedule: &mut Schedule<'_>,
    options: DriveOptions,
    halts: &mut Halts,
    progress: &mut (dyn FnMut(Progress) + Send),
) -> Result<Driven, RunError> {
    let mut interrupts = {
        let _entered = runtime.enter();
        Interrupts::new().map_err(RunError::Signals)?
    };
    let workers = schedule.workers();
    let state = State { schedule, progress, idle: 0, stopped: None, broken: None };
    let drive = Drive { context, options, state: Mutex::new(state), changed: Condvar::new() };
    std::thread::scope(|scope| {
        // Nothing is sent: the channel is closed when the last worker has ended.
        let (alive, mut all_ended) = mpsc::unbounded_channel::<()>();
        for worker in 0..workers {
            let (drive, alive) = (&drive, alive.clone());
            let work = move || {
                drive.work(worker);
                drop(alive);
            };
            if let Err(source) = Builder::new().name("worker".to_owned()).spawn_scoped(scope, work) {
                let doing = "start a thread".to_owned();
                drive.change(|state| state.break_off(context, RunError::Machine { doing, source }));
                break;
            }
        }
        drop(alive);
        runtime.block_on(async {
            loop {
                tokio::select! {
                    _ = all_ended.recv() => break,
                    name = interrupts.next() => drive.change(|state| state.interrupt(context, name)),
                    reason = halts.next() => drive.change(|state| state.halt(context, &reason)),
                }
            }
        });
    });
    let State { schedule, stopped, mut broken, .. } = drive.state.into_inner().unwrap_or_else(PoisonError::into_inner);
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

/// What the workers of a run share.
struct Drive<'a, 'p> {
    context: &'a Context,
    options: DriveOptions,
    state: Mutex<State<'a, 'p>>,
    /// There may be something to do.
    changed: Condvar,
}

struct State<'a, 'p> {
    schedule: &'a mut Schedule<'p>,
    progress: &'a mut (dyn FnMut(Progress) + Send),
    /// Workers that wait.
    idle: usize,
    /// Why nothing more is started.
    stopped: Option<String>,
    /// Why the run cannot go on.
    broken: Option<RunError>,
}

impl<'a, 'p> Drive<'a, 'p> {
    fn lock(&self) -> MutexGuard<'_, State<'a, 'p>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn change(&self, change: impl FnOnce(&mut State<'a, 'p>)) {
        change(&mut self.lock());
        self.changed.notify_all();
    }

    /// Takes one task after the other until there are no more.
    fn work(&self, worker: u32) {
        let mut state = self.lock();
        loop {
            match state.schedule.advance() {
                Next::Run(task) => {
                    (state.progress)(Progress::Started(task, worker));
                    // There may be more that can run now; whoever wakes finds out.
                    if state.idle > 0 {
                        self.changed.notify_one();
                    }
                    drop(state);
                    let taken = Taken { drive: self, task };
                    let result = carry_out(self.context, task, worker);
                    state = taken.give_back();
                    state.account(self.context, self.options, task, result);
                }
                Next::Skip(task, cause, reason) => state.skip(self.context, task, cause, reason),
                Next::Wait => {
                    state.idle += 1;
                    state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
                    state.idle -= 1;
                }
                Next::Done => break,
            }
        }
        drop(state);
        self.changed.notify_all();
    }
}

/// A task in the hands of a worker. If the worker panics, the others must not wait for it for ever.
struct Taken<'d, 'a, 'p> {
    drive: &'d Drive<'a, 'p>,
    task: TaskId,
}

impl<'d, 'a, 'p> Taken<'d, 'a, 'p> {
    fn give_back(self) -> MutexGuard<'d, State<'a, 'p>> {
        let drive = self.drive;
        std::mem::forget(self);
        drive.lock()
    }
}

impl Drop for Taken<'_, '_, '_> {
    fn drop(&mut self) {
        self.drive.change(|state| {
            state.schedule.abandon(self.task);
            state.schedule.stop();
        });
    }
}

impl State<'_, '_> {
    fn account(
        &mut self,
        context: &Context,
        options: DriveOptions,
        task: TaskId,
        result: Result<Option<Arc<Finished>>, RunError>,
    ) {
        match result {
            Ok(Some(finished)) => {
                let verdict = finished.verdict;
                self.schedule.finish(task, verdict, false);
                (self.progress)(Progress::Finished(task, finished));
                let bad = matches!(verdict, Verdict::Fail | Verdict::Error | Verdict::Timeout);
                if options.fail_fast && bad && self.stopped.is_none() {
                    self.stop("fail-fast");
                }
            }
            Ok(None) => self.schedule.abandon(task),
            Err(error) => {
                self.schedule.abandon(task);
                self.break_off(context, error);
            }
        }
    }

    fn skip(&mut self, context: &Context, task: TaskId, cause: TaskId, reason: SkipReason) {
        let finished = skipped(context, task, cause, reason);
        let finished = Arc::new(finished);
        let result = context.ledger.append(Event::Finished(finished.clone()));
        context.materials.results.keep(task, finished.clone());
        self.schedule.finish(task, Verdict::Skipped, true);
        (self.progress)(Progress::Finished(task, finished));
        if let Err(error) = result {
            self.break_off(context, RunError::Ledger(error));
        }
    }

    fn stop(&mut self, reason: &str) {
        self.schedule.stop();
        (self.progress)(Progress::Stopping(reason.to_owned(), self.schedule.running()));
        self.stopped.get_or_insert_with(|| reason.to_owned());
    }

    fn interrupt(&mut self, context: &Context, name: &str) {
        // An interrupt from the keyboard lets running tasks end; the second one, and whatever ends the
        // machine's job, does not.
        let ends = self.stopped.is_some() || name != "SIGINT";
        if ends {
            cancel(context);
        }
        self.stop(if ends && name == "SIGINT" { "second SIGINT" } else { name });
    }

    fn halt(&mut self, context: &Context, reason: &str) {
        cancel(context);
        self.stop(reason);
    }

    /// Stops for a reason that leaves nothing else to do.
    fn break_off(&mut self, context: &Context, error: RunError) {
        self.schedule.stop();
        cancel(context);
        self.broken.get_or_insert(error);
    }
}

/// Takes a task to its final state, and writes that down; `None` if the run is being stopped.
fn carry_out(context: &Context, task: TaskId, worker: u32) -> Result<Option<Arc<Finished>>, RunError> {
    let Some(finished) = run_task(context, task, worker)? else { return Ok(None) };
    let finished = Arc::new(finished);
    context.ledger.append(Event::Finished(finished.clone())).map_err(RunError::Ledger)?;
    if context.materials.is_needed(task) {
        context.materials.results.keep(task, finished.clone());
    }
    Ok(Some(finished))
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
