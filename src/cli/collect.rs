//! `shmoo collect`.

use super::Session;
use super::exit::Exit;
use super::machine_arguments::CollectArgs;

pub(super) fn collect(session: &Session, _arguments: &CollectArgs) -> Result<Exit, Exit> {
    session.printer.error("collecting is not built yet", None);
    Err(Exit::Usage)
}
