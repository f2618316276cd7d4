//! One task, to its final state: attempts, retries, verdict.

use super::cache;
use super::command::{CASES_FILE, CommandLine, command_line, environment, mentions_cases, start_hint, task_mark};
use super::context::Context;
use super::error::{RunError, is_machines};
use super::inputs::{InputError, cases_file, chain, place_inputs};
use super::process::{self, Killed, ProcessError, ProcessSpec};
use super::verdict::{Outcome, Rules, judge_attempt};
use crate::ledger::{Attempt, Event, Finished, Quote, Started, Try, Usage, Verdict};
use crate::outside::files::{self, PlacedInput};
use crate::plan::{self, ResolvedTask, TaskId};
use crate::suite::{Computed, Retry, RetryCondition};
use crate::value::{Decimal, RunId, Scalar, Timestamp, Value};
use rustix::fd::AsFd;
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// Marks the message of a task that wrote to its inputs: nothing in its folder tells so afterwards.
pub(super) const WRITTEN_TO: &str = "was written to";

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
    let CommandLine { program, arguments, shown } =
        match command_line(&context.materials.plan, &context.setting, &resolved) {
            Ok(line) => line,
            Err(message) => return hopeless(Verdict::Error, message),
        };
    let relative = format!("{}/{}{attempt}", context.materials.task_folder(task), context.mark);
    let folder = context.materials.folder.join(&relative);
    make_folder(&folder)?;
    let placed = match place_inputs(&context.materials, &resolved, &folder) {
        Ok(placed) => placed,
        Err(error @ (InputError::New { .. } | InputError::NoBaseline { .. })) => {
            return hopeless(Verdict::Skipped, format!("new: {error}"));
        }
        Err(error) => match error.machines_fault() {
            Ok((input, source)) => {
                let doing = format!("place the input `{input}` of {}", resolved.key);
                return Err(RunError::Machine { doing, source });
            }
            Err(error) => return hopeless(Verdict::Error, chain(&error)),
        },
    };
    if mentions_cases(&resolved)
        && let Err(source) = fs::write(folder.join(CASES_FILE), cases_file(&context.materials, task))
    {
        return Err(RunError::Folder { path: folder.join(CASES_FILE), source });
    }
    let streams = [stream_path(&folder, "stdout"), stream_path(&folder, "stderr")];
    let rules = Rules::of(&context.materials.plan, &context.setting);
    let stage = &context.materials.plan.suite.stages[resolved.stage];
    let kept = context.cache.as_ref().filter(|_| stage.cache);
    let mut cache_note = None;
    let mut key = None;
    if kept.is_some() {
        match cache::result_key(context, &resolved, &folder) {
            Ok(found) => key = Some(found),
            Err(reason) => cache_note = Some(format!("not looked up among earlier results: {reason}")),
        }
    }
    if let (Some(cache), Some(key)) = (kept, &key) {
        match cache::restore(&**cache, key, &folder) {
            Ok(None) => {}
            Ok(Some((run, ended))) => {
                let outcome = judge_attempt(rules, &resolved, &folder, &streams, &ended, attempt.number, set);
                // What this suite asks for may not be in a result kept for another one.
                if outcome.verdict.ran() {
                    let (usage, folder) = (ended.usage, Some(relative));
                    let hopeless = true;
                    return Ok(Some(Tried { outcome, usage, hopeless, command: shown, folder, origin: Some(run) }));
                }
            }
            Err(reason) => cache_note = Some(format!("an earlier result could not be used: {reason}")),
        }
    }
    let event = Event::Started(Started { task: resolved.key.clone(), attempt });
    context.ledger.append(event).map_err(RunError::Ledger)?;
    let environment = environment(&context.setting, &resolved, &folder, attempt);
    let mark = task_mark(&environment);
    let spec = ProcessSpec {
        program: &program,
        arguments: &arguments,
        folder: &folder,
        environment: &environment,
        stdout: streams[0].clone(),
        stderr: streams[1].clone(),
        output_limit: context.setting.output_limit,
        timeout: Some(resolved.timeout.unwrap_or(context.setting.timeout)),
        mark: &mark,
    };
    let ended = match process::run(spec, context.cancel.as_fd(), &context.children) {
        Ok(ended) => ended,
        Err(ProcessError::Start { program: _, source }) if !is_machines(&source) => {
            let hint = start_hint(&program, &folder, &source);
            let message = format!("cannot start `{}`: {source}{hint}", shown[0]);
            let outcome = failed(Verdict::Error, message, Vec::new());
            let usage = Usage::default();
            return Ok(Some(Tried {
                outcome,
                usage,
                hopeless: true,
                command: shown,
                folder: Some(relative),
                origin: None,
            }));
        }
        // Its output goes to files of ours, and watching it is our work.
        Err(error) => return Err(error.into_run_error(&resolved.key)),
    };
    if ended.killed == Some(Killed::Cancelled) {
        return Ok(None);
    }
    let usage = ended.usage;
    let mut outcome = judge_attempt(rules, &resolved, &folder, &streams, &ended, attempt.number, set);
    check_inputs(context, &resolved, &placed, &mut outcome);
    if let (Some(cache), Some(key)) = (kept, &key)
        && outcome.verdict.ran()
        && ended.cut.is_empty()
        && let Err(reason) = cache::keep(context, &**cache, key, &folder, &ended, &outcome.outputs)
    {
        cache_note = Some(format!("its result could not be kept: {reason}"));
    }
    outcome.notes.extend(cache_note);
    Ok(Some(Tried { outcome, usage, hopeless: false, command: shown, folder: Some(relative), origin: None }))
}

/// Returns the path of a stream's file: beside the attempt's folder, which belongs to the task.
pub(super) fn stream_path(folder: &Path, stream: &str) -> PathBuf {
    let name = folder.file_name().unwrap_or_default().to_string_lossy().into_owned();
    folder.with_file_name(format!("{name}.{stream}"))
}

fn make_folder(folder: &Path) -> Result<(), RunError> {
    let parent = folder.parent().unwrap_or(folder);
    let above = match fs::create_dir(parent) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => fs::create_dir_all(parent),
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => Ok(()),
        other => other,
    };
    let made = match above.and_then(|()| fs::create_dir(folder)) {
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
        if mended {
            context.materials.results.mended(damaged);
        } else {
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
