//! `shmoo doctor`.

use super::Session;
use super::arguments::DoctorArgs;
use super::exit::Exit;

pub(super) fn doctor(session: &Session, arguments: &DoctorArgs) -> Result<Exit, Exit> {
    let _ = arguments;
    session.printer.error("not built yet", None);
    Err(Exit::Usage)
}
