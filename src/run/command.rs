//! From a task to what is started for it: program, arguments, environment.

use super::context::Setting;
use super::inputs::task_json;
use crate::ledger::Attempt;
use crate::plan::{CASES_MARK, Plan, ResolvedCommand, ResolvedTask, SHMOO_MARK};
use std::path::{Path, PathBuf};

/// Name of the file of cases in a task's folder.
pub(super) const CASES_FILE: &str = "cases.csv";
/// The shell of `shell` tasks, and its arguments before the text.
pub(super) const SHELL: [&str; 6] = ["bash", "--noprofile", "--norc", "-euo", "pipefail", "-c"];
/// The variable that tells a task what it is. No other process of ours has the same.
const TASK_VARIABLE: &str = "SHMOO_TASK";

/// Tells whether a task needs the file of the cases that it measures.
pub(super) fn mentions_cases(task: &ResolvedTask) -> bool {
    let in_env = task.env.iter().any(|(_, value)| value.contains(CASES_MARK));
    match &task.command {
        ResolvedCommand::Arguments(arguments) => {
            in_env || arguments.iter().any(|argument| argument.contains(CASES_MARK))
        }
        ResolvedCommand::Shell(_) => in_env || task.rows_csv.is_some(),
    }
}

/// What is started for a task.
pub(super) struct CommandLine {
    pub(super) program: PathBuf,
    pub(super) arguments: Vec<String>,
    /// As people type it: with the program's name where it was given by name.
    pub(super) shown: Vec<String>,
}

/// Returns the command of a task; an error is the message of its verdict.
pub(super) fn command_line(plan: &Plan, setting: &Setting, task: &ResolvedTask) -> Result<CommandLine, String> {
    let (program, arguments) = program_and_arguments(plan, setting, task)?;
    let shown = std::iter::once(shown_program(task, &program)).chain(arguments.iter().cloned()).collect();
    Ok(CommandLine { program, arguments, shown })
}

fn program_and_arguments(
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

/// Returns what may be wrong with a program that is given by its path and cannot be started.
pub(super) fn start_hint(program: &Path, folder: &Path, error: &std::io::Error) -> String {
    let path = folder.join(program);
    let hint = match error.kind() {
        std::io::ErrorKind::NotFound if path.exists() => {
            "the file is there: the interpreter in its first line is not, or it is built for another system".to_owned()
        }
        std::io::ErrorKind::NotFound if program.is_relative() => {
            "it is taken from the task's folder, which holds its `inputs` and nothing else".to_owned()
        }
        std::io::ErrorKind::PermissionDenied if path.is_file() => {
            format!("`chmod +x {}` in the repository", program.display())
        }
        _ => return String::new(),
    };
    format!(" ({hint})")
}

/// Returns how the program is shown in commands to copy: by name where it was given by name.
fn shown_program(task: &ResolvedTask, program: &Path) -> String {
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
    // C.UTF-8 is C but for this category. With `LC_ALL` each process would read them all from files: a
    // sixth of the life of `/bin/echo`.
    put("LC_CTYPE", "C.UTF-8".to_owned());
    put("TZ", "UTC".to_owned());
    put("SHMOO_NAME", task.key.point.to_string());
    put(TASK_VARIABLE, task_json(task, &attempt.to_string()));
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

/// Returns the variable by which the processes of a task can be told from all others.
pub(super) fn task_mark(environment: &[(String, String)]) -> String {
    let value = environment.iter().find(|(name, _)| name == TASK_VARIABLE).map_or("", |(_, value)| value.as_str());
    format!("{TASK_VARIABLE}={value}")
}
