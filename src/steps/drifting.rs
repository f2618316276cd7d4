//! The step `fit --against`: fits held against the parameters of an earlier file.

use super::fitting::FittedFile;
use super::fitting_files::read_text;
use super::parameters::latest_version;
use super::{StepError, provenance};
use crate::fit::{Drift, Earlier, FormText, ParamText, drift, of_absent, of_drift};
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
/// fit whose set the file does not have gets a finding, and stays without a drift.
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
    let name = path.file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned());
    for file in fitted {
        let fit = &file.fit;
        let form = FormText { target: fit.target.clone(), features: fit.features.clone() };
        let mut drifts: Vec<Option<Drift>> = Vec::new();
        for (model, (op, set)) in file.fit.models.iter_mut().zip(&file.names) {
            let found = earlier.find(op, set)?;
            let drift = found.as_ref().and_then(|earlier| drift(earlier, &form, model));
            model.findings.extend(match found {
                Some(_) => drift.as_ref().and_then(|drift| of_drift(drift, &name)),
                None => Some(of_absent(&name, op, set, earlier.has(op))),
            });
            drifts.push(drift);
        }
        file.drifts = drifts;
    }
    Ok(())
}

impl EarlierFile {
    fn has(&self, op: &str) -> bool {
        self.text.iter().any(|(known, _)| known == op)
    }

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
