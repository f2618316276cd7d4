//! The step `fit --suite --promote`: the parameter files of a suite's models -> the next version of each device.
//!
//! A parameter file `DEVICE_params.yaml` goes into `FOLDER/DEVICE`, or into `FOLDER` if that has the device's name.
//! One of another name, if there are no others, goes into `FOLDER`.

use super::{SuiteFit, part_of, request_of_suite};
use crate::steps::StepError;
use crate::steps::fitting::FittedFile;
use crate::steps::fitting_files::{Written, latest_of_device, promote};
use crate::steps::parameters::latest_version;
use crate::steps::usable_parameters::{refuse_missing_weights, refuse_unknown_sets};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// What the name of a device's parameter file ends with.
const ENDING: &str = "_params.yaml";

/// Writes the next version of each device's parameters, and returns what was written.
///
/// # Errors
/// Several parameter files of which one names no device, or two the same, a folder that has versions itself, sets that
/// estimates cannot read, and what keeps a version from being written; devices before it have their version then.
pub fn promote_suite(folder: &Path, fits: &[SuiteFit]) -> Result<Vec<Written>, StepError> {
    let request = request_of_suite();
    let targets = by_target(fits);
    let places = places_of(folder, &targets.keys().copied().collect::<Vec<_>>())?;
    // All that can be wrong with what is there comes before the first file.
    for (place, files) in places.iter().zip(targets.values()) {
        latest_of_device(place)?;
        refuse_unknown_sets(files)?;
        refuse_missing_weights(files, place)?;
    }
    places.iter().zip(targets.values()).map(|(place, files)| promote(place, &request, files)).collect()
}

/// Returns the fits of each parameter file, by its name.
fn by_target(fits: &[SuiteFit]) -> BTreeMap<&str, Vec<FittedFile>> {
    let mut targets: BTreeMap<&str, Vec<FittedFile>> = BTreeMap::new();
    for fit in fits {
        let Some(file) = &fit.file else { continue };
        let own: std::collections::BTreeSet<&String> = fit.targets.iter().collect();
        for target in own {
            let part = part_of(file, |index| fit.targets[index] == *target);
            targets.entry(target).or_default().push(part);
        }
    }
    targets
}

/// Returns the folders of the devices of parameter files, each another.
fn places_of(folder: &Path, targets: &[&str]) -> Result<Vec<PathBuf>, StepError> {
    let mut owners: BTreeMap<PathBuf, &str> = BTreeMap::new();
    let mut places = Vec::new();
    for target in targets {
        let place = place_of(folder, target, targets.len())?;
        if let Some(other) = owners.insert(place.clone(), target) {
            let message = format!("`{other}` and `{target}` are parameters of one device: `{}`", place.display());
            let hint = "give one of them another name in its `params_file`".to_owned();
            return Err(StepError::usage(message, Some(hint)));
        }
        places.push(place);
    }
    Ok(places)
}

/// Returns the folder of a parameter file's device; `files` is how many parameter files there are.
fn place_of(folder: &Path, target: &str, files: usize) -> Result<PathBuf, StepError> {
    let name = target.rsplit('/').next().unwrap_or(target);
    let device = name.strip_suffix(ENDING).filter(|device| !device.is_empty());
    let Some(device) = device else {
        if files == 1 {
            return Ok(folder.to_owned());
        }
        let message = format!("the models belong into several parameter files, and `{target}` names no device");
        return Err(StepError::usage(message, Some(format!("`params_file: \"{{arch}}{ENDING}\"` would"))));
    };
    let whole = folder.canonicalize().unwrap_or_else(|_| folder.to_owned());
    if files == 1 && whole.file_name().is_some_and(|name| name == device) {
        return Ok(folder.to_owned());
    }
    if folder.exists() && latest_version(folder)? > 0 {
        let what = if files == 1 { format!("`{target}` is of `{device}`") } else { format!("there are {files}") };
        let message = format!("`{}` has the parameters of one device, and {what}", folder.display());
        let hint = "name the folder that has a folder for each device".to_owned();
        return Err(StepError::usage(message, Some(hint)));
    }
    Ok(folder.join(device))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_files_of_one_device_are_refused() {
        let places = |targets: &[&str]| places_of(Path::new("/params"), targets).map_err(|error| error.to_string());
        let both = places(&["new_params.yaml", "old_params.yaml"]);
        assert_eq!(both, Ok(vec![PathBuf::from("/params/new"), PathBuf::from("/params/old")]));
        let error = places(&["a/new_params.yaml", "b/new_params.yaml"]).unwrap_err();
        assert_eq!(error, "`a/new_params.yaml` and `b/new_params.yaml` are parameters of one device: `/params/new`");
    }

    #[test]
    fn every_device_has_its_folder() -> std::io::Result<()> {
        let root = tempfile::tempdir()?;
        let of = |target: &str, files: usize| {
            let place = place_of(root.path(), target, files).map_err(|error| error.to_string())?;
            Ok::<String, String>(place.strip_prefix(root.path()).unwrap_or(&place).display().to_string())
        };
        assert_eq!(of("params.yaml", 1), Ok(String::new()));
        assert_eq!(of("new_params.yaml", 1), Ok("new".to_owned()));
        assert_eq!(of("new_params.yaml", 2), Ok("new".to_owned()));
        let error = of("params.yaml", 2).unwrap_err();
        assert!(error.contains("`params.yaml` names no device"), "{error}");
        let own = root.path().join("new");
        std::fs::create_dir(&own)?;
        let place = |folder: &Path| place_of(folder, "new_params.yaml", 1).map_err(|error| error.to_string());
        assert_eq!(place(&own), Ok(own.clone()));
        assert_eq!(place(&root.path().join("later/new")), Ok(root.path().join("later/new")));
        let old = root.path().join("old");
        std::fs::create_dir(&old)?;
        assert_eq!(place(&old), Ok(old.join("new")));
        std::fs::write(old.join("params_v1.yaml"), "exp:\n  base: { tile_weight: 1 }\n")?;
        let error = place(&old).unwrap_err();
        assert!(error.ends_with("has the parameters of one device, and `new_params.yaml` is of `new`"), "{error}");
        let error = place_of(&old, "new_params.yaml", 2).map_err(|error| error.to_string()).unwrap_err();
        assert!(error.ends_with("has the parameters of one device, and there are 2"), "{error}");
        Ok(())
    }
}
