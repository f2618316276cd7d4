//! What a step of a job says where there is no report, and the file of its job summary.

use super::Session;
use super::exit::Exit;
use crate::gha::Action;
use crate::report::{Failed, failed_marks, failed_summary, write_marks};
use std::fs::{self, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Component, Path, PathBuf};

/// Bytes that the summaries of a step may have together: of a longer file the runner shows nothing.
const SUMMARY_BYTES: u64 = 1 << 20;
/// Bytes that stay free in it.
const SPARE: u64 = 1 << 10;

/// Says in annotations, and in the job summary, why there is no report.
pub(super) fn tell_failure(session: &Session, action: &Action, exit: Exit, summary: Option<&Path>) -> Result<(), Exit> {
    let top = session.variable("GITHUB_WORKSPACE").map_or_else(|| session.current.clone(), PathBuf::from);
    let mut errors = session.printer.take_told();
    for error in &mut errors {
        error.file = error.file.take().and_then(|file| below(&top, &session.current.join(file)));
    }
    let title = format!("shmoo {}", action.name);
    let outcome = format!("exit code {}: {}", exit.code(), exit.words());
    let failed = Failed { title: &title, outcome: &outcome, errors: &errors };
    if let Some(file) = summary.filter(|_| !errors.is_empty()) {
        append(file, |_| Ok(failed_summary(&failed).into_bytes()))
            .map_err(|error| no_summary(session, file, &error))?;
    }
    session.printer.data(|out| write_marks(&failed_marks(&failed), out))
}

/// Says that the job summary cannot be written.
pub(super) fn no_summary(session: &Session, file: &Path, error: &io::Error) -> Exit {
    session.printer.error(&format!("cannot write the job summary `{}`: {error}", file.display()), None);
    Exit::Service
}

/// Returns a path as GitHub knows it: from the top of the repository; nothing if it lies elsewhere.
fn below(top: &Path, path: &Path) -> Option<String> {
    let plain = |path: &Path| {
        let mut folded = PathBuf::new();
        for part in path.components() {
            match part {
                Component::CurDir => {}
                Component::ParentDir => drop(folded.pop()),
                part => folded.push(part),
            }
        }
        folded
    };
    let (top, path) = (plain(top), plain(path));
    // The folder may be named by a link.
    let inside = path.strip_prefix(&top).map(Path::to_owned).ok().or_else(|| {
        let (top, path) = (fs::canonicalize(&top).ok()?, fs::canonicalize(&path).ok()?);
        path.strip_prefix(&top).map(Path::to_owned).ok()
    });
    inside?.to_str().map(str::to_owned)
}

/// Appends to the job summary what `text` makes of the bytes that there is room for.
pub(super) fn append(path: &Path, text: impl FnOnce(usize) -> io::Result<Vec<u8>>) -> io::Result<()> {
    let mut file = OpenOptions::new().create(true).append(true).open(path)?;
    let there = file.metadata()?.len();
    let budget = usize::try_from(SUMMARY_BYTES.saturating_sub(there + SPARE)).unwrap_or(0);
    let text = text(budget)?;
    if text.len() > budget {
        return Ok(());
    }
    if there > 0 {
        file.write_all(b"\n\n")?;
    }
    file.write_all(&text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_named_from_the_top_of_the_repository() {
        let check = |path: &str, expected: Option<&str>| {
            assert_eq!(below(Path::new("/home/work"), Path::new(path)).as_deref(), expected, "{path}");
        };
        check("/home/work/suite.yaml", Some("suite.yaml"));
        check("/home/work/./ci/../configs/suite.yaml", Some("configs/suite.yaml"));
        check("/home/work/../suite.yaml", None);
        check("/home/workshop/suite.yaml", None);
    }
}
