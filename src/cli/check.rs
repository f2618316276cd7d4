//! `shmoo check`.

use super::Session;
use super::arguments::CheckArgs;
use super::exit::Exit;

pub(super) fn check(session: &Session, arguments: &CheckArgs) -> Result<Exit, Exit> {
    let _ = arguments;
    session.printer.error("not built yet", None);
    Err(Exit::Usage)
}
