//! `shmoo sweep`: the whole flow.

use super::Session;
use super::arguments::SweepArgs;
use super::exit::Exit;
use super::machine_arguments::PlacesArgs;
use super::report::{Extras, finish, write_report};
use super::run::carry_out;

pub(super) fn sweep(session: &Session, arguments: &SweepArgs) -> Result<Exit, Exit> {
    let SweepArgs { suite, select, how, base, no_compare, no_archive, strict, format } = arguments;
    let Some((workspace, ran)) = carry_out(session, suite, select, how, &PlacesArgs::default())? else {
        return Ok(Exit::Ok);
    };
    let compare = (!no_compare).then(|| base.clone());
    let extras = Extras { compare, strict: *strict, archive: !no_archive };
    let (report, exit) = finish(session, &workspace, ran, extras)?;
    write_report(session, &report, *format)?;
    Ok(exit)
}
