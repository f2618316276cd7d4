//! The step `fit`: CSV files -> coefficients of a model, for each operation and attribute set.

use super::StepError;
use super::drifting::hold_against;
use super::fitting_models::find_model;
use crate::config::hint_on_columns;
use crate::expr::Expr;
use crate::fit::{self, Drift, Fit, FitError, FittedModel, Options, Search, Table, identical};
use crate::suite::{Form, NamedColumn, Placed, Weighting};
use crate::value::Problems;
use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tempfile::NamedTempFile;

/// What is to be fitted.
#[derive(Debug, Clone)]
pub struct FitRequest {
    /// The model: the name of one that ships, or a file.
    pub model: String,
    /// The tables, each for itself.
    pub files: Vec<PathBuf>,
    /// The operation; none: as the rows or the file say.
    pub op: Option<String>,
    /// The attribute set; none: the model's, else `base`.
    pub set: Option<String>,
    /// What must hold for a row, besides the model's own conditions.
    pub filters: Vec<String>,
    /// Columns that make groups, besides the model's.
    pub by: Vec<String>,
    /// Another weighting than the model's.
    pub weighting: Option<Weighting>,
    /// Whether rows far off count for less, besides what the model says.
    pub robust: bool,
    /// Whether better forms are looked for.
    pub search: bool,
    /// An earlier parameter file, or a folder of versions, to hold the fits against.
    pub against: Option<PathBuf>,
    /// How the fit is made.
    pub options: Options,
}

impl FitRequest {
    /// Returns a fit of a model as it is to tables.
    pub fn new(model: impl Into<String>, files: Vec<PathBuf>, options: Options) -> FitRequest {
        FitRequest {
            model: model.into(),
            files,
            op: None,
            set: None,
            filters: Vec::new(),
            by: Vec::new(),
            weighting: None,
            robust: false,
            search: false,
            against: None,
            options,
        }
    }
}

/// What the table and the operation of standard input are called.
const STANDARD_INPUT: &str = "standard input";

/// Returns what people call a table.
pub fn table_name(path: &Path) -> String {
    if path == Path::new("-") { STANDARD_INPUT.to_owned() } else { path.display().to_string() }
}

/// A table that was fitted.
#[derive(Debug, Clone)]
pub struct FittedFile {
    /// The table; `-` is standard input.
    pub path: PathBuf,
    /// What standard input held.
    pub(super) held: Option<Arc<NamedTempFile>>,
    /// What it came to.
    pub fit: Fit,
    /// The operation and the attribute set of each model.
    pub names: Vec<(String, String)>,
    /// Better forms of each model, if they were looked for.
    pub searches: Vec<Search>,
    /// How each model differs from earlier parameters, if it was held against some that have its set.
    pub drifts: Vec<Option<Drift>>,
}

impl FittedFile {
    /// Tells whether an operation has its name only from standard input, which is none.
    pub(super) fn is_nameless(&self, op: &str) -> bool {
        self.held.is_some() && op == STANDARD_INPUT
    }

    /// Returns the file that has the table.
    pub(super) fn source(&self) -> &Path {
        self.held.as_ref().map_or(&self.path, |held| held.path())
    }
}

struct CsvFile<'a>(&'a Path);

impl Table for CsvFile<'_> {
    fn open(&self) -> io::Result<Box<dyn Read + Send + '_>> {
        Ok(Box::new(File::open(self.0)?))
    }

    fn size(&self) -> Option<u64> {
        let file = fs::metadata(self.0).ok().filter(fs::Metadata::is_file)?;
        Some(file.len())
    }
}

/// Fits a model to tables.
pub fn fit_files(request: &FitRequest) -> Result<Vec<FittedFile>, StepError> {
    let form = form(request)?;
    let mut fitted = Vec::new();
    for path in &request.files {
        let held = if path == Path::new("-") { Some(hold_input()?) } else { None };
        let table = CsvFile(held.as_ref().map_or(path, |held| held.path()));
        let fit = fit::fit(&form, &table, &request.options);
        let fit = fit.map_err(|error| step_error(error, path, &form))?;
        let names = fit.models.iter().map(|model| (op_of(request, &form, model, path), set_of(request, model)));
        let searches = match request.search {
            true => fit::search(&form, &table, &request.options),
            false => Ok(Vec::new()),
        };
        let searches = searches.map_err(|error| step_error(error, path, &form))?;
        let drifts = vec![None; fit.models.len()];
        let (path, held, names) = (path.clone(), held.map(Arc::new), names.collect());
        fitted.push(FittedFile { path, held, names, fit, searches, drifts });
    }
    find_identical(&mut fitted);
    if let Some(path) = &request.against {
        hold_against(path, &mut fitted)?;
    }
    Ok(fitted)
}

/// Keeps what standard input has, so that it can be read more than once.
fn hold_input() -> Result<NamedTempFile, StepError> {
    let disk = |source| StepError::Disk { what: "keep", path: "standard input".into(), source };
    let mut held = NamedTempFile::new().map_err(disk)?;
    io::copy(&mut io::stdin().lock(), &mut held).map_err(disk)?;
    Ok(held)
}

/// Returns the model with what the request changes of it.
fn form(request: &FitRequest) -> Result<Form, StepError> {
    let mut form = find_model(&request.model)?;
    for text in &request.filters {
        let expr = Expr::parse(text)
            .map_err(|error| StepError::usage(format!("`{text}` is no condition: {error}"), hint_on_columns(&error)))?;
        form.filters.push(Placed { expr, span: None });
    }
    form.by.extend(request.by.iter().map(|name| NamedColumn { name: name.clone(), span: None }));
    if request.set.is_some() && !form.sets.is_empty() {
        let sets: Vec<&str> = form.sets.iter().map(|(name, _)| name.as_str()).collect();
        let message = format!("`--set` names one set, and the model has `{}`", sets.join("`, `"));
        return Err(StepError::usage(message, Some("leave `--set` out, or `sets` of the model".to_owned())));
    }
    form.weighting = request.weighting.unwrap_or(form.weighting);
    form.robust |= request.robust;
    Ok(form)
}

fn step_error(error: FitError, path: &Path, form: &Form) -> StepError {
    let hint = error.hint();
    match error {
        FitError::Read(source) if source.kind() != io::ErrorKind::InvalidData => {
            StepError::Read { path: path.to_owned(), source }
        }
        FitError::Read(source) => StepError::usage(format!("{}: {source}", table_name(path)), None),
        FitError::Model(mut problem) => {
            problem.message = format!("{}: {}", table_name(path), problem.message);
            StepError::Problems(Problems { list: vec![problem], sources: form.sources.clone() })
        }
        error @ (FitError::Empty | FitError::OnlyHeader | FitError::Encoding | FitError::NoRows { .. }) => {
            let hint = hint.map(|hint| if hint.contains("`where`") { with_conditions(&hint, form) } else { hint });
            StepError::usage(format!("{}: {error}", table_name(path)), hint)
        }
    }
}

/// Says behind a hint what `where` asks for.
fn with_conditions(hint: &str, form: &Form) -> String {
    let conditions: Vec<String> = form.filters.iter().map(|filter| format!("`{}`", filter.expr.text())).collect();
    format!("{hint}: {}", conditions.join(", "))
}

/// Returns the operation of a model: what was asked for, what its group or its rows name, the file's name.
fn op_of(request: &FitRequest, form: &Form, model: &FittedModel, path: &Path) -> String {
    if let Some(op) = &request.op {
        return op.clone();
    }
    let grouped = form.op.as_ref().and_then(|op| form.by.iter().position(|by| by.name == op.name));
    if let Some(op) = grouped.and_then(|place| model.by.get(place)) {
        return op.clone();
    }
    match model.ops.as_slice() {
        [(op, _)] if !op.is_empty() => op.clone(),
        _ if path == Path::new("-") => STANDARD_INPUT.to_owned(),
        _ => path.file_stem().map_or_else(String::new, |stem| stem.to_string_lossy().into_owned()),
    }
}

fn set_of(request: &FitRequest, model: &FittedModel) -> String {
    let named = Some(model.set.clone()).filter(|set| !set.is_empty());
    request.set.clone().or(named).unwrap_or_else(|| "base".to_owned())
}

/// Looks for operations with the same parameters over all tables.
fn find_identical(fitted: &mut [FittedFile]) {
    let names: Vec<String> = fitted.iter().flat_map(|file| file.names.iter().map(|(op, _)| op.clone())).collect();
    let counts: Vec<usize> = fitted.iter().map(|file| file.fit.models.len()).collect();
    let mut models: Vec<FittedModel> = fitted.iter_mut().flat_map(|file| file.fit.models.drain(..)).collect();
    identical(&mut models, &names);
    let mut models = models.into_iter();
    for (file, count) in fitted.iter_mut().zip(counts) {
        file.fit.models.extend(models.by_ref().take(count));
    }
}
