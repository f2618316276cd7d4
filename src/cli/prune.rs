//! `shmoo prune`.

use super::Session;
use super::arguments::PruneArgs;
use super::exit::Exit;

pub(super) fn prune(session: &Session, arguments: &PruneArgs) -> Result<Exit, Exit> {
    let _ = arguments;
    session.printer.error("not built yet", None);
    Err(Exit::Usage)
}
