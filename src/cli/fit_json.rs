//! The JSON of `shmoo fit`: of thousands of groups there is no tree; a few threads write some models each.

use super::fit::search_of;
use crate::fit::{
    Coefficient, Drift, Finding, FittedModel, FoundForm, Gate, IntervalMethod, Outlier, Quality, Search, Standing,
};
use crate::report::search_sentences;
use crate::steps::fitting::FittedFile;
use crate::value::in_order;
use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};
use serde_json::ser::Formatter;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// Models that a thread writes at a time.
const MODELS: usize = 64;

/// Writes what tables came to; `shown` says how a path is shown.
pub(super) fn write_json(
    fitted: &[FittedFile],
    threads: usize,
    shown: &dyn Fn(&Path) -> PathBuf,
    out: &mut (dyn Write + Send),
) -> io::Result<()> {
    write!(out, "{{\n  \"version\": 1,\n  \"models\": [")?;
    let paths: Vec<String> = fitted.iter().map(|file| file.path.display().to_string()).collect();
    let places = fitted.iter().zip(&paths).flat_map(|(file, path)| {
        (0..file.fit.models.len()).map(move |index| Place { file, path: path.as_str(), index })
    });
    let mut places = places.enumerate();
    let next = |some: &mut Vec<_>| {
        some.extend(places.by_ref().take(MODELS));
        Ok(!some.is_empty())
    };
    let worker = || {
        |some: &mut Vec<(usize, Place<'_>)>| {
            let mut text = Vec::new();
            for (before, place) in some.drain(..) {
                text.extend_from_slice(if before == 0 { b"\n    " } else { b",\n    " });
                write_within(2, &ModelJson::of(&place), &mut text)?;
            }
            Ok::<Vec<u8>, io::Error>(text)
        }
    };
    in_order(threads, next, worker, |text: Vec<u8>| out.write_all(&text))?;
    let data: Vec<DataJson<'_>> = fitted.iter().map(|file| DataJson::of(file, shown)).collect();
    let some = fitted.iter().any(|file| !file.fit.models.is_empty());
    let mut text = if some { b"\n  ".to_vec() } else { Vec::new() };
    text.extend_from_slice(b"],\n  \"data\": ");
    write_within(1, &data, &mut text)?;
    text.extend_from_slice(b"\n}\n");
    out.write_all(&text)
}

/// Adds the JSON of a value that stands some levels deep.
fn write_within(levels: usize, value: &impl Serialize, text: &mut Vec<u8>) -> io::Result<()> {
    let formatter = Lines { levels, some: false };
    Ok(value.serialize(&mut serde_json::Serializer::with_formatter(text, formatter))?)
}

/// What starts a line: a line feed and blanks, two for each level.
const START: &[u8; 33] = b"\n                                ";

/// Writes each value in a line of its own, as `serde_json::ser::PrettyFormatter`, but what starts a line at once.
struct Lines {
    /// How deep the next value stands.
    levels: usize,
    /// Whether the array or object that is written has a value.
    some: bool,
}

impl Lines {
    fn open<W: ?Sized + Write>(&mut self, writer: &mut W, bracket: &[u8]) -> io::Result<()> {
        self.levels += 1;
        self.some = false;
        writer.write_all(bracket)
    }

    fn close<W: ?Sized + Write>(&mut self, writer: &mut W, bracket: &[u8]) -> io::Result<()> {
        self.levels -= 1;
        if self.some {
            self.start(writer)?;
        }
        self.some = true;
        writer.write_all(bracket)
    }

    fn next<W: ?Sized + Write>(&self, writer: &mut W, first: bool) -> io::Result<()> {
        if !first {
            writer.write_all(b",")?;
        }
        self.start(writer)
    }

    fn start<W: ?Sized + Write>(&self, writer: &mut W) -> io::Result<()> {
        match START.get(..=2 * self.levels) {
            Some(start) => writer.write_all(start),
            None => write!(writer, "\n{:width$}", "", width = 2 * self.levels),
        }
    }
}

impl Formatter for Lines {
    fn begin_array<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.open(writer, b"[")
    }

    fn end_array<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.close(writer, b"]")
    }

    fn begin_array_value<W: ?Sized + Write>(&mut self, writer: &mut W, first: bool) -> io::Result<()> {
        self.next(writer, first)
    }

    fn end_array_value<W: ?Sized + Write>(&mut self, _: &mut W) -> io::Result<()> {
        self.some = true;
        Ok(())
    }

    fn begin_object<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.open(writer, b"{")
    }

    fn end_object<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.close(writer, b"}")
    }

    fn begin_object_key<W: ?Sized + Write>(&mut self, writer: &mut W, first: bool) -> io::Result<()> {
        self.next(writer, first)
    }

    fn begin_object_value<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        writer.write_all(b": ")
    }

    fn end_object_value<W: ?Sized + Write>(&mut self, _: &mut W) -> io::Result<()> {
        self.some = true;
        Ok(())
    }
}

/// Where a model is.
struct Place<'f> {
    file: &'f FittedFile,
    path: &'f str,
    /// The place of the model among those of the table.
    index: usize,
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
    rmse: Option<f64>,
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
    fn of(place: &Place<'f>) -> ModelJson<'f> {
        let Place { file, path, index } = *place;
        let model = &file.fit.models[index];
        let FittedModel { rows, coefficients, method, quality, outliers, outlier_rows, findings, by, .. } = model;
        let coefficients = coefficients.as_deref().unwrap_or_default();
        let &Quality { r2, rmse, mean_error, p95_error, max_error, .. } = quality;
        let &Quality { ratio_mean, ratio_deviation, left_out_error, condition, scaled_condition, .. } = quality;
        let percent = |share: Option<f64>| share.map(|share| share * 100.0);
        // Without coefficients there is nothing to know.
        let is_fitted = !coefficients.is_empty();
        let known = |value: f64| (is_fitted && value.is_finite()).then_some(value);
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
            rmse: known(rmse),
            p95_ape: percent(p95_error),
            max_ape: percent(max_error),
            ratio_mean,
            ratio_std: ratio_deviation,
            condition: known(condition),
            scaled_condition: known(scaled_condition),
            feature_ranges: Pairs::of_coefficients(coefficients, |found| found.range),
            outlier_rows: *outlier_rows,
            outliers,
            search: search_of(file, model).map(|search| SearchJson::of(search, quality)),
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
    fn of(search: &'f Search, fitted: &Quality) -> SearchJson<'f> {
        let Search { candidates, rows, forms, least, declared, by: _, set: _ } = search;
        SearchJson {
            candidates: *candidates,
            rows: *rows,
            forms: forms.iter().map(FormJson::of).collect(),
            least: *least,
            declared: declared.as_ref().map(FormJson::of),
            notes: search_sentences(search, fitted),
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fit::Options;
    use crate::steps::fitting::{FitRequest, fit_files};
    use std::fs;

    /// Fits a table of some groups, and another of one.
    fn fitted(groups: usize) -> Vec<FittedFile> {
        let folder = tempfile::tempdir().unwrap();
        let place = |name: &str| folder.path().join(name);
        fs::write(place("m.yaml"), "version: 1\nmodel: m\ntarget: t\nfeatures: { x: x }\nby: [g]\n").unwrap();
        let row = |row: usize| format!("\"{} \"\"q\"\"\",{},{}\n", row % groups, row + 1, 3 * row + 4);
        let rows: String = (0..3 * groups).map(row).collect();
        fs::write(place("many.csv"), format!("g,x,t\n{rows}")).unwrap();
        fs::write(place("one.csv"), "g,x,t\na,1,2\na,2,4.5\nb,N/A,1\n").unwrap();
        let (model, files) = (place("m.yaml").display().to_string(), vec![place("many.csv"), place("one.csv")]);
        let options = Options { resamples: 20, ..Options::default() };
        fit_files(&FitRequest::new(model, files, options)).unwrap()
    }

    #[test]
    fn lines_are_those_of_a_pretty_formatter() {
        let mut deep = serde_json::json!([1, "a\n", [], {}, [[]], {"k": {}, "l": [null, {"m": [1.5]}]}]);
        for levels in 0..20 {
            let mut text = Vec::new();
            write_within(0, &deep, &mut text).unwrap();
            assert_eq!(String::from_utf8(text).unwrap(), serde_json::to_string_pretty(&deep).unwrap(), "{levels}");
            deep = serde_json::json!({ "deeper": deep, "beside": [] });
        }
        let mut text = Vec::new();
        write_within(2, &serde_json::json!({"a": [1]}), &mut text).unwrap();
        assert_eq!(String::from_utf8(text).unwrap(), "{\n      \"a\": [\n        1\n      ]\n    }");
    }

    #[test]
    fn threads_write_what_one_writes() {
        let written = |fitted: &[FittedFile], threads: usize| {
            let mut out = Vec::new();
            write_json(fitted, threads, &|path| path.file_name().unwrap().into(), &mut out).unwrap();
            String::from_utf8(out).unwrap()
        };
        let fitted = fitted(3 * MODELS + 1);
        let text = written(&fitted, 1);
        assert!([2, 5].into_iter().all(|threads| written(&fitted, threads) == text));
        let json: serde_json::Value = serde_json::from_str(&text).unwrap();
        assert_eq!(format!("{}\n", serde_json::to_string_pretty(&json).unwrap()), text);
        let models = json["models"].as_array().unwrap();
        assert_eq!(models.len(), 3 * MODELS + 2);
        assert_eq!(models.iter().map(|model| model["rows"].as_u64().unwrap()).sum::<u64>(), 9 * MODELS as u64 + 5);
        assert_eq!(models[MODELS]["by"]["g"], format!("{MODELS} \"q\""));
        assert_eq!(json["data"][1]["file"], "one.csv");
        let nothing = written(&[], 2);
        assert_eq!(nothing, "{\n  \"version\": 1,\n  \"models\": [],\n  \"data\": []\n}\n");
    }
}
