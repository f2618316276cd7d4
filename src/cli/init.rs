//! `shmoo init`.

use super::Session;
use super::arguments::InitArgs;
use super::exit::Exit;
use crate::config::{load_suite, starter_suite, suite_from_openfasoc};
use crate::report::quote;
use crate::steps::StepError;
use std::fs::{self, OpenOptions};
use std::io::Write as _;

pub(super) fn init(session: &Session, arguments: &InitArgs) -> Result<Exit, Exit> {
    let InitArgs { file, from_openfasoc, inclusive } = arguments;
    let printer = &session.printer;
    let shown = file.display().to_string();
    let (text, next) = match from_openfasoc {
        None => {
            let name = file.file_stem().unwrap_or_default().to_string_lossy();
            (starter_suite(&name), format!("shmoo sweep {}", quote(&shown)))
        }
        Some(source) => {
            let read = |source_error| StepError::Read { path: source.clone(), source: source_error };
            let text = fs::read_to_string(source).map_err(|error| printer.step(&read(error)))?;
            let suite = suite_from_openfasoc(&source.display().to_string(), &text, *inclusive)
                .map_err(|problems| printer.step(&StepError::Problems(problems)))?;
            (suite, format!("shmoo plan {} --format names", quote(&shown)))
        }
    };
    // A file that does not load helps nobody.
    load_suite(&shown, &text, &|path: &str| Err(format!("`{path}` is not there")))
        .map_err(|problems| printer.step(&StepError::Problems(problems)))?;
    if let Some(folder) = file.parent() {
        fs::create_dir_all(folder).map_err(|error| cannot_write(session, &shown, &error))?;
    }
    let created = OpenOptions::new().write(true).create_new(true).open(file);
    let mut created = match created {
        Ok(created) => created,
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {
            let hint = "name another file, such as `shmoo init my-suite.yaml`; nothing is ever overwritten";
            printer.error(&format!("`{shown}` is there already"), Some(hint));
            return Err(Exit::Usage);
        }
        Err(error) => return Err(cannot_write(session, &shown, &error)),
    };
    created.write_all(text.as_bytes()).map_err(|error| cannot_write(session, &shown, &error))?;
    printer.note(&format!("wrote `{shown}`; next: `{next}`"));
    Ok(Exit::Ok)
}

fn cannot_write(session: &Session, path: &str, error: &std::io::Error) -> Exit {
    session.printer.error(&format!("cannot write `{path}`: {error}"), None);
    Exit::Service
}
