//! `shmoo init`.

use super::Session;
use super::arguments::InitArgs;
use super::exit::Exit;

pub(super) fn init(session: &Session, arguments: &InitArgs) -> Result<Exit, Exit> {
    let _ = arguments;
    session.printer.error("not built yet", None);
    Err(Exit::Usage)
}
