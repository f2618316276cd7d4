//! One task, to its final state: attempts, retries, verdict.

use super::context::{Context, Setting};
use super::inputs::{InputError, cases_file, place_inputs, task_json};
use super::process::{self, Ended, Killed, ProcessError, ProcessSpec};
use super::verdict::{Outcome, Rules, judge_attempt};
use crate::ledger::{Attempt, Event, Finished, Quote, Started, Try, Usage, Verdict};
use crate::outside::files::{self, PlacedInput};
use crate::outside::ledger_file::LedgerFileError;
use crate::plan::{self, CASES_MARK, Plan, ResolvedCommand, ResolvedTask, SHMOO_MARK, TaskId};
use crate::suite::{Computed, Retry, RetryCondition};
use crate::value::{Decimal, RunId, Scalar, Timestamp, Value};
use rustix::fd::AsFd;
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// Name of the file of cases in a task's folder.
pub(super) const CASES_FILE: &str = "cases.csv";
/// The shell of `shell` tasks, and its arguments before the text.
pub(super) const SHELL: [&str; 6] = ["bash", "--noprofile", "--norc", "-euo", "pipefail", "-c"];

/// Marks the message of a task that wrote to its inputs: nothing in its folder tells so afterwards.
pub(super) const WRITTEN_TO: &str = "was written to";

/// Why a run cannot go on at all.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// Its events cannot be written.
    #[error("cannot write the ledger")]
    Ledger(#[source] LedgerFileError),
    /// A folder of the run cannot be made.
    #[error("cannot make the folder `{}`", path.display())]
    Folder {
        /// Which.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// Signals cannot be received.
    #[error("cannot wait for signals")]
    Signals(#[source] std::io::Error),
}

impl RunError {
    /// Returns what to do about it.
    pub fn hint(&self) -> Option<String> {
        let full = |error: &std::io::Error| {
            matches!(error.kind(), std::io::ErrorKind::StorageFull | std::io::ErrorKind::QuotaExceeded)
        };
        match self {
            RunError::Ledger(error) => error.hint(),
            RunError::Folder { source, .. } if full(source) => {
                Some("make room on the disk, then `shmoo run --continue`: what is finished stays".to_owned())
            }
            RunError::Folder { .. } | RunError::Signals(_) => None,
        }
    }
}

/// What an attempt came to.
struct Tried {
    outcome: Outcome,
    usage: Usage,
    /// Trying again cannot help: the task never started.
    hopeless: bool,
    command: Vec<String>,
    folder: Option<String>,
    origin: Option<RunId>,
}

/// Runs a task to its final state; `None` if the run is being stopped and it was ended for that.
pub(super) fn run_task(context: &Context, task: TaskId, worker: u32) -> Result<Option<Finished>, RunError> {
    let started = context.clock.now();
    let stage = &context.materials.plan.suite.stages[context.materials.plan.stage_of(task)];
    let mut set = BTreeMap::new();
    let mut tries = Vec::new();
    let mut left: Vec<u32> = stage.retry.iter().map(|retry| retry.times).collect();
    for number in 1.. {
        let attempt = Attempt { generation: context.generation, number };
        let Some(tried) = try_once(context, task, attempt, &set)? else { return Ok(None) };
        let rule = stage.retry.iter().zip(&mut left).find(|(retry, left)| **left > 0 && matches(retry, &tried));
        let again = rule.and_then(|(retry, left)| {
            *left -= 1;
            next_values(context, task, retry, &set, &tried).transpose()
        });
        match again {
            Some(Ok(next)) => {
                tries.push(Try {
                    verdict: tried.outcome.verdict,
                    message: tried.outcome.message,
                    usage: tried.usage,
                    set: next.iter().filter(|(name, value)| set.get(*name) != Some(*value)).map(clone_pair).collect(),
                });
                set = next;
            }
            Some(Err(note)) => {
                return Ok(Some(finish(context, task, attempt, started, tries, tried, worker, Some(note))));
            }
            None => return Ok(Some(finish(context, task, attempt, started, tries, tried, worker, None))),
        }
    }
    unreachable!("attempts are bounded by the retry rules")
}

fn clone_pair((name, value): (&String, &Value)) -> (String, Value) {
    (name.clone(), value.clone())
}

#[expect(clippy::too_many_arguments, reason = "the fields of one event")]
fn finish(
    context: &Context,
    task: TaskId,
    attempt: Attempt,
    started: Timestamp,
    tries: Vec<Try>,
    tried: Tried,
    worker: u32,
    note: Option<String>,
) -> Finished {
    let Tried { outcome, usage, hopeless: _, command, folder, origin } = tried;
    let Outcome { verdict, message, quotes, exit, metrics, rows, outputs, unmet: _, mut notes } = outcome;
    notes.extend(note);
    Finished {
        task: context.materials.plan.key(task),
        attempt,
        verdict,
        message,
        quotes,
        cause: None,
        exit,
        started,
        usage,
        tries,
        metrics,
        rows,
        outputs,
        command,
        folder,
        origin,
        worker,
        notes,
    }
}

/// Tells whether a retry rule is for this outcome.
fn matches(retry: &Retry, tried: &Tried) -> bool {
    !tried.hopeless
        && retry.conditions.iter().any(|condition| match condition {
            RetryCondition::Error => tried.outcome.verdict == Verdict::Error,
            RetryCondition::Timeout => tried.outcome.verdict == Verdict::Timeout,
            RetryCondition::Metric(metric) => tried.outcome.unmet.contains(metric),
        })
}

/// Returns the values of the next attempt; an error is a note for the author.
#[expect(clippy::type_complexity, reason = "read by its only caller")]
fn next_values(
    context: &Context,
    task: TaskId,
    retry: &Retry,
    set: &BTreeMap<String, Value>,
    tried: &Tried,
) -> Result<Option<BTreeMap<String, Value>>, String> {
    let mut next = set.clone();
    for entry in &retry.set {
        let value = plan::stage_scope_value(&context.materials.plan, task, set, &mut |scope| {
            if let Computed::Expr(expr) = &entry.value {
                let metric = |name: &str| {
                    let measured = tried.outcome.metrics.iter().find(|measured| measured.name.as_str() == name)?;
                    super::verdict::operand(&measured.value)
                };
                let names = expr.names();
                if names.iter().any(|name| metric(name.name).is_some()) {
                    return super::verdict::compute_with_metrics(scope, expr, entry.span, &metric);
                }
            }
            scope.computed(&entry.value, entry.span)
        });
        match value {
            Ok(value) => {
                next.insert(entry.name.clone(), tidy(value));
            }
            Err(problem) => return Err(format!("not tried again: `{}` cannot be computed: {problem}", entry.name)),
        }
    }
    Ok(Some(next))
}

/// Shortens numbers that a division has made long: commands get what a double holds.
fn tidy(value: Value) -> Value {
    match value {
        Value::Scalar(Scalar::Number(number)) => {
            Value::Scalar(Scalar::Number(Decimal::from_f64(number.to_f64()).unwrap_or(number)))
        }
        other => other,
    }
}

fn failed(verdict: Verdict, message: String, quotes: Vec<Quote>) -> Outcome {
    Outcome { verdict, message: Some(message), quotes, ..Outcome::pass() }
}

/// Makes one attempt; `None` if it was ended because the run is being stopped.
fn try_once(
    context: &Context,
    task: TaskId,
    attempt: Attempt,
    set: &BTreeMap<String, Value>,
) -> Result<Option<Tried>, RunError> {
    let hopeless = |verdict, message: String| {
        Ok(Some(Tried {
            outcome: failed(verdict, message, Vec::new()),
            usage: Usage::default(),
            hopeless: true,
            command: Vec::new(),
            folder: None,
            origin: None,
        }))
    };
    let resolved = match plan::resolve(&context.materials.plan, task, set) {
        Ok(resolved) => resolved,
        Err(problem) => return hopeless(Verdict::Error, problem.message),
    };
    let (program, arguments) = match command_line(&context.materials.plan, &context.setting, &resolved) {
        Ok(line) => line,
        Err(message) => return hopeless(Verdict::Error, message),
    };
    let relative = format!("{}/{attempt}", context.materials.task_folder(task));
    let folder = context.materials.folder.join(&relative);
    make_folder(&folder)?;
    let placed = match place_inputs(&context.materials, &resolved, &folder) {
        Ok(placed) => placed,
        Err(error @ (InputError::New { .. } | InputError::NoBaseline { .. })) => {
            return hopeless(Verdict::Skipped, format!("new: {error}"));
        }
        Err(error) => return hopeless(Verdict::Error, chain(&error)),
    };
    if mentions_cases(&resolved)
        && let Err(source) = fs::write(folder.join(CASES_FILE), cases_file(&context.materials, task))
    {
        return Err(RunError::Folder { path: folder.join(CASES_FILE), source });
    }
    let command: Vec<String> =
        std::iter::once(shown_program(&resolved, &program)).chain(arguments.iter().cloned()).collect();
    let event = Event::Started(Started { task: resolved.key.clone(), attempt });
    context.ledger.append(event).map_err(RunError::Ledger)?;
    let environment = environment(&context.setting, &resolved, &folder, attempt);
    let streams = [stream_path(&folder, "stdout"), stream_path(&folder, "stderr")];
    let spec = ProcessSpec {
        program: &program,
        arguments: &arguments,
        folder: &folder,
        environment: &environment,
        stdout: streams[0].clone(),
        stderr: streams[1].clone(),
        output_limit: context.setting.output_limit,
        timeout: Some(resolved.timeout.unwrap_or(context.setting.timeout)),
    };
    let ended = match process::run(spec, context.cancel.as_fd(), &context.children) {
        Ok(ended) => ended,
        Err(error) => {
            let hopeless = matches!(error, ProcessError::Start { .. });
            let outcome = failed(Verdict::Error, chain(&error), Vec::new());
            let usage = Usage::default();
            return Ok(Some(Tried { outcome, usage, hopeless, command, folder: Some(relative), origin: None }));
        }
    };
    if ended.killed == Some(Killed::Cancelled) {
        return Ok(None);
    }
    if ended.stray {
        context.children.end_orphans();
    }
    let Ended { usage, .. } = ended;
    let rules = Rules::of(&context.materials.plan, &context.setting);
    let mut outcome = judge_attempt(rules, &resolved, &folder, &streams, &ended, attempt.number, set);
    check_inputs(context, &resolved, &placed, &mut outcome);
    Ok(Some(Tried { outcome, usage, hopeless: false, command, folder: Some(relative), origin: None }))
}

/// Returns the path of a stream's file: beside the attempt's folder, which belongs to the task.
pub(super) fn stream_path(folder: &Path, stream: &str) -> PathBuf {
    let name = folder.file_name().unwrap_or_default().to_string_lossy().into_owned();
    folder.with_file_name(format!("{name}.{stream}"))
}

fn make_folder(folder: &Path) -> Result<(), RunError> {
    let made = match fs::create_dir(folder) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => fs::create_dir_all(folder),
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {
            // Left by a process that was killed before its attempt was in the ledger.
            fs::remove_dir_all(folder).and_then(|()| fs::create_dir(folder))
        }
        other => other,
    };
    made.map_err(|source| RunError::Folder { path: folder.to_owned(), source })
}

/// Marks a task that has written to its inputs, and mends what it damaged.
fn check_inputs(context: &Context, task: &ResolvedTask, placed: &[PlacedInput], outcome: &mut Outcome) {
    let changed = match files::check_inputs(placed) {
        Ok(changed) => changed,
        Err(error) => {
            outcome.verdict = Verdict::Error;
            outcome.message = Some(chain(&error));
            return;
        }
    };
    for change in &changed {
        let Some(damaged) = &change.damaged else { continue };
        let input = task.inputs.iter().find(|input| change.name == input.local);
        let mended = match input.map(|input| &input.source) {
            Some(plan::ResolvedSource::Root(path)) => {
                let path = path.trim_end_matches('/');
                context.materials.roots.get(path).is_some_and(|content| {
                    context.materials.contents.restore(content, &context.materials.root.join(path)).is_ok()
                })
            }
            _ => false,
        };
        if !mended {
            // An output of another task: it cannot be had again in this run, and nobody may use it.
            context.materials.results.damage(damaged.clone(), task.key.clone());
        }
    }
    if let Some(first) = changed.first() {
        let more = if changed.len() > 1 { format!(" (and {} more)", changed.len() - 1) } else { String::new() };
        outcome.verdict = Verdict::Error;
        outcome.message =
            Some(format!("its input `{}` {WRITTEN_TO}{more}; inputs are read-only, copy it first", first.name));
    }
}

pub(super) fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text.push_str(": ");
        text.push_str(&cause.to_string());
        source = cause.source();
    }
    text
}

pub(super) fn mentions_cases(task: &ResolvedTask) -> bool {
    let in_env = task.env.iter().any(|(_, value)| value.contains(CASES_MARK));
    match &task.command {
        ResolvedCommand::Arguments(arguments) => {
            in_env || arguments.iter().any(|argument| argument.contains(CASES_MARK))
        }
        ResolvedCommand::Shell(_) => in_env || task.rows_csv.is_some(),
    }
}

/// Returns the program of a task and its arguments; an error is the message of its verdict.
pub(super) fn command_line(
    plan: &Plan,
    setting: &Setting,
    task: &ResolvedTask,
) -> Result<(PathBuf, Vec<String>), String> {
    let stage = &plan.suite.stages[task.stage];
    for tool in &stage.tools {
        find_tool(setting, tool)?;
    }
    let fill =
        |text: &String| text.replace(SHMOO_MARK, &setting.shmoo.to_string_lossy()).replace(CASES_MARK, CASES_FILE);
    match &task.command {
        ResolvedCommand::Arguments(arguments) => {
            let mut arguments = arguments.iter().map(fill);
            let program = arguments.next().ok_or("its command is empty")?;
            let path = if program.contains('/') {
                // Below the task's folder, or absolute: as the task would find it.
                PathBuf::from(program)
            } else {
                find_tool(setting, &program)?
            };
            Ok((path, arguments.collect()))
        }
        ResolvedCommand::Shell(text) => {
            let path = find_tool(setting, SHELL[0])?;
            let arguments = SHELL[1..].iter().map(|&argument| argument.to_owned()).chain([text.clone()]);
            Ok((path, arguments.collect()))
        }
    }
}

fn find_tool(setting: &Setting, name: &str) -> Result<PathBuf, String> {
    setting.tools.inspect(name).map(|tool| tool.path.clone()).map_err(|error| match error.hint() {
        Some(hint) => format!("{error} ({hint})"),
        None => error.to_string(),
    })
}

/// Returns how the program is shown in commands to copy: by name where it was given by name.
pub(super) fn shown_program(task: &ResolvedTask, program: &Path) -> String {
    match &task.command {
        ResolvedCommand::Shell(_) => SHELL[0].to_owned(),
        ResolvedCommand::Arguments(arguments) => match arguments.first() {
            Some(name) if !name.contains(SHMOO_MARK) => name.clone(),
            _ => program.display().to_string(),
        },
    }
}

/// Returns the environment of a task: nothing of ours but what is named here.
pub(super) fn environment(
    setting: &Setting,
    task: &ResolvedTask,
    folder: &Path,
    attempt: Attempt,
) -> Vec<(String, String)> {
    let home = folder.display().to_string();
    let mut environment = setting.environment.clone();
    let mut put = |name: &str, value: String| {
        environment.retain(|(known, _)| known != name);
        environment.push((name.to_owned(), value));
    };
    put("HOME", home.clone());
    put("TMPDIR", home);
    put("LC_ALL", "C.UTF-8".to_owned());
    put("TZ", "UTC".to_owned());
    put("SHMOO_NAME", task.key.point.to_string());
    put("SHMOO_TASK", task_json(task, &attempt.to_string()));
    if matches!(task.command, ResolvedCommand::Shell(_)) {
        for (name, value) in task.shell_variables() {
            put(&name, value);
        }
        if task.rows_csv.is_some() {
            put("SHMOO_CASES", CASES_FILE.to_owned());
        }
    }
    for (name, value) in &task.env {
        let value = value.replace(SHMOO_MARK, &setting.shmoo.to_string_lossy()).replace(CASES_MARK, CASES_FILE);
        put(name, value);
    }
    environment
}
