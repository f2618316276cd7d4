//! `shmoo restore`.

use super::Session;
use super::arguments::RestoreArgs;
use super::exit::Exit;

pub(super) fn restore(session: &Session, arguments: &RestoreArgs) -> Result<Exit, Exit> {
    let _ = arguments;
    session.printer.error("not built yet", None);
    Err(Exit::Usage)
}
