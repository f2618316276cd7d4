//! `shmoo archive`.

use super::Session;
use super::arguments::{ArchiveArgs, TextFormat};
use super::collect::workspace;
use super::exit::Exit;
use super::progress::packing;
use crate::outside::lock::RunLock;
use crate::report::count;
use crate::steps::run_folder::RunFolder;
use crate::steps::{StepError, archiving, recording};
use crate::value::show_bytes;
use serde_json::json;

pub(super) fn archive(session: &Session, arguments: &ArchiveArgs) -> Result<Exit, Exit> {
    let ArchiveArgs { run, places, format } = arguments;
    let printer = &session.printer;
    let fail = |error: StepError| printer.step(&error);
    let workspace = workspace(session, places)?;
    let folder = RunFolder::find(&workspace, run, None).map_err(fail)?;
    let _lock = RunLock::acquire(&folder.path, &*workspace.clock).map_err(|error| fail(StepError::Lock(error)))?;
    let (plan, ..) = folder.plan().map_err(fail)?;
    let mut recorded = recording::make(&workspace, &folder, &plan).map_err(fail)?;
    let archived =
        archiving::archive(&workspace, &folder, &plan, &mut recorded.record, &packing(printer)).map_err(fail)?;
    // The history says where the archive is.
    recording::store(&workspace, &recorded.record).map_err(fail)?;
    for left_out in &archived.left_out {
        printer.warning(&format!("not in the archive: `{}`, {}", left_out.path.display(), left_out.reason));
    }
    let packed = &archived.packed;
    match format {
        TextFormat::Json => {
            let json = json!({
                "version": 1,
                "run": folder.facts.id,
                "archive": archived.key.to_string(),
                "store": workspace.project.store,
                "bytes": packed.bytes,
                "input_bytes": packed.input_bytes,
                "files": packed.files,
                "excluded": archived.excluded,
                "left_out": archived.left_out.iter().map(|left_out| left_out.path.display().to_string()).collect::<Vec<_>>(),
            });
            printer.data(|out| writeln!(out, "{json:#}"))?;
        }
        TextFormat::Text => printer.data(|out| {
            writeln!(
                out,
                "{} in {} ({} of {} in {})",
                archived.key,
                workspace.project.store,
                show_bytes(packed.bytes),
                show_bytes(packed.input_bytes),
                count(packed.files, "file")
            )
        })?,
    }
    if archived.excluded > 0 {
        printer.note(&format!("{} left out by `archive: exclude`", count(archived.excluded as u64, "file")));
    }
    Ok(Exit::Ok)
}
