//! `shmoo fit --suite`: the models of a suite, over a run on this machine.

use super::Session;
use super::exit::Exit;
use super::fit::{print, request, tell_written};
use super::fit_arguments::FitArgs;
use crate::steps::StepError;
use crate::steps::fitting::FittedFile;
use crate::steps::fitting_files::write_out;
use crate::steps::modelling::{SuiteFit, promote_suite, refit, request_of_suite};
use crate::steps::run_folder::RunFolder;
use crate::steps::workspace::load_suite_file;
use std::collections::BTreeSet;
use std::path::Path;

pub(super) fn fit_suite(session: &Session, arguments: &FitArgs, suite: &Path) -> Result<Exit, Exit> {
    let printer = &session.printer;
    let fail = |error: StepError| printer.step(&error);
    let loaded = load_suite_file(suite).map_err(fail)?;
    printer.warn_all(&loaded.warnings, &loaded.suite.sources);
    let name = loaded.suite.name.clone();
    let run = match arguments.files.as_slice() {
        [] => "last".to_owned(),
        [run] => run.display().to_string(),
        _ => return Err(fail(StepError::usage("`--suite` takes one run", None))),
    };
    if loaded.suite.models.is_empty() {
        let hint = Some("a suite has them under `models`".to_owned());
        return Err(fail(StepError::usage(format!("the suite `{name}` has no models"), hint)));
    }
    let workspace = session.workspace(&loaded.folder)?;
    let folder = RunFolder::find(&workspace, &run, Some(&name)).map_err(fail)?;
    if folder.facts.suite != name {
        let message = format!("the run {} is of suite `{}`, not `{name}`", folder.facts.id, folder.facts.suite);
        return Err(fail(StepError::usage(message, None)));
    }
    let fits = refit(&workspace, &folder, loaded, &request(arguments).options).map_err(fail)?;
    for warning in fits.iter().filter_map(|fit| fit.record.warning()) {
        printer.warning(&warning);
    }
    let files: Vec<FittedFile> = fits.iter().filter_map(|fit| fit.file.clone()).collect();
    print(session, arguments, &files)?;
    if files.is_empty() {
        return Err(fail(StepError::usage(format!("no model of run {} could be fitted", folder.facts.id), None)));
    }
    if arguments.out.is_some() || arguments.promote.is_some() {
        all_placed(&fits).map_err(fail)?;
    }
    if let Some(path) = &arguments.out {
        one_target(&fits).map_err(fail)?;
        let warnings = write_out(path, &request_of_suite(), &files).map_err(fail)?;
        warnings.iter().for_each(|warning| printer.warning(warning));
    }
    if let Some(target) = &arguments.promote {
        for written in promote_suite(target, &fits).map_err(fail)? {
            tell_written(session, &written);
        }
    }
    Ok(Exit::Ok)
}

/// Refuses fits that belong into no parameter file.
fn all_placed(fits: &[SuiteFit]) -> Result<(), StepError> {
    let unplaced = fits.iter().find(|fit| fit.file.is_some() && fit.targets.is_empty());
    let refusal = |fit: &SuiteFit| StepError::usage(fit.record.warning().unwrap_or_default(), None);
    unplaced.map(refusal).map_or(Ok(()), Err)
}

/// Refuses fits of several parameter files, such as those of several devices.
fn one_target(fits: &[SuiteFit]) -> Result<(), StepError> {
    let targets: BTreeSet<&String> = fits.iter().flat_map(|fit| &fit.targets).collect();
    if targets.len() <= 1 {
        return Ok(());
    }
    let names: Vec<&str> = targets.into_iter().map(String::as_str).collect();
    let message = format!("the models of the run belong into several parameter files: {}", names.join(", "));
    Err(StepError::usage(message, Some("`--promote` takes them all, `sweep --where` one".to_owned())))
}
