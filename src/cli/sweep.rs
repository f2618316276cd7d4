//! `shmoo sweep`: the whole flow.

use super::Session;
use super::arguments::SweepArgs;
use super::collect::apply;
use super::exit::Exit;
use super::report::{Extras, finish};
use super::run::{carry_out, load};
use crate::steps::StepError;
use crate::steps::Workspace;
use crate::steps::recording::Models;
use crate::steps::run_folder::RunFolder;
use crate::steps::running::Ran;

pub(super) fn sweep(session: &Session, arguments: &SweepArgs) -> Result<Exit, Exit> {
    let SweepArgs { suite, select, how, judging, no_compare, no_archive, places, format, .. } = arguments;
    let ran = match arguments.skip_perf_sweep {
        true => Some(measured_before(session, arguments)?),
        false => carry_out(session, suite, select, how, places)?,
    };
    let Some((workspace, ran)) = ran else { return Ok(Exit::Ok) };
    let compare = (!no_compare).then(|| judging.base.clone());
    let models = if arguments.skip_performance_model { Models::Skip } else { Models::Fit };
    let extras = Extras { compare, strict: judging.strict, archive: !no_archive, models };
    finish(session, &workspace, ran, extras, *format)
}

/// Returns the last run of the suite, as it was left.
fn measured_before(session: &Session, arguments: &SweepArgs) -> Result<(Workspace, Ran), Exit> {
    let fail = |error: StepError| session.printer.step(&error);
    let SweepArgs { suite, select, places, .. } = arguments;
    let loaded = load(session, suite, select)?;
    let mut workspace = session.workspace(&loaded.folder)?;
    apply(places, &mut workspace);
    let folder = RunFolder::find(&workspace, "last", Some(&loaded.suite.name)).map_err(fail)?;
    if select.selection() != crate::plan::Selection::default() || select.operations_cfg.is_some() {
        let message = "`--skip-perf-sweep` takes the last run as it was planned";
        session.printer.error(message, Some("leave the filters out"));
        return Err(Exit::Usage);
    }
    let (plan, _, _) = folder.plan().map_err(fail)?;
    session.printer.note(&format!("nothing is run: the models are fitted over run {}", folder.facts.id));
    Ok((workspace, Ran { folder, plan, stopped: None, left: 0, resumed: 0, elsewhere: 0 }))
}
