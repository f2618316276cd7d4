//! Where fitted parameters go: a parameter file, and a twin that says what they rest on. Files called
//! `params_vN.yaml` are versions, and never change.

use super::fitting::{FitRequest, FittedFile};
use super::parameters::{latest_version, version_of};
use super::usable_parameters::{
    hidden_sets, refuse_missing_weights, refuse_unknown_sets, unknown_operations, unknown_sets,
};
use super::{StepError, provenance};
use crate::config::load_params;
use crate::fit::{FittedModel, ParamText, WRITTEN, order_sets, put_set, write_params};
use crate::outside::durable::{Draft, write_file};
use crate::value::Digest;
use serde_json::{Map, Value, json};
use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};

/// A file of parameters that was written.
pub struct Written {
    /// The file.
    pub path: PathBuf,
    /// What estimates will not make of it what may be meant.
    pub warnings: Vec<String>,
}

/// Writes the parameters into a file, beside those of other sets that it has, and returns what estimates cannot use
/// of them: the file may be for others.
pub fn write_out(path: &Path, request: &FitRequest, fitted: &[FittedFile]) -> Result<Vec<String>, StepError> {
    if path.exists() && version_of(path).is_some() {
        let message = format!("`{}` is there, and versions never change", path.display());
        return Err(StepError::usage(message, Some("`--promote FOLDER` makes the next version".to_owned())));
    }
    let mut text = ParamText::new();
    let mut provenance = Map::new();
    if path.exists() {
        let old = fs::read_to_string(path).map_err(|source| StepError::Read { path: path.to_owned(), source })?;
        if !old.starts_with(WRITTEN) {
            let message = format!("`{}` was not written by `shmoo fit`, and would lose its comments", path.display());
            return Err(StepError::usage(message, Some("choose another name, or `--promote` its folder".to_owned())));
        }
        text = read_text(path, &old)?;
        provenance = provenance::read(&provenance::twin(path))?;
    }
    add(&mut text, &mut provenance, request, fitted)?;
    // First what the values rest on: a twin without its file misleads nobody.
    let twin = provenance::twin(path);
    write_file(&twin, provenance::text(provenance).as_bytes()).map_err(StepError::disk("write", &twin))?;
    write_file(path, write_params(&text).as_bytes()).map_err(StepError::disk("write", path))?;
    Ok(unknown_sets(fitted).into_iter().chain(hidden_sets(&text, fitted)).collect())
}

/// Writes the next version of a folder of parameters: the latest, with what was fitted in its place. A folder
/// that is not there is made, for the first version.
///
/// # Errors
/// Besides what keeps the version from being written: attribute sets that estimates cannot read, and a folder of
/// devices.
pub fn promote(folder: &Path, request: &FitRequest, fitted: &[FittedFile]) -> Result<Written, StepError> {
    refuse_unknown_sets(fitted)?;
    refuse_missing_weights(fitted, folder)?;
    let latest = latest_of_device(folder)?;
    let mut text = ParamText::new();
    let mut provenance = Map::new();
    if latest > 0 {
        let path = folder.join(format!("params_v{latest}.yaml"));
        let old = fs::read_to_string(&path).map_err(|source| StepError::Read { path: path.clone(), source })?;
        text = read_text(&path, &old)?;
        provenance = provenance::read(&provenance::twin(&path))?;
    }
    add(&mut text, &mut provenance, request, fitted)?;
    let path = folder.join(format!("params_v{}.yaml", latest + 1));
    let disk = |source| StepError::Disk { what: "write", path: path.clone(), source };
    fs::create_dir_all(folder).map_err(StepError::disk("make", folder))?;
    let mut draft = Draft::create(folder, 0o666).map_err(disk)?;
    draft.file().write_all(write_params(&text).as_bytes()).map_err(disk)?;
    let twin = provenance::twin(&path);
    write_file(&twin, provenance::text(provenance).as_bytes()).map_err(StepError::disk("write", &twin))?;
    if !draft.publish_new(&path).map_err(disk)? {
        return Err(StepError::usage(format!("another process has just written `{}`", path.display()), None));
    }
    let naming = match request.files.as_slice() {
        [] => "a model of a suite names it by `by`, or by its own name",
        _ => "`--op` gives it another name",
    };
    let warnings = unknown_operations(fitted, naming).into_iter().chain(hidden_sets(&text, fitted)).collect();
    Ok(Written { path, warnings })
}

/// Returns the latest version in the folder of a device, 0 if there is none; refuses the folder of all devices, which
/// a version would make a device itself.
pub(super) fn latest_of_device(folder: &Path) -> Result<usize, StepError> {
    let latest = if folder.exists() { latest_version(folder)? } else { 0 };
    if latest > 0 || !folder.exists() {
        return Ok(latest);
    }
    let devices = devices(folder)?;
    let Some(device) = devices.first() else { return Ok(0) };
    let message = format!("`{}` has a folder for each device: `{}`", folder.display(), devices.join("`, `"));
    let place = folder.join(device);
    let hint = format!("name the folder of the device that the parameters are of, such as `{}`", place.display());
    Err(StepError::usage(message, Some(hint)))
}

/// Returns the names of the folders that have versions.
fn devices(folder: &Path) -> Result<Vec<String>, StepError> {
    let read = |source| StepError::Read { path: folder.to_owned(), source };
    let mut devices = Vec::new();
    for entry in fs::read_dir(folder).map_err(read)? {
        let path = entry.map_err(read)?.path();
        if path.join("params_v1.yaml").is_file() {
            devices.extend(path.file_name().map(|name| name.to_string_lossy().into_owned()));
        }
    }
    devices.sort();
    Ok(devices)
}

pub(super) fn read_text(path: &Path, text: &str) -> Result<ParamText, StepError> {
    let (entries, _) = load_params(&path.display().to_string(), text).map_err(StepError::Problems)?;
    let set = |set: crate::config::ParamsSet| {
        (set.key, set.params.into_iter().map(|(name, value)| (name, value.to_string())).collect())
    };
    Ok(entries.into_iter().map(|entry| (entry.op, entry.sets.into_iter().map(set).collect())).collect())
}

/// Puts what was fitted into a file's text and its twin's.
fn add(
    text: &mut ParamText,
    provenance: &mut Map<String, Value>,
    request: &FitRequest,
    fitted: &[FittedFile],
) -> Result<(), StepError> {
    let mut seen: Vec<(&(String, String), &FittedFile)> = Vec::new();
    for file in fitted {
        let mut source =
            File::open(file.source()).map_err(|source| StepError::Read { path: file.path.clone(), source })?;
        let (digest, bytes) =
            Digest::of_reader(&mut source).map_err(|source| StepError::Read { path: file.path.clone(), source })?;
        for (model, name) in file.fit.models.iter().zip(&file.names) {
            let (op, set) = name;
            let Some(coefficients) = &model.coefficients else { continue };
            if file.is_nameless(op) {
                let hint = "give `--op`, or name the column of the operations under `op` of the model";
                let message = "an operation of standard input has no name for a parameter file";
                return Err(StepError::usage(message, Some(hint.to_owned())));
            }
            if op.contains('/') {
                let message = format!("the operation `{op}` has a `/`, which parts the words of attribute sets");
                return Err(StepError::usage(message, Some("give it another name by `--op`".to_owned())));
            }
            if let Some((_, earlier)) = seen.iter().find(|(known, _)| *known == name) {
                return Err(two_fits(name, request, model, [earlier, file]));
            }
            seen.push((name, file));
            let params: Vec<(String, f64)> =
                coefficients.iter().map(|found| (found.name.clone(), found.value)).collect();
            put_set(text, op, set, &params);
            let data = json!({
                "file": file.path.file_name().map(|name| name.to_string_lossy().into_owned()),
                "sha256": digest.to_string(),
                "bytes": bytes,
                "rows": file.fit.gate.rows,
                "used": file.fit.gate.used,
                "where": request.filters,
            });
            provenance.insert(format!("{op}/{set}"), provenance::entry(file, model, coefficients, data));
        }
        file.names.iter().for_each(|(op, _)| order_sets(text, op, &file.fit.sets));
    }
    Ok(())
}

/// Says that an operation has two fits of one set, of which a parameter file can have one.
fn two_fits(
    (op, set): &(String, String),
    request: &FitRequest,
    model: &FittedModel,
    [earlier, later]: [&FittedFile; 2],
) -> StepError {
    let what = format!("`{op}` has two fits of the set `{set}`");
    if request.files.is_empty() {
        let models = format!("`{}` and `{}`", earlier.fit.model, later.fit.model);
        let message = format!("{what}, by the models {models}, and a parameter file has one");
        return StepError::usage(message, Some("give one of them another `params_file`".to_owned()));
    }
    let hint = match model.by.as_slice() {
        [] => "name sets under `sets` of the model, or give `--op` and `--set`",
        _ => "name the column of the groups under `op` and `by` of the model, so that each is an operation",
    };
    StepError::usage(format!("{what}, and a parameter file has one"), Some(hint.to_owned()))
}
