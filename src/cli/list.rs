//! `shmoo list`.

use super::Session;
use super::arguments::ListArgs;
use super::exit::Exit;

pub(super) fn list(session: &Session, arguments: &ListArgs) -> Result<Exit, Exit> {
    let _ = arguments;
    session.printer.error("not built yet", None);
    Err(Exit::Usage)
}
