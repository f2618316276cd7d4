//! `shmoo compare`.

use super::Session;
use super::arguments::CompareArgs;
use super::exit::Exit;

pub(super) fn compare(session: &Session, arguments: &CompareArgs) -> Result<Exit, Exit> {
    let _ = arguments;
    session.printer.error("not built yet", None);
    Err(Exit::Usage)
}
