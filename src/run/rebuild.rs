//! The folder of a task once more, as it was when its process started, and what to type in it.

use super::command::{CASES_FILE, CommandLine, SHELL, command_line, environment, mentions_cases};
use super::context::{Materials, Setting};
use super::inputs::{InputError, cases_file, place_inputs};
use crate::ledger::Attempt;
use crate::plan::{self, ResolvedCommand, TaskId};
use crate::value::{Problem, Value};
use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// A folder that was rebuilt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rebuilt {
    /// Program and arguments.
    pub command: Vec<String>,
    /// The whole environment of the process, in the order in which it is set.
    pub environment: Vec<(String, String)>,
    /// Why the command would not start here, if so: a program is missing.
    pub missing: Option<String>,
}

/// Why a folder could not be rebuilt.
#[derive(Debug, thiserror::Error)]
pub enum RebuildError {
    /// What the task runs cannot be computed.
    #[error("its command cannot be computed")]
    Resolve(#[source] Problem),
    /// The folder cannot be made.
    #[error("cannot make the folder `{}`", path.display())]
    Folder {
        /// Which.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// What it takes is not there.
    #[error("{message}")]
    Inputs {
        /// What is not there, and why.
        message: String,
    },
}

impl From<InputError> for RebuildError {
    fn from(error: InputError) -> RebuildError {
        RebuildError::Inputs { message: super::inputs::chain(&error) }
    }
}

/// Fills a new folder with the inputs of a task, exactly as an attempt does. `set` are the values that
/// retries had set; what was in the folder before goes.
pub fn rebuild(
    materials: &Materials,
    setting: &Setting,
    task: TaskId,
    set: &BTreeMap<String, Value>,
    attempt: Attempt,
    folder: &Path,
) -> Result<Rebuilt, RebuildError> {
    let resolved = plan::resolve(&materials.plan, task, set).map_err(RebuildError::Resolve)?;
    let failed = |source| RebuildError::Folder { path: folder.to_owned(), source };
    match fs::remove_dir_all(folder) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(failed(error)),
        _ => fs::create_dir_all(folder).map_err(failed)?,
    }
    place_inputs(materials, &resolved, folder)?;
    if mentions_cases(&resolved) {
        fs::write(folder.join(CASES_FILE), cases_file(materials, task)).map_err(failed)?;
    }
    let (command, missing) = match command_line(&materials.plan, setting, &resolved) {
        Ok(CommandLine { shown, .. }) => (shown, None),
        // It can be typed all the same, once the program is there.
        Err(message) => match &resolved.command {
            ResolvedCommand::Arguments(arguments) => {
                let fill = |text: &String| {
                    text.replace(plan::SHMOO_MARK, &setting.shmoo.to_string_lossy())
                        .replace(plan::CASES_MARK, CASES_FILE)
                };
                (arguments.iter().map(fill).collect(), Some(message))
            }
            ResolvedCommand::Shell(text) => {
                let shell = SHELL.iter().map(|&word| word.to_owned());
                (shell.chain([text.clone()]).collect(), Some(message))
            }
        },
    };
    let environment = environment(setting, &resolved, folder, attempt);
    Ok(Rebuilt { command, environment, missing })
}
