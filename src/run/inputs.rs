//! What lies in a task's folder at its start.

use super::context::{EarlierOutput, Materials};
use super::error::{is_machines, machines_fault};
use crate::ledger::MeasuredValue;
use crate::outside::files::{self, Content, FilesError, PlacedInput};
use crate::plan::{ResolvedInput, ResolvedSource, ResolvedTask, TaskId};
use crate::value::{Scalar, TaskKey, Value};
use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// Why a folder could not be filled.
#[derive(Debug, thiserror::Error)]
pub(super) enum InputError {
    /// A file cannot be read or written.
    #[error("cannot place the input `{name}`")]
    Place {
        name: String,
        #[source]
        source: FilesError,
    },
    /// A table of rows cannot be written.
    #[error("cannot write the input `{name}`")]
    Write {
        name: String,
        #[source]
        source: std::io::Error,
    },
    /// The file of the repository was not there when the run started.
    #[error("the repository has no `{path}`")]
    NoRoot { path: String },
    /// A task has changed a file that it shares with this one.
    #[error("the input `{name}` was changed by {by}, which wrote to its input")]
    Damaged { name: String, by: TaskKey },
    /// Somebody is writing to a file that this task would share.
    #[error("the input `{name}` is being changed by another task, which writes to its input")]
    Altered { name: String },
    /// The file in the folder of an earlier task is another one than that task has left.
    #[error("the input `{name}` is not what {task} has left: it was changed or lost since ({what})")]
    Changed { name: String, task: TaskKey, what: String },
    /// Its result is not there.
    #[error("the result of {task} is not there")]
    NoResult { task: TaskKey },
    /// The baseline run could not be read.
    #[error("cannot take the input `{name}` from the baseline run: {reason}")]
    Baseline { name: String, reason: String },
    /// The baseline run does not have it: the task is skipped as new.
    #[error("the baseline run has no {task} with `{path}`")]
    New { task: TaskKey, path: String },
    /// There is no baseline run: the task is skipped as new.
    #[error("there is no baseline run to take {task} from")]
    NoBaseline { task: TaskKey },
}

impl InputError {
    /// Returns the input's name and the cause, if that is the machine's fault.
    pub(super) fn machines_fault(self) -> Result<(String, io::Error), InputError> {
        match self {
            InputError::Place { name, source } => match machines_fault(source) {
                Ok(source) => Ok((name, source)),
                Err(source) => Err(InputError::Place { name, source }),
            },
            InputError::Write { name, source } if is_machines(&source) => Ok((name, source)),
            other => Err(other),
        }
    }
}

/// Fills the folder of an attempt; returns what was placed, to be checked afterwards.
pub(super) fn place_inputs(
    materials: &Materials,
    task: &ResolvedTask,
    folder: &Path,
) -> Result<Vec<PlacedInput>, InputError> {
    let mut placed = Vec::new();
    for input in &task.inputs {
        place_input(materials, input, folder, &mut placed)?;
    }
    Ok(placed)
}

fn place_input(
    materials: &Materials,
    input: &ResolvedInput,
    folder: &Path,
    placed: &mut Vec<PlacedInput>,
) -> Result<(), InputError> {
    let name = &input.local;
    let place_error = |source| InputError::Place { name: name.clone(), source };
    match &input.source {
        ResolvedSource::Root(path) => {
            let path = path.trim_end_matches('/');
            let content = materials.roots.get(path).ok_or_else(|| InputError::NoRoot { path: path.to_owned() })?;
            placed.push(place_content(materials, content, path, folder, name).map_err(place_error)?);
        }
        ResolvedSource::Output { task: upstream, path } => {
            placed.push(place_output(materials, *upstream, path, folder, name, name)?);
        }
        ResolvedSource::Baseline { task: upstream, path } => {
            let Some(baseline) = &materials.baseline else {
                return Err(InputError::NoBaseline { task: upstream.clone() });
            };
            let found = baseline
                .output(upstream, path)
                .map_err(|reason| InputError::Baseline { name: name.clone(), reason })?;
            let source = found.ok_or_else(|| InputError::New { task: upstream.clone(), path: path.clone() })?;
            placed.push(match source {
                EarlierOutput::Path(source) => files::place(&source, folder, name).map_err(place_error)?,
                EarlierOutput::Kept(content) => {
                    let placed = materials.contents.place(&content, folder, name).map_err(place_error)?;
                    if materials.results.altered(&placed).is_some() {
                        return Err(InputError::Altered { name: name.clone() });
                    }
                    placed
                }
            });
        }
        ResolvedSource::Rows(tasks) => {
            let table = rows_table(materials, tasks);
            write(folder, name, &table)?;
        }
        ResolvedSource::Each(outputs) => {
            let write_error = |source| InputError::Write { name: name.clone(), source };
            fs::create_dir_all(folder.join(name)).map_err(write_error)?;
            for (upstream, path) in outputs {
                let result = materials.results.get(*upstream);
                if !result.is_some_and(|result| result.verdict.ran()) {
                    continue;
                }
                let key = materials.plan.key(*upstream);
                let (_, point) =
                    key.to_string().split_once('/').map(|(a, b)| (a.to_owned(), b.to_owned())).unwrap_or_default();
                let local = format!("{name}/{point}/{}", path.trim_end_matches('/'));
                placed.push(place_output(materials, *upstream, path, folder, name, &local)?);
            }
        }
    }
    Ok(())
}

/// Places repository files, which can be had again if a task is writing to them right now.
fn place_content(
    materials: &Materials,
    content: &Content,
    path: &str,
    folder: &Path,
    name: &str,
) -> Result<PlacedInput, FilesError> {
    let input = materials.contents.place(content, folder, name)?;
    let Some(altered) = materials.results.altered(&input) else { return Ok(input) };
    materials.contents.restore(content, &materials.root.join(path))?;
    materials.results.mended(&altered);
    let target = folder.join(name);
    let removed = if target.is_dir() { fs::remove_dir_all(&target) } else { fs::remove_file(&target) };
    removed.map_err(|source| FilesError::Write { path: target, source })?;
    let input = materials.contents.place(content, folder, name)?;
    // What is altered again is found when the task has ended.
    materials.results.altered(&input);
    Ok(input)
}

/// Places an output of another task as `local`, for the input `name`.
fn place_output(
    materials: &Materials,
    upstream: TaskId,
    path: &str,
    folder: &Path,
    name: &str,
    local: &str,
) -> Result<PlacedInput, InputError> {
    let source = output_path(materials, upstream, path)?;
    if let Some(by) = materials.results.damaged_by(&source) {
        return Err(InputError::Damaged { name: name.to_owned(), by });
    }
    confirm_output(materials, upstream, path, name)?;
    let place_error = |source| InputError::Place { name: name.to_owned(), source };
    let placed = files::place(&source, folder, local).map_err(place_error)?;
    match materials.results.altered(&placed) {
        None => Ok(placed),
        Some(_) => Err(InputError::Altered { name: name.to_owned() }),
    }
}

/// Reads an output that an earlier process of this run has left, once, and compares it with the ledger.
fn confirm_output(materials: &Materials, upstream: TaskId, path: &str, name: &str) -> Result<(), InputError> {
    if !materials.results.is_doubtful(upstream, path) {
        return Ok(());
    }
    let changed = |what: String| {
        let task = materials.plan.key(upstream);
        InputError::Changed { name: name.to_owned(), task, what }
    };
    let result = materials.results.get(upstream).ok_or_else(|| changed("it has no result".to_owned()))?;
    let folder = materials.folder.join(result.folder.as_deref().unwrap_or_default());
    let plain = path.trim_end_matches('/');
    let below = format!("{plain}/");
    let found = files::hash_outputs(&folder, &[plain.to_owned()]).map_err(|error| changed(error.to_string()))?;
    let known = result.outputs.iter().filter(|output| output.path == plain || output.path.starts_with(&below));
    if !found.files.iter().eq(known) {
        return Err(changed("its digest is another one".to_owned()));
    }
    materials.results.confirm(upstream, path);
    Ok(())
}

fn output_path(materials: &Materials, upstream: TaskId, path: &str) -> Result<PathBuf, InputError> {
    let missing = || InputError::NoResult { task: materials.plan.key(upstream) };
    let result = materials.results.get(upstream).ok_or_else(missing)?;
    let folder = result.folder.as_ref().ok_or_else(missing)?;
    Ok(materials.folder.join(folder).join(path.trim_end_matches('/')))
}

fn write(folder: &Path, name: &str, bytes: &[u8]) -> Result<(), InputError> {
    let path = folder.join(name);
    let parent = path.parent().map_or(Ok(()), fs::create_dir_all);
    parent.and_then(|()| fs::write(&path, bytes)).map_err(|source| InputError::Write { name: name.to_owned(), source })
}

/// Returns the table of a `rows` source: one row a task, in plan order.
///
/// Columns: `point`, `repeat` where the stage is repeated, the parameters of the stage, `verdict`,
/// and its metrics by short name; a value that is not there is an empty cell. A stage that itself
/// reports rows gives a row for each of its cases.
fn rows_table(materials: &Materials, tasks: &[TaskId]) -> Vec<u8> {
    let plan = &materials.plan;
    let Some(&first) = tasks.first() else { return Vec::new() };
    let stage_index = plan.stage_of(first);
    let stage = &plan.suite.stages[stage_index];
    let schema = plan.suite.schema.params();
    let by_case = stage.rows.is_some();
    let params: Vec<usize> = if by_case { (0..schema.len()).collect() } else { stage.per.clone() };
    let repeated = stage.repeat.is_some();
    let mut header = vec!["point".to_owned()];
    if repeated {
        header.push("repeat".to_owned());
    }
    header.extend(params.iter().map(|&param| schema[param].name.clone()));
    header.push("verdict".to_owned());
    header.extend(stage.metrics.iter().map(|metric| metric.name.to_string()));
    let mut lines = vec![header];
    for &task in tasks {
        let key = plan.key(task);
        let result = materials.results.get(task);
        let (stage_of_task, point, round) = plan.locate(task);
        let line = |point_name: String, case: usize, verdict: &str, metrics: &[crate::ledger::Measured]| {
            let mut line = vec![point_name];
            if repeated {
                line.push(round.to_string());
            }
            line.extend(
                params.iter().map(|&param| plan.cases.value(case, param).map_or(String::new(), ToString::to_string)),
            );
            line.push(verdict.to_owned());
            line.extend(stage.metrics.iter().map(|metric| {
                let found = metrics.iter().find(|measured| measured.name == metric.name);
                found.map_or(String::new(), |measured| match &measured.value {
                    MeasuredValue::Number(value) => value.to_string(),
                    MeasuredValue::Text(text) => text.clone(),
                })
            }));
            line
        };
        if by_case {
            let cases = plan.cases_of(stage_of_task, point);
            let rows: BTreeMap<_, _> =
                result.iter().flat_map(|result| &result.rows).map(|row| (row.case.clone(), row)).collect();
            for case in cases {
                let name = plan.case_name(case);
                let row = rows.get(&name);
                let verdict = row.map_or("lost", |row| row.verdict.word());
                lines.push(line(name.to_string(), case, verdict, row.map_or(&[], |row| row.metrics.as_slice())));
            }
        } else {
            let verdict = result.as_ref().map_or("lost", |result| result.verdict.word());
            let metrics = result.as_ref().map_or(&[][..], |result| result.metrics.as_slice());
            lines.push(line(key.point.to_string(), plan.case_of(task), verdict, metrics));
        }
    }
    to_csv(&lines)
}

fn to_csv(lines: &[Vec<String>]) -> Vec<u8> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    for line in lines {
        // Writing to memory does not fail, and all lines have the header's length.
        let _ = writer.write_record(line);
    }
    writer.into_inner().unwrap_or_default()
}

/// Returns the file of the cases that a `rows` task must measure: names and parameters.
pub(super) fn cases_file(materials: &Materials, task: TaskId) -> Vec<u8> {
    let plan = &materials.plan;
    let (stage, point, _) = plan.locate(task);
    let schema = plan.suite.schema.params();
    let mut lines =
        vec![std::iter::once("name".to_owned()).chain(schema.iter().map(|param| param.name.clone())).collect()];
    for case in plan.cases_of(stage, point) {
        let values =
            (0..schema.len()).map(|param| plan.cases.value(case, param).map_or(String::new(), ToString::to_string));
        lines.push(std::iter::once(plan.case_name(case).to_string()).chain(values).collect());
    }
    to_csv(&lines)
}

/// Returns `SHMOO_TASK`: all that the task is, as JSON.
pub(super) fn task_json(task: &ResolvedTask, attempt: &str) -> String {
    #[derive(serde::Serialize)]
    struct TaskJson<'a> {
        version: u32,
        task: &'a TaskKey,
        stage: &'a str,
        point: &'a str,
        attempt: &'a str,
        #[serde(serialize_with = "in_order")]
        params: &'a [(String, Scalar)],
        lets: &'a BTreeMap<String, Value>,
    }
    let json = TaskJson {
        version: 1,
        task: &task.key,
        stage: task.key.stage.as_str(),
        point: task.key.point.as_str(),
        attempt,
        params: &task.params,
        lets: &task.lets,
    };
    // Texts, numbers and maps by name: their serialization cannot fail.
    serde_json::to_string(&json).expect("a task serializes")
}

fn in_order<S: serde::Serializer>(params: &[(String, Scalar)], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_map(params.iter().map(|(name, value)| (name, value)))
}

/// Returns an error with all its causes, in one line.
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
