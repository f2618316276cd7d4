//! The step `fit --against`: fits held against the parameters of an earlier file.

use super::fitting::FittedFile;
use super::fitting_files::read_text;
use super::parameters::latest_version;
use super::{StepError, provenance};
use crate::fit::{Drift, Earlier, FormText, ParamText, drift, of_drift};
use serde_json::{Map, Value};
use std::fs;
use std::path::{Path, PathBuf};

/// An earlier parameter file.
struct EarlierFile {
    text: ParamText,
    twin: PathBuf,
    sets: Map<String, Value>,
}

/// Holds every fit against a parameter file, or against the latest version of a folder. A
/// fit whose set the file does not have stays without a drift.
pub(super) fn hold_against(path: &Path, fitted: &mut [FittedFile]) -> Result<(), StepError> {
    let path = match path.is_dir() {
        true => match latest_version(path)? {
            0 => {
                let message = format!("`{}` has no `params_v1.yaml`", path.display());
                return Err(StepError::usage(message, Some("name a parameter file".to_owned())));
            }
            latest => path.join(format!("params_v{latest}.yaml")),
        },
        false => path.to_owned(),
    };
    let text = fs::read_to_string(&path).map_err(|source| StepError::Read { path: path.clone(), source })?;
    let twin = provenance::twin(&path);
    let earlier = EarlierFile { text: read_text(&path, &text)?, sets: provenance::read(&twin)?, twin };
    for file in fitted {
        let fit = &file.fit;
        let form = FormText { target: fit.target.clone(), features: fit.features.clone() };
        let of = |(model, (op, set)): (&_, &(String, String))| -> Result<Option<Drift>, StepError> {
            Ok(earlier.find(op, set)?.and_then(|earlier| drift(&earlier, &form, model)))
        };
        file.drifts = fit.models.iter().zip(&file.names).map(of).collect::<Result<_, _>>()?;
        for (model, drift) in file.fit.models.iter_mut().zip(&file.drifts) {
            let name = path.file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned());
            model.findings.extend(drift.as_ref().and_then(|drift| of_drift(drift, &name)));
        }
    }
    Ok(())
}

impl EarlierFile {
    /// Returns the parameters of a set of an operation; what the twin says of other values is not taken.
    fn find(&self, op: &str, set: &str) -> Result<Option<Earlier>, StepError> {
        let sets = self.text.iter().find(|(known, _)| known == op).map(|(_, sets)| sets);
        let found = sets.and_then(|sets| sets.iter().find(|(known, _)| known == set));
        let Some((_, values)) = found else { return Ok(None) };
        let number = |text: &String| text.parse::<f64>().unwrap_or(f64::NAN);
        let values: Vec<(String, f64)> = values.iter().map(|(name, text)| (name.clone(), number(text))).collect();
        let singles: Vec<(String, f32)> = values.iter().map(|(name, value)| (name.clone(), *value as f32)).collect();
        let rests_on = provenance::rests_on(&self.twin, &self.sets, op, set)?;
        let rests_on = rests_on.filter(|rests_on| rests_on.is_of(&singles));
        Ok(Some(Earlier::new(&values, rests_on.as_ref())))
    }
}
