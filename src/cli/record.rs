//! `shmoo record`.

use super::Session;
use super::arguments::RecordArgs;
use super::exit::Exit;

pub(super) fn record(session: &Session, arguments: &RecordArgs) -> Result<Exit, Exit> {
    let _ = arguments;
    session.printer.error("not built yet", None);
    Err(Exit::Usage)
}
