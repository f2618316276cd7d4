//! `shmoo history`.

use super::Session;
use super::arguments::HistoryArgs;
use super::exit::Exit;

pub(super) fn history(session: &Session, arguments: &HistoryArgs) -> Result<Exit, Exit> {
    let _ = arguments;
    session.printer.error("not built yet", None);
    Err(Exit::Usage)
}
