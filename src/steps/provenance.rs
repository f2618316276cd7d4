//! The twin of a parameter file, `FILE.provenance.json`: what the values of each set rest on.

use super::StepError;
use super::fitting::FittedFile;
use crate::fit::{Coefficient, FittedModel, Ratios, RestsOn};
use serde_json::{Map, Value, json};
use std::fs;
use std::path::{Path, PathBuf};

/// The format of the twin.
const FORMAT: &str = "shmoo-params-provenance";
/// What its name ends with.
const ENDING: &str = "provenance.json";

/// Returns the path of the twin: `params.provenance.json` of `params.yaml`, `params.yml.provenance.json` of
/// `params.yml`.
pub(super) fn twin(path: &Path) -> PathBuf {
    match path.extension() {
        Some(ending) if ending != "yaml" => path.with_extension(format!("{}.{ENDING}", ending.to_string_lossy())),
        _ => path.with_extension(ENDING),
    }
}

/// Reads what a twin says of each set, by `op/set`; nothing where there is no twin.
pub(super) fn read(path: &Path) -> Result<Map<String, Value>, StepError> {
    let bytes = match fs::read(path) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Map::new()),
        Err(source) => return Err(StepError::Read { path: path.to_owned(), source }),
    };
    let value: Value = serde_json::from_slice(&bytes).map_err(|error| damaged(path, &error.to_string()))?;
    if value["format"] != FORMAT {
        return Err(damaged(path, &format!("its `format` is not `{FORMAT}`")));
    }
    if value["version"].as_u64().is_some_and(|version| version > 1) {
        let message = format!("`{}` was written by a newer shmoo", path.display());
        return Err(StepError::usage(message, Some("update shmoo".to_owned())));
    }
    let sets = value.get("sets").and_then(Value::as_object).cloned();
    sets.ok_or_else(|| damaged(path, "it has no map `sets`"))
}

fn damaged(path: &Path, why: &str) -> StepError {
    let hint = "take it from where the parameters came from; without it estimates have no intervals";
    StepError::usage(format!("`{}` is damaged: {why}", path.display()), Some(hint.to_owned()))
}

/// Returns the text of a twin.
pub(super) fn text(sets: Map<String, Value>) -> String {
    let json = json!({ "format": FORMAT, "version": 1, "shmoo": env!("CARGO_PKG_VERSION"), "sets": sets });
    format!("{json:#}\n")
}

/// Reads what the set of an operation rests on; none where the twin has nothing of it.
pub(super) fn rests_on(
    twin: &Path,
    sets: &Map<String, Value>,
    op: &str,
    set: &str,
) -> Result<Option<RestsOn>, StepError> {
    let Some(entry) = sets.get(&format!("{op}/{set}")) else { return Ok(None) };
    let read = RestsOn::read(entry).map_err(|error| damaged(twin, &format!("`{op}/{set}`: {error}")))?;
    Ok(Some(read))
}

/// Returns what a set's parameters rest on.
pub(super) fn entry(file: &FittedFile, model: &FittedModel, coefficients: &[Coefficient], data: Value) -> Value {
    let fit = &file.fit;
    let named = |value: fn(&Coefficient) -> Value| -> Map<String, Value> {
        coefficients.iter().map(|found| (found.name.clone(), value(found))).collect()
    };
    let features: Map<String, Value> = fit.features.iter().map(|(name, text)| (name.clone(), json!(text))).collect();
    json!({
        "model": fit.model,
        "target": fit.target,
        "features": features,
        "weighting": fit.weighting.word(),
        "robust": fit.robust,
        "data": data,
        "rows": model.rows,
        "params": named(|found| json!(found.value)),
        "intervals": named(|found| json!(found.interval.map(|(low, high)| [low, high]))),
        "interval_method": model.method,
        "feature_ranges": named(|found| json!([found.range.0, found.range.1])),
        "order": coefficients.iter().map(|found| &found.name).collect::<Vec<_>>(),
        "covariance": model.covariance,
        "ratios": model.ratios.map(|Ratios { low, middle, high }| [low, middle, high]),
        "rmse": model.quality.rmse,
        "r2": model.quality.r2,
        "mape": model.quality.mean_error.map(|error| error * 100.0),
        "cv_mape": model.quality.left_out_error.map(|error| error * 100.0),
        "warnings": model.findings,
    })
}
