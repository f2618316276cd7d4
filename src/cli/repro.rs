//! `shmoo repro`.

use super::Session;
use super::arguments::ReproArgs;
use super::exit::Exit;

pub(super) fn repro(session: &Session, arguments: &ReproArgs) -> Result<Exit, Exit> {
    let _ = arguments;
    session.printer.error("not built yet", None);
    Err(Exit::Usage)
}
