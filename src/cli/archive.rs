//! `shmoo archive`.

use super::Session;
use super::arguments::ArchiveArgs;
use super::exit::Exit;

pub(super) fn archive(session: &Session, arguments: &ArchiveArgs) -> Result<Exit, Exit> {
    let _ = arguments;
    session.printer.error("not built yet", None);
    Err(Exit::Usage)
}
