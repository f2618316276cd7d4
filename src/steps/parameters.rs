//! Folders of parameter files: `DEVICE/params_vN.yaml`, the versions without a gap.

use super::{StepError, provenance};
use crate::config::{ParamsEntry, load_params};
use crate::fit::estimate::{Architecture, known_operation};
use crate::fit::{ParamSet, Params, Predicate, predicates};
use crate::value::{Problem, Problems, did_you_mean};
use std::fs;
use std::path::{Path, PathBuf};

/// The parameters that ship: what was measured by hand, and no fit gives.
const SHIPPED: &str = include_str!("../../configs/params/sparse.yaml");
/// Devices and the cycles of a tile in their sparse products.
const DEVICES: [(&str, f32); 3] = [("grayskull", 36.0), ("wormhole_b0", 18.0), ("blackhole", 18.0)];

/// Returns the parameters that ship.
pub(super) fn shipped() -> Result<Vec<Architecture>, StepError> {
    let params = read_text("configs/params/sparse.yaml", SHIPPED)?;
    let of = |&(name, tile): &(&str, f32)| {
        let mut params = params.clone();
        let values = params.ops.iter_mut().flat_map(|(_, sets)| sets).flat_map(|set| &mut set.values);
        values.filter(|(name, _)| name == "tile_weight").for_each(|(_, value)| *value = tile);
        Architecture { name: name.to_owned(), versions: vec![params] }
    };
    Ok(DEVICES.iter().map(of).collect())
}

/// Reads the parameters of all devices of a folder; one with parameter files of its own is a device.
pub(super) fn read_folder(folder: &Path) -> Result<Vec<Architecture>, StepError> {
    if folder.is_file() {
        let hint = "name the folder of the device, or the one that has a folder for each".to_owned();
        return Err(StepError::usage(
            format!("`{}` is a file, and parameters have folders", folder.display()),
            Some(hint),
        ));
    }
    let own = files(folder)?;
    if own.iter().any(|path| version_of(path).is_some()) {
        return Ok(vec![read_device(folder)?]);
    }
    let mut devices = Vec::new();
    for path in entries(folder)? {
        if path.is_dir() && files(&path)?.iter().any(|path| version_of(path).is_some()) {
            devices.push(read_device(&path)?);
        }
    }
    if devices.is_empty() {
        let hint = "a folder for each device, with `params_v1.yaml` and so on".to_owned();
        return Err(StepError::usage(format!("there are no parameter files below `{}`", folder.display()), Some(hint)));
    }
    Ok(devices)
}

fn read_device(folder: &Path) -> Result<Architecture, StepError> {
    let mut versions = Vec::new();
    for path in files(folder)? {
        let Some(version) = version_of(&path) else {
            let hint = "parameter files are called `params_v1.yaml`, `params_v2.yaml` and so on".to_owned();
            return Err(StepError::usage(format!("`{}` is no name of a parameter file", path.display()), Some(hint)));
        };
        versions.push((version, path));
    }
    versions.sort();
    let mut read = Vec::new();
    for (place, (version, path)) in versions.iter().enumerate() {
        let wanted = place + 1;
        if *version != wanted {
            let message = format!("`{}` has no `params_v{wanted}.yaml`", folder.display());
            return Err(StepError::usage(
                message,
                Some(format!("it has `params_v{version}.yaml`: versions have no gaps")),
            ));
        }
        read.push(read_version(path)?);
    }
    let name = folder.canonicalize().unwrap_or_else(|_| folder.to_owned());
    let name = name.file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned());
    Ok(Architecture { name, versions: read })
}

/// Returns the version in a file's name.
pub(super) fn version_of(path: &Path) -> Option<usize> {
    let digits = path.file_name()?.to_str()?.strip_prefix("params_v")?.strip_suffix(".yaml")?;
    (!digits.starts_with('0') && digits.bytes().all(|byte| byte.is_ascii_digit())).then(|| digits.parse().ok())?
}

/// Returns the latest version in a folder, whose versions have no gap; 0 if there is none.
pub(super) fn latest_version(folder: &Path) -> Result<usize, StepError> {
    if !files(folder)?.iter().any(|path| version_of(path).is_some()) {
        return Ok(0);
    }
    Ok(read_device(folder)?.versions.len())
}

fn entries(folder: &Path) -> Result<Vec<PathBuf>, StepError> {
    let read = |source| StepError::Read { path: folder.to_owned(), source };
    let mut paths = Vec::new();
    for entry in fs::read_dir(folder).map_err(read)? {
        paths.push(entry.map_err(|source| StepError::Read { path: folder.to_owned(), source })?.path());
    }
    paths.sort();
    Ok(paths)
}

/// Returns the YAML files of a folder.
fn files(folder: &Path) -> Result<Vec<PathBuf>, StepError> {
    let yaml = |path: &PathBuf| path.extension().is_some_and(|extension| extension == "yaml" || extension == "yml");
    Ok(entries(folder)?.into_iter().filter(|path| yaml(path) && path.is_file()).collect())
}

/// Reads a version of a device's parameters. An operation that nobody knows is refused, unless a fit has put it there,
/// which said so: it may be for others than estimates.
fn read_version(path: &Path) -> Result<Params, StepError> {
    let params = read_file(path)?;
    let fitted =
        |op: &str| params.ops.iter().any(|(own, sets)| own == op && sets.iter().any(|set| set.rests_on.is_some()));
    let (entries, sources) = load_params(&path.display().to_string(), &text_of(path)?).map_err(StepError::Problems)?;
    let unknown = |ParamsEntry { op, span, .. }: ParamsEntry| {
        let hint = known_operation(&op).err().filter(|_| !fitted(&op))?;
        Some(Problem::at(span, format!("`{op}` is no operation")).maybe_hint(hint))
    };
    let list: Vec<Problem> = entries.into_iter().filter_map(unknown).collect();
    if list.is_empty() { Ok(params) } else { Err(StepError::Problems(Problems { list, sources })) }
}

fn text_of(path: &Path) -> Result<String, StepError> {
    fs::read_to_string(path).map_err(|source| StepError::Read { path: path.to_owned(), source })
}

/// Reads a parameter file, and what its values rest on.
pub fn read_file(path: &Path) -> Result<Params, StepError> {
    let mut params = read_text(&path.display().to_string(), &text_of(path)?)?;
    let twin = provenance::twin(path);
    let known = provenance::read(&twin)?;
    for (op, sets) in &mut params.ops {
        for set in sets {
            set.rests_on = provenance::rests_on(&twin, &known, op, &set.key)?.map(Box::new);
        }
    }
    Ok(params)
}

/// Returns the nearest single-precision number of what is written; by way of doubles it may be its neighbour.
fn single(value: &crate::value::Decimal) -> f32 {
    value.to_string().parse().unwrap_or(f32::NAN)
}

fn read_text(name: &str, text: &str) -> Result<Params, StepError> {
    let (entries, sources) = load_params(name, text).map_err(StepError::Problems)?;
    let mut list = Vec::new();
    let mut ops = Vec::new();
    for ParamsEntry { op, sets, .. } in entries {
        let mut read = Vec::new();
        for set in sets {
            match predicates(&set.key) {
                Ok(predicates) => {
                    let values = set.params.iter().map(|(name, value)| (name.clone(), single(value))).collect();
                    read.push(ParamSet { key: set.key, predicates, values, rests_on: None });
                }
                Err(word) => {
                    let problem = Problem::at(set.span, format!("`{word}` is no attribute of operations"));
                    list.push(problem.maybe_hint(did_you_mean(&word, Predicate::ALL.map(|(word, _)| word))));
                }
            }
        }
        ops.push((op, read));
    }
    if list.is_empty() { Ok(Params { ops }) } else { Err(StepError::Problems(Problems { list, sources })) }
}
