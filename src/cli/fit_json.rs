//! The JSON of `shmoo fit`, written model by model: thousands of groups need no tree of theirs.

use super::fit::search_of;
use crate::fit::{
    Coefficient, Drift, Finding, FittedModel, FoundForm, Gate, IntervalMethod, Outlier, Quality, Search, Standing,
};
use crate::report::search_sentences;
use crate::steps::fitting::FittedFile;
use serde::ser::{SerializeMap, SerializeSeq};
use serde::{Serialize, Serializer};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

/// Bytes that are written together.
const BUFFER: usize = 1 << 16;

/// Writes what tables came to; `shown` says how a path is shown.
pub(super) fn write_json(
    fitted: &[FittedFile],
    shown: &dyn Fn(&Path) -> PathBuf,
    out: &mut dyn Write,
) -> io::Result<()> {
    let mut out = BufWriter::with_capacity(BUFFER, out);
    let data = fitted.iter().map(|file| DataJson::of(file, shown)).collect();
    serde_json::to_writer_pretty(&mut out, &FitJson { version: 1, models: Models(fitted), data })?;
    writeln!(out)?;
    out.flush()
}

#[derive(Serialize)]
struct FitJson<'f> {
    version: u64,
    models: Models<'f>,
    data: Vec<DataJson<'f>>,
}

/// The models of all tables.
struct Models<'f>(&'f [FittedFile]);

impl Serialize for Models<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let count = self.0.iter().map(|file| file.fit.models.len()).sum();
        let mut models = serializer.serialize_seq(Some(count))?;
        for file in self.0 {
            let path = file.path.display().to_string();
            for (index, model) in file.fit.models.iter().enumerate() {
                models.serialize_element(&ModelJson::of(file, index, model, &path))?;
            }
        }
        models.end()
    }
}

/// A model; errors are in percent of the target.
#[derive(Serialize)]
struct ModelJson<'f> {
    op: &'f str,
    set: &'f str,
    rows: u64,
    params: Pairs<'f, f64>,
    intervals: Pairs<'f, Option<(f64, f64)>>,
    mape: Option<f64>,
    r2: Option<f64>,
    cv_mape: Option<f64>,
    warnings: &'f [Finding],
    file: &'f str,
    by: Pairs<'f, &'f str>,
    interval_method: IntervalMethod,
    rmse: f64,
    p95_ape: Option<f64>,
    max_ape: Option<f64>,
    ratio_mean: Option<f64>,
    ratio_std: Option<f64>,
    condition: Option<f64>,
    scaled_condition: Option<f64>,
    feature_ranges: Pairs<'f, (f64, f64)>,
    outlier_rows: Option<u64>,
    outliers: &'f [Outlier],
    #[serde(skip_serializing_if = "Option::is_none")]
    search: Option<SearchJson<'f>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    drift: Option<&'f Drift>,
}

impl<'f> ModelJson<'f> {
    fn of(file: &'f FittedFile, index: usize, model: &'f FittedModel, path: &'f str) -> ModelJson<'f> {
        let FittedModel { rows, coefficients, method, quality, outliers, outlier_rows, findings, by, .. } = model;
        let coefficients = coefficients.as_deref().unwrap_or_default();
        let &Quality { r2, rmse, mean_error, p95_error, max_error, .. } = quality;
        let &Quality { ratio_mean, ratio_deviation, left_out_error, condition, scaled_condition, .. } = quality;
        let percent = |share: Option<f64>| share.map(|share| share * 100.0);
        let finite = |value: f64| value.is_finite().then_some(value);
        let (op, set) = &file.names[index];
        ModelJson {
            op,
            set,
            rows: *rows,
            params: Pairs::of_coefficients(coefficients, |found| found.value),
            intervals: Pairs::of_coefficients(coefficients, |found| found.interval),
            mape: percent(mean_error),
            r2,
            cv_mape: percent(left_out_error),
            warnings: findings,
            file: path,
            by: Pairs(file.fit.by.iter().zip(by).map(|(name, value)| (name.as_str(), value.as_str())).collect()),
            interval_method: *method,
            rmse,
            p95_ape: percent(p95_error),
            max_ape: percent(max_error),
            ratio_mean,
            ratio_std: ratio_deviation,
            condition: finite(condition),
            scaled_condition: finite(scaled_condition),
            feature_ranges: Pairs::of_coefficients(coefficients, |found| found.range),
            outlier_rows: *outlier_rows,
            outliers,
            search: search_of(file, model).map(SearchJson::of),
            drift: file.drifts[index].as_ref(),
        }
    }
}

/// An object; of a name that comes twice it has the last value, in the first place.
struct Pairs<'f, T>(Vec<(&'f str, T)>);

impl<'f, T> Pairs<'f, T> {
    fn of_coefficients(coefficients: &'f [Coefficient], value: impl Fn(&Coefficient) -> T) -> Pairs<'f, T> {
        Pairs(coefficients.iter().map(|found| (found.name.as_str(), value(found))).collect())
    }
}

impl<T: Serialize> Serialize for Pairs<'_, T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        for (index, (name, _)) in self.0.iter().enumerate() {
            if self.0[..index].iter().all(|(known, _)| known != name) {
                let last = self.0.iter().rev().find(|(other, _)| other == name);
                map.serialize_entry(name, &last.map(|(_, value)| value))?;
            }
        }
        map.end()
    }
}

/// Better forms of a group.
#[derive(Serialize)]
struct SearchJson<'f> {
    candidates: usize,
    rows: usize,
    forms: Vec<FormJson<'f>>,
    /// The place of the form with the least error.
    least: usize,
    declared: Option<FormJson<'f>>,
    /// Why the first is first, and what is to be said of the declared form.
    notes: Vec<String>,
}

/// A form; errors are in percent of the target, and how far they are behind the least in points of it.
#[derive(Serialize)]
struct FormJson<'f> {
    terms: Pairs<'f, f64>,
    cv_mape: f64,
    behind: f64,
    standard_error: f64,
    within_one_standard_error: bool,
}

impl<'f> FormJson<'f> {
    fn of(found: &'f FoundForm) -> FormJson<'f> {
        let FoundForm { terms, standing } = found;
        let Standing { error, behind, standard_error } = *standing;
        FormJson {
            terms: Pairs(terms.iter().map(|(term, value)| (term.as_str(), *value)).collect()),
            cv_mape: error * 100.0,
            behind: behind * 100.0,
            standard_error: standard_error * 100.0,
            within_one_standard_error: standing.is_level(),
        }
    }
}

impl<'f> SearchJson<'f> {
    fn of(search: &'f Search) -> SearchJson<'f> {
        let Search { candidates, rows, forms, least, declared, by: _, set: _ } = search;
        SearchJson {
            candidates: *candidates,
            rows: *rows,
            forms: forms.iter().map(FormJson::of).collect(),
            least: *least,
            declared: declared.as_ref().map(FormJson::of),
            notes: search_sentences(search),
        }
    }
}

/// What became of the rows of a table.
#[derive(Serialize)]
struct DataJson<'f> {
    file: PathBuf,
    #[serde(flatten)]
    gate: &'f Gate,
}

impl<'f> DataJson<'f> {
    fn of(file: &'f FittedFile, shown: &dyn Fn(&Path) -> PathBuf) -> DataJson<'f> {
        DataJson { file: shown(&file.path), gate: &file.fit.gate }
    }
}
