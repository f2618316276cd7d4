//! Results by content, for stages with `cache: true`.
//!
//! The key is a digest of what the process can see: its command, parameters, environment, inputs and
//! tools. Names of suites and stages, limits, metrics and expectations are not in it: a renamed stage
//! or a tightened bound runs nothing again, since verdicts are made anew from the kept evidence.

use super::attempt::stream_path;
use super::context::{Context, Setting};
use super::inputs::chain;
use super::process::Ended;
use super::stray::Strays;
use crate::ledger::{Exit, OutputFile, Usage};
use crate::outside::files::{Content, ContentKind};
use crate::plan::{ResolvedCommand, ResolvedTask, SHMOO_MARK};
use crate::value::{Digest, DigestWriter, RunId, Scalar, Value};
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};

/// Raising it makes all kept results unknown.
const KEY_FORMAT: &str = "shmoo-result-1";

/// What is kept of a result besides its files.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct KeptResult {
    /// The run that measured it.
    pub run: RunId,
    /// How the process ended.
    pub exit: Exit,
    /// What it took.
    pub usage: Usage,
}

/// Where the files of a result are.
#[derive(Debug, Clone)]
pub struct ResultFiles<'a> {
    /// The attempt's folder.
    pub folder: &'a Path,
    /// Files in it, by path.
    pub files: Vec<String>,
    /// What the process wrote: standard output and standard error.
    pub streams: [PathBuf; 2],
}

/// Results of earlier runs.
pub trait ResultCache: Send + Sync {
    /// Puts the files of a result into place, if there is one.
    fn restore(&self, key: &Digest, into: &ResultFiles<'_>) -> Result<Option<KeptResult>, String>;

    /// Keeps a result, unless there is one with the key.
    fn keep(&self, key: &Digest, result: &KeptResult, files: &ResultFiles<'_>) -> Result<(), String>;
}

/// Returns the key of a task's result, once its inputs are in place.
pub(super) fn result_key(context: &Context, task: &ResolvedTask, folder: &Path) -> Result<Digest, String> {
    let mut writer = DigestWriter::default();
    writer.field("format", KEY_FORMAT.as_bytes());
    let mut tools = context.materials.plan.suite.stages[task.stage].tools.clone();
    match &task.command {
        ResolvedCommand::Arguments(arguments) => {
            for argument in arguments {
                writer.field("argument", argument.as_bytes());
            }
            tools.extend(arguments.first().cloned());
        }
        ResolvedCommand::Shell(text) => {
            writer.field("shell", text.as_bytes());
            tools.push("bash".to_owned());
        }
    }
    for (name, value) in &task.params {
        writer.field("parameter", format!("{name} {} {value}", kind(value)).as_bytes());
    }
    for (name, value) in &task.lets {
        let kinds = match value {
            Value::Scalar(scalar) => kind(scalar).to_owned(),
            Value::List(items) => items.iter().map(kind).collect::<Vec<_>>().join(" "),
        };
        writer.field("let", format!("{name} [{kinds}] {value}").as_bytes());
    }
    for (name, value) in environment_of_result(&context.setting, task) {
        writer.field("variable", format!("{name}={value}").as_bytes());
    }
    for input in &task.inputs {
        let content = Content::of(&folder.join(&input.local)).map_err(|error| chain(&error))?;
        let kind = match content.kind {
            ContentKind::File => "file",
            ContentKind::Executable => "executable",
            ContentKind::Folder => "folder",
        };
        writer.field("input", format!("{} {kind} {}", input.local, content.sha256).as_bytes());
    }
    for output in &task.outputs {
        writer.field("output", output.as_bytes());
    }
    for tool in tools {
        let name = if tool.contains(SHMOO_MARK) { context.setting.shmoo.display().to_string() } else { tool };
        let tool = context.setting.tools.inspect(&name).map_err(|error| error.to_string())?;
        let version = tool.version.as_deref().unwrap_or("");
        writer.field("tool", format!("{version} {}", tool.sha256).as_bytes());
    }
    if let Some(runner) = &task.runner {
        writer.field("runner", runner.as_bytes());
    }
    Ok(writer.finish())
}

fn kind(value: &Scalar) -> &'static str {
    match value {
        Scalar::Bool(_) => "bool",
        Scalar::Number(_) => "number",
        Scalar::Text(_) => "text",
    }
}

/// Takes a kept result into an attempt's folder.
pub(super) fn restore(cache: &dyn ResultCache, key: &Digest, folder: &Path) -> Result<Option<(RunId, Ended)>, String> {
    let files = ResultFiles { folder, files: Vec::new(), streams: streams(folder) };
    let kept = cache.restore(key, &files)?;
    Ok(kept.map(|KeptResult { run, exit, usage }| {
        (run, Ended { exit, killed: None, usage, cut: Vec::new(), strays: Strays::default(), held: false })
    }))
}

/// Keeps the result of an attempt that ran to its end.
pub(super) fn keep(
    context: &Context,
    cache: &dyn ResultCache,
    key: &Digest,
    folder: &Path,
    ended: &Ended,
    outputs: &[OutputFile],
) -> Result<(), String> {
    let files = ResultFiles {
        folder,
        files: outputs.iter().map(|output| output.path.clone()).collect(),
        streams: streams(folder),
    };
    let kept = KeptResult { run: context.run.clone(), exit: ended.exit, usage: ended.usage };
    cache.keep(key, &kept, &files)
}

fn streams(folder: &Path) -> [PathBuf; 2] {
    [stream_path(folder, "stdout"), stream_path(folder, "stderr")]
}

/// Returns the variables that a result depends on: the suite's own, and what the project passes on.
fn environment_of_result(setting: &Setting, task: &ResolvedTask) -> Vec<(String, String)> {
    let mut variables: Vec<(String, String)> =
        setting.environment.iter().filter(|(name, _)| name != "PATH").cloned().collect();
    variables.extend(task.env.iter().cloned());
    variables.sort();
    variables
}
